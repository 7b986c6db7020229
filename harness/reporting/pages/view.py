"""What all sections of a page read: the outcome, what it measures, and which part of it the page shows.

Here: looking up what concerns an event, and its address. Not here: any markup but links.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.events import Answered, Event, Heartbeat, Move, Retracted, Token
from harness.expectations.rules import Violation
from harness.metrics.measuring import Measurements, TurnMetrics, measure
from harness.metrics.reading import DEFAULT, Pace
from harness.reporting.pages.failure import read
from harness.reporting.pages.markup import Html, escape, tag
from harness.scenarios.outcome import Outcome, Status
from harness.timeline.streams import Stream, Streams
from harness.timeline.timeline import Timeline

EVENTS = 550
"""The most events of a page."""
FRAME = 4_000
"""Characters shown of a frame."""
_ERROR = 400


@dataclass(frozen=True, slots=True)
class Part:
    """The events of one page, from a place on the timeline up to but without another.

    Attributes:
        number: Which part it is, from 1.
        address: The page's own, from beside it; empty where pages have no addresses of each other.
    """

    number: int
    start: int
    stop: int
    address: str = ""


@dataclass(slots=True)
class View:
    """An outcome, prepared for showing.

    Attributes:
        streams: Streamed answers in the order in which they began, by target.
        waits: Seconds from one piece of an answer to the next, by place.
        faults: What is wrong with a piece of an answer, by place.
        takers: Numbers of the steps that took an event, by place.
        broken: Violations that an event shows, by place.
        decisive: Numbers of the steps that did not hold, by the place of the event that decided it.
        parts: All pages.
        part: The page that is made.
    """

    outcome: Outcome
    pace: Pace = DEFAULT
    measured: Measurements = field(init=False)
    streams: dict[str, Stream] = field(init=False, default_factory=dict)
    waits: dict[int, float] = field(init=False, default_factory=dict)
    faults: dict[int, str] = field(init=False, default_factory=dict)
    takers: dict[int, list[int]] = field(init=False, default_factory=dict)
    broken: dict[int, list[Violation]] = field(init=False, default_factory=dict)
    decisive: dict[int, int] = field(init=False, default_factory=dict)
    parts: Sequence[Part] = field(init=False, default=())
    part: Part = field(init=False)

    def __post_init__(self) -> None:
        self.measured = measure(self.timeline, self.pace)
        streams = Streams()
        for place, event in enumerate(self.timeline):
            if isinstance(event, Token | Retracted):
                streams.take(place, event)
                if event.target not in self.streams and (stream := streams.get(event.target)) is not None:
                    self.streams[event.target] = stream
        for stream in self.streams.values():
            self._look(stream)
        for number, step in enumerate(self.outcome.steps, 1):
            for place in step.events:
                self.takers.setdefault(place, []).append(number)
            if step.status is not Status.PASSED and (decided := read(step.message).decided) is not None:
                self.decisive[decided] = number
        for violation in self.outcome.violations:
            for place in violation.events:
                self.broken.setdefault(place, []).append(violation)
        self.part = Part(1, 0, len(self.timeline))
        self.parts = (self.part,)

    def _look(self, stream: Stream) -> None:
        before: Token | None = None
        highest = (-1, -1)
        seen = set()
        for place in stream.places:
            event = self.timeline[place]
            if not isinstance(event, Token):
                continue
            key = event.batch, event.number
            if key in seen:
                self.faults[place] = "came before"
                continue
            if key < highest:
                self.faults[place] = "out of order"
            seen.add(key)
            highest = max(highest, key)
            if event.text:
                if before is not None:
                    self.waits[place] = max(0.0, event.at - before.at)
                before = event

    @property
    def timeline(self) -> Timeline:
        """Everything that happened."""
        return self.outcome.timeline

    @property
    def lasted(self) -> float:
        """Seconds of the timeline."""
        return max(self.timeline.horizon, self.timeline[-1].at if self.timeline else 0.0)

    @property
    def shown(self) -> Iterator[tuple[int, Event]]:
        """The events of the page, each with its place."""
        return ((place, self.timeline[place]) for place in range(self.part.start, self.part.stop))

    @property
    def turns(self) -> list[TurnMetrics]:
        """The turns that begin on the page."""
        return [turn for turn in self.measured.turns if turn.place in self]

    def __contains__(self, place: int) -> bool:
        return self.part.start <= place < self.part.stop

    def cut(self, starts: Sequence[int], name: str) -> None:
        """Cut the conversation into pages.

        Args:
            starts: Place of the first event of each, the first one's is 0.
            name: What the pages' files are called, without an ending; empty where they have no addresses.
        """
        stops = [*starts[1:], len(self.timeline)]
        self.parts = [
            Part(number, start, stop, name and address(name, number))
            for number, (start, stop) in enumerate(zip(starts, stops, strict=True), 1)
        ]
        self.part = self.parts[0]

    def is_stall(self, place: int) -> bool:
        """Whether an answer stood still before this piece of it."""
        return self.waits.get(place, 0.0) > self.pace.stall

    def stands_out(self, place: int) -> bool:
        """Whether an event is not to be folded away among others like it."""
        return self.is_stall(place) or place in self.faults or place in self.broken or place in self.decisive

    def move_before(self, at: float) -> Move | None:
        """The user's last move up to an instant that bounds count from."""
        moves = (event for event in self.timeline if isinstance(event, Move) and event.starts_clock and event.at <= at)
        return max(moves, key=lambda move: move.at, default=None)

    def link(self, place: int, text: str = "", anchor: str = "e") -> Html:
        """A link to an event, or its number where there is nothing to link to."""
        label = escape(text or f"#{place}")
        for part in self.parts:
            if part.start <= place < part.stop:
                if part is self.part:
                    return Html(f'<a href="#{anchor}{place}">{label}</a>')  # in one piece: there are many
                if part.address:
                    return tag("a", label, href=f"{part.address}#{anchor}{place}")
                return tag("span", f"{label} (part {part.number})")
        return tag("span", label)


def address(name: str, number: int) -> str:
    """The file of a part of a page."""
    return f"{name}.html" if number == 1 else f"{name}-{number}.html"


def is_noise(event: Event) -> bool:
    """Whether an event tells a reader nothing: signs of life, and requests that went well."""
    return isinstance(event, Heartbeat) or (isinstance(event, Answered) and event.status < _ERROR)
