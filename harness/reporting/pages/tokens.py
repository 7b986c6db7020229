"""Tokens over time: for every streamed answer, how much there was to read, beside what a reader wants.

The pictures are hidden from those who can't see them; their captions say what they show.
"""

from collections.abc import Callable, Iterator

from harness.events import Retracted, Token
from harness.metrics.measuring import TurnMetrics
from harness.reporting.pages import svg
from harness.reporting.pages.markup import Html, counted, section, tag
from harness.reporting.pages.view import View
from harness.timeline.streams import Stream

_HIGH = 110
_PADDING = 4


def tokens(view: View) -> Html | None:
    """The section; None where no answer of the page was streamed."""
    figures = [
        _figure(view, turn, view.streams[streaming.target])
        for turn in view.turns
        for streaming in turn.streams
        if streaming.target in view.streams and view.streams[streaming.target].tokens
    ]
    if not figures:
        return None
    told = f"Solid: tokens there to read. Dashed: a reader of one every {view.pace.chunk * 1000:g} ms. Shaded: stalls."
    return section("s-tokens", "Tokens over time", tag("p", told, class_="quiet"), tag("div", *figures, class_="multi"))


def _figure(view: View, turn: TurnMetrics, stream: Stream) -> Html:
    began = view.timeline[turn.place].at
    first, last = stream.tokens[0].at, max(token.at for token in stream.tokens)
    scale = svg.Scale(began, max(last, began + 0.001))
    most = max(1, len(stream.tokens))

    def y(count: float) -> int:
        return round(_HIGH - _PADDING - count / most * (_HIGH - 2 * _PADDING))

    curve = tag("path", d=_curve(view, stream, scale, y), class_="curve")
    end = min(last, first + most * view.pace.chunk)
    wanted = (end - first) / view.pace.chunk if end > first else 0.0
    reader = f"M{scale.unit(first)} {y(0)}L{scale.unit(end)} {y(wanted)}"
    shades = [
        tag("rect", x=scale.unit(at - wait), width=max(2, scale.unit(at) - scale.unit(at - wait)), y=0, height=_HIGH)
        for at, wait in _stalls(view, stream)
    ]
    drawn = svg.inside(_HIGH, tag("g", *shades, class_="stall"), tag("path", d=reader, class_="reader"), curve)
    picture = tag("svg", drawn, width="100%", height=_HIGH, class_="plot", aria_hidden="true")
    withdrawn = f", withdrawn {stream.retractions} times" if stream.retractions > 1 else ", withdrawn once"
    caption = (
        f"turn {turn.number}: {counted(len(stream.tokens), 'token')}, first after {(first - began) * 1000:,.0f} ms, "
        f"all after {(last - began) * 1000:,.0f} ms{withdrawn if stream.retractions else ''}"
    )
    ends = tag("div", tag("span", "0 s"), tag("span", f"{last - began:.3f} s"), class_="ends", aria_hidden="true")
    return tag("figure", tag("figcaption", caption), picture, ends)


def _stalls(view: View, stream: Stream) -> Iterator[tuple[float, float]]:
    for place in stream.places:
        if view.is_stall(place):
            yield view.timeline[place].at, view.waits[place]


def _curve(view: View, stream: Stream, scale: svg.Scale, y: Callable[[float], int]) -> str:
    """Steps; several within one unit across are one."""
    drawn, count, seen = [f"M0 {y(0)}"], 0, set[tuple[int, int]]()
    at = high = -1
    for place in stream.places:
        event = view.timeline[place]
        if isinstance(event, Retracted):
            count = 0
        elif isinstance(event, Token):
            key = event.batch, event.number
            if key in seen or not event.text:
                continue
            seen.add(key)
            count += 1
        unit, level = scale.unit(event.at), y(count)
        if unit != at:
            drawn.append(f"H{unit}")
        if level != high:
            drawn.append(f"V{level}")
        at, high = unit, level
    return "".join(drawn)
