import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from harness.protocols.miaw import messages, models
from harness.protocols.miaw.messages import Option, Part, Unknown
from harness.protocols.miaw.models import (
    EVENT_NAMES,
    PAYLOADS,
    ConversationEntry,
    Envelope,
    Opaque,
    Role,
    dump,
    parse,
    parse_entry,
    to_wire,
    unknowns,
)

DATA = Path(__file__).parent / "data"
SAMPLES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((DATA / "events").glob("*.json"))}

PAYLOAD_OF: dict[str, type[BaseModel] | None] = {
    "client_action__minimal": models.ClientAction,
    "client_menu__deprecated_minimal": models.ClientMenu,
    "delivery_acknowledgement__by_rep": models.DeliveryAcknowledgement,
    "message__attachments_end_user_echo": messages.StaticAttachments,
    "message__attachments_end_user_echo_pending": messages.StaticAttachments,
    "message__choices_carousel": messages.ChoicesCarousel,
    "message__choices_list_picker": messages.ChoicesListPicker,
    "message__choices_quick_replies": messages.ChoicesQuickReplies,
    "message__choices_response_end_user_echo": messages.ResponseSelections,
    "message__choices_time_picker": messages.ChoicesTimePicker,
    "message__error_message": messages.StaticError,
    "message__experience_type_custom_lightning": messages.StaticExperience,
    "message__final_after_validation_failure": messages.StaticText,
    "message__final_for_stream": messages.StaticText,
    "message__form_inputs": messages.FormInputs,
    "message__form_response_inputs_end_user_echo": messages.FormResponseInputs,
    "message__form_response_result_error": messages.FormResponseResult,
    "message__rich_link": messages.StaticRichLink,
    "message__static_buttons": messages.StaticButtons,
    "message__static_carousel": messages.StaticCarousel,
    "message__static_links": messages.StaticLinks,
    "message__static_media": messages.StaticMedia,
    "message__text_bot": messages.StaticText,
    "message__text_bot_revised": messages.StaticText,
    "message__text_bot_with_citations": messages.StaticText,
    "message__text_rep": messages.StaticText,
    "message__text_system_automated_response": messages.StaticText,
    "message_delivery_failed": models.MessageDeliveryFailed,
    "message_updated__attachment_completed": messages.StaticAttachments,
    "participant_changed__bot_add": models.ParticipantChanged,
    "participant_changed__bot_remove": models.ParticipantChanged,
    "participant_changed__bot_remove_and_rep_add": models.ParticipantChanged,
    "participant_changed__rep_add": models.ParticipantChanged,
    "participant_changed__rep_remove": models.ParticipantChanged,
    "ping": None,
    "progress_indicator__action": models.ProgressIndicator,
    "queue_position__1": models.QueuePosition,
    "read_acknowledgement__by_rep": models.ReadAcknowledgement,
    "routing_result__initial_no_agent_submission_error": models.RoutingResult,
    "routing_result__initial_success": models.RoutingResult,
    "routing_result__initial_success_with_ewt": models.RoutingResult,
    "routing_result__initial_unknown_error": models.RoutingResult,
    "routing_result__transfer_failed_no_agent": models.RoutingResult,
    "routing_result__transfer_success": models.RoutingResult,
    "routing_work_result__accepted_bot": models.RoutingWorkResult,
    "routing_work_result__accepted_rep": models.RoutingWorkResult,
    "routing_work_result__assigned_rep": models.RoutingWorkResult,
    "routing_work_result__cancelled": models.RoutingWorkResult,
    "routing_work_result__closed": models.RoutingWorkResult,
    "routing_work_result__declined": models.RoutingWorkResult,
    "routing_work_result__transfer_error": models.RoutingWorkResult,
    "routing_work_result__transferred": models.RoutingWorkResult,
    "session_status_changed__ended_by_chatbot": models.SessionStatusChanged,
    "session_status_changed__ended_by_enduser": models.SessionStatusChanged,
    "session_status_changed__ended_by_supervisor": models.SessionStatusChanged,
    "session_status_changed__ended_by_system": models.SessionStatusChanged,
    "session_status_changed__ended_role_absent": models.SessionStatusChanged,
    "session_status_changed__error": models.SessionStatusChanged,
    "session_status_changed__inactive": models.SessionStatusChanged,
    "session_status_changed__waiting_after_inactive": models.SessionStatusChanged,
    "session_status_changed__waiting_for_transfer": models.SessionStatusChanged,
    "streaming_token__after_validation_failure": models.MessageStreamingToken,
    "streaming_token__after_validation_failure_2": models.MessageStreamingToken,
    "streaming_token__first": models.MessageStreamingToken,
    "streaming_token__third": models.MessageStreamingToken,
    "streaming_token__validation_invalid": models.StreamingTokenValidation,
    "typing_started__bot": models.TypingStartedIndicator,
    "typing_started__rep": models.TypingStartedIndicator,
    "typing_stopped__bot": models.TypingStoppedIndicator,
    "typing_stopped__rep": models.TypingStoppedIndicator,
    "unknown_future_event": Unknown,
}
"""File -> what stands at the heart of it: the payload; of messages the body, of streaming tokens the token."""

ENVELOPES = sorted(name for name, cls in PAYLOAD_OF.items() if cls is not None)


