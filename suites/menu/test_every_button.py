"""In Python, since nobody writes down where every button leads: the scenario finds them as it goes."""

from harness import Conversation, Customer, contains, delivered, eventually, message


def buttons_of(chat: Conversation) -> list[str]:
    """Every label that has been offered so far, each once."""
    return list(dict.fromkeys(option.label for event in chat.timeline for option in getattr(event, "options", ())))


async def test_every_button_leads_somewhere(customer: Customer) -> None:
    """Whatever is clicked is acknowledged and answered, and never by an excuse for not knowing it."""
    chat = await customer.open("Harbour_Menu", strict=False)
    await chat.settled()
    tried: list[str] = []
    while left := [label for label in buttons_of(chat) if label not in tried]:
        clicked = await chat.choose(left[0])
        tried.append(left[0])
        await chat.expect(delivered(of=clicked))
        await chat.expect(eventually(message(~contains("Please choose"))))
        await chat.settled()
    assert len(tried) == 9
