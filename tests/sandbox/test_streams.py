"""Event streams: what is told, to whom, from where on, and how it ends."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.sandbox.server import Sandbox

from .conftest import Visit, visitors
from .end_user import ORG, EndUser

SAMPLES = Path(__file__).parents[1] / "protocols/miaw/data/rest"
CREATION = [
    "CONVERSATION_ROUTING_RESULT",
    "CONVERSATION_ROUTING_WORK_RESULT",
    "CONVERSATION_ROUTING_WORK_RESULT",
    "CONVERSATION_SESSION_STATUS_CHANGED",
    "CONVERSATION_SESSION_STATUS_CHANGED",
    "CONVERSATION_PARTICIPANT_CHANGED",
    "CONVERSATION_TYPING_STARTED_INDICATOR",
    "CONVERSATION_MESSAGE",
    "CONVERSATION_TYPING_STOPPED_INDICATOR",
]
STOPPED = "CONVERSATION_TYPING_STOPPED_INDICATOR"
LAST_WORDS = "turns: [{otherwise: true, do: [{message: Hello.}]}]"


def sse(end_user: EndUser, **headers: str) -> dict[str, Any]:
    """Give the request for a stream."""
    return {"url": "/eventrouter/v1/sse", "headers": {**end_user.headers, "X-Org-Id": ORG, **headers}}


async def test_a_stream_is_answered_as_the_sample_shows(visit: Visit) -> None:
    """Status and headers are the sample's; the first event is a ping, without an id."""
    like = json.loads((SAMPLES / "sse__response_200.json").read_text(encoding="utf-8"))
    end_user = await visit()
    async with end_user.listen() as ear:
        assert ear.response.status_code == like["status"]
        assert {name: ear.response.headers[name] for name in like["headers"]} == like["headers"]
        ping = await ear.next()
        assert (ping.event, ping.id, ping.data) == ("ping", "", 0)


@pytest.mark.parametrize("order", ["stream first", "conversation first"])
@pytest.mark.parametrize(
    "resume", [pytest.param(True, id="from the token's position"), pytest.param(False, id="from nowhere")]
)
async def test_a_greeting_is_told_in_both_orders(visit: Visit, order: str, resume: bool) -> None:
    """Whether the stream or the conversation comes first, every event of the creation is told, in order."""
    end_user = await visit()
    if order == "conversation first":
        await end_user.create()
    async with end_user.listen(end_user.last_event_id if resume else None) as ear:
        if order == "stream first":
            await end_user.create()
        heard = await ear.until_event(STOPPED)
    assert [event.event for event in heard] == CREATION
    assert [event.entry["entryType"] for event in heard[:3]] == [
        "RoutingResult",
        "RoutingWorkResult",
        "RoutingWorkResult",
    ]
    assert [event.payload["workType"] for event in heard[1:3]] == ["Assigned", "Accepted"]
    statuses = [(event.payload["sessionStatusPrev"], event.payload["sessionStatus"]) for event in heard[3:5]]
    assert statuses == [("New", "Waiting"), ("Waiting", "Active")]
    assert heard[5].payload["entries"][0]["participant"]["role"] == "Chatbot"
    assert heard[7].text is not None
    assert "Harbour Assistant" in heard[7].text


async def test_ids_increase(visit: Visit) -> None:
    """Every event but a ping has an id, larger than all before and than the token's."""
    end_user = await visit()
    async with end_user.listen() as ear:
        await end_user.create()
        heard = await ear.until_event(STOPPED)
        await end_user.say("Where is my order ORD-1001?")
        heard += await ear.until_event(STOPPED)
    ids = [int(end_user.last_event_id), *(int(event.id) for event in heard)]
    assert all(earlier < later for earlier, later in pairwise(ids))


async def test_the_wire_is_made_of_plain_lines(visit: Visit) -> None:
    """LF ends every line, and an event has one line of data; clients that split by hand rely on it."""
    end_user = await visit()
    async with end_user.listen() as ear:
        await end_user.create()
        await ear.until_event(STOPPED)
    assert b"\r" not in ear.raw
    for frame in ear.raw.decode().removesuffix("\n\n").split("\n\n"):
        assert [line.split(":")[0] for line in frame.split("\n") if line] in (
            ["event", "data"],
            ["event", "id", "data"],
        )


