"""The conversation as lines a person reads: time, lane, what happened.

Runs of tokens are folded into one line. Whatever a bot sent is shown as text (events/text.py).
"""

from collections.abc import Iterable

from harness.events import Answered, Event, Heartbeat, Token
from harness.events.text import quoted

_LANE_WIDTH = 8
_FOLDED = 3
_ERROR = 400


def _line(index: int, event: Event, what: str) -> str:
    return f"{f'#{index}':>5} {event.at:8.3f} s  {event.LANE:<{_LANE_WIDTH}} {what}"


def line(index: int, event: Event) -> str:
    """One event: its number, its time in seconds, its lane, what happened."""
    return _line(index, event, str(event))


def lines(numbered: Iterable[tuple[int, Event]], *, mark: int | None = None) -> list[str]:
    """A transcript of events.

    Args:
        numbered: Events with their places on the timeline, in order.
        mark: The place of an event to point at.

    Returns:
        One line an event. Heartbeats and the service's answers to requests that went well are left out; three and more
        tokens of one answer in a row share a line, unless one of them is pointed at.
    """
    shown: list[str] = []
    run: list[tuple[int, Token]] = []

    def flush() -> None:
        if len(run) < _FOLDED:
            shown.extend("  " + line(number, token) for number, token in run)
        else:
            (first, a), (_, b) = run[0], run[-1]
            text = quoted("".join(token.text for _, token in run))
            shown.append("  " + _line(first, a, f"{len(run)} tokens until {b.at:.3f} s: {text}"))
        run.clear()

    for number, event in numbered:
        if number == mark:
            flush()
            shown.append("> " + line(number, event))
        elif isinstance(event, Token):
            if run and run[-1][1].target != event.target:
                flush()
            run.append((number, event))
        elif not (isinstance(event, Heartbeat) or (isinstance(event, Answered) and event.status < _ERROR)):
            flush()
            shown.append("  " + line(number, event))
    flush()
    return shown
