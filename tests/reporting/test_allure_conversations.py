"""What a run leaves for Allure of conversations that were held at once, in files and in a browser."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from playwright.sync_api import sync_playwright

from harness.reporting.allure_html import build
from tests import browser

CONFIG = Path(__file__).parents[2] / "reports" / "allure"
BOT = Path(__file__).parents[1] / "plugin" / "bots" / "night.bot.yaml"
SCHEMA = json.loads(Path(__file__).with_name("allure_result.schema.json").read_text())

TWO = """\
import asyncio
from pathlib import Path

from harness import Customer, message


async def test_two_at_once(customer: Customer) -> None:
    Path("private").write_text("\\n".join([customer.persona.email, customer.persona.phone, customer.persona.name]))

    async def guest(word: str, answer: str) -> None:
        chat = await customer.open("Night", prechat={"Email": customer.persona.email, "Phone": customer.persona.phone})
        await chat.expect(message("Good evening."))
        await chat.say(f"{word}, I am {customer.persona.name}")
        await chat.expect(message(answer), within=10)

    await asyncio.gather(guest("slow", "At last."), guest("quick", "At once."))
"""
CHATTER = """\
scenario: The porter talks
about: It is streamed.
deployment: Night
severity: minor
steps:
  - open
  - expect: {message: Good evening.}
  - say: chatter
  - expect: {within: 10s, reply: {text: {contains: andon}}}
  - say: quick
  - expect: {within: 2s, message: Never.}
"""
ROWS = """\
scenario: "Equal rows [x]::y"
deployment: Night
quarantine: {owner: porters, because: "BOT-1: says never", until: 2099-12-31}
links: [{issue: BOT-1}]
rows: [{word: quick}, {word: quick}]
steps:
  - open
  - expect: {message: Good evening.}
  - say: "${word}"
  - expect: {within: 2s, message: Never.}
"""
SUITES = {
    "suite.yaml": "suite: The lobby\nowner: porters\ntags: [night]\n",
    "desk/suite.yaml": "suite: The desk\n",
    "desk/rows.scenario.yaml": ROWS,
    "chatter.scenario.yaml": CHATTER,
    "test_two.py": TWO,
}


@dataclass(frozen=True)
class Left:
    """What a run left: its folder, its results by name."""

    folder: Path
    results: dict[str, Any]

    def attached(self, to: dict[str, Any]) -> list[tuple[str, str, str]]:
        """What is attached to a result or step: name, type, text."""
        folder = self.folder / "allure"
        return [(one["name"], one["type"], (folder / one["source"]).read_text()) for one in to.get("attachments", [])]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """A run of all of them."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "desk").mkdir()
    for name, text in SUITES.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--bots={BOT}", "--alluredir=allure"]
    command.append("--allure-evidence=all")
    asked = [*command, "--override-ini=asyncio_default_fixture_loop_scope=function"]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert "1 failed, 1 passed, 2 xfailed" in done.stdout, done.stdout
    results = [json.loads(file.read_text()) for file in (folder / "allure").glob("*-result.json")]
    return Left(folder, {one["name"]: one for one in results})


def test_steps_of_conversations_at_once_stay_apart(left: Left) -> None:
    """Each under its own conversation, in its order, with its own true times."""
    first, second = left.results["test_two_at_once"]["steps"]
    for whole, word, answer in [(first, "slow", "At last."), (second, "quick", "At once.")]:
        assert [step["name"] for step in whole["steps"]] == [
            "open a conversation with Night",
            "expect message with text 'Good evening.'",
            f"say '{word}, I am [persona.name]'",
            f"expect message with text '{answer}'",
        ]
        times = [at for step in whole["steps"] for at in (step["start"], step["stop"])]
        assert times == sorted(times)
        assert times[-1] <= whole["stop"]
    assert second["start"] < first["stop"]  # they were held at once
    assert second["stop"] < first["stop"] - 300  # and the quick one was over before the slow one


