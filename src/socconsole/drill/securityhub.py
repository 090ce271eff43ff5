"""Security Hub (CSPM) on our own store: what the API reference promises, and what it refuses.

moto's Security Hub ignores filters and sort and lacks every write that the console makes. Behaviour follows
the API reference of each operation; where only general knowledge stands behind a detail its docstring says
so.
"""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from socconsole.drill import hubimport
from socconsole.drill.clock import stamp
from socconsole.drill.errors import AwsError
from socconsole.drill.hubfilters import check_sort, compile_filters, refuse, sort_key
from socconsole.drill.hubstore import Hub, Key, Record
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

MAX_BATCH: Final = 100
_WORKFLOW: Final = ("NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED")
_VERIFICATION: Final = ("UNKNOWN", "TRUE_POSITIVE", "FALSE_POSITIVE", "BENIGN_POSITIVE")
_LABEL_NORMALIZED: Final = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}


def hub_of(cloud: Cloud, call: Call) -> Hub:
    """Raises ``InvalidAccessException`` (401) where Security Hub is not enabled."""
    hub = cloud.hubs.hub(call.account, call.region)
    if hub is None:
        raise AwsError("InvalidAccessException", f"Account {call.account} is not subscribed to AWS Security Hub", 401)
    return hub


# --- reading ----------------------------------------------------------------------------------------------


@routes.op("securityhub", "GetFindings")
def get_findings(cloud: Cloud, call: Call) -> bytes:
    hub = hub_of(cloud, call)
    asked = orjson.loads(call.raw or b"{}")
    limit = asked.get("MaxResults", 10)
    if not isinstance(limit, int) or not 1 <= limit <= 100:
        raise refuse("Invalid parameter MaxResults: a number from 1 to 100 is required")
    criteria = asked.get("SortCriteria") or []
    check_sort(criteria)
    tests = compile_filters(asked.get("Filters"), cloud.clock.now())
    fingerprint = hashlib.sha256(
        orjson.dumps([hub.arn, asked.get("Filters") or {}, criteria], option=orjson.OPT_SORT_KEYS)
    ).digest()
    token = asked.get("NextToken")
    if token:
        kept = cloud.hubs.pages.resume(token, fingerprint)
        if kept is None:
            raise refuse("Invalid parameter NextToken: the token is not valid for this request or has expired")
        rest = list(kept)
    else:
        rest = _listing(cloud, hub, tests, criteria)
    page, rest = rest[:limit], rest[limit:]
    bodies = [one.records[key].rendered() for one, key in page if key in one.records]
    out = b'{"Findings":[' + b",".join(bodies) + b"]"
    if rest:
        following = cloud.ids.hex("page", call.n, length=48)
        cloud.hubs.pages.keep(following, fingerprint, rest)
        out += b',"NextToken":' + orjson.dumps(following)
    return out + b"}"


def _listing(cloud: Cloud, hub: Hub, tests: list[Any], criteria: list[Any]) -> list[tuple[Hub, Key]]:
    found = [
        (one, key, record.finding)
        for one in cloud.hubs.seen_from(hub)
        for key, record in one.records.items()
        if all(test(record.finding) for test in tests)
    ]
    for criterion in reversed(criteria):
        key_of = sort_key(criterion["Field"])
        found.sort(key=lambda row: key_of(row[2]), reverse=criterion.get("SortOrder") == "desc")
    return [(one, key) for one, key, _ in found]


@routes.op("securityhub", "GetFindingHistory")
def get_finding_history(cloud: Cloud, call: Call) -> dict[str, Any]:
    hub = hub_of(cloud, call)
    identifier = call.params.get("FindingIdentifier") or {}
    record = cloud.hubs.find(hub, (identifier.get("ProductArn", ""), identifier.get("Id", "")))
    if record is None:
        raise refuse("Invalid parameter FindingIdentifier: no such finding")
    newest = list(reversed(record.history))
    offset = _offset(call.params.get("NextToken"))
    limit = int(call.params.get("MaxResults") or 100)
    answer: dict[str, Any] = {"Records": newest[offset : offset + limit]}
    if offset + limit < len(newest):
        answer["NextToken"] = str(offset + limit)
    return answer


def _offset(token: Any) -> int:
    if token is None:
        return 0
    if not str(token).isdigit():
        raise refuse("Invalid parameter NextToken")
    return int(token)


# --- writing ----------------------------------------------------------------------------------------------


