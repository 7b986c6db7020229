"""Which event each recorded frame becomes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events import Event, Joined, Left, Unrecognised
from harness.events.base import to_python
from harness.protocols.miaw.mapping import events_of
from harness.protocols.miaw.models import EVENT_NAMES
from harness.protocols.sse import Comment, Frame, SSEDecoder

DATA = Path(__file__).parent / "data"
CONVERSATION = "de887eba-8c27-4416-a06c-e91ff2f413a1"
NAMES = {entry_type: name for name, entry_type in EVENT_NAMES.items()}


def mapped(frame: Frame | Comment, conversation: str = CONVERSATION) -> list[Event]:
    """The events of a frame that arrived between 1.0 and 1.5 s."""
    return events_of(frame, earliest=1.0, at=1.5, conversation=conversation)


def sample(name: str) -> Frame:
    """A recorded event as the frame it came in."""
    text = (DATA / "events" / f"{name}.json").read_text()
    value = json.loads(text)
    entry_type = value["conversationEntry"]["entryType"] if isinstance(value, dict) else None
    return Frame("ping" if entry_type is None else NAMES.get(entry_type, "CONVERSATION_NEW"), text, "4300123")


ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "routing_result__initial_success": (
        "routed",
        {"succeeded": True, "routing": "initial", "failure": None, "wait": None},
    ),
    "routing_result__initial_success_with_ewt": ("routed", {"succeeded": True, "wait": 95.0}),
    "routing_result__initial_no_agent_submission_error": (
        "routed",
        {
            "succeeded": False,
            "failure": "SubmissionError",
            "reason": "Nobody is online right now. Please try again tomorrow.",
        },
    ),
    "routing_result__transfer_success": ("routed", {"routing": "transfer", "succeeded": True}),
    "routing_work_result__accepted_rep": ("work", {"outcome": "accepted"}),
    "routing_work_result__transfer_error": (
        "work",
        {"outcome": "transfer_error", "errors": ("Target queue rejected the work item",)},
    ),
    "session_status_changed__ended_by_enduser": (
        "session",
        {"status": "ended", "previous": "active", "ended_by": "end_user"},
    ),
    "session_status_changed__ended_role_absent": ("session", {"status": "ended", "ended_by": None}),
    "queue_position__1": ("queue", {"position": 1}),
    "participant_changed__rep_add": ("joined", {"role": "agent", "name": "Rita M", "subject": "005Wt00000BcDeFIAV"}),
    "participant_changed__bot_remove": ("left", {"role": "chatbot", "name": "Harbour Assistant"}),
    "message__text_bot": (
        "message",
        {"text": "Hello, this is Harbour Assistant. What do you need today?", "role": "chatbot", "format": "Text"},
    ),
    "message__text_system_automated_response": ("message", {"role": "system", "automated": True}),
    "message__text_bot_revised": ("message", {"revised": True}),
    "message__choices_quick_replies": (
        "message",
        {"text": "Did that help?", "format": "QuickReplies", "type": "ChoicesMessage"},
    ),
    "message__choices_response_end_user_echo": (
        "echo",
        {"text": "Card", "in_reply_to": "125282e2-78e0-4b27-8145-d6f62aff7731"},
    ),
    "message__attachments_end_user_echo": ("echo", {"text": "Screenshot of the error", "format": "Attachments"}),
    "delivery_acknowledgement__by_rep": ("delivered", {"of": "efb9abf6-3356-4310-940e-6cbe71a910d6", "role": "agent"}),
    "read_acknowledgement__by_rep": ("read", {"of": "efb9abf6-3356-4310-940e-6cbe71a910d6", "name": "Rita M"}),
    "typing_started__rep": ("typing_started", {"role": "agent", "name": "Rita M"}),
    "typing_stopped__bot": ("typing_stopped", {"role": "chatbot"}),
    "progress_indicator__action": ("progress", {"text": "Looking up your last card payments"}),
    "streaming_token__third": (
        "token",
        {"number": 3, "text": "the card has expired.", "target": "a030dd54-9909-488b-ab2c-65a88458e47d", "batch": 0},
    ),
    "streaming_token__after_validation_failure": ("token", {"number": 5, "batch": 1}),
    "streaming_token__validation_invalid": ("retracted", {"number": 4, "reason": "UNGROUNDED_RESPONSE"}),
    "message_updated__attachment_completed": ("updated", {}),
    "message_delivery_failed": ("undelivered", {}),
    "client_action__minimal": ("action", {}),
    "client_menu__deprecated_minimal": ("menu", {}),
    "ping": ("heartbeat", {}),
    "unknown_future_event": ("unrecognised", {"wire_name": "CONVERSATION_NEW", "problem": None}),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_recorded_frame_becomes_an_event(name: str) -> None:
    """With the fields a scenario asks for."""
    kind, fields = ROWS[name]
    [event] = mapped(sample(name))
    assert event.kind == kind
    assert (event.at, event.earliest) == (1.5, 1.0)
    assert {field: getattr(event, field) for field in fields} == fields


def test_every_recorded_event_is_recognised() -> None:
    """But the one from the future, which is kept whole."""
    for file in sorted((DATA / "events").glob("*.json")):
        frame = sample(file.stem)
        for event in mapped(frame):
            assert (event.kind == "unrecognised") == (file.stem == "unknown_future_event"), file.stem
            if event.kind != "heartbeat":
                assert to_python(event)["raw"] == frame.data


def test_an_entry_of_two_participants_is_two_events() -> None:
    """In the order of the entry, each with its own person."""
    bot_left, rep_joined = mapped(sample("participant_changed__bot_remove_and_rep_add"))
    assert isinstance(bot_left, Left)
    assert isinstance(rep_joined, Joined)
    assert (bot_left.role, rep_joined.role, rep_joined.name) == ("chatbot", "agent", "Rita M")


def test_another_conversations_events_are_not_ours() -> None:
    """One stream carries all conversations of its user."""
    assert mapped(sample("message__text_bot"), conversation="120291b7-bc94-43c5-8d01-9ba521eee2d6") == []
    assert len(mapped(sample("message__text_bot"), conversation=CONVERSATION.upper())) == 1


def test_own_typing_come_back_is_not_the_bots() -> None:
    """A service may echo it."""
    frame = sample("typing_started__bot")
    own = Frame(frame.event, frame.data.replace('"Chatbot"', '"EndUser"'), frame.id)
    assert [event.kind for event in mapped(own)] == ["typing_echo"]


def test_a_valid_validation_withdraws_nothing() -> None:
    """The service may say that all is well."""
    frame = sample("streaming_token__validation_invalid")
    valid = Frame(frame.event, frame.data.replace('\\"valid\\":false', '\\"valid\\":true'), frame.id)
    assert valid != frame
    assert [event.kind for event in mapped(valid)] == ["validated"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("{", "Invalid JSON: EOF while parsing an object at line 1 column 1"),
        ("", "Invalid JSON: EOF while parsing a value at line 1 column 0"),
        ("0", "Input should be an object"),
        (
            '{"channelPlatformKey":1}',
            "channelPlatformKey: Input should be a valid string; channelType: Field required; ",
        ),
    ],
)
def test_what_cannot_be_read_is_kept_with_the_reason(data: str, problem: str) -> None:
    """Where it goes wrong and how, in one line."""
    [event] = mapped(Frame("CONVERSATION_MESSAGE", data, "1"))
    assert isinstance(event, Unrecognised)
    assert event.raw == data
    assert problem in (event.problem or "")


@given(st.text())
def test_no_text_makes_the_mapping_fail(data: str) -> None:
    """Whatever a service sends becomes an event."""
    assert [event.kind for event in mapped(Frame("CONVERSATION_MESSAGE", data, ""))] == ["unrecognised"]


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        (
            "02_streamed_turn",
            "echo typing_started progress token token token message typing_stopped",
        ),
        ("04_validation_failure_then_replacement", "echo token token token retracted token token message"),
        ("09_end_user_closes_conversation", "session closed"),
        ("11_duplicate_and_replayed_events", "message message heartbeat unrecognised"),
    ],
)
def test_a_recorded_stream_tells_a_conversation(file: str, kinds: str) -> None:
    """Frame by frame."""
    frames = SSEDecoder().feed((DATA / "sequences" / f"{file}.sse").read_bytes())
    told = [event.kind for frame in frames for event in mapped(frame)]
    assert [kind for kind in told if kind in kinds.split()] == kinds.split()
