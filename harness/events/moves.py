"""What the simulated user did, and how the service answered each request.

Here: the user's side of the conversation. Not here: what came back over the event stream.
"""

from typing import ClassVar, Literal

from pydantic import Field

from harness.events.base import Event, Move, frozen
from harness.events.messages import Answer
from harness.events.text import quoted


@frozen
class Opened(Move):
    """The user opened the conversation."""

    kind: Literal["opened"] = "opened"
    conversation: str = ""
    """The conversation's id."""
    deployment: str = ""
    attributes: dict[str, str] = Field(default_factory=dict)
    """Pre-chat and hidden values the conversation was opened with."""
    acknowledge: Literal["none", "delivered", "read"] = "none"
    """As what the user's client acknowledges messages by itself."""

    def __str__(self) -> str:
        return f"opened a conversation with {self.deployment}"


@frozen
class Sent(Move):
    """The user sent a message, of whatever sort; receipts and the echo name it."""

    message: str = ""
    """Entry id the user's client gave the message."""

    @property
    def words(self) -> str:
        """What it said, in short."""
        return ""


@frozen
class Said(Sent):
    """The user sent a text."""

    kind: Literal["said"] = "said"
    text: str = ""

    @property
    def words(self) -> str:
        """The text."""
        return self.text

    def __str__(self) -> str:
        return f"said {quoted(self.text)}"


@frozen
class Chose(Sent):
    """The user picked one of the choices of a message."""

    kind: Literal["chose"] = "chose"
    label: str = ""
    value: str = ""
    in_reply_to: str = ""
    """Entry id of the message with the choices."""

    @property
    def words(self) -> str:
        """The label."""
        return self.label

    def __str__(self) -> str:
        return f"chose {quoted(self.label)}"


@frozen
class Filled(Sent):
    """The user filled in a form."""

    kind: Literal["filled"] = "filled"
    title: str = ""
    """The form's title."""
    answers: tuple[Answer, ...] = ()
    """What was filled in, also by the harness, in the order of the form."""
    in_reply_to: str = ""
    """Entry id of the message with the form."""

    @property
    def words(self) -> str:
        """The values."""
        return ", ".join(answer.value for answer in self.answers)

    def __str__(self) -> str:
        return f"filled in {quoted(self.title)} with {quoted(self.words)}"


@frozen
class Attached(Sent):
    """The user sent a file; its content is kept nowhere."""

    kind: Literal["attached"] = "attached"
    name: str = ""
    type: str = ""
    """Media type, such as `image/png`."""
    size: int = 0
    """Bytes."""
    text: str = ""
    """What was said to it."""

    @property
    def words(self) -> str:
        """The text, else the file's name."""
        return self.text or self.name

    def __str__(self) -> str:
        said = f", saying {quoted(self.text)}" if self.text else ""
        return f"attached {quoted(self.name)} of {self.size:,} bytes{said}"


@frozen
class Typed(Move):
    """The user started or stopped typing."""

    kind: Literal["typed"] = "typed"
    started: bool = True

    def __str__(self) -> str:
        return "started typing" if self.started else "stopped typing"


@frozen
class Acknowledged(Move):
    """The user's client acknowledged messages of the other side."""

    kind: Literal["acknowledged"] = "acknowledged"
    how: Literal["delivered", "read"] = "delivered"
    entries: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"acknowledged {len(self.entries)} message{'' if len(self.entries) == 1 else 's'} as {self.how}"


@frozen
class Confirmed(Event):
    """The user's client acknowledged messages by itself, which is no move; `earliest` is when it began."""

    LANE: ClassVar[str] = "user"
    kind: Literal["confirmed"] = "confirmed"
    how: Literal["delivered", "read"] = "delivered"
    """`read` is both."""
    entries: tuple[str, ...] = ()
    problem: str = ""
    """What went wrong; empty if nothing did."""

    def __str__(self) -> str:
        messages = f"{len(self.entries)} message{'' if len(self.entries) == 1 else 's'} as {self.how}"
        if self.problem:
            return f"could not acknowledge {messages} by itself: {self.problem}"
        return f"acknowledged {messages} by itself"


@frozen
class Ended(Move):
    """The user left the messaging session; the conversation stays open."""

    kind: Literal["ended"] = "ended"

    def __str__(self) -> str:
        return "ended the session"


@frozen
class Closing(Move):
    """The user closed the conversation."""

    kind: Literal["closing"] = "closing"

    def __str__(self) -> str:
        return "closed the conversation"


@frozen
class RepDid(Move):
    """The scenario played the service rep."""

    LANE: ClassVar[str] = "rep"
    kind: Literal["rep_did"] = "rep_did"
    what: Literal["joined", "said", "started_typing", "stopped_typing", "left", "ended"] = "said"
    text: str = ""
    """What was said."""

    @property
    def starts_clock(self) -> bool:
        """All but joining, for which the bot has been asked before."""
        return self.what != "joined"

    def __str__(self) -> str:
        said = f" {quoted(self.text)}" if self.what == "said" else ""
        done = {"joined": "took their part", "ended": "ended the session"}.get(self.what, self.what.replace("_", " "))
        return f"as the rep, {done}{said}"


@frozen
class WentOffline(Move):
    """The user's client lost its event stream, on purpose."""

    kind: Literal["went_offline"] = "went_offline"
    seconds: float | None = None
    """After how long it comes back by itself; None if it does not."""

    @property
    def starts_clock(self) -> bool:
        """It is nothing that a bot would answer."""
        return False

    def __str__(self) -> str:
        return "lost the network" if self.seconds is None else f"lost the network for {self.seconds:g} s"


@frozen
class WentOnline(Move):
    """The user's client takes its event stream up again, on purpose."""

    kind: Literal["went_online"] = "went_online"

    @property
    def starts_clock(self) -> bool:
        """It is nothing that a bot would answer."""
        return False

    def __str__(self) -> str:
        return "came back to the network"


@frozen
class Expired(Move):
    """The user's access token is good for nothing any more, on purpose."""

    kind: Literal["expired"] = "expired"

    @property
    def starts_clock(self) -> bool:
        """It is nothing that a bot would answer."""
        return False

    def __str__(self) -> str:
        return "let the access token expire"


@frozen
class Answered(Event):
    """The service answered a request of the user's client."""

    LANE: ClassVar[str] = "rest"
    kind: Literal["answered"] = "answered"
    operation: str = ""
    """What was asked for, as the service's reference names it."""
    status: int = 0
    """HTTP status code."""
    took: float = 0.0
    """Seconds from handing the request to the network to the whole answer."""
    method: str = ""
    """HTTP method."""
    path: str = ""
    """Path and query, without the service's address."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Of the request, without what would let anybody in."""
    sent: str = ""
    """The body of the request, or how it begins; files are told by name, type and size."""
    told: dict[str, str] = Field(default_factory=dict)
    """Headers of the answer that say something about it."""
    got: str = ""
    """The body of the answer, or how it begins; what is no text is told by its size."""

    def __str__(self) -> str:
        return f"{self.operation} answered {self.status} after {self.took * 1000:.0f} ms"
