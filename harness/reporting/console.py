"""The conversations of a run on one screen."""

from collections import Counter
from collections.abc import Sequence

from harness.events import Move, Received
from harness.scenarios.outcome import Outcome, Status


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """What the conversations of a run came to.

    Returns:
        A few lines, safe to print; none if there were no conversations.
    """
    if not outcomes:
        return []
    ends = Counter(outcome.status for outcome in outcomes)
    events = [event for outcome in outcomes for event in outcome.timeline]
    received = Counter(event.kind for event in events if isinstance(event, Received))
    moves = sum(isinstance(event, Move) for event in events)
    doubts = sorted(event.doubt for event in events if isinstance(event, Received))
    told = ", ".join(f"{ends[status]} {status}" for status in Status if ends[status])
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(received.items(), key=lambda one: -one[1]))
    lines = [
        f"conversations  {len(outcomes)}: {told}",
        f"moves          {moves} by the user, {sum(received.values())} events in answer",
        f"events         {kinds or 'none'}",
    ]
    if doubts:
        middle, worst = doubts[len(doubts) // 2] * 1000, doubts[-1] * 1000
        lines.append(f"arrival times  known to {middle:.1f} ms (median), {worst:.1f} ms (worst)")
    return lines
