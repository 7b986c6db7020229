"""The way to a target is as the target says: its proxy, its authorities, its time-outs."""

import asyncio
from pathlib import Path

import httpx
import pytest

from harness.client.network import Network
from harness.client.target import Target, Timeouts
from harness.settings import sandbox_target
from tests.client.authority import Authority
from tests.client.servers import PAGE, serving, silent


def at(url: str, **more: object) -> Target:
    """A target."""
    return sandbox_target(url).model_copy(update=more)


async def test_a_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its user and password; those of the environment are not."""
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with serving(proxy) as url, serving(PAGE) as direct:
        through = url.replace("http://", "http://me:secret@")
        async with Network(at("http://service.invalid", proxy=through)) as network:
            assert (await network.http.get("http://service.invalid/path")).status_code == 204
        async with Network(at(direct)) as network:
            assert (await network.http.get(direct)).status_code == 200
    assert asked[0].startswith(b"GET http://service.invalid/path HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0\r\n" in asked[0]


async def test_authorities_are_trusted_as_the_target_says(tmp_path: Path) -> None:
    """And nowhere else."""
    authority = Authority.made(tmp_path)
    async with serving(PAGE, tls=authority.server()) as url:
        async with Network(at(url, ca=authority.pem)) as network:
            assert (await network.http.get(url)).status_code == 200
        async with Network(at(url)) as network:
            with pytest.raises(httpx.ConnectError, match="unable to get local issuer certificate"):
                await network.http.get(url)


async def test_an_answer_is_waited_for_as_long_as_the_target_says() -> None:
    """And no longer."""
    async with serving(silent) as url, Network(at(url, timeouts=Timeouts(request="50ms"))) as network:
        for asking in (network.request("GET", url, headers={}), network.http.get(url)):
            with pytest.raises(httpx.ReadTimeout, match=r"0\.05 s"):
                await asking
