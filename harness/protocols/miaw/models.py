"""What the service sends: the envelope of an event, and the payload of every entry type.

Here: the shapes of section 5 of the protocol notes as frozen values, `parse` and `dump` between them and the wire, and
`unknowns`, which names whatever the notes do not list. Not here: what stands inside a message, and the reading rules
(messages.py), which of our own events an entry becomes (mapping.py), how the stream is cut into events.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, RootModel, StrictBool, StrictInt
from pydantic_core import (
    CoreSchema,
    PydanticCustomError,
    ValidationError,
    core_schema,
    from_json,
)

from harness.protocols.miaw.messages import AbstractMessage, OneOf, Open, Part, PlainText, Unknown, read, unknown

# ---- participants, section 5.2


class Role(StrEnum):
    """Whom a participant stands for."""

    END_USER = "EndUser"
    CHATBOT = "Chatbot"
    AGENT = "Agent"
    SUPERVISOR = "Supervisor"
    SYSTEM = "System"
    DIGITAL_WORKER = "DigitalWorker"
    ROUTER = "Router"


class AppType(StrEnum):
    """What software a participant uses."""

    CUSTOM = "custom"
    AGENT = "agent"
    CHATBOT = "chatbot"
    CONVERSATION = "conversation"
    LIVE_MESSAGE = "live_message"
    IAMESSAGE = "iamessage"
    DIGITAL_WORKER = "digital_worker"
    MESSAGING = "messaging"
    TELEPHONY_INTEGRATION = "telephony_integration"
    TRANSLATION = "translation"
    VOICE_BOT = "voice_bot"


RoleName = Annotated[Role | str, Open()]


class Participant(Part):
    """Somebody in the conversation."""

    role: RoleName
    app_type: Annotated[AppType | str, Open()] | None = None
    subject: str | None = None
    """The end user's token subject, a rep's user id `005…`, a bot's id `0Xx…`."""
    client_identifier: str | None = None
    """A UUID; empty for a bot."""


class Modality(StrEnum):
    """By what means people take part."""

    UNKNOWN = "Unknown"
    MESSAGING = "Messaging"
    VOICE = "Voice"


ModalityName = Annotated[Modality | str, Open()]


class _Payload(Part):
    entry_type: str
    id: str
    """Equals the identifier of the entry."""


# ---- routing, sections 5.3 and 5.4


class FailureType(StrEnum):
    """Why a routing failed, if it did."""

    NONE = "None"
    """Submitted; nobody has accepted yet."""
    UNKNOWN = "Unknown"
    SUBMISSION_ERROR = "SubmissionError"
    ROUTING_ERROR = "RoutingError"
    CANCELLED = "Cancelled"


class RoutingType(StrEnum):
    """What is being routed."""

    INITIAL = "Initial"
    TRANSFER = "Transfer"
    CONFERENCE = "Conference"


class CancelReason(StrEnum):
    """Why a routing was called off."""

    UNKNOWN = "Unknown"
    UNAVAILABLE = "Unavailable"
    DECLINE = "Decline"
    CANCEL = "Cancel"
    END_USER_ENDED = "EndUserEnded"


RoutingTypeName = Annotated[RoutingType | str, Open()]


class EstimatedWaitTime(Part):
    """How long the queue is in time."""

    is_ewt_requested: StrictBool | None = Field(default=None, alias="isEWTRequested")
    estimated_wait_time_in_seconds: StrictInt | None = None
    """Negative where it could not be computed."""

    @property
    def shown_seconds(self) -> int | None:
        """Seconds to show to a person; None unless it was asked for and could be computed."""
        seconds = self.estimated_wait_time_in_seconds
        return seconds if self.is_ewt_requested and seconds is not None and seconds >= 0 else None


class QueueRouting(Part):
    """To a queue."""

    routing_configuration_type: Literal["QueueRoutingType"]
    queue_id: str | None = None


class AgentRouting(Part):
    """To one rep or bot."""

    routing_configuration_type: Literal["AgentRoutingType"]
    agent_id: str | None = None


