"""A conversation beside another one of the same user, as in a further tab."""

from pathlib import Path

import pytest

from harness import Customer, Target, contains, message
from harness.events import Answered, Message
from harness.scenarios.conversation import Conversation

from .test_recorded import again, live


def asked_for(chat: Conversation) -> list[str]:
    """What was asked of the service until the conversation was there."""
    return [event.operation for event in chat.timeline if isinstance(event, Answered)][:2]


def texts(chat: Conversation) -> list[str]:
    """What the bot said."""
    return [event.text for event in chat.timeline if isinstance(event, Message)]


async def test_both_are_one_user_s_and_each_hears_its_own(at_sandbox: Target, tmp_path: Path) -> None:
    """By a token that continues the first one's; the recordings come to the same."""
    seen: list[Conversation] = []

    async def scenario(anna: Customer) -> None:
        menu = await anna.open("Harbour_Menu")
        await menu.expect(message("Welcome to Harbour."), message(contains("What can I do")))
        tab = await anna.open(beside=menu)
        await tab.expect(message("Welcome to Harbour."), message(contains("What can I do")))
        await menu.choose("Return an item")
        await menu.expect(message(contains("Why")))
        await tab.close()
        seen[:] = [menu, tab]

    first = await live(at_sandbox, tmp_path, scenario)
    assert first.error is None
    menu, other = seen
    assert asked_for(menu) == ["generateAccessTokenForUnauthenticatedUser", "createConversation"]
    assert asked_for(other) == ["generateContinuationToken", "createConversation"]
    assert [len(texts(menu)), len(texts(other))] == [3, 2]
    assert (await again(tmp_path, scenario)).told == first.told


@pytest.mark.parametrize(
    ("whose", "says"),
    [
        ("closed", r"can't open another beside it: the conversation has been closed"),
        ("another's", r"can't open it beside conversation 1, which is another customer's; one user is one customer"),
    ],
)
async def test_there_is_an_open_conversation_of_the_same_customer(
    at_sandbox: Target, tmp_path: Path, whose: str, says: str
) -> None:
    """Or it is said what is wrong, before anything is asked of the service."""

    async def scenario(anna: Customer) -> None:
        menu = await anna.open("Harbour_Menu")
        if whose == "closed":
            await menu.close()
        somebody = anna.another("Ben") if whose == "another's" else anna
        await somebody.open("Harbour_Menu", beside=menu)

    told = await live(at_sandbox, tmp_path, scenario)
    assert str(told.error) == says
    assert (await again(tmp_path, scenario)).told == told.told
