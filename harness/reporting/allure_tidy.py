"""What is put right in every result before Allure's own plugin writes it: identity, status, masks, noise.

Allure's plugin takes tests' ids apart at brackets and colons, writes masked values in clear, shows every fixture of
pytest's, and does not know what held only when it was tried again. Not here: what a conversation adds (allure.py).
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

import allure_commons
from allure_commons.model2 import (
    ExecutableItem,
    Label,
    Parameter,
    Status,
    StatusDetails,
    TestResult,
    TestResultContainer,
)
from allure_commons.types import ParameterMode

MASKED = "******"
"""What stands where a value was that is not to be read."""

QUARANTINE = "quarantine"
"""The label that says why a failure is known, and until when."""

_PLUMBING = {"event_loop_policy", "pytestconfig", "request"}
_NO_TAGS = {"asyncio"}
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_OUR_NAMES = re.compile(r"^(?:harness\.errors\.)(?:ExpectationFailed: )?", re.MULTILINE)
_HAPPENED = re.compile(r"\n  what happened \(.*(?:\n  .*)*")
_FAILED = {Status.FAILED, Status.BROKEN}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a scenario file's result is known by, from night to night.

    Attributes:
        file: The file, from the project's folder.
        scenario: The scenario's name.
        row: What the row is called; empty if it has none.
        parameters: What tells it from the others of its name, as people read it.
    """

    file: str
    scenario: str
    row: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Variant:
    """Which of a function's parameter sets a test is.

    Attributes:
        twin: How many before it have the same values.
        place: How many are before it.
    """

    twin: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Function:
    """What the result of a Python test is known by.

    Attributes:
        file: The file, from the project's folder.
        classes: That it is in, outermost first.
        name: Of the function.
        variant: Which of its parameter sets it is.
    """

    file: str
    classes: tuple[str, ...]
    name: str
    variant: Variant = Variant()

    @property
    def full_name(self) -> str:
        """What Allure's plugin calls it where nothing in its id looks like something else."""
        package = self.file.rpartition(".")[0].replace("/", ".")
        return f"{'.'.join([package, *self.classes])}#{self.name}"


@dataclass(slots=True)
class Known:
    """What is known of a result that Allure's own plugin would not leave in it.

    Attributes:
        identity: Of a scenario file's test.
        function: Of a Python test.
        ran: When it began and ended, if not when it was reported: wall-clock seconds since 1970.
        flaky: Why it held, but not at first.
        interrupted: What interrupted it; None if nothing did.
        quarantine: Why its failure is known; empty if it is not.
        broken: Whether there was no verdict on the bot.
        masked: Parameters whose values are nobody's business.
        excluded: Parameters that its history does not go by.
    """

    identity: Identity | None = None
    function: Function | None = None
    ran: tuple[float, float] | None = None
    flaky: str = ""
    interrupted: str | None = None
    quarantine: str = ""
    broken: bool = False
    masked: set[str] = field(default_factory=set)
    excluded: set[str] = field(default_factory=set)


class Tidy:
    """The hooks of Allure's that put results right.

    Args:
        worker: Which of several workers this is that all run every test; empty where each runs its own.

    Attributes:
        known: What is known of results to come, by their ids.
        hidden: Fixtures that are not shown.
    """

    def __init__(self, worker: str = "") -> None:
        self.known: dict[str, Known] = {}
        self.hidden = set(_PLUMBING)
        self._worker = worker
        self._failed: set[str] = set()

    @property
    def running(self) -> Known | None:
        """What is known of the test that is running; None where there is none."""
        test = running()
        return None if test is None else self.known.setdefault(test.uuid, Known())

    @allure_commons.hookimpl(tryfirst=True)
    def add_parameter(self, name: str, excluded: bool | None, mode: ParameterMode | None) -> None:
        """Note what Allure's plugin forgets of a parameter that pytest has told it of before."""
        if (known := self.running) is not None:
            if mode is ParameterMode.MASKED:
                known.masked.add(name)
            if excluded:
                known.excluded.add(name)

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: TestResult) -> None:
        """Before a result is written."""
        known = self.known.pop(result.uuid, Known())
        if known.ran is not None:
            result.start, result.stop = (round(at * 1000) for at in known.ran)
        _judge(result, known)
        for one in result.parameters:
            one.mode = "masked" if one.name in known.masked else one.mode
            one.excluded = True if one.name in known.excluded else one.excluded
        _mask(result)
        result.labels = [one for one in result.labels if one.name != "tag" or one.value not in _NO_TAGS]
        self._identify(result, known)
        self._compare(result, known)
        _shorten(result)

    @allure_commons.hookimpl(tryfirst=True)
    def report_container(self, container: TestResultContainer) -> None:
        """Before the set-up and tear-down of a fixture are written."""
        container.befores = [one for one in container.befores if self._is_shown(one.name)]
        container.afters = [one for one in container.afters if self._is_shown(one.name) and "<lambda>" not in one.name]
        for one in (*container.befores, *container.afters):
            _shorten(one)

    def _is_shown(self, fixture: str) -> bool:
        return not fixture.startswith("_") and fixture.partition("::")[0] not in self.hidden

    def _identify(self, result: TestResult, known: Known) -> None:
        """Give a result the identity that its history goes by."""
        shown = [one for one in result.parameters if not one.name.startswith("_")]
        for one in shown:
            one.value = _plain(one.value)
        if (identity := known.identity) is not None:
            result.fullName = f"{identity.file}#{identity.scenario}"
            result.titlePath = identity.file.split("/")
            shown += [Parameter(name=name, value=value) for name, value in identity.parameters.items()]
        if (function := known.function) is not None:
            result.fullName = function.full_name
            result.titlePath = [*function.file.split("/"), *function.classes]
            result.labels = [one for one in result.labels if one.name != "subSuite"]
            if function.classes:
                result.labels.append(Label(name="subSuite", value=" > ".join(function.classes)))
        if self._worker:
            shown.append(Parameter(name="worker", value=self._worker))
        result.parameters = shown
        variant = sorted(f"{one.name}={one.value}" for one in shown if not one.excluded)
        if identity is not None:
            variant.append(identity.row)  # rows may be equal
        elif function is not None and any(one.value == MASKED for one in shown):
            variant.append(f"place {function.variant.place}")
        elif function is not None and function.variant.twin:
            variant.append(f"twin {function.variant.twin}")
        # Allure 3 reads the first and adds the shown parameters, Allure 2 reads the second
        result.testCaseId = result.historyId = _digest("\n".join([result.fullName or "", *variant]))

    def _compare(self, result: TestResult, known: Known) -> None:
        """Say that a result is flaky: it was tried again, by us or by a plugin that tries tests again."""
        if result.status in _FAILED:
            self._failed.add(result.historyId)
        elif result.status == Status.PASSED and (known.flaky or result.historyId in self._failed):
            message = known.flaky or "passed when it was tried again"
            result.statusDetails = StatusDetails(message=message, flaky=True)


