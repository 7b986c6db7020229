"""What clients may ask: the bodies of the requests, and why one is refused.

Here: the shape of a body. Not here: whether the thing asked for exists or is allowed (service.py).

Unknown properties are errors, as the service is strict about them (protocol notes, section 3). Only some of the words
of the refusals have been observed; the others are ours.
"""

import json
import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from harness.sandbox.refusals import Refused
from harness.sandbox.tokens import BASE_CAPABILITIES

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
ORG_ID = re.compile(r"00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?")
APP_NAME = re.compile(r"[A-Za-z0-9_.]{1,40}")
CAPABILITIES = frozenset({BASE_CAPABILITIES, *range(60, 71)})

Body = TypeVar("Body", bound="RequestBody")


def conversation_id(value: str) -> str:
    """Check the id of a conversation and make it lower case.

    Raises:
        Refused: 400; it is no UUID of version 4.
    """
    if not UUID4.fullmatch(value.lower()):
        raise Refused(400, "Specify the conversationId in UUID format.")
    return value.lower()


def _rule(broken: bool, message: str) -> None:
    if broken:
        raise PydanticCustomError("rule", "{message}", {"message": message})


def _uuid(name: str) -> AfterValidator:
    def check(value: str) -> str:
        _rule(not UUID4.fullmatch(value.lower()), f"Specify the {name} in UUID format.")
        return value.lower()

    return AfterValidator(check)


def _org_id(value: str) -> str:
    _rule(not ORG_ID.fullmatch(value), "Invalid orgId")
    return value


def _app_name(value: str) -> str:
    _rule(not APP_NAME.fullmatch(value), "Invalid appName")
    return value


def _capabilities(value: Any) -> int:
    _rule(not (isinstance(value, str) and value in map(str, CAPABILITIES)), "Invalid capabilitiesVersion")
    return int(value)


def _uuid_or_empty(value: str) -> str:
    _rule(bool(value) and not UUID4.fullmatch(value.lower()), "Specify the inReplyToMessageId in UUID format.")
    return value.lower()


def _written(pattern: re.Pattern[str], *, or_empty: bool = False) -> Any:
    """Say in the schema how a text is written that a rule checks."""
    return Field(json_schema_extra={"pattern": f"^({pattern.pattern}){'?' if or_empty else ''}$"})


Uuid = Annotated[str, _uuid("id"), _written(UUID4)]
Answered = Annotated[str, AfterValidator(_uuid_or_empty), _written(UUID4, or_empty=True)]
"""Id of the message that is answered; clients may write an empty one."""


class RequestBody(BaseModel):
    """A body; unknown properties are errors."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True)


class TokenContext(RequestBody):
    """The application that asks."""

    app_name: Annotated[str, AfterValidator(_app_name), _written(APP_NAME)] | None = None
    client_version: str | None = None


class TokenRequest(RequestBody):
    """POST authorization/unauthenticated/access-token."""

    org_id: Annotated[str, AfterValidator(_org_id), _written(ORG_ID)]
    es_developer_name: str
    capabilities_version: Annotated[
        int, BeforeValidator(_capabilities), WithJsonSchema({"enum": sorted(map(str, CAPABILITIES))})
    ]
    platform: Literal["Web", "Mobile"]
    device_id: str | None = None
    context: TokenContext | None = None
    captcha_token: str | None = None


class CustomerTokenRequest(TokenRequest):
    """POST authorization/authenticated/access-token."""

    authorization_type: Literal["JWT"]
    customer_identity_token: Annotated[str, Field(min_length=1)]


class CreateRequest(RequestBody):
    """POST conversation."""

    conversation_id: Annotated[str, _uuid("conversationId"), _written(UUID4)]
    es_developer_name: str
    routing_attributes: dict[str, str] | None = None
    language: str | None = None


class StaticText(RequestBody):
    """A text."""

    format_type: Literal["Text"]
    text: Annotated[str, Field(min_length=1)]


class Selection(RequestBody):
    """A chosen option; the title is decoration, the service has its own."""

    option_identifier: str
    option_id: str | None = None
    option_title: str | dict[str, Any] | None = None


class Selections(RequestBody):
    """The chosen options."""

    format_type: Literal["Selections"]
    selected_options: Annotated[list[Selection], Field(min_length=1)]


class _Message(RequestBody):
    id: Uuid
    in_reply_to_message_id: Answered | None = None
    references: list[dict[str, Any]] | None = None

    @property
    def answers(self) -> str | None:
        """Id of the message this one answers; clients may write an empty one."""
        return self.in_reply_to_message_id or None


class TextMessage(_Message):
    """A message of text."""

    message_type: Literal["StaticContentMessage"]
    static_content: StaticText


class ChoicesResponse(_Message):
    """An answer to a message that offered options."""

    message_type: Literal["ChoicesResponseMessage"]
    in_reply_to_message_id: Answered
    choices_response: Selections


class TypedValue(RequestBody):
    """What was written or picked, in the type of its field."""

    value_type: Literal["TextValue", "DateValue", "DateTimeValue"]
    text_value: str | None = None
    date_value: str | None = None
    date_time_value: str | None = None

    @property
    def written(self) -> str:
        """The value as text."""
        return self.text_value or self.date_value or self.date_time_value or ""


class SingleInputValue(RequestBody):
    """A field that was written into, or whose day was picked."""

    input_value_type: Literal["SingleInputValue"]
    input_id: str
    inputlabel: Annotated[Any, Field(alias="inputlabel")] = None
    display_value: str | None = None
    value: TypedValue


class SelectedOptionsInputValue(RequestBody):
    """A field whose options were picked."""

    input_value_type: Literal["SelectedOptionsInputValue"]
    input_id: str
    inputlabel: Annotated[Any, Field(alias="inputlabel")] = None
    selected_options: list[Selection]


class FormInputs(RequestBody):
    """A form as it was filled in."""

    format_type: Literal["Inputs"]
    input_values: list[Annotated[SingleInputValue | SelectedOptionsInputValue, Field(discriminator="input_value_type")]]


class FormResponse(_Message):
    """An answer to a message with a form."""

    message_type: Literal["FormResponseMessage"]
    in_reply_to_message_id: Answered
    form_response: FormInputs


class FileMessage(RequestBody):
    """What is said of a file."""

    id: Uuid
    file_id: Uuid
    text: str | None = None
    in_reply_to_message_id: Answered | None = None


class Sending(RequestBody):
    """What goes with a message: the deployment, and what a new session is to know.

    Attributes:
        es_developer_name: The deployment.
        is_new_messaging_session: Start a session where there is none.
        routing_attributes: Values of the pre-chat form.
        language: Locale.
    """

    es_developer_name: str
    is_new_messaging_session: bool | None = None
    routing_attributes: dict[str, str] | None = None
    language: str | None = None


class FileEntry(Sending):
    """POST conversation/{id}/file, the part `messageEntry`."""

    message: FileMessage


class ContextVariable(RequestBody):
    """A variable of the session's context."""

    name: str
    value: Any = None


