"""Faults as people write them, and when they come."""

from collections import Counter

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from harness.sandbox.faults import FINALS, KINDS, LINES, PHASES, PING, Fault, FaultError, parse, parse_one
from harness.sandbox.plans import About, Plan, Plans

TOKEN = About("StreamingToken", ("streaming",), "one")


@st.composite
def faults(draw: st.DrawFn) -> str:
    """The text of a fault that can come."""
    word = draw(st.sampled_from(sorted(KINDS)))
    kind = KINDS[word]
    phase = draw(st.none() | st.sampled_from(kind.phases))
    said: dict[str, object] = {"phase": phase, "on": draw(st.none() | st.sampled_from(kind.on)) if kind.on else None}
    said["after"] = draw(st.none() | st.integers(0, 99))
    said["times"] = draw(st.none() | st.just("all") | st.integers(1, 99))
    said["probability"] = draw(st.none() | st.floats(0, 1, exclude_min=True))
    said["seed"] = draw(st.none() | st.integers(0, 99))
    values: dict[str, st.SearchStrategy[object]] = {
        "seconds": st.sampled_from(["1s", "0.25s", "30ms", "2m"]),
        "events": st.integers(1, 99),
        "status": st.integers(200, 599),
        "how": st.sampled_from(["close", "reset", "end"]),
        "at": st.sampled_from(["request", "answer"]),
    }
    for name in kind.takes:
        said["for" if name == "seconds" else name] = draw(st.none() | values[name])
    words = [f"{name}={value}" for name, value in said.items() if value is not None]
    text = " ".join([word, *draw(st.permutations(words))])
    try:
        parse_one(text)
    except FaultError as error:
        if " in the phase " not in str(error):
            raise
        reject()  # it could never come
    return text


@given(faults())
def test_a_fault_is_written_as_it_is_read(text: str) -> None:
    """Whatever it says, and with nothing that need not be said."""
    fault = parse_one(text)
    assert parse_one(str(fault)) == fault
    assert len(str(fault).split()) <= len(text.split())


def test_a_fault_says_all_that_it_is() -> None:
    """In words of one meaning; what is left out has a default."""
    assert parse_one("drop phase=streaming after=3 probability=0.2 seed=7") == Fault(
        "drop", phase="streaming", after=3, times=None, probability=0.2, seed=7, how="close"
    )
    assert parse_one("slow on=sendMessage for=250ms times=all at=answer") == Fault(
        "slow", on="sendMessage", times=None, seconds=0.25, at="answer"
    )


def test_faults_stand_one_a_line_or_behind_each_other() -> None:
    """As a routing attribute has them."""
    kinds = [fault.kind for fault in parse("drop; half after=1\n\n  gap on=Message ;")]
    assert kinds == ["drop", "half", "gap"]
    assert parse(" ;\n") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("drp", "unknown kind 'drp'; did you mean 'drop'?"),
        ("", f"unknown kind ''; known are {', '.join(sorted(KINDS))}"),
        ("drop phase=straming", "drop has no phase 'straming'; did you mean 'streaming'?"),
        ("drop fase=streaming", "drop takes no 'fase'; did you mean 'phase'?"),
        ("drop streaming", "'streaming' is no word=value, such as phase=streaming"),
        ("drop after=1 after=2", "'after' stands there twice"),
        ("drop after=-1", "wanted a whole number from 0 up, not '-1'"),
        ("drop after=many", "wanted a whole number from 0 up, not 'many'"),
        ("drop times=0", "times: wanted a whole number from 1 up, not '0'; or all"),
        ("drop probability=0", "a probability is a number above 0 up to 1, not '0'"),
        ("drop probability=nan", "a probability is a number above 0 up to 1, not 'nan'"),
        ("drop probability=often", "a probability is a number above 0 up to 1, not 'often'"),
        ("drop seed=x", "wanted a whole number from 0 up, not 'x'"),
        ("drop how=rest", "a connection does not end by 'rest'; did you mean 'reset'?"),
        ("drop on=Massage", "drop can't come on 'Massage'; did you mean 'Message'?"),
        ("drop on=sendMessage", "drop can't come on 'sendMessage'; did you mean 'Message'?"),
        ("drop for=1s", "drop takes no 'for'; known are after, how, on, phase, probability, seed, times"),
        ("slow for=5", "'5' is no duration; write it as 800ms, 5s or 2m"),
        ("slow seconds=5s", "slow takes no 'seconds'; known are after, at, for, on, phase, probability, seed, times"),
        ("slow at=reply", "there is no 'reply' to come at; known are answer, request"),
        ("server_error status=99", "wanted a whole number from 200 to 599, not '99'"),
        ("late_token phase=close", "late_token has no phase 'close'; known are streaming"),
        ("slow phase=token on=sendMessage", "there is no sendMessage in the phase token, but in send"),
        ("drop phase=connect on=Message", "there is no Message in the phase connect"),
        ("drop phase=send on=ping", "there is no ping in the phase send, but in connect"),
    ],
)
def test_a_mistake_is_told_with_the_nearest_word(text: str, problem: str) -> None:
    """And with the text that it stands in."""
    with pytest.raises(FaultError) as caught:
        parse_one(text)
    assert str(caught.value) == f"in the fault {text!r}: {problem}"


