"""A first conversation with a target, step by step, to find out what is in the way of scenarios there.

Here: the steps, their times, what to fix. Not here: printing (cli/doctor.py), conversations that are judged (live.py).
"""

import asyncio
import socket
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

from harness.client.miaw import MiawClient
from harness.client.network import Network, trusting
from harness.client.stream import EventStream
from harness.client.target import Target
from harness.client.trouble import unreachable
from harness.errors import HarnessError, ServiceRefused, StreamInterrupted
from harness.events import Delivered, Echo, Event, Message, Read, Received
from harness.protocols.miaw.mapping import events_of

MOST_SKEW = 300.0
"""Seconds that two clocks may differ before it is told; those of tokens are commonly checked to the minute."""

_PORTS = {"http": 80, "https": 443}

AnEvent = TypeVar("AnEvent", bound=Event)


@dataclass(slots=True)
class Step:
    """What came of one step.

    Attributes:
        name: What was tried.
        told: What was found.
        took: Seconds it took, or from what led to it to what was waited for; None while it is taken.
        problem: What happened instead, and what to do about it; empty if it went well.
    """

    name: str
    told: str = ""
    took: float | None = None
    problem: str = ""


class _Stopped(Exception):  # noqa: N818 - caught below
    """A step failed that the others need."""


class FirstConversation:
    """Opens a conversation, is greeted, says something, and closes it again, whatever happened in between.

    Args:
        target: The service.
        tell: Is given every step once it is over.
        say: What is said.
        is_greeted: Whether the other side is to speak first.
    """

    def __init__(self, target: Target, tell: Callable[[Step], None], *, say: str, is_greeted: bool) -> None:
        self._target, self._tell, self._say, self._is_greeted = target, tell, say, is_greeted
        self._is_well = True

    async def hold(self) -> bool:
        """Go through the steps until one fails that the others need; say whether all went well."""
        with suppress(_Stopped):
            await self._reach()
            async with Network(self._target) as network:
                client = MiawClient(network, self._target)
                await self._introduce(client)
                async with self._listening(client, network) as heard:
                    await self._talk(client, heard)
        return self._is_well

    # -- the way there ------------------------------------------------------------------------------------------------

    async def _reach(self) -> None:
        """Look up the host, or that of the proxy, and connect to it."""
        parts = urlsplit(self._target.proxy or self._target.url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        whose = "proxy " if self._target.proxy else ""
        within = self._target.timeouts.connect
        async with self._step(f"{whose}name", within, f"{host} was not looked up") as step, _reaching(url):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            step.told = ", ".join(dict.fromkeys(str(one[4][0]) for one in found))
        async with self._step(f"{whose}connection", within, f"nothing answered at {url}") as step, _reaching(url):
            await _connected(host, port, None)
            step.told = f"port {port}"
        if parts.scheme == "https":
            async with self._step(f"{whose}TLS", within, f"{url} did not agree on TLS") as step, _reaching(url):
                step.told = await _connected(host, port, trusting(self._target.ca))

    async def _introduce(self, client: MiawClient) -> None:
        """Take a token, and compare the clocks."""
        async with self._step("token") as step:
            await client.authenticate()
            step.told = "for a guest" if self._target.identity is None else "for a verified customer"
        async with self._step("clock", is_needed=False) as step:
            step.told = "the service does not tell its time"
            if client.told_time is not None:
                step.told = _compared(time.time() - client.told_time)

    # -- the conversation ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _listening(self, client: MiawClient, network: Network) -> AsyncIterator["_Heard"]:
        """Open the event stream, and hear what comes on it until the block is left."""
        within = self._target.timeouts.first_event
        heard = _Heard(str(uuid.uuid4()), network.heartbeat.now)
        async with AsyncExitStack() as stack:
            async with self._step("event stream", within, "the service did not open the event stream") as step:
                stream = await stack.enter_async_context(client.events())
                step.told = "text/event-stream"
            listening = asyncio.create_task(heard.listen(stream), name="event stream of a first conversation")
            try:
                yield heard
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _talk(self, client: MiawClient, heard: "_Heard") -> None:
        within, url = self._target.within, self._target.url
        began = heard.now()
        async with self._step("conversation") as step:
            try:
                await client.create(heard.conversation, attributes={})
            except ServiceRefused:
                raise
            except BaseException:  # nobody knows whether it was created
                with suppress(HarnessError):
                    await client.close(heard.conversation)
                raise
            step.told = heard.conversation
        try:
            first = self._target.timeouts.first_event
            buffered = f"let nothing on the way to {url} hold back an answer of the type text/event-stream"
            async with self._step("first event", first, f"nothing came on the event stream; {buffered}") as step:
                event = await heard.first(Event)
                step.told, step.took = str(event), event.at - heard.began
            if self._is_greeted:
                await self._greeted(heard, began)
            said = str(uuid.uuid4())
            began = heard.now()
            async with self._step("send") as step:
                await client.send_text(heard.conversation, said, self._say)
                step.told = f"said {self._say!r}"
            async with self._step("echo", within, f"what was said did not come back; {buffered}") as step:
                echo = await heard.first(Echo, lambda echo: echo.entry == said)
                step.told, step.took = str(echo), echo.at - began
            otherwise = "nobody confirmed what was said; see whether anybody is there, and don't expect receipts if so"
            async with self._step("receipt", within, otherwise, is_needed=False) as step:
                receipt = await heard.first(Received, lambda event: isinstance(event, Delivered | Read))
                step.told, step.took = str(receipt), receipt.at - began
        finally:
            async with self._step("close"):
                await client.close(heard.conversation)

    async def _greeted(self, heard: "_Heard", began: float) -> None:
        otherwise = (
            f"nobody said anything; see whether the deployment {self._target.deployment!r} is published and routes to "
            "a bot or a queue that is open, or add --no-greeting if the user speaks first there"
        )
        async with self._step("first message", self._target.within, otherwise) as step:
            message = await heard.first(Message)
            step.told, step.took = str(message), message.at - began

    # -- steps --------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _step(
        self, name: str, within: float | None = None, otherwise: str = "", *, is_needed: bool = True
    ) -> AsyncIterator[Step]:
        """Take a step, and tell what came of it.

        Args:
            name: What it is called.
            within: Seconds it may take; what it does has a deadline of its own if None.
            otherwise: What has happened, and what to do, when they are over.
            is_needed: Whether nothing follows if it fails.

        Raises:
            _Stopped: It failed, and was needed.
        """
        step, started = Step(name), time.monotonic()
        try:
            async with asyncio.timeout(within):
                yield step
        except HarnessError as error:
            step.problem = str(error)
        except TimeoutError:
            what, _, advice = otherwise.partition("; ")
            step.problem = f"{what} within {within:g} s{advice and f'; {advice}'}"
        if step.took is None:
            step.took = time.monotonic() - started
        self._tell(step)
        if step.problem:
            self._is_well = False
            if is_needed:
                raise _Stopped


