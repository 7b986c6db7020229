"""The engine against a judge that was written from the rule book alone (oracle.py), over blocks and traces at random.

Hypothesis draws a seed and an ordinary random generator does the rest: drawn one by one, patterns of this depth come
out small and alike. What disagrees is made smaller here, by hand.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, given, reject, settings
from hypothesis import event as note
from hypothesis import strategies as st

from harness.errors import LocalProtocolError
from harness.events import Event
from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation, Latency
from harness.expectations.building import (
    all_of,
    any_of,
    behind_silence,
    eventually,
    least_time,
    optional,
    quiet,
    repeat,
    sequence,
)
from harness.expectations.engine import Cause, Judgement, Queues, Status, Verdict, judge
from harness.expectations.patterns import AllOf, AnyOf, Eventually, One, Pattern, Repeat, Sequence
from harness.timeline.timeline import Timeline
from tests.expectations.building import event, timeline
from tests.expectations.oracle import Oracle, Ruling, kinds_of, leaves_of

Spec = tuple[str, str]
"""A kind and, for messages, a text."""

KINDS = ["message", "progress", "token", "left"]
SPECS: list[Spec] = [("message", "a"), ("message", "b"), ("progress", ""), ("token", ""), ("left", "")]
A, B, ANY, PROGRESS, TOKEN, LEFT = LEAVES = [
    v.message("a"),
    v.message("b"),
    v.message(),
    v.progress(),
    v.token(),
    v.left(),
]
WAITS = [0.0, 0.0, 0.5, 0.5, 0.5, 1.0, 1.5]
BOUNDS = [(None, 0.5), (None, 1.0), (0.5, None), (1.0, None), (0.5, 1.0), (1.0, 1.0), (None, 0.0)]
MOST_EVENTS = 7


class Told(NamedTuple):
    """An event to be told."""

    spec: Spec
    at: float

    def event(self, width: float = 0.0) -> Event:
        """As it stands on the timeline."""
        kind, text = self.spec
        fields: dict[str, Any] = {"message": {"text": text}, "said": {"message": "m"}}.get(kind, {})
        return event(kind, self.at, earliest=max(0.0, self.at - width), **fields)


@dataclass(frozen=True)
class Case:
    """A block, and the timeline on which it is judged."""

    block: Expectation
    told: tuple[Told, ...]
    horizon: float = 0.0
    ended: bool = False
    anchor: float = 0.0
    starts: dict[Any, int] = field(default_factory=dict)

    def timeline(self, widths: dict[int, float] | None = None) -> Timeline:
        """What the engine and the oracle see."""
        events = [told.event((widths or {}).get(place, 0.0)) for place, told in enumerate(self.told)]
        return timeline(*events, horizon=self.horizon, ended="it is over" if self.ended else None)

    def queues(self) -> Queues:
        """Where the blocks before left off."""
        return Queues(dict(self.starts))

    def verdict(self, queues: Queues | None = None, widths: dict[int, float] | None = None) -> Verdict:
        """What the engine says."""
        queues = self.queues() if queues is None else queues
        try:
            return judge(self.block, self.timeline(widths), anchor=self.anchor, queues=queues)
        except LocalProtocolError:  # one in ten thousand has too many readings
            reject()

    def ruling(self) -> Ruling:
        """What the oracle says."""
        return Oracle(self.block, self.timeline(), self.horizon, self.ended, self.anchor, self.starts).ruling()

    def __str__(self) -> str:
        told = ", ".join(f"{' '.join(one.spec).strip()} at {one.at:g}" for one in self.told) or "no event"
        state = f"{'ended at' if self.ended else 'complete to'} {self.horizon:g}"
        move = f"; move at {self.anchor:g}" if self.anchor else ""
        return f"{self.block}; {told}; {state}{move}{f'; queues from {self.starts}' if self.starts else ''}"

    __repr__ = __str__


def said(verdict: Verdict) -> Ruling:
    """What both of them say of a case."""
    return Ruling(verdict.status, verdict.cause, verdict.index, verdict.at)


# -- patterns ---------------------------------------------------------------------------------------------------------


class Maker:
    """Makes patterns, blocks and traces at random."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311
        self.pool = self.random.sample(LEAVES, self.random.randint(1, 4))

    def one_in(self, times: int) -> bool:
        """Whether it happens this time."""
        return self.random.randrange(times) == 0

    def leaf(self, *, timed: bool) -> Pattern:
        """An event or a silence."""
        if timed and self.one_in(4):
            kinds = self.random.choice([(), ("message",), ("token",), ("message", "progress")])
            return quiet(self.random.choice([0.5, 1.0, 1.5]), kinds=kinds)
        leaf = self.random.choice(self.pool)
        if timed and self.one_in(4):
            least, most = self.random.choice(BOUNDS)
            leaf = leaf.after_previous(least=least, most=most)
        return leaf

    def pattern(self, leaves: int, depth: int, *, timed: bool) -> Pattern:
        """A pattern of so many leaves; what can't be built is left as it is."""
        if depth == 0 or (leaves == 1 and not self.one_in(3)):
            return self.leaf(timed=timed)
        if leaves > 1 and not self.one_in(4):
            parts = self.random.randint(2, min(3, leaves))
            shares = [1] * parts
            for _ in range(leaves - parts):
                shares[self.random.randrange(parts)] += 1
            made = [self.pattern(share, depth - 1, timed=timed) for share in shares]
            return self.random.choice([sequence, sequence, all_of, any_of])(*made)
        inner = self.pattern(leaves, depth - 1, timed=timed)
        at_least = self.random.randint(0, 2)
        at_most = self.random.choice([None, max(1, at_least), at_least + 1])
        wrap: Callable[[Pattern], Pattern] = self.random.choice(
            [optional, eventually, lambda part: repeat(part, at_least=at_least, at_most=at_most)]
        )
        try:
            return wrap(inner)
        except ValueError:
            return inner

    def asking(self, *, timed: bool) -> Pattern:
        """Up to 6 leaves, up to 4 deep, that ask for something and count from something."""
        while True:
            pattern = self.pattern(self.random.randint(1, 6), 4, timed=timed)
            if not (pattern.nullable or counts_from_nothing(pattern) or behind_silence(pattern)):
                return pattern

    def named(self, pattern: Pattern) -> Pattern:
        """The same with names given to some of its events."""

        def name(leaf: Any) -> Any:
            return leaf.named(self.random.choice(["first", "second"])) if isinstance(leaf, One) else leaf

        return pattern.bound(lambda leaf: name(leaf) if self.one_in(2) else leaf)

    def latencies(self, pattern: Pattern) -> Iterator[Latency]:
        """Bounds between events that the pattern speaks of."""
        events = [leaf for leaf in leaves_of(pattern) if isinstance(leaf, One)]
        called = sorted({name for leaf in events for name in (leaf.name, leaf.kind) if name})
        for _ in range(self.random.randint(0, 2) if called else 0):
            least, most = self.random.choice(BOUNDS)
            since, until = self.random.choice(["", *called]), self.random.choice(called)
            yield v.latency(since=since, until=until, least=least, most=most)

    def block(self, pattern: Pattern, *, strict: bool) -> Expectation:
        """A block with bounds and, if strict, all that a block may say."""
        within = max(self.random.choice([1.0, 2.0, 3.0, 5.0, 10.0]), least_time(pattern))
        not_before = self.random.choice([0.0, 0.0, 0.0, 0.0, 0.5, 1.0])
        forbidden = [A, B, ANY, TOKEN, LEFT]
        return Expectation(
            pattern,
            within,
            not_before if not_before < within else 0.0,
            tuple(self.random.sample(forbidden, self.random.choice([0, 0, 0, 1, 2]))) if strict else (),
            self.random.choice(["account", "account", "ignore", "forbid"] if strict else ["account"] * 4 + ["ignore"]),
            tuple(self.latencies(pattern)) if strict else (),
        )

    # -- traces -------------------------------------------------------------------------------------------------------

    def walk(self, pattern: Pattern) -> list[Spec]:  # noqa: PLR0911
        """Events that the pattern could take, if time allows."""
        match pattern:
            case One():
                kind = [spec for spec in SPECS if spec[0] == pattern.kind]
                fitting = [spec for spec in kind if all(wanted.accepts(spec[1]) for _, wanted in pattern.fields)]
                return [self.random.choice(fitting)]
            case Sequence():
                return [spec for part in pattern.parts for spec in self.walk(part)]
            case AllOf():
                walks = [walk for part in pattern.parts if (walk := self.walk(part))]
                order = [place for place, walk in enumerate(walks) for _ in walk]
                self.random.shuffle(order)
                return [walks[place].pop(0) for place in order]
            case AnyOf():
                return self.walk(self.random.choice(pattern.parts))
            case Repeat():
                most = min(pattern.at_most or 9, pattern.at_least + 2)
                rounds = range(self.random.randint(pattern.at_least, most))
                return [spec for _ in rounds for spec in self.walk(pattern.part)]
            case Eventually():
                fitting = [spec for spec in SPECS if spec[0] in kinds_of(pattern)]
                return [*self.random.choices(fitting, k=self.random.choice([0, 0, 1, 2])), *self.walk(pattern.part)]
        return []

    def trace(self, pattern: Pattern) -> list[Told]:
        """A walk through the pattern, or what became of it."""
        specs = self.walk(pattern)[:MOST_EVENTS]
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2])):
            place = self.random.randint(0, len(specs))
            change = self.random.choice(["insert", "cut", "drop", "replace", "swap"])
            if change == "insert" and len(specs) < MOST_EVENTS:
                specs.insert(place, self.random.choice(SPECS))
            elif change == "cut":
                del specs[place:]
            elif change == "drop":
                del specs[place : place + 1]
            elif change == "replace":
                specs[place : place + 1] = [self.random.choice(SPECS)]
            else:
                specs[place : place + 2] = specs[place : place + 2][::-1]
        at, told = 0.0, []
        for spec in specs[:MOST_EVENTS]:
            at += self.random.choice(WAITS)
            told.append(Told(spec, at))
        return told

    def case(self, block: Expectation, told: list[Told], **more: Any) -> Case:
        """The block on the trace, told up to some time."""
        last = max([one.at for one in told], default=0.0)
        horizon = last + self.random.choice([0.0, 0.5, 1.0, 1.5, 3.0, 10.0])
        return Case(block, tuple(told), horizon, self.one_in(4), **more)

    def shape(self) -> Case:
        """Structure only."""
        pattern = self.asking(timed=False)
        others = self.random.choice(["account"] * 4 + ["ignore"])
        return self.case(Expectation(pattern, 100.0, others=others), self.trace(pattern))

    def timed(self) -> Case:
        """Silences, bounds between events, deadlines."""
        pattern = self.asking(timed=True)
        return self.case(self.block(pattern, strict=False), self.trace(pattern))

    def strict(self) -> Case:
        """What must never come, what is left out, bounds between named events."""
        pattern = self.named(self.asking(timed=self.one_in(2)))
        return self.case(self.block(pattern, strict=True), self.trace(pattern))

    def midway(self) -> Case:
        """A block that begins in the midst: events from before its anchor, queues that were read before."""
        pattern = self.asking(timed=self.one_in(2))
        block, told = self.block(pattern, strict=self.one_in(2)), self.trace(pattern)
        anchor = self.random.choice([0.5, 1.0, 2.0])
        told.insert(sum(one.at < anchor for one in told), Told(("said", ""), anchor))
        kinds = self.random.sample(KINDS, self.random.choice([0, 1, 2]))
        return self.case(block, told, anchor=anchor, starts={kind: self.random.randint(0, 3) for kind in kinds})

    def any(self) -> Case:
        """One of all these."""
        return self.random.choice([self.shape, self.timed, self.strict, self.midway])()


