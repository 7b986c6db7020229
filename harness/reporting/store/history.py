"""Reading the history: runs, their conversations, series over nights.

Not here: writing it (store.py), what to make of it (metrics/regression.py).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, func, select

from harness.metrics.names import TURN
from harness.metrics.summaries import Sample
from harness.metrics.turns import Ending
from harness.reporting.store import points, tables
from harness.reporting.store.gaps import unpacked
from harness.reporting.store.opening import Database
from harness.reporting.store.place import StoreUnusable, place
from harness.reporting.store.values import Kept, Key, Kind, Night, Nights, Point, Result, Run, Slow, Turn
from harness.scenarios.outcome import Status

EXCUSED = "excused"
"""What counts for results whose failure does not."""

WHOLE = (0, 1)
"""Exit codes of runs in which every scenario was played."""


class History:
    """A store that is read; every method is one transaction and sees whole ones only.

    Args:
        where: A file, or the URL of a PostgreSQL database.

    Attributes:
        database: The way there, for those who keep more in it.

    Raises:
        StoreUnusable: There is none, or it can't be read; so do the methods.
    """

    _writes = False

    def __init__(self, where: str) -> None:
        self.database = Database(place(where), writing=self._writes)

    def __enter__(self) -> Self:
        """Nothing more to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of it."""
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self.database.close()

    @property
    def shown(self) -> str:
        """Where it is, without a password."""
        return self.database.place.shown

    def runs(self, *, target: str | None = None, last: int | None = None) -> tuple[Run, ...]:
        """The runs, the oldest first.

        Args:
            target: Of this target only.
            last: The newest so many only.
        """
        with self.database.reading() as connection:
            return _runs(connection, *([] if target is None else [tables.RUN.c.target == target]), last=last)

    def run(self, number: int) -> Run:
        """One run.

        Raises:
            StoreUnusable: There is none of this number.
        """
        with self.database.reading() as connection:
            found = _runs(connection, tables.RUN.c.id == number)
        if not found:
            raise StoreUnusable(f"there is no run {number} in {self.shown}; `harness history` lists them")
        return found[0]

    def results(self, run: int) -> tuple[Result, ...]:
        """What the scenarios of a run came to, in the order in which they were reported."""
        result = tables.RESULT.c
        wanted = select(
            tables.SCENARIO.c.key,
            *(result.repetition, result.status, result.excused, result.attempt, result.started_at, result.lasted_ms),
            result.why,
        ).select_from(tables.RESULT.join(tables.SCENARIO))
        with self.database.reading() as connection:
            rows = connection.execute(wanted.where(result.run_id == run).order_by(result.id)).all()
        return tuple(
            Result(scenario, repetition, Status(status), excused, attempt, started_at, lasted / 1000, why)
            for scenario, repetition, status, excused, attempt, started_at, lasted, why in rows
        )

    def conversations(self, run: int) -> tuple[Kept, ...]:
        """The conversations of a run with all that they measured, in the order in which they were reported."""
        result, c = tables.RESULT.c, tables.CONVERSATION.c
        wanted = (
            select(
                *(c.id, tables.SCENARIO.c.key.label("scenario"), result.repetition, result.attempt),
                *(c.name, c.conversation),
                *(c.deployment, c.locale, c.opened_at, c.status, c.violations, c.unclaimed, c.recording),
            )
            .select_from(tables.CONVERSATION.join(tables.RESULT).join(tables.SCENARIO))
            .where(result.run_id == run)
            .order_by(c.id)
        )
        ours = tables.CONVERSATION.join(tables.RESULT)
        with self.database.reading() as connection:
            rows = connection.execute(wanted).mappings().all()
            turns: defaultdict[int, list[Turn]] = defaultdict(list)
            turn = tables.TURN.c
            asked = select(tables.TURN).select_from(tables.TURN.join(ours)).where(result.run_id == run)
            for row in connection.execute(asked.order_by(turn.conversation_id, turn.number)).mappings():
                turns[row["conversation_id"]].append(_turn(row))
            channel: defaultdict[int, defaultdict[str, list[float | None]]]
            channel = defaultdict(lambda: defaultdict(list))
            one = tables.CHANNEL.c
            happened = select(one.conversation_id, one.metric, one.value).select_from(tables.CHANNEL.join(ours))
            for number, metric, value in connection.execute(
                happened.where(result.run_id == run).order_by(one.conversation_id, one.metric, one.place)
            ):
                channel[number][metric].append(value)
        return tuple(
            Kept(
                **{name: value for name, value in row.items() if name not in {"id", "status"}},
                status=Status(row["status"]),
                turns=tuple(turns[row["id"]]),
                channel=MappingProxyType({name: tuple(values) for name, values in channel[row["id"]].items()}),
            )
            for row in rows
        )

    def samples(self, run: int) -> Mapping[Key, Sample]:
        """The values of every metric in a run, by series: for budgets, and percentiles with intervals."""
        with self.database.reading() as connection:
            return points.samples(connection, run)

    def series(
        self,
        target: str,
        *,
        scenarios: Collection[str] | None = None,
        metrics: Collection[str] | None = None,
        locale: str | None = None,
        environment: str | None = None,
        kinds: Collection[Kind] = (Kind.RUN, Kind.NIGHT),
        runs: Collection[int] | None = None,
        until: int | None = None,
        last: int | None = None,
    ) -> Nights:
        """What series came to, night by night; a run that was killed or interrupted is no night.

        Nights are in the order of their numbers: a clock may be put back.

        Args:
            target: Name of the service under test.
            scenarios: Ids of scenarios; all if None.
            metrics: Names of metrics; all if None.
            locale: Of the customers; all if None.
            environment: Nights of this machine and Python only.
            kinds: Which runs count as nights.
            runs: Of those, the ones with these numbers; all if None.
            until: The last run that does.
            last: The newest so many nights only.
        """
        run, series, point = tables.RUN.c, tables.SERIES.c, tables.POINT.c
        of_night = (run.target == target) & run.exit_code.in_(WHOLE)
        of_night &= run.kind.in_(kinds)
        if environment is not None:
            of_night &= run.environment == environment
        if runs is not None:
            of_night &= run.id.in_(runs)
        if until is not None:
            of_night &= run.id <= until
        newest = select(run.id, run.started_at, run.version, run.environment).where(of_night)
        chosen = [series.target == target]
        chosen += [] if scenarios is None else [tables.SCENARIO.c.key.in_(scenarios)]
        chosen += [] if metrics is None else [series.metric.in_(metrics)]
        chosen += [] if locale is None else [series.locale == locale]
        keys = select(series.id, tables.SCENARIO.c.key, series.locale, series.metric).select_from(
            tables.SERIES.join(tables.SCENARIO)
        )
        with self.database.reading() as connection:
            rows = connection.execute(newest.order_by(run.id.desc()).limit(last)).all()
            nights = tuple(Night(*row) for row in reversed(rows))
            places = {night.run: place for place, night in enumerate(nights)}
            named = {
                number: Key(target, *key)
                for number, *key in connection.execute(keys.where(*chosen).order_by(*list(keys.selected_columns)[1:]))
            }
            found: dict[int, list[Point | None]] = {}
            if places and named:
                values = select(point.series_id, point.run_id, *(point[name] for name in Point._fields)).where(
                    point.series_id.in_(named), point.run_id.between(min(places), max(places))
                )
                for number, of_run, *told in connection.execute(values):
                    if (place := places.get(of_run)) is not None:
                        found.setdefault(number, [None] * len(nights))[place] = Point(*told)
        return Nights(nights, {key: tuple(found[number]) for number, key in named.items() if number in found})

    def slowest(self, run: int, metric: str, *, last: int = 10) -> tuple[Slow, ...]:
        """The worst turns of a run by a metric, the worst first.

        Args:
            run: Its number.
            metric: Name of a metric of turns, of which less or more is better.
            last: How many at most.

        Raises:
            ValueError: There is no such metric, or it is neither better nor worse.
        """
        if metric not in TURN or TURN[metric].better == "neither":
            raise ValueError(f"{metric!r} is no metric of turns by which one can be slow")
        turn, c = tables.TURN.c, tables.CONVERSATION.c
        value = turn[metric]
        wanted = (
            select(value, tables.SCENARIO.c.key, c.conversation, turn.number, turn.words, c.recording)
            .select_from(tables.RESULT.join(tables.SCENARIO).join(tables.CONVERSATION).join(tables.TURN))
            .where(tables.RESULT.c.run_id == run, value.is_not(None), ~turn.is_opening)
            .order_by(value.asc() if TURN[metric].better == "more" else value.desc(), c.id, turn.number)
            .limit(last)
        )
        with self.database.reading() as connection:
            return tuple(Slow(*row) for row in connection.execute(wanted))


def _runs(connection: Connection, *which: ColumnElement[bool], last: int | None = None) -> tuple[Run, ...]:
    run, result = tables.RUN.c, tables.RESULT.c
    wanted = select(tables.RUN).where(*which).order_by(run.id.desc()).limit(last)
    rows = connection.execute(wanted).mappings().all()
    numbers = [row["id"] for row in rows]
    ended = select(result.run_id, result.status, result.excused, func.count()).where(result.run_id.in_(numbers))
    ends: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for number, status, excused, count in connection.execute(
        ended.group_by(result.run_id, result.status, result.excused)
    ):
        word = EXCUSED if excused else status
        ends[number][word] = ends[number].get(word, 0) + count
    held = select(result.run_id, func.count().label("held")).select_from(tables.RESULT.join(tables.CONVERSATION))
    of_runs = held.where(result.run_id.in_(numbers)).group_by(result.run_id)
    counts = {row.run_id: row.held for row in connection.execute(of_runs)}
    return tuple(
        Run(
            **{**row, "kind": Kind(row["kind"])},
            results=MappingProxyType(ends[row["id"]]),
            conversations=counts.get(row["id"], 0),
        )
        for row in reversed(rows)
    )


def _turn(row: Mapping[Any, Any]) -> Turn:
    values = MappingProxyType({name: row[name] for name in TURN if row[name] is not None})
    told = (row["number"], row["words"], row["is_opening"], Ending(row["ending"]), row["waited_ms"], row["down_ms"])
    return Turn(*told, values, unpacked(row["gaps"]))
