"""The AI agent says hello."""

from harness import Customer, joined, message, routed, session, typing_started, typing_stopped


async def test_the_assistant_greets_the_customer(customer: Customer) -> None:
    """Whoever opens the chat is routed to the assistant and greeted by it, within three seconds."""
    chat = await customer.open("Harbour_Assistant")
    await chat.expect(
        routed(succeeded=True, routing="initial"),
        session("waiting"),
        session("active"),
        joined(role="chatbot", name="Harbour Assistant"),
        typing_started(role="chatbot"),
        message("Hello, I'm the Harbour Assistant. Ask me about an order, our opening hours or our loans."),
        typing_stopped(role="chatbot"),
        within=3,
    )
