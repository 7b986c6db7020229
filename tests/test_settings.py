"""Which target a run talks to: from a name, an address, a file, and the words of the command line."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from harness.client.identity import Identity
from harness.client.target import Budgets, Limits, Reconnect, Target, Timeouts
from harness.client.target_file import OfService
from harness.documents import DocumentError
from harness.errors import LocalProtocolError
from harness.settings import (
    DEPLOYMENT,
    NOWHERE,
    ORG_ID,
    limits,
    read_targets,
    sandbox_target,
    strictness,
    target,
    targets_file,
)
from tests.keys import pem

MARK = "¶"
"""Stands where a mistake is."""

STAGING = """\
targets:
  staging:
    url: https://staging.example
    org_id: 00D000000000001
    deployment: My_Client
"""
LIVE = """\
targets:
  live:
    url: https://live.example
    org_id: 00D000000000002
    deployment: My_Client
    production: true
"""
FULL = """\
targets:
  full:
    about: Everything that can be said.
    url: https://${env.HOST}/
    org_id: ${env.ORG}
    deployment: ${ env.BOT }
    capabilities_version: 66
    production: true
    within: 20s
    acknowledge: read
    proxy: http://me:${env.SECRET}@proxy.example:3128
    limits: {starts_per_minute: 60, messages_per_minute: 0, concurrency: 4}
    budgets: {greeting: 5s, join: 10s, first_token: 1500ms, gap: 1s, reply: 1m}
    timeouts: {connect: 5s, request: 20s, first_event: 15s, silence: 2m}
    reconnect: {first_delay: 500ms, factor: 2, longest_delay: 1m, attempts: 0}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the current one, with nothing of interest in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOST", "ORG", "BOT", "SECRET"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    """A file of targets."""
    path = folder / "targets.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("said", "strict"),
    [((None, None), False), ((True, False), True), ((None, True), True), ((False, True), False)],
)
def test_the_narrowest_word_on_strictness_counts(said: tuple[bool | None, ...], *, strict: bool) -> None:
    """And nothing is lenient."""
    assert strictness(*said) == strict


# -- choosing ----------------------------------------------------------------------------------------------------------


def test_the_sandbox_needs_no_file(folder: Path) -> None:
    """It is at no address until it is started."""
    assert target("sandbox", near=folder) == Target(
        name="sandbox", url=NOWHERE, org_id=ORG_ID, deployment=DEPLOYMENT, is_sandbox=True
    )


def test_a_file_can_say_more_of_the_sandbox(folder: Path) -> None:
    """But not where it is."""
    write(folder, "targets: {sandbox: {deployment: Harbour_Menu, within: 3s, budgets: {reply: 2s}}}")
    found = target("sandbox", near=folder)
    assert (found.deployment, found.within, found.budgets.reply, found.is_sandbox) == ("Harbour_Menu", 3.0, 2.0, True)


def test_a_file_says_everything_of_a_target(folder: Path) -> None:
    """Times are seconds; variables are of the environment."""
    write(folder, FULL)
    (folder / ".env").write_text("HOST=full.example\nORG=00D00000000000f\nBOT=Orders\nSECRET=hunter2\n")
    assert target("full", near=folder, allow_production=True) == Target(
        name="full",
        url="https://full.example",
        org_id="00D00000000000f",
        deployment="Orders",
        capabilities_version="66",
        production=True,
        within=20.0,
        acknowledge="read",
        proxy="http://me:hunter2@proxy.example:3128",
        limits=Limits(starts_per_minute=60, messages_per_minute=0, concurrency=4),
        budgets=Budgets(greeting="5s", join="10s", first_token="1500ms", gap="1s", reply="1m"),
        timeouts=Timeouts(connect="5s", request="20s", first_event="15s", silence="2m"),
        reconnect=Reconnect(first_delay="500ms", factor=2, longest_delay="1m", attempts=0),
    )


def test_a_password_is_not_shown(folder: Path) -> None:
    """Where a target is printed."""
    write(folder, FULL)
    (folder / ".env").write_text("HOST=full.example\nORG=00D00000000000f\nBOT=Orders\nSECRET=hunter2\n")
    assert "hunter2" not in f"{target('full', near=folder, allow_production=True)!r}"


def test_what_is_not_said_has_defaults(folder: Path) -> None:
    """Those of the service's own client, where there are such."""
    write(folder, STAGING)
    found = target("staging", near=folder)
    assert (found.within, found.production, found.proxy, found.ca) == (10.0, False, None, None)
    assert found.timeouts.model_dump() == {"connect": 10.0, "request": 30.0, "first_event": 30.0, "silence": 90.0}
    assert found.reconnect.model_dump() == {"first_delay": 1.0, "factor": 1.5, "longest_delay": 30.0, "attempts": 10}


