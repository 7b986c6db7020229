"""What a `targets.yaml` may say: the models of its entries, with `${env.NAME}` where addresses and secrets stand.

An entry is validated twice: as it is written, where what a variable stands for may be anything; and, of the target that
is chosen, with the values put in. A message about a wrong value names the variable, not the value. Not here: finding
and reading files (settings.py).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from harness.client.target import Budgets, Lasting, Limits, Part, Reconnect, Timeouts
from harness.documents import shown
from harness.environment import Environment

EXAMPLE = "https://example.my.salesforce-scrt.com"
"""An address as it should look like."""

SANDBOX = "sandbox"
"""The name of the target that the harness brings along."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_VARIABLE = re.compile(rf"\$\{{\s*env\.({_NAME})\s*\}}")
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""What a target may be called."""


def variables(data: Any) -> Iterator[str]:
    """The names of the environment variables that data refers to."""
    if isinstance(data, str):
        yield from _VARIABLE.findall(data)
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from variables(value)


def _filled(written: str, known: Environment | None) -> str | None:
    """The text with every variable replaced; None if it has some and nothing is known yet."""
    if "${" in _VARIABLE.sub("", written):
        raise ValueError(f"{shown(_VARIABLE.sub('…', written))} can't be read; a variable is written ${{env.NAME}}")
    names = _VARIABLE.findall(written)
    if not names:
        return written
    if known is None:
        return None
    for name in names:
        if known.get(name) is None:
            raise ValueError(known.missing(name))
    return _VARIABLE.sub(lambda match: known.get(match[1]) or "", written)


def _given(wrong: Callable[[str], str]) -> BeforeValidator:
    """Takes a text that may refer to variables.

    Args:
        wrong: What is wrong with the whole text, as the end of a sentence; empty if nothing is.
    """

    def read(written: object, info: ValidationInfo) -> object:
        if not isinstance(written, str):
            return written
        text = _filled(written, info.context)
        if text is None:
            return written
        if problem := wrong(text):
            raise ValueError(f"{shown(written) if text == written else f'what {written} stands for'} {problem}")
        return text

    return BeforeValidator(read)


def wrong_address(address: str) -> str:
    """What is wrong with the address of a service, as the end of a sentence; empty if nothing is."""
    parts, is_read = _parts(address)
    if not is_read or parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", address):
        return f"is no address; write one such as {EXAMPLE}"
    if "@" in parts.netloc:
        return "has a user or a password in it; leave out everything up to the @"
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        return "has more than a scheme and a host; leave out what follows the host"
    return ""


def _parts(address: str) -> tuple[Any, bool]:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:  # a port that is none, brackets without an end
        return None, False
    return parts, True


def _no_user(written: object) -> object:
    """Refuse an address with a user before anything else, as it would be shown with whatever else is wrong."""
    if isinstance(written, str) and "@" in written:
        raise ValueError("an address has no user and no password here; leave out everything up to the @")
    return written


def wrong_org_id(org_id: str) -> str:
    """What is wrong with the id of an organisation, as the end of a sentence; empty if nothing is."""
    if re.fullmatch(r"[A-Za-z0-9]{15}", org_id):
        return ""
    if re.fullmatch(r"[A-Za-z0-9]{18}", org_id):
        return "is an organisation's id of 18 characters; leave out the last three"
    return "is no organisation's id; it has 15 letters and digits, and begins with 00D"


def _wrong_proxy(proxy: str) -> str:
    parts, is_read = _parts(proxy)
    if not is_read or parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        return "is no address of an HTTP proxy; write one such as http://proxy.example:3128"
    return ""


def _no_password(written: object) -> object:
    """Refuse a password that stands in the file; it is not shown."""
    if isinstance(written, str) and "@" in written:
        user = written.rpartition("@")[0].partition("://")[2]
        if ":" in user and _VARIABLE.sub("", user.partition(":")[2]):
            raise ValueError("a password is no part of a file; write ${env.NAME} in its place, and set that variable")
    return written


def _wrong_word(word: str) -> str:
    return "" if word.strip() else "is empty"


def _no_secret(written: object) -> object:
    """Refuse a secret of which any part stands in the file; it is not shown."""
    if isinstance(written, str) and _VARIABLE.sub("", written).strip():
        raise ValueError("a secret is no part of a file; write ${env.NAME} in its place, and set that variable")
    return written


_TEXT = _given(_wrong_word)


class OfCustomer(Part):
    """The verified customer as whom users sign in: a `token`, or a `key` and what is said with it."""

    token: Annotated[str, _TEXT, BeforeValidator(_no_secret)] | None = None
    """The JWT as it is, only as ${env.NAME}; mind that it does not live long."""
    key: Annotated[str, _TEXT] | None = None
    """A PEM file with the private RSA key that tokens are signed with; its path starts at this file's folder."""
    key_id: Annotated[str, _TEXT] = ""
    """The `kid` under which the service knows the public key."""
    issuer: Annotated[str, _TEXT] = ""
    """What `iss` says."""
    subject: Annotated[str, _TEXT, Field(max_length=255)] = ""
    """What `sub` says: the customer's id."""
    audience: Annotated[str, _TEXT] | None = None
    """What `aud` says, if anything."""

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        said = [self.key, self.key_id, self.issuer, self.subject]
        if self.token and any([*said, self.audience]):
            raise ValueError("an identity is a token or a key, not both; leave one of them out")
        if not self.token and not all(said):
            raise ValueError(
                "an identity is a token, or else a key with key_id, issuer and subject; say what is missing"
            )
        return self


