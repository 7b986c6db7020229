"""A conversation-bot testing harness: a scripted end user, a judge of event sequences, and reports.

Everything that a scenario is written with is exported here.
"""

__version__ = "0.1.0"

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
from harness.expectations.matchers import contains, ends_with, equals, matches, starts_with
from harness.expectations.patterns import all_of, any_of, optional, repeat, sequence
from harness.expectations.vocabulary import (
    closed,
    delivered,
    echo,
    joined,
    left,
    message,
    progress,
    queue,
    read,
    retracted,
    routed,
    session,
    token,
    typing_started,
    typing_stopped,
    unrecognised,
    work,
)
from harness.scenarios.conversation import Conversation
from harness.scenarios.customer import Customer

__all__ = [
    "Conversation",
    "Customer",
    "ExpectationFailed",
    "HarnessError",
    "Inconclusive",
    "LocalProtocolError",
    "RemoteProtocolError",
    "ServiceRefused",
    "StreamInterrupted",
    "Target",
    "TargetUnreachable",
    "all_of",
    "any_of",
    "closed",
    "contains",
    "delivered",
    "echo",
    "ends_with",
    "equals",
    "joined",
    "left",
    "matches",
    "message",
    "optional",
    "progress",
    "queue",
    "read",
    "repeat",
    "retracted",
    "routed",
    "sequence",
    "session",
    "starts_with",
    "token",
    "typing_started",
    "typing_stopped",
    "unrecognised",
    "work",
]
