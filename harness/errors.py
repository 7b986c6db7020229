"""Whose fault it is, told by the type.

    AssertionError
    └── ExpectationFailed        the bot did something else: a failed test
    HarnessError                 no verdict on the bot: a broken test
    ├── RemoteProtocolError      the other side broke its protocol
    │   └── StreamInterrupted    its event stream ended while the conversation was open
    ├── ServiceRefused           the other side answered a request with an error status
    ├── TargetUnreachable        nobody answered at the target's address
    ├── LocalProtocolError       the scenario asked for something impossible
    ├── RecordingUnreadable      a recorded conversation can't be read
    └── Inconclusive             the harness was too busy to tell early from late

Here: the types and their words. Not here: when they are raised, and what Allure makes of them.
"""


class ExpectationFailed(AssertionError):  # noqa: N818 - the field's word; `…Error` would read as trouble of ours
    """The conversation went another way than the scenario said."""


class HarnessError(Exception):
    """The harness could not come to a verdict on the bot."""


class RemoteProtocolError(HarnessError):
    """The other side sent something that its protocol does not allow."""


class LocalProtocolError(HarnessError):
    """The scenario asked for something that can't be done at this point of the conversation."""


class Inconclusive(HarnessError):  # noqa: N818 - a verdict's name
    """An arrival is known too coarsely to say on which side of a bound it lies."""


class RecordingUnreadable(HarnessError):  # noqa: N818 - says what happened
    """A recording can't be read.

    Attributes:
        path: The file.
        line: Number of the line, counted from 1; None where it is the whole file.
        what: What is wrong with it.
    """

    def __init__(self, *, path: str, what: str, line: int | None = None, advice: str = "") -> None:
        self.path, self.line, self.what = path, line, what
        where = path if line is None else f"line {line} of {path}"
        super().__init__(f"{where} {what}" + (f"; {advice}" if advice else ""))


class TargetUnreachable(HarnessError):  # noqa: N818 - says what happened
    """No service answered at the address of the target.

    Attributes:
        url: The address that was tried.
        reason: What the network said.
    """

    def __init__(
        self,
        *,
        url: str,
        reason: str,
        advice: str = "check the address of the target, and that it is up",
        is_there: bool = False,
    ) -> None:
        self.url, self.reason = url, reason
        told = f"{url} can't be talked to" if is_there else f"nobody answered at {url}"
        super().__init__(f"{told} ({reason}); {advice}")


class ServiceRefused(HarnessError):  # noqa: N818 - says what happened
    """The service answered a request with a status that means no.

    Attributes:
        operation: What was asked for, as the service's reference names it.
        status: HTTP status code.
        message: The `message` of the error body, or the start of the body where there is none.
        error_code: The `errorCode` of the error body, if any.
    """

    def __init__(
        self, *, operation: str, status: int, message: str, error_code: str | None = None, advice: str = ""
    ) -> None:
        self.operation, self.status, self.message, self.error_code = operation, status, message, error_code
        code = f" {error_code}" if error_code else ""
        said = f": {message!r}" if message else " with an empty body"
        super().__init__(f"{operation} was refused with {status}{code}{said}" + (f"; {advice}" if advice else ""))


class StreamInterrupted(RemoteProtocolError):  # noqa: N818 - says what happened
    """The event stream ended while the conversation was still open.

    Attributes:
        after: Id of the last event received; None if there was none.
        unfinished: The bytes of an event that was cut off by the end.
        reason: What the network said; empty for an orderly end.
        away: For how many seconds it was not back; None where nobody waited for that.
    """

    def __init__(
        self, *, after: str | None, unfinished: bytes = b"", reason: str = "", away: float | None = None
    ) -> None:
        self.after, self.unfinished, self.reason, self.away = after, unfinished, reason, away
        last = f"the last event was id {after!r}" if after else "no event had come"
        half = (
            f"; {len(unfinished)} bytes of an unfinished event were dropped: {unfinished[:60]!r}" if unfinished else ""
        )
        why = f" ({reason})" if reason else ""
        back = "" if away is None else f" and was not back {away:.1f} s later"
        super().__init__(f"the event stream ended while the conversation was still open{why}{back}; {last}{half}")


_TOO_MANY = 429
_TROUBLE = range(500, 600)


def is_passing(error: BaseException | None) -> bool:
    """Whether an error tells of the way to the service, or of a service in trouble, and so is worth another attempt."""
    if isinstance(error, ServiceRefused):
        return error.status == _TOO_MANY or error.status in _TROUBLE
    return isinstance(error, TargetUnreachable | StreamInterrupted)
