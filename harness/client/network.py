"""What the users of a run share to reach a target: connections, one SSL context, and the clock of arrivals.

Only the target says how to get there: proxies of the environment don't count, or they would be asked for a sandbox.
"""

import ssl
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self

import httpx

from harness.client.arrivals import Heartbeat
from harness.client.connection import Connection
from harness.client.target import Target, Timeouts
from harness.client.transport import Transport

_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "conversation-harness"}


@cache
def trusting(ca: Path | None) -> ssl.SSLContext:
    """One context for all: a context of its own costs a client 20 ms and 900 KiB.

    Args:
        ca: A PEM file with certificates of authorities that are trusted beside those that always are.

    Raises:
        OSError: The file can't be read.
        ssl.SSLError: It has no certificate.
    """
    context = httpx.create_ssl_context()
    if ca is not None:
        context.load_verify_locations(cafile=ca)
    return context


@lru_cache(maxsize=256)
def address(url: str) -> httpx.URL:
    """An address that httpx has read, which takes a fifth of what a request does; most are asked for again and again.

    Raises:
        httpx.InvalidURL: It is none.
    """
    return httpx.URL(url)


class Network:
    """The way out; open it with `async with`, on the event loop it is used on.

    Args:
        target: Says how to get there: its proxy, the authorities that are trusted, the time-outs; without one, the way
            is direct.

    Attributes:
        http: What event streams are opened with; `request` is for everything else.
        heartbeat: Tells how far back unread bytes can reach.
        timeouts: How long each phase may take, in seconds.
    """

    def __init__(self, target: Target | None = None) -> None:
        self.heartbeat = Heartbeat()
        self.timeouts = target.timeouts if target else Timeouts()
        verify, proxy = trusting(target.ca if target else None), target.proxy if target else None
        self._transport = Transport(self.heartbeat, verify=verify, proxy=proxy)
        patience = httpx.Timeout(self.timeouts.request, connect=self.timeouts.connect)
        self._patience = patience.as_dict()
        self.http = httpx.AsyncClient(transport=self._transport, headers=_HEADERS, timeout=patience)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        files: Mapping[str, tuple[str | None, bytes, str]] | None = None,
    ) -> httpx.Response:
        """Send a request and read the whole answer.

        Without httpx's client, which would look for cookies, redirects and passwords that this API does not have, for
        as much time as all the rest takes.

        Raises:
            httpx.TransportError: The network failed, or what answered does not speak HTTP.
        """
        request = httpx.Request(
            method,
            address(url),
            json=body,
            files=files,
            params=params,
            headers={**_HEADERS, **headers},
            extensions={"timeout": self._patience},
        )
        response = await self._transport.handle_async_request(request)
        response.request = request
        try:
            await response.aread()
        finally:
            await response.aclose()
        return response

    def drop(self, connection: Connection) -> None:
        """Close a connection that was kept."""
        self._transport.drop(connection)

    async def __aenter__(self) -> Self:
        self.heartbeat.__enter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.heartbeat.__exit__()
        await self.http.aclose()
