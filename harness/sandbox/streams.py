"""Event streams: a log for each end user, and the connections that read it.

Here: ids, replay, capability gating, pings, expiry, how a connection ends. Not here: what the events say (entries.py).

An event is encoded once, kept in its end user's log and handed to every open stream. The ids come from one counter for
the whole sandbox: in one stream they increase strictly, but with gaps, so no client learns to count on neighbours.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import islice
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from harness.protocols import sse
from harness.sandbox import telling
from harness.sandbox.faults import PING
from harness.sandbox.lines import JWT_IS_EXPIRED, RESUMING, End, Line, Until
from harness.sandbox.plans import About, Plan

FIRST_EVENT_ID = 4_300_116
PING_CHUNK = sse.encode("0", event="ping")
KEPT_FOR = 60.0
"""Seconds that a log is kept when all conversations are closed and nobody listens, for a client that comes back."""


class EventIds:
    """The ids of one sandbox's events."""

    def __init__(self) -> None:
        self.last = FIRST_EVENT_ID

    def next(self) -> int:
        """Give an id larger than all before."""
        self.last += 1
        return self.last


class Logged(NamedTuple):
    """An event as it was put on the wire."""

    id: int
    chunk: bytes
    since: int
    """The capabilities version that a client needs to get it."""
    about: About | None = None
    """What it is, for the faults of connections; None if nobody asked."""


