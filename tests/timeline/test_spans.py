"""How long it was between two instants, and ranks."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.timeline.spans import Span, between, nearest_rank
from tests.expectations.building import event


@pytest.mark.parametrize(
    ("earlier", "later", "told"),
    [
        pytest.param((1.0, 1.0), (3.0, 3.0), (2.0, 2.0, 2.0), id="sharp"),
        pytest.param((1.0, 1.5), (3.0, 4.0), (2.5, 1.5, 3.0), id="both in doubt"),
        pytest.param((1.0, 2.0), (1.0, 2.0), (0.0, 0.0, 1.0), id="one read"),
        pytest.param((1.0, 3.0), (2.0, 3.5), (0.5, 0.0, 2.5), id="they overlap"),
        pytest.param((3.0, 3.0), (1.0, 1.0), (0.0, 0.0, 0.0), id="the wrong way round"),
    ],
)
def test_between(earlier: tuple[float, float], later: tuple[float, float], told: tuple[float, float, float]) -> None:
    """By the later ends, at least and at most; never less than nothing."""
    one, other = (event("heartbeat", at, earliest=earliest) for earliest, at in (earlier, later))
    assert between(one, other) == told[1:]
    assert Span.of(one, other) == told
    assert Span.of(one, other).doubt == told[2] - told[1]


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=100), st.integers(1, 100))
def test_the_nearest_rank_is_a_value_that_so_many_do_not_exceed(values: list[int], percent: int) -> None:
    """And the smallest such; counted exactly."""
    found = nearest_rank(map(float, values), percent / 100)
    enough = [value for value in values if Fraction(sum(one <= value for one in values), len(values)) * 100 >= percent]
    assert found == min(enough)


@pytest.mark.parametrize("percent", [7, 14, 28, 29, 55, 56, 57, 58, 95, 99, 100])
def test_a_rank_is_not_off_by_a_rounding(percent: int) -> None:
    """Of a hundred values, the seventh is the 7th percentile, though 0.07 times 100 is more than 7."""
    assert nearest_rank(map(float, range(1, 101)), percent / 100) == percent


def test_nothing_has_no_rank() -> None:
    """Said in a sentence."""
    with pytest.raises(ValueError, match="no value has a rank: there are none"):
        nearest_rank([], 0.5)
