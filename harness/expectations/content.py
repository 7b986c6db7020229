"""What a message shows besides its text: cards, forms, attachments, links, as matchers of these values.

`message(cards=has(card(title="Gold card")))`. What is not given is left open. Not here: the values themselves
(events/messages.py), how a list of them is looked at (structure.py).
"""

import dataclasses
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from urllib.parse import urlsplit

from pydantic import BaseModel

from harness.events.messages import Answer, Attachment, Card, Component, Fault, FormField, Link, Media, Option, Record
from harness.events.text import printable, quoted
from harness.expectations.matchers import Matcher, Mismatch, inside, matcher, shown, shown_error


@dataclass(frozen=True, slots=True)
class Described(Matcher):
    """A value of a class whose fields all fit."""

    noun: str
    cls: type[BaseModel]
    fields: tuple[tuple[str, Matcher], ...]

    def accepts(self, value: object) -> bool:  # noqa: D102
        return isinstance(value, self.cls) and all(wanted.accepts(getattr(value, name)) for name, wanted in self.fields)

    def seen(self, value: object) -> str:  # noqa: D102
        if not isinstance(value, self.cls):
            return shown(value)
        unfit = [(name, wanted) for name, wanted in self.fields if not wanted.accepts(getattr(value, name))]
        told = " and ".join(f"{name} {wanted.seen(getattr(value, name))}" for name, wanted in unfit)
        return f"{self.noun} with {told}" if told else shown(value)

    def apart(self, value: object) -> float:  # noqa: D102
        if not isinstance(value, self.cls) or not self.fields:
            return Matcher.apart(self, value)
        return sum(wanted.apart(getattr(value, name)) for name, wanted in self.fields) / len(self.fields)

    @property
    def binds(self) -> frozenset[str]:  # noqa: D102
        return frozenset().union(*(wanted.binds for _, wanted in self.fields))

    def captures(self, value: object) -> dict[str, str]:  # noqa: D102
        if not self.accepts(value):
            return {}
        told = [wanted.captures(getattr(value, name)) for name, wanted in self.fields]
        return {name: text for one in told for name, text in one.items()}

    def __str__(self) -> str:
        fields = " and ".join(f"{name} {inside(wanted)}" for name, wanted in self.fields)
        return f"{self.noun} with {fields}" if fields else self.noun


def _described(noun: str, cls: type[BaseModel], **fields: object) -> Matcher:
    given = tuple((name, matcher(wanted)) for name, wanted in fields.items() if wanted is not None)
    return Described(noun, cls, given)


def card(
    *,
    title: object = None,
    subtitle: object = None,
    image: object = None,
    choices: Sequence[object] | Matcher | None = None,
    links: object = None,
) -> Matcher:
    """A card of a carousel; `image` is its description, `choices` the labels of all that it offers."""
    return _described("card", Card, title=title, subtitle=subtitle, image=image, choices=choices, links=links)


def field(
    *,
    label: object = None,
    name: object = None,
    type: object = None,  # noqa: A002  # the word of the field
    required: object = None,
    hint: object = None,
    choices: Sequence[object] | Matcher | None = None,
) -> Matcher:
    """A field of a form; `type` is text, choice, date, date_time or another word of the service."""
    return _described(
        "field", FormField, label=label, name=name, type=type, required=required, hint=hint, choices=choices
    )


def attachment(
    *,
    name: object = None,
    type: object = None,  # noqa: A002  # the word of the field
    address: object = None,
    upload: object = None,
) -> Matcher:
    """A file; `type` is its media type, `upload` is completed, pending or failed, or empty where nobody said."""
    return _described("attachment", Attachment, name=name, type=type, address=address, upload=upload)


def link(*, label: object = None, address: object = None) -> Matcher:
    """A link; see `link_opens` for its address."""
    return _described("link", Link, label=label, address=address)


def media(*, description: object = None, type: object = None, address: object = None) -> Matcher:  # noqa: A002
    """A picture or video; `type` is its media type."""
    return _described("media", Media, description=description, type=type, address=address)


def option(*, label: object = None, subtitle: object = None, value: object = None) -> Matcher:
    """A choice: what a person reads, what stands below it in smaller print, what is sent back."""
    return _described("option", Option, label=label, subtitle=subtitle, value=value)


def answer(*, name: object = None, value: object = None) -> Matcher:
    """A field of a form as the end user filled it in; see `echo`."""
    return _described("answer", Answer, name=name, value=value)


def record(*, id: object = None, created: object = None, text: object = None) -> Matcher:  # noqa: A002
    """A record that a form made or changed."""
    return _described("record", Record, id=id, created=created, text=text)


def fault(*, code: object = None, text: object = None) -> Matcher:
    """Something that went wrong: the service's word for it, and what the end user is told."""
    return _described("fault", Fault, code=code, text=text)


