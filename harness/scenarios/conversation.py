"""A conversation: the user's moves, the record of what comes back, and expectations of it.

One task reads the event stream and is the only one to record what it brings; moves and expectations run in the
scenario's own task. Nothing is consumed by looking: every expectation judges the same timeline.
"""

import asyncio
import builtins
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import harness
from harness.client.miaw import Exchange, MiawClient
from harness.client.network import Network
from harness.client.stream import EventStream
from harness.client.target import Target
from harness.errors import (
    ExpectationFailed,
    HarnessError,
    Inconclusive,
    LocalProtocolError,
    RemoteProtocolError,
    StreamInterrupted,
)
from harness.events import (
    Acknowledged,
    Answered,
    Chose,
    Closed,
    Closing,
    Connected,
    Dropped,
    Ended,
    Event,
    Message,
    Move,
    Opened,
    Said,
    Typed,
    Unrecognised,
)
from harness.events.text import quoted
from harness.expectations.engine import Expectation, Judgement, Queues, Verdict
from harness.expectations.engine import Status as Judged
from harness.expectations.explanation import explain
from harness.expectations.patterns import Pattern, sequence
from harness.protocols.miaw.mapping import events_of
from harness.scenarios.outcome import Outcome, Status, Step
from harness.timeline.timeline import Recorder, Timeline
from harness.user.persona import Persona

_PACKAGE = str(Path(harness.__file__).parent) + os.sep

AMove = TypeVar("AMove", bound=Move)


class _Taking:
    """A step while it is being taken."""

    events: tuple[int, ...] = ()


