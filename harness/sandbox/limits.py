"""How much the service takes: rates and sizes. Off by default, since a harness likes to be fast.

Source: help page `miaw_rate_limits` (rates); the size of a message is one integrator's claim (protocol notes, 9.1).
"""

import time
from collections import deque
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Limits:
    """What is allowed; None means as much as one likes.

    Attributes:
        tokens_per_minute: Access tokens of an organisation in 60 s.
        renewals_per_minute: Continuation tokens of an organisation in 60 s.
        conversations_per_30_s: Conversations that an end user starts in 30 s.
        messages_per_minute: Messages of the end user to a conversation in 60 s.
        message_bytes: Size of the body of a message.
    """

    tokens_per_minute: int | None = None
    renewals_per_minute: int | None = None
    conversations_per_30_s: int | None = None
    messages_per_minute: int | None = None
    message_bytes: int | None = None

    @classmethod
    def documented(cls) -> Self:
        """Give the limits of the real service."""
        return cls(
            tokens_per_minute=200,
            renewals_per_minute=200,
            conversations_per_30_s=3,
            messages_per_minute=22,
            message_bytes=8192,
        )


class Window:
    """Counts what happened during the last `seconds` and admits no more than `most`."""

    def __init__(self, most: int | None, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._times: deque[float] = deque()

    def admits(self) -> bool:
        """Say whether one more is allowed now, and count it if so."""
        if self._most is None:
            return True
        now = time.monotonic()
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        if len(self._times) >= self._most:
            return False
        self._times.append(now)
        return True


MOST_FILE_BYTES = 5 * 1024 * 1024
"""A file may be this large; of all limits this one always holds. Source: protocol notes, 9.1."""

FILE_TYPES = frozenset(
    {
        "image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "text/csv",
        "application/octet-stream", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    }
)  # fmt: skip
"""What may be sent. The list is not published; these are what clients send (protocol notes, 9.1), and plain texts."""
