"""The command `harness`, as a person calls it."""

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import jwt
import pytest

from harness.scenarios.recording import read, recordings_in

HARNESS = [sys.executable, "-m", "harness"]

SCENARIO = """\
from harness import Customer, message


async def test_a_greeting(customer: Customer) -> None:
    chat = await customer.open("Harbour_Menu")
    await chat.expect(message("Welcome to Harbour."), within=5)
"""


def harness(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Call it and wait."""
    return subprocess.run([*HARNESS, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--help"], ["harness run suites", "harness judge reports/out/recordings", "harness sandbox --port 8080"]),
        (["-h"], ["Test conversation bots"]),
        (["run", "--help"], ["PATHS are files and folders", "Exit codes are pytest's", "--strict / --no-strict"]),
        (
            ["judge", "--help"],
            ["RECORDINGs are files that `harness run` leaves", "--with FILE", "as the recorded run was told"],
        ),
        (["sandbox", "--help"], ["Ctrl-C ends it", "--bots", "--fault TEXT", "--limits", "--tls", "--rep"]),
        (["targets", "--help"], ["List the services that --target can name", "org_id: ${env.STAGING_ORG_ID}", "--in"]),
        (
            ["doctor", "--help"],
            ["harness doctor --target staging", "--no-greeting", "Exit codes: 0 every step went well"],
        ),
        (["--version"], ["harness, version 0.1.0"]),
    ],
)
def test_help_teaches(arguments: list[str], says: list[str]) -> None:
    """With examples."""
    done = harness(*arguments)
    assert done.returncode == 0
    for words in says:
        assert words in " ".join(done.stdout.split())


@pytest.mark.parametrize("command", ["targets", "lint"])
def test_a_reader_who_has_gone_is_no_mistake(command: str) -> None:
    """`harness targets --help | head -0` says nothing more."""
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        done = subprocess.run(
            [*HARNESS, command, "--help"], stdout=theirs, stderr=subprocess.PIPE, timeout=60, check=False
        )
    finally:
        os.close(theirs)
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rum"], "No such command 'rum'"),
        (["sandbox", "--port", "x"], "'x' is not a valid integer"),
        (["sandbox", "--bots", "nowhere.bot.yaml"], "nowhere.bot.yaml"),
        (["sandbox", "--fault", "drop fase=send"], "in the fault 'drop fase=send': drop takes no 'fase'; did you mean"),
    ],
)
def test_wrong_words_are_a_sentence(arguments: list[str], says: str) -> None:
    """Exit code 2, no traceback."""
    done = harness(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("end", ["interrupt", "termination", "end of input"])
def test_the_sandbox_serves_until_it_is_ended(end: str) -> None:
    """By Ctrl-C, by a signal, or by the end of its input; each is a good end."""
    command = [*HARNESS, "sandbox", *(["--until-stdin-closes"] if end == "end of input" else [])]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("listening on http://127.0.0.1:")
        url = first.removeprefix("listening on ").strip()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}/nowhere", timeout=10)  # noqa: S310 - our own server
        if end != "end of input":
            process.send_signal(signal.SIGINT if end == "interrupt" else signal.SIGTERM)
        assert process.stdin is not None
        process.stdin.close()
        assert process.stderr is not None
        rest, said = process.stdout.read(), process.stderr.read()
        process.wait(timeout=30)
    assert (process.returncode, said) == (0, "")
    assert ("Harbour_Assistant" in rest) == (end != "end of input")


def test_the_sandbox_speaks_https_and_has_faults() -> None:
    """It says where the certificate of its authority is, and that is gone afterwards."""
    command = [*HARNESS, "sandbox", "--tls", "--until-stdin-closes", "--fault", "server_error phase=token status=503"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening on ").strip()
        ca = Path(process.stdout.readline().removeprefix("certificates are signed by ").strip())
        context = ssl.create_default_context(cafile=ca)
        path = "/iamessage/api/v2/authorization/unauthenticated/access-token"
        asked = urllib.request.Request(url + path, data=b'{"esDeveloperName": "Harbour_Menu"}')  # noqa: S310 - our own
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(asked, timeout=10, context=context)  # noqa: S310 - our own server
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)
    assert url.startswith("https://127.0.0.1:")
    assert (process.returncode, ca.exists()) == (0, False)


def test_the_sandbox_has_limits_and_short_lived_tokens() -> None:
    """As it is told: the token says so itself, and the 201st in a minute is refused."""
    command = [*HARNESS, "sandbox", "--limits", "--token-lifetime", "5", "--until-stdin-closes"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening on ").strip()
        body = {"orgId": "00DHb0000004QkL", "esDeveloperName": "Harbour_Menu", "platform": "Web"}
        asked = urllib.request.Request(  # noqa: S310 - our own server
            f"{url}/iamessage/api/v2/authorization/unauthenticated/access-token",
            data=json.dumps({**body, "capabilitiesVersion": "63"}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - our own server
            claims = jwt.decode(json.load(answer)["accessToken"], options={"verify_signature": False})
        for _ in range(199):
            urllib.request.urlopen(asked, timeout=10).close()  # noqa: S310 - our own server
        with pytest.raises(urllib.error.HTTPError, match="429"):
            urllib.request.urlopen(asked, timeout=10)  # noqa: S310 - our own server
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)
    assert claims["exp"] - claims["iat"] in {5, 6}


def test_a_run_leaves_results_and_says_where(tmp_path: Path) -> None:
    """Without the HTML where that is not wanted; the sentence says what is missing where it can't be built."""
    (tmp_path / "test_greeting.py").write_text(SCENARIO)
    done = harness("run", "test_greeting.py", "--no-html", "--", "-q", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conversations  1: 1 passed" in done.stdout
    assert "results        reports/out/allure-results, reports/out/junit.xml" in done.stdout
    assert "recordings     reports/out/recordings" in done.stdout
    assert len(list((tmp_path / "reports/out/allure-results").glob("*-result.json"))) == 1
    [first] = recordings_in(tmp_path / "reports/out")
    assert not (tmp_path / "reports/out/html").exists()
    conversation = read(first).header.conversation
    again = harness("run", "test_greeting.py", "--", "-q", cwd=tmp_path)
    assert again.returncode == 0
    assert "report         no HTML: the HTML report was not built:" in again.stdout
    [second] = recordings_in(tmp_path / "reports/out")
    assert read(second).header.conversation != conversation
    assert len(list((tmp_path / "reports/out/allure-results").glob("*-result.json"))) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nowhere"], 4, "file or directory not found: nowhere"),
        (["test_greeting.py", "--", "-k", "nothing_like_it"], 5, "1 deselected"),
        (["test_greeting.py", "--target", "http://127.0.0.1:9", "--no-html"], 4, "--org-id is missing"),
        (["test_greeting.py", "--target", "staging"], 4, "--target 'staging' is neither the name of a target nor an"),
    ],
)
def test_a_run_that_cannot_be_is_a_sentence(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    """With pytest's exit code."""
    (tmp_path / "test_greeting.py").write_text(SCENARIO)
    done = harness("run", *arguments, cwd=tmp_path)
    assert done.returncode == code
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


WAITING = """\
import os

from harness import Customer, delivered, message


async def test_a_question(customer: Customer) -> None:
    chat = await customer.open("Harbour_Menu")
    await chat.expect(message("Welcome to Harbour."), message(), within=5)
    await chat.say("Hello?")
    await chat.expect(delivered(), within=5)
    with open("ready", "w") as ready:
        print(os.getpid(), file=ready)
    await chat.expect(message("Please choose one of the options."), message(), message("Never."), within=3600)
"""


def test_a_run_that_is_killed_leaves_readable_recordings(tmp_path: Path) -> None:
    """With all that had come; they are judged as far as they go."""
    (tmp_path / "test_waiting.py").write_text(WAITING)
    os.mkfifo(tmp_path / "ready")
    command = [*HARNESS, "run", "test_waiting.py", "--no-html"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        with (tmp_path / "ready").open() as ready:
            os.kill(int(ready.readline()), signal.SIGKILL)
        process.communicate(timeout=30)
    [path] = recordings_in(tmp_path / "reports/out/recordings")
    recording = read(path)
    assert recording.truncated is not None
    assert [step.title for step in recording.steps] == [
        "open a conversation with Harbour_Menu",
        "expect [message with text 'Welcome to Harbour.', then message]",
        "say 'Hello?'",
        "expect delivered",
    ]
    kinds = [event.kind for event in recording.timeline]
    assert kinds.index("said") < kinds.index("delivered")
    done = harness("judge", "--with", "test_waiting.py", cwd=without_fifo(tmp_path))
    assert done.returncode == 1, done.stdout
    assert (
        "Inconclusive: step 5, test_a_question (test_waiting.py:13): can't be told: the recording ends" in done.stdout
    )
    assert f"truncated: {path.relative_to(tmp_path)} has no end after line" in done.stdout


def without_fifo(folder: Path) -> Path:
    """The folder with a file where nobody reads any more."""
    (folder / "ready").unlink()
    (folder / "ready").touch()
    return folder
