"""What each format of a message shows besides its text."""

import json
from typing import Any

import pytest

from harness.events import (
    ANY_EVENT,
    Answer,
    Attachment,
    Card,
    Component,
    Echo,
    Event,
    Fault,
    Form,
    FormField,
    Link,
    Media,
    Message,
    Option,
    Record,
    Updated,
)
from harness.events.base import to_json, to_python
from harness.protocols.sse import Frame
from tests.protocols.miaw.test_mapping import DATA, mapped, sample


def option(label: str, value: str, subtitle: str = "") -> Option:
    """A choice."""
    return Option(label=label, value=value, subtitle=subtitle)


def link(label: str, address: str) -> Link:
    """A link."""
    return Link(label=label, address=address)


def picture(description: str, file: str) -> Media:
    """A picture on the file server of the samples."""
    return Media(description=description, type="image/png", address=f"https://files.harbour.example/img/{file}.png")


CHOOSE_GOLD = option("Choose gold", "2957397c-1cbc-4e32-90bb-d3ce9c492fc4")
CHOOSE_BLUE = option("Choose blue", "04ffb77a-9daf-4813-9616-34b094767b2b")

SHOWN: dict[str, dict[str, Any]] = {
    "message__attachments_end_user_echo": {
        "text": "Screenshot of the error",
        "attachments": (
            Attachment(
                name="error.png",
                type="image/png",
                address="https://files.harbour.example/dl/error.png?sig=def",
                upload="completed",
            ),
        ),
    },
    "message__attachments_end_user_echo_pending": {
        "text": "",
        "attachments": (
            Attachment(
                name="long-scan.pdf",
                type="application/pdf",
                address="https://files.harbour.example/dl/pending",
                upload="pending",
            ),
        ),
    },
    "message__choices_carousel": {
        "text": "Choose a card",
        "options": (CHOOSE_GOLD, CHOOSE_BLUE),
        "cards": (
            Card(
                title="Gold card",
                subtitle="No fee",
                image="Gold card",
                choices=("Choose gold",),
                links=(link("Read more", "https://harbour.example/gold"),),
            ),
            Card(title="Blue card", image="Blue card", choices=("Choose blue",)),
        ),
        "media": (picture("Gold card", "gold"), picture("Blue card", "blue")),
    },
    "message__choices_list_picker": {
        "text": "Branches",
        "options": (
            option("Quay Street", "0ac64f2b-907d-492c-852b-f666baeea254", "Open until 17:00"),
            option("Mill Lane", "2c262bb0-f938-48d2-9e25-3fb98ffed924"),
        ),
    },
    "message__choices_quick_replies": {
        "text": "Did that help?",
        "options": (
            option("Yes", "f84338de-5d2a-4514-abde-11dde11e99fc"),
            option("No", "a12ac8c9-90de-4a1d-9444-d6b1a77a4644"),
        ),
    },
    "message__choices_response_end_user_echo": {"text": "Card"},
    "message__choices_time_picker": {
        "text": "Adviser call",
        "options": (option("2026-09-24T09:00:00Z", "1fba051b-11fb-4b49-a548-4de232aa816b"),),
    },
    "message__error_message": {
        "text": "Something went wrong",
        "errors": (Fault(code="ACTION_FAILED", text="The balance service did not answer."),),
    },
    "message__experience_type_custom_lightning": {
        "text": "Here are two offers",
        "components": (
            Component(
                type="copilotActionOutput/Harbour_Offers",
                data='{"offers": [{"id": "A1", "apr": 4.2}, {"id": "B7", "apr": 4.9}]}',
            ),
        ),
    },
    "message__form_inputs": {
        "text": "Contact details",
        "form": Form(
            title="Contact details",
            fields=(
                FormField(
                    name="3e6602c0-57b2-4fb2-b1f9-0a034a7e1f97",
                    label="Full name",
                    type="text",
                    required=True,
                    hint="As on your card",
                    placeholder="Name",
                    longest=80,
                    content="Name",
                ),
                FormField(name="a6d42e44-1f38-4ae3-bd69-13d37306633f", label="When did it happen?", type="date_time"),
                FormField(
                    name="a73e6a7e-cd54-4ba6-8287-7bea90dc2e02",
                    label="Topic",
                    type="choice",
                    required=True,
                    options=(
                        option("Card", "f512b645-814d-45c6-b4ec-10deb794b0d0"),
                        option("Loan", "a6804b59-4346-4efd-a951-0d8b4bc6754a"),
                    ),
                ),
            ),
        ),
    },
    "message__form_response_inputs_end_user_echo": {
        "text": "",
        "answers": (
            Answer(name="3e6602c0-57b2-4fb2-b1f9-0a034a7e1f97", value="Ana Lopes"),
            Answer(name="a6d42e44-1f38-4ae3-bd69-13d37306633f", value="09/20/2026 10:30:00"),
            Answer(name="a73e6a7e-cd54-4ba6-8287-7bea90dc2e02", value="Card"),
        ),
    },
    "message__form_response_result_error": {
        "text": "The form request is no longer valid",
        "errors": (Fault(code="FormRequestExpired", text="The form request is no longer valid"),),
    },
    "message__rich_link": {
        "text": "Harbour fee guide",
        "links": (link("Harbour fee guide", "https://help.harbour.example/fees"),),
        "media": (picture("Fee guide cover", "fees"),),
    },
    "message__static_buttons": {
        "text": "Pick a help page",
        "links": (link("Fees", "https://help.harbour.example/fees"),),
    },
    "message__static_carousel": {
        "text": "",
        "cards": (
            Card(
                title="Gold card",
                image="Gold card",
                links=(link("Details", "https://harbour.example/gold"),),
            ),
        ),
        "media": (picture("Gold card", "gold"),),
    },
    "message__static_links": {
        "text": "https://help.harbour.example/limits",
        "links": (link("", "https://help.harbour.example/limits"),),
    },
    "message__static_media": {
        "text": "",
        "links": (link("Open map", "https://maps.harbour.example/1"),),
        "media": (picture("Branch map", "map"),),
    },
    "message__text_bot_with_citations": {
        "text": "Refunds take five working days. Limits are listed in the fee guide.",
        "links": (link("Refund times", "https://help.harbour.example/a/refunds"),),
    },
}
PARTS = ("options", "cards", "links", "media", "attachments", "form", "answers", "records", "errors", "components")


