"""What the service tells when it is asked: lists, a status, a configuration, business hours.

Here: the shape of the answers. Not here: asking (miaw.py), what comes on the event stream (protocols/miaw/). What
is not listed here is passed over, as the official client does. Source: protocol notes, sections 2.1, 3.3 to 3.5, 3.12.
"""

from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from harness.errors import RemoteProtocolError
from harness.events.text import quoted
from harness.protocols.miaw.models import ConversationEntry, parse_entry

Told = TypeVar("Told", bound="Answer")


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class RoutingStatus(Answer):
    """Who a conversation is routed to: `INITIAL`, `NEEDS_ROUTING`, `ROUTED`, `TRANSFER`, or what is new."""

    conversation_id: str
    routing_status: str


class Listed(Answer):
    """A conversation in a list; times in epoch milliseconds."""

    conversation_id: str
    start_timestamp: int
    end_timestamp: int = 0
    """0 while it is open."""
    is_conversation_closed: bool = False


class Conversations(Answer):
    """A user's conversations."""

    open_conversations_found: int
    closed_conversations_found: int
    conversations: tuple[Listed, ...]


class Entries(Answer):
    """A page of entries."""

    conversation_entries: tuple[dict[str, Any], ...]

    def read(self) -> list[ConversationEntry]:
        """Give the entries, in the order of the page.

        Raises:
            ValidationError: One of a known type is malformed.
        """
        return [parse_entry(entry) for entry in self.conversation_entries]


class FormField(Answer):
    """A field of a pre-chat form."""

    name: str
    type: str
    required: bool = False
    max_length: int | None = None
    is_hidden: bool = False
    choice_list_id: str | None = None


class Form(Answer):
    """A pre-chat form."""

    form_type: str
    display_context: str | None = None
    """`Conversation` or `Session`: what it is to be filled in for."""
    form_fields: tuple[FormField, ...] = ()


class Channel(Answer):
    """The channel of a deployment."""

    channel_address_identifier: str
    auth_mode: str | None = None


class Attachments(Answer):
    """Whether files may be sent."""

    end_user_to_agent: bool = False
    max_file_size: float | None = None
    """Megabytes."""


class TranscriptAllowance(Answer):
    """Whether the conversation may be downloaded."""

    allow_transcript_download: bool = False


class Configuration(Answer):
    """A deployment as anybody may see it."""

    name: str
    deployment_type: str
    """`api`, however it is written."""
    channel: Channel | None = Field(default=None, alias="embeddedServiceMessagingChannel")
    forms: tuple[Form, ...] = ()
    attachments: Attachments = Attachments()
    transcript: TranscriptAllowance = TranscriptAllowance()


class Configured(Answer):
    """The answer that holds a configuration."""

    embedded_service_config: Configuration


class Interval(Answer):
    """From an opening to a closing, in epoch milliseconds."""

    start_time: int
    end_time: int


class BusinessHours(Answer):
    """When somebody is there."""

    name: str
    is_active: bool
    """If not, it is closed whatever the intervals say."""
    business_hours: tuple[Interval, ...] = ()

    def is_open(self, at: float) -> bool:
        """Whether somebody is there at a time, in seconds since 1970."""
        return self.is_active and any(one.start_time <= at * 1000 < one.end_time for one in self.business_hours)


class Hours(Answer):
    """The answer that holds business hours."""

    business_hours_info: BusinessHours


def told(operation: str, kind: type[Told], response: httpx.Response) -> Told:
    """Read an answer.

    Args:
        operation: What was asked for.
        kind: What is to be in the answer.
        response: The answer.

    Raises:
        RemoteProtocolError: Something else is in it.
    """
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        raise strange(operation, response, error) from error


def strange(operation: str, response: httpx.Response, error: ValidationError) -> RemoteProtocolError:
    """The error that an answer isn't what it should be."""
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, problem["loc"]))
    return RemoteProtocolError(
        f"{operation} was answered {response.status_code} with something else than the service documents "
        f"({f'{where}: ' if where else ''}{problem['msg']}): {quoted(response.text, limit=200)}"
    )
