"""Whatever a service sends, clients end with an answer or with an error of the harness, and never with another."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.client.miaw import MiawClient
from harness.client.network import Network
from harness.client.stream import Batch, open_stream
from harness.client.target import Target, Timeouts
from harness.errors import HarnessError
from harness.events.base import to_json
from harness.protocols.miaw.mapping import events_of
from harness.protocols.sse import Frame
from harness.scenarios.customer import live_customer
from harness.settings import sandbox_target
from harness.user.persona import persona

from .servers import Answering, saying, serving

DATA = Path(__file__).parents[1] / "protocols" / "miaw" / "data"
STREAMS = [path.read_bytes() for path in sorted(DATA.rglob("*.sse"))]
BODIES = [path.read_bytes() for path in sorted((DATA / "rest").rglob("*.json"))]
EVENTS = [path.read_text() for path in sorted((DATA / "events").rglob("*.json"))]
A_CONVERSATION = "0b1a4e8c-3f5e-4c37-9d1a-0f0e4a4b9f10"
AN_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"

OPERATIONS: dict[str, Callable[[MiawClient], Awaitable[Any]]] = {
    "authenticate": lambda client: client.authenticate(),
    "create": lambda client: client.create(A_CONVERSATION, attributes={}),
    "conversations": lambda client: client.conversations(),
    "routing_status": lambda client: client.routing_status(A_CONVERSATION),
    "entries": lambda client: client.entries(A_CONVERSATION),
    "transcript": lambda client: client.transcript(A_CONVERSATION),
    "send_text": lambda client: client.send_text(A_CONVERSATION, A_CONVERSATION, "Hello"),
    "close": lambda client: client.close(A_CONVERSATION),
}

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
patience = Timeouts.model_validate({"connect": "5s", "request": "2s", "first_event": "2s", "silence": "2s"})


@st.composite
def mutated(draw: st.DrawFn, sources: list[bytes]) -> bytes:
    """A sample with pieces cut out, doubled, overwritten, or moved."""
    data = draw(st.sampled_from(sources)) if sources else b""
    for _ in range(draw(st.integers(0, 4))):
        a, b = sorted(draw(st.tuples(st.integers(0, len(data)), st.integers(0, len(data)))))
        put = draw(st.one_of(st.just(b""), st.binary(max_size=12), st.just(data[a:b] * 2), st.just(data[b:])))
        data = data[:a] + put + data[b:]
    return data


@st.composite
def misshapen(draw: st.DrawFn) -> str:
    """An event of the service in which some values are others, or gone."""
    event = json.loads(draw(st.sampled_from(EVENTS)))
    for _ in range(draw(st.integers(1, 3))):
        spoil(draw, event)
    return json.dumps(event)


def spoil(draw: st.DrawFn, event: Any) -> None:
    """Change one value of a document, however deep, and inside the document that stands in it as a text."""
    here = event
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here))) if isinstance(here, list) else []
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        if key == "entryPayload" and isinstance(here[key], str):
            try:
                inner = json.loads(here[key])
            except ValueError:
                return
            spoil(draw, inner)
            here[key] = json.dumps(inner)
            return
        if isinstance(here[key], dict | list) and here[key] and draw(st.booleans()):
            here = here[key]
            continue
        if draw(st.booleans()) and isinstance(here, dict):
            del here[key]
        else:
            here[key] = draw(values)
        return


@given(st.binary(max_size=200) | mutated([event.encode() for event in EVENTS]), st.text(max_size=30))
def test_any_bytes_as_an_event_are_events_of_ours(data: bytes, name: str) -> None:
    """What can't be understood is an event that says so."""
    frame = Frame(event=name, data=data.decode("utf-8", "replace"), id="1")
    for event in events_of(frame, earliest=0.0, at=1.0, conversation=A_CONVERSATION):
        assert str(event)
        assert to_json(event)


@given(
    misshapen(),
    st.sampled_from(["CONVERSATION_MESSAGE", "CONVERSATION_STREAMING_TOKEN", "CONVERSATION_ROUTING_RESULT"]),
)
def test_an_event_with_other_values_is_an_event_of_ours(data: str, name: str) -> None:
    """Numbers for texts, lists for objects, nothing at all."""
    event = json.loads(data)
    conversation = event.get("conversationId") if isinstance(event, dict) else None
    for about in (conversation if isinstance(conversation, str) else "", A_CONVERSATION):
        for event in events_of(Frame(event=name, data=data, id="1"), earliest=0.0, at=1.0, conversation=about):
            assert str(event)


async def asked(answering: Answering, operation: str) -> None:
    """Ask a server for something; only an error of the harness may come of it."""
    async with serving(answering) as url:
        target = here(url)
        async with Network(target) as network:
            client = MiawClient(network, target)
            with suppress(HarnessError):
                await OPERATIONS[operation](client)


def here(url: str) -> Target:
    """A server as a target that is waited for only shortly."""
    return sandbox_target(url).model_copy(update={"timeouts": patience})


@settings(max_examples=60)
@given(st.binary(max_size=300) | mutated(BODIES), st.sampled_from(sorted(OPERATIONS)), st.sampled_from([200, 201, 202]))
def test_any_body_is_an_answer_or_an_error_of_ours(body: bytes, operation: str, status: int) -> None:
    """Answers in JSON that is none, or says something else."""
    asyncio.run(asked(saying(f"{status} Fine", "application/json", body), operation))


@settings(max_examples=60)
@given(
    st.binary(max_size=200)
    | mutated([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"]),
    st.sampled_from(sorted(OPERATIONS)),
)
def test_any_bytes_for_http_are_an_error_of_ours(answer: bytes, operation: str) -> None:
    """Answers that are no HTTP, or half of it, and then the connection is closed."""

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    asyncio.run(asked(answering, operation))


@settings(max_examples=60)
@given(st.binary(max_size=300) | mutated(STREAMS), st.integers(1, 64))
def test_any_bytes_on_an_event_stream_are_events_or_an_error_of_ours(body: bytes, chunk: int) -> None:
    """Read in pieces, as frames and as the events that they are."""

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for start in range(0, len(body), chunk * 16):
            writer.write(body[start : start + chunk * 16])
            await writer.drain()

    async def listen() -> None:
        def hear(batch: Batch) -> None:
            for frame in batch.frames:
                for event in events_of(
                    frame, earliest=batch.arrival.earliest, at=batch.arrival.at, conversation=A_CONVERSATION
                ):
                    assert str(event)

        async with serving(answering) as url, Network(here(url)) as network:
            with suppress(HarnessError):
                async with open_stream(network, url, {}) as stream:
                    await stream.listen(hear)

    asyncio.run(listen())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"accessToken": 7, "lastEventId": {}}', b"\xff\xfe"])
async def test_a_scenario_at_such_a_service_ends_with_an_error_of_ours(body: bytes) -> None:
    """From the first request on."""
    async with serving(saying("200 OK", "application/json", body)) as url:
        target = here(url)
        async with Network(target) as network:
            customer = live_customer(persona("fuzz"), target, network)
            with pytest.raises(HarnessError):
                await customer.open()
