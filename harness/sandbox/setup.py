"""What an administrator sets up for a deployment beside its bot: the key `setup` of a bot file.

Here: the model, and what follows from it alone. Not here: who asks for it (service.py), the bot (bots.py).

    setup:
      prechat:                          # asked for at the start of every session, and not only of the conversation
        each: session
        asks: [{name: _email, type: Email, required: true, longest: 80}, {name: Basket_Id, hidden: true}]
      verification:                     # customers sign in with a JWT of their own
        keyset: Harbour_Keys
        issuer: https://login.harbour.example
        keys: [{kty: RSA, kid: key-1, n: …, e: AQAB}]
      hours: {name: Harbour weekdays, opens: "09:00", closes: "17:00", days: [mon, tue, wed, thu, fri]}
      transcript: true                  # the end user may download the conversation

Source: protocol notes, sections 2.1, 2.2, 3.11 and 3.12.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, get_args
from uuid import NAMESPACE_DNS, uuid5

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from harness.documents import Duration

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
DAYS_AHEAD = 7
"""So many days of business hours are told."""
LEAST_KEY_BITS = 2048


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PrechatField(_Model):
    """A value that is to be known before somebody answers.

    Attributes:
        name: Name of the routing attribute; those of the service's own begin with `_`.
        type: What may be filled in.
        required: Whether it must be. It is the client that sees to it.
        longest: As many characters as it may have. The service sees to it.
        hidden: The client's program fills it in, not the end user.
        options: What can be chosen, for a ChoiceList.
    """

    name: Annotated[str, Field(pattern=r"^\w+$")]
    type: Literal["Text", "Email", "Number", "Phone", "Checkbox", "ChoiceList"] = "Text"
    required: bool = False
    longest: Annotated[int, Field(ge=1)] = 255
    hidden: bool = False
    options: tuple[str, ...] = ()


class Prechat(_Model):
    """The pre-chat form; none without fields.

    Attributes:
        each: Whether it is for the conversation, or for each of its sessions.
        asks: Its fields.
    """

    each: Literal["conversation", "session"] = "conversation"
    asks: tuple[PrechatField, ...] = ()

    @property
    def is_for_sessions(self) -> bool:
        """Whether a session needs the values of its own form."""
        return self.each == "session" and bool(self.asks)

    def too_long(self, attributes: Mapping[str, str]) -> str | None:
        """Name the first routing attribute that is longer than it may be."""
        longest = {field.name: field.longest for field in self.asks}
        return next((name for name, value in attributes.items() if len(value) > longest.get(name, len(value))), None)


def _rsa_key(key: dict[str, Any]) -> dict[str, Any]:
    try:
        public = jwt.PyJWK.from_dict(key, algorithm="RS256").key
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ValueError(f"this is no public RSA key in the form of a JWK: {error}") from None
    if not isinstance(public, RSAPublicKey) or "kid" not in key:
        raise ValueError("this is no public RSA key with a kid")
    if public.key_size < LEAST_KEY_BITS:
        raise ValueError(f"a key has at least {LEAST_KEY_BITS} bits, this one {public.key_size}")
    return key


class Verification(_Model):
    """How customers prove who they are; no one can without keys.

    Attributes:
        keyset: Name of the keyset, part of the names of its end users.
        issuer: What `iss` must say; anything if left out.
        audience: What `aud` must say; not looked at if left out, as it is not known whether the service looks.
        keys: Public keys in the form of JWKs, RSA with 2048 bits at least and a `kid`.
        lifetime: How long a verified user's access token is good for.
        otherwise: What becomes of a token that does not hold: a refusal, or what was seen in the field as well, an
            answer with 200 and the token of an anonymous user.
    """

    keyset: Annotated[str, Field(pattern=r"^\w+$")] = "Keys"
    issuer: str | None = None
    audience: str | None = None
    keys: tuple[Annotated[dict[str, Any], AfterValidator(_rsa_key)], ...] = ()
    lifetime: Duration = 6 * 3600.0
    otherwise: Literal["refused", "anonymous"] = "refused"

    @cached_property
    def public_keys(self) -> dict[str, RSAPublicKey]:
        """The keys by their `kid`."""
        return {str(key["kid"]): jwt.PyJWK.from_dict(key, algorithm="RS256").key for key in self.keys}


def _time(value: str) -> str:
    try:
        time.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is no time of the day; write it as 09:00") from None
    return value


class Hours(_Model):
    """Business hours, in UTC; all day and every day if nothing is said, as where nobody set any up.

    Attributes:
        name: Their name.
        active: Whether they are in force; if not, it is closed whatever they say.
        opens: Time of the day, such as 09:00.
        closes: Time of the day; 00:00 is the end of it.
        days: Days of the week.
    """

    name: str = "Default"
    active: bool = True
    opens: Annotated[str, AfterValidator(_time)] = "00:00"
    closes: Annotated[str, AfterValidator(_time)] = "00:00"
    days: tuple[Day, ...] = DAYS

    def intervals(self, now: datetime) -> list[tuple[datetime, datetime]]:
        """Give the opening hours of the days to come, the present one included.

        Args:
            now: The present, in UTC.

        Returns:
            Pairs of opening and closing, in order; those that are over by now are left out.
        """
        opens, closes = time.fromisoformat(self.opens), time.fromisoformat(self.closes)
        days = [(now + timedelta(days=ahead)).date() for ahead in range(DAYS_AHEAD)]
        spans = [
            (
                datetime.combine(day, opens, UTC),
                datetime.combine(day if closes > opens else day + timedelta(days=1), closes, UTC),
            )
            for day in days
            if DAYS[day.weekday()] in self.days
        ]
        return [span for span in spans if span[1] > now]


class Setup(_Model):
    """What is set up.

    Attributes:
        prechat: The pre-chat form.
        verification: How customers prove who they are.
        hours: Business hours.
        transcript: Whether the end user may download the conversation.
        storage_full: The organisation's storage is full, so that no conversation can be created.
    """

    prechat: Prechat = Prechat()
    verification: Verification = Verification()
    hours: Hours = Hours()
    transcript: bool = False
    storage_full: bool = False


def configuration(deployment: str, channel: str, setup: Setup, *, type_: str, attachments: bool) -> dict[str, Any]:
    """Give a deployment as clients see it; `deploymentType` is upper case, as observed.

    Args:
        deployment: Its name.
        channel: Identifier of its channel's address.
        setup: What is set up for it.
        type_: Its type.
        attachments: Whether the end user may send files.
    """
    asks, context = setup.prechat.asks, setup.prechat.each.capitalize()
    lists = {field.name: field.options for field in asks if field.type == "ChoiceList"}
    fields = [
        {
            "name": field.name,
            "order": place,
            "type": field.type,
            "required": field.required,
            "maxLength": field.longest,
            "isHidden": field.hidden,
            "choiceListId": _record("0ci", deployment, field.name) if field.name in lists else None,
        }
        for place, field in enumerate(asks, 1)
    ]
    return {
        "name": deployment,
        "deploymentType": type_.upper(),
        "embeddedServiceMessagingChannel": {
            "channelAddressIdentifier": channel,
            "authMode": "Auth" if setup.verification.keys else "UnAuth",
        },
        "forms": [{"formType": "PreChat", "displayContext": context, "formFields": fields}] if fields else [],
        "attachments": {"endUserToAgent": attachments, "maxFileSize": 5},
        "choiceListConfig": {"choiceList": [_choices(deployment, name, options) for name, options in lists.items()]},
        "transcript": {"allowTranscriptDownload": setup.transcript},
    }


def _choices(deployment: str, name: str, options: tuple[str, ...]) -> dict[str, Any]:
    values = [
        {
            "order": place,
            "choiceListValueName": option.lower(),
            "choiceListValueId": _record("0cv", deployment, f"{name}.{option}"),
            "isDefaultValue": place == 1,
            "label": option,
        }
        for place, option in enumerate(options, 1)
    ]
    return {"choiceListId": _record("0ci", deployment, name), "choiceListValues": values}


def _record(prefix: str, deployment: str, name: str) -> str:
    """Make a record id that is the same whenever it is asked for."""
    return f"{prefix}Hb{uuid5(NAMESPACE_DNS, f'{name}.{deployment}').hex[:10]}AAQ"
