"""What `${…}` stands for, and where it stands."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scenarios.references import Later, references, resolved

NAMES: dict[str, object] = {
    "order": "ORD-1",
    "amount": 5,
    "flag": True,
    "nothing": None,
    "sign": "a.b (c)",
    "list": [1],
}


def lookup(name: str) -> object:
    """What the names of the tests stand for."""
    if name not in NAMES:
        raise ValueError(f"{name} stands for nothing")
    return NAMES[name]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        pytest.param("no names", "no names", id="no name"),
        pytest.param("${order}", "ORD-1", id="a name alone"),
        pytest.param("${ order }", "ORD-1", id="blanks around it"),
        pytest.param("${amount}", 5, id="alone it keeps its type"),
        pytest.param("${nothing}", None, id="nothing stays nothing"),
        pytest.param("${list}", [1], id="a list stays one"),
        pytest.param("order ${order}!", "order ORD-1!", id="within a text"),
        pytest.param("${amount}${amount}", "55", id="within a text it is a text"),
        pytest.param("is ${flag}, ${nothing}.", "is true, .", id="as YAML writes it"),
        pytest.param("$${order}", "${order}", id="escaped"),
        pytest.param("costs $${", "costs ${", id="escaped without an end"),
        pytest.param("$$${order}", "$${order}", id="a dollar and an escape"),
        pytest.param("$5 {order}", "$5 {order}", id="other signs"),
        pytest.param("/^${sign}$/i", r"/^a\.b\ \(c\)$/i", id="literally within an expression"),
        pytest.param("a ${order", "a ${order", id="without an end"),
        pytest.param(
            ["${order}", {"a": "${amount}", "${order}": 1}], ["ORD-1", {"a": 5, "${order}": 1}], id="in values"
        ),
        pytest.param({"steps": ["${order}"]}, {"steps": ["${order}"]}, id="steps wait for their turn"),
        pytest.param({"then": "${order}"}, {"then": "ORD-1"}, id="what is no list is no step"),
        pytest.param(5, 5, id="no text"),
    ],
)
def test_names_are_replaced(written: Any, found: Any) -> None:
    """By what they stand for."""
    assert resolved(written, lookup) == found


def test_an_unknown_name_is_refused() -> None:
    """Nothing is put in its place."""
    with pytest.raises(ValueError, match="ordr stands for nothing"):
        resolved({"a": ["x ${ordr}"]}, lookup)


@given(st.text().filter(lambda text: "${" not in text))
def test_a_text_without_names_is_unchanged(text: str) -> None:
    """Whatever signs are in it."""
    assert resolved(text, lookup) == text
    assert list(references(text)) == []


@given(st.text())
def test_an_escaped_text_stands_for_itself(text: str) -> None:
    """Every text can be written."""
    assert resolved(text.replace("${", "$${"), lookup) == re.sub(r"\$(?=\$\{)", "$", text)


def test_names_are_found_where_they_stand() -> None:
    """But for steps within; None is a name without an end."""
    data = {"say": "${a} and $${b} ${ c }", "in": [{"x": "${d"}, 5, None], "then": ["${e}"], "else": {"y": "${f}"}}
    assert list(references(data, ("steps", 0))) == [
        (("steps", 0, "say"), "a"),
        (("steps", 0, "say"), "c"),
        (("steps", 0, "in", 0, "x"), None),
        (("steps", 0, "else", "y"), "f"),
    ]


def test_what_is_only_known_later_is_told_from_a_text() -> None:
    """Also where it is a part of one."""

    def later(name: str) -> object:
        return Later(f"${{{name}}}") if name == "day" else "x"

    assert isinstance(resolved("${day}", later), Later)
    assert isinstance(resolved("on ${day}", later), Later)
    assert type(resolved("on ${other}", later)) is str
