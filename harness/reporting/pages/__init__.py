"""A conversation as one page of HTML without script: works in Allure's preview, on its own, on a phone, on paper.

Here: the page of one conversation, a file a section. It is made from an outcome and nothing else, so from a recording
as well as live. Not here: Allure (reporting/allure.py), pages of many conversations.
"""
