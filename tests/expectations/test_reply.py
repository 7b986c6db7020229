"""One streamed answer: every check, and every way an answer can go wrong."""

from itertools import accumulate
from typing import Any

import pytest

from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation
from harness.expectations.building import sequence
from harness.expectations.engine import Cause, Queues, Status, Verdict, judge
from harness.expectations.patterns import Pattern
from harness.expectations.texts import capturing
from tests.expectations.building import event, timeline

HELD, FAILED, PENDING, UNSURE = Status.HELD, Status.FAILED, Status.PENDING, Status.INCONCLUSIVE


def token(at: float, number: int, text: str = "x", *, early: float = 0.0, **fields: Any) -> Any:
    """A token of an answer."""
    told = {"number": number, "text": text, "target": "a", "turn": "turn", **fields}
    return event("token", at, earliest=at - early, **told)


def final(at: float, text: str = "xxx", *, entry: str = "a", **fields: Any) -> Any:
    """The message that an answer ends with."""
    return event("message", at, entry=entry, text=text, role="chatbot", **fields)


def withdrawn(at: float, number: int, **fields: Any) -> Any:
    """A failed validation."""
    told = {"number": number, "target": "a", "turn": "turn", "reason": "UNGROUNDED", **fields}
    return event("retracted", at, **told)


def paced(*waits: float) -> list[Any]:
    """An answer with these waits between its tokens."""
    times = list(accumulate(waits, initial=1.0))
    return [*(token(at, number) for number, at in enumerate(times, 1)), final(times[-1])]


ANSWER = [token(1.0, 1), token(1.1, 2), token(1.2, 3), final(1.3)]
SHUFFLED = [token(1.0, 1, "a"), token(1.1, 3, "c"), token(1.2, 2, "b"), final(1.3, "abc")]
REPLACED = [
    token(1.0, 1, "lie"),
    withdrawn(1.1, 2),
    token(1.2, 3, "tr", batch=1),
    token(1.3, 4, "uth", batch=1),
    final(1.4, "truth", revised=True),
]
SILENT_FIRST = [token(0.2, 0, ""), *ANSWER]
SILENT_BETWEEN = [token(1.0, 1), token(1.3, 2, ""), token(1.6, 3), final(1.7)]
STALLED = [token(1.0, 1), token(2.0, 2), token(2.1, 3), final(2.2)]


def judged(pattern: Pattern, events: list[Any], *, horizon: float = 0.0, within: float = 10.0) -> Verdict:
    """Judge events over a block that opens at 0."""
    return judge(Expectation(pattern, within), timeline(*events, horizon=horizon))


