"""The channel's latencies: receipts, routing, hand-offs, typing, outages."""

from dataclasses import replace
from typing import Any

import pytest

from harness.events import Event
from harness.metrics.latencies import Receipt, handoffs, outages, receipts, routing, spells
from tests.expectations.building import event, timeline
from tests.metrics.made import said

BOT = {"role": "chatbot", "name": "Bo"}
REP = {"role": "agent", "name": "Rita"}


def doubtful(value: float, least: float, most: float) -> Any:
    """A wait, but for rounding."""
    return tuple(map(pytest.approx, (value, least, most)))


def sharp(seconds: float) -> Any:
    """A wait without doubt."""
    return doubtful(seconds, seconds, seconds)


def told(kind: str, at: float, **fields: Any) -> Event:
    """Something of the system."""
    return event(kind, at, **{"role": "system", **fields})


# ---- receipts


def test_a_receipt_is_the_first_of_its_kind() -> None:
    """From the move; for reading, also that of a later message, since it reads the earlier ones too."""
    found = receipts(
        timeline(
            said(1.0, "first"),
            said(1.5, "second"),
            told("delivered", 1.6, of="second", earliest=1.58),
            told("delivered", 1.7, of="first"),
            told("read", 2.0, of="second"),
            told("read", 2.1, of="first"),
            told("delivered", 2.2, of="first"),
            said(3.0, "third"),
            told("undelivered", 3.1, of="third"),
            told("read", 3.2, of="of another window"),
        )
    )
    assert found == (
        Receipt("first", sharp(0.7), sharp(1.0)),
        Receipt("second", doubtful(0.1, 0.08, 0.1), sharp(0.5)),
        Receipt("third", undelivered=sharp(0.1)),
    )


# ---- routing and hand-offs

OPENING = [
    event("opened", 1.0),
    told("routed", 1.1, routing="initial"),
    told("session", 1.2, status="waiting"),
    told("session", 1.3, status="active"),
    told("joined", 1.4, role="end_user"),
    told("joined", 1.5, **BOT),
]
TRANSFER = [
    told("message", 2.1, **BOT),
    told("left", 2.2, **BOT),
    told("session", 2.3, status="waiting"),
    told("routed", 2.4, routing="transfer", wait=240.0),
    told("queue", 2.5, position=2),
    told("queue", 3.5, position=1),
    told("session", 4.0, status="active"),
    told("joined", 4.3, **REP),
]


def test_routing_counts_from_the_opening() -> None:
    """To the first of each."""
    found = routing(timeline(*OPENING, *TRANSFER))
    assert (found.routed, found.active, found.joined) == (sharp(0.1), sharp(0.3), sharp(0.5))
    assert routing(timeline(event("opened", 1.0))) == routing(timeline())


def test_a_hand_off_is_told_from_its_begin_to_the_first_word() -> None:
    """And from the question that asked for it; the routing of the opening is none."""
    messages = [told("message", 4.5, **BOT), told("message", 4.9, **REP), told("message", 5.9, **REP)]
    [found] = handoffs(timeline(*OPENING, said(2.0), *TRANSFER, *messages))
    assert (found.to, found.positions, found.promised, found.failed) == ("agent", (2, 1), 240.0, None)
    assert (found.asked, found.queued, found.greeted) == (sharp(2.3), sharp(2.0), sharp(0.6))


def test_a_hand_off_may_fail_or_never_end() -> None:
    """It is told all the same."""
    failed = told("routed", 2.4, routing="transfer", succeeded=False, failure="NoAgents")
    again, unended = [replace(one, at=one.at + 9, earliest=one.at + 9) for one in TRANSFER[2:4]]
    one, other = handoffs(timeline(*OPENING, said(2.0), failed, again, unended))
    assert (one.failed, one.queued, one.to) == ("NoAgents", None, "")
    assert (other.failed, other.queued, other.to) == (None, None, "")


def test_a_rep_whom_the_scenario_plays_greets_at_its_own_pace() -> None:
    """So that is no latency."""
    played = [event("rep_did", 4.4, what="said"), told("message", 4.5, **REP)]
    [found] = handoffs(timeline(*OPENING, said(2.0), *TRANSFER, *played))
    assert (found.queued, found.greeted) == (sharp(2.0), None)


# ---- typing


@pytest.mark.parametrize(
    ("end", "lasted"),
    [
        pytest.param([told("typing_stopped", 1.5, **BOT)], 0.5, id="it is said to stop"),
        pytest.param([told("message", 1.5, **BOT), told("typing_stopped", 1.6, **BOT)], 0.5, id="a message"),
        pytest.param([told("left", 1.5, **BOT)], 0.5, id="they leave"),
        pytest.param([told("closed", 1.5)], 0.5, id="the close"),
        pytest.param([told("typing_started", 1.3, **BOT), told("typing_stopped", 1.5, **BOT)], 0.5, id="going on"),
        pytest.param([told("typing_stopped", 1.5, **REP)], None, id="somebody else stops"),
        pytest.param([], None, id="never"),
    ],
)
def test_how_a_spell_ends(end: list[Event], lasted: float | None) -> None:
    """With whatever a person would take for its end."""
    [found] = spells(timeline(told("typing_started", 1.0, **BOT), *end))
    assert (found.place, found.role, found.name) == (0, "chatbot", "Bo")
    assert found.lasted == (None if lasted is None else sharp(lasted))


# ---- outages


@pytest.mark.parametrize(
    ("before", "after", "deliberate", "reconnect"),
    [
        pytest.param([], [], False, 0.6, id="the service cut it"),
        pytest.param([event("went_offline", 1.0, seconds=0.5)], [], True, 0.1, id="for half a second"),
        pytest.param([event("went_offline", 1.0)], [event("went_online", 1.55)], True, 0.05, id="until it is resumed"),
    ],
)
def test_a_reconnect_is_told_from_when_it_was_wanted(
    before: list[Event], after: list[Event], deliberate: bool, reconnect: float
) -> None:
    """How long the stream was to be away is the scenario's."""
    back = [event("resumed", 1.6), event("heartbeat", 1.61), event("token", 1.7)]
    [found] = outages(timeline(*before, event("dropped", 1.0, unfinished=7), *after, *back))
    assert (found.deliberate, found.lost) == (deliberate, 7)
    assert (found.down, found.reconnect, found.heard) == (sharp(0.6), sharp(reconnect), sharp(0.1))


def test_outages_are_told_one_by_one() -> None:
    """The second was nobody's intention; the last had no end."""
    ups_and_downs = [
        event("went_offline", 1.0),
        event("dropped", 1.0),
        event("resumed", 1.5),
        event("dropped", 2.0),
        event("resumed", 2.2),
        event("dropped", 3.0),
    ]
    found = outages(timeline(*ups_and_downs))
    assert [one.deliberate for one in found] == [True, False, False]
    assert [one.down for one in found] == [sharp(0.5), sharp(0.2), None]
    assert [one.heard for one in found] == [None, None, None]
