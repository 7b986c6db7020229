"""The conversations of a run on one screen."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from harness.events import Move, Received
from harness.expectations.rules import Severity
from harness.scenarios.outcome import Outcome, Status

_SHOWN = 160
"""Characters shown of what a rule was broken by."""


@dataclass(slots=True)
class Broken:
    """A rule that only warns: in how many conversations it was broken, and the first example."""

    conversations: int
    where: str
    what: str


@dataclass(slots=True)
class Sums:
    """What conversations came to, added up, so that they need not be kept themselves.

    Attributes:
        ends: Conversations by how they ended.
        received: Events of the other side by kind.
        moves: Moves of the users.
        doubts: How far back each arrival may lie, in seconds.
        unclaimed: Messages that no expectation took, of every conversation that has any.
        broken: Rules that only warn, by name.
    """

    ends: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    moves: int = 0
    doubts: list[float] = field(default_factory=list)
    unclaimed: list[int] = field(default_factory=list)
    broken: dict[str, Broken] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Add a conversation."""
        self.ends[str(outcome.status)] += 1
        for event in outcome.timeline:
            if isinstance(event, Received):
                self.received[event.kind] += 1
                self.doubts.append(event.doubt)
            self.moves += isinstance(event, Move)
        if outcome.unclaimed:
            self.unclaimed.append(len(outcome.unclaimed))
        warnings = [one for one in outcome.violations if one.severity is Severity.WARN]
        for rule, what in {one.rule: one.what for one in reversed(warnings)}.items():
            self._break(rule, Broken(1, outcome.scenario or outcome.name, what))

    def join(self, other: "Sums") -> None:
        """Add the conversations of other sums."""
        self.ends += other.ends
        self.received += other.received
        self.moves += other.moves
        self.doubts += other.doubts
        self.unclaimed += other.unclaimed
        for rule, broken in other.broken.items():
            self._break(rule, broken)

    def _break(self, rule: str, broken: Broken) -> None:
        if rule in self.broken:
            self.broken[rule].conversations += broken.conversations
        else:
            self.broken[rule] = broken

    def packed(self) -> dict[str, Any]:
        """The sums as plain values, for another process."""
        return {**asdict(self), "ends": dict(self.ends), "received": dict(self.received)}

    @classmethod
    def unpacked(cls, plain: Mapping[str, Any]) -> Self:
        """Sums from what `packed` gave; from nothing, none."""
        given = dict(plain)
        for name in ("ends", "received"):
            given[name] = Counter(given.get(name, {}))
        given["broken"] = {rule: Broken(**one) for rule, one in given.get("broken", {}).items()}
        return cls(**given)

    def lines(self) -> list[str]:
        """What the conversations came to, in a few lines, safe to print; none if there were no conversations."""
        if not self.ends:
            return []
        told = ", ".join(f"{self.ends[status]} {status}" for status in Status if self.ends[status])
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.received.items(), key=lambda one: -one[1]))
        lines = [
            f"conversations  {self.ends.total()}: {told}",
            f"moves          {self.moves} by the user, {self.received.total()} events in answer",
            f"events         {kinds or 'none'}",
        ]
        if self.doubts:
            doubts = sorted(self.doubts)
            middle, worst = doubts[len(doubts) // 2] * 1000, doubts[-1] * 1000
            lines.append(f"arrival times  known to {middle:.1f} ms (median), {worst:.1f} ms (worst)")
        if self.unclaimed:
            conversations = _counted(len(self.unclaimed), "conversation")
            told = f"{_counted(sum(self.unclaimed), 'message')} in {conversations} that no expectation took"
            lines.append(f"unclaimed      {told}")
        return [*lines, *self._warnings()]

    def _warnings(self) -> Iterator[str]:
        """Two lines a rule: in how many conversations it was broken, and the first example."""
        head = "warnings"
        for rule, broken in sorted(self.broken.items(), key=lambda one: -one[1].conversations):
            yield f"{head:<14} {rule} in {_counted(broken.conversations, 'conversation')}, first in {broken.where}:"
            yield f"{'':<17}{broken.what[:_SHOWN]}{'…' if len(broken.what) > _SHOWN else ''}"
            head = ""


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """What the conversations of a run came to.

    Returns:
        A few lines, safe to print; none if there were no conversations.
    """
    sums = Sums()
    for outcome in outcomes:
        sums.add(outcome)
    return sums.lines()


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