def test_the_nearest_file_counts(folder: Path) -> None:
    """Looked for upwards, from the folder of a file too."""
    write(folder, STAGING)
    near = folder / "suites" / "orders"
    near.mkdir(parents=True)
    (near / "one.scenario.yaml").touch()
    assert target("staging", near=near / "one.scenario.yaml").url == "https://staging.example"
    write(folder / "suites", STAGING.replace("staging.example", "nearer.example"))
    assert target("staging", near=near).url == "https://nearer.example"
    assert target("staging", near=folder).url == "https://staging.example"


def test_the_command_line_counts_first(folder: Path) -> None:
    """Before the file."""
    write(folder, STAGING)
    found = target("staging", near=folder, org_id="00D000000000009", deployment="Other", within=2.0)
    assert (found.org_id, found.deployment, found.within) == ("00D000000000009", "Other", 2.0)


def test_an_address_needs_no_file(folder: Path) -> None:
    """But an organisation and a deployment."""
    found = target("https://one.example:8443/", near=folder, org_id="00D000000000009", deployment="Bot")
    assert (found.name, found.url, found.production) == ("one.example", "https://one.example:8443", False)


@pytest.mark.parametrize(
    ("where", "more", "says"),
    [
        pytest.param("stagin", {}, "--target 'stagin' is neither", id="an unknown name"),
        pytest.param("stagin", {}, "; did you mean 'staging'? (the names stand in targets.yaml)", id="the nearest"),
        pytest.param("nothing", {}, "; known are sandbox, staging", id="all names"),
        pytest.param("https://", {}, "'https://' is no address; write one such as https://", id="no host"),
        pytest.param("ftp://x", {}, "--target 'ftp://x' is no address", id="another scheme"),
        pytest.param("http://x:port", {}, "--target 'http://x:port' is no address", id="a port in letters"),
        pytest.param("http://[::1", {}, "--target 'http://[::1' is no address", id="half of a bracket"),
        pytest.param("https://x/iamessage", {}, "leave out what follows the host", id="a path"),
        pytest.param("https://me:pw@x", {}, "a user or a password in its address", id="a password"),
        pytest.param("https://x", {"org_id": None}, "--org-id is missing; an address needs", id="no organisation"),
        pytest.param("https://x", {"deployment": None}, "--deployment is missing; an address", id="no deployment"),
        pytest.param("https://x", {"deployment": " "}, "--deployment is empty", id="an empty deployment"),
        pytest.param(
            "staging",
            {"org_id": "00D000000000009AAA"},
            "--org-id '00D000000000009AAA' is an organisation's id of 18 characters; leave out the last three",
            id="the long form of an id",
        ),
        pytest.param("staging", {"org_id": "x"}, "--org-id 'x' is no organisation's id; it has 15", id="no id"),
        pytest.param("staging", {"within": 0.0}, "--within 0 leaves no time; give seconds above 0", id="no time"),
    ],
)
def test_wrong_words_are_a_sentence(where: str, more: dict[str, object], says: str, folder: Path) -> None:
    """That says what to do."""
    write(folder, STAGING)
    words = {"org_id": "00D000000000009", "deployment": "Bot", **more}
    with pytest.raises(LocalProtocolError) as caught:
        target(where, near=folder, **words)  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert "pw" not in str(caught.value)


def test_a_name_without_a_file(folder: Path) -> None:
    """It is said where a file would be looked for."""
    (folder / "suites").mkdir()
    with pytest.raises(
        LocalProtocolError, match=r"names stand in a targets\.yaml, and there is none in suites or above"
    ):
        target("staging", near=folder / "suites")


