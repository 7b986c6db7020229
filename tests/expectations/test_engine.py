"""What a block comes to, and when."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LocalProtocolError
from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation
from harness.expectations.building import all_of, any_of, optional, repeat, sequence
from harness.expectations.engine import Cause, Judgement, Queues, Status, Verdict, judge
from harness.expectations.matchers import contains
from harness.expectations.patterns import Pattern
from harness.expectations.texts import capturing
from harness.timeline.timeline import Timeline
from tests.expectations.building import bot, delivered, event, read, said, timeline

HELD, FAILED, PENDING = Status.HELD, Status.FAILED, Status.PENDING


def judged(
    pattern: Pattern, seen: Timeline, *, within: float = 5.0, anchor: float = 0.0, queues: Queues | None = None
) -> Verdict:
    """Judge a pattern over a timeline."""
    return judge(Expectation(pattern, within), seen, anchor=anchor, queues=queues)


HI, BYE = v.message("hi"), v.message("bye")


@pytest.mark.parametrize(
    ("pattern", "events", "status", "index"),
    [
        pytest.param(HI, [], PENDING, None, id="nothing has come yet"),
        pytest.param(HI, [bot("hi")], HELD, 0, id="the event came"),
        pytest.param(HI, [bot("bye")], FAILED, 0, id="another event of the kind came"),
        pytest.param(HI, ["typing_started", "progress", bot("hi")], HELD, 2, id="kinds that are not named are ambient"),
        pytest.param(sequence(HI, BYE), [bot("hi")], PENDING, None, id="half a sequence is pending"),
        pytest.param(sequence(HI, BYE), [bot("hi"), bot("bye")], HELD, 1, id="a sequence in order"),
        pytest.param(sequence(HI, BYE), [bot("bye"), bot("hi")], FAILED, 0, id="a sequence in the wrong order"),
        pytest.param(sequence(HI, BYE), [bot("hi"), bot("so"), bot("bye")], FAILED, 1, id="a third message between"),
        pytest.param(HI & BYE, [bot("bye"), bot("hi")], HELD, 1, id="all of, in any order"),
        pytest.param(HI & BYE, [bot("bye"), bot("bye")], FAILED, 1, id="all of, the same one twice"),
        pytest.param(HI & HI, [bot("hi"), bot("hi")], HELD, 1, id="two equal branches take two events"),
        pytest.param(HI | BYE, [bot("bye")], HELD, 0, id="one of two"),
        pytest.param(HI | BYE, [bot("so")], FAILED, 0, id="neither of two"),
        pytest.param(
            sequence(HI, BYE) & sequence(v.progress(), v.left()),
            ["progress", bot("hi"), "left", bot("bye")],
            HELD,
            3,
            id="two sequences interleaved",
        ),
        pytest.param(
            sequence(HI, BYE) & sequence(v.progress(), v.left()),
            ["left", bot("hi")],
            FAILED,
            0,
            id="a branch out of order",
        ),
        pytest.param(sequence(optional(v.progress()), HI), [bot("hi")], HELD, 0, id="what is optional may be missing"),
        pytest.param(sequence(optional(v.progress()), HI), ["progress", bot("hi")], HELD, 1, id="or there"),
        pytest.param(
            sequence(optional(v.progress()), HI), ["progress", "progress"], FAILED, 1, id="but not there twice"
        ),
        pytest.param(
            sequence(repeat(v.token()), HI), ["token"] * 20 + [bot("hi")], HELD, 20, id="any number of the same"
        ),
        pytest.param(sequence(repeat(v.token()), HI), [bot("hi")], FAILED, 0, id="but at least one"),
        pytest.param(repeat(v.token(), at_least=3), ["token"] * 2, PENDING, None, id="not yet often enough"),
        pytest.param(repeat(v.token(), at_least=3), ["token"] * 3, HELD, 2, id="held at the earliest moment"),
        pytest.param(
            sequence(repeat(v.token(), at_least=0, at_most=2), HI), ["token"] * 3, FAILED, 2, id="once too often"
        ),
        pytest.param(
            any_of(sequence(HI, v.left()), sequence(HI, BYE)),
            [bot("hi"), bot("bye")],
            HELD,
            1,
            id="two readings of the same event, the second comes true",
        ),
        pytest.param(v.message(contains("h") | contains("z")), [bot("hi")], HELD, 0, id="matchers in a pattern"),
        pytest.param(v.message(role="agent"), [bot("hi")], FAILED, 0, id="the text is open but the role is not"),
    ],
)
def test_a_block_is_decided_by_its_events(
    pattern: Pattern, events: list[Any], status: Status, index: int | None
) -> None:
    """Held, failed or pending, at the earliest event."""
    verdict = judged(pattern, timeline(*events))
    assert (verdict.status, verdict.index) == (status, index)


@pytest.mark.parametrize(
    ("pattern", "events", "status"),
    [
        pytest.param(v.delivered(), [said("a"), delivered("a")], HELD, id="a receipt of the last thing said"),
        pytest.param(v.delivered(), [said("a"), said("b"), delivered("a")], PENDING, id="one of another is ambient"),
        pytest.param(v.delivered("a"), [said("a"), said("b"), delivered("a")], HELD, id="a receipt of a named one"),
        pytest.param(v.delivered("a"), [said("a"), said("b"), delivered("b")], PENDING, id="not the named one's"),
        pytest.param(v.delivered(), [said("a"), delivered("zzz")], PENDING, id="a receipt of nothing ever said"),
        pytest.param(v.read("a"), [said("a"), said("b"), read("b")], HELD, id="reading a later one reads the earlier"),
        pytest.param(v.read("b"), [said("a"), said("b"), read("a")], PENDING, id="but not the other way round"),
        pytest.param(v.delivered("a"), [said("a"), said("b"), delivered("b")], PENDING, id="delivery is no such mark"),
        pytest.param(v.read("x"), [said("a"), read("y")], PENDING, id="of two that nobody sent neither is the later"),
        pytest.param(
            sequence(v.delivered("a"), v.read("a")),
            [said("a"), said("b"), read("b"), delivered("a"), read("a")],
            HELD,
            id="a later one's receipt need not be meant",
        ),
        pytest.param(sequence(v.delivered(), v.read()), [said("a"), read("a")], FAILED, id="read before delivered"),
        pytest.param(
            v.delivered("a") & v.delivered("b"),
            [said("a"), said("b"), delivered("b"), delivered("a")],
            HELD,
            id="each its own",
        ),
    ],
)
def test_receipts_belong_to_a_message(pattern: Pattern, events: list[Any], status: Status) -> None:
    """`delivered` alone is the last thing said; `of` names another."""
    seen = timeline(*events)
    anchor = max(one.at for one in seen if one.kind == "said")
    assert judged(pattern, seen, anchor=anchor).status == status


def test_a_receipt_before_anything_was_said_is_a_mistake_of_the_scenario() -> None:
    """There is nothing that it could be a receipt of."""
    with pytest.raises(ValueError, match="the user has said nothing yet"):
        judged(v.delivered(), timeline(bot("hi")))


def test_the_last_thing_said_is_that_of_the_move() -> None:
    """In a recording the later ones are there already."""
    seen = timeline(said("a"), delivered("a"), said("b"), delivered("b"))
    assert judged(v.delivered(), seen, anchor=seen[0].at).index == 1


def test_what_is_said_while_a_block_is_open_is_later() -> None:
    """So its receipt reads what was said before."""
    told = [said("a"), said("b"), read("b")]
    judgement = Judgement(Expectation(v.read("a"), 5.0), Queues(), timeline(*told[:1]), 0.1)
    assert judgement.look(timeline(*told[:1])).status == PENDING
    assert judgement.look(timeline(*told)).status == HELD


@pytest.mark.parametrize(
    ("arrival", "horizon", "status"),
    [
        pytest.param((1.0, 1.0), 1.0, HELD, id="in time"),
        pytest.param((2.0, 2.0), 2.0, HELD, id="exactly at the bound is inside"),
        pytest.param((2.001, 2.001), 3.0, FAILED, id="too late"),
        pytest.param((1.98, 2.03), 3.0, Status.INCONCLUSIVE, id="on both sides of the bound"),
        pytest.param((1.98, 2.0), 3.0, HELD, id="an interval that ends at the bound"),
        pytest.param(None, 2.0, PENDING, id="the bound itself has not passed"),
        pytest.param(None, 2.001, FAILED, id="nothing came in time"),
    ],
)
def test_a_deadline_is_judged_on_the_whole_arrival(
    arrival: tuple[float, float] | None, horizon: float, status: Status
) -> None:
    """Kept if all of the interval is inside, broken if all of it is outside, else inconclusive."""
    events = [event("message", arrival[1], earliest=arrival[0], text="hi")] if arrival else []
    verdict = judged(HI, timeline(*events, horizon=horizon), within=2.0)
    assert verdict.status == status
    assert verdict.cause == (None if status in {HELD, PENDING} else Cause.DEADLINE)


def test_a_deadline_counts_from_the_move() -> None:
    """Not from the opening, not from the first look."""
    seen = timeline(event("said", 10.0, message="a"), event("message", 11.5, text="hi"), horizon=20.0)
    assert judged(HI, seen, anchor=10.0, within=2.0).status == HELD
    assert judged(HI, seen, anchor=10.0, within=1.0).status == FAILED


def test_the_end_of_the_conversation_decides_what_is_open() -> None:
    """Nothing more can come, so there is no need to wait for the deadline."""
    verdict = judged(HI, timeline("left", ended="the event stream ended"))
    assert (verdict.status, verdict.cause) == (FAILED, Cause.ENDED)


class TestQueues:
    """Inside a block order is what was written; between blocks each kind keeps its own order."""

    def test_an_event_from_before_the_block_is_still_seen(self) -> None:
        """Nothing is lost by looking late."""
        seen, queues = timeline("progress", bot("hi"), "left"), Queues()
        assert judged(v.left(), seen, queues=queues).status == HELD
        assert judged(HI, seen, queues=queues).status == HELD
        assert judged(v.progress(), seen, queues=queues).status == HELD

    def test_what_was_taken_is_not_taken_again(self) -> None:
        """A block begins where the one before left off."""
        seen, queues = timeline(bot("hi")), Queues()
        assert judged(HI, seen, queues=queues).status == HELD
        assert judged(HI, seen, queues=queues).status == PENDING

    def test_only_the_kinds_of_the_block_move_on(self) -> None:
        """Kinds outside its alphabet stay where they are."""
        seen, queues = timeline("progress", bot("hi"), "progress"), Queues()
        assert judged(HI, seen, queues=queues).status == HELD
        assert judged(sequence(v.progress(), v.progress()), seen, queues=queues).status == HELD

    def test_all_kinds_of_the_block_move_past_its_end(self) -> None:
        """Not one event further."""
        seen, queues = timeline(bot("hi"), "left", bot("bye"), "left"), Queues()
        assert judged(sequence(HI, v.left()), seen, queues=queues).status == HELD
        assert judged(sequence(BYE, v.left()), seen, queues=queues).status == HELD

    def test_receipts_of_two_messages_are_two_queues(self) -> None:
        """Looking at the second first loses nothing of the first."""
        seen, queues = timeline(said("a"), delivered("a"), said("b"), delivered("b")), Queues()
        assert judged(v.delivered("b"), seen, queues=queues, anchor=0.3).status == HELD
        assert judged(v.delivered("a"), seen, queues=queues, anchor=0.3).status == HELD
        assert judged(v.delivered("b"), seen, queues=queues, anchor=0.3).status == PENDING

    def test_a_block_that_failed_takes_nothing(self) -> None:
        """What it had seen is there for the next."""
        seen, queues = timeline(bot("hi"), bot("so")), Queues()
        assert judged(sequence(HI, BYE), seen, queues=queues).status == FAILED
        assert judged(sequence(HI, v.message("so")), seen, queues=queues).status == HELD

    def test_a_block_that_forbids_all_others_moves_every_kind(self) -> None:
        """Events from before its move too, which it let pass."""
        seen, queues = timeline("progress", said("a"), bot("hi"), "progress"), Queues()
        assert judge(Expectation(HI, 5.0, others="forbid"), seen, anchor=0.2, queues=queues).status == HELD
        assert judged(v.progress(), seen, queues=queues).index == 3

    def test_a_queue_never_goes_back(self) -> None:
        """Where a block holds before the place to which another has read."""
        seen, queues = timeline(bot("hi"), "left"), Queues()
        assert judged(v.left(), seen, queues=queues).status == HELD
        assert judged(HI | v.left(), seen, queues=queues).status == HELD
        assert judged(v.left(), seen, queues=queues).status == PENDING

    def test_only_messages_are_unclaimed(self) -> None:
        """Nobody is held to expect typing."""
        assert Queues().unclaimed(timeline("typing_started", bot("hi"))) == [1]


class TestReadings:
    """Where the same events can be read in several ways."""

    def test_of_two_that_come_to_the_same_the_first_is_told(self) -> None:
        """And what it left out is nobody's."""
        seen, queues = timeline(bot("hi"), bot("hi"), bot("bye")), Queues()
        verdict = judge(Expectation(sequence(HI, BYE), 5.0, others="ignore"), seen, queues=queues)
        assert [taken.place for taken in verdict.taken] == [0, 2]
        assert queues.unclaimed(seen) == [1]

    def test_of_two_that_are_open_the_one_that_came_furthest_is_told(self) -> None:
        """Not the one that has left everything out."""
        verdict = judge(Expectation(sequence(HI, BYE), 5.0, others="ignore"), timeline(bot("hi"), horizon=6.0))
        assert (verdict.status, [taken.place for taken in verdict.taken]) == (FAILED, [0])

    def test_which_of_two_equal_branches_took_an_event_is_no_difference(self) -> None:
        """What is open is told once, though the one left stands before or after another."""
        verdict = judged(all_of(HI, BYE, HI), timeline(bot("hi"), horizon=6.0))
        assert [str(rest) for rest in verdict.open] == ["all of (message with text 'bye'; message with text 'hi')"]

    def test_a_name_is_that_of_the_first_event_under_it(self) -> None:
        """A later step and a latency mean the same one."""
        assert judged(repeat(HI.named("hi"), at_least=3), timeline(*[bot("hi")] * 3)).named == {"hi": 0}

    def test_of_two_captures_of_a_name_the_later_counts(self) -> None:
        """As where the second is in a block of its own."""
        pattern = sequence(v.message(capturing(it=r"ORD-\d+")), v.message(capturing(it=r"\d+")))
        assert judged(pattern, timeline(bot("ORD-1"), bot("ORD-2"))).bindings == ({"it": "2"},)

    def test_what_each_of_them_captured_is_told(self) -> None:
        """Though they took the same events, and the same was left after them."""
        either = v.message(capturing(it=r"ORD-\d+")) | v.message(capturing(it=r"\d+"))
        seen = timeline(bot("ORD-2"), bot("bye"))
        assert judged(sequence(either, BYE), seen).bindings == ({"it": "ORD-2"}, {"it": "2"})


