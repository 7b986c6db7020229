"""Swim lanes: what happened when, one lane a sort of event, with stalls and outages shaded.

The picture is hidden from those who can't see it: its caption says the gist, the table of events all of it.
"""

from collections.abc import Iterator

from harness.events import Event, Token
from harness.reporting.pages import svg
from harness.reporting.pages.markup import Html, counted, cut, escape, section, tag
from harness.reporting.pages.view import View, is_noise

_LANES = (
    *("user", "rep", "rest", "routing", "people", "typing", "progress", "token"),
    *("message", "echo", "receipt", "system", "stream", "close"),
)
_TOP, _HIGH = 22, 26
_LINKED = 150
"""Dots that can be clicked; more of them are drawn only."""


def lanes(view: View) -> Html:
    """The section."""
    events = [(place, event) for place, event in view.shown if not is_noise(event) or event.LANE == "rest"]
    if not events:
        return section("s-lanes", "Timeline", tag("p", "Nothing happened.", class_="quiet"))
    drawn = _Picture(view, events)
    labels = tag("div", *(tag("div", lane) for lane in drawn.lanes), class_="labels", aria_hidden="true")
    return section(
        "s-lanes",
        "Timeline",
        tag("figure", tag("div", labels, drawn.svg(), class_="lanes"), tag("figcaption", drawn.gist())),
    )


class _Picture:
    def __init__(self, view: View, events: list[tuple[int, Event]]) -> None:
        self.view, self.events = view, events
        there = {event.LANE for _, event in events}
        self.lanes = [lane for lane in _LANES if lane in there]
        first, last = (events[0][1].at if view.part.number > 1 else 0.0), max(event.at for _, event in events)
        self.scale = svg.Scale(first, last if last > first else first + 0.001)
        self.height = _TOP + _HIGH * len(self.lanes)
        self.stalls = [
            (place, event.at - wait, event.at)
            for place, event in events
            if (wait := view.waits.get(place, 0.0)) > view.pace.stall
        ]

    def gist(self) -> str:
        """What there is to see, in a sentence."""
        told = [f"{self.scale.start:.3f} to {self.scale.end:.3f} s", counted(len(self.events), "event")]
        if self.stalls:
            place, start, end = max(self.stalls, key=lambda stall: stall[2] - stall[1])
            longest = f"the longest of {(end - start) * 1000:,.0f} ms before #{place}"
            told.append(f"{counted(len(self.stalls), 'stall')} (shaded), {longest}")
        else:
            told.append("no stall")
        return ", ".join(told) + ". Lines go down from the user's moves; hover or tap a dot, or see the events below."

    def svg(self) -> Html:
        return tag(
            "svg",
            *self._axis(),
            *self._shades(),
            svg.inside(self.height, *self._marks()),
            *self._dots(),
            *self._decisive(),
            width="100%",
            height=self.height,
            class_="plot",
            aria_hidden="true",
        )

    def _middle(self, lane: str) -> int:
        return _TOP + self.lanes.index(lane) * _HIGH + _HIGH // 2

    def _axis(self) -> Iterator[Html]:
        for place, lane in enumerate(self.lanes):
            y = self._middle(lane)
            yield tag("line", x1=0, x2="100%", y1=y, y2=y, class_="lane")
            if place == 0:
                for number, (at, name) in enumerate(self.scale.ticks()):
                    x = self.scale.percent(at)
                    minor = " minor" if number % 2 else ""
                    yield tag("line", x1=x, x2=x, y1=_TOP - 4, y2=self.height, class_="grid")
                    yield tag("text", name, x=x, y=12, class_=f"tick{minor}")

    def _shades(self) -> Iterator[Html]:
        for place, start, end in self.stalls[:60]:
            width = f"{(self.scale.share(end) - self.scale.share(start)) * 100:.4g}%"
            x = self.scale.percent(start)
            told = f"{(end - start) * 1000:,.0f} ms without a token before #{place}"
            high = self.height - _TOP
            yield tag("rect", tag("title", told), x=x, width=width, y=_TOP, height=high, class_="stall")
        if "stream" in self.lanes:
            for outage in self.view.measured.outages:
                if outage.place in self.view:
                    start = self.view.timeline[outage.place].at
                    end = start + outage.down.value if outage.down is not None else self.scale.end
                    yield self._bar("stream", start, end, "outage", "no event stream")
        if "typing" in self.lanes:
            for spell in self.view.measured.spells:
                if spell.place in self.view:
                    start = self.view.timeline[spell.place].at
                    end = start + spell.lasted.value if spell.lasted is not None else self.scale.end
                    yield self._bar("typing", start, end, "typing", f"{cut(spell.name or spell.role, 40)} typing")

    def _bar(self, lane: str, start: float, end: float, kind: str, told: str) -> Html:
        width = (self.scale.share(end) - self.scale.share(start)) * 100
        title, x, y = (
            tag("title", f"{told}, {start:.3f} to {end:.3f} s"),
            self.scale.percent(start),
            self._middle(lane) - 6,
        )
        return tag("rect", title, x=x, y=y, width=f"{width:.4g}%", height=12, rx=6, class_=kind)

    def _marks(self) -> Iterator[Html]:
        moves = [self.scale.unit(turn.at) for turn in self._moves()]
        yield from svg.strokes(moves, _TOP, self.height - _TOP, "move")
        if "token" in self.lanes:
            top = self._middle("token") - 9
            plain: list[int] = []
            late: list[int] = []
            wrong: list[int] = []
            for place, event in self.events:
                if event.LANE == "token":
                    at = self.scale.unit(event.at)
                    is_wrong = place in self.view.faults or not isinstance(event, Token)
                    (wrong if is_wrong else late if self.view.is_stall(place) else plain).append(at)
            yield from svg.strokes(plain, top, 18, "token")
            yield from svg.strokes(late, top - 2, 22, "late")
            yield from svg.strokes(wrong, top - 2, 22, "wrong")
        if not self._is_linked():
            for lane in self.lanes:
                if lane != "token":
                    places = [self.scale.unit(event.at) for _, event in self.events if lane == event.LANE]
                    yield from svg.dots(places, self._middle(lane), f"many c-{lane}")

    def _moves(self) -> Iterator[Event]:
        return (self.view.timeline[turn.place] for turn in self.view.turns)

    def _is_linked(self) -> bool:
        return sum(event.LANE != "token" for _, event in self.events) <= _LINKED

    def _dots(self) -> Iterator[Html]:
        if not self._is_linked():
            return
        for place, event in self.events:
            if event.LANE != "token":
                told = escape(f"#{place} {event.at:.3f} s {cut(str(event), 80)}")
                x, y = self.scale.percent(event.at), self._middle(event.LANE)
                yield Html(
                    f'<a href="#e{place}" tabindex="-1"><circle cx="{x}" cy="{y}" class="c-{event.LANE}">'
                    f"<title>{told}</title></circle></a>"
                )

    def _decisive(self) -> Iterator[Html]:
        for place, number in self.view.decisive.items():
            if place in self.view:
                x = self.scale.percent(self.view.timeline[place].at)
                told = tag("title", f"what decided step {number}: #{place}")
                yield tag("line", told, x1=x, x2=x, y1=_TOP - 6, y2=self.height, class_="decisive")
