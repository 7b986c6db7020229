"""What a client does by itself, or can't do any more: acknowledgements, and a token that has expired."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness import (
    Conversation,
    Customer,
    ExpectationFailed,
    LocalProtocolError,
    ServiceRefused,
    Target,
    contains,
    eventually,
    message,
    token,
)
from harness.events import Answered, Confirmed, Message
from harness.scenarios.customer import customer
from harness.scenarios.live import LiveConversation

from .test_recorded import ANNA, Scenario, again, live


@pytest.fixture
async def anna(at_sandbox: Target) -> AsyncIterator[Customer]:
    """A customer of the sandbox."""
    async with customer(ANNA, at_sandbox) as one:
        yield one


async def confirmed(chat: Conversation, messages: int) -> list[Confirmed]:
    """What was acknowledged, once it is so many messages; nothing in a scenario waits for that."""

    def done() -> list[Confirmed]:
        return [event for event in chat.timeline if isinstance(event, Confirmed)]

    if isinstance(chat, LiveConversation):
        async with asyncio.timeout(5):
            while sum(len(event.entries) for event in done()) < messages:  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.005)
    return done()


# ---- acknowledgements


@pytest.mark.parametrize("how", ["delivered", "read"])
async def test_messages_are_acknowledged_by_themselves(anna: Customer, how: str) -> None:
    """Every message once, and bounds don't count from it."""
    chat = await anna.open(acknowledge=how)  # type: ignore[arg-type]
    await chat.expect(message())
    said = await chat.say("Where is ORD-1001?")
    await chat.expect(eventually(message(contains("shipped"))))
    done = await confirmed(chat, 2)
    assert [entry for event in done for entry in event.entries] == [
        event.entry for event in chat.timeline if isinstance(event, Message)
    ]
    assert {(event.how, event.problem) for event in done} == {(how, "")}
    answers = [event.status for event in chat.timeline if isinstance(event, Answered)]
    assert set(answers) == {200, 201, 202}
    assert chat._anchor == said.at


async def test_a_target_says_what_is_acknowledged(at_sandbox: Target) -> None:
    """Unless the scenario does."""
    async with customer(ANNA, at_sandbox.model_copy(update={"acknowledge": "read"})) as anna:
        chat, other = await anna.open("Harbour_Menu"), await anna.open("Harbour_Menu", acknowledge="none")
        await chat.expect(message(), message())
        await other.expect(message(), message())
        assert await confirmed(chat, 2)
        assert not await confirmed(other, 0)


async def test_what_is_acknowledged_by_itself_is_not_acknowledged_again(anna: Customer) -> None:
    """Delivered by itself and read by the scenario is possible."""
    chat = await anna.open(acknowledge="delivered")
    await chat.expect(message())
    with pytest.raises(LocalProtocolError, match="as delivered: the conversation was opened to do so by itself"):
        await chat.acknowledge("delivered")
    await chat.acknowledge("read")
    chat = await anna.open(acknowledge="read")
    await chat.expect(message())
    with pytest.raises(LocalProtocolError, match="as read: the conversation was opened to do so by itself"):
        await chat.acknowledge()


async def test_what_goes_wrong_with_it_is_noted(anna: Customer) -> None:
    """And disturbs nobody."""
    chat = await anna.open("Harbour_Menu", acknowledge="read")
    await chat.expire()
    await chat.expect(message(), message())
    done = await confirmed(chat, 1)
    assert "acknowledgeEntries was refused with 401" in done[0].problem
    assert str(done[0]).startswith("could not acknowledge")
    chat.verify()


async def test_more_than_a_request_may_hold(anna: Customer) -> None:
    """Goes in several."""
    chat = await anna.open("Test_Moves")
    for _ in range(26):
        await chat.say("menu")
    await chat.expect(*[message() for _ in range(52)])
    await chat.acknowledge("read")
    answers = [event for event in chat.timeline if isinstance(event, Answered)]
    assert [event.status for event in answers if event.operation == "acknowledgeEntries"] == [200, 200, 200]


# ---- an expired token


async def test_an_expired_token_is_refused(anna: Customer) -> None:
    """Everything from then on, the stream too; the one that is open stays open."""
    chat = await anna.open()
    await chat.expect(message())
    await chat.say("Where is ORD-1001?")
    await chat.expire()
    for move in (lambda: chat.say("Hello?"), chat.type, chat.end):
        with pytest.raises(ServiceRefused) as refusal:
            await move()
        assert refusal.value.status == 401
        assert "the access token is missing, wrong or expired" in str(refusal.value)
    await chat.expect(token())
    await chat.drop()
    for _ in range(2):
        with pytest.raises(ServiceRefused) as refusal:
            await chat.resume()
        assert refusal.value.status == 401


@pytest.mark.parametrize("tried", [True, False])
async def test_a_conversation_is_closed_though_its_token_has_expired(at_sandbox: Target, tried: bool) -> None:
    """The harness leaves nothing behind."""
    async with customer(ANNA, at_sandbox) as anna:
        chat = await anna.open()
        await chat.expire()
        if tried:
            with pytest.raises(ServiceRefused):
                await chat.close()
    closing = [
        event.status
        for event in chat.timeline
        if isinstance(event, Answered) and event.operation == "closeConversation"
    ]
    assert closing == [401, 204][not tried :]


# ---- from a recording


async def acknowledges(customer: Customer) -> None:
    """By itself, with failures that the scenario lives with."""
    chat = await customer.open("Harbour_Menu", acknowledge="read")
    await chat.expect(message(), message())
    with pytest.raises(LocalProtocolError):
        await chat.acknowledge()
    await confirmed(chat, 2)
    await chat.choose("Opening hours")
    await chat.expect(message(contains("weekdays")))
    await chat.expect(message("Never."))


async def expires(customer: Customer) -> None:
    """And what is refused after it."""
    chat = await customer.open("Harbour_Menu")
    await chat.expect(message(), message())
    await chat.expire()
    with pytest.raises(ServiceRefused):
        await chat.choose("Opening hours")
    await chat.drop()
    with pytest.raises(ServiceRefused):
        await chat.resume()
    await chat.expect(message("Never."), within=0.1)


@pytest.mark.parametrize("scenario", [acknowledges, expires])
async def test_it_is_judged_the_same_from_a_recording(at_sandbox: Target, tmp_path: Path, scenario: Scenario) -> None:
    """To the word."""
    held = await live(at_sandbox, tmp_path, scenario)
    assert isinstance(held.error, ExpectationFailed)
    assert (await again(tmp_path, scenario)).told == held.told
