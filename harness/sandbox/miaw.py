"""Messaging for In-App and Web over HTTP: paths, headers, status codes.

Here: the routes and how answers and refusals look. Not here: what a request means (service.py).

Source: protocol notes, sections 2 to 4 and 9.2. What isn't routed here is answered with 404 and a JSON body.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from harness.sandbox.refusals import Refused
from harness.sandbox.requests import (
    AcknowledgeRequest,
    CreateRequest,
    EntryRequest,
    MessageRequest,
    TokenRequest,
    conversation_id,
    parse,
)
from harness.sandbox.service import Service
from harness.sandbox.streams import EventStream
from harness.sandbox.tokens import Client

REST = "/iamessage/api/v2"
CONVERSATION = f"{REST}/conversation/{{id}}"
SSE = "/eventrouter/v1/sse"
MOST_BYTES = 1 << 20
"""No request of this protocol has a reason to be larger."""
ALLOW_ORIGIN = {"Access-Control-Allow-Origin": "*"}
PREFLIGHT = {
    **ALLOW_ORIGIN,
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "authorization, content-type, x-org-id, last-event-id, cache-control",
    "Access-Control-Max-Age": "600",
}

Endpoint = Callable[[Request], Awaitable[Response]]


def application(service: Service, *, ping_interval: float) -> Starlette:
    """Make the ASGI application of a service.

    Args:
        service: What it speaks for.
        ping_interval: Seconds between two pings of a stream.
    """
    miaw = _Miaw(service, ping_interval)
    app = Starlette(
        routes=[
            _route("OPTIONS", "/{path:path}", _preflight),
            _route("GET", SSE, miaw.event_stream),
            _route("POST", f"{REST}/authorization/unauthenticated/access-token", miaw.access_token),
            _route("POST", f"{REST}/conversation", miaw.create),
            _route("GET", f"{REST}/conversation/list", _unserved),  # or `list` would be taken for an id
            _route("GET", CONVERSATION, miaw.routing_status),
            _route("DELETE", CONVERSATION, miaw.close),
            _route("DELETE", f"{CONVERSATION}/session", miaw.end_session),
            _route("POST", f"{CONVERSATION}/message", miaw.message),
            _route("POST", f"{CONVERSATION}/entry", miaw.entry),
            _route("POST", f"{CONVERSATION}/acknowledge-entries", miaw.acknowledge),
        ],
        exception_handlers={Refused: _refused, HTTPException: _not_found},
    )
    app.router.redirect_slashes = False
    return app


class _Miaw:
    def __init__(self, service: Service, ping_interval: float) -> None:
        self._service, self._ping_interval = service, ping_interval

    async def access_token(self, request: Request) -> Response:
        return _json(200, self._service.token(parse(TokenRequest, await _body(request))))

    async def event_stream(self, request: Request) -> Response:
        try:
            client = self._client(request)
        except Refused:
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            return _json(401, {"timestamp": at, "status": 401, "error": "Unauthorized", "path": request.url.path})
        if request.headers.get("X-Org-Id") != client.org:
            return _text(400, "OrgId in the header and token must match")
        after = request.headers.get("Last-Event-Id", "").strip() or "0"
        if not (after.isascii() and after.isdigit() and len(after) < 20):
            return _text(400, "Last-Event-Id must be a number")
        stream, subject = self._service.open(client, int(after))
        return EventStream(
            stream, subject, ping_interval=self._ping_interval, expires=client.expires, headers=ALLOW_ORIGIN
        )

    async def create(self, request: Request) -> Response:
        client = self._client(request)
        self._service.create(client, parse(CreateRequest, await _body(request)))
        return _empty(201)

    async def routing_status(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.conversation(client, _id(request))
        return _json(200, {"conversationId": conversation.id, "routingStatus": conversation.routing_status})

    async def message(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        body = await _body(request, self._service.limits.message_bytes)
        return _json(202, self._service.say(client, conversation, parse(MessageRequest, body)))

    async def entry(self, request: Request) -> Response:
        return await self._take_note(request, EntryRequest)

    async def acknowledge(self, request: Request) -> Response:
        return await self._take_note(request, AcknowledgeRequest)

    async def end_session(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        self._service.end_session(client, conversation, request.query_params.get("esDeveloperName"))
        return _empty(204)

    async def close(self, request: Request) -> Response:
        client = self._client(request)
        conversation = self._service.open_conversation(client, _id(request))
        self._service.close(client, conversation, request.query_params.get("esDeveloperName"))
        return _empty(204)

    async def _take_note(self, request: Request, kind: type[EntryRequest] | type[AcknowledgeRequest]) -> Response:
        """Take what nobody is told of: the end user's own typing and acknowledgements."""
        self._service.open_conversation(self._client(request), _id(request))
        parse(kind, await _body(request))
        return _empty(200)

    def _client(self, request: Request) -> Client:
        return self._service.tokens.verify(request.headers.get("Authorization"))


def _route(method: str, path: str, endpoint: Endpoint) -> Route:
    route = Route(path, endpoint, methods=[method])
    route.methods = {method}  # Starlette adds HEAD to GET, and a stream has no end that HEAD could wait for
    return route


def _id(request: Request) -> str:
    return conversation_id(request.path_params["id"])


async def _body(request: Request, most: int | None = None) -> bytes:
    body, most = bytearray(), most or MOST_BYTES
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Refused(413, f"Request size exceeds the limit of {most} bytes")
    return bytes(body)


def _json(status: int, body: Any) -> Response:
    return JSONResponse(body, status, headers=ALLOW_ORIGIN)


def _text(status: int, body: str) -> Response:
    return PlainTextResponse(body, status, headers=ALLOW_ORIGIN)


def _empty(status: int) -> Response:
    return Response(status_code=status, headers=ALLOW_ORIGIN)


async def _preflight(request: Request) -> Response:
    return Response(status_code=204, headers=PREFLIGHT)


async def _unserved(request: Request) -> Response:
    raise Refused(404, "Not found")


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refused)  # noqa: S101 - registered for nothing else
    return _json(refusal.status, {"message": refusal.message, "errorCode": refusal.code})


async def _not_found(request: Request, error: Exception) -> Response:
    """Answer what is routed nowhere; the service has no 405 in its vocabulary."""
    return await _refused(request, Refused(404, "Not found"))
