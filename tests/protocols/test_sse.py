"""The decoder against a table, against the standard spelt out slowly, and against httpx-sse; then the encoder."""

import json
import pickle
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from httpx_sse import EventSource
from httpx_sse._decoders import SSEDecoder as TheirDecoder
from httpx_sse._decoders import SSELineDecoder as TheirLineDecoder
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.errors import RemoteProtocolError
from harness.protocols.sse import Comment, Frame, SSEDecoder, comment, encode

SEQUENCES = Path(__file__).parent / "miaw" / "data" / "sequences"
BOM = b"\xef\xbb\xbf"

Found = list[Frame | Comment]


def message(data: str, last: str = "") -> Frame:
    """A frame without a type of its own."""
    return Frame("message", data, last)


def chunks(wire: bytes, size: int) -> list[bytes]:
    """The bytes as reads of one size would bring them."""
    return [wire[i : i + size] for i in range(0, len(wire), size)]


def fed(
    reads: list[bytes], *, max_line: int = 1_048_576, max_event: int = 1_048_576
) -> tuple[Found, str, int | None, bool]:
    """What came out of the decoder, the last event id, the retry time, and whether a limit was broken."""
    decoder = SSEDecoder(max_line=max_line, max_event=max_event)
    found: Found = []
    try:
        for read in [*reads, b""]:
            found += decoder.feed(read)
    except RemoteProtocolError:
        return found, decoder.last_event_id, decoder.retry, True
    return found, decoder.last_event_id, decoder.retry, False


# -- the table ---------------------------------------------------------------------------------------------------------

