"""What faults do to event streams, as a plain client meets it on the wire."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.sandbox.player import LATE, NOT_WHAT_WAS_STREAMED
from harness.sandbox.server import Sandbox
from harness.sandbox.telling import UNKNOWN_ENTRY, UNKNOWN_EVENT, UNKNOWN_FORMAT, UNKNOWN_MESSAGE

from .conftest import Visit, visitors
from .end_user import DEADLINE, ORG, Ear, EndUser, Heard

BOT = """
bot: Faulty Bot
deployment: Faulty
greeting: [{message: Hello.}]
turns:
- when: order
  do:
  - acknowledge: delivered
  - acknowledge: read
  - typing: started
  - progress: Looking it up.
  - stream: {pieces: [It, " has", " shipped."], gap: 0ms}
  - typing: stopped
- when: person
  do: [{handover: {to: Rita M, queue: [1], gap: 0ms, then: [{message: Rita here.}]}}]
- when: bye
  do: [{end_session: true}]
- otherwise: true
  do: [{message: Hm.}]
"""
CREATED = [
    "ROUTING_RESULT",
    "ROUTING_WORK_RESULT",
    "ROUTING_WORK_RESULT",
    "SESSION_STATUS_CHANGED",
    "SESSION_STATUS_CHANGED",
    "PARTICIPANT_CHANGED",
    "MESSAGE",
]
ORDER = [
    "MESSAGE",
    "DELIVERY_ACKNOWLEDGEMENT",
    "READ_ACKNOWLEDGEMENT",
    "TYPING_STARTED_INDICATOR",
    "PROGRESS_INDICATOR",
    "STREAMING_TOKEN",
    "STREAMING_TOKEN",
    "STREAMING_TOKEN",
    "MESSAGE",
    "TYPING_STOPPED_INDICATOR",
]
STOPPED = "CONVERSATION_TYPING_STOPPED_INDICATOR"
FOREVER = "1h"
Met = Callable[..., Awaitable[EndUser]]


@pytest.fixture
async def faulty(tmp_path: Path) -> AsyncIterator[Met]:
    """What makes an end user, with a token, whose conversations meet faults by way of the bot file."""
    async with AsyncExitStack() as stack:

        async def faulty(*faults: str, **more: Any) -> EndUser:
            path = tmp_path / "faulty.bot.yaml"
            path.write_text(f"{BOT}faults: {json.dumps(faults)}\n", encoding="utf-8")
            visit = await stack.enter_async_context(visitors(await stack.enter_async_context(Sandbox([path], **more))))
            return await visit("Faulty")

        yield faulty


def names(heard: Sequence[Heard]) -> list[str]:
    """The names of events, without what they have in common."""
    return [event.event.removeprefix("CONVERSATION_") for event in heard]


async def to_the_end(ear: Ear) -> tuple[list[Heard], str]:
    """What comes until the connection ends, and how it does."""
    heard: list[Heard] = []
    while True:
        try:
            event = await ear.next()
        except EOFError:
            return heard, "end"
        except httpx.ReadError:
            return heard, "reset"
        except httpx.RemoteProtocolError:
            return heard, "close"
        if event.event != "ping":
            heard.append(event)


async def through_an_order(end_user: EndUser, **attributes: str) -> list[Heard]:
    """A conversation up to an answer, heard on one stream that stays."""
    async with end_user.listen() as ear:
        await end_user.create(**attributes)
        heard = await ear.until_text("Hello.")
        await end_user.say("my order")
        return heard + await ear.until_event(STOPPED)


async def is_kept(end_user: EndUser, fragment: str) -> None:
    """Wait until the bot has said something, by the list of entries, which no fault of a stream touches."""
    while fragment not in json.dumps(await end_user.entries()):
        pass


async def nothing_comes(ear: Ear, end_user: EndUser, of: bytes = b"It has shipped.") -> None:
    """See that a stream stays as it is while requests beside it are answered; other things may have been under way."""

    async def listen() -> None:
        while True:
            await ear.more()

    listening = asyncio.create_task(listen())
    for _ in range(5):
        await end_user.entries()
    before = ear.raw
    for _ in range(5):
        await end_user.entries()
    assert (listening.done(), ear.raw) == (False, before)
    assert of not in before
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening


# How a connection ends


@pytest.mark.parametrize("how", ["close", "reset", "end"])
@pytest.mark.parametrize("after", [0, 2])
async def test_a_stream_that_drops(faulty: Met, how: str, after: int) -> None:
    """So many tokens come, then the connection ends; who resumes gets the rest, all of it once."""
    end_user = await faulty(f"drop on=StreamingToken after={after} how={how}")
    async with end_user.listen() as ear:
        await end_user.create()
        await end_user.say("my order")
        heard, end = await to_the_end(ear)
    assert end == how
    assert names(heard) == [*CREATED, *ORDER][: -5 + after]
    async with end_user.listen(heard[-1].id) as ear:
        heard += await ear.until_event(STOPPED)
    assert names(heard) == [*CREATED, *ORDER]
    assert all(int(one.id) < int(other.id) for one, other in pairwise(heard))


@pytest.mark.parametrize(("fault", "end"), [("drop", "close"), ("half", "close"), ("silence", "")])
async def test_what_is_over_meets_nothing(faulty: Met, fault: str, end: str) -> None:
    """What is told after its end comes on the next connection, and the second fault with it."""
    end_user = await faulty(f"{fault} phase=streaming", "drop phase=streaming how=end after=1")
    async with end_user.listen() as ear:
        await end_user.create()
        await end_user.say("my order")
        heard = await ear.until_event("CONVERSATION_PROGRESS_INDICATOR")
        await is_kept(end_user, "It has shipped.")
        if end:
            assert await to_the_end(ear) == ([], end)
    async with end_user.listen(heard[-1].id) as ear:
        assert await to_the_end(ear) == ([], "end")
    async with end_user.listen(heard[-1].id) as ear:
        assert names(heard + await ear.until_event(STOPPED)) == [*CREATED, *ORDER]


@pytest.mark.parametrize("how", ["close", "reset", "end"])
async def test_half_a_frame(faulty: Met, how: str) -> None:
    """The bytes end within an event, which comes whole to who resumes."""
    end_user = await faulty(f"half phase=streaming on=Message how={how}")
    async with end_user.listen() as ear:
        await end_user.create()
        await end_user.say("my order")
        heard, end = await to_the_end(ear)
        assert end == how
        assert not ear.raw.endswith(b"\n\n")
        assert b"event:CONVERSATION_MESSAGE" in ear.raw.rpartition(b"\n\n")[2]
    assert names(heard) == [*CREATED, *ORDER][:-2]
    async with end_user.listen(heard[-1].id) as ear:
        assert names(await ear.until_event(STOPPED)) == ORDER[-2:]


@pytest.mark.parametrize(
    ("fault", "end", "raw"),
    [
        ("drop", "close", b""),
        ("drop how=reset", "reset", b""),
        ("half how=end", "end", b"event:pin"),
        ("expire", "end", b"Jwt is expired"),
    ],
)
async def test_a_connection_that_ends_at_once(faulty: Met, fault: str, end: str, raw: bytes) -> None:
    """In the phase connect it is the first ping that is met; the second connection is good."""
    end_user = await faulty(f"{fault} phase=connect")
    async with end_user.listen() as ear:
        assert await to_the_end(ear) == ([], end)
        assert ear.raw == raw
    if fault != "expire":
        await end_user.create()
        async with end_user.listen(end_user.last_event_id) as ear:
            assert names(await ear.until_text("Hello.")) == CREATED


@pytest.mark.parametrize(
    ("fault", "raw"), [("silence", b""), (f"delay for={FOREVER}", b""), (f"stall for={FOREVER}", b"event:pin")]
)
async def test_a_connection_of_which_nothing_comes(faulty: Met, fault: str, raw: bytes) -> None:
    """It is open, and that is all."""
    end_user = await faulty(f"{fault} phase=connect")
    async with end_user.listen() as ear:
        await end_user.create()
        await is_kept(end_user, "Hello.")
        await nothing_comes(ear, end_user)
        assert ear.raw == raw
    async with end_user.listen(end_user.last_event_id) as ear:
        assert names(await ear.until_text("Hello.")) == CREATED


async def test_a_token_that_expires(faulty: Met) -> None:
    """The stream says so and ends; nothing is answered any more."""
    end_user = await faulty("expire phase=streaming after=1")
    async with end_user.listen() as ear:
        await end_user.create()
        await end_user.say("my order")
        heard, end = await to_the_end(ear)
    assert (names(heard), end) == ([*CREATED, *ORDER][:-4], "end")
    assert ear.raw.endswith(b"\n\nJwt is expired")
    assert (await end_user.send(end_user.text("hello"))).status_code == 401
    headers = {**end_user.headers, "X-Org-Id": ORG}
    assert (await end_user.http.get("/eventrouter/v1/sse", headers=headers)).status_code == 401


# Time


@pytest.mark.parametrize("fault", ["stall", "silence", "delay", "jitter"])
async def test_what_takes_time_loses_nothing(faulty: Met, fault: str) -> None:
    """What was late comes all the same, in order."""
    end_user = await faulty(f"{fault} for=20ms times=all phase=streaming")
    assert names(await through_an_order(end_user)) == [*CREATED, *ORDER]


@pytest.mark.parametrize("fault", ["stall", "silence", "delay"])
async def test_what_takes_time_lets_nothing_pass(faulty: Met, fault: str) -> None:
    """Not even a ping, while others are answered."""
    end_user = await faulty(f"{fault} for={FOREVER} phase=streaming after=2", ping_interval=0.01)
    async with end_user.listen() as ear:
        await end_user.create()
        await end_user.say("my order")
        heard = await ear.until_event("CONVERSATION_STREAMING_TOKEN", times=2)
        await is_kept(end_user, "It has shipped.")
        await nothing_comes(ear, end_user)
        assert ear.raw.endswith(b"\n\n") == (fault != "stall")
    assert names(heard) == [*CREATED, *ORDER][:-3]


async def test_nobody_waits_for_who_has_left(faulty: Met) -> None:
    """What a stream was still to be sent is given up with it."""
    end_user = await faulty(f"delay for={FOREVER} phase=connect")
    await end_user.sign_in()
    before = len(asyncio.all_tasks())
    async with end_user.listen():
        assert len(asyncio.all_tasks()) > before
    async with asyncio.timeout(DEADLINE):
        while len(asyncio.all_tasks()) > before:
            await end_user.sign_in()


async def test_silence_without_an_end(faulty: Met) -> None:
    """Nothing comes on that connection any more; who opens another gets what was missed."""
    end_user = await faulty("silence phase=streaming", ping_interval=0.01)
    async with end_user.listen() as ear:
        await end_user.create()
        await end_user.say("my order")
        heard = await ear.until_event("CONVERSATION_PROGRESS_INDICATOR")
        await is_kept(end_user, "It has shipped.")
        await nothing_comes(ear, end_user)
        async with end_user.listen(heard[-1].id) as another:
            heard += await another.until_event(STOPPED)
    assert names(heard) == [*CREATED, *ORDER]


async def test_a_burst(faulty: Met) -> None:
    """Nothing comes until so many are there; then all of it."""
    end_user = await faulty(f"burst on=TypingStartedIndicator events=8 for={FOREVER}")
    async with end_user.listen() as ear:
        await end_user.create()
        await end_user.say("my order")
        heard = await ear.until_event("CONVERSATION_READ_ACKNOWLEDGEMENT")
        await is_kept(end_user, "It has shipped.")
        await nothing_comes(ear, end_user, of=b"TYPING_STARTED")  # seven events are kept
        await end_user.say("hello")
        heard += await ear.until_text("Hm.")
    assert names(heard) == [*CREATED, *ORDER, "MESSAGE", "MESSAGE"]


async def test_a_burst_is_not_over_by_the_end_of_another(faulty: Met) -> None:
    """Each has a time of its own, and the first one's is longer over than it lasts."""
    end_user = await faulty(
        "burst phase=receipts events=1 for=5ms", f"burst on=StreamingToken events=1000 for={FOREVER}"
    )
    async with end_user.listen() as ear:
        await end_user.create()
        await end_user.say("my order")
        await ear.until_event("CONVERSATION_PROGRESS_INDICATOR")
        await is_kept(end_user, "It has shipped.")
        await nothing_comes(ear, end_user, of=b"STREAMING_TOKEN")