class RoutingResult(_Payload):
    """The conversation, or a transfer of it, was put in line, or was not."""

    entry_type: Literal["RoutingResult"]
    failure_type: Annotated[FailureType | str, Open()]
    routing_type: RoutingTypeName
    error_messages: tuple[str, ...]
    failure_reason: str | None = None
    """For display; the org's own wording."""
    record_id: str | None = None
    pending_service_routing_id: str | None = None
    estimated_wait_time: EstimatedWaitTime | None = None
    initiator: Participant | None = None
    is_externally_routed: StrictBool | None = None
    cancel_reason: Annotated[CancelReason | str, Open()] | None = None
    routing_configuration_details: (
        Annotated[QueueRouting | AgentRouting | Unknown, OneOf("routingConfigurationType")] | None
    ) = None
    work_owner_id: Any = None
    skip_router_cp_removal_if_no_routing_failures: Any = Field(
        default=None, alias="skipRouterCPRemovalIfNoRoutingFailures"
    )


class WorkType(StrEnum):
    """What became of a piece of work."""

    ASSIGNED = "Assigned"
    ACCEPTED = "Accepted"
    CANCELLED = "Cancelled"
    CLOSED = "Closed"
    DECLINED = "Declined"
    ESCALATED = "Escalated"
    TRANSFER_ERROR = "TransferError"
    TRANSFERRED = "Transferred"


class RoutingWorkResult(_Payload):
    """The work of serving the conversation changed hands."""

    entry_type: Literal["RoutingWorkResult"]
    work_type: Annotated[WorkType | str, Open()]
    work_id: str
    work_target_id: str
    error_messages: tuple[str, ...]
    routing_type: RoutingTypeName | None = None
    queue_id: str | None = None
    bot_id: str | None = None
    agent_session_id: str | None = None
    agent_group_ids: tuple[str, ...] | None = None


# ---- participants come and go, section 5.5


class Operation(StrEnum):
    """What happened to a participant."""

    ADD = "add"
    REMOVE = "remove"
    UPDATE = "update"


class MenuOption(Part):
    """A line of a bot's menu."""

    option_identifier: str | None = None
    title: str | None = None


class MenuMetadata(Part):
    """A bot's menu."""

    menu_options: tuple[MenuOption, ...] | None = None


class ParticipantChange(Part):
    """One coming or going."""

    operation: Annotated[Operation | str, Open()]
    participant: Participant
    display_name: str | None = None
    menu_metadata: MenuMetadata | None = None
    supported_modalities: tuple[ModalityName, ...] | None = None
    active_modalities: tuple[ModalityName, ...] | None = None


class ParticipantChanged(_Payload):
    """Participants other than this client's end user came or went; the stock client reads the first change only."""

    entry_type: Literal["ParticipantChanged"]
    entries: tuple[ParticipantChange, ...]


# ---- messages, sections 5.6 and 5.15


class MessageReason(StrEnum):
    """Why a message was sent, if not in answer."""

    AUTOMATED_RESPONSE = "AutomatedResponse"
    CONSENT = "Consent"


class Message(_Payload):
    """Somebody said something; the end user's own messages come back as an echo."""

    entry_type: Literal["Message"]
    abstract_message: AbstractMessage
    message_reason: Annotated[MessageReason | str, Open()] | None = None
    was_revised: StrictBool | None = None
    """The sender changed the answer while validating it (section 5.12)."""


class MessageUpdated(_Payload):
    """An upload came to its end."""

    entry_type: Literal["MessageUpdated"]
    updated_message: AbstractMessage


class MessageDeliveryFailed(_Payload):
    """A message did not reach its recipient."""

    entry_type: Literal["MessageDeliveryFailed"]
    error_code: str
    recipient: Participant
    error_message: str | None = None
    failed_conversation_entry_identifier: str | None = None


# ---- acknowledgements and typing, sections 5.7 and 5.8


