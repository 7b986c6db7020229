"""Access tokens: a guest's, a verified customer's, and another one for a further tab."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from harness.documents import DocumentError
from harness.sandbox.bots import load_bot
from harness.sandbox.limits import Limits
from harness.sandbox.server import Sandbox
from tests.keys import CUSTOMER, customer_jwt, jwk, private_key, verification

from .conftest import Visit, visitors
from .end_user import ORG, REST, EndUser
from .test_rest import GONE, TOKEN, TOKEN_REQUEST, UUID, assert_refused, changed, sample

CUSTOMERS = f"{REST}/authorization/authenticated/access-token"
CONTINUED = f"{REST}/authorization/continuation-access-token"

# Guests


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"surprise": 1}, 'Unrecognized field "surprise"', id="an unknown property"),
        pytest.param({"context": {"app": "x"}}, 'Unrecognized field "app"', id="an unknown property further in"),
        pytest.param({"orgId": GONE}, "Specify the orgId.", id="no organisation"),
        pytest.param({"orgId": "00D123"}, "Invalid orgId", id="a short organisation id"),
        pytest.param({"orgId": 7}, "Invalid orgId", id="an organisation that is a number"),
        pytest.param({"context": {"appName": "My App"}}, "Invalid appName", id="a blank in the application's name"),
        pytest.param(
            {"context": {"appName": "a" * 41}}, "Invalid appName", id="an application's name of 41 characters"
        ),
        pytest.param({"deviceId": "d"}, "deviceId is not supported for platform Web", id="a device id on the web"),
        pytest.param({"platform": "web"}, "Invalid platform", id="an unknown platform"),
        pytest.param({"capabilitiesVersion": "59"}, "Invalid capabilitiesVersion", id="unknown capabilities"),
        pytest.param({"capabilitiesVersion": 63}, "Invalid capabilitiesVersion", id="capabilities that are a number"),
        pytest.param({"esDeveloperName": "Nobody"}, 'There is no deployment "Nobody"', id="an unknown deployment"),
    ],
)
async def test_a_token_is_refused(sandbox: Sandbox, changes: dict[str, Any], message: str) -> None:
    """One mistake in the request is answered with 400 and says which."""
    async with httpx.AsyncClient(base_url=sandbox.url) as http:
        assert_refused(await http.post(TOKEN, json=changed(TOKEN_REQUEST, **changes)), 400, message)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="the least"),
        pytest.param({"capabilitiesVersion": "1"}, id="base capabilities"),
        pytest.param({"capabilitiesVersion": "70"}, id="the newest capabilities"),
        pytest.param({"platform": "Mobile", "deviceId": str(uuid4())}, id="a device"),
        pytest.param({"context": {"appName": "Harbour.App_1", "clientVersion": "1.0.0"}}, id="an application"),
        pytest.param({"context": None, "captchaToken": None}, id="explicit nulls"),
        pytest.param({"orgId": f"{ORG}EAY"}, id="an organisation id of 18 characters"),
    ],
)
async def test_a_token_is_given(sandbox: Sandbox, changes: dict[str, Any]) -> None:
    """What is allowed is answered as the sample shows, with the claims of the sample."""
    async with httpx.AsyncClient(base_url=sandbox.url) as http:
        response = await http.post(TOKEN, json=changed(TOKEN_REQUEST, **changes))
    assert response.status_code == 200
    body, like = response.json(), sample("access_token_unauthenticated__response_200")["body"]
    assert body.keys() == like.keys()
    assert body["context"].keys() == like["context"].keys()
    service = body["context"]["configuration"]["embeddedServiceConfig"]
    assert service.keys() == like["context"]["configuration"]["embeddedServiceConfig"].keys()
    assert body["lastEventId"].isdigit()

    claims = jwt.decode(body["accessToken"], options={"verify_signature": False})
    assert claims.keys() == sample("access_token__decoded_claims")["payload"].keys()
    assert claims["sub"] == body["context"]["endUser"]["subject"]
    assert claims["deviceId"] == body["context"]["deviceId"]
    assert claims["channelAddId"] == service["embeddedServiceMessagingChannel"]["channelAddressIdentifier"]
    assert claims["exp"] - claims["iat"] in {3600, 3601}
    assert jwt.get_unverified_header(body["accessToken"])["alg"] == "RS256"


async def test_every_token_is_another_end_user(visit: Visit) -> None:
    """Asking again, even for the same device, gives a new subject."""
    end_user = await visit()
    first, second = await end_user.sign_in(), await end_user.sign_in()
    assert first["context"]["endUser"]["subject"] != second["context"]["endUser"]["subject"]


async def test_only_deployments_for_custom_clients_give_tokens(tmp_path: Path) -> None:
    """A web deployment is the wrong one, with the words of the service."""
    bot = tmp_path / "web.bot.yaml"
    bot.write_text("{bot: Web, deployment: Harbour_Web, type: web}", encoding="utf-8")
    async with Sandbox([bot]) as sandbox, httpx.AsyncClient(base_url=sandbox.url) as http:
        response = await http.post(TOKEN, json=changed(TOKEN_REQUEST, esDeveloperName="Harbour_Web"))
    wrong_type = sample("error__400_wrong_deployment_type")
    assert (response.status_code, response.json()) == (wrong_type["status"], wrong_type["body"])


async def test_an_expired_token_is_refused() -> None:
    """Nothing happens when a token expires, but the next request is answered with 401."""
    async with Sandbox(token_lifetime=0) as sandbox, visitors(sandbox) as visit:
        end_user = await visit()
        response = await end_user.send(end_user.text("hello"))
    expired = sample("error__401_token_expired")
    assert (response.status_code, response.json()) == (expired["status"], expired["body"])


async def test_a_token_of_another_sandbox_is_refused(visit: Visit) -> None:
    """Two sandboxes of one process do not share their clients."""
    end_user = await visit()
    async with Sandbox() as other, httpx.AsyncClient(base_url=other.url) as http:
        response = await http.get(f"{REST}/conversation/{UUID}", headers=end_user.headers)
    assert_refused(response, 401, "Jwt verification fails")


# Verified customers


def proof(**changes: Any) -> dict[str, Any]:
    """Give the request of a customer."""
    said = {"esDeveloperName": "Test", "authorizationType": "JWT", "customerIdentityToken": customer_jwt()}
    return changed(TOKEN_REQUEST, **{**said, **changes})


async def test_a_customer_is_answered_as_in_the_sample(meet: Visit) -> None:
    """With the name that the keyset and the customer's id make, and a token for six hours."""
    guest = await meet(verification())
    response = await guest.http.post(CUSTOMERS, json=proof())
    like = sample("access_token_authenticated__response_200")
    assert response.status_code == like["status"]
    body, context = response.json(), response.json()["context"]
    assert body.keys() == like["body"].keys()
    assert context["endUser"] == {
        **like["body"]["context"]["endUser"],
        "subject": f"v2/iamessage/AUTH/Harbour_Keys/uid:{CUSTOMER}",
    }
    service = context["configuration"]["embeddedServiceConfig"]
    assert service["embeddedServiceMessagingChannel"]["authMode"] == "Auth"
    claims = jwt.decode(body["accessToken"], options={"verify_signature": False})
    assert claims.keys() == sample("access_token__decoded_claims")["payload"].keys()
    assert claims["sub"] == context["endUser"]["subject"]
    assert claims["exp"] - claims["iat"] in {6 * 3600, 6 * 3600 + 1}


