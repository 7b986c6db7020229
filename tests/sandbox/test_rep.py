"""A rep whom somebody plays: what the desk shows of the conversations, by its paths and in the terminal."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from harness.documents import DocumentError
from harness.sandbox import desk
from harness.sandbox.bots import load_bot
from harness.sandbox.server import Sandbox

from .conftest import Visit
from .end_user import DEADLINE, Ear, EndUser

SCENARIO = """\
scenario: A supervisor who is waited for comes
deployment: Harbour_Desk
steps:
  - open
  - expect: {within: 5s, message: {contains: Welcome}}
  - say: The supervisor, please
  - expect: {within: 5s, eventually: {queue: {position: 1}}}
  - say: Here I am.
    as: rep
  - expect:
      within: 5s
      all: [eventually: {joined: {name: Kim L}}, eventually: {message: {text: {contains: Here I am}, role: agent}}]
  - end:
    as: rep
  - expect: {within: 5s, eventually: {session: {status: ended, ended_by: agent}}}
"""


@asynccontextmanager
async def stream(end_user: EndUser, path: str) -> AsyncIterator[Ear]:
    """Open a stream of the desk's."""
    async with end_user.http.stream("GET", f"/sandbox/{path}") as response:
        assert response.status_code == 200
        assert response.headers.get("Access-Control-Allow-Origin") is None
        ear = Ear(response)
        try:
            yield ear
        finally:
            await ear.leave()


async def test_the_list_tells_what_becomes_of_a_conversation(visit: Visit) -> None:
    """All of it at once to who comes, then each change, from the first routing to the close."""
    end_user = await visit("Harbour_Desk")
    rep = f"/sandbox/conversation/{end_user.conversation}/rep"

    async with stream(end_user, "conversations/events") as ear:

        async def until(state: str) -> tuple[str, str]:
            told = (await ear.until(lambda heard: heard.data["state"] == state))[-1].data
            return told["answers"], told["said"]

        assert [(await ear.next()).event, (await ear.next()).data] == ["ping", []]
        await end_user.create()
        assert await until("bot") == ("Harbour Desk", "")
        for _ in range(2):  # who has left is waited for again
            before = len(await end_user.entries())
            await end_user.say("The supervisor, please")
            assert await until("waiting") == ("Kim L", "I'll ask for our supervisor.")
            assert "Kim L" not in str((await end_user.entries())[before:])
            joined = await end_user.http.post(rep)
            assert (joined.status_code, joined.json()) == (200, {"name": "Kim L"})
            assert await until("joined") == ("Kim L", "I'll ask for our supervisor.")
            assert (await end_user.http.post(f"{rep}/leave")).status_code == 204
            assert (await until("bot"))[0] == "Harbour Desk"
        await end_user.delete("/session")
        assert (await until("ended"))[0] == ""
        await end_user.delete()
        await until("closed")
    [listed] = (await end_user.http.get("/sandbox/conversations")).json()
    assert (listed["id"], listed["deployment"], listed["state"]) == (end_user.conversation, "Harbour_Desk", "closed")


async def test_the_list_has_the_newest(visit: Visit) -> None:
    """All that are open before some of those that are closed."""
    end_user = await visit("Harbour_Desk")
    await end_user.create()
    first = end_user.conversation
    for _ in range(desk.MOST_CLOSED + 1):
        end_user = await visit("Harbour_Desk")
        await end_user.create()
        await end_user.delete()
    listed = (await end_user.http.get("/sandbox/conversations")).json()
    assert [one["id"] for one in listed[:2]] == [first, end_user.conversation]
    assert len(listed) == 1 + desk.MOST_CLOSED


async def test_who_comes_late_is_told_what_was_said(visit: Visit) -> None:
    """The entries that are kept, each as its event, and then what happens."""
    end_user = await visit("Harbour_Desk")
    async with end_user.listen() as user_ear:
        await end_user.create()
        told = await user_ear.until_text("Welcome")
        async with stream(end_user, f"conversation/{end_user.conversation}/events") as ear:
            again = await ear.until_text("Welcome")
            await end_user.say("hello")
            assert (await ear.until_text("hello"))[-1].role == "EndUser"
            assert (await ear.until_event("CONVERSATION_TYPING_STARTED_INDICATOR"))[-1].role == "Chatbot"
    kept = [heard.data for heard in told if "TYPING" not in heard.event]
    assert [heard.data for heard in again] == [
        {"conversationId": one["conversationId"], "conversationEntry": one["conversationEntry"]} for one in kept
    ]


