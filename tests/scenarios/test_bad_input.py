"""What a person reads when the target or the bot misbehaves, and that nothing that had arrived is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from harness import (
    Customer,
    ExpectationFailed,
    HarnessError,
    RemoteProtocolError,
    ServiceRefused,
    StreamInterrupted,
    Target,
    TargetUnreachable,
    contains,
    message,
    typing_started,
    unrecognised,
)
from harness.client.target import Reconnect
from harness.events import Dropped, Message, Unrecognised
from harness.sandbox.server import Sandbox
from harness.scenarios.customer import customer
from harness.settings import sandbox_target
from harness.user.persona import persona

CARL = persona("carl")


@pytest.fixture
async def carl(at_sandbox: Target) -> AsyncIterator[Customer]:
    """A customer of the sandbox."""
    async with customer(CARL, at_sandbox) as one:
        yield one


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """A server that says the same to everybody and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def http(status: str, content_type: str, body: str) -> bytes:
    """A whole answer of a web server."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return (head + body).encode()


async def opening(url: str) -> HarnessError:
    """What opening a conversation there ends with."""
    async with customer(CARL, sandbox_target(url)) as somebody:
        with pytest.raises(HarnessError) as failure:
            await somebody.open()
    return failure.value


async def test_a_refused_connection() -> None:
    """The address, what the network said, what to check."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    error = await opening(f"http://127.0.0.1:{port}")
    assert isinstance(error, TargetUnreachable)
    assert f"nobody answered at http://127.0.0.1:{port}/iamessage" in str(error)
    assert "(Connection refused)" in str(error)
    assert str(error).endswith("; check the address of the target, and that it is up")


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        pytest.param(
            http("200 OK", "text/html", "<html><body>Welcome to nginx!</body></html>"),
            RemoteProtocolError,
            "was answered with a page ('<html><body>Welcome to nginx!</body></html>') by http://127.0.0.1:",
            id="a web page where the service should be",
        ),
        pytest.param(
            http("404 Not Found", "text/html", "<h1>Not Found\x1b[31m</h1>"),
            ServiceRefused,
            "generateAccessTokenForUnauthenticatedUser was refused with 404: '<h1>Not Found\\\\x1b[31m</h1>'; "
            "the service does not know this conversation, or the target's address is not a messaging service",
            id="another web server",
        ),
        pytest.param(
            http("400 Bad Request", "application/json", '{"message": "Invalid appName", "errorCode": "BAD_REQUEST"}'),
            ServiceRefused,
            "generateAccessTokenForUnauthenticatedUser was refused with 400 BAD_REQUEST: 'Invalid appName'",
            id="a refusal in the service's own words",
        ),
        pytest.param(
            b"SSH-2.0-OpenSSH_9.2\r\n",
            RemoteProtocolError,
            "answered something that is not HTTP",
            id="a server that does not speak HTTP",
        ),
        pytest.param(
            b"", TargetUnreachable, "the connection was lost before an answer came", id="a server that hangs up"
        ),
    ],
)
async def test_a_wrong_target(answer: bytes, kind: type[HarnessError], says: str) -> None:
    """One sentence that says what came and what to check."""
    async with answering(answer) as url:
        error = await opening(url)
    assert isinstance(error, kind)
    assert says in str(error)
    assert "\x1b" not in str(error)


async def test_a_deployment_nobody_knows(carl: Customer) -> None:
    """The service's own words."""
    with pytest.raises(
        ServiceRefused, match="generateAccessTokenForUnauthenticatedUser was refused with 400 BAD_REQUEST"
    ):
        await carl.open("No_Such_Deployment")


async def test_an_expired_token() -> None:
    """A 401 says what to look at."""
    async with Sandbox(token_lifetime=0) as sandbox:
        error = await opening(sandbox.url)
    assert isinstance(error, ServiceRefused)
    assert error.status == 401
    assert "open event stream was refused with 401" in str(error)
    assert str(error).endswith("; the access token is missing, wrong or expired")


