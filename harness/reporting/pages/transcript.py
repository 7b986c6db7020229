"""The conversation as people read it; each token of a streamed answer is coloured by the wait before it.

A streamed answer stands where it began, in the order of its numbers: withdrawn text struck through, faults framed. Its
final message is shown besides only where it says something else.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from harness.events import (
    Attached,
    Closed,
    Dropped,
    Event,
    Filled,
    Joined,
    Left,
    Message,
    Missed,
    Move,
    Progress,
    RepDid,
    Resumed,
    Retracted,
    Routed,
    Sent,
    Token,
    Undelivered,
    Unrecognised,
    Updated,
    Work,
)
from harness.metrics.measuring import TurnMetrics
from harness.reporting.pages.markup import DASH, Html, cut, hidden, joined, paragraph, section, tag
from harness.reporting.pages.view import View
from harness.timeline.streams import Stream

_TEXT = 6_000
"""Characters shown of a message."""
_BANDS = 0.05, 0.15
"""Seconds of wait below which a token is quick, and below which it is not slow; above, it is, until it is a stall."""
_LABEL = 120
_ASIDE = (Move, Routed, Work, Joined, Left, Progress, Closed)
"""What is told between messages in small print."""
_WARNING = (Dropped, Resumed, Missed, Undelivered, Unrecognised, Updated, Retracted)
"""And what stands out there."""


class _Aside(NamedTuple):
    """A line of small print."""

    told: Html
    warns: bool


def transcript(view: View) -> Html:
    """The section."""
    turns = {turn.place: turn for turn in view.measured.turns}
    pieces = [piece for place, event in view.shown for piece in _shown(view, turns, place, event)]
    talk: list[Html] = []
    for warns, group in groupby(pieces, lambda piece: piece.warns if isinstance(piece, _Aside) else None):
        if warns is None:
            talk += [piece for piece in group if isinstance(piece, Html)]
        else:
            told = joined([piece.told for piece in group if isinstance(piece, _Aside)], " · ")
            talk.append(tag("p", told, class_="beside warn" if warns else "beside"))
    legend = [_legend(view)] if any(isinstance(event, Token) for _, event in view.shown) else []
    return section("s-transcript", "Transcript", *legend, tag("div", *talk, class_="talk"))


def _legend(view: View) -> Html:
    quick, slow = (f"{seconds * 1000:g}" for seconds in _BANDS)
    stall = f"{view.pace.stall * 1000:g}"
    names = [f"up to {quick} ms", f"up to {slow}", f"up to {stall}", "longer: a stall"]
    shades = [tag("span", name, class_=f"w{band}") for band, name in enumerate(names)]
    return tag("p", joined(["Each token is coloured by the wait before it: ", *shades], " "), class_="quiet legend")


def _shown(view: View, turns: Mapping[int, TurnMetrics], place: int, event: Event) -> Iterator[Html | _Aside]:
    match event:
        case Token():
            stream = view.streams[event.target]
            if _begins(view, stream, place):
                yield _streamed(view, stream, place, event)
        case Message():
            written = view.streams.get(event.entry)
            if written is None or written.text != event.text or not _is_text_only(event):
                yield _message(view, place, event, written)
        case Sent() | RepDid(what="said"):
            yield _said(view, place, event, turns.get(place))
        case _ if isinstance(event, _ASIDE + _WARNING):
            yield _aside(view, place, event)
        case _:
            return


def _is_text_only(message: Message) -> bool:
    return not any((message.options, message.cards, message.links, message.media, message.attachments, message.form))


def _begins(view: View, stream: Stream, place: int) -> bool:
    """Whether a token is the first of its stream on the page."""
    return place == next((one for one in stream.places if one in view and _is_token(view, one)), None)


def _is_token(view: View, place: int) -> bool:
    return isinstance(view.timeline[place], Token)


def _aside(view: View, place: int, event: Event) -> _Aside:
    told = tag("bdi", cut(str(event), 300))
    return _Aside(tag("span", view.link(place), " ", told, f" {event.at:.3f} s"), isinstance(event, _WARNING))


def _bubble(kind: str, who: str, what: Html, about: Html) -> Html:
    name = tag("span", tag("b", tag("bdi", cut(who, _LABEL))), " ", tag("small", about), class_="who")
    return tag("div", name, what, class_=f"say {kind}")


def _text(text: str) -> Html:
    return tag("p", paragraph(cut(text, _TEXT)), dir="auto") if text else Html()


def _said(view: View, place: int, event: Move, turn: TurnMetrics | None) -> Html:
    about = [view.link(place), f" {event.at:.3f} s"]
    receipt = turn.receipt if turn is not None else None
    if receipt is not None:
        spans = {"delivered": receipt.delivered, "read": receipt.read, "undelivered": receipt.undelivered}
        about += [f" · {name} +{span.value * 1000:,.0f} ms" for name, span in spans.items() if span is not None]
    match event:
        case RepDid():
            return _bubble("bot", "rep (the scenario)", _text(event.text), joined(about))
        case Filled():
            answers = [f"{answer.name}: {answer.value}" for answer in event.answers]
            what = _text("\n".join([event.title, *answers]))
        case Attached():
            what = joined([_text(event.text), _chips([f"{event.name}, {event.size:,} bytes"])])
        case Sent() if event.kind == "chose":
            what = _chips([event.words])
        case Sent():
            what = _text(event.words)
        case _:
            what = _text(str(event))
    return _bubble("user", "user", what, joined(about))


def _message(view: View, place: int, event: Message, written: Stream | None) -> Html:
    about = [view.link(place), f" {event.at:.3f} s"]
    parts = []
    if written is None:
        parts.append(_text(event.text))
    elif written.text != event.text:
        about.append(" · the final message differs from what was streamed")
        parts.append(_text(event.text))
    else:
        about.append(" · with the answer above")
    parts += list(_extras(event))
    differs = " differs" if written is not None and written.text != event.text else ""
    return _bubble(f"bot{differs}", event.who, joined(parts), joined(about))


def _extras(event: Message) -> Iterator[Html]:
    for card in event.cards:
        yield _chips([f" {DASH} ".join(filter(None, (card.title, card.subtitle)))], "card")
    if event.form is not None:
        yield _chips([field.label or field.name for field in event.form.fields], "field")
    yield _chips([option.label for option in event.options])
    yield _chips([link.label or link.address for link in event.links], "link")
    yield _chips([media.description or media.address for media in event.media], "file")
    yield _chips([file.name for file in event.attachments], "file")
    yield _chips([f"{fault.code}: {fault.text}" for fault in event.errors], "fault")


def _chips(labels: list[str], kind: str = "") -> Html:
    if not labels:
        return Html()
    prefix = f"{kind}: " if kind else ""
    chips = [tag("li", tag("bdi", cut(f"{prefix}{label}", _LABEL))) for label in labels[:50]]
    more = [tag("li", f"and {len(labels) - 50} more")] if len(labels) > 50 else []
    return tag("ul", *chips, *more, class_="chips")


def _streamed(view: View, stream: Stream, place: int, event: Token) -> Html:
    pieces = [one for one in stream.places if one in view and _is_token(view, one)]
    last = view.timeline[pieces[-1]]
    until = f" to {last.at:.3f} s" if len(pieces) > 1 else " s"
    about: list[str] = [view.link(place), f" {event.at:.3f}{until}"]
    end = next((one for one, final in enumerate(view.timeline) if _is_final(final, stream)), None)
    if end is None:
        about.append(" · no final message")
    else:
        about += [" · final message ", view.link(end), f" {view.timeline[end].at:.3f} s"]
    return _bubble("bot", event.who, tag("p", *_tokens(view, stream, pieces), dir="auto"), joined(about))


def _is_final(event: Event, stream: Stream) -> bool:
    return isinstance(event, Message) and event.entry == stream.target


def _tokens(view: View, stream: Stream, places: list[int]) -> Iterator[Html]:
    room = _TEXT
    lasting = {id(token) for token in stream.lasting}

    def order(place: int) -> tuple[int, int]:
        token = view.timeline[place]
        return (token.batch, token.number) if isinstance(token, Token) else (0, 0)

    def is_withdrawn(place: int) -> bool:
        return stream.retractions > 0 and place not in view.faults and id(view.timeline[place]) not in lasting

    for withdrawn, group in groupby(sorted(places, key=order), is_withdrawn):
        told: list[str] = []
        for place in group:
            token = view.timeline[place]
            if isinstance(token, Token) and room > 0:
                told.append(_token(view, place, cut(token.text, room)))
                room -= len(token.text)
        if withdrawn:
            yield tag("del", hidden("withdrawn: "), *told, hidden(" end of what was withdrawn. "))
        else:
            yield joined(told)
    if room < 0:
        yield tag("small", f" cut after {_TEXT:,} characters")


def _token(view: View, place: int, text: str) -> Html:
    shown = paragraph(text)
    if (fault := view.faults.get(place)) is not None:
        told = tag("small", fault, " ", view.link(place))
        return tag("i", told, shown, class_="wrong")
    wait = view.waits.get(place)
    if wait is None:
        return tag("i", shown, class_="first")
    if wait > view.pace.stall:
        return tag("i", tag("small", view.link(place, f"{wait * 1000:,.0f} ms"), hidden(" stall ")), shown, class_="w3")
    band = sum(wait > limit for limit in _BANDS)
    return tag("i", shown, class_=f"w{band}" if band else None)
