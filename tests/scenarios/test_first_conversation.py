"""A first conversation with a target: every way in which it can fail is told where it does, and what to do."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from harness.client.target import Target, Timeouts
from harness.sandbox.server import Sandbox
from harness.scenarios.first_conversation import FirstConversation, Step
from harness.settings import ORG_ID
from tests.client.authority import Authority
from tests.client.servers import PAGE, blunt, saying, serving, silent, telling
from tests.plugin.gateway import CREATE, STREAM, Fault, Gateway, a_gateway, refusal

SHORT = Timeouts(connect="300ms", request="300ms")
"""Of servers that never answer."""
SHORTER = Timeouts(request="2s", first_event="2s")
"""Of a service that answers some requests, and makes keys before it does."""
BOT = """\
bot: Quiet
deployment: Quiet
turns:
  - when: .
    do: [{pause: 1ms}]
"""


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A sandbox with a bot that says nothing."""
    (tmp_path / "quiet.bot.yaml").write_text(BOT)
    async with Sandbox([tmp_path]) as running:
        yield running


@pytest.fixture
async def gateway(sandbox: Sandbox) -> AsyncIterator[Gateway]:
    """A gateway before the sandbox."""
    async with a_gateway(sandbox.url) as one:
        yield one


def at(url: str, deployment: str = "Harbour_Assistant", **more: object) -> Target:
    """A target."""
    fields = {"name": "here", "url": url, "org_id": ORG_ID, "deployment": deployment, **more}
    return Target.model_validate({"within": 5.0, **fields})


async def held(target: Target, *, is_greeted: bool = True) -> list[Step]:
    """The steps of a first conversation."""
    steps: list[Step] = []
    is_well = await FirstConversation(target, steps.append, say="Hello", is_greeted=is_greeted).hold()
    assert is_well == (not any(step.problem for step in steps))
    return steps


def names(steps: list[Step]) -> list[str]:
    """What was tried; what failed in capitals."""
    return [step.name.upper() if step.problem else step.name for step in steps]


WAY = ["name", "connection"]
TALK = ["token", "clock", "event stream", "conversation", "first event"]


async def test_all_is_well(sandbox: Sandbox) -> None:
    """Every step is told, with what was found."""
    steps = await held(at(sandbox.url))
    assert names(steps) == [*WAY, *TALK, "first message", "send", "echo", "receipt", "close"]
    told = {step.name: step.told for step in steps}
    assert told["name"] == "127.0.0.1"
    assert told["token"] == "for a guest"
    assert told["clock"] == "that of this machine and the service's agree"
    assert told["first message"].startswith("message from Harbour Assistant (chatbot): 'Hello, I'm")
    assert told["echo"] == "echo of 'Hello'"
    assert told["receipt"] == "delivered by Harbour Assistant (chatbot)"
    assert all(step.took is not None and 0 <= step.took < 60 for step in steps)


async def test_nothing_is_left_open(gateway: Gateway) -> None:
    """The conversation is closed."""
    await held(at(gateway.url))
    assert (gateway.begun, gateway.closed) == (1, 1)


async def problem(target: Target, *tried: str, **more: bool) -> str:
    """What the last step, which fails, says; the others go well."""
    steps = await held(target, **more)
    assert names(steps) == [*tried[:-1], tried[-1].upper()]
    return steps[-1].problem


async def test_no_such_host() -> None:
    """A name that nobody knows."""
    assert await problem(at("https://nowhere.invalid"), "name") == (
        "nobody answered at https://nowhere.invalid (there is no host of that name); check the address of the target; "
        "it may only be known in a VPN, or behind a proxy"
    )


async def test_nobody_listens() -> None:
    """A port that is closed."""
    async with serving(silent) as url:
        pass
    assert await problem(at(url), *WAY) == (
        f"nobody answered at {url} (Connection refused); check the address of the target, and that it is up"
    )


async def test_a_server_that_answers_with_a_page() -> None:
    """Of a portal, or of a wrong address."""
    async with serving(PAGE) as url:
        said = await problem(at(url), *WAY, "token")
    assert said == (
        "generateAccessTokenForUnauthenticatedUser was answered with a page ('<!doctype html><title>Log in</title>') "
        f"by {url}/iamessage/api/v2/authorization/unauthenticated/access-token; a gateway or a login page stands in "
        "the way, or the target's address is not a messaging service"
    )


