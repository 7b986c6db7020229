"""The network is lost and comes back: nothing is lost, nothing is heard twice, and bounds count on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from harness import (
    Customer,
    ExpectationFailed,
    LocalProtocolError,
    StreamInterrupted,
    Target,
    TargetUnreachable,
    contains,
    delivered,
    eventually,
    message,
    read,
    token,
)
from harness.events import Dropped, Received, Resumed, Token, WentOffline
from harness.sandbox.server import Sandbox
from harness.scenarios.customer import customer
from harness.settings import sandbox_target
from harness.timeline.timeline import Timeline

from .test_recorded import ANNA, again, live

Scenario = Callable[[Customer], Awaitable[None]]


@pytest.fixture
async def anna(at_sandbox: Target) -> AsyncIterator[Customer]:
    """A customer of the sandbox."""
    async with customer(ANNA, at_sandbox) as one:
        yield one


def assert_whole(timeline: Timeline) -> None:
    """Six tokens, and every entry once."""
    assert [event.number for event in timeline if isinstance(event, Token)] == [1, 2, 3, 4, 5, 6]
    entries = [event.entry for event in timeline if isinstance(event, Received)]
    assert len(entries) == len(set(entries))
    kinds = [event.kind for event in timeline]
    assert kinds.index("went_offline") < kinds.index("dropped") < kinds.index("resumed")


@pytest.mark.parametrize("deployment", ["Harbour_Assistant", "Test_Overlap"])
async def test_an_answer_is_heard_to_its_end(anna: Customer, deployment: str) -> None:
    """The stream is lost in the midst of its tokens, and comes back by itself."""
    chat = await anna.open(deployment)
    await chat.say("Where is ORD-1001?")
    await chat.expect(token(), token())
    await chat.drop(0.05)
    await chat.expect(eventually(message(contains("six") | contains("shipped"))))
    assert_whole(chat.timeline)
    chat.verify()


@pytest.mark.parametrize("deployment", ["Harbour_Assistant", "Test_Overlap"])
async def test_what_came_meanwhile_is_heard_afterwards(anna: Customer, deployment: str) -> None:
    """Requests go through, expectations stay open, deadlines count, and the rest comes with `resume`."""
    chat = await anna.open(deployment)
    await chat.expect(message())
    await chat.drop()
    said = await chat.say("Where is ORD-1001?")
    with pytest.raises(ExpectationFailed, match=r"not complete 0\.4 s after the user's move"):
        await chat.expect(delivered(of=said), within=0.4)
    await chat.resume()
    await chat.expect(message(contains("six") | contains("shipped")))
    assert_whole(chat.timeline)
    [dropped] = [event for event in chat.timeline if isinstance(event, Dropped)]
    assert dropped.reason == "the user lost the network"
    assert chat.timeline.ended is None


async def test_the_network_may_be_lost_again_and_again(anna: Customer) -> None:
    """Every time it comes back after the last event that was heard."""
    chat = await anna.open("Test_Overlap")
    await chat.say("count")
    for _ in range(5):
        await chat.drop(0.01)
        await chat.expect(eventually(token()), within=5)
    await chat.expect(eventually(message(contains("six"))))
    assert_whole(chat.timeline)
    assert sum(isinstance(event, Resumed) for event in chat.timeline) == 5
    chat.verify()


async def test_bounds_count_from_what_was_said(anna: Customer) -> None:
    """Losing the network is no move from which they would."""
    chat = await anna.open()
    said = await chat.say("Where is ORD-1001?")
    await chat.drop(0.01)
    await chat.expect(delivered(), read())
    [offline] = [event for event in chat.timeline if isinstance(event, WentOffline)]
    assert chat._anchor == said.at < offline.at


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        pytest.param([], lambda chat: chat.resume(), "is not lost; drop comes first", id="nothing to come back from"),
        pytest.param([None], lambda chat: chat.drop(), "it is lost; resume first", id="lost twice"),
        pytest.param([], lambda chat: chat.drop(0), "for 0 s; give a time above 0", id="for no time"),
        pytest.param([], lambda chat: chat.drop(float("nan")), "give a time above 0", id="for no number"),
    ],
)
async def test_an_impossible_move_is_the_scenarios_mistake(
    anna: Customer, first: list[None], then: Callable[..., Awaitable[None]], says: str
) -> None:
    """Said in a sentence."""
    chat = await anna.open("Harbour_Menu")
    for _ in first:
        await chat.drop()
    with pytest.raises(LocalProtocolError, match=says):
        await then(chat)


@pytest.mark.parametrize("seconds", [None, 0.05])
async def test_a_service_that_has_gone_meanwhile(seconds: float | None) -> None:
    """Is said by whoever wanted to come back: the scenario, or the clock and thereby the next expectation."""
    async with Sandbox() as sandbox:
        target = sandbox_target(sandbox.url, within=5)
        async with customer(ANNA, target) as anna:
            chat = await anna.open("Harbour_Menu")
            await chat.expect(message(), message())
            await chat.drop(seconds)
            await sandbox.__aexit__()
            try:
                with pytest.raises(TargetUnreachable if seconds is None else StreamInterrupted):
                    await (chat.resume() if seconds is None else chat.expect(message(), within=0.5))
                if seconds is None:
                    with pytest.raises(TargetUnreachable):
                        await chat.resume()
            finally:
                await sandbox.__aenter__()


async def comes_back(customer: Customer) -> None:
    """Lost twice: until the scenario comes back, and for a while."""
    chat = await customer.open("Test_Overlap")
    await chat.expect(message("Ready."))
    await chat.drop()
    await chat.say("count")
    with pytest.raises(ExpectationFailed):
        await chat.expect(delivered(), within=0.1)
    with pytest.raises(LocalProtocolError):
        await chat.drop()
    await chat.resume()
    await chat.expect(token(), token())
    await chat.drop(0.05)
    await chat.expect(eventually(message(contains("seven"))), within=2)


async def test_it_is_judged_the_same_from_a_recording(at_sandbox: Target, tmp_path: Path) -> None:
    """To the word."""
    held = await live(at_sandbox, tmp_path, comes_back)
    assert isinstance(held.error, ExpectationFailed)
    assert (await again(tmp_path, comes_back)).told == held.told
