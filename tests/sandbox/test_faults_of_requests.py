"""What faults do to requests, as a plain client meets it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest

from harness.sandbox.faults import OPERATIONS
from harness.sandbox.meddling import PAGE
from harness.sandbox.server import Sandbox

from .conftest import Visit
from .end_user import DEADLINE, ORG, REST, EndUser

Ask = Callable[[EndUser], Awaitable[httpx.Response]]
Begin = Callable[..., Awaitable[EndUser]]
TOKEN = f"{REST}/authorization/unauthenticated/access-token"
FOREVER = "1h"


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    """What makes end users, with no token yet, of a sandbox with faults."""
    async with AsyncExitStack() as stack:

        async def begin(*faults: str) -> EndUser:
            sandbox = await stack.enter_async_context(Sandbox(faults=faults))
            http = await stack.enter_async_context(httpx.AsyncClient(base_url=sandbox.url, timeout=DEADLINE))
            return EndUser(http, "Harbour_Menu", "63")

        yield begin


async def ask_for_a_token(end_user: EndUser) -> httpx.Response:
    """POST access-token."""
    body = {"orgId": ORG, "esDeveloperName": end_user.deployment, "capabilitiesVersion": "63", "platform": "Web"}
    return await end_user.http.post(TOKEN, json=body)


async def open_a_stream(end_user: EndUser) -> httpx.Response:
    """GET the stream, the head of the answer only."""
    headers = {**end_user.headers, "X-Org-Id": ORG}
    async with end_user.http.stream("GET", "/eventrouter/v1/sse", headers=headers) as response:
        if "content-length" in response.headers:  # it has an end
            await response.aread()
        return response


async def create(end_user: EndUser) -> httpx.Response:
    """POST conversation."""
    body = {"conversationId": end_user.conversation, "esDeveloperName": end_user.deployment}
    return await end_user.http.post(f"{REST}/conversation", headers=end_user.headers, json=body)


async def say(end_user: EndUser) -> httpx.Response:
    """POST message."""
    return await end_user.send(end_user.text("hello"))


async def acknowledge(end_user: EndUser) -> httpx.Response:
    """POST acknowledge-entries."""
    acks = [{"id": str(uuid4()), "entryType": "Read", "conversationEntryId": str(uuid4())}]
    path = f"{end_user.path}/acknowledge-entries"
    return await end_user.http.post(path, headers=end_user.headers, json={"acks": acks})


async def close(end_user: EndUser) -> httpx.Response:
    """DELETE the conversation."""
    return await end_user.delete()


ASKED: dict[str, tuple[str, Ask, int]] = {
    "token": ("generateAccessTokenForUnauthenticatedUser", ask_for_a_token, 200),
    "connect": ("openEventStream", open_a_stream, 200),
    "create": ("createConversation", create, 201),
    "send": ("sendMessage", say, 202),
    "receipts": ("acknowledgeEntries", acknowledge, 200),
    "close": ("closeConversation", close, 204),
}
"""What is asked for in each phase, and how it is answered if all is well."""


async def up_to(phase: str, end_user: EndUser) -> Ask:
    """Bring an end user to where something is asked for."""
    if phase != "token":
        await end_user.sign_in()
    if phase not in {"token", "connect", "create"}:
        await end_user.create()
    return ASKED[phase][1]


every_phase = pytest.mark.parametrize("phase", ASKED)


@every_phase
async def test_too_many_requests(begin: Begin, phase: str) -> None:
    """429 with the time to wait, as often as is said; then all is well."""
    end_user = await begin(f"too_many_requests phase={phase} times=2 for=3s")
    ask = await up_to(phase, end_user)
    for _ in range(2):
        refused = await ask(end_user)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
        assert refused.json() == {"message": "Too many requests", "errorCode": "TOO_MANY_REQUESTS"}
    assert (await ask(end_user)).status_code == ASKED[phase][2]


@every_phase
@pytest.mark.parametrize("status", [500, 503])
async def test_an_error_of_the_server(begin: Begin, phase: str, status: int) -> None:
    """Nothing was done, so that asking again is answered as ever."""
    end_user = await begin(f"server_error phase={phase} status={status}")
    ask = await up_to(phase, end_user)
    failed = await ask(end_user)
    assert failed.status_code == status
    assert failed.json()["message"] == "Internal server error"
    assert (await ask(end_user)).status_code == ASKED[phase][2]


@every_phase
async def test_a_reset(begin: Begin, phase: str) -> None:
    """The connection is lost before anything is done."""
    end_user = await begin(f"reset phase={phase}")
    ask = await up_to(phase, end_user)
    with pytest.raises(httpx.ReadError):
        await ask(end_user)
    assert (await ask(end_user)).status_code == ASKED[phase][2]


@every_phase
async def test_a_page_of_a_gateway(begin: Begin, phase: str) -> None:
    """It looks like success to who only looks at the status."""
    end_user = await begin(f"html phase={phase}; html phase={phase} after=1 status=502")
    ask = await up_to(phase, end_user)
    for status in (200, 502):
        page = await ask(end_user)
        assert (page.status_code, page.text) == (status, PAGE)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (await ask(end_user)).status_code == ASKED[phase][2]


@every_phase
async def test_a_wrong_content_type(begin: Begin, phase: str) -> None:
    """What was asked for is done, and answered as ever but for that."""
    end_user = await begin(f"wrong_type phase={phase}")
    answered = await (await up_to(phase, end_user))(end_user)
    assert (answered.status_code, answered.headers["content-type"]) == (ASKED[phase][2], "text/html")


@every_phase
async def test_a_slow_one(begin: Begin, phase: str) -> None:
    """Nothing comes for as long as is said, and others are answered meanwhile; a shorter time passes."""
    end_user = await begin(f"slow phase={phase} after=1 for={FOREVER}; slow phase={phase} for=10ms")
    ask = await up_to(phase, end_user)
    first = await ask(end_user)
    assert first.status_code == ASKED[phase][2]
    waiting = asyncio.ensure_future(ask(end_user))
    other = EndUser(end_user.http, "Harbour_Bank", "63")
    if phase != "token":
        await other.sign_in()
    await open_meanwhile(other)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def open_meanwhile(other: EndUser) -> None:
    """Ask for what no fault of these tests is about, often enough for anything else to be answered."""
    for _ in range(5):
        response = await other.http.get("/embeddedservice/v1/businesshours?orgId=x&esConfigName=y")
        assert response.status_code == 400


@pytest.mark.parametrize("fault", ["reset", "server_error", "slow for=10ms"])
async def test_what_comes_on_the_answer_is_done(begin: Begin, fault: str) -> None:
    """A message whose answer is lost has been said: who says it again is told so."""
    end_user = await begin(f"{fault} phase=send at=answer")
    await end_user.sign_in()
    await end_user.create()
    body = end_user.text("hello")
    if fault == "reset":
        with pytest.raises(httpx.ReadError):
            await end_user.send(body)
    else:
        assert (await end_user.send(body)).status_code == (202 if fault.startswith("slow") else 500)
    assert body["message"]["id"] in {entry["identifier"] for entry in await end_user.entries()}
    assert (await end_user.send(body)).status_code == 409


@pytest.mark.parametrize("fault", ["reset", "server_error"])
async def test_a_stream_is_not_opened_for_nobody(begin: Begin, fault: str) -> None:
    """It has no answer behind which it could be: the first one that is told of is the first."""
    end_user = await begin(f"{fault} phase=connect at=answer")
    await end_user.sign_in()
    await end_user.create()
    if fault == "reset":
        with pytest.raises(httpx.ReadError):
            await open_a_stream(end_user)
    else:
        assert (await open_a_stream(end_user)).status_code == 500
    async with end_user.listen() as ear:
        await ear.until_text("Welcome")


async def test_a_conversation_is_closed_while_something_is_sent(begin: Begin) -> None:
    """It is refused, not said, and the end of the conversation is told."""
    end_user = await begin("closed")
    await end_user.sign_in()
    async with end_user.listen() as ear:
        await end_user.create()
        await ear.until_text("Welcome")
        refused = await end_user.send(end_user.text("hello"))
        assert (refused.status_code, refused.json()["message"]) == (403, "The conversation is closed")
        heard = await ear.until_event("CONVERSATION_CLOSE_CONVERSATION")
    assert "hello" not in [event.text for event in heard]
    assert (await end_user.delete()).status_code == 403


async def test_a_phase_is_where_the_conversation_is(visit: Visit) -> None:
    """A request that belongs to another phase meets the fault of the one that its conversation is in."""
    end_user = await visit("Harbour_Desk")
    async with end_user.listen() as ear:
        await end_user.create(**{"sandbox.fault": "server_error phase=transfer on=acknowledgeEntries"})
        await ear.until_text("Welcome")
        assert (await acknowledge(end_user)).status_code == 200
        await end_user.say("a technician, please")
        await ear.until_event("CONVERSATION_QUEUE_POSITION")
        assert (await acknowledge(end_user)).status_code == 500
        assert (await acknowledge(end_user)).status_code == 200


async def test_storms_are_drawn_from_the_seed(begin: Begin) -> None:
    """The same in every run, and about as often as is said."""
    runs: list[list[int]] = []
    for seed in (1, 1, 2):
        end_user = await begin(f"too_many_requests on=sendMessage probability=0.5 seed={seed}")
        await end_user.sign_in()
        await end_user.create()
        runs.append([(await say(end_user)).status_code for _ in range(30)])
    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {202, 429}


async def test_each_end_user_meets_the_same_number(begin: Begin) -> None:
    """What one meets is not counted for the next, but for tokens, since nobody knows who asks for those."""
    first = await begin("server_error phase=create times=2", "server_error phase=token times=1")
    assert (await ask_for_a_token(first)).status_code == 500
    for _ in range(2):
        end_user = EndUser(first.http, "Harbour_Menu", "63")
        await end_user.sign_in()
        assert [(await create(end_user)).status_code for _ in range(3)] == [500, 500, 201]


async def test_a_deployment_without_faults_has_none(begin: Begin) -> None:
    """A request for the token of another one is answered; so is one that nobody understands."""
    end_user = await begin()
    path = "/sandbox/deployment/Harbour_Menu/faults"
    assert (await end_user.http.put(path, json={"faults": ["server_error phase=token"]})).status_code == 204
    other = EndUser(end_user.http, "Harbour_Bank", "63")
    assert (await ask_for_a_token(other)).status_code == 200
    for body in (b"[", b"[]", b"{}", b"\xff"):
        response = await end_user.http.post(TOKEN, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 400
    assert (await ask_for_a_token(end_user)).status_code == 500


# How they are set


async def described() -> dict[str, Any]:
    """Give the sandbox's description of itself."""
    async with Sandbox() as sandbox, httpx.AsyncClient(base_url=sandbox.url) as http:
        described: dict[str, Any] = (await http.get("/sandbox/openapi.json")).json()
        return described


