"""Every matcher: what fits, what does not, how it prints, what a mismatch says."""

import re

import pytest
from dirty_equals import IsPositiveInt

from harness.expectations.matchers import Matcher, contains, ends_with, equals, matcher, matches, starts_with

ROWS = [
    pytest.param(equals("hi"), ["hi", " hi\n", "hi"], ["Hi", "", 5, None], "'hi'", id="equal text"),
    pytest.param(equals("a b"), ["a  b", "a\u00a0b"], ["ab"], "'a b'", id="white space is one space"),
    pytest.param(equals("caf\u00e9"), ["cafe\u0301"], ["cafe"], "'caf\u00e9'", id="composed and decomposed are equal"),
    pytest.param(equals("hi", exact=True), ["hi"], ["hi "], "'hi' exactly", id="exact text"),
    pytest.param(equals(5), [5], [6, "5"], "5", id="a number"),
    pytest.param(matcher(IsPositiveInt()), [1], [0, "x"], "IsPositiveInt()", id="any object with =="),
    pytest.param(contains("ship"), ["it shipped", "ship"], ["sh ip", 5], "containing 'ship'", id="contains"),
    pytest.param(starts_with("it"), ["it shipped", " it"], ["shit"], "starting with 'it'", id="starts with"),
    pytest.param(ends_with("ed"), ["shipped "], ["edit"], "ending with 'ed'", id="ends with"),
    pytest.param(matches(r"ORD-\d+"), ["is ord-12 there"], ["ORD-"], r"matching /ORD-\d+/i", id="an expression"),
    pytest.param(matcher(re.compile("a")), ["cat"], ["A"], "matching /a/", id="a compiled expression keeps its flags"),
    pytest.param(~contains("x"), ["abc"], ["xyz"], "not containing 'x'", id="not"),
    pytest.param(contains("a") & contains("b"), ["ab"], ["a", "b"], "containing 'a' and containing 'b'", id="both"),
    pytest.param(contains("a") | contains("b"), ["a", "b"], ["c"], "containing 'a' or containing 'b'", id="either"),
]


@pytest.mark.parametrize(("check", "fit", "unfit", "printed"), ROWS)
def test_a_matcher_keeps_the_contract(check: Matcher, fit: list[object], unfit: list[object], printed: str) -> None:
    """None where it fits, else what was wanted and what was seen; printed as a person would say it."""
    assert str(check) == printed
    assert [check.match(value) for value in fit] == [None] * len(fit)
    for value in unfit:
        mismatch = check.match(value)
        assert mismatch is not None
        assert mismatch.wanted == printed
        assert mismatch.saw == repr(value)


def test_what_was_seen_is_shown_as_text() -> None:
    """Escapes are spelt out and long text is cut."""
    mismatch = equals("hi").match("\x1b[31m" + "x" * 300)
    assert mismatch is not None
    assert mismatch.saw == "'\\x1b[31m" + "x" * 195 + "' … (305 characters)"


def test_a_broken_expression_is_refused_when_built() -> None:
    """With the expression and what is wrong with it."""
    with pytest.raises(ValueError, match=re.escape("not a regular expression: 'a(': missing ), unterminated")):
        matches("a(")
