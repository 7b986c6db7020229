"""The whole way: a scenario, pytest, the sandbox in its own process, Allure's results."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

SCENARIO = """\
from harness import Customer, contains, delivered, message


async def test_an_order_is_on_its_way(customer: Customer) -> None:
    chat = await customer.open("Test_Orders")
    await chat.expect(message("Hello."))
    await chat.say("Where is my order?")
    await chat.expect(delivered())
    await chat.expect(message(contains("has shipped")), within=0.5)
"""

BOT = """\
bot: Test Bot
deployment: Test_Orders
greeting:
  - message: Hello.
turns:
  - otherwise: true
    do:
      - acknowledge: delivered
      {answer}
"""


class Run(NamedTuple):
    """A run of pytest: exit code, terminal, Allure's results."""

    code: int
    terminal: str
    results: list[dict[str, Any]]
    attachments: dict[str, str]


def run(folder: Path, *arguments: str, scenario: str = SCENARIO, answer: str = "- message: It has shipped.") -> Run:
    """Run a scenario with a bot in an empty folder."""
    (folder / "test_scenario.py").write_text(scenario)
    (folder / "orders.bot.yaml").write_text(BOT.replace("{answer}", answer))
    command = [sys.executable, "-m", "pytest", "--bots=orders.bot.yaml", "--alluredir=allure", "--color=no", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    results = [json.loads(file.read_text()) for file in sorted((folder / "allure").glob("*-result.json"))]
    attachments = {file.name: file.read_text() for file in (folder / "allure").glob("*-attachment*")}
    return Run(done.returncode, done.stdout + done.stderr, results, attachments)


def test_a_scenario_that_holds(tmp_path: Path) -> None:
    """Green, with its steps, their true times, the transcript and the timeline in Allure where that is asked for."""
    done = run(tmp_path, "--allure-evidence=all")
    assert done.code == 0, done.terminal
    assert "conversations  1: 1 passed" in done.terminal
    [result] = done.results
    assert result["status"] == "passed"
    assert [step["name"] for step in result["steps"]] == [
        "open a conversation with Test_Orders",
        "expect message with text 'Hello.'",
        "say 'Where is my order?'",
        "expect delivered",
        "expect message with text containing 'has shipped'",
    ]
    times = [(step["start"], step["stop"]) for step in result["steps"]]
    assert times == sorted(times)
    assert all(result["start"] - 5 <= start <= stop <= result["stop"] + 5 for start, stop in times)
    [greeting] = result["steps"][1]["steps"]
    assert "message from Test Bot (chatbot): 'Hello.'" in greeting["name"]
    attached = {one["name"]: done.attachments[one["source"]] for one in result["attachments"]}
    assert "said 'Where is my order?'" in attached["transcript"]
    events = [json.loads(line) for line in attached["timeline"].splitlines()]
    assert {"opened", "routed", "message", "said", "echo", "delivered"} <= {event["kind"] for event in events}
    arrivals = [event["at"] for event in events if "stream_id" in event]
    assert arrivals == sorted(arrivals)


def test_what_holds_has_its_page_and_what_does_not_has_all(tmp_path: Path) -> None:
    """A night of a thousand that hold is not a night of ten thousand files."""
    held = run(tmp_path)
    assert [one["name"] for result in held.results for one in result["attachments"]] == ["conversation"]
    (tmp_path / "again").mkdir()
    failed = run(tmp_path / "again", answer="- message: It is lost.")
    assert {one["name"] for result in failed.results for one in result["attachments"]} >= {
        *("conversation", "transcript", "timeline")
    }
    assert [path for path in failed.attachments if path.endswith(".httpexchange")]
    (tmp_path / "own").mkdir()
    asserts = run(tmp_path / "own", scenario=SCENARIO + '    assert chat.captured == {"order": "1"}\n')
    assert {one["name"] for result in asserts.results for one in result["attachments"]} >= {"transcript", "timeline"}
    containers = [json.loads(file.read_text()) for file in tmp_path.rglob("*-container.json")]
    assert all(one.get("befores") or one.get("afters") for one in containers)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(
            "- message: It is lost.",
            [
                "unexpected message ",
                "  expected    message with text containing 'has shipped', within 0.5 s",
                "wanted text containing 'has shipped', saw 'It is lost.'",
            ],
            id="the bot says something else",
        ),
        pytest.param(
            "- typing: started",
            [
                "not complete 0.5 s after the user's move",
                "still open  message with text containing 'has shipped'",
                "Test Bot (chatbot) started typing",
            ],
            id="the bot says nothing",
        ),
    ],
)
def test_a_scenario_that_does_not_hold(tmp_path: Path, answer: str, why: list[str]) -> None:
    """Red in the terminal, in Allure and in JUnit, with the same words, and without a traceback of ours."""
    done = run(tmp_path, "--junitxml=junit.xml", answer=answer)
    assert done.code == 1
    [result] = done.results
    assert result["status"] == "failed"
    told = result["statusDetails"]["message"]
    assert "what happened" not in told  # that is in the trace, and in the transcript
    junit = (tmp_path / "junit.xml").read_text()
    for words in ["step 5, test_an_order_is_on_its_way (test_scenario.py:9)", *why]:
        assert words in result["statusDetails"]["trace"]
        assert words in done.terminal
        assert words in junit.replace("&#x27;", "'").replace("&apos;", "'")
    assert 'await chat.expect(message(contains("has shipped")), within=0.5)' in done.terminal
    assert "harness/scenarios" not in done.terminal
    assert "uvloop" not in done.terminal
    assert [step["status"] for step in result["steps"]] == ["passed"] * 4 + ["failed"]
    assert result["steps"][-1]["statusDetails"]["message"] == told
    assert "conversations  1: 1 failed" in done.terminal


