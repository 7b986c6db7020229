"""JSON Schemas of the files that people write, by which editors complete, explain and check while one types.

Everything comes from what reads the files: the models, the tables of steps, events and operators, and their docstrings.
A schema says what can be said of a file by itself; `harness lint` says the rest. Draft 2020-12.
"""

import ast
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import ModelSchema

from harness.client.target_file import NAME, SANDBOX, OfSandbox, OfService
from harness.documents import DEFINED, DURATION
from harness.expectations import vocabulary
from harness.expectations.patterns import EVERYTHING
from harness.expectations.spelled_matchers import BESIDE, CONTENT, FLAGS, NUMBER, OPERATORS, parameters
from harness.expectations.spelling import (
    COMMON,
    EVENTS,
    LIMITS,
    OPTIONS,
    OTHERS,
    REPLY,
    RETRACTED,
    SHORT,
    TREES,
    WORDS,
)
from harness.scenarios.model import NESTED, STEPS, Catalogues, Fragment, Scenario, Step, Suite
from harness.scenarios.references import REFERENCE
from harness.timeline.sensitive import Privacy

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _mapping(properties: Mapping[str, Any], **more: Any) -> Json:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}


def _list(item: Json, **more: Any) -> Json:
    return {"type": "array", "items": item, **more}


def _one_or_more(item: Json) -> Json:
    return {"anyOf": [item, _list(item)]}


_TEXT: Json = {"type": "string"}
_NAME: Json = {"type": "string", "minLength": 1}
_ANYTHING: Json = {}
_FLAG: Json = {"anyOf": [{"type": "boolean"}, _ref("Reference")]}
_NUMBER: Json = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": NUMBER}, _ref("Reference")]}


def _whole(least: int) -> Json:
    digits = {"type": "string", "pattern": r"^[0-9]+$"}
    return {"anyOf": [{"type": "integer", "minimum": least}, digits, _ref("Reference")]}


def _or_nothing(schema: Json) -> Json:
    return {"anyOf": [*schema["anyOf"], {"type": "null"}]}


# -- descriptions ------------------------------------------------------------------------------------------------------


