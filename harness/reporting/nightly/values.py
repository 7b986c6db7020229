"""All that is said of a night: frozen values, made when it is judged and the same when they are read again.

Every value of a series is in the unit of its metric, by metrics/names.py; shares are from 0 to 1.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.metrics.regression import Word
from harness.reporting.store.values import Key, Point


@dataclass(frozen=True, slots=True)
class Baseline:
    """The nights that others are compared with, until a person pins others.

    Attributes:
        id: Its number.
        target: Name of the service under test.
        environment: Machine and Python of its nights.
        runs: Its nights, the oldest first.
        pinned_at: When it was pinned, seconds since 1970.
        pinned_by: Who did.
        reason: Why; empty if nothing was said.
        unpinned_at: When it was taken away, or another one took its place; None while it counts.
    """

    id: int
    target: str
    environment: str
    runs: tuple[int, ...]
    pinned_at: float
    pinned_by: str
    reason: str
    unpinned_at: float | None = None

    def __str__(self) -> str:
        """Which it is, in a few words."""
        told = f"{self.runs[0]} to {self.runs[-1]}" if self.runs else "none"
        return f"baseline {self.id} ({len(self.runs)} nights, runs {told})"


@dataclass(frozen=True, slots=True)
class SeriesVerdict:
    """What is said of a series of a night.

    Attributes:
        key: Which series.
        word: What is said.
        tonight: What it came to; `tonight.middle` is what is compared.
        before: What it used to be; None where there are no nights to compare with.
        change: By which share it changed, beyond what all series did; infinite where many turns were never answered;
            None where nothing can be said.
        p: How likely so large a change is by chance, of this series alone; None as above.
        q: The share of false ones among what is at least as unlikely, of all series; None as above.
    """

    key: Key
    word: Word
    tonight: Point
    before: float | None = None
    change: float | None = None
    p: float | None = None
    q: float | None = None


@dataclass(frozen=True, slots=True)
class BudgetVerdict:
    """What is said of a series by the limit that targets.yaml gives it.

    Attributes:
        key: Which series.
        limit: What is still within the budget.
        share: Share of turns that are over it.
        low: At least, by the share's interval of 95 %.
        high: At most.
        is_over: Whether that is certainly more than is allowed.
    """

    key: Key
    limit: float
    share: float
    low: float
    high: float
    is_over: bool


class State(StrEnum):
    """What became of a change point."""

    OPEN = "open"
    GONE = "gone"
    """Later nights took it back."""
    ACCEPTED = "accepted"
    """A person pinned a baseline after it."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A lasting change of a series: something for a ticket, never a failure.

    Attributes:
        id: Its number.
        key: Which series.
        run: The first night that was different, as far as is known.
        before: Mean of the nights before it, without what all series share.
        after: Mean from it on.
        p: How likely so large a difference is by chance.
        seen: The night that first showed it.
        state: What became of it.
    """

    id: int
    key: Key
    run: int
    before: float
    after: float
    p: float
    seen: int
    state: State

    @property
    def change(self) -> float:
        """By which share it changed."""
        return self.after / self.before - 1


@dataclass(frozen=True, slots=True)
class NightVerdict:
    """All that is said of a night.

    Attributes:
        run: Its number.
        target: Name of the service under test.
        baseline: What it was compared with; None where there was nothing.
        again: The run in which its suspects were run once more; None where there were none.
        shared: By which share all series changed together.
        series: What is said of each series, in the order of their names.
        budgets: What is said by budgets; none where the target has none.
        trends: The lasting changes that are open, or were first seen that night.
        notes: What kept it from being compared, or is odd about it; a sentence each.
    """

    run: int
    target: str
    baseline: Baseline | None
    again: int | None
    shared: float
    series: Mapping[Key, SeriesVerdict]
    budgets: tuple[BudgetVerdict, ...] = ()
    trends: tuple[Trend, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> Counter[Word]:
        """How many series each is said of."""
        return Counter(one.word for one in self.series.values())

    def said(self, word: Word) -> tuple[SeriesVerdict, ...]:
        """The series that a word is said of."""
        return tuple(one for one in self.series.values() if one.word is word)

    @property
    def over(self) -> tuple[BudgetVerdict, ...]:
        """The series that are over their budgets."""
        return tuple(one for one in self.budgets if one.is_over)

    @property
    def is_good(self) -> bool:
        """Whether nothing is slower and nothing over its budget."""
        return not self.over and not self.said(Word.SLOWER)
