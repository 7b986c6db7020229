"""Runs, nights and baselines as lines of a terminal.

Not here: what is in them (reporting/).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from harness.metrics.regression import Word
from harness.reporting.latency.findings import named, share, value
from harness.reporting.nightly.comparing import Comparison, Difference
from harness.reporting.nightly.values import Baseline, NightVerdict, SeriesVerdict, Trend
from harness.reporting.store.values import Run

_TOLD = (Word.SLOWER, Word.SUSPECT, Word.FASTER)
"""What is said of a series that a person wants to see."""
_HEAD = 15
"""Columns before what is told."""


def table(rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Rows as lines, in columns.

    Args:
        rows: The head first; all of one length.
        right: Columns of numbers, which end together.
    """
    known = list(rows)
    widths = [max(map(len, column)) for column in zip(*known, strict=True)]

    def line(row: Sequence[str]) -> Iterator[str]:
        for place, (word, width) in enumerate(zip(row, widths, strict=True)):
            yield word.rjust(width) if place in right else word.ljust(width)

    return ["  ".join(line(row)).rstrip() for row in known]


def when(at: float) -> str:
    """A time of day, as it is here."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def run_rows(runs: Iterable[Run]) -> list[str]:
    """Runs, a line each."""
    rows = [("run", "kind", "began", "took", "target", "version", "scenarios", "conversations", "")]
    for run in runs:
        took = "did not end" if run.ended_at is None else f"{max(0.0, run.ended_at - run.started_at):.0f} s"
        ends = ", ".join(f"{count} {word}" for word, count in sorted(run.results.items(), key=_passed_first))
        head = (str(run.id), str(run.kind), when(run.started_at), took, run.target, run.version or "-")
        rows.append((*head, ends or "none", str(run.conversations), run.note and f"not all was kept: {run.note}"))
    return table(rows, right=(0, 3, 7))


def _passed_first(one: tuple[str, int]) -> tuple[bool, str]:
    return one[0] != "passed", one[0]


def baseline_rows(baselines: Iterable[Baseline]) -> list[str]:
    """Baselines, a line each."""
    rows = [("baseline", "target", "nights", "runs", "pinned", "by", "counts", "environment", "reason")]
    for one in baselines:
        counts = "yes" if one.unpinned_at is None else f"until {when(one.unpinned_at)}"
        runs = f"{one.runs[0]} to {one.runs[-1]}" if one.runs else "-"
        head = (str(one.id), one.target, str(len(one.runs)), runs, when(one.pinned_at), one.pinned_by)
        rows.append((*head, counts, one.environment, one.reason or "-"))
    return table(rows, right=(0, 2))


def night_lines(verdict: NightVerdict, *, every: bool = False) -> list[str]:
    """What is said of a night.

    Args:
        verdict: What is said.
        every: Whether to tell of every series, or only of those that changed.
    """
    by = f"by {verdict.baseline}" if verdict.baseline is not None else "by no baseline"
    lines = [_line("night", f"run {verdict.run} of {verdict.target}, {by}")]
    lines += [_line("", note) for note in verdict.notes]
    said = ", ".join(f"{verdict.words[word]} {word}" for word in Word if verdict.words[word])
    lines.append(_line("series", f"{said or 'none'}; all together {share(verdict.shared)}"))
    chosen = [*verdict.series.values()] if every else [one for word in _TOLD for one in verdict.said(word)]
    if chosen:
        lines += ["", *_series_rows(chosen), ""]
    lines += [_line("budgets", f"{len(verdict.over)} over, {len(verdict.budgets) - len(verdict.over)} kept")]
    lines += [
        _line(
            "",
            f"{named(one.key)} over {value(one.limit, one.key.metric)} in {one.share:.0%} of its turns, "
            f"{one.low:.0%} at least",
        )
        for one in verdict.over
    ]
    lines += [_line("trend", _trend(one)) for one in verdict.trends]
    return lines


def _series_rows(series: Iterable[SeriesVerdict]) -> list[str]:
    rows = [("verdict", "before", "tonight", "change", "turns", "q", "series")]
    rows += [
        (
            str(one.word),
            "-" if one.before is None else value(one.before, one.key.metric),
            value(one.tonight.middle, one.key.metric),
            "-" if one.change is None else share(one.change),
            str(one.tonight.n),
            "-" if one.q is None else f"{one.q:.3f}",
            named(one.key),
        )
        for one in series
    ]
    return table(rows, right=(1, 2, 3, 4, 5))


def _trend(one: Trend) -> str:
    before, after = value(one.before, one.key.metric), value(one.after, one.key.metric)
    return f"#{one.id} {one.state}: {named(one.key)} {before} to {after} ({share(one.change)}) since run {one.run}"


def comparison_lines(comparison: Comparison) -> list[str]:
    """Two runs side by side; a mark where their medians are clearly apart."""
    rows: list[Sequence[str]] = [
        ("", f"run {comparison.one.id}", f"run {comparison.other.id}", "change", "turns", "series")
    ]
    for one in comparison.differences:
        medians = [median if median is None else median.value for median in one.medians]
        told = ["-" if median is None else value(median, one.key.metric) for median in medians]
        change = "-" if one.change is None or not math.isfinite(one.change) else share(one.change)
        rows.append(("!" if one.is_clear else "", *told, change, _turns(one), named(one.key)))
    lines = [f"note: {note}" for note in comparison.notes]
    return [*lines, *table(rows, right=(1, 2, 3, 4))] if len(rows) > 1 else [*lines, "no series in either of them"]


def _turns(one: Difference) -> str:
    return " / ".join("0" if side is None else str(side.n) for side in (one.one, one.other))


def _line(head: str, told: str) -> str:
    return f"{head:<{_HEAD}}{told}".rstrip()
