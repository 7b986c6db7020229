"""The always-on rules over timelines written by hand: what keeps each rule, what breaks it, and what is said then."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events import Dropped, Event, Received
from harness.expectations.monitors import Monitor
from harness.expectations.rules import (
    DEFAULT,
    RULES,
    Rules,
    Severity,
    Violation,
    Waiver,
    check,
    explain_violation,
)
from harness.timeline.timeline import Timeline
from tests.expectations.building import event, said, timeline

Told = Event | str | tuple[str, dict[str, Any]]

BO: dict[str, Any] = {"role": "chatbot", "name": "Bo"}
RITA: dict[str, Any] = {"role": "agent", "name": "Rita"}
BO_JOINS: Told = ("joined", BO)
RITA_JOINS: Told = ("joined", RITA)
ROOM: tuple[Told, ...] = ("routed", BO_JOINS)
"""Events 0 and 1, at 0.1 s and 0.2 s; what follows starts with number 2 at 0.3 s."""


def bo(text: str = "Hi", **more: Any) -> Told:
    """Bo says something."""
    return "message", {**BO, "text": text, **more}


def rita(text: str = "Hi") -> Told:
    """Rita says something."""
    return "message", {**RITA, "text": text}


def token(number: int, text: str = "x", *, target: str = "m", batch: int = 0, **more: Any) -> Told:
    """A piece of the answer `m`."""
    return "token", {**BO, "target": target, "number": number, "text": text, "batch": batch, **more}


def retracted(number: int, *, target: str = "m", batch: int = 0) -> Told:
    """What was streamed is withdrawn."""
    return "retracted", {**BO, "target": target, "number": number, "batch": batch}


def final(text: str = "", *, entry: str = "m", **more: Any) -> Told:
    """The message that the tokens were for."""
    return bo(text, entry=entry, **more)


def answered(status: int = 202, **more: Any) -> Told:
    """The service answers the request to send a message."""
    return "answered", {"operation": "sendMessage", "status": status, **more}


def delivered(of: str, **more: Any) -> Told:
    """Bo acknowledges a message as delivered."""
    return "delivered", {**BO, "of": of, **more}


def read(of: str, **more: Any) -> Told:
    """Bo acknowledges a message and all before it as read."""
    return "read", {**BO, "of": of, **more}


def at(when: float, told: Told, *, earliest: float | None = None) -> Event:
    """An event at another time than the next tenth of a second."""
    assert not isinstance(told, Event)
    kind, fields = (told, {}) if isinstance(told, str) else told
    return event(kind, when, earliest=when if earliest is None else earliest, **fields)


def found(told: Timeline, rule: str, rules: Rules = DEFAULT) -> list[tuple[str, tuple[int, ...]]]:
    """What broke a rule."""
    return [(one.what, one.events) for one in check(told, rules) if one.rule == rule]


# ---- one table a rule: events from number 0, the horizon, what is found


KEEP: list[Any] = []
BREAK: list[Any] = []


def keeps(rule: str, id_: str, *told: Told, horizon: float = 0.0, ended: str | None = None) -> None:
    """A row: a timeline that keeps a rule."""
    KEEP.append(pytest.param(rule, timeline(*told, horizon=horizon, ended=ended), id=f"{rule}: {id_}"))


def breaks(
    rule: str, id_: str, what: str, events: tuple[int, ...], *told: Told, horizon: float = 0.0, ended: str | None = None
) -> None:
    """A row: a timeline that breaks a rule."""
    told_ = timeline(*told, horizon=horizon, ended=ended)
    BREAK.append(pytest.param(rule, told_, what, events, id=f"{rule}: {id_}"))


# routed_before_bot

WANTED = "wanted a routing result before any message of a bot or a rep, saw "
keeps("routed_before_bot", "routed, then a message", "routed", BO_JOINS, bo())
keeps("routed_before_bot", "a failed routing is a result", ("routed", {"succeeded": False}), BO_JOINS, bo())
keeps("routed_before_bot", "an automated response", ("message", {"role": "system", "name": "Automated"}), "routed")
keeps("routed_before_bot", "an automated response in the bot's name", bo(automated=True), "routed")
keeps("routed_before_bot", "an echo", ("echo", {"role": "end_user", "text": "Hi"}), "routed")
keeps("routed_before_bot", "typing and participants may come first", BO_JOINS, ("typing_started", BO), "routed")
keeps("routed_before_bot", "the routing may have been missed", "dropped", "resumed", BO_JOINS, bo())
breaks("routed_before_bot", "a bot", WANTED + "Bo (chatbot) say 'Hi' at 0.200 s", (1,), BO_JOINS, bo(), "routed")
breaks("routed_before_bot", "a rep", WANTED + "Rita (agent) say 'Hi' at 0.200 s", (1,), RITA_JOINS, rita(), "routed")
breaks(
    "routed_before_bot",
    "told once, all messages shown",
    WANTED + "Bo (chatbot) say 'Hi' at 0.200 s, and 2 more",
    (1, 2, 4),
    BO_JOINS,
    bo(),
    bo("Ho"),
    "heartbeat",
    bo("He"),
)

# receipt_follows_said; events 2 and 3 are the message, accepted at 0.4 s, so its receipt is due at 5.4 s

SAID: tuple[Told, ...] = (*ROOM, said("a"), answered())
WANTED = "wanted a receipt of 'a' within 5 s from 0.400 s, saw "
FOLLOWS = "receipt_follows_said"
keeps(FOLLOWS, "delivered in time", *SAID, at(5.4, delivered("a")), horizon=99)
keeps(FOLLOWS, "delivered before the request is answered", *ROOM, said("a"), delivered("a"), answered(), horizon=99)
keeps(FOLLOWS, "not yet due", *SAID, horizon=5.4)
keeps(FOLLOWS, "not certainly late", *SAID, at(9, delivered("a"), earliest=5.3), horizon=99)
keeps(FOLLOWS, "over before it was due", *SAID, "closed", horizon=99, ended="the scenario ended")
keeps(FOLLOWS, "the session ended before it was due", *SAID, ("session", {"status": "ended"}), horizon=99)
keeps(FOLLOWS, "the user closed before it was due", *SAID, "closing", horizon=99)
keeps(FOLLOWS, "the user left before it was due", *SAID, "ended", horizon=99)
keeps(FOLLOWS, "the stream dropped before it was due", *SAID, "dropped", "resumed", horizon=99)
keeps(FOLLOWS, "read is delivered too", *SAID, read("a"), horizon=99)
keeps(FOLLOWS, "a later message was read", *SAID, said("b"), answered(), read("b"), horizon=99)
keeps(FOLLOWS, "undelivered", *SAID, ("undelivered", {"of": "a"}), horizon=99)
keeps(FOLLOWS, "refused", *ROOM, said("a"), answered(429), horizon=99)
keeps(FOLLOWS, "never answered", *ROOM, said("a"), horizon=99)
keeps(FOLLOWS, "nobody is there", "routed", said("a"), answered(), horizon=99)
keeps(FOLLOWS, "nobody but the system is there", ("joined", {"role": "system"}), said("a"), answered(), horizon=99)
keeps(FOLLOWS, "nobody is there any more", *SAID, ("left", BO), horizon=99)
keeps(FOLLOWS, "the session is waiting", *SAID, ("session", {"status": "waiting"}), horizon=99)
keeps(FOLLOWS, "somebody has just come", "routed", said("a"), answered(), at(50, RITA_JOINS), horizon=55)
keeps(
    FOLLOWS,
    "another answer is another message's",
    *ROOM,
    said("a"),
    at(1.0, said("b")),
    at(1.2, answered(took=0.2)),
    delivered("b"),
    horizon=99,
)
keeps(
    FOLLOWS,
    "the first is answered last, and refused",
    *ROOM,
    at(1.0, said("a")),
    at(1.1, said("b")),
    at(1.3, answered(202, took=0.1)),
    at(1.4, answered(429, took=0.4)),
    delivered("b"),
    horizon=99,
)
keeps(
    FOLLOWS,
    "an answer to something else is none",
    *ROOM,
    said("a"),
    ("answered", {"operation": "acknowledgeEntries", "status": 200}),
    horizon=99,
)
keeps(
    FOLLOWS,
    "the first is answered first, and refused",
    *ROOM,
    at(1.0, said("a")),
    at(1.1, said("b")),
    at(1.2, answered(429, took=0.2)),
    at(1.3, answered(202, took=0.2)),
    delivered("b"),
    horizon=99,
)
keeps(FOLLOWS, "the user's own moves do not say what has arrived", *SAID, at(9, said("b")))
breaks(FOLLOWS, "no receipt", WANTED + "none by 5.500 s", (2,), *SAID, horizon=5.5)
breaks(FOLLOWS, "told by what arrived", WANTED + "none by 9.000 s", (2,), *SAID, at(9.5, bo(), earliest=9))
breaks(FOLLOWS, "late", WANTED + "delivered at 6.000 s", (2, 4), *SAID, at(6, delivered("a"), earliest=5.5))
breaks(FOLLOWS, "late read", WANTED + "read at 6.000 s", (2, 4), *SAID, at(6, read("a")))
breaks(FOLLOWS, "overdue when closed", WANTED + "none by 6.000 s", (2,), *SAID, at(6, "closed"))
breaks(FOLLOWS, "overdue when closing", WANTED + "none by 7.000 s", (2,), *SAID, at(6, "closing"), at(7, "closed"))
breaks(FOLLOWS, "overdue when they leave", WANTED + "none by 6.000 s", (2,), *SAID, at(6, ("left", BO)))
breaks(
    FOLLOWS, "own acknowledgement", WANTED + "none by 9.000 s", (2,), *SAID, delivered("a", role="end_user"), horizon=9
)
breaks(
    FOLLOWS,
    "from when somebody comes",
    "wanted a receipt of 'a' within 5 s from 50.000 s, saw none by 55.500 s",
    (1,),
    "routed",
    said("a"),
    answered(),
    at(50, RITA_JOINS),
    horizon=55.5,
)
breaks(
    FOLLOWS,
    "from when the session is active again",
    "wanted a receipt of 'a' within 5 s from 50.000 s, saw none by 56.000 s",
    (2,),
    *SAID,
    ("session", {"status": "waiting"}),
    at(50, ("session", {"status": "active"})),
    horizon=56,
)
breaks(
    FOLLOWS,
    "a choice",
    "wanted a receipt of 'Yes' within 5 s from 0.400 s, saw none by 9.000 s",
    (2,),
    *ROOM,
    ("chose", {"message": "a", "label": "Yes"}),
    answered(),
    horizon=9,
)
breaks(
    FOLLOWS,
    "an earlier message is not delivered by a later one's receipt",
    WANTED + "none by 9.000 s",
    (2,),
    *SAID,
    said("b"),
    answered(),
    delivered("b"),
    horizon=9,
)

# receipt_known

KNOWN = "receipt_known"
keeps(KNOWN, "delivered, then read", *SAID, delivered("a"), read("a"))
keeps(KNOWN, "read of the later one only", *SAID, delivered("a"), said("b"), delivered("b"), read("b"))
keeps(KNOWN, "two recipients", *SAID, delivered("a"), delivered("a", **RITA), read("a"), read("a", **RITA))
keeps(KNOWN, "of a message from another window", ("echo", {"entry": "z", "text": "Hi"}), delivered("z"))
keeps(KNOWN, "own acknowledgement of the bot's message", *ROOM, final(), read("m", role="end_user"))
keeps(KNOWN, "delivery may have been missed", *SAID, "dropped", "resumed", read("a"))
breaks(
    KNOWN,
    "of nothing",
    "wanted receipts of what the user sent, saw delivered of 'z' at 0.300 s",
    (2,),
    *ROOM,
    delivered("z"),
)
breaks(
    KNOWN,
    "of the bot's own",
    "wanted receipts of what the user sent, saw read of 'm' at 0.400 s",
    (3,),
    *ROOM,
    final(),
    read("m"),
)
breaks(
    KNOWN,
    "read first",
    "wanted delivered before read, saw read of 'a' at 0.500 s, not delivered by then, and 1 more",
    (4, 5),
    *SAID,
    read("a"),
    read("a"),
    delivered("a"),
)

# typing_stops; event 2 is the start at 0.3 s, its end is due at 30.3 s

TYPING: tuple[Told, ...] = (*ROOM, ("typing_started", BO))
WANTED = "wanted Bo (chatbot) to stop typing within 30 s from 0.300 s, saw "
STOPS = "typing_stops"
for kind, fields in (("typing_stopped", BO), ("message", BO), ("left", BO)):
    keeps(STOPS, f"{kind} ends it", *TYPING, (kind, fields), horizon=99)
    late = WANTED + f"{kind.replace('_', ' ')} at 31.000 s"
    breaks(STOPS, f"{kind} too late", late, (2, 3), *TYPING, at(31, (kind, fields)))
for kind, fields in (("closed", {}), ("dropped", {}), ("session", {"status": "ended"})):
    keeps(STOPS, f"{kind} ends it", *TYPING, (kind, fields), horizon=99)
    breaks(STOPS, f"{kind} too late", WANTED + "no end by 31.000 s", (2,), *TYPING, at(31, (kind, fields)))
keeps(STOPS, "not yet due", *TYPING, horizon=30.3)
keeps(STOPS, "not certainly late", *TYPING, at(40, bo(), earliest=30), horizon=99)
keeps(STOPS, "the user closed before it was due", *TYPING, "closing", horizon=99)
keeps(STOPS, "the user left before it was due", *TYPING, "ended", horizon=99)
keeps(STOPS, "started again is a sign of life", *TYPING, at(25, ("typing_started", BO)), at(50, bo()))
keeps(STOPS, "progress is a sign of life", *TYPING, at(25, ("progress", BO)), at(50, bo()))
keeps(STOPS, "a token is a sign of life", *TYPING, at(25, token(1)), at(50, final("x")))
keeps(STOPS, "own typing is ambient", *ROOM, ("typing_echo", {"role": "end_user"}), horizon=99)
breaks(STOPS, "no end", WANTED + "no end by 30.500 s", (2,), *TYPING, horizon=30.5)
breaks(STOPS, "told by what arrived", WANTED + "no end by 31.000 s", (2,), *TYPING, RITA_JOINS, at(31, rita()))
breaks(STOPS, "somebody else's message", WANTED + "no end by 99.000 s", (2,), *TYPING, RITA_JOINS, rita(), horizon=99)
breaks(STOPS, "overdue when closing", WANTED + "no end by 32.000 s", (2,), *TYPING, at(31, "closing"), at(32, "closed"))
breaks(
    STOPS,
    "a sign of life too late",
    WANTED + "progress at 31.000 s",
    (2, 3),
    *TYPING,
    at(31, ("progress", BO)),
    at(99, ("typing_stopped", BO)),
)
breaks(
    STOPS,
    "started again too late is another spell",
    WANTED + "typing started at 31.000 s",
    (2, 3),
    *TYPING,
    at(31, ("typing_started", BO)),
    bo(),
)

# stream_grammar

GRAMMAR = "stream_grammar"
keeps(GRAMMAR, "in order", *ROOM, token(1), token(2), token(3), final("xxx"))
keeps(GRAMMAR, "out of order", *ROOM, token(3), token(1), token(2), final("xxx"))
keeps(GRAMMAR, "from zero", *ROOM, token(0), token(1), final("xx"))
keeps(
    GRAMMAR, "replaced, counting on", *ROOM, token(1), retracted(2), token(3, batch=1), token(4, batch=1), final("xx")
)
keeps(GRAMMAR, "replaced, counting anew", *ROOM, token(1), retracted(2), token(1, batch=1), final("x"))
keeps(GRAMMAR, "replaced, counting anew in the same batch", *ROOM, token(1), retracted(2), token(1), final("x"))
keeps(GRAMMAR, "validated", *ROOM, token(1), ("validated", {**BO, "target": "m", "number": 2}), final("x"))
keeps(
    GRAMMAR, "validated after the final", *ROOM, token(1), final("x"), ("validated", {**BO, "target": "m", "number": 2})
)
keeps(
    GRAMMAR,
    "replaced under another target",
    *ROOM,
    token(1),
    retracted(2),
    token(1, target="n"),
    final("x", entry="n"),
    horizon=99,
    ended="the scenario ended",
)
keeps(GRAMMAR, "withdrawn, and another message instead", *ROOM, token(1), retracted(2), bo("Sorry"), horizon=99)
keeps(GRAMMAR, "two answers at once", *ROOM, token(1), token(1, target="n"), final("x", entry="n"), final("x"))
keeps(GRAMMAR, "the final is not yet due", *ROOM, token(1), horizon=30.3)
keeps(GRAMMAR, "ended right after a token", *ROOM, token(1), ended="the scenario ended")
keeps(GRAMMAR, "the user closed before the final", *ROOM, token(1), "closing", ("left", BO), "closed", horizon=99)
keeps(
    GRAMMAR,
    "the user left before the final",
    *ROOM,
    token(1),
    "ended",
    ("session", {"status": "ended"}),
    horizon=99,
    ended="the scenario ended",
)
keeps(GRAMMAR, "pieces may have been missed", *ROOM, token(1), "dropped", "resumed", token(3), final("xxx"), horizon=99)
keeps(GRAMMAR, "the first pieces may have been missed", *ROOM, "dropped", "resumed", token(4), token(6), final("x"))
keeps(GRAMMAR, "the final may have been missed", *ROOM, token(1), "dropped", "resumed", horizon=99)
keeps(
    GRAMMAR,
    "a message before the user asked again",
    *ROOM,
    token(1),
    bo("Wait"),
    token(2),
    final("xx"),
    ended="the scenario ended",
)
keeps(
    GRAMMAR,
    "interrupted, answered, and finished",
    *ROOM,
    token(1),
    said("a"),
    bo("Yes?"),
    token(2),
    ended="the scenario ended",
)
keeps(GRAMMAR, "another message meanwhile", *ROOM, token(1), bo("Wait"), ended="the scenario ended")
keeps(GRAMMAR, "closed from another window", *ROOM, token(1), "closed", horizon=99)
keeps(GRAMMAR, "something newer was answered, the final may still come", *ROOM, token(1), said("a"), bo())
keeps(
    GRAMMAR,
    "streamed while the user was leaving",
    *ROOM,
    "ended",
    token(1),
    ("session", {"status": "ended"}),
    ended="the scenario ended",
)
breaks(
    GRAMMAR,
    "a gap",
    "wanted no gap in the stream to 'm', saw its final message without number 2",
    (2, 3, 4),
    *ROOM,
    token(1),
    token(3),
    final("xxx"),
)
breaks(
    GRAMMAR,
    "a gap after a retraction",
    "wanted no gap in the stream to 'm', saw its final message without number 3",
    (2, 3, 4, 5),
    *ROOM,
    token(1),
    retracted(2),
    token(4, batch=1),
    final("xx"),
)
breaks(
    GRAMMAR,
    "a gap in a batch that counts anew",
    "wanted no gap in the stream to 'm', saw its final message without number 2",
    (2, 3, 4, 5, 6),
    *ROOM,
    token(1),
    retracted(2),
    token(1, batch=1),
    token(3, batch=1),
    final("xx"),
)
breaks(
    GRAMMAR,
    "a gap without end",
    "wanted no gap in the stream to 'm', saw its final message without number 2, 3, 4, 5, 6, …",
    (2, 3, 4),
    *ROOM,
    token(1),
    token(10**15),
    final("xx"),
)
breaks(
    GRAMMAR,
    "a repeat",
    "wanted every number once in the stream to 'm', saw 1 again at 0.400 s, and 1 more",
    (2, 3, 4),
    *ROOM,
    token(1),
    token(1),
    token(1),
    final("x"),
)
breaks(
    GRAMMAR,
    "a token after the final",
    "wanted nothing of the stream to 'm' after its final message at 0.400 s, saw token 2 'x' at 0.500 s, and 1 more",
    (3, 4, 5),
    *ROOM,
    token(1),
    final("x"),
    token(2),
    token(3),
)
breaks(
    GRAMMAR,
    "a first token after the final",
    "wanted nothing of the stream to 'm' after its final message at 0.300 s, saw token 1 'x' at 0.400 s",
    (2, 3),
    *ROOM,
    final("x"),
    token(1),
)
breaks(
    GRAMMAR,
    "a retraction after the final",
    "wanted nothing of the stream to 'm' after its final message at 0.400 s, saw retracted at 2 at 0.500 s",
    (3, 4),
    *ROOM,
    token(1),
    final("x"),
    retracted(2),
)
NEVER = "wanted a final message of the stream to 'm' within 30 s from its last piece at 0.300 s, saw "
breaks(GRAMMAR, "no final in time", NEVER + "none by 30.500 s", (2,), *ROOM, token(1), horizon=30.5)
breaks(GRAMMAR, "the final too late", NEVER + "it at 31.000 s", (2, 3), *ROOM, token(1), at(31, final("x")))
breaks(GRAMMAR, "the next piece too late", NEVER + "none by 31.000 s", (2,), *ROOM, token(1), at(31, token(2)))
breaks(
    GRAMMAR,
    "overdue when closing",
    NEVER + "none by 32.000 s",
    (2,),
    *ROOM,
    token(1),
    at(31, "closing"),
    at(32, "closed"),
)
breaks(
    GRAMMAR, "the replacement too late", NEVER.replace("0.300", "0.400") + "none by 31.000 s", (2, 3),
    *ROOM, token(1), retracted(2), at(31, bo("Sorry")),
)  # fmt: skip
WENT_ON = NEVER + "the conversation went on without it"
breaks(
    GRAMMAR, "something newer was answered", WENT_ON, (2,), *ROOM, token(1), said("a"), bo(), ended="the scenario ended"
)
breaks(
    GRAMMAR,
    "something newer was answered, then closed",
    WENT_ON,
    (2,),
    *ROOM,
    token(1),
    said("a"),
    bo(),
    "closing",
    "closed",
)
breaks(GRAMMAR, "its sender left", WENT_ON, (2,), *ROOM, token(1), ("left", BO), ended="the scenario ended")
breaks(
    GRAMMAR,
    "the session was ended for the user",
    WENT_ON,
    (2,),
    *ROOM,
    token(1),
    ("session", {"status": "ended"}),
    ended="the scenario ended",
)

# stream_faithful

FAITHFUL = "stream_faithful"
WANTED = "wanted the final message to be its pieces, from character "
keeps(FAITHFUL, "by number", *ROOM, token(2, "b"), token(1, "a"), final("ab"))
keeps(FAITHFUL, "white space and composition", *ROOM, token(1, "caf\u00e9 "), token(2, " x\n"), final("cafe\u0301 x"))
keeps(FAITHFUL, "replaced", *ROOM, token(1, "a"), retracted(2), token(3, "b", batch=1), final("b"))
keeps(
    FAITHFUL,
    "replaced, counting anew and further",
    *ROOM,
    *(token(1, "a"), retracted(2)),
    *(token(1, "b"), token(2, "c"), token(3, "d"), final("bcd")),
)
breaks(
    FAITHFUL,
    "replaced, counting anew, by something else",
    WANTED + "0 on 'b', saw 'c'",
    (4, 5),
    *(*ROOM, token(1, "a"), retracted(2), token(1, "b"), final("c")),
)
keeps(FAITHFUL, "replaced, counting anew", *ROOM, token(1, "a"), retracted(2), token(1, "b"), final("b"))
keeps(
    FAITHFUL,
    "late pieces of what was withdrawn",
    *ROOM,
    token(1, "a"),
    retracted(3),
    token(4, "c"),
    token(2, "b"),
    final("c"),
)
keeps(FAITHFUL, "withdrawn and not streamed again", *ROOM, token(1, "a"), retracted(2), final("b"))
keeps(FAITHFUL, "it says itself that it was revised", *ROOM, token(1, "a"), final("b", revised=True))
keeps(FAITHFUL, "another form than text", *ROOM, token(1, "a"), final("", format="RichLink"))
keeps(FAITHFUL, "pieces may have been missed", *ROOM, token(1, "a"), "dropped", "resumed", final("ab"))
keeps(FAITHFUL, "not streamed", *ROOM, final("b"))
keeps(FAITHFUL, "empty", *ROOM, token(1, ""), final(""))
breaks(
    FAITHFUL, "another end", WANTED + "6 on 'in stock', saw 'sold out'", (2, 3, 4),
    *ROOM, token(1, "It is "), token(2, "in stock"), final("It is sold out"),
)  # fmt: skip
breaks(FAITHFUL, "the first piece is missing", WANTED + "0 on 'b', saw 'ab'", (2, 3), *ROOM, token(2, "b"), final("ab"))
breaks(FAITHFUL, "less", WANTED + "1 on 'b', saw ''", (2, 3), *ROOM, token(1, "ab"), final("a"))
breaks(
    FAITHFUL, "what was withdrawn", WANTED + "0 on 'b', saw 'a'", (4, 5),
    *ROOM, token(1, "a"), retracted(2), token(3, "b", batch=1), final("a", revised=True),
)  # fmt: skip

# ids_unique

UNIQUE = "ids_unique"
WANTED = "wanted every entry id once, but for replays after a reconnect, saw "
ENTRY: Told = bo(entry="e", stream_id="5")
CHANGES = {"entry": "p", "stream_id": "7"}
BOTH: tuple[Told, ...] = (at(0.5, ("left", {**BO, **CHANGES})), at(0.5, ("joined", {**RITA, **CHANGES})))
keeps(UNIQUE, "one each", *ROOM, bo(entry="e"), bo(entry="f"))
keeps(UNIQUE, "none", *ROOM, bo(), bo())
keeps(UNIQUE, "tokens have ids of their own", *ROOM, token(1, entry="t"), token(2, entry="u"), final("xx"))
keeps(UNIQUE, "one entry tells of two participants", *ROOM, *BOTH)
keeps(UNIQUE, "a replay after a reconnect", *ROOM, ENTRY, "dropped", "resumed", ENTRY)
keeps(UNIQUE, "a replay under another id of the stream", *ROOM, ENTRY, "resumed", bo(entry="e", stream_id="9"))
keeps(UNIQUE, "two replays after two reconnects", *ROOM, ENTRY, "resumed", ENTRY, "resumed", ENTRY)
keeps(
    UNIQUE,
    "a replay of two participants",
    *ROOM,
    *BOTH,
    at(0.6, "resumed"),
    at(0.7, ("left", {**BO, **CHANGES})),
    at(0.7, ("joined", {**RITA, **CHANGES})),
)
breaks(UNIQUE, "twice", WANTED + "'e' again 0.100 s after the first, and 1 more", (2, 3, 4), *ROOM, ENTRY, ENTRY, ENTRY)
breaks(
    UNIQUE,
    "changed",
    WANTED + "'e' again with other content 0.100 s after the first",
    (2, 3),
    *ROOM,
    ENTRY,
    bo("Ho", entry="e"),
)
breaks(
    UNIQUE,
    "changed after a reconnect",
    WANTED + "'e' again with other content 0.200 s after the first",
    (2, 4),
    *ROOM,
    ENTRY,
    "resumed",
    bo("Ho", entry="e", stream_id="5"),
)
breaks(
    UNIQUE,
    "replayed twice",
    WANTED + "'e' again 0.300 s after the first",
    (2, 5),
    *ROOM,
    ENTRY,
    "resumed",
    ENTRY,
    ENTRY,
)
breaks(
    UNIQUE,
    "two participants twice",
    WANTED + "'p' again 0.000 s after the first, and 1 more",
    (2, 4, 5),
    *ROOM,
    *BOTH,
    *BOTH,
)
breaks(
    UNIQUE,
    "an echo twice",
    WANTED + "'a' again 0.100 s after the first",
    (0, 1),
    ("echo", {"entry": "a"}),
    ("echo", {"entry": "a"}),
)

breaks(
    UNIQUE,
    "participants of two frames",
    WANTED + "'p' again with other content 0.100 s after the first",
    (2, 3),
    *(*ROOM, at(0.5, ("left", {**BO, **CHANGES})), at(0.6, ("joined", {**RITA, **CHANGES}))),
)

# clock_forward

CLOCK = "clock_forward"
keeps(CLOCK, "forward", *ROOM, bo(sent_at=1), bo(sent_at=1), bo(sent_at=2))
keeps(CLOCK, "every sender has their own", *ROOM, RITA_JOINS, bo(sent_at=9), ("message", {**RITA, "sent_at": 1}))
keeps(CLOCK, "tokens may overtake", *ROOM, token(2, sent_at=9), token(1, sent_at=1), final("xx", sent_at=10))
keeps(CLOCK, "typing is not kept", *ROOM, bo(sent_at=9), ("typing_stopped", {**BO, "sent_at": 8}))
keeps(CLOCK, "who changes participants is not named", *ROOM, bo(sent_at=9), ("left", {**BO, "sent_at": 8}))
keeps(CLOCK, "no stamp", *ROOM, bo(sent_at=9), bo(), bo(sent_at=9))
keeps(CLOCK, "a replay", *ROOM, bo(entry="e", sent_at=1), bo(sent_at=9), "resumed", bo(entry="e", sent_at=1))
breaks(
    CLOCK,
    "back",
    "wanted the time stamps of Bo (chatbot) not to go back, saw 5 after 9, 4 ms earlier, and 1 more",
    (2, 4, 5),
    *ROOM,
    bo(sent_at=9),
    ("typing_started", {**BO, "sent_at": 1}),
    bo(sent_at=5),
    bo(sent_at=4),
)

# nothing_after_close

AFTER = "nothing_after_close"
WANTED = "wanted nothing of a bot or a rep after the close at 0.300 s, saw "
CLOSED: tuple[Told, ...] = (*ROOM, "closed")
keeps(
    AFTER,
    "the service reports",
    *CLOSED,
    ("session", {"status": "ended"}),
    ("left", BO),
    ("work", {"outcome": "closed"}),
)
keeps(AFTER, "an automated message of the system", *CLOSED, ("message", {"role": "system", "text": "Bye"}))
keeps(AFTER, "an echo", *CLOSED, ("echo", {"role": "end_user"}))
keeps(AFTER, "receipts and the end of typing", *CLOSED, delivered("a"), read("a"), ("typing_stopped", BO))
keeps(AFTER, "before the close", *ROOM, bo(), "closed", "closed")
keeps(AFTER, "a session that ended is no close", *ROOM, ("session", {"status": "ended"}), bo())
keeps(AFTER, "a replay", *ROOM, bo(entry="e"), "closed", "resumed", bo(entry="e"))
for kind in ("message", "token", "retracted", "typing_started", "progress"):
    shown = kind.replace("_", " ")
    breaks(AFTER, kind, WANTED + f"{shown} of Bo (chatbot) at 0.400 s", (2, 3), *CLOSED, (kind, BO))
breaks(AFTER, "all of it", WANTED + "message of Bo (chatbot) at 0.400 s, and 1 more", (2, 3, 4), *CLOSED, bo(), bo())

# participants_consistent

PEOPLE = "participants_consistent"
JOIN = "wanted everybody to join before they speak, saw "
GONE = "wanted nothing of somebody who has left, saw "
keeps(PEOPLE, "joined by name", *ROOM, bo(), token(1), final("x"))
keeps(PEOPLE, "joined by role", *ROOM, ("message", {"role": "chatbot", "name": "Bot of the shop"}))
keeps(PEOPLE, "joined by role, without a name", ("joined", {"role": "agent"}), rita())
keeps(PEOPLE, "joined by name in another role", ("joined", {"role": "digital_worker", "name": "Bo"}), bo())
keeps(PEOPLE, "the system need not join", ("message", {"role": "system", "name": "Automated Process"}))
keeps(PEOPLE, "an automated response need not", bo(automated=True))
keeps(PEOPLE, "an unknown role need not", ("message", {"role": "supervisor"}))
keeps(PEOPLE, "typing is not speaking", ("typing_started", BO))
keeps(PEOPLE, "handed over", *ROOM, bo(), ("left", BO), RITA_JOINS, rita())
keeps(PEOPLE, "handed over in one entry", *ROOM, *BOTH, rita())
keeps(PEOPLE, "left and joined again", *ROOM, ("left", BO), BO_JOINS, bo())
keeps(
    PEOPLE,
    "another of the same name stays",
    ("joined", {**BO, "subject": "1"}),
    ("joined", {**BO, "subject": "2"}),
    ("left", {**BO, "subject": "1"}),
    bo(),
)
keeps(PEOPLE, "joining may have been missed", "dropped", "resumed", rita())
keeps(PEOPLE, "joining again may have been missed", *ROOM, ("left", BO), "dropped", "resumed", bo())
breaks(PEOPLE, "never joined", JOIN + "Bo (chatbot) say 'Hi' at 0.200 s", (1,), "routed", bo())
breaks(PEOPLE, "another role", JOIN + "Rita (agent) say 'Hi' at 0.300 s", (2,), *ROOM, rita())
breaks(PEOPLE, "joined too late", JOIN + "Bo (chatbot) say 'Hi' at 0.200 s", (1,), "routed", bo(), BO_JOINS, bo())
breaks(
    PEOPLE, "a token", JOIN + "Bo (chatbot) send a token at 0.200 s, and 1 more", (1, 2), "routed", token(1), token(2)
)
breaks(PEOPLE, "has left", GONE + "Bo (chatbot) say 'Hi' at 0.400 s", (2, 3), *ROOM, ("left", BO), bo())
breaks(
    PEOPLE,
    "has left, and another of the role is there",
    GONE + "Rita (agent) say 'Hi' at 0.400 s",
    (2, 3),
    RITA_JOINS,
    ("joined", {"role": "agent", "name": "Max"}),
    ("left", RITA),
    rita(),
)
breaks(
    PEOPLE,
    "has left by id",
    GONE + "Bo (chatbot) say 'Hi' at 0.300 s, and 1 more",
    (1, 2, 3),
    ("joined", {**BO, "subject": "1"}),
    ("left", {**BO, "subject": "1"}),
    bo(),
    bo(),
)

# recognised

RECOGNISED = "recognised"
keeps(RECOGNISED, "known", *ROOM, bo(), "heartbeat")
breaks(
    RECOGNISED,
    "unreadable",
    "wanted events that can be read, saw 'X': Invalid JSON\\x1b[2J",
    (0,),
    ("unrecognised", {"wire_name": "X", "problem": "Invalid JSON\x1b[2J"}),
)
breaks(
    RECOGNISED,
    "a new event, with its fields",
    "wanted events that the protocol's reference lists, saw an event 'NEW', and 1 more",
    (0, 1),
    ("unrecognised", {"wire_name": "NEW", "unknown": ("entryType: unknown type 'New'",)}),
    ("unrecognised", {"wire_name": "NEW"}),
)
breaks(
    RECOGNISED,
    "a new field",
    "wanted fields and values that the protocol's reference lists, saw x\\n: unknown field in message, and 1 more",
    (0, 1),
    bo(unknown=("x\n: unknown field",)),
    bo(unknown=("x\n: unknown field",)),
)


@pytest.mark.parametrize(("rule", "told"), KEEP)
def test_a_rule_is_kept(rule: str, told: Timeline) -> None:
    """This rule finds nothing; others may."""
    assert found(told, rule) == []


@pytest.mark.parametrize(("rule", "told", "what", "events"), BREAK)
def test_a_rule_is_broken(rule: str, told: Timeline, what: str, events: tuple[int, ...]) -> None:
    """Once, in these words, by these events."""
    assert found(told, rule) == [(what, events)]


def test_every_rule_has_a_row_that_keeps_it_and_one_that_breaks_it() -> None:
    """None is forgotten."""
    assert {row.values[0] for row in KEEP} == {row.values[0] for row in BREAK} == set(RULES)


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        (bo(unknown=("x: unknown field",)), Severity.WARN),
        (("unrecognised", {"wire_name": "NEW"}), Severity.WARN),
        (("unrecognised", {"wire_name": "NEW", "problem": "no JSON"}), Severity.ERROR),
    ],
    ids=["a new field", "a new event", "an unreadable event"],
)
def test_what_is_merely_new_is_a_warning(told: Told, severity: Severity) -> None:
    """And what can't be read an error, unless a waiver says otherwise."""
    room = timeline(*ROOM, told)
    assert [one.severity for one in check(room)] == [severity]
    for chosen in (Severity.WARN, Severity.ERROR):
        rules = Rules(waivers=(Waiver("recognised", chosen, "a new release"),))
        assert [one.severity for one in check(room, rules)] == [chosen]


