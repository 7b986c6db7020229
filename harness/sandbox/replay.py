"""Serves a recorded event stream, a raw `.sse` file, as what happens in a conversation.

Here: cutting the file into frames, and their pace. Not here: which bot does so (`replay:` in a bot file, bots.py).

The frames go out byte for byte as they stand in the file, ids, comments and mistakes included, but for one thing: the
conversation's id is replaced by the live one wherever it occurs, in the envelope and in the payloads, since a client
passes over other conversations. The recorded ids have no place in our own numbering: who resumes a replayed stream with
one of them gets what our numbers say. The pace is that of the file's `transcriptedTimestamp`s.
"""

import asyncio
import re
from pathlib import Path

from harness.sandbox.conversations import Conversation

CONVERSATION = re.compile(rb'"conversationId":\s*"([0-9a-fA-F-]{36})"')
TRANSCRIPTED = re.compile(rb'"transcriptedTimestamp":\s*(\d+)')


async def replay(path: Path, conversation: Conversation, *, speed: float) -> None:
    """Send the frames of a file.

    Args:
        path: The file.
        conversation: The conversation they are sent in.
        speed: How much faster than recorded.
    """
    recorded = path.read_bytes()  # noqa: ASYNC240 - a small local file
    if found := CONVERSATION.search(recorded):
        recorded = recorded.replace(found[1], conversation.id.encode())
    for gap, frame in paced(recorded):
        await asyncio.sleep(gap / speed)
        conversation.owner.tell_raw(frame)


def paced(recorded: bytes) -> list[tuple[float, bytes]]:
    """Cut a recording into frames.

    Returns:
        Each frame with its blank line, and the seconds to wait before it; none before frames without a time, nor where
        time went backwards.
    """
    frames = [frame for frame in re.findall(rb".*?(?:\r?\n\r?\n|\Z)", recorded, re.DOTALL) if frame.strip()]
    paces, last = [], None
    for frame in frames:
        found = TRANSCRIPTED.search(frame)
        at = int(found[1]) / 1000 if found else last
        paces.append((max(0.0, at - last) if at is not None and last is not None else 0.0, frame))
        last = at if at is not None else last
    return paces
