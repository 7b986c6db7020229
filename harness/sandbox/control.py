"""The sandbox's own paths, by which a scenario plays the service rep and a test sets faults. No real service has them.

| path below `/sandbox/conversation/{id}/rep` | what it does |
|---|---|
| `POST` itself | answers when the rep has joined: `{"name": "Rita M"}` |
| `POST /message` with `{"text": "Hello"}` | the rep says something |
| `POST /typing` with `{"state": "started"}` (or `stopped`) | the rep types |
| `POST /leave` | the rep leaves, and the bot comes back |
| `POST /end` | the rep ends the session |

All but the first answer 204, and so does `PUT /sandbox/deployment/{name}/faults` with `{"faults": ["drop after=3"]}`:
the faults that new end users of a deployment meet from then on, instead of those that were set before. There is no
token: who can reach the sandbox's port may play. Not here: what a rep does (reps.py), what a fault is (faults.py).
"""

import asyncio
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.documents import nearest
from harness.sandbox.answers import body_of, empty, json, route
from harness.sandbox.conversations import Rep
from harness.sandbox.faults import FaultError
from harness.sandbox.faults import parse as parse_faults
from harness.sandbox.refusals import Refused
from harness.sandbox.requests import RequestBody, conversation_id, parse
from harness.sandbox.service import Service

REP = "/sandbox/conversation/{id}/rep"
FAULTS = "/sandbox/deployment/{name}/faults"
PATIENCE = 5.0
"""Seconds that a rep is waited for."""
NOBODY = "No rep whom the scenario plays has joined; hand over to one with played: true in the bot file"


class RepMessage(RequestBody):
    """What a rep says."""

    text: str


class RepTyping(RequestBody):
    """Whether a rep types."""

    state: Literal["started", "stopped"]


class FaultsToSet(RequestBody):
    """What new end users of a deployment meet."""

    faults: list[str]


def routes(service: Service) -> list[Route]:
    """Give the paths of a sandbox."""
    control = _Control(service)
    return [
        route("POST", REP, control.join),
        route("POST", f"{REP}/message", control.say),
        route("POST", f"{REP}/typing", control.type),
        route("POST", f"{REP}/leave", control.leave),
        route("POST", f"{REP}/end", control.end),
        route("PUT", FAULTS, control.set_faults),
    ]


class _Control:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def join(self, request: Request) -> Response:
        conversation = self._service.any_conversation(_id(request))
        try:
            async with asyncio.timeout(PATIENCE):
                await conversation.rep_is_there.wait()
        except TimeoutError:
            raise Refused(409, NOBODY) from None
        return json(200, {"name": conversation.participant.display_name if conversation.participant else ""})

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
        rep = self._service.any_conversation(_id(request)).rep
        if rep is None:
            raise Refused(409, NOBODY)
        return rep


def _id(request: Request) -> str:
    return conversation_id(request.path_params["id"])
