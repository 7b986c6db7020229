"""Pages from the commands: beside the results of a run, made again from recordings, opened in a browser."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.client.target import Target
from harness.reporting.pages.index import listed_in
from harness.reporting.pages.page import pages
from harness.scenarios.customer import customer, recorded_customer
from harness.scenarios.outcome import Outcome
from harness.scenarios.recording import Recordings, read, recordings_in
from harness.scenarios.remembering import read_as_written, remembered
from harness.user.persona import persona
from tests.reporting.test_pages import check, text_of

HARNESS = [sys.executable, "-m", "harness"]

SCENARIOS = """\
from harness import Customer, contains, message, reply


async def test_an_answer(customer: Customer) -> None:
    chat = await customer.open("Harbour_Assistant")
    await chat.expect(message(contains("Hello")), within=5)
    await chat.say("Where is my order ORD-1001?")
    await chat.expect(reply(contains("has shipped")), within=5)


async def test_a_greeting(customer: Customer) -> None:
    chat = await customer.open("Harbour_Menu")
    await chat.expect(message("Good morning."), within=5)
"""


def harness(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Call it and wait."""
    return subprocess.run([*HARNESS, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two scenarios were run, of which one failed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "test_bot.py").write_text(SCENARIOS)
    done = harness("run", "test_bot.py", "--no-html", "--no-history", "--out", "out", cwd=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "conversations  out/conversations/index.html" in done.stdout
    slowest = next(line for line in done.stdout.splitlines() if line.startswith("slowest"))
    assert "out/conversations/test-bot-test-an-answer-" in slowest
    assert slowest.endswith(" ms for an answer")
    return folder


def statuses(folder: Path) -> dict[str, str]:
    """How the listed scenarios ended."""
    return {one.summary.title: one.summary.status for one in listed_in(folder)}


def test_a_run_leaves_a_page_of_every_conversation(ran: Path) -> None:
    """Named as its recording, and listed; the same page is attached to its result."""
    folder = ran / "out" / "conversations"
    assert statuses(folder) == {"test_an_answer": "passed", "test_a_greeting": "failed"}
    recorded = {path.name.removesuffix(".recording.jsonl") for path in recordings_in(ran / "out" / "recordings")}
    assert {path.stem for path in folder.glob("test-*.html")} == recorded
    attached = {}
    for result in (ran / "out" / "allure-results").glob("*-result.json"):
        told = json.loads(result.read_text(encoding="utf-8"))
        sources = [one["source"] for one in told["attachments"] if one["type"] == "text/html"]
        attached[told["name"]] = [result.with_name(source).read_text(encoding="utf-8") for source in sources]
    assert {name: len(found) for name, found in attached.items()} == {"test_an_answer": 1, "test_a_greeting": 1}
    (page,) = attached["test_a_greeting"]
    check(page)
    assert page.encode() in [path.read_bytes() for path in folder.glob("test-*.html")]
    assert "wanted text 'Good morning.', saw" in text_of(page)


def test_pages_are_made_again_from_recordings(ran: Path, tmp_path: Path) -> None:
    """As they were judged then; what is wrong with a recording is said in a sentence, and the others are made."""
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    for number, path in enumerate(recordings_in(ran / "out" / "recordings")):
        whole = path.read_bytes()
        (recordings / path.name).write_bytes(whole)
        (recordings / f"cut-{number}.recording.jsonl").write_bytes(whole[: len(whole) * 2 // 3])
    (recordings / "none.recording.jsonl").write_bytes(b"")
    old = tmp_path / "conversations"
    old.mkdir()
    (old / "mine.html").write_text("mine")
    done = harness("report", "--out", str(tmp_path), "--no-html", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert sum(line.startswith("truncated: line ") and line.endswith(" before it are whole") for line in lines) == 2
    assert any(line.startswith("left out: ") and "has no header" in line for line in lines)
    assert len(listed_in(old)) == 4
    found = {one.name: one.summary.status for one in listed_in(old)}
    assert sorted(found.values()) == ["broken", "broken", "failed", "passed"]
    assert (old / "mine.html").read_text() == "mine"
    said = text_of((old / "index.html").read_text(encoding="utf-8"))
    assert all(line in said for line in lines)
    cut = text_of((old / "cut-0.html").read_text(encoding="utf-8"))
    assert "broken: read the recording to its end" in cut
    assert "Made from a recording. Verdicts are those of the run that recorded it" in cut


def test_recordings_are_judged_again_by_what_is_expected_today(ran: Path, tmp_path: Path) -> None:
    """With scenarios: other verdicts on the pages, and results for Allure."""
    (tmp_path / "recordings").symlink_to(ran / "out" / "recordings", target_is_directory=True)
    (tmp_path / "test_bot.py").write_text(SCENARIOS.replace("Good morning.", "Welcome to Harbour."))
    done = harness("report", "--out", ".", "--with", "test_bot.py", "--no-html", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert statuses(tmp_path / "conversations") == {"test_an_answer": "passed", "test_a_greeting": "passed"}
    assert len(list((tmp_path / "allure-results").glob("*-result.json"))) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report"], "there is no recording in reports/out/recordings"),
        (["report", "nowhere"], "'nowhere' does not exist"),
        (["open"], "there is no report in 'reports/out'; `harness run` makes one"),
        (["open", "--port", "x"], "'x' is not a valid integer"),
    ],
)
def test_wrong_words_are_a_sentence(arguments: list[str], says: str, tmp_path: Path) -> None:
    """Exit code 2, no traceback."""
    (tmp_path / "reports" / "out" / "recordings").mkdir(parents=True)
    done = harness(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def opening(*arguments: str, cwd: Path, **environ: str) -> Iterator[tuple[list[str], subprocess.Popen[str]]]:
    """`harness open`, with what it says until it serves."""
    command = [*HARNESS, "open", *arguments]
    with subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environ}
    ) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            while lines[-1] and not lines[-1].startswith("latency"):
                lines.append(process.stdout.readline())
            yield lines, process
        finally:
            process.kill()


def fetched(address: str, path: str = "", host: str = "") -> tuple[int, str]:
    """What is got there: status and text."""
    where = urlsplit(address)
    connection = HTTPConnection(where.netloc, timeout=30)
    try:
        connection.request("GET", where.path + path, headers={"Host": host or where.netloc})
        answer = connection.getresponse()
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, answer.read().decode("utf-8")
    finally:
        connection.close()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_last_report_is_served(ran: Path, end: signal.Signals) -> None:
    """To whoever asks this machine by its own name; it ends without a word."""
    with opening("out", "--no-browser", cwd=ran) as (lines, process):
        assert lines[0] == "serving out; Ctrl-C ends it\n"
        address = lines[1].split()[1]
        status, text = fetched(address)
        assert status == 200
        assert "test_an_answer" in text
        assert "Latency, run" in fetched(lines[2].split()[1])[1]
        assert fetched(address, host="evil.example:80")[0] == 421
        assert fetched(address, "../../test_bot.py")[0] == 404
        process.send_signal(end)
        assert process.stdout is not None
        assert process.stdout.read() == ""
        assert process.wait(timeout=30) == 0


def test_the_report_is_opened_in_the_browser(ran: Path, tmp_path: Path) -> None:
    """In the one that the environment names."""
    script, told = tmp_path / "browser", tmp_path / "told"
    os.mkfifo(told)
    script.write_text(f'#!/bin/sh\necho "$1" > {told}\n')
    script.chmod(0o755)
    with opening("out", cwd=ran, BROWSER=f"{script} %s") as (lines, _):
        assert told.read_text().strip() == lines[1].split()[1]


def untimed(outcome: Outcome) -> str:
    """Its page without the times of moves as steps: judging again takes none."""
    (page,) = pages(outcome)
    return re.sub(r'<span class="measure">at [^<]*</span>', "", page)


async def test_a_page_is_the_same_live_and_from_the_recording(at_sandbox: Target, tmp_path: Path) -> None:
    """But for what was not recorded: what happened after the scenario was over. And it knows nobody's name."""
    somebody = persona("tests/test_a.py::test_it")
    recordings = Recordings(tmp_path, "tests/test_a.py::test_it")
    async with customer(somebody, at_sandbox, recordings=recordings) as one:
        chat = await one.open("Harbour_Assistant")
        await chat.say(f"I am {somebody.name}, {somebody.email}. Where is my order ORD-1001?")
        await chat.close()
        chat.conclude()
        live = chat.outcome
    (path,) = recordings_in(tmp_path)
    again = remembered(read_as_written(path))
    for outcome in (live, again):
        assert "say 'I am [persona.name], [persona.email]. Where" in text_of(pages(outcome)[0])
    for page in (*pages(live), *pages(again)):
        for private in (somebody.name, somebody.email, somebody.first_name, somebody.last_name):
            assert private not in page
    judged = recorded_customer([read(path)])
    rechat = await judged.open("Harbour_Assistant")
    await rechat.say(f"I am {somebody.name}, {somebody.email}. Where is my order ORD-1001?")
    await rechat.close()
    rechat.conclude()
    assert untimed(rechat.outcome) == untimed(live)
