"""The pattern algebra: immutable trees that say which events, in which order, with which pauses.

A pattern answers a few questions, and they are all that the engine asks; a new pattern is a new class:

* `nullable`: may it end here?
* `after(seen)`: its derivative, every way to take an event, as what remains of it;
* `changed(change, start)`: what remains of it when its leaves change: an event was not taken, time passed;
* `begun(start)`: what it becomes when what stands before it has just happened;
* `needed()`: what it is if it may not be left out;
* `without(name)`: what it is if an event can come no more.

Not here: which patterns are refused (building.py); queues, deadlines, verdicts (engine.py); answers (reply.py).
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, NoReturn

from harness.events import CLASSES
from harness.events.base import Event, Received
from harness.expectations.instants import Bounds, Due, Stamp, Start, doubtful
from harness.expectations.matchers import Matcher, Mismatch
from harness.timeline.spans import between
from harness.timeline.streams import Streams


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


class Step(NamedTuple):
    """One way to take an event: what remains, the leaf that took it, and why it is in doubt, if it is."""

    rest: "Pattern"
    leaf: "Leaf"
    doubt: str | None = None


Change = Callable[["Leaf"], "Pattern | None"]
"""What becomes of a leaf; None if it can't hold any more."""


class Pattern:
    """Base of all patterns. `a & b` is all of both, `a | b` one of them."""

    __slots__ = ()

    nullable: bool = False
    """Whether nothing more is needed."""

    def after(self, seen: Seen) -> Iterable[Step]:
        """Every way to take the event."""
        raise NotImplementedError

    def changed(self, change: Change, start: Start) -> "Pattern | None":
        """What remains when the leaves that could be next change; None if it can't hold any more.

        Args:
            change: What each of them becomes.
            start: What begins where a silence is over by that.
        """
        raise NotImplementedError

    def begun(self, start: Start) -> "Pattern":
        """The same, told when what stands before it happened."""
        raise NotImplementedError

    def without(self, name: str) -> "Pattern | None":
        """The same without the events of that name or kind; None if it can't hold without them."""
        raise NotImplementedError

    def needed(self) -> "Pattern":
        """The same where it may not be left out; itself if it never may."""
        return self

    def first(self) -> Iterable["Leaf"]:
        """The leaves that could take the next event, or that wait for time."""
        raise NotImplementedError

    def leaves(self) -> Iterable["Leaf"]:
        """Every leaf."""
        raise NotImplementedError

    def bound(self, bind: Callable[["Leaf"], "Leaf"]) -> "Pattern":
        """The same pattern with every leaf replaced."""
        raise NotImplementedError

    def due(self) -> Due | None:
        """The next instant at which something in it changes by itself."""
        return min((due for leaf in self.first() if (due := leaf.due()) is not None), default=None)

    def at(self, due: Due) -> "Pattern | None":
        """What it is once `due` has come; None if a bound has passed without which it can't hold."""
        return self.changed(lambda leaf: leaf.at(due), Start(due.stamp, is_event=False))

    def disturbed(self, seen: Seen) -> "Pattern | None":
        """What remains when the event is not taken here; None if it can't hold any more."""
        return self.changed(lambda leaf: leaf.disturbed(seen), Start(seen.stamp))

    def __and__(self, other: "Pattern") -> "Pattern":
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))

    def __or__(self, other: "Pattern") -> "Pattern":
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))

    def __invert__(self) -> NoReturn:
        raise TypeError(
            f"a pattern has no opposite, so ~ can't stand before {self}: name an event that must not come in never=, "
            "and write ~ before the matcher of a field that must not fit"
        )


def _parts(pattern: Pattern, cls: "type[_Branches]") -> tuple[Pattern, ...]:
    return pattern.parts if isinstance(pattern, cls) else (pattern,)


