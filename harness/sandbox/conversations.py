"""A conversation and its sessions: who is in it, what state it is in, and the entries it writes.

Here: the state and the verbs that change it and tell the end user so. Not here: HTTP (miaw.py), whose turn it is
(player.py), and how an event travels (streams.py).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from harness.sandbox import entries
from harness.sandbox.bots import Bot, Said
from harness.sandbox.entries import Participant, Payload
from harness.sandbox.forms import Shown
from harness.sandbox.history import History
from harness.sandbox.limits import Window
from harness.sandbox.streams import Subject
from harness.sandbox.tokens import PROGRESS_SINCE, STREAMING_SINCE, Client

SINCE = {"ProgressIndicator": PROGRESS_SINCE, "StreamingToken": STREAMING_SINCE}
"""The capabilities version that a type of entry needs; the others need none."""


@dataclass(eq=False)
class Session:
    """One routed stint of a conversation, from its start to `Ended`."""

    id: str = field(default_factory=lambda: entries.record_id("0Mw"))
    routing: str = field(default_factory=lambda: entries.record_id("0JR"))
    work: str = field(default_factory=lambda: entries.record_id("0Bz"))
    started: int = field(default_factory=entries.now)
    status: str = "New"
    inbox: "asyncio.Queue[Said]" = field(default_factory=asyncio.Queue)
    """What the end user said and nobody has answered yet."""
    player: "asyncio.Task[None] | None" = None

    @property
    def is_over(self) -> bool:
        """Whether the session has ended."""
        return self.status == "Ended"


class Rep(Protocol):
    """A service rep whom a scenario plays (reps.py)."""

    def hear(self, said: Said) -> None:
        """The end user has said something."""

    def say(self, text: str) -> None:
        """Say something."""

    def type(self, state: Literal["started", "stopped"]) -> None:
        """Show or hide the typing indicator."""

    def leave(self) -> None:
        """Hand the conversation back to the bot."""

    def end(self) -> None:
        """End the session."""


Wrote = Callable[["Conversation", str, str], None]
"""Is told of each entry: the conversation, the entry's type, the data of its event."""


