"""A second judge, written from the rule book alone: slow, small, and with no idea how the engine does it.

It enumerates readings. A reading says which leaf of the pattern takes which event; it is *complete* when every part
of the pattern has what it asks for, and *partial* when something is still owed and no bound on it has passed. A block
holds at the first instant at which a complete reading accounts for all events so far, and fails at the first instant
at which not even a partial one does.

An instant is a triple of the time, its rank among equal times (0: silences end, 1: events arrive, 2: bounds pass) and,
for events, the place on the timeline. Times are sharp: `earliest` is not looked at.

Not here: intervals, receipts (their queues by message), captures, `reply`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from harness.events.base import Event, Received
from harness.expectations.block import Expectation, Latency
from harness.expectations.engine import Cause, Status
from harness.expectations.patterns import AllOf, AnyOf, Eventually, One, Pattern, Quiet, Repeat
from harness.expectations.patterns import Sequence as InSequence

Instant = tuple[float, int, int]
Places = tuple[int, ...]
Label = tuple[str, str]
"""What a latency may call an event: the name of the leaf that took it, and its kind."""
Marks = frozenset[tuple[int, Label]]

OPENING: Instant = (float("-inf"), 0, 0)
"""Before everything that lies in the queues."""
NO_EVENT = float("-inf")
"""No event of the chain was matched before."""
LATER = float("inf")
"""The event matched before is yet to come."""


class Ruling(NamedTuple):
    """What a block came to: what decided it, the event's place if one did, and when."""

    status: Status
    cause: Cause | None = None
    place: int | None = None
    at: float | None = None


class Chain(NamedTuple):
    """What stands before a part: when it was over, and the time of the last event in it."""

    over: Instant = OPENING
    last: float = NO_EVENT


class Done(NamedTuple):
    """A way to have taken the events and to be complete."""

    chain: Chain
    marks: Marks


class Owing(NamedTuple):
    """A way to have taken the events and to be incomplete: what future events it owes, by label."""

    marks: Marks
    owed: frozenset[Label]
    last: float


class Future(NamedTuple):
    """A way for a part that lies wholly ahead to be complete: the events it takes, by label."""

    owed: frozenset[Label]
    last: float


def fits(one: One, event: Event) -> bool:
    """Whether the leaf's matchers all accept the event."""
    return one.kind == event.kind and all(wanted.accepts(getattr(event, name)) for name, wanted in one.fields)


def kinds_of(pattern: Pattern) -> frozenset[str]:
    """Every kind that the pattern speaks of, in silences too."""
    match pattern:
        case One():
            return frozenset((pattern.kind,))
        case Quiet():
            return pattern.quiet_kinds
        case InSequence() | AllOf() | AnyOf():
            return frozenset[str]().union(*map(kinds_of, pattern.parts))
        case Repeat() | Eventually():
            return kinds_of(pattern.part)
    raise TypeError(pattern)


def leaves_of(pattern: Pattern) -> list[One | Quiet]:
    """Every leaf, from left to right."""
    match pattern:
        case One() | Quiet():
            return [pattern]
        case InSequence() | AllOf() | AnyOf():
            return [leaf for part in pattern.parts for leaf in leaves_of(part)]
        case Repeat() | Eventually():
            return leaves_of(pattern.part)
    raise TypeError(pattern)


def splits(places: Places) -> Iterator[tuple[Places, Places]]:
    """Every way to cut in two."""
    return ((places[:cut], places[cut:]) for cut in range(len(places) + 1))


def subsets(places: Places) -> Iterator[Places]:
    """Every subset, in order."""
    return (some for size in range(len(places) + 1) for some in combinations(places, size))


def without(places: Places, some: Places) -> Places:
    """Those that are not among some."""
    return tuple(place for place in places if place not in some)


