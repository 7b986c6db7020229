"""The page in a real Chromium: nothing runs, nothing is fetched, links lead somewhere, everybody can read it.

Sync Playwright keeps an event loop of its own running: no coroutine may be a test in this file.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from harness.reporting.pages.index import write_index
from harness.reporting.pages.page import write
from tests import browser
from tests.reporting import hostile
from tests.reporting.looking import LOOKS, SCHEMES, WIDTHS, Opening, opening, running
from tests.reporting.specimens import faulty, long

_CONTRAST = """
() => {
  const parse = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const seen = colour => { const [, , , a] = parse(colour); return a === undefined || a === 1; };
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)' && seen(colour)) return parse(colour);
    }
    return parse(getComputedStyle(document.documentElement).backgroundColor);
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  return [...document.querySelectorAll('.say i')].map(element => {
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  });
}
"""
"""The contrast of every token with its colour, by WCAG 2.2, section 1.4.3; axe leaves out what is in two colours."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all of them."""
    with running() as one:
        yield one


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages."""
    folder = tmp_path_factory.mktemp("pages")
    write(faulty(), folder, name="faulty")
    write(long(1_300), folder, name="long")
    write(hostile.conversation(), folder, name="hostile")
    write_index(folder)
    (folder / "favicon.ico").touch()  # browsers ask servers for it, whatever is on a page
    return folder


@pytest.fixture
def opened(chromium: Browser, site: Path) -> Opening:
    """Opens a page of the site from its file, in a browser of its own."""
    return opening(chromium, site)


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
@pytest.mark.parametrize("name", ["faulty.html", "long-2.html", "hostile.html", "index.html"])
def test_a_page_stands_alone(opened: Opening, site: Path, name: str, scheme: str, width: int) -> None:
    """No complaint on the console, no request but for itself, no script, nothing wider than the window."""
    with opened(name, scheme=scheme, width=width) as look:
        look.assert_stands_alone(site / name)
        assert "owned" not in look.page.title() or "<script>" in look.page.title()


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        *(("faulty.html", scheme, width) for scheme in SCHEMES for width in WIDTHS),
        *(("hostile.html", "light", 320), ("hostile-3.html", "dark", 1_400), ("long-3.html", "light", 1_400)),
        *(("index.html", "light", 1_400), ("index.html", "dark", 320)),
    ],
)
def test_everybody_can_read_it(opened: Opening, name: str, scheme: str, width: int) -> None:
    """axe-core finds nothing; it needs a script, so the page's own ban is lifted for it."""
    with opened(name, scheme=scheme, width=width, may_inject=True) as look:
        assert look.barriers() == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_tokens_can_be_read_on_their_colours(opened: Opening, scheme: str) -> None:
    """At 4.5 to 1 at least, withdrawn and faulty ones too."""
    with opened("faulty.html", scheme=scheme) as look:
        contrasts = look.page.evaluate(_CONTRAST)
        assert len(contrasts) > 70
        assert min(contrasts) >= 4.5


def test_the_colours_of_the_schemes_differ(opened: Opening) -> None:
    """Dark is dark: the paper, and each of the waits."""
    seen = {}
    for scheme in SCHEMES:
        with opened("faulty.html", scheme=scheme) as look:
            paper = look.page.evaluate("getComputedStyle(document.body).backgroundColor")
            waits = look.page.evaluate(
                "[0,1,2,3].map(n => getComputedStyle(document.querySelector('.legend .w' + n)).backgroundColor)"
            )
            seen[scheme] = [paper, *waits]
            assert len(set(waits)) == 4
    assert not set(seen["light"]) & set(seen["dark"])


@pytest.mark.parametrize("width", WIDTHS)
def test_anchors_jump(opened: Opening, width: int) -> None:
    """From a failure to the event that decided it, which is then marked, and from the contents to a section."""
    with opened("faulty.html", width=width) as look:
        assert not look.is_in_sight("e33")
        look.page.locator(".card a", has_text="#33").first.click()
        look.comes_in_sight("e33")
        assert look.page.evaluate("document.querySelector(':target').id") == "e33"
        look.page.goto(look.page.url.partition("#")[0])
        for link in look.page.locator("nav[aria-label=sections] a").all():
            link.click()
            look.comes_in_sight(look.page.url.partition("#")[2])


