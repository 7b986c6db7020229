"""Every matcher: what fits, what does not, how it prints, what a mismatch says, what it refuses to be."""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from dirty_equals import IsPositiveInt
from hypothesis import given
from hypothesis import strategies as st

from harness.expectations.content import attachment, card, field, link, link_opens, media
from harness.expectations.matchers import Matcher, contains, ends_with, equals, matcher, matches, starts_with
from harness.expectations.measures import between, count, greater, length, less
from harness.expectations.structure import each, has, json_path, schema
from harness.expectations.texts import capturing, near, one_of

OFFERS = '{"offers": [{"id": "A1", "apr": 4.2}, {"id": "B7", "apr": 4.9}]}'

ROWS = [
    pytest.param(equals("hi"), ["hi", " hi\n", "hi"], ["Hi", "", 5, None], "'hi'", id="equal text"),
    pytest.param(equals("a b"), ["a  b", "a\u00a0b"], ["ab"], "'a b'", id="white space is one space"),
    pytest.param(equals("caf\u00e9"), ["cafe\u0301"], ["cafe"], "'caf\u00e9'", id="composed and decomposed are equal"),
    pytest.param(equals("hi", exact=True), ["hi"], ["hi "], "'hi' exactly", id="exact text"),
    pytest.param(equals(5), [5], [6, "5"], "5", id="a number"),
    pytest.param(equals(["a", "b"]), [["a", " b"], ("a", "b")], [["a"], ["b", "a"], "ab"], "['a', 'b']", id="a list"),
    pytest.param(equals(["a "], exact=True), [["a "]], [["a"]], "['a '] exactly", id="an exact list"),
    pytest.param(
        equals(["a", starts_with("b")]),
        [["a", "bc"]],
        [["a", "c"]],
        "['a', starting with 'b']",
        id="a list of matchers",
    ),
    pytest.param(matcher(IsPositiveInt()), [1], [0, "x"], "IsPositiveInt()", id="any object with =="),
    pytest.param(contains("ship"), ["it shipped", "ship"], ["sh ip", 5], "containing 'ship'", id="contains"),
    pytest.param(starts_with("it"), ["it shipped", " it"], ["shit"], "starting with 'it'", id="starts with"),
    pytest.param(ends_with("ed"), ["shipped "], ["edit"], "ending with 'ed'", id="ends with"),
    pytest.param(matches(r"ORD-\d+"), ["is ord-12 there"], ["ORD-"], r"matching /ORD-\d+/i", id="an expression"),
    pytest.param(matcher(re.compile("a")), ["cat"], ["A"], "matching /a/", id="a compiled expression keeps its flags"),
    pytest.param(~contains("x"), ["abc"], ["xyz"], "not containing 'x'", id="not"),
    pytest.param(contains("a") & contains("b"), ["ab"], ["a", "b"], "containing 'a' and containing 'b'", id="both"),
    pytest.param(contains("a") | contains("b"), ["a", "b"], ["c"], "containing 'a' or containing 'b'", id="either"),
    pytest.param(contains("a") | "b", ["a", "b"], ["bb"], "containing 'a' or 'b'", id="either, one a plain value"),
    pytest.param(
        ~(contains("a") | contains("b")), ["c"], ["a"], "not (containing 'a' or containing 'b')", id="not of either"
    ),
    pytest.param(
        (contains("a") | contains("b")) & ~contains("c"),
        ["a"],
        ["ac", "d"],
        "(containing 'a' or containing 'b') and not containing 'c'",
        id="both of either",
    ),
    pytest.param(
        one_of("Hi", "Hello", starts_with("Good")),
        ["Hi ", "Good day"],
        ["Bye", None],
        "one of 'Hi', 'Hello', starting with 'Good'",
        id="one of a catalogue",
    ),
    pytest.param(one_of(*range(10)), [9], [10], "one of 0, 1, 2, 3, 4, 5, 6, 7, … (10 values)", id="a long catalogue"),
    pytest.param(
        capturing(order=r"ORD-(\d+)"),
        ["is ord-12 there"],
        ["ORD-", 12],
        r"matching /ORD-(\d+)/i as order",
        id="capturing",
    ),
    pytest.param(greater(5), [6, 5.1, 10**400], [5, "6", None, True, float("nan")], "greater than 5", id="greater"),
    pytest.param(less(5.5), [5, -1], [5.5, "5", False], "less than 5.5", id="less"),
    pytest.param(between(1, 5), [1, 3, 5.0], [0, 5.1, "3"], "between 1 and 5", id="between"),
]


