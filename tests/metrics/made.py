"""Made streams: an answer of a hundred chunks, each stream with one thing wrong with it.

Source: the table of made streams in the study of streaming metrics, whose values are the goldens of test_streaming.py.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from harness.events import Event
from harness.timeline.timeline import Timeline
from tests.expectations.building import event, timeline

LENGTH = 100
SENT = 10.0
"""When the user asked."""
TARGET = "an answer"


def token(at: float, number: int, text: str = "word ", *, early: float = 0.0, **fields: Any) -> Event:
    """A piece of the answer that came between `at - early` and `at`."""
    told = {"number": number, "text": text, "target": TARGET, "turn": "a turn", "role": "chatbot", **fields}
    return event("token", at, earliest=at - early, **told)


def final(at: float, text: str = "words", *, entry: str = TARGET, **fields: Any) -> Event:
    """The final message of the answer."""
    return event("message", at, entry=entry, text=text, role="chatbot", **fields)


def withdrawn(at: float, number: int, **fields: Any) -> Event:
    """What was streamed so far is withdrawn."""
    told = {"number": number, "target": TARGET, "turn": "a turn", "role": "chatbot", **fields}
    return event("retracted", at, **told)


def said(at: float = SENT, message: str = "a question") -> Event:
    """The user asks."""
    return event("said", at, message=message, text=message)


def arrivals(first: float, gaps: Iterable[float]) -> list[float]:
    """When chunks came, seconds after the question."""
    return [round(at, 9) for at in accumulate(gaps, initial=first)]


def conversation(*events: Event, ended: str | None = "the scenario ended", horizon: float = 0.0) -> Timeline:
    """A question, and what came for it."""
    return timeline(said(), *events, ended=ended, horizon=horizon)


def answered(after: Sequence[float], numbers: Sequence[int] | None = None) -> Timeline:
    """A question and a streamed answer of which a chunk came so many seconds after the question, each."""
    order = numbers or range(len(after))
    tokens = [token(round(SENT + at, 9), number) for at, number in zip(after, order, strict=True)]
    return conversation(*tokens, final(tokens[-1].at))


def _stalled(place: int) -> list[float]:
    return [0.825 if number == place else 0.025 for number in range(1, LENGTH)]


def _swapped() -> list[int]:
    return [*range(40), 41, 40, *range(42, LENGTH)]


MADE = {
    "even": answered(arrivals(0.5, [0.025] * 99)),
    "early stall": answered(arrivals(0.5, _stalled(5))),
    "late stall": answered(arrivals(0.5, _stalled(90))),
    "bursts": answered(arrivals(0.5, [0.5 if number % 20 == 0 else 0.0 for number in range(1, LENGTH)])),
    "slow": answered(arrivals(0.5, [0.07] * 99)),
    "late start": answered(arrivals(3.5, [0.025] * 99)),
    "swapped pair": answered(
        arrivals(0.5, [0.1 if number == 41 else 0.025 for number in range(1, LENGTH)]), _swapped()
    ),
}
