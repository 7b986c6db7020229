"""Finds and reads scenario files, and what they share: suites, fragments, catalogues, rows.

A scenario takes from every folder between its own and the root: `suite.yaml` (the nearer wins), `fragments/*.yaml`,
`catalogues/*.yaml`. Not here: the models (model.py), mistakes in what scenarios do (checking.py).
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.documents import Document, DocumentError, Place, Problem, nearest, read, refused, shown_path, text_of
from harness.environment import Environment, environment
from harness.expectations.rules import Waiver
from harness.scenarios.model import (
    Catalogues,
    Fragment,
    Link,
    Quarantine,
    Scenario,
    Suite,
    Value,
    Who,
    Wordings,
    language_of,
)

SUFFIX = ".scenario.yaml"
SUITE = "suite.yaml"
SHARED = ("fragments", "catalogues")
"""Folders of what scenarios share."""
DEFAULT_WITHIN = 10.0
"""Seconds an expectation has where nobody says."""

AModel = TypeVar("AModel", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Located:
    """A step as it was written, and where."""

    document: Document
    place: tuple[int | str, ...]
    data: Any

    def problem(self, what: str, *more: int | str, key: bool = False) -> Problem:
        """A mistake in it."""
        return self.document.problem((*self.place, *more), what, key=key)

    def nested(self, data: Any, *place: int | str) -> "list[Located]":
        """The steps within it, at a place of it."""
        return [Located(self.document, (*self.place, *place, at), one) for at, one in enumerate(data)]

    def __str__(self) -> str:
        line, _ = self.document.position(self.place)
        return f"{shown_path(self.document.path)}:{line}"


@dataclass(frozen=True, slots=True)
class Shared:
    """What the folders above a scenario give it.

    Attributes:
        suites: Outermost first.
        fragments: By name, each with its file.
        catalogues: By name.
        problems: What is wrong with their files.
    """

    suites: tuple[tuple[Document, Suite], ...] = ()
    fragments: Mapping[str, tuple[Document, Fragment]] = field(default_factory=dict)
    catalogues: Mapping[str, Wordings] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Script:
    """A scenario with one of its rows: what is played.

    Attributes:
        document: Its file.
        scenario: What the file says.
        shared: What it shares with others.
        row: Values of the row; empty if it has none.
        row_id: What the row is called; empty if it has none.
    """

    document: Document
    scenario: Scenario
    shared: Shared
    row: Mapping[str, Value] = field(default_factory=dict)
    row_id: str = ""

    @property
    def name(self) -> str:
        """What it is called among the scenarios of its file."""
        return f"{self.scenario.scenario}[{self.row_id}]" if self.row_id else self.scenario.scenario

    @cached_property
    def _layers(self) -> tuple[Scenario | Suite, ...]:
        """Who speaks for it, the nearest first."""
        return (self.scenario, *(suite for _, suite in reversed(self.shared.suites)))

    def _nearest(self, name: str) -> Any:
        told = (getattr(layer, name) for layer in self._layers)
        return next((value for value in told if value not in {None, ""}), None)

    @property
    def tags(self) -> tuple[str, ...]:
        """Of the scenario and its suites."""
        return tuple(dict.fromkeys(tag for layer in self._layers for tag in layer.tags))

    @property
    def links(self) -> tuple[Link, ...]:
        """Of the scenario and its suites."""
        return tuple(link for layer in self._layers for link in layer.links)

    @property
    def severity(self) -> str:
        """In Allure's words."""
        return str(self._nearest("severity") or "normal")

    @property
    def owner(self) -> str:
        """Who looks after it; empty if nobody was named."""
        return str(self._nearest("owner") or "")

    @property
    def deployment(self) -> str:
        """API name of the deployment; empty is the target's own."""
        return str(self._nearest("deployment") or "")

    @property
    def strict(self) -> bool | None:
        """Whether unclaimed messages fail it; None if nobody said."""
        return next((layer.strict for layer in self._layers if layer.strict is not None), None)

    @property
    def within(self) -> float | None:
        """Seconds an expectation has that gives none itself; None if nobody said."""
        return next((layer.within for layer in self._layers if layer.within is not None), None)

    @property
    def timeout(self) -> float | None:
        """Seconds it may take; None if nobody said."""
        return next((layer.timeout for layer in self._layers if layer.timeout is not None), None)

    @property
    def quarantine(self) -> Quarantine | None:
        """Why and how long its failures are known."""
        return next((layer.quarantine for layer in self._layers if layer.quarantine is not None), None)

    @cached_property
    def persona(self) -> Who:
        """What is said of the end user."""
        told: dict[str, str] = {}
        for layer in reversed(self._layers):
            told |= layer.persona.model_dump(exclude_none=True) if layer.persona else {}
        return Who(**told)

    @cached_property
    def vars(self) -> dict[str, Value]:
        """Variables, the row among them."""
        told: dict[str, Value] = {}
        for layer in reversed(self._layers):
            told |= layer.vars
        return told | dict(self.row)

    @cached_property
    def waivers(self) -> tuple[Waiver, ...]:
        """Rules that are taken less seriously."""
        told: dict[str, Waiver] = {}
        for layer in reversed(self._layers):
            told |= {name: Waiver(name, one.severity, one.because) for name, one in layer.rules.items()}
        return tuple(told.values())

    @cached_property
    def environment(self) -> frozenset[str]:
        """Environment variables that it may read."""
        return frozenset(name for _, suite in self.shared.suites for name in suite.environment)

    @cached_property
    def env(self) -> Environment:
        """Where they are.

        Raises:
            DocumentError: A `.env` file says what can't be meant.
        """
        return environment(self.document.path.parent)

    @cached_property
    def setup(self) -> tuple[Located, ...]:
        """Steps before its own, outermost suite first."""
        return tuple(one for document, suite in self.shared.suites for one in _steps(document, suite.setup, "setup"))

    @cached_property
    def steps(self) -> tuple[Located, ...]:
        """Its own steps."""
        return tuple(_steps(self.document, self.scenario.steps, "steps"))

    @cached_property
    def teardown(self) -> tuple[Located, ...]:
        """Steps after its own, innermost suite first."""
        suites = reversed(self.shared.suites)
        return tuple(one for document, suite in suites for one in _steps(document, suite.teardown, "teardown"))

    def fragment(self, name: str) -> tuple[Document, Fragment]:
        """A fragment by its name.

        Raises:
            ValueError: There is none.
        """
        if name not in self.shared.fragments:
            raise ValueError(f"there is no fragment {name!r}{nearest(name, self.shared.fragments)}")
        return self.shared.fragments[name]

    def wordings(self, catalogue: str, locale: str) -> tuple[str, ...]:
        """The acceptable wordings of a catalogue in a locale, or in its language.

        Raises:
            ValueError: There is no such catalogue, or it has none.
        """
        if catalogue not in self.shared.catalogues:
            raise ValueError(f"there is no catalogue {catalogue!r}{nearest(catalogue, self.shared.catalogues)}")
        by_locale = self.shared.catalogues[catalogue]
        found = by_locale.get(locale) or by_locale.get(language_of(locale))
        if not found:
            told = ", ".join(sorted(by_locale)) or "none"
            raise ValueError(f"the catalogue {catalogue!r} has nothing for the locale {locale}; it has {told}")
        return found


