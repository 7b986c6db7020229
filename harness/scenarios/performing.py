"""A scenario file's run from the first step to its outcome: who plays in it, what it came to, nothing left open.

Here: live and from recordings. Not here: the steps (playing.py), many at once (pool.py), reports.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from harness.client.network import Network
from harness.client.target import Target
from harness.errors import LocalProtocolError, ServiceRefused, StreamInterrupted, TargetUnreachable
from harness.scenarios.conversation import Conversation
from harness.scenarios.customer import Customer
from harness.scenarios.live import LiveConversation
from harness.scenarios.loading import Script
from harness.scenarios.outcome import Outcome
from harness.scenarios.playing import Player
from harness.scenarios.recorded import RecordedConversation
from harness.scenarios.recording import Recordings
from harness.timeline.archive import Recording
from harness.user.persona import Persona, persona

DEFAULT_LOCALE = "en_US"
_OVERLOADED = frozenset({429, 500, 502, 503, 504})
"""Statuses of a service that is in trouble, not of a scenario that is wrong."""

Begin = Callable[[Persona, int, str], Conversation]
"""Makes the conversation of a person; given the number of the scenario's conversation from 1, and the deployment."""


class Cast:
    """The users of one run of a scenario.

    Attributes:
        lead: The scenario's own customer.
        conversations: All that anybody opened, oldest first.
    """

    def __init__(self, lead: Persona, begin: Begin) -> None:
        self.lead = lead
        self.conversations: list[Conversation] = []
        self._begin = begin
        self._customers: dict[str, Customer] = {}

    async def customer(self, name: str) -> Customer:
        """The customer of a name, the same every night; empty is the lead."""
        if name not in self._customers:
            who = persona(f"{self.lead.seed} {name}", locale=self.lead.locale) if name else self.lead

            def begin(who: Persona, _: int, deployment: str) -> Conversation:
                conversation = self._begin(who, len(self.conversations) + 1, deployment)
                self.conversations.append(conversation)
                return conversation

            self._customers[name] = Customer(who, begin)
        return self._customers[name]


def live_cast(
    lead: Persona, target: Target, network: Network, *, recordings: Recordings | None = None, strict: bool = False
) -> Cast:
    """Users of a target; the arguments are those of `LiveConversation`."""

    def begin(who: Persona, number: int, deployment: str) -> Conversation:
        name = f"conversation {number}"
        return LiveConversation(
            who, target, network, deployment=deployment, name=name, recordings=recordings, strict=strict
        )

    return Cast(lead, begin)


def recorded_cast(
    lead: Persona, recordings: Sequence[Recording], *, within: float | None = None, strict: bool = False
) -> Cast:
    """The users of a recorded run, made up again.

    Args:
        lead: The scenario's customer, made up from the recorded seed.
        recordings: The conversations of the run.
        within: Seconds an expectation has where the scenario gives none; as recorded if None.
        strict: Whether a message that no expectation took fails the scenario.
    """
    by_index = {recording.header.index: recording for recording in recordings}

    def begin(who: Persona, number: int, deployment: str) -> Conversation:
        if number not in by_index:
            given = ", ".join(str(recording.path) for recording in recordings)
            raise LocalProtocolError(
                f"the scenario opens a conversation {number}, and no recording of it was given (of this run: {given}); "
                "give all, or run it again"
            )
        return RecordedConversation(who, by_index[number], deployment=deployment, within=within, strict=strict)

    return Cast(lead, begin)


def lead_of(script: Script, seed: str, locale: str | None = None) -> Persona:
    """The customer of a script.

    Args:
        script: What it says of them counts.
        seed: Names them where it gives no seed.
        locale: Instead of the one that the script gives.
    """
    told = script.persona
    somebody = persona(told.seed or seed, locale=locale or told.locale or DEFAULT_LOCALE)
    given = told.model_dump(exclude_none=True, exclude={"locale", "seed"})
    return somebody.model_copy(update=given) if given else somebody


@dataclass(frozen=True, slots=True)
class Performed:
    """What a run of a scenario came to.

    Attributes:
        outcomes: Its conversations.
        error: Why it did not hold; None if it did.
        before: The errors of earlier attempts, oldest first.
    """

    outcomes: tuple[Outcome, ...] = ()
    error: Exception | None = None
    before: tuple[Exception, ...] = field(default=())

    @property
    def flaky(self) -> str:
        """Why it did not hold at first though it did in the end, in a line; empty otherwise."""
        if self.error is not None or not self.before:
            return ""
        last, times = self.before[-1], len(self.before) + 1
        return f"held at attempt {times}, after {type(last).__name__}: {str(last).partition(chr(10))[0]}"


async def perform(script: Script, cast: Cast, *, scenario: str) -> Performed:
    """Play a script once; whatever happens, every conversation is closed.

    Args:
        script: What.
        cast: Who.
        scenario: Its id, for the reports.
    """
    error: Exception | None = None
    player = Player(script, cast.lead, cast.customer, cast.lead.locale)
    try:
        try:
            await player.play()
            for conversation in cast.conversations:
                conversation.verify()
            for conversation in cast.conversations:
                conversation.verify_claimed()
        except Exception as raised:  # of whatever kind: it is what the scenario came to
            error = raised
        finally:
            for conversation in cast.conversations:
                conversation.conclude()
    finally:
        for conversation in cast.conversations:
            await conversation.aclose()
    outcomes = tuple(replace(conversation.outcome, scenario=scenario) for conversation in cast.conversations)
    return Performed(outcomes, error)


def is_infrastructure(error: BaseException | None) -> bool:
    """Whether an error tells of the way to the service, or of a service in trouble, and so is worth another attempt."""
    if isinstance(error, ServiceRefused):
        return error.status in _OVERLOADED
    return isinstance(error, TargetUnreachable | StreamInterrupted)


async def perform_again(attempt: Callable[[], Cast], script: Script, *, scenario: str, retries: int) -> Performed:
    """Play a script, and once more after every error of the infrastructure.

    Args:
        attempt: Makes a cast for every attempt.
        script: What.
        scenario: Its id.
        retries: How many more attempts there are.
    """
    before: list[Exception] = []
    while True:
        performed = await perform(script, attempt(), scenario=scenario)
        if len(before) == retries or not is_infrastructure(performed.error) or performed.error is None:
            return replace(performed, before=tuple(before))
        before.append(performed.error)