class Stream:
    """What one connection is still to be sent; an asynchronous iterator of chunks, one an event.

    Attributes:
        how: How the connection is to end.
        has_expired: Whether the token that it was opened with is to be good for nothing.
    """

    def __init__(self, capabilities: int, *, most: int, plan: Plan) -> None:
        self._capabilities, self._most = capabilities, most
        self._plan, self._line = plan, Line(self, plan)
        self._queue: deque[bytes | Until] = deque()
        self._ended = self._gone = False
        self._waiter: asyncio.Future[None] | None = None
        self.how: End = "end"
        self.has_expired = False

    def take(self, event: Logged) -> None:
        """Queue an event, if the client is able to understand it, or what faults make of it."""
        if event.since <= self._capabilities and not self._ended:
            if self._plan.armed:
                self._line.carry(event.chunk, event.about)
            else:
                self.push(event.chunk)

    def push(self, part: bytes | Until) -> None:
        """Queue raw bytes, or a wait; a stream whose client is too slow for its queue is lost."""
        if self._ended:
            return
        if len(self._queue) >= self._most:
            self._queue.clear()
            self.end("close")
            return
        self._queue.append(part)
        self._wake()

    def end(self, how: End = "end") -> None:
        """Let nothing follow what is queued."""
        if not self._ended:
            self._ended, self.how = True, how
        self._wake()

    def expire(self) -> None:
        """Let the token that it was opened with be good for nothing."""
        self.has_expired = True

    def leave(self) -> None:
        """Take note that nobody listens any more."""
        self._gone = True
        self._queue.clear()
        self.end()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            while self._queue:
                part = self._queue.popleft()
                if isinstance(part, Until):
                    await self._wait_until(part.at)
                else:
                    yield part
            if self._ended:
                return
            await self._woken()

    async def _wait_until(self, at: float) -> None:
        is_over = False

        def over() -> None:  # asked of the clock, it could be a hair too early
            nonlocal is_over
            is_over = True
            self._wake()

        timer = asyncio.get_running_loop().call_at(at, over)
        try:
            while not (is_over or self._gone):
                await self._woken()
        finally:
            timer.cancel()

    async def _woken(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter


class Subject:
    """An end user: the log of everything that was to be told, and the streams that tell it.

    Args:
        ids: Where the ids of events come from.
        replay: How many events are kept for streams that resume.
        overlap: How many events a stream that resumes is told again.
        plan: The faults that the end user meets; none if left out.

    Attributes:
        streams: The open streams, in the order in which they were opened.
        open_conversations: How many conversations may still have something to tell.
    """

    def __init__(self, ids: EventIds, *, replay: int, overlap: int = 0, plan: Plan | None = None) -> None:
        self._ids, self._overlap = ids, overlap
        self.plan = plan or Plan()
        self._log: deque[Logged] = deque(maxlen=replay)
        self._replay = replay
        self._was_streamed = False
        self.streams: dict[Stream, None] = {}
        self.open_conversations = 0

    def tell(self, data: str, *, event: str | None = None, since: int = 0) -> None:
        """Log an event and send it to all open streams, or what faults make of it.

        Args:
            data: The data of the event.
            event: Its name.
            since: The capabilities version it needs.
        """
        if not self.plan.armed:
            self._send(self.log(data, event=event, since=since))
            return
        for one in telling.told(self.plan, data, event):
            self._send(self.log(one.data, event=one.event, since=since, about=one.about))

    def log(self, data: str, *, event: str | None = None, since: int = 0, about: About | None = None) -> Logged:
        """Log an event without sending it; a stream that resumes gets it."""
        number = self._ids.next()
        logged = Logged(number, sse.encode(data, event=event, id=str(number)), since, about)
        self._log.append(logged)
        return logged

    def tell_raw(self, chunk: bytes) -> None:
        """Log bytes that somebody else has framed, and send them as they are, unless a connection fails them."""
        about = telling.about(self.plan, chunk) if self.plan.armed else None
        logged = Logged(self._ids.next(), chunk, 0, about)
        self._log.append(logged)
        self._send(logged)

    def _send(self, logged: Logged) -> None:
        for stream in self.streams:
            stream.take(logged)

    def open(self, capabilities: int, after: int | None) -> Stream:
        """Open a stream.

        Args:
            capabilities: The client's capabilities version.
            after: Id of the last event the client has seen. None or 0: everything since the token for the first stream
                of an end user, since clients that create a conversation first still get its greeting; only new events
                for later ones.
        """
        stream = Stream(capabilities, most=self._replay + 10_000, plan=self.plan)
        stream.take(Logged(0, PING_CHUNK, 0, About(PING, ("connect",))))
        if after or not self._was_streamed:
            for event in islice(self._log, self._position(after or 0), None):
                stream.take(event)
        self._was_streamed = True
        self.streams[stream] = None
        return stream

    def _position(self, after: int) -> int:
        """Give the place in the log from where on a stream is told."""
        if not after:
            return 0
        due = [armed.fault for armed in self.plan.due(RESUMING, About("resume", ("connect",)))]
        if any(fault.kind == "no_replay" for fault in due):
            return len(self._log)
        overlap = self._overlap + sum(fault.events or 0 for fault in due)
        return max(0, sum(event.id <= after for event in self._log) - overlap)

    def drop(self, stream: Stream) -> None:
        """Let go of a stream whose connection is gone."""
        self.streams.pop(stream, None)
        asyncio.get_running_loop().call_later(KEPT_FOR, self._forget)

    def _forget(self) -> None:
        """Empty the log if nobody is going to ask for it any more, so that long runs don't grow."""
        if not self.streams and not self.open_conversations:
            self._log.clear()


class EventStream(Response):
    """The response that writes a stream; bare ASGI, since one event costs a third less than with StreamingResponse.

    It ends when the stream does, the client leaves, or the token expires.

    Args:
        stream: The stream.
        subject: Whose it is.
        ping_interval: Seconds between two pings.
        expires: When its token does, in epoch seconds.
        expire: Makes its token good for nothing before that.
        headers: Headers of the answer.
    """

    media_type = "text/event-stream;charset=UTF-8"

    def __init__(
        self,
        stream: Stream,
        subject: Subject,
        *,
        ping_interval: float,
        expires: float,
        expire: Callable[[], None],
        headers: dict[str, str],
    ) -> None:
        self.status_code, self.background = 200, None
        self.init_headers({**headers, "Cache-Control": "no-cache", "Content-Type": self.media_type})
        self._stream, self._subject = stream, subject
        self._ping_interval, self._expires, self._expire_token = ping_interval, expires, expire
        self._beat: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until the end."""
        loop = asyncio.get_running_loop()
        self._beat = loop.call_later(self._ping_interval, self._ping)
        expiry = loop.call_later(max(0.0, self._expires - time.time()), self._expire)
        try:
            async with asyncio.TaskGroup() as tasks:
                gone = tasks.create_task(self._until_gone(receive))
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async for chunk in self._stream:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                if self._stream.has_expired:
                    self._expire_token()
                if self._stream.how == "end":
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    gone.cancel()
                else:
                    await scope["state"]["hang_up"](reset=self._stream.how == "reset")
        finally:
            expiry.cancel()
            self._beat.cancel()
            self._subject.drop(self._stream)

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.leave()

    def _ping(self) -> None:
        self._stream.take(Logged(0, PING_CHUNK, 0, About(PING)))
        self._beat = asyncio.get_running_loop().call_later(self._ping_interval, self._ping)

    def _expire(self) -> None:
        self._stream.push(JWT_IS_EXPIRED)
        self._stream.end()
