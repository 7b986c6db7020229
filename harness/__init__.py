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
    delivered,
    echo,
    joined,
    latency,
    left,
    message,
    progress,
    queue,
    read,
    reply,
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
    "contains",
    "count",
    "delivered",
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
    "reply",
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
