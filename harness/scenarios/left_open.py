"""Conversations that a run left open because it was killed are closed by the next run at the same target.

Not here: how a run notes what it has open (ledger.py).
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from harness.client.miaw import MiawClient
from harness.client.network import Network
from harness.client.target import Target
from harness.errors import HarnessError, ServiceRefused
from harness.scenarios.ledger import LeftOpen, abandoned
from harness.scenarios.sealing import unseal

_AT_ONCE = 16
_EXPIRED = 401
_GONE = {400, 403, 404, 409, 412, 417}
"""Statuses of requests to close what is closed. Source: the protocol notes, section 9.2."""


@dataclass(slots=True)
class Ends:
    """What became of the conversations that were left open at a target.

    Attributes:
        since: When the oldest was opened, seconds since 1970.
        closed: How many were closed now.
        gone: How many the service had closed itself.
        too_late: How many can't be closed any more: their token is not valid any more.
        sealed: How many can't be closed here: the key to their token is not on this machine.
        kept: How many could not be closed; the next run tries again.
        why: Why the first of these could not.
    """

    since: float = 0.0
    closed: int = 0
    gone: int = 0
    too_late: int = 0
    sealed: int = 0
    kept: int = 0
    why: str = ""

    @property
    def total(self) -> int:
        """How many there were."""
        return self.closed + self.gone + self.too_late + self.sealed + self.kept

    def __str__(self) -> str:
        """Say it in a line."""
        of = "conversation was" if self.total == 1 else "conversations were"
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.since))
        ends = [
            (self.closed, "closed now"),
            (self.gone, "closed by the service before"),
            (self.too_late, "can't be closed any more (the access token has expired; the service closes it in time)"),
            (self.sealed, "can't be closed from here (the key to the access token is not on this machine)"),
            (self.kept, f"could not be closed ({self.why}); the next run tries again"),
        ]
        told = ", ".join(f"{count} {words}" for count, words in ends if count)
        return f"{self.total} {of} left open by a run that was cut off (since {since}): {told}"


async def close_left_open(folder: Path, target: Target) -> Ends | None:
    """Close what runs that are gone left open at a target.

    Args:
        folder: Where ledgers are kept.
        target: The service; what was left at others stays in the ledgers.

    Returns:
        What became of it; None where nothing was left open.
    """
    ends = Ends()
    with abandoned(folder) as ledgers:
        if not (left := [one for ledger in ledgers for one in ledger.left if one.url == target.url]):
            return None
        ends.since = min(one.at for one in left)
        gate = asyncio.Semaphore(_AT_ONCE)
        done: set[str] = set()

        async def close(network: Network, one: LeftOpen) -> None:
            async with gate:
                if await _close(one, network, target, ends):
                    done.add(one.id)

        async with Network(target) as network, asyncio.TaskGroup() as group:
            for one in left:
                group.create_task(close(network, one))
        for ledger in ledgers:
            ledger.keep(one for one in ledger.left if one.id not in done)
    return ends


async def _close(one: LeftOpen, network: Network, target: Target, ends: Ends) -> bool:
    """Close one, and add it up; False if it is worth another attempt."""
    if (token := unseal(one.sealed)) is None:
        ends.sealed += 1
        return True
    try:
        await MiawClient.of_token(token, network, target, deployment=one.deployment).close(one.id)
    except ServiceRefused as refused:
        if refused.status in _GONE:
            ends.gone += 1
        elif refused.status == _EXPIRED:
            ends.too_late += 1
        else:
            ends.kept, ends.why = ends.kept + 1, ends.why or f"{refused.operation} was refused with {refused.status}"
            return False
    except HarnessError as error:
        ends.kept, ends.why = ends.kept + 1, ends.why or str(error)
        return False
    else:
        ends.closed += 1
    return True
