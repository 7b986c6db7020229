"""What of a conversation is kept and can be asked for: its entries, a page at a time.

Here: which entries, and the window of time that a page is cut from. Not here: what they say (entries.py), how a page is
asked for (queries.py).

A page is asked for by times, and both ends of the window belong to it; so whoever reads on from the last entry of a
page gets that one again, as from the service (protocol notes, section 3.5).
"""

from collections import deque
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any

from harness.sandbox.entries import EVENTS

STORED = frozenset(
    {
        "Message", "ParticipantChanged", "RoutingResult", "RoutingWorkResult", "SessionStatusChanged",
        "EndUserConsentUpdated", "MessageDeliveryFailed", "SessionContext", "SessionOwnerChanged",
    }
)  # fmt: skip
"""Types of entries that are kept; typing, tokens, progress and receipts pass, and so does the close."""

KNOWN = STORED | EVENTS.keys()
"""Types of entries that can be asked for."""


class History:
    """The entries of one conversation, oldest first."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []

    def add(self, entry: dict[str, Any], payload: dict[str, Any]) -> None:
        """Keep an entry, if it is one that is kept.

        Args:
            entry: The entry as its event tells of it.
            payload: Its payload; here it is an object, where the event has a text.
        """
        if payload["entryType"] in STORED:
            self._entries.append(entry | {"entryPayload": payload})

    def page(
        self,
        limit: int,
        *,
        from_start: bool = False,
        start: int | None = None,
        end: int | None = None,
        types: Collection[str] = (),
    ) -> list[dict[str, Any]]:
        """Give a page.

        Args:
            limit: Entries on it.
            from_start: Begin with the oldest of the window; with the newest if not.
            start: Epoch milliseconds of the oldest that may be on it.
            end: Epoch milliseconds of the newest that may be on it.
            types: Types of entries; all if empty.
        """
        entries: Iterable[dict[str, Any]] = self._entries if from_start else reversed(self._entries)
        return list(
            islice(
                (
                    entry
                    for entry in entries
                    if (start is None or entry["transcriptedTimestamp"] >= start)
                    and (end is None or entry["transcriptedTimestamp"] <= end)
                    and (not types or entry["entryType"] in types)
                ),
                limit,
            )
        )

    def messages(self) -> list[dict[str, Any]]:
        """Give all messages, oldest first."""
        return [entry for entry in self._entries if entry["entryType"] == "Message"]

    def forget(self) -> None:
        """Keep nothing any more."""
        self._entries.clear()


class Archive:
    """The histories of closed conversations: the last so many, so that long runs don't grow."""

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._kept: deque[History] = deque()

    def add(self, history: History) -> None:
        """Keep a history; the oldest forgets its entries if there are too many."""
        self._kept.append(history)
        if len(self._kept) > self._most:
            self._kept.popleft().forget()
