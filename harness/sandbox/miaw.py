"""Messaging for In-App and Web over HTTP: paths, headers, status codes.

Here: the routes and how answers and refusals look. Not here: what a request means (service.py).

Source: protocol notes, sections 2 to 4 and 9.2. Beside these paths stand the sandbox's own (control.py). What isn't
routed is answered with 404 and a JSON body.
"""

from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from harness.sandbox import control
from harness.sandbox.answers import ALLOW_ORIGIN, MOST_BYTES, body_of, empty, json, route, text
from harness.sandbox.limits import MOST_FILE_BYTES
from harness.sandbox.multipart import parts
from harness.sandbox.refusals import Refused
from harness.sandbox.requests import (
    AcknowledgeRequest,
    CreateRequest,
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
CONVERSATION = f"{REST}/conversation/{{id}}"
SSE = "/eventrouter/v1/sse"
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
    miaw = _Miaw(service, ping_interval)
    app = Starlette(
        routes=[
            route("OPTIONS", "/{path:path}", _preflight),
            route("GET", SSE, miaw.event_stream),
            route("POST", f"{REST}/authorization/unauthenticated/access-token", miaw.access_token),
            route("POST", f"{REST}/conversation", miaw.create),
            route("GET", f"{REST}/conversation/list", _unserved),  # or `list` would be taken for an id
            route("GET", CONVERSATION, miaw.routing_status),
            route("DELETE", CONVERSATION, miaw.close),
            route("DELETE", f"{CONVERSATION}/session", miaw.end_session),
            route("POST", f"{CONVERSATION}/message", miaw.message),
            route("POST", f"{CONVERSATION}/file", miaw.file),
            route("POST", f"{CONVERSATION}/entry", miaw.entry),
            route("POST", f"{CONVERSATION}/acknowledge-entries", miaw.acknowledge),
            *control.routes(service),
        ],
        exception_handlers={Refused: _refused, HTTPException: _not_found},
    )
    app.router.redirect_slashes = False
    return app


class _Miaw:
    def __init__(self, service: Service, ping_interval: float) -> None:
        self._service, self._ping_interval = service, ping_interval

    async def access_token(self, request: Request) -> Response:
        return json(200, self._service.token(parse(TokenRequest, await body_of(request))))

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
            stream, subject, ping_interval=self._ping_interval, expires=client.expires, headers=ALLOW_ORIGIN
        )

    async def create(self, request: Request) -> Response:
        client = self._client(request)
        self._service.create(client, parse(CreateRequest, await body_of(request)))
        return empty(201)

    async def routing_status(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.conversation(client, _id(request))
        return json(200, {"conversationId": conversation.id, "routingStatus": conversation.routing_status})

    async def message(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        body = await body_of(request, self._service.limits.message_bytes)
        return json(202, self._service.say(client, conversation, parse(MessageRequest, body)))

    async def file(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        body = await body_of(request, MOST_FILE_BYTES + MOST_BYTES, too_large=TOO_LARGE)
        sent = parts(request.headers.get("Content-Type", ""), body)
        for name in ("messageEntry", "fileData"):
            if name not in sent:
                raise Refused(400, f"Specify the {name}.")
        entry = parse(FileEntry, sent["messageEntry"].content)
        return json(202, self._service.send_file(client, conversation, entry, sent["fileData"]))

    async def entry(self, request: Request) -> Response:
        return await self._take_note(request, EntryRequest)

    async def acknowledge(self, request: Request) -> Response:
        return await self._take_note(request, AcknowledgeRequest)

    async def end_session(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        self._service.end_session(client, conversation, request.query_params.get("esDeveloperName"))
        return empty(204)

    async def close(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        self._service.close(client, conversation, request.query_params.get("esDeveloperName"))
        return empty(204)

    async def _take_note(self, request: Request, kind: type[EntryRequest] | type[AcknowledgeRequest]) -> Response:
        """Take what nobody is told of: the end user's own typing and acknowledgements."""
        self._service.open_conversation(self._client(request), _id(request))
        parse(kind, await body_of(request))
        return empty(200)

    def _client(self, request: Request) -> Client:
        return self._service.tokens.verify(request.headers.get("Authorization"))


def _id(request: Request) -> str:
    return conversation_id(request.path_params["id"])


async def _preflight(request: Request) -> Response:
    return Response(status_code=204, headers=PREFLIGHT)


async def _unserved(request: Request) -> Response:
    raise Refused(404, "Not found")


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refused)  # noqa: S101 - registered for nothing else
    return json(refusal.status, {"message": refusal.message, "errorCode": refusal.code})


async def _not_found(request: Request, error: Exception) -> Response:
    """Answer what is routed nowhere; the service has no 405 in its vocabulary."""
    return await _refused(request, Refused(404, "Not found"))