# -- limits ------------------------------------------------------------------------------------------------------------

SAID = Limits(starts_per_minute=60, messages_per_minute=0, concurrency=4)


@pytest.mark.parametrize(
    ("is_sandbox", "own", "told", "kept"),
    [
        pytest.param(False, Limits(), (None, None, None), (200, 22, 16), id="as the service documents"),
        pytest.param(True, Limits(), (None, None, None), (0, 0, 16), id="the sandbox has none"),
        pytest.param(False, SAID, (None, None, None), (60, 0, 4), id="as the target says"),
        pytest.param(True, SAID, (None, None, None), (60, 0, 4), id="as is said of the sandbox"),
        pytest.param(False, SAID, (0, 5, 32), (0, 5, 32), id="the command line counts first"),
    ],
)
def test_limits(
    own: Limits,
    told: tuple[int | None, int | None, int | None],
    kept: tuple[int, int, int],
    *,
    is_sandbox: bool,
) -> None:
    """0 is no limit."""
    where = sandbox_target(NOWHERE).model_copy(update={"is_sandbox": is_sandbox, "limits": own})
    starts, messages, concurrency = told
    found = limits(where, starts_per_minute=starts, messages_per_minute=messages, concurrency=concurrency)
    assert (found.starts_per_minute, found.messages_per_minute, found.concurrency) == kept


# -- production --------------------------------------------------------------------------------------------------------

REFUSED = (
    "the target {name!r} is in production, where real customers are served, so nothing was sent to it; "
    "add --allow-production if it is meant"
)


def test_production_is_refused(folder: Path) -> None:
    """Unless it is allowed."""
    write(folder, LIVE)
    with pytest.raises(LocalProtocolError, match=re.escape(REFUSED.format(name="live"))):
        target("live", near=folder)
    assert target("live", near=folder, allow_production=True).production


@pytest.mark.parametrize("address", ["https://live.example", "http://live.example:8080/", "https://LIVE.example"])
def test_the_address_of_production_is_refused_too(address: str, folder: Path) -> None:
    """So that it can't be reached by mistake under another name."""
    write(folder, LIVE)
    with pytest.raises(LocalProtocolError, match=re.escape(REFUSED.format(name="live.example"))):
        target(address, near=folder, org_id="00D000000000002", deployment="My_Client")


def test_an_address_of_production_that_is_not_known_stops_nobody(folder: Path) -> None:
    """Who has not set its variables."""
    write(folder, LIVE.replace("https://live.example", "${env.HOST}"))
    assert target("https://one.example", near=folder, org_id="00D000000000002", deployment="X").name == "one.example"


# -- mistakes ----------------------------------------------------------------------------------------------------------


