"""What an answer says over several of its pieces is as hidden as what it says in one."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events import Event, Heartbeat, Message, Retracted, Token
from harness.timeline.archive import Header, RecordingWriter, read_recording
from harness.timeline.pieces import PATIENCE, Pieces, redacted
from harness.timeline.redaction import Redactor
from harness.timeline.sensitive import Privacy, Sensitive, masked
from harness.timeline.timeline import Timeline

VALUES = {
    "first_name": "Zoë",
    "last_name": "Al-Amin",
    "name": "Zoë Al-Amin",
    "email": "zoe.al@example.org",
    "phone": "+49 (0)30/12-3456",
    "env.API_KEY": "k-93 x/81+q",
}
OTHERS = [
    "4111 1111 1111 1111",
    "378282246310005",
    "DE89 3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    "john.smith@corp.example",
    "+31 20 794 0800",
    "POL-123456",
    "opaque-83hf83hf",
]
TOKENS = [
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
    "Bearer 0123456789abcdef0123",
    '{"accessToken": "q8w7e6r5"}',
    "Authorization: Basic bWU6aGFycA==",
    "https://me:harp!87@proxy.example",
]
REDACTOR = Redactor(VALUES, gone=["opaque-83hf83hf"], sensitive=Sensitive(Privacy(patterns={"policy": r"POL-\d{6}"})))
BARE = [*VALUES.values(), *OTHERS, TOKENS[0], "0123456789abcdef0123", "q8w7e6r5", "bWU6aGFycA==", "me:harp!87"]
"""What must not be seen."""

WORDS = st.sampled_from(["Hello", "Your order", "no. 12", "é", "Zo", "eyes", "at @", "AL", ":", "[persona.x"])
SECRETS = st.sampled_from([*VALUES.values(), *OTHERS, *TOKENS])


def tokens(pieces: list[str], *, numbers: list[int] | None = None) -> list[Event]:
    """Pieces of an answer, a tenth of a second apart."""
    order = numbers or list(range(len(pieces)))
    return [
        Token(at=at / 10, earliest=at / 10, text=pieces[at], number=number, target="t", raw=json.dumps(pieces[at]))
        for at, number in enumerate(order)
    ]


def split(text: str, cuts: set[int]) -> list[str]:
    """A text cut at some places."""
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(text)), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


def joined(timeline: Timeline) -> str:
    """What somebody reads who puts the pieces together."""
    return "".join(event.text for event in timeline if isinstance(event, Token))


@given(st.lists(WORDS | SECRETS, min_size=1, max_size=6), st.data())
def test_no_secret_is_read_over_pieces(words: list[str], data: st.DataObject) -> None:
    """However the text is cut; values come back to the letter, and nothing but texts and frames has changed."""
    text = " ".join(words)
    cuts = data.draw(st.sets(st.integers(0, len(text))) | st.just(set(range(len(text)))))
    told = Timeline(tokens(split(text, cuts)), horizon=99.0, ended="over")
    written = redacted(told, REDACTOR)
    shown = joined(written)
    for secret in BARE:
        assert secret not in shown, (secret, shown)
    frames = " ".join(str(event.raw) for event in written if isinstance(event, Token))
    assert not any(json.dumps(secret).strip('"') in frames for secret in BARE)
    assert len(written) == len(told)
    for before, after in zip(told, written, strict=True):
        assert isinstance(before, Token)
        assert isinstance(after, Token)
        assert after.text
        assert replace(after, text="", raw=None) == replace(before, text="", raw=None)
    if not any(secret in text for secret in (*OTHERS, *TOKENS)) and "@ " not in text:
        assert "".join(REDACTOR.restore(event.text) for event in written if isinstance(event, Token)) == text
    again = redacted(written, Redactor(sensitive=REDACTOR._sensitive))
    assert len(joined(again)) >= len(shown)


@given(st.lists(WORDS | SECRETS, min_size=1, max_size=4), st.data())
def test_what_was_written_as_it_came_is_not_looked_at_again(words: list[str], data: st.DataObject) -> None:
    """It is told as it was written; and looked at anew where more is known, or where it was not all written."""
    text = " ".join(words)
    events = tokens(split(text, data.draw(st.sets(st.integers(0, len(text))))))
    writer: Pieces[Event] = Pieces(lambda: REDACTOR)
    written = [one for event in events for one in writer.take(event)]
    if data.draw(st.booleans()):
        written += writer.rest()
        told = redacted(Timeline(events), REDACTOR, writer.looked)
        assert [id(one) for one in told] == [id(one) for one in written]
    assert list(redacted(Timeline(events), REDACTOR, writer.looked)) == list(redacted(Timeline(events), REDACTOR))
    knows_more = Redactor({"word": words[0]})
    assert list(redacted(Timeline(events), knows_more, writer.looked)) == list(redacted(Timeline(events), knows_more))


@given(st.lists(st.sampled_from(["Hello ", "wor", "ld, ", "number ", "12", "3.", "\n", "é"]), max_size=8))
def test_what_is_no_secret_is_written_as_it_came(pieces: list[str]) -> None:
    """Frames as well."""
    told = Timeline(tokens(pieces), horizon=9.0, ended=None)
    assert list(redacted(told, REDACTOR)) == list(told)


@given(st.sampled_from([one for one in BARE[:-4] if "00" not in one]), st.randoms(use_true_random=False))
def test_pieces_that_come_in_another_order_are_put_in_order_first(secret: str, random: object) -> None:
    """As whoever reads them does. Of what was written before that, the last piece to come is hidden; a 0 stays a 0."""
    pieces = split(f"It is {secret} here", set(range(0, 60, 3)))
    numbers = list(range(len(pieces)))
    random.shuffle(numbers)  # type: ignore[attr-defined]
    by_number = {number: pieces[number] for number in numbers}
    events: list[Event] = [
        Token(at=1, earliest=1, text=by_number[number], number=number, target="t") for number in numbers
    ]
    written = redacted(Timeline(events, horizon=2, ended=None), REDACTOR)
    found = sorted((event for event in written if isinstance(event, Token)), key=lambda token: token.number)
    assert secret not in "".join(token.text for token in found)


def entries(pieces: list[Event]) -> list[tuple[int, int]]:
    """How many events can be written after each, and how many are in all."""
    stage: Pieces[Event] = Pieces(lambda: REDACTOR)
    counts, written = [], 0
    for number, event in enumerate(pieces, 1):
        written += len(list(stage.take(event)))
        counts.append((number, written))
    return counts


@pytest.mark.parametrize(
    ("pieces", "written"),
    [
        pytest.param(["Hello. ", "Your ", "order, "], [1, 2, 3], id="ends of words wait for nothing"),
        pytest.param(["Hel", "lo", " to. "], [0, 0, 3], id="a word may be the beginning of an address"),
        pytest.param(["Zoë ", "Al", "-Amin, "], [0, 0, 3], id="a name"),
        pytest.param(["4111 ", "1111 ", "1111 ", "1111, "], [0, 0, 0, 4], id="a number"),
        pytest.param(["Bearer", " ", "0123456789abcdef0123", " now. "], [0, 0, 0, 4], id="a token"),
    ],
)
def test_a_piece_waits_no_longer_than_it_must(pieces: list[str], written: list[int]) -> None:
    """A killed run keeps all that came before."""
    assert [count for _, count in entries(tokens(pieces))] == written


@pytest.mark.parametrize("end", ["message", "retracted"])
def test_an_answer_that_is_over_waits_for_nothing(end: str) -> None:
    """Its message has come, or it was withdrawn."""
    over: dict[str, Event] = {
        "message": Message(at=1, earliest=1, entry="t", text="Hel"),
        "retracted": Retracted(at=1, earliest=1, target="t"),
    }
    assert entries([*tokens(["Hel"]), Heartbeat(at=1, earliest=1), over[end]]) == [(1, 0), (2, 0), (3, 3)]


def test_nothing_waits_for_ever() -> None:
    """What goes on after that is hidden as far as it can be."""
    beats: list[Event] = [Heartbeat(at=1, earliest=1)] * (PATIENCE + 1)
    first, *later = tokens(["zoe.al@exam", "ple.org"])
    stage: Pieces[Event] = Pieces(lambda: REDACTOR)
    written = [one for event in (first, *beats, *later) for one in stage.take(event)]
    told = [event.text for event in (*written, *stage.rest()) if isinstance(event, Token)]
    assert len(written) > PATIENCE
    assert told == ["zoe.al@exam", "[persona.email:11:18]"]


def test_a_recording_reads_as_it_was(tmp_path: Path) -> None:
    """Values over several pieces come back to the letter, the others keep their length."""
    header = Header(
        harness="0", scenario="s", run="r", index=1, conversation="c", name="n", target="t", deployment="d",
        within=1, opened_at=0, seed="x", locale="en_US",
    )  # fmt: skip
    text = "Dear Zoë Al-Amin, we wrote to zoe.al@example.org and john.smith@corp.example."
    path = tmp_path / "one.recording.jsonl"
    writer = RecordingWriter(path, header, lambda: REDACTOR)
    for event in tokens(split(text, set(range(0, 80, 4)))):
        writer.event(event)
    writer.close()
    assert "zoe.al@example.org" not in path.read_text()
    read = read_recording(path, lambda _: REDACTOR)
    assert joined(read.timeline) == text.replace("john.smith@corp.example", masked("john.smith@corp.example"))
