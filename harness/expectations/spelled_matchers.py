"""Values of fields written as plain data: what a scenario file may say of a text, a number, a list.

    text: {contains: shipped, not: {contains: sorry}}

A value means equals, `/…/` a regular expression, a mapping operators that must all hold. Reading makes the judge's own
matchers. All mistakes are told at once, each with its place. Not here: patterns and blocks (spelling.py).
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import combinations
from operator import and_
from typing import Any, Literal, Protocol, TypeVar

from pydantic_core import InitErrorDetails, ValidationError

from harness.documents import Place, mistake, nearest, shown
from harness.expectations import content, matchers, measures, structure, texts
from harness.expectations.matchers import Equals, Matcher, inside
from harness.expectations.measures import Bounded

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
FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
"""Flags of a regular expression."""


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
        if flag not in FLAGS:
            known = ", ".join(FLAGS)
            what = f"{flag!r} is no flag of a regular expression; known are {known}; if it is a text, write equals:"
            raise ValueError(what)
        flags |= FLAGS[flag]
    try:
        return re.compile(match[1], flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{written!r} is no regular expression: {error}") from None


Takes = Literal[
    "value", "text", "expression", "number", "numbers", "matcher", "matchers", "catalogue", "amount", "count",
    "path", "schema", "hosts", "captures",
]  # fmt: skip
"""What an operator may be given; scenarios/schema.py says what each looks like."""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of values.

    Attributes:
        build: Makes the matcher; its first line says what the operator means unless `about` does.
        takes: What it is given.
        about: What it means.
    """

    build: Callable[..., Matcher]
    takes: Takes
    about: str = ""

    @property
    def meaning(self) -> str:
        """What it means, in a line."""
        return self.about or (self.build.__doc__ or "").partition("\n")[0]


OPERATORS: Mapping[str, Operator] = {
    "equals": Operator(matchers.equals, "value", "The value is equal; with `exact: true`, character by character."),
    "contains": Operator(matchers.contains, "text", "The text has this in it."),
    "starts_with": Operator(matchers.starts_with, "text", "The text starts with this."),
    "ends_with": Operator(matchers.ends_with, "text", "The text ends with this."),
    "matches": Operator(matchers.matches, "expression"),
    "any_of": Operator(texts.one_of, "matchers", "One of these fits."),
    "not": Operator(matchers.Not, "matcher", "The opposite."),
    "one_of": Operator(texts.one_of, "catalogue", "One of the wordings of a catalogue, or of a list."),
    "length": Operator(measures.length, "amount", "The text has so many characters, or the list so many items."),
    "count": Operator(measures.count, "count", "Something is in the value so many times."),
    "greater": Operator(measures.greater, "number"),
    "less": Operator(measures.less, "number"),
    "between": Operator(measures.between, "numbers", "The value is a number between these two, both included."),
    "near": Operator(texts.near, "text", "The text is nearly this one; `ratio` says how nearly, 0.9 by default."),
    "json_path": Operator(structure.json_path, "path", "What is at a place of the JSON fits."),
    "schema": Operator(structure.schema, "schema", "The value fits a JSON Schema."),
    "has": Operator(structure.has, "matcher", "At least one item of the list fits."),
    "each": Operator(structure.each, "matcher", "Every item of the list fits, and there is at least one."),
    "link_opens": Operator(content.link_opens, "hosts", "A well-formed address, on these hosts if any are given."),
    "capture": Operator(texts.capturing, "captures", "What the expressions find is remembered under their names."),
}
"""Operators of values."""
BESIDE = {"exact": "equals", "ratio": "near"}
"""What may be said beside an operator, and beside which."""


