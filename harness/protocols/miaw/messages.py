"""What stands inside a message: message types, format types, and the items they are made of.

Here: the shapes of section 7 of the protocol notes as frozen values, each able to say what a person would read
(`visible_text`) and what it offers to choose (`options`), and the grammar they share: a `Part` keeps fields nobody
knows, `OneOf` keeps types nobody knows, `Open` keeps values nobody knows. Not here: the envelope and the other events
(models.py), what a message means for a conversation (mapping.py), how bytes become text (the event stream's decoder).

Reading rules, for every class of this module and of models.py:

- A type, field or enum value that is not listed is kept whole, and models.unknowns names it.
- A field that the notes do not star may be absent or null; both read as None, and both are written back as they came.
- A listed type that lacks a starred field, or has a value of another JSON type, is malformed: pydantic.ValidationError.
"""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, PrivateAttr, StrictBool, StrictFloat, StrictInt
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, ValidationError, core_schema

# ---- the grammar


class Part(BaseModel):
    """A JSON object of the protocol: named fields, and any others as they came (`model_extra`)."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        alias_generator=to_camel,
        populate_by_name=True,
        ser_json_inf_nan="constants",  # 1e999 is JSON; it must not come back as null
    )


class Visible(Part):
    """A part that reaches the eyes of a person."""

    @property
    def visible_text(self) -> str:
        """What a person reads as the text of this part; empty if it has none."""
        return ""


class Option(NamedTuple):
    """A choice as it was offered: what a person reads, and what their client sends back."""

    label: str
    identifier: str


class Offering(Visible):
    """A part that may let a person choose."""

    @property
    def options(self) -> tuple[Option, ...]:
        """The choices offered, in the order of the wire; links are none."""
        return ()


class Unknown(Offering):
    """An object whose type is not listed; all of its fields are extra ones. A person sees a fallback (section 7.1)."""

    _tag: str = PrivateAttr(default="")

    @property
    def type_name(self) -> str:
        """The type it claims to be of."""
        return str((self.model_extra or {}).get(self._tag, ""))


PartT = TypeVar("PartT", bound=Part)


def read(cls: type[PartT], value: object) -> PartT:
    """Validate a decoded JSON object by the names of the wire alone.

    `populate_by_name` is for those who build parts in Python: `entry_type` in somebody's JSON is an unknown field.
    """
    return cls.__pydantic_validator__.validate_python(value, by_alias=True, by_name=False)  # type: ignore[no-any-return]


class OneOf:
    """Annotates a union of parts: the class is picked by the value of one field, `Unknown` where no class claims it.

    A table and a call instead of pydantic's own tagged union: that one has no room for unknown tags, and it would put
    the tags into the location of every error.

    Args:
        tag: Name of the deciding field on the wire.
        lenient: Whether an object without the field is of the first class; otherwise it is malformed.
    """

    def __init__(self, tag: str, *, lenient: bool = False) -> None:
        self.tag, self.lenient = tag, lenient
        self.first: type[Part] = Unknown
        self.classes: dict[str, type[Part]] = {}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        classes = [cls for cls in get_args(source) if cls is not Unknown]
        self.first = classes[0]
        self.classes = {name: cls for cls in classes for name in self._names(cls)}
        return core_schema.no_info_plain_validator_function(self.pick)

    def _names(self, cls: type[Part]) -> list[str]:
        field = next(field for field in cls.model_fields.values() if field.alias == self.tag)
        members = get_args(field.annotation)
        return [name for member in members for name in (get_args(member) or (member,)) if isinstance(name, str)]

    def pick(self, value: object) -> Part:
        """Read an object as the class its tag asks for; parts built in Python pass as they are."""
        if not isinstance(value, dict):
            if isinstance(value, Unknown) or type(value) in self.classes.values():
                return cast("Part", value)
            raise PydanticCustomError("object_type", "Input should be an object")
        tag = value.get(self.tag)
        if (cls := self.classes.get(tag) if isinstance(tag, str) else None) is not None:
            return read(cls, value)
        if tag is None and self.lenient:
            return read(self.first, value)
        if not isinstance(tag, str):
            kind = "missing" if tag is None else "string_type"
            raise ValidationError.from_exception_data(self.tag, [{"type": kind, "loc": (self.tag,), "input": tag}])
        return unknown(self.tag, value)


def unknown(tag: str, value: dict[str, Any]) -> Unknown:
    """Keep an object of a type that is not listed.

    Args:
        tag: The field that says its type.
        value: The object, decoded.
    """
    part = read(Unknown, value)
    part._tag = tag
    return part


class Open:
    """Annotates a union whose first fitting member wins, with one error if none fits.

    For enumerations that may grow (`Role | str`): a listed value becomes the member, any other stays a str.
    """

    def __init__(self, error: Literal["string_type", "float_type"] = "string_type") -> None:
        self.error = error

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices: list[CoreSchema | tuple[CoreSchema, str]] = [handler.generate_schema(one) for one in get_args(source)]
        return core_schema.union_schema(choices, mode="left_to_right", custom_error_type=self.error)


Number = Annotated[StrictInt | StrictFloat, Open("float_type")]

# ---- items, section 7.2


class _Title(Visible):
    title: str
    sub_title: str | None = None
    secondary_sub_title: str | None = None
    tertiary_sub_title: str | None = None
    reference_id: str | None = None

    @property
    def visible_text(self) -> str:
        """The title."""
        return self.title


class TitleItem(_Title):
    """A title of up to four lines."""

    item_type: Literal["TitleItem"] | None = None


class TitleImageItem(_Title):
    """A title with one of the images that stand beside it in the message."""

    item_type: Literal["TitleImageItem"]
    image_id: str
    image_sub_title: str | None = None


class TitleVideoItem(_Title):
    """A title with a video."""

    item_type: Literal["TitleVideoItem"]
    video_id: str
    image_id: str | None = None


Title = Annotated[TitleItem | TitleImageItem | TitleVideoItem | Unknown, OneOf("itemType", lenient=True)]


class TitleOptionItem(Visible):
    """Something to choose."""

    item_type: Literal["TitleOptionItem"] | None = None
    title_item: Title
    option_identifier: str
    option_id: str | None = None
    """Deprecated."""

    @property
    def visible_text(self) -> str:
        """The label."""
        return self.title_item.visible_text


class TitleLinkItem(Visible):
    """Something to open."""

    item_type: Literal["TitleLinkItem"] | None = None
    title_item: Title
    url: str

    @property
    def visible_text(self) -> str:
        """The label."""
        return self.title_item.visible_text


OptionItem = Annotated[TitleOptionItem | Unknown, OneOf("itemType", lenient=True)]
LinkItem = Annotated[TitleLinkItem | Unknown, OneOf("itemType", lenient=True)]
InteractionItem = Annotated[TitleOptionItem | TitleLinkItem | Unknown, OneOf("itemType")]


def _offered(items: tuple[Part, ...]) -> tuple[Option, ...]:
    return tuple(
        Option(item.visible_text, item.option_identifier) for item in items if isinstance(item, TitleOptionItem)
    )


class AssetType(StrEnum):
    """What an asset is."""

    IMAGE = "ImageAsset"
    VIDEO = "VideoAsset"
    DOCUMENT = "DocumentAsset"


class Asset(Part):
    """A file to show; the three kinds share their fields."""

    asset_type: Annotated[AssetType | str, Open()] | None = None
    id: str
    mime_type: str
    asset_url: str
    asset_handle: str | None = None
    description: str | None = None
    reference_id: str | None = None


# ---- values, section 7.2


class TextValue(Part):
    """A text."""

    value_type: Literal["TextValue"]
    text_value: str | None = None


class BooleanValue(Part):
    """Yes or no."""

    value_type: Literal["BooleanValue"]
    boolean_value: StrictBool | None = None


class IntegerValue(Part):
    """A whole number."""

    value_type: Literal["IntegerValue"]
    integer_value: StrictInt | None = None


class DoubleValue(Part):
    """A number."""

    value_type: Literal["DoubleValue"]
    double_value: Number | None = None


class UrlValue(Part):
    """An address."""

    value_type: Literal["UrlValue"]
    url_value: str | None = None


class DateValue(Part):
    """A day, as text."""

    value_type: Literal["DateValue"]
    date_value: str | None = None


class DateTimeValue(Part):
    """A moment, as RFC 3339 text."""

    value_type: Literal["DateTimeValue"]
    date_time_value: str | None = None


class ListValue(Part):
    """Several values."""

    value_type: Literal["ListValue"]
    items: "tuple[Value, ...] | None" = None


class LocationValue(Part):
    """A place; its shape is not published."""

    value_type: Literal["LocationValue"]
    location: Any = None


class ReferenceValue(Part):
    """A reference to something elsewhere in the message."""

    value_type: Literal["ReferenceValue"]
    reference_id: str | None = None


class StructuredValue(Part):
    """Any JSON."""

    value_type: Literal["StructuredValue"]
    value: Any = None


class ExperienceTypeValue(Part):
    """Data for a component of the org's own, such as `copilotActionOutput/<Name>`."""

    value_type: Literal["ExperienceTypeValue"]
    type: str
    value: Any
    property: Any = None


