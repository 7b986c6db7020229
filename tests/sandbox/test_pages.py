"""The sandbox's pages in a real browser: what a person can do there, and what a bot can't do to them."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Page, async_playwright, expect

from harness.sandbox.bots import load_bot
from harness.sandbox.pages import FOLDER, PLACES
from harness.sandbox.server import Sandbox
from tests.browser import FLAGS, find

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOTS = Path(__file__).parents[1] / "bots"
PATIENCE = 30_000.0
"""Milliseconds; on a busy machine a browser is slow."""

Open = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser that reaches nobody but us."""
    executable = find()
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox with the shipped bots and those of the tests."""
    async with Sandbox([BOTS]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Open]:
    """What opens a page; in the end none may have complained, or asked for anything elsewhere."""
    troubles: list[str] = []

    def complained(said: ConsoleMessage, but: str) -> None:
        if said.type in {"error", "warning"} and but not in said.text:
            troubles.append(f"{said.text} ({said.location})")

    def requested(url: str) -> None:
        if not url.startswith((f"{sandbox.url}/", "data:")):
            troubles.append(f"asked for {url}")

    async with AsyncExitStack() as contexts:

        async def visit(
            path: str, *, width: int = 900, scheme: Literal["light", "dark"] = "light", but: str = "nothing"
        ) -> Page:
            context = await browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 700})
            contexts.push_async_callback(context.close)
            context.set_default_timeout(PATIENCE)
            page = await context.new_page()
            page.on("console", lambda said: complained(said, but))
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("dialog", lambda dialog: troubles.append(f"opened a dialog: {dialog.message}"))
            page.on("request", lambda request: requested(request.url))
            await page.goto(f"{sandbox.url}{path}")
            return page

        yield visit
    assert troubles == []


async def say(page: Page, text: str) -> None:
    """Write a message and send it, by the keyboard."""
    await page.get_by_label("Message").fill(text)
    await page.keyboard.press("Enter")


async def test_an_end_user_chats_with_a_bot(visit: Open) -> None:
    """From the choice of a bot to the close."""
    page = await visit("/chat")
    await page.get_by_label("Bot").select_option("Harbour_Assistant")
    await page.get_by_role("button", name="Start").click()
    log = page.get_by_role("log")
    await say(page, "Where is my order ORD-1001?")  # it is not connected yet
    await expect(log).to_contain_text("Hello")
    await expect(log.get_by_text("has shipped")).to_have_count(1)
    await expect(log.locator("li.own")).to_contain_text("read by Harbour Assistant")
    await page.get_by_role("button", name="Close conversation").click()
    await expect(log).to_contain_text("The conversation is closed")
    await expect(page.get_by_label("Message")).to_be_hidden()


async def test_what_goes_wrong_is_told(visit: Open) -> None:
    """By the page, and by the message that did not get through."""
    page = await visit("/chat?deployment=Nowhere")
    await expect(page.get_by_role("alert")).to_have_text('There is no deployment "Nowhere"; choose another')
    page = await visit("/chat?deployment=Harbour_Menu&sandbox.fault=drip", but="400 (Bad Request)")
    await expect(page.get_by_role("alert")).to_contain_text("drip")
    await say(page, "Hello?")
    await expect(page.locator("li.own")).to_contain_text("not sent: The sandbox answered 400: ")


ODD = r"""
bot: Odd Bot
deployment: Test_Odd
attachments: true
setup:
  prechat:
    each: session
    asks:
      - {name: _email, type: Email, required: true}
      - {name: Topic, type: ChoiceList, options: [Card, Loan]}
      - {name: Basket, hidden: true}
greeting: [{message: "Mail to {_email} about {Topic} and {Basket}."}]
turns:
  - when: ^options$
    do: [{buttons: {text: "<b>Which?</b>", options: ["<img src=x onerror=alert(1)>", "Blue"]}}]
  - choice: Blue
    do: [{form: {title: Paint, fields: [
      {label: Shade, required: true, pattern: "[a-z]+"},
      {label: Day, type: date},
      {label: Extras, type: choice, multiple: true, options: [Brush, Tape]}]}}]
  - form: Paint
    do: [{message: "{shade}, {day}, {extras}"}]
  - file: .
    do: [{message: "Got {file}."}]
  - when: ^link$
    do:
      - raw:
          event: CONVERSATION_MESSAGE
          data:
            conversationId: "{conversation}"
            conversationEntry:
              senderDisplayName: <i>Odd</i>
              sender: {role: Chatbot}
              entryPayload:
                entryType: Message
                abstractMessage:
                  messageType: StaticContentMessage
                  id: 00000001-0000-4000-8000-000000000000
                  staticContent:
                    formatType: RichLink
                    linkItem: {titleItem: {title: Click}, url: "javascript:alert(1)"}
  - when: ^bye$
    do: [{end_session: true}]
  - otherwise: true
    do: [{message: Again.}]
