"""Many turns: nothing that went wrong is dropped, and no more is said than they carry."""

import math
import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events import Event
from harness.metrics.measuring import Measurements, measure
from harness.metrics.names import TURN
from harness.metrics.summaries import Observed, Sample, channel, goodput, sample, share_of, summary
from harness.timeline.timeline import Timeline
from tests.expectations.building import event, timeline
from tests.metrics.made import final, said, token

ANSWER = TURN["answer_ms"]


def turn(at: float, after: float | None, *, first: float | None = None) -> list[Event]:
    """A question, and an answer so many seconds after it, streamed if the first chunk is told; or none."""
    name = f"question at {at}"
    chunks = [] if first is None else [token(at + first, number, target=name, turn=name) for number in range(2)]
    return [said(at, name), *chunks, *([] if after is None else [final(at + after, entry=name)])]


def conversation(*turns: Iterable[Event], horizon: float = 0.0) -> Measurements:
    """What some turns measure."""
    return measure(timeline(*[one for turn in turns for one in turn], horizon=horizon, ended="the scenario ended"))


def each(*values: float | None) -> dict[str, Measurements]:
    """A conversation for each answer; None is none."""
    return {f"c{place}": conversation(turn(1.0, value)) for place, value in enumerate(values)}


def of(values: Iterable[float], turns_each: int = 1) -> Sample:
    """A sample of answers, in ms."""
    told = [Observed(f"c{place // turns_each}", value) for place, value in enumerate(values)]
    return Sample(ANSWER, tuple(told), sum(map(math.isinf, (one.value for one in told))), 0)


# ---- what counts


def test_an_answer_that_never_came_is_longer_than_any() -> None:
    """It is in every percentile that it belongs in, and over every limit."""
    found = sample(ANSWER, each(0.1, 0.2, 0.3, None))
    assert (found.n, found.censored, found.left_out) == (4, 1, 0)
    median, tail = found.percentile(0.5), found.percentile(0.9)
    assert median is not None
    assert tail is not None
    assert median.value == pytest.approx(200)
    assert tail.value == math.inf
    over = found.over(1_000_000)
    assert over is not None
    assert over.value == 0.25


def test_a_stream_that_never_ended_is_as_bad_as_can_be() -> None:
    """But when it began is known."""
    found = summary({"a": conversation(turn(1.0, None, first=0.2)), "b": conversation(turn(1.0, 0.5, first=0.3))})
    assert [one.value for one in found["ttft_ms"].observed] == pytest.approx([200, 300])
    assert [one.value for one in found["gap_max_ms"].observed] == [0, math.inf]
    assert [one.value for one in found["fluidity"].observed] == [1, 0]
    assert (found["chunks"].censored, found["gap_max_ms"].censored) == (0, 1)


def test_where_the_user_went_on_nobody_knows() -> None:
    """Unless they waited longer than half of the answers took; then there was none."""
    impatient, hung = [said(5.0, "never mind"), final(5.1, entry="x")], [event("closing", 15.0)]
    found = sample(ANSWER, {**each(0.5, 0.6), "impatient": conversation(turn(4.9, None), impatient)})
    assert (found.n, found.censored, found.left_out) == (3, 0, 1)
    found = sample(ANSWER, {**each(0.5, 0.6, 60), "hung": conversation(turn(5.0, None), hung)})
    assert (found.n, found.censored, found.left_out) == (4, 1, 0)


def test_what_is_not_the_other_sides_is_left_out() -> None:
    """An outage of the stream, a message that the service refused; and counted."""
    out = [said(1.0), event("dropped", 1.1), event("resumed", 1.4), final(1.5)]
    refused = [said(1.0), event("answered", 1.1, operation="sendMessage", status=429, took=0.1)]
    found = sample(ANSWER, {**each(0.5), "out": conversation(out), "refused": conversation(refused)})
    assert (found.n, found.left_out) == (1, 2)


def test_an_opening_asks_nothing() -> None:
    """Its greeting is the channel's metric."""
    greeted = conversation([event("opened", 1.0), final(1.4)], turn(2.0, 0.1))
    assert [one.value for one in sample(ANSWER, {"a": greeted}).observed] == [pytest.approx(100)]
    assert [one.value for one in channel({"a": greeted})["greeting_ms"].observed] == [pytest.approx(400)]


def test_the_channel_is_summed_up_too() -> None:
    """With all that happened in a conversation; what did not come to its end is counted."""
    ups_and_downs = [event("dropped", 1.0), event("resumed", 1.5), event("dropped", 2.0)]
    found = channel({"a": conversation(ups_and_downs), "b": conversation(ups_and_downs[:2])})
    assert [one.value for one in found["down_ms"].observed] == pytest.approx([500, 500])
    assert (found["down_ms"].n, found["down_ms"].left_out) == (2, 1)
    assert [one.value for one in found["outages"].observed] == [2, 1]
    assert set(found) == {"outages", "down_ms", "reconnect_ms"}


