"""An AWS error, before it is put into the protocol of whoever asked."""

from __future__ import annotations

from collections.abc import Mapping


class AwsError(Exception):
    """``code`` as AWS names it; ``status`` 0 means the protocol's usual one for that code."""

    def __init__(
        self, code: str, message: str = "", status: int = 0, fields: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = dict(fields or {})
        """Further members of the error's shape."""


class Trouble(AwsError):
    """An error whose code differs by protocol: ``denied``, ``expired``, ``unknown_key``, ``not_emulated``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind


# kind -> protocol -> (code, status). Sources: the "common errors" pages of each service family; EC2's and
# S3's own lists.
_BY_PROTOCOL: dict[str, dict[str, tuple[str, int]]] = {
    "denied": {
        "json": ("AccessDeniedException", 400),
        "rest-json": ("AccessDeniedException", 403),
        "query": ("AccessDenied", 403),
        "ec2": ("UnauthorizedOperation", 403),
        "rest-xml": ("AccessDenied", 403),
    },
    "expired": {
        "json": ("ExpiredTokenException", 400),
        "rest-json": ("ExpiredTokenException", 403),
        "query": ("ExpiredToken", 403),
        "ec2": ("RequestExpired", 400),
        "rest-xml": ("ExpiredToken", 400),
    },
    "unknown_key": {
        "json": ("UnrecognizedClientException", 400),
        "rest-json": ("UnrecognizedClientException", 403),
        "query": ("InvalidClientTokenId", 403),
        "ec2": ("AuthFailure", 401),
        "rest-xml": ("InvalidAccessKeyId", 403),
    },
    # 501 is not retried by botocore's standard mode, so that a gap in the drill costs one request.
    "not_emulated": {
        "json": ("UnknownOperationException", 501),
        "rest-json": ("UnknownOperationException", 501),
        "query": ("InvalidAction", 501),
        "ec2": ("InvalidAction", 501),
        "rest-xml": ("NotImplemented", 501),
    },
}


def in_protocol(error: AwsError, protocol: str) -> tuple[str, int]:
    """Code and HTTP status of an error in one protocol."""
    if isinstance(error, Trouble):
        return _BY_PROTOCOL[error.kind].get(protocol, _BY_PROTOCOL[error.kind]["rest-json"])
    return error.code, error.status or 400
