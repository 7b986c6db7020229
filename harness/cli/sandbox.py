"""`harness sandbox`: the sandbox in the foreground."""

import asyncio
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

import click
import uvloop

from harness.sandbox.process import LISTENING
from harness.sandbox.server import Sandbox


def serve(*, port: int, bots: tuple[Path, ...], ping_interval: float, until_stdin_closes: bool) -> None:
    """Serve until Ctrl-C, a termination signal, or the end of standard input."""
    uvloop.run(_serve(Sandbox(bots, port=port, ping_interval=ping_interval), until_stdin_closes=until_stdin_closes))


async def _serve(sandbox: Sandbox, *, until_stdin_closes: bool) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for ended_by in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(ended_by, stop.set)
    async with sandbox:
        click.echo(f"{LISTENING}{sandbox.url}")
        if until_stdin_closes:
            threading.Thread(target=_watch, args=(loop, stop), daemon=True).start()
        else:
            for deployment, bot in sorted(sandbox.bots.items()):
                click.echo(f"  {deployment}: {bot.about or bot.bot}")
            click.echo("Ctrl-C ends it")
        sys.stdout.flush()
        await stop.wait()


def _watch(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    sys.stdin.read()
    with suppress(RuntimeError):  # the loop has ended by itself
        loop.call_soon_threadsafe(stop.set)
