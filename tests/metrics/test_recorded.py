"""Conversations with the real sandbox: what they measure, live and from their recordings, and the page's examples."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from harness import Conversation, Customer, Target, contains, eventually, message, quiet, reply, token
from harness.metrics.measuring import Measurements, TurnMetrics, measure
from harness.metrics.names import readings
from harness.metrics.skew import skew, stamps
from harness.metrics.summaries import channel, goodput, summary
from harness.scenarios.customer import customer
from harness.scenarios.recording import Recordings, read, recordings_in
from harness.user.persona import persona

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
ANNA = persona("anna", locale="en_US")

Talk = Callable[[Customer], Awaitable[Conversation]]


class Played:
    """A conversation that is over: what it measures, live and recorded."""

    def __init__(self, chat: Conversation, measured: Measurements, recorded: Measurements) -> None:
        self.chat, self.measured, self.recorded = chat, measured, recorded

    def values(self, number: int) -> dict[str, float]:
        """What a turn measures, without its doubts."""
        return {name: span.value for name, span in readings(self.turn(number)).items()}

    def turn(self, number: int) -> TurnMetrics:
        """One of its turns; the opening is 0."""
        return self.measured.turns[number]


async def play(target: Target, folder: Path, talk: Talk) -> Played:
    """Have a conversation, and read its recording."""
    async with customer(ANNA, target, recordings=Recordings(folder, "a talk")) as anna:
        chat = await talk(anna)
    [path] = recordings_in(folder)
    return Played(chat, measure(chat.timeline), measure(read(path).timeline))


async def orders(customer: Customer) -> Conversation:
    """A streamed answer in order, one out of order, one that is withdrawn, one that is not streamed."""
    chat = await customer.open("Harbour_Assistant")
    await chat.expect(message(contains("Hello")))
    for question in ("Where is ORD-1001?", "What are your opening hours?", "Can I have a loan?"):
        await chat.say(question)
        await chat.expect(reply(streamed=True))
    await chat.say("thanks")
    await chat.expect(message(contains("welcome")))
    return chat


async def test_answers_measure_what_the_bot_was_told_to_do(at_sandbox: Target, tmp_path: Path) -> None:
    """Its pauses are the least that a wait can be; its faults are counted, and no others."""
    played = await play(at_sandbox, tmp_path, orders)
    assert [turn.ending for turn in played.measured.turns] == ["answered"] * 5
    assert [turn.words for turn in played.measured.turns][1:3] == ["Where is ORD-1001?", "What are your opening hours?"]
    order, hours, loan, thanks = map(played.values, (1, 2, 3, 4))
    assert order["ttft_ms"] > 100  # 15, 30, 40 and 30 ms
    assert order["ttft_ms"] + 5 * 25 < order["ttlt_ms"] <= order["answer_ms"]
    assert 0 < order["ack_ms"] < order["ttft_ms"]
    assert order["ttfe_ms"] <= order["delivered_ms"] < order["read_ms"] <= order["typing_ms"] < order["ttft_ms"]
    final = next(
        one for one in played.chat.timeline if "has shipped" in getattr(one, "text", "") and one.kind == "message"
    )
    assert (order["chunks"], order["chars"]) == (6, len(getattr(final, "text", "")))
    faults = ("dup", "replayed", "missing", "out_of_order", "retracted")
    assert [order[name] for name in faults] == [0, 0, 0, 0, 0]
    assert [hours[name] for name in faults] == [0, 0, 0, 2, 0]
    withdrawn = len("Yes, you qualify for a loan of up to €5,000 at 3.9 % a year.")
    assert [loan[name] for name in faults] == [0, 0, 0, 0, withdrawn]
    assert thanks["answer_ms"] > 15
    assert "ttft_ms" not in thanks


async def tunnel(customer: Customer) -> Conversation:
    """The stream is lost in the middle of an answer."""
    chat = await customer.open("Harbour_Assistant")
    await chat.expect(message())
    await chat.say("What is your returns policy?")
    await chat.expect(token())
    await chat.drop(0.3)
    await chat.expect(reply(complete=True))
    return chat


async def test_an_outage_is_told_and_its_turn_left_out(at_sandbox: Target, tmp_path: Path) -> None:
    """What was told again is no repeat, since the client passed it over."""
    played = await play(at_sandbox, tmp_path, tunnel)
    [outage] = played.measured.outages
    assert outage.deliberate
    assert outage.down is not None
    assert outage.reconnect is not None
    assert outage.down.value >= 0.29
    assert outage.reconnect.value == pytest.approx(outage.down.value - 0.3)
    assert played.turn(1).down == pytest.approx(outage.down.value)
    assert (played.values(1)["chunks"], played.values(1)["dup"], played.values(1)["replayed"]) == (20, 0, 0)
    sample = summary({"tunnel": played.measured, "other": played.measured}).get("ttft_ms")
    assert sample is None
    assert goodput({"tunnel": played.measured}, {"ttft_ms": 2000}).left_out == 1


async def desk(customer: Customer) -> Conversation:
    """A hand-off to a rep of the bot's script."""
    chat = await customer.open("Harbour_Desk")
    await chat.expect(message())
    await chat.say("I need a person")
    await chat.expect(eventually(message(contains("How can I help"))))
    return chat


