"""What is told of a request and its answer: enough to see what happened, and nothing that lets anybody in."""

import json
from contextlib import suppress
from uuid import uuid4

from harness.client.exchange import SHOWN, Exchange
from harness.client.miaw import MiawClient
from harness.client.network import Network
from harness.client.outgoing import File
from harness.client.target import Target
from harness.errors import ServiceRefused
from harness.timeline.sensitive import FIELD


async def test_requests_are_told_without_what_lets_anybody_in(at_sandbox: Target, network: Network) -> None:
    """Tokens of headers and bodies are masked before anybody is told; a file's content and a long text are cut."""
    seen: list[Exchange] = []
    client, conversation = MiawClient(network, at_sandbox, observe=seen.append), str(uuid4())
    await client.authenticate()
    await client.create(conversation, attributes={})
    await client.send_text(conversation, str(uuid4()), "tea " * 3_000)
    with suppress(ServiceRefused):  # whether this deployment takes files is all the same here
        await client.send_file(conversation, str(uuid4()), File("scan.png", "image/png", b"\x89PNG content"))
    with suppress(ServiceRefused):
        await client.send_text(str(uuid4()), str(uuid4()), "in a conversation that is not there")
    await client.close(conversation)
    access, created, said, attached, refused, closed = seen

    assert (access.method, access.path, access.status) == (
        "POST",
        "/iamessage/api/v2/authorization/unauthenticated/access-token",
        200,
    )
    assert json.loads(access.sent)["orgId"] == at_sandbox.org_id
    assert json.loads(access.got)["accessToken"] == FIELD
    assert access.told["content-type"].startswith("application/json")
    assert "Authorization" not in access.headers

    assert created.headers["Authorization"] == FIELD
    assert json.loads(created.sent)["conversationId"] == conversation
    assert len(said.sent) == SHOWN + 1
    assert said.sent.endswith("…")
    assert attached.sent.endswith("\nfileData: scan.png, image/png, 12 bytes")
    assert refused.status >= 400
    assert json.loads(refused.got)["errorCode"]
    assert (closed.method, closed.sent, closed.got) == ("DELETE", "", "")
    assert closed.path.startswith(f"/iamessage/api/v2/conversation/{conversation}?")
    assert "eyJ" not in repr(seen)
