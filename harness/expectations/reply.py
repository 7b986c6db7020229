"""One streamed answer as a single pattern: its tokens, in whatever order they arrive, and the message they belong to.

What was streamed is a view of the timeline (timeline/streams.py); this pattern only knows which stream it is reading,
so a reading of twenty thousand tokens is no larger than one of two.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.events import Event, Message, Retracted, Token
from harness.expectations.instants import Bounds, Due, Stamp, doubtful
from harness.expectations.matchers import Mismatch, normalised, shown
from harness.expectations.patterns import NOTHING, Leaf, One, Seen, Step
from harness.timeline.spans import between, nearest_rank
from harness.timeline.streams import Stream, Streams

KINDS = frozenset({"token", "retracted", "message"})


@dataclass(frozen=True, slots=True)
class Stalls:
    """How many waits between tokens may be longer than so many seconds."""

    longer_than: float
    at_most: int

    def __str__(self) -> str:
        return f"at most {self.at_most} longer than {self.longer_than:g} s"


@dataclass(frozen=True, slots=True)
class Checks:
    """What is asked of the stream; what is not given is not asked. Seconds throughout.

    Attributes:
        streamed: Whether the answer must be streamed, must not be, or may (`None`).
        first_token: Time from the user's move to the first token.
        gap: Time between one token and the next.
        gap_p95: The same at the 95th percentile of the answer.
        stalls: Waits that are too long, and how many there may be.
        in_order: Whether tokens must arrive by number.
        complete: Whether no number may be missing or repeated.
        faithful: Whether the pieces must equal the final text.
        retracted: Whether what was streamed may, must or must not be withdrawn.
        burst: The most tokens that may come in one read: more tell of a buffering proxy.
    """

    streamed: bool | None = None
    first_token: Bounds | None = None
    gap: Bounds | None = None
    gap_p95: Bounds | None = None
    stalls: Stalls | None = None
    in_order: bool = False
    complete: bool = False
    faithful: bool = False
    retracted: Literal["never", "allowed", "required"] = "allowed"
    burst: int | None = None

    def __str__(self) -> str:
        told = [
            {True: "streamed", False: "not streamed", None: ""}[self.streamed],
            f"first token {self.first_token} after the user's move" if self.first_token else "",
            f"gaps {self.gap}" if self.gap else "",
            f"gaps {self.gap_p95} at the 95th percentile" if self.gap_p95 else "",
            f"stalls {self.stalls}" if self.stalls else "",
            "in order" if self.in_order else "",
            "complete" if self.complete else "",
            "faithful" if self.faithful else "",
            {"never": "never retracted", "required": "retracted", "allowed": ""}[self.retracted],
            f"at most {self.burst} tokens in one read" if self.burst else "",
        ]
        return ", ".join(filter(None, told))


Finding = tuple[str, Mismatch | None, str | None]
"""A check by name, why it is broken, or why it can't be told."""