def entry(line: str) -> str:
    """A target with one more line."""
    return f"{STAGING}    {line}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(f"{MARK}", "the file is empty; write targets: and below it a mapping of names", id="empty"),
        pytest.param(f"{MARK}[staging]", "the file is no mapping; write targets:", id="a list"),
        pytest.param(f"{MARK}targets:\n", "there is no target here; write targets:", id="no targets"),
        pytest.param(f"targets: {MARK}[staging]\n", "there is no target here; write targets:", id="targets in a list"),
        pytest.param(f"{MARK}target: {{}}\n", "unknown key 'target'; did you mean 'targets'?", id="a wrong first key"),
        pytest.param(
            STAGING.replace("  staging:", f"  {MARK}my target:"),
            "'my target' is no name of a target; one has letters, digits and . _ -",
            id="a name",
        ),
        pytest.param(
            "targets: {staging: ¶https://x}", "wanted a mapping, such as {word: value}", id="an address alone"
        ),
        pytest.param("targets: {¶staging: }", "wanted a mapping, such as {word: value}, not nothing", id="no entry"),
        pytest.param(
            STAGING.replace("  staging", f"  {MARK}staging").replace("    deployment: My_Client\n", ""),
            "'deployment' is missing here",
            id="something missing",
        ),
        pytest.param(entry(f"{MARK}deploiment: X"), "unknown key 'deploiment'; did you mean 'deployment'?", id="a key"),
        pytest.param(
            entry(f"timeouts: {{{MARK}conect: 5s}}"), "unknown key 'conect'; did you mean 'connect'?", id="a key within"
        ),
        pytest.param(
            STAGING.replace("https://staging.example", f"{MARK}staging.example"),
            "'staging.example' is no address; write one such as https://example.my.salesforce-scrt.com",
            id="an address without a scheme",
        ),
        pytest.param(
            STAGING.replace("https:", f"{MARK}https:").replace(".example", ".example/iamessage/api/v2"),
            "has more than a scheme and a host; leave out what follows the host",
            id="an address with a path",
        ),
        pytest.param(
            STAGING.replace("https://", f"{MARK}https://me:hunter2@"),
            "an address has no user and no password here; leave out everything up to the @",
            id="an address with a password",
        ),
        pytest.param(
            STAGING.replace("00D000000000001", f"{MARK}00D000000000001AAA"),
            "'00D000000000001AAA' is an organisation's id of 18 characters; leave out the last three",
            id="a long organisation id",
        ),
        pytest.param(
            STAGING.replace("00D000000000001", f"{MARK}12345"),
            "wanted a text, not 12345; put it in quotation marks",
            id="an organisation id in digits",
        ),
        pytest.param(
            STAGING.replace("00D000000000001", f"{MARK}My_Org"),
            "'My_Org' is no organisation's id; it has 15 letters and digits, and begins with 00D",
            id="no organisation id",
        ),
        pytest.param(STAGING.replace("My_Client", f"{MARK}''"), "'' is empty", id="an empty deployment"),
        pytest.param(entry(f"within: {MARK}5"), "5 is no duration; write it as 800ms, 5s or 2m", id="no unit"),
        pytest.param(
            entry(f"budgets: {{reply: {MARK}5}}"), "5 is no duration; write it as", id="a budget without a unit"
        ),
        pytest.param(entry(f"budgets: {{reply: {MARK}0s}}"), "nothing is over after 0 s; give it more", id="no time"),
        pytest.param(entry(f"timeouts: {{silence: {MARK}-5s}}"), "'-5s' is no duration", id="a negative time"),
        pytest.param(entry(f"capabilities_version: {MARK}new"), "wanted a whole number, not 'new'", id="a version"),
        pytest.param(
            entry(f"limits: {{concurrency: {MARK}0}}"), "wanted a number from 1 up, not 0", id="nothing at once"
        ),
        pytest.param(
            entry(f"limits: {{starts_per_minute: {MARK}-1}}"),
            "wanted a number from 0 up, not -1",
            id="a negative limit",
        ),
        pytest.param(entry(f"reconnect: {{factor: {MARK}0.5}}"), "wanted a number from 1 up, not 0.5", id="a factor"),
        pytest.param(entry(f"production: {MARK}maybe"), "wanted true or false, not 'maybe'", id="a doubt"),
        pytest.param(
            entry(f"acknowledge: {MARK}raed"), "wanted one of delivered, none, read, not 'raed'", id="a receipt"
        ),
        pytest.param(
            entry(f"proxy: {MARK}http://me:hunter2@proxy.example"),
            "a password is no part of a file; write ${env.NAME} in its place, and set that variable",
            id="a password that stands in the file",
        ),
        pytest.param(
            entry(f"proxy: {MARK}http://me:hunter2${{env.SECRET}}@proxy.example"),
            "a password is no part of a file; write ${env.NAME} in its place, and set that variable",
            id="half a password that stands in the file",
        ),
        pytest.param(
            entry(f"identity: {{token: {MARK}hunter2}}"),
            "a secret is no part of a file; write ${env.NAME} in its place, and set that variable",
            id="a token that stands in the file",
        ),
        pytest.param(
            entry(f"identity: {{token: '{MARK}hunter2${{env.SECRET}}'}}".replace(f"'{MARK}", f"{MARK}'")),
            "a secret is no part of a file; write ${env.NAME} in its place, and set that variable",
            id="half a token that stands in the file",
        ),
        pytest.param(
            entry(f"identity: {MARK}{{key: customer.pem, subject: me}}"),
            "an identity is a token, or else a key with key_id, issuer and subject; say what is missing",
            id="a key without what is said with it",
        ),
        pytest.param(
            entry(f"identity: {MARK}{{token: '${{env.SECRET}}', subject: me}}"),
            "an identity is a token or a key, not both; leave one of them out",
            id="a token and what is said with a key",
        ),
        pytest.param(
            entry(f"proxy: {MARK}socks5://proxy.example"),
            "'socks5://proxy.example' is no address of an HTTP proxy; write one such as http://proxy.example:3128",
            id="another kind of proxy",
        ),
        pytest.param(
            STAGING.replace("https://staging.example", f"{MARK}${{STAGING_URL}}"),
            "'${STAGING_URL}' can't be read; a variable is written ${env.NAME}",
            id="a variable without env",
        ),
        pytest.param(
            STAGING.replace("https://staging.example", f"{MARK}${{env.STAGING_URL"),
            "can't be read; a variable is written ${env.NAME}",
            id="a variable without an end",
        ),
        pytest.param(
            f"targets: {{sandbox: {{{MARK}url: 'http://127.0.0.1:8080'}}}}",
            "'url' is nothing to say of the sandbox, which the harness starts itself; leave it out, or give the target "
            "another name",
            id="the address of the sandbox",
        ),
        pytest.param("targets: {staging: {url: x¶", "the mapping that begins with {", id="no YAML"),
    ],
)
def test_a_mistake_in_the_file_is_told_where_it_stands(text: str, says: str, folder: Path) -> None:
    """In a sentence that says what to do, whichever target is asked for, and gives no password away."""
    before = text.partition(MARK)[0]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    path = write(folder, text.replace(MARK, ""))
    with pytest.raises(DocumentError) as caught:
        target("sandbox", near=folder)
    [problem] = caught.value.problems
    assert "hunter2" not in str(problem)
    assert says in problem.what
    assert (problem.path, problem.line, problem.column) == (path, line, column)


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    """Each a line."""
    write(folder, "targets: {one: {url: x, org_id: y, deployment: Z, production: 3}, two: {}}")
    with pytest.raises(DocumentError) as caught:
        target("sandbox", near=folder)
    assert len(caught.value.problems) == 6


