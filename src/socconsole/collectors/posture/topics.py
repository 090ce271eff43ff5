"""Who hears an alarm: the SNS topics that alarms of the place tell, and how many confirmed that they want to hear.

Facts (SNS API reference): ``GetTopicAttributes`` counts confirmed subscriptions; a topic has to be asked in its own
Region, and one of another account answers only where its policy lets us ask.
"""

from __future__ import annotations

from typing import Any

from socconsole.aws import Absent
from socconsole.collectors.posture.asking import Asking
from socconsole.config import Config
from socconsole.model.estate.alarms import Topic, Topics
from socconsole.model.known import Known, Unread
from socconsole.text import token


async def read(asking: Asking, config: Config) -> Topics:
    """Raises ``AwsTrouble`` as :class:`Asking` does."""
    kinds = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    told = await asking.all("cloudwatch:DescribeAlarms", kinds, _topics)
    if isinstance(told, Unread):
        return Topics(told)

    async def one(arn: str) -> Topic:
        found = await asking.one("sns:GetTopicAttributes", {"TopicArn": arn}, _confirmed, region=arn.split(":")[3])
        return Topic(token(arn, 256), found)

    return Topics(Known(await asking.each(sorted(set(told.value)), one)))


def _topics(page: dict[str, Any]) -> list[str]:
    alarms = [*(page.get("MetricAlarms") or ()), *(page.get("CompositeAlarms") or ())]
    actions = (str(action) for one in alarms for action in one.get("AlarmActions") or ())
    return [action for action in actions if action.split(":")[2:3] == ["sns"] and action.count(":") == 5]


def _confirmed(answer: dict[str, Any]) -> int | None:
    return None if isinstance(answer, Absent) else int(answer["Attributes"]["SubscriptionsConfirmed"])
