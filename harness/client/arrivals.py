"""When bytes arrived: an interval, honest about a busy event loop.

A read tells only that the bytes were there by then; while the loop was blocked they may have waited. So every arrival
has two ends: not after the read that handed the bytes over, and not before the latest instant of which it is certain
that everything that had arrived by then has been read. The heartbeat finds that instant on any event loop: it notes the
time, lets the loop poll the network, and only then believes the note.
"""

import asyncio
from typing import NamedTuple

from harness.clock import Clock, MonotonicClock

TICK = 0.001
"""Seconds between two notes; the width of an arrival on an idle loop is about this."""


class Arrival(NamedTuple):
    """Seconds on the monotonic clock between which bytes arrived."""

    earliest: float
    at: float


class Heartbeat:
    """Knows how far back unread bytes can reach.

    Attributes:
        floor: Everything that had arrived by this instant (monotonic seconds) has been read off the sockets.
        complete: Likewise, and whoever waited for it has been resumed: no entry of the timeline can be missing.

    Source: one turn of asyncio's loop polls the network, then runs what was ready before it, then what the poll
    brought; libuv runs timers, then what is ready, then polls. A note made in one turn is therefore behind a whole
    poll two turns later, on both.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or MonotonicClock()
        self._users = 0
        self._timer: asyncio.Handle | None = None
        self.floor = self.complete = self._clock.now()

    def __enter__(self) -> "Heartbeat":
        if self._users == 0:
            self._tick(asyncio.get_running_loop())
        self._users += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._users -= 1
        if self._users == 0 and self._timer is not None:
            self._timer.cancel()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_soon(self._polling, loop, self._clock.now())

    def _polling(self, loop: asyncio.AbstractEventLoop, noted: float) -> None:
        self._timer = loop.call_soon(self._polled, loop, noted)

    def _polled(self, loop: asyncio.AbstractEventLoop, noted: float) -> None:
        self.floor = noted
        self._timer = loop.call_soon(self._resumed, loop, noted)

    def _resumed(self, loop: asyncio.AbstractEventLoop, noted: float) -> None:
        self.complete = noted
        self._timer = loop.call_later(TICK, self._tick, loop)

    def now(self) -> float:
        """Seconds on the clock that arrivals are told in."""
        return self._clock.now()

    async def passed(self, instant: float) -> None:
        """Wait until nothing that arrived before `instant` can still come up."""
        while self.complete <= instant:  # noqa: ASYNC110 - time passes without an event to wait for
            await asyncio.sleep(max(TICK, instant - self._clock.now()))
