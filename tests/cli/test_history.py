"""`harness history`, as a person calls it; and the runs it lists, as `harness run` and pytest keep them."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from harness.reporting.store.history import History
from tests.cli.nights import clerk, folder, harness, scenario, simulated
from tests.reporting.store.server import Server, server

RUN = ("run", ".", "--no-html")
MORE = ("--bots=clerk.bot.yaml", "-q")


def test_runs_are_listed_and_told_one_by_one(tmp_path: Path) -> None:
    """With what each of its series came to."""
    simulated(tmp_path, 3)
    done = harness("history", "--last", "2", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "run  kind   began              took  target   version  scenarios  conversations\n"
        "  2  night  2023-11-15 22:13  600 s  sandbox  -        2 passed              50\n"
        "  3  night  2023-11-16 22:13  600 s  sandbox  -        2 passed              50\n"
    )
    assert harness("history", "--target", "staging", cwd=tmp_path).stdout == "no runs in reports/out/history.db\n"
    lines = harness("history", "2", cwd=tmp_path).stdout.splitlines()
    assert lines[3].split() == ["metric", "turns", "never", "left", "out", "median", "p90", "p95", "scenario"]
    assert len(lines) == 4 + 12
    assert lines[4].split()[:4] == ["ack_ms", "25", "0", "0"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["99"], "there is no run 99 in reports/out/history.db; `harness history` lists them", id="run"),
        pytest.param(["--history=no.db"], "there is no no.db; `harness run` and `pytest --history` keep", id="file"),
        pytest.param(["--history=mysql://me:secret@h/d"], "can't be at an address of 'mysql'", id="address"),
        pytest.param(["--history=."], "is a folder; name a file in it for the history", id="folder"),
    ],
)
def test_what_can_not_be_read_is_a_sentence(tmp_path: Path, arguments: list[str], says: str) -> None:
    """Exit code 2."""
    done = harness("history", *arguments, cwd=simulated(tmp_path, 1))
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


# -- runs as they are kept ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgresql() -> object:
    """A PostgreSQL server of this module."""
    with server() as running:
        yield running


PYTHON = """\
import pytest
from harness import Customer, message


async def test_a_greeting(customer: Customer) -> None:
    chat = await customer.open("Clerk")
    await chat.expect(message("Yes?"), within=5)


@pytest.mark.xfail(reason="not yet", strict=True)
async def test_another(customer: Customer) -> None:
    chat = await customer.open("Clerk")
    await chat.expect(message("No?"), within=1)


@pytest.mark.skip(reason="nothing to say")
async def test_no_more(customer: Customer) -> None:
    pass


def test_of_nobody() -> None:
    assert True