Value = Annotated[
    TextValue
    | BooleanValue
    | IntegerValue
    | DoubleValue
    | UrlValue
    | DateValue
    | DateTimeValue
    | ListValue
    | LocationValue
    | ReferenceValue
    | StructuredValue
    | ExperienceTypeValue
    | Unknown,
    OneOf("valueType"),
]
ListValue.model_rebuild()

# ---- actions, section 7.2


class _Action(Visible):
    label: str

    @property
    def visible_text(self) -> str:
        """The label."""
        return self.label


class LinkAction(_Action):
    """Opens a page."""

    action_type: Literal["LinkAction"]
    url: str | None = None


class CopyCodeAction(_Action):
    """Puts a code on the clipboard."""

    action_type: Literal["CopyCodeAction"]
    code: str | None = None


class TextReplyAction(_Action):
    """Answers with a text."""

    action_type: Literal["TextReplyAction"]
    text: str | None = None


class OtherAction(_Action):
    """An action of which no more than the label is published."""

    action_type: Literal["PhoneCallAction", "VoiceCallAction", "FlowAction"]


Action = Annotated[LinkAction | CopyCodeAction | TextReplyAction | OtherAction | Unknown, OneOf("actionType")]

# ---- StaticContentMessage, section 7.3


class PlainText(Visible):
    """A text and nothing else, as in streaming tokens and progress messages (sections 5.9, 5.12)."""

    format_type: Literal["Text"]
    text: str

    @property
    def visible_text(self) -> str:
        """The text."""
        return self.text


