"""Forms, files and choices, end to end: client, sandbox, timeline, recording, and the same verdict from it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from harness import (
    Conversation,
    Customer,
    LocalProtocolError,
    ServiceRefused,
    Target,
    answer,
    attachment,
    contains,
    delivered,
    echo,
    eventually,
    fault,
    field,
    has,
    message,
)
from harness.events import Echo, Filled
from harness.scenarios.customer import customer

from .test_recorded import ANNA, again, live, recordings

PICTURE = b"\x89PNG\r\n\x1a\n--not a boundary\r\n\r\n" + bytes(range(256))


@pytest.fixture
async def anna(at_sandbox: Target) -> AsyncIterator[Customer]:
    """A customer of the sandbox."""
    async with customer(ANNA, at_sandbox) as one:
        yield one


async def asked(anna: Customer, word: str = "details") -> Conversation:
    """A conversation in which a form has come."""
    chat = await anna.open("Test_Moves")
    await chat.say(word)
    await chat.expect(message(fields=has(field())))
    return chat


# ---- forms


async def test_a_form_is_filled_in_by_labels(anna: Customer) -> None:
    """Values in the types of their fields; what comes back is what was filled in, and the bot has it."""
    chat = await asked(anna)
    filled = await chat.fill(
        {"Full name": "Ana Lopes", "When did it happen?": datetime(2026, 9, 1, 10, 30, tzinfo=UTC)},
        topic="Loan",
        reach_me=["By mail", "In person"],
        how_many=3,
        date_of_birth=date(1990, 5, 17),
    )
    values = [one.value for one in filled.answers]
    assert values[0] == "Ana Lopes"
    assert values[1] == ANNA.email
    assert values[2] == "3"
    assert values[4:] == ["1990-05-17", "2026-09-01T10:30:00Z", "Loan", "By mail, In person"]
    await chat.expect(echo("details"), echo(answers=has(answer(value="By mail, In person"))))
    await chat.expect(delivered(of=filled))
    await chat.expect(message("Ana Lopes, Loan, 2026-09-01T10:30:00Z, By mail, In person."))
    [echoed] = [event for event in chat.timeline if isinstance(event, Echo) and event.answers]
    assert echoed.answers == filled.answers
    assert echoed.entry == filled.message
    assert echoed.in_reply_to == filled.in_reply_to


async def test_what_is_required_and_not_given_is_made_up(anna: Customer) -> None:
    """It fits, it is the persona's, and it is the same the next time; what is not required stays empty."""
    first = await (await asked(anna)).fill()
    chat = await asked(anna)
    second = await chat.fill()
    assert [one.value for one in first.answers] == [one.value for one in second.answers]
    name, mail, number, postal, birth, topic = (one.value for one in first.answers)
    assert (name, mail, topic) == (ANNA.name, ANNA.email, "Card")
    assert number.isdecimal()
    assert postal.isdecimal()
    assert len(postal) == 5
    assert 1950 <= date.fromisoformat(birth).year <= 2000
    await chat.expect(message(contains(f"{ANNA.name}, Card")))


async def test_a_field_is_left_empty_on_purpose(anna: Customer) -> None:
    """Then the service says what is missing, and the bot is not asked."""
    chat = await asked(anna)
    await chat.fill(full_name=None)
    missing = fault(code="InvalidFormResponse", text="Full name is required")
    await chat.expect(message(errors=has(missing)))
    await chat.fill(full_name="x" * 41)
    await chat.expect(message(errors=has(fault(text=contains("more than 40 characters")))))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({"Fulll name": "x"}, "no such field; did you mean 'Full name'", id="an unknown field"),
        pytest.param({"Topic": "Loans"}, "has no option 'Loans'; did you mean 'Loan'", id="an unknown option"),
        pytest.param({"Topic": ["Card", "Loan"]}, "give one of its options", id="two options of one"),
        pytest.param({"Date of birth": "tomorrow"}, "give a day such as 2026-09-20", id="no day"),
        pytest.param({"When did it happen?": "now"}, "give a moment such as", id="no moment"),
        pytest.param({"Full name": True}, "give a text or a number", id="no text"),
        pytest.param({"Full name": "x", "full_name": "y"}, "'Full name' twice", id="twice"),
    ],
)
async def test_what_does_not_fit_the_form_is_the_scenarios_mistake(
    anna: Customer, given: dict[str, object], says: str
) -> None:
    """Said in a sentence, and nothing is sent."""
    chat = await asked(anna)
    with pytest.raises(LocalProtocolError, match="can't fill in") as mistake:
        await chat.fill(given)
    assert says in str(mistake.value)
    assert not [event for event in chat.timeline if isinstance(event, Filled)]


