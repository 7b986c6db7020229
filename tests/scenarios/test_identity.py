"""A verified customer, end to end: whom the target names, in as many conversations as there are."""

from pathlib import Path

from harness import Target, contains, message
from harness.client.identity import Identity
from harness.sandbox.server import Sandbox
from harness.scenarios.customer import customer
from tests.keys import CUSTOMER, ISSUER, KID, pem, verification

from .test_recorded import ANNA

BOT = """\
bot: Bank
deployment: Bank
greeting: [{message: Hello}]
turns: [{when: "(?P<it>.*)", do: [{message: "A {it}"}]}]
"""


async def test_conversations_of_one_customer_do_not_hear_one_another(tmp_path: Path) -> None:
    """They are one end user to the service, so that each stream carries both."""
    (tmp_path / "key.pem").write_bytes(pem())
    (tmp_path / "bank.bot.yaml").write_text(BOT + verification(), encoding="utf-8")
    identity = Identity(key=tmp_path / "key.pem", key_id=KID, issuer=ISSUER, subject=CUSTOMER)
    async with Sandbox([tmp_path]) as sandbox:
        target = Target(name="bank", url=sandbox.url, org_id=Sandbox.org_id, deployment="Bank", identity=identity)
        async with customer(ANNA, target) as anna:
            card, loan = await anna.open(strict=True), await anna.open(strict=True)
            for chat, what in ((card, "card"), (loan, "loan")):
                await chat.expect(message(contains("Hello")), within=5)
                await chat.say(what)
            await loan.expect(message("A loan"), within=5)
            await card.expect(message("A card"), within=5)
