"""A service rep whom the scenario plays, in a conversation of the sandbox.

Here: what the rep can do; each is a step of the conversation, is recorded with it, and bounds count from it. Not here:
the requests (client/rehearsal.py).
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from harness.client.rehearsal import Rehearsal
from harness.events import RepDid
from harness.events.text import quoted

Request = Callable[[Rehearsal], Awaitable[None]]
"""What is asked of the sandbox."""


class Stage(Protocol):
    """A conversation, as its rep needs it."""

    id: str

    async def _rehearse(self, title: str, request: Request, **fields: Any) -> RepDid: ...


class Rep:
    """A service rep who is played by the scenario; `Customer.rep` makes one.

    All methods raise ServiceRefused where the rep is not in the conversation any more.
    """

    def __init__(self, conversation: Stage) -> None:
        self._stage, self._id = conversation, conversation.id

    async def say(self, text: str) -> RepDid:
        """Send a text to the user."""
        title = f"as the rep, say {quoted(text, limit=80)}"
        return await self._stage._rehearse(title, lambda stage: stage.say(self._id, text), what="said", text=text)

    async def type(self, *, started: bool = True) -> RepDid:
        """Start typing, or stop (`started=False`)."""
        state: Any = "started" if started else "stopped"
        title = f"as the rep, {'start' if started else 'stop'} typing"
        return await self._stage._rehearse(title, lambda stage: stage.type(self._id, state), what=f"{state}_typing")

    async def leave(self) -> RepDid:
        """Leave; the bot comes back."""
        return await self._stage._rehearse("as the rep, leave", lambda stage: stage.leave(self._id), what="left")

    async def end(self) -> RepDid:
        """End the session; the conversation stays open."""
        return await self._stage._rehearse(
            "as the rep, end the session", lambda stage: stage.end(self._id), what="ended"
        )
