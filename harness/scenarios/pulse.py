"""How far an event loop is behind its work, as a thread beside it can ask."""

import asyncio
import time
from collections.abc import Callable

BEAT = 0.005
"""Seconds between two beats."""

LATE = 0.005
"""Seconds that a beat of a loop which keeps up comes late, at most."""

CALM = 0.2
"""Seconds since the last beat that was late, at least: between two bursts of work there are moments without any.

With 250 conversations at once on one core, each interrupted by reports, arrivals were known to 13 ms (median) where one
beat in time was enough, to 9 ms with 0.05 s, and to 7 ms with 0.2 s.
"""


class Pulse:
    """Beats on an event loop; a loop that is behind misses its beats.

    Start it on the loop with `start`; ask from anywhere.

    Args:
        now: Tells the time in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._beat, self._late = 0.0, float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to beat, on the loop that runs."""
        self._beat = self._now()
        self._pulsate(asyncio.get_running_loop())

    def stop(self) -> None:
        """Beat no more; from then on the loop counts as one that keeps up."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pulsate(self, loop: asyncio.AbstractEventLoop) -> None:
        now = self._now()
        if now - self._beat > BEAT + LATE:
            self._late = now
        self._beat = now
        self._timer = loop.call_later(BEAT, self._pulsate, loop)

    @property
    def keeps_up(self) -> bool:
        """Whether the last beat came, and all of the last moments came in time."""
        now = self._now()
        return self._timer is None or (now - self._beat <= BEAT + LATE and now - self._late > CALM)