class _Acknowledgement(_Payload):
    recipient: Participant
    """Who acknowledges: the recipient of the message."""
    acknowledged_conversation_entry_identifier: str
    """The stock client goes by `relatedRecords[0]` of the entry instead."""
    acknowledgement_timestamp: StrictInt
    """Milliseconds."""


class DeliveryAcknowledgement(_Acknowledgement):
    """A message arrived."""

    entry_type: Literal["DeliveryAcknowledgement"]


class ReadAcknowledgement(_Acknowledgement):
    """A message and all before it were read."""

    entry_type: Literal["ReadAcknowledgement"]


class TypingStartedIndicator(_Payload):
    """Somebody types; it lapses after 5 s in the stock client."""

    entry_type: Literal["TypingStartedIndicator"]
    timestamp: StrictInt
    """Milliseconds."""


class TypingStoppedIndicator(_Payload):
    """Somebody stopped typing; may never come."""

    entry_type: Literal["TypingStoppedIndicator"]
    timestamp: StrictInt
    """Milliseconds."""


# ---- the AI agent at work, sections 5.9 and 5.12

Text = Annotated[PlainText | Unknown, OneOf("formatType")]


class ProgressUpdateIndicator(Part):
    """What the agent is doing."""

    indicator_type: Literal["ProgressUpdateIndicator"]
    timestamp: StrictInt | None = None
    """Milliseconds; the documented sample has none."""
    progress_message: Text | None = None


class ProgressIndicator(_Payload):
    """The agent executes an action; for capabilitiesVersion 62 and up."""

    entry_type: Literal["ProgressIndicator"]
    progress_indicator: Annotated[ProgressUpdateIndicator | Unknown, OneOf("indicatorType")]

    @property
    def visible_text(self) -> str:
        """What a person reads; empty if nothing."""
        indicator = self.progress_indicator
        if isinstance(indicator, Unknown) or indicator.progress_message is None:
            return ""
        return indicator.progress_message.visible_text


class _Token(Part):
    token_type: str
    sequence_number: StrictInt
    """The order within the set, whatever the order of arrival."""
    timestamp: StrictInt
    """Milliseconds."""
    target_message_identifier: str
    """Id of the final message to come."""
    batch_number: StrictInt | None = None
    turn_id: str | None = None

    @property
    def batch(self) -> int:
        """The batch number, or its default."""
        return self.batch_number or 0

    @property
    def turn(self) -> str:
        """The turn id, or its default: the target."""
        return self.turn_id or self.target_message_identifier


class MessageStreamingToken(_Token):
    """The next piece of an answer."""

    token_type: Literal["MessageStreamingToken"]
    token: Text

    @property
    def text(self) -> str:
        """The piece; empty if it is no text."""
        return self.token.visible_text


class ValidationResult(Part):
    """What the trust layer thinks of an answer."""

    valid: StrictBool
    reason: str | None = None
    """For debugging, not for display."""


class StreamingTokenValidation(_Token):
    """A verdict on what was streamed; invalid means that it is taken back and another set follows."""

    token_type: Literal["StreamingTokenValidation"]
    result: ValidationResult


class StreamingToken(_Payload):
    """A piece of an answer to come, or a verdict on it; for capabilitiesVersion 63 and up."""

    entry_type: Literal["StreamingToken"]
    streaming_token: Annotated[MessageStreamingToken | StreamingTokenValidation | Unknown, OneOf("tokenType")]


# ---- the state of things, sections 5.10, 5.11, 5.13 and 5.14


class CloseConversation(_Payload):
    """The end user closed the conversation; every other end is a change of the session's status."""

    entry_type: Literal["CloseConversation"]
    conversation_identifier: str


class SessionStatus(StrEnum):
    """Where a messaging session stands."""

    ACTIVE = "Active"
    ENDED = "Ended"
    WAITING = "Waiting"
    NEW = "New"
    CONSENT = "Consent"
    INACTIVE = "Inactive"
    ERROR = "Error"
    PAUSED = "Paused"


SessionStatusName = Annotated[SessionStatus | str, Open()]


