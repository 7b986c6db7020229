"""Events are frozen values that print safely and survive being written."""

import unicodedata
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.events import ANY_EVENT, CLASSES, Event, Message, Option, Unrecognised
from harness.events.base import to_json
from harness.events.text import printable, quoted


@pytest.mark.parametrize("kind", sorted(CLASSES))
def test_every_kind_can_be_written_and_read_back(kind: str) -> None:
    """As JSON, with nothing lost and nothing added."""
    event = CLASSES[kind](kind=kind, at=1.5, earliest=1.4)
    again = ANY_EVENT.validate_json(to_json(event))
    assert again == event
    assert type(again) is CLASSES[kind]
    assert again.kind == kind
    assert CLASSES[kind].LANE
    assert str(event)
    assert not hasattr(event, "__dict__")  # there are thousands


def test_an_event_is_frozen() -> None:
    """What happened does not change."""
    with pytest.raises(FrozenInstanceError):
        Message(at=0, earliest=0, text="a").text = "b"  # type: ignore[misc]


def test_a_time_before_the_conversation_is_a_mistake() -> None:
    """Times count from the opening."""
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        Message(at=-1, earliest=0)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Message(at=0, earliest=0, text="Hi", role="agent", name="Rita"), "message from Rita (agent): 'Hi'"),
        (
            Message(at=0, earliest=0, text="Which?", format="Buttons", options=(Option(label="A", value="1"),)),
            "message from somebody: 'Which?' [Buttons], choices 'A'",
        ),
        (Message(at=0, earliest=0, text="Hi", name="\x1b]0;Rita\x07"), "message from \\x1b]0;Rita\\x07: 'Hi'"),
        (Unrecognised(at=0, earliest=0, wire_name="NEW"), "unrecognised event 'NEW'"),
        (Unrecognised(at=0, earliest=0, wire_name="X", problem="no JSON"), "unrecognised event 'X': no JSON"),
    ],
)
def test_an_event_prints_as_a_line(event: Event, line: str) -> None:
    """Safe to print, whoever wrote the text and the name."""
    assert str(event) == line


@given(st.text())
def test_what_is_shown_never_acts_on_a_terminal(text: str) -> None:
    """No control character, escape, direction override or line end is left."""
    shown = quoted(text)
    assert "\n" not in shown
    acting = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert all(unicodedata.category(one) not in acting or one in "\u200d\u200c" for one in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äöü 漢字 👩\u200d🚀", "plain äöü 漢字 👩\u200d🚀"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u202eright to left", "\\u202eright to left"),
        ("\u2028line", "\\u2028line"),
        ("\U000e0041tag", "\\U000e0041tag"),
    ],
)
def test_escapes_are_spelt_out(text: str, shown: str) -> None:
    """Letters of all scripts and joined emoji stay as they are."""
    assert printable(text) == shown
