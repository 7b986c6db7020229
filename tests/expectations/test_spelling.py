"""Plain data makes the same patterns as the words of Python."""

import re
from typing import Any

import pytest
from pydantic_core import ValidationError

from harness.expectations import content, matchers, measures, structure, texts
from harness.expectations import vocabulary as v
from harness.expectations.block import Latency
from harness.expectations.building import all_of, any_of, eventually, optional, quiet, repeat, sequence
from harness.expectations.instants import Bounds
from harness.expectations.matchers import Matcher, contains, ends_with, equals, matches, starts_with
from harness.expectations.patterns import Pattern
from harness.expectations.spelled_matchers import BESIDE, CONTENT, OPERATORS, parameters
from harness.expectations.spelling import EVENTS, OPTIONS, REPLY, SHORT, TREES, WORDS, Block, Reader
from harness.expectations.texts import capturing, near, one_of

ORDER = re.compile(r"ORD-(\d+)")


def read(data: object, reader: Reader | None = None) -> Block:
    """A block."""
    reader = reader or Reader()
    block = reader.block(data)
    reader.checked()
    assert block is not None
    return block


PATTERNS: dict[str, list[tuple[Any, Pattern]]] = {
    "routed": [
        ("routed", v.routed()),
        ({"routed": {"succeeded": False, "reason": "Nobody is online", "wait": {"less": 60}}},
         v.routed(succeeded=False, reason="Nobody is online", wait=measures.less(60))),
    ],
    "work": [({"work": "accepted"}, v.work("accepted"))],
    "session": [({"session": {"status": "ended", "previous": "active"}}, v.session("ended", previous="active"))],
    "queue": [
        ({"queue": 3}, v.queue(3)),
        ({"queue": "3"}, v.queue(3)),
        ({"queue": {"less": 3}}, v.queue(measures.less(3))),
    ],
    "joined": [({"joined": {"role": "chatbot", "as": "bot"}}, v.joined(role="chatbot").named("bot"))],
    "left": [({"left": {"name": "Rita"}}, v.left(name="Rita"))],
    "message": [
        ("message", v.message()),
        ({"message": "hello"}, v.message("hello")),
        ({"message": "/hel+o/i"}, v.message(re.compile("hel+o", re.IGNORECASE))),
        ({"message": {"contains": "hello"}}, v.message(contains("hello"))),
        ({"message": {"text": None, "automated": True}}, v.message(equals(None), automated=True)),
        ({"message": {"choices": ["Yes", "/no/"]}}, v.message(choices=equals(["Yes", re.compile("no")]))),
        ({"message": {"cards": {"has": {"title": "Gold", "links": {"each": {"link_opens": None}}}}}},
         v.message(cards=structure.has(content.card(title="Gold", links=structure.each(content.link_opens()))))),
        ({"message": {"in_reply_to": "m-1", "after_previous": "2s"}},
         v.message(in_reply_to="m-1").after_previous(most=2.0)),
        ({"message": {"after_previous": {"min": "1s", "max": "2s"}}}, v.message().after_previous(least=1.0, most=2.0)),
        ({"message": {"contains": "shipped", "capture": {"order": r"/ORD-(\d+)/"}}},
         v.message(contains("shipped") & capturing(order=ORDER))),
        ({"message": {"role": "chatbot", "capture": {"order": r"/ORD-(\d+)/"}}},
         v.message(capturing(order=ORDER), role="chatbot")),
        ({"message": {"text": {"contains": "shipped"}, "capture": {"order": r"/ORD-(\d+)/"}}},
         v.message(contains("shipped") & capturing(order=ORDER))),
    ],
    "echo": [({"echo": {"text": "hello", "answers": {"has": {"value": "Ana"}}}},
              v.echo("hello", answers=structure.has(content.answer(value="Ana"))))],
    "delivered": [("delivered", v.delivered()), ({"delivered": "first"}, v.delivered("first"))],
    "read": [({"read": {"of": "first"}}, v.read("first"))],
    "progress": [({"progress": {"starts_with": "Looking"}}, v.progress(starts_with("Looking")))],
    "token": [
        ({"token": {"number": {"between": [1, 5]}, "batch": 2}}, v.token(number=measures.between(1, 5), batch=2))
    ],
    "retracted": [({"retracted": {"reason": "UNGROUNDED_RESPONSE"}}, v.retracted(reason="UNGROUNDED_RESPONSE"))],
    "typing_started": [({"typing_started": {"role": "agent"}}, v.typing_started(role="agent"))],
    "typing_stopped": [("typing_stopped", v.typing_stopped())],
    "closed": [("closed", v.closed())],
    "connected": [("connected", v.connected())],
    "dropped": [({"dropped": {"reason": {"contains": "reset"}}}, v.dropped(reason=contains("reset")))],
    "resumed": [("resumed", v.resumed())],
    "replayed": [({"replayed": {"of": "message"}}, v.replayed(of="message"))],
    "missed": [({"missed": {"recovered": 2, "problem": ""}}, v.missed(2, problem=""))],
    "unrecognised": [({"unrecognised": {"problem": {"contains": "field"}}}, v.unrecognised(problem=contains("field")))],
    "reply": [
        ("reply", v.reply()),
        ({"reply": "shipped"}, v.reply("shipped")),
        ({"reply": {"contains": "shipped"}}, v.reply(contains("shipped"))),
        ({"reply": {
            "text": "shipped", "role": "chatbot", "name": "Bo", "choices": ["Yes"], "revised": True, "streamed": True,
            "first_token": {"max": "2s"}, "gap": {"max": "800ms", "p95": "500ms"},
            "stalls": {"longer_than": "1s", "at_most": 2}, "in_order": True, "complete": True, "faithful": True,
            "retracted": "never", "bursts": {"at_most": 8}, "as": "answer",
         }},
         v.reply(
            "shipped", role="chatbot", name="Bo", choices=equals(["Yes"]), revised=True, streamed=True, first_token=2.0,
            gap=0.8, gap_p95=0.5, stalls=v.stalls(longer_than=1.0, at_most=2), in_order=True, complete=True,
            faithful=True, retracted="never", burst=8,
         ).named("answer")),
        ({"reply": {"first_token": "2s", "gap": "800ms", "stalls": {"longer_than": "1s"}, "bursts": 8}},
         v.reply(first_token=2.0, gap=0.8, stalls=v.stalls(longer_than=1.0), burst=8)),
        ({"reply": {"streamed": "any", "capture": {"order": r"/ORD-(\d+)/"}}}, v.reply(capturing(order=ORDER))),
        ({"reply": {"streamed": False}}, v.reply(streamed=False)),
    ],
    "sequence": [
        ({"sequence": ["delivered", "read"]}, sequence(v.delivered(), v.read())),
        (["delivered", {"message": "hi"}], sequence(v.delivered(), v.message("hi"))),
        ([["delivered", "read"], "left"], sequence(v.delivered(), v.read(), v.left())),
    ],
    "all": [({"all": ["left", ["delivered", "read"]]}, all_of(v.left(), sequence(v.delivered(), v.read())))],
    "any": [({"any": ["left", {"message": "hi"}]}, any_of(v.left(), v.message("hi")))],
    "optional": [([{"optional": "progress"}, "message"], sequence(optional(v.progress()), v.message()))],
    "eventually": [({"eventually": {"message": "hi"}}, eventually(v.message("hi")))],
    "repeat": [
        ({"repeat": {"of": "token"}}, repeat(v.token())),
        ({"repeat": {"of": "token", "at_least": 3, "at_most": 5}}, repeat(v.token(), at_least=3, at_most=5)),
        ({"repeat": {"of": "token", "times": 3}}, repeat(v.token(), at_least=3, at_most=3)),
        ({"repeat": {"of": "token", "at_least": "3", "at_most": None}}, repeat(v.token(), at_least=3)),
    ],
    "quiet": [
        ({"quiet": "2s"}, quiet(2.0)),
        ({"quiet": {"for": "500ms", "kinds": ["message", "token"]}}, quiet(0.5, kinds=["message", "token"])),
        ({"quiet": {"for": "500ms", "kinds": "message"}}, quiet(0.5, kinds="message")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("word", PATTERNS)
def test_a_word_is_the_same_word_in_python(word: str) -> None:
    """In every way that it can be written."""
    for written, pattern in PATTERNS[word]:
        assert read(written) == Block(pattern), written


def test_every_word_is_compared() -> None:
    """And every field of a reply."""
    assert set(PATTERNS) == set(WORDS)
    asked = [written["reply"] for written, _ in PATTERNS["reply"] if isinstance(written, dict)]
    assert set(REPLY) <= {name for fields in asked if isinstance(fields, dict) for name in fields}


TEXTS = [
    ({"equals": "hello"}, equals("hello")),
    ({"equals": "/hello/"}, equals("/hello/")),
    ({"equals": "hello", "exact": True}, equals("hello", exact=True)),
    ({"contains": "a"}, contains("a")),
    ({"starts_with": "a"}, starts_with("a")),
    ({"ends_with": "a"}, ends_with("a")),
    ({"matches": "a+"}, matches("a+")),
    ({"matches": "/a+/"}, matches(re.compile("a+"))),
    ({"any_of": ["a", {"contains": "b"}, "/c/"]}, one_of("a", contains("b"), re.compile("c"))),
    ({"not": {"contains": "a"}}, ~contains("a")),
    ({"not": "a"}, ~equals("a")),
    ({"one_of": ["a", "b"]}, one_of("a", "b")),
    ({"length": 5}, measures.length(5)),
    ({"length": "5"}, measures.length(5)),
    ({"length": {"less": 5}}, measures.length(measures.less(5))),
    ({"count": {"of": "a", "times": 2}}, measures.count("a", 2)),
    ({"count": {"of": "/a/", "times": {"greater": 2}}}, measures.count(re.compile("a"), measures.greater(2))),
    ({"near": "hello"}, near("hello")),
    ({"near": "hello", "ratio": 0.8}, near("hello", ratio=0.8)),
    ({"schema": {"type": "object"}}, structure.schema({"type": "object"})),
    ({"json_path": "$.a"}, structure.json_path("$.a")),
    ({"json_path": {"path": "$.a", "is": {"less": 5}}}, structure.json_path("$.a", measures.less(5))),
    ({"has": "a"}, structure.has("a")),
    ({"each": {"contains": "a"}}, structure.each(contains("a"))),
    ({"link_opens": None}, content.link_opens()),
    ({"link_opens": True}, content.link_opens()),
    ({"link_opens": "a.example"}, content.link_opens(hosts=["a.example"])),
    ({"link_opens": ["a.example", "*.b.example"]}, content.link_opens(hosts=["a.example", "*.b.example"])),
    ({"capture": {"order": r"/ORD-(\d+)/"}}, capturing(order=ORDER)),
    ({"contains": "a", "not": {"contains": "b"}, "length": 5}, contains("a") & ~contains("b") & measures.length(5)),
    ("/a/imsx", matchers.matcher(re.compile("a", re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE))),
    ("a/b/", equals("a/b/")),
    (["a", 5, "/b/"], equals(["a", 5, re.compile("b")])),
    (5, equals(5)),
    (None, equals(None)),
]
NUMBERS = [
    ({"greater": 5}, measures.greater(5)),
    ({"greater": "5"}, measures.greater(5)),
    ({"less": 1.5}, measures.less(1.5)),
    ({"less": "1.5"}, measures.less(1.5)),
    ({"between": [1, 5]}, measures.between(1, 5)),
    ({"between": ["1", "5"]}, measures.between(1, 5)),
]


@pytest.mark.parametrize(("written", "matcher"), [*TEXTS, *NUMBERS])
def test_an_operator_is_the_same_matcher_in_python(written: Any, matcher: Matcher) -> None:
    """In every way that it can be written."""
    reader = Reader()
    assert (reader.matcher(written, ()), reader.errors) == (matcher, [])


def test_every_operator_is_compared() -> None:
    """And has a meaning to show in an editor."""
    written = [operators for operators, _ in [*TEXTS, *NUMBERS] if isinstance(operators, dict)]
    assert {name for operators in written for name in operators} == {*OPERATORS, *BESIDE}
    assert all(operator.meaning.endswith(".") for operator in OPERATORS.values())


@pytest.mark.parametrize("field", CONTENT)
def test_what_is_in_a_list_can_be_described(field: str) -> None:
    """By its fields, under an operator or not."""
    word = CONTENT[field]
    name = parameters(word)[0]
    reader = Reader()
    described = word(**{name: equals("x")})
    assert reader.matcher({name: "x"}, (), field) == described
    assert reader.matcher({"has": {name: "x"}}, (), field) == structure.has(described)
    assert reader.matcher({"not": {"each": {name: "x"}}}, (), field) == ~structure.each(described)
    assert not reader.errors


@pytest.mark.parametrize(
    ("written", "block"),
    [
        ({"message": "hi", "within": "5s"}, Block(v.message("hi"), within=5.0)),
        ({"message": "hi", "not_before": "500ms"}, Block(v.message("hi"), not_before=0.5)),
        ({"message": "hi", "never": "left"}, Block(v.message("hi"), never=(v.left(),))),
        ({"message": "hi", "never": ["left", {"message": "/%/"}]},
         Block(v.message("hi"), never=(v.left(), v.message(re.compile("%"))))),
        ({"message": "hi", "others": "forbid"}, Block(v.message("hi"), others="forbid")),
        ({"message": "hi", "soft": True}, Block(v.message("hi"), soft=True)),
        ({"message": "hi", "latency": {"to": "message", "max": "2s"}},
         Block(v.message("hi"), latencies=(Latency("", "message", Bounds(None, 2.0)),))),
        ({"sequence": ["typing_started", "message"], "latency": [
            {"from": "typing_started", "to": "message", "min": "1s"}, {"to": "message", "max": "2s"}]},
         Block(sequence(v.typing_started(), v.message()), latencies=(
            Latency("typing_started", "message", Bounds(1.0, None)), Latency("", "message", Bounds(None, 2.0))))),
    ],
)  # fmt: skip
def test_a_block_says_more_than_its_pattern(written: Any, block: Block) -> None:
    """Every option."""
    assert read(written) == block


def test_every_option_is_compared() -> None:
    """In the test above."""
    rows = test_a_block_says_more_than_its_pattern.pytestmark[0].args[1]
    assert {name for written, _ in rows for name in written} >= set(OPTIONS)


class Shop:
    """Names of a shop."""

    def wordings(self, catalogue: str) -> tuple[str, ...]:
        """Its catalogues."""
        if catalogue != "greeting":
            raise ValueError("there is no such catalogue")
        return "Hello", "/hi+/"

    def said(self, name: str) -> str:
        """Its moves."""
        if name != "first":
            raise ValueError("nothing was said so")
        return "m-1"


def test_names_are_looked_up() -> None:
    """Catalogues, and what the user said."""
    reader = Reader(Shop())
    assert read({"message": {"one_of": "greeting"}}, reader) == Block(v.message(one_of("Hello", re.compile("hi+"))))
    assert read({"delivered": {"of": "first"}}, reader) == Block(v.delivered("m-1"))
    for unknown in ({"message": {"one_of": "farewell"}}, {"delivered": "second"}):
        with pytest.raises(ValidationError):
            read(unknown, Reader(Shop()))


def test_every_mistake_is_told_with_its_place() -> None:
    """All of a block at once."""
    reader = Reader()
    block = {"sequence": ["mesage", {"left": {"rol": "x"}}, {"message": {"text": {"contians": 1}}}], "within": 5}
    assert reader.block(block) is None
    assert [(one["loc"], one["type"].type) for one in reader.errors] == [  # type: ignore[union-attr]
        (("sequence", 0), "value_error"),
        (("sequence", 1, "left", "rol"), "unknown_key"),
        (("sequence", 2, "message", "text", "contians"), "unknown_key"),
        (("within",), "value_error"),
    ]


def test_the_tables_are_of_one_language() -> None:
    """No word means two things."""
    assert not set(WORDS) & set(OPTIONS)
    assert not set(OPERATORS) & set(BESIDE)
    assert set(SHORT) <= {*EVENTS, "reply"}
    assert not set(EVENTS) & set(TREES)
    for word, fields in EVENTS.items():
        assert not set(fields) & set(OPERATORS), word
    assert isinstance(texts.one_of("a"), Matcher)
