"""What a run came to: from its turns, a point of every series.

Written once, when a run ends, so that a year is read without its turns. Retries pick those that the service had a good
moment for, so only what held at once, or did not, counts. Not here: what a sample is (metrics/summaries.py).
"""

import math
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from harness.metrics.names import CHANNEL, TURN
from harness.metrics.summaries import Observed, Sample, Taken, is_disturbed, sample_of
from harness.metrics.turns import Ending
from harness.reporting.store import tables
from harness.reporting.store.values import Key, Point


def samples(connection: Connection, run: int) -> dict[Key, Sample]:
    """The values of every metric in a run, by series; those that there are none of are left out."""
    result, conversation, turn, channel = tables.RESULT.c, tables.CONVERSATION.c, tables.TURN.c, tables.CHANNEL.c
    joined = tables.RESULT.join(tables.RUN).join(tables.SCENARIO).join(tables.CONVERSATION)
    whose = (tables.RUN.c.target, tables.SCENARIO.c.key, conversation.locale, conversation.id)
    first = (result.run_id == run) & (result.attempt == 1)
    found: dict[Key, Sample] = {}

    metrics = [turn[name] for name in TURN]
    asked = select(*whose, turn.ending, turn.waited_ms, turn.down_ms, *metrics).select_from(joined.join(tables.TURN))
    questions: defaultdict[tuple[str, str, str], list[tuple[str, Ending, float, bool, tuple[float | None, ...]]]]
    questions = defaultdict(list)
    for target, scenario, locale, number, ending, waited, down, *values in connection.execute(
        asked.where(first, ~turn.is_opening).order_by(conversation.id, turn.number)
    ):
        how = Ending(ending)
        questions[target, scenario, locale].append((str(number), how, waited, is_disturbed(how, down), tuple(values)))
    for series, turns in questions.items():
        for place, (name, metric) in enumerate(TURN.items()):
            taken = (Taken(one, values[place], ending, waited, bad) for one, ending, waited, bad, values in turns)
            if (sample := sample_of(metric, taken)).n:
                found[Key(*series, name)] = sample

    happened = select(*whose, channel.metric, channel.value).select_from(joined.join(tables.CHANNEL)).where(first)
    events: defaultdict[Key, list[tuple[str, float | None]]] = defaultdict(list)
    for target, scenario, locale, number, name, value in connection.execute(
        happened.order_by(conversation.id, channel.place)
    ):
        events[Key(target, scenario, locale, name)].append((str(number), value))
    for key, read in events.items():
        observed = tuple(Observed(one, value) for one, value in read if value is not None)
        if observed and key.metric in CHANNEL:
            found[key] = Sample(CHANNEL[key.metric], observed, 0, len(read) - len(observed))
    return found


def point(sample: Sample) -> Point:
    """What a sample with at least one value came to."""
    values = sample.values
    half, most = (values[max(1, math.ceil(share * len(values) - 1e-9)) - 1] for share in (0.5, 0.9))
    return Point(sample.n, sample.censored, sample.left_out, sample.middle, half, most)


def summarise(connection: Connection, run: int) -> None:
    """Write the points of a run."""
    found = samples(connection, run)
    if not found:
        return
    ids = _series(connection, found)
    rows = [{"series_id": ids[key], "run_id": run, **point(sample)._asdict()} for key, sample in found.items()]
    connection.execute(insert(tables.POINT), rows)


def summarise_missing(connection: Connection) -> None:
    """Write the points of all runs that ended before there were any."""
    run = tables.RUN.c
    has_points = select(tables.POINT.c.run_id).where(tables.POINT.c.run_id == run.id).exists()
    for number in connection.scalars(select(run.id).where(run.ended_at.is_not(None), ~has_points)).all():
        summarise(connection, number)


def id_of(connection: Connection, table: Table, **values: str | int) -> int:
    """The number of the row with these values, which is made if it is not there; whoever makes it at once, too."""
    c = table.c
    wanted = select(c.id).where(*(c[name] == value for name, value in values.items()))
    if (found := connection.scalar(wanted)) is None:
        make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(make(table).values(**values).on_conflict_do_nothing())
        found = connection.scalars(wanted).one()
    return int(found)


def _series(connection: Connection, keys: Mapping[Key, object]) -> dict[Key, int]:
    scenarios = {name: id_of(connection, tables.SCENARIO, key=name) for name in {key.scenario for key in keys}}
    return {
        key: id_of(
            connection,
            tables.SERIES,
            target=key.target,
            scenario_id=scenarios[key.scenario],
            locale=key.locale,
            metric=key.metric,
        )
        for key in keys
    }
