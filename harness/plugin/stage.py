"""Where scenario files are played in a pytest run: the target, the network, and how many at once.

One pool plays ahead of pytest, in the order in which pytest will ask; under xdist, where nobody knows what a worker
will be asked for next, each is played when it is its turn.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.client.network import Network
from harness.client.target import Target
from harness.plugin.judging import Run, of_function
from harness.plugin.status import StatusLine
from harness.sandbox.process import sandbox_process
from harness.scenarios.performing import Cast, Performed, lead_of, live_cast, perform, perform_again, recorded_cast
from harness.scenarios.pool import Finished, Job, Pool
from harness.scenarios.recording import Recordings
from harness.settings import SANDBOX, sandbox_target, strictness
from harness.settings import target as target_at

if TYPE_CHECKING:
    from harness.plugin.scenario_files import ScenarioItem

STRICT = "strict_conversations"
"""The name of the option, the ini setting and the mark; `--strict` means something else to pytest."""


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

    def runs_of(self, node: str) -> list[Run]:
        """The recorded runs of a scenario."""
        return of_function(self.runs, node)

    def performed(self, item: "ScenarioItem") -> Performed:
        """What a scenario came to; waits until it is over.

        Raises:
            BaseException: It could not be played.
        """
        if item.run is not None:
            return asyncio.run(self._judged(item, item.run))
        pool = self._pool or self._opened(item)
        with StatusLine(self._config, pool.state):
            finished = pool.result(item.nodeid)
        self._times[item.nodeid] = (finished.started_at, finished.ended_at)
        if finished.value is None:
            assert finished.error is not None  # noqa: S101 - it came to nothing
            raise finished.error
        return finished.value

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

    def _opened(self, item: "ScenarioItem") -> "Pool[Network, Performed]":
        """The pool, with every scenario that pytest will ask for."""
        from harness.plugin.scenario_files import ScenarioItem  # noqa: PLC0415 - it imports us

        config = self._config
        is_worker = hasattr(config, "workerinput")
        pool: Pool[Network, Performed] = Pool(
            Network, concurrency=1 if is_worker else config.getoption("--concurrency"), failed=_failed
        )
        target = self.target
        items = [item] if is_worker else [one for one in item.session.items if isinstance(one, ScenarioItem)]
        for one in items[items.index(item) :]:
            pool.submit(self._job(one, target))
        self._stack.enter_context(pool)
        if is_worker:
            return pool
        self._pool = pool
        return pool

    def _job(self, item: "ScenarioItem", target: Target) -> Job[Network, Performed]:
        option = self._config.getoption
        script, told = item.script, option(STRICT)
        strict = strictness(script.strict, told, self._config.getini(STRICT))
        folder: str | None = option("--recordings")

        async def run(network: Network) -> Performed:
            lead = lead_of(script, item.nodeid, option("--locale"))

            def attempt() -> Cast:
                recordings = Recordings(Path(folder), item.nodeid, strict=told) if folder else None
                return live_cast(lead, target, network, recordings=recordings, strict=strict)

            return await perform_again(attempt, script, scenario=item.nodeid, retries=option("--retries"))

        return Job(item.nodeid, run, script.timeout)

    async def _judged(self, item: "ScenarioItem", run: Run) -> Performed:
        header = run.recordings[0].header
        told: bool | None = self._config.getoption(STRICT)
        strict = strictness(item.script.strict, header.strict if told is None else told, self._config.getini(STRICT))
        lead = lead_of(item.script, header.seed, header.locale)
        cast = recorded_cast(lead, run.recordings, within=self._config.getoption("--within"), strict=strict)
        return await perform(item.script, cast, scenario=item.nodeid)


def _failed(finished: Finished[Performed]) -> bool:
    return finished.value is None or finished.value.error is not None
