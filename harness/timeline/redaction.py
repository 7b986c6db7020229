"""What is nobody's business taken out of texts before they are written: tokens for good, personal data reversibly.

A personal value becomes a placeholder such as `[persona.email]`, the value of a variable one such as `[env.API_KEY]`,
from which whoever knows the value can restore what was there to the letter; a token becomes `[redacted token]`, from
which nobody can. Values are found as they are, and as JSON or an address spells them, however often it was encoded.
Not here: who the person is (user/), what is secret whoever's it is (sensitive.py), when to redact.
"""

import base64
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, get_origin
from urllib.parse import quote, unquote

from pydantic import BaseModel

from harness.events import ANY_EVENT, Event, Unrecognised
from harness.events.base import per_kind, to_python, types
from harness.timeline.sensitive import BEHIND_AN_ESCAPE, FIELD, TOKEN, TOKENS, Sensitive

_OPENING = r"\[(?:persona|env)\."
_PLACEHOLDER = re.compile(
    rf"(?P<opening>{_OPENING})(?:=|(?P<name>[A-Za-z0-9_.]+)(?::(?P<start>\d+):(?P<end>\d+))?(?:\|(?P<how>[^\]]*))?\])?"
)

_COMMON = re.compile(f"(?P<token>{TOKENS})|(?P<literal>{_OPENING})")
"""What is taken out whoever's it is: tokens, and what could be taken for a placeholder."""

OWN_WORDS = frozenset({"kind", "how", "what", "acknowledge"})
"""Fields of events whose values are the harness's own words."""

_LEAST = 4
"""Characters that a secret has at least; a shorter one would be found everywhere."""

_BY_UNIT = re.compile(r"\\+u([0-9a-fA-F]{4})")
_BEHIND_BACKSLASHES = re.compile(r'\\+(["/])')


def _is_common(text: str) -> bool:
    """Whether it is worth looking for that: quick, and seldom wrong."""
    return (
        ("@" in text and "://" in text)
        or ("J" in text and "eyJ" in text)
        or "earer" in text
        or "EARER" in text
        or "[persona." in text
        or "[env." in text
        or "-----BEGIN" in text
    )


def decoded(text: str, *, slashes: bool = True) -> str:
    """The text with characters in place of their numbers, as JSON and addresses write them; itself if there are none.

    Args:
        text: Any text.
        slashes: Whether quotation marks and slashes lose the backslashes before them.
    """
    plain = text
    if "\\u" in plain:
        plain = _BY_UNIT.sub(lambda found: chr(int(found[1], 16)), plain)
        plain = plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    if slashes and "\\" in plain:
        plain = _BEHIND_BACKSLASHES.sub(r"\1", plain)
    return unquote(plain) if "%" in plain else plain


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
    before = rf"(?:(?<![^\W_])|{BEHIND_AN_ESCAPE})"
    return (
        (before if words and _cased(value[0]) else "")
        + spelt(value)
        + (r"(?![^\W_])" if words and _cased(value[-1]) else "")
    )


def _cased(character: str) -> bool:
    """Whether it is of a script that sets its words apart."""
    return unicodedata.category(character) in {"Lu", "Ll", "Lt"}


@dataclass(frozen=True, slots=True)
class Hidden:
    """Something in a text that must not be written.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        written: What is written instead.
        part: What is written instead of a part of it, from and to, counted from where it begins.
    """

    start: int
    end: int
    written: str
    part: Callable[[int, int], str]


