"""The monitors behind the always-on rules: each reads a timeline once, in order, and notes what breaks its rule.

Here: what counts as broken, one class a rule (the two stream rules share one), sliced by entry, message, stream target
or sender. Pure: a monitor knows the events and the limits it was given, nothing else. Not here: the rules' words,
severities and waivers, what a person is shown (rules.py).

Three habits keep a monitor from crying wolf:

* a limit is broken only if the whole arrival interval is outside, or if the record is complete past it;
* while the event stream was down anything may have been missed, so what was under way then is let go;
* what the user walked away from (the end of the session, the close) is no longer owed.

Source: the protocol notes, sections 4.3, 5.6 to 5.12, 8.1 to 8.8.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from harness.events import (
    Answered,
    Closed,
    Closing,
    Connected,
    Consent,
    Delivered,
    Dropped,
    Echo,
    Ended,
    Event,
    Joined,
    Left,
    Message,
    ParticipantUpdated,
    Progress,
    Read,
    Received,
    Resumed,
    Retracted,
    Routed,
    Sent,
    Session,
    Token,
    TypingStarted,
    TypingStopped,
    Undelivered,
    Unrecognised,
    Validated,
    Work,
)
from harness.events.base import values
from harness.events.text import quoted
from harness.expectations.matchers import normalised

SPEAKERS = frozenset({"chatbot", "agent"})
"""Roles of those who answer the user: bots and service reps."""

_OWN = "end_user"
_AUTOMATION = frozenset({"system", "router", _OWN})
_UTTERED = (Message, Token, Retracted, Validated, TypingStarted, Progress)
_SHOWN = 80
_LISTED = 5

Sender = tuple[str, str]
"""Role and display name; messages do not carry the sender's id."""


@dataclass(slots=True)
class Finding:
    """What broke a rule.

    Attributes:
        rule: The rule's word.
        wanted: What the rule asks for.
        saw: What came, in words that are safe to print.
        events: Places on the timeline of the events that show it.
        decided: Place of the event that decided it; the timeline's length where the end of the record did.
        more: How often the same came again.
        mild: Whether it is merely something new, not something wrong.
    """

    rule: str
    wanted: str
    saw: str
    events: list[int]
    decided: int
    more: int = 0
    mild: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """How far the record goes.

    Attributes:
        length: Number of events.
        complete: Seconds on the timeline up to which all that had arrived is recorded.
        over: Whether nothing more can come.
    """

    length: int
    complete: float
    over: bool


class Monitor:
    """Reads a timeline, event by event, without heartbeats and without replays.

    Attributes:
        HEEDS: Kinds of events that can change what it knows; it need not see others.
    """

    HEEDS: ClassVar[tuple[type[Event], ...]] = (Event,)

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._groups: dict[Hashable, Finding] = {}

    def see(self, index: int, event: Event) -> None:
        """Take the next event and its place on the timeline."""
        raise NotImplementedError

    def end(self, end: End) -> None:
        """Judge what is still open where the record ends."""

    def _found(
        self,
        rule: str,
        wanted: str,
        saw: str,
        *events: int,
        decided: int | None = None,
        group: Hashable = None,
        mild: bool = False,
    ) -> None:
        """Note what was found; what shares a group with something found before is added to it."""
        key = (rule, group)
        if group is not None and key in self._groups:
            self._groups[key].more += 1
            self._groups[key].events.extend(events)
            return
        finding = Finding(rule, wanted, saw, list(events), events[-1] if decided is None else decided, mild=mild)
        self.findings.append(finding)
        if group is not None:
            self._groups[key] = finding


def _sender(event: Received) -> Sender:
    return event.role, event.name


def _who(event: Received) -> str:
    return quoted(event.who, limit=_SHOWN, marks="")  # a role is shown as it came


def _says(event: Message) -> str:
    return f"{_who(event)} say {quoted(event.text, limit=_SHOWN)} at {event.at:.3f} s"


def _answers(event: Received) -> bool:
    """Whether somebody who answers sent it; automated responses are the service's, in whatever name."""
    return event.role in SPEAKERS and not (isinstance(event, Message) and event.automated)


