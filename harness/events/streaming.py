"""An answer in the making: typing, progress, tokens, and their withdrawal.

Here: what is transient, never found in the service's list of entries. Not here: the final message (messages.py).
"""

from typing import ClassVar, Literal

from harness.events.base import Received, frozen
from harness.events.text import quoted


@frozen
class TypingStarted(Received):
    """Another participant started typing."""

    LANE: ClassVar[str] = "typing"
    kind: Literal["typing_started"] = "typing_started"

    def __str__(self) -> str:
        return f"{self.who} started typing"


@frozen
class TypingStopped(Received):
    """Another participant stopped typing."""

    LANE: ClassVar[str] = "typing"
    kind: Literal["typing_stopped"] = "typing_stopped"

    def __str__(self) -> str:
        return f"{self.who} stopped typing"


@frozen
class TypingEcho(Received):
    """This end user's own typing come back."""

    LANE: ClassVar[str] = "echo"
    kind: Literal["typing_echo"] = "typing_echo"


@frozen
class Progress(Received):
    """The agent says what it is doing."""

    LANE: ClassVar[str] = "progress"
    kind: Literal["progress"] = "progress"
    text: str = ""

    def __str__(self) -> str:
        return f"progress {quoted(self.text)}"


@frozen
class _OfStream(Received):
    LANE: ClassVar[str] = "token"
    target: str = ""
    """Entry id of the final message that the stream belongs to."""
    number: int = 0
    """Place in the stream; the order to read in, whatever the order of arrival."""
    turn: str = ""
    """Id of the agent's turn; the target where the service gave none."""
    batch: int = 0
    """Group within the turn; a replaced answer starts a new one."""


@frozen
class Token(_OfStream):
    """A piece of an answer."""

    kind: Literal["token"] = "token"
    text: str = ""

    def __str__(self) -> str:
        return f"token {self.number} {quoted(self.text, limit=80)}"


@frozen
class Retracted(_OfStream):
    """What was streamed for the target did not pass validation and is withdrawn."""

    kind: Literal["retracted"] = "retracted"
    reason: str | None = None
    """The service's reason, for debugging."""

    def __str__(self) -> str:
        return f"retracted at {self.number}" + (f" ({quoted(self.reason)})" if self.reason else "")


@frozen
class Validated(_OfStream):
    """What was streamed for the target passed validation; most services say so by silence."""

    kind: Literal["validated"] = "validated"
