"""What the event stream itself did, and what came over it that nobody can read.

Here: facts about the connection. Not here: what was said (messages.py), when to reconnect (client/).
"""

from typing import ClassVar, Literal

from harness.events.base import Event, Received, frozen
from harness.events.text import quoted


@frozen
class Connected(Event):
    """The event stream was opened."""

    LANE: ClassVar[str] = "stream"
    kind: Literal["connected"] = "connected"


@frozen
class Dropped(Event):
    """The event stream ended."""

    LANE: ClassVar[str] = "stream"
    kind: Literal["dropped"] = "dropped"
    reason: str = ""
    """What the network said; empty for an orderly end."""
    unfinished: int = 0
    """Bytes of an event that the end cut off."""

    def __str__(self) -> str:
        half = f", {self.unfinished} bytes of an unfinished event lost" if self.unfinished else ""
        return f"stream ended{half}" + (f" ({quoted(self.reason, marks='')})" if self.reason else "")


@frozen
class Resumed(Event):
    """The event stream was opened again after it had dropped."""

    LANE: ClassVar[str] = "stream"
    kind: Literal["resumed"] = "resumed"


@frozen
class Replayed(Event):
    """The service sent again what had been heard before the stream was lost; it counts once."""

    LANE: ClassVar[str] = "stream"
    kind: Literal["replayed"] = "replayed"
    entry: str = ""
    """Id of the conversation entry."""
    of: str = ""
    """The kind of event that it was."""

    def __str__(self) -> str:
        return f"{self.of.replace('_', ' ')} sent again, passed over"


@frozen
class Missed(Event):
    """The stream came back without something that the service had meanwhile kept; it was taken from its list."""

    LANE: ClassVar[str] = "stream"
    kind: Literal["missed"] = "missed"
    recovered: int = 0
    """Entries that were taken from the list."""
    problem: str = ""
    """Why the list could not be read; then nobody knows what is missing."""

    def __str__(self) -> str:
        if self.problem:
            return f"what was missed could not be listed ({quoted(self.problem, marks='')})"
        one = self.recovered == 1
        return (
            f"{self.recovered} {'entry was' if one else 'entries were'} missed and taken from the service's list; "
            "what it does not keep (tokens, typing, progress, receipts) is lost"
        )


@frozen
class Heartbeat(Event):
    """A sign of life without content: a `ping` event or a comment."""

    LANE: ClassVar[str] = "stream"
    kind: Literal["heartbeat"] = "heartbeat"


@frozen
class Unrecognised(Received):
    """Something the protocol's reference does not know, or that could not be read; kept whole in `raw`."""

    LANE: ClassVar[str] = "stream"
    kind: Literal["unrecognised"] = "unrecognised"
    wire_name: str = ""
    """The name of the event on the stream."""
    problem: str | None = None
    """Why it could not be read; None where it is well formed and merely unknown."""

    def __str__(self) -> str:
        shown = f"{self.kind} event {quoted(self.wire_name, limit=60)}"
        return f"{shown}: {self.problem}" if self.problem else shown
