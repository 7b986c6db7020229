"""How one streamed answer came: its pace, its waits, its faults.

A chunk is a token with text that is no repeat; the harness has no tokenizer, so it never says "token" of a model's.
Waits are told by arrival, whatever the numbers of the chunks; how it reads, by the instant at which all text up to a
chunk was there. What was withdrawn is no text, but its waits were waited. Not here: the answer to a turn, of which
there may be several (measuring.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from harness.events import Received, Resumed, Token
from harness.metrics.reading import DEFAULT, Pace, fluidity, jitter, quality, rebuffering
from harness.timeline.spans import Span, nearest_rank
from harness.timeline.streams import Stream
from harness.timeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Streaming:
    """How a streamed answer came; seconds, counts, shares from 0 to 1.

    Attributes:
        target: Entry id of the final message.
        chunks: Distinct chunks, the withdrawn ones among them.
        characters: Of the text that stayed.
        withdrawn: Characters shown and then withdrawn.
        retractions: How often something was withdrawn.
        first: When the first chunk came, whatever became of it; None where there was none.
        last: When the last chunk came that stayed.
        gaps: Waits between one chunk and the next, by arrival.
        out_of_order: Chunks that came after one with a higher number.
        repeated: Tokens that had come before, on the same connection.
        replayed: Tokens that had come before, on an earlier connection.
        missing: Numbers left out.
        coalesced: Chunks that came in one read with the chunk before: their gap of 0 is no smoothness.
        rebuffers: Halts of a playback at reading pace.
        rebuffer_ratio: Share of its time for which it halted.
        fluidity: Share of reading deadlines met; None where no text stayed.
        quality: Share of the wanted text over time; None where no text stayed.
        jitter: Smoothed difference of successive gaps; None where there are not two.
        pace: What of it was judged by.
    """

    target: str
    chunks: int
    characters: int
    withdrawn: int
    retractions: int
    first: Received | None
    last: Received | None
    gaps: tuple[Span, ...]
    out_of_order: int
    repeated: int
    replayed: int
    missing: int
    coalesced: int
    rebuffers: int
    rebuffer_ratio: float
    fluidity: float | None
    quality: float | None
    jitter: float | None
    pace: Pace = DEFAULT

    @property
    def lasted(self) -> Span | None:
        """From the first chunk to the last that stayed; None where there are not both."""
        return Span.of(self.first, self.last) if self.first is not None and self.last is not None else None


def streaming(stream: Stream, *, due: float | None = None, replayed: int = 0, pace: Pace = DEFAULT) -> Streaming:
    """Measure a streamed answer.

    Args:
        stream: What came of it.
        due: When its first chunk was wanted, seconds on the timeline; None where its start is not to count.
        replayed: How many of its repeated tokens were replayed after a reconnect; see `replays`.
        pace: What its reader wants.
    """
    tokens, lasting = stream.tokens, stream.lasting
    readable = list(accumulate((token.at for token in lasting), max))
    wanted = due if due is not None else next(iter(readable), 0.0)
    halts = rebuffering(readable, pace)
    characters = len(stream.text)
    gaps = tuple(Span.of(*pair) for pair in pairwise(tokens))
    return Streaming(
        target=stream.target,
        chunks=len(tokens),
        characters=characters,
        withdrawn=sum(len(token.text) for token in tokens) - characters,
        retractions=stream.retractions,
        first=tokens[0] if tokens else None,
        last=max(lasting, key=lambda token: token.at, default=None),
        gaps=gaps,
        out_of_order=stream.out_of_order,
        repeated=stream.repeated - replayed,
        replayed=replayed,
        missing=stream.missing_count,
        coalesced=sum((a.earliest, a.at) == (b.earliest, b.at) for a, b in pairwise(tokens)),
        rebuffers=halts.events,
        rebuffer_ratio=halts.ratio,
        fluidity=fluidity(readable, wanted, pace),
        quality=quality(readable, wanted, pace),
        jitter=jitter([gap.value for gap in gaps]),
        pace=pace,
    )


def replays(timeline: Timeline) -> dict[str, int]:
    """How many tokens of each stream came again on a later connection, by the stream's target."""
    connection = 0
    last: dict[tuple[str, int, int], int] = {}
    counted: dict[str, int] = {}
    for event in timeline:
        if isinstance(event, Resumed):
            connection += 1
        elif isinstance(event, Token):
            key = event.target, event.batch, event.number
            if last.get(key, connection) < connection:
                counted[event.target] = counted.get(event.target, 0) + 1
            last[key] = connection
    return counted


def ranked(gaps: Sequence[Span], share: float) -> Span | None:
    """The wait that so large a share of the waits, from 0 to 1, does not exceed; None where there are none.

    It describes this answer and says nothing about others: for that, see summaries.py.
    """
    if not gaps:
        return None
    value, least, most = (nearest_rank((gap[side] for gap in gaps), share) for side in range(3))
    return Span(value, least, most)


def stalls(gaps: Sequence[Span], pace: Pace = DEFAULT) -> Span:
    """How many waits were stalls: by arrival, surely, perhaps."""
    value, least, most = (sum(gap[side] > pace.stall for gap in gaps) for side in range(3))
    return Span(value, least, most)
