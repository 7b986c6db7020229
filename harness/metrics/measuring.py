"""What one conversation measures: every turn, and the channel; the one place that pages, reports and stores read from.

Durations are seconds, by the ends of the arrival intervals, with what they can have been. Not here: names, units and
what they mean to a reader (names.py), many conversations (summaries.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from harness.events import Opened, Received, Sent, TypingStarted, TypingStopped
from harness.metrics.latencies import (
    Handoff,
    Outage,
    Receipt,
    Routing,
    Spell,
    handoffs,
    outages,
    receipts,
    routing,
    spells,
)
from harness.metrics.reading import DEFAULT, Pace
from harness.metrics.streaming import Streaming, ranked, replays, stalls, streaming
from harness.metrics.turns import SPEAKERS, Ending, Turn, turns
from harness.timeline.spans import Span
from harness.timeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class TurnMetrics:
    """What one turn measures; all durations but those of the stream count from the user's move, None is never.

    Attributes:
        number: Which turn it is; the opening is 0.
        place: Place of the move on the timeline.
        words: What the user said, in short; empty for the opening.
        is_opening: Whether it is the opening of the conversation, which asks for no more than a greeting.
        ending: How the wait for an answer ended.
        waited: Seconds for which an answer was waited for; of an answered turn, until it was complete.
        down: Seconds of them without an event stream.
        acknowledged: To the service's answer to the request, if that was yes.
        first_event: To the first thing that came for it.
        typing: To the first sign of typing.
        first_text: To the first chunk of a streamed answer.
        last_text: To the last chunk that stayed; to the final message where none did.
        answer: To the first final message of a bot or a rep.
        receipt: The receipts of its message; None of the opening.
        streams: Its streamed answers, usually one.
        pace: What they were judged by.
    """

    number: int
    place: int
    words: str
    is_opening: bool
    ending: Ending
    waited: float
    down: float
    acknowledged: Span | None
    first_event: Span | None
    typing: Span | None
    first_text: Span | None
    last_text: Span | None
    answer: Span | None
    receipt: Receipt | None
    streams: tuple[Streaming, ...]
    pace: Pace = DEFAULT

    @property
    def gaps(self) -> tuple[Span, ...]:
        """Waits between chunks of one stream; from one stream to the next there is none."""
        return tuple(chain.from_iterable(stream.gaps for stream in self.streams))

    def gap(self, share: float) -> Span | None:
        """The gap that so large a share of this turn's gaps, from 0 to 1, does not exceed."""
        return ranked(self.gaps, share)

    @property
    def longest_gap(self) -> Span | None:
        """The longest gap."""
        return ranked(self.gaps, 1.0)

    @property
    def stalls(self) -> Span:
        """How many gaps were stalls."""
        return stalls(self.gaps, self.pace)

    @property
    def stalled(self) -> float:
        """Seconds of gaps that were stalls."""
        return sum(gap.value for gap in self.gaps if gap.value > self.pace.stall)

    @property
    def streamed(self) -> float:
        """Seconds from first chunks to last ones that stayed."""
        return sum(stream.lasted.value for stream in self.streams if stream.lasted is not None)

    @property
    def stall_ratio(self) -> float | None:
        """Share of the time between chunks by which stalls were too long; None where there is no such time."""
        between = sum(gap.value for gap in self.gaps)
        excess = sum(gap.value - self.pace.stall for gap in self.gaps if gap.value > self.pace.stall)
        return excess / between if between else None

    @property
    def per_chunk(self) -> float | None:
        """Mean seconds from one chunk to the next; None where there are not two."""
        gaps = self.gaps
        return sum(gap.value for gap in gaps) / len(gaps) if gaps else None

    @property
    def characters_per_second(self) -> float | None:
        """Of the text that stayed, while it was streamed; None where it came in one read."""
        seconds = self.streamed
        return self.count("characters") / seconds if seconds else None

    def count(self, name: str) -> int:
        """A count of all its streams together: `chunks`, `characters`, `repeated`, ...; see `Streaming`."""
        return sum(getattr(stream, name) for stream in self.streams)

    def worst(self, name: str) -> float | None:
        """The lowest `fluidity` or `quality` of its streams; None where there is none."""
        return min((value for stream in self.streams if (value := getattr(stream, name)) is not None), default=None)


@dataclass(frozen=True, slots=True)
class Measurements:
    """What a conversation measures.

    Attributes:
        turns: In the order of the user's moves, the opening first.
        routing: How it got to whoever answered first.
        handoffs: From one who answers to another.
        spells: Of typing.
        outages: Of the event stream.
    """

    turns: tuple[TurnMetrics, ...]
    routing: Routing
    handoffs: tuple[Handoff, ...]
    spells: tuple[Spell, ...]
    outages: tuple[Outage, ...]


def measure(timeline: Timeline, pace: Pace = DEFAULT) -> Measurements:
    """Measure a conversation as far as its record goes.

    Args:
        timeline: The conversation.
        pace: What a reader wants of a streamed answer.
    """
    by_message = {receipt.message: receipt for receipt in receipts(timeline)}
    replayed = replays(timeline)
    return Measurements(
        turns=tuple(_measured(turn, by_message, replayed, pace) for turn in turns(timeline)),
        routing=routing(timeline),
        handoffs=handoffs(timeline),
        spells=spells(timeline),
        outages=outages(timeline),
    )


def _measured(turn: Turn, receipts: dict[str, Receipt], replayed: dict[str, int], pace: Pace) -> TurnMetrics:
    move = turn.move
    streams = tuple(
        streaming(
            stream,
            due=None if number else move.at + pace.first,  # where the first is late, the second is not late again
            replayed=replayed.get(stream.target, 0),
            pace=pace,
        )
        for number, stream in enumerate(turn.streams)
    )
    answer = turn.answers[0] if turn.answers else None
    withdrawn = turn.answers[-1] if streams and turn.answers else None
    lasts = [stream.last for stream in streams if stream.last is not None]
    typing = (event for event in turn.events if isinstance(event, TypingStarted) and event.role in SPEAKERS)
    signs = (event for event in turn.events if not isinstance(event, TypingStopped))
    accepted = turn.accepted if turn.ending is not Ending.REFUSED else None

    def after(event: Received | None) -> Span | None:
        return Span.of(move, event) if event is not None else None

    return TurnMetrics(
        number=turn.number,
        place=turn.place,
        words=move.words if isinstance(move, Sent) else "",
        is_opening=isinstance(move, Opened),
        ending=turn.ending,
        waited=turn.waited,
        down=turn.down,
        acknowledged=Span.of(move, accepted) if accepted is not None else None,
        first_event=after(next(signs, None)),
        typing=after(next(typing, None)),
        first_text=after(_earliest([stream.first for stream in streams])),
        last_text=after(max(lasts, key=lambda event: event.at) if lasts else withdrawn),
        answer=after(answer),
        receipt=receipts.get(move.message) if isinstance(move, Sent) else None,
        streams=streams,
        pace=pace,
    )


def _earliest(events: Sequence[Received | None]) -> Received | None:
    return min((event for event in events if event is not None), key=lambda event: event.at, default=None)
