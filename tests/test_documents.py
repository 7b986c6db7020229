"""Files as plain values with places: YAML 1.2 and nothing else, and an end to everything."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness import documents
from harness.documents import (
    DEEPEST,
    LARGEST,
    MOST_VALUES,
    DocumentError,
    Problem,
    nearest,
    parse,
    read,
    refused,
    seconds,
    shown,
    shown_path,
    told_once,
)

PATH = Path("some.yaml")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param("no", "no", id="no is a text"),
        pytest.param("off", "off", id="so is off"),
        pytest.param("Yes", "Yes", id="so is yes"),
        pytest.param("true", True, id="true is not"),
        pytest.param("False", False, id="whatever the case"),
        pytest.param("~", None, id="nothing"),
        pytest.param("null", None, id="nothing by its name"),
        pytest.param("", None, id="nothing at all"),
        pytest.param("12", 12, id="a whole number"),
        pytest.param("012", 12, id="not in octal"),
        pytest.param("-7", -7, id="below zero"),
        pytest.param("0o14", 12, id="in octal"),
        pytest.param("0x1F", 31, id="in hexadecimal"),
        pytest.param("0b11", "0b11", id="not in binary"),
        pytest.param("1_000", "1_000", id="no underscores"),
        pytest.param("9" * 5000, "9" * 5000, id="a number that is too long stays a text"),
        pytest.param("1.5", 1.5, id="a number"),
        pytest.param(".5", 0.5, id="a number without a zero"),
        pytest.param("1e3", 1000.0, id="a number with an exponent"),
        pytest.param("-.inf", float("-inf"), id="without end"),
        pytest.param("1.5.2", "1.5.2", id="a version is a text"),
        pytest.param("12:30", "12:30", id="a time of day is a text"),
        pytest.param("2026-12-31", "2026-12-31", id="a day is a text"),
        pytest.param("'12'", "12", id="a number between quotation marks is a text"),
        pytest.param("!!str 12", "12", id="the usual tag"),
        pytest.param("=", "=", id="a sign"),
        pytest.param(r'"caf\u00e9"', "café", id="an escape"),
        pytest.param("[a, [b], {c: d}]", ["a", ["b"], {"c": "d"}], id="lists and mappings"),
        pytest.param("{1: a, true: b, null: c}", {"1": "a", "true": "b", "null": "c"}, id="keys are texts"),
        pytest.param("{a: &x [b], c: *x}", {"a": ["b"], "c": ["b"]}, id="an alias"),
        pytest.param("[&x a, &x b, *x]", ["a", "b", "b"], id="of two anchors the later counts"),
    ],
)
def test_a_value_is_what_yaml_1_2_says(written: str, value: object) -> None:
    """Whichever parser reads it."""
    assert parse(f"key: {written}\n", PATH).data == {"key": value}


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_file_can_not_choose_another_version(version: str) -> None:
    """So `no` is a text everywhere."""
    assert parse(f"%YAML {version}\n---\nkey: no\n", PATH).data == {"key": "no"}


TEXTS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=50)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(TEXTS.filter(lambda key: key != "<<"), inner, max_size=5)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("name", ["_fast", "_slow"])
@given(data=JSON)
def test_json_is_yaml(name: str, data: Any) -> None:
    """What is written as JSON is read as it was, by the parser in C and the other one."""
    problems: list[Problem] = []
    found = documents._Plain(PATH, problems).of(getattr(documents, name)(json.dumps({"key": data})))
    assert (found, problems) == ({"key": data}, [])


@pytest.mark.parametrize(
    ("place", "key", "position"),
    [
        pytest.param((), False, (2, 1), id="the whole"),
        pytest.param(("steps",), False, (3, 3), id="a list"),
        pytest.param(("steps",), True, (2, 1), id="its key"),
        pytest.param(("steps", 1), False, (4, 5), id="an item"),
        pytest.param(("steps", 1, "say", "text"), False, (4, 17), id="a value within"),
        pytest.param(("steps", 1, "say", "text"), True, (4, 11), id="its key within"),
        pytest.param(("steps", 1, "tag", "say", 0, "text"), False, (4, 17), id="steps that aren't in the file"),
        pytest.param(("steps", 7), False, (3, 3), id="an item that is not there"),
        pytest.param(("nothing",), False, (5, 1), id="nothing is where its key is"),
        pytest.param(("missing", "more"), False, (2, 1), id="what is missing is where it should be"),
    ],
)
def test_every_value_has_a_place(place: tuple[int | str, ...], *, key: bool, position: tuple[int, int]) -> None:
    """Line and column, from 1."""
    text = "# a file\nsteps:\n  - open\n  - say: {text: Hello}\nnothing:\n"
    document = parse(text, PATH)
    assert document.position(place, key=key) == position
    assert document.problem(place, "wrong", key=key) == Problem(PATH, *position, "wrong")


def test_an_empty_file_has_a_place() -> None:
    """The first one."""
    document = parse("# nothing\n", PATH)
    assert (document.data, document.position(("steps", 0))) == (None, (1, 1))


def test_there_is_an_end_to_everything(tmp_path: Path) -> None:
    """Up to it all is well, beyond it is a mistake."""
    deep = f"{'[' * DEEPEST}a{']' * DEEPEST}"
    assert parse(deep, PATH).data
    assert len(parse(f"[{'a,' * (MOST_VALUES - 1)}]", PATH).data) == MOST_VALUES - 1
    for text in (f"[{deep}]", f"[{'a,' * MOST_VALUES}]", "[" * LARGEST, "{a: " * (LARGEST // 4), "- " * (LARGEST // 2)):
        with pytest.raises(DocumentError):
            parse(text, PATH)
    path = tmp_path / "some.yaml"
    path.write_text("#" * LARGEST)
    assert read(path).data is None
    path.write_text("#" * (LARGEST + 1))
    with pytest.raises(DocumentError, match="more than 1,000,000"):
        read(path)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        pytest.param(lambda path: None, "1:1: the file can't be read: No such file or directory", id="it is not there"),
        pytest.param(lambda path: path.mkdir(), "1:1: the file can't be read: Is a directory", id="it is a folder"),
        pytest.param(
            lambda path: path.write_bytes("a: é\nb: ".encode() + b"\xe9\n"),
            "2:4: the file is not UTF-8: invalid continuation byte (0xe9); save it as UTF-8",
            id="it is in another encoding",
        ),
    ],
)
def test_what_can_not_be_read_is_a_mistake(make: Any, what: str, tmp_path: Path) -> None:
    """With a place."""
    path = tmp_path / "some.yaml"
    make(path)
    with pytest.raises(DocumentError) as caught:
        read(path)
    assert str(caught.value) == f"{path}:{what}"


def test_half_a_character_is_a_mistake() -> None:
    """It could not be sent."""
    with pytest.raises(DocumentError, match=r"some.yaml:1:4: .* is half a character"):
        parse(r'a: "\ud800"', PATH)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    """Some editors leave one."""
    (tmp_path / "some.yaml").write_bytes(b"\xef\xbb\xbfkey: value\n")
    assert read(tmp_path / "some.yaml").data == {"key": "value"}


def test_mistakes_are_told_once_and_in_order() -> None:
    """By file, line and column; what led there makes no other mistake."""
    first, second = Problem(PATH, 2, 1, "a"), Problem(PATH, 10, 1, "a")
    again = Problem(PATH, 2, 1, "a", during="run by other.yaml:3")
    assert told_once([second, first, again]) == [first, second]
    assert str(DocumentError([second, again])) == "some.yaml:2:1: a (run by other.yaml:3)\nsome.yaml:10:1: a"


def test_a_path_is_shown_from_the_current_folder() -> None:
    """Where it is in there."""
    assert shown_path(Path.cwd() / "a" / "b.yaml") == "a/b.yaml"
    assert shown_path(Path("/elsewhere/b.yaml")) == "/elsewhere/b.yaml"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("800ms", 0.8), ("5s", 5.0), ("1.5 s", 1.5), (" 2m ", 120.0), ("1h", 3600.0), ("0s", 0.0)],
)
def test_a_duration_has_a_unit(written: str, wanted: float) -> None:
    """In seconds."""
    assert seconds(written) == wanted


@pytest.mark.parametrize("written", [5, "5", "s", "-5s", "5 secs", "1,5s", None, True, ["5s"], "5s 3s"])
def test_anything_else_is_no_duration(written: object) -> None:
    """And is told how to write one."""
    with pytest.raises(ValueError, match="is no duration; write it as 800ms, 5s or 2m"):
        seconds(written)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("mesage", "; did you mean 'message'?"),
        ("MESSAGE", "; did you mean 'message'?"),
        ("x", "; known are left, message"),
    ],
)
def test_the_nearest_word_is_told(word: str, told: str) -> None:
    """Or all that are known, or something else."""
    assert nearest(word, ["message", "left"]) == told
    assert nearest("x", []) == ""
    assert nearest("x", ["message"], otherwise="name one") == "; name one"
    assert nearest("x", ["message"], otherwise="") == ""


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "nothing"),
        (True, "true"),
        (5, "5"),
        ("a", "'a'"),
        ("a" * 100, f"'{'a' * 57}…'"),
        ({}, "an empty mapping"),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, "a mapping with 'a', 'b', 'c'"),
        ([], "an empty list"),
        ((1, 2), "a list of 2"),
    ],
)
def test_a_value_is_told_in_short(value: object, told: str) -> None:
    """By its nature where it is made of others."""
    assert shown(value) == told


class Part(BaseModel):
    """A part."""

    model_config = ConfigDict(extra="forbid")
    name: str = ""
    kind: Literal["round", "square"] = "round"


class Whole(BaseModel):
    """A whole."""

    model_config = ConfigDict(extra="forbid")
    elsewhere: ClassVar[dict[str, str]] = {"hole": "belongs to a part"}
    parts: tuple[Part, ...] = ()
    count: Annotated[int, Field(ge=1, le=5)] = 1
    ratio: Annotated[float, Field(gt=0)] = 1.0
    whole: bool = True
    until: date | None = None
    by_name: dict[str, Part] = {}
    some: Annotated[tuple[Part, ...], Field(min_length=1)] = (Part(),)
    title: Annotated[str, Field(min_length=1)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: 5", "1:8: wanted a text, not 5; put it in quotation marks"),
        ("title: ''", "1:8: wanted a text that is not empty, not ''"),
        ("count: 1", "1:1: 'title' is missing here"),
        ("[]", "1:1: wanted a mapping, such as {word: value}, not an empty list"),
        ("{title: a, cuont: 1}", "1:12: unknown key 'cuont'; did you mean 'count'?"),
        ("{title: a, hole: 1}", "1:12: 'hole' belongs to a part"),
        ("{title: a, count: 0}", "1:19: wanted a number from 1 up, not 0"),
        ("{title: a, count: 6}", "1:19: wanted a number up to 5, not 6"),
        ("{title: a, count: 1.5}", "1:19: wanted a whole number, not 1.5"),
        ("{title: a, count: many}", "1:19: wanted a whole number, not 'many'"),
        ("{title: a, ratio: 0}", "1:19: wanted a number above 0, not 0"),
        ("{title: a, ratio: half}", "1:19: wanted a number, not 'half'"),
        ("{title: a, whole: partly}", "1:19: wanted true or false, not 'partly'"),
        ("{title: a, until: tomorrow}", "1:19: wanted a day such as 2026-12-31, not 'tomorrow'"),
        ("{title: a, until: 2026-13-01}", "1:19: wanted a day such as 2026-12-31, not '2026-13-01'"),
        ("{title: a, parts: b}", "1:19: wanted a list, not 'b'; write [b]"),
        ("{title: a, parts: [b]}", "1:20: wanted a mapping, such as {word: value}, not 'b'"),
        ("{title: a, parts: [{nam: b}]}", "1:21: unknown key 'nam'; did you mean 'name'?"),
        (
            "{title: a, parts: [{kind: sqare}]}",
            "1:27: wanted one of round, square, not 'sqare'; did you mean 'square'?",
        ),
        ("{title: a, some: []}", "1:18: wanted at least 1 of them, not an empty list"),
        ("{title: a, some: [{nam: b}]}", "1:20: unknown key 'nam'; did you mean 'name'?"),
        ("{titel: a}", "1:2: unknown key 'titel'; did you mean 'title'?"),
        ("{title: a, by_name: {b: {nam: c}}}", "1:26: unknown key 'nam'; did you mean 'name'?"),
    ],
)
def test_what_a_model_refuses_is_told_where_it_stands(text: str, told: str) -> None:
    """In words that say what was wanted."""
    document = parse(text, PATH)
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(document.data)
    assert [str(one) for one in refused(document, caught.value, Whole)] == [f"some.yaml:{told}"]


def test_every_mistake_of_a_model_is_told() -> None:
    """Not the first alone."""
    document = parse("{count: 0, ratio: 0, parts: [{nam: a}, {kind: b}]}", PATH)
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(document.data)
    assert len(refused(document, caught.value, Whole)) == 5  # the title is missing as well
