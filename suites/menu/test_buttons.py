"""The plain bot answers by buttons."""

from harness import Customer, closed, contains, echo, message

MENU = ["Track an order", "Return an item", "Opening hours", "Something else"]


async def test_a_damaged_item_is_returned_by_clicking(customer: Customer) -> None:
    """Three clicks lead from the menu to a free return."""
    chat = await customer.open("Harbour_Menu")
    await chat.expect(message("Welcome to Harbour."), message("What can I do for you?", choices=MENU))

    await chat.choose("Return an item")
    await chat.expect(message(contains("Why do you want to return it")), within=3)
    await chat.acknowledge("read")

    await chat.choose("It is damaged")
    await chat.expect(
        message(contains("Send it back free of charge")),
        message("Did that help?", choices=["Yes", "No"]),
        within=3,
    )

    await chat.choose("Yes")
    await chat.expect(message(contains("Thank you for choosing Harbour")), within=3)
    await chat.close()
    await chat.expect(closed(), within=2)


async def test_typing_instead_of_clicking_leads_back_to_the_menu(customer: Customer) -> None:
    """Words that are no choice are met with the menu again."""
    chat = await customer.open("Harbour_Menu")
    await chat.expect(message("Welcome to Harbour."), message(choices=MENU))
    await chat.say("I want my money back!")
    await chat.expect(echo("I want my money back!"))
    await chat.expect(message("Please choose one of the options."), message(choices=MENU), within=3)
