"""When faults come: what each end user of a sandbox is going to meet, drawn from seeds.

Here: counting, drawing, and which phase a conversation is in. Not here: what a fault is (faults.py) and does.

An end user meets the faults of the deployment, from the moment they have a token, and those that a conversation of
theirs was created with. Each counts and draws by itself, from its seed and the number of the end user: the n-th end
user of a deployment meets the same in every run, and not the same as the next one.
"""

import json
from collections.abc import Container, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from harness.sandbox.faults import KINDS, PING, Fault, FaultError, parse
from harness.sandbox.refusals import Refused

ATTRIBUTE = "sandbox.fault"
"""The routing attribute that sets faults for one conversation."""


class About(NamedTuple):
    """What a fault may come on.

    Attributes:
        on: The operation, the type of the entry, `ping`.
        phases: The phases that it belongs to; a request to its own and to the conversation's.
        conversation: Id of the conversation; empty where it is about none, or it is not known.
    """

    on: str
    phases: tuple[str, ...] = ()
    conversation: str = ""


class Armed:
    """A fault that one end user is going to meet.

    Attributes:
        fault: The fault.
        random: Where all its draws come from.
    """

    def __init__(self, fault: Fault, number: int, conversation: str) -> None:
        self.fault, self._conversation = fault, conversation
        self.random = Random(f"{fault} {number}")  # noqa: S311 - the point is that it can be foretold
        self._passed, self._left = 0, fault.times

    def comes(self, about: About) -> bool:
        """Say whether it comes on this, and count it."""
        fault = self.fault
        if not self._is_meant(about):
            return False
        if self._left == 0:
            return False
        self._passed += 1
        if self._passed <= fault.after:
            return False
        if fault.probability < 1 and self.random.random() >= fault.probability:
            return False
        if self._left is not None:
            self._left -= 1
        return True

    def _is_meant(self, about: About) -> bool:
        fault = self.fault
        if about.on == PING and fault.on != PING and fault.phase != "connect":
            return False  # pings come by the clock, so nobody counts them who does not say so
        if self._conversation and about.conversation and about.conversation != self._conversation:
            return False
        if fault.on is None:
            can_be = KINDS[fault.kind].on
            if can_be and about.on not in can_be:
                return False
        elif fault.on != about.on:
            return False
        return fault.phase is None or fault.phase in about.phases


@dataclass
class _Talk:
    """A conversation as its events show it."""

    phase: str = "create"
    target: str = ""


class Plan:
    """The faults of one end user.

    Args:
        faults: What they meet.
        number: The how-manieth end user it is; where draws begin.
        met: Counts what has come, for a whole sandbox.
    """

    def __init__(
        self, faults: Iterable[Fault] = (), *, number: int = 0, met: MutableMapping[Fault, int] | None = None
    ) -> None:
        self.armed = [Armed(fault, number, "") for fault in faults]
        self._met = {} if met is None else met
        self._talks: dict[str, _Talk] = {}

    def add(self, faults: Iterable[Fault], conversation: str) -> None:
        """Let a conversation meet faults of its own; they are drawn as for the first end user."""
        self.armed += [Armed(fault, 0, conversation) for fault in faults]

    def due(self, kinds: Container[str], about: About) -> list[Armed]:
        """Give the faults of some kinds that come on this, in the order in which they were set."""
        due = [armed for armed in self.armed if armed.fault.kind in kinds and armed.comes(about)]
        for armed in due:
            self._met[armed.fault] = self._met.get(armed.fault, 0) + 1
        return due

    def phase(self, conversation: str) -> str:
        """Give the phase that a conversation is in."""
        return self._talks[conversation].phase if conversation in self._talks else "create"

    def hear(self, data: str) -> tuple[About, dict[str, Any], dict[str, Any]] | None:
        """Take note of an event that is about to be told.

        Args:
            data: The data of the event.

        Returns:
            What it is about, its data and the payload of its entry; None if it is no entry of a conversation.
        """
        try:
            told = json.loads(data)
            entry = told["conversationEntry"]
            payload = json.loads(entry["entryPayload"])
            conversation, type_ = str(told["conversationId"]), str(entry["entryType"])
            is_own = entry["sender"]["role"] == "EndUser"
        except (ValueError, KeyError, TypeError):
            return None
        talk = self._talks.setdefault(conversation, _Talk())
        return About(type_, (_phase(talk, type_, payload, is_own=is_own),), conversation), told, payload


