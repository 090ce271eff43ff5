"""IAM where moto falls short: service-specific credentials, and instances asked for by their profile.

Source: the IAM API reference (``CreateServiceSpecificCredential`` and its neighbours) and botocore's model. The
credentials lie beside moto's user and go with it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend
from moto.ec2.utils import filter_dict_attribute_mapping

from socconsole.drill.clock import host_now
from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

# DescribeInstances has had the filter since there are profiles (EC2 API reference); moto's instances know theirs.
filter_dict_attribute_mapping.setdefault("iam-instance-profile.arn", "iam_instance_profile.Arn")

_SERVICES: Final = ("bedrock.amazonaws.com", "cassandra.amazonaws.com", "codecommit.amazonaws.com")
_EACH: Final = 2
"""Credentials a user may have for one service."""


def _of(user: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = user.__dict__.setdefault("service_specific_credentials", [])
    return found


def _user(call: Call) -> Any:
    """The user of the request; the caller's own where it names none."""
    name = call.params.get("UserName") or call.principal.name
    return get_backend("iam")[call.account]["aws"].get_user(str(name))  # raises NoSuchEntity


def _service(call: Call) -> str:
    service = str(call.params["ServiceName"])
    if service not in _SERVICES:
        message = f"No such service {service} is supported for Service Specific Credentials"
        raise AwsError("NotSupportedService", message, 404)
    return service


@routes.op("iam", "CreateServiceSpecificCredential")
def create(cloud: Cloud, call: Call) -> dict[str, Any]:
    user, service = _user(call), _service(call)
    if sum(one["ServiceName"] == service for one in _of(user)) >= _EACH:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {_EACH}", 409)
    made: dict[str, Any] = {
        "UserName": str(user.name),
        "Status": "Active",
        "ServiceCredentialAlias": f"{user.name}-at-{call.account}",
        "CreateDate": host_now(),
        "ServiceSpecificCredentialId": cloud.ids.access_key("ACCA", "credential", call.n),
        "ServiceName": service,
    }
    if days := call.params.get("CredentialAgeDays"):
        made["ExpirationDate"] = host_now() + timedelta(days=int(days))
    _of(user).append(made)
    secret = cloud.ids.hex("credential-secret", call.n, length=40)
    return {"ServiceSpecificCredential": {**made, "ServiceCredentialSecret": secret}}


@routes.op("iam", "ListServiceSpecificCredentials")
def listed(cloud: Cloud, call: Call) -> dict[str, Any]:
    if call.params.get("AllUsers"):
        users = list(get_backend("iam")[call.account]["aws"].users.values())
    else:
        users = [_user(call)]
    service = _service(call) if call.params.get("ServiceName") else ""
    found = [one for user in users for one in _of(user) if service in ("", one["ServiceName"])]
    return {"ServiceSpecificCredentials": found, "IsTruncated": False}


@routes.op("iam", "UpdateServiceSpecificCredential")
def update(cloud: Cloud, call: Call) -> dict[str, Any]:
    wanted = call.params["ServiceSpecificCredentialId"]
    found = next((one for one in _of(_user(call)) if one["ServiceSpecificCredentialId"] == wanted), None)
    if found is None:
        raise AwsError("NoSuchEntity", f"No such credential {wanted} exists", 404)
    found["Status"] = call.params["Status"]
    return {}
