"""How sure a share or a rank of few samples is: exact binomial intervals, for samples that are alike in groups.

Not here: what is sampled (summaries.py).
Source: Clopper and Pearson 1934 (shares), order statistics (ranks), Korn and Graubard 1998 (the effective size of a
sample in groups, with their correction for few groups); the incomplete beta function by the continued fraction of the
DLMF, 8.17.22.
"""

import math
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

CONFIDENCE = 0.95
"""How often an interval holds what it is about."""
_TAIL = (1 - CONFIDENCE) / 2
_TINY = 1e-300
_ENOUGH = 1e-14
_MOST_TERMS = 10_000
_HALVINGS = 60


class Interval(NamedTuple):
    """From and to, both included."""

    low: float
    high: float


def beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function: the share of a beta distribution of `a` and `b` that lies below `x`."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges quickly on the other side only
        return 1.0 - beta(1.0 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    value, numerator, denominator = 1.0, 1.0, 0.0
    for term in range(1, _MOST_TERMS):
        m = term // 2
        if term % 2:
            factor = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            factor = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        denominator = 1.0 / ((1.0 + factor * denominator) or _TINY)
        numerator = (1.0 + factor / numerator) or _TINY
        value *= numerator * denominator
        if abs(1.0 - numerator * denominator) < _ENOUGH:
            break
    return 1.0 / value


def share_interval(hits: float, of: float) -> Interval:
    """The interval of a share of which `hits` were seen in `of` samples; neither need be whole.

    Raises:
        ValueError: There are no samples, or more hits than samples.
    """
    if not 0 <= hits <= of or of <= 0:
        raise ValueError(f"{hits:g} of {of:g} is no share")
    low = 0.0 if hits <= 0 else _solved(lambda x: beta(x, hits, of - hits + 1), _TAIL)
    high = 1.0 if hits >= of else _solved(lambda x: beta(x, hits + 1, of - hits), 1 - _TAIL)
    return Interval(low, high)


def rank_interval(share: float, of: int) -> tuple[int, int] | None:
    """Between which two of `of` samples in order, counted from 1, the quantile of a share lies.

    Returns:
        None where so few samples can't tell.
    """
    lower = _largest(lambda rank: _at_most(rank - 1, of, share) <= _TAIL, of)
    upper = _largest(lambda rank: _at_most(rank - 1, of, share) < 1 - _TAIL, of) + 1
    return (lower, upper) if lower >= 1 and upper <= of else None


def _at_most(hits: int, of: int, share: float) -> float:
    """How likely at most so many hits are; only asked of fewer hits than samples."""
    return beta(1 - share, of - hits, hits + 1)


def _largest(holds: Callable[[int], bool], of: int) -> int:
    """The largest rank from 1 to `of` that a condition holds for, which it does up to some rank; 0 if for none."""
    low, high = 0, of
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _solved(rising: Callable[[float], float], wanted: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2


def effective_size(samples: Iterable[tuple[Hashable, bool]]) -> float:
    """How many samples that are nothing to each other would say as much about a share as these do.

    Args:
        samples: The group each is of (the turns of one conversation are alike), and whether it is a hit.

    Returns:
        All of them where no two are of one group; fewer the more a group's samples agree. Where all are hits, or none,
        nothing shows how much they agree, and each group counts once.
    """
    groups: dict[Hashable, tuple[int, int]] = {}
    for group, hit in samples:
        hits, size = groups.get(group, (0, 0))
        groups[group] = hits + hit, size + 1
    count, size = len(groups), sum(size for _, size in groups.values())
    if count == size:
        return float(size)
    share = sum(hits for hits, _ in groups.values()) / size
    if share in {0.0, 1.0} or count == 1:
        return float(count)
    spread = sum((hits - share * of) ** 2 for hits, of in groups.values())
    variance = count / (count - 1) * spread / size**2
    if variance == 0.0:
        return float(size)
    few_groups = (student(size - 1) / student(count - 1)) ** 2
    return max(1.0, min(float(size), share * (1 - share) / variance * few_groups))


def student(freedom: int) -> float:
    """How many standard errors the interval reaches to each side, with so many degrees of freedom."""
    tail = _solved(lambda x: beta(x, freedom / 2, 0.5), 2 * _TAIL)  # x is freedom / (freedom + t²)
    return math.sqrt(freedom * (1 - tail) / tail)