@dataclass
class Oracle:
    """One block over one timeline. `starts` are the places at which the queues of kinds begin, 0 if absent."""

    block: Expectation
    timeline: Sequence[Event]
    horizon: float
    ended: bool
    anchor: float
    starts: dict[str, int]

    def __post_init__(self) -> None:
        leaves = leaves_of(self.block.pattern)
        self.alphabet = frozenset(leaf.kind for leaf in leaves if isinstance(leaf, One))
        self.silenced = frozenset[str]().union(*(leaf.quiet_kinds for leaf in leaves if isinstance(leaf, Quiet)))
        self._done: dict[object, frozenset[Done]] = {}
        self._owing: dict[object, frozenset[Owing]] = {}
        self.now: Instant = OPENING

    # -- what the block sees ------------------------------------------------------------------------------------------

    def instant(self, place: int) -> Instant:
        """When an event arrived."""
        return (self.timeline[place].at, 1, place)

    def _is_seen(self, place: int) -> bool:
        """From where its queue was left; what the pattern does not take, from the anchor on only."""
        event = self.timeline[place]
        if not isinstance(event, Received) or event.kind == "heartbeat" or place < self.starts.get(event.kind, 0):
            return False
        return event.kind in self.alphabet or event.at >= self.anchor

    def _is_ours(self, place: int) -> bool:
        return self.block.others == "forbid" or self.timeline[place].kind in self.alphabet

    def _is_forbidden(self, place: int) -> bool:
        event = self.timeline[place]
        return event.at >= self.anchor and any(fits(one, event) for one in self.block.never)

    @cached_property
    def seen(self) -> Places:
        """Every event that the block sees."""
        return tuple(filter(self._is_seen, range(len(self.timeline))))

    @cached_property
    def ours(self) -> Places:
        """Those that must be accounted for, or under `ignore` may be."""
        return tuple(filter(self._is_ours, self.seen))

    # -- complete readings --------------------------------------------------------------------------------------------

    def done(self, pattern: Pattern, chain: Chain, places: Places, times: int = 0) -> frozenset[Done]:
        """Every way to be complete with exactly these events; of a repetition, after so many rounds."""
        key = (id(pattern), chain, places, times)
        if key not in self._done:
            self._done[key] = frozenset(self._ways(pattern, chain, places, times))
        return self._done[key]

    def _ways(self, pattern: Pattern, chain: Chain, places: Places, times: int) -> Iterator[Done]:
        match pattern:
            case One():
                yield from self._one(pattern, chain, places)
            case Quiet():
                yield from self._quiet(pattern, chain, places)
            case InSequence():
                yield from self._in_sequence(pattern.parts, chain, places)
            case AllOf():
                yield from self._interleaved(pattern.parts, chain, places)
            case AnyOf():
                for part in pattern.parts:
                    yield from self.done(part, chain, places)
            case Repeat():
                yield from self._repeated(pattern, chain, places, times)
            case Eventually():
                yield from self._eventually(pattern, chain, places)
            case _:
                raise TypeError(pattern)

    def _one(self, pattern: One, chain: Chain, places: Places) -> Iterator[Done]:
        if len(places) == 1 and self._takes(pattern, chain, places[0]):
            yield self._taken(places[0], chain, pattern.name or "")

    def _quiet(self, pattern: Quiet, chain: Chain, places: Places) -> Iterator[Done]:
        over = self._over(pattern, chain)
        if not places and not self._is_broken(pattern, chain, over):
            yield Done(Chain(over, chain.last), frozenset())

    def _eventually(self, pattern: Eventually, chain: Chain, places: Places) -> Iterator[Done]:
        for skipped, rest in splits(places):
            for begun in self._begun(pattern, chain, skipped):
                for way in self.done(pattern.part, begun.chain, rest):
                    yield Done(way.chain, begun.marks | way.marks)

    def _taken(self, place: int, chain: Chain, name: str) -> Done:
        event = self.timeline[place]
        marks = frozenset({(place, (name, event.kind))}) if self.block.latencies else frozenset()
        return Done(Chain(self.instant(place), event.at), marks)

    def _takes(self, one: One, chain: Chain, place: int) -> bool:
        event = self.timeline[place]
        if self.instant(place) <= chain.over or not fits(one, event):
            return False
        if one.gap is None or chain.last == NO_EVENT:
            return True
        return self._is_within(event.at - chain.last, one.gap.least, one.gap.most)

    @staticmethod
    def _is_within(seconds: float, least: float | None, most: float | None) -> bool:
        return (least is None or seconds >= least) and (most is None or seconds <= most)

    def _since(self, chain: Chain) -> Instant:
        opening: Instant = (self.anchor, 0, 0)  # no silence begins before its block opens
        return opening if chain.over == OPENING else max(opening, chain.over)

    def _over(self, quiet: Quiet, chain: Chain) -> Instant:
        return (self._since(chain)[0] + quiet.seconds, 0, 0)

    def _is_broken(self, quiet: Quiet, chain: Chain, until: Instant) -> bool:
        since = self._since(chain)
        return any(
            since < self.instant(place) < until and self.timeline[place].kind in quiet.quiet_kinds
            for place in self.seen
        )

    def _in_sequence(self, parts: Sequence[Pattern], chain: Chain, places: Places) -> Iterator[Done]:
        if not parts:
            if not places:
                yield Done(chain, frozenset())
            return
        for mine, rest in splits(places):
            for head in self.done(parts[0], chain, mine):
                for tail in self._in_sequence(parts[1:], head.chain, rest):
                    yield Done(tail.chain, head.marks | tail.marks)

    def _interleaved(self, parts: Sequence[Pattern], chain: Chain, places: Places) -> Iterator[Done]:
        if len(parts) == 1:
            yield from self.done(parts[0], chain, places)
            return
        for mine in subsets(places):
            heads = self.done(parts[0], chain, mine)
            if not heads:
                continue
            for tail in frozenset(self._interleaved(parts[1:], chain, without(places, mine))):
                for head in heads:
                    over = max(head.chain.over, tail.chain.over)
                    yield Done(Chain(over, max(head.chain.last, tail.chain.last)), head.marks | tail.marks)

    def _repeated(self, pattern: Repeat, chain: Chain, places: Places, times: int) -> Iterator[Done]:
        if times >= pattern.at_least and not places:
            yield Done(chain, frozenset())
        if places and (pattern.at_most is None or times < pattern.at_most):
            for mine, rest in splits(places):
                if mine:
                    for head in self.done(pattern.part, chain, mine):
                        for tail in self.done(pattern, head.chain, rest, times + 1):
                            yield Done(tail.chain, head.marks | tail.marks)

    def _begun(self, pattern: Eventually, chain: Chain, skipped: Places) -> Iterator[Done]:
        """Where what is waited for may begin: there, or at any later event of its kinds, whoever took that."""
        kinds = kinds_of(pattern)
        for place in skipped:
            if self.timeline[place].kind not in kinds or self.instant(place) <= chain.over:
                return
        marks: Marks = frozenset()
        for place in skipped:
            chain, new = self._taken(place, chain, "")
            marks |= new
        yield Done(chain, marks)
        for place in self.seen:
            if chain.over < self.instant(place) and self.timeline[place].kind in kinds:
                yield Done(Chain(self.instant(place), chain.last), marks)

    # -- partial readings ---------------------------------------------------------------------------------------------

    def done_by_now(self, pattern: Pattern, chain: Chain, places: Places) -> list[Done]:
        """Every way to be complete by now."""
        return [way for way in self.done(pattern, chain, places) if way.chain.over <= self.now]

    def owing(self, pattern: Pattern, chain: Chain, places: Places, times: int = 0) -> frozenset[Owing]:
        """Every way to have taken exactly these events by now and to lack only what may still come."""
        key = (id(pattern), chain, places, times, self.now)
        if key not in self._owing:
            self._owing[key] = frozenset(self._ways_left(pattern, chain, places, times))
        return self._owing[key]

    def _ways_left(self, pattern: Pattern, chain: Chain, places: Places, times: int) -> Iterator[Owing]:
        match pattern:
            case One() if not places:
                yield from (Owing(frozenset(), *ahead) for ahead in self.ahead(pattern, chain.last))
            case Quiet() if not places:
                over, (time, rank, place) = self._over(pattern, chain), self.now
                if over > self.now and not self._is_broken(pattern, chain, (time, rank, place + 1)):
                    yield Owing(frozenset(), frozenset(), chain.last)
            case InSequence():
                yield from self._sequence_left(pattern.parts, chain, places)
            case AllOf():
                yield from self._interleaved_left(pattern.parts, chain, places)
            case AnyOf():
                for part in pattern.parts:
                    yield from self.owing(part, chain, places)
            case Repeat():
                yield from self._repeat_left(pattern, chain, places, times)
            case Eventually():
                yield from self._eventually_left(pattern, chain, places)

    def _eventually_left(self, pattern: Eventually, chain: Chain, places: Places) -> Iterator[Owing]:
        for skipped, rest in splits(places):
            for begun in self._begun(pattern, chain, skipped):
                if begun.chain.over <= self.now:
                    for way in self.owing(pattern.part, begun.chain, rest):
                        yield Owing(begun.marks | way.marks, way.owed, way.last)
                    if not rest:
                        yield from (Owing(begun.marks, *ahead) for ahead in self._skips_ahead(pattern))

    def _sequence_left(self, parts: Sequence[Pattern], chain: Chain, places: Places) -> Iterator[Owing]:
        if not parts:
            return
        for way in self.owing(parts[0], chain, places):
            for ahead in self._parts_ahead(parts[1:], way.last):
                yield Owing(way.marks, way.owed | ahead.owed, ahead.last)
        for mine, rest in splits(places):
            for head in self.done_by_now(parts[0], chain, mine):
                for tail in self._sequence_left(parts[1:], head.chain, rest):
                    yield Owing(head.marks | tail.marks, tail.owed, tail.last)

    def _interleaved_left(self, parts: Sequence[Pattern], chain: Chain, places: Places) -> Iterator[Owing]:
        return (way for way, is_owing in self._branches_left(parts, chain, places) if is_owing)

    def _branches_left(self, parts: Sequence[Pattern], chain: Chain, places: Places) -> Iterable[tuple[Owing, bool]]:
        if not parts:
            return [(Owing(frozenset(), frozenset(), chain.last), False)] if not places else []
        found: set[tuple[Owing, bool]] = set()
        for mine in subsets(places) if len(parts) > 1 else [places]:
            heads = [(way, True) for way in self.owing(parts[0], chain, mine)]
            heads += [
                (Owing(way.marks, frozenset(), way.chain.last), False)
                for way in self.done_by_now(parts[0], chain, mine)
            ]
            if heads:
                found.update(
                    (Owing(one.marks | two.marks, one.owed | two.owed, max(one.last, two.last)), left or right)
                    for two, right in self._branches_left(parts[1:], chain, without(places, mine))
                    for one, left in heads
                )
        return found

    def _repeat_left(self, pattern: Repeat, chain: Chain, places: Places, times: int) -> Iterator[Owing]:
        if pattern.at_most is not None and times >= pattern.at_most:
            return
        for way in self.owing(pattern.part, chain, places):
            for ahead in self._rounds_ahead(pattern, way.last, pattern.at_least - times - 1):
                yield Owing(way.marks, way.owed | ahead.owed, ahead.last)
        for mine, rest in splits(places):
            if mine:
                for head in self.done_by_now(pattern.part, chain, mine):
                    for tail in self.owing(pattern, head.chain, rest, times + 1):
                        yield Owing(head.marks | tail.marks, tail.owed, tail.last)

    # -- what lies ahead ----------------------------------------------------------------------------------------------

    def ahead(self, pattern: Pattern, last: float) -> Iterator[Future]:
        """Every way to be complete with events to come; nothing is reckoned, but a bound that has passed is kept."""
        match pattern:
            case One():
                most = None if pattern.gap is None else pattern.gap.most
                if most is None or last in {NO_EVENT, LATER} or self.now < (last + most, 2, 0):
                    yield Future(frozenset({(pattern.name or "", pattern.kind)}), LATER)
            case Quiet():
                yield Future(frozenset(), last)
            case InSequence():
                yield from self._parts_ahead(pattern.parts, last)
            case AllOf():
                ways = [Future(frozenset(), last)]
                for part in pattern.parts:
                    ways = [
                        Future(way.owed | one.owed, max(way.last, one.last))
                        for way in ways
                        for one in self.ahead(part, last)
                    ]
                yield from ways
            case AnyOf():
                for part in pattern.parts:
                    yield from self.ahead(part, last)
            case Repeat():
                yield from self._rounds_ahead(pattern, last, pattern.at_least)
            case Eventually():
                yield from self.ahead(pattern.part, last)
                yield from self._skips_ahead(pattern)
            case _:
                raise TypeError(pattern)

    def _parts_ahead(self, parts: Sequence[Pattern], last: float) -> Iterator[Future]:
        if not parts:
            yield Future(frozenset(), last)
            return
        for head in self.ahead(parts[0], last):
            for tail in self._parts_ahead(parts[1:], head.last):
                yield Future(head.owed | tail.owed, tail.last)

    def _rounds_ahead(self, pattern: Repeat, last: float, rounds: int) -> Iterator[Future]:
        return self._parts_ahead((pattern.part,) * max(0, rounds), last)

    def _skips_ahead(self, pattern: Eventually) -> Iterator[Future]:
        """It may pass over an event to come first."""
        for kind in sorted(kinds_of(pattern)):
            for way in self.ahead(pattern.part, LATER):
                yield Future(way.owed | {("", kind)}, way.last)

    # -- latencies ----------------------------------------------------------------------------------------------------

    def _measured(self, latency: Latency, marks: Marks) -> tuple[float | None, float | None]:
        """When the first `since` was, and the first `until` after it; None where there was none."""
        if latency.since:
            since = min((self.instant(place) for place, label in marks if latency.since in label), default=None)
        else:
            since = (self.anchor, 0, 0)
        if since is None:
            return None, None
        untils = [self.instant(place) for place, label in marks if latency.until in label]
        return since[0], min((until[0] for until in untils if until > since), default=None)

    def _keeps(self, marks: Marks) -> bool:
        """Whether what is measured is within its bounds."""
        for latency in self.block.latencies:
            since, until = self._measured(latency, marks)
            if since is not None and until is not None:
                seconds = until - since
                if not self._is_within(seconds, latency.bounds.least, latency.bounds.most):
                    return False
        return True

    def _may_keep(self, way: Owing) -> bool:
        """Whether no event is owed whose bound has passed."""
        for latency in self.block.latencies:
            since, until = self._measured(latency, way.marks)
            most = latency.bounds.most
            if (
                since is not None
                and until is None
                and most is not None
                and self.now >= (since + most, 2, 0)
                and any(latency.until in label for label in way.owed)
            ):
                return False
        return self._keeps(way.marks)

    # -- the verdict --------------------------------------------------------------------------------------------------

    def _accounts(self) -> Iterator[Places]:
        """Which events a reading may take: all of them so far, or under `ignore` any."""
        past = tuple(place for place in self.ours if self.instant(place) <= self.now)
        return subsets(past) if self.block.others == "ignore" else iter([past])

    def is_complete(self) -> bool:
        """Whether some reading is complete now."""
        pattern = self.block.pattern
        return any(
            way.chain.over <= self.now and self._keeps(way.marks)
            for places in self._accounts()
            for way in self.done(pattern, Chain(), places)
        )

    def is_possible(self) -> bool:
        """Whether some reading may yet become complete."""
        pattern = self.block.pattern
        return any(self._may_keep(way) for places in self._accounts() for way in self.owing(pattern, Chain(), places))

    def _instants(self) -> list[Instant]:
        """Every instant at which anything can happen, in order."""
        block, pattern = self.block, self.block.pattern
        deadline = self.anchor + block.within
        limit = max([self.horizon, deadline, *(event.at for event in self.timeline)])
        starts = {self.anchor, *(self.timeline[place].at for place in self.seen)}
        silences = {leaf.seconds for leaf in leaves_of(pattern) if isinstance(leaf, Quiet)}
        ends: set[float] = set()
        new = starts
        while new := {time + silence for time in new for silence in silences if time + silence <= limit} - ends:
            ends |= new
        mosts = [leaf.gap.most for leaf in leaves_of(pattern) if isinstance(leaf, One) and leaf.gap is not None]
        mosts += [latency.bounds.most for latency in block.latencies]
        bounds = {deadline, *(start + most for start in starts for most in mosts if most is not None)}
        return sorted(
            [(end, 0, 0) for end in ends]
            + [self.instant(place) for place in self.seen]
            + [(bound, 2, 0) for bound in bounds]
        )

    def _has_come(self, instant: Instant) -> bool:
        """Whether the timeline is proof that this instant is over: later events, its horizon, or its end."""
        time, rank, _ = instant
        known = max([self.horizon, *(event.at for event in self.timeline)])
        return rank == 1 or time < known or (time == known and (rank == 0 or self.ended))

    def ruling(self) -> Ruling:
        """The verdict, at the first instant at which it can't change any more."""
        for instant in self._instants():
            if not self._has_come(instant):
                break
            self.now = instant
            if (ruling := self._ruled()) is not None:
                return ruling
        if self.ended:
            known = max([self.horizon, *(event.at for event in self.timeline)])
            return Ruling(Status.FAILED, Cause.ENDED, None, known)
        return Ruling(Status.PENDING)

    def _ruled(self) -> Ruling | None:
        time, rank, place = self.now
        index = place if rank == 1 else None
        if index is not None and self._is_forbidden(index):
            return Ruling(Status.FAILED, Cause.FORBIDDEN, index, time)
        if rank < 2 and self.is_complete():
            if self.block.not_before and time - self.anchor < self.block.not_before:
                return Ruling(Status.FAILED, Cause.EARLY, index, time)
            return Ruling(Status.HELD, None, index, time)
        if rank == 2 and time == self.anchor + self.block.within:
            return Ruling(Status.FAILED, Cause.DEADLINE, None, time)
        if not self.is_possible():
            return Ruling(Status.FAILED, Cause.UNEXPECTED if rank == 1 else Cause.OVERDUE, index, time)
        return None
