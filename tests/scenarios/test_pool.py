"""Jobs run at once on a loop of their own; their results come in order, with their own times, whatever happens.

Where durations matter the loop goes by a manual clock and leaps; else it is a real one, steered by events.
"""

import asyncio
import contextlib
import gc
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import ExpectationFailed, HarnessError, TargetUnreachable, message
from harness.client.network import Network
from harness.clock import ManualClock
from harness.events import Answered, Received
from harness.sandbox.process import sandbox_process
from harness.scenarios.interpreter import MIDDLING, SWITCH_INTERVAL, YOUNG
from harness.scenarios.live import LiveConversation
from harness.scenarios.pace import Pace
from harness.scenarios.pool import Finished, Job, Pool, State, Stopped, TimedOut, new_event_loop
from harness.settings import sandbox_target
from harness.timeline.timeline import Timeline
from harness.user.persona import persona
from tests.scenarios.test_pace import MINUTE, LeapingLoop

SOON = 20.0
"""Seconds after which a test that waits for another thread has failed."""

AJob = Callable[[Any], Awaitable[Any]]


@pytest.fixture(autouse=True)
def _nothing_is_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No thread, no task, no setting, nobody who waits; asyncio only logs what it finds to be left over."""
    threads, interval = threading.enumerate(), sys.getswitchinterval()
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(int(3 * SOON))
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert threading.enumerate() == threads
    assert sys.getswitchinterval() == interval
    gc.collect()
    records = [*caplog.get_records("call"), *caplog.get_records("teardown")]
    assert [record.getMessage() for record in records if record.name == "asyncio"] == []


def _too_long(*_: object) -> None:
    raise TimeoutError("somebody waits for what does not come")


@pytest.fixture(params=["uvloop", "asyncio"])
def loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    """Makes an event loop, of either kind."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
        return new_event_loop
    return asyncio.new_event_loop


def a_pool(**options: Any) -> Pool[None, Any]:
    """A pool whose jobs share nothing."""
    return Pool(nullcontext, **options)


def a_leaping_pool(clock: ManualClock, **options: Any) -> Pool[None, Any]:
    """A pool on whose loop time passes at once, by this clock."""
    return Pool(nullcontext, clock=clock, loop=lambda: LeapingLoop(clock), **options)


async def at_once(_: object) -> str:
    """A job that is over."""
    return "well"


async def for_ever(_: object) -> None:
    """A job that is never over."""
    await asyncio.Event().wait()


def sleeping(seconds: float) -> AJob:
    """A job that takes so long, by the loop's clock."""

    async def job(_: object) -> float:
        await asyncio.sleep(seconds)
        return seconds

    return job


