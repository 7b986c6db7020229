"""The words of a failure taken apart again, so that a page can set them in order and link them.

Here: reading what expectations/explanation.py wrote; what is not of that form stays as it is. Not here: markup.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

_TITLE = slice(2, 13)
_BODY = slice(14, None)
_HAPPENED = ("  what happened", "  what shows it")
_DECIDED = re.compile(r" *> +#(\d+) ")
_PLACE = re.compile(r"#(\d+) ")


@dataclass(frozen=True, slots=True)
class Told:
    """A failure.

    Attributes:
        head: All in short.
        parts: What was expected, matched, still open, there instead: a title, and its lines.
        decided: Place on the timeline of the event that decided it; None where time or the end did.
    """

    head: str
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    decided: int | None = None
    rest: tuple[str, ...] = field(default=())
    """Lines of another form."""


@lru_cache(maxsize=64)
def read(message: str) -> Told:
    """Take a failure apart."""
    head, *lines = message.split("\n")
    parts: list[tuple[str, list[str]]] = []
    rest: list[str] = []
    decided: int | None = None
    happening = False
    for line in lines:
        if line.startswith(_HAPPENED):
            happening = True
        elif happening and line.startswith("  "):
            if found := _DECIDED.match(line):
                decided = int(found[1])
        elif line.startswith("  ") and line[13:14] == " " and (title := line[_TITLE].strip()):
            parts.append((title, [line[_BODY]]))
        elif parts and line.startswith(" " * 14):
            parts[-1][1].append(line[_BODY])
        else:
            happening = False
            rest.append(line)
    return Told(head, tuple((title, tuple(body)) for title, body in parts), decided, tuple(rest))


def place(line: str) -> int | None:
    """The place on the timeline of the event that a line tells of; None where it begins with none."""
    found = _PLACE.match(line)
    return int(found[1]) if found else None
