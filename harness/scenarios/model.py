"""The language of scenario files: what a scenario, a fragment, a suite may say, as models.

Steps hold the judge's own patterns (expectations/spelling.py). Steps within steps stay as they were written until their
turn comes, since what they refer to may be known only then; they are read once beforehand to find mistakes. Not here:
files (loading.py), what `${…}` stands for (references.py), mistakes that take more than one word to see (checking.py),
doing it (playing.py).
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ValidationError

from harness.documents import Duration, Place, mistake, nearest, reworded, seconds
from harness.expectations.patterns import Pattern
from harness.expectations.rules import RULES, Severity, Waiver
from harness.expectations.spelled_matchers import Names
from harness.expectations.spelling import Block, Reader

NESTED = ("steps", "then", "else")
"""Keys whose lists are steps of their own."""

Value = str | int | float | bool | None
Word = Annotated[str, Field(min_length=1)]


class Said(BaseModel):
    """Base of everything in a file: what is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True)


def _wrong(place: Place, value: object, what: str, *, key: bool = False) -> ValidationError:
    return ValidationError.from_exception_data("step", [mistake(place, value, what, key=key)])


def _short(field: str) -> BeforeValidator:
    """A value by itself is that field."""
    return BeforeValidator(lambda value: value if isinstance(value, Mapping) else {field: value})


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
                raise _wrong(("any", place, "then"), branch["then"], "then is a list of steps")
            thens[place] = tuple(branch["then"])
            bare.append({key: one for key, one in branch.items() if key != "then"})
        else:
            bare.append(branch)
    return {**value, "any": bare}, thens


ABlock = Annotated[Branching, PlainValidator(_read_block), WithJsonSchema({"$ref": "#/$defs/Block"})]


def _read_matchers(value: object, info: ValidationInfo) -> dict[str, Any]:
    reader = Reader(_names(info))
    if not isinstance(value, Mapping) or not value:
        raise ValueError("a condition is a mapping of names and what they must be: when: {state: shipped}")
    found = {name: reader.matcher(wanted, (name,)) for name, wanted in value.items()}
    reader.checked()
    return found


Condition = Annotated[
    dict[str, Any],
    PlainValidator(_read_matchers),
    WithJsonSchema({"type": "object", "additionalProperties": {"$ref": "#/$defs/Matcher"}}),
]


# -- steps ------------------------------------------------------------------------------------------------------------


Steps = Annotated[tuple[Any, ...], Field(json_schema_extra={"items": {"$ref": "#/$defs/Step"}})]
"""Steps as they were written; each is read when its turn comes."""


