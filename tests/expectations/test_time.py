"""Silences, bounds between events, what must never come, what is left out: rows of what a block comes to."""

from typing import Any

import pytest

from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation
from harness.expectations.building import any_of, eventually, optional, quiet, repeat, sequence
from harness.expectations.engine import Cause, Queues, Status, Verdict, judge
from harness.expectations.patterns import Pattern
from harness.expectations.texts import capturing
from harness.timeline.timeline import Timeline
from tests.expectations.building import event, timeline

HELD, FAILED, PENDING, UNSURE = Status.HELD, Status.FAILED, Status.PENDING, Status.INCONCLUSIVE
HI, BYE = v.message("hi"), v.message("bye")


def at(when: float, kind: str = "message", *, earliest: float | None = None, **fields: Any) -> Any:
    """An event at an instant; a message says hi unless told otherwise."""
    if kind == "message":
        fields = {"text": "hi", **fields}
    return event(kind, when, earliest=when if earliest is None else earliest, **fields)


def judged(pattern: Pattern, *events: Any, horizon: float = 0.0, queues: Queues | None = None, **block: Any) -> Verdict:
    """Judge events over a block of 10 s that opens at 0."""
    seen: Timeline = timeline(*events, horizon=horizon)
    return judge(Expectation(pattern, **{"within": 10.0, **block}), seen, queues=queues)


@pytest.mark.parametrize(
    ("pattern", "events", "horizon", "expected"),
    [
        pytest.param(quiet(2), [], 1.9, (PENDING, None, None), id="not silent for long enough"),
        pytest.param(quiet(2), [], 2.0, (HELD, None, 2.0), id="silent from the opening"),
        pytest.param(quiet(2), [at(1.0)], 9.0, (FAILED, Cause.UNEXPECTED, 1.0), id="broken"),
        pytest.param(quiet(2), [at(2.0)], 9.0, (HELD, None, 2.0), id="an event at its very end is after it"),
        pytest.param(quiet(2), [at(2.03, earliest=1.98)], 9.0, (UNSURE, Cause.DEADLINE, 2.03), id="perhaps after it"),
        pytest.param(quiet(2, kinds=["left"]), [at(1.0)], 9.0, (HELD, None, 2.0), id="only of some kinds"),
        pytest.param(sequence(HI, quiet(2)), [at(1.0)], 2.9, (PENDING, None, None), id="counted from what came before"),
        pytest.param(sequence(HI, quiet(2)), [at(1.0)], 3.0, (HELD, None, 3.0), id="and over then"),
        pytest.param(
            sequence(HI, quiet(2)),
            [at(1.0), at(2.0, "typing_started")],
            9.0,
            (FAILED, Cause.UNEXPECTED, 2.0),
            id="whatever the other side sends breaks it",
        ),
        pytest.param(
            sequence(HI, quiet(2), BYE), [at(1.0), at(3.5, text="bye")], 9.0, (HELD, None, 3.5), id="then something"
        ),
        pytest.param(
            sequence(HI, quiet(2), BYE),
            [at(1.0), at(2.5, text="bye")],
            9.0,
            (FAILED, Cause.UNEXPECTED, 2.5),
            id="something too early",
        ),
        pytest.param(
            quiet(2, kinds=["message"]) & v.progress(),
            [at(1.0, "progress")],
            2.0,
            (HELD, None, 2.0),
            id="beside another",
        ),
        pytest.param(
            quiet(2, kinds=["progress"]) & v.progress(),
            [at(1.0, "progress")],
            9.0,
            (FAILED, Cause.UNEXPECTED, 1.0),
            id="broken by what the other branch takes",
        ),
        pytest.param(
            eventually(quiet(2)), [at(1.0), at(2.0, "left"), at(3.5)], 5.5, (HELD, None, 5.5), id="it starts over"
        ),
        pytest.param(eventually(quiet(2)), [at(1.0), at(2.0, "left")], 3.9, (PENDING, None, None), id="not silent yet"),
        pytest.param(quiet(9) | HI, [at(1.0)], 9.0, (HELD, None, 1.0), id="or something else"),
        pytest.param(
            sequence(quiet(2) | HI, BYE),
            [at(2.03, earliest=1.98), at(3.0, text="bye")],
            9.0,
            (UNSURE, Cause.DEADLINE, 3.0),
            id="something else, or perhaps too late for that",
        ),
        pytest.param(
            quiet(2) & HI,
            [at(2.03, "left", earliest=1.98)],
            9.0,
            (PENDING, None, None),
            id="perhaps over, the rest not",
        ),
        pytest.param(
            sequence(HI, quiet(1), quiet(2)),
            [at(1.0, earliest=0.5), at(1.8, "left")],
            9.0,
            (FAILED, Cause.UNEXPECTED, 1.8),
            id="one of two is broken, whichever it is",
        ),
        pytest.param(
            sequence(eventually(quiet(1, kinds=["message"])), quiet(1, kinds=["left"])),
            [at(1.5, "left")],
            9.0,
            (PENDING, None, None),
            id="the next one begins at an event, not where one has ended",
        ),
        pytest.param(
            sequence(HI, optional(v.left()) & optional(v.closed()), quiet(2)),
            [at(1.0), at(1.5, "progress")],
            9.0,
            (PENDING, None, None),
            id="once broken, it needs what might have been left out before it",
        ),
        pytest.param(
            repeat(sequence(quiet(1), HI), at_least=2),
            [at(1.5)],
            9.0,
            (PENDING, None, None),
            id="one round of two",
        ),
        pytest.param(
            repeat(sequence(quiet(1), HI), at_least=2),
            [at(1.5), at(2.5)],
            9.0,
            (HELD, None, 2.5),
            id="every round has its own",
        ),
    ],
)
def test_silence(pattern: Pattern, events: list[Any], horizon: float, expected: tuple[Any, ...]) -> None:
    """Nothing of those kinds for that long."""
    verdict = judged(pattern, *events, horizon=horizon)
    assert (verdict.status, verdict.cause, verdict.at) == expected


