"""`harness run`, `harness nightly` and `harness report` as they are called: what they leave, and say that they left."""

import csv
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pyarrow import parquet  # type: ignore[import-untyped]

from harness.cli.commands.options import OUT
from tests.cli.nights import clerk, copied, folder, harness, nightly
from tests.cli.nights import scenario as asked


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a scenario of four questions, and a clerk who answers them."""
    return folder(tmp_path, ("hours",))


def run(place: Path, *arguments: str, more: tuple[str, ...] = ()) -> str:
    """What a run says; it holds."""
    done = harness("run", ".", "--no-html", *arguments, "--", "--bots=clerk.bot.yaml", "-q", *more, cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def page(place: Path) -> str:
    """The page."""
    return (place / OUT / "latency" / "index.html").read_text(encoding="utf-8")


def series(place: Path) -> list[dict[str, str]]:
    """The numbers."""
    with (place / OUT / "latency" / "series.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_ends_by_saying_where_it_is(place: Path) -> None:
    """From the history, with the budgets of targets.yaml; Allure's results have their part."""
    (place / "targets.yaml").write_text("targets: {sandbox: {budgets: {reply: 50ms, greeting: 60s}}}\n")
    told = run(place, more=("--repeat=5",))
    assert told.splitlines()[-1] == "latency        reports/out/latency/index.html"
    assert "Latency, run 1 of sandbox" in page(place)
    assert "learning" in page(place)
    [answer] = [row for row in series(place) if row["metric"] == "answer_ms"]
    assert (answer["scenario"], answer["n"], answer["verdict"]) == ("hours.scenario.yaml::hours", "20", "learning")
    assert (float(answer["budget"]), float(answer["over"]), answer["is_over"]) == (50.0, 1.0, "true")
    assert float(answer["p50"]) >= 100
    results = place / OUT / "allure-results"
    assert {"latency-perf.json", "latency-globals.json"} <= {file.name for file in results.iterdir()}
    suite = ET.parse(place / OUT / "latency" / "junit.xml").getroot()  # noqa: S314 - our own
    [failure] = suite.iter("failure")
    assert str(failure.get("message")).startswith(
        "answer_ms of hours.scenario.yaml::hours (en_US) is over its budget of"
    )
    assert "over budget" in (place / OUT / "latency" / "summary.md").read_text()


def test_a_run_without_a_history_is_shown_by_itself(place: Path) -> None:
    """With its budgets; nothing is kept, and nothing is left of the run before."""
    (place / "targets.yaml").write_text("targets: {sandbox: {budgets: {reply: 50ms}}}\n")
    run(place, more=("--repeat=2",))
    (place / OUT / "latency" / "old.txt").touch()
    told = run(place, "--no-history", more=("--repeat=5",))
    assert "history  " not in told
    assert told.splitlines()[-1] == "latency        reports/out/latency/index.html"
    assert "this run alone, without a history" in page(place)
    assert "baseline pin" not in page(place)
    [answer] = [row for row in series(place) if row["metric"] == "answer_ms"]
    assert (answer["n"], answer["is_over"]) == ("20", "true")
    assert not (place / OUT / "latency" / "old.txt").exists()


def test_a_history_that_can_not_be_read_costs_the_comparison_only(place: Path) -> None:
    """Why is a sentence that the run itself has said."""
    (place / "notes.db").write_text("no database" * 100)
    told = run(place, "--history", "notes.db")
    assert "not all of this run was kept: notes.db is no SQLite database" in told
    assert told.splitlines()[-1] == "latency        reports/out/latency/index.html"
    assert "this run alone" in page(place)


def test_an_interrupted_run_has_its_page(place: Path) -> None:
    """Of what was played."""
    (place / "test_z.py").write_text("def test_z():\n    raise KeyboardInterrupt\n")
    done = harness("run", "hours.scenario.yaml", "test_z.py", "--no-html", "--", "--bots=clerk.bot.yaml", cwd=place)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "latency        by this run's recordings alone: run 1 was interrupted\n" in done.stdout
    assert [row["n"] for row in series(place) if row["metric"] == "answer_ms"] == ["4"]


def test_a_night_is_shown_as_it_was_judged(place: Path) -> None:
    """Slower in two runs, beside the nights of the baseline; the page is made when that is known."""
    long = 0.6
    folder(place)
    (place / "clerk.bot.yaml").write_text(clerk(patience=long))
    nightly(place)
    copied(place / OUT / "history.db", 1, 8)
    assert harness("baseline", "pin", "9", cwd=place).returncode == 0
    (place / "clerk.bot.yaml").write_text(clerk({"pets": 3 * long}, patience=long))
    done = nightly(place)
    assert done.returncode == 6, done.stdout + done.stderr
    assert "latency        reports/out/latency/index.html\nnight          run 10 of sandbox" in done.stdout
    html = page(place)
    assert "Latency, night 10 of sandbox" in html
    told = re.search(
        r"answer_ms of pets\.scenario\.yaml::pets \(en_US\) is slower: \d+ ms before, \d+ ms now "
        r"\(\+\d+\.\d%, q 0\.\d+, n 20\), in two runs",
        html,
    )
    assert told is not None
    assert told[0].partition(" is ")[2] in (place / OUT / "latency" / "summary.md").read_text()
    assert told[0] in (place / OUT / "latency" / "junit.xml").read_text()
    assert "10 nights" in html
    done = harness("report", "--no-html", cwd=place)
    assert done.returncode == 0
    assert page(place) == html


def test_a_night_that_can_not_be_judged_has_its_page(place: Path) -> None:
    """And is no more than not judged."""
    done = nightly(place, "--baseline=9")
    assert done.returncode == 7
    assert (
        "latency        reports/out/latency/index.html\nnight          not judged: there is no baseline 9"
        in done.stdout
    )


def test_a_report_is_made_again(place: Path) -> None:
    """Of the run in the folder from its history; of other recordings by themselves; Parquet where it is asked for."""
    run(place)
    before = page(place)
    done = harness("report", "--no-html", "--parquet", cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    files = "reports/out/latency/series.parquet, reports/out/latency/turns.parquet"
    assert done.stdout.endswith(f"parquet        {files}\nlatency        reports/out/latency/index.html\n")
    assert parquet.read_table(place / OUT / "latency" / "turns.parquet").num_rows == 5
    assert page(place) == before
    done = harness("report", "--no-html", f"{OUT}/recordings", cwd=place)
    assert done.returncode == 0
    assert "this run alone, without a history" in page(place)
    assert [row["n"] for row in series(place) if row["metric"] == "answer_ms"] == ["4"]


def test_another_history_is_not_taken_for_the_run_s(place: Path) -> None:
    """A run of the same number in it is another run."""
    run(place)
    run(place, "--history", "other.db")
    done = harness("report", "--no-html", cwd=place)
    assert done.returncode == 0
    assert (
        "latency        by this run's recordings alone: it is kept in other.db, not in reports/out/history.db; "
        "--history names it\n"
    ) in done.stdout
    done = harness("report", "--no-html", "--history", "other.db", cwd=place)
    assert "recordings alone" not in done.stdout


def test_two_workers_leave_one_report(place: Path) -> None:
    """The recordings of both, without a history too."""
    (place / "prices.scenario.yaml").write_text(asked("prices"))
    run(place, "--no-history", more=("-n", "2"))
    assert {row["scenario"] for row in series(place) if row["metric"] == "answer_ms"} == {
        "hours.scenario.yaml::hours",
        "prices.scenario.yaml::prices",
    }
