"""Reads data files written by people: YAML 1.2 with the line and column of everything, and mistakes told in one voice.

Files are data: no tag makes an object, an alias can't blow up, a key can't stand twice. Here: reading, places, the
wording of what a model refuses. Not here: what a file may say (the models of those who read it).
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ValidationError, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.resolver import BaseResolver
from ruamel.yaml.tag import Tag

try:
    from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]
except ImportError:  # it is faster, and not to be had everywhere
    CParser = None

from harness.broken_yaml import explained, forbidden
from harness.errors import HarnessError

LARGEST = 1_000_000
"""Bytes of a file. People write a few thousand."""
MOST_VALUES = 100_000
"""Values of a file, aliases followed."""
DEEPEST = 60
"""Lists and mappings within each other."""
MOST_TOLD = 1_000
"""Mistakes of a file that are told."""

Place = tuple[int | str, ...]
"""The way to a value: keys and indexes from the top."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A mistake in a file: where it is, from 1, and what to do about it.

    Attributes:
        during: What led there, if that is another file; two mistakes that only differ in this are one.
    """

    path: Path
    line: int
    column: int
    what: str
    during: str = field(default="", compare=False)

    def __str__(self) -> str:
        during = f" ({self.during})" if self.during else ""
        return f"{shown_path(self.path)}:{self.line}:{self.column}: {self.what}{during}"


def shown_path(path: Path) -> str:
    """A path as a person reads it: from the current folder if it is in there."""
    return _shown_from(path, os.getcwd())


@lru_cache(1024)
def _shown_from(path: Path, here: str) -> str:
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def told_once(problems: Iterable[Problem]) -> list[Problem]:
    """Each mistake once, in the order of the files."""
    return sorted(dict.fromkeys(problems))


class DocumentError(HarnessError):
    """Files that say what can't be meant.

    Attributes:
        problems: Every mistake once, in the order of the files.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(told_once(problems))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Document:
    """A file that was read: plain values, and where each of them stands.

    Attributes:
        path: The file.
        data: Its values.
        text: What it says.
    """

    path: Path
    data: Any
    text: str = field(repr=False)

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
        node = self._node
        if node is None:
            return 1, 1
        mark = node.start_mark
        for step in place:
            if isinstance(node, MappingNode):
                if (found := self._pairs(node).get(step)) is not None:
                    name, node = found
                    mark = name.start_mark if key or _is_empty(node) else node.start_mark
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                mark = node.start_mark
        return mark.line + 1, mark.column + 1

    def _pairs(self, node: MappingNode) -> dict[object, tuple[Node, Node]]:
        if node not in self._read:
            self._read[node] = {name.value: (name, value) for name, value in reversed(node.value)}
        return self._read[node]

    @cached_property
    def _read(self) -> dict[MappingNode, dict[object, tuple[Node, Node]]]:
        """Keys and values of the mappings that were asked for."""
        return {}

    @cached_property
    def _node(self) -> Node | None:
        """Read once more by who asks for places, since they take ten times the memory of the values."""
        return _composed(self.text, self.path)


def _is_empty(node: Node) -> bool:
    """Whether nothing is written; what is wrong with that is told of its key."""
    return isinstance(node, ScalarNode) and node.start_mark.index == node.end_mark.index


def read(path: Path, *, merges: bool = False) -> Document:
    """Read a file.

    Args:
        path: The file.
        merges: Whether `<<` takes over the keys of other mappings, as in YAML 1.1.

    Raises:
        DocumentError: It is not there, too large, or no YAML.
    """
    return parse(text_of(path), path, merges=merges)


def text_of(path: Path) -> str:
    """What a file says, in UTF-8; a byte-order mark at its beginning is left out.

    Raises:
        DocumentError: It is not there, too large, or says something else.
    """
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise DocumentError([Problem(path, 1, 1, f"the file has {size:,} bytes, more than {LARGEST:,}; split it")])
        written = path.read_bytes()
    except OSError as error:
        raise DocumentError([Problem(path, 1, 1, f"the file can't be read: {error.strerror}")]) from None
    try:
        return written.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = written[: error.start]
        line, column = before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        what = f"the file is not UTF-8: {error.reason} ({written[error.start]:#x}); save it as UTF-8"
        raise DocumentError([Problem(path, line, column, what)]) from None