# ---- severities, waivers, limits, order

TWICE = timeline(*ROOM, bo(entry="e", sent_at=9), bo(entry="e", sent_at=9), bo(sent_at=1))


@pytest.mark.parametrize(
    ("waivers", "found"),
    [
        pytest.param((), [("ids_unique", "error"), ("clock_forward", "error")], id="nothing waived"),
        pytest.param(
            (Waiver("ids_unique", Severity.WARN, "known bug"),),
            [("ids_unique", "warn"), ("clock_forward", "error")],
            id="one is a warning",
        ),
        pytest.param((Waiver("ids_unique", Severity.OFF, "known bug"),), [("clock_forward", "error")], id="one is off"),
    ],
)
def test_a_scenario_may_waive_a_rule(waivers: tuple[Waiver, ...], found: list[tuple[str, str]]) -> None:
    """That rule and no other; violations come in the order of the events that decided them."""
    assert [(one.rule, one.severity) for one in check(TWICE, Rules(waivers=waivers))] == found


@pytest.mark.parametrize(
    ("rule", "severity", "because", "says"),
    [
        ("typing_stop", "off", "why", "there is no rule 'typing_stop'; did you mean 'typing_stops'?"),
        ("Receipts", "off", "why", "there is no rule 'Receipts'; did you mean 'receipt_known'?"),
        ("typing_stops", "off", " ", "typing_stops can't be set to off without a reason; say so in because"),
        ("typing_stops", "no", "why", "there is no severity 'no'; it is one of error, warn, off"),
    ],
)
def test_a_waiver_is_refused(rule: str, severity: Any, because: str, says: str) -> None:
    """A misspelt word would waive nothing, and a waiver without a reason is a riddle."""
    with pytest.raises(ValueError, match="^" + says.replace("?", r"\?") + "$"):
        Waiver(rule, severity, because)