@pytest.mark.parametrize(
    ("reply", "events", "broken"),
    [
        pytest.param(v.reply(), ANSWER, {}, id="an answer"),
        pytest.param(v.reply(), [final(1.0)], {}, id="one that is not streamed, where that is not asked"),
        pytest.param(v.reply("xxx", role="chatbot"), ANSWER, {}, id="with its text"),
        pytest.param(v.reply("yyy"), ANSWER, {"text": "'xxx'"}, id="with another text"),
        pytest.param(v.reply(streamed=True), ANSWER, {}, id="streamed"),
        pytest.param(v.reply(streamed=True), [final(1.0)], {"streamed": "no token before the message"}, id="not so"),
        pytest.param(v.reply(streamed=False), [final(1.0)], {}, id="not streamed"),
        pytest.param(v.reply(streamed=False), ANSWER, {"streamed": "token 1 'x'"}, id="streamed though"),
        pytest.param(v.reply(first_token=1.0), ANSWER, {}, id="the first token exactly in time"),
        pytest.param(v.reply(first_token=0.9), ANSWER, None, id="the first token too late"),
        pytest.param(v.reply(first_token=1.0), SILENT_FIRST, {}, id="a token without text is no first token"),
        pytest.param(v.reply(first_token=0.9), SILENT_FIRST, None, id="nor does it stop the clock"),
        pytest.param(v.reply(gap=0.5), ANSWER, {}, id="no gap"),
        pytest.param(v.reply(gap=0.5), SILENT_BETWEEN, {"gap": "0.600 s"}, id="a gap that a token without text is in"),
        pytest.param(v.reply(gap=0.5), STALLED, {"gap": "1.000 s"}, id="a gap"),
        pytest.param(v.reply(gap=0.5), paced(0.125, 1.0), {"gap": "1.000 s"}, id="a gap later on"),
        pytest.param(
            v.reply(gap=0.5),
            [token(1.0, 1), token(1.4, 1), token(1.8, 2), final(1.9)],
            {"gap": "0.800 s"},
            id="a gap in which a token came again",
        ),
        pytest.param(v.reply(gap_p95=0.5), STALLED, {"gap_p95": "1.000 s"}, id="a gap at the 95th percentile"),
        pytest.param(v.reply(gap_p95=0.5), paced(1.0), {"gap_p95": "1.000 s"}, id="a gap that is the only one"),
        pytest.param(v.reply(gap_p95=0.5), paced(*[0.125] * 18, 1.0, 1.0), {"gap_p95": "1.000 s"}, id="2 gaps of 20"),
        pytest.param(v.reply(gap_p95=0.5), paced(*[0.125] * 19, 1.0), {}, id="1 gap of 20"),
        pytest.param(v.reply(stalls=v.stalls(longer_than=0.5, at_most=1)), STALLED, {}, id="one stall is allowed"),
        pytest.param(v.reply(stalls=v.stalls(longer_than=0.5)), STALLED, {"stalls": "1"}, id="one stall too many"),
        pytest.param(v.reply(stalls=v.stalls(longer_than=1.0)), STALLED, {}, id="a wait of just that long is no stall"),
        pytest.param(v.reply(), SHUFFLED, {}, id="in any order"),
        pytest.param(v.reply(in_order=True), ANSWER, {}, id="in order"),
        pytest.param(v.reply(in_order=True), SHUFFLED, {"in_order": "token 2 'b' after a higher one"}, id="shuffled"),
        pytest.param(v.reply(complete=True), SHUFFLED, {}, id="complete"),
        pytest.param(v.reply(complete=True), [*ANSWER[:1], *ANSWER[2:]], {"complete": "no 2"}, id="a token is missing"),
        pytest.param(
            v.reply(complete=True), [ANSWER[0], *ANSWER], {"complete": "token 1 'x' again"}, id="a token comes twice"
        ),
        pytest.param(
            v.reply(complete=True),
            [token(1.0, 1), withdrawn(1.1, 2), token(1.2, 3), final(1.3)],
            {},
            id="a retraction has a number too",
        ),
        pytest.param(
            v.reply(complete=True),
            [token(1.0, 1), withdrawn(1.1, 2), token(1.2, 5, batch=1), final(1.3)],
            {},
            id="none is missing between batches",
        ),
        pytest.param(
            v.reply(gap=0.5, in_order=True),
            [token(1.0, 1), token(1.1, 3), token(1.62, 2, early=0.1), final(1.7)],
            {"in_order": "token 2 'x' after a higher one"},
            id="shuffled, though another check is in doubt",
        ),
        pytest.param(v.reply(faithful=True), SHUFFLED, {}, id="the pieces make the text, whatever their order"),
        pytest.param(
            v.reply(faithful=True),
            [token(1.0, 1, "cafe\u0301 "), token(1.1, 2, " noir"), final(1.2, "caf\u00e9 noir")],
            {},
            id="the same text in other characters",
        ),
        pytest.param(
            v.reply(faithful=True),
            [token(1.0, 1, "lie"), withdrawn(1.1, 1), token(1.2, 2, "truth"), final(1.3, "truth")],
            {},
            id="a retraction with the number of the last piece withdraws it too",
        ),
        pytest.param(
            v.reply(faithful=True),
            [*ANSWER[:3], final(1.3, "other")],
            {"faithful": "'xxx'"},
            id="another text in the end",
        ),
        pytest.param(v.reply(faithful=True, complete=True), REPLACED, {}, id="withdrawn pieces do not count"),
        pytest.param(v.reply(retracted="required", revised=True), REPLACED, {}, id="withdrawn, as required"),
        pytest.param(v.reply(retracted="required"), ANSWER, {"retracted": "no retraction"}, id="not withdrawn"),
        pytest.param(
            v.reply(retracted="never"),
            REPLACED,
            {"retracted": "retracted at 2 ('UNGROUNDED')"},
            id="must not be withdrawn",
        ),
        pytest.param(v.reply(burst=2), ANSWER, {}, id="no burst"),
        pytest.param(
            v.reply(burst=2),
            [token(1.0, 1), token(1.0, 2), token(1.0, 3), final(1.1)],
            {"burst": "3 tokens in one"},
            id="a burst",
        ),
        pytest.param(
            v.reply(burst=2),
            [token(1.0, 1), token(1.0, 2), token(1.0, 3), token(1.1, 4), final(1.2)],
            {"burst": "3 tokens in one"},
            id="a burst early on",
        ),
        pytest.param(v.reply(burst=2), [token(1.0, 1), token(1.0, 2), final(1.1)], {}, id="as many as there may be"),
        pytest.param(
            v.reply(burst=1), [token(1.0, 1, early=0.1), token(1.0, 2), final(1.1)], {}, id="two reads, not a burst"
        ),
        pytest.param(
            v.reply(), [token(1.0, 1), token(1.1, 1, target="b")], {"stream": "one of another"}, id="a piece of another"
        ),
        pytest.param(
            v.reply(),
            [token(1.0, 1), withdrawn(1.1, 2), token(1.2, 1, target="b", turn="next")],
            {"stream": "one of another"},
            id="a piece of another turn is no replacement",
        ),
        pytest.param(
            v.reply(), [token(1.0, 1), final(1.1, entry="b")], {"stream": "another one"}, id="the message of another"
        ),
    ],
)
def test_an_answer_is_judged_by_every_check_asked_for(
    reply: Pattern, events: list[Any], broken: dict[str, str] | None
) -> None:
    """Held, or failed with the check and what was seen."""
    verdict = judged(reply, events)
    if broken == {}:
        assert (verdict.status, verdict.at) == (HELD, events[-1].at)
        assert [taken.place for taken in verdict.taken] == list(range(len(events)))
    elif broken is None:
        assert (verdict.status, verdict.cause) == (FAILED, Cause.OVERDUE)
    else:
        assert (verdict.status, verdict.cause) == (FAILED, Cause.UNEXPECTED)
        assert {name: mismatch.saw for name, mismatch in verdict.misses[0].fields.items()} == broken


