"""Plays a scenario: takes its steps one after the other, each read when its turn comes.

Everything is done by the same conversations that Python scenarios have. Not here: files (loading.py), what names stand
for (scope.py), many at once (pool.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from harness.documents import DocumentError, refused
from harness.errors import ExpectationFailed, LocalProtocolError
from harness.expectations.spelling import Block
from harness.scenarios import model
from harness.scenarios.conversation import Conversation
from harness.scenarios.customer import Customer
from harness.scenarios.loading import Located, Script
from harness.scenarios.references import resolved
from harness.scenarios.scope import Playing

REP = "rep"
"""Who plays the service rep."""
HASTE = 5.0
"""Seconds that the teardown of a scenario has that was told to stop; its conversations are to be closed as well."""
_CHARACTERS_PER_WORD = 5


@dataclass(slots=True)
class _User:
    customer: Customer
    chat: Conversation | None = None


@dataclass(slots=True)
class Player:
    """Plays one script once.

    Attributes:
        script: What.
        customer: The scenario's customer.
        locale: Of its catalogues.
        failures: Soft expectations that did not hold.
    """

    script: Script
    customer: Customer
    locale: str
    failures: list[ExpectationFailed] = field(default_factory=list)
    _users: dict[str, _User] = field(default_factory=dict)
    _rep: Any = None
    _scope: Playing = field(init=False)

    def __post_init__(self) -> None:
        self._scope = Playing(self.script, self.locale, persona=self.customer.persona)

    async def play(self) -> None:
        """Take every step.

        Raises:
            ExpectationFailed: An expectation did not hold; all that are soft are told at the end.
            HarnessError: There is no verdict.
        """
        try:
            await self._play()
        except (Exception, asyncio.CancelledError) as error:
            if self.failures:
                error.add_note(f"before that, {self._told_failures()}")
            raise
        if self.failures:
            raise ExpectationFailed(self._told_failures())

    def _told_failures(self) -> str:
        one = len(self.failures) == 1
        told = "\n\n".join(map(str, self.failures))
        return f"{len(self.failures)} soft expectation{'' if one else 's'} did not hold\n{told}"

    async def _play(self) -> None:
        try:
            await self._all(self.script.setup)
            await self._all(self.script.steps)
        except Exception as error:
            await self._tidy(error, None)
            raise
        except asyncio.CancelledError as error:
            await self._tidy(error, HASTE)
            raise
        await self._teardown()

    async def _tidy(self, error: BaseException, seconds: float | None) -> None:
        """Take the last steps after something went wrong; that is what is told, whatever goes wrong with them."""
        try:
            async with asyncio.timeout(seconds):
                await self._teardown()
        except TimeoutError:
            error.add_note(f"the teardown was not over after {seconds:g} s")
        except Exception as another:
            if another is not error:  # a stream that has broken is told of by whoever needs it
                first = str(another).partition("\n")[0] or type(another).__name__
                error.add_note(f"the teardown did not work either: {first}")

    async def _teardown(self) -> None:
        if any(user.chat is not None for user in self._users.values()):
            await self._all(self.script.teardown)

    async def _all(self, steps: Iterable[Located]) -> None:
        for one in steps:
            await self._one(one)

    async def _one(self, written: Located) -> None:
        try:
            await self._take(self._read(written), written)
        except (ExpectationFailed, DocumentError):  # they say where themselves
            raise
        except (Exception, asyncio.CancelledError) as error:
            notes = getattr(error, "__notes__", ())
            if not any(note.startswith(("at ", "step ")) for note in notes):  # the innermost step is the one to blame
                error.add_note(f"at {written}: {_word(written.data)}")
            raise

    def _read(self, written: Located) -> model.Step:
        try:
            return model.step(self._scope.resolved(written.data), self._scope)
        except ValidationError as error:
            raise DocumentError(refused(written.document, error, model.Said, written.place)) from None
        except ValueError as error:
            raise DocumentError([written.problem(str(error))]) from None

    async def _take(self, step: model.Step, written: Located) -> None:
        match step:
            case model.Run(run=run):
                await self._run(written, *next(iter(run.items())))
            case model.Repeat(repeat=repeat):
                await self._repeat(written, repeat)
            case model.When(when=when, then=then, otherwise=otherwise):
                key, steps = ("then", then) if self._is_so(when) else ("else", otherwise)
                await self._all(written.nested(steps, key))
            case model.Open(open=how):
                await self._open(step.user or "", how)
            case model.Wait(wait=float(seconds)):
                await self._chat(step, written).wait(seconds)
            case _ if step.user == REP:
                await self._as_rep(step, written)
            case model.Expect(expect=expected):
                await self._expect(step, written, expected)
            case model.Once(once=expected):
                chat, block = self._at(step, written), expected.block
                with self._softly(chat, block):
                    await chat.once(block.pattern, within=block.within or self.script.within)
            case _:
                await self._move(step, written)

    async def _move(self, step: model.Step, written: Located) -> None:  # noqa: PLR0912 - one a step
        chat = self._at(step, written)
        match step:
            case model.Say(say=say):
                if say.words_per_minute:
                    await chat.type()
                    await chat.wait(60 * len(say.text) / _CHARACTERS_PER_WORD / say.words_per_minute)
                reply_to: Any = chat.event(say.in_reply_to) if say.in_reply_to else None
                move = await chat.say(say.text, in_reply_to=reply_to)
                if say.name:
                    self._scope.moves[say.name] = move
            case model.Choose(choose=choice):
                if choice.index is not None:
                    chose = await chat.choose(index=choice.index)
                elif choice.value is not None:
                    chose = await chat.choose(value=choice.value)
                else:
                    chose = await chat.choose(choice.label or "")
                if choice.name:
                    self._scope.moves[choice.name] = chose
            case model.Fill(fill=values):
                await chat.fill(values or {})
            case model.Attach(attach=attached):
                await chat.attach(written.document.path.parent / attached.file, attached.text)
            case model.Type(type=how):
                await chat.type(started=how == "started")
            case model.Acknowledge(acknowledge=as_what):
                await chat.acknowledge(as_what)
            case model.Wait():
                await chat.settled(within=self.script.within)
            case model.Drop(drop=seconds):
                await chat.drop(seconds)
            case model.Resume():
                await chat.resume()
            case model.Expire():
                await chat.expire()
            case model.End():
                await chat.end()
            case model.Close():
                await chat.close()
            case _:
                raise LocalProtocolError(f"{written}: {step.word} is for the rep only; say as: {REP}")

    # -- who ----------------------------------------------------------------------------------------------------------

    async def _open(self, name: str, how: Any) -> None:
        customer = self.customer.another(name) if name else self.customer
        user = self._users[name] = _User(customer)
        told = {"acknowledge": how.acknowledge} if how and how.acknowledge else {}
        chat = user.chat = await customer.open(
            (how and how.deployment) or self.script.deployment,
            prechat={key: "" if value is None else str(value) for key, value in how.prechat.items()} if how else None,
            language=(how and how.language) or None,
            strict=self.script.strict,
            **told,
        )
        for waiver in self.script.waivers:
            chat.waive(waiver.rule, because=waiver.because, severity=waiver.severity)

    def _chat(self, step: model.Step, written: Located) -> Conversation:
        user = self._users.get(step.user or "")
        if user is None or user.chat is None:
            who = f"{step.user!r} has" if step.user and step.user != REP else "the customer has"
            raise LocalProtocolError(f"{written}: can't {step.word}: {who} no conversation open")
        self._scope.chats = [*(chat for chat in self._scope.chats if chat is not user.chat), user.chat]
        return user.chat

    def _at(self, step: model.Step, written: Located) -> Conversation:
        chat = self._chat(step, written)
        chat.where = str(written)
        return chat

    async def _as_rep(self, step: model.Step, written: Located) -> None:
        if self._rep is None:
            user = self._users.get("")
            if user is None or user.chat is None:
                raise LocalProtocolError(f"{written}: the rep has no conversation to join; open one first")
            self._rep = await user.chat.rep()
        match step:
            case model.Say(say=say):
                await self._rep.say(say.text)
            case model.Type(type=how):
                await self._rep.type(started=how == "started")
            case model.Leave():
                await self._rep.leave()
            case model.Close() | model.End():
                await self._rep.end()
            case _:
                raise LocalProtocolError(f"{written}: a rep can say, type, leave and end, not {step.word}")

    # -- expectations -------------------------------------------------------------------------------------------------

    async def _expect(self, step: model.Step, written: Located, expected: model.Branching) -> None:
        chat, block = self._at(step, written), expected.block
        branches = [pattern for pattern, _ in expected.branches]
        expect: Callable[..., Awaitable[int | None]] = chat.expect_either if branches else chat.expect
        which: int | None = None
        with self._softly(chat, block):
            which = await expect(
                *(branches or [block.pattern]),
                within=self.script.within if block.within is None else block.within,
                not_before=block.not_before,
                never=block.never,
                others=block.others,
                latencies=block.latencies,
            )
        if which is not None:
            await self._all(written.nested(expected.branches[which][1], "expect", "any", which, "then"))

    @contextmanager
    def _softly(self, chat: Conversation, block: Block) -> Iterator[None]:
        """What is soft is told at the end if it does not hold."""
        try:
            yield
        except ExpectationFailed as failure:
            if not block.soft:
                raise
            self.failures.append(failure)
            chat.go_on()

    # -- steps of steps -----------------------------------------------------------------------------------------------

    async def _run(self, written: Located, name: str, given: dict[str, Any] | None) -> None:
        try:
            document, fragment = self.script.fragment(name)
        except ValueError as error:
            raise DocumentError([written.problem(str(error), "run", key=True)]) from None
        parameters = {**fragment.parameters, **(given or {})}
        with self._scope.given(resolved(parameters, self._scope.lookup)):
            await self._all(Located(document, ("steps", at), one) for at, one in enumerate(fragment.steps))

    async def _repeat(self, written: Located, repeat: Any) -> None:
        for _ in range(repeat.times or repeat.at_most):
            await self._all(written.nested(repeat.steps, "repeat", "steps"))
            if repeat.until is not None and self._is_so(repeat.until):
                return
            await asyncio.sleep(0)
        if repeat.until is not None:
            told = " and ".join(f"{name} {wanted}" for name, wanted in repeat.until.items())
            raise ExpectationFailed(f"{written}: after {repeat.at_most} rounds there was still not {told}")

    def _is_so(self, condition: dict[str, Any]) -> bool:
        return all(wanted.accepts(self._known(name)) for name, wanted in condition.items())

    def _known(self, name: str) -> object:
        try:
            return self._scope.lookup(name)
        except ValueError:
            return None  # what has not been captured is nothing


def _word(data: object) -> str:
    """What a step is called, also one that can't be read."""
    words = [data] if not isinstance(data, dict) else [*(word for word in data if word in model.STEPS), *data]
    return str(words[0]) if words else "a step"
