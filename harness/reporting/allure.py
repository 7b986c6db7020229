"""Writes conversations into the Allure result of the test that is running, with their own true times.

Steps are built after the conversation and grafted onto the result, since Allure's own steps are kept per thread and
nest wrongly when conversations run at once. Not here: the HTML (allure_html.py), which tests there are (plugin/).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from uuid import uuid4

import allure_commons
from allure_commons.model2 import Parameter, Status, StatusDetails, TestResult, TestResultContainer, TestStepResult
from allure_commons.reporter import AllureReporter
from allure_commons.types import AttachmentType, LabelType

from harness.expectations.rules import Severity
from harness.scenarios.loading import Script
from harness.scenarios.outcome import Outcome, Step
from harness.scenarios.outcome import Status as Ended
from harness.timeline.transcript import lines

_PLUMBING = {"event_loop_policy", "pytestconfig", "request"}
_NO_TAGS = {"asyncio"}


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


@dataclass(slots=True)
class _Known:
    """What is known of a result that Allure's own plugin would not leave in it."""

    identity: Identity | None = None
    ran: tuple[float, float] | None = None
    flaky: str = ""
    interrupted: str | None = None


_KNOWN: dict[str, _Known] = {}
"""By the result's id."""


class Tidy:
    """Takes out of every result what says nothing about the conversation, and gives it a stable identity.

    pytest's and pytest-asyncio's own fixtures and parameters are plumbing; one of them carries a memory address, which
    would make every run the first of its history.
    """

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: TestResult) -> None:
        """Before a result is written."""
        known = _KNOWN.pop(result.uuid, _Known())
        if known.ran is not None:
            result.start, result.stop = (round(at * 1000) for at in known.ran)
        if known.flaky:
            result.statusDetails = StatusDetails(message=known.flaky, flaky=True)
        if known.interrupted is not None:  # nobody has told Allure how it ended
            result.status, result.statusDetails = Status.BROKEN, StatusDetails(message=known.interrupted)
        result.parameters = [parameter for parameter in result.parameters if not parameter.name.startswith("_")]
        result.labels = [label for label in result.labels if label.name != "tag" or label.value not in _NO_TAGS]
        variant = sorted(f"{parameter.name}={parameter.value}" for parameter in result.parameters)
        if (identity := known.identity) is not None:
            variant.append(identity.row)  # rows may be equal
        result.testCaseId = _digest(result.fullName or "")
        result.historyId = _digest("\n".join([result.fullName or "", *variant]))

    @allure_commons.hookimpl(tryfirst=True)
    def report_container(self, container: TestResultContainer) -> None:
        """Before the set-up and tear-down of a fixture are written."""
        container.befores = [one for one in container.befores if not _is_plumbing(one.name)]
        container.afters = [
            one for one in container.afters if not _is_plumbing(one.name) and "<lambda>" not in one.name
        ]


def _digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _is_plumbing(name: str) -> bool:
    return name.startswith("_") or name.partition("::")[0] in _PLUMBING


def switch_on() -> None:
    """Tidy all results of this process from now on."""
    if not allure_commons.plugin_manager.has_plugin("harness"):
        allure_commons.plugin_manager.register(Tidy(), "harness")


def marks(script: Script, patterns: Mapping[str, str]) -> Iterator[tuple[str, tuple[object, ...], dict[str, object]]]:
    """What a scenario file says of itself, as the marks that Allure's pytest plugin reads: name, arguments, words.

    Args:
        script: The scenario.
        patterns: Addresses by kind of link, with `{}` for what the scenario gives.
    """
    scenario = script.scenario
    yield "allure_label", (script.severity,), {"label_type": LabelType.SEVERITY}
    if script.owner:
        yield "allure_label", (script.owner,), {"label_type": "owner"}
    if scenario.about:
        yield "allure_description", (scenario.about,), {}
    for link in script.links:
        kind, address = next((kind, address) for kind, address in link if address)
        yield "allure_link", (patterns.get(kind, "{}").format(address),), {"link_type": kind, "name": address}


def identify(identity: Identity) -> None:
    """Say which scenario file's test is running; nothing happens where Allure is not switched on.

    Allure's own plugin goes by the test's id, which it takes apart at brackets and colons.
    """
    _, test = _running()
    if test is None:
        return
    test.fullName = f"{identity.file}#{identity.scenario}"
    test.titlePath = identity.file.split("/")
    test.parameters.extend(Parameter(name=name, value=value) for name, value in identity.parameters.items())
    _KNOWN.setdefault(test.uuid, _Known()).identity = identity


