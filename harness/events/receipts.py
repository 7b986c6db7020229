"""What became of the user's messages: delivered, read.

Here: acknowledgements by the other side. Not here: those the user gives (moves.py).
"""

from typing import ClassVar, Literal

from harness.events.base import Received, frozen


@frozen
class _Receipt(Received):
    LANE: ClassVar[str] = "receipt"
    of: str = ""
    """Entry id of the message that is acknowledged."""

    def __str__(self) -> str:
        return f"{self.kind} by {self.who}"


@frozen
class Delivered(_Receipt):
    """One of this end user's messages was delivered."""

    kind: Literal["delivered"] = "delivered"


@frozen
class Read(_Receipt):
    """One of this end user's messages was read, and with it every earlier one."""

    kind: Literal["read"] = "read"
