"""A conversation as Allure's steps and cards of its requests, with their own true times.

Made from an outcome and nothing else, after the conversation: Allure's own steps are kept per thread and nest wrongly
when conversations run at once. Not here: which result they belong to (allure.py).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from allure_commons.model2 import Attachment, Status, StatusDetails, TestStepResult

from harness.events import Answered, Event, Token
from harness.events.text import quoted
from harness.expectations.rules import Severity
from harness.reporting.allure_tidy import short
from harness.scenarios.outcome import Outcome, Step
from harness.scenarios.outcome import Status as Ended
from harness.timeline.sensitive import FIELD, TOKEN

HTTP = "application/vnd.allure.http+json"
"""The type of a request and its answer. Source: allurereport.org, "HttpExchange attachment schema", version 1."""

_HIDDEN = "__ALLURE_REDACTED__"
"""What Allure shows as stars."""
_FOLDED = 3
"""So many tokens of one answer in a row share a step."""
_ERROR = 400

Attach = Callable[[str, str, str, str], Attachment]
"""Writes an attachment: its name, its text, its type, what its file's name ends with."""


def steps(outcome: Outcome, attach: Attach | None) -> tuple[list[TestStepResult], list[Attachment]]:
    """The steps of a conversation, each with the events that it took and the requests that were made in it.

    Args:
        outcome: What it came to.
        attach: Called for every answered request; None where they are not attached.

    Returns:
        The steps, warnings of rules last; and the requests that were made in none of them.
    """
    taken = [*outcome.steps, *warnings(outcome)]
    made = [_step(outcome, step) for step in taken]
    rest: list[Attachment] = []
    if attach is None:
        return made, rest
    for event in outcome.timeline:
        if isinstance(event, Answered):
            name = f"{event.operation} {event.status}"
            card = attach(name, json.dumps(exchange(outcome, event), ensure_ascii=False), HTTP, "httpexchange")
            place = _during(outcome.steps, event.at - event.took)
            (rest if place is None else made[place].attachments).append(card)
    return made, rest


def whole(outcome: Outcome, parts: list[TestStepResult], requests: list[Attachment]) -> TestStepResult:
    """All of a conversation as one step, where a test has several."""
    last = outcome.steps[-1].ended if outcome.steps else 0.0
    result = _step(outcome, Step(f"{outcome.name} with {outcome.deployment}", 0.0, last, outcome.status))
    result.steps, result.attachments = parts, requests
    return result


def warnings(outcome: Outcome) -> Iterator[Step]:
    """The rules that were broken and fail nothing, as steps that passed."""
    for violation in outcome.violations:
        if violation.severity is Severity.WARN:
            times = [outcome.timeline[place].at for place in violation.events]
            title = f"warning: {violation.rule}: {violation.what}"
            yield Step(title, min(times, default=0.0), max(times, default=0.0), Ended.PASSED, events=violation.events)


def exchange(outcome: Outcome, answered: Answered) -> dict[str, object]:
    """A request and its answer as Allure shows them."""
    told: dict[str, object] = {
        "schemaVersion": 1,
        "start": _wall(outcome, answered.at - answered.took),
        "stop": _wall(outcome, answered.at),
        "request": {
            "method": answered.method,
            "url": answered.path or answered.operation,
            "headers": _headers(answered.headers),
            **_body(answered.sent),
        },
        "response": {"status": answered.status, "headers": _headers(answered.told), **_body(answered.got)},
    }
    if answered.status >= _ERROR:
        told["error"] = {"name": "ServiceRefused", "message": f"{answered.operation} was refused"}
    return told


def _headers(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": _hidden(value)} for name, value in headers.items()]


def _body(body: str) -> dict[str, object]:
    if not body:
        return {}
    kind = "application/json" if body[0] in "{[" else "text/plain"
    return {"body": {"contentType": kind, "value": _hidden(body), "truncated": body.endswith("…")}}


def _hidden(text: str) -> str:
    """A text with Allure's own mark in place of ours."""
    return text.replace(TOKEN, _HIDDEN).replace(FIELD, _HIDDEN)


def _during(taken: Sequence[Step], at: float) -> int | None:
    """The step in which something was begun; None if in none."""
    return next((place for place, step in enumerate(taken) if step.started <= at <= step.ended), None)


def _step(outcome: Outcome, step: Step) -> TestStepResult:
    result = TestStepResult(
        name=step.title,
        start=_wall(outcome, step.started),
        stop=_wall(outcome, step.ended),
        status=str(step.status),
        statusDetails=StatusDetails(message=short(step.message)) if step.message else None,
    )
    events = [(place, outcome.timeline[place]) for place in step.events]
    for _, group in groupby(events, lambda one: one[1].target if isinstance(one[1], Token) else one[0]):
        result.steps += _events(outcome, list(group))
    return result


def _events(outcome: Outcome, events: list[tuple[int, Event]]) -> Iterator[TestStepResult]:
    if len(events) >= _FOLDED:
        (first, a), (last, b) = events[0], events[-1]
        text = quoted("".join(event.text for _, event in events if isinstance(event, Token)), limit=200)
        name = f"#{first} to #{last} {a.at:.3f} s  {len(events)} tokens until {b.at:.3f} s: {text}"
        yield _event(outcome, name, a.at, b.at)
        return
    for place, event in events:
        yield _event(outcome, f"#{place} {event.at:.3f} s  {event}", event.at, event.at)


def _event(outcome: Outcome, name: str, start: float, stop: float) -> TestStepResult:
    return TestStepResult(name=name, start=_wall(outcome, start), stop=_wall(outcome, stop), status=Status.PASSED)


def _wall(outcome: Outcome, at: float) -> int:
    """A time on the timeline as milliseconds since 1970."""
    return round((outcome.opened_at + at) * 1000)
