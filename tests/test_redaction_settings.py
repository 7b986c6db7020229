"""What a project says is secret, and what it says wrongly."""

from pathlib import Path

import pytest

from harness.documents import DocumentError
from harness.settings import privacy
from harness.timeline.redaction import Redactor
from harness.timeline.sensitive import FIELDS, Privacy, Sensitive

TARGETS = "targets:\n  sandbox: {about: Ours.}\n"


def test_a_project_says_what_else_is_secret(tmp_path: Path) -> None:
    """In its targets.yaml, which holds for the folders below."""
    (tmp_path / "targets.yaml").write_text(
        TARGETS + "privacy:\n"
        "  fields: [taxNumber]\n"
        "  patterns: {policy: 'POL-\\d{6}', phone: false}\n"
        "  keep: [help@harbour.example]\n"
        "  env: [PARTNER]\n"
    )
    (tmp_path / "below").mkdir()
    said = privacy(tmp_path / "below")
    redactor = Redactor(sensitive=Sensitive(said))
    text = "POL-123456 help@harbour.example anna@harbour.example +31 20 794 0800 {'tax-number': '12'} tax_number=34"
    hidden = (
        "[redacted policy] help@harbour.example xxxx@xxxxxxx.xxxxxxx +31 20 794 0800 "
        "{'tax-number': '[redacted]'} tax_number=[redacted]"
    )
    assert redactor.shown(text) == hidden
    assert redactor.shown(hidden) == hidden
    assert said.env == ("PARTNER",)


def test_without_a_word_all_that_is_known_is_secret(tmp_path: Path) -> None:
    """Whether there is a file or not."""
    assert privacy(tmp_path) == Privacy()
    (tmp_path / "targets.yaml").write_text(TARGETS)
    assert privacy(tmp_path) == Privacy()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        pytest.param("{field: [a]}", "4:11: unknown key 'field'", id="another word"),
        pytest.param("{fields: ['--']}", "4:19: '--' is no name of a field", id="no name"),
        pytest.param("{fields: a}", "4:19: ", id="no list"),
        pytest.param(
            "{patterns: {policy: '('}}",
            "the pattern 'policy' is no regular expression: missing ), unterminated",
            id="no pattern",
        ),
        pytest.param(
            "{patterns: {policy: 'x*'}}",
            "the pattern 'policy' is found in an empty text; say what",
            id="found everywhere",
        ),
        pytest.param(
            "{patterns: {email: '@'}}", "'email' is looked for anyway; give the pattern another name", id="taken"
        ),
        pytest.param("{patterns: {Policy: 'x'}}", "'Policy' is no name; one has a-z, 0-9 and _", id="no name of one"),
        pytest.param(
            "{patterns: {jwt: false}}",
            "'jwt' can't be false; known are email, card, iban, phone, and false is off",
            id="tokens",
        ),
        pytest.param("{patterns: {email: true}}", "'email' can't be true; known are", id="on"),
    ],
)
def test_what_can_not_be_meant_is_said_where_it_stands(tmp_path: Path, written: str, told: str) -> None:
    """As of everything else in the file."""
    (tmp_path / "targets.yaml").write_text(f"{TARGETS}\nprivacy: {written}\n")
    with pytest.raises(DocumentError) as caught:
        privacy(tmp_path)
    words = str(caught.value)
    assert "targets.yaml:4:" in words
    assert told in words, words


@pytest.mark.parametrize("field", FIELDS)
def test_a_secret_field_is_found_however_it_is_written(field: str) -> None:
    """In JSON, JSON in JSON, a mapping of Python, a form; joined in any way."""
    redactor = Redactor()
    first, *others = field.split("_")
    for name in (field, field.upper(), field.replace("_", "-"), first + "".join(map(str.title, others))):
        for text in (
            f'{{"{name}": "harp 73"}}',
            f'{{"a": "{{\\"{name}\\":\\"harp 73\\"}}"}}',
            f"{{'{name}': 'harp 73', 'b': 1}}",
            f"/path?a=b&{name}=harp&c=d",
            f'{{"{name}": "harp 73',
        ):
            assert "harp" not in redactor.shown(text), text
            assert redactor.shown(redactor.shown(text)) == redactor.shown(text)
        assert redactor.redacted({name: "harp", "others": ("harp",)}) == {name: "[redacted]", "others": ("harp",)}
        assert redactor.redacted({"name": name, "value": "harp"}) == {"name": name, "value": "[redacted]"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("4111 1111 1111 1111", "0000 0000 0000 0000", id="a card"),
        pytest.param("card:4111111111111111.", "card:0000000000000000.", id="in one"),
        pytest.param("4111 1111 1111 1112", "4111 1111 1111 1112", id="another number of that length"),
        pytest.param("378282246310005", "000000000000000", id="a card of fifteen digits"),
        pytest.param("1790084407000", "1790084407000", id="a time"),
        pytest.param("NL91 ABNA 0417 1643 00 is it", "XX00 XXXX 0000 0000 00 is it", id="an account"),
        pytest.param("DE89370400440532013000 OK", "XX00000000000000000000 OK", id="an account and a word"),
        pytest.param("DE89 3704 0044 0532 0130 01", "DE89 3704 0044 0532 0130 01", id="no account"),
        pytest.param("Call +31 20 794 0800!", "Call +00 00 000 0000!", id="a number to dial"),
        pytest.param("(555) 010-7373", "(000) 000-0000", id="a number of North America"),
        pytest.param("order 0310-207-940", "order 0310-207-940", id="a number of another sort"),
        pytest.param("To Jan.Jansen+x@mail.example.org.", "To Xxx.Xxxxxx+x@xxxx.xxxxxxx.xxx.", id="an address"),
        pytest.param("a%20jan%40example.org", "a%20xxx%40xxxxxxx.xxx", id="an address in an address"),
        pytest.param('{"a": "\\njan@x.org"}', '{"a": "\\nxxx@x.xxx"}', id="behind an escape"),
        pytest.param("meet me @ noon, 3+4", "meet me @ noon, 3+4", id="signs"),
        pytest.param("http://me:harp@x.example", "http://[redacted token]@x.xxxxxxx", id="user and password"),
        pytest.param(
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----.",
            "[redacted token].",
            id="a private key",
        ),
        pytest.param("Authorization: Basic bWU6aA==", "Authorization: [redacted]", id="a header"),
    ],
)
def test_what_looks_secret_is_hidden(text: str, shown: str) -> None:
    """With its length and its signs; twice is as good as once."""
    assert Redactor().shown(text) == shown
    assert Redactor().shown(shown) == shown


def test_secrets_are_found_encoded() -> None:
    """In base64 wherever they begin, and in an address."""
    redactor = Redactor({"env.KEY": "s3cret/k3y+1"}, gone=["opaque value&1"])
    for text in (
        "czNjcmV0L2szeSsx",
        "eHM6czNjcmV0L2szeSsx",
        "s3cret%2Fk3y%2B1",
        "b3BhcXVlIHZhbHVlJjE",
        "opaque%20value%261",
    ):
        assert text not in redactor.shown(f"<{text}>")
    assert redactor.restore(redactor.redact("s3cret/k3y+1")) == "s3cret/k3y+1"
    assert Redactor().restore("[env.KEY]") == "[env.KEY]"
