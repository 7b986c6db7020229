"""What a run of scenarios says as a whole: how many held, which are flaky, how often each of several repetitions held.

Here: counting, the share that held with its interval, the exit code. Not here: single results.
"""

import re
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from math import sqrt

import pytest

QUARANTINED = "quarantined"
FLAKY = "flaky"
"""The property of a result that held when it was tried again."""

Z = 1.959963984540054
"""Of the normal distribution, for an interval of 95 %."""


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
        ends: Scenarios by how they ended: passed, failed, quarantined.
        flaky: Scenarios that held, but not at first, and why not.
        repeated: By scenario: how often it held, of how many.
    """

    ends: Counter[str] = field(default_factory=Counter)
    flaky: dict[str, str] = field(default_factory=dict)
    repeated: dict[str, tuple[int, int]] = field(default_factory=dict)

    def count(self, scenario: str, end: str) -> None:
        """Count one result; `end` is passed, failed or quarantined."""
        self.ends[end] += 1
        held, times = self.repeated.get(scenario, (0, 0))
        self.repeated[scenario] = held + (end == "passed"), times + 1

    @property
    def share(self) -> float:
        """Of those that are not quarantined, the share that held; 1 if there are none."""
        counted = self.ends["passed"] + self.ends["failed"]
        return self.ends["passed"] / counted if counted else 1.0

    def lines(self, *, pass_rate: float | None) -> list[str]:
        """What is to be said of it, in a few lines; nothing where all is as usual."""
        told: list[str] = []
        for scenario, (held, times) in self.repeated.items():
            if times > 1:
                low, high = wilson(held, times)
                share = f"{held} of {times} held, {held / times:.0%}, likely between {low:.0%} and {high:.0%}"
                told.append(f"repeated       {scenario}: {share}")
        told += [f"flaky          {scenario}: {why}" for scenario, why in self.flaky.items()]
        if self.ends[QUARANTINED]:
            told.append(f"quarantined    {self.ends['quarantined']} failed and do not count")
        if pass_rate is not None:
            verdict = "enough" if self.share >= pass_rate else "not enough"
            told.append(f"pass rate      {self.share:.1%} held, {verdict}: at least {pass_rate:.1%} is asked for")
        return told

    def exit_code(self, code: int, *, pass_rate: float | None, fail_on_flaky: bool) -> int:
        """The run's exit code.

        Args:
            code: pytest's: 0 where all held, 1 where some did not.
            pass_rate: The share that is enough; None where all have to hold.
            fail_on_flaky: Whether what held only at another attempt fails the run.
        """
        if code == 1 and pass_rate is not None and self.share >= pass_rate:
            code = 0
        if code == 0 and fail_on_flaky and self.flaky:
            code = 1
        return code


def scenario_of(node: str) -> str:
    """A node's id without the number of its repetition."""
    return re.sub(r"-?~\d+\]$", "]", node).replace("[]", "")


class Totals:
    """The hooks that count; under xdist they do so where the results come together.

    Args:
        config: pytest's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.tally = Tally()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what a test came to."""
        if report.when == "call" or (report.when == "setup" and report.failed):
            is_known = str(getattr(report, "wasxfail", "")).startswith(QUARANTINED)
            self.tally.count(scenario_of(report.nodeid), QUARANTINED if is_known else str(report.outcome))
            for name, why in report.user_properties:
                if name == FLAKY:
                    self.tally.flaky[report.nodeid] = str(why)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """Decide the exit code."""
        if not hasattr(self._config, "workerinput"):
            option = self._config.getoption
            session.exitstatus = self.tally.exit_code(
                int(exitstatus), pass_rate=option("--pass-rate"), fail_on_flaky=option("--fail-on-flaky")
            )
        return (yield)

    def lines(self) -> list[str]:
        """What is to be said at the end."""
        return self.tally.lines(pass_rate=self._config.getoption("--pass-rate"))