def told(check: Matcher, value: object) -> str:
    """What a mismatch says was seen."""
    mismatch = check.match(value)
    assert mismatch is not None
    assert mismatch.wanted == str(check)
    return mismatch.saw


@pytest.mark.parametrize(("check", "fit", "unfit", "printed"), ROWS)
def test_a_matcher_keeps_the_contract(check: Matcher, fit: list[object], unfit: list[object], printed: str) -> None:
    """None where it fits, else what was wanted and what was seen; printed as a person would say it."""
    assert str(check) == printed
    assert [check.match(value) for value in fit] == [None] * len(fit)
    assert [told(check, value) for value in unfit] == [repr(value) for value in unfit]


@pytest.mark.parametrize(
    ("check", "fit", "unfit"),
    [
        (contains(" on "), ["come on Monday", "come\non\u00a0Monday", "on Monday", "come on "], ["Monday", "on, off"]),
        (contains("no "), ["no thanks", "oh no", "no"], ["nobody", "no."]),
        (contains(" \n on\t Monday"), ["come on Monday", "on  Monday"], ["upon Monday"]),
        (starts_with("Good "), ["Good day", " Good\n day", "Good"], ["Goodbye", "A Good day"]),
        (starts_with(" Good"), ["Good day", "Goodbye", " Good"], ["A Good day"]),
        (ends_with(" on"), ["come on", "come  on\n", "on"], ["upon", "on it"]),
        (ends_with("on "), ["come on", "upon"], ["on it"]),
        (one_of(starts_with("Good "), contains(" on ")), ["Good day", "on"], ["Goodbye", "Monday"]),
        (one_of("Good ", " on"), ["Good", " on "], ["Goodbye", "Good day"]),
        (equals(" no "), ["no", "  no\n"], ["nobody"]),
        (count("no ", 1), ["no nobody", "oh no", "no"], ["nobody", "no no"]),
        (count(" no ", 3), ["no no no", "no, no no no thanks"], ["no no nono"]),
        (count(" no", 2), ["no nobody"], ["no piano"]),
        (count("no ", 1), [["no", "nobody"]], [["nobody"]]),
    ],
)
def test_a_space_at_the_end_of_a_part_is_an_end_of_a_word(
    check: Matcher, fit: list[object], unfit: list[object]
) -> None:
    """White space, or the end of the text; the other ends are stripped, as those of a whole text are."""
    assert [value for value in fit if not check.accepts(value)] == []
    assert [value for value in unfit if check.accepts(value)] == []


@given(st.text() | st.text("ab \n\u00a0"), st.integers(0, 20), st.integers(0, 20))
def test_every_piece_of_a_text_is_found_in_it(text: str, start: int, end: int) -> None:
    """Whatever white space is around it."""
    text = unicodedata.normalize("NFC", text)
    if text[start:end].strip():
        assert contains(text[start:end]).accepts(text)
        assert count(text[start:end], greater(0)).accepts(text)
        assert starts_with(text[:end]).accepts(text)
        assert ends_with(text[start:]).accepts(text)


