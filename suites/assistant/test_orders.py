"""The AI agent looks up orders and streams the answer."""

import pytest

from harness import (
    Customer,
    closed,
    contains,
    delivered,
    echo,
    message,
    progress,
    read,
    repeat,
    sequence,
    token,
    typing_started,
    typing_stopped,
)


@pytest.mark.parametrize(
    ("order", "state"),
    [
        pytest.param("ORD-1001", "has shipped", id="an order on its way"),
        pytest.param("ORD-2002", "is delayed", id="an order held up at customs"),
        pytest.param("ORD-9999", "I can't find", id="an order nobody knows"),
    ],
)
async def test_an_order_status_is_streamed(customer: Customer, order: str, state: str) -> None:
    """The agent shows what it is doing, streams the answer, and acknowledges the question meanwhile."""
    chat = await customer.open()
    await chat.expect(typing_started(), message(contains("Ask me about an order")), typing_stopped(), within=3)

    await chat.say(f"Where is my order {order}?")
    await chat.expect(echo(f"Where is my order {order}?"), within=2)
    await chat.expect(delivered(), read(), within=3)
    await chat.expect(
        typing_started(role="chatbot"),
        progress(f"Looking up order {order}"),
        repeat(token(), at_least=3),
        message(contains(state) & contains(order), role="chatbot"),
        typing_stopped(role="chatbot"),
        within=5,
    )


async def test_the_customer_gets_a_second_answer_in_the_same_conversation(customer: Customer) -> None:
    """Two questions, two answers, each with its own receipts, and a goodbye."""
    chat = await customer.open()
    await chat.expect(message(contains("Hello")))

    first = await chat.say("Track order ORD-1001, please")
    await chat.expect(message(contains("arrives on Thursday")), within=5)
    second = await chat.say("And ORD-2002?")
    await chat.expect(message(contains("arrives on Monday")), within=5)
    await chat.expect(delivered(of=first) & delivered(of=second) & read(of=first) & read(of=second), within=5)

    await chat.close()
    await chat.expect(closed(), within=2)


async def test_two_questions_before_the_first_answer(customer: Customer) -> None:
    """A hurried customer asks twice; both are answered, in the order of the questions."""
    chat = await customer.open()
    await chat.expect(message(contains("Hello")))
    await chat.type()
    await chat.say("Where is ORD-1001?")
    await chat.say("And where is ORD-2002?")
    await chat.expect(
        sequence(message(contains("ORD-1001")), message(contains("ORD-2002"))),
        within=10,
    )