def test_a_replacement_may_stream_to_a_target_of_its_own() -> None:
    """In the same turn, after the first was withdrawn."""
    events = [
        token(1.0, 1, "lie"),
        withdrawn(1.1, 2),
        token(1.2, 1, "truth", target="b", batch=1),
        final(1.3, "truth", entry="b"),
    ]
    assert judged(v.reply("truth", faithful=True, retracted="required"), events).status == HELD


def test_two_answers_may_be_mixed() -> None:
    """Each takes its own pieces."""
    events = [
        token(1.0, 1, target="a"),
        token(1.1, 1, target="b"),
        token(1.2, 2, target="a"),
        final(1.3, "b", entry="b"),
        final(1.4, "a", entry="a"),
    ]
    assert judged(v.reply("a") & v.reply("b"), events).status == HELD
    assert judged(sequence(v.reply("a"), v.reply("b")), events).status == FAILED


@pytest.mark.parametrize(
    ("reply", "first", "second", "doubt"),
    [
        pytest.param(
            v.reply(gap=0.5),
            token(1.0, 1),
            token(1.52, 2, early=0.1),
            "the wait for token 2 was between 0.420 s and 0.520 s, the limit is at most 0.5 s",
            id="the second came at an uncertain time",
        ),
        pytest.param(
            v.reply(gap=0.5),
            token(1.0, 1, early=0.1),
            token(1.45, 2),
            "the wait for token 2 was between 0.450 s and 0.550 s, the limit is at most 0.5 s",
            id="the first did",
        ),
        pytest.param(
            v.reply(gap=0.5),
            token(1.0, 1),
            token(1.6, 2, early=0.8),
            "the wait for token 2 was between 0.000 s and 0.600 s, the limit is at most 0.5 s",
            id="no wait is less than none",
        ),
        pytest.param(
            v.reply(gap_p95=0.5),
            token(1.0, 1),
            token(1.52, 2, early=0.1),
            "the 95th percentile of the gaps was between 0.420 s and 0.520 s, the limit is at most 0.5 s",
            id="at the 95th percentile",
        ),
        pytest.param(
            v.reply(stalls=v.stalls(longer_than=0.5)),
            token(1.0, 1),
            token(1.52, 2, early=0.1),
            "there were 0 to 1 stalls, the limit is at most 0 longer than 0.5 s",
            id="a stall or none",
        ),
    ],
)
def test_a_wait_that_may_or_may_not_be_too_long_is_inconclusive(
    reply: Pattern, first: Any, second: Any, doubt: str
) -> None:
    """The intervals of the arrivals are what counts."""
    verdict = judged(reply, [first, second, final(1.7)])
    assert (verdict.status, verdict.doubts) == (UNSURE, (doubt,))


