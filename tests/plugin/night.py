"""A night in miniature: scenario files in an empty folder, pytest in a process of its own, and what it leaves."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from harness.settings import ORG_ID
from tests.plugin.gateway import Gateway

BOT = Path(__file__).parent / "bots" / "night.bot.yaml"
COMMAND = (
    *(sys.executable, "-m", "pytest", "--color=no", "--junitxml=junit.xml", "--alluredir=allure"),
    *("--override-ini=junit_family=xunit2", "--override-ini=asyncio_default_fixture_loop_scope=function"),
)

TARGETS = f"""targets:
  gateway:
    url: {{url}}
    org_id: {ORG_ID}
    deployment: Night
    reconnect: {{{{first_delay: 100ms, attempts: 3}}}}
"""


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a folder and folders in it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def scenario(name: str, *steps: str, more: str = "") -> str:
    """A scenario file: it opens a conversation, is greeted, and takes these steps.

    Args:
        name: What it is called.
        steps: Each in YAML, as it stands behind its dash.
        more: Further keys, in lines of YAML.
    """
    listed = ["open", "expect: {message: Good evening.}", *steps]
    head = [f"scenario: {json.dumps(name)}", "deployment: Night", *([more] if more else [])]
    return "\n".join([*head, "steps:", *(f"  - {one}".replace("\n", "\n    ") for one in listed)]) + "\n"


def asks(word: str, answer: str, within: str = "10s") -> tuple[str, str]:
    """The steps of a question and its answer."""
    return f"say: {word}", f"expect: {{within: {within}, message: {json.dumps(answer)}}}"


QUICK = asks("quick", "At once.")
SLOW = asks("slow", "At last.")
WRONG = asks("quick", "Never.", "3s")


@dataclass(frozen=True, slots=True)
class Night:
    """What a run of pytest left.

    Attributes:
        folder: Where it ran.
        code: Its exit code.
        terminal: What it printed.
    """

    folder: Path
    code: int
    terminal: str

    @property
    def results(self) -> dict[str, Any]:
        """Allure's results by name."""
        found = [json.loads(file.read_text()) for file in (self.folder / "allure").glob("*-result.json")]
        by_name = {result["name"]: result for result in found}
        assert len(by_name) == len(found)
        return by_name

    @property
    def junit(self) -> dict[str, ElementTree.Element]:
        """JUnit's test cases by name."""
        tree = ElementTree.parse(self.folder / "junit.xml")  # noqa: S314 - our own file
        return {case.get("name", ""): case for case in tree.iter("testcase")}

    @property
    def verdicts(self) -> dict[str, str]:
        """How each test ended by its name, in the order in which they were told: passed, failure, skipped, error."""
        ends = ("failure", "error", "skipped")
        return {
            name: next((end for end in ends if case.find(end) is not None), "passed")
            for name, case in self.junit.items()
        }

    @property
    def summary(self) -> list[str]:
        """What is said of the conversations at the end."""
        _, _, told = self.terminal.partition(" conversations ==")
        return [line for line in told.splitlines()[1:] if line and not line.startswith("=")]


async def start(folder: Path, *arguments: str, gateway: Gateway | None = None) -> asyncio.subprocess.Process:
    """Start pytest in a folder.

    Args:
        folder: Where.
        arguments: Further words.
        gateway: What to talk to; a sandbox of its own if not given.
    """
    to = [f"--bots={BOT}"]
    if gateway is not None:
        to = ["--target=gateway"]
        write(folder, {"targets.yaml": TARGETS.format(url=gateway.url)})
    return await asyncio.create_subprocess_exec(
        *COMMAND, *to, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )


async def end(process: asyncio.subprocess.Process, folder: Path) -> Night:
    """Wait until it is over."""
    async with asyncio.timeout(120):
        told, _ = await process.communicate()
    assert process.returncode is not None
    return Night(folder, process.returncode, told.decode())


async def night(folder: Path, *arguments: str, gateway: Gateway | None = None) -> Night:
    """Run pytest in a folder; the arguments are those of `start`."""
    return await end(await start(folder, *arguments, gateway=gateway), folder)
