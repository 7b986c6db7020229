"""The quick way to read the one event that comes by the thousand: a piece of a streamed answer.

Four of five events of a conversation are of this one shape, and most of the time of a harness that holds many goes into
reading them. So a frame that is to the letter what the notes describe is read here; whatever is not, be it only by one
unknown field, is None here, and goes the long way (models.py, mapping.py). Both give the same event: a test compares
them. Source: the protocol notes, sections 5.1, 5.2 and 5.12.
"""

from sys import intern
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json

from harness.events import Token
from harness.protocols.miaw.models import AppType, Modality, Role, Visibility

_ENVELOPE = {"channelPlatformKey", "channelType", "channelAddressIdentifier", "conversationId", "conversationEntry"}
_ENTRY = {
    *("senderDisplayName", "identifier", "entryType", "entryPayload", "sender", "contextParamMap"),
    *("visibilityStrategy", "transcriptedTimestamp", "relatedRecords", "clientTimestamp", "clientDuration"),
    *("modality", "recipients"),
}
_SENDER = {"role", "appType", "subject", "clientIdentifier"}
_PAYLOAD = {"entryType", "id", "streamingToken"}
_TOKEN = {"tokenType", "sequenceNumber", "timestamp", "targetMessageIdentifier", "batchNumber", "turnId", "token"}
_TEXT = {"formatType", "text"}

_READER = TypeAdapter(Token).validator

_NoneType = type(None)
_TEXT_OR_NONE, _INT_OR_NONE, _OBJECT_OR_NONE = {str, _NoneType}, {int, _NoneType}, {dict, _NoneType}
_NO_RECORDS: tuple[list[str] | None, ...] = (None, [])

_ROLES = {
    role.value: "".join(f"_{letter}" if letter.isupper() else letter for letter in role).lower()[1:] for role in Role
}
_APPS = {None, *(app.value for app in AppType)}
_MODALITIES = {None, *(modality.value for modality in Modality)}
_VISIBILITIES = {None, *(visibility.value for visibility in Visibility)}


def token(data: str, *, stream_id: str, earliest: float, at: float, conversation: str) -> Token | None:
    """The piece of an answer that a frame holds, if it is as plain as they come; None if not.

    Args:
        data: The frame's data.
        stream_id: The frame's id.
        earliest: When it arrived at the earliest, seconds on the conversation's timeline.
        at: When it had arrived, likewise.
        conversation: Id of the conversation; another one's pieces are None.
    """
    try:
        envelope = from_json(data, cache_strings="keys")
        entry = envelope["conversationEntry"]
        payload = from_json(entry["entryPayload"], cache_strings="keys")
        piece = payload["streamingToken"]
        text = piece["token"]
        sender = entry["sender"]
        role = _ROLES[sender["role"]]
        if not (
            envelope["conversationId"] == conversation
            and envelope.keys() == _ENVELOPE
            and type(envelope["channelPlatformKey"]) is str
            and type(envelope["channelType"]) is str
            and type(envelope["channelAddressIdentifier"]) is str
            and _is_entry(entry)
            and sender.keys() <= _SENDER
            and sender.get("appType") in _APPS
            and type(sender.get("subject", "")) in _TEXT_OR_NONE
            and type(sender.get("clientIdentifier", "")) in _TEXT_OR_NONE
            and payload.keys() == _PAYLOAD
            and payload["entryType"] == "StreamingToken"
            and type(payload["id"]) is str
            and _is_piece(piece)
            and text.keys() == _TEXT
            and text["formatType"] == "Text"
            and type(text["text"]) is str
        ):
            return None
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    target = intern(piece["targetMessageIdentifier"])  # the same in every piece of an answer
    fields = {
        "at": at,
        "earliest": earliest,
        "entry": entry["identifier"],
        "stream_id": stream_id,
        "role": role,
        "name": intern(entry.get("senderDisplayName") or ""),
        "sent_at": entry["transcriptedTimestamp"],
        "raw": data,
        "target": target,
        "number": piece["sequenceNumber"],
        "turn": intern(piece.get("turnId") or "") or target,
        "batch": piece.get("batchNumber") or 0,
        "text": text["text"],
    }
    made: Token = _READER.validate_python(fields)  # three times as quick as Token(...)
    return made


def _is_entry(entry: dict[str, Any]) -> bool:
    return (
        entry.keys() <= _ENTRY
        and entry["entryType"] == "StreamingToken"
        and type(entry["identifier"]) is str
        and type(entry["transcriptedTimestamp"]) is int
        and type(entry["clientTimestamp"]) is int
        and type(entry.get("senderDisplayName", "")) in _TEXT_OR_NONE
        and type(entry.get("clientDuration", 0)) in _INT_OR_NONE
        and type(entry.get("contextParamMap")) in _OBJECT_OR_NONE
        and entry.get("relatedRecords") in _NO_RECORDS
        and entry.get("visibilityStrategy") in _VISIBILITIES
        and entry.get("modality") in _MODALITIES
    )


def _is_piece(piece: dict[str, Any]) -> bool:
    return (
        piece.keys() <= _TOKEN
        and piece["tokenType"] == "MessageStreamingToken"
        and type(piece["sequenceNumber"]) is int
        and type(piece["timestamp"]) is int
        and type(piece["targetMessageIdentifier"]) is str
        and type(piece.get("batchNumber")) in _INT_OR_NONE
        and type(piece.get("turnId")) in _TEXT_OR_NONE
    )
