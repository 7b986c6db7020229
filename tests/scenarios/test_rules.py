"""Every always-on rule kept and broken by bots of the real sandbox, and all of them kept by the shipped bots."""

from collections.abc import AsyncIterator

import pytest

from harness.client.target import Target
from harness.expectations.building import repeat, sequence
from harness.expectations.matchers import contains, equals
from harness.expectations.patterns import Pattern
from harness.expectations.rules import DEFAULT, RULES, Rules, Severity, check
from harness.expectations.vocabulary import closed, message, queue, read, routed, session
from harness.scenarios.conversation import Conversation
from harness.scenarios.customer import Customer, customer
from harness.user.persona import persona

HASTY = Rules(receipt_within=0.001, typing_within=0.001)
"""Limits for bots that take 60 ms over what they owe."""

DONE = sequence(repeat(message(~equals("Done.")), at_least=0), message("Done."))
"""Whatever is said until the bot is done."""
BY_TURN = "Test_Rules"

KEPT = [
    pytest.param("join and speak", (DONE,), "participants_consistent", id="a rep who joins may speak"),
    pytest.param("receipt", (DONE,), "receipt_follows_said", id="a message is acknowledged"),
    pytest.param("receipt", (read(), DONE), "receipt_known", id="delivered, then read"),
    pytest.param("type", (DONE,), "typing_stops", id="typing stops"),
    pytest.param("stream", (message("Ready."), message("One two three")), "stream_grammar", id="tokens out of order"),
    pytest.param("stream and replace", (DONE,), "stream_faithful", id="a retracted answer is replaced"),
    pytest.param("stream and replace elsewhere", (DONE,), "stream_grammar", id="replaced under another target"),
    pytest.param("two ids", (DONE,), "ids_unique", id="two messages, two ids"),
    pytest.param("clock forward", (DONE,), "clock_forward", id="time goes by"),
    pytest.param("close", (DONE, closed()), "nothing_after_close", id="silence after the close"),
]

BROKEN = [
    pytest.param(
        "speak without joining",
        (DONE,),
        "participants_consistent",
        "wanted everybody to join before they speak, saw Rita M (agent) say 'Rita here.' at",
        id="a rep speaks who never joined",
    ),
    pytest.param(
        "leave and speak",
        (DONE,),
        "participants_consistent",
        "wanted nothing of somebody who has left, saw Rita M (agent) say 'Rita again.' at",
        id="a rep speaks who has left",
    ),
    pytest.param(
        "unknown receipt",
        (DONE,),
        "receipt_known",
        "wanted receipts of what the user sent, saw delivered of '00000bad-0000-4000-8000-000000000000' at",
        id="a receipt of nothing",
    ),
    pytest.param("read first", (DONE,), "receipt_known", "wanted delivered before read, saw read of", id="read first"),
    pytest.param(
        "gap",
        (DONE,),
        "stream_grammar",
        "wanted no gap in the stream to '000000a2-0000-4000-8000-000000000000', saw its final message without number 2",
        id="a number left out",
    ),
    pytest.param(
        "repeat",
        (DONE,),
        "stream_grammar",
        "wanted every number once in the stream to '000000a3-0000-4000-8000-000000000000', saw 1 again at",
        id="a number twice",
    ),
    pytest.param(
        "late token",
        (DONE,),
        "stream_grammar",
        "wanted nothing of the stream to '000000a4-0000-4000-8000-000000000000' after its final message at",
        id="a token after the final message",
    ),
    pytest.param(
        "unfaithful",
        (DONE,),
        "stream_faithful",
        "wanted the final message to be its pieces, from character 11 on 'in stock.', saw 'no more.'",
        id="another text than was streamed",
    ),
    pytest.param(
        "one id",
        (DONE,),
        "ids_unique",
        "wanted every entry id once, but for replays after a reconnect, "
        "saw '000000d0-0000-4000-8000-000000000000' again",
        id="an entry twice",
    ),
    pytest.param(
        "clock back",
        (DONE,),
        "clock_forward",
        "wanted the time stamps of Clock (chatbot) not to go back, "
        "saw 1690084400900 after 1690084401900, 1000 ms earlier",
        id="a message from the past",
    ),
    pytest.param(
        "close and speak",
        (DONE,),
        "nothing_after_close",
        "wanted nothing of a bot or a rep after the close at",
        id="a message after the close",
    ),
    pytest.param(
        "unreadable",
        (DONE,),
        "recognised",
        "wanted events that can be read, saw 'CONVERSATION_MESSAGE': Invalid JSON",
        id="an event that can't be read",
    ),
]

