"""What all events share: a time, and for those that came over the wire, who sent them and how they looked there.

Here: the three families (an event, one received, a move of the user), how a kind is made, and how one is written.
Not here: the kinds themselves.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar, cast, dataclass_transform, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from harness.events.text import quoted

Seconds = Annotated[float, Field(ge=0)]
"""Seconds since the conversation opened, on the monotonic clock."""

AClass = TypeVar("AClass")
AValue = TypeVar("AValue")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
def frozen(cls: type[AClass]) -> type[AClass]:
    """Make a class a kind of event: frozen, checked when made, and with slots.

    A conversation that waits has a dozen events and there are thousands of those; with slots an event takes a quarter
    of what a pydantic model does, and its fields are read in a fifth of the time.
    """
    made: Any = dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)(cls)
    return cast("type[AClass]", made)


_CONFIG = ConfigDict(extra="forbid", ser_json_inf_nan="constants")


@frozen
class Event:
    """One thing that happened, as seen from the end user's side."""

    LANE: ClassVar[str] = ""
    """The column of a transcript or page it belongs to."""

    kind: str
    """What happened; one word a class."""
    at: Seconds
    """It happened no later than this."""
    earliest: Seconds
    """It happened no earlier than this; equal to `at` for what the harness did itself."""

    @property
    def doubt(self) -> float:
        """Seconds by which the time of this event is uncertain."""
        return self.at - self.earliest

    def __str__(self) -> str:
        """What happened, in a line that is safe to print."""
        return self.kind.replace("_", " ")


@frozen
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


@frozen
class Move(Event):
    """Something the simulated user did; `at` is the instant it was handed to the network."""

    LANE: ClassVar[str] = "user"

    @property
    def starts_clock(self) -> bool:
        """Whether bounds count from it; they do not from what merely befalls the user's client."""
        return True


def per_kind(work_out: "Callable[[type[Event]], AValue]") -> "Callable[[type[Event]], AValue]":
    """Have something worked out once for every kind of event."""
    return cast("Callable[[type[Event]], AValue]", cache(work_out))


@per_kind
def types(kind: type[Event]) -> Mapping[str, Any]:
    """The fields of a kind of event, each with its type."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def values(event: Event) -> Iterator[tuple[str, Any]]:
    """The fields of an event, each with its value."""
    for name in types(type(event)):
        yield name, getattr(event, name)


def facts(event: Event) -> dict[str, Any]:
    """The fields of an event that say what it was, without times and bookkeeping."""
    hidden = {"kind", "at", "earliest", "raw", "unknown", "stream_id", "sent_at"}
    return {name: value for name, value in values(event) if name not in hidden}


@per_kind
def _serializer(kind: type[Event]) -> Any:
    return TypeAdapter(kind).serializer


def to_python(event: Event) -> dict[str, Any]:
    """An event as plain values: mappings, tuples, texts, numbers."""
    told: dict[str, Any] = _serializer(type(event)).to_python(event)
    return told


def to_json(event: Event, *, without: frozenset[str] = frozenset()) -> str:
    """An event as a line of JSON, some fields left out.

    Raises:
        ValueError: It has a text that can't be encoded, half a surrogate pair.
    """
    told: bytes = _serializer(type(event)).to_json(event, exclude=set(without) or None)
    return told.decode()
