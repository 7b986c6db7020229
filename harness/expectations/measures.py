"""Numbers and amounts: greater, less, between; how long a value is, and how often something is in it.

Not here: equality (matchers.py), what the items of a list are like (structure.py).
"""

import math
import re
from dataclasses import dataclass
from typing import Literal

from harness.expectations.matchers import Equals, Matcher, Matches, as_part, inside, matcher, normalised, shown

Number = int | float


def is_number(value: object) -> bool:
    """Whether it can be measured; True and False are no numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Bounded(Matcher):
    """The value is a number above or below a limit, the limit itself left out."""

    side: Literal["greater", "less"]
    limit: Number

    def accepts(self, value: object) -> bool:  # noqa: D102
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return value > self.limit if self.side == "greater" else value < self.limit

    def __str__(self) -> str:
        return f"{self.side} than {shown(self.limit)}"


@dataclass(frozen=True, slots=True)
class Between(Matcher):
    """The value is a number from `low` to `high`, both included."""

    low: Number
    high: Number

    def accepts(self, value: object) -> bool:  # noqa: D102
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"between {shown(self.low)} and {shown(self.high)}"


@dataclass(frozen=True, slots=True)
class Length(Matcher):
    """The value is as long as wanted."""

    wanted: Matcher

    def accepts(self, value: object) -> bool:  # noqa: D102
        length = _length(value)
        return length is not None and self.wanted.accepts(length)

    def seen(self, value: object) -> str:  # noqa: D102
        length = _length(value)
        return f"{shown(value)}, which has no length" if length is None else f"length {length} of {shown(value)}"

    def __str__(self) -> str:
        return f"length {inside(self.wanted)}"


def _length(value: object) -> int | None:
    if isinstance(value, str):
        return len(normalised(value))
    return len(value) if isinstance(value, list | tuple | dict | set | frozenset) else None


@dataclass(frozen=True, slots=True)
class Count(Matcher):
    """Something is in the value as often as wanted."""

    what: Matcher
    times: Matcher

    def _count(self, value: object) -> int | None:
        if isinstance(value, str):
            return _occurrences(self.what, normalised(value))
        if isinstance(value, list | tuple | set | frozenset):
            return sum(map(self.what.accepts, value))
        return None

    def accepts(self, value: object) -> bool:  # noqa: D102
        count = self._count(value)
        return count is not None and self.times.accepts(count)

    def seen(self, value: object) -> str:  # noqa: D102
        count = self._count(value)
        if count is None:
            return f"{shown(value)}, where it can't be counted"
        return f"{count:,} {'time' if count == 1 else 'times'} in {shown(value)}"

    def __str__(self) -> str:
        times = "1 time" if self.times == Equals(1) else f"{inside(self.times)} times"
        return f"{inside(self.what)} {times}"


def _occurrences(what: Matcher, text: str) -> int | None:
    if isinstance(what, Equals) and isinstance(what.wanted, str):
        part = as_part(what.wanted)
        end = "(?= )" if part.endswith(" ") else ""  # a space can end one and begin the next
        return len(re.findall(re.escape(part.rstrip()) + end, f" {text} "))
    if isinstance(what, Matches):
        return sum(1 for _ in what.expression.finditer(text))
    return None


def greater(than: Number) -> Matcher:
    """The value is a number above this one."""
    return Bounded("greater", _limit(than, "greater"))


def less(than: Number) -> Matcher:
    """The value is a number below this one."""
    return Bounded("less", _limit(than, "less"))


def between(low: Number, high: Number) -> Matcher:
    """The value is a number from `low` to `high`, both included.

    Raises:
        ValueError: `low` is above `high`, or one of them is no number.
    """
    if _limit(low, "between") > _limit(high, "between"):
        raise ValueError(f"nothing is between {shown(low)} and {shown(high)}; the lower number comes first")
    return Between(low, high)


def _limit(limit: Number, word: str) -> Number:
    if not is_number(limit) or math.isnan(limit):
        raise ValueError(f"{word} takes a number, not {shown(limit)}")
    return limit


def length(wanted: int | Matcher) -> Matcher:
    """The text, normalised, has that many characters, or the list that many items: `length(less(200))`.

    Raises:
        ValueError: The number is not one that a length can be.
    """
    return Length(_amount(wanted, "a length"))


def count(what: object, times: int | Matcher) -> Matcher:
    """Something is in the value that many times.

    Args:
        what: In a text: a part of it (spaces at its ends mean what they mean to `contains`), or a regular expression.
            In a list: what an item is like, a value or a matcher.
        times: How often, without overlaps: a number, or a matcher such as `greater(1)`.

    Raises:
        ValueError: The number is not one that a count can be, or `what` is an empty text.
    """
    if isinstance(what, str) and not normalised(what):
        raise ValueError(f"can't count {what!r}; say what is to be counted")
    return Count(matcher(what), _amount(times, "a count"))


def _amount(wanted: object, what: str) -> Matcher:
    whole = isinstance(wanted, int) and not isinstance(wanted, bool) and wanted >= 0
    if not whole and (wanted is None or isinstance(wanted, str | bytes | int | float | list | tuple | dict | set)):
        raise ValueError(f"{what} is a whole number from 0 up, or a matcher such as less(200), not {shown(wanted)}")
    return matcher(wanted)