def test_a_failure_knows_what_was_open_and_what_came_near() -> None:
    """The residual, what the best reading took, and the misses with the fewest wrong fields first."""
    pattern = sequence(HI, all_of(v.message("bye", role="agent"), v.message("later", role="chatbot"), v.left()))
    verdict = judged(pattern, timeline(bot("hi"), bot("bye")))
    assert verdict.status == FAILED
    assert [taken.place for taken in verdict.taken] == [0]
    assert [str(rest) for rest in verdict.open] == [
        "all of (message with text 'bye' and role 'agent'; message with text 'later' and role 'chatbot'; left)"
    ]
    assert [sorted(miss.fields) for miss in verdict.misses] == [["role"], ["text"], ["kind"]]


def test_what_is_open_stands_in_the_order_in_which_it_was_written() -> None:
    """A branch that has begun does not move to the front."""
    pattern = all_of(v.left(), sequence(v.progress(), v.closed()), HI)
    verdict = judged(pattern, timeline("progress", horizon=6.0))
    assert [str(rest) for rest in verdict.open] == ["all of (left; closed; message with text 'hi')"]


KINDS = ["message", "progress", "token", "left"]
leaves = st.sampled_from([v.message("a"), v.message("b"), v.progress(), v.token(), v.left()])


def _combined(inner: st.SearchStrategy[Pattern]) -> st.SearchStrategy[Pattern]:
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        some.map(lambda parts: sequence(*parts)),
        some.map(lambda parts: all_of(*parts)),
        some.map(lambda parts: any_of(*parts)),
        st.tuples(inner, inner).map(lambda two: sequence(optional(two[0]), two[1])),
        inner.filter(lambda part: not part.nullable).map(lambda part: repeat(part, at_least=1, at_most=2)),
    )


