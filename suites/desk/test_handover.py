"""The help desk hands over to a person."""

from harness import (
    Customer,
    contains,
    delivered,
    joined,
    left,
    message,
    queue,
    read,
    routed,
    session,
    typing_started,
    typing_stopped,
)


async def test_a_customer_who_asks_for_a_person_gets_one(customer: Customer) -> None:
    """The bot leaves, the queue moves, Rita joins, listens and answers."""
    chat = await customer.open(
        "Harbour_Desk", prechat={"_firstName": customer.persona.first_name, "_email": customer.persona.email}
    )
    await chat.expect(routed(routing="initial"), joined(role="chatbot"), message(contains("What is it about")))

    await chat.say("My refund has not arrived")
    await chat.expect(message(contains("I've noted that")), within=3)

    await chat.say("I need a person")
    await chat.expect(
        left(role="chatbot"),
        routed(routing="transfer", succeeded=True),
        queue(2),
        queue(1),
        joined(role="agent", name="Rita M"),
        within=5,
    )
    await chat.expect(
        message(contains("I'll connect you")),
        message(contains("One moment, please"), automated=True),
        message(contains("How can I help"), name="Rita M", role="agent"),
        within=5,
    )

    await chat.say("It is about the refund for ORD-1001")
    await chat.expect(delivered(), read(), within=3)
    await chat.expect(message(contains("€24.90"), role="agent"), within=5)


async def test_the_customer_leaves_while_waiting(customer: Customer) -> None:
    """Leaving the session ends it; the conversation itself stays open."""
    chat = await customer.open("Harbour_Desk")
    await chat.expect(typing_started(role="chatbot"), typing_stopped(role="chatbot"))
    await chat.expect(session("waiting"), session("active"))
    await chat.end()
    await chat.expect(session("ended"), within=2)
