"""Checks of one value: None when it fits, or a mismatch that says what was wanted and what was seen.

Here: what every matcher is, equality, parts of texts, and how matchers are combined. They are frozen, never remember
what they saw, and never raise because of it. Any object with `==` works where a matcher is wanted. Not here:
catalogues, texts that are nearly right or hold something to remember (texts.py), numbers and amounts (measures.py),
lists and JSON (structure.py), cards and links (content.py), which event a value belongs to (patterns.py).
"""

import re
import unicodedata
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from harness.events.text import quoted


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a value did not fit."""

    wanted: str
    saw: str

    def __str__(self) -> str:
        return f"wanted {self.wanted}, saw {self.saw}"


def shown(value: object) -> str:
    """A value as it appears in a message: text quoted and made safe, everything else by its repr."""
    if isinstance(value, str):
        return quoted(value)
    try:
        return quoted(repr(value), marks="")
    except Exception:  # nested too deep, a number of too many digits, a repr of somebody's own
        return f"a value of type {type(value).__name__} that can't be shown"


def normalised(text: str) -> str:
    """Text as it is compared: Unicode form NFC, every run of white space one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def as_part(text: str) -> str:
    """Text as it is looked for in a normalised one between two spaces: a space at its ends is kept.

    So "no " is not found in "nobody", and is found in "no thanks" and in "no".
    """
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text))


_ALIKE_OF = 1000
"""Characters at the start of two texts that say how alike they are; it only picks which mismatch is told."""


class Matcher:
    """A check of one value.

    `a & b` wants both, `a | b` one of them, `~a` the opposite; the other side may be a plain value.
    """

    __slots__ = ()

    def accepts(self, value: object) -> bool:
        """Whether the value fits."""
        raise NotImplementedError

    def match(self, value: object) -> Mismatch | None:
        """None if the value fits, else what was wanted and what was seen."""
        return None if self.accepts(value) else Mismatch(wanted=str(self), saw=self.seen(value))

    def seen(self, value: object) -> str:
        """What a mismatch says of a value that does not fit."""
        return shown(value)

    def apart(self, value: object) -> float:
        """How far the value is from fitting, 0 to 1; of several that do not fit, the nearest is told."""
        return 0.0 if self.accepts(value) else 1.0

    @property
    def binds(self) -> frozenset[str]:
        """The names that `captures` can give."""
        return frozenset()

    def captures(self, value: object) -> dict[str, str]:
        """The texts that a value has under the names of `binds`; none if it does not fit."""
        return {}

    def __and__(self, other: object) -> "Matcher":
        return Both(self, matcher(other))

    def __or__(self, other: object) -> "Matcher":
        return Either(self, matcher(other))

    def __invert__(self) -> "Matcher":
        return Not(self)


def inside(part: Matcher) -> str:
    """A matcher as it prints inside another one."""
    return f"({part})" if isinstance(part, Both | Either) else str(part)


_PLAIN = (str, int, float, bool, type(None))


