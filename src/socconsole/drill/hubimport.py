"""Import into Security Hub: what is refused, added and reset, and the event that each import causes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

from socconsole.drill import events
from socconsole.drill.clock import stamp
from socconsole.drill.errors import AwsError
from socconsole.drill.hubfilters import compile_filters, moment
from socconsole.drill.hubstore import Hub, Record

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

MAX_BYTES: Final = 240 * 1024
REQUIRED: Final = (
    "SchemaVersion",
    "Id",
    "ProductArn",
    "GeneratorId",
    "AwsAccountId",
    "CreatedAt",
    "UpdatedAt",
    "Title",
    "Description",
    "Resources",
)
# What only BatchUpdateFindings, or Security Hub itself, may change afterwards.
_CUSTOMERS: Final = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
_NORMALIZED: Final = ((90, "CRITICAL"), (70, "HIGH"), (40, "MEDIUM"), (1, "LOW"), (0, "INFORMATIONAL"))
_NORMAL_OF: Final = {"CRITICAL": 90, "HIGH": 70, "MEDIUM": 40, "LOW": 1, "INFORMATIONAL": 0}


def problem(finding: Any, hub: Hub) -> dict[str, str] | None:
    """A ``FailedFindings`` row for a finding that AWS would not take; None when it is sound.

    Codes and wording are from general knowledge; the rules are the API reference's.
    """
    if not isinstance(finding, dict):
        return _failed("", "InvalidInput", "data should be object")
    ident = str(finding.get("Id", ""))
    missing = [name for name in REQUIRED if not finding.get(name)]
    if missing:
        return _failed(ident, "InvalidInput", f"data should have required property '{missing[0]}'")
    if not finding.get("Types") and not (finding.get("FindingProviderFields") or {}).get("Types"):
        return _failed(ident, "InvalidInput", "data should have required property 'Types'")
    if not finding.get("Severity") and not (finding.get("FindingProviderFields") or {}).get("Severity"):
        return _failed(ident, "InvalidInput", "data should have required property 'Severity'")
    if len(orjson.dumps(finding)) > MAX_BYTES:
        return _failed(ident, "InvalidInput", "the finding is larger than 240 KB")
    if finding["AwsAccountId"] != hub.account:
        return _failed(ident, "InvalidAccess", f"AwsAccountId is not the calling account {hub.account}")
    if len(finding["Title"]) > 256 or len(finding["Description"]) > 1024:
        return _failed(ident, "InvalidInput", "data.Title or data.Description is too long")
    if not isinstance(finding["Resources"], list) or not 1 <= len(finding["Resources"]) <= 32:
        return _failed(ident, "InvalidInput", "data.Resources should have 1 to 32 items")
    if any(not one.get("Type") or not one.get("Id") for one in finding["Resources"]):
        return _failed(ident, "InvalidInput", "data.Resources should have required properties 'Type' and 'Id'")
    for name in ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"):
        if name in finding:
            try:
                moment(name, finding[name])
            except AwsError as error:
                return _failed(ident, "InvalidInput", error.message)
    return None


def _failed(ident: str, code: str, message: str) -> dict[str, str]:
    return {"Id": ident or "unknown", "ErrorCode": code, "ErrorMessage": message}


def store(cloud: Cloud, hub: Hub, given: Mapping[str, Any], *, quiet: bool = False) -> Record:
    """Create or update a finding as an import does; ``quiet`` leaves out the event (the estate's past)."""
    finding = copy.deepcopy(dict(given))
    key = (str(finding["ProductArn"]), str(finding["Id"]))
    known = hub.records.get(key)
    before = copy.deepcopy(known.finding) if known else None
    _enrich(cloud, hub, finding)
    if known is None:
        record = hub.records[key] = Record(finding)
    else:
        if parse(finding) < parse(known.finding):
            return known  # an older state than the stored one is not taken
        for name in _CUSTOMERS:
            finding.pop(name, None)
            if name in known.finding:
                finding[name] = known.finding[name]
        finding["WorkflowState"] = known.finding["WorkflowState"]
        if _reopens(known.finding, finding):
            finding["Workflow"] = {"Status": "NEW"}
        known.finding = finding
        known.changed()
        record = known
    _automate(cloud, hub, finding)
    note_history(cloud, record, before, "BATCH_IMPORT_FINDINGS", finding["ProductArn"])
    if not quiet:
        announce(cloud, finding)
    return record


def _automate(cloud: Cloud, hub: Hub, finding: dict[str, Any]) -> None:
    """What the automation rules make of a finding as it comes in (Security Hub User Guide, "Automation rules"): those
    that are on and that it fits, by their order, up to one that says that it is the last."""
    rules = sorted(
        (one for one in hub.rules.values() if one["RuleStatus"] == "ENABLED"), key=lambda one: one["RuleOrder"]
    )
    for rule in rules:
        if not all(test(finding) for test in compile_filters(rule["Criteria"], cloud.clock.now())):
            continue
        for action in rule["Actions"]:
            for name, value in action["FindingFieldsUpdate"].items():
                known = finding.get(name)
                finding[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
        if rule["IsTerminal"]:
            return


def parse(finding: Mapping[str, Any]) -> Any:
    return moment("UpdatedAt", finding["UpdatedAt"])


def _reopens(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """NOTIFIED and RESOLVED go back to NEW when a finding comes back or a control no longer passes."""
    if old.get("Workflow", {}).get("Status") not in ("NOTIFIED", "RESOLVED"):
        return False
    came_back = old.get("RecordState") == "ARCHIVED" and new.get("RecordState") == "ACTIVE"
    passed = (old.get("Compliance") or {}).get("Status") == "PASSED"
    now_fails = (new.get("Compliance") or {}).get("Status") in ("FAILED", "WARNING", "NOT_AVAILABLE")
    return came_back or (passed and now_fails)


def _enrich(cloud: Cloud, hub: Hub, finding: dict[str, Any]) -> None:
    fields = finding.get("ProductFields") or {}
    provider = finding.setdefault("FindingProviderFields", {})
    provider.setdefault("Severity", finding.get("Severity", {}))
    provider.setdefault("Types", finding.get("Types", []))
    severity = dict(finding.get("Severity") or provider["Severity"])
    if "Label" not in severity and "Normalized" in severity:
        severity["Label"] = next(name for low, name in _NORMALIZED if severity["Normalized"] >= low)
    severity.setdefault("Label", "INFORMATIONAL")
    severity.setdefault("Normalized", _NORMAL_OF.get(severity["Label"], 0))
    finding["Severity"] = severity
    finding.setdefault("Types", provider["Types"])
    finding.setdefault("RecordState", "ACTIVE")
    finding.setdefault("WorkflowState", "NEW")
    finding.setdefault("Workflow", {"Status": "NEW"})
    default_product = finding["ProductArn"].endswith("/default")
    finding.setdefault("ProductName", fields.get("ProviderName", "Default" if default_product else "Custom"))
    finding.setdefault("CompanyName", "Personal" if default_product else "AWS")
    finding.setdefault("Region", hub.region)
    finding["ProcessedAt"] = stamp(cloud.clock.now())
    finding["ProductFields"] = {
        **fields,
        "aws/securityhub/FindingId": f"{finding['ProductArn']}/{finding['Id']}",
        "aws/securityhub/ProductName": finding["ProductName"],
        "aws/securityhub/CompanyName": finding["CompanyName"],
    }
    for resource in finding["Resources"]:
        resource.setdefault("Partition", "aws")
        resource.setdefault("Region", hub.region)


_WATCHED: Final = (
    "Workflow",
    "Note",
    "VerificationState",
    "RecordState",
    "Severity",
    "UserDefinedFields",
    "UpdatedAt",
)


def note_history(cloud: Cloud, record: Record, before: Mapping[str, Any] | None, kind: str, identity: str) -> None:
    finding = record.finding
    updates = []
    for name in _WATCHED:
        old, new = (before or {}).get(name), finding.get(name)
        if before is not None and old != new:
            updates.append({"UpdatedField": name, "OldValue": _text(old), "NewValue": _text(new)})
    if before is not None and not updates:
        return
    record.history.append(
        {
            "FindingIdentifier": {"Id": finding["Id"], "ProductArn": finding["ProductArn"]},
            "UpdateTime": cloud.clock.now(),
            "FindingCreated": before is None,
            "UpdateSource": {"Type": kind, "Identity": identity},
            "Updates": updates,
        }
    )


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()


def announce(cloud: Cloud, finding: Mapping[str, Any]) -> None:
    """One "Security Hub Findings - Imported" event, for imports and for updates alike."""
    events.put(
        cloud,
        finding["AwsAccountId"],
        finding["Region"],
        "aws.securityhub",
        "Security Hub Findings - Imported",
        {"findings": [dict(finding)]},
        [f"{finding['ProductArn']}/{finding['Id']}"],
    )