def counts_from_nothing(pattern: Pattern) -> bool:
    """Whether an event that may be the first of the block, or of what is waited for, is bound to the one before it."""
    return _opening(pattern, is_first=True)[0]


def _opening(pattern: Pattern, *, is_first: bool) -> tuple[bool, bool]:
    """Whether it counts from nothing, and whether there may still have been no event after it."""
    match pattern:
        case One():
            return is_first and pattern.gap is not None, False
        case Sequence():
            counts = False
            for part in pattern.parts:
                here, is_first = _opening(part, is_first=is_first)
                counts |= here
            return counts, is_first
        case AllOf() | AnyOf():
            ways = [_opening(part, is_first=is_first) for part in pattern.parts]
            still = all if isinstance(pattern, AllOf) else any
            return any(counts for counts, _ in ways), still(after for _, after in ways)
        case Repeat():
            counts, after = _opening(pattern.part, is_first=is_first)
            return counts, after or (is_first and pattern.nullable)
        case Eventually():
            counts, after = _opening(pattern.part, is_first=True)
            return counts, after and is_first
    return False, is_first


# -- making what disagrees smaller ------------------------------------------------------------------------------------


def _built(build: Callable[[Pattern], Pattern], part: Pattern) -> Iterator[Pattern]:
    try:
        yield build(part)
    except ValueError:
        return


