"""A conversation with the real sandbox: moves, the record, expectations."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from harness import (
    Conversation,
    Customer,
    ExpectationFailed,
    LocalProtocolError,
    ServiceRefused,
    Target,
    closed,
    contains,
    delivered,
    echo,
    message,
    read,
    session,
    typing_started,
)
from harness.client.network import Network
from harness.events import Acknowledged, Answered, Chose, Closing, Opened, Received, Said, Typed
from harness.scenarios.customer import customer
from harness.scenarios.live import LiveConversation
from harness.scenarios.outcome import Status
from harness.user.persona import persona

ANNA = persona("anna", locale="de_DE")


@pytest.fixture
async def anna(at_sandbox: Target) -> AsyncIterator[Customer]:
    """A customer of the sandbox."""
    async with customer(ANNA, at_sandbox) as one:
        yield one


async def test_moves_stand_on_the_timeline_before_what_they_caused(anna: Customer) -> None:
    """With the ids by which the service names them, in the order in which they were made."""
    chat = await anna.open("Harbour_Menu", prechat={"_firstName": "Anna"})
    await chat.expect(message(), message(contains("What can I do")))
    await chat.acknowledge("delivered")
    await chat.type()
    chosen = await chat.choose("Opening hours")
    await chat.expect(echo("Opening hours"), within=5)
    await chat.close()
    await chat.expect(closed())
    moves = [event for event in chat.timeline if not isinstance(event, Received)]
    kinds = [event.kind for event in moves if event.kind not in {"answered", "connected", "heartbeat"}]
    assert kinds == ["opened", "acknowledged", "typed", "chose", "closing"]
    opened = next(event for event in chat.timeline if isinstance(event, Opened))
    assert (opened.deployment, opened.attributes) == ("Harbour_Menu", {"_firstName": "Anna"})
    events = list(chat.timeline)
    echoed = next(event for event in chat.timeline if event.kind == "echo")
    assert events.index(chosen) < events.index(echoed)
    assert isinstance(echoed, Received)
    assert echoed.entry == chosen.message
    assert [type(event) for event in moves if isinstance(event, Acknowledged | Typed | Chose | Closing)] == [
        Acknowledged,
        Typed,
        Chose,
        Closing,
    ]


async def test_every_answer_of_the_service_is_on_the_timeline(anna: Customer) -> None:
    """With its status and how long it took."""
    chat = await anna.open()
    await chat.say("hello")
    await chat.end()
    answers = [(event.operation, event.status) for event in chat.timeline if isinstance(event, Answered)]
    assert answers == [
        ("generateAccessTokenForUnauthenticatedUser", 200),
        ("createConversation", 201),
        ("sendMessage", 202),
        ("endMessagingSession", 204),
    ]
    assert all(event.took > 0 for event in chat.timeline if isinstance(event, Answered))


async def test_arrivals_are_intervals_in_the_order_of_the_stream(anna: Customer) -> None:
    """No event ends before it begins, none goes back, and none is wider than the harness was busy."""
    chat = await anna.open()
    await chat.say("Where is ORD-1001?")
    await chat.expect(message(contains("Hello")), message(contains("shipped")))
    received = [event for event in chat.timeline if isinstance(event, Received)]
    assert len(received) > 15
    assert all(0 <= event.earliest <= event.at for event in received)
    assert [event.at for event in received] == sorted(event.at for event in received)


async def test_a_verdict_does_not_wait_for_its_deadline(anna: Customer) -> None:
    """It fails at the event that nothing can take."""
    chat = await anna.open()
    async with asyncio.timeout(20):
        with pytest.raises(ExpectationFailed, match="unexpected message"):
            await chat.expect(message("Good morning"), within=3600)


async def test_silence_fails_at_the_deadline(anna: Customer) -> None:
    """And says what was open and what came instead."""
    chat = await anna.open("Test_Hostile")
    await chat.say("silence")
    with pytest.raises(ExpectationFailed) as failure:
        await chat.expect(message("Ready."), message("Bye."), within=0.2)
    told = str(failure.value)
    assert "step 3, test_silence_fails_at_the_deadline (tests/scenarios/test_conversation.py:" in told
    assert "not complete 0.2 s after the user's move" in told
    assert "still open  message with text 'Bye.'" in told
    assert "delivered by Hostile Bot (chatbot)" in told
    assert [step.status for step in chat.outcome.steps] == [Status.PASSED, Status.PASSED, Status.FAILED]
    assert chat.outcome.steps[-1].message == told


async def test_receipts_are_those_of_the_last_thing_said(anna: Customer) -> None:
    """Or of the one that is named."""
    chat = await anna.open()
    first = await chat.say("thanks")
    second = await chat.say("thank you")
    await chat.expect(delivered(), read())
    await chat.expect(delivered(of=first), read(of=first))
    assert first.message != second.message


@pytest.mark.parametrize(
    ("move", "says"),
    [
        pytest.param(
            lambda chat: chat.choose("Tea"), "can't choose 'Tea': the last choices offered were", id="no such choice"
        ),
        pytest.param(lambda chat: chat.open(), "was opened before", id="opened twice"),
        pytest.param(
            lambda chat: chat.expect(delivered()), "the user has said nothing yet", id="no message to receive"
        ),
        pytest.param(lambda chat: chat.expect(message(), within=-1), "-1 s is over before it begins", id="no time"),
    ],
)
async def test_an_impossible_move_is_the_scenarios_mistake(anna: Customer, move: object, says: str) -> None:
    """Said in a sentence, and nothing is sent."""
    chat = await anna.open("Harbour_Menu")
    await chat.expect(message(), message())
    answered = sum(isinstance(event, Answered) for event in chat.timeline)
    with pytest.raises(LocalProtocolError, match=says):
        await move(chat)  # type: ignore[operator]
    assert sum(isinstance(event, Answered) for event in chat.timeline) == answered
    assert chat.outcome.status is Status.BROKEN


async def test_nothing_can_be_done_after_the_close(anna: Customer) -> None:
    """The harness says so before it asks the service."""
    chat = await anna.open()
    await chat.close()
    await chat.expect(closed())
    for move in (chat.say("hello"), chat.choose("Yes"), chat.type(), chat.acknowledge(), chat.end(), chat.close()):
        with pytest.raises(LocalProtocolError, match="the conversation has been closed"):
            await move


async def test_nothing_can_be_done_before_the_opening(network: Network, at_sandbox: Target) -> None:
    """Likewise."""
    chat = LiveConversation(ANNA, at_sandbox, network)
    with pytest.raises(LocalProtocolError, match="the conversation is not open"):
        await chat.say("hello")


async def test_a_conversation_left_open_is_closed(at_sandbox: Target) -> None:
    """Whatever the scenario did or forgot."""

    async def scenario() -> None:
        async with customer(ANNA, at_sandbox) as somebody:
            opened.append(await somebody.open())
            raise ZeroDivisionError

    opened: list[Conversation] = []
    with pytest.raises(ZeroDivisionError):
        await scenario()
    [chat] = opened
    assert any(isinstance(event, Answered) and event.operation == "closeConversation" for event in chat.timeline)
    assert chat.timeline.ended == "the scenario ended"


async def test_a_refused_message_keeps_what_was_said(at_sandbox: Target, network: Network) -> None:
    """The move and the service's answer are both on record."""
    chat = await LiveConversation(ANNA, at_sandbox, network).open()
    await chat.expect(session("waiting"), session("active"), typing_started())
    await chat._client.close(chat.id)  # behind the conversation's back, as another tab would
    with pytest.raises(ServiceRefused, match=r"sendMessage was refused with 403 FORBIDDEN: .*; the token does not own"):
        await chat.say("hello?")
    assert [event.text for event in chat.timeline if isinstance(event, Said)] == ["hello?"]
    await chat.aclose()


async def test_two_customers_at_once_do_not_hear_each_other(at_sandbox: Target) -> None:
    """Each has their own stream."""
    async with customer(ANNA, at_sandbox) as anna, customer(persona("ben"), at_sandbox) as ben:
        one, other = await asyncio.gather(anna.open(), ben.open())
        await asyncio.gather(one.say("Where is ORD-1001?"), other.say("Where is ORD-2002?"))
        await asyncio.gather(
            one.expect(message(contains("Hello")), message(contains("ORD-1001"))),
            other.expect(message(contains("Hello")), message(contains("ORD-2002"))),
        )