class SessionStatusChanged(_Payload):
    """The messaging session moved on."""

    entry_type: Literal["SessionStatusChanged"]
    session_id: str
    channel_address_identifier: str
    conversation_identifier: str
    session_status: SessionStatusName
    session_start_time: StrictInt
    """Milliseconds or seconds since the epoch; the schema does not say."""
    session_status_prev: SessionStatusName | None = None
    session_end_time: StrictInt | None = None
    session_ended_by_role: RoleName | None = None
    """Unreliable: the same bot action was seen as Chatbot and as EndUser."""


class QueuePosition(_Payload):
    """A place in the queue; whether the first is 0 or 1 is not documented."""

    entry_type: Literal["QueuePosition"]
    position: StrictInt
    pending_service_routing_id: str | None = None
    work_item_id: str | None = None


class ConsentStatus(StrEnum):
    """Whether the end user agrees."""

    OPT_IN = "OptIn"
    OPT_OUT = "OptOut"


class EndUserConsentUpdated(_Payload):
    """The end user agreed, or no longer does; clients ignore it."""

    entry_type: Literal["EndUserConsentUpdated"]
    end_user_subject: str
    consent_status: Annotated[ConsentStatus | str, Open()]
    is_end_user_initiated: StrictBool
    end_user_display_name: str | None = None
    initiating_conversation_entry_identifier: str | None = None
    confirmation_conversation_entry_identifier: str | None = None


class ClientAction(_Payload):
    """No more than the name is published."""

    entry_type: Literal["ClientAction"]


class ClientMenu(_Payload):
    """Deprecated."""

    entry_type: Literal["ClientMenu"]


# ---- the entry and its envelope, sections 5.1 and 5.2


class Opaque(RootModel[Any]):
    """The payload of an unknown entry type that is not even an object: `root` is what came."""

    model_config = ConfigDict(frozen=True)


Payload = (
    RoutingResult
    | RoutingWorkResult
    | ParticipantChanged
    | Message
    | MessageUpdated
    | MessageDeliveryFailed
    | DeliveryAcknowledgement
    | ReadAcknowledgement
    | TypingStartedIndicator
    | TypingStoppedIndicator
    | ProgressIndicator
    | StreamingToken
    | CloseConversation
    | SessionStatusChanged
    | QueuePosition
    | EndUserConsentUpdated
    | ClientAction
    | ClientMenu
    | Unknown
    | Opaque
)

PAYLOADS: dict[str, type[Part]] = {
    get_args(cls.model_fields["entry_type"].annotation)[0]: cls
    for cls in get_args(Payload)
    if cls not in {Unknown, Opaque}
}
"""Entry type -> class of its payload."""

EVENT_NAMES: dict[str, str] = {
    "CONVERSATION_MESSAGE": "Message",
    "CONVERSATION_PARTICIPANT_CHANGED": "ParticipantChanged",
    "CONVERSATION_ROUTING_RESULT": "RoutingResult",
    "CONVERSATION_ROUTING_WORK_RESULT": "RoutingWorkResult",
    "CONVERSATION_SESSION_STATUS_CHANGED": "SessionStatusChanged",
    "CONVERSATION_DELIVERY_ACKNOWLEDGEMENT": "DeliveryAcknowledgement",
    "CONVERSATION_READ_ACKNOWLEDGEMENT": "ReadAcknowledgement",
    "CONVERSATION_TYPING_STARTED_INDICATOR": "TypingStartedIndicator",
    "CONVERSATION_TYPING_STOPPED_INDICATOR": "TypingStoppedIndicator",
    "CONVERSATION_PROGRESS_INDICATOR": "ProgressIndicator",
    "CONVERSATION_STREAMING_TOKEN": "StreamingToken",
    "CONVERSATION_QUEUE_POSITION": "QueuePosition",
    "CONVERSATION_CLOSE_CONVERSATION": "CloseConversation",
    "CONVERSATION_CLIENT_ACTION": "ClientAction",
    "CONVERSATION_CLIENT_MENU": "ClientMenu",
    "CONVERSATION_END_USER_CONSENT_UPDATED": "EndUserConsentUpdated",
    "CONVERSATION_MESSAGE_UPDATED": "MessageUpdated",
    "CONVERSATION_MESSAGE_DELIVERY_FAILED": "MessageDeliveryFailed",
}
"""`event:` of the stream -> entry type. Section 5.1; the names of the last two are inferred. `ping` has no entry."""


