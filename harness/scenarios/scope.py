"""What names stand for while a scenario is checked, and while it is played."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.documents import DocumentError, nearest
from harness.events import Chose, Event, Said
from harness.events.base import types
from harness.scenarios.conversation import Conversation
from harness.scenarios.loading import Script
from harness.scenarios.references import resolved
from harness.user.persona import MADE, Persona, made


class Circular(ValueError):  # noqa: N818 - says what they are
    """Variables that refer to each other.

    Attributes:
        names: Which.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(f"the variables {' and '.join(names)} refer to each other; give one of them a value")


PERSONA = ("first_name", "last_name", "name", "email", "phone", "locale")
SOURCES = ("persona", "env", "catalogue", "made")


@dataclass(slots=True)
class Scope:
    """Looks up names; the base of both ways to read a scenario.

    Attributes:
        script: The scenario.
        locale: Such as `en_US`.
        parameters: Of the fragments that are running, the innermost last.
    """

    script: Script
    locale: str
    parameters: list[Mapping[str, object]] = field(default_factory=list)

    def of_run(self, name: str) -> object:
        """A name that only the run gives.

        Raises:
            LookupError: It gives none.
        """
        raise LookupError(name)

    def of_persona(self, name: str) -> object:
        """A fact of the persona."""
        raise NotImplementedError

    def of_made(self, name: str) -> object:
        """Something made up."""
        return made(name, seed=f"{self.script.document.path.name} {self.script.name}", locale=self.locale)

    def known(self) -> list[str]:
        """Every name without a source."""
        return [*self.script.vars, *(name for given in self.parameters[-1:] for name in given)]

    def lookup(self, name: str) -> object:
        """What a name stands for.

        Raises:
            ValueError: Nothing.
        """
        source, dot, rest = name.partition(".")
        if dot and source in SOURCES:
            return self._of_source(source, rest)
        try:
            return self.of_run(name)
        except LookupError:
            pass
        if self.parameters and name in self.parameters[-1]:
            return self.parameters[-1][name]
        if name in self.script.vars:
            return self._of_vars(name, ())
        known = self.known()
        told = f"known are {', '.join(sorted(known))}" if known else "say what it is in vars or rows"
        near = nearest(name, [*known, *(f"persona.{one}" for one in PERSONA)], otherwise=told)
        raise ValueError(f"${{{name}}} stands for nothing here{near}")

    def _of_vars(self, name: str, within: tuple[str, ...]) -> object:
        if name in within:
            around = within[within.index(name) :]
            first = around.index(min(around))
            raise Circular((*around[first:], *around[:first]))

        def inner(other: str) -> object:
            return self._of_vars(other, (*within, name)) if other in self.script.vars else self.lookup(other)

        return resolved(self.script.vars[name], inner)

    def _of_source(self, source: str, name: str) -> object:
        match source:
            case "persona":
                if name not in PERSONA:
                    raise ValueError(f"a persona has no {name!r}{nearest(name, PERSONA)}")
                return self.of_persona(name)
            case "env":
                return self._of_environment(name)
            case "catalogue":
                return self.wordings(name)[0]
        if name not in MADE:
            raise ValueError(f"nothing made up is called {name!r}{nearest(name, MADE)}")
        return self.of_made(name)

    def _of_environment(self, name: str) -> str:
        declared = self.script.environment
        if name not in declared:
            near = nearest(name, declared, otherwise=f"declare it: environment: [{name}]")
            raise ValueError(f"the environment variable {name} is not declared in a suite.yaml{near}")
        try:
            env = self.script.env
        except DocumentError as error:
            raise ValueError(f"the environment variable {name} can't be looked up: {error}") from error
        value = env.get(name)
        if value is None:
            raise ValueError(env.missing(name))
        return value

    def wordings(self, catalogue: str) -> tuple[str, ...]:
        """The acceptable wordings of a catalogue in the scenario's locale."""
        return self.script.wordings(catalogue, self.locale)

    def said(self, name: str) -> str:
        """The id of a named move of the user."""
        raise NotImplementedError

    @contextmanager
    def given(self, parameters: Mapping[str, object]) -> Iterator[None]:
        """Within a fragment, these names and no parameters of another."""
        self.parameters.append(parameters)
        try:
            yield
        finally:
            self.parameters.pop()

    def resolved(self, data: Any) -> Any:
        """Data of a step with its names replaced.

        Raises:
            ValueError: A name stands for nothing.
        """
        return resolved(data, self.lookup)


@dataclass(slots=True)
class Playing(Scope):
    """The scope of a run.

    Attributes:
        persona: The customer.
        chats: Conversations, the one that talked last at the end.
        moves: Named moves of the user.
    """

    persona: Persona | None = None
    chats: list[Conversation] = field(default_factory=list)
    moves: dict[str, Said | Chose] = field(default_factory=dict)

    def of_run(self, name: str) -> object:
        """A capture, a named move, or a field of a named event."""
        head, dot, rest = name.partition(".")
        for chat in reversed(self.chats):
            if name in chat.captures:
                return chat.captured[name]
            if dot and head in chat.names:
                return _field(chat.event(head), rest)
        if dot and head in self.moves:
            return _field(self.moves[head], rest)
        raise LookupError(name)

    def of_persona(self, name: str) -> object:
        """A fact of the persona."""
        return getattr(self.persona, name)

    def said(self, name: str) -> str:
        """The id of a named move."""
        if name not in self.moves:
            raise ValueError(f"nothing was said as {name!r}{nearest(name, self.moves)}")
        return self.moves[name].message


def _field(event: Event, name: str) -> object:
    fields = types(type(event))
    if name not in fields:
        raise ValueError(f"a {event.kind} event has no field {name!r}{nearest(name, fields)}")
    return getattr(event, name)
