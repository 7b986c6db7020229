"""Judges a block of expectations over a timeline: held, failed, pending or inconclusive, at the earliest moment.

The engine keeps every reading of the pattern that is still possible: what remains of it, what it has marked and
captured, what is in doubt. An event replaces each reading by its derivatives; so does the passing of time. The rules
are those of docs/expectations.md. Not here: patterns (patterns.py), the words of a failure (explanation.py), waiting
(scenarios/).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import NamedTuple, Protocol

from harness.errors import LocalProtocolError
from harness.events import Event, Sent
from harness.expectations.block import Expectation, Latency
from harness.expectations.instants import Bounds, Due, Stamp, Start, doubtful
from harness.expectations.matchers import Matcher, Mismatch
from harness.expectations.patterns import EVERYTHING, NOTHING, Leaf, One, Pattern, Quiet, Seen, Step
from harness.expectations.reply import Reply
from harness.timeline.spans import between
from harness.timeline.streams import Stream, Streams
from harness.timeline.timeline import Timeline

RECEIPTS = frozenset({"delivered", "read"})

MAX_READINGS = 1_000
"""More ways than this to read the same events is a mistake in the pattern."""

Key = str | tuple[str, str]
"""A queue: a kind, or a kind of receipt and the message it is of."""


class Status(StrEnum):
    """What can be said of a block."""

    HELD = "held"
    FAILED = "failed"
    PENDING = "pending"
    INCONCLUSIVE = "inconclusive"


class Cause(StrEnum):
    """What decided a block that did not hold."""

    UNEXPECTED = "unexpected"
    FORBIDDEN = "forbidden"
    DEADLINE = "deadline"
    EARLY = "early"
    OVERDUE = "overdue"
    ENDED = "ended"


class Taken(NamedTuple):
    """An event, by its place on the timeline, and the leaf of the pattern that took it."""

    place: int
    leaf: Leaf


@dataclass(frozen=True, slots=True)
class Miss:
    """An event that could have come next but for some fields."""

    index: int
    leaf: Leaf
    fields: Mapping[str, Mismatch]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a block came to, and what shows it.

    Attributes:
        status: Held, failed, pending or inconclusive.
        cause: What decided it; None while pending and when held.
        index: Place on the timeline of the event that decided it; None where time or the end did.
        at: Seconds on the timeline at which it was decided; None while pending.
        due: Seconds on the timeline at which time alone changes something next, or did.
        taken: The events of the reading that came furthest; not told while pending.
        open: What remains, one pattern for every reading; empty when complete, not told while pending.
        misses: The deciding event against what could have come next, fewest failed fields first.
        doubts: Why it is inconclusive.
        overdue: What was waited for in vain where a bound decided.
        bindings: When held, what each reading that completed the block captured, by name.
        named: When held, the place on the timeline of every event with a name.
    """

    status: Status
    due: float
    cause: Cause | None = None
    index: int | None = None
    at: float | None = None
    taken: tuple[Taken, ...] = ()
    open: tuple[Pattern, ...] = ()
    misses: tuple[Miss, ...] = ()
    doubts: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()
    bindings: tuple[Mapping[str, str], ...] = ()
    named: Mapping[str, int] = field(default_factory=dict)


class Judging(Protocol):
    """What is judged as a timeline grows."""

    def look(self, timeline: Timeline) -> Verdict:
        """Judge what is new; while pending, `due` of the verdict is when to look again at the latest."""
        ...


@dataclass(slots=True)
class Queues:
    """How far the blocks so far have read: the place of the first event not yet taken in each queue, 0 if absent."""

    places: dict[Key, int] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    """Places of all events that a block has taken."""

    def unclaimed(self, timeline: Timeline) -> list[int]:
        """Places of the messages that no block has taken."""
        return [place for place, event in enumerate(timeline) if event.kind == "message" and place not in self.taken]


@dataclass(frozen=True, slots=True)
class _Refers(Matcher):
    """The receipt is of this message or, where receipts are high-water marks, of a later one."""

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


class _Reading(NamedTuple):
    """One way to have read the events so far; two with the same future are the same.

    `marks` are the places of named events; `waits` has, for every latency of the block, when it began, None before
    that, and `_KEPT` afterwards.
    """

    rest: Pattern
    marks: tuple[tuple[str, int], ...] = ()
    waits: "tuple[Stamp | tuple[()] | None, ...]" = ()
    captured: tuple[tuple[str, str], ...] = ()
    doubts: tuple[str, ...] = ()


_KEPT = ()

_Path = tuple["_Path", int, Leaf] | None
"""What a reading took, last first, sharing its past with the readings it came from."""


