"""Many jobs at once, on one event loop in a thread of its own, while somebody else asks for their results in order.

Here: starting jobs, interrupting them, ending with nothing left open. Not here: what a job does (most play a scenario),
how fast jobs may start (pace.py), what is made of a result (plugin/).
"""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Self, TypeVar

from harness.clock import Clock, MonotonicClock
from harness.errors import HarnessError
from harness.scenarios.interpreter import many_conversations
from harness.scenarios.pace import Pace
from harness.scenarios.pulse import Pulse

Provided = TypeVar("Provided")
Value = TypeVar("Value")

GRACE = 10.0
"""Seconds that a job has to clean up once it was told to stop: to close its conversation, as a rule."""

_APART = 0.005
"""Seconds between two starts where many jobs run, at least; about half of what a conversation costs in all."""

_FEW = 16
"""Jobs that run without having been started apart."""

_TURN = 0.004
"""Seconds that a loop which keeps up needs for a turn, at most."""

_PATIENCE = 0.02
"""Seconds after which the next job starts even though the loop does not keep up."""

_BREATH = 0.002
"""Seconds between two jobs that are prepared ahead; one takes half a millisecond."""

_COURTESY = 10.0
"""Seconds for which a result that is there is held back at most, while the loop does not keep up; see `result`."""

_MOMENT = 0.02
"""Seconds after which it is asked again whether the loop keeps up."""

_NAP = 0.1
"""Seconds after which Ctrl-C is noticed at the latest; see `_wait`."""


class Stopped(HarnessError):  # noqa: N818 - says what happened
    """The run was stopped before the job was over."""


class TimedOut(HarnessError):  # noqa: N818 - says what happened
    """A job took longer than it may.

    Attributes:
        seconds: How long it may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"it was not over after the {seconds:g} s that it may take; allow it more if it needs them")


# The two generic classes have no slots: with slots a frozen one can't be made as `Job[A, B](...)` in Python 3.11.


@dataclass(frozen=True)
class Job(Generic[Provided, Value]):
    """Something to run.

    Attributes:
        key: Its name; no two jobs whose results are still to be asked for have the same.
        run: A coroutine function, handed what the pool's context provides. When it is cancelled it cleans up, which
            may take the pool's `grace`.
        timeout: Seconds it may take from its start, without cleaning up, but with what it waits for its pace; None for
            as long as it likes.
        prepare: Called once before it starts, on the pool's loop: ahead, if that has nothing else to do, and outside
            the job's time. What it raises is not told; `run` is to come upon it again.
    """

    key: str
    run: Callable[[Provided], Awaitable[Value]]
    timeout: float | None = None
    prepare: Callable[[], object] | None = None


@dataclass(frozen=True)
class Finished(Generic[Value]):
    """What a job came to.

    Attributes:
        key: The job's.
        value: What it returned; None if it did not.
        error: What it raised, `SystemExit` and its like included; `TimedOut` or `Stopped` if it was interrupted, whose
            cause is what it raised while it cleaned up; a `HarnessError` if it could not run. None if all went well.
            An interrupted job may have returned a value all the same.
        started_at: Wall-clock time of its start, seconds since 1970.
        started: Its start, seconds on the monotonic clock.
        ended: Its end, likewise.
    """

    key: str
    value: Value | None
    error: BaseException | None
    started_at: float
    started: float
    ended: float

    @property
    def took(self) -> float:
        """Seconds from its start to its end."""
        return self.ended - self.started

    @property
    def ended_at(self) -> float:
        """Wall-clock time of its end, seconds since 1970, whatever was done to the machine's clock meanwhile."""
        return self.started_at + self.took


@dataclass(frozen=True, slots=True)
class State:
    """How far a pool is.

    Attributes:
        waiting: Jobs that have not started.
        running: Jobs that run or clean up.
        done: Jobs that are over, but for those that were stopped.
        failed: How many of those failed.
        stopped: Jobs that did not run to their end because the pool was stopped.
        slowest: The job that has been running longest, and for how many seconds; None if none runs.
    """

    waiting: int
    running: int
    done: int
    failed: int
    stopped: int
    slowest: tuple[str, float] | None


