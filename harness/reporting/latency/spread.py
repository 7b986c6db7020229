"""How the waits are spread: which share of the turns took no longer than so many milliseconds, beside the baseline.

What a percentile hides is seen here: of two series with one median, one may have a tail. Not here: one number a night
(trend.py).
"""

import math
from collections.abc import Iterator, Sequence

from harness.metrics.summaries import Sample
from harness.reporting.latency.findings import turns, value
from harness.reporting.latency.panel import HIGH, Log, Named, below, height_of, panel, picture, sideways
from harness.reporting.latency.values import Series
from harness.reporting.pages import svg
from harness.reporting.pages.markup import Html, tag

_STEPS = 120
"""Steps of a curve, at most; more can't be seen."""
_MARKED = (0.5, 0.9)
"""Shares with a dot."""
_ROOM = 1.08
"""Of room to the left and right."""
_FAR = 3.0
"""A budget so many times the longest wait is told and not drawn, or nothing else would be seen."""


def spread(series: Series) -> Html:
    """The picture of a series."""
    limit = None if series.budget is None else series.budget.limit
    curves = [(one, kind) for one, kind in ((series.before, "before"), (series.sample, "now")) if one is not None]
    known = [ms for sample, _ in curves for ms in sample.values if math.isfinite(ms)]
    if limit is not None and known and limit > _FAR * max(known):
        limit = None
    known += [limit] if limit is not None else []
    scale = Log(min(known, default=1.0) / _ROOM, max(known, default=1000.0) * _ROOM)
    drawn = picture(
        *sideways((height_of(share), f"{share:.0%}") for share in (0.0, 0.5, 0.9, 1.0)),
        *below((scale.percent(ms), f"{ms:,.6g} ms") for ms in scale.ticks()),
        svg.inside(HIGH, *(tag("path", d=_path(sample.values, scale), class_=kind) for sample, kind in curves)),
        *(dot for sample, kind in curves for dot in _dots(sample, scale, kind)),
        *([] if limit is None else _limit(scale.percent(limit))),
    )
    return panel(Named(series.key.scenario, series.key.locale), drawn, *_gist(series))


def _path(values: Sequence[float], scale: Log) -> str:
    """Steps up to the right, which end below the top where some answers never came."""
    n, finite = len(values), [ms for ms in values if math.isfinite(ms)]
    every = math.ceil(len(finite) / _STEPS) or 1
    places = sorted({*range(every - 1, len(finite), every), *([len(finite) - 1] if finite else [])})
    steps = "".join(f"H{scale.unit(finite[place])}V{height_of((place + 1) / n):g}" for place in places)
    return f"M{scale.unit(finite[0]) if finite else 0} {HIGH}{steps}{f'H{svg.WIDE}' if len(finite) < n else ''}"


def _dots(sample: Sample, scale: Log, kind: str) -> Iterator[Html]:
    for share in _MARKED:
        known = sample.percentile(share)
        if known is not None and math.isfinite(known.value):
            yield tag("circle", cx=scale.percent(known.value), cy=height_of(share), class_=kind)


def _limit(x: str) -> Iterator[Html]:
    yield tag("line", x1=x, x2=x, y1=0, y2=HIGH, class_="decisive")


def _gist(series: Series) -> Iterator[str]:
    metric, sample = series.key.metric, series.sample
    yield f"{_percentiles(sample, metric)}, n {sample.n:,}"
    if sample.censored:
        yield f", of which {sample.censored:,} never came"
    if series.before is not None:
        yield f"; baseline {_percentiles(series.before, metric)}, n {series.before.n:,}"
    if series.budget is not None:
        yield f"; {series.budget.share:.0%} over the budget of {value(series.budget.limit, metric)}"
    if series.before is None and sample.left_out:
        yield f"; {turns(sample.left_out)} left out"
    yield "."


def _percentiles(sample: Sample, metric: str) -> str:
    found = ((share, sample.percentile(share)) for share in _MARKED)
    return ", ".join(f"p{share * 100:.0f} {value(one.value, metric)}" for share, one in found if one is not None)
