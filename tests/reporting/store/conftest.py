"""Stores for tests: a file, and a database of a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reporting.store.server import Server, server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of this session."""
    with server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store can be, of every kind; there is nothing yet."""
    if request.param == "sqlite":
        return str(tmp_path / "nights" / "history.db")
    running: Server = request.getfixturevalue("postgresql")
    return running.database()
