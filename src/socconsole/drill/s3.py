"""S3 where moto and AWS differ in what matters here: who owns, what is blocked, what a new bucket is like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend
from moto.s3.models import PublicAccessBlock

from socconsole.drill import actions, exposure, iamcheck
from socconsole.drill.errors import AwsError
from socconsole.drill.policy import Decision, as_list, evaluate
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

# Only the owner's account may call these; a foreign caller gets 405, or 403 for what he may not even ask.
_OWNERS: Final = (
    "GetBucketPolicy",
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "GetBucketPolicyStatus",
    "GetPublicAccessBlock",
    "PutPublicAccessBlock",
    "DeletePublicAccessBlock",
    "GetBucketAcl",
    "PutBucketAcl",
    "GetBucketTagging",
    "PutBucketTagging",
    "GetBucketOwnershipControls",
    "PutBucketOwnershipControls",
    "GetBucketEncryption",
    "PutBucketEncryption",
    "GetBucketLogging",
    "PutBucketLogging",
    "GetBucketLocation",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "HeadBucket",
)


def check_owner(call: Call) -> None:
    """``ExpectedBucketOwner``, ownership and the bucket policy's Denies, as S3 answers them."""
    owner = exposure.owner_of(str(call.params.get("Bucket", "")))
    if owner is None:
        return  # moto says NoSuchBucket
    expected = call.params.get("ExpectedBucketOwner")
    if (expected and expected != owner) or owner != call.account:
        raise AwsError("AccessDenied", "Access Denied", 403)
    check_denies(call)


def check_denies(call: Call) -> None:
    """An explicit Deny of the bucket policy beats what IAM allows, for callers that are held to policies."""
    document = exposure.policy_of(str(call.params.get("Bucket", "")))
    if document is None or not call.principal.held:
        return
    names = {"*", call.principal.arn, call.principal.account, f"arn:aws:iam::{call.principal.account}:root"}
    denies = [
        one
        for one in as_list(document.get("Statement"))
        if one.get("Effect") == "Deny" and names.intersection(exposure.principals_of(one))
    ]
    # The drill speaks plain HTTP on the loopback, and means TLS.
    context = {**iamcheck.context_of(call), "s3:authtype": ("REST-HEADER",), "aws:securetransport": ("true",)}
    for action, resource in actions.needed(call.service, call.operation, call.params, call.account, call.region):
        if evaluate([("bucket", {"Statement": denies})], action, resource, context).decision is Decision.EXPLICIT_DENY:
            raise AwsError(
                "AccessDenied",
                f"User: {call.principal.caller_arn} is not authorized to perform: {action} on resource: "
                f'"{resource}" with an explicit deny in a resource-based policy',
                403,
            )


@routes.before("s3", *(name for name in _OWNERS if name not in ("PutBucketPolicy", "PutBucketAcl")))
def owners_only(cloud: Cloud, call: Call) -> None:
    check_owner(call)


@routes.before("s3", "PutBucketPolicy")
def put_bucket_policy(cloud: Cloud, call: Call) -> None:
    """Refuses malformed JSON, and a public policy while BlockPublicPolicy is on."""
    check_owner(call)
    try:
        document = json.loads(call.params.get("Policy", ""))
    except ValueError:
        raise AwsError("MalformedPolicy", "This policy contains invalid Json", 400) from None
    if len(call.params["Policy"]) > 20 * 1024:
        raise AwsError("PolicyTooLarge", "Policies must be at most 20 KB", 400)
    bucket = str(call.params["Bucket"])
    if exposure.effective_block(bucket).block_public_policy and exposure.is_public(document):
        raise AwsError(
            "AccessDenied",
            f"User: {call.principal.caller_arn} is not authorized to perform: s3:PutBucketPolicy on "
            f'resource: "arn:aws:s3:::{bucket}" because public policies are prevented by the '
            "BlockPublicPolicy setting in S3 Block Public Access.",
            403,
        )