def parse(written: str, path: Path, *, merges: bool = False) -> Document:
    """Read what a file says.

    Args:
        written: What it says.
        path: The file.
        merges: Whether `<<` takes over the keys of other mappings, as in YAML 1.1.

    Raises:
        DocumentError: It is no YAML.
    """
    node = _composed(written, path)
    problems: list[Problem] = []
    data = None if node is None else _Plain(path, problems, merges=merges).of(node)
    if problems:
        raise DocumentError(problems)
    return Document(path, data, written)


# -- YAML --------------------------------------------------------------------------------------------------------------

_TAG = "tag:yaml.org,2002:"
_TAGS = {name: Tag(suffix=f"{_TAG}{name}") for name in ("str", "null", "bool", "int", "float")}
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), "null"),
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), "bool"),
}
_NUMBER = re.compile(
    r"(?P<int>[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))"
)
_HALF = re.compile("[\ud800-\udfff]")
_LONGEST_EXPLAINED = 100_000
"""Characters of a broken text that the slow parser, which explains itself better, is asked about as well."""


def _type_of(plain: str) -> str:
    """The type of a value without quotation marks. Source: YAML 1.2.2, 10.3.2, "Tag Resolution"."""
    if plain in _WORDS:
        return _WORDS[plain]
    match = _NUMBER.fullmatch(plain) if plain[0] in "+-.0123456789" else None
    return (match.lastgroup or "str") if match else "str"


class _TooDeep(Exception):  # noqa: N818 - caught below
    """What is nested too deep."""

    def __init__(self, node: Node) -> None:
        self.node = node


