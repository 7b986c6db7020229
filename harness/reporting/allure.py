"""Writes conversations into the Allure result of the test that is running, with their own true times.

Nothing happens where Allure is not switched on. Not here: the HTML (allure_html.py), which tests there are (plugin/).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import allure_commons
from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import Attachment
from allure_commons.types import LabelType

from harness.events.base import to_json
from harness.reporting.allure_safe import Clean
from harness.reporting.allure_steps import steps, whole
from harness.reporting.allure_tidy import Function, Identity, Known, Tidy, running
from harness.reporting.pages.page import pages
from harness.scenarios.loading import Script
from harness.scenarios.outcome import Outcome, Status
from harness.timeline.transcript import lines

_TIDY = "harness"
"""The name of our hooks among Allure's plugins."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A page that somebody else is making (pages/press.py): the file among the results that will have it."""

    file: Path


def coming() -> Coming | None:
    """A new place for a page; None where the results are not, or not only, files of one folder."""
    writers = [one.plugin for one in allure_commons.plugin_manager.hook.report_attached_data.get_hookimpls()]
    if len(writers) == 1 and isinstance(writers[0], AllureFileLogger):
        return Coming(writers[0]._report_dir / f"{uuid4()}-attachment.html")
    return None


def switch_on(worker: str = "") -> None:
    """Tidy all results of this process from now on.

    Args:
        worker: Which of several workers this is that all run every test; empty where each runs its own.
    """
    if not allure_commons.plugin_manager.has_plugin(_TIDY):
        allure_commons.plugin_manager.register(Tidy(worker), _TIDY)


def marks(script: Script, patterns: Mapping[str, str]) -> Iterator[tuple[str, tuple[object, ...], dict[str, object]]]:
    """What a scenario file says of itself, as the marks that Allure's pytest plugin reads: name, arguments, words.

    Args:
        script: The scenario.
        patterns: Addresses by kind of link, with `{}` for what the scenario gives.
    """
    scenario = script.scenario
    yield "allure_label", (script.severity,), {"label_type": LabelType.SEVERITY}
    topics = [suite.suite for _, suite in script.shared.suites if suite.suite]
    if len(topics) > 1:
        yield "allure_label", (topics[0],), {"label_type": LabelType.EPIC}
    if topics:
        yield "allure_label", (topics[-1],), {"label_type": LabelType.FEATURE}
    yield "allure_label", (scenario.scenario,), {"label_type": LabelType.STORY}
    if script.owner:
        yield "allure_label", (script.owner,), {"label_type": "owner"}
    if scenario.about:
        yield "allure_description", (scenario.about,), {}
    for link in script.links:
        kind, address = next((kind, address) for kind, address in link if address)
        yield "allure_link", (patterns.get(kind, "{}").format(address),), {"link_type": kind, "name": address}


def is_on() -> bool:
    """Whether there is a report of the test that is running."""
    return running() is not None


def identify(test: Identity | Function) -> None:
    """Say which test is running."""
    if (known := _known()) is not None:
        if isinstance(test, Identity):
            known.identity = test
        else:
            known.function = test


def hide(fixture: str) -> None:
    """Do not show a fixture that nobody has written."""
    if (tidy := _tidy()) is not None:
        tidy.hidden.add(fixture)


def quarantine(why: str, *, broken: bool) -> None:
    """Say that the failure of the test that is running is known.

    Args:
        why: By whom, why and until when.
        broken: Whether there was no verdict on the bot.
    """
    if (known := _known()) is not None:
        known.quarantine, known.broken = why, broken


def interrupt(why: str) -> None:
    """Say that the test that is running was interrupted."""
    if (known := _known()) is not None:
        known.interrupted = why


def report(
    outcomes: Sequence[Outcome],
    *,
    ran: tuple[float, float] | None = None,
    flaky: str = "",
    made: Sequence[Sequence[str] | Coming] = (),
    everything: bool = False,
) -> None:
    """Add the conversations to the test that is running.

    Of a test that held they have their pages, which tell all; of one that did not, or in which a rule was broken, they
    have requests, transcript and timeline by themselves too.

    Args:
        outcomes: What they came to, redacted.
        made: Their pages, or the files that will have them; that of one which has several is made again, without
            addresses.
        ran: When the test began and ended, if not when it was reported: wall-clock seconds since 1970.
        flaky: Why it held, but not at first; empty if it did at first, or not at all.
        everything: Whether they have all of that in any case.
    """
    test, known = running(), _known()
    if test is None or known is None:
        return
    known.ran, known.flaky = ran, flaky
    has_all = everything or bool(flaky) or any(one.violations or one.status is not Status.PASSED for one in outcomes)
    for place, outcome in enumerate(outcomes):
        parts, requests = steps(outcome, _attached if has_all else None)
        if len(outcomes) == 1:
            test.steps.extend(parts)
        else:
            test.steps.append(whole(outcome, parts, requests))
        page = made[place] if place < len(made) else []
        if not isinstance(page, Coming) and len(page) != 1:
            page = pages(outcome)
        which = "" if len(outcomes) == 1 else f" of {outcome.name}"
        test.attachments.extend(_evidence(outcome, which, page, has_all=has_all))
        if len(outcomes) == 1:
            test.attachments.extend(requests)


def _evidence(outcome: Outcome, which: str, made: Sequence[str] | Coming, *, has_all: bool) -> Iterator[Attachment]:
    """What is attached of a conversation as a whole; `which` tells it from the others of its test."""
    if isinstance(made, Coming):
        yield Attachment(name=f"conversation{which}", source=made.file.name, type="text/html")
        made = []
    for number, page in enumerate(made, 1):  # see reporting/pages; more than one of a long conversation only
        more = f", page {number}" if number > 1 else ""
        yield _attached(f"conversation{which}{more}", page, "text/html", "html")
    if has_all:
        yield _attached(f"transcript{which}", transcript(outcome), "text/plain", "txt")
        yield _attached(f"timeline{which}", timeline(outcome), "text/plain", "jsonl")
    if outcome.unclaimed:
        yield _attached(f"unclaimed messages{which}", unclaimed(outcome), "text/plain", "txt")


def transcript(outcome: Outcome) -> str:
    """The conversation as text."""
    head = f"{outcome.name}, {outcome.conversation}, with {outcome.deployment} on {outcome.target}\n"
    return "\n".join([head, *lines(enumerate(outcome.timeline))]) + "\n"


def timeline(outcome: Outcome) -> str:
    """Everything that happened, an event a line, as JSON; with the frames as they came where something went wrong."""
    hidden = frozenset({"raw"} if outcome.status is Status.PASSED else ())
    return "".join(to_json(event, without=hidden) + "\n" for event in outcome.timeline)


def unclaimed(outcome: Outcome) -> str:
    """The messages that no expectation took, as text."""
    return "\n".join(lines((place, outcome.timeline[place]) for place in outcome.unclaimed)) + "\n"


def _tidy() -> Tidy | None:
    tidy = allure_commons.plugin_manager.get_plugin(_TIDY)
    return tidy if isinstance(tidy, Tidy) else None


def _known() -> Known | None:
    """What is known of the test that is running."""
    tidy = _tidy()
    return None if tidy is None else tidy.running


def _attached(name: str, body: str, kind: str, ending: str) -> Attachment:
    """Write an attachment; not by Allure's reporter, which would put it under the step that began last."""
    file = f"{uuid4()}-attachment.{ending}"
    allure_commons.plugin_manager.hook.report_attached_data(body=Clean(body), file_name=file)
    return Attachment(name=name, source=file, type=kind)