# ---- entries: ids_unique, and with it which events are replays


_TIMES = frozenset({"at", "earliest", "stream_id"})
_CONNECTING = (Connected, Resumed)


@dataclass(slots=True)
class _Entry:
    place: int
    first: Received
    connection: int
    """On which it was first seen."""
    frame: tuple[str, float]
    seen: dict[Hashable, int] | None = None
    """What each of its events said -> the connection on which it was last seen; None until it comes again."""


def _content(event: Received) -> Hashable:
    """What an event said. Whether the stream's own ids survive a reconnect is not documented, so they are left out."""
    return (event.kind, *(value for name, value in values(event) if name not in _TIMES))


class IdsUnique(Monitor):
    """No entry id twice, unless a reconnect lies between and the event says the same as before: then it is a replay."""

    def __init__(self) -> None:
        super().__init__()
        self._connection = 0
        self._entries: dict[str, _Entry] = {}

    def see(self, index: int, event: Event) -> None:
        """Take the next event."""
        self.replayed(index, event)

    def replayed(self, index: int, event: Event) -> bool:
        """Take the next event.

        Returns:
            Whether it is a replay, which no other rule is to see.
        """
        if not isinstance(event, Received):
            if isinstance(event, _CONNECTING):
                self._connection += 1
            return False
        if not event.entry:
            return False
        entry = self._entries.get(event.entry)
        if entry is None:  # most come once
            self._entries[event.entry] = _Entry(index, event, self._connection, (event.stream_id, event.at))
            return False
        if entry.seen is None:
            entry.seen = {_content(entry.first): entry.connection}
        content = _content(event)
        last = entry.seen.get(content)
        entry.seen[content] = self._connection
        if last is not None and last < self._connection:
            entry.frame = (event.stream_id, event.at)
            return True
        people = isinstance(event, Joined | Left | ParticipantUpdated)
        if last is None and people and entry.frame == (event.stream_id, event.at):
            return False  # one entry tells of several participants
        changed = "" if last is not None else " with other content"
        self._found(
            "ids_unique",
            "every entry id once, but for replays after a reconnect",
            f"{quoted(event.entry, limit=_SHOWN)} again{changed} {event.at - entry.first.at:.3f} s after the first",
            entry.place,
            index,
            group=event.entry,
        )
        return False


# ---- who is there


class _People:
    """Who has joined and not left, by id where the service gives one, else by role and name."""

    def __init__(self) -> None:
        self.gone: dict[Sender, int] = {}
        """Who has left, and where on the timeline."""
        self._present: dict[Hashable, Sender] = {}
        self._keys: dict[Sender, dict[Hashable, None]] = {}
        self._roles: Counter[str] = Counter()
        self._names: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._present)

    def join(self, event: Joined) -> None:
        key, sender = event.subject or _sender(event), _sender(event)
        if key in self._present:
            self._remove(key)
        self._present[key] = sender
        self._keys.setdefault(sender, {})[key] = None
        self._roles[event.role] += 1
        self._names[event.name] += 1
        self.gone.pop(sender, None)

    def leave(self, index: int, event: Left) -> None:
        sender = _sender(event)
        key: Hashable = event.subject or sender
        if key not in self._present:
            key = next(iter(self._keys.get(sender, ())), None)
        if key is not None:
            sender = self._present[key]
            self._remove(key)
        self.gone[sender] = index

    def _remove(self, key: Hashable) -> None:
        role, name = self._present.pop(key)
        self._keys[role, name].pop(key)
        self._roles[role] -= 1
        self._names[name] -= 1

    def clear(self) -> None:
        for key in list(self._present):
            self._remove(key)

    def knows(self, sender: Sender) -> bool:
        """Whether somebody of that role and name is there, or somebody of that role whose name is not known."""
        keys = self._keys
        return bool(keys.get(sender) or keys.get((sender[0], "")))

    def resembles(self, sender: Sender) -> bool:
        """Whether somebody of that role is there, or somebody of that name."""
        return bool(self._roles[sender[0]] or (sender[1] and self._names[sender[1]]))


