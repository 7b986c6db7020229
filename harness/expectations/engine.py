"""Judges a block of expectations over a timeline: held, failed, pending or inconclusive, at the earliest moment.

The engine keeps every reading of the pattern that is still possible: what remains of it, and what it took. An event
replaces each reading by its derivatives. The rules are those of docs/expectations.md:

* the alphabet of a block is the set of kinds it names; other events are ambient and change nothing;
* every kind is a queue of its own; a block takes from where the blocks before it left off, so nothing is lost by
  looking late; receipts are queued by the message they refer to;
* bounds count from the anchor, and an arrival is an interval: inside, outside, or inconclusive.

Not here: patterns (patterns.py), the words of a failure (explanation.py), waiting (scenarios/conversation.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.events import Chose, Event, Said
from harness.expectations.matchers import Matcher, Mismatch
from harness.expectations.patterns import One, Pattern
from harness.timeline.timeline import Timeline

RECEIPTS = frozenset({"delivered", "read"})

MAX_READINGS = 1_000
"""More ways than this to read the same events is a mistake in the pattern."""


class Status(StrEnum):
    """What can be said of a block."""

    HELD = "held"
    FAILED = "failed"
    PENDING = "pending"
    INCONCLUSIVE = "inconclusive"


class Cause(StrEnum):
    """What decided a block that did not hold."""

    UNEXPECTED = "unexpected"
    DEADLINE = "deadline"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Taken:
    """An event, by its place on the timeline, and the leaf of the pattern that took it."""

    index: int
    leaf: One


@dataclass(frozen=True, slots=True)
class Miss:
    """An event that could have come next but for some fields."""

    index: int
    leaf: One
    fields: Mapping[str, Mismatch]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a block came to, and what shows it.

    Attributes:
        status: Held, failed, pending or inconclusive.
        cause: What decided it; None while pending and when held.
        index: Place on the timeline of the event that decided it; None where time or the end did.
        at: Seconds on the timeline at which it was decided; None while pending.
        deadline: Seconds on the timeline at which the block had to be complete.
        taken: The events of the reading that came furthest.
        open: What remains, one pattern for every reading; empty when complete.
        misses: The deciding event against what could have come next, fewest failed fields first.
    """

    status: Status
    deadline: float
    cause: Cause | None = None
    index: int | None = None
    at: float | None = None
    taken: tuple[Taken, ...] = ()
    open: tuple[Pattern, ...] = ()
    misses: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """A block: a pattern, and the seconds from the anchor within which it must be complete."""

    pattern: Pattern
    within: float

    def __post_init__(self) -> None:
        if self.within <= 0:
            raise ValueError(
                f"a deadline of {self.within:g} s is over before it begins; give within more than 0 seconds"
            )
        if self.pattern.nullable:
            raise ValueError(f"{self.pattern} asks for nothing, so it would hold at once; name an event that must come")


