"""What was judged live is judged the same from its recording; what can't be judged from it is said in a sentence."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from harness import (
    Conversation,
    Customer,
    ExpectationFailed,
    HarnessError,
    Inconclusive,
    LocalProtocolError,
    ServiceRefused,
    Target,
    closed,
    contains,
    delivered,
    echo,
    message,
    progress,
    read,
    repeat,
    token,
    typing_started,
)
from harness.client.target import Reconnect
from harness.events import Event
from harness.expectations.patterns import Pattern
from harness.scenarios.customer import customer, recorded_customer
from harness.scenarios.live import LiveConversation
from harness.scenarios.outcome import Outcome
from harness.scenarios.recording import Recordings, recordings_in
from harness.scenarios.recording import read as read_recording
from harness.timeline.archive import SUFFIX, Recording
from harness.user.persona import persona

ANNA = persona("anna", locale="de_DE")

Scenario = Callable[[Customer], Awaitable[object]]


class Judged(NamedTuple):
    """What a scenario came to: its error, and its conversations."""

    error: Exception | None
    outcomes: list[Outcome]

    @property
    def told(self) -> object:
        """All that has to be the same live and from a recording."""
        steps = [
            [(step.title, step.status, step.message, tuple(step.events)) for step in outcome.steps]
            for outcome in self.outcomes
        ]
        timelines = [list(outcome.timeline) for outcome in self.outcomes]
        left = [(tuple(outcome.violations), tuple(outcome.unclaimed)) for outcome in self.outcomes]
        notes = getattr(self.error, "__notes__", [])
        return type(self.error), str(self.error), notes, steps, timelines, left


async def play(somebody: Customer, scenario: Scenario) -> Judged:
    """Play a scenario as pytest would."""
    error: Exception | None = None
    try:
        await scenario(somebody)
        for conversation in somebody.conversations:
            conversation.verify()
        for conversation in somebody.conversations:
            conversation.verify_claimed()
    except (ExpectationFailed, HarnessError) as raised:
        error = raised
    for conversation in somebody.conversations:
        conversation.conclude()
    return Judged(error, [conversation.outcome for conversation in somebody.conversations])


async def live(target: Target, folder: Path, scenario: Scenario) -> Judged:
    """Hold the conversations of a scenario, and record them."""
    async with customer(ANNA, target, recordings=Recordings(folder, "test_recorded.py::test_a")) as somebody:
        return await play(somebody, scenario)


def recordings(folder: Path) -> list[Recording]:
    """What was recorded there."""
    return [read_recording(path) for path in recordings_in(folder)]


async def again(folder: Path, scenario: Scenario, within: float | None = None) -> Judged:
    """Judge the recordings by a scenario."""
    return await play(recorded_customer(recordings(folder), within=within), scenario)


async def clicks(customer: Customer) -> None:
    """Every kind of move."""
    chat = await customer.open("Harbour_Menu", prechat={"_email": customer.persona.email})
    await chat.expect(message(), message(contains("What can I do")))
    await chat.acknowledge("delivered")
    await chat.type()
    await chat.type(started=False)
    await chat.choose("Return an item")
    await chat.expect(message(contains("Why")), within=3)
    await chat.end()
    await chat.close()
    await chat.expect(closed())


async def unexpected(customer: Customer) -> None:
    """The bot says something else."""
    chat = await customer.open()
    await chat.expect(message(contains("Hello")))
    await chat.say(f"Where is ORD-1001? I am {customer.persona.name}, {customer.persona.email}")
    await chat.expect(echo(contains(customer.persona.email)), delivered(), read())
    await chat.expect(progress(), repeat(token(), at_least=3), message(contains(customer.persona.first_name)))


async def silence(customer: Customer) -> None:
    """The bot says nothing."""
    chat = await customer.open("Test_Hostile")
    await chat.say("silence")
    await chat.expect(message("Ready."), message("Bye."), within=0.2)


async def goes_on(customer: Customer) -> None:
    """Two failures that the scenario lives with: one by the clock, one by an event."""
    chat = await customer.open("Test_Hostile")
    await chat.say("silence")
    with pytest.raises(ExpectationFailed):
        await chat.expect(message("Ready."), message("Bye."), within=0.1)
    await chat.say("Hello")
    with pytest.raises(ExpectationFailed):
        await chat.expect(message("Ready."), message("Bye."))
    await chat.expect(message("Ready."), message(contains("something")))


async def late(customer: Customer) -> None:
    """Everything has come before anybody looks; then somebody looks and is disappointed."""
    chat = await customer.open("Harbour_Menu")
    await until(chat, lambda event: event.kind == "message" and bool(getattr(event, "options", ())))
    await chat.choose("Opening hours")
    await until(chat, lambda event: event.kind == "message" and "weekdays" in getattr(event, "text", ""))
    await chat.expect(message("Welcome to Harbour."), message("Bye."))


async def until(chat: Conversation, there: Callable[[Event], bool]) -> None:
    """Wait for an event without an expectation, as a scenario with a head of its own might."""
    if isinstance(chat, LiveConversation):
        async with asyncio.timeout(10):
            while not any(map(there, chat.timeline)):  # noqa: ASYNC110 - from outside there is nothing to wait for
                await asyncio.sleep(0.005)


async def unreadable(customer: Customer) -> None:
    """All holds, but for an event that nobody can read."""
    chat = await customer.open("Test_Hostile")
    await chat.say("malformed")
    await chat.expect(message("Ready."), message("That was malformed."))


async def leftovers(customer: Customer) -> None:
    """All holds, and the bot has said more than anybody expected, in two conversations of which one is strict."""
    other = await customer.open()
    await other.settled()
    chat = await customer.open("Harbour_Menu", strict=True)
    await chat.settled()


def hostile(word: str, *after: Pattern) -> Scenario:
    """The event stream breaks off, and the scenario goes on."""

    async def scenario(customer: Customer) -> None:
        chat = await customer.open("Test_Hostile")
        await chat.say(word)
        for _ in range(2):
            with pytest.raises(HarnessError):
                await chat.expect(message("Ready."), *after, message("Never."), within=5)
        await chat.say("anybody there?")

    scenario.__name__ = word
    return scenario


async def nobody(customer: Customer) -> None:
    """The service knows no such deployment."""
    with pytest.raises(ServiceRefused) as refusal:
        await customer.open("No_Such_Deployment")
    assert (refusal.value.status, refusal.value.error_code) == (400, "BAD_REQUEST")
    await customer.open("No_Such_Deployment_Either")


async def refused(customer: Customer) -> None:
    """The service does not take what is said."""
    chat = await customer.open()
    await chat.expect(message(contains("Hello")))
    if isinstance(chat, LiveConversation):
        await chat._client.close(chat.id)  # behind the conversation's back, as another tab would
    await chat.say("Bearer 0123456789abcdef")


async def impossible(customer: Customer) -> None:
    """Moves and expectations that can't be."""
    chat = await customer.open("Harbour_Menu")
    with pytest.raises(LocalProtocolError):
        await chat.expect(delivered())
    with pytest.raises(LocalProtocolError):
        await chat.choose("Tea")
    await chat.expect(message(), message())
    with pytest.raises(LocalProtocolError):
        await chat.choose("Tea")
    with pytest.raises(LocalProtocolError):
        await chat.open()
    await chat.choose("Opening hours")
    await chat.close()
    await chat.expect(closed())
    await chat.say("Hello?")