def report(outcomes: Sequence[Outcome], *, ran: tuple[float, float] | None = None, flaky: str = "") -> None:
    """Add the conversations to the test that is being reported; nothing happens where Allure is not switched on.

    Args:
        outcomes: What they came to.
        ran: When the test began and ended, if not when it was reported: wall-clock seconds since 1970.
        flaky: Why it held, but not at first; empty if it did at first, or not at all.
    """
    reporter, test = _running()
    if reporter is None or test is None:
        return
    known = _KNOWN.setdefault(test.uuid, _Known())
    known.ran, known.flaky = ran, flaky
    for outcome in outcomes:
        steps = [_step(outcome, step) for step in (*outcome.steps, *_warnings(outcome))]
        test.steps.extend(steps if len(outcomes) == 1 else [_whole(outcome, steps)])
        which = "" if len(outcomes) == 1 else f" of {outcome.name}"
        _attach(reporter, f"transcript{which}", transcript(outcome), AttachmentType.TEXT)
        _attach(reporter, f"timeline{which}", timeline(outcome), None, "jsonl")
        if outcome.unclaimed:
            _attach(reporter, f"unclaimed messages{which}", unclaimed(outcome), AttachmentType.TEXT)


def interrupt(why: str) -> None:
    """Say that the test that is running was interrupted; nothing happens where Allure is not switched on."""
    _, test = _running()
    if test is not None:
        _KNOWN.setdefault(test.uuid, _Known()).interrupted = why


def transcript(outcome: Outcome) -> str:
    """The conversation as text."""
    head = f"{outcome.name}, {outcome.conversation}, with {outcome.deployment} on {outcome.target}\n"
    return "\n".join([head, *lines(enumerate(outcome.timeline))]) + "\n"


def timeline(outcome: Outcome) -> str:
    """Everything that happened, an event a line, as JSON."""
    return "".join(event.model_dump_json() + "\n" for event in outcome.timeline)


def unclaimed(outcome: Outcome) -> str:
    """The messages that no expectation took, as text."""
    return "\n".join(lines((place, outcome.timeline[place]) for place in outcome.unclaimed)) + "\n"


def _warnings(outcome: Outcome) -> Iterator[Step]:
    """The rules that were broken and fail nothing, as steps that passed."""
    for violation in outcome.violations:
        if violation.severity is Severity.WARN:
            times = [outcome.timeline[place].at for place in violation.events]
            title = f"warning: {violation.rule}: {violation.what}"
            yield Step(title, min(times), max(times), Ended.PASSED, events=violation.events)


def _running() -> tuple[AllureReporter | None, TestResult | None]:
    """Allure's reporter, and the result of the test that is running."""
    plugins = allure_commons.plugin_manager.get_plugins()
    reporter = next((plugin.allure_logger for plugin in plugins if hasattr(plugin, "allure_logger")), None)
    return reporter, reporter.get_test(None) if reporter else None


def _attach(
    reporter: AllureReporter, name: str, body: str, attachment_type: AttachmentType | None, extension: str | None = None
) -> None:
    reporter.attach_data(  # type: ignore[no-untyped-call]
        str(uuid4()), body, name=name, attachment_type=attachment_type or "text/plain", extension=extension
    )


def _whole(outcome: Outcome, steps: list[TestStepResult]) -> TestStepResult:
    last = outcome.steps[-1].ended if outcome.steps else 0.0
    whole = Step(f"{outcome.name} with {outcome.deployment}", 0.0, last, outcome.status)
    result = _step(outcome, whole)
    result.steps = steps
    return result


def _step(outcome: Outcome, step: Step) -> TestStepResult:
    result = TestStepResult(
        name=step.title,
        start=_wall(outcome, step.started),
        stop=_wall(outcome, step.ended),
        status=str(step.status),
        statusDetails=StatusDetails(message=step.message) if step.message else None,
    )
    for index in step.events:
        event = outcome.timeline[index]
        at = _wall(outcome, event.at)
        result.steps.append(
            TestStepResult(name=f"#{index} {event.at:.3f} s  {event}", start=at, stop=at, status=Status.PASSED)
        )
    return result


def _wall(outcome: Outcome, at: float) -> int:
    return round((outcome.opened_at + at) * 1000)
