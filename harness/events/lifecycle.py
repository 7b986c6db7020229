"""Who is there and how the conversation stands: routing, participants, sessions, the queue, the close.

Here: what happens to the conversation. Not here: what is said in it (messages.py), the connection (connection.py).
"""

from typing import ClassVar, Literal

from harness.events.base import Received, frozen
from harness.events.text import quoted


@frozen
class Routed(Received):
    """The conversation was routed, or could not be."""

    LANE: ClassVar[str] = "routing"
    kind: Literal["routed"] = "routed"
    succeeded: bool = True
    """Whether the conversation found a queue; not yet that somebody took it."""
    routing: str = ""
    """`initial`, `transfer` or `conference`."""
    failure: str | None = None
    """Why not, as the service classes it; None on success."""
    reason: str | None = None
    """Why not, in words meant for the end user."""
    wait: float | None = None
    """Estimated wait in seconds; None where none was asked for or it could not be computed."""

    def __str__(self) -> str:
        outcome = "" if self.succeeded else f", failed: {self.failure}"
        reason = f" ({quoted(self.reason)})" if self.reason else ""
        wait = f", estimated wait {self.wait:g} s" if self.wait is not None else ""
        return f"routed ({self.routing}){outcome}{reason}{wait}"


@frozen
class Work(Received):
    """The work item of the conversation changed hands."""

    LANE: ClassVar[str] = "routing"
    kind: Literal["work"] = "work"
    outcome: str = ""
    """`assigned`, `accepted`, `cancelled`, `closed`, `declined`, `escalated`, `transfer_error`, `transferred`."""
    errors: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"work {self.outcome}" + (f" ({quoted('; '.join(self.errors))})" if self.errors else "")


@frozen
class Session(Received):
    """The messaging session changed its status."""

    LANE: ClassVar[str] = "routing"
    kind: Literal["session"] = "session"
    status: str = ""
    """`new`, `waiting`, `active`, `inactive`, `ended`, `error`, `consent`, `paused`."""
    previous: str | None = None
    ended_by: str | None = None
    """Role of whoever ended it; the field is known to be unreliable, see the protocol notes."""

    def __str__(self) -> str:
        return f"session {self.status}" + (f" (was {self.previous})" if self.previous else "")


@frozen
class Queue(Received):
    """The end user's place in the queue."""

    LANE: ClassVar[str] = "routing"
    kind: Literal["queue"] = "queue"
    position: int = 0

    def __str__(self) -> str:
        return f"queue position {self.position}"


@frozen
class _Participant(Received):
    LANE: ClassVar[str] = "people"
    subject: str = ""
    """The participant's id at the service."""

    def __str__(self) -> str:
        return f"{self.who} {self.kind.replace('_', ' ')}"


@frozen
class Joined(_Participant):
    """Somebody joined; `role` and `name` are theirs."""

    kind: Literal["joined"] = "joined"


@frozen
class Left(_Participant):
    """Somebody left; `role` and `name` are theirs."""

    kind: Literal["left"] = "left"


@frozen
class ParticipantUpdated(_Participant):
    """Something about a participant changed; `role` and `name` are theirs."""

    kind: Literal["participant_updated"] = "participant_updated"


@frozen
class Consent(Received):
    """The end user opted in or out."""

    kind: Literal["consent"] = "consent"
    status: str = ""


@frozen
class Action(Received):
    """The service asks the client to act; only the name is published."""

    kind: Literal["action"] = "action"


@frozen
class Menu(Received):
    """A client menu; deprecated by the service."""

    kind: Literal["menu"] = "menu"


@frozen
class Closed(Received):
    """The conversation was closed: nobody can send any more."""

    LANE: ClassVar[str] = "close"
    kind: Literal["closed"] = "closed"

    def __str__(self) -> str:
        return "conversation closed"
