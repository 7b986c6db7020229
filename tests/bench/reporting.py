"""What reports cost: a test's share of a run, over plain pytest, and the HTML of a thousand tests.

One conversation, longer than most of suites/, is held with the sandbox and recorded; then pytest runs a
thousand tests that pass at once, first by itself, then with the harness and Allure, where each test hands over what
that conversation came to: steps and page. Both may use all cores, as a run does: pages are made in a process of their
own. Rounds alternate, and the fastest of each counts: whatever else the machine does only adds.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import run

from harness.reporting.allure_html import build
from harness.reporting.allure_steps import steps
from harness.reporting.pages.page import pages
from harness.scenarios.remembering import read_as_written, remembered

ROOT = Path(__file__).parents[2]
TESTS = 1_000
ROUNDS = 3
LIMIT = 0.006
"""Seconds that a test may cost over plain pytest."""
HTML_LIMIT = 10.0
"""Seconds that the HTML of all of them may take."""

SCENARIO = """\
scenario: A customer asks three times
deployment: Harbour_Assistant
steps:
  - open
  - expect: {within: 3s, message: {contains: Hello}}
  - say: Where is my order ORD-1001?
  - expect: {within: 3s, sequence: [delivered, read]}
  - expect: {within: 9s, sequence: [progress, reply: {text: {contains: shipped}}]}
  - say: Where is my order ORD-1001?
  - expect: {within: 9s, sequence: [progress, reply: {text: {contains: shipped}}]}
  - say: Where is my order ORD-1001?
  - expect: {within: 9s, sequence: [progress, reply: {text: {contains: shipped}}]}
  - close
"""
TEST = f"""\
import pytest


@pytest.mark.parametrize("number", range({TESTS}))
def test_something(number):
    pass
"""
HANDED_OVER = """\
from pathlib import Path

import pytest

from harness.plugin.printing import PRINTING
from harness.reporting import allure
from harness.scenarios.remembering import read_as_written, remembered

[RECORDING] = Path({recordings!r}).rglob("*.recording.jsonl")
OUTCOME = remembered(read_as_written(RECORDING))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    finally:
        allure.report([OUTCOME], made=item.config.stash[PRINTING].pages(item, [OUTCOME]))
"""


def pytest(folder: Path, *arguments: str) -> float:
    """Run pytest in a folder.

    Returns:
        Seconds that it took.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", *arguments]
    started = time.perf_counter()
    env = {**os.environ, "PYTEST_ADDOPTS": "-p no:schemathesis -p no:hypothesispytest"}  # of the harness's own tests
    done = run(command, cwd=folder, capture_output=True, text=True, check=False, env=env)
    took = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"pytest ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return took


def _each(made: Callable[[], object], times: int = 20) -> float:
    """Seconds that making something takes, the fastest of some times."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        made()
        took.append(time.perf_counter() - started)
    return min(took)


def main() -> int:
    """Measure and print.

    Returns:
        0 if the limits were kept, else 1.
    """
    with tempfile.TemporaryDirectory() as scratch:
        held, plain, full = (Path(scratch, name) for name in ("held", "plain", "full"))
        for folder in (held, plain, full):
            folder.mkdir()
        (held / "asks.scenario.yaml").write_text(SCENARIO)
        pytest(held, f"--recordings={held / 'recordings'}")
        for folder in (plain, full):
            (folder / "test_something.py").write_text(TEST)
        (full / "conftest.py").write_text(HANDED_OVER.format(recordings=str(held / "recordings")))
        results = full / "allure"
        told = [f"--alluredir={results}", "--clean-alluredir", "--allure-no-capture"]
        alone, reported = [], []
        for _ in range(ROUNDS):
            alone.append(pytest(plain, "-p", "no:harness", "-p", "no:allure_pytest"))
            reported.append(pytest(full, *told))
        each = (min(reported) - min(alone)) / TESTS
        [recording] = (held / "recordings").rglob("*.recording.jsonl")
        outcome = remembered(read_as_written(recording))
        print(f"{TESTS:,} tests of {len(outcome.timeline)} events, the fastest of {ROUNDS} rounds")
        print(f"  {'plain pytest':<44} {min(alone):6.2f} s")
        print(f"  {'with the harness, Allure and a page each':<44} {min(reported):6.2f} s")
        sizes = Counter[str]()
        for file in results.iterdir():
            sizes[file.name.partition("-attachment")[2] or "results"] += file.stat().st_size
        told_sizes = ", ".join(f"{kind} {size / TESTS / 1000:.0f} kB" for kind, size in sizes.most_common())
        print(f"  {'files of a test':<44} {told_sizes}")
        print(f"  {'its page':<44} {_each(lambda: pages(outcome)) * 1000:6.2f} ms")
        print(f"  {'its steps':<44} {_each(lambda: steps(outcome, None)) * 1000:6.2f} ms")
        print(
            f"a test costs {each * 1000:.1f} ms; at most {LIMIT * 1000:g}: {'kept' if each <= LIMIT else 'NOT kept'}\n"
        )
        started = time.perf_counter()
        report = build(
            results, Path(scratch, "html"), config=ROOT / "reports" / "allure", history=Path(scratch, "nights.jsonl")
        )
        took = time.perf_counter() - started
        if report.path is None:
            raise SystemExit(report.problem)
        size = sum(file.stat().st_size for file in report.path.parent.rglob("*") if file.is_file())
        print(f"the HTML of {TESTS:,} tests: {took:.1f} s, {size / 1e6:.0f} MB")
        print(f"at most {HTML_LIMIT:g} s: {'kept' if took <= HTML_LIMIT else 'NOT kept'}")
    return int(each > LIMIT or took > HTML_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