def test_a_severity_may_be_a_word() -> None:
    """As a scenario file has it."""
    waiver = Waiver("typing_stops", "off", "why")  # type: ignore[arg-type]
    assert waiver.severity is Severity.OFF


@pytest.mark.parametrize("limit", ["receipt_within", "typing_within", "final_within"])
@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_limit_is_more_than_nothing(limit: str, seconds: float) -> None:
    """Anything else would break every conversation."""
    with pytest.raises(ValueError, match=f"{limit} is {seconds:g} s; a limit is more than 0 seconds"):
        Rules(**{limit: seconds})  # type: ignore[arg-type]


def test_a_rule_is_waived_once() -> None:
    """Two severities of one rule contradict each other."""
    waiver = Waiver("typing_stops", Severity.OFF, "why")
    with pytest.raises(ValueError, match="typing_stops is waived twice; keep one of the two"):
        Rules(waivers=(waiver, waiver))


@pytest.mark.parametrize(
    ("rules", "told", "rule"),
    [
        (Rules(receipt_within=0.5), timeline(*SAID, horizon=1), "receipt_follows_said"),
        (Rules(typing_within=0.5), timeline(*TYPING, horizon=1), "typing_stops"),
        (Rules(final_within=0.5), timeline(*ROOM, token(1), horizon=1), "stream_grammar"),
    ],
)
def test_a_limit_may_be_another(rules: Rules, told: Timeline, rule: str) -> None:
    """Kept by default, broken with the narrower limit."""
    assert check(told) == ()
    assert [one.rule for one in check(told, rules)] == [rule]