class Url(Part):
    """An address in an object of its own."""

    url: str


class LinkReference(Part):
    """A source that can be opened."""

    cited_reference_type: Literal["Link"]
    link: Url
    record_id: str | None = None
    label: str | None = None


class Claim(Part):
    """The stretch of the text that a source stands for, in characters."""

    claim_start_offset: StrictInt
    claim_end_offset: StrictInt


class InlineCitation(Part):
    """Where a source is to be marked, and what for."""

    claim: Claim | None = None
    cited_location_offset: StrictInt


class InlineDetails(Part):
    """The places of the text that a source belongs to."""

    cited_details_type: Literal["InlineMetadata"]
    inline_metadata: tuple[InlineCitation, ...] | None = None


class Citation(Part):
    """A source of the answer."""

    cited_reference: Annotated[LinkReference | Unknown, OneOf("citedReferenceType")]
    cited_details: Annotated[InlineDetails | Unknown, OneOf("citedDetailsType")] | None = None


class CitationContent(Part):
    """The sources of the answer."""

    citations: tuple[Citation, ...] | None = None


class StaticText(PlainText):
    """A text; the newer clients read it as Markdown, and no flag says so."""

    citation_content: CitationContent | None = None


class StaticRichLink(Visible):
    """A link with a picture; also what the service makes of an address in somebody's text (section 3.6)."""

    format_type: Literal["RichLink"]
    link_item: LinkItem
    image: Asset | None = None
    video: Asset | None = None
    text: str | None = None

    @property
    def visible_text(self) -> str:
        """The text, else the label of the link."""
        return self.text or self.link_item.visible_text


