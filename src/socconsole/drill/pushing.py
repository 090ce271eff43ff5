"""Push in a drill: what ``deploy/push.json`` makes, in every account and Region of the scenario.

The first account's home Region has the queue; the others hand their events on to its bus. Trails that deliver into a
bucket of that account and Region are announced.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from socconsole.aws.push_template import template
from socconsole.drill import exposure, roles, stack
from socconsole.drill.stack import Stack

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud
    from socconsole.drill.scenario import Scenario

NAME = "socconsole-push"


@dataclass(frozen=True, slots=True)
class Installed:
    """What ``[push]`` of a configuration has to say of it, but for the host that answers."""

    account: str
    region: str
    trail_buckets: tuple[str, ...]

    def table(self, port: int) -> dict[str, Any]:
        """The whole table, as JSON has it."""
        return {**asdict(self), "queue_url": f"http://127.0.0.1:{port}/{self.account}/{NAME}"}


def install(cloud: Cloud, scenario: Scenario) -> Installed:
    """Into the scenario's first account and Region. Part of the estate: no trail sees it made."""
    home, region = next(iter(cloud.accounts)), scenario.regions[0]
    bucket = trail_bucket(cloud, home, region)
    others = [account for account in cloud.accounts if account != home]
    parameters = {"TrailBucket": bucket, "Account": next(iter(others), "")}
    here = _stack(cloud, home, region, parameters)
    for account in cloud.accounts:
        for place in scenario.regions:
            if (account, place) != (home, region):
                _stack(cloud, account, place, {"Bus": here.outputs["BusArn"]})
    if bucket:
        announced = {
            "TopicArn": here.outputs["TopicArn"],
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".json.gz"}]}},
        }
        asked = {"Bucket": bucket, "NotificationConfiguration": {"TopicConfigurations": [announced]}}
        cloud.hands.call(roles.builder_key(home), region, "s3:PutBucketNotificationConfiguration", asked)
    cloud.estate_done = cloud.journal.head
    return Installed(home, region, (bucket,) if bucket else ())


def trail_bucket(cloud: Cloud, home: str, region: str) -> str:
    """The bucket of this account and Region that a trail of any account delivers to; empty for none."""
    for account in cloud.accounts:
        for backend in list(get_backend("cloudtrail")[account].values()):
            for trail in backend.trails.values():
                name = str(trail.bucket_name)
                bucket = exposure.bucket_of(name)
                if bucket is not None and (exposure.owner_of(name), bucket.region_name) == (home, region):
                    return name
    return ""


def _stack(cloud: Cloud, account: str, region: str, parameters: dict[str, str]) -> Stack:
    def call(operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return cloud.hands.call(roles.builder_key(account), region, operation, params)

    return stack.create(template(), parameters, Stack(account, region, NAME), call)
