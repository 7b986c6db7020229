"""Where scenario files are played in a pytest run: the target, the network, and how many at once.

One pool plays ahead of pytest, in the order in which pytest will ask; under xdist, where nobody knows what a worker
will be asked for next, each is played when it is its turn.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property, partial
from os.path import commonpath
from pathlib import Path

import pytest

from harness.client.network import Network
from harness.client.target import Limits, Target
from harness.errors import HarnessError
from harness.plugin.judging import Run
from harness.plugin.safety import SAFETY
from harness.plugin.status import StatusLine
from harness.sandbox.process import sandbox_process
from harness.scenarios.customer import Customer, live_customer, recorded_customer
from harness.scenarios.ledger import Ledger
from harness.scenarios.left_open import Ends, close_left_open
from harness.scenarios.loading import Script
from harness.scenarios.pace import Pace
from harness.scenarios.performing import Performed, Played, lead_of, play, play_again
from harness.scenarios.pool import Finished, Job, Pool, State, Stopped
from harness.scenarios.privacy import Secrets, secrets_of_target, variables, written_in
from harness.scenarios.recording import Recordings
from harness.scenarios.recording import read as read_recording
from harness.settings import CONCURRENCY, limits, strictness
from harness.settings import target as chosen_target
from harness.user.persona import Persona

STRICT = "strict_conversations"
"""The name of the option, the ini setting and the mark; `--strict` means something else to pytest."""


class Playable(pytest.Item):
    """A test that is a run of a scenario file.

    Attributes:
        script: The scenario with its row.
        run: The recorded run that is judged; None where conversations are held.
        seed: What its customer is made up from: its id when it was played, the same for every repetition.
        may_fail: Whether the run goes on as if nothing had happened when it fails.
    """

    script: Script
    run: Run | None
    seed: str
    may_fail: bool


class HeldBack(Stopped):
    """So many scenarios had failed that pytest was not going to ask for this one."""


class Stage:
    """What the scenarios of one session share.

    Args:
        config: pytest's.
        runs: Recorded runs that are judged; nobody is talked to where there are any.

    Raises:
        HarnessError: What is said of the target is missing or malformed, or it is in production and not allowed.
    """

    def __init__(self, config: pytest.Config, runs: Sequence[Run]) -> None:
        self.runs = list(runs)
        self._config = config
        self._chosen = self.runs[0].target if self.runs else _chosen(config)
        self._stack = ExitStack()
        self._playing = ExitStack()
        self._target: Target | HarnessError | None = None
        self._pool: Pool[Network, Played] | None = None
        self._found_late = 0
        self._submitted: dict[str, Playable] = {}
        self._times: dict[str, tuple[float, float]] = {}
        self._failures_left: int | None = config.getoption("maxfail", 0) or None
        self._holds_back = self._failures_left is not None

    @property
    def chosen(self) -> Target:
        """The service under test, as it was chosen; the address of a sandbox is not known before it is started."""
        return self._chosen

    @property
    def near(self) -> Path:
        """The folder from which settings are looked for upwards."""
        return _folder_of(self._config)

    @property
    def target(self) -> Target:
        """The service under test; the sandbox is started once, when the first scenario needs it.

        Raises:
            HarnessError: The sandbox did not start.
        """
        if self._target is None:
            try:
                self._target = self._found()
            except HarnessError as error:
                self._target = error
        if isinstance(self._target, HarnessError):  # to try again would take as long, and end the same
            raise self._target.with_traceback(None)
        return self._target

    def _found(self) -> Target:
        if not self._chosen.is_sandbox:
            return self._chosen
        url = self._stack.enter_context(sandbox_process(self._config.getoption("--bots")))
        return self._chosen.model_copy(update={"url": url})

    @cached_property
    def ledger(self) -> Ledger | None:
        """Where conversations are noted as long as they are open; nowhere if they end with the sandbox."""
        folder = self._ledgers
        return None if folder is None else Ledger(folder, self.target.url)

    def close_left_open(self) -> Ends | None:
        """Close what runs that were killed left open at the target; None if it was nothing."""
        if self.runs or (folder := self._ledgers) is None or not folder.exists():
            return None
        return asyncio.run(close_left_open(folder, self.target))

    @property
    def _ledgers(self) -> Path | None:
        cache: pytest.Cache | None = getattr(self._config, "cache", None)
        if cache is None or self._chosen.is_sandbox:
            return None
        try:
            return cache.mkdir("open-conversations")
        except OSError:  # then nothing is noted; pytest has a warning for it
            return None

    @cached_property
    def _limits(self) -> Limits:
        option = self._config.getoption
        return limits(
            self._chosen,
            starts_per_minute=option("--starts-per-minute"),
            messages_per_minute=option("--messages-per-minute"),
            concurrency=option("--concurrency"),
        )

    @cached_property
    def _pace(self) -> Pace | None:
        """How fast the target may be talked to: as it was told, or its documentation allows; the sandbox as it can."""
        starts, messages = self._limits.starts_per_minute, self._limits.messages_per_minute
        if not starts and not messages:
            return None
        return Pace(starts_per_minute=starts or None, messages_per_minute=messages or None)

    def performed(self, item: Playable) -> Performed:
        """What a scenario came to; waits until it is over.

        Raises:
            HarnessError: There is no target.
        """
        if item.run is not None:
            return asyncio.run(self._judged(item, item.run))
        pool = self._pool or self._opened(item)
        try:
            performed = self._result(pool, item)
            if isinstance(performed.error, HeldBack):  # pytest goes on nevertheless, so nothing is held back any more
                self._failures_left = None
                performed = self._result(pool, item)
        except KeyboardInterrupt:
            pool.stop()
            raise
        return performed

    def interrupted(self, item: Playable) -> Performed | None:
        """What a scenario came to that was asked for in vain, once it has cleaned up; None if it was not played."""
        if self._pool is None or item.nodeid not in self._submitted:
            return None
        try:
            return self._handed_out(self._pool, item)
        except ValueError:  # it was over, and Ctrl-C came while that was being told
            return None

    @property
    def is_playing(self) -> bool:
        """Whether conversations are held meanwhile, whose arrivals are not to wait for anything else."""
        return self._pool is not None and self._pool.state().running > 0

    def times(self, item: pytest.Item) -> tuple[float, float] | None:
        """When a scenario began and ended, wall-clock seconds since 1970; None if it was not played here."""
        return self._times.get(item.nodeid)

    def end(self) -> None:
        """Let nothing new start, and wait until what runs has closed its conversations."""
        self._playing.close()

    def close(self) -> tuple[str, ...]:
        """End what still runs, and the sandbox.

        Returns:
            What did not end as it should.
        """
        self.end()
        self._stack.close()
        if "ledger" in vars(self) and self.ledger is not None:
            self.ledger.close()
        return self._pool.complaints if self._pool is not None else ()

    def secrets(self, scenario: str, lead: Persona, script: Script | None = None) -> Secrets:
        """What must not be written of a scenario; it is looked for in all that is written until the scenario is told.

        Args:
            scenario: Its id.
            lead: Its customer.
            script: What is played; None where a function is.
        """
        known = self._known(lead, script)
        self._config.stash[SAFETY].keep(scenario, known)
        return known

    def _known(self, lead: Persona, script: Script | None) -> Secrets:
        privacy = self._config.stash[SAFETY].privacy
        return Secrets(
            lead,
            privacy=privacy,
            env=variables(privacy, script),
            gone=secrets_of_target(self._chosen),
            keep=written_in(script, privacy) if script else (),
        )

    # -- the pool -----------------------------------------------------------------------------------------------------

    def _opened(self, item: Playable) -> "Pool[Network, Played]":
        """The pool, with every scenario that pytest will ask for from this one on."""
        concurrency = self._limits.concurrency or CONCURRENCY
        pool: Pool[Network, Played] = Pool(
            partial(Network, self.target), concurrency=concurrency, pace=self._pace, failed=self._has_failed
        )
        if not hasattr(self._config, "workerinput"):
            for one in item.session.items[item.session.items.index(item) :]:
                if isinstance(one, Playable):
                    self._submit(pool, one)
        self._pool = self._playing.enter_context(pool)
        return pool

    def _submit(self, pool: "Pool[Network, Played]", item: Playable) -> None:
        if item.nodeid not in self._submitted:
            self._submitted[item.nodeid] = item
            pool.submit(self._job(item))

    def _result(self, pool: "Pool[Network, Played]", item: Playable) -> Performed:
        """Wait until a scenario is over; it is played now if it was not asked for before, or has been handed out."""
        self._submit(pool, item)

        def state() -> State:
            known = pool.state()
            return replace(known, failed=known.failed + self._found_late)

        with StatusLine(self._config, state):
            return self._handed_out(pool, item)

    def _handed_out(self, pool: "Pool[Network, Played]", item: Playable) -> Performed:
        finished = pool.result(item.nodeid)
        del self._submitted[item.nodeid]
        self._times[item.nodeid] = finished.started_at, finished.ended_at
        performed = _came_to(finished)
        if performed.error is not None and not self._is_known_to_fail(finished):
            self._found_late += 1
        return performed

    def _job(self, item: Playable) -> Job[Network, Played]:
        option = self._config.getoption
        script, target, told = item.script, self.target, option(STRICT)
        strict = strictness(script.strict, told, self._config.getini(STRICT))
        folder: str | None = option("--recordings")

        ready: list[tuple[Persona, Secrets]] = []

        def prepare() -> None:
            lead = lead_of(script, item.seed, option("--locale"))
            known = self._known(lead, script)
            known.redactor  # noqa: B018 - it is kept
            ready.append((lead, known))

        async def run(network: Network) -> Played:
            if self._failures_left == 0:
                raise HeldBack("so many scenarios had failed that this one was not played")
            if not ready:
                prepare()
            lead, first = ready.pop()
            customer: Customer | None = None
            recordings: Recordings | None = None

            def attempt() -> Customer:
                nonlocal customer, recordings
                known = first if customer is None else self._known(lead, script)
                self._config.stash[SAFETY].keep(item.nodeid, known)
                if folder:
                    recordings = (
                        recordings.again() if recordings else Recordings(Path(folder), item.nodeid, strict=told)
                    )
                customer = live_customer(
                    lead,
                    target,
                    network,
                    recordings=recordings,
                    strict=strict,
                    pace=self._pace,
                    ledger=self.ledger,
                    secrets=known,
                )
                return customer

            try:
                return await play_again(
                    attempt, script, scenario=item.nodeid, retries=option("--retries"), pace=self._pace
                )
            except asyncio.CancelledError as cancelled:
                if customer is None:
                    raise
                return Played(customer, item.nodeid, _interrupted(cancelled))

        return Job(item.nodeid, run, script.timeout, prepare)

    def _has_failed(self, finished: Finished[Played]) -> bool:
        """Whether a scenario failed; on the pool's thread, once a scenario, before the next one starts."""
        failed = self._is_known_to_fail(finished)
        if failed and self._failures_left and not self._submitted[finished.key].may_fail:
            self._failures_left -= 1
        return failed

    def _is_known_to_fail(self, finished: Finished[Played]) -> bool:
        """Whether it is known by the end of a scenario that it failed: it is judged then if others may be held back."""
        played = finished.value
        if finished.error is not None or played is None or played.error is not None or played.left is not None:
            return True
        return self._holds_back and played.performed.error is not None

    # -- recordings ---------------------------------------------------------------------------------------------------

    async def _judged(self, item: Playable, run: Run) -> Performed:
        header = run.recordings[0].header
        told: bool | None = self._config.getoption(STRICT)
        strict = strictness(item.script.strict, header.strict if told is None else told, self._config.getini(STRICT))
        lead = lead_of(item.script, item.seed, header.locale)

        secrets = self.secrets(item.nodeid, lead, item.script)
        recordings = [read_recording(recording.path, lead, secrets) for recording in run.recordings]
        within = self._config.getoption("--within")
        customer = recorded_customer(recordings, somebody=lead, within=within, strict=strict, secrets=secrets)
        return (await play(item.script, customer, scenario=run.scenario)).performed