def opened(value: Any) -> Any:
    """Decode the payload of an envelope, if it is a JSON text; the value itself is left alone."""
    value = copy.deepcopy(value)
    entry = value.get("conversationEntry") if isinstance(value, dict) else None
    if isinstance(entry, dict) and isinstance(entry.get("entryPayload"), str):
        try:
            entry["entryPayload"] = json.loads(entry["entryPayload"])
        except ValueError:
            return value
    return value


def sample(name: str) -> Any:
    """Read a sample, its payload decoded."""
    return opened(json.loads(SAMPLES[name]))


def doubly(value: Any) -> str:
    """Write an envelope as it goes over the wire, with the payload as a JSON text."""
    value = copy.deepcopy(value)
    value["conversationEntry"]["entryPayload"] = json.dumps(value["conversationEntry"]["entryPayload"])
    return json.dumps(value)


def altered(name: str, path: str, value: Any = ...) -> str:
    """Write a sample with one value at a dotted path replaced or added, or dropped if no value is given."""
    whole = sample(name)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    at = whole
    for step in steps:
        at = at[step]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return doubly(whole)


def heart(envelope: Envelope) -> BaseModel:
    """Find what PAYLOAD_OF names."""
    payload = envelope.conversation_entry.entry_payload
    match payload:
        case models.Message(abstract_message=message) | models.MessageUpdated(updated_message=message):
            assert not isinstance(message, Unknown)
            body = getattr(message, message.body)
            assert isinstance(body, BaseModel)
            return body
        case models.StreamingToken(streaming_token=token):
            return token
        case _:
            return payload


def parts(cls: type[Part] = Part) -> Iterator[type[Part]]:
    """Every class of the grammar."""
    for one in cls.__subclasses__():
        yield one
        yield from parts(one)


TWINS = {
    name: field.alias for cls in parts() for name, field in cls.model_fields.items() if field.alias not in {None, name}
}


def exact(value: Any) -> str:
    """Write JSON so that 1, 1.0 and true differ, and the order of fields does not matter.

    A null beside an unknown field of its own Python name is left out: the one thing that `dump` may add.
    """

    def settled(value: Any) -> Any:
        if isinstance(value, dict):
            added = {twin for name in value if (twin := TWINS.get(name)) in value and value[twin] is None}
            return {name: settled(one) for name, one in value.items() if name not in added}
        return [settled(one) for one in value] if isinstance(value, list) else value

    return json.dumps(settled(value), sort_keys=True)


def test_every_sample_has_a_row() -> None:
    """A new file without a row in the table is noticed, and a row without a file too."""
    assert set(PAYLOAD_OF) == set(SAMPLES)


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_sample_is_read_as_its_type_and_written_back_as_it_came(name: str) -> None:
    """Nothing is lost, added or misread on the way in and out, and nothing but the future is unknown."""
    envelope = parse(SAMPLES[name])
    assert type(heart(envelope)) is PAYLOAD_OF[name]
    assert exact(dump(envelope)) == exact(sample(name))
    wire = json.loads(to_wire(envelope))
    assert isinstance(wire["conversationEntry"]["entryPayload"], str)
    assert exact(opened(wire)) == exact(sample(name))
    future = ("conversationEntry.entryType: unknown type 'SomethingNew'",)
    assert unknowns(envelope) == (future if name == "unknown_future_event" else ())
    assert envelope.conversation_entry.is_known is (name != "unknown_future_event")


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_payload_may_be_a_text_or_an_object(name: str) -> None:
    """The stream sends a JSON text, REST lists an object (the protocol notes, section 3.5): both read the same."""
    assert parse(doubly(sample(name))) == parse(json.dumps(sample(name)))
    entry = sample(name)["conversationEntry"]
    assert parse_entry(entry) == parse(SAMPLES[name]).conversation_entry


def test_one_line_on_the_wire() -> None:
    """The wire form is what the documented samples are: compact, raw UTF-8, fields in their order."""
    compact = json.dumps(json.loads(SAMPLES["message__text_bot"]), separators=(",", ":")).replace(
        "Hello", "Hé\u2028llo"
    )
    assert to_wire(parse(compact)) == compact


def test_the_entries_of_a_rest_list() -> None:
    """Entries of a list are read one by one, so that a malformed one does not spoil the page."""
    page = json.loads((DATA / "rest" / "list_entries__response_200.json").read_text(encoding="utf-8"))
    listed = page["body"]["conversationEntries"]
    entries = [parse_entry(entry) for entry in listed]
    assert [type(entry.entry_payload) for entry in entries] == [PAYLOADS[entry["entryType"]] for entry in listed]
    assert [dump(entry) for entry in entries] == listed
    assert [unknowns(entry) for entry in entries] == [()] * len(listed)


def sequences() -> Iterator[tuple[str, str]]:
    """Event name and data of every frame of the recorded streams."""
    for path in sorted((DATA / "sequences").glob("*.sse")):
        yield from re.findall(r"^event: ?(\S+)\n(?:.*\n)*?data: ?(.*)$", path.read_text(encoding="utf-8"), re.M)


def test_every_event_of_the_recorded_streams() -> None:
    """The stream's name of an event goes with the entry's own type."""
    seen = {(name, parse(data).conversation_entry.entry_type) for name, data in sequences() if name != "ping"}
    assert seen - EVENT_NAMES.items() == {("CONVERSATION_SOMETHING_NEW", "SomethingNew")}
    assert len(seen) > 5


