"""A conversation as JSON Lines: written while it goes on, read back without loss.

The first line is the header, every other an event or a mark: what else has to be known to judge again what was judged
then. Each line is handed to the operating system when it is written, so a killed run keeps all that came, up to a piece
of an answer that may be the beginning of something secret (pieces.py). Nothing private is written (redaction.py).
Not here: judging a recording (scenarios/recorded.py).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from harness.errors import HarnessError, RecordingUnreadable
from harness.events import ANY_EVENT, Event, Received
from harness.events.base import to_json, to_python
from harness.timeline.pieces import Looked, Pieces
from harness.timeline.redaction import Redactor
from harness.timeline.timeline import Recorder, Timeline

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

FORM = 1
"""Goes up when old recordings can no longer be read as they are."""

SUFFIX = ".recording.jsonl"
"""What the name of a recording's file ends with."""


class Header(BaseModel):
    """Which conversation it is, and what it took to hold it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    harness: str
    """Version of the harness that recorded it."""
    scenario: str
    """The scenario's id: a pytest node id."""
    run: str
    """The same for all conversations of one run of the scenario, and for no others."""
    attempt: int = Field(default=1, ge=1)
    """Which attempt of the run it was made in."""
    index: int = Field(ge=1)
    """Which of the scenario's conversations it is, in the order in which they were opened."""
    conversation: str
    """The conversation's id at the service."""
    name: str
    target: str
    """Name of the target."""
    deployment: str
    within: float
    """Seconds an expectation had where the scenario gave none."""
    strict: bool | None = None
    """What the run was told of strictness; None if nothing."""
    opened_at: float
    """Wall-clock time of the timeline's zero, seconds since 1970."""
    seed: str
    """What the persona was made up from, together with `locale`."""
    locale: str


class Failure(BaseModel):
    """An error: its type's name, its words, its other attributes, and the lines that were added to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    words: str
    facts: Mapping[str, str | int | float | bool | None] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


class _Mark(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    horizon: float
    """Seconds up to which the events before this line are complete, as `Timeline.horizon`."""


class Moving(_Mark):
    """The next event is a move of the user."""

    mark: Literal["moving"] = "moving"


class Stepped(_Mark):
    """A step was over, and this is what it came to; times in seconds on the timeline."""

    mark: Literal["step"] = "step"
    title: str
    started: float
    ended: float
    status: str
    message: str = ""
    events: tuple[int, ...] = ()
    """Places on the timeline of the events that an expectation took."""
    is_move: bool = False
    moved: int | None = None
    """Place on the timeline of the move; None where it came to none."""
    error: Failure | None = None


class Met(_Mark):
    """Somebody else is in the scenario; what is known of them is hidden from here on."""

    mark: Literal["met"] = "met"
    name: str
    """What they are called in placeholders; the scenario's customer is called nothing."""
    seed: str
    locale: str


class Concluded(_Mark):
    """The scenario was over: what came later it never saw."""

    mark: Literal["concluded"] = "concluded"


class Stopped(_Mark):
    """Nothing more could come."""

    mark: Literal["stopped"] = "stopped"
    why: str
    error: Failure | None = None
    """What was wrong with that; None where it was in order."""
    final: bool = False
    """Whether this is the last line of a recording that nobody cut off."""


Mark = Moving | Stepped | Met | Concluded | Stopped

_ANY_MARK: TypeAdapter[Mark] = TypeAdapter(Annotated[Mark, Field(discriminator="mark")])


class RecordingWriter:
    """Appends to one recording; what can be told is on its way to the disk when it returns.

    Args:
        path: A file that does not exist yet.
        header: Its first line.
        redactor: What takes out what is private; asked for with every entry, as more may be known by then.

    Raises:
        FileExistsError: There is a file already.
        HarnessError: It can't be written; so do the methods.
    """

    def __init__(self, path: Path, header: Header, redactor: Callable[[], Redactor]) -> None:
        self.path = path
        self._redactor = redactor
        self._pieces: Pieces[Mark] = Pieces(redactor)
        try:
            self._file = path.open("xb", buffering=0)
        except FileExistsError:
            raise
        except OSError as error:
            raise self._unwritable(error) from error
        self._write({"recording": FORM, **header.model_dump()})

    @property
    def looked(self) -> Looked:
        """What has become of the events on their way."""
        return self._pieces.looked

    def event(self, event: Event) -> None:
        """Append an event."""
        self._entries(self._pieces.take(event))

    def mark(self, mark: Mark) -> None:
        """Append a mark."""
        self._entries(self._pieces.take(mark))

    def _entries(self, ready: Iterable[Event | Mark]) -> None:
        for entry in ready:
            if isinstance(entry, Event):
                self._event(entry)
            elif isinstance(entry, Met):  # whoever made the people up knows what they are made up from
                self._write({"mark": entry.mark, **entry.model_dump()})
            else:
                self._write(self._redactor().redacted({"mark": entry.mark, **entry.model_dump()}))

    def _event(self, safe: Event) -> None:
        if isinstance(safe, Received):  # many, and pydantic is quick; but of keys it loses half a surrogate pair
            with suppress(ValueError):  # of values it refuses it
                return self._append(b'{"event":' + to_json(safe).encode() + b"}\n")
        return self._write({"event": to_python(safe)})

    def close(self) -> None:
        """Nothing will be appended any more."""
        self._entries(self._pieces.rest())
        self._file.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        self._append(_JSON.encode(line).encode("utf-8", "surrogatepass") + b"\n")

    def _append(self, wire: bytes) -> None:
        try:
            while wire:
                wire = wire[self._file.write(wire) :]
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> HarnessError:
        return HarnessError(
            f"the recording {self.path} can't be written ({error.strerror}); make room or record elsewhere"
        )


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded conversation.

    Attributes:
        path: Where it was read from.
        header: Which conversation it is.
        log: Events and marks in the order in which they were written.
        timeline: All events, up to where the recording goes.
        truncated: What is missing at its end, in words; None if nothing is.
    """

    path: Path
    header: Header
    log: tuple[Event | Mark, ...]
    timeline: Timeline
    truncated: str | None = None

    @property
    def steps(self) -> tuple[Stepped, ...]:
        """What the scenario's steps came to when it was recorded."""
        return tuple(entry for entry in self.log if isinstance(entry, Stepped))


