"""What the simulated user did, and how the service answered each request.

Here: the user's side of the conversation. Not here: what came back over the event stream.
"""

from typing import ClassVar, Literal

from pydantic import Field

from harness.events.base import Event, Move
from harness.events.text import quoted


class Opened(Move):
    """The user opened the conversation."""

    kind: Literal["opened"] = "opened"
    conversation: str = ""
    """The conversation's id."""
    deployment: str = ""
    attributes: dict[str, str] = Field(default_factory=dict)
    """Pre-chat and hidden values the conversation was opened with."""

    def __str__(self) -> str:
        return f"opened a conversation with {self.deployment}"


class Said(Move):
    """The user sent a text."""

    kind: Literal["said"] = "said"
    message: str = ""
    """Entry id the user's client gave the message; receipts and the echo name it."""
    text: str = ""

    def __str__(self) -> str:
        return f"said {quoted(self.text)}"


class Chose(Move):
    """The user picked one of the choices of a message."""

    kind: Literal["chose"] = "chose"
    message: str = ""
    """Entry id the user's client gave the answer."""
    label: str = ""
    value: str = ""
    in_reply_to: str = ""
    """Entry id of the message with the choices."""

    def __str__(self) -> str:
        return f"chose {quoted(self.label)}"


class Typed(Move):
    """The user started or stopped typing."""

    kind: Literal["typed"] = "typed"
    started: bool = True

    def __str__(self) -> str:
        return "started typing" if self.started else "stopped typing"


class Acknowledged(Move):
    """The user's client acknowledged messages of the other side."""

    kind: Literal["acknowledged"] = "acknowledged"
    how: Literal["delivered", "read"] = "delivered"
    entries: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"acknowledged {len(self.entries)} message{'' if len(self.entries) == 1 else 's'} as {self.how}"


class Ended(Move):
    """The user left the messaging session; the conversation stays open."""

    kind: Literal["ended"] = "ended"

    def __str__(self) -> str:
        return "ended the session"


class Closing(Move):
    """The user closed the conversation."""

    kind: Literal["closing"] = "closing"

    def __str__(self) -> str:
        return "closed the conversation"


class Answered(Event):
    """The service answered a request of the user's client."""

    LANE: ClassVar[str] = "rest"
    kind: Literal["answered"] = "answered"
    operation: str = ""
    """What was asked for, as the service's reference names it."""
    status: int = 0
    """HTTP status code."""
    took: float = 0.0
    """Seconds from handing the request to the network to the whole answer."""

    def __str__(self) -> str:
        return f"{self.operation} answered {self.status} after {self.took * 1000:.0f} ms"