# -- leaves -----------------------------------------------------------------------------------------------------------


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

    def due(self) -> Due | None:
        return None

    def at(self, due: Due) -> Pattern | None:
        mine = self.due()
        return self if mine is None or mine > due else None

    def disturbed(self, seen: Seen) -> Pattern | None:
        return self

    def changed(self, change: Change, start: Start) -> Pattern | None:
        return change(self)

    def begun(self, start: Start) -> Pattern:
        return self

    def without(self, name: str) -> Pattern | None:
        return None if name == self.name or name in self.kinds else self

    def first(self) -> Iterable["Leaf"]:
        return (self,)

    def leaves(self) -> Iterable["Leaf"]:
        return (self,)

    def bound(self, bind: Callable[["Leaf"], "Leaf"]) -> Pattern:
        return bind(self)


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
    def kinds(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset((self.kind,))

    def after(self, seen: Seen) -> Iterable[Step]:
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

    def mismatches(self, seen: Seen) -> dict[str, Mismatch]:
        event = seen.event
        if event.kind != self.kind:
            return {"kind": Mismatch(wanted=self.kind, saw=event.kind)}
        found = {name: wanted.match(getattr(event, name)) for name, wanted in self.fields}
        if self.gap is not None and self.since is not None:
            low, high = between(self.since, seen.stamp)
            if self.gap.judged(low, high) is False:
                found["after_previous"] = Mismatch(wanted=str(self.gap), saw=f"{low:.3f} s")
        return {name: mismatch for name, mismatch in found.items() if mismatch is not None}

    def captures(self, event: Event) -> dict[str, str]:
        return {
            name: value
            for field, wanted in self.fields
            for name, value in wanted.captures(getattr(event, field)).items()
        }

    def begun(self, start: Start) -> Pattern:
        return replace(self, since=start.stamp) if self.gap is not None and start.is_event else self

    def due(self) -> Due | None:
        if self.gap is None or self.gap.most is None or self.since is None:
            return None
        return Due(self.since.at + self.gap.most, is_bound=True)

    def named(self, name: str) -> "One":
        """The same, with a name by which later steps and latencies call the event."""
        return replace(self, name=name)

    def after_previous(self, *, least: float | None = None, most: float | None = None) -> "One":
        """The same, within bounds (seconds) since the event matched before it in its sequence.

        Raises:
            ValueError: The bounds contradict each other.
        """
        return replace(self, gap=Bounds.checked(least, most, "after_previous"))

    def __str__(self) -> str:
        fields = " and ".join(f"{name} {wanted}" for name, wanted in self.fields if name != "of")
        of = "".join(f" of {wanted}" for name, wanted in self.fields if name == "of")
        name = f" (as {self.name})" if self.name else ""
        gap = f" {self.gap} after the one before" if self.gap else ""
        return f"{self.kind}{of}{f' with {fields}' if fields else ''}{name}{gap}"


EVERYTHING = frozenset(kind for kind, cls in CLASSES.items() if issubclass(cls, Received))
"""Every kind that the other side sends, heartbeats left out."""

CONNECTION = frozenset({"connected", "dropped", "resumed", "replayed", "missed"})
"""Kinds of what befell the event stream; they concern a block that names them, and no other."""


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

    def after(self, seen: Seen) -> Iterable[Step]:
        return ()

    def mismatches(self, seen: Seen) -> dict[str, Mismatch]:
        if seen.event.kind not in self.quiet_kinds or self.since is None:
            return {"kind": Mismatch(wanted=str(self), saw=seen.event.kind)}
        low, _ = between(self.since, seen.stamp)
        return {"silence": Mismatch(wanted=f"{self.seconds:g} s", saw=f"{seen.event.kind} after {low:.3f} s")}

    def begun(self, start: Start) -> Pattern:
        if start.stamp is None:
            return replace(self, since=None)
        earliest, at = start.stamp
        return replace(self, since=Stamp(max(earliest, self.opens), max(at, self.opens)))

    def disturbed(self, seen: Seen) -> Pattern | None:
        breaks = self.since is not None and seen.event.kind in self.quiet_kinds and seen.event.at >= self.since.earliest
        return None if breaks else self

    def due(self) -> Due | None:
        if self.since is None:
            return None
        return Due(self.since.at + self.seconds, is_bound=False, earliest=self.since.earliest + self.seconds)

    def at(self, due: Due) -> Pattern | None:
        mine = self.due()
        return self if mine is None or mine > due else NOTHING

    def doubted(self, stamp: Stamp) -> str:
        """Why it can't be told whether it was over by then."""
        assert self.since is not None  # noqa: S101 - only what has begun can be over
        return doubtful("the silence", *between(self.since, stamp), Bounds(least=self.seconds))

    def __str__(self) -> str:
        kinds = "" if self.quiet_kinds == EVERYTHING else f" of {', '.join(sorted(self.quiet_kinds))}"
        return f"quiet{kinds} for {self.seconds:g} s"


# -- trees ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Branches(Pattern):
    parts: tuple[Pattern, ...]

    def begun(self, start: Start) -> Pattern:
        parts = tuple(part.begun(start) for part in self.parts)
        return self if parts == self.parts else type(self)(parts)

    def without(self, name: str) -> Pattern | None:
        parts = [part.without(name) for part in self.parts]
        if _same(parts, self.parts):
            return self
        left = tuple(part for part in parts if part is not None)
        return type(self)(left) if len(left) == len(parts) else None

    def first(self) -> Iterable[Leaf]:
        for part in self.parts:
            yield from part.first()

    def leaves(self) -> Iterable[Leaf]:
        for part in self.parts:
            yield from part.leaves()

    def bound(self, bind: Callable[[Leaf], Leaf]) -> Pattern:
        return type(self)(tuple(part.bound(bind) for part in self.parts))


def _same(parts: Iterable[Pattern | None], others: Iterable[Pattern]) -> bool:
    return all(map(operator.is_, parts, others))


@dataclass(frozen=True, slots=True)
class Sequence(_Branches):
    """One after the other."""

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        return all(part.nullable for part in self.parts)

    def _heads(self) -> tuple[Pattern, ...]:
        """The parts that could be next: all up to the first that can't be left out."""
        last = next((place for place, part in enumerate(self.parts) if not part.nullable), len(self.parts))
        return self.parts[: last + 1]

    def after(self, seen: Seen) -> Iterator[Step]:
        start = Start(seen.stamp)
        for place, head in enumerate(self._heads()):
            for step in head.after(seen):
                if step.rest is head and place == 0 and not head.nullable:
                    yield Step(self, step.leaf, step.doubt)
                else:
                    tail = (part.begun(start) for part in self.parts[place + 1 :])
                    yield step._replace(rest=in_sequence((step.rest, *tail)))

    def changed(self, change: Change, start: Start) -> Pattern | None:
        heads = self._heads()
        if _same((head.changed(change, start) for head in heads), heads):
            return self
        ways: list[Pattern | None] = [NOTHING] if self.nullable else []
        for place, head in enumerate(heads):  # each way to go on begins with one head that is not left out
            if (rest := head.needed().changed(change, start)) is not None:
                tail = self.parts[place + 1 :]
                if rest.nullable:  # a silence is over
                    tail = tuple(part.begun(start) for part in tail)
                ways.append(in_sequence((rest, *tail)))
        return one_left(ways)

    def needed(self) -> Pattern:
        if not self.nullable:
            return self
        ways = [in_sequence((part.needed(), *self.parts[place + 1 :])) for place, part in enumerate(self.parts)]
        return one_left(ways) or IMPOSSIBLE

    def begun(self, start: Start) -> Pattern:
        heads = self._heads()
        parts = (*(part.begun(start) for part in heads), *self.parts[len(heads) :])
        return self if parts == self.parts else Sequence(parts)

    def first(self) -> Iterable[Leaf]:
        for part in self._heads():
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
    def nullable(self) -> bool:  # type: ignore[override]
        return all(part.nullable for part in self.parts)

    def after(self, seen: Seen) -> Iterator[Step]:
        for place, part in enumerate(self.parts):
            for step in part.after(seen):
                if part in self.parts[:place]:
                    break  # an equal branch has taken it already; which of the two is no difference
                others = self._but(place)
                rests = [other.disturbed(seen) for other in others]
                if step.rest is part and _same(rests, others):
                    yield Step(self, step.leaf, step.doubt)
                elif (rest := all_left([*rests[:place], step.rest, *rests[place:]])) is not None:
                    yield step._replace(rest=rest)

    def _but(self, place: int) -> tuple[Pattern, ...]:
        return (*self.parts[:place], *self.parts[place + 1 :])

    def changed(self, change: Change, start: Start) -> Pattern | None:
        parts = [part.changed(change, start) for part in self.parts]
        return self if _same(parts, self.parts) else all_left(parts)

    def needed(self) -> Pattern:
        if not self.nullable:
            return self
        ways = [all_left([part.needed(), *self._but(place)]) for place, part in enumerate(self.parts)]
        return one_left(ways) or IMPOSSIBLE

    def __str__(self) -> str:
        return f"all of ({'; '.join(map(str, self.parts))})"


def all_left(parts: list[Pattern | None]) -> Pattern | None:
    """All of the parts that are not done, in the order they were written; None if one of them can't hold."""
    left = tuple(part for part in parts if part is not None and part != NOTHING)
    if None in parts:
        return None
    return left[0] if len(left) == 1 else AllOf(left) if left else NOTHING


@dataclass(frozen=True, slots=True)
class AnyOf(_Branches):
    """One of them."""

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        return any(part.nullable for part in self.parts)

    def after(self, seen: Seen) -> Iterator[Step]:
        for part in self.parts:
            yield from part.after(seen)

    def changed(self, change: Change, start: Start) -> Pattern | None:
        return self._of([part.changed(change, start) for part in self.parts])

    def without(self, name: str) -> Pattern | None:
        return self._of([part.without(name) for part in self.parts])

    def _of(self, parts: list[Pattern | None]) -> Pattern | None:
        return self if parts and _same(parts, self.parts) else one_left(parts)

    def needed(self) -> Pattern:
        return one_left([part.needed() for part in self.parts]) or IMPOSSIBLE if self.nullable else self

    def __str__(self) -> str:
        return f"any of ({'; '.join(map(str, self.parts))})"


IMPOSSIBLE = AnyOf(())
"""One of nothing: it takes no event, and is gone at the next change."""


def one_left(parts: Iterable[Pattern | None]) -> Pattern | None:
    """One of the parts that can hold, each named once; None if there is none."""
    left = tuple(dict.fromkeys(part for part in parts if part is not None))
    return left[0] if len(left) == 1 else AnyOf(left) if left else None


@dataclass(frozen=True, slots=True)
class Repeat(Pattern):
    """The same, a number of times in a row; `at_most` None is without end."""

    part: Pattern
    at_least: int
    at_most: int | None

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        return self.at_least == 0

    def after(self, seen: Seen) -> Iterator[Step]:
        again: Pattern | None = None
        for step in self.part.after(seen):
            again = again or self._again(Start(seen.stamp))
            yield step._replace(rest=again if step.rest is NOTHING else in_sequence((step.rest, again)))

    def _again(self, start: Start) -> Pattern:
        if self.at_most == 1:
            return NOTHING
        part = self.part.begun(start)
        if part is self.part and (self.at_least, self.at_most) == (0, None):
            return self
        return Repeat(part, max(0, self.at_least - 1), None if self.at_most is None else self.at_most - 1)

    def changed(self, change: Change, start: Start) -> Pattern | None:
        rest = self.part.changed(change, start)
        if rest is self.part:
            return self
        enough = NOTHING if self.nullable else None
        return one_left([enough, rest and in_sequence((rest, self._again(start)))])

    def begun(self, start: Start) -> Pattern:
        part = self.part.begun(start)
        return self if part is self.part else replace(self, part=part)

    def needed(self) -> Pattern:
        return replace(self, at_least=max(1, self.at_least))

    def without(self, name: str) -> Pattern | None:
        part = self.part.without(name)
        if part is None:
            return NOTHING if self.nullable else None
        return self if part is self.part else replace(self, part=part)

    def first(self) -> Iterable[Leaf]:
        return self.part.first()

    def leaves(self) -> Iterable[Leaf]:
        return self.part.leaves()

    def bound(self, bind: Callable[[Leaf], Leaf]) -> Pattern:
        return replace(self, part=self.part.bound(bind))

    def __str__(self) -> str:
        if (self.at_least, self.at_most) == (0, 1):
            return f"optional {self.part}"
        most = "or more" if self.at_most is None else f"to {self.at_most}"
        times = f"{self.at_least}" if self.at_least == self.at_most else f"{self.at_least} {most}"
        return f"{times} times {self.part}"


@dataclass(frozen=True, slots=True)
class Eventually(Pattern):
    """The part, whatever else of its kinds came before it; a silence in it starts over at every event.

    Attributes:
        part: What remains of it.
        kinds: The kinds of all of it, which may be more than those of what remains; found by itself.
    """

    part: Pattern
    kinds: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.kinds:
            leaves = tuple(self.part.leaves())
            quiet_kinds = (leaf.quiet_kinds for leaf in leaves if isinstance(leaf, Quiet))
            kinds = frozenset[str]().union(*(leaf.kinds for leaf in leaves), *quiet_kinds)
            object.__setattr__(self, "kinds", kinds)

    def after(self, seen: Seen) -> Iterator[Step]:
        yield from self.part.after(seen)
        if seen.event.kind in self.kinds:
            yield Step(self.begun(Start(seen.stamp)), One(seen.event.kind))

    def changed(self, change: Change, start: Start) -> Pattern | None:
        rest = self.part.changed(change, start)
        if rest is self.part:
            return self
        again = self.begun(start if start.is_event else Start(None))  # from this event on, or from the next one
        return one_left([rest, again])

    def begun(self, start: Start) -> Pattern:
        part = self.part.begun(start)
        return self if part is self.part else replace(self, part=part)

    def without(self, name: str) -> Pattern | None:
        part = self.part.without(name)
        return self if part is self.part else part and replace(self, part=part)

    def first(self) -> Iterable[Leaf]:
        return self.part.first()

    def leaves(self) -> Iterable[Leaf]:
        return self.part.leaves()

    def bound(self, bind: Callable[[Leaf], Leaf]) -> Pattern:
        return replace(self, part=self.part.bound(bind))

    def __str__(self) -> str:
        return f"eventually {self.part}"