class Gate:
    """A job that is over when the test says so, and says when it has started and cleaned up."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.cleaned = threading.Event()
        self._open: asyncio.Event
        self._loop: asyncio.AbstractEventLoop

    async def __call__(self, _: object) -> str:
        """Wait for the gate to open."""
        self._loop, self._open = asyncio.get_running_loop(), asyncio.Event()
        self.started.set()
        try:
            await self._open.wait()
        finally:
            await asyncio.sleep(0)  # cleaning takes its time
            self.cleaned.set()
        return "well"

    def open(self) -> None:
        """Let the job be over."""
        self._loop.call_soon_threadsafe(self._open.set)


# -- order, times, concurrency ----------------------------------------------------------------------------------------


def test_results_come_in_any_order_with_their_own_times() -> None:
    """Those of the job, not those of the asking."""
    before = time.time()
    pool = a_leaping_pool(ManualClock(100), concurrency=2)
    for key, seconds in (("slow", 3), ("quick", 1), ("next", 5)):
        pool.submit(Job(key, sleeping(seconds)))
    with pool:
        finished = [pool.result(key) for key in ("next", "slow", "quick")]
    assert [(one.key, one.value, one.started, one.ended, one.took) for one in finished] == [
        ("next", 5, 101, 106, 5),
        ("slow", 3, 100, 103, 3),
        ("quick", 1, 100, 101, 1),
    ]
    assert all(before <= one.started_at <= time.time() for one in finished)
    assert [one.ended_at - one.started_at for one in finished] == pytest.approx([5, 3, 1], abs=1e-3)


def test_a_jobs_time_begins_when_it_does() -> None:
    """Not when there was room for it, as another may keep the loop busy; nor does it end when that is told."""
    clock = ManualClock()

    async def is_busy(_: object) -> None:
        clock.advance(5)

    pool = a_leaping_pool(clock, concurrency=2)
    pool.submit(Job("busy", is_busy))
    pool.submit(Job("other", is_busy))
    with pool:
        assert [(one.started, one.ended) for one in map(pool.result, ("busy", "other"))] == [(0, 5), (5, 10)]


def test_many_jobs_start_apart() -> None:
    """A few start at once; where many run, none starts within 5 ms of another, or they would do all else together."""
    pool = a_leaping_pool(ManualClock(), concurrency=40)
    for number in range(60):
        pool.submit(Job(str(number), sleeping(1)))
    with pool:
        started = [pool.result(str(number)).started for number in range(60)]
    assert started[:16] == [0] * 16
    assert all(later - earlier > 0.0049 for earlier, later in pairwise(started[15:]))
    assert started[39] < 0.2
    assert 1 <= started[40] < 1.1


def test_a_job_is_prepared_outside_its_time() -> None:
    """Once, before it starts; what that raises is not told, as the job comes upon it itself."""
    clock, prepared = ManualClock(), list[float]()

    def takes() -> None:
        prepared.append(clock.now())
        clock.advance(5)
        raise ValueError("it can't be made up")

    pool = a_leaping_pool(clock)
    pool.submit(Job("a", sleeping(1), prepare=takes))
    with pool:
        finished = pool.result("a")
    assert (finished.started, finished.ended, finished.error) == (5, 6, None)
    assert prepared == [0]


def test_jobs_are_prepared_ahead_while_there_is_nothing_else_to_do() -> None:
    """As many as could start at once, and no more."""
    log = list[str]()

    async def runs(key: str, _: object) -> None:
        await asyncio.sleep(1)
        log.append(f"{key} is over")

    pool = a_leaping_pool(ManualClock(), concurrency=2)
    for key in "abcdef":
        pool.submit(Job(key, partial(runs, key), prepare=partial(log.append, f"{key} is prepared")))
    with pool:
        for key in "abcdef":
            pool.result(key)
    assert log[:6] == [*(f"{key} is prepared" for key in "abcd"), "a is over", "b is over"]
    assert sorted(log) == sorted(f"{key} is {what}" for key in "abcdef" for what in ("prepared", "over"))


def test_what_was_prepared_and_never_started_is_told_as_stopped() -> None:
    """Its result is asked for like any other."""
    ahead, gate = threading.Event(), Gate()
    pool = a_pool(concurrency=1)
    pool.submit(Job("a", gate))
    pool.submit(Job("b", at_once, prepare=ahead.set))
    with pool:
        assert ahead.wait(SOON)
        pool.stop()
        assert isinstance(pool.result("b").error, Stopped)
        assert isinstance(pool.result("a").error, Stopped)


class _Bad(BaseException):
    """Not even an exception."""


ENDS: dict[str, BaseException | None] = {
    "well": None,
    "failed": ExpectationFailed("the bot"),
    "exit": SystemExit(3),
    "bad": _Bad(),
    "cancelled": asyncio.CancelledError(),
}


@given(
    jobs=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(sorted(ENDS))), max_size=30),
    concurrency=st.integers(1, 6),
    early=st.integers(0, 30),
)
def test_jobs_start_in_order_as_soon_as_there_is_room(
    jobs: list[tuple[int, str]], concurrency: int, early: int
) -> None:
    """Never more than so many at once, none later than it must be, and every result comes."""
    running, most, started = 0, 0, list[str]()

    def a_job(key: str, seconds: int, end: str) -> Job[None, str]:
        async def job(_: None) -> str:
            nonlocal running, most
            started.append(key)
            running += 1
            most = max(most, running)
            await asyncio.sleep(seconds)
            running -= 1
            if error := ENDS[end]:
                raise error
            return end

        return Job(key, job)

    clock = ManualClock()
    pool = a_leaping_pool(clock, concurrency=concurrency)
    for number, (seconds, end) in enumerate(jobs):
        pool.submit(a_job(str(number), seconds, end))
    with pool:
        finished = [pool.result(str(number)) for number in range(len(jobs))]
        state = pool.state()
    free, starts = [0.0] * concurrency, []
    for seconds, _ in jobs:
        starts.append(at := min(free))
        free[free.index(at)] = at + seconds
    assert [one.started for one in finished] == starts
    assert [one.took for one in finished] == [seconds for seconds, _ in jobs]
    assert [one.error for one in finished] == [ENDS[end] for _, end in jobs]
    assert [one.value for one in finished] == [None if ENDS[end] else end for _, end in jobs]
    assert started == [str(number) for number in range(len(jobs))]
    assert most <= concurrency
    assert state == State(0, 0, len(jobs), sum(end != "well" for _, end in jobs), 0, None)


@given(data=st.data())
def test_jobs_start_as_others_end(data: st.DataObject) -> None:
    """With real threads: whoever ends, the next in line starts, and nobody else."""
    concurrency, count = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 12))
    started = queue.SimpleQueue[tuple[int, Gate]]()

    def a_job(number: int) -> Job[None, str]:
        gate = Gate()

        async def job(_: None) -> str:
            started.put((number, gate))
            return await gate(None)

        return Job(str(number), job)

    with a_pool(concurrency=concurrency) as pool:
        for number in range(count):
            pool.submit(a_job(number))
        running: dict[int, Gate] = {}
        for turn in range(count):
            while len(running) < min(concurrency, count - turn):
                number, gate = started.get(timeout=SOON)
                assert number == turn + len(running)
                assert gate.started.wait(SOON)
                running[number] = gate
            chosen = data.draw(st.sampled_from(sorted(running)))
            running.pop(chosen).open()
            assert pool.result(str(chosen)).value == "well"
        assert started.empty()


def test_a_job_can_be_submitted_at_any_time(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Before the pool runs, while it is idle, from another thread and by a job."""
    with a_pool(loop=loop) as pool:

        async def submits(_: object) -> None:
            pool.submit(Job("by a job", at_once))

        pool.submit(Job("first", submits))
        pool.result("first")
        pool.result("by a job")
        other = threading.Thread(target=lambda: pool.submit(Job("by a thread", at_once)))
        other.start()
        other.join()
        assert pool.result("by a thread").value == "well"
        pool.submit(Job("first", at_once))  # the name is free again
        assert pool.result("first").value == "well"


