"""How fast it was: a row a turn, then the channel; every number is one of harness/metrics, and is called so.

Not here: when what happened (lanes.py).
"""

from collections.abc import Iterator

from harness.metrics.measuring import TurnMetrics
from harness.metrics.names import CHANNEL, TURN, TurnMetric
from harness.metrics.turns import Ending
from harness.reporting.pages.markup import DASH, Html, cut, definitions, joined, scrollable, section, tag
from harness.reporting.pages.view import View
from harness.timeline.spans import Span

_COLUMNS = {
    "ack_ms": "accepted",
    "delivered_ms": "delivered",
    "ttfe_ms": "first event",
    "typing_ms": "typing",
    "ttft_ms": "first token",
    "gap_p50_ms": "gap p50",
    "gap_p95_ms": "gap p95",
    "gap_max_ms": "gap max",
    "stalls": "stalls",
    "stalled_ms": "stalled",
    "ttlt_ms": "last token",
    "answer_ms": "answer",
    "chunks": "tokens",
    "fluidity": "fluidity",
}
_DOUBTFUL = 5.0
"""From how many ms of doubt on what a time can have been is told beside it."""


def timing(view: View) -> Html:
    """The section."""
    turns = view.turns
    columns = [TURN[name] for name in _COLUMNS if any(TURN[name].read(turn) is not None for turn in turns)]
    head = [tag("th", "turn", scope="col"), *(_heading(metric) for metric in columns)]
    rows = [_row(view, turn, columns) for turn in turns]
    table = tag(
        "table",
        tag("caption", f"Milliseconds, from the user's move; gaps are between tokens. {DASH} is never."),
        tag("thead", tag("tr", *head)),
        tag("tbody", *rows),
        class_="numbers",
    )
    told = [scrollable("timing by turn", table)] if rows else [tag("p", "No turn begins here.", class_="quiet")]
    channel = list(_channel(view)) if view.part.number == 1 else []
    return section("s-timing", "Timing by turn", *told, *([definitions(channel, class_="facts")] if channel else []))


def _heading(metric: TurnMetric) -> Html:
    return tag("th", tag("abbr", _COLUMNS[metric.name], title=f"{metric.name}: {metric.meaning}"), scope="col")


def _row(view: View, turn: TurnMetrics, columns: list[TurnMetric]) -> Html:
    words = "opening" if turn.is_opening else cut(turn.words, 60)
    ending = f" {turn.ending} after {turn.waited * 1000:,.0f} ms" if turn.ending is not Ending.ANSWERED else ""
    head = tag("th", view.link(turn.place, str(turn.number)), " ", tag("bdi", words), tag("em", ending), scope="row")
    return tag("tr", head, *(_cell(view, metric, turn) for metric in columns))


def _cell(view: View, metric: TurnMetric, turn: TurnMetrics) -> Html:
    span = metric.read(turn)
    if span is None:
        return tag("td", DASH)
    bad = (
        (metric.name == "gap_max_ms" and span.value > view.pace.stall * 1000)
        or (metric.name in {"stalls", "stalled_ms"} and span.value > 0)
        or (metric.name == "ttft_ms" and span.value > view.pace.first * 1000)
    )
    return tag("td", *_number(metric.unit, span), class_="bad" if bad else None)


def _number(unit: str, span: Span) -> Iterator[str]:
    if unit == "share":
        yield f"{span.value:.2f}"
        return
    yield f"{span.value:,.0f}"
    if unit == "ms" and span.doubt >= _DOUBTFUL:
        yield tag("small", f"{span.least:,.0f}{DASH}{span.most:,.0f}")


def _in_a_line(unit: str, span: Span) -> Html:
    number, *interval = _number(unit, span)
    return joined([number, *(part for one in interval for part in (" (", one, ")"))])


def _channel(view: View) -> Iterator[tuple[str, Html]]:
    for name, metric in CHANNEL.items():
        values = [span for span in metric.read(view.measured) if span is not None]
        if any(span.value for span in values):
            told = joined([_in_a_line(metric.unit, span) for span in values[:8]], ", ")
            yield f"{name.removesuffix('_ms')}{' (ms)' if metric.unit == 'ms' else ''}", told