class ParticipantsConsistent(Monitor):
    """Bots and reps join before they speak, and do not speak once they have left."""

    HEEDS = (
        Joined,
        Left,
        Dropped,
        Message,
        Token,
    )

    def __init__(self) -> None:
        super().__init__()
        self._people = _People()
        self._missed = False

    def see(self, index: int, event: Event) -> None:
        """Take the next event."""
        match event:
            case Token() | Message():
                if _answers(event) and not self._people.knows(_sender(event)):
                    self._stranger(index, event)
            case Joined():
                self._people.join(event)
            case Left():
                self._people.leave(index, event)
            case Dropped():
                self._missed = True
                self._people.gone.clear()

    def _stranger(self, index: int, event: Message | Token) -> None:
        sender = _sender(event)
        said = "send a token" if isinstance(event, Token) else f"say {quoted(event.text, limit=_SHOWN)}"
        saw = f"{_who(event)} {said} at {event.at:.3f} s"
        if (left := self._people.gone.get(sender)) is not None:
            wanted = "nothing of somebody who has left"
            self._found("participants_consistent", wanted, saw, left, index, group=(sender, left))
        elif not self._people.resembles(sender) and not self._missed:
            wanted = "everybody to join before they speak"
            self._found("participants_consistent", wanted, saw, index, group=sender)


class RoutedBeforeBot(Monitor):
    """No message of a bot or a rep before a routing result, be it a failure."""

    HEEDS = (
        Routed,
        Dropped,
        Message,
    )

    def __init__(self) -> None:
        super().__init__()
        self._routed = False

    def see(self, index: int, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, Routed | Dropped):
            self._routed = True
        elif isinstance(event, Message) and not self._routed and _answers(event):
            wanted = "a routing result before any message of a bot or a rep"
            self._found("routed_before_bot", wanted, _says(event), index, group="all")


class NothingAfterClose(Monitor):
    """Nothing new of a bot or a rep after the conversation closed.

    Receipts and the end of typing finish what began before; what the service itself reports is no bot's.
    """

    HEEDS = (Closed, *_UTTERED)

    def __init__(self) -> None:
        super().__init__()
        self._closed: tuple[int, Closed] | None = None

    def see(self, index: int, event: Event) -> None:
        """Take the next event."""
        if self._closed is None:
            if isinstance(event, Closed):
                self._closed = index, event
        elif isinstance(event, _UTTERED) and event.role not in _AUTOMATION:
            place, closed = self._closed
            self._found(
                "nothing_after_close",
                f"nothing of a bot or a rep after the close at {closed.at:.3f} s",
                f"{event.kind.replace('_', ' ')} of {_who(event)} at {event.at:.3f} s",
                place,
                index,
                group="all",
            )


class ClockForward(Monitor):
    """The service's time stamps of what it keeps do not go back per sender.

    Of what it does not keep (typing, progress, receipts, tokens) the stamp is no sort key, and tokens may overtake each
    other. A change of participants does not name its sender.
    """

    HEEDS = (
        Message,
        Echo,
        Routed,
        Work,
        Session,
        Consent,
        Closed,
    )

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[Sender, tuple[int, int]] = {}

    def see(self, index: int, event: Event) -> None:
        """Take the next event."""
        if not isinstance(event, Message | Echo | Routed | Work | Session | Consent | Closed) or event.sent_at is None:
            return
        sender = _sender(event)
        before, stamp = self._last.get(sender, (index, event.sent_at))
        self._last[sender] = index, event.sent_at
        if event.sent_at < stamp:
            self._found(
                "clock_forward",
                f"the time stamps of {_who(event)} not to go back",
                f"{event.sent_at} after {stamp}, {stamp - event.sent_at} ms earlier",
                before,
                index,
                group=sender,
            )


