"""What is said of nights: by which baseline, why not, once more, over which budgets, and that it is kept."""

from pathlib import Path

import pytest

from harness.metrics.regression import Word
from harness.reporting.nightly.baselines import baselines, pin, pinned, unpin
from harness.reporting.nightly.comparing import compare_runs
from harness.reporting.nightly.judging import changes, chosen_again, judge, judge_again
from harness.reporting.nightly.values import Baseline, State
from harness.reporting.nightly.verdicts import keep, read, trends
from harness.reporting.store.place import StoreUnusable
from harness.reporting.store.store import Store, this_environment
from harness.reporting.store.values import Key, Kind
from tests.reporting.store.kept import BEGAN, reported, unanswered
from tests.reporting.store.simulated import DAY, Name, Service, Values, write

SLOW = Name("s0", "ttft_ms")


@pytest.fixture
def service() -> Service:
    """A service of four scenarios, the same every night but for a little."""
    return Service("nights", scenarios=4, turns=25, restless=0.1)


@pytest.fixture
def store(tmp_path: Path, service: Service) -> Store:
    """Ten nights of it."""
    store = Store(str(tmp_path / "history.db"))
    for number in range(10):
        write(store, service.night(), number=number)
    return store


def times(values: Values, factor: float, *names: Name) -> Values:
    """A night on which some series take longer; all of them if none is named."""
    return {
        name: [one * factor for one in turns] if not names or name in names else turns for name, turns in values.items()
    }


def word(store: Store, run: int, baseline: Baseline | None, name: Name = SLOW) -> Word:
    """What is said of a series of a night by itself."""
    verdict = judge(store, run, baseline=baseline, budgets={})
    return verdict.series[Key("sandbox", name.scenario, "en_US", name.metric)].word


def test_a_person_pins_and_it_stays(store: Store, service: Service) -> None:
    """Nights that follow do not move it; another pin takes its place, and it can be taken away."""
    with store:
        made = pin(store, target="sandbox", by="ada", reason="after the move")
        assert (made.runs, made.target, made.pinned_by, made.reason) == (
            (*range(1, 11),),
            "sandbox",
            "ada",
            "after the move",
        )
        assert (made.environment, made.unpinned_at) == (this_environment(), None)
        write(store, times(service.night(), 2.0), number=11)
        assert pinned(store, "sandbox", this_environment()) == made
        other = pin(store, 9, target="anything", by="bo", without=[3])
        assert other.runs == (1, 2, 4, 5, 6, 7, 8, 9)
        assert pinned(store, "sandbox", this_environment()) == other
        assert [one.unpinned_at is None for one in baselines(store)] == [False, True]
        assert unpin(store, other.id).unpinned_at is not None
        assert pinned(store, "sandbox", this_environment()) is None


def test_at_most_twenty_nights_are_pinned(store: Store, service: Service) -> None:
    """The last ones."""
    with store:
        for number in range(10, 23):
            write(store, service.night(), number=number)
        assert pin(store, target="sandbox", by="ada").runs == (*range(4, 24),)


def test_what_is_no_night_is_not_pinned(store: Store, service: Service) -> None:
    """Runs of other kinds, of other targets, interrupted ones, and nights on which all series changed."""
    with store:
        made = pin(store, target="sandbox", by="ada")
        shaken = write(store, times(service.night(), 1.3), number=11)
        keep(store, judge(store, shaken, baseline=made, budgets={}))
        write(store, service.night(), number=12, kind=Kind.RUN)
        write(store, service.night(), number=13, kind=Kind.AGAIN)
        write(store, service.night(), number=14, target="staging")
        interrupted = store.begin(target="sandbox", kind=Kind.NIGHT)
        store.add(interrupted, reported("s0", 0.4))
        store.end(interrupted, exit_code=2)
        last = write(store, service.night(), number=15)
        assert pin(store, target="sandbox", by="ada").runs == (*range(1, 11), last)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        pytest.param(
            {"target": "staging"}, "'staging' has no night in .*; nights are made by `harness nightly`", id="no"
        ),
        pytest.param({"run": 99, "target": "sandbox"}, "run 99 is no whole night in ", id="unknown"),
        pytest.param(
            {"run": 7, "target": "sandbox"},
            "there are 7 nights of 'sandbox' up to run 7 in .* and a baseline takes 8; run some more, then pin",
            id="too few",
        ),
    ],
)
def test_what_can_not_be_pinned(store: Store, asked: dict[str, object], says: str) -> None:
    """And what to do; nothing is changed."""
    with store:
        made = pin(store, target="sandbox", by="ada")
        with pytest.raises(StoreUnusable, match=says):
            pin(store, by="bo", **asked)  # type: ignore[arg-type]
        assert baselines(store) == (made,)


