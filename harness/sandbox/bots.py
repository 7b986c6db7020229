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
`rep_turns` answer, or with `played: true` a rep whom somebody plays. What goes wrong stands under `faults`, a
list such as `[drop phase=streaming after=3]`; see faults.py.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from uuid import NAMESPACE_DNS, uuid5

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    model_validator,
)

from harness.documents import DocumentError, Duration, Problem, mistake, nearest, read, refused, shown
from harness.sandbox.faults import Fault, parse_one
from harness.sandbox.setup import Setup

SHIPPED = Path(__file__).parent / "bots"


def _pattern(value: Any) -> Any:
    try:
        return re.compile(value, re.IGNORECASE)
    except (re.error, TypeError) as error:
        raise ValueError(f"{shown(value)} is no regular expression: {error}") from None


def _pieces(value: Any) -> Any:
    """Take a list of pieces, or a text to be cut behind every word."""
    return re.findall(r"\s*\S+\s*", value) if isinstance(value, str) else value


def _fault(value: Any) -> Fault:
    if not isinstance(value, str):
        raise ValueError(f"a fault is written as drop phase=streaming, not {shown(value)}")  # noqa: TRY004
    return parse_one(value)


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
        played: The scenario plays the rep, or a person does, by way of control.py; no `rep_turns` answer.
        waits: Such a rep joins only when whoever plays them does; until then the end user waits.
        then: What the rep says first.
    """

    to: str
    played: bool = False
    waits: bool = False
    announce: str | None = None
    queue: tuple[Annotated[int, Field(ge=0)], ...] = ()
    estimated_wait: int | None = None
    gap: Duration = 0.02
    failure: Failure | None = None
    then: "tuple[Step, ...]" = ()

    @model_validator(mode="after")
    def _waits_for_somebody(self) -> Self:
        if self.waits and not self.played:
            raise ValueError("only a rep who is played can be waited for: played: true")
        return self


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


def _a_step(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"a step is one word with its value, such as message: Hello, not {shown(value)}")
    words = list(value)
    unknown = next((word for word in words if word not in WORDS), None)
    if unknown is not None:
        raise _wrong(unknown, f"{unknown!r} is no step{nearest(unknown, WORDS)}")
    if len(words) > 1:
        raise _wrong(words[1], f"a step is one word, here are {' and '.join(words)}; give each a dash")
    return value


def _wrong(word: str, what: str) -> ValidationError:
    return ValidationError.from_exception_data("step", [mistake((word,), None, what, key=True)])


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
    BeforeValidator(_a_step),
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
        setup: What an administrator has set up beside it.
        faults: What goes wrong for each end user, as faults.py writes it.
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
    setup: Setup = Setup()
    faults: tuple[Annotated[Fault, PlainValidator(_fault)], ...] = ()
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
        DocumentError: A file is missing or wrong.
    """
    given = [bot for source in sources for bot in _load(Path(source))]
    return {bot.deployment: bot for bot in [*_shipped(), *given]}


@cache
def _shipped() -> list[Bot]:
    return _load(SHIPPED)


def _load(source: Path) -> list[Bot]:
    if not source.exists():
        raise DocumentError([Problem(source, 1, 1, "there is no such bot file or folder")])
    return [load_bot(path) for path in (sorted(source.glob("*.bot.yaml")) if source.is_dir() else [source])]


def load_bot(path: Path) -> Bot:
    """Load a bot file.

    Raises:
        DocumentError: It isn't YAML, or not in the language of bots.
    """
    document = read(path, merges=True)
    try:
        bot = Bot.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        raise DocumentError(refused(document, error, Bot)) from None
    if bot.replay is None:
        return bot
    replay = path.parent / bot.replay
    if not replay.is_file():
        raise DocumentError([document.problem(("replay",), f"there is no file {bot.replay} beside this one")])
    return bot.model_copy(update={"replay": replay})