@pytest.mark.parametrize(("most", "status"), [(1.0, HELD), (0.9, FAILED)])
def test_a_first_token_is_timed_from_the_move(most: float, status: Status) -> None:
    """Not from the opening of the conversation."""
    seen = timeline(event("said", 10.0, message="m"), token(11.0, 1), final(11.1))
    assert judge(Expectation(v.reply(first_token=most), 10.0), seen, anchor=10.0).status == status


def test_a_first_token_that_does_not_come_is_overdue_at_its_bound() -> None:
    """Long before the deadline of the block."""
    verdict = judged(v.reply(first_token=2.0), [], horizon=2.1)
    assert (verdict.status, verdict.cause, verdict.at) == (FAILED, Cause.OVERDUE, 2.0)
    assert verdict.overdue == ("the first token at most 2 s after the user's move",)


def test_the_name_of_an_answer_is_that_of_its_message() -> None:
    """A latency until it ends with the message, not with the first token; and so a later step calls the message."""
    named = sequence(v.typing_started(), v.reply("xxx", streamed=True).named("answer"))
    events = [event("typing_started", 0.5), *ANSWER]
    verdict = judged(named, events)
    assert (verdict.status, verdict.named) == (HELD, {"answer": len(events) - 1})
    for most, status in ((0.8, HELD), (0.7, FAILED)):
        latency = v.latency(since="typing_started", until="answer", most=most)
        assert judge(Expectation(named, 10.0, latencies=(latency,)), timeline(*events)).status == status


def test_a_first_token_that_can_no_longer_come_in_time_fails_at_once() -> None:
    """At the event before it, not when somebody looks again."""
    verdict = judged(sequence(v.message("one moment"), v.reply(first_token=2.0)), [final(3.0, "one moment")])
    assert (verdict.status, verdict.at) == (FAILED, 3.0)


