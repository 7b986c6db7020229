"""Gaps in few bytes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reporting.store.gaps import packed, unpacked


@given(st.lists(st.floats(0, 400_000)))
def test_gaps_are_kept_to_a_tenth_of_a_millisecond(gaps: list[float]) -> None:
    """In their order."""
    assert unpacked(packed(gaps)) == pytest.approx([gap * 1000 for gap in gaps], abs=0.0501)


def test_a_gap_without_end_is_a_long_one() -> None:
    """Of nearly five days."""
    assert unpacked(packed([math.inf])) == (429_496_729.5,)


def test_even_gaps_take_few_bytes() -> None:
    """A hundred of them, less than a byte each."""
    assert len(packed([0.025] * 100)) < 50
