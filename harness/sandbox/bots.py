r"""Bots as data: the language of `*.bot.yaml`, its loader, and which turn answers what.

Here: the model of a script and the messages for whoever writes one. Not here: playing it (player.py).

    bot: Harbour Menu                 # the name that the end user sees
    deployment: Harbour_Menu          # the esDeveloperName by which a client asks for it
    greeting:
      - message: Hello!
    turns:                            # the first that fits answers
      - when: order (?P<number>\d+)    # a regular expression, upper and lower case alike
        do: [{typing: started}, {pause: 30ms}, {message: "Order {number} is on its way."}]
      - choice: Opening hours         # an option that was offered, chosen or typed
        do: [{message: We are open from 9 to 5.}]
      - form: Contact details         # a form that was shown, by its title, filled in; what is in it is captured
        do: [{message: "Thank you, {full_name}."}]
      - file: \.(png|jpe?g)$          # a regular expression of the name of a file that was sent; see `attachments`
        do: [{message: "I have got {file}."}]
      - otherwise: true
        do: [{message: Pardon?}]

A form is shown by the step `form: {title: Contact details, fields: [{label: Full name, required: true}]}`; a field has
a type (text, email, phone, number, choice, date, date_time), and options if it is a choice. After a handover
`rep_turns` answer, or with `played: true` a rep whom the scenario plays.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from uuid import NAMESPACE_DNS, uuid5

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from harness.errors import HarnessError

SHIPPED = Path(__file__).parent / "bots"


class BotFileError(HarnessError):
    """A bot file says something that isn't in its language.

    Attributes:
        path: The file.
        line: Line, from 1; None where the whole file is meant.
    """

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        self.path, self.line = path, line
        super().__init__(f"{path}:{line}: {problem}" if line else f"{path}: {problem}")


def _seconds(value: Any) -> Any:
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s)", value)):
        return float(match[1]) / (1000 if match[2] == "ms" else 1)
    raise ValueError(f"{value!r} is no duration; write it as 30ms or 1.5s")


def _pattern(value: Any) -> Any:
    try:
        return re.compile(value, re.IGNORECASE)
    except (re.error, TypeError) as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None


def _pieces(value: Any) -> Any:
    """Take a list of pieces, or a text to be cut behind every word."""
    return re.findall(r"\s*\S+\s*", value) if isinstance(value, str) else value


Duration = Annotated[float, BeforeValidator(_seconds)]
Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
Pieces = Annotated[tuple[str, ...], BeforeValidator(_pieces), Field(min_length=1)]
Yes = Literal[True]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Acknowledge(_Model):
    """Acknowledge the end user's last message."""

    acknowledge: Literal["delivered", "read"]


class Pause(_Model):
    """Wait."""

    pause: Duration


class Typing(_Model):
    """Show or hide the typing indicator."""

    typing: Literal["started", "stopped"]


class Progress(_Model):
    """Say what is being done meanwhile."""

    progress: Annotated[str, Field(max_length=255)]


class Message(_Model):
    """Say something."""

    message: str


class Options(_Model):
    """A question and its options."""

    text: str
    options: Annotated[tuple[str, ...], Field(min_length=1)]


class Buttons(_Model):
    """Offer options as buttons."""

    buttons: Options


class QuickReplies(_Model):
    """Offer options as quick replies."""

    quick_replies: Options


class FormField(_Model):
    """A field of a form.

    Attributes:
        label: What the end user sees.
        type: What may be filled in.
        required: Whether it must be.
        hint: What stands below it.
        placeholder: What stands in it while it is empty.
        options: What can be chosen.
        multiple: Several options may be.
        pattern: A regular expression that a text has to match as a whole.
        longest: As many characters as a text may have.
        first: The first day or moment that may be picked, as in RFC 3339.
        last: The last one.
    """

    label: Annotated[str, Field(min_length=1)]
    type: Literal["text", "email", "phone", "number", "choice", "date", "date_time"] = "text"
    required: bool = False
    hint: str | None = None
    placeholder: str | None = None
    options: tuple[str, ...] = ()
    multiple: bool = False
    pattern: Pattern | None = None
    longest: Annotated[int, Field(ge=1)] | None = None
    first: str | None = None
    last: str | None = None

    @model_validator(mode="after")
    def _has_options_if_it_is_a_choice(self) -> Self:
        if (self.type == "choice") != bool(self.options):
            raise ValueError("a field has options if its type is choice, and no other has")
        return self


