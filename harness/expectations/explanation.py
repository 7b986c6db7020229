"""The words of a failure, the same in the terminal, in Allure and in JUnit.

In this order: which block and why; what was matched; what was still open; what came instead, with wanted and saw
for the nearest misses; what happened around it.
"""

from collections.abc import Sequence

from harness.expectations.block import Expectation
from harness.expectations.engine import Cause, Status, Verdict
from harness.timeline.timeline import Timeline
from harness.timeline.transcript import line, lines

_BEFORE = 6
"""Events shown from before the user's last move."""

_NEAREST = 3
"""Misses shown."""

_SHOWN = 40
"""Lines of the transcript shown before the event that decided it, and half as many after it."""


def explain(block: str, expectation: Expectation, verdict: Verdict, timeline: Timeline, *, anchor: float) -> str:
    """Say why a block did not hold.

    Args:
        block: What the block is called and where it stands, such as "step 3 of test_greeting (test_bot.py:12)".
        expectation: The block.
        verdict: What it came to.
        timeline: The timeline it was judged on.
        anchor: Seconds on the timeline from which its bounds counted.

    Returns:
        Several lines, safe to print; the first one says it all in short.
    """
    said = [
        f"{block}: {_reason(verdict, timeline, anchor)}",
        f"  expected    {expectation}",
        *_listed("matched", _taken(verdict, timeline) or ["nothing yet"]),
        *_listed("still open", list(dict.fromkeys(map(str, verdict.open)))),
        *_listed("instead", _instead(verdict, timeline)),
        "  what happened (seconds since the conversation opened; > is what decided it)",
        *("  " + shown for shown in _around(verdict, timeline, anchor)),
    ]
    return "\n".join(said)


def _reason(verdict: Verdict, timeline: Timeline, anchor: float) -> str:  # noqa: PLR0911 - one for each cause
    at = verdict.at if verdict.at is not None else timeline.horizon
    after = f"{max(0.0, at - anchor):.3f} s after the user's move"
    kind = "" if verdict.index is None else timeline[verdict.index].kind
    match verdict.status, verdict.cause:
        case Status.INCONCLUSIVE, _:
            doubt = 0.0 if verdict.index is None else timeline[verdict.index].doubt
            busy = f"; the harness was busy for {doubt * 1000:.0f} ms" if doubt else ""
            return f"can't be told: {'; '.join(verdict.doubts)}{busy}"
        case _, Cause.UNEXPECTED if at < anchor:
            return f"unexpected {kind}: it came {anchor - at:.3f} s before the user's move, and no step before took it"
        case _, (Cause.UNEXPECTED | Cause.FORBIDDEN) as cause:
            return f"{cause} {kind} {after}"
        case _, Cause.EARLY:
            return f"complete {after}, which is too early"
        case _, Cause.OVERDUE:
            return f"overdue {after}: {'; '.join(verdict.overdue)}"
        case _, Cause.DEADLINE:
            return f"not complete {verdict.due - anchor:g} s after the user's move"
        case _, Cause.ENDED:
            return f"{timeline.ended} {after}, before it was complete"
        case status, _:
            return str(status)


def _listed(title: str, entries: Sequence[str]) -> list[str]:
    return [f"  {title if place == 0 else '':<11} {entry}" for place, entry in enumerate(entries)]


def _taken(verdict: Verdict, timeline: Timeline) -> list[str]:
    return [shown.strip() for shown in lines((taken.place, timeline[taken.place]) for taken in verdict.taken)]


def _instead(verdict: Verdict, timeline: Timeline) -> list[str]:
    if verdict.cause not in {Cause.UNEXPECTED, Cause.FORBIDDEN} or verdict.index is None:
        return []
    told = [line(verdict.index, timeline[verdict.index]).strip()]
    near = [miss for miss in verdict.misses if "kind" not in miss.fields]
    told += [
        f"  wanted {name} {no.wanted}, saw {no.saw}" for miss in near[:_NEAREST] for name, no in miss.fields.items()
    ]
    return told


def _around(verdict: Verdict, timeline: Timeline, anchor: float) -> list[str]:
    start = next((index for index, event in enumerate(timeline) if event.at >= anchor), len(timeline))
    start = max(0, min([start, *(taken.place for taken in verdict.taken)]) - _BEFORE)
    shown = lines(enumerate(timeline[start:], start), mark=verdict.index)
    marked = next((place for place, one in enumerate(shown) if one.startswith(">")), len(shown) - 1)
    first, last = max(0, marked - _SHOWN), marked + _SHOWN // 2
    before = [f"      … {first} lines before"] if first else []
    after = [f"      … {len(shown) - last - 1} lines after"] if last + 1 < len(shown) else []
    return [*before, *shown[first : last + 1], *after] or ["  nothing at all"]