async def test_a_burst_is_over_in_time(faulty: Met) -> None:
    """Also if there are less."""
    end_user = await faulty("burst on=TypingStartedIndicator events=1000 for=20ms")
    assert names(await through_an_order(end_user)) == [*CREATED, *ORDER]


# Order and number


async def test_a_duplicate(faulty: Met) -> None:
    """The same bytes twice, with the same id."""
    end_user = await faulty("duplicate on=StreamingToken after=1")
    heard = await through_an_order(end_user)
    tokens = [event for event in heard if event.event == "CONVERSATION_STREAMING_TOKEN"]
    assert [event.payload["streamingToken"]["sequenceNumber"] for event in tokens] == [1, 2, 2, 3]
    assert tokens[1] == tokens[2]


@pytest.mark.parametrize(("events", "order"), [(1, [2, 1, 3]), (2, [2, 3, 1])])
async def test_another_order(faulty: Met, events: int, order: list[int]) -> None:
    """An event comes behind so many of those after it, with the id that it had."""
    end_user = await faulty(f"reorder phase=streaming events={events} for={FOREVER}")
    heard = await through_an_order(end_user)
    tokens = [event for event in heard if event.event == "CONVERSATION_STREAMING_TOKEN"]
    assert [event.payload["streamingToken"]["sequenceNumber"] for event in tokens] == order
    assert sorted(tokens, key=lambda event: int(event.id)) != tokens


