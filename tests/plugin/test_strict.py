"""What nobody expected: it fails a strict scenario, and is listed in the report of any other; and rules that warn."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.plugin.test_judging import call, differences, results

BOT = """\
bot: Test Bot
deployment: Test_Orders
greeting:
  - message: Hello.
turns:
  - when: ^I am (?P<who>.*)\\.$
    do:
      - message: "Good day {who}. Your token is Bearer 0123456789abcdef0123, keep it."
      - acknowledge: delivered
  - when: ^unreadable$
    do:
      - raw: {event: CONVERSATION_MESSAGE, data: "{"}
      - acknowledge: delivered
  - when: ^a stranger$
    do:
      - raw:
          event: CONVERSATION_MESSAGE
          data:
            channelPlatformKey: bebe92e5-c0a7-4771-8f80-ef0f3aa3a83e
            channelType: embedded_messaging
            channelAddressIdentifier: bebe92e5-c0a7-4771-8f80-ef0f3aa3a83e
            conversationId: "{conversation}"
            conversationEntry:
              senderDisplayName: Rita M
              identifier: 00000003-0000-4000-8000-000000000000
              entryType: Message
              entryPayload: >-
                {"entryType":"Message","id":"00000003-0000-4000-8000-000000000000","abstractMessage":
                {"messageType":"StaticContentMessage","inReplyToMessageId":null,
                "id":"00000003-0000-4000-8000-000000000000","references":[],
                "staticContent":{"formatType":"Text","text":"Bearer 0123456789abcdef0123"}},"messageReason":null}
              sender: {role: Agent, appType: agent, subject: 005Wt00000BcDeFIAV, clientIdentifier: ""}
              contextParamMap: {}
              visibilityStrategy: Default
              transcriptedTimestamp: 1690084400900
              relatedRecords: []
              clientTimestamp: 1690084400860
              clientDuration: 0
      - acknowledge: delivered
"""

SCENARIOS = """\
import pytest

from harness import Conversation, Customer, ExpectationFailed, LocalProtocolError, delivered, message

on, off = pytest.mark.strict_conversations, pytest.mark.strict_conversations(False)


async def ask(customer: Customer, text: str = "I am Anna.", **how: bool) -> Conversation:
    chat = await customer.open("Test_Orders", **how)
    await chat.say(text)
    await chat.expect(delivered(), within=5)
    return chat


"""
"""After `ask` the greeting and the answer are there, and no expectation took either."""

INTRODUCTION = """\
async def test_an_introduction(customer: Customer) -> None:
    await ask(customer, f"I am {customer.persona.name}.")
"""


class Run(NamedTuple):
    """A run of pytest: exit code, terminal, Allure's results and attachments by the names of tests."""

    code: int
    terminal: str
    results: dict[str, dict[str, Any]]
    attached: dict[str, dict[str, str]]

    @property
    def failed(self) -> set[str]:
        """The tests that did not pass."""
        return {name for name, result in self.results.items() if result["status"] != "passed"}


