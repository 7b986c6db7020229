"""What faults do to one connection that carries an event stream.

Here: events that come late, twice, in another order, by half, or not at all, and how the connection ends. Not here: the
connection (streams.py), when a fault comes (plans.py).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, cast

from harness.sandbox.faults import LINES
from harness.sandbox.plans import About, Armed, Plan

End = Literal["end", "close", "reset"]
"""How a connection ends: its answer in good order, closed within it, reset."""

RESUMING = frozenset({"overlap", "no_replay"})
CARRYING = frozenset(LINES) - RESUMING
JWT_IS_EXPIRED = b"Jwt is expired"
"""Written raw, not as an event; seen in the field as the mark of the end (protocol notes, section 4.2)."""


class Until(NamedTuple):
    """What follows is not written before a time of the event loop's clock."""

    at: float


class Wire(Protocol):
    """Where a line writes (streams.Stream)."""

    def push(self, part: bytes | Until) -> None:
        """Write bytes, or let what follows wait."""

    def end(self, how: End = "end") -> None:
        """Let nothing follow."""

    def expire(self) -> None:
        """Let the token that it was opened with be good for nothing."""


@dataclass
class _Held:
    """An event that waits for those behind it."""

    chunk: bytes
    left: int


class Line:
    """The faults of one connection.

    Args:
        wire: Where what is left of the events goes.
        plan: What its end user meets.
    """

    def __init__(self, wire: Wire, plan: Plan) -> None:
        self._wire, self._plan = wire, plan
        self._is_silent = False
        self._held: list[_Held] = []
        self._buffer: list[bytes] | None = None
        self._room = 0

    def carry(self, chunk: bytes, about: About | None) -> None:
        """Send an event, or what becomes of it."""
        if self._is_silent:
            return
        due = {armed.fault.kind: armed for armed in (self._plan.due(CARRYING, about) if about else ())}
        waiting = list(self._held)
        self._slow_down(due)
        if "silence" in due and due["silence"].fault.seconds is None:
            self._is_silent = True
        elif "expire" in due:
            self._write(JWT_IS_EXPIRED)
            self._end("end")
            self._wire.expire()
        elif "drop" in due:
            self._end(due["drop"].fault.how)
        elif "half" in due:
            self._write(chunk[: len(chunk) // 2])
            self._end(due["half"].fault.how)
        elif "reorder" in due:
            self._hold(chunk, due["reorder"])
        else:
            self._write_whole(chunk, due)
        for held in waiting:
            self._count(held)

    def _slow_down(self, due: dict[str, Armed]) -> None:
        for kind in ("silence", "delay", "jitter"):
            if kind in due and due[kind].fault.seconds is not None:
                part = due[kind].random.random() if kind == "jitter" else 1.0
                self._wait(part * (due[kind].fault.seconds or 0.0))

    def _write_whole(self, chunk: bytes, due: dict[str, Armed]) -> None:
        if "burst" in due and self._buffer is None:
            kept: list[bytes] = []
            self._buffer, self._room = kept, due["burst"].fault.events or 1
            self._later(due["burst"], lambda: self._flush() if self._buffer is kept else None)
        if "stall" in due:
            half = len(chunk) // 2
            self._write(chunk[:half])
            self._wait(due["stall"].fault.seconds or 0.0)
            self._write(chunk[half:])
        else:
            self._write(chunk)
        if "duplicate" in due:
            self._write(chunk)

    def _hold(self, chunk: bytes, armed: Armed) -> None:
        held = _Held(chunk, armed.fault.events or 1)
        self._held.append(held)
        self._later(armed, lambda: self._release(held))

    def _count(self, held: _Held) -> None:
        """Count an event for one that waits."""
        held.left -= 1
        if not held.left:
            self._release(held)

    def _release(self, held: _Held) -> None:
        if held in self._held and not self._is_silent:
            self._held.remove(held)
            self._write(held.chunk)

    def _write(self, chunk: bytes) -> None:
        if self._buffer is None:
            self._wire.push(chunk)
            return
        self._buffer.append(chunk)
        if len(self._buffer) >= self._room:
            self._flush()

    def _wait(self, seconds: float) -> None:
        self._flush()
        self._wire.push(Until(asyncio.get_running_loop().time() + seconds))

    def _flush(self) -> None:
        """Send what is kept in one piece."""
        kept, self._buffer = self._buffer, None
        if kept and not self._is_silent:
            self._wire.push(b"".join(kept))

    def _end(self, how: str | None) -> None:
        self._flush()
        self._wire.end(cast(End, how))

    def _later(self, armed: Armed, do: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(armed.fault.seconds or 0.0, do)
