"""Makes pages in a process of its own, while conversations are held in this one.

A page takes as long as several conversations of a fully used core, and while it is made nobody notices what arrives.
Only what is sure to be a single page is made there, as whoever asks is told no more than that it will be in its file.
Not here: the other process (__main__.py), what is on a page (page.py).
"""

import os
import pickle
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

from harness.reporting.pages.page import pages
from harness.scenarios.outcome import Outcome

MADE, NOT_MADE = b"+", b"-"
_PATIENTLY = ["nice", "-n", "19"] if shutil.which("nice") else []
"""Has the process stand back where cores are scarce, from its first moment: to begin takes it most of a second."""
WORTH_IT = 100
"""Pages that take as long as it takes to start the process."""
_LIGHT = 120_000
"""Weight of a conversation that is a single page, which has 25,000 bytes more, or 1.2 times as many."""
_AHEAD = 3
"""Pages that are handed over before the first of them is made, so that the process need not wait for us."""
_HELD = 100_000_000
"""Bytes of conversations that wait, at most; beyond it, pages are made where they are asked for."""


class Press:
    """Makes pages elsewhere. It is started by the first page, and has to be closed."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[bytes | None] = SimpleQueue()
        self._left: list[bytes] = []
        self._lock = threading.Lock()
        self._waiting = self._held = 0
        self._is_broken = False
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """Pages that are not made yet."""
        return self._waiting

    def takes(self, outcome: Outcome, files: Sequence[Path]) -> bool:
        """Have the page of a conversation made, if it is sure to be a single one.

        Args:
            outcome: What it came to, redacted.
            files: Where the page will be by the time the press is closed.

        Returns:
            Whether it will be; if not, nothing was done.
        """
        if self._is_broken:
            return False
        job = pickle.dumps((outcome, tuple(files)), pickle.HIGHEST_PROTOCOL)
        if _weight(job) > _LIGHT or self._held + len(job) > _HELD:
            return False
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="press", daemon=True)
            self._thread.start()
        with self._lock:
            self._waiting += 1
            self._held += len(job)
        self._jobs.put(job)
        return True

    def close(self) -> list[str]:
        """Wait for all pages; those that could not be made elsewhere are made here.

        Returns:
            What could not be made or written, a sentence each.
        """
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None
        problems = []
        for job in self._left:
            outcome, files = pickle.loads(job)  # noqa: S301 - made above
            try:
                printed(outcome, files)
            except OSError as error:
                problems.append(f"the page of {outcome.conversation} was not written: {error}")
            except Exception as error:  # a mistake of ours, which is no reason to lose the run
                why = f"{type(error).__name__}: {error}"
                problems.append(f"the page of {outcome.conversation} could not be made, please report it: {why}")
        self._left.clear()
        return problems

    def _work(self) -> None:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [*_PATIENTLY, sys.executable, "-m", __package__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                process_group=0,  # Ctrl-C is for us: it has to finish what was begun, and ends with its input
            )
        except OSError:
            process = None
        given: deque[bytes] = deque()
        is_over = False
        while given or not is_over:
            if len(given) == _AHEAD or is_over or (given and self._jobs.empty()):
                self._done(given.popleft(), b"" if process is None else _answer(process))
            elif (job := self._jobs.get()) is None:
                is_over = True
            else:
                given.append(job)
                if process is not None:
                    _give(process, job)
        if process is not None:
            with suppress(BrokenPipeError), process:
                pass

    def _done(self, job: bytes, answer: bytes) -> None:
        self._is_broken = self._is_broken or not answer
        if answer != MADE:
            self._left.append(job)
        with self._lock:
            self._waiting -= 1
            self._held -= len(job)


def _weight(job: bytes) -> int:
    """Bytes of a pickled conversation, with what has to be escaped on its page as it is there."""
    return len(job) + 3 * (job.count(b"<") + job.count(b">")) + 4 * job.count(b"&")


def _give(process: subprocess.Popen[bytes], job: bytes) -> None:
    """Hand over a page; one that has gone gives no answer."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.write(job)
            process.stdin.flush()


def _answer(process: subprocess.Popen[bytes]) -> bytes:
    """Wait for an answer; nothing if the process is gone."""
    return b"" if process.stdout is None else process.stdout.read(1)


def printed(outcome: Outcome, files: Sequence[Path]) -> None:
    """Write the page of a conversation, a single one whatever it weighs, into files that are whole or not there.

    Raises:
        OSError: One can't be written.
    """
    [page] = pages(outcome, size=sys.maxsize)
    for file in files:
        begun = file.with_name(f"{file.name}.tmp")
        begun.write_bytes(page.encode("utf-8"))
        begun.replace(file)