class Recognised(Monitor):
    """Everything can be read, and nothing is unknown to the protocol's reference."""

    HEEDS = (Received,)

    def see(self, index: int, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, Unrecognised):
            name = quoted(event.wire_name, limit=_SHOWN)
            if event.problem:
                saw = f"{name}: {quoted(event.problem, marks='')}"
                self._found("recognised", "events that can be read", saw, index, group=(name, event.problem))
            else:
                wanted = "events that the protocol's reference lists"
                self._found("recognised", wanted, f"an event {name}", index, group=name, mild=True)
        elif isinstance(event, Received):
            for line in event.unknown:
                saw = f"{quoted(line, marks='')} in {event.kind}"
                wanted = "fields and values that the protocol's reference lists"
                self._found("recognised", wanted, saw, index, group=("field", line), mild=True)


# ---- receipts


class ReceiptKnown(Monitor):
    """No receipt of what the user never sent, none for reading before the one for delivery.

    A message is sent if the user's client sent it, or if it came back as an echo: there may be another window open.
    """

    HEEDS = (
        Sent,
        Echo,
        Dropped,
        Delivered,
        Read,
    )

    def __init__(self) -> None:
        super().__init__()
        self._sent: set[str] = set()
        self._delivered: set[str] = set()

    def see(self, index: int, event: Event) -> None:
        """Take the next event."""
        match event:
            case Sent():
                self._sent.add(event.message)
            case Echo():
                self._sent.add(event.entry)
            case Dropped():
                self._delivered |= self._sent
            case Delivered() | Read() if event.role != _OWN:
                self._receipt(index, event)

    def _receipt(self, index: int, event: Delivered | Read) -> None:
        of = quoted(event.of, limit=_SHOWN)
        if event.of not in self._sent:
            wanted = "receipts of what the user sent"
            self._found(
                "receipt_known", wanted, f"{event.kind} of {of} at {event.at:.3f} s", index, group=("id", event.of)
            )
        elif isinstance(event, Delivered):
            self._delivered.add(event.of)
        elif event.of not in self._delivered:
            wanted = "delivered before read"
            saw = f"read of {of} at {event.at:.3f} s, not delivered by then"
            self._found("receipt_known", wanted, saw, index, group=("read", event.of))


@dataclass(slots=True)
class _Sent:
    index: int
    place: int
    move: Sent
    accepted: float | None = None
    """When the service had answered that it took the message."""


