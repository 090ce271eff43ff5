"""What watches a place, and what hides it: see ``model.estate.detection``.

Facts: GuardDuty API reference (``GetDetector`` lists the features of the Region; a filter whose action is ARCHIVE
archives what fits it, and a suppressed finding goes neither to Security Hub nor to EventBridge; of what is on an active
trusted list no finding is made); Security Hub API reference (an automation rule changes a finding as it comes in;
``GetFindingAggregator`` is asked in the aggregator's own Region); AWS Config API reference (recorders with a service
principal are a service's own); Access Analyzer API reference; Macie (where it is off every call is refused).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.hiding import hiding
from socconsole.config import Config
from socconsole.model.estate.detection import (
    AccessFinding,
    Aggregator,
    Analyzer,
    ChannelStatus,
    Detection,
    Detector,
    Hub,
    Macie,
    Recorder,
    RecorderStatus,
)
from socconsole.model.known import Known, Read, Unread, whole
from socconsole.text import Untrusted, clean, token

_LONG: Final = 2048
_EXTERNAL: Final = ("ACCOUNT", "ORGANIZATION")
_STREAMS: Final = {
    "history": "configHistoryDeliveryInfo",
    "snapshot": "configSnapshotDeliveryInfo",
    "stream": "configStreamDeliveryInfo",
}


async def read(asking: Asking, config: Config) -> Detection:
    """Each service by itself. Raises ``AwsTrouble`` as :class:`Asking` does."""
    ids = await asking.all("guardduty:ListDetectors", {}, lambda page: [str(one) for one in page["DetectorIds"]])
    detectors, above, hub, analyzers, macie, hidden = await asyncio.gather(
        _detectors(asking, ids),
        _administrator(asking, ids),
        _hub(asking),
        _analyzers(asking),
        _macie(asking),
        hiding(asking, ids),
    )
    return Detection(
        detectors=detectors,
        administrator=above,
        hub=hub,
        recorders=await asking.one("config:DescribeConfigurationRecorders", {}, _recorders),
        recorder_states=await asking.one("config:DescribeConfigurationRecorderStatus", {}, _states),
        channels=await asking.one("config:DescribeDeliveryChannelStatus", {}, _channels),
        analyzers=analyzers,
        macie=macie,
        hiding=hidden,
    )


# --- GuardDuty ----------------------------------------------------------------------------------------


async def _detectors(asking: Asking, ids: Read[tuple[str, ...]]) -> Read[tuple[Detector, ...]]:
    if isinstance(ids, Unread):
        return ids
    place = asking.place

    async def one(name: str) -> Read[Detector]:
        arn = token(f"arn:aws:guardduty:{place.region}:{place.account}:detector/{name}", _LONG)
        return await asking.one("guardduty:GetDetector", {"DetectorId": name}, lambda answer: _detector(arn, answer))

    return whole(await asking.each(ids.get(), one))


async def _administrator(asking: Asking, ids: Read[tuple[str, ...]]) -> Read[str]:
    if isinstance(ids, Unread):
        return ids
    if not ids.get():
        return Known("")
    return await asking.one("guardduty:GetAdministratorAccount", {"DetectorId": ids.get()[0]}, _above)


def _above(answer: dict[str, Any]) -> str:
    """Without an administrator the answer holds none. One that is no longer in force counts all the same."""
    found = answer.get("Administrator")
    return token(found["AccountId"]) if found else ""


def _detector(arn: str, answer: dict[str, Any]) -> Detector:
    features = [(token(one["Name"]), one["Status"] == "ENABLED") for one in answer["Features"]]
    return Detector(arn, answer["Status"] == "ENABLED", token(answer["FindingPublishingFrequency"]), tuple(features))


# --- Security Hub -------------------------------------------------------------------------------------


async def _hub(asking: Asking) -> Read[Hub | None]:
    off: Known[str | None] = Known(None)
    arn = await asking.one("securityhub:DescribeHub", {}, lambda answer: token(answer["HubArn"], _LONG), none=off)
    if isinstance(arn, Unread):
        return arn
    if (name := arn.get()) is None:
        return Known(None)
    products = await asking.all("securityhub:ListEnabledProductsForImport", {}, _products)
    above = await asking.one("securityhub:GetAdministratorAccount", {}, _above)
    return Known(Hub(name, products, await _aggregator(asking), above))


def _products(page: dict[str, Any]) -> list[str]:
    """``aws/guardduty`` of ``arn:…:product-subscription/aws/guardduty``."""
    return [token(str(one).partition(":product-subscription/")[2], 256) for one in page["ProductSubscriptions"]]


async def _aggregator(asking: Asking) -> Read[Aggregator | None]:
    arns = await asking.all(
        "securityhub:ListFindingAggregators",
        {},
        lambda page: [str(one["FindingAggregatorArn"]) for one in page["FindingAggregators"]],
    )
    if isinstance(arns, Unread):
        return arns
    if not arns.get():
        return Known(None)
    arn = arns.get()[0]  # an account has one at most
    home = token(arn.split(":")[3]) if arn.count(":") > 3 else ""
    return await asking.one("securityhub:GetFindingAggregator", {"FindingAggregatorArn": arn}, _aggregated, home)


def _aggregated(answer: dict[str, Any]) -> Aggregator | None:
    regions = tuple(token(one) for one in answer.get("Regions") or ())  # only the modes that name some have any
    return Aggregator(token(answer["FindingAggregationRegion"]), token(answer["RegionLinkingMode"]), regions)


# --- AWS Config ---------------------------------------------------------------------------------------


def _recorders(answer: dict[str, Any]) -> tuple[Recorder, ...]:
    return tuple(_recorder(one) for one in answer["ConfigurationRecorders"] if not one.get("servicePrincipal"))


def _recorder(said: Mapping[str, Any]) -> Recorder:
    """``allSupported`` is optional: without it, or without a group at all, it is not taken for granted."""
    group = said.get("recordingGroup") or {}
    strategy = (group.get("recordingStrategy") or {}).get("useOnly")
    left_out = (group.get("exclusionByResourceTypes") or {}).get("resourceTypes") or ()
    mode = said.get("recordingMode") or {}  # continuous where nobody said otherwise
    modes = (mode, *(mode.get("recordingModeOverrides") or ()))
    return Recorder(
        name=token(said["name"]),
        all_supported=group.get("allSupported") is True or strategy == "ALL_SUPPORTED_RESOURCE_TYPES",
        left_out=tuple(token(one) for one in left_out),
        daily=any(one.get("recordingFrequency") == "DAILY" for one in modes),
    )


def _states(answer: dict[str, Any]) -> tuple[RecorderStatus, ...]:
    return tuple(
        RecorderStatus(
            name=token(one["name"]),
            recording=one["recording"] is True,
            last=token(one.get("lastStatus") or ""),
            error=_error(one),
        )
        for one in answer["ConfigurationRecordersStatus"]
        if not one.get("servicePrincipal")
    )


def _channels(answer: dict[str, Any]) -> tuple[ChannelStatus, ...]:
    """What was never tried has no status: nothing fails, and nothing is delivered either."""
    return tuple(
        ChannelStatus(
            token(one["name"]),
            tuple(
                f"{what}: {_error(one[key]) or 'Failure'}"
                for what, key in _STREAMS.items()
                if str((one.get(key) or {}).get("lastStatus")).lower() == "failure"
            ),
        )
        for one in answer["DeliveryChannelsStatus"]
    )


def _error(said: Mapping[str, Any]) -> str:
    words = (said.get("lastErrorCode"), said.get("lastErrorMessage"))
    return clean(" ".join(str(word) for word in words if word), 160)


# --- Access Analyzer ----------------------------------------------------------------------------------


async def _analyzers(asking: Asking) -> Read[tuple[Analyzer, ...]]:
    listed = await asking.all("accessanalyzer:ListAnalyzers", {}, lambda page: list(page["analyzers"]))
    if isinstance(listed, Unread):
        return listed

    async def one(said: dict[str, Any]) -> Analyzer:
        kind = str(said["type"])
        external = await _external(asking, str(said["arn"])) if kind in _EXTERNAL else None
        return Analyzer(token(said["arn"], _LONG), token(kind), said["status"] == "ACTIVE", external)

    if any(not isinstance(said, dict) or {"arn", "type", "status"} - said.keys() for said in listed.get()):
        return Unread("accessanalyzer:ListAnalyzers", Untrusted("an analyzer without ARN, type or status"))
    return Known(await asking.each(listed.get(), one))


async def _external(asking: Asking, arn: str) -> Read[tuple[AccessFinding, ...]]:
    """Active ones on what this account owns: an organisation's analyzer tells of others as well."""
    wanted = {"status": {"eq": ["ACTIVE"]}, "resourceOwnerAccount": {"eq": [asking.place.account]}}
    return await asking.all(
        "accessanalyzer:ListFindingsV2",
        {"analyzerArn": arn, "filter": wanted},
        lambda page: [
            AccessFinding(
                id=token(one["id"]),
                kind=token(one.get("findingType") or ""),
                resource=token(one.get("resource") or "", _LONG),
                error=bool(one.get("error")),
            )
            for one in page["findings"]
            if one["status"] == "ACTIVE"
        ],
    )


# --- Macie --------------------------------------------------------------------------------------------


async def _macie(asking: Asking) -> Read[Macie]:
    off = Known("")
    status = await asking.one("macie2:GetMacieSession", {}, lambda answer: str(answer["status"]), none=off)
    if isinstance(status, Unread):
        return status
    if status.get() != "ENABLED":
        return Known(Macie(False, Known(False)))
    return Known(
        Macie(
            True,
            await asking.one(
                "macie2:GetAutomatedDiscoveryConfiguration", {}, lambda answer: answer["status"] == "ENABLED"
            ),
        )
    )
