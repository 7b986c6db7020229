"""A judgement that is pending, and who waits for it: events are judged where they are heard.

To wake somebody for each of them would take as long as judging it. Not here: waiting, and until when (live.py).
"""

from harness.expectations.engine import Judging, Status, Verdict
from harness.scenarios.bell import Bell
from harness.timeline.timeline import Timeline


class Watching:
    """Judges what comes.

    Args:
        judgement: What is judged.
        bell: What wakes who waits.

    Attributes:
        due: Seconds on the timeline when it is to be looked at again at the latest, as far as a timer is set.
        rang: Whether the timer has rung.
    """

    __slots__ = ("_bell", "_judgement", "_trouble", "due", "rang")

    def __init__(self, judgement: Judging, bell: Bell) -> None:
        self._judgement, self._bell = judgement, bell
        self._trouble: Exception | None = None
        self.due: float | None = None
        self.rang = False

    def ring(self) -> None:
        """It is due."""
        self.rang = True
        self._bell.ring()

    def look(self, timeline: Timeline) -> Verdict:
        """Judge what is new.

        Raises:
            Exception: What went wrong with that, also earlier.
        """
        if self._trouble is not None:
            raise self._trouble
        return self._judgement.look(timeline)

    def is_news(self, timeline: Timeline) -> bool:
        """Judge what is new; say whether it matters to who waits."""
        try:
            verdict = self.look(timeline)
        except Exception as error:  # of a matcher, say; it is not the network's
            self._trouble = error
            return True
        return verdict.status is not Status.PENDING or verdict.due != self.due
