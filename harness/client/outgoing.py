"""What an end user sends, as the service wants it written: the bodies of messages.

Here: shapes. Not here: where they are sent (miaw.py), what comes back (protocols/miaw/).
Source: protocol notes, sections 3.6, 3.7, 7.5 and 7.7.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.events.inputs import Value, as_text


@dataclass(frozen=True, slots=True)
class File:
    """A file to send.

    Attributes:
        name: Its name, without folders.
        type: Media type, such as `image/png`.
        content: What is in it.
    """

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Start:
    """What a message brings along that starts a session.

    Attributes:
        attributes: Routing attributes: pre-chat and hidden pre-chat values.
        language: Locale such as `en_US`.
    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None

    def body(self) -> dict[str, Any]:
        """Give what it adds to the body of a request."""
        told = {"isNewMessagingSession": True, "routingAttributes": dict(self.attributes)}
        return told | ({"language": self.language} if self.language else {})


def text_message(message: str, text: str) -> dict[str, Any]:
    """Write a text; `message` is its id."""
    content = {"formatType": "Text", "text": text}
    return {"id": message, "messageType": "StaticContentMessage", "staticContent": content}


def choice(message: str, options: Iterable[str]) -> dict[str, Any]:
    """Write an answer to a message with choices; `options` are the identifiers of those that were picked."""
    selected = [{"optionIdentifier": option} for option in options]
    content = {"formatType": "Selections", "selectedOptions": selected}
    return {"id": message, "messageType": "ChoicesResponseMessage", "choicesResponse": content}


def form(message: str, values: Mapping[str, Value]) -> dict[str, Any]:
    """Write an answer to a form; `values` are by the name of their field."""
    content = {"formatType": "Inputs", "inputValues": [_input(name, value) for name, value in values.items()]}
    return {"id": message, "messageType": "FormResponseMessage", "formResponse": content}


def session_context(variables: Mapping[str, str | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write what the session is to know: texts, or objects; one entry for each, since none may have two."""
    return [
        {
            "entryType": "SessionContext",
            "id": str(uuid.uuid4()),
            "sessionContext": {
                "contextType": "SessionContextSet",
                "contextVariables": [{"name": name, "value": _variable(value)}],
            },
        }
        for name, value in variables.items()
    ]


def _variable(value: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(value, str):
        return {"valueType": "TextValue", "textValue": value}
    return {"valueType": "StructuredValue", "value": dict(value)}


def _input(name: str, value: Value) -> dict[str, Any]:
    if isinstance(value, tuple):
        selected = [{"optionIdentifier": option} for option in value]
        return {"inputValueType": "SelectedOptionsInputValue", "inputId": name, "selectedOptions": selected}
    text = as_text(value)
    if isinstance(value, str):
        typed = {"valueType": "TextValue", "textValue": text}
    elif isinstance(value, datetime):
        typed = {"valueType": "DateTimeValue", "dateTimeValue": text}
    else:
        typed = {"valueType": "DateValue", "dateValue": text}
    return {"inputValueType": "SingleInputValue", "inputId": name, "displayValue": text, "value": typed}
