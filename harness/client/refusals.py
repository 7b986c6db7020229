"""What a refusal of the service means, and what to do about it. Source: the protocol notes, section 9.2."""

import json

from harness.errors import ServiceRefused
from harness.events.text import quoted

_ADVICE = {
    400: "the request is wrong, and would be again; of a deployment, check the name, and that its type is API",
    401: "the access token is missing, wrong or expired",
    403: "the token does not own this conversation, or it is closed; never swap identities within one",
    404: "the service does not know this conversation, or the target's address is not a messaging service",
    409: "the conversation id is in use",
    412: "the organisation can't take it for now, such as when its storage is full; the service says to try later",
    413: "what was sent is larger than the service takes; of a file it takes 5 MB",
    415: "the service does not take files of this type",
    417: "there is no messaging session, and this deployment starts one only with the values of its pre-chat form",
    429: "the service limits how often this may be asked; ask less often",
    500: "the service failed, and may not the next time; its own logs say more",
}
"""By status."""


def refusal(operation: str, status: int, text: str) -> ServiceRefused:
    """The error of a request that was answered with a status that means no.

    Args:
        operation: What was asked for, as the service's reference names it.
        status: HTTP status code.
        text: The body of the answer, or its start.
    """
    try:
        body = json.loads(text)
        message, code = str(body["message"]), body.get("errorCode")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        message, code = quoted(text, marks=""), None
    return ServiceRefused(
        operation=operation,
        status=status,
        message=message,
        error_code=None if code is None else str(code),
        advice=_ADVICE.get(status, ""),
    )
