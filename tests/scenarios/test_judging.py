"""The judge's words in a live conversation: captures, names, settled, what must never come, the channel's rules."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextvars import Context
from pathlib import Path
from typing import TypeVarTuple

import pytest

from harness import (
    Customer,
    ExpectationFailed,
    LocalProtocolError,
    Target,
    capturing,
    contains,
    delivered,
    latency,
    left,
    message,
    read,
    reply,
    typing_started,
)
from harness.events import Dropped, Message
from harness.expectations.matchers import Matcher
from harness.sandbox.server import Sandbox
from harness.scenarios.customer import customer
from harness.scenarios.outcome import Status
from harness.settings import sandbox_target
from harness.user.persona import persona


@pytest.fixture
async def dora(at_sandbox: Target) -> AsyncIterator[Customer]:
    """A customer of the sandbox."""
    async with customer(persona("dora"), at_sandbox) as one:
        yield one


async def test_what_was_captured_and_named_can_be_used_later(dora: Customer) -> None:
    """By name; a name nobody bound is refused with the nearest one."""
    chat = await dora.open()
    await chat.expect(message(contains("Hello")).named("greeting"))
    await chat.say("Where is ORD-1001?")
    await chat.expect(reply(contains("shipped") & capturing(eta=r"arrives on (\w+)"), streamed=True), within=5)
    assert chat.captured["eta"] == "Thursday"
    greeting = chat.event("greeting")
    assert isinstance(greeting, Message)
    assert greeting.text.startswith("Hello")
    with pytest.raises(LocalProtocolError, match="nothing has been captured as 'etta'; did you mean 'eta'"):
        chat.captured["etta"]
    with pytest.raises(LocalProtocolError, match="no event has been named 'greting'; did you mean 'greeting'"):
        chat.event("greting")


class Mistaken(Matcher):
    """A matcher of somebody's own, with a mistake in it."""

    def accepts(self, value: object) -> bool:
        """Fail."""
        raise ZeroDivisionError("a mistake in a matcher")


async def test_a_mistake_in_a_matcher_is_told_and_hurts_nothing_else(dora: Customer) -> None:
    """Events are judged where they are heard, and whoever hears goes on."""
    chat = await dora.open()
    await chat.expect(message(contains("Hello")))
    await chat.say("Where is ORD-1001?")
    with pytest.raises(ZeroDivisionError, match="a mistake in a matcher"):
        await chat.expect(reply(Mistaken()), within=5)
    chat.go_on()
    await chat.say("Where is ORD-2002?")
    await chat.once(reply(contains("is delayed")), within=5)
    assert not [event for event in chat.timeline if isinstance(event, Dropped)]


async def test_receipts_and_a_checked_answer_in_one_block(dora: Customer) -> None:
    """Interleaved, with bounds on the stream and between events, and something that must never come."""
    chat = await dora.open()
    await chat.expect(typing_started(), message(contains("Hello")))
    await chat.say("Where is ORD-2002?")
    await chat.expect(
        (delivered() & read())
        & reply(contains("is delayed"), first_token=3, gap=2, complete=True, faithful=True, retracted="never"),
        never=[left()],
        latencies=[latency(until="message", most=5)],
        within=8,
    )
    assert chat.unclaimed == ()


async def test_settled_waits_until_the_bot_has_finished(dora: Customer) -> None:
    """And says what shows it."""
    chat = await dora.open()
    await chat.expect(message(contains("Hello")))
    await chat.say("Where is ORD-1001?")
    evidence = await chat.settled(within=10)
    assert evidence.startswith("settled ")
    assert "typing stopped, stream closed, silence" in evidence
    assert [event.text for event in chat.unclaimed] == [
        "Your order ORD-1001 has shipped. It left our warehouse in Rotterdam this morning "
        "and arrives on Thursday, 12 March."
    ]


async def test_a_bot_that_never_finishes_is_not_settled(dora: Customer) -> None:
    """The failure says what is still open."""
    chat = await dora.open("Test_Typing")
    await chat.say("anything")
    with pytest.raises(ExpectationFailed, match="not settled: Typing Bot is typing"):
        await chat.settled(within=0.5)


async def test_a_broken_rule_fails_a_scenario_that_held(dora: Customer) -> None:
    """Unless it is waived with a reason."""
    chat = await dora.open("Test_Typing")
    await chat.say("repeat")
    await chat.expect(message("Ready."), message("First."), message("First."))
    assert [violation.rule for violation in chat.violations] == ["ids_unique"]
    with pytest.raises(ExpectationFailed, match=r"1 broken rules of the channel\n.*ids_unique"):
        chat.verify()
    chat.waive("ids_unique", because="BOT-77: the bot repeats itself")
    chat.verify()
    with pytest.raises(LocalProtocolError, match="ids_uniqe"):
        chat.waive("ids_uniqe", because="a slip")
    with pytest.raises(LocalProtocolError):
        chat.waive("ids_unique", because="")


async def test_a_strict_conversation_fails_by_what_nobody_expected(dora: Customer) -> None:
    """Once the scenario is over; whoever expects it all has nothing to fear."""
    chat = await dora.open("Harbour_Menu", strict=True)
    await chat.settled()
    chat.verify()
    assert {step.status for step in chat.outcome.steps} == {Status.PASSED}
    with pytest.raises(ExpectationFailed, match="conversation 1 with Harbour_Menu: 2 messages that no expectation"):
        chat.verify_claimed()
    assert [step.status for step in chat.outcome.steps][-1] is Status.FAILED
    assert [chat.timeline[place] for place in chat.outcome.unclaimed] == list(chat.unclaimed)
    await chat.expect(message(), message())
    chat.verify_claimed()
    assert chat.outcome.unclaimed == ()


async def test_a_bot_that_talks_without_end_is_cut_short(tmp_path: Path) -> None:
    """The failure shows forty messages and counts the others."""
    bot = "bot: B\ndeployment: Talker\ngreeting:\n" + "  - message: Buy!\n" * 43
    (tmp_path / "talker.bot.yaml").write_text(bot + "turns:\n  - otherwise: true\n    do:\n      - message: No?\n")
    async with Sandbox([tmp_path]) as sandbox, customer(persona("dora"), sandbox_target(sandbox.url)) as dora:
        chat = await dora.open("Talker", strict=True)
        await chat.settled()
        with pytest.raises(ExpectationFailed) as failure:
            chat.verify_claimed()
    told = str(failure.value)
    assert told.startswith("conversation 1 with Talker: 43 messages that no expectation took")
    assert told.count("'Buy!'") == 40
    assert "\n              … 3 more\n  what to do  expect them, or" in told


Ts = TypeVarTuple("Ts")


class HastyLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers ring early, as do those of a loop that counts in milliseconds."""

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Ring 5 ms early."""
        return super().call_later(max(0.0, delay - 0.005), callback, *args, context=context)


def test_a_deadline_is_kept_though_the_loop_rings_early() -> None:
    """Nothing else comes that would have somebody look again."""

    async def scene() -> tuple[str, float]:
        async with Sandbox() as sandbox, customer(persona("dora"), sandbox_target(sandbox.url)) as dora:
            chat = await dora.open()
            await chat.expect(message(contains("Hello")))
            await chat.settled()
            with pytest.raises(ExpectationFailed) as failure:
                await chat.expect(message("Never."), within=1)
            return str(failure.value), chat.timeline.horizon

    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        told, horizon = runner.run(asyncio.wait_for(scene(), 15))
    assert "not complete 1 s after" in told
    assert horizon >= 1
