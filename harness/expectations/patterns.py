"""The pattern algebra: immutable trees that say which events, in which order, with which pauses.

A pattern answers a few questions, and they are all that the engine asks; a new pattern is a new class:

* `nullable`: may it end here?
* `after(seen)`: its derivative, every way to take an event, as what remains of it;
* `begun(start)`: what it becomes when what stands before it has just happened;
* `disturbed(seen)`: what remains of it when somebody else takes the event, or nobody; None if it can't hold any more;
* `due()` and `at(instant)`: when something in it changes by itself, and what it becomes then;
* `needed()`: what it is if it may not be left out.

Not here: queues, deadlines, verdicts (engine.py); streamed answers (reply.py); the words of scenarios (vocabulary.py).
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import pairwise
from typing import NamedTuple

from harness.events import CLASSES
from harness.events.base import Event, Move, Received
from harness.expectations.matchers import Matcher, Mismatch, matcher
from harness.timeline.streams import Streams


class Stamp(NamedTuple):
    """When something happened: seconds on the timeline, not before and not after."""

    earliest: float
    at: float


class Start(NamedTuple):
    """When what stands before a pattern happened: an event was matched, or a silence ended; None is not yet."""

    stamp: Stamp | None
    is_event: bool = True


class Seen(NamedTuple):
    """An event as a pattern sees it."""

    event: Event
    place: int
    anchor: Stamp
    streams: Streams

    @property
    def stamp(self) -> Stamp:
        """When it arrived."""
        return Stamp(self.event.earliest, self.event.at)

    @property
    def start(self) -> Start:
        """What begins when it was matched."""
        return Start(self.stamp)


class Due(NamedTuple):
    """An instant at which a pattern changes by itself; at equal times a silence ends before a bound passes."""

    at: float
    is_bound: bool

    @property
    def start(self) -> "Start":
        """What begins when a silence ends."""
        return Start(Stamp(self.at, self.at), is_event=False)


class Step(NamedTuple):
    """One way to take an event: what remains, the leaf that took it, and why it is in doubt, if it is."""

    rest: "Pattern"
    leaf: "Leaf"
    doubt: str | None = None


class Changed(NamedTuple):
    """What remains of a pattern that took no event, and why that is in doubt, if it is."""

    rest: "Pattern"
    doubt: str | None = None


class Pattern:
    """Base of all patterns. `a & b` is all of both, `a | b` one of them."""

    __slots__ = ()

    nullable: bool = False
    """Whether nothing more is needed."""

    def after(self, seen: Seen) -> Iterable[Step]:
        """Every way to take the event."""
        raise NotImplementedError

    def begun(self, start: "Start") -> "Pattern":
        """The same, told when what stands before it happened."""
        raise NotImplementedError

    def disturbed(self, seen: Seen) -> "Changed | None":
        """What remains, and why that is in doubt, when the event is not taken here; None if it can't hold any more."""
        raise NotImplementedError

    def at(self, due: Due) -> "Pattern | None":
        """What it is once `due` has come; None if a bound has passed without which it can't hold."""
        raise NotImplementedError

    def first(self) -> Iterable["Leaf"]:
        """The leaves that could take the next event, or that wait for time."""
        raise NotImplementedError

    def leaves(self) -> Iterable["Leaf"]:
        """Every leaf."""
        raise NotImplementedError

    def bound(self, bind: Callable[["Leaf"], "Leaf"]) -> "Pattern":
        """The same pattern with every leaf replaced."""
        raise NotImplementedError

    def needed(self) -> "Pattern":
        """The same where it may not be left out; itself if it never may."""
        return self

    def due(self) -> Due | None:
        """The next instant at which something in it changes by itself."""
        return min((due for leaf in self.first() if (due := leaf.due()) is not None), default=None)

    def __and__(self, other: "Pattern") -> "Pattern":
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))

    def __or__(self, other: "Pattern") -> "Pattern":
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))


def _parts(pattern: Pattern, cls: "type[_Branches]") -> tuple[Pattern, ...]:
    return pattern.parts if isinstance(pattern, cls) else (pattern,)


