"""A conversation: the user's moves, the record of what happened, and expectations of it.

Here: what is the same whether a service answers (live.py) or a recording does (recorded.py): the words of a scenario,
its steps, the judging, the outcome. Nothing is consumed by looking: every expectation judges the same timeline.
"""

import builtins
import os
import sys
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import harness
from harness.client.miaw import MiawClient
from harness.client.outgoing import File
from harness.client.rehearsal import Rehearsal
from harness.documents import nearest
from harness.errors import (
    ExpectationFailed,
    HarnessError,
    Inconclusive,
    LocalProtocolError,
    RemoteProtocolError,
    ServiceRefused,
    is_passing,
)
from harness.events import (
    Acknowledged,
    Attached,
    Chose,
    Closed,
    Closing,
    Ended,
    Event,
    Expired,
    Filled,
    Message,
    Move,
    Opened,
    RepDid,
    Resumed,
    Said,
    Typed,
    Unrecognised,
    WentOffline,
    WentOnline,
)
from harness.events.text import quoted
from harness.expectations.block import Expectation, Latency
from harness.expectations.building import any_of, sequence
from harness.expectations.engine import Judgement, Judging, Queues, Verdict
from harness.expectations.engine import Status as Judged
from harness.expectations.explanation import explain
from harness.expectations.patterns import One, Pattern
from harness.expectations.rules import DEFAULT, Severity, Violation, Waiver, check, explain_violation
from harness.expectations.settled import Settling
from harness.scenarios.heard import lost_stream
from harness.scenarios.outcome import Outcome, Status, Step
from harness.scenarios.privacy import Secrets
from harness.scenarios.rep import Rep
from harness.timeline.pieces import Looked, redacted
from harness.timeline.redaction import Redactor
from harness.timeline.timeline import Recorder, Timeline
from harness.timeline.transcript import line
from harness.user.choosing import choice, told
from harness.user.forms import fill_in
from harness.user.persona import Persona

_PACKAGE = str(Path(harness.__file__).parent) + os.sep