def _smaller_patterns(pattern: Pattern) -> Iterator[Pattern]:
    match pattern:
        case Sequence() | AllOf() | AnyOf():
            build = {Sequence: sequence, AllOf: all_of, AnyOf: any_of}[type(pattern)]
            parts = pattern.parts
            yield from parts
            for place, part in enumerate(parts):
                if len(parts) > 2:
                    yield build(*parts[:place], *parts[place + 1 :])
                yield from (build(*parts[:place], less, *parts[place + 1 :]) for less in _smaller_patterns(part))
        case Repeat():
            yield pattern.part
            for less in _smaller_patterns(pattern.part):
                yield from _built(lambda part: repeat(part, at_least=pattern.at_least, at_most=pattern.at_most), less)
        case Eventually():
            yield pattern.part
            for less in _smaller_patterns(pattern.part):
                yield from _built(eventually, less)
        case One() if pattern.name or pattern.gap:
            yield replace(pattern, gap=None)
            yield replace(pattern, name=None)


def _smaller_blocks(block: Expectation) -> Iterator[Expectation]:
    def changed(**fields: Any) -> Iterator[Expectation]:
        try:
            yield replace(block, **fields)
        except ValueError:
            return

    yield from changed(never=(), latencies=(), others="account", not_before=0.0)
    yield from changed(never=())
    yield from changed(others="account")
    yield from changed(not_before=0.0)
    for place in range(len(block.latencies)):
        yield from changed(latencies=block.latencies[:place] + block.latencies[place + 1 :])
    for pattern in _smaller_patterns(block.pattern):
        yield from changed(pattern=pattern)


