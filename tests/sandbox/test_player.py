"""What a bot script makes of a conversation: the sequences of section 8 of the protocol notes."""

from collections.abc import Iterable
from typing import Any

import pytest

from .conftest import Visit
from .end_user import Ear, EndUser, Heard

STOPPED = "CONVERSATION_TYPING_STOPPED_INDICATOR"
ADDED = "CONVERSATION_PARTICIPANT_CHANGED"


def names(heard: Iterable[Heard]) -> list[str]:
    """Give the names of events, short."""
    return [event.event.removeprefix("CONVERSATION_") for event in heard]


def tokens(heard: Iterable[Heard]) -> list[dict[str, Any]]:
    """Give the streaming tokens of a turn, in their order of arrival."""
    return [event.payload["streamingToken"] for event in heard if event.event == "CONVERSATION_STREAMING_TOKEN"]


def final(heard: Iterable[Heard]) -> Heard:
    """Give the bot's last message."""
    return [event for event in heard if event.event == "CONVERSATION_MESSAGE" and event.role == "Chatbot"][-1]


async def asked(end_user: EndUser, ear: Ear, question: str) -> list[Heard]:
    """Give what follows a question, up to the end of typing."""
    await end_user.say(question)
    return await ear.until_event(STOPPED)


async def routing_status(end_user: EndUser) -> str:
    """Ask for the routing status."""
    return str((await end_user.http.get(end_user.path, headers=end_user.headers)).json()["routingStatus"])


# An AI agent


async def test_an_answer_is_streamed(visit: Visit) -> None:
    """Receipts, typing, progress, tokens in order, and the message that the tokens were for."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        heard = await asked(end_user, ear, "Where is my order ord-1001, please?")
    assert names(heard) == [
        "MESSAGE",
        "DELIVERY_ACKNOWLEDGEMENT",
        "READ_ACKNOWLEDGEMENT",
        "TYPING_STARTED_INDICATOR",
        "PROGRESS_INDICATOR",
        *["STREAMING_TOKEN"] * 6,
        "MESSAGE",
        "TYPING_STOPPED_INDICATOR",
    ]
    said = heard[0].entry["identifier"]
    for receipt in heard[1:3]:
        assert receipt.entry["relatedRecords"] == [said]
        assert receipt.payload["acknowledgedConversationEntryIdentifier"] == said
    assert heard[4].payload["progressIndicator"]["progressMessage"]["text"] == "Looking up order ord-1001"
    streamed = tokens(heard)
    assert [token["sequenceNumber"] for token in streamed] == [1, 2, 3, 4, 5, 6]
    assert {token["targetMessageIdentifier"] for token in streamed} == {final(heard).entry["identifier"]}
    assert "".join(token["token"]["text"] for token in streamed) == final(heard).text
    assert "wasRevised" not in final(heard).payload


async def test_tokens_may_arrive_out_of_order(visit: Visit) -> None:
    """Arrival and SSE ids say nothing; in the order of the sequence numbers the text is the message's."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        heard = await asked(end_user, ear, "What are your opening hours?")
    streamed = tokens(heard)
    assert [token["sequenceNumber"] for token in streamed] == [1, 3, 2, 5, 4]
    in_order = sorted(streamed, key=lambda token: int(token["sequenceNumber"]))
    assert "".join(token["token"]["text"] for token in in_order) == final(heard).text


async def test_an_answer_that_fails_validation_is_replaced(visit: Visit) -> None:
    """The verdict takes the next number, and another set of tokens follows in the next batch."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        heard = await asked(end_user, ear, "Can I get a loan?")
    streamed = tokens(heard)
    assert [token["sequenceNumber"] for token in streamed] == list(range(1, 9))
    assert [token["batchNumber"] for token in streamed] == [0] * 5 + [1] * 3
    kinds = [token["tokenType"] for token in streamed]
    assert kinds == ["MessageStreamingToken"] * 4 + ["StreamingTokenValidation"] + ["MessageStreamingToken"] * 3
    assert streamed[4]["result"] == {"valid": False, "reason": "UNGROUNDED_RESPONSE"}
    assert "".join(token["token"]["text"] for token in streamed[5:]) == final(heard).text
    assert final(heard).payload["wasRevised"] is True
    assert {token["targetMessageIdentifier"] for token in streamed} == {final(heard).entry["identifier"]}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "ORD-2002",
            "I'm sorry, your order ORD-2002 is delayed. "
            "The parcel is held up at customs and arrives on Monday, 16 March.",
        ),
        ("what about ORD-77?", "I can't find an order ORD-77. Please check the number in your confirmation e-mail."),
        ("Where is my order?", "Which order is it? The number starts with ORD and stands in your confirmation e-mail."),
        ("thanks!", "You're welcome. Is there anything else?"),
        (
            "qwertz",
            "I'm sorry, I didn't understand that. You can ask me about an order, our opening hours or our loans.",
        ),
    ],
)
async def test_the_assistant_answers(visit: Visit, question: str, answer: str) -> None:
    """The first turn that fits answers; something is said to everything."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        assert final(await asked(end_user, ear, question)).text == answer


