"""Every metric by the name that pages, reports and stores know it by: its unit, what is better, what it means.

Here: two tables, what a turn of the user measures and what the channel does in a conversation, and how each is read
from the measurements. Whoever shows or keeps a number takes name, unit and value from here. docs/metrics.md lists both.
Not here: how anything is measured (measuring.py), many values of one metric (summaries.py).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from harness.metrics.latencies import Receipt
from harness.metrics.measuring import Measurements, TurnMetrics
from harness.timeline.spans import Span

Unit = Literal["ms", "1/s", "share", "count"]
Better = Literal["less", "more", "neither"]
Reading = Span | float | None

_SCALES: Mapping[Unit, float] = {"ms": 1000.0, "1/s": 1.0, "share": 1.0, "count": 1.0}


class Sort(StrEnum):
    """What the end of a turn means to a metric."""

    WAIT = "wait"
    """Counts from the user's move: where it never came, it took longer than anybody waited."""
    STREAM = "stream"
    """Is about a whole streamed answer: of one that was begun and never finished it is as bad as can be."""
    TALLY = "tally"
    """Is what it is when the record ends."""


@dataclass(frozen=True, slots=True)
class TurnMetric:
    """Something that a turn measures.

    Attributes:
        name: As it is stored and shown; ends with the unit where that is a time.
        unit: Of the values that `read` gives.
        better: Whether less of it is better, or more.
        sort: What the end of a turn means to it.
        meaning: In a line.
    """

    name: str
    unit: Unit
    better: Better
    sort: Sort
    meaning: str
    _of: Callable[[TurnMetrics], Reading]

    def read(self, turn: TurnMetrics) -> Span | None:
        """Its value in a turn, in its unit; None where the turn has none."""
        return _scaled(self._of(turn), self.unit)


@dataclass(frozen=True, slots=True)
class ChannelMetric:
    """Something that happens any number of times in a conversation; the attributes are those of `TurnMetric`."""

    name: str
    unit: Unit
    better: Better
    meaning: str
    _of: Callable[[Measurements], Iterable[Reading]]

    def read(self, conversation: Measurements) -> tuple[Span | None, ...]:
        """Its values in a conversation, in its unit, in the order of the timeline; None for what did not come to it."""
        return tuple(_scaled(value, self.unit) for value in self._of(conversation))


def _scaled(value: Reading, unit: Unit) -> Span | None:
    if value is None:
        return None
    span = value if isinstance(value, Span) else Span(value, value, value)
    scale = _SCALES[unit]
    return Span(span.value * scale, span.least * scale, span.most * scale)


def _wait(name: str, meaning: str, of: Callable[[TurnMetrics], Reading]) -> TurnMetric:
    return TurnMetric(name, "ms", "less", Sort.WAIT, meaning, of)


def _stream(name: str, unit: Unit, better: Better, meaning: str, of: Callable[[TurnMetrics], Reading]) -> TurnMetric:
    return TurnMetric(name, unit, better, Sort.STREAM, meaning, lambda turn: of(turn) if turn.streams else None)


def _tally(name: str, better: Better, meaning: str, *counted: str) -> TurnMetric:
    def of(turn: TurnMetrics) -> Reading:
        return float(sum(map(turn.count, counted or (name,)))) if turn.streams else None

    return TurnMetric(name, "count", better, Sort.TALLY, meaning, of)


def _receipt(turn: TurnMetrics) -> Receipt:
    return turn.receipt or Receipt("")


