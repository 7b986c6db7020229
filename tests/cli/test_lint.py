"""`harness lint` and `harness schema`, as a person calls them."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_cli import harness
from tests.scenarios.mistakes import FILE, MISTAKES, OPEN


def write(folder: Path, **files: str) -> Path:
    """Write scenarios."""
    for name, text in files.items():
        (folder / f"{name}.scenario.yaml").write_text(text, encoding="utf-8")
    return folder


def test_every_mistake_is_a_line(tmp_path: Path) -> None:
    """File, line, column and what is wrong; a summary on standard error; exit code 1."""
    MISTAKES["many steps at once"].write(tmp_path)
    done = harness("lint", ".", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "5 problems in 1 file; 1 scenario read\n")
    lines = done.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        f"{FILE}:{place}" for place in ("4:3", "5:12", "5:35", "6:8", "7:8")
    ]
    assert lines[0] == f"{FILE}:4:3: 'sya' is no step; did you mean 'say'?"


def test_no_mistakes_is_no_line(tmp_path: Path) -> None:
    """Exit code 0; the summary says how much was read."""
    write(tmp_path, one=OPEN, two=OPEN.replace("An", "Another"))
    done = harness("lint", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no problems; 2 scenarios read\n")


def test_the_suites_have_no_mistakes() -> None:
    """They are what is looked at where nothing is named."""
    done = harness("lint")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("no problems; ")


def test_a_file_can_be_named(tmp_path: Path) -> None:
    """Or several."""
    write(tmp_path, one=OPEN, two="scenario: two\nsteps: [opn]\n")
    assert harness("lint", FILE, cwd=tmp_path).returncode == 0
    done = harness("lint", FILE, "two.scenario.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)


def test_another_locale_can_be_checked(tmp_path: Path) -> None:
    """As a run in it would."""
    write(tmp_path, one=f"{OPEN}- expect: {{message: {{one_of: greeting}}}}\n")
    (tmp_path / "catalogues").mkdir()
    (tmp_path / "catalogues" / "words.yaml").write_text("greeting: {en: [Hello]}")
    assert harness("lint", ".", cwd=tmp_path).returncode == 0
    done = harness("lint", ".", "--locale", "de_DE", cwd=tmp_path)
    assert (done.returncode, "has nothing for the locale de_DE; it has en" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lint", "nowhere"], "Path 'nowhere' does not exist."),
        (["lint", "--locale", "de-DE"], "there is no locale 'de-DE'; did you mean 'de_DE'?"),
        (["lint", "--local", "de_DE"], "No such option"),
        (["schema", "setup.cfg"], "'setup.cfg' is a file"),
    ],
)
def test_wrong_words_are_a_sentence(arguments: list[str], says: str, tmp_path: Path) -> None:
    """Exit code 2, no traceback."""
    write(tmp_path, one=OPEN)
    (tmp_path / "setup.cfg").touch()
    done = harness(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What was printed, whichever way."""
    return (done.stdout + done.stderr).splitlines()


def test_schemas_are_written_and_compared(tmp_path: Path) -> None:
    """Whoever changes the language is told to write them anew."""
    kinds = ["scenario", "suite", "fragment", "catalogue", "targets"]
    files = [f"suites/schema/{kind}.schema.json" for kind in kinds]
    done = harness("schema", "--check", cwd=tmp_path)
    assert (done.returncode, lines(done)) == (1, [f"{file}: out of date; run harness schema" for file in files])
    done = harness("schema", cwd=tmp_path)
    assert (done.returncode, lines(done)) == (0, files)
    assert all(json.loads((tmp_path / file).read_text())["type"] == "object" for file in files)
    done = harness("schema", "--check", cwd=tmp_path)
    assert (done.returncode, lines(done)) == (0, [])
    (tmp_path / files[1]).write_text("{}")
    done = harness("schema", "--check", cwd=tmp_path)
    assert (done.returncode, lines(done)) == (1, [f"{files[1]}: out of date; run harness schema"])
    assert harness("schema", "elsewhere", cwd=tmp_path).returncode == 0
    assert (tmp_path / "elsewhere" / "suite.schema.json").is_file()