def test_a_pace_holds_starts_back_and_a_wait_is_nobodys_duration() -> None:
    """They come in order, and each counts from its own start."""
    clock = ManualClock()
    pool = a_leaping_pool(clock, pace=Pace(starts_per_minute=2, clock=clock))
    for number in range(5):
        pool.submit(Job(str(number), sleeping(1), timeout=2))
    with pool:
        finished = [pool.result(str(number)) for number in range(5)]
    assert [one.started for one in finished] == [0, 0, MINUTE, MINUTE, 2 * MINUTE]
    assert {(one.took, one.error) for one in finished} == {(1, None)}


def test_a_job_that_waits_for_its_turn_costs_little() -> None:
    """It has no task yet, and five thousand take less than two megabytes."""

    async def tasks(_: object) -> int:
        return len(asyncio.all_tasks())

    jobs = [Job[Any, int](f"suites/orders/test_orders.py::test_order[{number}]", tasks) for number in range(5000)]
    pool = a_pool(concurrency=3)
    tracemalloc.start()
    try:
        for job in jobs:
            pool.submit(job)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2_000_000
    with pool:
        most = {pool.result(job.key).value for job in jobs}
    assert most <= {1, 2, 3, 4}  # those of the jobs that run, and the pool's own


def test_a_result_is_handed_out_and_forgotten() -> None:
    """The memory of a run does not grow with its results."""
    with a_pool() as pool:
        pool.submit(Job("a", at_once))
        assert pool.result("a").value == "well"
        with pytest.raises(ValueError, match="no job 'a', or its result was handed out before"):
            pool.result("a")


# -- trouble with one job ---------------------------------------------------------------------------------------------


async def _raises(_: object) -> None:
    raise ExpectationFailed("the bot said nothing")


async def _exits(_: object) -> None:
    sys.exit(3)


async def _interrupts(_: object) -> None:
    raise KeyboardInterrupt


async def _is_bad(_: object) -> None:
    raise _Bad


async def _cancels_itself(_: object) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def _waits_for_a_cancelled_task(_: object) -> None:
    task = asyncio.create_task(for_ever(None))
    task.cancel()
    await task


async def _waits_for_a_task_that_exits(_: object) -> None:
    await asyncio.gather(asyncio.create_task(_exits(None)))


def _raises_at_once(_: object) -> Awaitable[None]:
    raise ExpectationFailed("no coroutine was made")


