"""What can happen in a conversation: frozen values, one class a kind, told their time by whoever heard them.

Here: the union of all kinds. Not here: how an event is said on the wire
(protocols/), when it is expected (expectations/).
"""

from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter

from harness.events.base import Event, Move, Received, types
from harness.events.connection import Connected, Dropped, Heartbeat, Missed, Replayed, Resumed, Unrecognised
from harness.events.lifecycle import (
    Action,
    Closed,
    Consent,
    Joined,
    Left,
    Menu,
    ParticipantUpdated,
    Queue,
    Routed,
    Session,
    Work,
)
from harness.events.messages import (
    Answer,
    Attachment,
    Card,
    Component,
    Echo,
    Fault,
    Form,
    FormField,
    Link,
    Media,
    Message,
    Option,
    Record,
    Undelivered,
    Updated,
)
from harness.events.moves import (
    Acknowledged,
    Answered,
    Attached,
    Chose,
    Closing,
    Confirmed,
    Ended,
    Expired,
    Filled,
    Opened,
    RepDid,
    Said,
    Sent,
    Typed,
    WentOffline,
    WentOnline,
)
from harness.events.receipts import Delivered, Read
from harness.events.streaming import Progress, Retracted, Token, TypingEcho, TypingStarted, TypingStopped, Validated

AnyEvent = Annotated[
    Routed
    | Work
    | Session
    | Queue
    | Joined
    | Left
    | ParticipantUpdated
    | Consent
    | Action
    | Menu
    | Closed
    | Message
    | Echo
    | Updated
    | Undelivered
    | Delivered
    | Read
    | Progress
    | Token
    | Retracted
    | Validated
    | TypingStarted
    | TypingStopped
    | TypingEcho
    | Connected
    | Dropped
    | Resumed
    | Replayed
    | Missed
    | Heartbeat
    | Unrecognised
    | Opened
    | Said
    | Chose
    | Filled
    | Attached
    | Typed
    | Acknowledged
    | Confirmed
    | Ended
    | Closing
    | RepDid
    | Expired
    | WentOffline
    | WentOnline
    | Answered,
    Field(discriminator="kind"),
]
"""Every kind of entry a timeline can hold, told apart by `kind`."""

ANY_EVENT: TypeAdapter[Any] = TypeAdapter(AnyEvent)
"""Reads one event back from what `to_python` gave."""

CLASSES: dict[str, type[Event]] = {get_args(types(cls)["kind"])[0]: cls for cls in get_args(get_args(AnyEvent)[0])}
"""The class of each kind."""

__all__ = [
    "ANY_EVENT",
    "CLASSES",
    "Acknowledged",
    "Action",
    "Answer",
    "Answered",
    "AnyEvent",
    "Attached",
    "Attachment",
    "Card",
    "Chose",
    "Closed",
    "Closing",
    "Component",
    "Confirmed",
    "Connected",
    "Consent",
    "Delivered",
    "Dropped",
    "Echo",
    "Ended",
    "Event",
    "Expired",
    "Fault",
    "Filled",
    "Form",
    "FormField",
    "Heartbeat",
    "Joined",
    "Left",
    "Link",
    "Media",
    "Menu",
    "Message",
    "Missed",
    "Move",
    "Opened",
    "Option",
    "ParticipantUpdated",
    "Progress",
    "Queue",
    "Read",
    "Received",
    "Record",
    "RepDid",
    "Replayed",
    "Resumed",
    "Retracted",
    "Routed",
    "Said",
    "Sent",
    "Session",
    "Token",
    "Typed",
    "TypingEcho",
    "TypingStarted",
    "TypingStopped",
    "Undelivered",
    "Unrecognised",
    "Updated",
    "Validated",
    "WentOffline",
    "WentOnline",
    "Work",
]