async def test_faults_know_all_operations_of_end_users() -> None:
    """None is left out but those that ask for no token."""
    paths = (await described())["paths"].values()
    names = {one["operationId"] for path in paths for one in path.values()}
    assert names - set(OPERATIONS) == {"getEmbeddedServiceConfig", "getBusinessHours"}
    assert set(OPERATIONS) <= names


async def test_faults_are_set_before_a_conversation(begin: Begin) -> None:
    """By the sandbox's own path, for those who have no token yet; nothing is left when they are unset."""
    end_user = await begin()
    path = f"/sandbox/deployment/{end_user.deployment}/faults"
    await end_user.sign_in()
    assert (await end_user.http.put(path, json={"faults": ["server_error phase=create"]})).status_code == 204
    assert (await create(end_user)).status_code == 201
    for status, faults in ((500, None), (201, [])):
        if faults is not None:
            assert (await end_user.http.put(path, json={"faults": faults})).status_code == 204
        later = EndUser(end_user.http, end_user.deployment, "63")
        await later.sign_in()
        assert (await create(later)).status_code == status


@pytest.mark.parametrize(
    ("deployment", "faults", "status", "says"),
    [
        ("Harbour_Menu", ["drp"], 400, "in the fault 'drp': unknown kind 'drp'; did you mean 'drop'?"),
        ("Harbour_Menü", [], 404, "There is no deployment 'Harbour_Menü'; did you mean 'Harbour_Menu'?"),
        ("Harbour_Menu", "drop", 400, "Invalid faults"),
    ],
)
async def test_what_can_not_be_set_is_refused(
    begin: Begin, deployment: str, faults: Any, status: int, says: str
) -> None:
    """With what was wrong."""
    end_user = await begin()
    refused = await end_user.http.put(f"/sandbox/deployment/{deployment}/faults", json={"faults": faults})
    assert (refused.status_code, refused.json()["message"]) == (status, says)


async def test_a_bad_routing_attribute_is_refused(visit: Visit) -> None:
    """And no conversation is created."""
    end_user = await visit()
    body = {"conversationId": end_user.conversation, "esDeveloperName": end_user.deployment}
    attributes = {"routingAttributes": {"sandbox.fault": "drop; haf phase=streaming"}}
    path = f"{REST}/conversation"
    refused = await end_user.http.post(path, headers=end_user.headers, json={**body, **attributes})
    says = "sandbox.fault: in the fault 'haf phase=streaming': unknown kind 'haf'; did you mean 'half'?"
    assert (refused.status_code, refused.json()["message"]) == (400, says)
    assert (await end_user.http.post(path, headers=end_user.headers, json=body)).status_code == 201
