"""A store of an older harness: brought up to date with all that is in it, or said in a sentence."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from harness.reporting.store import tables
from harness.reporting.store.gaps import packed
from harness.reporting.store.history import History
from harness.reporting.store.migrating import upgrade
from harness.reporting.store.opening import Database
from harness.reporting.store.place import StoreUnusable, place
from harness.reporting.store.store import Store
from harness.reporting.store.values import Kind, Point
from tests.reporting.store.kept import BEGAN, reported

RUNS = """
INSERT INTO run (id, started_at, ended_at, exit_code, target, version, environment, harness, note)
VALUES (:id, :began, :ended, :code, 'sandbox', 'bot 1', 'a machine', '0.0.1', '')
"""
RESULTS = """
INSERT INTO result (id, run_id, scenario_id, repetition, status, excused, attempt, started_at, lasted_ms, why)
VALUES (:id, :id, 1, 0, 'passed', :no, 1, :began, 2500, '')
"""
CONVERSATIONS = """
INSERT INTO conversation
(id, result_id, name, conversation, deployment, locale, opened_at, status, violations, unclaimed, recording)
VALUES (:id, :id, '', 'c', 'Night', 'en_US', :began, 'passed', 0, 0, '')
"""
TURNS = """
INSERT INTO turn (conversation_id, number, words, is_opening, ending, waited_ms, down_ms, ttft_ms, answer_ms, gaps)
VALUES (:id, 1, 'quick', :no, 'answered', 400, 0, 200, :answer, :gaps)
"""


def old(where: str, revision: str) -> None:
    """Make a store as an older harness left it: two runs that ended, and one that was killed."""
    known = place(where)
    if known.file is not None:
        known.file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(known.url or f"sqlite:///{known.file}")
    with engine.begin() as connection:
        upgrade(connection, revision)
        connection.execute(text("INSERT INTO scenario (id, key) VALUES (1, 'a::one')"))
        for number in (1, 2, 3):
            _fill(connection, number)
        if connection.dialect.name == "postgresql":
            for table in ("run", "scenario", "result", "conversation"):
                connection.execute(text(f"SELECT setval('{table}_id_seq', 3)"))
    engine.dispose()


def _fill(connection: Connection, number: int) -> None:
    killed, began = number == 3, BEGAN + number
    told = {"id": number, "began": began, "no": False}
    run = told | {"ended": None if killed else began + 60, "code": None if killed else 0}
    turn = {"id": number, "no": False, "answer": 400.0 + number, "gaps": packed([0.02, 0.03])}
    for statement, values in ((RUNS, run), (RESULTS, told), (CONVERSATIONS, told), (TURNS, turn)):
        names = {name: value for name, value in values.items() if f":{name}" in statement}
        connection.execute(text(statement), names)


@pytest.mark.parametrize("revision", tables.REVISIONS[:-1])
def test_an_older_store_is_brought_up_to_date(where: str, revision: str) -> None:
    """Who writes to it finds all that was there, and what the runs before came to; runs go on being numbered."""
    old(where, revision)
    with Store(where) as store:
        assert store.database.was == revision
        first, second, killed = store.runs()
        assert (first.kind, first.version, first.conversations, killed.ended_at) == ("run", "bot 1", 1, None)
        [kept] = store.conversations(second.id)
        assert kept.turns[0].values == {"ttft_ms": 200.0, "answer_ms": 402.0}
        assert kept.turns[0].gaps == (20.0, 30.0)
        [points] = store.series("sandbox", metrics=["answer_ms"]).series.values()
        assert points == (Point(1, 0, 0, 401.0, 401.0, 401.0), Point(1, 0, 0, 402.0, 402.0, 402.0))
        run = store.begin(target="sandbox", kind=Kind.NIGHT)
        store.add(run, reported("a::one", 0.4))
        store.end(run, exit_code=0)
        assert run > killed.id
        assert len(store.series("sandbox", metrics=["answer_ms"]).nights) == 3
    with History(where) as history:
        assert len(history.runs()) == 4


@pytest.mark.parametrize("revision", ["", *tables.REVISIONS])
def test_every_way_leads_to_the_same_tables(where: str, revision: str) -> None:
    """Those that the code knows, to the column."""
    if revision:
        old(where, revision)
    with Store(where) as store, store.database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": tables.VERSION, "compare_type": True})
        assert compare_metadata(context, tables.METADATA) == []


def test_who_reads_an_older_store_is_told(where: str) -> None:
    """In a sentence; nothing is changed."""
    old(where, "0001")
    for _ in range(2):
        with pytest.raises(StoreUnusable) as told:
            History(where)
        assert str(told.value) == (
            f"{place(where).shown} is of an older harness (revision 0001, today's is 0003); the next run that writes "
            "to it brings it up to date"
        )


@pytest.mark.parametrize("opened", [History, Store])
def test_a_newer_store_is_left_alone(where: str, opened: type[History]) -> None:
    """An older harness does not know what is in it."""
    Store(where).close()
    database = Database(place(where), writing=True)
    with database.writing() as connection:
        connection.execute(text(f"UPDATE {tables.VERSION} SET version_num = '9999'"))  # noqa: S608 - our own name
    database.close()
    with pytest.raises(StoreUnusable) as told:
        opened(where)
    assert str(told.value) == (
        f"{place(where).shown} was written by a newer harness (revision 9999, this one knows 0003); update the "
        "harness, or name another place for the history"
    )


def test_somebody_elses_tables_are_left_alone(tmp_path: Path) -> None:
    """A database of something else gets none of ours."""
    with sqlite3.connect(tmp_path / "accounts.db") as connection:
        connection.execute("CREATE TABLE account (id)")
    connection.close()
    with pytest.raises(StoreUnusable, match="is a database of something else: it has a table 'account'; name another"):
        Store(str(tmp_path / "accounts.db"))
    with sqlite3.connect(tmp_path / "accounts.db") as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("account",)]
    connection.close()


def test_half_a_migration_is_none(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails on the way leaves the store as it was."""
    old(where, "0001")
    with monkeypatch.context() as patched:
        patched.setattr("harness.reporting.store.opening.summarise_missing", _out_of_room)
        with pytest.raises(StoreUnusable, match="no room left"):
            Store(where)
    with pytest.raises(StoreUnusable, match="revision 0001"):
        History(where)
    with Store(where) as store:
        assert len(store.runs()) == 3


def _out_of_room(_: Connection) -> None:
    raise OSError("no room left")
