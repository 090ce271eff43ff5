"""Which rules wait for what does not come by itself, so that their silence says nothing where it does not.

Data events are recorded only where a trail's selectors ask for them, and somebody pays. Calls of management that only
read are recorded everywhere, but ``LookupEvents`` is asked for changes alone: there are two calls of it a second.
Source of the lists: "Logging data events" in AWS's CloudTrail user guide; Bedrock's model calls (InvokeModel,
Converse and their streams) are management events, those of agents, knowledge bases and flows are data events.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionOR
from sigma.types import SigmaString

from socconsole.rules.rule import READS

_S3: Final = (
    "GetObject HeadObject SelectObjectContent GetObjectTorrent GetObjectAcl GetObjectTagging GetObjectAttributes "
    "PutObject PostObject CopyObject UploadPart UploadPartCopy CompleteMultipartUpload CreateMultipartUpload "
    "DeleteObject DeleteObjects PutObjectAcl PutObjectTagging RestoreObject ListObjects ListObjectsV2 "
    "ListObjectVersions HeadBucket ReplicateObject WriteGetObjectResponse"
)
_DYNAMODB: Final = (
    "GetItem BatchGetItem Query Scan PutItem UpdateItem DeleteItem BatchWriteItem TransactGetItems "
    "TransactWriteItems ExecuteStatement BatchExecuteStatement ExecuteTransaction GetRecords GetShardIterator"
)
_BEDROCK: Final = "InvokeAgent InvokeInlineAgent InvokeFlow Retrieve RetrieveAndGenerate ApplyGuardrail"

DATA: Final[dict[str, frozenset[str]]] = {
    "s3": frozenset(_S3.lower().split()),
    "dynamodb": frozenset(_DYNAMODB.lower().split()),
    "bedrock": frozenset(_BEDROCK.lower().split()),
    "lambda": frozenset({"invoke", "invokeasync", "invokewithresponsestream"}),
    "sagemaker": frozenset({"invokeendpoint", "invokeendpointasync", "invokeendpointwithresponsestream"}),
    "ec2": frozenset({"getsnapshotblock", "listsnapshotblocks", "listchangedblocks", "putsnapshotblock"}),
    "sns": frozenset({"publish", "publishbatch"}),
    "sqs": frozenset({"sendmessage", "receivemessage", "deletemessage"}),
}
"""Names of calls, lower-case, by the service whose trail selector records them."""


_READ_CALLS: Final = frozenset(
    {
        "invokemodel", "invokemodelwithresponsestream", "converse", "conversestream",  # of Bedrock: ``readOnly`` true
        "assumerole", "assumerolewithsaml", "assumerolewithwebidentity",
    }
)  # fmt: skip
_READ_NAMES: Final = ("batchget", "describe", "get", "list", "lookup")
_NOT_READS: Final = frozenset({"getfederationtoken", "getsessiontoken", "getsignintoken"})
"""Calls that hand out credentials: ``readOnly`` false in the records that we know."""


def needs(condition: Any) -> frozenset[str]:
    """What *every* record that fits a parsed condition is one of: services whose data events, or ``READS``; empty
    where a change would do as well."""
    names = _bound(condition, "name")
    if names is None:
        return frozenset()
    found: set[str] = set()
    for name in names:
        of = {service for service, calls in DATA.items() if name in calls} or _read(name)
        if not of:
            return frozenset()
        found |= of
    sources = _bound(condition, "source")
    if sources is not None:
        told = {source.partition(".")[0].partition("-")[0] for source in sources}
        found = (found & (told | {READS})) or found
    return frozenset(found)


def _read(name: str) -> set[str]:
    reads = name in _READ_CALLS or (name.startswith(_READ_NAMES) and name not in _NOT_READS)
    return {READS} if reads else set()


def _bound(condition: Any, field: str) -> set[str] | None:
    """The values, lower-case, that a field has to have for the condition to hold; None for any."""
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        value = condition.value
        if condition.field != field or not isinstance(value, SigmaString) or value.contains_special():
            return None
        return {str(value).lower()}
    if isinstance(condition, ConditionAND):
        bounds = [bound for bound in (_bound(each, field) for each in condition.args) if bound is not None]
        return set.intersection(*bounds) if bounds else None
    if isinstance(condition, ConditionOR):
        return _union(_bound(each, field) for each in condition.args)
    return None


def _union(bounds: Iterable[set[str] | None]) -> set[str] | None:
    found: set[str] = set()
    for bound in bounds:
        if bound is None:
            return None
        found |= bound
    return found
