"""Playing the service rep: the sandbox's own paths, never asked of a real service.

Here: the requests. Not here: when they are made (scenarios/rep.py), what they do (the sandbox says so at its end).
"""

from typing import Literal

from harness.client.exchange import Requests
from harness.client.target import Target
from harness.errors import LocalProtocolError


class Rehearsal:
    """What a scenario can have the rep of a conversation do.

    Args:
        requests: Sends requests.
        target: The service; all methods refuse where it is not the sandbox.
    """

    def __init__(self, requests: Requests, target: Target) -> None:
        self._requests, self._target = requests, target

    async def join(self, conversation: str) -> None:
        """Wait until the rep has joined."""
        await self._ask("joinAsRep", conversation)

    async def say(self, conversation: str, text: str) -> None:
        """Say something."""
        await self._ask("sayAsRep", conversation, "/message", {"text": text})

    async def type(self, conversation: str, state: Literal["started", "stopped"]) -> None:
        """Start typing, or stop."""
        await self._ask("typeAsRep", conversation, "/typing", {"state": state})

    async def leave(self, conversation: str) -> None:
        """Leave; the bot comes back."""
        await self._ask("leaveAsRep", conversation, "/leave")

    async def end(self, conversation: str) -> None:
        """End the session."""
        await self._ask("endAsRep", conversation, "/end")

    async def _ask(self, operation: str, conversation: str, path: str = "", body: dict[str, str] | None = None) -> None:
        if not self._target.is_sandbox:
            raise LocalProtocolError(
                f"can't play the rep at {self._target.name}: reps can be scripted on the sandbox only"
            )
        url = f"{self._target.url.rstrip('/')}/sandbox/conversation/{conversation}/rep{path}"
        await self._requests.send(operation, "POST", url, body=body)
