"""Conversations made up for pages: one with every fault that a page has to show, one as long as asked for."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from harness.events import CLASSES, Event, Opened, Token
from harness.events.messages import Option
from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation
from harness.expectations.building import sequence
from harness.expectations.engine import Queues, judge
from harness.expectations.engine import Status as Judged
from harness.expectations.explanation import explain
from harness.expectations.matchers import contains
from harness.expectations.patterns import Pattern
from harness.expectations.rules import check
from harness.scenarios.outcome import Outcome, Status, Step
from harness.timeline.timeline import Recorder, Timeline
from tests.expectations.building import event

SCENARIO = "suites/refunds/lamp.scenario.yaml::Refund for a broken lamp"
OPENED_AT = 1_700_000_000.0
LAMP = (
    "Thanks Maria. I can see order 7741 for two lamps, placed on 3 November and delivered on the 9th. One lamp was "
    "reported broken, so a refund of 42 EUR is possible. Shall I start it now?"
)
DONE = (
    "Done. The refund of 42 EUR was started and your bank will show it within three working days. I also sent a "
    "confirmation to your email address."
)
CHOICES = "Thanks!", "Talk to a person"
RASH = "Yes, of course, all of it, at once!"


def frame(entry_type: str, entry: str, at: float, **payload: Any) -> str:
    """The data of a frame, in the form and of the length of the service's."""
    channel = "c46d2bac-f877-5406-b3e7-a0f36e3d35f4"
    stamp = round((OPENED_AT + at) * 1000)
    told = {"entryType": entry_type, "id": entry, **payload}
    return json.dumps(
        {
            "channelPlatformKey": channel,
            "channelType": "embedded_messaging",
            "channelAddressIdentifier": channel,
            "conversationId": "9c2bb0a7-b980-4979-a267-aab2d914ac2a",
            "conversationEntry": {
                "senderDisplayName": "Harbour Assistant",
                "identifier": entry,
                "entryType": entry_type,
                "entryPayload": json.dumps(told, separators=(",", ":")),
                "sender": {"role": "Chatbot", "appType": "chatbot", "subject": "0XxHb29dc66ece5AAQ"},
                "contextParamMap": {},
                "visibilityStrategy": "Default",
                "transcriptedTimestamp": stamp,
                "relatedRecords": [],
                "clientTimestamp": stamp,
                "clientDuration": 0,
            },
        },
        separators=(",", ":"),
    )


def known(name: str) -> str:
    """An id as the service makes them, the same every time."""
    return str(uuid5(NAMESPACE_URL, name))


@dataclass
class Making:
    """A conversation in the making; `at` is the time."""

    recorder: Recorder = field(default_factory=Recorder)
    at: float = 0.0

    def put(self, kind: str, after: float = 0.0, **fields: Any) -> int:
        """Have something happen."""
        self.at = round(self.at + after, 6)
        return self.recorder.record(event(kind, self.at, **fields))

    def bot(self, kind: str, after: float = 0.0, *, wire: str = "", **fields: Any) -> int:
        """Have the bot do something."""
        entry = fields.pop("entry", "") or known(f"{kind} {len(self.recorder.timeline)}")
        payload = {name: value for name, value in fields.items() if isinstance(value, str | int)}
        raw = frame(wire or kind.title(), entry, self.at + after, **{"x-y-z": payload})
        who = {"role": "chatbot", "name": "Harbour Assistant", "stream_id": str(4_300_000 + round(self.at * 1000))}
        return self.put(kind, after, **{"entry": entry, "raw": raw, **who, **fields})

    def open(self) -> None:
        """Begin."""
        self.put("answered", operation="generateAccessTokenForUnauthenticatedUser", status=200, took=0.03)
        self.put("connected", 0.04)
        self.put("opened", 0.01, conversation="9c2bb0a7", deployment="Harbour_Assistant")
        self.put("answered", 0.07, operation="createConversation", status=201, took=0.07)
        self.bot("routed", 0.02, routing="initial")
        self.bot("joined", 0.0, subject="0Xx")
        self.bot("typing_started", 0.01)
        self.bot("message", 0.2, text="Hello, I'm the Harbour Assistant.", type="StaticContentMessage")
        self.bot("typing_stopped", 0.0)

    def say(self, message: str, text: str, *, after: float = 0.5) -> float:
        """Have the user say something, which is delivered and read; gives the time of it."""
        self.put("said", after, message=message, text=text)
        began = self.at
        self.put("answered", 0.02, operation="sendMessage", status=202, took=0.02)
        self.bot("echo", 0.001, entry=message, text=text, role="end_user", name="Maria")
        self.bot("delivered", 0.012, of=message)
        self.bot("read", 0.02, of=message)
        return began

    def stream(self, target: str, pieces: Iterable[tuple[float, int, str]], **fields: Any) -> list[int]:
        """Have an answer streamed: of each piece the wait before it, its number, its text."""
        told = {"target": target, "turn": known(target), "wire": "StreamingToken", **fields}
        return [self.bot("token", wait, number=number, text=text, **told) for wait, number, text in pieces]

    def end(self, why: str = "the scenario ended") -> Timeline:
        """All of it."""
        self.recorder.complete_to(self.at)
        self.recorder.end(why)
        return self.recorder.timeline


ANSWERS = known("a 1"), known("a 2")


def words(text: str) -> list[str]:
    """The text in pieces, as a bot streams it."""
    return [f"{word} " for word in text.split()][:-1] + text.split()[-1:]


def waits() -> Iterator[float]:
    """Waits that are never quite the same, and the same every time."""
    state = 7
    while True:
        state = (state * 48_271) % 2_147_483_647
        yield 0.016 + state % 23 / 1000


