"""What a run is told: which target, and how strict it is, from the words a person gives and the files they wrote.

A target is named in the nearest `targets.yaml`, or given as an address; the words of the command line count before what
the file says. Not here: the words themselves (cli/, plugin/), what the file may say (client/target_file.py), starting
the sandbox.
"""

import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from harness.client.identity import Identity
from harness.client.network import trusting
from harness.client.target import Limits, Target
from harness.client.target_file import (
    EXAMPLE,
    NAME,
    SANDBOX,
    OfCustomer,
    OfSandbox,
    OfService,
    variables,
    wrong_address,
    wrong_org_id,
)
from harness.documents import Document, DocumentError, Problem, nearest, read, refused, shown_path
from harness.environment import Environment, environment
from harness.errors import LocalProtocolError
from harness.scenarios.pace import MESSAGES_PER_MINUTE, STARTS_PER_MINUTE
from harness.timeline.sensitive import Privacy

ORG_ID = "00DHb0000004QkL"
"""An organisation of the sandbox, which knows every well-formed one."""

DEPLOYMENT = "Harbour_Assistant"
"""The deployment of the sandbox that is talked to unless a scenario names another."""

NOWHERE = "http://sandbox.invalid"
"""The address of the sandbox until it has been started."""

TARGETS = "targets.yaml"
"""The name of the file with targets."""

_KEYS = frozenset({"targets", "privacy"})
"""What may stand in that file."""

CONCURRENCY = 16
"""Scenario files played at once where nobody says."""

ALLOW_PRODUCTION = "--allow-production"
"""The word that lets a run talk to a production target."""


def strictness(*said: bool | None) -> bool:
    """Whether a message that no expectation took fails its scenario.

    Args:
        said: What was said of it, narrowest first; None where nothing was. The first word counts.
    """
    return next((word for word in said if word is not None), False)


def limits(
    target: Target,
    *,
    starts_per_minute: int | None = None,
    messages_per_minute: int | None = None,
    concurrency: int | None = None,
) -> Limits:
    """What a run keeps to: as it is told, or else as the target says, or else as the service documents.

    Args:
        target: The service; of the sandbox one can ask as much as one likes.
        starts_per_minute: What the command line says, as the others; 0 is no limit, None is nothing said.
        messages_per_minute: Those of one conversation.
        concurrency: Scenarios at once.

    Returns:
        Limits that leave nothing open; 0 is no limit.
    """
    own, documented = target.limits, (0, 0) if target.is_sandbox else (STARTS_PER_MINUTE, MESSAGES_PER_MINUTE)
    return Limits(
        starts_per_minute=_first(starts_per_minute, own.starts_per_minute, documented[0]),
        messages_per_minute=_first(messages_per_minute, own.messages_per_minute, documented[1]),
        concurrency=_first(concurrency, own.concurrency, CONCURRENCY),
    )


def _first(*said: int | None) -> int | None:
    """The first that was said."""
    return next((one for one in said if one is not None), None)


def sandbox_target(url: str, *, within: float | None = None) -> Target:
    """The sandbox at an address."""
    target = Target(name=SANDBOX, url=url, org_id=ORG_ID, deployment=DEPLOYMENT, is_sandbox=True)
    return target if within is None else target.model_copy(update={"within": within})


def target(
    where: str,
    *,
    near: Path,
    org_id: str | None = None,
    deployment: str | None = None,
    within: float | None = None,
    allow_production: bool = False,
) -> Target:
    """The service that a run is told to talk to; a sandbox that is still to be started is at `NOWHERE`.

    Args:
        where: The name of a target, or scheme and host, such as `https://example.my.salesforce-scrt.com`.
        near: The folder, or a file in it, from which a `targets.yaml` is looked for upwards.
        org_id: The organisation's id, 15 characters; as the file says if None.
        deployment: API name of the deployment; as the file says if None.
        within: Seconds an expectation has where a scenario gives none; as the file says if None.
        allow_production: Whether real customers may be served there.

    Raises:
        DocumentError: The file, or a `.env` file, says what can't be meant, or a variable that it needs is not set.
        LocalProtocolError: There is no such target, something is missing or malformed, or real customers are served
            there and that was not allowed.
    """
    file = targets_file(near)
    if org_id is not None and (problem := wrong_org_id(org_id)):
        raise LocalProtocolError(f"--org-id {org_id!r} {problem}")
    if deployment is not None and not deployment.strip():
        raise LocalProtocolError("--deployment is empty; give the API name of a deployment of the type Custom Client")
    if within is not None and within <= 0:
        raise LocalProtocolError(f"--within {within:g} leaves no time; give seconds above 0")
    if "://" in where:
        found = _at(where, file, org_id, deployment)
    elif file is not None and where in file.names:
        found = file.target(where)
    elif where == SANDBOX:
        found = sandbox_target(NOWHERE)
    else:
        raise LocalProtocolError(_unknown(where, near, file))
    if found.production and not allow_production:
        raise LocalProtocolError(
            f"the target {found.name!r} is in production, where real customers are served, so nothing was sent to it; "
            f"add {ALLOW_PRODUCTION} if it is meant"
        )
    given = {"org_id": org_id, "deployment": deployment, "within": within}
    return found.model_copy(update={key: value for key, value in given.items() if value is not None})