NEW = [
    pytest.param("unknown event", "saw an event 'CONVERSATION_SOMETHING_NEW'", id="a new kind of event"),
    pytest.param("unknown field", "saw somethingNew: unknown field in message", id="a new field"),
]


@pytest.fixture
async def nina(at_sandbox: Target) -> AsyncIterator[Customer]:
    """A customer of the sandbox."""
    async with customer(persona("nina"), at_sandbox) as one:
        yield one


def broken(chat: Conversation, rules: Rules = DEFAULT) -> list[tuple[str, str]]:
    """What was broken in a conversation: rule and what."""
    return [(violation.rule, violation.what) for violation in check(chat.timeline, rules)]


async def turn(nina: Customer, phrase: str, patterns: tuple[Pattern, ...]) -> Conversation:
    """A conversation of one turn."""
    chat = await nina.open(BY_TURN)
    await chat.say(phrase)
    for pattern in patterns:
        await chat.expect(pattern)
    return chat


@pytest.mark.parametrize(("phrase", "patterns", "rule"), KEPT)
async def test_a_rule_is_kept(nina: Customer, phrase: str, patterns: tuple[Pattern, ...], rule: str) -> None:
    """Nothing is found, neither by this rule nor by any other, before and after the customer has left."""
    assert rule in RULES
    chat = await turn(nina, phrase, patterns)
    assert check(chat.timeline) == ()
    await chat.aclose()
    assert check(chat.timeline) == ()


@pytest.mark.parametrize(("phrase", "patterns", "rule", "what"), BROKEN)
async def test_a_rule_is_broken(
    nina: Customer, phrase: str, patterns: tuple[Pattern, ...], rule: str, what: str
) -> None:
    """By this rule and no other."""
    chat = await turn(nina, phrase, patterns)
    [found] = check(chat.timeline)
    assert (found.rule, found.severity, found.what[: len(what)]) == (rule, Severity.ERROR, what)


@pytest.mark.parametrize(("phrase", "what"), NEW)
async def test_what_is_merely_new_is_a_warning(nina: Customer, phrase: str, what: str) -> None:
    """The service may grow; the conversation does not fail."""
    [found] = check((await turn(nina, phrase, (DONE,))).timeline)
    assert (found.rule, found.severity) == ("recognised", Severity.WARN)
    assert found.what.endswith(what)


async def test_a_receipt_that_does_not_come(nina: Customer) -> None:
    """Missed once the limit has certainly passed; with the default limit it is not yet due."""
    chat = await turn(nina, "no receipt", (DONE,))
    await chat.say("receipt")
    await chat.expect(DONE)
    assert check(chat.timeline) == ()
    [(rule, what)] = [found for found in broken(chat, HASTY) if "'no receipt'" in found[1]]
    assert rule == "receipt_follows_said"
    assert what.startswith("wanted a receipt of 'no receipt' within 0.001 s from ")


async def test_typing_that_does_not_stop(nina: Customer) -> None:
    """Likewise; a message of the same sender ends the spell, too late here."""
    chat = await turn(nina, "type on", (read(),))
    await chat.say("receipt")
    await chat.expect(DONE)
    assert check(chat.timeline) == ()
    [what] = [what for rule, what in broken(chat, HASTY) if rule == "typing_stops"]
    assert what.startswith("wanted Rules Bot (chatbot) to stop typing within 0.001 s from ")
    assert ", saw message at " in what


async def test_a_stream_that_is_never_finished(nina: Customer) -> None:
    """Its bot answers something newer; so much can be said when the conversation is over."""
    chat = await turn(nina, "no final", (read(),))
    await chat.say("two ids")
    await chat.expect(DONE)
    assert check(chat.timeline) == ()
    await chat.close()
    await chat.expect(closed())
    [(rule, what)] = broken(chat)
    assert rule == "stream_grammar"
    assert what.endswith("saw the conversation went on without it")


