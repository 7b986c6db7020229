"""The process that makes pages for another one (press.py): work comes by standard input, and is answered in its order.

Each is a pickled outcome with the files for its page; the answer is a byte, MADE or NOT_MADE. It ends with its input.
"""

import os
import pickle
import sys

from harness.reporting.pages.press import MADE, NOT_MADE, printed


def main() -> None:
    """Make pages until there is no more work."""
    if hasattr(os, "SCHED_IDLE"):  # whoever is merely nice is let finish its turn, some milliseconds, by Linux
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    work, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            outcome, files = pickle.load(work)  # noqa: S301 - from the process that started this one, and nobody else
        except EOFError:
            return
        try:
            printed(outcome, files)
        except Exception:  # it is tried once more by who asked for it, who can say what is wrong
            answers.write(NOT_MADE)
        else:
            answers.write(MADE)
        answers.flush()


if __name__ == "__main__":
    main()