def read_recording(path: Path, redactor_for: Callable[..., Redactor] = lambda *_: Redactor()) -> Recording:
    """Read a recording, with everything put back that can be.

    Args:
        path: The file.
        redactor_for: Makes the redactor of the persona that a header tells of, and of those whom marks of the kind
            `Met` tell of; it is given the header and these marks.

    Raises:
        RecordingUnreadable: There is no such file, it is no recording, it is of another form, or a line is broken.
    """
    try:
        *lines, rest = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RecordingUnreadable(
            path=str(path), what=f"can't be read ({error.strerror})", advice="check the path"
        ) from error
    truncated = f"line {len(lines) + 1} of {path} is cut off; the {len(lines)} before it are whole" if rest else None
    if not lines:
        advice = "the run was killed before it began" if not rest else "recordings are what `harness run` leaves"
        raise RecordingUnreadable(path=str(path), what="has no header", advice=advice)
    header = _header(path, lines[0])
    try:
        redactor = redactor_for(header)
    except HarnessError as error:
        raise RecordingUnreadable(path=str(path), line=1, what=f"has a header of nobody: {error}") from error
    log: list[Event | Mark] = []
    met: list[Met] = []
    for number, line in enumerate(lines[1:], 2):
        log.append(entry := _entry(path, number, line, redactor))
        if isinstance(entry, Met):
            met.append(entry)
            redactor = redactor_for(header, *met)
    if truncated is None and not any(isinstance(entry, Stopped) and entry.final for entry in log[-1:]):
        truncated = f"{path} has no end after line {len(lines)}; the run was killed, or is still going on"
    return Recording(path, header, tuple(log), _timeline(log), truncated)


def _timeline(log: Iterable[Event | Mark]) -> Timeline:
    recorder = Recorder()
    for entry in log:
        if isinstance(entry, Event):
            recorder.record(entry)
            continue
        recorder.complete_to(entry.horizon)
        if isinstance(entry, Stopped):
            recorder.end(entry.why)
    return recorder.timeline


def _json(line: bytes) -> Any:
    return json.loads(line.decode("utf-8", "surrogatepass"))


def _header(path: Path, line: bytes) -> Header:
    told: Any = None
    with suppress(ValueError):
        told = _json(line)
    if not isinstance(told, dict) or "recording" not in told:
        advice = "give a file of the folder recordings/ that `harness run` leaves"
        raise RecordingUnreadable(path=str(path), line=1, what="is no header: this is not a recording", advice=advice)
    form = told.pop("recording")
    if form != FORM:
        raise RecordingUnreadable(
            path=str(path),
            line=1,
            what=f"is of form {form!r}, this harness reads form {FORM}",
            advice=f"judge it with the harness that recorded it, version {told.get('harness', 'unknown')}",
        )
    try:
        return Header.model_validate(told)
    except ValidationError as error:
        raise RecordingUnreadable(path=str(path), line=1, what=f"has a broken header: {_problem(error)}") from error


def _entry(path: Path, number: int, line: bytes, redactor: Redactor) -> Event | Mark:
    try:
        told = redactor.restored(_json(line))
        if isinstance(told, dict) and told.keys() == {"event"}:
            event: Event = ANY_EVENT.validate_python(told["event"])
            return event
        return _ANY_MARK.validate_python(told)
    except ValidationError as error:
        what = f"is neither an event nor a mark: {_problem(error)}"
        advice = "judge it with the harness that recorded it if it is of another version; otherwise record it again"
        raise RecordingUnreadable(path=str(path), line=number, what=what, advice=advice) from error
    except ValueError as error:
        raise RecordingUnreadable(
            path=str(path), line=number, what=f"is broken: {error}", advice="record it again"
        ) from error


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
