"""Where the service under test is, how to get there and introduce oneself, and what may be asked of it.

Times are seconds; where they are written by a person, in `targets.yaml`, they have their unit. Not here: that file
(target_file.py), who chooses (settings.py).
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from harness.client.identity import Identity
from harness.documents import Duration


def _lasting(duration: float) -> float:
    if duration <= 0:
        raise ValueError("nothing is over after 0 s; give it more")
    return duration


Lasting = Annotated[Duration, AfterValidator(_lasting)]
"""More than no time."""

Most = Annotated[int, Field(ge=0)]
"""How often at most; 0 is no limit."""


class Part(BaseModel):
    """Base of what is said of a target: what is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Part):
    """How much a run may ask of a target."""

    starts_per_minute: Most | None = None
    """Conversations started in 60 s, at most; 0 is no limit. As the service documents if not given."""
    messages_per_minute: Most | None = None
    """Messages of one conversation in 60 s, at most; 0 is no limit. As the service documents if not given."""
    concurrency: Annotated[int, Field(ge=1)] | None = None
    """Scenarios played at once."""


class Budgets(Part):
    """How long things may take at a target before they count as slow."""

    greeting: Lasting | None = None
    """From the opening of a conversation to the first message of the other side."""
    join: Lasting | None = None
    """From the opening of a conversation to the first participant."""
    first_token: Lasting | None = None
    """From the user's move to the first token of a streamed reply."""
    gap: Lasting | None = None
    """Between two tokens of a reply."""
    reply: Lasting | None = None
    """From the user's move to the whole reply."""


class Timeouts(Part):
    """How long each phase of talking to a target may take; expectations have times of their own."""

    connect: Lasting = 10.0
    """For a connection: its name looked up, TCP, a proxy, TLS."""
    request: Lasting = 30.0
    """From a request to the answer, and between two parts of it."""
    first_event: Lasting = 30.0
    """From asking for an event stream until it is open."""
    silence: Lasting = 90.0
    """Without anything, not even a ping, after which an event stream counts as lost.

    Source: the official client (protocol notes, section 4.2)."""


class Reconnect(Part):
    """When an event stream that was lost is opened again."""

    first_delay: Lasting = 1.0
    """Until the first attempt."""
    factor: Annotated[float, Field(ge=1)] = 1.5
    """By which every further attempt waits longer than the one before."""
    longest_delay: Lasting = 30.0
    """Until an attempt, at most."""
    attempts: Annotated[int, Field(ge=0)] = 10
    """How many are made before the stream counts as gone; 0 is none."""


class Target(BaseModel):
    """A service under test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    url: str = Field(pattern=r"^https?://[^\s/]+")
    """Address of the messaging service, scheme and host, without a path."""
    org_id: str = Field(pattern=r"^[A-Za-z0-9]{15}$")
    """The organisation's id in its form of 15 characters."""
    deployment: str
    """API name of the deployment that a scenario talks to unless it names another."""
    capabilities_version: str = "63"
    """What the client says it understands; 62 adds progress, 63 token streaming."""
    within: float = Field(default=10.0, gt=0)
    """Seconds an expectation has where the scenario gives none."""
    is_sandbox: bool = False
    """Whether it is the harness's own sandbox, where a scenario may play the service rep."""
    production: bool = False
    """Whether real customers are served there, so that it is not talked to unless that is asked for."""
    acknowledge: Literal["none", "delivered", "read"] = "none"
    """As what clients acknowledge the messages of the other side by themselves, unless a scenario says otherwise."""
    proxy: str | None = Field(default=None, repr=False)
    """Address of the HTTP proxy on the way there, with user and password where it wants them."""
    identity: Identity | None = None
    """The verified customer as whom users sign in; guests if None."""
    ca: Path | None = None
    """A PEM file with certificates of authorities that are trusted there, beside those that always are."""
    limits: Limits = Limits()
    """How much may be asked of it."""
    budgets: Budgets = Budgets()
    """How long things may take there before they count as slow."""
    timeouts: Timeouts = Timeouts()
    """How long each phase may take."""
    reconnect: Reconnect = Reconnect()
    """When an event stream that was lost is opened again."""
