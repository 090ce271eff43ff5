"""``doctor`` on the alarms of one region: can they be read, and is there a topic for those made from here?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socconsole.cli.checks import Check, fail, ok, warn
from socconsole.cli.exits import Code
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.aws import Door
    from socconsole.config import Config
    from socconsole.model.world import Place

DEADLINE: Final = 10.0


async def look(door: Door, place: Place, area: str) -> list[Check]:
    from socconsole.aws import AwsTrouble
    from socconsole.collectors.alarms import TYPES

    try:
        answer = await door.call(
            place, "cloudwatch:DescribeAlarms", {"AlarmTypes": list(TYPES), "MaxRecords": 100}, deadline=DEADLINE
        )
    except AwsTrouble as trouble:
        said = f"cloudwatch:DescribeAlarms: {trouble.kind}: {clean(trouble.detail, 300)}"
        return [fail(area, said, trouble.remedy, Code.NOT_FRESH)]
    count = len(answer["MetricAlarms"]) + len(answer["CompositeAlarms"])
    more = " or more" if answer.get("NextToken") else ""
    return [ok(area, f"cloudwatch:DescribeAlarms answers: {count}{more}")]


async def topic(door: Door, place: Place, settings: Config) -> list[Check]:
    """Of ``[egress] alarm_topic``: is it there, of this region, and does anybody listen? Nothing where none is set."""
    from socconsole.aws import Absent, AwsTrouble

    if settings.egress.alarm_topic is None:
        return []
    area = f"aws {place.account} {place.region}"
    arn = settings.egress.alarm_topic.replace("${region}", place.region).replace("${account}", place.account)
    if f":sns:{place.region}:" not in arn:
        return [warn(area, f"alarm_topic is of another region: no alarm can be made here ({arn})")]
    try:
        answer = await door.call(place, "sns:GetTopicAttributes", {"TopicArn": arn}, deadline=DEADLINE)
    except AwsTrouble as trouble:
        said = f"alarm_topic {arn}: {trouble.kind}: {clean(trouble.detail, 300)}"
        return [fail(area, said, trouble.remedy, Code.NOT_FRESH)]
    if isinstance(answer, Absent):
        return [warn(area, f"alarm_topic {arn} is not there: no alarm can be made here")]
    if answer["Attributes"].get("SubscriptionsConfirmed") == "0":
        return [warn(area, f"nobody has confirmed a subscription to alarm_topic {arn}: alarms would tell nobody")]
    return [ok(area, f"alarms made here tell {arn}")]
