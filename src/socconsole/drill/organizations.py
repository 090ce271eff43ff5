"""Organizations where moto and AWS differ in what matters here: who may ask what, who joins, and what is merged.

Sources: Organizations API reference; Organizations User Guide, "Understanding management policy inheritance". Whoever
is invited has accepted at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend
from moto.organizations.models import FakeAccount

from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()


def _home(account: str) -> Any:
    """The backend of the organisation that an account is in. moto's own memory of that outlives its reset."""
    for owner, partitions in list(get_backend("organizations").items()):
        backend = partitions.get("aws")  # a dictionary that makes what it is asked for with brackets
        if backend is not None and backend.org and account in (owner, *(one.id for one in backend.accounts)):
            return backend
    raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")


@routes.op("organizations", "DescribeOrganization")
def describe_organization(cloud: Cloud, call: Call) -> dict[str, Any]:
    return dict(_home(call.account).org.describe())


@routes.op("organizations", "InviteAccountToOrganization")
def invite(cloud: Cloud, call: Call) -> dict[str, Any]:
    managers_only(cloud, call)
    backend, invited = _home(call.account), str(call.params["Target"]["Id"])
    account = FakeAccount(backend.org, AccountName=cloud.accounts.get(invited, invited), Email=f"{invited}@example.com")
    account.id, account.joined_method = invited, "INVITED"
    backend.accounts.append(account)
    backend.attach_policy(PolicyId="p-FullAWSAccess", TargetId=invited)
    return {
        "Handshake": {
            "Id": f"h-{invited}",
            "Arn": f"arn:aws:organizations::{call.account}:handshake/{backend.org.id}/invite/h-{invited}",
            "State": "ACCEPTED",
            "Action": "INVITE",
            "RequestedTimestamp": time.time(),
        }
    }


@routes.before("organizations", "ListParents", "ListPoliciesForTarget", "DescribePolicy")
def managers_only(cloud: Cloud, call: Call) -> None:
    """There are no delegates here."""
    backend = _home(call.account)
    if backend.org.master_account_id != call.account:
        raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")
    child = call.params.get("ChildId")
    if child and child not in {one.id for one in (*backend.accounts, *backend.ou)}:
        raise AwsError("ChildNotFoundException", "You specified a child that doesn't exist.")


@routes.op("organizations", "DescribeEffectivePolicy")
def effective(cloud: Cloud, call: Call) -> dict[str, Any]:
    backend, kind = _home(call.account), str(call.params["PolicyType"])
    target = str(call.params.get("TargetId") or call.account)
    if target != call.account:
        managers_only(cloud, call)
    merged: dict[str, Any] = {}
    found = False
    for attached in _on_the_way_down(backend, target):
        for policy in (one for one in attached if one.type == kind):
            found = True
            _merge(merged, json.loads(policy.content))
    if not found:
        raise AwsError("EffectivePolicyNotFoundException", "No effective policy of this type applies.")
    content = json.dumps(merged)
    return {"EffectivePolicy": {"PolicyContent": content, "TargetId": target, "PolicyType": kind}}


def _on_the_way_down(backend: Any, target: str) -> Iterator[list[Any]]:
    """What is attached to the root, to each unit below it and to the account."""
    things = {one.id: one for one in (*backend.ou, *backend.accounts)}
    path, here = [], things.get(target)
    while here is not None:
        path.append(here.attached_policies)
        here = things.get(here.parent_id or "")
    yield from reversed(path)


def _merge(into: dict[str, Any], policy: Mapping[str, Any]) -> None:
    """The operators that set values; those that forbid children to change them are left out."""
    for key, said in policy.items():
        if not isinstance(said, Mapping):
            continue
        if "@@assign" in said:
            into[key] = said["@@assign"]
        elif "@@append" in said:
            into[key] = [*into.get(key, []), *said["@@append"]]
        elif "@@remove" in said:
            into[key] = [one for one in into.get(key, []) if one not in said["@@remove"]]
        else:
            _merge(into.setdefault(key, {}), said)
