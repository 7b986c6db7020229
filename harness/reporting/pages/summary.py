"""A conversation in a dozen numbers: for the head of its page, and for lists of many pages.

A page carries its own, so that a folder of pages can be listed whoever wrote them. Not here: the list (index.py).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import unescape
from pathlib import Path
from typing import Self

from harness.metrics.measuring import TurnMetrics
from harness.reporting.pages.markup import Html, tag
from harness.reporting.pages.view import View
from harness.scenarios.outcome import Status

_NAME = "conversation-summary"
_HEAD = 8_192
"""Bytes of a page that its summary is found in."""
_META = re.compile(rf'<meta name="{_NAME}" content="([^"]*)">')


@dataclass(frozen=True, slots=True)
class Summary:
    """What a conversation came to, and how long its user waited; seconds, None is never.

    Attributes:
        status: How it ended, in Allure's words.
        scenario: The scenario's id, or what the conversation is called.
        name: What the conversation is called among those of its scenario.
        conversation: The conversation's id at the service.
        opened_at: Wall-clock time, seconds since 1970.
        lasted: Of its timeline.
        events: How many.
        steps: How many.
        failed: Steps that did not hold.
        rules: Times that a rule was broken.
        waited: The longest that a final message was waited for, until it came or nobody waited any longer.
        turn: The turn of that.
        first: The longest wait for a first token.
        gap: The longest wait between two tokens.
        stalls: Gaps that were stalls.
        pages: How many pages it fills.
    """

    status: str
    scenario: str
    name: str
    conversation: str
    opened_at: float
    lasted: float
    events: int
    steps: int
    failed: int
    rules: int
    waited: float | None
    turn: int | None
    first: float | None
    gap: float | None
    stalls: int
    pages: int

    @classmethod
    def of(cls, view: View) -> Self:
        """A conversation's."""
        outcome, turns = view.outcome, view.measured.turns
        asked = [(_wait(turn), turn.number) for turn in turns if turn.answer is not None or not turn.is_opening]
        slowest = max(asked, key=lambda one: one[0], default=None)
        firsts = [turn.first_text.value for turn in turns if turn.first_text is not None]
        gaps = [turn.longest_gap.value for turn in turns if turn.longest_gap is not None]
        return cls(
            status=str(outcome.status),
            scenario=outcome.scenario or outcome.name,
            name=outcome.name,
            conversation=outcome.conversation,
            opened_at=outcome.opened_at,
            lasted=view.lasted,
            events=len(view.timeline),
            steps=len(outcome.steps),
            failed=sum(step.status is not Status.PASSED for step in outcome.steps),
            rules=len(outcome.violations),
            waited=slowest[0] if slowest is not None else None,
            turn=slowest[1] if slowest is not None else None,
            first=max(firsts, default=None),
            gap=max(gaps, default=None),
            stalls=round(sum(turn.stalls.value for turn in turns)),
            pages=len(view.parts),
        )

    @property
    def file(self) -> str:
        """The scenario's file; empty where it has none."""
        return self.scenario.partition("::")[0] if "::" in self.scenario else ""

    @property
    def title(self) -> str:
        """What the scenario is called in its file, with its row."""
        title = self.scenario.partition("::")[2] or self.scenario
        return title.replace("[", " [", 1) if title.endswith("]") else title

    def meta(self) -> Html:
        """The element that a page carries it in."""
        told = json.dumps(asdict(self), separators=(",", ":"))
        return tag("meta", name=_NAME, content=told)

    def tiles(self) -> Iterator[tuple[str, str]]:
        """The numbers for the head of the page: what each is, and its value."""
        if self.waited is not None:
            yield "slowest answer", f"{milliseconds(self.waited)} in turn {self.turn}"
        if self.first is not None:
            yield "slowest first token", milliseconds(self.first)
        if self.gap is not None:
            yield "longest gap", milliseconds(self.gap)
            yield "stalls", str(self.stalls)
        yield "rules broken", str(self.rules)


def _wait(turn: TurnMetrics) -> float:
    return turn.answer.value if turn.answer is not None else turn.waited


def milliseconds(seconds: float) -> str:
    """A duration as people read it."""
    return f"{seconds * 1000:,.0f} ms"


def summary_in(page: Path) -> Summary | None:
    """What a file says of its conversation; None where it is not the first page of one.

    Raises:
        OSError: It can't be read.
    """
    with page.open("rb") as file:
        head = file.read(_HEAD).decode("utf-8", "replace")
    found = _META.search(head)
    if found is None:
        return None
    try:
        return Summary(**json.loads(unescape(found[1])))
    except (ValueError, TypeError):  # of another version of the harness
        return None
