"""Finds what is wrong with a scenario before anything is sent: walks its steps as a run would, and only looks.

Told at once are: names that stand for nothing, what can't be read, patterns that can never hold or are never waited
for, captures used before they are bound, steps nobody can take. Not here: playing (playing.py), files (loading.py),
single blocks (blocks.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.documents import Document, Place, Problem, nearest, refused, shown_path, told_once
from harness.events import CLASSES
from harness.events.base import types
from harness.scenarios import model
from harness.scenarios.blocks import CAPTURE, binds, faults, mentions
from harness.scenarios.loading import DEFAULT_WITHIN, Located, Script
from harness.scenarios.playing import REP
from harness.scenarios.references import Later, references, resolved
from harness.scenarios.scope import Circular, Scope

DEFAULT_LOCALE = "en_US"
MOST_STEPS = 10_000
"""Steps of one scenario, those of its fragments counted each time that they are run."""

_RESOLVED = ("vars", "rows", "steps", "setup", "teardown")
"""Keys of a file in which names are replaced."""
_MOVES = ("said", "chose")
_ANYTHING = "*"
"""The kind of a name in a step that can't be read."""


def _later(name: str) -> Later:
    return Later(f"${{{name}}}")


@dataclass(slots=True)
class _Ways:
    """What is so after the steps up to here.

    Attributes:
        bound: Names that are bound for sure, each with the kind of event, or `CAPTURE`.
        perhaps: Names that are bound on some ways only.
        opened: Who has a conversation.
        perhaps_opened: Who has one on some ways only.
        closed: Who has closed theirs for sure.
    """

    bound: dict[str, str] = field(default_factory=dict)
    perhaps: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    perhaps_opened: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)

    def copy(self) -> "_Ways":
        """The same, to go on with."""
        return _Ways(dict(self.bound), set(self.perhaps), set(self.opened), set(self.perhaps_opened), set(self.closed))

    @classmethod
    def met(cls, ways: "list[_Ways]") -> "_Ways":
        """What is so where ways meet."""
        first, *others = ways
        sure = {name: kind for name, kind in first.bound.items() if all(way.bound.get(name) == kind for way in others)}
        opened = set[str].intersection(*(way.opened for way in ways))
        return cls(
            sure,
            set[str]().union(*(way.perhaps | way.bound.keys() for way in ways)) - sure.keys(),
            opened,
            set[str]().union(*(way.perhaps_opened | way.opened for way in ways)) - opened,
            set[str].intersection(*(way.closed for way in ways)),
        )


@dataclass(slots=True)
class _Checking(Scope):
    """The scope of a check: what a run would bind is known by name only.

    Attributes:
        so: What is so at this step.
        broken: Variables whose mistake has been told.
    """

    so: _Ways = field(default_factory=_Ways)
    broken: set[str] = field(default_factory=set)

    def of_run(self, name: str) -> object:
        head, dot, rest = name.partition(".")
        kind = self.so.bound.get(name if name in self.so.bound else head)
        if kind is None and head in self.so.perhaps:
            raise ValueError(f"{head} may not be bound here: not every way to this step binds it")
        if kind is None or (kind == CAPTURE and dot):
            raise LookupError(name)
        if kind not in {CAPTURE, _ANYTHING}:
            fields = types(CLASSES[kind])
            if not dot:
                raise ValueError(f"{name} is the name of a {kind} event; say which of its fields: ${{{name}.text}}")
            if rest not in fields:
                raise ValueError(f"a {kind} event has no field {rest!r}{nearest(rest, fields)}")
        return _later(name)

    def of_persona(self, name: str) -> object:
        return self.locale if name == "locale" else _later(f"persona.{name}")

    def of_made(self, name: str) -> object:
        return _later(f"made.{name}")

    def known(self) -> list[str]:
        return [*Scope.known(self), *self.so.bound]

    def lookup(self, name: str) -> object:
        try:
            return Scope.lookup(self, name)
        except ValueError:
            head = name.partition(".")[0]
            line = next((line for named, line in self._named_later() if named == head), None)
            if line is None or head in self.so.perhaps or head in self.so.bound:
                raise
            raise ValueError(
                f"{head} is not known yet: what it names comes on line {line}; use it after that"
            ) from None

    def _named_later(self) -> Iterator[tuple[str, int]]:
        """Names that the scenario's own steps give, and where."""
        document = self.script.document
        for place, key, value in _pairs(self.script.scenario.steps, ("steps",)):
            named = list(value) if key == "capture" and isinstance(value, dict) else [value] if key == "as" else []
            for name in named:
                yield str(name), document.position(place)[0]

    def _of_vars(self, name: str, within: tuple[str, ...]) -> object:
        return _later(name) if name in self.broken else Scope._of_vars(self, name, within)

    def said(self, name: str) -> str:
        moves = [one for one, kind in self.so.bound.items() if kind in _MOVES]
        if self.so.bound.get(name) not in {*_MOVES, _ANYTHING}:
            if name in self.so.perhaps:
                raise ValueError(f"{name!r} may not have been said here: not every way to this step says it")
            near = nearest(name, moves, otherwise=f"name it where it is said: say: {{text: …, as: {name}}}")
            raise ValueError(f"nothing was said as {name!r} before{near}")
        return name