def test_what_the_end_decides_comes_last() -> None:
    """After what events decided, whatever it began with."""
    told = timeline(*TYPING, bo(entry="e", role="agent"), bo(entry="e", role="agent"), horizon=99)
    assert [one.rule for one in check(told)][-1] == "typing_stops"


# ---- in words

HEAD = "  what shows it (seconds since the conversation opened)"


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        pytest.param(
            timeline(*SAID, at(6, delivered("a"))),
            [
                "receipt_follows_said (warn): wanted a receipt of 'a' within 5 s from 0.400 s, "
                "saw delivered at 6.000 s",
                "  the rule    every accepted message is acknowledged as delivered within the limit",
                HEAD,
                "       #2    0.300 s  user     said 'a'",
                "       #4    6.000 s  receipt  delivered by Bo (chatbot)",
            ],
            id="receipt_follows_said",
        ),
        pytest.param(
            timeline(*ROOM, token(1, "One"), token(2, " two"), token(4, " four"), final("One two four")),
            [
                "stream_grammar (error): wanted no gap in the stream to 'm', saw its final message without number 3",
                "  the rule    tokens of one answer: no repeat, no gap, none after its final message, which comes",
                HEAD,
                "       #2    0.300 s  token    3 tokens until 0.500 s: 'One two four'",
                "       #5    0.600 s  message  message from Bo (chatbot): 'One two four'",
            ],
            id="stream_grammar",
        ),
        pytest.param(
            timeline(*ROOM, token(1, "in stock"), final("sold out")),
            [
                "stream_faithful (error): wanted the final message to be its pieces, from character 0 on 'in stock', "
                "saw 'sold out'",
                "  the rule    the pieces of an answer are its final text unless they were retracted",
                HEAD,
                "       #2    0.300 s  token    token 1 'in stock'",
                "       #3    0.400 s  message  message from Bo (chatbot): 'sold out'",
            ],
            id="stream_faithful",
        ),
        pytest.param(
            timeline(*CLOSED, bo("\x1b[2JStill here")),
            [
                "nothing_after_close (error): wanted nothing of a bot or a rep after the close at 0.300 s, "
                "saw message of Bo (chatbot) at 0.400 s",
                "  the rule    nothing of a bot or a rep after the conversation closed",
                HEAD,
                "       #2    0.300 s  close    conversation closed",
                "       #3    0.400 s  message  message from Bo (chatbot): '\\x1b[2JStill here'",
            ],
            id="nothing_after_close",
        ),
        pytest.param(
            timeline(*ROOM, ("left", BO), bo()),
            [
                "participants_consistent (error): wanted nothing of somebody who has left, "
                "saw Bo (chatbot) say 'Hi' at 0.400 s",
                "  the rule    nobody speaks who has not joined or has left",
                HEAD,
                "       #2    0.300 s  people   Bo (chatbot) left",
                "       #3    0.400 s  message  message from Bo (chatbot): 'Hi'",
            ],
            id="participants_consistent",
        ),
        pytest.param(
            timeline(*ROOM, *[bo(entry="e")] * 25),
            [
                "ids_unique (error): wanted every entry id once, but for replays after a reconnect, "
                "saw 'e' again 0.100 s after the first, and 23 more",
                "  the rule    no entry id twice, but for replays after a reconnect",
                HEAD,
                *[
                    f"{f'#{number}':>9} {0.1 * (number + 1):8.3f} s  message  message from Bo (chatbot): 'Hi'"
                    for number in range(2, 22)
                ],
                "      … 5 more",
            ],
            id="many events are cut",
        ),
    ],
)
def test_a_violation_explains_itself(told: Timeline, lines: list[str]) -> None:
    """The rule and why on one line, what the rule means, and the events."""
    [violation] = check(told)
    assert explain_violation(violation, told).splitlines() == lines


