"""One user's access to the service: the token, how it is had, and the requests that are made with it.

Here: section 2 of the protocol notes. Not here: what is asked for with the token (miaw.py), who a customer is
(identity.py).
"""

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from harness.client.exchange import Exchange, Requests
from harness.client.identity import Identity
from harness.client.network import Network
from harness.client.target import Target
from harness.errors import RemoteProtocolError

_REST = "/iamessage/api/v2"
_UNVERIFIED = "/UNAUTH/"
"""What the name of an end user has in it whom the service has not verified."""


class Access:
    """Access to a target, at first without a token.

    Args:
        network: The way out.
        target: The service.
        deployment: API name of the deployment.
        observe: Told of every answered request, also of refused ones.

    Attributes:
        url: Address of the service, without a path.
        subject: Who the user is to the service; empty until it has given a token.
        last_event_id: Where the event stream of this token starts.
        told_time: What the service's clock said when it gave the token, seconds since 1970; None if it did not say.
    """

    def __init__(self, network: Network, target: Target, deployment: str, observe: Callable[[Exchange], None]) -> None:
        self._network, self._target, self._observe = network, target, observe
        self._requests = Requests(network, observe)
        self._token = ""
        self._kept: str | None = None
        self.deployment = deployment
        self.url = target.url.rstrip("/")
        self.subject = self.last_event_id = ""
        self.told_time: float | None = None

    @property
    def token(self) -> str:
        """The access token, whatever is sent; empty until the service has given one."""
        return self._kept or self._token

    def take_up(self, token: str) -> None:
        """Go on with a token that is known already."""
        self._token = token

    @property
    def headers(self) -> dict[str, str]:
        """The headers by which the service knows the user; none without a token."""
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def request(
        self,
        operation: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, tuple[str | None, bytes, str]] | None = None,
        params: Mapping[str, str] | None = None,
        accept: str = "*/*",
    ) -> httpx.Response:
        """Ask for an operation of the REST API.

        Args:
            operation: Its name in the service's reference.
            method: HTTP method.
            path: Path below that of the API.
            body: JSON.
            files: Parts of a form.
            params: What goes behind the question mark.
            accept: Media type of the answer.

        Raises:
            TargetUnreachable, RemoteProtocolError, ServiceRefused: As `Requests.send` does.
        """
        url = f"{self.url}{_REST}{path}"
        headers = {**self.headers, "Accept": accept}
        return await self._requests.send(operation, method, url, headers=headers, params=params, body=body, files=files)

    async def take(self) -> None:
        """Take a guest's access token (generateAccessTokenForUnauthenticatedUser).

        Raises:
            TargetUnreachable: Nobody answered.
            ServiceRefused: The service said no.
            RemoteProtocolError: The answer holds no token.
        """
        await self._take("generateAccessTokenForUnauthenticatedUser", "unauthenticated", {})

    async def take_as(self, customer: Identity) -> None:
        """Take a verified customer's access token (generateAccessTokenForAuthenticatedUser).

        Raises:
            LocalProtocolError: The customer's key can't be read.
            TargetUnreachable: Nobody answered.
            ServiceRefused: The service said no.
            RemoteProtocolError: The answer holds no token, or one for somebody whom the service has not verified.
        """
        proof = {"authorizationType": "JWT", "customerIdentityToken": customer.jwt()}
        await self._take("generateAccessTokenForAuthenticatedUser", "authenticated", proof)
        if _UNVERIFIED in self.subject:
            raise RemoteProtocolError(
                f"the service took the customer's token, but made the user a guest ({self.subject}); check the keyset "
                "of the deployment: the key id, the issuer, and that verification is switched on"
            )

    async def another(self) -> "Access":
        """Give the same user another access (generateContinuationToken), as a reloaded page or a further tab has it.

        It is good for no longer than this one.

        Raises:
            TargetUnreachable, ServiceRefused, RemoteProtocolError: As `take` does.
        """
        other = Access(self._network, self._target, self.deployment, self._observe)
        await other.continue_from(self)
        return other

    async def continue_from(self, other: "Access") -> None:
        """Become another access of that user, as `another` gives one; who observes this one observes the request."""
        self._token = other._token
        self._keep(await self.request("generateContinuationToken", "GET", "/authorization/continuation-access-token"))
        self.subject = other.subject

    async def _take(self, operation: str, who: str, proof: Mapping[str, str]) -> None:
        body = {
            "orgId": self._target.org_id,
            "esDeveloperName": self.deployment,
            "capabilitiesVersion": self._target.capabilities_version,
            "platform": "Web",
            **proof,
            "context": {"appName": "conversation_harness", "clientVersion": "1.0.0"},
        }
        response = await self.request(operation, "POST", f"/authorization/{who}/access-token", body)
        context = _mapping(self._keep(response).get("context"))
        self.subject = str(_mapping(context.get("endUser")).get("subject") or "")
        self.told_time = _told_time(response, context)

    def _keep(self, response: httpx.Response) -> dict[str, Any]:
        try:
            body: dict[str, Any] = response.json()
            self._token, self.last_event_id = str(body["accessToken"]), str(body["lastEventId"])
        except (ValueError, KeyError, TypeError) as error:
            raise RemoteProtocolError(
                f"{response.url} answered {response.status_code} without an access token; check that the target's "
                "address is a messaging service"
            ) from error
        return body

    @property
    def has_expired(self) -> bool:
        """Whether `expire` was called, and `restore` was not since."""
        return self._kept is not None

    def expire(self) -> None:
        """Send a token that is good for nothing from now on: the right one, with a signature that does not fit.

        No client can make a real token expire. To the service this is one of those that it answers with 401, as it does
        an expired one. The stream that is open stays open, where a service may end it when the token's time is over.
        """
        if self._kept is None:
            head, dot, signature = self._token.rpartition(".")
            self._kept, self._token = self._token, f"{head}{dot}{'A' * len(signature)}"

    def restore(self) -> None:
        """Send the right token again, to leave nothing open."""
        self._token, self._kept = self.token, None


def _told_time(response: httpx.Response, context: Mapping[str, Any]) -> float | None:
    """What the clock of the other side said. Source: RFC 9110, 6.6.1; protocol notes, section 2.1 (timestamp)."""
    try:
        return parsedate_to_datetime(response.headers["date"]).timestamp()
    except (KeyError, ValueError):
        stamp = _mapping(context.get("configuration")).get("timestamp")
        return stamp / 1000 if isinstance(stamp, int | float) else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