def test_every_event_name_has_a_payload() -> None:
    """The table of names and the table of classes speak of the same types."""
    assert sorted(EVENT_NAMES.values()) == sorted(PAYLOADS)


def optional_nulls() -> Iterator[tuple[str, str]]:
    """Fields of the samples that are null."""

    def walk(value: Any, path: str) -> Iterator[str]:
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            if one is None:
                yield f"{path}{key}"
            elif isinstance(one, (dict, list)):
                yield from walk(one, f"{path}{key}.")

    for name in ENVELOPES:
        yield from ((name, path) for path in walk(sample(name), ""))


def test_null_and_absent_read_the_same() -> None:
    """The service writes optional fields as null (section 5.2); both read as None, and both go back as they came."""
    rows = list(optional_nulls())
    assert len(rows) > 20
    for name, path in rows:
        null, absent = parse(altered(name, path, None)), parse(altered(name, path))
        assert null.model_dump() == absent.model_dump(), (name, path)
        assert dump(null) != dump(absent)
        assert exact(dump(absent)) == exact(opened(json.loads(altered(name, path))))


ENTRY, PAYLOAD = "conversationEntry", "conversationEntry.entryPayload"
BODY = f"{PAYLOAD}.abstractMessage.staticContent"
CHOICES = f"{PAYLOAD}.abstractMessage.choices"
FORM = f"{PAYLOAD}.abstractMessage.form"
RESPONSE = f"{PAYLOAD}.abstractMessage.formResponse"
TOKEN = f"{PAYLOAD}.streamingToken"


@pytest.mark.parametrize(
    ("name", "path", "value", "line"),
    [
        # fields
        ("message__text_bot", "shard", 7, "shard: unknown field"),
        ("message__text_bot", f"{ENTRY}.mood", None, f"{ENTRY}.mood: unknown field"),
        ("message__text_bot", f"{ENTRY}.sender.avatar", {"url": "x"}, f"{ENTRY}.sender.avatar: unknown field"),
        ("message__text_bot", f"{PAYLOAD}.anything", [1], f"{PAYLOAD}.anything: unknown field"),
        ("message__text_bot", f"{PAYLOAD}.entry_type", "x", f"{PAYLOAD}.entry_type: unknown field"),
        ("client_action__minimal", f"{PAYLOAD}.action", {}, f"{PAYLOAD}.action: unknown field"),
        ("streaming_token__first", f"{TOKEN}.token.markdown", True, f"{TOKEN}.token.markdown: unknown field"),
        (
            "message__choices_quick_replies",
            f"{CHOICES}.optionItems.1.titleItem.icon",
            "x",
            f"{CHOICES}.optionItems[1].titleItem.icon: unknown field",
        ),
        # enumerations
        ("message__text_bot", f"{ENTRY}.sender.role", "Wizard", f"{ENTRY}.sender.role: unknown value 'Wizard'"),
        ("message__text_bot", f"{ENTRY}.visibilityStrategy", "", f"{ENTRY}.visibilityStrategy: unknown value ''"),
        ("message__text_bot", f"{PAYLOAD}.messageReason", "Whim", f"{PAYLOAD}.messageReason: unknown value 'Whim'"),
        (
            "participant_changed__bot_add",
            f"{PAYLOAD}.entries.0.operation",
            "ADD",
            f"{PAYLOAD}.entries[0].operation: unknown value 'ADD'",
        ),
        (
            "participant_changed__bot_add",
            f"{PAYLOAD}.entries.0.activeModalities",
            ["Messaging", "Smell"],
            f"{PAYLOAD}.entries[0].activeModalities[1]: unknown value 'Smell'",
        ),
        (
            "session_status_changed__error",
            f"{PAYLOAD}.sessionStatusPrev",
            "Asleep",
            f"{PAYLOAD}.sessionStatusPrev: unknown value 'Asleep'",
        ),
        (
            "message__static_media",
            f"{BODY}.mediaAsset.assetType",
            "SoundAsset",
            f"{BODY}.mediaAsset.assetType: unknown value 'SoundAsset'",
        ),
        # types
        ("message__text_bot", f"{ENTRY}.entryType", "Other", f"{ENTRY}.entryType: unknown type 'Other'"),
        ("message__text_bot", f"{BODY}.formatType", "Smellogram", f"{BODY}.formatType: unknown type 'Smellogram'"),
        (
            "message__text_bot",
            f"{PAYLOAD}.abstractMessage",
            {"messageType": "OrderMessage", "id": 5},
            f"{PAYLOAD}.abstractMessage.messageType: unknown type 'OrderMessage'",
        ),
        (
            "streaming_token__first",
            TOKEN,
            {"tokenType": "ThoughtStreamingToken", "thought": "hm"},
            f"{TOKEN}.tokenType: unknown type 'ThoughtStreamingToken'",
        ),
        (
            "streaming_token__first",
            f"{TOKEN}.token",
            {"formatType": "Markdown", "text": "*"},
            f"{TOKEN}.token.formatType: unknown type 'Markdown'",
        ),
        (
            "progress_indicator__action",
            f"{PAYLOAD}.progressIndicator.indicatorType",
            "Spinner",
            f"{PAYLOAD}.progressIndicator.indicatorType: unknown type 'Spinner'",
        ),
        (
            "message__choices_carousel",
            f"{CHOICES}.items.0.interactionItems.1.itemType",
            "TitleDanceItem",
            f"{CHOICES}.items[0].interactionItems[1].itemType: unknown type 'TitleDanceItem'",
        ),
        (
            "message__choices_quick_replies",
            f"{CHOICES}.optionItems.0.titleItem.itemType",
            "TitleSoundItem",
            f"{CHOICES}.optionItems[0].titleItem.itemType: unknown type 'TitleSoundItem'",
        ),
        (
            "message__static_buttons",
            f"{BODY}.actions.0.actionType",
            "SingAction",
            f"{BODY}.actions[0].actionType: unknown type 'SingAction'",
        ),
        (
            "message__form_inputs",
            f"{FORM}.sections.0.input.inputType",
            "MoodInput",
            f"{FORM}.sections[0].input.inputType: unknown type 'MoodInput'",
        ),
        (
            "message__form_response_inputs_end_user_echo",
            f"{RESPONSE}.inputValues.0.value.valueType",
            "MoodValue",
            f"{RESPONSE}.inputValues[0].value.valueType: unknown type 'MoodValue'",
        ),
        (
            "message__form_response_inputs_end_user_echo",
            f"{RESPONSE}.inputValues.0.value",
            {"valueType": "ListValue", "items": [{"valueType": "TextValue"}, {"valueType": "CompositeValue"}]},
            f"{RESPONSE}.inputValues[0].value.items[1].valueType: unknown type 'CompositeValue'",
        ),
        (
            "routing_result__transfer_success",
            f"{PAYLOAD}.routingConfigurationDetails",
            {"routingConfigurationType": "CoinRoutingType"},
            f"{PAYLOAD}.routingConfigurationDetails.routingConfigurationType: unknown type 'CoinRoutingType'",
        ),
    ],
)
def test_what_is_not_listed_is_kept_and_named(name: str, path: str, value: Any, line: str) -> None:
    """Unknown fields, values and types are no errors: they are written back, and one line each says where they are."""
    data = altered(name, path, value)
    envelope = parse(data)
    assert unknowns(envelope) == (line,)
    assert unknowns(envelope.conversation_entry) == ((line,) if line.startswith(ENTRY) else ())
    assert exact(dump(envelope)) == exact(opened(json.loads(data)))
    assert exact(opened(json.loads(to_wire(envelope)))) == exact(opened(json.loads(data)))


