"""Runs the benchmarks of this folder in turn: `python -m tests.bench [NAME ...]`, or `make bench ONLY=NAME`.

Here: finding and running them. Not here: what they measure. A benchmark is a module of this folder with a `main()`
that prints what it found and returns 0, or 1 if a limit that it names was not kept.
"""

import importlib
import pkgutil
import sys
import traceback
from pathlib import Path


def names() -> list[str]:
    """Every benchmark there is, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name[0] != "_")


def run(chosen: list[str]) -> int:
    """Run the benchmarks called `chosen`, or all; one that fails does not keep the others from running.

    Returns:
        Exit status: 0 if all kept their limits, 1 if one did not or broke, 2 for a name that there is not.
    """
    known = names()
    if unknown := [name for name in chosen if name not in known]:
        print(f"no benchmark is called {unknown[0]!r}; there are: {', '.join(known) or 'none'}", file=sys.stderr)
        return 2
    failed = False
    for name in chosen or known:
        print(f"== {name}", flush=True)
        try:
            failed |= bool(importlib.import_module(f"tests.bench.{name}").main())
        except Exception:
            # Told in full, and in the exit status.
            traceback.print_exc()
            failed = True
        print(flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
