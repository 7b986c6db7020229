"""Where a store is, as a person names it: a file, or the URL of a PostgreSQL database.

A password is never shown: whatever is said of a place goes through here. Not here: opening it (opening.py).
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from harness.documents import shown_path
from harness.errors import HarnessError

EXAMPLE = "postgresql://user@host/database"
"""How a URL looks."""

_HOST = re.compile(r"[\w.:-]*")


class StoreUnusable(HarnessError):  # noqa: N818 - says what happened
    """A store can't be opened, read or written."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is.

    Attributes:
        shown: What it is called where people read; without its password.
        file: The file of SQLite; None for a server.
        url: Of the server; None for a file.
    """

    shown: str
    file: Path | None = None
    url: URL | None = field(default=None, repr=False)

    def hidden(self, told: str) -> str:
        """A text, such as a driver's complaint, with whatever is secret of the place taken out."""
        secrets = [] if self.url is None else [self.url.password, *map(str, self.url.query.values())]
        for secret in filter(None, secrets):
            for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
                told = told.replace(form, "***")
        return told


def place(where: str) -> Place:
    """Read the name of a store.

    Args:
        where: A file, or the URL of a database: `postgresql://user:password@host:port/database`.

    Raises:
        StoreUnusable: It is no URL of a kind that is known.
    """
    if not where.strip():
        raise StoreUnusable(f"the history has no name; give a file, such as history.db, or {EXAMPLE}")
    scheme, colon, rest = where.partition("://")
    if not colon:
        return Place(shown_path(Path(where).absolute()), file=Path(where).absolute())
    if scheme == "sqlite":
        path = Path(rest.removeprefix("/")).absolute()
        return Place(shown_path(path), file=path)
    if scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise StoreUnusable(f"the history can't be at an address of {scheme!r}; give a file, or {EXAMPLE}")
    try:
        url = make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError):  # what they say may show the password
        raise StoreUnusable(f"the address of the history can't be read; it should look like {EXAMPLE}") from None
    if not _HOST.fullmatch(url.host or ""):
        raise StoreUnusable(
            "the address of the history can't be read; in a user or a password write @ as %40, / as %2F, : as %3A"
        )
    if not url.database:
        raise StoreUnusable(f"the address of the history names no database; it should look like {EXAMPLE}")
    shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
    return Place(shown.render_as_string(), url=url)
