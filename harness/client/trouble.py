"""What a network that fails means for a person: what happened, and what to do about it.

Here: words for errors of sockets and TLS. Not here: refusals of the service (refusals.py).
"""

import socket
import ssl
from collections.abc import Iterator

import httpx

from harness.errors import TargetUnreachable

_EXPIRED, _NOT_YET, _HOSTNAME, _ADDRESS = 10, 9, 62, 64
"""What is wrong with a certificate. Source: OpenSSL, `X509_STORE_CTX_get_error`, "Error codes"."""

_OF_CERTIFICATES = {
    _EXPIRED: "have the certificate renewed, unless it is the clock of this machine that is wrong",
    _NOT_YET: "put the clock of this machine right; if it is, the certificate is not meant to be used yet",
    _HOSTNAME: "check the address of the target: the certificate is that of another host",
    _ADDRESS: "check the address of the target: the certificate is that of another host",
}
_UNKNOWN_AUTHORITY = (
    "if a proxy or the service has an authority of the company's own, name its certificate as `ca` of the target in "
    "targets.yaml; else don't trust it"
)


def unreachable(url: str, error: BaseException) -> TargetUnreachable:
    """The error of a target that can't be talked to.

    Args:
        url: What was asked for.
        error: What the network said, of httpx or of a socket.
    """
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                told = cause.verify_message.rstrip(".")
                advice = _OF_CERTIFICATES.get(cause.verify_code, _UNKNOWN_AUTHORITY)
                return TargetUnreachable(
                    url=url, reason=f"its certificate is not trusted: {told}", advice=advice, is_there=True
                )
            case ssl.SSLError():
                advice = "check whether the address of the target begins with http:// or https://, and its port"
                return TargetUnreachable(url=url, reason="it does not speak TLS as it should", advice=advice)
            case socket.gaierror():
                advice = "check the address of the target; it may only be known in a VPN, or behind a proxy"
                return TargetUnreachable(url=url, reason="there is no host of that name", advice=advice)
            case httpx.ProxyError():
                advice = "check `proxy` of the target in targets.yaml, and the user and password that it wants"
                return TargetUnreachable(url=url, reason=str(cause), advice=advice)
            case httpx.ReadTimeout() | httpx.ConnectTimeout():
                advice = "check the address of the target, and that it is up; `timeouts` in targets.yaml give it longer"
                return TargetUnreachable(url=url, reason=str(cause), advice=advice)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return TargetUnreachable(url=url, reason=reason or type(error).__name__)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what led to it, the first cause last."""
    while error is not None:
        yield error
        error = error.__cause__
