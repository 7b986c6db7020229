"""The public names: one sorted list, each documented, and enough to write a scenario with."""

import ast
import re
from pathlib import Path

import harness
from harness.expectations.vocabulary import WORDS
from harness.scenarios.loading import Library

SUITES = Path(__file__).parents[2] / "suites"


def test_the_list_is_sorted_and_true() -> None:
    """Every name is there, once."""
    assert harness.__all__ == sorted(set(harness.__all__))
    for name in harness.__all__:
        assert getattr(harness, name).__doc__, name


def test_every_word_of_the_vocabulary_is_public() -> None:
    """Under its own name."""
    assert {name: getattr(harness, name) for name in WORDS} == WORDS


def test_suites_are_written_with_public_names_alone() -> None:
    """What QA imports comes from the package itself."""
    for file in SUITES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness"):
                assert node.module == "harness", f"{file}:{node.lineno}"


def test_the_suites_use_every_event_of_the_service() -> None:
    """All ten, and both kinds of streaming token."""
    used: set[str] = set()
    library = Library(SUITES.parent)
    for file in SUITES.rglob("*.scenario.yaml"):
        for script in library.scripts(file):
            for step in (*script.setup, *script.steps):
                used |= set(re.findall(r"[a-z_]+", str(step.data)))
    ten = "routed joined left message delivered progress read token retracted typing_started typing_stopped closed"
    assert set(ten.split()) <= used