class _Heard:
    """What came on the event stream of a conversation.

    Attributes:
        conversation: Its id.
        now: Tells the time in which arrivals are told, in seconds.
        began: When the event stream was asked for.
    """

    def __init__(self, conversation: str, now: Callable[[], float]) -> None:
        self.conversation, self.now, self.began = conversation, now, now()
        self._events: list[Event] = []
        self._news = asyncio.Event()
        self._over: HarnessError | None = None

    async def listen(self, stream: EventStream) -> None:
        """Note every event, until the stream ends."""
        try:
            async for batch in stream.batches():
                for frame in batch.frames:
                    arrival = batch.arrival
                    self._events += events_of(
                        frame, earliest=arrival.earliest, at=arrival.at, conversation=self.conversation
                    )
                self._news.set()
            self._over = StreamInterrupted(after=stream.last_event_id or None, reason=stream.broken)
        except HarnessError as error:
            self._over = error
        self._news.set()

    async def first(self, kind: type[AnEvent], is_meant: Callable[[AnEvent], bool] = lambda _: True) -> AnEvent:
        """The first event of a kind, past ones included.

        Raises:
            HarnessError: The stream ended without.
        """
        while True:
            self._news.clear()
            for event in self._events:
                if isinstance(event, kind) and is_meant(event):
                    return event
            if self._over is not None:
                raise self._over
            await self._news.wait()


@asynccontextmanager
async def _reaching(url: str) -> AsyncIterator[None]:
    """Tell errors of sockets in words."""
    try:
        yield
    except TimeoutError:
        raise
    except OSError as error:
        raise unreachable(url, error) from error


async def _connected(host: str, port: int, context: ssl.SSLContext | None) -> str:
    """Connect and hang up; what was agreed on."""
    name = host if context else None
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    try:
        secured: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
        certificate = secured.getpeercert() if secured else None
        if secured is None or not certificate:
            return ""
        until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
        return f"{secured.version()}, certificate valid until {until:%Y-%m-%d}"
    finally:
        writer.transport.abort()


def _compared(skew: float) -> str:
    """How far this clock is from the other one.

    Args:
        skew: Seconds that this one is ahead.

    Raises:
        HarnessError: So far that it matters.
    """
    if abs(skew) < 1:
        return "that of this machine and the service's agree"
    told = f"{abs(skew):.0f} s" if abs(skew) < 120 else f"{abs(skew) / 60:.0f} minutes"
    where = f"this machine's clock is {told} {'ahead of' if skew > 0 else 'behind'} the service's"
    if abs(skew) > MOST_SKEW:
        raise HarnessError(f"{where}; set one of them right, or certificates and tokens are taken for expired")
    return where
