"""`harness open`: the last report in a browser, served from the loopback interface.

Not here: making reports (run.py, report.py).
"""

import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click

from harness.cli.latency import LATENCY
from harness.cli.listing import CONVERSATIONS, shown
from harness.errors import HarnessError

_HOST = "127.0.0.1"
_PARTS = (("report", "html"), ("conversations", CONVERSATIONS), ("latency", LATENCY))
"""What there may be to open, the one to begin with first: its name, and its folder."""


def serve_report(folder: Path, *, port: int, is_shown: bool) -> None:
    """Serve reports until Ctrl-C or a termination signal.

    Args:
        folder: Where a run has left them, or a single report.
        port: On the loopback interface; 0 takes a free one.
        is_shown: Whether to open a browser.

    Raises:
        HarnessError: There is no report.
        OSError: The port is taken.
    """
    parts = list(_parts(folder))
    if not parts:
        raise HarnessError(
            f"there is no report in {str(folder)!r}; `harness run` makes one, `harness report` makes it again"
        )
    with ThreadingHTTPServer((_HOST, port), partial(_Handler, directory=str(folder))) as server:
        stop = threading.Event()
        for ended_by in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ended_by, lambda *_: stop.set())
        addresses = {what: f"http://{_HOST}:{server.server_address[1]}/{path}" for what, path in parts}
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
        serving.start()
        try:
            click.echo(f"serving {shown(folder)}; Ctrl-C ends it")
            for what, address in addresses.items():
                click.echo(f"{what:<14} {address}")
            sys.stdout.flush()
            if is_shown:
                webbrowser.open(next(iter(addresses.values())))
            stop.wait()
        finally:
            server.shutdown()
            serving.join()


def _parts(folder: Path) -> Iterator[tuple[str, str]]:
    for what, name in _PARTS:
        if (folder / name / "index.html").is_file():
            yield what, f"{name}/"
    if (folder / "index.html").is_file():
        yield "report", ""


class _Handler(SimpleHTTPRequestHandler):
    """Files of a folder, to be asked for by this machine's own name only: no page from elsewhere gets to read them."""

    def send_head(self) -> Any:
        """Refuse who was led here by a name that somebody else chose."""
        if self.headers.get("Host", "").rpartition(":")[0] not in {_HOST, "localhost"}:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        return super().send_head()

    def end_headers(self) -> None:
        """Have nothing kept: the next run leaves other reports at the same address."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name for it
        """Say nothing of what is asked for."""
