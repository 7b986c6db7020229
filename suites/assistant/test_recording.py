"""A recorded conversation, served again with its own timing."""

from harness import Customer, contains, message, progress, repeat, token, typing_started, typing_stopped


async def test_a_recorded_answer_is_judged_like_a_live_one(customer: Customer) -> None:
    """The recording's tokens came 1, 2, 4, 3, 5, 6; its final message has them in order."""
    chat = await customer.open("Harbour_Replay")
    await chat.expect(
        typing_started(name="Harbour Assistant"),
        progress("Looking up your last order"),
        repeat(token(), at_least=6, at_most=6),
        message(contains("arrives today before 18:00")),
        typing_stopped(),
        within=5,
    )