def _is_no_coroutine(_: object) -> Awaitable[None]:
    return 5  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("job", "error"),
    [
        pytest.param(_raises, ExpectationFailed, id="an exception"),
        pytest.param(_exits, SystemExit, id="an exit"),
        pytest.param(_interrupts, KeyboardInterrupt, id="an interrupt"),
        pytest.param(_is_bad, _Bad, id="not even an exception"),
        pytest.param(_cancels_itself, asyncio.CancelledError, id="it cancels itself"),
        pytest.param(_waits_for_a_cancelled_task, asyncio.CancelledError, id="it waits for a cancelled task"),
        pytest.param(_waits_for_a_task_that_exits, SystemExit, id="a task of its own exits"),
        pytest.param(_raises_at_once, ExpectationFailed, id="it raises before there is a coroutine"),
        pytest.param(_is_no_coroutine, TypeError, id="it is no coroutine function"),
    ],
)
def test_a_job_that_breaks_leaves_the_others_right(
    job: AJob, error: type[BaseException], loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Those beside it and those after it; its error is its own."""
    beside = Gate()
    with a_pool(concurrency=2, loop=loop) as pool:
        for key, run in (("beside", beside), ("breaks", job), ("after", at_once)):
            pool.submit(Job(key, run))
        broken = pool.result("breaks")
        assert pool.result("after").value == "well"
        beside.open()
        assert pool.result("beside").value == "well"
        assert pool.state() == State(waiting=0, running=0, done=3, failed=1, stopped=0, slowest=None)
    assert type(broken.error) is error
    assert broken.value is None


def test_a_callback_that_exits_does_not_end_the_run(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """It belongs to no job that could be blamed; there is a complaint."""

    async def job(_: object) -> str:
        asyncio.get_running_loop().call_soon(sys.exit, "from a callback")
        for _turn in range(3):
            await asyncio.sleep(0)
        return "well"

    with a_pool(loop=loop) as pool:
        pool.submit(Job("a", job))
        pool.submit(Job("b", at_once))
        assert [pool.result(key).value for key in "ab"] == ["well", "well"]
    assert pool.complaints == ("a task or callback of a job raised SystemExit: from a callback; the others went on",)


def test_what_a_job_leaves_behind_is_ended(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Tasks are cancelled and may clean up, generators are closed, threads that work for the loop end."""
    left: list[str] = []
    closing = threading.Event()

    @asynccontextmanager
    async def context() -> AsyncIterator[None]:
        yield
        closing.set()

    def works() -> None:
        closing.wait(SOON)
        sum(range(1_000_000))  # there is something to wait for
        left.append("thread")

    async def leaves(end: str, error: BaseException | None = None) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            left.append(end)
            if error:
                raise error

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            yield 1
            yield 2
        finally:
            left.append("generator")

    async def job(_: object) -> list[Any]:
        tasks = [asyncio.create_task(leaves("task")), asyncio.create_task(leaves("bad task", OSError("gone")))]
        asyncio.get_running_loop().run_in_executor(None, works)
        generator = numbers()
        await anext(generator)
        return [*tasks, generator]

    pool: Pool[None, Any] = Pool(context, loop=loop)
    with pool:
        pool.submit(Job("a", job))
        kept = pool.result("a")
    assert kept.error is None
    assert sorted(left) == ["bad task", "generator", "task", "thread"]
    assert pool.complaints == ()


# -- time-outs --------------------------------------------------------------------------------------------------------


def cleaning(seconds: float, *, error: BaseException | None = None, told: int = 1, value: str | None = None) -> AJob:
    """A job that never ends by itself and then takes so long to clean up, listening to the `told`-th cancellation."""

    async def job(_: object) -> str | None:
        for time_told in range(1, told + 1):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if time_told == told and value is None:
                    raise
            finally:
                await asyncio.sleep(seconds)
                if error:
                    raise error
        return value

    return job


def test_a_job_over_its_time_cleans_up_and_leaves_the_others_right() -> None:
    """Its time is up after what it may take; its clean-up is not counted in that, but in its end."""
    clock = ManualClock()
    pool = a_leaping_pool(clock, concurrency=2)
    pool.submit(Job("endless", cleaning(4), timeout=3))
    pool.submit(Job("long", sleeping(30), timeout=31))
    pool.submit(Job("after", sleeping(30), timeout=30.5))
    with pool:
        endless, long, after = (pool.result(key) for key in ("endless", "long", "after"))
    assert isinstance(endless.error, TimedOut)
    assert str(endless.error) == "it was not over after the 3 s that it may take; allow it more if it needs them"
    assert (endless.error.seconds, endless.error.__cause__, endless.ended) == (3, None, 7)
    assert (long.value, long.started, long.error) == (30, 0, None)
    assert (after.value, after.started, after.error) == (30, 7, None)
    assert pool.complaints == ()
    assert (pool.state().done, pool.state().failed) == (3, 1)


def test_trouble_while_cleaning_up_is_the_cause() -> None:
    """The job was over its time all the same."""
    clock, trouble = ManualClock(), OSError("the service has gone")
    with a_leaping_pool(clock) as pool:
        pool.submit(Job("a", cleaning(1, error=trouble), timeout=3))
        finished = pool.result("a")
    assert isinstance(finished.error, TimedOut)
    assert finished.error.__cause__ is trouble


def test_an_interrupted_job_may_return_what_it_has() -> None:
    """A transcript until then, for example."""
    with a_leaping_pool(ManualClock()) as pool:
        pool.submit(Job("a", cleaning(1, value="half"), timeout=3))
        finished = pool.result("a")
    assert isinstance(finished.error, TimedOut)
    assert finished.value == "half"


def test_a_job_that_does_not_come_to_an_end_is_given_up() -> None:
    """After the grace; its place is free then, and it is told once more."""
    clock, ended = ManualClock(), list[float]()

    async def stubborn(_: object) -> None:
        try:
            await cleaning(1, told=2)(_)
        finally:
            ended.append(clock.now())

    pool = a_leaping_pool(clock, concurrency=1, grace=5)
    pool.submit(Job("stubborn", stubborn, timeout=3))
    pool.submit(Job("dawdling", cleaning(5.5), timeout=3))
    pool.submit(Job("after", at_once))
    with pool:
        finished = [pool.result(key) for key in ("stubborn", "dawdling", "after")]
    assert ended == [9]
    assert [(one.started, one.ended, type(one.error)) for one in finished] == [
        (0, 8, TimedOut),
        (8, 16, TimedOut),
        (16, 16, type(None)),
    ]
    assert pool.complaints == (
        "'stubborn' was not over 5 s after it was told to clean up",
        "'dawdling' was not over 5 s after it was told to clean up",
    )
    assert pool.state() == State(waiting=0, running=0, done=3, failed=2, stopped=0, slowest=None)


# -- stopping ---------------------------------------------------------------------------------------------------------


def test_stopping_lets_nothing_start_and_everything_clean_up(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Results can still be asked for, of those that never started as well."""
    over, gates = Gate(), [Gate(), Gate()]
    never = threading.Event()

    async def starts(_: object) -> None:
        never.set()

    with a_pool(concurrency=2, loop=loop) as pool:
        for key, run in (("over", over), ("a", gates[0]), ("b", gates[1]), ("c", starts), ("d", starts)):
            pool.submit(Job(key, run))
        assert over.started.wait(SOON)
        over.open()
        assert pool.result("over").value == "well"
        assert all(gate.started.wait(SOON) for gate in gates)
        pool.stop()
        pool.submit(Job("late", starts))
        finished = [pool.result(key) for key in ("d", "c", "b", "a", "late")]
        pool.stop()  # again is the same
        assert pool.state() == State(waiting=0, running=0, done=1, failed=0, stopped=5, slowest=None)
    assert [(type(one.error), str(one.error)) for one in finished] == [
        (Stopped, "the run was stopped before it was over")
    ] * 5
    assert len({id(one.error) for one in finished}) == 5
    assert not never.is_set()
    assert all(gate.cleaned.is_set() for gate in gates)
    assert pool.complaints == ()


def test_leaving_stops(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """By an exception too; and nobody who asks later waits."""
    gate, after = Gate(), Gate()
    pool = a_pool(concurrency=1, loop=loop)
    with contextlib.suppress(ZeroDivisionError), pool:
        pool.submit(Job("a", gate))
        pool.submit(Job("b", after))
        assert gate.started.wait(SOON)
        raise ZeroDivisionError
    assert gate.cleaned.is_set()
    assert not after.started.is_set()
    assert [type(pool.result(key).error) for key in "ab"] == [Stopped, Stopped]
    pool.stop()
    pool.submit(Job("c", at_once))
    assert type(pool.result("c").error) is Stopped


def test_stopping_does_not_cut_a_clean_up_short() -> None:
    """Neither one that a time-out began, nor its own, though asked twice."""
    clock = ManualClock()
    stopped: list[float] = []

    async def stops(_: object) -> None:
        await asyncio.sleep(5)
        pool.stop()
        stopped.append(clock.now())
        pool.stop()

    pool = a_leaping_pool(clock)
    pool.submit(Job("over its time", cleaning(9), timeout=3))
    pool.submit(Job("running", cleaning(9)))
    pool.submit(Job("stops", stops))
    with pool:
        finished = [pool.result(key) for key in ("over its time", "running", "stops")]
    assert stopped == [5]
    assert [(type(one.error), one.ended) for one in finished] == [(TimedOut, 12), (Stopped, 14), (type(None), 5)]
    assert pool.complaints == ()


def test_a_clean_up_that_takes_too_long_is_told_of() -> None:
    """The pool does not wait for it for ever, and what the jobs shared is closed after that."""
    clock, told, closed = ManualClock(), list[float](), list[float]()

    @asynccontextmanager
    async def context() -> AsyncIterator[None]:
        yield
        closed.append(clock.now())

    async def dawdling(_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append(clock.now())
            await asyncio.sleep(1000)

    pool: Pool[None, Any] = Pool(context, clock=clock, loop=lambda: LeapingLoop(clock), grace=2)
    pool.submit(Job("dawdling", dawdling))
    pool.submit(Job("quick", cleaning(1)))
    pool.submit(Job("stops", at_once))
    with pool:
        pool.result("stops")
    assert [(type(pool.result(key).error), pool.complaints) for key in ("dawdling", "quick")] == [
        (Stopped, ("'dawdling' was not over 2 s after it was told to clean up",))
    ] * 2
    assert closed == [pytest.approx(told[0] + 2)]


def test_a_task_that_will_not_end_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    """And left; asyncio logs it as well."""
    pool = a_leaping_pool(ManualClock(), grace=2)
    with pool:
        pool.submit(Job("deaf", cleaning(0, told=1000), timeout=1))
        assert type(pool.result("deaf").error) is TimedOut
    assert pool.complaints == (
        "'deaf' was not over 2 s after it was told to clean up",
        "the task 'deaf' could not be ended",
    )
    del pool
    gc.collect()
    assert "Task was destroyed but it is pending" in caplog.text
    caplog.clear()


def test_a_job_that_blocks_the_loop_does_not_block_the_leaving() -> None:
    """For longer than three times the grace and a second; nothing can interrupt it, but it is told of."""
    go_on, blocked = threading.Event(), threading.Event()

    async def blocks(_: object) -> None:
        blocked.set()
        go_on.wait()

    with a_pool(grace=0.0) as pool:
        pool.submit(Job("a", blocks))
        assert blocked.wait(SOON)
    assert pool.complaints == ("the event loop was still blocked, by a job or the context, when the run was over",)
    [thread] = [thread for thread in threading.enumerate() if thread.name == "pool"]
    go_on.set()
    thread.join(SOON)
    assert not thread.is_alive()


def test_stopping_while_starts_are_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waited for its turn is not lost, nobody waits for it, and the closing does not find itself cancelled."""
    monkeypatch.setattr("harness.scenarios.pool._COURTESY", 10 * SOON)
    cancelled: list[int] = []

    @asynccontextmanager
    async def context() -> AsyncIterator[None]:
        yield
        task = asyncio.current_task()
        assert task is not None
        cancelled.append(task.cancelling())

    pool: Pool[None, Any] = Pool(context, pace=Pace(starts_per_minute=1))
    with pool:
        for key in "ab":
            pool.submit(Job(key, at_once))
        assert pool.result("a").value == "well"
        pool.stop()
        assert type(pool.result("b").error) is Stopped
    assert cancelled == [0]


def test_results_are_not_held_back_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a loop that is always behind: no more of them wait than jobs run at once."""
    monkeypatch.setattr("harness.scenarios.pool._COURTESY", 10 * SOON)
    monkeypatch.setattr("harness.scenarios.pulse.Pulse.keeps_up", False)
    with a_pool(concurrency=2) as pool:
        for key in "abc":
            pool.submit(Job(key, at_once))
        pool.submit(Job("last", for_ever))
        asking = threading.Thread(target=pool.result, args=("a",))
        asking.start()
        asking.join(SOON)
        assert not asking.is_alive()


# -- what the jobs share ----------------------------------------------------------------------------------------------


def test_what_jobs_share_is_opened_once_and_closed_last(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """On the pool's own loop and thread, for every job the same."""
    seen: list[object] = []

    @asynccontextmanager
    async def context() -> AsyncIterator[object]:
        shared = object()
        where = (threading.current_thread().name, asyncio.get_running_loop())
        seen.append(("opened", where))
        try:
            yield shared
        finally:
            seen.append(("closed", where))

    async def job(shared: object) -> tuple[object, object]:
        return shared, (threading.current_thread().name, asyncio.get_running_loop())

    async def cleans(_: object) -> None:
        try:
            await for_ever(_)
        finally:
            seen.append("cleaned")

    pool: Pool[object, Any] = Pool(context, loop=loop)
    with pool:
        for key, run in (("a", job), ("b", job), ("c", cleans)):
            pool.submit(Job(key, run))
        one, two = pool.result("a"), pool.result("b")
    assert one.value is not None
    assert one.value == two.value
    shared, where = one.value
    assert shared is not None
    assert where[0] == "pool"
    assert seen == [("opened", where), "cleaned", ("closed", where)]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(OSError("no network"), "no job can run: OSError: no network", id="an exception"),
        pytest.param(
            TargetUnreachable(url="http://127.0.0.1:9", reason="refused"),
            "no job can run: nobody answered at http://127.0.0.1:9 (refused); "
            "check the address of the target, and that it is up",
            id="an error of ours",
        ),
        pytest.param(SystemExit(), "no job can run: SystemExit", id="an exit"),
        pytest.param(asyncio.CancelledError(), "no job can run: CancelledError", id="a cancellation"),
    ],
)
def test_what_cannot_be_opened_is_told_with_every_job(
    error: BaseException, told: str, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """In the same words, also with those that come later; nobody waits for ever."""

    class Shut:
        async def __aenter__(self) -> None:
            raise error

        async def __aexit__(self, *_: object) -> None:
            raise NotImplementedError

    pool: Pool[None, Any] = Pool(Shut, loop=loop)
    pool.submit(Job("a", at_once))
    with pool:
        pool.submit(Job("b", at_once))
        finished = [pool.result("a"), pool.result("b")]
        pool.submit(Job("c", at_once))
        finished.append(pool.result("c"))
        assert (pool.state().done, pool.state().failed) == (3, 3)
    assert [(type(one.error), str(one.error)) for one in finished] == [(HarnessError, told)] * 3
    assert all(one.error is not None and one.error.__cause__ is error for one in finished)
    assert len({id(one.error) for one in finished}) == 3
    assert pool.complaints == ()


def test_stopping_while_the_opening_hangs(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """It is given up, and cleaned up after."""
    opening, closed = threading.Event(), threading.Event()

    @asynccontextmanager
    async def context() -> AsyncIterator[None]:
        try:
            opening.set()
            await asyncio.Event().wait()
            yield
        finally:
            closed.set()

    pool: Pool[None, Any] = Pool(context, loop=loop)
    with pool:
        pool.submit(Job("a", at_once))
        assert opening.wait(SOON)
        pool.stop()
        assert type(pool.result("a").error) is Stopped
    assert closed.is_set()
    assert pool.complaints == ()


@pytest.mark.parametrize(
    ("hangs", "told"),
    [
        pytest.param(False, "what the jobs shared was not closed: OSError: lost", id="an exception"),
        pytest.param(True, "what the jobs shared was not closed: TimeoutError", id="it takes too long"),
    ],
)
def test_what_cannot_be_closed_is_told_of(hangs: bool, told: str) -> None:
    """The results are right all the same."""
    clock = ManualClock()

    @asynccontextmanager
    async def context() -> AsyncIterator[None]:
        yield
        if hangs:
            await asyncio.sleep(1000)
        raise OSError("lost")

    pool: Pool[None, Any] = Pool(context, clock=clock, loop=lambda: LeapingLoop(clock))
    with pool:
        pool.submit(Job("a", at_once))
        assert pool.result("a").value == "well"
    assert pool.complaints == (told,)


def test_a_pace_that_breaks_is_told_with_every_job() -> None:
    """Like anything else that keeps jobs from starting."""

    class Broken(Pace):
        async def start(self) -> None:
            raise OSError("no clock")

    with a_pool(pace=Broken()) as pool:
        pool.submit(Job("a", at_once))
        assert str(pool.result("a").error) == "no job can run: OSError: no clock"


# -- the state, and misuse --------------------------------------------------------------------------------------------


def test_the_state_counts_and_names_the_slowest() -> None:
    """At any time; a job's own result says whether it failed."""
    clock = ManualClock()
    gates = [Gate(), Gate(), Gate()]

    async def half(_: object) -> int:
        return 0

    def failed(finished: Finished[Any]) -> bool:
        return bool(finished.error) or finished.value == 0

    with a_pool(concurrency=3, clock=clock, failed=failed) as pool:
        for number, gate in enumerate(gates):
            pool.submit(Job(f"gate {number}", gate))
            assert gate.started.wait(SOON)
            clock.advance(10)
        for key, run in (("failed", half), ("raised", _raises), ("well", at_once)):
            pool.submit(Job(key, run))
        assert pool.state() == State(waiting=3, running=3, done=0, failed=0, stopped=0, slowest=("gate 0", 30))
        gates[0].open()
        for key in ("gate 0", "failed", "raised", "well"):
            pool.result(key)
        assert pool.state() == State(waiting=0, running=2, done=4, failed=2, stopped=0, slowest=("gate 1", 20))
        pool.stop()
        for key in ("gate 1", "gate 2"):
            pool.result(key)
        assert pool.state() == State(waiting=0, running=0, done=4, failed=2, stopped=2, slowest=None)


def test_a_judge_of_failures_that_breaks_holds_nobody_up() -> None:
    """The job counts as failed, and there is a complaint."""

    def failed(finished: Finished[Any]) -> bool:
        return bool(1 / finished.value)  # type: ignore[operator]

    with a_pool(failed=failed) as pool:
        pool.submit(Job("a", sleeping(0)))
        assert pool.result("a").value == 0
        assert pool.state().failed == 1
    assert pool.complaints == ("whether 'a' failed could not be told: ZeroDivisionError: division by zero",)


def test_misuse_is_refused_in_a_sentence() -> None:
    """Rather than waiting for ever."""
    with pytest.raises(ValueError, match="with a concurrency of 0 no job would ever start"):
        a_pool(concurrency=0)
    pool = a_pool()
    pool.submit(Job("a", at_once))
    with pytest.raises(ValueError, match="there is a job 'a' already"):
        pool.submit(Job("a", at_once))
    with pytest.raises(ValueError, match="there is no job 'b'"):
        pool.result("b")
    with pytest.raises(RuntimeError, match="the pool isn't running; enter it with `with`"):
        pool.result("a")
    with pool:
        assert pool.result("a").value == "well"
    with pytest.raises(RuntimeError, match="the pool was entered before"):
        pool.__enter__()


def test_a_pool_that_was_stopped_before_it_ran_runs_nothing() -> None:
    """And leaves nothing."""
    pool = a_pool()
    pool.submit(Job("a", at_once))
    pool.stop()
    with pool:
        assert type(pool.result("a").error) is Stopped


def test_the_interpreter_is_set_for_conversations_while_a_pool_runs_and_put_back() -> None:
    """Else whoever reports holds the loop up, and full collections stop the world."""
    turns, thresholds, frozen = sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()
    with a_pool():
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL)
        assert gc.get_threshold() == (YOUNG, MIDDLING, thresholds[2])
        assert gc.get_freeze_count() > frozen
    assert (sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()) == (turns, thresholds, 0)


# -- Ctrl-C -----------------------------------------------------------------------------------------------------------

INTERRUPTED = """
import asyncio
import signal
from contextlib import nullcontext
from harness.scenarios.pool import Job, Pool

signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be off where the tests run in the background

def say(what):
    print(what, flush=True)

async def job(_):
    try:
        say("running")
        await asyncio.Event().wait()
    finally:
        say("cleaning")
        await {clean}
        say("clean")

pool = Pool(nullcontext, grace=1000)
try:
    with pool:
        try:
            pool.submit(Job("a", job))
            pool.result("a")
        except KeyboardInterrupt:
            say("interrupted")
            raise
except KeyboardInterrupt:
    say(f"left with {{pool.state().running}} running")
"""


@contextlib.contextmanager
def a_process(clean: str) -> Iterator[subprocess.Popen[str]]:
    """A pool in a process of its own, waiting for a job that cleans up like this."""
    code = textwrap.dedent(INTERRUPTED).format(clean=clean)
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def says(process: subprocess.Popen[str]) -> str:
    """Its next line."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_ctrl_c_is_raised_at_once_and_the_rest_cleans_up() -> None:
    """The process ends in good order, and says nothing of things left open."""
    with a_process("asyncio.sleep(0)") as process:
        assert says(process) == "running"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SOON)
    assert out.splitlines() == ["interrupted", "cleaning", "clean", "left with 0 running"]
    assert (err, process.returncode) == ("", 0)


def test_ctrl_c_is_raised_though_it_woke_nobody() -> None:
    """A signal that another thread was handed leaves the waiting one asleep, as one does that comes a bit too early."""

    async def interrupts(_: object) -> None:
        while "a" not in pool._asked:  # noqa: ASYNC110 - the other thread tells no event
            await asyncio.sleep(0)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        await for_ever(_)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    begun = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt), a_pool() as pool:  # noqa: PT012 - it is raised in here
            pool.submit(Job("a", interrupts))
            pool.result("a")
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begun < SOON


def test_a_second_ctrl_c_gives_up_waiting() -> None:
    """However long the clean-up would take."""
    with a_process("asyncio.Event().wait()") as process:
        assert says(process) == "running"
        process.send_signal(signal.SIGINT)
        assert [says(process), says(process)] == ["interrupted", "cleaning"]
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=SOON)
    assert out.splitlines() == ["left with 1 running"]
    assert process.returncode == 0


# -- the real thing ---------------------------------------------------------------------------------------------------


def test_conversations_share_a_network_and_are_closed() -> None:
    """Thirty of them at once, with the sandbox; one that is stopped in the middle is closed at the service too."""
    with sandbox_process() as url:
        target = sandbox_target(url, within=10)

        def talk(name: str) -> Job[Network, Timeline]:
            async def job(network: Network) -> Timeline:
                chat = LiveConversation(persona(name), target, network)
                try:
                    await chat.open()
                    await chat.expect(message())
                    talking.set()
                    await chat.expect(message("never said"), within=1000 if name == "long" else 0.01)
                except ExpectationFailed:
                    pass
                finally:
                    await chat.aclose()
                    timelines[name] = chat.timeline
                return chat.timeline

            return Job(name, job, timeout=30)

        talking, timelines = threading.Event(), dict[str, Timeline]()
        with Pool[Network, Timeline](Network, concurrency=30) as pool:
            for number in range(29):
                pool.submit(talk(f"{number}"))
            for number in range(29):
                finished = pool.result(f"{number}")
                assert finished.error is None
            talking.clear()
            pool.submit(talk("long"))
            assert talking.wait(SOON)
            pool.stop()
            assert type(pool.result("long").error) is Stopped
        assert pool.complaints == ()
    for timeline in timelines.values():
        assert [event.operation for event in timeline if isinstance(event, Answered)][-1] == "closeConversation"
        assert all(event.earliest <= event.at for event in timeline if isinstance(event, Received))
    assert len(timelines) == 30