def test_the_events_that_a_step_took_are_under_it(left: Left) -> None:
    """With the time at which they came, which is that of the timeline."""
    result = left.results["test_two_at_once"]
    [timeline] = [text for name, _, text in left.attached(result) if name == "timeline of conversation 1"]
    events = [json.loads(line) for line in timeline.splitlines()]
    whole = result["steps"][0]
    [greeting] = whole["steps"][1]["steps"]
    [place] = [place for place, event in enumerate(events) if event.get("text") == "Good evening."]
    at = events[place]["at"]
    assert greeting["name"] == f"#{place} {at:.3f} s  message from Night Porter (chatbot): 'Good evening.'"
    assert greeting["start"] == greeting["stop"] == pytest.approx(whole["start"] + at * 1000, abs=1)


def test_tokens_share_a_step(left: Left) -> None:
    """From the first to the last; a reply of a thousand would be a thousand steps."""
    taken = left.results["The porter talks"]["steps"][3]["steps"]
    [tokens] = [step for step in taken if "tokens until" in step["name"]]
    assert "'Onandonandonandonandonandon.'" in tokens["name"]
    assert tokens["stop"] - tokens["start"] > 6 * 100
    assert tokens in taken
    assert len(taken) == 2


def requests(left: Left, step: dict[str, Any]) -> dict[str, Any]:
    """The requests of a step by their names."""
    found = [one for one in left.attached(step) if one[1] == "application/vnd.allure.http+json"]
    return {name: json.loads(text) for name, _, text in found}


def test_requests_are_cards_under_the_step_that_made_them(left: Left) -> None:
    """Method, path, status, both bodies, and the time they took."""
    steps = left.results["test_two_at_once"]["steps"][0]["steps"]
    opened, _, said, _ = (requests(left, step) for step in steps)
    assert list(opened) == ["generateAccessTokenForUnauthenticatedUser 200", "createConversation 201"]
    assert list(said) == ["sendMessage 202"]
    [card] = said.values()
    assert card["schemaVersion"] == 1
    assert card["request"]["method"] == "POST"
    assert card["request"]["url"].startswith("/iamessage/api/v2/conversation/")
    assert card["response"]["status"] == 202
    assert steps[2]["start"] - 1 <= card["start"] <= card["stop"] <= steps[2]["stop"] + 1
    body = json.loads(card["request"]["body"]["value"])
    assert body["message"]["staticContent"]["text"] == "slow, I am [persona.name]"
    assert json.loads(card["response"]["body"]["value"])["conversationEntries"]


def test_secrets_are_stars_in_the_cards(left: Left) -> None:
    """What lets the user in, in headers and bodies, in a form that Allure shows as stars."""
    opened = requests(left, left.results["test_two_at_once"]["steps"][0]["steps"][0])
    token = opened["generateAccessTokenForUnauthenticatedUser 200"]
    assert json.loads(token["response"]["body"]["value"])["accessToken"] in {"__ALLURE_REDACTED__", "[redacted]"}
    headers = {one["name"]: one["value"] for one in opened["createConversation 201"]["request"]["headers"]}
    assert headers["Authorization"] == "__ALLURE_REDACTED__"


def test_nothing_private_is_in_any_file(left: Left) -> None:
    """No token and nothing of the persona, whatever a file is called."""
    private = (left.folder / "private").read_text().splitlines()
    for file in (left.folder / "allure").iterdir():
        text = file.read_text()
        assert not [one for one in [*private, "eyJ"] if one in text], file.name


def test_evidence_is_the_tests_own(left: Left) -> None:
    """In its attachments, not in the tear-down of a fixture."""
    names = {name for name, _, _ in left.attached(left.results["test_two_at_once"])}
    assert names >= {
        "transcript of conversation 1",
        "timeline of conversation 1",
        "transcript of conversation 2",
        "timeline of conversation 2",
    }
    for file in (left.folder / "allure").glob("*-container.json"):
        container = json.loads(file.read_text())
        assert not [
            one for one in [*container.get("befores", []), *container.get("afters", [])] if "attachments" in one
        ]


