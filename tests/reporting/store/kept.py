"""What stores of tests are filled with: conversations that were made up, as reporters are handed them."""

from collections.abc import Sequence

from harness.events import Event
from harness.reporting.store.values import Reported
from harness.scenarios.outcome import Outcome, Status, Step
from harness.timeline.timeline import Timeline
from tests.expectations.building import event, timeline
from tests.metrics.made import arrivals, final, said, token

BEGAN = 1_700_000_000.0


def talk(*answers: float, name: str = "one") -> Timeline:
    """A greeted conversation with streamed answers, each finished so many seconds after its question."""
    events: list[Event] = [
        event("opened", 0.0),
        event("message", 0.3, entry="greeting", text="Good evening.", role="chatbot"),
    ]
    at = 10.0
    for number, after in enumerate(answers):
        ours = f"{name} {number}"
        events.append(said(at, ours))
        for place, came in enumerate(arrivals(after / 2, [after / 8] * 4)):
            events.append(token(at + came, place, target=f"to {ours}", turn=f"to {ours}"))
        events.append(final(at + after, entry=f"to {ours}"))
        at += after + 5.0
    return timeline(*events, ended="the scenario ended")


def outcome(record: Timeline, *, conversation: str = "c-1", locale: str = "en_US", failed: bool = False) -> Outcome:
    """What a conversation came to."""
    return Outcome(
        name="one",
        conversation=conversation,
        target="sandbox",
        deployment="Night",
        opened_at=BEGAN,
        timeline=record,
        steps=(Step("expect", 0.0, 1.0, Status.FAILED if failed else Status.PASSED),),
        locale=locale,
        recording=f"recordings/{conversation}.recording.jsonl",
    )


def reported(
    scenario: str,
    *answers: float,
    status: Status = Status.PASSED,
    outcomes: Sequence[Outcome] | None = None,
    attempt: int = 1,
    repetition: int = 0,
) -> Reported:
    """A scenario with one conversation, of which each answer took so many seconds."""
    one = outcome(talk(*answers), conversation=f"{scenario} {repetition}", failed=status is Status.FAILED)
    return Reported(
        scenario=scenario,
        status=status,
        started_at=BEGAN,
        lasted=2.5,
        repetition=repetition,
        attempt=attempt,
        why="" if status is Status.PASSED else "ExpectationFailed: no",
        outcomes=(one,) if outcomes is None else outcomes,
    )


def unanswered(conversation: str) -> Outcome:
    """A conversation in which a minute was waited for an answer, in vain."""
    return outcome(Timeline(tuple(talk(1.0))[:3], horizon=70.0), conversation=conversation, failed=True)
