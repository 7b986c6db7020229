"""`harness compare`, as a person calls it."""

from pathlib import Path

import pytest

from harness.reporting.store.store import Store
from tests.cli.nights import harness
from tests.reporting.store.simulated import Name, Values, write

PETS, HOURS, NEW = Name("pets", "answer_ms"), Name("hours", "answer_ms"), Name("new", "answer_ms")


def around(usual: float, turns: int = 40) -> list[float]:
    """Turns that take about so long."""
    return [usual * (1 + (number % 5 - 2) / 50) for number in range(turns)]


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A folder with two runs, the second of which is slower about pets, and knows something new."""
    runs: list[Values] = [
        {PETS: around(500), HOURS: around(300)},
        {PETS: around(650), HOURS: around(303), NEW: around(100, 5)},
    ]
    (tmp_path / "reports" / "out").mkdir(parents=True)
    with Store(str(tmp_path / "reports" / "out" / "history.db")) as store:
        for number, values in enumerate(runs):
            write(store, values, number=number)
        write(store, {HOURS: around(300)}, number=2, target="staging")
    return tmp_path


def test_two_runs_side_by_side(stored: Path) -> None:
    """What is clearly apart has a mark."""
    done = harness("compare", "1", "2", cwd=stored)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "    run 1   run 2  change    turns  series\n"
        "   300 ms  303 ms   +1.0%  40 / 40  answer_ms of hours (en_US)\n"
        "        -  100 ms       -    0 / 5  answer_ms of new (en_US)\n"
        "!  500 ms  650 ms  +30.0%  40 / 40  answer_ms of pets (en_US)\n"
    )
    other = harness("compare", "1", "3", cwd=stored).stdout
    assert other.startswith("note: run 1 is of the target 'sandbox', run 3 of 'staging'\n")
    assert harness("compare", "1", "2", "--metric=ttft_ms", cwd=stored).stdout == "no series in either of them\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["1", "9"], "there is no run 9 in reports/out/history.db; `harness history` lists them"),
        (["1", "2", "--metric", "speed"], "there is no metric 'speed'; docs/metrics.md lists them"),
        (["1"], "Missing argument 'RUN'"),
    ],
)
def test_what_can_not_be_compared_is_a_sentence(stored: Path, arguments: list[str], says: str) -> None:
    """Exit code 2."""
    done = harness("compare", *arguments, cwd=stored)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