# ---- properties

WORDS = st.sampled_from("abc")
SENDERS = st.sampled_from([BO, RITA, {"role": "system", "name": "S"}, {"role": "end_user", "name": "G"}])


@st.composite
def anything(draw: st.DrawFn) -> Told:
    """An event of any sort, its ids from a small pool so that they meet."""
    sender, one, number = draw(SENDERS), draw(WORDS), draw(st.integers(0, 3))
    received = {**sender, "entry": draw(st.sampled_from(["", *"abcde"])), "stream_id": draw(st.sampled_from("12"))}
    stream = {"target": one, "number": number, "batch": draw(st.integers(0, 1))}
    choices: list[Told] = [
        ("said", {"message": one}),
        ("answered", {"operation": "sendMessage", "status": draw(st.sampled_from([202, 429]))}),
        ("closing", {}),
        ("ended", {}),
        ("dropped", {}),
        ("resumed", {}),
        ("routed", received),
        ("joined", received),
        ("left", received),
        ("session", {**received, "status": draw(st.sampled_from(["active", "waiting", "ended"]))}),
        ("closed", received),
        ("message", {**received, "text": one, "sent_at": number}),
        ("echo", {**received, "sent_at": number}),
        ("delivered", {**received, "of": one}),
        ("read", {**received, "of": one}),
        ("undelivered", {**received, "of": one}),
        ("typing_started", received),
        ("typing_stopped", received),
        ("progress", received),
        ("token", {**received, **stream, "text": one}),
        ("retracted", {**received, **stream}),
        ("validated", {**received, **stream}),
        ("unrecognised", {**received, "wire_name": one, "problem": draw(st.sampled_from([None, "no JSON"]))}),
    ]
    return draw(st.sampled_from(choices))


