"""Every operation by the harness's own client, against a sandbox on a real port."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from harness.client.deployment import Deployment
from harness.client.exchange import Exchange
from harness.client.miaw import MiawClient
from harness.client.outgoing import File, Start
from harness.events.inputs import Value
from harness.protocols.miaw.models import ConversationEntry
from tests.sandbox.test_lists import read_pdf

from .talking import BOT, Meet, meeting, talking

# What the user says


async def test_a_text_is_echoed_with_what_it_answers(meet: Meet) -> None:
    """And the attributes of the creation have reached the bot."""
    async with talking(await meet(), _firstName="Ana") as talk:
        greeting = await talk.until("Hello Ana")
        message = str(uuid4())
        await talk.client.send_text(talk.id, message, "tea", in_reply_to=greeting["id"], context={"page": "cards"})
        echo = await talk.until("tea")
        assert (echo["id"], echo["abstractMessage"]["inReplyToMessageId"]) == (message, greeting["id"])
        await talk.until("Yes?")


async def test_a_choice_a_form_and_a_file_are_taken(meet: Meet) -> None:
    """Each as what it is, with every type of value."""
    async with talking(await meet()) as talk:
        offer = await talk.until("What is it about?")
        asked = await talk.until("Your claim")
        items = {one["titleItem"]["title"]: one["optionIdentifier"] for one in _items(offer["abstractMessage"])}
        await talk.client.send_choice(talk.id, str(uuid4()), items["Loan"], in_reply_to=offer["id"])
        await talk.until("A loan then.")

        inputs = [section["input"] for section in asked["abstractMessage"]["form"]["sections"]]
        name, day, moment, topic = (one["id"] for one in inputs)
        values: dict[str, Value] = {
            name: "Ana",
            day: date(2026, 9, 20),
            moment: datetime.fromisoformat("2026-09-20T10:30:00+00:00"),
            topic: (inputs[3]["optionItems"][0]["optionIdentifier"],),
        }
        await talk.client.send_form(talk.id, str(uuid4()), values, in_reply_to=asked["id"])
        await talk.until("Ana on 2026-09-20 at 2026-09-20T10:30:00Z: Card")

        file = File("scan ä.png", "image/png", b"\x89PNG\r\n--boundary")
        await talk.client.send_file(talk.id, str(uuid4()), file, "Here it is", in_reply_to=offer["id"])
        echo = await talk.until("Here it is")
        assert echo["abstractMessage"]["inReplyToMessageId"] == offer["id"]
        assert echo["abstractMessage"]["staticContent"]["attachments"][0]["name"] == "scan ä.png"
        await talk.until("I have got scan")


def _items(message: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = message["choices"]["optionItems"]
    return items


async def test_typing_and_acknowledgements_are_taken(tmp_path: Path) -> None:
    """However many there are: no request has more than 25."""
    asked: list[Exchange] = []
    async with meeting(tmp_path, BOT) as (target, network):
        client = MiawClient(network, target, observe=asked.append)
        await client.authenticate()
        async with talking(client) as talk:
            greeting = await talk.until("Hello")
            await client.typing(talk.id, started=True)
            await client.typing(talk.id, started=False)
            await client.acknowledge(talk.id, [greeting["id"]] * 26, "delivered", "read")
    wanted = ["createConversation", *["sendTypingIndicator"] * 2, *["acknowledgeEntries"] * 3]
    assert [one.operation for one in asked][1:] == wanted


async def test_a_session_is_left_and_started_again(meet: Meet) -> None:
    """With what its form asks for; the routing status goes along."""
    setup = "setup: {prechat: {each: session, asks: [{name: _firstName, required: true}]}}\n"
    client = await meet(BOT + setup)
    async with talking(client, _firstName="Ana") as talk:
        await talk.until("Hello Ana")
        assert await client.routing_status(talk.id) == "ROUTED"
        await client.end_session(talk.id)
        await talk.until("Ended")
        assert await client.routing_status(talk.id) == "NEEDS_ROUTING"
        start = Start({"_firstName": "Rui"}, language="pt_PT")
        await client.send_text(talk.id, str(uuid4()), "I am back", start=start)
        await talk.until("Hello Rui")
        await client.end_session(talk.id)
        await client.send_file(talk.id, str(uuid4()), File("a.pdf", "application/pdf", b"%PDF"), start=Start())
        await client.close(talk.id)
        await talk.until("CloseConversation")


# What can be asked


async def test_conversations_are_listed_newest_first(meet: Meet) -> None:
    """The closed ones only if they are asked for."""
    client = await meet()
    ids = [str(uuid4()) for _ in range(4)]
    for one in ids:
        await client.create(one, attributes={})
        before = time.time_ns() // 1_000_000
        while time.time_ns() // 1_000_000 == before:  # two in the same millisecond have no order
            pass
    await client.close(ids[0])
    assert [one.conversation_id for one in await client.conversations()] == ids[:0:-1]
    assert [one.conversation_id for one in await client.conversations(limit=1)] == ids[:2:-1]
    assert [one.conversation_id for one in await client.conversations(closed=True)] == ids[::-1]
    assert (await client.conversations(closed=True))[-1].is_conversation_closed


async def test_a_deployment_tells_of_itself(tmp_path: Path) -> None:
    """Without a token."""
    setup = "setup: {transcript: true, hours: {name: Never, active: false}, prechat: {asks: [{name: _email}]}}\n"
    async with meeting(tmp_path, BOT + setup) as (target, network):
        deployment = Deployment(network, target)
        told = await deployment.configuration(language="en_US")
        assert (told.name, told.deployment_type.lower()) == ("Test", "api")
        assert told.attachments.end_user_to_agent
        assert told.attachments.max_file_size == 5
        assert told.transcript.allow_transcript_download
        assert [(field.name, field.max_length) for field in told.forms[0].form_fields] == [("_email", 255)]
        hours = await deployment.business_hours()
        assert (hours.name, hours.is_open(time.time())) == ("Never", False)
        hours = await Deployment(network, target, deployment="Harbour_Menu").business_hours()
        assert (hours.name, hours.is_open(time.time()), hours.is_open(0)) == ("Default", True, False)


async def test_a_transcript_is_downloaded(meet: Meet) -> None:
    """As a PDF document."""
    async with talking(await meet(BOT + "setup: {transcript: true}"), _firstName="Ana") as talk:
        await talk.until("Hello Ana")
        [lines] = read_pdf(await talk.client.transcript(talk.id))
        assert any(line.endswith("Test Bot: Hello Ana") for line in lines)


# Entries


async def test_the_entries_are_those_that_were_heard(meet: Meet) -> None:
    """The same values as those of the event stream, newest first."""
    async with talking(await meet()) as talk:
        await talk.until("Your claim")
        heard = [one.conversation_entry for one in talk.heard]
        assert await talk.client.entries(talk.id) == list(reversed(heard))


def test_pages_put_together_are_the_whole(tmp_path: Path) -> None:
    """For every size of a page, from either end, through any filter and window: all of it, in order, nothing twice.

    The greeting writes many entries within a millisecond, so that pages end in the middle of one.
    """
    greeting = ", ".join("{message: hello}" for _ in range(40))

    async def prepare(stack: AsyncExitStack) -> tuple[MiawClient, str, list[ConversationEntry]]:
        target, network = await stack.enter_async_context(
            meeting(tmp_path, f"greeting: [{greeting}, {{message: end}}]")
        )
        client = MiawClient(network, target)
        await client.authenticate()
        talk = await stack.enter_async_context(talking(client))
        await talk.until('"end"')
        await client.end_session(talk.id)
        await talk.until("Ended")
        await talk.until("remove")
        return client, talk.id, [one.conversation_entry for one in talk.heard]

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        client, conversation, whole = runner.run(prepare(stack))
        times = [entry.transcripted_timestamp for entry in whole]
        assert len(set(times)) < len(times)
        bounds = st.none() | st.integers(min(times) - 1, max(times) + 1)

        @settings(max_examples=60, phases=[Phase.generate])  # a failure is small enough as it is
        @given(
            page=st.integers(1, 50),
            from_start=st.booleans(),
            types=st.frozensets(st.sampled_from(["Message", "ParticipantChanged", "SessionStatusChanged"])),
            start=bounds,
            end=bounds,
        )
        def holds(**asked: Any) -> None:
            got = runner.run(client.entries(conversation, **asked))
            start, end, types = asked["start"], asked["end"], asked["types"]
            wanted = [
                entry
                for entry in whole
                if (start is None or entry.transcripted_timestamp >= start)
                and (end is None or entry.transcripted_timestamp <= end)
                and (not types or entry.entry_type in types)
            ]
            assert got == (wanted if asked["from_start"] else wanted[::-1])

        holds()
        runner.run(stack.aclose())