_NOTHING_WRONG: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class Reply(Leaf):
    """One answer; `target` is the stream it is reading, None before its first piece; `has_text` once a piece had."""

    message: One
    checks: Checks = field(default_factory=Checks)
    target: str | None = None
    has_text: bool = False
    anchor: float | None = None

    def named(self, name: str) -> "Reply":
        """The same, with a name by which later steps and latencies call the message."""
        return replace(self, message=self.message.named(name))

    @property
    def name(self) -> str | None:  # type: ignore[override]
        return self.message.name

    @property
    def kinds(self) -> frozenset[str]:  # type: ignore[override]
        return KINDS

    def captures(self, event: Event) -> dict[str, str]:
        return self.message.captures(event) if isinstance(event, Message) else {}

    def goes_on(self, event: Event, stream: Stream, anchor: Stamp) -> bool:
        """Whether the event is an ordinary piece of the answer, after which all is as it was.

        Args:
            event: What came.
            stream: What it belongs to.
            anchor: When the user had made the last move.
        """
        return (
            isinstance(event, Token)
            and event.target == self.target
            and (self.has_text or not _brings_text(event, stream))
            and not self._of_token(event, stream, anchor)
        )

    def after(self, seen: Seen) -> Iterable[Step]:
        event = seen.event
        if isinstance(event, Token) and self.goes_on(event, seen.streams.of(event), seen.anchor):
            return (Step(self, self),)
        findings = self._findings(seen)
        doubt = None
        for _, broken, doubtful_because in findings:
            if broken is not None:
                return ()
            doubt = doubt or doubtful_because
        if isinstance(event, Message):
            return (Step(NOTHING, self, doubt),)
        target = event.target  # type: ignore[attr-defined]  # no finding: it is a token or a retraction
        has_text = self.has_text or (isinstance(event, Token) and _brings_text(event, seen.streams.of(event)))
        same = target == self.target and has_text == self.has_text
        return (Step(self if same else replace(self, target=target, has_text=has_text), self, doubt),)

    def mismatches(self, seen: Seen) -> dict[str, Mismatch]:
        return {check: broken for check, broken, _ in self._findings(seen) if broken is not None}

    def _findings(self, seen: Seen) -> Sequence[Finding]:
        """Every check that this event decides and that is not simply kept."""
        event = seen.event
        if isinstance(event, Token):
            return self._belonging(event, seen) or self._of_token(event, seen.streams.of(event), seen.anchor)
        if isinstance(event, Retracted):
            never = self.checks.retracted == "never"
            withdrawn = [("retracted", Mismatch("never", str(event)), None)] if never else _NOTHING_WRONG
            return self._belonging(event, seen) or withdrawn
        if isinstance(event, Message):
            wrong: list[Finding] = [(name, no, None) for name, no in self.message.mismatches(seen).items()]
            if self.target is not None and event.entry != self.target:
                wrong.append(("stream", Mismatch("the message of the answer that is streamed", "another one"), None))
            return wrong + list(self._finished(event, seen.streams.get(event.entry), seen.streams))
        return [("kind", Mismatch("token, retracted or message", event.kind), None)]

    def _belonging(self, event: Token | Retracted, seen: Seen) -> Sequence[Finding]:
        if self.target is None or self.target == event.target:
            return _NOTHING_WRONG
        reading = seen.streams.get(self.target)
        if reading is not None and reading.retractions and reading.turn == event.turn:
            return _NOTHING_WRONG  # what was withdrawn is replaced by a stream with a target of its own
        return [("stream", Mismatch("a piece of the answer that is streamed", "one of another"), None)]

    def _of_token(self, token: Token, stream: Stream, anchor: Stamp) -> Sequence[Finding]:
        checks = self.checks
        found: list[Finding] = []
        if checks.streamed is False:
            found.append(("streamed", Mismatch("no", str(token)), None))
        if checks.first_token is not None and not self.has_text and _brings_text(token, stream):
            found += self._timed("first_token", *between(anchor, token), checks.first_token, "the first token")
        if checks.gap is not None and not checks.gap.judged(*stream.last_gap):
            found += self._timed("gap", *stream.last_gap, checks.gap, f"the wait for token {token.number}")
        if checks.in_order and stream.out_of_order:
            found.append(("in_order", Mismatch("tokens by number", f"{token} after a higher one"), None))
        if checks.complete and stream.repeated:
            found.append(("complete", Mismatch("every number once", f"{token} again"), None))
        return found

    def _finished(self, message: Message, stream: Stream | None, streams: Streams) -> Iterator[Finding]:
        checks = self.checks
        if stream is None or not stream.pieces:
            if checks.streamed:
                yield "streamed", Mismatch("yes", "no token before the message"), None
            return
        if checks.retracted == "required" and not streams.retracted_in(stream.turn):
            yield "retracted", Mismatch("yes", "no retraction"), None
        if checks.complete and stream.missing:
            yield "complete", Mismatch("every number once", f"no {', '.join(map(str, stream.missing))}"), None
        if checks.faithful and normalised(stream.text) != normalised(message.text):
            yield "faithful", Mismatch(f"the final text {shown(message.text)}", shown(stream.text)), None
        if checks.burst is not None and stream.largest_burst > checks.burst:
            saw = f"{stream.largest_burst} tokens in one"
            yield "burst", Mismatch(f"at most {checks.burst} tokens in one read", saw), None
        gaps = stream.gaps if checks.gap_p95 is not None or checks.stalls is not None else []
        if checks.gap_p95 is not None and gaps:
            low, high = (nearest_rank([gap[side] for gap in gaps], 0.95) for side in (0, 1))
            yield from self._timed("gap_p95", low, high, checks.gap_p95, "the 95th percentile of the gaps")
        if checks.stalls is not None:
            surely = sum(low > checks.stalls.longer_than for low, _ in gaps)
            perhaps = sum(high > checks.stalls.longer_than for _, high in gaps)
            if surely > checks.stalls.at_most:
                yield "stalls", Mismatch(str(checks.stalls), str(surely)), None
            elif perhaps > checks.stalls.at_most:
                yield "stalls", None, f"there were {surely} to {perhaps} stalls, the limit is {checks.stalls}"

    @staticmethod
    def _timed(check: str, low: float, high: float, bounds: Bounds, what: str) -> Sequence[Finding]:
        kept = bounds.judged(low, high)
        if kept:
            return _NOTHING_WRONG
        if kept is False:
            return [(check, Mismatch(str(bounds), f"{low:.3f} s"), None)]
        return [(check, None, doubtful(what, low, high, bounds))]

    def without(self, name: str) -> "Reply | None":  # it can do without tokens, not without its message
        return None if name in {self.name, "message"} else self

    def due(self) -> Due | None:
        bounds, streamed = self.checks.first_token, self.checks.streamed
        waits = not self.has_text and self.anchor is not None and streamed and bounds is not None
        if not waits or bounds is None or bounds.most is None or self.anchor is None:
            return None
        return Due(self.anchor + bounds.most, is_bound=True)

    def overdue(self) -> str:
        return f"the first token {self.checks.first_token} after the user's move"

    def __str__(self) -> str:
        message = str(self.message).removeprefix("message").strip()
        told = ", ".join(filter(None, (message, str(self.checks))))
        state = "the rest of a reply" if self.target is not None else "reply"
        return f"{state} {told}" if told else state


