"""Little pictures that fill any width: places across are shares of it, sizes of type and dots are not.

Here: scales, and marks by the hundred as one path. Not here: what is drawn.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.reporting.pages.markup import Html, tag

WIDE = 1000
"""Units across a picture's inside; marks closer than one are one."""
_SHORTEST, _LONGEST = 1e-9, 1e12
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From seconds to places across; a time that never comes is at the start, as nobody can draw it elsewhere."""

    start: float
    end: float

    @property
    def span(self) -> float:
        """Seconds from start to end; 0 where nobody could see it, or its end."""
        span = self.end - self.start
        return span if _SHORTEST < span < _LONGEST else 0.0

    def share(self, at: float) -> float:
        """Where an instant is, from 0 to 1."""
        share = (at - self.start) / self.span if self.span else 0.0
        return min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0

    def percent(self, at: float) -> str:
        """Where an instant is, for an attribute."""
        return f"{self.share(at) * 100:.4g}%"

    def unit(self, at: float) -> int:
        """Where an instant is, in the inside's units."""
        return round(self.share(at) * WIDE)

    def ticks(self, wanted: int = 8) -> Iterator[tuple[float, str]]:
        """Round instants and what they are called."""
        if not self.span:
            yield self.start, f"{self.start:g} s"
            return
        span = self.span
        power = 10.0 ** math.floor(math.log10(span / wanted))
        step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= wanted)
        for place in range(math.ceil(self.start / step - 1e-9), math.floor(self.end / step + 1e-9) + 1):
            yield place * step, f"{place * step:.6g} s"


def inside(height: int, *children: str) -> Html:
    """A part of a picture that is stretched; its strokes are not."""
    return tag(
        "svg",
        *children,
        width="100%",
        height=height,
        viewBox=f"0 0 {WIDE} {height}",
        preserveAspectRatio="none",
        class_="in",
    )


def strokes(units: Iterable[int], top: int, long: int, kind: str) -> list[Html]:
    """Upright strokes as one path; none if there are none."""
    return _path((f"M{unit} {top}v{long}" for unit in sorted(set(units))), kind)


def dots(units: Iterable[int], middle: int, kind: str) -> list[Html]:
    """Dots as one path, which round ends make round; none if there are none."""
    return _path((f"M{unit} {middle}h0" for unit in sorted(set(units))), kind)


def _path(pieces: Iterable[str], kind: str) -> list[Html]:
    drawn = "".join(pieces)
    return [tag("path", d=drawn, class_=kind)] if drawn else []
