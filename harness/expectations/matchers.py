"""Checks of one value: None when it fits, or a mismatch that says what was wanted and what was seen.

Matchers are frozen and never remember what they saw. Any object with `==` works where a matcher is wanted.
Not here: which event a value belongs to (patterns.py).
"""

import re
import unicodedata
from dataclasses import dataclass

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
    return quoted(value) if isinstance(value, str) else quoted(repr(value), marks="")


def normalised(text: str) -> str:
    """Text as it is compared: Unicode form NFC, every run of white space one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


class Matcher:
    """A check of one value.

    `a & b` wants both, `a | b` one of them, `~a` the opposite.
    """

    __slots__ = ()

    def accepts(self, value: object) -> bool:
        """Whether the value fits."""
        raise NotImplementedError

    def match(self, value: object) -> Mismatch | None:
        """None if the value fits, else what was wanted and what was seen."""
        return None if self.accepts(value) else Mismatch(wanted=str(self), saw=shown(value))

    def __and__(self, other: "Matcher") -> "Matcher":
        return Both(self, other)

    def __or__(self, other: "Matcher") -> "Matcher":
        return Either(self, other)

    def __invert__(self) -> "Matcher":
        return Not(self)


_PLAIN = (str, int, float, bool, type(None))


class Equals(Matcher):
    """The value is equal; texts are compared normalised unless `exact`."""

    __slots__ = ("exact", "wanted")

    def __init__(self, wanted: object, *, exact: bool = False) -> None:
        self.wanted, self.exact = wanted, exact

    def accepts(self, value: object) -> bool:  # noqa: D102
        if isinstance(self.wanted, str) and isinstance(value, str) and not self.exact:
            return normalised(self.wanted) == normalised(value)
        return bool(self.wanted == value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Equals) or self.exact != other.exact:
            return False
        if isinstance(self.wanted, _PLAIN) and type(self.wanted) is type(other.wanted):
            return self.wanted == other.wanted
        return self.wanted is other.wanted

    def __hash__(self) -> int:
        return hash(self.wanted) if isinstance(self.wanted, _PLAIN) else id(self.wanted)

    def __str__(self) -> str:
        return shown(self.wanted) + (" exactly" if self.exact else "")

    def __repr__(self) -> str:
        return f"equals({self.wanted!r}{', exact=True' if self.exact else ''})"


class _OfText(Matcher):
    __slots__ = ()

    def _fits(self, text: str) -> bool:
        raise NotImplementedError

    def accepts(self, value: object) -> bool:
        return isinstance(value, str) and self._fits(normalised(value))


@dataclass(frozen=True, slots=True)
class Contains(_OfText):
    """The text has the part in it."""

    part: str

    def _fits(self, text: str) -> bool:
        return normalised(self.part) in text

    def __str__(self) -> str:
        return f"containing {quoted(self.part)}"


@dataclass(frozen=True, slots=True)
class StartsWith(_OfText):
    """The text starts with the part."""

    part: str

    def _fits(self, text: str) -> bool:
        return text.startswith(normalised(self.part))

    def __str__(self) -> str:
        return f"starting with {quoted(self.part)}"


@dataclass(frozen=True, slots=True)
class EndsWith(_OfText):
    """The text ends with the part."""

    part: str

    def _fits(self, text: str) -> bool:
        return text.endswith(normalised(self.part))

    def __str__(self) -> str:
        return f"ending with {quoted(self.part)}"


@dataclass(frozen=True, slots=True)
class Matches(_OfText):
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
        return f"not {self.inner}"


@dataclass(frozen=True, slots=True)
class Both(Matcher):
    """Both fit."""

    left: Matcher
    right: Matcher

    def accepts(self, value: object) -> bool:  # noqa: D102
        return self.left.accepts(value) and self.right.accepts(value)

    def __str__(self) -> str:
        return f"{self.left} and {self.right}"


@dataclass(frozen=True, slots=True)
class Either(Matcher):
    """At least one fits."""

    left: Matcher
    right: Matcher

    def accepts(self, value: object) -> bool:  # noqa: D102
        return self.left.accepts(value) or self.right.accepts(value)

    def __str__(self) -> str:
        return f"{self.left} or {self.right}"


def equals(wanted: object, *, exact: bool = False) -> Matcher:
    """The value is equal; texts are compared after Unicode and white-space normalisation unless `exact`."""
    return Equals(wanted, exact=exact)


def contains(part: str) -> Matcher:
    """The text has `part` in it."""
    return Contains(part)


def starts_with(part: str) -> Matcher:
    """The text starts with `part`."""
    return StartsWith(part)


def ends_with(part: str) -> Matcher:
    """The text ends with `part`."""
    return EndsWith(part)


def matches(expression: str | re.Pattern[str]) -> Matcher:
    """The regular expression is found in the text; a string is compiled ignoring case.

    Raises:
        ValueError: The expression is not a valid one.
    """
    try:
        return Matches(re.compile(expression, re.IGNORECASE) if isinstance(expression, str) else expression)
    except re.error as error:
        raise ValueError(f"not a regular expression: {quoted(str(expression))}: {error}") from error


def matcher(wanted: object) -> Matcher:
    """A matcher for anything that can stand where one is wanted: itself, a compiled expression, or equality."""
    if isinstance(wanted, Matcher):
        return wanted
    if isinstance(wanted, re.Pattern):
        return Matches(wanted)
    return Equals(wanted)
