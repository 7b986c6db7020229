"""A conversation: the user's moves, the record of what happened, and expectations of it.

Here: what is the same whether a service answers (live.py) or a recording does (recorded.py): the words of a scenario,
its steps, the judging, the outcome. Nothing is consumed by looking: every expectation judges the same timeline.
"""

import builtins
import os
import sys
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import harness
from harness.client.miaw import MiawClient
from harness.errors import ExpectationFailed, HarnessError, Inconclusive, LocalProtocolError, RemoteProtocolError
from harness.events import (
    Acknowledged,
    Chose,
    Closed,
    Closing,
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
from harness.expectations.engine import Expectation, Judgement, Judging, Latency, Queues, Verdict
from harness.expectations.engine import Status as Judged
from harness.expectations.explanation import explain
from harness.expectations.patterns import One, Pattern, nearest, sequence
from harness.expectations.rules import DEFAULT, Severity, Violation, Waiver, check, explain_violation
from harness.expectations.settled import Settling
from harness.scenarios.outcome import Outcome, Status, Step
from harness.scenarios.privacy import redactor_of
from harness.timeline.timeline import Recorder, Timeline
from harness.user.persona import Persona

_PACKAGE = str(Path(harness.__file__).parent) + os.sep

AMove = TypeVar("AMove", bound=Move)

Request = Callable[[MiawClient], Awaitable[None]]
"""What a move asks of the service."""


@dataclass(slots=True)
class Taking:
    """A step while it is being taken.

    Attributes:
        title: What it will be called.
        is_move: Whether it is a move of the user; otherwise it is an expectation.
        moved: Place on the timeline of the move; None before it was made.
        events: Places on the timeline of the events that an expectation took.
    """

    title: str
    is_move: bool
    moved: int | None = None
    events: tuple[int, ...] = ()


class Conversation(ABC):
    """One conversation of one simulated user with a service under test, live or from a recording.

    Attributes:
        persona: Who talks.
        id: The conversation's id at the service.
        deployment: API name of the deployment it talks to.
    """

    def __init__(
        self,
        persona: Persona,
        *,
        id: str,  # noqa: A002 - the attribute's name
        name: str,
        target: str,
        deployment: str,
        within: float,
        opened_at: float,
    ) -> None:
        self.persona, self.id, self.deployment = persona, id, deployment
        self._name, self._target_name, self._within, self._opened_at = name, target, within, opened_at
        self._redactor = redactor_of(persona)
        self._recorder = Recorder()
        self._queues = Queues()
        self._steps: list[Step] = []
        self._captured: dict[str, tuple[str, ...]] = {}
        self._named: dict[str, int] = {}
        self._rules = DEFAULT
        self._anchor = 0.0
        self._begun = self._open = self._closing = self._closed = self._is_over = False
        self._broken: HarnessError | None = None

    # -- what is known ------------------------------------------------------------------------------------------------

    @property
    def timeline(self) -> Timeline:
        """Everything that has happened so far."""
        return self._recorder.timeline

    @property
    def outcome(self) -> Outcome:
        """What the conversation has come to so far, without tokens and personal data."""
        return Outcome(
            name=self._name,
            conversation=self.id,
            target=self._target_name,
            deployment=self.deployment,
            opened_at=self._opened_at,
            timeline=self._redactor.timeline(self.timeline),
            steps=tuple(self._steps),
            violations=tuple(
                replace(violation, what=self._redactor.shown(violation.what)) for violation in self.violations
            ),
        )

    def _record(self, event: Event) -> int:
        self._closed = self._closed or isinstance(event, Closed)
        return self._recorder.record(event)

    # -- what a service and a recording do in their own ways ----------------------------------------------------------

    @abstractmethod
    def _now(self) -> float:
        """Seconds on the timeline."""

    @abstractmethod
    async def _connect(self) -> None:
        """Get as far as hearing what the service says."""

    @abstractmethod
    def _approach(self, title: str) -> None:
        """A move is about to be made: nothing of what was known by then may be missing from the timeline."""

    @abstractmethod
    def _moved(self, step: Taking, cls: builtins.type[AMove], **fields: Any) -> AMove:
        """Note that a move is made now; bounds count from it."""

    @abstractmethod
    async def _sent(self, step: Taking, request: Request) -> None:
        """Hand a move to the network, and have it accepted."""

    @abstractmethod
    async def _verdict(self, judgement: Judging) -> Verdict:
        """Judge until it is decided."""

    @abstractmethod
    def _concluded(self) -> None:
        """The scenario is over: nothing of what was known by then may be missing from the timeline."""

    def _stepped(self, step: Step, taking: Taking, error: BaseException | None) -> None:  # noqa: B027 - may be nothing
        """A step is over."""

    @abstractmethod
    async def aclose(self) -> None:
        """Leave nothing behind, whatever the scenario did."""

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
        async with self._moving(f"open a conversation with {self.deployment}") as step:
            if self._begun:
                raise LocalProtocolError("this conversation was opened before; open another one")
            self._begun = True
            await self._connect()
            self._moved(step, Opened, conversation=self.id, deployment=self.deployment, attributes=attributes)
            tongue = language or self.persona.locale
            await self._sent(step, lambda client: client.create(self.id, attributes=attributes, language=tongue))
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
        async with self._moving(f"say {quoted(text, limit=80)}") as step:
            self._must_be_open("say something")
            move = self._moved(step, Said, message=str(uuid.uuid4()), text=text)
            entry = in_reply_to.entry if in_reply_to else None
            await self._sent(step, lambda client: client.send_text(self.id, move.message, text, in_reply_to=entry))
        return move

    async def choose(self, label: str) -> Chose:
        """Pick a choice of the latest message that offers one with this label.

        Raises:
            LocalProtocolError: The conversation is not open, or no message offers that choice.
            ServiceRefused, TargetUnreachable: The service did not take it.
        """
        async with self._moving(f"choose {quoted(label, limit=80)}") as step:
            self._must_be_open("choose something")
            message, value = self._choice(label)
            fields = {"label": label, "value": value, "in_reply_to": message.entry}
            move = self._moved(step, Chose, message=str(uuid.uuid4()), **fields)
            await self._sent(
                step, lambda client: client.send_choice(self.id, move.message, value, in_reply_to=message.entry)
            )
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
        async with self._moving("start typing" if started else "stop typing") as step:
            self._must_be_open("type")
            self._moved(step, Typed, started=started)
            await self._sent(step, lambda client: client.typing(self.id, started=started))

    async def acknowledge(self, how: Literal["delivered", "read"] = "read") -> None:
        """Acknowledge the messages of the other side that have not been, as delivered or as read."""
        async with self._moving(f"acknowledge as {how}") as step:
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
            self._moved(step, Acknowledged, how=how, entries=entries)
            await self._sent(step, lambda client: client.acknowledge(self.id, entries, how))

    async def end(self) -> None:
        """Leave the messaging session; the conversation stays open."""
        async with self._moving("end the session") as step:
            self._must_be_open("end the session")
            self._moved(step, Ended)
            await self._sent(step, lambda client: client.end_session(self.id))

    async def close(self) -> None:
        """Close the conversation: nobody can send any more."""
        async with self._moving("close the conversation") as step:
            self._must_be_open("close it")
            self._closing = True
            self._moved(step, Closing)
            await self._sent(step, lambda client: client.close(self.id))

    def _must_be_open(self, what: str) -> None:
        if self._broken is not None:
            raise self._broken
        if not self._open or self._closing:
            state = "has been closed" if self._closing else "is not open"
            raise LocalProtocolError(f"can't {what}: the conversation {state}")

    # -- expectations -------------------------------------------------------------------------------------------------

    async def expect(
        self,
        *patterns: Pattern,
        within: float | None = None,
        not_before: float = 0.0,
        never: Iterable[One] = (),
        others: Literal["account", "ignore", "forbid"] = "account",
        latencies: Iterable[Latency] = (),
    ) -> None:
        """Wait until the patterns, one after the other, have held.

        Args:
            patterns: What should happen; several are a sequence.
            within: Seconds from the user's last move; the target's default if not given.
            not_before: Seconds from that move before which it must not be complete.
            never: Events that must not come meanwhile.
            others: What an event of a named kind means that the patterns have no place for: it fails the block
                (`account`), is left out (`ignore`), or fails it whatever its kind (`forbid`).
            latencies: Bounds between two events of the block.

        Raises:
            ExpectationFailed: Something else happened, or not in time; the message explains itself.
            Inconclusive: The harness was too busy to tell whether the deadline was kept, or the recording can't tell.
            RemoteProtocolError: The event stream broke before it was decided.
            LocalProtocolError: The pattern can't be judged here, such as a receipt before anything was said.
        """
        caller = _caller()
        pattern = sequence(*patterns)
        async with self._step(f"expect {pattern}") as step:
            try:
                expectation = Expectation(
                    pattern,
                    self._within if within is None else within,
                    not_before=not_before,
                    never=tuple(never),
                    others=others,
                    latencies=tuple(latencies),
                )
                judgement = Judgement(expectation, self._queues, self.timeline, self._anchor)
            except ValueError as error:
                raise LocalProtocolError(str(error)) from error
            await self._judge(step, f"step {len(self._steps) + 1}, {caller}", expectation, judgement)

    async def _judge(self, step: Taking, block: str, expectation: Expectation, judgement: Judgement) -> None:
        """Have a block judged, note the events it took, and raise what it came to unless it held."""
        verdict = await self._verdict(judgement)
        step.events = tuple(taken.index for taken in verdict.taken)
        if verdict.status is Judged.HELD:
            self._named.update(verdict.named)
            for name in {name for binding in verdict.bindings for name in binding}:
                self._captured[name] = tuple(dict.fromkeys(one[name] for one in verdict.bindings if name in one))
            return
        told = explain(block, expectation, verdict, self.timeline, anchor=self._anchor)
        if verdict.status is Judged.INCONCLUSIVE:
            raise Inconclusive(told)
        if self._broken is not None:
            self._broken.add_note(self._redactor.shown(told))
            raise self._broken
        raise ExpectationFailed(told)

    async def settled(self, *, within: float | None = None) -> str:
        """Wait until the bot has finished: nobody types, nothing is streamed or routed, and it is silent.

        Args:
            within: Seconds from the user's last move; the target's default if not given.

        Returns:
            The evidence, such as "settled 1.4 s after the user's move: typing stopped, silence 0.9 s".

        Raises:
            ExpectationFailed: It has not finished in time; the message says what was still open.
        """
        caller = _caller()
        async with self._step("wait until the bot has finished"):
            settling = Settling(self._anchor, self._within if within is None else within)
            verdict = await self._verdict(settling)
            if verdict.status is not Judged.HELD:
                raise ExpectationFailed(f"step {len(self._steps) + 1}, {caller}: {settling.evidence}")
            return settling.evidence

    @property
    def captured(self) -> Mapping[str, str]:
        """What expectations so far have captured, by name.

        Raises:
            LocalProtocolError: On reading a name that is not captured, or on whose value readings disagree.
        """
        return _Captured(self._captured)

    def event(self, name: str) -> Event:
        """The event that an expectation called `name`.

        Raises:
            LocalProtocolError: No expectation that held has named one so.
        """
        if name not in self._named:
            raise LocalProtocolError(f"no event has been named {quoted(name)}{nearest(name, self._named)}")
        return self.timeline[self._named[name]]

    @property
    def unclaimed(self) -> tuple[Message, ...]:
        """The messages that no expectation has taken so far."""
        seen = self.timeline
        return tuple(
            event for event in map(seen.__getitem__, self._queues.unclaimed(seen)) if isinstance(event, Message)
        )

    # -- the end ------------------------------------------------------------------------------------------------------

    def waive(self, rule: str, *, because: str, severity: Severity | str = Severity.OFF) -> None:
        """Take a rule of the channel less seriously in this conversation; see docs/rules.md.

        Raises:
            LocalProtocolError: There is no such rule or severity, or no reason is given.
        """
        try:
            waiver = Waiver(rule, Severity(severity), because)
            self._rules = replace(self._rules, waivers=(*self._rules.waivers, waiver))
        except ValueError as error:
            raise LocalProtocolError(str(error)) from error

    def conclude(self) -> None:
        """Note that the scenario is over, whether it held or not; what comes from now on is nobody's concern."""
        if not self._is_over:
            self._is_over = True
            self._concluded()

    def verify(self) -> None:
        """Say what is wrong with the conversation though every expectation held, once the scenario is over.

        Raises:
            RemoteProtocolError: Events came that could not be read.
            ExpectationFailed: A rule of the channel was broken.
        """
        self.conclude()
        with self._private():
            self._verify_readable()
            broken = [violation for violation in self.violations if violation.severity is Severity.ERROR]
            if broken:
                seen = self.timeline
                told = "\n".join(explain_violation(violation, seen) for violation in broken)
                raise ExpectationFailed(f"{len(broken)} broken rules of the channel\n{told}")

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The rules of the channel that the conversation has broken so far."""
        return check(self.timeline, self._rules)

    def _verify_readable(self) -> None:
        unreadable = [event for event in self.timeline if isinstance(event, Unrecognised) and event.problem]
        if unreadable:
            listed = "".join(f"\n  {event.at:.3f} s  {event}" for event in unreadable)
            raise RemoteProtocolError(f"{len(unreadable)} events of the bot could not be read{listed}")

    # -- steps --------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _moving(self, title: str) -> AsyncIterator[Taking]:
        """A step that is a move of the user."""
        async with self._step(title, is_move=True) as taking:
            self._approach(taking.title)
            yield taking

    @asynccontextmanager
    async def _step(self, title: str, *, is_move: bool = False) -> AsyncIterator[Taking]:
        started, taking = self._now(), Taking(self._redactor.shown(title), is_move)
        status, message, raised = Status.PASSED, "", None
        try:
            with self._private():
                yield taking
        except BaseException as error:
            status = Status.FAILED if isinstance(error, ExpectationFailed) else Status.BROKEN
            message, raised = self._redactor.shown(str(error)) or type(error).__name__, error
            raise
        finally:
            step = Step(taking.title, started, self._now(), status, message, taking.events)
            self._steps.append(step)
            self._stepped(step, taking, raised)

    @contextmanager
    def _private(self) -> Iterator[None]:
        """What the harness complains of is told without tokens and personal data, wherever it will be printed."""
        try:
            yield
        except (ExpectationFailed, HarnessError) as error:
            error.args = (self._redactor.shown(str(error)),)
            raise


class _Captured(dict[str, str]):
    """Captured values by name; what can't be told is refused when it is asked for."""

    def __init__(self, values: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__({name: found[0] for name, found in values.items() if len(found) == 1})
        self._values = values

    def __missing__(self, name: str) -> str:
        found = self._values.get(name, ())
        if found:
            raise LocalProtocolError(f"{quoted(name)} was captured as {' and as '.join(map(quoted, found))}")
        raise LocalProtocolError(f"nothing has been captured as {quoted(name)}{nearest(name, self._values)}")


def _caller() -> str:
    """The scenario's function and line that is running: "test_greeting (suites/test_bot.py:12)"."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    file = Path(frame.f_code.co_filename)
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    return f"{frame.f_code.co_name} ({shown}:{frame.f_lineno})"