@dataclass(slots=True)
class Queues:
    """How far the blocks so far have read each queue: the place of the first event not yet taken, 0 if absent."""

    places: dict[str | tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Refers(Matcher):
    """The receipt is of this message; where receipts are high-water marks, or of a later one."""

    message: str
    said: Mapping[str, int]
    later_too: bool

    def accepts(self, value: object) -> bool:
        if value == self.message:
            return True
        return self.later_too and isinstance(value, str) and self.said.get(value, -1) > self.said.get(self.message, -1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Refers) and self.message == other.message

    def __hash__(self) -> int:
        return hash(self.message)

    def __str__(self) -> str:
        return f"message {self.said.get(self.message, 0) + 1} of the user"


Path = tuple["Path", Taken] | None
"""What a reading took, last first, sharing its past with the readings it came from."""


class Judgement:
    """One block, judged as its timeline grows.

    Args:
        expectation: The block.
        queues: Where the blocks before it left off; moved on when this one holds.
        timeline: The timeline at the moment the block begins.
        anchor: Seconds on the timeline from which bounds count: the last move of the user.

    Raises:
        ValueError: A receipt is expected though nothing was said.
    """

    def __init__(self, expectation: Expectation, queues: Queues, timeline: Timeline, anchor: float) -> None:
        self._queues = queues
        self._said: dict[str, int] = {}
        last = ""
        for move in timeline:
            if isinstance(move, Said | Chose):
                self._said[move.message] = len(self._said)
                last = move.message if move.at <= anchor else last

        def bind(leaf: One) -> One:
            if leaf.kind not in RECEIPTS:
                return leaf
            message = leaf.of or last
            if not message:
                raise ValueError(f"{leaf} waits for a receipt, but the user has said nothing yet")
            refers = _Refers(message, self._said, later_too=leaf.kind == "read")
            return One(leaf.kind, (*leaf.fields, ("of", refers)), message)

        pattern = expectation.pattern.bound(bind)
        leaves = tuple(pattern.leaves())
        self._kinds = {leaf.kind for leaf in leaves if leaf.kind not in RECEIPTS}
        self._receipts = {
            (leaf.kind, leaf.of): dict(leaf.fields)["of"] for leaf in leaves if leaf.kind in RECEIPTS and leaf.of
        }
        self._deadline = anchor + expectation.within
        self._readings: dict[Pattern, Path] = {pattern: None}
        self._next = min((queues.places.get(key, 0) for key in self._keys()), default=0)
        self._verdict: Verdict | None = None

    def _keys(self) -> set[str | tuple[str, str]]:
        return {*self._kinds, *self._receipts}

    def look(self, timeline: Timeline) -> Verdict:
        """Judge what is new on the timeline since the last look; a verdict once given stands."""
        while self._verdict is None and self._next < len(timeline):
            index, event = self._next, timeline[self._next]
            self._next += 1
            if isinstance(event, Said | Chose):
                self._said.setdefault(event.message, len(self._said))
            if self._concerns(index, event):
                self._take(index, event)
        if self._verdict is None and timeline.horizon > self._deadline:
            self._decide(Status.FAILED, Cause.DEADLINE, at=self._deadline)
        if self._verdict is None and timeline.ended is not None:
            self._decide(Status.FAILED, Cause.ENDED, at=timeline.horizon)
        return self._verdict or self._told(Status.PENDING)

    def _concerns(self, index: int, event: Event) -> bool:
        if event.kind in self._kinds:
            return index >= self._queues.places.get(event.kind, 0)
        if event.kind not in RECEIPTS:
            return False
        message, places = getattr(event, "of", ""), self._queues.places
        return any(
            key[0] == event.kind and refers.accepts(message) and index >= places.get(key, 0)
            for key, refers in self._receipts.items()
        )

    def _take(self, index: int, event: Event) -> None:
        if event.earliest > self._deadline:
            self._decide(Status.FAILED, Cause.DEADLINE, at=self._deadline)
            return
        after: dict[Pattern, Path] = {}
        for reading, path in self._readings.items():
            for rest, leaf in reading.after(event):
                after.setdefault(rest, (path, Taken(index, leaf)))
        if not after:
            self._decide(Status.FAILED, Cause.UNEXPECTED, index=index, at=event.at, misses=self._misses(index, event))
            return
        if len(after) > MAX_READINGS:
            raise ValueError(
                f"event #{index} can be read in more than {MAX_READINGS:,} ways; make the branches of "
                f"{next(iter(after))} tell their events apart"
            )
        self._readings = after
        complete = next((rest for rest in after if rest.nullable), None)
        if complete is None:
            return
        self._readings = {complete: after[complete]}
        if event.at <= self._deadline:
            for key in self._keys():
                self._queues.places[key] = index + 1
            self._decide(Status.HELD, index=index, at=event.at)
        else:
            self._decide(Status.INCONCLUSIVE, Cause.DEADLINE, index=index, at=event.at)

    def _misses(self, index: int, event: Event) -> tuple[Miss, ...]:
        leaves = dict.fromkeys(leaf for reading in self._readings for leaf in reading.first())
        misses = [Miss(index, leaf, leaf.mismatches(event)) for leaf in leaves]
        return tuple(sorted(misses, key=lambda miss: ("kind" in miss.fields, len(miss.fields))))

    def _decide(
        self,
        status: Status,
        cause: Cause | None = None,
        *,
        at: float,
        index: int | None = None,
        misses: tuple[Miss, ...] = (),
    ) -> None:
        self._verdict = self._told(status, cause, at=at, index=index, misses=misses)

    def _told(
        self,
        status: Status,
        cause: Cause | None = None,
        *,
        at: float | None = None,
        index: int | None = None,
        misses: tuple[Miss, ...] = (),
    ) -> Verdict:
        paths = [_unrolled(path) for path in self._readings.values()]
        return Verdict(
            status,
            self._deadline,
            cause,
            index,
            at,
            taken=max(paths, key=len, default=()),
            open=tuple(rest for rest in self._readings if not rest.nullable),
            misses=misses,
        )


def _unrolled(path: Path) -> tuple[Taken, ...]:
    taken: list[Taken] = []
    while path is not None:
        path, last = path
        taken.append(last)
    return tuple(reversed(taken))


def judge(
    expectation: Expectation, timeline: Timeline, *, anchor: float = 0.0, queues: Queues | None = None
) -> Verdict:
    """Judge a block over a timeline as it stands; the same call gives the same verdict live and from a recording."""
    return Judgement(expectation, queues or Queues(), timeline, anchor).look(timeline)