class _Running(Generic[Provided, Value]):
    """A job from its start to its end; lives on the loop."""

    def __init__(self, job: Job[Provided, Value], clock: Clock) -> None:
        self.job, self._clock = job, clock
        self.task: asyncio.Task[None]
        self.timer: asyncio.TimerHandle | None = None
        self.value: Value | None = None
        self.error: BaseException | None = None
        self.interruption: HarnessError | None = None
        self.ended: float | None = None
        self.is_given_up = False
        self._begin()

    def _begin(self) -> None:
        self.started_at, self.started = time.time(), self._clock.now()

    async def run(self, provided: Provided) -> None:
        """Run the job; never raises."""
        self._begin()  # as late as can be: the loop may have been busy since the task was made
        try:
            self.value = await self.job.run(provided)
        except BaseException as error:  # SystemExit too: if it left the task, the loop would stop
            self.error = error
        finally:
            self.ended = self._clock.now()

    def finished(self) -> Finished[Value]:
        """What it came to; to be asked once, as it is forgotten here: an error leads back to us by its traceback."""
        value, error, interruption = self.value, self.error, self.interruption
        self.value = self.error = self.interruption = None
        if interruption is not None:
            if not isinstance(error, asyncio.CancelledError):
                interruption.__cause__ = error
            error = interruption
        elif self.ended is None:  # cancelled by a stranger before its first turn
            error = asyncio.CancelledError()
        ended = self._clock.now() if self.ended is None else self.ended
        return Finished(self.job.key, value, error, self.started_at, self.started, ended)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop where there is one: the same events for half the time of asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - absent on some platforms
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _wait(what: threading.Event, seconds: float = math.inf) -> bool:
    """Wait for an event of the other thread, so that Ctrl-C always ends it.

    A signal that comes just before Python goes to sleep on a lock does not wake it: of 4,522 that were sent when a wait
    began, 119 were seen only when it was over. So it sleeps for a short while at a time.

    Returns:
        Whether it came within so many seconds.
    """
    until = time.monotonic() + seconds
    while not what.wait(min(_NAP, max(0.0, until - time.monotonic()))):
        if time.monotonic() >= until:
            return False
    return True


def _raised(finished: Finished[Any]) -> bool:
    return finished.error is not None