def test_every_kind_says_what_it_does_and_where() -> None:
    """Without a phase that nobody knows."""
    for kind in KINDS.values():
        assert kind.about
        assert set(kind.phases) <= set(PHASES)
        assert kind.phases


# When they come


def comings(text: str, times: int, *, number: int = 0, about: About = TOKEN) -> list[int]:
    """At which of so many chances a fault comes."""
    plan = Plan(parse(text), number=number)
    return [chance for chance in range(times) if plan.due(KINDS, about)]


@pytest.mark.parametrize(
    ("text", "comes_at"),
    [
        ("drop", [0]),
        ("drop times=2", [0, 1]),
        ("drop times=all", [0, 1, 2, 3, 4]),
        ("drop after=3", [3]),
        ("drop after=3 times=all", [3, 4]),
        ("drop after=9", []),
        ("drop phase=streaming", [0]),
        ("drop phase=send", []),
        ("drop on=StreamingToken", [0]),
        ("drop on=Message", []),
        ("drop probability=1", [0]),
    ],
)
def test_a_fault_comes_when_it_is_meant(text: str, comes_at: list[int]) -> None:
    """Out of five chances."""
    assert comings(text, 5) == comes_at


@given(st.integers(0, 1000), st.integers(0, 50), st.floats(0.01, 1, exclude_max=True))
def test_the_same_seed_gives_the_same_faults(seed: int, number: int, probability: float) -> None:
    """For the same end user."""
    text = f"drop probability={probability} seed={seed}"
    assert comings(text, 50, number=number) == comings(text, 50, number=number)


def test_another_seed_or_end_user_meets_others() -> None:
    """About as often as the probability says."""
    text = "drop probability=0.2 seed={}"
    by_seed = [comings(text.format(seed), 100) for seed in range(50)]
    by_user = [comings(text.format(1), 100, number=number) for number in range(50)]
    for several in (by_seed, by_user):
        assert len({tuple(one) for one in several}) == 50
        assert 800 < sum(map(len, several)) < 1200


def test_faults_of_one_kind_draw_by_themselves() -> None:
    """Two that say the same but for the seed do not come together."""
    plan = Plan(parse("drop probability=0.5 seed=1; drop probability=0.5 seed=2"))
    counted = Counter(len(plan.due(LINES, TOKEN)) for _ in range(200))
    assert set(counted) == {0, 1, 2}


def test_pings_are_not_counted_unless_named() -> None:
    """They come by the clock, and draws would depend on it."""
    ping = About(PING)
    assert comings("drop", 3, about=ping) == []
    assert comings("drop on=ping", 3, about=ping) == [0]
    assert comings("drop phase=connect", 3, about=ping) == []
    assert comings("drop phase=connect", 3, about=About(PING, ("connect",))) == [0]


def test_a_conversation_meets_its_own_faults_only() -> None:
    """And those of its end user's deployment; what is about no conversation is met by all."""
    plan = Plan()
    plan.add(parse("drop times=all"), "one")
    assert [bool(plan.due(LINES, TOKEN._replace(conversation=id_))) for id_ in ("one", "two", "")] == [
        True,
        False,
        True,
    ]


def test_what_a_kind_can_not_come_on_is_no_chance() -> None:
    """Nor counted as one."""
    plan = Plan(parse("closed after=1"))
    asked = ["createConversation", "sendMessage", "acknowledgeEntries", "sendFile"]
    assert [bool(plan.due(KINDS, About(name, ("send",)))) for name in asked] == [False, False, False, True]
    assert not Plan(parse("wrong_final")).due(FINALS, TOKEN)


def test_faults_are_set_anew() -> None:
    """For those who come after that; the number of the end user begins again."""
    plans = Plans({"A": parse("drop probability=0.5 seed=1 times=all")})
    first = [bool(plans.meet("A", "x").due(LINES, TOKEN)) for _ in range(20)]
    plans.set("A", parse("drop probability=0.5 seed=1 times=all"))
    assert [bool(plans.meet("A", "x").due(LINES, TOKEN)) for _ in range(20)] == first
    plans.set("A", ())
    assert not plans.meet("A", "x").armed
    assert not plans.meet("B", "x").armed
