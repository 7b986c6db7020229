"""Judging a night: each of its series by the baseline, by the budgets, and by where it came from.

The words are those of metrics/regression.py. What keeps a night from being compared is a sentence among its notes, and
all else is still said. Not here: keeping what was said (verdicts.py), running suspects again (cli/nightly.py).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import fmean

from harness.metrics.change_points import ChangePoint, change_points
from harness.metrics.regression import (
    DEFAULT,
    Night,
    Rules,
    Series,
    Verdict,
    Word,
    compare,
    confirm,
    over_budget,
    without_shared,
)
from harness.reporting.nightly.values import Baseline, BudgetVerdict, NightVerdict, SeriesVerdict
from harness.reporting.store.history import History
from harness.reporting.store.values import Key, Kind, Point, Run

JUDGED = ("greeting_ms", "ack_ms", "ttft_ms", "ttlt_ms", "answer_ms", "gap_max_ms")
"""The metrics that are compared from night to night: times of which less is better."""

BUDGETED: Mapping[str, str] = {
    "greeting": "greeting_ms",
    "join": "joined_ms",
    "first_token": "ttft_ms",
    "gap": "gap_max_ms",
    "reply": "answer_ms",
}
"""What the budgets of targets.yaml are about."""

LOOKED_BACK = 120
"""Nights in which lasting changes are looked for."""

_MS = 1000.0
_CONTROLS = 3
"""Scenarios beside the suspects that are played again, at least."""
_NEAR = 50
"""Runs among which the one before is looked for."""
_TOLERATED = 60.0
"""Seconds by which the clocks of two machines may differ before it is told."""


def judge(
    history: History,
    number: int,
    *,
    baseline: Baseline | None,
    budgets: Mapping[str, float],
    rules: Rules = DEFAULT,
) -> NightVerdict:
    """Judge a night by itself; what looks slower is suspect until it has been run again.

    Args:
        history: Where its runs are.
        number: The night's.
        baseline: What it is compared with; nothing if None.
        budgets: Limits in seconds by their names in targets.yaml.
        rules: When a change is told.

    Raises:
        StoreUnusable: There is no such run, or it can't be read.
    """
    run = history.run(number)
    notes = list(_clock(history, run))
    points = history.series(run.target, metrics=JUDGED, kinds=[*Kind], runs=[number])
    tonight = {key: point for key, (point,) in points.series.items() if point is not None}
    shared = 0.0
    if baseline is None or (problem := _incomparable(run, baseline)):
        word = Word.LEARNING if baseline is None or baseline.target != run.target else Word.ENVIRONMENT
        told = {key: SeriesVerdict(key, word, point) for key, point in tonight.items()}
        notes.append(problem if baseline is not None else _none(history, run, rules))
    else:
        night = _compared(history, run, baseline, rules)
        told, shared = night.series, night.shared
        if new := sum(one.word is Word.LEARNING for one in told.values()):
            notes.append(
                f"{new} of {len(told)} series have fewer than {rules.learn} nights in {baseline}; pin a newer one to "
                "have them compared"
            )
        if abs(shared) > rules.shared:
            notes.append(
                f"all series together changed by {shared:+.0%}: that is the machine or the way to the target, so "
                "nothing is said of any of them"
            )
    return NightVerdict(
        run=number,
        target=run.target,
        baseline=baseline,
        again=None,
        shared=shared,
        series=told,
        budgets=_budgeted(history, number, budgets),
        notes=tuple(notes),
    )


def chosen_again(verdict: NightVerdict) -> tuple[str, ...]:
    """The scenarios to play again: those of the suspects, and others by which it is known what the machine does."""
    suspects = dict.fromkeys(one.key.scenario for one in verdict.said(Word.SUSPECT))
    others = (key.scenario for key, one in verdict.series.items() if one.word is Word.SAME)
    controls = [name for name in dict.fromkeys(others) if name not in suspects]
    return (*suspects, *controls[: max(_CONTROLS, 2 * len(suspects))])


def judge_again(history: History, first: NightVerdict, again: int, *, rules: Rules = DEFAULT) -> NightVerdict:
    """What is said once the suspects have been run again: slower is what looked slower twice.

    Args:
        history: Where its runs are.
        first: What was said of the night by itself.
        again: The run of its suspects; beside them it has scenarios that are not, by which the machine is known.
        rules: When a change is told.

    Raises:
        StoreUnusable: There is no such run, or it can't be read.
    """
    if first.baseline is None:
        return replace(first, again=again)
    second = _compared(history, history.run(again), first.baseline, rules)
    told = confirm(_night(first.shared, first.series), _night(second.shared, second.series))
    series = {key: replace(one, word=told[str(key)].word) for key, one in first.series.items()}
    notes = first.notes
    if left := sum(one.word is Word.SUSPECT for one in series.values()):
        suspects = len(first.said(Word.SUSPECT))
        notes = (*notes, f"{left} of {suspects} suspects could not be confirmed by run {again}, nor cleared")
    return replace(first, again=again, series=series, notes=notes)


def _night(shared: float, series: Mapping[Key, SeriesVerdict]) -> Night:
    """As the statistics know it."""
    told = {str(key): Verdict(one.word, one.before, one.change, one.p, one.q) for key, one in series.items()}
    return Night(shared, told)


@dataclass(frozen=True, slots=True)
class _Compared:
    shared: float
    series: dict[Key, SeriesVerdict]


def _compared(history: History, run: Run, baseline: Baseline, rules: Rules) -> _Compared:
    """A run by the nights of a baseline."""
    kinds, metrics = [*Kind], JUDGED
    before = history.series(run.target, metrics=metrics, kinds=kinds, runs=baseline.runs)
    tonight = history.series(run.target, metrics=metrics, kinds=kinds, runs=[run.id])
    nothing = (None,) * len(before.nights)
    points = {key: point for key, (point,) in tonight.series.items() if point is not None}
    series = {
        key: Series(key.metric, [*map(_middle, before.series.get(key, nothing))], point.middle, point.n)
        for key, point in points.items()
    }
    night = compare({str(number): series[key] for number, key in enumerate(series) if _is_finite(series[key])}, rules)
    told: dict[Key, SeriesVerdict] = {}
    for number, (key, one) in enumerate(series.items()):
        verdict = night.verdicts.get(str(number)) or _never_answered(one, rules)
        told[key] = SeriesVerdict(key, verdict.word, points[key], verdict.before, verdict.change, verdict.p, verdict.q)
    return _Compared(night.shared, told)


def _middle(point: Point | None) -> float | None:
    return point.middle if point is not None and math.isfinite(point.middle) else None


def _is_finite(series: Series) -> bool:
    return math.isfinite(series.tonight)


def _never_answered(series: Series, rules: Rules) -> Verdict:
    """What is said where many turns had no answer: nothing to calculate with, and slower than any night."""
    known = [value for value in series.nights if value is not None]
    if len(known) < rules.learn:
        return Verdict(Word.LEARNING, fmean(known) if known else None)
    return Verdict(Word.SUSPECT if series.turns >= rules.turns else Word.TOO_FEW, fmean(known), math.inf)


def _none(history: History, run: Run, rules: Rules) -> str:
    nights = history.series(
        run.target, metrics=(), kinds=[Kind.NIGHT], environment=run.environment, until=run.id
    ).nights
    return (
        f"no baseline of {run.target!r} is pinned, so nothing is compared; `harness baseline pin` pins the nights so "
        f"far, {rules.learn} or more (there are {len(nights)})"
    )


def _incomparable(run: Run, baseline: Baseline) -> str:
    """Why a run can't be compared with a baseline; empty if it can."""
    if baseline.target != run.target:
        return (
            f"{baseline} is of the target {baseline.target!r} and run {run.id} of {run.target!r}, so nothing is "
            "compared"
        )
    if baseline.environment != run.environment:
        return (
            f"{baseline} is of another machine ({baseline.environment}; run {run.id} is of {run.environment}), so "
            "nothing is compared; pin one of this machine once it has nights"
        )
    return ""


