"""Whoever waits for a bell is woken by it, and by nothing that rang before it was silenced."""

import asyncio
from contextlib import suppress

from harness.scenarios.bell import Bell


async def waiting(bell: Bell) -> asyncio.Task[None]:
    """Somebody who waits, and was not woken at once."""
    task = asyncio.create_task(bell.wait())
    await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_a_bell_wakes_who_waits() -> None:
    """Also who begins to wait when it has rung already, until it is silenced."""
    bell = Bell()
    first = await waiting(bell)
    bell.ring()
    bell.ring()
    await first
    await bell.wait()
    bell.silence()
    again = await waiting(bell)
    bell.ring()
    await again


async def test_who_gave_up_waiting_is_forgotten() -> None:
    """The next one is woken as the first would have been."""
    bell = Bell()
    first = await waiting(bell)
    first.cancel()
    with suppress(asyncio.CancelledError):
        await first
    bell.ring()
    bell.silence()
    again = await waiting(bell)
    bell.ring()
    await again
