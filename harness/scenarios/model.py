"""The language of scenario files: what a scenario, a fragment, a suite may say, as models.

Steps hold the judge's own patterns (expectations/spelling.py). Steps within steps stay as they were written until their
turn comes, since what they refer to may be known only then; they are read once beforehand to find mistakes. Not here:
files (loading.py), what `${…}` stands for (references.py), mistakes that take more than one word to see (checking.py),
doing it (playing.py).
"""

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    RootModel,
    Strict,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ValidationError, core_schema

from harness.documents import DEFINED, Duration, Place, mistake, nearest, reworded, seconds, shown
from harness.expectations.patterns import Pattern
from harness.expectations.rules import RULES, Severity
from harness.expectations.spelled_matchers import Names, expression
from harness.expectations.spelling import Block, Reader
from harness.user.persona import locales

NESTED = ("steps", "then", "else")
"""Keys whose lists are steps of their own."""

Scalar = str | int | float | bool | None


def _scalar(value: object) -> Scalar:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError(f"wanted one value, such as a text or a number, not {shown(value)}")


Value = Annotated[Scalar, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean", "null"]})]
"""One value: a text, a number, true, false or nothing."""


def _scalars(value: object) -> Scalar | list[Scalar]:
    return [_scalar(one) for one in value] if isinstance(value, list) else _scalar(value)


Values = Annotated[
    Scalar | list[Scalar],
    PlainValidator(_scalars),
    WithJsonSchema({"type": ["string", "number", "boolean", "null", "array"]}),
]
"""One value, or several in a list."""
Word = Annotated[str, Field(min_length=1)]


class Said(BaseModel):
    """Base of everything in a file: what is not known is refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        populate_by_name=True,
    )


def _wrong(place: Place, value: object, what: str, *, key: bool = False) -> ValidationError:
    return ValidationError.from_exception_data("step", [mistake(place, value, what, key=key)])


def _listed(what: str) -> Callable[[object], object]:
    """Refuses what is no list, in words that say of what the list is."""

    def check(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise _wrong((), None, f"wanted a list of {what}, each with a dash, not {shown(value)}")
        return value

    return check


@dataclass(frozen=True)
class _Short:
    """A text by itself is that field."""

    field: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: value if isinstance(value, Mapping) else {self.field: value}, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


# -- expectations -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Branching:
    """A block, and for each branch of its `any` the steps that follow if that is the one that held."""

    block: Block
    branches: tuple[tuple[Pattern, tuple[Any, ...]], ...] = ()


def _names(info: ValidationInfo) -> Names | None:
    return info.context if info.context is not None else None


def _read_block(value: object, info: ValidationInfo) -> Branching:
    """Read a block; branches may carry `then`."""
    bare, thens = _without_then(value)
    reader = Reader(_names(info))
    block = reader.block(bare)
    reader.checked()
    assert block is not None  # noqa: S101 - what can't be read has errors
    if not thens:
        return Branching(block)
    parts = getattr(block.pattern, "parts", ())
    return Branching(block, tuple((part, thens.get(place, ())) for place, part in enumerate(parts)))


def _without_then(value: object) -> tuple[object, dict[int, tuple[Any, ...]]]:
    if not isinstance(value, Mapping) or not isinstance(value.get("any"), list):
        return value, {}
    bare: list[object] = []
    thens: dict[int, tuple[Any, ...]] = {}
    for place, branch in enumerate(value["any"]):
        if isinstance(branch, Mapping) and "then" in branch:
            if not isinstance(branch["then"], list):
                what = f"wanted a list of steps, each with a dash, not {shown(branch['then'])}"
                raise _wrong(("any", place, "then"), None, what)
            thens[place] = tuple(branch["then"])
            bare.append({key: one for key, one in branch.items() if key != "then"})
        else:
            bare.append(branch)
    return {**value, "any": bare}, thens


ABlock = Annotated[Branching, PlainValidator(_read_block), WithJsonSchema({"$ref": f"{DEFINED}Block"})]


def _read_matchers(value: object, info: ValidationInfo) -> dict[str, Any]:
    reader = Reader(_names(info))
    if not isinstance(value, Mapping) or not value:
        what = f"a condition has names and what they must be, such as {{state: shipped}}, not {shown(value)}"
        raise _wrong((), None, what)
    found = {name: reader.matcher(wanted, (name,)) for name, wanted in value.items()}
    reader.checked()
    return found


Condition = Annotated[
    dict[str, Any],
    PlainValidator(_read_matchers),
    WithJsonSchema({"type": "object", "additionalProperties": {"$ref": f"{DEFINED}Matcher"}}),
]


# -- steps ------------------------------------------------------------------------------------------------------------


Steps = Annotated[
    tuple[Any, ...],
    BeforeValidator(_listed("steps")),
    Field(json_schema_extra={"items": {"$ref": f"{DEFINED}Step"}}),
]
"""Steps as they were written; each is read when its turn comes."""


def _some(steps: tuple[Any, ...]) -> tuple[Any, ...]:
    if not steps:
        raise ValueError("there are no steps, so nothing would happen; begin with open")
    return steps


SomeSteps = Annotated[Steps, AfterValidator(_some), Field(json_schema_extra={"minItems": 1})]
"""At least one."""


class Step(Said):
    """A step: one word with what belongs to it, and who takes it."""

    elsewhere: ClassVar[Mapping[str, str]] = dict.fromkeys(("then", "else"), "belongs to when, which is another step")
    word: ClassVar[str]
    user: Word | None = Field(default=None, alias="as")
    """A second user, or `rep`, the scripted service rep; the customer by default."""


def _no_flag(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"wanted a number, not {shown(value)}")  # noqa: TRY004
    return value


Times = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_no_flag)]


class _Open(Said):
    prechat: dict[str, Value] = {}
    """Pre-chat and hidden pre-chat values, sent as routing attributes."""
    language: str | None = None
    """Locale such as `en_US`; the persona's by default."""
    deployment: str = ""
    """API name of the deployment; the scenario's by default."""
    acknowledge: Literal["read", "delivered", "none"] | None = None
    """How messages are acknowledged as they arrive."""


class Open(Step):
    """Open a conversation."""

    word: ClassVar[str] = "open"
    open: _Open | None


class _Say(Said):
    text: str
    in_reply_to: Word | None = None
    """The name of a message of the other side."""
    words_per_minute: Annotated[float, Field(gt=0, le=1000), BeforeValidator(_no_flag)] | None = None
    """Typed at this pace before it is sent."""
    name: Word | None = Field(default=None, alias="as")
    """What receipts call it: `delivered: {of: NAME}`."""


class Say(Step):
    """Send a text."""

    word: ClassVar[str] = "say"
    say: Annotated[_Say, _Short("text")]


class _Choose(Said):
    label: str | None = None
    index: Annotated[int, Field(ge=1), BeforeValidator(_no_flag)] | None = None
    value: str | None = None
    name: Word | None = Field(default=None, alias="as")

    @model_validator(mode="after")
    def _is_one(self) -> "_Choose":
        given = [name for name in ("label", "index", "value") if getattr(self, name) is not None]
        if len(given) != 1:
            told = " and ".join(given) or "none"
            raise ValueError(f"choose names the choice by one of label, index and value, here are {told}")
        return self


class Choose(Step):
    """Pick a button, quick reply, carousel or list item."""

    word: ClassVar[str] = "choose"
    choose: Annotated[_Choose, _Short("label")]


class Fill(Step):
    """Fill in the form: values by field, several in a list; what is required and not given is made up."""

    word: ClassVar[str] = "fill"
    fill: dict[str, Values] | None


class _Attach(Said):
    file: Word
    """Beside the scenario file."""
    text: str = ""


class Attach(Step):
    """Send a file."""

    word: ClassVar[str] = "attach"
    attach: Annotated[_Attach, _Short("file")]


class Type(Step):
    """Start or stop typing."""

    word: ClassVar[str] = "type"
    type: Literal["started", "stopped"]


class Acknowledge(Step):
    """Acknowledge what the other side said, as delivered or read."""

    word: ClassVar[str] = "acknowledge"
    acknowledge: Literal["delivered", "read"]


class Wait(Step):
    """Do nothing for a time, or until the bot has settled."""

    word: ClassVar[str] = "wait"
    wait: Annotated[
        Literal["settled"] | float,
        PlainValidator(lambda value: value if value == "settled" else seconds(value)),
        WithJsonSchema({"anyOf": [{"const": "settled"}, {"$ref": f"{DEFINED}Duration"}]}),
    ]


class Drop(Step):
    """Lose the network for a time, or until `resume`."""

    word: ClassVar[str] = "drop"
    drop: Duration | None


class Resume(Step):
    """Find the network again."""

    word: ClassVar[str] = "resume"
    resume: None


class Expire(Step):
    """Use an expired token from now on."""

    word: ClassVar[str] = "expire"
    expire: None


class End(Step):
    """Leave the messaging session; the conversation stays open."""

    word: ClassVar[str] = "end"
    end: None


class Close(Step):
    """Close the conversation."""

    word: ClassVar[str] = "close"
    close: None


class Leave(Step):
    """The scripted rep leaves the conversation."""

    word: ClassVar[str] = "leave"
    leave: None


class Expect(Step):
    """Wait until what should happen has happened."""

    word: ClassVar[str] = "expect"
    expect: ABlock


class Once(Step):
    """Wait until something has been seen, and take nothing: the next step interrupts whatever goes on."""

    word: ClassVar[str] = "once"
    once: ABlock


def _one_fragment(value: object) -> object:
    if isinstance(value, str):
        return {value: None}
    if not isinstance(value, Mapping) or len(value) != 1:
        raise _wrong((), None, f"run names one fragment, such as run: {{sign_in: {{as: gold}}}}, not {shown(value)}")
    return value


class Run(Step):
    """Take the steps of a fragment."""

    word: ClassVar[str] = "run"
    run: Annotated[
        dict[str, dict[str, Value] | None],
        BeforeValidator(_one_fragment),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "minLength": 1},
                    {
                        "type": "object",
                        "minProperties": 1,
                        "maxProperties": 1,
                        "additionalProperties": {
                            "type": ["object", "null"],
                            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
                        },
                    },
                ]
            }
        ),
    ]


