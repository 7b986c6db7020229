"""A conversation with a service: moves go over the network, and one task reads the event stream.

That task is the only one to record what the stream brings; moves and expectations run in the scenario's own task. Not
here: the words of a scenario and the judging (conversation.py).
"""

import asyncio
import builtins
import time
import uuid
from typing import Any

from harness.client.miaw import Exchange, MiawClient
from harness.client.network import Network
from harness.client.stream import EventStream
from harness.client.target import Target
from harness.errors import HarnessError, RemoteProtocolError, StreamInterrupted
from harness.events import Answered, Closing, Connected, Dropped, Event
from harness.expectations.engine import Judging, Verdict
from harness.expectations.engine import Status as Judged
from harness.protocols.miaw.mapping import events_of
from harness.scenarios.conversation import AMove, Conversation, Request, Taking
from harness.scenarios.outcome import Step
from harness.scenarios.recording import Recordings, failure_of
from harness.timeline.archive import Concluded, Mark, Moving, RecordingWriter, Stepped, Stopped
from harness.user.persona import Persona


class LiveConversation(Conversation):
    """One conversation of one simulated user with the service under test.

    Args:
        persona: Who talks.
        target: The service under test.
        network: The way there.
        deployment: API name of the deployment; the target's own if empty.
        name: What the conversation is called where there are several.
        recordings: Where it is recorded as it goes; nowhere by default.
    """

    def __init__(
        self,
        persona: Persona,
        target: Target,
        network: Network,
        *,
        deployment: str = "",
        name: str = "the conversation",
        recordings: Recordings | None = None,
    ) -> None:
        super().__init__(
            persona,
            id=str(uuid.uuid4()),
            name=name,
            target=target.name,
            deployment=deployment or target.deployment,
            within=target.within,
            opened_at=time.time(),
        )
        self._heartbeat = network.heartbeat
        self._zero = self._heartbeat.now()
        self._client = MiawClient(network, target, deployment=deployment, observe=self._observed)
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._recording: RecordingWriter | None = None
        if recordings is not None:
            self._recording = recordings.begin(
                persona,
                conversation=self.id,
                name=name,
                target=target.name,
                deployment=self.deployment,
                within=target.within,
                opened_at=self._opened_at,
            )

    # -- the record ---------------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._heartbeat.now() - self._zero

    def _record(self, event: Event) -> int:
        place = super()._record(event)
        self._news.set()
        if self._recording is not None:
            self._recording.event(event)
        return place

    def _complete(self) -> float:
        """Note how far the timeline is complete."""
        self._recorder.complete_to(self._heartbeat.complete - self._zero)
        return self.timeline.horizon

    def _mark(self, mark: Mark) -> None:
        if self._recording is not None:
            self._recording.mark(mark)

    def _observed(self, exchange: Exchange) -> None:
        at, took = exchange.ended - self._zero, exchange.ended - exchange.started
        self._record(Answered(at=at, earliest=at, operation=exchange.operation, status=exchange.status, took=took))

    def _stepped(self, step: Step, taking: Taking, error: BaseException | None) -> None:
        self._mark(
            Stepped(
                horizon=self.timeline.horizon,
                title=step.title,
                started=step.started,
                ended=step.ended,
                status=str(step.status),
                message=step.message,
                events=tuple(step.events),
                is_move=taking.is_move,
                moved=taking.moved,
                error=failure_of(error),
            )
        )

    # -- moves --------------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        await self._client.authenticate()
        connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read(connected), name=f"event stream of {self.id}")
        await connected

    def _approach(self, title: str) -> None:
        pass  # everything is recorded as it comes

    def _moved(self, step: Taking, cls: builtins.type[AMove], **fields: Any) -> AMove:
        self._mark(Moving(horizon=self._complete()))
        at = self._now()
        move = cls(at=at, earliest=at, **fields)
        self._anchor = at
        step.moved = self._record(move)
        return move

    async def _sent(self, step: Taking, request: Request) -> None:
        await request(self._client)

    # -- judging ------------------------------------------------------------------------------------------------------

    async def _verdict(self, judgement: Judging) -> Verdict:
        while True:
            self._news.clear()
            self._complete()
            verdict = judgement.look(self.timeline)
            if verdict.status is not Judged.PENDING:
                return verdict
            try:
                async with asyncio.timeout(verdict.due - self._now()):
                    await self._news.wait()
            except TimeoutError:
                await self._heartbeat.passed(self._zero + verdict.due)

    def _concluded(self) -> None:
        self._mark(Concluded(horizon=self._complete()))

    # -- the event stream -----------------------------------------------------------------------------------------

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
                        self._record(event)
        except RemoteProtocolError as error:
            problem = error
        at = self._now()
        self._record(Dropped(at=at, earliest=at, reason=stream.broken, unfinished=len(stream.unfinished)))
        after = stream.last_event_id or None
        self._dropped(problem or StreamInterrupted(after=after, unfinished=stream.unfinished, reason=stream.broken))

    def _dropped(self, error: HarnessError) -> None:
        self._recorder.end(why := "the event stream ended")
        if not self._closed:
            self._broken = error
        self._news.set()
        self._mark(Stopped(horizon=self.timeline.horizon, why=why, error=failure_of(self._broken)))

    # -- the end ------------------------------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """Leave nothing behind: close the conversation if the scenario did not, the event stream, and the recording."""
        try:
            if self._open and not self._closing:
                self._closing = True
                self._moved(Taking("", is_move=True), Closing)
                await self._client.close(self.id)
        except HarnessError:
            pass  # the service has gone or has closed it itself: what matters has been reported by then
        finally:
            horizon = self._complete()
            if self._reader is not None:
                self._reader.cancel()
                await asyncio.gather(self._reader, return_exceptions=True)
            self._recorder.end(why := "the scenario ended")
            if self._recording is not None:
                self._mark(Stopped(horizon=horizon, why=why, final=True))
                self._recording.close()
                self._recording = None
