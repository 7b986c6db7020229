"""Nothing private is left, and everything that can be is put back."""

import json
import re
from collections.abc import Callable
from functools import cache
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.events import Chose, Message, Opened, Option, Token, Unrecognised
from harness.events.base import Event, to_python
from harness.scenarios.privacy import redactor_of
from harness.timeline.pieces import redacted
from harness.timeline.redaction import Redactor
from harness.timeline.sensitive import FIELDS, TOKEN, Sensitive
from harness.timeline.timeline import Timeline
from harness.user.persona import Persona, persona
from tests.timeline.arbitrary import TEXTS, events

ZOE = {
    "first_name": "Zoë",
    "last_name": "Al",
    "name": "Zoë Al",
    "email": "zoe@example.org",
    "phone": "+49 (0)30/12-3",
}
REDACTOR = Redactor(ZOE)

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("Hello Zoë!", "Hello [persona.first_name]!", id="a name"),
        pytest.param("Dear Zoë Al,", "Dear [persona.name],", id="the whole name first"),
        pytest.param("Also Alfred, Al's pal", "Also Alfred, [persona.last_name]'s pal", id="whole words"),
        pytest.param("_Al_ <b>Al</b>", "_[persona.last_name]_ <b>[persona.last_name]</b>", id="marked up"),
        pytest.param("mailto:zoe@example.org?", "mailto:[persona.email]?", id="an address anywhere"),
        pytest.param('{"a":"\\nAl"}', '{"a":"\\n[persona.last_name]"}', id="behind an escape"),
        pytest.param('"Zo\\u00EB"', '"[persona.first_name|-,-,u1aaAA]"', id="escaped as JSON may"),
        pytest.param('"Zo\\\\u00eb"', '"[persona.first_name|-,-,u2aaaa]"', id="escaped twice"),
        pytest.param("/u?m=zoe%40example.org", "/u?m=[persona.email|-,-,-,paa,-,-,-,-,-,-,-,-,-,-,-]", id="in a URL"),
        pytest.param("(0)30\\/12-3", "(0)30\\/12-3", id="a part of a number is not the number"),
        pytest.param("+49 (0)30\\/12-3", None, id="a slash behind a backslash"),
        pytest.param("[persona.email] [persona.", "[persona.=email] [persona.=", id="what looks like a placeholder"),
        pytest.param("[Al]", "[[persona.last_name]]", id="in brackets"),
        pytest.param("al AL zoë", "al AL zoë", id="other words"),
    ],
)
def test_personal_values_become_placeholders(text: str, written: str | None) -> None:
    """And the text comes back to the letter."""
    private = REDACTOR.redact(text)
    assert written is None or private == written
    assert REDACTOR.restore(private) == text
    assert REDACTOR.shown(REDACTOR.shown(text)) == REDACTOR.shown(text)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        pytest.param(f"token={JWT}.", f"token={TOKEN}.", id="a JWT"),
        pytest.param(f'{{"accessToken":"{JWT}"}}', f'{{"accessToken":"{TOKEN}"}}', id="in JSON"),
        pytest.param(f"a\\n{JWT}", f"a\\n{TOKEN}", id="behind an escape"),
        pytest.param("eyJhbGciOiJI", TOKEN, id="the start of one"),
        pytest.param("Authorization: Bearer abc123def456", f"Authorization: Bearer {TOKEN}", id="a bearer's"),
        pytest.param("bearer  AbCdEfGhIjKlMnOpQrStUv", f"bearer  {TOKEN}", id="without digits, but long"),
        pytest.param("the bearer of good news", "the bearer of good news", id="plain words"),
        pytest.param("heyJude and eyJ", "heyJude and eyJ", id="no token"),
    ],
)
def test_tokens_are_gone_for_good(text: str, redacted: str) -> None:
    """Whoever asks."""
    assert Redactor().redact(text) == redacted
    assert Redactor().shown(text) == redacted
    assert Redactor().restore(redacted) == redacted


VALUES = st.text(st.characters(categories=["L", "Nd"], include_characters="@.+ -/"), min_size=1, max_size=6).filter(
    lambda value: value.strip() == value and value not in "[persona.abc|]"
)


def _json(value: object) -> str:
    return json.dumps(value)


SPELLINGS: list[Callable[[str], str]] = [
    str,
    _json,
    lambda text: _json(_json(text)),
    lambda text: _json({"x": _json([text, text])}),
    lambda text: json.dumps(text, ensure_ascii=False),
    lambda text: re.sub(r"u[0-9a-f]{4}", lambda unit: f"u{unit[0][1:].upper()}", _json(text)).replace("/", "\\/"),
    lambda text: quote(text, errors="replace"),
]


@given(st.lists(VALUES, min_size=1, max_size=3), st.data())
def test_any_text_comes_back(values: list[str], data: st.DataObject) -> None:
    """However often it was encoded, whatever stands around it, and nothing that stands for itself is left."""
    redactor = Redactor(dict(zip("abc", values, strict=False)))
    pieces = st.sampled_from(values) | TEXTS | st.sampled_from([" ", "\n", "[", "]", '"'])
    text = " ".join(data.draw(st.lists(pieces, max_size=6)))
    spelt = data.draw(st.sampled_from(SPELLINGS))(text)
    private = redactor.redact(spelt)
    assert redactor.restore(private) == spelt
    shown = redactor.shown(spelt)
    assert redactor.shown(shown) == shown


