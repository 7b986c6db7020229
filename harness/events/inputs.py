"""What goes back for a field of a form, in the type of the field.

Here: the types, and how a day and a moment are written. Not here: the form (messages.py), how a value is said on the
wire (client/).
"""

from datetime import UTC, date, datetime

Value = str | date | datetime | tuple[str, ...]
"""A text, a day, a moment (with its time zone), or the `value` of each option picked."""


def as_text(value: str | date | datetime) -> str:
    """A value as people and services read it: days and moments as in RFC 3339, moments in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
