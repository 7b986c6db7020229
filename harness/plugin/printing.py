"""Has the pages of a test's conversations made: at once, or by a process of its own where there are many.

Not here: that process (reporting/pages/press.py), what the report does with pages (reporting/allure.py).
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.plugin.scenario_files import STAGE
from harness.reporting import allure
from harness.reporting.allure import Coming
from harness.reporting.pages.page import name_of, write
from harness.reporting.pages.press import WORTH_IT, Press
from harness.reporting.pages.view import address
from harness.scenarios.outcome import Outcome

PRINTING: pytest.StashKey["Printing"] = pytest.StashKey()
_BEHIND = 20
"""Pages that the press has before it, from which on it is behind."""
_WORTH_TELLING = 200
"""Pages that take about a second."""


class Printing:
    """The pages of a run.

    Args:
        config: pytest's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        folder: Path | None = config.getoption("--pages")
        self._folder = folder and config.invocation_params.dir / folder  # wherever a test goes meanwhile
        self._press: Press | None = None
        self._problems: list[str] = []

    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Where many pages are to come, have them made elsewhere; under xdist several processes share the work."""
        if session.testscollected >= WORTH_IT and not hasattr(self._config, "workerinput"):
            self._press = Press()

    def pages(self, item: pytest.Item, outcomes: Sequence[Outcome]) -> list[Sequence[str] | Coming]:
        """Have the pages of a test's conversations written that are asked for.

        Returns:
            For each conversation, for the report: its pages, or where its page is going to be; nothing if it has to
            make it itself.
        """
        try:
            return [self._made(outcome) for outcome in outcomes]
        except OSError as error:  # no reason to lose a result
            item.add_report_section("call", "page", f"the page was not written: {error}")
            return []

    def _made(self, outcome: Outcome) -> Sequence[str] | Coming:
        reported = allure.coming()
        if self._press is not None and (reported or not allure.is_on()) and not self._can_help(self._press):
            files = [] if reported is None else [reported.file]
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                files.append(self._folder / address(name_of(outcome), 1))
            if files and self._press.takes(outcome, files):
                return reported or []
        return [] if self._folder is None else write(outcome, self._folder)

    def _can_help(self, press: Press) -> bool:
        """Whether a page is better made here, as nothing else is waited for and the press is behind."""
        return press.waiting >= _BEHIND and not self._config.stash[STAGE].is_playing

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Wait for what is not made yet."""
        if self._press is None:
            return
        if (waiting := self._press.waiting) > _WORTH_TELLING:
            terminal = self._config.get_terminal_writer()
            terminal.line(f"\nmaking pages of {waiting} conversations")
        self._problems = self._press.close()

    def lines(self) -> list[str]:
        """What is to be said at the end."""
        return [f"page           {problem}" for problem in self._problems]