class CompletedUpload(Part):
    """The file is there."""

    result_type: Literal["CompletedAttachmentUploadResult"]


class PendingUpload(Part):
    """The file is on its way; a MessageUpdated follows (section 5.15)."""

    result_type: Literal["PendingAttachmentUploadResult"]
    reference_id: str


class UploadError(StrEnum):
    """Why a file was not taken."""

    STORAGE_LIMIT_EXCEEDED = "StorageLimitExceeded"
    TOO_LARGE = "AttachmentTooLarge"
    NOT_FOUND = "AttachmentNotFound"
    NOT_ENABLED = "AttachmentUploadNotEnabled"
    NOT_ALLOWED = "AttachmentUploadNotAllowed"
    INTERNAL_SERVER_ERROR = "InternalServerError"


class FailedUpload(Part):
    """The file was not taken."""

    result_type: Literal["ErrorAttachmentUploadResult"]
    error_type: Annotated[UploadError | str, Open()] | None = None
    error_message: str | None = None


class Attachment(Part):
    """A file."""

    id: str
    name: str
    mime_type: str
    url: str
    reference_id: str | None = None
    attachment_upload_result: (
        Annotated[CompletedUpload | PendingUpload | FailedUpload | Unknown, OneOf("resultType")] | None
    ) = None


class StaticAttachments(Visible):
    """Files."""

    format_type: Literal["Attachments"]
    attachments: tuple[Attachment, ...]
    text: str | None = None

    @property
    def visible_text(self) -> str:
        """The caption."""
        return self.text or ""


class WebViewDisplay(StrEnum):
    """How a page is opened."""

    AUTO_OVERLAY = "AutoOverlay"


class WebViewParameter(Part):
    """Something the page is told."""

    name: str | None = None
    value: Any = None


class StaticWebView(Visible):
    """A page inside the conversation; the survey after it is the named use."""

    format_type: Literal["WebView"]
    url: str
    title: Title | None = None
    parameters: tuple[WebViewParameter, ...] | None = None
    display_type: Annotated[WebViewDisplay | str, Open()] | None = None

    @property
    def visible_text(self) -> str:
        """The title."""
        return self.title.visible_text if self.title else ""


class StaticLinks(Visible):
    """A bare link."""

    format_type: Literal["Links"]
    links: tuple[Url, ...]

    @property
    def visible_text(self) -> str:
        """The addresses, a line each."""
        return "\n".join(link.url for link in self.links)


class StaticMedia(Visible):
    """A picture or a video, with links."""

    format_type: Literal["Media"]
    media_asset: Asset
    link_items: tuple[LinkItem, ...] | None = None


class StaticButtons(Visible):
    """A text with buttons that open something."""

    format_type: Literal["Buttons"]
    text: str
    actions: tuple[Action, ...] | None = None
    link_items: tuple[LinkItem, ...] | None = None
    """Deprecated."""

    @property
    def visible_text(self) -> str:
        """The text above the buttons."""
        return self.text


class StaticCarouselItem(Part):
    """A card with links."""

    title_item: Title
    link_items: tuple[LinkItem, ...]