class ReceiptFollowsSaid(Monitor):
    """Every message that the service accepted is acknowledged within the limit.

    The limit counts while somebody is there to whom it can be delivered: from the acceptance, or from when somebody
    joined (or the session became active) if that was later.

    Args:
        within: The limit in seconds.
    """

    HEEDS = (
        Sent,
        Answered,
        Delivered,
        Read,
        Undelivered,
        Ended,
        Closing,
        Dropped,
        Closed,
        Joined,
        Left,
        Session,
    )

    def __init__(self, within: float) -> None:
        super().__init__()
        self._within = within
        self._places: dict[str, int] = {}
        self._owed: dict[str, _Sent] = {}
        """What has not been acknowledged, oldest first."""
        self._unanswered: list[_Sent] = []
        self._people = _People()
        self._active = True
        self._attended: float | None = None
        """Since when somebody is there; None while nobody is."""

    def see(self, index: int, event: Event) -> None:
        """Take the next event."""
        match event:
            case Sent():
                sent = _Sent(index, len(self._places), event)
                self._unanswered.append(sent)
                if event.message not in self._places:  # a second try under the same id owes nothing new
                    self._places[event.message] = sent.place
                    self._owed[event.message] = sent
            case Answered(operation="sendMessage" | "sendFile"):
                self._answer(event)
            case Delivered() | Read() | Undelivered() if event.role != _OWN:
                for sent in self._settled(event):
                    self._judge(sent, index, event, saw=f"{event.kind} at {event.at:.3f} s")
            case Ended() | Closing():
                self._owed = {key: one for key, one in self._owed.items() if (self._due(one) or event.at) < event.at}
            case Dropped() | Closed():
                self._let_go(index, event)
            case Joined() if event.role in SPEAKERS:
                self._people.join(event)
                self._attend(index, event)
            case Left() if event.role in SPEAKERS:
                self._people.leave(index, event)
                self._attend(index, event)
            case Session():
                self._active = event.status == "active"
                if event.status == "ended":
                    self._let_go(index, event)
                    self._people.clear()
                self._attend(index, event)

    def _answer(self, answered: Answered) -> None:
        """Pair an answer with its move: the last unanswered one made before the request was handed to the network.

        A move is recorded and its request begun in one go, so no other can come between; one whose request was never
        answered is passed over for good.
        """
        begun = answered.at - answered.took + 1e-6  # rounding of the difference
        for place in reversed(range(len(self._unanswered))):
            if self._unanswered[place].move.at <= begun:
                sent = self._unanswered.pop(place)
                sent.accepted = answered.at
                if not 200 <= answered.status < 300 and self._owed.get(sent.move.message) is sent:
                    self._owed.pop(sent.move.message)
                return

    def _due(self, sent: _Sent) -> float | None:
        if sent.accepted is None or self._attended is None:
            return None
        return max(sent.accepted, self._attended) + self._within

    def _settled(self, event: Delivered | Read | Undelivered) -> Iterator[_Sent]:
        """Take out of what is owed what a receipt acknowledges; a read receipt acknowledges all before it too."""
        place = self._places.get(event.of)
        if place is None:
            return
        if not isinstance(event, Read):
            if (sent := self._owed.pop(event.of, None)) is not None:
                yield sent
            return
        while self._owed and (oldest := next(iter(self._owed.values()))).place <= place:
            yield self._owed.pop(oldest.move.message)

    def _attend(self, index: int, event: Received) -> None:
        attended = self._active and bool(self._people)
        if attended and self._attended is None:
            self._attended = event.at
        elif not attended and self._attended is not None:
            if event.earliest > self._attended + self._within:  # else nothing can be overdue
                for sent in list(self._owed.values()):
                    if self._judge(sent, index, event):
                        self._owed.pop(sent.move.message)
            self._attended = None

    def _let_go(self, index: int, event: Event) -> None:
        for sent in self._owed.values():
            self._judge(sent, index, event)
        self._owed.clear()

    def _judge(self, sent: _Sent, index: int, event: Event, *, saw: str = "") -> bool:
        due = self._due(sent)
        if due is None or event.earliest <= due:
            return False
        shown = (index,) if saw else ()
        self._missing(sent, due, saw or f"none by {event.earliest:.3f} s", *shown, decided=index)
        return True

    def _missing(self, sent: _Sent, due: float, saw: str, *events: int, decided: int) -> None:
        said = quoted(sent.move.words, limit=_SHOWN)
        self._found(
            "receipt_follows_said",
            f"a receipt of {said} within {self._within:g} s from {due - self._within:.3f} s",
            saw,
            sent.index,
            *events,
            decided=decided,
        )

    def end(self, end: End) -> None:
        """Judge what is still owed."""
        for sent in self._owed.values():
            due = self._due(sent)
            if due is not None and end.complete > due:
                self._missing(sent, due, f"none by {end.complete:.3f} s", decided=end.length)


# ---- typing


@dataclass(slots=True)
class _Spell:
    first: int
    started: TypingStarted
    sign: float
    """When its sender last gave a sign of life, in seconds."""
    reported: bool = False


