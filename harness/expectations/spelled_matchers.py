"""Values of fields written as plain data: what a scenario file may say of a text, a number, a list.

    text: {contains: shipped, not: {contains: sorry}}

A value means equals, `/…/` a regular expression, a mapping operators that must all hold. Reading makes the judge's own
matchers. All mistakes are told at once, each with its place. Not here: patterns and blocks (spelling.py).
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from pydantic_core import InitErrorDetails, ValidationError

from harness.documents import Place, mistake, nearest
from harness.expectations import content, matchers, measures, structure, texts
from harness.expectations.matchers import Matcher

T = TypeVar("T")


class Names(Protocol):
    """What names in a block stand for."""

    def wordings(self, catalogue: str) -> tuple[str, ...]:
        """The acceptable wordings of a catalogue.

        Raises:
            ValueError: There is no such catalogue, or it has none for the locale.
        """
        ...

    def said(self, name: str) -> str:
        """The message id of the user's move of that name.

        Raises:
            ValueError: There is no such move.
        """
        ...


def parameters(word: Callable[..., object]) -> tuple[str, ...]:
    """Names of what a word takes."""
    return tuple(inspect.signature(word).parameters)


CONTENT: Mapping[str, Callable[..., Matcher]] = {
    "options": content.option,
    "cards": content.card,
    "links": content.link,
    "media": content.media,
    "attachments": content.attachment,
    "fields": content.field,
    "answers": content.answer,
    "records": content.record,
    "errors": content.fault,
    "components": content.component,
}
"""Fields whose values are lists of things with fields of their own."""

REGEX = re.compile(r"/(.*)/([a-z]*)", re.DOTALL)
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}


def expression(written: object) -> re.Pattern[str] | None:
    """The regular expression of `/…/flags`; None if it is not written as one.

    Raises:
        ValueError: It is none, or has a flag that is none.
    """
    match = REGEX.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        return None
    flags = re.RegexFlag(0)
    for flag in match[2]:
        if flag not in _FLAGS:
            raise ValueError(f"{flag!r} is no flag of a regular expression; known are {', '.join(_FLAGS)}")
        flags |= _FLAGS[flag]
    try:
        return re.compile(match[1], flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{written!r} is no regular expression: {error}") from None


@dataclass(slots=True)
class MatcherReader:
    """Reads values of fields, and collects what is wrong with them."""

    names: Names | None = None
    errors: list[InitErrorDetails] = field(default_factory=list)

    def wrong(self, place: Place, value: object, what: str, *, key: bool = False) -> None:
        """Note a mistake; `key` where the last key of the place is meant, not its value."""
        self.errors.append(mistake(place, value, what, key=key))

    def checked(self) -> None:
        """Raise what was found.

        Raises:
            ValidationError: Something was.
        """
        if self.errors:
            raise ValidationError.from_exception_data("expectation", self.errors)

    def tried(self, place: Place, value: object, build: Callable[[], T]) -> T | None:
        """What is built; None where it is refused."""
        try:
            return build()
        except (ValueError, TypeError) as error:
            self.wrong(place, value, str(error))
            return None

    # -- matchers -----------------------------------------------------------------------------------------------------

    def matcher(self, value: object, place: Place, field: str = "") -> Matcher | None:
        """A value, `/…/`, a list, or a mapping of operators that must all hold.

        Args:
            value: What is written.
            place: Where.
            field: Of which field of an event.
        """
        if isinstance(value, str):
            found = self.tried(place, value, lambda: expression(value))
            return None if found is None and REGEX.fullmatch(value) else matchers.matcher(found or value)
        if isinstance(value, list):
            parts = [self.matcher(one, (*place, at), field) for at, one in enumerate(value)]
            return None if None in parts else matchers.equals(parts)
        if not isinstance(value, Mapping):
            return matchers.equals(value)
        if field in CONTENT and value and not any(key in OPERATORS for key in value):
            return self._described(value, place, field)
        return self._operators(value, place, field)

    def _described(self, value: Mapping[str, Any], place: Place, field: str) -> Matcher | None:
        word = CONTENT[field]
        parts = self.mapping(value, place, parameters(word))
        if parts is None:
            return None
        given = {name: self.matcher(one, (*place, name), name) for name, one in parts.items()}
        return self.tried(place, value, lambda: word(**given))

    def _operators(self, value: Mapping[str, Any], place: Place, field: str) -> Matcher | None:
        parts = self.mapping(value, place, (*OPERATORS, "exact", "ratio", "of", "times", "path"))
        if not parts:
            if parts is not None:
                self.wrong(place, value, "an empty mapping matches nothing; name an operator such as contains")
            return None
        found: list[Matcher] = []
        for name, one in parts.items():
            if name in {"exact", "ratio"}:
                continue
            if name not in OPERATORS:
                self.wrong((*place, name), one, f"{name!r} is no operator{nearest(name, OPERATORS)}", key=True)
                continue
            made = self._operator(name, one, (*place, name), field, parts)
            if made is not None:
                found.append(made)
        if not found:
            return None
        whole = found[0]
        for one_more in found[1:]:
            whole = whole & one_more
        return whole

    def _operator(  # noqa: PLR0911, PLR0912 - one an operator
        self, name: str, value: Any, place: Place, field: str, beside: Mapping[str, Any]
    ) -> Matcher | None:
        match name:
            case "equals":
                exact = self.flag(beside.get("exact", False), (*place[:-1], "exact"))
                return self.tried(place, value, lambda: matchers.equals(value, exact=exact))
            case "matches":
                given = self.tried(place, value, lambda: expression(value) or value)
                return given and self.tried(place, value, lambda: matchers.matches(given))
            case "not":
                wanted = self.matcher(value, place, field)
                return None if wanted is None else ~wanted
            case "has" | "each":
                wanted = self.matcher(value, place, field)
                return wanted and (structure.has if name == "has" else structure.each)(wanted)
            case "any_of":
                return self._any_of(value, place, field)
            case "one_of":
                return self._one_of(value, place, field)
            case "length":
                wanted = self.matcher(value, place, field)
                return wanted and self.tried(place, value, lambda: measures.length(_plain(value, wanted)))
            case "count":
                return self._count(value, place, field)
            case "between":
                if not isinstance(value, list) or len(value) != 2:
                    self.wrong(place, value, f"between takes two numbers: between: [1, 5], not {matchers.shown(value)}")
                    return None
                return self.tried(place, value, lambda: measures.between(*value))
            case "near":
                return self.tried(place, value, lambda: texts.near(value, ratio=beside.get("ratio", 0.9)))
            case "json_path":
                return self._json_path(value, place)
            case "capture":
                return self.captures(value, place)
        return self.tried(place, value, lambda: OPERATORS[name](value))

    def _any_of(self, value: object, place: Place, field: str) -> Matcher | None:
        if not isinstance(value, list) or not value:
            self.wrong(place, value, f"any_of takes a list of values or matchers, not {matchers.shown(value)}")
            return None
        parts = [self.matcher(one, (*place, at), field) for at, one in enumerate(value)]
        return None if None in parts else texts.one_of(*parts)

    def _one_of(self, value: object, place: Place, field: str) -> Matcher | None:
        """A catalogue of wordings by its name, or a list."""
        if isinstance(value, list):
            return self._any_of(value, place, field)
        if not isinstance(value, str):
            self.wrong(place, value, f"one_of takes the name of a catalogue, or a list, not {matchers.shown(value)}")
            return None
        if self.names is None:
            return texts.one_of(value)
        found = self.tried(place, value, partial(self.names.wordings, value))
        return None if found is None else self.matcher({"any_of": list(found)}, place[:-1], field)

    def _count(self, value: object, place: Place, field: str) -> Matcher | None:
        parts = self.mapping(value, place, ("of", "times"))
        if parts is None:
            return None
        if "of" not in parts or "times" not in parts:
            self.wrong(place, value, "count says of what and how often: count: {of: order, times: 2}")
            return None
        what = self.matcher(parts["of"], (*place, "of"), field)
        times = self.matcher(parts["times"], (*place, "times"))
        if what is None or times is None:
            return None
        return self.tried(place, value, lambda: measures.count(what, _plain(parts["times"], times)))

    def _json_path(self, value: object, place: Place) -> Matcher | None:
        parts = {"path": value} if isinstance(value, str) else self.mapping(value, place, ("path", "is"))
        if parts is None:
            return None
        wanted = self.matcher(parts["is"], (*place, "is")) if "is" in parts else None
        return self.tried(place, value, lambda: structure.json_path(parts.get("path"), wanted))  # type: ignore[arg-type]

    def captures(self, value: object, place: Place) -> Matcher | None:
        """Names, and the regular expressions that find what they are to remember."""
        if not isinstance(value, Mapping) or not value:
            told = r"capture: {order: /ORD-(\d+)/}"
            self.wrong(
                place, value, f"capture takes names and regular expressions: {told}, not {matchers.shown(value)}"
            )
            return None
        given = {}
        for name, one in value.items():
            found = self.tried((*place, name), one, partial(expression, one))
            if found is None:
                if not (isinstance(one, str) and REGEX.fullmatch(one)):
                    what = f"what {name} captures is a regular expression between slashes, not {matchers.shown(one)}"
                    self.wrong((*place, name), one, what)
                return None
            given[name] = found
        return self.tried(place, value, lambda: texts.capturing(**given))

    # -- small parts --------------------------------------------------------------------------------------------------

    def mapping(self, value: object, place: Place, allowed: tuple[str, ...]) -> dict[str, Any] | None:
        """A mapping of known keys; None if it is none."""
        if not isinstance(value, Mapping):
            self.wrong(place, value, f"wanted a mapping with {', '.join(allowed)}, not {matchers.shown(value)}")
            return None
        for key in value:
            if key not in allowed:
                self.wrong((*place, key), value[key], f"unknown key {key!r}{nearest(key, allowed)}", key=True)
        return {key: one for key, one in value.items() if key in allowed}

    def flag(self, value: object, place: Place) -> bool:
        """True or false."""
        if not isinstance(value, bool):
            self.wrong(place, value, f"wanted true or false, not {matchers.shown(value)}")
        return value is True


def _plain(value: object, wanted: Matcher) -> Any:
    """The number that was written, or the matcher."""
    return value if isinstance(value, int) else wanted


OPERATORS: Mapping[str, Callable[..., Matcher]] = {
    "equals": matchers.equals,
    "contains": matchers.contains,
    "starts_with": matchers.starts_with,
    "ends_with": matchers.ends_with,
    "matches": matchers.matches,
    "any_of": texts.one_of,
    "not": matchers.equals,
    "one_of": texts.one_of,
    "length": measures.length,
    "count": measures.count,
    "greater": measures.greater,
    "less": measures.less,
    "between": measures.between,
    "near": texts.near,
    "json_path": structure.json_path,
    "schema": structure.schema,
    "has": structure.has,
    "each": structure.each,
    "link_opens": lambda hosts: content.link_opens(hosts=hosts or ()),
    "capture": texts.capturing,
}
"""Operators of values."""
