"""An end user of the sandbox: plain httpx and nothing of the harness's own client, so that two readings meet."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from harness.protocols.sse import Frame, SSEDecoder

REST = "/iamessage/api/v2"
ORG = "00DHb0000004QkL"
DEADLINE = 10.0


@dataclass(frozen=True)
class Heard:
    """One event of the stream, decoded twice."""

    event: str
    id: str
    data: Any

    @property
    def entry(self) -> dict[str, Any]:
        """The entry."""
        entry: dict[str, Any] = self.data["conversationEntry"]
        return entry

    @property
    def payload(self) -> dict[str, Any]:
        """The payload of the entry."""
        payload: dict[str, Any] = json.loads(self.entry["entryPayload"])
        return payload

    @property
    def text(self) -> str | None:
        """The text of a message, static or of choices; None for everything else."""
        message = self.payload.get("abstractMessage", {})
        text: str | None = (message.get("staticContent") or message.get("choices") or {}).get("text")
        return text

    @property
    def role(self) -> str:
        """The role of the sender."""
        return str(self.entry["sender"]["role"])


class Ear:
    """An open event stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.raw = b""
        self._chunks = response.aiter_raw()
        self._decoder = SSEDecoder(max_line=1 << 24, max_event=1 << 24)
        self._waiting: list[Frame] = []
        self._reading: asyncio.Future[bytes] | None = None

    async def more(self) -> None:
        """Take the next bytes, whatever they are; the end of the stream is an EOFError.

        Who gives up waiting loses nothing: the next one waits for the same bytes.
        """
        if self._reading is None:
            self._reading = asyncio.ensure_future(anext(self._chunks))
        try:
            chunk = await asyncio.shield(self._reading)
        except StopAsyncIteration:
            raise EOFError from None
        self._reading = None
        self.raw += chunk
        self._waiting += [frame for frame in self._decoder.feed(chunk) if isinstance(frame, Frame)]

    async def leave(self) -> None:
        """Give up what is being waited for."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def next(self) -> Heard:
        """Give the next event; the end of the stream is an EOFError."""
        async with asyncio.timeout(DEADLINE):
            while not self._waiting:
                await self.more()
        frame = self._waiting.pop(0)
        try:
            data = json.loads(frame.data)
        except ValueError:
            data = frame.data
        return Heard(frame.event, frame.id, data)

    async def until(self, is_last: Callable[[Heard], bool]) -> list[Heard]:
        """Give the events up to the one that is meant, without pings."""
        heard = []
        while True:
            event = await self.next()
            if event.event != "ping":
                heard.append(event)
                if is_last(event):
                    return heard

    async def until_event(self, name: str, times: int = 1) -> list[Heard]:
        """Give the events up to the n-th of a name."""
        heard: list[Heard] = []
        for _ in range(times):
            heard += await self.until(lambda event: event.event == name)
        return heard

    async def until_text(self, fragment: str) -> list[Heard]:
        """Give the events up to a message that holds some words."""
        return await self.until(lambda event: event.event == "CONVERSATION_MESSAGE" and fragment in (event.text or ""))

    async def rest(self) -> list[Heard]:
        """Give what comes until the stream ends in good order, without pings."""
        heard = []
        try:
            while True:
                heard.append(await self.next())
        except EOFError:
            return [event for event in heard if event.event != "ping"]


class EndUser:
    """Somebody with a token, and a conversation if they want one."""

    def __init__(self, http: httpx.AsyncClient, deployment: str, capabilities: str) -> None:
        self.http, self.deployment, self.capabilities = http, deployment, capabilities
        self.conversation = str(uuid4())
        self.headers: dict[str, str] = {}
        self.last_event_id = ""

    async def sign_in(self, customer: str = "") -> dict[str, Any]:
        """Take a token, that of a verified customer if their JWT is given."""
        request = {
            "orgId": ORG,
            "esDeveloperName": self.deployment,
            "capabilitiesVersion": self.capabilities,
            "platform": "Web",
        }
        who = "unauthenticated"
        if customer:
            who = "authenticated"
            request |= {"authorizationType": "JWT", "customerIdentityToken": customer}
        response = await self.http.post(f"{REST}/authorization/{who}/access-token", json=request)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        self.headers = {"Authorization": f"Bearer {body['accessToken']}"}
        self.last_event_id = body["lastEventId"]
        return body

    async def another(self) -> "EndUser":
        """Give the same end user in a further tab, with a continuation token."""
        response = await self.http.get(f"{REST}/authorization/continuation-access-token", headers=self.headers)
        assert response.status_code == 200, response.text
        other = EndUser(self.http, self.deployment, self.capabilities)
        other.conversation, other.last_event_id = self.conversation, response.json()["lastEventId"]
        other.headers = {"Authorization": f"Bearer {response.json()['accessToken']}"}
        return other

    async def create(self, **attributes: str) -> None:
        """Create the conversation."""
        body: dict[str, Any] = {"conversationId": self.conversation, "esDeveloperName": self.deployment}
        body |= {"routingAttributes": attributes} if attributes else {}
        response = await self.http.post(f"{REST}/conversation", headers=self.headers, json=body)
        assert response.status_code == 201, response.text

    @property
    def path(self) -> str:
        """The path of the conversation."""
        return f"{REST}/conversation/{self.conversation}"

    def text(self, said: str, **more: Any) -> dict[str, Any]:
        """Give the body that says something; `more` goes into the message."""
        content = {"formatType": "Text", "text": said}
        message = {"id": str(uuid4()), "messageType": "StaticContentMessage", "staticContent": content, **more}
        return {"message": message, "esDeveloperName": self.deployment}

    async def send(self, body: dict[str, Any]) -> httpx.Response:
        """Send a message."""
        return await self.http.post(f"{self.path}/message", headers=self.headers, json=body)

    async def say(self, said: str) -> str:
        """Say something and give the message's id."""
        body = self.text(said)
        response = await self.send(body)
        assert response.status_code == 202, response.text
        return str(body["message"]["id"])

    def selection(self, offer: Heard, label: str) -> dict[str, Any]:
        """Give the body that chooses an option of a message."""
        items = offer.payload["abstractMessage"]["choices"]["optionItems"]
        chosen = next(item["optionIdentifier"] for item in items if item["titleItem"]["title"] == label)
        message = {
            "id": str(uuid4()),
            "messageType": "ChoicesResponseMessage",
            "inReplyToMessageId": offer.entry["identifier"],
            "choicesResponse": {"formatType": "Selections", "selectedOptions": [{"optionIdentifier": chosen}]},
        }
        return {"message": message, "esDeveloperName": self.deployment}

    async def choose(self, offer: Heard, label: str) -> None:
        """Choose an option of a message."""
        response = await self.send(self.selection(offer, label))
        assert response.status_code == 202, response.text

    async def delete(self, path: str = "") -> httpx.Response:
        """End the session (`/session`) or close the conversation."""
        params = {"esDeveloperName": self.deployment}
        return await self.http.delete(f"{self.path}{path}", headers=self.headers, params=params)

    async def get(self, path: str = "", **params: Any) -> httpx.Response:
        """Ask about the conversation; the path begins with a slash."""
        return await self.http.get(f"{self.path}{path}", headers=self.headers, params=params)

    async def entries(self) -> list[dict[str, Any]]:
        """Give the entries that the service has kept, the oldest first."""
        response = await self.http.get(f"{self.path}/entries?limit=50", headers=self.headers)
        assert response.status_code == 200, response.text
        return list(reversed(response.json()["conversationEntries"]))

    @asynccontextmanager
    async def listen(self, after: str | None = None) -> AsyncIterator[Ear]:
        """Open a stream; `after` is sent as Last-Event-Id."""
        headers = {**self.headers, "X-Org-Id": ORG, "Accept": "text/event-stream"}
        if after is not None:
            headers["Last-Event-Id"] = after
        async with self.http.stream("GET", "/eventrouter/v1/sse", headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            ear = Ear(response)
            try:
                yield ear
            finally:
                await ear.leave()
