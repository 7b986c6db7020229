"""The pattern algebra: immutable trees that say which events, in which order.

A pattern knows three things: whether it may end here (`nullable`), what remains of it after an event (`after`, its
derivative), and which events could come next (`first`). That is all the engine needs; a new pattern is a new class
here. Not here: time, queues, verdicts (engine.py); the words scenarios are written in (vocabulary.py).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from harness.events import CLASSES
from harness.events.base import Event, Move
from harness.expectations.matchers import Matcher, Mismatch, matcher

Step = tuple["Pattern", "One"]
"""What remains after an event, and the leaf that took it."""


class Pattern:
    """Base of all patterns. `a & b` is all of both, `a | b` one of them."""

    __slots__ = ()

    nullable: bool = False
    """Whether nothing more is needed."""

    def after(self, event: Event) -> Iterable[Step]:
        """The derivative: every way to take the event, as what remains and the leaf that took it."""
        raise NotImplementedError

    def first(self) -> Iterable["One"]:
        """The leaves that could take the next event."""
        raise NotImplementedError

    def leaves(self) -> Iterable["One"]:
        """Every leaf."""
        raise NotImplementedError

    def bound(self, bind: Callable[["One"], "One"]) -> "Pattern":
        """The same pattern with every leaf replaced."""
        raise NotImplementedError

    def __and__(self, other: "Pattern") -> "Pattern":
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))

    def __or__(self, other: "Pattern") -> "Pattern":
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))


def _parts(pattern: Pattern, cls: type["_Branches"]) -> tuple[Pattern, ...]:
    return pattern.parts if isinstance(pattern, cls) else (pattern,)


@dataclass(frozen=True, slots=True)
class One(Pattern):
    """One event of a kind whose fields all fit.

    `of` is the entry id of the user's message that a receipt belongs to; None means the last thing said.
    """

    kind: str
    fields: tuple[tuple[str, Matcher], ...] = ()
    of: str | None = None

    def mismatches(self, event: Event) -> dict[str, Mismatch]:
        """The fields that do not fit, by name; empty if the event is the one."""
        if event.kind != self.kind:
            return {"kind": Mismatch(wanted=self.kind, saw=event.kind)}
        return {
            name: mismatch
            for name, wanted in self.fields
            if (mismatch := wanted.match(getattr(event, name))) is not None
        }

    def after(self, event: Event) -> Iterable[Step]:  # noqa: D102
        if event.kind == self.kind and all(wanted.accepts(getattr(event, name)) for name, wanted in self.fields):
            yield NOTHING, self

    def first(self) -> Iterable["One"]:  # noqa: D102
        yield self

    def leaves(self) -> Iterable["One"]:  # noqa: D102
        yield self

    def bound(self, bind: Callable[["One"], "One"]) -> Pattern:  # noqa: D102
        return bind(self)

    def __str__(self) -> str:
        fields = " and ".join(f"{name} {wanted}" for name, wanted in self.fields)
        return f"{self.kind} with {fields}" if fields else self.kind


@dataclass(frozen=True, slots=True)
class _Branches(Pattern):
    parts: tuple[Pattern, ...]

    def leaves(self) -> Iterable[One]:
        for part in self.parts:
            yield from part.leaves()

    def bound(self, bind: Callable[[One], One]) -> Pattern:
        return type(self)(tuple(part.bound(bind) for part in self.parts))


@dataclass(frozen=True, slots=True)
class Sequence(_Branches):
    """One after the other."""

    @property
    def nullable(self) -> bool:  # type: ignore[override]  # noqa: D102
        return all(part.nullable for part in self.parts)

    def _heads(self) -> Iterator[tuple[Pattern, tuple[Pattern, ...]]]:
        for place, part in enumerate(self.parts):
            yield part, self.parts[place + 1 :]
            if not part.nullable:
                return

    def after(self, event: Event) -> Iterable[Step]:  # noqa: D102
        for head, tail in self._heads():
            for rest, leaf in head.after(event):
                yield in_sequence((rest, *tail)), leaf

    def first(self) -> Iterable[One]:  # noqa: D102
        for head, _ in self._heads():
            yield from head.first()

    def __str__(self) -> str:
        return f"[{', then '.join(map(str, self.parts))}]" if self.parts else "nothing"


NOTHING = Sequence(())
"""What remains when all is done."""


def in_sequence(parts: Iterable[Pattern]) -> Pattern:
    """A sequence without nesting and without parts that are done."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, Sequence) else (part,)))
    return flat[0] if len(flat) == 1 else Sequence(flat)


