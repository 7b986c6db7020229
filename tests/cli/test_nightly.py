"""`harness nightly` as CI calls it, at a sandbox whose bot becomes slower."""

import re
import sqlite3
from pathlib import Path

import pytest

from harness.metrics.regression import Word
from harness.reporting.nightly.verdicts import read
from harness.reporting.store.history import History
from tests.cli.nights import clerk, copied, folder, harness, nightly, scenario


def told(terminal: str) -> str:
    """What is said after the run itself."""
    return terminal.partition("\nnight          ")[2]


LONG = 1.5
"""Seconds that a clerk thinks who is to be compared: what a busy machine adds is little beside it."""


def test_a_bot_that_becomes_slower_fails_the_gate(tmp_path: Path) -> None:
    """First nothing is known; then it is pinned, compared, suspected, played again, and told by words and exit code."""
    store = folder(tmp_path) / "reports" / "out" / "history.db"
    (tmp_path / "clerk.bot.yaml").write_text(clerk(patience=LONG))
    done = nightly(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "run 1 of sandbox, by no baseline" in done.stdout
    assert "no baseline of 'sandbox' is pinned, so nothing is compared; `harness baseline pin`" in done.stdout
    assert re.search(r"^series         12 learning; all together \+0.0%$", done.stdout, re.MULTILINE)
    assert (tmp_path / "reports" / "out" / "junit.xml").exists()

    copied(store, 1, 8)
    done = harness("baseline", "pin", "9", "--reason", "before the move", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "clerk.bot.yaml").write_text(clerk({"pets": 2 * LONG}, patience=LONG))
    done = nightly(tmp_path)
    assert done.returncode == 6, done.stdout + done.stderr
    assert re.search(r"^slower +\d+ ms +\d+ ms +\+\d+\.\d% +20 +0\.\d+  answer_ms of pets", told(done.stdout), re.M)
    assert " 1 slower" in told(done.stdout)
    with History(str(store)) as history:
        *_, night, again = history.runs()
        assert (night.kind, again.kind) == ("night", "again")
        assert (night.scenarios, again.scenarios) == (20, 40)
        verdict = read(history, night.id)
        assert verdict is not None
        assert verdict.again == again.id
        [slower] = verdict.said(Word.SLOWER)
        assert (slower.key.scenario, slower.key.metric, slower.tonight.n) == (
            "pets.scenario.yaml::pets",
            "answer_ms",
            20,
        )
        assert [Path(one.recording).parent.name for one in history.conversations(again.id)] == ["again"] * 40
    done = harness("history", str(night.id), cwd=tmp_path)
    assert done.returncode == 0
    assert "slower" in done.stdout


def test_what_did_not_hold_comes_first(tmp_path: Path) -> None:
    """Before budgets; those are told, too."""
    folder(tmp_path, ("hours",))
    (tmp_path / "hours.scenario.yaml").write_text(scenario("hours", wanted="It is not so."))
    (tmp_path / "targets.yaml").write_text("targets: {sandbox: {budgets: {reply: 1ms}}}\n")
    done = nightly(tmp_path, repeat=20)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "budgets        1 over, 0 kept" in told(done.stdout)


def test_a_budget_that_is_not_kept_fails_the_gate(tmp_path: Path) -> None:
    """From the first night on, by what targets.yaml says; what is known of the run is kept."""
    folder(tmp_path, ("hours",))
    (tmp_path / "targets.yaml").write_text("targets: {sandbox: {budgets: {reply: 50ms, greeting: 60s}}}\n")
    done = nightly(tmp_path, "--target-version", "bot 7")
    assert done.returncode == 6, done.stdout + done.stderr
    assert "budgets        1 over, 1 kept" in done.stdout
    assert "answer_ms of hours.scenario.yaml::hours (en_US) over 50 ms in 100% of its turns, " in done.stdout
    assert "bot 7" in harness("history", cwd=tmp_path).stdout


def test_a_night_that_can_not_be_kept_is_run_nevertheless(tmp_path: Path) -> None:
    """With all its other reports; why is a sentence, and another exit code."""
    folder(tmp_path, ("hours",))
    (tmp_path / "notes.db").write_text("no database" * 100)
    done = nightly(tmp_path, "--history", "notes.db", repeat=1)
    assert done.returncode == 7, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "history        not all of this run was kept: notes.db is no SQLite database" in done.stdout
    assert done.stdout.endswith("night          not judged: nothing of the run was kept; why not, it has said itself\n")
    assert (tmp_path / "reports" / "out" / "junit.xml").exists()
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(
            ["--baseline=9"], 7, "not judged: there is no baseline 9 in reports/out/history.db;", id="baseline"
        ),
        pytest.param(["--", "-k", "nothing"], 5, "20 deselected", id="nothing to play"),
        pytest.param(["--", "--org-id=x"], 4, "--org-id 'x' is no organisation's id", id="words for pytest"),
        pytest.param(["--repeat=0"], 2, "0 is not in the range x>=1", id="words"),
        pytest.param(["--target=nowhere"], 4, "'nowhere' is neither the name of a target nor an", id="no target"),
    ],
)
def test_other_exit_codes(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    """As --help has them; those of pytest are its own."""
    done = nightly(folder(tmp_path, ("hours",)), *arguments, repeat=5 if "-k" not in arguments else 20)
    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_an_older_store_is_brought_up_to_date_on_the_way(tmp_path: Path) -> None:
    """By whoever writes first."""
    folder(tmp_path, ("hours",))
    done = harness("run", ".", "--no-html", "--", "--bots=clerk.bot.yaml", cwd=tmp_path)
    assert "history        run 1 in reports/out/history.db" in done.stdout
    file = tmp_path / "reports" / "out" / "history.db"
    with sqlite3.connect(file) as connection:
        for table in ("change_point", "budget", "verdict", "judgement", "baseline_run", "baseline"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("ALTER TABLE run DROP COLUMN kind")
        connection.execute("UPDATE harness_version SET version_num = '0002'")
    connection.close()
    done = harness("history", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "harness: reports/out/history.db is of an older harness (revision 0002, today's is 0003); the next run that "
        "writes to it brings it up to date\n"
    )
    done = nightly(tmp_path, repeat=1)
    assert "run 2 of sandbox, by no baseline" in done.stdout, done.stdout + done.stderr
    assert len(harness("history", cwd=tmp_path).stdout.splitlines()) == 3
