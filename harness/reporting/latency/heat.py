"""Where in an answer it halts: the gaps between chunks by their place in the answer, all turns on top of each other.

A stall near the seventieth chunk of long answers is seen at once, which no percentile shows. Not here: one number a
turn (spread.py).
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from harness.metrics.reading import DEFAULT
from harness.reporting.latency.findings import turns
from harness.reporting.latency.panel import HIGH, Named, below, panel, picture, sideways
from harness.reporting.latency.values import Heat
from harness.reporting.pages import svg
from harness.reporting.pages.markup import Html, counted, tag

STALL = DEFAULT.stall * 1000
"""Milliseconds from which on a gap is red."""

_ACROSS = 24
"""Columns, at most."""
_LOWEST, _HIGHEST, _FINE = 2, 11, 2
"""Rows begin at 4 ms, end at 2 s, and there are two for each doubling; what is beyond is in the last one."""
_ROWS = (_HIGHEST - _LOWEST) * _FINE
_LEVELS = 5
"""Shades; the lightest is a single turn of many."""
_NAMED = (4, 32, 256, 2048)

Cell = tuple[int, int, bool]
"""Column, row from below, and whether it is a stall."""


def heat(one: Heat) -> Html:
    """The picture of a scenario."""
    longest = max(map(len, one.turns))
    columns = min(_ACROSS, longest)
    cells = Counter(_cells(one.turns, longest, columns))
    row = HIGH / _ROWS
    heights = [(round(HIGH - (math.log2(ms) - _LOWEST) * _FINE * row, 1), f"{ms:,}") for ms in _NAMED]
    drawn = picture(
        *sideways(heights),
        *below([("0%", "chunk 2"), ("100%", f"{longest + 1:,}")]),
        svg.inside(HIGH, *_squares(cells, columns)),
    )
    return panel(Named(one.scenario, one.locale), drawn, *_gist(one.turns))


def stalls(one: Heat) -> int:
    """How many gaps of a scenario are stalls."""
    return sum(gap >= STALL for gaps in one.turns for gap in gaps)


def _cells(answers: Sequence[Sequence[float]], longest: int, columns: int) -> Iterator[Cell]:
    for gaps in answers:
        for place, gap in enumerate(gaps):
            row = math.floor((math.log2(max(gap, 1.0)) - _LOWEST) * _FINE)
            yield place * columns // longest, min(_ROWS - 1, max(0, row)), gap >= STALL


def _squares(cells: Counter[Cell], columns: int) -> Iterator[Html]:
    """Squares of one shade as one path."""
    most = max(cells.values())
    shades: dict[str, list[Cell]] = {}
    for cell, count in sorted(cells.items()):
        level = max(1, math.ceil(_LEVELS * math.sqrt(count / most)))
        shades.setdefault(f"{'s' if cell[2] else 'h'}{level}", []).append(cell)
    row = HIGH / _ROWS
    for kind, squares in sorted(shades.items()):
        drawn = []
        for column, place, _ in squares:
            left, right = (round(edge * svg.WIDE / columns) for edge in (column, column + 1))
            top, bottom = (round(HIGH - edge * row, 1) for edge in (place + 1, place))
            drawn.append(f"M{left} {top:g}H{right}V{bottom:g}H{left}z")
        yield tag("path", d="".join(drawn), class_=kind)


def _gist(answers: Sequence[Sequence[float]]) -> Iterator[str]:
    yield f"{turns(len(answers))} with {counted(sum(map(len, answers)), 'gap')}: "
    halted = [(gap, place + 2) for gaps in answers for place, gap in enumerate(gaps) if gap >= STALL]
    if not halted:
        yield f"none of {STALL:.0f} ms and more."
        return
    where = sum(any(gap >= STALL for gap in gaps) for gaps in answers)
    longest, chunk = max(halted)
    yield f"{len(halted):,} of {STALL:.0f} ms and more, in {turns(where)}; "
    yield f"the longest, {longest:,.0f} ms, before chunk {chunk:,}."
