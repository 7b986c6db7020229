"""Where it came from: one number a night, what most of its turns kept, and the changes that lasted.

Not here: tonight's turns (spread.py), finding changes (nightly/judging.py).
"""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from harness.reporting.latency.findings import share, value
from harness.reporting.latency.panel import HIGH, Named, below, height_of, panel, picture, sideways
from harness.reporting.latency.values import Series
from harness.reporting.nightly.values import Trend
from harness.reporting.pages import svg
from harness.reporting.pages.markup import Html, counted, tag
from harness.reporting.store.values import Night, Point

_HIGHEST = 1.5
"""So many times the line's highest place the shade reaches at most, or a single tail would press the line flat."""
_FEWEST = 2
"""Nights of which a line can be drawn."""


def has_trend(series: Series) -> bool:
    """Whether there are nights enough to draw."""
    return len(_known(series.points)) >= _FEWEST


def trend(series: Series, nights: Sequence[Night]) -> Html:
    """The picture of a series over nights."""
    return _Picture(series, nights).panel()


def _known(points: Sequence[Point | None]) -> list[tuple[int, Point]]:
    return [(place, one) for place, one in enumerate(points) if one is not None and math.isfinite(one.middle)]


class _Picture:
    def __init__(self, series: Series, nights: Sequence[Night]) -> None:
        self.series, self.nights = series, nights
        self.known = _known(series.points)
        self.metric = series.key.metric
        values = [one.middle for _, one in self.known]
        values += [min(one.p90, _HIGHEST * max(values)) for _, one in self.known]
        values += [ms for one in series.trends for ms in (one.before, one.after)]
        self.up = svg.Scale(min(values), max(values))
        self.across = svg.Scale(0.0, max(1.0, len(nights) - 1.0))

    def panel(self) -> Html:
        labels = [(height_of(self.up.share(ms)), f"{ms:,.0f}") for ms in dict.fromkeys((self.up.start, self.up.end))]
        ends = [(f"{self.across.percent(place)}", _day(self.nights[place])) for place in (0, len(self.nights) - 1)]
        drawn = picture(
            *sideways(labels),
            *below(ends),
            svg.inside(HIGH, *self._inside()),
            *self._last(),
            *(part for one in self.series.trends for part in self._change(one)),
        )
        return panel(Named(self.series.key.scenario, self.series.key.locale), drawn, *self._gist())

    def _inside(self) -> Iterator[Html]:
        for run in self._runs():
            there = [(self.across.unit(place), self._y(one.middle)) for place, one in run]
            most = [(self.across.unit(place), self._y(min(one.p90, self.up.end))) for place, one in run]
            band = [*there, *reversed(most)]
            yield tag("path", d=f"{_line(band)}z", class_="band")
            yield tag("path", d=_line(there), class_="now")
        for one, begins, ends in self._levels():
            for ms, left, right in ((one.before, begins, one.run), (one.after, one.run, ends)):
                d = f"M{self.across.unit(self._place(left))} {self._y(ms)}H{self.across.unit(self._place(right))}"
                yield tag("path", d=d, class_="after" if ms == one.after else "before")

    def _runs(self) -> Iterator[list[tuple[int, Point]]]:
        """Nights that follow each other; a night without a value is a hole."""
        run: list[tuple[int, Point]] = []
        for place, one in self.known:
            if run and place > run[-1][0] + 1:
                yield run
                run = []
            run.append((place, one))
        yield run

    def _levels(self) -> Iterator[tuple[Trend, int, int]]:
        """Each change with the night that its first level begins at, and the one that its second ends at."""
        starts = [self.nights[0].run, *(one.run for one in self.series.trends), self.nights[-1].run]
        for one, (begins, _), (_, ends) in zip(
            self.series.trends, pairwise(starts[:-1]), pairwise(starts[1:]), strict=True
        ):
            yield one, begins, ends

    def _place(self, run: int) -> float:
        return float(next((place for place, night in enumerate(self.nights) if night.run == run), 0))

    def _y(self, ms: float) -> float:
        return height_of(self.up.share(ms))

    def _last(self) -> Iterator[Html]:
        place, one = self.known[-1]
        yield tag("circle", cx=self.across.percent(place), cy=self._y(one.middle), class_="now")

    def _change(self, one: Trend) -> Iterator[Html]:
        place = self._place(one.run)
        x = self.across.percent(place)
        yield tag("line", x1=x, x2=x, y1=0, y2=HIGH, class_="decisive")
        side = "end" if self.across.share(place) > 0.5 else "start"
        yield tag("text", f" {share(one.change)} since run {one.run} ", x=x, y=11, class_=f"change {side}")

    def _gist(self) -> Iterator[str]:
        (_, first), (_, last) = self.known[0], self.known[-1]
        yield f"{counted(len(self.known), 'night')}, {value(first.middle, self.metric)} at first, "
        yield f"{value(last.middle, self.metric)} at last (n {last.n:,})"
        for one in self.series.trends:
            before, after = value(one.before, self.metric), value(one.after, self.metric)
            yield f"; #{one.id} {one.state}: {before} to {after} ({share(one.change)}) since run {one.run}"
        if holes := len(self.nights) - len(self.known):
            yield f"; {counted(holes, 'night')} without a value"
        yield "."


def _line(places: Sequence[tuple[int, float]]) -> str:
    return "M" + "L".join(f"{x} {y:g}" for x, y in places)


def _day(night: Night) -> str:
    return datetime.fromtimestamp(night.started_at, UTC).strftime("%d %b")
