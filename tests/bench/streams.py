"""CPU an event received over many real streams: the harness beside a raw asyncio protocol and httpx with httpx-sse.

A server in a process of its own sends token events of about 800 bytes over loopback, the same number to every stream at
the same pace; each client runs in a fresh process on the other core, one after the other, several rounds. CPU time of
the client's process between the opening of all streams and the end of the last, divided by events, is what is shown.
"""

import asyncio
import functools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar, cast

import httpx
import uvloop
from httpx_sse import aconnect_sse

from harness.client.network import Network
from harness.client.stream import Batch, open_stream
from harness.events import Joined
from harness.expectations.block import Expectation
from harness.expectations.engine import Judgement, Queues, Status
from harness.expectations.matchers import contains
from harness.expectations.rules import check
from harness.expectations.vocabulary import reply
from harness.protocols.miaw.mapping import events_of
from harness.scenarios.interpreter import many_conversations
from harness.timeline.timeline import Recorder

STREAMS = (200, 1_000)
RATE = 4_000
"""Events a second over all streams together."""
EVENTS = 12_000
ROUNDS = 3
LIMIT = 2.5
"""CPU an event of the harness with all that a scenario has, as a multiple of the raw protocol's, at most."""

SAMPLE = Path(__file__).parents[1] / "protocols/miaw/data/events/streaming_token__first.json"
ENVELOPE = json.loads(SAMPLE.read_text())
DATA = json.dumps(ENVELOPE, separators=(",", ":"))
CONVERSATION = ENVELOPE["conversationId"]
ENTRY = ENVELOPE["conversationEntry"]["identifier"]


# -- the server -------------------------------------------------------------------------------------------------------


class _Serving(asyncio.Protocol):
    open: ClassVar["list[_Serving]"] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        self.transport.write(head)
        self.open.append(self)


def _chunk(number: int) -> bytes:
    data = DATA.replace(ENTRY, f"{number:08x}{ENTRY[8:]}").replace(
        r"\"sequenceNumber\":1,", rf"\"sequenceNumber\":{number},"
    )
    frame = f"event:CONVERSATION_STREAMING_TOKEN\nid:{number}\ndata:{data}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(frame), frame)


async def _serve(streams: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Serving, "127.0.0.1", 0, backlog=2_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)  # the client has opened all of them
    start, each = loop.time(), EVENTS // streams
    for number in range(each * streams):
        if (wait := start + number / RATE - loop.time()) > 0:
            await asyncio.sleep(wait)
        _Serving.open[number % streams].transport.write(_chunk(number))
    for serving in _Serving.open:
        serving.transport.write(b"0\r\n\r\n")
        serving.transport.close()
    server.close()


# -- the clients: each opens all streams, calls `opened`, and counts events until the streams end ----------------------

Opened = Callable[[], Awaitable[None]]


class _Raw(asyncio.Protocol):
    """As little as one can do: cut frames out of chunks by hand and parse both levels of JSON."""

    def __init__(self, ended: asyncio.Future[None], opened: asyncio.Future[None]) -> None:
        self.ended, self.opened, self.events, self.rest = ended, opened, 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            self.opened.set_result(None)
            data = data.partition(b"\r\n\r\n")[2]
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                json.loads(json.loads(line[5:])["conversationEntry"]["entryPayload"])
                self.events += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(None)


def _same(protocol: _Raw) -> _Raw:
    return protocol


async def raw(port: int, streams: int, opened: Opened) -> int:
    """The limit: no client library at all."""
    loop = asyncio.get_running_loop()
    protocols = [_Raw(loop.create_future(), loop.create_future()) for _ in range(streams)]
    for protocol in protocols:
        await loop.create_connection(functools.partial(_same, protocol), "127.0.0.1", port)
    await asyncio.gather(*[protocol.opened for protocol in protocols])
    await opened()
    await asyncio.gather(*[protocol.ended for protocol in protocols])
    return sum(protocol.events for protocol in protocols)