@pytest.mark.parametrize(
    ("setup", "token"),
    [
        pytest.param({}, lambda: customer_jwt(exp=int(time.time()) - 1), id="an old one"),
        pytest.param({}, lambda: customer_jwt(nbf=int(time.time()) + 60), id="one of the future"),
        pytest.param({}, lambda: customer_jwt(iat=int(time.time()) + 60), id="one made in the future"),
        pytest.param({}, lambda: customer_jwt(kid="another"), id="a key that is not in the keyset"),
        pytest.param({}, lambda: customer_jwt(key=private_key("another")), id="a signature by another key"),
        pytest.param({}, lambda: customer_jwt(algorithm="RS512"), id="another algorithm"),
        pytest.param({}, lambda: customer_jwt(algorithm="HS256", key="k" * 32), id="a secret instead of a key"),
        pytest.param({}, lambda: customer_jwt(iss="https://elsewhere.example"), id="another issuer"),
        pytest.param({}, lambda: customer_jwt(iss=None), id="no issuer"),
        pytest.param({}, lambda: customer_jwt(sub=None), id="nobody"),
        pytest.param({}, lambda: customer_jwt(sub=""), id="an empty name"),
        pytest.param({}, lambda: customer_jwt(exp=None), id="no expiry"),
        pytest.param({"audience": "harbour-chat"}, customer_jwt, id="no audience where one is wanted"),
        pytest.param({"audience": "harbour-chat"}, lambda: customer_jwt(aud="x"), id="another audience"),
        pytest.param({"keys": []}, customer_jwt, id="a deployment without keys"),
        pytest.param({}, lambda: "nonsense", id="no token at all"),
    ],
)
async def test_a_customer_is_refused(meet: Visit, setup: dict[str, Any], token: Any) -> None:
    """With 401 and the words of the service, whatever is wrong; and where it is so set up, taken for a guest."""
    for otherwise, status in (("refused", 401), ("anonymous", 200)):
        guest = await meet(verification(**setup, otherwise=otherwise))
        response = await guest.http.post(CUSTOMERS, json=proof(customerIdentityToken=token()))
        assert response.status_code == status
        if status == 401:
            assert response.json() == sample("error__401_customer_token_expired")["body"]
        else:
            assert response.json()["context"]["endUser"]["subject"].startswith("v2/iamessage/UNAUTH/NA/uid:")