@pytest.mark.parametrize(
    ("word", "given", "says"),
    [
        pytest.param("twins", {"name": "x"}, "several fields are called so", id="two fields of one name"),
        pytest.param("nonsense", {}, "'IBAN' is required, and no value that matches", id="nothing fits"),
    ],
)
async def test_odd_forms(anna: Customer, word: str, given: dict[str, object], says: str) -> None:
    """Where the harness can't know what is meant it asks."""
    chat = await asked(anna, word)
    with pytest.raises(LocalProtocolError, match=says):
        await chat.fill(given)


async def test_there_has_to_be_a_form(anna: Customer) -> None:
    """Or it is the scenario's mistake."""
    chat = await anna.open("Test_Moves")
    with pytest.raises(LocalProtocolError, match="can't fill in a form: none has come"):
        await chat.fill(name="x")


# ---- choices


@pytest.mark.parametrize(
    ("how", "label"),
    [
        pytest.param({"label": "Green"}, "Green", id="by its label, of an earlier message"),
        pytest.param({"index": 3}, "Two", id="by its place in the latest"),
    ],
)
async def test_a_choice_is_picked(anna: Customer, how: dict[str, object], label: str) -> None:
    """The echo has its label."""
    chat = await anna.open("Test_Moves")
    await chat.say("menu")
    await chat.expect(message("Tea?"), message("Sugar?").named("sugar"))
    chose = await chat.choose(**how)  # type: ignore[arg-type]
    assert chose.label == label
    await chat.expect(echo("menu"), echo(label))


async def test_a_choice_is_picked_by_what_is_sent_back(anna: Customer) -> None:
    """As the message has it."""
    chat = await anna.open("Test_Moves")
    await chat.say("menu")
    await chat.expect(message("Tea?").named("tea"), message("Sugar?"))
    tea = chat.event("tea")
    chose = await chat.choose(value=tea.options[1].value)  # type: ignore[attr-defined]
    assert chose.label == "Green"
    await chat.expect(message("Healthy."))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        pytest.param({"index": 4}, "can't choose number 4: the last choices offered were 'None', 'One'", id="place"),
        pytest.param({"index": 0}, "can't choose number 0: the last choices", id="places count from 1"),
        pytest.param({"value": "two"}, "can't choose the value 'two': the last choices offered were 'None' (", id="v"),
        pytest.param({"label": "Tea"}, "can't choose 'Tea': the last choices offered were 'None'", id="label"),
        pytest.param({}, "can't choose by nothing; give a label, an index from 1, or a value", id="nothing"),
        pytest.param({"label": "One", "index": 2}, "can't choose by label and index", id="two ways"),
    ],
)
async def test_a_choice_that_is_not_on_offer(anna: Customer, how: dict[str, object], says: str) -> None:
    """The message says what is."""
    chat = await anna.open("Test_Moves")
    await chat.say("menu")
    await chat.expect(message("Tea?"), message("Sugar?"))
    with pytest.raises(LocalProtocolError) as mistake:
        await chat.choose(**how)  # type: ignore[arg-type]
    assert says in str(mistake.value)


# ---- files


async def test_a_file_is_sent(anna: Customer, tmp_path: Path) -> None:
    """It comes back as an attachment, and the bot knows its name."""
    (tmp_path / "error.png").write_bytes(PICTURE)
    chat = await anna.open("Test_Moves")
    sent = await chat.attach(tmp_path / "error.png", "Look at this")
    assert (sent.name, sent.type, sent.size) == ("error.png", "image/png", len(PICTURE))
    picture = attachment(name="error.png", type="image/png", upload="completed")
    await chat.expect(echo("Look at this", attachments=has(picture)), delivered(of=sent))
    await chat.expect(message("I have got error.png, a png."))