async def test_what_nothing_follows_comes_in_time(faulty: Met) -> None:
    """The last event is not lost by waiting for others."""
    end_user = await faulty("reorder on=TypingStoppedIndicator for=20ms")
    assert names(await through_an_order(end_user)) == [*CREATED, *ORDER]


@pytest.mark.parametrize(("fault", "again"), [("overlap events=4", 4), ("overlap", 3)])
async def test_a_replay_with_overlap(faulty: Met, fault: str, again: int) -> None:
    """Who resumes is told so many events again, once."""
    end_user = await faulty(fault)
    heard = await through_an_order(end_user)
    for expected in (again, 0):
        async with end_user.listen(heard[-1].id) as ear:
            await end_user.say("hello")
            later = await ear.until_text("Hm.")
        assert later[:-2] == heard[len(heard) - expected :]
        heard += later[-2:]


async def test_no_replay(faulty: Met) -> None:
    """Who resumes hears only what is new; the list of entries has the rest."""
    end_user = await faulty("no_replay")
    async with end_user.listen() as ear:
        await end_user.create()
        heard = await ear.until_text("Hello.")
    await end_user.say("my order")
    await is_kept(end_user, "It has shipped.")
    async with end_user.listen(heard[-1].id) as ear:
        await end_user.say("hello")
        assert names(await ear.until_text("Hm.")) == ["MESSAGE", "MESSAGE"]


