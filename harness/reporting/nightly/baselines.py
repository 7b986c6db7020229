"""Baselines: which nights others are compared with. A person pins them; they never move by themselves.

So what gets a little slower every night is seen in the end. Not here: comparing (judging.py).
"""

import time
from collections.abc import Collection

from sqlalchemy import Connection, insert, select, update

from harness.metrics.regression import DEFAULT, Rules
from harness.reporting.nightly.values import Baseline, State
from harness.reporting.store import tables
from harness.reporting.store.history import WHOLE, History
from harness.reporting.store.place import StoreUnusable
from harness.reporting.store.store import Store
from harness.reporting.store.values import Kind


def baselines(history: History) -> tuple[Baseline, ...]:
    """All there ever were, the oldest first."""
    with history.database.reading() as connection:
        return _read(connection)


def baseline(history: History, number: int) -> Baseline:
    """One of them.

    Raises:
        StoreUnusable: There is none of this number.
    """
    for one in baselines(history):
        if one.id == number:
            return one
    raise StoreUnusable(f"there is no baseline {number} in {history.shown}; `harness baseline show` lists them")


def pinned(history: History, target: str, environment: str) -> Baseline | None:
    """The baseline that counts for a target: of this environment if there is one, or else of another."""
    counting = [one for one in baselines(history) if one.target == target and one.unpinned_at is None]
    here = [one for one in counting if one.environment == environment]
    return next(reversed(here or counting), None)


def pin(
    store: Store,
    run: int | None = None,
    *,
    target: str,
    by: str,
    reason: str = "",
    without: Collection[int] = (),
    rules: Rules = DEFAULT,
) -> Baseline:
    """Pin the nights up to a run, and take away the baseline that counted in their place.

    Nights that were the environment's are left out. The open change points up to there are accepted with it.

    Args:
        store: Where.
        run: The last of the nights; the target's newest night if None.
        target: Name of the service under test; of a run that is given, its own counts.
        by: Who pins it.
        reason: Why.
        without: Numbers of runs to leave out.
        rules: How many nights a baseline has, at most and at least.

    Raises:
        StoreUnusable: There is no such night, or there are too few, or the store can't be written.
    """
    with store.database.writing() as connection:
        c = tables.RUN.c
        is_night = (c.kind == Kind.NIGHT) & c.exit_code.in_(WHOLE)
        wanted = select(c.id, c.target, c.environment).where(is_night)
        which = c.target == target if run is None else c.id == run
        last = connection.execute(wanted.where(which).order_by(c.id.desc()).limit(1)).first()
        if last is None:
            what = f"{target!r} has no night" if run is None else f"run {run} is no whole night"
            raise StoreUnusable(
                f"{what} in {store.shown}; nights are made by `harness nightly`, and listed by `harness history`"
            )
        judged, verdict = tables.JUDGEMENT, tables.JUDGEMENT.c
        shaken = (
            select(verdict.run_id)
            .select_from(judged)
            .where((verdict.shared > rules.shared) | (verdict.shared < -rules.shared))
        )
        nights = connection.scalars(
            select(c.id)
            .where(is_night, c.target == last.target, c.environment == last.environment, c.id <= last.id)
            .where(c.id.not_in(shaken), c.id.not_in(without))
            .order_by(c.id.desc())
            .limit(rules.nights)
        ).all()
        if len(nights) < rules.learn:
            raise StoreUnusable(
                f"there are {len(nights)} nights of {last.target!r} up to run {last.id} in {store.shown} that can be "
                f"compared with each other, and a baseline takes {rules.learn}; run some more, then pin"
            )
        _unpin(connection, last.target, last.environment)
        made = insert(tables.BASELINE).values(
            target=last.target,
            environment=last.environment,
            pinned_at=time.time(),
            pinned_by=by,
            reason=reason,
        )
        number = connection.scalar(made.returning(tables.BASELINE.c.id))
        connection.execute(insert(tables.BASELINE_RUN), [{"baseline_id": number, "run_id": one} for one in nights])
        points, of_target = tables.CHANGE_POINT, select(tables.SERIES.c.id).where(tables.SERIES.c.target == last.target)
        connection.execute(
            update(points)
            .where(points.c.series_id.in_(of_target), points.c.run_id <= last.id, points.c.state == State.OPEN)
            .values(state=str(State.ACCEPTED))
        )
        return next(one for one in _read(connection) if one.id == number)


def unpin(store: Store, number: int) -> Baseline:
    """Take a baseline away; nights are compared with none until another one is pinned.

    Raises:
        StoreUnusable: There is none of this number, or the store can't be written.
    """
    with store.database.writing() as connection:
        c = tables.BASELINE.c
        connection.execute(
            update(tables.BASELINE).where(c.id == number, c.unpinned_at.is_(None)).values(unpinned_at=time.time())
        )
    return baseline(store, number)


def _unpin(connection: Connection, target: str, environment: str) -> None:
    c = tables.BASELINE.c
    counting = (c.target == target) & (c.environment == environment) & c.unpinned_at.is_(None)
    connection.execute(update(tables.BASELINE).where(counting).values(unpinned_at=time.time()))


def _read(connection: Connection) -> tuple[Baseline, ...]:
    c, night = tables.BASELINE.c, tables.BASELINE_RUN.c
    runs: dict[int, list[int]] = {}
    for number, run in connection.execute(select(night.baseline_id, night.run_id).order_by(night.run_id)):
        runs.setdefault(number, []).append(run)
    told = select(c.id, c.target, c.environment, c.pinned_at, c.pinned_by, c.reason, c.unpinned_at).order_by(c.id)
    return tuple(
        Baseline(number, target, environment, tuple(runs.get(number, ())), *rest)
        for number, target, environment, *rest in connection.execute(told)
    )