def _smaller_cases(case: Case) -> Iterator[Case]:
    if case.ended:
        yield replace(case, ended=False)
    for kind in case.starts:
        yield replace(case, starts={other: place for other, place in case.starts.items() if other != kind})
    for place, one in enumerate(case.told):
        if one.spec[0] != "said":
            starts = {kind: start - (start > place) for kind, start in case.starts.items()}
            yield replace(case, told=case.told[:place] + case.told[place + 1 :], starts=starts)
    yield from (replace(case, block=block) for block in _smaller_blocks(case.block))
    if not any(one.at < case.anchor for one in case.told):
        yield replace(case, anchor=0.0, told=tuple(one for one in case.told if one.spec[0] != "said"), starts={})
    last = max([one.at for one in case.told], default=0.0)
    if case.horizon - 0.5 >= last:
        yield replace(case, horizon=case.horizon - 0.5)


def smallest(case: Case, fails: Callable[[Case], bool]) -> Case:
    """A case that still fails and from which nothing can be taken away."""
    while True:
        smaller = next((less for less in _smaller_cases(case) if less != case and fails(less)), None)
        if smaller is None:
            return case
        case = smaller


# -- the two agree ----------------------------------------------------------------------------------------------------

SEEDS = st.integers(0, 2**63)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


def differ(case: Case) -> bool:
    """Whether the engine and the oracle come to different things."""
    return said(case.verdict()) != case.ruling()


def agree(case: Case) -> None:
    """The engine and the oracle come to the same."""
    ruling = case.ruling()
    note(f"{ruling.status} {ruling.cause or ''}")
    if said(case.verdict()) != ruling:
        small = smallest(case, differ)
        pytest.fail(f"{small}\n  engine: {said(small.verdict())}\n  oracle: {small.ruling()}", pytrace=False)


def told(*events: tuple[str, float]) -> tuple[Told, ...]:
    """Events by their text or their kind; `said` is the user's move."""
    return tuple(Told(("message", name) if name in {"a", "b"} else (name, ""), at) for name, at in events)


