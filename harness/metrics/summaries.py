"""Many values of one metric, and no more said of them than they carry.

Nothing that went wrong is dropped: an answer that never came counts as longer than any limit. What nobody can know is
left out, and counted. A percentile is told from the number of turns on that an interval of it can be had of; the turns
of one conversation are alike, so such intervals go by conversations. Not here: nights, and what changed from one to the
next.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from harness.metrics.binomial import Interval, effective_size, rank_interval, share_interval
from harness.metrics.measuring import Measurements, TurnMetrics
from harness.metrics.names import CHANNEL, TURN, ChannelMetric, Sort, TurnMetric
from harness.metrics.turns import Ending
from harness.timeline.spans import nearest_rank

SHARES = (0.5, 0.9, 0.95, 0.99)
"""Of which a summary tells percentiles."""
_ALWAYS = (0.5, 0.9)
"""These are told without an interval too."""
_MS = 1000.0


class Observed(NamedTuple):
    """A value, and the conversation it is from; as bad as can be where it never came: endless, or a share of none."""

    conversation: str
    value: float


class Estimate(NamedTuple):
    """A percentile or a share.

    Attributes:
        value: What the samples say; infinite where the answers it is about never came.
        interval: What it is with 95 % confidence; None where so few samples can't tell.
    """

    value: float
    interval: Interval | None


class Taken(NamedTuple):
    """What a turn that asks for something says of one metric.

    Attributes:
        conversation: The conversation it is from.
        value: The metric's value, in its unit; None where the turn has none.
        ending: How the wait for an answer ended.
        waited_ms: For how long one was waited for.
        is_disturbed: Whether what it measures is not the other side's.
    """

    conversation: str
    value: float | None
    ending: Ending
    waited_ms: float
    is_disturbed: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """The values of one metric in many turns, or of the channel in many conversations.

    Attributes:
        metric: What was measured.
        observed: The values.
        censored: How many of them never came.
        left_out: Turns of which nobody can know: the user went on, the event stream was down, the message was refused.
            Of the channel, what had begun and did not come to it.
    """

    metric: TurnMetric | ChannelMetric
    observed: tuple[Observed, ...]
    censored: int
    left_out: int

    @property
    def n(self) -> int:
        """How many turns it says something about."""
        return len(self.observed)

    @property
    def values(self) -> list[float]:
        """The values, the best first."""
        return sorted((one.value for one in self.observed), reverse=self.metric.better == "more")

    @property
    def middle(self) -> float:
        """Mean of the middle half of the values: steadier from night to night than the median, and as deaf to a few.

        Infinite where more than a quarter of the turns that less is better of never came.

        Raises:
            ValueError: There are no values.
        """
        values = self.values
        cut = len(values) // 4
        return fmean(values[cut : len(values) - cut])

    def percentile(self, share: float) -> Estimate | None:
        """The value that so large a share of the turns, from 0 to 1, is at least as good as.

        Returns:
            None where so few turns can't tell: no turn at all, or, but for the median and 0.9, no interval.
        """
        if not self.observed:
            return None
        sign = -1.0 if self.metric.better == "more" else 1.0
        value = sign * nearest_rank((sign * one.value for one in self.observed), share)
        interval = self._around(share, value, sign)
        return Estimate(value, interval) if interval is not None or share in _ALWAYS else None

    def _around(self, share: float, value: float, sign: float) -> Interval | None:
        alike = effective_size((one.conversation, sign * one.value <= sign * value) for one in self.observed)
        ranks = rank_interval(share, math.floor(alike + 1e-9))
        if ranks is None:
            return None
        each = self.n / math.floor(alike + 1e-9)
        good, bad = math.floor((ranks[0] - 1) * each), min(self.n, math.ceil(ranks[1] * each)) - 1
        values = self.values
        return Interval(*sorted((values[good], values[bad])))

    def over(self, limit: float) -> Estimate | None:
        """Which share of the turns is worse than a limit; None where there are none."""
        sign = -1.0 if self.metric.better == "more" else 1.0
        return share_of((one.conversation, sign * one.value > sign * limit) for one in self.observed)


def share_of(samples: Iterable[tuple[str, bool]]) -> Estimate | None:
    """Which share of samples is true.

    Args:
        samples: The conversation each is from, and whether it is.

    Returns:
        None where there are none.
    """
    told = list(samples)
    if not told:
        return None
    share = sum(hit for _, hit in told) / len(told)
    alike = effective_size(told)
    return Estimate(share, share_interval(share * alike, alike))


def sample(metric: TurnMetric, conversations: Mapping[str, Measurements]) -> Sample:
    """The values of a metric in the turns of conversations; their openings, which ask nothing, are not among them.

    Of a turn in which the user went on before there was an answer it is taken that there would have been none if they
    had waited longer than half of the answers took: a test that gives up a bot that hangs goes on too.

    Args:
        metric: What is asked for.
        conversations: What each measured, by an id.
    """

    def taken(conversation: str, turn: TurnMetrics) -> Taken:
        value = metric.read(turn)
        waited, disturbed = turn.waited * _MS, is_disturbed(turn.ending, turn.down)
        return Taken(conversation, None if value is None else value.value, turn.ending, waited, disturbed)

    return sample_of(metric, (taken(*question) for question in _questions(conversations)))


def sample_of(metric: TurnMetric, questions: Iterable[Taken]) -> Sample:
    """As `sample`, from what has been read of the turns already."""
    known: list[Observed] = []
    never: list[Observed] = []
    overtaken: list[tuple[str, float]] = []
    left_out = 0
    worst = 0.0 if metric.better == "more" else math.inf
    for one in questions:
        unfinished = one.ending is Ending.CENSORED
        if one.is_disturbed:
            left_out += 1
        elif one.value is not None and not (unfinished and metric.sort is Sort.STREAM):
            known.append(Observed(one.conversation, one.value))
        elif unfinished and (one.value is not None or metric.sort is Sort.WAIT):
            never.append(Observed(one.conversation, worst))
        elif one.ending is Ending.OVERTAKEN and metric.sort is Sort.WAIT:
            overtaken.append((one.conversation, one.waited_ms))
    if not known and metric.name != "answer_ms":
        return Sample(metric, (), 0, left_out)  # nothing says that these conversations have such a thing
    usual = nearest_rank((one.value for one in known), 0.5) if known else math.inf
    never += [Observed(conversation, worst) for conversation, waited in overtaken if waited > usual]
    left_out += sum(waited <= usual for _, waited in overtaken)
    return Sample(metric, (*known, *never), len(never), left_out)


def summary(conversations: Mapping[str, Measurements]) -> dict[str, Sample]:
    """A sample of every metric that the turns of conversations have values of, by name."""
    samples = {name: sample(metric, conversations) for name, metric in TURN.items()}
    return {name: one for name, one in samples.items() if one.n}


def channel(conversations: Mapping[str, Measurements]) -> dict[str, Sample]:
    """A sample of everything that the channel did in conversations, by name."""
    found: dict[str, Sample] = {}
    for name, metric in CHANNEL.items():
        read = [(conversation, value) for conversation, one in conversations.items() for value in metric.read(one)]
        observed = tuple(Observed(conversation, value.value) for conversation, value in read if value is not None)
        if observed:
            found[name] = Sample(metric, observed, 0, len(read) - len(observed))
    return found


@dataclass(frozen=True, slots=True)
class Goodput:
    """Which turns were good in every respect that limits were given for.

    Attributes:
        share: Of the turns that can be judged; None where there are none.
        good: How many were.
        n: How many can be judged.
        unfinished: How many of those had no answer, or none that was finished; they are never good.
        left_out: How many can't: see `Sample.left_out`.
        broken: How many turns broke each limit, by the metric's name.
    """

    share: Estimate | None
    good: int
    n: int
    unfinished: int
    left_out: int
    broken: Mapping[str, int]


def goodput(conversations: Mapping[str, Measurements], limits: Mapping[str, float]) -> Goodput:
    """Judge turns by limits: the worst value of each metric that is still good.

    A turn without an answer breaks the limit of every wait that never ended, and is not good whatever the limits; what
    an answered turn does not have, such as gaps where nothing was streamed, is not asked of it.

    Args:
        conversations: What each measured, by an id.
        limits: By the metrics' names, in their units.

    Raises:
        ValueError: There is no such metric, or it is neither better nor worse.
    """
    for name in limits:
        if name not in TURN or TURN[name].better == "neither":
            raise ValueError(f"{name!r} has no limit; these have: {', '.join(limited())}")
    judged: list[tuple[str, bool]] = []
    broken = dict.fromkeys(limits, 0)
    unfinished = left_out = 0
    for conversation, turn in _questions(conversations):
        too_bad = [name for name, limit in limits.items() if _breaks(TURN[name], turn, limit)]
        if is_disturbed(turn.ending, turn.down) or (turn.ending is Ending.OVERTAKEN and not too_bad):
            left_out += 1
            continue
        unfinished += turn.ending is Ending.CENSORED
        judged.append((conversation, not too_bad and turn.ending is Ending.ANSWERED))
        for name in too_bad:
            broken[name] += 1
    good = sum(hit for _, hit in judged)
    return Goodput(share_of(judged), good, len(judged), unfinished, left_out, broken)


def limited() -> tuple[str, ...]:
    """The names of the metrics that a limit can be given for."""
    return tuple(name for name, metric in TURN.items() if metric.better != "neither")


def _breaks(metric: TurnMetric, turn: TurnMetrics, limit: float) -> bool:
    value = metric.read(turn)
    if value is not None and not (turn.ending is Ending.CENSORED and metric.sort is Sort.STREAM):
        return value.value < limit if metric.better == "more" else value.value > limit
    if turn.ending is Ending.OVERTAKEN:
        return metric.sort is Sort.WAIT and turn.waited * _MS > limit
    return turn.ending is Ending.CENSORED and (value is not None or metric.sort is Sort.WAIT)


def _questions(conversations: Mapping[str, Measurements]) -> Iterator[tuple[str, TurnMetrics]]:
    for conversation, measured in conversations.items():
        for turn in measured.turns:
            if not turn.is_opening:
                yield conversation, turn


def is_disturbed(ending: Ending, down: float) -> bool:
    """Whether what a turn measures is not the other side's: nothing was heard for a time, or nothing was asked."""
    return down > 0.0 or ending is Ending.REFUSED
