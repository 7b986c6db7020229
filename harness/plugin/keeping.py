"""Keeping the history while a run goes on: every scenario is written when it is reported.

Under xdist the run is begun and ended where the results come together, and every worker writes what it played. What
goes wrong with the store is told at the end and fails nothing. Not here: the store (reporting/store/).
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any

import pytest

from harness.errors import ExpectationFailed, HarnessError
from harness.plugin.scenario_files import ATTEMPT, OUTCOMES, ScenarioItem
from harness.plugin.stage import Stage
from harness.plugin.tally import FLAKY, scenario_of
from harness.reporting.store.place import StoreUnusable, place
from harness.reporting.store.store import Store
from harness.reporting.store.values import Kind, Reported, Told
from harness.scenarios.outcome import Outcome, Status

_RUN = "harness_history_run"
"""Where a worker of xdist finds the run's number."""
_COMPLAINT = "harness_history"
"""Where a worker of xdist leaves what kept it from writing."""
_LONGEST = 300
"""Characters of why a scenario did not hold."""


class Keeper:
    """The hooks that write.

    Args:
        config: pytest's, with `--history`.
        stage: Where scenarios are played.

    Raises:
        StoreUnusable: What is given is no name of a store.
    """

    def __init__(self, config: pytest.Config, stage: Stage) -> None:
        self._config, self._stage = config, stage
        self._where: str = config.getoption("--history")
        self.shown = place(self._where).shown
        told: dict[str, Any] | None = getattr(config, "workerinput", None)
        self._is_worker = told is not None
        self._run: int | None = (told or {}).get(_RUN)
        self._store: Store | None = None
        self._complaints: list[str] = []

    def lines(self) -> list[str]:
        """What is to be said at the end."""
        run = self._run
        told = [f"history        not all of this run was kept: {one}" for one in dict.fromkeys(self._complaints)]
        return told or ([f"history        run {run} in {self.shown}"] if run is not None else [])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Begin the run, before xdist starts its workers."""
        if not self._is_worker and not self._config.option.collectonly:
            self._try(self._begin)

    def _begin(self, store: Store) -> None:
        option, target = self._config.getoption, self._stage.chosen
        run = store.begin(target=target.name, kind=Kind(option("--history-kind")), version=option("--target-version"))
        self._run = run
        if (file := option("--history-told")) is not None:
            told = Told(
                run=run, target=target.name, budgets=target.budgets.model_dump(exclude_none=True), history=self.shown
            )
            file.write_text(told.model_dump_json(), encoding="utf-8")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist which run it writes to."""
        node.workerinput[_RUN] = self._run

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write a scenario, with its conversations."""
        report = yield
        if report.when == "call" or (report.when == "setup" and report.failed):
            outcomes = item.stash.get(OUTCOMES, ())
            item.stash[OUTCOMES] = ()  # a night is long, and they hold every event
            if (run := self._run) is not None and (reported := _reported(item, call, report, outcomes)) is not None:
                self._try(lambda store: store.add(run, reported))
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker of xdist complains of; one that crashed does not."""
        self._complaints += getattr(node, "workeroutput", {}).get(_COMPLAINT, [])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """End the run, when all else has decided what it came to."""
        yield
        worker: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        run = self._run
        if worker is not None:
            worker[_COMPLAINT] = self._complaints
        elif run is not None and not self._is_worker:
            code, note = int(session.exitstatus), "; ".join(dict.fromkeys(self._complaints))
            self._try(lambda store: store.end(run, exit_code=code, note=note), again=True)
        if self._store is not None:
            self._store.close()

    def _try(self, write: Callable[[Store], None], *, again: bool = False) -> None:
        """Write, unless that has gone wrong before: each time may take as long as the store's patience."""
        if self._complaints and not again:
            return
        try:
            if self._store is None:
                self._store = Store(self._where)
            write(self._store)
        except StoreUnusable as error:
            self._complaints.append(str(error))


def _reported(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, outcomes: Sequence[Outcome]
) -> Reported | None:
    """What is kept of a test; None of one that was skipped, or talks to nobody and holds."""
    excused = bool(getattr(report, "wasxfail", "")) and not report.failed
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, KeyboardInterrupt | pytest.exit.Exception) or (report.skipped and not excused):
        return None
    if not outcomes and not isinstance(item, ScenarioItem) and "customer" not in getattr(item, "fixturenames", ()):
        return None
    status = Status.PASSED
    if error is not None:
        status = Status.FAILED if isinstance(error, AssertionError) else Status.BROKEN
    elif report.failed:  # an xfail that is strict, and held
        status = Status.FAILED
    return Reported(
        scenario=scenario_of(item.nodeid),
        status=status,
        started_at=report.start,
        lasted=max(0.0, report.duration),
        repetition=item.repetition if isinstance(item, ScenarioItem) else 0,
        attempt=item.stash.get(ATTEMPT, 1),
        excused=excused,
        why=_why(error, report),
        outcomes=outcomes,
    )


def _why(error: BaseException | None, report: pytest.TestReport) -> str:
    """What did not hold, in a line; the harness's own words alone, which have nothing private in them."""
    for name, told in report.user_properties:
        if name == FLAKY:
            return str(told)[:_LONGEST]
    if error is None:
        return ""
    if isinstance(error, ExpectationFailed | HarnessError) and str(error):
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"[:_LONGEST]
    return type(error).__name__