class Equals(Matcher):
    """The value is equal; texts are compared normalised unless `exact`, also those in a list or tuple."""

    __slots__ = ("_key", "_parts", "exact", "wanted")

    def __init__(self, wanted: object, *, exact: bool = False) -> None:
        self.wanted, self.exact = wanted, exact
        is_list = isinstance(wanted, list | tuple) and type(wanted) in {list, tuple}
        self._parts = tuple(_part_of(part, exact=exact) for part in wanted) if is_list else None  # type: ignore[attr-defined]
        self._key: object = (type(wanted), wanted) if isinstance(wanted, _PLAIN) else self._parts

    def accepts(self, value: object) -> bool:  # noqa: D102
        try:
            return self._fits(value)
        except Exception:  # an `==` of somebody's own, or nested too deep
            return False

    def _fits(self, value: object) -> bool:
        if self._parts is not None:
            return (
                isinstance(value, list | tuple)
                and len(value) == len(self._parts)
                and all(part.accepts(item) for part, item in zip(self._parts, value, strict=True))
            )
        if isinstance(self.wanted, str) and isinstance(value, str) and not self.exact:
            return normalised(self.wanted) == normalised(value)
        return bool(self.wanted == value)

    def seen(self, value: object) -> str:  # noqa: D102
        try:
            self._fits(value)
        except Exception as error:
            return f"{shown(value)}, which can't be compared: {type(error).__name__}: {shown_error(error)}"
        return shown(value)

    def apart(self, value: object) -> float:  # noqa: D102
        if isinstance(self.wanted, str) and isinstance(value, str) and not self.accepts(value):
            return 1.0 - Indel.normalized_similarity(self.wanted[:_ALIKE_OF], value[:_ALIKE_OF]) * 0.99
        return Matcher.apart(self, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Equals) or self.exact != other.exact:
            return False
        return self.wanted is other.wanted if self._key is None else self._key == other._key

    def __hash__(self) -> int:
        return id(self.wanted) if self._key is None else hash(self._key)

    def __str__(self) -> str:
        plain = self._parts is None or all(isinstance(part, Equals) for part in self._parts)
        told = shown(self.wanted) if plain else f"[{', '.join(map(inside, self._parts or ()))}]"
        return told + (" exactly" if self.exact else "")

    def __repr__(self) -> str:
        return f"equals({shown(self.wanted)}{', exact=True' if self.exact else ''})"


def _part_of(part: object, *, exact: bool) -> Matcher:
    return Equals(part, exact=True) if exact and isinstance(part, str | list | tuple) else matcher(part)


def shown_error(error: BaseException) -> str:
    """What an exception says, made safe."""
    try:
        return quoted(str(error), marks="")
    except Exception:  # a `__str__` of somebody's own
        return "no words"


class OfText(Matcher):
    """Base of the matchers that look at a text, normalised; nothing else fits."""

    __slots__ = ()

    def _fits(self, text: str) -> bool:
        raise NotImplementedError

    def accepts(self, value: object) -> bool:  # noqa: D102
        return isinstance(value, str) and self._fits(normalised(value))


@dataclass(frozen=True, slots=True)
class Contains(OfText):
    """The text has the part in it."""

    part: str

    def _fits(self, text: str) -> bool:
        return as_part(self.part) in f" {text} "

    def __str__(self) -> str:
        return f"containing {quoted(self.part)}"


@dataclass(frozen=True, slots=True)
class StartsWith(OfText):
    """The text starts with the part."""

    part: str

    def _fits(self, text: str) -> bool:
        return f"{text} ".startswith(as_part(self.part).lstrip())

    def __str__(self) -> str:
        return f"starting with {quoted(self.part)}"


@dataclass(frozen=True, slots=True)
class EndsWith(OfText):
    """The text ends with the part."""

    part: str

    def _fits(self, text: str) -> bool:
        return f" {text}".endswith(as_part(self.part).rstrip())

    def __str__(self) -> str:
        return f"ending with {quoted(self.part)}"


@dataclass(frozen=True, slots=True)
class Matches(OfText):
    """The regular expression is found in the text."""

    expression: re.Pattern[str]

    def _fits(self, text: str) -> bool:
        return self.expression.search(text) is not None

    def __str__(self) -> str:
        flags = "i" if self.expression.flags & re.IGNORECASE else ""
        return f"matching /{quoted(self.expression.pattern, marks='')}/{flags}"


@dataclass(frozen=True, slots=True)
class Not(Matcher):
    """The opposite."""

    inner: Matcher

    def accepts(self, value: object) -> bool:  # noqa: D102
        return not self.inner.accepts(value)

    def __str__(self) -> str:
        return f"not {inside(self.inner)}"


@dataclass(frozen=True, slots=True)
class _Two(Matcher):
    left: Matcher
    right: Matcher

    @property
    def binds(self) -> frozenset[str]:
        return self.left.binds | self.right.binds


