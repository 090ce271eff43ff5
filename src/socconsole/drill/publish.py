"""Findings of a scenario on their way into the services that report them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill import asff, gdshape, guardduty, hubimport
from socconsole.drill.ids import Ids
from socconsole.drill.scenario import BadScenario, Scenario, filled

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

Spec = Mapping[str, Any]
_Maker = Callable[[Ids, Spec, str, str, datetime, datetime], dict[str, Any]]
_HUB_KINDS: Final[Mapping[str, _Maker]] = {
    "control": asff.control,
    "package": asff.package,
    "access": asff.external_access,
}


def publish(cloud: Cloud, name: str, spec: Spec, now: datetime, more: int, *, deed: bool = False) -> None:
    """Report a finding, or report it again after ``more`` further events.

    ``deed``: it is about a call that was made now, as the trail has it; else it was first seen some time before.
    A finding that only Security Hub holds is imported again only when its state changed.
    """
    account, region = spec["account"], spec["region"]
    if (maker := _HUB_KINDS.get(spec.get("kind", "guardduty"))) is not None:
        hub = cloud.hubs.hub(account, region)
        if hub is None:
            return
        finding = maker(cloud.ids, spec, account, region, now, now)
        known = hub.records.get((finding["ProductArn"], finding["Id"]))
        if known is not None:
            finding["CreatedAt"] = known.finding["CreatedAt"]
            if _state(known.finding) == _state(finding):
                return
        hubimport.store(cloud, hub, finding)
        return
    ident = cloud.ids.hex("finding", name)
    known_gd = cloud.detectors.at(account, region).get(ident)
    if known_gd is None:
        first = now if deed else now - timedelta(seconds=float(spec.get("lag", 30)))
        made = gdshape.build(cloud, name, spec, account, region, now, first)
    else:
        made = gdshape.again(cloud, known_gd, spec, now, more)
    guardduty.publish(cloud, made)


def _state(finding: Mapping[str, Any]) -> tuple[Any, Any]:
    return (finding.get("Compliance") or {}).get("Status"), finding.get("RecordState", "ACTIVE")


def publish_past(cloud: Cloud, scenario: Scenario, variables: Mapping[str, str]) -> None:
    """What was there before the drill began: no events are sent for it."""
    zero = cloud.clock.started
    for number, given in enumerate(scenario.past):
        spec = filled(given, dict(variables))
        created, updated = _ages(spec, zero)
        account, region = spec["account"], spec["region"]
        first = created - timedelta(minutes=7)
        with cloud.clock.at(created):
            made = gdshape.build(cloud, f"past {number}", spec, account, region, created, first)
            if updated > created:
                made = gdshape.again(cloud, made, spec, updated, int(spec.get("grow", 0)))
            guardduty.publish(cloud, made, quiet=True)
        if workflow := spec.get("workflow"):
            hub = cloud.hubs.hub(account, region)
            key = (f"arn:aws:securityhub:{region}::product/aws/guardduty", made["Arn"])
            if hub is None or key not in hub.records:
                raise BadScenario(f"past finding {number} has a workflow but no Security Hub")
            hub.records[key].finding["Workflow"] = {"Status": workflow}
    for kind, rows in (("control", scenario.control), ("package", scenario.package)):
        for given in rows:
            spec = filled(given, dict(variables))
            created, updated = _ages(spec, zero)
            hub = cloud.hubs.hub(spec["account"], spec["region"])
            if hub is None:
                raise BadScenario(f"{kind} finding where Security Hub is off: {spec['region']}")
            finding = _HUB_KINDS[kind](cloud.ids, spec, hub.account, hub.region, created, updated)
            with cloud.clock.at(updated):
                hubimport.store(cloud, hub, finding, quiet=True)


def _ages(spec: Spec, zero: datetime) -> tuple[datetime, datetime]:
    created = zero - timedelta(hours=float(spec["age"]))
    return created, zero - timedelta(hours=float(spec.get("updated", spec["age"])))
