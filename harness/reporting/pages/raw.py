"""The event stream as it came: the data of every frame, in order.

A frame that differs from an earlier one of its kind only in some values is told by those, in the order of their places:
a streamed answer is a hundred frames that are alike but for five. The recording has all of them whole.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from harness.events import Received, Token
from harness.reporting.pages.markup import Html, cut, section, tag
from harness.reporting.pages.view import FRAME, View

_ALIKE = 0.6
"""Share of a frame up to which the values that are new in it may make it up."""
_BETWEEN = " | "


class _Frame(NamedTuple):
    """A frame: what is told of it, and the place of the one that it is like, None where it is told whole."""

    like: int | None
    told: Html


def raw(view: View) -> Html:
    """The section."""
    frames = list(_frames(view))
    if not frames:
        return section("s-raw", "Raw stream", tag("p", "No frame was kept.", class_="quiet"))
    told = (
        "The data of each frame. “As #n, but” is followed by the values in which a frame differs from frame #n, each "
        "once, in the order of their places, after its id; the recording has every frame whole."
    )
    shown: list[Html] = []
    for like, group in groupby(frames, lambda frame: frame.like):
        if like is not None:
            shown.append(tag("p", "As ", view.link(like, anchor="r"), ", but", class_="as"))
        shown += [frame.told for frame in group]
    summary = tag("summary", f"{len(frames):,} frames")
    return section("s-raw", "Raw stream", tag("details", summary, tag("p", told, class_="quiet"), *shown))


def _frames(view: View) -> Iterator[_Frame]:
    models: dict[tuple[str, int], tuple[int, list[str], str]] = {}
    for place, event in view.shown:
        if not isinstance(event, Received) or not event.raw:
            continue
        pieces = event.raw.split('"')
        kind = event.kind, len(pieces)
        answer = event.target if isinstance(event, Token) else ""
        like, model, of = models.setdefault(kind, (place, pieces, answer))
        fresh = _fresh(model, pieces)
        if answer != of:  # its other tokens have more in common with it
            models[kind] = place, pieces, answer
        if like == place or sum(map(len, fresh)) > _ALIKE * len(event.raw):
            models[kind] = place, pieces, answer
            head = f" {event.at:.3f} s" + (f", id {cut(event.stream_id, 40)}" if event.stream_id else "")
            body = tag("pre", cut(event.raw, FRAME, ", the rest is in the recording"))
            yield _Frame(None, tag("div", tag("b", view.link(place)), head, body, id=f"r{place}"))
        else:
            values = cut(_BETWEEN.join(fresh), FRAME) if fresh else "(the same)"
            head = f"#{place} {cut(event.stream_id, 40)} "
            yield _Frame(like, tag("div", head, tag("code", values), id=f"r{place}"))


def _fresh(model: list[str], pieces: list[str]) -> list[str]:
    """The values in which a frame differs from its model, each once."""
    differing = [ours for theirs, ours in zip(model, pieces, strict=True) if ours != theirs]
    return list(dict.fromkeys([ours.strip(":,{}[]\\") or ours for ours in differing]))
