"""How far an event loop is behind its work, as a thread beside it can ask."""

import asyncio
import time

BEAT = 0.005
"""Seconds between two beats."""

LATE = 0.005
"""Seconds that a beat of a loop which keeps up comes late, at most."""


class Pulse:
    """Beats on an event loop; a loop that is behind misses its beats.

    Start it on the loop with `start`; ask from anywhere.
    """

    def __init__(self) -> None:
        self._beat = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to beat, on the loop that runs."""
        self._pulsate(asyncio.get_running_loop())

    def stop(self) -> None:
        """Beat no more; from then on the loop counts as one that keeps up."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pulsate(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beat = time.monotonic()
        self._timer = loop.call_later(BEAT, self._pulsate, loop)

    @property
    def keeps_up(self) -> bool:
        """Whether the last beat came, and in time."""
        return self._timer is None or time.monotonic() - self._beat < BEAT + LATE