@pytest.mark.parametrize(
    ("latency", "events", "expected"),
    [
        pytest.param(
            v.latency(since="token", until="token", most=0.2), ANSWER, (HELD, None, 1.3), id="from a token to the next"
        ),
        pytest.param(
            v.latency(since="token", until="token", most=0.05),
            ANSWER,
            (FAILED, Cause.UNEXPECTED, 1.1),
            id="from a token to the next, too late",
        ),
        pytest.param(
            v.latency(until="token", most=1.0), [final(2.0)], (HELD, None, 2.0), id="to a token that need not come"
        ),
        pytest.param(
            v.latency(until="message", most=1.0),
            [token(0.5, 1), final(2.0)],
            (FAILED, Cause.OVERDUE, 1.0),
            id="to the message, which must",
        ),
    ],
)
def test_a_latency_to_a_part_of_an_answer(latency: Any, events: list[Any], expected: tuple[Any, ...]) -> None:
    """Its tokens and its message are events as any other, but for the tokens it can do without."""
    verdict = judge(Expectation(v.reply(), 10.0, latencies=(latency,)), timeline(*events))
    assert (verdict.status, verdict.cause, verdict.at) == expected


def test_an_answer_captures_from_its_message() -> None:
    """Not from its pieces."""
    events = [token(1.0, 1, "ORD-1"), final(1.1, "ORD-2")]
    assert judged(v.reply(capturing(order=r"ORD-\d")), events).bindings == ({"order": "ORD-2"},)


def test_a_retraction_in_an_earlier_turn_is_not_that_of_this_answer() -> None:
    """Where this one is required to have been withdrawn."""
    earlier = [token(0.5, 1, target="z", turn="first"), withdrawn(0.6, 2, target="z", turn="first")]
    queues = Queues({"token": 2, "retracted": 2})
    seen = timeline(*earlier, *ANSWER)
    assert judge(Expectation(v.reply(retracted="required"), 10.0), seen, queues=queues).status == FAILED


def test_tokens_that_come_after_the_verdict_are_not_taken() -> None:
    """Though they are on record as pieces of the same answer."""
    verdict = judged(v.reply("done"), [*ANSWER[:2], token(12.0, 3)])
    assert (verdict.status, [taken.place for taken in verdict.taken]) == (FAILED, [0, 1])


def test_an_answer_is_known_from_its_beginning() -> None:
    """Also where another block has taken the first of its tokens."""
    queues = Queues()
    for pattern in (v.token(), v.reply(faithful=True)):
        assert judge(Expectation(pattern, 10.0), timeline(*SHUFFLED), queues=queues).status == HELD


def test_an_answer_without_an_end_is_still_open() -> None:
    """At the deadline it is the rest of a reply."""
    verdict = judged(v.reply("done"), ANSWER[:2], horizon=11.0)
    assert (verdict.status, verdict.cause) == (FAILED, Cause.DEADLINE)
    assert [str(rest) for rest in verdict.open] == ["the rest of a reply with text 'done'"]


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: v.reply(streamed=False, first_token=1.0), "a reply that is not streamed has no first_token"),
        (lambda: v.reply(streamed=False, retracted="required"), "has no retraction"),
        (lambda: v.reply(gap=-1.0), "gap can't be kept"),
        (lambda: v.reply(burst=0), "at least 1, not 0"),
        (lambda: v.reply(retracted="maybe"), "retracted is never, allowed or required, not 'maybe'"),  # type: ignore[arg-type]
    ],
)
def test_checks_that_contradict_each_other_are_refused(build: Any, says: str) -> None:
    """When the pattern is built."""
    with pytest.raises(ValueError, match=says):
        build()


def test_a_reply_prints_what_is_asked_of_it() -> None:
    """As a person would say it."""
    assert str(v.reply()) == "reply"
    assert str(v.reply("hi", complete=True).named("greeting")) == "reply with text 'hi' (as greeting), complete"
    assert str(v.reply("hi", first_token=2.0, gap=0.8, complete=True, retracted="never")) == (
        "reply with text 'hi', streamed, first token at most 2 s after the user's move, gaps at most 0.8 s, complete, "
        "never retracted"
    )
