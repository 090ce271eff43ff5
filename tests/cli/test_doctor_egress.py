"""``doctor`` on alarms: whether they can be read, and whether those made from here would tell anybody."""

from __future__ import annotations

from socconsole.aws import Door
from socconsole.cli import doctor_egress
from socconsole.cli.checks import Level
from socconsole.config import AccountConfig, Config, EgressConfig
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.model.world import Place
from tests.embedded import client


def settings(aws: Embedded, topic: str | None = None) -> Config:
    accounts = tuple(AccountConfig(account=one, regions=aws.regions) for one in aws.accounts)
    return Config(accounts=accounts, share=1.0, egress=EgressConfig(alarm_topic=topic))


async def test_whom_an_alarm_would_tell_is_looked_at(aws: Embedded) -> None:
    place = Place(aws.accounts[0], "eu-central-1")
    client(aws, "sns").create_topic(Name="nobody-listens")
    own = "arn:aws:sns:${region}:${account}:"
    async with Door.open(settings(aws), aws.world, "reader", Mode.READ, "ana") as door:
        (alarms,) = await doctor_egress.look(door, place, "here")
        assert (alarms.level, alarms.what) == (Level.OK, "cloudwatch:DescribeAlarms answers: 5")
        assert await doctor_egress.topic(door, place, settings(aws)) == []
        said = {
            topic: [(each.level, each.what) for each in await doctor_egress.topic(door, place, settings(aws, topic))]
            for topic in (
                f"{own}secops-alerts",
                f"{own}nobody-listens",
                f"{own}missing",
                "arn:aws:sns:us-east-1:111122223333:x",
            )
        }
    levels = [found[0][0] for found in said.values()]
    assert levels == [Level.OK, Level.WARN, Level.WARN, Level.WARN]
    words = [found[0][1] for found in said.values()]
    assert "nobody has confirmed" in words[1]
    assert "is not there" in words[2]
    assert "another region" in words[3]
