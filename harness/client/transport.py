"""An httpx transport for HTTP/1.1 that keeps many event streams open and tells the arrival of every read.

Every request has a connection to itself while it lasts; connections at rest are used again, the last one first. Here:
which connection, and how it is opened: TCP, TLS, a proxy. Not here: what goes over it (connection.py). Why our own:
httpx's tells nothing of arrivals and its pool is linear in open streams; `make bench ONLY=streams` shows both.
"""

import asyncio
import base64
import re
import ssl
from collections.abc import AsyncIterator

import httpx

from harness.client.arrivals import Heartbeat
from harness.client.connection import Connection, Head

_REST = 15.0
"""Seconds that a connection is kept for another request."""

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods that may be sent once more where it is unknown whether the first was heard. Source: RFC 9110, 9.2.2."""

_BREAKS = re.compile(rb"[\r\n\0]")

_PORTS = {"http": 80, "https": 443}

_Origin = tuple[str, str, int]


class _Body(httpx.AsyncByteStream):
    """The body of an answer; its connection comes to rest when it is closed."""

    def __init__(self, transport: "Transport", origin: _Origin, connection: Connection, timeout: float | None) -> None:
        self._transport, self._origin, self._timeout = transport, origin, timeout
        self._connection = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (read := await self._connection.read(self._timeout)) is not None:
            yield read[0]

    async def aclose(self) -> None:
        self._transport.release(self._origin, self._connection)


class Transport(httpx.AsyncBaseTransport):
    """An httpx transport whose responses tell the arrival of their bytes.

    A response's `extensions["connection"]` is its `Connection`, from which the body can be read with its arrivals.

    Args:
        heartbeat: Tells how long bytes can have waited.
        verify: What a certificate is checked with.
        proxy: Address of an HTTP proxy, with user and password where it wants them; none if None.
    """

    def __init__(self, heartbeat: Heartbeat, *, verify: ssl.SSLContext, proxy: str | None = None) -> None:
        self._heartbeat, self._verify = heartbeat, verify
        self._proxy = None if proxy is None else httpx.URL(proxy)
        self._resting: dict[_Origin, list[Connection]] = {}
        self._busy: set[Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and wait for the head of its answer.

        Raises:
            httpx.TransportError: The network failed, or what answered does not speak HTTP.
        """
        timeouts: dict[str, float | None] = request.extensions.get("timeout", {})
        url = request.url
        origin = (url.scheme, url.host, url.port or _PORTS.get(url.scheme, 0))
        if not origin[2]:
            raise httpx.UnsupportedProtocol(f"{url.scheme}:// is neither http:// nor https://", request=request)
        body = await request.aread()
        wire = _head(request, self._target(url), len(body), self._by_proxy(origin)) + body
        try:
            connection, head = await self._sent(origin, wire, request.method, timeouts)
        except httpx.RequestError as error:
            error.request = request
            raise
        stream = _Body(self, origin, connection, timeouts.get("read"))
        extensions = {
            "http_version": b"HTTP/" + head.version.encode(),
            "reason_phrase": head.reason,
            "connection": connection,
        }
        return httpx.Response(head.status, headers=head.headers, stream=stream, extensions=extensions)

    async def aclose(self) -> None:
        """Close every connection."""
        for connection in [*self._busy, *(one for resting in self._resting.values() for one in resting)]:
            connection.close()
        self._busy.clear()
        self._resting.clear()
        await asyncio.sleep(0)  # the loop lets go of them in its next turn

    def release(self, origin: _Origin, connection: Connection) -> None:
        """Take a connection back whose answer is of no more interest."""
        if connection not in self._busy or connection.is_kept:
            return
        self._busy.discard(connection)
        if connection.is_at_rest:
            connection.rest()
            self._resting.setdefault(origin, []).append(connection)
        else:
            connection.close()

    def drop(self, connection: Connection) -> None:
        """Close a connection that was kept."""
        self._busy.discard(connection)
        connection.close()

    # -- connections --------------------------------------------------------------------------------------------------

    async def _sent(
        self, origin: _Origin, wire: bytes, method: str, timeouts: dict[str, float | None]
    ) -> tuple[Connection, Head]:
        while True:
            connection = self._rested(origin)
            is_used = connection is not None
            if connection is None:
                connection = await self._opened(origin, timeouts.get("connect"))
            self._busy.add(connection)
            try:
                return connection, await connection.exchange(wire, timeouts.get("read"))
            except httpx.ReadError:  # the other side may have let go of a connection that was at rest
                self._busy.discard(connection)
                if not (is_used and method in _REPEATABLE):
                    raise
            except BaseException:
                self._busy.discard(connection)
                raise

    def _rested(self, origin: _Origin) -> Connection | None:
        resting = self._resting.get(origin, [])
        oldest = self._heartbeat.now() - _REST
        while resting and (not resting[0].is_open or resting[0].idle_since < oldest):
            resting.pop(0).close()
        while resting:
            if (connection := resting.pop()).is_open:
                return connection
        return None

    async def _opened(self, origin: _Origin, within: float | None) -> Connection:
        scheme, host, port = origin
        try:
            async with asyncio.timeout(within):
                if self._proxy is not None:
                    return await self._through(self._proxy, origin)
                return await self._connected(host, port, self._verify if scheme == "https" else None)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection within {within:g} s") from error
        except OSError as error:  # a certificate that is not trusted is one, too
            raise httpx.ConnectError(_words(error)) from error

    async def _connected(self, host: str, port: int, verify: ssl.SSLContext | None) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(self._heartbeat, loop),
            host,
            port,
            ssl=verify,
            server_hostname=host if verify is not None else None,
        )
        return connection

    async def _through(self, proxy: httpx.URL, origin: _Origin) -> Connection:
        """Open a connection to a proxy; to a service that speaks TLS it becomes a tunnel."""
        scheme, host, port = origin
        is_tls = proxy.scheme == "https"
        connection = await self._connected(
            proxy.host, proxy.port or _PORTS.get(proxy.scheme, 80), self._verify if is_tls else None
        )
        if scheme != "https":
            return connection
        try:
            connection.tunnelled(await self._secured(connection, proxy, host, port))
        except BaseException:
            connection.close()
            raise
        return connection

    async def _secured(self, connection: Connection, proxy: httpx.URL, host: str, port: int) -> asyncio.Transport:
        place = f"{_bracketed(host)}:{port}"
        ask = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{_authorisation(proxy)}\r\n"
        head = await connection.exchange(ask.encode(), None)
        if head.status != httpx.codes.OK:
            raise httpx.ProxyError(f"the proxy refused: {head.status} {head.reason.decode(errors='replace')}")
        secured = await asyncio.get_running_loop().start_tls(
            connection.transport, connection, self._verify, server_hostname=host
        )
        if secured is None:
            raise httpx.ConnectError("the connection was lost while TLS was being agreed on")
        return secured

    # -- what a proxy wants to be told --------------------------------------------------------------------------------

    def _by_proxy(self, origin: _Origin) -> str:
        return _authorisation(self._proxy) if self._proxy is not None and origin[0] == "http" else ""

    def _target(self, url: httpx.URL) -> bytes:
        if self._proxy is not None and url.scheme == "http":
            return str(url.copy_with(fragment=None, username=None, password=None)).encode()
        return url.raw_path


def _head(request: httpx.Request, target: bytes, length: int, more: str) -> bytes:
    """A request up to its body.

    Raises:
        httpx.LocalProtocolError: A header would break its line, which httpx lets pass.
    """
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), target)]
    for name, value in request.headers.raw:
        if _BREAKS.search(value) or _BREAKS.search(name):
            raise httpx.LocalProtocolError(f"the header {name.decode(errors='replace')!r} holds the end of a line")
        if name.lower() not in {b"transfer-encoding", b"content-length", b"connection"}:
            lines.append(b"%b: %b" % (name, value))
    if length or request.method in {"POST", "PUT", "PATCH"}:
        lines.append(b"Content-Length: %d" % length)
    return b"\r\n".join(lines) + b"\r\n" + more.encode() + b"\r\n"


def _authorisation(proxy: httpx.URL) -> str:
    if not proxy.username:
        return ""
    said = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    return f"Proxy-Authorization: Basic {said}\r\n"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _words(error: OSError) -> str:
    """What the operating system or TLS says, without numbers and places of a source file."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return error.strerror or str(error) or type(error).__name__
