"""The event stream of one user: frames, each with the interval in which it arrived.

httpx-sse opens it; the bytes go to our own decoder (protocols/sse.py), which keeps what httpx-sse's loses.
Not here: what a frame means (protocols/miaw/mapping.py), opening it again after a drop.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import httpx
from httpx_sse import aconnect_sse

from harness.client.arrivals import Arrival
from harness.client.connection import Connection
from harness.client.network import Network
from harness.client.refusals import refusal
from harness.client.trouble import unreachable
from harness.errors import RemoteProtocolError
from harness.events.text import quoted
from harness.protocols.sse import Comment, Frame, SSEDecoder

_SHOWN = 300
"""Bytes of an error body that are read to be shown."""

_GLANCE = 1.0
"""Seconds for that; what looks like a stream may be one that brings nothing."""


class Batch(NamedTuple):
    """What one read completed: often one frame, more when they came together."""

    arrival: Arrival
    frames: Sequence[Frame | Comment]


class EventStream:
    """An open event stream.

    Attributes:
        broken: What the network said when the stream ended; empty while it is open and after an orderly end.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._decoder = SSEDecoder()
        self.broken = ""

    @property
    def unfinished(self) -> bytes:
        """The bytes of an event that has begun and not ended: what an end of the stream would lose."""
        return self._decoder.unfinished

    @property
    def last_event_id(self) -> str:
        """The id to resume after."""
        return self._decoder.last_event_id

    async def listen(self, hear: Callable[[Batch], None]) -> None:
        """Hand frames to `hear` the moment they are read, until the stream ends.

        Raises:
            RemoteProtocolError: A line or an event is larger than the decoder allows.
        """

        def take(chunk: bytes, arrival: Arrival) -> None:
            if frames := self._decoder.feed(chunk):
                hear(Batch(arrival, frames))
            self._decoder.feed(b"")  # the decoder hands out what was whole before it complains of what is not

        try:
            await self._connection.pour(take)  # not aiter_raw, which loses the arrivals
        except httpx.TransportError as error:
            self.broken = str(error) or type(error).__name__

    async def batches(self) -> AsyncIterator[Batch]:
        """The same for whoever would rather ask: frames as they come, until the stream ends.

        Raises:
            RemoteProtocolError: A line or an event is larger than the decoder allows.
        """
        heard: asyncio.Queue[Batch | None] = asyncio.Queue()
        listening = asyncio.ensure_future(self.listen(heard.put_nowait))
        listening.add_done_callback(lambda _: heard.put_nowait(None))
        try:
            while (batch := await heard.get()) is not None:
                yield batch
            await listening
        finally:
            listening.cancel()


@asynccontextmanager
async def open_stream(network: Network, url: str, headers: dict[str, str]) -> AsyncIterator[EventStream]:
    """Open the event stream and check that it is one.

    Raises:
        TargetUnreachable: Nobody answered.
        ServiceRefused: The service answered with an error status.
        RemoteProtocolError: What answered is not an event stream.
    """
    connection = await _opened(network, url, headers)
    del url, headers  # there are thousands of streams
    try:
        yield EventStream(connection)
    finally:
        network.drop(connection)


async def _opened(network: Network, url: str, headers: dict[str, str]) -> Connection:
    """The connection over which it comes; nothing is kept of the answer besides, as thousands may be open."""
    patience = httpx.Timeout(network.timeouts.first_event, connect=network.timeouts.connect)
    connection: Connection | None = None
    try:
        async with aconnect_sse(network.http, "GET", url, headers=headers, timeout=patience) as source:
            await _check(source.response)
            connection = source.response.extensions["connection"]
            connection.is_kept = True
    except httpx.TransportError as error:
        raise unreachable(url, error) from error
    except BaseException:
        if connection is not None:
            network.drop(connection)
        raise
    return connection


async def _check(response: httpx.Response) -> None:
    if response.status_code != httpx.codes.OK:
        raise refusal("open event stream", response.status_code, await _start_of(response))
    content_type = response.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "text/event-stream":
        raise RemoteProtocolError(
            f"{response.url} answered with {quoted(content_type) if content_type else 'no content type'} instead of an "
            f"event stream (text/event-stream): {quoted(await _start_of(response))}; check the address of the target"
        )


async def _start_of(response: httpx.Response) -> str:
    start = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(_GLANCE):
            async for chunk in response.aiter_raw():
                start += chunk
                if len(start) >= _SHOWN:
                    break
    return start[:_SHOWN].decode(errors="replace")
