"""Lasting changes of a series: where they are, and how often there is none."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.change_points import change_points


def noise(seed: str, *levels: tuple[float, int]) -> list[float]:
    """Nights at one level after the other, each with the noise of a median of forty turns."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [level * math.exp(chance.gauss(0, 0.05)) for level, nights in levels for _ in range(nights)]


def test_a_lasting_change_is_found_where_it_began() -> None:
    """With what was before it and what came after."""
    [found] = change_points(noise("one", (1000, 30), (1200, 15)))
    assert found.place == pytest.approx(30, abs=1)
    assert found.change == pytest.approx(0.2, abs=0.05)
    assert found.p < 0.001


def test_every_change_is_told_from_the_one_before() -> None:
    """Also where one undoes the other."""
    found = change_points(noise("two", (1000, 25), (1300, 20), (1000, 25)))
    assert [one.place for one in found] == pytest.approx([25, 45], abs=1)
    assert [round(one.change, 1) for one in found] == [0.3, -0.2]
    assert found[0].after == found[1].before


def test_several_changes_within_a_window_are_found() -> None:
    """On either side of the largest."""
    for levels in ([(1000, 8), (2000, 10), (2400, 10)], [(1000, 10), (1200, 10), (2400, 8)]):
        assert len(change_points(noise("four", *levels))) == 2


def test_one_bad_night_is_no_lasting_change() -> None:
    """However bad it was."""
    values = noise("three", (1000, 40))
    values[20] *= 2
    assert change_points(values) == ()


@pytest.mark.parametrize("values", [[], [100.0], [100.0] * 5, [100.0] * 60])
def test_where_nothing_happened_there_is_nothing(values: list[float]) -> None:
    """Nor where there are hardly any nights."""
    assert change_points(values) == ()


def test_a_change_without_noise_is_one() -> None:
    """Though there is no chance to compare it with; one that is too small to matter is none."""
    [found] = change_points([100.0] * 10 + [110.0] * 10)
    assert (found.place, found.before, found.after, found.p) == (10, 100.0, 110.0, 0.0)
    assert change_points([100.0] * 10 + [104.0] * 10) == ()


@given(st.integers(0, 1000), st.lists(st.tuples(st.floats(50, 5000), st.integers(1, 25)), max_size=4))
def test_changes_are_in_order_large_enough_and_the_same_in_any_unit(seed: int, levels: list[tuple[float, int]]) -> None:
    """Whatever the nights were like."""
    values = noise(str(seed), *levels)
    found = change_points(values)
    assert [one.place for one in found] == sorted({one.place for one in found})
    assert all(0 < one.place < len(values) and one.p <= 0.001 for one in found)
    assert [one.place for one in change_points([value / 1000 for value in values])] == [one.place for one in found]


def test_how_often_it_is_wrong() -> None:
    """Nothing is made up of sixty nights of noise but rarely; an eighth is mostly found within a week."""
    made_up = sum(bool(change_points(noise(f"nothing {run}", (1000, 60)))) for run in range(60))
    found = 0
    for run in range(60):
        found += any(abs(one.place - 40) <= 3 for one in change_points(noise(f"eighth {run}", (1000, 40), (1125, 7))))
    assert made_up <= 6
    assert found >= 48
