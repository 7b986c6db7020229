"""The always-on rules: what the channel promises in every conversation, watched without being asked.

Here: the rules' words, severities, limits and waivers; `check`, a pure function of a timeline; the words of a
violation. Not here: what exactly breaks a rule (monitors.py), what a scenario itself expects (patterns.py). The rule
book is docs/rules.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType

from harness.events import CLASSES, Dropped, Event, Heartbeat, Received
from harness.events.base import per_kind
from harness.events.text import printable
from harness.expectations.monitors import (
    ClockForward,
    End,
    Finding,
    IdsUnique,
    Monitor,
    NothingAfterClose,
    ParticipantsConsistent,
    ReceiptFollowsSaid,
    ReceiptKnown,
    Recognised,
    RoutedBeforeBot,
    Streams,
    TypingStops,
)
from harness.timeline.timeline import Timeline
from harness.timeline.transcript import lines

_SHOWN = 20
"""Events shown of a violation; the others are counted."""


class Severity(StrEnum):
    """How bad it is that a rule is broken."""

    ERROR = "error"
    """The conversation fails."""
    WARN = "warn"
    """It is told, and nothing fails."""
    OFF = "off"
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its word, what it means in a line, and how bad it is to break it unless a scenario says otherwise."""

    word: str
    meaning: str
    severity: Severity = Severity.ERROR


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.word: rule
        for rule in (
            Rule("routed_before_bot", "no message of a bot or a rep before a routing result"),
            # a warning: the protocol's reference shows reps who acknowledge, and does not say that bots do
            Rule(
                "receipt_follows_said",
                "every accepted message is acknowledged as delivered within the limit",
                Severity.WARN,
            ),
            Rule("receipt_known", "no receipt of what was never sent, none for reading before the one for delivery"),
            Rule("typing_stops", "a typing spell ends within the limit"),
            Rule(
                "stream_grammar", "tokens of one answer: no repeat, no gap, none after its final message, which comes"
            ),
            Rule("stream_faithful", "the pieces of an answer are its final text unless they were retracted"),
            Rule("ids_unique", "no entry id twice, but for replays after a reconnect"),
            Rule("clock_forward", "the service's time stamps do not go back per sender"),
            Rule("nothing_after_close", "nothing of a bot or a rep after the conversation closed"),
            Rule("participants_consistent", "nobody speaks who has not joined or has left"),
            Rule("recognised", "everything can be read (error), and nothing in it is unknown (warn)"),
        )
    }
)
"""The rules by their words."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A scenario's own severity of a rule, and why.

    Raises:
        ValueError: There is no such rule or severity, or no reason.
    """

    rule: str
    severity: Severity
    because: str

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            near = get_close_matches(self.rule, RULES, n=1, cutoff=0.0)[0]
            raise ValueError(f"there is no rule {self.rule!r}; did you mean {near!r}?")
        if self.severity not in set(Severity):
            raise ValueError(f"there is no severity {self.severity!r}; it is one of {', '.join(Severity)}")
        if not self.because.strip():
            raise ValueError(f"{self.rule} can't be set to {self.severity} without a reason; say so in because")
        object.__setattr__(self, "severity", Severity(self.severity))


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken.

    Attributes:
        rule: The rule's word.
        severity: How bad it is, waivers considered.
        what: What was wanted and what was seen, on one line that is safe to print.
        events: Places on the timeline of the events that show it, in order.
    """

    rule: str
    severity: Severity
    what: str
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits in seconds, and the waivers of a scenario.

    Attributes:
        receipt_within: From the acceptance of a message to its receipt.
        typing_within: From the typist's last sign of life to the end of typing.
        final_within: From the last piece of a streamed answer to the next or to the final message.
        waivers: Rules whose severity a scenario changes; at most one a rule.

    Raises:
        ValueError: A limit is not more than 0 seconds, or a rule has two waivers.
    """

    receipt_within: float = 5.0
    typing_within: float = 30.0
    final_within: float = 30.0
    waivers: tuple[Waiver, ...] = ()

    def __post_init__(self) -> None:
        for name in ("receipt_within", "typing_within", "final_within"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name):g} s; a limit is more than 0 seconds")
        waived = [waiver.rule for waiver in self.waivers]
        if twice := next((rule for rule in waived if waived.count(rule) > 1), None):
            raise ValueError(f"{twice} is waived twice; keep one of the two")


