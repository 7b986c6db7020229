"""A block of expectations: a pattern, by when it must hold, and what must not come meanwhile."""

from dataclasses import dataclass

from harness.documents import nearest
from harness.expectations.building import behind_silence, least_time, unbound
from harness.expectations.instants import Bounds
from harness.expectations.patterns import One, Pattern


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds between two named events; an empty `since` is the user's move."""

    since: str
    until: str
    bounds: Bounds

    def __str__(self) -> str:
        return f"{self.until} {self.bounds} after {self.since or 'the move'}"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A block.

    Attributes:
        pattern: What should happen.
        within: Seconds from the anchor by which it must be complete.
        not_before: Seconds from the anchor before which it must not be.
        never: Events that must not come while the block is open.
        others: What an event of a named kind means that no reading takes: `account` fails the block, `ignore` leaves it
            out, `forbid` fails it and names every kind.
        latencies: Bounds between named events.
    """

    pattern: Pattern
    within: float
    not_before: float = 0.0
    never: tuple[One, ...] = ()
    others: str = "account"
    latencies: tuple[Latency, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what can never be kept."""
        if self.within <= 0:
            raise ValueError(f"a deadline of {self.within:g} s is over before it begins; give more than 0 seconds")
        if self.pattern.nullable:
            raise ValueError(f"{self.pattern} asks for nothing, so it would hold at once; name an event that must come")
        if not 0 <= self.not_before < self.within:
            raise ValueError(f"not_before {self.not_before:g} s and within {self.within:g} s can't both be kept")
        if self.others not in {"account", "ignore", "forbid"}:
            raise ValueError(f"others is account, ignore or forbid, not {self.others!r}")
        if unbound(self.pattern):
            raise ValueError(f"{self.pattern} begins with a bound to an event before it, but there is none; use within")
        if behind_silence(self.pattern):
            raise ValueError(f"{self.pattern} bounds an event to the one before a silence; bound the silence instead")
        least = least_time(self.pattern)
        if least > self.within:
            raise ValueError(f"{self.pattern} takes at least {least:g} s, so it can't be over within {self.within:g} s")
        known = {name for leaf in self.pattern.leaves() for name in (leaf.name, *leaf.kinds) if name}
        for name in (name for latency in self.latencies for name in (latency.since, latency.until)):
            if name and name not in known:
                raise ValueError(f"the latency speaks of {name!r}, but the pattern does not{nearest(name, known)}")

    def __str__(self) -> str:
        told = [
            f"{self.pattern}, within {self.within:g} s",
            f"not before {self.not_before:g} s" if self.not_before else "",
            *(f"never {forbidden}" for forbidden in self.never),
            *map(str, self.latencies),
            "" if self.others == "account" else f"others {self.others}",
        ]
        return ", ".join(filter(None, told))