class StaticCarousel(Visible):
    """Cards with links."""

    format_type: Literal["Carousel"]
    items: tuple[StaticCarouselItem, ...]
    images: tuple[Asset, ...] | None = None


class StaticExperience(Visible):
    """Data for components of the org's own."""

    format_type: Literal["ExperienceType"]
    values: tuple[Value, ...]
    message: str | None = None

    @property
    def visible_text(self) -> str:
        """The text beside the component."""
        return self.message or ""


class ErrorDetails(Part):
    """What went wrong."""

    error_code: str
    error_messages: tuple[str, ...]


class StaticError(Visible):
    """The bot says that something went wrong."""

    format_type: Literal["ErrorMessage"]
    error_details: ErrorDetails
    title: str | None = None

    @property
    def visible_text(self) -> str:
        """The title, else the messages, a line each."""
        return self.title or "\n".join(self.error_details.error_messages)


class StaticExtendedText(Visible):
    """A text like an e-mail's; the types of its fields are not published."""

    format_type: Literal["ExtendedText"]
    content_header: Any = None
    text_content: Any = None
    rich_content: Any = None
    attachments: Any = None
    full_content: Any = None
    is_truncated: Any = None

    @property
    def visible_text(self) -> str:
        """The plain text."""
        return self.text_content if isinstance(self.text_content, str) else ""


StaticContent = Annotated[
    StaticText
    | StaticRichLink
    | StaticAttachments
    | StaticWebView
    | StaticLinks
    | StaticMedia
    | StaticButtons
    | StaticCarousel
    | StaticExperience
    | StaticError
    | StaticExtendedText
    | Unknown,
    OneOf("formatType"),
]

# ---- ChoicesMessage, section 7.4


class _Options(Offering):
    option_items: tuple[OptionItem, ...]

    @property
    def options(self) -> tuple[Option, ...]:
        """The option items."""
        return _offered(self.option_items)


class ChoicesButtons(_Options):
    """A text with buttons to choose from."""

    format_type: Literal["Buttons"]
    text: str

    @property
    def visible_text(self) -> str:
        """The text above the buttons."""
        return self.text


class ChoicesQuickReplies(_Options):
    """A text with replies to choose from."""

    format_type: Literal["QuickReplies"]
    text: str
    images: tuple[Asset, ...] | None = None

    @property
    def visible_text(self) -> str:
        """The text above the replies."""
        return self.text


class ChoicesCarouselItem(Part):
    """A card with options and links."""

    title_item: Title
    interaction_items: tuple[InteractionItem, ...]


class ChoicesCarousel(Offering):
    """Cards to choose from."""

    format_type: Literal["Carousel"]
    items: tuple[ChoicesCarouselItem, ...]
    images: tuple[Asset, ...] | None = None
    title: str | None = None

    @property
    def visible_text(self) -> str:
        """The title."""
        return self.title or ""

    @property
    def options(self) -> tuple[Option, ...]:
        """The options of all cards; their links are left out."""
        return tuple(option for item in self.items for option in _offered(item.interaction_items))


class ChoicesListPicker(_Options):
    """A list to choose from."""

    format_type: Literal["ListPicker"]
    title: str
    message: Title | None = None
    """The bubble that opens the list."""
    reply: Title | None = None
    """The bubble that shows the choice."""
    images: tuple[Asset, ...] | None = None

    @property
    def visible_text(self) -> str:
        """The title."""
        return self.title


class TimeSlotOptionItem(Part):
    """A time to choose."""

    item_type: Literal["TimeSlotOptionItem"] | None = None
    option_identifier: str
    start_time: str
    """RFC 3339."""
    duration: StrictInt
    """Seconds."""
    reference_id: str | None = None


class CalendarEventOptionsItem(Visible):
    """An appointment and its possible times."""

    item_type: Literal["CalendarEventOptionsItem"] | None = None
    title: str
    identifier: str
    time_slot_option_items: tuple[Annotated[TimeSlotOptionItem | Unknown, OneOf("itemType", lenient=True)], ...]
    timezone_offset: StrictInt | None = None
    image_id: str | None = None
    location: Any = None
    reference_id: str | None = None

    @property
    def visible_text(self) -> str:
        """The title."""
        return self.title