class SessionContextSet(RequestBody):
    """What the session is to know."""

    context_type: Literal["SessionContextSet"]
    context_variables: Annotated[list[ContextVariable], Field(min_length=1, max_length=1)]


class SessionContext(RequestBody):
    """An entry of the context."""

    entry_type: Literal["SessionContext"]
    id: str
    session_context: SessionContextSet


class MessageRequest(Sending):
    """POST conversation/{id}/message."""

    message: Annotated[TextMessage | ChoicesResponse | FormResponse, Field(discriminator="message_type")]
    context: list[SessionContext] | None = None


class EntryRequest(RequestBody):
    """POST conversation/{id}/entry."""

    entry_type: Literal["TypingStartedIndicator", "TypingStoppedIndicator"]
    id: Uuid


class Ack(RequestBody):
    """An acknowledgement."""

    id: Uuid
    entry_type: Literal["Delivery", "Read"]
    conversation_entry_id: Annotated[str, _uuid("conversationEntryId"), _written(UUID4)]


class AcknowledgeRequest(RequestBody):
    """POST conversation/{id}/acknowledge-entries; 25 at most, as in the sibling API."""

    acks: Annotated[list[Ack], Field(min_length=1, max_length=25)]


def parse(kind: type[Body], raw: bytes) -> Body:
    """Read a body.

    Args:
        kind: What it ought to be.
        raw: The body as it came.

    Raises:
        Refused: 400; it isn't JSON, or not such a body.
    """
    try:
        return kind.model_validate(_json(raw))
    except ValidationError as invalid:
        # An unknown property comes first, as it does where the body is bound to a class before anything is checked.
        error = min(invalid.errors(include_url=False), key=lambda error: error["type"] != "extra_forbidden")
        raise Refused(400, _explain(error)) from None


def _json(raw: bytes) -> Any:
    def no_number(word: str) -> None:
        raise ValueError(word)

    try:
        value = json.loads(raw, parse_constant=no_number)
        if rb"\u" in raw:
            # Half a surrogate pair can't be written as UTF-8; the JVM makes it a question mark, and so do we.
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise Refused(400, "Malformed JSON request") from None
    return value


def _explain(error: Any) -> str:
    name = next((str(step) for step in reversed(error["loc"]) if isinstance(step, str)), "")
    match error["type"]:
        case "rule":
            return str(error["msg"])
        case "extra_forbidden":
            return f'Unrecognized field "{name}"'
        case "missing":
            return f"Specify the {name}."
        case "union_tag_not_found":
            return "Specify the messageType."
        case "union_tag_invalid":
            return f'Invalid messageType "{error["ctx"]["tag"]}"'
    return f"Invalid {name}" if name else "Malformed JSON request"
