"""Faults: the ways in which a service, or what lies before it, goes wrong; as values, and as people write them.

Here: the vocabulary. Not here: when one comes (plans.py), and what it does to a request (meddling.py), to a connection
(lines.py), to what is told (telling.py), to what a bot says (player.py).

    drop phase=streaming after=3 probability=0.2 seed=7

Source: protocol notes, section 13, "fault switches"; section 9 for what has been seen in the field.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, get_args

from harness.documents import nearest, seconds
from harness.errors import HarnessError

Phase = Literal["token", "connect", "create", "send", "streaming", "receipts", "transfer", "close"]
PHASES: tuple[str, ...] = get_args(Phase)
"""Where a conversation is.

token: an access token is asked for; connect: the event stream is opened; create: from the conversation's creation until
the end user says something; send: what they say, and what is told about it but for the next three; streaming: from the
first token of an answer to its final message; receipts: acknowledgements, of either side; transfer: from the session's
waiting for somebody else until they have joined; close: the session has ended, or is about to by the end user's wish.
"""
TALKING = PHASES[2:]
"""The phases in which there is a conversation."""

OPERATIONS: Mapping[str, str | None] = MappingProxyType(
    {
        "generateAccessTokenForUnauthenticatedUser": "token",
        "generateAccessTokenForAuthenticatedUser": "token",
        "generateContinuationToken": "token",
        "openEventStream": "connect",
        "createConversation": "create",
        "getRoutingStatus": None,
        "listConversations": None,
        "listConversationEntries": None,
        "sendMessage": "send",
        "sendFile": "send",
        "sendTypingIndicator": "send",
        "acknowledgeEntries": "receipts",
        "endMessagingSession": "close",
        "closeConversation": "close",
        "retrieveTranscript": None,
    }
)
"""The operations as the service's reference names them where it does, and the phase that each belongs to; None: to the
phase of its conversation alone."""

PING = "ping"
ENTRIES = (
    "Message",
    "StreamingToken",
    "ProgressIndicator",
    "TypingStartedIndicator",
    "TypingStoppedIndicator",
    "DeliveryAcknowledgement",
    "ReadAcknowledgement",
    "ParticipantChanged",
    "RoutingResult",
    "RoutingWorkResult",
    "SessionStatusChanged",
    "QueuePosition",
    "CloseConversation",
)
"""The types of entries that the sandbox tells of."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        about: What happens, in a sentence.
        phases: Where it can come.
        on: What it can come on: operations, types of entries, or `ping`.
        takes: Its own parameters, and what they are if nothing is said.
    """

    about: str
    phases: tuple[str, ...]
    on: tuple[str, ...]
    takes: Mapping[str, Any] = field(default_factory=dict)


_request = partial(Kind, phases=PHASES, on=tuple(OPERATIONS))
_line = partial(Kind, phases=PHASES[1:], on=(*ENTRIES, PING))
_told = partial(Kind, phases=TALKING, on=ENTRIES)
_final = partial(Kind, phases=("streaming",), on=("Message",))

REQUESTS: Mapping[str, Kind] = MappingProxyType(
    {
        "too_many_requests": _request("429 and `Retry-After`; nothing is done", takes={"seconds": 1.0}),
        "server_error": _request(
            "an error of the server; with `at=answer` what was asked for is done all the same",
            takes={"status": 500, "at": "request"},
        ),
        "slow": _request("the request, or with `at=answer` the answer, waits", takes={"seconds": 1.0, "at": "request"}),
        "reset": _request(
            "the connection is reset instead of an answer; with `at=answer` what was asked for is done",
            takes={"at": "request"},
        ),
        "html": _request("a page in HTML, as a gateway writes it; nothing is done", takes={"status": 200}),
        "wrong_type": _request("the right answer, but its content type is `text/html`"),
        "closed": _request(
            "the conversation is closed while the end user sends something, which is refused",
            phases=("send", "streaming", "transfer"),
            on=("sendMessage", "sendFile"),
        ),
    }
)
"""What happens to a request."""

LINES: Mapping[str, Kind] = MappingProxyType(
    {
        "drop": _line(
            "the connection ends instead of the event; a stream that resumes gets it", takes={"how": "close"}
        ),
        "half": _line("the same in the middle of the event", takes={"how": "close"}),
        "stall": _line("the stream stops for a while in the middle of the event", takes={"seconds": 1.0}),
        "silence": _line(
            "nothing comes any more, no ping either, and the connection stays; with `for` it goes on after that",
            takes={"seconds": None},
        ),
        "delay": _line("the event is late, and what follows not before it", takes={"seconds": 0.2}),
        "jitter": _line("the same by a time that is drawn, up to this long", takes={"seconds": 0.2}),
        "burst": _line(
            "events are kept, as by a proxy's buffer, and come as one piece when there are so many, or after a time",
            takes={"events": 10, "seconds": 1.0},
        ),
        "duplicate": _line("the event comes twice", on=ENTRIES, phases=TALKING),
        "reorder": _line(
            "the event comes behind so many of those after it, or after a time",
            on=ENTRIES,
            phases=TALKING,
            takes={"events": 1, "seconds": 1.0},
        ),
        "overlap": _line(
            "a stream that resumes is told so many events again", on=(), phases=("connect",), takes={"events": 3}
        ),
        "no_replay": _line("a stream that resumes is told only what is new", on=(), phases=("connect",)),
        "expire": _line(
            "the token expires: `Jwt is expired` instead of the event, the end of the stream, 401 from then"
        ),
    }
)
"""What happens to the connection that an event stream is."""

TOLD: Mapping[str, Kind] = MappingProxyType(
    {
        "gap": _told("the event is on no stream, ever; the list of entries has it"),
        "unknown_event": _told("before the event comes one of an unknown name"),
        "unknown_message": _told("before the event comes a message of an unknown type"),
        "unknown_format": _told("before the event comes a message of an unknown format"),
        "other_conversation": _told("before the event comes the same of another conversation"),
        "null": _told("all optional fields of the event that are left out are null instead"),
        "absent": _told("all optional fields of the event that are null are left out instead"),
        "plain_payload": _told("the payload of the event is an object, not a text with JSON in it"),
    }
)
"""What happens to an event before anybody is told of it."""

FINALS: Mapping[str, Kind] = MappingProxyType(
    {
        "wrong_final": _final("the final message says something else than the tokens"),
        "missing_final": _final("the final message does not come"),
        "late_token": _final("a token comes after the final message"),
    }
)
"""What a bot does wrong at the end of a streamed answer."""

STOPS: Mapping[str, Kind] = MappingProxyType(
    {
        "missing_stop": Kind(
            "the typing indicator is not taken back",
            ("create", "send"),
            ("TypingStoppedIndicator",),
        )
    }
)
"""What a bot does wrong about typing."""

KINDS: Mapping[str, Kind] = MappingProxyType({**REQUESTS, **LINES, **TOLD, **FINALS, **STOPS})
"""All kinds by their word."""


class FaultError(HarnessError, ValueError):
    """A fault is not written as faults are; the message has the text and the nearest known word."""


@dataclass(frozen=True)
class Fault:
    """One fault, and when it comes.

    Of everything that it could come on, it lets the first `after` pass, and comes on each of the others with its
    probability, until it has come `times` times.

    Attributes:
        kind: Its word.
        phase: Where it comes; anywhere if None.
        on: What it comes on: an operation, a type of entry, `ping`; anything if None.
        after: So many are passed over first.
        times: So often at most; None is without end.
        probability: With this probability each time.
        seed: Where the draws begin: the same seed, the same faults.
        seconds: How long, for those that take time.
        events: How many, for those that count.
        status: The status of the answer.
        how: How the connection ends: closed in the middle of the answer, reset, or ended in good order.
        at: Whether it comes on the request, before anything is done, or on the answer, when it is done.
    """

    kind: str
    phase: str | None = None
    on: str | None = None
    after: int = 0
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0
    seconds: float | None = None
    events: int | None = None
    status: int | None = None
    how: str | None = None
    at: str | None = None

    def __str__(self) -> str:
        """The fault as it is written, without what need not be said."""
        plain = parse_one(self.kind)
        said = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "kind"}
        if self.times == _times(self.probability):
            del said["times"]
        told = [
            f"{_WRITTEN.get(name, name)}={_write(name, value)}"
            for name, value in said.items()
            if name == "times" or value != getattr(plain, name)
        ]
        return " ".join([self.kind, *told])


_WRITTEN = {"seconds": "for"}
_READ = {written: name for name, written in _WRITTEN.items()}
_ALL = ("phase", "on", "after", "times", "probability", "seed")


def parse(text: str) -> tuple[Fault, ...]:
    """Read faults: one a line, or with `;` between them.

    Raises:
        FaultError: One of them says something that isn't in their language.
    """
    return tuple(parse_one(one.strip()) for line in text.splitlines() for one in line.split(";") if one.strip())


def parse_one(text: str) -> Fault:
    """Read one fault.

    Raises:
        FaultError: It says something that isn't in the language of faults.
    """
    kind, *words = text.split() or [""]
    known = KINDS.get(kind)
    if known is None:
        raise FaultError(f"in the fault {text!r}: unknown kind {kind!r}{nearest(kind, KINDS)}")
    said: dict[str, Any] = {}
    try:
        for word in words:
            said |= _read_word(word, kind, known, said)
        _check(said.get("phase"), said.get("on"))
    except ValueError as error:
        raise FaultError(f"in the fault {text!r}: {error}") from None
    return Fault(kind, **{"times": _times(said.get("probability", 1.0)), **known.takes, **said})


def _read_word(word: str, kind: str, known: Kind, before: Container[str]) -> dict[str, Any]:
    key, equals, value = word.partition("=")
    name = _READ.get(key, key)
    if not equals:
        raise ValueError(f"{word!r} is no word=value, such as phase=streaming")
    if key in _WRITTEN or name not in (*_ALL, *known.takes):
        raise ValueError(f"{kind} takes no {key!r}{nearest(key, _words(known))}")
    if name in before:
        raise ValueError(f"{key!r} stands there twice")
    return {name: _VALUES[name](value, known, kind)}


def _check(phase: str | None, on: str | None) -> None:
    """Refuse what could never come."""
    of = "connect" if on == PING else OPERATIONS.get(on or "")
    if phase is None or on is None or phase == of or (phase in TALKING and on != PING and of in (None, *TALKING)):
        return
    raise ValueError(f"there is no {on} in the phase {phase}" + (f", but in {of}" if of else ""))


def _words(kind: Kind) -> list[str]:
    return [_WRITTEN.get(name, name) for name in (*_ALL, *kind.takes)]


def _times(probability: float) -> int | None:
    """How often, if nothing is said: once, or as often as the draws have it."""
    return 1 if probability == 1 else None


def _write(name: str, value: Any) -> str:
    match name, value:
        case "times", None:
            return "all"
        case "seconds", _:
            return f"{value:.9f}".rstrip("0").rstrip(".") + "s"
    return str(value)


def _one_of(known: Callable[[Kind], Iterable[str]], what: str) -> Callable[[str, Kind, str], str]:
    def read(value: str, kind: Kind, word: str) -> str:
        words = tuple(known(kind))
        if value not in words:
            raise ValueError(f"{what.format(value=repr(value), kind=word)}{nearest(value, words)}")
        return value

    return read


def _whole(least: int, most: int | None = None) -> Callable[[str, Kind, str], int]:
    def read(value: str, kind: Kind, word: str) -> int:
        if not (
            value.isascii() and value.isdigit() and len(value) < 10 and least <= int(value) <= (most or int(value))
        ):
            wanted = f"a whole number from {least} " + ("up" if most is None else f"to {most}")
            raise ValueError(f"wanted {wanted}, not {value!r}")
        return int(value)

    return read


def _how_often(value: str, kind: Kind, word: str) -> int | None:
    if value == "all":
        return None
    try:
        return _whole(1)(value, kind, word)
    except ValueError as error:
        raise ValueError(f"times: {error}; or all") from None


def _probability(value: str, kind: Kind, word: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise ValueError(f"a probability is a number above 0 up to 1, not {value!r}")
    return found


_VALUES: Mapping[str, Callable[[str, Kind, str], Any]] = {
    "phase": _one_of(lambda kind: kind.phases, "{kind} has no phase {value}"),
    "on": _one_of(lambda kind: kind.on, "{kind} can't come on {value}"),
    "after": _whole(0),
    "times": _how_often,
    "probability": _probability,
    "seed": _whole(0),
    "seconds": lambda value, kind, word: seconds(value),
    "events": _whole(1),
    "status": _whole(200, 599),
    "how": _one_of(lambda kind: ("close", "reset", "end"), "a connection does not end by {value}"),
    "at": _one_of(lambda kind: ("request", "answer"), "there is no {value} to come at"),
}