class ChoicesTimePicker(Offering):
    """Times to choose from."""

    format_type: Literal["TimePicker"]
    calendar_event: Annotated[CalendarEventOptionsItem | Unknown, OneOf("itemType", lenient=True)]
    message: Title | None = None
    reply: Title | None = None
    images: tuple[Asset, ...] | None = None

    @property
    def visible_text(self) -> str:
        """The title of the appointment."""
        return self.calendar_event.visible_text

    @property
    def options(self) -> tuple[Option, ...]:
        """The times; the start stands for a label."""
        if isinstance(self.calendar_event, Unknown):
            return ()
        slots = self.calendar_event.time_slot_option_items
        return tuple(
            Option(slot.start_time, slot.option_identifier) for slot in slots if isinstance(slot, TimeSlotOptionItem)
        )


class ChoicesMedia(_Options):
    """A picture or a video with options."""

    format_type: Literal["Media"]
    media_asset: Asset


class OptionsDisplay(StrEnum):
    """How options are laid out."""

    MENU = "Menu"
    BUTTONS = "Buttons"


class DisplayableOption(Part):
    """Something to choose, by number or name."""

    title: str
    alias: str
    option_identifier: str


class ChoicesDisplayableOptions(Offering):
    """Options for channels that only know text."""

    format_type: Literal["DisplayableOptions"]
    display_type: Annotated[OptionsDisplay | str, Open()]
    title: str
    option_items: tuple[DisplayableOption, ...]

    @property
    def visible_text(self) -> str:
        """The title."""
        return self.title

    @property
    def options(self) -> tuple[Option, ...]:
        """The options by their titles."""
        return tuple(Option(item.title, item.option_identifier) for item in self.option_items)


class ChoicesConfirm(Offering):
    """A question to say yes to; the types of its fields are not published."""

    format_type: Literal["ConfirmMessage"]
    message: Any
    confirm: tuple[Any, ...]

    @property
    def visible_text(self) -> str:
        """The question, where it is a text."""
        return self.message if isinstance(self.message, str) else ""


Choices = Annotated[
    ChoicesButtons
    | ChoicesQuickReplies
    | ChoicesCarousel
    | ChoicesListPicker
    | ChoicesTimePicker
    | ChoicesMedia
    | ChoicesDisplayableOptions
    | ChoicesConfirm
    | Unknown,
    OneOf("formatType"),
]

# ---- ChoicesResponseMessage, section 7.5


class SelectedOption(Visible):
    """An option that was chosen."""

    option_identifier: str
    option_id: str | None = None
    """Deprecated."""
    option_title: Title | None = None

    @property
    def visible_text(self) -> str:
        """The label, where the client sent it along."""
        return self.option_title.visible_text if self.option_title else ""


class ResponseSelections(Visible):
    """The options chosen."""

    format_type: Literal["Selections"]
    selected_options: tuple[SelectedOption, ...]

    @property
    def visible_text(self) -> str:
        """The labels, a comma between."""
        return ", ".join(filter(None, (option.visible_text for option in self.selected_options)))


ChoicesResponse = Annotated[ResponseSelections | Unknown, OneOf("formatType")]

# ---- FormMessage, section 7.6


class _Input(Part):
    id: str
    label: Title | None = None
    hint_text: str | None = None
    required: StrictBool | None = None
    error_message: Any = None
    initial_value: Any = None
    enabled: StrictBool | None = None


class TextInputType(StrEnum):
    """How many lines a text may have."""

    SINGLELINE = "Singleline"
    MULTILINE = "Multiline"


