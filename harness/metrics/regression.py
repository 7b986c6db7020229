"""Whether tonight is slower than it used to be: three levels, of different consequence.

A budget is absolute and needs no history. Tonight is compared with the nights before: the night is the unit, since all
turns of one night share its machine; what all series changed by is the machine's and taken out; and among many series
some look slower by chance, so the rate of false discoveries is bounded. Lasting small shifts are another question
(change_points.py). Not here: which nights may be compared, keeping them, running suspects again.
Source: the study of nightly regressions; Benjamini and Hochberg 1995 (false discoveries).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median, variance

from harness.metrics.binomial import beta
from harness.metrics.summaries import Sample


class Word(StrEnum):
    """What is said of a series tonight."""

    SAME = "same"
    FASTER = "faster"
    SUSPECT = "suspect"
    """Slower, as far as this one run can tell."""
    SLOWER = "slower"
    """And again in a second run."""
    LEARNING = "learning"
    """There are too few nights to compare with."""
    TOO_FEW = "too few"
    """There are too few turns tonight."""
    ENVIRONMENT = "environment"
    """All series changed together, by so much that nothing is said of any."""


@dataclass(frozen=True, slots=True)
class Series:
    """One number a night: of a scenario and a metric.

    Attributes:
        metric: The metric; series of one metric are taken to vary alike from night to night.
        nights: Its values on the nights before that may be compared, the oldest first; None for a night without one.
        tonight: Its value tonight, in the same unit; all values are times, less is better.
        turns: How many turns that is from.
    """

    metric: str
    nights: Sequence[float | None]
    tonight: float
    turns: int


@dataclass(frozen=True, slots=True)
class Rules:
    """When a change is told.

    Attributes:
        nights: The last so many are compared with.
        learn: Fewer are too few.
        turns: Fewer of tonight are too few.
        false: Share of what is told that may be false.
        relative: A smaller change is none: as a share.
        absolute: A smaller change is none: in the unit of the values.
        shared: A larger change of all series together suspends the verdicts: as a share.
    """

    nights: int = 20
    learn: int = 8
    turns: int = 20
    false: float = 0.05
    relative: float = 0.05
    absolute: float = 20.0
    shared: float = 0.10


DEFAULT = Rules()
"""The default rules."""

_LEAST = 1.0
"""Values below one unit are taken for one: of nothing there is no ratio."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a series, and why.

    Attributes:
        word: What is said.
        before: What it used to be, in the unit of the values; None where there are no nights.
        change: By which share it changed, beyond what all series did; None where nothing can be said.
        p: How likely so large a change is by chance, of this series alone.
        q: The share of false ones among what is at least as unlikely, of all series.
    """

    word: Word
    before: float | None = None
    change: float | None = None
    p: float | None = None
    q: float | None = None


@dataclass(frozen=True, slots=True)
class Night:
    """What is said of tonight.

    Attributes:
        shared: By which share all series changed together.
        verdicts: By the series' names.
    """

    shared: float
    verdicts: Mapping[str, Verdict]

    @property
    def suspects(self) -> tuple[str, ...]:
        """The names of the series to run again."""
        return tuple(name for name, verdict in self.verdicts.items() if verdict.word is Word.SUSPECT)


def compare(series: Mapping[str, Series], rules: Rules = DEFAULT) -> Night:
    """Compare tonight with the nights before.

    Args:
        series: By name; the nights of all are the same ones, in the same places.
        rules: When a change is told.

    Raises:
        ValueError: The series do not have the same number of nights.
    """
    if len({len(one.nights) for one in series.values()}) > 1:
        raise ValueError("the series have different numbers of nights; put None where one has no value")
    logs = {name: [*map(_log, one.nights[-rules.nights :]), _log(one.tonight)] for name, one in series.items()}
    known = {name: values for name, values in logs.items() if _nights(values) >= rules.learn}
    alone, shared = _without_shared(known, rules.absolute)
    spreads = _spreads(alone, {name: one.metric for name, one in series.items()})
    changes = {name: values[-1] - fmean(_before(values)) for name, values in alone.items()}  # type: ignore[operator]
    enough = [name for name in known if series[name].turns >= rules.turns]
    ps = {name: _p(changes[name], _nights(alone[name]), *spreads[series[name].metric]) for name in enough}
    qs = false_discoveries(ps)
    verdicts = {}
    for name in series:
        before = math.exp(fmean(_before(logs[name]))) if _nights(logs[name]) else None
        if name not in known:
            verdicts[name] = Verdict(Word.LEARNING, before)
        elif name not in ps:
            verdicts[name] = Verdict(Word.TOO_FEW, before)
        else:
            change = math.expm1(changes[name])
            word = Word.ENVIRONMENT if abs(shared) > rules.shared else _word(change, before or 0.0, qs[name], rules)
            verdicts[name] = Verdict(word, before, change, ps[name], qs[name])
    return Night(shared, verdicts)


def confirm(first: Night, again: Night) -> dict[str, Verdict]:
    """What is said once the suspects have been run again: slower is what looked slower twice.

    Args:
        first: What was said of tonight.
        again: What was said of the second run, of the same series and nights.
    """
    told = dict(first.verdicts)
    for name in first.suspects:
        second = again.verdicts.get(name)
        if second is not None and second.word is Word.SUSPECT:
            told[name] = Verdict(Word.SLOWER, second.before, second.change, second.p, second.q)
        elif second is not None and second.p is not None:
            told[name] = second
    return told


def without_shared(
    series: Mapping[str, Sequence[float | None]], rules: Rules = DEFAULT
) -> dict[str, list[float | None]]:
    """Series over nights without what all of them changed by on a night: for change points.

    Args:
        series: By name; the nights of all are the same ones, in the same places.
        rules: What counts as a change at all.
    """
    logs = {name: [*map(_log, values)] for name, values in series.items() if any(one is not None for one in values)}
    length = max(map(len, logs.values()), default=0)
    usual = {name: median(value for value in values if value is not None) for name, values in logs.items()}
    telling = _telling(usual, rules.absolute)
    parts = [_part(logs, telling, night) for night in range(length)]
    return {
        name: [None if value is None else math.exp(value - part) for value, part in zip(values, parts, strict=True)]
        for name, values in logs.items()
    }


def over_budget(sample: Sample, limit: float, allowed: float = 0.05) -> bool:
    """Whether more turns than allowed are certainly worse than a limit: the lower end of the share's interval is.

    Args:
        sample: The turns of a scenario.
        limit: In the metric's unit.
        allowed: Which share of turns may be worse.
    """
    over = sample.over(limit)
    return over is not None and over.interval is not None and over.interval.low > allowed


def false_discoveries(ps: Mapping[str, float]) -> dict[str, float]:
    """For each, the share of false ones to expect among all that are at least as unlikely by chance."""
    found: dict[str, float] = {}
    least = 1.0
    for rank, name in sorted(enumerate(sorted(ps, key=lambda one: ps[one]), 1), reverse=True):
        least = min(least, ps[name] * len(ps) / rank)
        found[name] = least
    return found


def _log(value: float | None) -> float | None:
    return None if value is None else math.log(max(value, _LEAST))


def _before(values: Sequence[float | None]) -> list[float]:
    return [value for value in values[:-1] if value is not None]


def _nights(values: Sequence[float | None]) -> int:
    return len(_before(values))


def _without_shared(
    series: Mapping[str, list[float | None]], least: float
) -> tuple[dict[str, list[float | None]], float]:
    """The series without what all of them changed by on a night, and by which share that was tonight."""
    usual = {name: median(_before(values)) for name, values in series.items()}
    length = max(map(len, series.values()), default=0)
    telling = _telling(usual, least)
    shared = [_part(series, telling, night) for night in range(length)]
    alone = {
        name: [None if value is None else value - part for value, part in zip(values, shared, strict=True)]
        for name, values in series.items()
    }
    return alone, math.expm1(shared[-1]) if shared else 0.0


def _telling(usual: Mapping[str, float], least: float) -> Mapping[str, float]:
    """The series that tell what all share: of a few milliseconds every breath is a large share."""
    long = {name: value for name, value in usual.items() if value >= math.log(max(least, _LEAST))}
    return long if len(long) > 1 else usual


def _part(series: Mapping[str, list[float | None]], usual: Mapping[str, float], night: int) -> float:
    """What all series changed by on a night, as those tell of which it is known how they usually are."""
    ratios = [value - known for name, known in usual.items() if (value := series[name][night]) is not None]
    return median(ratios) if len(ratios) > 1 else 0.0  # of one series nobody knows whose change it is


def _spreads(series: Mapping[str, list[float | None]], metrics: Mapping[str, str]) -> dict[str, tuple[float, int]]:
    """How much series of each metric vary from night to night: variance, and the degrees of freedom it is from."""
    groups: dict[str, list[tuple[float, int]]] = {}
    for name, values in series.items():
        before = _before(values)
        groups.setdefault(metrics[name], []).append((variance(before), len(before) - 1))
    spreads = {}
    for metric, parts in groups.items():
        freedom = sum(part for _, part in parts)
        spreads[metric] = sum(spread * part for spread, part in parts) / freedom, freedom
    return spreads


def _p(change: float, nights: int, spread: float, freedom: int) -> float:
    """How likely a change is by chance, to either side."""
    expected = spread * (1 + 1 / nights)
    if expected == 0.0:
        return 0.0 if change else 1.0
    return beta(freedom / (freedom + change**2 / expected), freedom / 2, 0.5)


def _word(change: float, before: float, q: float, rules: Rules) -> Word:
    if q > rules.false or abs(change) < rules.relative or abs(change) * before < rules.absolute:
        return Word.SAME
    return Word.SUSPECT if change > 0 else Word.FASTER