@pytest.mark.parametrize(
    ("deployment", "rules"),
    [
        pytest.param("Test_Routed", [], id="an automated response may come before the routing"),
        pytest.param("Test_Unrouted", ["routed_before_bot"], id="a bot speaks before the routing"),
    ],
)
async def test_routing_comes_before_the_bot(nina: Customer, deployment: str, rules: list[str]) -> None:
    """Whatever order the rest comes in."""
    chat = await nina.open(deployment)
    await chat.expect(routed())
    await chat.expect(DONE)
    assert [violation.rule for violation in check(chat.timeline)] == rules


WALKS = [
    (
        "Harbour_Assistant",
        ["Hello, I'm"],
        [
            ("Where is ORD-1001?", ["has shipped"]),
            ("And ORD-2002?", ["is delayed"]),
            ("ORD-3?", ["can't find"]),
            ("Where is my order?", ["Which order"]),
            ("When are you open?", ["Our shops"]),
            ("Can I have a loan?", ["I can't decide"]),
            ("Thanks", ["You're welcome"]),
            ("qwertz", ["I'm sorry"]),
            ("Bye", ["Goodbye"]),
        ],
    ),
    (
        "Harbour_Menu",
        ["Welcome", "What can I do"],
        [
            ("Track an order", ["Please type"]),
            ("ORD-7", ["is on its way", "Did that help?"]),
            ("No", ["I'm sorry", "What can I do"]),
            ("Return an item", ["Why do you want"]),
            ("It doesn't fit", ["You can exchange", "Did that help?"]),
            ("Yes", ["Great"]),
            ("It is damaged", ["I'm sorry to hear", "Did that help?"]),
            ("I changed my mind", ["You can return it", "Did that help?"]),
            ("Opening hours", ["Our shops", "Did that help?"]),
            ("Something else", ["You can reach"]),
            ("qwertz", ["Please choose", "What can I do"]),
        ],
    ),
    (
        "Harbour_Desk",
        ["Welcome"],
        [
            ("My parcel is late", ["I've noted"]),
            ("I need a person", ["I'll connect", "One moment", "this is Rita"]),
            ("About a refund", ["I can see your refund"]),
            ("And then?", ["Let me look"]),
            ("Thanks", ["You're welcome"]),
        ],
    ),
    ("Harbour_Replay", [], []),
]


@pytest.mark.parametrize(("deployment", "greeting", "turns"), WALKS, ids=[walk[0] for walk in WALKS])
async def test_the_shipped_bots_keep_all_rules(
    nina: Customer, deployment: str, greeting: list[str], turns: list[tuple[str, list[str]]]
) -> None:
    """With the default limits, along every turn they have, before and after the close."""
    chat = await nina.open(deployment)
    await expect_texts(chat, greeting)
    for phrase, texts in turns:
        await chat.say(phrase)
        await expect_texts(chat, texts)
    if not turns:
        await chat.expect(routed())
        await chat.expect(repeat(message(), at_least=1))
    assert check(chat.timeline) == ()
    await chat.close()
    await chat.expect(closed())
    assert check(chat.timeline) == ()


async def expect_texts(chat: Conversation, texts: list[str]) -> None:
    """Messages with these parts, one after the other."""
    if texts:
        await chat.expect(*(message(contains(text)) for text in texts))


async def test_what_is_said_in_the_queue_is_owed_from_when_somebody_comes(nina: Customer) -> None:
    """Nobody can take it before."""
    chat = await nina.open("Harbour_Desk")
    await chat.say("I need a person")
    await chat.expect(queue(2))
    await chat.say("It is about a refund")
    await expect_texts(chat, ["Welcome", "I'll connect", "One moment", "this is Rita", "I can see your refund"])
    assert check(chat.timeline) == ()


async def test_a_conversation_that_ends_at_once_owes_nothing(nina: Customer) -> None:
    """The user said something and left; no limit has passed."""
    chat = await nina.open()
    await chat.say("Where is ORD-1001?")
    await chat.end()
    await chat.expect(session("waiting"), session("active"), session("ended"))
    await chat.close()
    await chat.expect(closed())
    assert check(chat.timeline) == ()
