"""What is said of a run as Markdown, for pull requests and chat: short, and the same sentences as everywhere.

Names come from anywhere, so they stand in code spans: nothing in one is a link, a mention, HTML or a picture.
"""

from collections.abc import Iterator

from harness.events.text import printable
from harness.reporting.latency.findings import Finding, compared_with, findings, headline, turns
from harness.reporting.latency.values import Latency
from harness.reporting.pages.markup import cut

BAR = "\\|"
_MOST = 20
"""Findings that are listed."""
_LONGEST = 160
"""Characters of a name."""


def markdown(latency: Latency) -> str:
    """The summary, a screen of it at most."""
    return "\n".join(_lines(latency)) + "\n"


def _lines(latency: Latency) -> Iterator[str]:
    run, found = latency.run, findings(latency)
    which = "run" if latency.is_alone else f"run {run.id}"
    version = f", version {code(run.version)}" if run.version else ""
    yield f"### Latency: {headline(latency)}"
    yield ""
    yield f"{which.capitalize()} of {code(run.target)}{version}, {compared_with(latency)}."
    if found:
        yield ""
        yield "| | metric | scenario | |"
        yield "|---|---|---|---|"
        yield from map(_row, found[:_MOST])
        if more := len(found) - _MOST:
            yield from ([f"\n{more:,} more are in the report."] if more > 0 else [])
    if waits := [*_waits(latency)]:
        yield ""
        yield from waits
    for note in latency.verdict.notes:
        yield ""
        yield f"Note: {code(note, 500)}"


def _row(one: Finding) -> str:
    word = f"**{one.word}**" if one.fails else one.word
    where = f"{one.key.scenario} ({one.key.locale})"
    return f"| {word} | `{one.key.metric}` | {code(where, in_table=True)} | {one.told} |"


def _waits(latency: Latency) -> Iterator[str]:
    """The headline numbers of all scenarios together."""
    pooled = latency.pooled()
    for name, called in (("ttft_ms", "First token"), ("answer_ms", "Answer"), ("gap_max_ms", "Longest gap")):
        if name in pooled:
            sample = pooled[name]
            known = ((share, sample.percentile(share)) for share in (0.5, 0.9, 0.95, 0.99))
            told = ", ".join(f"p{share * 100:.0f} {one.value:,.0f} ms" for share, one in known if one is not None)
            never = f", {sample.censored:,} never came" if sample.censored else ""
            yield f"- {called}, all scenarios: {told.replace('inf ms', 'never')}; {turns(sample.n)}{never}"


def code(text: str, limit: int = _LONGEST, *, in_table: bool = False) -> str:
    """A text as a code span, in one line.

    Args:
        text: From anywhere.
        limit: Characters, at most.
        in_table: Whether it stands in a table, where an upright bar ends a cell even so.
    """
    shown = cut(printable(text), limit).replace("`", "\N{MODIFIER LETTER GRAVE ACCENT}")
    return f"`{shown.replace('|', BAR) if in_table else shown}`"
