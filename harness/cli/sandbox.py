"""`harness sandbox`: the sandbox in the foreground."""

import asyncio
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import uvloop

from harness.cli.rep import play_rep
from harness.sandbox.limits import Limits
from harness.sandbox.process import LISTENING
from harness.sandbox.server import Sandbox
from harness.scenarios.interpreter import many_conversations


def serve(
    *,
    port: int,
    bots: tuple[Path, ...],
    ping_interval: float,
    faults: tuple[str, ...],
    limits: bool,
    token_lifetime: float,
    tls: bool,
    until_stdin_closes: bool,
    rep: bool,
) -> None:
    """Serve until Ctrl-C, a termination signal, or the end of standard input."""
    sandbox = Sandbox(
        bots,
        port=port,
        ping_interval=ping_interval,
        token_lifetime=token_lifetime,
        limits=Limits.documented() if limits else None,
        faults=faults,
        tls=tls,
    )
    with _certificate(sandbox.ca) as ca, many_conversations():
        uvloop.run(_serve(sandbox, ca, until_stdin_closes=until_stdin_closes, rep=rep))


@contextmanager
def _certificate(ca: str | None) -> Iterator[Path | None]:
    """Write the authority's certificate into a file, as long as it is good for anything."""
    if ca is None:
        yield None
        return
    with TemporaryDirectory(prefix="harness-sandbox-") as folder:
        path = Path(folder) / "ca.pem"
        path.write_text(ca, encoding="ascii")
        yield path


async def _serve(sandbox: Sandbox, ca: Path | None, *, until_stdin_closes: bool, rep: bool) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for ended_by in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(ended_by, stop.set)
    async with sandbox:
        click.echo(f"{LISTENING}{sandbox.url}")
        if ca is not None:
            click.echo(f"certificates are signed by {ca}")
        if until_stdin_closes:
            if not rep:
                threading.Thread(target=_watch, args=(loop, stop), daemon=True).start()
        else:
            for deployment, bot in sorted(sandbox.bots.items()):
                click.echo(f"  {deployment}: {bot.about or bot.bot}")
            click.echo(f"conversations are shown at {sandbox.url}/, Ctrl-C ends it")
        if rep:
            click.echo("you are the rep; /help says how")
        sys.stdout.flush()
        await (_play_rep(sandbox, stop) if rep else stop.wait())


async def _play_rep(sandbox: Sandbox, stop: asyncio.Event) -> None:
    """Let a person play the rep until they have enough, or the sandbox is to stop."""
    playing = asyncio.create_task(play_rep(sandbox))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not playing.done():
        playing.cancel()
    with suppress(asyncio.CancelledError):
        await playing


def _watch(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    sys.stdin.read()
    with suppress(RuntimeError):  # the loop has ended by itself
        loop.call_soon_threadsafe(stop.set)
