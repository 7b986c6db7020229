"""Servers on the loopback interface that are no messaging service: each answers everything in its own way."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

_HEAD = re.compile(rb"^HTTP/1\.1 \d{3} [^\r\n]*\r\n", re.MULTILINE)

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answering: Answering, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server on a free port; its address."""
    tasks: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await answering(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def saying(status: str, content_type: str, body: bytes) -> Answering:
    """Answers every request with the same."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", asked, re.IGNORECASE)
            await reader.readexactly(int(length[1]) if length else 0)
            writer.write(head.encode() + body)

    return answer


PAGE = saying("200 OK", "text/html; charset=utf-8", b"<!doctype html><title>Log in</title>")
"""A page to log in, whatever is asked for."""


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes what comes and says nothing."""
    del writer
    while await reader.read(65_536):
        pass


async def blunt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Understands nothing, and says so in HTTP."""
    await reader.read(65_536)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()


def telling(service: str, header: str) -> Answering:
    """Passes everything on to a service, and adds a header to its answers."""
    host, port = service.removeprefix("http://").split(":")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, int(port))

        async def ask() -> None:
            while chunk := await reader.read(65_536):
                far_writer.write(chunk)

        asking = asyncio.create_task(ask())
        try:
            while chunk := await far_reader.read(65_536):
                writer.write(_HEAD.sub(lambda head: head[0] + header.encode() + b"\r\n", chunk))
        finally:
            asking.cancel()
            far_writer.close()

    return pass_on