def running() -> TestResult | None:
    """The result of the test that is running; None where Allure is not switched on."""
    plugins = allure_commons.plugin_manager.get_plugins()
    reporter = next((plugin.allure_logger for plugin in plugins if hasattr(plugin, "allure_logger")), None)
    return None if reporter is None else reporter.get_test(None)


def _judge(result: TestResult, known: Known) -> None:
    if known.interrupted is not None:  # nobody has told Allure how it ended
        result.status, result.statusDetails = Status.BROKEN, StatusDetails(message=known.interrupted)
    elif known.quarantine:
        result.labels.append(Label(name=QUARANTINE, value=known.quarantine))
        if result.status == Status.SKIPPED:  # to pytest it is an expected failure; the report says what it is
            result.status = Status.BROKEN if known.broken else Status.FAILED


def _mask(result: TestResult) -> None:
    """Take the values of masked parameters out of everything that is written of a result but its attachments."""
    secrets = []
    for one in _parameters(result):
        if one.mode == "masked":
            secrets += [one.value, _plain(one.value)]
    for secret in sorted(filter(None, set(secrets)), key=len, reverse=True):
        _replace(result, secret)
        for one in _parameters(result):
            one.value = str(one.value).replace(secret, MASKED)


def _parameters(of: ExecutableItem) -> Iterator[Parameter]:
    yield from of.parameters
    for step in of.steps:
        yield from _parameters(step)


def _replace(of: Any, secret: str) -> None:
    """Mask a text in names and messages, of steps as well."""
    for owner in (of, of.statusDetails):
        for name in ("name", "fullName", "description", "message", "trace"):
            if isinstance(text := getattr(owner, name, None), str):
                setattr(owner, name, text.replace(secret, MASKED))
    for step in of.steps:
        _replace(step, secret)


def short(message: str) -> str:
    """A failure without what its trace says as well: what happened line by line, and the names of our modules."""
    return _HAPPENED.sub("", _OUR_NAMES.sub("", message))


def _shorten(of: ExecutableItem) -> None:
    """Leave colours and what need not be told out of a failure, of steps as well."""
    details = of.statusDetails
    if details is not None:
        details.message = details.message and short(_COLOURS.sub("", details.message))
        details.trace = details.trace and _COLOURS.sub("", details.trace)
    for step in of.steps:
        _shorten(step)


def _plain(value: object) -> str:
    """The value of a parameter without quotes around it and without the address of an object, which never recurs."""
    text = str(value)
    if text[:1] in {"'", '"'} and text[-1:] == text[:1]:
        try:
            return str(ast.literal_eval(text))
        except (SyntaxError, ValueError):
            return text
    return _ADDRESS.sub("", text)


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # it is whatever a test is given, such as a number of too many digits
        return f"<{type(value).__qualname__}>"


def _digest(text: str) -> str:
    return md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def variants(values: Iterable[Mapping[str, object]]) -> Iterator[Variant]:
    """Tell the parameter sets of a function apart, in their order.

    Args:
        values: Of each set, by the names of the parameters.
    """
    seen: dict[tuple[tuple[str, str], ...], int] = {}
    for place, one in enumerate(values):
        key = tuple(sorted((name, _plain(_repr(value))) for name, value in one.items() if not name.startswith("_")))
        seen[key] = seen.get(key, -1) + 1
        yield Variant(seen[key], place)
