"""The conversation as lines a person reads: time, lane, what happened.

Runs of tokens are folded into one line. Whatever a bot sent is shown as text (events/text.py).
"""

from collections.abc import Iterable, Sequence

from harness.events import Answered, Event, Heartbeat, Token
from harness.events.text import quoted

_LANE_WIDTH = 8


def _line(index: int, event: Event, what: str) -> str:
    return f"{f'#{index}':>5} {event.at:8.3f} s  {event.LANE:<{_LANE_WIDTH}} {what}"


def line(index: int, event: Event) -> str:
    """One event: its number, its time in seconds, its lane, what happened."""
    return _line(index, event, str(event))


def lines(events: Sequence[Event], *, start: int = 0, mark: Iterable[int] = ()) -> list[str]:
    """A transcript of the events.

    Args:
        events: Consecutive events of a timeline.
        start: The number of the first one on its timeline.
        mark: Numbers of events to point at.

    Returns:
        One line an event. Heartbeats and the service's answers to requests that went well are left out; three and more
        tokens of one answer in a row share a line, unless one of them is marked.
    """
    marked = set(mark)
    shown: list[str] = []
    run: list[tuple[int, Token]] = []

    def flush() -> None:
        if len(run) < 3:
            shown.extend("  " + line(number, token) for number, token in run)
        else:
            (first, a), (_, b) = run[0], run[-1]
            text = quoted("".join(token.text for _, token in run))
            shown.append("  " + _line(first, a, f"{len(run)} tokens until {b.at:.3f} s: {text}"))
        run.clear()

    for number, event in enumerate(events, start):
        if number not in marked:
            if isinstance(event, Token) and (not run or run[-1][1].target == event.target):
                run.append((number, event))
                continue
            if isinstance(event, Heartbeat) or (isinstance(event, Answered) and event.status < 400):
                continue
        flush()
        if isinstance(event, Token) and number not in marked:
            run.append((number, event))
        else:
            shown.append(("> " if number in marked else "  ") + line(number, event))
    flush()
    return shown
