"""What the users of a run share to reach a target: connections, one SSL context, and the clock of arrivals."""

import ssl
from functools import cache
from typing import Self

import httpx

from harness.client.arrivals import Heartbeat
from harness.client.transport import Transport


@cache
def _ssl_context() -> ssl.SSLContext:
    """One context for all: a context of its own costs a client 20 ms and 900 KiB."""
    return httpx.create_ssl_context()


class Network:
    """The way out; open it with `async with`, on the event loop it is used on.

    Attributes:
        http: The HTTP client that all users share.
        heartbeat: Tells how far back unread bytes can reach.
    """

    def __init__(self) -> None:
        self.heartbeat = Heartbeat()
        self.http = httpx.AsyncClient(
            transport=Transport(self.heartbeat, verify=_ssl_context()),
            timeout=httpx.Timeout(10.0, read=30.0),
            headers={"Accept-Encoding": "identity", "User-Agent": "conversation-harness"},
        )

    async def __aenter__(self) -> Self:
        self.heartbeat.__enter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.heartbeat.__exit__()
        await self.http.aclose()
