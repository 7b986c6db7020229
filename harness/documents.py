"""Reads data files written by people: YAML 1.2 with the line and column of everything, and mistakes told in one voice.

Files are data: no tag makes an object, an alias can't blow up, a key can't stand twice. Here: reading, places, the
wording of what a model refuses. Not here: what a file may say (the models of those who read it).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from harness.errors import HarnessError

LARGEST = 1_000_000
"""Bytes of a file. People write a few thousand."""
MOST_VALUES = 100_000
"""Values of a file, aliases followed."""
DEEPEST = 60
"""Lists and mappings within each other."""

Place = tuple[int | str, ...]
"""The way to a value: keys and indexes from the top."""

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a file: where it is (from 1; 0 is the whole file), and what to do about it."""

    path: Path
    line: int
    column: int
    what: str

    def __str__(self) -> str:
        path = self.path.relative_to(Path.cwd()) if self.path.is_relative_to(Path.cwd()) else self.path
        where = f"{path}:{self.line}:{self.column}" if self.line else f"{path}"
        return f"{where}: {self.what}"


class DocumentError(HarnessError):
    """Files that say what can't be meant.

    Attributes:
        problems: Every mistake, in the order of the files.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: plain values, and where each of them stands."""

    path: Path
    data: Any
    node: Node | None

    def problem(self, place: Sequence[int | str], what: str, *, key: bool = False) -> Problem:
        """A mistake at a place; steps that aren't in the file are passed over.

        Args:
            place: The way there.
            what: What is wrong.
            key: Whether the last key is meant, not its value.
        """
        line, column = self.position(place, key=key)
        return Problem(self.path, line, column, what)

    def position(self, place: Sequence[int | str], *, key: bool = False) -> tuple[int, int]:
        """Line and column of a place, from 1."""
        node = self.node
        if node is None:
            return 1, 1
        mark = node.start_mark
        for step in place:
            if isinstance(node, MappingNode):
                found = next(((name, value) for name, value in node.value if name.value == step), None)
                if found is not None:
                    name, node = found
                    mark = name.start_mark if key else node.start_mark
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                mark = node.start_mark
        return mark.line + 1, mark.column + 1


