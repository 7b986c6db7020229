"""What a run of scenarios says as a whole: how many held, which are flaky, how often each of several repetitions held.

Here: counting, the share that held with its interval, the exit code. Not here: single results.
"""

import re
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import pytest

from harness.reporting.console import Sums

QUARANTINED = "quarantined"
FLAKY = "flaky"
"""The property of a result that held when it was tried again."""

Z = 1.959963984540054
"""Of the normal distribution, for an interval of 95 %."""

_SUMS = "harness_conversations"
"""Where a worker of xdist leaves what its conversations came to."""


def wilson(held: int, times: int) -> tuple[float, float]:
    """The 95 % interval of a share: Wilson's score interval, which stays honest for few repetitions.

    Args:
        held: How many held.
        times: Of how many, at least 1.

    Source: Wilson 1927; recommended for small samples by Brown, Cai and DasGupta 2001.
    """
    share = held / times
    middle = (share + Z**2 / (2 * times)) / (1 + Z**2 / times)
    half = Z / (1 + Z**2 / times) * sqrt(share * (1 - share) / times + Z**2 / (4 * times**2))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(slots=True)
class Tally:
    """Counts results.

    Attributes:
        ends: How each test ended: passed, failed, quarantined, skipped.
        quarantined: Tests that failed in quarantine, and until when and why they are in it.
        flaky: Tests that held, but not at first, and why not.
        unread: Files that could not be collected.
    """

    ends: dict[str, str] = field(default_factory=dict)
    quarantined: dict[str, str] = field(default_factory=dict)
    flaky: dict[str, str] = field(default_factory=dict)
    unread: int = 0

    def count(self, test: str, end: str) -> None:
        """Count a result of a test; one that has failed stays so."""
        if self.ends.get(test) != "failed":
            self.ends[test] = end

    @property
    def share(self) -> float:
        """Of those that are not quarantined, the share that held; 1 if there are none."""
        ends = Counter(self.ends.values())
        counted = ends["passed"] + ends["failed"]
        return ends["passed"] / counted if counted else 1.0

    def lines(self, *, pass_rate: float | None, fail_on_flaky: bool = False, repeated: bool = False) -> list[str]:
        """What is to be said of it, in a few lines; nothing where all is as usual.

        Args:
            pass_rate: The share that is enough; None where all have to hold.
            fail_on_flaky: Whether what held only at another attempt fails the run.
            repeated: Whether every scenario was played several times.
        """
        told = [*self._repeated()] if repeated else []
        told += [f"flaky          {test}: {why}" for test, why in self.flaky.items()]
        if self.flaky and fail_on_flaky:
            told.append(f"flaky          {len(self.flaky)} held only when tried again, which fails the run")
        told += [f"quarantined    {test}: {why}" for test, why in self.quarantined.items()]
        if pass_rate is not None:
            verdict = "enough" if self._is_enough(pass_rate) else "not enough"
            unread = f"; but {self.unread} could not even be read" if self.unread else ""
            told.append(
                f"pass rate      {self.share:.1%} held, {verdict}: at least {pass_rate:.1%} is asked for{unread}"
            )
        return told

    def _repeated(self) -> list[str]:
        by_scenario: dict[str, list[str]] = {}
        for test, end in self.ends.items():
            by_scenario.setdefault(scenario_of(test), []).append(end)
        lines = []
        for scenario, ends in by_scenario.items():
            held, times = ends.count("passed"), len(ends) - ends.count("skipped")
            if times > 1:
                low, high = wilson(held, times)
                share = f"{held} of {times} held, {held / times:.0%}, likely between {low:.0%} and {high:.0%}"
                lines.append(f"repeated       {scenario}: {share}")
        return lines

    def _is_enough(self, pass_rate: float) -> bool:
        return self.share >= pass_rate and not self.unread

    def exit_code(self, code: int, *, pass_rate: float | None, fail_on_flaky: bool) -> int:
        """The run's exit code.

        Args:
            code: pytest's: 0 where all held, 1 where some did not.
            pass_rate: The share that is enough; None where all have to hold.
            fail_on_flaky: Whether what held only at another attempt fails the run.
        """
        if code == 1 and pass_rate is not None and self._is_enough(pass_rate):
            code = 0
        if code == 0 and fail_on_flaky and self.flaky:
            code = 1
        return code


def scenario_of(node: str) -> str:
    """A node's id without the number of its repetition."""
    return re.sub(r"-?~\d+\]$", "]", node).removesuffix("[]")


class Totals:
    """The hooks that count; under xdist they do so where the results come together.

    Args:
        config: pytest's.

    Attributes:
        tally: Of the tests.
        sums: Of their conversations.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.tally = Tally()
        self.sums = Sums()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count what could not be read."""
        self.tally.unread += report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what a test came to."""
        if report.when == "call" or report.failed:
            known, _, why = str(getattr(report, "wasxfail", "")).partition(" ")
            if known == QUARANTINED:
                self.tally.quarantined[report.nodeid] = why
            self.tally.count(report.nodeid, QUARANTINED if known == QUARANTINED else str(report.outcome))
        if report.when == "call":
            for name, told in report.user_properties:
                if name == FLAKY:
                    self.tally.flaky[report.nodeid] = str(told)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """Decide the exit code; a worker hands over what it knows."""
        worker: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if worker is not None:
            worker[_SUMS] = self.sums.packed()
        else:
            option = self._config.getoption
            session.exitstatus = self.tally.exit_code(
                int(exitstatus), pass_rate=option("--pass-rate"), fail_on_flaky=option("--fail-on-flaky")
            )
        return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker of xdist hands over; one that crashed hands over nothing."""
        self.sums.join(Sums.unpacked(getattr(node, "workeroutput", {}).get(_SUMS, {})))

    def lines(self) -> list[str]:
        """What is to be said at the end."""
        option = self._config.getoption
        return [
            *self.sums.lines(),
            *self.tally.lines(
                pass_rate=option("--pass-rate"),
                fail_on_flaky=option("--fail-on-flaky"),
                repeated=option("--repeat") > 1,
            ),
        ]