class Redactor:
    """Takes tokens, secrets and the values of people out of texts and events, and puts the values back.

    Args:
        values: What to take out, by the name of its placeholder, such as `{"email": "anna@example.org"}`; names are of
            letters, digits, `_` and `.`. Those that begin with `env.` are variables; all others are of a person. Empty
            values are left out.
        gone: What is taken out for good, such as an access token.
        sensitive: What is secret whoever's it is.
    """

    def __init__(
        self,
        values: Mapping[str, str] | None = None,
        *,
        gone: Iterable[str] = (),
        sensitive: Sensitive | None = None,
    ) -> None:
        names: dict[str, str] = {}
        for name, value in (values or {}).items():
            names.setdefault(value, name)
        label = {name: name if name.startswith("env.") else f"persona.{name}" for name in names.values()}
        self._by_name = {
            label[name]: value for value, name in sorted(names.items(), key=lambda one: -len(one[0])) if value
        }
        self._sensitive = sensitive or _ANYBODYS
        self._may_look = self._sensitive.may_look
        self._gone = sorted({one for one in gone if len(one) >= _LEAST}, key=len, reverse=True)
        self._encoded = dict(self._encodings())
        known = [*self._by_name.values(), *self._gone, *self._encoded]
        self._is_escaped = any('"' in value or "/" in value for value in known)
        self._addresses = [one for one in known if "@" in one]
        small: dict[str, list[str]] = {}
        for one in known:
            if "@" not in one:
                small.setdefault(one.lower(), []).append(one)
        signs = {one: told for one, told in small.items() if not any(two in one and two != one for two in small)}
        for one, told in small.items():
            if one not in signs:
                signs[next(two for two in signs if two in one)] += told
        self._small = {_same(one, told[0]): tuple(told) for one, told in signs.items()}  # one of these a conversation

    def _encodings(self) -> Iterator[tuple[str, str]]:
        """What secrets look like in base64 and in an address, each with what is written instead."""
        secrets = [(one, TOKEN) for one in self._gone]
        for name, value in self._by_name.items():
            if name.startswith("env."):
                secrets.append((value, f"[redacted {name}]"))
        for value, written in secrets:
            yield from ((one, written) for one in _in_base64(value))
            yield from ((one, written) for one in {quote(value), quote(value, safe="")} - {value})

    @cached_property
    def _plain(self) -> re.Pattern[str]:
        """What is private in a text without escapes."""
        return self._compiled(re.escape)

    @cached_property
    def _spelt(self) -> re.Pattern[str]:
        """What is private in any text; takes some 10 ms to make."""
        return self._compiled(lambda value: "".join(map(_spellings, value)))

    def _compiled(self, spelt: Callable[[str], str]) -> re.Pattern[str]:
        parts = [_COMMON.pattern]
        parts += [f"(?P<g{place}>{_escapable(one)})" for place, one in enumerate(self._gone)]
        parts += [
            f"(?P<v{place}>{_escapable(value) if len(value) > _LONG else _bounded(value, spelt)})"
            for place, value in enumerate(self._by_name.values())
        ]
        parts += [f"(?P<b{place}>{re.escape(one)})" for place, one in enumerate(self._encoded)]
        return re.compile("|".join(parts))

    def _private(self, text: str) -> re.Pattern[str]:
        if not self._may_have(text):  # the others take milliseconds to make, for every scenario
            return _COMMON
        return self._spelt if "\\" in text or "%" in text else self._plain

    # -- finding ----------------------------------------------------------------------------------------------------

    def hidden(self, text: str, *, literally: bool = False, looks: bool = True) -> list[Hidden]:
        """What in a text must not be written, in order, nothing twice.

        Args:
            text: Any text.
            literally: Whether what looks like a placeholder, and is none, is written in its own way to tell it from
                one.
            looks: Whether also what only looks secret is found.
        """
        known: list[Hidden] = []
        if self._may_know(text):
            known = [self._placeholder(found) for found in self._private(text).finditer(text)]
        if not literally:
            known = [one for one in known if not _LITERAL.fullmatch(one.written)]
        if self._sensitive.may_name(text):
            for start, end, written in self._sensitive.named(text):
                if not _is_empty("".join(_gaps(text, start, end, known))):
                    known = [one for one in known if one.end <= start or one.start >= end]
                    known.append(Hidden(start, end, written, _all_of(written)))
                    known.sort(key=lambda one: one.start)
        if looks and self._may_look(text):
            seen = [*self._sensitive.seen(text)]
            known += [one for start, end, written in seen for one in _clipped(start, end, written, known)]
            known.sort(key=lambda one: one.start)
        return known

    def may_hide(self, text: str) -> bool:
        """Whether it is worth looking closely, which may take milliseconds for 1 KB; this takes microseconds."""
        return self._may_know(text) or self._may_look(text) or self._sensitive.may_name(text)

    def _may_know(self, text: str) -> bool:
        """The same for what is known: values, tokens, and what looks like a placeholder."""
        return self._may_have(text) or _is_common(text)

    def _may_have(self, text: str) -> bool:
        """The same for values alone."""
        small = text.lower()
        for sign, values in self._small.items():  # not `any`: this is asked of every event, and it takes twice as long
            if sign in small:
                for value in values:
                    if value in text:
                        return True
        if "@" in text and any(value in text for value in self._addresses):
            return True
        if "\\" not in text and "%" not in text:
            return False
        plain = decoded(text, slashes=self._is_escaped)
        if plain is text:
            return False
        return any(value in plain for value in (*self._by_name.values(), *self._gone))

    @property
    def values(self) -> Iterator[str]:
        """What is taken out wherever it stands, as it is or encoded."""
        yield from self._by_name.values()
        yield from self._gone
        yield from self._encoded

    def open_from(self, text: str) -> int:
        """Where what a text ends with begins, if that may be the beginning of something secret; its length if not."""
        end = len(text)
        start = self._sensitive.open_from(text)
        for prefix in self._prefixes.get(text[-1:], ()):
            if end - len(prefix) < start and text.endswith(prefix):
                start = end - len(prefix)
        return start

    @cached_property
    def _prefixes(self) -> Mapping[str, tuple[str, ...]]:
        """What values may begin with, by its last character."""
        found: dict[str, set[str]] = {}
        for value in (*self._by_name.values(), *self._gone, *self._encoded):
            for length in range(1, len(value) + 1):
                found.setdefault(value[length - 1], set()).add(value[:length])
        return {last: tuple(sorted(those, key=len)) for last, those in found.items()}

    def _placeholder(self, found: re.Match[str]) -> Hidden:
        which, (start, end), text = found.lastgroup or "", found.span(), found.group()
        place = int(which[1:]) if which[1:].isdecimal() else 0
        if which == "literal":
            return Hidden(start, end, f"{text}=", lambda at, to: text[at:to])
        if which == "token" or which[0] in "gb":
            written = list(self._encoded.values())[place] if which[0] == "b" else TOKEN
            blank = len(text) - len(text.lstrip())
            return Hidden(start + blank, end, written, lambda _at, _to: written)
        name = [*self._by_name][place]
        value = self._by_name[name]
        if text == value:
            return Hidden(start, end, f"[{name}]", lambda at, to: f"[{name}:{at}:{to}]")
        spelt = re.fullmatch("".join(f"({_spellings(character)})" for character in value), text)
        gone = f"[redacted {name}]"
        how = "|" + ",".join(map(_described, spelt.groups())) if spelt is not None else ""
        return Hidden(start, end, f"[{name}{how}]" if how else gone, lambda _at, _to: gone)

    # -- texts ------------------------------------------------------------------------------------------------------

    def redact(self, text: str) -> str:
        """The text without tokens, secrets and personal values; `restore` gives the values back."""
        return _written(text, self.hidden(text, literally=True))

    def shown(self, text: str, *, looks: bool = True) -> str:
        """The same for a text that people read and nobody restores; doing it twice changes nothing more.

        Args:
            text: Any text.
            looks: Whether also what only looks secret is taken out.
        """
        return _written(text, self.hidden(text, looks=looks))

    def restore(self, text: str) -> str:
        """The text that `redact` made this of; tokens stay what they have become, as do variables that are not known.

        Raises:
            ValueError: It holds a placeholder that this person has no value for.
        """
        return _PLACEHOLDER.sub(self._original, text)

    def _original(self, found: re.Match[str]) -> str:
        opening, name, how = found["opening"], found["name"], found["how"]
        if found.group() == f"{opening}=":
            return opening
        label = f"{opening[1:]}{name}"
        if label not in self._by_name:
            if opening == "[env.":
                return found.group()
            raise ValueError(f"{found.group()} stands for nothing that is known of the persona")
        value = self._by_name[label]
        if found["start"] is not None:
            value = value[int(found["start"]) : int(found["end"])]
        if how is None:
            return value
        return "".join(_as_described(character, spelt) for character, spelt in zip(value, how.split(","), strict=True))

    # -- values of all kinds ----------------------------------------------------------------------------------------

    def redacted(self, value: Any) -> Any:
        """The same structure of mappings and sequences with every text in it redacted, names of fields included."""
        texts: list[str] = []
        if not self._gather(value, texts) and not self.may_hide("\n".join(texts)):
            return value
        return self._redacted(value)

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            is_secret = self._sensitive.is_secret
            answers = isinstance(value.get("name"), str) and is_secret(value["name"])
            return {
                self.redact(key) if isinstance(key, str) else key: FIELD
                if one and isinstance(one, str) and (is_secret(str(key)) or (answers and key == "value"))
                else self._redacted(one)
                for key, one in value.items()
            }
        if isinstance(value, list | tuple):
            return type(value)(map(self._redacted, value))
        return self.redact(value) if isinstance(value, str) else value

    def restored(self, value: Any) -> Any:
        """The same structure with every text in it restored."""
        return _each_text(value, self.restore)

    def event(self, event: Event) -> Event:
        """The event with every text in it redacted."""
        return self.with_text(event, None) if self._concerns(event) else event

    def with_text(self, event: Event, text: str | None) -> Event:
        """The event with every text in it redacted, its `text` as given; then it has no `raw`, which has the text."""
        fields = to_python(event)
        private = {**self.redacted(fields), **{name: fields[name] for name in OWN_WORDS & fields.keys()}}
        if text is not None:
            private |= {"text": text, "raw": None}
        if private == fields:
            return event
        again: Event = ANY_EVENT.validate_python(private)
        return again

    def _concerns(self, event: Event) -> bool:
        """Whether there is anything to take out of an event.

        All its texts are looked at in one go, as there seldom is; then one by one, before a copy is made.
        """
        names, others = _fields(type(event))
        texts = [text for name in names if (text := getattr(event, name))]
        for name in others:
            if (value := getattr(event, name)) and self._gather(value, texts):
                return True
        told, raw = "\n".join(texts), getattr(event, "raw", None)
        if raw is None or isinstance(event, Unrecognised):
            if not self.may_hide(f"{told}\n{raw}"):
                return False
        # names of fields that the protocol does not know are in `unknown`, and it has one place for any: looking for
        # thirty names in every frame would take as long as all the rest
        elif not self._sensitive.may_name(told) and not _has_parameters(raw):
            told = f"{told}\n{raw}"
            if not self._may_know(told) and not self._may_look(told):
                return False
        return any(self.hidden(text, literally=True) for text in (*texts, raw or "") if self.may_hide(text))

    def _gather(self, value: Any, texts: list[str]) -> bool:
        """Add every text in a structure to these; whether it has a secret field, whose value need not look like one."""
        if isinstance(value, str):
            texts.append(value)
        elif value is None or isinstance(value, _NO_TEXT):  # to ask whether it is a mapping takes ten times as long
            return False
        elif isinstance(value, list | tuple):
            return any(self._gather(one, texts) for one in value)
        elif isinstance(value, Mapping | BaseModel):
            fields = value if isinstance(value, Mapping) else vars(value)
            name = fields.get("name")
            if isinstance(name, str) and "value" in fields and self._sensitive.is_secret(name):
                return True
            for key, one in fields.items():
                texts.append(str(key))
                if (one != FIELD and self._sensitive.is_secret(str(key))) or self._gather(one, texts):
                    return True
        return False


