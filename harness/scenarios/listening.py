"""The event stream of one live conversation: opened, lost, opened again; everything is heard once.

Here: the task that owns the stream, and is the only one to record what it brings; cutting it and taking it up again
after the last event that was heard; passing over what the service then repeats. Whoever wants it opened again after it
broke by itself changes `_hear`'s end, and no other place. Not here: what its end means for the conversation (live.py).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.client.miaw import MiawClient
from harness.client.stream import Batch, EventStream
from harness.errors import HarnessError, RemoteProtocolError, StreamInterrupted
from harness.events import Connected, Dropped, Event, Received, Resumed
from harness.protocols.miaw.mapping import events_of

LOST = "the user lost the network"
"""What is noted as the reason when the stream is cut from this side."""


@dataclass(slots=True)
class _Heard:
    """What has been heard of, to recognise what comes again: entry ids, with a hash of what their frame said."""

    frames: dict[str, int] = field(default_factory=dict)
    repeatable: dict[str, int] = field(default_factory=dict)
    """Those that were heard before the stream was last lost, and have not been repeated since."""

    def lost(self) -> None:
        """The stream is lost: what was heard so far may come again."""
        self.repeatable = dict(self.frames)

    def is_repeated(self, entry: str, frame: str) -> bool:
        """Whether a frame is a repetition, to the letter, of what was heard before the stream was lost."""
        if not entry:
            return False
        seen = hash(frame)
        if self.repeatable.get(entry) == seen:
            del self.repeatable[entry]
            return True
        self.frames[entry] = seen
        return False


class Listening:
    """Listens to one conversation.

    Args:
        client: Opens the streams.
        conversation: The conversation's id; a stream carries others too.
        zero: The timeline's zero on the monotonic clock, in seconds.
        now: Tells the seconds on the timeline.
        record: Is given every event.
        over: Is told why, when the stream has ended for good.
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
    ) -> None:
        self._client, self._conversation, self._zero = client, conversation, zero
        self._now, self._record, self._over = now, record, over
        self._task: asyncio.Task[None] | None = None
        self._scope: asyncio.Timeout | None = None
        self._cut: asyncio.Future[None] | None = None
        self._asked: asyncio.Future[None] | None = None
        self._is_wanted = asyncio.Event()
        self._seconds: float | None = None
        self._after = ""
        self._heard = _Heard()

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
        if self._scope is None:
            return  # it has just ended by itself
        loop = asyncio.get_running_loop()
        self._seconds, self._cut = seconds, loop.create_future()
        self._scope.reschedule(loop.time())
        await self._cut

    async def resume(self) -> None:
        """Take the stream up again; where that fails it stays lost.

        Raises:
            TargetUnreachable, ServiceRefused, RemoteProtocolError: As `MiawClient.events` does.
        """
        self._asked = asyncio.get_running_loop().create_future()
        self._is_wanted.set()
        await self._asked

    async def close(self) -> None:
        """Let go of the stream."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # -- the task -----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        event: type[Connected | Resumed] = Connected
        try:
            while await self._listened(event):
                event = Resumed
                await self._away()
        finally:
            for waiting in (self._cut, self._asked):
                if waiting is not None and not waiting.done():
                    waiting.cancel()

    async def _listened(self, event: type[Connected | Resumed]) -> bool:
        """Listen to one stream; say whether another may follow."""
        try:
            async with self._client.events(after=self._after) as stream:
                self._note(event)
                self._is_wanted.clear()
                self._answer(None)
                error = await self._hear(stream)
        except (HarnessError, OSError) as failure:
            if self._answer(failure):
                return event is Resumed
            if not isinstance(failure, HarnessError):
                return False
            error = failure
        if error is not None:
            self._over(error)
            if self._cut is not None and not self._cut.done():
                self._cut.set_result(None)
            return False
        assert self._cut is not None  # noqa: S101 - nothing else ends a stream without an error
        self._cut.set_result(None)
        return True

    def _answer(self, failure: Exception | None) -> bool:
        """Tell whoever asked for the stream what came of it; say whether somebody did."""
        if self._asked is None or self._asked.done():
            return False
        if failure is None:
            self._asked.set_result(None)
        else:
            self._asked.set_exception(failure)
        return True

    async def _away(self) -> None:
        """Wait until the stream is wanted again; the time counts once."""
        seconds, self._seconds = self._seconds, None
        try:
            async with asyncio.timeout(seconds):
                await self._is_wanted.wait()
        except TimeoutError:
            pass
        self._is_wanted.clear()

    async def _hear(self, stream: EventStream) -> HarnessError | None:
        """Record what comes until the stream ends; say why it did, or nothing if it was cut from this side."""
        problem: HarnessError | None = None
        try:
            async with asyncio.timeout(None) as self._scope:
                await stream.listen(self._take)
        except TimeoutError:
            pass
        except RemoteProtocolError as error:
            problem = error
        finally:
            scope, self._scope = self._scope, None
        is_cut = scope is not None and scope.expired()
        self._after = stream.last_event_id or self._after
        self._heard.lost()
        reason = LOST if is_cut else stream.broken
        self._note(Dropped, reason=reason, unfinished=len(stream.unfinished))
        if is_cut:
            return None
        return problem or StreamInterrupted(
            after=stream.last_event_id or None, unfinished=stream.unfinished, reason=stream.broken
        )

    def _take(self, batch: Batch) -> None:
        earliest, at = max(0.0, batch.arrival.earliest - self._zero), batch.arrival.at - self._zero
        for frame in batch.frames:
            events = events_of(frame, earliest=earliest, at=at, conversation=self._conversation)
            first = events[0] if events else None
            if isinstance(first, Received) and self._heard.is_repeated(first.entry, first.raw or ""):
                continue
            for event in events:
                self._record(event)

    def _note(self, cls: type[Connected | Dropped | Resumed], **fields: object) -> None:
        at = self._now()
        self._record(cls.model_validate({"at": at, "earliest": at, **fields}))
