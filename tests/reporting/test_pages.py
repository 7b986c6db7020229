"""The page of a conversation, as text: what is on it, what can't be, how it is cut."""

import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings

from harness.events.text import printable
from harness.reporting.pages import failure
from harness.reporting.pages.index import clear, index, listed_in, slowest, write_index
from harness.reporting.pages.markup import DASH
from harness.reporting.pages.page import SIZE, pages, write
from harness.reporting.pages.summary import summary_in
from harness.scenarios.outcome import Outcome, Status, Step
from harness.timeline.timeline import Timeline
from tests.expectations.building import event
from tests.expectations.test_explanation import GOLDENS
from tests.reporting import hostile
from tests.reporting.specimens import Making, faulty, known, long, outcome, tokens
from tests.timeline.arbitrary import timelines

_EMPTY = {"meta"}
_ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "h1", "h2", "h3", "p", "a"),
    *("span", "small", "b", "i", "em", "q", "code", "pre", "bdi", "del", "abbr", "ul", "li", "dl", "dt", "dd", "div"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "figcaption"),
    *("svg", "g", "line", "rect", "path", "circle", "text"),
}


class Read(HTMLParser):
    """A page taken apart; it complains of what is not well formed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.metas: list[dict[str, str | None]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        told = dict(attrs)
        self.elements[tag] += 1
        self.attributes.update(told.keys())
        if (name := told.get("id")) is not None:
            self.ids[name] += 1
        if tag == "a":
            self.links.append(told.get("href") or "")
        if tag == "meta":
            self.metas.append(told)
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of a picture, which has nothing in it."""
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """An element ends; it is the one that began last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text."""
        self.text.append(data)