async def several(customer: Customer) -> None:
    """Two conversations of one customer at once, and a third one after them."""
    one, other = await asyncio.gather(customer.open(), customer.open("Harbour_Menu"))
    await asyncio.gather(one.say("Where is ORD-1001?"), other.expect(message(), message()))
    await asyncio.gather(one.expect(message(contains("Hello")), message(contains("1001"))), other.choose("Yes, please"))


async def at_once(customer: Customer) -> None:
    """Moves while an expectation of the same conversation waits."""
    chat = await customer.open()
    await chat.expect(message(contains("Hello")))
    await asyncio.gather(
        chat.expect(message(contains("1001")), message(contains("2002"))),
        chat.say("Where is ORD-1001?"),
        chat.say("Where is ORD-2002?"),
    )


@pytest.mark.parametrize(
    ("scenario", "error"),
    [
        (clicks, None),
        (unexpected, "ExpectationFailed"),
        (silence, "ExpectationFailed"),
        (goes_on, None),
        (late, "ExpectationFailed"),
        (unreadable, "RemoteProtocolError"),
        (leftovers, "ExpectationFailed"),
        (hostile("drop", typing_started()), "StreamInterrupted"),
        (hostile("half", typing_started()), "StreamInterrupted"),
        (hostile("too large", message("One moment.")), "RemoteProtocolError"),
        (nobody, "ServiceRefused"),
        (refused, "ServiceRefused"),
        (impossible, "LocalProtocolError"),
        (several, "LocalProtocolError"),
        (at_once, None),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
async def test_what_was_judged_live_is_judged_the_same_again(
    at_sandbox: Target, tmp_path: Path, scenario: Scenario, error: str | None
) -> None:
    """Step by step: title, status, message, the events taken; and the whole timeline that was known."""
    first = await live(at_sandbox.model_copy(update={"reconnect": Reconnect(attempts=0)}), tmp_path, scenario)
    assert (type(first.error).__name__ if first.error else None) == error
    assert all(recording.truncated is None for recording in recordings(tmp_path))
    for _ in range(2):
        assert (await again(tmp_path, scenario)).told == first.told


async def test_nothing_private_leaves_a_conversation(at_sandbox: Target, tmp_path: Path) -> None:
    """Neither in a file, nor in an outcome, nor in the words of a failure; the scenario itself sees it."""
    done = await live(at_sandbox, tmp_path, unexpected)
    [file] = recordings_in(tmp_path)
    everything = "\n".join(
        [file.read_text(), str(done.error), repr(done.outcomes), *map(repr, done.outcomes[0].timeline)]
    )
    for value in (ANNA.first_name, ANNA.last_name, ANNA.email):
        assert value not in everything
    assert "I am [persona.name], [persona.email]" in str(done.error)
    [recording] = recordings(tmp_path)
    assert f"I am {ANNA.name}, {ANNA.email}" in "".join(getattr(event, "text", "") for event in recording.timeline)


async def question(customer: Customer) -> Conversation:
    """What the recorded user asked."""
    chat = await customer.open("Harbour_Assistant", prechat={"_tier": "gold"})
    await chat.expect(message(contains("Hello")))
    await chat.say("Where is ORD-1001?")
    await chat.expect(message(contains("has shipped")))
    return chat


def opening(deployment: str = "", tier: str = "gold") -> Scenario:
    """Open a conversation, perhaps another one than was recorded."""

    async def scenario(customer: Customer) -> None:
        await customer.open(deployment, prechat={"_tier": tier})

    return scenario


def asking(move: Callable[[Conversation], Awaitable[object]]) -> Scenario:
    """Do something else than ask where the order is."""

    async def scenario(customer: Customer) -> None:
        chat = await customer.open(prechat={"_tier": "gold"})
        await chat.expect(message(contains("Hello")))
        await move(chat)

    return scenario


async def asks_on(customer: Customer) -> None:
    """One question more than was recorded."""
    chat = await question(customer)
    await chat.close()
    await chat.expect(closed(), message("Goodbye."))


async def asks_more(customer: Customer) -> None:
    """Another question after the last recorded one."""
    chat = await question(customer)
    await chat.say("Thanks")


async def twice(customer: Customer) -> None:
    """One conversation more than was recorded."""
    await question(customer)
    await customer.open()


CHANGED = ": the scenario has changed since; run it again"


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        pytest.param(
            asking(lambda chat: chat.say("Where is ORD-2002?")),
            "the recorded user said 'Where is ORD-1001?', but the scenario's user said 'Where is ORD-2002?'" + CHANGED,
            id="another text",
        ),
        pytest.param(
            asking(lambda chat: chat.type()),
            "the recorded user said 'Where is ORD-1001?', but the scenario's user started typing" + CHANGED,
            id="another move",
        ),
        pytest.param(
            opening("Harbour_Menu"),
            "the recorded user opened a conversation with Harbour_Assistant as {'_tier': 'gold'}, but the "
            "scenario's user opened a conversation with Harbour_Menu as {'_tier': 'gold'}" + CHANGED,
            id="another deployment",
        ),
        pytest.param(
            opening(tier="silver"),
            "the recorded user opened a conversation with Harbour_Assistant as {'_tier': 'gold'}, but the "
            "scenario's user opened a conversation with Harbour_Assistant as {'_tier': 'silver'}" + CHANGED,
            id="other values",
        ),
        pytest.param(
            asks_more,
            "no further move was recorded, but the scenario's user said 'Thanks'" + CHANGED,
            id="a further move",
        ),
        pytest.param(asks_on, None, id="a close where the harness closed"),
        pytest.param(
            asking(lambda chat: chat.choose("Tea")),
            "can't choose 'Tea': no choices have been offered",
            id="a choice that is none",
        ),
    ],
)
async def test_a_scenario_that_has_changed_is_told(
    at_sandbox: Target, tmp_path: Path, scenario: Scenario, says: str | None
) -> None:
    """Which move was recorded, which was made; nothing is judged of a conversation that never was."""
    assert (await live(at_sandbox, tmp_path, question)).error is None
    error = (await again(tmp_path, scenario)).error
    if says is None:
        assert isinstance(error, Inconclusive)
        assert "can't be told: the recording ends" in str(error)
        return
    assert isinstance(error, LocalProtocolError)
    assert str(error) == says