MEASURED = [
    pytest.param(
        length(3),
        ["abc", " a  b ", [1, 2, 3]],
        {"ab": "length 2 of 'ab'", 5: "5, which has no length"},
        "length 3",
        id="length",
    ),
    pytest.param(length(less(200)), ["", ()], {"x" * 200: None}, "length less than 200", id="a bounded length"),
    pytest.param(
        count("€", 2), ["5 € or 6 €", ["€", "€", "$"]], {"5 €": "1 time in '5 €'"}, "'€' 2 times", id="count in a text"
    ),
    pytest.param(
        count(matches("a+"), greater(1)),
        ["aa b a", ["ba", "ab"]],
        {"aaa": "1 time in 'aaa'", None: "None, where it can't be counted"},
        "matching /a+/i greater than 1 times",
        id="count of an expression",
    ),
    pytest.param(count(greater(1), 0), [[1], []], {(2, 3): "2 times in (2, 3)"}, "greater than 1 0 times", id="none"),
    pytest.param(
        near("Your order has shipped"),
        ["Your order has  shipped.", "Your order was shipped"],
        {"Your parcel is lost": "'Your parcel is lost' (ratio 0.536)", 5: "5"},
        "near 'Your order has shipped' (ratio 0.9 or more)",
        id="near",
    ),
    pytest.param(
        has("a"),
        [["b", "a"], ("a ",)],
        {
            (): "no items",
            ("b",): "1 item, 'b'",
            ("xyz", "aa"): "2 items, the nearest 'aa'",
            "a": "'a', which is no list",
        },
        "having one 'a'",
        id="has",
    ),
    pytest.param(
        each(less(5)),
        [[1, 2]],
        {(1, 7, 8): "item 2 of 3: 7", (): "no items", 1: "1, which is no list"},
        "each less than 5",
        id="each",
    ),
    pytest.param(
        json_path("$.offers[0].apr", less(5)),
        [OFFERS, json.loads(OFFERS), {"offers": ({"apr": 0},)}],
        {
            '{"offers": [{"apr": 7.1}]}': "7.1 there",
            "{}": "nothing there in '{}'",
            "no JSON": "nothing there in 'no JSON'",
            None: "nothing there in None",
        },
        "at $.offers[0].apr less than 5",
        id="a place in JSON",
    ),
    pytest.param(
        json_path("$.offers[*].apr", each(less(5))),
        [OFFERS],
        {'{"offers": [{"apr": 1}, {"apr": 7}]}': "item 2 of 2: 7 there", "{}": "no items there"},
        "at $.offers[*].apr each less than 5",
        id="many places in JSON",
    ),
    pytest.param(
        json_path("$..id"), [OFFERS], {"[]": "nothing there in '[]'"}, "at $..id anything", id="anything in JSON"
    ),
    pytest.param(
        json_path("$.a", equals(None)), ['{"a": null}'], {'{"a": 1}': "1 there"}, "at $.a None", id="null in JSON"
    ),
    pytest.param(
        schema({"type": "object", "properties": {"offers": {"items": {"required": ["apr"]}}}}),
        [OFFERS, json.loads(OFFERS), {}],
        {
            '{"offers": [{"apr": 1}, {}]}': "$.offers[1]: 'apr' is a required property",
            "hello": "$: 'hello' is not of type 'object'",
            None: "$: None is not of type 'object'",
        },
        'fitting the schema {"type": "object", "properties": {"offers": {"items": {"required": ["apr"]}}}}',
        id="a schema",
    ),
]


@pytest.mark.parametrize(("check", "fit", "unfit", "printed"), MEASURED)
def test_a_mismatch_says_what_was_measured(
    check: Matcher, fit: list[object], unfit: dict[object, str | None], printed: str
) -> None:
    """The length, the count, the ratio, the item, the place; a text where the whole value would not help."""
    assert str(check) == printed
    assert [check.match(value) for value in fit] == [None] * len(fit)
    for value, saw in unfit.items():
        assert saw is None or told(check, value) == saw
        assert check.match(value) is not None


@pytest.mark.parametrize(
    ("check", "value", "saw"),
    [
        (contains("a") & length(less(3)), "abcd", "length 4 of 'abcd'"),
        (length(less(3)) & contains("a"), "abcd", "length 4 of 'abcd'"),
        (near("abcd") | length(99), "abxx", "'abxx' (ratio 0.5)"),
        (one_of("yes", near("no thanks")), "no thank", None),
        (one_of("yes", near("no thanks", ratio=1)), "no thank", "'no thank' (ratio 0.941)"),
    ],
)
def test_the_side_that_failed_is_told(check: Matcher, value: object, saw: str | None) -> None:
    """Of several, the one that came nearest."""
    assert saw is None or told(check, value) == saw
    assert (check.match(value) is None) == (saw is None)


