"""A look at a page with a real browser, for tests: what it showed, and whom it asked.

Here: finding a Chromium, serving a folder on a loopback port, one visit. Not here: clicks and keys; what can only
be seen after a click has an address of its own (`index.html#<test>`).
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

FLAGS = (
    "--headless",
    "--no-sandbox",  # tests run as root in containers, where the sandbox can't be set up; our pages are all it sees
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nobody but our own server can be reached, whatever the page wants.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def find() -> str:
    """The browser's executable: `CHROME_BIN`, or the first Chromium or Chrome there is.

    Without one, the calling test is skipped on a developer's machine and fails in CI, where `.ci/run` sees to it.
    """
    wanted = os.environ.get("CHROME_BIN")
    for name in (wanted,) if wanted else (*NAMES, str(MAC)):
        if found := shutil.which(name):
            return found
    reason = "no Chromium or Chrome was found; install one, or name it in CHROME_BIN"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of opening a page."""

    dom: str
    """The document as HTML, after its scripts had ten seconds of their own time."""
    requested: frozenset[str]
    """Addresses that the page asked for, answered or not; the browser's own traffic is left out."""

    @property
    def elsewhere(self) -> frozenset[str]:
        """The requests that went to another machine."""
        return frozenset(url for url in self.requested if not url.startswith(("http://127.0.0.1:", "data:", "blob:")))


def visit(url: str, *, scratch: Path) -> Visit:
    """Open one page and wait until it has settled.

    Args:
        url: Its address; on loopback, nothing else can be reached.
        scratch: An existing folder for the browser's profile and log.
    """
    log = scratch / "net-log.json"
    command = [
        find(),
        *FLAGS,
        f"--user-data-dir={scratch / 'profile'}",
        f"--log-net-log={log}",
        # Not a wait: the page's clock is wound forward as soon as nothing is being fetched.
        "--virtual-time-budget=10000",
        "--dump-dom",
        url,
    ]
    # S603: the command is ours, and so is the page.
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    return Visit(
        dom=done.stdout.decode("utf-8"),
        requested=_requested(json.loads(log.read_bytes())) | {url},
    )


def _requested(log: dict[str, Any]) -> frozenset[str]:
    start = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    jobs = [event.get("params", {}) for event in log["events"] if event["type"] == start]
    # What the browser asks for by itself (updates, the time, its own store) has no page behind it.
    return frozenset(job["url"] for job in jobs if "url" in job and job.get("initiator") != "not an origin")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name for it
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder as a web site on a free loopback port; gives its address, without a slash at the end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
