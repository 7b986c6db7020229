"""What a request is answered: status and body."""

import json
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx
import jwt
import pytest

from harness.sandbox.bots import Bot
from harness.sandbox.limits import Limits
from harness.sandbox.server import Sandbox

from .conftest import Visit, visitors
from .end_user import ORG, REST, EndUser

SAMPLES = Path(__file__).parents[1] / "protocols/miaw/data/rest"
TOKEN = f"{REST}/authorization/unauthenticated/access-token"
UUID = "de887eba-8c27-4416-a06c-e91ff2f413a1"
TOKEN_REQUEST = {
    "orgId": ORG,
    "esDeveloperName": "Harbour_Assistant",
    "capabilitiesVersion": "63",
    "platform": "Web",
}
CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    412: "PRECONDITION_FAILED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    417: "EXPECTATION_FAILED",
    429: "TOO_MANY_REQUESTS",
}
GONE: Any = object()


def sample(name: str) -> Any:
    """Load a sample of a response."""
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def changed(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Give a body with changes; GONE takes a key away."""
    return {key: value for key, value in {**body, **changes}.items() if value is not GONE}


def assert_refused(response: httpx.Response, status: int, message: str) -> None:
    """Check status and body of a refusal."""
    assert (response.status_code, response.json()) == (status, {"message": message, "errorCode": CODES[status]})
    assert response.headers["Content-Type"] == "application/json"


@pytest.fixture
async def talker(visit: Visit) -> EndUser:
    """Somebody with an open conversation."""
    end_user = await visit()
    await end_user.create()
    return end_user


# Who may


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        pytest.param(None, "Jwt is missing", id="no token"),
        pytest.param("Basic eA==", "Jwt is missing", id="another scheme"),
        pytest.param("Bearer", "Jwt is missing", id="an empty token"),
        pytest.param("Bearer nonsense", "Jwt verification fails", id="no token at all"),
        pytest.param(
            f"Bearer {jwt.encode({'sub': 'x', 'clientId': 'y'}, 'k' * 32)}", "Jwt verification fails", id="another key"
        ),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/authorization/continuation-access-token"),
        ("POST", "/conversation"),
        ("GET", "/conversation/list"),
        ("GET", f"/conversation/{UUID}"),
        ("GET", f"/conversation/{UUID}/entries"),
        ("GET", f"/conversation/{UUID}/transcript"),
        ("DELETE", f"/conversation/{UUID}"),
        ("DELETE", f"/conversation/{UUID}/session"),
        ("POST", f"/conversation/{UUID}/message"),
        ("POST", f"/conversation/{UUID}/file"),
        ("POST", f"/conversation/{UUID}/entry"),
        ("POST", f"/conversation/{UUID}/acknowledge-entries"),
    ],
)
async def test_nothing_goes_without_a_token(
    sandbox: Sandbox, method: str, path: str, authorization: str | None, message: str
) -> None:
    """A request without a good token is answered with 401, whatever it asks for."""
    headers = {"Authorization": authorization} if authorization else {}
    async with httpx.AsyncClient(base_url=sandbox.url) as http:
        assert_refused(await http.request(method, REST + path, headers=headers), 401, message)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/message"),
        ("POST", "/file"),
        ("POST", "/entry"),
        ("POST", "/acknowledge-entries"),
        ("DELETE", "/session"),
        ("DELETE", ""),
        ("GET", ""),
        ("GET", "/entries"),
        ("GET", "/transcript"),
    ],
)
async def test_a_conversation_belongs_to_one_end_user(visit: Visit, talker: EndUser, method: str, path: str) -> None:
    """Another anonymous identity is forbidden; an unknown conversation is not found."""
    stranger = await visit()
    there = await stranger.http.request(method, f"{talker.path}{path}", headers=stranger.headers)
    assert (there.status_code, there.json()) == (403, sample("error__403_other_identity")["body"])
    nowhere = await stranger.http.request(method, f"{REST}/conversation/{UUID}{path}", headers=stranger.headers)
    assert (nowhere.status_code, nowhere.json()) == (404, sample("error__404_conversation_not_found")["body"])


# Conversations


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"conversationId": "1"},
            "Specify the conversationId in UUID format.",
            id="an id that is no UUID",
        ),
        pytest.param(
            {"conversationId": "de887eba-8c27-1416-a06c-e91ff2f413a1"},
            "Specify the conversationId in UUID format.",
            id="a UUID of another version",
        ),
        pytest.param(
            {"conversationId": "de887eba-8c27-4416-706c-e91ff2f413a1"},
            "Specify the conversationId in UUID format.",
            id="a UUID of another variant",
        ),
        pytest.param({"conversationId": GONE}, "Specify the conversationId.", id="no id"),
        pytest.param({"prechatDetails": {}}, 'Unrecognized field "prechatDetails"', id="an unknown property"),
        pytest.param({"routingAttributes": {"a": 1}}, "Invalid a", id="an attribute that is no text"),
        pytest.param({"esDeveloperName": "Nobody"}, 'There is no deployment "Nobody"', id="an unknown deployment"),
        pytest.param(
            {"esDeveloperName": "Harbour_Menu"},
            "The esDeveloperName does not match the access token",
            id="another deployment than the token's",
        ),
    ],
)
async def test_a_conversation_is_refused(visit: Visit, changes: dict[str, Any], message: str) -> None:
    """One mistake in the request is answered with 400 and says which."""
    end_user = await visit()
    body = changed({"conversationId": str(uuid4()), "esDeveloperName": "Harbour_Assistant"}, **changes)
    assert_refused(await end_user.http.post(f"{REST}/conversation", headers=end_user.headers, json=body), 400, message)


@pytest.mark.parametrize("attributes", [GONE, None, {}, {"_firstName": "Ana", "Basket_Id": "B-1009"}])
async def test_a_conversation_is_created_once(visit: Visit, attributes: Any) -> None:
    """The first request is answered with 201 and an empty body, the second with 409."""
    end_user = await visit()
    body = changed(
        {"conversationId": UUID, "esDeveloperName": "Harbour_Assistant", "language": "en_US"},
        routingAttributes=attributes,
    )
    first = await end_user.http.post(f"{REST}/conversation", headers=end_user.headers, json=body)
    assert (first.status_code, first.content) == (201, b"")
    second = await end_user.http.post(f"{REST}/conversation", headers=end_user.headers, json=body)
    assert (second.status_code, second.json()) == (409, sample("error__409_conversation_exists")["body"])


async def test_an_upper_case_id_is_the_same_id(visit: Visit) -> None:
    """Ids are lower-cased, in the body and in the path."""
    end_user = await visit()
    end_user.conversation = UUID.upper()
    await end_user.create()
    status = await end_user.http.get(end_user.path, headers=end_user.headers)
    assert (status.status_code, status.json()["conversationId"]) == (200, UUID)


# Messages

TEXT = {"formatType": "Text", "text": "hello"}
MESSAGE = {"id": UUID, "messageType": "StaticContentMessage", "staticContent": TEXT}
CHOICE = {
    "id": UUID,
    "messageType": "ChoicesResponseMessage",
    "inReplyToMessageId": "",
    "choicesResponse": {"formatType": "Selections", "selectedOptions": [{"optionIdentifier": "none"}]},
}
VARIABLE = {"name": "page", "value": {"valueType": "TextValue", "textValue": "cards"}}


def context(*variables: Any) -> list[Any]:
    """Give the context of a message."""
    inner = {"contextType": "SessionContextSet", "contextVariables": list(variables)}
    return [{"entryType": "SessionContext", "id": UUID, "sessionContext": inner}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"surprise": 1}, 'Unrecognized field "surprise"', id="an unknown property"),
        pytest.param(
            {"message": {**MESSAGE, "surprise": 1}},
            'Unrecognized field "surprise"',
            id="an unknown property further in",
        ),
        pytest.param({"message": GONE}, "Specify the message.", id="no message"),
        pytest.param({"message": "hello"}, "Invalid message", id="a message that is a text"),
        pytest.param({"message": changed(MESSAGE, id=GONE)}, "Specify the id.", id="no id"),
        pytest.param({"message": {**MESSAGE, "id": "1"}}, "Specify the id in UUID format.", id="an id that is no UUID"),
        pytest.param({"message": changed(MESSAGE, messageType=GONE)}, "Specify the messageType.", id="no type"),
        pytest.param(
            {"message": {**MESSAGE, "messageType": "CloseConversation"}},
            'Invalid messageType "CloseConversation"',
            id="a type that end users don't send",
        ),
        pytest.param({"message": changed(MESSAGE, staticContent=GONE)}, "Specify the staticContent.", id="no content"),
        pytest.param(
            {"message": {**MESSAGE, "staticContent": {**TEXT, "formatType": "RichLink"}}},
            "Invalid formatType",
            id="a format that end users don't send",
        ),
        pytest.param({"message": {**MESSAGE, "staticContent": {**TEXT, "text": ""}}}, "Invalid text", id="no text"),
        pytest.param({"message": {**MESSAGE, "staticContent": {**TEXT, "text": 1}}}, "Invalid text", id="a number"),
        pytest.param(
            {"message": CHOICE},
            "The optionIdentifier was not offered in this conversation",
            id="an option nobody offered",
        ),
        pytest.param(
            {"message": changed(CHOICE, inReplyToMessageId=GONE)},
            "Specify the inReplyToMessageId.",
            id="a choice that answers nothing",
        ),
        pytest.param(
            {"message": {**MESSAGE, "inReplyToMessageId": "1"}},
            "Specify the inReplyToMessageId in UUID format.",
            id="an answer to what is no UUID",
        ),
        pytest.param({"context": context()}, "Invalid contextVariables", id="a context without a variable"),
        pytest.param({"context": context(VARIABLE, VARIABLE)}, "Invalid contextVariables", id="two variables at once"),
        pytest.param({"esDeveloperName": GONE}, "Specify the esDeveloperName.", id="no deployment"),
    ],
)
async def test_a_message_is_refused(talker: EndUser, changes: dict[str, Any], message: str) -> None:
    """One mistake in the request is answered with 400 and says which."""
    body = changed({"message": MESSAGE, "esDeveloperName": "Harbour_Assistant"}, **changes)
    assert_refused(await talker.send(body), 400, message)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="the least"),
        pytest.param({"message": {**MESSAGE, "inReplyToMessageId": str(uuid4())}}, id="a reply"),
        pytest.param({"message": {**MESSAGE, "inReplyToMessageId": ""}}, id="a reply to an empty id"),
        pytest.param({"message": {**MESSAGE, "references": [], "inReplyToMessageId": None}}, id="explicit nulls"),
        pytest.param({"isNewMessagingSession": True, "routingAttributes": {"a": "b"}, "language": "en"}, id="prechat"),
        pytest.param({"context": context(VARIABLE)}, id="a variable of the session's context"),
    ],
)
async def test_a_message_is_accepted_once(talker: EndUser, changes: dict[str, Any]) -> None:
    """A message is answered with 202 and its id; the same id again with 409."""
    body = changed({"message": MESSAGE, "esDeveloperName": "Harbour_Assistant"}, **changes)
    response = await talker.send(body)
    assert response.status_code == 202
    [entry] = response.json()["conversationEntries"]
    assert entry.keys() == sample("send_message__response_202")["body"]["conversationEntries"][0].keys()
    assert entry["id"] == UUID
    assert_refused(await talker.send(body), 409, "A message with this id already exists")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"\xff"', id="bytes that are no UTF-8"),
        pytest.param(b"[" * 200_000, id="a deep hole"),
        pytest.param(b'{"message": NaN}', id="not a number"),
        pytest.param(b"1" * 5_000, id="a number of 5,000 digits"),
    ],
)
@pytest.mark.parametrize("path", ["/message", "/entry", "/acknowledge-entries"])
async def test_what_is_no_request_is_refused(talker: EndUser, path: str, body: bytes) -> None:
    """Whatever comes is answered with 400 and never with a traceback."""
    headers = {**talker.headers, "Content-Type": "application/json"}
    response = await talker.http.post(f"{talker.path}{path}", headers=headers, content=body)
    assert_refused(response, 400, "Malformed JSON request")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "nonsense"])
@pytest.mark.parametrize("path", ["/message", "/entry", "/acknowledge-entries"])
async def test_a_body_that_is_not_said_to_be_json_is_refused(
    talker: EndUser, path: str, content_type: str | None
) -> None:
    """JSON bodies have their content type; anything else is answered with 415."""
    headers = {**talker.headers, **({"Content-Type": content_type} if content_type else {})}
    response = await talker.http.post(f"{talker.path}{path}", headers=headers, content=b"{}")
    assert_refused(response, 415, "Content-Type must be application/json")


async def test_half_a_surrogate_pair_becomes_a_question_mark(talker: EndUser) -> None:
    """A text that UTF-8 can't write is echoed as the JVM would."""
    body = json.dumps(talker.text("a\ud800b"))
    async with talker.listen() as ear:
        headers = {**talker.headers, "Content-Type": "application/json"}
        response = await talker.http.post(f"{talker.path}/message", headers=headers, content=body)
        assert response.status_code == 202
        await ear.until_text("a?b")


# Entries of the end user


@pytest.mark.parametrize("state", ["Started", "Stopped"])
async def test_typing_is_taken(talker: EndUser, state: str) -> None:
    """A typing indicator is answered with 200 and an empty body."""
    body = {"entryType": f"Typing{state}Indicator", "id": str(uuid4())}
    response = await talker.http.post(f"{talker.path}/entry", headers=talker.headers, json=body)
    assert (response.status_code, response.content) == (200, b"")


async def test_acknowledgements_are_taken(talker: EndUser) -> None:
    """Delivery and read receipts are answered with 200 and an empty body."""
    acks = [{"id": str(uuid4()), "entryType": kind, "conversationEntryId": UUID} for kind in ("Delivery", "Read")]
    path = f"{talker.path}/acknowledge-entries"
    response = await talker.http.post(path, headers=talker.headers, json={"acks": acks})
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/entry", {"entryType": "Message", "id": UUID}, "Invalid entryType"),
        ("/entry", {"entryType": "TypingStartedIndicator"}, "Specify the id."),
        ("/acknowledge-entries", {"acks": []}, "Invalid acks"),
        ("/acknowledge-entries", {"acknowledgments": []}, 'Unrecognized field "acknowledgments"'),
        (
            "/acknowledge-entries",
            {"acks": [{"id": UUID, "entryType": "Seen", "conversationEntryId": UUID}]},
            "Invalid entryType",
        ),
        (
            "/acknowledge-entries",
            {"acks": [{"id": str(uuid4()), "entryType": "Read", "conversationEntryId": UUID}] * 26},
            "Invalid acks",
        ),
    ],
)
async def test_entries_are_refused(talker: EndUser, path: str, body: Any, message: str) -> None:
    """One mistake in the request is answered with 400 and says which."""
    response = await talker.http.post(f"{talker.path}{path}", headers=talker.headers, json=body)
    assert_refused(response, 400, message)


