"""What a run is told: which target, and how strict it is, from the words a person gives.

Not here: the words themselves (cli/, plugin/), starting the sandbox.
"""

from urllib.parse import urlsplit

from harness.client.target import Target
from harness.errors import LocalProtocolError

SANDBOX = "sandbox"
"""The name of the target that the harness brings along."""

ORG_ID = "00DHb0000004QkL"
"""An organisation of the sandbox, which knows every well-formed one."""

DEPLOYMENT = "Harbour_Assistant"
"""The deployment of the sandbox that is talked to unless a scenario names another."""


def strictness(*said: bool | None) -> bool:
    """Whether a message that no expectation took fails its scenario.

    Args:
        said: What was said of it, narrowest first; None where nothing was. The first word counts.
    """
    return next((word for word in said if word is not None), False)


def sandbox_target(url: str, *, within: float | None = None) -> Target:
    """The sandbox at an address."""
    target = Target(name=SANDBOX, url=url, org_id=ORG_ID, deployment=DEPLOYMENT, is_sandbox=True)
    return target if within is None else target.model_copy(update={"within": within})


def target(where: str, *, org_id: str | None, deployment: str | None, within: float | None = None) -> Target:
    """A service at an address.

    Args:
        where: Scheme and host, such as `https://example.my.salesforce-scrt.com`.
        org_id: The organisation's id, 15 characters.
        deployment: API name of the deployment.
        within: Seconds an expectation has where a scenario gives none.

    Raises:
        LocalProtocolError: Something is missing or malformed.
    """
    parts = urlsplit(where)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise LocalProtocolError(
            f"--target {where!r} is neither {SANDBOX!r} nor an address such as https://example.my.salesforce-scrt.com"
        )
    if not org_id or not (len(org_id) == 15 and org_id.isalnum() and org_id.isascii()):
        raise LocalProtocolError(
            f"--org-id is {'missing' if not org_id else repr(org_id)}; a target needs the organisation's id in its "
            "form of 15 letters and digits"
        )
    if not deployment:
        raise LocalProtocolError("--deployment is missing; a target needs the API name of a deployment of its type API")
    url = f"{parts.scheme}://{parts.netloc}"
    found = Target(name=parts.hostname, url=url, org_id=org_id, deployment=deployment)
    return found if within is None else found.model_copy(update={"within": within})