class Step(Said):
    """A step: one word with what belongs to it, and who takes it."""

    word: ClassVar[str]
    user: Word | None = Field(default=None, alias="as")
    """A second user, or `rep`, the scripted service rep; the customer by default."""


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
    words_per_minute: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Typed at this pace before it is sent."""
    name: Word | None = Field(default=None, alias="as")
    """What receipts call it: `delivered: {of: NAME}`."""


class Say(Step):
    """Send a text."""

    word: ClassVar[str] = "say"
    say: Annotated[_Say, _short("text")]


class _Choose(Said):
    label: str | None = None
    index: Annotated[int, Field(ge=1)] | None = None
    value: str | None = None
    name: Word | None = Field(default=None, alias="as")

    @model_validator(mode="after")
    def _is_one(self) -> "_Choose":
        if sum(one is not None for one in (self.label, self.index, self.value)) != 1:
            raise ValueError("choose names the choice by one of label, index, value")
        return self


class Choose(Step):
    """Pick a button, quick reply, carousel or list item."""

    word: ClassVar[str] = "choose"
    choose: Annotated[_Choose, _short("label")]


class Fill(Step):
    """Fill in the form: values by field; what is required and not given is made up."""

    word: ClassVar[str] = "fill"
    fill: dict[str, Value] | None


class _Attach(Said):
    file: Word
    """Beside the scenario file."""
    text: str = ""


class Attach(Step):
    """Send a file."""

    word: ClassVar[str] = "attach"
    attach: Annotated[_Attach, _short("file")]


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
        WithJsonSchema({"anyOf": [{"const": "settled"}, {"$ref": "#/$defs/Duration"}]}),
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


class Run(Step):
    """Take the steps of a fragment."""

    word: ClassVar[str] = "run"
    run: Annotated[
        dict[str, dict[str, Value] | None],
        BeforeValidator(lambda value: {value: None} if isinstance(value, str) else value),
        Field(min_length=1, max_length=1),
    ]


class _Repeat(Said):
    times: Annotated[int, Field(ge=1, le=1000)] | None = None
    until: Condition | None = None
    """Names and what they must be, asked after every round."""
    at_most: Annotated[int, Field(ge=1, le=1000)] | None = None
    steps: Steps

    @model_validator(mode="after")
    def _has_an_end(self) -> "_Repeat":
        if (self.times is None) == (self.until is None):
            raise ValueError("repeat says either times or until")
        if self.until is not None and self.at_most is None:
            raise ValueError("repeat until needs at_most, or there may be no end to it")
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
        raise _wrong((), written, f"a step is a word such as say, with what belongs to it, not {written!r}")
    words = [key for key in data if key in STEPS]
    if len(words) != 1:
        other = next((key for key in data if key not in {"as", *NESTED}), next(iter(data)))
        if not words:
            raise _wrong((other,), data[other], f"{other!r} is no step{nearest(str(other), STEPS)}", key=True)
        raise _wrong(
            (words[1],), data, f"a step is one word, here are {' and '.join(words)}; give each a dash", key=True
        )
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
            raise ValueError("a link is one of issue, tms, link")
        return self


class Who(Said):
    """The made-up end user; what is not given is made up, the same every night."""

    locale: str | None = None
    seed: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None


class Waived(Said):
    """A rule of the channel that is taken less seriously, and why."""

    severity: Severity
    because: Word


def _known_rules(value: dict[str, Waived]) -> dict[str, Waived]:
    for name, waived in value.items():
        if name not in RULES:
            raise ValueError(f"there is no rule {name!r}{nearest(name, RULES)}")
        Waiver(name, waived.severity, waived.because)
    return value


class Quarantine(Said):
    """A scenario whose failures are known: they don't fail the run until the day is over."""

    owner: Word
    because: Word
    until: datetime.date


class _Common(Said):
    tags: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][\w.-]*$")], ...] = ()
    severity: Literal["blocker", "critical", "normal", "minor", "trivial"] | None = None
    """Allure's five."""
    owner: Word | None = None
    links: tuple[Link, ...] = ()
    persona: Who | None = None
    vars: dict[str, Value] = {}
    """Values for `${name}`."""
    rules: Annotated[dict[str, Waived], BeforeValidator(lambda value: value), Field()] = {}
    strict: bool | None = None
    """Whether a message that no expectation took fails the scenario."""
    within: Duration | None = None
    """What an expectation has that gives no time itself."""
    deployment: str = ""
    """API name of the deployment to talk to."""
    timeout: Duration | None = None
    """The longest that a scenario may take."""
    quarantine: Quarantine | None = None

    @model_validator(mode="after")
    def _rules_are_known(self) -> "_Common":
        _known_rules(self.rules)
        return self


class Suite(_Common):
    """A `suite.yaml`: what holds for every scenario in its folder and below, unless they say otherwise."""

    suite: str = ""
    about: str = ""
    environment: tuple[Word, ...] = ()
    """Environment variables that `${env.NAME}` may read."""
    setup: Steps = ()
    """Steps before those of every scenario."""
    teardown: Steps = ()
    """Steps after them, whatever happened."""


class Scenario(_Common):
    """A scenario."""

    scenario: Word
    about: str = ""
    rows: tuple[dict[str, Value], ...] | Annotated[str, Field(pattern=r"\.csv$")] | None = None
    """One run a row; or a CSV file beside this one."""
    steps: Annotated[Steps, Field(min_length=1)]


class Fragment(Said):
    """Steps with a name, to be run by scenarios."""

    fragment: Word
    about: str = ""
    parameters: dict[str, Value] = {}
    """Names, and what they are if not given; null has to be given."""
    steps: Steps