def _chosen(config: pytest.Config) -> Target:
    """The target that the command line and the nearest file of targets tell of."""
    option = config.getoption
    return chosen_target(
        option("--target"),
        near=_folder_of(config),
        org_id=option("--org-id"),
        deployment=option("--deployment"),
        within=option("--within"),
        allow_production=option("--allow-production"),
    )


def _folder_of(config: pytest.Config) -> Path:
    """The folder that everything pytest was told to collect is in."""
    here = config.invocation_params.dir
    paths = [path for argument in config.args if (path := here / argument.partition("::")[0]).exists()]
    folders = [path if path.is_dir() else path.parent for path in paths]
    return Path(commonpath(folders)) if folders else here


def _interrupted(cancelled: asyncio.CancelledError) -> HarnessError:
    """What a scenario came to that was told to stop, until it is known why."""
    error = HarnessError("it was interrupted")
    for note in getattr(cancelled, "__notes__", ()):
        error.add_note(note)
    return error


def _came_to(finished: Finished[Played]) -> Performed:
    """What a scenario came to, whatever it raised: what is not its own failure is the harness's."""
    performed, error = finished.value.performed if finished.value else Performed(), finished.error
    if error is None:
        return performed
    if not isinstance(error, Exception):
        error = HarnessError(f"the scenario was ended by {type(error).__name__}: {error}")
    for note in getattr(performed.error, "__notes__", ()):
        error.add_note(note)
    return replace(performed, error=error)
