"""`harness sandbox --rep`: a person plays the service rep in the terminal that runs the sandbox.

Here: what can be typed, and what is shown. Not here: what a rep sees (sandbox/desk.py) and does (sandbox/reps.py).

End users and bots are hostile input: what they say is shown as text (events/text.py).
"""

import asyncio
import codecs
import json
import os
import sys
import threading
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from itertools import count
from typing import Any

import click

from harness.documents import nearest
from harness.events.text import printable
from harness.protocols.sse import Frame, SSEDecoder
from harness.sandbox import transcripts
from harness.sandbox.conversations import Conversation
from harness.sandbox.desk import Desk
from harness.sandbox.refusals import Refused
from harness.sandbox.server import Sandbox
from harness.sandbox.streams import Stream, Subject

HELP = """\
  /list      who waits for a rep, and where you are
  /join 2    join conversation 2, or go on with it; without a number the first that waits
  /leave     hand the conversation back to its bot
  /end       end the session
  /help      this
Whatever else you type is said to the end user; to say a line that begins with /, type //. Ctrl-C or Ctrl-D ends all."""
COMMANDS = ("/list", "/join", "/leave", "/end", "/help")

MOST_SHOWN = 2_000
"""Characters of a message that are shown."""
MOST_BYTES = 1 << 28
"""Size of the largest event; there is no wire between it and us."""


async def play_rep(sandbox: Sandbox) -> None:
    """Play the rep of a sandbox until standard input ends; in a task of its own, as the desk is there by its turn."""
    async with asyncio.TaskGroup() as tasks:
        rep = _Rep(sandbox.desk, tasks)
        watching = tasks.create_task(rep.watch_list())
        async for line in _typed():
            await rep.obey(line.strip())
        rep.go()
        watching.cancel()


