"""What a scenario says of a target that it can't talk to: a sentence, whatever the network did."""

import asyncio
import re
from pathlib import Path

import pytest

from harness.client.miaw import MiawClient
from harness.client.network import Network
from harness.client.target import Target
from harness.errors import HarnessError, RemoteProtocolError, TargetUnreachable
from harness.settings import sandbox_target
from tests.client.authority import Authority
from tests.client.servers import PAGE, Answering, blunt, serving

TOKEN = "/iamessage/api/v2/authorization/unauthenticated/access-token"


async def said(target: Target) -> str:
    """What is said where a token is asked for."""
    async with Network(target) as network:
        with pytest.raises(HarnessError) as caught:
            await MiawClient(network, target).authenticate()
    assert isinstance(caught.value, TargetUnreachable | RemoteProtocolError)
    return str(caught.value)


@pytest.mark.parametrize(
    ("days", "is_own", "says"),
    [
        (
            -1,
            False,
            "certificate has expired); have the certificate renewed, unless it is the clock of this machine that",
        ),
        (
            1,
            True,
            "self-signed certificate); if a proxy or the service has an authority of the company's own, name its",
        ),
    ],
)
async def test_a_certificate_that_is_not_trusted(days: int, says: str, tmp_path: Path, *, is_own: bool) -> None:
    """Why, and what to do."""
    authority = Authority.made(tmp_path)
    async with serving(PAGE, tls=authority.server(days=days, is_own=is_own)) as url:
        told = await said(sandbox_target(url).model_copy(update={"ca": authority.pem}))
    assert told.startswith(f"{url}{TOKEN} can't be talked to (its certificate is not trusted: {says}")


async def test_a_host_that_nobody_knows() -> None:
    """It may only be known elsewhere."""
    assert await said(sandbox_target("http://nowhere.invalid")) == (
        f"nobody answered at http://nowhere.invalid{TOKEN} (there is no host of that name); check the address of the "
        "target; it may only be known in a VPN, or behind a proxy"
    )


async def test_https_where_there_is_none() -> None:
    """The address begins with the wrong word."""
    async with serving(blunt) as url:
        told = await said(sandbox_target(url.replace("http://", "https://")))
    assert "(it does not speak TLS as it should); check whether the address of the target begins with http://" in told


async def test_http_where_there_is_https(tmp_path: Path) -> None:
    """What comes back is no HTTP, or nothing."""
    async with serving(PAGE, tls=Authority.made(tmp_path).server()) as url:
        told = await said(sandbox_target(url.replace("https://", "http://")))
    assert "check the" in told
    assert "address" in told


def refusing(status: str) -> Answering:
    """A proxy that lets nobody through."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()

    return refuse


async def test_a_proxy_that_refuses() -> None:
    """What it says, and that its settings are to be looked at; its password is not shown."""
    async with serving(refusing("407 Proxy Authentication Required")) as proxy:
        through = proxy.replace("http://", "http://me:hunter2@")
        told = await said(sandbox_target("https://service.invalid").model_copy(update={"proxy": through}))
    assert re.search(
        r"407 Proxy Authentication Required\); check `proxy` of the target in targets\.yaml, and the user", told
    )
    assert "hunter2" not in told


async def test_a_page_instead_of_a_token() -> None:
    """Of a portal before the service."""
    async with serving(PAGE) as url:
        told = await said(sandbox_target(url))
    assert "generateAccessTokenForUnauthenticatedUser was answered with a page ('<" in told
    assert told.endswith("stands in the way, or the target's address is not a messaging service")