class _Repeat(Said):
    times: Times | None = None
    until: Condition | None = None
    """Names and what they must be, asked after every round."""
    at_most: Times | None = None
    steps: Steps

    @model_validator(mode="after")
    def _has_an_end(self) -> "_Repeat":
        if (self.times is None) == (self.until is None):
            raise ValueError("repeat says how often by times, or by until and at_most")
        if self.until is not None and self.at_most is None:
            raise ValueError("repeat with until needs at_most, or there may be no end to it; write at_most: 5")
        if self.times is not None and self.at_most is not None:
            raise ValueError("times says how often exactly; leave at_most out")
        return self


class Repeat(Step):
    """Take steps several times."""

    word: ClassVar[str] = "repeat"
    repeat: _Repeat


class When(Step):
    """Take steps if names are what is asked, and others if not."""

    word: ClassVar[str] = "when"
    when: Condition
    then: Steps
    otherwise: Steps = Field(default=(), alias="else")


STEPS: Mapping[str, type[Step]] = {
    one.word: one
    for one in (
        Open, Say, Choose, Fill, Attach, Type, Acknowledge, Wait, Drop, Resume, Expire, End, Close, Leave, Expect,
        Once, Run, Repeat, When,
    )
}  # fmt: skip
"""The steps by their word."""