def block(pattern: Pattern, within: float = 10.0, **more: Any) -> Expectation:
    """A block of 10 s unless told otherwise."""
    return Expectation(pattern, within, **more)


SILENT = quiet(1.0, kinds=["message"])


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Case(block(sequence(repeat(A), quiet(1.0))), told(("a", 0.0), ("a", 0.5)), 1.0),
            id="a silence after a repetition counts from its last round",
        ),
        pytest.param(
            Case(block(sequence(repeat(A, at_least=0), quiet(1.0))), told(("a", 0.5)), 2.0),
            id="though the repetition may be empty",
        ),
        pytest.param(
            Case(block(sequence(repeat(A), B.after_previous(most=0.5))), told(("a", 0.0), ("a", 0.5), ("b", 1.0)), 1.0),
            id="so does a bound",
        ),
        pytest.param(
            Case(block(sequence(any_of(quiet(0.5), quiet(1.0)), quiet(0.5))), (), 2.0),
            id="a silence after the first of two counts from its end",
        ),
        pytest.param(
            Case(
                block(eventually(any_of(PROGRESS, A.named("first"))), latencies=(v.latency(until="first", most=1.0),)),
                told(("b", 2.0)),
                2.0,
            ),
            id="eventually passes over events of a branch whose time is up",
        ),
        pytest.param(
            Case(block(sequence(eventually(quiet(0.5)), quiet(0.5))), told(("token", 0.5)), 2.0),
            id="eventually need not be content with the first silence",
        ),
        pytest.param(
            Case(block(sequence(eventually(quiet(0.5)), A)), told(("b", 0.0), ("a", 1.0)), 1.0),
            id="eventually passes over events of the kinds of its silence",
        ),
        pytest.param(
            Case(block(A, within=2.0), (), 2.0, ended=True), id="the deadline is the reason if both fall together"
        ),
        pytest.param(
            Case(block(A | B, latencies=(v.latency(until="message", most=1.0),)), (), 1.0, ended=True),
            id="so is a bound",
        ),
        pytest.param(
            Case(block(A), told(("token", 0.5)), 0.0, ended=True), id="the end is not before what was seen until then"
        ),
        pytest.param(
            Case(block(TOKEN | A, latencies=(v.latency(until="token", most=0.5),)), told(("a", 1.0)), 1.0),
            id="a latency to what need not come",
        ),
        pytest.param(
            Case(
                block(repeat(A, at_least=2), latencies=(v.latency(since="message", until="message", most=0.5),)),
                told(("a", 0.0), ("a", 1.0)),
                1.0,
            ),
            id="a latency from a kind to the next of the same",
        ),
        pytest.param(
            Case(
                block(sequence(ANY, TOKEN, ANY), latencies=(v.latency(since="token", until="message", most=0.5),)),
                told(("b", 0.0), ("token", 1.0), ("b", 3.0)),
                3.0,
            ),
            id="a latency is to the first after, not to the first",
        ),
        pytest.param(
            Case(
                block(A, latencies=(v.latency(until="message", least=0.5),)),
                told(("a", 0.0), ("said", 1.0)),
                2.0,
                anchor=1.0,
            ),
            id="what came before the move is not after it",
        ),
        pytest.param(
            Case(
                block(B | LEFT, latencies=(v.latency(until="left", most=1.0), v.latency(until="message", most=1.0))),
                (),
                1.5,
            ),
            id="two bounds that leave no way",
        ),
        pytest.param(
            Case(block(SILENT & A), told(("a", 0.0), ("said", 1.0)), 3.0, anchor=1.0),
            id="what came before a silence does not break it",
        ),
        pytest.param(
            Case(block(sequence(SILENT, A)), told(("said", 0.0), ("a", 0.5), ("a", 2.0)), 3.0, starts={"message": 2}),
            id="a silence does not hear what another block has taken",
        ),
        pytest.param(
            Case(block(A, others="forbid"), told(("said", 0.0), ("left", 1.0), ("a", 2.0)), 3.0, starts={"left": 2}),
            id="nor is that forbidden with all others",
        ),
        pytest.param(
            Case(block(A, never=(LEFT,)), told(("said", 0.0), ("left", 1.0), ("a", 2.0)), 3.0, starts={"left": 2}),
            id="nor by name",
        ),
        pytest.param(
            Case(block(A, never=(B,)), told(("said", 0.0), ("b", 1.0), ("a", 2.0)), 3.0, starts={"message": 2}),
            id="nor by name and kind",
        ),
    ],
)
def test_the_engine_agrees_where_it_once_did_not(case: Case) -> None:
    """What the tests below have found, made small."""
    assert said(case.verdict()) == case.ruling(), case