def test_a_missing_variable_is_told_where_it_is_needed(folder: Path) -> None:
    """And where it can be set; only for the target that is used."""
    write(folder, STAGING.replace("https://staging.example", "https://${env.HOST}.example"))
    assert target("sandbox", near=folder).is_sandbox
    with pytest.raises(DocumentError) as caught:
        target("staging", near=folder)
    assert str(caught.value) == (
        "targets.yaml:3:10: the environment has no HOST; set it, or write HOST=… into .env, which is not for version "
        "control"
    )


@pytest.mark.parametrize(
    ("line", "value", "says"),
    [
        ("url: ${env.HOST}", "hunter2", "what ${env.HOST} stands for is no address; write one such as"),
        ("url: ${env.HOST}", "https://me:hunter2@x", "what ${env.HOST} stands for has a user or a password in it"),
        ("url: https://${env.HOST}", "x/hunter2", "what https://${env.HOST} stands for has more than a scheme and a"),
        ("org_id: ${env.HOST}", "hunter2", "what ${env.HOST} stands for is no organisation's id; it has 15"),
        ("deployment: ${env.HOST}", "  ", "what ${env.HOST} stands for is empty"),
        ("proxy: ${env.HOST}", "hunter2", "what ${env.HOST} stands for is no address of an HTTP proxy"),
    ],
)
def test_a_wrong_value_of_a_variable_is_not_shown(
    line: str, value: str, says: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is wrong with it."""
    monkeypatch.setenv("HOST", value)
    key = line.partition(":")[0]
    write(folder, entry(line) if key == "proxy" else re.sub(rf"\b{key}: .*", line, STAGING))
    with pytest.raises(DocumentError) as caught:
        target("staging", near=folder)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "company.pem can't be read: No such file or directory; name a PEM file with the certificate of"),
        ("no certificate", "company.pem has no certificate in PEM form; name a PEM file with the certificate of"),
    ],
)
def test_a_certificate_that_is_none(content: str | None, says: str, folder: Path) -> None:
    """Told when the target is used, at the place that names it."""
    write(folder, entry("ca: company.pem"))
    if content is not None:
        (folder / "company.pem").write_text(content)
    with pytest.raises(DocumentError) as caught:
        target("staging", near=folder)
    assert str(caught.value).startswith(f"targets.yaml:6:9: {says}")


SIGNED_IN = entry("identity: {key: customer.pem, key_id: '${env.BOT}', issuer: us, subject: '${env.HOST}'}")


def test_a_customer_signs_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a key whose file is beside that of the targets, or by a token of the environment."""
    near = folder / "suites"
    near.mkdir()
    (near / "customer.pem").write_bytes(pem())
    monkeypatch.setenv("BOT", "kid-1")
    monkeypatch.setenv("HOST", "customer-1")
    write(near, SIGNED_IN)
    said = target("staging", near=near).identity
    assert said == Identity(key=near / "customer.pem", key_id="kid-1", issuer="us", subject="customer-1")
    write(near, entry("identity: {token: '${env.HOST}'}"))
    said = target("staging", near=near).identity
    assert said == Identity(token=SecretStr("customer-1"))
    assert "customer-1" not in f"{said!r}"


def test_a_key_that_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told when the target is used, at the place that names it."""
    monkeypatch.setenv("BOT", "kid-1")
    monkeypatch.setenv("HOST", "customer-1")
    write(folder, SIGNED_IN)
    with pytest.raises(
        DocumentError, match=r"^targets\.yaml:6:21: can't sign in as 'customer-1': the key .* can't be read"
    ):
        target("staging", near=folder)


def test_a_mistake_in_a_file_of_variables(folder: Path) -> None:
    """It is told as well."""
    write(folder, STAGING)
    (folder / ".env").write_text("hunter2")
    with pytest.raises(DocumentError, match=r"^\.env:1:1: wanted NAME=value here"):
        target("staging", near=folder)


def test_variables_that_are_missing_are_known_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the file."""
    file = read_targets(write(folder, FULL))
    assert file.missing("full") == ["HOST", "ORG", "BOT", "SECRET"]
    monkeypatch.setenv("ORG", "00D00000000000f")
    assert file.missing("full") == ["HOST", "BOT", "SECRET"]


DOCS = Path(__file__).parents[1] / "docs" / "targets.md"


def test_the_file_of_the_docs_is_valid(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands."""
    [written] = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    write(folder, written)
    monkeypatch.setenv("STAGING_ORG_ID", "00D000000000001")
    assert target("staging", near=folder).limits == Limits(starts_per_minute=60, concurrency=8)
    assert targets_file(folder).names == ("staging", "production")  # type: ignore[union-attr]


def test_the_docs_name_every_key() -> None:
    """And no other, in the table; keys within one stand in its row."""
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for name, _ in rows} == set(OfService.model_fields)
    parts: dict[str, type[BaseModel]] = {
        "limits": Limits,
        "budgets": Budgets,
        "timeouts": Timeouts,
        "reconnect": Reconnect,
    }
    for name, part in parts.items():
        assert set(part.model_fields) <= set(re.findall(r"`(\w+)`", dict(rows)[name])), name


WORDS = [
    "",
    "${env.HOST}",
    "${",
    "5s",
    "5",
    "true",
    "[]",
    "{}",
    "staging:",
    "url:",
    "x",
    "@",
    ":",
    "- ",
    "\n",
    "'",
    "&a",
    "*a",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_text_is_a_surprise(data: st.DataObject, folder: Path) -> None:
    """It is read, or its mistakes are told, each within the file."""
    parts = re.findall(r"[\w.${}]+|\s+|[^\w\s]", FULL)
    for _ in range(data.draw(st.integers(1, 3))):
        parts[data.draw(st.integers(0, len(parts) - 1))] = data.draw(st.sampled_from(WORDS))
    path = write(folder, "".join(parts))
    try:
        file = targets_file(folder)
        assert file is not None
        for name in file.names:
            target(name, near=folder, allow_production=True)
    except DocumentError as error:
        problems = error.problems
    else:
        return
    lines = path.read_text(encoding="utf-8").count("\n") + 1
    assert problems
    assert all(1 <= problem.line <= lines and problem.column >= 1 for problem in problems)
