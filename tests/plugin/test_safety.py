"""Secrets planted wherever there is a place for one: none is in anything that a run writes."""

import asyncio
import base64
import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from harness.sandbox.server import Sandbox
from harness.settings import ORG_ID
from harness.user.persona import Persona, persona
from tests.plugin.gateway import CREATE, STREAM, TOKEN, Fault, a_gateway
from tests.plugin.night import write

BOT = Path(__file__).parent / "bots" / "planted.bot.yaml"
LEAD = Persona(
    locale="en_US",
    seed="planted",
    first_name="Zinaida",
    last_name="Quackenbush",
    email="zinaida.q@example.org",
    phone="+1 (555) 010-7373",
)
OTHER = persona("planted Bob", locale="en_US")

PARTNER = "prt/nr code&73=ü"
SESSION = "s3ssion-k3y+73/73"
CANARIES = {
    "first name": LEAD.first_name,
    "last name": LEAD.last_name,
    "address": LEAD.email,
    "number": LEAD.phone,
    "another's name": OTHER.name,
    "another's address": OTHER.email,
    "another's number": OTHER.phone,
    "variable of the suite": PARTNER,
    "variable by its name": SESSION,
    "opaque access token": "opaque-access-73",
    "pre-chat token": "opaque-prechat-73",
    "token in a frame": "opaque-in-a-frame-73",
    "password in a map": "opaque-in-a-map-73",
    "token in an unknown event": "opaque-unheard-of-73",
    "secret in an unreadable event": "opaque-unreadable-73",
    "bearer's token": "0123456789abcdef0123",
    "stranger's address": "olga.stranger@corp.example",
    "stranger's card": "4111 1111 1111 1111",
    "stranger's account": "DE89 3704 0044 0532 0130 00",
    "stranger's number": "+31 20 794 0800",
    "secret of an error": "opaque-cookie-73",
    "content of a file": "content-of-a-file-73",
    "password of a proxy": "harp73harp",
}
"""What must not be found, and where it was planted. Nothing of it is meant to stay."""

SUITE = "suite: Planted\nenvironment: [PARTNER_CODE]\ndeployment: Planted\nwithin: 5s\n"
WHO = f"""persona:
  seed: planted
  first_name: {LEAD.first_name}
  last_name: {LEAD.last_name}
  email: {LEAD.email}
  phone: "{LEAD.phone}"
"""
EVERYTHING = "${persona.name} ${persona.email} ${persona.phone} ${env.PARTNER_CODE}"


def steps(scenario: str, *listed: str, name: str = "planted") -> dict[str, str]:
    """A scenario file."""
    told = "\n".join(f"  - {one}" for one in listed)
    return {f"{name}.scenario.yaml": f"scenario: {scenario}\n{WHO}steps:\n{told}\n"}


OPEN = (
    'open: {prechat: {_email: "${persona.email}", customerIdentityToken: opaque-prechat-73, '
    'note: "${env.PARTNER_CODE} opaque-prechat-73"}}'
)
WRONG = "expect: {within: 1s, message: {contains: no such words}}"
FILES = {
    **steps("first", OPEN, WRONG, name="a_first"),
    **steps(
        "echoes",
        OPEN,
        "expect: {message: Good evening.}",
        f'say: "echo {EVERYTHING}"',
        'expect: {message: {contains: "${persona.email}"}}',
        f'say: "echo {EVERYTHING}"',
        'expect: {within: 1s, message: {contains: "Dear ${persona.name} of ${env.PARTNER_CODE}"}}',
        name="b_echoes",
    ),
    **steps(
        "splits",
        OPEN,
        "expect: {message: Good evening.}",
        'say: "split ${persona.email}"',
        'expect: {reply: {contains: "${persona.email}"}}',
        'say: "mixed ${persona.email}"',
        'expect: {message: {contains: "${persona.email}"}}',
        'say: "split ${env.PARTNER_CODE}"',
        'expect: {reply: {contains: "indeed"}}',
        "say: strangers",
        'expect: {message: {contains: "Ask"}}',
        WRONG,
        name="c_splits",
    ),
    **steps(
        "frames",
        OPEN,
        "expect: {message: Good evening.}",
        f'say: "frame {EVERYTHING}"',
        "expect: {message: {contains: no such words}}",
        name="d_frames",
    ),
    **steps(
        "users",
        OPEN,
        "expect: {message: Good evening.}",
        "{as: Bob, open: }",
        "{as: Bob, expect: {message: Good evening.}}",
        f'{{as: Bob, say: "echo {OTHER.name} {OTHER.email} {OTHER.phone} ${{persona.name}} ${{persona.email}}"}}',
        '{as: Bob, expect: {message: {contains: "You said"}}}',
        f'say: "echo {OTHER.name} {OTHER.email} {OTHER.phone}"',
        WRONG,
        name="e_users",
    ),
    **steps(
        "files",
        OPEN,
        "expect: {message: Good evening.}",
        'attach: {file: Zinaida-Quackenbush.txt, text: "for ${persona.email}"}',
        WRONG,
        name="f_files",
    ),
    "Zinaida-Quackenbush.txt": "content-of-a-file-73",
    "test_python.py": """\
import logging
import os
import warnings

import pytest

import allure
from harness import Customer, contains, message

log = logging.getLogger("shop")


async def test_words_of_python(customer: Customer) -> None:
    who = customer.persona
    session = os.environ["SHOP_SESSION_KEY_TOKEN"]
    chat = await customer.open("Planted", prechat={"_email": who.email, "password": "opaque-prechat-73"})
    print("printed", who, session)
    log.warning("logged %s with %s", who.email, {"session": session, "who": who})
    try:
        raise ValueError(f"raised {who.name} {session}")
    except ValueError:
        log.exception("and its traceback")
    warnings.warn(f"warned of {who.email}", stacklevel=1)
    allure.attach(f"{who.email} {session}", name=f"attached for {who.name}")
    allure.dynamic.title(f"for {who.email}")
    await chat.say(f"echo {who.name} {who.email} {session}")
    received = await chat.expect(message(contains("You said")), within=5)
    print(chat.timeline[-1])
    with allure.step(f"a step of {who.email}"):
        assert [who.email, session] == chat.timeline[-1].text, f"for {who.name}"


@pytest.fixture
def broken(customer: Customer) -> None:
    raise RuntimeError(f"set-up of {customer.persona.email}")


async def test_set_up(broken: None) -> None:
    pass


async def test_an_exception_of_its_own(customer: Customer) -> None:
    url = "http://me:harp73harp@proxy.example:3128"
    answer = {"accessToken": "opaque-in-a-frame-73", "headers": "Set-Cookie: opaque-cookie-73"}
    raise LookupError(f"{url} {answer} {customer.persona.phone}")
""",
}
PYTHON = [
    persona(f"planted/test_python.py::{name}")
    for name in ("test_words_of_python", "test_set_up", "test_an_exception_of_its_own")
]


