"""Bringing a store to today's tables.

Not here: whether it needs it (opening.py); what each step does (migrations/versions/).
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from harness.reporting.store import migrations


def alembic(connection: Connection) -> Config:
    """What Alembic needs to know to work on a connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, to: str = "head") -> None:
    """Migrate, in the transaction of the connection.

    Args:
        connection: To the store, with a transaction that nobody else can be in.
        to: A revision; the newest by default.
    """
    command.upgrade(alembic(connection), to)
