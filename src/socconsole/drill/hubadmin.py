"""Security Hub's own switches: the hub, product subscriptions, the aggregator, and what is not here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from socconsole.drill.clock import stamp
from socconsole.drill.errors import AwsError
from socconsole.drill.hubfilters import refuse
from socconsole.drill.hubstore import Aggregator
from socconsole.drill.routes import Call, Routes
from socconsole.drill.securityhub import hub_of

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_OWN_PRODUCTS: Final = ("aws/securityhub", "aws/guardduty", "aws/inspector", "aws/access-analyzer")


@routes.op("securityhub", "EnableSecurityHub")
def enable_security_hub(cloud: Cloud, call: Call) -> dict[str, Any]:
    if cloud.hubs.hub(call.account, call.region) is not None:
        raise AwsError(
            "ResourceConflictException",
            f"Account {call.account} is already subscribed to AWS Security Hub",
            409,
        )
    hub = cloud.hubs.enable(call.account, call.region, cloud.clock.now())
    for product in _OWN_PRODUCTS:  # AWS services' findings are taken from the start
        subscription = f"arn:aws:securityhub:{hub.region}:{hub.account}:product-subscription/{product}"
        hub.products[subscription] = f"arn:aws:securityhub:{hub.region}::product/{product}"
    return {}


@routes.op("securityhub", "DisableSecurityHub")
def disable_security_hub(cloud: Cloud, call: Call) -> dict[str, Any]:
    hub_of(cloud, call)
    cloud.hubs.disable(call.account, call.region)
    return {}


@routes.op("securityhub", "DescribeHub")
def describe_hub(cloud: Cloud, call: Call) -> dict[str, Any]:
    hub = hub_of(cloud, call)
    return {
        "HubArn": hub.arn,
        "SubscribedAt": stamp(hub.subscribed_at),
        "AutoEnableControls": hub.auto_enable_controls,
        "ControlFindingGenerator": "SECURITY_CONTROL",
    }


@routes.op("securityhub", "ListEnabledProductsForImport")
def list_enabled_products(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"ProductSubscriptions": sorted(hub_of(cloud, call).products)}


@routes.op("securityhub", "EnableImportFindingsForProduct")
def enable_import(cloud: Cloud, call: Call) -> dict[str, Any]:
    hub = hub_of(cloud, call)
    product = str(call.params.get("ProductArn", ""))
    if ":product/" not in product:
        raise refuse("Invalid parameter ProductArn")
    subscription = (
        f"arn:aws:securityhub:{hub.region}:{hub.account}:product-subscription/{product.split(':product/')[1]}"
    )
    if subscription in hub.products:
        raise AwsError("ResourceConflictException", "The product is enabled already", 409)
    hub.products[subscription] = product
    return {"ProductSubscriptionArn": subscription}


@routes.op("securityhub", "DisableImportFindingsForProduct")
def disable_import(cloud: Cloud, call: Call) -> dict[str, Any]:
    hub = hub_of(cloud, call)
    if hub.products.pop(str(call.params.get("ProductSubscriptionArn", "")), None) is None:
        raise AwsError("ResourceNotFoundException", "The product is not enabled", 404)
    return {}


# --- cross-region aggregation -----------------------------------------------------------------------------


@routes.op("securityhub", "ListFindingAggregators")
def list_aggregators(cloud: Cloud, call: Call) -> dict[str, Any]:
    hub_of(cloud, call)
    found = cloud.hubs.aggregator(call.account)
    return {"FindingAggregators": [{"FindingAggregatorArn": found.arn}] if found else []}


@routes.op("securityhub", "CreateFindingAggregator")
def create_aggregator(cloud: Cloud, call: Call) -> dict[str, Any]:
    hub = hub_of(cloud, call)
    if cloud.hubs.aggregator(call.account) is not None:
        raise AwsError("LimitExceededException", "Only one finding aggregator an account", 429)
    ident = cloud.ids.uuid("aggregator", call.account)
    found = Aggregator(
        account=call.account,
        home=call.region,
        arn=f"arn:aws:securityhub:{hub.region}:{hub.account}:finding-aggregator/{ident}",
        mode=str(call.params.get("RegionLinkingMode", "")),
        regions=tuple(call.params.get("Regions") or ()),
    )
    _check(found)
    cloud.hubs.set_aggregator(call.account, found)
    return _described(found)


def _check(found: Aggregator) -> None:
    needs = found.mode in ("ALL_REGIONS_EXCEPT_SPECIFIED", "SPECIFIED_REGIONS")
    if not needs and found.mode not in ("ALL_REGIONS", "NO_REGIONS"):
        raise refuse(f"Invalid parameter RegionLinkingMode: {found.mode}")
    if needs != bool(found.regions):
        raise refuse("Invalid parameter Regions: needed by, and only by, the modes with specified regions")


def _described(found: Aggregator) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "FindingAggregatorArn": found.arn,
        "FindingAggregationRegion": found.home,
        "RegionLinkingMode": found.mode,
    }
    if found.regions:
        answer["Regions"] = list(found.regions)
    return answer


def _named(cloud: Cloud, call: Call) -> Aggregator:
    hub_of(cloud, call)
    found = cloud.hubs.aggregator(call.account)
    if found is None or found.arn != call.params.get("FindingAggregatorArn"):
        raise AwsError("ResourceNotFoundException", "The finding aggregator does not exist", 404)
    return found


@routes.op("securityhub", "GetFindingAggregator")
def get_aggregator(cloud: Cloud, call: Call) -> dict[str, Any]:
    return _described(_named(cloud, call))


@routes.op("securityhub", "UpdateFindingAggregator")
def update_aggregator(cloud: Cloud, call: Call) -> dict[str, Any]:
    old = _named(cloud, call)
    new = Aggregator(
        account=old.account,
        home=old.home,
        arn=old.arn,
        mode=str(call.params.get("RegionLinkingMode", "")),
        regions=tuple(call.params.get("Regions") or ()),
    )
    _check(new)
    cloud.hubs.set_aggregator(call.account, new)
    return _described(new)


@routes.op("securityhub", "DeleteFindingAggregator")
def delete_aggregator(cloud: Cloud, call: Call) -> dict[str, Any]:
    _named(cloud, call)
    cloud.hubs.set_aggregator(call.account, None)
    return {}


@routes.op("securityhub", "GetAdministratorAccount")
def get_administrator(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Every account of a drill looks after itself."""
    hub_of(cloud, call)
    return {}


# --- there are no findings of the second version in a drill ----------------------------------------------


@routes.op("securityhub", "GetFindingsV2", "BatchUpdateFindingsV2")
def not_v2(cloud: Cloud, call: Call) -> dict[str, Any]:
    raise AwsError("ResourceNotFoundException", "Security Hub V2 is not enabled for this account", 404)
