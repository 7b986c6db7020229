"""What was said.

Here: messages of the bot, a rep, the system, and the echo of the user's own, with all that a person sees of them. Not
here: the pieces a message is streamed in (streaming.py), receipts (receipts.py).
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from harness.events.base import Received, frozen
from harness.events.text import quoted


class _Shown(BaseModel):
    """Something that a message shows besides its text."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(_Shown):
    """A choice that was offered."""

    label: str
    """What a person sees."""
    value: str
    """What is sent back."""
    subtitle: str = ""
    """The lines below the label, in smaller print."""


class Link(_Shown):
    """Something to open: a link, a button that opens a page, a source of the answer."""

    label: str = ""
    """What a person sees; empty where it is the bare address."""
    address: str = ""


class Card(_Shown):
    """A card of a carousel."""

    title: str = ""
    subtitle: str = ""
    """The lines below the title."""
    image: str = ""
    """The description of its picture; see `media` of the message for the picture itself."""
    choices: tuple[str, ...] = ()
    """The labels of what it offers to choose; the message has them as `options`, with those of the other cards."""
    links: tuple[Link, ...] = ()


class Media(_Shown):
    """A picture, video or document that is shown in place."""

    description: str = ""
    type: str = ""
    """Media type, such as `image/png`."""
    address: str = ""


class Attachment(_Shown):
    """A file."""

    name: str = ""
    type: str = ""
    """Media type, such as `application/pdf`."""
    address: str = ""
    upload: str = ""
    """`completed`, `pending`, `failed`, another word as it came, or empty where the service did not say."""
    problem: str = ""
    """Why the upload failed, the service's code and words."""


class FormField(_Shown):
    """A field of a form."""

    name: str = ""
    """What its value is sent back under."""
    label: str = ""
    """What a person sees."""
    type: str = ""
    """`text`, `choice`, `date`, `date_time`, or the service's word for another one."""
    required: bool = False
    hint: str = ""
    placeholder: str = ""
    options: tuple[Option, ...] = ()
    multiple: bool = False
    """Whether several options may be chosen."""
    pattern: str = ""
    """The regular expression a text has to match, as it came."""
    longest: int | None = None
    """As many characters as a text may have."""
    content: str = ""
    """What sort of text it is for, the service's word, such as `EmailAddress`; empty where it does not say."""
    first: str = ""
    """The first day or moment that may be picked."""
    last: str = ""
    """The last one."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The labels of its options."""
        return tuple(option.label for option in self.options)


class Form(_Shown):
    """A form to fill in."""

    title: str = ""
    fields: tuple[FormField, ...] = ()
    """In the order in which they are asked."""


class Answer(_Shown):
    """A field of a form as it was filled in."""

    name: str = ""
    """The field's name."""
    value: str = ""
    """What a person sees; several options with a comma between."""


class Record(_Shown):
    """A record that a form made or changed."""

    id: str = ""
    created: bool = False
    """Whether it is new."""
    text: str = ""
    """What the end user is told about it."""


class Fault(_Shown):
    """Something that went wrong."""

    code: str = ""
    """The service's word for it."""
    text: str = ""
    """What the end user is told about it."""


class Component(_Shown):
    """Data for a component of the organisation's own."""

    type: str = ""
    """Which component, such as `copilotActionOutput/Offers`."""
    data: str = ""
    """What it shows, as JSON."""


@frozen
class _Content(Received):
    text: str = ""
    """What a person reads as the text of the message."""
    type: str = ""
    """The service's message type, such as `StaticContentMessage`."""
    format: str = ""
    """The service's format type, such as `Text` or `Buttons`."""
    options: tuple[Option, ...] = ()
    """What it offers to choose, those of its cards included."""
    cards: tuple[Card, ...] = ()
    links: tuple[Link, ...] = ()
    """What it offers to open, sources included; not the links of its cards, nor addresses in its text."""
    media: tuple[Media, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    form: Form | None = None
    answers: tuple[Answer, ...] = ()
    """A form as it was filled in."""
    records: tuple[Record, ...] = ()
    """What became of a form."""
    errors: tuple[Fault, ...] = ()
    components: tuple[Component, ...] = ()
    in_reply_to: str | None = None
    """Entry id of the message it answers."""
    automated: bool = False
    """Whether the service marked it as an automated response."""
    revised: bool = False
    """Whether the sender changed the answer while validating it."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The labels of the choices offered, as a person sees them."""
        return tuple(option.label for option in self.options)

    @property
    def fields(self) -> tuple[FormField, ...]:
        """The fields of its form."""
        return self.form.fields if self.form else ()

    def _said(self) -> str:
        form = f" [{self.format}]" if self.format not in {"", "Text"} else ""
        return f"{quoted(self.text)}{form}{''.join(self._told())}"

    def _told(self) -> Iterator[str]:
        for what, labels in (
            ("cards", [card.title for card in self.cards]),
            ("choices", self.choices),
            ("fields", [field.label or field.name for field in self.fields]),
            ("links", [link.label or link.address for link in self.links]),
            ("media", [media.description or media.address for media in self.media]),
            ("attachments", [file.name for file in self.attachments]),
        ):
            if labels:
                yield f", {what} {', '.join(quoted(label, limit=40) for label in labels)}"


@frozen
class Message(_Content):
    """A message from anyone but this end user."""

    LANE: ClassVar[str] = "message"
    kind: Literal["message"] = "message"

    def __str__(self) -> str:
        return f"message from {self.who}: {self._said()}"


@frozen
class Echo(_Content):
    """This end user's own message come back."""

    LANE: ClassVar[str] = "echo"
    kind: Literal["echo"] = "echo"

    def __str__(self) -> str:
        return f"echo of {self._said()}"


@frozen
class Updated(Received):
    """A message was changed after it was sent, such as when an upload completed."""

    LANE: ClassVar[str] = "message"
    kind: Literal["updated"] = "updated"
    message: str = ""
    """Entry id of the message."""
    attachments: tuple[Attachment, ...] = ()
    """Its files as they are now."""


@frozen
class Undelivered(Received):
    """A message could not be delivered."""

    LANE: ClassVar[str] = "receipt"
    kind: Literal["undelivered"] = "undelivered"
    of: str = ""
    """Entry id of the message."""
    error: str = ""
    """The service's code and words."""

    def __str__(self) -> str:
        return f"undelivered: {quoted(self.error)}"