async def test_a_message_is_echoed_once(visit: Visit) -> None:
    """The end user's message comes back exactly once, with the id it was given, before the bot does anything."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        said = await end_user.say("hello there")
        heard = await ear.until_event(STOPPED)
    echoes = [event for event in heard if event.role == "EndUser"]
    assert [(event.entry["identifier"], event.text) for event in echoes] == [(said, "hello there")]
    assert heard[0] == echoes[0]
    assert echoes[0].entry["senderDisplayName"] == "Guest"


async def test_a_reply_is_echoed_as_one(visit: Visit) -> None:
    """What a message answers comes back with it."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        greeting = (await ear.until_text("Hello"))[-1]
        body = end_user.text("Yes", inReplyToMessageId=greeting.entry["identifier"])
        assert (await end_user.send(body)).status_code == 202
        echo = (await ear.until_text("Yes"))[-1]
    assert echo.payload["abstractMessage"]["inReplyToMessageId"] == greeting.entry["identifier"]


async def test_all_streams_of_an_end_user_hear_everything(visit: Visit) -> None:
    """Two tabs get the same events with the same ids; somebody else gets none."""
    end_user, stranger = await visit(), await visit()
    async with end_user.listen() as one, end_user.listen() as two, stranger.listen() as other:
        await end_user.create()
        first, second = await one.until_event(STOPPED), await two.until_event(STOPPED)
        assert first == second
        await stranger.create()
        theirs = await other.until_event(STOPPED)
    assert {event.data["conversationId"] for event in theirs} == {stranger.conversation}


async def test_a_stream_carries_all_conversations_of_its_end_user(visit: Visit) -> None:
    """One stream tells of every conversation; clients tell them apart by id."""
    end_user = await visit()
    first = end_user.conversation
    async with end_user.listen() as ear:
        await end_user.create()
        await ear.until_event(STOPPED)
        end_user.conversation = "120291b7-bc94-43c5-8d01-9ba521eee2d6"
        await end_user.create()
        heard = await ear.until_event(STOPPED)
    assert {event.data["conversationId"] for event in heard} == {end_user.conversation} != {first}


# Resuming


async def test_a_stream_resumes_after_the_last_event_seen(visit: Visit) -> None:
    """Last-Event-Id gets what came after it, missed or not, and then what is new."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        heard = await ear.until_event(STOPPED)
    said = await end_user.say("hello there")
    async with end_user.listen(heard[3].id) as ear:
        again = await ear.until_event(STOPPED)
        missed = await ear.until_event(STOPPED)
    assert again == heard[4:]
    assert missed[0].entry["identifier"] == said


@pytest.mark.parametrize("after", [None, "0", ""])
async def test_a_later_stream_from_nowhere_gets_only_what_is_new(visit: Visit, after: str | None) -> None:
    """Without a position, a stream that isn't the end user's first starts now."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
    async with end_user.listen(after) as ear:
        said = await end_user.say("hello there")
        heard = await ear.until_event(STOPPED)
    assert heard[0].entry["identifier"] == said


async def test_replay_is_bounded() -> None:
    """Only the last events are kept."""
    async with Sandbox(replay=2) as sandbox, visitors(sandbox) as visit:
        end_user = await visit()
        async with end_user.listen() as ear:
            await end_user.create()
            heard = await ear.until_event(STOPPED)
        async with end_user.listen(heard[0].id) as ear:
            assert await ear.until_event(STOPPED) == heard[-2:]


# Capabilities


@pytest.mark.parametrize(
    ("capabilities", "progress", "tokens"),
    [
        ("1", False, False),
        ("60", False, False),
        ("61", False, False),
        ("62", True, False),
        ("63", True, True),
        ("66", True, True),
    ],
)
async def test_a_client_gets_what_it_understands(visit: Visit, capabilities: str, progress: bool, tokens: bool) -> None:
    """Progress needs 62 and streaming 63; the final message is told to everybody."""
    end_user = await visit(capabilities=capabilities)
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        await end_user.say("Where is my order ORD-1001?")
        heard = await ear.until_event(STOPPED)
    names = {event.event for event in heard}
    assert ("CONVERSATION_PROGRESS_INDICATOR" in names, "CONVERSATION_STREAMING_TOKEN" in names) == (progress, tokens)
    assert [event.text for event in heard if event.role == "Chatbot" and event.text][-1].endswith("12 March.")


# Refusals


