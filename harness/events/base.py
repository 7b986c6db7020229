"""What all events share: a time, and for those that came over the wire, who sent them and how they looked there.

Here: the three families (an event, one received, a move of the user). Not here: the kinds themselves.
"""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from harness.events.text import quoted

_NOT_KEPT: set[str] = set()


class Event(BaseModel):
    """One thing that happened, as seen from the end user's side."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    LANE: ClassVar[str] = ""
    """The column of a transcript or page it belongs to."""

    kind: str
    """What happened; one word a class."""
    at: float = Field(ge=0)
    """It happened no later than this: seconds since the conversation opened, on the monotonic clock."""
    earliest: float = Field(ge=0)
    """It happened no earlier than this, in the same seconds; equal to `at` for what the harness did itself."""

    def model_post_init(self, _: Any, /) -> None:
        """Keep no list of the fields that were given, as pydantic does: it takes more than all the rest of an event."""
        object.__setattr__(self, "__pydantic_fields_set__", _NOT_KEPT)

    @property
    def doubt(self) -> float:
        """Seconds by which the time of this event is uncertain."""
        return self.at - self.earliest

    def __str__(self) -> str:
        """What happened, in a line that is safe to print."""
        return self.kind.replace("_", " ")


class Received(Event):
    """Something the other side sent."""

    LANE: ClassVar[str] = "system"

    entry: str = ""
    """Id of the conversation entry; several events can come from one entry."""
    stream_id: str = ""
    """Id of the frame on the event stream."""
    role: str = ""
    """Who sent it: `chatbot`, `agent`, `end_user`, `system`, `supervisor`, `router`, `digital_worker`, or another word
    as it came."""
    name: str = ""
    """The sender's display name."""
    sent_at: int | None = None
    """The service's own time stamp, milliseconds since 1970."""
    unknown: tuple[str, ...] = ()
    """Fields and values of the wire that the protocol's reference does not list, each with its path."""
    raw: str | None = Field(default=None, repr=False)
    """The data of the frame as it came; None where it was not kept."""

    @property
    def who(self) -> str:
        """The sender as a person would call them."""
        role = quoted(self.role, limit=40, marks="")
        shown = quoted(self.name, limit=40, marks="") if self.name else role or "somebody"
        return f"{shown} ({role})" if self.name and role else shown


class Move(Event):
    """Something the simulated user did; `at` is the instant it was handed to the network."""

    LANE: ClassVar[str] = "user"

    @property
    def starts_clock(self) -> bool:
        """Whether bounds count from it; they do not from what merely befalls the user's client."""
        return True


def facts(event: Event) -> dict[str, Any]:
    """The fields of an event that say what it was, without times and bookkeeping."""
    hidden = {"kind", "at", "earliest", "raw", "unknown", "stream_id", "sent_at"}
    return {name: value for name, value in event if name not in hidden}
