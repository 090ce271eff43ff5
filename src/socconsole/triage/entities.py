"""What a finding names, normalised: an ARN and a bare name of the same thing are one entity. Pure."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Final

from socconsole.model.entity import Entity, EntityKind
from socconsole.model.finding import Actor, Resource
from socconsole.model.trail import resource_name

LENGTH_LIMIT: Final = 512
"""Characters of a value; AWS has no longer name."""

_KEY: Final = re.compile(r"(?:A3T[A-Z0-9]|A[BCKS][A-Z]A)[A-Z0-9]{12,}")
"""Ids of access keys: AKIA, ASIA … (IAM user guide, "Understanding unique ID prefixes")."""
_INSTANCE: Final = re.compile(r"i-[0-9a-f]{8,17}")
_PRINCIPAL_ARN: Final = re.compile(r"arn:[^:]*:(?:iam|sts)::(\d{12}):([a-z-]+)/(.+)", re.DOTALL)
_ACCOUNTS: Final = frozenset({"AwsAccount", "Account"})
_NOBODY: Final = frozenset(
    {
        "", "-", "null", "none", "unknown", "anonymous", "anonymous_principal", "anonymousprincipal",
        "hidden_due_to_security_reasons", "system:anonymous", "system:unauthenticated",
    }
)  # fmt: skip
"""What services write where they know nobody."""
# Not ``is_private``: that also takes the documentation's ranges for private, which drills and tests live in.
_SHARED_NETS: Final = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


def entities_of(resources: Iterable[Resource], actors: Iterable[Actor], account: str | None) -> frozenset[Entity]:
    """Everything that a finding of ``account`` names, each once."""
    found = (*_of_resources(resources), *_of_actors(actors, account or ""))
    return frozenset((kind, value[:LENGTH_LIMIT]) for kind, value in found)


@functools.lru_cache(4096)
def address(text: str) -> str:
    """An IP address as it is compared; empty for anything else (AWS writes a service's name there)."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return ""


@functools.lru_cache(4096)
def is_reused(value: str) -> bool:
    """Whether an address means another machine in every network: private, link-local, shared by a carrier."""
    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        return True
    return any(found in net for net in _SHARED_NETS if net.version == found.version)


def principal(arn: str) -> Iterator[Entity]:
    """Who an IAM or STS ARN means; a session that is named after its instance means that instance too."""
    match = _PRINCIPAL_ARN.fullmatch(arn)
    if match is None:
        if arn.endswith(":root") and arn.count(":") == 5:
            yield EntityKind.USER, f"{arn.split(':')[4]}/root"
        return
    account, kind, path = match.groups()
    if kind == "assumed-role":
        role, _, session = path.partition("/")
        yield EntityKind.ROLE, f"{account}/{role}"
        if session:
            yield EntityKind.SESSION, f"{account}/{role}/{session}"
            if _INSTANCE.fullmatch(session):
                yield EntityKind.INSTANCE, session
    elif kind == "user":
        yield EntityKind.USER, f"{account}/{path.rpartition('/')[2]}"
    elif kind == "federated-user":  # whoever asked for the session chose its name: it says nothing of a user
        yield EntityKind.SESSION, f"{account}/federated-user/{path}"
    elif kind == "role":
        yield EntityKind.ROLE, f"{account}/{path.rpartition('/')[2]}"


def _of_resources(resources: Iterable[Resource]) -> Iterator[Entity]:
    for each in resources:
        if each.type in _ACCOUNTS:
            continue
        full = each.id.raw()
        name = resource_name(full) if full.startswith("arn:") else full.rpartition(":")[2]
        if name.casefold() in _NOBODY:
            continue
        if each.type.endswith(("S3Bucket", "S3Object")):
            yield (EntityKind.RESOURCE if _public_on_purpose(each) else EntityKind.BUCKET), name
        elif _INSTANCE.fullmatch(name):
            yield EntityKind.INSTANCE, name
        elif _KEY.fullmatch(name):
            yield EntityKind.KEY, name
        elif full.startswith("arn:") and ":iam::" in full:
            yield from principal(full)
        elif each.type.endswith("IamUser"):
            yield EntityKind.USER, f"{each.account or ''}/{name}"
        elif each.type.endswith("IamRole"):
            yield EntityKind.ROLE, f"{each.account or ''}/{name}"
        elif not each.type.endswith("IamAccessKey"):
            yield EntityKind.RESOURCE, name


def _of_actors(actors: Iterable[Actor], account: str) -> Iterator[Entity]:
    for each in actors:
        value = each.value.raw().strip()
        if value.casefold() in _NOBODY or value.endswith(".amazonaws.com"):
            continue
        if value.startswith("arn:"):
            yield from principal(value)
        elif each.kind == "ip":
            if found := address(value):
                yield EntityKind.ADDRESS, found
        elif each.kind == "access_key":
            if _KEY.fullmatch(value):
                yield EntityKind.KEY, value
        elif each.kind == "user":
            yield EntityKind.USER, f"{account}/{value}"
        elif each.kind in ("role", "principal"):
            # Only an ARN says which session of a role it was; by its name alone a role is a whole fleet.
            role, _, session = value.removeprefix("AssumedRole/").partition("/")
            yield EntityKind.ROLE, f"{account}/{role}"
            if session:
                yield EntityKind.SESSION, f"{account}/{role}/{session}"
                if _INSTANCE.fullmatch(session):
                    yield EntityKind.INSTANCE, session
        elif each.kind == "account":
            yield EntityKind.ACCOUNT, value
        elif each.kind == "domain":
            yield EntityKind.DOMAIN, value.casefold()


def _public_on_purpose(bucket: Resource) -> bool:
    return any(
        "classification" in key.raw().casefold() and value.raw().casefold() == "public" for key, value in bucket.tags
    )