def step(written: object, names: Names | None = None) -> Step:
    """Read one step.

    Args:
        written: A word, or a mapping with a word and what belongs to it; `${…}` resolved.
        names: What names in it stand for; not looked up if None.

    Raises:
        ValidationError: It is none.
    """
    data = {written: None} if isinstance(written, str) else written
    if not isinstance(data, Mapping) or not data:
        raise _wrong((), None, f"a step is a word such as say, with what belongs to it, not {shown(written)}")
    words = [key for key in data if key in STEPS]
    if not words:
        other = next((key for key in data if key not in {"as", *NESTED}), next(iter(data)))
        raise _wrong((other,), data[other], f"{other!r} is no step{nearest(str(other), STEPS)}", key=True)
    if len(words) > 1:
        what = f"a step is one word, here are {' and '.join(words)}; give each a dash"
        raise _wrong((words[1],), data, what, key=True)
    model = STEPS[words[0]]
    try:
        return model.model_validate(data, context=names)
    except ValidationError as error:
        raise ValidationError.from_exception_data("step", reworded(error, model)) from None


# -- files ------------------------------------------------------------------------------------------------------------


class Link(Said):
    """A link to an issue, a test case, or anything."""

    issue: Word | None = None
    tms: Word | None = None
    link: Word | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Link":
        if len(self.model_fields_set) != 1:
            told = " and ".join(sorted(self.model_fields_set)) or "none"
            raise ValueError(f"a link is one of issue, tms and link, here are {told}; give each a dash")
        return self


