"""The scenario plays the service rep, and several customers at once; recorded like everything else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness import (
    Customer,
    ExpectationFailed,
    LocalProtocolError,
    ServiceRefused,
    Target,
    delivered,
    eventually,
    joined,
    left,
    message,
    read,
    session,
    typing_started,
    typing_stopped,
)
from harness.events import Answered, RepDid
from harness.scenarios.customer import customer

from .test_recorded import ANNA, again, live, recordings


@pytest.fixture
async def anna(at_sandbox: Target) -> AsyncIterator[Customer]:
    """A customer of the sandbox."""
    async with customer(ANNA, at_sandbox) as one:
        yield one


async def talk(anna: Customer) -> None:
    """A rep comes, answers, and hands back to the bot."""
    chat = await anna.open("Test_Moves")
    await chat.say("I need a person")
    rep = await anna.rep(chat)
    await chat.expect(joined(role="chatbot"), left(role="chatbot"), joined(role="agent", name="Rita M"))
    await chat.expect(delivered())
    said = await chat.say(f"I am {anna.persona.name}")
    await chat.expect(delivered(of=said))
    await rep.type()
    await chat.expect(read(of=said), typing_started(role="agent"))
    await rep.type(started=False)
    await rep.say(f"Hello {anna.persona.first_name}, one moment.")
    await chat.expect(typing_stopped(role="agent"))
    await chat.expect(message(f"Hello {anna.persona.first_name}, one moment.", role="agent"), within=1)
    await rep.leave()
    await chat.expect(left(name="Rita M"), joined(role="chatbot"))
    await chat.say("anything")
    await chat.expect(message("Pardon?", role="chatbot"))
    with pytest.raises(ServiceRefused, match="409 CONFLICT: 'No rep whom the scenario plays"):
        await rep.say("Too late.")


async def test_a_rep_is_played(anna: Customer) -> None:
    """And does what reps do; what the rep does is on the timeline."""
    await talk(anna)
    [chat] = anna.conversations
    chat.verify()
    done = [str(event) for event in chat.timeline if isinstance(event, RepDid)]
    assert done == [
        "as the rep, took their part",
        "as the rep, started typing",
        "as the rep, stopped typing",
        f"as the rep, said 'Hello {ANNA.first_name}, one moment.'",
        "as the rep, left",
        "as the rep, said 'Too late.'",
    ]


async def test_a_rep_ends_the_session(anna: Customer) -> None:
    """The conversation stays; the next message starts another session."""
    chat = await anna.open("Test_Moves")
    await chat.say("I need a person")
    rep = await chat.rep()
    await rep.end()
    await chat.expect(eventually(session("ended", ended_by="agent")))
    with pytest.raises(ServiceRefused, match="409"):
        await rep.type()
    await chat.say("anything")
    await chat.expect(message("Pardon?"))


async def test_nobody_to_play(anna: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot answers, or a rep of its own script."""
    monkeypatch.setattr("harness.sandbox.desk.PATIENCE", 0.05)
    chat = await anna.open("Test_Moves")
    await chat.say("robot")
    await chat.expect(eventually(joined(name="Bob B")))
    with pytest.raises(ServiceRefused, match=r"joinAsRep was refused with 409 CONFLICT: .*played: true"):
        await anna.rep(chat)


async def test_reps_are_played_on_the_sandbox_only(at_sandbox: Target) -> None:
    """A real service is never asked."""
    async with customer(ANNA, at_sandbox.model_copy(update={"is_sandbox": False, "name": "night"})) as anna:
        chat = await anna.open("Test_Moves")
        asked = [event for event in chat.timeline if isinstance(event, Answered)]
        with pytest.raises(LocalProtocolError, match="at night: reps can be scripted on the sandbox only"):
            await anna.rep(chat)
        assert [event for event in chat.timeline if isinstance(event, Answered)] == asked


async def two(anna: Customer) -> None:
    """Two customers, two conversations, a rep for one of them."""
    ben = anna.another("ben")
    assert ben is anna.another("ben")
    assert ben.persona != anna.persona
    hers, his = await anna.open("Test_Moves"), await ben.open("Test_Moves")
    await hers.say("anything")
    await his.say(f"I need a person, I am {ben.persona.email}")
    rep = await ben.rep(his)
    await rep.say(f"Hello {ben.persona.name}.")
    await hers.expect(message("Pardon?"))
    await his.expect(message(f"Hello {ben.persona.name}."))
    await his.expect(message("Never."), within=0.1)


async def test_two_customers_in_one_scenario(at_sandbox: Target, tmp_path: Path) -> None:
    """Both are recorded, judged again, closed, and kept private each."""
    held = await live(at_sandbox, tmp_path, two)
    assert isinstance(held.error, ExpectationFailed)
    assert [outcome.name for outcome in held.outcomes] == ["conversation 1", "conversation 2"]
    assert (await again(tmp_path, two)).told == held.told
    hers, his = recordings(tmp_path)
    assert (hers.header.seed, his.header.seed) == ("anna", "anna ben")
    assert {recording.steps[-1].title for recording in (hers, his)} >= {"expect message with text 'Never.'"}
    for recording in (hers, his):
        assert recording.truncated is None
        assert ("[persona.ben.name]" in recording.path.read_text()) == (recording is his)


async def test_another_customer_is_another_scenario(at_sandbox: Target, tmp_path: Path) -> None:
    """A recording is of the person who opened it."""

    async def one(anna: Customer) -> None:
        await anna.another("ben").open("Test_Moves")

    async def other(anna: Customer) -> None:
        await anna.another("cleo").open("Test_Moves")

    assert (await live(at_sandbox, tmp_path, one)).error is None
    assert "opened by another customer" in str((await again(tmp_path, other)).error)


async def test_it_is_judged_the_same_from_a_recording(at_sandbox: Target, tmp_path: Path) -> None:
    """To the word, and what the rep said is kept as private as the rest."""
    held = await live(at_sandbox, tmp_path, talk)
    assert held.error is None
    assert (await again(tmp_path, talk)).told == held.told
    [recording] = recordings(tmp_path)
    assert ANNA.first_name not in recording.path.read_text()