# A plain bot


async def test_options_are_answered_by_their_label(visit: Visit) -> None:
    """A choice is echoed with the label that the end user did not send, and answered."""
    end_user = await visit("Harbour_Menu")
    await end_user.create()
    async with end_user.listen() as ear:
        offer = (await ear.until_text("What can I do for you?"))[-1]
        await end_user.choose(offer, "Return an item")
        heard = await ear.until_text("Why do you want to return it?")
        await end_user.choose(heard[-1], "It is damaged")
        await ear.until_text("refund the full price")
        replies = (await ear.until_text("Did that help?"))[-1]
    response = heard[0].payload["abstractMessage"]
    assert response["inReplyToMessageId"] == offer.entry["identifier"]
    [chosen] = response["choicesResponse"]["selectedOptions"]
    assert chosen["optionTitle"]["title"] == "Return an item"
    assert replies.payload["abstractMessage"]["choices"]["formatType"] == "QuickReplies"


async def test_a_label_may_be_typed(visit: Visit) -> None:
    """Typing what a button says is as good as pressing it."""
    end_user = await visit("Harbour_Menu")
    await end_user.create()
    async with end_user.listen() as ear:
        await end_user.say("opening hours")
        await ear.until_text("Our shops are open from 9:00 to 18:00")


@pytest.mark.parametrize(
    ("label", "answer"),
    [
        ("Track an order", "Please type your order number"),
        ("Opening hours", "Our shops are open"),
        ("Something else", "You can reach our service team"),
    ],
)
async def test_the_menu_answers(visit: Visit, label: str, answer: str) -> None:
    """Every option of the first menu leads somewhere."""
    end_user = await visit("Harbour_Menu")
    await end_user.create()
    async with end_user.listen() as ear:
        offer = (await ear.until_text("What can I do for you?"))[-1]
        await end_user.choose(offer, label)
        await ear.until_text(answer)


# Handover


async def test_a_conversation_is_handed_over(visit: Visit) -> None:
    """Bot off, waiting, routing, queue, acceptance, active, rep on; then the rep speaks."""
    end_user = await visit("Harbour_Desk")
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        await end_user.say("I need a person")
        heard = await ear.until_event("CONVERSATION_QUEUE_POSITION")
        assert await routing_status(end_user) == "TRANSFER"
        heard += await ear.until_event(STOPPED)
        assert await routing_status(end_user) == "ROUTED"
        answer = await asked(end_user, ear, "Where is my refund?")
    assert names(heard) == [
        "MESSAGE",
        "DELIVERY_ACKNOWLEDGEMENT",
        "MESSAGE",
        "MESSAGE",
        "PARTICIPANT_CHANGED",
        "SESSION_STATUS_CHANGED",
        "ROUTING_RESULT",
        "QUEUE_POSITION",
        "QUEUE_POSITION",
        "ROUTING_WORK_RESULT",
        "ROUTING_WORK_RESULT",
        "SESSION_STATUS_CHANGED",
        "PARTICIPANT_CHANGED",
        "TYPING_STARTED_INDICATOR",
        "MESSAGE",
        "TYPING_STOPPED_INDICATOR",
    ]
    automated, left, waiting, routed, two, one, assigned, accepted, active, joined = [e.payload for e in heard[3:13]]
    assert (heard[3].role, automated["messageReason"]) == ("System", "AutomatedResponse")
    assert (left["entries"][0]["operation"], left["entries"][0]["participant"]["role"]) == ("remove", "Chatbot")
    assert (waiting["sessionStatusPrev"], waiting["sessionStatus"]) == ("Active", "Waiting")
    assert (routed["routingType"], routed["failureType"]) == ("Transfer", "None")
    assert [two["position"], one["position"]] == [2, 1]
    assert [assigned["workType"], accepted["workType"]] == ["Assigned", "Accepted"]
    assert (active["sessionStatusPrev"], active["sessionStatus"]) == ("Waiting", "Active")
    assert (joined["entries"][0]["operation"], joined["entries"][0]["displayName"]) == ("add", "Rita M")
    assert {event.role for event in heard[13:]} == {"Agent"}
    assert [event.text for event in answer if event.event == "CONVERSATION_MESSAGE" and event.role == "Agent"] == [
        "I can see your refund of €24.90. It was sent on Monday and reaches your account within two working days."
    ]
    assert names(answer)[1:3] == ["DELIVERY_ACKNOWLEDGEMENT", "READ_ACKNOWLEDGEMENT"]
    assert answer[1].payload["recipient"]["role"] == "Agent"