# What is told


async def test_a_gap(faulty: Met) -> None:
    """The message is on no stream, not for who resumes either, and in the list of entries."""
    end_user = await faulty("gap on=Message phase=streaming")
    heard = await through_an_order(end_user)
    assert names(heard) == [*CREATED, *ORDER[:-2], ORDER[-1]]
    async with end_user.listen(heard[0].id) as ear:
        assert await ear.until_event(STOPPED) == heard[1:]
    await is_kept(end_user, "It has shipped.")


@pytest.mark.parametrize("kind", ["unknown_event", "unknown_message", "unknown_format", "other_conversation"])
async def test_what_is_put_in(faulty: Met, kind: str) -> None:
    """Before the event it comes on, with an id of its own between those around it; resumed streams have it too."""
    end_user = await faulty(f"{kind} on=Message phase=streaming")
    heard = await through_an_order(end_user)
    put_in = heard.pop(-3)
    assert names(heard) == [*CREATED, *ORDER]
    assert int(heard[-3].id) < int(put_in.id) < int(heard[-2].id)
    message = put_in.payload.get("abstractMessage", {})
    match kind:
        case "unknown_event":
            assert (put_in.event, put_in.payload["entryType"]) == (UNKNOWN_EVENT, UNKNOWN_ENTRY)
        case "unknown_message":
            assert (put_in.event, message["messageType"]) == ("CONVERSATION_MESSAGE", UNKNOWN_MESSAGE)
        case "unknown_format":
            assert message["messageType"] == "StaticContentMessage"
            assert message["staticContent"]["formatType"] == UNKNOWN_FORMAT
        case "other_conversation":
            assert put_in.data["conversationId"] != end_user.conversation
            assert put_in.text == heard[-2].text
    assert put_in.entry["identifier"] == put_in.payload["id"] not in {event.entry["identifier"] for event in heard}
    async with end_user.listen(heard[-3].id) as ear:
        assert await ear.until_event(STOPPED) == [put_in, *heard[-2:]]


async def test_null_and_absent(faulty: Met) -> None:
    """The same events; optional fields are all there, or only those that say something."""
    plain = [without_nulls(event.data) for event in await through_an_order(await faulty())]
    for kind in ("null", "absent"):
        heard = await through_an_order(await faulty(f"{kind} times=all"))
        assert [shape(without_nulls(event.data)) for event in heard] == [shape(data) for data in plain]
        has_nulls = ["null" in json.dumps([event.data, event.payload]) for event in heard]
        assert has_nulls == [kind == "null"] * len(heard)