class _Rep:
    def __init__(self, desk: Desk, tasks: asyncio.TaskGroup) -> None:
        self._desk, self._tasks = desk, tasks
        self._told: dict[str, Mapping[str, Any]] = {}
        self._numbers: dict[str, int] = {}
        self._next = count(1)
        self._rooms: dict[str, asyncio.Task[None]] = {}
        self._said = defaultdict[str, deque[str]](deque)
        self._here = ""

    # What is to be seen

    async def watch_list(self) -> None:
        """Announce who waits, until cancelled."""
        async for frame in _frames(*self._desk.watch_list()):
            told = json.loads(frame.data)
            for summary in reversed(told) if frame.event == "conversations" else (told,):
                self._take(summary)

    def _take(self, summary: Mapping[str, Any]) -> None:
        id_, state = summary["id"], summary["state"]
        before = self._told.get(id_, {}).get("state")
        self._told[id_] = summary
        if state == "waiting" and before != "waiting":
            if id_ not in self._numbers:
                self._numbers[id_] = next(self._next)
            _show(self._line(id_))
        elif state != "joined" and id_ in self._rooms and before == "joined":
            self._leave_room(id_)
            _show(f"{self._numbers[id_]} is over for you: {_OVER.get(state, 'somebody else answers')}")
        if state == "closed":
            del self._told[id_]
            self._numbers.pop(id_, None)

    def _line(self, id_: str) -> str:
        summary = self._told[id_]
        where = "is with you" if id_ in self._rooms else "waits" if summary["state"] == "waiting" else "is joined"
        here = ", here" if id_ == self._here else ""
        return f"{self._numbers[id_]} {where}{here}: {summary['deployment']}, {summary['answers']}: {summary['said']}"

    async def _watch(self, id_: str, conversation: Conversation) -> None:
        async for frame in _frames(*self._desk.watch(conversation)):
            entry = json.loads(frame.data)["conversationEntry"]
            if entry["entryType"] != "Message":
                continue
            said = transcripts.said({"entryPayload": json.loads(entry["entryPayload"])})
            mine = self._said[id_]
            if entry["sender"]["role"] == "Agent" and mine and mine[0] == said:
                mine.popleft()
                continue
            more = f" … ({len(said):,} characters)" if len(said) > MOST_SHOWN else ""
            _show(f"{self._numbers[id_]} {entry['senderDisplayName']}: {said[:MOST_SHOWN]}{more}")

    def _leave_room(self, id_: str) -> None:
        if room := self._rooms.pop(id_, None):
            room.cancel()
        self._said.pop(id_, None)
        if self._here == id_:
            self._here = ""

    def go(self) -> None:
        """Look at nothing any more."""
        for id_ in list(self._rooms):
            self._leave_room(id_)

    # What is typed

    async def obey(self, line: str) -> None:
        """Do what a line asks for, or say it."""
        try:
            await self._obey(line)
        except Refused as refusal:
            _show(refusal.message)

    async def _obey(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        match word:
            case "":
                pass
            case "/help":
                click.echo(HELP)
            case "/list":
                self._list()
            case "/join":
                await self._join(rest.strip())
            case "/leave" if conversation := self._conversation():
                self._desk.rep(conversation).leave()
            case "/end" if conversation := self._conversation():
                self._desk.rep(conversation).end()
            case "/leave" | "/end":
                pass
            case _ if word.startswith("/") and not word.startswith("//"):
                _show(f"there is no {word}{nearest(word, COMMANDS)}; /help lists what there is")
            case _ if conversation := self._conversation():
                text = line.removeprefix("/") if line.startswith("//") else line
                self._said[self._here].append(" ".join(text.split()))
                try:
                    self._desk.rep(conversation).say(text)
                except Refused:
                    self._said[self._here].pop()
                    raise

    def _conversation(self) -> Conversation | None:
        if not self._here:
            _show("you are in no conversation; /join joins one that waits, /list lists them")
            return None
        return self._desk.conversation(self._here)

    def _list(self) -> None:
        known = [id_ for id_ in self._numbers if self._told[id_]["state"] in {"waiting", "joined"}]
        for id_ in known:
            _show(self._line(id_))
        if not known:
            _show("nobody waits for a rep")

    async def _join(self, number: str) -> None:
        waiting = [id_ for id_ in self._numbers if self._told[id_]["state"] == "waiting"]
        by_number = {str(one): id_ for id_, one in self._numbers.items()}
        id_ = by_number.get(number) if number else next(iter(waiting), None)
        if id_ is None:
            _show(f"there is no conversation {number}; /list lists them" if number else "nobody waits for a rep")
            return
        conversation = self._desk.conversation(id_)
        name = await self._desk.join(conversation)
        self._here = id_
        _show(f"{self._numbers[id_]} is with you, {name}; what you type is said there")
        if id_ not in self._rooms:
            self._rooms[id_] = self._tasks.create_task(self._watch(id_, conversation))


_OVER = {
    "bot": "the bot answers",
    "ended": "the session has ended",
    "closed": "the end user has closed it",
}


def _show(line: str) -> None:
    click.echo(printable(line))


async def _frames(stream: Stream, subject: Subject) -> AsyncIterator[Frame]:
    decoder = SSEDecoder(max_line=MOST_BYTES, max_event=MOST_BYTES)
    try:
        async for chunk in stream:
            for frame in decoder.feed(chunk):
                if isinstance(frame, Frame) and frame.event != "ping":
                    yield frame
    finally:
        subject.drop(stream)


async def _typed() -> AsyncIterator[str]:
    """Give the lines of standard input as they are typed."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    def read() -> None:
        # The file descriptor and not sys.stdin: its lock would still be held when the interpreter ends.
        decoder, rest = codecs.getincrementaldecoder("utf-8")(errors="replace"), ""
        with suppress(RuntimeError):  # the loop has ended by itself
            with suppress(OSError):  # the terminal is gone
                while chunk := os.read(sys.stdin.fileno(), 4096):
                    *whole, rest = (rest + decoder.decode(chunk)).split("\n")
                    for line in whole:
                        loop.call_soon_threadsafe(lines.put_nowait, line)
            for last in (*([rest] if rest else []), None):
                loop.call_soon_threadsafe(lines.put_nowait, last)

    threading.Thread(target=read, daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line