TABLE = [
    # line ends
    pytest.param(b"data:a\n\n", [message("a")], id="LF ends a line"),
    pytest.param(b"data:a\r\r", [message("a")], id="CR ends a line"),
    pytest.param(b"data:a\r\n\r\n", [message("a")], id="CRLF ends one line, not two"),
    pytest.param(b"data:a\r\ndata:b\rdata:c\n\r\n", [message("a\nb\nc")], id="the three line ends mix"),
    pytest.param(b"data:a\n\rdata:b\n\n", [message("a"), message("b")], id="LF CR is two line ends"),
    pytest.param(
        "data:a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei\n\n".encode(),
        [message("a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei")],
        id="no other character ends a line",
    ),
    # data
    pytest.param(b"data:a\ndata:b\n\n", [message("a\nb")], id="data lines join with a line feed"),
    pytest.param(b"data:\n\n", [message("")], id="empty data is data"),
    pytest.param(b"data\n\n", [message("")], id="a field name alone has an empty value"),
    pytest.param(b"data\ndata\n\n", [message("\n")], id="two empty data lines make a line feed"),
    pytest.param(b"data:\ndata:a\n\n", [message("\na")], id="a leading empty data line counts"),
    pytest.param(b"event:ping\n\n", [], id="no data, no event"),
    pytest.param(b"event:ping\n\ndata:a\n\n", [message("a")], id="a type without data is forgotten at the blank line"),
    pytest.param(b"data:a\n", [], id="an event without a blank line is not handed out"),
    pytest.param(b"data:a\n\ndata:b", [message("a")], id="an incomplete last event is dropped"),
    pytest.param(b"\n\n\ndata:a\n\n\n\n", [message("a")], id="blank lines around an event mean nothing"),
    pytest.param(b"data:a\0b\n\n", [message("a\0b")], id="NUL may stand in data"),
    # fields
    pytest.param(b"data: a\n\n", [message("a")], id="one space after the colon is dropped"),
    pytest.param(b"data:  a\n\n", [message(" a")], id="a second space after the colon is kept"),
    pytest.param(b"data:\ta\n\n", [message("\ta")], id="a tab after the colon is kept"),
    pytest.param(b"data: a \n\n", [message("a ")], id="a trailing space is kept"),
    pytest.param(b"data:a:b\n\n", [message("a:b")], id="only the first colon separates"),
    pytest.param(b" data:a\ndata :b\nDATA:c\ndat:d\ndata:e\n\n", [message("e")], id="a field name is matched exactly"),
    pytest.param(b"unheard:of\ndata:a\n\n", [message("a")], id="an unknown field is ignored"),
    pytest.param(b"event: typing\ndata:a\n\n", [Frame("typing", "a", "")], id="event names the type"),
    pytest.param(b"event:x\nevent:y\ndata:a\n\n", [Frame("y", "a", "")], id="the last type wins"),
    pytest.param(b"event:x\nevent\ndata:a\n\n", [message("a")], id="an empty type is the default type"),
    pytest.param(
        b"event:x\ndata:a\n\ndata:b\n\n", [Frame("x", "a", ""), message("b")], id="the type holds for one event"
    ),
    # ids
    pytest.param(b"id:1\ndata:a\n\ndata:b\n\n", [message("a", "1"), message("b", "1")], id="an id stays in force"),
    pytest.param(b"id:1\n\ndata:a\n\n", [message("a", "1")], id="an id without data stays in force"),
    pytest.param(b"id:1\ndata:a\n\nid\ndata:b\n\n", [message("a", "1"), message("b")], id="an empty id clears it"),
    pytest.param(b"id:1\nid:2\0\ndata:a\n\n", [message("a", "1")], id="an id with NUL is ignored"),
    # comments
    pytest.param(b":\n", [Comment("")], id="an empty comment"),
    pytest.param(b": beat\n\n", [Comment("beat")], id="a heartbeat with a blank line is no event"),
    pytest.param(b"::a:b\n", [Comment(":a:b")], id="a comment may hold colons"),
    pytest.param(b"data:a\n:beat\ndata:b\n\n", [Comment("beat"), message("a\nb")], id="a comment within an event"),
    pytest.param(
        b"id:1\ndata:a\n\n:beat\n\n\n", [message("a", "1"), Comment("beat")], id="a heartbeat after an id is no event"
    ),
    # characters
    pytest.param(BOM + b"data:a\n\n", [message("a")], id="a leading byte-order mark is dropped"),
    pytest.param(BOM + BOM + b"data:a\n\ndata:b\n\n", [message("b")], id="a second one belongs to the field name"),
    pytest.param(b"\n" + BOM + b"data:a\n\n", [], id="a byte-order mark anywhere else belongs to the field name"),
    pytest.param(b"\xef\xbbdata:a\n\n", [], id="two thirds of a byte-order mark are a broken character"),
    pytest.param("data:grüß 🙂\n\n".encode(), [message("grüß 🙂")], id="the bytes are UTF-8"),
    pytest.param(b"data:a\xffb\n\n", [message("a\ufffdb")], id="a broken character is replaced"),
    pytest.param(b"data:\xf0\x9f\x99\n\n", [message("\ufffd")], id="a character cut by a line end is replaced once"),
]


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 999])
@pytest.mark.parametrize(("wire", "found"), TABLE)
def test_a_stream_is_read_as_the_standard_says(wire: bytes, found: Found, cut: int) -> None:
    """The same bytes give the same frames and comments, a byte at a time or all at once."""
    assert fed(chunks(wire, cut))[0] == found


@pytest.mark.parametrize(
    ("value", "retry"),
    [
        pytest.param("1500", 1500, id="digits are milliseconds"),
        pytest.param("0", 0, id="nought is a number"),
        pytest.param("007", 7, id="leading noughts do not matter"),
        pytest.param("", None, id="no digits, no number"),
        pytest.param("+5", None, id="a sign is no digit"),
        pytest.param("-5", None, id="nor is the other one"),
        pytest.param("1_000", None, id="nor is an underscore"),
        pytest.param("1.5", None, id="nor is a point"),
        pytest.param("5 ", None, id="nor is a trailing space"),
        pytest.param(" 5", None, id="nor is a second leading space"),
        pytest.param("٣", None, id="nor is an Arabic three"),
        pytest.param("²", None, id="nor is a superscript two"),
        pytest.param("9" * 5000, None, id="nobody waits for five thousand digits"),
    ],
)
def test_retry_takes_ascii_digits_only(value: str, retry: int | None) -> None:
    """Anything else is ignored and leaves the last time in force."""
    assert fed([f"retry: {value}\n".encode()])[2] == retry
    assert fed([f"retry:8\nretry: {value}\n".encode()])[2] == (8 if retry is None else retry)


def test_the_last_event_id_moves_at_the_blank_line() -> None:
    """A reconnect in the middle of an event asks for that event again."""
    decoder = SSEDecoder()
    decoder.feed(b"id:1\ndata:a\n\nid:2\ndata:b\n")
    assert decoder.last_event_id == "1"
    decoder.feed(b"\n")
    assert decoder.last_event_id == "2"


