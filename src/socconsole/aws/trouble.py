"""What goes wrong between here and AWS, in one exception: what kind, where, and what mends it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from socconsole.model.world import Place
from socconsole.text import Untrusted, clean


class Kind(StrEnum):
    """The kinds that callers decide on. Everything finer is in ``code`` and ``detail``."""

    DENIED = "denied"
    """AWS knows who we are and says no."""
    EXPIRED = "expired"
    """Credentials or the sign-in behind them ran out."""
    NO_CREDENTIALS = "no_credentials"
    """None found, or AWS does not know them."""
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    """No connection: name, network, proxy, TLS, or a region that does not exist."""
    TIMEOUT = "timeout"
    """Connected, and no whole answer in time. A write may have happened."""
    BAD_RESPONSE = "bad_response"
    """Something answered, and it was not AWS or not whole. Never an empty list."""
    OFF = "off"
    """AWS says that the service is not enabled in this account and region."""
    REFUSED = "refused"
    """By our own guard: nothing was sent."""
    NOT_FOUND = "not_found"
    ERROR = "error"


class AwsTrouble(Exception):
    """A call that did not bring a whole answer.

    ``operation`` is ``service:Operation``. ``detail`` may hold what AWS or anything between said: it is
    untrusted, and cleared of secrets. ``code`` is the AWS error code as a token, empty where there was none.
    ``remedy`` is the command or setting that mends it, empty when none is known. ``declined``: AWS itself
    answered that it will not do it (a status of 400 to 499 with an error code), so that it did not.
    """

    def __init__(
        self,
        kind: Kind,
        operation: str,
        place: Place | None,
        detail: Untrusted | str,
        *,
        code: str = "",
        request_id: str | None = None,
        remedy: str = "",
        declined: bool = False,
    ) -> None:
        self.kind = kind
        self.declined = declined
        self.operation = operation
        self.place = place
        self.detail = detail if isinstance(detail, Untrusted) else Untrusted(detail)
        self.code = code
        self.request_id = request_id
        self.remedy = remedy
        super().__init__(str(kind), operation)

    def __str__(self) -> str:
        where = " in " + " ".join(filter(None, (self.place.account, self.place.region))) if self.place else ""
        return f"{self.operation}{where}: {self.kind}: {clean(self.detail)}"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("trouble is told, not pickled: hand its fields over")


class Absent(dict[str, Any]):
    """The answer "there is none": AWS said so with ``code`` (``NoSuchBucketPolicy`` …).

    An empty mapping, so that ``answer.get("Policy")`` is None; ``isinstance(answer, Absent)`` tells it from
    an answer that lacks something, which the response gate never lets through.
    """

    def __init__(self, code: str, request_id: str) -> None:
        super().__init__()
        self.code = code
        self.request_id = request_id