def without_nulls(value: Any) -> Any:
    """A value without the fields that are null, also in the JSON within it."""
    if isinstance(value, dict):
        return {
            name: without_nulls(json.loads(part) if name == "entryPayload" else part)
            for name, part in value.items()
            if part is not None
        }
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


def shape(value: Any) -> Any:
    """What a value is made of, whatever it says."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return [shape(part) for part in value] if isinstance(value, list) else type(value).__name__


async def test_a_plain_payload(faulty: Met) -> None:
    """It is an object within the object."""
    async with (end_user := await faulty("plain_payload on=Message")).listen() as ear:
        await end_user.create()
        [*_, hello] = await ear.until_event("CONVERSATION_MESSAGE")
    assert hello.entry["entryPayload"]["abstractMessage"]["staticContent"]["text"] == "Hello."


# What the bot does wrong


@pytest.mark.parametrize(
    ("kind", "told", "text"),
    [
        ("wrong_final", ORDER, NOT_WHAT_WAS_STREAMED),
        ("missing_final", [*ORDER[:-2], ORDER[-1]], None),
        ("late_token", [*ORDER[:-1], "STREAMING_TOKEN", ORDER[-1]], "It has shipped."),
        ("missing_stop", ORDER[:-1], "It has shipped."),
    ],
)
async def test_what_a_bot_does_wrong(faulty: Met, kind: str, told: list[str], text: str | None) -> None:
    """It did so: the list of entries has it no other way."""
    end_user = await faulty(kind)
    async with end_user.listen() as ear:
        await end_user.create()
        await ear.until_text("Hello.")
        await end_user.say("my order")
        await end_user.say("hello")
        heard = await ear.until_text("Hm.")
    heard = [event for event in heard if event.text not in {"hello", "Hm."}]
    assert names(heard) == told
    finals = [event.text for event in heard if event.event == "CONVERSATION_MESSAGE" and event.role == "Chatbot"]
    assert finals == [text] * len(finals)
    kept = json.dumps(await end_user.entries())
    assert text is None or text in kept
    assert ("It has shipped." in kept) == (text == "It has shipped.")
    if kind == "late_token":
        token = heard[-2].payload["streamingToken"]
        assert (token["sequenceNumber"], token["token"]["text"]) == (4, LATE)
        assert token["targetMessageIdentifier"] == heard[-3].entry["identifier"]


# Phases, seeds, and how they are set


@pytest.mark.parametrize(
    ("phase", "says", "first"),
    [
        ("create", [], "ROUTING_RESULT"),
        ("send", ["hello"], "MESSAGE hello"),
        ("streaming", ["my order"], "STREAMING_TOKEN"),
        ("receipts", ["my order"], "DELIVERY_ACKNOWLEDGEMENT"),
        ("transfer", ["a person"], "SESSION_STATUS_CHANGED"),
        ("close", ["bye"], "SESSION_STATUS_CHANGED"),
        ("close", [], "SESSION_STATUS_CHANGED"),
    ],
)
async def test_a_phase_begins_where_it_is_said_to(faulty: Met, phase: str, says: list[str], first: str) -> None:
    """The first event of the phase is the one that comes twice."""
    end_user = await faulty(f"duplicate phase={phase}")
    async with end_user.listen() as ear:
        await end_user.create()
        heard = await ear.until_text("Hello.")
        for text in says:
            await end_user.say(text)
        if phase == "close" and not says:
            await end_user.delete()
            heard += await ear.until_event("CONVERSATION_CLOSE_CONVERSATION")
        elif says:
            await end_user.say("the last one")
            heard += await ear.until_text({"transfer": "Rita here.", "close": "the last one"}.get(phase, "Hm."))
    [twice] = [one for one, other in pairwise(heard) if one.id == other.id]
    assert f"{names([twice])[0]} {twice.text or ''}".strip() == first


@pytest.mark.parametrize(
    ("phase", "says", "events"),
    [
        ("create", "my order", CREATED),
        ("streaming", "my order", ["STREAMING_TOKEN"] * 3 + ["MESSAGE"]),
        ("receipts", "my order", ["DELIVERY_ACKNOWLEDGEMENT", "READ_ACKNOWLEDGEMENT"]),
        (
            "transfer",
            "a person",
            [
                "SESSION_STATUS_CHANGED",
                "ROUTING_RESULT",
                "QUEUE_POSITION",
                "ROUTING_WORK_RESULT",
                "ROUTING_WORK_RESULT",
                "SESSION_STATUS_CHANGED",
                "PARTICIPANT_CHANGED",
            ],
        ),
    ],
)
async def test_a_phase_ends_where_it_is_said_to(faulty: Met, phase: str, says: str, events: list[str]) -> None:
    """Its events, and no others, come twice."""
    end_user = await faulty(f"duplicate phase={phase} times=all")
    async with end_user.listen() as ear:
        await end_user.create()
        heard = await ear.until_text("Hello.")
        await end_user.say(says)
        heard += await ear.until_text("Rita here.") if phase == "transfer" else await ear.until_event(STOPPED)
        await end_user.say("the last one")
        heard += await ear.until_text("the last one")
    assert names([one for one, other in pairwise(heard) if one.id == other.id]) == events


async def test_the_same_seed_gives_the_same_stream(faulty: Met) -> None:
    """Byte for byte but for ids and times; another seed gives another."""
    runs = []
    for seed in (1, 1, 2):
        end_user = await faulty(f"duplicate probability=0.5 seed={seed}", f"gap probability=0.1 seed={seed}")
        async with end_user.listen() as ear:
            await end_user.create()
            for _ in range(3):
                await end_user.say("my order")
            await end_user.delete("/session")
            await end_user.delete()
            heard = await ear.until_event("CONVERSATION_CLOSE_CONVERSATION")
        runs.append(names(heard))
    assert runs[0] == runs[1] != runs[2]


async def test_a_conversation_asks_for_its_faults(visit: Visit) -> None:
    """By a routing attribute: the second conversation of the same end user meets none."""
    end_user = await visit("Harbour_Menu")
    async with end_user.listen() as ear:
        await end_user.create(**{"sandbox.fault": "duplicate on=Message; unknown_event on=Message"})
        heard = await ear.until_text("Welcome")
        heard.append(await ear.next())
        assert names(heard)[-3:] == ["SOMETHING_NEW", "MESSAGE", "MESSAGE"]
        end_user.conversation = "120291b7-bc94-43c5-8d01-9ba521eee2d6"
        await end_user.create()
        assert "SOMETHING_NEW" not in names(await ear.until_text("Welcome"))


async def test_a_conversation_asks_for_what_befalls_its_reconnects(visit: Visit) -> None:
    """Its faults are met by its end user's next connections too."""
    end_user = await visit("Harbour_Menu")
    async with end_user.listen() as ear:
        await end_user.create(**{"sandbox.fault": "drop on=Message; server_error phase=connect times=2"})
        heard, _ = await to_the_end(ear)
    headers = {**end_user.headers, "X-Org-Id": ORG}
    for _ in range(2):
        assert (await end_user.http.get("/eventrouter/v1/sse", headers=headers)).status_code == 500
    async with end_user.listen(heard[-1].id) as ear:
        assert names(await ear.until_text("Welcome")) == ["MESSAGE"]


