"""``guardduty-frequency``: let GuardDuty tell of repeated activity every 15 minutes.

Facts: GuardDuty User Guide, "Processing GuardDuty findings with Amazon EventBridge": a new finding is told within
about five minutes whatever the setting; what happens again under a finding that is known already is gathered, for
six hours unless set otherwise. An administrator account sets the frequency for its members. GuardDuty API
reference, ``UpdateDetector`` (what is not named stays as it is).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Does, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.parts import Part, read
from socconsole.text import token

_STATE: Final = "FindingPublishingFrequency"
_FASTEST: Final = "FIFTEEN_MINUTES"
_ID: Final = re.compile(r"[0-9a-f]{32}")
_ARN: Final = re.compile(r"arn:[a-z-]+:guardduty:[a-z0-9-]+:\d{12}:detector/([^/]+)(?:/.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector as AWS described it."""

    id: str
    place: Place
    frequency: str
    on: bool
    administrator: str
    """Account that administers this one's GuardDuty; empty where there is none."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]


class GuardDutyFrequency(Change[Detector]):
    """See the module's text."""

    info = Info(
        id="guardduty-frequency",
        title="Have GuardDuty tell of repeated activity every 15 minutes",
        target_type="detector",
        calls=("guardduty:UpdateDetector",),
        stops="nothing: it gives sight sooner; until then a leak that goes on under a known finding is told of again "
        "after an hour, or after six",
        does_not_stop="anything; new findings came within about five minutes before, and do so still",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.YES,
        captures="the detector: frequency, status, sources, features, tags; its administrator account",
        verifies="the detector's publishing frequency is FIFTEEN_MINUTES",
        undo_leaves="nothing",
        pitfalls=(
            "an administrator account decides for its members: said, with its number, and refused",
            "a detector that is off tells nothing at any frequency: refused",
        ),
    )
    writes = ("UpdateDetector", "CreateDetector")
    types = ("AwsGuardDutyDetector", "AWS::GuardDuty::Detector")

    def name(self, target: str) -> str:
        arn = _ARN.fullmatch(target)
        name = arn[1] if arn else target
        if not _ID.fullmatch(name):
            raise BadTarget(f"{token(target)!r} is not the id of a detector")
        return name

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        return (f"arn:{partition_of(place.region)}:guardduty:{place.region}:{place.account}:detector/{target.id}",)

    async def look(self, door: Door, target: Target) -> Detector:
        named = {"DetectorId": target.id}
        parts = await read(
            door,
            target.place,
            {
                "detector": Part("guardduty:GetDetector", named),
                "administrator": Part("guardduty:GetAdministratorAccount", named, optional=True),
            },
        )
        detector = parts.known("detector")
        above = parts.known("administrator").get("Administrator") or {}
        return Detector(
            id=target.id,
            place=target.place,
            frequency=str(detector.get(_STATE, "SIX_HOURS")),
            on=detector["Status"] == "ENABLED",
            administrator=str(above.get("AccountId", "")) if above.get("RelationshipStatus") == "Enabled" else "",
            tags=detector.get("Tags", {}),
            unread=parts.unread,
            evidence=parts.evidence,
        )

    def state(self, seen: Detector) -> State:
        return {_STATE: seen.frequency}

    def cut(self, seen: Detector, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not seen.on:
            return Cut(None, "would change nothing here: the detector is off, it tells nothing at any frequency")
        if seen.administrator:
            above = token(seen.administrator)
            why = f"account {above} administers GuardDuty here and sets the frequency: do it on its detector"
            return Cut(None, why, refusals=(why,))
        return Cut(
            wanted={_STATE: _FASTEST},
            why=f"what goes on under a known finding is told of every {_words(seen.frequency)} now",
            blast_radius="1 detector, and those of the member accounts it administers; nothing stops working; more "
            "events a day to EventBridge and to whatever listens there: how many is not known",
            fit=20,
        )

    def steps(self, seen: Detector, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        return (Call("guardduty", "UpdateDetector", {"DetectorId": seen.id, _STATE: wanted[_STATE]}),)

    def words(self, state: State) -> str:
        return f"every {_words(state[_STATE])}"


def _words(frequency: str) -> str:
    known = {"FIFTEEN_MINUTES": "15 minutes", "ONE_HOUR": "hour", "SIX_HOURS": "6 hours"}
    return known.get(frequency, token(frequency))


ACTION: Final = GuardDutyFrequency()