@pytest.mark.parametrize(
    ("reads", "each"),
    [
        pytest.param([b"data:a\n", b"\n"], [[], [message("a")]], id="LF"),
        pytest.param([b"data:a\r", b"\r"], [[], [message("a")]], id="a CR at the end of a read ends the line at once"),
        pytest.param(
            [b"data:a\r\n\r", b"\ndata:b\r\n\r"],
            [[message("a")], [message("b")]],
            id="and swallows the LF that follows",
        ),
        pytest.param(
            [b"data:a\r", b"", b"\ndata:b\n\n"], [[], [], [message("a\nb")]], id="even after a read of nothing"
        ),
        pytest.param([b":\r", b"\n"], [[Comment("")], []], id="a heartbeat is handed out with its line"),
    ],
)
def test_an_event_is_handed_out_with_its_last_byte(reads: list[bytes], each: list[Found]) -> None:
    """Nothing waits for the read after."""
    decoder = SSEDecoder()
    assert [decoder.feed(read) for read in reads] == each


@pytest.mark.parametrize("cut", [1, 999])
@pytest.mark.parametrize(
    ("wire", "unfinished"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(b"id:1\ndata:a\n\n", b"", id="an event that was ended"),
        pytest.param(b"data:a\n\nevent: x\ndata: {", b"event: x\ndata: {", id="an event cut in a line"),
        pytest.param(b"data:a\n\nevent: x\n", b"event: x\n", id="an event cut between lines"),
        pytest.param(b"\r\n\r\nid:1\r\ndata:\xe2\x82", b"id:1\ndata:\xe2\x82", id="an event cut in a character"),
        pytest.param(BOM + b"d", b"d", id="a byte-order mark is no part of an event"),
        pytest.param(b"data:a\n\n:beat\n", b"", id="a comment begins no event"),
        pytest.param(b"data:a\n\n:be", b"", id="nor does half a comment"),
        pytest.param(b"data:a\n:beat\nid:1\n:b", b"data:a\nid:1\n", id="comments within an event are left out"),
        pytest.param(b"Jwt is expired", b"Jwt is expired", id="a last word without a field"),
    ],
)
def test_what_the_end_of_the_stream_would_drop(wire: bytes, unfinished: bytes, cut: int) -> None:
    """The bytes of the event that has begun, as they came, for the message of whoever sees the end."""
    decoder = SSEDecoder()
    for read in chunks(wire, cut):
        decoder.feed(read)
    assert decoder.unfinished == unfinished


def test_a_frame_is_a_frozen_value() -> None:
    """However the decoder makes it."""
    (frame,) = SSEDecoder().feed(b"event:x\nid:1\ndata:a\n\n")
    assert type(frame) is Frame
    assert frame == Frame("x", "a", "1")
    assert hash(frame) == hash(Frame("x", "a", "1"))
    assert pickle.loads(pickle.dumps(frame)) == frame  # noqa: S301 - our own
    with pytest.raises(FrozenInstanceError):
        frame.data = "b"  # type: ignore[misc]


# -- the standard, slowly ----------------------------------------------------------------------------------------------


def standard(wire: bytes) -> tuple[Found, str, int | None]:
    """The algorithm of the standard over a whole stream, sentence by sentence, with no thought for speed."""
    text = wire.decode("utf-8", "replace").removeprefix("\ufeff")
    found: Found = []
    retry: int | None = None
    data_buffer = event_type_buffer = id_buffer = last_event_id = ""
    *lines, _unended = re.split("\r\n|\r|\n", text)
    for line in lines:
        if line == "":
            last_event_id = id_buffer
            if data_buffer != "":
                found.append(Frame(event_type_buffer or "message", data_buffer[:-1], last_event_id))
            data_buffer = event_type_buffer = ""
            continue
        if line[0] == ":":
            found.append(Comment(line[2:] if line[1:2] == " " else line[1:]))
            continue
        field, value = line, ""
        if ":" in line:
            at = line.index(":")
            field, value = line[:at], line[at + 1 :]
            if value[:1] == " ":
                value = value[1:]
        match field:
            case "event":
                event_type_buffer = value
            case "data":
                data_buffer += value + "\n"
            case "id" if "\0" not in value:
                id_buffer = value
            case "retry" if value and all(character in "0123456789" for character in value):
                retry = int(value)
            case _:
                pass
    return found, last_event_id, retry


