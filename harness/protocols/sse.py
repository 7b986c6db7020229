"""The grammar of `text/event-stream`: bytes in, frames and comments out, and a frame back into bytes.

Here: what the standard says about lines and fields, without I/O and without a clock. Not here: what the data of a
frame means (miaw/mapping.py), who reads the bytes, sees them end and reconnects (client/).

Source: WHATWG HTML, "Parsing an event stream" and "Interpreting an event stream".
"""

from codecs import BOM_UTF8, utf_8_decode
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from harness.errors import RemoteProtocolError

__all__ = ["Comment", "Frame", "SSEDecoder", "comment", "encode"]

# `_CR in chunk` is a bare memchr; `b"\r" in chunk` is tried as a number first, which takes five times as long.
_CR = ord("\r")


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, as the stream spelt it."""

    event: str
    """Its type; "message" where the stream named none."""
    data: str
    """Its data lines, joined with line feeds."""
    id: str
    """The last event id in force, its own or an earlier one's; empty if there was none yet."""


class _Draft:
    """A frame being filled in; it becomes one by changing its class, at a third of the cost of a frozen `__init__`."""

    __slots__ = Frame.__slots__


@dataclass(frozen=True, slots=True)
class Comment:
    """A line for nobody, which shows that the connection is alive: a heartbeat."""

    text: str
    """What follows the colon, less one leading space."""


class SSEDecoder:
    """Takes the body of one response apart, as UTF-8 whatever charset it claims.

    Time is linear in the bytes, however small the pieces they come in; memory is bounded by the limits.

    Attributes:
        last_event_id: What a reconnect sends as `Last-Event-ID`; moves at the blank line that ends an event.
        retry: Milliseconds to wait before a reconnect; None until the stream says so.
    """

    def __init__(self, *, max_line: int = 1_048_576, max_event: int = 1_048_576) -> None:
        """Begin at the first byte.

        Args:
            max_line: The most bytes of a line, its end not counted.
            max_event: The most bytes from one blank line to the next, line ends and comments counted.
        """
        self.last_event_id = ""
        self.retry: int | None = None
        self._event, self._data, self._id = "", list[str](), ""  # the standard's three buffers
        self._line: list[str] = []  # the pieces of a line that has begun
        self._cut = b""  # the first bytes of a character that has begun
        self._held: list[bytes] = []  # every chunk from the one with the last blank line on
        self._size = 0  # bytes in them, so never less than in the event that has begun
        self._counted: tuple[int, int] | None = None  # bytes of that event and of its last line, where it matters
        self._max_line, self._max_event, self._safe = max_line, max_event, min(max_line, max_event)
        self._at_start, self._after_cr, self._broken = True, False, ""
        self._wary = True  # one of these three or `_cut` is set, so the next chunk needs more than a look for CR

    @property
    def unfinished(self) -> bytes:
        """The bytes of an event that has begun and was not ended by a blank line; its line ends are LF.

        The end of the stream drops them. Comments are left out: they were handed out as they came.
        """
        return b"".join(line for line in BytesIO(self._since_blank_line()) if not line.startswith(b":"))

    def feed(self, chunk: bytes) -> list[Frame | Comment]:
        """Take the next bytes off the wire, however they were cut.

        Args:
            chunk: Any number of bytes; it may end inside a line, a line end or a character.

        Returns:
            The frames and comments that this chunk completed, oldest first; often none.

        Raises:
            RemoteProtocolError: A line or an event has grown past its limit. What was complete before that is handed
                out first; the call after it raises, be it `feed(b"")`, and so does every later one.
        """
        if self._wary or _CR in chunk:
            chunk = self._plain(chunk)
        if not chunk:
            return []
        if self._size + len(chunk) > self._safe:
            return self._feed_by_line(chunk)
        return self._interpret(chunk)

    def _plain(self, chunk: bytes) -> bytes:
        """The chunk with what the last one left over, without a byte-order mark, and with LF for every line end."""
        if self._broken:
            raise RemoteProtocolError(self._broken)
        if not chunk:
            return chunk
        chunk, self._cut = self._cut + chunk, b""
        if self._at_start and (len(chunk) >= len(BOM_UTF8) or not BOM_UTF8.startswith(chunk)):
            chunk, self._at_start = chunk.removeprefix(BOM_UTF8), False
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")  # a CR ended its line at once; this was the other half of a CRLF
        self._after_cr = chunk.endswith(b"\r")
        self._wary = self._at_start or self._after_cr
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _interpret(self, chunk: bytes) -> list[Frame | Comment]:
        """One decode and one split for the chunk, one partition for each line; nothing is looked at twice."""
        text, used = utf_8_decode(chunk, "replace")
        if used < len(chunk):
            chunk, self._cut, self._wary = chunk[:used], chunk[used:], True
        lines = text.split("\n")
        rest = lines.pop()
        if lines and self._line:
            lines[0] = "".join(self._line) + lines[0]
            self._line = []
        if rest:
            self._line.append(rest)

        found: list[Frame | Comment] = []
        event, data, id_ = self._event, self._data, self._id
        held, size = self._held, self._size
        for line in lines:
            if not line:
                self.last_event_id = id_
                if data:
                    frame: Any = _Draft()
                    frame.event, frame.data, frame.id = event or "message", "\n".join(data), id_
                    frame.__class__ = Frame
                    found.append(frame)
                    data.clear()
                event, held, size = "", [], 0
                continue
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "event":
                event = value
            elif name == "id":
                if "\0" not in value:
                    id_ = value
            elif not name:
                found.append(Comment(value))
            elif name == "retry" and value.isascii() and value.isdigit():
                with suppress(ValueError):  # more digits than `int` takes: nobody waits that long
                    self.retry = int(value)
        has_begun = bool(rest or not lines or lines[-1])  # else there is nothing to hold, as in a stream that waits
        held.append(chunk)
        self._held, self._size = (held, size + len(chunk)) if has_begun else ([], 0)
        self._event, self._id = event, id_
        return found

    def _feed_by_line(self, chunk: bytes) -> list[Frame | Comment]:
        """Near a limit: the same line by line, counting to the byte, so that no verdict depends on the cuts."""
        begun = self._since_blank_line() if self._counted is None else b""
        event, line = self._counted or (len(begun), len(begun) - begun.rfind(b"\n") - 1)
        found: list[Frame | Comment] = []
        recount = False
        for part in BytesIO(chunk):  # a line, or as much of one as there is
            end = part.endswith(b"\n")
            event, line = event + len(part), line + len(part)
            blank = end and line == 1
            if line - end > self._max_line:
                what, size, limit = "line", line - end, self._max_line
            elif event > self._max_event and not blank:
                what, size, limit = "event", event, self._max_event
            else:
                found += self._interpret(part)
                event, line, recount = 0 if blank else event, 0 if end else line, recount or blank
                continue
            start = (self._since_blank_line() + part)[:60]
            self._broken = (
                f"the event stream sent {size} bytes of one {what} and the limit is {limit} bytes; "
                f"raise max_{what} if the service may send this much, which begins with {start!r}"
            )
            self._wary = True
            break
        self._counted = None if recount else (event - len(self._cut), line - len(self._cut))
        if self._broken and not found:
            raise RemoteProtocolError(self._broken)
        return found

    def _since_blank_line(self) -> bytes:
        """What came after the last blank line, comments included."""
        return b"".join((b"\n\n", *self._held, self._cut)).rpartition(b"\n\n")[2]