@dataclass(slots=True)
class MatcherReader:
    """Reads values of fields, and collects what is wrong with them.

    Whatever can't be read is None, and then there is a mistake.
    """

    names: Names | None = None
    errors: list[InitErrorDetails] = field(default_factory=list)

    def wrong(self, place: Place, value: object, what: str, *, key: bool = False) -> None:
        """Note a mistake.

        Args:
            place: Where.
            value: What was written, several in a tuple; None where no other text could make it right.
            what: What is wrong.
            key: Whether the last key of the place is meant, not its value.
        """
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
        return None if None in given.values() else self.tried(place, value, lambda: word(**given))

    def _operators(self, value: Mapping[str, Any], place: Place, field: str) -> Matcher | None:
        if not value:
            self.wrong(place, value, "an empty mapping matches nothing; name an operator such as contains")
            return None
        found: dict[str, Matcher | None] = {}
        for name, one in value.items():
            if name in OPERATORS:
                found[name] = self._operator(name, one, (*place, name), field, value)
            elif name in BESIDE and BESIDE[name] in value:
                continue
            elif name in BESIDE:
                what = f"{name} says more of {BESIDE[name]}, which is not here; leave it out"
                self.wrong((*place, name), one, what, key=True)
                found[name] = None
            else:
                what = f"{name!r} is no operator{nearest(name, (*OPERATORS, *BESIDE))}"
                self.wrong((*place, name), one, what, key=True)
                found[name] = None
        made = {name: one for name, one in found.items() if one is not None}
        for (name, one), (other, another) in combinations(made.items(), 2):
            if _exclude(one, another):
                what = f"{name} and {other} exclude each other: nothing is {inside(one)} and {inside(another)}"
                self.wrong((*place, other), (value[name], value[other]), what)
                return None
        return reduce(and_, made.values()) if len(made) == len(found) else None

    def _operator(  # noqa: PLR0911, PLR0912 - one an operator
        self, name: str, value: Any, place: Place, field: str, beside: Mapping[str, Any]
    ) -> Matcher | None:
        build = OPERATORS[name].build
        match OPERATORS[name].takes:
            case "value":
                exact = self.flag(beside.get("exact", False), (*place[:-1], "exact"))
                return None if exact is None else self.tried(place, value, lambda: matchers.equals(value, exact=exact))
            case "expression":
                given = self.tried(place, value, lambda: expression(value) or value)
                return None if given is None else self.tried(place, value, lambda: matchers.matches(given))
            case "matcher":
                wanted = self.matcher(value, place, field)
                return None if wanted is None else build(wanted)
            case "matchers":
                return self._any_of(value, place, field)
            case "catalogue":
                return self._one_of(value, place, field)
            case "amount":
                long = self._amount(value, place)
                return None if long is None else self.tried(place, value, lambda: measures.length(long))
            case "count":
                return self._count(value, place, field)
            case "numbers":
                return self._between(value, place)
            case "path":
                return self._json_path(value, place)
            case "captures":
                return self.captures(value, place)
            case "schema" if not isinstance(value, Mapping):
                self.wrong(place, None, f"a schema is a mapping such as {{type: object}}, not {shown(value)}")
                return None
            case "number":
                return self.tried(place, value, lambda: build(number(value)))
        if name == "near" and "ratio" in beside:
            return self._near(value, place, beside["ratio"])
        if name == "link_opens":
            return self._link_opens(value, place)
        return self.tried(place, value, lambda: build(value))

    def _near(self, value: Any, place: Place, ratio: object) -> Matcher | None:
        if self.tried(place, value, lambda: texts.near(value)) is None:
            return None
        return self.tried((*place[:-1], "ratio"), ratio, lambda: texts.near(value, ratio=number(ratio)))

    def _link_opens(self, value: object, place: Place) -> Matcher | None:
        hosts = [] if value is None or value is True else [value] if isinstance(value, str) else value
        if not isinstance(hosts, list):
            self.wrong(place, value, f"link_opens takes hosts such as help.example.com, not {shown(value)}")
            return None
        return self.tried(place, tuple(hosts), lambda: content.link_opens(hosts=hosts))

    def _between(self, value: object, place: Place) -> Matcher | None:
        if not isinstance(value, list) or len(value) != 2:
            self.wrong(place, None, f"between takes two numbers: between: [1, 5], not {shown(value)}")
            return None
        low, high = map(number, value)
        return self.tried(place, tuple(value), lambda: measures.between(low, high))

    def _any_of(self, value: object, place: Place, field: str) -> Matcher | None:
        if not isinstance(value, list) or not value:
            self.wrong(place, None, f"wanted a list of values or matchers, not {shown(value)}")
            return None
        parts = [self.matcher(one, (*place, at), field) for at, one in enumerate(value)]
        return None if None in parts else texts.one_of(*parts)

    def _one_of(self, value: object, place: Place, field: str) -> Matcher | None:
        """A catalogue of wordings by its name, or a list."""
        if isinstance(value, list):
            return self._any_of(value, place, field)
        if not isinstance(value, str):
            self.wrong(place, value, f"one_of takes the name of a catalogue, or a list, not {shown(value)}")
            return None
        if self.names is None:
            return texts.one_of(value)
        found = self.tried(place, value, partial(self.names.wordings, value))
        return None if found is None else self._any_of(list(found), place, field)

    def _amount(self, value: object, place: Place) -> Any:
        """A number, or a matcher of one; None if it can't be read."""
        return self.matcher(value, place) if isinstance(value, Mapping) else number(value)

    def _count(self, value: object, place: Place, field: str) -> Matcher | None:
        parts = self.mapping(value, place, ("of", "times"))
        if parts is None:
            return None
        if "of" not in parts or "times" not in parts:
            self.wrong(place, value, "count says of what and how often: count: {of: order, times: 2}")
            return None
        what = self.matcher(parts["of"], (*place, "of"), field)
        times = self._amount(parts["times"], (*place, "times"))
        if isinstance(parts["times"], Mapping) and times is None:
            return None
        counted = self.tried((*place, "times"), parts["times"], lambda: measures.count("anything", times))
        if what is None or counted is None:
            return None
        is_part = isinstance(parts["of"], str) and not REGEX.fullmatch(parts["of"])
        return self.tried((*place, "of"), parts["of"], lambda: measures.count(parts["of"] if is_part else what, times))

    def _json_path(self, value: object, place: Place) -> Matcher | None:
        is_path = not isinstance(value, Mapping)
        parts: dict[str, Any] | None = {"path": value} if is_path else self.mapping(value, place, ("path", "is"))
        if parts is None:
            return None
        if "path" not in parts:
            self.wrong(place, value, "json_path says where: json_path: {path: $.offers[0].apr, is: {less: 5}}")
            return None
        wanted = self.matcher(parts["is"], (*place, "is")) if "is" in parts else None
        at = place if is_path else (*place, "path")
        found = self.tried(at, parts["path"], lambda: structure.json_path(parts["path"], wanted))
        return None if "is" in parts and wanted is None else found

    def captures(self, value: object, place: Place) -> Matcher | None:
        """Names, and the regular expressions that find what they are to remember."""
        if not isinstance(value, Mapping) or not value:
            told = r"capture: {order: /ORD-(\d+)/}"
            self.wrong(place, None, f"capture takes names and regular expressions: {told}, not {shown(value)}")
            return None
        given: dict[str, re.Pattern[str] | None] = {}
        for name, one in value.items():
            found = self.tried((*place, name), one, partial(expression, one))
            if found is None and not (isinstance(one, str) and REGEX.fullmatch(one)):
                what = f"what {name} captures is a regular expression between slashes, not {shown(one)}"
                self.wrong((*place, name), one, what)
            given[name] = found
        return None if None in given.values() else self.tried(place, value, lambda: texts.capturing(**given))  # type: ignore[arg-type]

    # -- small parts --------------------------------------------------------------------------------------------------

    def mapping(self, value: object, place: Place, allowed: Sequence[str]) -> dict[str, Any] | None:
        """A mapping of known keys; None if it is none."""
        if not isinstance(value, Mapping):
            self.wrong(place, None, f"wanted a mapping with {', '.join(allowed)}, not {shown(value)}")
            return None
        for key in value:
            if key not in allowed:
                self.wrong((*place, key), value[key], f"unknown key {key!r}{nearest(key, allowed)}", key=True)
        return {key: one for key, one in value.items() if key in allowed}

    def flag(self, value: object, place: Place) -> bool | None:
        """True or false; None if it is neither."""
        if value in ("true", "false"):  # of a CSV file
            return value == "true"
        if not isinstance(value, bool):
            self.wrong(place, value, f"wanted true or false, not {shown(value)}")
            return None
        return value

    def whole(self, value: object, place: Place, least: int = 0) -> int | None:
        """A whole number; None if it is none."""
        found = number(value)
        if isinstance(found, bool) or not isinstance(found, int) or found < least:
            self.wrong(place, value, f"wanted a whole number from {least} up, not {shown(value)}")
            return None
        return found


def _exclude(one: Matcher, other: Matcher) -> bool:
    """Whether it is plain that no value fits both."""
    for first, second in ((one, other), (other, one)):
        if isinstance(first, Equals) and not second.accepts(first.wanted):
            return True
        if (
            isinstance(first, Bounded)
            and isinstance(second, Bounded)
            and (first.side, second.side) == ("greater", "less")
        ):
            return first.limit >= second.limit
    return False


NUMBER = r"^[-+]?[0-9]+(\.[0-9]+)?$"
"""How a number is written as a text."""


def number(value: Any) -> Any:
    """The number that a text is, since a CSV file and a capture only have texts; anything else as it is."""
    if isinstance(value, str) and (match := re.fullmatch(NUMBER, value)):
        return float(value) if match[1] else int(value)
    return value