_UNCLAIMED_SHOWN = 40
"""Unclaimed messages shown in a failure; the others are counted."""

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
        where: Where the scenario stands, such as "suites/orders.scenario.yaml:12"; the line of Python if empty.
    """

    __slots__ = (  # for thousands of them, each with more attributes than a class can share
        *("persona", "id", "deployment", "where", "_name", "_target_name", "_within", "_opened_at", "_secrets"),
        *("_recorder", "_recorded_at", "_looked", "_queues", "_failed", "_let_go", "_steps", "_captured", "_named"),
        *("_rules", "_checked", "_strict", "_all_held", "_acknowledges", "_anchor", "_broken"),
        *("_begun", "_open", "_closing", "_closed", "_final", "_is_offline"),
    )

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
        strict: bool,
        secrets: Secrets | None = None,
    ) -> None:
        self.persona, self.id, self.deployment, self.where = persona, id, deployment, ""
        self._name, self._target_name, self._within, self._opened_at = name, target, within, opened_at
        self._secrets = secrets or Secrets(persona)
        self._recorder = Recorder()
        self._recorded_at = ""
        self._looked: Looked | None = None
        self._queues = Queues()
        self._failed: tuple[Judgement, Verdict] | None = None
        self._let_go: list[Judgement] = []
        self._steps: list[Step] = []
        self._captured: dict[str, tuple[str, ...]] = {}
        self._named: dict[str, int] = {}
        self._rules = DEFAULT
        self._checked: tuple[object, tuple[Violation, ...]] | None = None
        self._strict, self._all_held = strict, True
        self._acknowledges: Literal["none", "delivered", "read"] = "none"
        self._anchor = 0.0
        self._begun = self._open = self._closing = self._closed = self._is_offline = False
        self._final: Timeline | None = None
        self._broken: HarnessError | None = None

    # -- what is known ------------------------------------------------------------------------------------------------

    @property
    def _redactor(self) -> Redactor:
        """What takes out what must not be written, as far as it is known by now."""
        return self._secrets.redactor

    @property
    def timeline(self) -> Timeline:
        """Everything that has happened so far."""
        return self._recorder.timeline

    @property
    def outcome(self) -> Outcome:
        """What the conversation has come to so far, or had when it was over, without tokens and personal data."""
        return Outcome(
            name=self._name,
            conversation=self.id,
            target=self._target_name,
            deployment=self.deployment,
            opened_at=self._opened_at,
            timeline=redacted(self._judged, self._redactor, self._looked),
            steps=tuple(self._steps),
            violations=tuple(
                replace(violation, what=self._redactor.shown(violation.what)) for violation in self.violations
            ),
            unclaimed=self._left_over,
            locale=self.persona.locale,
            recording=self._recorded_at,
        )

    def _record(self, event: Event) -> int:
        self._closed = self._closed or isinstance(event, Closed)
        if isinstance(event, WentOffline | Resumed):
            self._is_offline = isinstance(event, WentOffline)
        if self._let_go and isinstance(event, Move) and event.starts_clock:
            for judgement in self._let_go:
                judgement.read_on(len(self.timeline))
            self._let_go.clear()
        return self._recorder.record(event)

    # -- what a service and a recording do in their own ways ----------------------------------------------------------

    @abstractmethod
    def _now(self) -> float:
        """Seconds on the timeline."""

    @abstractmethod
    async def _connect(self, beside: "Conversation | None") -> None:
        """Get as far as hearing what the service says, as the user of another conversation if one is given."""

    @abstractmethod
    def _approach(self, title: str) -> None:
        """A move is about to be made: nothing of what was known by then may be missing from the timeline."""

    @abstractmethod
    def _moved(self, step: Taking, cls: builtins.type[AMove], **fields: Any) -> AMove:
        """Note that a move is made now; bounds count from it."""

    async def _turn(self) -> None:  # noqa: B027 - may be nothing
        """Wait until one more message may be sent."""

    @abstractmethod
    async def _sent(self, step: Taking, request: Request) -> None:
        """Hand a move to the network, and have it accepted."""

    @abstractmethod
    async def _staged(self, step: Taking, request: Callable[[Rehearsal], Awaitable[None]]) -> None:
        """Have the sandbox's rep do something."""

    @abstractmethod
    async def _cut(self, step: Taking, seconds: float | None) -> None:
        """Lose the event stream, until `_take_up` or for so many seconds."""

    @abstractmethod
    async def _take_up(self, step: Taking) -> None:
        """Open the event stream again after the last event that was heard."""

    @abstractmethod
    async def _file(self, path: Path) -> File:
        """A file to send."""

    @abstractmethod
    async def _verdict(self, judgement: Judging) -> Verdict:
        """Judge until it is decided."""

    @abstractmethod
    async def _pause(self, seconds: float) -> None:
        """Let time pass."""

    @abstractmethod
    def _concluded(self) -> None:
        """The scenario is over: nothing of what was known by then may be missing from the timeline."""

    def _stepped(self, step: Step, taking: Taking, error: BaseException | None) -> None:  # noqa: B027 - may be nothing
        """A step is over; it is the last one of the conversation so far."""

    @abstractmethod
    async def aclose(self) -> None:
        """Leave nothing behind, whatever the scenario did."""

    # -- moves of the user --------------------------------------------------------------------------------------------

    async def open(
        self,
        *,
        prechat: Mapping[str, str] | None = None,
        language: str | None = None,
        strict: bool | None = None,
        acknowledge: Literal["none", "delivered", "read"] | None = None,
        beside: "Conversation | None" = None,
    ) -> Self:
        """Take a token, open the event stream, create the conversation.

        Args:
            prechat: Pre-chat and hidden pre-chat values, sent as routing attributes.
            language: Locale such as `en_US`; the persona's by default.
            strict: Whether a message that no expectation took fails the scenario; as the run was told if not given.
            acknowledge: As what messages of the other side are acknowledged by themselves when they come: `none`,
                `delivered`, or `read`, which is both; as the target says if not given, and that is `none` if it says
                nothing.
            beside: An open conversation of the same customer, for the service to know that it is the same user, as it
                knows a further tab of the browser: by a token that continues that one's. The event stream is another.

        Raises:
            LocalProtocolError: The conversation beside it is not open, or another customer's.
            TargetUnreachable: Nobody answered at the target's address.
            ServiceRefused: The service said no.
            RemoteProtocolError: What answered is not the service.
        """
        attributes = dict(prechat or {})
        self._secrets.learn_fields(attributes.items())
        where = f" beside {beside._name}" if beside is not None else ""
        async with self._moving(f"open a conversation with {self.deployment}{where}") as step:
            if self._begun:
                raise LocalProtocolError("this conversation was opened before; open another one")
            if beside is not None:
                beside._must_be_open("open another beside it")
                if beside.persona != self.persona:
                    raise LocalProtocolError(
                        f"can't open it beside {beside._name}, which is another customer's; one user is one customer"
                    )
            self._begun = True
            self._strict = self._strict if strict is None else strict
            await self._connect(beside)
            opened = self._moved(
                step,
                Opened,
                conversation=self.id,
                deployment=self.deployment,
                attributes=attributes,
                acknowledge=acknowledge or self._acknowledges,
            )
            self._acknowledges = opened.acknowledge
            tongue = language or self.persona.locale
            self._open = True  # it may have been created, whatever becomes of the answer, and is to be closed then
            try:
                await self._sent(step, lambda client: client.create(self.id, attributes=attributes, language=tongue))
            except ServiceRefused as refused:
                self._open = is_passing(refused)  # a service in trouble may have created it all the same
                raise
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
            await self._turn()
            move = self._moved(step, Said, message=str(uuid.uuid4()), text=text)
            entry = in_reply_to.entry if in_reply_to else None
            await self._sent(step, lambda client: client.send_text(self.id, move.message, text, in_reply_to=entry))
        return move

    async def choose(self, label: str | None = None, *, index: int | None = None, value: str | None = None) -> Chose:
        """Pick a choice, by one of these.

        Args:
            label: What a person sees; the latest message that offers it is answered.
            index: Its place among the choices of the latest message that offers any, from 1.
            value: What is sent back, as in `options` of the message; the latest message that offers it is answered.

        Raises:
            LocalProtocolError: The conversation is not open, or there is no such choice; the message lists what there
                is.
            ServiceRefused, TargetUnreachable: The service did not take it.
        """
        async with self._moving(f"choose {told(label, index, value)}") as step:
            self._must_be_open("choose something")
            message, option = choice(self.timeline, label, index, value)
            fields = {"label": option.label, "value": option.value, "in_reply_to": message.entry}
            await self._turn()
            move = self._moved(step, Chose, message=str(uuid.uuid4()), **fields)
            await self._sent(
                step, lambda client: client.send_choice(self.id, move.message, option.value, in_reply_to=message.entry)
            )
        return move

    async def fill(self, values: Mapping[str, object] | None = None, /, **named: object) -> Filled:
        """Fill in the latest form and send it.

        What is given is sent as it is, also where the form forbids it. What is required and not given is made up: the
        persona's own name, address and number, a text, a day, the first option.

        Args:
            values: By the label or name of their field. Options by label or value, several in a list; None leaves a
                field empty, though it be required.
            named: The same; case, blanks and signs do not matter, so `full_name` is "Full name".

        Raises:
            LocalProtocolError: The conversation is not open, there is no form, no such field, or the value is of
                another type than the field.
            ServiceRefused, TargetUnreachable: The service did not take it.
        """
        given = {**(values or {}), **named}
        words = ", ".join(quoted(word, limit=40) for word in given)
        async with self._moving(f"fill in the form{f' with {words}' if words else ''}") as step:
            self._must_be_open("fill in a form")
            message = next(
                (event for event in reversed(self.timeline) if isinstance(event, Message) and event.form), None
            )
            if message is None or message.form is None:
                raise LocalProtocolError("can't fill in a form: none has come")
            entry, fillings = message.entry, fill_in(message.form, given, self.persona)
            self._secrets.learn_fields((filling.field.name, filling.answer.value) for filling in fillings)
            await self._turn()
            move = self._moved(
                step,
                Filled,
                message=str(uuid.uuid4()),
                title=message.form.title,
                answers=tuple(filling.answer for filling in fillings),
                in_reply_to=entry,
            )
            sent = {filling.field.name: filling.value for filling in fillings}
            await self._sent(step, lambda client: client.send_form(self.id, move.message, sent, in_reply_to=entry))
        return move

    async def attach(self, path: str | os.PathLike[str], text: str = "") -> Attached:
        """Send a file.

        Args:
            path: The file, from the folder in which the run was started; its content is neither recorded nor reported.
            text: What is said to it.

        Raises:
            LocalProtocolError: The conversation is not open, or there is no such file.
            ServiceRefused: The service did not take it: 413, it is too large; 415, not of this type.
            TargetUnreachable: Nobody answered.
        """
        name = Path(path).name
        async with self._moving(f"attach {quoted(name, limit=80)}") as step:
            self._must_be_open("attach a file")
            file = await self._file(Path(path))
            fields = {"name": name, "type": file.type, "size": len(file.content), "text": text}
            await self._turn()
            move = self._moved(step, Attached, message=str(uuid.uuid4()), **fields)
            await self._sent(step, lambda client: client.send_file(self.id, move.message, file, text))
        return move

    async def type(self, *, started: bool = True) -> None:
        """Start typing, or stop (`started=False`)."""
        async with self._moving("start typing" if started else "stop typing") as step:
            self._must_be_open("type")
            self._moved(step, Typed, started=started)
            await self._sent(step, lambda client: client.typing(self.id, started=started))

    async def acknowledge(self, how: Literal["delivered", "read"] = "read") -> None:
        """Acknowledge the messages of the other side that have not been, as delivered or as read.

        Raises:
            LocalProtocolError: The conversation is not open, does so by itself, or there is nothing to acknowledge.
            ServiceRefused, TargetUnreachable: The service did not take it.
        """
        async with self._moving(f"acknowledge as {how}") as step:
            self._must_be_open("acknowledge messages")
            if self._acknowledges in {how, "read"}:
                raise LocalProtocolError(
                    f"can't acknowledge messages as {how}: the conversation was opened to do so by itself; open it "
                    "with acknowledge='none'"
                )
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

    async def drop(self, seconds: float | None = None) -> None:
        """Lose the network: the event stream is cut, and what the service sends is not heard until it is open again.

        Requests still go through, as they do where only the stream breaks. Expectations stay open; their bounds count
        on from the user's last move, and this is none.

        Args:
            seconds: After how long the stream is opened again; not before `resume` if not given.

        Raises:
            LocalProtocolError: The conversation is not open, or the network is lost already.
        """
        how_long = "" if seconds is None else f" for {seconds:g} s"
        async with self._moving(f"lose the network{how_long}") as step:
            self._must_be_open("lose the network")
            if self._is_offline:
                raise LocalProtocolError("can't lose the network: it is lost; resume first")
            if seconds is not None and not seconds > 0:
                raise LocalProtocolError(f"can't lose the network{how_long}; give a time above 0")
            self._moved(step, WentOffline, seconds=seconds)
            await self._cut(step, seconds)

    async def resume(self) -> None:
        """Come back to the network: the event stream is opened again after the last event that was heard.

        What the service repeats is recognised by its entry id, and left out.

        Raises:
            LocalProtocolError: The conversation is not open, or the network is not lost.
            ServiceRefused, TargetUnreachable, RemoteProtocolError: The stream could not be opened; the network stays
                lost.
        """
        async with self._moving("come back to the network") as step:
            self._must_be_open("come back to the network")
            if not self._is_offline:
                raise LocalProtocolError("can't come back to the network: it is not lost; drop comes first")
            self._moved(step, WentOnline)
            await self._take_up(step)

    async def expire(self) -> None:
        """Let the access token expire: every request from now on is refused with 401, also opening the stream again.

        The client spoils its token, which to a service is one like an expired one; the stream that is open stays open.
        There is no way back in this conversation, as there is none for a guest: a new token is another guest. The
        harness keeps the good one to close the conversation in the end.
        """
        async with self._moving("let the access token expire") as step:
            self._must_be_open("let the access token expire")
            self._moved(step, Expired)
            await self._sent(step, lambda client: client.expire())

    async def rep(self) -> Rep:
        """Play the service rep whom a bot of the sandbox has handed this conversation to, with `played: true`.

        It waits a few seconds for the rep to join.

        Raises:
            LocalProtocolError: The target is no sandbox.
            ServiceRefused: The conversation has not been handed to such a rep.
        """
        await self._rehearse("play the rep", lambda stage: stage.join(self.id), what="joined")
        return Rep(self)

    async def _rehearse(self, title: str, request: Callable[[Rehearsal], Awaitable[None]], **fields: Any) -> RepDid:
        """A move of the rep."""
        async with self._moving(title) as step:
            self._must_be_open("play the rep")
            move = self._moved(step, RepDid, **fields)
            await self._staged(step, request)
        return move

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
        caller = self.where or _caller()
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

    async def expect_either(
        self,
        *patterns: Pattern,
        within: float | None = None,
        not_before: float = 0.0,
        never: Iterable[One] = (),
        others: Literal["account", "ignore", "forbid"] = "account",
        latencies: Iterable[Latency] = (),
    ) -> int:
        """Wait until one of the patterns has held; the arguments are those of `expect`.

        Returns:
            Which one, from 0: the first of those that hold by themselves as soon as the block did.

        Raises:
            ExpectationFailed, Inconclusive, RemoteProtocolError, LocalProtocolError: As `expect` does.
        """
        before = Queues(dict(self._queues.places))
        never, latencies = tuple(never), tuple(latencies)
        await self.expect(
            any_of(*patterns), within=within, not_before=not_before, never=never, others=others, latencies=latencies
        )
        ends = []
        for place, pattern in enumerate(patterns):
            alone = Expectation(pattern, self._within if within is None else within, others=others)
            queues = Queues(dict(before.places))
            verdict = Judgement(alone, queues, self.timeline, self._anchor).look(self.timeline)
            if verdict.status is Judged.HELD and verdict.at is not None:
                ends.append((verdict.at, place))
        return min(ends, default=(0.0, 0))[1]

    async def once(self, *patterns: Pattern, within: float | None = None) -> None:
        """Wait until the patterns have been seen, and take nothing: whatever else comes is left alone.

        What the user does next interrupts what goes on; later expectations see all of it.

        Raises:
            ExpectationFailed, Inconclusive, RemoteProtocolError, LocalProtocolError: As `expect` does.
        """
        caller = self.where or _caller()
        pattern = sequence(*patterns)
        async with self._step(f"wait for {pattern}") as step:
            try:
                expectation = Expectation(pattern, self._within if within is None else within, others="ignore")
                judgement = Judgement(expectation, Queues(dict(self._queues.places)), self.timeline, self._anchor)
            except ValueError as error:
                raise LocalProtocolError(str(error)) from error
            await self._judge(step, f"step {len(self._steps) + 1}, {caller}", expectation, judgement)

    async def wait(self, seconds: float) -> None:
        """Do nothing for a time."""
        async with self._step(f"wait {seconds:g} s"):
            await self._pause(seconds)

    async def _judge(self, step: Taking, block: str, expectation: Expectation, judgement: Judgement) -> None:
        """Have a block judged, note the events it took, and raise what it came to unless it held."""
        verdict = await self._verdict(judgement)
        step.events = tuple(taken.place for taken in verdict.taken)
        if verdict.status is Judged.HELD:
            self._named.update(verdict.named)
            for name in {name for binding in verdict.bindings for name in binding}:
                self._captured[name] = tuple(dict.fromkeys(one[name] for one in verdict.bindings if name in one))
            return
        self._failed = judgement, verdict
        told = explain(block, expectation, verdict, self.timeline, anchor=self._anchor)
        if verdict.status is Judged.INCONCLUSIVE:
            raise Inconclusive(told)
        broken = self._broken or (lost_stream(self.timeline, verdict.at) if verdict.index is None else None)
        if broken is not None:
            broken.add_note(self._redactor.shown(told))
            raise broken
        raise ExpectationFailed(told)

    def go_on(self) -> None:
        """Go on though the last expectation did not hold.

        Later ones read on after what decided it, and once the user has made another move, after all that came before
        the move: the rest of an answer that was wrong is not taken for the next answer.
        """
        if self._failed is not None:
            judgement, verdict = self._failed
            decided = [] if verdict.index is None else [verdict.index]
            judgement.read_on(max([-1, *decided, *(taken.place for taken in verdict.taken)]) + 1)
            self._let_go.append(judgement)
            self._failed = None

    async def settled(self, *, within: float | None = None) -> str:
        """Wait until the bot has finished: nobody types, nothing is streamed or routed, and it is silent.

        Args:
            within: Seconds from the user's last move; the target's default if not given.

        Returns:
            The evidence, such as "settled 1.4 s after the user's move: typing stopped, silence 0.9 s".

        Raises:
            ExpectationFailed: It has not finished in time; the message says what was still open.
        """
        caller = self.where or _caller()
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

    @property
    def captures(self) -> frozenset[str]:
        """Names that something has been captured under."""
        return frozenset(self._captured)

    @property
    def names(self) -> frozenset[str]:
        """Names of events that expectations have taken."""
        return frozenset(self._named)

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

    @property
    def _left_over(self) -> tuple[int, ...]:
        """Places of the unclaimed messages; where an expectation did not hold, they say nothing."""
        return tuple(self._queues.unclaimed(self._judged)) if self._all_held else ()

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
        if self._final is None:
            self._concluded()
            self._final = self.timeline

    @property
    def _judged(self) -> Timeline:
        """What there is to judge: all up to the end of the scenario."""
        return self.timeline if self._final is None else self._final

    def verify(self) -> None:
        """Say what is wrong with the conversation though every expectation held, once the scenario is over.

        Raises:
            RemoteProtocolError: Events came that could not be read.
            ExpectationFailed: A rule of the channel was broken.
        """
        self.conclude()
        with self._verifying():
            self._verify_readable()
            broken = [violation for violation in self.violations if violation.severity is Severity.ERROR]
            if broken:
                seen = self._judged
                told = "\n".join(explain_violation(violation, seen) for violation in broken)
                raise ExpectationFailed(f"{len(broken)} broken rules of the channel\n{told}")

    def verify_claimed(self) -> None:
        """Say what the bot said that nobody expected, once the scenario is over, if the conversation is strict.

        It comes after `verify` of all conversations of a scenario, and hides no failure: where an expectation did not
        hold, nothing is said.

        Raises:
            ExpectationFailed: There are messages that no expectation took.
        """
        self.conclude()
        if self._strict and (places := self._left_over):
            with self._verifying(places):
                raise ExpectationFailed(self._told_unclaimed(places))

    def _told_unclaimed(self, places: tuple[int, ...]) -> str:
        one = len(places) == 1
        shown = [line(place, self._judged[place]).strip() for place in places[:_UNCLAIMED_SHOWN]]
        hidden = len(places) - len(shown)
        return "\n".join(
            [
                f"{self._name} with {self.deployment}: {len(places)} message{'' if one else 's'} that no expectation "
                "took, and the conversation is strict",
                *(f"  {'' if number else 'unclaimed':<11} {told}" for number, told in enumerate(shown)),
                *([f"              … {hidden} more"] if hidden else []),
                f"  what to do  expect {'it' if one else 'them'}, or open the conversation with strict=False",
            ]
        )

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The rules of the channel that the conversation has broken so far."""
        seen = self._judged
        state = len(seen), seen.horizon, seen.ended, self._rules
        if self._checked is None or self._checked[0] != state:
            self._checked = state, check(seen, self._rules)
        return self._checked[1]

    def _verify_readable(self) -> None:
        unreadable = [event for event in self._judged if isinstance(event, Unrecognised) and event.problem]
        if unreadable:
            listed = "".join(f"\n  {event.at:.3f} s  {event}" for event in unreadable)
            raise RemoteProtocolError(f"{len(unreadable)} events of the bot could not be read{listed}")

    @contextmanager
    def _verifying(self, events: Sequence[int] = ()) -> Iterator[None]:
        """What is complained of when the scenario is over is told as a last step, of which these are the events."""
        try:
            with self._private():
                yield
        except (ExpectationFailed, HarnessError) as error:
            at = max((step.ended for step in self._steps), default=0.0)
            self._steps.append(
                Step("check the conversation as a whole", at, at, _status(error), str(error), tuple(events))
            )
            raise

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
            status, raised = _status(error), error
            message = self._redactor.shown(str(error)) or type(error).__name__
            self._all_held = self._all_held and is_move
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


def _status(error: BaseException) -> Status:
    return Status.FAILED if isinstance(error, ExpectationFailed) else Status.BROKEN


def _caller() -> str:
    """The scenario's function and line that is running: "test_greeting (suites/test_bot.py:12)"."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    file = Path(frame.f_code.co_filename)
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    return f"{frame.f_code.co_name} ({shown}:{frame.f_lineno})"