def _phase(talk: _Talk, type_: str, payload: Mapping[str, Any], *, is_own: bool) -> str:
    """Move a conversation on by an entry, and give the phase that the entry belongs to."""
    match type_:
        case "DeliveryAcknowledgement" | "ReadAcknowledgement":
            return "receipts"
        case "Message" if is_own:
            talk.phase, talk.target = "send", ""
        case "StreamingToken":
            token = payload.get("streamingToken") or {}
            if token.get("targetMessageIdentifier") != talk.target or talk.phase == "streaming":
                talk.phase, talk.target = "streaming", str(token.get("targetMessageIdentifier"))
            return "streaming"
        case "Message" if talk.phase == "streaming" and payload.get("id") == talk.target:
            talk.phase = "send"
            return "streaming"
        case "RoutingResult" if payload.get("routingType") == "Transfer" and payload.get("failureType") != "None":
            return "transfer"
        case "SessionStatusChanged" if payload.get("sessionStatus") == "Ended":
            talk.phase = "close"
        case "SessionStatusChanged" if (payload.get("sessionStatusPrev"), payload.get("sessionStatus")) == (
            "Active",
            "Waiting",
        ):
            talk.phase = "transfer"
        case "ParticipantChanged" if talk.phase == "transfer" and payload["entries"][0].get("operation") == "add":
            talk.phase = "send"
            return "transfer"
        case "CloseConversation":
            talk.phase = "close"
    return talk.phase


@dataclass
class Plans:
    """The plans of a sandbox.

    Args:
        by_deployment: The faults of each deployment.

    Attributes:
        by_subject: The plans of the end users, by the subjects of their tokens.
        is_used: Whether anybody may meet anything; if not, no request is looked at.
        met: How often each fault has come.
    """

    by_deployment: dict[str, Sequence[Fault]]
    by_subject: dict[str, Plan] = field(default_factory=dict)
    _for_tokens: dict[str, Plan] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    met: dict[Fault, int] = field(default_factory=dict)
    is_used: bool = False

    def __post_init__(self) -> None:
        self.is_used = any(self.by_deployment.values())

    def set(self, deployment: str, faults: Sequence[Fault]) -> None:
        """Set the faults that new end users of a deployment meet, instead of those that were set before."""
        self.by_deployment[deployment] = faults
        self.is_used = self.is_used or bool(faults)
        self._for_tokens.pop(deployment, None)
        self._numbers.pop(deployment, None)

    def meet(self, deployment: str, subject: str) -> Plan:
        """Give the plan of a new end user."""
        number = self._numbers[deployment] = self._numbers.get(deployment, 0) + 1
        plan = self.by_subject[subject] = Plan(self.by_deployment.get(deployment, ()), number=number, met=self.met)
        return plan

    def for_tokens(self, deployment: str) -> Plan:
        """Give the plan of those who have no token yet."""
        if deployment not in self._for_tokens:
            self._for_tokens[deployment] = Plan(self.by_deployment.get(deployment, ()), met=self.met)
        return self._for_tokens[deployment]

    def add(self, attributes: Mapping[str, str] | None, subject: str, conversation: str) -> None:
        """Let a conversation meet the faults that its routing attributes ask for.

        Raises:
            Refused: 400; they aren't written as faults are.
        """
        if not attributes or ATTRIBUTE not in attributes:
            return
        try:
            faults = parse(attributes[ATTRIBUTE])
        except FaultError as error:
            raise Refused(400, f"{ATTRIBUTE}: {error}") from None
        self.by_subject[subject].add(faults, conversation)
        self.is_used = self.is_used or bool(faults)
