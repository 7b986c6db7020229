"""Nights compared: what is told, what is not, and how often it is wrong."""

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.names import TURN
from harness.metrics.regression import (
    Night,
    Rules,
    Series,
    Word,
    compare,
    confirm,
    false_discoveries,
    over_budget,
    without_shared,
)
from harness.metrics.summaries import Observed, Sample

STEADY = [1000.0 + 20 * (night % 3 - 1) for night in range(20)]
"""About the same every night."""


def steady(
    tonight: float, nights: Sequence[float | None] = STEADY, *, metric: str = "ttft_ms", turns: int = 40
) -> Series:
    """A series that was always about the same."""
    return Series(metric, nights, tonight, turns)


def others(factor: float = 1.0) -> dict[str, Series]:
    """Series that change by a factor, all of them."""
    return {f"other {number}": steady(1000.0 * factor) for number in range(5)}


def word(one: Series, rules: Rules | None = None) -> Word:
    """What is said of a series among others that have not changed."""
    return compare({**others(), "this": one}, rules or Rules()).verdicts["this"].word


@pytest.mark.parametrize(
    ("series", "said"),
    [
        pytest.param(steady(1000), "same", id="the same"),
        pytest.param(steady(1300), "suspect", id="slower"),
        pytest.param(steady(700), "faster", id="faster"),
        pytest.param(steady(1300, STEADY[:7]), "learning", id="seven nights"),
        pytest.param(steady(1300, [*[None] * 12, *STEADY[:8]]), "suspect", id="eight nights"),
        pytest.param(steady(1300, [5000.0] * 20 + STEADY), "suspect", id="older nights do not count"),
        pytest.param(steady(1300, []), "learning", id="the first night"),
        pytest.param(steady(1300, turns=19), "too few", id="nineteen turns"),
        pytest.param(steady(1040), "same", id="not by as much as matters"),
        pytest.param(steady(13, [value / 100 for value in STEADY]), "same", id="by a share, but not by a wait"),
        pytest.param(steady(0, [0.0] * 20), "same", id="nothing then and now"),
        pytest.param(steady(100, [0.0] * 20), "suspect", id="nothing then"),
    ],
)
def test_what_is_said_of_a_series(series: Series, said: str) -> None:
    """Only what is unlikely by chance, and matters."""
    nights = len(series.nights)
    around = {name: steady(1000, [*([None] * nights), *STEADY][-nights:] if nights else []) for name in "abcde"}
    assert compare({**around, "this": series}).verdicts["this"].word == said


def test_what_all_series_share_is_taken_out() -> None:
    """A slow machine makes no bot slow, nor does it hide one that is."""
    night = compare({**others(1.08), "slow": steady(1300 * 1.08)})
    assert night.shared == pytest.approx(0.08)
    assert {verdict.word for name, verdict in night.verdicts.items() if name != "slow"} == {Word.SAME}
    assert night.suspects == ("slow",)
    assert night.verdicts["slow"].change == pytest.approx(0.3, abs=0.01)
    assert night.verdicts["slow"].before == pytest.approx(1000, abs=2)


def test_a_few_milliseconds_tell_nothing_of_what_all_share() -> None:
    """Of them a change is a large share and no wait."""
    tiny = {f"tiny {number}": steady(18, [value / 100 for value in STEADY]) for number in range(9)}
    night = compare({**others(), **tiny, "slow": steady(1300)})
    assert (night.shared, night.suspects) == (0.0, ("slow",))
    alone = compare(tiny)
    assert alone.shared == pytest.approx(0.8, abs=0.05)
    assert {one.word for one in alone.verdicts.values()} == {Word.ENVIRONMENT}


def test_a_night_on_which_all_changed_much_says_nothing() -> None:
    """It is the environment; budgets still hold."""
    night = compare({**others(1.2), "slow": steady(2000)})
    assert {verdict.word for verdict in night.verdicts.values()} == {Word.ENVIRONMENT}


def test_what_all_share_is_taken_out_of_many_nights() -> None:
    """Night by night, also where one has no value."""
    moods = [1.0, 1.2, 0.9, 1.0, 1.1]
    series = {str(usual): [usual * mood for mood in moods] for usual in (100.0, 200.0, 400.0)}
    series["100.0"][2] = None  # type: ignore[call-overload]
    alone = without_shared({**series, "empty": [None] * 5})
    assert alone["400.0"] == pytest.approx([400.0] * 5)
    assert alone["100.0"][2] is None
    assert set(alone) == set(series)


