"""Every kind of failure as a person reads it; the words are in failures.txt, one section each.

A new kind, or other words: look at the difference, and if it reads well, write the file anew with
`python -m tests.expectations.test_failures`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation
from harness.expectations.building import all_of, any_of, eventually, optional, quiet, repeat, sequence
from harness.expectations.engine import Queues, Status, judge
from harness.expectations.explanation import explain
from harness.expectations.matchers import contains
from harness.expectations.measures import length, less
from harness.expectations.patterns import Pattern
from harness.expectations.texts import near, one_of
from tests.expectations.building import bot, delivered, event, read, said, timeline

FILE = Path(__file__).parent / "failures.txt"


def told(
    pattern: Pattern, *events: Any, horizon: float = 20.0, ended: str | None = None, anchor: float = 0.1, **block: Any
) -> str:
    """Judge a block that opens when the user speaks, and explain what it came to."""
    seen = timeline(said("m", "Where is it?"), *events, horizon=horizon, ended=ended)
    expectation = Expectation(pattern, **{"within": 5.0, **block})
    verdict = judge(expectation, seen, anchor=anchor, queues=Queues())
    assert verdict.status in {Status.FAILED, Status.INCONCLUSIVE}
    return explain("step 2, test_order (suites/test_orders.py:12)", expectation, verdict, seen, anchor=anchor)


def piece(at: float, number: int, text: str = "x ", **fields: Any) -> Any:
    """A token of one answer."""
    return event("token", at, **{"number": number, "text": text, "target": "a", "turn": "t", **fields})


def answer(at: float, text: str, entry: str = "a", **fields: Any) -> Any:
    """The message that an answer ends with."""
    return event("message", at, text=text, entry=entry, role="chatbot", name="Bo", **fields)


HI, BYE = v.message("hi"), v.message("bye")
PIECES = [piece(0.5, 1, "It "), piece(0.6, 2, "has "), piece(0.7, 3, "shipped.")]
FAILURES: dict[str, Callable[[], str]] = {
    "another text": lambda: told(v.message(contains("shipped")), bot("It is lost.")),
    "another sender": lambda: told(v.message(role="agent", name="Rita"), bot("hi")),
    "the nearest of three misses first": lambda: told(
        any_of(v.message("yes", role="agent", name="Rita"), v.message("no", role="chatbot"), v.left()), bot("perhaps")
    ),
    "one message too many": lambda: told(sequence(HI, BYE), bot("hi"), bot("hi"), bot("bye")),
    "in the wrong order": lambda: told(sequence(HI, BYE), bot("bye"), bot("hi")),
    "one of two branches is missing": lambda: told(all_of(HI, v.left()), bot("hi")),
    "neither of two": lambda: told(HI | BYE, bot("so")),
    "an optional event twice": lambda: told(sequence(optional(v.progress()), HI), "progress", "progress", bot("hi")),
    "once too often": lambda: told(sequence(repeat(v.progress(), at_most=2), HI), *["progress"] * 3),
    "not often enough": lambda: told(repeat(v.progress(), at_least=3), "progress", "progress"),
    "never at all": lambda: told(eventually(BYE), bot("hi"), bot("so")),
    "nothing came": lambda: told(HI),
    "too late": lambda: told(HI, event("message", 7.0, text="hi")),
    "too early": lambda: told(HI, bot("hi"), not_before=1.0),
    "forbidden": lambda: told(HI, ("left", {"role": "chatbot", "name": "Bo"}), bot("hi"), never=(v.left(),)),
    "everything else is forbidden": lambda: told(HI, "typing_started", bot("hi"), others="forbid"),
    "before the move": lambda: told(BYE, bot("hi"), event("said", 3.0, message="n", text="Hello?"), anchor=3.0),
    "the event stream ended": lambda: told(
        HI, ("dropped", {"unfinished": 12}), horizon=0.3, ended="the event stream ended"
    ),
    "a receipt of another message": lambda: told(sequence(v.delivered(), v.read()), delivered("m")),
    "read before delivered": lambda: told(sequence(v.delivered(), v.read()), read("m")),
    "a silence that was broken": lambda: told(sequence(HI, quiet(2)), bot("hi"), "typing_started"),
    "too long after the one before": lambda: told(sequence(HI, BYE.after_previous(most=1.0)), bot("hi")),
    "too soon after the one before": lambda: told(sequence(HI, BYE.after_previous(least=1.0)), bot("hi"), bot("bye")),
    "a latency that was not kept": lambda: told(
        sequence(v.typing_started(), HI),
        "typing_started",
        latencies=(v.latency(since="typing_started", until="message", most=2.0),),
    ),
    "a latency that was over too soon": lambda: told(
        sequence(v.typing_started(), HI),
        "typing_started",
        bot("hi"),
        latencies=(v.latency(since="typing_started", until="message", least=2.0),),
    ),
    "no time left for what follows": lambda: told(
        sequence(HI, v.reply(first_token=2.0)), event("message", 3.0, text="hi", role="chatbot", name="Bo")
    ),
    "perhaps too late": lambda: told(HI, event("message", 5.2, earliest=5.0, text="hi")),
    "a text that is not near enough": lambda: told(
        v.message(near("your order has shipped")), bot("your parcel is lost")
    ),
    "none of the accepted wordings": lambda: told(v.message(one_of("Hi", "Hello")), bot("Moin")),
    "a text that is too long": lambda: told(v.message(length(less(10))), bot("a very long answer")),
    "an answer with another text": lambda: told(v.reply("It is lost."), *PIECES, answer(0.8, "It has shipped.")),
    "an answer that is not streamed": lambda: told(v.reply(streamed=True), answer(0.8, "It has shipped.")),
    "a first token too late": lambda: told(v.reply(first_token=0.3)),
    "a gap between tokens": lambda: told(v.reply(gap=0.5), piece(0.5, 1), piece(1.7, 2)),
    "tokens out of order": lambda: told(v.reply(in_order=True), piece(0.5, 1), piece(0.6, 3), piece(0.7, 2)),
    "a token is missing": lambda: told(v.reply(complete=True), piece(0.5, 1), piece(0.6, 3), answer(0.8, "x")),
    "a token comes twice": lambda: told(v.reply(complete=True), piece(0.5, 1), piece(0.6, 1)),
    "pieces that are not the text": lambda: told(v.reply(faithful=True), *PIECES, answer(0.8, "It is lost.")),
    "an answer that was withdrawn": lambda: told(
        v.reply(retracted="never"),
        *PIECES,
        event("retracted", 0.8, number=4, target="a", turn="t", reason="UNGROUNDED_RESPONSE"),
    ),
    "an answer without an end": lambda: told(v.reply("It has shipped."), *PIECES),
    "too many stalls": lambda: told(
        v.reply(stalls=v.stalls(longer_than=0.5)), piece(0.5, 1), piece(1.7, 2), answer(1.8, "x x")
    ),
    "a burst": lambda: told(v.reply(burst=2), *[piece(0.5, number) for number in (1, 2, 3)], answer(0.8, "x x x")),
}


def sections() -> dict[str, str]:
    """The words in the file, by kind of failure."""
    parts = FILE.read_text(encoding="utf-8").split("=== ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].strip("\n") for part in parts}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_reads_as_it_should(kind: str) -> None:
    """Word for word."""
    assert FAILURES[kind]() == sections()[kind]


def test_the_file_has_no_failure_that_cannot_happen() -> None:
    """And at least the twenty kinds that there must be."""
    assert list(sections()) == list(FAILURES)
    assert len(FAILURES) >= 20


if __name__ == "__main__":
    FILE.write_text("".join(f"=== {kind}\n{tell()}\n\n" for kind, tell in FAILURES.items()), encoding="utf-8")
