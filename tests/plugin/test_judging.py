"""From a run to its recordings and back: the same verdicts, without anybody to talk to."""

import difflib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.scenarios.recording import read, recordings_in
from tests.plugin.gateway import STREAM, TOKEN, Fault, Gateway, refusal
from tests.plugin.night import SLOW, asks, night, scenario, write
from tests.plugin.test_flakiness import FLAKY

ROOT = Path(__file__).parents[2]
BOTS = ROOT / "harness" / "sandbox" / "bots"

WRONG = {
    "shipped": "sunk",
    "delayed": "lost",
    "can't find": "won't find",
    "Our shops": "Their shops",
    "adviser": "robot",
    "didn't understand": "don't care",
    "Why do you": "Must you",
    "connect you": "leave you",
    "Please choose": "Do choose",
    "arrives on": "comes on",
    "was booked": "was lost",
    "wurde heute": "wird nie",
    "being checked": "being eaten",
    "noch geprüft": "noch gegessen",
    "is blocked": "is lovely",
    "Transactions, page": "Secrets, page",
    "€500.00": "€5.00",
    "added {file}": "lost {file}",
    "You're welcome": "So what",
}
"""What a bot says that has gone wrong."""


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Call the command `harness` and wait."""
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=180, check=False)


def results(folder: Path) -> dict[str, Any]:
    """What Allure was told of each scenario, but for times and ids."""
    told = {}
    for file in folder.glob("*-result.json"):
        result = json.loads(file.read_text())
        steps = [
            (
                step["name"],
                step["status"],
                step.get("statusDetails", {}).get("message", ""),
                [taken["name"] for taken in step.get("steps", [])],
            )
            for step in result.get("steps", [])
        ]
        told[result["historyId"]] = (
            result["fullName"],
            result["status"],
            result.get("statusDetails", {}).get("message"),
            steps,
            [(one["name"], (folder / one["source"]).read_text()) for one in result.get("attachments", [])],
        )
    return told


def differences(one: object, other: object, *where: object) -> list[str]:
    """In what two such tellings differ, in short: pytest would compare their pages character by character."""
    if one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        return [told for key in {**one, **other} for told in differences(one.get(key), other.get(key), *where, key)]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [told for place, pair in pairs for told in differences(*pair, *where, place)]
    was, told = (re.sub(r"([>,])", r"\1\n", str(text)).splitlines() for text in (one, other))
    found = [line[:200] for line in difflib.unified_diff(was, told, n=0, lineterm="") if line[:1] in "+-"]
    return [f"{where}: {found[:8]}"]


def with_wrong_words(text: str) -> str:
    """A bot file with other answers."""
    for right, wrong in WRONG.items():
        text = text.replace(right, wrong)
    return text


def with_nothing_to_say(text: str) -> str:
    """A bot file that greets, and then acknowledges and is silent."""
    return re.split(r"^turns:", text, flags=re.MULTILINE)[0] + (
        "turns:\n  - otherwise: true\n    do:\n      - acknowledge: delivered\n"
    )


@pytest.mark.parametrize("bot", [None, with_wrong_words, with_nothing_to_say])
def test_every_scenario_is_judged_from_its_recording_as_it_was_live(tmp_path: Path, bot: Any) -> None:
    """Step by step: title, status, message, events taken; what is attached as well; whether the bot does well."""
    shutil.copytree(ROOT / "suites", tmp_path / "suites")
    options: list[str] = []
    if bot is not None:
        (tmp_path / "bots").mkdir()
        for file in BOTS.glob("*.bot.yaml"):
            if "\nreplay:" not in (text := file.read_text()):
                (tmp_path / "bots" / file.name).write_text(bot(text))
        for file in (tmp_path / "suites").rglob("*.yaml"):
            file.write_text(re.sub(r"within: \S+", "within: 500ms", file.read_text()))
        options = ["--bots=bots", "--within=0.5"]
    ran = call("run", "--no-html", "--", *options, cwd=tmp_path)
    assert ran.returncode == (0 if bot is None else 1), ran.stdout
    live = results(tmp_path / "reports/out/allure-results")
    judged = call("judge", "--", "--alluredir=again", "--bots=nowhere", cwd=tmp_path)
    assert judged.returncode == ran.returncode, judged.stdout
    assert differences(live, results(tmp_path / "again")) == []
    recordings = recordings_in(tmp_path / "reports/out/recordings")
    assert len(live) == len({read(recording).header.scenario for recording in recordings})
    failed = {one[0].partition("#")[0] for one in live.values() if one[1] == "failed"}
    quarantined = "suites/bank/german_loan.scenario.yaml"
    assert (
        failed == {quarantined}
        if bot is None
        else len(failed) > len({one[0].partition("#")[0] for one in live.values()}) / 2
    )
    summary = [re.search(r"conversations  .*\nmoves .*\nevents .*", done.stdout) for done in (ran, judged)]
    assert summary[0]
    assert summary[1]
    assert summary[0][0] == summary[1][0]


SCENARIO = """\
import pytest