"""


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_run_is_kept(tmp_path: Path, workers: str) -> None:
    """Scenario files and Python, with workers or without; what is skipped, or talks to nobody, is not there."""
    folder(tmp_path, ("hours", "pets"))
    (tmp_path / "wrong.scenario.yaml").write_text(scenario("wrong", wanted="Never.").replace("wrong 0", "hours 0"))
    (tmp_path / "test_clerk.py").write_text(PYTHON)
    done = harness(*RUN, "--", *MORE, workers, "--repeat=2", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "history        run 1 in reports/out/history.db" in done.stdout
    with History(str(tmp_path / "reports" / "out" / "history.db")) as history:
        [run] = history.runs()
        assert (run.exit_code, run.note, run.target, run.kind) == (1, "", "sandbox", "run")
        assert dict(run.results) == {"passed": 5, "failed": 2, "excused": 1}
        assert sorted((one.scenario, one.repetition, one.status, one.excused) for one in history.results(1)) == [
            ("hours.scenario.yaml::hours", 1, "passed", False),
            ("hours.scenario.yaml::hours", 2, "passed", False),
            ("pets.scenario.yaml::pets", 1, "passed", False),
            ("pets.scenario.yaml::pets", 2, "passed", False),
            ("test_clerk.py::test_a_greeting", 0, "passed", False),
            ("test_clerk.py::test_another", 0, "failed", True),
            ("wrong.scenario.yaml::wrong", 1, "failed", False),
            ("wrong.scenario.yaml::wrong", 2, "failed", False),
        ]
        assert {one.why.split(",")[0] for one in history.results(1)} == {
            "",
            "ExpectationFailed: step 2",
            "ExpectationFailed: step 4",
        }
        kept = history.conversations(1)
        assert len(kept) == 8
        assert all((tmp_path / one.recording).is_file() for one in kept)
        asked = [one for one in kept if one.scenario == "pets.scenario.yaml::pets"]
        assert [[turn.words for turn in one.turns] for one in asked] == [["", *(f"pets {n}" for n in range(4))]] * 2
        assert all(turn.values["answer_ms"] > 90 for one in asked for turn in one.turns[1:])


def test_nothing_is_kept_where_it_is_not_wanted(tmp_path: Path) -> None:
    """Nor where nothing is played."""
    folder(tmp_path, ("hours",))
    done = harness(*RUN, "--no-history", "--", *MORE, cwd=tmp_path)
    assert done.returncode == 0
    assert "history " not in done.stdout
    assert harness(*RUN, "--", *MORE, "--collect-only", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "reports" / "out" / "history.db").exists()


def test_a_run_is_kept_in_a_database(tmp_path: Path, postgresql: Server) -> None:
    """Named by the environment; its password is nowhere to be seen."""
    folder(tmp_path, ("hours",))
    url = postgresql.database()
    done = harness(*RUN, "--", *MORE, cwd=tmp_path, HARNESS_HISTORY="")
    assert "run 1 in reports/out/history.db" in done.stdout
    command = [sys.executable, "-m", "harness", *RUN, "--", *MORE]
    told = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"HARNESS_HISTORY": url}, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "history        run 1 in postgresql://keeper@127.0.0.1:" in told.stdout
    assert "p%40ss" not in told.stdout + told.stderr
    with History(url) as history:
        assert len(history.conversations(1)) == 1


def test_a_store_that_can_not_be_used_fails_nothing(tmp_path: Path, postgresql: Server) -> None:
    """It is one sentence, with workers too; all other results are there."""
    folder(tmp_path, ("hours", "pets"))
    url = postgresql.url("nowhere")
    for workers in ("-n0", "-n2"):
        done = harness(*RUN, "--history", url, "--", *MORE, workers, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (
            done.stdout.count("history        not all of this run was kept: the history at postgresql://keeper@") == 1
        )
        assert 'database "nowhere" does not exist' in done.stdout
        assert "Traceback" not in done.stdout + done.stderr
        assert (tmp_path / "reports" / "out" / "junit.xml").exists()


def test_a_store_that_is_lost_on_the_way_fails_nothing(tmp_path: Path) -> None:
    """What was written until then is there; the sentence says the rest."""
    folder(tmp_path, ("hours", "pets"))
    (tmp_path / "conftest.py").write_text(
        "import pathlib, pytest\n\n\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_runtest_logfinish(nodeid: str) -> None:\n"
        "    for file in pathlib.Path('reports/out').glob('history.db*'):\n"
        "        file.write_bytes(b'gone' * 1024)\n"
    )
    done = harness(*RUN, "--", *MORE, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "history        not all of this run was kept: reports/out/history.db" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_killed_run_leaves_whole_scenarios(tmp_path: Path) -> None:
    """Those that had been reported; the run has no end, and the next one is kept as ever."""
    folder(tmp_path)
    (tmp_path / "clerk.bot.yaml").write_text(clerk({"prices": 30}))
    words = ["-m", "pytest", "-v", *MORE[:1], "--history=history.db", "--concurrency=2", "--color=no"]
    words += ["--override-ini=asyncio_default_fixture_loop_scope=function"]
    with subprocess.Popen(
        [sys.executable, *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "pets" in line and "PASSED" in line:  # the next one, prices, is thought about for half a minute
                break
        os.killpg(process.pid, signal.SIGKILL)
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with History(str(tmp_path / "history.db")) as history:
        [run] = history.runs()
        assert (run.ended_at, dict(run.results)) == (None, {"passed": 3})
        assert [len(one.turns) for one in history.conversations(run.id)] == [5, 5, 5]
    assert "did not end" in harness("history", "--history=history.db", cwd=tmp_path).stdout
    (tmp_path / "clerk.bot.yaml").write_text(clerk())
    done = harness(*RUN, "--history=history.db", "--", *MORE, cwd=tmp_path)
    assert "history        run 2 in history.db" in done.stdout