def _at(address: str, file: "TargetsFile | None", org_id: str | None, deployment: str | None) -> Target:
    """A service at an address; it is in production if a target of the file at the same host is."""
    if "@" in address:
        raise LocalProtocolError("--target has a user or a password in its address; leave out everything up to the @")
    if problem := wrong_address(address):
        raise LocalProtocolError(f"--target {address!r} {problem}")
    if org_id is None:
        raise LocalProtocolError(
            "--org-id is missing; an address needs the organisation's id in its form of 15 letters and digits"
        )
    if deployment is None:
        raise LocalProtocolError(
            "--deployment is missing; an address needs the API name of a deployment of the type Custom Client"
        )
    host = urlsplit(address).hostname or ""
    production = file is not None and host in file.production_hosts()
    return Target(name=host, url=address.rstrip("/"), org_id=org_id, deployment=deployment, production=production)


def _unknown(where: str, near: Path, file: "TargetsFile | None") -> str:
    said = f"--target {where!r} is neither the name of a target nor an address such as {EXAMPLE}"
    if file is None:
        return f"{said}; names stand in a {TARGETS}, and there is none in {shown_path(_folder(near))} or above"
    return f"{said}{nearest(where, [SANDBOX, *file.names])} (the names stand in {shown_path(file.path)})"


# -- the file ----------------------------------------------------------------------------------------------------------


def privacy(near: Path) -> Privacy:
    """What the nearest `targets.yaml` says is secret, besides what always is.

    Raises:
        DocumentError: The file, or a `.env` file, says what can't be meant.
    """
    file = targets_file(near)
    return Privacy() if file is None else file.privacy