from harness import Customer, contains, message


@pytest.mark.parametrize("order", ["ORD-1001", "ORD [2002]"])
async def test_an_order(customer: Customer, order: str) -> None:
    chat = await customer.open("Harbour_Menu")
    other = await customer.open("Harbour_Assistant")
    await other.say(order)
    await chat.expect(message("Welcome to Harbour."), within=5)


class TestGreetings:
    async def test_a_greeting(self, customer: Customer) -> None:
        chat = await customer.open("Harbour_Menu")
        await chat.expect(message("Welcome to Harbour."), within=5)


def test_nobody_talks() -> None:
    pass
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of scenarios, in a folder of its own, and recordings of them."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "shop").mkdir()
    (folder / "shop" / "test_shop.py").write_text(SCENARIO)
    done = call("run", "shop", "--no-html", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "recordings     reports/out/recordings" in done.stdout
    return folder


@pytest.fixture
def shop(recorded: Path, tmp_path: Path) -> Path:
    """A copy of it to do with as one likes."""
    shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
    return tmp_path


def named(folder: Path, words: str) -> list[str]:
    """The recordings with these words in their names."""
    return [str(path.relative_to(folder)) for path in recordings_in(folder) if words in path.name]


def test_each_recording_goes_to_its_scenario(shop: Path) -> None:
    """By function and parameters, brackets or not; both conversations of one test to the same."""
    assert len(recordings_in(shop)) == 5
    done = call("judge", "--with", "shop", "--", "-v", "-n0", cwd=shop)
    assert done.returncode == 0, done.stdout
    shown = re.findall(r"test_shop.py::(\S+?\[.*?)-?[0-9a-f]{8}-1\] PASSED", done.stdout)
    assert sorted(shown) == ["TestGreetings::test_a_greeting[", "test_an_order[ORD [2002]", "test_an_order[ORD-1001"]
    assert "conversations  5: 5 passed" in done.stdout
    assert "4 deselected" not in done.stdout


def test_workers_share_recordings(shop: Path) -> None:
    """As they share scenarios."""
    done = call("judge", "--with", "shop", "--", "-n2", cwd=shop)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_one_recording_is_judged_by_one_scenario(shop: Path) -> None:
    """Though the others are there."""
    [one] = named(shop, "a-greeting")
    done = call("judge", one, "--with", "shop", cwd=shop)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "conversations  1: 1 passed" in done.stdout


def test_a_scenario_may_have_moved(shop: Path) -> None:
    """Its function and parameters count; of several, the file that is nearest."""
    (shop / "elsewhere").mkdir()
    (shop / "shop").rename(shop / "elsewhere" / "shop")
    shutil.copy(shop / "elsewhere" / "shop" / "test_shop.py", shop / "elsewhere" / "test_copy.py")
    done = call("judge", "--with", "elsewhere", cwd=shop)
    assert done.returncode == 0, done.stdout
    assert "test_copy" not in done.stdout
    assert "3 passed" in done.stdout
    moved = call("judge", "--with", "elsewhere/test_copy.py", cwd=shop)
    assert "3 passed" in moved.stdout


def test_a_recording_is_judged_by_today_s_expectations(shop: Path) -> None:
    """And the failure says which recording it is."""
    file = shop / "shop" / "test_shop.py"
    file.write_text(
        SCENARIO.replace('message("Welcome to Harbour."), within=5)\n\n\ndef', 'message("Moin."))\n\n\ndef')
    )
    done = call("judge", "--with", "shop", cwd=shop)
    assert done.returncode == 1
    assert "wanted text 'Moin.', saw 'Welcome to Harbour.'" in done.stdout
    assert f"judged -----\n{named(shop, 'a-greeting')[0]}\n" in re.sub("-{5,}", "-----", done.stdout)
    assert "1 failed, 2 passed" in done.stdout


def test_a_scenario_that_has_changed_is_broken(shop: Path) -> None:
    """With both moves in the sentence."""
    file = shop / "shop" / "test_shop.py"
    file.write_text(SCENARIO.replace("other.say(order)", "other.say('Hello')"))
    done = call("judge", "--with", "shop", cwd=shop)
    assert done.returncode == 1
    assert (
        "LocalProtocolError: the recorded user said 'ORD-1001', but the scenario's user said 'Hello': the scenario has "
        "changed since; run it again" in done.stdout
    )


def test_recordings_of_two_nights_are_judged_each(shop: Path) -> None:
    """Under names of their own."""
    assert call("run", "shop", "--no-html", "--out", "tuesday", cwd=shop).returncode == 0
    done = call("judge", "reports/out/recordings", "tuesday/recordings", "--with", "shop", "--", "-v", cwd=shop)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout
    assert len(set(re.findall(r"a_greeting\[(\S+)\] PASSED", done.stdout))) == 2


def test_one_conversation_of_two_is_not_enough(shop: Path) -> None:
    """The sentence says which is missing."""
    first = next(name for name in named(shop, "ORD-1001") if "-1." in name)
    done = call("judge", first, "--with", "shop", cwd=shop)
    assert done.returncode == 1
    assert f"opens a conversation 2, and no recording of it was given (of this run: {first})" in done.stdout


def test_a_truncated_recording_is_judged_as_far_as_it_goes(shop: Path) -> None:
    """With a warning."""
    [one] = named(shop, "a-greeting")
    (shop / one).write_bytes((shop / one).read_bytes()[:-20])
    done = call("judge", one, "--with", "shop", cwd=shop)
    assert done.returncode == 0, done.stdout
    lines = len((shop / one).read_bytes().splitlines())
    assert f"truncated: line {lines} of {one} is cut off; the {lines - 1} before it are whole" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["nowhere.jsonl"], "nowhere.jsonl can't be read (No such file or directory)", id="a missing file"),
        pytest.param(["shop/test_shop.py"], "line 1 of shop/test_shop.py is no header: this is not", id="another file"),
        pytest.param(["shop"], "there is no recording in shop; `harness run` leaves them", id="a folder without any"),
        pytest.param(
            ["{greeting}", "--with", "other.py"],
            "{greeting} is a recording of shop/test_shop.py::TestGreetings::test_a_greeting, which is not among the "
            "scenarios here; name its file with --with, or run the scenario again if it was renamed",
            id="no such scenario",
        ),
        pytest.param(
            ["{greeting}", "--with", "one.py", "--with", "two.py"],
            "which could be one.py::TestGreetings::test_a_greeting or two.py::TestGreetings::test_a_greeting; name one",
            id="several",
        ),
        pytest.param(["--with", "nowhere"], "file or directory not found: nowhere", id="no scenarios"),
    ],
)
def test_what_cannot_be_judged_is_a_sentence(shop: Path, arguments: list[str], says: str) -> None:
    """Exit code 4, no traceback."""
    [greeting] = named(shop, "a-greeting")
    (shop / "other.py").write_text("async def test_other(customer): pass\n")
    for name in ("one.py", "two.py"):
        shutil.copy(shop / "shop" / "test_shop.py", shop / name)
    words = [word.replace("{greeting}", greeting) for word in arguments]
    done = call("judge", *words, *([] if "--with" in words else ["--with", "shop"]), cwd=shop)
    assert done.returncode == 4, done.stdout + done.stderr
    assert says.replace("{greeting}", greeting) in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stdout + done.stderr