def run(folder: Path, scenarios: str, *arguments: str, ini: str = "") -> Run:
    """Run scenarios with the bot in an empty folder."""
    (folder / "test_scenario.py").write_text(SCENARIOS + scenarios)
    (folder / "orders.bot.yaml").write_text(BOT)
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    options = ["--bots=orders.bot.yaml", "--alluredir=allure", "--clean-alluredir", "--color=no", *arguments]
    command = [sys.executable, "-m", "pytest", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    told = {}
    for file in (folder / "allure").glob("*-result.json"):
        result = json.loads(file.read_text())
        told[result["name"]] = result
    attached = {
        name: {one["name"]: (folder / "allure" / one["source"]).read_text() for one in result["attachments"]}
        for name, result in told.items()
        if "attachments" in result
    }
    return Run(done.returncode, done.stdout + done.stderr, told, attached)


def without_numbers(text: str) -> str:
    """The words, with places and times, which differ from run to run, blanked."""
    return re.sub(r"#\d+ +\d+\.\d{3} s", "#0 0.000 s", text)


TOLD = """\
conversation 1 with Test_Orders: 2 messages that no expectation took, and the conversation is strict
  unclaimed   #0 0.000 s  message  message from Test Bot (chatbot): 'Hello.'
              #0 0.000 s  message  message from Test Bot (chatbot): 'Good day [persona.name]. Your token is Bearer \
[redacted token], keep it.'
  what to do  expect them, or open the conversation with strict=False"""


def test_a_strict_scenario_fails_word_for_word(tmp_path: Path) -> None:
    """The same words everywhere, nothing private in them, and no line of the harness or of pytest around them."""
    done = run(tmp_path, INTRODUCTION, "--strict-conversations", "--junitxml=junit.xml")
    assert done.code == 1
    result = done.results["test_an_introduction"]
    assert result["status"] == "failed"
    assert without_numbers(result["statusDetails"]["message"]) == TOLD
    first, *rest = TOLD.splitlines()
    printed = "\n".join([f"E   harness.errors.ExpectationFailed: {first}", *(f"    {line}" for line in rest)])
    assert f"test_an_introduction _____\n{printed}\n" in re.sub("_{5,}", "_____", without_numbers(done.terminal))
    assert first in (tmp_path / "junit.xml").read_text()
    *held, last = result["steps"]
    assert {step["status"] for step in held} == {"passed"}
    assert (last["name"], last["status"]) == ("check the conversation as a whole", "failed")
    assert without_numbers(last["statusDetails"]["message"]) == TOLD
    assert [step["name"].partition(": ")[2] for step in last["steps"]] == [
        "'Hello.'",
        "'Good day [persona.name]. Your token is Bearer [redacted token], keep it.'",
    ]
    assert "conversations  1: 1 failed" in done.terminal


SWITCHES = """\
async def test_plain(customer: Customer) -> None:
    await ask(customer)


@on
async def test_marked(customer: Customer) -> None:
    await ask(customer)


@off
async def test_unmarked(customer: Customer) -> None:
    await ask(customer)


async def test_opened(customer: Customer) -> None:
    await ask(customer, strict=True)


@on
async def test_marked_but_opened_otherwise(customer: Customer) -> None:
    await ask(customer, strict=False)


@off
async def test_unmarked_but_opened_otherwise(customer: Customer) -> None:
    await ask(customer, strict=True)


@on
class TestMarked:
    async def test_with_its_class(self, customer: Customer) -> None:
        await ask(customer)

    @off
    async def test_against_its_class(self, customer: Customer) -> None:
        await ask(customer)
"""

BY_ITSELF = {"test_marked", "test_opened", "test_unmarked_but_opened_otherwise", "test_with_its_class"}
"""What is strict whatever the run and the suite are told."""


@pytest.mark.parametrize(
    ("ini", "arguments", "strict"),
    [
        pytest.param("", [], BY_ITSELF, id="nothing is said"),
        pytest.param("strict_conversations = true", [], {*BY_ITSELF, "test_plain"}, id="the suite is strict"),
        pytest.param("", ["--strict-conversations", "-n2"], {*BY_ITSELF, "test_plain"}, id="the run is strict"),
        pytest.param(
            "strict_conversations = true", ["--no-strict-conversations"], BY_ITSELF, id="the run is not, the suite is"
        ),
    ],
)
def test_the_narrower_word_wins(tmp_path: Path, ini: str, arguments: list[str], strict: set[str]) -> None:
    """The conversation's, the mark's, the command line's, the settings'."""
    done = run(tmp_path, SWITCHES, *arguments, ini=ini)
    assert done.failed == strict, done.terminal
    failures = done.terminal.partition("short test summary info")[0]
    assert failures.count("that no expectation took, and the conversation is strict") == len(strict)


def test_a_mark_that_says_something_else_is_a_sentence(tmp_path: Path) -> None:
    """And the scenario is not run."""
    done = run(tmp_path, "@pytest.mark.strict_conversations('no')\n" + INTRODUCTION)
    assert done.code == 1
    assert "LocalProtocolError: the mark strict_conversations takes True or False, or nothing" in done.terminal
    assert "conversations  " not in done.terminal


EARLIER = """\
pytestmark = on


async def test_an_expectation_failed(customer: Customer) -> None:
    chat = await ask(customer)
    await chat.expect(message("Moin."))


async def test_a_failure_was_lived_with(customer: Customer) -> None:
    chat = await ask(customer)
    with pytest.raises(ExpectationFailed):
        await chat.expect(message("Moin."))


async def test_another_conversation_is_broken(customer: Customer) -> None:
    await ask(customer)
    await ask(customer, "unreadable")


async def test_another_conversation_broke_a_rule(customer: Customer) -> None:
    await ask(customer)
    await ask(customer, "a stranger")


async def test_only_a_move_was_impossible(customer: Customer) -> None:
    chat = await ask(customer)
    with pytest.raises(LocalProtocolError):
        await chat.choose("Tea")
"""


def test_strictness_hides_no_earlier_failure(tmp_path: Path) -> None:
    """What did not hold, what could not be read and what broke a rule come first, in whichever conversation."""
    done = run(tmp_path, EARLIER)
    told = {name: result.get("statusDetails", {}).get("message", "") for name, result in done.results.items()}
    assert "unexpected message" in told["test_an_expectation_failed"]
    assert "unclaimed messages" not in done.attached["test_an_expectation_failed"]
    assert "test_a_failure_was_lived_with" not in done.failed
    assert done.results["test_another_conversation_is_broken"]["status"] == "broken"
    assert "1 events of the bot could not be read" in told["test_another_conversation_is_broken"]
    assert "1 broken rules of the channel" in told["test_another_conversation_broke_a_rule"]
    assert "2 messages that no expectation took" in told["test_only_a_move_was_impossible"]
    assert len(done.failed) == 4


LISTED = """\
async def test_one(customer: Customer) -> None:
    await ask(customer, f"I am {customer.persona.name}.")


async def test_two(customer: Customer) -> None:
    chat = await ask(customer)
    other = await ask(customer)
    await other.expect(message("Hello."))
    await chat.expect(message(), message())


async def test_none(customer: Customer) -> None:
    chat = await ask(customer)
    await chat.expect(message(), message())
"""


def test_what_nobody_expected_is_listed(tmp_path: Path) -> None:
    """Attached in Allure, by conversation where there are several; counted on the console; nothing private in it."""
    done = run(tmp_path, LISTED)
    assert done.code == 0, done.terminal
    assert without_numbers(done.attached["test_one"]["unclaimed messages"]).split("\n") == [
        "    #0 0.000 s  message  message from Test Bot (chatbot): 'Hello.'",
        "    #0 0.000 s  message  message from Test Bot (chatbot): 'Good day [persona.name]. Your token is Bearer "
        "[redacted token], keep it.'",
        "",
    ]
    [listed] = [name for name in done.attached["test_two"] if "unclaimed" in name]
    assert listed == "unclaimed messages of conversation 2"
    assert " day Anna. Your token" in done.attached["test_two"][listed]
    assert "'Hello.'" not in done.attached["test_two"][listed]
    assert not any("unclaimed" in name for name in done.attached["test_none"])
    assert "unclaimed      3 messages in 2 conversations that no expectation took\n" in done.terminal


JUDGED = """\
async def test_plain(customer: Customer) -> None:
    await ask(customer)


@on
async def test_marked(customer: Customer) -> None:
    await ask(customer)


async def test_opened(customer: Customer) -> None:
    await ask(customer, strict=True)


async def test_not_strict(customer: Customer) -> None:
    await ask(customer, strict=False)
"""


def failed(told: dict[str, Any]) -> set[str]:
    """The tests that Allure was told of as failed."""
    return {one[0].rpartition("#")[2] for one in told.values() if one[1] == "failed"}


def test_a_recording_is_judged_as_strictly_as_its_run(tmp_path: Path) -> None:
    """In the same words, by the scenario as it is today; the run's own word counts unless another is given now."""
    (tmp_path / "test_scenario.py").write_text(SCENARIOS + JUDGED)
    (tmp_path / "orders.bot.yaml").write_text(BOT)

    def judge(*arguments: str) -> dict[str, Any]:
        call("judge", "--with", ".", *arguments, "--", "--alluredir=again", "--clean-alluredir", cwd=tmp_path)
        return results(tmp_path / "again")

    def live(*arguments: str) -> dict[str, Any]:
        call("run", ".", "--no-html", *arguments, "--", "--bots=orders.bot.yaml", cwd=tmp_path)
        return results(tmp_path / "reports/out/allure-results")

    strict = live("--strict")
    assert failed(strict) == {"test_plain", "test_marked", "test_opened"}
    assert differences(strict, judge()) == []
    assert failed(judge("--no-strict")) == {"test_marked", "test_opened"}

    untold = live()
    assert failed(untold) == {"test_marked", "test_opened"}
    assert differences(untold, judge()) == []
    assert failed(judge("--strict")) == {"test_plain", "test_marked", "test_opened"}
    (tmp_path / "pytest.ini").write_text("[pytest]\nstrict_conversations = true\n")
    assert failed(judge()) == {"test_plain", "test_marked", "test_opened"}

    assert failed(live("--no-strict")) == {"test_marked", "test_opened"}
    assert failed(judge()) == {"test_marked", "test_opened"}


WARNED = """\
RULE = "participants_consistent"


async def test_one(customer: Customer) -> None:
    chat = await ask(customer, "a stranger")
    chat.waive(RULE, because="BOT-9, Rita forgets to join", severity="warn")


async def test_two(customer: Customer) -> None:
    for _ in range(2):
        chat = await ask(customer, "a stranger")
        chat.waive(RULE, because="BOT-9, Rita forgets to join", severity="warn")


async def test_off(customer: Customer) -> None:
    chat = await ask(customer, "a stranger")
    chat.waive(RULE, because="BOT-9, Rita forgets to join")


async def test_failed(customer: Customer) -> None:
    chat = await ask(customer, "a stranger")
    chat.waive(RULE, because="BOT-9, Rita forgets to join", severity="warn")
    await chat.expect(message("Moin."))
"""

WARNING = (
    "warning: participants_consistent: wanted everybody to join before they speak, saw Rita M (agent) say "
    "'Bearer [redacted token]' at "
)


def test_warnings_are_shown(tmp_path: Path) -> None:
    """As steps that passed, with the events that show them; on the console by rule; whether all else held or not."""
    done = run(tmp_path, WARNED)
    assert done.failed == {"test_failed"}
    for name in ("test_one", "test_failed"):
        last = done.results[name]["steps"][-1]
        assert last["name"].startswith(WARNING)
        assert last["status"] == "passed"
        assert any("message from Rita M (agent): 'Bearer [redacted token]'" in step["name"] for step in last["steps"])
        assert all(step["start"] <= step["stop"] for step in [last, *last["steps"]])
    conversations = done.results["test_two"]["steps"]
    assert [step["steps"][-1]["name"].startswith(WARNING) for step in conversations] == [True, True]
    assert not any("warning" in step["name"] for step in done.results["test_off"]["steps"])
    [told] = re.findall(r"^warnings .*\n.*", done.terminal, re.MULTILINE)
    where, example = told.splitlines()
    assert where == ("warnings       participants_consistent in 4 conversations, first in test_scenario.py::test_one:")
    assert example.strip().startswith(WARNING.removeprefix("warning: participants_consistent: "))
    everything = done.terminal + "".join(file.read_text() for file in (tmp_path / "allure").iterdir())
    assert "0123456789abcdef0123" not in everything
