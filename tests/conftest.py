"""Targets for tests: a sandbox in this process, on a real port."""

import gc
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness.client.network import Network
from harness.client.target import Target
from harness.sandbox.server import Sandbox
from harness.settings import sandbox_target

os.environ["PYTEST_ADDOPTS"] = "-p no:schemathesis -p no:hypothesispytest"
"""For the runs that tests start: plugins that none of them uses would take them a second each."""
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of them would compile the harness anew

BOTS = Path(__file__).parent / "bots"


def pytest_collection_finish() -> None:
    """Five thousand tests stay to the end, and a full collection would look at them: the world stands for 0.2 s."""
    gc.collect()
    gc.freeze()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox with the shipped bots and those of the tests."""
    async with Sandbox([BOTS]) as running:
        yield running


@pytest.fixture
def at_sandbox(sandbox: Sandbox) -> Target:
    """The sandbox as a target."""
    return sandbox_target(sandbox.url, within=5.0)


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    """The way out."""
    async with Network() as way:
        yield way
