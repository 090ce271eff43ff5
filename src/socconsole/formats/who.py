"""Who acts in a finding, and whether it is a drill: read from GuardDuty's ``service`` tree, keys lower-cased.

The same tree arrives natively, flattened inside ASFF ``ProductFields``, and as ASFF ``Action``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from socconsole.formats import keys
from socconsole.formats.fields import elements, embedded, mapping, plain, truth, untrusted
from socconsole.model.finding import Actor, Resource

ACTORS_LIMIT: Final = 64
SIGNALS_LIMIT: Final = 256

_SAMPLE_IDS: Final = {"AwsEc2Instance": "i-99999999", "AwsIamAccessKey": "GeneratedFindingAccessKeyId"}
"""Ids in GuardDuty's sample findings, of types whose ids AWS gives out. Names (of users, buckets, clusters)
are left out on purpose: an attacker could call his own bucket ``i-99999999`` and vanish."""

_USER_KINDS: Final = {
    "iamuser": "user",
    "root": "user",
    "assumedrole": "role",
    "role": "role",
    "federateduser": "user",
    "awsaccount": "account",
    "awsservice": "service",
    "identitycenteruser": "user",
}


def on_sample(resources: Iterable[Resource]) -> bool:
    """Whether any resource is one that only GuardDuty's samples have, named bare or by ARN."""
    for each in resources:
        known = _SAMPLE_IDS.get(each.type)
        if known is not None and each.id.raw().rpartition("/")[2].rpartition(":")[2] == known:
            return True
    return False


def is_sample(additional: object) -> bool:
    """``additionalInfo.sample``, also in the JSON text of its ``value``, and where all of it is JSON text."""
    info = mapping(embedded(additional) if isinstance(additional, str) else additional)
    if truth(info.get("sample")):
        return True
    return truth(mapping(embedded(info.get("value"))).get("sample"))


def once(actors: Iterable[Actor | None]) -> tuple[Actor, ...]:
    """Each (kind, value) once, the first detail given kept."""
    found: dict[tuple[str, str], Actor] = {}
    for actor in actors:
        if actor is None:
            continue
        name = (actor.kind, actor.value.raw())
        if name not in found or (found[name].detail is None and actor.detail is not None):
            found[name] = actor
            if len(found) >= ACTORS_LIMIT:
                break
    return tuple(found.values())


def actor(kind: str, value: object, detail: object = None) -> Actor | None:
    wrapped = untrusted(value)
    return Actor(kind, wrapped, untrusted(detail)) if wrapped else None


def principal(name: object, user_type: object, account: object = None) -> Actor | None:
    """A user, role, account or service by GuardDuty's ``userType``; ``principal`` where that is missing."""
    return actor(_USER_KINDS.get(plain(user_type, 64).lower(), "principal"), name, account)


def address(details: object) -> Actor | None:
    """``remoteIpDetails``: the address, with country and network (``AS64500 Example``)."""
    remote = mapping(details)
    if not remote:
        return None
    country = mapping(remote.get("country"))
    organization = mapping(remote.get("organization"))
    number = plain(organization.get("asn"), 32)
    parts = (
        plain(country.get("countryname"), 128) or plain(country.get("countrycode"), 16),
        f"AS{number}" if number and number != "-1" else "",
        plain(organization.get("asnorg"), 256) or plain(organization.get("org"), 256),
    )
    where = ", ".join(part for part in parts if part)
    return actor("ip", remote.get("ipaddressv4") or remote.get("ipaddressv6"), where or None)


def from_action(action: object) -> Iterator[Actor | None]:
    """The remote side of every action in ``service.action``."""
    for part in mapping(action).values():
        each = mapping(part)
        if not each:
            continue
        yield address(each.get("remoteipdetails"))
        yield actor("domain", mapping(each.get("domaindetails")).get("domain") or each.get("domain"))
        yield actor("account", mapping(each.get("remoteaccountdetails")).get("accountid"))
        for probe in elements(each.get("portprobedetails")):
            yield address(mapping(probe).get("remoteipdetails"))
        for source in elements(each.get("sourceips")):
            yield actor("ip", source)


def from_resource(resource: Mapping[str, Any]) -> Iterator[Actor | None]:
    """The identity in ``resource``: GuardDuty lists whoever acted beside what was acted on."""
    access_key = mapping(resource.get("accesskeydetails"))
    if access_key:
        yield principal(access_key.get("username") or access_key.get("principalid"), access_key.get("usertype"))
        yield actor("access_key", access_key.get("accesskeyid"))
    user = mapping(mapping(resource.get("kubernetesdetails")).get("kubernetesuserdetails"))
    yield actor("user", user.get("username"))
    yield actor("user", mapping(resource.get("rdsdbuserdetails")).get("user"))


def from_runtime(details: object) -> Iterator[Actor | None]:
    process = mapping(mapping(details).get("process"))
    yield actor("process", process.get("executablepath") or process.get("name"), process.get("user"))
    yield address(mapping(mapping(details).get("context")).get("remoteipdetails"))


def from_sequence(sequence: Mapping[str, Any]) -> Iterator[Actor | None]:
    """``detection.sequence`` of an attack sequence: its actors and the addresses they came from."""
    for each in elements(sequence.get("actors")):
        user = mapping(mapping(each).get("user"))
        yield principal(user.get("name") or user.get("uid"), user.get("type"), mapping(user.get("account")).get("uid"))
        credential = plain(user.get("credentialuid"))
        yield actor("access_key", credential)
        process = mapping(mapping(each).get("process"))
        yield actor("process", process.get("path") or process.get("name"))
    for each in elements(sequence.get("endpoints")):
        endpoint = mapping(each)
        location = mapping(endpoint.get("location"))
        network = mapping(endpoint.get("autonomoussystem"))
        where = ", ".join(
            part for part in (plain(location.get("country"), 128), plain(network.get("name"), 256)) if part
        )
        yield actor("ip", endpoint.get("ip"), where or None)
        yield actor("domain", endpoint.get("domain"))


def signals(sequence: Mapping[str, Any], sequence_arn: str) -> tuple[str, ...]:
    """Merge keys of the findings a sequence is made of.

    GuardDuty names a signal by the finding's id or ARN (``uid``), Security Hub by ``id`` and ``productArn``.
    A bare id is a finding of the sequence's own detector. Signals that are trail events have no finding.
    """
    found: dict[str, None] = {}
    detector, _, _ = sequence_arn.rpartition("/finding/")
    for each in elements(sequence.get("signals")):
        signal = mapping(each)
        name = plain(signal.get("uid") or signal.get("id"), 4096)
        if not name or plain(signal.get("type") or "FINDING", 64).upper() != "FINDING":
            continue
        if keys.is_guardduty_arn(name):
            found[keys.key(name)] = None
        elif product := plain(signal.get("productarn"), 4096):
            found[keys.security_hub(product, name)] = None
        elif detector:
            found[keys.key(f"{detector}/finding/{name}")] = None
        if len(found) >= SIGNALS_LIMIT:
            break
    return tuple(found)
