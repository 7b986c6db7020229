"""A customer who can open conversations: what a Python scenario is handed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from harness.client.network import Network
from harness.client.target import Target
from harness.scenarios.conversation import Conversation
from harness.user.persona import Persona


class Customer:
    """A simulated end user of a target.

    Attributes:
        persona: Who the customer is.
        conversations: Every conversation the customer has opened, oldest first.
    """

    def __init__(self, persona: Persona, target: Target, network: Network) -> None:
        self.persona = persona
        self.conversations: list[Conversation] = []
        self._target, self._network = target, network

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
        conversation = Conversation(self.persona, self._target, self._network, deployment=deployment)
        self.conversations.append(conversation)
        return await conversation.open(prechat=prechat, language=language)


@asynccontextmanager
async def customer(persona: Persona, target: Target) -> AsyncIterator[Customer]:
    """A customer of a target; every conversation they opened is closed at the end, whatever happened."""
    async with Network() as network:
        somebody = Customer(persona, target, network)
        try:
            yield somebody
        finally:
            for conversation in somebody.conversations:
                await conversation.aclose()
