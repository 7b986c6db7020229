"""Which events belong to which of the user's moves, and how the wait for an answer ended."""

from typing import Any

import pytest
from hypothesis import given

from harness.events import Event
from harness.metrics.measuring import measure
from harness.metrics.turns import Ending, turns
from tests.expectations.building import event, timeline
from tests.metrics.made import conversation, final, said, token, withdrawn
from tests.timeline.arbitrary import timelines

CLOSING = event("closing", 11.0)
GREETING = [event("opened", 0.0), event("routed", 0.1), event("message", 0.2, text="Hello", role="chatbot")]


def bot(at: float, text: str = "An answer.", **fields: Any) -> Event:
    """The bot says something at once."""
    return event("message", at, text=text, role="chatbot", **fields)


def told(*events: Event, ended: str | None = "the scenario ended") -> list[tuple[Ending, list[str]]]:
    """How each turn ended, and the kinds of what came for it."""
    return [(turn.ending, [one.kind for one in turn.events]) for turn in turns(timeline(*events, ended=ended))]


def test_the_opening_is_a_turn() -> None:
    """Its answer is the greeting."""
    assert told(*GREETING, said(1.0), bot(1.5)) == [("answered", ["routed", "message"]), ("answered", ["message"])]


@pytest.mark.parametrize(
    ("events", "ending"),
    [
        pytest.param([bot(10.5)], "answered", id="an answer"),
        pytest.param([token(10.5, 0), final(10.6), CLOSING], "answered", id="a streamed one"),
        pytest.param([], "censored", id="the record ends"),
        pytest.param([event("typing_started", 10.5, role="chatbot")], "censored", id="nothing but a sign of life"),
        pytest.param([token(10.5, 0)], "censored", id="an answer that is not finished"),
        pytest.param([token(10.5, 0), CLOSING], "censored", id="nor when the user leaves"),
        pytest.param([token(10.5, 0), bot(10.6, entry="another")], "censored", id="though another one is"),
        pytest.param([token(10.5, 0), withdrawn(10.6, 1), bot(10.7)], "answered", id="a withdrawn one is not owed"),
        pytest.param([token(10.5, 0), withdrawn(10.6, 1)], "censored", id="but its replacement is"),
        pytest.param([token(10.5, 0), withdrawn(10.6, 1), CLOSING], "censored", id="whoever leaves before it"),
        pytest.param([CLOSING], "overtaken", id="the user closes the conversation"),
        pytest.param([event("ended", 11.0)], "overtaken", id="or leaves the session"),
        pytest.param([event("rep_did", 11.0, what="said"), bot(11.1)], "overtaken", id="the scenario's own rep speaks"),
        pytest.param([event("rep_did", 11.0, what="joined"), bot(11.1)], "answered", id="they may join"),
        pytest.param([bot(10.5, automated=True)], "censored", id="an automated response is no answer"),
        pytest.param([event("message", 10.5, role="system")], "censored", id="nor is the system's"),
        pytest.param([event("typed", 10.2), event("acknowledged", 10.3), bot(10.5)], "answered", id="nothing is asked"),
    ],
)
def test_how_a_wait_ends(events: list[Event], ending: str) -> None:
    """Told from what is on record."""
    [turn] = turns(conversation(*events))
    assert turn.ending == ending


def test_how_long_was_waited() -> None:
    """To the end of the answer, else for as long as nobody went on and the record goes."""
    [answered] = turns(conversation(bot(10.5), bot(10.8), horizon=20.0))
    [censored] = turns(conversation(horizon=20.0))
    overtaken, after = turns(conversation(said(10.3, "another"), bot(10.5)))
    waits = [turn.waited for turn in (answered, censored, overtaken, after)]
    assert waits == pytest.approx([0.8, 10.0, 0.3, 0.2])


def test_what_names_a_turn_belongs_to_it() -> None:
    """Receipts and the echo by the message, pieces and the final message by the stream, a reply by what it says."""
    events = [
        said(1.0, "first"),
        token(1.2, 0),
        said(1.3, "second"),
        event("echo", 1.4, entry="first"),
        event("delivered", 1.4, of="first"),
        event("delivered", 1.4, of="second"),
        event("delivered", 1.4, of="from another window"),
        token(1.5, 1),
        final(1.6),
        bot(1.7, in_reply_to="second"),
        said(1.8, "third"),
        bot(1.9, in_reply_to="second"),
        bot(2.0),
    ]
    assert told(*events) == [
        ("answered", ["token", "echo", "delivered", "token", "message"]),
        ("answered", ["delivered", "message", "message"]),
        ("answered", ["message"]),
    ]


