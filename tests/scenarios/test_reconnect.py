"""The event stream is lost by itself and comes back: what is heard again, what is fetched, what is said to be lost."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from harness import (
    Customer,
    ExpectationFailed,
    Inconclusive,
    ServiceRefused,
    StreamInterrupted,
    Target,
    contains,
    dropped,
    eventually,
    latency,
    message,
    missed,
    replayed,
    reply,
    resumed,
    token,
)
from harness.client.target import Reconnect, Timeouts
from harness.events import Dropped, Message, Missed, Received, Replayed, Resumed, Token
from harness.sandbox.server import Sandbox
from harness.scenarios.customer import customer
from harness.scenarios.heard import Heard
from harness.settings import sandbox_target

from .test_recorded import ANNA, again, live

SOON = Reconnect(first_delay="10ms", longest_delay="50ms", attempts=60)

DEAF = "drop phase=streaming after=3; no_replay phase=connect; server_error phase=connect times=30"
"""The stream is lost until the answer is over, and the service replays nothing."""

Scenario = Callable[[Customer], Awaitable[None]]


@pytest.fixture
def target(at_sandbox: Target) -> Target:
    """The sandbox, for clients that come back soon."""
    return at_sandbox.model_copy(update={"reconnect": SOON})


async def asked(anna: Customer, fault: str) -> Any:
    """A conversation in which something goes wrong while the answer is streamed."""
    chat = await anna.open("Harbour_Assistant", prechat={"sandbox.fault": fault})
    await chat.expect(message(contains("Hello")))
    await chat.say("Where is my order ORD-1001?")
    return chat


def heard_once(timeline: Any) -> list[str]:
    """The texts of the tokens; every entry is there once."""
    entries = [
        (event.entry, event.kind) for event in timeline if isinstance(event, Received) and event.kind != "joined"
    ]
    assert len(entries) == len(set(entries))
    return [event.text for event in timeline if isinstance(event, Token)]


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("fault", ["drop", "half"])
async def test_a_lost_stream_is_opened_again_and_nothing_is_lost(target: Target, fault: str, how: str) -> None:
    """The rest of the answer comes on the next stream; drop and resume can be expected, and how long that took."""
    async with customer(ANNA, target) as anna:
        chat = await asked(anna, f"{fault} how={how} phase=streaming after=3")
        await chat.expect(
            dropped() & resumed() & reply(contains("shipped"), in_order=True, complete=True, faithful=True),
            latencies=[latency(since="dropped", until="resumed", most=2)],
        )
        assert "".join(heard_once(chat.timeline)).startswith("Your order ORD-1001 has")
        [lost] = [event for event in chat.timeline if isinstance(event, Dropped)]
        assert (lost.unfinished > 0) == (fault == "half")
        chat.verify()


async def test_what_is_sent_again_is_told_and_counts_once(target: Target) -> None:
    """A service that resumes further back than it was asked to."""
    async with customer(ANNA, target) as anna:
        chat = await asked(anna, "drop phase=streaming after=3; overlap events=2 phase=connect")
        await chat.expect(replayed(of="token"), replayed(of="token"), eventually(message(contains("shipped"))))
        heard_once(chat.timeline)
        [*_, last] = [event for event in chat.timeline if isinstance(event, Replayed)]
        assert str(last) == "token sent again, passed over"
        chat.verify()


async def test_what_the_stream_does_not_bring_again_is_taken_from_the_list(target: Target) -> None:
    """The final message was said while nobody listened. The tokens are lost for good, and that is said."""
    async with customer(ANNA, target) as anna:
        chat = await asked(anna, DEAF)
        await chat.expect(missed(1), eventually(message(contains("shipped"))))
        tokens = heard_once(chat.timeline)
        [gap] = [event for event in chat.timeline if isinstance(event, Missed)]
        assert str(gap) == (
            "1 entry was missed and taken from the service's list; what it does not keep (tokens, typing, progress, "
            "receipts) is lost"
        )
        [final] = [event for event in chat.timeline if isinstance(event, Message) and "shipped" in event.text]
        [lost] = [event for event in chat.timeline if isinstance(event, Dropped)]
        assert len("".join(tokens)) < len(final.text)
        assert final.earliest <= lost.at < final.at


async def test_a_wait_over_a_loss_blames_nobody(target: Target) -> None:
    """What came after it may have been sent the moment the stream was lost: inconclusive, not too late."""
    async with customer(ANNA, target.model_copy(update={"reconnect": Reconnect(first_delay="800ms")})) as anna:
        chat = await asked(anna, "drop phase=streaming after=3")
        with pytest.raises(Inconclusive, match="the wait for token 4 was between 0"):
            await chat.expect(reply(contains("shipped"), gap=0.5))


async def test_a_silent_stream_is_lost(target: Target) -> None:
    """No byte for longer than a service may be silent, not even a ping; then it is opened anew."""
    impatient = target.model_copy(update={"timeouts": Timeouts(silence="300ms")})
    async with customer(ANNA, impatient) as anna:
        chat = await asked(anna, "silence phase=streaming after=3")
        await chat.expect(dropped(reason=contains("nothing was heard for 0.3 s")), resumed())
        await chat.expect(eventually(message(contains("shipped"))))
        heard_once(chat.timeline)
        chat.verify()


async def test_what_is_expected_while_the_stream_is_lost_breaks_the_scenario(target: Target) -> None:
    """The bot can't be blamed for what nobody could hear."""
    slow = target.model_copy(update={"reconnect": Reconnect(first_delay="60s")})
    async with customer(ANNA, slow) as anna:
        chat = await asked(anna, "drop phase=streaming after=3")
        with pytest.raises(StreamInterrupted, match=r"was not back \d\.\d s later") as failure:
            await chat.expect(reply(contains("shipped")), within=1)
        [told] = failure.value.__notes__
        assert "still open  the rest of a reply" in told


