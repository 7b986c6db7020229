"""How a streamed answer came: the table of made streams, and the rules for bad ones."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events import Event, Token
from harness.metrics.measuring import TurnMetrics, measure
from harness.metrics.names import readings
from harness.metrics.reading import Pace
from harness.timeline.timeline import Timeline
from tests.expectations.building import event
from tests.metrics.made import MADE, SENT, conversation, final, said, token, withdrawn

NAMES = ("ttft_ms", "tpot_ms", "gap_p95_ms", "gap_max_ms", "stalls")
SHARES = ("stall_ratio", "rebuffer_ratio", "fluidity", "qoe")


def measured(timeline: Timeline, pace: Pace | None = None) -> TurnMetrics:
    """The only turn."""
    [turn] = measure(timeline, pace or Pace()).turns
    return turn


def values(timeline: Timeline) -> dict[str, float]:
    """What the only turn measures, without its doubts."""
    return {name: span.value for name, span in readings(measured(timeline)).items()}


@pytest.mark.parametrize(
    ("stream", "told", "shares"),
    [
        ("even", (500, 25, 25, 25, 0), (0, 0, 1.00, 1.00)),
        ("early stall", (500, 33, 25, 825, 1), (0.13, 0.12, 0.96, 0.95)),
        ("late stall", (500, 33, 25, 825, 1), (0.13, 0, 1.00, 1.00)),
        ("bursts", (500, 20, 0, 500, 4), (0.20, 0, 1.00, 1.00)),
        ("slow", (500, 70, 70, 70, 0), (0, 0.29, 0.26, 0.88)),
        ("late start", (3500, 25, 25, 25, 0), (0, 0, 0.97, 0.50)),
        ("swapped pair", (500, 26, 25, 100, 0), (0, 0, 1.00, 1.00)),
    ],
)
def test_the_table_of_made_streams(stream: str, told: tuple[int, ...], shares: tuple[float, ...]) -> None:
    """Every metric tells its faults apart, and no others, as the study of metrics has it."""
    seen = values(MADE[stream])
    assert tuple(round(seen[name]) for name in NAMES) == told
    assert tuple(round(seen[name], 2) for name in SHARES) == shares
    assert seen["out_of_order"] == (stream == "swapped pair")
    assert (seen["chunks"], seen["chars"], seen["missing"], seen["dup"]) == (100, 500, 0, 0)


def test_jitter_forgets_an_early_stall() -> None:
    """And not a late one: it is the same stall."""
    assert round(values(MADE["early stall"])["jitter_ms"], 2) == 0.24
    assert round(values(MADE["late stall"])["jitter_ms"], 1) == 57.8


def test_bursts_are_coalesced_reads() -> None:
    """Twenty chunks in one read are one arrival and nineteen that tell nothing of smoothness."""
    assert values(MADE["bursts"])["coalesced"] == 95
    assert values(MADE["even"])["coalesced"] == 0


# ---- rules for bad streams


def test_a_repeat_is_counted_and_nothing_else() -> None:
    """It is no chunk, no text and no end of a gap."""
    clean = [token(10.5, 0), token(10.6, 1), token(10.7, 2), final(10.7)]
    doubled = [clean[0], token(10.55, 0), *clean[1:3], token(10.71, 1), final(10.72)]
    one, other = values(conversation(*clean)), values(conversation(*doubled))
    assert other.pop("dup") == 2
    assert one.pop("dup") == 0
    assert one.pop("answer_ms") == pytest.approx(700)
    assert other.pop("answer_ms") == pytest.approx(720)
    assert one == other


def test_a_repeat_after_a_reconnect_has_a_counter_of_its_own() -> None:
    """The first time on each connection; a second time on the same connection is a repeat."""
    outage = [event("dropped", 10.65), event("resumed", 10.8)]
    again = [token(10.81, 0), token(10.81, 1), token(10.82, 1), token(10.9, 2), final(10.9)]
    seen = values(conversation(token(10.5, 0), token(10.6, 1), *outage, *again))
    assert (seen["replayed"], seen["dup"], seen["chunks"]) == (2, 1, 3)


def test_text_that_cannot_be_read_yet_is_not_shown() -> None:
    """Later numbers wait for the earlier ones where it is about reading, not where it is about arrival."""
    held_back = [token(10.5, 1), token(10.52, 2), token(10.54, 3), token(11.6, 0), final(11.6)]
    turn = measured(conversation(*held_back))
    assert turn.first_text is not None
    assert turn.first_text.value == pytest.approx(0.5)
    assert [round(gap.value, 2) for gap in turn.gaps] == [0.02, 0.02, 1.06]
    assert turn.count("out_of_order") == 1
    assert turn.worst("fluidity") == pytest.approx(3 / 4)  # all four could be read at 11.6, the first was due at 11.0
    assert turn.streams[0].rebuffers == 0


def test_what_is_withdrawn_is_no_text() -> None:
    """Its waits were waited; the last chunk is the last that stayed."""
    lie = [token(10.5, 0, "No, "), token(10.6, 1, "never.")]
    truth = [token(11.0, 3, "Yes."), final(11.1, "Yes.")]
    seen = values(conversation(*lie, withdrawn(10.7, 2), *truth))
    assert (seen["chars"], seen["retracted"], seen["chunks"]) == (4, 10, 3)
    assert seen["ttft_ms"] == pytest.approx(500)
    assert seen["ttlt_ms"] == pytest.approx(1000)
    assert seen["gap_max_ms"] == pytest.approx(400)


def test_where_all_was_withdrawn_the_message_brings_the_text() -> None:
    """So the wait for the last of it ends there."""
    seen = values(conversation(token(10.5, 0, "No."), withdrawn(10.7, 1), final(11.2, "Yes.")))
    assert (seen["chars"], seen["retracted"]) == (0, 3)
    assert seen["ttlt_ms"] == pytest.approx(1200)
    assert "fluidity" not in seen


def test_a_replacement_may_have_a_target_of_its_own() -> None:
    """It is another stream of the same turn, and the withdrawn one owes no message."""
    other: dict[str, Any] = {"target": "another answer", "batch": 1}
    turn = measured(
        conversation(
            token(10.5, 0, "No."),
            withdrawn(10.6, 1),
            token(10.9, 0, "Y", **other),
            token(11.0, 1, "es", **other),
            final(11.1, "Yes", entry="another answer"),
        )
    )
    assert [stream.characters for stream in turn.streams] == [0, 3]
    assert turn.ending == "answered"
    assert [round(gap.value, 2) for gap in turn.gaps] == [0.1]  # from one stream to the next there is no gap
    assert turn.worst("fluidity") == 0.5  # the second is judged from its own first chunk: where it is late is no fault


def test_a_piece_without_text_is_a_sign_of_life_and_no_chunk() -> None:
    """It is the first event, never the first text, and no end of a gap; heartbeats and comments are not even that."""
    seen = values(
        conversation(
            event("heartbeat", 10.1), token(10.2, 0, ""), token(10.5, 1), token(10.6, 2, ""), token(10.9, 3), final(11)
        )
    )
    assert seen["ttfe_ms"] == pytest.approx(200)
    assert seen["ttft_ms"] == pytest.approx(500)
    assert seen["gap_max_ms"] == pytest.approx(400)
    assert (seen["chunks"], seen["missing"]) == (2, 0)


def test_missing_numbers_are_counted_to_the_last() -> None:
    """Though only a few are told."""
    turn = measured(conversation(token(10.5, 0), token(10.6, 1_000_000), final(10.7)))
    assert turn.count("missing") == 999_999


def test_chunks_of_one_read_have_one_time() -> None:
    """What they are apart is not known: a gap of 0 that may have been as long as the read's interval."""
    read = [token(10.52, number, early=0.02) for number in range(3)]
    turn = measured(conversation(*read, final(10.6)))
    assert [(gap.value, gap.least, round(gap.most, 6)) for gap in turn.gaps] == [(0.0, 0.0, 0.02)] * 2
    assert (turn.count("coalesced"), turn.streams[0].chunks) == (2, 3)


