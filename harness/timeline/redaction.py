"""What is nobody's business taken out of texts before they are written: tokens for good, personal data reversibly.

A personal value becomes a placeholder such as `[persona.email]`, from which whoever knows the person can restore what
was there to the letter; a token becomes `[redacted token]`, from which nobody can. Values are found as they are, and as
JSON or an address spells them, however often it was encoded. Not here: who the person is (user/), when to redact.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from harness.events import ANY_EVENT, Event
from harness.timeline.timeline import Timeline

TOKEN = "[redacted token]"  # noqa: S105 - what stands where one was

_BEHIND_AN_ESCAPE = r"(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4})|(?<=%[0-9a-fA-F]{2})"
"""What comes next begins a word, though a letter or digit stands before it."""

_JWT = rf"(?:(?<![A-Za-z0-9_-])|{_BEHIND_AN_ESCAPE})eyJ[A-Za-z0-9_-]{{8,}}(?:\.[A-Za-z0-9_-]+)*"
_BEARER = r"(?<=[Bb]earer|BEARER)\s+(?=[A-Za-z0-9_.~+/=-]{20}|[A-Za-z_.~+/=-]*[0-9])[A-Za-z0-9_.~+/=-]{8,}"
"""What stands behind the word Bearer, unless it is plain words, as in \"the bearer of good news\"."""
_OPENING = r"\[persona\."
_LITERAL = "[persona.="
"""How a text that begins like a placeholder, and is none, is written."""

_SIGNS = ("eyJ", "earer ", "EARER ", "[persona.")
"""One of these is in every text that holds a token or what looks like a placeholder."""

OWN_WORDS = frozenset({"kind", "how", "what", "acknowledge"})
"""Fields of events whose values are the harness's own words."""

_BY_UNIT = re.compile(r"\\+u([0-9a-fA-F]{4})")
_BEHIND_BACKSLASHES = re.compile(r'\\+(["/])')


def _hex_digits(number: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in number)


def _units(character: str) -> list[str]:
    """The UTF-16 units of a character, four lower-case hexadecimal digits each."""
    return re.findall("....", character.encode("utf-16-be", "surrogatepass").hex())


def _spellings(character: str) -> str:
    """A regular expression of every way a character is written: as it is, behind backslashes, by its numbers."""
    by_unit = "".join(rf"\\+u{_hex_digits(unit)}" for unit in _units(character))
    by_byte = "".join(f"%{_hex_digits(f'{byte:02x}')}" for byte in character.encode("utf-8", "surrogatepass"))
    plain = re.escape(character)
    return f"(?:{plain}|{by_unit}|{by_byte}" + (rf"|\\+{plain})" if character in '"/' else ")")


def _described(spelt: str) -> str:
    """How a character is written, without saying which: see `_as_described`."""
    if len(spelt) == 1:
        return "-"
    if spelt.startswith("%"):
        return "p" + _capitals(spelt.replace("%", ""))
    if "u" not in spelt[:-1]:
        return f"b{len(spelt) - 1}"
    return "u" + "_".join(f"{run.end() - run.start() - 5}{_capitals(run[1])}" for run in _BY_UNIT.finditer(spelt))


def _capitals(digits: str) -> str:
    return "".join("A" if digit.isupper() else "a" for digit in digits)


def _as_described(character: str, how: str) -> str:
    """A character written as `_described` says."""
    if how == "-":
        return character
    if how.startswith("b"):
        return "\\" * int(how[1:]) + character
    if how.startswith("p"):
        digits = _capitalised(character.encode("utf-8", "surrogatepass").hex(), how[1:])
        return re.sub("(..)", r"%\1", digits)
    units = zip(_units(character), how[1:].split("_"), strict=True)
    return "".join("\\" * int(told[:-4]) + "u" + _capitalised(unit, told[-4:]) for unit, told in units)


def _capitalised(digits: str, capitals: str) -> str:
    return "".join(digit.upper() if how == "A" else digit for digit, how in zip(digits, capitals, strict=True))


def _bounded(value: str, spelt: Callable[[str], str]) -> str:
    """A value as a regular expression; a name counts as whole words only, as `Al` is in `Also`."""
    words = all(character.isalpha() or not character.isalnum() for character in value) and "@" not in value
    before = r"(?:(?<![^\W_])|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4})|(?<=%[0-9a-fA-F]{2}))"
    return (
        (before if words and _cased(value[0]) else "")
        + spelt(value)
        + (r"(?![^\W_])" if words and _cased(value[-1]) else "")
    )


def _cased(character: str) -> bool:
    """Whether it is of a script that sets its words apart."""
    return unicodedata.category(character) in {"Lu", "Ll", "Lt"}