class _TooMany(Exception):  # noqa: N818 - caught below
    """Steps."""


class Checker:
    """Checks one script.

    Args:
        script: What.
        locale: In which locale it is to be played.
    """

    def __init__(self, script: Script, locale: str) -> None:
        self._script = script
        self._scope = _Checking(script, locale)
        self._problems: list[Problem] = []
        self._fragments: list[tuple[str, Located]] = []
        self._during = ""
        self._left = MOST_STEPS
        self.used: set[Path] = set()
        """Files of the fragments that it runs."""
        self.is_sure = True
        """Whether it runs no others."""

    def problems(self) -> list[Problem]:
        """Every mistake, in the order of the files."""
        script = self._script
        self._head()
        self._values()
        path = shown_path(script.document.path)
        try:
            with self._led_by(f"before the steps of {path}"):
                self._all(script.setup)
            self._all(script.steps)
            with self._led_by(f"after the steps of {path}"):
                self._all(script.teardown)
        except _TooMany:
            what = f"these are more than {MOST_STEPS:,} steps, those of fragments counted each time"
            place = self._fragments[0][1] if self._fragments else script.steps[0]
            self._problems.append(place.problem(what))
        return told_once(self._problems)

    # -- values -------------------------------------------------------------------------------------------------------

    def _head(self) -> None:
        """What stands beside the steps is taken as it is."""
        for document in (self._script.document, *(document for document, _ in self._script.shared.suites)):
            head = {key: value for key, value in document.data.items() if key not in _RESOLVED} if document.data else {}
            for place, name in references(head):
                what = f"${{{name or '…'}}} is not replaced here, only in vars, rows and steps; write it out"
                self._problems.append(document.problem(place, what))

    def _values(self) -> None:
        """Names in variables and rows."""
        script = self._script
        sources: list[tuple[Document, Place, Mapping[str, model.Value]]] = [
            (script.document, ("vars",), script.scenario.vars)
        ]
        sources += [(document, ("vars",), suite.vars) for document, suite in script.shared.suites]
        rows = script.scenario.rows
        if isinstance(rows, tuple) and script.row in rows:
            sources.append((script.document, ("rows", rows.index(script.row)), script.row))
        for document, place, values in sources:
            for variable, value in values.items():
                for at, name in references(value, (*place, variable)):
                    if variable not in self._scope.broken:
                        self._value(document, at, variable, name)

    def _value(self, document: Document, place: Place, variable: str, name: str | None) -> None:
        try:
            self._scope.lookup(_ended(name))
        except Circular as error:
            self._scope.broken |= set(error.names)
            self._problems.append(document.problem(place, str(error)))
        except ValueError as error:
            self._scope.broken.add(variable)
            self._problems.append(document.problem(place, str(error)))

    # -- steps --------------------------------------------------------------------------------------------------------

    def _all(self, steps: Iterable[Located]) -> None:
        for one in steps:
            self._one(one)

    def _one(self, written: Located) -> None:
        self._left -= 1
        if self._left < 0:
            raise _TooMany
        wrong: set[str] = set()
        for place, name in references(written.data):
            try:
                self._scope.lookup(_ended(name))
            except ValueError as error:
                wrong.add(name or "")
                self._tell(written.problem(str(error), *place))

        def lookup(name: str) -> object:
            return _later(name) if name in wrong else self._scope.lookup(name)

        data = resolved(written.data, lookup)
        try:
            step = model.step(data, self._scope)
        except ValidationError as error:  # what is only known later is not told of
            self._tell(*refused(written.document, error, model.Said, written.place, unless=_is_later))
            self._skip(written)
            return
        self._look(step, written, data)

    def _skip(self, written: Located) -> None:
        """Names that a step with mistakes would have bound are not complained of later; its steps are looked at."""
        so = self._scope.so
        for _, key, value in _pairs(written.data, ()):
            if key == "as" and isinstance(value, str):
                so.bound[value] = _ANYTHING
            if key == "capture" and isinstance(value, dict):
                so.bound |= dict.fromkeys(value, _ANYTHING)
            if key == "run" and isinstance(value, str | dict):
                named = [value] if isinstance(value, str) else list(value)
                fragments = self._script.shared.fragments
                self.used |= {fragments[name][0].path for name in named if name in fragments}
        if isinstance(written.data, dict):  # it may have been meant to open
            so.opened.add(str(written.data.get("as") or ""))
        else:
            so.opened.add("")
        for place, steps in _nested(written.data, ()):
            before = so.copy()
            self._all(written.nested(steps, *place))
            self._scope.so = so = _Ways.met([before, self._scope.so])

    def _look(self, step: model.Step, written: Located, data: Any) -> None:
        match step:
            case model.Open():
                self._opened(step, written)
            case model.Run(run=run):
                self._run(written, *next(iter(run.items())))
            case model.When(when=when, then=then, otherwise=otherwise):
                self._conditions(when, written, "when")
                self._ways([written.nested(then, "then"), written.nested(otherwise, "else")])
            case model.Repeat(repeat=repeat):
                self._all(written.nested(repeat.steps, "repeat", "steps"))
                self._conditions(repeat.until or {}, written, "repeat", "until")
            case _:
                self._can_be_taken(step, written)
                self._move(step, written, data)

    def _move(self, step: model.Step, written: Located, data: Any) -> None:
        so = self._scope.so
        match step:
            case model.Say(say=said):
                self._replied_to(said.in_reply_to, written)
                if said.name:
                    so.bound[said.name] = "said"
            case model.Choose(choose=choice):
                if choice.name:
                    so.bound[choice.name] = "chose"
            case model.Attach(attach=attached):
                folder = written.document.path.parent
                if "${" not in attached.file and not (folder / attached.file).is_file():
                    near = nearest(attached.file, [one.name for one in folder.iterdir() if one.is_file()], otherwise="")
                    what = f"there is no file {attached.file} beside this one{near}"
                    self._tell(written.problem(what, "attach", "file"))
            case model.Expect(expect=expected) | model.Once(once=expected):
                self._expectation(step, expected, written, data)
            case model.Close():
                so.closed.add(step.user or "")

    def _replied_to(self, name: str | None, written: Located) -> None:
        bound = self._scope.so.bound
        events = [one for one, kind in bound.items() if kind not in {CAPTURE, *_MOVES}]
        if name and "${" not in name and name not in events:
            near = nearest(name, events, otherwise=f"name it where it is expected: message: {{as: {name}}}")
            self._tell(written.problem(f"no event is called {name!r} before{near}", "say", "in_reply_to"))

    # -- who ----------------------------------------------------------------------------------------------------------

    def _opened(self, step: model.Step, written: Located) -> None:
        so, who = self._scope.so, step.user or ""
        if who == REP:
            self._tell(written.problem("the rep joins by speaking; only customers open a conversation", "as"))
            return
        if who in so.opened and who not in so.closed:
            what = "this user has a conversation open already; close it first, or let another user open one: as: NAME"
            self._tell(written.problem(what, step.word, key=True))
        so.opened.add(who)
        so.perhaps_opened.discard(who)
        so.closed.discard(who)

    def _can_be_taken(self, step: model.Step, written: Located) -> None:
        so, who = self._scope.so, "" if step.user == REP else step.user or ""
        called = f"{who!r}" if who else "the customer"
        what = ""
        if who in so.perhaps_opened:
            what = f"{called} may have no conversation here: not every way to this step opens one"
        elif who not in so.opened:
            near = nearest(who, {*so.opened, REP} - {""}, otherwise="") if who else ""
            what = f"{called} has no conversation here yet; open one first{f', with as: {who}' if who else ''}{near}"
        if what:
            self._tell(written.problem(what, step.word, key=True))
            so.opened.add(who)
            so.perhaps_opened.discard(who)
        looks_on = isinstance(step, model.Expect | model.Once | model.Wait)
        if step.user == REP and not isinstance(step, model.Say | model.Type | model.Leave | model.End | model.Close):
            self._tell(written.problem(f"a rep can say, type, leave and end, not {step.word}", step.word, key=True))
        elif step.user != REP and isinstance(step, model.Leave):
            what = f"only the rep can leave: as: {REP}; a customer can end or close"
            self._tell(written.problem(what, step.word, key=True))
        elif step.user != REP and not looks_on and who in so.closed:
            what = (
                f"{called} has closed the conversation before, so there is nothing to {step.word}; open another first"
            )
            self._tell(written.problem(what, step.word, key=True))

    # -- expectations -------------------------------------------------------------------------------------------------

    def _expectation(self, step: model.Step, expected: model.Branching, written: Located, data: Any) -> None:
        block, so = expected.block, self._scope.so
        for place, what in faults(block, data[step.word], self._script.within or DEFAULT_WITHIN):
            self._tell(written.problem(what, step.word, *place))
        if isinstance(step, model.Once):
            if expected.branches:
                self._tell(written.problem("once has no branches; use expect", step.word, "any", key=True))
            return
        sure = binds(block.pattern) if not block.soft else frozenset()
        so.bound |= dict(sure)
        so.perhaps |= {name for name, _ in mentions(block.pattern) - sure} - so.bound.keys()
        if expected.branches:
            ways = [
                written.nested(then, step.word, "any", at, "then") for at, (_, then) in enumerate(expected.branches)
            ]
            self._ways(ways, [dict(binds(pattern)) for pattern, _ in expected.branches], skipped=block.soft)

    def _ways(
        self, ways: list[list[Located]], bound: list[dict[str, str]] | None = None, *, skipped: bool = False
    ) -> None:
        """Several ways to go on: what is so on every one of them is so after them.

        Args:
            ways: The steps of each.
            bound: Names that each has bound.
            skipped: Whether it may be that none is taken.
        """
        before = self._scope.so
        after = [before.copy()] if skipped else []
        for place, way in enumerate(ways):
            self._scope.so = before.copy()
            self._scope.so.bound |= bound[place] if bound else {}
            self._all(way)
            after.append(self._scope.so)
        self._scope.so = _Ways.met(after)

    def _conditions(self, condition: Mapping[str, Any], written: Located, *place: str) -> None:
        """What has not been captured is nothing, so a condition may ask for what is bound on some ways only."""
        for name in condition:
            try:
                self._scope.lookup(name)
            except ValueError as error:
                if name.partition(".")[0] not in self._scope.so.perhaps:
                    told = str(error).replace(f"${{{name}}}", repr(name), 1)
                    self._tell(written.problem(told, *place, name, key=True))

    # -- fragments ----------------------------------------------------------------------------------------------------

    def _run(self, written: Located, name: str, given: Mapping[str, Any] | None) -> None:
        is_short = isinstance(written.data["run"], str)
        place = ("run",) if is_short else ("run", name)
        try:
            document, fragment = self._script.fragment(name)
        except ValueError as error:
            if "${" not in name:
                self._tell(written.problem(str(error), *place, key=not is_short))
            self.is_sure = False
            return
        self.used.add(document.path)
        if self._runs_itself(written, name):
            return
        unknown = [one for one in given or {} if one not in fragment.parameters]
        for one in unknown:
            what = f"the fragment {name!r} has no parameter {one!r}{nearest(one, fragment.parameters)}"
            self._tell(written.problem(what, "run", name, one, key=True))
        with self._within(name, written):
            parameters = {**self._defaults(document, fragment), **(given or {})}
            missing = [one for one, value in parameters.items() if value is None]
            known = parameters | {one: _later(one) for one in missing}
            with self._scope.given(known):
                self._all(Located(document, ("steps", at), one) for at, one in enumerate(fragment.steps))
        if missing and not unknown:
            what = f"the fragment {name!r} needs {' and '.join(missing)}; write run: {{{name}: {{{missing[0]}: …}}}}"
            self._tell(written.problem(what, *place, key=not is_short))

    def _defaults(self, document: Document, fragment: model.Fragment) -> dict[str, object]:
        """What parameters are that are not given."""
        found: dict[str, object] = {}
        for name, value in fragment.parameters.items():
            try:
                for _, wanted in references(value):
                    self._scope.lookup(_ended(wanted))
                found[name] = resolved(value, self._scope.lookup)
            except ValueError as error:
                self._tell(document.problem(("parameters", name), str(error)))
                found[name] = _later(name)
        return found

    def _runs_itself(self, written: Located, name: str) -> bool:
        """Tell of a cycle, always in the same words wherever it is entered."""
        names = [one for one, _ in self._fragments]
        if name not in names:
            return False
        steps = [*self._fragments[names.index(name) + 1 :], (name, written)]
        first = min(range(len(steps)), key=lambda at: steps[at][0])
        begins, where = steps[first]
        around = [*(one for one, _ in steps[first + 1 :]), *(one for one, _ in steps[: first + 1])]
        told = " runs ".join([begins, *around])
        self._tell(where.problem(f"the fragments run each other without end: {told}", "run"))
        return True

    @contextmanager
    def _within(self, fragment: str, written: Located) -> Iterator[None]:
        self._fragments.append((fragment, written))
        with self._led_by(self._during or f"run by {self._fragments[0][1]}"):
            yield
        self._fragments.pop()

    @contextmanager
    def _led_by(self, what: str) -> Iterator[None]:
        before, self._during = self._during, what
        yield
        self._during = before

    def _tell(self, *problems: Problem) -> None:
        own = self._script.document.path
        self._problems += [one if one.path == own else replace(one, during=self._during) for one in problems]


