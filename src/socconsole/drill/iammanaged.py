"""AWS's own managed policies, each there when it is first asked for: all 1,582 would cost every estate a second.

Their documents are those that moto brings along.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_PREFIX: Final = "arn:aws:iam::aws:policy/"


@cache
def _all() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found


@routes.before(
    "iam", "AttachRolePolicy", "AttachUserPolicy", "AttachGroupPolicy", "GetPolicy", "GetPolicyVersion",
    "ListEntitiesForPolicy", "PutRolePermissionsBoundary",
)  # fmt: skip
def present(cloud: Cloud, call: Call) -> None:
    arn = str(call.params.get("PolicyArn") or call.params.get("PermissionsBoundary") or "")
    backend = get_backend("iam")[call.account]["aws"]
    name = arn.rpartition("/")[2]
    if not arn.startswith(_PREFIX) or arn in backend.managed_policies or name not in _all():
        return
    from moto.iam.models import AWSManagedPolicy

    policy = AWSManagedPolicy.from_data(name, call.account, backend.region_name, _all()[name])
    if policy.arn == arn:
        backend.managed_policies[arn] = policy