class Redactor:
    """Takes tokens and the values of one person out of texts and events, and puts the values back.

    Args:
        values: What to take out, by the name of its placeholder, such as `{"email": "anna@example.org"}`; names are of
            lower-case letters, digits, `_` and `.`. Empty values are left out.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        names: dict[str, str] = {}
        for name, value in (values or {}).items():
            names.setdefault(value, name)
        self._by_name = {name: value for value, name in sorted(names.items(), key=lambda one: -len(one[0])) if value}
        self._names = list(self._by_name)
        self._is_escaped = any('"' in value or "/" in value for value in self._by_name.values())
        known = self._by_name.values()
        self._signs = (*_SIGNS, *(one for one in known if not any(two in one and two != one for two in known)))

    @cached_property
    def _plain(self) -> re.Pattern[str]:
        """What is private in a text without escapes."""
        return self._compiled(re.escape)

    @cached_property
    def _spelt(self) -> re.Pattern[str]:
        """What is private in any text; takes some 10 ms to make."""
        return self._compiled(lambda value: "".join(map(_spellings, value)))

    def _compiled(self, spelt: Callable[[str], str]) -> re.Pattern[str]:
        parts = [rf"(?P<token>{_JWT}|{_BEARER})", f"(?P<literal>{_OPENING})"]
        parts += [f"(?P<v{place}>{_bounded(value, spelt)})" for place, value in enumerate(self._by_name.values())]
        return re.compile("|".join(parts))

    def _private(self, text: str) -> re.Pattern[str]:
        return self._spelt if "\\" in text or "%" in text else self._plain

    # -- texts ------------------------------------------------------------------------------------------------------

    def redact(self, text: str) -> str:
        """The text without tokens and personal values; `restore` gives it back but for the tokens."""
        if not self._may_hold(text):
            return text
        return self._private(text).sub(lambda found: self._placeholder(found, literal=_LITERAL), text)

    def shown(self, text: str) -> str:
        """The same for a text that people read and nobody restores; doing it twice changes nothing more."""
        if not self._may_hold(text):
            return text
        return self._private(text).sub(lambda found: self._placeholder(found, literal=found.group()), text)

    def _may_hold(self, text: str) -> bool:
        """Whether it is worth looking closely, which takes milliseconds for 1 KB; this takes microseconds."""
        for sign in self._signs:  # not `any`: this is asked of every event, and a generator takes twice as long
            if sign in text:
                return True
        if "\\" not in text and "%" not in text:
            return False
        plain = text
        if "\\u" in plain:
            plain = _BY_UNIT.sub(lambda found: chr(int(found[1], 16)), plain)
            plain = plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        if self._is_escaped and "\\" in plain:
            plain = _BEHIND_BACKSLASHES.sub(r"\1", plain)
        if "%" in plain:
            plain = unquote(plain)
        return plain is not text and any(value in plain for value in self._by_name.values())

    def _placeholder(self, found: re.Match[str], *, literal: str) -> str:
        which = found.lastgroup or ""
        if which == "token":
            return found.group()[: -len(found.group().lstrip())] + TOKEN if found.group()[0].isspace() else TOKEN
        if which == "literal":
            return literal
        name = self._names[int(which[1:])]
        value = self._by_name[name]
        if found.group() == value:
            return f"[persona.{name}]"
        spelt = re.fullmatch("".join(f"({_spellings(character)})" for character in value), found.group())
        assert spelt is not None  # noqa: S101 - it is what was found
        return f"[persona.{name}|{','.join(map(_described, spelt.groups()))}]"

    def restore(self, text: str) -> str:
        """The text that `redact` made this of; tokens stay what they have become.

        Raises:
            ValueError: It holds a placeholder that this person has no value for.
        """
        return re.sub(_OPENING + r"(?:=|(?P<name>[a-z0-9_.]+)(?:\|(?P<how>[^\]]*))?\])?", self._original, text)

    def _original(self, found: re.Match[str]) -> str:
        if found.group() == _LITERAL:
            return _LITERAL[:-1]
        name, how = found["name"], found["how"]
        if name not in self._by_name:
            raise ValueError(f"{found.group()} stands for nothing that is known of the persona")
        value = self._by_name[name]
        if how is None:
            return value
        return "".join(_as_described(character, spelt) for character, spelt in zip(value, how.split(","), strict=True))

    # -- values of all kinds ----------------------------------------------------------------------------------------

    def redacted(self, value: Any) -> Any:
        """The same structure of mappings and sequences with every text in it redacted."""
        return _each_text(value, self.redact)

    def restored(self, value: Any) -> Any:
        """The same structure with every text in it restored."""
        return _each_text(value, self.restore)

    def event(self, event: Event) -> Event:
        """The event with every text in it redacted."""
        if not self._concerns(event):
            return event
        fields = event.model_dump()
        private = {**self.redacted(fields), **{name: fields[name] for name in OWN_WORDS & fields.keys()}}
        if private == fields:
            return event
        again: Event = ANY_EVENT.validate_python(private)
        return again

    def _concerns(self, event: Event) -> bool:
        """Whether an event is worth looking closely; all its texts are looked at in one go."""
        texts = []
        for value in vars(event).values():
            if isinstance(value, str):
                texts.append(value)
            elif value and not isinstance(value, int | float):
                return True
        return self._may_hold("\n".join(texts))

    def timeline(self, timeline: Timeline) -> Timeline:
        """The timeline with every text in it redacted; events keep their places."""
        return Timeline([*map(self.event, timeline)], horizon=timeline.horizon, ended=timeline.ended)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each_text(one, change) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_each_text(one, change) for one in value)
    return value
