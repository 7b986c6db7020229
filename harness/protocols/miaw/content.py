"""What a message shows besides its text: from the formats of section 7 of the protocol notes to the values of events/.

Here: a reader for every format that shows more than a text. Nothing is rendered, joined or followed; a part whose type
is not listed shows nothing. Not here: the shapes themselves (messages.py), the message around them (mapping.py).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypedDict

from harness import events
from harness.protocols.miaw import messages as wire


class Content(TypedDict, total=False):
    """The fields of a message that a format fills; the others stay empty."""

    options: tuple[events.Option, ...]
    cards: tuple[events.Card, ...]
    links: tuple[events.Link, ...]
    media: tuple[events.Media, ...]
    attachments: tuple[events.Attachment, ...]
    form: events.Form
    answers: tuple[events.Answer, ...]
    records: tuple[events.Record, ...]
    errors: tuple[events.Fault, ...]
    components: tuple[events.Component, ...]


NOTHING = Content()


def content_of(body: wire.Part) -> Content:
    """What the body of a message shows besides its text."""
    if type(body) is wire.StaticText and body.citation_content is None:
        return NOTHING  # nearly all of the traffic
    read = _READERS.get(type(body))
    return read(body) if read else NOTHING


def attachments_of(message: wire.Part) -> tuple[events.Attachment, ...]:
    """The files of a message."""
    content = message.static_content if isinstance(message, wire.StaticContentMessage) else None
    return tuple(map(_attachment, content.attachments)) if isinstance(content, wire.StaticAttachments) else ()


def _lines_below(title: wire.Part) -> str:
    if isinstance(title, wire.Unknown):
        return ""
    lines = (getattr(title, line) for line in ("sub_title", "secondary_sub_title", "tertiary_sub_title"))
    return "\n".join(filter(None, lines))


def _options(items: Iterable[wire.Part]) -> tuple[events.Option, ...]:
    return tuple(
        events.Option(label=item.visible_text, value=item.option_identifier, subtitle=_lines_below(item.title_item))
        for item in items
        if isinstance(item, wire.TitleOptionItem)
    )


def _links(items: Iterable[wire.Part] | None) -> tuple[events.Link, ...]:
    return tuple(
        events.Link(label=item.visible_text, address=item.url)
        for item in items or ()
        if isinstance(item, wire.TitleLinkItem)
    )


def _media(*assets: wire.Asset | None) -> tuple[events.Media, ...]:
    return tuple(
        events.Media(description=asset.description or "", type=asset.mime_type, address=asset.asset_url)
        for asset in assets
        if asset is not None
    )


def _card(title: Any, items: Iterable[wire.Part], images: Iterable[wire.Asset] | None) -> events.Card:
    image = getattr(title, "image_id", None)
    described = (asset.description for asset in images or () if image is not None and asset.id == image)
    return events.Card(
        title=title.visible_text,
        subtitle=_lines_below(title),
        image=next(described, None) or "",
        choices=tuple(option.label for option in _options(items)),
        links=_links(items),
    )


def _attachment(file: wire.Attachment) -> events.Attachment:
    upload, problem = "", ""
    match file.attachment_upload_result:
        case wire.CompletedUpload():
            upload = "completed"
        case wire.PendingUpload():
            upload = "pending"
        case wire.FailedUpload(error_type=code, error_message=words):
            upload, problem = "failed", ": ".join(filter(None, (code, words)))
        case wire.Unknown() as other:
            upload = other.type_name
    return events.Attachment(name=file.name, type=file.mime_type, address=file.url, upload=upload, problem=problem)


# ---- StaticContentMessage


def _text(body: wire.StaticText) -> Content:
    sources = (body.citation_content.citations if body.citation_content else None) or ()
    cited = (source.cited_reference for source in sources)
    return Content(
        links=tuple(
            events.Link(label=one.label or "", address=one.link.url)
            for one in cited
            if isinstance(one, wire.LinkReference)
        )
    )


def _rich_link(body: wire.StaticRichLink) -> Content:
    return Content(links=_links((body.link_item,)), media=_media(body.image, body.video))


def _attachments(body: wire.StaticAttachments) -> Content:
    return Content(attachments=tuple(map(_attachment, body.attachments)))


def _web_view(body: wire.StaticWebView) -> Content:
    return Content(links=(events.Link(label=body.visible_text, address=body.url),))


def _bare_links(body: wire.StaticLinks) -> Content:
    return Content(links=tuple(events.Link(address=link.url) for link in body.links))


def _static_media(body: wire.StaticMedia) -> Content:
    return Content(links=_links(body.link_items), media=_media(body.media_asset))


def _link_buttons(body: wire.StaticButtons) -> Content:
    opening = (action for action in body.actions or () if isinstance(action, wire.LinkAction))
    actions = tuple(events.Link(label=action.label, address=action.url or "") for action in opening)
    return Content(links=actions + _links(body.link_items))


def _static_carousel(body: wire.StaticCarousel) -> Content:
    cards = tuple(_card(item.title_item, item.link_items, body.images) for item in body.items)
    return Content(cards=cards, media=_media(*body.images or ()))


def _experience(body: wire.StaticExperience) -> Content:
    shown = (value for value in body.values if isinstance(value, wire.ExperienceTypeValue))
    return Content(
        components=tuple(
            events.Component(type=value.type, data=json.dumps(value.value, ensure_ascii=False)) for value in shown
        )
    )


def _error(body: wire.StaticError) -> Content:
    details = body.error_details
    return Content(errors=tuple(events.Fault(code=details.error_code, text=text) for text in details.error_messages))


# ---- ChoicesMessage


def _choices(body: Any) -> Content:
    return Content(options=_options(body.option_items), media=_media(*getattr(body, "images", None) or ()))


def _choices_media(body: wire.ChoicesMedia) -> Content:
    return Content(options=_options(body.option_items), media=_media(body.media_asset))


def _carousel(body: wire.ChoicesCarousel) -> Content:
    return Content(
        options=tuple(option for item in body.items for option in _options(item.interaction_items)),
        cards=tuple(_card(item.title_item, item.interaction_items, body.images) for item in body.items),
        media=_media(*body.images or ()),
    )


def _labels(body: wire.ChoicesTimePicker | wire.ChoicesDisplayableOptions) -> Content:
    options = tuple(events.Option(label=option.label, value=option.identifier) for option in body.options)
    return Content(options=options, media=_media(*getattr(body, "images", None) or ()))


# ---- ChoicesResponseMessage has its labels as text; FormMessage, FormResponseMessage


_INPUTS: Mapping[type, str] = MappingProxyType(
    {
        wire.TextInput: "text",
        wire.SelectInput: "choice",
        wire.OptionPickerInput: "choice",
        wire.DatePickerInput: "date",
        wire.DateTimePickerInput: "date_time",
    }
)


def _form(body: wire.FormInputs) -> Content:
    inputs = (section.input for section in body.sections if isinstance(section, wire.SingleInputSection))
    fields = tuple(_field(one) for one in inputs)
    return Content(form=events.Form(title=body.visible_text, fields=fields), media=_media(*body.images or ()))


def _field(one: Any) -> events.FormField:
    if isinstance(one, wire.Unknown):
        return events.FormField(type=one.type_name)
    first, last = {
        wire.DatePickerInput: ("minimum_date", "maximum_date"),
        wire.DateTimePickerInput: ("minimum_date_time", "maximum_date_time"),
    }.get(type(one), ("", ""))
    return events.FormField(
        name=one.id,
        label=one.label.visible_text if one.label else "",
        type=_INPUTS.get(type(one), one.input_type),
        required=bool(one.required),
        hint=one.hint_text or "",
        placeholder=getattr(one, "placeholder", None) or "",
        options=_options(getattr(one, "option_items", ())),
        multiple=bool(getattr(one, "multiple_selection", None)),
        pattern=getattr(one, "reg_ex", None) or "",
        longest=getattr(one, "maximum_character_count", None),
        content=_text_content(one) if isinstance(one, wire.TextInput) else "",
        first=getattr(one, first, None) or "",
        last=getattr(one, last, None) or "",
    )


def _text_content(one: wire.TextInput) -> str:
    return next((word for word in (one.text_content_type, one.keyboard_type) if word and word != "Default"), "")


def _answers(body: wire.FormResponseInputs) -> Content:
    known = (one for one in body.input_values if not isinstance(one, wire.Unknown))
    return Content(answers=tuple(events.Answer(name=one.input_id, value=_answered(one)) for one in known))


def _answered(one: wire.SingleInputValue | wire.SelectedOptionsInputValue) -> str:
    if isinstance(one, wire.SelectedOptionsInputValue):
        return ", ".join(option.visible_text or option.option_identifier for option in one.selected_options)
    if one.display_value is not None:
        return one.display_value
    return one.value.text_value or "" if isinstance(one.value, wire.TextValue) else ""


def _result(body: wire.FormResponseResult) -> Content:
    match body.result:
        case wire.FormRecordsResult(records=records):
            made = tuple(
                events.Record(id=one.record_reference_id, created=one.is_created, text=one.result_message or "")
                for one in records
            )
            return Content(records=made)
        case wire.FormErrorResult(errors=errors):
            return Content(
                errors=tuple(events.Fault(code=str(one.error_type), text=one.error_message) for one in errors)
            )
        case _:
            return NOTHING


_READERS: Mapping[type, Callable[[Any], Content]] = MappingProxyType(
    {
        wire.StaticText: _text,
        wire.StaticRichLink: _rich_link,
        wire.StaticAttachments: _attachments,
        wire.StaticWebView: _web_view,
        wire.StaticLinks: _bare_links,
        wire.StaticMedia: _static_media,
        wire.StaticButtons: _link_buttons,
        wire.StaticCarousel: _static_carousel,
        wire.StaticExperience: _experience,
        wire.StaticError: _error,
        wire.ChoicesButtons: _choices,
        wire.ChoicesQuickReplies: _choices,
        wire.ChoicesListPicker: _choices,
        wire.ChoicesMedia: _choices_media,
        wire.ChoicesCarousel: _carousel,
        wire.ChoicesTimePicker: _labels,
        wire.ChoicesDisplayableOptions: _labels,
        wire.FormInputs: _form,
        wire.FormResponseInputs: _answers,
        wire.FormResponseResult: _result,
    }
)
"""How each format is read; what has no reader shows its text alone."""