@st.composite
def conversations(draw: st.DrawFn) -> list[Event]:
    """Events as a recorder has them: arrivals in order, none before what was known to be complete."""
    clock, told = 0.0, []
    start: list[Told] = draw(st.sampled_from([[], [("joined", BO)], [("joined", BO), said("a"), answered()]]))
    for one in start + draw(st.lists(anything(), max_size=25)):
        assert not isinstance(one, Event | str)
        earliest = clock + draw(st.sampled_from([0.0, 0.1, 1.0, 4.0]))
        clock = earliest + draw(st.sampled_from([0.0, 0.5]))
        sharp = not issubclass(type(event(one[0], 0.0, **one[1])), Received)
        told.append(event(one[0], clock, earliest=clock if sharp else earliest, **one[1]))
    return told


SMALL = Rules(receipt_within=2.0, typing_within=2.0, final_within=2.0)


def arrived(events: list[Event]) -> float:
    """Seconds up to which the record is complete by what has arrived."""
    return max((one.earliest for one in events if isinstance(one, Received | Dropped)), default=0.0)


@given(conversations(), st.data())
def test_heartbeats_change_nothing(events: list[Event], data: st.DataObject) -> None:
    """Wherever they come; the places shift, what is found does not."""
    places, mixed = [], []
    for place, one in enumerate(events):
        mixed += [event("heartbeat", one.at, earliest=arrived(events[:place]))] * data.draw(st.integers(0, 2))
        places.append(len(mixed))
        mixed.append(one)
    without = check(Timeline(events), SMALL)
    beside = check(Timeline(mixed), SMALL)
    assert [(one.rule, one.what, tuple(places[event] for event in one.events)) for one in without] == [
        (one.rule, one.what, one.events) for one in beside
    ]


