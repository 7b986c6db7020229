"""Writing the history: a run is begun, scenarios are added as they are reported, and it is ended.

Each of them is one transaction, so whoever is killed leaves whole scenarios and a run without an end. Any number of
processes may write to one store at once. Written is only what outcomes say, which have nothing private in them. Not
here: reading (history.py).
"""

import os
import platform
import time

from sqlalchemy import Connection, delete, insert, select, update

import harness
from harness.metrics.measuring import TurnMetrics, measure
from harness.metrics.names import CHANNEL, TURN, readings
from harness.reporting.store import tables
from harness.reporting.store.gaps import packed
from harness.reporting.store.history import History
from harness.reporting.store.points import id_of, summarise
from harness.reporting.store.values import Kind, Reported
from harness.scenarios.outcome import Outcome

_MS = 1000.0


class Store(History):
    """A store that is written to, and read; it is made where there is none, and brought up to date where it is older.

    Args:
        where: A file, or the URL of a PostgreSQL database.

    Raises:
        StoreUnusable: It can't be written; so do the methods.
    """

    _writes = True

    def begin(
        self,
        *,
        target: str,
        kind: Kind = Kind.RUN,
        version: str = "",
        environment: str = "",
        started_at: float | None = None,
    ) -> int:
        """Begin a run.

        Args:
            target: Name of the service under test.
            kind: What it is for.
            version: What is under test there.
            environment: Machine and Python, by which runs can be compared; this one if empty.
            started_at: When it began; now if None.

        Returns:
            Its number.
        """
        row = {
            "kind": str(kind),
            "started_at": time.time() if started_at is None else started_at,
            "target": _plain(target),
            "version": _plain(version),
            "environment": environment or this_environment(),
            "harness": harness.__version__,
            "note": "",
        }
        with self.database.writing() as connection:
            return int(connection.execute(insert(tables.RUN).values(row).returning(tables.RUN.c.id)).scalar_one())

    def add(self, run: int, reported: Reported) -> None:
        """Add a scenario that was reported, with its conversations."""
        with self.database.writing() as connection:
            row = {
                "run_id": run,
                "scenario_id": id_of(connection, tables.SCENARIO, key=_plain(reported.scenario)),
                "repetition": reported.repetition,
                "status": str(reported.status),
                "excused": reported.excused,
                "attempt": reported.attempt,
                "started_at": reported.started_at,
                "lasted_ms": reported.lasted * _MS,
                "why": _plain(reported.why),
            }
            result = connection.execute(insert(tables.RESULT).values(row).returning(tables.RESULT.c.id)).scalar_one()
            for outcome in reported.outcomes:
                _add(connection, result, outcome)

    def end(self, run: int, *, exit_code: int, note: str = "", ended_at: float | None = None) -> None:
        """End a run; one in which no scenario was reported is not kept.

        Args:
            run: Its number.
            exit_code: pytest's.
            note: What went wrong with keeping it.
            ended_at: When it ended; now if None.
        """
        told = {"ended_at": time.time() if ended_at is None else ended_at, "exit_code": exit_code, "note": _plain(note)}
        with self.database.writing() as connection:
            if connection.scalar(select(tables.RESULT.c.id).where(tables.RESULT.c.run_id == run).limit(1)) is None:
                connection.execute(delete(tables.RUN).where(tables.RUN.c.id == run))
                return
            connection.execute(update(tables.RUN).where(tables.RUN.c.id == run).values(told))
            summarise(connection, run)


def this_environment() -> str:
    """The machine and the Python of this process: what makes times comparable, and names nobody."""
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, Python {python}"


def _add(connection: Connection, result: int, outcome: Outcome) -> None:
    row = {
        "result_id": result,
        "name": _plain(outcome.name),
        "conversation": _plain(outcome.conversation),
        "deployment": _plain(outcome.deployment),
        "locale": outcome.locale,
        "opened_at": outcome.opened_at,
        "status": str(outcome.status),
        "violations": len(outcome.violations),
        "unclaimed": len(outcome.unclaimed),
        "recording": _plain(outcome.recording),
    }
    kept = insert(tables.CONVERSATION).values(row).returning(tables.CONVERSATION.c.id)
    number = connection.execute(kept).scalar_one()
    measured = measure(outcome.timeline)
    if measured.turns:
        connection.execute(insert(tables.TURN), [_turn(number, turn) for turn in measured.turns])
    happened = [
        {"conversation_id": number, "metric": name, "place": place, "value": None if span is None else span.value}
        for name, metric in CHANNEL.items()
        for place, span in enumerate(metric.read(measured))
    ]
    if happened:
        connection.execute(insert(tables.CHANNEL), happened)


def _turn(conversation: int, turn: TurnMetrics) -> dict[str, object]:
    read = readings(turn)
    return {
        "conversation_id": conversation,
        "number": turn.number,
        "words": _plain(turn.words),
        "is_opening": turn.is_opening,
        "ending": str(turn.ending),
        "waited_ms": turn.waited * _MS,
        "down_ms": turn.down * _MS,
        **{name: read[name].value if name in read else None for name in TURN},
        "gaps": packed([gap.value for gap in turn.gaps]),
    }


def _plain(text: str) -> str:
    """A text that every database takes: PostgreSQL has no NUL, and neither has halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