def _steps(document: Document, steps: Any, key: str) -> Iterator[Located]:
    for at, data in enumerate(steps):
        yield Located(document, (key, at), data)


class Library:
    """Reads scenario files below a root, and what they share but once.

    Args:
        root: Where looking for what is shared ends.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._folders: dict[Path, Shared] = {}
        self._titles: dict[tuple[Path, str], Path] = {}

    def scripts(self, path: Path) -> list[Script]:
        """A scenario file's scripts, one a row.

        Raises:
            DocumentError: It, or what it shares, has mistakes.
        """
        scripts, problems = self.look_at(path)
        if problems:
            raise DocumentError(problems)
        return scripts

    def look_at(self, path: Path) -> tuple[list[Script], list[Problem]]:
        """A scenario file's scripts, as far as they can be told, and what is wrong with the file and what it shares.

        Where names or steps may be missing because of a mistake there are no scripts.
        """
        path = path.resolve()
        shared = self.shared(path.parent)
        problems = list(shared.problems)
        try:
            document = read(path)
            scenario = _scenario(document, problems)
            if scenario is None:
                return [], problems
            self._titled(document, scenario.scenario, problems)
            rows = _rows(document, scenario)
        except DocumentError as error:
            return [], [*problems, *error.problems]
        if shared.problems:
            return [], problems
        return [Script(document, scenario, shared, row, name) for name, row in rows], problems

    def shared(self, folder: Path) -> Shared:
        """What the folders down to this one give, mistakes included."""
        if folder not in self._folders:
            is_top = folder == self._root or not folder.is_relative_to(self._root)
            self._folders[folder] = _read_shared(folder, Shared() if is_top else self.shared(folder.parent))
        return self._folders[folder]

    def _titled(self, document: Document, title: str, problems: list[Problem]) -> None:
        """Scenarios of a folder have different titles: reports tell them apart by these."""
        other = self._titles.setdefault((document.path.parent, title), document.path)
        if other != document.path:
            what = f"{other.name} beside this one has the same title; give one of them another"
            problems.append(document.problem(("scenario",), what))


_NEEDED = ("vars", "rows", "persona", "steps")
"""Keys without which a scenario's steps can't be checked."""


def _scenario(document: Document, problems: list[Problem]) -> Scenario | None:
    """The scenario of a file. What is wrong with it is noted; None if its steps or their names are not known then."""
    if document.data is None:
        return _model(document, Scenario)
    try:
        return Scenario.model_validate(document.data)
    except ValidationError as error:
        problems += refused(document, error, Scenario)
        wrong = {str(place[0]) for one in error.errors(include_url=False) if (place := one["loc"])}
        if not wrong or any(get_close_matches(key, _NEEDED, n=1) for key in wrong):
            return None
    kept = {key: value for key, value in document.data.items() if key not in wrong}
    try:
        return Scenario.model_validate({"scenario": document.path.name, **kept})
    except ValidationError:
        return None


def _rows(document: Document, scenario: Scenario) -> list[tuple[str, Mapping[str, Value]]]:
    """The rows by what they are called."""
    if scenario.rows is None:
        return [("", {})]
    if isinstance(scenario.rows, str):
        return list(zip(*_csv(document, scenario.rows), strict=True))
    rows = scenario.rows
    if not rows or not all(rows):
        empty: Place = ("rows",) if not rows else ("rows", rows.index({}))
        told = "this row is empty" if rows else "there are no rows, so nothing would run"
        raise DocumentError([document.problem(empty, f"{told}; write {{word: value}}, or leave it out")])
    problems = [
        document.problem(("rows", at), f"this row {_difference(row, rows[0])}, other than the first")
        for at, row in enumerate(rows)
        if set(row) != set(rows[0])
    ]
    names = _row_ids(rows)
    for at, earlier in _again(rows):
        line, _ = document.position(("rows", earlier))
        what = f"the row on line {line} has this id already; give one of them another"
        problems.append(document.problem(("rows", at, "id"), what))
    if problems:
        raise DocumentError(problems)
    return list(zip(names, rows, strict=True))


def _difference(row: Mapping[str, Value], first: Mapping[str, Value]) -> str:
    lacks, more = [name for name in first if name not in row], [name for name in row if name not in first]
    told = [f"has no {' and no '.join(map(repr, lacks))}"] * bool(lacks)
    return " and ".join([*told, *([f"has {' and '.join(map(repr, more))}"] * bool(more))])


def _again(rows: Sequence[Mapping[str, Value]]) -> Iterator[tuple[int, int]]:
    """Rows with an id that an earlier one has, and which that is."""
    seen: dict[str, int] = {}
    for at, row in enumerate(rows):
        if row.get("id"):
            earlier = seen.setdefault(str(row["id"]), at)
            if earlier != at:
                yield at, earlier


def _row_ids(rows: Sequence[Mapping[str, Value]]) -> list[str]:
    """What rows are called: by their `id`, or by their values; a number keeps equal ones apart."""
    names: dict[str, int] = {}
    for row in rows:
        told = str(row["id"]) if row.get("id") else "-".join(str(value) for value in row.values())
        name = short = re.sub(r"[\s\[\]:]+", " ", told).strip()[:60] or "row"
        while name in names:
            names[short] += 1
            name = f"{short} #{names[short]}"
        names[name] = 1
    return list(names)


def _csv(document: Document, name: str) -> tuple[list[str], list[Mapping[str, Value]]]:
    """The rows of a CSV file, and what they are called."""
    path = document.path.parent / name
    if not path.is_file():
        near = nearest(name, [one.name for one in path.parent.glob("*.csv")]) if path.parent.is_dir() else ""
        raise DocumentError([document.problem(("rows",), f"there is no file {name} beside this one{near}")])
    reader = csv.reader(StringIO(text_of(path), newline=""), strict=True)
    columns: list[str] = []
    rows: list[Mapping[str, Value]] = []
    lines: list[int] = []
    problems: list[Problem] = []
    line = 1
    try:
        for values in reader:
            if not columns and values:
                columns = values
            elif values:
                if len(values) != len(columns):
                    told = f"{len(values)} value{'' if len(values) == 1 else 's'}"
                    what = f"this line has {told}, but there are {len(columns)} columns: {', '.join(columns)}"
                    problems.append(Problem(path, line, 1, what))
                rows.append(dict(zip(columns, values, strict=False)))
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DocumentError([Problem(path, line, 1, f"this is no CSV: {error}")]) from None
    if wrong := _columns(columns):
        raise DocumentError([Problem(path, 1, 1, wrong)])
    if not rows:
        raise DocumentError([Problem(path, 1, 1, "there are no lines below the first, so nothing would run")])
    for at, earlier in _again(rows):
        what = f"line {lines[earlier]} has this id already; give one of them another"
        problems.append(Problem(path, lines[at], 1, what))
    if problems:
        raise DocumentError(problems)
    return _row_ids(rows), rows


def _columns(columns: list[str]) -> str:
    """What is wrong with the first line of a CSV file."""
    if not columns or not all(column.isidentifier() for column in columns):
        told = ", ".join(map(repr, columns)) or "nothing"
        return f"the first line of a CSV file names its columns by words, as in order,state; here it is {told}"
    twice = next((column for column in columns if columns.count(column) > 1), None)
    return f"there are two columns {twice!r}; give one of them another name" if twice else ""


def _model(document: Document, model: type[AModel]) -> AModel:
    if document.data is None:
        named = {
            Scenario: "a scenario has scenario: TITLE and steps",
            Fragment: "a fragment has fragment: NAME and steps",
        }
        if model in named:
            raise DocumentError([document.problem((), f"the file is empty; {named[model]}")])
    try:
        return model.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        raise DocumentError(refused(document, error, model)) from None


def _read_shared(folder: Path, outer: Shared) -> Shared:
    suites, fragments, catalogues = outer.suites, dict(outer.fragments), dict(outer.catalogues)
    problems = list(outer.problems)
    with _collected(problems):
        if (path := folder / SUITE).is_file():
            document = read(path)
            suites = (*suites, (document, _model(document, Suite)))
    for path in sorted((folder / "fragments").glob("*.yaml")):
        with _collected(problems):
            document = read(path)
            fragment = _model(document, Fragment)
            known = fragments.get(fragment.fragment)
            if known is not None and known[0].path.parent == path.parent:
                what = (
                    f"{known[0].path.name} has a fragment {fragment.fragment!r} already; give one of them another name"
                )
                problems.append(document.problem(("fragment",), what))
            fragments[fragment.fragment] = document, fragment
    named: dict[str, Path] = {}
    for path in sorted((folder / "catalogues").glob("*.yaml")):
        with _collected(problems):
            document = read(path)
            for name, wordings in _model(document, Catalogues).root.items():
                if name in named:
                    what = f"{named[name].name} has a catalogue {name!r} already; give one of them another name"
                    problems.append(document.problem((name,), what, key=True))
                catalogues[name], named[name] = wordings, path
    return Shared(suites, fragments, catalogues, tuple(problems))


@contextmanager
def _collected(problems: list[Problem]) -> Iterator[None]:
    """What is wrong with a file is noted, and the others are read."""
    try:
        yield
    except DocumentError as error:
        problems += error.problems