@pytest.mark.parametrize(
    ("arguments", "scenario", "says"),
    [
        pytest.param(
            ["--target=http://127.0.0.1:9", "--org-id=00DHb0000004QkL", "--deployment=X"],
            SCENARIO,
            "TargetUnreachable: nobody answered at http://127.0.0.1:9/iamessage",
            id="nobody is there",
        ),
        pytest.param(["--bots=nowhere.bot.yaml"], SCENARIO, "nowhere.bot.yaml", id="no such bot file"),
        pytest.param(
            [],
            SCENARIO.replace("contains(", "dict("),
            "ValueError: dictionary update sequence element",
            id="a mistake in the scenario's own Python is shown as Python shows it",
        ),
        pytest.param(
            [],
            SCENARIO.replace('"Test_Orders"', '"Nobody"'),
            "ServiceRefused: generateAccessTokenForUnauthenticatedUser was refused with 400",
            id="no such deployment",
        ),
    ],
)
def test_trouble_is_broken_not_failed(tmp_path: Path, arguments: list[str], scenario: str, says: str) -> None:
    """The bot is not to blame, and the sentence says who is."""
    done = run(tmp_path, *arguments, scenario=scenario)
    assert done.code == 1, done.terminal
    assert says in done.terminal
    [result] = done.results
    assert result["status"] == "broken"
    assert says in result["statusDetails"]["message"]
    assert "During handling of the above exception" not in done.terminal


def test_an_event_that_cannot_be_read_breaks_a_scenario_that_held(tmp_path: Path) -> None:
    """Though every expectation was met."""
    raw = '- raw: {event: CONVERSATION_MESSAGE, data: "{"}\n      - message: It has shipped.'
    done = run(tmp_path, answer=raw)
    assert done.code == 1
    assert done.results[0]["status"] == "broken"
    assert "RemoteProtocolError: 1 events of the bot could not be read" in done.terminal


def test_the_same_scenario_has_the_same_history_every_time(tmp_path: Path) -> None:
    """Identity comes from names and values, not from memory addresses; plumbing is not shown."""
    first, second = run(tmp_path).results, run(tmp_path).results
    ids = {(result["historyId"], result["testCaseId"]) for result in [*first, *second]}
    assert len(ids) == 1
    assert all(not parameter["name"].startswith("_") for result in second for parameter in result.get("parameters", []))
    containers = [json.loads(file.read_text()) for file in (tmp_path / "allure").glob("*-container.json")]
    shown = {one["name"] for container in containers for one in container.get("befores", [])}
    assert shown == {"target", "customer"}


def test_parametrized_scenarios_are_all_reported(tmp_path: Path) -> None:
    """Each with an identity of its own, brackets or not, also when two workers share the work."""
    scenario = "import pytest\n" + SCENARIO.replace(
        "async def", '@pytest.mark.parametrize("word", ["order [en]", "order [de]", "a::b"])\nasync def'
    ).replace("customer: Customer", "customer: Customer, word: str")
    done = run(tmp_path, "-n2", scenario=scenario)
    assert done.code == 0, done.terminal
    assert len({result["historyId"] for result in done.results}) == 3


def test_ctrl_c_ends_cleanly(tmp_path: Path) -> None:
    """The conversation is closed, pytest says that it was interrupted, no sandbox is left behind."""
    (tmp_path / "test_scenario.py").write_text(SCENARIO.replace("within=0.5", "within=3600"))
    (tmp_path / "orders.bot.yaml").write_text(BOT.replace("{answer}", "- typing: started"))
    started = SCENARIO_STARTED.format(folder=str(tmp_path))
    (tmp_path / "conftest.py").write_text(started)
    command = [sys.executable, "-m", "pytest", "--bots=orders.bot.yaml", "--alluredir=allure", "--color=no"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        os.mkfifo(tmp_path / "ready") if not (tmp_path / "ready").exists() else None
        with (tmp_path / "ready").open() as ready:
            sandbox = int(ready.readline())
        process.send_signal(signal.SIGINT)
        terminal, _ = process.communicate(timeout=30)
    assert process.returncode == 2, terminal
    assert "Interrupted" in terminal or "KeyboardInterrupt" in terminal
    with pytest.raises(ProcessLookupError):
        os.kill(sandbox, 0)
    [result] = [json.loads(file.read_text()) for file in (tmp_path / "allure").glob("*-result.json")]
    assert [step["name"] for step in result["steps"]][-1].startswith("expect message")


@pytest.mark.parametrize("phase", ["setup", "call", "teardown"])
def test_who_is_interrupted_has_not_passed(tmp_path: Path, phase: str) -> None:
    """Wherever Ctrl-C comes, be it before the scenario itself has begun or when it is over."""
    hook = f"import pytest\n\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_runtest_{phase}():\n"
    (tmp_path / "conftest.py").write_text(f"{hook}    raise KeyboardInterrupt\n")
    done = run(tmp_path, scenario="def test_nothing():\n    pass\n")
    assert done.code == 2
    assert [result["status"] for result in done.results] == ["broken"]
    assert done.results[0]["statusDetails"]["message"] == "the run was interrupted: KeyboardInterrupt"


SCENARIO_STARTED = '''\
"""Tells the test outside when the scenario is waiting, and which process the sandbox is."""

import subprocess

import pytest

from harness import Conversation

started = []
popen = subprocess.Popen


class Noted(popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        started.append(self.pid)


subprocess.Popen = Noted
expect = Conversation.expect


async def noted(self, *patterns, within=None):
    if within == 3600:
        with open("{folder}/ready", "w") as ready:
            print(started[0], file=ready)
    await expect(self, *patterns, within=within)


Conversation.expect = noted
'''
