"""The nights that trends are drawn of: a file of Allure's, a line of JSON a report.

Allure adds a line whenever it makes a report, and stops at one that is broken. So it is given a copy: lines that can't
be read are left out, the line of the same results is replaced, and what comes of it is kept only if the report was
made. Not here: what was measured (reporting/store/).
"""

import json
import shutil
from collections.abc import Iterable
from hashlib import md5
from pathlib import Path
from typing import Any


def prepare(history: Path, copy: Path, uuids: Iterable[str]) -> str:
    """Copy the nights before this one.

    Args:
        history: The file; there may be none yet.
        copy: Where to; its folder exists.
        uuids: What the results of this night call themselves.

    Returns:
        What was left out, in one sentence; empty if nothing was.

    Raises:
        OSError: The file can't be read.
    """
    if not history.exists():
        return ""
    lines = history.read_text(encoding="utf-8", errors="replace").splitlines()
    nights = [(line, _tests(line)) for line in lines if line.strip()]
    kept = [(line, tests) for line, tests in nights if tests is not None]
    ours = {md5(one.encode(), usedforsecurity=False).hexdigest() for one in uuids}
    if kept and (tests := kept[-1][1]) and tests <= ours:  # made of the same results
        kept.pop()
    copy.write_text("".join(f"{line}\n" for line, _ in kept), encoding="utf-8")
    broken = sum(tests is None for _, tests in nights)
    if not broken:
        return ""
    were = "was" if broken == 1 else "were"
    return f"{broken} of {len(nights)} nights in {history.name} can't be read and {were} left out"


def keep(copy: Path, history: Path) -> None:
    """Put the file with this night in place of the one without it, in one move."""
    if copy.exists():
        history.parent.mkdir(parents=True, exist_ok=True)
        beside = history.with_name(f".{history.name}.new")
        shutil.copy(copy, beside)
        beside.replace(history)


def _tests(line: str) -> set[str] | None:
    """The ids of a night's tests; None if the line can't be read."""
    try:
        night: Any = json.loads(line)
        return {str(one["id"]) for one in night["testResults"].values()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
