"""What reading a record comes to."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.egress import AlarmChange
from socconsole.model.finding import Observation
from socconsole.model.trail import TrailEvent


class Unreadable(Exception):
    """The record cannot be understood; ``str()`` of it is the reason, plain ASCII written by us."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that no reader understands, kept to be read again by a better one.

    ``raw`` is the record as it came, or compact ASCII JSON where only the parsed form was at hand; without what is
    plainly a session token or a key's secret. ``reason``
    is ours, apart from tokens. ``line`` is the line of a JSON Lines file, else the ordinal of the element in
    its array; both count from 1.
    """

    raw: bytes
    reason: str
    line: int


@dataclass(frozen=True, slots=True)
class Deferred:
    """A record that is understood but is not for this console: ``what`` is ``alarm``, for other CloudWatch events."""

    raw: bytes
    what: str
    line: int


Record = Observation | TrailEvent | AlarmChange | Quarantined | Deferred
