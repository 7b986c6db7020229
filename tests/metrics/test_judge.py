"""What a report tells of an answer is what the judge judged it by."""

from hypothesis import given, settings

from harness.events import Event
from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation
from harness.expectations.engine import Status, judge
from harness.expectations.patterns import Pattern
from harness.metrics.measuring import measure
from harness.metrics.reading import Pace
from harness.timeline.timeline import Timeline
from tests.metrics.made import SENT, conversation, final
from tests.metrics.test_streaming import streams

_LEAST = 1e-9


def verdict(pattern: Pattern, timeline: Timeline) -> Status:
    """Of a block that begins with the question."""
    return judge(Expectation(pattern, within=1000.0), timeline, anchor=SENT).status


def judged(timeline: Timeline, check: str, limit: float) -> Status:
    """Whether one time is no longer than a limit."""
    return verdict(v.reply(**{check: max(0.0, limit)}), timeline)  # type: ignore[arg-type]


@given(streams())
@settings(deadline=None)
def test_every_time_is_the_one_that_the_judge_goes_by(told: list[Event]) -> None:
    """It holds a limit of what it was at most, fails one below what it was at least, and can't tell between."""
    timeline = conversation(*told, final(told[-1].at))
    [turn] = measure(timeline).turns
    for check, span in (("first_token", turn.first_text), ("gap", turn.longest_gap), ("gap_p95", turn.gap(0.95))):
        if span is None or (check == "gap_p95" and len(turn.gaps) < 2):
            continue
        assert judged(timeline, check, span.most + _LEAST) is Status.HELD, check
        if span.least > 1e-6:
            assert judged(timeline, check, span.least - 1e-6) is Status.FAILED, check
        if span.most - span.least > 1e-6:
            assert judged(timeline, check, (span.least + span.most) / 2) is Status.INCONCLUSIVE, check


@given(streams())
@settings(deadline=None)
def test_every_count_is_the_one_that_the_judge_goes_by(told: list[Event]) -> None:
    """Stalls, chunks of one read, repeats, and numbers left out."""
    timeline = conversation(*told, final(told[-1].at))
    [turn] = measure(timeline, Pace(stall=0.05)).turns
    count = turn.stalls
    if turn.streams[0].chunks:
        enough = v.reply(stalls=v.stalls(longer_than=0.05, at_most=int(count.most)))
        assert verdict(enough, timeline) is Status.HELD
        if count.least:
            too_few = v.reply(stalls=v.stalls(longer_than=0.05, at_most=int(count.least) - 1))
            assert verdict(too_few, timeline) is Status.FAILED
    faulty = bool(turn.count("repeated") or turn.count("missing"))
    assert verdict(v.reply(complete=True), timeline) is (Status.FAILED if faulty else Status.HELD)
    overtaken = bool(turn.count("out_of_order"))
    assert verdict(v.reply(in_order=True), timeline) is (Status.FAILED if overtaken else Status.HELD)