SOON = sequence(HI, BYE.after_previous(most=1.0))
NOT_AT_ONCE = sequence(HI, BYE.after_previous(least=0.5))
SOON_BYE, SOON_LEFT = BYE.after_previous(most=1.0), v.left().after_previous(most=1.0)


@pytest.mark.parametrize(
    ("pattern", "events", "horizon", "expected"),
    [
        pytest.param(SOON, [at(1.0), at(2.0, text="bye")], 9.0, (HELD, None, 2.0), id="exactly in time"),
        pytest.param(SOON, [at(1.0), at(2.1, text="bye")], 9.0, (FAILED, Cause.OVERDUE, 2.0), id="too late"),
        pytest.param(SOON, [at(1.0)], 2.0, (PENDING, None, None), id="the bound has not passed"),
        pytest.param(SOON, [at(1.0)], 2.1, (FAILED, Cause.OVERDUE, 2.0), id="the bound has passed"),
        pytest.param(
            SOON, [at(1.0), at(2.05, earliest=1.95, text="bye")], 9.0, (UNSURE, Cause.DEADLINE, 2.05), id="perhaps"
        ),
        pytest.param(
            SOON,
            [at(1.0, earliest=0.9), at(1.95, text="bye")],
            9.0,
            (UNSURE, Cause.DEADLINE, 1.95),
            id="perhaps, since the first may have come earlier",
        ),
        pytest.param(NOT_AT_ONCE, [at(1.0), at(1.2, text="bye")], 9.0, (FAILED, Cause.UNEXPECTED, 1.2), id="too early"),
        pytest.param(NOT_AT_ONCE, [at(1.0), at(1.5, text="bye")], 9.0, (HELD, None, 1.5), id="late enough"),
        pytest.param(
            sequence(v.progress(), HI & v.left().after_previous(most=1.0)),
            [at(1.0, "progress"), at(1.9), at(2.0, "left")],
            9.0,
            (HELD, None, 2.0),
            id="branches count from what stands before them all",
        ),
        pytest.param(
            sequence(v.progress(), HI & v.left().after_previous(most=1.0)),
            [at(1.0, "progress"), at(1.9), at(2.5, "left")],
            9.0,
            (FAILED, Cause.OVERDUE, 2.0),
            id="not from each other",
        ),
        pytest.param(
            sequence(HI, sequence(optional(SOON_LEFT), optional(SOON_BYE)) & v.progress()),
            [at(1.0), at(3.0, "progress")],
            9.0,
            (HELD, None, 3.0),
            id="what need not come may be late, all of it",
        ),
        pytest.param(
            sequence(HI, repeat(SOON_BYE, at_least=3)),
            [at(1.0), at(1.8, text="bye"), at(2.6, text="bye"), at(3.4, text="bye")],
            9.0,
            (HELD, None, 3.4),
            id="every round counts from the one before",
        ),
    ],
)
def test_bounds_to_the_event_before(
    pattern: Pattern, events: list[Any], horizon: float, expected: tuple[Any, ...]
) -> None:
    """Counted from the event matched before in the same sequence."""
    verdict = judged(pattern, *events, horizon=horizon)
    assert (verdict.status, verdict.cause, verdict.at) == expected


