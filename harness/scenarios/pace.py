"""How fast a run goes at its target: so many starts, so many messages in a minute, and whoever is early waits.

Here: waiting for one's turn. Not here: what is started (pool.py), what a service that was asked too often says
(sandbox/limits.py).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from harness.clock import Clock, MonotonicClock

STARTS_PER_MINUTE = 200
"""Conversations that one organisation can start in 60 s, as each asks for an access token of its own.

Source: help page `miaw_rate_limits`, access token requests (protocol notes, 9.1).
"""

MESSAGES_PER_MINUTE = 22
"""Messages of the end user that one conversation takes in 60 s. Source: likewise."""

SLACK = 1.0
"""Seconds added to every stretch of time: the service counts when requests arrive, and some take longer on the way than
others. Without it, one that waited its turn could arrive a few milliseconds early, and be refused."""


class Rate:
    """At most so many turns in any stretch of so many seconds, taken in the order in which they were asked for.

    Up to `most` can follow each other at once. `Rate(1, seconds / most)` would space them evenly.
    """

    def __init__(self, most: int | None, seconds: float, *, clock: Clock | None = None) -> None:
        """Nobody has had a turn yet.

        Args:
            most: How many turns; None for as many as one likes.
            seconds: In how long a stretch of time.
            clock: What tells the time, as the event loop does that it is used on.

        Raises:
            ValueError: `most` or `seconds` is not positive, so nobody would ever have a turn, or everybody always.
        """
        if (most is not None and most < 1) or seconds <= 0:
            raise ValueError(f"{most} in {seconds:g} s is no rate: both are to be more than 0; None is no limit")
        self._most, self._seconds = most, seconds
        self._clock = clock or MonotonicClock()
        self._taken: deque[float] = deque(maxlen=most)
        self._queue = asyncio.Lock()  # hands itself on in the order of asking

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; it is taken when the block is left, and not at all if that happens by an exception.

        Nobody else gets one in the meantime, so several rates can be waited for in nested blocks, and each counts the
        instant at which the last of them allowed it.
        """
        if self._most is None:
            yield
            return
        async with self._queue:
            while (wait := self._wait()) > 0:  # noqa: ASYNC110 - only time makes room
                await asyncio.sleep(wait)
            yield
            self._taken.append(self._clock.now())

    def _wait(self) -> float:
        """Seconds until there is room for one more."""
        if len(self._taken) != self._most:
            return 0.0
        return self._taken[0] + self._seconds - self._clock.now()


class Pace:
    """How fast a run may go at one target; by default, as fast as the service's documentation allows.

    It also allows a page or an app 3 starts of a conversation in 30 s. That is not paced: every simulated user counts
    as a page of their own, and seldom opens a fourth.
    """

    def __init__(
        self,
        *,
        starts_per_minute: int | None = STARTS_PER_MINUTE,
        messages_per_minute: int | None = MESSAGES_PER_MINUTE,
        all_messages_per_minute: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Nothing has been started or said yet. None is no limit.

        Args:
            starts_per_minute: Starts of a job in 60 s, all together; for jobs that open one conversation each.
            messages_per_minute: Messages in 60 s, each conversation for itself.
            all_messages_per_minute: Messages in 60 s, all conversations together; the service documents no such limit.
            clock: What tells the time, as the event loop does that it is used on.

        Raises:
            ValueError: A limit is less than 1.
        """
        self._rate = partial(Rate, seconds=60 + SLACK, clock=clock)
        self._starts, self._all_messages = self._rate(starts_per_minute), self._rate(all_messages_per_minute)
        self._rate(messages_per_minute)  # complains now, not at the first conversation
        self._messages_per_minute = messages_per_minute

    async def start(self) -> None:
        """Wait until one more may start."""
        async with self._starts.turn():
            pass

    def conversation(self) -> Callable[[], Awaitable[None]]:
        """What a new conversation awaits before each of its messages; wait first, then note the time of the move."""
        own = self._rate(self._messages_per_minute)

        async def message() -> None:
            async with own.turn(), self._all_messages.turn():
                pass

        return message
