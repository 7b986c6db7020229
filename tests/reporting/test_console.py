"""The console's summary, of outcomes made up for it."""

from harness.expectations.rules import Severity, Violation
from harness.reporting.console import summary
from harness.scenarios.outcome import Outcome
from harness.timeline.timeline import Timeline


def outcome(scenario: str, *violations: Violation, unclaimed: int = 0) -> Outcome:
    """A conversation in which nothing happened but this."""
    return Outcome(
        name="conversation 1",
        conversation="c",
        target="sandbox",
        deployment="Harbour_Menu",
        opened_at=0.0,
        timeline=Timeline((), horizon=0.0),
        violations=violations,
        unclaimed=range(unclaimed),
        scenario=scenario,
    )


def warning(rule: str, what: str = "wanted this, saw that", severity: Severity = Severity.WARN) -> Violation:
    """A broken rule."""
    return Violation(rule, severity, what, (0,))


def told(*outcomes: Outcome) -> list[str]:
    """What is said of leftovers and of rules."""
    return [line for line in summary(outcomes) if not line.startswith(("conversations", "moves", "events"))]


def test_nothing_is_said_of_what_there_is_not() -> None:
    """Nor of rules whose violation is a failure, which tells of it."""
    assert summary([]) == []
    assert told(outcome("a"), outcome("b", warning("ids_unique", severity=Severity.ERROR))) == []


def test_warnings_are_counted_by_rule_and_conversation() -> None:
    """Those of most conversations first, each with its first example; however often in one conversation."""
    twice = warning("recognised", "wanted x, saw y"), warning("recognised", "wanted x, saw z")
    shown = told(outcome("a::one", *twice), outcome("a::two", warning("typing_stops"), twice[1]), outcome("a::three"))
    assert shown == [
        "warnings       recognised in 2 conversations, first in a::one:",
        "                 wanted x, saw y",
        "               typing_stops in 1 conversation, first in a::two:",
        "                 wanted this, saw that",
    ]


def test_a_long_example_is_cut() -> None:
    """At 160 characters; the report has all of it."""
    assert told(outcome("a", warning("recognised", "w" * 161)))[1] == " " * 17 + "w" * 160 + "…"
    assert told(outcome("a", warning("recognised", "w" * 160)))[1] == " " * 17 + "w" * 160


def test_unclaimed_messages_are_counted() -> None:
    """In conversations that have any."""
    assert told(outcome("a", unclaimed=2), outcome("b"), outcome("c", unclaimed=1)) == [
        "unclaimed      3 messages in 2 conversations that no expectation took"
    ]
    assert told(outcome("a", unclaimed=1)) == ["unclaimed      1 message in 1 conversation that no expectation took"]
