"""In Python, since YAML does not add up."""

import re
from decimal import Decimal

from harness import Customer, capturing, message, starts_with

AMOUNT = r"[-+]?€[\d,]+\.\d\d"


def cents(text: str) -> Decimal:
    """An amount such as "-€4.20"."""
    return Decimal(re.sub("[€,]", "", text))


async def test_the_transactions_add_up_to_the_balance(customer: Customer) -> None:
    """The balance before, plus every transaction of every page, is the balance now."""
    chat = await customer.open("Harbour_Bank")
    await chat.expect(message(), message(choices=["English", "Deutsch"]))
    await chat.say("Show my transactions")
    amounts: list[Decimal] = []
    page = pages = "0"
    while page != pages or pages == "0":
        if page != "0":
            await chat.choose(index=1)
        of_this = capturing(page=r"page (\d+)", pages=r"of (\d+)", text=r"(?s)page.*")
        await chat.expect(message(starts_with("Transactions") & of_this))
        page, pages = chat.captured["page"], chat.captured["pages"]
        amounts += map(cents, re.findall(AMOUNT, chat.captured["text"]))
    before, *transactions, now = amounts
    assert before + sum(transactions) == now