class Questions(_Model):
    """A form.

    Attributes:
        title: Its title; turns name it by it.
        text: What stands below the title.
        fields: What is asked, in this order.
    """

    title: str
    text: str = "Please complete the form"
    fields: Annotated[tuple[FormField, ...], Field(min_length=1)]


class Form(_Model):
    """Show a form."""

    form: Questions


class Retraction(_Model):
    """The answer that was streamed does not hold, and another follows."""

    reason: str = "UNGROUNDED_RESPONSE"
    replacement: Pieces


class Streamed(_Model):
    """How a message is streamed.

    Attributes:
        pieces: The tokens; a text is cut behind its words.
        gap: Time before each token.
        order: In which order the tokens arrive, as indexes of `pieces`; in theirs if empty.
        retract: What happens after the last token, if they turn out to be wrong.
        final: Text of the final message, if it isn't the pieces joined.
    """

    pieces: Pieces
    gap: Duration = 0.02
    order: tuple[int, ...] = ()
    retract: Retraction | None = None
    final: str | None = None

    @model_validator(mode="after")
    def _is_a_permutation(self) -> Self:
        if self.order and sorted(self.order) != list(range(len(self.pieces))):
            raise ValueError(f"order must name each of 0 to {len(self.pieces) - 1} once, but is {list(self.order)}")
        return self


class Stream(_Model):
    """Say something token by token, and as a whole in the end."""

    stream: Streamed


class Failure(_Model):
    """Nobody is to be had."""

    failure: Literal["SubmissionError", "RoutingError", "Unknown", "Cancelled"]
    reason: str


class Transfer(_Model):
    """How a conversation goes from the bot to a service rep.

    Attributes:
        to: The rep's name.
        announce: What an automated response says before; nothing if left out.
        queue: Positions in the queue, one after the other.
        estimated_wait: Seconds.
        gap: Time before each of the queue's steps.
        failure: The transfer comes to nothing; the bot stays and says `then`.
        played: The scenario plays the rep, by way of control.py; no `rep_turns` answer.
        then: What the rep says first.
    """

    to: str
    played: bool = False
    announce: str | None = None
    queue: tuple[Annotated[int, Field(ge=0)], ...] = ()
    estimated_wait: int | None = None
    gap: Duration = 0.02
    failure: Failure | None = None
    then: "tuple[Step, ...]" = ()


class Handover(_Model):
    """Hand the conversation over to a service rep; `rep_turns` answer from then on."""

    handover: Transfer


class EndSession(_Model):
    """End the session from this side."""

    end_session: Yes


class RawEvent(_Model):
    """An event of one's own making; data that is a mapping or list goes out as JSON."""

    event: Annotated[str, Field(pattern=r"^[^\r\n\x00]+$")] | None = None
    data: str | dict[str, Any] | list[Any]


class Raw(_Model):
    """Send anything."""

    raw: RawEvent


class HalfEvent(_Model):
    """Say something, but break the stream off in the middle of the event; a client that resumes gets all of it."""

    half_event: Yes | str


class Drop(_Model):
    """Break the stream off between two events."""

    drop: Yes


class TextOfSize(_Model):
    """Say something of so many characters."""

    text_of_size: Annotated[int, Field(ge=1, le=100_000_000)]


WORDS: dict[str, type[_Model]] = {
    next(iter(step.model_fields)): step
    for step in (
        Acknowledge, Pause, Typing, Progress, Message, Buttons, QuickReplies, Form, Stream, Handover, EndSession,
        Raw, HalfEvent, Drop, TextOfSize,
    )
}  # fmt: skip
"""The steps of the language by their word."""


def _word(value: Any) -> str | None:
    """Tell a step by its only key."""
    if isinstance(value, BaseModel):
        return next(iter(type(value).model_fields))
    return str(next(iter(value))) if isinstance(value, Mapping) and len(value) == 1 else None


