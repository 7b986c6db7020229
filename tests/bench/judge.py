"""What judging costs: events a second over a long streamed answer mixed with receipts, and the size of ambiguity.

Events are made before the clock starts; only the judging is timed. Linear means that ten times the events cost ten
times as much.
"""

import statistics
import sys
import time

from harness.events import Delivered, Event, Message, Read, Said, Token
from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation
from harness.expectations.building import all_of, sequence
from harness.expectations.engine import MAX_READINGS, Judgement, Queues, Status
from harness.expectations.patterns import Pattern
from harness.timeline.timeline import Timeline

TOKENS = 20_000
LIMIT = 200_000
"""Events a second on the long reply, at least."""
ROUNDS = 7


def streamed(tokens: int) -> Timeline:
    """An answer of so many tokens, with a message said and its receipts between every hundred of them."""
    events: list[Event] = []
    at = 0.0
    for number in range(tokens):
        at += 0.001
        if number % 100 == 0:
            said = f"said {number}"
            events.append(Said(at=at, earliest=at, message=said, text="hm"))
            events += [cls(at=at, earliest=at, of=said, role="agent") for cls in (Delivered, Read)]
        events.append(Token(at=at, earliest=at, number=number, target="answer", turn="answer", text="token "))
    events.append(Message(at=at, earliest=at, entry="answer", role="chatbot", text="token " * tokens))
    return Timeline(events)


def judged(pattern: Pattern, timeline: Timeline) -> tuple[float, Status]:
    """Seconds to judge the timeline, and the verdict."""
    started = time.perf_counter()
    status = Judgement(Expectation(pattern, 1e6), Queues(), timeline, 0.0).look(timeline).status
    return time.perf_counter() - started, status


PATTERNS: dict[str, Pattern] = {
    "reply": v.reply(),
    "reply with all checks": v.reply(gap=1.0, in_order=True, complete=True, faithful=True, retracted="never"),
    "receipts and a reply, all of": all_of(
        sequence(v.delivered(of="said 0"), v.read(of="said 0")), v.reply(gap=1.0, in_order=True)
    ),
}


def main() -> int:
    """Measure and print.

    Returns:
        0 if the limits were kept, else 1.
    """
    kept = True
    timelines = {tokens: streamed(tokens) for tokens in (TOKENS // 10, TOKENS)}
    print(f"a reply of {TOKENS:,} tokens, {len(timelines[TOKENS]):,} events with the receipts, {ROUNDS} rounds")
    print(f"  {'':<34} {'events/s':>10} {'min':>10} {'max':>10}   cost of ten times the events")
    for name, pattern in PATTERNS.items():
        speed: dict[int, list[float]] = {tokens: [] for tokens in timelines}
        for _ in range(ROUNDS):
            for tokens, timeline in timelines.items():
                took, status = judged(pattern, timeline)
                if status is not Status.HELD:
                    raise SystemExit(f"{name} was {status}")
                speed[tokens].append(len(timeline) / took)
        long, short = statistics.median(speed[TOKENS]), statistics.median(speed[TOKENS // 10])
        growth = 10 * short / long
        print(
            f"  {name:<34} {long:>10,.0f} {min(speed[TOKENS]):>10,.0f} {max(speed[TOKENS]):>10,.0f}   {growth:5.1f} x"
        )
        kept &= long >= LIMIT
    print(f"at least {LIMIT:,} events a second: {'kept' if kept else 'NOT kept'}\n")

    print("all_of of ten branches of the same two kinds, all in doubt which branch took what")
    branches = all_of(*[sequence(v.message(role="chatbot"), v.progress(f"{number}")) for number in range(10)])
    at = 0.0
    events: list[Event] = []
    for _ in range(10):
        at += 1
        events.append(Message(at=at, earliest=at, role="chatbot", text="hm"))
    judgement = Judgement(Expectation(branches, 1e6), Queues(), Timeline(), 0.0)
    sizes = []
    for place in range(len(events)):
        judgement.look(Timeline(events[: place + 1]))
        sizes.append(judgement.readings)
    print(f"  residuals after each event: {', '.join(map(str, sizes))}; the cap is {MAX_READINGS:,}")
    kept &= max(sizes) < MAX_READINGS
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
