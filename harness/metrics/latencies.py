"""How long the channel took: receipts, routing, hand-offs, typing, and the event stream's outages.

Every latency is a `Span`: by the ends of the arrival intervals, with what it can have been. Not here: the latencies of
one answer (measuring.py), the service's own clock (skew.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.events import (
    Closed,
    Delivered,
    Dropped,
    Event,
    Joined,
    Left,
    Message,
    Opened,
    Queue,
    Read,
    Received,
    RepDid,
    Resumed,
    Routed,
    Sent,
    Session,
    TypingStarted,
    TypingStopped,
    Undelivered,
    WentOffline,
    WentOnline,
)
from harness.metrics.turns import SPEAKERS, is_answer
from harness.timeline.spans import Span
from harness.timeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one message of the user; None is nothing.

    Attributes:
        message: Entry id of the message.
        delivered: From the move to the receipt for delivery.
        read: From the move to the receipt for reading, of this message or a later one.
        undelivered: From the move to the news that it could not be delivered.
    """

    message: str
    delivered: Span | None = None
    read: Span | None = None
    undelivered: Span | None = None


def receipts(timeline: Timeline) -> tuple[Receipt, ...]:
    """The receipts of the user's messages, in the order in which they were sent; the first of each kind counts."""
    sent: dict[str, int] = {}
    moves: list[Sent] = []
    found: list[Receipt] = []
    read_to = 0
    for event in timeline:
        match event:
            case Sent() if event.message not in sent:
                sent[event.message] = len(moves)
                moves.append(event)
                found.append(Receipt(event.message))
            case Delivered() if event.of in sent:
                place = sent[event.of]
                delivered = found[place].delivered or Span.of(moves[place], event)
                found[place] = replace(found[place], delivered=delivered)
            case Undelivered() if event.of in sent:
                place = sent[event.of]
                undelivered = found[place].undelivered or Span.of(moves[place], event)
                found[place] = replace(found[place], undelivered=undelivered)
            case Read() if event.of in sent:
                for place in range(read_to, sent[event.of] + 1):
                    found[place] = replace(found[place], read=Span.of(moves[place], event))
                read_to = max(read_to, sent[event.of] + 1)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Routing:
    """How the conversation got to whoever answers first; from its opening, None is never.

    Attributes:
        routed: To the first routing result.
        active: To the session being active.
        joined: To a bot or a rep being there.
    """

    routed: Span | None = None
    active: Span | None = None
    joined: Span | None = None


def routing(timeline: Timeline) -> Routing:
    """How long the opening took."""
    found: dict[str, Span] = {}
    opened: Opened | None = None
    for event in timeline:
        if isinstance(event, Opened):
            opened = opened or event
        elif opened is not None:
            match event:
                case Routed():
                    found.setdefault("routed", Span.of(opened, event))
                case Session(status="active"):
                    found.setdefault("active", Span.of(opened, event))
                case Joined() if event.role in SPEAKERS:
                    found.setdefault("joined", Span.of(opened, event))
    return Routing(**found)


@dataclass(frozen=True, slots=True)
class Handoff:
    """A conversation handed over from one who answers to another.

    Attributes:
        place: Place on the timeline of what began it.
        failed: Why it came to nothing; None if it did not fail.
        to: Role of whoever took over; empty if nobody did.
        asked: From the user's last message before it to the new one's joining.
        queued: From its begin to the new one's joining.
        greeted: From the joining to their first message; None where the scenario plays the rep.
        positions: Places in the queue that were told.
        promised: Estimated wait that was told, in seconds.
    """

    place: int
    failed: str | None = None
    to: str = ""
    asked: Span | None = None
    queued: Span | None = None
    greeted: Span | None = None
    positions: tuple[int, ...] = ()
    promised: float | None = None


