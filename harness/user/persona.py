"""A person made up for a test: the same seed and locale give the same person every night.

Faker's `example.*` addresses are used, so that nobody real is written to.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from harness.errors import LocalProtocolError

if TYPE_CHECKING:
    from faker import Faker


class Persona(BaseModel):
    """A made-up end user."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    locale: str
    """Such as `en_US`."""
    seed: str
    first_name: str
    last_name: str
    email: str
    phone: str

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


def persona(seed: str, *, locale: str = "en_US") -> Persona:
    """Make up a person.

    Args:
        seed: Anything that names the person; a test's id is a good one.
        locale: A locale that Faker knows.

    Raises:
        LocalProtocolError: Faker does not know the locale.
    """
    if locale not in (known := locales()):
        raise LocalProtocolError(f"no names are known for the locale {locale!r}; known are {', '.join(sorted(known))}")
    with _seeded(seed, locale) as faker:
        return Persona(
            locale=locale,
            seed=seed,
            first_name=faker.first_name(),
            last_name=faker.last_name(),
            email=faker.ascii_safe_email(),
            phone=faker.phone_number(),
        )


MADE = ("number", "word", "sentence", "company", "city", "street", "date", "iban", "uuid")
"""What can be made up besides a person."""


def made(what: str, *, seed: str, locale: str = "en_US") -> str:
    """Make something up: the same seed gives the same every night.

    Args:
        what: One of `MADE`.
        seed: Anything that names the scenario.
        locale: A locale that Faker knows.
    """
    with _seeded(f"{seed} {what}", locale) as faker:
        match what:
            case "number":
                return str(faker.random_int(1000, 999_999))
            case "date":
                return str(faker.date_between(date(2030, 1, 1), date(2030, 12, 31)))
            case "uuid":
                return str(faker.uuid4())
            case "street":
                return str(faker.street_address())
        return str(getattr(faker, what)())


@cache
def locales() -> frozenset[str]:
    """For which people can be made up."""
    from faker.config import AVAILABLE_LOCALES  # noqa: PLC0415 - it looks at every file of Faker

    return frozenset(AVAILABLE_LOCALES)


@contextmanager
def _seeded(seed: str, locale: str) -> "Iterator[Faker]":
    """What makes things up, the same for the same seed; it takes milliseconds to make, so it is kept."""
    faker = _faker(locale)
    with _ONE_AT_A_TIME:
        faker.seed_instance(seed)
        yield faker


_ONE_AT_A_TIME = Lock()


@cache
def _faker(locale: str) -> "Faker":
    from faker import Faker  # noqa: PLC0415 - as above

    return Faker(locale, use_weighting=False)  # names by how common they are take five times as long
