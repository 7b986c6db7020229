"""What a message shows besides its text, as scenarios ask for it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events import (
    Answer,
    Attachment,
    Card,
    Component,
    Fault,
    Form,
    FormField,
    Link,
    Media,
    Message,
    Option,
    Record,
)
from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation
from harness.expectations.building import one
from harness.expectations.content import (
    answer,
    attachment,
    card,
    component,
    fault,
    field,
    link,
    link_opens,
    media,
    option,
    record,
)
from harness.expectations.engine import judge
from harness.expectations.matchers import Matcher, contains, ends_with, equals, starts_with
from harness.expectations.measures import less
from harness.expectations.patterns import One
from harness.expectations.structure import each, has, json_path
from harness.expectations.texts import capturing
from tests.expectations.building import timeline

GOLD = Card(
    title="Gold card",
    subtitle="No fee",
    image="A golden card",
    choices=("Choose gold",),
    links=(Link(label="Read more", address="https://harbour.example/gold"),),
)
BLUE = Card(title="Blue card", choices=("Choose blue",))
NAME = FormField(name="n", label="Full name", type="text", required=True, hint="As on your card")
TOPIC = FormField(
    name="t", label="Topic", type="choice", options=(Option(label="Card", value="1"), Option(label="Loan", value="2"))
)
PDF = Attachment(name="statement.pdf", type="application/pdf", address="https://a.example/1", upload="completed")
MAP = Media(description="Branch map", type="image/png", address="https://a.example/map.png")


@pytest.mark.parametrize(
    ("check", "fit", "unfit", "printed"),
    [
        (card(), GOLD, {NAME: repr(NAME)}, "card"),
        (
            card(title="Gold card"),
            GOLD,
            {BLUE: "card with title 'Blue card'"},
            "card with title 'Gold card'",
        ),
        (
            card(title=contains("card"), subtitle="No fee", choices=["Choose gold"]),
            GOLD,
            {BLUE: "card with subtitle '' and choices ('Choose blue',)"},
            "card with title containing 'card' and subtitle 'No fee' and choices ['Choose gold']",
        ),
        (
            card(choices=has(starts_with("Choose")), image="A golden card", links=has(link(label="Read more"))),
            GOLD,
            {BLUE: "card with image '' and links no items"},
            "card with image 'A golden card' and choices having one starting with 'Choose' "
            "and links having one link with label 'Read more'",
        ),
        (
            field(label="Full name", name="n", type="text", required=True, hint=contains("card")),
            NAME,
            {TOPIC: "field with label 'Topic' and name 't' and type 'choice' and required False and hint ''"},
            "field with label 'Full name' and name 'n' and type 'text' and required True and hint containing 'card'",
        ),
        (
            field(choices=["Card", "Loan"]),
            TOPIC,
            {NAME: "field with choices ()"},
            "field with choices ['Card', 'Loan']",
        ),
        (
            attachment(name=ends_with(".pdf"), type="application/pdf", upload="completed", address=link_opens()),
            PDF,
            {
                "x": "'x'",
                Attachment(name="a.pdf", upload="completed"): "attachment with type '' and address '' (does not begin "
                "with http:// or https://)",
            },
            "attachment with name ending with '.pdf' and type 'application/pdf' and address an address that opens "
            "and upload 'completed'",
        ),
        (
            option(label="Card", subtitle=""),
            TOPIC.options[0],
            {TOPIC.options[1]: "option with label 'Loan'"},
            "option with label 'Card' and subtitle ''",
        ),
        (
            answer(name="n", value="Ana"),
            Answer(name="n", value="Ana"),
            {Answer(name="n"): "answer with value ''"},
            "answer with name 'n' and value 'Ana'",
        ),
        (
            record(created=True),
            Record(id="r", created=True),
            {Record(): "record with created False"},
            "record with created True",
        ),
        (
            fault(code="Expired", text=contains("valid")),
            Fault(code="Expired", text="no longer valid"),
            {Fault(code="Expired"): "fault with text ''"},
            "fault with code 'Expired' and text containing 'valid'",
        ),
        (
            component(data=json_path("$.apr", less(5))),
            Component(type="Offers", data='{"apr": 4}'),
            {Component(data='{"apr": 7}'): "component with data 7 there"},
            "component with data at $.apr less than 5",
        ),
        (media(description=contains("map")), MAP, {PDF: repr(PDF)}, "media with description containing 'map'"),
    ],
)
def test_a_part_is_described_by_what_a_person_sees(
    check: Matcher, fit: object, unfit: dict[object, str], printed: str
) -> None:
    """The fields given have to fit; a mismatch tells those that do not."""
    assert str(check) == printed
    assert check.match(fit) is None
    for value, saw in unfit.items():
        mismatch = check.match(value)
        assert mismatch is not None
        assert mismatch.wanted == printed
        assert mismatch.saw == saw


@pytest.mark.parametrize(
    ("fields", "saw"),
    [
        ({"cards": has(card(title="Gold card"))}, None),
        ({"cards": each(card(title=ends_with("card")))}, None),
        ({"attachments": has(attachment(name=ends_with(".pdf")))}, None),
        ({"fields": has(field(label="Full name", required=True))}, "no items"),
        (
            {"cards": has(card(title="Gold crad", subtitle="No fee"))},
            "2 items, the nearest card with title 'Gold card'",
        ),
        ({"cards": each(card(choices=has("Choose gold")))}, "item 2 of 2: card with choices 1 item, 'Choose blue'"),
        ({"media": has(media())}, "no items"),
    ],
)
def test_a_message_is_asked_for_its_parts(fields: dict[str, object], saw: str | None) -> None:
    """One that fits, or each; otherwise the nearest is told."""
    message = Message(at=1, earliest=1, text="Choose", cards=(BLUE, GOLD)[::-1], attachments=(PDF,))
    pattern = one("message", **fields)
    (name, check), *_ = pattern.fields
    mismatch = check.match(getattr(message, name))
    assert (mismatch.saw if mismatch else None) == saw


@pytest.mark.parametrize(
    ("pattern", "shown", "saw"),
    [
        (v.message(cards=has(card(title="Gold card"))), {"cards": (GOLD,)}, {"cards": "no items"}),
        (v.message(options=has(option(label="Card"))), {"options": TOPIC.options}, {"options": "no items"}),
        (v.message(links=has(link(label="Read more"))), {"links": GOLD.links}, {"links": "no items"}),
        (v.message(media=has(media(description="Branch map"))), {"media": (MAP,)}, {"media": "no items"}),
        (v.message(attachments=has(attachment())), {"attachments": (PDF,)}, {"attachments": "no items"}),
        (
            v.message(fields=has(field(label="Topic", choices=has("Loan")))),
            {"form": Form(fields=(NAME, TOPIC))},
            {"fields": "no items"},
        ),
        (v.message(records=has(record(id="r"))), {"records": (Record(id="r"),)}, {"records": "no items"}),
        (v.message(errors=has(fault(code="a"))), {"errors": (Fault(code="a"),)}, {"errors": "no items"}),
        (
            v.message(components=has(component(type="Offers"))),
            {"components": (Component(type="Offers"),)},
            {"components": "no items"},
        ),
        (v.echo(answers=has(answer(value="Ana"))), {"answers": (Answer(value="Ana"),)}, {"answers": "no items"}),
        (v.echo(attachments=has(attachment())), {"attachments": (PDF,)}, {"attachments": "no items"}),
        (v.echo("Loan", in_reply_to="menu"), {"text": "Loan", "in_reply_to": "menu"}, {"in_reply_to": "None"}),
    ],
)
def test_every_part_can_be_asked_for_in_a_scenario(pattern: One, shown: dict[str, Any], saw: dict[str, str]) -> None:
    """What the bot shows, of a message; what the end user sends, of its echo."""

    def broken(**fields: Any) -> dict[str, str]:
        verdict = judge(Expectation(pattern, 1.0), timeline((pattern.kind, fields)))
        return {name: mismatch.saw for miss in verdict.misses for name, mismatch in miss.fields.items()}

    assert broken(**shown) == {}
    assert broken(text=shown.get("text", "")) == saw


def test_what_a_part_holds_can_be_remembered() -> None:
    """From the item that fits, all fields together."""
    check = has(card(title=capturing(kind=r"(\w+) card"), choices=has(capturing(choice="Choose .*"))))
    assert check.binds == {"kind", "choice"}
    assert check.captures((BLUE, GOLD)) == {"kind": "Blue", "choice": "Choose blue"}
    assert check.captures((TOPIC,)) == {}


OPENS = [
    "https://harbour.example/gold",
    "http://harbour.example",
    "HTTPS://Harbour.Example:8443/a?b=c#d",
    "https://b\u00fccher.example/\u00e4",
    "https://\u0939\u093f\u0928\u094d\u0926\u0940.example",
    "https://127.0.0.1/",
    "https://[::1]:8080/",
    "https://localhost./",
    "https://a_b.example/%20",
]
STAYS_SHUT = [
    ("", "does not begin with http:// or https://"),
    ("harbour.example", "does not begin with http:// or https://"),
    ("/gold", "does not begin with http:// or https://"),
    ("//harbour.example", "does not begin with http:// or https://"),
    ("javascript:alert(1)", "does not begin with http:// or https://"),
    ("ftp://harbour.example", "does not begin with http:// or https://"),
    ("https:harbour.example", "has no host"),
    ("https://", "has no host"),
    ("https:///gold", "has no host"),
    ("https://:80/", "has no host"),
    ("https://user:word@harbour.example", "has a user name or password in it"),
    ("https://harbour.example@evil.example", "has a user name or password in it"),
    ("https://@harbour.example", "has a user name or password in it"),
    (" https://harbour.example", "has a space, backslash or invisible character"),
    ("https://harbour.example/a b", "has a space, backslash or invisible character"),
    ("https://harbour.example/\n", "has a space, backslash or invisible character"),
    ("https://harbour.example\\@evil.example", "has a space, backslash or invisible character"),
    ("https://harbour.example/\u202egpj", "has a space, backslash or invisible character"),
    ("https://harbour\u200b.example/", "has a space, backslash or invisible character"),
    ("https://harbour..example", "has no valid host: 'harbour..example'"),
    ("https://-a.example", "has no valid host: '-a.example'"),
    ("https://a%41.example", "has no valid host: 'a%41.example'"),
    ("https://1.2.3", "has no valid host: '1.2.3'"),
    ("https://1.2.3.456", "has no valid host: '1.2.3.456'"),
    (f"https://{'a' * 64}.example", f"has no valid host: '{'a' * 64}.example'"),
    ("https://harbour.example:0", "has port 0"),
    ("https://harbour.example:99999", "Port out of range 0-65535"),
    ("https://harbour.example:x", "Port could not be cast to integer value as 'x'"),
    ("https://[::1", "Invalid IPv6 URL"),
]


@pytest.mark.parametrize("address", OPENS)
def test_an_address_that_a_browser_would_open(address: str) -> None:
    """Also that of a link, a file or a picture."""
    for value in (address, Link(address=address), Attachment(address=address), Media(address=address)):
        assert link_opens().match(value) is None


@pytest.mark.parametrize(("address", "problem"), STAYS_SHUT)
def test_an_address_that_does_not_open(address: str, problem: str) -> None:
    """With the reason."""
    mismatch = link_opens().match(Link(address=address))
    assert mismatch is not None
    assert mismatch.wanted == "an address that opens"
    assert mismatch.saw.endswith(f" ({problem})")


@pytest.mark.parametrize(
    ("hosts", "opens", "shut", "printed"),
    [
        (["harbour.example"], ["https://HARBOUR.example./x"], ["https://a.harbour.example"], "harbour.example"),
        (
            ["*.harbour.example", "a.example"],
            ["https://help.harbour.example", "https://a.example"],
            ["https://harbour.example", "https://evilharbour.example", "https://a.example.evil.example"],
            "*.harbour.example or a.example",
        ),
        ("a.example", ["https://a.example"], ["https://b.example"], "a.example"),
    ],
)
def test_hosts_can_be_named(hosts: list[str] | str, opens: list[str], shut: list[str], printed: str) -> None:
    """Each exactly, or all below it."""
    check = link_opens(hosts=hosts)
    assert str(check) == f"an address that opens on {printed}"
    assert all(check.accepts(address) for address in opens)
    assert not any(check.accepts(address) for address in shut)


def test_what_is_no_host_is_refused_when_built() -> None:
    """With what to write."""
    says = "not a host: 'https://a.example'; write 'help.example.com', or '*.example.com' for all below"
    with pytest.raises(ValueError, match=re.escape(says)):
        link_opens(hosts=["https://a.example"])


def unplugged(address: str) -> int:
    """A network that is down."""
    raise OSError(f"no route to {address}")


@pytest.mark.parametrize(
    ("fetch", "saw"),
    [
        (lambda _: 200, None),
        (lambda _: 399, None),
        (lambda _: True, None),
        (lambda _: 404, "'https://a.example' (answered 404)"),
        (lambda _: False, "'https://a.example' (does not open)"),
        (lambda _: None, "'https://a.example' (answered None)"),
        (unplugged, "'https://a.example' (OSError: no route to https://a.example)"),
    ],
)
def test_whoever_can_fetch_is_asked(fetch: Callable[[str], int], saw: str | None) -> None:
    """By a status, by yes or no; and what it raises is told."""
    mismatch = link_opens(fetch=fetch).match("https://a.example")
    assert (mismatch.saw if mismatch else None) == saw


def test_a_bad_address_is_never_fetched() -> None:
    """A good one once, however it comes out."""
    asked: list[str] = []

    def fetch(address: str) -> int:
        asked.append(address)
        return 500

    check = link_opens(fetch=fetch, hosts=["a.example"])
    for address in ("file:///etc/passwd", "https://b.example", "https://u@a.example", "https://a.example/1"):
        assert check.match(address) is not None
    assert asked == ["https://a.example/1"]


@given(st.text() | st.text("htps:/[]@.%?#\\ a1").map("http://".__add__))
def test_no_address_makes_the_check_raise(address: str) -> None:
    """Whatever a bot sends as a link."""
    mismatch = link_opens().match(address)
    assert mismatch is None or mismatch.saw.startswith(equals(address).seen(address))
