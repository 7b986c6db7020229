"""From a store, all that is shown of a run. Not here: what is said of it (nightly/), how it is shown (page.py)."""

from collections.abc import Iterable, Mapping

from harness.metrics.summaries import Sample, is_disturbed
from harness.reporting.latency.values import Heat, Latency, Series, pooled
from harness.reporting.nightly.baselines import pinned
from harness.reporting.nightly.judging import JUDGED, LOOKED_BACK, judge
from harness.reporting.nightly.values import Baseline, NightVerdict, State, Trend
from harness.reporting.nightly.verdicts import read, trends
from harness.reporting.store.history import History
from harness.reporting.store.values import Kept, Key, Kind, Nights


def gather(history: History, number: int, *, budgets: Mapping[str, float] | None = None) -> Latency:
    """All that is shown of a run.

    A night is shown as it was judged. Any other run is compared with the baseline that is pinned, and nothing of that
    is kept.

    Args:
        history: Where it is.
        number: The run's.
        budgets: Limits in seconds by their names in targets.yaml, for a run that was not judged.

    Raises:
        StoreUnusable: There is no such run, or it can't be read.
    """
    run = history.run(number)
    verdict = read(history, number)
    if verdict is None:
        baseline = pinned(history, run.target, run.environment)
        verdict = judge(history, number, baseline=baseline, budgets=budgets or {})
    samples, kept = history.samples(number), history.conversations(number)
    before = _before(history, verdict.baseline) if verdict.series and _is_compared(verdict) else {}
    nights = _nights(history, number, run.target, run.environment)
    lasting = _trends(history, verdict, nights)
    limits = {one.key: one for one in verdict.budgets}
    wanted = [key for key in sorted(samples) if key in verdict.series or key in limits]
    nothing = (None,) * len(nights.nights)
    return Latency(
        run=run,
        verdict=verdict,
        series=tuple(
            Series(
                key=key,
                sample=samples[key],
                verdict=verdict.series.get(key),
                budget=limits.get(key),
                before=before.get(key),
                points=nights.series.get(key, nothing),
                trends=lasting.get(key, ()),
            )
            for key in wanted
        ),
        samples=samples,
        heats=_heats(kept),
        nights=nights.nights,
        conversations=kept,
    )


def _is_compared(verdict: NightVerdict) -> bool:
    return any(one.before is not None for one in verdict.series.values())


def _before(history: History, baseline: Baseline | None) -> dict[Key, Sample]:
    """The values in the nights of a baseline, by series."""
    found: dict[Key, list[Sample]] = {}
    for run in baseline.runs if baseline is not None else ():
        for key, sample in history.samples(run).items():
            if key.metric in JUDGED:
                found.setdefault(key, []).append(sample)
    return {key: pooled(samples) for key, samples in found.items()}


def _nights(history: History, number: int, target: str, environment: str) -> Nights:
    """The nights before a run, and the run."""
    of_target = history.series(
        target, metrics=(), environment=environment, kinds=[Kind.NIGHT], until=number, last=LOOKED_BACK
    )
    runs = {*(night.run for night in of_target.nights), number}
    return history.series(target, metrics=JUDGED, kinds=[*Kind], runs=runs, until=number)


def _trends(history: History, verdict: NightVerdict, nights: Nights) -> dict[Key, tuple[Trend, ...]]:
    """The lasting changes that can be seen in these nights, by series; nothing of those that later nights took back."""
    shown = {night.run for night in nights.nights}
    known = {one.id: one for one in (*trends(history, verdict.target), *verdict.trends)}
    found: dict[Key, tuple[Trend, ...]] = {}
    for one in sorted(known.values(), key=lambda trend: trend.run):
        if one.run in shown and one.state is not State.GONE and one.seen <= verdict.run:
            found[one.key] = (*found.get(one.key, ()), one)
    return found


def _heats(conversations: Iterable[Kept]) -> tuple[Heat, ...]:
    """The gaps of first attempts, without the turns during which the event stream was down."""
    found: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for one in conversations:
        for turn in one.turns if one.attempt == 1 else ():
            if turn.gaps and not turn.is_opening and not is_disturbed(turn.ending, turn.down_ms):
                found.setdefault((one.scenario, one.locale), []).append(turn.gaps)
    return tuple(Heat(*which, tuple(turns)) for which, turns in sorted(found.items()))
