"""What was said.

Here: messages of the bot, a rep, the system, and the echo of the user's own. Not here: the pieces a message is
streamed in (streaming.py), receipts (receipts.py).
"""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from harness.events.base import Received
from harness.events.text import quoted


class Option(BaseModel):
    """A choice that was offered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    """What a person sees."""
    value: str
    """What is sent back."""


class _Content(Received):
    text: str = ""
    """What a person reads as the text of the message."""
    type: str = ""
    """The service's message type, such as `StaticContentMessage`."""
    format: str = ""
    """The service's format type, such as `Text` or `Buttons`."""
    options: tuple[Option, ...] = ()
    in_reply_to: str | None = None
    """Entry id of the message it answers."""
    automated: bool = False
    """Whether the service marked it as an automated response."""
    revised: bool = False
    """Whether the sender changed the answer while validating it."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The labels of the choices offered, as a person sees them."""
        return tuple(option.label for option in self.options)

    def _said(self) -> str:
        choices = f", choices {', '.join(quoted(label, limit=40) for label in self.choices)}" if self.options else ""
        form = f" [{self.format}]" if self.format not in {"", "Text"} else ""
        return f"{quoted(self.text)}{form}{choices}"


class Message(_Content):
    """A message from anyone but this end user."""

    LANE: ClassVar[str] = "message"
    kind: Literal["message"] = "message"

    def __str__(self) -> str:
        return f"message from {self.who}: {self._said()}"


class Echo(_Content):
    """This end user's own message come back."""

    LANE: ClassVar[str] = "echo"
    kind: Literal["echo"] = "echo"

    def __str__(self) -> str:
        return f"echo of {self._said()}"


class Updated(Received):
    """A message was changed after it was sent, such as when an upload completed."""

    LANE: ClassVar[str] = "message"
    kind: Literal["updated"] = "updated"
    message: str = ""
    """Entry id of the message."""


class Undelivered(Received):
    """A message could not be delivered."""

    LANE: ClassVar[str] = "receipt"
    kind: Literal["undelivered"] = "undelivered"
    of: str = ""
    """Entry id of the message."""
    error: str = ""
    """The service's code and words."""

    def __str__(self) -> str:
        return f"undelivered: {quoted(self.error)}"
