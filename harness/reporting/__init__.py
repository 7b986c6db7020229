"""Outcomes made readable: Allure, the console.

Reporters read outcomes and change nothing. Not here: judging, running, pytest.
"""
