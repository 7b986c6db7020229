"""The parts of a `multipart/form-data` body.

Here: cutting one up. Not here: what the parts mean (requests.py, service.py).
Source: RFC 7578, and RFC 2046, section 5.1. Nothing but the boundary is looked for, so that a file may hold anything.
"""

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from email.policy import HTTP

from harness.sandbox.refusals import Refused


@dataclass(frozen=True)
class Part:
    """One part.

    Attributes:
        content_type: Its media type, lower case.
        filename: The name it was given as a file; empty if none.
        content: What is in it.
    """

    content_type: str
    filename: str
    content: bytes


def parts(content_type: str, body: bytes) -> dict[str, Part]:
    """Give the parts of a body by their names.

    Args:
        content_type: The header of the request.
        body: The body.

    Raises:
        Refused: 415, it is another type; 400, it is not well formed.
    """
    header = Message()
    header["Content-Type"] = content_type
    if header.get_content_type() != "multipart/form-data":
        raise Refused(415, "Content-Type must be multipart/form-data")
    boundary = header.get_boundary()
    if not boundary:
        raise Refused(400, "Malformed multipart request")
    _, *between = re.split(rb"(?:\A|\r\n)--" + re.escape(boundary.encode("latin-1")), body)
    if len(between) < 2 or not between[-1].startswith(b"--"):
        raise Refused(400, "Malformed multipart request")
    return dict(_part(raw) for raw in between[:-1])


def _part(raw: bytes) -> tuple[str, Part]:
    head, empty_line, content = raw.partition(b"\r\n\r\n")
    try:
        headers = HeaderParser(policy=HTTP).parsestr(head.decode().lstrip())
    except UnicodeDecodeError:
        raise Refused(400, "Malformed multipart request") from None
    name = headers.get_param("name", header="Content-Disposition")
    if not empty_line or not isinstance(name, str):
        raise Refused(400, "Malformed multipart request")
    return name, Part(headers.get_content_type(), headers.get_filename() or "", content)
