"""`${…}` in scenario files: where names stand, and what is put in their place.

A name is looked up in what was captured, then a fragment's parameters, the row, and the variables of scenario and
suite; `persona.…`, `env.…`, `catalogue.…` and `made.…` say themselves where. A text that is one reference becomes the
value itself; within a text it becomes text, and within `/…/` it is matched literally. `$${` is a plain `${`.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from harness.documents import Place
from harness.expectations.spelled_matchers import REGEX
from harness.scenarios.model import NESTED

Lookup = Callable[[str], object]
"""What a name stands for; raises ValueError where it stands for nothing."""


class Later(str):
    """A text of which something will only be known when the scenario is played."""

    __slots__ = ()


REFERENCE = r"\$\{([^{}\n]*)\}"
"""How a name is referred to."""
_MARK = re.compile(rf"\$\$\{{|{REFERENCE}|\$\{{")


def references(data: object, place: Place = ()) -> Iterator[tuple[Place, str | None]]:
    """Every name that data refers to, and where; None for one that has no end. Steps within it are left out."""
    for where, text in _texts(data, place) if _has_any(data) else ():
        for match in _MARK.finditer(text):
            if match[0] != "$${":
                yield where, None if match[1] is None else match[1].strip()


def _has_any(data: object) -> bool:
    """Whether there is anything to replace, steps within included; quicker than to say where."""
    if isinstance(data, str):
        return "${" in data
    if isinstance(data, dict):
        data = data.values()
    elif not isinstance(data, list | tuple):
        return False
    return any(map(_has_any, data))


def _texts(data: object, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(data, str):
        if "${" in data:
            yield place, data
    elif isinstance(data, dict):
        for key, value in data.items():
            if not _is_nested(key, value):
                yield from _texts(value, (*place, key))
    elif isinstance(data, list | tuple):
        for at, value in enumerate(data):
            yield from _texts(value, (*place, at))


def _is_nested(key: str, value: object) -> bool:
    return key in NESTED and isinstance(value, list | tuple)


def resolved(data: Any, lookup: Lookup) -> Any:
    """The data with every name replaced by what it stands for; steps within it are left as they are.

    Raises:
        ValueError: A name stands for nothing.
    """
    return _resolved(data, lookup) if _has_any(data) else data


def _resolved(data: Any, lookup: Lookup) -> Any:
    if isinstance(data, str):
        return _text(data, lookup)
    if isinstance(data, dict):
        return {key: value if _is_nested(key, value) else _resolved(value, lookup) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_resolved(value, lookup) for value in data]
    return data


def _text(text: str, lookup: Lookup) -> object:
    if "${" not in text:
        return text
    whole = re.fullmatch(REFERENCE, text)
    if whole:
        return lookup(whole[1].strip())
    is_regex = REGEX.fullmatch(text)
    is_later = False

    def put(match: re.Match[str]) -> str:
        nonlocal is_later
        if match[1] is None:
            return "${"
        value = lookup(match[1].strip())
        is_later = is_later or isinstance(value, Later)
        return re.escape(shown(value)) if is_regex else shown(value)

    found = _MARK.sub(put, text)
    return Later(found) if is_later else found


def shown(value: object) -> str:
    """A value within a text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
