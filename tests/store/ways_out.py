"""Ways out and alarms, made by hand, for every test that needs some in a store."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from socconsole.model.egress import Alarm, AlarmState, EgressPath, PathKind, path_id
from socconsole.model.world import Place
from socconsole.text import Untrusted
from tests.store.builders import ACCOUNT, NOW, REGION

PLACE = Place(ACCOUNT, REGION)
NAT = "nat-0a1b2c3d4e5f60718"


def way_out(resource: str = NAT, kind: PathKind = PathKind.NAT, **over: Any) -> EgressPath:
    values: dict[str, Any] = {
        "dimensions": (("NatGatewayId", resource),) if kind is PathKind.NAT else (),
        **over,
    }
    return EgressPath(path_id(kind, PLACE, resource), kind, PLACE, resource, Untrusted(resource), **values)


def alarm(name: str = "nat-egress", state: AlarmState = AlarmState.OK, since: datetime = NOW, **over: Any) -> Alarm:
    values: dict[str, Any] = {
        "namespace": "AWS/NATGateway",
        "metric": "BytesOutToDestination",
        "dimensions": (("NatGatewayId", NAT),),
        "statistic": "Sum",
        "period_s": 300,
        "evaluation_periods": 1,
        "datapoints": 1,
        "comparison": "GreaterThanThreshold",
        "threshold": 1e9,
        "missing_data": "missing",
        "actions_enabled": True,
        "actions": (Untrusted("arn:aws:sns:eu-central-1:111122223333:soc"),),
        "reason": Untrusted("Threshold Crossed"),
        **over,
    }
    return Alarm(
        arn=Untrusted(f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"),
        name=Untrusted(name),
        place=PLACE,
        composite=values.pop("composite", False),
        state=state,
        since=since,
        **values,
    )
