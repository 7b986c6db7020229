"""A recorded conversation's outcome as it was when it was recorded: nothing is judged again, no scenario is needed.

What was taken out of the recording stays out: nothing is put back that would have to be taken out again. Not here:
judging by what a scenario expects today (recorded.py), reading a recording to be judged (recording.py).
"""

import re
from pathlib import Path

from harness.expectations.rules import check
from harness.scenarios.outcome import Outcome, Status, Step
from harness.timeline.archive import Recording, read_recording
from harness.timeline.redaction import Redactor

_LITERAL = re.compile(r"\[(persona|env)\.=")
"""How a text that begins like a placeholder, and is none, is written."""


class _AsWritten(Redactor):
    """Puts nothing back; what had a placeholder in it when it was written has it again."""

    def restore(self, text: str) -> str:
        """The text as people read it."""
        return _LITERAL.sub(r"[\1.", text)


def read_as_written(path: Path) -> Recording:
    """Read a recording without the personal data that were taken out of it.

    Raises:
        RecordingUnreadable: As `read_recording` does.
    """
    return read_recording(path, lambda *_: _AsWritten())


def remembered(recording: Recording) -> Outcome:
    """What a recorded conversation came to.

    The steps are the recorded ones. Rules are checked again, by the limits and severities of the rule book, as a
    recording does not hold what its scenario waived. Which messages nobody expected is not known. A recording that is
    cut off is broken, and says so in a last step.

    Args:
        recording: As `read_as_written` gives it.
    """
    header = recording.header
    steps = [
        Step(step.title, step.started, step.ended, Status(step.status), step.message, step.events)
        for step in recording.steps
    ]
    if recording.truncated is not None:
        at = max((step.ended for step in steps), default=0.0)
        steps.append(Step("read the recording to its end", at, at, Status.BROKEN, recording.truncated))
    return Outcome(
        name=header.name,
        conversation=header.conversation,
        target=header.target,
        deployment=header.deployment,
        opened_at=header.opened_at,
        timeline=recording.timeline,
        steps=tuple(steps),
        violations=check(recording.timeline),
        scenario=header.scenario,
        locale=header.locale,
        recording=str(recording.path),
    )
