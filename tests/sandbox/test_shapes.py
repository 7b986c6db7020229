"""The envelopes that go out have the very shape of the samples: the same keys, down to the last one."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Visit
from .end_user import Heard

DATA = Path(__file__).parents[1] / "protocols/miaw/data"
STOPPED = "CONVERSATION_TYPING_STOPPED_INDICATOR"


def shape(value: Any) -> Any:
    """Give the keys of something, recursively, in no order, without the values; of lists the shapes of the members."""
    match value:
        case dict():
            return {key: shape(inner) for key, inner in value.items()}
        case list():
            return sorted({json.dumps(shape(inner), sort_keys=True) for inner in value})
    return None


def envelope_shape(data: dict[str, Any]) -> Any:
    """Give the kind of an event, and the shape of its envelope with the payload decoded."""
    entry = data["conversationEntry"]
    payload = json.loads(entry["entryPayload"])
    inner = payload.get("abstractMessage", {}).get("messageType"), payload.get("workType"), payload.get("messageReason")
    kind = (entry["entryType"], *inner, payload.get("streamingToken", {}).get("tokenType"), entry["sender"]["role"])
    # A list of related records has members or not, which is no difference of shape.
    return kind, shape({**data, "conversationEntry": {**entry, "entryPayload": payload, "relatedRecords": None}})


def shapes(heard: Iterable[Heard]) -> list[Any]:
    """Give kinds and shapes of what was heard."""
    return [envelope_shape(event.data) for event in heard]


def sampled() -> list[Any]:
    """Give the shapes of all samples, single events and sequences."""
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((DATA / "events").glob("*.json"))]
    lines = [
        json.loads(line.removeprefix("data:"))
        for path in sorted((DATA / "sequences").glob("*.sse"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("data:{")
    ]
    return [envelope_shape(data) for data in [*files, *lines] if isinstance(data, dict)]


STAND_INS = {"DeliveryAcknowledgement": "Agent", "ReadAcknowledgement": "Agent"}
"""Whose entries the samples show where they don't show a bot's."""


def known(kind: tuple[Any, ...], samples: list[Any]) -> list[Any]:
    """Give the shapes that samples of a kind have."""
    *what, role = kind
    return [form for (*like, by), form in samples if like == what and by == STAND_INS.get(what[0], role)]


async def talk(visit: Visit, deployment: str, *questions: str) -> list[Heard]:
    """Have a conversation from its start to its close."""
    end_user = await visit(deployment)
    await end_user.create()
    async with end_user.listen() as ear:
        heard = await ear.until_event("CONVERSATION_MESSAGE")
        for question in questions:
            await end_user.say(question)
            heard += await ear.until_event(STOPPED)
            if question == "I need a person":
                heard += await ear.until_event(STOPPED)
        await end_user.delete()
        return heard + await ear.until_event("CONVERSATION_CLOSE_CONVERSATION")


@pytest.mark.parametrize(
    ("deployment", "questions"),
    [
        ("Harbour_Assistant", ["ORD-1001", "opening hours", "loan", "what?"]),
        ("Harbour_Desk", ["it is my card", "what about a refund?"]),
    ],
)
async def test_every_event_has_the_shape_of_a_sample(visit: Visit, deployment: str, questions: list[str]) -> None:
    """No key is missing and none is ours."""
    samples = sampled()
    for kind, form in shapes(await talk(visit, deployment, *questions)):
        assert form in known(kind, samples), kind


async def test_a_handover_has_the_shape_of_the_samples(visit: Visit) -> None:
    """From the automated response to the rep's last word."""
    end_user, samples = await visit("Harbour_Desk"), sampled()
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        await end_user.say("I need a person")
        heard = await ear.until_event(STOPPED)
        await end_user.say("thank you")
        heard += await ear.until(lambda event: event.payload.get("sessionStatus") == "Ended")
    for kind, form in shapes(heard):
        assert form in known(kind, samples), kind


@pytest.mark.parametrize("routing", ["initial", "transfer"])
async def test_failures_of_routing_have_the_shape_of_the_samples(meet: Visit, routing: str) -> None:
    """Both the first routing and a transfer may come to nothing."""
    failure = "{failure: SubmissionError, reason: Nobody is there.}"
    scripts = {
        "initial": f"routing: {failure}",
        "transfer": f"greeting: [{{handover: {{to: Rita M, failure: {failure}}}}}, {{end_session: true}}]",
    }
    end_user, samples = await meet(scripts[routing]), sampled()
    await end_user.create()
    async with end_user.listen() as ear:
        heard = await ear.until(lambda event: event.payload.get("sessionStatus") == "Ended")
    assert any(event.payload.get("failureType") == "SubmissionError" for event in heard)
    for kind, form in shapes(heard):
        assert form in known(kind, samples), kind


async def test_quick_replies_and_choices_have_the_shape_of_the_samples(visit: Visit) -> None:
    """Options and the echo of a choice, with its title."""
    end_user, samples = await visit("Harbour_Menu"), sampled()
    await end_user.create()
    async with end_user.listen() as ear:
        offer = (await ear.until_text("What can I do for you?"))[-1]
        await end_user.choose(offer, "Opening hours")
        heard = await ear.until_text("Did that help?")
    for kind, form in shapes(heard):
        assert form in known(kind, samples), kind
    # No sample of buttons is at hand; by the notes (section 7.4) they are quick replies without images.
    buttons, replies = shape(offer.payload), shape(heard[-1].payload)
    del replies["abstractMessage"]["choices"]["images"]
    assert buttons == replies
