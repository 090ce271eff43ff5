"""``bedrock-logging``: put the logging of model invocations back as it was.

An intruder who turns it off hides what models are asked. Where it went is nowhere to be read afterwards but in the
trail: the last ``PutModelInvocationLoggingConfiguration`` of up to 90 days, as somebody wrote it. A log group
alone will not do, for the role that writes to it cannot be guessed. Facts: Amazon Bedrock API reference
(``LoggingConfig``: two destinations, five switches for kinds of data); one configuration an account and region.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Does, Door, Info, Target
from socconsole.response.change import LATELY, Change, Cut, State
from socconsole.response.iam_principal import jsonable, moment
from socconsole.text import token

FLAGS: Final = (
    "textDataDeliveryEnabled",
    "imageDataDeliveryEnabled",
    "embeddingDataDeliveryEnabled",
    "videoDataDeliveryEnabled",
    "audioDataDeliveryEnabled",
)
_DESTINATIONS: Final = ("cloudWatchConfig", "s3Config")
_STATE: Final = "loggingConfig"
_PUT: Final = "PutModelInvocationLoggingConfiguration"
_ACCOUNT: Final = re.compile(r"\d{12}")
_TYPES: Final = ("BedrockLoggingDisabled",)

Configuration = Mapping[str, Any]
"""Destinations as they are written, and all five flags."""


@dataclass(frozen=True, slots=True)
class Written:
    """A configuration that somebody wrote, as the trail has it."""

    config: Configuration
    who: str
    """Untrusted."""
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Logging:
    """What is logged of an account's model invocations in one region, and what was."""

    place: Place
    now: Configuration | None
    written: tuple[Written, ...]
    """Newest first."""
    evidence: Mapping[str, Any]
    at: datetime
    unread: tuple[str, ...]
    tags: Mapping[str, str]