# The end


@pytest.mark.parametrize("path", ["", "/session"])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "Specify the esDeveloperName."),
        ({"esDeveloperName": "Nobody"}, 'There is no deployment "Nobody"'),
    ],
)
async def test_an_end_needs_the_deployment(talker: EndUser, path: str, params: dict[str, str], message: str) -> None:
    """Ending and closing name the deployment in the query."""
    response = await talker.http.delete(f"{talker.path}{path}", headers=talker.headers, params=params)
    assert_refused(response, 400, message)


async def test_nothing_is_said_in_a_closed_conversation(talker: EndUser) -> None:
    """Closing is answered with 204; after it only the routing status can be asked for."""
    closed = await talker.delete()
    assert (closed.status_code, closed.content) == (204, b"")
    assert_refused(await talker.send(talker.text("hello")), 403, "The conversation is closed")
    assert_refused(await talker.delete("/session"), 403, "The conversation is closed")
    assert_refused(await talker.delete(), 403, "The conversation is closed")
    assert (await talker.http.get(talker.path, headers=talker.headers)).status_code == 200


async def test_an_ended_session_can_be_ended_again(talker: EndUser) -> None:
    """Ending a session is answered with 204, also when there is none left."""
    for _ in range(2):
        response = await talker.delete("/session")
        assert (response.status_code, response.content) == (204, b"")