"""


@pytest_asyncio.fixture(loop_scope="module")
async def odd(sandbox: Sandbox, tmp_path: Path) -> None:
    """A bot with whatever an end user can fill in, and with names that are no names."""
    path = tmp_path / "odd.bot.yaml"
    path.write_text(ODD, encoding="utf-8")
    sandbox.bots["Test_Odd"] = load_bot(path)


@pytest.mark.usefixtures("odd")
async def test_an_end_user_fills_in_what_a_bot_asks(visit: Open) -> None:
    """The form before the chat, hidden values in the page's address, options, a form that is refused first, a file."""
    page = await visit("/chat?deployment=Test_Odd&Basket=B-7")
    await page.get_by_label("email").fill("ana@example.com")
    await page.get_by_label("Topic").select_option("Loan")
    await page.get_by_role("button", name="Start").click()
    log = page.get_by_role("log")
    await expect(log).to_contain_text("Mail to ana@example.com about loan and B-7.")
    await say(page, "options")
    await page.get_by_role("button", name="Blue").click()
    await page.get_by_label("Shade").fill("7")
    await page.get_by_label("Day").fill("2026-03-12")
    await page.get_by_label("Tape").check()
    await page.get_by_role("button", name="Submit").click()
    await expect(log).to_contain_text("The form was not taken: Shade is not valid")
    await page.get_by_label("Shade").fill("navy")
    await page.get_by_role("button", name="Submit").click()
    await expect(log).to_contain_text("navy, 2026-03-12, Tape")
    await page.get_by_label("File").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
    await page.get_by_role("button", name="Send").click()
    await expect(log).to_contain_text("Got a.txt.")
    await say(page, "bye")
    await expect(log).to_contain_text("The session has ended, by bot")
    await say(page, "hello")
    await expect(log.get_by_text("Mail to ana@example.com")).to_have_count(2)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param(
            "Opening hours?",
            "Our shops are open from 9:00 to 18:00 on weekdays and from 10:00 to 16:00 on Saturdays.",
            id="in their own order",
        ),
        pytest.param(
            "I need a loan",
            "I can't decide on a loan here. An adviser checks it with you within one working day.",
            id="without those that do not hold",
        ),
    ],
)
async def test_tokens_are_shown_as_they_come(visit: Open, said: str, shown: str) -> None:
    """Here no final message follows them, by a fault that the page's address asks for."""
    page = await visit("/chat?deployment=Harbour_Assistant&sandbox.fault=missing_final")
    await expect(page.get_by_role("log")).to_contain_text("Hello")
    await say(page, said)
    await expect(page.locator("li[aria-busy=true] .words")).to_have_text(shown)


@pytest.mark.usefixtures("odd")
async def test_what_a_bot_sends_is_text(visit: Open) -> None:
    """Markup, scripts, controls, direction overrides, events that can't be read; the chat goes on after all of it."""
    page = await visit("/chat?deployment=Test_Hostile", but="ERR_INCOMPLETE_CHUNKED_ENCODING")
    log = page.get_by_role("log")
    await expect(log).to_contain_text("Ready.")
    await say(page, "control")
    await expect(log).to_contain_text(r"\u{1b}[2J\u{1b}[31mRED\u{7}<script>alert(1)</script>\u{202e}gnp.exe")
    await say(page, "malformed")
    await expect(log).to_contain_text("an event that can't be read: CONVERSATION_MESSAGE")
    await say(page, "unknown")
    await expect(log).to_contain_text("an event that can't be read: CONVERSATION_SOMETHING_NEW")
    await say(page, "half")
    await expect(log).to_contain_text("This message is cut in the middle.")
    await say(page, "too large")
    await expect(log).to_contain_text("(3,000,000 characters)")

    page = await visit("/chat?deployment=Test_Odd")
    await page.get_by_label("email").fill("ana@example.com")
    await page.keyboard.press("Enter")
    log = page.get_by_role("log")
    await say(page, "options")
    await expect(log).to_contain_text("<b>Which?</b>")
    await page.get_by_role("button", name="<img src=x onerror=alert(1)>").click()
    await say(page, "link")
    await expect(log).to_contain_text("<i>Odd</i>")
    await expect(log).to_contain_text("Click (javascript:alert(1))")
    await expect(log.locator("a, img, b, i, script")).to_have_count(0)


async def test_a_page_that_forgot_it_would_run_nothing(browser: Browser, sandbox: Sandbox) -> None:
    """The policy refuses what becomes HTML, and scripts that stand in it."""
    page = await browser.new_page()
    await page.goto(f"{sandbox.url}/rep")
    with pytest.raises(Error, match="TrustedHTML"):
        await page.evaluate("document.body.innerHTML = '<p>'")
    with pytest.raises(Error, match="TrustedScript"):
        await page.evaluate("document.body.setAttribute('onclick', 'window.ran = true')")
    broken = """() => new Promise((heard) => {
        document.addEventListener("securitypolicyviolation", (one) => heard(one.effectiveDirective), {once: true});
        fetch("http://127.0.0.1:9/").catch(() => setTimeout(() => heard("nothing broken"), 2000));
    })"""
    assert await page.evaluate(broken) == "connect-src"
    await page.close()