def judged(seen: Timeline, number: int, pattern: Pattern, *, within: float, since: float) -> Step:
    """A step that expects something after a move, with the real judge's verdict in its own words."""
    expectation = Expectation(pattern, within)
    begin = next(place for place, one in enumerate(seen) if one.at >= since)
    verdict = judge(expectation, seen, anchor=since, queues=Queues(dict.fromkeys(CLASSES, begin)))
    where = f"step {number}, suites/refunds/lamp.scenario.yaml:{number + 4}"
    held = verdict.status is Judged.HELD
    told = "" if held else explain(where, expectation, verdict, seen, anchor=since)
    at = verdict.at if verdict.at is not None else since + within
    taken = tuple(one.place for one in verdict.taken)
    return Step(f"expect {pattern}", since, at, Status.PASSED if held else Status.FAILED, told, taken)


def outcome(seen: Timeline, *steps: Step, **fields: Any) -> Outcome:
    """What a conversation came to."""
    told: dict[str, Any] = {"name": "conversation 1", "scenario": SCENARIO, "locale": "en_US", **fields}
    return Outcome(
        conversation="9c2bb0a7-b980-4979-a267-aab2d914ac2a",
        target="sandbox",
        deployment="Harbour_Assistant",
        opened_at=OPENED_AT,
        timeline=seen,
        steps=steps,
        violations=check(seen),
        **told,
    )


def faulty() -> Outcome:
    """A stall, a repeated and two swapped tokens, a withdrawn beginning, a lost stream; two steps that fail."""
    made, gap = Making(), waits()
    made.open()
    first = made.say(known("m 1"), "Hi, one of my lamps arrived broken. Can I get a refund?")
    made.bot("typing_started", 0.03)
    made.bot("progress", 0.05, text="Looking up the order")
    made.bot("progress", 0.12, text="Checking the warranty")
    pieces = [(next(gap), number, text) for number, text in enumerate(words(LAMP))]
    pieces[0] = 0.21, *pieces[0][1:]
    pieces[16] = 0.612, *pieces[16][1:]
    pieces.insert(27, (0.003, 26, pieces[26][2]))
    made.stream(ANSWERS[0], pieces)
    made.bot("message", 0.03, entry=ANSWERS[0], text=LAMP)
    made.bot("typing_stopped", 0.0)
    second = made.say(known("m 2"), "Yes please", after=0.9)
    made.bot("typing_started", 0.04)
    made.stream(ANSWERS[1], [(next(gap) + 0.2 * (not n), n, text) for n, text in enumerate(words(RASH))])
    made.bot("retracted", 0.09, target=ANSWERS[1], turn=known(ANSWERS[1]), number=8, reason="UNGROUNDED_RESPONSE")
    pieces = [(next(gap), 9 + number, text) for number, text in enumerate(words(DONE))]
    pieces[9], pieces[10] = (pieces[9][0], *pieces[10][1:]), (pieces[10][0], *pieces[9][1:])
    pieces[14] = 0.24, *pieces[14][1:]
    made.stream(ANSWERS[1], pieces[:20], batch=1)
    made.put("dropped", 0.05, reason="the connection was reset")
    made.put("resumed", 0.31)
    made.stream(ANSWERS[1], pieces[20:], batch=1)
    made.bot("message", 0.02, entry=ANSWERS[1], text=DONE, options=[Option(label=one, value=one) for one in CHOICES])
    made.bot("typing_stopped", 0.0)
    made.bot("message", 0.3, text="Is there anything else I can do for you today?")
    made.put("closing", 0.6)
    made.put("answered", 0.01, operation="closeConversation", status=204, took=0.01)
    made.bot("left", 0.0, subject="0Xx")
    made.bot("closed", 0.0)
    seen = made.end()
    opened = next(one.at for one in seen if isinstance(one, Opened))
    smooth = v.reply(contains("refund"), first_token=0.5, gap=0.4)
    return outcome(
        seen,
        Step("open a conversation with Harbour_Assistant", 0.0, 0.12, Status.PASSED),
        judged(seen, 2, v.message(contains("Hello")), within=3.0, since=opened),
        Step("say 'Hi, one of my lamps arrived broken. Can I get a refund?'", first, first + 0.02, Status.PASSED),
        judged(seen, 4, sequence(v.delivered(), v.read()), within=3.0, since=first),
        judged(seen, 5, sequence(v.progress(), v.progress(), smooth), within=5.0, since=first),
        Step("say 'Yes please'", second, second + 0.02, Status.PASSED),
        judged(seen, 7, v.reply(contains("three working days")), within=5.0, since=second),
        judged(seen, 8, v.message(contains("Goodbye")), within=1.0, since=second),
        unclaimed=(len(seen) - 5,),
    )


def long(events: int) -> Outcome:
    """Answers of fifty tokens, until there are so many events."""
    made, gap = Making(), waits()
    made.open()
    while len(made.recorder.timeline) < events:
        turn = len(made.recorder.timeline)
        made.say(known(f"m {turn}"), f"Tell me more, and mention {turn}.")
        text = " ".join([LAMP, DONE][turn % 2].split()[:25]) + f" {turn}"
        texts = words(f"{text} {text}")
        made.stream(known(f"{turn}"), [(next(gap), number, one) for number, one in enumerate(texts)])
        made.bot("message", 0.02, entry=known(f"{turn}"), text="".join(texts))
    seen = made.end()
    cut = Timeline(list(seen)[:events], horizon=seen.horizon, ended=seen.ended)
    return outcome(cut, Step("open a conversation with Harbour_Assistant", 0.0, 0.12, Status.PASSED))


def tokens(seen: Timeline) -> list[tuple[int, Event]]:
    """The tokens, with their places."""
    return [(place, one) for place, one in enumerate(seen) if isinstance(one, Token)]