@settings(max_examples=700, phases=PHASES)
@given(SEEDS)
def test_the_engine_agrees_on_structure(seed: int) -> None:
    """What takes what, and when that is certain."""
    agree(Maker(seed).shape())


@settings(max_examples=700, phases=PHASES)
@given(SEEDS)
def test_the_engine_agrees_on_time(seed: int) -> None:
    """Silences, bounds and deadlines."""
    agree(Maker(seed).timed())


@settings(max_examples=500, phases=PHASES)
@given(SEEDS)
def test_the_engine_agrees_on_what_else_a_block_asks(seed: int) -> None:
    """Never, others, latencies."""
    agree(Maker(seed).strict())


@settings(max_examples=500, phases=PHASES)
@given(SEEDS)
def test_the_engine_agrees_on_what_came_before(seed: int) -> None:
    """Events from before the block began."""
    agree(Maker(seed).midway())


@pytest.mark.soak
@settings(max_examples=20_000, phases=PHASES)
@given(SEEDS)
def test_the_engine_agrees_for_long(seed: int) -> None:
    """The same, many times."""
    agree(Maker(seed).any())


def test_every_verdict_is_among_the_cases() -> None:
    """The tests above would be worth little if most cases came to the same."""
    verdicts = Counter((case.status, case.cause) for case in (Maker(seed).any().verdict() for seed in range(1_500)))
    wanted = [(Status.HELD, None), (Status.PENDING, None), *((Status.FAILED, cause) for cause in Cause)]
    assert {verdict: verdicts[verdict] for verdict in wanted if verdicts[verdict] < 30} == {}


# -- what holds of the engine alone -----------------------------------------------------------------------------------


def growing(case: Case, random: Random) -> Iterator[Case]:
    """The case as it was told, event by event, from the user's move on."""
    first = next((place + 1 for place, one in enumerate(case.told) if one.spec[0] == "said"), 0)
    horizon = 0.0
    for length in range(first, len(case.told) + 1):
        known = case.told[:length]
        last = max([one.at for one in known], default=0.0)
        latest = case.told[length].at if length < len(case.told) else case.horizon
        for _ in range(random.choice([1, 1, 2])):
            horizon = max(horizon, random.choice([horizon, last, (last + latest) / 2, latest]))
            yield replace(case, told=known, horizon=horizon, ended=False)
    yield case


@settings(max_examples=300, phases=PHASES)
@given(SEEDS)
def test_it_never_matters_when_somebody_looked(seed: int) -> None:
    """Fed bit by bit or all at once, the verdict is the same; once given, it stands."""
    case, random = Maker(seed).any(), Random(seed)  # noqa: S311
    looks = list(growing(case, random))
    judgement = Judgement(case.block, case.queues(), looks[0].timeline(), case.anchor)
    verdicts = [judgement.look(look.timeline()) for look in looks]
    decided = [verdict for verdict in verdicts if verdict.status != Status.PENDING]
    assert all(one == other for one, other in pairwise(decided)), case
    assert said(verdicts[-1]) == said(case.verdict()), case


@settings(max_examples=300, phases=PHASES)
@given(SEEDS)
def test_ambient_events_never_change_a_verdict(seed: int) -> None:
    """Kinds that nothing speaks of may come at any place."""
    case, random = Maker(seed).any(), Random(seed)  # noqa: S311
    kind = "typing_started"
    if case.block.others == "forbid" or kind in kinds_of(case.block.pattern):
        return
    noisy = case
    for _ in range(random.randint(1, 3)):
        place = random.randint(0, len(noisy.told))
        around = [one.at for one in noisy.told[max(0, place - 1) : place + 1]] or [0.0]
        starts = {other: start + (start > place) for other, start in noisy.starts.items()}
        told = (*noisy.told[:place], Told((kind, ""), random.choice(around)), *noisy.told[place:])
        noisy = replace(noisy, told=told, starts=starts)
    ruling = said(noisy.verdict())
    if ruling.place is not None:
        ruling = ruling._replace(place=ruling.place - sum(one.spec[0] == kind for one in noisy.told[: ruling.place]))
    assert ruling == said(case.verdict()), (case, noisy)


