"""A conversation goes out and comes back equal, and what is wrong with a recording is said in a sentence."""

import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError, RecordingUnreadable
from harness.events import Event, Message, Said
from harness.events.base import to_python
from harness.timeline.archive import Concluded, Failure, Header, Mark, Moving, RecordingWriter, Stepped, Stopped
from harness.timeline.archive import read_recording as read
from harness.timeline.redaction import Redactor
from harness.timeline.timeline import Timeline
from tests.timeline.arbitrary import TEXTS, timelines

HEADER = Header(
    harness="0.1.0",
    scenario="suites/test_a.py::test_b[c]",
    run="1",
    index=1,
    conversation="6f0e",
    name="conversation 1",
    target="sandbox",
    deployment="Harbour_Menu",
    within=10.0,
    opened_at=1_700_000_000.25,
    seed="suites/test_a.py::test_b[c]",
    locale="en_US",
)

ANNA = Redactor({"first_name": "Anna", "email": "anna@example.org"})

END = Stopped(horizon=3.0, why="the scenario ended", final=True)


def write(path: Path, told: Iterable[Event | Mark], redactor: Redactor | None = None) -> Path:
    """A recording of these events and marks."""
    writer = RecordingWriter(path, HEADER, lambda: redactor or Redactor())
    for one in told:
        writer.event(one) if isinstance(one, Event) else writer.mark(one)
    writer.close()
    return path


@given(timelines(), st.booleans())
def test_any_timeline_comes_back_equal(timeline: Timeline, is_private: bool) -> None:
    """Every kind of event, hostile texts, any time."""
    ended = None if timeline.ended is None else Stopped(horizon=timeline.horizon, why=timeline.ended, final=True)
    end = ended or Concluded(horizon=timeline.horizon)
    redactor = ANNA if is_private else Redactor()
    with TemporaryDirectory() as folder:
        recording = read(write(Path(folder) / "one.jsonl", [*timeline, end], redactor), lambda _: redactor)
    assert list(recording.timeline) == list(timeline)
    assert [type(event) for event in recording.timeline] == [type(event) for event in timeline]
    assert (recording.timeline.horizon, recording.timeline.ended) == (timeline.horizon, timeline.ended)
    assert recording.header == HEADER
    assert recording.log == (*timeline, end)
    assert (recording.truncated is None) == (timeline.ended is not None)


@given(TEXTS)
def test_any_step_comes_back_equal(text: str) -> None:
    """With the error it ended in."""
    error = Failure(type="ServiceRefused", words=text, facts={"status": 403, "message": text, "error_code": None})
    step = Stepped(horizon=1, title=text, started=0, ended=1, status="broken", message=text, events=(1, 2), error=error)
    with TemporaryDirectory() as folder:
        recording = read(write(Path(folder) / "one.jsonl", [Moving(horizon=0.5), step, END]))
    assert recording.log == (Moving(horizon=0.5), step, END)
    assert recording.steps == (step,)


def test_what_is_private_is_not_on_the_disk(tmp_path: Path) -> None:
    """It comes back for whoever knows the person; without them it stays a placeholder and is told as it stands."""
    said = Said(at=1, earliest=1, text="I'm Anna, anna@example.org", message="m")
    answer = Message(at=2, earliest=2, text="Hi", raw=json.dumps({"token": "eyJhbGciOiJub25lIn0.e30.", "to": "Anna"}))
    path = write(tmp_path / "one.jsonl", [said, answer, END], ANNA)
    on_disk = path.read_text()
    assert "Anna" not in on_disk
    assert "anna@" not in on_disk
    assert "eyJ" not in on_disk
    [again, answered] = read(path, lambda _: ANNA).timeline
    assert again == said
    assert to_python(answered)["raw"] == '{"token": "[redacted token].", "to": "Anna"}'
    with pytest.raises(RecordingUnreadable, match=r"line 2 of .*one.jsonl is broken: \[persona.first_name\] "):
        read(path)


def test_every_line_is_on_its_way_when_it_was_written(tmp_path: Path) -> None:
    """A reader sees what was recorded so far, and that there may be more."""
    writer = RecordingWriter(tmp_path / "one.jsonl", HEADER, Redactor)
    said = Said(at=1, earliest=1, text="Hi")
    writer.event(said)
    recording = read(writer.path)
    assert list(recording.timeline) == [said]
    assert recording.truncated == f"{writer.path} has no end after line 2; the run was killed, or is still going on"
    writer.mark(END)
    assert read(writer.path).truncated is None
    writer.close()


