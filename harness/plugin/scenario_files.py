"""Scenario files as pytest tests: one a scenario and row, played by the pool, reported one by one.

Here: collecting, ids, marks, failures that point into the file. Not here: playing (scenarios/performing.py), how many
at once (stage.py), what a run of several says (tally.py).
"""

import datetime
import re
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from _pytest._io import TerminalWriter

from harness.documents import DocumentError, Problem
from harness.errors import ExpectationFailed, HarnessError
from harness.plugin.judging import Run
from harness.plugin.stage import Playable, Stage
from harness.plugin.tally import FLAKY, QUARANTINED
from harness.reporting import allure
from harness.scenarios.checking import check
from harness.scenarios.loading import SUFFIX, Library, Script
from harness.scenarios.performing import Performed

LIBRARY = pytest.StashKey[Library]()
STAGE = pytest.StashKey[Stage]()
PERFORMED = pytest.StashKey[Performed]()


class ScenarioFile(pytest.File):
    """A file with one scenario."""

    def collect(self) -> Iterator["ScenarioItem"]:
        """Its tests: one a row, one a repetition, or one a recording that is judged."""
        config = self.config
        library = config.stash.setdefault(LIBRARY, Library(config.rootpath))
        try:
            scripts = library.scripts(self.path)
        except DocumentError as error:
            raise self.CollectError(str(error)) from None
        problems = dict.fromkeys(
            problem for script in scripts for problem in check(script, locale=config.getoption("--locale"))
        )
        if problems:
            raise self.CollectError("\n".join(map(str, sorted(problems, key=_in_the_file))))
        for script in scripts:
            _register(config, script.tags)
            yield from self._items(script)

    def _items(self, script: Script) -> Iterator["ScenarioItem"]:
        stage = self.config.stash[STAGE]
        if stage.runs:
            for run in stage.runs_of(f"{self.nodeid}::{script.name}"):
                yield ScenarioItem.from_parent(self, name=_name(script, run.label), script=script, run=run)
            return
        times: int = self.config.getoption("--repeat")
        for number in range(1, times + 1):
            name = _name(script, f"~{number}" if times > 1 else "")
            yield ScenarioItem.from_parent(self, name=name, script=script)


def _name(script: Script, more: str) -> str:
    inside = "-".join(filter(None, (script.row_id, more)))
    return f"{script.scenario.scenario}[{inside}]" if inside else script.scenario.scenario


def _in_the_file(problem: Problem) -> tuple[Path, int, int]:
    return problem.path, problem.line, problem.column


def _register(config: pytest.Config, tags: Iterable[str]) -> None:
    """Tags are marks, and what is a mark is told by the files."""
    known = {line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")}
    for tag in tags:
        if tag not in known:
            config.addinivalue_line("markers", f"{tag}: a tag of scenarios")


class Explained(TerminalRepr):
    """A failure in the harness's own words; its first line is what the summary shows.

    Attributes:
        reprcrash: Where pytest and its plugins look for the place and the first line.
    """

    def __init__(self, item: "ScenarioItem", words: str) -> None:
        self._words = words
        path, line, _ = item.reportinfo()
        self.reprcrash = ReprFileLocation(str(path), line + 1, words.partition("\n")[0])

    def toterminal(self, tw: TerminalWriter) -> None:
        """Print it."""
        for line in self._words.splitlines():
            tw.line(line, red=True)

    def __str__(self) -> str:
        return self._words


class ScenarioItem(Playable):
    """One run of a scenario."""

    def __init__(self, *, script: Script, run: Run | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.script, self.run = script, run
        for tag in script.tags:
            self.add_marker(tag)
        for name, args, kwargs in allure.marks(script):
            self.add_marker(_mark(name, args, kwargs))

    @property
    def variant(self) -> dict[str, str]:
        """What tells it from the other runs of its scenario: the row, and which repetition it is."""
        told = {name: str(value) for name, value in self.script.row.items()}
        number = re.search(r"~(\d+)\]$", self.name)
        return {**told, "repetition": number[1]} if number else told

    def runtest(self) -> None:
        """Wait until the scenario is over, and raise what it came to."""
        performed = self.config.stash[STAGE].performed(self)
        self.stash[PERFORMED] = performed
        if performed.error is not None:
            raise performed.error

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the scenario stands."""
        line, _ = self.script.document.position(("scenario",))
        return self.path, line - 1, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What did not hold; of the harness's own mistakes the traceback as well."""
        error = excinfo.value
        if isinstance(error, ExpectationFailed | HarnessError):
            return Explained(self, "\n".join([str(error) or type(error).__name__, *getattr(error, "__notes__", ())]))
        return super().repr_failure(excinfo, style)


def _mark(name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> pytest.MarkDecorator:
    return getattr(pytest.mark, name)(*args, **kwargs)  # type: ignore[no-any-return]


def quarantine_of(item: pytest.Item, today: datetime.date) -> str | None:
    """Why a scenario's failure does not fail the run; None if it does."""
    if not isinstance(item, ScenarioItem) or (quarantine := item.script.quarantine) is None:
        return None
    if today > quarantine.until:
        return None
    return f"{QUARANTINED} until {quarantine.until} by {quarantine.owner}: {quarantine.because}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect scenario files."""
    if file_path.name.endswith(SUFFIX):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A scenario took as long as it took, whoever waited for it; what is quarantined does not fail the run."""
    report = yield
    if not isinstance(item, ScenarioItem) or report.when != "call":
        return report
    times = item.config.stash[STAGE].times(item)
    if times is not None:
        report.start, report.stop = times
        report.duration = report.stop - report.start
    if PERFORMED in item.stash and (flaky := item.stash[PERFORMED].flaky):
        report.user_properties.append((FLAKY, flaky))
    if report.failed and (reason := quarantine_of(item, datetime.date.today())) is not None:  # noqa: DTZ011 - the tester's own day
        report.outcome, report.wasxfail = "skipped", reason
    return report
