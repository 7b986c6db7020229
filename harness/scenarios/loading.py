"""Finds and reads scenario files, and what they share: suites, fragments, catalogues, rows.

A scenario takes from every folder between its own and the root: `suite.yaml` (the nearer wins), `fragments/*.yaml`,
`catalogues/*.yaml`. Not here: the models (model.py), mistakes in what scenarios do (checking.py).
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.documents import Document, DocumentError, Problem, nearest, read, refused
from harness.expectations.rules import Waiver
from harness.scenarios.model import Fragment, Link, Quarantine, Said, Scenario, Suite, Value, Who

SUFFIX = ".scenario.yaml"
DEFAULT_WITHIN = 10.0
"""Seconds an expectation has where nobody says."""

AModel = TypeVar("AModel", bound=Said)
Wordings = Mapping[str, tuple[str, ...]]
"""Of a catalogue: acceptable wordings by locale."""

_CATALOGUES = TypeAdapter(dict[str, dict[str, tuple[str, ...]]])


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
        path = self.document.path
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        return f"{shown}:{line}"


@dataclass(frozen=True, slots=True)
class Shared:
    """What the folders above a scenario give it.

    Attributes:
        suites: Outermost first.
        fragments: By name, each with its file.
        catalogues: By name.
    """

    suites: tuple[tuple[Document, Suite], ...]
    fragments: Mapping[str, tuple[Document, Fragment]]
    catalogues: Mapping[str, Wordings]


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
        found = by_locale.get(locale) or by_locale.get(locale.partition("_")[0])
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

    def scripts(self, path: Path) -> list[Script]:
        """A scenario file's scripts, one a row.

        Raises:
            DocumentError: It, or what it shares, has mistakes.
        """
        path = path.resolve()
        shared = self.shared(path.parent)
        document = read(path)
        scenario = _model(document, document.data, Scenario)
        rows = self._rows(document, scenario)
        return [Script(document, scenario, shared, row, name) for name, row in rows]

    def shared(self, folder: Path) -> Shared:
        """What the folders down to this one give.

        Raises:
            DocumentError: There are mistakes.
        """
        if folder not in self._folders:
            above = folder.parent
            is_top = folder == self._root or not folder.is_relative_to(self._root)
            outer = Shared((), {}, {}) if is_top else self.shared(above)
            self._folders[folder] = _read_shared(folder, outer)
        return self._folders[folder]

    def _rows(self, document: Document, scenario: Scenario) -> list[tuple[str, Mapping[str, Value]]]:
        if scenario.rows is None:
            return [("", {})]
        if isinstance(scenario.rows, str):
            rows: list[Mapping[str, Value]] = _csv(document, scenario.rows)
        else:
            rows = list(scenario.rows)
        if not rows:
            raise DocumentError([document.problem(("rows",), "there are no rows, so nothing would run")])
        problems = [
            document.problem(("rows", at), f"this row has {told}, the first has {', '.join(rows[0])}")
            for at, row in enumerate(rows)
            if set(row) != set(rows[0]) and (told := ", ".join(row) or "nothing")
        ]
        if problems:
            raise DocumentError(problems)
        return list(zip(_row_ids(rows), rows, strict=True))


def _row_ids(rows: list[Mapping[str, Value]]) -> list[str]:
    """What rows are called: by their `id`, or by their values; a number keeps equal ones apart."""
    names: list[str] = []
    for row in rows:
        told = str(row["id"]) if row.get("id") else "-".join(str(value) for value in row.values())
        name = re.sub(r"[\s\[\]:]+", " ", told).strip()[:60] or "row"
        again = sum(one == name or one.startswith(f"{name} #") for one in names)
        names.append(f"{name} #{again + 1}" if again else name)
    return names


def _csv(document: Document, name: str) -> list[Mapping[str, Value]]:
    path = document.path.parent / name
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = reader.fieldnames or []
            if not columns or any(not (column or "").isidentifier() for column in columns):
                what = f"the first line of a CSV file names its columns by words, not {', '.join(map(repr, columns))}"
                raise DocumentError([Problem(path, 1, 1, what)])
            rows: list[Mapping[str, Value]] = []
            for row in reader:
                if None in row or None in row.values():
                    values = len([value for value in row.values() if isinstance(value, str)])
                    values += len(row.get(None) or ())
                    what = f"this line has {values} values, but there are {len(columns)} columns: {', '.join(columns)}"
                    raise DocumentError([Problem(path, reader.line_num, 1, what)])
                rows.append(row)
    except FileNotFoundError:
        raise DocumentError([document.problem(("rows",), f"there is no file {name} beside this one")]) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DocumentError([document.problem(("rows",), f"{name} can't be read: {error}")]) from None
    return rows


def _model(document: Document, data: Any, model: type[AModel]) -> AModel:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DocumentError(refused(document, error, model)) from None


def _read_shared(folder: Path, outer: Shared) -> Shared:
    suites, fragments, catalogues = outer.suites, dict(outer.fragments), dict(outer.catalogues)
    problems: list[Problem] = []
    if (path := folder / "suite.yaml").is_file():
        document = read(path)
        suites = (*suites, (document, _model(document, document.data or {}, Suite)))
    for path in sorted((folder / "fragments").glob("*.yaml")):
        document = read(path)
        fragment = _model(document, document.data, Fragment)
        known = fragments.get(fragment.fragment)
        if known is not None and known[0].path.parent == path.parent:
            what = f"the fragment {fragment.fragment!r} is in {known[0].path.name} already; give it another name"
            problems.append(document.problem(("fragment",), what))
        fragments[fragment.fragment] = document, fragment
    for path in sorted((folder / "catalogues").glob("*.yaml")):
        document = read(path)
        try:
            catalogues |= _CATALOGUES.validate_python(document.data)
        except ValidationError as error:
            problems += refused(document, error, Said)
    if problems:
        raise DocumentError(problems)
    return Shared(suites, fragments, catalogues)
