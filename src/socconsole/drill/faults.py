"""Trouble on demand: rules that make the embedded AWS fail the ways the real one and its network do."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

KINDS: Final = frozenset(
    {
        "error",  # code, status, message
        "expired",  # the credentials have expired, in the protocol's words
        "denied",  # access denied, in the protocol's words
        "slow",  # answer normally after `latency`
        "reset",  # cut the connection with RST before any byte of an answer
        "truncated",  # announce the whole body, send half, cut
        "html",  # 200 with a captive portal's page
        "empty",  # 200 with the right content type and no body
        "hollow",  # 200 with `{}` or an empty XML document and no request id
    }
)


_SAID: Final = {
    "InternalFailure": "The request processing has failed because of an unknown error, exception or failure.",
    "ThrottlingException": "Rate exceeded",
    "Throttling": "Rate exceeded",
    "SlowDown": "Please reduce your request rate.",
    "ServiceUnavailable": "The request has failed due to a temporary failure of the server.",
}
"""code -> AWS's own words ("Common error types" of the API references; S3's list of error codes)."""


@dataclass(slots=True)
class Fault:
    """One rule. ``service``, ``op``, ``account``, ``region`` are globs; ``times`` None: until removed."""

    kind: str = "error"
    service: str = "*"
    op: str = "*"
    account: str = "*"
    region: str = "*"
    times: int | None = 1
    code: str = "InternalFailure"
    status: int = 0
    message: str = ""
    """Empty: what AWS says with this code, or of this denial."""
    because: str = "because no identity-based policy allows it"
    """How the message of a denial ends."""
    latency: float = 0.0
    """Host seconds to wait before whatever follows."""
    hits: int = 0

    @property
    def said(self) -> str:
        """The words of an ``error``: nobody who works a drill is told where its scenery ends."""
        return self.message or _SAID.get(self.code, "The request could not be completed.")

    def matches(self, service: str, op: str, account: str, region: str) -> bool:
        return (
            (self.times is None or self.hits < self.times)
            and fnmatchcase(service, self.service)
            and fnmatchcase(op, self.op)
            and fnmatchcase(account, self.account)
            and fnmatchcase(region, self.region)
        )


@dataclass(slots=True)
class Faults:
    rules: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **rule: Any) -> Fault:
        """Add a rule (fields of :class:`Fault`); the first that matches a request is used.

        A bare ``latency`` means ``kind="slow"``. Raises ``ValueError`` or ``TypeError`` for a rule that
        could never work.
        """
        if "kind" not in rule and "latency" in rule and "code" not in rule:
            rule["kind"] = "slow"
        fault = Fault(**rule)
        if fault.kind not in KINDS:
            raise ValueError(f"fault kind {fault.kind!r} is not one of {sorted(KINDS)}")
        with self._lock:
            self.rules.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        with self._lock:
            self.rules = [rule for rule in self.rules if rule is not fault]

    def clear(self) -> None:
        with self._lock:
            self.rules.clear()

    def take(self, service: str, op: str, account: str, region: str) -> Fault | None:
        with self._lock:
            for rule in self.rules:
                if rule.matches(service, op, account, region):
                    rule.hits += 1
                    return rule
        return None