def test_a_night_is_compared_and_its_suspects_again(store: Store, service: Service) -> None:
    """Slower is what is slower twice; what was kept is what was said."""
    with store:
        baseline = pin(store, target="sandbox", by="ada")
        assert word(store, write(store, service.night(), number=11), baseline) is Word.SAME
        assert word(store, write(store, times(service.night(), 0.6, SLOW), number=12), baseline) is Word.FASTER
        run = write(store, times(service.night(), 1.5, SLOW), number=13)
        first = judge(store, run, baseline=baseline, budgets={})
        [suspect] = first.said(Word.SUSPECT)
        assert (suspect.key.scenario, suspect.key.metric, suspect.tonight.n) == (*SLOW, 25)
        assert suspect.change == pytest.approx(0.5, abs=0.05)
        assert (chosen_again(first), first.is_good) == (("s0", "s1", "s2", "s3"), True)
        slow = write(store, times(service.again(chosen_again(first)), 1.5, SLOW), number=13, kind=Kind.AGAIN)
        confirmed = judge_again(store, first, slow)
        assert [one.key for one in confirmed.said(Word.SLOWER)] == [suspect.key]
        assert (confirmed.again, confirmed.is_good) == (slow, False)
        kept = keep(store, confirmed)
        assert read(store, run) == kept == confirmed
        assert read(store, slow) is None
        chance = write(store, service.again(chosen_again(first)), number=13, kind=Kind.AGAIN)
        cleared = judge_again(store, first, chance)
        assert (cleared.said(Word.SLOWER), cleared.series[suspect.key].word) == ((), Word.SAME)
        assert keep(store, cleared).words == cleared.words
        assert read(store, run) == cleared
        missing = write(store, {name: [1.0] * 25 for name in service.names if name.scenario == "s3"}, kind=Kind.AGAIN)
        unknown = judge_again(store, first, missing)
        assert unknown.said(Word.SUSPECT) == (suspect,)
        assert unknown.notes[-1] == f"1 of 1 suspects could not be confirmed by run {missing}, nor cleared"


def test_what_most_turns_never_came_to_is_slower(store: Store) -> None:
    """Though there is no number to compare."""
    with store:
        baseline = pin(store, target="sandbox", by="ada")
        run = store.begin(target="sandbox", kind=Kind.NIGHT)
        for number in range(25):
            store.add(run, reported("s0", outcomes=[unanswered(f"c-{number}")], repetition=number))
        store.end(run, exit_code=1)
        assert word(store, run, baseline, Name("s0", "answer_ms")) is Word.SUSPECT
        [one] = judge(store, run, baseline=baseline, budgets={"reply": 60.0}).over
        assert (one.key.metric, one.share, one.limit) == ("answer_ms", 1.0, 60_000.0)


def test_nothing_is_compared_with_nothing(store: Store, service: Service) -> None:
    """Without a baseline, and of what is new; budgets count from the first night on."""
    with store:
        run = write(store, times(service.night(), 3.0, SLOW), number=11)
        alone = judge(store, run, baseline=None, budgets={"first_token": 0.001, "gap": 3600})
        assert alone.words == {Word.LEARNING: 24}
        assert alone.notes == (
            "no baseline of 'sandbox' is pinned, so nothing is compared; `harness baseline pin` pins the nights so "
            "far, 8 or more (there are 11)",
        )
        assert {one.key.metric for one in alone.over} == {"ttft_ms"}
        assert (len(alone.over), len(alone.budgets), alone.is_good) == (4, 8, False)
        baseline = pin(store, target="sandbox", by="ada")
        new = {Name("new", "ttft_ms"): [100.0] * 40, Name("few", "ttft_ms"): [1.0] * 19}
        told = judge(store, write(store, {**service.night(), **new}, number=12), baseline=baseline, budgets={})
        assert (told.words[Word.LEARNING], told.words[Word.SAME]) == (2, 24)
        assert told.notes[-1] == (
            f"2 of 26 series have fewer than 8 nights in {baseline}; pin a newer one to have them compared"
        )
        few = {name: turns[:19] for name, turns in service.night().items()}
        assert judge(store, write(store, few, number=13), baseline=baseline, budgets={}).words == {Word.TOO_FEW: 24}


def test_a_night_on_which_all_changed_is_the_environments(store: Store, service: Service) -> None:
    """Its budgets count nevertheless."""
    with store:
        baseline = pin(store, target="sandbox", by="ada")
        run = write(store, times(service.night(), 1.4), number=11)
        told = keep(store, judge(store, run, baseline=baseline, budgets={"first_token": 0.001}))
        assert told.words == {Word.ENVIRONMENT: 24}
        assert told.shared == pytest.approx(0.4, abs=0.05)
        assert "that is the machine or the way to the target, so nothing is said of any of them" in told.notes[0]
        assert len(told.over) == 4


