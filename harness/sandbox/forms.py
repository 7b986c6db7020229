"""Forms of a bot: the message that shows one, and what is said of an answer to it.

Here: shapes and checks. Not here: the language of forms (bots.py), who answers (player.py).
Source: protocol notes, sections 7.6 and 7.7. That a response which the form does not allow is echoed, and answered with
a `FormErrorResult`, is inferred: the notes have the result, and not what leads to it.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from harness.sandbox import bots, entries
from harness.sandbox.bots import Said
from harness.sandbox.entries import Payload, title_item
from harness.sandbox.refusals import Refused
from harness.sandbox.requests import FormResponse, SelectedOptionsInputValue, SingleInputValue

KEYBOARDS = {
    "email": ("EmailAddress", "EmailAddress"),
    "phone": ("PhonePad", "TelephoneNumber"),
    "number": ("NumberPad", None),
}
"""`keyboardType` and `textContentType` of the texts that are of a sort; that the names are those of iOS is inferred."""

INVALID = "InvalidFormResponse"


@dataclass(frozen=True)
class Shown:
    """A form that was shown.

    Attributes:
        title: Its title.
        fields: Its fields by input id.
        options: Labels of all options by option identifier, for each input id.
    """

    title: str
    fields: dict[str, bots.FormField]
    options: dict[str, dict[str, str]]


def show(questions: bots.Questions) -> tuple[Payload, Shown]:
    """Build the message that shows a form."""
    fields = {str(uuid4()): field for field in questions.fields}
    options = {key: {str(uuid4()): label for label in field.options} for key, field in fields.items()}
    ids = [*fields, None]
    sections = [
        {
            "sectionType": "SingleInputSection",
            "submitForm": after is None,
            "nextSectionInputId": after,
            "input": _input(key, fields[key], options[key]),
        }
        for key, after in zip(fields, ids[1:], strict=True)
    ]
    form = {
        "formatType": "Inputs",
        "formTitle": title_item(questions.title),
        "introScreen": None,
        "images": [],
        "message": title_item(questions.text),
        "reply": title_item("Form sent"),
        "sections": sections,
    }
    return entries.message("FormMessage", {"form": form}), Shown(questions.title, fields, options)


def _input(key: str, field: bots.FormField, options: dict[str, str]) -> Payload:
    common = {"id": key, "label": title_item(field.label), "hintText": field.hint, "required": field.required}
    match field.type:
        case "choice":
            items = [entries.option_item(identifier, label) for identifier, label in options.items()]
            return {"inputType": "SelectInput", **common, "multipleSelection": field.multiple, "optionItems": items}
        case "date":
            bounds = {"startDate": None, "minimumDate": field.first, "maximumDate": field.last}
            return {"inputType": "DatePickerInput", **common, "dateFormat": "YYYY-MM-DD", **bounds}
        case "date_time":
            bounds = {"startDateTime": None, "minimumDateTime": field.first, "maximumDateTime": field.last}
            return {"inputType": "DateTimePickerInput", **common, "dateTimeFormat": "YYYY-MM-DD hh:mm:ss", **bounds}
    keyboard, content = KEYBOARDS.get(field.type, ("Default", None))
    return {
        "inputType": "TextInput",
        **common,
        "placeholder": field.placeholder,
        "prefixText": None,
        "regEx": field.pattern.pattern if field.pattern else None,
        "maximumCharacterCount": field.longest,
        "keyboardType": keyboard,
        "textContentType": content,
        "textInputType": "Singleline",
    }


def answered(response: FormResponse, form: Shown) -> tuple[Said, Payload, str]:
    """Read an answer to a form.

    Returns:
        What it says, its echo, and what is wrong with it in words, empty if nothing is.

    Raises:
        Refused: 400; it names a field or an option that the form does not have.
    """
    values: dict[str, str] = {}
    echoed: list[Payload] = []
    for given in response.form_response.input_values:
        if given.input_id not in form.fields:
            raise Refused(400, "The inputId is not one of the form")
        values[given.input_id], echo = _read(given, form.options[given.input_id])
        echoed.append(echo)
    body = {"formatType": "Inputs", "formTitle": title_item(form.title), "inputValues": echoed}
    echo = entries.message("FormResponseMessage", {"formResponse": body}, id_=response.id, in_reply_to=response.answers)
    answers = {_name(field.label): values.get(key, "") for key, field in form.fields.items()}
    said = Said(response.id, ", ".join(values.values()), form=form.title, answers=answers)
    wrong = (_problem(field, values.get(key, "")) for key, field in form.fields.items())
    return said, echo, next(filter(None, wrong), "")


def _read(given: SingleInputValue | SelectedOptionsInputValue, options: dict[str, str]) -> tuple[str, Payload]:
    common: dict[str, Any] = {
        "inputValueType": given.input_value_type, "inputId": given.input_id, "inputlabel": None,
    }  # fmt: skip
    if isinstance(given, SingleInputValue):
        if options:
            raise Refused(400, "The value of this inputId is a SelectedOptionsInputValue")
        value = given.value.model_dump(by_alias=True, exclude_none=True)
        return given.value.written, {**common, "displayValue": given.display_value, "value": value}
    chosen = [option.option_identifier for option in given.selected_options]
    if not set(chosen) <= options.keys():
        raise Refused(400, "The optionIdentifier is not one of the form")
    return ", ".join(map(options.__getitem__, chosen)), {
        **common,
        "selectedOptions": [entries.selected(identifier, options[identifier]) for identifier in chosen],
    }


def _problem(field: bots.FormField, value: str) -> str:
    if not value:
        return f"{field.label} is required" if field.required else ""
    if field.longest and len(value) > field.longest:
        return f"{field.label} has more than {field.longest} characters"
    return f"{field.label} is not valid" if field.pattern and not field.pattern.fullmatch(value) else ""


def _name(label: str) -> str:
    return re.sub(r"\W+", "_", label.lower()).strip("_")


def refusal(problem: str, form: str) -> Payload:
    """Build the news that a form was not taken; `form` is the id of the message that showed it."""
    error = {"errorType": INVALID, "errorCode": None, "errorMessage": problem}
    result = {"resultType": "FormErrorResult", "errors": [error]}
    body = {"formResponse": {"formatType": "Result", "result": result}}
    return entries.message("FormResponseMessage", body, in_reply_to=form)
