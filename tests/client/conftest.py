"""Clients of a sandbox on a real port."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from harness.client.identity import Identity
from harness.client.miaw import MiawClient

from .talking import BOT, Meet, meeting


@pytest.fixture
async def meet(tmp_path: Path) -> AsyncIterator[Meet]:
    """What makes a client of a bot, signed in; the keywords are the sandbox's, and `identity`."""
    async with AsyncExitStack() as stack:

        async def meet(script: str = BOT, *, identity: Identity | None = None, **options: Any) -> MiawClient:
            target, network = await stack.enter_async_context(meeting(tmp_path, script, **options))
            client = MiawClient(network, target.model_copy(update={"identity": identity}))
            await client.authenticate()
            return client

        yield meet