def within_limits(wire: bytes, max_line: int, max_event: int) -> bytes:
    """The lines before the first that breaks a limit, counted one by one."""
    *lines, rest = re.split(rb"\r\n|\r|\n", wire.removeprefix(BOM))
    kept, event = b"", 0
    for line in lines:
        event = event + len(line) + 1 if line else 0
        if len(line) > max_line or event > max_event:
            return kept
        kept += line + b"\n"
    return kept if len(rest) > max_line or event + len(rest) > max_event else wire


SOUP = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b"\n\n", b":", b" ", b"\0", BOM, b"\xef", b"\xbb", b"\xe2\x82", b"\xff", b"7"]
    )
    | st.sampled_from([b"data", b"event", b"id", b"retry", b"data:", b"data: ", b"event:", b"id:", b"retry:", b"\n:"])
    | st.sampled_from(["ü".encode(), "\u2028".encode(), "\u0085".encode(), b"\x0b", b"\x0c", "🙂".encode(), b"x"])
    | st.binary(max_size=3),
    max_size=40,
).map(b"".join)
CUTS = st.lists(st.integers(0, 120), max_size=12)


def cut_at(wire: bytes, cuts: list[int]) -> list[bytes]:
    """The bytes cut at these places; a place named twice gives a read of nothing."""
    return [wire[begin:end] for begin, end in pairwise([0, *sorted(cuts), max(len(wire), *cuts, 0)])]


@settings(deadline=None, max_examples=500)
@given(wire=SOUP, cuts=CUTS)
@example(wire=BOM + b"data:a\r\n\r\n", cuts=[1, 2, 9, 10, 11])
def test_any_bytes_cut_anywhere_are_read_as_the_standard_says(wire: bytes, cuts: list[int]) -> None:
    """Frames, comments, last event id and retry time, against the slow decoder."""
    expected = (*standard(wire), False)
    assert fed(cut_at(wire, cuts)) == expected
    assert fed(chunks(wire, 1)) == expected


@settings(deadline=None, max_examples=500)
@given(wire=SOUP, cuts=CUTS, max_line=st.integers(3, 15), max_event=st.integers(3, 30))
def test_a_limit_is_broken_at_the_same_line_wherever_the_bytes_are_cut(
    wire: bytes, cuts: list[int], max_line: int, max_event: int
) -> None:
    """All that was complete before the line that broke it is handed out."""
    kept = within_limits(wire, max_line, max_event)
    expected = (*standard(kept), kept != wire)
    for reads in (cut_at(wire, cuts), chunks(wire, 1), [wire]):
        assert fed(reads, max_line=max_line, max_event=max_event) == expected


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 10, 999])
@pytest.mark.parametrize(
    ("wire", "broken"),
    [
        pytest.param(b"data:" + b"x" * 15 + b"\n\n", False, id="a line of just the limit"),
        pytest.param(b"data:" + b"x" * 16 + b"\n\n", True, id="a line of a byte more"),
        pytest.param(b"data:" + b"x" * 16, True, id="a line of a byte more that has no end yet"),
        pytest.param(b":" + b"x" * 20, True, id="a comment without an end"),
        pytest.param(b"data:xxxx\n" * 4 + b"\n", False, id="an event of just the limit"),
        pytest.param(b"data:xxxx\n" * 4 + b"d", True, id="an event of a byte more"),
        pytest.param(b"data:xxxx\n\n" * 40, False, id="many events of less"),
        pytest.param(b":beat\n\n" * 40, False, id="many heartbeats"),
        pytest.param(b"x\n" * 21, True, id="lines that say nothing, without a blank one"),
    ],
)
def test_a_line_and_an_event_have_limits(wire: bytes, broken: bool, cut: int) -> None:
    """A line may have twenty bytes here, an event forty."""
    assert fed(chunks(wire, cut), max_line=20, max_event=40)[3] == broken


def test_counting_near_a_limit_does_not_outlive_the_event() -> None:
    """Reads that come near the limit, then far from it, then near again: the second event has 22 bytes."""
    decoder = SSEDecoder(max_event=20)
    assert decoder.feed(b"data:0123456789\n\ndata:a\n") == [message("0123456789")]
    assert decoder.feed(b"data:b\n") == []
    with pytest.raises(RemoteProtocolError, match="sent 22 bytes of one event"):
        decoder.feed(b"data:cc\n")


