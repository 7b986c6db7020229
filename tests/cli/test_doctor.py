"""`harness doctor`, as a person calls it; what each step can say is in tests/scenarios/test_first_conversation.py."""

import asyncio
import re
import signal
import subprocess
from pathlib import Path

import pytest

from harness.sandbox.process import sandbox_process
from harness.settings import ORG_ID
from tests.cli.test_cli import HARNESS
from tests.cli.test_targets import harness
from tests.client.servers import PAGE, serving
from tests.plugin.gateway import a_gateway

LINE = re.compile(r"(?P<mark>[✓✗]) (?P<name>[a-zA-Z ]+?) +(?P<took>[\d,]+) ms(  (?P<told>\S.*))?")


def test_the_sandbox_is_well(tmp_path: Path) -> None:
    """A line a step: whether it went well, what it was, its time, what was found; exit code 0."""
    done = harness("doctor", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    first, where, *lines = done.stdout.splitlines()
    assert re.fullmatch(r"✓ sandbox +[\d,]+ ms  started for this", first)
    assert re.fullmatch(r"  sandbox at http://127\.0\.0\.1:\d+, deployment Harbour_Assistant", where)
    steps = [match for line in lines if (match := LINE.fullmatch(line))]
    assert len(steps) == len(lines)
    assert [(step["mark"], step["name"]) for step in steps] == [
        ("✓", name)
        for name in (
            *("name", "connection", "token", "clock", "event stream", "conversation"),
            *("first event", "first message", "send", "echo", "receipt", "close"),
        )
    ]


def test_what_a_file_says_counts(tmp_path: Path) -> None:
    """As for a run."""
    (tmp_path / "targets.yaml").write_text(
        "targets: {here: {url: '${env.HERE}', org_id: 00D000000000001, deployment: Harbour_Menu}}"
    )
    with sandbox_process() as url:
        done = harness("doctor", "--target", "here", "--say", "Hi", cwd=tmp_path, HERE=url)
    assert f"  here at {url}, deployment Harbour_Menu\n" in done.stdout
    assert "said 'Hi'" in done.stdout


async def test_a_step_that_fails_says_what_to_do(tmp_path: Path) -> None:
    """In the line below it; what needs it is left out; exit code 1."""
    async with serving(PAGE) as url:
        code, told, _ = await called("--target", url, "--org-id", ORG_ID, "--deployment", "My_Client", cwd=tmp_path)
    assert code == 1
    *_, token, problem = told.splitlines()
    assert re.fullmatch(r"✗ token +\d+ ms", token)
    assert problem.startswith("  generateAccessTokenForUnauthenticatedUser was answered with a page (")
    assert problem.endswith("a login page stands in the way, or the target's address is not a messaging service")


async def called(*arguments: str, cwd: Path) -> tuple[int | None, str, str]:
    """Call the doctor and wait, while this process serves."""
    process = await subprocess_of(*arguments, cwd=cwd)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def subprocess_of(*arguments: str, cwd: Path) -> asyncio.subprocess.Process:
    """Call the doctor."""
    return await asyncio.create_subprocess_exec(
        *HARNESS, "doctor", *arguments, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


async def test_an_interruption_leaves_nothing_open(tmp_path: Path) -> None:
    """The conversation is closed, though the bot had not greeted yet."""
    (tmp_path / "quiet.bot.yaml").write_text("bot: Quiet\ndeployment: Quiet\nturns: []\n")
    with sandbox_process([tmp_path / "quiet.bot.yaml"]) as service:
        async with a_gateway(service) as gateway:
            words = ("--target", gateway.url, "--org-id", ORG_ID, "--deployment", "Quiet", "--within", "600")
            process = await subprocess_of(*words, cwd=tmp_path)
            assert process.stdout is not None
            async for line in process.stdout:
                if line.decode().startswith("✓ first event"):
                    break
            process.send_signal(signal.SIGINT)
            out, err = await process.communicate()
            assert (process.returncode, err.decode().strip()) == (130, "interrupted")
            assert out.decode().startswith("✓ close")
            assert (gateway.begun, gateway.closed) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--target", "staging"], "harness: --target 'staging' is neither the name of a target nor an address such as"),
        (["--target", "http://127.0.0.1:9"], "harness: --org-id is missing; an address needs the organisation's id"),
        (["--bots", "nowhere.bot.yaml"], "nowhere.bot.yaml"),
        (["--within", "0"], "Invalid value for '--within'"),
        (["--in", "nowhere"], "Path 'nowhere' does not exist"),
    ],
)
def test_wrong_words_are_a_sentence(arguments: list[str], says: str, tmp_path: Path) -> None:
    """Exit code 2, no traceback, nothing sent."""
    done = harness("doctor", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
