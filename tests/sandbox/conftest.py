"""A sandbox on a real port, and end users who visit it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from harness.sandbox.server import Sandbox

from .end_user import DEADLINE, EndUser

Visit = Callable[..., Awaitable[EndUser]]


@asynccontextmanager
async def visitors(sandbox: Sandbox) -> AsyncIterator[Visit]:
    """Give what makes end users of a sandbox: signed in, nothing created yet."""
    async with AsyncExitStack() as open_clients:

        async def visit(deployment: str = "Harbour_Assistant", *, capabilities: str = "63") -> EndUser:
            http = httpx.AsyncClient(base_url=sandbox.url, timeout=DEADLINE)
            await open_clients.enter_async_context(http)
            end_user = EndUser(http, deployment, capabilities)
            await end_user.sign_in()
            return end_user

        yield visit


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """The sandbox with the shipped bots."""
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def visit(sandbox: Sandbox) -> AsyncIterator[Visit]:
    """What makes end users of the shipped bots."""
    async with visitors(sandbox) as visit:
        yield visit


@pytest.fixture
async def meet(tmp_path: Path) -> AsyncIterator[Visit]:
    """What makes an end user of a bot that the test writes itself."""
    async with AsyncExitStack() as stack:

        async def meet(script: str, *, capabilities: str = "63") -> EndUser:
            path = tmp_path / "test.bot.yaml"
            path.write_text(f"bot: Test Bot\ndeployment: Test\n{script}", encoding="utf-8")
            visit = await stack.enter_async_context(visitors(await stack.enter_async_context(Sandbox([path]))))
            return await visit("Test", capabilities=capabilities)

        yield meet
