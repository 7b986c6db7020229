"""A text that starts or ends with a URL: the service makes two messages of it.

Here: where it is cut. Not here: what the messages look like (entries.py).

Source: protocol notes, section 3.6. That a URL alone becomes one message, and that a text with one at either end is cut
once, at its end, is inferred.
"""

import re

URL = r"https?://[^\s/?#]+(?:[^\s]*[^\s.,;:!?)\]'\"])?"
AT_END = re.compile(rf"(?:(?P<rest>.*\S)\s+|\s*)(?P<url>{URL})\s*", re.DOTALL | re.IGNORECASE)
AT_START = re.compile(rf"\s*(?P<url>{URL})\s+(?P<rest>\S.*)", re.DOTALL | re.IGNORECASE)


def split(text: str) -> tuple[str, str | None]:
    """Cut a text in two.

    Returns:
        What is left of the text, and the URL that was at one of its ends; None if there was none.
    """
    found = AT_END.fullmatch(text) or AT_START.fullmatch(text)
    return (found["rest"] or "", found["url"]) if found else (text, None)