@per_kind
def _fields(kind: type[Event]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields of a kind of event that may be texts, but for the frame, and those that may hold texts within."""
    texts, others = [], []
    for name, wanted in types(kind).items():
        if wanted in _TEXTS:
            texts.append(name)
        elif wanted not in _NUMBERS and get_origin(wanted) is not Literal:
            others.append(name)
    return tuple(name for name in texts if name != "raw"), tuple(others)


def _has_parameters(raw: str) -> bool:
    """Whether a frame has something in its one field with names of anybody's. Source: protocol notes, section 5.2."""
    at = raw.rfind("contextParamMap")
    return at >= 0 and "{}" not in raw[at + 15 : at + 22]


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_each_text(key, change): _each_text(one, change) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_each_text(one, change) for one in value)
    return value


# -- pieces of text ----------------------------------------------------------------------------------------------------


def _same(one: str, other: str) -> str:
    """The other, if it is equal, so that one of them can go."""
    return other if one == other else one


def _all_of(written: str) -> Callable[[int, int], str]:
    return lambda _at, _to: written


def _written(text: str, hidden: list[Hidden]) -> str:
    return cut(text, hidden, 0, len(text)) if hidden else text


def cut(text: str, hidden: Iterable[Hidden], start: int, end: int) -> str:
    """A piece of a text, without what must not be written, and without what of it is in the piece."""
    told, at = [], start
    for one in hidden:
        left, right = max(one.start, start), min(one.end, end)
        if left >= right:
            continue
        told.append(text[at:left])
        whole = (left, right) == (one.start, one.end)
        told.append(one.written if whole else one.part(left - one.start, right - one.start))
        at = right
    return "".join((*told, text[at:end]))