def test_what_is_open_is_told_once_whichever_silence_was_before_it() -> None:
    """A bound counts from an event, so it makes no difference when the silence ended."""
    pattern = sequence(any_of(quiet(0.5), quiet(1.0)), SOON)
    verdict = judged(pattern, horizon=11.0)
    assert [str(rest) for rest in verdict.open] == [str(SOON)]


def test_an_overdue_event_is_named() -> None:
    """With its bound."""
    verdict = judged(SOON, at(1.0), horizon=9.0)
    assert verdict.overdue == ("message with text 'bye' at most 1 s after the one before",)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([at(1.0)], (HELD, None, 1.0), id="exactly at the bound"),
        pytest.param([at(0.9)], (FAILED, Cause.EARLY, 0.9), id="too early"),
        pytest.param([at(1.1, earliest=0.9)], (UNSURE, Cause.DEADLINE, 1.1), id="perhaps"),
    ],
)
def test_not_before(events: list[Any], expected: tuple[Any, ...]) -> None:
    """Tested once, when it is complete."""
    verdict = judged(HI, *events, not_before=1.0)
    assert (verdict.status, verdict.cause, verdict.at) == expected


def test_not_before_counts_from_the_move_to_the_completion() -> None:
    """The first event of the block may come sooner, and the last soon after it."""
    assert judged(sequence(HI, BYE), at(1.0), at(2.0, text="bye"), not_before=1.5).status == HELD


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([at(1.0, "left"), at(2.0)], (FAILED, Cause.FORBIDDEN, 1.0), id="what must never come"),
        pytest.param([at(1.0, text="no"), at(2.0)], (FAILED, Cause.FORBIDDEN, 1.0), id="though its kind is named"),
        pytest.param([at(1.0), at(2.0, "left")], (HELD, None, 1.0), id="afterwards it may"),
        pytest.param([at(1.0, "joined"), at(2.0)], (HELD, None, 2.0), id="another kind is ambient"),
    ],
)
def test_never(events: list[Any], expected: tuple[Any, ...]) -> None:
    """At once, whether or not the pattern could take it."""
    verdict = judged(HI, *events, never=(v.left(), v.message("no")))
    assert (verdict.status, verdict.cause, verdict.at) == expected


def test_never_looks_from_the_move_on() -> None:
    """What came before is not forbidden after the fact."""
    seen = timeline(at(1.0, "left"), at(3.0))
    verdict = judge(Expectation(HI, 10.0, never=(v.left(),)), seen, anchor=2.0)
    assert verdict.status == HELD