def test_what_can_not_be_compared_is_a_sentence(store: Store, service: Service) -> None:
    """A baseline of another target or machine, and a clock that jumped; all the rest is still said."""
    with store:
        baseline = pin(store, target="sandbox", by="ada")
        other = write(store, service.night(), number=11, target="staging")
        told = judge(store, other, baseline=baseline, budgets={"first_token": 0.001})
        assert told.notes == (
            "baseline 1 (10 nights, runs 1 to 10) is of the target 'sandbox' and run 11 of 'staging', so nothing is "
            "compared",
        )
        assert (told.words, len(told.over)) == ({Word.LEARNING: 24}, 4)
        elsewhere = store.begin(target="sandbox", kind=Kind.NIGHT, environment="a phone", started_at=BEGAN + 12 * DAY)
        store.add(elsewhere, reported("s0", 0.4))
        store.end(elsewhere, exit_code=0, ended_at=BEGAN + 12 * DAY + 60)
        assert pinned(store, "sandbox", "a phone") == baseline
        told = judge(store, elsewhere, baseline=baseline, budgets={})
        assert set(told.words) == {Word.ENVIRONMENT}
        assert told.notes == (
            f"baseline 1 (10 nights, runs 1 to 10) is of another machine ({this_environment()}; run 12 is of a phone), "
            "so nothing is compared; pin one of this machine once it has nights",
        )
        early = write(store, service.night(), number=2)
        told = judge(store, early, baseline=baseline, budgets={})
        assert told.notes == (
            "by its clock run 13 began 864000 s before run 12, which is in the store already; nights are taken in the "
            "order of their numbers",
        )
        assert told.words[Word.SAME] == 24
        back = store.begin(target="sandbox", kind=Kind.NIGHT, started_at=BEGAN + 20 * DAY)
        store.add(back, reported("s0", 0.4))
        store.end(back, exit_code=0, ended_at=BEGAN + 20 * DAY - 3600)
        [note, *_] = judge(store, back, baseline=baseline, budgets={}).notes
        assert note == "the machine's clock was put back by 3600 s or more during run 14"


def test_trends_have_numbers_and_ends(store: Store, service: Service) -> None:
    """A change keeps its number while nights firm it up; it goes when they take it back, and a pin accepts it."""
    with store:
        baseline = pin(store, target="sandbox", by="ada")
        service.slower = {SLOW: 1.6}
        for number in range(11, 16):
            run = write(store, service.night(), number=number)
            told = keep(store, judge(store, run, baseline=baseline, budgets={}), changes(store, run))
        assert changes(store, 11) == ()
        [trend] = told.trends
        assert (trend.key.scenario, trend.key.metric, trend.state) == (*SLOW, State.OPEN)
        assert abs(trend.run - 11) <= 1
        assert trend.seen > trend.run
        assert trend.change == pytest.approx(0.6, abs=0.05)
        assert keep(store, told, ()).trends == ()
        assert [(one.id, one.state) for one in trends(store, "sandbox")] == [(trend.id, State.GONE)]
        assert keep(store, told, changes(store, run)).trends == (trend,)
        pin(store, target="sandbox", by="ada")
        assert [one.state for one in trends(store, "sandbox")] == [State.ACCEPTED]
        assert keep(store, told, changes(store, run)).trends == ()


def test_two_runs_side_by_side(store: Store, service: Service) -> None:
    """What is clearly apart has a mark; what only one of them has is there too; unknown runs are a sentence."""
    with store:
        one = write(store, service.night(), number=11)
        new = {Name("new", "ttft_ms"): [100.0] * 40}
        other = write(store, {**times(service.night(), 2.0, SLOW), **new}, number=12, target="staging")
        found = compare_runs(store, one, other)
        assert [(*one.key[1:], one.is_clear) for one in found.differences if one.is_clear] == [
            ("s0", "en_US", "ttft_ms", True)
        ]
        assert len(found.differences) == 25
        assert found.notes == ("run 11 is of the target 'sandbox', run 12 of 'staging'",)
        alone = next(one for one in found.differences if one.key.scenario == "new")
        assert (alone.one, alone.change, alone.is_clear) == (None, None, False)
        assert {one.change for one in compare_runs(store, one, one).differences} == {0.0}
        with pytest.raises(StoreUnusable, match=r"there is no run 99 in .*; `harness history` lists them"):
            compare_runs(store, one, 99)
        with pytest.raises(ValueError, match=r"there is no metric 'speed'; docs/metrics\.md lists them"):
            compare_runs(store, one, other, metrics=["speed"])
