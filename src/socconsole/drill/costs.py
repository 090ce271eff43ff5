"""Cost Explorer: what the estate's services cost a month, the same every month (in moto nothing costs anything).

Answers grouped by service for the months that are asked for; accounts differ by a fixed share. Source: Cost Explorer
API reference, ``GetCostAndUsage``: amounts are decimal strings, ``End`` is exclusive, the running month is estimated.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_MONTHLY: Final[Mapping[str, float]] = {
    "Amazon GuardDuty": 412.50,
    "AWS Security Hub": 96.20,
    "AWS CloudTrail": 188.04,
    "AWS Config": 143.77,
    "AmazonCloudWatch": 321.10,
    "Amazon Macie": 0.0,
    "AWS WAF": 240.00,
    "AWS Network Firewall": 612.35,
    "AWS Key Management Service": 58.12,
    "AWS Lambda": 19.40,
    "Amazon SageMaker": 5120.00,
    "Amazon Bedrock": 2210.66,
    "Amazon Elastic Compute Cloud - Compute": 7433.00,
    "Amazon Simple Storage Service": 901.30,
}


@routes.op("ce", "GetCostAndUsage")
def costs(cloud: Cloud, call: Call) -> dict[str, Any]:
    period = call.params["TimePeriod"]
    start, end = date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])
    if call.params["Granularity"] != "MONTHLY" or start.day != 1 or end <= start:
        raise AwsError("ValidationException", "the drill tells whole months, MONTHLY", 400)
    share = 1.0 if call.account == next(iter(cloud.accounts), "") else 0.35
    metrics = call.params["Metrics"]
    months = []
    while start < end:
        following = (start + timedelta(days=32)).replace(day=1)
        groups = [
            {"Keys": [name], "Metrics": {one: {"Amount": f"{usd * share:.10f}", "Unit": "USD"} for one in metrics}}
            for name, usd in _MONTHLY.items()
        ]
        until = {"Start": start.isoformat(), "End": min(following, end).isoformat()}
        months.append({"TimePeriod": until, "Total": {}, "Groups": groups, "Estimated": following > end})
        start = following
    return {"GroupDefinitions": call.params.get("GroupBy", []), "ResultsByTime": months, "DimensionValueAttributes": []}