def test_what_was_seen_is_shown_as_text() -> None:
    """Escapes are spelt out and long text is cut."""
    assert told(equals("hi"), "\x1b[31m" + "x" * 300) == "'\\x1b[31m" + "x" * 195 + "' … (305 characters)"


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: matches("a("), "not a regular expression: 'a(': missing ), unterminated"),
        (lambda: matches(re.compile(b"a")), "not a regular expression of texts: re.compile(b'a')"),  # type: ignore[arg-type]
        (lambda: matcher(re.compile(b"a")), "not a regular expression of texts: re.compile(b'a')"),
        (lambda: contains(" "), "contains(' ') would fit every text; say what is to be found"),
        (lambda: starts_with(5), "starts_with takes a text, not 5; put it in quotation marks"),  # type: ignore[arg-type]
        (one_of, "one_of() fits nothing; name at least one value"),
        (lambda: one_of(["a", "b"]), "put a star before the list: one_of(*values)"),
        (lambda: greater("5"), "greater takes a number, not '5'"),  # type: ignore[arg-type]
        (lambda: less(float("nan")), "less takes a number, not nan"),
        (lambda: less(True), "less takes a number, not True"),
        (lambda: between(5, 1), "nothing is between 5 and 1; the lower number comes first"),
        (lambda: length(-1), "a length is a whole number from 0 up, or a matcher such as less(200), not -1"),
        (lambda: length(True), "a length is a whole number from 0 up, or a matcher such as less(200), not True"),
        (lambda: count("a", 1.5), "a count is a whole number from 0 up, or a matcher such as less(200), not 1.5"),  # type: ignore[arg-type]
        (lambda: count("", 1), "can't count ''; say what is to be counted"),
        (lambda: near(""), "near takes a text, not ''"),
        (lambda: near("a", ratio=90), "a ratio is above 0 and up to 1, not 90; 0.9 lets one character in ten differ"),
        (capturing, r"capturing() captures nothing; name an expression: capturing(order=r'ORD-(\d+)')"),
        (lambda: capturing(a="a("), "not a regular expression: 'a('"),
        (
            lambda: capturing(**{"a b": "a"}),
            "can't capture as 'a b': a name is made of letters, digits and",
        ),
        (lambda: capturing(a="a", b="(?P<a>b)"), "'a' would be captured by 2 expressions; give each its own name"),
        (lambda: json_path(""), "not a JSON path: '': expected"),
        (
            lambda: json_path("$.a["),
            "not a JSON path: '$.a[': unexpected end of query; one looks like '$.offers",
        ),
        (lambda: json_path("$.a[?nope(@)]"), "not a JSON path: '$.a[?nope(@)]': function 'nope' is not defined"),
        (lambda: schema({"type": "strin"}), "not a JSON Schema: at $.type: 'strin' is not valid"),
        (lambda: schema({"pattern": "("}), "not a JSON Schema: at $.pattern: '(' is not a 'regex'"),
        (lambda: schema({"$ref": "#/$defs/a"}), "the schema refers to '#/$defs/a', which is not in it; add it"),
        (
            lambda: schema({"$ref": "http://a.example/b"}),
            "the schema refers to 'http://a.example/b', which is not in it",
        ),
        (lambda: schema({"$ref": "#"}), "not a JSON Schema: {'$ref': '#'}: it refers to itself without end"),
        (lambda: schema({"$schema": "x"}), "there is no JSON Schema draft 'x'; leave '$schema' out for 2020-12"),
        (lambda: schema({"enum": {1}}), "not a JSON Schema: {'enum': {1}}: Object of type set is not JSON"),
        (lambda: schema([]), "a schema is a mapping such as {'type': 'object'}, not []"),  # type: ignore[arg-type]
    ],
)
def test_nonsense_is_refused_when_built(build: Callable[[], Matcher], says: str) -> None:
    """With what it is and what to write instead."""
    with pytest.raises(ValueError, match=re.escape(says)):
        build()


CAPTURED: list[tuple[Matcher, object, dict[str, str]]] = [
    (capturing(order=r"ORD-(\d+)"), "see  ORD-12", {"order": "12"}),
    (capturing(order=r"ORD-\d+"), "see ORD-12", {"order": "ORD-12"}),
    (capturing(order=r"ORD-(\d+)|#(\d+)"), "#7", {"order": "7"}),
    (capturing(a="(a)?b"), "b", {"a": "b"}),
    (capturing(a="a+", b="b+"), "aab", {"a": "aa", "b": "b"}),
    (capturing(a="a+", b="b+"), "aa", {}),
    (capturing(day=r"(?P<hour>\d+):(?P<minute>\d+)"), "at 10:30", {"day": "10", "hour": "10", "minute": "30"}),
    (capturing(a="a") & contains("b"), "ab", {"a": "a"}),
    (capturing(a="a") & contains("b"), "a", {}),
    (capturing(a="x") | capturing(a="b"), "ab", {"a": "b"}),
    (capturing(a="a") | capturing(b="b"), "c", {}),
    (~capturing(a="a"), "b", {}),
    (one_of(capturing(a="x"), capturing(a="y")), "y", {"a": "y"}),
    (has(capturing(a=r"\d+")), ["x", "12", "13"], {"a": "12"}),
    (each(capturing(a=r"\d+")), ["12", "13"], {"a": "12"}),
    (each(capturing(a=r"\d+")), ["12", "x"], {}),
    (json_path("$.id", capturing(a="..")), '{"id": "A1"}', {"a": "A1"}),
    (json_path("$.id", capturing(a="..")), "{}", {}),
    (equals("a"), "a", {}),
]


@pytest.mark.parametrize(("check", "value", "captured"), CAPTURED)
def test_what_is_found_has_a_name(check: Matcher, value: object, captured: dict[str, str]) -> None:
    """Of a value that fits; and only under names that were announced."""
    assert check.captures(value) == captured
    assert set(captured) <= check.binds
    assert bool(check.binds) == (check is not CAPTURED[-1][0] and not str(check).startswith("not"))