def _clock(history: History, run: Run) -> Iterator[str]:
    """What is odd about the clock."""
    if run.ended_at is not None and run.ended_at < run.started_at:
        yield f"the machine's clock was put back by {run.started_at - run.ended_at:.0f} s or more during run {run.id}"
    earlier = [one for one in history.runs(target=run.target, last=_NEAR) if one.id < run.id]
    if earlier and run.started_at < (before := earlier[-1]).started_at - _TOLERATED:
        yield (
            f"by its clock run {run.id} began {before.started_at - run.started_at:.0f} s before run {before.id}, which "
            "is in the store already; nights are taken in the order of their numbers"
        )


def _budgeted(history: History, number: int, budgets: Mapping[str, float]) -> tuple[BudgetVerdict, ...]:
    limits = {BUDGETED[name]: seconds * _MS for name, seconds in budgets.items()}
    found = []
    for key, sample in sorted(history.samples(number).items()):
        if key.metric in limits and (over := sample.over(limits[key.metric])) is not None and over.interval is not None:
            limit = limits[key.metric]
            found.append(BudgetVerdict(key, limit, over.value, *over.interval, over_budget(sample, limit)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Change:
    """A lasting change as the nights up to now show it.

    Attributes:
        key: Which series.
        run: The first night that was different.
        point: How different; without what all series share.
    """

    key: Key
    run: int
    point: ChangePoint


def changes(history: History, number: int) -> tuple[Change, ...]:
    """The lasting changes in the nights up to one, of the same target, machine and Python.

    Raises:
        StoreUnusable: There is no such run, or it can't be read.
    """
    run = history.run(number)
    nights = history.series(
        run.target,
        metrics=JUDGED,
        environment=run.environment,
        kinds=[Kind.NIGHT],
        until=number,
        last=LOOKED_BACK,
    )
    values = {str(place): [*map(_middle, points)] for place, points in enumerate(nights.series.values())}
    alone = without_shared(values)
    found = []
    for place, key in enumerate(nights.series):
        known = [
            (night.run, value) for night, value in zip(nights.nights, alone.get(str(place), ()), strict=False) if value
        ]
        found += [Change(key, known[one.place][0], one) for one in change_points([value for _, value in known])]
    return tuple(found)
