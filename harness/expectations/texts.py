"""Texts of a catalogue, texts that are nearly right, and texts that hold something to remember.

Here: `one_of`, `near` and `capturing`. Not here: a text of which a part is known word by word (matchers.py).
"""

import math
import re
from collections import Counter
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from harness.events.text import quoted
from harness.expectations.matchers import Matcher, Matches, OfText, compiled, inside, matcher, normalised, shown

_LISTED = 8
"""As many values of a catalogue as are printed."""


@dataclass(frozen=True, slots=True)
class OneOf(Matcher):
    """One of many fits; the first that does is the one that captures."""

    values: tuple[Matcher, ...]

    @property
    def binds(self) -> frozenset[str]:  # noqa: D102
        return frozenset().union(*(one.binds for one in self.values))

    def accepts(self, value: object) -> bool:  # noqa: D102
        return any(one.accepts(value) for one in self.values)

    def seen(self, value: object) -> str:  # noqa: D102
        return min(self.values, key=lambda one: one.apart(value)).seen(value)

    def apart(self, value: object) -> float:  # noqa: D102
        return min(one.apart(value) for one in self.values)

    def captures(self, value: object) -> dict[str, str]:  # noqa: D102
        return next((one.captures(value) for one in self.values if one.accepts(value)), {})

    def __str__(self) -> str:
        more = f", … ({len(self.values):,} values)" if len(self.values) > _LISTED else ""
        return f"one of {', '.join(map(inside, self.values[:_LISTED]))}{more}"


@dataclass(frozen=True, slots=True)
class Near(OfText):
    """The text is nearly this one."""

    text: str
    ratio: float

    def _ratio(self, text: str) -> float:
        return Indel.normalized_similarity(normalised(self.text), text)

    def _fits(self, text: str) -> bool:
        return self._ratio(text) >= self.ratio

    def seen(self, value: object) -> str:  # noqa: D102
        if not isinstance(value, str):
            return shown(value)
        down = math.floor(self._ratio(normalised(value)) * 1000) / 1000  # 0.8999 is no 0.9
        return f"{shown(value)} (ratio {down:.3g})"

    def apart(self, value: object) -> float:  # noqa: D102
        return 0.0 if self.accepts(value) else 1.0 - (self._ratio(value) if isinstance(value, str) else 0.0)

    def __str__(self) -> str:
        return f"near {quoted(self.text)} (ratio {self.ratio:g} or more)"


@dataclass(frozen=True, slots=True)
class Capturing(OfText):
    """Every expression is found in the text, and what it finds has a name."""

    named: tuple[tuple[str, Matches], ...]

    def _fits(self, text: str) -> bool:
        return all(wanted.expression.search(text) for _, wanted in self.named)

    @property
    def binds(self) -> frozenset[str]:  # noqa: D102
        return frozenset(name for outer, wanted in self.named for name in (outer, *wanted.expression.groupindex))

    def captures(self, value: object) -> dict[str, str]:  # noqa: D102
        if not isinstance(value, str):
            return {}
        text = normalised(value)
        told: dict[str, str] = {}
        for name, wanted in self.named:
            found = wanted.expression.search(text)
            if found is None:
                return {}
            told[name] = next((group for group in found.groups() if group is not None), found[0])
            told |= {inner: group or "" for inner, group in found.groupdict().items() if inner != name}
        return told

    def __str__(self) -> str:
        return " and ".join(f"{wanted} as {name}" for name, wanted in self.named)


def one_of(*values: object) -> Matcher:
    """One of the values or matchers fits, such as one of a catalogue of acceptable wordings: `one_of(*wordings)`.

    Raises:
        ValueError: There is no value, or the catalogue itself was given instead of what is in it.
    """
    if not values:
        raise ValueError("one_of() fits nothing; name at least one value")
    if len(values) == 1 and isinstance(values[0], list | tuple | set | frozenset | dict):
        raise ValueError("one_of takes the values one by one; put a star before the list: one_of(*values)")
    return OneOf(tuple(map(matcher, values)))


def near(text: str, *, ratio: float = 0.9) -> Matcher:
    """The text is nearly `text`, both normalised.

    Args:
        text: The text wanted; case counts.
        ratio: How much of the two texts must be alike, above 0 and up to 1: twice the length of what they have in
            common, in order, divided by the sum of their lengths (the ratio of insertions and deletions).

    Raises:
        ValueError: There is no text, or the ratio is none.
    """
    if not isinstance(text, str):
        raise ValueError(f"near takes a text, not {shown(text)}; put it in quotation marks")  # noqa: TRY004
    if not normalised(text):
        raise ValueError(f"near takes a text, not {shown(text)}")
    if not _is_ratio(ratio):
        raise ValueError(f"a ratio is above 0 and up to 1, not {shown(ratio)}; 0.9 lets one character in ten differ")
    return Near(text, float(ratio))


def _is_ratio(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


def capturing(**expressions: str | re.Pattern[str]) -> Matcher:
    r"""Every regular expression is found in the text, and what it finds is remembered for later steps.

    `capturing(order=r"ORD-(\d+)")` remembers as `order` the first group that took part, or all that was found if there
    is no group. Named groups are remembered under their own names as well. A string is compiled ignoring case.

    Raises:
        ValueError: There is no expression, one is not valid, or a name is taken twice or is no name.
    """
    if not expressions:
        raise ValueError(r"capturing() captures nothing; name an expression: capturing(order=r'ORD-(\d+)')")
    named = tuple((name, Matches(compiled(expression))) for name, expression in expressions.items())
    times = Counter(name for name, wanted in named for name in {name, *wanted.expression.groupindex})
    for name, count in times.items():
        if not name.isidentifier():
            raise ValueError(f"can't capture as {shown(name)}: a name is made of letters, digits and underscores")
        if count > 1:
            raise ValueError(f"{name!r} would be captured by {count} expressions; give each its own name")
    return Capturing(named)