class Conversation:
    """One conversation of one simulated user with the service under test.

    Attributes:
        persona: Who talks.
        id: The conversation's id at the service.
    """

    def __init__(
        self,
        persona: Persona,
        target: Target,
        network: Network,
        *,
        deployment: str = "",
        name: str = "",
    ) -> None:
        self.persona = persona
        self.id = str(uuid.uuid4())
        self._name = name
        self._target = target
        self._heartbeat = network.heartbeat
        self._client = MiawClient(network, target, deployment=deployment, observe=self._observed)
        self._recorder = Recorder()
        self._zero = self._heartbeat.now()
        self._opened_at = time.time()
        self._anchor = 0.0
        self._queues = Queues()
        self._steps: list[Step] = []
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._open = self._closing = self._closed = False
        self._broken: HarnessError | None = None

    # -- what is known ----------------------------------------------------------------------------------------------

    @property
    def timeline(self) -> Timeline:
        """Everything that has happened so far."""
        return self._recorder.timeline

    @property
    def outcome(self) -> Outcome:
        """What the conversation has come to so far."""
        return Outcome(
            name=self._name or self.persona.name,
            conversation=self.id,
            target=self._target.name,
            deployment=self._client.deployment,
            opened_at=self._opened_at,
            timeline=self.timeline,
            steps=tuple(self._steps),
        )

    def _now(self) -> float:
        return self._heartbeat.now() - self._zero

    def _record(self, event: Event) -> None:
        self._recorder.record(event)
        self._news.set()

    def _observed(self, exchange: Exchange) -> None:
        at, took = exchange.ended - self._zero, exchange.ended - exchange.started
        self._record(Answered(at=at, earliest=at, operation=exchange.operation, status=exchange.status, took=took))

    # -- moves of the user --------------------------------------------------------------------------------------------

    async def open(self, *, prechat: Mapping[str, str] | None = None, language: str | None = None) -> Self:
        """Take a token, open the event stream, create the conversation.

        Args:
            prechat: Pre-chat and hidden pre-chat values, sent as routing attributes.
            language: Locale such as `en_US`; the persona's by default.

        Raises:
            TargetUnreachable: Nobody answered at the target's address.
            ServiceRefused: The service said no.
            RemoteProtocolError: What answered is not the service.
        """
        attributes = dict(prechat or {})
        async with self._step(f"open a conversation with {self._client.deployment}"):
            if self._reader is not None:
                raise LocalProtocolError("this conversation was opened before; open another one")
            await self._client.authenticate()
            connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._reader = asyncio.create_task(self._read(connected), name=f"event stream of {self.id}")
            await connected
            self._moved(Opened, conversation=self.id, deployment=self._client.deployment, attributes=attributes)
            await self._client.create(self.id, attributes=attributes, language=language or self.persona.locale)
            self._open = True
        return self

    async def say(self, text: str, *, in_reply_to: Message | None = None) -> Said:
        """Send a text.

        Returns:
            The move; receipts can be expected `of` it.

        Raises:
            LocalProtocolError: The conversation is not open.
            ServiceRefused, TargetUnreachable: The service did not take it.
        """
        async with self._step(f"say {quoted(text, limit=80)}"):
            self._must_be_open("say something")
            move = self._moved(Said, message=str(uuid.uuid4()), text=text)
            entry = in_reply_to.entry if in_reply_to else None
            await self._client.send_text(self.id, move.message, text, in_reply_to=entry)
        return move

    async def choose(self, label: str) -> Chose:
        """Pick a choice of the latest message that offers one with this label.

        Raises:
            LocalProtocolError: The conversation is not open, or no message offers that choice.
            ServiceRefused, TargetUnreachable: The service did not take it.
        """
        async with self._step(f"choose {quoted(label, limit=80)}"):
            self._must_be_open("choose something")
            message, value = self._choice(label)
            move = self._moved(Chose, message=str(uuid.uuid4()), label=label, value=value, in_reply_to=message.entry)
            await self._client.send_choice(self.id, move.message, value, in_reply_to=message.entry)
        return move

    def _choice(self, label: str) -> tuple[Message, str]:
        offers = [event for event in self.timeline if isinstance(event, Message) and event.options]
        for message in reversed(offers):
            for option in message.options:
                if option.label == label:
                    return message, option.value
        offered = ", ".join(quoted(choice) for choice in offers[-1].choices) if offers else ""
        raise LocalProtocolError(
            f"can't choose {quoted(label)}: "
            + (f"the last choices offered were {offered}" if offered else "no choices have been offered")
        )

    async def type(self, *, started: bool = True) -> None:
        """Start typing, or stop (`started=False`)."""
        async with self._step("start typing" if started else "stop typing"):
            self._must_be_open("type")
            self._moved(Typed, started=started)
            await self._client.typing(self.id, started=started)

    async def acknowledge(self, how: Literal["delivered", "read"] = "read") -> None:
        """Acknowledge the messages of the other side that have not been, as delivered or as read."""
        async with self._step(f"acknowledge as {how}"):
            self._must_be_open("acknowledge messages")
            done = {
                entry
                for event in self.timeline
                if isinstance(event, Acknowledged) and event.how == how
                for entry in event.entries
            }
            entries = tuple(
                event.entry for event in self.timeline if isinstance(event, Message) and event.entry not in done
            )
            if not entries:
                raise LocalProtocolError(f"there is no message of the other side to acknowledge as {how}")
            self._moved(Acknowledged, how=how, entries=entries)
            await self._client.acknowledge(self.id, entries, how)

    async def end(self) -> None:
        """Leave the messaging session; the conversation stays open."""
        async with self._step("end the session"):
            self._must_be_open("end the session")
            self._moved(Ended)
            await self._client.end_session(self.id)

    async def close(self) -> None:
        """Close the conversation: nobody can send any more."""
        async with self._step("close the conversation"):
            self._must_be_open("close it")
            self._closing = True
            self._moved(Closing)
            await self._client.close(self.id)

    def _must_be_open(self, what: str) -> None:
        if self._broken is not None:
            raise self._broken
        if not self._open or self._closing:
            state = "has been closed" if self._closing else "is not open"
            raise LocalProtocolError(f"can't {what}: the conversation {state}")

    def _moved(self, cls: builtins.type[AMove], **fields: Any) -> AMove:
        at = self._now()
        move = cls(at=at, earliest=at, **fields)
        self._anchor = at
        self._record(move)
        return move

    # -- expectations -------------------------------------------------------------------------------------------------

    async def expect(self, *patterns: Pattern, within: float | None = None) -> None:
        """Wait until the patterns, one after the other, have held.

        Args:
            patterns: What should happen; several are a sequence.
            within: Seconds from the user's last move; the target's default if not given.

        Raises:
            ExpectationFailed: Something else happened, or not in time; the message explains itself.
            Inconclusive: The harness was too busy to tell whether the deadline was kept.
            RemoteProtocolError: The event stream broke before it was decided.
            LocalProtocolError: The pattern can't be judged here, such as a receipt before anything was said.
        """
        caller = _caller()
        pattern = sequence(*patterns)
        async with self._step(f"expect {pattern}") as step:
            try:
                expectation = Expectation(pattern, self._target.within if within is None else within)
                judgement = Judgement(expectation, self._queues, self.timeline, self._anchor)
            except ValueError as error:
                raise LocalProtocolError(str(error)) from error
            verdict = await self._verdict(judgement)
            step.events = tuple(taken.index for taken in verdict.taken)
            if verdict.status is Judged.HELD:
                return
            block = f"step {len(self._steps) + 1}, {caller}"
            told = explain(block, expectation, verdict, self.timeline, anchor=self._anchor)
            if verdict.status is Judged.INCONCLUSIVE:
                raise Inconclusive(told)
            if self._broken is not None:
                self._broken.add_note(told)
                raise self._broken
            raise ExpectationFailed(told)

    async def _verdict(self, judgement: Judgement) -> Verdict:
        while True:
            self._news.clear()
            self._recorder.complete_to(self._heartbeat.complete - self._zero)
            verdict = judgement.look(self.timeline)
            if verdict.status is not Judged.PENDING:
                return verdict
            try:
                async with asyncio.timeout(verdict.deadline - self._now()):
                    await self._news.wait()
            except TimeoutError:
                await self._heartbeat.passed(self._zero + verdict.deadline)

    # -- the record -----------------------------------------------------------------------------------------------

    async def _read(self, connected: asyncio.Future[None]) -> None:
        """Record what the event stream brings, until it ends; owns the stream from opening to closing."""
        try:
            async with self._client.events() as stream:
                at = self._now()
                self._record(Connected(at=at, earliest=at))
                if not connected.done():
                    connected.set_result(None)
                await self._record_all(stream)
        except (HarnessError, OSError) as error:
            if not connected.done():
                connected.set_exception(error)
            elif isinstance(error, HarnessError):
                self._dropped(error)

    async def _record_all(self, stream: EventStream) -> None:
        problem: HarnessError | None = None
        try:
            async for batch in stream.batches():
                earliest, at = max(0.0, batch.arrival.earliest - self._zero), batch.arrival.at - self._zero
                for frame in batch.frames:
                    for event in events_of(frame, earliest=earliest, at=at, conversation=self.id):
                        self._closed = self._closed or isinstance(event, Closed)
                        self._record(event)
        except RemoteProtocolError as error:
            problem = error
        at = self._now()
        self._record(Dropped(at=at, earliest=at, reason=stream.broken, unfinished=len(stream.unfinished)))
        after = stream.last_event_id or None
        self._dropped(problem or StreamInterrupted(after=after, unfinished=stream.unfinished, reason=stream.broken))

    def _dropped(self, error: HarnessError) -> None:
        self._recorder.end("the event stream ended")
        if not self._closed:
            self._broken = error
        self._news.set()

    # -- the end ------------------------------------------------------------------------------------------------------

    def verify(self) -> None:
        """Say what is wrong with the conversation though every expectation held.

        Raises:
            RemoteProtocolError: Events came that could not be read.
        """
        unreadable = [event for event in self.timeline if isinstance(event, Unrecognised) and event.problem]
        if unreadable:
            listed = "".join(f"\n  {event.at:.3f} s  {event}" for event in unreadable)
            raise RemoteProtocolError(f"{len(unreadable)} events of the bot could not be read{listed}")

    async def aclose(self) -> None:
        """Leave nothing behind: close the conversation if the scenario did not, and the event stream."""
        try:
            if self._open and not self._closing:
                self._closing = True
                self._moved(Closing)
                await self._client.close(self.id)
        except HarnessError:
            pass  # the service has gone or has closed it itself: what matters has been reported by then
        finally:
            if self._reader is not None:
                self._reader.cancel()
                await asyncio.gather(self._reader, return_exceptions=True)
            self._recorder.end("the scenario ended")

    @asynccontextmanager
    async def _step(self, title: str) -> AsyncIterator[_Taking]:
        started, taking = self._now(), _Taking()
        status, message = Status.PASSED, ""
        try:
            yield taking
        except BaseException as error:
            status = Status.FAILED if isinstance(error, ExpectationFailed) else Status.BROKEN
            message = str(error) or type(error).__name__
            raise
        finally:
            self._steps.append(Step(title, started, self._now(), status, message, taking.events))


def _caller() -> str:
    """The scenario's function and line that is running: "test_greeting (suites/test_bot.py:12)"."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    file = Path(frame.f_code.co_filename)
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    return f"{frame.f_code.co_name} ({shown}:{frame.f_lineno})"
