"""docs/words.md has an example of every public word, and every example is run."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import NamedTuple

import pytest

import harness
from harness import Conversation, Customer, Target
from harness.sandbox.process import sandbox_process
from harness.scenarios.customer import customer
from harness.settings import sandbox_target
from harness.user.persona import persona

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "words.md"
LONGEST_LINE = 88
LINES = range(2, 9)

METHODS = {"named", "after_previous"}
OPERATORS = {ast.BitAnd: "&", ast.BitOr: "|", ast.Invert: "~"}
OF_THE_PLUGIN = {"outcome", "conclude", "verify", "verify_claimed", "aclose", "where", "captures", "names"}
"""What is done to a conversation by whoever runs scenarios, not in one."""


class Example(NamedTuple):
    """A word, its meaning, its example, and the line of the page on which that starts."""

    word: str
    meaning: str
    code: str
    line: int


def examples() -> Iterator[Example]:
    """What the page shows."""
    text = PAGE.read_text(encoding="utf-8")
    for found in re.finditer(r"^### (.+)\n\n(.+(?:\n.+)*)\n\n```python\n((?:.*\n)*?)```\n", text, re.MULTILINE):
        word, meaning, code = found.groups()
        yield Example(word, meaning, code, line=text.count("\n", 0, found.start(3)) + 1)


EXAMPLES = list(examples())


def test_a_word_is_imported_from_where_editors_look_for_it() -> None:
    """What type checkers read and what is imported when it is asked for are the same."""
    tree = ast.parse(Path(harness.__file__).read_text(encoding="utf-8"))
    read = {alias.name: one.module for one in ast.walk(tree) if isinstance(one, ast.ImportFrom) for alias in one.names}
    homes = {word: module for word, module in read.items() if str(module).startswith("harness.")}
    assert sorted(homes) == harness.__all__
    for word, module in homes.items():
        assert getattr(harness, word) is getattr(importlib.import_module(str(module)), word)
    with pytest.raises(AttributeError, match="no attribute 'replay'"):
        _ = harness.replay


def public(cls: type) -> set[str]:
    """The names that a class defines for others."""
    slots = {name for name, what in vars(cls).items() if inspect.ismemberdescriptor(what)}
    return {name for name in vars(cls).keys() - slots if not name.startswith("_")}


def words() -> set[str]:
    """Every word that a scenario can be written with."""
    arguments = inspect.signature(Conversation.expect).parameters.values()
    return {
        *harness.__all__,
        *(argument.name for argument in arguments if argument.kind is inspect.Parameter.KEYWORD_ONLY),
        *(public(Conversation) - OF_THE_PLUGIN),
        *public(Customer),
        *METHODS,
        *OPERATORS.values(),
    }


def used(code: str) -> set[str]:
    """The names and operators in a piece of code."""
    nodes = list(ast.walk(ast.parse(code)))
    return {
        *(node.id for node in nodes if isinstance(node, ast.Name)),
        *(node.attr for node in nodes if isinstance(node, ast.Attribute)),
        *(node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg),
        *(OPERATORS[type(node)] for node in nodes if type(node) in OPERATORS),
    }


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """A sandbox with the shipped bots and those of the tests."""
    with sandbox_process([ROOT / "tests" / "bots"]) as url:
        yield sandbox_target(url)


def test_every_word_has_one_example_and_no_other_word_has() -> None:
    """Under a heading of its own, with a meaning."""
    headings = re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(words())
    assert [one.word for one in EXAMPLES] == headings


def test_every_example_uses_its_word() -> None:
    """By its name, in a few lines."""
    assert not [example.word for example in EXAMPLES if example.word not in used(example.code)]
    lines = {example.word: [line for line in example.code.splitlines() if line] for example in EXAMPLES}
    assert not [word for word, code in lines.items() if len(code) not in LINES]


@pytest.mark.parametrize("example", [pytest.param(one, id=one.word) for one in EXAMPLES])
async def test_the_example_is_true(example: Example, target: Target) -> None:
    """It runs as the body of a scenario does, and nothing is wrong with its conversations besides."""
    lines_above, body = "\n" * (example.line - 2), indent(example.code, "    ")
    names = {name: getattr(harness, name) for name in harness.__all__} | {"pytest": pytest}
    code = compile(f"{lines_above}async def scenario(customer, target):\n{body}", str(PAGE), "exec")
    exec(code, names)  # noqa: S102 - our own page
    async with customer(persona(example.word), target) as somebody:
        await names["scenario"](somebody, target)
        for conversation in somebody.conversations:
            conversation.verify()
            conversation.verify_claimed()


def test_the_examples_are_well_formed(tmp_path: Path) -> None:
    """As the formatter would write them, in lines that fit on a page."""
    for example in EXAMPLES:
        (tmp_path / f"line_{example.line}.py").write_text(example.code, encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", f"--line-length={LONGEST_LINE}", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
