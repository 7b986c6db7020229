"""Finds what is wrong with a scenario before anything is sent: walks its steps as a run would, and only looks.

Told at once are: names that stand for nothing, what can't be read, patterns that can never hold or are never waited
for, captures used before they are bound, steps nobody can take. Not here: playing (playing.py), files (loading.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from harness.documents import Problem, nearest, refused
from harness.expectations.patterns import AllOf, AnyOf, Eventually, One, Pattern, Repeat, Sequence
from harness.expectations.reply import Reply
from harness.scenarios import model
from harness.scenarios.loading import DEFAULT_WITHIN, Located, Script
from harness.scenarios.playing import REP
from harness.scenarios.references import references, resolved
from harness.scenarios.scope import Scope
from harness.user.persona import is_locale

_LATER = "what is only known later"


@dataclass(slots=True)
class _Checking(Scope):
    """The scope of a check: what a run would bind is known by name only.

    Attributes:
        bound: Names that are bound for sure.
        perhaps: Names that are bound on some ways only.
        moves: Names of what the user said.
    """

    bound: set[str] = field(default_factory=set)
    perhaps: set[str] = field(default_factory=set)
    moves: set[str] = field(default_factory=set)

    def of_run(self, name: str) -> object:
        head = name.partition(".")[0]
        if name in self.bound or head in self.bound or head in self.moves:
            return _LATER
        if head in self.perhaps:
            raise ValueError(f"{head} may not be bound here: not every way to this step binds it")
        raise LookupError(name)

    def of_persona(self, name: str) -> object:
        return self.locale if name == "locale" else _LATER

    def known(self) -> list[str]:
        return [*Scope.known(self), *self.bound, *self.moves]

    def said(self, name: str) -> str:
        if name not in self.moves:
            raise ValueError(f"nothing was said as {name!r} before{nearest(name, self.moves)}")
        return name


def binds(pattern: Pattern) -> frozenset[str]:  # noqa: PLR0911 - one a pattern
    """Names that the pattern binds whenever it holds."""
    match pattern:
        case One():
            captured = (wanted.binds for _, wanted in pattern.fields)
            return frozenset[str]().union({pattern.name} - {None}, *captured)  # type: ignore[arg-type]
        case Reply():
            return binds(pattern.message)
        case Sequence(parts) | AllOf(parts):
            return frozenset[str]().union(*map(binds, parts))
        case AnyOf(parts):
            each = [binds(part) for part in parts]
            return frozenset.intersection(*each) if each else frozenset()
        case Repeat(part):
            return binds(part) if pattern.at_least else frozenset()
        case Eventually(part):
            return binds(part)
    return frozenset()


def _mentions(pattern: Pattern) -> frozenset[str]:
    """Names that the pattern may bind."""
    return frozenset[str]().union(*(binds(leaf) for leaf in pattern.leaves()))


def _not_waited_for(pattern: Pattern) -> Pattern | None:
    """The last part of a sequence that need not come, so nobody would wait for it."""
    if not isinstance(pattern, Sequence) or not pattern.parts:
        return None
    last = pattern.parts[-1]
    return last if last.nullable else _not_waited_for(last)


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
        self._open: set[str] = set()
        self._closed: set[str] = set()
        self._fragments: list[str] = []

    def problems(self) -> list[Problem]:
        """Every mistake, in the order of the steps."""
        if not is_locale(self._scope.locale):
            what = f"no names are known for the locale {self._scope.locale!r}; one looks like en_US or de_DE"
            self._problems.append(self._script.document.problem(("persona", "locale"), what))
        self._vars()
        self._all(self._script.setup)
        self._all(self._script.steps)
        self._all(self._script.teardown)
        return self._problems

    def _vars(self) -> None:
        for name, value in self._script.scenario.vars.items():
            for place, wanted in references(value, ("vars", name)):
                try:
                    self._scope.lookup(wanted)
                except ValueError as error:
                    self._problems.append(self._script.document.problem(place, str(error)))

    def _all(self, steps: Iterable[Located]) -> None:
        for one in steps:
            self._one(one)

    def _one(self, written: Located) -> None:
        wrong: set[str] = set()
        for place, name in references(written.data):
            try:
                self._scope.lookup(name)
            except ValueError as error:
                wrong.add(name)
                self._problems.append(written.problem(str(error), *place))

        def lookup(name: str) -> object:
            return _LATER if name in wrong else self._scope.lookup(name)

        try:
            step = model.step(resolved(written.data, lookup), self._scope)
        except ValidationError as error:
            if not wrong:  # what a wrong name led to is not told twice
                self._problems += refused(written.document, error, model.Said, written.place)
            self._go_into_what_can_be_read(written)
            return
        self._look(step, written)

    def _go_into_what_can_be_read(self, written: Located) -> None:
        """Names that a step with mistakes would have bound are not complained of later."""
        for key, value in _pairs(written.data):
            if key == "as" and isinstance(value, str):
                self._scope.bound.add(value)
                self._scope.moves.add(value)
            if key == "capture" and isinstance(value, dict):
                self._scope.bound.update(map(str, value))
        if isinstance(written.data, dict) and "open" in written.data:
            self._open.add(str(written.data.get("as") or ""))

    def _look(self, step: model.Step, written: Located) -> None:  # noqa: PLR0912 - one a step
        match step:
            case model.Open():
                who = step.user or ""
                if who in self._open:
                    self._wrong(written, "this user has a conversation already; another takes another user", step.word)
                self._open.add(who)
                return
            case model.Run(run=run):
                self._run(written, *next(iter(run.items())))
                return
            case model.When(when=when, then=then, otherwise=otherwise):
                self._conditions(when, written, "when")
                self._ways([written.nested(then, "then"), written.nested(otherwise, "else")])
                return
            case model.Repeat(repeat=repeat):
                self._all(written.nested(repeat.steps, "repeat", "steps"))
                self._conditions(repeat.until or {}, written, "repeat", "until")
                return
        self._can_be_taken(step, written)
        match step:
            case model.Say(say=said):
                if said.in_reply_to and said.in_reply_to not in self._scope.bound:
                    what = (
                        f"no event is called {said.in_reply_to!r} before{nearest(said.in_reply_to, self._scope.bound)}"
                    )
                    self._wrong(written, what, "say", "in_reply_to")
                if said.name:
                    self._scope.moves.add(said.name)
            case model.Choose(choose=choice):
                if choice.name:
                    self._scope.moves.add(choice.name)
            case model.Attach(attach=attached):
                if not (written.document.path.parent / attached.file).is_file():
                    self._wrong(written, f"there is no file {attached.file} beside this one", "attach", "file")
            case model.Expect(expect=expected) | model.Once(once=expected):
                self._expectation(step, expected, written)
            case model.Close():
                self._closed.add(step.user or "")

    def _can_be_taken(self, step: model.Step, written: Located) -> None:
        who = "" if step.user == REP else step.user or ""
        called = f"{who!r}" if who else "the customer"
        if who not in self._open:
            self._wrong(written, f"{called} has no conversation here yet; open one first", step.word)
            self._open.add(who)
        moves = not isinstance(step, model.Expect | model.Once | model.Wait) and step.user != REP
        if moves and who in self._closed:
            self._wrong(written, f"{called} has closed the conversation before, so nobody can {step.word}", step.word)
        if step.user == REP and not isinstance(step, model.Say | model.Type | model.Leave | model.End | model.Close):
            self._wrong(written, f"a rep can say, type, leave and end, not {step.word}", step.word)
        if step.user != REP and isinstance(step, model.Leave):
            self._wrong(written, f"only the rep can leave: say as: {REP}", step.word)

    def _expectation(self, step: model.Step, expected: model.Branching, written: Located) -> None:
        block = expected.block
        try:
            block.expectation(self._script.within or DEFAULT_WITHIN)
        except ValueError as error:
            self._wrong(written, str(error), step.word)
            return
        if (idle := _not_waited_for(block.pattern)) is not None:
            what = f"nothing waits for {idle} at the end of a sequence; leave it out, or put what must come after it"
            self._wrong(written, what, step.word)
        parts = block.pattern.parts if isinstance(block.pattern, AnyOf) else ()
        for place, part in enumerate(parts):
            if part in parts[:place]:
                what = f"this branch can't be reached: {part} is branch {parts.index(part) + 1} already"
                self._wrong(written, what, step.word, "any", place)
        if isinstance(step, model.Once):
            return
        sure = binds(block.pattern)
        self._scope.bound |= sure
        self._scope.perhaps |= _mentions(block.pattern) - sure
        if expected.branches:
            ways = [
                written.nested(then, step.word, "any", at, "then") for at, (_, then) in enumerate(expected.branches)
            ]
            self._ways(ways, [binds(pattern) for pattern, _ in expected.branches])

    def _ways(self, ways: list[list[Located]], bound: list[frozenset[str]] | None = None) -> None:
        """Several ways to go on: bound is what every one of them binds."""
        scope = self._scope
        before = set(scope.bound), set(scope.moves), set(self._closed)
        after: list[tuple[set[str], set[str], set[str]]] = []
        for place, way in enumerate(ways):
            scope.bound, scope.moves, self._closed = map(set, before)
            scope.bound |= bound[place] if bound else set()
            self._all(way)
            after.append((scope.bound, scope.moves, self._closed))
        names, moves, closed = ([*each] for each in zip(*after, strict=True))
        scope.perhaps |= set[str]().union(*names) - set[str].intersection(*names)
        scope.bound, scope.moves = set[str].intersection(*names), set[str].intersection(*moves)
        self._closed = set[str].intersection(*closed)

    def _conditions(self, condition: Mapping[str, Any], written: Located, *place: str) -> None:
        for name in condition:
            try:
                self._scope.lookup(name)
            except ValueError as error:
                if name not in self._scope.perhaps:
                    told = str(error).replace(f"${{{name}}}", name, 1)
                    self._problems.append(written.problem(told, *place, name, key=True))

    def _run(self, written: Located, name: str, given: Mapping[str, Any] | None) -> None:
        try:
            document, fragment = self._script.fragment(name)
        except ValueError as error:
            self._problems.append(written.problem(str(error), "run", name, key=True))
            return
        if name in self._fragments:
            told = " runs ".join([*self._fragments[self._fragments.index(name) :], name])
            self._wrong(written, f"the fragment runs itself: {told}", "run")
            return
        for one in given or {}:
            if one not in fragment.parameters:
                what = f"the fragment {name!r} has no parameter {one!r}{nearest(one, fragment.parameters)}"
                self._problems.append(written.problem(what, "run", name, one, key=True))
        parameters = {**fragment.parameters, **(given or {})}
        missing = [one for one, value in parameters.items() if value is None]
        if missing:
            self._wrong(written, f"the fragment {name!r} needs {' and '.join(missing)}; give it a value", "run", name)
        with self._within(name), self._scope.given({one: value or _LATER for one, value in parameters.items()}):
            self._all(Located(document, ("steps", at), one) for at, one in enumerate(fragment.steps))

    @contextmanager
    def _within(self, fragment: str) -> Iterator[None]:
        self._fragments.append(fragment)
        try:
            yield
        finally:
            self._fragments.pop()

    def _wrong(self, written: Located, what: str, *place: int | str) -> None:
        self._problems.append(written.problem(what, *place))


def _pairs(data: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield key, value
            yield from _pairs(value)
    elif isinstance(data, list):
        for one in data:
            yield from _pairs(one)


def check(script: Script, *, locale: str | None = None) -> list[Problem]:
    """What is wrong with a script.

    Args:
        script: What.
        locale: In which it is to be played; its persona's by default.
    """
    return Checker(script, locale or script.persona.locale or "en_US").problems()
