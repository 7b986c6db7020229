"""`harness baseline`, as a person calls it."""

import re
from pathlib import Path

import pytest

from harness.reporting.store.store import this_environment
from tests.cli.nights import harness, simulated


def test_a_baseline_is_pinned_shown_and_taken_away(tmp_path: Path) -> None:
    """By whom, and why."""
    simulated(tmp_path)
    none = harness("baseline", "show", cwd=tmp_path)
    assert none.stdout == (
        "no baseline was ever pinned in reports/out/history.db; `harness baseline pin` pins the nights up to now\n"
    )
    done = harness("baseline", "pin", "9", "--without", "4", "--reason", "after the move", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "pinned baseline 1 (8 nights, runs 1 to 9) of 'sandbox'; nights are compared with it until another one is "
        "pinned\n"
    )
    assert "baseline 2 (10 nights, runs 1 to 10)" in harness("baseline", "pin", cwd=tmp_path).stdout
    done = harness("baseline", "unpin", "2", cwd=tmp_path)
    assert done.stdout == "baseline 2 (10 nights, runs 1 to 10) of 'sandbox' does not count any more\n"
    head, first, second = harness("baseline", "show", cwd=tmp_path).stdout.splitlines()
    assert head.split() == ["baseline", "target", "nights", "runs", "pinned", "by", "counts", "environment", "reason"]
    day = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    machine = re.escape(this_environment())
    assert re.fullmatch(rf" +1  sandbox +8  1 to 9 +{day}  ada  until {day}  {machine}  after the move", first)
    assert re.fullmatch(rf" +2  sandbox +10  1 to 10  {day}  ada  until {day}  {machine}  -", second)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["pin", "7"], "there are 7 nights of 'sandbox' up to run 7 in reports/out/history.db", id="few"),
        pytest.param(["pin", "--target=staging"], "'staging' has no night in reports/out/history.db", id="target"),
        pytest.param(["unpin", "7"], "there is no baseline 7 in reports/out/history.db", id="number"),
        pytest.param(["pin", "--history=other.db"], "there is no other.db; `harness run`", id="no store"),
        pytest.param(["unpin", "x"], "'x' is not a valid integer", id="no number"),
    ],
)
def test_what_is_refused_is_a_sentence(tmp_path: Path, arguments: list[str], says: str) -> None:
    """Exit code 2; no file is made."""
    done = harness("baseline", *arguments, cwd=simulated(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "other.db").exists()
