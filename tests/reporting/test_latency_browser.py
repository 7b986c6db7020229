"""The latency page in a real Chromium: nothing runs, nothing is fetched, everybody can read it.

Sync Playwright keeps an event loop of its own running: no coroutine may be a test in this file.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from harness.reporting.latency.page import page
from harness.reporting.latency.recalled import recalled
from tests.reporting.latencies import hostile_names, night
from tests.reporting.looking import LOOKS, WIDTHS, Opening, opening, running
from tests.reporting.store.kept import outcome, talk

PAGES = ("night.html", "hostile.html", "alone.html")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all of them."""
    with running() as one:
        yield one


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages."""
    folder = tmp_path_factory.mktemp("pages")
    tonight = night(folder / "history.db")
    by_itself = recalled([(1, outcome(talk(0.4, 0.8, 1.2, 0.5, 0.6, 0.7, 8.0)))], budgets={"reply": 0.7})
    assert by_itself is not None
    for name, latency in zip(PAGES, (tonight, hostile_names(tonight), by_itself), strict=True):
        (folder / name).write_bytes(page(latency).encode())
    return folder


@pytest.fixture
def opened(chromium: Browser, site: Path) -> Opening:
    """Opens a page of the site from its file, in a browser of its own."""
    return opening(chromium, site)


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_alone(opened: Opening, site: Path, name: str, scheme: str, width: int) -> None:
    """No complaint on the console, no request but for itself, no script, nothing wider than the window."""
    with opened(name, scheme=scheme, width=width) as look:
        look.assert_stands_alone(site / name)
        assert look.page.title().startswith("Latency: ")


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_everybody_can_read_it(opened: Opening, scheme: str, width: int) -> None:
    """axe-core finds nothing, with every table open."""
    with opened("night.html", scheme=scheme, width=width, may_inject=True) as look:
        look.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert look.barriers() == []


@pytest.mark.parametrize("name", ["hostile.html", "alone.html"])
def test_everybody_can_read_the_others(opened: Opening, name: str) -> None:
    """As above."""
    with opened(name, width=320, may_inject=True) as look:
        assert look.barriers() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_picture_is_within_its_frame(opened: Opening, width: int) -> None:
    """Lines, labels and dots, on a phone too; pictures of a row do not meet."""
    with opened("night.html", width=width) as look:
        wide = look.page.evaluate(
            """() => [...document.querySelectorAll('.panel')].filter(one => {
                const frame = one.getBoundingClientRect();
                return [...one.querySelectorAll('svg.small *')].some(part => {
                  const box = part.getBoundingClientRect();
                  return box.left < frame.left - 1 || box.right > frame.right + 12;
                });
              }).length"""
        )
        assert wide == 0
        assert look.page.locator(".panel").count() > 20


def test_colours_change_with_the_scheme(opened: Opening) -> None:
    """The paper, the curve, the stalls."""
    seen = []
    for scheme in ("light", "dark"):
        with opened("night.html", scheme=scheme) as look:
            told = look.page.evaluate(
                """() => [getComputedStyle(document.body).backgroundColor,
                   getComputedStyle(document.querySelector('path.now')).stroke,
                   getComputedStyle(document.querySelector('path[class^=s]')).fill]"""
            )
            seen.append(told)
    assert not set(seen[0]) & set(seen[1])


def test_it_can_be_used_by_keys(opened: Opening) -> None:
    """What skips the contents first; a table opens with Enter, and can be scrolled on a phone."""
    with opened("night.html", width=320) as look:
        look.page.keyboard.press("Tab")
        assert look.page.evaluate("document.activeElement.textContent") == "To the verdicts"
        look.page.keyboard.press("Enter")
        look.comes_in_sight("s-verdicts")
        closed = look.page.locator("details.metric:not([open]) > summary").first
        closed.focus()
        look.page.keyboard.press("Enter")
        table = look.page.locator("details.metric[open] .scroll").nth(1)
        assert table.is_visible()
        table.focus()
        look.page.keyboard.press("ArrowRight")
        look.page.wait_for_function("() => document.querySelectorAll('.scroll')[1].scrollLeft > 0")


def test_anchors_jump(opened: Opening) -> None:
    """From the contents to a section."""
    with opened("night.html") as look:
        links = look.page.locator("nav[aria-label=sections] a").all()
        assert [link.inner_text() for link in links] == ["verdicts", "waits", "streaming quality", "gaps", "nights"]
        for link in links:
            link.click()
            look.comes_in_sight(look.page.url.partition("#")[2])


def test_it_is_heard_as_it_is_seen(opened: Opening) -> None:
    """Headings, landmarks, tables with headers; a picture by its caption."""
    with opened("night.html") as look:
        tree = look.page.locator("body").aria_snapshot()
        for part in (
            'heading "Latency, night 36 of sandbox" [level=1]',
            'navigation "sections"',
            'region "How the waits are spread"',
            'columnheader "over budget"',
            'rowheader "A refund suites/shop/a_refund.scenario.yaml en_US"',
            "p50 526 ms, p90 578 ms, n 40; baseline p50 393 ms",
        ):
            assert part in tree
        assert look.page.locator("svg:not([aria-hidden] svg):not([aria-hidden])").count() == 0


def test_it_can_be_printed(opened: Opening) -> None:
    """On white, with all tables; pictures in colour."""
    with opened("night.html") as look:
        look.page.emulate_media(media="print", color_scheme="dark")
        assert look.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not look.page.locator("nav[aria-label=sections]").is_visible()
        assert look.page.locator("details.metric table").last.is_visible()
        assert look.page.pdf(format="A4").startswith(b"%PDF")


def test_nothing_of_hostile_names_runs(opened: Opening) -> None:
    """Not even where the page's own ban is lifted: there is nothing to run."""
    with opened("hostile.html", may_inject=True) as look:
        look.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert look.complaints == []
        assert look.requests == [look.page.url]
        assert look.page.title().startswith("Latency: ")
        assert look.page.locator("base, plaintext, [onerror], [onload], [http-equiv=refresh]").count() == 0
        hrefs = look.page.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        assert all(href.startswith("#s-") for href in hrefs)
