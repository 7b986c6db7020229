"""The operations of Messaging for In-App and Web (REST v2) that an end user's client needs.

One client is one user: it holds that user's access token and nothing else. Not here: what the events mean
(protocols/miaw/mapping.py), when to do what (scenarios/conversation.py).
Source: the protocol notes, sections 2 to 4; operations are named as the service's reference names them.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import httpx

from harness.client.exchange import Exchange, Requests
from harness.client.network import Network
from harness.client.stream import EventStream, open_stream
from harness.client.target import Target
from harness.errors import RemoteProtocolError
from harness.events.inputs import Value, as_text

_REST = "/iamessage/api/v2"
_SSE = "/eventrouter/v1/sse"

_MOST_ACKS = 25
"""Acknowledgements in one request. Source: the sibling API's limit; this one's is not known (protocol notes, 9.1)."""


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


class MiawClient:
    """One end user's client.

    Args:
        network: Shared by all users of a run.
        target: The service under test.
        deployment: API name of the deployment; the target's own if empty.
        observe: Told of every answered request, also of refused ones.
    """

    def __init__(
        self,
        network: Network,
        target: Target,
        *,
        deployment: str = "",
        observe: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        self._network, self._target = network, target
        self._requests = Requests(network, observe)
        self.deployment = deployment or target.deployment
        self._base = target.url.rstrip("/")
        self._token = ""
        self._kept: str | None = None
        self._last_event_id = ""
        self.subject = ""

    async def authenticate(self) -> None:
        """Take a guest's access token (generateAccessTokenForUnauthenticatedUser).

        Raises:
            TargetUnreachable: Nobody answered.
            ServiceRefused: The service said no.
            RemoteProtocolError: The answer holds no token.
        """
        response = await self._request(
            "generateAccessTokenForUnauthenticatedUser",
            "POST",
            "/authorization/unauthenticated/access-token",
            {
                "orgId": self._target.org_id,
                "esDeveloperName": self.deployment,
                "capabilitiesVersion": self._target.capabilities_version,
                "platform": "Web",
                "context": {"appName": "conversation_harness", "clientVersion": "1.0.0"},
            },
        )
        try:
            body = response.json()
            self._token, self._last_event_id = str(body["accessToken"]), str(body["lastEventId"])
        except (ValueError, KeyError, TypeError) as error:
            raise RemoteProtocolError(
                f"{response.url} answered {response.status_code} without an access token; "
                "check that the target's address is a messaging service"
            ) from error
        end_user = (body.get("context") or {}).get("endUser") or {}
        self.subject = str(end_user.get("subject") or "")

    @property
    def has_expired(self) -> bool:
        """Whether `expire` was called, and `restore` was not since."""
        return self._kept is not None

    async def expire(self) -> None:
        """Send a token that is good for nothing from now on: the right one, with a signature that does not fit.

        No client can make a real token expire. To the service this is one of those that it answers with 401, as it does
        an expired one. The stream that is open stays open, where a service may end it when the token's time is over.
        """
        if self._kept is None:
            head, dot, signature = self._token.rpartition(".")
            self._kept, self._token = self._token, f"{head}{dot}{'A' * len(signature)}"

    def restore(self) -> None:
        """Send the right token again, to leave nothing open."""
        self._token, self._kept = self._kept or self._token, None

    def events(self, *, after: str = "") -> AbstractAsyncContextManager[EventStream]:
        """Open the event stream of this user's conversations.

        Args:
            after: Id of the last event that was heard; the token's own start if empty.

        Raises:
            TargetUnreachable, ServiceRefused, RemoteProtocolError: As `open_stream` does.
        """
        last = after or self._last_event_id
        headers = {**self._authorisation(), "X-Org-Id": self._target.org_id, "Last-Event-Id": last}
        url = f"{self._base}{_SSE}?_ts={uuid.uuid4().int % 10**13}"  # a new address at every attempt, past every cache
        return open_stream(self._network, url, headers)

    async def create(self, conversation: str, *, attributes: Mapping[str, str], language: str | None = None) -> None:
        """Create a conversation (createConversation).

        Args:
            conversation: A new UUID of version 4, lower case.
            attributes: Routing attributes: pre-chat and hidden pre-chat values.
            language: Locale such as `en_US`.
        """
        body: dict[str, Any] = {"conversationId": conversation, "esDeveloperName": self.deployment}
        if attributes:
            body["routingAttributes"] = dict(attributes)
        if language:
            body["language"] = language
        await self._request("createConversation", "POST", "/conversation", body)

    async def send_text(self, conversation: str, message: str, text: str, *, in_reply_to: str | None = None) -> None:
        """Send a text (sendMessage); `message` is the id that the echo and the receipts will name."""
        content = {
            "id": message,
            "messageType": "StaticContentMessage",
            "staticContent": {"formatType": "Text", "text": text},
        }
        await self._send(conversation, content, in_reply_to)

    async def send_choice(self, conversation: str, message: str, option: str, *, in_reply_to: str) -> None:
        """Answer a message with choices (sendMessage); `option` is the identifier of the one picked."""
        content = {
            "id": message,
            "messageType": "ChoicesResponseMessage",
            "choicesResponse": {"formatType": "Selections", "selectedOptions": [{"optionIdentifier": option}]},
        }
        await self._send(conversation, content, in_reply_to)

    async def send_form(
        self, conversation: str, message: str, values: Mapping[str, Value], *, in_reply_to: str
    ) -> None:
        """Answer a message with a form (sendMessage); `values` are by the name of their field."""
        inputs = [_input(name, value) for name, value in values.items()]
        content = {
            "id": message,
            "messageType": "FormResponseMessage",
            "formResponse": {"formatType": "Inputs", "inputValues": inputs},
        }
        await self._send(conversation, content, in_reply_to)

    async def send_file(self, conversation: str, message: str, file: File, text: str = "") -> None:
        """Send a file, and what is said to it (sendFile)."""
        content = {"id": message, "fileId": str(uuid.uuid4())} | ({"text": text} if text else {})
        entry = json.dumps({"esDeveloperName": self.deployment, "message": content}, ensure_ascii=False).encode()
        parts = {
            "messageEntry": (None, entry, "application/json"),
            "fileData": (file.name, file.content, file.type),
        }
        await self._request("sendFile", "POST", f"/conversation/{conversation}/file", files=parts)

    async def _send(self, conversation: str, message: dict[str, Any], in_reply_to: str | None) -> None:
        if in_reply_to:
            message["inReplyToMessageId"] = in_reply_to
        body = {"message": message, "esDeveloperName": self.deployment}
        await self._request("sendMessage", "POST", f"/conversation/{conversation}/message", body)

    async def typing(self, conversation: str, *, started: bool) -> None:
        """Say that the user started or stopped typing."""
        entry = {"entryType": f"Typing{'Started' if started else 'Stopped'}Indicator", "id": str(uuid.uuid4())}
        await self._request("sendTypingIndicator", "POST", f"/conversation/{conversation}/entry", entry)

    async def acknowledge(self, conversation: str, entries: Iterable[str], *hows: Literal["delivered", "read"]) -> None:
        """Acknowledge messages of the other side as delivered, as read, or as both."""
        acks = [
            {
                "id": str(uuid.uuid4()),
                "entryType": "Delivery" if how == "delivered" else "Read",
                "conversationEntryId": entry,
            }
            for entry in entries
            for how in hows
        ]
        path = f"/conversation/{conversation}/acknowledge-entries"
        for first in range(0, len(acks), _MOST_ACKS):
            await self._request("acknowledgeEntries", "POST", path, {"acks": acks[first : first + _MOST_ACKS]})

    async def end_session(self, conversation: str) -> None:
        """Leave the messaging session (endMessagingSession); the conversation stays open."""
        await self._request("endMessagingSession", "DELETE", f"/conversation/{conversation}/session")

    async def close(self, conversation: str) -> None:
        """Close the conversation (closeConversation)."""
        await self._request("closeConversation", "DELETE", f"/conversation/{conversation}")

    def _authorisation(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def _request(
        self,
        operation: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        files: Mapping[str, tuple[str | None, bytes, str]] | None = None,
    ) -> httpx.Response:
        url = f"{self._base}{_REST}{path}"
        params = {"esDeveloperName": self.deployment} if method == "DELETE" else None
        return await self._requests.send(
            operation, method, url, headers=self._authorisation(), params=params, body=body, files=files
        )


def _input(name: str, value: Value) -> dict[str, Any]:
    """A field of a form as it is sent. Source: the protocol notes, section 7.7."""
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