_Readings = list[tuple[_Reading, _Path]]


def _distinct(readings: _Readings) -> _Readings:
    """Each reading once, with the first path that led to it."""
    if len(readings) < 2:
        return readings
    distinct: dict[_Reading, _Path] = {}
    for reading, path in readings:
        distinct.setdefault(reading, path)
    return list(distinct.items())


def _over(silence: Quiet, leaf: Leaf) -> Pattern:
    return NOTHING if leaf == silence else leaf


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
        self._block, self._queues, self._anchor = expectation, queues, Stamp(anchor, anchor)
        self._deadline = Due(anchor + expectation.within, is_bound=True)
        self._streams = Streams()
        self._said: dict[str, int] = {}
        last = ""
        for place, move in enumerate(move for move in timeline if isinstance(move, Sent)):
            self._said[move.message] = place
            last = move.message if move.at <= anchor else last
        pattern = expectation.pattern.bound(lambda leaf: self._bound(leaf, last)).begun(
            Start(self._anchor, is_event=False)
        )
        leaves = tuple(pattern.leaves())
        self._kinds = frozenset[str]().union(*(leaf.kinds for leaf in leaves)) - RECEIPTS
        self._receipts = {
            (leaf.kind, leaf.of): dict(leaf.fields)["of"]
            for leaf in leaves
            if isinstance(leaf, One) and leaf.kind in RECEIPTS and leaf.of
        }
        self._watched = frozenset[str]().union(*(leaf.quiet_kinds for leaf in leaves if isinstance(leaf, Quiet)))
        self._forbidden = frozenset(forbidden.kind for forbidden in expectation.never)
        named = self._kinds | self._forbidden
        self._heeded = EVERYTHING if named <= EVERYTHING else EVERYTHING | named
        ends = {name for latency in expectation.latencies for name in (latency.since, latency.until)}
        self._marked = ends | {leaf.name for leaf in leaves if leaf.name}
        self._is_timed = bool(expectation.latencies or self._watched) or any(
            isinstance(leaf, Reply) or (isinstance(leaf, One) and leaf.gap is not None) for leaf in leaves
        )
        self._is_plain = not (expectation.never or self._watched or self._marked or expectation.others == "ignore")
        waits = tuple(None if latency.since else self._anchor for latency in expectation.latencies)
        self._readings: _Readings = [(_Reading(pattern, waits=waits), None)]
        self._due = self._next_due(self._readings) if self._is_timed else self._deadline
        self._next = 0
        self._verdict: Verdict | None = None
        self._pending = Verdict(Status.PENDING, self._due.at)

    def _bound(self, leaf: Leaf, last: str) -> Leaf:
        if isinstance(leaf, Reply):
            return replace(leaf, anchor=self._anchor.at)
        if isinstance(leaf, Quiet):
            return replace(leaf, opens=self._anchor.at)
        if not isinstance(leaf, One) or leaf.kind not in RECEIPTS:
            return leaf
        message = leaf.of or last
        if not message:
            raise ValueError(f"{leaf} waits for a receipt, but the user has said nothing yet")
        refers = _Refers(message, self._said, later_too=leaf.kind == "read")
        return replace(leaf, fields=(*leaf.fields, ("of", refers)), of=message)

    def look(self, timeline: Timeline) -> Verdict:
        """Judge what is new on the timeline since the last look; a verdict once given stands.

        Raises:
            LocalProtocolError: The pattern can be read in too many ways.
        """
        for place, event in timeline.since(self._next):
            if event.kind in self._heeded:
                stream = self._streams.take(place, event)
                if (event.kind in self._kinds and not self._queues.places) or self._concerns(place, event):
                    if self._due.at <= event.earliest:
                        self._pass_until(Due(event.earliest, is_bound=False))
                    if self._verdict is None:
                        self._next = place + 1
                        self._take(place, event, stream)
                    if self._verdict is not None:
                        break
            elif isinstance(event, Sent):
                self._said.setdefault(event.message, len(self._said))
            self._next = place + 1
        if self._verdict is None and timeline.ended is None and self._due.at <= timeline.horizon:
            self._pass_until(Due(timeline.horizon, is_bound=False))
        elif self._verdict is None and timeline.ended is not None:
            # nothing can come at the last instant either
            end = max(timeline.horizon, timeline[-1].at if timeline else 0.0)
            self._pass_until(Due(end, is_bound=True))
            if self._verdict is None:
                self._fail(Cause.ENDED, Stamp(end, end))
        if self._verdict is not None:
            return self._verdict
        if self._pending.due != self._due.at:
            self._pending = Verdict(Status.PENDING, self._due.at)
        return self._pending

    def read_on(self, place: int) -> None:
        """Have later blocks read on from a place of the timeline, in the queues that this one reads."""
        for key in (*self._kinds, *self._receipts, *(EVERYTHING if self._block.others == "forbid" else ())):
            self._queues.places[key] = max(place, self._queues.places.get(key, 0))

    @property
    def readings(self) -> int:
        """In how many ways the events so far can be read."""
        return len(self._readings)

    # -- which events -------------------------------------------------------------------------------------------------

    def _concerns(self, place: int, event: Event) -> bool:
        kind, places = event.kind, self._queues.places
        if kind in self._kinds:
            return place >= places.get(kind, 0)
        if kind in RECEIPTS and any(
            key[0] == kind and refers.accepts(getattr(event, "of", "")) and place >= places.get(key, 0)
            for key, refers in self._receipts.items()
        ):
            return True
        if event.at < self._anchor.at or place < places.get(kind, 0):
            return False
        return kind in self._watched or kind in self._forbidden or self._block.others == "forbid"

    def _must_be_taken(self, event: Event) -> bool:
        """Whether the event is in the alphabet; reading a later message reads this one too, but need not be meant."""
        if event.kind in self._kinds:
            return True
        if self._block.others == "forbid" and event.kind in EVERYTHING:
            return True
        return event.kind in RECEIPTS and (event.kind, getattr(event, "of", "")) in self._receipts

    # -- what an event does -------------------------------------------------------------------------------------------

    def _take(self, place: int, event: Event, stream: Stream | None) -> None:
        if stream is not None and self._is_plain and len(self._readings) == 1:
            rest = self._readings[0][0].rest
            if isinstance(rest, Reply) and rest.goes_on(event, stream, self._anchor):  # most events of a night
                return
        seen = Seen(event, place, self._anchor, self._streams)
        never = self._block.never
        if never and event.at >= self._anchor.at and any(not forbidden.mismatches(seen) for forbidden in never):
            self._fail(Cause.FORBIDDEN, seen.stamp, seen.place)
            return
        after: _Readings = []
        for reading, path in self._readings:
            went_on = self._on(reading, path, seen)
            others = tuple(self._as_if_over(reading, seen.stamp)) if self._watched else ()
            for other in others:
                went_on += [(other, path)] if other.rest.nullable else self._on(other, path, seen)
            if others:
                doubts = [doubt for other in others for doubt in other.doubts]
                went_on = [
                    (one._replace(doubts=tuple(dict.fromkeys((*one.doubts, *doubts)))), way) for one, way in went_on
                ]
            after += went_on
        after = _distinct(after)
        if not after:
            self._decide(Status.FAILED, Cause.UNEXPECTED, index=seen.place, at=event.at, misses=self._misses(seen))
            return
        if len(after) > MAX_READINGS:
            rest = after[0][0].rest
            raise LocalProtocolError(
                f"event #{seen.place} can be read in more than {MAX_READINGS:,} ways; make the branches of {rest} tell "
                "their events apart"
            )
        if self._read_on(after):
            self._complete(seen.stamp, seen.place)

    def _on(self, reading: _Reading, path: _Path, seen: Seen) -> _Readings:
        """Every way to go on with one reading after an event."""
        after: _Readings = []
        for step in reading.rest.after(seen):
            went_on = self._went_on(reading, step, seen)
            if went_on is reading:  # one more token, and those of a stream are on record as such
                after.append((reading, path))
            elif went_on is not None and self._can_hold(went_on, seen):
                after.append((went_on, (path, seen.place, step.leaf)))
        if self._block.others == "ignore" or not self._must_be_taken(seen.event):
            rest = reading.rest.disturbed(seen)
            if rest is not None:
                after.append((reading._replace(rest=rest), path))
        return after

    def _as_if_over(self, reading: _Reading, stamp: Stamp) -> Iterator[_Reading]:
        """The reading as if silences were over, where that can't be told at the time."""
        for leaf in dict.fromkeys(reading.rest.first()):
            due = leaf.due()
            if isinstance(leaf, Quiet) and due is not None and due.earliest <= stamp.at:
                rest = reading.rest.changed(partial(_over, leaf), Start(due.stamp, is_event=False))
                if rest is not None:
                    other = reading._replace(rest=rest, doubts=(*reading.doubts, leaf.doubted(stamp)))
                    yield other
                    yield from self._as_if_over(other, stamp)

    def _can_hold(self, reading: _Reading, seen: Seen) -> bool:
        """Whether what remains is not overdue from the start."""
        if not self._is_timed:
            return True
        due = min(
            (due for due in (reading.rest.due(), *(due for _, due in self._waiting(reading))) if due), default=None
        )
        return due is None or not due.is_bound or due.at >= seen.event.earliest

    def _went_on(self, reading: _Reading, step: Step, seen: Seen) -> _Reading | None:
        """The reading once the leaf has taken the event; None if that breaks a latency."""
        rest, leaf, doubt = step
        if rest is reading.rest and doubt is None and not self._marked and isinstance(leaf, Reply):
            return reading  # one more token
        caught = leaf.captures(seen.event)
        doubts = (*reading.doubts, doubt) if doubt else reading.doubts
        marks, waits, captured = reading.marks, reading.waits, reading.captured
        if self._marked:
            called = self._called(leaf, seen.event)
            names = {seen.event.kind, called}
            if called is not None and all(called != name for name, _ in marks):
                marks = (*marks, (called, seen.place))
            for place, latency in enumerate(self._block.latencies):
                since = waits[place]
                if since is None and latency.since in names:
                    waits = (*waits[:place], seen.stamp, *waits[place + 1 :])
                elif since and latency.until in names and seen.event.at >= since.at:
                    low, high = between(since, seen.stamp)
                    kept = latency.bounds.judged(low, high)
                    if kept is False:
                        return None
                    doubts = doubts if kept else (*doubts, doubtful(str(latency), low, high, latency.bounds))
                    waits = (*waits[:place], _KEPT, *waits[place + 1 :])
        if caught:
            captured = tuple(sorted({**dict(captured), **caught}.items()))
        return _Reading(rest, marks, waits, captured, doubts)

    @staticmethod
    def _called(leaf: Leaf, event: Event) -> str | None:
        """The name of the event where the leaf takes it; that of an answer is its message's."""
        return leaf.name if not isinstance(leaf, Reply) or event.kind == "message" else None

    # -- what time does -----------------------------------------------------------------------------------------------

    def _read_on(self, readings: _Readings) -> bool:
        """Go on with these readings; whether they are others than before."""
        before, self._readings = self._readings, readings
        if len(readings) == 1 == len(before) and readings[0][0] is before[0][0]:
            return False
        if self._is_timed:
            self._due = self._next_due(readings)
        return True

    def _next_due(self, readings: _Readings) -> Due:
        """The next instant at which time alone changes something: a silence ends, a bound or the deadline passes."""
        dues = [due for reading, _ in readings if (due := reading.rest.due()) is not None]
        dues += [due for reading, _ in readings for latency, due in self._waiting(reading)]
        return min([*dues, self._deadline])

    def _waiting(self, reading: _Reading) -> Iterator[tuple[Latency, Due]]:
        """The latencies whose second event can still come, and when each is over."""
        for latency, since in zip(self._block.latencies, reading.waits, strict=True):
            if since and latency.bounds.most is not None and reading.rest.without(latency.until) is not reading.rest:
                yield latency, Due(since.at + latency.bounds.most, is_bound=True)

    def _pass_until(self, until: Due) -> None:
        """Let time pass: silences that end by then are over, bounds and the deadline before it have passed."""
        while self._verdict is None and (due := self._due) <= until:
            if due == self._deadline:
                self._fail(Cause.DEADLINE, due.stamp)
                return
            after: _Readings = []
            overdue = dict.fromkeys(
                leaf.overdue() for reading, _ in self._readings for leaf in reading.rest.first() if leaf.due() == due
            )
            for reading, path in self._readings:
                late = [latency for latency, mine in self._waiting(reading) if mine <= due]
                rest = reading.rest.at(due)
                for latency in late:
                    if rest is not None and (rest := rest.without(latency.until)) is None:
                        overdue[str(latency)] = None
                if rest is not None:
                    after.append((reading._replace(rest=rest), path))
            after = _distinct(after)
            if not after:
                self._decide(Status.FAILED, Cause.OVERDUE, at=due.at, overdue=tuple(overdue))
                return
            if self._read_on(after):
                self._complete(due.stamp, None)

    # -- the verdict --------------------------------------------------------------------------------------------------

    def _complete(self, stamp: Stamp, index: int | None) -> None:
        """See whether a reading is complete now, and whether it is in time."""
        complete = [reading for reading in self._readings if reading[0].rest.nullable]
        if not complete:
            return
        taken_in_time = Bounds(self._block.not_before or None, self._block.within)
        low, high = between(self._anchor, stamp)
        in_time = taken_in_time.judged(low, high)
        complete.sort(key=lambda reading: len(reading[0].doubts))
        self._readings = complete
        if in_time is False and not (complete[0][0].doubts and high < self._block.not_before):
            cause = Cause.EARLY if high < self._block.not_before else Cause.DEADLINE
            self._decide(Status.FAILED, cause, index=index, at=stamp.at)
            return
        doubts = complete[0][0].doubts
        if not in_time:
            doubts = (*doubts, doubtful("its completion", low, high, taken_in_time))
        if doubts:
            self._decide(Status.INCONCLUSIVE, Cause.DEADLINE, index=index, at=stamp.at, doubts=doubts)
            return
        sure = [reading for reading, _ in complete if not reading.doubts]
        end = self._next if index is None else index + 1
        self.read_on(end)
        self._decide(
            Status.HELD,
            index=index,
            at=stamp.at,
            bindings=tuple({tuple(sorted(reading.captured)): dict(reading.captured) for reading in sure}.values()),
            named=dict(sure[0].marks),
        )
        assert self._verdict is not None  # noqa: S101 - just decided
        self._queues.taken.update(taken.place for taken in self._verdict.taken)

    def _fail(self, cause: Cause, stamp: Stamp, index: int | None = None) -> None:
        """It is over, unless a silence may have been over before that."""
        maybe = [
            (one, path)
            for reading, path in self._readings
            for one in self._as_if_over(reading, stamp)
            if one.rest.nullable
        ]
        if maybe:
            self._readings = maybe
            self._decide(Status.INCONCLUSIVE, cause, index=index, at=stamp.at, doubts=maybe[0][0].doubts)
        else:
            self._decide(Status.FAILED, cause, index=index, at=stamp.at)

    def _misses(self, seen: Seen) -> tuple[Miss, ...]:
        leaves = dict.fromkeys(leaf for reading, _ in self._readings for leaf in reading.rest.first())
        misses = [Miss(seen.place, leaf, leaf.mismatches(seen) or self._untimely(leaf, seen)) for leaf in leaves]
        return tuple(sorted(misses, key=lambda miss: ("kind" in miss.fields, len(miss.fields))))

    def _untimely(self, leaf: Leaf, seen: Seen) -> dict[str, Mismatch]:
        """Which bounds break if the leaf takes the event: latencies until then, and what comes next but is overdue."""
        found: dict[str, Mismatch] = {}
        names = {seen.event.kind, self._called(leaf, seen.event)}
        for reading, _ in self._readings:
            for latency, since in zip(self._block.latencies, reading.waits, strict=True):
                if since and latency.until in names and seen.event.at >= since.at:
                    low, high = between(since, seen.stamp)
                    if latency.bounds.judged(low, high) is False:
                        wanted = f"{latency.bounds} after {latency.since or 'the move'}"
                        found[latency.until] = Mismatch(wanted, f"{low:.3f} s")
            rests = [step.rest for step in reading.rest.after(seen) if step.leaf == leaf]
            for later in (later for rest in rests for later in rest.first()):
                if (due := later.due()) is not None and due.is_bound and due.at < seen.event.earliest:
                    found["time left for"] = Mismatch(later.overdue(), "none")
        return found

    def _decide(self, status: Status, cause: Cause | None = None, **facts: object) -> None:
        self._verdict = self._told(status, cause, **facts)

    def _told(self, status: Status, cause: Cause | None = None, **facts: object) -> Verdict:
        longest = max((self._taken(path) for _, path in self._readings), key=len, default=())
        if cause in {Cause.UNEXPECTED, Cause.FORBIDDEN}:  # a stream has it on record, but it was not taken
            longest = tuple(taken for taken in longest if taken.place < self._next - 1)
        rests = dict.fromkeys(reading.rest for reading, _ in self._readings if not reading.rest.nullable)
        return replace(Verdict(status, self._due.at, cause, taken=longest, open=tuple(rests)), **facts)  # type: ignore[arg-type]

    def _taken(self, path: _Path) -> tuple[Taken, ...]:
        taken: dict[int, Leaf] = {}
        while path is not None:
            path, place, leaf = path
            taken[place] = leaf
            if isinstance(leaf, Reply) and leaf.target is None and (stream := self._streams.begun_at(place)):
                taken.update(dict.fromkeys((one for one in stream.places if one > place and one < self._next), leaf))
        return tuple(Taken(place, taken[place]) for place in sorted(taken))


def judge(
    expectation: Expectation, timeline: Timeline, *, anchor: float = 0.0, queues: Queues | None = None
) -> Verdict:
    """Judge a block over a timeline as it stands; the same call gives the same verdict live and from a recording."""
    return Judgement(expectation, queues or Queues(), timeline, anchor).look(timeline)
