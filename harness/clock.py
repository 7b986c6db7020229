"""Where durations come from: the monotonic clock, and one that a test turns by hand.

Here: reading the time. Not here: what a reading means for an event (client/arrivals.py), wall-clock time in reports.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Anything that tells monotonic time."""

    def now(self) -> float:
        """Seconds on a clock that never goes backwards; only differences mean anything."""
        ...


class MonotonicClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Seconds since an arbitrary point, the same for every process of this machine."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Seconds, as last set."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Go `seconds` on; a clock does not go back."""
        if seconds < 0:
            raise ValueError(f"a clock can't go back by {-seconds} s")
        self._now += seconds