@dataclass(frozen=True, slots=True)
class Both(_Two):
    """Both fit."""

    def accepts(self, value: object) -> bool:  # noqa: D102
        return self.left.accepts(value) and self.right.accepts(value)

    def seen(self, value: object) -> str:  # noqa: D102
        return (self.right if self.left.accepts(value) else self.left).seen(value)

    def apart(self, value: object) -> float:  # noqa: D102
        return (self.left.apart(value) + self.right.apart(value)) / 2

    def captures(self, value: object) -> dict[str, str]:  # noqa: D102
        return self.right.captures(value) | self.left.captures(value) if self.accepts(value) else {}

    def __str__(self) -> str:
        return " and ".join(str(side) if isinstance(side, Both) else inside(side) for side in (self.left, self.right))


@dataclass(frozen=True, slots=True)
class Either(_Two):
    """At least one fits; the left one is asked first."""

    def accepts(self, value: object) -> bool:  # noqa: D102
        return self.left.accepts(value) or self.right.accepts(value)

    def seen(self, value: object) -> str:  # noqa: D102
        return (self.left if self.left.apart(value) <= self.right.apart(value) else self.right).seen(value)

    def apart(self, value: object) -> float:  # noqa: D102
        return min(self.left.apart(value), self.right.apart(value))

    def captures(self, value: object) -> dict[str, str]:  # noqa: D102
        return (self.left if self.left.accepts(value) else self.right).captures(value)

    def __str__(self) -> str:
        return " or ".join(str(side) if isinstance(side, Either) else inside(side) for side in (self.left, self.right))


def equals(wanted: object, *, exact: bool = False) -> Matcher:
    """The value is equal.

    Args:
        wanted: A value, or a list of values and matchers that are compared one by one.
        exact: Compare texts character by character, without Unicode and white-space normalisation.
    """
    return Equals(wanted, exact=exact)


def contains(part: str) -> Matcher:
    """The text has `part` in it; a space at an end of `part` wants white space there, or the end of the text."""
    return Contains(_part(part, "contains"))


def starts_with(part: str) -> Matcher:
    """The text starts with `part`; a space at its end wants white space there, or the end of the text."""
    return StartsWith(_part(part, "starts_with"))


def ends_with(part: str) -> Matcher:
    """The text ends with `part`; a space at its start wants white space there, or the start of the text."""
    return EndsWith(_part(part, "ends_with"))


def _part(part: str, word: str) -> str:
    if not isinstance(part, str):
        raise ValueError(f"{word} takes a text, not {shown(part)}; put it in quotation marks")  # noqa: TRY004
    if not normalised(part):
        raise ValueError(f"{word}({part!r}) would fit every text; say what is to be found")
    return part


def matches(expression: str | re.Pattern[str]) -> Matcher:
    """The regular expression is found in the text, normalised; a string is compiled ignoring case.

    Raises:
        ValueError: The expression is not a valid one.
    """
    return Matches(compiled(expression))


def compiled(expression: str | re.Pattern[str]) -> re.Pattern[str]:
    """A regular expression of texts; a string is compiled ignoring case.

    Raises:
        ValueError: The expression is not a valid one.
    """
    if isinstance(expression, re.Pattern) and isinstance(expression.pattern, str):
        return expression
    if not isinstance(expression, str):
        raise ValueError(f"not a regular expression of texts: {shown(expression)}")  # noqa: TRY004
    try:
        return re.compile(expression, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {quoted(expression)}: {error}") from error


def matcher(wanted: object) -> Matcher:
    """A matcher for anything that can stand where one is wanted: itself, a compiled expression, or equality."""
    if isinstance(wanted, Matcher):
        return wanted
    if isinstance(wanted, re.Pattern):
        return Matches(compiled(wanted))
    return Equals(wanted)
