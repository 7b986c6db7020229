"""A service rep whom a scenario or a person plays, after a handover that says `played: true`.

Here: what such a rep can do, and that a rep's window acknowledges by itself: delivered at once, read as soon as the rep
does something. Not here: the paths by which they say so (control.py), reps of a script (player.py).
"""

from collections.abc import Callable
from typing import Literal

from harness.sandbox import entries
from harness.sandbox.bots import Said
from harness.sandbox.conversations import Conversation
from harness.sandbox.refusals import Refused


class PlayedRep:
    """A rep in a conversation.

    Args:
        conversation: Where they have joined.
        back: Takes the conversation back when they leave.
    """

    def __init__(self, conversation: Conversation, back: Callable[[], None]) -> None:
        self._conversation, self._back = conversation, back
        self._rep = conversation.participant
        self._unread = ""

    def hear(self, said: Said) -> None:
        """The end user has said something."""
        self._acknowledge("Delivery", said.id)
        self._unread = said.id

    def say(self, text: str) -> None:
        """Say something."""
        self._act()
        self._conversation.write(entries.text(text), by=self._rep)

    def type(self, state: Literal["started", "stopped"]) -> None:
        """Show or hide the typing indicator."""
        self._act()
        self._conversation.write(entries.typing(state), by=self._rep)

    def leave(self) -> None:
        """Hand the conversation back to the bot."""
        self._act()
        self._back()

    def end(self) -> None:
        """End the session."""
        self._act()
        self._conversation.leave_and_end()

    def _act(self) -> None:
        session = self._conversation.session
        if session is None or session.is_over or self._conversation.participant is not self._rep:
            raise Refused(409, "The rep is not in this conversation any more")
        if self._unread:
            self._acknowledge("Read", self._unread)
            self._unread = ""

    def _acknowledge(self, kind: str, message: str) -> None:
        if self._rep is not None:
            payload = entries.acknowledgement(kind, message, self._rep)
            self._conversation.write(payload, by=self._rep, related=[message])