async def test_a_server_that_knows_no_such_path() -> None:
    """A web server."""
    async with serving(saying("404 Not Found", "text/html", b"<h1>Not Found</h1>")) as url:
        said = await problem(at(url), *WAY, "token")
    assert said == (
        "generateAccessTokenForUnauthenticatedUser was refused with 404: '<h1>Not Found</h1>'; the service does not "
        "know this conversation, or the target's address is not a messaging service"
    )


async def test_a_server_that_never_answers() -> None:
    """It takes the request, and that is all."""
    async with serving(silent) as url:
        said = await problem(at(url, timeouts=SHORT), *WAY, "token")
    assert said == (
        f"nobody answered at {url}/iamessage/api/v2/authorization/unauthenticated/access-token (no answer within "
        "0.3 s); check the address of the target, and that it is up; `timeouts` in targets.yaml give it longer"
    )


# -- TLS ---------------------------------------------------------------------------------------------------------------

UNKNOWN = (
    "if a proxy or the service has an authority of the company's own, name its certificate as `ca` of the target in "
    "targets.yaml; else don't trust it"
)


@pytest.mark.parametrize(
    ("host", "days", "is_own", "why", "advice"),
    [
        pytest.param(
            "127.0.0.1",
            -1,
            False,
            "certificate has expired",
            "have the certificate renewed, unless it is the clock of this machine that is wrong",
            id="expired",
        ),
        pytest.param(
            "other.example",
            1,
            False,
            "IP address mismatch, certificate is not valid for '127.0.0.1'",
            "check the address of the target: the certificate is that of another host",
            id="another host's",
        ),
        pytest.param("127.0.0.1", 1, True, "self-signed certificate", UNKNOWN, id="signed by itself"),
    ],
)
async def test_a_certificate_that_is_not_trusted(  # noqa: PLR0917 - a row
    host: str, days: int, is_own: bool, why: str, advice: str, tmp_path: Path
) -> None:
    """Though its authority is."""
    authority = Authority.made(tmp_path)
    async with serving(PAGE, tls=authority.server(host, days=days, is_own=is_own)) as url:
        said = await problem(at(url, ca=authority.pem), *WAY, "TLS")
    assert said == f"{url} can't be talked to (its certificate is not trusted: {why}); {advice}"


async def test_an_authority_that_is_not_known(tmp_path: Path) -> None:
    """Until its certificate is named."""
    authority = Authority.made(tmp_path)
    async with serving(PAGE, tls=authority.server()) as url:
        said = await problem(at(url), *WAY, "TLS")
        assert said == (
            f"{url} can't be talked to (its certificate is not trusted: unable to get local issuer certificate); "
            f"{UNKNOWN}"
        )
        steps = await held(at(url, ca=authority.pem))
    assert names(steps) == [*WAY, "TLS", "TOKEN"]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert re.fullmatch(rf"TLSv1\.[23], certificate valid until {tomorrow:%Y-%m}-\d\d", steps[2].told)


async def test_a_server_without_tls() -> None:
    """Where https:// was said."""
    async with serving(blunt) as url:
        secure = url.replace("http://", "https://")
        said = await problem(at(secure), *WAY, "TLS")
    assert said == (
        f"nobody answered at {secure} (it does not speak TLS as it should); check whether the address of the target "
        "begins with http:// or https://, and its port"
    )


async def test_tls_that_is_never_agreed_on() -> None:
    """The server takes the first bytes, and that is all."""
    async with serving(silent) as url:
        secure = url.replace("http://", "https://")
        said = await problem(at(secure, timeouts=SHORT), *WAY, "TLS")
    assert said == f"{secure} did not agree on TLS within 0.3 s"


# -- clocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skew", "says"),
    [
        (timedelta(hours=1), "this machine's clock is 60 minutes behind the service's"),
        (timedelta(hours=-1), "this machine's clock is 60 minutes ahead of the service's"),
    ],
)
async def test_a_clock_that_is_wrong(skew: timedelta, says: str, sandbox: Sandbox) -> None:
    """It is told, and the conversation goes on."""
    date = format_datetime(datetime.now(UTC) + skew, usegmt=True)
    async with serving(telling(sandbox.url, f"Date: {date}")) as url:
        steps = await held(at(url))
    assert names(steps) == [*WAY, "token", "CLOCK", *TALK[2:], "first message", "send", "echo", "receipt", "close"]
    assert steps[3].problem == f"{says}; set one of them right, or certificates and tokens are taken for expired"


