"""A folder of Allure results as it is found: what belongs there, what does not, and what the results say.

Here: looking. Anybody may have left something there, so nothing that is read is trusted to be in order. Not here:
writing results (allure.py), the report made of them (allure_html.py).
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.reporting.allure_run import CATEGORIES_FILE, ENVIRONMENT, EXECUTOR
from harness.reporting.allure_tidy import QUARANTINE

_STATUSES = {"passed", "failed", "broken", "skipped", "unknown"}
_LISTS = ("labels", "links", "parameters", "steps", "attachments")
_JSON_FILES = {EXECUTOR, CATEGORIES_FILE}
_JSON_ENDINGS = ("-result.json", "-container.json", "-globals.json", "-perf.json")
_NAMED = 3
"""Files named in a complaint; the others are counted."""


@dataclass(slots=True)
class Found:
    """What is in a folder of results.

    Attributes:
        folder: Where it is.
        results: The tests' results, by their files.
        files: All files that belong there.
        foreign: Names of files and folders that do not, or can't be read.
    """

    folder: Path
    results: dict[Path, dict[str, Any]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def complaint(self) -> str:
        """What was left out, in one sentence; empty if nothing was."""
        if not self.foreign:
            return ""
        names, more = ", ".join(map(repr, self.foreign[:_NAMED])), len(self.foreign) - _NAMED
        told = f"{names} and {more} more" if more > 0 else names
        if len(self.foreign) == 1:
            return f"{told} in {self.folder.name} is no Allure result and was left out"
        return f"{told} in {self.folder.name} are no Allure results and were left out"

    @property
    def uuids(self) -> set[str]:
        """What every result calls itself."""
        return {str(one["uuid"]) for one in self.results.values() if one.get("uuid")}

    def quarantined(self) -> Iterator[dict[str, object]]:
        """Allure's rules for failures that are known until a day: muted, with the reason."""
        why = {
            str(one.get("testCaseId")): label["value"]
            for one in self.results.values()
            for label in one.get("labels", ())
            if label.get("name") == QUARANTINE
        }
        for test, comment in sorted(why.items()):
            yield {"resolution": "muted", "testCaseId": [test], "comment": comment}


def look(folder: Path) -> Found:
    """Look at everything in a folder of results.

    Raises:
        OSError: The folder itself can't be read.
    """
    found, rest = Found(folder), []
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            found.foreign.append(path.name)
        elif path.name in _JSON_FILES or path.name.endswith(_JSON_ENDINGS):
            _take(found, path)
        elif path.name == ENVIRONMENT:
            found.files.append(path)
        else:
            rest.append(path)
    attached = {source for one in _parts(found) for source in _sources(one)}
    for path in rest:
        if path.name in attached:
            found.files.append(path)
        else:
            found.foreign.append(path.name)
    return found


def link(files: list[Path], folder: Path) -> Path:
    """Put files together in a new folder, without copying where the disk allows."""
    folder.mkdir()
    for path in files:
        try:
            os.link(path, folder / path.name)
        except OSError:
            shutil.copy(path, folder)
    return folder


def _take(found: Found, path: Path) -> None:
    told = _json(path)
    is_result = path.name.endswith("-result.json")
    if told is None or (is_result and not _is_result(told)):
        found.foreign.append(path.name)
        return
    found.files.append(path)
    if is_result:
        found.results[path] = told


def _is_result(told: Any) -> bool:
    """Whether it is one in its rough shape; Allure passes over those that are not without a word."""
    return (
        isinstance(told, Mapping)
        and isinstance(told.get("name"), str)
        and told.get("status", "unknown") in _STATUSES
        and all(isinstance(told.get(name, []), list) for name in _LISTS)
        and all(isinstance(one, Mapping) for name in _LISTS for one in told.get(name, []))
    )


def _json(path: Path) -> Any:
    """What a file says; None if it can't be read."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _parts(found: Found) -> Iterator[Any]:
    """Everything that may have attachments."""
    yield from found.results.values()
    for path in found.files:
        if path.name.endswith(("-container.json", "-globals.json")):
            yield _json(path)


def _sources(part: Any) -> Iterator[str]:
    """The files that a result, a step or a fixture has attached."""
    if not isinstance(part, Mapping):
        return
    for one in _listed(part, "attachments"):
        if isinstance(one, Mapping) and isinstance(one.get("source"), str):
            yield one["source"]
    for name in ("steps", "befores", "afters"):
        for one in _listed(part, name):
            yield from _sources(one)


def _listed(part: Mapping[str, Any], name: str) -> list[Any]:
    told = part.get(name)
    return told if isinstance(told, list) else []