class _Types(BaseResolver):
    """The types of YAML 1.2 alone, whatever a file says of its version, and an end to nesting.

    The library's own have more numbers than the standard, and its fast parser dies of endless nesting.
    """

    def __init__(self, version: object = None, loader: Any = None, loadumper: Any = None) -> None:
        super().__init__(loader or loadumper)
        self._depth = 0

    @property
    def processing_version(self) -> tuple[int, int]:
        """Of the standard."""
        return 1, 2

    def descend_resolver(self, current_node: Any, current_index: object) -> None:
        """Go into a list or mapping."""
        self._depth += 1
        if self._depth > DEEPEST + 1:
            raise _TooDeep(current_node)

    def ascend_resolver(self) -> None:
        """Leave it."""
        self._depth -= 1

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a value that has none."""
        if kind is ScalarNode:
            return _TAGS[_type_of(value) if implicit[0] else "str"]
        return super().resolve(kind, value, implicit)


if CParser is None:

    def _fast(written: str) -> Any:
        return _slow(written)

else:

    class _Fast(CParser, _Types):  # type: ignore[misc]
        """The parser in C."""

        def __init__(self, written: str) -> None:
            CParser.__init__(self, StringIO(written))
            _Types.__init__(self)

    def _fast(written: str) -> Any:
        parser = _Fast(written)
        try:
            return parser.get_single_node()
        finally:
            parser.dispose()


def _slow(written: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver = _Types
    yaml.composer.warn_double_anchors = False  # the later one counts
    return yaml.compose(StringIO(written))


def _composed(written: str, path: Path) -> Node | None:
    if wrong := forbidden(written):
        raise DocumentError([Problem(path, *wrong)])
    try:
        try:
            node: Node | None = _fast(written)
        except YAMLError:
            if len(written) > _LONGEST_EXPLAINED:
                raise
            node = _slow(written)
    except MarkedYAMLError as broken:
        raise DocumentError([Problem(path, *explained(broken, written))]) from None
    except _TooDeep as deep:
        mark = deep.node.start_mark
        what = f"lists and mappings are nested deeper than {DEEPEST} here"
        raise DocumentError([Problem(path, mark.line + 1, mark.column + 1, what)]) from None
    except (YAMLError, ValueError, AssertionError) as broken:
        first = str(broken).partition("\n")[0]
        raise DocumentError([Problem(path, 1, 1, f"this is no YAML: {first}")]) from None
    return node


class _Plain:
    """Makes plain values of nodes; what can't be meant becomes a problem."""

    def __init__(self, path: Path, problems: list[Problem], *, merges: bool = False) -> None:
        self._path, self._problems, self._merges = path, problems, merges
        self._left = MOST_VALUES
        self._within: list[Node] = []

    def of(self, node: Node) -> Any:
        """The value of a node."""
        if self._is_too_much(node):
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        self._within.append(node)
        try:
            if node.ctag is not BaseResolver.DEFAULT_MAPPING_TAG and node.ctag is not BaseResolver.DEFAULT_SEQUENCE_TAG:
                self._tagged(node, "seq" if isinstance(node, SequenceNode) else "map")
            if isinstance(node, MappingNode):
                own = dict(self._pairs(node))
                return {**self._merged(node), **own} if self._merges else own
            return [self.of(part) for part in node.value]
        finally:
            self._within.pop()

    def _pairs(self, node: MappingNode) -> Iterator[tuple[str, Any]]:
        seen: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._wrong(key, "a key is a word, not a list or mapping; if it is text with braces, quote it")
                continue
            if key.value == "<<" and self._merges:
                continue
            if key.value == "<<":
                self._wrong(key, "<< is not part of YAML 1.2; put steps that are shared into a fragment")
                continue
            if key.value in seen:
                first = seen[key.value].start_mark.line + 1
                self._wrong(key, f"{key.value!r} stands here twice, first on line {first}; keep one of the two")
                continue
            seen[key.value] = key
            yield key.value, self.of(value)

    def _merged(self, node: MappingNode) -> dict[str, Any]:
        """What a mapping takes over from others, the first of which counts."""
        found: dict[str, Any] = {}
        for key, value in node.value:
            if key.value == "<<":
                for other in value.value if isinstance(value, SequenceNode) else [value]:
                    if isinstance(other, MappingNode):
                        found = {**self.of(other), **found}
                    else:
                        self._wrong(other, "only mappings can be taken over by <<")
        return found

    def _scalar(self, node: ScalarNode) -> Any:
        written: str = node.value
        if not written.isascii() and (half := _HALF.search(written)):
            self._wrong(node, f"U+{ord(half[0]):04X} is half a character; write all of it, as in \\U0001F600")
        if node.ctag is _TAGS["str"]:
            return written
        name = str(node.tag).removeprefix(_TAG)
        if name != "str" and (name not in _TAGS or _type_of(written) != name):
            self._tagged(node, "str")
            return written
        return _VALUES[name](written)

    def _tagged(self, node: Node, usual: str) -> None:
        """Tags mean nothing, but for the usual one."""
        tag = str(node.tag)
        if tag != f"{_TAG}{usual}":
            told = tag.replace(_TAG, "!!")
            self._wrong(node, f"the tag {told} means nothing here; leave it out")

    def _wrong(self, node: Node, what: str) -> None:
        self._problems.append(Problem(self._path, node.start_mark.line + 1, node.start_mark.column + 1, what))

    def _is_too_much(self, node: Node) -> bool:
        self._left -= 1
        if node in self._within:
            self._wrong(node, "this stands within itself, by an alias further down, so there is no end to it")
        elif self._left == -1:
            self._wrong(self._written(), f"with this the file has more than {MOST_VALUES:,} values, aliases followed")
        else:
            return self._left < 0
        return True

    def _written(self) -> Node:
        """The innermost list or mapping that is read where it is written, not by an alias."""
        inside = zip(self._within, self._within[1:], strict=False)
        return next(
            (outer for outer, inner in inside if inner.start_mark.index < outer.start_mark.index), self._within[-1]
        )


def _whole(digits: str) -> int | str:
    try:
        return int(digits, 0 if digits.startswith(("0x", "0o")) else 10)
    except ValueError:  # more digits than Python reads
        return digits