def test_a_replacement_belongs_where_the_withdrawn_answer_does() -> None:
    """The agent's turn tells, until its answer is finished."""
    events = [
        said(1.0, "first"),
        token(1.1, 0),
        withdrawn(1.2, 1),
        said(1.3, "second"),
        token(1.4, 2, target="replacement"),
        final(1.5, entry="replacement"),
        token(1.6, 0, target="next"),
        final(1.7, entry="next"),
    ]
    assert told(*events) == [
        ("answered", ["token", "retracted", "token", "message"]),
        ("answered", ["token", "message"]),
    ]


def test_the_service_accepts_the_message_that_the_request_was_for() -> None:
    """The last one before the request was sent that has no answer yet; a refused one asks nothing."""
    answer = {"operation": "sendMessage", "took": 0.1}
    events = [
        said(1.0, "first"),
        event("answered", 1.05, operation="sendTypingIndicator", status=200, took=0.05),
        event("answered", 1.1, status=202, **answer),
        said(2.0, "second"),
        event("answered", 2.1, status=429, **answer),
        said(3.0, "third"),
    ]
    measured = measure(timeline(*events)).turns
    assert [turn.ending for turn in measured] == ["overtaken", "refused", "censored"]
    assert [turn.acknowledged and round(turn.acknowledged.value, 6) for turn in measured] == [0.1, None, None]


@pytest.mark.parametrize(
    ("answers", "accepted"),
    [
        pytest.param([(1.1, 0.1), (1.3, 0.25)], [0.1, 0.25], id="one after the other"),
        pytest.param([(1.1, 0.05)], [None, 0.05], id="the first never"),
        pytest.param([(1.2, 0.2)], [0.2, None], id="the second never"),
    ],
)
def test_requests_under_way_at_once_are_told_apart(
    answers: list[tuple[float, float]], accepted: list[float | None]
) -> None:
    """An answer is to the last move made before its request, of those that have none."""
    taken = [event("answered", at, operation="sendMessage", status=202, took=took) for at, took in answers]
    measured = measure(timeline(said(1.0, "first"), said(1.05, "second"), *taken)).turns
    assert [turn.acknowledged and round(turn.acknowledged.value, 6) for turn in measured] == accepted


def test_the_end_of_typing_is_no_sign_of_life() -> None:
    """It belongs to what was before, and may come late."""
    typing = [event("typing_stopped", 10.1, role="chatbot"), event("typing_started", 10.3, role="chatbot")]
    [turn] = measure(conversation(*typing, bot(10.5))).turns
    assert turn.first_event == turn.typing
    assert turn.first_event is not None
    assert turn.first_event.value == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("outage", "down"),
    [
        pytest.param([(10.2, 10.5)], 0.3, id="within the wait"),
        pytest.param([(9.0, 10.2)], 0.2, id="before the question"),
        pytest.param([(10.9, 12.0)], 0.1, id="until after the answer"),
        pytest.param([(11.5, 12.0)], 0.0, id="after the answer"),
        pytest.param([(10.1, 10.2), (10.3, 10.5)], 0.3, id="twice"),
    ],
)
def test_outages_within_a_wait_are_told(outage: list[tuple[float, float]], down: float) -> None:
    """What came after one may have waited for it."""
    ends = [event(kind, at) for pair in outage for kind, at in zip(("dropped", "resumed"), pair, strict=True)]
    events = sorted([said(), *ends, bot(11.0)], key=lambda one: one.at)
    [turn] = turns(timeline(*events, ended="the scenario ended"))
    assert turn.down == pytest.approx(down)


def test_an_outage_without_an_end_lasts_to_the_end() -> None:
    """Of the record."""
    [turn] = turns(conversation(event("dropped", 10.5), horizon=12.0))
    assert turn.down == pytest.approx(1.5)


@given(timelines())
def test_any_timeline_can_be_measured(whatever: Any) -> None:
    """One turn a move, numbered, and no wait is negative."""
    measured = measure(whatever)
    assert [turn.number for turn in measured.turns] == list(range(len(measured.turns)))
    assert len(measured.turns) == sum(one.kind in {"opened", "said", "chose", "filled", "attached"} for one in whatever)
    assert all(turn.waited >= 0 and turn.down >= 0 for turn in measured.turns)
