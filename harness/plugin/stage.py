"""Where scenario files are played in a pytest run: the target, the network, and how many at once.

One pool plays ahead of pytest, in the order in which pytest will ask; under xdist, where nobody knows what a worker
will be asked for next, each is played when it is its turn.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pytest

from harness.client.network import Network
from harness.client.target import Target
from harness.errors import HarnessError
from harness.plugin.judging import Run, of_function
from harness.plugin.status import StatusLine
from harness.sandbox.process import sandbox_process
from harness.scenarios.customer import Customer, live_customer, recorded_customer
from harness.scenarios.loading import Script
from harness.scenarios.pace import MESSAGES_PER_MINUTE, STARTS_PER_MINUTE, Pace
from harness.scenarios.performing import Performed, lead_of, perform, perform_again
from harness.scenarios.pool import Finished, Job, Pool
from harness.scenarios.recording import Recordings
from harness.settings import SANDBOX, sandbox_target, strictness
from harness.settings import target as target_at

STRICT = "strict_conversations"
"""The name of the option, the ini setting and the mark; `--strict` means something else to pytest."""


class Playable(pytest.Item):
    """A test that is a run of a scenario file.

    Attributes:
        script: The scenario with its row.
        run: The recorded run that is judged; None where conversations are held.
    """

    script: Script
    run: Run | None


class Stage:
    """What the scenarios of one session share.

    Args:
        config: pytest's.
        runs: Recorded runs that are judged; nobody is talked to where there are any.
    """

    def __init__(self, config: pytest.Config, runs: Sequence[Run]) -> None:
        self.runs = list(runs)
        self._config = config
        self._stack = ExitStack()
        self._target: Target | None = None
        self._pool: Pool[Network, Performed] | None = None
        self._times: dict[str, tuple[float, float]] = {}

    @property
    def target(self) -> Target:
        """The service under test; the sandbox is started once, when the first scenario needs it.

        Raises:
            LocalProtocolError: What is said of it is missing or malformed.
        """
        if self._target is None:
            option = self._config.getoption
            where, within = option("--target"), option("--within")
            if self.runs:
                self._target = self.runs[0].target
            elif where == SANDBOX:
                url = self._stack.enter_context(sandbox_process(option("--bots")))
                self._target = sandbox_target(url, within=within)
            else:
                org_id, deployment = option("--org-id"), option("--deployment")
                self._target = target_at(where, org_id=org_id, deployment=deployment, within=within)
        return self._target

    @cached_property
    def _pace(self) -> Pace | None:
        """How fast the target may be talked to: as its documentation allows, the sandbox as fast as it can."""
        option = self._config.getoption
        starts, messages = option("--starts-per-minute"), option("--messages-per-minute")
        if self.target.is_sandbox:
            limits = {"starts_per_minute": starts or None, "messages_per_minute": messages or None}
            return Pace(**limits) if any(limits.values()) else None
        return Pace(
            starts_per_minute=STARTS_PER_MINUTE if starts is None else starts or None,
            messages_per_minute=MESSAGES_PER_MINUTE if messages is None else messages or None,
        )

    def runs_of(self, node: str) -> list[Run]:
        """The recorded runs of a scenario."""
        return of_function(self.runs, node)

    def performed(self, item: Playable) -> Performed:
        """What a scenario came to; waits until it is over.

        Raises:
            BaseException: It could not be played.
        """
        if item.run is not None:
            return asyncio.run(self._judged(item, item.run))
        pool = self._pool or self._opened(item)
        if self._is_worker:
            pool.submit(self._job(item))
        with StatusLine(self._config, pool.state):
            finished = pool.result(item.nodeid)
        self._times[item.nodeid] = (finished.started_at, finished.ended_at)
        return _told(finished)

    def times(self, item: pytest.Item) -> tuple[float, float] | None:
        """When a scenario began and ended, wall-clock seconds since 1970; None if it was not played here."""
        return self._times.get(item.nodeid)

    def close(self) -> tuple[str, ...]:
        """End what still runs, and the sandbox.

        Returns:
            What did not end as it should.
        """
        pool = self._pool
        self._stack.close()
        return pool.complaints if pool is not None else ()

    def _opened(self, item: Playable) -> "Pool[Network, Performed]":
        """The pool, with every scenario that pytest will ask for from this one on."""
        self._pool = pool = Pool(
            Network, concurrency=self._config.getoption("--concurrency"), pace=self._pace, failed=_failed
        )
        if not self._is_worker:
            items = [one for one in item.session.items if isinstance(one, Playable)]
            for one in items[items.index(item) :]:
                pool.submit(self._job(one))
        self._stack.enter_context(pool)
        return pool

    @property
    def _is_worker(self) -> bool:
        return hasattr(self._config, "workerinput")

    def _job(self, item: Playable) -> Job[Network, Performed]:
        option = self._config.getoption
        script, target, told = item.script, self.target, option(STRICT)
        strict = strictness(script.strict, told, self._config.getini(STRICT))
        folder: str | None = option("--recordings")

        async def run(network: Network) -> Performed:
            lead = lead_of(script, item.nodeid, option("--locale"))

            def attempt() -> Customer:
                recordings = Recordings(Path(folder), item.nodeid, strict=told) if folder else None
                return live_customer(lead, target, network, recordings=recordings, strict=strict, pace=self._pace)

            return await perform_again(
                attempt, script, scenario=item.nodeid, retries=option("--retries"), pace=self._pace
            )

        return Job(item.nodeid, run, script.timeout)

    async def _judged(self, item: Playable, run: Run) -> Performed:
        header = run.recordings[0].header
        told: bool | None = self._config.getoption(STRICT)
        strict = strictness(item.script.strict, header.strict if told is None else told, self._config.getini(STRICT))
        lead = lead_of(item.script, header.scenario, header.locale)
        within = self._config.getoption("--within")
        customer = recorded_customer(run.recordings, somebody=lead, within=within, strict=strict)
        return await perform(item.script, customer, scenario=item.nodeid)


def _told(finished: Finished[Performed]) -> Performed:
    """What a scenario came to, whatever it raised: what is not its own failure is the harness's."""
    performed, error = finished.value or Performed(), finished.error
    if error is None or isinstance(error, Exception):
        return performed if error is None else replace(performed, error=error)
    return replace(performed, error=HarnessError(f"the scenario was ended by {type(error).__name__}: {error}"))


def _failed(finished: Finished[Performed]) -> bool:
    return finished.value is None or finished.value.error is not None