async def test_a_hand_off_takes_as_long_as_its_queue(at_sandbox: Target, tmp_path: Path) -> None:
    """Four gaps of 40 ms, then the rep types for 40 ms."""
    played = await play(at_sandbox, tmp_path, desk)
    [handoff] = played.measured.handoffs
    assert (handoff.to, handoff.positions, handoff.failed) == ("agent", (2, 1), None)
    assert handoff.queued is not None
    assert handoff.greeted is not None
    assert handoff.asked is not None
    assert 0.15 < handoff.queued.value <= handoff.asked.value
    assert handoff.greeted.value > 0.035
    seen = channel({"desk": played.measured})
    assert {name: one.n for name, one in seen.items() if name != "typed_ms"} == {
        **dict.fromkeys(("routed_ms", "active_ms", "joined_ms", "greeting_ms"), 1),
        **dict.fromkeys(("handoff_ms", "queued_ms", "greeted_ms", "outages"), 1),
    }
    assert max(one.value for one in seen["typed_ms"].observed) > 35


async def hang(customer: Customer) -> Conversation:
    """The bot hears, and says nothing more."""
    chat = await customer.open("Test_Hostile")
    await chat.expect(message("Ready."))
    await chat.say("silence")
    await chat.expect(quiet(0.3, kinds=["message"]))
    return chat


async def test_a_bot_that_hangs_is_not_dropped(at_sandbox: Target, tmp_path: Path) -> None:
    """The harness closed the conversation, so the user left; but they waited longer than an answer takes."""
    played = await play(at_sandbox, tmp_path / "hang", hang)
    quick = await play(at_sandbox, tmp_path / "quick", orders)
    assert played.turn(1).ending == "overtaken"
    assert played.turn(1).waited >= 0.3
    kept = goodput({"hang": played.measured}, {"answer_ms": 200})
    assert (kept.good, kept.n, kept.broken) == (0, 1, {"answer_ms": 1})
    found = summary({"hang": played.measured, "quick": quick.measured})["answer_ms"]
    assert (found.n + found.left_out, found.censored) == (5, 1 - found.left_out)


@pytest.mark.parametrize("talk", [orders, tunnel, desk, hang], ids=lambda talk: talk.__name__)
async def test_a_recording_measures_the_same(at_sandbox: Target, tmp_path: Path, talk: Talk) -> None:
    """To the last digit."""
    played = await play(at_sandbox, tmp_path, talk)
    assert played.recorded == played.measured
    assert len(played.measured.turns) > 1


async def test_the_clocks_of_one_machine_agree(at_sandbox: Target, tmp_path: Path) -> None:
    """But for the way and the milliseconds that stamps are cut to."""
    async with customer(ANNA, at_sandbox) as anna:
        chat = await orders(anna)
    found = skew(stamps(chat.timeline, chat.outcome.opened_at))
    assert found is not None
    assert found.n > 30
    assert found.doubts == ()


async def test_the_examples_of_the_page_run(at_sandbox: Target, capsys: pytest.CaptureFixture[str]) -> None:
    """As they stand there, one after the other."""
    async with customer(ANNA, at_sandbox) as anna:
        chat = await orders(anna)
    examples = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    names = {"chat": chat}
    for example in examples:
        exec(example, names)  # noqa: S102 - our own page
    told = capsys.readouterr().out
    assert re.search(r"^'Where is ORD-1001\?': ttft_ms \d+ ms, give or take \d+$", told, re.MULTILINE)
    assert re.search(r"^answer_ms n=4, 0 never came, 0 left out Estimate", told, re.MULTILINE)
    assert "Estimate(value=1.0, interval=Interval(low=0" in told
