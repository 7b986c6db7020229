"""What is wrong with a text that is no YAML, in the words of somebody who wrote it rather than of a parser.

Not here: reading (documents.py).
"""

import re
from typing import NamedTuple

from ruamel.yaml.error import MarkedYAMLError

FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""A character that can't stand in YAML. Source: YAML 1.2.2, 5.1; a byte-order mark within a text is left out."""


class Broken(NamedTuple):
    """Line and column, from 1, and what is wrong there."""

    line: int
    column: int
    what: str


class _Kind(NamedTuple):
    """A kind of mistake: what the parser says, what we say, and whether it is the beginning that is to blame."""

    said: str
    told: str
    at_the_beginning: bool = False


_KINDS = (
    _Kind(r"character '\\t'|tab character", "this line is indented with a tab; indent it with spaces"),
    _Kind(r"character '(.+)' that cannot start", "a text can't begin with {0}; put it in quotation marks"),
    _Kind(
        r"mapping values are not allowed",
        "there can be no colon here; put a text that has a colon in quotation marks, "
        "or see whether this line or the one above is indented wrongly",
    ),
    _Kind(
        r"quoted scalar .*unexpected (end of stream|document separator)",
        "the quotation mark that opens here is never closed",
        at_the_beginning=True,
    ),
    _Kind(r"unknown escape character '(.+)'", r"\{0} means nothing between double quotation marks; use single ones"),
    _Kind(r"flow sequence .*expected ',' or '\]'", "the list that begins with [ on line {line} lacks a comma or its ]"),
    _Kind(
        r"flow mapping .*expected ',' or '\}'", "the mapping that begins with {{ on line {line} lacks a comma or its }}"
    ),
    _Kind(r"found '<stream end>'", "the file ends within a list or mapping; close it with ] or }}"),
    _Kind(r"expected the node content, but found '(.+)'", "no value can begin with {0}; put a text in quotation marks"),
    _Kind(r"block mapping .*found '<scalar>'", "nothing can follow a closing quotation mark; quote the whole text"),
    _Kind(r"block collection .*found '\?'", "a dash is missing here: line {line} begins a list"),
    _Kind(
        r"expected <block end>",
        "this line fits nothing above it; indent it like the lines it belongs with, with a dash if they have one",
    ),
    _Kind(r"could not find expected ':'", "there is no colon on this line; write word: value", at_the_beginning=True),
    _Kind(r"sequence entries are not allowed", "a list can't begin on this line; put the dash on a line of its own"),
    _Kind(r"mapping keys are not allowed", "a text can't begin with a question mark and a space; quote it"),
    _Kind(
        r"undefined alias '(.+)'", "*{0} repeats nothing, since there is no &{0} before; put a text in quotation marks"
    ),
    _Kind(r"(alias|anchor) .*alphabetic or numeric", "a text can't begin with & or *; put it in quotation marks"),
    _Kind(r"block scalar .*indicators", "nothing but the end of the line can follow | or >; begin the text below"),
    _Kind(r"single document", "a second document begins here; a file has one, so take the dashes out"),
)


def explained(error: MarkedYAMLError, text: str) -> Broken:
    """Say what a parser stumbled over.

    Args:
        error: What it raised.
        text: What it was reading.
    """
    said = " ".join(filter(None, (error.context, error.problem)))
    begins, stumbled = error.context_mark, error.problem_mark or error.context_mark
    before = text.split("\n")[stumbled.line][: stumbled.column + 1]
    if "flow" in said and (name := before.rfind("${")) >= 0:
        return Broken(stumbled.line + 1, name + 1, "between { } and [ ] a text with ${…} needs quotation marks")
    for kind in _KINDS:
        if match := re.search(kind.said, said):
            mark = begins if kind.at_the_beginning and begins else stumbled
            line = (begins or stumbled).line + 1
            return Broken(mark.line + 1, mark.column + 1, kind.told.format(*match.groups(), line=line))
    return Broken(stumbled.line + 1, stumbled.column + 1, f"this is no YAML: {said}")


def forbidden(text: str) -> Broken | None:
    """The first character that can't stand in YAML, if there is one."""
    match = FORBIDDEN.search(text)
    if match is None:
        return None
    line = text.count("\n", 0, match.start())
    column = match.start() - (text.rfind("\n", 0, match.start()) + 1)
    return Broken(line + 1, column + 1, f"the character U+{ord(match[0]):04X} can't stand in YAML; delete it")
