"""What an administrator sets up: the configuration that anybody may see, business hours, pre-chat, full storage."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.documents import DocumentError
from harness.sandbox.bots import load_bot
from harness.sandbox.server import Sandbox
from harness.sandbox.setup import DAYS, Day, Hours

from .conftest import Visit
from .end_user import ORG, REST, EndUser
from .test_forms_and_files import upload
from .test_rest import assert_refused, sample
from .test_shapes import shape

CONFIGURATION = "/embeddedservice/v1/embedded-service-config"
HOURS = "/embeddedservice/v1/businesshours"
ASKED = {"orgId": ORG, "esConfigName": "Test"}
ASKS = [
    {"name": "_firstName", "required": True, "longest": 5},
    {"name": "_email", "type": "Email", "required": True, "longest": 80},
    {"name": "Topic", "type": "ChoiceList", "options": ["Card", "Loan"]},
    {"name": "Basket_Id", "hidden": True},
]
BOT = "greeting: [{message: 'Hello {_firstName}, {language}'}]\nattachments: true\n"


def asking(each: str) -> str:
    """Give the script of a bot with a pre-chat form."""
    return BOT + f"setup: {json.dumps({'prechat': {'each': each, 'asks': ASKS}})}"


# What anybody may see


async def test_a_configuration_has_the_shape_of_the_sample(meet: Visit) -> None:
    """The same with a token and without."""
    end_user = await meet(asking("conversation"))
    response = await end_user.http.get(CONFIGURATION, params={**ASKED, "language": "en_US"})
    like = sample("embedded_service_config__response_200")
    assert response.status_code == like["status"]
    assert shape(response.json()) == shape(like["body"])
    signed_in = (await end_user.sign_in())["context"]["configuration"]
    assert response.json()["embeddedServiceConfig"] == signed_in["embeddedServiceConfig"]
    [form] = signed_in["embeddedServiceConfig"]["forms"]
    assert (form["formType"], form["displayContext"]) == ("PreChat", "Conversation")
    fields = {field["name"]: field for field in form["formFields"]}
    assert [field["order"] for field in fields.values()] == [1, 2, 3, 4]
    assert (fields["_firstName"]["required"], fields["_firstName"]["maxLength"]) == (True, 5)
    assert fields["Basket_Id"]["isHidden"]
    [choices] = signed_in["embeddedServiceConfig"]["choiceListConfig"]["choiceList"]
    assert choices["choiceListId"] == fields["Topic"]["choiceListId"]
    assert [value["label"] for value in choices["choiceListValues"]] == ["Card", "Loan"]


@pytest.mark.parametrize("path", [CONFIGURATION, HOURS])
async def test_deployments_of_every_type_tell_of_themselves(tmp_path: Path, path: str) -> None:
    """Those for the stock client, too, which give custom clients no token."""
    web = tmp_path / "web.bot.yaml"
    web.write_text("{bot: Web, deployment: Harbour_Web, type: web}", encoding="utf-8")
    async with Sandbox([web]) as sandbox, httpx.AsyncClient(base_url=sandbox.url) as http:
        response = await http.get(path, params={**ASKED, "esConfigName": "Harbour_Web"})
    assert response.status_code == 200
    if path == CONFIGURATION:
        assert response.json()["embeddedServiceConfig"]["deploymentType"] == "WEB"


@pytest.mark.parametrize("path", [CONFIGURATION, HOURS])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"esConfigName": "Nobody"}, 'There is no deployment "Nobody"'),
        ({"esConfigName": None}, "Specify the esConfigName."),
        ({"orgId": None}, "Specify the orgId."),
        ({"orgId": "1"}, "Invalid orgId"),
    ],
)
async def test_a_deployment_that_is_none_is_refused(
    meet: Visit, path: str, changes: dict[str, str | None], message: str
) -> None:
    """With 400."""
    end_user = await meet(BOT)
    params = {key: value for key, value in {**ASKED, **changes}.items() if value is not None}
    assert_refused(await end_user.http.get(path, params=params), 400, message)


# Business hours


async def hours(end_user: EndUser) -> dict[str, Any]:
    """Ask for business hours."""
    response = await end_user.http.get(HOURS, params=ASKED)
    assert response.status_code == 200, response.text
    assert shape(response.json()) == shape(sample("business_hours__response_200")["body"])
    told: dict[str, Any] = response.json()["businessHoursInfo"]
    return told


async def test_business_hours_are_told(meet: Visit) -> None:
    """Those that were set up, in epoch milliseconds; all the time if none were."""
    told = await hours(await meet(BOT))
    now = datetime.now(UTC).timestamp() * 1000
    assert (told["name"], told["isActive"]) == ("Default", True)
    assert any(one["startTime"] <= now < one["endTime"] for one in told["businessHours"])

    shift = "{name: Day shift, active: false, opens: '09:00', closes: '17:30'}"
    told = await hours(await meet(BOT + f"setup: {{hours: {shift}}}"))
    assert (told["name"], told["isActive"]) == ("Day shift", False)
    for one in told["businessHours"]:
        opens, closes = (datetime.fromtimestamp(one[end] / 1000, UTC) for end in ("startTime", "endTime"))
        assert (f"{opens:%H:%M}", f"{closes:%H:%M}", opens.date()) == ("09:00", "17:30", closes.date())


@given(
    now=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - put into UTC below
    opens=st.times(),
    closes=st.times(),
    days=st.lists(st.sampled_from(DAYS), unique=True),
)
def test_intervals_are_those_of_the_days(now: datetime, opens: Any, closes: Any, days: list[Day]) -> None:
    """In order, none that is over, none on another day, and today's among them while it lasts."""
    now = now.replace(tzinfo=UTC)
    told = Hours(opens=opens.isoformat(), closes=closes.isoformat(), days=tuple(days)).intervals(now)
    assert told == sorted(told)
    for start, end in told:
        assert DAYS[start.weekday()] in days
        assert start.time() == opens
        assert end.time() == closes
        assert now < end
        assert timedelta(0) < end - start <= timedelta(days=1)
    today = datetime.combine(now.date(), opens, UTC)
    if DAYS[now.weekday()] in days and today >= now:
        assert told[0][0] == today