def test_what_these_conversations_do_not_have_is_not_summed_up() -> None:
    """A bot that does not stream has no first chunk, not even where it hung; but no answer is no answer."""
    assert set(summary(each(0.1, None))) == {"answer_ms", "ttfe_ms"}
    hung = sample(ANSWER, each(None, None))
    assert (hung.n, hung.censored) == (2, 2)
    assert sample(TURN["ttft_ms"], each(None, None)).n == 0


# ---- how much is said


def told(found: Sample) -> dict[float, str]:
    """Which percentiles are told, and with or without an interval."""
    seen = {share: found.percentile(share) for share in (0.5, 0.9, 0.95, 0.99)}
    return {share: "with" if one.interval else "alone" for share, one in seen.items() if one is not None}


@pytest.mark.parametrize(
    ("turns", "percentiles"),
    [
        (0, {}),
        (1, {0.5: "alone", 0.9: "alone"}),
        (5, {0.5: "alone", 0.9: "alone"}),
        (6, {0.5: "with", 0.9: "alone"}),
        (36, {0.5: "with", 0.9: "with"}),
        (71, {0.5: "with", 0.9: "with"}),
        (72, {0.5: "with", 0.9: "with", 0.95: "with"}),
        (367, {0.5: "with", 0.9: "with", 0.95: "with"}),
        (368, {0.5: "with", 0.9: "with", 0.95: "with", 0.99: "with"}),
    ],
)
def test_a_percentile_is_told_where_the_turns_carry_it(turns: int, percentiles: dict[float, str]) -> None:
    """There is no p99 of forty turns."""
    assert told(of(map(float, range(turns)))) == percentiles


@pytest.mark.parametrize(("turns", "interval"), [(6, (1, 6)), (10, (2, 9)), (20, (6, 15)), (100, (40, 61))])
def test_the_interval_of_a_median(turns: int, interval: tuple[int, int]) -> None:
    """As in every table of order statistics."""
    median = of(map(float, range(1, turns + 1))).percentile(0.5)
    assert median is not None
    assert median.interval == interval


