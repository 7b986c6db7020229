"""The last look at what pytest, its plugins and the log are about to write: nothing secret is in it.

Conversations take their secrets out themselves before they are told of; this is for all the rest: the words of any
exception, local variables, what was printed, log records, warnings, attachments. It knows what the scenarios know that
are not told of yet, and what is secret whoever's it is. Not here: what is secret (scenarios/privacy.py).
"""

import logging
import threading
import traceback
from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest

from harness.reporting import allure_safe
from harness.scenarios.privacy import Secrets, variables
from harness.timeline.many import Many
from harness.timeline.redaction import Redactor
from harness.timeline.sensitive import Privacy, Sensitive

SAFETY: pytest.StashKey["Safety"] = pytest.StashKey()

_OURS = ("_pytest.", "harness.plugin.", "allure_commons.")
"""Whose objects a report is made of."""


class Safety:
    """Takes secrets out of whatever is shown.

    Args:
        privacy: What the project says is secret.
        gone: What lets somebody in at the target.
    """

    def __init__(self, privacy: Privacy, gone: tuple[str, ...] = ()) -> None:
        self.privacy = privacy
        self._env, self._gone = variables(privacy), gone
        self._by_kept: dict[frozenset[str], Redactor] = {}
        self._known: dict[str, list[Secrets]] = {}
        self._many: Many[int] = Many()
        self._fresh: set[Secrets] = set()
        self._kept: frozenset[str] | None = None
        self._lock = threading.Lock()
        self._factory: Callable[..., logging.LogRecord] | None = None

    def keep(self, scenario: str, secrets: Secrets) -> None:
        """Look for these too, until the scenario has been told."""
        with self._lock:
            self._known.setdefault(scenario, []).append(secrets)
            self._fresh.add(secrets)

        def learnt() -> None:
            with self._lock:
                self._fresh.add(secrets)

        secrets.watcher = learnt

    def let_go(self, scenario: str) -> None:
        """The scenario has been told."""
        with self._lock:
            for secrets in self._known.pop(scenario, ()):
                secrets.watcher = None
                self._fresh.discard(secrets)
                self._many.drop(id(secrets))
            self._kept = None

    def shown(self, text: str) -> str:
        """A text without secrets; doing it twice changes nothing more."""
        concerned, kept = self._concerned(text)
        for redactor in concerned:
            text = redactor.shown(text, looks=False)
        return self._anybodys(kept).shown(text)

    def _concerned(self, text: str) -> tuple[list[Redactor], frozenset[str]]:
        """Who may know something in a text, and what nobody takes out for how it looks."""
        with self._lock:
            while self._fresh:
                secrets = self._fresh.pop()
                self._many.put(id(secrets), secrets.redactor)
                self._kept = None
            if self._kept is None:
                known = (one.sensitive.keep for those in self._known.values() for one in those)
                self._kept = frozenset().union(*known)
            return self._many.concerned(text), self._kept

    def _anybodys(self, keep: frozenset[str]) -> Redactor:
        """What takes out what is secret whoever's it is, but for what scenarios say themselves."""
        if keep not in self._by_kept:
            self._by_kept = {keep: Redactor(self._env, gone=self._gone, sensitive=Sensitive(self.privacy, keep))}
        return self._by_kept[keep]

    def tidy(self, value: Any) -> Any:
        """The same of everything in a report, whatever it is made of; what can be changed in place is."""
        told = "\n".join(_texts(value))
        concerned, kept = self._concerned(told)
        if not any(redactor.may_hide(told) for redactor in (*concerned, self._anybodys(kept))):
            return value  # as nearly always, and one text is looked at in less time than a hundred
        return self._tidied(value, set())

    def _tidied(self, value: Any, seen: set[int]) -> Any:
        if isinstance(value, str):
            return self.shown(value)
        if isinstance(value, list | tuple):
            told = [self._tidied(one, seen) for one in value]
            if isinstance(value, list):
                value[:] = told
                return value
            return type(value)(told) if type(value) is tuple else value
        if isinstance(value, Mapping):
            return {key: self._tidied(one, seen) for key, one in value.items()}
        if type(value).__module__.startswith(_OURS) and hasattr(value, "__dict__") and id(value) not in seen:
            seen.add(id(value))
            for name, one in list(vars(value).items()):
                changed = self._tidied(one, seen)
                if changed is not one:
                    object.__setattr__(value, name, changed)
        return value

    # -- the log ------------------------------------------------------------------------------------------------------

    def watch_log(self) -> None:
        """Take secrets out of every log record of this process from now on, as it is made."""
        self._factory = before = logging.getLogRecordFactory()

        def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
            made = before(*args, **kwargs)
            try:
                said = made.getMessage()
            except Exception:  # words that don't fit; who handles the record says so
                return made
            shown = self.shown(said)
            if shown != said:
                made.msg, made.args = shown, ()
            if made.exc_info and made.exc_info[0] is not None:
                told = "".join(traceback.format_exception(*made.exc_info)).rstrip("\n")
                if (shown := self.shown(told)) != told:
                    made.exc_info, made.exc_text = None, shown
            return made

        logging.setLogRecordFactory(record)

    def leave_log(self) -> None:
        """Leave the log as it was."""
        if self._factory is not None:
            logging.setLogRecordFactory(self._factory)
            self._factory = None

    # -- Allure -------------------------------------------------------------------------------------------------------

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Allure's writers are there by now."""
        allure_safe.look_at(self.tidy)

    # -- pytest -------------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """A test's secrets are kept until all has been said of it."""
        try:
            return (yield)
        finally:
            self.let_go(item.nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Before anybody is told how a test went: terminal, JUnit, other processes."""
        report = yield
        self._tidy_report(report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Before anybody is told what could not be collected."""
        report = yield
        self._tidy_report(report)
        return report

    def _tidy_report(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        report.longrepr = self.tidy(report.longrepr)
        report.sections = self.tidy(report.sections)
        if isinstance(report, pytest.TestReport):
            report.user_properties = self.tidy(report.user_properties)
            if isinstance(reason := getattr(report, "wasxfail", None), str):
                report.wasxfail = self.shown(reason)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Leave the process as it was."""
        self.leave_log()

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: Any) -> None:
        """Before a warning is told in the summary."""
        said = str(warning_message.message)
        if (shown := self.shown(said)) != said:
            warning_message.message = type(warning_message.message)(shown)


def _texts(value: Any) -> list[str]:
    """All texts that `tidy` looks at in something."""
    texts: list[str] = []
    seen: set[int] = set()
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, str):
            texts.append(one)
        elif isinstance(one, list | tuple):
            rest += one
        elif isinstance(one, Mapping):
            rest += one.values()
        elif type(one).__module__.startswith(_OURS) and hasattr(one, "__dict__") and id(one) not in seen:
            seen.add(id(one))
            rest += vars(one).values()
    return texts


def watch(config: pytest.Config, privacy: Privacy, gone: tuple[str, ...]) -> Safety:
    """Have everything looked at that is written from now on."""
    safety = Safety(privacy, gone)
    config.stash[SAFETY] = safety
    if config.pluginmanager.register(safety, "harness-safety") is not None:  # -p no:harness-safety
        safety.watch_log()
    return safety