async def httpx_sse(port: int, streams: int, opened: Opened) -> int:
    """What one would write without the harness: one shared client, httpx-sse's decoder."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    counts: list[int] = []
    ready = asyncio.Barrier(streams + 1)
    async with httpx.AsyncClient(limits=limits, timeout=None) as http:

        async def one() -> None:
            count = 0
            async with aconnect_sse(http, "GET", f"http://127.0.0.1:{port}/") as source:
                await ready.wait()
                async for event in source.aiter_sse():
                    if event.data:
                        json.loads(json.loads(event.data)["conversationEntry"]["entryPayload"])
                        count += 1
            counts.append(count)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(streams):
                tasks.create_task(one())
            await ready.wait()
            await opened()
    return sum(counts)


async def _harness(port: int, streams: int, opened: Opened, conversation: Callable[[], "_Frames"]) -> int:
    counts: list[int] = []
    ready = asyncio.Barrier(streams + 1)
    with many_conversations():  # as the pool does
        async with Network() as network:

            async def one() -> None:
                heard = conversation()
                async with open_stream(network, f"http://127.0.0.1:{port}/", {}) as stream:
                    await ready.wait()
                    await stream.listen(heard.hear)
                counts.append(heard.end())

            async with asyncio.TaskGroup() as tasks:
                for _ in range(streams):
                    tasks.create_task(one())
                await ready.wait()
                await opened()
    return sum(counts)


class _Frames:
    """Frames with their arrival."""

    def __init__(self) -> None:
        self.count = 0

    def hear(self, batch: Batch) -> None:
        self.count += len(batch.frames)

    def end(self) -> int:
        return self.count


class _Typed(_Frames):
    """Typed events on a timeline."""

    def __init__(self) -> None:
        super().__init__()
        self.recorder = Recorder()

    def hear(self, batch: Batch) -> None:
        super().hear(batch)
        earliest, at = batch.arrival.earliest, batch.arrival.at
        for frame in batch.frames:
            for event in events_of(frame, earliest=earliest, at=at, conversation=CONVERSATION):
                self.recorder.record(event)


class _Judged(_Typed):
    """Everything that a scenario has: typed events, a timeline, an expectation with a matcher, the rules."""

    def __init__(self) -> None:
        super().__init__()
        self.recorder.record(Joined(at=0.0, earliest=0.0, role="chatbot", name="Harbour Assistant"))
        answer = reply(contains("refused"), gap=5.0, in_order=True)
        self.judgement = Judgement(Expectation(answer, 1e6), Queues(), self.recorder.timeline, 0.0)

    def hear(self, batch: Batch) -> None:
        super().hear(batch)
        self.recorder.complete_to(batch.arrival.at)
        if self.judgement.look(self.recorder.timeline).status is not Status.PENDING:
            raise SystemExit("the answer was over before its message")

    def end(self) -> int:
        self.recorder.end("the event stream ended")
        if broken := check(self.recorder.timeline):
            raise SystemExit(f"the stream broke a rule: {broken[0].what}")
        return super().end()


CLIENTS: dict[str, Callable[[int, int, Opened], Awaitable[int]]] = {
    "raw": raw,
    "httpx_sse": httpx_sse,
    "frames": functools.partial(_harness, conversation=_Frames),
    "typed": functools.partial(_harness, conversation=_Typed),
    "judged": functools.partial(_harness, conversation=_Judged),
}
NAMES = {
    "raw": "raw asyncio protocol, JSON parsed",
    "httpx_sse": "httpx + httpx-sse, JSON parsed",
    "frames": "harness, frames with arrivals",
    "typed": "harness, typed events on a timeline",
    "judged": "harness, judged, rules and matcher on",
}


async def _client(name: str, streams: int, port: int) -> None:
    began = 0.0

    async def opened() -> None:
        nonlocal began
        print("opened", flush=True)
        began = time.process_time()

    events = await CLIENTS[name](port, streams, opened)
    print(json.dumps({"events": events, "cpu": time.process_time() - began}), flush=True)


def pinned(cpu: int) -> Callable[[], None]:
    """Gives what has a process that is started run on one core."""
    cpus = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cpus[cpu % len(cpus)]})


def _measured(name: str, streams: int) -> float:
    """CPU an event in microseconds."""

    def start(cpu: int, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.bench.streams", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, preexec_fn=pinned(cpu))  # noqa: PLW1509

    with start(0, "serve", str(streams)) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        with start(1, "client", name, str(streams), port) as client:
            assert client.stdout is not None
            client.stdout.readline()
            server.stdin.write("go\n")
            server.stdin.flush()
            result = json.loads(client.stdout.readline())
    expected = EVENTS // streams * streams
    if result["events"] != expected:
        raise SystemExit(f"{name} received {result['events']} of {expected} events")
    return float(result["cpu"]) / expected * 1e6


def main() -> int:
    """Measure all clients in turn and print them side by side.

    Returns:
        0 if the limit was kept, else 1.
    """
    print(
        f"CPU an event received, {EVENTS:,} events of {len(DATA)} bytes at {RATE:,} a second, uvloop, {ROUNDS} rounds"
    )
    kept = True
    for streams in STREAMS:
        rounds: dict[str, list[float]] = {name: [] for name in CLIENTS}
        for _ in range(ROUNDS):
            for name, seen in rounds.items():
                seen.append(_measured(name, streams))
        medians = {name: statistics.median(seen) for name, seen in rounds.items()}
        print(f"\n{streams:,} streams{'':29} us/event     min     max   x raw   x httpx-sse")
        for name, median in medians.items():
            print(
                f"  {NAMES[name]:<38} {median:7.1f} {min(rounds[name]):7.1f} {max(rounds[name]):7.1f}"
                f" {median / medians['raw']:7.2f} {median / medians['httpx_sse']:9.2f}"
            )
        kept &= medians["judged"] <= LIMIT * medians["raw"]
    print(f"\njudged, at most {LIMIT:g} x the raw protocol: {'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", count]:
            uvloop.run(_serve(int(count)))
        case ["client", which, count, at]:
            uvloop.run(_client(which, int(count), int(at)))
        case _:
            sys.exit(main())
