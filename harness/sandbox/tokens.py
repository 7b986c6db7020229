"""Access tokens: RS256 JWTs signed with a key that lives as long as the process.

Here: issuing and checking them. Not here: who may ask for one (service.py), what the request looks like (requests.py).

The claims are those of the service (`sub`, `clientId`, …). Organisation, deployment and capabilities stay on our side:
"the server keeps it with the token" (protocol notes, section 6).
"""

import functools
import math
import time
from dataclasses import dataclass, replace
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.sandbox.refusals import Refused

BASE_CAPABILITIES = 1
PROGRESS_SINCE = 62
STREAMING_SINCE = 63


@dataclass(frozen=True)
class Client:
    """Whom a token was given to.

    Attributes:
        id: `clientId` of the token.
        subject: Name of the end user, as in `sub`.
        org: Organisation id, 15 characters.
        deployment: Name of the deployment the token was asked for.
        channel: Identifier of the deployment's channel address.
        device: Device id.
        capabilities: Which kinds of events the client understands.
        expires: Epoch seconds.
    """

    id: str
    subject: str
    org: str
    deployment: str
    channel: str
    device: str
    capabilities: int
    expires: float


def anonymous() -> str:
    """Name a new end user whom nobody has verified."""
    return f"v2/iamessage/UNAUTH/NA/uid:{uuid4()}"


def verified(keyset: str, customer: str) -> str:
    """Name a verified end user: the same on every device."""
    return f"v2/iamessage/AUTH/{keyset}/uid:{customer}"


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Tokens:
    """The tokens that one sandbox has issued."""

    def __init__(self, lifetime: float) -> None:
        self.lifetime = lifetime
        self._clients: dict[str, Client] = {}

    def issue(
        self,
        subject: str,
        *,
        org: str,
        deployment: str,
        channel: str,
        capabilities: int,
        device: str,
        lifetime: float | None = None,
    ) -> tuple[str, Client]:
        """Make a token for an end user.

        Args:
            subject: Name of the end user.
            org: Organisation id; the first 15 characters count.
            deployment: Name of the deployment.
            channel: Identifier of the deployment's channel address.
            capabilities: The client's capabilities version.
            device: Device id.
            lifetime: Seconds that it is good for; as long as a guest's if left out.

        Returns:
            The token as it goes over the wire, and whom it stands for.
        """
        client = Client(
            id=str(uuid4()),
            subject=subject,
            org=org[:15],
            deployment=deployment,
            channel=channel,
            device=device,
            capabilities=capabilities,
            expires=time.time() + (self.lifetime if lifetime is None else lifetime),
        )
        return self._signed(client), client

    def another(self, client: Client) -> str:
        """Make another token for the same end user: a new client, no later expiry."""
        return self._signed(replace(client, id=str(uuid4())))

    def expire(self, client: Client) -> None:
        """Let the token of a client be good for nothing from now on."""
        self._clients[client.id] = replace(client, expires=0.0)

    def _signed(self, client: Client) -> str:
        claims = {
            "sub": client.subject,
            "clientId": client.id,
            "clientSessionId": str(uuid4()),
            "deviceId": client.device,
            "channelAddId": client.channel,
            "iat": int(time.time()),
            "exp": math.ceil(client.expires),
        }
        self._clients[client.id] = client
        return jwt.encode(claims, _key(), algorithm="RS256", headers={"kid": "own"})

    def verify(self, authorization: str | None) -> Client:
        """Say whose the token of an `Authorization` header is.

        Raises:
            Refused: 401; the header is missing, or its token is not ours or has expired. The words are those of the
                gateway that is known to write `Jwt is expired`.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(401, "Jwt is missing")
        try:
            # The lifetime may be less than the whole seconds of `exp`, so we look at our own record of it.
            claims = jwt.decode(
                token.strip(), _key().public_key(), ["RS256"], {"verify_exp": False, "verify_iat": False}
            )
        except jwt.PyJWTError:
            raise Refused(401, "Jwt verification fails") from None
        client = self._clients.get(str(claims.get("clientId")))
        if client is None:
            raise Refused(401, "Jwt verification fails")
        if client.expires <= time.time():
            raise Refused(401, "Jwt is expired")
        return client