def test_equal_matchers_are_equal() -> None:
    """And have the same hash; a list or an object of somebody's own is compared by what it is."""
    builds: list[Callable[[], Matcher]] = [
        lambda: equals(("a", 1)),
        lambda: one_of("a", 1) & ~contains("b") | length(less(5)),
        lambda: count("a", 2),
        lambda: near("a", ratio=0.5),
        lambda: capturing(a="b"),
        lambda: has(each(between(1, 2))),
        lambda: json_path("$.a", 5),
        lambda: schema({"type": "object"}),
    ]
    for build in builds:
        assert build() == build()
        assert hash(build()) == hash(build())
    assert equals(("a", 1)) != equals(("a", True))
    assert equals({"a": 1}) != equals({"a": 1})


# ---- nothing raises

FETCHED: dict[str, int] = {"http://a.example": 200}

CHECKS: list[Matcher] = [
    *(row.values[0] for row in (*ROWS, *MEASURED) if isinstance(row.values[0], Matcher)),
    *(row[0] for row in CAPTURED),
    card(title=contains("a"), choices=["a"]),
    field(label="a", required=True),
    attachment(name=ends_with(".pdf")) & link(address=link_opens()),
    has(media(description="a")),
    link_opens(hosts=["*.a.example"]),
    link_opens(fetch=lambda address: FETCHED[address]),
    json_path("$[?match(@.a, @.b) && @.c < 5 || length(@) > count($..*)]", has(equals({"a": 1}))),
    schema({"properties": {"a": {"$ref": "#"}}, "multipleOf": 0.1, "uniqueItems": True, "contains": {"const": [1]}}),
]

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text("([{$.*?/:@\\\"'\x00\u202e\ud800hpt", min_size=1)
    | st.just("http://\u2100/[::1")
    | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "offers", "id"]) | st.text(max_size=3), inner, max_size=4)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3).map(lambda value: json.dumps(value, default=str))
    ),
    max_leaves=12,
)


def deep(levels: int) -> Any:
    """A list in a list in a list."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


class Hostile:
    """Nothing can be done with it."""

    def __eq__(self, other: object) -> bool:
        raise OSError

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise TypeError


EXTREME = [
    pytest.param(10**5000, id="a number of too many digits"),
    pytest.param([10**5000], id="such a number in a list"),
    pytest.param(deep(5000), id="a list nested too deep"),
    pytest.param("[" * 100_000, id="JSON nested too deep"),
    pytest.param("[" + "9" * 5000 + "]", id="JSON with a number of too many digits"),
    pytest.param("a" * 100_000, id="a huge text"),
    pytest.param(["a"] * 1_000, id="a huge list"),
    pytest.param(Hostile(), id="an object that raises"),
    pytest.param([Hostile(), {"a": Hostile()}], id="such objects in a list"),
]


def judged(check: Matcher, value: object) -> bool:
    """Whether it fits, asked in every way there is."""
    fits = check.accepts(value)
    mismatch = check.match(value)
    assert (mismatch is None) == fits
    assert mismatch is None or str(mismatch)
    assert fits or not check.captures(value)
    assert set(check.captures(value)) <= check.binds
    assert 0 <= check.apart(value) <= 1
    assert (check.apart(value) == 0) == fits
    assert isinstance(check.seen(value), str)
    return fits


@given(VALUES)
def test_no_value_makes_a_matcher_raise(value: object) -> None:
    """Whatever a bot sends; and the two negations cancel out."""
    for check in CHECKS:
        fits = judged(check, value)
        assert judged(~check, value) is not fits
        assert judged(~~check, value) is fits


@pytest.mark.parametrize("value", EXTREME)
def test_no_extreme_makes_a_matcher_raise(value: object) -> None:
    """Nor an object that raises whatever is done with it."""
    for check in CHECKS:
        judged(check, value)


@given(VALUES, st.sampled_from(CHECKS), st.sampled_from(CHECKS))
def test_combined_matchers_keep_the_laws_of_logic(value: object, left: Matcher, right: Matcher) -> None:
    """Both, either and not are what they say."""
    assert judged(left & right, value) == (left.accepts(value) and right.accepts(value))
    assert judged(left | right, value) == (left.accepts(value) or right.accepts(value))
    assert judged(one_of(left, right), value) == (left | right).accepts(value)
    assert judged(~(left & right), value) == (~left | ~right).accepts(value)


@given(VALUES)
def test_a_value_equals_itself(value: object) -> None:
    """Unless it holds what does not, such as nan."""
    assert equals(value).accepts(value) or value != value or "nan" in repr(value).lower()  # noqa: PLR0124