async def test_more_than_was_recorded_is_told(at_sandbox: Target, tmp_path: Path) -> None:
    """A further move, a further conversation."""

    async def leaves(customer: Customer) -> None:
        chat = await question(customer)
        await chat.close()
        await chat.expect(closed())

    async def leaves_and_talks(customer: Customer) -> None:
        await leaves(customer)
        await customer.conversations[0].say("Hello?")

    await live(at_sandbox, tmp_path, leaves)
    assert (await again(tmp_path, leaves)).error is None
    assert "the conversation has been closed" in str((await again(tmp_path, leaves_and_talks)).error)
    [recording] = recordings(tmp_path)
    assert str((await again(tmp_path, twice)).error) == (
        f"the scenario opens a conversation 2, and no recording of it was given (of this run: {recording.path}); give "
        "all, or run it again"
    )


async def test_today_s_expectations_judge(at_sandbox: Target, tmp_path: Path) -> None:
    """What held then may fail now, and the other way round."""

    def answered(text: str, within: float = 5) -> Scenario:
        async def scenario(customer: Customer) -> None:
            chat = await customer.open(prechat={"_tier": "gold"})
            await chat.expect(message(contains("Hello")))
            await chat.say("Where is ORD-1001?")
            await chat.expect(message(contains(text)), within=within)

        return scenario

    assert isinstance((await live(at_sandbox, tmp_path, answered("is lost"))).error, ExpectationFailed)
    assert (await again(tmp_path, answered("has shipped"))).error is None
    error = (await again(tmp_path, answered("is delayed"))).error
    assert isinstance(error, ExpectationFailed)
    assert "wanted text containing 'is delayed', saw 'Your order ORD-1001 has shipped." in str(error)
    assert "not complete 0.01 s after" in str((await again(tmp_path, answered("has shipped", within=0.01))).error)


