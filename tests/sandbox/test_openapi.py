"""The sandbox against its own OpenAPI document: whatever Schemathesis makes of it, no answer is an error of ours."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from harness.sandbox.miaw import OPENAPI
from harness.sandbox.process import sandbox_process
from tests.keys import verified_by

from .end_user import ORG, REST

EXAMPLES = 12
DEADLINE = 30.0
"""Seconds; the first token takes a key, and a busy machine long to make one."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BOT = f"""\
bot: Test Bot
deployment: Test
attachments: true
greeting: [{{message: Hello}}]
turns: [{{otherwise: true, do: [{{message: Yes?}}]}}]
setup: {json.dumps({"transcript": True, "verification": verified_by()})}
"""


class Guest:
    """Somebody with a conversation, for requests that are to get further than to the door."""

    def __init__(self, url: str) -> None:
        self.url = url
        asked = {"orgId": ORG, "esDeveloperName": "Test", "capabilitiesVersion": "63", "platform": "Web"}
        path = f"{url}{REST}/authorization/unauthenticated/access-token"
        response = httpx.post(path, json=asked, timeout=DEADLINE)
        self.headers = {"Authorization": f"Bearer {response.json()['accessToken']}", "X-Org-Id": ORG}

    def converse(self) -> str:
        """Create a conversation and give its id."""
        body = {"conversationId": str(uuid4()), "esDeveloperName": "Test"}
        httpx.post(
            f"{self.url}{REST}/conversation", headers=self.headers, json=body, timeout=DEADLINE
        ).raise_for_status()
        return body["conversationId"]


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """A guest of a sandbox in a process of its own."""
    path: Path = tmp_path_factory.mktemp("bots") / "test.bot.yaml"
    path.write_text(BOT, encoding="utf-8")
    with sandbox_process([path]) as url:
        yield Guest(url)


@pytest.fixture(scope="module")
def operations(guest: Guest) -> dict[str, Any]:
    """The operations of the document by their names."""
    document = httpx.get(guest.url + OPENAPI, timeout=DEADLINE).json()
    assert "Test" in document["components"]["schemas"]["Deployment"]["enum"]
    document["components"]["schemas"]["Deployment"]["enum"] = ["Test"]  # that of the guest's token
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=guest.url)
    found: list[Any] = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {one.definition.raw["operationId"]: one for one in found}


NAMES = [
    "generateAccessTokenForUnauthenticatedUser",
    "generateAccessTokenForAuthenticatedUser",
    "generateContinuationToken",
    "createConversation",
    "listConversations",
    "getRoutingStatus",
    "listConversationEntries",
    "sendMessage",
    "sendFile",
    "sendTypingIndicator",
    "acknowledgeEntries",
    "endMessagingSession",
    "closeConversation",
    "retrieveTranscript",
    "getEmbeddedServiceConfig",
    "getBusinessHours",
    "openEventStream",
]


def test_the_document_has_every_operation(operations: dict[str, Any]) -> None:
    """Those of the service's reference, and no other."""
    assert sorted(operations) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_no_request_is_an_error_of_the_server(guest: Guest, operations: dict[str, Any], name: str) -> None:
    """Well formed or not, by a guest or by nobody, of a conversation that is there or not: it is answered as said."""
    operation = operations[name]
    answered = Counter[int]()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(
        case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)),
        is_known=st.sampled_from([False, *[True] * 5]),
        is_there=st.sampled_from([True, True, False]),
    )
    def holds(case: Any, is_known: bool, is_there: bool) -> None:
        if is_there and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = guest.converse()
        if is_known:
            case.headers = {**(case.headers or {}), **guest.headers}
        asked = case.as_transport_kwargs()
        with (
            suppress(requests.exceptions.InvalidHeader),
            requests.request(**asked, timeout=DEADLINE, stream=True) as response,
        ):
            answered[response.status_code] += 1
            if name != "openEventStream" or response.status_code != 200:
                case.validate_response(response, checks=CHECKS)

    holds()
    assert answered
