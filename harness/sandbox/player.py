"""Plays a bot script in a session: routing, greeting, answers, handover, end.

Here: what comes after what (protocol notes, section 8). Not here: the words of the script language (bots.py) and the
shapes of entries (entries.py).
"""

import asyncio
import re
from collections.abc import Container, Mapping, Sequence
from itertools import cycle, islice

from harness.sandbox import bots, entries, forms
from harness.sandbox.conversations import Conversation, Session
from harness.sandbox.entries import Payload, TokenSet, record_id
from harness.sandbox.faults import FINALS, STOPS
from harness.sandbox.plans import About
from harness.sandbox.replay import replay
from harness.sandbox.reps import PlayedRep

CUT_IN_HALF = "This message is cut in the middle."
DIGITS = "0123456789"
NOT_WHAT_WAS_STREAMED = "This is not what was streamed."
LATE = " And one more thing."
"""What faults make a bot say."""


async def play(conversation: Conversation, session: Session) -> None:
    """Play the conversation's bot from the start of a session to its end."""
    await _Player(conversation, session).play()


class _Player:
    def __init__(self, conversation: Conversation, session: Session) -> None:
        self.conversation, self.session, self.bot = conversation, session, conversation.bot
        self.me = entries.chatbot(self.bot.bot)
        self.turns = self.bot.turns
        self.last_said = ""
        self.captured: Mapping[str, str] = conversation.known

    async def play(self) -> None:
        if self.bot.replay is not None:
            self.session.status = "Active"
            await replay(self.bot.replay, self.conversation, speed=self.bot.speed)
            return
        if self.bot.routing is not None:
            self.conversation.write(
                entries.routing_failure("Initial", failure=self.bot.routing.failure, reason=self.bot.routing.reason)
            )
            self.session.status = "Waiting"
            self.conversation.turn("Ended")
            return
        self.route_to_bot("Initial")
        await self.perform(self.bot.greeting)
        while not self.session.is_over:
            said = await self.session.inbox.get()
            self.last_said = said.id
            if self.conversation.rep is not None:
                self.conversation.rep.hear(said)
            elif found := bots.answer(self.turns, said):
                turn, captured = found
                self.captured = {**self.conversation.known, **captured}
                await self.perform(turn.do)

    def route_to_bot(self, routing: str) -> None:
        """Do what section 8.1 shows before a greeting; the routing is `Initial` or `Transfer`."""
        write, session = self.conversation.write, self.session
        write(entries.routing_result(routing, record=session.id, pending=session.routing))
        for work in ("Assigned", "Accepted"):
            write(entries.routing_work(work, routing, work_id=session.work, record=session.id, botId=self.me.subject))
        self.conversation.turn("Waiting")
        self.conversation.turn("Active")
        self.conversation.join(self.me)

    def take_back(self) -> None:
        """Answer again, now that the rep leaves; that a bot comes back just so is inferred."""
        self.conversation.leave()
        self.conversation.routing_status = "TRANSFER"
        self.session.routing, self.session.work = record_id("0JR"), record_id("0Bz")
        self.turns = self.bot.turns
        self.route_to_bot("Transfer")

    async def perform(self, steps: Sequence[bots.Step]) -> None:
        """Do one step after the other, until the session is over."""
        for step in steps:
            if self.session.is_over:
                return
            await self.do(step)

    async def do(self, step: bots.Step) -> None:  # noqa: PLR0912 - one case a word of the language
        owner = self.conversation.owner
        match step:
            case bots.Acknowledge(acknowledge=state):
                self.acknowledge(state)
            case bots.Pause(pause=seconds):
                await asyncio.sleep(seconds)
            case bots.Typing(typing=state):
                if state == "started" or not self.due(STOPS, "TypingStoppedIndicator", self.phase()):
                    self.say(entries.typing(state))
            case bots.Progress(progress=text):
                self.say(entries.progress(self.filled(text)))
            case bots.Message(message=text):
                self.say(entries.text(self.filled(text)))
            case bots.Buttons(buttons=options):
                self.offer("Buttons", options)
            case bots.QuickReplies(quick_replies=options):
                self.offer("QuickReplies", options)
            case bots.Form(form=questions):
                payload, form = forms.show(questions)
                self.conversation.forms[payload["id"]] = form
                self.say(payload)
            case bots.Stream(stream=spec):
                await self.stream(spec)
            case bots.Handover(handover=transfer):
                await self.hand_over(transfer)
            case bots.EndSession():
                self.conversation.leave_and_end()
            case bots.Raw(raw=raw):
                data = raw.data if isinstance(raw.data, str) else entries.compact(raw.data)
                owner.tell(self.filled(data), event=raw.event)
            case bots.HalfEvent(half_event=text):
                said = entries.text(CUT_IN_HALF if text is True else self.filled(text))
                data = self.conversation.enclose(said, by=self.conversation.participant)
                event = owner.log(data, event=entries.EVENTS["Message"])
                for stream in owner.streams:
                    stream.push(event.chunk[: len(event.chunk) // 2])
                    stream.end("close")
            case bots.Drop():
                for stream in owner.streams:
                    stream.end("close")
            case bots.TextOfSize(text_of_size=size):
                self.say(entries.text("".join(islice(cycle(DIGITS), size))))

    def say(self, payload: Payload) -> None:
        """Write an entry in the name of whoever answers."""
        self.conversation.write(payload, by=self.conversation.participant)

    def due(self, kinds: Container[str], on: str, phase: str) -> set[str]:
        """Give the kinds of what this bot is to do wrong now."""
        plan = self.conversation.owner.plan
        return {armed.fault.kind for armed in plan.due(kinds, About(on, (phase,), self.conversation.id))}

    def phase(self) -> str:
        """Give the phase that the conversation is in."""
        return self.conversation.owner.plan.phase(self.conversation.id)

    def filled(self, text: str) -> str:
        """Put what the turn's expression captured where the text says `{name}`."""
        return re.sub(r"\{(\w+)\}", lambda place: self.captured.get(place[1], place[0]), text)

    def acknowledge(self, state: str) -> None:
        by = self.conversation.participant
        if self.last_said and by is not None:
            kind = {"delivered": "Delivery", "read": "Read"}[state]
            payload = entries.acknowledgement(kind, self.last_said, by)
            self.conversation.write(payload, by=by, related=[self.last_said])

    def offer(self, layout: str, options: bots.Options) -> None:
        payload, offered = entries.choices(layout, self.filled(options.text), options.options)
        self.conversation.offered |= offered
        self.say(payload)

    async def stream(self, spec: bots.Streamed) -> None:
        """Send tokens in their order of arrival, then the message; the target is the id of the message."""
        tokens, last = TokenSet(), len(spec.pieces)
        pieces = [self.filled(piece) for piece in spec.pieces]
        for place in spec.order or range(len(pieces)):
            await asyncio.sleep(spec.gap)
            self.say(tokens.token(place + 1, pieces[place]))
        if spec.retract:
            number = len(pieces) + 1
            await asyncio.sleep(spec.gap)
            self.say(tokens.invalid(number, spec.retract.reason))
            pieces = [self.filled(piece) for piece in spec.retract.replacement]
            last = number + len(pieces)
            for place, piece in enumerate(pieces, number + 1):
                await asyncio.sleep(spec.gap)
                self.say(tokens.token(place, piece, batch=1))
        text = "".join(pieces) if spec.final is None else self.filled(spec.final)
        due = self.due(FINALS, "Message", "streaming")
        if "missing_final" not in due:
            text = NOT_WHAT_WAS_STREAMED if "wrong_final" in due else text
            self.say(entries.text(text, id_=tokens.target, revised=spec.retract is not None))
        if "late_token" in due:
            self.say(tokens.token(last + 1, LATE, batch=1 if spec.retract else 0))

    async def hand_over(self, transfer: bots.Transfer) -> None:
        """Do what section 8.3 shows, or 8.4 where it comes to nothing."""
        conversation, session, write = self.conversation, self.session, self.conversation.write
        bot = conversation.participant
        if transfer.announce:
            write(entries.text(self.filled(transfer.announce), reason="AutomatedResponse"))
        if transfer.failure is not None:
            write(entries.routing_failure("Transfer", failure=transfer.failure.failure, reason=transfer.failure.reason))
            await self.perform(transfer.then)
            return
        queue = record_id("00G")
        conversation.leave()
        conversation.turn("Waiting")
        conversation.routing_status = "TRANSFER"
        session.routing, session.work = record_id("0JR"), record_id("0Bz")
        write(
            entries.routing_result(
                "Transfer",
                record=session.id,
                pending=session.routing,
                estimated_wait=transfer.estimated_wait,
                initiator=bot,
                queue=queue,
            )
        )
        for position in transfer.queue:
            await asyncio.sleep(transfer.gap)
            write(entries.queue_position(position, pending=session.routing, record=session.id))
        await asyncio.sleep(transfer.gap)
        work = {"work_id": session.work, "record": session.id, "agentSessionId": record_id("0Og")}
        write(entries.routing_work("Assigned", "Transfer", queueId=queue, **work))
        if transfer.waits:
            conversation.awaited = transfer.to
            await conversation.rep_is_called.wait()
            conversation.awaited = ""
        await asyncio.sleep(transfer.gap)
        write(entries.routing_work("Accepted", "Transfer", **work))
        conversation.turn("Active")
        conversation.join(entries.rep(transfer.to))
        self.turns = self.bot.rep_turns
        if transfer.played:
            conversation.rep = PlayedRep(conversation, self.take_back)
            conversation.rep_is_there.set()
        await self.perform(transfer.then)