def check(html: str) -> Read:
    """What holds of every page."""
    read = Read(html)
    assert set(read.elements) <= _ELEMENTS
    assert not [name for name in read.attributes if name.startswith("on") or name in {"src", "style", "srcset"}]
    assert not [name for name, times in read.ids.items() if times > 1]
    policies = [meta["content"] for meta in read.metas if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    for link in read.links:
        assert re.fullmatch(r"(\.?/?[\w.~-]+\.html)?(#[a-z-]+\d*)?", link), link
    return read


def text_of(html: str) -> str:
    """What there is to read on a page, white space made one blank."""
    return " ".join("".join(Read(html).text).split())


def test_a_page_says_what_did_not_hold_before_anything_else() -> None:
    """With the measured value, what was still open, and links to the events."""
    (page,) = pages(faulty())
    read = check(page)
    said = text_of(page)
    order = ["✗ failed", "unexpected token 1.496 s after", "still open", "wanted gap at most 0.4 s, saw 0.612 s"]
    order += ["Timing by turn", "Timeline", "Tokens over time", "Transcript", "Rules (1 broken)", "Events (108)"]
    places = [said.index(words) for words in [*order, "Raw stream"]]
    assert places == sorted(places)
    assert page.index('href="#e33"') < page.index('class="steps"') < page.index('id="s-timing"')
    anchors = {f"#{name}" for name in read.ids}
    assert {link for link in read.links if link.startswith("#")} <= anchors


def test_numbers_are_those_of_the_table() -> None:
    """The head, the verdict and the transcript say what the metrics say: 612 ms, and 463 ms to the first token."""
    said = text_of(pages(faulty())[0])
    assert "slowest first token463 ms" in said
    assert "longest gap612 ms" in said
    assert "the longest of 612 ms before #33" in said
    assert "37 tokens, first after 463 ms" in said
    assert "612 ms stall on" in said


def test_withdrawn_text_is_struck_through_and_faults_are_framed() -> None:
    """In the order of the numbers, whatever the order of arrival."""
    (page,) = pages(faulty())
    assert re.search(r"<del>.*?Yes, .*?course, .*?once!.*?</del>", page)
    assert "Done" not in re.findall(r"<del>(.*?)</del>", page)[0]
    assert re.search(r'<i class="wrong"><small>came before <a href="#e44">#44</a></small>refund </i>', page)
    assert re.search(r'<i class="wrong"><small>out of order <a href="#e82">#82</a></small>your </i>', page)
    assert re.search(r'<i class="w3"><small><a href="#e33">612 ms</a>', page)
    assert "started and out of order #82your bank will show" in text_of(page)


def test_every_token_is_coloured_by_the_wait_before_it() -> None:
    """Quick, slow, slower, a stall; the first of an answer waits for nothing that its colour could say."""
    made = Making()
    made.open()
    made.stream(
        known("a"), [(0.1, 0, "one "), (0.05, 1, "two "), (0.051, 2, "three "), (0.4, 3, "four "), (0.5, 4, "five")]
    )
    (page,) = pages(outcome(made.end()))
    shown = re.findall(r'<i( class="[^"]*")?>(?:<small>.*?</small>)?(\w+) ?</i>', page)
    assert shown == [
        *((' class="first"', "one"), ("", "two"), (' class="w1"', "three"), (' class="w2"', "four")),
        (' class="w3"', "five"),
    ]


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_outcome_gives_the_same_page(seed: str) -> None:
    """In another process as well, whatever its hashes."""
    program = (
        "from harness.reporting.pages.page import pages; from tests.reporting.specimens import faulty; "
        "import sys; sys.stdout.buffer.write(pages(faulty())[0].encode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == pages(faulty())[0].encode()


def test_550_events_fit_on_one_page() -> None:
    """Of less than 200 KB, with frames as long as the service's."""
    (page,) = pages(long(550))
    assert len(page.encode()) <= SIZE == 200_000
    check(page)


def test_551_events_do_not() -> None:
    """However little is in them."""
    beats = [event("heartbeat", number / 10) for number in range(551)]
    assert len(pages(outcome(Timeline(beats[:-1])))) == 1
    assert len(pages(outcome(Timeline(beats)))) == 2


def anchors_of(made: list[str]) -> list[tuple[int, str]]:
    """Where events are: the page, and the anchor."""
    return [(number, one) for number, page in enumerate(made) for one in check(page).ids if re.fullmatch(r"e\d+", one)]


def test_a_longer_conversation_is_cut_into_pages() -> None:
    """Every event is on one of them, and links lead to the page it is on."""
    whole = long(1_300)
    made = pages(whole, name="talk")
    assert len(made) > 2
    assert all(len(page.encode()) <= SIZE for page in made)
    where = anchors_of(made)
    assert sorted(int(anchor[1:]) for _, anchor in where) == list(range(1_300))
    names = ["talk.html", *(f"talk-{number}.html" for number in range(2, len(made) + 1))]
    ids = dict(zip(names, (check(page).ids for page in made), strict=True))
    followed = 0
    for name, page in zip(names, made, strict=True):
        for link in check(page).links:
            file, _, anchor = link.partition("#")
            assert file in {"", *names}
            assert not anchor or anchor in ids[file or name]
            followed += bool(file and anchor)
    assert followed
    assert f"page1 of {len(made)}" in text_of(made[0])


def test_pages_without_addresses_link_nowhere_else() -> None:
    """As attachments, whose names nobody knows; it is said which part has the event."""
    made = pages(long(1_300))
    assert not [link for page in made for link in check(page).links if not link.startswith("#")]
    assert any("(part 2)" in text_of(page) for page in made)


def test_weighty_events_are_cut_into_smaller_pages() -> None:
    """However much of it has to be escaped."""
    made = Making()
    made.open()
    for _ in range(60):
        made.bot("message", 0.1, text="<&\x1b" * 20_000)
    cut = pages(outcome(made.end()))
    assert len(cut) > 1
    assert all(len(page.encode()) <= SIZE for page in cut)
    assert sorted(int(anchor[1:]) for _, anchor in anchors_of(cut)) == list(range(len(made.recorder.timeline)))


def test_a_hostile_bot_is_shown_as_text() -> None:
    """Nothing it says is an element, an attribute or an address; what acts on screens is spelt out."""
    made = pages(hostile.conversation())
    said = " ".join(text_of(page) for page in made)
    for words in hostile.TEXTS:
        shown = " ".join(printable(words[:60]).split())
        assert shown in said
    for page in made:
        check(page)
        assert len(page.encode()) <= SIZE
        assert not {"\x1b", "\u202e", "\u2066", "\x00", "\x07"} & set(page)


@settings(max_examples=60, deadline=None)
@given(timelines())
def test_any_conversation_has_a_page(seen: Timeline) -> None:
    """Well formed, without script, every anchor once."""
    for page in pages(Outcome("c", "\u202e<b>", "t", "d", 0.0, seen, scenario="<i>::\x1b[2J")):
        check(page)


@pytest.mark.parametrize("name", GOLDENS)
def test_nothing_of_a_failure_is_lost(name: str) -> None:
    """Every line is in a part or among the rest, but for what happened, which the page shows anyway."""
    message = GOLDENS[name][1]
    told = failure.read(message)
    happened = message.index("  what happened") if "  what happened" in message else len(message)
    for line in message[:happened].split("\n")[1:]:
        held = [one for _, lines in told.parts for one in lines] + list(told.rest)
        assert any(one.strip() and one.strip() in line for one in held) or not line.strip()
    assert told.head == message.split("\n")[0]
    if "\n  >" in message:
        assert told.decided is not None
    page = pages(outcome(Timeline(()), Step("expect it", 0.0, 1.0, Status.FAILED, message)))[0]
    assert " ".join(told.head.split()) in text_of(page)


def test_a_folder_of_pages_is_listed(tmp_path: Path) -> None:
    """What did not hold first, then the slowest; each with what its page says of itself."""
    write(long(80), tmp_path, name="held")
    write(faulty(), tmp_path, name="failed")
    write(long(1_300), tmp_path, name="longer")
    (tmp_path / "mine.html").write_text("<p>not a page of a conversation</p>")
    found = listed_in(tmp_path)
    assert [one.name for one in found] == ["failed.html", "longer.html", "held.html"]
    assert found[0].summary.failed == 2
    assert found[0].summary.stalls == 1
    first = slowest(found)
    assert first is not None
    assert first.name == "failed.html"
    said = text_of(write_index(tmp_path, ["one was <cut> off"]).read_text(encoding="utf-8"))
    assert "1 failed, 2 passed" in said
    assert "one was <cut> off" in said
    check(index(found))
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.html"]


def test_a_page_of_another_version_is_no_page(tmp_path: Path) -> None:
    """It says what nobody knows; it is left alone."""
    path = tmp_path / "page.html"
    path.write_text('<meta name="conversation-summary" content="{&quot;new&quot;:1}">')
    assert summary_in(path) is None
    clear(tmp_path)
    assert path.exists()


def test_tokens_are_linked_where_they_are_folded() -> None:
    """An ordinary token has an address, though it shares a row."""
    seen = faulty()
    read = check(pages(seen)[0])
    assert all(f"e{place}" in read.ids for place, _ in tokens(seen.timeline))


def test_an_interval_is_told_from_its_number() -> None:
    """Also on one line, where nothing else sets them apart."""
    routed = event("routed", at=0.622, earliest=0.117, succeeded=True, routing="initial")
    seen = Timeline([event("opened", at=0.0), routed])
    assert f"routed (ms)622 (117{DASH}622)" in text_of(pages(outcome(seen))[0])