async def test_what_is_said_in_the_queue_is_answered_by_the_rep(visit: Visit) -> None:
    """A message that arrives while nobody is there waits for who comes."""
    end_user = await visit("Harbour_Desk")
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        await end_user.say("I need a person")
        await ear.until_event("CONVERSATION_QUEUE_POSITION")
        await end_user.say("It is about a refund")
        heard = await ear.until_text("I can see your refund")
    assert heard[-1].role == "Agent"


async def test_a_wait_is_estimated_where_the_script_says_so(meet: Visit) -> None:
    """The estimate is part of the routing result."""
    end_user = await meet("greeting: [{handover: {to: Rita M, estimated_wait: 95}}]")
    await end_user.create()
    async with end_user.listen() as ear:
        heard = await ear.until_event("CONVERSATION_ROUTING_RESULT", times=2)
    assert heard[-1].payload["estimatedWaitTime"] == {"isEWTRequested": True, "estimatedWaitTimeInSeconds": 95}


async def test_a_handover_may_fail(meet: Visit) -> None:
    """The bot stays, the routing result says why, and the script goes on in the bot's name."""
    end_user = await meet(
        """
greeting:
  - handover:
      to: Rita M
      failure: {failure: SubmissionError, reason: All advisers are busy.}
      then: [{message: "I'm sorry, nobody is free."}]
turns: [{otherwise: true, do: [{message: Still here.}]}]
"""
    )
    await end_user.create()
    async with end_user.listen() as ear:
        heard = await ear.until_text("nobody is free")
        await end_user.say("hello?")
        still = (await ear.until_text("Still here."))[-1]
    result = heard[-2].payload
    assert (result["routingType"], result["failureType"]) == ("Transfer", "SubmissionError")
    assert result["failureReason"] == "All advisers are busy."
    assert (heard[-1].role, still.role) == ("Chatbot", "Chatbot")


async def test_nobody_may_be_there_at_all(meet: Visit) -> None:
    """Where the first routing fails, the session ends without a participant."""
    end_user = await meet("routing: {failure: SubmissionError, reason: Nobody is online right now.}")
    await end_user.create()
    async with end_user.listen() as ear:
        heard = await ear.until_event("CONVERSATION_SESSION_STATUS_CHANGED")
    assert names(heard) == ["ROUTING_RESULT", "SESSION_STATUS_CHANGED"]
    assert (heard[0].payload["routingType"], heard[0].payload["failureType"]) == ("Initial", "SubmissionError")
    assert heard[0].payload["failureReason"] == "Nobody is online right now."
    ended = heard[1].payload
    assert (ended["sessionStatusPrev"], ended["sessionStatus"], ended["sessionEndedByRole"]) == (
        "Waiting",
        "Ended",
        None,
    )


# The end


async def test_a_rep_ends_the_session(visit: Visit) -> None:
    """The rep leaves and the session ends; the conversation is not closed."""
    end_user = await visit("Harbour_Desk")
    await end_user.create()
    async with end_user.listen() as ear:
        await end_user.say("a human please")
        await ear.until_text("this is Rita")
        await end_user.say("thank you")
        heard = await ear.until(lambda event: event.payload.get("sessionStatus") == "Ended")
        assert await routing_status(end_user) == "NEEDS_ROUTING"
    assert names(heard[-2:]) == ["PARTICIPANT_CHANGED", "SESSION_STATUS_CHANGED"]
    assert heard[-2].payload["entries"][0]["operation"] == "remove"
    assert heard[-1].payload["sessionEndedByRole"] == "Agent"
    assert heard[-1].payload["sessionEndTime"] >= heard[-1].payload["sessionStartTime"]