async def test_a_rep_answers_an_end_user(visit: Open) -> None:
    """Who waits is listed, live, is joined, answered and left; everybody sees what the others do."""
    listed, user, rep = await visit("/"), await visit("/chat?deployment=Harbour_Desk"), await visit("/rep")
    card = listed.locator("#conversations > li")
    await expect(card).to_contain_text("A bot answers")
    await say(user, "Your supervisor, please")
    await expect(card).to_contain_text("Waiting for a rep")
    await expect(card).to_contain_text("Kim L")
    await rep.get_by_role("button", name="Harbour_Desk").press("Enter")
    await expect(rep.get_by_role("log")).to_contain_text("Your supervisor, please")
    await rep.get_by_role("button", name="Join").press("Enter")
    await expect(card).to_contain_text("A rep is there")
    await rep.get_by_label("Message").press_sequentially("<b>Hello</b>")
    await expect(user.locator("#doing")).to_contain_text("Kim L is typing…")
    await rep.keyboard.press("Enter")
    await expect(user.get_by_role("log")).to_contain_text("<b>Hello</b>")
    await expect(user.locator("#doing")).to_be_empty()
    await expect(card).to_contain_text("<b>Hello</b>")
    await say(user, "Thank you")
    await expect(user.locator("li.own").last).to_contain_text("delivered to Kim L")
    await expect(rep.get_by_role("log").locator("li.theirs").last).to_contain_text("Thank you")
    await rep.get_by_role("button", name="Leave to the bot").click()
    await expect(user.get_by_role("log")).to_contain_text("Kim L (rep) has left")
    await expect(card).to_contain_text("A bot answers")
    await expect(rep.get_by_label("Message")).to_be_hidden()
    await user.get_by_role("button", name="Close conversation").click()
    await expect(card).to_contain_text("Closed")


CONTRASTS = """() => {
    const channel = (one) => (one /= 255) <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const [r, g, b] = numbers(colour).map(channel);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (one) => {
        for (; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if ((numbers(colour)[3] ?? 1) > 0) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const said = document.querySelectorAll("p, a, button, label, h1, h2, span, textarea, select, input");
    return [...said].filter((one) => one.checkVisibility() && !one.disabled && one.textContent.trim()).map((one) => {
        const [a, b] = [light(getComputedStyle(one).color), light(ground(one))].sort((a, b) => b - a);
        return [(a + 0.05) / (b + 0.05), one.textContent];
    }).sort((a, b) => a[0] - b[0])[0];
}"""
"""The least contrast of text on a page, and the text. Source: WCAG 2.2, "contrast ratio"."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_fit_who_reads_them(visit: Open, scheme: Literal["light", "dark"]) -> None:
    """Narrow screens scroll one way, text stands out from its ground, and whatever can be used has a name."""
    word = "w" * 200
    user = await visit("/chat?deployment=Harbour_Desk", width=320, scheme=scheme)
    await say(user, "I want to complain")
    await expect(user.get_by_label("Your name")).to_be_visible()
    await say(user, f"supervisor {word}")
    rep = await visit("/rep", width=320, scheme=scheme)
    await rep.get_by_role("button", name="Harbour_Desk").click()
    await rep.get_by_role("button", name="Join").click()
    await say(rep, word)
    await expect(user.get_by_role("log")).to_contain_text(word)
    listed = await visit("/", width=320, scheme=scheme)
    await expect(listed.locator("#conversations > li")).to_have_count(1)
    await expect(listed.locator("#deployments > li").first).to_be_visible()
    grounds = set()
    for page in (user, rep, listed):
        sideways = (
            "[...document.querySelectorAll('*')].filter((one) => one.scrollWidth > 320).map((one) => one.outerHTML)"
        )
        assert await page.evaluate(sideways) == []
        least, text = await page.evaluate(CONTRASTS)
        assert least >= 4.5, text
        tree = await page.locator("body").aria_snapshot()
        assert (
            re.findall(r"- (?:textbox|button|combobox|link|checkbox|log|region)(?::| \[|$).*", tree, re.MULTILINE) == []
        )
        grounds.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == {{"light": "rgb(246, 247, 249)", "dark": "rgb(20, 23, 26)"}[scheme]}


async def test_every_file_of_the_pages_has_its_place() -> None:
    """None is forgotten, and none is in the folder for nothing."""
    assert sorted(PLACES.values()) == sorted(file.name for file in FOLDER.iterdir())