@pytest.mark.parametrize(
    ("name", "size", "status", "says"),
    [
        pytest.param("long.pdf", 5 * 1024 * 1024 + 1, 413, "exceeds the limit of 5 MB", id="a little too large"),
        pytest.param("huge.pdf", 12 * 1024 * 1024, 413, "exceeds the limit of 5 MB", id="much too large"),
        pytest.param("song.mp3", 10, 415, "File type not supported", id="of another type"),
    ],
)
async def test_a_file_is_refused(  # noqa: PLR0917 - what it is about
    anna: Customer, tmp_path: Path, name: str, size: int, status: int, says: str
) -> None:
    """By the service, with its words."""
    (tmp_path / name).write_bytes(b"x" * size)
    chat = await anna.open("Test_Moves")
    with pytest.raises(ServiceRefused, match=says) as refusal:
        await chat.attach(tmp_path / name)
    assert (refusal.value.operation, refusal.value.status) == ("sendFile", status)


async def test_the_largest_file_is_taken(anna: Customer, tmp_path: Path) -> None:
    """To the byte."""
    (tmp_path / "large.pdf").write_bytes(b"\r\n" * (5 * 1024 * 512))
    chat = await anna.open("Test_Moves")
    await chat.attach(tmp_path / "large.pdf")
    await chat.expect(message(contains("large.pdf")))


async def test_a_bot_that_takes_no_files(anna: Customer, tmp_path: Path) -> None:
    """Unless it says so, none does."""
    (tmp_path / "error.png").write_bytes(PICTURE)
    chat = await anna.open("Harbour_Menu")
    with pytest.raises(ServiceRefused, match="403 FORBIDDEN: 'Attachments are not enabled"):
        await chat.attach(tmp_path / "error.png")


@pytest.mark.parametrize("name", ["nothing.pdf", "."])
async def test_there_has_to_be_a_file(anna: Customer, tmp_path: Path, name: str) -> None:
    """Or it is the scenario's mistake."""
    chat = await anna.open("Test_Moves")
    with pytest.raises(LocalProtocolError, match="can't attach"):
        await chat.attach(tmp_path / name)


# ---- from a recording


def everything(folder: Path) -> Callable[[Customer], Awaitable[None]]:
    """A scenario with all of them; `folder` holds the file to send."""

    async def scenario(customer: Customer) -> None:
        chat = await asked(customer)
        filled = await chat.fill(topic="Loan")
        await chat.expect(delivered(of=filled), message(contains(f"{customer.persona.name}, Loan")))
        with pytest.raises(LocalProtocolError):
            await chat.fill(topics="Loan")
        await chat.say("menu")
        await chat.expect(message("Tea?"), message("Sugar?"))
        await chat.choose(index=3)
        await chat.expect(message("Sweet."))
        await chat.attach(folder / "error.png", f"From {customer.persona.email}")
        await chat.expect(eventually(echo(attachments=has(attachment(name="error.png")))))
        await chat.expect(message("Never."))

    return scenario


async def test_it_is_judged_the_same_from_a_recording(at_sandbox: Target, tmp_path: Path) -> None:
    """Without the file, which is in no recording; nor is anything private."""
    (tmp_path / "error.png").write_bytes(PICTURE + b"SECRET")
    scenario, folder = everything(tmp_path), tmp_path / "recordings"
    held = await live(at_sandbox, folder, scenario)
    assert held.error is not None
    assert "wanted text 'Never.', saw 'I have got error.png, a png.'" in str(held.error)
    (tmp_path / "error.png").unlink()
    assert (await again(folder, scenario)).told == held.told
    [recording] = recordings(folder)
    written = recording.path.read_bytes()
    for private in (b"SECRET", ANNA.email.encode(), ANNA.name.encode()):
        assert private not in written


async def test_other_values_are_another_scenario(at_sandbox: Target, tmp_path: Path) -> None:
    """Nobody knows what the bot would have answered."""

    def fills(topic: str) -> Callable[[Customer], Awaitable[None]]:
        async def scenario(customer: Customer) -> None:
            await (await asked(customer)).fill(topic=topic)

        return scenario

    assert (await live(at_sandbox, tmp_path, fills("Loan"))).error is None
    assert (await again(tmp_path, fills("Loan"))).error is None
    assert "the scenario has changed since" in str((await again(tmp_path, fills("Card"))).error)
