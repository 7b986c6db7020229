"""Finds scenario files and everything that is wrong with them, before anything is sent.

Here: which files there are, what is wrong between them. Not here: what is wrong within one (loading.py, checking.py),
printing it (cli/), collecting tests (plugin/).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from os import walk
from pathlib import Path

from harness.documents import DocumentError, Problem, text_of, told_once
from harness.scenarios.checking import DEFAULT_LOCALE, Checker
from harness.scenarios.loading import SHARED, SUFFIX, SUITE, Library, Script, Shared

_PASSED_OVER = re.compile(r"\..*|__pycache__|node_modules|venv|build|dist")
"""Folders where nobody keeps scenarios."""
_PROJECT = ("pyproject.toml", ".git")
_YAML = {".yaml", ".yml"}
_BEGINS_A_SCENARIO = re.compile(r"^scenario:", re.MULTILINE)
_OF_A_BOT = ".bot.yaml"


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found.

    Attributes:
        scenarios: How many there are, each row counted.
        problems: Every mistake once, in the order of the files.
    """

    scenarios: int
    problems: tuple[Problem, ...]


def root_of(path: Path) -> Path:
    """Where looking for what scenarios share ends: the project's folder, else the path's own, or the current one."""
    path = path.resolve()
    folder = path if path.is_dir() else path.parent
    for above in (folder, *folder.parents):
        if any((above / name).exists() for name in _PROJECT):
            return above
    here = Path.cwd()
    return here if folder.is_relative_to(here) else folder


def read_scripts(library: Library, path: Path, *, locale: str | None = None) -> list[Script]:
    """A scenario file's scripts, one a row, checked.

    Args:
        library: Reads it.
        path: The file.
        locale: In which they are to be played; that of each by default.

    Raises:
        DocumentError: Something is wrong with it, or with what it shares with others.
    """
    scripts, problems = library.look_at(path)
    problems += [problem for checker in _checkers(scripts, locale) for problem in checker.problems()]
    if problems:
        raise DocumentError(problems)
    return scripts


def lint(paths: Iterable[Path], *, locale: str | None = None) -> Findings:
    """Find what is wrong with scenarios.

    Args:
        paths: Files, and folders that are looked through.
        locale: In which the scenarios are to be played; that of each by default.
    """
    linter = _Linter(locale)
    for path in paths:
        linter.look_at(path)
    return linter.findings()


def _checkers(scripts: list[Script], locale: str | None) -> list[Checker]:
    return [Checker(one, locale or one.persona.locale or DEFAULT_LOCALE) for one in scripts]


@dataclass(slots=True)
class _Linter:
    """Looks at files one after the other.

    Attributes:
        locale: In which the scenarios are to be played.
        scenarios: How many there were, each row counted.
        problems: What is wrong.
    """

    locale: str | None
    scenarios: int = 0
    problems: list[Problem] = field(default_factory=list)
    _libraries: dict[Path, Library] = field(default_factory=dict)
    _seen: set[Path] = field(default_factory=set)
    _unread: list[Path] = field(default_factory=list)
    _folders: list[tuple[Path, Shared]] = field(default_factory=list)
    _run: set[Path] = field(default_factory=set)

    def look_at(self, path: Path) -> None:
        """Look at a file, or through a folder."""
        path = path.resolve()
        root = root_of(path)
        library = self._libraries.setdefault(root, Library(root))
        if path.name in SHARED and path.is_dir():
            self.problems += library.shared(path.parent).problems
        elif path.is_dir():
            self._folder(path, library)
        elif path.name.endswith(SUFFIX):
            self._scenario(path, library)
        elif path.name == SUITE or path.parent.name in SHARED:
            shared = library.shared(path.parent if path.name == SUITE else path.parent.parent)
            self.problems += [problem for problem in shared.problems if problem.path == path]
        else:
            what = f"this is no file of scenarios; their names end in {SUFFIX}"
            self.problems.append(_misnamed(path) or Problem(path, 1, 1, what))

    def findings(self) -> Findings:
        """All that was found."""
        return Findings(self.scenarios, tuple(told_once([*self.problems, *self._not_run()])))

    def _folder(self, folder: Path, library: Library) -> None:
        for name, folders, files in walk(folder):
            here = Path(name)
            folders[:] = sorted(one for one in folders if not _PASSED_OVER.fullmatch(one))
            if here.name in SHARED:
                self.problems += filter(None, map(_misnamed_shared, (here / file for file in files)))
                continue
            shared = library.shared(here)
            self.problems += shared.problems
            self._folders.append((here, shared))
            for file in sorted(files):
                if file.endswith(SUFFIX):
                    self._scenario(here / file, library)
                elif (problem := _misnamed(here / file)) is not None:
                    self.problems.append(problem)

    def _scenario(self, path: Path, library: Library) -> None:
        if path in self._seen:
            return
        self._seen.add(path)
        scripts, problems = library.look_at(path)
        self.problems += problems
        self.scenarios += len(scripts)
        checkers = _checkers(scripts, self.locale)
        for checker in checkers:
            self.problems += checker.problems()
            self._run |= checker.used
        if not scripts or not all(checker.is_sure for checker in checkers):
            self._unread.append(path)

    def _not_run(self) -> Iterator[Problem]:
        """Fragments that no scenario runs; where a scenario can't be read, nobody knows."""
        for folder, shared in self._folders:
            if any(path.is_relative_to(folder) for path in self._unread):
                continue
            for document, fragment in shared.fragments.values():
                if document.path.parent.parent == folder and document.path not in self._run:
                    what = f"nobody runs the fragment {fragment.fragment!r}; run it, or delete it"
                    yield document.problem(("fragment",), what)


def _misnamed(path: Path) -> Problem | None:
    """What is wrong with the name of a file that looks like one of ours, but nobody reads."""
    if path.suffix.casefold() not in _YAML or path.name == SUITE or path.name.endswith(_OF_A_BOT):
        return None
    if path.stem.casefold() in {"suite", "suites"}:
        return Problem(path, 1, 1, f"this looks like a suite, but nobody reads it; call it {SUITE}")
    try:
        if "scenario" not in path.name.casefold() and not _BEGINS_A_SCENARIO.search(text_of(path)):
            return None
    except DocumentError:
        return None
    name = re.sub(r"[._-]?scenarios?$", "", path.stem, flags=re.IGNORECASE) or "some"
    return Problem(path, 1, 1, f"this looks like a scenario, but nobody reads it; call it {name}{SUFFIX}")


def _misnamed_shared(path: Path) -> Problem | None:
    if path.suffix.casefold() not in _YAML or path.suffix == ".yaml":
        return None
    what = f"this looks like one of the {path.parent.name}, but nobody reads it; call it {path.stem}.yaml"
    return Problem(path, 1, 1, what)
