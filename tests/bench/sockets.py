"""Thousands of open conversations in one process: opening them, a request beside them, memory, and when events arrived.

A server in a process of its own answers over loopback; each client runs in a fresh process on the other core, one after
the other, several rounds. The harness is beside a raw asyncio client, which is the limit, and httpx with httpx-sse,
which is what one would write without it.
"""

import asyncio
import functools
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, cast

import httpx
import uvloop
from httpx_sse import aconnect_sse

from harness import eventually, message
from harness.client.network import Network
from harness.client.stream import Batch, open_stream
from harness.protocols.sse import Frame
from harness.sandbox.process import sandbox_process
from harness.scenarios.customer import live_customer
from harness.settings import sandbox_target
from harness.user.persona import persona
from tests.bench.streams import pinned

OPEN = 5_000
OPENING_LIMIT = 15.0
"""Time to open so many streams, as a multiple of the raw client's, at most."""
STRETCHES, STRETCH = 8, 0.25
"""Requests are made one after the other for so many stretches of so many seconds. The quietest counts: on a virtual
machine the same request takes half as long again from one second to the next, whatever else is open."""
POST_LIMIT = 1.3
"""Time of a request beside all of them, as a multiple of one beside one, at most."""
WAITING = 1_000
MEMORY_LIMIT = 40.0
"""KiB that a conversation takes which waits, at most."""
STAMPED = 1_000
RATE = 2
SECONDS = 5
ROUNDS = 3

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
BODY = b'{"accepted": true}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


# -- the server: a stream to every GET, an answer to every POST; after "go" it tells the time on all streams -----------


class _Serving(asyncio.Protocol):
    streams: ClassVar[list[asyncio.Transport]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET"):
            self.transport.write(HEAD)
            self.streams.append(self.transport)
        elif data.endswith(b"}"):  # the body may come by itself
            self.transport.write(ANSWER)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Serving, "127.0.0.1", 0, backlog=OPEN)
    print(server.sockets[0].getsockname()[1], flush=True)
    if await loop.run_in_executor(None, sys.stdin.readline) == "go\n":
        start, streams = loop.time(), _Serving.streams
        for number in range(STAMPED * RATE * SECONDS):
            if (wait := start + number / (STAMPED * RATE) - loop.time()) > 0:
                await asyncio.sleep(wait)
            frame = b"id:%d\ndata:%d\n\n" % (number, time.monotonic_ns())
            streams[number % STAMPED].write(b"%x\r\n%b\r\n" % (len(frame), frame))
        for stream in streams:
            stream.write(b"0\r\n\r\n")
            stream.close()
        await loop.run_in_executor(None, sys.stdin.readline)
    server.close()


# -- the clients: each opens streams in a way of its own, posts, and says when what was sent arrived ---

Stamps = list[tuple[int, float]]
"""When each event was sent, nanoseconds, and when it arrived, seconds; both on the monotonic clock."""