def handoffs(timeline: Timeline) -> tuple[Handoff, ...]:
    """Every hand-off, whether it came to anything or not, in the order in which they began.

    One begins when the session goes back to waiting or a transfer is routed, whichever comes first, and is over when a
    bot or a rep joins or when it fails.
    """
    found: list[Handoff] = []
    begun: Event | None = None
    joined: Joined | None = None
    sent: Sent | None = None
    somebody = False
    for place, event in enumerate(timeline):
        match event:
            case Sent():
                sent = event
            case Routed(routing="transfer") | Session(status="waiting") if somebody and begun is None:
                found.append(Handoff(place))
                begun, joined = event, None
        if begun is not None:
            found[-1] = _handed(found[-1], begun, event, sent)
            if found[-1].failed is not None or found[-1].queued is not None:
                begun = None
        if isinstance(event, Joined) and event.role in SPEAKERS:
            somebody, joined = True, event
        elif isinstance(event, RepDid) and event.starts_clock:
            joined = None  # the scenario plays them
        elif joined is not None and is_answer(event) and found and found[-1].to and _is_by(event, joined):
            found[-1] = replace(found[-1], greeted=Span.of(joined, event))
            joined = None
    return tuple(found)


def _is_by(event: Event, who: Joined) -> bool:
    return isinstance(event, Message) and (event.role, event.name) == (who.role, who.name)


def _handed(handoff: Handoff, begun: Event, event: Event, sent: Sent | None) -> Handoff:
    """What an event means to a hand-off that is under way."""
    match event:
        case Routed(succeeded=False):
            return replace(handoff, failed=event.failure or "failed")
        case Routed():
            return replace(handoff, promised=event.wait)
        case Queue():
            return replace(handoff, positions=(*handoff.positions, event.position))
        case Joined() if event.role in SPEAKERS:
            asked = Span.of(sent, event) if sent is not None else None
            return replace(handoff, to=event.role, queued=Span.of(begun, event), asked=asked)
    return handoff


@dataclass(frozen=True, slots=True)
class Spell:
    """Somebody's typing.

    Attributes:
        place: Place on the timeline of its start.
        role: Who typed.
        name: Their display name.
        lasted: To its end: it is said to stop, they send a message or leave, the conversation closes; None if never.
    """

    place: int
    role: str
    name: str
    lasted: Span | None = None


def spells(timeline: Timeline) -> tuple[Spell, ...]:
    """Typing spells of all but the user, in the order in which they began; starting again goes on with one."""
    found: list[Spell] = []
    typing: dict[tuple[str, str], tuple[int, TypingStarted]] = {}
    for place, event in enumerate(timeline):
        ended: Iterable[tuple[str, str]] = ()
        match event:
            case TypingStarted() if (event.role, event.name) not in typing:
                typing[event.role, event.name] = len(found), event
                found.append(Spell(place, event.role, event.name))
            case TypingStopped() | Message() | Left():
                ended = {(event.role, event.name)} & typing.keys()
            case Closed():
                ended = list(typing)
        for who in ended:
            number, started = typing.pop(who)
            found[number] = replace(found[number], lasted=Span.of(started, event))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without an event stream.

    Attributes:
        place: Place on the timeline of its begin.
        deliberate: Whether the scenario made it.
        lost: Bytes of an event that the end cut off.
        down: Until the stream was open again; None if it never was.
        reconnect: From when it was wanted again until it was open: what the service took.
        heard: From the stream's being open to the first event it brought; None if there was none on that connection.
    """

    place: int
    deliberate: bool
    lost: int
    down: Span | None = None
    reconnect: Span | None = None
    heard: Span | None = None


def outages(timeline: Timeline) -> tuple[Outage, ...]:
    """Every time the event stream was lost, in order."""
    found: list[Outage] = []
    offline: WentOffline | None = None
    online: WentOnline | None = None
    dropped: Dropped | None = None
    resumed: Resumed | None = None
    for place, event in enumerate(timeline):
        match event:
            case WentOffline():
                offline = event
            case WentOnline():
                online = event
            case Dropped():
                found.append(Outage(place, offline is not None, event.unfinished))
                dropped, resumed = event, None
            case Resumed() if dropped is not None:
                down = Span.of(dropped, event)
                found[-1] = replace(found[-1], down=down, reconnect=_reconnect(event, down, offline, online))
                offline = online = dropped = None
                resumed = event
            case Received() if resumed is not None:
                found[-1] = replace(found[-1], heard=Span.of(resumed, event))
                resumed = None
    return tuple(found)


def _reconnect(resumed: Resumed, down: Span, offline: WentOffline | None, online: WentOnline | None) -> Span:
    if online is not None:
        return Span.of(online, resumed)
    away = offline.seconds if offline is not None and offline.seconds is not None else 0.0
    return Span(*(max(0.0, seconds - away) for seconds in down))
