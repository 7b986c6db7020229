"""The conversations of a run on one screen."""

from collections import Counter
from collections.abc import Sequence

from harness.events import Move, Received
from harness.expectations.rules import Severity, Violation
from harness.scenarios.outcome import Outcome, Status

_SHOWN = 160
"""Characters shown of what a rule was broken by."""


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
    return [*lines, *_unclaimed(outcomes), *_warnings(outcomes)]


def _unclaimed(outcomes: Sequence[Outcome]) -> list[str]:
    left = [len(outcome.unclaimed) for outcome in outcomes if outcome.unclaimed]
    told = f"{_counted(sum(left), 'message')} in {_counted(len(left), 'conversation')} that no expectation took"
    return [f"unclaimed      {told}"] if left else []


def _warnings(outcomes: Sequence[Outcome]) -> list[str]:
    """Two lines a rule: in how many conversations it was broken, and the first example."""
    broken: dict[str, list[tuple[Outcome, Violation]]] = {}
    for outcome in outcomes:
        first: dict[str, Violation] = {}
        for violation in outcome.violations:
            if violation.severity is Severity.WARN:
                first.setdefault(violation.rule, violation)
        for rule, violation in first.items():
            broken.setdefault(rule, []).append((outcome, violation))
    lines: list[str] = []
    for rule, found in sorted(broken.items(), key=lambda one: -len(one[1])):
        outcome, violation = found[0]
        what = violation.what if len(violation.what) <= _SHOWN else f"{violation.what[:_SHOWN]}…"
        lines += [
            f"{'' if lines else 'warnings':<14} {rule} in {_counted(len(found), 'conversation')}, first in "
            f"{outcome.scenario or outcome.name}:",
            f"{'':<17}{what}",
        ]
    return lines


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