async def test_the_end_user_closes_the_conversation(visit: Visit) -> None:
    """The session ends by the end user, the bot leaves, and the conversation is closed in the end user's name."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        await end_user.delete()
        heard = await ear.until_event("CONVERSATION_CLOSE_CONVERSATION")
    assert names(heard) == ["SESSION_STATUS_CHANGED", "PARTICIPANT_CHANGED", "CLOSE_CONVERSATION"]
    assert (heard[0].payload["sessionStatus"], heard[0].payload["sessionEndedByRole"]) == ("Ended", "EndUser")
    assert heard[2].role == "EndUser"
    assert heard[2].payload["conversationIdentifier"] == end_user.conversation


async def test_the_end_user_ends_the_session_only(visit: Visit) -> None:
    """Nothing is closed, and the next message starts another session, with another id."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        first = await ear.until_event(STOPPED)
        await end_user.delete("/session")
        ended = await ear.until_event(ADDED)
        said = await end_user.say("I am back")
        second = await ear.until_event(STOPPED)
        await ear.until_text("I didn't understand that")
    assert names(ended) == ["SESSION_STATUS_CHANGED", "PARTICIPANT_CHANGED"]
    assert second[0].entry["identifier"] == said
    assert names(second[1:]) == names(first)
    sessions = {event.payload["sessionId"] for event in [*first, *ended, *second] if "sessionId" in event.payload}
    assert len(sessions) == 2


async def test_an_end_interrupts_the_bot(meet: Visit) -> None:
    """Nothing is told of a session after its end, even if the bot was in the middle of something."""
    end_user = await meet(
        """
turns:
  - when: slow
    do: [{typing: started}, {pause: 600s}, {message: Too late.}]
  - otherwise: true
    do: [{message: In time.}]
"""
    )
    async with end_user.listen() as ear:
        await end_user.create()
        await end_user.say("slow")
        await ear.until_event("CONVERSATION_TYPING_STARTED_INDICATOR")
        await end_user.delete("/session")
        await end_user.say("again")
        heard = await ear.until_text("In time.")
    assert [event.text for event in heard if event.text] == ["again", "In time."]


async def test_a_bot_ends_the_session(visit: Visit) -> None:
    """After goodbye the bot leaves; what it would do next is not done."""
    end_user = await visit()
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(STOPPED)
        await end_user.say("goodbye")
        heard = await ear.until(lambda event: event.payload.get("sessionStatus") == "Ended")
    assert names(heard[-3:]) == ["MESSAGE", "PARTICIPANT_CHANGED", "SESSION_STATUS_CHANGED"]
    assert heard[-1].payload["sessionEndedByRole"] == "Chatbot"


# Anything


async def test_a_script_can_send_anything(meet: Visit) -> None:
    """Unknown events, broken data and foreign shapes go out as they are written."""
    end_user = await meet(
        """
greeting:
  - raw: {event: CONVERSATION_SOMETHING_NEW, data: {conversationId: "{conversation}", x: 1}}
  - raw: {event: CONVERSATION_MESSAGE, data: "{not json"}
  - raw: {data: two}
"""
    )
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(ADDED)
        new, broken, plain = [await ear.next() for _ in range(3)]
    assert (new.event, new.data) == ("CONVERSATION_SOMETHING_NEW", {"conversationId": end_user.conversation, "x": 1})
    assert (broken.event, broken.data) == ("CONVERSATION_MESSAGE", "{not json")
    assert (plain.event, plain.data) == ("message", "two")


async def test_a_final_message_may_differ_from_its_tokens(meet: Visit) -> None:
    """A text is cut behind its words, and `final` wins over it."""
    end_user = await meet('greeting: [{stream: {pieces: "It is half past nine.", gap: 1ms, final: "It is 9:30."}}]')
    await end_user.create()
    async with end_user.listen() as ear:
        heard = await ear.until_text("It is 9:30.")
    assert [token["token"]["text"] for token in tokens(heard)] == ["It ", "is ", "half ", "past ", "nine."]
    assert tokens(heard)[0]["targetMessageIdentifier"] == final(heard).entry["identifier"]


async def test_what_was_captured_is_said(meet: Visit) -> None:
    """Named groups fill the texts, also the pieces of a stream; other braces stay."""
    end_user = await meet(
        r"""
turns:
  - when: i am (?P<name>\w+)( of (?P<house>\w+))?
    do: [{message: "Hello {name}, {house}{nobody}."}]
"""
    )
    await end_user.create()
    async with end_user.listen() as ear:
        await end_user.say("I am Ana")
        assert (await ear.until_text("Hello"))[-1].text == "Hello Ana, {nobody}."


async def test_a_bot_may_have_nothing_to_say(meet: Visit) -> None:
    """Where no turn fits, there is an echo and then silence until the next message."""
    end_user = await meet("turns: [{when: ping, do: [{message: Pong.}]}]")
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(ADDED)
        await end_user.say("hello")
        await end_user.say("ping")
        heard = await ear.until_text("Pong.")
    assert [event.text for event in heard] == ["hello", "ping", "Pong."]
