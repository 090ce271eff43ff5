"""Trails where moto and AWS differ: what a new one records, where its selectors may be changed, and when that counts.

Source: CloudTrail API reference, ``GetEventSelectors`` and ``PutEventSelectors``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_MOST_BASIC: Final = 5
_DEFAULT: Final = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}


@routes.before("cloudtrail", "StartLogging", "StopLogging", "UpdateTrail", "DeleteTrail")
def before_a_change(cloud: Cloud, call: Call) -> None:
    """What happened before it is recorded as the trail was then."""
    cloud.delivery.look()


def _trail(call: Call) -> Any:
    name = str(call.params["TrailName"])
    home = name.split(":")[3] if name.startswith("arn:") else call.region  # a shadow is asked about by its ARN
    return get_backend("cloudtrail")[call.account][home].get_trail(name)


@routes.op("cloudtrail", "GetEventSelectors")
def get_event_selectors(cloud: Cloud, call: Call) -> dict[str, Any]:
    """A trail has basic selectors or advanced ones, never none: all management events, if nobody said otherwise."""
    trail = _trail(call)
    if trail.advanced_event_selectors:
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": trail.advanced_event_selectors}
    return {"TrailARN": trail.arn, "EventSelectors": trail.event_selectors or [_DEFAULT]}


@routes.op("cloudtrail", "PutEventSelectors")
def put_event_selectors(cloud: Cloud, call: Call) -> dict[str, Any]:
    trail = _trail(call)
    basic, advanced = call.params.get("EventSelectors"), call.params.get("AdvancedEventSelectors")
    if bool(basic) == bool(advanced):
        raise AwsError("InvalidEventSelectorsException", "Give either event selectors or advanced event selectors.")
    if basic and len(basic) > _MOST_BASIC:
        raise AwsError("InvalidEventSelectorsException", "A trail has at most five event selectors.")
    if trail.region_name != call.region:
        raise AwsError("InvalidHomeRegionException", f"The home of the trail is {trail.region_name}.")
    cloud.delivery.look()
    # As AWS returns them: every member of a basic selector has a value.
    trail.event_selectors = [{**_DEFAULT, **one} for one in basic or ()]
    trail.advanced_event_selectors = list(advanced or ())
    kind = "EventSelectors" if basic else "AdvancedEventSelectors"
    return {"TrailARN": trail.arn, kind: trail.event_selectors or trail.advanced_event_selectors}