_VALUES: Mapping[str, Callable[[str], Any]] = {
    "str": str,
    "null": lambda _: None,
    "bool": lambda written: written.lower() == "true",
    "int": _whole,
    "float": lambda written: float(written.replace(".", "", 1) if written.lstrip("+-.")[0] in "inIN" else written),
}


# -- values ------------------------------------------------------------------------------------------------------------

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)"
"""How a duration is written."""


def seconds(value: object) -> float:
    """Seconds of a duration: `800ms`, `5s`, `1.5s`, `2m`.

    Raises:
        ValueError: It is no duration.
    """
    if isinstance(value, str) and (match := re.fullmatch(DURATION, value.strip())):
        return round(float(match[1]) * _UNITS[match[2]], 9)
    raise ValueError(f"{shown(value)} is no duration; write it as 800ms, 5s or 2m")


DEFINED = "https://harness.example/"
"""Begins a reference of a JSON Schema to what is defined elsewhere."""

Duration = Annotated[float, BeforeValidator(seconds), WithJsonSchema({"$ref": f"{DEFINED}Duration"})]
"""Seconds, written with their unit."""


# -- what a model refuses ---------------------------------------------------------------------------------------------


def nearest(word: str, known: Iterable[str], *, otherwise: str | None = None) -> str:
    """The end of a sentence about an unknown word: the nearest known one, or all that are known.

    Args:
        word: The unknown one.
        known: Those that are known.
        otherwise: What is told instead of all that are known.
    """
    words = list(known)
    if near := _near(word, words):
        return f"; did you mean {near[0]!r}?"
    if otherwise is None:
        otherwise = f"known are {', '.join(sorted(words))}" if words else ""
    return otherwise and f"; {otherwise}"


def _near(word: str, known: list[str]) -> list[str]:
    return get_close_matches(word, known, n=1) or get_close_matches(word.casefold(), known, n=1)


def refused(
    document: Document,
    error: ValidationError,
    model: type[BaseModel],
    at: Place = (),
    unless: Callable[[object], bool] = lambda _: False,
) -> list[Problem]:
    """What a model refused, each mistake where it stands.

    Args:
        document: The file.
        error: What was raised.
        model: The model, for the words it knows.
        at: Where in the file what was validated begins.
        unless: Asked of a value that was refused whether that is to be passed over; unknown keys are told anyway.
    """
    return [
        document.problem((*at, *place), what, key=is_key)
        for one in _errors(error, model)
        if one["type"] == _KEY or not unless(one["input"])
        for place, what, is_key in (_worded(one, model),)
    ]


def reworded(error: ValidationError, model: type[BaseModel], at: Place = ()) -> list[InitErrorDetails]:
    """What a model refused, to be raised as part of a larger one: in words that need no model any more.

    What no text could make right has no input.
    """
    return [
        mistake((*at, *place), None if one["type"] in _STRUCTURES else one["input"], what, key=is_key)
        for one in _errors(error, model)
        for place, what, is_key in (_worded(one, model),)
    ]


def _errors(error: ValidationError, model: type[BaseModel]) -> Iterator[ErrorDetails]:
    """What a model refused, but not what is missing since it is misspelt, or too short since a part of it is wrong."""
    errors = error.errors(include_url=False)[:MOST_TOLD]
    misspelt = {
        (one["loc"][:-1], near)
        for one in errors
        if one["type"] == "extra_forbidden"
        for near in _near(str(one["loc"][-1]), _known_at(model, one["loc"][:-1]))
    }
    for one in errors:
        place = one["loc"]
        is_led_to = one["type"] == "missing" and (place[:-1], place[-1]) in misspelt
        is_emptied = one["type"] == "too_short" and any(
            other["loc"][: len(place)] == place for other in errors if other is not one
        )
        if not is_led_to and not is_emptied:
            yield one