def test_one_series_alone_shares_with_none() -> None:
    """It is judged as it is."""
    night = compare({"alone": steady(1300)})
    assert (night.shared, night.suspects) == (0.0, ("alone",))


def test_slower_is_what_looked_slower_twice() -> None:
    """Nothing else is changed by a second run."""
    first = compare({**others(), "chance": steady(1300), "slow": steady(1300), "faster": steady(700)})
    assert first.suspects == ("chance", "slow")
    again = compare({**others(), "chance": steady(1010), "slow": steady(1250), "faster": steady(1000)})
    told = confirm(first, again)
    assert {name: told[name].word for name in ("chance", "slow", "faster", "other 1")} == {
        "chance": Word.SAME,
        "slow": Word.SLOWER,
        "faster": Word.FASTER,
        "other 1": Word.SAME,
    }
    assert confirm(first, Night(0.0, {}))["slow"].word is Word.SUSPECT


def test_nights_have_the_same_places_in_all_series() -> None:
    """Else nobody knows what they share."""
    with pytest.raises(ValueError, match="different numbers of nights; put None where one has no value"):
        compare({"one": steady(1000), "other": steady(1000, STEADY[1:])})


def test_no_series_is_no_news() -> None:
    """Of no night."""
    assert compare({}).verdicts == {}


@given(st.dictionaries(st.integers(), st.floats(0, 1), max_size=20))
def test_false_discoveries_are_those_of_benjamini_and_hochberg(ps: dict[int, float]) -> None:
    """Told at a rate are the largest number of smallest ones that keep it, by their definition."""
    named = {str(name): value for name, value in ps.items()}
    qs = false_discoveries(named)
    for rate in (0.01, 0.05, 0.2, 1.0):
        ordered = sorted(named.values())
        most = max((rank for rank, p in enumerate(ordered, 1) if p * len(ordered) / rank <= rate), default=0)
        limit = ordered[most - 1] if most else -1.0
        assert {name for name, q in qs.items() if q <= rate} == {name for name, p in named.items() if p <= limit}


def test_a_budget_is_broken_where_it_certainly_is() -> None:
    """Seven of forty over where two may be could be chance for two of a hundred, not for five."""
    late = Sample(TURN["ttft_ms"], tuple(Observed(str(turn), 900.0 if turn < 7 else 500.0) for turn in range(40)), 0, 0)
    assert over_budget(late, 800, allowed=0.05)
    assert not over_budget(late, 800, allowed=0.10)
    assert not over_budget(late, 1000)
    assert not over_budget(Sample(TURN["ttft_ms"], (), 0, 0), 1000)


# ---- how often it is wrong


def nights(chance: random.Random, *, series: int, count: int) -> list[list[float]]:
    """Nights of forty turns each on a machine of its own moods, as in the study: turns vary by a quarter."""
    found: list[list[float]] = [[] for _ in range(series)]
    usual = [chance.uniform(300, 3000) for _ in range(series)]
    for _ in range(count):
        machine = chance.gauss(0, 0.03)
        for number in range(series):
            turns = chance.gauss(0, 0.25 * math.sqrt(math.pi / 2 / 40))  # the median of forty
            found[number].append(usual[number] * math.exp(machine + chance.gauss(0, 0.02) + turns))
    return found


def test_false_alarms_are_rare_and_a_fifth_is_seen() -> None:
    """Of 60 series: hardly a night with one where nothing changed, half of the changes on their first night."""
    chance = random.Random("a study of nights")  # noqa: S311 - no secret
    alarms = caught = 0
    runs = 40
    for _ in range(runs):
        values = nights(chance, series=60, count=21)

        def tonight(factor: float, values: list[list[float]] = values) -> Night:
            return compare(
                {
                    str(number): Series(f"metric {number % 6}", one[:-1], one[-1] * (factor if number < 3 else 1), 40)
                    for number, one in enumerate(values)
                }
            )

        alarms += any(one.word is not Word.SAME for one in tonight(1.0).verdicts.values())
        caught += sum(name in tonight(1.2).suspects for name in ("0", "1", "2"))
    assert alarms <= 0.15 * runs
    assert caught >= 0.45 * 3 * runs