class _ByEntryType:
    """Reads a payload as the class that the entry's own type asks for, from a JSON text or from an object."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)

    @staticmethod
    def read(value: Any, info: core_schema.ValidationInfo) -> Part | Opaque:
        entry_type = info.data.get("entry_type")
        if entry_type is None:  # malformed already, and said so by that field
            return Unknown()
        cls = PAYLOADS.get(entry_type)
        if cls is None:
            return _keep(value)
        if isinstance(value, str):
            return cls.__pydantic_validator__.validate_json(value, by_alias=True, by_name=False)  # type: ignore[no-any-return]
        if isinstance(value, dict):
            return read(cls, value)
        if isinstance(value, cls):
            return value
        raise PydanticCustomError("object_type", "Input should be an object or its JSON text")


def _keep(value: Any) -> Unknown | Opaque:
    """Keep the payload of an unknown entry type, whatever it is: unknown types are no errors (section 5.1)."""
    if isinstance(value, (Unknown, Opaque)):
        return value
    decoded = value
    if isinstance(value, str):
        try:
            decoded = from_json(value)
        except ValueError:
            return Opaque(value)
    return unknown("entryType", decoded) if isinstance(decoded, dict) else Opaque(value)


class Visibility(StrEnum):
    """Who may see an entry."""

    DEFAULT = "Default"
    INTERNAL = "Internal"


class ConversationEntry(Part):
    """Something that happened in a conversation, and who did it.

    `entry_type` stands above `entry_payload` because the class of the one is picked by the other.
    """

    sender_display_name: str | None = None
    identifier: str
    entry_type: str
    entry_payload: Annotated[Payload, _ByEntryType()]
    sender: Participant
    context_param_map: dict[str, Any] | None = None
    visibility_strategy: Annotated[Visibility | str, Open()] | None = None
    transcripted_timestamp: StrictInt
    """Milliseconds of the service's clock; the sort key."""
    related_records: tuple[str, ...] | None = None
    client_timestamp: StrictInt
    """Milliseconds of the sender's clock."""
    client_duration: StrictInt | None = None
    modality: ModalityName | None = None
    recipients: Any = None

    @property
    def is_known(self) -> bool:
        """Whether its type is listed; if not, the payload is `Unknown` or `Opaque`."""
        return not isinstance(self.entry_payload, (Unknown, Opaque))


class Envelope(Part):
    """The `data:` of an event."""

    channel_platform_key: str
    channel_type: str
    channel_address_identifier: str
    conversation_id: str
    conversation_entry: ConversationEntry


# ---- from the wire and back


def parse(data: str) -> Envelope:
    """Read the `data:` of an event other than a ping.

    An escape of half a surrogate pair is legal JSON, and a service that cuts an emoji in two may write it. It is read
    as U+FFFD, as a browser would show it; nothing else is changed.

    Args:
        data: The JSON text; `entryPayload` in it is a JSON text again, or an object.

    Raises:
        ValidationError: It is no JSON, or the envelope or a known type is malformed. The path of each error leads
            through the payload as if it were an object.
    """
    validate = Envelope.__pydantic_validator__.validate_json
    try:
        return validate(data, by_alias=True, by_name=False)  # type: ignore[no-any-return]
    except ValidationError:
        if not _HALF.search(data):
            raise
        try:
            mended = _mend(data)
        except (ValueError, RecursionError):
            mended = data
        return validate(mended, by_alias=True, by_name=False)  # type: ignore[no-any-return]


def parse_entry(value: dict[str, Any]) -> ConversationEntry:
    """Read one entry of a REST list, decoded (section 3.5).

    Raises:
        ValidationError: A known type is malformed; paths start inside the entry.
    """
    return read(ConversationEntry, value)