def test_a_folder_may_hold_more_than_is_judged(shop: Path) -> None:
    """What is left out is counted."""
    done = call("judge", "--with", "shop/test_shop.py::TestGreetings", cwd=shop)
    assert done.returncode == 0, done.stdout
    assert "not judged: 2 recordings of other scenarios" in done.stdout
    none = call("judge", "--with", "shop/test_shop.py::test_nobody_talks", cwd=shop)
    assert none.returncode == 5, none.stdout


def test_a_run_on_its_own_records_where_it_is_told(shop: Path) -> None:
    """Without the option nowhere; with it, one file a conversation, and never over another."""
    command = [sys.executable, "-m", "pytest", "shop", "-q", "-k", "greeting"]
    shutil.rmtree(shop / "reports")
    for options in ([], ["--recordings=here/and/there"], ["--recordings=here/and/there"]):
        done = subprocess.run([*command, *options], cwd=shop, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout
        assert len(recordings_in(shop)) == (0 if not options else len(recordings_in(shop / "here")))
    assert len({read(path).header.run for path in recordings_in(shop / "here")}) == 2


FILES = {
    "fragments/ask.yaml": """\
fragment: ask
parameters: {word: null, answer: At once.}
steps:
  - say: "${word}"
  - expect: {message: "${answer}"}
""",
    "rows.csv": "room,state\n12,free\n13,taken\n",
    "rows.scenario.yaml": scenario(
        "rows",
        *asks("room ${room}", "/^Room ${room} is/"),
        *asks("quick", "Never."),
        more="rows: rows.csv\npersona: {locale: de_DE}",
    ),
    "fragment.scenario.yaml": scenario("fragments", "run: {ask: {word: quick}}", "run: {ask: {word: slow}}"),
    "branch.scenario.yaml": scenario(
        "branches",
        "say: room 7",
        """expect:
  any:
    - message: {text: Never., as: answer}
    - message: {text: {contains: Room 7, capture: {code: '/(HB-\\d+)/'}}, as: answer}
      then:
        - say: {text: "quick, ${code}, ${made.word}", in_reply_to: answer}
        - expect: {message: At once.}""",
        """when: {code: HB-7}
then:
  - say: slow
  - expect: {message: At last.}""",
    ),
    "soft.scenario.yaml": scenario("soft ones", "say: quick", "expect: {message: Never., soft: true}", *SLOW),
    "wrong.scenario.yaml": scenario("lost", *asks("hang up", "At once.", within="1s")),
    "garbage.scenario.yaml": scenario("garbage", *asks("garbage", "Was that a message?")),
    "long.scenario.yaml": scenario("too long", "say: endless", "wait: 30s", more="timeout: 1s"),
    "strict.scenario.yaml": scenario("strict", "say: slow", "expect: delivered", "wait: settled", more="strict: true"),
    "private.scenario.yaml": scenario(
        "private",
        "say: My name is ${persona.name} (${persona.email})",
        "expect: {message: Pardon?}",
        more="persona: {first_name: Ada, email: ada@night.example}",
    ),
    "two.scenario.yaml": """\
scenario: two guests
deployment: Night
steps:
  - open:
    as: ben
  - open
  - say: room 1 for ${persona.name}
  - say: room 2
    as: ben
  - expect: {message: Good evening.}
    as: ben
  - expect: {sequence: [message, message: /^Room 1/]}
  - expect: {message: /^Room 2/}
    as: ben
  - close
  - expect: {message: Never.}
    as: ben
""",
}


@pytest.mark.parametrize("repeat", ["--repeat=1", "--repeat=2"])
async def test_scenario_files_are_judged_from_their_recordings_as_they_were_live(
    tmp_path: Path, gateway: Gateway, repeat: str
) -> None:
    """Rows, fragments, branches, several users, what is private, soft ones, what was broken or interrupted."""
    write(tmp_path, FILES)
    live = await night(tmp_path, "--recordings=recordings", repeat, gateway=gateway)
    assert live.code == 1
    was = results(tmp_path / "allure")
    assert {one[1] for one in was.values()} == {"passed", "failed", "broken"}
    (tmp_path / "allure").rename(tmp_path / "live")
    sent = len(gateway.seen)
    judged = await night(tmp_path, "--judge=recordings", gateway=gateway)
    assert judged.code == 1
    told = results(tmp_path / "allure")
    assert len(gateway.seen) == sent
    assert told.keys() == was.keys()
    for history, one in was.items():
        if "too long" in one[0]:  # the recording says that it was stopped, and not why
            assert told[history][:2] == one[:2]
            assert [step[:2] for step in told[history][3]] == [step[:2] for step in one[3]]
        else:
            assert differences(one, told[history]) == []
    assert sorted(judged.verdicts.values()) == sorted(live.verdicts.values())


async def test_only_the_last_attempt_is_judged(tmp_path: Path, gateway: Gateway) -> None:
    """The others are the ones that were tried again."""
    gateway.faults = [Fault(TOKEN, refusal(503)), Fault(STREAM, after=b"Good evening.")]
    write(tmp_path, FLAKY)
    live = await night(tmp_path, "--retries=2", "--recordings=recordings", gateway=gateway)
    assert (live.code, len(recordings_in(tmp_path / "recordings"))) == (0, 6)
    judged = await night(tmp_path, "--judge=recordings", gateway=gateway)
    assert judged.code == 0
    assert "4 passed" in judged.terminal
