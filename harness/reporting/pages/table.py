"""Every event: when, how long after the one before, what it was, which step took it, which rule it broke.

Runs of ordinary tokens and of heartbeats share a row. What an event carries is shown on demand. Not here: how it came
over the wire (raw.py).
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from harness.events import Event, Heartbeat, Received, Token
from harness.events.base import facts
from harness.reporting.pages.markup import DASH, Html, cut, definitions, joined, scrollable, section, tag
from harness.reporting.pages.view import View

_WHAT = 240
_VALUE = 400
_FOLDED = 3
"""From how many on they share a row."""


def table(view: View) -> Html:
    """The section."""
    rows = [_fold(view, run) if len(run) >= _FOLDED else joined(_row(view, *one) for one in run) for run in _runs(view)]
    heads = [tag("th", name, scope="col") for name in ("#", "s", "Δ ms", "lane", "what happened", "verdict")]
    listed = tag(
        "table",
        tag("caption", "Δ is the time since the event before. Open a row for what the event carries."),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
        class_="events",
    )
    part = view.part
    told = f"{part.stop - part.start:,}" if len(view.parts) == 1 else f"{part.start} to {part.stop - 1}"
    return section("s-events", f"Events ({told})", scrollable("events", listed))


def _runs(view: View) -> Iterator[list[tuple[int, Event]]]:
    """Events that may share a row: tokens of one answer, heartbeats; any other alone."""
    run: list[tuple[int, Event]] = []
    for place, event in view.shown:
        alone = view.stands_out(place) or not isinstance(event, Token | Heartbeat)
        if run and (alone or _family(event) != _family(run[-1][1])):
            yield run
            run = []
        run.append((place, event))
        if alone:
            yield run
            run = []
    if run:
        yield run


def _family(event: Event) -> tuple[str, str]:
    return event.kind, event.target if isinstance(event, Token) else ""


def _since(view: View, place: int) -> float:
    return max(0.0, view.timeline[place].at - view.timeline[place - 1].at) if place else 0.0


def _delta(view: View, place: int) -> Html:
    return Html(f'<td class="{"n w3" if view.is_stall(place) else "n"}">+{_since(view, place) * 1000:,.1f}</td>')


def _row(view: View, place: int, event: Event) -> Html:
    wrong = ' class="wrong"' if place in view.decisive or place in view.broken or place in view.faults else ""
    what = tag("bdi", cut(str(event), _WHAT))
    carried = [(name, _value(value)) for name, value in facts(event).items() if value not in ("", (), None, {}, False)]
    if isinstance(event, Received) and event.raw:
        carried.append(("raw", view.link(place, "as it came", anchor="r")))
    shown = f"<details><summary>{what}</summary>{definitions(carried)}</details>" if carried else what
    return Html(  # in one piece: there are many
        f'<tr id="e{place}"{wrong}><th scope="row">{view.link(place)}</th><td class="n">{event.at:.3f}</td>'
        f'{_delta(view, place)}<td><span class="lane l-{event.LANE}">{event.LANE}</span></td>'
        f'<td class="what">{shown}</td><td>{_verdict(view, place)}</td></tr>'
    )


def _value(value: Any) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_defaults=True)
    if isinstance(value, tuple):
        value = [one.model_dump(exclude_defaults=True) if isinstance(one, BaseModel) else one for one in value]
    return cut(value if isinstance(value, str) else str(value), _VALUE)


def _verdict(view: View, place: int) -> Html:
    told = [f"✗ decided step {view.decisive[place]}"] if place in view.decisive else []
    told += [f"✗ {violation.rule}" for violation in view.broken.get(place, ())]
    told += [f"✗ {view.faults[place]}"] if place in view.faults else []
    told += [f"{view.waits[place] * 1000:,.0f} ms stall"] if view.is_stall(place) else []
    told += [f"✓ step {number}" for number in view.takers.get(place, ())]
    return joined(told, ", ")


def _fold(view: View, run: list[tuple[int, Event]]) -> Html:
    (first, a), (last, b) = run[0], run[-1]
    waits = [view.waits.get(place, 0.0) if isinstance(one, Token) else _since(view, place) for place, one in run]
    pieces = [
        Html(f'<div id="e{place}">#{place} {one.at:.3f} +{wait * 1000:,.0f} ms ')
        + tag("q", cut(one.text, _VALUE) if isinstance(one, Token) else one.kind)
        + Html("</div>")
        for (place, one), wait in zip(run, waits, strict=True)
    ]
    text = "".join(one.text for _, one in run if isinstance(one, Token))
    what = (
        joined([f"{len(run)} {a.kind}s: ", tag("q", tag("bdi", cut(text, _WHAT)))]) if text else f"{len(run)} {a.kind}s"
    )
    takers = sorted({number for place, _ in run for number in view.takers.get(place, ())})
    low, high = min(waits) * 1000, max(waits) * 1000
    return tag(
        "tr",
        tag("th", f"#{first}{DASH}{last}", scope="row"),
        tag("td", f"{a.at:.3f}{DASH}{b.at:.3f}", class_="n"),
        tag("td", f"{low:,.0f}{DASH}{high:,.0f}", class_="n"),
        tag("td", tag("span", a.LANE, class_=f"lane l-{a.LANE}")),
        tag("td", tag("details", tag("summary", what), Html("".join(pieces))), class_="what"),
        tag("td", ", ".join(f"✓ step {number}" for number in takers)),
    )