def test_an_anchor_opens_the_row_that_it_is_folded_in(opened: Opening) -> None:
    """A token among others, and a frame of the raw stream."""
    with opened("faulty.html") as look:
        for name in ("e20", "r20"):
            assert not look.page.locator(f"#{name}").is_visible()
            look.page.goto(look.page.url.partition("#")[0] + f"#{name}")
            look.comes_in_sight(name)


def test_it_works_in_a_preview_that_runs_no_scripts(opened: Opening, site: Path) -> None:
    """As in Allure 3: a frame with a sandbox, and the page in a blob."""
    with opened("index.html", may_inject=True) as look, browser.served(site) as address:
        look.page.goto(f"{address}/index.html")
        look.page.evaluate(
            """html => {
              const frame = document.createElement('iframe');
              frame.sandbox = 'allow-same-origin';
              frame.src = URL.createObjectURL(new Blob([html], {type: 'text/html'}));
              document.body.append(frame);
            }""",
            (site / "faulty.html").read_text(encoding="utf-8"),
        )
        frame = look.page.frame_locator("iframe")
        frame.locator(".card a", has_text="#33").first.click()
        frame.locator("#e33:target").wait_for()
        assert look.complaints == []


def test_links_lead_to_the_other_pages(opened: Opening) -> None:
    """Of a conversation that was cut, and from the list to a conversation."""
    with opened("index.html") as look:
        look.page.locator("tr", has_text="1,300").locator("a").click()
        look.page.locator("nav[aria-label=pages] a").last.click()
        assert look.page.url.rpartition("/")[2] == "long-3.html"
        assert look.page.locator("#e1299").count() == 1


def test_it_can_be_used_by_keys(opened: Opening) -> None:
    """Tab goes to what skips the contents first; a row opens with Enter; wide tables can be scrolled."""
    with opened("faulty.html", width=320) as look:
        look.page.keyboard.press("Tab")
        assert look.page.evaluate("document.activeElement.textContent") == "To the verdict"
        look.page.keyboard.press("Enter")
        look.comes_in_sight("s-verdict")
        row = look.page.locator("#e33 summary")
        row.focus()
        look.page.keyboard.press("Enter")
        assert look.page.locator("#e33 dl").is_visible()
        table = look.page.locator(".scroll").first
        table.focus()
        look.page.keyboard.press("ArrowRight")
        look.page.wait_for_function("() => document.querySelector('.scroll').scrollLeft > 0")


def test_it_is_heard_as_it_is_seen(opened: Opening) -> None:
    """Headings, landmarks, tables with headers, words where a sign would say nothing."""
    with opened("faulty.html") as look:
        tree = look.page.locator("body").aria_snapshot()
        for part in (
            'heading "Refund for a broken lamp ✗ failed2 of 8 steps" [level=1]',
            'navigation "sections"',
            'region "Verdict"',
            'columnheader "gap max"',
            "failed, step 5:",
            "deletion",
        ):
            assert part in tree
        assert look.page.locator("svg:not([aria-hidden] svg):not([aria-hidden])").count() == 0


def test_it_can_be_printed(opened: Opening, tmp_path: Path) -> None:
    """What is folded away on the screen is on paper, links are not blue, the contents are left out."""
    with opened("faulty.html") as look:
        look.page.emulate_media(media="print", color_scheme="dark")
        assert look.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not look.page.locator("nav[aria-label=sections]").is_visible()
        assert look.page.locator("#e20").is_visible()
        pdf = look.page.pdf(format="A4")
        assert pdf.startswith(b"%PDF")
        assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= 3


def test_nothing_of_a_hostile_bot_runs(opened: Opening) -> None:
    """Not even where the page's own ban is lifted: there is nothing to run."""
    with opened("hostile.html", may_inject=True) as look:
        look.page.locator("summary").evaluate_all("all => all.forEach(one => one.parentElement.open = true)")
        assert look.complaints == []
        assert look.requests == [look.page.url]
        assert look.page.evaluate("document.title").startswith("failed: <script>")
        assert (
            look.page.evaluate("document.querySelectorAll('[onerror], [onload], base, [http-equiv=refresh]').length")
            == 0
        )
        hrefs = look.page.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        assert all(href.startswith(("#", "hostile")) for href in hrefs)
        assert look.has_room()
