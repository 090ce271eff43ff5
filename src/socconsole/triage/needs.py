"""What has to be closed for a finding to be blocked, whoever closes it.

Read from the finding's resources, actors and types alone, never from its words. A finding that tells too little needs
nothing that could be named, and is blocked only by a containment that was made for it.
"""

from __future__ import annotations

import re
from typing import Final

from socconsole.model.finding import Finding
from socconsole.text import token
from socconsole.triage.marking import Mark, marks
from socconsole.triage.names import bare

Needs = tuple[frozenset[str], ...]
"""Parts that all have to be closed, each by any of its names."""

_STORES: Final = ("AwsS3Bucket", "AwsS3Object", "S3Bucket", "AWS::S3::Bucket")
_INSTANCES: Final = ("AwsEc2Instance", "Ec2Instance", "AWS::EC2::Instance")
_DNS: Final = re.compile(r"DNS")
"""Types that tell of queries to the VPC's resolver: neither groups nor network ACLs see those (VPC User Guide)."""
_LIMIT: Final = 255


def bucket(name: str, *, whole: bool = False) -> str:
    """A bucket closed to whoever is outside; ``whole``: to the owner's own credentials as well."""
    return f"bucket:{token(name, _LIMIT)}{' whole' if whole else ''}"


def principal(kind: str, account: str, name: str) -> str:
    """A ``role`` or ``user`` who may do nothing any more."""
    return f"{kind}:{account}/{token(name, _LIMIT)}"


def key(id_: str) -> str:
    """An access key that signs nothing any more."""
    return f"access_key:{token(id_, _LIMIT)}"


def instance(id_: str) -> str:
    """An instance that reaches nothing any more."""
    return f"instance:{token(id_, _LIMIT)}"


def of(finding: Finding) -> Needs:
    """Where a data store is named, only closing that store counts: whose credentials read it is a second question.

    A store that the owner's own credentials read is closed by nothing that only keeps strangers out.
    """
    doers = _doers(finding)
    stores = sorted({bare(r.id.raw()).partition("/")[0] for r in finding.resources if r.type in _STORES})
    if stores:
        whole = bool(doers) and not _opened(finding)
        return tuple(frozenset({bucket(name, whole=whole)}) for name in stores)
    if doers:
        return doers
    if any(_DNS.search(each) for each in finding.types):
        return ()
    return tuple(
        frozenset({instance(id_)})
        for id_ in sorted({bare(r.id.raw()) for r in finding.resources if r.type in _INSTANCES})
    )


def _opened(finding: Finding) -> bool:
    """Does it tell of a store that was opened, and not of somebody who reads it?"""
    said = marks(finding.types)
    return Mark.CHANNEL in said and Mark.EXFIL not in said


def _doers(finding: Finding) -> Needs:
    """The owner's own credentials that act in it. One principal with one key are the same doer."""
    account = finding.account or ""
    if any(actor.kind == "account" and actor.value.raw() != account for actor in finding.actors):
        return ()
    people = {principal(a.kind, account, a.value.raw()) for a in finding.actors if a.kind in ("role", "user")}
    keys = {key(a.value.raw()) for a in finding.actors if a.kind == "access_key"}
    if len(people) == 1:
        return (frozenset(people | (keys if len(keys) == 1 else set())),)
    return tuple(frozenset({name}) for name in sorted(people or keys))