class TextInput(_Input):
    """A text to write."""

    input_type: Literal["TextInput"]
    placeholder: str | None = None
    prefix_text: str | None = None
    reg_ex: str | None = None
    maximum_character_count: StrictInt | None = None
    keyboard_type: str | None = None
    text_content_type: str | None = None
    text_input_type: Annotated[TextInputType | str, Open()] | None = None


class SelectionDisplay(StrEnum):
    """How options of a form are laid out."""

    DROPDOWN = "Dropdown"
    RADIO_BUTTONS = "RadioButtons"
    CHECKBOXES = "Checkboxes"
    CHIPS = "ChipsSelector"


class SelectInput(_Input):
    """Options to tick."""

    input_type: Literal["SelectInput"]
    option_items: tuple[OptionItem, ...]
    multiple_selection: StrictBool | None = None
    selection_display: Annotated[SelectionDisplay | str, Open()] | None = None


class OptionPickerInput(_Input):
    """A wheel of options."""

    input_type: Literal["OptionPickerInput"]
    option_items: tuple[OptionItem, ...]
    selected_option_index: StrictInt | None = None


class DatePickerInput(_Input):
    """A day to pick."""

    input_type: Literal["DatePickerInput"]
    date_format: str | None = None
    start_date: str | None = None
    minimum_date: str | None = None
    maximum_date: str | None = None


class DateTimePickerInput(_Input):
    """A moment to pick."""

    input_type: Literal["DateTimePickerInput"]
    date_time_format: str | None = None
    start_date_time: str | None = None
    minimum_date_time: str | None = None
    maximum_date_time: str | None = None


class OtherInput(_Input):
    """An input of which no more than the common fields is published."""

    input_type: Literal["SelectNavigationInput", "StaticTitle", "StaticFooter"]


class SingleInputSection(Part):
    """A page of a form, with one input."""

    section_type: Literal["SingleInputSection"]
    input: Annotated[
        TextInput | SelectInput | OptionPickerInput | DatePickerInput | DateTimePickerInput | OtherInput | Unknown,
        OneOf("inputType"),
    ]
    next_section_input_id: str | None = None
    submit_form: StrictBool | None = None


class FormSplashScreen(Part):
    """What stands before a form; the types of its texts are not published."""

    screen_type: Literal["FormSplashScreen"] | None = None
    title: Any = None
    text: Any = None
    button_label: Any = None
    image_id: str | None = None


class FormInputs(Visible):
    """A form to fill in."""

    format_type: Literal["Inputs"]
    form_title: Title
    sections: tuple[Annotated[SingleInputSection | Unknown, OneOf("sectionType")], ...]
    intro_screen: Annotated[FormSplashScreen | Unknown, OneOf("screenType", lenient=True)] | None = None
    images: tuple[Asset, ...] | None = None
    message: Title | None = None
    reply: Title | None = None

    @property
    def visible_text(self) -> str:
        """The title of the form."""
        return self.form_title.visible_text


Form = Annotated[FormInputs | Unknown, OneOf("formatType")]

# ---- FormResponseMessage, section 7.7


class _InputValue(Part):
    input_id: str
    inputlabel: Any = None
    """Spelled so on the wire."""


class SingleInputValue(_InputValue):
    """What was written or picked."""

    input_value_type: Literal["SingleInputValue"]
    value: Value
    display_value: str | None = None


class SelectedOptionsInputValue(_InputValue):
    """What was ticked."""

    input_value_type: Literal["SelectedOptionsInputValue"]
    selected_options: tuple[SelectedOption, ...]


class FormResponseInputs(Visible):
    """A form as it was filled in."""

    format_type: Literal["Inputs"]
    input_values: tuple[Annotated[SingleInputValue | SelectedOptionsInputValue | Unknown, OneOf("inputValueType")], ...]
    form_title: Title | None = None


class FormRecord(Part):
    """A record made or changed by a form."""

    record_reference_id: str
    is_created: StrictBool
    result_message: str | None = None


class FormRecordsResult(Part):
    """The form was taken."""

    result_type: Literal["FormRecordsResult"]
    records: tuple[FormRecord, ...]


