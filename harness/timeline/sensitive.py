"""What is secret whoever's it is: by the name of its field, and by how it looks.

Fields that hold tokens and passwords are blotted out whatever is in them. Looks are those of tokens, addresses and
numbers; what is not a token keeps its length and its signs, so that what is measured of it stays the same. Not here:
the values of a person (redaction.py), answers that are cut in pieces (pieces.py).
"""

import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, field_validator

TOKEN = "[redacted token]"  # noqa: S105 - what stands where one was
FIELD = "[redacted]"
"""What stands in a secret field."""

BEHIND_AN_ESCAPE = r"(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4})|(?<=%[0-9a-fA-F]{2})"
"""What comes next begins a word, though a letter or digit stands before it."""

_JWT = rf"(?:(?<![A-Za-z0-9_-])|{BEHIND_AN_ESCAPE})eyJ[A-Za-z0-9_-]{{8,}}(?:\.[A-Za-z0-9_-]+)*"
_BEARER = r"(?<=[Bb]earer|BEARER)\s+(?=[A-Za-z0-9_.~+/=-]{20}|[A-Za-z_.~+/=-]*[0-9])[A-Za-z0-9_.~+/=-]{8,}"
"""What stands behind the word Bearer, unless it is plain words, as in \"the bearer of good news\"."""
_USER = r"(?<=://)[^/\s:@'\"\\]+:[^/\s@'\"\\]+(?=@)"
_KEY = r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
TOKENS = rf"(?s:{_JWT}|{_BEARER}|{_USER}|{_KEY})"
"""A JWT, what follows `Bearer`, user and password of an address, a private key."""

is_token = re.compile(TOKENS).fullmatch
"""Says whether a text is one of these, and so is hidden wherever it stands."""

_FROM = rf"(?:(?<![\w.+\\-])(?!(?<=%)[0-9a-fA-F]{{2}})|{BEHIND_AN_ESCAPE})"
_GAP = r"(?:[ -]|%20)?"
_EMAIL = rf"{_FROM}[\w.+-]++(?:@|%40)(?:[\w-]+\.)+[^\W\d_]{{2,}}"
# What the others begin with is asked for first: it is quickly ruled out, and a frame has a thousand places to begin at.
_CARD = (
    rf"(?=[3-6]){_FROM}"
    rf"(?:3[47]\d\d{_GAP}\d{{6}}{_GAP}\d{{5}}|[3-6]\d\d\d(?:{_GAP}\d{{4}}){{2}}{_GAP}\d{{2,7}})(?![\w-])"
)
_IBAN = (
    rf"(?=[A-Z])(?:(?<!\w)|{BEHIND_AN_ESCAPE})"
    rf"[A-Z]{{2}}\d\d(?:{_GAP}[A-Z0-9]{{4}}){{2,7}}(?:{_GAP}[A-Z0-9]{{1,3}})?(?!\w)"
)
_PHONE = (
    rf"(?=[+(%]){_FROM}"
    rf"(?:(?:\+|%2[Bb])[1-9](?:(?:[ ().\-/]|%20){{0,3}}\d){{7,14}}|\(\d{{3}}\) ?\d{{3}}[-. ]\d{{4}})(?!\d)"
)

_MASK = {**dict.fromkeys(map(ord, "0123456789"), "0")}
_DIGITS = 14
"""Digits in a row, gaps left out, that may be a card's number; a time in milliseconds has 13."""
_ALIKE = bytes.maketrans(b"123456789BCDEFGHIJKLMNOPQRSTUVWXYZ", b"000000000AAAAAAAAAAAAAAAAAAAAAAAAA")

FIELDS = (
    "access_token", "refresh_token", "id_token", "auth_token", "session_token", "customer_identity_token",
    "captcha_token", "bearer_token", "jwt", "authorization", "proxy_authorization", "cookie", "set_cookie",
    "password", "passwd", "passphrase", "secret", "client_secret", "api_key", "x_api_key", "private_key", "credentials",
    "card_number", "cvv", "cvc",
)  # fmt: skip
"""Names of fields whose values are secret, however they are joined and capitalised: `accessToken`, `Access-Token`.

Source: protocol notes, sections 2.1 to 2.3 (accessToken, customerIdentityToken, captchaToken), 3 (Authorization).
"""


