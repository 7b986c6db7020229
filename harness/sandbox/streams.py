"""Event streams: a log for each end user, and the connections that read it.

Here: ids, replay, capability gating, pings, expiry, how a connection ends. Not here: what the events say (entries.py).

An event is encoded once, kept in its end user's log and handed to every open stream. The ids come from one counter for
the whole sandbox: in one stream they increase strictly, but with gaps, so no client learns to count on neighbours.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from itertools import islice
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from harness.protocols import sse

FIRST_EVENT_ID = 4_300_116
PING = sse.encode("0", event="ping")
KEPT_FOR = 60.0
"""Seconds that a log is kept when all conversations are closed and nobody listens, for a client that comes back."""
JWT_IS_EXPIRED = b"Jwt is expired"
"""Written raw, not as an event; seen in the field as the mark of the end (protocol notes, section 4.2)."""


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


class Stream:
    """What one connection is still to be sent; an asynchronous iterator of chunks, one an event."""

    def __init__(self, capabilities: int, *, most: int) -> None:
        self._capabilities, self._most = capabilities, most
        self._chunks: deque[bytes] = deque()
        self._ended = False
        self._waiter: asyncio.Future[None] | None = None
        self.cut = False
        """The connection is to be lost, not ended in good order."""

    def take(self, event: Logged) -> None:
        """Queue an event, if the client is able to understand it."""
        if event.since <= self._capabilities:
            self.push(event.chunk)

    def push(self, chunk: bytes) -> None:
        """Queue raw bytes; a stream whose client is too slow for its queue is lost."""
        if self._ended:
            return
        if len(self._chunks) >= self._most:
            self._chunks.clear()
            self.end(cut=True)
            return
        self._chunks.append(chunk)
        self._wake()

    def end(self, *, cut: bool = False) -> None:
        """Let nothing follow what is queued.

        Args:
            cut: Break the connection off then, instead of ending the response.
        """
        if not self._ended:
            self._ended, self.cut = True, cut
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            while self._chunks:
                yield self._chunks.popleft()
            if self._ended:
                return
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter


class Subject:
    """An end user: the log of everything that was to be told, and the streams that tell it.

    Args:
        ids: Where the ids of events come from.
        replay: How many events are kept for streams that resume.
        overlap: How many events a stream that resumes is told again.

    Attributes:
        streams: The open streams.
        open_conversations: How many conversations may still have something to tell.
    """

    def __init__(self, ids: EventIds, *, replay: int, overlap: int = 0) -> None:
        self._ids, self._overlap = ids, overlap
        self._log: deque[Logged] = deque(maxlen=replay)
        self._replay = replay
        self._was_streamed = False
        self.streams: set[Stream] = set()
        self.open_conversations = 0

    def tell(self, data: str, *, event: str | None = None, since: int = 0) -> Logged:
        """Log an event and send it to all open streams.

        Args:
            data: The data of the event.
            event: Its name.
            since: The capabilities version it needs.
        """
        logged = self.log(data, event=event, since=since)
        for stream in self.streams:
            stream.take(logged)
        return logged

    def log(self, data: str, *, event: str | None = None, since: int = 0) -> Logged:
        """Log an event without sending it; a stream that resumes gets it."""
        number = self._ids.next()
        logged = Logged(number, sse.encode(data, event=event, id=str(number)), since)
        self._log.append(logged)
        return logged

    def tell_raw(self, chunk: bytes) -> None:
        """Log bytes that somebody else has framed, and send them as they are."""
        logged = Logged(self._ids.next(), chunk, 0)
        self._log.append(logged)
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
        stream = Stream(capabilities, most=self._replay + 10_000)
        stream.push(PING)
        if after or not self._was_streamed:
            again = sum(event.id <= after for event in self._log) - self._overlap if after else 0
            for event in islice(self._log, max(0, again), None):
                stream.take(event)
        self._was_streamed = True
        self.streams.add(stream)
        return stream

    def drop(self, stream: Stream) -> None:
        """Let go of a stream whose connection is gone."""
        self.streams.discard(stream)
        asyncio.get_running_loop().call_later(KEPT_FOR, self._forget)

    def _forget(self) -> None:
        """Empty the log if nobody is going to ask for it any more, so that long runs don't grow."""
        if not self.streams and not self.open_conversations:
            self._log.clear()


class EventStream(Response):
    """The response that writes a stream; bare ASGI, since one event costs a third less than with StreamingResponse.

    It ends when the stream does, the client leaves, or the token expires.
    """

    media_type = "text/event-stream;charset=UTF-8"

    def __init__(
        self, stream: Stream, subject: Subject, *, ping_interval: float, expires: float, headers: dict[str, str]
    ) -> None:
        self.status_code, self.background = 200, None
        self.init_headers({**headers, "Cache-Control": "no-cache", "Content-Type": self.media_type})
        self._stream, self._subject = stream, subject
        self._ping_interval, self._expires = ping_interval, expires
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
                if self._stream.cut:
                    scope["state"]["hang_up"]()
                else:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    gone.cancel()
        finally:
            expiry.cancel()
            self._beat.cancel()
            self._subject.drop(self._stream)

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.end()

    def _ping(self) -> None:
        self._stream.push(PING)
        self._beat = asyncio.get_running_loop().call_later(self._ping_interval, self._ping)

    def _expire(self) -> None:
        self._stream.push(JWT_IS_EXPIRED)
        self._stream.end()
