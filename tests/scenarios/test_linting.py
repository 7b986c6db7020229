"""Which files are scenarios, and what is wrong between them."""

from contextlib import chdir
from pathlib import Path

import pytest

from harness.documents import DocumentError
from harness.scenarios.linting import Findings, lint, read_scripts, root_of
from harness.scenarios.loading import Library
from tests.scenarios.mistakes import FILE, OPEN


def write(folder: Path, **files: str) -> None:
    """Write files; `__` in a name is a slash."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def told(findings: Findings) -> list[str]:
    """Names of the files that something is wrong with."""
    return [problem.path.name for problem in findings.problems]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Scenarios in folders, each with mistakes."""
    (tmp_path / "pyproject.toml").touch()
    write(
        tmp_path,
        **{
            "a__one.scenario": "scenario: one\nsteps: [opn]",
            "a__two.scenario": "scenario: two\nrows: [{x: 1}, {x: 2}]\nsteps: [open]",
        },
        **{"b__one.scenario": "scenario: one\nsteps: [open, run: used]", "b__suite": "tag: x", "notes": "a: b"},
        fragments__used="fragment: used\nsteps: [say: '${nobody}']",
        fragments__unused="fragment: unused\nsteps: [say: Hello]",
        catalogues__words="greeting: []",
    )
    return tmp_path  # fmt: skip


@pytest.mark.parametrize(
    ("path", "scenarios", "files"),
    [
        pytest.param(".", 0, ["one.scenario.yaml", "suite.yaml", "words.yaml"], id="all"),
        pytest.param("a/one.scenario.yaml", 0, ["words.yaml"], id="a scenario, and what it shares"),
        pytest.param("b/suite.yaml", 0, ["suite.yaml"], id="a suite"),
        pytest.param("fragments/used.yaml", 0, [], id="a fragment"),
        pytest.param("catalogues/words.yaml", 0, ["words.yaml"], id="a catalogue"),
        pytest.param("catalogues", 0, ["words.yaml"], id="all catalogues"),
        pytest.param("notes.yaml", 0, ["notes.yaml"], id="something else"),
    ],
)
def test_files_and_folders_can_be_looked_at(shop: Path, path: str, scenarios: int, files: list[str]) -> None:
    """Wherever they are."""
    found = lint([shop / path])
    assert (found.scenarios, sorted(set(told(found)))) == (scenarios, sorted(set(files) - {"one.scenario.yaml"}))


def test_scenarios_are_counted_by_their_rows(tmp_path: Path) -> None:
    """And each but once, however often it is named."""
    write(
        tmp_path,
        **{"a/one.scenario": f"{OPEN}".replace("steps", "rows: [{x: 1}, {x: 2}]\nsteps"), "b/two.scenario": OPEN},
    )
    assert lint([tmp_path, tmp_path / "a", tmp_path / "b" / "two.scenario.yaml"]) == Findings(3, ())
    assert lint([]) == Findings(0, ())


@pytest.mark.parametrize("folder", [".git", "node_modules", "venv", "build"])
def test_some_folders_are_passed_over(tmp_path: Path, folder: str) -> None:
    """Unless they are what is asked for."""
    write(tmp_path, **{f"{folder}/one.scenario": OPEN})
    assert lint([tmp_path]).scenarios == 0
    assert lint([tmp_path / folder]).scenarios == 1


def test_a_fragment_may_be_run_by_another(tmp_path: Path) -> None:
    """Or by a set-up, or by a step that is never taken; where a scenario can't be read, nobody knows."""
    write(
        tmp_path,
        **{"one.scenario": f"{OPEN}- {{when: {{x: y}}, then: [run: first]}}\n".replace("steps", "vars: {x: z}\nsteps")},
        suite="teardown: [run: third]",
        fragments__first="fragment: first\nsteps: [run: second]",
        fragments__second="fragment: second\nsteps: [say: Hello]",
        fragments__third="fragment: third\nsteps: [say: Hello]",
    )
    assert lint([tmp_path]).problems == ()
    write(tmp_path, fragments__fourth="fragment: fourth\nsteps: [say: Hello]")
    assert told(lint([tmp_path])) == ["fourth.yaml"]
    assert told(lint([tmp_path / FILE])) == []
    write(tmp_path, **{"two.scenario": "{"})
    assert told(lint([tmp_path])) == ["two.scenario.yaml"]


def test_scripts_are_read_and_checked(shop: Path) -> None:
    """As a run does it: all mistakes, or all scripts."""
    write(shop, catalogues__words="greeting: {en: [Hello]}")
    library = Library(shop)
    assert len(read_scripts(library, shop / "a" / "two.scenario.yaml")) == 2
    with pytest.raises(DocumentError) as caught:
        read_scripts(library, shop / "a" / "one.scenario.yaml")
    assert [problem.what for problem in caught.value.problems] == ["'opn' is no step; did you mean 'open'?"]


def test_looking_for_what_is_shared_ends_at_the_project(tmp_path: Path) -> None:
    """Which has a pyproject.toml or is under version control; else at the current folder, or the one that is named."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    assert root_of(folder) == folder
    (folder / "some.yaml").touch()
    assert root_of(folder / "some.yaml") == folder
    with chdir(tmp_path):
        assert root_of(Path("a") / "b") == tmp_path
    (tmp_path / "a" / "pyproject.toml").touch()
    assert root_of(folder) == tmp_path / "a"
