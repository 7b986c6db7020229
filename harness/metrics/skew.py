"""What the service's clock can be trusted for: differences of its own stamps, and where it stands beside ours.

A stamp of the service is never subtracted from a time of ours to tell how long something took. Over a run the smallest
difference between an arrival and its stamp is the clocks' offset and the shortest way together; what an event took
beyond that is its relative delay on the way. Gaps between stamps, beside gaps between arrivals, tell a slow bot from a
slow way. Not here: any duration that a user waits (measuring.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import linear_regression, median
from typing import Literal, NamedTuple

from harness.events import Received, Resumed
from harness.metrics.reading import DEFAULT, Pace
from harness.timeline.spans import Span
from harness.timeline.streams import Stream
from harness.timeline.timeline import Timeline

WORRYING = 0.05
"""Seconds of offset, or of a jump in it, that are told."""
_LONG = 60.0
"""Seconds that a run lasts at least before it is told how the offset changed."""
_PARTS = 8
"""Into so many parts of equal length it is cut for that."""
_ENOUGH = 3
"""Events that a part needs before its smallest difference means anything; parts that a line needs."""


class Stamped(NamedTuple):
    """An arrival beside the service's stamp: seconds since 1970 by the wall clock here and there."""

    arrived: float
    stamped: float


class Drift(NamedTuple):
    """A line through the smallest differences of a run's parts.

    Attributes:
        per_hour: Seconds by which they change in an hour.
        jump: The largest change from one part to the next, in seconds.
    """

    per_hour: float
    jump: float


@dataclass(frozen=True, slots=True)
class Skew:
    """How the service's clock stands beside ours; seconds.

    Attributes:
        n: Events it was told from.
        offset: Smallest difference of arrival and stamp: what our clock is ahead, and the shortest way; less than zero
            where the service's clock is ahead by more than the way takes. Stamps are cut to the millisecond.
        delay: What arrivals took beyond the shortest way: median.
        longest_delay: The same, at most.
        drift: How the offset changed; None where the run is too short to tell.
    """

    n: int
    offset: float
    delay: float
    longest_delay: float
    drift: Drift | None

    @property
    def doubts(self) -> tuple[str, ...]:
        """In words, why the stamps are not to be put beside our times; nothing if nothing speaks against it."""
        told = []
        if abs(self.offset) > WORRYING:
            told.append(
                f"the service's clock and ours are {self.offset * 1000:.0f} ms apart, the shortest way included"
            )
        if self.drift is not None and abs(self.drift.jump) > WORRYING:
            told.append(f"the offset jumped by {self.drift.jump * 1000:.0f} ms during the run")
        return tuple(told)


def stamps(timeline: Timeline, opened_at: float) -> tuple[Stamped, ...]:
    """Arrivals of what the service stamps, beside its stamps.

    Args:
        timeline: The conversation.
        opened_at: Wall-clock time of the timeline's zero, seconds since 1970.

    Returns:
        In order of arrival. What was there at once after a reconnect is left out: it had waited for it.
    """
    found: list[Stamped] = []
    resumed: float | None = None
    for event in timeline:
        if isinstance(event, Resumed):
            resumed = event.at
        elif isinstance(event, Received) and event.sent_at is not None:
            stamped = event.sent_at / 1000
            if resumed is None or event.earliest > resumed:
                found.append(Stamped(opened_at + event.at, stamped))
    return tuple(found)


def skew(run: Iterable[Stamped]) -> Skew | None:
    """Tell how the clocks stand to each other from all that came in a run; None where nothing had a stamp."""
    told = sorted(run)
    if not told:
        return None
    differences = [one.arrived - one.stamped for one in told]
    offset = min(differences)
    delays = [difference - offset for difference in differences]
    return Skew(len(told), offset, median(delays), max(delays), _drift(told))


def _drift(told: Sequence[Stamped]) -> Drift | None:
    begin, lasted = told[0].arrived, told[-1].arrived - told[0].arrived
    if lasted < _LONG:
        return None
    parts: list[list[Stamped]] = [[] for _ in range(_PARTS)]
    for one in told:
        parts[min(_PARTS - 1, int((one.arrived - begin) / lasted * _PARTS))].append(one)
    lowest = [min(part, key=lambda one: one.arrived - one.stamped) for part in parts if len(part) >= _ENOUGH]
    if len(lowest) < _ENOUGH:
        return None
    offsets = [one.arrived - one.stamped for one in lowest]
    line = linear_regression([one.arrived - begin for one in lowest], offsets)
    return Drift(line.slope * 3600, max((later - earlier for earlier, later in pairwise(offsets)), key=abs))


class Wait(NamedTuple):
    """A gap of a streamed answer, by arrival and by the service's stamps.

    Attributes:
        arrived: Seconds from one chunk to the next, by arrival.
        stamped: The same by the service's stamps; None where one has none.
    """

    arrived: Span
    stamped: float | None

    def blame(self, pace: Pace = DEFAULT) -> Literal["nobody", "service", "way", "unknown"]:
        """Who made a stall: the service, which stamped the chunks as far apart, or the way, which held one back."""
        if self.arrived.value <= pace.stall:
            return "nobody"
        if self.stamped is None:
            return "unknown"
        return "service" if self.stamped > pace.stall else "way"


def waits(stream: Stream) -> tuple[Wait, ...]:
    """The gaps of a streamed answer in order of arrival, as `Streaming.gaps` has them."""
    return tuple(Wait(Span.of(one, other), _stamped(one, other)) for one, other in pairwise(stream.tokens))


def _stamped(one: Received, other: Received) -> float | None:
    return None if one.sent_at is None or other.sent_at is None else (other.sent_at - one.sent_at) / 1000