Step = Annotated[
    Annotated[Acknowledge, Tag("acknowledge")]
    | Annotated[Pause, Tag("pause")]
    | Annotated[Typing, Tag("typing")]
    | Annotated[Progress, Tag("progress")]
    | Annotated[Message, Tag("message")]
    | Annotated[Buttons, Tag("buttons")]
    | Annotated[QuickReplies, Tag("quick_replies")]
    | Annotated[Form, Tag("form")]
    | Annotated[Stream, Tag("stream")]
    | Annotated[Handover, Tag("handover")]
    | Annotated[EndSession, Tag("end_session")]
    | Annotated[Raw, Tag("raw")]
    | Annotated[HalfEvent, Tag("half_event")]
    | Annotated[Drop, Tag("drop")]
    | Annotated[TextOfSize, Tag("text_of_size")],
    Discriminator(_word),
]


@dataclass(frozen=True)
class Said:
    """What the end user said.

    Attributes:
        id: Id of the message.
        text: The text, the label of the chosen option, the values filled into a form, or what was said to a file.
        form: Title of the form that was filled in; None if it was none.
        answers: What was filled in, by the label of the field in lower case with `_` for what is no letter or digit.
        file: Name of the file that was sent; None if it was none.
    """

    id: str
    text: str
    form: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None


class Turn(_Model):
    """What is done about something the end user says."""

    when: Pattern | None = None
    choice: str | None = None
    form: str | None = None
    file: Pattern | None = None
    otherwise: Yes | None = None
    do: tuple[Step, ...]

    @model_validator(mode="after")
    def _has_one_condition(self) -> Self:
        if len({"when", "choice", "form", "file", "otherwise"} & self.model_fields_set) != 1:
            raise ValueError("a turn has one of when, choice, form, file, otherwise")
        return self

    def fits(self, said: Said) -> dict[str, str] | None:
        """Say whether this turn answers, by giving what its expression captured, and what was filled in."""
        if self.when is not None:
            return _captured(self.when.search(said.text))
        if self.form is not None:
            return dict(said.answers) if self.form == said.form else None
        if self.file is not None:
            captured = _captured(self.file.search(said.file)) if said.file is not None else None
            return captured if captured is None else {"file": said.file or "", **captured}
        if self.choice is not None:
            return {} if self.choice.casefold() == said.text.strip().casefold() else None
        return {}


def _captured(match: re.Match[str] | None) -> dict[str, str] | None:
    return match and {name: found or "" for name, found in match.groupdict().items()}


class Bot(_Model):
    """A bot script.

    Attributes:
        bot: The name that the end user sees.
        deployment: The esDeveloperName by which a client asks for it.
        about: What it is there for.
        type: Kind of the deployment; only `api` gives tokens to custom clients.
        greeting: What it does when a session starts.
        turns: What it does about what the end user says; the first that fits.
        rep_turns: The same for the service rep, after a handover.
        attachments: Whether the end user may send files.
        overlap: How many events a stream that resumes is told again, as services may do.
        routing: Why no session comes about, if none is to.
        replay: A raw `.sse` file to send instead of all this, beside the bot file.
        speed: How much faster than recorded the replay is.
    """

    bot: str
    deployment: Annotated[str, Field(pattern=r"^\w+$")]
    about: str = ""
    type: Literal["api", "web"] = "api"
    greeting: tuple[Step, ...] = ()
    turns: tuple[Turn, ...] = ()
    rep_turns: tuple[Turn, ...] = ()
    attachments: bool = False
    overlap: Annotated[int, Field(ge=0)] = 0
    routing: Failure | None = None
    replay: Path | None = None
    speed: Annotated[float, Field(gt=0)] = 1.0

    @property
    def channel(self) -> str:
        """Identifier of the deployment's channel address."""
        return str(uuid5(NAMESPACE_DNS, f"{self.deployment}.harbour.example"))


def answer(turns: Sequence[Turn], said: Said) -> tuple[Turn, dict[str, str]] | None:
    """Find the turn that answers, and what its expression captured; None if nothing does."""
    for turn in turns:
        if (captured := turn.fits(said)) is not None:
            return turn, captured
    return None


