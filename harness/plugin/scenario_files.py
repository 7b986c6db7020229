"""Scenario files as pytest tests: one a scenario and row, played by the pool, reported one by one.

Here: collecting, ids, marks, failures that point into the file. Not here: playing (scenarios/performing.py), how many
at once (stage.py), what a run of several says (tally.py).
"""

import datetime
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback
from _pytest._io import TerminalWriter

from harness.documents import DocumentError, Problem
from harness.errors import ExpectationFailed, HarnessError
from harness.plugin.judging import Run, judged_from
from harness.plugin.stage import Playable, Stage
from harness.plugin.tally import FLAKY, QUARANTINED, scenario_of
from harness.reporting import allure
from harness.reporting.allure_tidy import Identity
from harness.scenarios.checking import check
from harness.scenarios.loading import SUFFIX, Library, Script
from harness.scenarios.outcome import Outcome
from harness.scenarios.performing import Performed

LIBRARY = pytest.StashKey[Library]()
STAGE = pytest.StashKey[Stage]()
PERFORMED = pytest.StashKey[Performed]()
OUTCOMES = pytest.StashKey[Sequence[Outcome]]()
"""The conversations of a test, until they are in the history."""
ATTEMPT = pytest.StashKey[int]()
"""Which attempt they are of."""

_NOT_IN_NAMES = str.maketrans("[]", "()")
"""Brackets are pytest's: they hold the row."""


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
        items = [item for script in scripts for item in self._items(script)]
        problems = dict.fromkeys(
            problem for script in scripts for locale in self._locales(items) for problem in check(script, locale=locale)
        )
        if problems:
            raise self.CollectError("\n".join(map(str, sorted(problems, key=_in_the_file))))
        return iter(items)

    def _items(self, script: Script) -> Iterator["ScenarioItem"]:
        _register(self.config, script.tags)
        if runs := self.config.stash[STAGE].runs:
            for run in runs:
                number = repetition_of(run.scenario)
                for repetition in dict.fromkeys((0, number)):
                    if judged_from(run, f"{self.nodeid}::{_name(script, repetition)}"):
                        name = _name(script, repetition, run.label)
                        yield ScenarioItem.from_parent(self, name=name, script=script, repetition=repetition, run=run)
            return
        times: int = self.config.getoption("--repeat")
        for repetition in range(1, times + 1) if times > 1 else (0,):
            name = _name(script, repetition)
            yield ScenarioItem.from_parent(self, name=name, script=script, repetition=repetition)

    def _locales(self, items: Iterable["ScenarioItem"]) -> set[str | None]:
        """The locales in which it is going to be played."""
        recorded = {item.run.recordings[0].header.locale for item in items if item.run is not None}
        return {*recorded} or {self.config.getoption("--locale")}


def _name(script: Script, repetition: int, more: str = "") -> str:
    """A test's name: the scenario, and in brackets what tells its tests apart."""
    told = "".join(letter if letter.isprintable() else " " for letter in script.scenario.scenario)
    name = " ".join(told.replace("::", ":").translate(_NOT_IN_NAMES).split()) or "scenario"
    inside = "-".join(filter(None, (script.row_id, f"~{repetition}" if repetition else "", more)))
    return f"{name}[{inside}]" if inside else name


def repetition_of(node: str) -> int:
    """Which repetition of its scenario a test is, from 1; 0 if it is the only one."""
    number = re.search(r"~(\d+)\]$", node)
    return int(number[1]) if number else 0


def _in_the_file(problem: Problem) -> tuple[Path, int, int]:
    return problem.path, problem.line, problem.column


def _register(config: pytest.Config, tags: Iterable[str]) -> None:
    """Tags are marks, and what is a mark is told by the files."""
    known = {line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")}
    for tag in tags:
        if tag not in known:
            config.addinivalue_line("markers", f"{tag}: a tag of scenarios")


class Explained(ReprExceptionInfo):
    """A failure in the harness's own words; their first line is what summaries show."""

    def __init__(self, item: "ScenarioItem", words: str) -> None:
        path, line, _ = item.reportinfo()
        traceback = ReprTraceback([ReprEntryNative([f"{words}\n"])], extraline=None, style="native")
        super().__init__(traceback, ReprFileLocation(str(path), line + 1, words.partition("\n")[0]))
        self._words = words

    def toterminal(self, tw: TerminalWriter) -> None:
        """Print it."""
        for line in self._words.splitlines():
            tw.line(line, red=True)


class ScenarioItem(Playable):
    """One run of a scenario.

    Attributes:
        repetition: Which repetition of it this is, from 1; 0 if it is the only one.
        is_quarantined: Whether its failure does not fail the run; the last day counts.
    """

    def __init__(self, *, script: Script, repetition: int = 0, run: Run | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.script, self.repetition, self.run = script, repetition, run
        self.seed = scenario_of(self.nodeid if run is None else run.scenario)
        for tag in script.tags:
            self.add_marker(tag)
        patterns = dict(self.config.getoption("allure_link_pattern", ()))
        for name, args, kwargs in allure.marks(script, patterns):
            self.add_marker(_mark(name, args, kwargs))
        today, quarantine = datetime.date.today(), script.quarantine  # noqa: DTZ011 - the tester's own day
        self.is_quarantined = quarantine is not None and today <= quarantine.until
        self.may_fail = self.is_quarantined or self.get_closest_marker("xfail") is not None

    @property
    def identity(self) -> Identity:
        """What the reports know it by, whatever it is called in pytest."""
        row = {name: str(value) for name, value in self.script.row.items()}
        return Identity(
            file=self.nodeid.partition("::")[0],
            scenario=self.script.scenario.scenario,
            row=self.script.row_id,
            parameters={**row, **({"repetition": str(self.repetition)} if self.repetition else {})},
        )

    @property
    def quarantine(self) -> str:
        """Why its failure does not fail the run, or no longer; empty if it is not in quarantine."""
        quarantine = self.script.quarantine
        return "" if quarantine is None else f"until {quarantine.until} by {quarantine.owner}: {quarantine.because}"

    def runtest(self) -> None:
        """Wait until the scenario is over, and raise what it came to."""
        stage = self.config.stash[STAGE]
        try:
            self.stash[PERFORMED] = performed = stage.performed(self)
        except KeyboardInterrupt:
            if (interrupted := stage.interrupted(self)) is not None:
                self.stash[PERFORMED] = interrupted
            raise
        if performed.flaky:
            self.user_properties.append((FLAKY, performed.flaky))
        if performed.error is not None:
            if self.quarantine and not self.is_quarantined:
                performed.error.add_note(f"its quarantine is over, it was {self.quarantine}")
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
    if report.failed and item.is_quarantined:
        report.outcome, report.wasxfail = "skipped", f"{QUARANTINED} {item.quarantine}"
    return report
