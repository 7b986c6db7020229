"""What a person reads when a block did not hold, word for word."""

from collections.abc import Callable

import pytest

from harness.expectations import vocabulary as v
from harness.expectations.block import Expectation
from harness.expectations.building import repeat, sequence
from harness.expectations.engine import Queues, judge
from harness.expectations.explanation import explain
from harness.expectations.matchers import contains
from harness.expectations.patterns import Pattern
from harness.timeline.timeline import Timeline
from tests.expectations.building import bot, delivered, event, said, timeline

BLOCK = "step 2, test_order (suites/test_orders.py:12)"


def told(pattern: Pattern, seen: Timeline, *, within: float = 2.0, anchor: float = 0.2, begin: int = 0) -> str:
    """Judge a pattern over a timeline and explain what it came to."""
    expectation = Expectation(pattern, within)
    queues = Queues(dict.fromkeys(("message", "token", "progress"), begin))
    return explain(BLOCK, expectation, judge(expectation, seen, anchor=anchor, queues=queues), seen, anchor=anchor)


GOLDENS: dict[str, tuple[Callable[[], str], str]] = {
    "another text than expected": (
        lambda: told(
            sequence(v.progress(), v.message(contains("shipped"), role="chatbot")),
            timeline(
                "connected", said("m", "Where is it?"), delivered("m"), ("progress", {"text": "Looking"}), bot("No.")
            ),
        ),
        """\
step 2, test_order (suites/test_orders.py:12): unexpected message 0.300 s after the user's move
  expected    [progress, then message with text containing 'shipped' and role 'chatbot'], within 2 s
  matched     #3    0.400 s  progress progress 'Looking'
  still open  message with text containing 'shipped' and role 'chatbot'
  instead     #4    0.500 s  message  message from Bo (chatbot): 'No.'
                wanted text containing 'shipped', saw 'No.'
  what happened (seconds since the conversation opened; > is what decided it)
       #0    0.100 s  stream   connected
       #1    0.200 s  user     said 'Where is it?'
       #2    0.300 s  receipt  delivered by somebody
       #3    0.400 s  progress progress 'Looking'
  >    #4    0.500 s  message  message from Bo (chatbot): 'No.'""",
    ),
    "nothing at all": (
        lambda: told(v.message("hi"), timeline("connected", said("m", "Hello?"), horizon=3.0)),
        """\
step 2, test_order (suites/test_orders.py:12): not complete 2 s after the user's move
  expected    message with text 'hi', within 2 s
  matched     nothing yet
  still open  message with text 'hi'
  what happened (seconds since the conversation opened; > is what decided it)
       #0    0.100 s  stream   connected
       #1    0.200 s  user     said 'Hello?'""",
    ),
    "too late": (
        lambda: told(v.message("hi"), timeline(said("m"), event("message", 2.5, text="hi", role="chatbot"), horizon=3)),
        """\
step 2, test_order (suites/test_orders.py:12): not complete 2 s after the user's move
  expected    message with text 'hi', within 2 s
  matched     nothing yet
  still open  message with text 'hi'
  what happened (seconds since the conversation opened; > is what decided it)
       #0    0.100 s  user     said 'm'
       #1    2.500 s  message  message from chatbot: 'hi'""",
    ),
    "too busy to tell": (
        lambda: told(
            v.message("hi"),
            timeline(said("m"), event("message", 2.23, earliest=2.18, text="hi"), horizon=3),
            anchor=0.2,
        ),
        """\
step 2, test_order (suites/test_orders.py:12): can't be told: its completion was between 1.980 s and 2.030 s, \
the limit is at most 2 s; the harness was busy for 50 ms
  expected    message with text 'hi', within 2 s
  matched     #1    2.230 s  message  message from somebody: 'hi'
  what happened (seconds since the conversation opened; > is what decided it)
       #0    0.100 s  user     said 'm'
  >    #1    2.230 s  message  message from somebody: 'hi'""",
    ),
    "the stream ended": (
        lambda: told(
            sequence(repeat(v.token(), at_least=3), v.message()),
            timeline(
                said("m"),
                *[("token", {"text": f"t{number} ", "number": number, "target": "x"}) for number in range(4)],
                ("dropped", {"unfinished": 17}),
                ended="the event stream ended",
                horizon=0.6,
            ),
        ),
        """\
step 2, test_order (suites/test_orders.py:12): the event stream ended 0.400 s after the user's move, before it was \
complete
  expected    [3 or more times token, then message], within 2 s
  matched     #1    0.200 s  token    4 tokens until 0.500 s: 't0 t1 t2 t3 '
  still open  [0 or more times token, then message]
  what happened (seconds since the conversation opened; > is what decided it)
       #0    0.100 s  user     said 'm'
       #1    0.200 s  token    4 tokens until 0.500 s: 't0 t1 t2 t3 '
       #5    0.600 s  stream   stream ended, 17 bytes of an unfinished event lost""",
    ),
    "a hostile text": (
        lambda: told(
            v.message("hi"),
            timeline(said("m"), bot("\x1b[2J<script>alert(1)</script>\u202egnirts\n=CMD()" + "x" * 1_000_000)),
        ),
        """\
step 2, test_order (suites/test_orders.py:12): unexpected message 0.000 s after the user's move
  expected    message with text 'hi', within 2 s
  matched     nothing yet
  still open  message with text 'hi'
  instead     #1    0.200 s  message  message from Bo (chatbot): '\\x1b[2J\
<script>alert(1)</script>\\u202egnirts\\n=CMD()\
"""
        + "x" * 157
        + """' … (1,000,043 characters)
                wanted text 'hi', saw '\\x1b[2J<script>alert(1)</script>\\u202egnirts\\n=CMD()"""
        + "x" * 157
        + """' … (1,000,043 characters)
  what happened (seconds since the conversation opened; > is what decided it)
       #0    0.100 s  user     said 'm'
  >    #1    0.200 s  message  message from Bo (chatbot): '\\x1b[2J<script>alert(1)</script>\\u202egnirts\\n=CMD()"""
        + "x" * 157
        + "' … (1,000,043 characters)",
    ),
}


@pytest.mark.parametrize("kind", GOLDENS)
def test_a_failure_explains_itself(kind: str) -> None:
    """Which block and why, what was matched, what was open, what came instead, what happened."""
    explained, golden = GOLDENS[kind]
    assert explained() == golden


def test_a_long_conversation_is_shown_around_what_decided_it() -> None:
    """Forty lines before, twenty after, and how many were left out."""
    seen = timeline(said("m"), *["typing_started"] * 100, bot("no"), *["left"] * 30)
    shown = told(v.message("hi"), seen, within=60.0, anchor=0.1).splitlines()
    marked = next(place for place, one in enumerate(shown) if one.startswith("  >"))
    assert shown[marked - 41] == "        … 61 lines before"
    assert shown[marked - 40].strip().startswith("#61 ")
    assert shown[-2].strip().startswith("#121 ")
    assert shown[-1] == "        … 10 lines after"
