"""How the service says no: a status and the JSON error body that its clients read.

Here: the refusal and its body. Not here: when something is refused (requests.py, tokens.py, service.py).
"""

from http import HTTPStatus

CODES = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "PAYLOAD_TOO_LARGE"}
"""Where the error code of the service isn't the name of the status."""


class Refused(Exception):  # noqa: N818 - says what happened
    """A request is answered with an error status.

    Attributes:
        status: HTTP status code, 400 or more.
        message: The `message` of the body.
        code: The `errorCode` of the body.
    """

    def __init__(self, status: int, message: str) -> None:
        known = HTTPStatus(status)
        self.status, self.message, self.code = status, message, CODES.get(known, known.name)
        super().__init__(f"{status} {message}")
