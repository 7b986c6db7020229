"""The words that scenarios are written in: a function for every kind of event the other side can send.

Every field may be a value, a matcher, a compiled regular expression, or any object with `==`; what is not given
is left open.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.events import Chose, Said
from harness.expectations.patterns import One, one


def routed(
    *,
    succeeded: object = None,
    routing: object = None,
    failure: object = None,
    reason: object = None,
    wait: object = None,
) -> One:
    """The conversation was routed (`routing`: initial, transfer, conference), or could not be (`succeeded=False`)."""
    return one("routed", succeeded=succeeded, routing=routing, failure=failure, reason=reason, wait=wait)


def work(outcome: object = None) -> One:
    """The work item changed hands; `outcome` is assigned, accepted, declined, transferred and so on."""
    return one("work", outcome=outcome)


def session(status: object = None, *, previous: object = None, ended_by: object = None) -> One:
    """The messaging session changed its status to waiting, active, inactive, ended and so on."""
    return one("session", status=status, previous=previous, ended_by=ended_by)


def queue(position: object = None) -> One:
    """The end user was told their place in the queue."""
    return one("queue", position=position)


def joined(*, role: object = None, name: object = None) -> One:
    """Somebody joined; `role` is chatbot or agent."""
    return one("joined", role=role, name=name)


def left(*, role: object = None, name: object = None) -> One:
    """Somebody left."""
    return one("left", role=role, name=name)


def message(
    text: object = None,
    *,
    role: object = None,
    name: object = None,
    choices: Sequence[str] | None = None,
    automated: object = None,
    revised: object = None,
) -> One:
    """A message from anyone but this end user; `choices` are the labels of what it offers."""
    labels = None if choices is None else tuple(choices)
    return one("message", text=text, role=role, name=name, choices=labels, automated=automated, revised=revised)


def echo(text: object = None) -> One:
    """This end user's own message come back: the service has it."""
    return one("echo", text=text)


def _receipt(kind: str, of: Said | Chose | str | None) -> One:
    return replace(one(kind), of=of.message if isinstance(of, Said | Chose) else of)


def delivered(of: Said | Chose | str | None = None) -> One:
    """A message of the user was delivered: the one given, or the last thing said."""
    return _receipt("delivered", of)


def read(of: Said | Chose | str | None = None) -> One:
    """A message of the user was read: the one given, or the last thing said."""
    return _receipt("read", of)


def progress(text: object = None) -> One:
    """The agent said what it is doing."""
    return one("progress", text=text)


def token(text: object = None, *, number: object = None, batch: object = None) -> One:
    """A piece of a streamed answer."""
    return one("token", text=text, number=number, batch=batch)


def retracted(*, reason: object = None) -> One:
    """What was streamed so far did not pass validation and is withdrawn."""
    return one("retracted", reason=reason)


def typing_started(*, role: object = None, name: object = None) -> One:
    """Another participant started typing."""
    return one("typing_started", role=role, name=name)


def typing_stopped(*, role: object = None, name: object = None) -> One:
    """Another participant stopped typing."""
    return one("typing_stopped", role=role, name=name)


def closed() -> One:
    """The conversation was closed."""
    return one("closed")


def unrecognised(*, wire_name: object = None, problem: object = None) -> One:
    """Something came that the protocol's reference does not know, or that could not be read."""
    return one("unrecognised", wire_name=wire_name, problem=problem)


WORDS: dict[str, Callable[..., One]] = {
    word.__name__: word
    for word in (
        routed,
        work,
        session,
        queue,
        joined,
        left,
        message,
        echo,
        delivered,
        read,
        progress,
        token,
        retracted,
        typing_started,
        typing_stopped,
        closed,
        unrecognised,
    )
}
"""The function for each kind."""