@pytest.mark.parametrize(
    ("reads", "words"),
    [
        pytest.param(
            [b"data:0123456789"],
            "the event stream sent 15 bytes of one line and the limit is 10 bytes; "
            "raise max_line if the service may send this much, which begins with b'data:0123456789'",
            id="a line",
        ),
        pytest.param(
            [b"data:1\n", b"data:2\n", b"data:3\n"],
            "the event stream sent 21 bytes of one event and the limit is 20 bytes; "
            "raise max_event if the service may send this much, which begins with b'data:1\\ndata:2\\ndata:3\\n'",
            id="an event",
        ),
    ],
)
def test_a_broken_limit_says_what_came_and_what_to_do(reads: list[bytes], words: str) -> None:
    """The other side is to blame, and the bytes say for what."""
    decoder = SSEDecoder(max_line=10, max_event=20)
    for read in reads[:-1]:
        decoder.feed(read)
    with pytest.raises(RemoteProtocolError) as caught:
        decoder.feed(reads[-1])
    assert str(caught.value) == words


@pytest.mark.parametrize("next_read", [b"", b"data:b\n\n", b"\n\n"])
def test_what_was_complete_comes_first_and_every_later_read_raises(next_read: bytes) -> None:
    """Nothing that arrived before the broken limit is lost, and nothing after it is kept."""
    decoder = SSEDecoder(max_line=10)
    assert decoder.feed(b"id:1\ndata:a\n\n:beat\ndata:0123456789\n\ndata:c\n\n") == [message("a", "1"), Comment("beat")]
    for _ in range(3):
        with pytest.raises(RemoteProtocolError, match="15 bytes of one line"):
            decoder.feed(next_read)
    assert decoder.last_event_id == "1"
    assert decoder.unfinished == b""


@pytest.mark.parametrize(
    ("decoder", "pending", "more"),
    [
        pytest.param(SSEDecoder(), b"data:" + b"x" * 900_000, b"x\xc3\xbc", id="a long line"),
        pytest.param(SSEDecoder(), b"data:xx\n" * 110_000, b"data:x\r\n", id="many lines of one event"),
        pytest.param(SSEDecoder(max_line=99), b"data:xx\n" * 110_000, b"data:x\r\n", id="many lines, near a limit"),
    ],
)
def test_one_byte_more_does_not_copy_what_is_pending(decoder: SSEDecoder, pending: bytes, more: bytes) -> None:
    """So the whole is linear in its bytes, however they come; the time it takes is shown by tests/bench/sse.py."""
    decoder.feed(pending)
    decoder.feed(b"d")  # near a limit the first small read after a big one counts what is pending, once
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for byte in chunks(more * 10, 1):
            assert decoder.feed(byte) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 100_000


@pytest.mark.parametrize("read", [b"event:x\nid:1\ndata:a\n\n", b":beat\n\n", b"\n", b""])
def test_a_long_stream_takes_no_more_memory_than_a_short_one(read: bytes) -> None:
    """What was handed out is not held."""
    decoder = SSEDecoder()
    tracemalloc.start()
    try:
        for _ in range(100):
            decoder.feed(read)
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(10_000):
            decoder.feed(read)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 10_000


# -- httpx-sse ---------------------------------------------------------------------------------------------------------


class Reads(httpx.SyncByteStream):
    """A body that comes in these reads."""

    def __init__(self, reads: list[bytes]) -> None:
        self.reads = reads

    def __iter__(self) -> Iterator[bytes]:
        yield from self.reads


def theirs(reads: list[bytes], content_type: str = "text/event-stream") -> tuple[list[Frame], int | None]:
    """What httpx-sse makes of a whole response: its events as frames, and the retry time it named last."""
    response = httpx.Response(200, headers={"content-type": content_type}, stream=Reads(reads))
    events = list(EventSource(response).iter_sse())
    retries = [event.retry for event in events if event.retry is not None]
    return [Frame(event.event, event.data, event.id) for event in events], retries[-1] if retries else None


