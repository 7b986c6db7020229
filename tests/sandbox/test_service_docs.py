"""docs/service.md says what is so."""

import json
import re
from pathlib import Path

import httpx

from harness.client.deployment import Deployment
from harness.client.miaw import MiawClient
from harness.sandbox.bots import load_bot
from harness.sandbox.miaw import OPENAPI
from harness.sandbox.server import Sandbox
from tests.keys import KID, jwk

from .end_user import REST

DOCS = Path(__file__).parents[2] / "docs/service.md"
PAGE = DOCS.read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| `(\w+) ([^`]+)` \| (\d+) \| ([\d, ]+) \| `(\w+)\.(\w+)` \|$", re.MULTILINE)
CLIENTS = {"MiawClient": MiawClient, "Deployment": Deployment}


async def test_the_table_has_every_operation(sandbox: Sandbox) -> None:
    """With its path and statuses as they are served, and a method of the client that is there."""
    async with httpx.AsyncClient(base_url=sandbox.url) as http:
        paths = (await http.get(OPENAPI)).json()["paths"]
    served = {
        one["operationId"]: (method.upper(), path.removeprefix(REST), sorted(map(int, one["responses"])))
        for path, methods in paths.items()
        for method, one in methods.items()
    }
    told = {}
    for name, method, path, status, refusals, client, call in ROW.findall(PAGE):
        told[name] = (method, path, [int(status), *map(int, refusals.split(", "))])
        assert callable(getattr(CLIENTS[client], call)), call
    assert told == served
    assert f"`{OPENAPI}`" in PAGE


def test_the_setup_is_one(tmp_path: Path) -> None:
    """The bot file in the page can be loaded, once its key is a real one."""
    [snippet] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    key = re.search(r"\{kty: RSA.*\}", snippet)
    assert key is not None
    path = tmp_path / "page.bot.yaml"
    path.write_text(snippet.replace(key[0], json.dumps(jwk())), encoding="utf-8")
    setup = load_bot(path).setup
    assert setup.prechat.is_for_sessions
    assert setup.verification.public_keys.keys() == {KID}
