"""Routes, bodies and answers, as all paths of the sandbox have them.

Not here: which paths there are (miaw.py, control.py).
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from harness.sandbox.refusals import Refused

MOST_BYTES = 1 << 20
"""No request of this protocol has a reason to be larger, but for files."""
ALLOW_ORIGIN = {"Access-Control-Allow-Origin": "*"}

Endpoint = Callable[[Request], Awaitable[Response]]


def route(method: str, path: str, endpoint: Endpoint) -> Route:
    """Route one method of one path."""
    one = Route(path, endpoint, methods=[method])
    one.methods = {method}  # Starlette adds HEAD to GET, and a stream has no end that HEAD could wait for
    return one


async def body_of(request: Request, most: int | None = None, *, too_large: str = "") -> bytes:
    """Read a body to its end, also where it is too large: who is still writing reads no answer.

    Args:
        request: The request.
        most: Bytes that it may have.
        too_large: What is said if it has more.

    Raises:
        Refused: 413; it has more.
    """
    body, size, most = bytearray(), 0, most or MOST_BYTES
    async for chunk in request.stream():
        size += len(chunk)
        if size <= most:
            body += chunk
    if size > most:
        raise Refused(413, too_large or f"Request size exceeds the limit of {most} bytes")
    return bytes(body)


def json(status: int, body: Any) -> Response:
    """Answer with JSON."""
    return JSONResponse(body, status, headers=ALLOW_ORIGIN)


def text(status: int, body: str) -> Response:
    """Answer with plain text."""
    return PlainTextResponse(body, status, headers=ALLOW_ORIGIN)


def pdf(content: bytes, *, name: str) -> Response:
    """Answer with a PDF document to be kept under a name."""
    headers = {**ALLOW_ORIGIN, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/pdf", headers=headers)


def empty(status: int) -> Response:
    """Answer with nothing but a status."""
    return Response(status_code=status, headers=ALLOW_ORIGIN)
