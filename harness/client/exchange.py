"""One request and its answer: what came of it, told to whoever records it.

Here: HTTP. Not here: what a refusal means (refusals.py), the operations of a service (miaw.py), its event stream
(stream.py).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from harness.client.network import Network
from harness.client.refusals import refusal
from harness.client.trouble import unreachable
from harness.errors import RemoteProtocolError
from harness.events.text import quoted
from harness.timeline.sensitive import FIELD

_LONGEST_SPACE = 64
"""Bytes of white space that a page may begin with."""


SHOWN = 4_000
"""Characters kept of a body."""

_TOLD_HEADERS = ("content-type", "retry-after", "x-request-id")
"""Headers of answers that are kept."""

_SECRET = re.compile(
    r"""("[^"]*(?:token|secret|password|authorization)[^"]*"\s*:\s*)"(?:[^"\\]|\\.)*"?""", re.IGNORECASE
)
"""A field of JSON with such a name, whose value is nobody's business, whatever it looks like."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what it was answered with, without secrets; times in seconds on the monotonic clock.

    Attributes:
        operation: What was asked for, as the service's reference names it.
        status: HTTP status code.
        method: HTTP method.
        path: Path and query, without the service's address.
        headers: Of the request; what would let anybody in is `[redacted]`.
        sent: The body of the request as text, at most `SHOWN` characters; files are told by name, type and size.
        told: Headers of the answer that say something about it.
        got: Its body, as `sent`; what is no text is told by its size.
    """

    operation: str
    status: int
    started: float
    ended: float
    method: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    got: str = ""


class Requests:
    """Sends requests.

    Args:
        network: The way out.
        observe: Told of every answered request, also of refused ones.
    """

    def __init__(self, network: Network, observe: Callable[[Exchange], None] = lambda _: None) -> None:
        self._network, self._observe = network, observe

    async def send(
        self,
        operation: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        files: Mapping[str, tuple[str | None, bytes, str]] | None = None,
    ) -> httpx.Response:
        """Send one.

        Args:
            operation: What is asked for, as the service's reference names it.
            method: HTTP method.
            url: Where to.
            headers: Headers.
            params: What goes behind the question mark.
            body: JSON.
            files: Parts of a form: file name or None, content, media type.

        Raises:
            TargetUnreachable: Nobody answered.
            RemoteProtocolError: What answered does not speak HTTP, or is a page for people.
            ServiceRefused: The answer means no.
        """
        started = self._network.heartbeat.now()
        try:
            response = await self._network.request(
                method, url, headers=headers or {}, params=params, body=body, files=files
            )
        except httpx.RemoteProtocolError as error:
            raise RemoteProtocolError(
                f"{url} answered something that is not HTTP ({quoted(str(error), limit=120)}); "
                "check the target's address"
            ) from error
        except httpx.TransportError as error:
            raise unreachable(url, error) from error
        names = {name.lower() for name, _ in response.headers.raw}
        told = {name: response.headers[name] for name in _TOLD_HEADERS if name.encode() in names}
        self._observe(
            Exchange(
                operation,
                response.status_code,
                started,
                self._network.heartbeat.now(),
                method=method,
                path=response.request.url.raw_path.decode("ascii"),
                headers={name: FIELD if name == "Authorization" else value for name, value in (headers or {}).items()},
                sent=_shown(_written(body, files)),
                told=told,
                got=_shown(_read(response, told.get("content-type", ""))),
            )
        )
        if not response.is_success:
            raise refusal(operation, response.status_code, response.text)
        if response.content[:_LONGEST_SPACE].lstrip().startswith(b"<"):  # whatever it is, it is none of the service's
            raise RemoteProtocolError(
                f"{operation} was answered with a page ({quoted(response.text, limit=80)}) by {url}; a gateway or a "
                "login page stands in the way, or the target's address is not a messaging service"
            )
        return response


def _written(body: Mapping[str, Any] | None, files: Mapping[str, tuple[str | None, bytes, str]] | None) -> str:
    """The body of a request as text."""
    if body is not None:
        return json.dumps(body, ensure_ascii=False)
    parts = [
        f"{name}: {content.decode()}" if file is None else f"{name}: {file}, {kind}, {len(content):,} bytes"
        for name, (file, content, kind) in (files or {}).items()
    ]
    return "\n".join(parts)


def _read(response: httpx.Response, kind: str) -> str:
    """The body of an answer of a media type as text."""
    if not response.content or "json" in kind or kind.startswith("text/"):
        return response.text
    return f"{len(response.content):,} bytes"


def _shown(body: str) -> str:
    told = _SECRET.sub(rf'\1"{FIELD}"', body)
    return told if len(told) <= SHOWN else f"{told[:SHOWN]}…"
