"""JSON Schemas that say of a file by itself what the readers say."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.cli.schema import texts
from harness.documents import parse, read
from harness.expectations.spelled_matchers import OPERATORS
from harness.expectations.spelling import COMMON, EVENTS, OPTIONS, REPLY, WORDS
from harness.scenarios.model import STEPS, Fragment, Scenario, Suite
from harness.scenarios.schema import SCHEMAS
from tests.expectations.test_spelling import NUMBERS, PATTERNS, TEXTS
from tests.scenarios.mistakes import FILE
from tests.scenarios.test_mistakes import VALID

SUITES = Path(__file__).parents[2] / "suites"
SCHEMA = SCHEMAS["scenario"]()
DEFS = SCHEMA["$defs"]


def kind_of(path: Path) -> str:
    """Which schema a file has."""
    return (
        path.stem
        if path.name in {"suite.yaml", "targets.yaml"}
        else path.parent.name.removesuffix("s")
        if "." not in path.stem
        else "scenario"
    )


def accepts(step: object) -> bool:
    """Whether a scenario may have the step."""
    return Draft202012Validator(SCHEMA).is_valid({"scenario": "x", "steps": [step]})


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_one(kind: str) -> None:
    """Of the draft that it names, and it refers to nothing that it has not."""
    schema = SCHEMAS[kind]()
    Draft202012Validator.check_schema(schema)
    refs = {part["$ref"] for part in parts(schema) if "$ref" in part}
    assert refs <= {f"#/$defs/{name}" for name in schema.get("$defs", {})}


def parts(schema: Any) -> list[dict[str, Any]]:
    """Every mapping in a schema."""
    if isinstance(schema, list):
        return [inner for one in schema for inner in parts(one)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(inner for one in schema.values() for inner in parts(one))]


def test_the_schemas_are_up_to_date() -> None:
    """If not: `harness schema`."""
    for path, text in texts(SUITES / "schema").items():
        assert path.read_text(encoding="utf-8") == text, path.name


@pytest.mark.parametrize("path", [*SUITES.rglob("*.yaml")], ids=lambda path: str(path.relative_to(SUITES)))
def test_every_file_of_the_suites_is_valid(path: Path) -> None:
    """And says in its first line which schema it has."""
    validator = Draft202012Validator(SCHEMAS[kind_of(path)]())
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(read(path).data)] == []
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == SUITES / "schema" / f"{kind_of(path)}.schema.json"


@pytest.mark.parametrize("word", PATTERNS)
def test_whatever_can_be_read_is_valid(word: str) -> None:
    """Every word in every way."""
    for written, _ in PATTERNS[word]:
        assert accepts({"expect": written}), written


@pytest.mark.parametrize(("written", "matcher"), [*TEXTS, *NUMBERS])
def test_every_operator_can_be_used(written: Any, matcher: object) -> None:
    """In every way."""
    assert accepts({"expect": {"message": {"text": written}}}), matcher


def test_the_scenario_of_mutations_is_valid() -> None:
    """It has a bit of everything."""
    assert Draft202012Validator(SCHEMA).is_valid(parse(VALID, Path(FILE)).data)


@pytest.mark.parametrize(
    "step",
    [
        {"say": {"text": "Hello", "words_per_minute": "${pace}"}},
        {"type": "${how}"},
        {"wait": "${pause}"},
        {"choose": {"index": "${number}"}},
        {"repeat": {"times": "${times}", "steps": ["close"]}},
        {"expect": {"message": "hi", "within": "${limit}", "soft": "${soft}", "others": "${others}"}},
        {"expect": {"reply": {"streamed": "${streamed}", "bursts": "${bursts}", "retracted": "${retracted}"}}},
        {"expect": {"queue": {"between": ["${low}", 5]}}},
        {"expect": {"repeat": {"of": "token", "at_least": "${least}"}}},
    ],
)
def test_a_name_may_stand_for_anything_in_a_step(step: object) -> None:
    """Numbers, flags, durations, words; another text may not."""
    assert accepts(step)
    assert not accepts(parse(str(step).replace("${", "$(").replace("}'", ")'"), Path(FILE)).data)


def test_every_word_is_completed_and_explained() -> None:
    """Editors show what a word means, and what may follow."""
    step = DEFS["Step"]["anyOf"][2]["properties"]
    assert set(step) == {*STEPS, "as", "then", "else"}
    assert {name: step[name]["description"] for name in STEPS} == {
        word: " ".join((inspect.getdoc(model) or "").split()) for word, model in STEPS.items()
    }
    block = DEFS["Block"]["anyOf"][2]["properties"]
    assert set(block) == {*WORDS, *OPTIONS}
    assert all(DEFS[word]["description"] for word in WORDS)
    assert all(block[option]["description"] for option in OPTIONS)
    for word, fields in EVENTS.items():
        properties = DEFS[word]["anyOf"][0]["properties"]
        assert set(properties) | {"capture"} == {*fields, *COMMON, "capture"}, word
    assert set(DEFS["reply"]["anyOf"][0]["properties"]) == {*REPLY, "as", "capture"}
    operators = DEFS["Matcher"]["anyOf"][2]["properties"]
    assert set(operators) == {*OPERATORS, "exact", "ratio"}
    assert all(operators[name]["description"] == operator.meaning for name, operator in OPERATORS.items())


@pytest.mark.parametrize(("kind", "model"), [("scenario", Scenario), ("suite", Suite), ("fragment", Fragment)])
def test_every_key_of_a_file_is_explained(kind: str, model: Any) -> None:
    """By what stands below it in the model."""
    properties = SCHEMAS[kind]()["properties"]
    assert set(properties) == set(model.model_fields)
    assert [name for name, one in properties.items() if not one.get("description")] == []
