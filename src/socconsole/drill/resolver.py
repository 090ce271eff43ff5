"""Route 53 Resolver's query logs where moto and AWS differ: an association takes a while, and can be ended.

Source: Route 53 Resolver API reference, ``AssociateResolverQueryLogConfig``, ``DisassociateResolverQueryLogConfig``,
``DeleteResolverQueryLogConfig`` and the statuses in the service model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

ASSOCIATION_SECONDS: Final = 20.0
"""Story seconds until queries are logged, or are not any more."""


def _backend(call: Call) -> Any:
    return get_backend("route53resolver")[call.account][call.region]


@routes.after("route53resolver", "AssociateResolverQueryLogConfig")
def creating(cloud: Cloud, call: Call) -> None:
    association = _association(call)

    def active() -> None:
        association.status = "ACTIVE"

    association.status = "CREATING"
    cloud.slow.begin(call, ASSOCIATION_SECONDS, active)


@routes.op("route53resolver", "DisassociateResolverQueryLogConfig")
def disassociate(cloud: Cloud, call: Call) -> dict[str, Any]:
    backend, association = _backend(call), _association(call)
    association.status = "DELETING"

    def gone() -> None:
        if backend.resolver_query_log_config_associations.pop(association.id, None) is not None:
            backend.resolver_query_log_configs[association.resolver_query_log_config_id].association_count -= 1

    cloud.slow.begin(call, ASSOCIATION_SECONDS, gone)
    return {"ResolverQueryLogConfigAssociation": association.description()}


def _association(call: Call) -> Any:
    config, vpc = call.params["ResolverQueryLogConfigId"], call.params["ResourceId"]
    found = _backend(call).resolver_query_log_config_associations.values()
    for one in found:
        if (one.resolver_query_log_config_id, one.resource_id) == (config, vpc):
            return one
    raise AwsError("ResourceNotFoundException", f"{vpc} is not associated with {config}")
