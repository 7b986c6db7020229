"""The operations of Messaging for In-App and Web (REST v2) that an end user's client needs.

One client is one user's page or tab. Not here: the token (access.py), what takes none (deployment.py), how messages are
written (outgoing.py) and answers are read (told.py), what the events mean (protocols/miaw/mapping.py), when to do what
(scenarios/conversation.py).
Source: the protocol notes, sections 2 to 4; operations are named as the service's reference names them.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Self

from harness.client.access import Access
from harness.client.exchange import Exchange
from harness.client.history import MOST_ENTRIES, Window, all_entries
from harness.client.network import Network
from harness.client.outgoing import File, Start, choice, form, session_context, text_message
from harness.client.stream import EventStream, open_stream
from harness.client.target import Target
from harness.client.told import Conversations, Listed, RoutingStatus, told
from harness.errors import RemoteProtocolError
from harness.events.inputs import Value
from harness.events.text import quoted
from harness.protocols.miaw.models import ConversationEntry

_SSE = "/eventrouter/v1/sse"

_MOST_ACKS = 25
"""Acknowledgements in one request. Source: the sibling API's limit; this one's is not known (protocol notes, 9.1)."""


class MiawClient:
    """One end user's client.

    Every operation raises TargetUnreachable where nobody answers, ServiceRefused where the answer means no, and
    RemoteProtocolError where it is not one of this service.

    Args:
        network: Shared by all users of a run.
        target: The service under test.
        deployment: API name of the deployment; the target's own if empty.
        observe: Told of every answered request, also of refused ones.

    Attributes:
        deployment: API name of the deployment.
    """

    def __init__(
        self,
        network: Network,
        target: Target,
        *,
        deployment: str = "",
        observe: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        self._network, self._target, self._observe = network, target, observe
        self.deployment = deployment or target.deployment
        self._access = Access(network, target, self.deployment, observe)

    @classmethod
    def of_token(cls, token: str, network: Network, target: Target, *, deployment: str = "") -> Self:
        """Give the client of somebody whose access token is known already; the arguments are those of the class."""
        client = cls(network, target, deployment=deployment)
        client._access.take_up(token)
        return client

    # -- who the user is ----------------------------------------------------------------------------------------------

    @property
    def subject(self) -> str:
        """Who the user is to the service; empty until it has given a token."""
        return self._access.subject

    @property
    def told_time(self) -> float | None:
        """What the service's clock said when it gave the token, seconds since 1970; None if it did not say."""
        return self._access.told_time

    @property
    def token(self) -> str:
        """The access token; empty until the service has given one."""
        return self._access.token

    async def authenticate(self) -> None:
        """Take an access token: that of the customer whom the target names, or a guest's if it names none.

        The operations are generateAccessTokenForUnauthenticatedUser and generateAccessTokenForAuthenticatedUser.

        Raises:
            LocalProtocolError: The customer's key can't be read.
            RemoteProtocolError: The answer holds no token, or not the customer's.
        """
        if self._target.identity is None:
            await self._access.take()
        else:
            await self._access.take_as(self._target.identity)

    async def another(self) -> "MiawClient":
        """Give the same user another client, as a reloaded page or a further tab has it (generateContinuationToken).

        It has an event stream of its own, and its token is good for no longer than this one's.
        """
        other = MiawClient(self._network, self._target, deployment=self.deployment, observe=self._observe)
        other._access = await self._access.another()
        return other

    async def continue_from(self, other: "MiawClient") -> None:
        """Become a further client of that one's user, as `another` gives one."""
        await self._access.continue_from(other._access)

    @property
    def has_expired(self) -> bool:
        """Whether `expire` was called, and `restore` was not since."""
        return self._access.has_expired

    async def expire(self) -> None:
        """Send a token that is good for nothing from now on; see `Access.expire`."""
        self._access.expire()

    def restore(self) -> None:
        """Send the right token again, to leave nothing open."""
        self._access.restore()

    # -- conversations ------------------------------------------------------------------------------------------------

    def events(self, *, after: str = "") -> AbstractAsyncContextManager[EventStream]:
        """Open the event stream of this user's conversations.

        Args:
            after: Id of the last event that was heard; the token's own start if empty.

        Raises:
            TargetUnreachable, ServiceRefused, RemoteProtocolError: As `open_stream` does.
        """
        last = after or self._access.last_event_id
        headers = {**self._access.headers, "X-Org-Id": self._target.org_id, "Last-Event-Id": last}
        # a new address at every attempt, past every cache
        url = f"{self._access.url}{_SSE}?_ts={uuid.uuid4().int % 10**13}"
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
        await self._access.request("createConversation", "POST", "/conversation", body)

    async def conversations(self, *, closed: bool = False, limit: int = 20) -> list[Listed]:
        """List the user's conversations (listConversations), newest first, in whatever order the service has them.

        Args:
            closed: Those that are closed, too.
            limit: How many at most, up to 50.
        """
        name = "listConversations"
        params = {"inclClosedConvs": str(closed).lower(), "limit": str(limit)}
        response = await self._access.request(name, "GET", "/conversation/list", params=params)
        listed = told(name, Conversations, response).conversations
        return sorted(listed, key=lambda one: one.start_timestamp, reverse=True)

    async def routing_status(self, conversation: str) -> str:
        """Ask to whom a conversation is routed (conversation routing status).

        Returns:
            `INITIAL`, `NEEDS_ROUTING`, `ROUTED` or `TRANSFER`.
        """
        name = "getRoutingStatus"
        response = await self._access.request(name, "GET", f"/conversation/{conversation}")
        return told(name, RoutingStatus, response).routing_status

    async def entries(
        self,
        conversation: str,
        *,
        types: Iterable[str] = (),
        start: int | None = None,
        end: int | None = None,
        from_start: bool = False,
        page: int = MOST_ENTRIES,
    ) -> list[ConversationEntry]:
        """List what was said and done (listConversationEntries), all of it, each entry once.

        Args:
            conversation: Its id.
            types: Types of entries; all that the service keeps if none is given.
            start: Not before this time, epoch milliseconds.
            end: Not after this time, epoch milliseconds.
            from_start: Oldest first; newest first if not.
            page: How many to ask for at once, up to 50.
        """
        window = Window(tuple(types), start, end, from_start)
        return await all_entries(self._access, conversation, window, page=page)

    async def transcript(self, conversation: str) -> bytes:
        """Download a conversation as a PDF document (conversation transcript)."""
        path = f"/conversation/{conversation}/transcript"
        response = await self._access.request("retrieveTranscript", "GET", path, accept="application/pdf")
        if not response.content.startswith(b"%PDF-"):
            raise RemoteProtocolError(
                f"retrieveTranscript was answered {response.status_code} with something that is no PDF document: "
                f"{quoted(response.text, limit=200)}"
            )
        return response.content

    async def end_session(self, conversation: str) -> None:
        """Leave the messaging session (endMessagingSession); the conversation stays open."""
        path = f"/conversation/{conversation}/session"
        await self._access.request("endMessagingSession", "DELETE", path, params=self._named)

    async def close(self, conversation: str) -> None:
        """Close the conversation (closeConversation)."""
        path = f"/conversation/{conversation}"
        await self._access.request("closeConversation", "DELETE", path, params=self._named)

    # -- what the user says and does ----------------------------------------------------------------------------------

    async def send_text(
        self,
        conversation: str,
        message: str,
        text: str,
        *,
        in_reply_to: str | None = None,
        start: Start | None = None,
        context: Mapping[str, str | Mapping[str, Any]] | None = None,
    ) -> None:
        """Send a text (sendMessage).

        Args:
            conversation: Where.
            message: The id that the echo and the receipts will name.
            text: A link at its start or end gets a message of its own from the service, whose id is not known before.
            in_reply_to: The message that it answers.
            start: Start a session with it; services may want that after one has ended (417).
            context: What the session is to know: texts or objects by name.
        """
        more = {"context": session_context(context)} if context else {}
        await self._send(conversation, text_message(message, text), in_reply_to, start, more)

    async def send_choice(
        self, conversation: str, message: str, *options: str, in_reply_to: str, start: Start | None = None
    ) -> None:
        """Answer a message with choices (sendMessage); `options` are the identifiers of those picked."""
        await self._send(conversation, choice(message, options), in_reply_to, start)

    async def send_form(
        self,
        conversation: str,
        message: str,
        values: Mapping[str, Value],
        *,
        in_reply_to: str,
        start: Start | None = None,
    ) -> None:
        """Answer a message with a form (sendMessage); `values` are by the name of their field."""
        await self._send(conversation, form(message, values), in_reply_to, start)

    async def send_file(
        self,
        conversation: str,
        message: str,
        file: File,
        text: str = "",
        *,
        in_reply_to: str | None = None,
        start: Start | None = None,
    ) -> None:
        """Send a file, and what is said to it (sendFile)."""
        content = {"id": message, "fileId": str(uuid.uuid4())} | ({"text": text} if text else {})
        entry = json.dumps(self._body(content, in_reply_to, start), ensure_ascii=False).encode()
        parts = {"messageEntry": (None, entry, "application/json"), "fileData": (file.name, file.content, file.type)}
        await self._access.request("sendFile", "POST", f"/conversation/{conversation}/file", files=parts)

    async def typing(self, conversation: str, *, started: bool) -> None:
        """Say that the user started or stopped typing (typing indicator)."""
        entry = {"entryType": f"Typing{'Started' if started else 'Stopped'}Indicator", "id": str(uuid.uuid4())}
        await self._access.request("sendTypingIndicator", "POST", f"/conversation/{conversation}/entry", entry)

    async def acknowledge(self, conversation: str, entries: Iterable[str], *hows: Literal["delivered", "read"]) -> None:
        """Acknowledge messages of the other side as delivered, as read, or as both (delivery and read receipts)."""
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
            await self._access.request("acknowledgeEntries", "POST", path, {"acks": acks[first : first + _MOST_ACKS]})

    @property
    def _named(self) -> dict[str, str]:
        return {"esDeveloperName": self.deployment}

    def _body(self, message: dict[str, Any], in_reply_to: str | None, start: Start | None) -> dict[str, Any]:
        if in_reply_to:
            message["inReplyToMessageId"] = in_reply_to
        return {"message": message, **self._named, **(start.body() if start else {})}

    async def _send(
        self,
        conversation: str,
        message: dict[str, Any],
        in_reply_to: str | None,
        start: Start | None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        body = {**self._body(message, in_reply_to, start), **(more or {})}
        await self._access.request("sendMessage", "POST", f"/conversation/{conversation}/message", body)