def test_failures_are_short(left: Left) -> None:
    """What was wanted and seen in the message; what happened line by line in the trace; nothing of ours or pytest's."""
    details = left.results["The porter talks"]["statusDetails"]
    lines = details["message"].splitlines()
    assert lines[0].startswith("step 6, chatter.scenario.yaml:11: unexpected message ")
    assert len(lines) <= 7
    assert "what happened (" in details["trace"]
    for text in details.values():
        assert ".py" not in text
        assert "harness.errors" not in text


def test_labels_come_from_the_scenarios_file_and_its_suites(left: Left) -> None:
    """What the file says, what the folders above it say, and nothing that a bracket or colon made up."""
    labels = {(one["name"], one["value"]) for one in left.results["Equal rows (x):y[quick]"]["labels"]}
    assert labels >= {
        ("epic", "The lobby"),
        ("feature", "The desk"),
        ("story", "Equal rows [x]::y"),
        ("owner", "porters"),
        ("tag", "night"),
        ("severity", "normal"),
        ("parentSuite", "desk"),
        ("quarantine", "until 2099-12-31 by porters: BOT-1: says never"),
    }
    assert "subSuite" not in {name for name, _ in labels}
    assert ("severity", "minor") in {(one["name"], one["value"]) for one in left.results["The porter talks"]["labels"]}


def test_results_are_valid_for_allure_2(left: Left) -> None:
    """Every field is one that it knows, and of the type that it reads."""
    for result in left.results.values():
        jsonschema.validate(result, SCHEMA)


@pytest.fixture(scope="module")
def report(left: Left) -> dict[str, dict[str, Any]]:
    """The tests of the built report, by name."""
    built = build(left.folder / "allure", left.folder / "html", config=CONFIG)
    assert (built.problem, built.remarks) == (None, ())
    files = [json.loads(file.read_text()) for file in (left.folder / "html/data/test-results").glob("*.json")]
    return {one["name"]: one for one in files}


def test_every_result_is_a_test_of_the_report(left: Left, report: dict[str, dict[str, Any]]) -> None:
    """Equal rows are two, not one that was tried again; what is in quarantine failed, and is muted."""
    assert report.keys() == left.results.keys()
    assert not [one for one in report.values() if one["isRetry"] or one.get("retries")]
    for name in ("Equal rows (x):y[quick]", "Equal rows (x):y[quick #2]"):
        told = report[name]["status"], report[name]["resolution"], report[name]["resolutionComment"]
        assert told == ("failed", "muted", "until 2099-12-31 by porters: BOT-1: says never")


@pytest.fixture(scope="module")
def seen(left: Left, report: dict[str, dict[str, Any]]) -> tuple[set[str], list[str], dict[str, str]]:
    """The report in a browser: addresses it asked for, what it complained of, the text of every test's page."""
    executable = browser.find()
    asked: set[str] = set()
    errors: list[str] = []
    texts: dict[str, str] = {}
    with browser.served(left.folder / "html") as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(browser.FLAGS))
        for name, test in report.items():
            page = chromium.new_page()
            page.on("request", lambda request: asked.add(request.url))
            page.on("response", lambda one: errors.append(f"{one.status} {one.url}") if one.status >= 400 else None)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            page.goto(f"{address}/index.html#{test['id']}")
            page.get_by_text("with Night").first.wait_for()
            texts[name] = page.inner_text("body")
            page.close()
        chromium.close()
    return asked, errors, texts


def test_the_report_asks_nobody_else_and_complains_of_nothing(seen: tuple[set[str], list[str], dict[str, str]]) -> None:
    """In a real browser, on the page of every test."""
    asked, errors, texts = seen
    assert len(texts) == 4
    assert asked
    assert not [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]
    assert errors == []


def test_the_report_shows_why_a_test_failed(seen: tuple[set[str], list[str], dict[str, str]]) -> None:
    """The words of the failure, and its category."""
    _, _, texts = seen
    assert "wanted text 'Never.', saw 'At once.'" in texts["The porter talks"]
    assert "The bot did something else" in texts["The porter talks"]
