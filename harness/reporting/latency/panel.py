"""Small pictures side by side, one a series, that can be compared at a glance: their frame, their axes.

A picture is hidden from those who can't see it; its caption says the gist in figures. Not here: what is drawn in one
(spread.py, heat.py, trend.py), and how a picture fills any width (pages/svg.py).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from harness.reporting.pages import svg
from harness.reporting.pages.markup import Html, cut, joined, tag

MOST = 24
"""Pictures in a section; what there is no place for is in the tables and the export."""
HIGH = 120
"""Pixels from the bottom of a picture's inside to its top."""
FEWEST = 6
"""Turns of which a picture says something: so many an interval of the median takes."""
TOGETHER = "All scenarios"
"""What a picture of all of them is called."""
_LEAST = 0.1
"""Milliseconds; what is less is drawn there, as a logarithm has no nought."""
_LABELS = 5
"""Labels below a picture, at most."""

_T = TypeVar("_T")


class Named(NamedTuple):
    """What a picture is of.

    Attributes:
        scenario: Its id.
        locale: Of the customers.
    """

    scenario: str
    locale: str


def title(scenario: str) -> str:
    """A scenario's own name, without its file."""
    return scenario.rpartition("::")[2] or scenario


def file(scenario: str) -> str:
    """A scenario's file."""
    return scenario.rpartition("::")[0]


class Log:
    """From milliseconds to places, by their logarithm.

    Args:
        low: Where it begins.
        high: Where it ends.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = max(low, _LEAST), max(high, low, _LEAST)
        self._scale = svg.Scale(math.log10(self.low), math.log10(self.high))

    def share(self, ms: float) -> float:
        """Where a time is, from 0 to 1; what never came is at the end."""
        return 1.0 if math.isinf(ms) else self._scale.share(math.log10(max(ms, _LEAST)))

    def unit(self, ms: float) -> int:
        """Where a time is, in the inside's units."""
        return round(self.share(ms) * svg.WIDE)

    def percent(self, ms: float) -> str:
        """Where a time is, for an attribute."""
        return f"{self.share(ms) * 100:.4g}%"

    def ticks(self) -> list[float]:
        """Round times: 1, 2 and 5 by powers of ten, or finer ones where there are too few of those."""
        found: list[float] = []
        for factors in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7), tuple(ten / 10 for ten in range(10, 100))):
            found = list(self._round(factors))
            if len(found) > 1:
                break
        return found[:: math.ceil(len(found) / _LABELS) or 1]

    def _round(self, factors: Sequence[float]) -> Iterator[float]:
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for one in (factor * 10.0**power for power in powers for factor in factors):
            if self.low <= one <= self.high:
                yield one


def height_of(share: float) -> float:
    """How far from the top a share from 0 to 1 is, in pixels."""
    return round((1 - share) * HIGH, 1)


def sideways(labels: Iterable[tuple[float, str]]) -> Iterator[Html]:
    """Lines across and what they are called, at heights in pixels."""
    for y, name in labels:
        yield tag("line", x1=0, x2="100%", y1=y, y2=y, class_="lane")
        yield tag("text", name, x=-6, y=y + 4, class_="side")


def below(labels: Iterable[tuple[str, str]]) -> Iterator[Html]:
    """What is written below, at places across."""
    for x, name in labels:
        yield tag("text", name, x=x, y=HIGH + 16, class_="tick")


def picture(*parts: Html) -> Html:
    """The picture itself."""
    return tag("svg", *parts, width="100%", height=HIGH + 22, class_="small", aria_hidden="true")


def panel(of: Named, drawn: Html, *gist: str) -> Html:
    """A picture with its title and what there is to see in it."""
    heading = tag("p", tag("b", tag("bdi", cut(title(of.scenario), 80))), _locale(of.locale), class_="title")
    where = tag("small", tag("bdi", cut(file(of.scenario), 120))) if file(of.scenario) else Html("")
    return tag("figure", heading, where, drawn, tag("figcaption", *gist), class_="panel")


def _locale(locale: str) -> Html:
    return tag("small", f" {cut(locale, 20)}") if locale else Html("")


def panels(things: Sequence[_T], draw: Callable[[_T], Html], *, few: int = 0) -> Html:
    """Pictures side by side; what is not drawn is told.

    Args:
        things: What there is, the most important first.
        draw: Draws one.
        few: How many more there are, of too few turns.
    """
    told = [f"{few:,} of fewer than {FEWEST} turns are not drawn" if few else ""]
    told.append(f"{len(things) - MOST:,} more have no place here" if len(things) > MOST else "")
    more = [tag("p", f"{'; '.join(filter(None, told))}: see the tables.", class_="quiet")] if any(told) else []
    return joined([tag("div", *map(draw, things[:MOST]), class_="panels"), *more])