def test_doubt_is_kept() -> None:
    """A wait is told by the ends of the intervals, with what it can have been; so is how many were stalls."""
    turn = measured(conversation(token(10.5, 0, early=0.1), token(10.95, 1, early=0.2), final(11)), Pace(stall=0.4))
    assert turn.first_text is not None
    assert [round(part, 6) for part in turn.first_text] == [0.5, 0.4, 0.5]
    assert [round(part, 6) for part in turn.gaps[0]] == [0.45, 0.25, 0.55]
    assert turn.stalls == (1, 0, 1)


def test_what_counts_as_a_stall_is_the_scenarios() -> None:
    """And how fast is read."""
    assert measured(MADE["slow"], Pace(stall=0.05)).stalls.value == 99
    assert measured(MADE["slow"], Pace(chunk=0.1)).worst("fluidity") == 1.0
    assert measured(MADE["late start"], Pace(first=4)).worst("fluidity") == 1.0
    with pytest.raises(ValueError, match="stall is 0 s; a pace is more than 0 seconds"):
        Pace(stall=0)


def test_one_chunk_has_no_pace() -> None:
    """Nothing is made up for it."""
    seen = values(conversation(token(10.5, 0), final(10.5)))
    assert not {"tpot_ms", "gap_p50_ms", "gap_max_ms", "jitter_ms", "chars_per_s", "stall_ratio"} & seen.keys()
    assert (seen["fluidity"], seen["qoe"], seen["rebuffer_ratio"]) == (1, 1, 0)