class FormErrorType(StrEnum):
    """Why a form was not taken."""

    INVALID_FORM_RESPONSE = "InvalidFormResponse"
    FORM_REQUEST_EXPIRED = "FormRequestExpired"
    API_RESULT_ERROR_CODE = "ApiResultErrorCode"
    INTERNAL_SERVER_ERROR = "InternalServerError"


class FormError(Part):
    """A complaint about a form."""

    error_type: Annotated[FormErrorType | str, Open()]
    error_message: str
    error_code: str | None = None


class FormErrorResult(Part):
    """The form was not taken."""

    result_type: Literal["FormErrorResult"]
    errors: tuple[FormError, ...]


class FormResponseResult(Visible):
    """What became of a form."""

    format_type: Literal["Result"]
    result: Annotated[FormRecordsResult | FormErrorResult | Unknown, OneOf("resultType")]

    @property
    def visible_text(self) -> str:
        """The service's words, a line each."""
        match self.result:
            case FormRecordsResult(records=records):
                return "\n".join(record.result_message for record in records if record.result_message)
            case FormErrorResult(errors=errors):
                return "\n".join(error.error_message for error in errors)
            case _:
                return ""


FormResponse = Annotated[FormResponseInputs | FormResponseResult | Unknown, OneOf("formatType")]

# ---- AbstractMessage, sections 5.6 and 7.2


class ContentCategory(StrEnum):
    """What a message is for."""

    REMINDER = "Reminder"
    FEEDBACK = "Feedback"
    ORDER_UPDATE = "OrderUpdate"
    ACCOUNT_UPDATE = "AccountUpdate"
    PROMOTIONAL_OUTREACH = "PromotionalOutreach"
    AUTHENTICATION = "Authentication"


class CustomHandlingType(StrEnum):
    """Whether a message is a survey."""

    NONE = "None"
    SURVEY = "Survey"


class Reference(Part):
    """A record that a message refers to."""

    id: str
    record_id: str


class _Message(Offering):
    body: ClassVar[str]
    """Name of the field that holds the body, in Python."""

    message_type: str
    in_reply_to_message_id: str | None = None
    id: str
    references: tuple[Reference, ...] | None = None
    content_category: Annotated[ContentCategory | str, Open()] | None = None
    custom_handling_type: Annotated[CustomHandlingType | str, Open()] | None = None

    @property
    def visible_text(self) -> str:
        """What a person reads as the text of the message; empty if it has none."""
        body: Visible = getattr(self, self.body)
        return body.visible_text


class StaticContentMessage(_Message):
    """Something to read or look at."""

    body = "static_content"
    message_type: Literal["StaticContentMessage"]
    static_content: StaticContent


class ChoicesMessage(_Message):
    """Something to choose from."""

    body = "choices"
    message_type: Literal["ChoicesMessage"]
    choices: Choices

    @property
    def options(self) -> tuple[Option, ...]:
        """The choices offered, in the order of the wire; links are none."""
        return self.choices.options


class ChoicesResponseMessage(_Message):
    """What was chosen; `in_reply_to_message_id` says from what."""

    body = "choices_response"
    message_type: Literal["ChoicesResponseMessage"]
    choices_response: ChoicesResponse


class FormMessage(_Message):
    """A form to fill in."""

    body = "form"
    message_type: Literal["FormMessage"]
    form: Form


class FormResponseMessage(_Message):
    """A form filled in, or what became of it; `in_reply_to_message_id` says which."""

    body = "form_response"
    message_type: Literal["FormResponseMessage"]
    form_response: FormResponse


AbstractMessage = Annotated[
    StaticContentMessage | ChoicesMessage | ChoicesResponseMessage | FormMessage | FormResponseMessage | Unknown,
    OneOf("messageType"),
]
"""Payments, authentication, orders and the like are for other channels (section 7.1): a web client shows a fallback."""
