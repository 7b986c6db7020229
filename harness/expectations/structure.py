"""Values that are made of others: the items of a list, places in JSON, the shape of JSON.

Here: `has`, `each`, `json_path`, `schema`. A text that holds a JSON object or list is read as such; nothing is fetched,
whatever a schema refers to. Not here: how many items there are (measures.py), cards and links (content.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError
from jsonschema import (
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
    SchemaError,
)
from jsonschema.protocols import Validator
from pydantic import BaseModel
from referencing import Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY

from harness.events.text import quoted
from harness.expectations.matchers import Matcher, inside, matcher, shown, shown_error


def _items(value: object) -> tuple[object, ...] | None:
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else None


def _listed(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"


@dataclass(frozen=True, slots=True)
class Has(Matcher):
    """An item of the list fits."""

    wanted: Matcher

    def accepts(self, value: object) -> bool:  # noqa: D102
        return any(map(self.wanted.accepts, _items(value) or ()))

    def seen(self, value: object) -> str:  # noqa: D102
        items = _items(value)
        if items is None:
            return f"{shown(value)}, which is no list"
        if not items:
            return "no items"
        nearest = self.wanted.seen(min(items, key=self.wanted.apart))
        return f"{_listed(len(items))}, {'the nearest ' if len(items) > 1 else ''}{nearest}"

    def apart(self, value: object) -> float:  # noqa: D102
        return min(map(self.wanted.apart, _items(value) or ()), default=1.0)

    @property
    def binds(self) -> frozenset[str]:  # noqa: D102
        return self.wanted.binds

    def captures(self, value: object) -> dict[str, str]:  # noqa: D102
        return next((self.wanted.captures(item) for item in _items(value) or () if self.wanted.accepts(item)), {})

    def __str__(self) -> str:
        return f"having one {inside(self.wanted)}"


@dataclass(frozen=True, slots=True)
class Each(Matcher):
    """The list has items, and all of them fit."""

    wanted: Matcher

    def accepts(self, value: object) -> bool:  # noqa: D102
        items = _items(value)
        return bool(items) and all(map(self.wanted.accepts, items or ()))

    def seen(self, value: object) -> str:  # noqa: D102
        items = _items(value)
        if items is None:
            return f"{shown(value)}, which is no list"
        unfit = ((place, item) for place, item in enumerate(items, start=1) if not self.wanted.accepts(item))
        return next((f"item {place} of {len(items):,}: {self.wanted.seen(item)}" for place, item in unfit), "no items")

    @property
    def binds(self) -> frozenset[str]:  # noqa: D102
        return self.wanted.binds

    def captures(self, value: object) -> dict[str, str]:  # noqa: D102
        return self.wanted.captures((_items(value) or ("",))[0]) if self.accepts(value) else {}

    def __str__(self) -> str:
        return f"each {inside(self.wanted)}"


def has(wanted: object) -> Matcher:
    """At least one item of the list fits; otherwise the nearest one is told."""
    return Has(matcher(wanted))


def each(wanted: object) -> Matcher:
    """Every item of the list fits, and there is at least one; otherwise the first that does not fit is told."""
    return Each(matcher(wanted))


# ---- JSON


def _loaded(value: object) -> Any:
    """A value as the JSON libraries know it: dicts and lists, also out of a text that holds one of them.

    Raises:
        ValueError: It is nested too deep, or its numbers have too many digits.
    """
    try:
        if isinstance(value, str):
            return json.loads(value) if value.lstrip()[:1] in {"{", "["} else value
        return _undressed(value)
    except json.JSONDecodeError:
        return value
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _undressed(value: object) -> Any:
    if isinstance(value, BaseModel):
        return {name: _undressed(inner) for name, inner in value}
    if isinstance(value, Mapping):
        return {name: _undressed(inner) for name, inner in value.items()}
    return [_undressed(inner) for inner in value] if isinstance(value, list | tuple) else value


_PATHS = JSONPathEnvironment(strict=True)


@dataclass(frozen=True, slots=True)
class AtPath(Matcher):
    """What is at a place of the JSON fits."""

    path: str
    wanted: Matcher | None
    query: JSONPath = field(repr=False, compare=False)

    def _found(self, value: object) -> list[object]:
        """What the matcher is asked about: nothing, the value there, or a list where a path can lead to many."""
        found = [node.obj for node in self.query.finditer(_loaded(value))]
        return found if self.query.singular_query() or (self.wanted is None and not found) else [found]

    def accepts(self, value: object) -> bool:  # noqa: D102
        try:
            found = self._found(value)
        except Exception:  # the value's fault, as the path was compiled: nested too deep, a comparison of its own
            return False
        return bool(found) and (self.wanted is None or self.wanted.accepts(found[0]))

    def seen(self, value: object) -> str:  # noqa: D102
        try:
            found = self._found(value)
        except Exception as error:
            return f"{shown(value)}, which can't be searched: {_said(error)}"
        if not found:
            return f"nothing there in {shown(value)}"
        return f"{self.wanted.seen(found[0]) if self.wanted else shown(found[0])} there"

    @property
    def binds(self) -> frozenset[str]:  # noqa: D102
        return self.wanted.binds if self.wanted else frozenset()

    def captures(self, value: object) -> dict[str, str]:  # noqa: D102
        return self.wanted.captures(self._found(value)[0]) if self.wanted and self.accepts(value) else {}

    def __str__(self) -> str:
        return f"at {quoted(self.path, marks='')} {inside(self.wanted) if self.wanted else 'anything'}"


def _said(error: Exception) -> str:
    """The words of an error of the library; its `str` can fail."""
    return quoted(str(error.args[0]), marks="") if error.args else type(error).__name__


def json_path(path: str, wanted: object = None) -> Matcher:
    """What is at a place of the JSON fits: `json_path("$.offers[0].apr", less(5))`.

    Args:
        path: A JSON path (RFC 9535). Where it can lead to several places (`$.offers[*].apr`), the matcher is asked
            about the list of all that was found: `json_path("$.offers[*].apr", each(less(5)))`.
        wanted: A value or a matcher; without one, something has to be there. For null: `equals(None)`.

    Raises:
        ValueError: It is no JSON path.
    """
    if not isinstance(path, str):
        raise ValueError(f"not a JSON path: {shown(path)}; one looks like '$.offers[0].apr'")  # noqa: TRY004
    try:
        query = _PATHS.compile(path)
    except (JSONPathError, RecursionError) as error:
        raise ValueError(
            f"not a JSON path: {quoted(path)}: {_said(error)}; one looks like '$.offers[0].apr'"
        ) from error
    if not isinstance(query, JSONPath):
        raise ValueError(f"not a single JSON path: {quoted(path)}; give each a json_path of its own")  # noqa: TRY004
    return AtPath(path, None if wanted is None else matcher(wanted), query)


@dataclass(frozen=True, slots=True)
class Schema(Matcher):
    """The JSON has a shape."""

    text: str
    """The JSON Schema."""
    validator: Validator = field(repr=False, compare=False)

    def _problem(self, value: object) -> str | None:
        try:
            error = next(self.validator.iter_errors(_loaded(value)), None)
            return None if error is None else f"{error.json_path}: {quoted(error.message, marks='')}"
        except Exception as error:  # the value's fault: `validator` has judged others; nested too deep, huge numbers
            return f"{shown(value)}, which can't be judged: {type(error).__name__}: {shown_error(error)}"

    def accepts(self, value: object) -> bool:  # noqa: D102
        return self._problem(value) is None

    def seen(self, value: object) -> str:  # noqa: D102
        return self._problem(value) or shown(value)

    def __str__(self) -> str:
        return f"fitting the schema {quoted(self.text, marks='')}"


def schema(wanted: Mapping[str, Any]) -> Matcher:
    """The value fits a JSON Schema: draft 2020-12 unless its `$schema` says another; `format` is a note, no demand.

    Args:
        wanted: The schema. It may refer to parts of itself; nothing is fetched.

    Raises:
        ValueError: It is no JSON Schema, or refers to something that is not in it.
    """
    if not isinstance(wanted, Mapping):
        raise ValueError(f"a schema is a mapping such as {{'type': 'object'}}, not {shown(wanted)}")  # noqa: TRY004
    try:
        text = json.dumps(wanted, ensure_ascii=False)
        own = json.loads(text)
        cls = _draft(own)
        cls.check_schema(own)
        root = Resource.from_contents(own, default_specification=DRAFT202012)
        _resolve(root, EMPTY_REGISTRY.resolver_with_root(root))
        validator = cls(own, registry=EMPTY_REGISTRY)
        next(validator.iter_errors(None), None)
    except SchemaError as error:
        raise ValueError(f"not a JSON Schema: at {error.json_path}: {quoted(error.message, marks='')}") from error
    except RecursionError as error:
        raise ValueError(f"not a JSON Schema: {shown(wanted)}: it refers to itself without end") from error
    except TypeError as error:
        raise ValueError(f"not a JSON Schema: {shown(wanted)}: {shown_error(error)}") from error
    return Schema(text, validator)


_DRAFTS: dict[str, type[Validator]] = {
    (cls.ID_OF(cls.META_SCHEMA) or "").removesuffix("#"): cls
    for cls in (Draft4Validator, Draft6Validator, Draft7Validator, Draft201909Validator, Draft202012Validator)
}


def _draft(own: dict[str, Any]) -> type[Validator]:
    named = own.get("$schema")
    found = Draft202012Validator if named is None else _DRAFTS.get(str(named).removesuffix("#"))
    if found is None:
        raise ValueError(f"there is no JSON Schema draft {shown(named)}; leave '$schema' out for 2020-12")
    return found


def _resolve(part: Resource[Any], resolver: Any) -> None:
    if isinstance(part.contents, Mapping):
        for word in ("$ref", "$dynamicRef"):
            if isinstance(ref := part.contents.get(word), str):
                try:
                    resolver.lookup(ref)
                except Unresolvable as error:
                    raise ValueError(f"the schema refers to {shown(ref)}, which is not in it; add it") from error
    for inner in part.subresources():
        _resolve(inner, resolver.in_subresource(inner))
