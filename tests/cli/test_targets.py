"""`harness targets`, as a person calls it; production, as every door keeps it shut."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.sandbox.process import sandbox_process
from harness.settings import ORG_ID
from tests.cli.test_cli import HARNESS, SCENARIO

FILE = """\
targets:
  staging:
    url: ${env.STAGING_URL}
    org_id: ${env.STAGING_ORG_ID}
    deployment: My_Client
    proxy: http://me:${env.PROXY_PASSWORD}@proxy.example:3128
  live:
    url: https://live.example
    org_id: 00D000000000002
    deployment: My_Client
    production: true
"""


def harness(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Call it with some more environment variables, and wait."""
    return run(*HARNESS, *arguments, cwd=cwd, **variables)


def run(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Call a command with some more environment variables, and wait."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("STAGING", "PROXY"))} | variables
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_targets_are_a_table(tmp_path: Path) -> None:
    """With what is missing, and never with a value."""
    (tmp_path / "suites").mkdir()
    (tmp_path / "targets.yaml").write_text(FILE)
    (tmp_path / ".env").write_text("PROXY_PASSWORD=hunter2\n")
    done = harness("targets", cwd=tmp_path, STAGING_ORG_ID=ORG_ID)
    assert done.returncode == 0
    assert done.stdout == (
        "name     address               deployment\n"
        "sandbox  started for the run   Harbour_Assistant\n"
        "staging  ${env.STAGING_URL}    My_Client          not set: STAGING_URL\n"
        "live     https://live.example  My_Client          in production: needs --allow-production\n"
    )
    assert done.stderr == "from targets.yaml\n"


def test_without_a_file_there_is_the_sandbox(tmp_path: Path) -> None:
    """And it is said where others would be named."""
    done = harness("targets", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, ["sandbox  started for the run  Harbour_Assistant"])
    assert done.stderr == "there is no targets.yaml in . or above; others are named there\n"


def test_mistakes_are_lines(tmp_path: Path) -> None:
    """With file, line and column; exit code 2."""
    (tmp_path / "targets.yaml").write_text(FILE.replace("org_id: ${env.STAGING_ORG_ID}", "organisation: x"))
    done = harness("targets", "--in", ".", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "targets.yaml:4:5: unknown key 'organisation'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_linter_finds_them_too(tmp_path: Path) -> None:
    """In the folders it looks at, and above."""
    (tmp_path / "suites" / "one").mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "suites" / "one"):
        (folder / "targets.yaml").write_text(FILE.replace("org_id: ${env.STAGING_ORG_ID}", "org_id: x"))
    done = harness("lint", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "2 problems in 2 files; 0 scenarios read\n")
    told = "4:13: 'x' is no organisation's id; it has 15 letters and digits, and begins with 00D"
    assert done.stdout == f"suites/one/targets.yaml:{told}\ntargets.yaml:{told}\n"


RUN = [*HARNESS, "run", ".", "--no-html"]
PYTEST = [sys.executable, "-m", "pytest", "-q", "--override-ini=asyncio_default_fixture_loop_scope=function"]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param([*RUN, "--target", "live"], 4, id="harness run"),
        pytest.param([*PYTEST, "--target", "live"], 4, id="pytest"),
        pytest.param([*PYTEST, "--target", "live", "-n", "2"], 4, id="pytest with workers"),
        pytest.param([*HARNESS, "doctor", "--target", "live"], 2, id="harness doctor"),
    ],
)
def test_production_is_refused(command: list[str], code: int, tmp_path: Path) -> None:
    """Before anything is sent, in a sentence."""
    (tmp_path / "targets.yaml").write_text(FILE)
    (tmp_path / "test_greeting.py").write_text(SCENARIO)
    done = run(*command, cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert "the target 'live' is in production, where real customers are served, so nothing was sent to it; add" in said
    assert "Traceback" not in said


def test_a_target_of_the_file_is_talked_to(tmp_path: Path) -> None:
    """With its address of the environment; one in production where that is allowed."""
    (tmp_path / "test_greeting.py").write_text(SCENARIO)
    text = FILE.replace("https://live.example", "${env.STAGING_URL}").replace("My_Client", "Harbour_Menu")
    (tmp_path / "targets.yaml").write_text(text)
    with sandbox_process() as url:
        done = run(*PYTEST, "--target", "live", "--allow-production", cwd=tmp_path, STAGING_URL=url)
        assert done.returncode == 0, done.stdout + done.stderr
        done = run(*RUN, "--target", "live", "--allow-production", cwd=tmp_path, STAGING_URL=url)
        assert done.returncode == 0, done.stdout + done.stderr