def _said_first(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def _said_below(model: type[BaseModel]) -> dict[str, str]:
    """What stands below the fields of a model, in its source and those of its bases.

    pydantic could do so (`use_attribute_docstrings`), but would read the sources whenever the models are imported.
    """
    found = {}
    for cls in reversed(model.__mro__):
        if not issubclass(cls, BaseModel) or cls is BaseModel:
            continue
        try:
            source = textwrap.dedent(inspect.getsource(cls))
        except OSError:  # it was made up while running
            continue
        [definition] = ast.parse(source).body
        assert isinstance(definition, ast.ClassDef)  # noqa: S101 - the source of a class
        for field, below in itertools.pairwise(definition.body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = inspect.cleandoc(text)
    return found


class _Described(GenerateJsonSchema):
    """Describes every field by what stands below it."""

    def model_schema(self, schema: ModelSchema) -> Json:
        found = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        for name, told in _said_below(model).items():
            field = model.model_fields[name]
            found["properties"][field.alias or name].setdefault("description", told)
        return found


def _arguments(function: Callable[..., object]) -> dict[str, str]:
    """What a docstring says of the arguments."""
    section = re.search(r"^Args:\n((?:[ ]{4}.*\n?|\n)*)", inspect.getdoc(function) or "", re.MULTILINE)
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section[1] if section else "", re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def _about(schema: Json, description: str) -> Json:
    return {"description": description, **schema} if description else schema


# -- values ------------------------------------------------------------------------------------------------------------


def _matcher_name(field: str) -> str:
    return f"Matcher_{field}" if field in CONTENT else "Matcher"


def _matcher(field: str = "") -> Json:
    """What a field may be asked for: a value, a list, operators, or the fields of what is in it."""
    me = _ref(_matcher_name(field))
    operators = {name: _about(_operand(operator.takes, me), operator.meaning) for name, operator in OPERATORS.items()}
    ways: list[Json] = [
        {"type": ["string", "number", "boolean", "null"]},
        _list(me),
        _mapping(
            {**operators, "exact": _FLAG, "ratio": _NUMBER},
            minProperties=1,
            dependentRequired={beside: [operator] for beside, operator in BESIDE.items()},
        ),
    ]
    if field in CONTENT:
        word = CONTENT[field]
        ways.append(_about(_mapping(_fields(parameters(word))), _said_first(word)))
    return {"anyOf": ways}


def _operand(takes: str, me: Json) -> Json:
    """What an operator may be given."""
    amount = {"anyOf": [*_whole(0)["anyOf"], _ref("Matcher")]}
    shapes: dict[str, Json] = {
        "value": _ANYTHING,
        "text": _TEXT,
        "expression": _TEXT,
        "number": _NUMBER,
        "numbers": _list(_NUMBER, minItems=2, maxItems=2),
        "matcher": me,
        "matchers": _list(me, minItems=1),
        "catalogue": {"anyOf": [_NAME, _list(me, minItems=1)]},
        "amount": amount,
        "count": _mapping({"of": me, "times": amount}, required=["of", "times"]),
        "path": {"anyOf": [_TEXT, _mapping({"path": _TEXT, "is": _ref("Matcher")}, required=["path"])]},
        "schema": {"type": "object"},
        "hosts": {"anyOf": [{"enum": [None, True]}, *_one_or_more(_TEXT)["anyOf"]]},
        "captures": _ref("Captures"),
    }
    return shapes[takes]


def _fields(names: Iterable[str], told: Mapping[str, str] | None = None) -> Json:
    return {name: _about(_ref(_matcher_name(name)), (told or {}).get(name, "")) for name in names}


# -- patterns ----------------------------------------------------------------------------------------------------------


def _common(*, is_text: bool) -> Json:
    shapes = {
        "as": _about(_NAME, "What later steps and latencies call the event."),
        "capture": _about(_ref("Captures"), "What is remembered of the text for later steps: `${name}`."),
        "after_previous": _about(_ref("Bounds"), "Time since the event before it in its sequence."),
    }
    return {name: shapes[name] for name in COMMON if is_text or name != "capture"}


def _event(word: str) -> Json:
    function, fields = vocabulary.WORDS[word], EVENTS[word]
    properties = (
        {"of": _about(_NAME, "The name of something said.")}
        if word in {"delivered", "read"}
        else _fields(fields, _arguments(function))
    )
    ways = [_mapping({**properties, **_common(is_text="text" in fields)}), {"type": "null"}]
    if word in SHORT:
        ways.append(_NAME if word in {"delivered", "read"} else _ref(_matcher_name(fields[0])))
    return {"description": _said_first(function), "anyOf": ways}


def _reply() -> Json:
    told = _arguments(vocabulary.reply)
    properties = {name: _about(_asked(name), told.get(name) or told.get("burst", "")) for name in REPLY}
    common = {name: shape for name, shape in _common(is_text=True).items() if name != "after_previous"}
    ways = [_mapping({**properties, **common}), {"type": "null"}, _ref("Matcher")]
    return {"description": _said_first(vocabulary.reply), "anyOf": ways}


def _asked(name: str) -> Json:  # noqa: PLR0911 - one a way to ask
    """What may be asked of a reply."""
    at_most = _mapping({"at_most": _whole(1)}, required=["at_most"])
    match REPLY[name]:
        case "matcher":
            return _ref(_matcher_name(name))
        case "limits":
            limits = _mapping({one: _ref("Duration") for one in LIMITS[name]}, minProperties=1)
            return {"anyOf": [_ref("Duration"), limits]}
        case "stalls":
            return _mapping({"longer_than": _ref("Duration"), "at_most": _whole(0)}, required=["longer_than"])
        case "bursts":
            return {"anyOf": [*_whole(1)["anyOf"], at_most]}
        case "retracted":
            return _one_word(RETRACTED)
        case "flag or any":
            return {"anyOf": [*_FLAG["anyOf"], {"const": "any"}]}
    return _FLAG


def _one_word(known: Iterable[str]) -> Json:
    return {"anyOf": [{"enum": sorted(known)}, _ref("Reference")]}


def _tree(word: str) -> Json:
    pattern = _ref("Pattern")
    amounts = {name: _or_nothing(_whole(least)) for name, least in (("at_least", 0), ("at_most", 1), ("times", 1))}
    quiet = _mapping({"for": _ref("Duration"), "kinds": _one_or_more(_one_word(EVERYTHING))}, required=["for"])
    shapes = {
        "optional": pattern,
        "eventually": pattern,
        "repeat": _mapping({"of": pattern, **amounts}, required=["of"]),
        "quiet": {"anyOf": [_ref("Duration"), quiet]},
    }
    return _about(shapes.get(word, _list(pattern, minItems=1)), TREES[word])


def _block() -> Json:
    ends = {"from": _TEXT, "to": _NAME, "min": _ref("Duration"), "max": _ref("Duration")}
    shapes = {
        "within": _ref("Duration"),
        "not_before": _ref("Duration"),
        "never": _one_or_more(_ref("Pattern")),
        "others": _one_word(OTHERS),
        "latency": _one_or_more(
            _mapping(ends, required=["to"], anyOf=[{"required": [bound]} for bound in ("min", "max")])
        ),
        "soft": _FLAG,
    }
    words = {word: _ref(word) for word in WORDS} | {"any": _about(_list(_ref("Branch"), minItems=1), TREES["any"])}
    options = {name: _about(shapes[name], told) for name, told in OPTIONS.items()}
    block = _mapping({**words, **options}, oneOf=[{"required": [word]} for word in WORDS])
    return {"anyOf": [_bare_word(), _list(_ref("Pattern"), minItems=1), block]}


def _bare_word() -> Json:
    return _one_word(word for word in WORDS if word not in TREES)


def _pattern(**more: Json) -> Json:
    """A pattern, or a branch that has `more` to say."""
    words = {word: _ref(word) for word in WORDS}
    pattern = _mapping({**words, **more}, minProperties=1, maxProperties=1 + len(more))
    if more:
        pattern |= {"required": list(more), "minProperties": 1 + len(more)}
        return {"anyOf": [_ref("Pattern"), pattern]}
    return {"anyOf": [_bare_word(), _list(_ref("Pattern"), minItems=1), pattern]}


# -- steps -------------------------------------------------------------------------------------------------------------


def _of_model(model: type[BaseModel]) -> tuple[Json, Json]:
    """The schema of a model, and those that it refers to."""
    schema = _mapped(model.model_json_schema(by_alias=True, schema_generator=_Described), _tidied)
    return schema, schema.pop("$defs", {})


def _mapped(part: Any, change: Callable[[Json], Json]) -> Any:
    """A schema with every schema in it changed, the innermost first."""
    if isinstance(part, list):
        return [_mapped(one, change) for one in part]
    if not isinstance(part, dict):
        return part
    named = {
        key: {name: _mapped(one, change) for name, one in value.items()} if key in {"properties", "$defs"} else value
        for key, value in part.items()
    }
    return change(
        {key: value if key in {"properties", "$defs"} else _mapped(value, change) for key, value in named.items()}
    )


def _tidied(schema: Json) -> Json:
    """Without what tells an editor nothing; in an order that does not depend on anything."""
    found: Json = {}
    for key, value in schema.items():
        if key in {"properties", "$defs"}:
            found[key] = {name.lstrip("_"): one for name, one in value.items()}
        elif key == "$ref":
            found[key] = value.replace(DEFINED, "#/$defs/").replace("/_", "/")
        elif key == "enum":
            found[key] = sorted(value)
        elif key not in {"title", "default"}:
            found[key] = value
    return found


def _or_reference(schema: Json) -> Json:
    """In steps, names may stand for numbers, flags and words as well."""
    if schema.get("type") in ("integer", "number"):
        return {"anyOf": [schema, {"type": "string", "pattern": NUMBER}, _ref("Reference")]}
    return {"anyOf": [schema, _ref("Reference")]} if "enum" in schema else schema


def _step() -> tuple[Json, Json]:
    """A step, and what its parts refer to."""
    properties: Json = {}
    defined: Json = {}
    bare = []
    for word, model in STEPS.items():
        schema, more = _of_model(model)
        defined |= {name: _mapped(one, _or_reference) for name, one in more.items()}
        for name, shape in schema["properties"].items():
            told = _said_first(model) if name == word else shape.get("description", "")
            plain = {key: value for key, value in _mapped(shape, _or_reference).items() if key != "description"}
            properties.setdefault(name, _about(plain, told))
        if _may_be_nothing(model, word):
            bare.append(word)
    step = _mapping(
        {**{word: properties.pop(word) for word in STEPS}, **properties},
        oneOf=[{"required": [word]} for word in STEPS],
        dependentRequired={"when": ["then"], **{name: ["when"] for name in NESTED if name in properties}},
    )
    return {"anyOf": [{"enum": bare}, _ref("Reference"), step]}, defined


def _may_be_nothing(model: type[Step], word: str) -> bool:
    annotation = model.model_fields[word].annotation
    return annotation is None or type(None) in {annotation, *getattr(annotation, "__args__", ())}


# -- files -------------------------------------------------------------------------------------------------------------

_A_DURATION = "A time with its unit: 800ms, 5s, 2m."
_WITH_UNIT: Json = {"type": "string", "pattern": rf"^\s*{DURATION}\s*$"}


@cache
def _words() -> Json:
    """Everything that a step may refer to."""
    step, defined = _step()
    return {
        "Step": step,
        **defined,
        "Block": _block(),
        "Pattern": _pattern(),
        "Branch": _pattern(then=_about(_list(_ref("Step")), "Steps that follow if this is what happened.")),
        **{word: _event(word) for word in EVENTS},
        "reply": _reply(),
        **{word: _tree(word) for word in TREES},
        "Matcher": _about(_matcher(), "A value, `/…/` or operators that must all hold."),
        **{_matcher_name(field): _matcher(field) for field in CONTENT},
        "Captures": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "string", "pattern": rf"^/[\s\S]*/[{''.join(FLAGS)}]*$"},
        },
        "Bounds": {
            "anyOf": [
                _ref("Duration"),
                _mapping({"min": _ref("Duration"), "max": _ref("Duration")}, minProperties=1),
            ]
        },
        "Duration": {"description": _A_DURATION, "anyOf": [_WITH_UNIT, _ref("Reference")]},
        "Reference": {
            "description": "What a name stands for: ${name}.",
            "type": "string",
            "pattern": REFERENCE,
        },
    }


