"""A sandbox on a loopback port: starting, serving and stopping it.

Here: the socket, the tasks, the order of shutting down. Not here: HTTP (miaw.py) and everything behind it.

It is a real server on purpose: HTTP transports in memory deliver a stream all at once. uvicorn's protocol is used
without uvicorn's server, since that one takes over the process's signals and starts and stops in steps of 0.1 s.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import ServerState

from harness.errors import HarnessError
from harness.sandbox.bots import Bot, load_bots
from harness.sandbox.certificates import Authority
from harness.sandbox.desk import Desk
from harness.sandbox.faults import parse
from harness.sandbox.limits import Limits
from harness.sandbox.miaw import application
from harness.sandbox.plans import Plans
from harness.sandbox.service import Service

GRACE = 1.0
"""Seconds that running requests get to finish when the sandbox stops."""


class Sandbox:
    """A local server of the service, with scripted bots.

        async with Sandbox() as sandbox:
            ...  # sandbox.url, until here

    Attributes:
        bots: The bots by deployment.
        org_id: An organisation id that it knows; it takes every well-formed one.
    """

    org_id = "00DHb0000004QkL"

    def __init__(
        self,
        bots: Iterable[str | Path] = (),
        *,
        port: int = 0,
        ping_interval: float = 30.0,
        token_lifetime: float = 3600.0,
        replay: int = 1000,
        limits: Limits | None = None,
        faults: Iterable[str] = (),
        tls: bool = False,
    ) -> None:
        """Load the bots; nothing is listening yet.

        Args:
            bots: Bot files and folders of them, beside the shipped ones; the same deployment replaces.
            port: Port on the loopback interface; 0 for a free one.
            ping_interval: Seconds between two pings of a stream.
            token_lifetime: Seconds that an access token is good for.
            replay: How many events of an end user are kept for streams that resume.
            limits: Rates and sizes to enforce; none if left out.
            faults: Faults that the end users of every deployment meet, as faults.py writes them.
            tls: Whether it speaks HTTPS, by a certificate of its own authority; see `ca`.

        Raises:
            DocumentError: A bot file is missing or wrong.
            FaultError: A fault isn't written as faults are.
        """
        self.bots: dict[str, Bot] = load_bots(bots)
        self._port, self._ping_interval = port, ping_interval
        self._token_lifetime, self._replay, self._limits = token_lifetime, replay, limits or Limits()
        self._faults = tuple(fault for text in faults for fault in parse(text))
        self._authority = Authority() if tls else None
        self._url: str | None = None
        self._service: Service | None = None
        self._listener: socket.socket
        self._running: asyncio.Task[None] | None = None

    @property
    def ca(self) -> str | None:
        """The certificate of the authority that a client has to trust, in PEM; None without TLS."""
        return self._authority.certificate if self._authority else None

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:49152`."""
        if self._url is None:
            raise RuntimeError("the sandbox isn't listening; enter it with `async with`")
        return self._url

    @property
    def open_conversations(self) -> int:
        """How many conversations nobody has closed, while it is listening."""
        return self._service.open_conversations if self._service else 0

    @property
    def desk(self) -> Desk:
        """Where service reps sit whom somebody plays, while it is listening."""
        if self._service is None:
            raise RuntimeError("the sandbox isn't listening; enter it with `async with`")
        return self._service.desk

    @property
    def faults_met(self) -> dict[str, int]:
        """How often each fault has come, by its text, while it is listening."""
        return {str(fault): times for fault, times in self._service.plans.met.items()} if self._service else {}

    async def __aenter__(self) -> Self:
        """Start to listen.

        Raises:
            HarnessError: The port is taken.
        """
        # With the protocol spelt out asyncio switches Nagle's algorithm off; otherwise every answer takes 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self._port))
            listener.listen()
        except OSError as error:
            listener.close()
            raise HarnessError(
                f"the sandbox can't listen on port {self._port} ({error.strerror}); choose another, or 0 for a free one"
            ) from error
        self._listener = listener
        self._url = f"{'https' if self._authority else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        # A task of its own holds the task group: whoever enters may leave from another task, as test fixtures do.
        serves = asyncio.Event()
        self._running = asyncio.create_task(self._run(listener, serves), name="sandbox")
        serving = asyncio.create_task(serves.wait())
        try:
            await asyncio.wait((self._running, serving), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self.__aexit__()
            raise
        finally:
            serving.cancel()
        if self._running.done():  # nobody would ever be answered
            listener.close()
            self._running.result()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop: end all streams in good order, then the bots."""
        assert self._running is not None  # noqa: S101 - entered before
        self._running.cancel()
        await asyncio.wait([self._running])
        self._listener.close()  # by now it is, unless we left before the task had its first turn
        self._url = self._service = None
        with suppress(asyncio.CancelledError):
            self._running.result()

    async def _run(self, listener: socket.socket, serves: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            service = self._service = Service(
                self.bots,
                tasks=tasks,
                token_lifetime=self._token_lifetime,
                replay=self._replay,
                limits=self._limits,
                plans=Plans({name: (*self._faults, *bot.faults) for name, bot in self.bots.items()}),
            )
            tls = self._authority.context() if self._authority else None
            async with _serving(application(service, ping_interval=self._ping_interval), listener, tls):
                serves.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    service.end_streams()


@asynccontextmanager
async def _serving(app: Starlette, listener: socket.socket, tls: ssl.SSLContext | None) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,  # longer than clients keep idle connections, or they meet one that is just being closed
    )
    config.load()
    state = ServerState()

    def connection() -> asyncio.Protocol:
        app_state: dict[str, Any] = {}
        protocol: Any = config.http_protocol_class(config=config, server_state=state, app_state=app_state)  # type: ignore[call-arg]
        app_state["hang_up"] = lambda *, reset: _hang_up(protocol.transport, reset=reset)
        return protocol  # type: ignore[no-any-return]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connection, sock=listener, backlog=config.backlog, ssl=tls)
    try:
        yield
    finally:
        server.close()
        for protocol in list(state.connections):
            protocol.shutdown()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=GRACE)
        for protocol in list(state.connections):
            protocol.transport.abort()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=GRACE)
        await server.wait_closed()


async def _hang_up(transport: asyncio.Transport, *, reset: bool) -> None:
    """End a connection within an answer; by a reset where nothing lingers (SO_LINGER of 0 s, see tcp(7))."""
    if reset:
        await asyncio.sleep(0)  # what has been written leaves at the end of the loop's turn
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
