"""Who a verified customer is, and the JWT that proves it to the service.

Here: a token that was handed in, or one that is signed with the customer's own key whenever one is needed. Not here:
the access token that the service gives for it (access.py).

Source: protocol notes, section 2.2: RS256, a key of 2048 bits or more, a `kid` of the keyset that was registered; five
minutes of life at most, as clients do.
"""

import time
from pathlib import Path
from typing import Self

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from harness.errors import LocalProtocolError

LIFETIME = 300
"""Seconds that a token is good for."""

EARLY = 10
"""Seconds that a token is good for before it was made, for a service whose clock is a little behind."""


class Identity(BaseModel):
    """A customer: either `token`, or `key` and what is to be said with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr | None = None
    """The JWT as it is; mind that it does not live long."""
    key: Path | None = None
    """A PEM file with the private RSA key that tokens are signed with."""
    key_id: str = ""
    """The `kid` under which the service knows the public key."""
    issuer: str = ""
    """What `iss` says."""
    subject: str = Field(default="", max_length=255)
    """What `sub` says: the customer's id."""
    audience: str | None = None
    """What `aud` says, if anything."""

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        said = bool(self.key), bool(self.key_id), bool(self.issuer), bool(self.subject)
        if any(said) if self.token else not all(said):
            raise ValueError("an identity is a token, or a key with key_id, issuer and subject")
        return self

    def jwt(self) -> str:
        """Give a token that is good now.

        Raises:
            LocalProtocolError: The key can't be read, or is none.
        """
        if self.token is not None:
            return self.token.get_secret_value()
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": self.subject, "iat": now, "nbf": now - EARLY, "exp": now + LIFETIME}
        if self.audience is not None:
            claims["aud"] = self.audience
        return jwt.encode(claims, self._private_key(), algorithm="RS256", headers={"kid": self.key_id})

    def _private_key(self) -> RSAPrivateKey:
        assert self.key is not None  # noqa: S101 - one or the other
        try:
            key = load_pem_private_key(self.key.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no PEM file with a key that has no password"
            raise LocalProtocolError(
                f"can't sign in as {self.subject!r}: the key {str(self.key)!r} can't be read ({why}); "
                "give the PEM file of an RSA key"
            ) from None
        if not isinstance(key, RSAPrivateKey):
            raise LocalProtocolError(
                f"can't sign in as {self.subject!r}: the key {str(self.key)!r} is no RSA key; the service "
                "takes no other"
            )
        return key
