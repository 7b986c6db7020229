"""A scenario file's run from the first step to its outcome: who plays in it, what it came to, nothing left open.

Here: live and from recordings. Not here: the steps (playing.py), many at once (pool.py), reports.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from harness.errors import is_passing
from harness.scenarios.customer import Customer
from harness.scenarios.loading import Script
from harness.scenarios.outcome import Outcome
from harness.scenarios.pace import Pace
from harness.scenarios.playing import Player
from harness.user.persona import Persona, persona

DEFAULT_LOCALE = "en_US"
"""Statuses of a service that is asked too often or in trouble, not of a scenario that is wrong."""


def lead_of(script: Script, seed: str, locale: str | None = None) -> Persona:
    """The customer of a script.

    Args:
        script: What it says of them counts.
        seed: Names them where it gives no seed.
        locale: Instead of the one that the script gives.
    """
    told = script.persona
    somebody = persona(told.seed or seed, locale=locale or told.locale or DEFAULT_LOCALE)
    given = told.model_dump(exclude_none=True, exclude={"locale", "seed"})
    return somebody.model_copy(update=given) if given else somebody


@dataclass(frozen=True)
class Played:
    """A run of a scenario whose conversations are over; they are judged as a whole when somebody wants to know.

    That is computing, which can wait while others talk.

    Attributes:
        customer: Who played.
        scenario: The scenario's id, for the reports.
        error: Why it came to no end; None if it did.
        left: What went wrong when its conversations were closed.
        before: The errors of earlier attempts, oldest first.
    """

    customer: Customer
    scenario: str
    error: Exception | None = None
    left: Exception | None = None
    before: tuple[Exception, ...] = ()

    @cached_property
    def performed(self) -> "Performed":
        """What it came to."""
        conversations, error = self.customer.conversations, self.error
        if error is None:
            try:
                for conversation in conversations:
                    conversation.verify()
                for conversation in conversations:
                    conversation.verify_claimed()
            except Exception as raised:  # of whatever kind: it is what the scenario came to
                error = raised
        outcomes = tuple(replace(conversation.outcome, scenario=self.scenario) for conversation in conversations)
        error = error or self.left
        if error is not None and self.before:
            error.add_note(f"tried {len(self.before) + 1} times, at first: {_in_a_line(self.before[0])}")
        return Performed(outcomes, error, self.before)


@dataclass(frozen=True, slots=True)
class Performed:
    """What a run of a scenario came to.

    Attributes:
        outcomes: Its conversations.
        error: Why it did not hold; None if it did.
        before: The errors of earlier attempts, oldest first.
    """

    outcomes: tuple[Outcome, ...] = ()
    error: Exception | None = None
    before: tuple[Exception, ...] = field(default=())

    @property
    def flaky(self) -> str:
        """Why it did not hold at first though it did in the end, in a line; empty otherwise."""
        if self.error is not None or not self.before:
            return ""
        return f"held at attempt {len(self.before) + 1}, after {_in_a_line(self.before[-1])}"


async def leave(customer: Customer) -> None:
    """Close every conversation of a scenario, all at once; who is cancelled meanwhile closes them first.

    Raises:
        Exception: What the first that could not be closed ended with.
    """
    closing = asyncio.gather(*(one.aclose() for one in customer.conversations), return_exceptions=True)
    try:
        ends = await asyncio.shield(closing)
    except asyncio.CancelledError:  # the second time it is meant: nobody waits any longer
        await closing
        raise
    for end in ends:
        if isinstance(end, BaseException):
            raise end


async def play(script: Script, customer: Customer, *, scenario: str, before: tuple[Exception, ...] = ()) -> Played:
    """Play a script once; whatever happens, every conversation is closed.

    Args:
        script: What.
        customer: Who.
        scenario: Its id, for the reports.
        before: The errors of earlier attempts.

    Raises:
        asyncio.CancelledError: It was told to stop; its notes say where.
    """
    error: Exception | None = None
    left: Exception | None = None
    player = Player(script, customer, customer.persona.locale)
    try:
        try:
            await player.play()
        except Exception as raised:  # of whatever kind: it is what the scenario came to
            error = raised
        finally:
            for conversation in customer.conversations:
                conversation.conclude()
    finally:
        try:
            await leave(customer)
        except Exception as raised:
            left = raised
    return Played(customer, scenario, error, left, before)


async def play_again(
    attempt: Callable[[], Customer], script: Script, *, scenario: str, retries: int, pace: Pace | None = None
) -> Played:
    """Play a script, and once more after every error of the infrastructure.

    Args:
        attempt: Makes the customer for every attempt.
        script: What.
        scenario: Its id.
        retries: How many more attempts there are.
        pace: How fast conversations may be opened; the first has had its turn.

    Raises:
        asyncio.CancelledError: As `play` does.
    """
    before: tuple[Exception, ...] = ()
    while True:
        played = await play(script, attempt(), scenario=scenario, before=before)
        error = played.error if played.left is None else played.performed.error
        if error is None or len(before) == retries or not is_passing(error):
            return played
        before += (error,)
        if pace is not None:
            await pace.start()


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