def read(path: Path) -> Document:
    """Read a file.

    Raises:
        DocumentError: It is not there, too large, or no YAML.
    """
    try:
        if path.stat().st_size > LARGEST:
            what = f"the file has {path.stat().st_size:,} bytes, more than {LARGEST:,}; split it"
            raise DocumentError([Problem(path, 0, 0, what)])
        written = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DocumentError([Problem(path, 0, 0, f"the file can't be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise DocumentError(
            [Problem(path, 0, 0, f"the file is not UTF-8: {error.reason} at byte {error.start}")]
        ) from None
    return parse(written, path)


def parse(written: str, path: Path) -> Document:
    """Read what a file says.

    Raises:
        DocumentError: It is no YAML.
    """
    node = _composed(written, path)
    problems: list[Problem] = []
    data = None if node is None else _Plain(path, problems).of(node)
    if problems:
        raise DocumentError(problems)
    return Document(path, data, node)


def _composed(written: str, path: Path) -> Node | None:
    try:
        try:
            node: Node | None = YAML(typ="safe").compose(StringIO(written))
        except MarkedYAMLError:  # the other parser explains itself better
            node = YAML(typ="safe", pure=True).compose(StringIO(written))
    except MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        told = " ".join(filter(None, (broken.context, broken.problem)))
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise DocumentError([Problem(path, line, column, f"this is no YAML: {told}")]) from None
    except (YAMLError, ValueError) as broken:
        first = str(broken).partition("\n")[0]
        raise DocumentError([Problem(path, 0, 0, f"this is no YAML: {first}")]) from None
    except RecursionError:
        raise DocumentError([Problem(path, 0, 0, f"lists and mappings are nested deeper than {DEEPEST}")]) from None
    return node


class _Plain:
    """Makes plain values of nodes; what can't be meant becomes a problem."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self._path, self._problems = path, problems
        self._left = MOST_VALUES
        self._within: list[int] = []

    def of(self, node: Node) -> Any:
        """The value of a node."""
        if self._is_too_much(node):
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        self._within.append(id(node))
        try:
            if not (node.tag or "").startswith(_TAG):
                self._wrong(node, f"the tag {node.tag} means nothing here; leave it out")
            if isinstance(node, MappingNode):
                return dict(self._pairs(node))
            return [self.of(part) for part in node.value]
        finally:
            self._within.pop()

    def _pairs(self, node: MappingNode) -> Iterator[tuple[str, Any]]:
        seen: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._wrong(key, "a key is a word, not a list or mapping; if it is text with braces, quote it")
                continue
            if key.tag == f"{_TAG}merge":
                self._wrong(key, "<< is not part of YAML 1.2; put shared steps into a fragment")
                continue
            if key.value in seen:
                first = seen[key.value].start_mark.line + 1
                self._wrong(key, f"{key.value} stands here twice, first on line {first}; keep one of the two")
                continue
            seen[key.value] = key
            yield key.value, self.of(value)

    def _scalar(self, node: ScalarNode) -> Any:
        written: str = node.value
        match (node.tag or "").removeprefix(_TAG):
            case "str" | "timestamp" | "merge" | "value":
                return written
            case "null":
                return None
            case "bool":
                return written.lower() == "true"
            case "int":
                digits = written.replace("_", "")
                return int(digits, 0) if digits.lstrip("+-").startswith(("0x", "0o", "0b")) else _whole(digits)
            case "float":
                return float(written.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
        self._wrong(node, f"the tag {node.tag} means nothing here; leave it out")
        return written

    def _wrong(self, node: Node, what: str) -> None:
        self._problems.append(Problem(self._path, node.start_mark.line + 1, node.start_mark.column + 1, what))

    def _is_too_much(self, node: Node) -> bool:
        self._left -= 1
        if id(node) in self._within:
            self._wrong(node, "this alias stands within what it names, so there is no end to it")
        elif len(self._within) > DEEPEST:
            self._wrong(node, f"lists and mappings are nested deeper than {DEEPEST}")
        elif self._left == -1:
            self._wrong(node, f"the file has more than {MOST_VALUES:,} values, aliases followed")
        else:
            return self._left < 0
        return True


def _whole(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:  # more digits than Python reads, or none
        return digits


# -- values ------------------------------------------------------------------------------------------------------------

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(value: object) -> float:
    """Seconds of a duration: `800ms`, `5s`, `1.5s`, `2m`.

    Raises:
        ValueError: It is no duration.
    """
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)", value.strip())):
        return round(float(match[1]) * _UNITS[match[2]], 9)
    raise ValueError(f"{value!r} is no duration; write it as 800ms, 5s or 2m")


Duration = Annotated[float, BeforeValidator(seconds), WithJsonSchema({"$ref": "#/$defs/Duration"})]
"""Seconds, written with their unit."""


# -- what a model refuses ---------------------------------------------------------------------------------------------


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the nearest known one, or all that are known."""
    words = list(known)
    near = get_close_matches(str(word), words, n=1) or get_close_matches(str(word).casefold(), words, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(sorted(words))}" if words else ""


def refused(document: Document, error: ValidationError, model: type[BaseModel], at: Place = ()) -> list[Problem]:
    """What a model refused, each mistake where it stands.

    Args:
        document: The file.
        error: What was raised.
        model: The model, for the words it knows.
        at: Where in the file what was validated begins.
    """
    return [
        document.problem((*at, *place), what, key=is_key)
        for place, what, is_key in (_worded(one, model) for one in error.errors(include_url=False))
    ]


def reworded(error: ValidationError, model: type[BaseModel], at: Place = ()) -> list[InitErrorDetails]:
    """What a model refused, to be raised as part of a larger one: in words that need no model any more."""
    return [
        mistake((*at, *place), one["input"], what, key=is_key)
        for one in error.errors(include_url=False)
        for place, what, is_key in (_worded(one, model),)
    ]


def mistake(place: Place, value: object, what: str, *, key: bool = False) -> InitErrorDetails:
    """A mistake in words; `key` where the last key of the place is meant, not its value."""
    told = PydanticCustomError(_KEY if key else "value_error", "{what}", {"what": what, "error": what})
    return InitErrorDetails(type=told, loc=place, input=value)


_KEY: Final = "unknown_key"


def _worded(error: ErrorDetails, model: type[BaseModel]) -> tuple[Place, str, bool]:
    """Where, what, and whether a key is meant."""
    place, told, value = error["loc"], error["msg"], error["input"]
    name = str(place[-1]) if place else ""
    match error["type"]:
        case "extra_forbidden":
            return place, f"unknown key {name!r}{nearest(name, known_in(model, place[:-1]))}", True
        case "unknown_key":
            return place, told, True
        case "missing":
            return place[:-1], f"{name!r} is missing here", True
        case "value_error" | "assertion_error":
            return place, told.removeprefix("Value error, ").removeprefix("Assertion failed, "), False
    wanted = {
        "literal_error": "one of {expected}",
        "enum": "one of {expected}",
        "model_type": "a mapping of words and values",
        "dict_type": "a mapping of words and values",
        "string_type": "a text",
        "tuple_type": "a list",
        "list_type": "a list",
        "int_type": "a whole number",
        "int_parsing": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "bool_parsing": "true or false",
        "none_required": "nothing after it",
        "string_too_short": "a text that is not empty",
        "too_short": "at least {min_length}",
        "too_long": "at most {max_length}",
        "greater_than": "a number above {gt}",
        "greater_than_equal": "a number from {ge} up",
        "less_than_equal": "a number up to {le}",
        "date_from_datetime_parsing": "a day such as 2026-12-31",
        "string_pattern_mismatch": "a text like {pattern}",
    }.get(error["type"])
    if wanted is None:
        return place, f"{told[:1].lower()}{told[1:]}, not {_told(value)}", False
    hint = "; put it in quotation marks" if error["type"] == "string_type" and isinstance(value, int | float) else ""
    return place, f"wanted {wanted.format_map(error.get('ctx', {}))}, not {_told(value)}{hint}", False


def _told(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case Mapping():
            return f"a mapping with {', '.join(map(repr, list(value)[:3]))}" if value else "an empty mapping"
        case list() | tuple():
            return f"a list of {len(value)}"
    return repr(value if not isinstance(value, str) or len(value) <= 60 else value[:57] + "…")


def known_in(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The keys that a model knows at a place within it."""
    here: type[BaseModel] | None = model
    for step in place:
        if here is not None and isinstance(step, str) and step in here.model_fields:
            here = _model_of(here.model_fields[step].annotation)
    return [] if here is None else [field.alias or name for name, field in here.model_fields.items()]


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = getattr(annotation, "__args__", ())
    return next((model for part in parts if (model := _model_of(part)) is not None), None)
