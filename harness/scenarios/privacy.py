"""What is secret in a scenario: the data of everybody in it, the variables it may read, what it was let in with.

Here: who and what is known, by and by, and how it is called where it would have stood. Not here: finding it in a text
(timeline/redaction.py), what is secret whoever's it is (timeline/sensitive.py).
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.client.target import Target
from harness.documents import DocumentError
from harness.timeline.redaction import Redactor
from harness.timeline.sensitive import Privacy, Sensitive, is_token, secret_names
from harness.user.persona import Persona

if TYPE_CHECKING:
    from harness.scenarios.loading import Script

_DIGITS_OF_A_PHONE = 7
_LEAST = 4
"""Characters that the value of a variable has at least; a shorter one would be found everywhere."""
_NOTHING = frozenset({"true", "false", "none", "null"})

People = tuple[tuple[str, Persona], ...]
"""Everybody in a scenario, with what they are called in placeholders; its customer is called nothing."""


class Secrets:
    """What must not be written of a scenario.

    Args:
        lead: The scenario's customer.
        privacy: What the project says is secret.
        env: Variables with secret values, by name.
        gone: Other secrets, of which nothing is to be put back.
        keep: Texts that are not hidden for how they look.

    Attributes:
        watcher: Called whenever more is known than before.
    """

    def __init__(
        self,
        lead: Persona,
        *,
        privacy: Privacy | None = None,
        env: Mapping[str, str] | None = None,
        gone: Iterable[str] = (),
        keep: Iterable[str] = (),
    ) -> None:
        self.people: People = (("", lead),)
        self.sensitive = _sensitive(privacy or Privacy(), frozenset(keep))
        self._env = tuple(sorted((variables(privacy or Privacy()) if env is None else env).items()))
        self._gone = frozenset(gone)
        self._redactor: Redactor | None = None
        self.watcher: Callable[[], None] | None = None

    def _more_is_known(self) -> None:
        self._redactor = None
        if self.watcher is not None:
            self.watcher()

    @property
    def redactor(self) -> Redactor:
        """What takes out all that is known by now, and puts back what can be."""
        if self._redactor is None:
            self._redactor = self.redactor_of(self.people)
        return self._redactor

    def redactor_of(self, people: People) -> Redactor:
        """The same for other people."""
        return _redactor(people, self._env, self._gone, self.sensitive)

    def meet(self, name: str, somebody: Persona) -> None:
        """Another customer has come into the scenario; `name` is what it calls them."""
        label = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        taken = {one for one, _ in self.people}
        if label in taken:
            label = f"{label}_{len(self.people) + 1}".strip("_")
        self.people = (*self.people, (label, somebody))
        self._more_is_known()

    def learn(self, secret: str) -> None:
        """Keep something secret from now on, unless it is kept anyway for how it looks."""
        if not secret or secret in self._gone or is_token(secret):
            return
        if self.redactor.shown(secret) == secret:
            self._gone |= {secret}
            self._more_is_known()

    def learn_fields(self, values: Iterable[tuple[str, str]]) -> None:
        """Keep the values of secret fields secret wherever else they stand."""
        for name, value in values:
            if self.sensitive.is_secret(name):
                self.learn(value)


def variables(privacy: Privacy, script: "Script | None" = None) -> dict[str, str]:
    """The environment variables with secret values: those named so, those of the settings, those of a scenario.

    Args:
        privacy: The settings.
        script: A scenario, which may read more of them, and finds them in `.env` as well.
    """
    names = {*secret_names(os.environ), *privacy.env}
    found = {name: os.environ.get(name, "") for name in sorted(names)}
    if script is not None and script.environment:
        with suppress(DocumentError):  # then it has read none
            found |= {name: script.env.get(name) or "" for name in sorted(script.environment)}
    return {
        f"env.{name}": value
        for name, value in found.items()
        if len(value) >= _LEAST and value.lower() not in _NOTHING and re.fullmatch(r"\w+", name, re.ASCII)
    }


def secrets_of_target(target: Target) -> Iterator[str]:
    """What lets somebody in at a target, as far as it stands in its settings."""
    if target.identity is not None and target.identity.token is not None:
        yield target.identity.token.get_secret_value()
    if target.proxy and "@" in target.proxy:
        user = target.proxy.partition("://")[2].rpartition("@")[0]
        yield from {user, user.partition(":")[2]} - {""}


def written_in(script: "Script", privacy: Privacy) -> frozenset[str]:
    """What looks secret in the files of a scenario: whoever wrote it there has made it known."""
    sensitive = _sensitive(privacy.model_copy(update={"keep": ()}), frozenset())
    found: set[str] = set()
    shared = script.shared
    for data in (
        script.document.data,
        dict(script.row),
        [document.data for document, _ in shared.suites],
        [document.data for document, _ in shared.fragments.values()],
        [list(by_locale.values()) for by_locale in shared.catalogues.values()],
    ):
        for text in _texts(data):
            if sensitive.may_look(text):
                found |= {text[start:end] for start, end, _ in sensitive.seen(text)}
    return frozenset(found)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, Sequence):
        for value in data:
            yield from _texts(value)


@lru_cache(maxsize=64)
def _of_settings(privacy: str, keep: frozenset[str]) -> Sensitive:
    return Sensitive(Privacy.model_validate_json(privacy), keep)


def _sensitive(privacy: Privacy, keep: frozenset[str]) -> Sensitive:
    """The same for the same settings: what is prepared for it is prepared once."""
    return _of_settings(privacy.model_dump_json(), keep)


@lru_cache(maxsize=1024)
def _redactor(people: People, env: tuple[tuple[str, str], ...], gone: frozenset[str], sensitive: Sensitive) -> Redactor:
    values = dict(env)
    for label, persona in people:
        values |= {f"{label}.{name}" if label else name: value for name, value in _values(persona).items()}
    return Redactor(values, gone=gone, sensitive=sensitive)


def _values(persona: Persona) -> dict[str, str]:
    """A persona's values, and their likely other forms: names in capitals, the bare digits of the number."""
    names = {"first_name": persona.first_name, "last_name": persona.last_name, "name": persona.name}
    digits = "".join(filter(str.isdecimal, persona.phone))
    return {
        **names,
        "email": persona.email,
        "phone": persona.phone,
        **{f"{label}.upper": value.upper() for label, value in names.items()},
        "email.lower": persona.email.lower(),
        "phone.digits": digits if len(digits) >= _DIGITS_OF_A_PHONE else "",
    }


def redactor_of(persona: Persona) -> Redactor:
    """What takes the data of one person out of texts, and puts it back."""
    return _redactor((("", persona),), (), frozenset(), _sensitive(Privacy(), frozenset()))
