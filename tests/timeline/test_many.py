"""Of many redactors, those that know something of a text are found, however it is written."""

import json
from collections.abc import Callable
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from harness.timeline.many import Many
from harness.timeline.redaction import Redactor

VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(lambda value: value.strip() != "")
PEOPLE = st.lists(st.lists(VALUES, min_size=1, max_size=3), min_size=1, max_size=60)
WRITTEN: st.SearchStrategy[Callable[[str], str]] = st.sampled_from(
    [str, json.dumps, lambda value: json.dumps(json.dumps(value)), quote, str.upper]
)


def found(many: Many[int], redactors: list[Redactor], text: str) -> set[int]:
    """The places of those that are concerned."""
    concerned = [id(one) for one in many.concerned(text)]
    return {place for place, one in enumerate(redactors) if id(one) in concerned}


@given(PEOPLE, st.data())
def test_whoever_would_change_a_text_is_concerned(people: list[list[str]], data: st.DataObject) -> None:
    """In long texts, which all of them look at, and in short ones, where only those are asked whose values begin so."""
    redactors = [Redactor({f"v{place}": value for place, value in enumerate(values)}) for values in people]
    many: Many[int] = Many()
    for place, one in enumerate(redactors):
        many.put(place, one)
    chosen = data.draw(st.lists(st.sampled_from([value for values in people for value in values]), max_size=3))
    pieces = [data.draw(WRITTEN)(value) for value in chosen]
    text = data.draw(st.sampled_from(["", " ", ", ", '"', "x" * 40])).join(["", *pieces, ""])
    would = {place for place, one in enumerate(redactors) if one.shown(text, looks=False) != text}
    assert would <= found(many, redactors, text)


def test_few_are_asked_of_a_short_text() -> None:
    """Those whose values begin as something in it does."""
    redactors = [Redactor({"name": f"N{place:04} Somebody"}) for place in range(200)]
    many: Many[int] = Many()
    for place, one in enumerate(redactors):
        many.put(place, one)
    assert found(many, redactors, "Dear N0123 Somebody,") == {123, 120, 121, 122, 124, 125, 126, 127, 128, 129}
    assert found(many, redactors, "Dear all,") == set()


def test_one_that_has_been_dropped_or_replaced_is_not_asked() -> None:
    """And nothing of it is kept."""
    first, second = Redactor({"name": "Anna"}), Redactor({"name": "Berta"})
    many: Many[str] = Many()
    many.put("a", first)
    assert many.concerned("Anna") == [first]
    many.put("a", second)
    assert many.concerned("Anna") == []
    assert many.concerned("Berta") == [second]
    many.drop("a")
    many.drop("a")
    assert many.concerned("Berta") == []
