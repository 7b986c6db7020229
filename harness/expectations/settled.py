"""Whether the bot has finished talking: derived from the timeline, never guessed by sleeping.

Settled means that nobody is typing, no answer is being streamed, routing is over, the event stream is up, and it has
been silent for longer than is usual in this conversation. The evidence is told in words.
"""

from dataclasses import dataclass

from harness.events import (
    Connected,
    Dropped,
    Event,
    Joined,
    Left,
    Message,
    Move,
    Received,
    Resumed,
    Retracted,
    Routed,
    Session,
    Token,
    TypingStarted,
    TypingStopped,
)
from harness.expectations.engine import Cause, Status, Verdict
from harness.timeline.timeline import Timeline

TYPING_LAPSES = 5.0
"""Seconds after which the service's own client stops showing that somebody types."""
LEAST_SILENCE = 0.3
"""Seconds of silence that are waited for even where the bot usually answers without a pause."""
LEAST_PATIENCE = 2.0
"""Seconds that are waited for a first answer where none has come yet."""
_MARGIN = 1.5
"""A silence counts when it is this much longer than the longest wait so far."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """Whether the bot had finished, when, and what shows it.

    Attributes:
        at: Seconds on the timeline from which it counts as settled; None while it does not.
        due: Seconds on the timeline at which it will, if nothing more comes; None while something is open.
        evidence: In words: why it is, or what is still open.
    """

    at: float | None
    due: float | None
    evidence: str


def settled(timeline: Timeline, *, since: float) -> Settlement:
    """Judge whether the bot has finished answering the user's last move.

    Args:
        timeline: The conversation.
        since: Seconds on the timeline of that move.
    """
    last, longest, first = since, 0.0, 0.0
    answered = False
    before: Event | None = None
    for event in timeline:
        if isinstance(event, Received):
            wait = event.at - before.at if before is not None else 0.0
            if isinstance(before, Move):
                first = max(first, wait)
            else:
                longest = max(longest, wait)
            if event.at >= since:
                last, answered = max(last, event.at), answered or isinstance(event, Message)
        if isinstance(event, Received | Move):
            before = event
    needed = max(LEAST_SILENCE, _MARGIN * longest)
    if not answered:
        needed = max(needed, LEAST_PATIENCE, _MARGIN * first)
    closed, still_open = _spells(timeline)
    if still_open:
        return Settlement(None, None, f"not settled: {', '.join(still_open)}")
    due = last + needed
    told = [*closed, f"silence {max(0.0, timeline.horizon - last):.1f} s"]
    if timeline.horizon < due:
        return Settlement(None, due, f"not settled: {', '.join(told)} of {needed:.1f} s")
    return Settlement(due, due, f"settled {due - since:.1f} s after the user's move: {', '.join(told)}")


def _spells(timeline: Timeline) -> tuple[list[str], list[str]]:
    """What has ended, and what has not, in words."""
    typing: dict[tuple[str, str], float] = {}
    streaming: dict[str, str] = {}
    typed = streamed = False
    routing, connected = "", True
    for event in timeline:
        match event:
            case TypingStarted():
                typing[event.role, event.name], typed = event.at, True
            case TypingStopped() | Left():
                typing.pop((event.role, event.name), None)
            case Message():
                typing.pop((event.role, event.name), None)
                turn = streaming.pop(event.entry, None)
                streaming = {target: other for target, other in streaming.items() if other != turn}
            case Token() | Retracted():
                streaming[event.target], streamed = event.turn, True
            case Routed():
                routing = "routing" if event.succeeded else ""
            case Session():
                routing = "routing" if event.status == "waiting" else ""
            case Joined():
                routing = ""
            case Connected() | Resumed():
                connected = True
            case Dropped():
                connected = False
    writers = [name or role for (role, name), at in typing.items() if timeline.horizon < at + TYPING_LAPSES]
    still_open = [f"{writer} is typing" for writer in writers]
    still_open += ["an answer is being streamed"] if streaming else []
    still_open += ["the conversation is being routed"] if routing else []
    still_open += [] if connected else ["the event stream is down"]
    return ["typing stopped"] * typed + ["stream closed"] * streamed, still_open


class Settling:
    """Whether the bot has finished within a time, judged as the timeline grows.

    Attributes:
        evidence: In words: why it has, or what is still open.
    """

    def __init__(self, since: float, within: float) -> None:
        self._since, self._deadline = since, since + within
        self._next = 0
        self.evidence = "nothing has been looked at"

    def look(self, timeline: Timeline) -> Verdict:
        """Find the first instant at which the bot had finished; later events don't change what was so then."""
        last: float | None = None
        for place, event in timeline.since(0):
            if not isinstance(event, Received) or event.at < self._since:
                continue
            # no silence shorter than that is long enough, so there is no need to look
            if place >= self._next and (last is None or event.earliest - last >= LEAST_SILENCE):
                until = min(event.earliest, self._deadline)
                if self._had_finished(Timeline(timeline[:place], horizon=until)):
                    return Verdict(Status.HELD, until, at=until)
            last = event.at
            self._next = place
        settlement = settled(timeline, since=self._since)
        self.evidence = settlement.evidence
        if settlement.at is not None and settlement.at <= self._deadline:
            return Verdict(Status.HELD, settlement.at, at=settlement.at)
        if timeline.horizon > self._deadline or timeline.ended is not None:
            cause = Cause.DEADLINE if timeline.horizon > self._deadline else Cause.ENDED
            return Verdict(Status.FAILED, self._deadline, cause, at=min(timeline.horizon, self._deadline))
        soon = timeline.horizon + LEAST_SILENCE if settlement.due is None else settlement.due
        return Verdict(Status.PENDING, min(soon, self._deadline))

    def _had_finished(self, timeline: Timeline) -> bool:
        settlement = settled(timeline, since=self._since)
        self.evidence = settlement.evidence
        return settlement.at is not None
