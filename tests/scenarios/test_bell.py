"""Whoever waits for a bell is woken by it, and by nothing that rang before it was silenced."""

import asyncio
from contextlib import suppress

from harness.scenarios.bell import Bell


async def test_a_bell_wakes_who_waits() -> None:
    """Also who begins to wait when it has rung already, until it is silenced."""
    bell = Bell()
    waiting = asyncio.create_task(bell.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.ring()
    bell.ring()
    await waiting
    await bell.wait()
    bell.silence()
    again = asyncio.create_task(bell.wait())
    await asyncio.sleep(0)
    assert not again.done()
    bell.ring()
    await again


async def test_who_gave_up_waiting_is_forgotten() -> None:
    """The next one is woken as the first would have been."""
    bell = Bell()
    waiting = asyncio.create_task(bell.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    bell.ring()
    bell.silence()
    again = asyncio.create_task(bell.wait())
    await asyncio.sleep(0)
    assert not again.done()
    bell.ring()
    await again