@pytest.mark.parametrize(
    ("setup", "says"),
    [
        ("hours: {opens: noon}", "'noon' is no time of the day; write it as 09:00"),
        ("hours: {days: [monday]}", "did you mean 'mon'?"),
        ("prechat: {asks: [{nam: x}]}", "did you mean 'name'?"),
        ("prechat: {asks: [{name: x, longest: 0}]}", "wanted a number from 1 up, not 0"),
        ("transcripts: true", "did you mean 'transcript'?"),
    ],
)
def test_a_mistake_in_the_setup_is_said_in_words(tmp_path: Path, setup: str, says: str) -> None:
    """With its place in the bot file."""
    path = tmp_path / "test.bot.yaml"
    path.write_text(f"bot: Test\ndeployment: Test\nsetup:\n  {setup}\n", encoding="utf-8")
    with pytest.raises(DocumentError) as refused:
        load_bot(path)
    assert says in str(refused.value)
    assert f"{path}:4" in str(refused.value)


# Pre-chat


async def create(end_user: EndUser, attributes: dict[str, str], **more: Any) -> httpx.Response:
    """Create a conversation with routing attributes."""
    body = {"conversationId": end_user.conversation, "esDeveloperName": end_user.deployment, **more}
    body["routingAttributes"] = attributes
    return await end_user.http.post(f"{REST}/conversation", headers=end_user.headers, json=body)


async def test_a_bot_knows_the_routing_attributes_and_the_language(meet: Visit) -> None:
    """Those of the conversation, and then those of a new session."""
    end_user = await meet(asking("conversation"))
    assert (await create(end_user, {"_firstName": "Ana"}, language="pt_BR")).status_code == 201
    async with end_user.listen() as ear:
        await ear.until_text("Hello Ana, pt_BR")
        await end_user.delete("/session")
        new = {"isNewMessagingSession": True, "routingAttributes": {"_firstName": "Rui"}, "language": "pt_PT"}
        await end_user.send({**end_user.text("I am back"), **new})
        await ear.until_text("Hello Rui, pt_PT")


async def test_values_that_are_too_long_are_refused(meet: Visit) -> None:
    """On creation, and with a message; values that the form does not ask for may have any length."""
    end_user = await meet(asking("conversation"))
    message = 'The value of the routing attribute "_firstName" is too long'
    assert_refused(await create(end_user, {"_firstName": "Andrea"}), 400, message)
    assert (await create(end_user, {"_firstName": "Andre", "other": "a" * 1000})).status_code == 201
    new = {"isNewMessagingSession": True, "routingAttributes": {"_firstName": "Andrea"}}
    assert_refused(await end_user.send({**end_user.text("hello"), **new}), 400, message)


NEW = {"isNewMessagingSession": True, "routingAttributes": {"_firstName": "Ana"}}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="nothing with it"),
        pytest.param({"isNewMessagingSession": True}, id="no values"),
        pytest.param({"isNewMessagingSession": True, "routingAttributes": None}, id="values that are null"),
        pytest.param({"isNewMessagingSession": False, "routingAttributes": {}}, id="no new session"),
        pytest.param({"routingAttributes": {"_firstName": "Ana"}}, id="values alone"),
    ],
)
async def test_a_session_needs_the_values_of_its_form(meet: Visit, more: dict[str, Any]) -> None:
    """Once the session has ended, the next message is answered with 417, until it brings them; files are no better."""
    end_user = await meet(asking("session"))
    assert (await create(end_user, {"_firstName": "Ana"})).status_code == 201
    async with end_user.listen() as ear:
        await ear.until_text("Hello Ana")
        body = end_user.text("still the same session")
        assert (await end_user.send(body)).status_code == 202
        await end_user.delete("/session")
        body = {**end_user.text("I am back"), **more}
        refused, like = await end_user.send(body), sample("error__417_no_session_prechat_required")
        assert (refused.status_code, refused.json()) == (like["status"], like["body"])
        file = {"message": {"id": str(uuid4()), "fileId": str(uuid4())}, "esDeveloperName": "Test"}
        assert (await upload(end_user, entry={**file, **more})).status_code == 417
        assert (await end_user.send({**body, **NEW})).status_code == 202
        await ear.until_text("Hello Ana")


async def test_without_a_form_for_sessions_a_message_starts_one(meet: Visit) -> None:
    """It needs nothing but itself."""
    end_user = await meet(asking("conversation"))
    await create(end_user, {"_firstName": "Ana"})
    async with end_user.listen() as ear:
        await ear.until_text("Hello Ana")
        await end_user.delete("/session")
        await end_user.say("I am back")
        await ear.until_text("Hello Ana")


# Storage


async def test_nothing_is_created_where_the_storage_is_full(meet: Visit) -> None:
    """It is answered with 412."""
    end_user = await meet(BOT + "setup: {storage_full: true}")
    refused, like = await create(end_user, {}), sample("error__412_conversation_precondition_failed")
    assert (refused.status_code, refused.json()) == (like["status"], like["body"])