@dataclass(frozen=True, slots=True)
class AllOf(_Branches):
    """All of them, their events freely interleaved."""

    @property
    def nullable(self) -> bool:  # type: ignore[override]  # noqa: D102
        return all(part.nullable for part in self.parts)

    def after(self, event: Event) -> Iterable[Step]:  # noqa: D102
        for place, part in enumerate(self.parts):
            if part in self.parts[:place]:
                continue  # an equal branch has taken it already; which of the two is no difference
            for rest, leaf in part.after(event):
                others = (*self.parts[:place], *((rest,) if rest != NOTHING else ()), *self.parts[place + 1 :])
                yield (others[0] if len(others) == 1 else AllOf(others) if others else NOTHING), leaf

    def first(self) -> Iterable[One]:  # noqa: D102
        for part in self.parts:
            yield from part.first()

    def __str__(self) -> str:
        return f"all of ({'; '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class AnyOf(_Branches):
    """One of them."""

    @property
    def nullable(self) -> bool:  # type: ignore[override]  # noqa: D102
        return any(part.nullable for part in self.parts)

    def after(self, event: Event) -> Iterable[Step]:  # noqa: D102
        for part in self.parts:
            yield from part.after(event)

    def first(self) -> Iterable[One]:  # noqa: D102
        for part in self.parts:
            yield from part.first()

    def __str__(self) -> str:
        return f"any of ({'; '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class Repeat(Pattern):
    """The same, a number of times in a row; `at_most` None is without end."""

    part: Pattern
    at_least: int
    at_most: int | None

    @property
    def nullable(self) -> bool:  # type: ignore[override]  # noqa: D102
        return self.at_least == 0

    def after(self, event: Event) -> Iterable[Step]:  # noqa: D102
        more = None if self.at_most is None else self.at_most - 1
        again = NOTHING if more == 0 else Repeat(self.part, max(0, self.at_least - 1), more)
        for rest, leaf in self.part.after(event):
            yield in_sequence((rest, again)), leaf

    def first(self) -> Iterable[One]:  # noqa: D102
        return self.part.first()

    def leaves(self) -> Iterable[One]:  # noqa: D102
        return self.part.leaves()

    def bound(self, bind: Callable[[One], One]) -> Pattern:  # noqa: D102
        return Repeat(self.part.bound(bind), self.at_least, self.at_most)

    def __str__(self) -> str:
        if (self.at_least, self.at_most) == (0, 1):
            return f"optional {self.part}"
        most = "or more" if self.at_most is None else f"to {self.at_most}"
        times = f"{self.at_least}" if self.at_least == self.at_most else f"{self.at_least} {most}"
        return f"{times} times {self.part}"


def one(kind: str, **fields: object) -> One:
    """One event of a kind; each field may be a value, a matcher, a compiled expression, or None to leave it open.

    Raises:
        ValueError: There is no such kind, or the kind has no such field.
    """
    cls = CLASSES.get(kind)
    if cls is None or issubclass(cls, Move):
        known = [name for name, known in CLASSES.items() if not issubclass(known, Move)]
        raise ValueError(f"there is no event kind {kind!r}{_nearest(kind, known)}")
    for name in fields:
        if not hasattr(cls, name) and name not in cls.model_fields:
            raise ValueError(f"a {kind} event has no field {name!r}{_nearest(name, cls.model_fields)}")
    return One(kind, tuple((name, matcher(wanted)) for name, wanted in fields.items() if wanted is not None))


def _nearest(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known))}"


def _patterns(parts: tuple[Pattern, ...], what: str) -> tuple[Pattern, ...]:
    for part in parts:
        if not isinstance(part, Pattern):
            raise TypeError(f"{what} is made of patterns, such as message('hello'), not of {part!r}")
    if not parts:
        raise ValueError(f"{what} of nothing would hold at once; name at least one event")
    return parts


def sequence(*parts: Pattern) -> Pattern:
    """The parts one after the other."""
    return in_sequence(_patterns(parts, "a sequence"))


def all_of(*parts: Pattern) -> Pattern:
    """All of the parts, their events freely interleaved."""
    return AllOf(_patterns(parts, "all_of"))


def any_of(*parts: Pattern) -> Pattern:
    """One of the parts."""
    return AnyOf(_patterns(parts, "any_of"))


def optional(part: Pattern) -> Pattern:
    """The part or nothing."""
    return repeat(part, at_least=0, at_most=1)


def repeat(part: Pattern, *, at_least: int = 1, at_most: int | None = None) -> Pattern:
    """The part that many times in a row.

    Raises:
        ValueError: The bounds contradict each other, or the part can be nothing.
    """
    _patterns((part,), "a repetition")
    if at_least < 0 or (at_most is not None and at_most < max(1, at_least)):
        raise ValueError(f"can't repeat at least {at_least} and at most {at_most} times")
    if part.nullable:
        raise ValueError(f"can't repeat {part}: it may be nothing, so there would be no end to it")
    return Repeat(part, at_least, at_most)