@pytest.mark.parametrize(
    ("wire", "ours", "other"),
    [
        pytest.param(
            b"id:1\ndata:a\n\n:beat\n\n",
            [message("a", "1"), Comment("beat")],
            [message("a", "1"), message("", "1")],
            id="a heartbeat after an id is an event to them (issue 35)",
        ),
        pytest.param(
            b"id:1\ndata:a\n\n\n",
            [message("a", "1")],
            [message("a", "1"), message("", "1")],
            id="a second blank line after an id is an event to them",
        ),
        pytest.param(b"event:x\n\n", [], [Frame("x", "", "")], id="a type without data is an event to them"),
        pytest.param(b"id:1\n\n", [], [message("", "1")], id="an id without data is an event to them"),
        pytest.param(b"retry:5\n\n", [], [message("")], id="a retry time without data is an event to them"),
        pytest.param(BOM + b"data:a\n\n", [message("a")], [], id="a byte-order mark costs them the first event"),
        pytest.param(
            BOM + b"event:x\ndata:a\n\n", [Frame("x", "a", "")], [message("a")], id="or the first field of it"
        ),
        pytest.param(b":beat\n\n", [Comment("beat")], [], id="a comment is nothing to them"),
    ],
)
def test_where_frames_differ_from_httpx_sse(wire: bytes, ours: Found, other: list[Frame]) -> None:
    """Ours as the standard says, theirs as it is; a case that goes red here was mended there."""
    assert fed([wire])[0] == ours == standard(wire)[0]
    assert theirs([wire])[0] == other


@pytest.mark.parametrize(
    ("value", "other"),
    [
        pytest.param("+5", 5, id="a plus"),
        pytest.param("-5", -5, id="a minus"),
        pytest.param("1_000", 1000, id="an underscore"),
        pytest.param(" 5", 5, id="a second leading space"),
        pytest.param("5 ", 5, id="a trailing space"),
        pytest.param("٣", 3, id="an Arabic three"),
    ],
)
def test_where_retry_differs_from_httpx_sse(value: str, other: int) -> None:
    """They ask `int`, the standard asks for ASCII digits."""
    wire = f"retry: {value}\ndata:a\n\n".encode()
    assert fed([wire])[2] is standard(wire)[2] is None
    assert theirs([wire])[1] == other


@pytest.mark.parametrize(("charset", "other"), [("windows-1252", "Ã¼"), ("iso-8859-1", "Ã¼")])
def test_where_the_charset_differs_from_httpx_sse(charset: str, other: str) -> None:
    """They believe the header, the standard says UTF-8 always; our decoder is never told of a header."""
    wire = "data:ü\n\n".encode()
    assert fed([wire])[0] == [message("ü")]
    assert theirs([wire], f"text/event-stream; charset={charset}")[0] == [message(other)]


@pytest.mark.parametrize("wire", [b"data:a\r\r", b"data:a\r\n\r"], ids=["CR", "CRLF without its last LF"])
def test_where_promptness_differs_from_httpx_sse(wire: bytes) -> None:
    """A blank line that ends in CR is an end to us, and to them only with the next byte."""
    assert SSEDecoder().feed(wire) == [message("a")]
    lines, decoder = TheirLineDecoder(), TheirDecoder()
    assert [event for line in lines.decode(wire.decode()) if (event := decoder.decode(line))] == []
    assert [event.data for line in lines.decode("\n:") if (event := decoder.decode(line))] == ["a"]


LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=20)


@st.composite
def agreed(draw: st.DrawFn) -> bytes:
    """A stream without any of the differences above: every block has data, and one blank line after it."""
    blocks = []
    for _ in range(draw(st.integers(0, 5))):
        space = draw(st.sampled_from(["", " "]))
        fields = [("data", draw(LINE)) for _ in range(draw(st.integers(1, 3)))]
        fields += draw(st.lists(st.tuples(st.sampled_from(["event", "id", "other"]), LINE), max_size=3))
        lines = [f"{name}:{space}{value}" for name, value in draw(st.permutations(fields))]
        end = draw(st.sampled_from(["\n", "\r", "\r\n"]))
        blocks.append(end.join([*lines, "", ""]))
    return "".join(blocks).encode()


@settings(deadline=None)
@given(wire=agreed(), cuts=CUTS)
def test_elsewhere_httpx_sse_agrees(wire: bytes, cuts: list[int]) -> None:
    """On streams without the differences above the two give the same frames, wherever the bytes are cut."""
    reads = cut_at(wire, cuts)
    assert fed(reads)[0] == theirs(reads)[0]