class Leaf(Pattern):
    """A pattern without parts. It is what takes an event, and what a failure names."""

    __slots__ = ()

    name: str | None = None
    """What later steps and latencies call the event."""
    kinds: frozenset[str] = frozenset()
    """Kinds of events it speaks of."""

    def mismatches(self, seen: Seen) -> dict[str, Mismatch]:
        """Why it can't take the event, field by field."""
        raise NotImplementedError

    def captures(self, event: Event) -> dict[str, str]:
        """What its fields capture of an event that it took."""
        return {}

    def overdue(self) -> str:
        """What was waited for in vain, once its bound has passed."""
        return str(self)

    def begun(self, start: "Start") -> Pattern:  # noqa: D102
        return self

    def disturbed(self, seen: Seen) -> Changed | None:  # noqa: D102
        return Changed(self)

    def at(self, due: Due) -> Pattern | None:  # noqa: D102
        return self

    def due(self) -> Due | None:  # noqa: D102
        return None

    def first(self) -> Iterable["Leaf"]:  # noqa: D102
        return (self,)

    def leaves(self) -> Iterable["Leaf"]:  # noqa: D102
        return (self,)

    def bound(self, bind: Callable[["Leaf"], "Leaf"]) -> Pattern:  # noqa: D102
        return bind(self)


class Bounds(NamedTuple):
    """Seconds, from and to; None is open."""

    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        parts = [f"at least {self.least:g} s"] if self.least is not None else []
        return " and ".join([*parts, *([f"at most {self.most:g} s"] if self.most is not None else [])])

    def judged(self, low: float, high: float) -> bool | None:
        """Whether a time between `low` and `high` is inside; None where that can't be told."""
        if (self.most is not None and low > self.most) or (self.least is not None and high < self.least):
            return False
        inside = (self.most is None or high <= self.most) and (self.least is None or low >= self.least)
        return True if inside else None


def between(earlier: Stamp, later: Stamp) -> tuple[float, float]:
    """Seconds from one to the other, at least and at most."""
    return max(0.0, later.earliest - earlier.at), max(0.0, later.at - earlier.earliest)


def doubtful(what: str, low: float, high: float, bounds: Bounds) -> str:
    """The words of a doubt."""
    return f"{what} was between {low:.3f} s and {high:.3f} s, the limit is {bounds}"


@dataclass(frozen=True, slots=True)
class One(Leaf):
    """One event of a kind whose fields all fit.

    `of` is the entry id of the user's message that a receipt belongs to; None means the last thing said.
    `gap` bounds the time since the event matched before it in its sequence; `since` is when that was.
    """

    kind: str
    fields: tuple[tuple[str, Matcher], ...] = ()
    of: str | None = None
    name: str | None = None
    gap: Bounds | None = None
    since: Stamp | None = None

    @property
    def kinds(self) -> frozenset[str]:  # type: ignore[override]  # noqa: D102
        return frozenset((self.kind,))

    def after(self, seen: Seen) -> Iterable[Step]:  # noqa: D102
        event = seen.event
        if event.kind != self.kind:
            return ()
        for name, wanted in self.fields:
            if not wanted.accepts(getattr(event, name)):
                return ()
        if self.gap is None or self.since is None:
            return (Step(NOTHING, self),)
        low, high = between(self.since, seen.stamp)
        kept = self.gap.judged(low, high)
        if kept is False:
            return ()
        return (Step(NOTHING, self, None if kept else doubtful(f"the wait for {self.kind}", low, high, self.gap)),)

    def mismatches(self, seen: Seen) -> dict[str, Mismatch]:  # noqa: D102
        event = seen.event
        if event.kind != self.kind:
            return {"kind": Mismatch(wanted=self.kind, saw=event.kind)}
        found = {name: wanted.match(getattr(event, name)) for name, wanted in self.fields}
        if self.gap is not None and self.since is not None:
            low, high = between(self.since, seen.stamp)
            if self.gap.judged(low, high) is False:
                found["after_previous"] = Mismatch(wanted=str(self.gap), saw=f"{low:.3f} s")
        return {name: mismatch for name, mismatch in found.items() if mismatch is not None}

    def captures(self, event: Event) -> dict[str, str]:  # noqa: D102
        return {
            name: value
            for field, wanted in self.fields
            for name, value in wanted.captures(getattr(event, field)).items()
        }

    def begun(self, start: "Start") -> Pattern:  # noqa: D102
        return replace(self, since=start.stamp) if self.gap is not None and start.is_event else self

    def due(self) -> Due | None:  # noqa: D102
        if self.gap is None or self.gap.most is None or self.since is None:
            return None
        return Due(self.since.at + self.gap.most, is_bound=True)

    def at(self, due: Due) -> Pattern | None:  # noqa: D102
        mine = self.due()
        return self if mine is None or mine > due else None

    def named(self, name: str) -> "One":
        """The same, with a name by which later steps and latencies call the event."""
        return replace(self, name=name)

    def after_previous(self, *, least: float | None = None, most: float | None = None) -> "One":
        """The same, within bounds (seconds) since the event matched before it in its sequence.

        Raises:
            ValueError: The bounds contradict each other.
        """
        return replace(self, gap=checked(least, most, "after_previous"))

    def __str__(self) -> str:
        fields = " and ".join(f"{name} {wanted}" for name, wanted in self.fields if name != "of")
        of = "".join(f" of {wanted}" for name, wanted in self.fields if name == "of")
        name = f" (as {self.name})" if self.name else ""
        gap = f" {self.gap} after the one before" if self.gap else ""
        return f"{self.kind}{of}{f' with {fields}' if fields else ''}{name}{gap}"


