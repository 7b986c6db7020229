"""Pages of reports in a real Chromium: opening one from its file, and what every one of them must stand.

Sync Playwright keeps an event loop of its own running: no coroutine may be a test where it is used. Here: looking. Not
here: what is on a page.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, sync_playwright

from tests import browser

WIDTHS = (320, 1_400)
SCHEMES = ("light", "dark")
LOOKS = [pytest.param(scheme, width, id=f"{scheme}, {width} wide") for scheme in SCHEMES for width in WIDTHS]

_IN_SIGHT = """
name => {
  const box = document.getElementById(name).getBoundingClientRect();
  return box.height > 0 && box.top >= 0 && box.top < innerHeight;
}
"""
"""Whether an element is where a reader looks."""


class Look:
    """A page that is open, and what happened while it was opened."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("request", lambda request: self.requests.append(request.url))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.page, name)

    def has_room(self) -> bool:
        """Whether nothing is wider than the window."""
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        return bool(wide <= window)

    def is_in_sight(self, name: str) -> bool:
        """Whether an element is where a reader looks."""
        return bool(self.page.evaluate(_IN_SIGHT, name))

    def comes_in_sight(self, name: str) -> None:
        """Wait until an element is where a reader looks; the browser may go there when it likes."""
        self.page.wait_for_function(_IN_SIGHT, arg=name)

    def assert_stands_alone(self, file: Path) -> None:
        """No complaint on the console, no request but for itself, no script, nothing wider than the window."""
        assert self.requests == [file.as_uri()]
        assert self.complaints == []
        assert self.page.locator("script, iframe, object, embed, img, link").count() == 0
        assert self.has_room()

    def barriers(self) -> list[str]:
        """What axe-core finds; it needs a script, so the page is opened with `may_inject`."""
        found = Axe().run(self.page).response["violations"]
        return [f"{one['impact']} {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


Opening = Callable[..., AbstractContextManager[Look]]


@contextmanager
def running() -> Iterator[Browser]:
    """A browser."""
    executable = browser.find()
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=executable, args=list(browser.FLAGS))
        yield one
        one.close()


def opening(chromium: Browser, site: Path) -> Opening:
    """What opens a page of a folder from its file, in a browser of its own."""

    @contextmanager
    def look(name: str, *, scheme: str = "light", width: int = 1_400, may_inject: bool = False) -> Iterator[Look]:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            bypass_csp=may_inject,
        )
        try:
            one = Look(context.new_page())
            one.page.goto((site / name).as_uri())
            yield one
        finally:
            context.close()

    return look
