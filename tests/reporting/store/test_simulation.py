"""Thirty nights through the real store: how often what is said of them is wrong, and what is missed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.metrics.binomial import share_interval
from harness.metrics.regression import Word
from harness.reporting.nightly.baselines import pin, pinned
from harness.reporting.nightly.judging import changes, chosen_again, judge, judge_again
from harness.reporting.nightly.values import NightVerdict, State
from harness.reporting.nightly.verdicts import keep, read
from harness.reporting.store.store import Store
from harness.reporting.store.values import Key, Kind
from tests.reporting.store.simulated import Name, Service, write

STEPPED = (Name("s0", "ttft_ms"), Name("s4", "answer_ms"), Name("s7", "gap_max_ms"))


def named(keys: Iterable[Key]) -> set[Name]:
    """Series as the simulation knows them."""
    return {Name(key.scenario, key.metric) for key in keys}


@dataclass
class Count:
    """What was said of nights after a step.

    Attributes:
        nights: How many there were.
        first: Of series that had changed, how often each was suspect at first sight.
        slower: And slower in both runs.
        trends: How many had shown an open change point, by nights since the step.
        false_first: Nights with a suspect that had not changed.
        false: Nights with a series called slower that had not.
        series: Such series.
        made_up: Change points of series that had not changed.
        shown: Series that have shown one since the last step.
    """

    nights: int = 0
    first: int = 0
    slower: int = 0
    trends: Counter[int] = field(default_factory=Counter)
    false_first: int = 0
    false: int = 0
    series: int = 0
    made_up: int = 0
    shown: set[Name] = field(default_factory=set)

    def add(self, since: int, first: NightVerdict, told: NightVerdict, stepped: set[Name]) -> None:
        """Count a night."""
        suspects, slower = (
            named(one.key for one in verdict.said(word))
            for verdict, word in ((first, Word.SUSPECT), (told, Word.SLOWER))
        )
        self.nights += 1
        self.first += len(suspects & stepped)
        self.slower += len(slower & stepped)
        self.false_first += bool(suspects - stepped)
        self.false += bool(slower - stepped)
        self.series += len(slower - stepped)
        self.shown = self.shown if since > 1 else set()
        self.shown |= named(one.key for one in told.trends if one.state is State.OPEN) & stepped
        self.trends[since] += len(self.shown)
        self.made_up += sum(
            one.seen == told.run for one in told.trends if Name(one.key.scenario, one.key.metric) not in stepped
        )


def simulate(
    store: Store, service: Service, stepped: Iterable[Name], factor: float, *, before: int, after: int, count: Count
) -> None:
    """Nights without a change, a person who pins them, and nights after some series have changed."""
    stepped = set(stepped)
    for number in range(before):
        run = write(store, service.night(), number=number)
        keep(store, judge(store, run, baseline=None, budgets={}), changes(store, run))
    pin(store, target="sandbox", by="somebody")
    service.slower = dict.fromkeys(stepped, factor)
    for since in range(1, after + 1):
        run = write(store, service.night(), number=before + since)
        environment = store.run(run).environment
        first = told = judge(store, run, baseline=pinned(store, "sandbox", environment), budgets={})
        if first.said(Word.SUSPECT):
            again = write(store, service.again(chosen_again(first)), number=before + since, kind=Kind.AGAIN)
            told = judge_again(store, first, again)
        count.add(since, first, keep(store, told, changes(store, run)), stepped)


def test_a_few_nights_through_the_store(where: str) -> None:
    """A step by a half is slower the same night and an open trend soon; nothing else is slower."""
    count = Count()
    stepped = STEPPED[:1]
    with Store(where) as store:
        simulate(store, Service("a few", 4, 30), stepped, 1.5, before=10, after=4, count=count)
        assert (count.nights, count.slower, count.false) == (4, 4, 0)
        assert count.trends[4] == 1
        baseline = _read(store)[-1].baseline
        assert baseline is not None
        assert baseline.runs == tuple(range(1, 11))


def _read(store: Store) -> list[NightVerdict]:
    found = [read(store, run.id) for run in store.runs()]
    return [verdict for verdict in found if verdict is not None]


@pytest.mark.soak
def test_thirty_nights_by_sixty_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A step of 20 %, or of 8 %, in three of sixty: at least as good as the study, as far as so many nights tell."""
    services, before, after = 12, 20, 10
    counts = {factor: Count() for factor in (1.2, 1.08)}
    for factor, count in counts.items():
        for number in range(services):
            with Store(str(tmp_path / f"{factor}-{number}.db")) as store:
                service = Service(f"thirty nights {factor} {number}")
                simulate(store, service, STEPPED, factor, before=before, after=after, count=count)
    nights, changed = services * after * len(counts), services * len(STEPPED)
    unchanged = nights * (60 - len(STEPPED))
    fifth, twelfth = counts[1.2], counts[1.08]
    false = [sum(getattr(count, name) for count in counts.values()) for name in ("false_first", "false", "series")]
    bad = [
        ("nights with a false alarm, at first sight", false[0], nights, 0.05),
        ("nights with a false alarm, confirmed", false[1], nights, 0.05),
        ("false alarms a series and night, confirmed", false[2], unchanged, 0.0009),
        ("trends made up, a series and night", sum(count.made_up for count in counts.values()), unchanged, 0.003),
    ]
    good = [
        ("+20 %: suspect on a night", fifth.first, changed * after, 0.60),
        ("+20 %: slower on a night, confirmed", fifth.slower, changed * after, 0.50),
        ("+20 %: trend by night 3", fifth.trends[3], changed, 0.96),
        ("+20 %: trend by night 7", fifth.trends[7], changed, 1.00),
        ("+8 %: suspect on a night", twelfth.first, changed * after, 0.04),
        ("+8 %: trend by night 3", twelfth.trends[3], changed, 0.27),
        ("+8 %: trend by night 7", twelfth.trends[7], changed, 0.62),
    ]
    worse = []
    with capsys.disabled():
        print(f"\n{'':<46}{'here':>8}{'interval of 95 %':>20}{'study':>8}")  # noqa: T201 - what this is for
        for what, hits, of, study in (*bad, *good):
            low, high = share_interval(hits, of)
            print(f"{what:<46}{hits / of:>8.2%}{low:>10.2%}{high:>10.2%}{study:>8.2%}")  # noqa: T201 - as above
            worse += [what] if (low > study if (what, hits, of, study) in bad else high < study) else []
    assert worse == [], "certainly worse than the study"
