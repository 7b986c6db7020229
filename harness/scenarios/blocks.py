"""What can be said of one block of expectations before anything is sent: what it binds, and what of it can never be.

Here: single blocks. Not here: what is wrong with a whole scenario (checking.py), what the words mean (expectations/).
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.documents import Place
from harness.expectations.block import Expectation
from harness.expectations.patterns import AllOf, AnyOf, Eventually, One, Pattern, Repeat, Sequence
from harness.expectations.reply import Reply
from harness.expectations.spelling import OPTIONS, Block, Reader

CAPTURE = ""
"""The kind of a name that is no event but a text that was captured."""

Bound = tuple[str, str]
"""A name, and the kind of event that it stands for, or `CAPTURE`."""


def binds(pattern: Pattern) -> frozenset[Bound]:  # noqa: PLR0911 - one a pattern
    """Names that the pattern binds whenever it holds."""
    match pattern:
        case One():
            captured = frozenset((name, CAPTURE) for _, wanted in pattern.fields for name in wanted.binds)
            return captured | {(pattern.name, pattern.kind)} if pattern.name else captured
        case Reply():
            return binds(pattern.message)
        case Sequence(parts) | AllOf(parts):
            return frozenset[Bound]().union(*map(binds, parts))
        case AnyOf(parts):
            each = [binds(part) for part in parts]
            return frozenset.intersection(*each) if each else frozenset()
        case Repeat(part):
            return binds(part) if pattern.at_least else frozenset()
        case Eventually(part):
            return binds(part)
    return frozenset()


def mentions(pattern: Pattern) -> frozenset[Bound]:
    """Names that the pattern may bind."""
    return frozenset[Bound]().union(*(binds(leaf) for leaf in pattern.leaves()))


def faults(block: Block, data: Any, within: float) -> Iterator[tuple[Place, str]]:
    """What can never be, and where.

    Args:
        block: The block.
        data: What it was read from, names resolved.
        within: Seconds it has if it gives none.
    """
    found = _unkept(block, within)
    if found is not None:
        yield found
        return
    if (idle := _idle_end(block.pattern)) is not None:
        what = f"nothing waits for {idle} at the end of a sequence; leave it out, or add what comes after it"
        yield _end(data), what
    yield from _unreachable(data, ())


def _unkept(block: Block, within: float) -> tuple[Place, str] | None:
    """Why the block can't be kept, told of the first option that makes it so."""
    deadline = within if block.within is None else block.within
    tries: list[tuple[Place, dict[str, Any]]] = [
        ((), {"within": math.inf}),
        *((("latency", at), {"latencies": (one,)}) for at, one in enumerate(block.latencies)),
        (("within",), {"within": deadline}),
        (("not_before",), {"not_before": block.not_before}),
    ]
    try:
        block.expectation(within)
    except ValueError:
        given: dict[str, Any] = {}
        for place, more in tries:
            given |= more
            try:
                Expectation(block.pattern, **given)
            except ValueError as error:
                return place, str(error)
    return None


def _idle_end(pattern: Pattern) -> Pattern | None:
    """The last part of a sequence that need not come, so nobody would wait for it."""
    if not isinstance(pattern, Sequence) or not pattern.parts:
        return None
    last = pattern.parts[-1]
    return last if last.nullable else _idle_end(last)


def _end(data: Any) -> Place:
    """Where a sequence ends."""
    place: Place = ()
    while True:
        if isinstance(data, Mapping):
            word = next((word for word in data if word not in OPTIONS), None)
            if word != "sequence":
                return place
            data, place = data[word], (*place, word)
        elif isinstance(data, list) and data:
            data, place = data[-1], (*place, len(data) - 1)
        else:
            return place


def _unreachable(data: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Branches that an earlier one stands before."""
    if isinstance(data, list):
        for at, one in enumerate(data):
            yield from _unreachable(one, (*place, at))
    elif isinstance(data, Mapping):
        for word, value in data.items():
            if word == "any" and isinstance(value, list):
                yield from _hidden([_pattern(branch) for branch in value], (*place, word))
            if word != "then":
                yield from _unreachable(value, (*place, word))


def _hidden(branches: list[Pattern | None], place: Place) -> Iterator[tuple[Place, str]]:
    for at, branch in enumerate(branches):
        earlier = next((before for before in range(at) if _covers(branches[before], branch)), None)
        if branch is not None and earlier is not None:
            what = f"this branch can't be reached: {branches[earlier]}, branch {earlier + 1}, holds whenever it does"
            yield (*place, at), what


def _pattern(branch: Any) -> Pattern | None:
    bare = {word: value for word, value in branch.items() if word != "then"} if isinstance(branch, Mapping) else branch
    return Reader().pattern(bare)


def _covers(earlier: Pattern | None, later: Pattern | None) -> bool:
    """Whether the earlier one holds whenever the later one does, as far as that is plain to see."""
    if isinstance(earlier, One) and isinstance(later, One):
        same = (earlier.kind, earlier.of) == (later.kind, later.of) and earlier.gap in {None, later.gap}
        return same and _are_among(earlier.fields, later.fields)
    return earlier is not None and earlier == later


def _are_among(some: Iterable[object], more: Iterable[object]) -> bool:
    listed = list(more)
    return all(one in listed for one in some)
