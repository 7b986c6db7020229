"""Where a store is, as people write it; what can't be used is said in a sentence, and no password in any."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reporting.store.history import History
from harness.reporting.store.place import StoreUnusable, place
from harness.reporting.store.store import Store
from tests.reporting.store.server import PASSWORD, Server


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=4, max_size=20))
def test_a_password_is_never_shown(password: str) -> None:
    """In no form, whatever it is made of."""
    known = place(f"postgresql://somebody:{quote(password, safe='')}@db.example:5433/nights")
    assert known.shown == "postgresql://somebody@db.example:5433/nights"
    assert known.url is not None
    assert known.url.password == password
    assert password not in repr(known)
    told = known.hidden(f"can't sign in with {password!s} or {quote(password, safe='')}")
    assert told == "can't sign in with *** or ***"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        pytest.param(" ", "the history has no name; give a file, such as history.db, or postgresql://", id="nothing"),
        pytest.param(
            "mysql://h/d", "the history can't be at an address of 'mysql'; give a file, or", id="another kind"
        ),
        pytest.param("postgresql://host", "names no database; it should look like postgresql://", id="no database"),
        pytest.param("postgresql://me:hunter@2@h/d", "in a user or a password write @ as %40", id="an @"),
        pytest.param("postgresql://me:hunter2@[::1/d", "can't be read", id="half an address"),
        pytest.param("postgresql://me:hunter2@h:port/d", "can't be read", id="no port"),
    ],
)
def test_what_is_no_name_is_said(written: str, says: str) -> None:
    """With what is one."""
    with pytest.raises(StoreUnusable) as told:
        place(written)
    assert says in str(told.value)
    assert "hunter" not in str(told.value)


@pytest.mark.parametrize("opened", [History, Store])
def test_files_that_are_no_stores(tmp_path: Path, opened: type[History]) -> None:
    """A folder, and a file of something else."""
    (tmp_path / "notes.db").write_text("nothing of a database, but some words" * 40)
    with pytest.raises(StoreUnusable, match=r"notes\.db is no SQLite database .*; name another file for the history"):
        opened(str(tmp_path / "notes.db"))
    with pytest.raises(StoreUnusable, match=r"is a folder; name a file in it for the history, such as .*/history\.db"):
        opened(str(tmp_path))


def test_who_reads_makes_nothing(tmp_path: Path, postgresql: Server) -> None:
    """Neither a file nor tables."""
    file, url = tmp_path / "history.db", postgresql.database()
    with pytest.raises(StoreUnusable, match=r"there is no .*history.db; `harness run` and `pytest --history` keep"):
        History(str(file))
    assert not file.exists()
    for _ in range(2):
        with pytest.raises(StoreUnusable, match="is empty; `harness run` and"):
            History(url)


def test_where_there_can_be_no_file() -> None:
    """It is said what can."""
    with pytest.raises(
        StoreUnusable, match=r"the history can't be kept in /dev/null/h.db: .*; name a file in a folder"
    ):
        Store("/dev/null/h.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """It is said; reading goes on."""
    Store(str(tmp_path / "history.db")).close()
    tmp_path.chmod(0o555)
    try:
        History(str(tmp_path / "history.db")).close()
        with pytest.raises(StoreUnusable, match="name a file in a folder that can be written"):
            Store(str(tmp_path / "other.db"))
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        pytest.param("password", "password authentication failed", id="password"),
        pytest.param("database", 'database "nights" does not exist', id="database"),
        pytest.param("port", "refused", id="nobody there"),
    ],
)
def test_servers_that_refuse(postgresql: Server, wrong: str, says: str) -> None:
    """What the server said, without the password."""
    url = postgresql.url("nights", password="hunter/2" if wrong == "password" else PASSWORD)
    if wrong == "port":
        url = url.replace(f":{postgresql.port}/", ":1/")
    with pytest.raises(StoreUnusable) as told:
        Store(url)
    assert says in str(told.value)
    assert "check the address, the server and the user's rights" in str(told.value)
    for secret in (PASSWORD, "hunter/2", quote(PASSWORD, safe="")):
        assert secret not in str(told.value)
