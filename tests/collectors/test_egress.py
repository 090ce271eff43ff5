"""Ways out, alarms and meters of the embedded AWS, with the watch's own role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.collectors import alarms, egress_network, egress_stores, metrics
from socconsole.collectors.base import Batch
from socconsole.collectors.egress import Egress
from socconsole.collectors.egress_marks import Marks, holds_data
from socconsole.collectors.egress_network import Network
from socconsole.collectors.metrics import Metrics
from socconsole.config import Config, DatasetConfig, EgressConfig
from socconsole.drill import Embedded
from socconsole.formats import Quarantined
from socconsole.model.egress import AlarmChange, Alarms, AlarmState, EgressPath, PathKind, Paths, Points
from socconsole.model.world import Place
from socconsole.text import Untrusted
from socconsole.triage import ways_out
from socconsole.triage.ways_out import Wanted
from tests.embedded import client

_NAME = Untrusted("nat-0")
CORPUS = "kaufhaus-llm-corpus-prod"
CONFIG = Config(dataset=(DatasetConfig(name="customer-corpus", stores=("*-llm-corpus-*",)),))


async def everything(batches: AsyncIterator[Batch]) -> list[Batch]:
    return [batch async for batch in batches]


async def found(door: Door, place: Place, config: Config = CONFIG) -> Paths:
    (batch,) = await everything(Egress(config).collect(door, place, None))
    (listing,) = batch.listings
    assert isinstance(listing, Paths)
    assert listing.complete == batch.complete
    return listing


def of(listing: Paths, kind: PathKind) -> dict[str, EgressPath]:
    return {path.resource: path for path in listing.paths if path.kind is kind}


async def test_what_can_leave_is_found_with_what_it_belongs_to(aws: Embedded, door: Door, place: Place) -> None:
    listing = await found(door, place)
    assert listing.complete
    (nat,) = of(listing, PathKind.NAT).values()
    (host,) = [path for path in of(listing, PathKind.INSTANCE).values() if "vllm-recs" in path.links]
    assert host.resource in nat.links
    assert "/vpc/llm-hosts" in host.links
    assert host.llm
    assert nat.owner is not None
    buckets = of(listing, PathKind.BUCKET)
    assert buckets[CORPUS].dataset == "customer-corpus"
    assert dict(buckets[CORPUS].dimensions) == {"BucketName": CORPUS, "FilterId": "EntireBucket"}
    assert "kaufhaus-shop-assets" not in buckets
    assert not buckets["kaufhaus-support-transcripts"].dimensions
    again = await found(door, place)
    assert [path.id for path in again.paths] == [path.id for path in listing.paths]


async def test_models_and_endpoints_are_ways_out(aws: Embedded, door: Door) -> None:
    listing = await found(door, Place(aws.accounts[1], "eu-west-1"))
    assert "support-agent" in of(listing, PathKind.SAGEMAKER)
    assert all(path.llm for path in of(listing, PathKind.BEDROCK).values())
    assert of(listing, PathKind.BEDROCK)


async def test_of_several_variants_none_is_taken_for_the_endpoint(aws: Embedded, door: Door, place: Place) -> None:
    maker = client(aws, "sagemaker", place.region)
    role = f"arn:aws:iam::{place.account}:role/model"
    maker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "vllm"})
    for name, variants in (("one", ["all"]), ("two", ["blue", "green"])):
        maker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {"VariantName": each, "ModelName": "m", "InstanceType": "ml.g4dn.xlarge", "InitialInstanceCount": 1}
                for each in variants
            ],
        )
        maker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    endpoints = {path.resource: path for path in await egress_stores.sagemaker(door, place, Marks((), ()))}
    assert dict(endpoints["one"].dimensions) == {"EndpointName": "one", "VariantName": "all"}
    assert not ways_out.meters(endpoints["two"])


async def test_an_address_of_ipv6_that_the_internet_routes_faces_it(place: Place) -> None:
    def host(id_: str, address: str) -> dict[str, Any]:
        return {"InstanceId": id_, "NetworkInterfaces": [{"Ipv6Addresses": [{"Ipv6Address": address}]}]}

    net = Network((host("i-six", "2a05:d014::7"), host("i-own", "fd00:ec2::7")), (), {})
    exposed = [path async for path in egress_network.instances(place, Marks((), ()), net, {})]
    assert [(path.resource, path.links) for path in exposed] == [("i-six", ("2a05:d014::7",))]


async def test_a_half_read_place_says_so_and_declares_nothing_gone(aws: Embedded, door: Door, place: Place) -> None:
    aws.faults.add(service="ec2", op="DescribeNatGateways", kind="denied", times=None)
    (batch,) = await everything(Egress(CONFIG).collect(door, place, None))
    (listing,) = batch.listings
    assert isinstance(listing, Paths)
    assert (batch.complete, listing.complete, batch.progress) == (False, False, (6, 7))
    assert "NAT gateways not read (denied: ec2:DescribeNatGateways)" in batch.detail.raw()
    assert of(listing, PathKind.BUCKET)


@pytest.mark.parametrize(
    ("tags", "holds"),
    [
        ({"classification": "confidential"}, True),
        ({"Data-Classification": "Public", "dataset": "assets"}, False),
        ({"classification": "public", "pii": "yes"}, True),
        ({"pii": "no"}, False),
        ({"training-data": "2026"}, True),
        ({"team": "web"}, False),
        ({}, False),
    ],
    ids=["classified", "public", "public-but-pii", "no-pii", "training", "other", "none"],
)
def test_tags_say_whether_a_bucket_holds_what_matters(tags: dict[str, str], holds: bool) -> None:
    assert holds_data(list(tags.items())) is holds


@pytest.mark.parametrize(
    ("names", "tags", "kind", "llm"),
    [
        (("web",), (), "m7g.large", False),
        (("web",), (), "g5.xlarge", True),
        (("web",), (), "trn1.32xlarge", True),
        (("Prod-LLM-7",), (), "m7g.large", True),
        (("web",), (("app", "recommendations"),), "", True),
    ],
    ids=["plain", "gpu", "trainium", "name", "tag"],
)
def test_an_llm_host_is_told_by_what_it_runs_on_its_name_or_its_tags(
    names: tuple[str, ...], tags: Any, kind: str, llm: bool
) -> None:
    marks = Marks((), (*EgressConfig().llm_tags, "app=recommendations"))
    assert marks.is_llm(names, tags, kind) is llm


async def test_all_alarms_are_listed_with_what_changed(aws: Embedded, door: Door, place: Place) -> None:
    (batch,) = await everything(alarms.collect(door, place, None))
    (listing,) = batch.listings
    assert isinstance(listing, Alarms)
    assert listing.complete
    told = {alarm.name.raw(): alarm for alarm in listing.alarms}
    (composite,) = [alarm for alarm in listing.alarms if alarm.composite]
    assert set(ways_out.children(composite.rule)) <= set(told)
    boto = client(aws, "cloudwatch")
    boto.set_alarm_state(AlarmName="llm-nat-egress", StateValue="ALARM", StateReason="drill")
    (after,) = await everything(alarms.collect(door, place, batch.cursor))
    changes = [one for one in after.records if isinstance(one, AlarmChange) and one.kind == "StateUpdate"]
    assert not any(isinstance(one, Quarantined) for one in after.records)
    assert ("llm-nat-egress", AlarmState.ALARM) in {(one.alarm.name.raw(), one.alarm.state) for one in changes}
    assert {one.alarm.arn for one in changes} <= {alarm.arn for alarm in listing.alarms}


async def test_only_what_was_asked_for_is_read_and_no_answer_is_too_large(
    aws: Embedded, door: Door, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "POINTS", 600)
    listing = await found(door, place)
    (nat,) = of(listing, PathKind.NAT).values()
    now = datetime.now(UTC)
    fine, coarse = ways_out.series(nat)
    whole = datetime.fromtimestamp(int(now.timestamp()) // 300 * 300, UTC)
    asked = [
        Wanted(fine, whole - timedelta(hours=3)),
        *(Wanted(coarse, whole - timedelta(days=1)) for _ in range(3)),  # one more than an answer holds
    ]

    async def wanted(_: Place, __: datetime) -> list[Wanted]:
        return asked

    batches = await everything(Metrics(wanted).collect(door, place, None))
    assert [len(batch.listings) for batch in batches] == [1, 2, 1]
    assert [batch.complete for batch in batches] == [False, False, True]
    first = batches[0].listings[0]
    assert isinstance(first, Points)
    assert first.complete_to is not None
    assert now - first.complete_to < timedelta(minutes=2)
    assert len(first.points) >= 179
    assert all(at.second == 0 for at, _ in first.points)


async def test_a_meter_that_is_denied_is_trouble_and_nothing_wanted_is_none(
    aws: Embedded, door: Door, place: Place
) -> None:
    async def none(_: Place, __: datetime) -> list[Wanted]:
        return []

    async def one(_: Place, now: datetime) -> list[Wanted]:
        nat = ways_out.subject((("NatGatewayId", "nat-0"),))
        assert nat is not None
        path = EgressPath("p-0", nat[0], place, nat[1], name=_NAME, dimensions=(("NatGatewayId", "nat-0"),))
        return [Wanted(ways_out.series(path)[0], now - timedelta(hours=1))]

    aws.faults.add(service="cloudwatch", op="GetMetricData", kind="denied", times=None)
    (batch,) = await everything(Metrics(none).collect(door, place, None))
    assert batch.complete
    with pytest.raises(AwsTrouble) as caught:
        await everything(Metrics(one).collect(door, place, None))
    assert caught.value.kind is Kind.DENIED
