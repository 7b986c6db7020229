"""All that is shown of a run's speed and smoothness: frozen values, with nothing of the database in them.

Values of a series are in the unit of its metric, by metrics/names.py; shares are from 0 to 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.metrics.regression import Word
from harness.metrics.summaries import Sample
from harness.reporting.nightly.values import BudgetVerdict, NightVerdict, SeriesVerdict, Trend
from harness.reporting.store.values import Kept, Key, Night, Point, Run


@dataclass(frozen=True, slots=True)
class Series:
    """A metric of a scenario and locale.

    Attributes:
        key: Which.
        sample: Its values in the run.
        verdict: What is said of it; None of a metric that is not compared.
        budget: What is said of it by its budget; None if it has none.
        before: Its values in the nights of the baseline, together; None if it has none there.
        points: What it came to night by night, the nights being those of `Latency`.
        trends: Its lasting changes.
    """

    key: Key
    sample: Sample
    verdict: SeriesVerdict | None = None
    budget: BudgetVerdict | None = None
    before: Sample | None = None
    points: tuple[Point | None, ...] = ()
    trends: tuple[Trend, ...] = ()

    @property
    def word(self) -> Word | None:
        """What is said of it."""
        return None if self.verdict is None else self.verdict.word

    @property
    def is_over(self) -> bool:
        """Whether it is certainly over its budget."""
        return self.budget is not None and self.budget.is_over


@dataclass(frozen=True, slots=True)
class Heat:
    """The gaps between the chunks of the answers of a scenario and locale.

    Attributes:
        scenario: Its id.
        locale: Of the customers.
        turns: The gaps of every streamed answer in milliseconds, in the order of its chunks.
    """

    scenario: str
    locale: str
    turns: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """What is shown of a run.

    Attributes:
        run: The run.
        verdict: What is said of it.
        series: The series that are compared or have budgets.
        samples: All values of the run, by series.
        heats: The gaps, by scenario and locale.
        nights: The nights up to it, the oldest first; the run itself is the last.
        conversations: The conversations with their turns, as they were kept.
        is_alone: Whether the run is looked at by itself, without a history.
    """

    run: Run
    verdict: NightVerdict
    series: tuple[Series, ...]
    samples: Mapping[Key, Sample]
    heats: tuple[Heat, ...] = ()
    nights: tuple[Night, ...] = ()
    conversations: tuple[Kept, ...] = ()
    is_alone: bool = False

    @property
    def is_compared(self) -> bool:
        """Whether there is a baseline that it could be compared with."""
        return any(one.verdict is not None and one.verdict.before is not None for one in self.series)

    def together(self, metric: str, called: str) -> Series | None:
        """A metric's series as one; None where there are not several.

        Args:
            metric: Its name.
            called: What the scenario is called then.
        """
        parts = [one for one in self.series if one.key.metric == metric]
        if len(parts) < 2:
            return None
        key, sample = Key(self.run.target, called, "", metric), pooled([one.sample for one in parts])
        before = [one.before for one in parts if one.before is not None]
        limits = {one.budget.limit for one in parts if one.budget is not None}
        budget, over = None, None if len(limits) != 1 else sample.over(min(limits))
        if over is not None and over.interval is not None:
            budget = BudgetVerdict(key, min(limits), over.value, *over.interval, is_over=False)
        return Series(key, sample, budget=budget, before=pooled(before) if before else None)

    def pooled(self) -> dict[str, Sample]:
        """The values of every metric in all scenarios together, by its name."""
        found: dict[str, list[Sample]] = {}
        for key, sample in self.samples.items():
            found.setdefault(key.metric, []).append(sample)
        return {name: pooled(samples) for name, samples in found.items()}


def pooled(samples: list[Sample]) -> Sample:
    """Samples of one metric as one; there is at least one."""
    observed = tuple(one for sample in samples for one in sample.observed)
    left_out = sum(sample.left_out for sample in samples)
    return Sample(samples[0].metric, observed, sum(sample.censored for sample in samples), left_out)