async def test_a_deadline_that_is_not_given_is_the_recorded_one(at_sandbox: Target, tmp_path: Path) -> None:
    """Unless another one is given now."""

    async def scenario(customer: Customer) -> None:
        chat = await customer.open("Test_Hostile")
        await chat.say("silence")
        await chat.expect(message("Ready."), delivered())

    await live(at_sandbox, tmp_path, scenario)
    assert [recording.header.within for recording in recordings(tmp_path)] == [5.0]
    assert (await again(tmp_path, scenario)).error is None
    assert "within 1e-06 s" in str((await again(tmp_path, scenario, within=1e-6)).error)


async def test_what_a_recording_does_not_decide_is_inconclusive(at_sandbox: Target, tmp_path: Path) -> None:
    """The user moved on, or the scenario ended, before it was decided: nobody knows what would have come."""

    def asked(*patterns: int) -> Scenario:
        async def scenario(customer: Customer) -> None:
            chat = await customer.open("Test_Hostile")
            await chat.expect(*[message()] * patterns[0], within=60)
            await chat.say("hello")
            await chat.expect(*[message()] * patterns[1], within=60)

        return scenario

    assert (await live(at_sandbox, tmp_path, asked(1, 1))).error is None
    moved_on = (await again(tmp_path, asked(2, 1))).error
    assert isinstance(moved_on, Inconclusive)
    assert "can't be told: the recorded user said 'hello' 0." in str(moved_on)
    assert " s after the user's move, when it was still undecided; run the scenario again\n" in str(moved_on)
    assert "  still open  message" in str(moved_on)
    ended = (await again(tmp_path, asked(1, 2))).error
    assert isinstance(ended, Inconclusive)
    assert "step 4, scenario (tests/scenarios/test_recorded.py:" in str(ended)
    assert "can't be told: the recording ends 0." in str(ended)