def answer(status: int, body: object, *, headers: str = "") -> bytes:
    """An answer of the service."""
    told = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {len(told)}\r\n{headers}"
    return head.encode() + b"Connection: close\r\n\r\n" + told


REFUSED = {
    "message": f"{LEAD.name} {LEAD.email} olga.stranger@corp.example; Cookie: opaque-cookie-73",
    "errorCode": "card 4111 1111 1111 1111",
    "password": "opaque-in-a-map-73",
}


def forms(value: str) -> set[str]:
    """How a value may look in a file."""
    octets = value.encode()
    in_base64 = {
        base64.b64encode(b"\0" * ahead + octets)[-(-8 * ahead // 6) : 8 * (ahead + len(octets)) // 6].decode()
        for ahead in range(3)
    }
    plain = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(json.dumps(value))[3:-3],
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
    }
    return plain | {one for one in in_base64 if len(one) > 7}


async def run(folder: Path, url: str, *arguments: str) -> tuple[int, str]:
    """Run everything, and say how it ended and what was printed."""
    written = {f"planted/{name}": text for name, text in FILES.items()} | {"planted/.env": f"PARTNER_CODE={PARTNER}\n"}
    service = f"  planted:\n    url: {url}\n    org_id: {ORG_ID}\n    deployment: Planted\n"
    write(folder, {**written, "planted/suite.yaml": SUITE, "planted/targets.yaml": f"targets:\n{service}"})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "harness", "run", "planted", "--no-html", "--target=planted", "--", *arguments),
        *("-o", "log_cli=true", "--log-level=DEBUG", "--junitxml=reports/junit.xml", "--showlocals", "-vv"),
        *("--log-file=reports/log.txt", "-rA", "-W", "default", "--color=no"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "SHOP_SESSION_KEY_TOKEN": SESSION, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    async with asyncio.timeout(170):
        told, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()


def found(folder: Path, terminal: str) -> list[str]:
    """Every canary that somebody can read, and where."""
    texts = {"the terminal": terminal}
    for path in folder.rglob("*"):
        if path.is_file() and "planted" not in path.relative_to(folder).parts[0]:
            texts[str(path.relative_to(folder))] = f"{path.name}\n{path.read_bytes().decode(errors='replace')}"
    canaries = dict(CANARIES)
    for number, one in enumerate(PYTHON):
        canaries |= {f"name {number}": one.name, f"address {number}": one.email, f"number {number}": one.phone}
    hits = [
        f"{what} in {where}: …{text[max(0, text.index(form) - 150) : text.index(form) + 60]!r}"
        for where, text in texts.items()
        for what, value in canaries.items()
        for form in forms(value)
        if form in text
    ]
    return hits + [f"a JWT in {where}" for where, text in texts.items() if re.search(r"eyJ[\w-]{10,}\.", text)]


@pytest.mark.parametrize("how", ["--concurrency=1", "--concurrency=16", "-n2"])
async def test_nothing_that_was_planted_is_found(tmp_path: Path, how: str) -> None:
    """In files and file names, on the terminal, in JUnit, in Allure's results; one at a time or many at once."""
    token = answer(200, {"accessToken": "opaque-access-73", "lastEventId": "0"})
    refused = answer(401, REFUSED, headers="Set-Cookie: sid=opaque-cookie-73\r\n")
    alone = how == "--concurrency=1"  # only then it is the same conversation that is told of its token
    unknown = answer(401, {"message": "opaque-access-73 is unknown"}) if alone else refused
    async with Sandbox([BOT]) as sandbox, a_gateway(sandbox.url) as gateway:
        gateway.faults = [Fault(TOKEN, answer=token), Fault(STREAM, answer=unknown), Fault(CREATE, answer=refused)]
        code, terminal = await run(tmp_path, gateway.url, how)
    assert code == 1, terminal
    assert gateway.faults == []
    left = "".join(path.read_text() for path in (tmp_path / "reports/out/recordings").glob("*"))
    for sign in ("[persona.email]", "[persona.bob.email]", "[env.PARTNER_CODE]", "[redacted token]", "xxxx@xxxx"):
        assert sign in left, sign
    assert "9 failed" in terminal or ("8 failed" in terminal and "1 error" in terminal), terminal[-2000:]
    assert (tmp_path / "reports/junit.xml").exists()
    assert "printed" in terminal
    assert "logged" in terminal
    hits = found(tmp_path, terminal)
    assert not hits, f"{len(hits)}\n" + "\n".join(sorted(hits)[:40])