DEFAULT = Rules()
"""The default limits, nothing waived."""


def check(timeline: Timeline, rules: Rules = DEFAULT) -> tuple[Violation, ...]:
    """Find what broke a rule on a timeline as it stands; one pass over the events.

    What is found on a timeline is found on every longer one that it is the beginning of; `what` may then say more.
    Whether a conversation went on without the final message of an answer can only be said of a timeline that has ended,
    or whose conversation closed.

    Returns:
        The violations in the order of the events that decided them, those that the end of the record decided last.
    """
    ids = IdsUnique()
    monitors = _monitors(rules)
    heeding: dict[type[Event], list[Callable[[int, Event], None]]] = {}
    complete = timeline.horizon
    for index, event in enumerate(timeline):
        kind = type(event)
        if (sees := heeding.get(kind)) is None:
            sees = heeding[kind] = [monitors[place].see for place in _heeding(kind)]
        if event.earliest > complete and kind in _ARRIVES:
            complete = event.earliest
        if kind is Heartbeat or ids.replayed(index, event):
            continue
        for see in sees:
            see(index, event)
    end = End(len(timeline), complete, over=timeline.ended is not None)
    for monitor in monitors:
        monitor.end(end)
    waived = {waiver.rule: waiver.severity for waiver in rules.waivers}
    found = [finding for monitor in (ids, *monitors) for finding in monitor.findings]
    found.sort(key=lambda finding: (finding.decided, _ORDER[finding.rule], finding.events))
    told = (_violation(finding, waived.get(finding.rule)) for finding in found)
    return tuple(violation for violation in told if violation.severity is not Severity.OFF)


def _monitors(rules: Rules) -> tuple[Monitor, ...]:
    return (
        RoutedBeforeBot(),
        ReceiptFollowsSaid(rules.receipt_within),
        ReceiptKnown(),
        TypingStops(rules.typing_within),
        Streams(rules.final_within),
        ClockForward(),
        NothingAfterClose(),
        ParticipantsConsistent(),
        Recognised(),
    )


@per_kind
def _heeding(kind: type[Event]) -> tuple[int, ...]:
    """Which of the monitors, by place, a kind of event can matter to."""
    return tuple(place for place, monitor in enumerate(_monitors(DEFAULT)) if issubclass(kind, monitor.HEEDS))


_ARRIVES = frozenset(kind for kind in CLASSES.values() if issubclass(kind, Received | Heartbeat | Dropped))
"""Kinds that say what had arrived by then; the user's own moves do not."""

_ORDER = {word: place for place, word in enumerate(RULES)}


def _violation(finding: Finding, waived: Severity | None) -> Violation:
    severity = waived or (Severity.WARN if finding.mild else RULES[finding.rule].severity)
    more = f", and {finding.more} more" if finding.more else ""
    what = f"wanted {finding.wanted}, saw {finding.saw}{more}"
    return Violation(finding.rule, severity, what, tuple(sorted(set(finding.events))))


def explain_violation(violation: Violation, timeline: Timeline) -> str:
    """Say which rule was broken and show the events.

    Args:
        violation: What `check` found.
        timeline: The timeline it was found on, or a longer one.

    Returns:
        Several lines, safe to print; the first one says it all in short.
    """
    shown, hidden = violation.events[:_SHOWN], len(violation.events[_SHOWN:])
    return "\n".join(
        [
            f"{violation.rule} ({violation.severity}): {violation.what}",
            f"  the rule    {RULES[violation.rule].meaning}",
            "  what shows it (seconds since the conversation opened)",
            *(f"  {printable(line)}" for line in lines((index, timeline[index]) for index in shown)),
            *([f"      … {hidden} more"] if hidden else []),
        ]
    )