@given(conversations(), st.data())
def test_what_is_found_stays_found(events: list[Event], data: st.DataObject) -> None:
    """On every longer timeline; by the rule and the first event that shows it."""
    cut = data.draw(st.integers(0, len(events)))
    until = min([one.earliest for one in events[cut:]], default=arrived(events) + 9)
    early = Timeline(events[:cut], horizon=data.draw(st.floats(0, max(0.0, until))))
    late = Timeline(events, horizon=max(early.horizon, arrived(events)), ended="the scenario ended")

    def of(violations: tuple[Violation, ...]) -> set[tuple[str, Severity, int]]:
        return {(one.rule, one.severity, one.events[0]) for one in violations}

    assert of(check(early, SMALL)) <= of(check(late, SMALL))


@given(conversations())
def test_rules_see_every_event_that_matters_to_them(events: list[Event]) -> None:
    """Each monitor is shown the kinds that it heeds; shown all of them, it finds the same."""
    told = Timeline(events)
    with pytest.MonkeyPatch.context() as patch:
        for monitor in Monitor.__subclasses__():
            patch.setattr(monitor, "HEEDS", (Event,))
        everything = check(told, SMALL)
    assert check(told, SMALL) == everything


@given(conversations())
def test_violations_are_in_order_and_safe_to_print(events: list[Event]) -> None:
    """One line each, events in order and on the timeline, the same again and again."""
    told = Timeline(events)
    violations = check(told, SMALL)
    assert violations == check(told, SMALL)
    for one in violations:
        assert one.what.isprintable()
        assert list(one.events) == sorted(set(one.events))
        assert one.events[-1] < len(events)
        assert explain_violation(one, told).startswith(f"{one.rule} ({one.severity}): {one.what}\n")


@given(st.text(alphabet=string.printable + "\u202e\x1b\u00e9", max_size=20))
def test_hostile_words_are_spelt_out(text: str) -> None:
    """Ids, names and texts of a bot come from outside."""
    told = timeline(
        ("unrecognised", {"wire_name": text, "problem": text or "x"}),
        bo(text, role="agent", name=text, entry=text, unknown=(text,)),
        bo(text, role="agent", name=text, entry=text, sent_at=1),
        ("delivered", {"of": text}),
        token(1, target=text),
        token(1, target=text),
        "closed",
        ("typing_started", {"role": text, "name": text}),
        horizon=99,
    )
    for one in check(told):
        assert one.what.isprintable()
        assert all(line.isprintable() for line in explain_violation(one, told).split("\n"))