patterns = st.recursive(leaves, _combined, max_leaves=5).filter(lambda pattern: not pattern.nullable)
traces = st.lists(st.sampled_from([bot("a"), bot("b"), "progress", "token", "left"]), max_size=6)


@given(patterns, traces)
def test_feeding_one_by_one_or_all_at_once_is_the_same(pattern: Pattern, trace: list[Any]) -> None:
    """A verdict once given never changes, and never depends on when somebody looked."""
    whole = timeline(*trace)
    judgement = Judgement(Expectation(pattern, 5.0), Queues(), timeline(), 0.0)
    verdicts = [judgement.look(timeline(*trace[:length])) for length in range(len(trace) + 1)]
    decided = [verdict for verdict in verdicts if verdict.status != PENDING]
    assert all(verdict == decided[0] for verdict in decided)
    final, at_once = verdicts[-1], judged(pattern, whole)
    assert (final.status, final.index, set(final.open)) == (at_once.status, at_once.index, set(at_once.open))


@given(patterns, traces, st.lists(st.integers(0, 6), max_size=4))
def test_ambient_events_never_change_a_verdict(pattern: Pattern, trace: list[Any], places: list[int]) -> None:
    """Kinds that no pattern here names may come at any place."""
    noisy = list(trace)
    for place in places:
        noisy.insert(min(place, len(noisy)), "typing_started")
    assert judged(pattern, timeline(*noisy)).status == judged(pattern, timeline(*trace)).status


def test_what_can_be_read_in_too_many_ways_is_refused() -> None:
    """With the branches that don't tell their events apart."""
    branches = all_of(*(sequence(v.message(), v.progress(f"{number}")) for number in range(14)))
    judgement = Judgement(Expectation(branches, 5.0), Queues(), timeline(), 0.0)
    with pytest.raises(LocalProtocolError, match=r"in more than 1,000 ways; make the branches of .*progress.* tell"):
        judgement.look(timeline(*[bot("hm")] * 14))
