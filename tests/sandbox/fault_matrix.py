"""What every fault does to a run in every phase in which it can come: one scenario, the real client, the real judge.

`python -m tests.sandbox.fault_matrix` writes docs/faults.md anew. Here: playing and telling. Not here: what must be so
whatever the table says (test_fault_matrix.py).
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.client.network import Network
from harness.client.target import Target
from harness.errors import ExpectationFailed
from harness.events import Message
from harness.sandbox.faults import FINALS, KINDS, LINES, REQUESTS, STOPS, TOLD, parse_one
from harness.sandbox.server import Sandbox
from harness.scenarios.customer import live_customer
from harness.scenarios.loading import Library
from harness.scenarios.performing import lead_of
from harness.scenarios.performing import play as play_script
from harness.settings import sandbox_target

DOCS = Path(__file__).parents[2] / "docs/faults.md"
BOT = """
bot: Matrix Bot
deployment: Matrix
greeting: [{typing: started}, {message: Hello.}, {typing: stopped}]
turns:
- when: order
  do:
  - acknowledge: delivered
  - acknowledge: read
  - typing: started
  - progress: Looking it up.
  - stream: {pieces: [It, " has", " shipped."], gap: 5ms}
  - typing: stopped
- when: quickly
  do: [{acknowledge: delivered}, {acknowledge: read}, {message: I hurry.}]
- when: person
  do:
  - acknowledge: delivered
  - acknowledge: read
  - handover:
      to: Rita M
      queue: [1]
      gap: 5ms
      then: [{typing: started}, {message: Rita here.}, {typing: stopped}]
"""
SCENARIO = """
scenario: Every phase
deployment: Matrix
rules: {clock_forward: {severity: off, because: "in another order, events may be of the same millisecond or not"}}
steps:
- open: {acknowledge: read}
- expect: {sequence: [joined, message: Hello.]}
- wait: settled
- say: my order
- expect: {sequence: [delivered, read]}
- expect: {sequence: [progress, reply: {text: It has shipped., streamed: true}]}
- wait: settled
- say: a person, please
- expect: {sequence: [delivered, read]}
- expect: {sequence: [queue, joined, message: Rita here.]}
- wait: settled
- close
- expect: closed
"""
STREAMING = """
scenario: The end user says something while an answer is streamed
deployment: Matrix
steps:
- open: {acknowledge: read}
- expect: {sequence: [joined, message: Hello.]}
- say: my order
- expect: {within: 5s, sequence: [delivered, read]}
- expect: {within: 5s, sequence: [progress, token]}
- say: quickly
- expect: {within: 5s, sequence: [message: It has shipped., message: I hurry.]}
- close
- expect: closed
"""
TRANSFER = """
scenario: The end user says something while nobody is there
deployment: Matrix
steps:
- open: {acknowledge: read}
- expect: {sequence: [joined, message: Hello.]}
- say: a person, please
- expect: {within: 5s, sequence: [echo, delivered, read]}
- expect: {within: 5s, sequence: [queue]}
- say: quickly
- expect: {within: 5s, echo: quickly}
- expect: {within: 5s, sequence: [joined, message: Rita here.]}
- close
- expect: closed
"""
PLAIN = SCENARIO, ["Hello.", "It has shipped.", "Rita here."]
"""The scenario, and what the other side says in it, each of it once, if nothing is lost and nothing comes twice."""
MEANWHILE = {
    "streaming": (STREAMING, ["Hello.", "It has shipped.", "I hurry."]),
    "transfer": (TRANSFER, ["Hello.", "Rita here."]),
}
"""For what comes on requests in phases in which the end user otherwise listens."""
WITHIN = 2.0
SILENCE = 0.5
"""Seconds after which the client takes a stream for dead; pings come five times as often."""
PATIENCE = 10.0
"""Seconds after which a run counts as hung; the longest takes four."""
TEXTS = {
    "slow": "slow for=50ms",
    "stall": "stall for=50ms",
    "delay": "delay for=50ms",
    "jitter": "jitter for=50ms times=all seed=1",
    "burst": "burst events=3 for=50ms",
    "reorder": "reorder for=50ms",
    "null": "null times=all",
    "absent": "absent times=all",
    "plain_payload": "plain_payload times=all",
}
"""What is said of a kind beside its phase; the others come once."""
RESUMING = {"overlap", "no_replay"}
"""What only befalls those who resume, so that a drop comes before it."""
GROUPS = {
    "of a request": REQUESTS,
    "of a connection": LINES,
    "of what is told": TOLD,
    "of what the bot says": {**FINALS, **STOPS},
}


@dataclass(frozen=True)
class Cell:
    """What a fault did in a phase.

    Attributes:
        verdict: `held`, or `failed` or `broken` and why.
        is_whole: Whether the timeline has what the other side said, all of it and each once.
        left_open: How many conversations nobody had closed in the end.
    """

    verdict: str
    is_whole: bool
    left_open: int
    came: int
    """How often the fault has come."""

    def __str__(self) -> str:
        return self.verdict + (", left open" if self.left_open else "")


def faults(kind: str, phase: str) -> list[str]:
    """The faults that show what a kind does in a phase."""
    before = ["drop phase=streaming after=1"] if kind in RESUMING else []
    on = " on=sendMessage" if kind in REQUESTS and phase in MEANWHILE else ""
    return [*before, f"{TEXTS.get(kind, kind)} phase={phase}{on}"]


async def play(kind: str, phase: str) -> Cell:
    """Play the scenario with a fault."""
    is_asked_meanwhile = kind in REQUESTS and phase in MEANWHILE
    scenario, says = MEANWHILE[phase] if is_asked_meanwhile else PLAIN
    with TemporaryDirectory() as name:
        folder = Path(name)
        bot = BOT.replace("gap: 5ms", "gap: 500ms") if is_asked_meanwhile else BOT
        (folder / "matrix.bot.yaml").write_text(bot, encoding="utf-8")
        (folder / "one.scenario.yaml").write_text(scenario, encoding="utf-8")
        [script] = Library(folder).scripts(folder / "one.scenario.yaml")
        texts = faults(kind, phase)
        async with Sandbox([folder], faults=texts, ping_interval=SILENCE / 5) as sandbox:
            target = quick(sandbox_target(sandbox.url, within=WITHIN))
            async with Network(target) as network:
                customer = live_customer(lead_of(script, "matrix"), target, network)
                try:
                    async with asyncio.timeout(PATIENCE):
                        performed = (await play_script(script, customer, scenario="one")).performed
                    told = verdict(performed.error)
                except TimeoutError:
                    told = "hung"
            said = [
                event.text
                for conversation in customer.conversations
                for event in conversation.timeline
                if isinstance(event, Message) and event.text  # those of an unknown kind have none
            ]
            came = sandbox.faults_met.get(str(parse_one(texts[-1])), 0)
            return Cell(told, said == says, sandbox.open_conversations, came)


def quick(target: Target) -> Target:
    """A target that is given up sooner than people would."""
    timeouts = target.timeouts.model_copy(update={"silence": SILENCE, "request": WITHIN, "first_event": SILENCE})
    reconnect = target.reconnect.model_copy(update={"first_delay": 0.01, "longest_delay": 0.1})
    return target.model_copy(update={"timeouts": timeouts, "reconnect": reconnect})


def verdict(error: Exception | None) -> str:
    """What a run came to, without what differs from run to run."""
    if error is None:
        return "held"
    first, *rest = str(error).splitlines()
    if "broken rules" in first:
        rules = dict.fromkeys(line.partition(" (error)")[0] for line in rest if " (error): " in line)
        return f"failed: {', '.join(rules)}"
    told = re.sub(r"^step \d+, \S+: ", "", first)
    told = re.sub(r" \('.*'(?: … \(.*?\))?\)", "", told)
    told = re.sub(r"https?://[^\s;]+", "the service", told).replace("; charset=utf-8", "")
    told = re.sub(r" *(\d+(\.\d+)? s\b|after the user's move|\(.*?\)|id '\d+')", "", told)
    told = told.partition(";")[0].partition(": it came")[0].strip()
    told = re.sub(r": ['{].*", "", told)
    if isinstance(error, ExpectationFailed):
        return f"failed: {told}"
    return f"broken: {type(error).__name__}, {told}"


async def matrix(kinds: Iterable[str] = KINDS, most: int = 8) -> dict[str, dict[str, Cell]]:
    """Play some kinds in every phase in which they can come, so many at once; by kind and phase."""
    room = asyncio.Semaphore(most)

    async def one(kind: str, phase: str) -> Cell:
        async with room:
            return await play(kind, phase)

    async def all_of(kind: str) -> dict[str, Cell]:
        phases = KINDS[kind].phases
        return dict(zip(phases, await asyncio.gather(*(one(kind, phase) for phase in phases)), strict=True))

    kinds = list(kinds)
    return dict(zip(kinds, await asyncio.gather(*map(all_of, kinds)), strict=True))


INTRODUCTION = """\
# What faults do to a run

