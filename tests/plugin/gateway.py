"""A gateway between the harness and a service: it knows what was asked for, and loses what it is told to lose.

Bytes go through as they are. Not here: the service, which is a sandbox.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_REQUEST = re.compile(rb"(GET|POST|DELETE) (\S+?)(?:\?\S*)? HTTP/1\.1\r\n")
_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) ")
TOKEN = "POST /iamessage/api/v2/authorization/unauthenticated/access-token"
CREATE = "POST /iamessage/api/v2/conversation"
CLOSE = re.compile(r"DELETE /iamessage/api/v2/conversation/[0-9a-f-]+")
STREAM = "GET /eventrouter/v1/sse"


@dataclass(slots=True)
class Fault:
    """What goes wrong with one request.

    Attributes:
        request: Which: its method and path, as a pattern.
        answer: What is answered instead of passing it on; nothing is a connection that is lost.
        after: Passed on all the same, but the connection is lost as soon as this was in the answer.
        skip: How many such requests are passed on before.
        is_mute: Passed on, and the answer is kept back.
    """

    request: str
    answer: bytes = b""
    after: bytes = b""
    skip: int = 0
    is_mute: bool = False


def refusal(status: int) -> bytes:
    """An answer that means no."""
    body = b'{"message": "Not now", "errorCode": "LATER"}'
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


@dataclass(slots=True)
class Gateway:
    """What went through.

    Attributes:
        url: Its address.
        faults: What is still to go wrong.
        seen: Every answered request, such as "204 DELETE /iamessage/…".
    """

    url: str
    service: str
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _ways: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server = field(init=False)

    @property
    def begun(self) -> int:
        """Conversations that were created."""
        return self.seen.count(f"201 {CREATE}")

    @property
    def closed(self) -> int:
        """Conversations that were closed."""
        return sum(CLOSE.fullmatch(one.removeprefix("204 ")) is not None for one in self.seen)

    async def has_seen(self, words: str, times: int = 1) -> None:
        """Wait until an answered request with these words has been seen so often."""
        async with asyncio.timeout(60):
            while sum(words in one for one in self.seen) < times:
                self._news.clear()
                await self._news.wait()

    def fault(self, asked: str) -> Fault | None:
        """What goes wrong with a request."""
        found = next((one for one in self.faults if re.fullmatch(one.request, asked)), None)
        if found is None or found.skip:
            if found is not None:
                found.skip -= 1
            return None
        self.faults.remove(found)
        return found

    def vanish(self) -> None:
        """Be gone, with every connection."""
        self._server.close()
        for way in self._ways:
            way.cancel()

    async def pass_through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        task = asyncio.current_task()
        assert task is not None
        self._ways.add(task)
        host, port = self.service.removeprefix("http://").split(":")
        service_reader, service_writer = await asyncio.open_connection(host, port)
        try:
            await _Connection(self, writer, service_writer).run(reader, service_reader)
        finally:
            for one in (writer, service_writer):
                one.close()

    def note(self, answered: str) -> None:
        """Note an answered request."""
        self.seen.append(answered)
        self._news.set()


@dataclass(slots=True)
class _Connection:
    gateway: Gateway
    client: asyncio.StreamWriter
    service: asyncio.StreamWriter
    asked: str = ""
    fault: Fault | None = None
    passed: bytes = b""

    async def run(self, client: asyncio.StreamReader, service: asyncio.StreamReader) -> None:
        """Pass everything on in both directions until one of them ends."""
        ways = [asyncio.create_task(self._ask(client)), asyncio.create_task(self._answer(service))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _ask(self, client: asyncio.StreamReader) -> None:
        while chunk := await client.read(65_536):
            if request := _REQUEST.match(chunk):
                self.asked = f"{request[1].decode()} {request[2].decode()}"
                self.fault = self.gateway.fault(self.asked)
            if self.fault is not None and not self.fault.after and not self.fault.is_mute:
                await self._refuse(client, self.fault.answer)
                return
            self.service.write(chunk)

    async def _refuse(self, client: asyncio.StreamReader, answer: bytes) -> None:
        """Answer, if there is an answer, and let the client hang up: what is unread would take the answer with it."""
        if answer:
            self.gateway.note(f"{answer.split()[1].decode()} {self.asked}")
            self.client.write(answer)
            while await client.read(65_536):
                pass

    async def _answer(self, service: asyncio.StreamReader) -> None:
        while chunk := await service.read(65_536):
            if answer := _ANSWER.match(chunk):
                self.gateway.note(f"{answer[1].decode()} {self.asked}")
            if self.fault is not None and self.fault.is_mute:
                continue
            self.client.write(chunk)
            if self.fault is not None and self.fault.after:
                self.passed += chunk
                if self.fault.after in self.passed:
                    return


@asynccontextmanager
async def a_gateway(service: str) -> AsyncIterator[Gateway]:
    """A gateway to a service, for as long as the block lasts."""
    gateway = Gateway("", service)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await gateway.pass_through(reader, writer)

    gateway._server = server = await asyncio.start_server(one, "127.0.0.1", 0)
    async with server:
        gateway.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield gateway