def dump(model: Part) -> dict[str, Any]:
    """Write a model as the JSON value it was read from, with the payload as an object.

    One thing may be added: where an unknown field has a Python name of ours (`turn_id`), and the field so named on the
    wire (`turnId`) was absent, that one comes back as null, which readers take for absent.
    """
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


def to_wire(envelope: Envelope) -> str:
    """Write the `data:` of an event: compact JSON on one line, with the payload as a JSON text."""
    value = dump(envelope)
    entry = value["conversationEntry"]
    if "entryPayload" in entry and not isinstance(entry["entryPayload"], str):
        entry["entryPayload"] = _encode(entry["entryPayload"])
    return _encode(value)


def entry_to_wire(entry: ConversationEntry) -> str:
    """Write one entry of a REST list: compact JSON on one line, with the payload as an object."""
    return _encode(dump(entry))


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""What may be half of a surrogate pair, or a whole one: an escape of either level, or a character."""


def _mend(data: str) -> str:
    """Replace halves of surrogate pairs, which no UTF-8 can hold, at both levels of JSON."""
    value = json.loads(data)
    entry = value.get("conversationEntry") if isinstance(value, dict) else None
    payload = entry.get("entryPayload") if isinstance(entry, dict) else None
    if isinstance(entry, dict) and isinstance(payload, str):
        with suppress(ValueError):
            entry["entryPayload"] = _whole(_encode(json.loads(payload)))
    return _whole(_encode(value))


def _whole(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# ---- what the notes do not list


def unknowns(model: Envelope | ConversationEntry) -> tuple[str, ...]:
    """Name whatever of an event is not listed in the protocol notes; all of it was kept.

    Returns:
        A line for each, with its path: an unknown field, an unknown value of an enumeration, or an unknown type, whose
        own fields are not named. The payload reads as an object in paths, and an entry starts with `conversationEntry`.
    """
    lines: list[str] = []
    _look(model, "" if isinstance(model, Envelope) else "conversationEntry.", lines.append)
    return tuple(lines)


def _look(part: Part, path: str, report: Callable[[str], None]) -> None:
    if part.__pydantic_extra__:
        for name in part.__pydantic_extra__:
            report(f"{path}{name}: unknown field")
    values = part.__dict__
    for name, alias, tag in _worth_a_look(type(part)):
        value = values[name]
        if value is None:
            continue
        if type(value) is tuple:
            for number, one in enumerate(value):
                _look_at(one, f"{path}{alias}[{number}]", tag, report)
        elif alias == "entryPayload" and isinstance(value, (Unknown, Opaque)):
            report(f"{path}entryType: unknown type {values['entry_type']!r}")
        else:
            _look_at(value, path + alias, tag, report)


def _look_at(value: object, path: str, tag: str | None, report: Callable[[str], None]) -> None:
    if type(value) is str:  # an open enumeration: members have a type of their own
        report(f"{path}: unknown value {value!r}")
    elif isinstance(value, Unknown):
        report(f"{path}.{tag}: unknown type {value.type_name!r}")
    elif isinstance(value, Part):
        _look(value, f"{path}.", report)


@cache
def _worth_a_look(cls: type[Part]) -> tuple[tuple[str, str, str | None], ...]:
    """Fields that may hold something unknown: enumerations and other parts.

    Returns:
        Name in Python, name on the wire, and the field of the value that says its type, if there is a choice.
    """
    worth = []
    for name, field in cls.model_fields.items():
        leaves = list(_leaves(field.annotation)) + list(field.metadata)
        if any(isinstance(leaf, type) and issubclass(leaf, (Part, StrEnum)) for leaf in leaves):
            tag = next((leaf.tag for leaf in leaves if isinstance(leaf, OneOf)), None)
            worth.append((name, field.alias or name, tag))
    return tuple(worth)


def _leaves(annotation: Any) -> list[Any]:
    inner = get_args(annotation)
    return [leaf for one in inner for leaf in _leaves(one)] if inner else [annotation]
