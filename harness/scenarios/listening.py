"""The event stream of one live conversation: opened, lost, opened again; everything is heard once.

Here: the task that owns the stream, and is the only one to record what it brings; cutting it and taking it up again
after the last event that was heard, be it because the scenario wants it or because it was lost. Not here: what is
recognised as heard (heard.py), what its end means for the conversation (live.py).
Source of when it is opened again: the official client (protocol notes, sections 4.2 to 4.4).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from harness.client.miaw import MiawClient
from harness.client.stream import Batch, EventStream
from harness.client.target import Reconnect
from harness.errors import HarnessError, RemoteProtocolError, StreamInterrupted, is_passing
from harness.events import Connected, Dropped, Event, Missed, Received, Replayed, Resumed
from harness.protocols.miaw.mapping import events_of, events_of_entry
from harness.scenarios.bell import Bell
from harness.scenarios.heard import LOST, Heard

_JITTER = 0.2
"""By how much of itself a delay is made longer or shorter, so that not all clients come back in one instant."""

"""Statuses that may be others soon: asked too often, and those from here on."""


class Listening:
    """Listens to one conversation.

    Args:
        client: Opens the streams, and lists what was missed.
        conversation: The conversation's id; a stream carries others too.
        zero: The timeline's zero on the monotonic clock, in seconds.
        now: Tells the seconds on the timeline.
        record: Is given every event.
        over: Is told why, when the stream has ended for good.
        is_over: Tells whether nothing more is to come, so that a stream that ends is not opened again.
        silence: Seconds without anything after which a stream counts as lost.
        reconnect: When it is opened again.
        passed: Waits until all that had arrived by an instant of the timeline, in seconds, has been recorded.
    """

    def __init__(
        self,
        client: MiawClient,
        conversation: str,
        *,
        zero: float,
        now: Callable[[], float],
        record: Callable[[Event], object],
        over: Callable[[HarnessError], None],
        is_over: Callable[[], bool],
        silence: float,
        reconnect: Reconnect,
        passed: Callable[[float], Awaitable[None]],
    ) -> None:
        self._client, self._conversation, self._zero = client, conversation, zero
        self._now, self._record, self._over, self._is_over = now, record, over, is_over
        self._silence, self._reconnect, self._passed = silence, reconnect, passed
        self._task: asyncio.Task[None] | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._scope: asyncio.Timeout | None = None
        self._cut: asyncio.Future[None] | None = None
        self._asked: asyncio.Future[None] | None = None
        self._nudge = Bell()
        self._is_away = False
        self._seconds: float | None = None
        self._after = ""
        self._heard = Heard()

    async def open(self) -> None:
        """Open the stream.

        Raises:
            TargetUnreachable, ServiceRefused, RemoteProtocolError: As `MiawClient.events` does.
        """
        self._asked = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name=f"event stream of {self._conversation}")
        await self._asked

    async def drop(self, seconds: float | None) -> None:
        """Cut the stream; it is taken up again after so many seconds, or when `resume` is called."""
        self._is_away, self._seconds = True, seconds
        if self._scope is None:  # it is lost already, and is not to come back by itself
            self._nudge.ring()
            return
        loop = asyncio.get_running_loop()
        self._cut = loop.create_future()
        self._scope.reschedule(loop.time())
        await self._cut

    async def resume(self) -> None:
        """Take the stream up again; where that fails it stays lost.

        Raises:
            TargetUnreachable, ServiceRefused, RemoteProtocolError: As `MiawClient.events` does.
        """
        self._asked = asyncio.get_running_loop().create_future()
        self._is_away = False
        self._nudge.ring()
        await self._asked

    async def close(self) -> None:
        """Let go of the stream."""
        tasks = [task for task in (self._task, self._catching_up) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- the task -----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        event: type[Connected | Resumed] = Connected
        failures = 0
        try:
            while True:
                try:
                    async with self._client.events(after=self._after) as stream:
                        failures = 0
                        self._opened(event)
                        error = await self._hear(stream)
                except (HarnessError, OSError) as failure:
                    if self._answer(failure):
                        if event is Connected:
                            return
                        self._is_away, self._seconds = True, None
                        error = None
                    elif isinstance(failure, HarnessError):
                        failures += 1
                        error = failure
                    else:
                        return
                event = Resumed
                if not await self._may_go_on(error, failures):
                    return
        finally:
            for waiting in (self._cut, self._asked):
                if waiting is not None and not waiting.done():
                    waiting.cancel()

    def _opened(self, event: type[Connected | Resumed]) -> None:
        at = self._note(event)
        self._nudge.silence()
        self._is_away = False
        self._answer(None)
        if event is Resumed:
            self._heard.back(at)
            self._catching_up = asyncio.create_task(self._catch_up(), name=f"catching up with {self._conversation}")

    def _answer(self, failure: Exception | None) -> bool:
        """Tell whoever asked for the stream what came of it; say whether somebody did."""
        if self._asked is None or self._asked.done():
            return False
        if failure is None:
            self._asked.set_result(None)
        else:
            self._asked.set_exception(failure)
        return True

    async def _may_go_on(self, error: HarnessError | None, failures: int) -> bool:
        """Wait until the stream may be opened again, once it was lost; say whether it is to be.

        Args:
            error: Why it was lost; None if the user has gone.
            failures: How many attempts to open it again have failed.
        """
        if error is not None and (failures >= self._reconnect.attempts or not is_passing(error) or self._is_over()):
            self._over(_given_up(error, failures))
            if self._cut is not None and not self._cut.done():
                self._cut.set_result(None)
            return False
        if self._cut is not None and not self._cut.done():
            self._cut.set_result(None)
        if error is not None and not self._is_away:
            await self._nudged(_delay(self._reconnect, failures))
        while self._is_away:
            seconds, self._seconds = self._seconds, None
            if not await self._nudged(seconds):
                self._is_away = False
        return True

    async def _nudged(self, seconds: float | None) -> bool:
        """Wait so long; say whether the scenario did something meanwhile that ends the wait."""
        self._nudge.silence()
        try:
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
        except TimeoutError:
            return False
        return True

    async def _hear(self, stream: EventStream) -> HarnessError | None:
        """Record what comes until the stream ends; say why it did, or nothing if it was cut from this side."""
        problem: HarnessError | None = None
        is_silent = False
        watching: asyncio.TimerHandle
        loop = asyncio.get_running_loop()
        heard = loop.time()

        def take(batch: Batch) -> None:
            nonlocal heard
            heard = loop.time()
            self._take(batch)

        def watch() -> None:
            nonlocal is_silent, watching
            left = heard + self._silence - loop.time()
            if left > 0:
                watching = loop.call_later(left, watch)
            elif self._scope is not None:
                is_silent = True
                self._scope.reschedule(loop.time())

        watching = loop.call_later(self._silence, watch)
        try:
            async with asyncio.timeout(None) as self._scope:
                await stream.listen(take)
        except TimeoutError:
            pass
        except RemoteProtocolError as error:
            problem = error
        finally:
            watching.cancel()
            scope, self._scope = self._scope, None
        is_cut = scope is not None and scope.expired() and not is_silent
        self._after = stream.last_event_id or self._after
        reason = LOST if is_cut else stream.broken
        if is_silent:
            reason = f"nothing was heard for {self._silence:g} s, not even a ping"
        self._heard.lost(self._note(Dropped, reason=reason, unfinished=len(stream.unfinished)))
        if is_cut:
            return None
        return problem or StreamInterrupted(
            after=stream.last_event_id or None, unfinished=stream.unfinished, reason=reason
        )

    def _take(self, batch: Batch) -> None:
        earliest, at = max(0.0, batch.arrival.earliest - self._zero), batch.arrival.at - self._zero
        for frame in batch.frames:
            events = events_of(frame, earliest=earliest, at=at, conversation=self._conversation)
            first = events[0] if events else None
            if isinstance(first, Received) and first.entry and self._heard.again(first, at):
                self._record(Replayed(at=at, earliest=earliest, entry=first.entry, of=first.kind))
                continue
            for event in events:
                self._record(self._heard.dated(event))

    async def _catch_up(self) -> None:
        """Take from the service's list what the stream did not bring again."""
        try:
            listed = await self._client.entries(self._conversation, start=self._heard.last_stamp, from_start=True)
        except HarnessError as error:
            self._note(Missed, problem=str(error))
            return
        await self._passed(self._now())  # what the stream does bring again has been heard by then
        missing = [entry for entry in listed if self._heard.is_new(entry.identifier)]
        if not missing:
            return
        at = self._now()
        self._note(Missed, recovered=len(missing))
        for entry in missing:
            self._heard.listed(entry.identifier)
            for event in events_of_entry(entry, earliest=self._heard.lost_at, at=at):
                self._record(event)

    def _note(self, cls: type[Connected | Dropped | Resumed | Missed], **fields: Any) -> float:
        at = self._now()
        self._record(cls(at=at, earliest=at, **fields))
        return at


def _delay(reconnect: Reconnect, failures: int) -> float:
    """Seconds until the next attempt."""
    delay = min(reconnect.longest_delay, reconnect.first_delay * reconnect.factor**failures)
    return delay * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret


def _given_up(error: HarnessError, failures: int) -> HarnessError:
    if failures:
        error.add_note(
            f"the event stream was lost, and {failures} attempt{'s' if failures > 1 else ''} to open it again failed"
        )
    return error