@cache
def known(locale: str, seed: str) -> tuple[Persona, Redactor]:
    """Somebody, and what keeps their secrets."""
    somebody = persona(seed, locale=locale)
    return somebody, redactor_of(somebody)


@given(st.sampled_from(["en_US", "de_DE", "ja_JP", "ar_AA", "fr_FR", "el_GR"]), st.sampled_from("abcdef"), st.data())
def test_nothing_of_a_persona_is_left(locale: str, seed: str, data: st.DataObject) -> None:
    """In no spelling, among any words."""
    somebody, redactor = known(locale, seed)
    values = [somebody.first_name, somebody.last_name, somebody.name, somebody.email, somebody.phone]
    words = st.lists(st.sampled_from([*values, "Hello", "\n", "<b>", "é"]), max_size=8)
    text = " ".join(data.draw(words))
    for spell in SPELLINGS:
        private = redactor.redact(spell(text))
        assert redactor.restore(private) == spell(text)
        for value in values:
            assert not any(form(value).strip('"') in private for form in SPELLINGS), (value, private)


@given(events())
def test_any_event_comes_back(event: Event) -> None:
    """With every text in it, however deep."""
    fields = to_python(event)
    assert REDACTOR.restored(REDACTOR.redacted(fields)) == fields
    assert type(REDACTOR.event(event)) is type(event)


def test_every_text_of_an_event_is_redacted() -> None:
    """Names, choices, pre-chat values, the frame as it came; words of the harness's own are left alone."""
    said = Message(
        at=1,
        earliest=1,
        name="Al",
        text="Hi Zoë",
        raw=json.dumps({"to": "Zoë", "token": JWT}),
        options=(Option(label="Call Al", value="Al"),),
    )
    opened = Opened(at=0, earliest=0, attributes={"_email": ZOE["email"]})
    private = redacted(Timeline([opened, said], horizon=2, ended="the end"), REDACTOR)
    assert private[0] == Opened(at=0, earliest=0, attributes={"_email": "[persona.email]"})
    assert private[1] == Message(
        at=1,
        earliest=1,
        name="[persona.last_name]",
        text="Hi [persona.first_name]",
        raw=f'{{"to": "[persona.first_name|-,-,u1aaaa]", "token": "{TOKEN}"}}',
        options=(Option(label="Call [persona.last_name]", value="[persona.last_name]"),),
    )
    assert (private.horizon, private.ended) == (2, "the end")
    chose = Chose(at=0, earliest=0, label="chose")
    assert Redactor({"word": "chose"}).event(chose) == Chose(at=0, earliest=0, label="[persona.word]")
    frame = json.dumps({"contextParamMap": {"password": "harp"}, "conversationEntry": {}})
    assert "harp" not in str(to_python(REDACTOR.event(Message(at=1, earliest=1, text="Hi", raw=frame))))
    strange = json.dumps({"refreshToken": "harp"})
    assert "harp" not in str(to_python(REDACTOR.event(Unrecognised(at=1, earliest=1, raw=strange))))
    token = Token(at=0, earliest=0, text="plain")
    assert REDACTOR.event(token) is token


@pytest.mark.parametrize("text", ["[persona.shoe_size]", "[persona.a|-", "[persona.first_name|-]", "[persona.a|x,x,x]"])
def test_a_placeholder_of_somebody_else_is_a_mistake(text: str) -> None:
    """Said when it is restored."""
    with pytest.raises(ValueError, match=r"persona|argument"):
        REDACTOR.restore(text)


_MARKS = st.sampled_from(["", '"', "'", '\\"', '\\\\"'])
_NAMES = st.sampled_from([*FIELDS, "accessToken", "X-Api-Key", "COOKIE", "Set-Cookie", "number", "message"])
_FIELD = st.tuples(
    *(st.sampled_from(["", "{", "a ", "?", "\n"]), _MARKS, _NAMES, _MARKS, st.sampled_from(["", " ", "-"])),
    *(st.sampled_from([":", "=", " "]), st.sampled_from(["", " "]), _MARKS, st.sampled_from(["abc", "1", ""]), _MARKS),
).map("".join)


@settings(max_examples=1_000)
@given(_FIELD)
def test_a_glance_misses_no_secret_field(text: str) -> None:
    """It decides whether anybody looks closely."""
    sensitive = Sensitive()
    assert sensitive.may_name(text) or not [*sensitive.named(text)]


@given(_FIELD, TEXTS, TEXTS)
def test_a_glance_at_many_texts_misses_none_of_them(secret: str, before: str, after: str) -> None:
    """What is in one of them is seen in all of them together."""
    redactor = Redactor(ZOE)
    for one in (secret, f"{secret} zoe@example.org", JWT, "4111 1111 1111 1111"):
        if redactor.shown(one) != one:
            assert redactor.may_hide("\n".join([before, one, after]))