async def test_a_recorded_stream_meets_faults(visit: Visit) -> None:
    """Those of connections; what somebody else has framed is not framed again."""
    end_user = await visit("Harbour_Replay")
    async with end_user.listen() as ear:
        await end_user.create(**{"sandbox.fault": "drop phase=streaming after=1"})
        heard, end = await to_the_end(ear)
    assert end == "close"
    assert names(heard).count("STREAMING_TOKEN") == 1


async def test_a_sandbox_tells_what_has_come() -> None:
    """By the text of each fault; nothing of those that have not."""
    async with Sandbox(faults=["duplicate times=2 on=Message", "gap on=QueuePosition"]) as sandbox:
        assert sandbox.faults_met == {}
        async with visitors(sandbox) as visit:
            for met in (1, 2):
                end_user = await visit("Harbour_Menu")
                async with end_user.listen() as ear:
                    await end_user.create()
                    await ear.until_event("CONVERSATION_MESSAGE", times=2)
                assert sandbox.faults_met == {"duplicate on=Message times=2": met * 2}
                assert sandbox.open_conversations == met
    assert (sandbox.faults_met, sandbox.open_conversations) == ({}, 0)


async def test_faults_come_one_upon_the_other(faulty: Met) -> None:
    """In the order of the wire: an event that is told twice, on a connection that stalls and then drops."""
    end_user = await faulty("duplicate on=Message", "stall on=Message for=10ms", "drop on=SessionStatusChanged after=9")
    async with end_user.listen() as ear:
        await end_user.create()
        await ear.until_text("Hello.")
        assert (await ear.next()).text == "Hello."