async def test_a_recording_that_was_cut_off_is_judged_as_far_as_it_goes(at_sandbox: Target, tmp_path: Path) -> None:
    """Wherever: what was decided by then is, the rest is inconclusive or was never done."""
    assert (await live(at_sandbox, tmp_path, question)).error is None
    [file] = recordings_in(tmp_path)
    whole = file.read_bytes().splitlines(keepends=True)
    for lines in range(1, len(whole)):
        file.write_bytes(b"".join(whole[:lines]) + b'{"event": {')
        [recording] = recordings(tmp_path)
        assert recording.truncated == f"line {lines + 1} of {file} is cut off; the {lines} before it are whole"
        error = (await again(tmp_path, question)).error
        is_decided = any(event.kind == "message" and "has shipped" in str(event) for event in recording.timeline)
        assert (error is None) == is_decided
        if error is not None:
            assert isinstance(error, Inconclusive | LocalProtocolError)
            assert "run it again" in str(error) or "run the scenario again" in str(error)


def test_recordings_have_names_of_their_own(tmp_path: Path) -> None:
    """Whatever the scenario is called, and however often it is run."""
    names = []
    for scenario in (
        "a/test_x.py::test_y[ü/../b c]",
        "a/test_x.py::test_y[ü/../b_c]",
        "b/test_x.py::test_y[" + "z" * 300,
    ):
        for _ in range(2):
            into = Recordings(tmp_path / "new" / "folder", scenario)
            for _ in range(2):
                writer = into.begin(ANNA, conversation="1", name="", target="", deployment="", within=1, opened_at=0)
                writer.close()
                names.append(writer.path)
    assert len(set(names)) == 12
    assert names[0].name == "test-x-test-y-b-c-1ba4399c-1.recording.jsonl"
    assert [name.name.removesuffix(SUFFIX).rpartition("-")[2] for name in names[:4]] == ["1", "2", "1.2", "2.2"]
    assert all(len(name.name) < 120 for name in names)
    runs = {recording.header.run: recording.header.scenario for recording in map(read_recording, names)}
    assert len(runs) == 6