def test_several_unknown_things_are_all_named() -> None:
    """Each has its line: outer things before inner ones, extra fields before the listed ones."""
    whole = sample("message__text_bot")
    whole["conversationEntry"]["sender"] |= {"appType": "psychic", "aura": "blue"}
    whole["conversationEntry"]["entryPayload"]["abstractMessage"]["staticContent"] = {"formatType": "Haiku", "lines": 3}
    whole["extra"] = 1
    assert unknowns(parse(doubly(whole))) == (
        "extra: unknown field",
        "conversationEntry.entryPayload.abstractMessage.staticContent.formatType: unknown type 'Haiku'",
        "conversationEntry.sender.aura: unknown field",
        "conversationEntry.sender.appType: unknown value 'psychic'",
    )


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        pytest.param('{"a":1}', Unknown, id="an object as text, without its id and type"),
        pytest.param({"entryType": "Message"}, Unknown, id="an object that says to be of another type"),
        pytest.param("not JSON", Opaque, id="a text that is no JSON"),
        pytest.param('"text"', Opaque, id="a JSON text that is no object"),
        pytest.param([1], Opaque, id="an array"),
        pytest.param(None, Opaque, id="null"),
    ],
)
def test_an_unknown_entry_type_is_never_an_error(payload: Any, kept: type[BaseModel]) -> None:
    """Whatever its payload is, the event is kept and named (section 5.1)."""
    whole = sample("unknown_future_event")
    whole["conversationEntry"]["entryPayload"] = payload
    envelope = parse(json.dumps(whole))
    assert type(envelope.conversation_entry.entry_payload) is kept
    assert unknowns(envelope) == ("conversationEntry.entryType: unknown type 'SomethingNew'",)
    assert exact(opened(dump(envelope))) == exact(opened(whole))
    assert exact(opened(json.loads(to_wire(envelope)))) == exact(opened(whole))


