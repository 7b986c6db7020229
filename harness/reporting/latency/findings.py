"""What is said of a run, a sentence each: the same in the page, the terminal's neighbours, Markdown and JUnit.

Not here: marking it up. Whatever comes from outside, such as a scenario's name, is left as it is; who shows it escapes
it by the rules of the place.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.metrics.names import CHANNEL, TURN, ChannelMetric, TurnMetric
from harness.metrics.regression import Word
from harness.reporting.latency.values import Latency, Series
from harness.reporting.nightly.values import BudgetVerdict, SeriesVerdict, Trend
from harness.reporting.store.values import Key

OVER = "over budget"
"""What is said of a series that is, beside its word."""

ORDER = ("ttft_ms", "answer_ms", "gap_max_ms", "ttlt_ms", "greeting_ms", "ack_ms", "joined_ms")
"""Metrics in the order in which a reader asks."""

CALLED = {
    "ttft_ms": "first token",
    "answer_ms": "answer",
    "gap_max_ms": "longest gap",
    "ttlt_ms": "last token",
    "greeting_ms": "greeting",
    "ack_ms": "accepted",
    "joined_ms": "joined",
}
"""What they are called on a page, as on that of a conversation."""

RANKS = (Word.SLOWER, Word.SUSPECT, Word.FASTER, Word.SAME, Word.ENVIRONMENT, Word.TOO_FEW, Word.LEARNING)
"""Words, the most urgent first."""

_TOLD = (Word.SLOWER, Word.SUSPECT, Word.FASTER)
"""These are worth a sentence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about a series.

    Attributes:
        key: Which series.
        word: What is said of it, in a word or two.
        told: The sentence's end, after the name of the series: in figures of the page.
        fails: Whether it fails a night.
    """

    key: Key
    word: str
    told: str
    fails: bool

    @property
    def sentence(self) -> str:
        """The whole sentence."""
        return f"{named(self.key)} {self.told}"


def findings(latency: Latency) -> tuple[Finding, ...]:
    """What is said of a run, what fails it first; nothing of what is the same as ever."""
    found = [one for series in latency.series for one in _of_series(series)]
    found += [_trend(one) for one in latency.verdict.trends]
    return tuple(sorted(found, key=_urgency))


def _of_series(series: Series) -> Iterator[Finding]:
    if series.verdict is not None and series.word in _TOLD:
        yield Finding(series.key, str(series.word), _changed(series.verdict), series.word is Word.SLOWER)
    if series.budget is not None and series.is_over:
        yield Finding(series.key, OVER, _over(series.budget, series.sample.n), fails=True)


def _changed(one: SeriesVerdict) -> str:
    metric, point = one.key.metric, one.tonight
    before = "-" if one.before is None else value(one.before, metric)
    again = ", in two runs" if one.word is Word.SLOWER else ""
    doubt = "" if one.q is None else f", q {one.q:.3f}"
    told = f"{before} before, {value(point.middle, metric)} now ({share(one.change)}{doubt}, n {point.n}){again}"
    return f"is {one.word}: {told}" if one.word is not Word.SUSPECT else f"is suspect, perhaps slower: {told}"


def _over(one: BudgetVerdict, n: int) -> str:
    limit = value(one.limit, one.key.metric)
    return f"is over its budget of {limit} in {one.share:.0%} of {turns(n)}, {one.low:.0%} at least"


def _trend(one: Trend) -> Finding:
    metric = one.key.metric
    told = (
        f"went from {value(one.before, metric)} to {value(one.after, metric)} ({share(one.change)}) with run {one.run}"
    )
    return Finding(one.key, f"trend #{one.id} {one.state}", f"{told}, and stayed there", fails=False)


def _urgency(one: Finding) -> tuple[bool, int, int, Key]:
    words = [*map(str, RANKS[:1]), OVER, *map(str, RANKS[1:])]
    place = words.index(one.word) if one.word in words else len(words)
    return not one.fails, place, place_of(one.key.metric), one.key


def headline(latency: Latency) -> str:
    """What is said of a run in a line: of how many series what, how many are over budget."""
    words, verdict = latency.verdict.words, latency.verdict
    said = ", ".join(f"{words[word]} {word}" for word in RANKS if words[word]) or "no series"
    if not latency.is_compared:
        said = f"{len(verdict.series)} series, not compared"
    budgets = f"{len(verdict.over)} over budget, {len(verdict.budgets) - len(verdict.over)} kept"
    return f"{said}; {budgets if verdict.budgets else 'no budgets'}"


def compared_with(latency: Latency) -> str:
    """What a run was compared with, in a line."""
    if latency.is_alone:
        return "this run alone, without a history"
    if latency.verdict.baseline is None:
        return "compared with nothing"
    return f"by {latency.verdict.baseline}; all series together changed by {share(latency.verdict.shared)}"


def order(series: Series) -> tuple[int, int, Key]:
    """Where a series stands among those of its metric: what fails first."""
    if series.is_over or series.word is Word.SLOWER:
        return 0, 0, series.key
    return 1, RANKS.index(series.word) if series.word is not None else len(RANKS), series.key


def place_of(metric: str) -> int:
    """Where a metric stands among the others."""
    return ORDER.index(metric) if metric in ORDER else len(ORDER)


def called(metric: str) -> str:
    """What a metric is called on a page."""
    return CALLED.get(metric, metric)


def metric_of(name: str) -> TurnMetric | ChannelMetric | None:
    """A metric by its name."""
    return TURN.get(name) or CHANNEL.get(name)


def named(key: Key) -> str:
    """A series by its name."""
    return f"{key.metric} of {key.scenario} ({key.locale})"


def value(number: float, metric: str) -> str:
    """A metric's value, with its unit."""
    if math.isinf(number):
        return "never"
    known = metric_of(metric)
    match known.unit if known is not None else "count":
        case "ms":
            return f"{number:.0f} ms"
        case "share":
            return f"{number:.0%}"
        case "1/s":
            return f"{number:.1f}/s"
        case _:
            return f"{number:g}"


def share(change: float | None) -> str:
    """By which share something changed."""
    if change is None:
        return "-"
    return "never" if math.isinf(change) else f"{change:+.1%}"


def turns(number: int) -> str:
    """So many turns."""
    return f"{number:,} turn{'' if number == 1 else 's'}"


def metrics_in(series: Sequence[Series]) -> list[str]:
    """The metrics of some series, in the order in which a reader asks."""
    return sorted({one.key.metric for one in series}, key=lambda name: (place_of(name), name))
