"""The quick way to read a piece of an answer gives what the long way gives, or nothing."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.protocols.miaw.mapping import events_of
from harness.protocols.miaw.tokens import token
from harness.protocols.sse import Frame

DATA = Path(__file__).parent / "data"
PLAIN = json.loads((DATA / "events" / "streaming_token__first.json").read_text())
CONVERSATION = PLAIN["conversationId"]
WHEN = {"earliest": 1.0, "at": 1.5, "conversation": CONVERSATION}

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2**70),
    st.just(1.0),
    st.text(max_size=3),
    st.sampled_from(
        ["Text", "Default", "Chatbot", "chatbot", "EndUser", "Voice", "StreamingToken", CONVERSATION.upper()]
    ),
    st.just([]),
    st.just(["a"]),
    st.just({}),
    st.just({"formatType": "Text", "text": "x"}),
)
NAMES = st.sampled_from(
    [
        "modality",
        "recipients",
        "clientDuration",
        "turnId",
        "turn_id",
        "batchNumber",
        "appType",
        "subject",
        "unheard",
        "text",
    ]
)


def paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The places of all fields."""
    found = []
    for name, inner in value.items() if isinstance(value, dict) else ():
        found += [(*path, name), *paths(inner, (*path, name))]
    return found


def opened() -> dict[str, Any]:
    """The plain event with its payload as an object."""
    event: dict[str, Any] = copy.deepcopy(PLAIN)
    event["conversationEntry"]["entryPayload"] = json.loads(event["conversationEntry"]["entryPayload"])
    return event


PATHS = paths(opened())


def frame_of(event: dict[str, Any], *, is_text: bool = True) -> str:
    """An event as a frame holds it."""
    event = copy.deepcopy(event)
    entry = event.get("conversationEntry")
    if is_text and isinstance(entry, dict) and "entryPayload" in entry:
        entry["entryPayload"] = json.dumps(entry["entryPayload"])
    return json.dumps(event)


def changed(event: dict[str, Any], path: tuple[str, ...], how: str, value: Any, name: str) -> None:
    """Change an event at one place, if it is still there."""
    inner: Any = event
    for step in path[:-1]:
        inner = inner.get(step) if isinstance(inner, dict) else None
    if not isinstance(inner, dict):
        return
    if how == "drop":
        inner.pop(path[-1], None)
    elif how == "add":
        inner[name] = value
    else:
        inner[path[-1]] = value


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(PATHS), st.sampled_from(["put", "drop", "add"]), ODD, NAMES), max_size=3
    ),
    is_text=st.booleans(),
)
@example(changes=[], is_text=True)
@example(changes=[(("conversationEntry", "sender", "role"), "put", "Agent", "")], is_text=True)
@example(changes=[(("conversationEntry", "sender", "role"), "put", "Janitor", "")], is_text=True)
@example(changes=[(("conversationEntry", "sender", "role"), "put", [], "")], is_text=True)
@example(changes=[(("conversationId",), "put", CONVERSATION.upper(), "")], is_text=True)
def test_the_quick_way_says_what_the_long_way_says_or_nothing(
    changes: list[tuple[tuple[str, ...], str, Any, str]], is_text: bool
) -> None:
    """Whatever is changed in a plain event."""
    event = opened()
    for change in changes:
        changed(event, *change)
    data = frame_of(event, is_text=is_text)
    quick = token(data, stream_id="7", **WHEN)
    # the long way does not ask for the frame's name, the quick one is not taken for any other
    long = events_of(Frame("SOMETHING_ELSE", data, "7"), **WHEN)
    if quick is not None:
        assert [quick] == long
        assert type(quick) is type(long[0])
    elif not changes and is_text:
        pytest.fail("a plain piece went the long way")


@pytest.mark.parametrize("file", sorted((DATA / "events").glob("streaming_token*.json")), ids=lambda file: file.stem)
def test_samples_are_read_the_same_both_ways(file: Path) -> None:
    """Pieces quickly, verdicts on them the long way."""
    data = json.dumps(json.loads(file.read_text()))
    quick = token(data, stream_id="7", **WHEN)
    long = events_of(Frame("SOMETHING_ELSE", data, "7"), **WHEN)
    assert [quick] == long if long[0].kind == "token" else quick is None


@given(st.text(max_size=40))
def test_what_is_no_json_goes_the_long_way(data: str) -> None:
    """No error but ours can come of any text."""
    assert token(data, stream_id="", **WHEN) is None
