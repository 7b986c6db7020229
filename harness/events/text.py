"""How text from outside is shown: as text, whatever is in it.

A bot is hostile input. Control characters, terminal escapes and direction overrides are spelt out, long text is cut.
"""

import unicodedata

_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_JOINERS = {"\u200d", "\u200c"}


def _spelt(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if unicodedata.category(character) not in _UNSAFE or character in _JOINERS:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(text: str) -> str:
    """The text with everything that would act on a terminal or a page spelt out as an escape."""
    return text if text.isprintable() else "".join(map(_spelt, text))


def quoted(text: str, *, limit: int = 200, marks: str = "'") -> str:
    """The text on one line between quotation marks, cut after `limit` characters with the full length told."""
    cut = text[:limit]
    more = f" … ({len(text):,} characters)" if len(text) > limit else ""
    return f"{marks}{printable(cut)}{marks}{more}"
