"""Many redactors at once: which of them know something of a text, in a time that does not depend on how many there are.

Of hundreds of scenarios that are played at once, a text is about one as a rule, and nobody can be sure about which. Not
here: what is done about it (redaction.py).
"""

from collections.abc import Iterator
from itertools import chain
from typing import Generic, TypeVar

from harness.timeline.redaction import Redactor, decoded

Key = TypeVar("Key")

_GRAM = 4
"""Characters at the beginning of a value by which it is looked up."""
_AS_LONG = 30
"""Characters of a text that take as long to be looked up as one redactor takes to look at it."""


class Many(Generic[Key]):
    """Redactors by a key of each, found by how the values begin that they know."""

    def __init__(self) -> None:
        self._redactors: dict[Key, Redactor] = {}
        self._by_beginning: dict[str, set[Key]] = {}
        self._short: dict[str, set[Key]] = {}

    def put(self, key: Key, redactor: Redactor) -> None:
        """Add one, or another one in place of that of the same key."""
        if self._redactors.get(key) is redactor:
            return
        self.drop(key)
        self._redactors[key] = redactor
        for beginnings, beginning in self._beginnings(redactor):
            beginnings.setdefault(beginning, set()).add(key)

    def drop(self, key: Key) -> None:
        """Take one away, if it is there."""
        if (redactor := self._redactors.pop(key, None)) is None:
            return
        for beginnings, beginning in self._beginnings(redactor):
            if those := beginnings.get(beginning):
                those.discard(key)
                if not those:
                    del beginnings[beginning]

    def _beginnings(self, redactor: Redactor) -> Iterator[tuple[dict[str, set[Key]], str]]:
        for value in redactor.values:
            yield (self._short, value) if len(value) < _GRAM else (self._by_beginning, value[:_GRAM])

    def concerned(self, text: str) -> list[Redactor]:
        """Those that may know something in a text, in the order in which they came; all that do are among them."""
        if len(self._redactors) * _AS_LONG < len(text):  # each looks closely by itself
            return [*self._redactors.values()]
        found: set[Key] = set()
        for one in {text, decoded(text)}:
            grams = map("".join, zip(*(one[start:] for start in range(_GRAM)), strict=False))
            found.update(
                chain.from_iterable(map(self._by_beginning.__getitem__, self._by_beginning.keys() & set(grams)))
            )
            for value, keys in self._short.items():
                if value in one:
                    found |= keys
        return [redactor for key, redactor in self._redactors.items() if key in found] if found else []