class Pool(Generic[Provided, Value]):
    """Runs jobs, in the order in which they were submitted and some at a time.

        with Pool(Network, concurrency=16) as pool:
            for job in jobs:
                pool.submit(job)
            for job in jobs:
                finished = pool.result(job.key)

    Jobs start by themselves as soon as there is room; nobody has to ask for results. When the block is left, what has
    not started never does, and what runs is cancelled and may clean up. Ctrl-C raises `KeyboardInterrupt` in `result`
    at once; a second one, while the block is being left, gives up waiting for the clean-up.

    A job that blocks the loop holds up all the others, and nothing can be done about that; the arrivals of their
    conversations are then known as coarsely (client/arrivals.py).
    """

    def __init__(
        self,
        context: Callable[[], AbstractAsyncContextManager[Provided]],
        *,
        concurrency: int = 16,
        pace: Pace | None = None,
        failed: Callable[[Finished[Value]], bool] = _raised,
        grace: float = GRACE,
        clock: Clock | None = None,
        loop: Callable[[], asyncio.AbstractEventLoop] = new_event_loop,
    ) -> None:
        """Nothing runs before the `with` block is entered; jobs can be submitted before.

        Args:
            context: Makes what all jobs share, such as `Network`; made, entered and left on the pool's loop.
            concurrency: How many jobs run at once, at most.
            pace: How fast they may start; as fast as they can by default.
            failed: Whether a job that is over counts as failed; that it has an error by default. Called on the pool's
                thread.
            grace: Seconds that jobs have to clean up when they are interrupted, and the context when all is over.
            clock: What tells durations.
            loop: Makes the event loop.

        Raises:
            ValueError: `concurrency` is less than 1.
        """
        if concurrency < 1:
            raise ValueError(f"with a concurrency of {concurrency} no job would ever start")
        self._context, self._concurrency, self._pace = context, concurrency, pace
        self._failed, self._grace, self._clock, self._new_loop = failed, grace, clock or MonotonicClock(), loop
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None]
        self._is_starting = self._is_ending = False
        self._news = asyncio.Event()
        self._gone = threading.Event()
        self._set = ExitStack()
        self._pulse = Pulse()

        # What both threads use, under the lock. Nothing waits while it holds it.
        self._lock = threading.RLock()
        self._waiting: deque[Job[Provided, Value]] = deque()
        self._prepared = 0
        self._running: dict[str, _Running[Provided, Value]] = {}
        self._results: dict[str, Finished[Value] | None] = {}
        self._asked: dict[str, threading.Event] = {}
        self._refusal: Callable[[], HarnessError] | None = None
        self._done = self._failures = self._stopped = self._untold = 0
        self._complaints: list[str] = []

    # -- for whoever has jobs -----------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Start the thread, with the interpreter set for it until the block is left (interpreter.py).

        Raises:
            RuntimeError: It was started before; a pool runs once.
        """
        if self._thread is not None:
            raise RuntimeError("the pool was entered before; make a new one")
        self._loop = self._new_loop()
        self._thread = threading.Thread(target=self._live, args=(self._loop,), name="pool", daemon=True)
        self._set.enter_context(many_conversations())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and wait until nothing is left open, for three times the grace at most."""
        try:
            self.stop()
            if not _wait(self._gone, 3 * self._grace + 1):
                self._complain("the event loop was still blocked, by a job or the context, when the run was over")
            elif self._thread is not None:
                self._thread.join()
        finally:
            self._set.close()

    def submit(self, job: Job[Provided, Value]) -> None:
        """Have a job run after all those that were submitted before.

        Raises:
            ValueError: There is a job of that name, and its result has not been asked for.
        """
        with self._lock:
            if job.key in self._results:
                raise ValueError(f"there is a job {job.key!r} already; its result is to be asked for first")
            self._results[job.key] = None
            if self._refusal is not None:
                self._refuse(job, self._refusal())
            else:
                self._waiting.append(job)
                self._tell(self._news.set)

    def result(self, key: str) -> Finished[Value]:
        """Wait until a job is over. A result is handed out once; the pool does not keep it.

        Whoever gets a result computes: writes reports, say. That can wait, and conversations can't; so a result is held
        back for a short while if the loop is behind its work, but never more results than jobs run at once.

        Args:
            key: The job's.

        Raises:
            ValueError: There is no such job, or its result was handed out.
            RuntimeError: The pool was not entered, so the job would never run.
        """
        with self._lock:
            if key not in self._results:
                raise ValueError(f"there is no job {key!r}, or its result was handed out before")
            if self._results[key] is None and self._thread is None:
                raise RuntimeError("the pool isn't running; enter it with `with`")
            over = self._asked.setdefault(key, threading.Event())
            if self._results[key] is not None:
                over.set()
        _wait(over)
        self._give_way()
        with self._lock:
            del self._asked[key]
            finished = self._results.pop(key)
            self._untold -= 1
        assert finished is not None  # noqa: S101 - we were told so
        return finished

    def _give_way(self) -> None:
        until = time.monotonic() + _COURTESY
        while (self._is_starting or not self._pulse.keeps_up) and self._untold <= self._concurrency:
            if time.monotonic() >= until:
                return
            self._gone.wait(_MOMENT)

    def stop(self) -> None:
        """Let nothing new start, and cancel what runs. Returns at once; results can still be asked for."""
        with self._lock:
            self._close(_stopped)
            self._tell(self._halt)

    def state(self) -> State:
        """How far the jobs are; from any thread, as often as one likes."""
        with self._lock:
            oldest = next(iter(self._running.values()), None)  # they are in the order of their starts
            return State(
                waiting=len(self._waiting),
                running=len(self._running),
                done=self._done,
                failed=self._failures,
                stopped=self._stopped,
                slowest=None if oldest is None else (oldest.job.key, self._clock.now() - oldest.started),
            )

    @property
    def complaints(self) -> tuple[str, ...]:
        """What did not end as it should, in sentences; complete when the block has been left."""
        with self._lock:
            return tuple(self._complaints)

    # -- what both threads do -----------------------------------------------------------------------------------------

    def _tell(self, what: Callable[[], object]) -> None:
        """Have something done on the loop; nothing if there is none, before and after."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(what)

    def _complain(self, of: str) -> None:
        with self._lock:
            self._complaints.append(of)

    def _close(self, refusal: Callable[[], HarnessError]) -> None:
        """Let no job start any more; those that wait are over.

        Args:
            refusal: Makes the error of each of them, unless there was another reason before.
        """
        with self._lock:
            self._refusal = self._refusal or refusal
            while self._waiting:
                self._refuse(self._waiting.popleft(), self._refusal())
            self._prepared = 0

    def _refused(self) -> HarnessError:
        """Why nothing starts any more; another one each time."""
        assert self._refusal is not None  # noqa: S101 - it was closed
        return self._refusal()

    def _refuse(self, job: Job[Provided, Value], error: HarnessError) -> None:
        now = self._clock.now()
        self._over(Finished(job.key, None, error, time.time(), now, now))

    def _over(self, finished: Finished[Value]) -> None:
        with self._lock:
            self._running.pop(finished.key, None)
            if isinstance(finished.error, Stopped):
                self._stopped += 1
            else:
                self._done += 1
                self._failures += self._has_failed(finished)
            self._results[finished.key] = finished
            self._untold += 1
            if asked := self._asked.get(finished.key):
                asked.set()

    def _has_failed(self, finished: Finished[Value]) -> bool:
        try:
            return self._failed(finished)
        except Exception as error:  # somebody waits for this result
            self._complain(f"whether {finished.key!r} failed could not be told: {_told(error)}")
            return True

    # -- on the loop --------------------------------------------------------------------------------------------------

    def _live(self, loop: asyncio.AbstractEventLoop) -> None:
        """The life of the thread."""
        try:
            self._serving = loop.create_task(self._serve(), name="pool")
            self._run(self._serving)
            self._run(loop.create_task(self._sweep(), name="end of the pool"))
        except BaseException as error:  # somebody may wait for a result
            self._close(partial(_broken, error))
        finally:
            try:
                self._leave(loop)
            finally:
                self._gone.set()

    def _run(self, task: asyncio.Task[None]) -> None:
        """Run the loop until a task is done."""
        while not task.done():
            try:
                task.get_loop().run_until_complete(task)
            except asyncio.CancelledError:
                pass
            except (SystemExit, KeyboardInterrupt) as error:  # from a task that a job made; asyncio stops for these
                self._complain(f"a task or callback of a job raised {_told(error)}; the others went on")

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let nobody wait for what will not come."""
        with self._lock:
            self._loop = None
            self._close(_stopped)
            for running in list(self._running.values()):
                running.interruption = running.interruption or self._refused()
                self._over(running.finished())
            loop.close()

    async def _serve(self) -> None:
        """Start jobs until the pool is stopped, then end everything in good order."""
        stack = AsyncExitStack()
        try:
            provided = await stack.enter_async_context(self._context())
        except BaseException as error:  # told with every job
            self._close(partial(_broken, error))
            return
        self._pulse.start()
        try:
            await self._start_jobs(provided)
        except asyncio.CancelledError:
            self._close(_stopped)
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - we are one
            task.uncancel()  # it was for the starting alone; what follows may look at the count
        except BaseException as error:  # told with every job
            self._close(partial(_broken, error))
        self._is_starting, self._is_ending = False, True
        for running in list(self._running.values()):
            self._interrupt(running, self._refused())
        while self._running:
            await self._next()
        self._pulse.stop()
        try:
            async with asyncio.timeout(self._grace):
                await stack.aclose()
        except BaseException as error:  # the results are there all the same
            self._complain(f"what the jobs shared was not closed: {_told(error)}")

    def _halt(self) -> None:
        """End the starting, once; the ending is not to be cancelled."""
        if not self._is_ending:
            self._is_ending = True
            self._serving.cancel()

    async def _next(self) -> None:
        """Wait until a job was submitted or is over."""
        self._news.clear()
        await self._news.wait()

    async def _start_jobs(self, provided: Provided) -> None:
        """Start jobs as there is room, one by one: those that start together stay together.

        They would all open, and later all stream and end, in the same instants, and each hold up the others; and those
        that take their places would be as many at once. With 250 conversations at a time on one core, started as fast
        as the loop could, arrivals were known to 6 ms (median), and to 3 ms with starts 5 ms apart.
        """
        loop, started = asyncio.get_running_loop(), float("-inf")
        while self._refusal is None:
            self._is_starting = bool(self._waiting) and len(self._running) < self._concurrency
            if not self._is_starting:
                self._news.clear()
                await self._prepare_ahead()
                await self._news.wait()
                continue
            if self._pace is not None:
                self._is_starting = False  # whoever is held back keeps nobody busy
                await self._pace.start()
                self._is_starting = True
            if len(self._running) >= _FEW:
                await asyncio.sleep(max(0.0, started + _APART - loop.time()))
            await _rest()
            if not self._prepared:
                self._prepare_next()
            with self._lock:
                if self._waiting:  # if not, we have just been stopped
                    self._prepared -= 1
                    self._start(self._waiting.popleft(), provided)
                    started = loop.time()

    async def _prepare_ahead(self) -> None:
        """Until there is news, prepare those that start next, while there is nothing else to do."""
        while self._prepared < min(len(self._waiting), self._concurrency) and not self._news.is_set():
            is_calm = self._pulse.keeps_up
            if is_calm:
                self._prepare_next()
            with suppress(TimeoutError):
                async with asyncio.timeout(_BREATH if is_calm else _MOMENT):
                    await self._news.wait()

    def _prepare_next(self) -> None:
        """Prepare the first job that is not."""
        with self._lock:
            if self._prepared == len(self._waiting):
                return
            job = self._waiting[self._prepared]
            self._prepared += 1
        if job.prepare is not None:
            with suppress(Exception):
                job.prepare()

    def _start(self, job: Job[Provided, Value], provided: Provided) -> None:
        loop = asyncio.get_running_loop()
        running = self._running[job.key] = _Running(job, self._clock)
        running.task = loop.create_task(running.run(provided), name=job.key)
        running.task.add_done_callback(lambda _: self._ended(running))
        if job.timeout is not None:
            running.timer = loop.call_later(job.timeout, self._interrupt, running, TimedOut(job.timeout))

    def _interrupt(self, running: _Running[Provided, Value], why: HarnessError) -> None:
        """Tell a job to clean up, once: to be told again would cut the cleaning short."""
        if running.interruption is None and running.task.cancel():
            running.interruption = why
            running.timer = asyncio.get_running_loop().call_later(self._grace, self._give_up, running)

    def _give_up(self, running: _Running[Provided, Value]) -> None:
        running.is_given_up = True
        running.task.cancel()
        self._complain(f"{running.job.key!r} was not over {self._grace:g} s after it was told to clean up")
        self._over(running.finished())
        self._news.set()

    def _ended(self, running: _Running[Provided, Value]) -> None:
        if running.timer is not None:
            running.timer.cancel()
        if not running.is_given_up:
            self._over(running.finished())
            self._news.set()

    async def _sweep(self) -> None:
        """End what is left: the tasks of jobs that did not wait for them, and jobs that would not be told."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            done, left = await asyncio.wait(tasks, timeout=self._grace)
            for task in done:
                if not task.cancelled():
                    task.exception()  # looked at, or asyncio complains of it
            for task in left:
                self._complain(f"the task {task.get_name()!r} could not be ended")
        loop = asyncio.get_running_loop()
        await loop.shutdown_asyncgens()
        await loop.shutdown_default_executor()


async def _rest() -> None:
    """Wait until the loop keeps up, for a short while at most."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    patience = now + _PATIENCE
    while now < patience:
        before = now
        await asyncio.sleep(0)
        now = loop.time()
        if now - before < _TURN:
            return


def _stopped() -> Stopped:
    return Stopped("the run was stopped before it was over")


def _broken(error: BaseException) -> HarnessError:
    """Why a job could not run, where that is not its own doing; a new one for each, since they gather tracebacks."""
    told = HarnessError(f"no job can run: {_told(error)}")
    told.__cause__ = error
    return told


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}".removesuffix(": ")