def masked(text: str) -> str:
    """The text with every letter an x or X and every digit a 0; signs and blanks stay."""
    if text.isascii():
        return re.sub("[A-Z]", "X", re.sub("[a-z]", "x", text.translate(_MASK)))
    return "".join(
        "0" if one.isdecimal() else ("X" if one.isupper() else "x") if one.isalpha() else one for one in text
    )


def _mask_address(text: str) -> str:
    return re.sub(r"%[0-9a-fA-F]{2}|([^%]+)", lambda part: masked(part[1]) if part[1] else part[0], text)


def _is_card(text: str) -> bool:
    """Luhn's check. Source: ISO/IEC 7812-1, annex B."""
    digits = [int(one) for one in text.replace("%20", "") if one.isdecimal()]
    doubled = [sum(divmod(2 * one, 10)) for one in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """The check by 97. Source: ISO 13616-1, ISO/IEC 7064."""
    plain = re.sub(r"%20|[ -]", "", text)
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


@dataclass(frozen=True, slots=True)
class Look:
    """How something secret looks.

    Attributes:
        name: What it is called.
        pattern: What it looks like.
        sign: Whether it is worth looking in a text, which takes a tenth of the time.
        hidden: What is written instead; the same of what was hidden already.
        is_one: Whether what looks so is one.
    """

    name: str
    pattern: re.Pattern[str]
    sign: Callable[[str], bool] = lambda _: True
    hidden: Callable[[str], str] = _mask_address
    is_one: Callable[[str], bool] = lambda _: True

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it is in a text, from and to."""
        for found in self.pattern.finditer(text):
            if self.is_one(found.group()):
                yield found.span()
            elif self.is_one is _is_iban and (shorter := _iban_in(found.group())):  # a word follows it
                yield found.start(), found.start() + shorter


def _iban_in(text: str) -> int:
    """How many characters of a text are an IBAN; 0 if it does not begin with one."""
    ends = (found.start() for found in re.finditer(r"[ -]|%20", text))
    return next((end for end in sorted(ends, reverse=True) if end >= 15 and _is_iban(text[:end])), 0)


def _has_at(text: str) -> bool:
    return "@" in text or ("%" in text and "%40" in text)


def _has_digits(text: str) -> bool:
    """Whether there are as many digits in a row as a card's number has, gaps left out."""
    if "%" in text:
        text = text.replace("%20", "")
    return _ZEROS in text.encode("utf-8", "surrogatepass").translate(_ALIKE, b" -")


def _has_country(text: str) -> bool:
    """Whether there are two letters and two digits in a row."""
    return b"AA00" in text.encode("utf-8", "surrogatepass").translate(_ALIKE)


def _has_prefix(text: str) -> bool:
    """Whether a number that is written to be dialled may begin."""
    return (
        ("+" in text and _PLUS.search(text) is not None)
        or ("(" in text and _AREA.search(text) is not None)
        or ("%" in text and ("%2B" in text or "%2b" in text))
    )


def _has_any_sign(text: str) -> bool:
    """All of them at once."""
    if "@" in text or ("%" in text and _CODED.search(text)):
        return True
    if ("+" in text and _PLUS.search(text)) or ("(" in text and _AREA.search(text)):
        return True
    signs = text.encode("utf-8", "surrogatepass").translate(_ALIKE)
    return b"AA00" in signs or _ZEROS in signs.translate(None, b" -")


_BLANK = " \t"
_AWAITING = (":", "=", "earer", "EARER")
"""What something secret follows, perhaps after a blank."""
_ENDING = frozenset(string.ascii_lowercase + ",!?;")
"""What a word or a sentence ends with, and no number."""
_WORD = string.ascii_letters + string.digits + "._%+-@=/~\"'\\:{(&?;"
_OF_NUMBERS = string.digits + " -().+/"
_ANY_DIGIT = frozenset(string.digits)
_DIALLED = _ANY_DIGIT | {"+", "("}
_ACCOUNT = re.compile(r"(?<!\w)[A-Z](?:[A-Z](?:\d(?:\d[A-Z0-9 -]*)?)?)?\Z")
_OF_ACCOUNTS = string.ascii_uppercase + string.digits + " -"
_ACCOUNTS = 48
"""Characters that an account's number has at most, with blanks."""
_ZEROS = b"0" * _DIGITS
_CODED = re.compile("%(?:20|2[Bb]|40)")
_PLUS = re.compile(r"\+[1-9]")
_AREA = re.compile(r"\(\d\d\d\)")

BUILT_IN: Mapping[str, Look] = {
    look.name: look
    for look in (
        Look("email", re.compile(_EMAIL), _has_at),
        Look("card", re.compile(_CARD), _has_digits, is_one=_is_card),
        Look("iban", re.compile(_IBAN), _has_country, is_one=_is_iban),
        Look("phone", re.compile(_PHONE), _has_prefix),
    )
}
"""What is looked for unless it is switched off."""


def _as_called(name: str) -> Callable[[str], str]:
    return lambda _: f"[redacted {name}]"


_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Privacy(BaseModel):
    """What is secret in a project, besides and instead of what always is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: tuple[str, ...] = ()
    """Further names of fields whose values are secret, such as `tax_id`; `taxId` and `Tax-Id` are the same."""
    patterns: Mapping[str, str | bool] = {}
    """Further regular expressions of what is secret, by name; or `email`, `card`, `iban` or `phone` with `false`."""
    keep: tuple[str, ...] = ()
    """Texts that are never hidden for how they look, such as the address of the help desk."""
    env: tuple[str, ...] = ()
    """Further environment variables with secret values; those named like a secret are hidden anyway."""

    @field_validator("patterns")
    @classmethod
    def _are_readable(cls, patterns: Mapping[str, str | bool]) -> Mapping[str, str | bool]:
        for name, written in patterns.items():
            if isinstance(written, bool):
                if name not in BUILT_IN or written:
                    known = ", ".join(BUILT_IN)
                    raise ValueError(f"{name!r} can't be {str(written).lower()}; known are {known}, and false is off")
                continue
            if name in BUILT_IN or not _NAME.fullmatch(name):
                what = "is looked for anyway" if name in BUILT_IN else "is no name; one has a-z, 0-9 and _"
                raise ValueError(f"{name!r} {what}; give the pattern another name")
            try:
                is_empty = re.compile(written).search("") is not None
            except re.error as error:
                raise ValueError(f"the pattern {name!r} is no regular expression: {error}") from None
            if is_empty:
                raise ValueError(f"the pattern {name!r} is found in an empty text; say what it is to have at least")
        return patterns

    @field_validator("fields")
    @classmethod
    def _are_names(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        for name in fields:
            if not re.search(r"[^\W_]", name):
                raise ValueError(f"{name!r} is no name of a field")
        return fields


@dataclass(frozen=True, eq=False)
class Sensitive:
    """Finds what is secret whoever's it is.

    Attributes:
        privacy: What the project says of it.
        keep: Texts that are not hidden for how they look, beside those of the project.
    """

    privacy: Privacy = field(default_factory=Privacy)
    keep: frozenset[str] = frozenset()

    @cached_property
    def _kept(self) -> frozenset[str]:
        return frozenset(text.casefold() for text in (*self.keep, *self.privacy.keep))

    @cached_property
    def looks(self) -> tuple[Look, ...]:
        """What is looked for."""
        said = self.privacy.patterns
        own = [(name, written) for name, written in said.items() if isinstance(written, str)]
        return (
            *(look for name, look in BUILT_IN.items() if name not in said),
            *(Look(name, re.compile(written), hidden=_as_called(name)) for name, written in own),
        )

    @cached_property
    def may_look(self) -> Callable[[str], bool]:
        """Says whether it is worth looking for looks in a text: quick, and seldom wrong."""
        looks = self.looks
        if {look.name for look in looks} == {*BUILT_IN}:
            return _has_any_sign
        return lambda text: any(look.sign(text) for look in looks)

    def seen(self, text: str) -> Iterator[tuple[int, int, str]]:
        """What looks secret, from and to, and what is to be written instead; oldest look first, nothing twice."""
        taken: list[tuple[int, int]] = []
        for look in self.looks:
            for start, end in look.find(text) if look.sign(text) else ():
                is_taken = any(start < after and end > other for other, after in taken)
                if start < end and not is_taken and text[start:end].casefold() not in self._kept:
                    taken.append((start, end))
                    yield start, end, look.hidden(text[start:end])

    def open_from(self, text: str) -> int:
        """Where what a text ends with begins, if more of it may look secret; its length if it can't."""
        bare = text if text[-1:] not in _BLANK else text.rstrip(_BLANK)
        if bare is not text and bare[-1:] in _ENDING and not bare.endswith(_AWAITING):
            return len(text)  # as most pieces of an answer do
        start = len(bare.rstrip(_WORD)) if bare is text or bare.endswith(_AWAITING) else len(text)
        if text[-1:] in _OF_NUMBERS:
            numbers = text.rstrip(_OF_NUMBERS)
            signs = set(text[len(numbers) :])
            if signs & _DIALLED:
                start = min(start, len(numbers.rstrip(_WORD) if signs & _ANY_DIGIT else numbers))
        if text[-1:] in _OF_ACCOUNTS:
            account = _ACCOUNT.search(text, max(0, len(text) - _ACCOUNTS))
            if account is not None:
                start = min(start, account.start())
        before = text[:start].rstrip(_BLANK)
        return len(before.rstrip(_WORD)) if before.endswith(_AWAITING) else start

    # -- fields -------------------------------------------------------------------------------------------------------

    @cached_property
    def _names(self) -> "_Names":
        return _names(self.privacy.fields)

    def is_secret(self, name: str) -> bool:
        """Whether a field of this name is secret."""
        return _bare(name) in self._names.all

    def may_name(self, text: str) -> bool:
        """Whether it is worth looking for secret fields: quick, and seldom wrong."""
        if ":" not in text and "=" not in text:
            return False
        small = text.lower()
        bare = small.replace("-", "").replace("_", "")
        return any(name in bare for name in self._names.shortest) and self._names.said.search(small) is not None

    def named(self, text: str) -> Iterator[tuple[int, int, str]]:
        """The values of secret fields in a text, as `seen` tells what looks secret."""
        for found in self._names.pattern.finditer(text):
            group = next(name for name in ("in_quotes", "in_header", "in_form") if found[name] is not None)
            start, end = found.span(group)
            if start < end:
                yield start, end, FIELD


_GONE = rf"(?P<quote>\\*[\"']){re.escape(FIELD)}(?P=quote)"
"""A value that was taken out before."""


class _Names(NamedTuple):
    """The names of secret fields.

    Attributes:
        all: In small letters and with nothing between their words.
        shortest: One of these is in each of them.
        said: The end of a name, and what follows it, in a text of small letters; not where its value is gone already.
        pattern: A secret field in a text: JSON, JSON in JSON, a mapping of Python, a header, a form.
    """

    all: frozenset[str]
    shortest: tuple[str, ...]
    said: re.Pattern[str]
    pattern: re.Pattern[str]


@cache  # each conversation asks, and a project has one list of them
def _names(further: tuple[str, ...]) -> _Names:
    names = sorted((*FIELDS, *further), key=len, reverse=True)
    bare = frozenset(map(_bare, names))
    ends = {_words(name)[-1] for name in names}
    name = "|".join("[-_]?".join(map(re.escape, _words(one))) for one in names)
    quoted = (
        rf"(?P<mark>\\*[\"'])(?:{name})(?P=mark)\s*:\s*"
        r"(?P<open>\\*[\"'])(?P<in_quotes>.*?)(?:(?<!\\)(?P=open)|$)"
    )
    header = (
        r"(?<![\w-])(?:proxy-authorization|authorization|set-cookie|cookie|x-api-key):[ \t]*"
        r"(?P<in_header>[^\r\n'\"\\]+)"
    )
    form = rf"(?<![\w-])(?:{name})=(?P<in_form>[^\s&;,'\"\\)]+)"
    return _Names(
        all=bare,
        shortest=tuple(name for name in bare if not any(one in name and one != name for one in bare)),
        said=re.compile(rf"(?:{'|'.join(map(re.escape, ends))})(?:\\*[\"']\s*:(?!\s*{_GONE})|[:=])"),
        pattern=re.compile(f"{quoted}|{header}|{form}", re.IGNORECASE | re.MULTILINE),
    )


def _words(name: str) -> list[str]:
    parts = re.split(r"[\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name))
    return [part.lower() for part in parts if part]


@lru_cache(1024)
def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def secret_names(names: Iterable[str]) -> Iterator[str]:
    """Those of environment variables that are named like a secret."""
    return (name for name in names if _SECRET_NAME.search(name))


_SECRET_NAME = re.compile(r"(?i)TOKEN|SECRET|PASSW|CREDENTIAL|JWT|PRIVATE|API_?KEY|ACCESS_?KEY")
