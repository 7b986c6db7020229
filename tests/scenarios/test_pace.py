"""Turns are taken in order, never too many in a stretch of time, and none later than it must."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import ManualClock
from harness.scenarios.pace import MESSAGES_PER_MINUTE, SLACK, STARTS_PER_MINUTE, Pace, Rate

T = TypeVar("T")
MINUTE = 60 + SLACK


class _Leaps(selectors.DefaultSelector):
    """Waits for the network only; where the loop would wait for time to pass, it has passed."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(None)
        now = self._clock.now()
        self._clock.advance(max(0.0, round(now + timeout, 9) - now))  # a thousand small leaps are one large one
        return super().select(0)


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop that goes by a manual clock, and turns it on whenever everybody sleeps."""

    def __init__(self, clock: ManualClock) -> None:
        self._manual = clock
        super().__init__(_Leaps(clock))

    def time(self) -> float:
        """Seconds on the manual clock."""
        return self._manual.now()


def leaping(scene: Callable[[ManualClock], Coroutine[Any, Any, T]]) -> T:
    """Play a scene in no time, from second 0 of the clock that it is handed."""
    clock = ManualClock()
    with asyncio.Runner(loop_factory=lambda: LeapingLoop(clock)) as runner:
        return runner.run(scene(clock))


async def when(turn: Awaitable[object], clock: ManualClock) -> float:
    """The instant at which a turn came."""
    await turn
    return clock.now()


async def one(rate: Rate) -> None:
    """A turn."""
    async with rate.turn():
        pass


def given_at(most: int | None, asked: Sequence[float]) -> list[float]:
    """When turns came, at most so many in ten seconds, that were asked for at these instants and in this order."""

    async def scene(clock: ManualClock) -> list[float]:
        rate, turns = Rate(most, 10, clock=clock), []
        for at in asked:
            await asyncio.sleep(at - clock.now())
            turns.append(asyncio.create_task(when(one(rate), clock)))
        return [await turn for turn in turns]

    return leaping(scene)


@pytest.mark.parametrize(
    ("most", "asked", "given"),
    [
        pytest.param(2, [0, 0, 0, 0, 0], [0, 0, 10, 10, 20], id="so many at once, then one has to wait"),
        pytest.param(2, [0, 8, 9, 9, 30], [0, 8, 10, 18, 30], id="a stretch begins with each turn"),
        pytest.param(1, [0, 1, 2], [0, 10, 20], id="one at a time spaces them"),
        pytest.param(3, [0, 10, 10, 10], [0, 10, 10, 10], id="a turn is forgotten when its stretch is over"),
        pytest.param(None, [0, 0, 0, 7], [0, 0, 0, 7], id="no limit, no waiting"),
    ],
)
def test_a_turn_comes_when_there_is_room(most: int | None, asked: list[float], given: list[float]) -> None:
    """At most so many in ten seconds."""
    assert given_at(most, asked) == given


@given(most=st.integers(1, 4), asked=st.lists(st.integers(0, 60), max_size=25))
def test_turns_keep_their_order_and_the_limit_and_lose_no_time(most: int, asked: list[int]) -> None:
    """Each comes when it was asked for, when the one before came, or ten seconds after the one that makes room."""
    expected: list[float] = []
    for place, at in enumerate(sorted(asked)):
        room = expected[place - most] + 10 if place >= most else 0
        expected.append(max(at, room, expected[-1] if expected else 0))
    assert given_at(most, sorted(asked)) == expected


def test_who_stops_waiting_takes_no_turn_and_holds_nobody_up() -> None:
    """Whether they wait for time to pass or for those before them."""

    async def scene(clock: ManualClock) -> list[float]:
        rate = Rate(1, 10, clock=clock)
        await one(rate)
        first, second, third = (asyncio.create_task(when(one(rate), clock)) for _ in range(3))
        await asyncio.sleep(4)
        second.cancel()
        await asyncio.sleep(1)
        first.cancel()
        return [await third, await when(one(rate), clock)]

    assert leaping(scene) == [10, 20]


def test_a_turn_that_fails_is_not_taken() -> None:
    """Somebody else may have it at once."""

    async def scene(clock: ManualClock) -> float:
        rate = Rate(1, 10, clock=clock)
        with pytest.raises(ZeroDivisionError):
            async with rate.turn():
                raise ZeroDivisionError
        return await when(one(rate), clock)

    assert leaping(scene) == 0


def test_a_turn_counts_from_its_end() -> None:
    """Else those that waited for another rate as well would come too close together."""

    async def scene(clock: ManualClock) -> float:
        rate = Rate(1, 10, clock=clock)
        async with rate.turn():
            await asyncio.sleep(7)
        return await when(one(rate), clock)

    assert leaping(scene) == 17


@pytest.mark.parametrize(("most", "seconds"), [(0, 10.0), (-1, 10.0), (1, 0.0), (1, -2.0)])
def test_a_rate_that_nobody_could_keep_is_refused(most: int, seconds: float) -> None:
    """Before anybody waits for ever."""
    with pytest.raises(ValueError, match=rf"^{most} in {seconds:g} s is no rate: "):
        Rate(most, seconds)


@pytest.mark.parametrize("limit", ["starts_per_minute", "messages_per_minute", "all_messages_per_minute"])
def test_a_pace_of_nothing_is_refused(limit: str) -> None:
    """When it is made, whichever limit it is."""
    limits: Mapping[str, Any] = {limit: 0}
    with pytest.raises(ValueError, match="0 in 61 s is no rate"):
        Pace(**limits)


def test_by_default_the_pace_is_that_of_the_documentation() -> None:
    """200 starts a minute, and 22 messages of each conversation, however many conversations there are."""

    async def scene(clock: ManualClock) -> tuple[list[float], list[list[float]]]:
        pace = Pace(clock=clock)
        starts = await asyncio.gather(*[when(pace.start(), clock) for _ in range(201)])
        begun, conversations = clock.now(), [pace.conversation() for _ in range(3)]
        said = [asyncio.gather(*[when(message(), clock) for _ in range(23)]) for message in conversations]
        return starts, [[at - begun for at in await one] for one in said]

    starts, said = leaping(scene)
    assert starts == [0] * STARTS_PER_MINUTE + [MINUTE]
    assert said == [[0] * MESSAGES_PER_MINUTE + [MINUTE]] * 3
    assert (STARTS_PER_MINUTE, MESSAGES_PER_MINUTE) == (200, 22)


def test_none_is_no_limit() -> None:
    """For a target that takes everything, such as the sandbox."""

    async def scene(clock: ManualClock) -> float:
        pace = Pace(starts_per_minute=None, messages_per_minute=None, clock=clock)
        message = pace.conversation()
        for _ in range(1000):
            await pace.start()
            await message()
        return clock.now()

    assert leaping(scene) == 0


def test_a_message_waits_for_its_conversation_and_for_all() -> None:
    """And counts with both at the instant at which both allowed it, so neither limit is broken later."""

    async def scene(clock: ManualClock) -> tuple[list[float], float]:
        pace = Pace(messages_per_minute=1, all_messages_per_minute=2, clock=clock)
        conversations = [pace.conversation() for _ in range(3)]
        first = await asyncio.gather(*[when(message(), clock) for message in conversations])
        return first, await when(conversations[2](), clock)

    first, again = leaping(scene)
    assert first == [0, 0, MINUTE]  # the third waited for all
    assert again == 2 * MINUTE  # and for itself, since then


def test_a_conversation_that_waits_for_itself_holds_no_other_up() -> None:
    """Only those of its own messages that come after it."""

    async def scene(clock: ManualClock) -> tuple[float, float]:
        pace = Pace(messages_per_minute=1, all_messages_per_minute=100, clock=clock)
        slow, other = pace.conversation(), pace.conversation()
        await slow()
        waited, at_once = await asyncio.gather(when(slow(), clock), when(other(), clock))
        return waited, at_once

    assert leaping(scene) == (MINUTE, 0)