@pytest.mark.parametrize(
    ("data", "where", "message"),
    [
        pytest.param("", "", "Invalid JSON: EOF while parsing a value at line 1 column 0", id="no data"),
        pytest.param(SAMPLES["ping"], "", "Input should be an object", id="a ping is no envelope"),
        pytest.param("{}", "channelPlatformKey", "Field required", id="an empty envelope"),
        pytest.param(
            json.dumps(sample("message__text_bot") | {ENTRY: None}),
            ENTRY,
            "Input should be an object",
            id="an envelope without entry",
        ),
        pytest.param(
            altered("message__text_bot", f"{ENTRY}.sender.role", 5),
            f"{ENTRY}.sender.role",
            "Input should be a valid string",
            id="a role that is no text",
        ),
        pytest.param(
            altered("message__text_bot", f"{ENTRY}.transcriptedTimestamp", "1790084400900"),
            f"{ENTRY}.transcriptedTimestamp",
            "Input should be a valid integer",
            id="a timestamp in quotes",
        ),
        pytest.param(
            altered("message__text_bot", f"{ENTRY}.clientTimestamp", 1790084400900.5),
            f"{ENTRY}.clientTimestamp",
            "Input should be a valid integer",
            id="a timestamp with a fraction",
        ),
        pytest.param(
            altered("message__text_bot", f"{ENTRY}.entryType"), f"{ENTRY}.entryType", "Field required", id="no type"
        ),
        pytest.param(
            json.dumps(sample("message__text_bot")).replace('"entryPayload"', '"entryLoad"'),
            PAYLOAD,
            "Field required",
            id="a known type without payload",
        ),
        pytest.param(
            altered("message__text_bot", PAYLOAD, 5),
            PAYLOAD,
            "Input should be an object",
            id="a payload that is a number",
        ),
        pytest.param(
            json.dumps(
                sample("message__text_bot") | {ENTRY: sample("message__text_bot")[ENTRY] | {"entryPayload": [1]}}
            ),
            PAYLOAD,
            "Input should be an object or its JSON text",
            id="a payload that is an array",
        ),
        pytest.param(
            SAMPLES["message__text_bot"].replace('"entryPayload": "{', '"entryPayload": "{{'),
            PAYLOAD,
            "Invalid JSON: key must be a string at line 1 column 2",
            id="a payload that is broken JSON",
        ),
        pytest.param(
            altered("typing_started__bot", f"{ENTRY}.entryType", "TypingStoppedIndicator"),
            f"{PAYLOAD}.entryType",
            "Input should be 'TypingStoppedIndicator'",
            id="an entry and a payload of different types",
        ),
        pytest.param(
            altered("message__text_bot", f"{PAYLOAD}.id"), f"{PAYLOAD}.id", "Field required", id="a payload without id"
        ),
        pytest.param(
            altered("message__text_bot", f"{PAYLOAD}.abstractMessage", "Hello"),
            f"{PAYLOAD}.abstractMessage",
            "Input should be an object",
            id="a message that is a text",
        ),
        pytest.param(
            altered("message__text_bot", f"{PAYLOAD}.abstractMessage.messageType"),
            f"{PAYLOAD}.abstractMessage.messageType",
            "Field required",
            id="a message without type",
        ),
        pytest.param(
            altered("message__text_bot", f"{PAYLOAD}.abstractMessage.messageType", "ChoicesMessage"),
            f"{PAYLOAD}.abstractMessage.choices",
            "Field required",
            id="a message without body",
        ),
        pytest.param(
            altered("message__text_bot", f"{BODY}.formatType", 1),
            f"{BODY}.formatType",
            "Input should be a valid string",
            id="a format that is a number",
        ),
        pytest.param(
            altered("message__text_bot", f"{BODY}.text", None),
            f"{BODY}.text",
            "Input should be a valid string",
            id="a text message without text",
        ),
        pytest.param(
            altered("message__text_bot_revised", f"{PAYLOAD}.wasRevised", "true"),
            f"{PAYLOAD}.wasRevised",
            "Input should be a valid boolean",
            id="a truth in quotes",
        ),
        pytest.param(
            altered("message__choices_quick_replies", f"{CHOICES}.optionItems.1.optionIdentifier"),
            f"{CHOICES}.optionItems.1.optionIdentifier",
            "Field required",
            id="an option that cannot be chosen",
        ),
        pytest.param(
            altered("message__static_carousel", f"{BODY}.items.0.titleItem.imageId"),
            f"{BODY}.items.0.titleItem.imageId",
            "Field required",
            id="a title image without image",
        ),
        pytest.param(
            altered("streaming_token__first", f"{TOKEN}.sequenceNumber", "1"),
            f"{TOKEN}.sequenceNumber",
            "Input should be a valid integer",
            id="a sequence number in quotes",
        ),
        pytest.param(
            altered("streaming_token__first", f"{TOKEN}.token", "Your "),
            f"{TOKEN}.token",
            "Input should be an object",
            id="a token that is a bare text",
        ),
        pytest.param(
            altered("streaming_token__validation_invalid", f"{TOKEN}.result.valid"),
            f"{TOKEN}.result.valid",
            "Field required",
            id="a verdict without verdict",
        ),
        pytest.param(
            altered("routing_result__initial_success", f"{PAYLOAD}.errorMessages", "none"),
            f"{PAYLOAD}.errorMessages",
            "Input should be a valid array",
            id="a text in place of a list",
        ),
        pytest.param(
            altered("queue_position__1", f"{PAYLOAD}.position", True),
            f"{PAYLOAD}.position",
            "Input should be a valid integer",
            id="a truth in place of a number",
        ),
    ],
)
def test_what_is_malformed_is_located(data: str, where: str, message: str) -> None:
    """A known type with a part missing or of a wrong JSON type raises, at a path through the wire's own names."""
    with pytest.raises(ValidationError) as caught:
        parse(data)
    first = caught.value.errors()[0]
    assert (".".join(map(str, first["loc"])), first["msg"]) == (where, message)


