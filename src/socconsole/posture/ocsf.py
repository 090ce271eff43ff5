"""Results as OCSF Compliance Findings (class 2003), for whatever else reads those.

Schema 1.4.0, profile ``cloud``. Required by the class and its parents: ``activity_id``, ``category_uid``,
``class_uid``, ``cloud`` (``provider``), ``compliance`` (``standards``), ``finding_info`` (``uid``, ``title``),
``metadata`` (``product``, ``version``), ``severity_id``, ``time``, ``type_uid``. Source: github.com/ocsf/ocsf-schema.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

from socconsole import __version__
from socconsole.model.finding import Severity
from socconsole.model.posture import OWN, Result, Verdict
from socconsole.posture.catalogue import FRAMEWORKS, About
from socconsole.posture.others import NAMES
from socconsole.posture.query import severity

VERSION: Final = "1.4.0"
CLASS: Final = 2003

# compliance.status_id; Warning: "the compliance check did not yield a result due to missing information".
_STATUS: Final = {Verdict.PASS: (1, "Pass"), Verdict.UNKNOWN: (2, "Warning"), Verdict.FAIL: (3, "Fail")}
_SEVERITY: Final = {Severity.LOW: 2, Severity.MEDIUM: 3, Severity.HIGH: 4, Severity.CRITICAL: 5}
_OWN_STANDARD: Final = "socconsole posture"


def finding(result: Result, about: About | None, since: datetime, said: tuple[str, ...]) -> dict[str, Any]:
    """One result as one finding. ``since``: when the verdict began; ``said``: the evidence and what is added to it."""
    status_id, status = _STATUS[result.verdict]
    passed = result.verdict is Verdict.PASS
    level = severity(result.check)
    title = about.title if about else result.check
    clauses = about.clauses if about else {}
    place = result.place
    name = "\x1f".join((result.answered_by, result.check, place.account, place.region, result.subject))
    uid = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    resource: dict[str, Any] = {"uid": result.subject, "region": place.region, "cloud_partition": _partition(result)}
    return {
        "activity_id": 3 if passed else 2,
        "activity_name": "Close" if passed else "Update",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Compliance Finding",
        "class_uid": CLASS,
        "type_name": f"Compliance Finding: {'Close' if passed else 'Update'}",
        "type_uid": CLASS * 100 + (3 if passed else 2),
        "severity": level.name.capitalize(),
        "severity_id": _SEVERITY[level],
        "status": "Resolved" if passed else "New",
        "status_id": 4 if passed else 1,
        "time": _millis(result.evaluated),
        "message": f"{result.check} {result.verdict.value}: {title}",
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "uid": f"{uid[:32]}-{_millis(result.evaluated)}",
            "event_code": result.check,
            "product": {"name": "socconsole", "vendor_name": "socconsole", "version": __version__},
        },
        "cloud": {"provider": "AWS", "region": place.region, "account": {"uid": place.account, "type_id": 10}},
        "finding_info": {
            "uid": uid,
            "title": title,
            "desc": about.why if about else "",
            "types": ["Posture"],
            "created_time": _millis(since),
            "first_seen_time": _millis(since),
            "last_seen_time": _millis(result.evaluated),
            "data_sources": [NAMES.get(result.answered_by, "AWS APIs") if result.answered_by != OWN else "AWS APIs"],
        },
        "compliance": {
            "control": result.check,
            "standards": [FRAMEWORKS[framework] for framework in clauses] or [_OWN_STANDARD],
            "requirements": [f"{FRAMEWORKS[name]} {one}" for name, each in clauses.items() for one in each],
            "status": status,
            "status_id": status_id,
            "status_code": result.verdict.value,
            "status_detail": "; ".join(said),
        },
        "remediation": {"desc": about.fix if about else ""},
        "resources": [resource],
        "unmapped": {"answered_by": result.answered_by, "input_sha256": result.digest},
    }


def _partition(result: Result) -> str:
    return result.subject.split(":")[1] if result.subject.startswith("arn:") else "aws"


def _millis(at: datetime) -> int:
    """OCSF's ``timestamp_t``."""
    return round(at.timestamp() * 1000)
