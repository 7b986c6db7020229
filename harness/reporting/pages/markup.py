"""HTML that can't be broken from inside: whatever is not markup already is escaped, here and nowhere else.

A bot is hostile input. Besides what HTML gives a meaning to, controls, terminal escapes and direction overrides are
spelt out, and long text is cut. A page has no script, fetches nothing, and forbids both, so that even what slipped
through could do nothing. Not here: what is shown.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

from harness.events.text import printable

_MEANT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_EMPTY = frozenset({"meta", "br", "hr", "rect", "line", "path"})

DASH = "\N{EN DASH}"
"""From one to another, or nothing."""


class Html(str):
    """Text that is markup; made by this file's functions only."""

    __slots__ = ()


def escape(text: str) -> Html:
    """Text from anywhere as one line of text on a page."""
    return text if text.__class__ is Html else Html(_escaped(text))


def _escaped(text: str) -> str:
    shown = text if text.isprintable() else printable(text)
    return shown.translate(_MEANT) if "&" in shown or "<" in shown or ">" in shown else shown


@lru_cache(4096, typed=True)  # a page has hundreds, of a few dozen
def _attribute(name: str, value: str | float) -> str:
    told = escape(value).replace('"', "&quot;") if isinstance(value, str) else value
    return f' {name.rstrip("_").replace("_", "-")}="{told}"'


def paragraph(text: str) -> Html:
    """As `escape`, but lines stay lines; they are shown as such where white space is kept."""
    return Html("\n".join(map(escape, text.splitlines())))


def cut(text: str, limit: int, rest: str = "") -> str:
    """The text, or its beginning with the full length told."""
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text):,} characters{rest})"


def tag(name: str, /, *children: str, **attributes: str | float | None) -> Html:
    """An element.

    Args:
        name: Its name.
        children: Markup, or text, which is escaped.
        attributes: By name, with `_` for `-` and one at the end ignored; those of None are left out.
    """
    given = ""
    for key, value in attributes.items():
        if value is not None:
            given += _attribute(key, value)
    if children or name not in _EMPTY:
        body = "".join([part if part.__class__ is Html else _escaped(part) for part in children])
        return Html(f"<{name}{given}>{body}</{name}>")
    return Html(f"<{name}{given}>" if name in {"meta", "br", "hr"} else f"<{name}{given}/>")


def joined(parts: Iterable[str], between: str = "") -> Html:
    """Pieces of markup and text, one after the other."""
    return Html(between.join([part if part.__class__ is Html else _escaped(part) for part in parts]))


def hidden(text: str) -> Html:
    """Text for those who hear the page and don't see it."""
    return tag("span", text, class_="sr")


def section(anchor: str, title: str, *children: str) -> Html:
    """A section with a heading, and an address on the page."""
    return tag("section", tag("h2", title, id=f"{anchor}-h"), *children, id=anchor, aria_labelledby=f"{anchor}-h")


def scrollable(label: str, *children: str) -> Html:
    """What may be wider than a phone; it is scrolled by itself, with keys as well."""
    return tag("div", *children, class_="scroll", tabindex=0, role="group", aria_label=label)


def definitions(pairs: Iterable[tuple[str, str]], **attributes: str) -> Html:
    """A list of names and what they stand for."""
    told = [f"<div><dt>{escape(name)}</dt><dd>{escape(what)}</dd></div>" for name, what in pairs]
    return tag("dl", Html("".join(told)), **attributes)


def counted(number: int, what: str) -> str:
    """A number of things."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def frame(title: str, more: Sequence[Html], body: Sequence[Html]) -> str:
    """A whole page, in the style of all pages.

    Args:
        title: For the browser.
        more: What else belongs into its head.
        body: What is on it.
    """
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        *more,
        tag("title", title),
        tag("style", _style()),
    ]
    return "".join(  # once: what is copied at every level of a page takes as long as a section
        ['<!DOCTYPE html>\n<html lang="en"><head>', *head, "</head><body>", *body, "</body></html>\n"]
    )


@cache
def _style() -> Html:
    css = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    bare = re.sub(r"/\*.*?\*/|\s+", " ", css)
    return Html(re.sub(r"\s*([{};,])\s*|(:) +", r"\1\2", bare).strip())