def encode(data: str, *, event: str | None = None, id: str | None = None, retry: int | None = None) -> bytes:  # noqa: A002 - the field's name
    """Spell one frame, line ends LF and no space after a colon that doesn't need one.

    Args:
        data: Each of its line ends, be it CR, LF or CRLF, begins another data line, and is read back as LF.
        event: Its type; without one it is read back as "message".
        id: The last event id from here on; empty clears it.
        retry: Milliseconds to wait before a reconnect.

    Raises:
        ValueError: The event or the id holds a CR, LF or NUL, or the wait is negative.
    """
    for name, value in (("event", event), ("id", id)):
        if value is not None and not {"\r", "\n", "\0"}.isdisjoint(value):
            raise ValueError(f"the {name} of a frame is one line without NUL, not {value!r}")
    if retry is not None and retry < 0:
        raise ValueError(f"retry is a number of milliseconds from 0 up, not {retry!r}")
    fields = [("event", event), ("id", id), ("retry", None if retry is None else str(retry))]
    fields += [("data", line) for line in data.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    lines = [f"{name}:{_guarded(value)}\n" for name, value in fields if value is not None]
    return "".join([*lines, "\n"]).encode()


def comment(text: str = "") -> bytes:
    """Spell one heartbeat: a comment and the blank line that most services send after it.

    Raises:
        ValueError: The text holds a CR or LF.
    """
    if not {"\r", "\n"}.isdisjoint(text):
        raise ValueError(f"a comment is one line, not {text!r}")
    return f":{_guarded(text)}\n\n".encode()


def _guarded(value: str) -> str:
    """The value, behind the one space that a reader takes off if it would otherwise take one of the value's own."""
    return f" {value}" if value.startswith(" ") else value