def _gaps(text: str, start: int, end: int, hidden: list[Hidden]) -> Iterator[str]:
    """What of a piece of text is not hidden."""
    inside = [one for one in hidden if one.start < end and one.end > start]
    edges = [start, *(edge for one in inside for edge in (one.start, one.end)), end]
    yield from (text[at:to] for at, to in list(pairwise(edges))[::2])


def _is_empty(text: str) -> bool:
    """Whether nothing is left of the value of a field but the word that says what it is."""
    return re.fullmatch(r"\s*(?i:bearer|\[redacted.*\])?\s*", text) is not None


def _clipped(start: int, end: int, written: str, hidden: list[Hidden]) -> Iterator[Hidden]:
    """What of something is not hidden yet; what keeps its length keeps it in parts as well."""
    is_long = len(written) == end - start
    edges = [
        start,
        *(edge for one in hidden if one.start < end and one.end > start for edge in (one.start, one.end)),
        end,
    ]
    for at, to in list(pairwise(edges))[::2]:
        if at < to:
            told = written[at - start : to - start] if is_long else written

            def part(left: int, right: int, told: str = told) -> str:
                return told[left:right] if is_long else told

            yield Hidden(at, to, told, part)


def _in_base64(value: str) -> Iterator[str]:
    """What a value looks like within a text in base64, in three ways by where it begins, in two alphabets."""
    octets = value.encode("utf-8", "surrogatepass")
    for ahead in range(3):
        bits = 8 * (ahead + len(octets))
        coded = base64.b64encode(b"\0" * ahead + octets)[-(-8 * ahead // 6) : bits // 6].decode()
        if len(coded) >= _IN_BASE64:
            yield from {coded, coded.replace("+", "-").replace("/", "_")}


def _escapable(value: str) -> str:
    """A regular expression of a value as it is, and as JSON has it."""
    return "".join(rf"(?:\\*{re.escape(one)})" if one in "\"'/\\" else re.escape(one) for one in value)


_TEXTS = (str, str | None)
_NUMBERS = (int, int | None, float, float | None, bool)
_NO_TEXT = (int, float)
_ANYBODYS = Sensitive()
_LITERAL = re.compile(rf"{_OPENING}=")
_LONG = 120
"""Characters of a value of which not every spelling is looked for: that would take seconds to prepare."""
_IN_BASE64 = 8
"""Characters of base64 that are not there by chance."""
