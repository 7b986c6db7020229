"""The record: append only, and views that never change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.timeline.timeline import Recorder
from harness.timeline.transcript import lines
from tests.expectations.building import bot, event, timeline


def test_a_view_does_not_grow() -> None:
    """What was looked at stays as it was."""
    recorder = Recorder()
    recorder.record(event("connected", 0.1))
    before = recorder.timeline
    assert recorder.record(event("message", 0.2, text="hi")) == 1
    recorder.complete_to(0.5)
    recorder.end("the scenario ended")
    assert (len(before), before.horizon, before.ended) == (1, 0.0, None)
    assert [one.kind for one in before] == ["connected"]
    assert (len(recorder.timeline), recorder.timeline.horizon) == (2, 0.5)
    with pytest.raises(IndexError, match="the timeline has 1 events, there is no number 1"):
        before[1]


@given(st.lists(st.sampled_from(["message", "token", "left"]), max_size=8), st.slices(8))
def test_a_view_is_a_sequence_like_any_other(kinds: list[str], part: slice) -> None:
    """Indices, slices and negative places as in a list."""
    seen = timeline(*kinds)
    whole = list(seen)
    assert [one.kind for one in whole] == kinds
    assert list(seen[part]) == whole[part]
    assert [seen[-place - 1] for place in range(len(whole))] == whole[::-1]


def test_the_horizon_and_the_end_do_not_go_back() -> None:
    """The first reason stands, and what was complete stays complete."""
    recorder = Recorder()
    recorder.complete_to(2.0)
    recorder.complete_to(1.0)
    recorder.end("first")
    recorder.end("second")
    assert (recorder.timeline.horizon, recorder.timeline.ended) == (2.0, "first")


def test_a_transcript_folds_tokens_and_leaves_out_heartbeats() -> None:
    """Runs of three and more share a line, unless one of them is pointed at."""
    tokens = [("token", {"text": f"{number} ", "number": number, "target": "x"}) for number in range(4)]
    other = ("token", {"text": "z", "number": 1, "target": "y"})
    seen = timeline(
        "heartbeat", *tokens, other, ("answered", {"status": 202}), bot("done"), ("answered", {"status": 500})
    )
    assert lines(enumerate(seen)) == [
        "     #1    0.200 s  token    4 tokens until 0.500 s: '0 1 2 3 '",
        "     #5    0.600 s  token    token 1 'z'",
        "     #7    0.800 s  message  message from Bo (chatbot): 'done'",
        "     #8    0.900 s  rest      answered 500 after 0 ms",
    ]
    assert lines(enumerate(seen), mark=3)[:3] == [
        "     #1    0.200 s  token    token 0 '0 '",
        "     #2    0.300 s  token    token 1 '1 '",
        ">    #3    0.400 s  token    token 2 '2 '",
    ]
