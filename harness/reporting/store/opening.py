"""Opening a store: the way there, and today's tables in it.

SQLite writes ahead (WAL), so that readers see whole transactions while others write; who finds another writing waits.
What goes wrong is said in a sentence, without a password. Not here: how tables are brought to today's (migrating.py).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from harness.documents import shown_path
from harness.reporting.store.place import Place, StoreUnusable
from harness.reporting.store.points import summarise_missing
from harness.reporting.store.tables import METADATA, REVISIONS, VERSION

PATIENCE = 30
"""Seconds to wait for another writer, and for a server to answer."""

_WRITES = "harness_writes"
_LOCK = 0x6861726E657373
"""What processes that migrate one PostgreSQL database wait for each other at."""


class Database:
    """A store that is open.

    Args:
        place: Where it is.
        writing: Whether it is written to: it is made where there is none, and migrated where it is older.

    Attributes:
        place: Where it is.
        was: The revision that it was of; None if it was empty.

    Raises:
        StoreUnusable: There is none, it is no store or a newer one, it can't be reached or written.
    """

    def __init__(self, place: Place, *, writing: bool) -> None:
        self.place = place
        with self._explained():
            self._engine = _postgresql(place.url) if place.url is not None else _sqlite(place.file or Path(), writing)
        try:
            with self.reading() as connection:
                self.was = self._revision(connection)
            if self.was != REVISIONS[-1]:
                self._bring_up_to_date(writing)
        except StoreUnusable:
            self.close()
            raise

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            StoreUnusable: What the database said.
        """
        with self._explained(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it or nothing.

        Raises:
            StoreUnusable: What the database said.
        """
        with self._explained(), self._engine.connect() as connection:
            connection.execution_options(**{_WRITES: True})
            with connection.begin():
                yield connection

    def _bring_up_to_date(self, writing: bool) -> None:
        shown = self.place.shown
        if not writing:
            if self.was is None:
                raise StoreUnusable(f"{shown} is empty; `harness run` and `pytest --history` keep the history there")
            raise StoreUnusable(
                f"{shown} is of an older harness (revision {self.was}, today's is {REVISIONS[-1]}); the next run that "
                "writes to it brings it up to date"
            )
        from harness.reporting.store.migrating import upgrade  # noqa: PLC0415 - Alembic is slow to import and rarely used

        with self.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            self.was = self._revision(connection)  # somebody may have been quicker
            upgrade(connection)
            summarise_missing(connection)

    def _revision(self, connection: Connection) -> str | None:
        there = set(inspect(connection).get_table_names())
        shown = self.place.shown
        if VERSION not in there:
            in_the_way = sorted(there if self.place.file is not None else there & set(METADATA.tables))
            if in_the_way:
                raise StoreUnusable(
                    f"{shown} is a database of something else: it has a table {in_the_way[0]!r}; name another place "
                    "for the history"
                )
            return None
        revision = connection.execute(text(f"SELECT version_num FROM {VERSION}")).scalar()  # noqa: S608 - our own name
        if revision is not None and revision not in REVISIONS:
            raise StoreUnusable(
                f"{shown} was written by a newer harness (revision {revision}, this one knows {REVISIONS[-1]}); update "
                "the harness, or name another place for the history"
            )
        return None if revision is None else str(revision)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise StoreUnusable(self._explanation(error)) from None  # the cause may show a password

    def _explanation(self, error: Exception) -> str:
        original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        said = self.place.hidden(" ".join(str(original).split())) or type(original).__name__
        shown, file = self.place.shown, self.place.file
        if file is None:
            return f"the history at {shown} can't be used: {said}; check the address, the server and the user's rights"
        if "not a database" in said or "malformed" in said:
            return f"{shown} is no SQLite database ({said}); name another file for the history, or move this one away"
        if "locked" in said:
            return f"{shown} was locked by another program for {PATIENCE} s; close what has it open, and run again"
        return f"the history can't be kept in {shown}: {said}; name a file in a folder that can be written"


def _sqlite(file: Path, writing: bool) -> Engine:
    shown = shown_path(file)
    if file.is_dir():
        raise StoreUnusable(f"{shown} is a folder; name a file in it for the history, such as {file.name}/history.db")
    if writing:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = "rwc"
    elif not file.exists():
        raise StoreUnusable(f"there is no {shown}; `harness run` and `pytest --history` keep the history there")
    elif os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
        mode = "rw"
    else:  # where nothing can be written, WAL can't keep its index, and nobody else is writing either
        mode = "ro" if Path(f"{file}-wal").exists() else "ro&immutable=1"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{file.as_uri()}?mode={mode}", uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        if writing and connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        """Take the lock at once, where it is going to be needed: who reads first can't wait for it."""
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, connect_args={"connect_timeout": PATIENCE}, hide_parameters=True)
    except ImportError:
        raise StoreUnusable(
            "PostgreSQL needs a driver that is not installed; pip install 'conversation-harness[postgresql]'"
        ) from None
