"""What a refusal means: each documented status, with the service's words and what to do."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from harness.client.miaw import MiawClient
from harness.client.outgoing import File
from harness.errors import ServiceRefused
from harness.sandbox.limits import Limits

from .talking import BOT, meeting

REFUSED = {
    400: (
        "createConversation was refused with 400 BAD_REQUEST: 'Specify the conversationId in UUID "
        "format.'; the request is wrong, and would be again; of a deployment, check the name, and that "
        "its type is API"
    ),
    401: (
        "getRoutingStatus was refused with 401 UNAUTHORIZED: 'Jwt verification fails'; the access token "
        "is missing, wrong or expired"
    ),
    403: (
        "getRoutingStatus was refused with 403 FORBIDDEN: 'Permission Denied'; the token does not own "
        "this conversation, or it is closed; never swap identities within one"
    ),
    404: (
        "getRoutingStatus was refused with 404 NOT_FOUND: 'Conversation not found'; the service does not "
        "know this conversation, or the target's address is not a messaging service"
    ),
    409: (
        "createConversation was refused with 409 CONFLICT: 'A conversation with this conversationId "
        "already exists'; the conversation id is in use"
    ),
    412: (
        "createConversation was refused with 412 PRECONDITION_FAILED: 'Conversation Precondition failed';"
        " the organisation can't take it for now, such as when its storage is full; the service says to "
        "try later"
    ),
    413: (
        "sendFile was refused with 413 PAYLOAD_TOO_LARGE: 'File size exceeds the limit of 5 MB'; what was"
        " sent is larger than the service takes; of a file it takes 5 MB"
    ),
    415: (
        "sendFile was refused with 415 UNSUPPORTED_MEDIA_TYPE: 'File type not supported'; the service "
        "does not take files of this type"
    ),
    417: (
        "sendMessage was refused with 417 EXPECTATION_FAILED: 'No messaging session exists'; there is no "
        "messaging session, and this deployment starts one only with the values of its pre-chat form"
    ),
    429: (
        "sendMessage was refused with 429 TOO_MANY_REQUESTS: 'Too many requests'; the service limits how "
        "often this may be asked; ask less often"
    ),
    500: (
        "sendMessage was refused with 500 INTERNAL_SERVER_ERROR: 'Internal server error'; the service "
        "failed, and may not the next time; its own logs say more"
    ),
}


async def provoke(status: int, folder: Path) -> None:
    """Do what is answered with a status."""
    setup = {
        412: "setup: {storage_full: true}\n",
        417: "setup: {prechat: {each: session, asks: [{name: _email}]}}\n",
    }.get(status, "")
    options: dict[int, dict[str, Any]] = {
        429: {"limits": Limits(messages_per_minute=0)},
        500: {"faults": ["server_error on=sendMessage"]},
    }
    async with meeting(folder, BOT + setup, **options.get(status, {})) as (target, network):
        client, stranger = MiawClient(network, target), MiawClient(network, target)
        await client.authenticate()
        conversation, message = "1" if status == 400 else str(uuid4()), str(uuid4())
        if status != 404:
            await client.create(conversation, attributes={})
        match status:
            case 401:
                await client.expire()
                await client.routing_status(conversation)
            case 403:
                await stranger.authenticate()
                await stranger.routing_status(conversation)
            case 404:
                await client.routing_status(conversation)
            case 409:
                await client.create(conversation, attributes={})
            case 413:
                large = File("a.png", "image/png", bytes(5 * 1024 * 1024 + 1))
                await client.send_file(conversation, message, large)
            case 415:
                await client.send_file(conversation, message, File("a.mp3", "audio/mpeg", b"x"))
            case 417:
                await client.end_session(conversation)
                await client.send_text(conversation, message, "hello")
            case 429 | 500:
                await client.send_text(conversation, message, "hello")


@pytest.mark.parametrize("status", REFUSED)
async def test_a_refusal_says_what_it_means(tmp_path: Path, status: int) -> None:
    """Each documented status, with the service's words and what to do."""
    with pytest.raises(ServiceRefused) as refused:
        await provoke(status, tmp_path)
    assert refused.value.status == status
    assert str(refused.value) == REFUSED[status]
