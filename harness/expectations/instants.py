"""Times as a pattern sees them: instants that are known to lie between two others, and bounds on what lies between."""

import math
from typing import NamedTuple


class Stamp(NamedTuple):
    """When something happened: seconds on the timeline, not before and not after."""

    earliest: float
    at: float


class Start(NamedTuple):
    """When what stands before a pattern happened: an event was matched, or a silence ended; None is not yet."""

    stamp: Stamp | None
    is_event: bool = True


class Due(NamedTuple):
    """An instant at which a pattern changes by itself; at equal times a silence ends before a bound passes.

    A silence that began at an uncertain time may have been over at `earliest`.
    """

    at: float
    is_bound: bool
    earliest: float = math.inf

    @property
    def stamp(self) -> Stamp:
        """When it was."""
        return Stamp(min(self.earliest, self.at), self.at)


class Bounds(NamedTuple):
    """Seconds, from and to; None is open."""

    least: float | None = None
    most: float | None = None

    @classmethod
    def checked(cls, least: float | None, most: float | None, what: str) -> "Bounds":
        """Bounds that can be kept.

        Raises:
            ValueError: They are negative, contradict each other, or say nothing.
        """
        if least is None and most is None:
            raise ValueError(f"{what} needs a bound; give the seconds it may take")
        if (least is not None and least < 0) or (most is not None and most < (least or 0)):
            raise ValueError(f"{what} can't be kept: {cls(least, most)}")
        return cls(least, most)

    def __str__(self) -> str:
        parts = [f"at least {self.least:g} s"] if self.least is not None else []
        return " and ".join([*parts, *([f"at most {self.most:g} s"] if self.most is not None else [])])

    def judged(self, low: float, high: float) -> bool | None:
        """Whether a time between `low` and `high` is inside; None where that can't be told."""
        if (self.most is not None and low > self.most) or (self.least is not None and high < self.least):
            return False
        inside = (self.most is None or high <= self.most) and (self.least is None or low >= self.least)
        return True if inside else None


def doubtful(what: str, low: float, high: float, bounds: Bounds) -> str:
    """The words of a doubt."""
    return f"{what} was between {low:.3f} s and {high:.3f} s, the limit is {bounds}"