@pytest.mark.parametrize(
    ("others", "events", "expected"),
    [
        pytest.param("ignore", [at(1.0, text="so"), at(2.0)], (HELD, None, 2.0), id="left out"),
        pytest.param("forbid", [at(1.0, "typing_started"), at(2.0)], (FAILED, Cause.UNEXPECTED, 1.0), id="forbidden"),
        pytest.param("forbid", [at(1.0, "heartbeat"), at(2.0)], (HELD, None, 2.0), id="heartbeats are not"),
    ],
)
def test_others(others: str, events: list[Any], expected: tuple[Any, ...]) -> None:
    """What an event means that no reading takes."""
    verdict = judged(HI, *events, others=others)
    assert (verdict.status, verdict.cause, verdict.at) == expected


def test_a_heartbeat_is_nothing_that_the_other_side_sends() -> None:
    """It neither breaks a silence nor casts doubt on its end."""
    verdict = judged(quiet(2), at(1.0, "heartbeat"), at(2.03, "heartbeat", earliest=1.98), others="forbid", horizon=3.0)
    assert (verdict.status, verdict.at) == (HELD, 2.0)


def test_a_message_left_out_is_unclaimed() -> None:
    """And so is one that nobody looked at; what was taken or passed over is not."""
    queues = Queues()
    events = [at(1.0, text="so"), at(2.0), at(3.0, text="bye"), at(4.0, text="last")]
    seen = timeline(*events)
    assert judge(Expectation(HI, 10.0, others="ignore"), seen, queues=queues).status == HELD
    assert queues.unclaimed(seen) == [0, 2, 3]
    assert judge(Expectation(eventually(v.message("last")), 10.0), seen, queues=queues).status == HELD
    assert queues.unclaimed(seen) == [0]


@pytest.mark.parametrize(
    ("latency", "events", "expected"),
    [
        pytest.param(
            v.latency(since="typing_started", until="message", most=1.0),
            [at(1.0, "typing_started"), at(2.0)],
            (HELD, None, 2.0),
            id="in time",
        ),
        pytest.param(
            v.latency(since="typing_started", until="message", most=1.0),
            [at(1.0, "typing_started"), at(2.1)],
            (FAILED, Cause.OVERDUE, 2.0),
            id="too late",
        ),
        pytest.param(
            v.latency(until="message", most=1.5),
            [at(1.0, "typing_started"), at(2.0)],
            (FAILED, Cause.OVERDUE, 1.5),
            id="from the move",
        ),
        pytest.param(
            v.latency(since="typing_started", until="message", least=0.5),
            [at(1.0, "typing_started"), at(1.1)],
            (FAILED, Cause.UNEXPECTED, 1.1),
            id="too early",
        ),
        pytest.param(
            v.latency(since="start", until="end", most=1.0),
            [at(1.0, "typing_started"), at(1.5)],
            (HELD, None, 1.5),
            id="by name",
        ),
    ],
)
def test_latency(latency: Any, events: list[Any], expected: tuple[Any, ...]) -> None:
    """Between two events of a block, by kind or by name."""
    pattern = sequence(v.typing_started().named("start"), HI.named("end"))
    verdict = judged(pattern, *events, horizon=9.0, latencies=(latency,))
    assert (verdict.status, verdict.cause, verdict.at) == expected


PERHAPS = at(2.05, earliest=1.95, text="bye")


def test_every_doubt_is_told() -> None:
    """Of two silences that may both have been over."""
    both = sequence(quiet(2) & quiet(1.99, kinds=["message"]), HI)
    verdict = judged(both, at(2.03, earliest=1.98))
    assert verdict.status == UNSURE
    assert sorted(verdict.doubts) == [
        f"the silence was between 1.980 s and 2.030 s, the limit is at least {limit} s" for limit in (1.99, 2)
    ]


@pytest.mark.parametrize(
    ("pattern", "left_at"),
    [
        pytest.param(sequence(HI, quiet(1) | SOON_BYE, v.left()), 4.0, id="at the same event"),
        pytest.param(sequence(SOON, quiet(1), v.left()), 3.0, id="at an earlier one"),
    ],
)
def test_an_event_that_may_have_been_too_late_is_told_beside_a_silence(pattern: Pattern, left_at: float) -> None:
    """Each is a doubt of its own."""
    verdict = judged(pattern, at(1.0), PERHAPS, at(left_at, "left"))
    assert verdict.status == UNSURE
    assert verdict.doubts == (
        "the wait for message was between 0.950 s and 1.050 s, the limit is at most 1 s",
        "the silence was between 0.950 s and 1.050 s, the limit is at least 1 s",
    )


