"""A customer who can open conversations: what a Python scenario is handed."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from harness.client.network import Network
from harness.client.target import Target
from harness.errors import LocalProtocolError
from harness.scenarios.conversation import Conversation
from harness.scenarios.ledger import Ledger
from harness.scenarios.live import LiveConversation
from harness.scenarios.pace import Pace
from harness.scenarios.privacy import Secrets
from harness.scenarios.recorded import RecordedConversation
from harness.scenarios.recording import Recordings
from harness.scenarios.rep import Rep
from harness.timeline.archive import Recording
from harness.user.persona import Persona, persona

Begin = Callable[[Persona, int, str], Conversation]
"""Makes a conversation of somebody, given its number from 1 and the deployment's name."""


class Customer:
    """A simulated end user.

    Args:
        persona: Who the customer is.
        begin: Makes their conversations.
        secrets: What must not be written of the scenario, to which other customers add theirs.

    Attributes:
        persona: Who the customer is.
        conversations: Every conversation of the scenario, also those of other customers, oldest first.
    """

    def __init__(self, persona: Persona, begin: Begin, secrets: Secrets | None = None) -> None:
        self.persona = persona
        self._secrets = secrets or Secrets(persona)
        self.conversations: list[Conversation] = []
        self._begin = begin
        self._others: dict[str, Customer] = {}

    def another(self, name: str, *, locale: str | None = None) -> "Customer":
        """Another customer of the same scenario: another person, with a stream and conversations of their own.

        Args:
            name: What the scenario calls them; the same name gives the same customer.
            locale: A locale such as `de_DE`; this customer's if not given.

        Raises:
            LocalProtocolError: Nobody can be made up for the locale.
        """
        if name not in self._others:
            somebody = persona(f"{self.persona.seed} {name}", locale=locale or self.persona.locale)
            self._secrets.meet(name, somebody)
            other = self._others[name] = Customer(somebody, self._begin, self._secrets)
            other.conversations, other._others = self.conversations, self._others
        return self._others[name]

    async def rep(self, conversation: Conversation) -> Rep:
        """Play the service rep whom a bot of the sandbox has handed a conversation to, with `played: true`.

        It waits a few seconds for the rep to join.

        Raises:
            LocalProtocolError: The target is no sandbox.
            ServiceRefused: The conversation has not been handed to such a rep.
        """
        return await conversation.rep()

    async def open(
        self,
        deployment: str = "",
        *,
        prechat: Mapping[str, str] | None = None,
        language: str | None = None,
        strict: bool | None = None,
        acknowledge: Literal["none", "delivered", "read"] | None = None,
        beside: Conversation | None = None,
    ) -> Conversation:
        """Open a conversation.

        Args:
            deployment: API name of the deployment; if not given, that of `beside`, or else the target's own.
            prechat: Pre-chat and hidden pre-chat values.
            language: Locale such as `en_US`; the persona's if not given.
            strict: Whether a message that no expectation took fails the scenario; as the run was told if not given.
            acknowledge: As what messages of the other side are acknowledged by themselves; as the target says if not
                given.
            beside: An open conversation of this customer, to be the same user to the service, with another stream.

        Raises:
            LocalProtocolError, TargetUnreachable, ServiceRefused, RemoteProtocolError: As `Conversation.open` does.
        """
        if beside is not None:
            deployment = deployment or beside.deployment
        conversation = self._begin(self.persona, len(self.conversations) + 1, deployment)
        self.conversations.append(conversation)
        return await conversation.open(
            prechat=prechat, language=language, strict=strict, acknowledge=acknowledge, beside=beside
        )


def live_customer(
    persona: Persona,
    target: Target,
    network: Network,
    *,
    recordings: Recordings | None = None,
    strict: bool = False,
    pace: Pace | None = None,
    ledger: Ledger | None = None,
    secrets: Secrets | None = None,
) -> Customer:
    """A customer of a target, who leaves it to the caller to close their conversations.

    Args:
        persona: Who the customer is.
        target: The service under test.
        network: The way there.
        recordings: Where their conversations are recorded; nowhere by default.
        strict: Whether a message that no expectation took fails the scenario, unless `open` says otherwise.
        pace: How fast they may say something; as fast as they like by default.
        ledger: Where their conversations are noted as long as they are open; nowhere by default.
        secrets: What must not be written of the scenario; what is known of the persona by default.
    """
    known = secrets or Secrets(persona)

    def begin(somebody: Persona, number: int, deployment: str) -> Conversation:
        return LiveConversation(
            somebody,
            target,
            network,
            deployment=deployment,
            name=f"conversation {number}",
            recordings=recordings,
            strict=strict,
            turn=pace.conversation() if pace else None,
            ledger=ledger,
            secrets=known,
        )

    return Customer(persona, begin, known)


@asynccontextmanager
async def customer(
    persona: Persona,
    target: Target,
    *,
    recordings: Recordings | None = None,
    strict: bool = False,
    ledger: Ledger | None = None,
    secrets: Secrets | None = None,
) -> AsyncIterator[Customer]:
    """A customer of a target; every conversation they opened is closed at the end, whatever happened.

    The arguments are those of `live_customer`.
    """
    async with Network(target) as network:
        somebody = live_customer(
            persona, target, network, recordings=recordings, strict=strict, ledger=ledger, secrets=secrets
        )
        try:
            yield somebody
        finally:
            for conversation in somebody.conversations:
                await conversation.aclose()


def recorded_customer(
    recordings: Sequence[Recording],
    *,
    somebody: Persona | None = None,
    within: float | None = None,
    strict: bool = False,
    secrets: Secrets | None = None,
) -> Customer:
    """The customer of a recorded run of a scenario, made up again; their conversations are the recorded ones.

    Args:
        recordings: The conversations of the run, at least one.
        somebody: Who it was; made up again from what is recorded if not given.
        within: Seconds an expectation has where the scenario gives none; as recorded if None.
        strict: Whether a message that no expectation took fails the scenario, unless `open` says otherwise.
        secrets: What must not be written of the scenario; what is known of the persona by default.
    """
    by_index = {recording.header.index: recording for recording in recordings}
    headers = sorted((recording.header for recording in recordings), key=lambda header: header.index)
    first = next((header for header in headers if header.seed == header.scenario), headers[0])  # others have names

    def begin(whoever: Persona, number: int, deployment: str) -> Conversation:
        if number not in by_index:
            raise LocalProtocolError(
                f"the scenario opens a conversation {number}, and no recording of it was given (of this run: "
                f"{', '.join(str(recording.path) for recording in recordings)}); give all, or run it again"
            )
        header = by_index[number].header
        if (header.seed, header.locale) != (whoever.seed, whoever.locale):
            raise LocalProtocolError(
                f"conversation {number} was opened by another customer: the scenario has changed since; run it again"
            )
        return RecordedConversation(
            whoever, by_index[number], deployment=deployment, within=within, strict=strict, secrets=known
        )

    lead = somebody or persona(first.seed, locale=first.locale)
    known = secrets or Secrets(lead)
    return Customer(lead, begin, known)
