"""One table of names, in the code and in docs/metrics.md."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.metrics.measuring import measure
from harness.metrics.names import CHANNEL, TURN, ChannelMetric, TurnMetric, readings
from tests.metrics.made import MADE

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
HEAD = ["| name | unit | better | what it is |", "|---|---|---|---|"]
BETTER = {"less": "less", "more": "more", "neither": ""}
UNIT = {"count": "", "share": "0 to 1"}


def table(metrics: Iterable[TurnMetric | ChannelMetric]) -> str:
    """As the page shows it."""
    rows = [
        f"| `{one.name}` | {UNIT.get(one.unit, one.unit)} | {BETTER[one.better]} | {one.meaning} |" for one in metrics
    ]
    return "\n".join([*HEAD, *(re.sub(r" {2,}", " ", row) for row in rows)])


@pytest.mark.parametrize("metrics", [TURN, CHANNEL], ids=["turn", "channel"])
def test_the_page_lists_every_metric(metrics: dict[str, TurnMetric | ChannelMetric]) -> None:
    """With unit and meaning, to the letter, and no other."""
    assert table(metrics.values()) + "\n\n" in PAGE.read_text(encoding="utf-8")


def test_names_say_their_unit() -> None:
    """A time ends with its unit, and a name is of one table only."""
    units = {name: metric.unit for name, metric in TURN.items()} | {one.name: one.unit for one in CHANNEL.values()}
    for name, unit in units.items():
        assert (unit == "ms") == name.endswith("_ms"), name
        assert (unit == "1/s") == name.endswith("_per_s"), name
    assert not TURN.keys() & CHANNEL.keys()


def test_a_turn_is_read_in_the_units_of_the_table() -> None:
    """Times in milliseconds, doubts too; what it has no value of is left out."""
    [turn] = measure(MADE["slow"]).turns
    seen = readings(turn)
    assert turn.first_text is not None
    assert seen["ttft_ms"].value == turn.first_text.value * 1000
    assert seen["chars_per_s"].value == pytest.approx(500 / 6.93)
    assert "read_ms" not in seen
    assert seen.keys() < TURN.keys()
