"""The desk of the sandbox's service reps: who sits there sees all conversations, and joins one that waits for a rep.

Here: the list of conversations and what is told of it, what is told of one of them, joining. Not here: the paths
(control.py), what a rep does (reps.py), what end users are told (streams.py).

No fault befalls who sits here: they hear what happened, also where the end user does not. A recording that is replayed
is not heard: it is bytes of somebody else (replay.py).
"""

import asyncio
from itertools import islice
from typing import Any, Literal

from harness.protocols import sse
from harness.sandbox import transcripts
from harness.sandbox.conversations import Conversation, Rep
from harness.sandbox.entries import EVENTS, compact
from harness.sandbox.history import STORED
from harness.sandbox.refusals import Refused
from harness.sandbox.streams import EventIds, Stream, Subject
from harness.sandbox.tokens import STREAMING_SINCE

PATIENCE = 5.0
"""Seconds that a rep is waited for."""
NOBODY = "No rep whom the scenario plays has joined; hand over to one with played: true in the bot file"
MOST_OPEN, MOST_CLOSED = 200, 20
"""Conversations in the list: the newest of those that are open, and of those that are closed."""
MOST_ENTRIES = 1000
"""Entries of a conversation that are told again to who begins to watch it."""
MOST_SAID = 80
"""Characters of the last message that the list shows."""

State = Literal["routing", "bot", "waiting", "joined", "rep", "ended", "closed"]


class Desk:
    """The desk of one sandbox.

    Args:
        conversations: All conversations by their ids, oldest first.
    """

    def __init__(self, conversations: dict[str, Conversation]) -> None:
        self._conversations, self._ids = conversations, EventIds()
        self._list = Subject(self._ids, replay=0)
        self._rooms: dict[str, Subject] = {}
        self._changed: dict[str, Conversation] = {}

    def conversations(self) -> list[dict[str, Any]]:
        """List the conversations, newest first."""
        everyone = self._conversations.values()
        is_open = islice((one for one in reversed(everyone) if not one.is_closed), MOST_OPEN)
        is_closed = islice((one for one in reversed(everyone) if one.is_closed), MOST_CLOSED)
        return [summary(one) for one in (*is_open, *is_closed)]

    def conversation(self, id_: str) -> Conversation:
        """Give a conversation of the list."""
        return self._conversations[id_]

    def watch_list(self) -> tuple[Stream, Subject]:
        """Open a stream of the list: an event `conversations` with all, then `conversation` with each that changes."""
        stream = self._list.open(STREAMING_SINCE, None)
        stream.push(sse.encode(compact(self.conversations()), event="conversations"))
        return stream, self._list

    def watch(self, conversation: Conversation) -> tuple[Stream, Subject]:
        """Open a stream of one conversation: the entries that were kept, then everything that happens."""
        room = self._rooms.setdefault(conversation.id, Subject(self._ids, replay=0))
        stream = room.open(STREAMING_SINCE, None)
        for entry in reversed(conversation.history.page(MOST_ENTRIES)):
            kept = {
                "conversationId": conversation.id,
                "conversationEntry": {**entry, "entryPayload": compact(entry["entryPayload"])},
            }
            stream.push(sse.encode(compact(kept), event=EVENTS.get(entry["entryType"])))
        return stream, room

    def wrote(self, conversation: Conversation, entry_type: str, data: str) -> None:
        """Tell of an entry.

        Args:
            conversation: Where it was written.
            entry_type: Its type.
            data: The data of its event.
        """
        if room := self._rooms.get(conversation.id):
            if room.streams:
                room.tell(data, event=EVENTS[entry_type])
            else:
                del self._rooms[conversation.id]
        if entry_type in STORED or entry_type == "CloseConversation":
            self.changed(conversation)

    def changed(self, conversation: Conversation) -> None:
        """Tell that a conversation looks otherwise in the list, at the end of the loop's turn."""
        if not self._list.streams:
            return
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._tell_changes)
        self._changed[conversation.id] = conversation

    def _tell_changes(self) -> None:
        for conversation in self._changed.values():
            self._list.tell(compact(summary(conversation)), event="conversation")
        self._changed.clear()

    async def join(self, conversation: Conversation) -> str:
        """Join as the rep, as soon as there is one.

        Returns:
            The rep's name.

        Raises:
            Refused: 409; the conversation was not handed over to a rep whom somebody plays.
        """
        conversation.rep_is_called.set()
        try:
            async with asyncio.timeout(PATIENCE):
                await conversation.rep_is_there.wait()
        except TimeoutError:
            conversation.rep_is_called.clear()
            raise Refused(409, NOBODY) from None
        self.changed(conversation)
        return conversation.participant.display_name if conversation.participant else ""

    @staticmethod
    def rep(conversation: Conversation) -> Rep:
        """Give the rep of a conversation.

        Raises:
            Refused: 409; there is none whom somebody plays.
        """
        if conversation.rep is None:
            raise Refused(409, NOBODY)
        return conversation.rep

    def end_streams(self) -> None:
        """End all open streams in good order."""
        for subject in (self._list, *self._rooms.values()):
            for stream in subject.streams:
                stream.end()


def summary(conversation: Conversation) -> dict[str, Any]:
    """Say what the list says of a conversation; `started` is in epoch milliseconds."""
    said = next(map(transcripts.said, conversation.history.page(1, types=("Message",))), "")
    who = conversation.participant
    return {
        "id": conversation.id,
        "deployment": conversation.bot.deployment,
        "state": state(conversation),
        "answers": conversation.awaited or (who.display_name if who else ""),
        "said": said[:MOST_SAID] + "…" * (len(said) > MOST_SAID),
        "started": conversation.started,
    }


def state(conversation: Conversation) -> State:
    """Say who answers: nobody yet, the bot, a rep who is waited for, one who is played, one of a script; or the end."""
    if conversation.is_closed:
        return "closed"
    if conversation.session is None or conversation.session.is_over:
        return "ended"
    if conversation.rep is not None or conversation.awaited:
        return "joined" if conversation.rep_is_called.is_set() else "waiting"
    if conversation.participant is None:
        return "routing"
    return "rep" if conversation.participant.role == "Agent" else "bot"