async def test_a_wrong_answer_is_wrong_though_the_stream_was_lost_before(target: Target) -> None:
    """Once it is back, the bot is to blame again."""
    async with customer(ANNA, target) as anna:
        chat = await asked(anna, "drop phase=streaming after=3")
        with pytest.raises(ExpectationFailed):
            await chat.expect(reply(contains("is lost")))


async def test_a_service_that_does_not_come_back() -> None:
    """The attempts are counted, and told with what the last one came to."""
    async with Sandbox() as sandbox:
        target = sandbox_target(sandbox.url, within=5).model_copy(
            update={"reconnect": Reconnect(first_delay="10ms", attempts=3)}
        )
        async with customer(ANNA, target) as anna:
            chat = await anna.open("Harbour_Menu")
            await chat.expect(message(), message())
            await sandbox.__aexit__()
            try:
                with pytest.raises(Exception, match="nobody answered") as failure:
                    await chat.expect(message())
                assert "3 attempts to open it again failed" in failure.value.__notes__[0]
            finally:
                await sandbox.__aenter__()


async def test_a_token_that_expires_while_the_stream_is_open(target: Target) -> None:
    """Coming back is no use then: the refusal is told at once."""
    async with customer(ANNA, target) as anna:
        chat = await asked(anna, "expire phase=streaming after=3")
        with pytest.raises(ServiceRefused, match="open event stream was refused with 401"):
            await chat.expect(reply(contains("shipped")))


async def test_no_attempts_are_made_where_none_are_wanted(target: Target) -> None:
    """The scenario is broken by the loss itself."""
    async with customer(ANNA, target.model_copy(update={"reconnect": Reconnect(attempts=0)})) as anna:
        chat = await asked(anna, "drop phase=streaming after=3")
        with pytest.raises(StreamInterrupted, match="ended while the conversation was still open"):
            await chat.expect(reply(contains("shipped")))


async def test_whoever_loses_the_network_meanwhile_stays_away(target: Target) -> None:
    """The stream does not come back by itself to somebody who has gone."""
    slow = target.model_copy(update={"reconnect": Reconnect(first_delay="200ms")})
    async with customer(ANNA, slow) as anna:
        chat = await asked(anna, "drop phase=streaming after=3")
        await chat.expect(dropped())
        await chat.drop()
        await chat.wait(0.5)
        assert not any(isinstance(event, Resumed) for event in chat.timeline)
        await chat.resume()
        await chat.expect(resumed(), eventually(message(contains("shipped"))))