@dataclass(frozen=True, slots=True)
class Quiet(Leaf):
    """Nothing of the kinds for that many seconds, counted from what stands before it or from the block's opening.

    Kinds that are named only here are looked at while a silence runs and are ambient otherwise.
    """

    seconds: float
    quiet_kinds: frozenset[str]
    since: Stamp | None = None
    opens: float = 0.0
    """When the block opens; no silence begins before."""

    def after(self, seen: Seen) -> Iterable[Step]:  # noqa: D102
        return ()

    def mismatches(self, seen: Seen) -> dict[str, Mismatch]:  # noqa: D102
        if seen.event.kind not in self.quiet_kinds or self.since is None:
            return {"kind": Mismatch(wanted=str(self), saw=seen.event.kind)}
        low, _ = between(self.since, seen.stamp)
        return {"silence": Mismatch(wanted=f"{self.seconds:g} s", saw=f"{seen.event.kind} after {low:.3f} s")}

    def begun(self, start: "Start") -> Pattern:  # noqa: D102
        if start.stamp is None:
            return replace(self, since=None)
        earliest, at = start.stamp
        return replace(self, since=Stamp(max(earliest, self.opens), max(at, self.opens)))

    def disturbed(self, seen: Seen) -> Changed | None:  # noqa: D102
        if self.since is None or seen.event.kind not in self.quiet_kinds or seen.event.at < self.since.earliest:
            return Changed(self)
        low, high = between(self.since, seen.stamp)
        if high < self.seconds:
            return None
        return Changed(NOTHING, doubtful("the silence", low, high, Bounds(least=self.seconds)))

    def due(self) -> Due | None:  # noqa: D102
        return None if self.since is None else Due(self.since.at + self.seconds, is_bound=False)

    def at(self, due: Due) -> Pattern | None:  # noqa: D102
        mine = self.due()
        return self if mine is None or mine > due else NOTHING

    def __str__(self) -> str:
        kinds = "" if self.quiet_kinds == EVERYTHING else f" of {', '.join(sorted(self.quiet_kinds))}"
        return f"quiet{kinds} for {self.seconds:g} s"


EVERYTHING = frozenset(kind for kind, cls in CLASSES.items() if issubclass(cls, Received))
"""Every kind that the other side sends, heartbeats left out."""


@dataclass(frozen=True, slots=True)
class _Branches(Pattern):
    parts: tuple[Pattern, ...]

    def leaves(self) -> Iterable[Leaf]:
        for part in self.parts:
            yield from part.leaves()

    def first(self) -> Iterable[Leaf]:
        for part in self.parts:
            yield from part.first()

    def bound(self, bind: Callable[[Leaf], Leaf]) -> Pattern:
        return type(self)(tuple(part.bound(bind) for part in self.parts))

    def begun(self, start: "Start") -> Pattern:
        parts = tuple(part.begun(start) for part in self.parts)
        return self if parts == self.parts else type(self)(parts)