def load_bots(sources: Iterable[str | Path] = ()) -> dict[str, Bot]:
    """Load the shipped bots and others.

    Args:
        sources: Bot files, or folders of `*.bot.yaml`; later ones replace earlier ones of the same deployment.

    Returns:
        The bots by deployment.

    Raises:
        BotFileError: A file is missing or wrong.
    """
    given = [bot for source in sources for bot in _load(Path(source))]
    return {bot.deployment: bot for bot in [*_shipped(), *given]}


@cache
def _shipped() -> list[Bot]:
    return _load(SHIPPED)


def _load(source: Path) -> list[Bot]:
    if not source.exists():
        raise BotFileError(source, None, "there is no such bot file or folder")
    return [load_bot(path) for path in (sorted(source.glob("*.bot.yaml")) if source.is_dir() else [source])]


def load_bot(path: Path) -> Bot:
    """Load a bot file.

    Raises:
        BotFileError: It isn't YAML, or not in the language of bots.
    """
    yaml = YAML(typ="safe", pure=True)
    try:
        written = path.read_text(encoding="utf-8")
        tree, data = yaml.compose(StringIO(written)), yaml.load(StringIO(written))
    except MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        raise BotFileError(path, mark.line + 1 if mark else None, f"this is no YAML: {broken.problem}") from None
    except (YAMLError, UnicodeDecodeError) as broken:
        raise BotFileError(path, None, f"this is no YAML: {broken}") from None
    try:
        bot = Bot.model_validate(data)
    except ValidationError as invalid:
        # What is unknown comes first: a misspelt key also makes the right one missing.
        error = min(invalid.errors(), key=lambda error: error["type"] not in {"extra_forbidden", "union_tag_invalid"})
        raise BotFileError(path, _line(tree, error["loc"]), _explain(error)) from None
    if bot.replay is None:
        return bot
    replay = path.parent / bot.replay
    if not replay.is_file():
        raise BotFileError(path, _line(tree, ("replay",)), f"replay: there is no file {replay}")
    return bot.model_copy(update={"replay": replay})


def _line(node: Node | None, where: Sequence[int | str]) -> int | None:
    """Find the line of an error; steps of `where` that aren't in the file, such as tags of a union, are passed over."""
    if node is None:
        return None
    line: int = node.start_mark.line + 1
    for step in where:
        if isinstance(node, MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if step in pairs:
                key, node = pairs[step]
                line = key.start_mark.line + 1
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def _explain(error: Any) -> str:
    """Say what is wrong, where, what was wanted, and the nearest word."""
    # A step's word stands there twice, as the tag of the union and as the key.
    loc = error["loc"]
    steps = [
        step
        for place, step in enumerate(loc)
        if not (place > 1 and isinstance(loc[place - 2], int) and step == loc[place - 1])
    ]
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    match error["type"]:
        case "extra_forbidden":
            known = _fields_at(error["loc"][:-1])
            return f"{where}: unknown key {error['loc'][-1]!r}{_nearest(error['loc'][-1], known)}"
        case "union_tag_invalid":
            word = error["ctx"]["tag"]
            return f"{where}: unknown step {word!r}{_nearest(word, WORDS)}"
        case "union_tag_not_found":
            return f"{where}: a step is one word with its value, not {error['input']!r}; words: {', '.join(WORDS)}"
        case "missing":
            return f"{where}: this key is missing"
        case "value_error":
            return f"{where}: {error['ctx']['error']}"
    return f"{where}: {error['msg'][:1].lower()}{error['msg'][1:]}, not {error['input']!r}"


def _nearest(word: Any, known: Iterable[str]) -> str:
    near = get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}"


def _fields_at(where: Sequence[int | str]) -> list[str]:
    """Give the keys that are known at a place in the file."""
    model: type[BaseModel] = Bot
    inner: dict[str, type[BaseModel]] = {
        "turns": Turn, "rep_turns": Turn, "routing": Failure, "retract": Retraction, "failure": Failure,
        "fields": FormField,
    }  # fmt: skip
    for step in where:
        field = model.model_fields.get(step) if isinstance(step, str) else None
        if step in inner:
            model = inner[str(step)]
        elif field is not None and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
        elif step in WORDS:
            model = WORDS[str(step)]
    return list(model.model_fields)
