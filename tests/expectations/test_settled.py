"""When a bot has finished talking, and what shows it."""

from typing import Any

import pytest

from harness.expectations.settled import settled
from tests.expectations.building import bot, event, said, timeline

BOT = {"role": "chatbot", "name": "Bo"}


def token(target: str = "a", turn: str = "t", number: int = 1) -> tuple[str, dict[str, Any]]:
    """A token of an answer."""
    return "token", {"target": target, "turn": turn, "number": number}


def final(target: str) -> tuple[str, dict[str, Any]]:
    """The message a stream belongs to."""
    return "message", {**BOT, "entry": target, "text": "done"}


@pytest.mark.parametrize(
    ("events", "horizon", "evidence"),
    [
        pytest.param(
            [said("m"), bot("hi")], 0.4, "not settled: silence 0.2 s of 0.3 s", id="not silent for long enough"
        ),
        pytest.param([said("m"), bot("hi")], 0.6, "settled 0.4 s after the user's move: silence 0.4 s", id="silent"),
        pytest.param(
            [said("m"), ("typing_started", BOT), bot("hi")],
            0.7,
            "settled 0.5 s after the user's move: typing stopped, silence 0.4 s",
            id="a message ends the typing",
        ),
        pytest.param(
            [said("m"), bot("hi"), ("typing_started", BOT)], 2.0, "not settled: Bo is typing", id="still typing"
        ),
        pytest.param(
            [said("m"), bot("hi"), ("typing_started", BOT)],
            5.4,
            "settled 0.5 s after the user's move: typing stopped, silence 5.1 s",
            id="typing that was never stopped lapses",
        ),
        pytest.param(
            [said("m"), token()], 9.0, "not settled: an answer is being streamed", id="tokens without a message"
        ),
        pytest.param(
            [said("m"), token(), final("a")],
            0.7,
            "settled 0.5 s after the user's move: stream closed, silence 0.4 s",
            id="a stream is closed by its message",
        ),
        pytest.param(
            [said("m"), token("a"), ("retracted", {"target": "a", "turn": "t"}), token("b"), final("b")],
            1.0,
            "settled 0.7 s after the user's move: stream closed, silence 0.5 s",
            id="a withdrawn stream is closed with its replacement",
        ),
        pytest.param(
            [said("m"), bot("hi"), ("session", {"status": "waiting"})],
            9.0,
            "not settled: the conversation is being routed",
            id="waiting for a person",
        ),
        pytest.param(
            [said("m"), ("session", {"status": "waiting"}), ("joined", {"role": "agent"}), bot("hi")],
            0.8,
            "settled 0.6 s after the user's move: silence 0.4 s",
            id="somebody joined",
        ),
        pytest.param([said("m"), bot("hi"), "dropped"], 9.0, "not settled: the event stream is down", id="no stream"),
        pytest.param([said("m"), "progress"], 1.0, "not settled: silence 0.8 s of 2.0 s", id="no answer yet"),
        pytest.param(
            [said("m"), "progress"], 2.3, "settled 2.1 s after the user's move: silence 2.1 s", id="no answer at all"
        ),
    ],
)
def test_a_bot_has_finished_when_nothing_is_open(events: list[Any], horizon: float, evidence: str) -> None:
    """The evidence says what has ended and how long it has been silent, or what is still open."""
    seen = timeline(*events, horizon=horizon)
    since = next(one.at for one in seen if one.kind == "said")
    settlement = settled(seen, since=since)
    assert settlement.evidence == evidence
    assert (settlement.at is not None) == evidence.startswith("settled")


def test_a_bot_that_pauses_is_given_longer() -> None:
    """Half as long again as its longest pause so far."""
    events = [event("said", 1.0, message="m"), event("message", 1.1, text="one"), event("message", 2.1, text="two")]
    settlement = settled(timeline(*events, horizon=3.0), since=1.0)
    assert settlement.at is None
    assert settlement.due == pytest.approx(3.6)
    assert settled(timeline(*events, horizon=3.6), since=1.0).at == pytest.approx(3.6)
