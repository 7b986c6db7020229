"""What can't be built, and how patterns print."""

import operator
import re

import pytest

from harness.events import CLASSES, Move
from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation
from harness.expectations.building import all_of, one, optional, repeat, sequence
from harness.expectations.patterns import Pattern


@pytest.mark.parametrize(
    ("build", "says"),
    [
        pytest.param(lambda: one("mesage"), "no event kind 'mesage'; did you mean 'message'", id="a misspelt kind"),
        pytest.param(lambda: one("said"), "no event kind 'said'", id="a move of the user is not expected"),
        pytest.param(lambda: one("answered"), "no event kind 'answered'", id="nor is what no block sees"),
        pytest.param(lambda: one("message", txt="a"), "no field 'txt'; did you mean 'text'", id="a misspelt field"),
        pytest.param(lambda: repeat(v.token(), at_least=3, at_most=2), "at least 3 and at most 2", id="bounds"),
        pytest.param(lambda: repeat(v.token(), at_least=-1), "at least -1", id="a negative bound"),
        pytest.param(lambda: repeat(optional(v.token())), "it may be nothing", id="a loop without a body"),
        pytest.param(sequence, "a sequence of nothing", id="an empty sequence"),
        pytest.param(
            lambda: Expectation(optional(v.left()), 1.0), "asks for nothing", id="a block that asks for nothing"
        ),
        pytest.param(lambda: Expectation(v.left(), 0.0), "0 s is over before it begins", id="no time at all"),
    ],
)
def test_nonsense_is_refused_when_it_is_built(build: "type[Pattern]", says: str) -> None:
    """Before anything is sent, with the nearest known word."""
    with pytest.raises(ValueError, match=says):
        build()


def test_only_patterns_are_parts_of_patterns() -> None:
    """A text alone is a common slip."""
    with pytest.raises(TypeError, match=r"not of 'hello'"):
        sequence("hello")  # type: ignore[arg-type]


@pytest.mark.parametrize("pattern", [v.message("hi"), v.reply("hi"), v.left() | v.closed(), optional(v.left())])
def test_a_pattern_has_no_opposite(pattern: Pattern) -> None:
    """What to write instead is said."""
    says = f"~ can't stand before {pattern}: name an event that must not come in never=, and write ~ before the matcher"
    with pytest.raises(TypeError, match=re.escape(says)):
        operator.invert(pattern)


@pytest.mark.parametrize(
    ("pattern", "printed"),
    [
        (v.message(), "message"),
        (v.message("hi", role="agent"), "message with text 'hi' and role 'agent'"),
        (sequence(v.left(), v.closed()), "[left, then closed]"),
        (v.left() & v.closed() & v.read("x"), "all of (left; closed; read)"),
        (v.left() | v.closed(), "any of (left; closed)"),
        (repeat(v.token()), "1 or more times token"),
        (repeat(v.token(), at_least=2, at_most=2), "2 times token"),
        (repeat(v.token(), at_least=2, at_most=3), "2 to 3 times token"),
        (sequence(optional(v.progress()), v.left()), "[optional progress, then left]"),
        (all_of(sequence(v.left(), v.closed()), v.token()), "all of ([left, then closed]; token)"),
    ],
)
def test_a_pattern_prints_as_one_would_say_it(pattern: Pattern, printed: str) -> None:
    """The same words stand in failures."""
    assert str(pattern) == printed


def test_there_is_a_word_for_what_a_scenario_waits_for() -> None:
    """Every word makes a pattern of its own kind, and the ten events of the service have one."""
    assert {word().kind for word in v.WORDS.values()} == set(v.WORDS)
    assert set(v.WORDS) <= {kind for kind, cls in CLASSES.items() if not issubclass(cls, Move)}
    ten = {"routed", "joined", "left", "message", "delivered", "progress", "read", "token", "retracted"}
    assert ten | {"typing_started", "typing_stopped", "closed"} <= set(v.WORDS)