def component(*, type: object = None, data: object = None) -> Matcher:  # noqa: A002
    """A component of the org's own; `data` is JSON: `component(data=json_path("$.offers[0].apr", less(5)))`."""
    return _described("component", Component, type=type, data=data)


# ---- addresses

_LONGEST_HOST = 253
_LONGEST_LABEL = 63
_OPENS = range(200, 400)

Fetch = Callable[[str], int | bool]
"""Asked for an address; answers with the HTTP status after redirects, or whether it opens."""


@dataclass(frozen=True, slots=True)
class LinkOpens(Matcher):
    """The address, or that of the link, can be opened."""

    hosts: tuple[str, ...]
    fetch: Fetch | None = dataclasses.field(repr=False, hash=False)

    def _problem(self, value: object) -> str | None:
        address = _bare(value)
        if not isinstance(address, str):
            return "is no address"
        try:
            return _address_problem(address, self.hosts) or (_answer(self.fetch, address) if self.fetch else None)
        except ValueError as error:
            return shown_error(error)

    def accepts(self, value: object) -> bool:  # noqa: D102
        return self._problem(value) is None

    def seen(self, value: object) -> str:  # noqa: D102
        problem = self._problem(value)
        return f"{shown(_bare(value))} ({problem})" if problem else shown(_bare(value))

    def match(self, value: object) -> Mismatch | None:  # noqa: D102
        problem = self._problem(value)  # once: `fetch` may be slow
        return None if problem is None else Mismatch(wanted=str(self), saw=f"{shown(_bare(value))} ({problem})")

    def __str__(self) -> str:
        return "an address that opens" + (f" on {' or '.join(self.hosts)}" if self.hosts else "")


def _bare(value: object) -> object:
    return value.address if isinstance(value, Link | Attachment | Media) else value


def _address_problem(address: str, hosts: tuple[str, ...]) -> str | None:
    if printable(address) != address or any(character.isspace() for character in address) or "\\" in address:
        return "has a space, backslash or invisible character"
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"}:
        return "does not begin with http:// or https://"
    if "@" in parts.netloc:
        return "has a user name or password in it"
    if parts.port == 0:
        return "has port 0"
    host = (parts.hostname or "").removesuffix(".")
    return _host_problem(host, hosts, is_ipv6="[" in parts.netloc)


def _host_problem(host: str, hosts: tuple[str, ...], *, is_ipv6: bool) -> str | None:
    if not host:
        return "has no host"
    if not is_ipv6 and not _is_host(host):
        return f"has no valid host: {quoted(host)}"
    if hosts and not any(_is_below(host, allowed) for allowed in hosts):
        return f"host {quoted(host)} is not allowed"
    return None


def _is_host(host: str) -> bool:
    labels = host.split(".")
    if len(host) > _LONGEST_HOST or not all(_is_label(label) for label in labels):
        return False
    return not labels[-1].isdecimal() or _is_ipv4(host)  # browsers read it as an IPv4 address, or not at all


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _is_label(label: str) -> bool:
    letters = all(character in "-_" or unicodedata.category(character)[0] in "LNM" for character in label)
    return 0 < len(label) <= _LONGEST_LABEL and letters and not label.startswith("-")


def _is_below(host: str, allowed: str) -> bool:
    return host.endswith(allowed.removeprefix("*")) if allowed.startswith("*.") else host == allowed


def _answer(fetch: Fetch, address: str) -> str | None:
    try:
        answer: object = fetch(address)
    except Exception as error:  # whoever fetches may fail in any way, and each is an address that does not open
        return f"{type(error).__name__}: {shown_error(error)}"
    if isinstance(answer, bool):
        return None if answer else "does not open"
    return None if answer in _OPENS else f"answered {shown(answer)}"


def link_opens(*, hosts: Iterable[str] = (), fetch: Fetch | None = None) -> Matcher:
    """An address, or the link that has it, that a browser would open.

    It is absolute, http or https, has a host, and has no spaces, invisible characters or credentials. Nothing is
    fetched, unless the caller hands in how; `fetch` is asked every time a value is judged, so let it remember.

    Args:
        hosts: Hosts that are allowed, such as `help.example.com`, or `*.example.com` for all below; empty allows all.
        fetch: Asked for each address that is well formed. It answers with the HTTP status (200 to 399 opens) or with
            True or False; what it raises is an address that does not open.

    Raises:
        ValueError: A host is none.
    """
    allowed = tuple(hosts.split() if isinstance(hosts, str) else hosts)
    for host in allowed:
        if not _is_host(str(host).removeprefix("*.")):
            raise ValueError(f"not a host: {shown(host)}; write 'help.example.com', or '*.example.com' for all below")
    return LinkOpens(tuple(host.casefold() for host in allowed), fetch)
