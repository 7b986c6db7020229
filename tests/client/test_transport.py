"""When bytes arrived, as the transport tells it: an interval that holds the truth, on an idle and on a busy loop."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import uvloop

from harness.client.arrivals import TICK, Heartbeat
from harness.client.network import Network
from harness.client.stream import Batch, EventStream, open_stream
from harness.protocols.sse import Frame, encode
from tests.client.servers import serving as answering

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=UTF-8\r\nTransfer-Encoding: chunked\r\n\r\n"
LOOPS = [pytest.param(uvloop.new_event_loop, id="uvloop"), pytest.param(asyncio.new_event_loop, id="asyncio")]


def chunk(frame: bytes) -> bytes:
    """A frame as one HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(frame), frame)


class Server:
    """Serves one event stream from a thread, which no event loop can hold up, and notes when it sent what."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._connection: socket.socket
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def accept(self) -> None:
        """Take the connection and answer with the head of a stream."""
        self._connection, _ = self._listener.accept()
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.recv(65_536)
        self._connection.sendall(HEAD)

    def accept_twice(self) -> None:
        """Take the connection, answer a request, then on the same connection the next one with the head of a stream."""
        self._connection, _ = self._listener.accept()
        self._connection.recv(65_536)
        self._connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        self._connection.recv(65_536)
        self._connection.sendall(HEAD)

    def send(self, *frames: bytes) -> tuple[float, float]:
        """Send chunks; the instants before and after, in seconds on the monotonic clock."""
        before = time.monotonic()
        self._connection.sendall(b"".join(map(chunk, frames)))
        return before, time.monotonic()

    def end(self) -> None:
        """End the stream in good order."""
        self._connection.sendall(b"0\r\n\r\n")
        self._connection.close()


@contextmanager
def serving() -> Iterator[Server]:
    """A server in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener)
        thread = threading.Thread(target=server.accept)
        thread.start()
        yield server
        thread.join()


def on(loop_factory: Callable[[], asyncio.AbstractEventLoop], test: Callable[[Server, EventStream], object]) -> None:
    """Run a test with an open stream on a loop of that kind."""

    async def opened(server: Server) -> None:
        async with Network() as network, open_stream(network, server.url, {}) as stream:
            await test(server, stream)  # type: ignore[misc]

    with serving() as server, asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(opened(server))


@pytest.mark.parametrize("loop", LOOPS)
def test_an_arrival_holds_the_truth_on_an_idle_loop(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Not before the bytes were sent, not after they were read."""

    async def test(server: Server, stream: EventStream) -> None:
        batches = stream.batches()
        for number in range(50):
            before, after = await asyncio.to_thread(server.send, encode(str(number), event="x"))
            batch = await anext(batches)
            assert batch.frames == [Frame("x", str(number), "")]
            assert batch.arrival.earliest <= after
            assert batch.arrival.at >= before
        server.end()
        assert [batch async for batch in batches] == []

    on(loop, test)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_busy_loop_says_how_little_it_knows(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Bytes that came while the loop was blocked can be as old as the block, and the interval says so."""

    async def test(server: Server, stream: EventStream) -> None:
        batches = stream.batches()
        first = asyncio.ensure_future(anext(batches))
        await asyncio.to_thread(server.send, encode("first"))
        await first
        waiting = asyncio.ensure_future(anext(batches))
        before, after = server.send(encode("second"))  # from the loop's own thread: it is blocked from here on
        while time.monotonic() < after + 50 * TICK:
            pass
        batch = await waiting
        assert batch.arrival.earliest <= before
        assert batch.arrival.at >= after + 50 * TICK
        server.end()

    on(loop, test)


@pytest.mark.parametrize("loop", LOOPS)
def test_events_that_come_together_share_an_arrival(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """One read, one interval, several frames; none is lost."""

    async def test(server: Server, stream: EventStream) -> None:
        frames = [encode(str(number)) for number in range(200)]
        await asyncio.to_thread(server.send, *frames)
        server.end()
        batches: list[Batch] = [batch async for batch in stream.batches()]
        assert sum(len(batch.frames) for batch in batches) == 200
        stamps = [(batch.arrival.earliest, batch.arrival.at) for batch in batches]
        assert stamps == sorted(stamps)

    on(loop, test)


@pytest.mark.parametrize("loop", LOOPS)
def test_one_large_event_is_as_old_as_its_last_byte_at_most(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Read in many parts, told as one arrival."""

    async def test(server: Server, stream: EventStream) -> None:
        sending = asyncio.ensure_future(asyncio.to_thread(server.send, encode("x" * 900_000)))
        batch = await anext(stream.batches())
        before, _ = await sending
        assert batch.arrival.at >= before
        assert batch.arrival.earliest <= batch.arrival.at
        server.end()

    on(loop, test)


class _Later:
    """A clock that a test sets."""

    at = 100.0

    def now(self) -> float:
        return self.at


async def test_nothing_is_certain_before_the_loop_has_polled() -> None:
    """The floor moves only behind a whole poll, and what is complete only behind whoever waited for it."""
    clock = _Later()
    with Heartbeat(clock) as heartbeat:
        clock.at = 200.0
        assert (heartbeat.floor, heartbeat.complete) == (100.0, 100.0)
        async with asyncio.timeout(10):
            await heartbeat.passed(199.0)
        assert heartbeat.floor == 200.0
    assert heartbeat.complete == 200.0


@pytest.mark.parametrize("loop", LOOPS)
def test_what_a_connection_brought_before_is_not_part_of_an_arrival(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """A stream that is taken up again may get a connection that has answered other requests long ago."""

    async def test(server: Server) -> None:
        async with Network() as network:
            await network.http.get(server.url)
            answered = network.heartbeat.now()
            await network.heartbeat.passed(answered + 20 * TICK)
            async with open_stream(network, server.url, {}) as stream:
                await asyncio.to_thread(server.send, encode("first"))
                batch = await anext(stream.batches())
                assert batch.arrival.earliest > answered
                server.end()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener)
        thread = threading.Thread(target=server.accept_twice)
        thread.start()
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(test(server))
        thread.join()


@pytest.mark.parametrize("is_heard", [True, False], ids=["while it is heard", "at once"])
async def test_a_stream_that_is_left_is_closed(is_heard: bool) -> None:
    """The service is not to go on sending to nobody, for as long as the network is open."""
    gone = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + chunk(encode("first")))
        with suppress(ConnectionError):
            await reader.read()
        gone.set()

    async with answering(answer) as url, Network() as network, asyncio.timeout(30):
        async with open_stream(network, url, {}) as stream:
            if is_heard:
                await anext(stream.batches())
            assert not gone.is_set()
        await gone.wait()