async def test_the_deployments_are_those_one_can_chat_with(sandbox: Sandbox, visit: Visit) -> None:
    """Not one that gives no token."""
    end_user = await visit("Harbour_Desk")
    before = (await end_user.http.get("/sandbox/deployments")).json()
    menu = sandbox.bots["Harbour_Menu"]
    sandbox.bots["Web"] = menu.model_copy(update={"deployment": "Web", "type": "web"})
    assert (await end_user.http.get("/sandbox/deployments")).json() == before
    assert {"name": "Harbour_Menu", "bot": "Harbour Menu", "about": menu.about} in before


def test_a_scenario_plays_a_rep_who_is_waited_for(tmp_path: Path) -> None:
    """By joining, as its first words as the rep do."""
    (tmp_path / "one.scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_nobody_waits_for_a_rep_whom_nobody_plays(tmp_path: Path) -> None:
    """Who writes such a bot is told."""
    path = tmp_path / "test.bot.yaml"
    path.write_text("bot: Test\ndeployment: Test\ngreeting:\n  - handover: {to: Kim, waits: true}\n", encoding="utf-8")
    with pytest.raises(DocumentError) as refused:
        load_bot(path)
    assert str(refused.value) == f"{path}:4:15: only a rep who is played can be waited for: played: true"


class Terminal:
    """The command, as who sits before it sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.shown: list[str] = []

    async def until(self, fragment: str) -> str:
        """Read lines up to one that holds some words, and give that one."""
        assert self.process.stdout is not None
        while True:
            async with asyncio.timeout(3 * DEADLINE):
                line = (await self.process.stdout.readline()).decode()
            assert line, f"never said {fragment!r}: {self.shown}"
            self.shown.append(line.rstrip("\n"))
            if fragment in line:
                return line

    async def type(self, line: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()


@asynccontextmanager
async def terminal() -> AsyncIterator[Terminal]:
    """Run `harness sandbox --rep`."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "harness", "sandbox", "--rep", stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        yield Terminal(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("end", ["end of input", "interrupt"])
async def test_a_person_plays_the_rep_in_the_terminal(end: str) -> None:
    """Who waits is announced; what is typed is said; what is heard is shown as text."""
    async with terminal() as person:
        url = (await person.until("listening on")).removeprefix("listening on ").strip()
        await person.until("you are the rep")
        person.shown.clear()
        async with httpx.AsyncClient(base_url=url, timeout=DEADLINE) as http:
            end_user = EndUser(http, "Harbour_Desk", "63")
            await end_user.sign_in()
            async with end_user.listen() as ear:
                await person.type("Anybody?")
                await person.until("you are in no conversation")
                await person.type("/join")
                await person.until("nobody waits")
                await end_user.create()
                await ear.until_text("Welcome")
                await end_user.say("\x1b[2JThe supervisor,\u202e please")
                await person.until("1 waits")
                await person.type("/join 1")
                await person.until("I'll ask")
                await person.type("Hello, this is Kim.")
                assert (await ear.until_text("this is Kim"))[-1].role == "Agent"
                await end_user.say("Thanks\a")
                await person.until("Thanks")
                await person.type("//leave is what I type")
                assert (await ear.until_text("I type"))[-1].text == "/leave is what I type"
                await person.type("/list")
                await person.type("/leav")
                await person.until("/help lists")
                await person.type("/join 7")
                await person.until("no conversation 7")
                await person.type("/leave")
                await ear.until_event("CONVERSATION_PARTICIPANT_CHANGED", 2)
                await person.until("is over")
                await person.type("/list")
                await person.until("nobody waits")
                if end == "end of input":
                    assert person.process.stdin is not None
                    person.process.stdin.close()
                else:
                    person.process.send_signal(signal.SIGINT)
                assert await ear.rest() == []
        assert person.process.stderr is not None
        said = await person.process.stderr.read()
        assert (await person.process.wait(), said) == (0, b"")
    assert person.shown == [
        "you are in no conversation; /join joins one that waits, /list lists them",
        "nobody waits for a rep",
        "1 waits: Harbour_Desk, Kim L: I'll ask for our supervisor.",
        "1 is with you, Kim L; what you type is said there",
        "1 Harbour Desk: Welcome to the Harbour help desk. What is it about?",
        r"1 Guest: \x1b[2JThe supervisor,\u202e please",
        "1 Harbour Desk: I'll ask for our supervisor.",
        r"1 Guest: Thanks\x07",
        "1 is with you, here: Harbour_Desk, Kim L: /leave is what I type",
        "there is no /leav; did you mean '/leave'?; /help lists what there is",
        "there is no conversation 7; /list lists them",
        "1 is over for you: the bot answers",
        "nobody waits for a rep",
    ]
