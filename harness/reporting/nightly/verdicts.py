"""Keeping what was said of nights, and reading it again.

A change point moves by a night or two while nights follow it; it is the same one, and keeps its number. Not here: what
is said (judging.py).
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, or_, select, update

from harness.metrics.regression import Word
from harness.reporting.nightly.baselines import baselines
from harness.reporting.nightly.judging import Change
from harness.reporting.nightly.values import BudgetVerdict, NightVerdict, SeriesVerdict, State, Trend
from harness.reporting.store import tables
from harness.reporting.store.history import History
from harness.reporting.store.store import Store
from harness.reporting.store.values import Key, Kind, Point

_SAME = 5
"""Nights by which a change point may move and still be the same one."""


def keep(store: Store, verdict: NightVerdict, changes: Iterable[Change] = ()) -> NightVerdict:
    """Keep what is said of a night; what was said of it before is replaced.

    Args:
        store: Where.
        verdict: What is said.
        changes: The lasting changes as the nights up to this one show them.

    Returns:
        The same, with the lasting changes by their numbers.

    Raises:
        StoreUnusable: It can't be written.
    """
    run = verdict.run
    with store.database.writing() as connection:
        ids = _ids(connection, verdict.target)
        for table in (tables.JUDGEMENT, tables.VERDICT, tables.BUDGET):
            connection.execute(delete(table).where(table.c.run_id == run))
        connection.execute(
            insert(tables.JUDGEMENT).values(
                run_id=run,
                baseline_id=None if verdict.baseline is None else verdict.baseline.id,
                again_id=verdict.again,
                shared=verdict.shared,
                note="\n".join(verdict.notes),
            )
        )
        said = [
            {
                "run_id": run,
                "series_id": ids[one.key],
                "word": str(one.word),
                "before": one.before,
                "change": one.change,
                "p": one.p,
                "q": one.q,
            }
            for one in verdict.series.values()
        ]
        over = [
            {
                "run_id": run,
                "series_id": ids[one.key],
                "at_most": one.limit,
                "share": one.share,
                "low": one.low,
                "high": one.high,
                "is_over": one.is_over,
            }
            for one in verdict.budgets
        ]
        for table, rows in ((tables.VERDICT, said), (tables.BUDGET, over)):
            if rows:
                connection.execute(insert(table), rows)
        _keep_changes(connection, verdict, ids, changes)
    kept = read(store, run)
    return kept if kept is not None else verdict


def read(history: History, run: int) -> NightVerdict | None:
    """What was said of a night when it was judged; None of a run that was not.

    Raises:
        StoreUnusable: There is no such run, or it can't be read.
    """
    target = history.run(run).target
    known = {one.id: one for one in baselines(history)}
    with history.database.reading() as connection:
        judged = connection.execute(select(tables.JUDGEMENT).where(tables.JUDGEMENT.c.run_id == run)).first()
        if judged is None:
            return None
        return NightVerdict(
            run=run,
            target=target,
            baseline=known.get(judged.baseline_id),
            again=judged.again_id,
            shared=judged.shared,
            series=_series(connection, run),
            budgets=_budgets(connection, run),
            trends=_trends(connection, target, run),
            notes=tuple(filter(None, judged.note.split("\n"))),
        )


def trends(history: History, target: str) -> tuple[Trend, ...]:
    """All lasting changes that a target's nights ever showed, the oldest first.

    Raises:
        StoreUnusable: The store can't be read.
    """
    with history.database.reading() as connection:
        return _trends(connection, target, None)


# -- change points -----------------------------------------------------------------------------------------------------


def _keep_changes(
    connection: Connection, verdict: NightVerdict, ids: Mapping[Key, int], changes: Iterable[Change]
) -> None:
    """Bring the change points up to what is seen now: new ones, those that moved, those that are gone."""
    c, run = tables.CHANGE_POINT.c, tables.RUN.c
    nights = select(run.id).where(run.target == verdict.target, run.kind == Kind.NIGHT).order_by(run.id)
    places = {number: place for place, number in enumerate(connection.scalars(nights))}
    known = {one.id: one for one in _trends(connection, verdict.target, None)}
    unseen = {number for number, one in known.items() if one.state is State.OPEN}
    for change in changes:
        told = {"run_id": change.run, "before": change.point.before, "after": change.point.after, "p": change.point.p}
        same = next((one for one in known.values() if _is_same(one, change, places)), None)
        if same is None:
            row = told | {"series_id": ids[change.key], "seen_id": verdict.run, "state": str(State.OPEN)}
            connection.execute(insert(tables.CHANGE_POINT).values(row))
            continue
        unseen.discard(same.id)
        if same.state is not State.ACCEPTED:
            connection.execute(
                update(tables.CHANGE_POINT).where(c.id == same.id).values(told | {"state": str(State.OPEN)})
            )
    connection.execute(update(tables.CHANGE_POINT).where(c.id.in_(unseen)).values(state=str(State.GONE)))


def _is_same(one: Trend, change: Change, places: Mapping[int, int]) -> bool:
    if one.key != change.key or (one.after > one.before) != (change.point.after > change.point.before):
        return False
    return abs(places[one.run] - places[change.run]) <= _SAME


# -- reading -----------------------------------------------------------------------------------------------------------

_KEY = (tables.SERIES.c.target, tables.SCENARIO.c.key, tables.SERIES.c.locale, tables.SERIES.c.metric)
_NAMED = tables.SERIES.join(tables.SCENARIO)


def _ids(connection: Connection, target: str) -> dict[Key, int]:
    wanted = select(tables.SERIES.c.id, *_KEY).select_from(_NAMED).where(tables.SERIES.c.target == target)
    return {Key(*key): number for number, *key in connection.execute(wanted)}


def _series(connection: Connection, run: int) -> dict[Key, SeriesVerdict]:
    c, point = tables.VERDICT.c, tables.POINT.c
    of_night = (point.series_id == c.series_id) & (point.run_id == c.run_id)
    wanted = (
        select(*_KEY, c.word, *(point[name] for name in Point._fields), c.before, c.change, c.p, c.q)
        .select_from(_NAMED.join(tables.VERDICT).join(tables.POINT, of_night))
        .where(c.run_id == run)
        .order_by(*_KEY[1:])
    )
    found = {}
    end = 5 + len(Point._fields)
    for row in connection.execute(wanted):
        key = Key(*row[:4])
        found[key] = SeriesVerdict(key, Word(row[4]), Point(*row[5:end]), *row[end:])
    return found


def _budgets(connection: Connection, run: int) -> tuple[BudgetVerdict, ...]:
    c = tables.BUDGET.c
    wanted = (
        select(*_KEY, c.at_most, c.share, c.low, c.high, c.is_over)
        .select_from(_NAMED.join(tables.BUDGET))
        .where(c.run_id == run)
        .order_by(*_KEY[1:])
    )
    return tuple(BudgetVerdict(Key(*row[:4]), *row[4:]) for row in connection.execute(wanted))


def _trends(connection: Connection, target: str, run: int | None) -> tuple[Trend, ...]:
    """Of a target; with a run, those that are open up to it or were first seen by it."""
    c = tables.CHANGE_POINT.c
    wanted = (
        select(*_KEY, c.id, c.run_id, c.before, c.after, c.p, c.seen_id, c.state)
        .select_from(_NAMED.join(tables.CHANGE_POINT))
        .where(tables.SERIES.c.target == target)
        .order_by(c.run_id, *_KEY[1:])
    )
    if run is not None:
        wanted = wanted.where(c.seen_id <= run, or_(c.state == State.OPEN, c.seen_id == run))
    found = []
    for row in connection.execute(wanted):
        number, begun, before, after, p, seen, state = row[4:]
        found.append(Trend(number, Key(*row[:4]), begun, before, after, p, seen, State(state)))
    return tuple(found)
