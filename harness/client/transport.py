"""httpx over aiohttp, with the arrival of every read noted before anything is decoded.

aiohttp has no public place for that, so this file, and no other, reaches into two pinned libraries: the protocol class
of aiohttp's connector and the response inside httpx-aiohttp's stream. tests/client/test_transport.py notices if either
moves.
"""

import asyncio
import functools
import ssl
from typing import Any

import aiohttp
import httpx
from aiohttp.client_proto import ResponseHandler
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream

from harness.client.arrivals import Arrival, Heartbeat

_FULL_READ = 65_536
"""A read of this many bytes or more may have left some behind; the next one is then no younger than this one."""

_READ_BUFFER = 8 * 1_048_576
"""Bytes aiohttp holds before it stops reading: more than the largest event, so that no arrival is late by our doing."""


class NotedArrivals(ResponseHandler):
    """aiohttp's protocol, noting when bytes were handed over and how long they can have waited."""

    def __init__(self, heartbeat: Heartbeat, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._heartbeat = heartbeat
        self._arrival = Arrival(heartbeat.floor, heartbeat.now())
        self._taken = True
        self._held: float | None = None

    def data_received(self, data: bytes) -> None:
        """Note the read, then decode as ever."""
        if data:
            floor = self._heartbeat.floor if self._held is None else min(self._held, self._heartbeat.floor)
            earliest = floor if self._taken else min(self._arrival.earliest, floor)
            self._arrival = Arrival(earliest, self._heartbeat.now())
            self._taken = False
            self._held = floor if len(data) >= _FULL_READ else None
        super().data_received(data)

    def set_response_params(self, **params: Any) -> None:
        """A new request begins on the connection: what came before is not its answer."""
        self._taken, self._held = True, None
        super().set_response_params(**params)

    def pause_reading(self) -> None:
        """Bytes that come while reading is paused are as old as the pause."""
        self._held = self._heartbeat.floor
        super().pause_reading()

    def take(self) -> Arrival:
        """The arrival of what was read since the last call; of the last read if there was none since."""
        self._taken = True
        return self._arrival


class Transport(AiohttpTransport):
    """An httpx transport whose responses tell the arrival of their bytes.

    A response's `extensions["arrivals"]` is the `NotedArrivals` of its connection.
    """

    def __init__(self, heartbeat: Heartbeat, *, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, client=self._session)
        self._heartbeat = heartbeat

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self.ssl_context, limit=0)
        protocol = functools.partial(NotedArrivals, self._heartbeat, asyncio.get_running_loop())
        connector._factory = protocol  # type: ignore[assignment]  # see above
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=_READ_BUFFER
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request.

        Raises:
            httpx.TransportError: The network failed, or what answered does not speak HTTP.
        """
        try:
            response = await super().handle_async_request(request)
        except aiohttp.ClientError as error:  # what httpx-aiohttp has no httpx name for
            raise httpx.RemoteProtocolError(str(error) or type(error).__name__, request=request) from error
        if isinstance(response.stream, AiohttpResponseStream):
            connection = response.stream._aiohttp_response.connection  # see above
            if connection is not None:
                response.extensions["arrivals"] = connection.protocol
        return response