def content(event: Event) -> dict[str, Any]:
    """What an event shows: its text, and every part that is not empty."""
    assert isinstance(event, Message | Echo)
    return {"text": event.text} | {part: value for part in PARTS if (value := getattr(event, part))}


@pytest.mark.parametrize("name", sorted(file.stem for file in (DATA / "events").glob("message__*.json")))
def test_a_message_shows_what_a_person_sees(name: str) -> None:
    """All of it, and nothing where there is nothing but a text."""
    [event] = mapped(sample(name))
    shown = content(event)
    assert shown == SHOWN.get(name, {"text": shown["text"]})
    assert (name in SHOWN) == (to_python(event)["format"] != "Text" or "citations" in name)


def test_helpers_say_the_labels() -> None:
    """Of choices and fields, as a scenario names them."""
    [carousel] = mapped(sample("message__choices_carousel"))
    [form] = mapped(sample("message__form_inputs"))
    assert isinstance(carousel, Message)
    assert isinstance(form, Message)
    assert (carousel.choices, carousel.fields) == (("Choose gold", "Choose blue"), ())
    assert [field.label for field in form.fields] == ["Full name", "When did it happen?", "Topic"]
    assert form.fields[2].choices == ("Card", "Loan")
    assert str(carousel).endswith(
        "'Choose a card' [Carousel], cards 'Gold card', 'Blue card', choices 'Choose gold', 'Choose blue', "
        "media 'Gold card', 'Blue card'"
    )


def saying(body: dict[str, Any], message_type: str = "StaticContentMessage", field: str = "staticContent") -> Message:
    """The message of a bot with this body."""
    value = json.loads(sample("message__text_bot").data)
    payload = json.loads(value["conversationEntry"]["entryPayload"])
    payload["abstractMessage"] = {"messageType": message_type, "id": "1", field: body}
    value["conversationEntry"]["entryPayload"] = json.dumps(payload)
    [event] = mapped(Frame("CONVERSATION_MESSAGE", json.dumps(value), "1"))
    assert isinstance(event, Message)
    return event


TITLE = {"title": "A", "subTitle": "b", "tertiarySubTitle": "d"}
ASSET = {"id": "i", "mimeType": "video/mp4", "assetUrl": "https://a.example/v"}
FILE = {"id": "1", "name": "a.pdf", "mimeType": "application/pdf", "url": "https://a.example/a"}
CHOICES = ("ChoicesMessage", "choices")
FORM = ("FormMessage", "form")
RESPONSE = ("FormResponseMessage", "formResponse")


def failed(**result: object) -> dict[str, Any]:
    """An attachment with an upload result."""
    return {"formatType": "Attachments", "attachments": [FILE | {"attachmentUploadResult": result}]}


def asking(**field: object) -> dict[str, Any]:
    """A form with one field."""
    section = {"sectionType": "SingleInputSection", "input": {"id": "1", **field}}
    return {"formatType": "Inputs", "formTitle": {"title": "F"}, "sections": [section, {"sectionType": "New"}]}


