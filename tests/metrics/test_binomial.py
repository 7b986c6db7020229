"""Intervals of shares and ranks: against the exact sums, the textbook, and what they promise."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.binomial import CONFIDENCE, beta, effective_size, rank_interval, share_interval, student


def at_least(hits: int, of: int, share: Fraction) -> Fraction:
    """How likely that many hits are."""
    return sum((math.comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(hits, of + 1)), start=Fraction(0))


@given(st.integers(1, 40), st.data(), st.integers(1, 99))
def test_the_incomplete_beta_function_is_a_sum_of_binomials(of: int, data: st.DataObject, percent: int) -> None:
    """Exactly computed, for whole parameters."""
    hits = data.draw(st.integers(1, of))
    exact = float(at_least(hits, of, Fraction(percent, 100)))
    assert beta(percent / 100, hits, of - hits + 1) == pytest.approx(exact, abs=1e-12)


@given(st.integers(1, 60), st.data())
def test_an_interval_of_a_share_leaves_a_fortieth_to_each_side(of: int, data: st.DataObject) -> None:
    """So many hits or more are that likely where the share is its lower end; so many or fewer, the upper."""
    hits = data.draw(st.integers(0, of))
    low, high = share_interval(hits, of)
    assert 0 <= low <= hits / of <= high <= 1
    if hits:
        assert float(at_least(hits, of, Fraction(low))) == pytest.approx(0.025, rel=1e-6)
    if hits < of:
        assert 1 - float(at_least(hits + 1, of, Fraction(high))) == pytest.approx(0.025, rel=1e-6)


@pytest.mark.parametrize(("hits", "of"), [(0, 0), (3, 2), (-1, 2)])
def test_what_is_no_share_is_refused(hits: int, of: int) -> None:
    """In a sentence."""
    with pytest.raises(ValueError, match=f"{hits} of {of} is no share"):
        share_interval(hits, of)


@pytest.mark.parametrize(("share", "needed"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368)])
def test_how_many_samples_a_rank_needs(share: float, needed: int) -> None:
    """Without assumptions; one fewer can't tell."""
    assert rank_interval(share, needed) is not None
    assert rank_interval(share, needed - 1) is None


@given(st.integers(6, 120), st.sampled_from([0.5, 0.75, 0.9, 0.95]))
def test_a_rank_interval_holds_the_quantile_that_often(of: int, share: float) -> None:
    """At least: the chance that so many samples lie below it, exactly."""
    ranks = rank_interval(share, of)
    if ranks is not None:
        low, high = ranks
        assert 1 <= low <= high <= of
        exact = Fraction(share)
        assert at_least(low, of, exact) - at_least(high, of, exact) >= Fraction(CONFIDENCE) - Fraction(1, 10**9)
        assert 1 - at_least(low + 1, of, exact) > Fraction(25, 1000) - Fraction(1, 10**9)  # a narrower one would not do


@pytest.mark.parametrize(("freedom", "errors"), [(1, 12.706), (10, 2.228), (39, 2.023), (1000, 1.962)])
def test_standard_errors_by_degrees_of_freedom(freedom: int, errors: float) -> None:
    """As in every table of Student's distribution."""
    assert student(freedom) == pytest.approx(errors, abs=5e-4)


def grouped(*groups: list[bool]) -> list[tuple[int, bool]]:
    """Samples of groups."""
    return [(number, hit) for number, group in enumerate(groups) for hit in group]


def test_the_effective_size() -> None:
    """All where none are alike or the groups are; about one a group where each agrees with itself."""
    assert effective_size(grouped([True], [False], [False])) == 3
    assert effective_size(grouped(*[[True, False]] * 20)) == 40
    agreeing = effective_size(grouped(*[[number % 2 == 0] * 5 for number in range(20)]))
    assert agreeing == pytest.approx(17.6, abs=1)
    assert effective_size(grouped(*[[True] * 5] * 20)) == 20  # nothing shows how alike they are
    assert effective_size(grouped([True, False, True])) == 1


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=6), min_size=1, max_size=12), st.randoms())
def test_the_effective_size_is_no_more_than_there_are(groups: list[list[bool]], chance: random.Random) -> None:
    """Nor less than one; the order of the samples does not matter."""
    samples = grouped(*groups)
    size = effective_size(samples)
    assert 1 <= size <= len(samples)
    chance.shuffle(samples)
    assert effective_size(samples) == pytest.approx(size)
