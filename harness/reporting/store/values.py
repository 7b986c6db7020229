"""What is handed to the store and what it hands back: frozen values, nothing of the database.

Times of day are seconds since 1970; every metric is in its unit, by its name in metrics/names.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from harness.metrics.turns import Ending
from harness.scenarios.outcome import Outcome, Status


class Kind(StrEnum):
    """What a run was for."""

    RUN = "run"
    """Whatever somebody wanted to know."""
    NIGHT = "night"
    """To be compared with other nights: `harness nightly`."""
    AGAIN = "again"
    """The suspects of a night once more; never a night itself."""


class Told(BaseModel):
    """What a run leaves for whoever started it.

    Attributes:
        run: Its number; 0 where no history is kept.
        target: Name of the service under test.
        budgets: What is within them, in seconds, by their names in targets.yaml.
        history: Where it is kept, as it is shown; empty where it is not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: int
    target: str
    budgets: dict[str, float]
    history: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """A scenario that was reported, to be kept.

    Attributes:
        scenario: Its id, without the repetition.
        status: How it ended.
        started_at: When it began.
        lasted: Seconds that it took.
        repetition: Which of several; 0 if it is the only one.
        attempt: Which attempt it is, from 1.
        excused: Whether its failure does not count.
        why: What did not hold, in a line without anything private; of a flaky one, at first.
        outcomes: Its conversations.
    """

    scenario: str
    status: Status
    started_at: float
    lasted: float
    repetition: int = 0
    attempt: int = 1
    excused: bool = False
    why: str = ""
    outcomes: Sequence[Outcome] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it was kept.

    Attributes:
        id: Its number.
        kind: What it was for.
        started_at: When it began.
        ended_at: When it ended; None while it goes on, and for ever if it was killed.
        exit_code: pytest's; None as above.
        target: Name of the service under test.
        version: What was under test there, as the run was told; empty if it was not.
        environment: Machine and Python.
        harness: Version of the harness.
        note: What went wrong with keeping it; empty if nothing.
        results: How many scenarios ended how; those that are excused count as `excused`.
        conversations: How many there were.
    """

    id: int
    kind: Kind
    started_at: float
    ended_at: float | None
    exit_code: int | None
    target: str
    version: str
    environment: str
    harness: str
    note: str
    results: Mapping[str, int]
    conversations: int

    @property
    def scenarios(self) -> int:
        """How many scenarios were reported."""
        return sum(self.results.values())


class Turn(NamedTuple):
    """A turn as it was kept.

    Attributes:
        number: Which turn; the opening is 0.
        words: What the user said, as the reports show it.
        is_opening: Whether it is the opening.
        ending: How the wait for an answer ended.
        waited_ms: For how long one was waited for.
        down_ms: Of that, without an event stream.
        values: Its metrics.
        gaps: Every gap between chunks, milliseconds to one decimal.
    """

    number: int
    words: str
    is_opening: bool
    ending: Ending
    waited_ms: float
    down_ms: float
    values: Mapping[str, float]
    gaps: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation as it was kept.

    Attributes:
        scenario: Id of its scenario.
        repetition: Which of several; 0 if it is the only one.
        attempt: Which attempt of the scenario it is of.
        name: What it is called where there are several.
        conversation: Its id at the service.
        deployment: API name of the deployment.
        locale: Of the customer.
        opened_at: When it was opened.
        status: How it ended.
        violations: How many rules of the channel were broken.
        unclaimed: How many messages no expectation took.
        recording: Where it is recorded, as the run was told; empty if nowhere.
        turns: In their order.
        channel: What the channel did, by metric; None for what did not come to it.
    """

    scenario: str
    repetition: int
    attempt: int
    name: str
    conversation: str
    deployment: str
    locale: str
    opened_at: float
    status: Status
    violations: int
    unclaimed: int
    recording: str
    turns: tuple[Turn, ...] = ()
    channel: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """A scenario's result as it was kept; the attributes are those of `Reported`."""

    scenario: str
    repetition: int
    status: Status
    excused: bool
    attempt: int
    started_at: float
    lasted: float
    why: str


class Key(NamedTuple):
    """Which series: one number a night."""

    target: str
    scenario: str
    locale: str
    metric: str


class Point(NamedTuple):
    """What a series came to in a run, in the metric's unit.

    Attributes:
        n: Turns it says something about; of the channel, how often it happened.
        censored: How many of them were never answered.
        left_out: Turns of which nobody can know.
        middle: Mean of the middle half, which is compared from night to night; infinite where more than a quarter were
            never answered.
        p50: Median; infinite where that many were never answered.
        p90: What nine of ten are at least as good as.
    """

    n: int
    censored: int
    left_out: int
    middle: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Night:
    """A run that ended, as one point of every series.

    Attributes:
        run: Its number.
        started_at: When it began.
        version: What was under test, as the run was told.
        environment: Machine and Python.
    """

    run: int
    started_at: float
    version: str
    environment: str


@dataclass(frozen=True, slots=True)
class Nights:
    """Series over nights; the nights of all are the same ones, in the same places.

    Attributes:
        nights: The oldest first.
        series: A point a night; None for a night without one.
    """

    nights: tuple[Night, ...]
    series: Mapping[Key, tuple[Point | None, ...]]


class Slow(NamedTuple):
    """A turn that was bad by some metric.

    Attributes:
        value: The metric's value, in its unit.
        scenario: Id of its scenario.
        conversation: Id of its conversation at the service.
        turn: Its number in there.
        words: What the user said.
        recording: Where it is recorded; empty if nowhere.
    """

    value: float
    scenario: str
    conversation: str
    turn: int
    words: str
    recording: str