def language_of(locale: str) -> str:
    """The language of a locale: `de` of `de_DE`."""
    return locale.partition("_")[0]


def nearest_locale(locale: str) -> str:
    """The end of a sentence about an unknown locale."""
    same = [one for one in locales() if language_of(one).casefold() == locale[:2].casefold()]
    meant = next((one for one in same if one.casefold() == locale.replace("-", "_").casefold()), None)
    if meant is not None:
        return f"; did you mean {meant!r}?"
    return f"; known are {', '.join(sorted(same))}" if same else "; one looks like en_US or de_DE"


def _a_locale(locale: str) -> str:
    if locale not in locales():
        raise ValueError(f"no names are known for the locale {locale!r}{nearest_locale(locale)}")
    return locale


class Who(Said):
    """The made-up end user; what is not given is made up, the same every night."""

    locale: Annotated[str, AfterValidator(_a_locale)] | None = None
    """For names and wordings, such as `de_DE`."""
    seed: str | None = None
    """Anything that names them; the same seed gives the same person."""
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None


def _a_reason(because: str) -> str:
    if not because.strip():
        raise ValueError("a rule is not waived without a reason; say which one")
    return because


class Waived(Said):
    """A rule of the channel that is taken less seriously, and why."""

    severity: Severity
    because: Annotated[str, AfterValidator(_a_reason), Field(json_schema_extra={"minLength": 1})]


def _known_rules(value: dict[str, Waived]) -> dict[str, Waived]:
    wrong = [
        mistake((name,), name, f"there is no rule {name!r}{nearest(name, RULES)}", key=True)
        for name in value
        if name not in RULES
    ]
    if wrong:
        raise ValidationError.from_exception_data("rules", wrong)
    return value


def _a_day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError(f"wanted a day such as 2026-12-31, not {shown(value)}")
    return value


class Quarantine(Said):
    """A scenario whose failures are known: they don't fail the run until the day is over."""

    owner: Word
    because: Word
    until: Annotated[datetime.date, BeforeValidator(_a_day)]
    """The last day on which they don't."""


_TAG = r"^[A-Za-z_][\w.-]*$"


def _tag(tag: str) -> str:
    if not re.match(_TAG, tag):
        raise ValueError(f"{tag!r} is no tag; one begins with a letter, and has letters, digits and . _ - (pytest -m)")
    return tag


def _lasting(duration: float) -> float:
    if duration <= 0:
        raise ValueError("nothing is over after 0 s; give it more")
    return duration


Lasting = Annotated[Duration, AfterValidator(_lasting)]
"""More than no time."""