async def comes_back(anna: Customer) -> None:
    """Lost by itself, and fetched."""
    chat = await asked(anna, DEAF)
    await chat.expect(missed(1), eventually(message(contains("shipped"))))


async def gives_up(anna: Customer) -> None:
    """Lost by itself, and not back in time."""
    chat = await asked(anna, "drop phase=streaming after=3; server_error phase=connect times=all")
    await chat.expect(token(), token(), token())
    await chat.expect(reply(contains("shipped")), within=2)


@pytest.mark.parametrize(("scenario", "error"), [(comes_back, None), (gives_up, "StreamInterrupted")])
async def test_it_is_judged_the_same_from_a_recording(
    target: Target, tmp_path: Path, scenario: Scenario, error: str | None
) -> None:
    """To the word."""
    told = await live(target, tmp_path, scenario)
    assert (type(told.error).__name__ if told.error else None) == error
    assert (await again(tmp_path, scenario)).told == told.told


async def test_two_conversations_on_one_stream_and_two_streams_of_one_user(at_sandbox: Target, network: Any) -> None:
    """Each conversation hears its own; each stream of a user hears all of theirs."""
    from harness.client.miaw import MiawClient  # noqa: PLC0415
    from harness.protocols.miaw.mapping import events_of  # noqa: PLC0415

    client = MiawClient(network, at_sandbox, deployment="Harbour_Menu")
    await client.authenticate()
    other = await client.another()
    ids = ["de887eba-8c27-4416-a06c-e91ff2f413a1", "120291b7-bc94-43c5-8d01-9ba521eee2d6"]
    heard: dict[tuple[int, str], list[str]] = {(number, one): [] for number in (0, 1) for one in ids}
    whole = asyncio.Event()

    async with client.events() as first, other.events() as second:

        async def listen(number: int, stream: Any) -> None:
            def take(batch: Any) -> None:
                for frame in batch.frames:
                    for one in ids:
                        found = events_of(frame, earliest=0, at=0, conversation=one)
                        heard[number, one] += [event.text for event in found if isinstance(event, Message)]
                if all(len(texts) == 2 for texts in heard.values()):
                    whole.set()

            await stream.listen(take)

        listening = [asyncio.create_task(listen(0, first)), asyncio.create_task(listen(1, second))]
        for one in ids:
            await client.create(one, attributes={})
        async with asyncio.timeout(10):
            await whole.wait()
        for task in listening:
            task.cancel()
        for one in ids:
            await client.close(one)
    assert {tuple(texts) for texts in heard.values()} == {("Welcome to Harbour.", "What can I do for you?")}


def said(entry: str, raw: str = "", **fields: Any) -> Message:
    """A message as it was heard."""
    return Message(**{"at": 1.0, "earliest": 1.0, "entry": entry, "raw": raw or entry, **fields})


def test_only_what_was_heard_before_a_loss_can_be_a_repetition() -> None:
    """To the letter, and once a loss; what was listed is known whatever its frame says."""
    heard = Heard()
    assert not heard.again(said("a"), 1.0)
    assert not heard.again(said("a"), 1.0)
    heard.lost(2.0)
    assert heard.again(said("a"), 3.0)
    assert not heard.again(said("a"), 3.0)
    heard.lost(4.0)
    assert not heard.again(said("a", raw="changed"), 5.0)
    assert heard.is_new("b")
    heard.listed("b")
    assert not heard.is_new("b")
    assert heard.again(said("b", raw="whatever"), 6.0)


def test_what_waited_for_the_stream_may_be_as_old_as_the_loss() -> None:
    """By the service's own times, whose clock may be an hour off; what was said after the stream was back is not."""
    heard = Heard()
    heard.again(said("a", sent_at=3_600_000), 1.0)
    heard.lost(2.0)
    heard.back(10.0)
    waited = heard.dated(said("b", sent_at=3_608_000, at=10.1, earliest=10.05))
    assert (waited.earliest, waited.at) == (2.0, 10.1)
    fresh = heard.dated(said("c", sent_at=3_609_500, at=10.6, earliest=10.55))
    assert (fresh.earliest, fresh.at) == (10.55, 10.6)
    assert heard.dated(said("d", sent_at=3_600_001, at=11, earliest=11)).earliest == 11
