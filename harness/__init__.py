"""A conversation-bot testing harness: a scripted end user, a judge of event sequences, and reports.

Everything that a scenario is written with is exported here. A word is imported when it is asked for: all of them take
half a second, which the sandbox and most commands need not wait.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from harness.client.target import Target
    from harness.errors import (
        ExpectationFailed,
        HarnessError,
        Inconclusive,
        LocalProtocolError,
        RemoteProtocolError,
        ServiceRefused,
        StreamInterrupted,
        TargetUnreachable,
    )
    from harness.expectations.building import all_of, any_of, eventually, optional, quiet, repeat, sequence
    from harness.expectations.content import (
        answer,
        attachment,
        card,
        component,
        fault,
        field,
        link,
        link_opens,
        media,
        option,
        record,
    )
    from harness.expectations.matchers import contains, ends_with, equals, matches, starts_with
    from harness.expectations.measures import between, count, greater, length, less
    from harness.expectations.rules import Severity
    from harness.expectations.structure import each, has, json_path, schema
    from harness.expectations.texts import capturing, near, one_of
    from harness.expectations.vocabulary import (
        closed,
        connected,
        delivered,
        dropped,
        echo,
        joined,
        latency,
        left,
        message,
        missed,
        progress,
        queue,
        read,
        replayed,
        reply,
        resumed,
        retracted,
        routed,
        session,
        stalls,
        token,
        typing_started,
        typing_stopped,
        unrecognised,
        work,
    )
    from harness.scenarios.conversation import Conversation
    from harness.scenarios.customer import Customer
    from harness.scenarios.rep import Rep

__all__ = [
    "Conversation",
    "Customer",
    "ExpectationFailed",
    "HarnessError",
    "Inconclusive",
    "LocalProtocolError",
    "RemoteProtocolError",
    "Rep",
    "ServiceRefused",
    "Severity",
    "StreamInterrupted",
    "Target",
    "TargetUnreachable",
    "all_of",
    "answer",
    "any_of",
    "attachment",
    "between",
    "capturing",
    "card",
    "closed",
    "component",
    "connected",
    "contains",
    "count",
    "delivered",
    "dropped",
    "each",
    "echo",
    "ends_with",
    "equals",
    "eventually",
    "fault",
    "field",
    "greater",
    "has",
    "joined",
    "json_path",
    "latency",
    "left",
    "length",
    "less",
    "link",
    "link_opens",
    "matches",
    "media",
    "message",
    "missed",
    "near",
    "one_of",
    "option",
    "optional",
    "progress",
    "queue",
    "quiet",
    "read",
    "record",
    "repeat",
    "replayed",
    "reply",
    "resumed",
    "retracted",
    "routed",
    "schema",
    "sequence",
    "session",
    "stalls",
    "starts_with",
    "token",
    "typing_started",
    "typing_stopped",
    "unrecognised",
    "work",
]

_WORDS = {
    "harness.client.target": "Target",
    "harness.errors": (
        "ExpectationFailed HarnessError Inconclusive LocalProtocolError RemoteProtocolError ServiceRefused "
        "StreamInterrupted TargetUnreachable"
    ),
    "harness.expectations.building": "all_of any_of eventually optional quiet repeat sequence",
    "harness.expectations.content": "answer attachment card component fault field link link_opens media option record",
    "harness.expectations.matchers": "contains ends_with equals matches starts_with",
    "harness.expectations.measures": "between count greater length less",
    "harness.expectations.rules": "Severity",
    "harness.expectations.structure": "each has json_path schema",
    "harness.expectations.texts": "capturing near one_of",
    "harness.expectations.vocabulary": (
        "closed connected delivered dropped echo joined latency left message missed progress queue read "
        "replayed reply resumed retracted routed session stalls token typing_started typing_stopped "
        "unrecognised work"
    ),
    "harness.scenarios.conversation": "Conversation",
    "harness.scenarios.customer": "Customer",
    "harness.scenarios.rep": "Rep",
}
"""The words of each module, as imported above for type checkers and editors."""

_HOMES = {word: module for module, words in _WORDS.items() for word in words.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = word = getattr(import_module(_HOMES[name]), name)
    return word


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
