"""The list of a folder's pages: what did not hold first, then by how long its user waited.

It is made from what the pages say of themselves, so whoever wrote them, and whenever. Not here: the pages (page.py).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.reporting.pages.markup import DASH, Html, counted, cut, definitions, frame, scrollable, tag
from harness.reporting.pages.summary import Summary, milliseconds, summary_in
from harness.scenarios.outcome import Status

NAME = "index.html"
_RANKS = [str(status) for status in (Status.BROKEN, Status.FAILED, Status.PASSED)]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page: its file's name, and what it says of itself."""

    name: str
    summary: Summary


def listed_in(folder: Path) -> list[Listed]:
    """The pages in a folder, in the order of the list.

    Raises:
        OSError: One can't be read.
    """
    named = ((path.name, summary_in(path)) for path in folder.glob("*.html"))
    return sorted((Listed(name, summary) for name, summary in named if summary is not None), key=_order)


def slowest(pages: Sequence[Listed]) -> Listed | None:
    """The page of the conversation with the slowest answer; None where nothing was answered."""
    waited = [one for one in pages if one.summary.waited is not None]
    return max(waited, key=lambda one: (one.summary.waited or 0.0, one.name), default=None)


def write_index(folder: Path, notes: Sequence[str] = ()) -> Path:
    """Write the list of a folder's pages beside them.

    Args:
        folder: Where they are.
        notes: Sentences for the head of the list, such as what could not be read.

    Raises:
        OSError: It can't be written, or a page can't be read.
    """
    path = folder / NAME
    path.write_bytes(index(listed_in(folder), notes).encode("utf-8"))
    return path


def clear(folder: Path) -> None:
    """Remove the pages of a folder, and their list; nothing else in it.

    Raises:
        OSError: One can't be removed.
    """
    for one in listed_in(folder):
        stem = one.name.removesuffix(".html")
        for number in range(2, one.summary.pages + 1):
            (folder / f"{stem}-{number}.html").unlink(missing_ok=True)
        (folder / one.name).unlink()
    (folder / NAME).unlink(missing_ok=True)


def index(pages: Sequence[Listed], notes: Sequence[str] = ()) -> str:
    """The list as HTML."""
    ends = Counter(one.summary.status for one in pages)
    told = ", ".join(f"{ends[status]:,} {status}" for status in _RANKS if ends[status])
    head = tag("header", tag("h1", "Conversations"), *(tag("p", note, class_="note") for note in notes), _tiles(pages))
    names = ("verdict", "scenario", "slowest answer", "first token", "longest gap", "stalls", "rules", "events", "s")
    heads = [tag("th", name, scope="col") for name in names]
    table = tag(
        "table",
        tag("caption", "Milliseconds; what did not hold comes first, then the slowest answer."),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *map(_row, pages)),
        class_="numbers listed",
    )
    main = tag("main", scrollable("conversations", table) if pages else tag("p", "There is none.", class_="quiet"))
    return frame(f"{counted(len(pages), 'conversation')}{f': {told}' if told else ''}", [], [head, main])


def _tiles(pages: Sequence[Listed]) -> Html:
    ends = Counter(one.summary.status for one in pages)
    tiles: list[tuple[str, str]] = [(status, f"{ends[status]:,}") for status in _RANKS if ends[status]]
    if (one := slowest(pages)) is not None and one.summary.waited is not None:
        tiles.append(("slowest answer", tag("a", milliseconds(one.summary.waited), href=_address(one))))
    return definitions(tiles, class_="tiles")


def _row(one: Listed) -> Html:
    told = one.summary
    title = tag("a", tag("bdi", cut(told.title, 200)), href=_address(one))
    file = tag("small", tag("bdi", cut(told.file, 200)), f" · {cut(told.name, 60)}")
    return tag(
        "tr",
        tag("td", tag("span", told.status, class_=f"badge {told.status}")),
        tag("th", title, file, scope="row"),
        *(_number(value) for value in (told.waited, told.first, told.gap)),
        tag("td", f"{told.stalls:,}", class_="bad" if told.stalls else None),
        tag("td", f"{told.rules:,}", class_="bad" if told.rules else None),
        tag("td", f"{told.events:,}"),
        tag("td", f"{told.lasted:.1f}"),
    )


def _number(seconds: float | None) -> Html:
    return tag("td", DASH if seconds is None else f"{seconds * 1000:,.0f}")


def _address(one: Listed) -> str:
    return f"./{one.name}"


def _order(one: Listed) -> tuple[int, float, str, str]:
    status = one.summary.status
    rank = _RANKS.index(status) if status in _RANKS else 0
    return rank, -(one.summary.waited or 0.0), one.summary.scenario, one.name
