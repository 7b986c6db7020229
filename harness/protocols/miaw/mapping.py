"""Which events a frame of the service's event stream stands for.

Here: from the wire's words (models.py) to the harness's own (events/). Nothing is dropped: what is unknown or can't be
read becomes `Unrecognised` with the whole of it. Source: the protocol notes, sections 4.2, 5 and 8.8.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from sys import intern
from types import MappingProxyType
from typing import Any, TypedDict

from pydantic import ValidationError

from harness import events
from harness.events.text import quoted
from harness.protocols.miaw import models as wire
from harness.protocols.miaw.content import attachments_of, content_of
from harness.protocols.miaw.messages import Unknown
from harness.protocols.miaw.models import ConversationEntry, FailureType, MessageReason, Role
from harness.protocols.miaw.tokens import token as quick_token
from harness.protocols.sse import Comment, Frame

_PING = "ping"
_PIECES = "CONVERSATION_STREAMING_TOKEN"
_SHOWN_PROBLEMS = 3


class _Common(TypedDict):
    at: float
    earliest: float
    entry: str
    stream_id: str
    role: str
    name: str
    sent_at: int
    unknown: tuple[str, ...]
    raw: str


def events_of(frame: Frame | Comment, *, earliest: float, at: float, conversation: str) -> list[events.Event]:
    """The events of one conversation that a frame stands for.

    Args:
        frame: A frame of the event stream, or a comment.
        earliest: When it arrived at the earliest, seconds on the conversation's timeline.
        at: When it had arrived, likewise.
        conversation: Id of the conversation; a stream carries those of all conversations of its user.

    Returns:
        Usually one; several where an entry tells of several participants; none if it is of another conversation.
    """
    if isinstance(frame, Comment) or frame.event == _PING:
        return [events.Heartbeat(at=at, earliest=earliest)]
    if frame.event == _PIECES:
        plain = quick_token(frame.data, stream_id=frame.id, earliest=earliest, at=at, conversation=conversation)
        if plain is not None:
            return [plain]
    try:
        envelope = wire.parse(frame.data)
    except ValidationError as error:
        return [
            events.Unrecognised(
                at=at,
                earliest=earliest,
                stream_id=frame.id,
                wire_name=frame.event,
                problem=_problem(error),
                raw=frame.data,
            )
        ]
    if envelope.conversation_id.lower() != conversation.lower():
        return []
    common = _common(envelope.conversation_entry, wire.unknowns(envelope), earliest=earliest, at=at)
    return _told(envelope.conversation_entry, {**common, "stream_id": frame.id, "raw": frame.data}, frame.event)


def events_of_entry(entry: ConversationEntry, *, earliest: float, at: float) -> list[events.Event]:
    """The events that an entry of the service's list stands for: those that it would have been on the stream.

    Args:
        entry: What the list holds.
        earliest: When it could have been known at the earliest, seconds on the conversation's timeline.
        at: When it was known, likewise.
    """
    common = _common(entry, wire.unknowns(entry), earliest=earliest, at=at)
    return _told(entry, {**common, "raw": wire.entry_to_wire(entry)}, entry.entry_type)


def _told(entry: ConversationEntry, common: _Common, name: str) -> list[events.Event]:
    read = _READERS.get(type(entry.entry_payload))
    told = read(entry.entry_payload, common, entry) if read else None
    return told if told is not None else [events.Unrecognised(**common, wire_name=name)]


def _problem(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    told = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}".removeprefix(": ") for one in problems[:_SHOWN_PROBLEMS]]
    more = f" and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
    return quoted("; ".join(told) + more, limit=400, marks="")


def _common(entry: ConversationEntry, unknown: tuple[str, ...], *, earliest: float, at: float) -> _Common:
    return _Common(
        at=at,
        earliest=earliest,
        entry=entry.identifier,
        stream_id="",
        role=_word(entry.sender.role),
        name=intern(entry.sender_display_name or ""),  # the same in all of them
        sent_at=entry.transcripted_timestamp,
        unknown=unknown,
        raw="",
    )


@cache
def _word(value: str) -> str:
    """The harness's spelling of a word of the wire: EndUser is end_user."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", value).lower()


def _routed(payload: wire.RoutingResult, common: _Common, _: ConversationEntry) -> list[events.Event]:
    wait = payload.estimated_wait_time.shown_seconds if payload.estimated_wait_time else None
    failed = payload.failure_type != FailureType.NONE
    return [
        events.Routed(
            **common,
            succeeded=not failed,
            routing=_word(payload.routing_type),
            failure=str(payload.failure_type) if failed else None,
            reason=payload.failure_reason,
            wait=wait,
        )
    ]


def _work(payload: wire.RoutingWorkResult, common: _Common, _: ConversationEntry) -> list[events.Event]:
    return [events.Work(**common, outcome=_word(payload.work_type), errors=payload.error_messages)]


_OPERATIONS: Mapping[str, type[events.Joined | events.Left | events.ParticipantUpdated]] = MappingProxyType(
    {"add": events.Joined, "remove": events.Left, "update": events.ParticipantUpdated}
)