@pytest.mark.parametrize("cut", [1, 2, 10, 30])
def test_a_last_line_that_was_cut_off_costs_only_itself(tmp_path: Path, cut: int) -> None:
    """And is told."""
    path = write(tmp_path / "one.jsonl", [Said(at=1, earliest=1, text="Hi"), END])
    path.write_bytes(path.read_bytes()[:-cut])
    recording = read(path)
    assert [event.kind for event in recording.timeline] == ["said"]
    assert recording.truncated == f"line 3 of {path} is cut off; the 2 before it are whole"


def changed(line: int, text: str) -> str:
    """A recording with a line replaced."""
    lines = [json.dumps({"recording": 1, **HEADER.model_dump()}), '{"mark": "concluded", "horizon": 1}', END_LINE]
    lines[line - 1] = text
    return "\n".join(lines) + "\n"


END_LINE = '{"mark": "stopped", "horizon": 3, "why": "the scenario ended", "final": true}'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "{path} has no header; the run was killed before it began", id="an empty file"),
        pytest.param(
            '{"recording": 1, "harn',
            "{path} has no header; recordings are what `harness run` leaves",
            id="half a header",
        ),
        pytest.param(
            "bot: Harbour\n",
            "line 1 of {path} is no header: this is not a recording; give a file of the folder recordings/ that "
            "`harness run` leaves",
            id="another file",
        ),
        pytest.param(
            '{"kind": "said"}\n',
            "line 1 of {path} is no header: this is not a recording; give a file of the folder recordings/ that "
            "`harness run` leaves",
            id="other JSON lines",
        ),
        pytest.param(
            '{"recording": 7, "harness": "9.1"}\n',
            "line 1 of {path} is of form 7, this harness reads form 1; judge it with the harness that recorded it, "
            "version 9.1",
            id="a newer form",
        ),
        pytest.param(
            '{"recording": 1, "harness": "9.1"}\n',
            "line 1 of {path} has a broken header: scenario: Field required",
            id="an incomplete header",
        ),
        pytest.param(
            changed(2, "{"),
            "line 2 of {path} is broken: Expecting property name enclosed in double quotes: line 1 column 2 (char 1); "
            "record it again",
            id="a broken line",
        ),
        pytest.param(changed(3, "\x00\x00"), "line 3 of {path} is broken: Expecting value", id="a line of zeros"),
        pytest.param(
            changed(2, '{"event": {"kind": "sung", "at": 1, "earliest": 1}}'),
            "line 2 of {path} is neither an event nor a mark: Input tag 'sung' found using 'kind' does not ",
            id="an unknown event",
        ),
        pytest.param(
            changed(2, '{"event": {"kind": "said", "at": -1, "earliest": 1}}'),
            "line 2 of {path} is neither an event nor a mark: said.at: Input should be greater than or equal to 0; "
            "judge it with the harness that recorded it if it is of another version; otherwise record it again",
            id="an impossible event",
        ),
        pytest.param(changed(2, "[]"), "line 2 of {path} is neither an event nor a mark", id="neither"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    """Which file, which line, what is wrong, what to do."""
    path = tmp_path / "one.jsonl"
    path.write_text(text)
    with pytest.raises(RecordingUnreadable) as failure:
        read(path)
    assert str(failure.value).startswith(says.format(path=path))


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    """Likewise."""
    with pytest.raises(RecordingUnreadable, match=r"nowhere.jsonl can't be read \(No such file or directory\); check"):
        read(tmp_path / "nowhere.jsonl")


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    """And where there is no way to write, that is said."""
    write(tmp_path / "one.jsonl", [END])
    with pytest.raises(FileExistsError):
        write(tmp_path / "one.jsonl", [])
    with pytest.raises(
        HarnessError, match=r"nowhere/one.jsonl can't be written \(No such file or directory\); make room"
    ):
        write(tmp_path / "nowhere" / "one.jsonl", [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk")
def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a conversation that goes on unrecorded."""
    writer = RecordingWriter(tmp_path / "one.jsonl", HEADER, Redactor)
    writer.close()
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(writer, "_file", full)
        with pytest.raises(HarnessError, match=r"can't be written \(No space left on device\); make room or record"):
            writer.event(Said(at=1, earliest=1))
