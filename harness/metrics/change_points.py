"""Where a series of nights changed for good: small lasting shifts that no single night shows.

Tells of the whole history each night; a change firms up as nights follow it, so it is for a ticket, never for a gate.
Take out first what all series share (regression.py). Not here: who has seen a change point, and what became of it.
Source: the idea of Apache Otava (arXiv 2301.03034): split where two sides differ most, by Student's t test, then leave
out the splits that do not stand between their neighbours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, variance

from harness.metrics.binomial import beta

_SIDE = 3
"""Nights that each side of a split has at least."""
_WEAKER = 10
"""So much likelier by chance a split may be within its window; what is left then has to stand by itself."""


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A lasting change.

    Attributes:
        place: The first night that is different, counted from 0.
        before: Mean of the nights before it, back to the change point before.
        after: Mean of the nights from it on, up to the next.
        p: How likely so large a difference is by chance, of this split alone.
    """

    place: int
    before: float
    after: float
    p: float

    @property
    def change(self) -> float:
        """By which share it changed."""
        return self.after / self.before - 1


def change_points(
    values: Sequence[float], *, p: float = 0.001, relative: float = 0.05, window: int = 30
) -> tuple[ChangePoint, ...]:
    """Find the lasting changes of a series.

    Args:
        values: One a night, the oldest first; positive, in any unit.
        p: A split that is likelier by chance is none.
        relative: A smaller change is none: as a share.
        window: Splits are looked for among so many nights at a time, so that old changes do not hide new ones.

    Returns:
        In the order of the nights.
    """
    logs = [math.log(value) for value in values]
    found: set[int] = set()
    begins = range(0, max(1, len(logs) - window), window // 2)
    for begin in (*begins, max(0, len(logs) - window)):
        _split(logs, begin, min(len(logs), begin + window), p * _WEAKER, found)
    places = _merged(logs, sorted(found), p, math.log1p(relative))
    ends = [0, *places, len(values)]
    return tuple(
        ChangePoint(
            place,
            fmean(values[before:place]),
            fmean(values[place:after]),
            _p(logs[before:place], logs[place:after]),
        )
        for before, place, after in zip(ends, ends[1:], ends[2:], strict=False)
    )


def _split(logs: Sequence[float], begin: int, end: int, p: float, found: set[int]) -> None:
    """Split where the two sides differ most, and each side again."""
    places = range(begin + _SIDE, end - _SIDE + 1)
    if not places:
        return
    ps = {place: _p(logs[begin:place], logs[place:end]) for place in places}
    best = min(ps, key=lambda place: (ps[place], place))
    if ps[best] > p:
        return
    found.add(best)
    _split(logs, begin, best, p, found)
    _split(logs, best, end, p, found)


def _merged(logs: Sequence[float], places: list[int], p: float, least: float) -> list[int]:
    """Leave out, the weakest first, what is no change between its neighbours."""
    while places:
        ends = [0, *places, len(logs)]
        sides = [(logs[a:b], logs[b:c]) for (a, b), (_, c) in pairwise(pairwise(ends))]
        ps = [max(_p(one, other), float(abs(fmean(other) - fmean(one)) < least)) for one, other in sides]
        weakest = max(range(len(places)), key=lambda number: ps[number])
        if ps[weakest] <= p:
            break
        del places[weakest]
    return places


def _p(one: Sequence[float], other: Sequence[float]) -> float:
    """How likely the difference of two means is by chance: Student's t test, to either side."""
    freedom = len(one) + len(other) - 2
    if min(len(one), len(other)) < 2:
        return 1.0
    pooled = (variance(one) * (len(one) - 1) + variance(other) * (len(other) - 1)) / freedom
    expected = pooled * (1 / len(one) + 1 / len(other))
    apart = (fmean(other) - fmean(one)) ** 2
    if expected == 0.0:
        return 0.0 if apart else 1.0
    return beta(freedom / (freedom + apart / expected), freedom / 2, 0.5)