def _participants(payload: wire.ParticipantChanged, common: _Common, _: ConversationEntry) -> list[events.Event]:
    told: list[events.Event] = []
    for change in payload.entries:
        cls = _OPERATIONS.get(change.operation, events.ParticipantUpdated)
        theirs: _Common = {**common, "role": _word(change.participant.role), "name": change.display_name or ""}
        told.append(cls(**theirs, subject=change.participant.subject or ""))
    return told


def _message(payload: wire.Message, common: _Common, entry: ConversationEntry) -> list[events.Event]:
    message: Any = payload.abstract_message
    own = entry.sender.role == Role.END_USER
    cls = events.Echo if own else events.Message
    if type(message) is Unknown:  # isinstance takes five times as long on a pydantic class
        return [cls(**common, type=message.type_name)]
    body = getattr(message, message.body)
    return [
        cls(
            **common,
            text=body.visible_text,
            type=message.message_type,
            format=body.type_name if type(body) is Unknown else body.format_type,
            **content_of(body),
            in_reply_to=message.in_reply_to_message_id or None,
            automated=payload.message_reason == MessageReason.AUTOMATED_RESPONSE,
            revised=bool(payload.was_revised),
        )
    ]


def _updated(payload: wire.MessageUpdated, common: _Common, _: ConversationEntry) -> list[events.Event]:
    message = payload.updated_message
    of = "" if isinstance(message, Unknown) else message.id
    return [events.Updated(**common, message=of, attachments=attachments_of(message))]


def _undelivered(payload: wire.MessageDeliveryFailed, common: _Common, _: ConversationEntry) -> list[events.Event]:
    error = ": ".join(filter(None, (payload.error_code, payload.error_message)))
    return [events.Undelivered(**common, of=payload.failed_conversation_entry_identifier or "", error=error)]


def _receipt(cls: type[events.Delivered | events.Read]) -> "_Reader":
    def read(payload: Any, common: _Common, entry: ConversationEntry) -> list[events.Event]:
        # the stock client goes by relatedRecords[0], so that is what a person would see acknowledged
        of = entry.related_records[0] if entry.related_records else payload.acknowledged_conversation_entry_identifier
        return [cls(**common, of=of)]

    return read


def _typing(cls: type[events.TypingStarted | events.TypingStopped]) -> "_Reader":
    def read(_: Any, common: _Common, entry: ConversationEntry) -> list[events.Event]:
        return [events.TypingEcho(**common) if entry.sender.role == Role.END_USER else cls(**common)]

    return read


def _plain(cls: type[events.Closed | events.Action | events.Menu]) -> "_Reader":
    return lambda _, common, __: [cls(**common)]


def _progress(payload: wire.ProgressIndicator, common: _Common, _: ConversationEntry) -> list[events.Event]:
    return [events.Progress(**common, text=payload.visible_text)]


def _token(payload: wire.StreamingToken, common: _Common, _: ConversationEntry) -> list[events.Event] | None:
    token = payload.streaming_token
    if isinstance(token, Unknown):
        return None
    place = _Place(
        target=token.target_message_identifier, number=token.sequence_number, turn=token.turn, batch=token.batch
    )
    if isinstance(token, wire.MessageStreamingToken):
        return [events.Token(**common, **place, text=token.text)]
    if token.result.valid:
        return [events.Validated(**common, **place)]
    return [events.Retracted(**common, **place, reason=token.result.reason)]


class _Place(TypedDict):
    target: str
    number: int
    turn: str
    batch: int


def _session(payload: wire.SessionStatusChanged, common: _Common, _: ConversationEntry) -> list[events.Event]:
    before, role = payload.session_status_prev, payload.session_ended_by_role
    return [
        events.Session(
            **common,
            status=_word(payload.session_status),
            previous=None if before is None else _word(before),
            ended_by=None if role is None else _word(role),
        )
    ]


def _queue(payload: wire.QueuePosition, common: _Common, _: ConversationEntry) -> list[events.Event]:
    return [events.Queue(**common, position=payload.position)]


def _consent(payload: wire.EndUserConsentUpdated, common: _Common, _: ConversationEntry) -> list[events.Event]:
    return [events.Consent(**common, status=_word(payload.consent_status))]


_Reader = Callable[[Any, _Common, ConversationEntry], list[events.Event] | None]

_READERS: Mapping[type, _Reader] = MappingProxyType(
    {
        wire.RoutingResult: _routed,
        wire.RoutingWorkResult: _work,
        wire.ParticipantChanged: _participants,
        wire.Message: _message,
        wire.MessageUpdated: _updated,
        wire.MessageDeliveryFailed: _undelivered,
        wire.DeliveryAcknowledgement: _receipt(events.Delivered),
        wire.ReadAcknowledgement: _receipt(events.Read),
        wire.TypingStartedIndicator: _typing(events.TypingStarted),
        wire.TypingStoppedIndicator: _typing(events.TypingStopped),
        wire.ProgressIndicator: _progress,
        wire.StreamingToken: _token,
        wire.CloseConversation: _plain(events.Closed),
        wire.SessionStatusChanged: _session,
        wire.QueuePosition: _queue,
        wire.EndUserConsentUpdated: _consent,
        wire.ClientAction: _plain(events.Action),
        wire.ClientMenu: _plain(events.Menu),
    }
)
"""How each payload is read; what has no reader is unrecognised."""
