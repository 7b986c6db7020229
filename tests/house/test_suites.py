"""The suites are examples: of every word of the language, each with what a report wants to know of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.documents import read
from harness.expectations.spelling import OPTIONS, REPLY, TREES
from harness.scenarios.model import STEPS, Scenario

SUITES = Path(__file__).parents[2] / "suites"
FILES = sorted(SUITES.rglob("*.scenario.yaml"))


def words_of(data: object) -> Iterator[str]:
    """Every key, and every text by itself."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        yield from data
        for value in data.values():
            yield from words_of(value)
    elif isinstance(data, list):
        for value in data:
            yield from words_of(value)


def test_there_is_an_example_of_every_word() -> None:
    """Of every step, pattern, option of a block, check of a reply; and of every key of a scenario."""
    used = {word for file in SUITES.rglob("*.yaml") for word in words_of(read(file).data)}
    assert {*STEPS, *TREES, *OPTIONS, *REPLY, *Scenario.model_fields} - used == set()


@pytest.mark.parametrize("file", FILES, ids=[file.name.partition(".")[0] for file in FILES])
def test_a_scenario_says_what_it_is(file: Path) -> None:
    """What it shows, whose it is, how bad it is if it fails; its first line names the schema for editors."""
    scenario = Scenario.model_validate(read(file).data)
    assert scenario.about
    assert scenario.tags
    assert scenario.severity
    assert scenario.owner
    first, _ = file.read_text(encoding="utf-8").split("\n", 1)
    assert first == "# yaml-language-server: $schema=../schema/scenario.schema.json"


def test_their_table_of_contents_is_complete() -> None:
    """Every scenario is an example of something, and every link leads somewhere."""
    links = {SUITES / link for link in re.findall(r"\]\(([^)]+)\)", (SUITES / "README.md").read_text(encoding="utf-8"))}
    assert [link for link in links if not link.exists()] == []
    assert {*FILES, *SUITES.rglob("test_*.py")} - links == set()
