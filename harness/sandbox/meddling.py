"""What faults do to a request: to whether it is heard, when, and how it is answered.

Here: requests. Not here: event streams once they are open (lines.py), when a fault comes (plans.py).
"""

import asyncio
import json
import math
from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from harness.sandbox import answers
from harness.sandbox.answers import ALLOW_ORIGIN, Endpoint
from harness.sandbox.faults import OPERATIONS, REQUESTS, Fault
from harness.sandbox.plans import About, Plan
from harness.sandbox.refusals import Refused
from harness.sandbox.service import Service

PAGE = "<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>Please stand by</h1></body></html>\n"
"""What a gateway says that knows nothing of the service."""


def meddling(service: Service, name: str, endpoint: Endpoint) -> Endpoint:
    """Give an operation's endpoint with the faults that come on it.

    Args:
        service: Where the faults are set.
        name: Name of the operation.
        endpoint: What answers it.
    """
    if name not in OPERATIONS:
        return endpoint

    async def answer(request: Request) -> Response:
        if not service.plans.is_used:
            return await endpoint(request)
        plan = await _plan(service, name, request)
        conversation = str(request.path_params.get("id", "")).lower()
        phases = (OPERATIONS[name] or "", plan.phase(conversation) if conversation else "")
        due = [armed.fault for armed in plan.due(REQUESTS, About(name, phases, conversation))]
        if name == "openEventStream":  # a stream that nobody is going to read must not be opened
            due = [replace(fault, at="request") if fault.at else fault for fault in due]
        return await _Meddled(service, request, due, endpoint).answer()

    return answer


async def _plan(service: Service, name: str, request: Request) -> Plan:
    """Find the plan of whoever asks."""
    if name.startswith("generateAccessToken"):
        try:
            asked = json.loads(await request.body())
            return service.plans.for_tokens(str(asked["esDeveloperName"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            return Plan()
    try:
        client = service.tokens.verify(request.headers.get("Authorization"))
    except Refused:
        return Plan()
    return service.plans.by_subject.get(client.subject) or Plan()


class _Meddled:
    """A request and the faults that come on it."""

    def __init__(self, service: Service, request: Request, due: Sequence[Fault], endpoint: Endpoint) -> None:
        self._service, self._request, self._due, self._endpoint = service, request, due, endpoint

    async def answer(self) -> Response:
        """Answer it: one fault after the other before it is heard, then those that come on the answer."""
        for fault in self._due:
            if fault.at != "answer" and (answer := await self._before(fault)):
                return answer
        try:
            response = await self._endpoint(self._request)
        except Refused as refused:
            response = answers.json(refused.status, {"message": refused.message, "errorCode": refused.code})
        for fault in self._due:
            response = await self._after(fault, response)
        return response

    async def _before(self, fault: Fault) -> Response | None:
        match fault.kind:
            case "too_many_requests":
                refused = _refusal(Refused(429, "Too many requests"))
                refused.headers["Retry-After"] = str(math.ceil(fault.seconds or 0.0))
                return refused
            case "server_error":
                return _refusal(Refused(fault.status or 500, "Internal server error"))
            case "html":
                return HTMLResponse(PAGE, fault.status or 200, headers=ALLOW_ORIGIN)
            case "reset":
                return _Reset()
            case "slow":
                await asyncio.sleep(fault.seconds or 0.0)
            case "closed":
                self._close()
        return None

    async def _after(self, fault: Fault, response: Response) -> Response:
        match fault.kind:
            case "wrong_type":
                response.headers["Content-Type"] = "text/html"
            case "server_error" if fault.at == "answer":
                return _refusal(Refused(fault.status or 500, "Internal server error"))
            case "reset" if fault.at == "answer":
                return _Reset()
            case "slow" if fault.at == "answer":
                await asyncio.sleep(fault.seconds or 0.0)
        return response

    def _close(self) -> None:
        try:
            client = self._service.tokens.verify(self._request.headers.get("Authorization"))
            conversation = self._service.open_conversation(client, str(self._request.path_params["id"]).lower())
        except Refused:
            return  # it is going to be refused anyway
        self._service.close(client, conversation, client.deployment)


class _Reset(Response):
    """No answer, but the end of the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reset it, and wait for that, since a request that was not answered counts as a mistake of ours."""
        await scope["state"]["hang_up"](reset=True)
        while (await receive())["type"] != "http.disconnect":
            pass


def _refusal(refused: Refused) -> Response:
    return answers.json(refused.status, {"message": refused.message, "errorCode": refused.code})
