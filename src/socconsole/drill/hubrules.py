"""Security Hub's automation rules and custom insights. What a rule does to a finding is done in ``hubimport``.

Source: Security Hub API reference (``CreateAutomationRule``, ``BatchGetAutomationRules``, ``CreateInsight``). Criteria
are evaluated as filters are: comparisons that only rules know (``CONTAINS``) are refused here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from socconsole.drill.errors import AwsError
from socconsole.drill.hubfilters import compile_filters, refuse
from socconsole.drill.routes import Call, Routes
from socconsole.drill.securityhub import hub_of

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_UNTOLD: Final = ("Criteria", "Actions")
"""What the listing leaves out of a rule."""


@routes.op("securityhub", "CreateAutomationRule")
def create_rule(cloud: Cloud, call: Call) -> dict[str, Any]:
    hub, asked = hub_of(cloud, call), call.params
    compile_filters(asked["Criteria"], cloud.clock.now())  # refuses what it does not know
    if not asked["Actions"] or any(not one.get("FindingFieldsUpdate") for one in asked["Actions"]):
        raise refuse("Invalid parameter Actions: an update of a finding's fields is required")
    now = cloud.clock.now()
    arn = f"arn:aws:securityhub:{hub.region}:{hub.account}:automation-rule/{cloud.ids.uuid('rule', call.n)}"
    hub.rules[arn] = {
        "RuleArn": arn,
        "RuleStatus": asked.get("RuleStatus", "ENABLED"),
        "IsTerminal": bool(asked.get("IsTerminal")),
        **{name: asked[name] for name in ("RuleOrder", "RuleName", "Description", "Criteria", "Actions")},
        "CreatedAt": now,
        "UpdatedAt": now,
        "CreatedBy": call.principal.caller_arn,
    }
    return {"RuleArn": arn}


@routes.op("securityhub", "ListAutomationRules")
def list_rules(cloud: Cloud, call: Call) -> dict[str, Any]:
    rules = sorted(hub_of(cloud, call).rules.values(), key=lambda one: one["RuleOrder"])
    return {
        "AutomationRulesMetadata": [
            {name: value for name, value in one.items() if name not in _UNTOLD} for one in rules
        ]
    }


@routes.op("securityhub", "BatchGetAutomationRules")
def get_rules(cloud: Cloud, call: Call) -> dict[str, Any]:
    known = hub_of(cloud, call).rules
    asked = [str(one) for one in call.params["AutomationRulesArns"]]
    unknown = [{"RuleArn": one, "ErrorCode": 404, "ErrorMessage": "Not found"} for one in asked if one not in known]
    return {"Rules": [known[one] for one in asked if one in known], "UnprocessedAutomationRules": unknown}


@routes.op("securityhub", "CreateInsight")
def create_insight(cloud: Cloud, call: Call) -> dict[str, Any]:
    hub, asked = hub_of(cloud, call), call.params
    compile_filters(asked["Filters"], cloud.clock.now())
    stem = f"arn:aws:securityhub:{hub.region}:{hub.account}:insight/{hub.account}/custom"
    arn = f"{stem}/{cloud.ids.uuid('insight', call.n)}"
    hub.insights[arn] = {"InsightArn": arn, **{name: asked[name] for name in ("Name", "Filters", "GroupByAttribute")}}
    return {"InsightArn": arn}


@routes.op("securityhub", "GetInsights")
def get_insights(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Those of the customer's own; AWS lists its managed insights beside them."""
    known = hub_of(cloud, call).insights
    asked = call.params.get("InsightArns") or list(known)
    if any(one not in known for one in asked):
        raise AwsError("ResourceNotFoundException", "The insight does not exist", 404)
    return {"Insights": [known[one] for one in asked]}
