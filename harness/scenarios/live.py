"""A conversation with a service: moves go over the network, and one task reads the event stream.

Moves and expectations run in the scenario's own task. Not here: the words of a scenario and the judging
(conversation.py), the event stream (listening.py).
"""

import asyncio
import builtins
import mimetypes
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from harness.client.exchange import Exchange, Requests
from harness.client.miaw import MiawClient
from harness.client.network import Network
from harness.client.outgoing import File
from harness.client.rehearsal import Rehearsal
from harness.client.target import Target
from harness.errors import HarnessError, LocalProtocolError, ServiceRefused, is_passing
from harness.events import Answered, Closing, Event, Message
from harness.expectations.engine import Judging, Verdict
from harness.expectations.engine import Status as Judged
from harness.scenarios.acknowledging import Acknowledging
from harness.scenarios.bell import Bell
from harness.scenarios.conversation import AMove, Conversation, Request, Taking
from harness.scenarios.ledger import Ledger
from harness.scenarios.listening import Listening
from harness.scenarios.outcome import Step
from harness.scenarios.privacy import People, Secrets
from harness.scenarios.recording import Recordings, failure_of
from harness.scenarios.watching import Watching
from harness.timeline.archive import Concluded, Mark, Met, Moving, RecordingWriter, Stepped, Stopped
from harness.user.persona import Persona

_CLOSING_AGAIN = (0.5, 1.0, 2.0)
"""Seconds until another attempt to close a conversation, where the service says that it can't just now."""


