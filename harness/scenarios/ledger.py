"""The ledger of the conversations that a run has open, a line as one opens and one as it is closed.

Here: writing it, and reading those of runs that are gone. Not here: closing what they left (left_open.py), whose the
folder is (plugin/stage.py).

Only who holds a conversation's access token can close it (protocol notes, sections 2.4 and 9.2), and no token is
written to a file that somebody may hand on. So it is sealed: a ledger that went elsewhere says what was open, and
opens nothing.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from filelock import FileLock, Timeout

from harness.scenarios.sealing import seal

LONGEST = 24 * 3600.0
"""Seconds after which no token is good for anything. Source: the protocol notes, section 2.4; they last 6 h at most."""

_SUFFIX = ".jsonl"


class Ledger:
    """The conversations that this process has open at a service.

    Args:
        folder: Where ledgers are kept; made when there is something to note.
        url: Address of the service they are open at.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._open: set[str] = set()
        self._file: TextIO | None = None
        self._lock: FileLock | None = None

    def opened(self, conversation: str, *, deployment: str, token: str) -> None:
        """Note that a conversation is about to be opened. A folder that can't be written is no reason to stop."""
        self._open.add(conversation)
        with suppress(OSError):
            self._write(
                opened=conversation,
                url=self._url,
                deployment=deployment,
                at=round(time.time(), 3),
                sealed=seal(token),
            )

    def closed(self, conversation: str) -> None:
        """Note that a conversation is not open any more, or never was."""
        if conversation in self._open:
            self._open.remove(conversation)
            with suppress(OSError):
                self._write(closed=conversation)

    def close(self) -> None:
        """Leave the ledger to the next run, if something stayed open, or nothing of it."""
        if self._file is None or self._lock is None:
            return
        self._file.close()
        if not self._open:
            with suppress(OSError):
                Path(self._file.name).unlink()
        _let_go(self._lock)
        self._file = self._lock = None

    def _write(self, **what: object) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{uuid4().hex}{_SUFFIX}"
            self._lock = _lock_of(path)
            self._lock.acquire(blocking=False)
            self._file = open(path, "x", encoding="utf-8", opener=_private)  # noqa: SIM115 - closed by close
        self._file.write(json.dumps(what) + "\n")
        self._file.flush()


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """A conversation that a run left open.

    Attributes:
        id: Its id.
        url: Address of the service.
        deployment: API name of the deployment.
        at: When it was opened, seconds since 1970.
        sealed: The access token, sealed; empty where there was no key.
        line: As the ledger has it.
    """

    id: str
    url: str
    deployment: str
    at: float
    sealed: str
    line: str


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The ledger of a process that is gone, and what it left open."""

    path: Path
    left: tuple[LeftOpen, ...]

    def keep(self, left: Iterable[LeftOpen]) -> None:
        """Keep what is still worth it."""
        lines = [one.line for one in left if time.time() - one.at < LONGEST]
        if lines:
            after = self.path.with_suffix(".new")
            after.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            after.replace(self.path)
        else:
            self.path.unlink(missing_ok=True)


@contextmanager
def abandoned(folder: Path) -> Iterator[list[Abandoned]]:
    """The ledgers whose processes are gone; nobody else looks at them meanwhile."""
    ledgers: list[Abandoned] = []
    locks: list[FileLock] = []
    try:
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            lock = _lock_of(path)
            try:
                lock.acquire(blocking=False)
            except (Timeout, OSError):
                continue  # its process is there, or another run is looking at it
            locks.append(lock)
            if path.exists():
                ledgers.append(Abandoned(path, tuple(_read(path))))
        yield ledgers
    finally:
        for lock in locks:
            _let_go(lock)


def _read(path: Path) -> Iterator[LeftOpen]:
    """What a ledger says is open. A line that is cut off, as a killed process may leave one, says nothing."""
    left: dict[str, LeftOpen] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            told = json.loads(line)
            if (closed := told.get("closed")) is not None:
                left.pop(closed, None)
                continue
            one = LeftOpen(told["opened"], told["url"], told["deployment"], float(told["at"]), told["sealed"], line)
            left[one.id] = one
    yield from left.values()


def _lock_of(path: Path) -> FileLock:
    return FileLock(path.with_suffix(".lock"))


def _let_go(lock: FileLock) -> None:
    with suppress(OSError):
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
