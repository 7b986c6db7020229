"""What a conversation came to: the one thing that reporters read.

Execution and reporting are separate; an outcome carries its own true times, so it can be reported at any time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from harness.expectations.rules import Violation
from harness.timeline.timeline import Timeline


class Status(StrEnum):
    """How a step ended, in Allure's words."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Step:
    """A move or an expectation; times are seconds on the conversation's timeline."""

    title: str
    started: float
    ended: float
    status: Status
    message: str = ""
    events: Sequence[int] = ()
    """Places on the timeline of the events that an expectation took."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A conversation as reporters see it: without tokens and personal data.

    Attributes:
        name: What the conversation is called where there are several in a test.
        conversation: The conversation's id at the service.
        target: Name of the target.
        deployment: API name of the deployment it talked to.
        opened_at: Wall-clock time of the timeline's zero, seconds since 1970.
        steps: In the order they were taken.
        violations: Rules of the channel that were broken.
        unclaimed: Places on the timeline of the messages that no expectation took; none where an expectation failed.
        timeline: Everything that happened.
        scenario: The scenario's id, where there is one.
        locale: Of the customer.
        recording: Where it is recorded; empty if nowhere.
    """

    name: str
    conversation: str
    target: str
    deployment: str
    opened_at: float
    timeline: Timeline
    steps: Sequence[Step] = field(default_factory=tuple)
    violations: Sequence[Violation] = field(default_factory=tuple)
    unclaimed: Sequence[int] = field(default_factory=tuple)
    scenario: str = ""
    locale: str = ""
    recording: str = ""

    @property
    def status(self) -> Status:
        """The worst of its steps."""
        ends = {step.status for step in self.steps}
        return next((status for status in (Status.BROKEN, Status.FAILED) if status in ends), Status.PASSED)