@dataclass(frozen=True, slots=True)
class Sequence(_Branches):
    """One after the other."""

    @property
    def nullable(self) -> bool:  # type: ignore[override]  # noqa: D102
        return all(part.nullable for part in self.parts)

    def _heads(self) -> int:
        """How many parts could be next: all up to the first that can't be left out."""
        return next((place + 1 for place, part in enumerate(self.parts) if not part.nullable), len(self.parts))

    def after(self, seen: Seen) -> Iterator[Step]:  # noqa: D102
        for place, head in enumerate(self.parts):
            for step in head.after(seen):
                if step.rest is head and place == 0 and not head.nullable:
                    yield Step(self, step.leaf, step.doubt)
                else:
                    tail = (part.begun(seen.start) for part in self.parts[place + 1 :])
                    yield step._replace(rest=in_sequence((step.rest, *tail)))
            if not head.nullable:
                return

    def disturbed(self, seen: Seen) -> Changed | None:  # noqa: D102
        return self._changed(lambda head: head.disturbed(seen), seen.start)

    def at(self, due: Due) -> Pattern | None:  # noqa: D102
        changed = self._changed(lambda head: in_no_doubt(head.at(due)), due.start)
        return changed and changed.rest

    def _changed(self, change: Callable[[Pattern], Changed | None], start: Start) -> Changed | None:
        heads = self.parts[: self._heads()]
        if all((changed := change(head)) is not None and changed.rest is head for head in heads):
            return Changed(self)
        ways = [Changed(NOTHING)] if self.nullable else []
        for place, head in enumerate(heads):  # each way to go on begins with one head that is not left out
            if (changed := change(head.needed())) is not None:
                tail = self.parts[place + 1 :]
                if changed.rest.nullable:  # a silence is over
                    tail = tuple(part.begun(start) for part in tail)
                ways.append(Changed(in_sequence((changed.rest, *tail)), changed.doubt))
        return one_way(ways)

    def needed(self) -> Pattern:  # noqa: D102
        if not self.nullable:
            return self
        ways = [in_sequence((part.needed(), *self.parts[place + 1 :])) for place, part in enumerate(self.parts)]
        return one_left(ways)

    def begun(self, start: "Start") -> Pattern:  # noqa: D102
        heads = self._heads()
        parts = (*(part.begun(start) for part in self.parts[:heads]), *self.parts[heads:])
        return self if parts == self.parts else Sequence(parts)

    def first(self) -> Iterable[Leaf]:  # noqa: D102
        for part in self.parts[: self._heads()]:
            yield from part.first()

    def __str__(self) -> str:
        return f"[{', then '.join(map(str, self.parts))}]" if self.parts else "nothing"


NOTHING = Sequence(())
"""What remains when all is done."""


