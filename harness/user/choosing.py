"""Which of the choices on offer a scenario means: by label, by place or by value.

Here: finding it, and saying what is on offer where there is none such. Not here: sending it (client/).
"""

from collections.abc import Sequence

from harness.errors import LocalProtocolError
from harness.events import Event, Message, Option
from harness.events.text import quoted


def told(label: str | None, index: int | None, value: str | None) -> str:
    """The choice as it was asked for, to go behind "choose".

    Raises:
        LocalProtocolError: It was asked for in no way, or in several.
    """
    ways = {"label": label, "index": index, "value": value}
    given = [way for way, wanted in ways.items() if wanted is not None]
    if len(given) != 1:
        raise LocalProtocolError(
            f"can't choose by {' and '.join(given) or 'nothing'}; give a label, an index from 1, or a value"
        )
    if label is not None:
        return quoted(label, limit=80)
    return f"number {index}" if index is not None else f"the value {quoted(value or '', limit=80)}"


def choice(
    timeline: Sequence[Event], label: str | None, index: int | None, value: str | None
) -> tuple[Message, Option]:
    """Find a choice and the message that offers it.

    Args:
        timeline: What has happened.
        label: What a person sees; the latest message that offers it is meant.
        index: Place among the choices of the latest message that offers any, from 1.
        value: What is sent back; the latest message that offers it is meant.

    Raises:
        LocalProtocolError: It is asked for in no way or in several, or it is not on offer.
    """
    wanted = told(label, index, value)
    offers = [event for event in timeline if isinstance(event, Message) and event.options]
    if index is not None:
        if offers and 1 <= index <= len(offers[-1].options):
            return offers[-1], offers[-1].options[index - 1]
    else:
        for message in reversed(offers):
            for option in message.options:
                if (option.label if value is None else option.value) == (label if value is None else value):
                    return message, option
    raise LocalProtocolError(f"can't choose {wanted}: {_offered(offers, by_value=value is not None)}")


def _offered(offers: Sequence[Message], *, by_value: bool) -> str:
    if not offers:
        return "no choices have been offered"
    shown = (f"{quoted(one.label)}{f' ({quoted(one.value)})' if by_value else ''}" for one in offers[-1].options)
    return f"the last choices offered were {', '.join(shown)}"
