"""The gaps of a turn as few bytes: tenths of milliseconds, 32 bits each, packed by zlib."""

import struct
import zlib
from collections.abc import Sequence

_TENTHS = 10_000
"""Of a millisecond, in a second."""
_MOST = 2**32 - 1


def packed(gaps: Sequence[float]) -> bytes:
    """Pack gaps.

    Args:
        gaps: In seconds; what is longer than 4.9 days is so long.
    """
    tenths = [round(min(_MOST, gap * _TENTHS)) for gap in gaps]
    return zlib.compress(struct.pack(f"<{len(tenths)}I", *tenths))


def unpacked(data: bytes) -> tuple[float, ...]:
    """The gaps, in milliseconds."""
    raw = zlib.decompress(data)
    return tuple(tenth / 10 for tenth in struct.unpack(f"<{len(raw) // 4}I", raw))