@routes.before("s3", "PutBucketAcl")
def put_bucket_acl(cloud: Cloud, call: Call) -> None:
    check_owner(call)
    bucket = exposure.bucket_of(str(call.params["Bucket"]))
    if bucket is None:
        return
    canned = call.params.get("ACL", "")
    if "BucketOwnerEnforced" in str(bucket.ownership_rule) and canned != "private":
        raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
    if canned.startswith("public") and exposure.effective_block(bucket.name).block_public_acls:
        raise AwsError("AccessDenied", "Access Denied", 403)


@routes.op("s3", "GetBucketPolicyStatus")
def policy_status(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Judges the policy alone, as S3 does: a block does not make a public policy private, only harmless."""
    check_owner(call)
    bucket = str(call.params["Bucket"])
    if exposure.owner_of(bucket) is None:
        raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404, {"BucketName": bucket})
    document = exposure.policy_of(bucket)
    if document is None:
        raise AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", 404, {"BucketName": bucket})
    return {"PolicyStatus": {"IsPublic": exposure.is_public(document)}}


@routes.op("s3", "GetBucketEncryption")
def bucket_encryption(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Every bucket has a default encryption: SSE-S3 where none was set (since January 2023)."""
    check_owner(call)
    bucket = get_backend("s3")[call.account]["aws"].get_bucket(str(call.params["Bucket"]))
    rule = ((bucket.encryption or {}).get("Rule")) or {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": False,
    }
    rules = rule if isinstance(rule, list) else [rule]
    return {"ServerSideEncryptionConfiguration": {"Rules": [_typed(one) for one in rules]}}


def _typed(rule: dict[str, Any]) -> dict[str, Any]:
    """moto keeps what the XML said: booleans as text."""
    key_enabled = rule.get("BucketKeyEnabled", False)
    return {**rule, "BucketKeyEnabled": key_enabled in (True, "true")}


@routes.op("s3", "GetBucketVersioning")
def bucket_versioning(cloud: Cloud, call: Call) -> dict[str, Any]:
    """moto's model does not know what the document is called; without versioning it is an empty one."""
    bucket = get_backend("s3")[call.account]["aws"].get_bucket(str(call.params["Bucket"]))
    call.incoming.model.output_shape.serialization.setdefault("resultWrapper", "VersioningConfiguration")
    return {"Status": bucket.versioning_status} if bucket.versioning_status else {}


@routes.op("s3", "ListBuckets")
def list_buckets(cloud: Cloud, call: Call) -> dict[str, Any]:
    """With their Regions, which AWS tells as soon as the request has a parameter; by name."""
    asked, region = call.params, call.params.get("BucketRegion")
    found = [
        one
        for name, one in sorted(get_backend("s3")[call.account]["aws"].buckets.items())
        if region in (None, one.region_name) and name > asked.get("ContinuationToken", "")
    ]
    page = found[: int(asked.get("MaxBuckets") or 10_000)]
    listed = [{"Name": one.name, "CreationDate": one.creation_date, "BucketRegion": one.region_name} for one in page]
    more = {"ContinuationToken": page[-1].name} if len(found) > len(page) else {}
    return {"Buckets": listed, **more}


@routes.after("s3", "CreateBucket")
def new_bucket(cloud: Cloud, call: Call) -> None:
    """Since April 2023 a new bucket has all four blocks on and ACLs off."""
    bucket: Any = get_backend("s3")[call.account]["aws"].get_bucket(str(call.params["Bucket"]))
    bucket.public_access_block = PublicAccessBlock(True, True, True, True)
    bucket.ownership_rule = "BucketOwnerEnforced"


@routes.before("s3", "GetObject", "HeadObject", "ListObjectsV2", "ListObjects")
def read_objects(cloud: Cloud, call: Call) -> None:
    """Anonymous and foreign callers get what policy, ACL and blocks let them have; the owner's, all but a Deny."""
    bucket = str(call.params.get("Bucket", ""))
    owner = exposure.owner_of(bucket)
    if owner is None:
        return
    if owner == call.account:
        check_denies(call)
        return
    state = exposure.exposed(bucket)
    if not (state.public or call.account in state.accounts):
        raise AwsError("AccessDenied", "Access Denied", 403)
