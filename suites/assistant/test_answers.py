"""How the AI agent's answers reach the customer when the road is bumpy."""

from harness import (
    Customer,
    contains,
    message,
    progress,
    repeat,
    retracted,
    token,
    typing_started,
    typing_stopped,
)


async def test_tokens_out_of_order_still_make_one_answer(customer: Customer) -> None:
    """The pieces of the opening hours arrive shuffled; the final message has them right."""
    chat = await customer.open()
    await chat.expect(typing_started(), message(contains("Hello")), typing_stopped())
    await chat.say("What are your opening hours?")
    await chat.expect(
        typing_started(),
        token(number=1),
        token(number=3),
        token(number=2),
        token(number=5),
        token(number=4),
        message("Our shops are open from 9:00 to 18:00 on weekdays and from 10:00 to 16:00 on Saturdays."),
        typing_stopped(),
        within=5,
    )


async def test_an_answer_that_does_not_hold_is_withdrawn_and_replaced(customer: Customer) -> None:
    """The agent promises a loan; validation takes it back, and nobody is promised anything."""
    chat = await customer.open()
    await chat.expect(message(contains("Hello")))
    await chat.say("Can I get a loan?")
    await chat.expect(
        progress("Checking our loan terms"),
        repeat(token(batch=0), at_least=1),
        retracted(reason="UNGROUNDED_RESPONSE"),
        repeat(token(batch=1), at_least=1),
        message(contains("An adviser checks it with you") & ~contains("you qualify"), revised=True),
        within=5,
    )


async def test_what_nobody_understands_gets_an_offer_of_help(customer: Customer) -> None:
    """A question that is not the agent's business ends in what it can do, not in silence."""
    chat = await customer.open()
    await chat.expect(message(contains("Hello")))
    await chat.say("Will it rain tomorrow?")
    await chat.expect(message(contains("I didn't understand") & contains("our opening hours")), within=3)