class BedrockLogging(Change[Logging]):
    """See the module's text."""

    info = Info(
        id="bedrock-logging",
        title="Log model invocations again",
        target_type="account",
        calls=("bedrock:PutModelInvocationLoggingConfiguration", "bedrock:DeleteModelInvocationLoggingConfiguration"),
        stops="that what models are asked and answer goes unseen, from now on",
        does_not_stop="the invocations themselves; what was asked while it was off is lost",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.YES,
        captures="the logging configuration, and those that the trail tells of",
        verifies="the configuration has the destination and the kinds of data of before",
        undo_leaves="nothing",
        pitfalls=(
            "the destination of before is nowhere but in the trail: without it this is not offered",
            "the last configuration may be the intruder's, with a destination of his: who wrote it, when, and where "
            "it leads is said before",
            "a configuration that is on may have some of its five kinds of data off: compared, and given back",
            "calls through the OpenAI-compatible endpoint may not be logged at all: said",
        ),
    )
    writes = (_PUT, "DeleteModelInvocationLoggingConfiguration")

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        if not (finding.account and finding.region and any(kind in each for kind in _TYPES for each in finding.types)):
            return ()
        return (Target(finding.account, Place(finding.account, finding.region)),)

    def name(self, target: str) -> str:
        if not _ACCOUNT.fullmatch(target):
            raise BadTarget(f"{token(target)!r} is not an account id")
        return target

    def arns(self, target: Target) -> tuple[str, ...]:
        return (f"arn:{partition_of(target.place.region)}:iam::{target.place.account}:root",)

    async def look(self, door: Door, target: Target) -> Logging:
        answer, (written, unread) = await asyncio.gather(
            door.call(target.place, "bedrock:GetModelInvocationLoggingConfiguration", {}),
            _written(door, target.place),
        )
        now = _configuration(answer.get(_STATE))
        return Logging(
            place=target.place,
            now=now,
            written=written,
            evidence={_STATE: jsonable(now), "written": [jsonable(one.config) for one in written]},
            at=datetime.now(UTC),
            unread=unread,
            tags={},
        )

    def state(self, seen: Logging) -> State:
        return {_STATE: seen.now}

    def cut(self, seen: Logging, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        fuller = next((one for one in seen.written if _says_more(one.config, seen.now)), None)
        if fuller is None:
            if seen.now is not None:
                return Cut(None, f"would change nothing here: it is logged ({_words(seen.now)})")
            known = "the trail could not be read" if seen.unread else "the trail tells of no configuration in 90 days"
            return Cut(None, f"it is off, and where it was logged to is not known: {known}")
        warnings = [
            f"written by {token(fuller.who)} at {moment(fuller.at)}: make sure that {_where(fuller.config)} is yours",
            "calls through the OpenAI-compatible endpoint may not be logged",
        ]
        if fuller.at is not None and seen.at - fuller.at < LATELY:
            warnings.insert(0, "the configuration to give back was itself written within the last day")
        return Cut(
            wanted={_STATE: fuller.config},
            why=f"what models are asked is {'logged in part' if seen.now else 'not logged'}; the trail has how it was",
            blast_radius=f"all model invocations of the account in {seen.place.region} are logged to "
            f"{_where(fuller.config)}; nothing else changes",
            fit=90,
            warnings=tuple(warnings),
        )

    def steps(self, seen: Logging, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        if wanted[_STATE] is None:
            return (Call("bedrock", "DeleteModelInvocationLoggingConfiguration", {}),)
        return (Call("bedrock", _PUT, {_STATE: wanted[_STATE]}),)

    def exposes(self, seen: Logging, target: Target, restored: State) -> tuple[str, ...]:
        if seen.now is None or not _says_more(seen.now, restored[_STATE]):
            return ()
        return ("what models are asked goes unseen again",)

    def words(self, state: State) -> str:
        return _words(state[_STATE]) if state[_STATE] else "not logged"


def _configuration(found: Any) -> Configuration | None:
    """With all flags said; None for one that leads nowhere, which is how "off" looks."""
    if not isinstance(found, Mapping) or not any(found.get(one) for one in _DESTINATIONS):
        return None
    destinations = {one: jsonable(found[one]) for one in _DESTINATIONS if found.get(one)}
    return {**destinations, **{flag: bool(found.get(flag, False)) for flag in FLAGS}}


def _says_more(one: Configuration, other: Configuration | None) -> bool:
    """Does ``one`` log some kind of data that ``other`` does not, and all that it does?"""
    mine = {flag for flag in FLAGS if one[flag]}
    theirs = {flag for flag in FLAGS if other[flag]} if other else set[str]()
    return mine > theirs


def _where(config: Configuration) -> str:
    group = (config.get("cloudWatchConfig") or {}).get("logGroupName")
    bucket = (config.get("s3Config") or {}).get("bucketName")
    named = [f"log group {token(group)}" if group else "", f"bucket {token(bucket)}" if bucket else ""]
    return " and ".join(one for one in named if one)


def _words(config: Configuration) -> str:
    kinds = [flag.removesuffix("DataDeliveryEnabled") for flag in FLAGS if config[flag]]
    return f"{', '.join(kinds) or 'nothing'} to {_where(config)}"


async def _written(door: Door, place: Place) -> tuple[tuple[Written, ...], tuple[str, ...]]:
    """Configurations from the trail's newest page, and what could not be read."""
    asked = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": _PUT}], "MaxResults": 50}
    try:
        answer = await door.call(place, "cloudtrail:LookupEvents", asked)
    except AwsTrouble as trouble:
        if trouble.kind != "denied":
            raise
        return (), ("trail",)
    found = []
    for event in answer["Events"]:
        config = _told(event.get("CloudTrailEvent"))
        if config is not None:
            at = event.get("EventTime")
            found.append(Written(config, str(event.get("Username", "?")), at if isinstance(at, datetime) else None))
    return tuple(found), ()


def _told(record: Any) -> Configuration | None:
    """What a successful event wrote; its JSON is whatever the trail holds."""
    try:
        told = json.loads(str(record))
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, Mapping) or told.get("errorCode"):
        return None
    request = told.get("requestParameters")
    return _configuration(request.get(_STATE)) if isinstance(request, Mapping) else None


ACTION: Final = BedrockLogging()