def sharpened(case: Case, widths: dict[int, float], random: Random) -> Case:
    """The case with every event at some instant of its interval, in the order in which they arrived."""
    pick, least = random.choice([0.0, 0.5, 1.0, None]), 0.0
    told = []
    for place, one in enumerate(case.told):
        share = random.choice([0.0, 0.5, 1.0]) if pick is None else pick
        least = max(least, 0.0, one.at - share * widths.get(place, 0.0))
        told.append(one._replace(at=least))
    return replace(case, told=tuple(told))


def overconfident(case: Case, widths: dict[int, float], random: Random) -> Case | None:
    """How it may have been, if the engine is certain that it was otherwise."""
    wide = case.verdict(widths=widths)
    if wide.status in {Status.HELD, Status.FAILED}:
        for sharp in (case, *(sharpened(case, widths, random) for _ in range(3))):
            if sharp.ruling().status != wide.status:
                return sharp
    return None


@settings(max_examples=400, phases=PHASES)
@given(SEEDS)
def test_what_is_certain_holds_wherever_in_its_interval_an_event_arrived(seed: int) -> None:
    """Wider intervals make a verdict inconclusive, or put it off, or leave it as it is."""
    case, random = Maker(seed).any(), Random(seed)  # noqa: S311
    moved = [place for place, one in enumerate(case.told) if one.spec[0] != "said" and random.random() < 0.4]
    widths = {place: random.choice([0.25, 0.5, 1.0]) for place in moved}
    found = overconfident(case, widths, random)
    if found is not None:
        wide, at = said(case.verdict(widths=widths)), [one.at for one in found.told]
        pytest.fail(
            f"{case}, wide by {widths}\n  engine: {wide}\n  oracle, arrived {at}: {found.ruling()}", pytrace=False
        )


@settings(max_examples=300, phases=PHASES)
@given(SEEDS)
def test_a_block_that_held_moves_its_queues_past_its_end(seed: int) -> None:
    """Neither less nor more; what it accounted for is taken."""
    case, queues = Maker(seed).midway(), Queues()
    queues.places.update(case.starts)
    verdict = case.verdict(queues)
    events = leaves_of(case.block.pattern)
    alphabet = {leaf.kind for leaf in events if isinstance(leaf, One)}
    if verdict.status != Status.HELD:
        assert queues == case.queues(), case
        return
    for kind in alphabet:
        places = [place for place, one in enumerate(case.told) if one.spec[0] == kind]
        past = [place for place in places if is_past(case, place, verdict)]
        own = [place for place in past if place >= case.starts.get(kind, 0)]
        left = [place for place in places if place >= queues.places.get(kind, 0)]
        assert left == [place for place in places if place not in past and place >= case.starts.get(kind, 0)], case
        if case.block.others != "ignore":
            assert {place for place in queues.taken if case.told[place].spec[0] == kind} == set(own), case


def is_past(case: Case, place: int, verdict: Verdict) -> bool:
    """Whether an event is not after the completion of the block."""
    assert verdict.at is not None
    return place <= verdict.index if verdict.index is not None else case.told[place].at < verdict.at


@settings(max_examples=200, phases=PHASES)
@given(SEEDS)
def test_a_pattern_prints(seed: int) -> None:
    """And so do its parts and its block."""
    case = Maker(seed).any()
    assert all(map(str, [case.block, case.block.pattern, *case.block.pattern.leaves(), *case.verdict().open]))


@settings(max_examples=300, phases=PHASES)
@given(SEEDS)
def test_what_counts_from_nothing_is_refused(seed: int) -> None:
    """A bound to the event before, where there may be none."""
    maker = Maker(seed)
    pattern = maker.pattern(maker.random.randint(2, 5), 3, timed=True)
    if counts_from_nothing(pattern):
        with pytest.raises(ValueError, match=r"bound|nothing|silence"):
            Expectation(pattern, 100.0)
