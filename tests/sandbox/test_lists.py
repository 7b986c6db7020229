"""What can be asked of conversations: lists of them, their entries page by page, their transcript."""

import re
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.sandbox import pdf
from harness.sandbox.history import KNOWN, STORED, Archive, History

from .conftest import Visit
from .end_user import REST, EndUser
from .test_rest import assert_refused, sample
from .test_shapes import shape

BOT = "greeting: [{message: Hello}]\nturns: [{otherwise: true, do: [{typing: started}, {message: Yes?}]}]\n"
LIST = f"{REST}/conversation/list"


async def listed(end_user: EndUser, **params: Any) -> dict[str, Any]:
    """List conversations."""
    response = await end_user.http.get(LIST, headers=end_user.headers, params=params)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


# Lists of conversations


async def test_a_list_has_the_shape_of_the_sample(visit: Visit) -> None:
    """With what is open, and on demand with what is closed."""
    end_user = await visit()
    ids = [str(uuid4()) for _ in range(3)]
    for end_user.conversation in ids:
        await end_user.create()
    await end_user.delete()
    like = sample("list_conversations__response_200")["body"]
    opened = await listed(end_user)
    assert shape(opened) == shape(like)
    assert (opened["openConversationsFound"], opened["closedConversationsFound"]) == (2, 0)
    assert [one["conversationId"] for one in opened["conversations"]] == sorted(ids[:2])
    everything = await listed(end_user, inclClosedConvs="true")
    assert (everything["openConversationsFound"], everything["closedConversationsFound"]) == (2, 1)
    [closed] = [one for one in everything["conversations"] if one["isConversationClosed"]]
    assert closed["conversationId"] == ids[2]
    assert closed["endTimestamp"] >= closed["startTimestamp"] > 0
    assert {one["endTimestamp"] for one in opened["conversations"]} == {0}


async def test_a_list_has_the_newest_conversations_of_one_end_user(visit: Visit) -> None:
    """20 of them, or as many as were asked for, in an order that nobody can rely on."""
    end_user, other = await visit(), await visit()
    await other.create()
    ids = [str(uuid4()) for _ in range(22)]
    for end_user.conversation in ids:
        await end_user.create()
    usual, three = await listed(end_user), await listed(end_user, limit=3)
    assert {one["conversationId"] for one in usual["conversations"]} == set(ids[2:])
    assert [one["conversationId"] for one in three["conversations"]] == sorted(ids[-3:])
    assert (await listed(await visit()))["conversations"] == []


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "51"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "1.0"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"inclClosedConvs": "perhaps"}, "inclClosedConvs"),
    ],
)
async def test_a_list_is_refused(visit: Visit, params: dict[str, str], name: str) -> None:
    """With 400, for a parameter that has no such value."""
    end_user = await visit()
    response = await end_user.http.get(LIST, headers=end_user.headers, params=params)
    assert_refused(response, 400, f"Invalid {name}")


async def test_parameters_that_nobody_knows_are_passed_over(visit: Visit) -> None:
    """Clients add some against caches."""
    assert (await listed(await visit(), _ts=1))["conversations"] == []


# Entries


async def test_entries_have_the_shape_of_the_sample(meet: Visit) -> None:
    """Newest first, with payloads that are objects; they are those of the events, and none that only pass."""
    end_user = await meet(BOT)
    await end_user.create()
    async with end_user.listen() as ear:
        heard = await ear.until_text("Hello")
        await end_user.say("tea")
        heard += await ear.until_text("Yes?")
        await end_user.delete("/session")
        heard += await ear.until(lambda event: event.payload.get("sessionStatus") == "Ended")
        heard += await ear.until_event("CONVERSATION_PARTICIPANT_CHANGED")
    entries = (await end_user.get("/entries", limit=50)).json()["conversationEntries"]
    told = [{**event.entry, "entryPayload": event.payload} for event in heard if event.entry["entryType"] in STORED]
    assert list(reversed(entries)) == told
    assert "TypingStartedIndicator" in {event.entry["entryType"] for event in heard}
    [like] = [
        shape(one)
        for one in sample("list_entries__response_200")["body"]["conversationEntries"]
        if one["entryType"] == "Message" and one["sender"]["role"] == "EndUser"
    ]
    [echo] = [shape(one) for one in entries if one["sender"]["role"] == "EndUser"]
    assert echo == like


async def test_a_closed_conversation_can_still_be_read(meet: Visit) -> None:
    """Nothing can be said in it, but what was said is there; the close itself is none of the entries."""
    end_user = await meet(BOT)
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_text("Hello")
        await end_user.delete()
        await ear.until_event("CONVERSATION_CLOSE_CONVERSATION")
    kinds = [entry["entryType"] for entry in await end_user.entries()]
    assert kinds[-2:] == ["SessionStatusChanged", "ParticipantChanged"]
    assert "Message" in kinds


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "51"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"direction": "fromEnd"}, "direction"),
        ({"direction": ""}, "direction"),
        ({"startTimestamp": "yesterday"}, "startTimestamp"),
        ({"endTimestamp": "-1"}, "endTimestamp"),
        ({"endTimestamp": "9" * 19}, "endTimestamp"),
        ({"entryTypeFilter": "Message,Gossip"}, "entryTypeFilter"),
        ({"entryTypeFilter": "message"}, "entryTypeFilter"),
    ],
)
async def test_entries_are_refused(visit: Visit, params: dict[str, str], name: str) -> None:
    """With 400, for a parameter that has no such value."""
    end_user = await visit()
    await end_user.create()
    assert_refused(await end_user.get("/entries", **params), 400, f"Invalid {name}")


