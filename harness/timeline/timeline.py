"""An immutable view of everything that has happened so far, and the recorder that is the only one to append.

A view is a length over a list that only grows, so taking one costs nothing and none ever changes.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import overload

from harness.events.base import Event


class Timeline(Sequence[Event]):
    """Events in the order they were recorded, up to the moment the view was taken.

    Attributes:
        horizon: Seconds since the conversation opened up to which the record is complete: all that had arrived before
            it is in here.
        ended: Why nothing more can come ("the event stream ended", "the scenario ended"); None while something can.
    """

    __slots__ = ("_events", "_length", "ended", "horizon")

    def __init__(self, events: Sequence[Event] = (), *, horizon: float = 0.0, ended: str | None = None) -> None:
        self._events = events
        self._length = len(events)
        self.horizon = horizon
        self.ended = ended

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        if isinstance(index, slice):
            return [self._events[i] for i in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(f"the timeline has {self._length} events, there is no number {index}")
        return self._events[index if index >= 0 else self._length + index]

    def __iter__(self) -> Iterator[Event]:
        return islice(self._events, self._length)

    def since(self, place: int) -> Iterator[tuple[int, Event]]:
        """The events from a place on, each with its own."""
        return enumerate(self._events[place : self._length], place)

    def __repr__(self) -> str:
        state = f"ended: {self.ended}" if self.ended else f"complete to {self.horizon:.3f} s"
        return f"<Timeline of {self._length} events, {state}>"


class Recorder:
    """Appends what happens to one conversation's timeline."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._horizon = 0.0
        self._ended: str | None = None

    def record(self, event: Event) -> int:
        """Append one event.

        Returns:
            Its place on the timeline, counted from 0.
        """
        self._events.append(event)
        return len(self._events) - 1

    def complete_to(self, horizon: float) -> None:
        """Note that everything that had arrived before `horizon` (seconds) is recorded; it never goes back."""
        self._horizon = max(self._horizon, horizon)

    def end(self, why: str) -> None:
        """Note that nothing more can come; the first reason stands."""
        self._ended = self._ended or why

    @property
    def timeline(self) -> Timeline:
        """Everything recorded so far."""
        return Timeline(self._events, horizon=self._horizon, ended=self._ended)