One scenario through every phase, with one [fault](sandbox.md) at a time, by the real client and the real judge. The
run holds, fails (the bot, or by a [rule](rules.md) the channel), or is broken, which is no verdict on the bot. Where it
holds, nothing was lost and nothing came twice. This page is written by `python -m tests.sandbox.fault_matrix`.
"""


def page(found: Mapping[str, Mapping[str, Cell]]) -> str:
    """The page on faults."""
    lines = [INTRODUCTION]
    for title, kinds in GROUPS.items():
        lines += [f"## Faults {title}\n", "| fault | phases | the run |", "|---|---|---|"]
        for kind in kinds:
            by_run: dict[str, list[str]] = {}
            for phase, cell in found[kind].items():
                by_run.setdefault(str(cell), []).append(f"`{phase}`")
            for number, (told, phases) in enumerate(by_run.items()):
                lines.append(f"| {'' if number else f'`{TEXTS.get(kind, kind)}`'} | {', '.join(phases)} | {told} |")
        lines.append("")
    return "\n".join(lines)


def told(written: str) -> dict[str, dict[str, str]]:
    """What a page says of each kind and phase."""
    found: dict[str, dict[str, str]] = {}
    for word, phases, run in re.findall(r"^\| (?:`(\w+).*?`)? ?\| (`.*?`) \| (.*) \|$", written, re.MULTILINE):
        kind = word or next(reversed(found))
        found.setdefault(kind, {}).update(dict.fromkeys(re.findall(r"\w+", phases), run))
    return found


if __name__ == "__main__":
    DOCS.write_text(page(asyncio.run(matrix())), encoding="utf-8")