# -- the samples -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 16, 1400, 65_536])
@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("01_bot_greeting_after_create", 10),
        ("02_streamed_turn", 8),
        ("04_validation_failure_then_replacement", 8),
        ("06_no_agent_at_start", 3),
        ("08_rep_ends_session", 4),
        ("09_end_user_closes_conversation", 3),
        ("11_duplicate_and_replayed_events", 5),
    ],
)
def test_a_sample_sequence_is_read_whole(name: str, frames: int, cut: int) -> None:
    """Every frame has JSON for data, and nothing is left over."""
    decoder = SSEDecoder()
    wire = (SEQUENCES / f"{name}.sse").read_bytes()
    found = [frame for read in chunks(wire, cut) for frame in decoder.feed(read) if isinstance(frame, Frame)]
    assert len(found) == frames
    assert all(frame.event == "ping" or isinstance(json.loads(frame.data), dict) for frame in found)
    assert decoder.unfinished == b""


@pytest.mark.parametrize("path", sorted(SEQUENCES.glob("*.sse")), ids=lambda path: path.stem)
def test_a_sample_sequence_is_spelt_the_way_we_spell(path: Path) -> None:
    """Decoded and encoded again a recorded stream is the same, byte for byte."""
    wire = path.read_bytes()
    frames = [frame for frame in SSEDecoder().feed(wire) if isinstance(frame, Frame)]
    again = [encode(f.data, event=f.event, id=None if f.event == "ping" else f.id) for f in frames]
    assert b"".join(again) == wire


# -- the encoder -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wire", "spelt"),
    [
        pytest.param(encode("0", event="ping"), b"event:ping\ndata:0\n\n", id="no space after the colon"),
        pytest.param(encode("{}", event="x", id="7"), b"event:x\nid:7\ndata:{}\n\n", id="event, id, data"),
        pytest.param(encode("a", retry=50), b"retry:50\ndata:a\n\n", id="retry before data"),
        pytest.param(encode("a\nb\rc\r\nd"), b"data:a\ndata:b\ndata:c\ndata:d\n\n", id="a data line for every line"),
        pytest.param(encode(""), b"data:\n\n", id="empty data is still an event"),
        pytest.param(encode(" a"), b"data:  a\n\n", id="a leading space is guarded by another"),
        pytest.param(encode("a", id=""), b"id:\ndata:a\n\n", id="an empty id clears the last one"),
        pytest.param(comment(), b":\n\n", id="an empty comment"),
        pytest.param(comment("beat"), b":beat\n\n", id="a comment"),
    ],
)
def test_a_frame_is_spelt(wire: bytes, spelt: bytes) -> None:
    """Line ends LF, as the service does it."""
    assert wire == spelt


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "a\nb"])
@pytest.mark.parametrize("field", ["event", "id"])
def test_a_type_or_id_that_would_break_the_frame_is_refused(field: str, bad: str) -> None:
    """It could not be read back."""
    with pytest.raises(ValueError, match=f"the {field} of a frame is one line without NUL, not"):
        encode("a", event=bad if field == "event" else None, id=bad if field == "id" else None)


def test_a_negative_wait_is_refused() -> None:
    """Its reader would take it for no number."""
    with pytest.raises(ValueError, match="from 0 up, not -1"):
        encode("a", retry=-1)


@pytest.mark.parametrize("bad", ["a\n", "\r"])
def test_a_comment_of_two_lines_is_refused(bad: str) -> None:
    """The second would be a field."""
    with pytest.raises(ValueError, match="a comment is one line, not"):
        comment(bad)


NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=20)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(deadline=None)
@given(data=TEXT, event=st.none() | NAME, last=st.none() | NAME, retry=st.none() | st.integers(0, 10**9), note=LINE)
def test_what_is_encoded_is_decoded(
    data: str, event: str | None, last: str | None, retry: int | None, note: str
) -> None:
    """But for the line ends within data, which become LF, and the types that have a default."""
    frame = Frame(event or "message", "\n".join(re.split("\r\n|\r|\n", data)), last or "")
    wire = encode(data, event=event, id=last, retry=retry) + comment(note)
    assert fed([wire]) == ([frame, Comment(note)], last or "", retry, False)