async def test_a_stream_needs_a_token(visit: Visit) -> None:
    """Without a good token a stream is answered with 401 and a body of its own form."""
    like = json.loads((SAMPLES / "sse__response_401.json").read_text(encoding="utf-8"))
    end_user = await visit()
    for headers in ({"X-Org-Id": ORG}, {"X-Org-Id": ORG, "Authorization": "Bearer x"}):
        response = await end_user.http.get("/eventrouter/v1/sse", headers=headers)
        body = response.json()
        assert (response.status_code, body.keys()) == (401, like["body"].keys())
        assert {**body, "timestamp": ""} == {**like["body"], "timestamp": ""}


@pytest.mark.parametrize("org", [f"{ORG}EAY", "00DWt000004QkLm", "", None])
async def test_a_stream_needs_the_short_organisation_id(visit: Visit, org: str | None) -> None:
    """Another organisation, its id of 18 characters, or none at all is answered with 400 and a text."""
    end_user = await visit()
    headers = {**end_user.headers, **({"X-Org-Id": org} if org is not None else {})}
    response = await end_user.http.get("/eventrouter/v1/sse", headers=headers)
    assert (response.status_code, response.text) == (400, "OrgId in the header and token must match")
    assert response.headers["Content-Type"].startswith("text/plain")


async def test_a_position_is_a_number(visit: Visit) -> None:
    """What can't be an event's id is answered with 400."""
    end_user = await visit()
    response = await end_user.http.get(**sse(end_user, **{"Last-Event-Id": "abc"}))
    assert (response.status_code, response.text) == (400, "Last-Event-Id must be a number")


# Pings and ends


async def test_pings_come_all_the_time() -> None:
    """A silent stream is kept alive."""
    async with Sandbox(ping_interval=0.01) as sandbox, visitors(sandbox) as visit:
        end_user = await visit()
        async with end_user.listen() as ear:
            assert [(await ear.next()).event for _ in range(4)] == ["ping"] * 4


async def test_a_stream_ends_with_its_token() -> None:
    """When the token expires, raw words are written and the stream ends in good order."""
    async with Sandbox(token_lifetime=0.5) as sandbox, visitors(sandbox) as visit:
        end_user = await visit()
        async with end_user.listen() as ear:
            assert await ear.rest() == []
    assert ear.raw.endswith(b"\n\nJwt is expired")


async def test_a_dropped_stream_is_broken_off_between_events(meet: Visit) -> None:
    """The connection is lost without the end of the response; what is told meanwhile is told to who resumes."""
    end_user = await meet("greeting: [{message: Before.}, {drop: true}, {message: After.}]")
    async with end_user.listen() as ear:
        await end_user.create()
        heard = await ear.until_text("Before.")
        with pytest.raises(httpx.RemoteProtocolError):
            await ear.rest()
    assert ear.raw.endswith(b"\n\n")
    async with end_user.listen(heard[-1].id) as ear:
        assert [event.text for event in await ear.until_text("After.")] == ["After."]


async def test_a_stream_can_be_broken_off_inside_an_event(meet: Visit) -> None:
    """Half an event is on the wire when the connection is lost; who resumes gets all of it."""
    end_user = await meet("greeting: [{message: Before.}, {half_event: A sentence in two parts.}]")
    async with end_user.listen() as ear:
        await end_user.create()
        heard = await ear.until_text("Before.")
        with pytest.raises(httpx.RemoteProtocolError):
            await ear.rest()
    half = ear.raw.rpartition(b"\n\n")[2]
    assert half.startswith(b"event")
    assert b"CONVERSATION_MESSAGE" in half
    async with end_user.listen(heard[-1].id) as ear:
        [whole] = await ear.until_text("A sentence in two parts.")
    assert whole.role == "Chatbot"


async def test_large_messages_arrive_whole(meet: Visit) -> None:
    """A million characters are one event."""
    end_user = await meet("greeting: [{text_of_size: 1000000}]")
    await end_user.create()
    async with end_user.listen() as ear:
        heard = await ear.until_event("CONVERSATION_MESSAGE")
    assert heard[-1].text is not None
    assert len(heard[-1].text) == 1_000_000


async def test_a_client_that_leaves_is_forgotten(visit: Visit) -> None:
    """After a stream is closed by the client, the conversation goes on for the next one."""
    end_user = await visit()
    await end_user.create()
    for _ in range(3):
        async with end_user.listen() as ear:
            await ear.next()
    async with end_user.listen() as ear:
        await end_user.say("hello")
        await ear.until_event(STOPPED)
