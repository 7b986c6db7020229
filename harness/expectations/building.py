"""Builds patterns, and refuses those that mean nothing, with a sentence that says why.

The functions here are words of the language; so are those of vocabulary.py, one for every kind of event.
"""

from collections.abc import Iterable

from harness.documents import nearest
from harness.events import CLASSES
from harness.events.base import types
from harness.expectations.matchers import matcher
from harness.expectations.patterns import (
    CONNECTION,
    EVERYTHING,
    AllOf,
    AnyOf,
    Eventually,
    One,
    Pattern,
    Quiet,
    Repeat,
    Sequence,
    in_sequence,
)


def one(kind: str, **fields: object) -> One:
    """One event of a kind; each field may be a value, a matcher, a compiled expression, or None to leave it open.

    Raises:
        ValueError: There is no such kind, or the kind has no such field.
    """
    if kind not in (known := EVERYTHING | CONNECTION):
        raise ValueError(f"there is no event kind {kind!r}{nearest(kind, known)}")
    cls = CLASSES[kind]
    for name in fields:
        if name not in types(cls) and not hasattr(cls, name):
            raise ValueError(f"a {kind} event has no field {name!r}{nearest(name, types(cls))}")
    return One(kind, tuple((name, matcher(wanted)) for name, wanted in fields.items() if wanted is not None))


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
            ends = (place for place, part in enumerate(parts) if _ends_silent(part))
            return any(unbound(Sequence(parts[end + 1 :])) for end in ends) or any(map(behind_silence, parts))
        case AllOf(parts) | AnyOf(parts):
            return any(map(behind_silence, parts))
        case Repeat(part) | Eventually(part):
            return (_ends_silent(part) and unbound(part)) or behind_silence(part)
        case _:
            return False


def _ends_silent(pattern: Pattern) -> bool:
    """Whether a silence can be the last of it."""
    match pattern:
        case Quiet():
            return True
        case Sequence(parts):
            for part in reversed(parts):
                if _ends_silent(part):
                    return True
                if not part.nullable:
                    break
            return False
        case AllOf(parts) | AnyOf(parts):
            return any(map(_ends_silent, parts))
        case Repeat(part) | Eventually(part):
            return _ends_silent(part)
        case _:
            return False


def least_time(pattern: Pattern) -> float:  # noqa: PLR0911 - one a pattern
    """Seconds that the pattern takes in any case, for its silences and the bounds between its events."""
    match pattern:
        case Quiet():
            return pattern.seconds
        case One():
            return (pattern.gap and pattern.gap.least) or 0.0
        case Sequence(parts):
            return sum(map(least_time, parts))
        case AllOf(parts):
            return max(map(least_time, parts), default=0.0)
        case AnyOf(parts):
            return min(map(least_time, parts), default=0.0)
        case Repeat(part):
            return pattern.at_least * least_time(part)
        case Eventually(part):
            return least_time(part)
    return 0.0
