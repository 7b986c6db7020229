"""A sandbox in a process of its own, so that the bots and the harness do not wait for each other's turns.

Not here: the server (server.py), the command it is started with (cli/).
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HarnessError

LISTENING = "listening on "
"""What the command's first line starts with; the address follows."""

_STOP_SECONDS = 10.0


@contextmanager
def sandbox_process(bots: Iterable[str | Path] = ()) -> Iterator[str]:
    """Run a sandbox until the block is left, or until this process is gone.

    Args:
        bots: Bot files and folders beside the shipped ones.

    Yields:
        Its address.

    Raises:
        HarnessError: It did not start; the message is what it said.
    """
    command = [sys.executable, "-m", "harness", "sandbox", "--port", "0", "--until-stdin-closes"]
    command += [f"--bots={path}" for path in bots]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        first = process.stdout.readline()
        if not first.startswith(LISTENING):
            _, said = process.communicate()
            raise HarnessError(f"the sandbox did not start: {said.strip() or first.strip() or 'it said nothing'}")
        try:
            yield first.removeprefix(LISTENING).strip()
        finally:
            try:
                process.communicate(timeout=_STOP_SECONDS)  # closes its standard input, which ends it
            except subprocess.TimeoutExpired:
                process.kill()
