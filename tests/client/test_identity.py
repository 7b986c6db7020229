"""Who the user is to the service: a verified customer, and one user in two tabs."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest

from harness.client.identity import Identity
from harness.errors import LocalProtocolError, RemoteProtocolError
from tests.keys import CUSTOMER, ISSUER, KID, customer_jwt, pem, verification

from .talking import BOT, Meet, Talk, talking


def key_file(folder: Path, content: bytes | None = None) -> Path:
    """Write a customer's private key."""
    path = folder / "customer.pem"
    path.write_bytes(pem() if content is None else content)
    return path


async def test_a_customer_signs_in_with_a_key(meet: Meet, tmp_path: Path) -> None:
    """And talks as anybody does."""
    identity = Identity(key=key_file(tmp_path), key_id=KID, issuer=ISSUER, subject=CUSTOMER, audience="harbour-chat")
    client = await meet(BOT + verification(audience="harbour-chat"), identity=identity)
    assert client.subject == f"v2/iamessage/AUTH/Harbour_Keys/uid:{CUSTOMER}"
    async with talking(client) as talk:
        await talk.until("Hello")


async def test_a_customer_signs_in_with_a_token(meet: Meet) -> None:
    """It is sent as it is, and not shown."""
    identity = Identity(token=customer_jwt(sub="someone"))
    assert customer_jwt(sub="someone")[:20] not in repr(identity)
    client = await meet(verification(), identity=identity)
    assert client.subject == "v2/iamessage/AUTH/Harbour_Keys/uid:someone"


async def test_a_customer_whom_the_service_takes_for_a_guest_is_an_error(meet: Meet) -> None:
    """It would be another test than the one that was meant."""
    with pytest.raises(
        RemoteProtocolError, match=r"made the user a guest \(v2/iamessage/UNAUTH/NA/uid:.*check the keys"
    ):
        await meet(verification(keys=[], otherwise="anonymous"), identity=Identity(token=customer_jwt()))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"nonsense", "can't be read (it is no PEM file with a key that has no password); give the PEM file of an RSA"),
        (None, "can't be read (No such file or directory); give the PEM file of an RSA key"),
    ],
)
def test_a_key_that_is_none(tmp_path: Path, content: bytes | None, says: str) -> None:
    """One sentence, with the name of the file."""
    path = key_file(tmp_path, content) if content else tmp_path / "customer.pem"
    identity = Identity(key=path, key_id=KID, issuer=ISSUER, subject=CUSTOMER)
    with pytest.raises(LocalProtocolError) as refused:
        identity.jwt()
    assert f"can't sign in as {CUSTOMER!r}: the key {str(path)!r} {says}" in str(refused.value)


def test_a_signed_token_is_that_of_the_sample(tmp_path: Path) -> None:
    """Its header and claims, and a life of five minutes."""
    path = Path(__file__).parents[1] / "protocols/miaw/data/rest/customer_identity_jwt__decoded.json"
    like = json.loads(path.read_text(encoding="utf-8"))
    identity = Identity(
        key=key_file(tmp_path),
        key_id=KID,
        issuer=like["payload"]["iss"],
        subject="customer-8841",
        audience="harbour-chat",
    )
    token = identity.jwt()
    assert jwt.get_unverified_header(token) == like["header"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims.keys() == like["payload"].keys()
    assert (claims["exp"] - claims["iat"], claims["iat"] - claims["nbf"]) == (300, 10)
    assert {name: claims[name] for name in ("iss", "sub", "aud")} == {
        name: like["payload"][name] for name in ("iss", "sub", "aud")
    }


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"key": "k.pem"},
        {"key": "k.pem", "key_id": "k", "issuer": "i"},
        {"token": "t", "subject": "s"},
    ],
)
def test_an_identity_is_a_token_or_a_key(said: dict[str, Any]) -> None:
    """Not both, and not half of one."""
    with pytest.raises(ValueError, match="an identity is a token, or a key with key_id, issuer and subject"):
        Identity.model_validate(said)


async def test_a_further_tab_is_the_same_user(meet: Meet) -> None:
    """It hears what the first one says, and may speak in the same conversation."""
    client = await meet()
    async with talking(client) as talk:
        await talk.until("Your claim")
        other = await client.another()
        assert other.subject == client.subject
        async with other.events() as stream:
            tab = Talk(other, stream)
            await client.send_text(talk.id, str(uuid4()), "from the first")
            await tab.until("from the first")
            await other.send_text(talk.id, str(uuid4()), "from the second")
            await talk.until("from the second")
