"""Starting, sharing and stopping a sandbox."""

import asyncio
import signal
import socket
from contextlib import AsyncExitStack

import httpx
import pytest

from harness.errors import HarnessError
from harness.sandbox.server import GRACE, Sandbox

from .conftest import visitors


async def test_a_stop_ends_open_streams_in_good_order() -> None:
    """Streams end with the end of their response, and nobody waits for a deadline."""
    async with AsyncExitStack() as stack:
        sandbox = Sandbox()
        await sandbox.__aenter__()
        visit = await stack.enter_async_context(visitors(sandbox))
        end_users = [await visit() for _ in range(5)]
        ears = [await stack.enter_async_context(end_user.listen()) for end_user in end_users]
        for end_user in end_users:
            await end_user.create()
        async with asyncio.timeout(GRACE / 2):  # what requests that don't end by themselves would get
            await sandbox.__aexit__(None, None, None)
        for ear in ears:
            await ear.rest()


async def test_a_stop_does_not_wait_for_a_client_that_does_not_read() -> None:
    """A stream whose client takes nothing is broken off."""
    async with AsyncExitStack() as stack, Sandbox() as sandbox:
        visit = await stack.enter_async_context(visitors(sandbox))
        end_user = await visit()
        await end_user.create()
        await stack.enter_async_context(end_user.listen())  # and stays open longer than the sandbox
        for _ in range(60):
            await end_user.say("a" * 100_000)


async def test_what_cannot_be_served_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of an address where nobody answers."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no application today")

    monkeypatch.setattr("harness.sandbox.server.application", broken)
    sandbox = Sandbox()
    async with asyncio.timeout(GRACE):
        with pytest.raises(ExceptionGroup) as raised:
            await sandbox.__aenter__()
    assert raised.group_contains(RuntimeError, match="no application today")


async def test_nothing_listens_after_a_stop() -> None:
    """The port is free again, and the address is gone."""
    async with Sandbox() as sandbox:
        url = sandbox.url
    with pytest.raises(RuntimeError, match="isn't listening"):
        _ = sandbox.url
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(url)


async def test_a_sandbox_can_be_entered_again() -> None:
    """The second time is as good as the first, and remembers nothing of it."""
    sandbox = Sandbox()
    for _ in range(2):
        async with sandbox, visitors(sandbox) as visit:
            end_user = await visit()
            end_user.conversation = "de887eba-8c27-4416-a06c-e91ff2f413a1"
            await end_user.create()


async def test_sandboxes_live_side_by_side() -> None:
    """Two of them share nothing, not even the ids of conversations."""
    async with Sandbox() as one, Sandbox() as two:
        assert one.url != two.url
        for sandbox in (one, two):
            async with visitors(sandbox) as visit:
                end_user = await visit()
                end_user.conversation = "de887eba-8c27-4416-a06c-e91ff2f413a1"
                await end_user.create()


async def test_a_taken_port_is_an_error_that_says_so() -> None:
    """The port is named, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HarnessError, match=f"the sandbox can't listen on port {port} .* or 0 for a free one"):
            async with Sandbox(port=port):
                pytest.fail("the port is taken")


async def test_signals_are_left_alone() -> None:
    """Ctrl-C stays with whoever runs the event loop."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with Sandbox():
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