def half(text: str) -> str:
    """Write the sample of a first token with another text, by ASCII escapes at both levels."""
    return altered("streaming_token__first", f"{TOKEN}.token.text", text)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(half("ok \ud83d"), "ok \ufffd", id="a first half, escaped in the payload"),
        pytest.param(half("\ude00!"), "\ufffd!", id="a second half, escaped in the payload"),
        pytest.param(half("\U0001f600"), "\U0001f600", id="a whole pair"),
        pytest.param(half("\\ud83d"), "\\ud83d", id="a text that only looks like an escape"),
        pytest.param(
            json.dumps(json.loads(half("X")), ensure_ascii=False).replace("X", "\ud83d"), "\ufffd", id="a raw half"
        ),
        pytest.param(json.dumps(opened(json.loads(half("\ud83d")))), "\ufffd", id="a payload that is an object"),
    ],
)
def test_half_a_surrogate_pair_reads_as_a_replacement_character(data: str, text: str) -> None:
    """A service that cuts an emoji in two is read as a browser would show it, not refused."""
    token = heart(parse(data))
    assert isinstance(token, models.MessageStreamingToken)
    assert token.text == text


def test_half_a_surrogate_pair_does_not_excuse_the_rest() -> None:
    """What is malformed besides stays malformed, and broken JSON stays broken."""
    with pytest.raises(ValidationError, match="sender"):
        parse(half("\ud83d").replace('"sender"', '"sent"'))
    with pytest.raises(ValidationError, match="Invalid JSON"):
        parse(half("\ud83d") + "}")


@pytest.mark.parametrize(
    ("name", "text", "labels"),
    [
        ("message__attachments_end_user_echo", "Screenshot of the error", []),
        ("message__attachments_end_user_echo_pending", "", []),
        ("message__choices_carousel", "Choose a card", ["Choose gold", "Choose blue"]),
        ("message__choices_list_picker", "Branches", ["Quay Street", "Mill Lane"]),
        ("message__choices_quick_replies", "Did that help?", ["Yes", "No"]),
        ("message__choices_response_end_user_echo", "Card", []),
        ("message__choices_time_picker", "Adviser call", ["2026-09-24T09:00:00Z"]),
        ("message__error_message", "Something went wrong", []),
        ("message__experience_type_custom_lightning", "Here are two offers", []),
        ("message__form_inputs", "Contact details", []),
        ("message__form_response_inputs_end_user_echo", "", []),
        ("message__form_response_result_error", "The form request is no longer valid", []),
        ("message__rich_link", "Harbour fee guide", []),
        ("message__static_buttons", "Pick a help page", []),
        ("message__static_carousel", "", []),
        ("message__static_links", "https://help.harbour.example/limits", []),
        ("message__static_media", "", []),
        ("message__text_bot", "Hello, this is Harbour Assistant. What do you need today?", []),
    ],
)
def test_what_a_person_reads_and_may_choose(name: str, text: str, labels: list[str]) -> None:
    """Every message says its text and its options, whatever its format."""
    payload = parse(SAMPLES[name]).conversation_entry.entry_payload
    assert isinstance(payload, models.Message)
    assert payload.abstract_message.visible_text == text
    assert [option.label for option in payload.abstract_message.options] == labels


def abstract(**fields: Any) -> Any:
    """Read a message with the given type and body."""
    payload = parse(altered("message__text_bot", f"{PAYLOAD}.abstractMessage", {"id": "m"} | fields))
    assert isinstance(payload.conversation_entry.entry_payload, models.Message)
    return payload.conversation_entry.entry_payload.abstract_message


OPTION = {"titleItem": {"title": "Tea"}, "optionIdentifier": "t"}
ASSET = {"id": "a", "mimeType": "image/png", "assetUrl": "https://x.example/a"}


@pytest.mark.parametrize(
    ("body", "cls", "text", "options"),
    [
        ({"formatType": "Buttons", "text": "?", "optionItems": [OPTION]}, messages.ChoicesButtons, "?", ["t"]),
        (
            {"formatType": "Buttons", "text": "?", "optionItems": [OPTION, {"itemType": "New"}]},
            messages.ChoicesButtons,
            "?",
            ["t"],
        ),
        ({"formatType": "Media", "mediaAsset": ASSET, "optionItems": [OPTION]}, messages.ChoicesMedia, "", ["t"]),
        (
            {
                "formatType": "DisplayableOptions",
                "displayType": "Menu",
                "title": "Drinks",
                "optionItems": [{"title": "Tea", "alias": "1", "optionIdentifier": "t"}],
            },
            messages.ChoicesDisplayableOptions,
            "Drinks",
            ["t"],
        ),
        ({"formatType": "ConfirmMessage", "message": "Sure?", "confirm": []}, messages.ChoicesConfirm, "Sure?", []),
        ({"formatType": "ConfirmMessage", "message": {"title": "?"}, "confirm": []}, messages.ChoicesConfirm, "", []),
        ({"formatType": "TimePicker", "calendarEvent": {"itemType": "New"}}, messages.ChoicesTimePicker, "", []),
        ({"formatType": "ExperienceType"}, Unknown, "", []),
    ],
)
def test_choices_without_a_sample(body: dict[str, Any], cls: type[BaseModel], text: str, options: list[str]) -> None:
    """The other formats of choices (section 7.4), with item types left out where they are not starred."""
    message = abstract(messageType="ChoicesMessage", choices=body)
    assert type(message.choices) is cls
    assert message.visible_text == text
    assert [option.identifier for option in message.options] == options