def _brings_text(token: Token, stream: Stream) -> bool:
    """Whether there is anything to read in it: some text that had not come before."""
    return bool(stream.tokens) and stream.tokens[-1] is token


def reply_of(
    message: One,
    *,
    streamed: bool | None,
    first_token: float | None,
    gap: float | None,
    gap_p95: float | None,
    stalls: Stalls | None,
    in_order: bool,
    complete: bool,
    faithful: bool,
    retracted: Literal["never", "allowed", "required"],
    burst: int | None,
) -> Reply:
    """Build a reply; times are upper bounds in seconds.

    Raises:
        ValueError: The checks contradict each other.
    """
    limits = {"first_token": first_token, "gap": gap, "gap_p95": gap_p95}
    bounds = {name: None if most is None else Bounds.checked(None, most, name) for name, most in limits.items()}
    asked = [name for name, most in limits.items() if most is not None]
    asked += [name for name, on in (("in_order", in_order), ("complete", complete), ("faithful", faithful)) if on]
    if streamed is False and (asked or retracted == "required"):
        raise ValueError(f"a reply that is not streamed has no {asked[0] if asked else 'retraction'}")
    if retracted not in {"never", "allowed", "required"}:
        raise ValueError(f"retracted is never, allowed or required, not {retracted!r}")
    if burst is not None and burst < 1:
        raise ValueError(f"burst is the most tokens in one read, at least 1, not {burst}")
    if stalls is not None and (stalls.longer_than <= 0 or stalls.at_most < 0):
        raise ValueError(f"stalls can't be kept: {stalls}")
    must = True if first_token is not None and streamed is None else streamed
    checks = Checks(
        streamed=must,
        stalls=stalls,
        in_order=in_order,
        complete=complete,
        faithful=faithful,
        retracted=retracted,
        burst=burst,
        **bounds,
    )
    return Reply(message, checks)