@pytest.mark.parametrize(
    ("body", "where", "shown"),
    [
        pytest.param({"formatType": "New", "links": [{"url": "x"}]}, (), {"text": ""}, id="an unknown format"),
        pytest.param({"formatType": "New", "optionItems": []}, CHOICES, {"text": ""}, id="unknown choices"),
        pytest.param({"formatType": "New"}, FORM, {"text": ""}, id="an unknown form"),
        pytest.param(
            {"formatType": "RichLink", "text": "Look", "linkItem": {"itemType": "New"}, "video": ASSET},
            (),
            {"text": "Look", "media": (Media(type="video/mp4", address="https://a.example/v"),)},
            id="an unknown link keeps the text",
        ),
        pytest.param(
            {"formatType": "WebView", "url": "https://a.example", "title": {"title": "Survey"}},
            (),
            {"text": "Survey", "links": (link("Survey", "https://a.example"),)},
            id="a page",
        ),
        pytest.param(
            {
                "formatType": "Buttons",
                "text": "T",
                "actions": [
                    {"actionType": "LinkAction", "label": "L", "url": "u"},
                    {"actionType": "CopyCodeAction", "label": "C", "code": "1"},
                    {"actionType": "NewAction", "label": "N"},
                ],
                "linkItems": [{"titleItem": TITLE, "url": "v"}],
            },
            (),
            {"text": "T", "links": (link("L", "u"), link("A", "v"))},
            id="of buttons only those that open something",
        ),
        pytest.param(
            {
                "formatType": "Text",
                "text": "T",
                "citationContent": {
                    "citations": [
                        {"citedReference": {"citedReferenceType": "Link", "link": {"url": "u"}}},
                        {"citedReference": {"citedReferenceType": "New"}},
                    ]
                },
            },
            (),
            {"text": "T", "links": (link("", "u"),)},
            id="a source without a label, and one of an unknown type",
        ),
        pytest.param({"formatType": "Text", "text": "T", "citationContent": {}}, (), {"text": "T"}, id="no sources"),
        pytest.param(
            {
                "formatType": "Carousel",
                "items": [
                    {
                        "titleItem": TITLE | {"itemType": "TitleImageItem", "imageId": "x"},
                        "linkItems": [{"itemType": "New"}],
                    },
                    {"titleItem": {"itemType": "New"}, "linkItems": []},
                ],
                "images": [ASSET],
            },
            (),
            {
                "text": "",
                "cards": (Card(title="A", subtitle="b\nd"), Card()),
                "media": (Media(type="video/mp4", address="https://a.example/v"),),
            },
            id="cards without their picture, and of an unknown type",
        ),
        pytest.param(
            {
                "formatType": "DisplayableOptions",
                "displayType": "Menu",
                "title": "T",
                "optionItems": [{"title": "A", "alias": "1", "optionIdentifier": "x"}],
            },
            CHOICES,
            {"text": "T", "options": (option("A", "x"),)},
            id="options by number",
        ),
        pytest.param(
            {
                "formatType": "Media",
                "mediaAsset": ASSET,
                "optionItems": [{"titleItem": TITLE, "optionIdentifier": "x"}, {"itemType": "New"}],
            },
            CHOICES,
            {
                "text": "",
                "options": (option("A", "x", "b\nd"),),
                "media": (Media(type="video/mp4", address="https://a.example/v"),),
            },
            id="a video to choose under",
        ),
        pytest.param(
            {"formatType": "Buttons", "text": "T", "optionItems": [{"titleItem": TITLE, "optionIdentifier": "x"}]},
            CHOICES,
            {"text": "T", "options": (option("A", "x", "b\nd"),)},
            id="buttons to choose from",
        ),
        pytest.param(
            failed(resultType="ErrorAttachmentUploadResult", errorType="AttachmentTooLarge", errorMessage="10 MB"),
            (),
            {
                "text": "",
                "attachments": (
                    Attachment(
                        name="a.pdf",
                        type="application/pdf",
                        address="https://a.example/a",
                        upload="failed",
                        problem="AttachmentTooLarge: 10 MB",
                    ),
                ),
            },
            id="a file that was not taken",
        ),
        pytest.param(
            failed(resultType="New"),
            (),
            {
                "text": "",
                "attachments": (
                    Attachment(name="a.pdf", type="application/pdf", address="https://a.example/a", upload="New"),
                ),
            },
            id="a file of which nobody knows",
        ),
        pytest.param(
            asking(inputType="DatePickerInput", minimumDate="2026-01-01", maximumDate="2026-02-01", regEx="no"),
            FORM,
            {
                "text": "F",
                "form": Form(
                    title="F", fields=(FormField(name="1", type="date", first="2026-01-01", last="2026-02-01"),)
                ),
            },
            id="a day",
        ),
        pytest.param(
            asking(inputType="SelectInput", optionItems=[{"itemType": "New"}], multipleSelection=True),
            FORM,
            {"text": "F", "form": Form(title="F", fields=(FormField(name="1", type="choice", multiple=True),))},
            id="several to tick",
        ),
        pytest.param(
            asking(inputType="TextInput", regEx="a(", label={"title": "L"}),
            FORM,
            {"text": "F", "form": Form(title="F", fields=(FormField(name="1", label="L", type="text", pattern="a("),))},
            id="a text with a pattern that is none",
        ),
        pytest.param(
            asking(inputType="StaticTitle", label={"itemType": "New"}),
            FORM,
            {"text": "F", "form": Form(title="F", fields=(FormField(name="1", type="StaticTitle"),))},
            id="a title between the fields",
        ),
        pytest.param(
            asking(inputType="New"),
            FORM,
            {"text": "F", "form": Form(title="F", fields=(FormField(type="New"),))},
            id="a field of an unknown type",
        ),
        pytest.param(
            {
                "formatType": "Inputs",
                "inputValues": [
                    {
                        "inputValueType": "SingleInputValue",
                        "inputId": "1",
                        "value": {"valueType": "TextValue", "textValue": "a"},
                    },
                    {"inputValueType": "SingleInputValue", "inputId": "2", "value": {"valueType": "BooleanValue"}},
                    {
                        "inputValueType": "SelectedOptionsInputValue",
                        "inputId": "3",
                        "selectedOptions": [
                            {"optionIdentifier": "x"},
                            {"optionIdentifier": "y", "optionTitle": {"title": "Y"}},
                        ],
                    },
                    {"inputValueType": "New"},
                ],
            },
            RESPONSE,
            {"text": "", "answers": (Answer(name="1", value="a"), Answer(name="2"), Answer(name="3", value="x, Y"))},
            id="answers without what was displayed",
        ),
        pytest.param(
            {
                "formatType": "Result",
                "result": {
                    "resultType": "FormRecordsResult",
                    "records": [{"recordReferenceId": "r", "isCreated": True, "resultMessage": "Done"}],
                },
            },
            RESPONSE,
            {"text": "Done", "records": (Record(id="r", created=True, text="Done"),)},
            id="a record that was made",
        ),
        pytest.param(
            {"formatType": "Result", "result": {"resultType": "New"}}, RESPONSE, {"text": ""}, id="an unknown result"
        ),
        pytest.param(
            {"formatType": "ExperienceType", "values": [{"valueType": "TextValue"}, {"valueType": "New"}]},
            (),
            {"text": ""},
            id="no component",
        ),
    ],
)
def test_other_formats_show_what_is_known_of_them(
    body: dict[str, Any], where: tuple[str, ...], shown: dict[str, Any]
) -> None:
    """What has no listed type shows nothing, and takes nothing away from the rest."""
    assert content(saying(body, *where)) == shown


