"""Lines of text as a PDF document.

Here: the file format, and no more of it than this takes. Not here: what the lines say (transcripts.py).
Source: ISO 32000-1, sections 7.5 (file structure), 7.7 (document structure), 9.6.2.2 (the standard fonts).
"""

import textwrap
from collections.abc import Iterable

WIDTH, HEIGHT, MARGIN = 595, 842, 50
"""A4, in points."""
SIZE, LEADING = 10, 14
COLUMNS = 82
"""Characters of Courier, 0.6 of its size wide, that fit between the margins."""
ROWS = (HEIGHT - 2 * MARGIN) // LEADING


def document(lines: Iterable[str]) -> bytes:
    """Make a document; long lines are folded, characters outside Windows-1252 become question marks."""
    rows = [row for line in lines for row in textwrap.wrap(line, COLUMNS) or [""]]
    pages = [rows[first : first + ROWS] for first in range(0, len(rows), ROWS)] or [[]]
    kids = " ".join(f"{number} 0 R" for number in range(4, 4 + 2 * len(pages), 2))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} /MediaBox [0 0 {WIDTH} {HEIGHT}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        resources = "<< /Font << /F1 3 0 R >> >>"
        contents = 5 + 2 * number
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /Resources {resources} /Contents {contents} 0 R >>".encode(),
        )
        shown = b"\n".join(b"(%s) '" % _escaped(row) for row in page)
        stream = b"BT /F1 %d Tf %d TL %d %d Td\n%s\nET" % (SIZE, LEADING, MARGIN, HEIGHT - MARGIN, shown)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    return _file(objects)


def _escaped(text: str) -> bytes:
    raw = text.encode("cp1252", "replace")
    return raw.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")


def _file(objects: list[bytes]) -> bytes:
    out, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