async def test_a_clock_that_is_a_little_wrong(sandbox: Sandbox) -> None:
    """It is told, and nothing is wrong with it."""
    date = format_datetime(datetime.now(UTC) - timedelta(seconds=90), usegmt=True)
    async with serving(telling(sandbox.url, f"Date: {date}")) as url:
        steps = await held(at(url))
    assert re.fullmatch(r"this machine's clock is 9[0-9] s ahead of the service's", steps[3].told)
    assert not steps[3].problem


# -- the service -------------------------------------------------------------------------------------------------------


async def test_no_such_deployment(sandbox: Sandbox) -> None:
    """The service says so."""
    said = await problem(at(sandbox.url, "Nobody"), *WAY, "token")
    assert said.startswith("generateAccessTokenForUnauthenticatedUser was refused with 400")


async def test_a_stream_that_is_a_page(gateway: Gateway) -> None:
    """Its content type is wrong, which is told with what came."""
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<h1>Hello</h1"
    gateway.faults = [Fault(STREAM, page)]
    said = await problem(at(gateway.url), *WAY, *TALK[:3])
    assert "answered with 'text/html' instead of an event stream (text/event-stream): '<h1>Hello</h1'" in said
    assert gateway.begun == 0


async def test_a_stream_that_never_opens(gateway: Gateway) -> None:
    """It is given up in time."""
    gateway.faults = [Fault(STREAM, is_mute=True)]
    said = await problem(at(gateway.url, timeouts=SHORTER), *WAY, *TALK[:3])
    assert "within 2 s" in said


async def test_a_stream_that_ends(gateway: Gateway) -> None:
    """In the middle of the conversation, which is closed nevertheless."""
    gateway.faults = [Fault(STREAM, after=b"RoutingResult")]
    steps = await held(at(gateway.url, "Quiet"))
    assert names(steps)[-2:] == ["FIRST MESSAGE", "close"]
    assert steps[-2].problem.startswith("the event stream ended while the conversation was still open")
    assert gateway.closed == 1


async def test_a_conversation_that_is_refused(gateway: Gateway) -> None:
    """There is nothing to close then."""
    gateway.faults = [Fault(CREATE, refusal(403))]
    said = await problem(at(gateway.url), *WAY, *TALK[:4])
    assert said.startswith("createConversation was refused with 403 LATER: 'Not now'")
    assert not any("DELETE" in one for one in gateway.seen)


async def test_a_conversation_of_which_nobody_knows_whether_it_was_created(gateway: Gateway) -> None:
    """It is closed, to leave nothing open."""
    gateway.faults = [Fault(CREATE, is_mute=True)]
    said = await problem(at(gateway.url, timeouts=SHORTER), *WAY, *TALK[:4])
    assert "no answer within 2 s" in said
    assert gateway.closed == 1


async def test_nobody_speaks_first(gateway: Gateway) -> None:
    """The conversation is closed, and it is said what to look at."""
    steps = await held(at(gateway.url, "Quiet", within=1.0))
    assert names(steps) == [*WAY, *TALK, "FIRST MESSAGE", "close"]
    assert steps[-2].problem == (
        "nobody said anything within 1 s; see whether the deployment 'Quiet' is published and routes to a bot or a "
        "queue that is open, or add --no-greeting if the user speaks first there"
    )
    assert gateway.closed == 1


async def test_nobody_confirms(sandbox: Sandbox) -> None:
    """It is told, and the conversation is closed; the greeting is not waited for where there is none."""
    steps = await held(at(sandbox.url, "Quiet", within=1.0), is_greeted=False)
    assert names(steps) == [*WAY, *TALK, "send", "echo", "RECEIPT", "close"]
    assert steps[-2].problem == (
        "nobody confirmed what was said within 1 s; see whether anybody is there, and don't expect receipts if so"
    )


async def test_a_proxy_is_examined_first() -> None:
    """Its password is not shown."""
    async with serving(silent) as url:
        pass
    proxy = url.replace("http://", "http://me:hunter2@")
    steps = await held(at("https://nowhere.invalid", proxy=proxy))
    assert names(steps) == ["proxy name", "PROXY CONNECTION"]
    assert steps[-1].problem.startswith(f"nobody answered at {url} (Connection refused)")
