"""Messages of the other side acknowledged by themselves, as a client with an open window does.

In a task of its own: neither the event stream nor the scenario waits for it, and what goes wrong is noted on the
timeline and nothing more. Not here: acknowledging as a move of the scenario (conversation.py).
"""

import asyncio
from collections.abc import Callable
from typing import Literal

from harness.client.miaw import MiawClient
from harness.errors import HarnessError
from harness.events import Confirmed, Event
from harness.events.text import quoted


class Acknowledging:
    """Acknowledges the messages of one conversation.

    Args:
        client: Whose window it is.
        conversation: The conversation's id.
        how: As delivered, or as read, which is both.
        now: Tells the seconds on the timeline.
        record: Is given what was done.
    """

    def __init__(
        self,
        client: MiawClient,
        conversation: str,
        how: Literal["delivered", "read"],
        *,
        now: Callable[[], float],
        record: Callable[[Event], object],
    ) -> None:
        self._client, self._conversation, self._how = client, conversation, how
        self._now, self._record = now, record
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(), name=f"acknowledgements of {conversation}")

    def hear(self, entry: str) -> None:
        """A message has come; `entry` is its entry id."""
        self._waiting.put_nowait(entry)

    async def close(self) -> None:
        """Acknowledge nothing more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            entries = [await self._waiting.get()]
            while not self._waiting.empty():
                entries.append(self._waiting.get_nowait())
            await self._acknowledge(entries)

    async def _acknowledge(self, entries: list[str]) -> None:
        begun, problem = self._now(), ""
        try:
            if self._how == "read":
                await self._client.acknowledge(self._conversation, entries, "delivered", "read")
            else:
                await self._client.acknowledge(self._conversation, entries, "delivered")
        except HarnessError as error:
            problem = quoted(str(error), marks="")
        at = self._now()
        self._record(Confirmed(at=at, earliest=begun, how=self._how, entries=tuple(entries), problem=problem))