@pytest.mark.parametrize(
    ("field", "kind", "body", "text"),
    [
        ("staticContent", "StaticContentMessage", {"formatType": "WebView", "url": "u", "title": {"title": "T"}}, "T"),
        ("staticContent", "StaticContentMessage", {"formatType": "WebView", "url": "u"}, ""),
        ("staticContent", "StaticContentMessage", {"formatType": "ExtendedText", "textContent": "Dear"}, "Dear"),
        ("staticContent", "StaticContentMessage", {"formatType": "ExtendedText", "textContent": {}}, ""),
        (
            "staticContent",
            "StaticContentMessage",
            {"formatType": "ErrorMessage", "errorDetails": {"errorCode": "E", "errorMessages": ["a", "b"]}},
            "a\nb",
        ),
        (
            "formResponse",
            "FormResponseMessage",
            {
                "formatType": "Result",
                "result": {
                    "resultType": "FormRecordsResult",
                    "records": [{"recordReferenceId": "r", "isCreated": True, "resultMessage": "Saved"}],
                },
            },
            "Saved",
        ),
        ("formResponse", "FormResponseMessage", {"formatType": "Result", "result": {"resultType": "New"}}, ""),
        (
            "choicesResponse",
            "ChoicesResponseMessage",
            {"formatType": "Selections", "selectedOptions": [{"optionIdentifier": "t"}]},
            "",
        ),
    ],
)
def test_texts_without_a_sample(field: str, kind: str, body: dict[str, Any], text: str) -> None:
    """The other formats that have a text, and those that have none."""
    assert abstract(messageType=kind, **{field: body}).visible_text == text


def test_numbers_keep_their_kind() -> None:
    """A double may come without a fraction; a huge one is not rounded on its way through."""
    for number in (5, 5.0, 2**64 + 1, -0.25):
        value = {"valueType": "DoubleValue", "doubleValue": number}
        data = altered("message__form_response_inputs_end_user_echo", f"{RESPONSE}.inputValues.0.value", value)
        assert exact(dump(parse(data))) == exact(opened(json.loads(data)))


def test_values_without_a_sample() -> None:
    """A list of values holds values; those of unpublished shape hold any JSON."""
    kinds: list[tuple[str, str, Any, type[BaseModel]]] = [
        ("BooleanValue", "booleanValue", True, messages.BooleanValue),
        ("IntegerValue", "integerValue", 3, messages.IntegerValue),
        ("UrlValue", "urlValue", "u", messages.UrlValue),
        ("DateValue", "dateValue", "2026-01-01", messages.DateValue),
        ("LocationValue", "location", {"lat": 1}, messages.LocationValue),
        ("ReferenceValue", "referenceId", "r", messages.ReferenceValue),
        ("StructuredValue", "value", [1], messages.StructuredValue),
        ("ListValue", "items", None, messages.ListValue),
    ]
    items = [{"valueType": kind, field: value} for kind, field, value, _ in kinds]
    body = {"formatType": "ExperienceType", "values": [{"valueType": "ListValue", "items": items}]}
    message = abstract(messageType="StaticContentMessage", staticContent=body)
    assert [type(value) for value in message.static_content.values[0].items] == [cls for *_, cls in kinds]


@pytest.mark.parametrize(
    ("changes", "batch", "turn"),
    [({}, 2, "t"), ({"batchNumber": None, "turnId": None}, 0, "m"), ({"turnId": ""}, 2, "m")],
)
def test_a_token_without_batch_or_turn_has_the_defaults(changes: dict[str, Any], batch: int, turn: str) -> None:
    """Batch 0, and the target stands for the turn (section 5.12)."""
    fields = {"sequenceNumber": 1, "timestamp": 1, "targetMessageIdentifier": "m", "batchNumber": 2, "turnId": "t"}
    text = {"tokenType": "MessageStreamingToken", "token": {"formatType": "Text", "text": "a"}}
    token = heart(parse(altered("streaming_token__first", TOKEN, fields | text | changes)))
    assert isinstance(token, models.MessageStreamingToken)
    assert (token.batch, token.turn) == (batch, turn)


@pytest.mark.parametrize(
    ("requested", "seconds", "shown"),
    [(True, 95, 95), (True, 0, 0), (True, -1, None), (False, 95, None), (True, None, None), (None, 95, None)],
)
def test_a_wait_is_shown_only_if_asked_for_and_computed(requested: Any, seconds: Any, shown: int | None) -> None:
    """A negative estimate means that there is none (section 5.3)."""
    estimate = {"isEWTRequested": requested, "estimatedWaitTimeInSeconds": seconds}
    envelope = parse(altered("routing_result__initial_success", f"{PAYLOAD}.estimatedWaitTime", estimate))
    payload = envelope.conversation_entry.entry_payload
    assert isinstance(payload, models.RoutingResult)
    assert payload.estimated_wait_time is not None
    assert payload.estimated_wait_time.shown_seconds == shown


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("progressIndicator.timestamp", None, "Looking up your last card payments"),
        ("progressIndicator.progressMessage", None, ""),
        ("progressIndicator.progressMessage", {"formatType": "New"}, ""),
        ("progressIndicator", {"indicatorType": "New"}, ""),
    ],
)
def test_what_a_person_reads_of_progress(path: str, value: Any, text: str) -> None:
    """The message is optional, and so is the time (section 5.9)."""
    payload = parse(altered("progress_indicator__action", f"{PAYLOAD}.{path}", value)).conversation_entry.entry_payload
    assert isinstance(payload, models.ProgressIndicator)
    assert payload.visible_text == text