TYPES = ["Message", "ParticipantChanged", "RoutingResult", "TypingStartedIndicator"]
TIMES = st.integers(0, 12)


@given(
    times=st.lists(st.tuples(TIMES, st.sampled_from(TYPES)), max_size=30),
    limit=st.integers(1, 50),
    from_start=st.booleans(),
    window=st.tuples(st.none() | TIMES, st.none() | TIMES),
    types=st.frozensets(st.sampled_from(sorted(KNOWN))),
)
def test_a_page_is_cut_from_the_window(
    *,
    times: list[tuple[int, str]],
    limit: int,
    from_start: bool,
    window: tuple[int | None, int | None],
    types: frozenset[str],
) -> None:
    """Its first entries from either end, in order; both ends of the window belong to it."""
    start, end = window
    history, kept = History(), []
    for number, (at, type_) in enumerate(sorted(times)):
        entry = {"identifier": str(number), "entryType": type_, "transcriptedTimestamp": at, "entryPayload": "{}"}
        history.add(entry, {"entryType": type_})
        if type_ in STORED and (start or 0) <= at <= (99 if end is None else end) and (not types or type_ in types):
            kept.append(str(number))
    page = history.page(limit, from_start=from_start, start=start, end=end, types=types)
    assert [entry["identifier"] for entry in page] == (kept if from_start else kept[::-1])[:limit]


def test_only_so_many_closed_conversations_keep_their_entries() -> None:
    """So that a long run doesn't grow; the oldest lose theirs first."""
    histories, archive = [History() for _ in range(3)], Archive(2)
    for history in histories:
        history.add({"transcriptedTimestamp": 1}, {"entryType": "Message"})
        archive.add(history)
    assert [len(history.page(50)) for history in histories] == [0, 1, 1]


# Transcripts


def read_pdf(document: bytes) -> list[list[str]]:
    """Give the lines of each page of a document, found by way of its cross-reference table."""
    assert document.startswith(b"%PDF-1.4")
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n\Z", document)[1])  # type: ignore[index]
    table = document[start:].splitlines()
    assert table[0] == b"xref"
    count = int(table[1].split()[1])
    entries = document[start:].split(b"\n", 2)[2][: 20 * count]
    objects = {}
    for number in range(1, count):
        offset, _, used = entries[20 * number : 20 * number + 18].split()
        head, _, rest = document[int(offset) :].partition(b" obj\n")
        assert (head, used) == (b"%d 0" % number, b"n")
        objects[number] = rest
    pages = re.search(rb"/Kids \[(.*?)\] /Count (\d+)", objects[2])
    assert pages is not None
    kids = [int(number) for number in re.findall(rb"(\d+) 0 R", pages[1])]
    assert len(kids) == int(pages[2])
    return [_lines(objects[int(re.search(rb"/Contents (\d+) 0 R", objects[kid])[1])]) for kid in kids]  # type: ignore[index]


def _lines(content: bytes) -> list[str]:
    length = int(re.match(rb"<< /Length (\d+) >>\nstream\n", content)[1])  # type: ignore[index]
    stream = content.split(b"stream\n", 1)[1][:length]
    assert content.split(b"stream\n", 1)[1][length:].startswith(b"\nendstream\nendobj")
    shown = re.findall(rb"\(((?:\\.|[^\\()])*)\) '", stream)
    return [re.sub(rb"\\(.)", rb"\1", line).decode("cp1252") for line in shown]


@given(
    st.lists(st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Zs", "Cf"]), min_size=1), max_size=150)
)
@example([str(number) for number in range(3 * pdf.ROWS + 1)])
def test_a_document_holds_its_lines(lines: list[str]) -> None:
    """Whatever signs are in them; the long ones are folded, and pages follow one another."""
    pages = read_pdf(pdf.document(lines))
    assert "".join(line for page in pages for line in page) == "".join(lines)
    assert all(len(page) <= pdf.ROWS for page in pages)
    assert all(len(line) <= pdf.COLUMNS for page in pages for line in page)


async def test_a_transcript_is_a_pdf_of_what_was_said(meet: Visit) -> None:
    """As the sample has its headers, with everybody's words in order."""
    end_user = await meet(BOT + "setup: {transcript: true}\nattachments: true\n")
    await end_user.create()
    async with end_user.listen() as ear:
        await ear.until_text("Hello")
        await end_user.say("tea (hot) \\ or not, for 5 € or 飲茶?")
        await ear.until_text("Yes?")
        await end_user.say("see https://harbour.example/tea")
        await ear.until_text("Yes?")
    response = await end_user.get("/transcript")
    like = sample("transcript__response_200")
    assert response.status_code == like["status"]
    for name, value in like["headers"].items():
        assert response.headers[name] == value
    [lines] = read_pdf(response.content)
    said = [re.sub(r"^\S+ \S+ ", "", line) for line in lines[2:]]
    assert said == [
        "Test Bot: Hello",
        "Guest: tea (hot) \\ or not, for 5 € or ???",
        "Test Bot: Yes?",
        "Guest: see",
        "Guest: https://harbour.example/tea",
        "Test Bot: Yes?",
    ]
    configuration = (await end_user.sign_in())["context"]["configuration"]["embeddedServiceConfig"]
    assert configuration["transcript"] == {"allowTranscriptDownload": True}


async def test_a_transcript_is_only_for_those_who_may(visit: Visit) -> None:
    """Where it isn't switched on nobody may."""
    end_user = await visit()
    await end_user.create()
    assert_refused(await end_user.get("/transcript"), 403, "Transcripts are not enabled for this deployment")
