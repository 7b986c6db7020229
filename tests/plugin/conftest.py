"""A service that scenario files in processes of their own can talk to."""

from collections.abc import AsyncIterator

import pytest

from harness.sandbox.server import Sandbox
from tests.plugin.gateway import Gateway, a_gateway
from tests.plugin.night import BOT


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """A sandbox with the night porter, behind a gateway."""
    async with Sandbox([BOT]) as sandbox, a_gateway(sandbox.url) as one:
        yield one