class Conversation:
    """One conversation of an end user with a bot.

    Attributes:
        id: The client-made UUID, lower case.
        owner: The end user's log and streams.
        bot: The script that answers.
        session: The current session or the last one; None before the first.
        participant: Who answers at the moment.
        routing_status: `INITIAL`, `ROUTED`, `TRANSFER` or `NEEDS_ROUTING`.
        offered: Labels of all options offered so far, by option identifier.
        forms: The forms shown so far, by the id of their message.
        rep: The rep whom the scenario plays; None while there is none.
        rep_is_there: Whether there is one.
        rep_is_called: Whether somebody wants to play the rep.
        awaited: Name of the rep who joins only when somebody plays them; empty while nobody is waited for.
        history: The entries that are kept.
        attributes: What is known of the end user: the routing attributes of the last session, and the language.
        started: When it was created, in epoch milliseconds.
        ended: When the end user closed it, in epoch milliseconds; 0 before.
    """

    def __init__(self, id_: str, *, client: Client, owner: Subject, bot: Bot, window: Window, wrote: Wrote) -> None:
        self.id, self.owner, self.bot, self.window = id_, owner, bot, window
        self._wrote = wrote
        self.end_user = entries.end_user(client.subject, client.id)
        self.subject = client.subject
        self.history = History()
        self.attributes: dict[str, str] = {}
        self.started, self.ended = entries.now(), 0
        self._last = self.started
        self.session: Session | None = None
        self.participant: Participant | None = None
        self.routing_status = "INITIAL"
        self.offered: dict[str, str] = {}
        self.forms: dict[str, Shown] = {}
        self.messages: set[str] = set()
        self.rep: Rep | None = None
        self.rep_is_there, self.rep_is_called = asyncio.Event(), asyncio.Event()
        self.awaited = ""
        self._system = entries.system()

    @property
    def is_closed(self) -> bool:
        """Whether the end user has closed it."""
        return self.ended > 0

    @property
    def known(self) -> dict[str, str]:
        """What a bot can put into its words: the id as `conversation`, and what is known of the end user."""
        return {**self.attributes, "conversation": self.id}

    def summary(self) -> dict[str, Any]:
        """Give the conversation as lists of conversations tell of it."""
        return {
            "conversationId": self.id,
            "startTimestamp": self.started,
            "endTimestamp": self.ended,
            "isConversationClosed": self.is_closed,
        }

    def know(self, attributes: Mapping[str, str] | None, language: str | None) -> None:
        """Take what a session is to know of the end user."""
        self.attributes = {**(attributes or {}), **({"language": language} if language else {})}

    def write(self, payload: Payload, *, by: Participant | None = None, related: Sequence[str] = ()) -> None:
        """Write an entry and tell the end user (`by`: who writes it; the system if left out)."""
        self.owner.tell(
            self.enclose(payload, by=by, related=related),
            event=entries.EVENTS[payload["entryType"]],
            since=SINCE.get(payload["entryType"], 0),
        )

    def enclose(self, payload: Payload, *, by: Participant | None = None, related: Sequence[str] = ()) -> str:
        """Keep an entry, and give the data of the event that tells of it."""
        self._last = max(self._last, entries.now())  # the clock of the machine may be put back, the entries' may not
        data = entries.envelope(
            payload,
            sender=by or self._system,
            conversation=self.id,
            channel=self.bot.channel,
            related=related,
            at=self._last,
        )
        self.history.add(data["conversationEntry"], payload)
        told = entries.compact(data)
        self._wrote(self, payload["entryType"], told)
        return told

    def hear(self, said: Said, echoes: Sequence[Payload], *, by: Participant, refusal: Payload | None = None) -> None:
        """Take a message of the end user: echo it, and leave it to whoever answers, unless the service refuses it."""
        self.messages.add(said.id)
        for echo in echoes:
            self.write(echo, by=by)
        if refusal is not None:
            self.write(refusal)
        elif self.session is not None:
            self.session.inbox.put_nowait(said)

    def turn(self, status: str, *, ended_by: str | None = None) -> None:
        """Change the status of the session."""
        session = self.session
        if session is None or session.is_over:
            return
        previous, session.status = session.status, status
        self.write(
            entries.session_status(
                status,
                previous,
                session=session.id,
                conversation=self.id,
                channel=self.bot.channel,
                started=session.started,
                ended_by=ended_by,
            )
        )

    def join(self, who: Participant) -> None:
        """Let somebody come who answers from now on."""
        self.participant, self.routing_status = who, "ROUTED"
        self.write(entries.participant_changed("add", who))

    def leave(self) -> None:
        """Let whoever answers go."""
        if self.participant is not None:
            self.write(entries.participant_changed("remove", self.participant))
            self.participant = None
        if self.rep is not None or self.awaited:
            self.rep_is_called.clear()
        self.rep, self.awaited = None, ""
        self.rep_is_there.clear()

    def leave_and_end(self) -> None:
        """End the session from the side of whoever answers (protocol notes, section 8.6: no CLOSE_CONVERSATION)."""
        role = self.participant.role if self.participant else None
        self.leave()
        self.turn("Ended", ended_by=role)
        self.routing_status = "NEEDS_ROUTING"

    def end_by_user(self) -> None:
        """End the session from the end user's side; the conversation stays."""
        if self.session is None or self.session.is_over:
            return
        if self.session.player is not None:
            self.session.player.cancel()
        self.turn("Ended", ended_by="EndUser")
        self.leave()
        self.routing_status = "NEEDS_ROUTING"

    def close(self) -> None:
        """Close the conversation for good."""
        self.end_by_user()
        self.ended = entries.now()
        self.write(entries.close_conversation(self.id), by=self.end_user)