def test_hostile_markup_stays_text() -> None:
    """In every part; and when it is printed nothing acts on a terminal."""
    bad = "<img src=x onerror=alert(1)>\x1b[2J\u202e"
    title = {"title": bad, "subTitle": bad}
    event = saying(
        {
            "formatType": "Carousel",
            "title": bad,
            "images": [{"id": "i", "mimeType": bad, "assetUrl": bad, "description": bad}],
            "items": [
                {
                    "titleItem": title | {"itemType": "TitleImageItem", "imageId": "i"},
                    "interactionItems": [
                        {"itemType": "TitleOptionItem", "titleItem": title, "optionIdentifier": bad},
                        {"itemType": "TitleLinkItem", "titleItem": title, "url": bad},
                    ],
                }
            ],
        },
        *CHOICES,
    )
    assert content(event) == {
        "text": bad,
        "options": (option(bad, bad, bad),),
        "cards": (Card(title=bad, subtitle=bad, image=bad, choices=(bad,), links=(link(bad, bad),)),),
        "media": (Media(description=bad, type=bad, address=bad),),
    }
    assert not {"\x1b", "\u202e"} & set(str(event))


def test_a_message_with_parts_can_be_written_and_read_back() -> None:
    """And one that was written before there were parts can be read."""
    for name in SHOWN:
        [event] = mapped(sample(name))
        assert ANY_EVENT.validate_json(to_json(event)) == event
    old = {"kind": "message", "at": 1, "earliest": 1, "options": [{"label": "A", "value": "1"}]}
    assert ANY_EVENT.validate_python(old).options == (option("A", "1"),)


def test_an_update_tells_the_files_as_they_are_now() -> None:
    """With the address that was still missing."""
    [event] = mapped(sample("message_updated__attachment_completed"))
    assert isinstance(event, Updated)
    assert event.message == "fc9f80c8-7a3f-4868-8e26-496efd7145e5"
    address = "https://files.harbour.example/dl/long-scan.pdf?sig=ghi"
    scan = Attachment(name="long-scan.pdf", type="application/pdf", address=address, upload="completed")
    assert event.attachments == (scan,)