@dataclass(frozen=True)
class TargetsFile:
    """A `targets.yaml` without a mistake that can be seen without knowing what its variables stand for.

    Attributes:
        document: The file.
        entries: What it says of each target, as it is written: variables still stand in it.
        environment: What the variables stand for.
        privacy: What it says is secret.
    """

    document: Document
    entries: Mapping[str, OfService | OfSandbox]
    environment: Environment
    privacy: Privacy = field(default_factory=Privacy)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.document.path

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The targets, in the order of the file."""
        return tuple(self.entries)

    def missing(self, name: str) -> list[str]:
        """The variables that a target needs and that are not set."""
        needed = dict.fromkeys(variables(self.document.data["targets"][name]))
        return [variable for variable in needed if self.environment.get(variable) is None]

    def target(self, name: str) -> Target:
        """A target of the file, with what its variables stand for.

        Raises:
            DocumentError: A variable is not set, or stands for what can't be meant, or a certificate can't be read.
        """
        entry = _entry(self.document, name, self.environment)
        more: dict[str, Any] = {
            field: getattr(entry, field) for field in ("acknowledge", "limits", "budgets", "timeouts", "reconnect")
        }
        more |= {"capabilities_version": str(entry.capabilities_version)}
        more |= {} if entry.within is None else {"within": entry.within}
        if isinstance(entry, OfSandbox):
            return sandbox_target(NOWHERE).model_copy(update=more | {"deployment": entry.deployment or DEPLOYMENT})
        return Target(
            name=name,
            url=entry.url.rstrip("/"),
            org_id=entry.org_id,
            deployment=entry.deployment,
            production=entry.production,
            proxy=entry.proxy,
            identity=self._customer(name, entry.identity),
            ca=self._authorities(name, entry.ca),
        ).model_copy(update=more)

    def production_hosts(self) -> set[str]:
        """The hosts of the production targets, as far as the variables in their addresses are set."""
        hosts = set()
        for name, entry in self.entries.items():
            if isinstance(entry, OfService) and entry.production:
                try:
                    hosts.add(urlsplit(self.target(name).url).hostname or "")
                except DocumentError:  # what is not known can't be compared
                    continue
        return hosts

    def _customer(self, name: str, said: OfCustomer | None) -> Identity | None:
        """Who signs in; a token is made once to see that the key is one."""
        if said is None:
            return None
        folder = self.path.parent
        identity = Identity.model_validate(said.model_dump() | {"key": said.key and folder / said.key})
        try:
            identity.jwt()
        except LocalProtocolError as error:
            raise DocumentError([self.document.problem(("targets", name, "identity", "key"), str(error))]) from None
        return identity

    def _authorities(self, name: str, ca: str | None) -> Path | None:
        """The file with certificates, read once to see that it has some."""
        if ca is None:
            return None
        path = self.path.parent / ca
        try:
            trusting(path)
        except ssl.SSLError:
            wrong = "has no certificate in PEM form"
        except OSError as error:
            wrong = f"can't be read: {error.strerror}"
        else:
            return path
        what = f"{shown_path(path)} {wrong}; name a PEM file with the certificate of the authority"
        raise DocumentError([self.document.problem(("targets", name, "ca"), what)])


def targets_file(near: Path) -> TargetsFile | None:
    """The nearest `targets.yaml`, looked for upwards from a folder, or from that of a file; None if there is none.

    Raises:
        DocumentError: It has mistakes, or a `.env` file has.
    """
    path = _nearest(near)
    return None if path is None else read_targets(path)


def mistakes(paths: Iterable[Path]) -> list[Problem]:
    """What is wrong with the files of targets in folders, and with those that count for files and folders."""
    files = {file.resolve() for path in paths for file in [*path.rglob(TARGETS), *filter(None, [_nearest(path)])]}
    problems: list[Problem] = []
    for file in sorted(files):
        try:
            read_targets(file)
        except DocumentError as error:
            problems += error.problems
    return problems


def _nearest(near: Path) -> Path | None:
    folder = _folder(near)
    return next((path for above in (folder, *folder.parents) if (path := above / TARGETS).is_file()), None)


def read_targets(path: Path) -> TargetsFile:
    """Read a `targets.yaml`.

    Raises:
        DocumentError: It has mistakes, or a `.env` file has.
    """
    document = read(path)
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("targets"), dict) or set(data) - _KEYS:
        raise DocumentError(_shape(document))
    entries: dict[str, OfService | OfSandbox] = {}
    problems: list[Problem] = []
    for name in data["targets"]:
        if not re.match(NAME, name):
            what = f"{name!r} is no name of a target; one has letters, digits and . _ -"
            problems.append(document.problem(("targets", name), what, key=True))
        try:
            entries[name] = _entry(document, name, None)
        except DocumentError as error:
            problems += error.problems
    try:
        secret = Privacy.model_validate(data.get("privacy", {}))
    except ValidationError as error:
        problems += refused(document, error, Privacy, ("privacy",))
    if problems:
        raise DocumentError(problems)
    return TargetsFile(document, entries, environment(path.parent), secret)


def _shape(document: Document) -> Iterable[Problem]:
    """What is wrong with the outermost mapping."""
    data = document.data
    wanted = "write targets: and below it a mapping of names, such as {staging: {url: …, org_id: …, deployment: …}}"
    if not isinstance(data, dict):
        return [document.problem((), f"the file is {'empty' if data is None else 'no mapping'}; {wanted}")]
    known = "targets"
    others = [
        document.problem((key,), f"unknown key {key!r}{nearest(key, sorted(_KEYS))}", key=True)
        for key in data
        if key not in _KEYS
    ]
    if others:
        return others
    return [document.problem((known,), f"there is no target here; {wanted}")]


def _entry(document: Document, name: str, known: Environment | None) -> OfService | OfSandbox:
    """What the file says of a target; of one that is used, with what its variables stand for."""
    model = OfSandbox if name == SANDBOX else OfService
    data = document.data["targets"][name]
    try:
        return model.model_validate(data, context=known)
    except ValidationError as error:
        raise DocumentError(refused(document, error, model, ("targets", name))) from None


def _folder(near: Path) -> Path:
    near = near.resolve()
    return near if near.is_dir() else near.parent
