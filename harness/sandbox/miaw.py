"""Messaging for In-App and Web over HTTP: paths, headers, status codes.

Here: the routes and how answers and refusals look. Not here: what a request means (service.py).

Source: protocol notes, sections 2 to 4 and 9.2. Beside these paths stand the sandbox's own (control.py), its pages
(pages.py), and a description of these in the form of OpenAPI, `/sandbox/openapi.json`. What isn't routed is answered
with 404 and a JSON body.
"""

from datetime import UTC, datetime
from email.message import Message

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from harness.sandbox import control, pages
from harness.sandbox.answers import ALLOW_ORIGIN, MOST_BYTES, body_of, empty, json, pdf, route, text
from harness.sandbox.limits import MOST_FILE_BYTES
from harness.sandbox.meddling import meddling
from harness.sandbox.multipart import parts
from harness.sandbox.operations import Operation, document
from harness.sandbox.queries import (
    ConfigurationQuery,
    ConversationsQuery,
    DeploymentQuery,
    EndQuery,
    EntriesQuery,
    parse_query,
)
from harness.sandbox.refusals import Refused
from harness.sandbox.requests import (
    AcknowledgeRequest,
    Body,
    CreateRequest,
    CustomerTokenRequest,
    EntryRequest,
    FileEntry,
    MessageRequest,
    TokenRequest,
    conversation_id,
    parse,
)
from harness.sandbox.service import TOO_LARGE, Service
from harness.sandbox.streams import EventStream
from harness.sandbox.tokens import Client

REST = "/iamessage/api/v2"
AUTHORIZATION = f"{REST}/authorization"
CONVERSATION = f"{REST}/conversation/{{id}}"
SSE = "/eventrouter/v1/sse"
CONFIGURATION = "/embeddedservice/v1"
OPENAPI = "/sandbox/openapi.json"
JSON = "application/json"
PREFLIGHT = {
    **ALLOW_ORIGIN,
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "authorization, content-type, x-org-id, last-event-id, cache-control",
    "Access-Control-Max-Age": "600",
}


def application(service: Service, *, ping_interval: float) -> Starlette:
    """Make the ASGI application of a service.

    Args:
        service: What it speaks for.
        ping_interval: Seconds between two pings of a stream.
    """
    operations = _Miaw(service, ping_interval).operations()

    async def describe(_: Request) -> Response:
        return json(200, document(operations, [name for name, bot in service.bots.items() if bot.type == "api"]))

    app = Starlette(
        routes=[
            route("OPTIONS", "/{path:path}", _preflight),
            *(route(one.method, one.path, meddling(service, one.name, one.endpoint)) for one in operations),
            route("GET", OPENAPI, describe),
            *control.routes(service, ping_interval=ping_interval),
            *pages.routes(),
        ],
        exception_handlers={Refused: _refused, HTTPException: _not_found, Exception: _failed},
    )
    app.router.redirect_slashes = False
    return app


