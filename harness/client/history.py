"""The entries of a conversation, read page by page.

Here: from one page to the next. Not here: one request (access.py), what an entry says (protocols/miaw/).

Pages are asked for by time and include both ends of it (protocol notes, section 3.5). So the next page begins with the
time that the last one ended with, since several entries may have that time, and what comes again is passed over.
"""

from dataclasses import dataclass, replace

from pydantic import ValidationError

from harness.client.access import Access
from harness.client.told import Entries, strange, told
from harness.errors import RemoteProtocolError
from harness.protocols.miaw.models import ConversationEntry

MOST_ENTRIES = 50
"""Entries on one page. Source: protocol notes, 9.1."""

_OPERATION = "listConversationEntries"


@dataclass(frozen=True, slots=True)
class Window:
    """Which entries.

    Attributes:
        types: Of these types; of all that the service keeps if empty.
        start: Not before this time, epoch milliseconds.
        end: Not after this time, epoch milliseconds.
        from_start: Oldest first; newest first if not.
    """

    types: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None
    from_start: bool = False

    def params(self) -> dict[str, str]:
        """Give what goes behind the question mark."""
        asked = {
            "startTimestamp": self.start,
            "endTimestamp": self.end,
            "entryTypeFilter": ",".join(self.types) or None,
        }
        direction = "FromStart" if self.from_start else "FromEnd"
        return {"direction": direction} | {key: str(value) for key, value in asked.items() if value is not None}

    def beyond(self, at: int) -> "Window":
        """Give the window that is left when all before `at` has been read."""
        return replace(self, start=at) if self.from_start else replace(self, end=at)


async def all_entries(
    access: Access, conversation: str, window: Window, *, page: int = MOST_ENTRIES
) -> list[ConversationEntry]:
    """List all entries of a window, each once.

    Args:
        access: Asks.
        conversation: Id of the conversation.
        window: Which entries.
        page: How many to ask for at once, up to 50; more are asked for where so few do not get on.

    Raises:
        TargetUnreachable, ServiceRefused: As `Access.request` does.
        RemoteProtocolError: The answer holds no entries, or more of one and the same time than fit on a page, so that
            some can't be had.
    """
    found: dict[str, ConversationEntry] = {}
    while True:
        got = await _page(access, conversation, window, page)
        known = len(found)
        for entry in got:
            found.setdefault(entry.identifier, entry)
        if len(got) < page:
            return list(found.values())
        at = got[-1].transcripted_timestamp
        if len(found) > known:
            window = window.beyond(at)
        elif page < MOST_ENTRIES:
            page = min(2 * page, MOST_ENTRIES)
        else:
            raise RemoteProtocolError(
                f"conversation {conversation} has {MOST_ENTRIES} entries or more of the time {at} ms, and no page "
                "takes more; what lies beyond can't be listed"
            )


async def _page(access: Access, conversation: str, window: Window, limit: int) -> list[ConversationEntry]:
    params = {"limit": str(limit), **window.params()}
    response = await access.request(_OPERATION, "GET", f"/conversation/{conversation}/entries", params=params)
    try:
        return told(_OPERATION, Entries, response).read()
    except ValidationError as error:
        raise strange(_OPERATION, response, error) from error
