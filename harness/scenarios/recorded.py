"""A recorded conversation, held again: the same scenario, today's expectations, no service and no waiting.

The recording's log is played into the timeline bit by bit: up to the end of the next step for an expectation, which is
where the live one had looked; up to the next move for a move. So everything is seen as it was seen then, and the same
expectation comes to the same verdict in the same words. What the user had not yet done when an expectation was asked
stays out of sight: nobody knows what the other side would have done without it.
"""

import asyncio
import builtins
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.client.outgoing import File
from harness.client.rehearsal import Rehearsal
from harness.errors import LocalProtocolError
from harness.events import (
    Acknowledged,
    Attached,
    Chose,
    Closing,
    Event,
    Filled,
    Move,
    Opened,
    RepDid,
    Said,
    Typed,
    WentOffline,
)
from harness.expectations.engine import Judging, Verdict
from harness.expectations.engine import Status as Judged
from harness.scenarios.conversation import AMove, Conversation, Request, Taking
from harness.scenarios.outcome import Step
from harness.scenarios.privacy import Secrets
from harness.scenarios.recording import revived
from harness.timeline.archive import Concluded, Failure, Mark, Recording, Stepped, Stopped
from harness.timeline.timeline import Timeline
from harness.user.persona import Persona

_SAME: Mapping[builtins.type[Move], frozenset[str]] = {
    Opened: frozenset({"deployment", "attributes"}),
    Said: frozenset({"text"}),
    Chose: frozenset({"label"}),
    Filled: frozenset({"answers"}),
    Attached: frozenset({"name", "text"}),
    Typed: frozenset({"started"}),
    RepDid: frozenset({"what", "text"}),
    WentOffline: frozenset({"seconds"}),
    Acknowledged: frozenset({"how"}),
}
"""What makes two moves of a kind the same; their ids differ every time."""

_TURNS = 20
"""Turns of the event loop for other tasks of the scenario to make the next move."""