class _Common(Said):
    elsewhere: ClassVar[Mapping[str, str]] = dict.fromkeys(STEPS, "is a step; give it a dash, below steps")
    tags: tuple[Annotated[str, AfterValidator(_tag), Field(json_schema_extra={"pattern": _TAG})], ...] = ()
    """Words to choose scenarios by: `-m smoke`."""
    severity: Literal["blocker", "critical", "normal", "minor", "trivial"] | None = None
    """Allure's five."""
    owner: Word | None = None
    """Who looks after it."""
    links: tuple[Link, ...] = ()
    """Where to read more."""
    persona: Who | None = None
    """Who the customer is."""
    vars: dict[str, Value] = {}
    """Values for `${name}`."""
    rules: Annotated[
        dict[str, Waived],
        AfterValidator(_known_rules),
        Field(json_schema_extra={"propertyNames": {"enum": [*RULES]}}),
    ] = {}
    """Rules of the channel that are taken less seriously."""
    strict: Annotated[bool, Strict()] | None = None
    """Whether a message that no expectation took fails the scenario."""
    within: Lasting | None = None
    """What an expectation has that gives no time itself."""
    deployment: str = ""
    """API name of the deployment to talk to."""
    timeout: Lasting | None = None
    """The longest that a scenario may take."""
    quarantine: Quarantine | None = None
    """Its failures are known and don't fail the run, until the day is over."""


class Suite(_Common):
    """A `suite.yaml`: what holds for every scenario in its folder and below, unless they say otherwise."""

    suite: str = ""
    """What the scenarios below are about."""
    about: str = ""
    """In a few sentences."""
    environment: tuple[Word, ...] = ()
    """Environment variables that `${env.NAME}` may read."""
    setup: Steps = ()
    """Steps before those of every scenario."""
    teardown: Steps = ()
    """Steps after them, whatever happened."""


def _rows(value: object) -> object:
    if isinstance(value, str):
        if not value.endswith(".csv"):
            raise ValueError(f"wanted a list of rows, or the name of a CSV file, not {shown(value)}")
    elif value is not None:
        _listed("rows")(value)
    return value


Rows = Annotated[
    Annotated[tuple[dict[str, Value], ...], Tag("listed")]
    | Annotated[str, Field(json_schema_extra={"pattern": r"\.csv$"}), Tag("file")],
    Discriminator(lambda value: "file" if isinstance(value, str) else "listed"),
    BeforeValidator(_rows),
]


class Scenario(_Common):
    """A scenario."""

    scenario: Word
    """Its title."""
    about: str = ""
    """What happens, in a few sentences."""
    rows: Rows | None = None
    """One run a row; or a CSV file beside this one."""
    steps: SomeSteps
    """What the user does, and what should happen, one after the other."""


class Fragment(Said):
    """Steps with a name, to be run by scenarios."""

    elsewhere: ClassVar[Mapping[str, str]] = _Common.elsewhere
    fragment: Word
    """Its name, for `run`."""
    about: str = ""
    """What it does."""
    parameters: dict[str, Value] = {}
    """Names, and what they are if not given; null has to be given."""
    steps: SomeSteps
    """What it does when it is run."""


def _known_locales(value: dict[str, Any]) -> dict[str, Any]:
    known = locales()
    known |= set(map(language_of, known))
    wrong = [
        mistake((name,), name, f"there is no locale {name!r}{nearest_locale(name)}", key=True)
        for name in value
        if name not in known
    ]
    if wrong:
        raise ValidationError.from_exception_data("locales", wrong)
    return value


def _wording(text: str) -> str:
    expression(text)
    return text


def _any(wordings: tuple[str, ...]) -> tuple[str, ...]:
    if not wordings:
        raise ValueError("there is no wording here; write at least one")
    return wordings


Wordings = Annotated[
    dict[
        str,
        Annotated[
            tuple[Annotated[str, AfterValidator(_wording)], ...],
            AfterValidator(_any),
            Field(json_schema_extra={"minItems": 1}),
        ],
    ],
    AfterValidator(_known_locales),
]
"""Acceptable wordings by locale or language; one between slashes is a regular expression."""


class Catalogues(RootModel[dict[str, Wordings]]):
    """Catalogues by their name: acceptable wordings by locale, the first of which is the one that is said."""
