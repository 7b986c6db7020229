"""The transcript of a conversation that the end user may download.

Here: what its lines say. Not here: the document (pdf.py), who may have it (service.py). What the service prints is not
known; the lines are ours.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any


def lines(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Give the lines.

    Args:
        entries: The messages, oldest first, with their payloads as objects.
    """
    yield "Conversation transcript"
    yield ""
    for entry in entries:
        at = datetime.fromtimestamp(entry["transcriptedTimestamp"] / 1000, UTC)
        yield f"{at:%Y-%m-%d %H:%M:%S} {entry['senderDisplayName']}: {said(entry)}"


def said(entry: Mapping[str, Any]) -> str:
    """Say on one line what a message says, choices, forms and files in brackets."""
    return " ".join(_said(entry["entryPayload"]["abstractMessage"]).split())


def _said(message: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one case a kind of message
    match message:
        case {"staticContent": {"formatType": "Attachments", "attachments": [{"name": name}, *_], "text": text}}:
            return f"{text or ''} [{name}]"
        case {"staticContent": {"formatType": "RichLink", "linkItem": {"url": url}}}:
            return str(url)
        case {"choices": {"text": text, "optionItems": options}}:
            return f"{text} [{', '.join(option['titleItem']['title'] for option in options)}]"
        case {"choicesResponse": {"selectedOptions": options}}:
            return ", ".join(option["optionTitle"]["title"] for option in options)
        case {"form": {"formTitle": {"title": title}}}:
            return f"[{title}]"
        case {"formResponse": {"inputValues": _, "formTitle": {"title": title}}}:
            return f"[{title}: filled in]"
        case {"formResponse": {"result": {"errors": errors}}}:
            return "; ".join(error["errorMessage"] for error in errors)
    return str(message.get("staticContent", {}).get("text") or "")
