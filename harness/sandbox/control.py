"""The sandbox's own paths, by which a scenario or a person plays the service rep and a test sets faults.

| path below `/sandbox/conversation/{id}/rep` | what it does |
|---|---|
| `POST` itself | joins; answers when the rep has joined: `{"name": "Rita M"}` |
| `POST /message` with `{"text": "Hello"}` | the rep says something |
| `POST /typing` with `{"state": "started"}` (or `stopped`) | the rep types |
| `POST /leave` | the rep leaves, and the bot comes back |
| `POST /end` | the rep ends the session |

| path below `/sandbox` | what it gives |
|---|---|
| `GET /deployments` | `[{"name": "Harbour_Desk", "bot": "Harbour Desk", "about": "…"}]` |
| `GET /conversations` | the conversations, newest first; the newest of many (desk.py) |
| `GET /conversations/events` | a stream: all of them in an event `conversations`, each change in a `conversation` |
| `GET /conversation/{id}/events` | a stream of the conversation's entries: those that were kept, then what happens |

No real service has any of them. All that play a rep but the first answer 204, and so does
`PUT /sandbox/deployment/{name}/faults` with `{"faults": ["drop after=3"]}`: the faults that new end users of a
deployment meet from then on, instead of those that were set before. There is no token: who can reach the sandbox's port
may play. Not here: what a rep sees (desk.py) and does (reps.py), what a fault is (faults.py).
"""

import time
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.documents import nearest
from harness.sandbox.answers import body_of, empty, json, route
from harness.sandbox.conversations import Rep
from harness.sandbox.faults import FaultError
from harness.sandbox.faults import parse as parse_faults
from harness.sandbox.refusals import Refused
from harness.sandbox.requests import RequestBody, conversation_id, parse
from harness.sandbox.service import Service
from harness.sandbox.streams import EventStream, Stream, Subject

REP = "/sandbox/conversation/{id}/rep"
FAULTS = "/sandbox/deployment/{name}/faults"
DEPLOYMENTS = "/sandbox/deployments"
CONVERSATIONS = "/sandbox/conversations"
ENTRIES = "/sandbox/conversation/{id}/events"
A_YEAR = 365 * 24 * 3600.0
"""Seconds that a stream for which there is no token lasts."""


class RepMessage(RequestBody):
    """What a rep says."""

    text: str


class RepTyping(RequestBody):
    """Whether a rep types."""

    state: Literal["started", "stopped"]


class FaultsToSet(RequestBody):
    """What new end users of a deployment meet."""

    faults: list[str]


def routes(service: Service, *, ping_interval: float) -> list[Route]:
    """Give the paths of a sandbox (`ping_interval`: seconds between two pings of a stream)."""
    control = _Control(service, ping_interval)
    return [
        route("POST", REP, control.join),
        route("POST", f"{REP}/message", control.say),
        route("POST", f"{REP}/typing", control.type),
        route("POST", f"{REP}/leave", control.leave),
        route("POST", f"{REP}/end", control.end),
        route("PUT", FAULTS, control.set_faults),
        route("GET", DEPLOYMENTS, control.deployments),
        route("GET", CONVERSATIONS, control.conversations),
        route("GET", f"{CONVERSATIONS}/events", control.watch_list),
        route("GET", ENTRIES, control.watch),
    ]


class _Control:
    def __init__(self, service: Service, ping_interval: float) -> None:
        self._service, self._ping_interval = service, ping_interval

    # To be seen by pages of the sandbox's own, so no other site's page is told that it may look (ALLOW_ORIGIN).

    async def deployments(self, request: Request) -> Response:
        bots = [(name, bot) for name, bot in sorted(self._service.bots.items()) if bot.type == "api"]
        return JSONResponse([{"name": name, "bot": bot.bot, "about": bot.about} for name, bot in bots])

    async def conversations(self, request: Request) -> Response:
        return JSONResponse(self._service.desk.conversations())

    async def watch_list(self, request: Request) -> Response:
        return self._stream(*self._service.desk.watch_list())

    async def watch(self, request: Request) -> Response:
        return self._stream(*self._service.desk.watch(self._service.any_conversation(_id(request))))

    def _stream(self, stream: Stream, subject: Subject) -> Response:
        return EventStream(
            stream,
            subject,
            ping_interval=self._ping_interval,
            expires=time.time() + A_YEAR,
            expire=lambda: None,
            headers={},
        )

    # The rep

    async def join(self, request: Request) -> Response:
        return json(200, {"name": await self._service.desk.join(self._service.any_conversation(_id(request)))})

    async def say(self, request: Request) -> Response:
        body = parse(RepMessage, await body_of(request))
        self._rep(request).say(body.text)
        return empty(204)

    async def type(self, request: Request) -> Response:
        body = parse(RepTyping, await body_of(request))
        self._rep(request).type(body.state)
        return empty(204)

    async def leave(self, request: Request) -> Response:
        self._rep(request).leave()
        return empty(204)

    async def end(self, request: Request) -> Response:
        self._rep(request).end()
        return empty(204)

    # Faults

    async def set_faults(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._service.bots:
            raise Refused(404, f"There is no deployment {name!r}{nearest(name, self._service.bots)}")
        body = parse(FaultsToSet, await body_of(request))
        try:
            faults = [fault for text in body.faults for fault in parse_faults(text)]
        except FaultError as error:
            raise Refused(400, str(error)) from None
        self._service.plans.set(name, faults)
        return empty(204)

    def _rep(self, request: Request) -> Rep:
        return self._service.desk.rep(self._service.any_conversation(_id(request)))


def _id(request: Request) -> str:
    return conversation_id(request.path_params["id"])
