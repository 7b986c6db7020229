"""A thousand waiting scenarios on one core: wall time against the ideal, collection, and memory a conversation.

Real pytest runs over scenario files, with recordings and Allure results as every night has them; the sandbox is on the
other core. The ideal is the work divided by the concurrency: what the scenarios take one at a time, measured on a
sample in the same run, by their number. They are played several times, and the quietest round counts: whatever else the
machine has to do makes a round longer, and nothing makes it shorter. Memory is the growth of the process with
conversations that wait.
"""

import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.sandbox.process import LISTENING

SCENARIOS = 1_000
CONCURRENCY = 250
SAMPLE = 5
ROUNDS = 3
LIMIT = 1.10
"""Wall time of the scenarios, as a multiple of the ideal, at most."""
COLLECTED = 5_000
COLLECTION_LIMIT = 10.0
"""Seconds to collect so many scenarios, at most."""

BOT = """\
bot: Bench Bot
deployment: Bench_Bot
greeting:
  - pause: 700ms
  - message: Hello, what can I do for you?
turns:
  - otherwise: true
    do:
      - acknowledge: delivered
      - typing: started
      - pause: 3s
      - stream: {pieces: "The answer to that takes me a few seconds, every time that you ask.", gap: 90ms}
      - typing: stopped
"""
SCENARIO = """\
scenario: A customer asks about an order ({name})
tags: [bench]
deployment: Bench_Bot
rows:
{rows}
steps:
  - open
  - expect: {{within: 30s, message: {{contains: Hello}}}}
  - say: "What about order ${{order}}?"
  - expect:
      within: 30s
      all:
        - delivered
        - sequence: [typing_started, reply: {{text: {{contains: answer}}, in_order: true}}, typing_stopped]
  - close
  - expect: {{within: 30s, closed: null}}
"""


def write(folder: Path, files: int, rows: int) -> None:
    """Write scenario files, each with so many rows."""
    folder.mkdir()
    for file in range(files):
        told = "\n".join(f"  - {{order: ORD-{file}-{row}}}" for row in range(rows))
        (folder / f"bench_{file}.scenario.yaml").write_text(SCENARIO.format(name=f"file {file}", rows=told))


@contextmanager
def sandbox(bot: Path) -> Iterator[str]:
    """A sandbox on the second core."""
    command = [sys.executable, "-m", "harness", "sandbox", "--until-stdin-closes", f"--bots={bot}"]
    with subprocess.Popen([*on_core(1), *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix(LISTENING).strip()
        process.communicate()


def on_core(core: int) -> list[str]:
    """The words before a command that keep it on one core, where the platform can."""
    if not shutil.which("taskset"):
        return []
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "--cpu-list", str(cores[core % len(cores)])]


@dataclass
class Run:
    """What a run took: seconds in all, from the first scenario's start to the last one's end, and each of them."""

    whole: float
    played: float
    each: list[float]
    said: str
    peak: int


def pytest_run(suite: Path, out: Path, *arguments: str) -> Run:
    """Run pytest over scenario files on the first core."""
    results = out / "allure"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", str(suite)]
    command += [f"--alluredir={results}", "--allure-no-capture", f"--recordings={out / 'recordings'}", *arguments]
    started = time.perf_counter()
    with subprocess.Popen(
        [*on_core(0), *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said, _ = process.communicate()
    whole = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"pytest ended with {process.returncode}:\n{said[-3000:]}")
    times = [
        (result["start"] / 1000, result["stop"] / 1000)
        for result in (json.loads(path.read_text()) for path in results.glob("*-result.json"))
    ]
    played = max(stop for _, stop in times) - min(start for start, _ in times) if times else 0.0
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return Run(whole, played, [stop - start for start, stop in times], said, peak)


def main() -> int:
    """Measure and print.

    Returns:
        0 if the limits were kept, else 1.
    """
    kept = True
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for those we start
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        bot = folder / "bench.bot.yaml"
        bot.write_text(BOT)
        write(folder / "sample", 1, SAMPLE)
        write(folder / "many", 10, SCENARIOS // 10)
        with sandbox(bot) as url:
            target = ["--target", url, "--org-id", "00DHb0000004QkL", "--deployment", "Bench_Bot"]
            target += ["--starts-per-minute=0", "--messages-per-minute=0"]  # this service has no limits
            one = pytest_run(folder / "sample", folder / "out1", *target, "--concurrency", "1")
            alone = statistics.median(one.each)
            ideal = alone * SCENARIOS / CONCURRENCY
            print(f"{SAMPLE} scenarios one at a time: {alone:.2f} s each (median), {one.whole:.1f} s in all")
            rounds = [
                pytest_run(folder / "many", folder / f"many{number}", *target, "--concurrency", str(CONCURRENCY))
                for number in range(ROUNDS)
            ]
        many = min(rounds, key=lambda one: one.played)
        print(f"{SCENARIOS:,} scenarios, {CONCURRENCY} at once; the ideal is {ideal:.1f} s")
        print(f"  {'rounds':<36} {', '.join(f'{one.played:.1f}' for one in rounds)} s; the quietest:")
        for what, took in (("first start to last end", many.played), ("all of pytest, with reports", many.whole)):
            print(f"  {what:<36} {took:6.1f} s   {took / ideal:.2f} x the ideal")
        median, worst = statistics.median(many.each), max(many.each)
        print(f"  {'each scenario':<36} {median:6.2f} s   (median; {worst:.2f} s the longest)")
        one_by_one = alone * SCENARIOS
        print(f"  {'one at a time they would take':<36} {one_by_one:6.0f} s   {one_by_one / many.whole:.0f} x as long")
        more = (many.peak - one.peak) / (CONCURRENCY - 1)
        print(f"  {'memory a conversation that is open':<36} {more:6.0f} KiB  (at most: results are counted with it)")
        kept &= many.played <= LIMIT * ideal
        print(f"at most {LIMIT:.2f} x the ideal: {'kept' if many.played <= LIMIT * ideal else 'NOT kept'}\n")
        kept &= collection(folder)
    return 0 if kept else 1


def collection(folder: Path) -> bool:
    """Measure how long pytest takes to collect, and print it."""
    kept = True
    for files, rows in ((COLLECTED // 10, 10), (COLLECTED, 1)):
        suite = folder / f"collect_{files}"
        write(suite, files, rows)
        started = time.perf_counter()
        command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider", "-o", "addopts="]
        said = subprocess.run([*command, suite], capture_output=True, text=True, check=False)
        took = time.perf_counter() - started
        found = sum(int(number) for number in re.findall(r": (\d+)$", said.stdout, re.MULTILINE))
        if said.returncode or found != COLLECTED:
            raise SystemExit(f"{found} were collected:\n{said.stdout[-2000:]}{said.stderr[-2000:]}")
        print(f"collecting {COLLECTED:,} scenarios of {files:,} files: {took:.1f} s")
        kept &= took <= COLLECTION_LIMIT
    print(f"at most {COLLECTION_LIMIT:g} s: {'kept' if kept else 'NOT kept'}")
    return kept


if __name__ == "__main__":
    sys.exit(main())
