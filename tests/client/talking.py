"""The harness's own client in a conversation with a bot that the test writes itself."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.client.miaw import MiawClient
from harness.client.network import Network
from harness.client.stream import EventStream
from harness.client.target import Target
from harness.protocols.miaw.models import Envelope, parse
from harness.protocols.sse import Frame
from harness.sandbox.server import Sandbox

DEADLINE = 10.0
BOT = """\
attachments: true
greeting:
  - message: Hello {_firstName}
  - buttons: {text: What is it about?, options: [Card, Loan]}
  - form:
      title: Your claim
      fields:
        - {label: Name, required: true}
        - {label: Day, type: date}
        - {label: Moment, type: date_time}
        - {label: Topic, type: choice, options: [Card, Loan]}
turns:
  - choice: Loan
    do: [{message: A loan then.}]
  - form: Your claim
    do: [{message: "{name} on {day} at {moment}: {topic}"}]
  - file: .
    do: [{message: "I have got {file}"}]
  - otherwise: true
    do: [{message: Yes?}]
"""


class Talk:
    """A client with a conversation, and what it hears."""

    def __init__(self, client: MiawClient, stream: EventStream) -> None:
        self.client, self.id = client, str(uuid4())
        self._batches = stream.batches()
        self._waiting: list[Envelope] = []
        self.heard: list[Envelope] = []

    async def until(self, says: str) -> dict[str, Any]:
        """Listen until an entry says something, and give its payload."""
        async with asyncio.timeout(DEADLINE):
            while True:
                while self._waiting:
                    one = self._waiting.pop(0)
                    self.heard.append(one)
                    payload = one.conversation_entry.entry_payload.model_dump(by_alias=True, mode="json")
                    if says in json.dumps(payload):
                        return payload
                batch = await anext(self._batches)
                frames = [frame for frame in batch.frames if isinstance(frame, Frame) and frame.event != "ping"]
                self._waiting += [parse(frame.data) for frame in frames]


Meet = Callable[..., Awaitable[MiawClient]]
"""What makes a client of a bot, signed in: of a script, with an identity, with options of the sandbox."""


@asynccontextmanager
async def meeting(folder: Path, script: str, **options: Any) -> AsyncIterator[tuple[Target, Network]]:
    """Serve a bot, and give the way to it."""
    path = folder / "test.bot.yaml"
    path.write_text(f"bot: Test Bot\ndeployment: Test\n{script}", encoding="utf-8")
    async with Sandbox([path], **options) as sandbox, Network() as network:
        yield Target(name="test", url=sandbox.url, org_id=Sandbox.org_id, deployment="Test"), network


@asynccontextmanager
async def talking(client: MiawClient, **attributes: str) -> AsyncIterator[Talk]:
    """Open a conversation."""
    async with client.events() as stream:
        talk = Talk(client, stream)
        await client.create(talk.id, attributes=attributes, language="pt_PT")
        yield talk