async def test_something_else_than_an_event_stream() -> None:
    """The token was fine, but a proxy answers the stream with a page."""
    token = '{"accessToken": "a.b.c", "lastEventId": "0"}'
    answers = [http("200 OK", "application/json", token), http("200 OK", "text/html", "<html>Sign in</html>")]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop(0))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        error = await opening(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert "answered with 'text/html' instead of an event stream (text/event-stream): '<html>Sign in</html>'" in str(
        error
    )


async def test_a_malformed_event_is_kept_and_breaks_the_test(carl: Customer) -> None:
    """What came after it is judged all the same."""
    chat = await carl.open("Test_Hostile")
    await chat.say("malformed")
    await chat.expect(message("Ready."), message("That was malformed."))
    [event] = [event for event in chat.timeline if isinstance(event, Unrecognised)]
    assert event.raw == '{"channelPlatformKey": "x", "conversationEntry": {'
    with pytest.raises(RemoteProtocolError) as failure:
        chat.verify()
    assert "1 events of the bot could not be read" in str(failure.value)
    assert "'CONVERSATION_MESSAGE': Invalid JSON: EOF while parsing" in str(failure.value)


async def test_an_unknown_event_is_no_error(carl: Customer) -> None:
    """The service may grow; it is kept and can be expected."""
    chat = await carl.open("Test_Hostile")
    await chat.say("unknown")
    await chat.expect(message("Ready."), message("That was unknown."))
    await chat.expect(unrecognised(wire_name="CONVERSATION_SOMETHING_NEW"))


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        pytest.param("half", "bytes of an unfinished event were dropped: b'event:CONVERSATION_", id="half an event"),
        pytest.param("drop", "the event stream ended while the conversation was still open", id="a dropped stream"),
    ],
)
async def test_a_stream_that_breaks_off(at_sandbox: Target, word: str, reason: str) -> None:
    """Where it is not opened again: what came is kept, and the failure says what was matched and what was open."""
    target = at_sandbox.model_copy(update={"reconnect": Reconnect(attempts=0)})
    async with customer(CARL, target) as carl:
        chat = await carl.open("Test_Hostile")
        await chat.say(word)
        with pytest.raises(StreamInterrupted) as failure:
            await chat.expect(message("Ready."), typing_started(), message("Never."), within=5)
        assert reason in str(failure.value)
        [told] = failure.value.__notes__
        assert "the event stream ended" in told
        assert "still open  message with text 'Never.'" in told
        assert [event.text for event in chat.timeline if isinstance(event, Message)] == ["Ready."]
        [dropped] = [event for event in chat.timeline if isinstance(event, Dropped)]
        assert (dropped.unfinished > 0) == (word == "half")
        with pytest.raises(StreamInterrupted):
            await chat.say("anybody there?")


async def test_control_characters_are_shown_as_text(carl: Customer) -> None:
    """Whatever the bot sends, nothing of it acts on the terminal; the text itself is kept as it came."""
    chat = await carl.open("Test_Hostile")
    await chat.say("control")
    with pytest.raises(ExpectationFailed) as failure:
        await chat.expect(message("Ready."), message("Hello"))
    told = str(failure.value)
    assert "'\\x1b[2J\\x1b[31mRED\\x07<script>alert(1)</script>\\u202egnp.exe\\r\\n=CMD()'" in told
    assert all(character.isprintable() for character in told.replace("\n", ""))
    assert [event.text for event in chat.timeline if isinstance(event, Message)][1].startswith("\x1b[2J")


async def test_a_message_of_a_megabyte_arrives_whole(carl: Customer) -> None:
    """And a failure shows its start and its size, not a megabyte."""
    chat = await carl.open("Test_Hostile")
    await chat.say("megabyte")
    with pytest.raises(ExpectationFailed) as failure:
        await chat.expect(message("Ready."), message(contains("?")))
    assert "(1,000,000 characters)" in str(failure.value)
    assert len(str(failure.value)) < 3_000
    assert [len(event.text) for event in chat.timeline if isinstance(event, Message)] == [6, 1_000_000]


async def test_a_message_larger_than_the_limit(carl: Customer) -> None:
    """The limit and the size are told, and what came before is kept."""
    chat = await carl.open("Test_Hostile")
    await chat.say("too large")
    with pytest.raises(RemoteProtocolError, match=r"the limit is 1048576 bytes|1,048,576"):
        await chat.expect(message("Ready."), message("One moment."), message(), within=5)
    assert [event.text for event in chat.timeline if isinstance(event, Message)] == ["Ready.", "One moment."]


async def test_a_user_who_says_a_megabyte(carl: Customer) -> None:
    """The service takes it, or refuses it with a status; either way the harness goes on."""
    chat = await carl.open("Test_Hostile")
    said = await chat.say("x" * 1_000_000)
    await chat.expect(message("Ready."), message(contains("You said")))
    assert len(said.text) == 1_000_000
    assert len(str(said)) < 300
