"""A person made up for a test: the same seed and locale give the same person every night.

Faker's `example.*` addresses are used, so that nobody real is written to.
"""

from faker import Faker
from faker.config import AVAILABLE_LOCALES
from pydantic import BaseModel, ConfigDict

from harness.errors import LocalProtocolError


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
    if locale not in AVAILABLE_LOCALES:
        raise LocalProtocolError(
            f"no names are known for the locale {locale!r}; known are {', '.join(sorted(AVAILABLE_LOCALES))}"
        )
    faker = Faker(locale)
    faker.seed_instance(seed)
    return Persona(
        locale=locale,
        seed=seed,
        first_name=faker.first_name(),
        last_name=faker.last_name(),
        email=faker.ascii_safe_email(),
        phone=faker.phone_number(),
    )
