"""A real PostgreSQL for tests: the server of this machine's package, on loopback, with a password.

It refuses to run as root, so root starts it as somebody else. Without one the calling test is skipped on a developer's
machine and fails in CI, where `.ci/run` sees to it. Not here: what is tested with it.
"""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

USER = "keeper"
PASSWORD = "p@ss/w:rd %41"
"""With all that an address has to escape."""


@dataclass
class Server:
    """A server that runs.

    Attributes:
        port: Where it listens, on the loopback interface.
    """

    port: int
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str, password: str = PASSWORD) -> str:
        """The address of a database, as a person writes it."""
        return f"postgresql://{USER}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """Make a database; the address of it."""
        name = f"history_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


def binaries() -> Path:
    """The folder of the server's programs, the newest if there are several."""
    for found in filter(None, [shutil.which("pg_ctl")]):
        return Path(found).resolve().parent
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if packaged:
        return packaged[-1].parent
    reason = "no PostgreSQL server was found; on Debian: apt-get install postgresql"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def server() -> Iterator[Server]:
    """A server of its own, with nothing in it; gone afterwards."""
    programs, folder = binaries(), Path(mkdtemp(prefix="postgresql-"))
    somebody = _somebody(folder)
    data, password = folder / "data", folder / "password"
    password.write_text(PASSWORD)

    def call(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120, **somebody)
        log = folder / "log"
        assert done.returncode == 0, done.stdout + done.stderr + (log.read_text() if log.exists() else "")

    try:
        password.chmod(0o644)  # the folder is nobody else's
        call("initdb", "-D", str(data), "-U", USER, "--auth=scram-sha-256", f"--pwfile={password}", "-E", "UTF8")
        port = _free_port()
        said = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=50"
        call("pg_ctl", "start", "-w", "-D", str(data), "-l", str(folder / "log"), "-o", said)
        try:
            yield Server(port)
        finally:
            call("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(data))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _somebody(folder: Path) -> dict[str, Any]:
    """Whom the server is run as, and the folder is given to: us, unless we are root."""
    if os.geteuid() != 0:
        return {}
    names = {one.pw_name for one in pwd.getpwall()}
    user = pwd.getpwnam(next(name for name in ("postgres", "nobody") if name in names))
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
