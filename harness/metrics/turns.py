"""A conversation cut into turns: each move of the user that asks for an answer, and what came for it.

An event belongs to the last such move before it, unless it names another: a receipt and an echo name a message, a piece
of a streamed answer and its final message share an id, a message may say what it replies to. Whatever the scenario's
own rep says is no answer of the other side. Not here: what is measured of a turn (measuring.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.events import (
    Answered,
    Closing,
    Delivered,
    Dropped,
    Echo,
    Ended,
    Event,
    Message,
    Opened,
    Read,
    Received,
    RepDid,
    Resumed,
    Retracted,
    Sent,
    Token,
    TypingEcho,
    Undelivered,
    Validated,
)
from harness.timeline.streams import Stream, Streams
from harness.timeline.timeline import Timeline

SPEAKERS = frozenset({"chatbot", "agent"})
"""Roles of those who answer the user: bots and service reps."""

_OPERATIONS: Mapping[str, type[Opened] | type[Sent]] = {
    "createConversation": Opened,
    "sendMessage": Sent,
    "sendFile": Sent,
}
_ROUNDING = 1e-6
"""Seconds by which the start of a request, told as its end less its duration, may be off."""
_ERROR = 400


class Ending(StrEnum):
    """How the wait for an answer ended."""

    ANSWERED = "answered"
    """With an answer, complete."""
    CENSORED = "censored"
    """With the end of the record; or the answer was begun and never finished."""
    OVERTAKEN = "overtaken"
    """The user went on, or left, before there was an answer; how long it would have taken nobody knows."""
    REFUSED = "refused"
    """The service did not take the message."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A move of the user and what came for it.

    Attributes:
        number: Which of the conversation's turns it is; the opening is 0.
        place: Place of the move on the timeline.
        move: What the user did.
        accepted: The service's answer to the request; None where there was none.
        events: What came for it, in order of arrival; heartbeats are not among it.
        streams: The streamed answers, in the order in which they began.
        answers: Final messages of a bot or a rep.
        ending: How the wait for an answer ended.
        until: Seconds on the timeline up to which an answer was waited for; of an answered turn, when it was complete.
        down: Seconds before `until` for which the event stream was down: what it brought then came late.
    """

    number: int
    place: int
    move: Opened | Sent
    accepted: Answered | None
    events: tuple[Received, ...]
    streams: tuple[Stream, ...]
    answers: tuple[Message, ...]
    ending: Ending
    until: float
    down: float

    @property
    def waited(self) -> float:
        """Seconds from the move to `until`."""
        return max(0.0, self.until - self.move.at)


def is_answer(event: Event) -> bool:
    """Whether it is a message of a bot or a rep; automated responses are the service's, in whatever name."""
    return isinstance(event, Message) and event.role in SPEAKERS and not event.automated


@dataclass(slots=True, eq=False)
class _Open:
    """A turn, as far as it is known."""

    place: int
    move: Opened | Sent
    accepted: Answered | None = None
    overtaken: float | None = None
    events: list[Received] = field(default_factory=list)


class _Owners:
    """Which turn an event belongs to; None is nobody's."""

    def __init__(self) -> None:
        self.turns: list[_Open] = []
        self._current: _Open | None = None
        self._messages: dict[str, _Open] = {}
        self._targets: dict[str, tuple[_Open | None, str]] = {}
        self._unfinished: dict[str, _Open | None] = {}
        """By the agent's turn: where a replacement with a target of its own belongs."""

    def moved(self, place: int, move: Opened | Sent) -> None:
        self.overtaken(move.at)
        self._current = _Open(place, move)
        self.turns.append(self._current)
        if isinstance(move, Sent):
            self._messages[move.message] = self._current

    def overtaken(self, at: float) -> None:
        """Something else begins."""
        if self._current is not None:
            self._current.overtaken = at
        self._current = None

    def owner(self, event: Received) -> _Open | None:
        match event:
            case Delivered() | Read() | Undelivered():
                return self._messages.get(event.of)
            case Echo():
                return self._messages.get(event.entry)
            case Token() | Retracted() | Validated():
                if event.target not in self._targets:
                    owner = self._unfinished.setdefault(event.turn, self._current)
                    self._targets[event.target] = owner, event.turn
                return self._targets[event.target][0]
            case Message() if event.entry in self._targets:
                owner, turn = self._targets[event.entry]
                self._unfinished.pop(turn, None)
                return owner
            case Message() if event.in_reply_to is not None:
                return self._messages.get(event.in_reply_to, self._current)
            case _:
                return self._current

    def accept(self, answered: Answered) -> None:
        """The service answers the last move that it can be an answer to."""
        cls = _OPERATIONS.get(answered.operation)
        if cls is None:
            return
        started = answered.at - answered.took + _ROUNDING
        for turn in reversed(self.turns):
            if isinstance(turn.move, cls) and turn.accepted is None and turn.move.at <= started:
                turn.accepted = answered
                return


def turns(timeline: Timeline) -> tuple[Turn, ...]:
    """Cut a conversation into turns, in the order of their moves."""
    owners, streams, outages = _Owners(), Streams(), list[tuple[float, float]]()
    down: float | None = None
    for place, event in enumerate(timeline):
        streams.take(place, event)
        match event:
            case Opened() | Sent():
                owners.moved(place, event)
            case RepDid() if not event.starts_clock:
                pass
            case RepDid() | Ended() | Closing():
                owners.overtaken(event.at)
            case Answered():
                owners.accept(event)
            case Dropped():
                down = event.at if down is None else down
            case Resumed() if down is not None:
                outages.append((down, event.at))
                down = None
            case Received() if not isinstance(event, TypingEcho):
                owner = owners.owner(event)
                if owner is not None:
                    owner.events.append(event)
    end = max(timeline.horizon, timeline[-1].at if timeline else 0.0)
    if down is not None:
        outages.append((down, end))
    return tuple(_closed(number, turn, streams, outages, end) for number, turn in enumerate(owners.turns))


def _closed(number: int, turn: _Open, streams: Streams, outages: list[tuple[float, float]], end: float) -> Turn:
    answers = tuple(event for event in turn.events if isinstance(event, Message) and is_answer(event))
    begun = tuple(_streams(turn, streams))
    ending, until = _ending(turn, begun, answers, end)
    down = sum(max(0.0, min(until, upper) - max(turn.move.at, lower)) for lower, upper in outages)
    return Turn(number, turn.place, turn.move, turn.accepted, tuple(turn.events), begun, answers, ending, until, down)


def _streams(turn: _Open, streams: Streams) -> Iterator[Stream]:
    targets = dict.fromkeys(event.target for event in turn.events if isinstance(event, Token | Retracted))
    for target in targets:
        if stream := streams.get(target):
            yield stream


def _ending(turn: _Open, streams: tuple[Stream, ...], answers: tuple[Message, ...], end: float) -> tuple[Ending, float]:
    if turn.accepted is not None and turn.accepted.status >= _ERROR:
        return Ending.REFUSED, turn.accepted.at
    finished = {event.entry for event in turn.events if isinstance(event, Message)}
    unfinished = [stream for stream in streams if stream.target not in finished and not stream.retractions]
    if unfinished or (streams and not answers):
        return Ending.CENSORED, end
    if answers:
        return Ending.ANSWERED, answers[-1].at
    if turn.overtaken is not None:
        return Ending.OVERTAKEN, turn.overtaken
    return Ending.CENSORED, end
