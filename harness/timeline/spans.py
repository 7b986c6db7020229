"""How long it was from one event to another, each known to lie in an interval; and ranks among such waits.

The judge and the metrics measure with these and nothing else, so a limit and a report tell one number of one wait.
Not here: what is waited for (expectations/, metrics/).
"""

import math
from collections.abc import Iterable
from typing import NamedTuple, Protocol


class Timed(Protocol):
    """What happened not before `earliest` and not after `at`, seconds on the timeline."""

    @property
    def earliest(self) -> float: ...  # noqa: D102 - said above
    @property
    def at(self) -> float: ...  # noqa: D102


def between(earlier: Timed, later: Timed) -> tuple[float, float]:
    """Seconds from one to the other, at least and at most."""
    least, most = later.earliest - earlier.at, later.at - earlier.earliest
    return least if least > 0.0 else 0.0, most if most > 0.0 else 0.0


class Span(NamedTuple):
    """Something measured: what it was by the ends of the arrival intervals, and what it can have been.

    Attributes:
        value: By `at`, when everything had certainly arrived; what is reported.
        least: What it was at least.
        most: What it was at most.
    """

    value: float
    least: float
    most: float

    @classmethod
    def of(cls, earlier: Timed, later: Timed) -> "Span":
        """Seconds from one event to another."""
        return cls(max(0.0, later.at - earlier.at), *between(earlier, later))

    @property
    def doubt(self) -> float:
        """How far what it was at least and at most are apart."""
        return self.most - self.least


def nearest_rank(values: Iterable[float], share: float) -> float:
    """The smallest of the values that so large a share of them, from 0 to 1, does not exceed.

    Raises:
        ValueError: There are no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no value has a rank: there are none")
    return ordered[max(1, math.ceil(share * len(ordered) - 1e-9)) - 1]