# ---- whatever comes


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Tokens of an answer in the order of their arrival: any order of numbers, repeats, empty ones, a retraction."""
    numbers = draw(st.lists(st.integers(0, 12), min_size=1, max_size=14))
    texts = st.sampled_from(["", "a", "word "])
    steps = draw(st.lists(st.sampled_from([0.0, 0.01, 0.1, 0.7]), min_size=len(numbers), max_size=len(numbers)))
    told: list[Event] = []
    at = SENT
    for number, step in zip(numbers, steps, strict=True):
        at += step
        told.append(token(at, number, draw(texts), early=min(step, draw(st.sampled_from([0.0, 0.005])))))
    if draw(st.booleans()):
        told.append(withdrawn(at, draw(st.integers(0, 12))))
    return told


TEXT = ("chunks", "characters", "withdrawn", "missing", "fluidity", "quality", "rebuffers", "rebuffer_ratio", "jitter")


@given(streams(), st.data())
def test_repeats_never_change_what_was_streamed(told: list[Event], data: st.DataObject) -> None:
    """However many, wherever they come after the first."""
    clean = conversation(*told)
    places = data.draw(st.lists(st.integers(0, len(told) - 1), max_size=5))
    doubled = list(told)
    for place in places:
        original = told[place]
        where = data.draw(st.integers(next(n for n, one in enumerate(doubled) if one is original), len(doubled) - 1))
        if isinstance(original, Token):
            there = doubled[where]
            doubled.insert(where + 1, replace(original, at=there.at, earliest=there.earliest))
    [one], [other] = measured(clean).streams, measured(conversation(*doubled)).streams
    assert [getattr(one, name) for name in TEXT] == [getattr(other, name) for name in TEXT]
    assert (one.gaps, one.first, one.last) == (other.gaps, other.first, other.last)
    assert other.repeated == one.repeated + len(doubled) - len(told)


@given(streams())
def test_every_share_is_one_and_every_doubt_holds_the_value(told: list[Event]) -> None:
    """Whatever order the pieces come in, nothing is negative and a value lies within its bounds."""
    seen = readings(measured(conversation(*told, final(told[-1].at))))
    for name, span in seen.items():
        assert 0 <= span.least <= span.value <= span.most, name
    assert all(seen[name].value <= 1 for name in ("fluidity", "qoe", "rebuffer_ratio", "stall_ratio") if name in seen)
    if "gap_max_ms" in seen:
        assert seen["gap_p50_ms"].value <= seen["gap_p95_ms"].value <= seen["gap_max_ms"].value
    if "ttlt_ms" in seen and "chars" in seen and seen["chars"].value:
        assert seen["ttft_ms"].value <= seen["ttlt_ms"].value


@given(streams(), st.floats(0.0, 5.0))
def test_a_later_question_makes_for_a_shorter_wait(told: list[Event], earlier: float) -> None:
    """By as much, and the stream is what it was."""
    from_here = measured(conversation(*told))
    asked_before = Timeline([said(SENT - earlier), *told], ended="the scenario ended")
    longer = measured(asked_before)
    assert from_here.gaps == longer.gaps
    if from_here.first_text is not None and longer.first_text is not None:
        assert longer.first_text.value == pytest.approx(from_here.first_text.value + earlier)


@given(st.lists(st.sampled_from([0.0, 0.02, 0.05, 0.3, 1.0]), min_size=1, max_size=30), st.integers(0, 29))
def test_stalls_and_the_longest_gap_only_grow_with_a_gap(gaps: list[float], place: int) -> None:
    """No wait is made up for elsewhere; halts of the playback are not fewer for long either."""
    longer = [gap + 0.5 * (number == place % len(gaps)) for number, gap in enumerate(gaps)]

    def came(waits: list[float]) -> dict[str, Any]:
        at, told = SENT + 0.5, [token(SENT + 0.5, 0)]
        for number, wait in enumerate(waits, 1):
            at += wait
            told.append(token(at, number))
        return values(conversation(*told, final(at)))

    before, after = came(gaps), came(longer)
    for name in ("gap_max_ms", "stalls", "stalled_ms", "tpot_ms", "ttlt_ms", "rebuffer_ratio"):
        assert after[name] >= before[name] - 1e-6, name
