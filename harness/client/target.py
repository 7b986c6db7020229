"""Where the service under test is, and how to introduce oneself there."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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
    acknowledge: Literal["none", "delivered", "read"] = "none"
    """As what clients acknowledge the messages of the other side by themselves, unless a scenario says otherwise."""
