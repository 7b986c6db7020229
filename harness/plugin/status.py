"""A line in the terminal that tells how far the scenarios are, while pytest waits for the next one to report.

It stands behind what pytest has printed on the line and is gone before pytest goes on. Where the output is no terminal,
or one that can't go back on its line, nothing is printed.
"""

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

import pytest

from harness.scenarios.pool import State

EVERY = 0.25
"""Seconds between two looks."""
_SAVE, _RESTORE, _CLEAR, _FAINT, _PLAIN = "\x1b7", "\x1b8", "\x1b[K", "\x1b[2m", "\x1b[0m"


def told(state: State) -> str:
    """How far a pool is, in words; the longest-running scenario by the end of its name."""
    total = state.waiting + state.running + state.done + state.stopped
    parts = [f"{state.done} of {total} done", f"{state.running} running"]
    if state.failed:
        parts.append(f"{state.failed} failed")
    if state.slowest is not None:
        name, seconds = state.slowest
        parts.append(f"slowest {seconds:.0f} s: {name.rpartition('::')[2]}")
    return ", ".join(parts)


class StatusLine:
    """Shows the line while a block runs.

    Args:
        config: pytest's.
        state: How far the scenarios are.
    """

    def __init__(self, config: pytest.Config, state: Callable[[], State]) -> None:
        self._terminal: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
        self._capturing = config.pluginmanager.get_plugin("capturemanager")
        self._state = state
        self._stack = ExitStack()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin, in a terminal."""
        if self._terminal is not None and self._terminal.isatty and os.environ.get("TERM", "dumb") != "dumb":
            if self._capturing is not None:
                self._stack.enter_context(self._capturing.global_and_fixture_disabled())
            self._thread = threading.Thread(target=self._show, args=(self._terminal,), name="status line", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the line away."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._stack.close()

    def _show(self, terminal: pytest.TerminalReporter) -> None:
        shown = False
        while not self._over.wait(EVERY):
            writer = terminal._tw
            room = writer.fullwidth - writer.width_of_current_line - 3
            if room > len("99 of 99 done"):
                line = told(self._state())[:room].encode("ascii", "replace").decode()
                faint, plain = (_FAINT, _PLAIN) if writer.hasmarkup else ("", "")
                writer._file.write(f"{_SAVE}  {faint}{line}{plain}{_CLEAR}{_RESTORE}")
                writer.flush()
                shown = True
        if shown:
            terminal._tw._file.write(_CLEAR)
            terminal._tw.flush()
