"""The service's clock beside ours: offset, drift, and who made a stall."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events import Event
from harness.metrics.reading import Pace
from harness.metrics.skew import Stamped, skew, stamps, waits
from harness.timeline.streams import Stream, Streams
from tests.expectations.building import event, timeline
from tests.metrics.made import TARGET, token

OPENED = 1_790_000_000.0


def run(*ways: float, offset: float = 0.0, every: float = 1.0, drift: float = 0.0) -> list[Stamped]:
    """Events that were so long on their way, stamped by a clock that is behind by `offset` and falls back."""
    sent = [place * every for place in range(len(ways))]
    return [Stamped(OPENED + at + way, OPENED + at - offset - drift * at) for at, way in zip(sent, ways, strict=True)]


def test_the_offset_is_the_smallest_difference() -> None:
    """With the shortest way in it; the rest is delay."""
    found = skew(run(0.03, 0.01, 0.11, 0.01, 0.02, offset=0.02))
    assert found is not None
    assert (found.n, found.drift, found.doubts) == (5, None, ())
    assert [found.offset, found.delay, found.longest_delay] == pytest.approx([0.03, 0.01, 0.1], abs=1e-6)


@given(st.floats(-1e5, 1e5), st.lists(st.floats(0, 10), min_size=1, max_size=20))
def test_delays_do_not_depend_on_how_the_clocks_are_set(offset: float, ways: list[float]) -> None:
    """They are differences; that of the clocks is in the offset alone."""
    one, other = skew(run(*ways)), skew(run(*ways, offset=offset))
    assert one is not None
    assert other is not None
    assert other.offset - one.offset == pytest.approx(offset, abs=1e-5)
    assert [other.delay, other.longest_delay] == pytest.approx([one.delay, one.longest_delay], abs=1e-5)


@pytest.mark.parametrize("offset", [0.2, -0.2])
def test_clocks_that_are_far_apart_are_told(offset: float) -> None:
    """In either direction."""
    found = skew(run(0.0, 0.0, offset=offset))
    assert found is not None
    assert found.doubts == (
        f"the service's clock and ours are {offset * 1000:.0f} ms apart, the shortest way included",
    )


def test_drift_is_a_line_through_the_smallest_differences() -> None:
    """Slow ways do not hide it; nor is it told of a short run."""
    ways = [0.01 + 0.2 * (place % 7 < 5) for place in range(240)]
    found = skew(run(*ways, drift=1e-5))
    assert found is not None
    assert found.drift is not None
    assert found.drift.per_hour == pytest.approx(0.036, rel=0.01)
    assert abs(found.drift.jump) < 0.001
    short = skew(run(*ways, drift=1e-5, every=0.2))
    assert short is not None
    assert short.drift is None


def test_a_jump_is_told() -> None:
    """As when somebody sets a clock."""
    before, after = run(*[0.01] * 200)[:100], run(*[0.01] * 200, offset=-0.2)[100:]
    found = skew(before + after)
    assert found is not None
    assert found.drift is not None
    assert found.drift.jump == pytest.approx(-0.2, abs=1e-5)
    assert "the offset jumped by -200 ms during the run" in found.doubts


def test_nothing_with_a_stamp_tells_nothing() -> None:
    """Not even that the clocks agree."""
    assert skew([]) is None


def test_stamps_are_those_of_what_came_at_once() -> None:
    """Not of what waited for a reconnect, nor of what has none."""
    told: list[Event] = [
        event("message", 1.0, sent_at=1_790_000_001_000),
        event("token", 2.0),
        event("dropped", 2.0),
        event("resumed", 5.0),
        event("token", 5.001, earliest=4.999, sent_at=1_790_000_003_000),
        event("token", 6.0, sent_at=1_790_000_006_000),
    ]
    assert stamps(timeline(*told), OPENED) == ((OPENED + 1, OPENED + 1), (OPENED + 6, OPENED + 6))


def stream(*tokens: Event) -> Stream:
    """One of tokens."""
    streams = Streams()
    for place, one in enumerate(tokens):
        streams.take(place, one)
    found = streams.get(TARGET)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("second", "blame"),
    [
        pytest.param({"at": 1.3, "sent_at": 1300}, "nobody", id="no stall"),
        pytest.param({"at": 2.0, "sent_at": 2000}, "service", id="sent late"),
        pytest.param({"at": 2.0, "sent_at": 1100}, "way", id="held back on its way"),
        pytest.param({"at": 2.0, "sent_at": 900}, "way", id="and overtaken"),
        pytest.param({"at": 2.0}, "unknown", id="no stamp"),
    ],
)
def test_who_made_a_stall(second: dict[str, Any], blame: str) -> None:
    """The gap of the service's own stamps tells, whatever its clock is set to."""
    [wait] = waits(stream(token(1.0, 0, sent_at=1000), token(second.pop("at"), 1, **second)))
    assert wait.blame(Pace(stall=0.4)) == blame
