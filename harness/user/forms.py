"""A form filled in: what the scenario gives, and something that fits for whatever else is required.

Here: which field is meant, values in the type of their field, values made up: the same for the same person and field,
every night. What is given is sent as it is, also where the form forbids it: how the bot takes that may be the test.
Not here: which form is answered (scenarios/), how it is sent (client/).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from harness.documents import nearest
from harness.errors import LocalProtocolError
from harness.events import Answer, Form, FormField
from harness.events.inputs import Value, as_text
from harness.events.text import quoted
from harness.user.persona import Persona

if TYPE_CHECKING:
    from faker import Faker

_ONLY_SHOWN = frozenset({"StaticTitle", "StaticFooter"})
_A_YEAR = (date(2025, 1, 1), date(2025, 12, 31))
_BIRTHDAYS = (date(1950, 1, 1), date(2000, 12, 31))
_SOON = timedelta(days=30)
_NOON = time(12, tzinfo=UTC)
_MOST_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Filling:
    """A field and what it is filled in with."""

    field: FormField
    value: Value

    @property
    def answer(self) -> Answer:
        """The same as a person sees it."""
        if isinstance(self.value, tuple):
            labels = {option.value: option.label for option in self.field.options}
            return Answer(name=self.field.name, value=", ".join(labels[one] for one in self.value))
        return Answer(name=self.field.name, value=as_text(self.value))


def fill_in(form: Form, given: Mapping[str, object], somebody: Persona) -> tuple[Filling, ...]:
    """Fill in a form.

    Args:
        form: The form.
        given: Values by the label or name of their field; case, blanks and signs do not matter, so `full_name` is "Full
            name". Options by label or value, several in a list. None leaves a field empty.
        somebody: Who fills it in; what is required and not given is made up for them.

    Returns:
        The fields that are filled in, in the order of the form.

    Raises:
        LocalProtocolError: There is no such field, a value does not fit the type of its field, or none can be made up.
    """
    fields = [field for field in form.fields if field.name and field.type not in _ONLY_SHOWN]
    values: dict[str, object] = {}
    for word, value in given.items():
        field = _field(fields, word)
        if field.name in values:
            raise LocalProtocolError(f"can't fill in {quoted(_called(field))} twice; give it one value")
        values[field.name] = value
    filled = []
    for field in fields:
        if values.get(field.name) is not None:
            filled.append(Filling(field, _typed(field, values[field.name])))
        elif field.required and field.name not in values:
            filled.append(Filling(field, _made_up(field, somebody)))
    return tuple(filled)


# ---- which field


def _called(field: FormField) -> str:
    return field.label or field.name


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", " ", word.casefold()).strip()


def _field(fields: list[FormField], word: str) -> FormField:
    exact = [field for field in fields if word in {field.name, field.label}]
    found = exact or [field for field in fields if _plain(word) in {_plain(field.label), _plain(field.name)}]
    if not found:
        known = nearest(word, map(_called, fields)) if fields else "; it has none to fill in"
        raise LocalProtocolError(f"can't fill in {quoted(word)}: the form has no such field{known}")
    if len(found) > 1:
        names = " or ".join(quoted(field.name) for field in found)
        raise LocalProtocolError(f"can't fill in {quoted(word)}: several fields are called so; give a name, {names}")
    return found[0]


# ---- what is given


def _typed(field: FormField, value: object) -> Value:
    match field.type:
        case "choice":
            return _picked(field, value)
        case "date":
            return _day(field, value)
        case "date_time":
            return _moment(field, value)
    if isinstance(value, str | date):
        return as_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _unfit(field, value, "a text or a number")


def _unfit(field: FormField, value: object, wanted: str) -> LocalProtocolError:
    return LocalProtocolError(f"can't fill in {quoted(_called(field))} with {quoted(repr(value))}; give {wanted}")


def _picked(field: FormField, value: object) -> tuple[str, ...]:
    values = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
    by_word = {option.value: option.value for option in field.options}
    by_word |= {option.label: option.value for option in reversed(field.options)}
    for one in map(str, values):
        if one not in by_word:
            known = nearest(one, field.choices) if field.options else "; it has none"
            raise LocalProtocolError(f"can't fill in {quoted(_called(field))}: it has no option {quoted(one)}{known}")
    if len(values) != 1 and not field.multiple:
        raise _unfit(field, value, "one of its options")
    return tuple(by_word[str(one)] for one in values)


def _day(field: FormField, value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _unfit(field, value, "a day such as 2026-09-20") from None


def _moment(field: FormField, value: object) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise _unfit(field, value, "a moment such as 2026-09-20T10:30:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# ---- what is made up


def _made_up(field: FormField, somebody: Persona) -> Value:
    from faker import Faker  # noqa: PLC0415 - as in persona.py

    faker = Faker(somebody.locale)
    faker.seed_instance(f"{somebody.seed} {_called(field) if field.label else field.type}")
    match field.type:
        case "choice" if field.options:
            return (field.options[0].value,)
        case "date":
            return _some_day(field, faker)
        case "date_time":
            return _some_moment(field, faker)
        case "text":
            for text in _texts(field, somebody, faker):
                if _fits(field, text):
                    return text
    rule = f" that matches {quoted(field.pattern)}" if field.pattern else ""
    raise LocalProtocolError(
        f"{quoted(_called(field))} is required, and no value{rule} could be made up for a field of type "
        f"{quoted(field.type)}; give one"
    )


def _texts(field: FormField, somebody: Persona, faker: "Faker") -> Iterator[str]:
    """What might fit, the likeliest first."""
    word = _plain(f"{re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', field.content)} {field.label}")
    sentence = faker.sentence(5)
    sorts = {
        r"mail": somebody.email,
        r"phone|mobile|\btel": somebody.phone,
        r"first name|given name": somebody.first_name,
        r"last name|family name|surname": somebody.last_name,
        r"\bname": somebody.name,
        r"postal|postcode|\bzip\b": faker.postcode(),
        r"\bdate\b|\bday\b|birth": _some_day(field, faker).isoformat(),
        r"number|numeric|decimal|digit|amount|quantity|how many|\bage\b": faker.numerify("%#"),
    }
    yield from (text for sort, text in sorts.items() if re.search(sort, word))
    yield sentence[: field.longest].strip()
    yield from sorts.values()
    yield from (faker.numerify("%" + "#" * more) for more in range(_MOST_DIGITS))


def _fits(field: FormField, text: str) -> bool:
    try:
        matches = not field.pattern or re.fullmatch(field.pattern, text) is not None
    except re.error:
        return False
    return matches and 0 < len(text) <= (field.longest or len(text))


def _date_of(written: str) -> date | None:
    try:
        return date.fromisoformat(written[:10])
    except ValueError:
        return None


def _some_day(field: FormField, faker: "Faker") -> date:
    first, last = _date_of(field.first), _date_of(field.last)
    if first is None and last is None:
        first, last = _BIRTHDAYS if "birth" in _plain(field.label) else _A_YEAR
    first = first or (last or _A_YEAR[1]) - _SOON
    last = last or first + _SOON
    return first + timedelta(days=faker.random_int(0, max(0, (last - first).days)))


def _some_moment(field: FormField, faker: "Faker") -> datetime:
    moment = datetime.combine(_some_day(field, faker), _NOON)
    for bound, is_first in ((field.first, True), (field.last, False)):
        try:
            limit = _moment(field, bound)
        except LocalProtocolError:
            continue
        moment = max(moment, limit) if is_first else min(moment, limit)
    return moment