@pytest.mark.parametrize(
    ("setup", "token"),
    [
        pytest.param({}, lambda: customer_jwt(nbf=None, iat=None), id="the least"),
        pytest.param({}, lambda: customer_jwt(aud="harbour-chat"), id="an audience that nobody asks for"),
        pytest.param({"audience": "harbour-chat"}, lambda: customer_jwt(aud="harbour-chat"), id="the audience"),
        pytest.param({"issuer": None}, lambda: customer_jwt(iss="https://any.example"), id="any issuer"),
        pytest.param({"keys": [jwk("other"), jwk()]}, lambda: customer_jwt(kid="other"), id="the other of two keys"),
    ],
)
async def test_a_customer_is_verified(meet: Visit, setup: dict[str, Any], token: Any) -> None:
    """What the deployment asks for is enough."""
    guest = await meet(verification(**setup))
    response = await guest.http.post(CUSTOMERS, json=proof(customerIdentityToken=token()))
    assert response.status_code == 200
    assert response.json()["context"]["endUser"]["subject"] == f"v2/iamessage/AUTH/Harbour_Keys/uid:{CUSTOMER}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"authorizationType": GONE}, "Specify the authorizationType."),
        ({"authorizationType": "jwt"}, "Invalid authorizationType"),
        ({"customerIdentityToken": GONE}, "Specify the customerIdentityToken."),
        ({"customerIdentityToken": ""}, "Invalid customerIdentityToken"),
        ({"customerIdentityToken": 7}, "Invalid customerIdentityToken"),
        ({"userId": "u"}, 'Unrecognized field "userId"'),
        ({"orgId": GONE}, "Specify the orgId."),
    ],
)
async def test_a_customers_request_is_refused(meet: Visit, changes: dict[str, Any], message: str) -> None:
    """With 400, for the same mistakes as a guest's, and for its own."""
    guest = await meet(verification())
    assert_refused(await guest.http.post(CUSTOMERS, json=proof(**changes)), 400, message)


async def test_a_customer_is_the_same_on_every_device(meet: Visit) -> None:
    """Two sign-ins are one end user: what the one creates the other lists, hears and may speak in; a guest may not."""
    here = await meet(
        verification() + "greeting: [{message: Hello}]\nturns: [{when: tea, do: [{message: With milk?}]}]"
    )
    there, guest = (EndUser(here.http, here.deployment, "63") for _ in range(2))
    first = await here.sign_in(customer_jwt())
    await here.create()
    second = await there.sign_in(customer_jwt())
    assert first["accessToken"] != second["accessToken"]
    there.conversation = guest.conversation = here.conversation
    listed = await there.http.get(f"{REST}/conversation/list", headers=there.headers)
    assert [one["conversationId"] for one in listed.json()["conversations"]] == [here.conversation]
    async with here.listen(here.last_event_id) as ear, there.listen(there.last_event_id) as other:
        await there.say("tea")
        heard = await ear.until_text("With milk?")
        last = await other.until_text("With milk?")
        assert [event.id for event in last] == [event.id for event in heard][-len(last) :]
    echo = next(event for event in heard if event.text == "tea")
    claims = jwt.decode(second["accessToken"], options={"verify_signature": False})
    assert echo.entry["sender"]["clientIdentifier"] == claims["clientId"]
    await guest.sign_in()
    assert_refused(await guest.get("/entries"), 403, "Permission Denied")


