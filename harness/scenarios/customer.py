"""A customer who can open conversations: what a Python scenario is handed."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from harness.client.network import Network
from harness.client.target import Target
from harness.errors import LocalProtocolError
from harness.scenarios.conversation import Conversation
from harness.scenarios.live import LiveConversation
from harness.scenarios.recorded import RecordedConversation
from harness.scenarios.recording import Recordings
from harness.timeline.archive import Recording
from harness.user.persona import Persona, persona


class Customer:
    """A simulated end user.

    Attributes:
        persona: Who the customer is.
        conversations: Every conversation the customer has opened, oldest first.
    """

    def __init__(self, persona: Persona, begin: Callable[[int, str], Conversation]) -> None:
        """A customer whose conversations are made by `begin`, given their number from 1 and the deployment's name."""
        self.persona = persona
        self.conversations: list[Conversation] = []
        self._begin = begin

    async def open(
        self, deployment: str = "", *, prechat: Mapping[str, str] | None = None, language: str | None = None
    ) -> Conversation:
        """Open a conversation.

        Args:
            deployment: API name of the deployment; the target's own if not given.
            prechat: Pre-chat and hidden pre-chat values.
            language: Locale such as `en_US`; the persona's if not given.

        Raises:
            TargetUnreachable, ServiceRefused, RemoteProtocolError: As `Conversation.open` does.
        """
        conversation = self._begin(len(self.conversations) + 1, deployment)
        self.conversations.append(conversation)
        return await conversation.open(prechat=prechat, language=language)


@asynccontextmanager
async def customer(
    persona: Persona, target: Target, *, recordings: Recordings | None = None
) -> AsyncIterator[Customer]:
    """A customer of a target; every conversation they opened is closed at the end, whatever happened."""
    async with Network() as network:

        def begin(number: int, deployment: str) -> Conversation:
            name = f"conversation {number}"
            return LiveConversation(persona, target, network, deployment=deployment, name=name, recordings=recordings)

        somebody = Customer(persona, begin)
        try:
            yield somebody
        finally:
            for conversation in somebody.conversations:
                await conversation.aclose()


def recorded_customer(recordings: Sequence[Recording], *, within: float | None = None) -> Customer:
    """The customer of a recorded run of a scenario, made up again; their conversations are the recorded ones.

    Args:
        recordings: The conversations of the run, at least one.
        within: Seconds an expectation has where the scenario gives none; as recorded if None.
    """
    by_index = {recording.header.index: recording for recording in recordings}
    somebody = persona(recordings[0].header.seed, locale=recordings[0].header.locale)

    def begin(number: int, deployment: str) -> Conversation:
        if number not in by_index:
            raise LocalProtocolError(
                f"the scenario opens a conversation {number}, and no recording of it was given (of this run: "
                f"{', '.join(str(recording.path) for recording in recordings)}); give all, or run it again"
            )
        return RecordedConversation(somebody, by_index[number], deployment=deployment, within=within)

    return Customer(somebody, begin)
