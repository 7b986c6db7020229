"""Recorded streams."""

from pathlib import Path

import pytest

from harness.sandbox.bots import SHIPPED
from harness.sandbox.replay import paced
from harness.sandbox.server import Sandbox

from .conftest import Visit, visitors

RECORDED = (SHIPPED / "streamed_turn.sse").read_bytes()


async def test_a_recording_is_served_byte_for_byte(visit: Visit) -> None:
    """Nothing is changed but the conversation's id, in the envelopes and in the payloads."""
    end_user = await visit("Harbour_Replay")
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event("CONVERSATION_TYPING_STOPPED_INDICATOR", times=1)
    served = ear.raw.removeprefix(b"event:ping\ndata:0\n\n")
    recorded_id = b"6513270e-269e-4d37-b2a7-4de452e6b438"
    assert RECORDED.count(recorded_id) > RECORDED.count(b'"conversationId":"' + recorded_id)
    assert served == RECORDED.replace(recorded_id, end_user.conversation.encode())


async def test_a_recording_is_served_with_its_mistakes(tmp_path: Path) -> None:
    """Comments, foreign line ends, data that is no JSON and an event without its end are left as they are."""
    recorded = b': hello\n\nevent: x\r\ndata: {broken\r\n\r\nid:1\ndata:{"a":"\xc3\xa9"}\n\nevent:y\ndata:unfinished'
    (tmp_path / "odd.sse").write_bytes(recorded)
    (tmp_path / "odd.bot.yaml").write_text("{bot: Odd, deployment: Odd, replay: odd.sse}", encoding="utf-8")
    async with Sandbox([tmp_path]) as sandbox, visitors(sandbox) as visit:
        end_user = await visit("Odd")
        await end_user.create()
        async with end_user.listen() as ear:
            while b"unfinished" not in ear.raw:
                await ear.next()
                await end_user.say("go on")
    assert ear.raw.removeprefix(b"event:ping\ndata:0\n\n").startswith(recorded)


@pytest.mark.parametrize(
    ("recorded", "gaps"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"event:ping\ndata:0\n\n", [0.0], id="an event without a time"),
        pytest.param(
            b'data:{"transcriptedTimestamp":1000}\n\ndata:{"transcriptedTimestamp":1250}\n\n',
            [0.0, 0.25],
            id="two times",
        ),
        pytest.param(
            b'data:{"transcriptedTimestamp":1000}\n\ndata:0\n\ndata:{"transcriptedTimestamp":1250}\n\n',
            [0.0, 0.0, 0.25],
            id="something without a time in between",
        ),
        pytest.param(
            b'data:{"transcriptedTimestamp":1000}\n\ndata:{"transcriptedTimestamp":900}\n\n',
            [0.0, 0.0],
            id="back in time",
        ),
        pytest.param(
            b'data:{"transcriptedTimestamp":1000}\r\n\r\ndata:{"transcriptedTimestamp":1500}',
            [0.0, 0.5],
            id="CRLF, no end",
        ),
    ],
)
def test_the_pace_is_that_of_the_recording(recorded: bytes, gaps: list[float]) -> None:
    """The gaps are the differences of the times, and nothing is lost."""
    frames = paced(recorded)
    assert [gap for gap, _ in frames] == pytest.approx(gaps)
    assert b"".join(frame for _, frame in frames) == recorded