class TypingStops(Monitor):
    """A typing spell ends within the limit: stopped, a message, left, closed, the session over.

    The limit counts from the sender's last sign of life: typing started (again), progress, a token.

    Args:
        within: The limit in seconds.
    """

    HEEDS = (
        TypingStarted,
        Progress,
        Token,
        Retracted,
        Validated,
        TypingStopped,
        Message,
        Left,
        Closed,
        Dropped,
        Session,
        Ended,
        Closing,
    )

    def __init__(self, within: float) -> None:
        super().__init__()
        self._within = within
        self._spells: dict[Sender, _Spell] = {}

    def see(self, index: int, event: Event) -> None:
        """Take the next event."""
        match event:
            case Token() | Retracted() | Validated() | Progress():
                if self._spells and (spell := self._spells.get(_sender(event))) is not None:
                    self._judge(spell, index, event)
                    spell.sign = event.at
            case TypingStarted():
                spell = self._spells.get(_sender(event))
                if spell is None or self._judge(spell, index, event):
                    self._spells[_sender(event)] = _Spell(index, event, event.at)
                else:
                    spell.sign = event.at
            case TypingStopped() | Message():
                self._over([_sender(event)], index, event)
            case Left():
                over = [who for who in self._spells if who[0] == event.role] if not event.name else [_sender(event)]
                self._over(over, index, event)
            case Closed() | Dropped():
                self._over(list(self._spells), index, event)
            case Session() if event.status == "ended":
                self._over(list(self._spells), index, event)
            case Ended() | Closing():
                kept = {who: spell for who, spell in self._spells.items() if spell.sign + self._within < event.at}
                self._spells = kept

    def _over(self, who: Iterable[Sender], index: int, event: Event) -> None:
        for sender in who:
            if (spell := self._spells.pop(sender, None)) is not None:
                self._judge(spell, index, event)

    def _judge(self, spell: _Spell, index: int, event: Event) -> bool:
        if event.earliest <= spell.sign + self._within:
            return False
        mine = isinstance(event, Received) and _sender(event) == _sender(spell.started)
        saw = f"{event.kind.replace('_', ' ')} at {event.at:.3f} s" if mine else f"no end by {event.earliest:.3f} s"
        self._late(spell, saw, *([index] if mine else []), decided=index)
        return True

    def _late(self, spell: _Spell, saw: str, *events: int, decided: int) -> None:
        if spell.reported:
            return
        spell.reported = True
        wanted = f"{_who(spell.started)} to stop typing within {self._within:g} s from {spell.sign:.3f} s"
        self._found("typing_stops", wanted, saw, spell.first, *events, decided=decided)

    def end(self, end: End) -> None:
        """Judge the spells that are still open."""
        for spell in self._spells.values():
            if end.complete > spell.sign + self._within:
                self._late(spell, f"no end by {end.complete:.3f} s", decided=end.length)


# ---- streams

Number = tuple[int, int]
"""Batch and sequence number: the order to read in."""


@dataclass(slots=True)
class _Stream:
    target: str
    sender: Sender
    first: int
    last: int
    last_at: float
    due: float
    """Seconds by which its next piece or its final message is due."""
    numbers: dict[Number, tuple[int, int]] = field(default_factory=dict)
    """Number -> how often the stream had been retracted when it was last seen, and where."""
    pieces: dict[Number, str] = field(default_factory=dict)
    fresh: dict[Number, str] = field(default_factory=dict)
    """The pieces that arrived after the last retraction."""
    retracted: Number | None = None
    times: int = 0
    torn: bool = False
    """Whether pieces of it may have been missed while the event stream was down."""
    passed: bool = False
    """Whether its sender has answered something newer, or has gone."""


