"""A streamed answer as its reader has it: whether text was there when it was wanted.

Pure functions of instants in seconds, one for each chunk, never going back: when all text up to and including the chunk
had come. A reader reads a chunk in `Pace.chunk` seconds. Not here: which chunks count (streaming.py).
Source: the ideas are those of Etalon (arXiv 2407.07000, fluidity), Andes (arXiv 2404.16283, quality of experience),
video playback (rebuffering) and RFC 3550 section 6.4.1 (jitter), with the chunk in place of the token or frame.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

_ROUNDING = 1e-9
"""Seconds that two sums of the same times may differ by."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a reader wants; seconds.

    Attributes:
        first: From the user's move to the first chunk.
        chunk: From one chunk to the next.
        stall: A longer wait between two chunks is a stall.

    Raises:
        ValueError: One of them is not more than 0 seconds.
    """

    first: float = 1.0
    chunk: float = 0.05
    stall: float = 0.4

    def __post_init__(self) -> None:
        for name in ("first", "chunk", "stall"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name):g} s; a pace is more than 0 seconds")


DEFAULT = Pace()
"""The default pace."""


class Rebuffering(NamedTuple):
    """How a playback at reading pace from the first chunk on would have halted.

    Attributes:
        events: How often it waited with nothing left to show.
        ratio: Share of its time, until the last chunk is shown, for which it did.
    """

    events: int
    ratio: float


def rebuffering(chunks: Sequence[float], pace: Pace = DEFAULT) -> Rebuffering:
    """Halts of a playback; a stall that is over before the reader gets there is none."""
    shown = _shown(chunks, pace)
    late = [came - (before + pace.chunk) for before, came in zip(shown, chunks[1:], strict=False)]
    halts = [seconds for seconds in late if seconds > _ROUNDING]
    return Rebuffering(len(halts), sum(halts) / (shown[-1] - shown[0]) if halts else 0.0)


def fluidity(chunks: Sequence[float], due: float, pace: Pace = DEFAULT) -> float | None:
    """Share of the deadlines that were met, from 0 to 1.

    Every chunk is due `pace.chunk` after the deadline before it, so what came early is a reserve. A late chunk misses
    every deadline that passed until it came (of the first chunk, one each `pace.first`); then they start anew.

    Args:
        chunks: When each could be read.
        due: When the first was wanted.
        pace: What the reader wants.

    Returns:
        None where there are no chunks.
    """
    if not chunks:
        return None
    met = missed = 0
    every = pace.first
    for came in chunks:
        late = came - due
        if late <= _ROUNDING:
            met += 1
            due += pace.chunk
        else:
            missed += math.ceil(late / every - _ROUNDING)
            due = came + pace.chunk
        every = pace.chunk
    return met / (met + missed)


def quality(chunks: Sequence[float], due: float, pace: Pace = DEFAULT) -> float | None:
    """What the reader had of the answer, as a share of what was wanted, from 0 to 1.

    Area under the curve of text shown, at most at reading pace, over the area under the curve that begins at `due` and
    keeps the pace; both until the last chunk has been read.

    Returns:
        None where there are no chunks.
    """
    if not chunks:
        return None
    shown = _shown(chunks, pace)
    end = shown[-1] + pace.chunk
    had = sum(end - at for at in shown)
    wanted = sum(max(0.0, end - due - place * pace.chunk) for place in range(len(chunks)))
    return min(1.0, had / wanted) if wanted > 0 else 1.0


def _shown(chunks: Sequence[float], pace: Pace) -> list[float]:
    """When each chunk is shown by a playback that never goes faster than the reader."""
    shown: list[float] = []
    for came in chunks:
        shown.append(max(came, shown[-1] + pace.chunk) if shown else came)
    return shown


def jitter(gaps: Sequence[float]) -> float | None:
    """Smoothed difference of successive gaps, in seconds; an early stall is forgotten by the end.

    Returns:
        None where there are not two gaps.
    """
    if len(gaps) < 2:
        return None
    smoothed = 0.0
    for before, after in pairwise(gaps):
        smoothed += (abs(after - before) - smoothed) / 16
    return smoothed
