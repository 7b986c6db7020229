"""Forms and files on the wire: plain httpx against the shapes of the samples."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .conftest import Visit
from .end_user import EndUser, Heard
from .test_rest import assert_refused, sample
from .test_shapes import known, sampled, shapes

MESSAGE = "CONVERSATION_MESSAGE"
ANY = "5d8ad3c0-26c5-4a4b-9a63-0c1a4f8f5a10"
FORM = """\
attachments: true
greeting:
  - form:
      title: Contact details
      fields:
        - {label: Full name, required: true, hint: As on your card, longest: 9}
        - {label: When did it happen?, type: date_time}
        - {label: Topic, type: choice, required: true, options: [Card, Loan]}
turns:
  - form: Contact details
    do: [{message: "{full_name}: {topic}"}]
  - file: pdf$
    do: [{message: "{file}"}]
"""


def inputs(form: Heard) -> list[dict[str, Any]]:
    """Give the inputs of a form."""
    sections = form.payload["abstractMessage"]["form"]["sections"]
    return [section["input"] for section in sections]


def response(end_user: EndUser, form: Heard, *, name: str = "Ana Lopes") -> dict[str, Any]:
    """Give the body of the sample, with the ids of a form."""
    body: dict[str, Any] = sample("send_message__request_form_response")["body"]
    message, asked = body["message"], inputs(form)
    values = message["formResponse"]["inputValues"]
    for value, one in zip(values, asked, strict=True):
        value["inputId"] = one["id"]
    values[0]["value"]["textValue"] = values[0]["displayValue"] = name
    values[2]["selectedOptions"][0]["optionIdentifier"] = asked[2]["optionItems"][1]["optionIdentifier"]
    message |= {"id": str(uuid4()), "inReplyToMessageId": form.entry["identifier"]}
    return {**body, "esDeveloperName": end_user.deployment}


async def test_a_form_and_its_answer_have_the_shape_of_the_samples(meet: Visit) -> None:
    """The bot has what was filled in, by the labels."""
    end_user, samples = await meet(FORM), sampled()
    await end_user.create()
    async with end_user.listen() as ear:
        heard = await ear.until_event(MESSAGE)
        sent = await end_user.send(response(end_user, heard[-1]))
        assert (sent.status_code, sent.json().keys()) == (202, {"conversationEntries"})
        heard += await ear.until_text("Ana Lopes: Loan")
        sent = await end_user.send(response(end_user, heard[-3], name="Ana Maria Lopes"))
        heard += await ear.until_event(MESSAGE, 2)
    kinds = [event.payload.get("abstractMessage", {}).get("messageType") for event in heard]
    assert kinds[-5:] == ["FormMessage", "FormResponseMessage", "StaticContentMessage", *["FormResponseMessage"] * 2]
    error = heard[-1].payload["abstractMessage"]["formResponse"]["result"]["errors"]
    assert [one["errorMessage"] for one in error] == ["Full name has more than 9 characters"]
    for kind, form in shapes(heard):
        assert form in known(kind, samples), kind


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("inReplyToMessageId",), ANY, "The inReplyToMessageId names no form of this conversation"),
        (("formResponse", "inputValues", 0, "inputId"), ANY, "The inputId is not one of the form"),
        (("formResponse", "inputValues", 0, "value"), {"valueType": "Tea"}, "Invalid valueType"),
        (("formResponse", "inputValues", 0, "surprise"), 1, 'Unrecognized field "surprise"'),
        (
            ("formResponse", "inputValues", 2, "selectedOptions", 0, "optionIdentifier"),
            "tea",
            "The optionIdentifier is not one of the form",
        ),
    ],
)
async def test_an_answer_to_no_form_is_refused(
    meet: Visit, where: tuple[str | int, ...], value: object, message: str
) -> None:
    """With 400, and in words."""
    end_user = await meet(FORM)
    await end_user.create()
    async with end_user.listen() as ear:
        form = (await ear.until_event(MESSAGE))[-1]
    body: Any = response(end_user, form)
    place = body["message"]
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    assert_refused(await end_user.send(body), 400, message)


async def upload(
    end_user: EndUser, *, content: bytes = b"%PDF", mime_type: str = "application/pdf", entry: Any = None
) -> httpx.Response:
    """Send a file as the sample does."""
    like = sample("send_file__request")["parts"]
    told = entry or {**like[0]["json"], "esDeveloperName": end_user.deployment}
    parts: dict[str, Any] = {
        "messageEntry": (None, json.dumps(told), "application/json"),
        "fileData": ("a.pdf", content, mime_type),
    }
    return await end_user.http.post(f"{end_user.path}/file", headers=end_user.headers, files=parts)


async def test_a_file_has_the_shape_of_the_sample(meet: Visit) -> None:
    """And the bot is told of its name."""
    end_user, samples = await meet(FORM), sampled()
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_event(MESSAGE)
        answer = await upload(end_user)
        like = sample("send_file__response_202")
        assert answer.status_code == like["status"]
        assert [one.keys() for one in answer.json()["conversationEntries"]] == [
            one.keys() for one in like["body"]["conversationEntries"]
        ]
        heard = await ear.until_text("a.pdf")
    [file] = heard[0].payload["abstractMessage"]["staticContent"]["attachments"]
    assert (file["name"], file["mimeType"]) == ("a.pdf", "application/pdf")
    for kind, form in shapes(heard):
        assert form in known(kind, samples), kind


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ({"content": bytes(5 * 1024 * 1024 + 1)}, "error__413_file_too_large"),
        ({"content": bytes(7 * 1024 * 1024)}, "error__413_file_too_large"),
        ({"mime_type": "audio/mpeg"}, "error__415_unsupported_file_type"),
    ],
)
async def test_a_file_is_refused_as_in_the_sample(meet: Visit, how: dict[str, Any], name: str) -> None:
    """Too large, or of another type."""
    end_user = await meet(FORM)
    await end_user.create()
    answer = await upload(end_user, **how)
    assert (answer.status_code, answer.json()) == (sample(name)["status"], sample(name)["body"])


@pytest.mark.parametrize(
    ("request_", "status", "message"),
    [
        ({"json": {}}, 415, "Content-Type must be multipart/form-data"),
        ({"files": {"fileData": ("a.pdf", b"x", "application/pdf")}}, 400, "Specify the messageEntry."),
        ({"files": {"messageEntry": (None, "{}", "application/json")}}, 400, "Specify the fileData."),
        (
            {"files": {"messageEntry": (None, "{}"), "fileData": ("a.pdf", b"x", "application/pdf")}},
            415,
            "Content-Type of the messageEntry must be application/json",
        ),
        (
            {"files": {"messageEntry": (None, "{}", "application/json"), "fileData": ("a.pdf", b"x")}},
            400,
            "Specify the esDeveloperName.",
        ),
        (
            {"headers": {"Content-Type": "multipart/form-data"}, "content": b"x"},
            400,
            "Malformed multipart request",
        ),
        (
            {"headers": {"Content-Type": "multipart/form-data; boundary=b"}, "content": b"--b\r\n\r\nx"},
            400,
            "Malformed multipart request",
        ),
        (
            {"headers": {"Content-Type": "multipart/form-data; boundary=b"}, "content": b"--b\r\nx\r\n--b--"},
            400,
            "Malformed multipart request",
        ),
        (
            {
                "headers": {"Content-Type": "multipart/form-data; boundary=b"},
                "content": b"--b\r\nContent-Disposition: \xff\r\n\r\nx\r\n--b--",
            },
            400,
            "Malformed multipart request",
        ),
    ],
)
async def test_a_body_that_is_no_file_is_refused(
    meet: Visit, request_: dict[str, Any], status: int, message: str
) -> None:
    """In words."""
    end_user = await meet(FORM)
    await end_user.create()
    headers = {**end_user.headers, **request_.pop("headers", {})}
    assert_refused(await end_user.http.post(f"{end_user.path}/file", headers=headers, **request_), status, message)


async def test_a_file_has_a_name(meet: Visit) -> None:
    """A part without one is refused."""
    end_user = await meet(FORM)
    await end_user.create()
    entry = {**sample("send_file__request")["parts"][0]["json"], "esDeveloperName": end_user.deployment}
    parts: dict[str, Any] = {
        "messageEntry": (None, json.dumps(entry), "application/json"),
        "fileData": (None, b"%PDF", "application/pdf"),
    }
    answer = await end_user.http.post(f"{end_user.path}/file", headers=end_user.headers, files=parts)
    assert_refused(answer, 400, "Specify the filename.")


async def test_a_file_is_refused_where_files_are_off(visit: Visit) -> None:
    """With 403; the configuration says so beforehand."""
    end_user = await visit()
    await end_user.create()
    assert_refused(await upload(end_user), 403, "Attachments are not enabled for this deployment")


async def test_files_are_switched_on_in_the_configuration(meet: Visit) -> None:
    """And nobody else may send one."""
    end_user = await meet(FORM)
    told = (await end_user.sign_in())["context"]["configuration"]["embeddedServiceConfig"]["attachments"]
    assert told == {"endUserToAgent": True, "maxFileSize": 5}
