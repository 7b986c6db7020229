"""The tables of the page: what is said of every series, and how smooth the streamed answers of every scenario were.

Every number stands beside how many turns it is from; one that so few turns can't tell is a dash. Not here: pictures.
"""

import math
from collections.abc import Iterator, Sequence

from harness.metrics.summaries import SHARES, Estimate, Sample
from harness.reporting.latency.findings import OVER, called, metric_of, order, share
from harness.reporting.latency.panel import file, title
from harness.reporting.latency.values import Latency, Series
from harness.reporting.pages.markup import DASH, Html, counted, cut, joined, scrollable, tag
from harness.reporting.store.values import Key

MOST = 100
"""Rows of a table; a page of a thousand scenarios is of 700 KB."""

_FLUID = 0.9
"""A smaller share of deadlines that were met is not fluid; docs/metrics.md."""
_TALLIES = {
    "dup": "twice",
    "replayed": "replayed",
    "out_of_order": "out of order",
    "missing": "missing",
    "retracted": "withdrawn",
}
"""What is counted in streams, and what it is called."""


# -- what is said of series --------------------------------------------------------------------------------------------


def verdicts(metric: str, series: Sequence[Series], *, is_compared: bool) -> Html:
    """The table of a metric's series, what fails first."""
    rows = sorted(series, key=order)
    shown = rows[:MOST]
    shares = [one for one in SHARES if any(row.sample.percentile(one) is not None for row in shown)]
    has_budget = any(one.budget is not None for one in shown)
    heads = ["scenario", "verdict", *(["baseline", "now", "change", "q"] if is_compared else [])]
    heads += [f"p{one * 100:.0f}" for one in shares] + (["over budget"] if has_budget else []) + ["turns"]
    body = [_row(one, shares, is_compared=is_compared, has_budget=has_budget) for one in shown]
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *body),
        class_="numbers series",
    )
    caption = tag("p", *_caption(metric, rows, is_compared=is_compared), class_="quiet")
    return joined([caption, scrollable(f"verdicts, {called(metric)}", table)])


def _caption(metric: str, rows: Sequence[Series], *, is_compared: bool) -> Iterator[str]:
    known = metric_of(metric)
    yield "Milliseconds" if known is not None and known.unit == "ms" else "Values"
    yield f": {known.meaning}. " if known is not None else ". "
    if is_compared:
        yield "Baseline and now are means of the middle half; the change is beyond what all series did. "
    yield f"Small print is an interval of 95 %. p95 takes 72 turns, p99 368; {DASH} is: so few can't tell."
    if len(rows) > MOST:
        yield f" {len(rows) - MOST:,} more are in the export."


def _row(one: Series, shares: Sequence[float], *, is_compared: bool, has_budget: bool) -> Html:
    cells = [tag("td", *_words(one), class_="word")]
    if is_compared:
        known = one.verdict
        cells += [
            tag("td", _ms(None if known is None else known.before)),
            tag("td", _ms(None if known is None else known.tonight.middle)),
            tag("td", DASH if known is None else _dashed(share(known.change))),
            tag("td", DASH if known is None or known.q is None else f"{known.q:.3f}"),
        ]
    cells += [_estimate(one.sample.percentile(wanted)) for wanted in shares]
    if has_budget:
        cells.append(_budget(one))
    return tag("tr", scenario_cell(one.key), *cells, _turns(one.sample))


def scenario_cell(key: Key) -> Html:
    """The head of a scenario's row."""
    where = " ".join(filter(None, (cut(file(key.scenario), 160), key.locale)))
    return tag("th", tag("bdi", cut(title(key.scenario), 160)), tag("small", tag("bdi", where)), scope="row")


def _words(one: Series) -> Iterator[Html]:
    yield tag("b", str(one.word), class_=str(one.word)) if one.word is not None else Html(DASH)
    if one.is_over:
        yield tag("b", f" {OVER}", class_="over")


def _estimate(known: Estimate | None) -> Html:
    if known is None:
        return tag("td", DASH)
    around = known.interval
    small = [] if around is None else [tag("small", f"{_ms(around.low)}{DASH}{_ms(around.high)}")]
    return tag("td", _ms(known.value), *small)


def _budget(one: Series) -> Html:
    if one.budget is None:
        return tag("td", DASH)
    told = one.budget
    small = tag("small", f"of {_ms(told.limit)}; {told.low:.0%}{DASH}{told.high:.0%}")
    return tag("td", f"{told.share:.0%}", small, class_="bad" if told.is_over else None)