def _file(model: type[BaseModel], *, has_steps: bool = True) -> Json:
    schema, defined = _of_model(model)
    defined = {**defined, **(_words() if has_steps else {})}
    return {"$schema": DIALECT, "title": model.__name__, **schema, **({"$defs": defined} if defined else {})}


def _targets() -> Json:
    (service, defined), (sandbox, more) = _of_model(OfService), _of_model(OfSandbox)
    privacy, _ = _of_model(Privacy)
    named = _mapping({SANDBOX: _ref("OfSandbox")}, additionalProperties=_ref("OfService"))
    named |= {"propertyNames": {"pattern": NAME}, "minProperties": 1}
    parts = {"OfService": service, "OfSandbox": sandbox, "Privacy": privacy, **defined, **more}
    return {
        "$schema": DIALECT,
        "title": "Targets",
        "description": "A `targets.yaml`: the services that a run can be told to talk to.",
        **_mapping(
            {"targets": _about(named, "By the names that --target takes."), "privacy": _ref("Privacy")},
            required=["targets"],
        ),
        "$defs": {**parts, "Duration": _about(_WITH_UNIT, _A_DURATION)},
    }


SCHEMAS: Mapping[str, Callable[[], Json]] = {
    "scenario": lambda: _file(Scenario),
    "suite": lambda: _file(Suite),
    "fragment": lambda: _file(Fragment),
    "catalogue": lambda: _file(Catalogues, has_steps=False),
    "targets": _targets,
}
"""The schema of each kind of file."""