def test_what_is_certain_counts_more_than_what_is_in_doubt() -> None:
    """A block holds by the reading that is certain, and nothing is captured by the other."""
    soon = v.message(capturing(soon="bye")).after_previous(most=1.0)
    late = v.message(capturing(late="bye"))
    verdict = judged(sequence(HI, soon) | sequence(HI, late), at(1.0), PERHAPS)
    assert (verdict.status, verdict.bindings) == (HELD, ({"late": "bye"},))


def test_a_completion_that_is_too_early_and_in_doubt_is_inconclusive() -> None:
    """If it was none, another may come in time."""
    pattern = SOON | sequence(HI, BYE, v.left())
    verdict = judged(pattern, at(1.0), PERHAPS, at(5.0, "left"), not_before=3.0)
    assert (verdict.status, verdict.at) == (UNSURE, 2.05)


@pytest.mark.parametrize(
    ("pattern", "status"),
    [
        pytest.param(sequence(BYE, quiet(2)), UNSURE, id="the silence completes it"),
        pytest.param(sequence(BYE, quiet(2), HI), FAILED, id="what must come after it did not come"),
    ],
)
def test_a_silence_that_may_have_been_over_at_the_deadline(pattern: Pattern, status: Status) -> None:
    """It is an excuse only if nothing else is owed."""
    verdict = judged(pattern, at(1.03, earliest=0.98, text="bye"), horizon=9.0, within=3.0)
    assert (verdict.status, verdict.cause, verdict.at) == (status, Cause.DEADLINE, 3.0)


def test_a_silence_that_may_have_been_over_before_what_must_never_come() -> None:
    """Then the block was over, and it may."""
    verdict = judged(quiet(2), at(2.03, "left", earliest=1.98), never=(v.left(),))
    assert (verdict.status, verdict.cause, verdict.at) == (UNSURE, Cause.FORBIDDEN, 2.03)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"pattern": HI, "not_before": 11.0}, "not_before 11 s and within 10 s can't both be kept"),
        ({"pattern": HI, "not_before": -1.0}, "not_before -1 s"),
        ({"pattern": HI, "others": "forget"}, "others is account, ignore or forbid, not 'forget'"),
        ({"pattern": BYE.after_previous(most=1.0)}, "begins with a bound to an event before it"),
        ({"pattern": quiet(11)}, "quiet for 11 s takes at least 11 s, so it can't be over within 10 s"),
        (
            {"pattern": HI, "latencies": (v.latency(since="mesage", until="message", most=1.0),)},
            "speaks of 'mesage', but the pattern does not; did you mean 'message'",
        ),
    ],
)
def test_a_block_that_can_never_hold_is_refused(block: dict[str, Any], says: str) -> None:
    """When it is built."""
    with pytest.raises(ValueError, match=says):
        Expectation(**{"within": 10.0, **block})


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (BYE.after_previous, "after_previous needs a bound"),
        (lambda: BYE.after_previous(most=1.0, least=2.0), "after_previous can't be kept: at least 2 s and at most 1 s"),
        (lambda: BYE.after_previous(most=-1.0), "after_previous can't be kept"),
        (lambda: quiet(0), "a silence of 0 s is no silence"),
        (lambda: quiet(1, kinds=["mesage"]), "no event kind 'mesage'; did you mean 'message'"),
        (lambda: eventually(BYE.after_previous(most=1.0)), "eventually begins with can't be bound"),
        (lambda: v.latency(until="message"), "needs a bound"),
        (lambda: v.reply(stalls=v.stalls(longer_than=0)), "stalls can't be kept"),
    ],
)
def test_nonsense_is_refused_when_it_is_built(build: Any, says: str) -> None:
    """Negative and contradictory bounds, silences of nothing, unknown kinds."""
    with pytest.raises(ValueError, match=says):
        build()
