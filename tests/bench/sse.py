"""How fast the event stream is decoded, next to httpx-sse and to a bare `bytes.split`.

Run with `python -m tests.bench.sse`; exits with 1 if our decoder is less than `LIMIT` times as fast as httpx-sse at
the read size of `LIMIT_AT` bytes. The rounds are interleaved, so that a slow moment of the machine hits all alike;
ratios are medians of the ratios within a round.
"""

import asyncio
import codecs
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx
from httpx_sse import EventSource
from httpx_sse._decoders import SSEDecoder as TheirDecoder
from httpx_sse._decoders import SSELineDecoder as TheirLineDecoder

from harness.protocols.sse import SSEDecoder

SEQUENCES = Path(__file__).parents[1] / "protocols" / "miaw" / "data" / "sequences"
LIMIT, LIMIT_AT = 2.0, 1_400
ROUNDS = 15
READS = {1: 30, 16: 200, 1_400: 2_000, 65_536: 2_000}
"""Read size in bytes -> least number of events in the stream: fewer where a round would take too long."""


class Reads(httpx.AsyncByteStream):
    """A body that comes in these reads."""

    def __init__(self, reads: list[bytes]) -> None:
        self.reads = reads

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for read in self.reads:
            yield read


def ours(reads: list[bytes]) -> int:
    """Our decoder, fed as the client feeds it."""
    decoder, events = SSEDecoder(), 0
    for read in reads:
        events += len(decoder.feed(read))
    return events


async def _aiter_sse(reads: list[bytes]) -> int:
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Reads(reads))
    events = 0
    async for _ in EventSource(response).aiter_sse():
        events += 1
    return events


def theirs(reads: list[bytes]) -> int:
    """The way httpx-sse is used: `EventSource.aiter_sse` over a response, without a network below it."""
    return RUNNER.run(_aiter_sse(reads))


def theirs_without_io(reads: list[bytes]) -> int:
    """The two decoders of httpx-sse alone, behind the incremental UTF-8 decoder that httpx would use."""
    text, lines, decoder, events = (
        codecs.getincrementaldecoder("utf-8")("replace"),
        TheirLineDecoder(),
        TheirDecoder(),
        0,
    )
    for read in reads:
        for line in lines.decode(text.decode(read)):
            events += decoder.decode(line) is not None
    return events


def split(reads: list[bytes]) -> int:
    """No decoder at all: the bytes cut at each LF, and the blank lines counted."""
    blank, rest = 0, b""
    for read in reads:
        pieces = read.split(b"\n")
        pieces[0] = rest + pieces[0]
        rest = pieces.pop()
        blank += pieces.count(b"")
    return blank


RUNNER = asyncio.Runner()
"""One loop for all rounds: to make one takes as long as fifty events."""

CONTENDERS: dict[str, Callable[[list[bytes]], int]] = {
    "ours": ours,
    "httpx-sse (aiter_sse)": theirs,
    "httpx-sse (decoders)": theirs_without_io,
    "bytes.split": split,
}


def cut(wire: bytes, size: int) -> list[bytes]:
    """The bytes as reads of one size would bring them."""
    return [wire[i : i + size] for i in range(0, len(wire), size)]


def seconds(work: Callable[[list[bytes]], int], reads: list[bytes], events: int) -> float:
    """How long the work took; that it was done is checked."""
    begin = perf_counter()
    found = work(reads)
    took = perf_counter() - begin
    if found != events:
        raise SystemExit(f"{work.__name__} found {found} events of {events}")
    return took


def compare(sample: bytes, size: int) -> float:
    """Print one read size's lines of the table.

    Returns:
        How many times as fast as `EventSource.aiter_sse` our decoder was.
    """
    per_sample = sample.count(b"\n\n")
    times = -(-READS[size] // per_sample)
    wire, events = sample * times, per_sample * times
    reads = cut(wire, size)
    took: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(ROUNDS):
        for name, work in CONTENDERS.items():
            took[name].append(seconds(work, reads, events))
    for name, times_taken in took.items():
        middle = median(times_taken)
        against = [
            median(a / b for a, b in zip(took[other], times_taken, strict=True)) for other in list(CONTENDERS)[1:3]
        ]
        print(
            f"{size:>7,}  {name:<22} {len(wire) / middle / 1e6:>8.1f} MB/s {middle / events * 1e6:>9.2f} us/event"
            f" {against[0]:>9.2f} x {against[1]:>9.2f} x"
        )
    return median(a / b for a, b in zip(took["httpx-sse (aiter_sse)"], took["ours"], strict=True))


def per_byte(length: int, total: int) -> float:
    """Nanoseconds a byte for lines of one length, fed byte by byte, `total` bytes of them."""
    line = cut(b"data:" + b"x" * (length - 7) + b"\n\n", 1)
    times = total // length
    return min(seconds(ours, line * times, times) for _ in range(3)) / total * 1e9


def main() -> int:
    """Print the table and the verdict.

    Returns:
        The exit code.
    """
    sample = b"".join(path.read_bytes() for path in sorted(SEQUENCES.glob("*.sse")))
    events = sample.count(b"\n\n")
    print(
        f"{events} events of the samples, {len(sample) // events} bytes each on average; {ROUNDS} interleaved rounds\n"
    )
    print(f"{'read':>7}  {'':<22} {'':>13} {'':>18} {'aiter_sse':>11} {'decoders':>11}")
    with RUNNER:
        ratios = {size: compare(sample, size) for size in READS}

    short, long = per_byte(10_000, 1_000_000), per_byte(1_000_000, 1_000_000)
    print(
        f"\nbyte by byte: {short:.0f} ns/byte in lines of 10 kB, {long:.0f} ns/byte in one of 1 MB "
        f"({long / short:.2f} x)"
    )

    holds = ratios[LIMIT_AT] >= LIMIT
    print(
        f"\nat least {LIMIT:.1f} x httpx-sse at reads of {LIMIT_AT:,} bytes: {'holds' if holds else 'DOES NOT HOLD'}, "
        f"{ratios[LIMIT_AT]:.2f} x"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