def test_turns_of_few_conversations_carry_less() -> None:
    """Where those of one conversation are alike: four hundred turns of four conversations are about four."""
    alike = [float(place // 100) for place in range(400)]
    assert told(of(alike, turns_each=100)) == {0.5: "alone", 0.9: "alone"}
    mixed = [float(place % 100) for place in range(400)]
    assert told(of(mixed, turns_each=100))[0.5] == "with"


def test_better_may_be_more() -> None:
    """Then the bad end is the low one: nine of ten are at least as good."""
    fluid = Sample(TURN["fluidity"], tuple(Observed(str(place), place / 10) for place in range(1, 11)), 0, 0)
    tail, over = fluid.percentile(0.9), fluid.over(0.25)
    assert tail is not None
    assert over is not None
    assert (tail.value, over.value) == (0.2, 0.2)


VALUES = st.lists(st.floats(0, 1e6) | st.just(math.inf), min_size=1, max_size=120)


@given(VALUES, st.integers(1, 4), st.randoms())
def test_percentiles_are_ordered_and_their_order_is_nothing_to_them(
    values: list[float], turns_each: int, chance: random.Random
) -> None:
    """Each is one of the values, lies within its interval, and is not below a smaller share's."""
    found = of(values, turns_each)
    estimates = [one for share in (0.5, 0.9, 0.95, 0.99) if (one := found.percentile(share)) is not None]
    assert [one.value for one in estimates] == sorted(one.value for one in estimates)
    for one in estimates:
        assert one.value in values
        assert one.interval is None or one.interval.low <= one.value <= one.interval.high
    mixed = list(found.observed)
    chance.shuffle(mixed)
    again = Sample(ANSWER, tuple(mixed), found.censored, 0)
    assert [again.percentile(share) for share in (0.5, 0.9, 0.95, 0.99)] == [
        found.percentile(share) for share in (0.5, 0.9, 0.95, 0.99)
    ]


@given(VALUES)
def test_a_worse_turn_never_looks_better(values: list[float]) -> None:
    """One that never comes raises no percentile's goodness, and every share over a limit."""
    before, after = of(values), of([*values, math.inf])
    for share in (0.5, 0.9):
        one, other = before.percentile(share), after.percentile(share)
        assert one is not None
        assert other is not None
        assert other.value >= one.value
    for limit in (0.0, 10.0, 1e6):
        one, other = before.over(limit), after.over(limit)
        assert one is not None
        assert other is not None
        assert other.value >= one.value


@pytest.mark.parametrize(("conversations", "turns_each", "alike"), [(60, 1, 0.0), (20, 10, 0.9), (40, 5, 0.5)])
def test_an_interval_holds_what_it_is_about(conversations: int, turns_each: int, alike: float) -> None:
    """Nineteen times in twenty, though the turns of a conversation are alike."""
    chance = random.Random(f"{conversations} {turns_each}")  # noqa: S311 - no secret
    held = {0.5: 0, 0.9: 0}
    runs = 300
    for _ in range(runs):
        values = []
        for _ in range(conversations):
            shared = chance.gauss()
            values += [
                math.sqrt(alike) * shared + math.sqrt(1 - alike) * chance.gauss() + 10 for _ in range(turns_each)
            ]
        found = of(values, turns_each)
        for share, true in ((0.5, 10.0), (0.9, 11.2816)):
            estimate = found.percentile(share)
            assert estimate is not None
            held[share] += estimate.interval is None or estimate.interval.low <= true <= estimate.interval.high
    assert min(held.values()) >= 0.92 * runs


# ---- goodput


def test_goodput_is_the_share_of_turns_that_keep_every_limit() -> None:
    """What an answered turn does not have is not asked; none without an answer is good; none is dropped."""
    turns = {
        "good": conversation(turn(1.0, 0.5, first=0.2)),
        "not streamed": conversation(turn(1.0, 0.5)),
        "late": conversation(turn(1.0, 1.5, first=1.2)),
        "hung": conversation(turn(1.0, None)),
        "cut off": conversation(turn(1.0, None, first=0.2)),
        "left at once": conversation(turn(1.0, None), [event("closing", 1.1)]),
        "left after a while": conversation(turn(1.0, None), [event("closing", 9.0)]),
    }
    found = goodput(turns, {"ttft_ms": 1000, "gap_max_ms": 500, "dup": 0})
    assert (found.good, found.n, found.unfinished, found.left_out) == (2, 6, 2, 1)
    assert found.broken == {"ttft_ms": 3, "gap_max_ms": 1, "dup": 0}
    assert found.share is not None
    assert found.share.value == pytest.approx(2 / 6)
    assert goodput({}, {}).share is None


def test_an_answer_that_was_cut_off_is_not_good() -> None:
    """Though it keeps the limits, which are of its begin."""
    found = goodput({"cut off": conversation(turn(1.0, None, first=0.2))}, {"ttft_ms": 1000})
    assert (found.good, found.n, found.unfinished, found.broken) == (0, 1, 1, {"ttft_ms": 0})


def test_a_limit_is_the_worst_that_is_good() -> None:
    """In either direction."""
    fine = {"a": conversation([said(1.0), token(1.5, 0), token(2.0, 1), final(2.0)])}
    for name, limit, good in [("ttft_ms", 500, 1), ("ttft_ms", 499, 0), ("fluidity", 1, 1), ("fluidity", 1.1, 0)]:
        assert goodput(fine, {name: limit}).good == good, (name, limit)


@pytest.mark.parametrize("name", ["ttft", "chunks"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    """With what there is."""
    with pytest.raises(ValueError, match=f"'{name}' has no limit; these have: ack_ms, .*, fluidity"):
        goodput({}, {name: 1})


def test_a_share_of_nothing_is_none() -> None:
    """There is no share of no turns."""
    assert share_of([]) is None
    assert of([]).over(1) is None


def test_an_empty_record_measures_nothing() -> None:
    """And breaks nothing."""
    assert summary({"a": measure(Timeline())}) == {}


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_the_middle_is_deaf_to_a_few(values: list[float], chance: random.Random) -> None:
    """It lies among the values, and a quarter of them may be as late as they like."""
    usual = of(values).middle
    assert min(values) <= usual * (1 + 1e-9)
    assert usual <= max(values) * (1 + 1e-9)
    late = sorted(values)
    for place in range(len(late) - len(late) // 4, len(late)):
        late[place] = math.inf
    chance.shuffle(late)
    assert of(late).middle == pytest.approx(usual)


@pytest.mark.parametrize(
    ("values", "middle"),
    [
        ([3.0], 3.0),
        ([1.0, 2.0, 6.0], 3.0),
        ([1.0, 2.0, 4.0, 100.0], 3.0),
        ([1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 50.0, 100.0], 7.0),
        ([1.0, 2.0, math.inf, math.inf], math.inf),
    ],
)
def test_the_middle_is_the_mean_of_half(values: list[float], middle: float) -> None:
    """Of all where there are fewer than four."""
    assert of(values).middle == middle