class LiveConversation(Conversation):
    """One conversation of one simulated user with the service under test.

    Args:
        persona: Who talks.
        target: The service under test.
        network: The way there.
        deployment: API name of the deployment; the target's own if empty.
        name: What the conversation is called where there are several.
        recordings: Where it is recorded as it goes; nowhere by default.
        strict: Whether a message that no expectation took fails the scenario, unless `open` says otherwise.
        turn: Awaited before every message of the user, to keep to the target's limits.
        ledger: Where it is noted as long as it is open; nowhere by default.
        secrets: What must not be written of the scenario; what is known of the persona by default.
    """

    __slots__ = (
        *("_wait_for_turn", "_ledger", "_network", "_target", "_heartbeat", "_zero", "_client"),
        *("_acknowledging", "_news", "_watching", "_listening", "_recording", "_introduced"),
    )

    def __init__(
        self,
        persona: Persona,
        target: Target,
        network: Network,
        *,
        deployment: str = "",
        name: str = "the conversation",
        recordings: Recordings | None = None,
        strict: bool = False,
        turn: Callable[[], Awaitable[None]] | None = None,
        ledger: Ledger | None = None,
        secrets: Secrets | None = None,
    ) -> None:
        super().__init__(
            persona,
            id=str(uuid.uuid4()),
            name=name,
            target=target.name,
            deployment=deployment or target.deployment,
            within=target.within,
            opened_at=time.time(),
            strict=strict,
            secrets=secrets,
        )
        self._wait_for_turn, self._ledger = turn, ledger
        self._network, self._target = network, target
        self._heartbeat = network.heartbeat
        self._zero = self._heartbeat.now()
        self._client = MiawClient(network, target, deployment=deployment, observe=self._observed)
        self._acknowledges = target.acknowledge
        self._acknowledging: Acknowledging | None = None
        self._news = Bell()
        self._watching: Watching | None = None
        self._listening = Listening(
            self._client,
            self.id,
            zero=self._zero,
            now=self._now,
            record=self._record,
            over=self._over,
            is_over=lambda: self._closed,
            silence=target.timeouts.silence,
            reconnect=target.reconnect,
            passed=self._passed,
        )
        self._recording: RecordingWriter | None = None
        self._introduced: People = (("", persona),)
        if recordings is not None:
            self._recording = recordings.begin(
                persona,
                lambda: self._redactor,
                conversation=self.id,
                name=name,
                target=target.name,
                deployment=self.deployment,
                within=target.within,
                opened_at=self._opened_at,
            )
            self._recorded_at, self._looked = str(self._recording.path), self._recording.looked

    # -- the record ---------------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._heartbeat.now() - self._zero

    def _record(self, event: Event) -> int:
        place = super()._record(event)
        if isinstance(event, Message) and not self._closing:
            self._acknowledge(event.entry)
        if self._watching is None or self._watching.is_news(self.timeline):
            self._news.ring()
        if self._recording is not None:
            if self._secrets.people != self._introduced:
                self._introduce(self._recording)
            self._recording.event(event)
        return place

    def _introduce(self, recording: RecordingWriter) -> None:
        """Note who has come into the scenario."""
        known, self._introduced = dict(self._introduced), self._secrets.people
        for name, somebody in self._introduced:
            if known.get(name) != somebody:
                recording.mark(
                    Met(horizon=self.timeline.horizon, name=name, seed=somebody.seed, locale=somebody.locale)
                )

    def _acknowledge(self, entry: str) -> None:
        if self._acknowledges == "none":
            return
        if self._acknowledging is None:
            self._acknowledging = Acknowledging(
                self._client, self.id, self._acknowledges, now=self._now, record=self._record
            )
        self._acknowledging.hear(entry)

    def _complete(self) -> float:
        """Note how far the timeline is complete."""
        self._recorder.complete_to(self._heartbeat.complete - self._zero)
        return self.timeline.horizon

    def _mark(self, mark: Mark) -> None:
        if self._recording is not None:
            self._recording.mark(mark)

    def _observed(self, exchange: Exchange) -> None:
        at, took = exchange.ended - self._zero, exchange.ended - exchange.started
        self._record(
            Answered(
                at=at,
                earliest=at,
                operation=exchange.operation,
                status=exchange.status,
                took=took,
                method=exchange.method,
                path=exchange.path,
                headers=dict(exchange.headers),
                sent=exchange.sent,
                told=dict(exchange.told),
                got=exchange.got,
            )
        )

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

    async def _passed(self, instant: float) -> None:
        await self._heartbeat.passed(self._zero + instant)

    # -- moves --------------------------------------------------------------------------------------------------------

    async def _connect(self, beside: Conversation | None) -> None:
        if isinstance(beside, LiveConversation):
            await self._client.continue_from(beside._client)
        else:
            await self._client.authenticate()
        self._secrets.learn(self._client.token)
        await self._listening.open()
        if self._ledger is not None:
            self._ledger.opened(self.id, deployment=self.deployment, token=self._client.token)

    def _approach(self, title: str) -> None:
        pass  # everything is recorded as it comes

    def _moved(self, step: Taking, cls: builtins.type[AMove], **fields: Any) -> AMove:
        self._mark(Moving(horizon=self._complete()))
        at = self._now()
        move = cls(at=at, earliest=at, **fields)
        self._anchor = at if move.starts_clock else self._anchor
        step.moved = self._record(move)
        return move

    async def _turn(self) -> None:
        if self._wait_for_turn is not None:
            await self._wait_for_turn()

    async def _sent(self, step: Taking, request: Request) -> None:
        await request(self._client)

    async def _staged(self, step: Taking, request: Callable[[Rehearsal], Awaitable[None]]) -> None:
        await request(Rehearsal(Requests(self._network, self._observed), self._target))

    async def _cut(self, step: Taking, seconds: float | None) -> None:
        await self._listening.drop(seconds)

    async def _take_up(self, step: Taking) -> None:
        await self._listening.resume()

    async def _file(self, path: Path) -> File:
        return await asyncio.to_thread(_read, path)

    # -- judging ------------------------------------------------------------------------------------------------------

    async def _verdict(self, judgement: Judging) -> Verdict:
        watching = Watching(judgement, self._news)
        alarm: asyncio.TimerHandle | None = None
        try:
            while True:
                self._news.silence()
                self._complete()
                verdict = watching.look(self.timeline)
                if verdict.status is not Judged.PENDING:
                    return verdict
                if verdict.due != watching.due:  # it seldom is, and a timer for every event costs as much as judging it
                    if alarm is not None:
                        alarm.cancel()
                    watching.due, watching.rang = verdict.due, False
                    left = max(0.0, verdict.due - self._now())
                    alarm = asyncio.get_running_loop().call_later(left, watching.ring)
                self._watching = watching
                await self._news.wait()
                self._watching = None
                if watching.rang or self._now() >= verdict.due:  # a loop rings by a clock of its own, maybe ahead
                    await self._passed(verdict.due)
                    watching.due = None
        finally:
            self._watching = None
            if alarm is not None:
                alarm.cancel()

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._complete()

    def _concluded(self) -> None:
        self._mark(Concluded(horizon=self._complete()))

    # -- the event stream -----------------------------------------------------------------------------------------

    def _over(self, error: HarnessError) -> None:
        """The event stream has ended for good."""
        self._recorder.end(why := "the event stream ended")
        if not self._closed:
            self._broken = error
        self._news.ring()
        self._mark(Stopped(horizon=self.timeline.horizon, why=why, error=failure_of(self._broken)))

    # -- the end ------------------------------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """Leave nothing behind: close the conversation if the scenario did not, the event stream, and the recording."""
        try:
            if self._acknowledging is not None:
                await self._acknowledging.close()
            if self._open and (not self._closing or self._client.has_expired):
                self._closing = True
                self._client.restore()
                self._moved(Taking("", is_move=True), Closing)
                await self._close()
            if self._ledger is not None:
                self._ledger.closed(self.id)
        except HarnessError:
            pass  # the service has gone: what matters has been reported by then, and the next run closes it
        finally:
            horizon = self._complete()
            await self._listening.close()
            self._recorder.end(why := "the scenario ended")
            if self._recording is not None:
                self._mark(Stopped(horizon=horizon, why=why, final=True))
                self._recording.close()
                self._recording = None

    async def _close(self) -> None:
        """Close it, or see that the service has closed it itself."""
        waits = [*_CLOSING_AGAIN]
        while True:
            try:
                return await self._client.close(self.id)
            except ServiceRefused as refused:
                if not is_passing(refused):
                    return
                if not waits:
                    raise
                await asyncio.sleep(waits.pop(0))


def _read(path: Path) -> File:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LocalProtocolError(
            f"can't attach {path}: {error.strerror or error}; paths start at {Path.cwd()}"
        ) from error
    return File(path.name, mimetypes.guess_type(path.name)[0] or "application/octet-stream", content)