class _Miaw:
    def __init__(self, service: Service, ping_interval: float) -> None:
        self._service, self._ping_interval = service, ping_interval

    def operations(self) -> list[Operation]:
        """Give all operations, in the order in which their paths are tried."""
        theirs = (401, 403, 404)
        said = (400, *theirs, 409, 413, 415, 417, 429)
        return [
            Operation(
                "generateAccessTokenForUnauthenticatedUser", "POST", f"{AUTHORIZATION}/unauthenticated/access-token",
                self.guest_token, 200, (400, 413, 415, 429), body=TokenRequest, needs_token=False,
            ),
            Operation(
                "generateAccessTokenForAuthenticatedUser", "POST", f"{AUTHORIZATION}/authenticated/access-token",
                self.customer_token, 200, (400, 401, 413, 415, 429), body=CustomerTokenRequest, needs_token=False,
            ),
            Operation(
                "generateContinuationToken", "GET", f"{AUTHORIZATION}/continuation-access-token",
                self.continuation_token, 200, (401, 429),
            ),
            Operation(
                "createConversation", "POST", f"{REST}/conversation",
                self.create, 201, (400, 401, 409, 412, 413, 415, 429), body=CreateRequest, answers="",
            ),
            Operation(  # before the next, or `list` would be taken for an id
                "listConversations", "GET", f"{REST}/conversation/list",
                self.list_conversations, 200, (400, 401), query=ConversationsQuery,
            ),
            Operation("getRoutingStatus", "GET", CONVERSATION, self.routing_status, 200, (400, *theirs)),
            Operation(
                "listConversationEntries", "GET", f"{CONVERSATION}/entries",
                self.list_entries, 200, (400, *theirs), query=EntriesQuery,
            ),
            Operation("sendMessage", "POST", f"{CONVERSATION}/message", self.message, 202, said, body=MessageRequest),
            Operation(
                "sendFile", "POST", f"{CONVERSATION}/file",
                self.file, 202, said, parts=(("messageEntry", FileEntry), ("fileData", None)),
            ),
            Operation(
                "sendTypingIndicator", "POST", f"{CONVERSATION}/entry",
                self.entry, 200, (400, *theirs, 413, 415), body=EntryRequest, answers="",
            ),
            Operation(
                "acknowledgeEntries", "POST", f"{CONVERSATION}/acknowledge-entries",
                self.acknowledge, 200, (400, *theirs, 413, 415), body=AcknowledgeRequest, answers="",
            ),
            Operation(
                "endMessagingSession", "DELETE", f"{CONVERSATION}/session",
                self.end_session, 204, (400, *theirs), query=EndQuery, answers="",
            ),
            Operation(
                "closeConversation", "DELETE", CONVERSATION,
                self.close, 204, (400, *theirs), query=EndQuery, answers="",
            ),
            Operation(
                "retrieveTranscript", "GET", f"{CONVERSATION}/transcript",
                self.transcript, 200, (400, *theirs), answers="application/pdf",
            ),
            Operation(
                "getEmbeddedServiceConfig", "GET", f"{CONFIGURATION}/embedded-service-config",
                self.configuration, 200, (400,), query=ConfigurationQuery, needs_token=False,
            ),
            Operation(
                "getBusinessHours", "GET", f"{CONFIGURATION}/businesshours",
                self.business_hours, 200, (400,), query=DeploymentQuery, needs_token=False,
            ),
            Operation(
                "openEventStream", "GET", SSE,
                self.event_stream, 200, (400, 401), headers=("X-Org-Id", "Last-Event-Id"), answers="text/event-stream",
                refuses_alike=False,
            ),
        ]  # fmt: skip

    # Tokens

    async def guest_token(self, request: Request) -> Response:
        return json(200, self._service.token(await _read(request, TokenRequest)))

    async def customer_token(self, request: Request) -> Response:
        return json(200, self._service.token(await _read(request, CustomerTokenRequest)))

    async def continuation_token(self, request: Request) -> Response:
        return json(200, self._service.continuation(self._client(request)))

    # Conversations

    async def create(self, request: Request) -> Response:
        client = self._client(request)
        self._service.create(client, await _read(request, CreateRequest))
        return empty(201)

    async def list_conversations(self, request: Request) -> Response:
        client = self._client(request)
        return json(
            200, self._service.list_conversations(client, parse_query(ConversationsQuery, request.query_params))
        )

    async def routing_status(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.conversation(client, _id(request))
        return json(200, {"conversationId": conversation.id, "routingStatus": conversation.routing_status})

    async def list_entries(self, request: Request) -> Response:
        conversation = self._service.conversation(self._client(request), _id(request))
        query = parse_query(EntriesQuery, request.query_params)
        return json(200, self._service.list_entries(conversation, query))

    async def transcript(self, request: Request) -> Response:
        conversation = self._service.conversation(self._client(request), _id(request))
        return pdf(self._service.transcript(conversation), name="ConversationTranscript.pdf")

    async def end_session(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        query = parse_query(EndQuery, request.query_params)
        self._service.end_session(client, conversation, query.es_developer_name)
        return empty(204)

    async def close(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        query = parse_query(EndQuery, request.query_params)
        self._service.close(client, conversation, query.es_developer_name)
        return empty(204)

    # What the end user says and does

    async def message(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        body = await _read(request, MessageRequest, self._service.limits.message_bytes)
        return json(202, self._service.say(client, conversation, body))

    async def file(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        body = await body_of(request, MOST_FILE_BYTES + MOST_BYTES, too_large=TOO_LARGE)
        sent = parts(request.headers.get("Content-Type", ""), body)
        for name in ("messageEntry", "fileData"):
            if name not in sent:
                raise Refused(400, f"Specify the {name}.")
        if sent["messageEntry"].content_type != JSON:
            raise Refused(415, f"Content-Type of the messageEntry must be {JSON}")
        entry = parse(FileEntry, sent["messageEntry"].content)
        return json(202, self._service.send_file(client, conversation, entry, sent["fileData"]))

    async def entry(self, request: Request) -> Response:
        return await self._take_note(request, EntryRequest)

    async def acknowledge(self, request: Request) -> Response:
        return await self._take_note(request, AcknowledgeRequest)

    async def _take_note(self, request: Request, kind: type[EntryRequest] | type[AcknowledgeRequest]) -> Response:
        """Take what nobody is told of: the end user's own typing and acknowledgements."""
        self._service.open_conversation(self._client(request), _id(request))
        await _read(request, kind)
        return empty(200)

    # What is to be heard

    async def event_stream(self, request: Request) -> Response:
        try:
            client = self._client(request)
        except Refused:
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            return json(401, {"timestamp": at, "status": 401, "error": "Unauthorized", "path": request.url.path})
        if request.headers.get("X-Org-Id") != client.org:
            return text(400, "OrgId in the header and token must match")
        after = request.headers.get("Last-Event-Id", "").strip() or "0"
        if not (after.isascii() and after.isdigit() and len(after) < 20):
            return text(400, "Last-Event-Id must be a number")
        stream, subject = self._service.open(client, int(after))
        return EventStream(
            stream,
            subject,
            ping_interval=self._ping_interval,
            expires=client.expires,
            expire=lambda: self._service.tokens.expire(client),
            headers=ALLOW_ORIGIN,
        )

    # What anybody may know

    async def configuration(self, request: Request) -> Response:
        return json(200, self._service.configuration(parse_query(ConfigurationQuery, request.query_params)))

    async def business_hours(self, request: Request) -> Response:
        return json(200, self._service.business_hours(parse_query(DeploymentQuery, request.query_params)))

    def _client(self, request: Request) -> Client:
        return self._service.tokens.verify(request.headers.get("Authorization"))


def _id(request: Request) -> str:
    return conversation_id(request.path_params["id"])


async def _read(request: Request, kind: type[Body], most: int | None = None) -> Body:
    """Read a JSON body."""
    body = await body_of(request, most)
    header = Message()
    header["Content-Type"] = request.headers.get("Content-Type", "")
    if header.get_content_type() != JSON:
        raise Refused(415, f"Content-Type must be {JSON}")
    return parse(kind, body)


async def _preflight(request: Request) -> Response:
    return Response(status_code=204, headers=PREFLIGHT)


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refused)  # noqa: S101 - registered for nothing else
    return json(refusal.status, {"message": refusal.message, "errorCode": refusal.code})


async def _not_found(request: Request, error: Exception) -> Response:
    """Answer what is routed nowhere; the service has no 405 in its vocabulary."""
    return await _refused(request, Refused(404, "Not found"))


async def _failed(request: Request, error: Exception) -> Response:
    """Answer what is a mistake of the sandbox; the traceback goes to its standard error."""
    return await _refused(request, Refused(500, "Internal server error"))