# What is not served


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("POST", f"{REST}/conversation/{UUID}/close"),
        ("DELETE", f"{REST}/authorization/token"),
        ("PUT", f"{REST}/conversation"),
        ("HEAD", "/eventrouter/v1/sse"),
        ("GET", f"{REST}/authorization/authenticated/access-token"),
        ("POST", "/iamessage/v1/conversation"),
        ("POST", f"{TOKEN}/"),
    ],
)
async def test_everything_else_is_not_found(sandbox: Sandbox, method: str, path: str) -> None:
    """Other paths and methods are answered with 404 and the error body."""
    async with httpx.AsyncClient(base_url=sandbox.url) as http:
        response = await http.request(method, path)
    assert response.status_code == 404
    if method != "HEAD":
        assert response.json() == {"message": "Not found", "errorCode": "NOT_FOUND"}


@pytest.mark.parametrize("path", [TOKEN, "/eventrouter/v1/sse", f"{REST}/conversation/{UUID}/message", "/elsewhere"])
async def test_a_browser_may_ask_first(sandbox: Sandbox, path: str) -> None:
    """A preflight is answered on all paths, with the headers that web clients send."""
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    async with httpx.AsyncClient(base_url=sandbox.url) as http:
        response = await http.options(path, headers=headers)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    allowed = "authorization, content-type, x-org-id, last-event-id, cache-control"
    assert response.headers["Access-Control-Allow-Headers"] == allowed


