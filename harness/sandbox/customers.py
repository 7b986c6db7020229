"""Customers who prove who they are with a JWT that their own company has signed.

Here: whether it holds. Not here: the keys (setup.py), the access token they get for it (tokens.py).

Source: protocol notes, section 2.2. The words are those that were seen when a token was stale, when no key had its
`kid`, and when a clock was wrong; that nothing else is said of a wrong signature, issuer or audience is inferred.
"""

import jwt

from harness.sandbox.refusals import Refused
from harness.sandbox.setup import Verification

DOES_NOT_HOLD = "The customer identity token or JWT expired"
ALGORITHM = "RS256"


def customer(token: str, verification: Verification) -> str:
    """Give the `sub` of a customer's token.

    Args:
        token: The JWT: signed with RS256 by a key of the keyset, with `iss`, `sub` and `exp`; `nbf` and `iat`, where
            there are any, have passed.
        verification: How the deployment verifies customers.

    Raises:
        Refused: 401; the token does not hold.
    """
    try:
        key = verification.public_keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key,
            [ALGORITHM],
            {"require": ["iss", "sub", "exp"], "verify_aud": verification.audience is not None},
            issuer=verification.issuer,
            audience=verification.audience,
        )
    except (jwt.PyJWTError, KeyError, TypeError, ValueError):
        raise Refused(401, DOES_NOT_HOLD) from None
    if not claims["sub"]:
        raise Refused(401, DOES_NOT_HOLD)
    return str(claims["sub"])