def in_sequence(parts: Iterable[Pattern]) -> Pattern:
    """A sequence without nesting and without parts that are done."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, Sequence) else (part,)))
    return flat[0] if len(flat) == 1 else Sequence(flat) if flat else NOTHING


@dataclass(frozen=True, slots=True)
class AllOf(_Branches):
    """All of them, their events freely interleaved."""

    @property
    def nullable(self) -> bool:  # type: ignore[override]  # noqa: D102
        return all(part.nullable for part in self.parts)

    def after(self, seen: Seen) -> Iterator[Step]:  # noqa: D102
        for place, part in enumerate(self.parts):
            for step in part.after(seen):
                if part in self.parts[:place]:
                    break  # an equal branch has taken it already; which of the two is no difference
                others = [other.disturbed(seen) for other in self._but(place)]
                if (rests := _all(others)) is None:
                    continue
                if step.rest is part and all(map(operator.is_, rests, self._but(place))):
                    yield Step(self, step.leaf, step.doubt)
                else:
                    yield Step(
                        all_left((*rests[:place], step.rest, *rests[place:])), step.leaf, step.doubt or _any(others)
                    )

    def _but(self, place: int) -> tuple[Pattern, ...]:
        return (*self.parts[:place], *self.parts[place + 1 :])

    def disturbed(self, seen: Seen) -> Changed | None:  # noqa: D102
        return self._changed([part.disturbed(seen) for part in self.parts])

    def at(self, due: Due) -> Pattern | None:  # noqa: D102
        changed = self._changed([in_no_doubt(part.at(due)) for part in self.parts])
        return changed and changed.rest

    def _changed(self, parts: list[Changed | None]) -> Changed | None:
        if (rests := _all(parts)) is None:
            return None
        return Changed(self if all(map(operator.is_, rests, self.parts)) else all_left(rests), _any(parts))

    def needed(self) -> Pattern:  # noqa: D102
        if not self.nullable:
            return self
        return one_left(all_left((part.needed(), *self._but(place))) for place, part in enumerate(self.parts))

    def __str__(self) -> str:
        return f"all of ({'; '.join(map(str, self.parts))})"


def _all(parts: list[Changed | None]) -> tuple[Pattern, ...] | None:
    rests = tuple(part.rest for part in parts if part is not None)
    return rests if len(rests) == len(parts) else None


def _any(parts: list[Changed | None]) -> str | None:
    return next((part.doubt for part in parts if part is not None and part.doubt), None)


def in_no_doubt(rest: Pattern | None) -> Changed | None:
    """What remains, as a change."""
    return None if rest is None else Changed(rest)


def all_left(parts: tuple[Pattern, ...]) -> Pattern:
    """All of the parts that are not done, in the order they were written."""
    left = tuple(part for part in parts if part != NOTHING)
    return left[0] if len(left) == 1 else AllOf(left) if left else NOTHING


@dataclass(frozen=True, slots=True)
class AnyOf(_Branches):
    """One of them."""

    @property
    def nullable(self) -> bool:  # type: ignore[override]  # noqa: D102
        return any(part.nullable for part in self.parts)

    def after(self, seen: Seen) -> Iterator[Step]:  # noqa: D102
        for part in self.parts:
            yield from part.after(seen)

    def disturbed(self, seen: Seen) -> Changed | None:  # noqa: D102
        return self._changed([part.disturbed(seen) for part in self.parts])

    def at(self, due: Due) -> Pattern | None:  # noqa: D102
        changed = self._changed([in_no_doubt(part.at(due)) for part in self.parts])
        return changed and changed.rest

    def _changed(self, parts: list[Changed | None]) -> Changed | None:
        rests = _all(parts)
        if rests is not None and all(map(operator.is_, rests, self.parts)):
            return Changed(self)
        return one_way([part for part in parts if part is not None])

    def needed(self) -> Pattern:  # noqa: D102
        return one_left(part.needed() for part in self.parts) if self.nullable else self

    def __str__(self) -> str:
        return f"any of ({'; '.join(map(str, self.parts))})"


def one_left(parts: Iterable[Pattern]) -> Pattern:
    """One of the parts, each named once."""
    distinct = tuple(dict.fromkeys(parts))
    return distinct[0] if len(distinct) == 1 else AnyOf(distinct)


def one_way(ways: list[Changed]) -> Changed | None:
    """One of the ways to go on; None if there is none. It is in doubt as soon as one of them is."""
    return Changed(one_left(way.rest for way in ways), _any([*ways])) if ways else None


@dataclass(frozen=True, slots=True)
class Repeat(Pattern):
    """The same, a number of times in a row; `at_most` None is without end."""

    part: Pattern
    at_least: int
    at_most: int | None

    @property
    def nullable(self) -> bool:  # type: ignore[override]  # noqa: D102
        return self.at_least == 0

    def after(self, seen: Seen) -> Iterator[Step]:  # noqa: D102
        again: Pattern | None = None
        for step in self.part.after(seen):
            again = again or self._again(seen.start)
            yield Step(again if step.rest is NOTHING else in_sequence((step.rest, again)), step.leaf, step.doubt)

    def _again(self, start: Start) -> Pattern:
        if self.at_most == 1:
            return NOTHING
        part = self.part.begun(start)
        if part is self.part and (self.at_least, self.at_most) == (0, None):
            return self
        return Repeat(part, max(0, self.at_least - 1), None if self.at_most is None else self.at_most - 1)

    def begun(self, start: "Start") -> Pattern:  # noqa: D102
        part = self.part.begun(start)
        return self if part is self.part else replace(self, part=part)

    def disturbed(self, seen: Seen) -> Changed | None:  # noqa: D102
        return self._changed(self.part.disturbed(seen), seen.start)

    def at(self, due: Due) -> Pattern | None:  # noqa: D102
        changed = self._changed(in_no_doubt(self.part.at(due)), due.start)
        return changed and changed.rest

    def _changed(self, part: Changed | None, start: Start) -> Changed | None:
        if part is not None and part.rest is self.part:
            return Changed(self)
        ways = [Changed(NOTHING)] if self.nullable else []  # what has been may be enough
        if part is not None:
            ways.append(Changed(in_sequence((part.rest, self._again(start))), part.doubt))
        return one_way(ways)

    def needed(self) -> Pattern:  # noqa: D102
        return replace(self, at_least=max(1, self.at_least))

    def first(self) -> Iterable[Leaf]:  # noqa: D102
        return self.part.first()

    def leaves(self) -> Iterable[Leaf]:  # noqa: D102
        return self.part.leaves()

    def bound(self, bind: Callable[[Leaf], Leaf]) -> Pattern:  # noqa: D102
        return replace(self, part=self.part.bound(bind))

    def __str__(self) -> str:
        if (self.at_least, self.at_most) == (0, 1):
            return f"optional {self.part}"
        most = "or more" if self.at_most is None else f"to {self.at_most}"
        times = f"{self.at_least}" if self.at_least == self.at_most else f"{self.at_least} {most}"
        return f"{times} times {self.part}"


@dataclass(frozen=True, slots=True)
class Eventually(Pattern):
    """The part, whatever else of its kinds came before it; a silence in it starts over at every event."""

    part: Pattern

    def _kinds(self) -> frozenset[str]:
        leaves = tuple(self.part.leaves())
        quiet_kinds = (leaf.quiet_kinds for leaf in leaves if isinstance(leaf, Quiet))
        return frozenset[str]().union(*(leaf.kinds for leaf in leaves), *quiet_kinds)

    def after(self, seen: Seen) -> Iterator[Step]:  # noqa: D102
        yield from self.part.after(seen)
        if seen.event.kind in self._kinds():
            again = self.part.begun(seen.start)
            yield Step(self if again is self.part else Eventually(again), One(seen.event.kind))

    def begun(self, start: "Start") -> Pattern:  # noqa: D102
        part = self.part.begun(start)
        return self if part is self.part else Eventually(part)

    def disturbed(self, seen: Seen) -> Changed | None:  # noqa: D102
        return self._changed(self.part.disturbed(seen), seen.start)

    def at(self, due: Due) -> Pattern | None:  # noqa: D102
        changed = self._changed(in_no_doubt(self.part.at(due)), Start(None))
        return changed and changed.rest

    def _changed(self, part: Changed | None, start: Start) -> Changed | None:
        if part is not None and part.rest is self.part:
            return Changed(self)
        again = Changed(Eventually(self.part.begun(start)))  # from this event on, or from the next one
        return one_way([again] if part is None else [part, again])

    def first(self) -> Iterable[Leaf]:  # noqa: D102
        return self.part.first()

    def leaves(self) -> Iterable[Leaf]:  # noqa: D102
        return self.part.leaves()

    def bound(self, bind: Callable[[Leaf], Leaf]) -> Pattern:  # noqa: D102
        return Eventually(self.part.bound(bind))

    def __str__(self) -> str:
        return f"eventually {self.part}"


# -- building ---------------------------------------------------------------------------------------------------------


def one(kind: str, **fields: object) -> One:
    """One event of a kind; each field may be a value, a matcher, a compiled expression, or None to leave it open.

    Raises:
        ValueError: There is no such kind, or the kind has no such field.
    """
    cls = CLASSES.get(kind)
    if cls is None or issubclass(cls, Move):
        known = [name for name, known in CLASSES.items() if not issubclass(known, Move)]
        raise ValueError(f"there is no event kind {kind!r}{nearest(kind, known)}")
    for name in fields:
        if not hasattr(cls, name) and name not in cls.model_fields:
            raise ValueError(f"a {kind} event has no field {name!r}{nearest(name, cls.model_fields)}")
    return One(kind, tuple((name, matcher(wanted)) for name, wanted in fields.items() if wanted is not None))


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the nearest known one, or all that are known."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known))}"


def checked(least: float | None, most: float | None, what: str) -> Bounds:
    """Bounds that can be kept.

    Raises:
        ValueError: They are negative, contradict each other, or say nothing.
    """
    if least is None and most is None:
        raise ValueError(f"{what} needs a bound; give the seconds it may take")
    if (least is not None and least < 0) or (most is not None and most < (least or 0)):
        raise ValueError(f"{what} can't be kept: {Bounds(least, most)}")
    return Bounds(least, most)


def patterns(parts: tuple[Pattern, ...], what: str) -> tuple[Pattern, ...]:
    """The parts of a pattern.

    Raises:
        TypeError: One of them is no pattern.
        ValueError: There are none.
    """
    for part in parts:
        if not isinstance(part, Pattern):
            raise TypeError(f"{what} is made of patterns, such as message('hello'), not of {part!r}")
    if not parts:
        raise ValueError(f"{what} of nothing would hold at once; name at least one event")
    return parts


def sequence(*parts: Pattern) -> Pattern:
    """The parts one after the other."""
    return in_sequence(patterns(parts, "a sequence"))


def all_of(*parts: Pattern) -> Pattern:
    """All of the parts, their events freely interleaved."""
    return AllOf(patterns(parts, "all_of"))


def any_of(*parts: Pattern) -> Pattern:
    """One of the parts."""
    return AnyOf(patterns(parts, "any_of"))


def optional(part: Pattern) -> Pattern:
    """The part or nothing."""
    return repeat(part, at_least=0, at_most=1)


def eventually(part: Pattern) -> Pattern:
    """The part, whatever else of its kinds came before it.

    Raises:
        ValueError: The part may be nothing, so there would be nothing to wait for.
    """
    patterns((part,), "eventually")
    if part.nullable:
        raise ValueError(f"can't wait for {part}: it may be nothing")
    if unbound(part):
        raise ValueError(f"can't wait for {part}: what eventually begins with can't be bound to the event before it")
    return Eventually(part)


def quiet(seconds: float, *, kinds: Iterable[str] = ()) -> Pattern:
    """Nothing of the kinds, or of whatever the other side sends, for that many seconds.

    Raises:
        ValueError: There is no such kind, or the time is not more than none.
    """
    if seconds <= 0:
        raise ValueError(f"a silence of {seconds:g} s is no silence; give more than 0 seconds")
    named = frozenset([kinds] if isinstance(kinds, str) else kinds)
    for kind in named - EVERYTHING:
        raise ValueError(f"there is no event kind {kind!r}{nearest(kind, EVERYTHING)}")
    return Quiet(seconds, named or EVERYTHING)


def repeat(part: Pattern, *, at_least: int = 1, at_most: int | None = None) -> Pattern:
    """The part that many times in a row.

    Raises:
        ValueError: The bounds contradict each other, or the part can be nothing.
    """
    patterns((part,), "a repetition")
    if at_least < 0 or (at_most is not None and at_most < max(1, at_least)):
        raise ValueError(f"can't repeat at least {at_least} and at most {at_most} times")
    if part.nullable:
        raise ValueError(f"can't repeat {part}: it may be nothing, so there would be no end to it")
    if silent(part):
        raise ValueError(f"can't repeat {part}, or make it optional: it can hold without any event")
    return Repeat(part, at_least, at_most)


def silent(pattern: Pattern) -> bool:
    """Whether the pattern can hold by the passing of time alone."""
    match pattern:
        case Quiet():
            return True
        case Sequence(parts) | AllOf(parts):
            return all(silent(part) or part.nullable for part in parts)
        case AnyOf(parts):
            return any(map(silent, parts))
        case Eventually(part):
            return silent(part)
        case _:
            return False


def needs(pattern: Pattern, name: str) -> bool:
    """Whether the pattern can't hold without an event of that name or kind."""
    match pattern:
        case Leaf():
            return name == pattern.name or pattern.kinds == {name} or ("message" in pattern.kinds and name == "message")
        case Sequence(parts) | AllOf(parts):
            return any(needs(part, name) for part in parts)
        case AnyOf(parts):
            return all(needs(part, name) for part in parts)
        case Repeat(part):
            return pattern.at_least > 0 and needs(part, name)
        case Eventually(part):
            return needs(part, name)
        case _:
            return False


def unbound(pattern: Pattern) -> bool:
    """Whether an event that can be the first has a bound to the one before it, though there is none."""
    match pattern:
        case One():
            return pattern.gap is not None
        case Sequence(parts):
            for part in parts:
                if unbound(part):
                    return True
                if not (part.nullable or silent(part)):
                    break
            return False
        case AllOf(parts) | AnyOf(parts):
            return any(map(unbound, parts))
        case Repeat(part) | Eventually(part):
            return unbound(part)
        case _:
            return False


def behind_silence(pattern: Pattern) -> bool:
    """Whether an event is bound to the one before it across a silence, which its bound would have to outlast."""
    match pattern:
        case Sequence(parts):
            pairs = pairwise(parts)
            return any(silent(part) and unbound(later) for part, later in pairs) or any(map(behind_silence, parts))
        case AllOf(parts) | AnyOf(parts):
            return any(map(behind_silence, parts))
        case Repeat(part) | Eventually(part):
            return behind_silence(part)
        case _:
            return False