_TURN = (
    _wait("ack_ms", "message sent to the service's yes to the request", lambda turn: turn.acknowledged),
    _wait("ttfe_ms", "message sent to the first event of any kind for it", lambda turn: turn.first_event),
    _wait("delivered_ms", "message sent to its receipt for delivery", lambda turn: _receipt(turn).delivered),
    _wait(
        "read_ms", "message sent to its receipt for reading, or that of a later one", lambda turn: _receipt(turn).read
    ),
    _wait("typing_ms", "message sent to the first sign of typing", lambda turn: turn.typing),
    _wait("ttft_ms", "message sent to the first chunk of a streamed answer", lambda turn: turn.first_text),
    _wait("ttlt_ms", "message sent to the last chunk that stayed", lambda turn: turn.last_text),
    _wait("answer_ms", "message sent to the first final message of a bot or a rep", lambda turn: turn.answer),
    _stream("tpot_ms", "ms", "less", "mean time from chunk to chunk; hides stalls", lambda turn: turn.per_chunk),
    _stream("gap_p50_ms", "ms", "less", "median gap between chunks of the turn", lambda turn: turn.gap(0.5)),
    _stream("gap_p95_ms", "ms", "less", "gap that 95 of 100 of the turn do not exceed", lambda turn: turn.gap(0.95)),
    _stream("gap_max_ms", "ms", "less", "longest gap between chunks", lambda turn: turn.longest_gap),
    _stream(
        "chars_per_s",
        "1/s",
        "more",
        "characters that stayed, by the time from the first chunk to the last",
        lambda turn: turn.characters_per_second,
    ),
    _stream("stalls", "count", "less", "gaps longer than the stall limit", lambda turn: turn.stalls),
    _stream("stalled_ms", "ms", "less", "those gaps together", lambda turn: turn.stalled),
    _stream(
        "stall_ratio",
        "share",
        "less",
        "what those gaps are longer than the limit, by the time between chunks",
        lambda turn: turn.stall_ratio,
    ),
    _stream(
        "rebuffers",
        "count",
        "less",
        "halts of a playback at reading pace that begins with the first chunk",
        lambda turn: float(turn.count("rebuffers")),
    ),
    _stream(
        "rebuffer_ratio",
        "share",
        "less",
        "share of that playback's time for which it halted",
        lambda turn: max(stream.rebuffer_ratio for stream in turn.streams),
    ),
    _stream(
        "fluidity",
        "share",
        "more",
        "deadlines at reading pace that were met; what comes early is a reserve",
        lambda turn: turn.worst("fluidity"),
    ),
    _stream(
        "qoe",
        "share",
        "more",
        "text shown over time, by the text wanted; for dashboards, not for gates",
        lambda turn: turn.worst("quality"),
    ),
    _stream(
        "jitter_ms",
        "ms",
        "less",
        "smoothed difference of successive gaps; only where an even pace is meant",
        lambda turn: max((stream.jitter for stream in turn.streams if stream.jitter is not None), default=None),
    ),
    _tally("chunks", "neither", "distinct pieces of text that were streamed"),
    _tally("chars", "neither", "characters of them that stayed", "characters"),
    _tally("coalesced", "less", "chunks that came in one read with the one before"),
    _tally("dup", "less", "tokens that came again, on the same connection", "repeated"),
    _tally("replayed", "less", "tokens that came again after a reconnect"),
    _tally("out_of_order", "less", "tokens that came after one with a higher number"),
    _tally("missing", "less", "numbers left out"),
    _tally("retracted", "less", "characters shown and then withdrawn", "withdrawn"),
)

TURN: Mapping[str, TurnMetric] = MappingProxyType({metric.name: metric for metric in _TURN})
"""What a turn measures, by name."""


def _first(conversation: Measurements) -> Iterable[Reading]:
    return (turn.answer for turn in conversation.turns if turn.is_opening)


_CHANNEL = (
    ChannelMetric("routed_ms", "ms", "less", "opening to the first routing result", lambda one: [one.routing.routed]),
    ChannelMetric("active_ms", "ms", "less", "opening to the session being active", lambda one: [one.routing.active]),
    ChannelMetric("joined_ms", "ms", "less", "opening to a bot or a rep being there", lambda one: [one.routing.joined]),
    ChannelMetric("greeting_ms", "ms", "less", "opening to the first message of a bot or a rep", _first),
    ChannelMetric(
        "handoff_ms",
        "ms",
        "less",
        "last message of the user before a hand-off to the new one's joining",
        lambda one: (handoff.asked for handoff in one.handoffs),
    ),
    ChannelMetric(
        "queued_ms",
        "ms",
        "less",
        "begin of a hand-off to the new one's joining",
        lambda one: (handoff.queued for handoff in one.handoffs),
    ),
    ChannelMetric(
        "greeted_ms",
        "ms",
        "less",
        "joining after a hand-off to their first message",
        lambda one: (handoff.greeted for handoff in one.handoffs),
    ),
    ChannelMetric(
        "typed_ms", "ms", "neither", "length of a typing spell", lambda one: (spell.lasted for spell in one.spells)
    ),
    ChannelMetric("outages", "count", "less", "times the event stream was lost", lambda one: [float(len(one.outages))]),
    ChannelMetric(
        "down_ms", "ms", "less", "event stream lost to open again", lambda one: (outage.down for outage in one.outages)
    ),
    ChannelMetric(
        "reconnect_ms",
        "ms",
        "less",
        "event stream wanted again to open again",
        lambda one: (outage.reconnect for outage in one.outages),
    ),
    ChannelMetric(
        "heard_ms",
        "ms",
        "less",
        "event stream open again to the first event on it",
        lambda one: (outage.heard for outage in one.outages),
    ),
)

CHANNEL: Mapping[str, ChannelMetric] = MappingProxyType({metric.name: metric for metric in _CHANNEL})
"""What the channel does in a conversation, by name."""


def readings(turn: TurnMetrics) -> dict[str, Span]:
    """Every metric that a turn has a value of, by name, in its unit."""
    return {name: value for name, metric in TURN.items() if (value := metric.read(turn)) is not None}
