"""The words that scenarios are written in: a function for every kind of event the other side can send.

Every field may be a value, a matcher, a compiled regular expression, or any object with `==`; what is not given
is left open.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from harness.events import Sent
from harness.expectations.block import Latency
from harness.expectations.building import one
from harness.expectations.instants import Bounds
from harness.expectations.matchers import Matcher
from harness.expectations.patterns import One
from harness.expectations.reply import Reply, Stalls, reply_of


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
    choices: Sequence[object] | Matcher | None = None,
    automated: object = None,
    revised: object = None,
    in_reply_to: object = None,
    options: object = None,
    cards: object = None,
    links: object = None,
    media: object = None,
    attachments: object = None,
    fields: object = None,
    records: object = None,
    errors: object = None,
    components: object = None,
) -> One:
    """A message from anyone but this end user, by what a person sees of it.

    Args:
        text: What they read.
        role: Such as chatbot or agent.
        name: Display name of the sender.
        choices: Labels of what it offers to choose.
        automated: Whether the service marked it as an automated response.
        revised: Whether the answer was changed while it was validated.
        in_reply_to: Entry id of the message it answers.
        options: The choices in full, such as `has(option(label="Card", subtitle="No fee"))`.
        cards: Of a carousel, such as `has(card(title="Gold card"))`.
        links: Such as `each(link_opens())`.
        media: Pictures and videos shown in place.
        attachments: Files, such as `has(attachment(name=ends_with(".pdf")))`.
        fields: Of a form to fill in, such as `has(field(label="Full name"))`; its title is the text.
        records: What a form made or changed.
        errors: What went wrong.
        components: Components of the organisation's own.
    """
    return one(
        "message",
        text=text,
        role=role,
        name=name,
        choices=choices,
        automated=automated,
        revised=revised,
        in_reply_to=in_reply_to,
        options=options,
        cards=cards,
        links=links,
        media=media,
        attachments=attachments,
        fields=fields,
        records=records,
        errors=errors,
        components=components,
    )


def reply(
    text: object = None,
    *,
    role: object = None,
    name: object = None,
    choices: Sequence[object] | Matcher | None = None,
    revised: object = None,
    streamed: bool | None = None,
    first_token: float | None = None,
    gap: float | None = None,
    gap_p95: float | None = None,
    stalls: Stalls | None = None,
    in_order: bool = False,
    complete: bool = False,
    faithful: bool = False,
    retracted: Literal["never", "allowed", "required"] = "allowed",
    burst: int | None = None,
) -> Reply:
    """One answer: its tokens, in whatever order they arrive, and the message they belong to.

    Args:
        text: Of the final message; so are `role`, `name`, `choices` and `revised`.
        role: Such as chatbot.
        name: Display name of the sender.
        choices: Labels of what the message offers.
        revised: Whether the answer was changed while it was validated.
        streamed: Whether it must (True) or must not (False) be streamed.
        first_token: Seconds from the user's move to the first token, at most.
        gap: Seconds between one token and the next, at most.
        gap_p95: The same at the 95th percentile of this answer.
        stalls: How many waits may be longer than so many seconds.
        in_order: Whether tokens must arrive by number.
        complete: Whether no number may be missing or repeated.
        faithful: Whether the pieces must equal the final text, withdrawn ones left out.
        retracted: Whether what was streamed never is, may be, or must be withdrawn.
        burst: The most tokens that may come in one read; more tell of a buffering proxy.

    Raises:
        ValueError: The checks contradict each other.
    """
    return reply_of(
        message(text, role=role, name=name, choices=choices, revised=revised),
        streamed=streamed,
        first_token=first_token,
        gap=gap,
        gap_p95=gap_p95,
        stalls=stalls,
        in_order=in_order,
        complete=complete,
        faithful=faithful,
        retracted=retracted,
        burst=burst,
    )


def stalls(*, longer_than: float, at_most: int = 0) -> Stalls:
    """At most so many waits between tokens longer than so many seconds."""
    return Stalls(longer_than, at_most)


def latency(*, since: str = "", until: str, most: float | None = None, least: float | None = None) -> Latency:
    """Bounds in seconds between two events of a block.

    Args:
        since: The first event of this kind, or the one with this name; the user's move if empty.
        until: Likewise.
        most: At most this long.
        least: At least this long.

    Raises:
        ValueError: The bounds contradict each other, or there are none.
    """
    return Latency(since, until, Bounds.checked(least, most, f"the latency from {since or 'the move'} to {until}"))


def echo(text: object = None, *, in_reply_to: object = None, attachments: object = None, answers: object = None) -> One:
    """This end user's own message come back: the service has it.

    Args:
        text: What they wrote, or the labels of what they chose with a comma between.
        in_reply_to: Entry id of the message it answers.
        attachments: Files they sent.
        answers: A form as they filled it in, such as `has(answer(value="Ana"))`.
    """
    return one("echo", text=text, in_reply_to=in_reply_to, attachments=attachments, answers=answers)


def _receipt(kind: str, of: Sent | str | None) -> One:
    return replace(one(kind), of=of.message if isinstance(of, Sent) else of)


def delivered(of: Sent | str | None = None) -> One:
    """A message of the user was delivered: the one given, or the last thing said."""
    return _receipt("delivered", of)


def read(of: Sent | str | None = None) -> One:
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


def connected() -> One:
    """The event stream was opened for the first time."""
    return one("connected")


def dropped(*, reason: object = None) -> One:
    """The event stream ended, or fell silent for so long that it counts as lost."""
    return one("dropped", reason=reason)


def resumed() -> One:
    """The event stream was opened again after it had dropped."""
    return one("resumed")


def replayed(*, entry: object = None, of: object = None) -> One:
    """The service sent again what had been heard; `of` is the kind of event that it was."""
    return one("replayed", entry=entry, of=of)


def missed(recovered: object = None, *, problem: object = None) -> One:
    """The stream came back without what had been said meanwhile; so many entries were taken from the service's list."""
    return one("missed", recovered=recovered, problem=problem)


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
        connected,
        dropped,
        resumed,
        replayed,
        missed,
    )
}
"""The function for each kind."""