@routes.op("securityhub", "BatchImportFindings")
def batch_import_findings(cloud: Cloud, call: Call) -> dict[str, Any]:
    hub = hub_of(cloud, call)
    findings = orjson.loads(call.raw or b"{}").get("Findings")
    if not isinstance(findings, list) or not 1 <= len(findings) <= MAX_BATCH:
        raise refuse(f"Invalid parameter Findings: 1 to {MAX_BATCH} findings are required")
    failed, count = [], 0
    for finding in findings:
        trouble = hubimport.problem(finding, hub)
        if trouble is not None:
            failed.append(trouble)
            continue
        hubimport.store(cloud, hub, finding)
        count += 1
    return {"SuccessCount": count, "FailedCount": len(failed), "FailedFindings": failed}


@routes.op("securityhub", "BatchUpdateFindings")
def batch_update_findings(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Moves neither ``UpdatedAt`` nor ``RecordState``. A malformed request is refused as a whole."""
    hub = hub_of(cloud, call)
    params = call.params
    identifiers = params.get("FindingIdentifiers") or []
    _check_update(params, identifiers)
    processed: list[Any] = []
    unprocessed: list[Any] = []
    seen: set[Key] = set()
    for identifier in identifiers:
        key = (str(identifier.get("ProductArn", "")), str(identifier.get("Id", "")))
        record = cloud.hubs.find(hub, key)
        if record is None:
            unprocessed.append(_unprocessed(identifier, "FindingNotFound", "Finding Not Found"))
        elif key in seen:
            unprocessed.append(_unprocessed(identifier, "DuplicatedFindingIdentifier", "The identifier is given twice"))
        else:
            seen.add(key)
            _update(cloud, call, record)
            processed.append(identifier)
    return {"ProcessedFindings": processed, "UnprocessedFindings": unprocessed}


def _unprocessed(identifier: Any, code: str, message: str) -> dict[str, Any]:
    return {"FindingIdentifier": identifier, "ErrorCode": code, "ErrorMessage": message}


def _check_update(params: dict[str, Any], identifiers: list[Any]) -> None:
    if not 1 <= len(identifiers) <= MAX_BATCH:
        raise refuse(f"Invalid parameter FindingIdentifiers: 1 to {MAX_BATCH} are required")
    if set(params) == {"FindingIdentifiers"}:
        raise refuse("Invalid parameter: nothing to update was given")
    workflow = (params.get("Workflow") or {}).get("Status")
    if "Workflow" in params and workflow not in _WORKFLOW:
        raise refuse(f"Invalid parameter Workflow.Status: {workflow}")
    if "VerificationState" in params and params["VerificationState"] not in _VERIFICATION:
        raise refuse(f"Invalid parameter VerificationState: {params['VerificationState']}")
    if "Note" in params:
        note = params["Note"]
        if not 1 <= len(str(note.get("Text", ""))) <= 512 or not 1 <= len(str(note.get("UpdatedBy", ""))) <= 512:
            raise refuse("Invalid parameter Note: Text and UpdatedBy of 1 to 512 characters are required")
    fields = params.get("UserDefinedFields") or {}
    if len(fields) > 50:
        raise refuse("Invalid parameter UserDefinedFields: at most 50 pairs")


def _update(cloud: Cloud, call: Call, record: Record) -> None:
    before = copy.deepcopy(record.finding)
    finding, params, now = record.finding, call.params, stamp(cloud.clock.now())
    if "Note" in params:
        finding["Note"] = {
            "Text": params["Note"]["Text"],
            "UpdatedBy": params["Note"]["UpdatedBy"],
            "UpdatedAt": now,
        }
    if "Workflow" in params:
        finding["Workflow"] = {"Status": params["Workflow"]["Status"]}
        # WorkflowState is the deprecated twin, which AWS leaves at NEW.
    if "Severity" in params:
        label = params["Severity"].get("Label")
        severity = {key: value for key, value in params["Severity"].items() if value is not None}
        if label in _LABEL_NORMALIZED and "Normalized" not in severity:
            severity["Normalized"] = _LABEL_NORMALIZED[label]
        finding["Severity"] = {**finding.get("Severity", {}), **severity}
    for name in ("VerificationState", "Confidence", "Criticality", "Types", "RelatedFindings"):
        if name in params:
            finding[name] = params[name]
    if "UserDefinedFields" in params:
        # An empty map removes them; otherwise the given map replaces what was there.
        finding["UserDefinedFields"] = dict(params["UserDefinedFields"])
        if not finding["UserDefinedFields"]:
            del finding["UserDefinedFields"]
    record.changed()
    hubimport.note_history(cloud, record, before, "BATCH_UPDATE_FINDINGS", call.principal.caller_arn)
    hubimport.announce(cloud, finding)
