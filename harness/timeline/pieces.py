"""Secrets that an answer says over several of its pieces: no piece is written before it is known what it is part of.

A piece whose end may be the beginning of something secret waits for the next piece of its answer, and with it whatever
came later, so that everything is written in its order. What turns out to be secret is taken out of every piece that has
a part of it; the pieces, their number and their times stay. A frame with such a part is not kept.

Not here: what is secret (redaction.py, sensitive.py).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Generic, TypeVar

from harness.events import Event, Message, Retracted, Token, Validated
from harness.timeline.redaction import Hidden, Redactor, cut
from harness.timeline.timeline import Timeline

Other = TypeVar("Other")

PATIENCE = 256
"""Entries that wait for what comes next, at most."""
LONGEST = 8192
"""Characters that are looked at together, at most."""

_NEAR = 512
"""Characters before something secret that may say that it is."""


@dataclass(slots=True)
class _Waiting(Generic[Other]):
    """An entry on its way out."""

    entry: Event | Other
    is_known: bool = True
    hidden: str | None = None
    """The text of a piece without what is secret in it; None where it is seen in the piece alone."""


@dataclass(slots=True)
class _Answer(Generic[Other]):
    """An answer that is being streamed."""

    text: str = ""
    """What may still be the beginning of something, and what it stands among."""
    waiting: list[tuple[int, _Waiting[Other]]] = field(default_factory=list)
    """The pieces of that which are not written yet, and where in the text each begins."""
    pieces: dict[tuple[int, int], str] = field(default_factory=dict)
    highest: tuple[int, int] = (-1, -1)
    is_mixed: bool = False
    """Whether pieces came in another order than that of their numbers."""


class Looked:
    """What became of events when they were redacted, for whoever does so again while no more is known."""

    def __init__(self) -> None:
        self._by: Redactor | None = None
        self._became: dict[int, tuple[Event, Event]] = {}
        """By id, which can't become another event's as long as the event is kept here."""

    def event(self, event: Event, redactor: Redactor, *, text: str | None = None) -> Event:
        """The event with every text in it redacted.

        Args:
            event: What happened.
            redactor: What takes secrets out of a text.
            text: What is left of the event's own, as a piece of an answer; None where it is seen in the event alone.
        """
        if redactor is not self._by:
            self._by, self._became = redactor, {}
        known = self._became.get(id(event)) if text is None else None
        if known is None:
            safe = redactor.event(event) if text is None else redactor.with_text(event, text)
            known = self._became[id(event)] = event, safe
        return known[1]

    def all(self, events: Iterable[Event], redactor: Redactor) -> list[Event] | None:
        """What became of all of them, if that is known."""
        if redactor is not self._by:
            return None
        known = [self._became.get(id(event)) for event in events]
        return None if None in known else [one[1] for one in known if one is not None]


class Pieces(Generic[Other]):
    """Takes events as they come and gives them out redacted, in the same order.

    Args:
        redactor: What takes secrets out of a text; asked for with every event, as more may be known by then.
        looked: What became of the same events before.

    Attributes:
        looked: What has become of them.
    """

    def __init__(self, redactor: Callable[[], Redactor], looked: Looked | None = None) -> None:
        self.looked = looked or Looked()
        self._redactor = redactor
        self._queue: deque[_Waiting[Other]] = deque()
        self._answers: dict[str, _Answer[Other]] = {}

    def take(self, entry: Event | Other) -> Iterable[Event | Other]:
        """Take the next entry; whatever is no event is given out as it is.

        Returns:
            What can be written now, oldest first.
        """
        if isinstance(entry, Token):
            if entry.text:
                return self._piece(entry)
        elif self._answers and isinstance(entry, Message | Retracted | Validated):
            answer = self._answers.get(entry.entry if isinstance(entry, Message) else entry.target)
            if answer is not None:
                self._settle(answer, len(answer.text), is_over=True)
                answer.text = ""
        if not self._queue:
            return (self.looked.event(entry, self._redactor()) if isinstance(entry, Event) else entry,)
        self._queue.append(_Waiting(entry))
        if len(self._queue) > PATIENCE:
            self._lose_patience()
        return self._ready()

    def rest(self) -> Iterable[Event | Other]:
        """What has been waiting for what comes next; nothing does."""
        for answer in self._answers.values():
            self._settle(answer, len(answer.text), is_over=True)
            answer.text = ""
        return self._ready()

    def _piece(self, token: Token) -> Iterable[Event | Other]:
        answer = self._answers.get(token.target)
        if answer is None:
            answer = self._answers[token.target] = _Answer()
        place = token.batch, token.number
        one: _Waiting[Other] = _Waiting(token)
        answer.is_mixed = answer.is_mixed or (place < answer.highest and place not in answer.pieces)
        answer.pieces.setdefault(place, token.text)
        answer.highest = max(place, answer.highest)
        self._queue.append(one)
        one.is_known = False
        answer.waiting.append((len(answer.text), one))
        answer.text += token.text
        if not answer.is_mixed:
            self._settle(answer, self._redactor().open_from(answer.text))
        if len(self._queue) > PATIENCE or len(answer.text) > LONGEST:
            self._lose_patience()
        return self._ready()

    def _settle(self, answer: _Answer[Other], upto: int, *, is_over: bool = False) -> None:
        """Say what is to be written of the pieces that end there or before; of all, if the answer is over."""
        if answer.is_mixed:
            self._settle_mixed(answer)
            return
        text, waiting = answer.text, answer.waiting
        ends = [*(start for start, _ in waiting[1:]), len(text)]
        known = 0
        while known < len(ends) and ends[known] <= upto:
            known += 1
        if not known and upto < len(text):
            return
        redactor = self._redactor()
        hidden = redactor.hidden(text, literally=True) if redactor.may_hide(text) else []
        if not hidden:  # as nearly always, so this is quick
            for _, one in waiting[:known]:
                one.is_known = True
            del waiting[:known]
            begin = min(upto, waiting[0][0]) if waiting else upto
            answer.waiting = [(start - begin, one) for start, one in waiting]
            answer.text = text[begin:]
            return
        if hidden[-1].end == len(text) and not is_over:  # it may go on
            known = min(known, sum(end <= hidden[-1].start for end in ends))
        for (start, one), end in zip(waiting[:known], ends, strict=False):
            one.is_known = True
            if any(part.start < end and part.end > start for part in hidden):
                one.hidden = self._of_piece(text, hidden, start, end)
        del waiting[:known]
        begin = min([upto, *(start for start, _ in waiting[:1])])
        begin = max(0, min([begin, *(part.start - _NEAR for part in hidden if part.end > begin)]))
        answer.text = text[begin:]
        answer.waiting = [(start - begin, one) for start, one in waiting]

    def _lose_patience(self) -> None:
        """Write what waits; what of it may be secret by then is taken out, and what follows is still looked at."""
        for answer in self._answers.values():
            if answer.waiting:
                text = answer.text
                self._settle(answer, len(text), is_over=True)
                answer.text = text[-LONGEST // 2 :]

    def _settle_mixed(self, answer: _Answer[Other]) -> None:
        """Say what is to be written of pieces that came in another order than that in which they are read."""
        places = sorted(answer.pieces)
        ends = [*accumulate(len(answer.pieces[place]) for place in places)]
        starts = dict(zip(places, [0, *ends], strict=False))
        text = "".join(answer.pieces[place] for place in places)
        hidden = self._redactor().hidden(text, literally=True)
        for _, one in answer.waiting:
            token = one.entry
            assert isinstance(token, Token)  # noqa: S101 - nothing else waits here
            start = starts[token.batch, token.number]
            one.is_known = True
            if text.startswith(token.text, start):  # another one of the same number is nothing that is read
                one.hidden = self._of_piece(text, hidden, start, start + len(token.text))
        answer.waiting = []

    def _of_piece(self, text: str, hidden: list[Hidden], start: int, end: int) -> str | None:
        """What is to be written of a piece; None where it says so by itself."""
        written = cut(text, hidden, start, end)
        return None if self._redactor().redact(text[start:end]) == written else written

    def _ready(self) -> Iterator[Event | Other]:
        queue, redactor = self._queue, self._redactor()
        ready: list[Event | Other] = []
        while queue and queue[0].is_known:
            one = queue.popleft()
            entry = one.entry
            if not isinstance(entry, Event):
                ready.append(entry)
            else:
                ready.append(self.looked.event(entry, redactor, text=one.hidden))
        return iter(ready)


def redacted(timeline: Timeline, redactor: Redactor, looked: Looked | None = None) -> Timeline:
    """The timeline with every text in it redacted, also what is said over several pieces; events keep their places.

    Args:
        timeline: What happened.
        redactor: What takes secrets out of a text.
        looked: What became of its events before.
    """
    events = looked.all(timeline, redactor) if looked is not None else None
    if events is None:
        pieces: Pieces[Event] = Pieces(lambda: redactor, looked)
        events = [one for event in timeline for one in pieces.take(event)]
        events += pieces.rest()
    return Timeline(events, horizon=timeline.horizon, ended=timeline.ended)
