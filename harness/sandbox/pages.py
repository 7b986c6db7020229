"""The sandbox's pages: `/` lists its conversations, at `/chat` a person is the end user, at `/rep` a service rep.

Here: which file stands where, and what a browser may do with it. Not here: the pages (the folder beside this file), the
paths that they ask: the messaging API (miaw.py) and the sandbox's own (control.py).

What a bot says is shown as text. Should a page forget that, the policy holds: no script but the files that stand here,
no style of an attribute, nothing from elsewhere, no HTML made of text.
"""

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.sandbox.answers import Endpoint, route

FOLDER = Path(__file__).parent / "pages"
SCRIPTS = ("text.js", "wire.js", "log.js", "forms.js", "list.js", "index.js", "chat.js", "rep.js")
PLACES = {
    "/": "index.html",
    "/chat": "chat.html",
    "/rep": "rep.html",
    **{f"/pages/{name}": name for name in ("page.css", *SCRIPTS)},
}
"""The files by their paths."""

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Source: W3C, Content Security Policy Level 3; Trusted Types."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def routes() -> list[Route]:
    """Give the pages and what belongs to them."""
    return [route("GET", path, _giving(name)) for path, name in PLACES.items()]


def _giving(name: str) -> Endpoint:
    content, media_type = _content(name), f"{TYPES[Path(name).suffix]}; charset=utf-8"

    async def give(_: Request) -> Response:
        return Response(content, media_type=media_type, headers=HEADERS)

    return give


@cache
def _content(name: str) -> bytes:
    """Read a file once, however many sandboxes there are."""
    return (FOLDER / name).read_bytes()
