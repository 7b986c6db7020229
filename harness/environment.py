"""What a run may know that no file of the project says: environment variables, and `.env` files that stand in for them.

Here: reading, and what stands for what. No value is ever shown: some are secrets. Not here: who asks (settings.py).
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.documents import DocumentError, Problem, shown_path, text_of

ENV_FILE = ".env"
"""The name of the file; it is not for version control."""

_LINE = re.compile(r"(?:export\s+)?(?P<name>[^\s=]+)\s*=\s*(?P<value>.*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"""(['"])(?P<inside>.*?)\1\s*(?:#.*)?""")
_COMMENT = re.compile(r"(?:^|\s+)#.*$")


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables of the process, and those of files for what it has not; an empty one counts as not there.

    Attributes:
        folder: Where a `.env` file would be looked for first.
        files: What the files say, by path, the first to count first.
    """

    folder: Path
    files: Mapping[Path, Mapping[str, str]]

    def get(self, name: str) -> str | None:
        """The value of a variable; None if there is none."""
        return next((value for values in (os.environ, *self.files.values()) if (value := values.get(name))), None)

    def missing(self, name: str) -> str:
        """What to do about a variable that is not there, as a sentence."""
        return (
            f"the environment has no {name}; set it, or write {name}=… into {shown_path(self.folder / ENV_FILE)}, "
            "which is not for version control"
        )


def environment(folder: Path) -> Environment:
    """The environment of files in a folder: the process's, then `.env` there, then `.env` in the current folder.

    Raises:
        DocumentError: A `.env` file says what can't be meant.
    """
    paths = dict.fromkeys((folder.resolve() / ENV_FILE, Path.cwd() / ENV_FILE))
    return Environment(folder, {path: read_env(path) for path in paths if path.is_file()})


def read_env(path: Path) -> dict[str, str]:
    """The variables of a `.env` file: a line NAME=value each, comments after #, values as they stand or in quotes.

    Nothing within a value is replaced, so a $ or a backslash is what it is.

    Raises:
        DocumentError: A line is something else.
    """
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for number, name, value in _lines(path, problems):
        if name in values:
            what = f"{name} stands here twice, first on line {lines[name]}; keep one of the two"
            problems.append(Problem(path, number, 1, what))
        else:
            values[name], lines[name] = value, number
    if problems:
        raise DocumentError(problems)
    return values


def _lines(path: Path, problems: list[Problem]) -> Iterator[tuple[int, str, str]]:
    """Number, name and value of every line that has one; the others are problems, or blank."""
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if not _COMMENT.sub("", line).strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or not _NAME.fullmatch(match["name"]):
            problems.append(Problem(path, number, 1, "wanted NAME=value here; a name has letters, digits and _"))
            continue
        value = match["value"]
        if value[:1] in {"'", '"'} and value:
            quoted = _QUOTED.fullmatch(value)
            if quoted is None:
                column = line.index("=") + 2
                what = "the quotation mark that opens here is not closed at the end of the line"
                problems.append(Problem(path, number, column, what))
                continue
            value = quoted["inside"]
        else:
            value = _COMMENT.sub("", value).strip()
        yield number, match["name"], value