async def test_a_verified_token_expires_by_itself(meet: Visit) -> None:
    """After as long as was set up for verified users, and not for guests."""
    guest = await meet(verification(lifetime="1ms"))
    customer = EndUser(guest.http, guest.deployment, "63")
    await customer.sign_in(customer_jwt())
    deadline = time.monotonic() + 5
    while (response := await customer.get()).status_code != 401 and time.monotonic() < deadline:
        pass
    assert (response.status_code, response.json()) == (401, sample("error__401_token_expired")["body"])
    assert (await guest.get()).status_code == 404


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ({"kty": "oct", "k": "AAAA", "kid": "x"}, "this is no public RSA key"),
        ({"kty": "RSA", "kid": "x"}, "this is no public RSA key in the form of a JWK"),
        ({key: value for key, value in jwk().items() if key != "kid"}, "this is no public RSA key with a kid"),
        (jwk("short", bits=1024), "a key has at least 2048 bits, this one 1024"),
    ],
)
def test_a_keyset_that_is_none_is_refused(tmp_path: Path, key: dict[str, Any], says: str) -> None:
    """When the bot file is read, with its place."""
    path = tmp_path / "test.bot.yaml"
    path.write_text(f"bot: Test\ndeployment: Test\n{verification(keys=[key])}", encoding="utf-8")
    with pytest.raises(DocumentError) as refused:
        load_bot(path)
    assert says in str(refused.value)
    assert f"{path}:3" in str(refused.value)


# A further tab


async def test_a_continuation_token_is_the_same_end_user(meet: Visit) -> None:
    """As the sample shows it: another client, the same subject, no later expiry; both hear all, and both may speak."""
    first = await meet("greeting: [{message: Hello}]\nturns: [{otherwise: true, do: [{message: Yes?}]}]")
    await first.create()
    response = await first.http.get(CONTINUED, headers=first.headers)
    assert response.json().keys() == sample("continuation_access_token__response_200")["body"].keys()
    old, new = (
        jwt.decode(token, options={"verify_signature": False})
        for token in (first.headers["Authorization"].removeprefix("Bearer "), response.json()["accessToken"])
    )
    assert {name for name in old if old[name] != new[name]} - {"iat"} == {"clientId", "clientSessionId"}
    second = await first.another()
    async with first.listen(first.last_event_id) as ear, second.listen(second.last_event_id) as other:
        await second.say("one")
        heard = await ear.until_text("Yes?")
        assert [event.id for event in heard][-2:] == [event.id for event in await other.until_text("Yes?")][-2:]


async def test_an_expired_token_is_not_continued() -> None:
    """It is answered as any other request with it."""
    async with Sandbox(token_lifetime=0) as sandbox, visitors(sandbox) as visit:
        guest = await visit()
        response = await guest.http.get(CONTINUED, headers=guest.headers)
    assert (response.status_code, response.json()) == (401, sample("error__401_token_expired")["body"])


async def test_a_continued_token_expires_with_the_first() -> None:
    """The tab that is opened last is no longer good than the first."""
    async with Sandbox(token_lifetime=0.5) as sandbox, visitors(sandbox) as visit:
        first = await visit()
        second = await first.another()
        deadline = time.monotonic() + 5
        while (old := await first.get()).status_code != 401 and time.monotonic() < deadline:
            pass
        assert (await second.get()).status_code == old.status_code == 401


# Limits of rates


async def test_tokens_are_limited_by_organisation() -> None:
    """Other organisations have their own count."""
    async with (
        Sandbox(limits=Limits(tokens_per_minute=1)) as sandbox,
        httpx.AsyncClient(base_url=sandbox.url) as http,
    ):
        first, second = [await http.post(TOKEN, json=TOKEN_REQUEST) for _ in range(2)]
        other = await http.post(TOKEN, json=changed(TOKEN_REQUEST, orgId="00DHb000000Other"[:15]))
    assert [first.status_code, second.status_code, other.status_code] == [200, 429, 200]


async def test_renewals_have_a_limit_of_their_own() -> None:
    """Continuation tokens are counted by organisation, and not among the tokens."""
    async with (
        Sandbox(limits=Limits(tokens_per_minute=1, renewals_per_minute=1)) as sandbox,
        visitors(sandbox) as visit,
    ):
        guest = await visit()
        answers = [await guest.http.get(CONTINUED, headers=guest.headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json() == sample("error__429_rate_limited")["body"]