class RecordedConversation(Conversation):
    """A conversation whose other side is a recording.

    Args:
        persona: Who talked.
        recording: The conversation.
        deployment: API name of the deployment that the scenario asks for; the recorded one if empty.
        within: Seconds an expectation has where the scenario gives none; as recorded if None.
        strict: Whether a message that no expectation took fails the scenario, unless `open` says otherwise.
        secrets: What must not be written of the scenario; what is known of the persona by default.
    """

    def __init__(
        self,
        persona: Persona,
        recording: Recording,
        *,
        deployment: str = "",
        within: float | None = None,
        strict: bool = False,
        secrets: Secrets | None = None,
    ) -> None:
        header = recording.header
        super().__init__(
            persona,
            id=header.conversation,
            name=header.name,
            target=header.target,
            deployment=deployment or header.deployment,
            within=header.within if within is None else within,
            opened_at=header.opened_at,
            strict=strict,
            secrets=secrets,
        )
        self._recorded_at = str(recording.path)
        self._log = recording.log
        self._place = 0
        self._time = 0.0
        self._came_to_nothing: Failure | None = None
        self._steps_of = {entry.moved: entry for entry in recording.steps if entry.moved is not None}
        self._untold = [*recording.steps]

    # -- the log ------------------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._time

    def _play(self) -> Stepped | Concluded | None:
        """Play the log up to the next place at which somebody looked, but no move of the user.

        Returns:
            The mark of that place; None where a move or the end came first.
        """
        while (entry := self._next) is not None and not isinstance(entry, Move):
            self._place += 1
            if isinstance(entry, Event):
                self._record(entry)
                self._time = max(self._time, entry.at)
                continue
            self._recorder.complete_to(entry.horizon)
            if isinstance(entry, Stopped) and not entry.final:
                self._recorder.end(entry.why)
                self._broken = self._broken or (revived(entry.error) if entry.error else None)
            if isinstance(entry, Stepped):
                self._time = max(self._time, entry.ended)
            if isinstance(entry, Stepped | Concluded):
                return entry
        return None

    @property
    def _next(self) -> Event | Mark | None:
        return self._log[self._place] if self._place < len(self._log) else None

    def _stepped(self, step: Step, taking: Taking, error: BaseException | None) -> None:
        """A step that comes to what was recorded has taken as long as it did then."""
        told = step.title, str(step.status), tuple(step.events)
        for place, recorded in enumerate(self._untold):
            if (recorded.title, recorded.status, recorded.events) == told:
                self._steps[-1] = replace(step, started=recorded.started, ended=recorded.ended)
                del self._untold[place]
                return

    # -- moves --------------------------------------------------------------------------------------------------------

    async def _connect(self, beside: Conversation | None) -> None:
        self._fail_as_recorded()

    def _fail_as_recorded(self) -> None:
        if self._came_to_nothing is not None:
            raise revived(self._came_to_nothing)

    def _approach(self, title: str) -> None:
        self._came_to_nothing = None
        while (mark := self._play()) is not None:
            if isinstance(mark, Stepped) and mark.is_move and mark.moved is None and mark.title == title:
                self._came_to_nothing = mark.error
                return

    def _moved(self, step: Taking, cls: builtins.type[AMove], **fields: Any) -> AMove:
        self._fail_as_recorded()
        recorded = self._next
        made = cls(at=self._now(), earliest=self._now(), **fields)
        if not isinstance(recorded, Move) or (self._is_tidying(recorded) and cls is not Closing):
            raise self._changed("no further move was recorded", made)
        if not isinstance(recorded, cls) or not self._is_same(made, recorded):
            raise self._changed(f"the recorded user {_told(recorded)}", made)
        self._place += 1
        self._time = recorded.at
        self._anchor = recorded.at if recorded.starts_clock else self._anchor
        step.moved = self._record(recorded)
        return recorded

    def _is_tidying(self, move: Move) -> bool:
        """Whether the next recorded move is not the scenario's: the harness closed what the scenario had left open."""
        return isinstance(move, Closing) and len(self.timeline) not in self._steps_of

    def _is_same(self, made: Move, recorded: Move) -> bool:
        ours, theirs = self._redactor.event(made), self._redactor.event(recorded)  # tokens were not recorded
        return all(getattr(ours, name) == getattr(theirs, name) for name in _SAME.get(type(made), ()))

    def _changed(self, recorded: str, made: Move) -> LocalProtocolError:
        return LocalProtocolError(
            f"{recorded}, but the scenario's user {_told(made)}: the scenario has changed since; run it again"
        )

    async def _sent(self, step: Taking, request: Request) -> None:
        self._done(step)

    async def _staged(self, step: Taking, request: Callable[[Rehearsal], Awaitable[None]]) -> None:
        self._done(step)

    async def _cut(self, step: Taking, seconds: float | None) -> None:
        self._done(step)

    async def _take_up(self, step: Taking) -> None:
        self._done(step)

    def _done(self, step: Taking) -> None:
        """Play to the end of a move, and have it come to what it came to."""
        recorded = None if step.moved is None else self._steps_of.get(step.moved)
        if recorded is None:
            return
        while (mark := self._play()) is not None and mark is not recorded:
            pass
        if recorded.error is not None:
            raise revived(recorded.error)

    async def _file(self, path: Path) -> File:
        return File(path.name, "", b"")  # it need not be there any more, and the recorded move says what it was

    # -- judging ------------------------------------------------------------------------------------------------------

    async def _verdict(self, judgement: Judging) -> Verdict:
        while True:
            played = self._play()
            verdict = judgement.look(self.timeline)
            if verdict.status is not Judged.PENDING:
                return verdict
            if not played and not await self._moved_meanwhile():
                return self._undecided(judgement)

    def _undecided(self, judgement: Judging) -> Verdict:
        """What is said of a block that the recording does not decide: how far it came, and that nobody can tell."""
        ended = Timeline(tuple(self.timeline), horizon=self.timeline.horizon, ended="the recording ends")
        move, after = self._next, "s after the user's move, when it was still undecided; run the scenario again"
        if isinstance(move, Move) and not self._is_tidying(move):
            why = f"the recorded user {_told(move)} {move.at - self._anchor:.3f} {after}"
        else:
            why = f"the recording ends {max(0.0, self.timeline.horizon - self._anchor):.3f} {after}"
        return replace(judgement.look(ended), status=Judged.INCONCLUSIVE, doubts=(why,))

    async def _moved_meanwhile(self) -> bool:
        """Whether another task of the scenario makes the next move."""
        place = self._place
        for _ in range(_TURNS):
            if self._place != place:
                return True
            await asyncio.sleep(0)
        return False

    async def _pause(self, seconds: float) -> None:
        """What came meanwhile is played when somebody looks; a wait that was stopped is stopped here."""
        for entry in itertools.islice(self._log, self._place, None):
            if isinstance(entry, Stepped) and entry.title == f"wait {seconds:g} s" and entry.error is not None:
                raise revived(entry.error)
            if isinstance(entry, Move) or (isinstance(entry, Stepped) and not entry.title.startswith("wait ")):
                break

    # -- the end ------------------------------------------------------------------------------------------------------

    def _concluded(self) -> None:
        while (mark := self._play()) is not None and not isinstance(mark, Concluded):
            pass

    async def aclose(self) -> None:
        """Nothing was opened."""


def _told(move: Move) -> str:
    return f"{move} as {move.attributes}" if isinstance(move, Opened) and move.attributes else str(move)
