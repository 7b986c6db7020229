"""The page of a conversation: its frame, and its sections in the order in which a reader asks.

Not here: the document around them (markup.py), what a section shows (a file each).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from re import sub

from harness.metrics.reading import DEFAULT, Pace
from harness.reporting.pages.lanes import lanes
from harness.reporting.pages.markup import DASH, Html, counted, cut, definitions, frame, joined, tag
from harness.reporting.pages.raw import raw
from harness.reporting.pages.rules import rules
from harness.reporting.pages.summary import Summary
from harness.reporting.pages.table import table
from harness.reporting.pages.timing import timing
from harness.reporting.pages.tokens import tokens
from harness.reporting.pages.transcript import transcript
from harness.reporting.pages.verdict import headline, verdict
from harness.reporting.pages.view import EVENTS, Part, View, address
from harness.scenarios.outcome import Outcome
from harness.timeline.archive import SUFFIX

SIZE = 200_000
"""Bytes of a page at most; what has more is cut into two pages, unless it is a single event."""
_TITLES = {
    "s-verdict": "verdict",
    "s-timing": "timing",
    "s-lanes": "timeline",
    "s-tokens": "tokens",
    "s-transcript": "transcript",
    "s-rules": "rules",
    "s-events": "events",
    "s-raw": "raw stream",
}


def pages(outcome: Outcome, *, name: str = "", pace: Pace = DEFAULT, note: str = "", size: int = SIZE) -> list[str]:
    """The conversation as HTML.

    Args:
        outcome: What it came to.
        name: What the pages' files will be called, without an ending, so that they can link each other; empty where
            they have no addresses.
        pace: What its streamed answers are judged by.
        note: A sentence for the head of the page, such as where its verdict comes from.
        size: Bytes of a page at most.

    Returns:
        One page up to about 550 events, more for longer conversations or weightier events; each under that size.
    """
    view = View(outcome, pace)
    starts = list(range(0, len(outcome.timeline), EVENTS)) or [0]
    while True:
        view.cut(starts, name)
        made = []
        for part in view.parts:
            view.part = part
            made.append(_page(view, note))
        heavy = [part for part, html in zip(view.parts, made, strict=True) if _is_heavy(part, html, size)]
        if not heavy:
            return made
        starts = sorted([*starts, *((part.start + part.stop) // 2 for part in heavy)])


def write(outcome: Outcome, folder: Path, *, name: str = "", pace: Pace = DEFAULT, note: str = "") -> list[str]:
    """Write the conversation's pages into a folder, which is made if need be.

    Args:
        outcome: What it came to.
        folder: Where to.
        name: What the file is called, without an ending; as the recording, or `conversation-<id>`, if empty.
        pace: What its streamed answers are judged by.
        note: A sentence for the head of the page, such as where its verdict comes from.

    Returns:
        The pages, the one to open first.

    Raises:
        OSError: One can't be written.
    """
    name = name or name_of(outcome)
    folder.mkdir(parents=True, exist_ok=True)
    made = pages(outcome, name=name, pace=pace, note=note)
    for number, html in enumerate(made, 1):
        (folder / address(name, number)).write_bytes(html.encode("utf-8"))
    return made


def name_of(outcome: Outcome) -> str:
    """A file's name, without an ending, that no other conversation's page has."""
    if outcome.recording:
        return Path(outcome.recording).name.removesuffix(SUFFIX)
    return f"conversation-{sub(r'[^A-Za-z0-9_-]+', '-', outcome.conversation)[:80] or 'without-an-id'}"


def _is_heavy(part: Part, html: str, size: int) -> bool:
    return part.stop - part.start > 1 and len(html.encode()) > size


def _page(view: View, note: str) -> str:
    outcome, part = view.outcome, view.part
    sections = [verdict(view), timing(view), lanes(view), tokens(view), transcript(view)]
    sections += [*([rules(view)] if part.number == 1 else []), table(view), raw(view)]
    shown = [one for one in sections if one is not None]
    summary = Summary.of(view)
    title = f"{outcome.status}: {cut(summary.title, 120)}"
    body = [
        tag("a", "To the verdict", href="#s-verdict", class_="skip"),
        tag("header", *_header(view, summary, note)),
        _contents(shown),
        *(Html("<main>"), *shown, *_parts(view, "pages, at the end"), Html("</main>")),
    ]
    return frame(title, [summary.meta()] if part.number == 1 else [], body)


def _header(view: View, summary: Summary, note: str) -> Iterator[Html]:
    outcome, part = view.outcome, view.part
    yield tag("h1", tag("bdi", cut(summary.title, 300)), " ", headline(view))
    if summary.file:
        yield tag("p", tag("bdi", cut(summary.file, 300)), class_="quiet")
    opened = datetime.fromtimestamp(outcome.opened_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    facts = [
        ("conversation", outcome.conversation),
        ("name", outcome.name if outcome.scenario else ""),
        ("with", f"{outcome.deployment} on {outcome.target}"),
        ("opened", opened),
        ("lasted", f"{view.lasted:.3f} s, {counted(len(view.timeline), 'event')}"),
        ("ended", view.timeline.ended or ""),
        ("page", f"{part.number} of {len(view.parts)}" if len(view.parts) > 1 else ""),
    ]
    yield definitions(((name, cut(what, 200)) for name, what in facts if what), class_="facts")
    if note:
        yield tag("p", note, class_="note")
    if part.number == 1:
        yield definitions(summary.tiles(), class_="tiles")
    yield from _parts(view, "pages")


def _parts(view: View, label: str) -> Iterator[Html]:
    """Links to the conversation's other pages."""
    if len(view.parts) > 1 and view.part.address:
        yield tag("nav", joined([_to(view, part) for part in view.parts], " "), aria_label=label, class_="parts")


def _to(view: View, part: Part) -> Html:
    label = f"#{part.start}{DASH}{part.stop - 1}"
    here = part is view.part
    return tag("a", label, href="#s-verdict" if here else part.address, aria_current="page" if here else None)


def _contents(sections: list[Html]) -> Html:
    heads = [one[:40] for one in sections]
    there = [(anchor, name) for anchor, name in _TITLES.items() if any(f'id="{anchor}"' in one for one in heads)]
    return tag("nav", *(tag("a", name, href=f"#{anchor}") for anchor, name in there), aria_label="sections")
