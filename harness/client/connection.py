"""One HTTP/1.1 connection: a request goes out, its answer comes in, and every read of the body tells when it arrived.

Here: the bytes of one connection. Not here: which connection a request takes, and how it is opened (transport.py).
Arrivals are noted as the network hands bytes over, before anything is decoded and before whoever waits is resumed.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools
import httpx

from harness.client.arrivals import Arrival, Heartbeat

_FULL_READ = 65_536
"""A read of this many bytes or more may have left some behind; the next one is then no younger than this one."""

_MOST_UNREAD = 8 * 1_048_576
"""Bytes held before reading is paused: more than the largest event, so that no arrival is late by our doing."""

_LARGEST_HEAD = 65_536
"""Bytes of status line and headers; a service that sends more does not speak HTTP to us."""

_FIRST_FINAL = 200
"""Answers with a lower status only announce the one that counts."""


_NO_READS: "deque[tuple[bytes, Arrival]]" = deque(maxlen=0)
"""What waits to be read while everything is handed on at once; one for all, as a queue of its own takes 760 bytes."""


@dataclass(slots=True)
class Head:
    """What an answer begins with.

    Attributes:
        status: Its status.
        reason: The words behind it.
        version: Such as `1.1`.
        headers: In the order in which they came.
    """

    status: int
    reason: bytes
    version: str
    headers: list[tuple[bytes, bytes]]


class Connection(asyncio.Protocol):
    """One exchange at a time; whoever has got the answer reads it to its end, or closes the connection.

    Attributes:
        is_open: Whether it can still be used.
        is_kept: Whether somebody goes on reading the answer when the response is closed, and will close it.
        idle_since: When it came to rest, seconds on the heartbeat's clock.
    """

    def __init__(self, heartbeat: Heartbeat, loop: asyncio.AbstractEventLoop) -> None:
        self._heartbeat, self._loop = heartbeat, loop
        self._transport: asyncio.Transport | None = None
        self.is_open = self.is_kept = False
        self.idle_since = 0.0
        self._held: float | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._forget()

    def _forget(self) -> None:
        """What is known of an exchange, before it has begun."""
        self._answer: asyncio.Future[Head] | None = None
        self._reason, self._headers, self._head_size = b"", list[tuple[bytes, bytes]](), 0
        self._has_length = self._has_begun = self._is_complete = self._keeps_alive = self._is_paused = False
        self._parts: list[bytes] = []
        self._reads: deque[tuple[bytes, Arrival]] = deque()
        self._unread = 0
        self._waiter: asyncio.Future[None] | None = None
        self._sink: Callable[[bytes, Arrival], None] | None = None
        self._error: Exception | None = None

    # -- one exchange -------------------------------------------------------------------------------------------------

    async def exchange(self, wire: bytes, within: float | None) -> Head:
        """Send a request and wait for the head of its answer.

        Args:
            wire: The whole request.
            within: Seconds until the head has to be there; None to wait for ever.

        Raises:
            httpx.ReadTimeout: It was not.
            httpx.ReadError: The connection was lost before.
            httpx.RemoteProtocolError: What came is not HTTP.
        """
        self._forget()
        self._parser = httptools.HttpResponseParser(self)
        self._answer = self._loop.create_future()
        assert self._transport is not None  # noqa: S101 - it was made on connecting
        self._transport.write(wire)
        alarm = None if within is None else self._loop.call_later(within, self._late, within)
        try:
            return await self._answer
        except BaseException:
            self.close()
            raise
        finally:
            if alarm is not None:
                alarm.cancel()

    def _late(self, within: float) -> None:
        self._fail(httpx.ReadTimeout(f"no answer within {within:g} s"))

    async def read(self, within: float | None = None) -> tuple[bytes, Arrival] | None:
        """The next bytes of the answer's body and when they arrived; None at its end.

        Raises:
            httpx.ReadTimeout: Nothing came within so many seconds.
            httpx.ReadError: The connection was lost before the end.
            httpx.RemoteProtocolError: What came is not HTTP.
        """
        while not self._reads:
            if self._is_complete:
                return None
            if self._error is not None:
                raise self._error
            self._waiter = self._loop.create_future()
            if within is None:
                await self._waiter
                continue
            try:
                async with asyncio.timeout(within):
                    await self._waiter
            except TimeoutError as error:
                raise httpx.ReadTimeout(f"nothing more came for {within:g} s") from error
        read = self._reads.popleft()
        self._unread -= len(read[0])
        if self._is_paused and not self._reads:
            self._is_paused = False
            assert self._transport is not None  # noqa: S101 - it was paused
            self._transport.resume_reading()
        return read

    async def pour(self, into: Callable[[bytes, Arrival], None]) -> None:
        """Hand on the bytes of the answer's body the moment they are read, until its end.

        Raises:
            httpx.TransportError: As `read` does.
            Exception: Whatever `into` raises, which ends the exchange.
        """
        while self._reads:
            into(*self._reads.popleft())
        self._unread, self._sink = 0, into
        self._reads, self._headers, self._answer = _NO_READS, [], None  # it may last for hours, and there are thousands
        try:
            while not self._is_complete:
                if self._error is not None:
                    raise self._error
                self._waiter = self._loop.create_future()
                await self._waiter
        finally:
            self._sink, self._reads = None, deque()

    @property
    def is_at_rest(self) -> bool:
        """Whether the last answer was read to its end, and the other side keeps the connection for another one."""
        return self.is_open and self._is_complete and self._keeps_alive and not self._reads

    def rest(self) -> None:
        """Note that the exchange is over and another one may follow."""
        self.idle_since = self._heartbeat.now()
        self._parser = None

    def close(self) -> None:
        """Let go of the connection at once, whatever is still on its way."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def tunnelled(self, secured: asyncio.Transport) -> None:
        """Go on over TLS, behind a proxy that has agreed."""
        self._transport, self._parser = secured, None
        self._forget()

    @property
    def transport(self) -> asyncio.Transport:
        """What it goes over."""
        assert self._transport is not None  # noqa: S101 - it was made on connecting
        return self._transport

    # -- what the network says ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Note the arrival, then decode."""
        floor, now = self._heartbeat.floor, self._heartbeat.now()
        if self._held is not None and self._held < floor:
            floor = self._held
        self._held = floor if len(data) >= _FULL_READ else None
        if self._parser is None:  # nobody has asked anything
            self.close()
            return
        if not self._has_begun:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(httpx.RemoteProtocolError(str(error)))
        if not self._has_begun and self._head_size > _LARGEST_HEAD:
            self._fail(httpx.RemoteProtocolError(f"the head of the answer is larger than {_LARGEST_HEAD:,} bytes"))
        if self._parts:
            body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts.clear()
            if self._sink is not None:
                try:
                    self._sink(body, Arrival(floor, now))
                except Exception as error:  # it is raised where the sink was given
                    self._fail(error)
                return
            self._reads.append((body, Arrival(floor, now)))
            self._unread += len(body)
            if self._unread > _MOST_UNREAD and not self._is_paused and self._transport is not None:
                self._is_paused = True
                self._held = floor
                self._transport.pause_reading()
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone; an answer that has neither length nor chunks has come to its end by that."""
        self.is_open = False
        if self._parser is None or self._is_complete:
            return
        if self._has_begun and not self._has_length and exc is None:
            self._is_complete = True
            self._wake()
            return
        when = "in the middle of the answer" if self._has_begun else "before an answer came"
        self._fail(httpx.ReadError(f"the connection was lost {when}" + (f": {exc}" if exc else "")))

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(self._error)
        self.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- what the parser says -----------------------------------------------------------------------------------------

    def on_status(self, status: bytes) -> None:
        """The words behind the status, or a part of them."""
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers.append((name, value))
        if name.lower() in {b"content-length", b"transfer-encoding"}:
            self._has_length = True

    def on_headers_complete(self) -> None:
        """The head is whole."""
        assert self._parser is not None  # noqa: S101 - it is what calls
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL:
            return
        self._has_begun = True
        head = Head(status, self._reason, self._parser.get_http_version(), self._headers)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(head)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole, or there is another one to come."""
        if not self._has_begun:
            self._reason, self._headers, self._has_length = b"", [], False
            return
        assert self._parser is not None  # noqa: S101 - it is what calls
        self._is_complete = True
        self._keeps_alive = self._parser.should_keep_alive()
        self._wake()