def test_an_event_built_in_python_goes_over_the_wire() -> None:
    """Parts take their Python names; what was not given is not written."""
    token = models.MessageStreamingToken(
        token_type="MessageStreamingToken",
        sequence_number=1,
        timestamp=1790084407000,
        target_message_identifier="m",
        token=messages.PlainText(format_type="Text", text="Hé"),
    )
    entry = ConversationEntry(
        sender_display_name="Bot",
        identifier="e",
        entry_type="StreamingToken",
        entry_payload=models.StreamingToken(entry_type="StreamingToken", id="e", streaming_token=token),
        sender=models.Participant(role=Role.CHATBOT),
        transcripted_timestamp=1,
        client_timestamp=1,
    )
    envelope = Envelope(
        channel_platform_key="k",
        channel_type="embedded_messaging",
        channel_address_identifier="a",
        conversation_id="c",
        conversation_entry=entry,
    )
    assert parse(to_wire(envelope)) == envelope
    assert '\\"token\\":{\\"formatType\\":\\"Text\\",\\"text\\":\\"Hé\\"}' in to_wire(envelope)
    with pytest.raises(ValidationError, match="should be an object"):
        models.StreamingToken(entry_type="StreamingToken", id="e", streaming_token=messages.Url(url="u"))


def test_parts_are_frozen() -> None:
    """What was heard cannot be changed afterwards."""
    envelope = parse(SAMPLES["message__text_bot"])
    with pytest.raises(ValidationError, match="frozen"):
        envelope.conversation_entry.identifier = "other"  # type: ignore[misc]
    assert Option("Tea", "t") == ("Tea", "t")


# ---- whatever comes

NAMES = sorted(
    {*TWINS, *filter(None, TWINS.values())}
    | {"formatType", "itemType", "entryType", "entryPayload", "text", "items", "options", "visible_text"}
    | {"model_extra", "model_config", "__class__", "__dict__", "_tag", "self", "root", ""}
)
WORDS = sorted({str(role) for role in Role} | set(PAYLOADS) | {"Text", "Buttons", "Carousel", "TitleItem", "TextValue"})
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(NAMES), inner, max_size=3)
        | st.fixed_dictionaries({"formatType": st.sampled_from(WORDS), "text": inner})
    ),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a JSON value, with every key in it, however deep."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


@st.composite
def mutants(draw: Callable[[st.SearchStrategy[Any]], Any]) -> str:
    """A sample with up to three fields dropped, replaced or added anywhere; the payload a text or an object."""
    whole = sample(draw(st.sampled_from(ENVELOPES)))
    for _ in range(draw(st.integers(1, 3))):
        where = list(places(whole))
        if not where:
            break
        at, key = draw(st.sampled_from(where))
        match draw(st.sampled_from(["drop", "replace", "insert", "insert"])):
            case "drop":
                del at[key]
            case "replace":
                at[key] = draw(JSON)
            case _ if isinstance(at, list):
                at.insert(key, draw(JSON))
            case _:
                at[draw(st.text(max_size=5) | st.sampled_from(NAMES))] = draw(JSON)
    entry = whole.get("conversationEntry")
    if isinstance(entry, dict) and "entryPayload" in entry and draw(st.booleans()):
        entry["entryPayload"] = json.dumps(entry["entryPayload"], ensure_ascii=draw(st.booleans()))
    return json.dumps(whole)


unhurried = settings(deadline=None, database=None, max_examples=200, suppress_health_check=list(HealthCheck))


@unhurried
@given(mutants())
def test_a_mutant_is_malformed_or_comes_back_as_it_was(data: str) -> None:
    """No change to a sample raises anything but ValidationError, and what is read is written back equal."""
    try:
        envelope = parse(data)
    except ValidationError:
        return
    original = exact(opened(json.loads(data)))
    assert exact(opened(dump(envelope))) == original
    assert exact(opened(json.loads(to_wire(envelope)))) == original
    assert all(re.search(r": unknown (field|value|type)", line) for line in unknowns(envelope))
    assert unknowns(parse(to_wire(envelope))) == unknowns(envelope)


def listed_objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a JSON value whose fields the notes list."""
    if isinstance(value, dict):
        yield value
        loose = {"contextParamMap"} | ({"value"} if value.get("valueType") == "ExperienceTypeValue" else set())
        loose |= {"entryPayload"} if value.get("entryType") == "SomethingNew" else set()
        for key in value.keys() - loose:
            yield from listed_objects(value[key])
    elif isinstance(value, list):
        for one in value:
            yield from listed_objects(one)


@unhurried
@given(st.sampled_from(ENVELOPES), st.text(max_size=8) | st.sampled_from(NAMES), JSON)
def test_a_new_field_anywhere_is_kept_and_named(name: str, field: str, value: Any) -> None:
    """Every object of a known type takes a field that nobody knows, and says so."""
    field = f"x{field}"
    whole = sample(name)
    objects = list(listed_objects(whole))
    for at in objects:
        at[field] = value
    envelope = parse(doubly(whole))
    assert exact(dump(envelope)) == exact(whole)
    assert len([line for line in unknowns(envelope) if line.endswith(f"{field}: unknown field")]) == len(objects)


@unhurried
@given(st.text(max_size=40) | JSON.map(json.dumps))
def test_noise_is_malformed(data: str) -> None:
    """Text that is no envelope raises ValidationError and nothing else."""
    with pytest.raises(ValidationError):
        parse(data)