def _turns(sample: Sample) -> Html:
    more = [f"{sample.censored:,} never came"] if sample.censored else []
    more += [f"{sample.left_out:,} left out"] if sample.left_out else []
    return tag("td", f"{sample.n:,}", *([tag("small", ", ".join(more))] if more else []))


def _ms(number: float | None) -> str:
    if number is None:
        return DASH
    return "never" if math.isinf(number) else f"{number:,.0f}"


def _dashed(told: str) -> str:
    return DASH if told == "-" else told


# -- how smooth it was -------------------------------------------------------------------------------------------------


def quality(latency: Latency) -> Html | None:
    """The table of streamed answers, those with the most stalls first; None where nothing was streamed."""
    streamed: dict[tuple[str, str], dict[str, Sample]] = {}
    for key, sample in latency.samples.items():
        streamed.setdefault((key.scenario, key.locale), {})[key.metric] = sample
    rows = [(Key(latency.run.target, *which, ""), one) for which, one in streamed.items() if "chunks" in one]
    if not rows:
        return None
    rows.sort(key=lambda row: (-(_over(row[1], "stalls", 0.0) or 0.0), row[0]))
    counted_too = [name for name in _TALLIES if any(_tally(one, name) for _, one in rows)]
    heads = ["scenario", "answers", "chunk each", "longest gap p50", "p90", "with a stall", "fluidity p50", "below 0.9"]
    heads += ["characters a second", *(_TALLIES[name] for name in counted_too)]
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *(_quality_row(key, one, counted_too) for key, one in rows[:MOST])),
        class_="numbers series",
    )
    caption = tag("p", *_quality_caption(counted_too, len(rows)), class_="quiet")
    return joined([caption, scrollable("streaming quality", table)])


def _quality_caption(told: Sequence[str], rows: int) -> Iterator[str]:
    yield "Streamed answers; milliseconds. Fluidity is the share of deadlines at reading pace that were met."
    if missing := [_TALLIES[name] for name in _TALLIES if name not in told]:
        yield f" Nothing was {', '.join(missing)}." if len(missing) < len(_TALLIES) else " No chunk came wrong."
    if rows > MOST:
        yield f" {rows - MOST:,} more are in the export."


def _quality_row(key: Key, one: dict[str, Sample], told: Sequence[str]) -> Html:
    stalled = _over(one, "stalls", 0.0)
    n = max(one[name].n for name in ("chunks", "ttft_ms") if name in one)
    return tag(
        "tr",
        scenario_cell(key),
        tag("td", f"{n:,}"),
        tag("td", _percentile(one, "tpot_ms", 0.5)),
        *(tag("td", _percentile(one, "gap_max_ms", share)) for share in (0.5, 0.9)),
        tag("td", _share(stalled), class_="bad" if stalled else None),
        tag("td", _percentile(one, "fluidity", 0.5, digits=2)),
        tag("td", _share(_over(one, "fluidity", _FLUID))),
        tag("td", _percentile(one, "chars_per_s", 0.5)),
        *(tag("td", f"{_tally(one, name):,}", class_="bad" if _tally(one, name) else None) for name in told),
    )


def _percentile(one: dict[str, Sample], name: str, wanted: float, *, digits: int = 0) -> str:
    known = one[name].percentile(wanted) if name in one else None
    if known is None:
        return DASH
    return "never" if math.isinf(known.value) else f"{known.value:,.{digits}f}"


def _over(one: dict[str, Sample], name: str, limit: float) -> float | None:
    """Which share of the turns is worse than a limit."""
    known = one[name].over(limit) if name in one else None
    return None if known is None else known.value


def _share(known: float | None) -> str:
    return DASH if known is None else f"{known:.0%}"


def _tally(one: dict[str, Sample], name: str) -> int:
    return round(sum(filter(math.isfinite, one[name].values))) if name in one else 0


def summary_of(series: Sequence[Series]) -> Html:
    """What is said of a metric's series, in a line."""
    over = sum(one.is_over for one in series)
    words = [str(one.word) for one in sorted(series, key=order) if one.word is not None]
    told = [f"{words.count(word):,} {word}" for word in dict.fromkeys(words)]
    more = [f"{over:,} {OVER}"] if over else []
    return joined([", ".join([*told, *more]) or counted(len(series), "scenario")])
