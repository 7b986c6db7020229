"""Values that are made up for a form: they fit, they are of the right sort, and they are the same every night."""

from datetime import date, datetime

import pytest

from harness.errors import LocalProtocolError
from harness.events import Form, FormField, Option
from harness.user.forms import fill_in
from harness.user.persona import persona

ANNA = persona("anna", locale="de_DE")
YES = Option(label="Yes", value="1")


def made(field: FormField, locale: str = "de_DE") -> str:
    """What is made up for a required field, as a person sees it."""
    required = field.model_copy(update={"name": "n", "required": True})
    [filling] = fill_in(Form(fields=(required,)), {}, persona("anna", locale=locale))
    return filling.answer.value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (FormField(type="text", content="EmailAddress"), ANNA.email),
        (FormField(type="text", label="Your e-mail"), ANNA.email),
        (FormField(type="text", content="TelephoneNumber"), ANNA.phone),
        (FormField(type="text", label="Mobile"), ANNA.phone),
        (FormField(type="text", content="GivenName"), ANNA.first_name),
        (FormField(type="text", label="Surname"), ANNA.last_name),
        (FormField(type="text", label="Full name"), ANNA.name),
        (FormField(type="choice", options=(YES, Option(label="No", value="2"))), "Yes"),
        (FormField(type="date", first="2026-03-01", last="2026-03-01"), "2026-03-01"),
        (
            FormField(type="date_time", first="2026-03-01T18:00:00Z", last="2026-03-01T19:00:00Z"),
            "2026-03-01T18:00:00Z",
        ),
    ],
)
def test_it_is_of_the_right_sort(field: FormField, value: str) -> None:
    """By what the service says of the field, or by its label."""
    assert made(field) == value == made(field)


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "ja_JP", "fr_FR", "ar_AA"])
@pytest.mark.parametrize(
    "field",
    [
        FormField(type="text", label="Comment", longest=10),
        FormField(type="text", label="Code", pattern=r"\d{6}"),
        FormField(type="text", label="Name", longest=2),
        FormField(type="text", label="Anything", pattern=r".+@.+"),
    ],
)
def test_it_fits(field: FormField, locale: str) -> None:
    """As long as the form allows, and of the pattern it gives."""
    text = made(field, locale)
    assert 0 < len(text) <= (field.longest or len(text))


@pytest.mark.parametrize("first", ["", "2026-01-31", "yesterday"])
@pytest.mark.parametrize("last", ["", "2026-02-10"])
def test_a_day_is_between_the_bounds(first: str, last: str) -> None:
    """Where there are any."""
    day = date.fromisoformat(made(FormField(type="date", first=first, last=last)))
    assert not last or day <= date(2026, 2, 10)
    assert first != "2026-01-31" or day >= date(2026, 1, 31)
    moment = datetime.fromisoformat(made(FormField(type="date_time", first=first, last=last)))
    assert moment.tzinfo is not None


@pytest.mark.parametrize(
    "field",
    [
        FormField(type="text", label="IBAN", pattern="("),
        FormField(type="choice", label="Nothing"),
        FormField(type="SelectNavigationInput", label="Where to"),
    ],
)
def test_where_nothing_fits_the_scenario_is_asked(field: FormField) -> None:
    """With the field's name."""
    with pytest.raises(LocalProtocolError, match=f"'{field.label}' is required, and no value"):
        made(field)


def test_what_is_only_shown_is_not_filled_in() -> None:
    """Titles and the like, though they be called required."""
    title = FormField(name="t", type="StaticTitle", label="Welcome", required=True)
    assert fill_in(Form(fields=(title, FormField(type="New", required=True))), {}, ANNA) == ()
    with pytest.raises(LocalProtocolError, match="no such field; it has none to fill in"):
        fill_in(Form(fields=(title,)), {"Welcome": "x"}, ANNA)