async def test_browsers_may_read_the_answers(talker: EndUser) -> None:
    """Answers and refusals carry the permission for other origins."""
    for response in (await talker.send(talker.text("hello")), await talker.send({})):
        assert response.headers["Access-Control-Allow-Origin"] == "*"


# What nobody foresaw


async def test_a_mistake_of_the_sandbox_is_answered_with_500(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """With the body of the sample, and told to whoever runs it; the next request is answered as ever."""
    sandbox.bots["Ghost"] = cast(Bot, object())
    async with httpx.AsyncClient(base_url=sandbox.url) as http:
        response = await http.post(TOKEN, json=changed(TOKEN_REQUEST, esDeveloperName="Ghost"))
        assert (response.status_code, response.json()) == (500, sample("error__500_internal")["body"])
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert (await http.post(TOKEN, json=TOKEN_REQUEST)).status_code == 200
    assert "'object' object has no attribute 'type'" in caplog.text


# Limits


async def test_limits_are_off_by_default(talker: EndUser) -> None:
    """A harness may be as fast as it likes."""
    statuses = {(await talker.send(talker.text("hello"))).status_code for _ in range(30)}
    assert statuses == {202}


async def test_documented_limits_can_be_switched_on() -> None:
    """The 23rd message, the 4th conversation and the 201st token of their times are answered with 429."""
    refused = sample("error__429_rate_limited")
    async with Sandbox(limits=Limits.documented()) as sandbox, visitors(sandbox) as visit:
        end_user = await visit()
        await end_user.create()
        messages = [await end_user.send(end_user.text("hello")) for _ in range(23)]
        assert [response.status_code for response in messages] == [202] * 22 + [429]
        assert messages[-1].json() == refused["body"]
        bodies = [{"conversationId": str(uuid4()), "esDeveloperName": "Harbour_Assistant"} for _ in range(3)]
        creates = [
            await end_user.http.post(f"{REST}/conversation", headers=end_user.headers, json=body) for body in bodies
        ]
        assert [response.status_code for response in creates] == [201, 201, 429]


async def test_the_size_of_a_message_can_be_limited() -> None:
    """A body above the limit is answered with 413, with a number in the message."""
    async with Sandbox(limits=Limits(message_bytes=8192)) as sandbox, visitors(sandbox) as visit:
        end_user = await visit()
        await end_user.create()
        assert (await end_user.send(end_user.text("a" * 7000))).status_code == 202
        response = await end_user.send(end_user.text("a" * 8192))
        assert_refused(response, 413, "Request size exceeds the limit of 8192 bytes")