def mistake(place: Place, value: object, what: str, *, key: bool = False) -> InitErrorDetails:
    """A mistake in words; `key` where the last key of the place is meant, not its value."""
    told = PydanticCustomError(_KEY if key else "value_error", "{what}", {"what": what, "error": what})
    return InitErrorDetails(type=told, loc=place, input=value)


_KEY: Final = "unknown_key"
_STRUCTURES = {"model_type", "dict_type", "tuple_type", "list_type", "none_required"}
_A_MAPPING = "a mapping, such as {{word: value}}"
_WANTED = {
    "model_type": _A_MAPPING,
    "dict_type": _A_MAPPING,
    "string_type": "a text",
    "tuple_type": "a list",
    "list_type": "a list",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "none_required": "nothing after {name}",
    "string_too_short": "a text that is not empty",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number from {ge:g} up",
    "less_than_equal": "a number up to {le:g}",
    "date_type": "a day such as 2026-12-31",
    "date_parsing": "a day such as 2026-12-31",
    "date_from_datetime_parsing": "a day such as 2026-12-31",
    "date_from_datetime_inexact": "a day such as 2026-12-31",
}


def _worded(error: ErrorDetails, model: type[BaseModel]) -> tuple[Place, str, bool]:
    """Where, what, and whether a key is meant."""
    place, told, value = error["loc"], error["msg"], error["input"]
    name = str(place[-1]) if place else ""
    match error["type"]:
        case "extra_forbidden":
            return place, _unknown(name, model, place[:-1]), True
        case "literal_error" | "enum":
            known = sorted(re.findall(r"'([^']+)'", error["ctx"]["expected"]))
            near = nearest(str(value), known, otherwise="")
            return place, f"wanted one of {', '.join(known)}, not {shown(value)}{near}", False
        case "missing":
            where = f"; {place[-2]!r} needs it" if len(place) > 1 and isinstance(place[-2], str) else ""
            return place[:-1], f"{name!r} is missing here{where}", True
        case "value_error" | "unknown_key":
            return place, told.removeprefix("Value error, "), error["type"] == _KEY
    wanted = _WANTED.get(error["type"])
    if wanted is None:
        return place, f"{told[:1].lower()}{told[1:]}, not {shown(value)}", False
    return place, f"wanted {wanted.format(name=name, **error.get('ctx', {}))}, not {shown(value)}{_hint(error)}", False


def _hint(error: ErrorDetails) -> str:
    """What to do about a value of the wrong type."""
    value = error["input"]
    match error["type"]:
        case "string_type" if isinstance(value, int | float):
            return "; put it in quotation marks"
        case "tuple_type" if isinstance(value, str | int | float):
            return f"; write [{value}]"
    return ""


def shown(value: object) -> str:
    """A value as it is told: short, and by its nature where it is made of others."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case Mapping():
            return f"a mapping with {', '.join(map(repr, list(value)[:3]))}" if value else "an empty mapping"
        case list() | tuple():
            return f"a list of {len(value)}" if value else "an empty list"
    return repr(value if not isinstance(value, str) or len(value) <= 60 else value[:57] + "…")


ELSEWHERE = "elsewhere"
"""Name of what a model says of keys that belong somewhere else: a mapping of the key to the rest of a sentence."""


def _unknown(key: str, model: type[BaseModel], place: Sequence[int | str]) -> str:
    for here in _models_at(model, place):
        if (elsewhere := getattr(here, ELSEWHERE, {}).get(key)) is not None:
            return f"{key!r} {elsewhere}"
    return f"unknown key {key!r}{nearest(key, _known_at(model, place))}"


def _known_at(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The keys that a model knows at a place within what it describes."""
    return list(dict.fromkeys(name for here in _models_at(model, place) for name in _fields(here)))


def _models_at(model: type[BaseModel], place: Sequence[int | str]) -> list[type[BaseModel]]:
    """The models that there may be at a place within what a model describes; keys of their own are passed over."""
    here = [model]
    for step in place:
        annotations = [_fields(one)[step].annotation for one in here if isinstance(step, str) and step in _fields(one)]
        if annotations:
            here = [found for annotation in annotations for found in _models_of(annotation)]
    return here


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models_of(part)
