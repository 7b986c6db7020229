"""A text that starts or ends with a URL becomes two messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.links import split

from .conftest import Visit
from .test_rest import sample
from .test_shapes import DATA, shape

PAGE = "https://help.harbour.example/fees"
BOT = "greeting: [{message: Hello}]\nturns: [{when: '(?s)(?P<all>.+)', do: [{message: 'I have got {all}'}]}]"


@pytest.mark.parametrize(
    ("text", "rest", "url"),
    [
        (f"Is this the right page {PAGE}", "Is this the right page", PAGE),
        (f"{PAGE} is this the right page?", "is this the right page?", PAGE),
        (f"look:\n{PAGE}\n", "look:", PAGE),
        (PAGE, "", PAGE),
        (f" {PAGE} ", "", PAGE),
        ("HTTP://X.example/?a=b#c now", "now", "HTTP://X.example/?a=b#c"),
        (f"{PAGE} or {PAGE}?x=1", f"{PAGE} or", f"{PAGE}?x=1"),
        (f"it is {PAGE} in the middle", f"it is {PAGE} in the middle", None),
        (f"it is {PAGE}.", f"it is {PAGE}.", None),
        (f"it is ({PAGE})", f"it is ({PAGE})", None),
        ("https://", "https://", None),
        ("https:///path", "https:///path", None),
        ("www.harbour.example", "www.harbour.example", None),
        ("xhttps://harbour.example", "xhttps://harbour.example", None),
        ("no link", "no link", None),
    ],
)
def test_where_a_text_is_cut(text: str, rest: str, url: str | None) -> None:
    """At one URL, at one end."""
    assert split(text) == (rest, url)


@given(st.text(st.sampled_from("a /:.?\n") | st.characters()), st.booleans())
def test_nothing_is_lost_but_blanks(text: str, with_url: bool) -> None:
    """What was cut is what was there."""
    said = f"{text} {PAGE}" if with_url else text
    rest, url = split(said)
    if url is None:
        assert rest == said
        assert not with_url
    else:
        assert "".join((rest + url).split()) in {"".join(said.split()), "".join(said.replace(url, "", 1).split()) + url}
        assert split(url) == ("", url)


@pytest.mark.parametrize(
    ("text", "rest"), [(f"Is this it? {PAGE}", "Is this it?"), (f"{PAGE} is this it?", "is this it?"), (PAGE, None)]
)
async def test_a_link_is_a_message_of_its_own(meet: Visit, text: str, rest: str | None) -> None:
    """It follows the text, which keeps the client's id, as the answer says; the bot has heard all at once."""
    end_user = await meet(BOT)
    await end_user.create()
    body = end_user.text(text)
    async with end_user.listen() as ear:
        await ear.until_text("Hello")
        response = await end_user.send(body)
        heard = await ear.until_text("I have got")
    echoes = [event for event in heard if event.role == "EndUser"]
    entries = response.json()["conversationEntries"]
    assert response.status_code == 202
    assert [one["id"] for one in entries] == [event.entry["identifier"] for event in echoes]
    assert entries[0]["id"] == body["message"]["id"]
    link = echoes[-1].payload["abstractMessage"]["staticContent"]
    like = json.loads((DATA / "events/message__rich_link.json").read_text(encoding="utf-8"))["conversationEntry"]
    assert shape(echoes[-1].payload) == shape(json.loads(like["entryPayload"]))
    assert (link["formatType"], link["linkItem"]["url"]) == ("RichLink", PAGE)
    assert [event.text for event in echoes[:-1]] == ([rest] if rest else [])
    if rest:
        assert shape(response.json()) == shape(sample("send_message__response_202_url_split")["body"])
    assert heard[-1].text == f"I have got {text}"
