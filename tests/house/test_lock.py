"""The locks pin every package by checksum and say nothing about where it was fetched."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON_LOCK = ROOT / "requirements.lock"
NODE_LOCK = ROOT / "reports" / "allure" / "package-lock.json"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
HOST = re.compile(r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|dev|internal|local|localhost)\b", re.IGNORECASE)


def canonical(name: str) -> str:
    """A package's name as the index compares it. Source: PyPA, "Names and normalization"."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    """Every package of the Python lock with its whole entry, continued lines joined."""
    text = PYTHON_LOCK.read_text(encoding="utf-8").replace("\\\n", " ")
    entries = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return {canonical(entry.split("==")[0].split("[")[0]): entry for entry in entries}


def wanted() -> list[str]:
    """Every requirement that the project states: to run, and to be built, checked and tested."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [line for group in project["dependency-groups"].values() for line in group if isinstance(line, str)]
    return sorted({*project["project"]["dependencies"], *project["build-system"]["requires"], *groups})


def addresses(value: Any, path: str = "") -> dict[str, str]:
    """Every text in a JSON document that holds an address, by its path."""
    if isinstance(value, dict):
        return {k: v for name, inner in value.items() for k, v in addresses(inner, f"{path}/{name}").items()}
    if isinstance(value, list):
        return {k: v for place, inner in enumerate(value) for k, v in addresses(inner, f"{path}/{place}").items()}
    return {path: value} if isinstance(value, str) and "://" in value else {}


@pytest.mark.parametrize("requirement", wanted())
def test_every_requirement_is_locked(requirement: str) -> None:
    """`make lock` was run after the last change to pyproject.toml."""
    name = NAME.match(requirement)
    assert name is not None
    assert canonical(name[0]) in pinned(), "run `make lock`"


def test_every_python_package_is_pinned_by_checksum() -> None:
    """One exact version and at least one SHA-256 each; nothing is taken on trust."""
    loose = [
        name for name, entry in pinned().items() if not re.search(r"^\S+==\S+.*\s--hash=sha256:[0-9a-f]{64}\b", entry)
    ]
    assert pinned()
    assert not loose


def test_the_python_lock_names_no_address() -> None:
    """Whoever installs uses an index of their own choice."""
    text = PYTHON_LOCK.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    assert "--extra-index" not in text
    assert "--find-links" not in text
    assert not HOST.search(text)


def test_every_node_package_is_pinned_by_checksum() -> None:
    """One exact version and a SHA-512 each."""
    packages = json.loads(NODE_LOCK.read_text(encoding="utf-8"))["packages"]
    loose = [
        name
        for name, entry in packages.items()
        if name and not (re.match(r"\d+\.\d+\.\d+", entry["version"]) and entry["integrity"].startswith("sha512-"))
    ]
    assert len(packages) > 1
    assert not loose


def test_the_node_lock_names_no_address_to_fetch_from() -> None:
    """The only addresses are those where npm says a package takes donations."""
    lock = json.loads(NODE_LOCK.read_text(encoding="utf-8"))
    assert [path for path in addresses(lock) if "/funding" not in path] == []
    assert all("resolved" not in entry for entry in lock["packages"].values())
    assert "registry" not in NODE_LOCK.read_text(encoding="utf-8")


def test_the_node_lock_belongs_to_its_package_file() -> None:
    """The generator is pinned exactly, and the lock is for that version."""
    stated = json.loads((NODE_LOCK.parent / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = json.loads(NODE_LOCK.read_text(encoding="utf-8"))["packages"]
    assert packages[""]["dependencies"] == stated
    assert {name: packages[f"node_modules/{name}"]["version"] for name in stated} == stated
