"""HTTPS with a certificate of the sandbox's own authority."""

import ssl

import httpx
import pytest

from harness.sandbox.faults import FaultError
from harness.sandbox.server import Sandbox

from .end_user import DEADLINE, EndUser

HANDSHAKES = [
    pytest.param(ssl.TLSVersion.TLSv1_2, "TLSv1.2", id="TLS 1.2"),
    pytest.param(ssl.TLSVersion.TLSv1_3, "TLSv1.3", id="TLS 1.3"),
]


def trusting(ca: str | None) -> ssl.SSLContext:
    """A context that is as strict as a client's can be, and trusts one authority."""
    context = ssl.create_default_context(cadata=ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.mark.parametrize(("version", "spoken"), HANDSHAKES)
async def test_a_conversation_by_https(version: ssl.TLSVersion, spoken: str) -> None:
    """All is as without, for who trusts the authority; by the address and by the name of this machine."""
    async with Sandbox(tls=True) as sandbox:
        context = trusting(sandbox.ca)
        context.minimum_version = context.maximum_version = version
        assert sandbox.url.startswith("https://127.0.0.1:")
        for url in (sandbox.url, sandbox.url.replace("127.0.0.1", "localhost")):
            async with httpx.AsyncClient(base_url=url, timeout=DEADLINE, verify=context) as http:
                end_user = EndUser(http, "Harbour_Menu", "63")
                await end_user.sign_in()
                async with end_user.listen() as ear:
                    await end_user.create()
                    await ear.until_text("Welcome")
                    over = ear.response.extensions["network_stream"].get_extra_info("ssl_object")
                    assert over.version() == spoken


async def test_nobody_trusts_it_unless_told_to() -> None:
    """Nor the authority of another sandbox."""
    async with Sandbox(tls=True) as sandbox, Sandbox(tls=True) as other:
        assert sandbox.ca != other.ca
        for context in (ssl.create_default_context(), trusting(other.ca)):
            async with httpx.AsyncClient(base_url=sandbox.url, verify=context) as http:
                with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                    await http.get("/")


@pytest.mark.parametrize(("how", "error"), [("close", httpx.RemoteProtocolError), ("reset", httpx.ReadError)])
async def test_a_connection_ends_by_https_as_well(how: str, error: type[Exception]) -> None:
    """Closed or reset, below TLS."""
    async with (
        Sandbox(tls=True, faults=[f"drop on=Message how={how}"]) as sandbox,
        httpx.AsyncClient(base_url=sandbox.url, timeout=DEADLINE, verify=trusting(sandbox.ca)) as http,
    ):
        end_user = EndUser(http, "Harbour_Menu", "63")
        await end_user.sign_in()
        async with end_user.listen() as ear:
            await end_user.create()
            with pytest.raises(error):
                await ear.until_text("Welcome")


def test_without_it_there_is_no_authority() -> None:
    """And a wrong fault is an error before anything is served."""
    assert Sandbox().ca is None
    with pytest.raises(FaultError, match="did you mean 'drop'"):
        Sandbox(faults=["drp"])
