"""Keys of customers, made anew for each run, and what is signed with them."""

import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://login.harbour.example"
KID = "harbour-key-1"
CUSTOMER = "customer-8841"


def private_key(kid: str = KID, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key, the same one for the same name."""
    return _made(kid, bits)


@cache
def _made(_: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def jwk(kid: str = KID, *, bits: int = 2048) -> dict[str, Any]:
    """The public half, as a keyset has it."""
    return {**RSAAlgorithm.to_jwk(private_key(kid, bits).public_key(), as_dict=True), "kid": kid}


def pem(kid: str = KID) -> bytes:
    """The private half, as a file has it."""
    return private_key(kid).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def customer_jwt(*, kid: str = KID, key: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
    """A customer's token; a claim that is None is left out."""
    now = int(time.time())
    usual = {"iss": ISSUER, "sub": CUSTOMER, "iat": now, "nbf": now - 10, "exp": now + 300}
    said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode(said, key or private_key(kid), algorithm=algorithm, headers={"kid": kid})


def verified_by(**more: Any) -> dict[str, Any]:
    """How a bot file lets customers sign in; `more` is said of it beside."""
    return {"keyset": "Harbour_Keys", "issuer": ISSUER, "keys": [jwk()], **more}


def verification(**more: Any) -> str:
    """The key `setup` of a bot file whose customers sign in; `more` is said of it beside."""
    return f"setup: {json.dumps({'verification': verified_by(**more)})}\n"
