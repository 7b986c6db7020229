"""The streamed answers of a conversation, as a view of its tokens: one stream for every final message.

Pieces may arrive in any order; they are read by number. What was streamed before a retraction does not count as text.
Not here: whether a stream was good enough (expectations/reply.py).
Source: the protocol notes, section 5.12; whether a replacement keeps the target and goes on counting is open there, so
pieces are kept by batch and number, and a fresh target of the same turn is tolerated.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise

from harness.events import Event, Retracted, Token
from harness.timeline.spans import between

_PIECES = (Token, Retracted)
_FEW = 5
"""Missing numbers that are told; a hostile service may leave out any amount."""


@dataclass(slots=True)
class Stream:
    """What was streamed for one final message so far; all times are arrivals, seconds on the timeline.

    Attributes:
        target: Entry id of the final message.
        turn: The agent's turn; a replaced answer may stream to another target in the same turn.
        pieces: Text by (batch, number).
        places: Places on the timeline of its tokens and retractions.
        tokens: In order of arrival, repeated ones and those without text left out: neither brings anything to read.
        retractions: How often what was streamed was withdrawn.
        out_of_order: Tokens that came after one with a higher number.
        repeated: Tokens whose batch and number had come before.
    """

    target: str
    turn: str
    places: "array[int]" = field(default_factory=lambda: array("L"))
    pieces: dict[tuple[int, int], str] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    retractions: int = 0
    out_of_order: int = 0
    repeated: int = 0
    _highest: tuple[int, int] = (-1, -1)
    _withdrawn: tuple[int, int] | None = None

    def take(self, where: int, event: Token | Retracted) -> None:
        """Add a token or a retraction, and its place on the timeline."""
        self.places.append(where)
        place = (event.batch, event.number)
        if isinstance(event, Retracted):
            self.retractions += 1
            self._withdrawn = place
        elif place in self.pieces:
            self.repeated += 1
        else:
            self.pieces[place] = event.text
            if event.text:
                self.tokens.append(event)
            if place > self._highest:
                self._highest = place
            else:
                self.out_of_order += 1

    @property
    def text(self) -> str:
        """The pieces that were not withdrawn, by number."""
        return "".join(self.pieces[place] for place in sorted(self.pieces) if self._counts(place))

    def _counts(self, place: tuple[int, int]) -> bool:
        return self._withdrawn is None or place > self._withdrawn

    @property
    def lasting(self) -> list[Token]:
        """The tokens that were not withdrawn, in the order of their numbers."""
        return sorted(
            (token for token in self.tokens if self._counts((token.batch, token.number))),
            key=lambda token: (token.batch, token.number),
        )

    @property
    def missing(self) -> list[int]:
        """The first few numbers left out between the lowest and the highest of a batch; a retraction takes one too."""
        return list(islice(chain.from_iterable(self._left_out()), _FEW))

    @property
    def missing_count(self) -> int:
        """How many numbers are left out."""
        return sum(map(len, self._left_out()))

    def _left_out(self) -> Iterator[range]:
        taken = sorted({*self.pieces, *([self._withdrawn] if self._withdrawn else [])})
        return (range(a[1] + 1, b[1]) for a, b in pairwise(taken) if a[0] == b[0])

    @property
    def last_gap(self) -> tuple[float, float]:
        """Seconds between the last two tokens, at least and at most; zero where there are not two."""
        return between(*self.tokens[-2:]) if len(self.tokens) > 1 else (0.0, 0.0)

    @property
    def gaps(self) -> list[tuple[float, float]]:
        """Seconds between one token and the next in order of arrival, each at least and at most."""
        return [between(*pair) for pair in pairwise(self.tokens)]

    @property
    def largest_burst(self) -> int:
        """The most tokens that came in one read."""
        largest = run = 0
        for place, token in enumerate(self.tokens):
            before = self.tokens[place - 1]
            run = run + 1 if place and (token.earliest, token.at) == (before.earliest, before.at) else 1
            largest = max(largest, run)
        return largest


class Streams:
    """All streams of a conversation, by target."""

    def __init__(self) -> None:
        self._streams: dict[str, Stream] = {}

    def take(self, place: int, event: Event) -> Stream | None:
        """Add an event; what is no token and no retraction changes nothing.

        Returns:
            The stream that it belongs to.
        """
        if not isinstance(event, _PIECES):
            return None
        stream = self._streams.get(event.target)
        if stream is None:
            stream = self._streams[event.target] = Stream(event.target, event.turn)
        stream.take(place, event)
        return stream

    def of(self, piece: Token | Retracted) -> Stream:
        """The stream that a piece belongs to, which has been taken."""
        return self._streams[piece.target]

    def get(self, target: str) -> Stream | None:
        """The stream for a final message; None if nothing was streamed for it."""
        return self._streams.get(target)

    def retracted_in(self, turn: str) -> bool:
        """Whether anything that was streamed in a turn was withdrawn."""
        return any(stream.retractions and stream.turn == turn for stream in self._streams.values())

    def begun_at(self, place: int) -> Stream | None:
        """The stream that the event at a place of the timeline belongs to; None if it is no piece of one."""
        return next((stream for stream in self._streams.values() if place in stream.places), None)
