"""Two runs side by side: series that both have, and by how much they differ.

Two runs are two nights, so nothing is proved by them: a difference is told as one where their intervals don't meet.
Not here: verdicts, which need a baseline (judging.py).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from harness.metrics.names import CHANNEL, TURN
from harness.metrics.summaries import Estimate, Sample
from harness.reporting.nightly.judging import JUDGED
from harness.reporting.store.history import History
from harness.reporting.store.values import Key, Run


@dataclass(frozen=True, slots=True)
class Difference:
    """A series in two runs.

    Attributes:
        key: Which series; its target is that of the second run.
        one: Its values in the first run; None if it has none there.
        other: Its values in the second.
    """

    key: Key
    one: Sample | None
    other: Sample | None

    @property
    def medians(self) -> tuple[Estimate | None, Estimate | None]:
        """The medians, with their intervals where there are turns enough."""
        return self._median(self.one), self._median(self.other)

    @staticmethod
    def _median(sample: Sample | None) -> Estimate | None:
        return None if sample is None else sample.percentile(0.5)

    @property
    def change(self) -> float | None:
        """By which share the median differs; None where one of them has none, or it was 0."""
        one, other = self.medians
        return other.value / one.value - 1 if one is not None and other is not None and one.value else None

    @property
    def is_clear(self) -> bool:
        """Whether the intervals of both medians are known and don't meet."""
        one, other = self.medians
        if one is None or other is None or one.interval is None or other.interval is None:
            return False
        return one.interval.high < other.interval.low or other.interval.high < one.interval.low


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side.

    Attributes:
        one: The first.
        other: The second.
        differences: By series, in the order of their names; those of one run alone too.
        notes: What makes them hard to compare; a sentence each.
    """

    one: Run
    other: Run
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


def compare_runs(history: History, one: int, other: int, *, metrics: Collection[str] = JUDGED) -> Comparison:
    """Put two runs side by side.

    Args:
        history: Where they are.
        one: Number of the first.
        other: Number of the second.
        metrics: Names of the metrics to compare.

    Raises:
        StoreUnusable: There is no such run, or it can't be read.
        ValueError: There is no such metric.
    """
    for name in metrics:
        if name not in TURN and name not in CHANNEL:
            raise ValueError(f"there is no metric {name!r}; docs/metrics.md lists them")
    first, second = history.run(one), history.run(other)
    samples = _by_scenario(history.samples(one)), _by_scenario(history.samples(other))
    keys = sorted({key for side in samples for key in side if key[2] in metrics})
    found = tuple(Difference(Key(second.target, *key), samples[0].get(key), samples[1].get(key)) for key in keys)
    return Comparison(first, second, found, tuple(_notes(first, second)))


def _by_scenario(samples: Mapping[Key, Sample]) -> dict[tuple[str, str, str], Sample]:
    return {(key.scenario, key.locale, key.metric): sample for key, sample in samples.items()}


def _notes(one: Run, other: Run) -> list[str]:
    told = []
    if one.target != other.target:
        told.append(f"run {one.id} is of the target {one.target!r}, run {other.id} of {other.target!r}")
    if one.environment != other.environment:
        told.append(f"run {one.id} is of another machine ({one.environment}) than run {other.id} ({other.environment})")
    told += [f"run {run.id} did not end" for run in (one, other) if run.ended_at is None]
    return told