class _Entry(Part):
    about: str = ""
    """What it is, and who looks after it."""
    deployment: str
    capabilities_version: Annotated[int, Field(ge=1)] = 63
    """What the client says it understands; 62 adds progress, 63 token streaming."""
    within: Lasting | None = None
    """What an expectation has where neither scenario nor suite gives a time; 10s if not given."""
    acknowledge: Literal["none", "delivered", "read"] = "none"
    """As what messages of the other side are acknowledged by themselves, unless a scenario says otherwise."""
    limits: Limits = Limits()
    """How much a run may ask of it; options of the command line count first."""
    budgets: Budgets = Budgets()
    """How long things may take there before they count as slow."""
    timeouts: Timeouts = Timeouts()
    """How long each phase may take before it counts as failed."""
    reconnect: Reconnect = Reconnect()
    """When an event stream that was lost is opened again."""


class OfService(_Entry):
    """A service at an address."""

    url: Annotated[
        str,
        _given(wrong_address),
        BeforeValidator(_no_user),
        Field(json_schema_extra={"pattern": r"^(https?://|\$\{)"}),
    ]
    """Address of the messaging service, scheme and host."""
    org_id: Annotated[str, _given(wrong_org_id), Field(json_schema_extra={"pattern": r"^[A-Za-z0-9]{15}$|\$\{"})]
    """The organisation's id in its form of 15 characters."""
    deployment: Annotated[str, _TEXT]
    """API name of the deployment that a scenario talks to unless it or its suite names another."""
    production: bool = False
    """Whether real customers are served there: it is talked to only with --allow-production."""
    proxy: Annotated[str, _given(_wrong_proxy), BeforeValidator(_no_password)] | None = None
    """Address of the HTTP proxy on the way there; a password only as ${env.NAME}."""
    identity: OfCustomer | None = None
    """The verified customer as whom users sign in; guests if not given."""
    ca: Annotated[str, _TEXT] | None = None
    """A PEM file with certificates of authorities that are trusted there too; its path starts at this file's folder."""


_OF_ITSELF = dict.fromkeys(
    ("url", "org_id", "production", "proxy", "identity", "ca"),
    "is nothing to say of the sandbox, which the harness starts itself; leave it out, or give the target another name",
)


class OfSandbox(_Entry):
    """The sandbox, which the harness starts itself and knows the way to."""

    elsewhere: ClassVar[Mapping[str, str]] = _OF_ITSELF
    deployment: Annotated[str, _TEXT] = ""
    """API name of the deployment that a scenario talks to unless it or its suite names another."""
