"""The verdict: what did not hold first, with what was measured and what was still open; then every step.

Not here: reading a failure's words (failure.py), rules that only warn (rules.py).
"""

from collections.abc import Iterator

from harness.reporting.pages import failure
from harness.reporting.pages.markup import Html, counted, cut, escape, hidden, joined, paragraph, section, tag
from harness.reporting.pages.view import View
from harness.scenarios.outcome import Status, Step

_MARKS = {Status.PASSED: "✓", Status.FAILED: "✗", Status.BROKEN: "!"}
_LINE = 1_000
_SOME = 12
"""Events of a step that are named one by one."""


def verdict(view: View) -> Html:
    """The section; on later pages, only the steps of their time."""
    first = view.part.number == 1
    failures = [
        tag("div", *_failure(view, number, step), class_=f"card {step.status}") for number, step in _failed(view)
    ]
    steps = [_step(view, number, step) for number, step in enumerate(view.outcome.steps, 1) if _is_here(view, step)]
    listed = tag("ul", *steps, class_="steps") if steps else tag("p", "No step was taken.", class_="quiet")
    unclaimed = [place for place in view.outcome.unclaimed if place in view]
    return section(
        "s-verdict",
        "Verdict" if first else "Steps",
        *failures,
        listed,
        *([_unclaimed(view, unclaimed)] if unclaimed else []),
    )


def headline(view: View) -> Html:
    """How it ended, in a badge."""
    status, steps = view.outcome.status, view.outcome.steps
    wrong = sum(step.status is not Status.PASSED for step in steps)
    told = f"{wrong} of {counted(len(steps), 'step')}" if wrong else counted(len(steps), "step")
    return tag("span", f"{_MARKS[status]} {status}", tag("small", told), class_=f"badge {status}")


def _failed(view: View) -> Iterator[tuple[int, Step]]:
    for number, step in enumerate(view.outcome.steps, 1):
        if step.status is not Status.PASSED:
            yield number, step


def _failure(view: View, number: int, step: Step) -> Iterator[Html]:
    told = failure.read(step.message)
    yield tag("h3", cut(told.head or f"step {number}: {step.title}", _LINE))
    decided = f", decided by {view.link(told.decided)}" if told.decided is not None else ""
    yield tag("p", joined([f"{step.status}: {cut(step.title, _LINE)}", Html(decided)]), class_="quiet")
    if told.parts:
        yield tag("dl", *(_part(view, *part) for part in told.parts), class_="why")
    if rest := "\n".join(told.rest).strip("\n"):
        yield tag("pre", paragraph(cut(rest, 4 * _LINE)))


def _part(view: View, title: str, lines: tuple[str, ...]) -> Html:
    told = [tag("dd", _linked(view, line), class_="deep" if line.startswith("  ") else None) for line in lines]
    return tag("div", tag("dt", title), *told, class_="open" if title == "still open" else None)


def _linked(view: View, line: str) -> Html:
    place = failure.place(line)
    if place is None or place >= len(view.timeline):
        return escape(cut(line.strip(), _LINE))
    return joined([view.link(place), cut(line[len(f"#{place}") :], _LINE)])


def _is_here(view: View, step: Step) -> bool:
    """Whether a step was begun in the time of the page."""
    part, timeline = view.part, view.timeline
    begins = timeline[part.start].at if part.number > 1 else 0.0
    last = part.number == len(view.parts)
    return begins <= step.started and (last or step.started < timeline[part.stop].at)


def _step(view: View, number: int, step: Step) -> Html:
    mark = tag("span", _MARKS[step.status], class_="mark", aria_hidden="true")
    title = tag("span", hidden(f"{step.status}, step {number}: "), cut(step.title, 300), class_="title")
    return tag("li", mark, title, " ", tag("span", _measured(view, step), class_="measure"), class_=str(step.status))


def _measured(view: View, step: Step) -> Html:
    if not step.events:
        lasted = step.ended - step.started
        return escape(f"at {step.started:.3f} s" + (f", {lasted * 1000:,.0f} ms" if lasted >= 0.0005 else ""))
    first, last = step.events[0], step.events[-1]
    move = view.move_before(step.started)
    at = view.timeline[last].at
    places = [view.link(place) for place in sorted(set(step.events))]
    named = joined(places, " ") if len(places) <= _SOME else joined([view.link(first), view.link(last)], " to ")
    after = (
        f"{(at - move.at) * 1000:,.0f} ms after the move" if move is not None and at >= move.at else f"at {at:.3f} s"
    )
    return joined([after, ": ", named])


def _unclaimed(view: View, places: list[int]) -> Html:
    lines = [tag("li", view.link(place), f" {cut(str(view.timeline[place]), 300)}") for place in places]
    return joined([tag("h3", f"Messages that no expectation took ({len(lines)})"), tag("ul", *lines, class_="plain")])
