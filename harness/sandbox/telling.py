"""What faults make of an event before anybody is told of it.

Here: events left out, put in, and spelt otherwise. Not here: what a connection does to them (lines.py).
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import uuid4

from pydantic import ValidationError

from harness.protocols.miaw import models
from harness.sandbox.entries import compact
from harness.sandbox.faults import TOLD
from harness.sandbox.plans import About, Plan

UNKNOWN_EVENT = "CONVERSATION_SOMETHING_NEW"
UNKNOWN_ENTRY = "SomethingNew"
UNKNOWN_MESSAGE = "HologramMessage"
UNKNOWN_FORMAT = "Hologram"
UNKNOWN_TEXT = "This is of a kind that nobody knows."
"""What stands in the messages that are put in."""

Data = dict[str, Any]


class Telling(NamedTuple):
    """An event that is to be told."""

    data: str
    event: str | None
    about: About | None
    """What it is, for the faults of connections; None if nobody knows."""


def told(plan: Plan, data: str, event: str | None) -> list[Telling]:
    """Say what is told instead of an event.

    Args:
        plan: The faults that the end user meets.
        data: The data of the event.
        event: Its name.
    """
    heard = plan.hear(data)
    if heard is None:
        return [Telling(data, event, None)]
    about, envelope, payload = heard
    due = [armed.fault.kind for armed in plan.due(TOLD, about)]
    before = [
        Telling(_enclosed(*inserted), name, about) for name, *inserted in _before(due, event or "", envelope, payload)
    ]
    if "gap" in due:
        return before
    return [*before, Telling(_respelt(due, data), event, about)]


def about(plan: Plan, chunk: bytes) -> About | None:
    """Say what an event is that somebody else has framed; None if it is no entry of a conversation."""
    data = next((line[5:] for line in chunk.splitlines() if line.startswith(b"data:")), b"")
    heard = plan.hear(data.decode(errors="replace"))
    return heard and heard[0]


def _before(due: Iterable[str], event: str, envelope: Data, payload: Data) -> Iterable[tuple[str, Data, Data]]:
    """Give the events that come before one: name, envelope, payload."""
    for kind in due:
        new = str(uuid4())
        match kind:
            case "unknown_event":
                yield UNKNOWN_EVENT, envelope, {"entryType": UNKNOWN_ENTRY, "id": new, "anything": {"x": 1}}
            case "unknown_message":
                body = {"messageType": UNKNOWN_MESSAGE, "hologram": {"formatType": "Text", "text": UNKNOWN_TEXT}}
                yield "CONVERSATION_MESSAGE", _by_the_system(envelope), _message(new, body)
            case "unknown_format":
                content = {"formatType": UNKNOWN_FORMAT, "text": UNKNOWN_TEXT}
                body = {"messageType": "StaticContentMessage", "staticContent": content}
                yield "CONVERSATION_MESSAGE", _by_the_system(envelope), _message(new, body)
            case "other_conversation":
                yield event, {**envelope, "conversationId": new}, {**payload, "id": str(uuid4())}


def _message(id_: str, body: Data) -> Data:
    message = {"inReplyToMessageId": None, "id": id_, "references": [], **body}
    return {"entryType": "Message", "id": id_, "abstractMessage": message, "messageReason": None}


def _by_the_system(envelope: Data) -> Data:
    """The envelope of an automated response: whoever else is there, the service may say something."""
    entry = {**envelope["conversationEntry"], "senderDisplayName": "Automated Process", "relatedRecords": []}
    sender = {"role": "System", "appType": "conversation", "subject": str(uuid4()), "clientIdentifier": str(uuid4())}
    return {**envelope, "conversationEntry": {**entry, "sender": sender}}


def _enclosed(envelope: Data, payload: Data) -> str:
    entry = {
        **envelope["conversationEntry"],
        "identifier": payload["id"],
        "entryType": payload["entryType"],
        "entryPayload": compact(payload),
    }
    return compact({**envelope, "conversationEntry": entry})


def _respelt(due: Iterable[str], data: str) -> str:
    """Spell the same in another way."""
    for kind in due:
        match kind:
            case "null":
                data = _with_nulls(data)
            case "absent":
                envelope = _without_nulls(json.loads(data))
                entry = envelope["conversationEntry"]
                if isinstance(entry["entryPayload"], str):
                    entry["entryPayload"] = compact(_without_nulls(json.loads(entry["entryPayload"])))
                data = compact(envelope)
            case "plain_payload":
                envelope = json.loads(data)
                entry = envelope["conversationEntry"]
                if isinstance(entry["entryPayload"], str):
                    entry["entryPayload"] = json.loads(entry["entryPayload"])
                data = compact(envelope)
    return data


def _with_nulls(data: str) -> str:
    """Which fields are optional is the grammar's knowledge; of what it does not know it leaves all as it is."""
    try:
        envelope = models.parse(data)
    except ValidationError:
        return data
    written = envelope.model_dump(mode="json", by_alias=True)
    entry = written["conversationEntry"]
    if isinstance(json.loads(data)["conversationEntry"]["entryPayload"], str):
        entry["entryPayload"] = compact(entry["entryPayload"])
    return compact(written)


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_nulls(part) for name, part in value.items() if part is not None}
        case list():
            return [_without_nulls(part) for part in value]
    return value
