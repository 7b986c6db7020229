"""The page of a run's latencies: verdicts, how waits are spread, where answers halt, where it all came from.

In the order in which a reader asks; what fails comes first everywhere. Not here: the tables (rows.py), the pictures
(spread.py, heat.py, trend.py), the document around them (pages/markup.py).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from harness.metrics.regression import Word
from harness.reporting.latency.findings import (
    called,
    compared_with,
    findings,
    headline,
    metrics_in,
    order,
    share,
    turns,
)
from harness.reporting.latency.heat import STALL, heat, stalls
from harness.reporting.latency.panel import FEWEST, TOGETHER, panels
from harness.reporting.latency.rows import quality, summary_of, verdicts
from harness.reporting.latency.spread import spread
from harness.reporting.latency.trend import has_trend, trend
from harness.reporting.latency.values import Heat, Latency, Series
from harness.reporting.pages.markup import Html, counted, cut, definitions, frame, joined, section, tag
from harness.reporting.store.values import Kind

_TITLES = {
    "s-verdicts": "verdicts",
    "s-spread": "waits",
    "s-quality": "streaming quality",
    "s-gaps": "gaps",
    "s-trend": "nights",
}
_DRAWN = ("ttft_ms", "answer_ms")
"""Metrics of which waits are drawn whatever is said of them; of others, where something is said."""
_SENTENCES = 30
"""That are listed; more are in the tables."""


def page(latency: Latency) -> str:
    """The page as HTML."""
    sections = [_verdicts(latency), _spreads(latency), _quality(latency), _gaps(latency), _trends(latency)]
    shown = [one for one in sections if one is not None]
    body = [
        tag("a", "To the verdicts", href="#s-verdicts", class_="skip"),
        tag("header", *_header(latency)),
        _contents(shown),
        tag("main", *shown),
    ]
    return frame(f"Latency: {headline(latency)}", [tag("style", _style())], body)


def _header(latency: Latency) -> Iterator[Html]:
    run, verdict = latency.run, latency.verdict
    what = "night" if run.kind is Kind.NIGHT else "run"
    which = f"{what} of {cut(run.target, 80)}" if latency.is_alone else f"{what} {run.id} of {cut(run.target, 80)}"
    yield tag("h1", f"Latency, {which}")
    began = datetime.fromtimestamp(run.started_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    said = [
        ("began", began),
        ("version", cut(run.version, 120)),
        ("machine", run.environment),
        ("conversations", f"{run.conversations:,} in {counted(run.scenarios, 'result')}"),
        ("compared", compared_with(latency).removeprefix("compared ")),
    ]
    yield definitions(((name, told) for name, told in said if told), class_="facts")
    for note in verdict.notes:
        yield tag("p", note, class_="note")
    tiles = [(str(word), f"{verdict.words[word]:,}") for word in Word if verdict.words[word]]
    if verdict.budgets:
        tiles += [
            ("over budget", f"{len(verdict.over):,}"),
            ("budgets kept", f"{len(verdict.budgets) - len(verdict.over):,}"),
        ]
    if latency.is_compared:
        tiles.append(("all series together", share(verdict.shared)))
    yield definitions(tiles, class_="tiles")


def _contents(sections: Sequence[Html]) -> Html:
    there = [(anchor, name) for anchor, name in _TITLES.items() if any(f'id="{anchor}"' in one for one in sections)]
    return tag("nav", *(tag("a", name, href=f"#{anchor}") for anchor, name in there), aria_label="sections")


def _verdicts(latency: Latency) -> Html:
    if not latency.series:
        return section("s-verdicts", "Verdicts", tag("p", "No turn was measured.", class_="quiet"))
    metrics = metrics_in(latency.series)
    return section(
        "s-verdicts", "Verdicts", _sentences(latency), *(_metric(latency, name, metrics[0]) for name in metrics)
    )


def _sentences(latency: Latency) -> Html:
    found = findings(latency)
    listed = [
        tag("li", tag("b", f"{one.word}: ", class_="fails" if one.fails else None), tag("bdi", cut(one.sentence, 500)))
        for one in found[:_SENTENCES]
    ]
    more = (
        [tag("p", f"{len(found) - _SENTENCES:,} more are in the tables.", class_="quiet")] if found[_SENTENCES:] else []
    )
    return joined([tag("ul", *listed, class_="found"), *more]) if listed else tag("p", headline(latency), ".")


def _metric(latency: Latency, name: str, first: str) -> Html:
    series = _of(latency, name)
    is_open = name == first or any(_is_told(one) for one in series)
    table = verdicts(name, series, is_compared=any(one.verdict is not None and one.verdict.before for one in series))
    head = tag("summary", tag("b", called(name)), f" ({name}): ", summary_of(series))
    return tag("details", head, tag("div", table), class_="metric", open="" if is_open else None)


def _of(latency: Latency, name: str) -> list[Series]:
    return sorted((one for one in latency.series if one.key.metric == name), key=order)


def _is_told(one: Series) -> bool:
    return one.is_over or one.word in {Word.SLOWER, Word.SUSPECT, Word.FASTER}


def _spreads(latency: Latency) -> Html | None:
    drawn = {
        name: [one for one in _of(latency, name) if name in _DRAWN or _is_told(one)]
        for name in metrics_in(latency.series)
    }
    parts = [
        tag("div", tag("h3", f"{called(name)} ({name})"), _spread(latency, name, series))
        for name, series in drawn.items()
        if series
    ]
    has_before = any(one.before is not None for one in latency.series)
    keys = [tag("span", class_="key first"), "this run"]
    keys += [tag("span", class_="key before"), "the nights of the baseline"] if has_before else []
    keys += [tag("span", class_="key limit"), "budget"] if latency.verdict.budgets else []
    how = "Share of turns that took no longer; a curve that ends below 100% has turns that were never answered. "
    legend = tag("p", *keys, ". ", how, "Dots are p50 and p90.", class_="quiet")
    return section("s-spread", "How the waits are spread", legend, *parts) if parts else None


def _spread(latency: Latency, name: str, series: Sequence[Series]) -> Html:
    together = latency.together(name, TOGETHER)
    enough = [one for one in series if one.sample.n >= FEWEST]
    few = len(series) - len(enough) if together is not None else 0
    return panels([together, *enough] if together is not None else series, spread, few=few)


def _quality(latency: Latency) -> Html | None:
    table = quality(latency)
    return None if table is None else section("s-quality", "Streaming quality", table)


def _gaps(latency: Latency) -> Html | None:
    heats = sorted(latency.heats, key=lambda one: (-stalls(one), one.scenario, one.locale))
    if not heats:
        return None
    enough = [one for one in heats if len(one.turns) >= FEWEST or stalls(one)]
    few = len(heats) - len(enough)
    if len(heats) > 1:
        enough = [Heat(TOGETHER, "", tuple(turn for one in heats for turn in one.turns)), *enough]
    else:
        enough, few = heats, 0
    halts = sum(map(stalls, heats))
    told = f"{turns(sum(len(one.turns) for one in heats))}, {counted(halts, 'gap')} of {STALL:.0f} ms and more"
    legend = tag(
        "p",
        *(tag("span", class_="key halt first"), f"{STALL:.0f} ms and more. "),
        f"Milliseconds by the place of the chunk; the darker, the more turns. {told}. The most stalls come first.",
        class_="quiet",
    )
    return section("s-gaps", "Gaps between chunks by place in the answer", legend, panels(enough, heat, few=few))


def _trends(latency: Latency) -> Html | None:
    metrics = metrics_in(latency.series)
    parts = []
    for name in metrics:
        series = [
            one for one in _of(latency, name) if has_trend(one) and (name in _DRAWN or one.trends or _is_told(one))
        ]
        series.sort(key=lambda one: not one.trends)
        if series:
            drawn = panels(series, lambda one: trend(one, latency.nights))
            parts.append(tag("div", tag("h3", f"{called(name)} ({name})"), drawn))
    how = "A night's number is the mean of the middle half of its turns, shaded up to what nine of ten kept. "
    lasting = "A dashed line is where a change began that lasted."
    return section("s-trend", "Night by night", tag("p", how, lasting, class_="quiet"), *parts) if parts else None


@cache
def _style() -> Html:
    css = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    return Html(re.sub(r"\s+", " ", css).strip())
