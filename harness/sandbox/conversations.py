"""A conversation and its sessions: who is in it, what state it is in, and the entries it writes.

Here: the state and the verbs that change it and tell the end user so. Not here: HTTP (miaw.py), whose turn it is
(player.py), and how an event travels (streams.py).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from harness.sandbox import entries
from harness.sandbox.bots import Bot, Said
from harness.sandbox.entries import Participant, Payload
from harness.sandbox.forms import Shown
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
        is_closed: Whether the end user has closed it.
    """

    def __init__(self, id_: str, *, client: Client, owner: Subject, bot: Bot, window: Window) -> None:
        self.id, self.owner, self.bot, self.window = id_, owner, bot, window
        self.end_user = entries.end_user(client.subject, client.id)
        self.subject = client.subject
        self.session: Session | None = None
        self.participant: Participant | None = None
        self.routing_status = "INITIAL"
        self.offered: dict[str, str] = {}
        self.forms: dict[str, Shown] = {}
        self.messages: set[str] = set()
        self.rep: Rep | None = None
        self.rep_is_there = asyncio.Event()
        self.is_closed = False
        self._system = entries.system()

    def write(self, payload: Payload, *, by: Participant | None = None, related: Sequence[str] = ()) -> None:
        """Write an entry and tell the end user (`by`: who writes it; the system if left out)."""
        self.owner.tell(
            self.enclose(payload, by=by, related=related),
            event=entries.EVENTS[payload["entryType"]],
            since=SINCE.get(payload["entryType"], 0),
        )

    def enclose(self, payload: Payload, *, by: Participant | None = None, related: Sequence[str] = ()) -> str:
        """Give the data of the event that tells of an entry."""
        sender = by or self._system
        return entries.compact(
            entries.envelope(payload, sender=sender, conversation=self.id, channel=self.bot.channel, related=related)
        )

    def hear(self, said: Said, echo: Payload, *, refusal: Payload | None = None) -> None:
        """Take a message of the end user: echo it, and leave it to whoever answers, unless the service refuses it."""
        self.messages.add(said.id)
        self.write(echo, by=self.end_user)
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
        self.rep = None
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
        self.is_closed = True
        self.write(entries.close_conversation(self.id), by=self.end_user)
