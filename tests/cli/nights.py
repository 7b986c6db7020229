"""Nights at the command line: a folder with scenarios and the bots they talk to, and a store with nights in it."""

import os
import random
import subprocess
from collections.abc import Mapping
from pathlib import Path

from harness.reporting.store.store import Store
from tests.cli.test_cli import HARNESS
from tests.reporting.store.simulated import Name, Service, write

NAMES = ("hours", "prices", "parking", "pets")
PATIENCE = 0.1
"""Seconds that a clerk thinks before each answer."""
QUESTIONS = 4
"""Of each scenario."""


def scenario(name: str, *, wanted: str = "It is so.") -> str:
    """A scenario that asks its own clerk some questions."""
    asked = [f"  - say: {name} {number}\n  - expect: {{within: 10s, message: {wanted}}}" for number in range(QUESTIONS)]
    steps = "\n".join(["  - open", "  - expect: {message: Yes?}", *asked])
    return f"scenario: {name}\ndeployment: Clerk\nsteps:\n{steps}\n"


def clerk(slow: Mapping[str, float] | None = None, *, patience: float = PATIENCE) -> str:
    """A bot that thinks so many seconds before it answers; longer about some things."""
    turns = "".join(
        f"  - when: ^{name}\n    do:\n      - pause: {1000 * (slow or {}).get(name, patience):.0f}ms\n"
        "      - message: It is so.\n"
        for name in NAMES
    )
    return f"bot: Clerk\ndeployment: Clerk\ngreeting:\n  - message: Yes?\nturns:\n{turns}"


def folder(path: Path, names: tuple[str, ...] = NAMES) -> Path:
    """A folder with scenarios and a clerk."""
    for name in names:
        (path / f"{name}.scenario.yaml").write_text(scenario(name))
    (path / "clerk.bot.yaml").write_text(clerk())
    return path


def harness(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Call it and wait; where it is in the world and who calls it is the same everywhere."""
    env = os.environ | {"TZ": "UTC", "LOGNAME": "ada"} | variables
    env.pop("HARNESS_HISTORY", None)
    return subprocess.run(
        [*HARNESS, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=240, check=False
    )


def nightly(cwd: Path, *arguments: str, repeat: int = 5) -> subprocess.CompletedProcess[str]:
    """A night of the clerk's."""
    words = ("nightly", ".", "--no-html", f"--repeat={repeat}", *arguments)
    more = () if "--" in arguments else ("--",)
    return harness(*words, *more, "--bots=clerk.bot.yaml", "--concurrency=40", "-q", cwd=cwd)


def copied(where: Path, run: int, times: int) -> None:
    """More nights like one, give or take 3 %; what takes no time worth a word, give or take a lot."""
    chance = random.Random("nights like one")  # noqa: S311 - no secret
    with Store(str(where)) as store:
        samples = store.samples(run)
        known = {
            Name(key.scenario, key.metric): sample.values
            for key, sample in samples.items()
            if key.metric in {"answer_ms", "ack_ms"}
        }
        for number in range(times):
            moods = {name: chance.gauss(0, 0.03 if name.metric == "answer_ms" else 0.7) for name in known}
            write(
                store,
                {name: [value * (1 + moods[name]) for value in values] for name, values in known.items()},
                number=number,
            )


def simulated(path: Path, nights: int = 10) -> Path:
    """A folder with a store of nights that were made up, of two scenarios."""
    (path / "reports" / "out").mkdir(parents=True)
    service = Service("at the command line", scenarios=2, turns=25, restless=0.1)
    with Store(str(path / "reports" / "out" / "history.db")) as store:
        for number in range(nights):
            write(store, service.night(), number=number)
    return path