def _ended(name: str | None) -> str:
    if name is None:
        raise ValueError("this ${ is never closed; write ${name}, or $${ for a plain ${")
    return name


def _is_later(value: object) -> bool:
    """Whether a value is only known later, or one of several is."""
    return isinstance(value, Later) or (isinstance(value, tuple) and any(map(_is_later, value)))


def _pairs(data: Any, place: Place) -> Iterator[tuple[Place, str, Any]]:
    """Every key within data, where it is, and its value."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*place, key), key, value
            yield from _pairs(value, (*place, key))
    elif isinstance(data, list | tuple):
        for at, one in enumerate(data):
            yield from _pairs(one, (*place, at))


def _nested(data: Any, place: Place) -> Iterator[tuple[Place, list[Any]]]:
    """Lists of steps within a step, and where."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in model.NESTED and isinstance(value, list):
                yield (*place, key), value
            else:
                yield from _nested(value, (*place, key))
    elif isinstance(data, list):
        for at, one in enumerate(data):
            yield from _nested(one, (*place, at))


def check(script: Script, *, locale: str | None = None) -> list[Problem]:
    """What is wrong with a script.

    Args:
        script: What.
        locale: In which it is to be played; its persona's by default.
    """
    return Checker(script, locale or script.persona.locale or DEFAULT_LOCALE).problems()
