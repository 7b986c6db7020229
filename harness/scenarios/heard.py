"""What a conversation has heard on its event streams, so that what comes again counts once.

A service that is asked for what came after an event may send more than that, or less. Here: what is a repetition, and
how old what comes after a loss can be. Not here: listening (listening.py). Source: the protocol notes, section 4.3.
"""

from dataclasses import dataclass, field, replace

from harness.errors import StreamInterrupted
from harness.events import Connected, Dropped, Event, Received, Resumed, WentOffline
from harness.timeline.timeline import Timeline

LOST = "the user lost the network"
"""What is noted as the reason when the stream is cut from this side."""


def lost_stream(timeline: Timeline, at: float | None) -> StreamInterrupted | None:
    """What is to be said of a stream that is lost at an instant, seconds on the timeline, though the user is not away.

    Whoever waits for an event in vain meanwhile can't blame the service for it.
    """
    dropped: Dropped | None = None
    offline: WentOffline | None = None
    after = ""
    for event in timeline:
        if isinstance(event, Dropped):
            dropped = event
        elif isinstance(event, Connected | Resumed):
            dropped = None
        elif isinstance(event, WentOffline):
            offline = event
        elif isinstance(event, Received):
            after = event.stream_id or after
    if dropped is None or at is None:
        return None
    since = dropped.at
    if dropped.reason == LOST:
        if offline is None or offline.seconds is None:
            return None
        since = offline.at + offline.seconds
    away = at - since
    return StreamInterrupted(after=after or None, reason=dropped.reason, away=away) if away > 0 else None


@dataclass(slots=True)
class Heard:
    """Entries that were heard, by id, with a hash of what their frame said.

    Attributes:
        last_stamp: The service's time of the last entry that was heard, epoch milliseconds; None before the first.
        lost_at: When the stream was last lost, seconds on the timeline.
    """

    last_stamp: int | None = None
    lost_at: float = 0.0
    _frames: dict[str, int] = field(default_factory=dict)
    _repeatable: dict[str, int | None] = field(default_factory=dict)
    """Those that may come again: heard before the last loss and not repeated since, or taken from the list, where the
    frame is not known."""
    _last_at: float = 0.0
    _before: tuple[int, float] | None = None
    """Of the last entry before the loss: the service's time, and when it was heard."""
    _back_at: float | None = None
    """When the stream was opened again; None once it brings nothing that had waited."""

    def lost(self, at: float) -> None:
        """The stream is lost: what was heard so far may come again."""
        self.lost_at = at
        self._repeatable.update(self._frames)
        if self.last_stamp is not None:
            self._before = self.last_stamp, self._last_at

    def listed(self, entry: str) -> None:
        """An entry was taken from the service's list, and may yet come on the stream."""
        self._repeatable[entry] = None

    def is_new(self, entry: str) -> bool:
        """Whether nothing was heard of an entry."""
        return entry not in self._frames and entry not in self._repeatable

    def again(self, event: Received, at: float) -> bool:
        """Take the first event of a frame; say whether it repeats, to the letter, what was heard before the loss."""
        said = hash(event.raw)
        if event.entry in self._repeatable and self._repeatable[event.entry] in {said, None}:
            self._frames[event.entry] = said
            del self._repeatable[event.entry]
            return True
        self._frames[event.entry] = said
        if event.sent_at is not None:
            self.last_stamp, self._last_at = max(event.sent_at, self.last_stamp or 0), at
        return False

    def back(self, at: float) -> None:
        """The stream is back."""
        self._back_at = at

    def dated(self, event: Event) -> Event:
        """An event with the truth about its arrival: what the service sent while the stream was lost may be that old.

        The service's own times tell which that is: its clock may show another time than ours, but runs as fast.
        """
        if self._back_at is None or not isinstance(event, Received) or event.sent_at is None:
            return event
        if self._before is not None:
            stamp, heard_at = self._before
            if heard_at + (event.sent_at - stamp) / 1000 > self._back_at:
                self._back_at = None  # from here on, what comes has not waited
                return event
        return replace(event, earliest=min(event.earliest, self.lost_at))