class Streams(Monitor):
    """`stream_grammar` and `stream_faithful`.

    Args:
        final_within: Seconds from a stream's last piece within which the next or the final message must come.
    """

    HEEDS = (
        Token,
        Retracted,
        Validated,
        Message,
        Sent,
        Ended,
        Closing,
        Left,
        Session,
        Closed,
        Dropped,
    )

    def __init__(self, final_within: float) -> None:
        super().__init__()
        self._within = final_within
        self._streams: dict[str, _Stream] = {}
        """Those without a final message so far."""
        self._finals: dict[str, tuple[int, float]] = {}
        self._open: dict[str, _Stream] = {}
        """Those whose final message is owed."""
        self._running: dict[Sender, dict[str, _Stream]] = {}
        """Of those, the ones not yet passed, the longest silent first."""
        self._withdrawn: dict[Sender, dict[str, _Stream]] = {}
        """Of those, the ones retracted and not yet replaced."""
        self._move = -1
        self._leaving = False
        self._resumed = False

    def see(self, index: int, event: Event) -> None:
        """Take the next event."""
        match event:
            case Token() | Retracted() | Validated():
                self._piece(index, event)
            case Message():
                self._message(index, event)
            case Sent():
                self._move, self._leaving = index, False
            case Ended() | Closing():
                self._leaving = True
                for stream in list(self._open.values()):
                    if not stream.passed and stream.due >= event.at:
                        self._settle(stream)
            case Left() if not self._leaving:
                self._pass(self._running.pop(_sender(event), {}).values())
            case Session() if event.status == "ended" and not self._leaving:
                self._pass([stream for streams in self._running.values() for stream in streams.values()])
                self._running.clear()
            case Closed():
                self._let_go(index, event, closed=True)
            case Dropped():
                self._let_go(index, event, closed=False)
                for stream in self._streams.values():
                    stream.torn = True
                self._resumed = True

    # -- pieces

    def _piece(self, index: int, event: Token | Retracted | Validated) -> None:
        target, at = event.target, event.at
        if target in self._finals:
            if not isinstance(event, Validated):
                self._after_final(index, event)
            return
        number = (event.batch, event.number)
        stream = self._streams.get(target)
        if stream is None:
            stream = self._streams[target] = _Stream(target, _sender(event), index, index, at, at + self._within)
            stream.torn = self._resumed and event.number > 1
        elif event.earliest > stream.due and target in self._open:
            self._judge(stream, index, event)
        self._count(stream, number, index, event)
        stream.last, stream.last_at, stream.due, stream.passed = index, at, at + self._within, False
        self._open[target] = stream
        running = self._running.get(stream.sender)
        if running is None:
            running = self._running[stream.sender] = {}
        running.pop(target, None)
        running[target] = stream
        if self._withdrawn:
            self._replaced(stream.sender, index, event, but=target)
        if isinstance(event, Retracted):
            self._withdrawn.setdefault(stream.sender, {})[target] = stream
        elif self._withdrawn and isinstance(event, Token) and (stream.retracted is None or number > stream.retracted):
            self._withdrawn.get(stream.sender, {}).pop(target, None)

    def _count(self, stream: _Stream, number: Number, index: int, event: Token | Retracted | Validated) -> None:
        before = stream.numbers.get(number)
        stream.numbers[number] = stream.times, index
        if before is not None and before[0] == stream.times:
            self._found(
                "stream_grammar",
                f"every number once in the stream to {quoted(stream.target, limit=_SHOWN)}",
                f"{number[1]} again at {event.at:.3f} s",
                before[1],
                index,
                group=("repeat", stream.target),
            )
        elif isinstance(event, Token):
            stream.pieces[number] = stream.fresh[number] = event.text
        elif isinstance(event, Retracted):
            stream.retracted = max(stream.retracted or number, number)
            stream.times += 1
            stream.fresh = {}

    def _after_final(self, index: int, event: Token | Retracted) -> None:
        place, at = self._finals[event.target]
        self._found(
            "stream_grammar",
            f"nothing of the stream to {quoted(event.target, limit=_SHOWN)} after its final message at {at:.3f} s",
            f"{quoted(str(event), marks='')} at {event.at:.3f} s",
            place,
            index,
            group=("after", event.target),
        )

    # -- the final message

    def _message(self, index: int, event: Message) -> None:
        if event.entry and event.entry not in self._finals:
            self._finals[event.entry] = index, event.at
            if (stream := self._streams.pop(event.entry, None)) is not None:
                if stream.target in self._open:
                    self._judge(stream, index, event)
                    self._settle(stream)
                if not stream.torn:
                    self._gaps(stream, index)
                    self._compare(stream, index, event)
        sender = _sender(event)
        self._replaced(sender, index, event, but=event.entry)
        running = self._running.get(sender, {})
        while running and (oldest := next(iter(running.values()))).last < self._move:
            self._pass([running.pop(oldest.target)])

    def _gaps(self, stream: _Stream, index: int) -> None:
        batches: dict[int | None, list[int]] = {}
        for batch, number in sorted(stream.numbers):
            batches.setdefault(batch, []).append(number)
        everything = sorted({number for _, number in stream.numbers})
        missing = dict.fromkeys(hole for numbers in (everything, *batches.values()) for hole in _holes(numbers))
        if not missing:
            return
        listed = ", ".join(map(str, list(missing)[:_LISTED])) + (", …" if len(missing) > _LISTED else "")
        self._found(
            "stream_grammar",
            f"no gap in the stream to {quoted(stream.target, limit=_SHOWN)}",
            f"its final message without number {listed}",
            *sorted(place for _, place in stream.numbers.values()),
            index,
        )

    def _compare(self, stream: _Stream, index: int, event: Message) -> None:
        retracted = stream.retracted
        if event.format not in {"", "Text"} or (event.revised and retracted is None):
            return
        # A replacement continues the numbers or starts anew, and late pieces of what was withdrawn may still come:
        # by number or by arrival, one reading must fit.
        numbered = {number: text for number, text in stream.pieces.items() if retracted is None or number > retracted}
        readings = [normalised(_joined(pieces)) for pieces in (numbered, stream.fresh) if pieces]
        final = normalised(event.text)
        if not readings or final in readings:
            return
        same = _alike(readings[0], final)
        self._found(
            "stream_faithful",
            f"the final message to be its pieces, from character {same} on {quoted(readings[0][same:], limit=_SHOWN)}",
            quoted(final[same:], limit=_SHOWN),
            *sorted(stream.numbers[number][1] for number in (numbered or stream.fresh)),
            index,
        )

    # -- what is owed

    def _settle(self, stream: _Stream) -> None:
        self._open.pop(stream.target, None)
        self._running.get(stream.sender, {}).pop(stream.target, None)
        self._withdrawn.get(stream.sender, {}).pop(stream.target, None)

    def _replaced(self, sender: Sender, index: int, event: Event, *, but: str) -> None:
        """A withdrawn stream may be replaced under another target: whatever its sender says next will do."""
        withdrawn = self._withdrawn.get(sender)
        for stream in list(withdrawn.values()) if withdrawn else ():
            if stream.target != but:
                self._judge(stream, index, event)
                self._settle(stream)

    def _pass(self, streams: Iterable[_Stream]) -> None:
        for stream in streams:
            stream.passed = True

    def _let_go(self, index: int, event: Event, *, closed: bool) -> None:
        for stream in self._open.values():
            if not self._judge(stream, index, event) and closed and stream.passed:
                self._never(stream, "the conversation went on without it", decided=index)
        self._open.clear()
        self._running.clear()
        self._withdrawn.clear()

    def _judge(self, stream: _Stream, index: int, event: Event) -> bool:
        if event.earliest <= stream.due:
            return False
        mine = isinstance(event, Message) and event.entry == stream.target
        saw = f"it at {event.at:.3f} s" if mine else f"none by {event.earliest:.3f} s"
        self._never(stream, saw, *([index] if mine else []), decided=index)
        return True

    def _never(self, stream: _Stream, saw: str, *events: int, decided: int) -> None:
        self._found(
            "stream_grammar",
            f"a final message of the stream to {quoted(stream.target, limit=_SHOWN)} within {self._within:g} s from "
            f"its last piece at {stream.last_at:.3f} s",
            saw,
            *dict.fromkeys((stream.first, stream.last, *events)),
            decided=decided,
            group=("final", stream.target),
        )

    def end(self, end: End) -> None:
        """Judge the streams that are still open."""
        for stream in self._open.values():
            if end.complete > stream.due:
                self._never(stream, f"none by {end.complete:.3f} s", decided=end.length)
            elif end.over and stream.passed:
                self._never(stream, "the conversation went on without it", decided=end.length)


def _joined(pieces: dict[Number, str]) -> str:
    return "".join(pieces[number] for number in sorted(pieces))


def _alike(one: str, other: str) -> int:
    """How many characters two texts share from the start."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)


def _holes(numbers: list[int]) -> list[int]:
    """The first numbers that are missing between the lowest and the highest of a sorted list."""
    holes: list[int] = []
    for low, high in pairwise(numbers):
        holes += range(low + 1, min(high, low + 2 + _LISTED))
        if len(holes) > _LISTED:
            break
    return holes