class _RawStream(asyncio.Protocol):
    def __init__(self, stamps: Stamps) -> None:
        loop = asyncio.get_running_loop()
        self.opened, self.ended = loop.create_future(), loop.create_future()
        self.stamps = stamps

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        if not self.opened.done():
            self.opened.set_result(None)
            data = data.partition(b"\r\n\r\n")[2]
        self.stamps.extend((int(line[5:]), at) for line in data.split(b"\n") if line.startswith(b"data:"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(None)


class _RawPost(asyncio.Protocol):
    def __init__(self) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.answered.set_result(None)


def _same(protocol: asyncio.Protocol) -> asyncio.Protocol:
    return protocol


Post = Callable[[], Awaitable[None]]
Opening = Callable[[int, int, Stamps], Any]
"""Opens so many streams at a port, as a context; gives how to post, and how to wait for the end of the streams."""


@asynccontextmanager
async def _raw(port: int, count: int, stamps: Stamps) -> AsyncIterator[tuple[Post, Post]]:
    loop = asyncio.get_running_loop()
    streams = [_RawStream(stamps) for _ in range(count)]
    connect = functools.partial(loop.create_connection, host="127.0.0.1", port=port)
    gate = asyncio.Semaphore(200)

    async def one(stream: _RawStream) -> None:
        async with gate:
            await connect(functools.partial(_same, stream))
            await stream.opened

    await asyncio.gather(*[one(stream) for stream in streams])
    protocol = _RawPost()
    transport, _ = await connect(functools.partial(_same, protocol))
    request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n"

    async def post() -> None:
        protocol.answered = loop.create_future()
        transport.write(request + b'{"text":"hi"}')
        await protocol.answered

    async def ended() -> None:
        await asyncio.gather(*[stream.ended for stream in streams])

    yield post, ended
    for stream in streams:
        stream.transport.abort()


@asynccontextmanager
async def _httpx_sse(port: int, count: int, stamps: Stamps) -> AsyncIterator[tuple[Post, Post]]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    url = f"http://127.0.0.1:{port}/"
    async with AsyncExitStack() as stack, httpx.AsyncClient(limits=limits, timeout=None) as http:
        gate = asyncio.Semaphore(200)
        sources = []

        async def one() -> None:
            async with gate:
                sources.append(await stack.enter_async_context(aconnect_sse(http, "GET", url)))

        await asyncio.gather(*[one() for _ in range(count)])

        async def post() -> None:
            (await http.post(url, json={"text": "hi"})).raise_for_status()

        async def listen(source: Any) -> None:
            async for event in source.aiter_sse():
                if event.data:
                    stamps.append((int(event.data), time.monotonic()))

        async def ended() -> None:
            await asyncio.gather(*[listen(source) for source in sources])

        yield post, ended


@asynccontextmanager
async def _harness(port: int, count: int, stamps: Stamps) -> AsyncIterator[tuple[Post, Post]]:
    url = f"http://127.0.0.1:{port}/"
    async with AsyncExitStack() as stack, Network() as network:
        gate = asyncio.Semaphore(200)
        streams = []

        async def one() -> None:
            async with gate:
                streams.append(await stack.enter_async_context(open_stream(network, url, {})))

        await asyncio.gather(*[one() for _ in range(count)])

        async def post() -> None:
            await network.request("POST", url, headers={}, body={"text": "hi"})

        def hear(batch: Batch) -> None:
            stamps.extend((int(frame.data), batch.arrival.at) for frame in batch.frames if isinstance(frame, Frame))

        async def ended() -> None:
            await asyncio.gather(*[stream.listen(hear) for stream in streams])

        yield post, ended


CLIENTS: dict[str, Opening] = {"raw": _raw, "httpx_sse": _httpx_sse, "harness": _harness}
NAMES = {"raw": "raw asyncio client", "httpx_sse": "httpx + httpx-sse", "harness": "harness"}


async def _open(name: str, port: int) -> dict[str, float]:
    """Seconds to open all streams, and seconds of a request beside one and beside all."""
    took: dict[str, float] = {}
    for count in (1, OPEN):
        began = time.perf_counter()
        async with CLIENTS[name](port, count, []) as (post, _):
            took["open"] = time.perf_counter() - began
            took["alone" if count == 1 else "beside"] = min([await _posted(post) for _ in range(STRETCHES)])
    return took


async def _posted(post: Post) -> float:
    """Seconds that a request takes, the median of a stretch."""
    times = []
    until = time.perf_counter() + STRETCH
    while (began := time.perf_counter()) < until:
        await post()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def _stamp(name: str, port: int) -> dict[str, float]:
    """Milliseconds by which arrivals were noted late."""
    stamps: Stamps = []
    async with CLIENTS[name](port, STAMPED, stamps) as (_, ended):
        print("opened", flush=True)
        await ended()
    if len(stamps) != STAMPED * RATE * SECONDS:
        raise SystemExit(f"{name} received {len(stamps)} of {STAMPED * RATE * SECONDS} events")
    late = sorted(at * 1e3 - sent / 1e6 for sent, at in stamps)
    return {"p50": late[len(late) // 2], "p99": late[len(late) * 99 // 100], "max": late[-1]}


async def _wait(url: str) -> dict[str, float]:
    """KiB a conversation that waits for something that does not come, its stream, timeline and expectation included."""
    target = sandbox_target(url)
    async with Network(target) as network:
        customers = [live_customer(persona(f"{number}"), target, network) for number in range(WAITING + 50)]
        gate = asyncio.Semaphore(50)
        waiting: list[asyncio.Task[Any]] = []

        async def begin(number: int) -> None:
            async with gate:
                conversation = await customers[number].open()
                waiting.append(asyncio.create_task(conversation.expect(eventually(message("Never.")), within=90.0)))

        await asyncio.gather(*[begin(number) for number in range(50)])  # what is made once is made by these
        before = _resident()
        await asyncio.gather(*[begin(number) for number in range(50, WAITING + 50)])
        await asyncio.sleep(1.0)  # greetings
        kib = (_resident() - before) / WAITING
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(*[one.aclose() for customer in customers for one in customer.conversations])
    return {"kib": kib}


def _resident() -> float:
    """KiB of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


# -- side by side -----------------------------------------------------------------------------------------------------


def _start(cpu: int, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.sockets", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, preexec_fn=pinned(cpu))  # noqa: PLW1509


def _measured(what: str, name: str) -> dict[str, float]:
    with _start(0, "serve") as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        with _start(1, what, name, port) as client:
            assert client.stdout is not None
            if what == "stamp":
                client.stdout.readline()
                server.stdin.write("go\n")
                server.stdin.flush()
            told: dict[str, float] = json.loads(client.stdout.readline())
        server.stdin.write("end\n")
        server.stdin.flush()
    return told


def _table(what: str) -> dict[str, dict[str, float]]:
    """The medians of all rounds, by client."""
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CLIENTS}
    for _ in range(ROUNDS):
        for name, seen in rounds.items():
            seen.append(_measured(what, name))
    return {
        name: {key: statistics.median(one[key] for one in seen) for key in seen[0]} for name, seen in rounds.items()
    }


def main() -> int:
    """Measure all clients in turn and print them side by side.

    Returns:
        0 if all limits were kept, else 1.
    """
    opening = _table("open")
    print(f"{OPEN:,} streams, median of {ROUNDS} rounds{'':5} open, s   x raw   POST beside 1, ms   beside all   x")
    for name, took in opening.items():
        alone, beside = took["alone"] * 1e3, took["beside"] * 1e3
        print(
            f"  {NAMES[name]:<36} {took['open']:8.2f} {took['open'] / opening['raw']['open']:7.1f}"
            f" {alone:19.3f} {beside:12.3f} {beside / alone:5.2f}"
        )
    ours = opening["harness"]
    times, slower = ours["open"] / opening["raw"]["open"], ours["beside"] / ours["alone"]
    stamps = _table("stamp")
    print(f"\narrivals noted late, {STAMPED:,} streams x {RATE} events a second, ms {'p50':>8} {'p99':>8} {'max':>8}")
    for name, late in stamps.items():
        print(f"  {NAMES[name]:<58} {late['p50']:8.3f} {late['p99']:8.3f} {late['max']:8.3f}")
    with sandbox_process() as url, _start(1, "wait", url) as client:
        assert client.stdout is not None
        kib = json.loads(client.stdout.readline())["kib"]
    print(f"\nmemory a waiting conversation, {WAITING:,} of them: {kib:.1f} KiB\n")
    limits = {
        f"opening, at most {OPENING_LIMIT:g} x raw": times <= OPENING_LIMIT,
        f"a request beside all, at most {POST_LIMIT:g} x one beside one": slower <= POST_LIMIT,
        f"memory, at most {MEMORY_LIMIT:g} KiB": kib <= MEMORY_LIMIT,
    }
    for words, kept in limits.items():
        print(f"{words}: {'kept' if kept else 'NOT kept'}")
    return 0 if all(limits.values()) else 1


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    match sys.argv[1:]:
        case ["serve"]:
            uvloop.run(_serve())
        case ["open", which, at]:
            print(json.dumps(uvloop.run(_open(which, int(at)))), flush=True)
        case ["stamp", which, at]:
            print(json.dumps(uvloop.run(_stamp(which, int(at)))), flush=True)
        case ["wait", address]:
            print(json.dumps(uvloop.run(_wait(address))), flush=True)
        case _:
            sys.exit(main())
