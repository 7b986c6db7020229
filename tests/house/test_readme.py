"""What the README says is so: its scenario runs, and fails with the words it prints."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def without_numbers(line: str) -> str:
    """A line whose times and places, which differ from run to run, are blanked."""
    return re.sub(r"\s+", " ", re.sub(r"#\d+|\d+\.\d{3}", "0", line)).strip()


def played(file: Path) -> subprocess.CompletedProcess[str]:
    """What pytest says of a file."""
    command = [sys.executable, "-m", "pytest", "-q", "--color=no", file.name]
    return subprocess.run(command, cwd=file.parent, capture_output=True, text=True, timeout=60, check=False)


def test_the_scenario_fails_with_the_words_it_prints(tmp_path: Path) -> None:
    """Line for line, but for times; an ellipsis stands for lines left out."""
    [written] = blocks("yaml")
    [printed] = blocks("text")
    assert len(written.splitlines()) <= 10
    file = tmp_path / "readme.scenario.yaml"
    file.write_text(written)
    done = played(file)
    assert done.returncode == 1
    shown = iter([without_numbers(line) for line in done.stdout.splitlines()])
    for line in printed.splitlines():
        if line != "…":
            assert without_numbers(line) in shown, f"{line}\nis not, or not there, in\n{done.stdout}"


def test_the_scenario_in_python_holds(tmp_path: Path) -> None:
    """As it stands."""
    [code] = blocks("python")
    file = tmp_path / "test_readme.py"
    file.write_text(code)
    assert played(file).returncode == 0


def test_every_command_it_names_exists() -> None:
    """In the Makefile, or among the words of `harness`."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", README)) <= targets
    for command in set(re.findall(r"harness (run|sandbox|[a-z]+) (?:suites|--)", README)):
        help_of = [sys.executable, "-m", "harness", command, "--help"]
        assert subprocess.run(help_of, capture_output=True, check=False).returncode == 0, command


def test_every_folder_and_file_it_names_exists() -> None:
    """The map of the rooms is complete as well."""
    for path in set(re.findall(r"`((?:harness|suites|reports|docs|tests)/[\w/.]*)`|\]\(([\w/.]+)\)", README)):
        assert (ROOT / (path[0] or path[1])).exists() or path[0] == "reports/out/", path
    rooms = {f"harness/{room.name}/" for room in (ROOT / "harness").iterdir() if (room / "__init__.py").exists()}
    assert rooms - {"harness/metrics/"} <= set(re.findall(r"`(harness/\w+/)`", README))
