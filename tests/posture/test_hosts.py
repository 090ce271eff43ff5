"""Models on machines of our own: SHS-01 to SHS-09."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole import posture
from socconsole.collectors.egress_marks import accelerated
from socconsole.collectors.posture import containers as reading_containers
from socconsole.collectors.posture import fronts as reading_fronts
from socconsole.collectors.posture import hosts as reading_hosts
from socconsole.collectors.posture.asking import Asking
from socconsole.config import Config
from socconsole.model.estate import Estate
from socconsole.model.estate.containers import Container, Containers, Definition, Workload
from socconsole.model.estate.fronts import Front, Fronts, Path
from socconsole.model.estate.hosts import Host, Hosts, Inventoried, Metadata
from socconsole.model.estate.network import Network, Rule, SecurityGroup, Vpc
from socconsole.model.known import Known, NotRead, Unread
from socconsole.model.posture import Verdict
from socconsole.text import Untrusted
from tests.posture.estate import HOME, OTHER, SEALED, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
DENIED = Unread("ecs:DescribeServices", Untrusted("denied"))


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ("SHS-02", "llm-chat-1", "llm-trial-1"),
        ("SHS-02", "llm-embeddings", "llm-playground"),
        ("SHS-03", "llm-chat-1", "llm-trial-1"),
        ("SHS-03", "llm-embeddings", "llm-playground"),
        ("SHS-04", "llm-chat-1", "llm-trial-1"),
        ("SHS-05", "llm-chat-1", "llm-trial-1"),
        ("SHS-06", "llm-chat-1", "llm-trial-1"),
        ("SHS-07", "llm-embeddings", "llm-playground"),
        ("SHS-08", "llm-inference", "llm-lab"),
        ("SHS-09", "llm-chat-1", "llm-playground"),
    ],
)
async def test_what_passes_what_fails_and_what_cannot_be_read(
    reviewed: Reviewed, check: str, good: str, bad: str
) -> None:
    found, ids = await reviewed.verdicts(check), _ids(reviewed)
    assert (found[ids.get(good, good)], found[ids.get(bad, bad)]) == (PASS, FAIL)
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)


async def test_a_model_that_nobody_declared_fails_its_place(reviewed: Reviewed) -> None:
    assert set((await reviewed.verdicts("SHS-01")).values()) == {PASS}
    shadow, place = await reviewed.results("SHS-01", OTHER), f"{OTHER.account}/{OTHER.region}"
    assert [one.verdict for one in shadow.values()] == [FAIL, FAIL]
    (host,) = set(shadow) - {place}
    assert "opens port 11434" in shadow[host].evidence[0]
    assert host in shadow[place].evidence[0]
    assert set((await reviewed.verdicts("SHS-01", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("SHS-01")


@pytest.mark.parametrize("check", ["SHS-02", "SHS-03", "SHS-09"])
@pytest.mark.parametrize(
    ("denied", "gone"),
    [("ec2:DescribeInstances", ":instance/"), ("ecs:DescribeServices", ":service/"), ("ecs:ListTasks", ":task/")],
)
async def test_where_one_kind_is_not_read_the_other_is_judged_and_the_place_is_unknown(
    reviewed: Reviewed, check: str, denied: str, gone: str
) -> None:
    found = await reviewed.results(check, denied=(denied,))
    assert found[f"{HOME.account}/{HOME.region}"].verdict is UNKNOWN
    assert not [subject for subject in found if gone in subject]
    assert len(found) > 1


def _ids(reviewed: Reviewed) -> dict[str, str]:
    """Names of the instances at home → their ids."""
    pages = [
        page
        for (place, operation, _), answer in reviewed.answers.items()
        if (place, operation) == (HOME, "ec2:DescribeInstances")
        for page in answer
    ]
    instances = [one for page in pages for each in page["Reservations"] for one in each["Instances"]]
    return {tag["Value"]: one["InstanceId"] for one in instances for tag in one.get("Tags", ()) if tag["Key"] == "Name"}


# --- one judgement at a time --------------------------------------------------------------------------------

HOST = Host(
    arn="arn:aws:ec2:eu-central-1:111122223333:instance/i-1",
    id="i-1",
    name=Untrusted("llm"),
    tags=(),
    declared="*llm*",
    type="g5.xlarge",
    accelerated=True,
    image="ami-1",
    vpc="vpc-1",
    subnets=("subnet-1",),
    groups=("sg-1",),
    public=(),
    private=("10.0.0.5",),
    profile="",
    role=Known(""),
    metadata=Metadata(enabled=True, tokens_required=True, hops=1),
    volumes=(),
    cluster="",
)
CONTAINER = Container("server", Untrusted("nginx:1"), ((8443, 8443),), False, True, False, (), "awslogs", "/logs")
WORKLOAD = Workload(
    arn="arn:aws:ecs:eu-central-1:111122223333:service/c/s",
    name=Untrusted("s"),
    cluster="arn:aws:ecs:eu-central-1:111122223333:cluster/c",
    tags=(),
    declared="*llm*",
    definitions=Known((Definition("arn:d", "d", "", "awsvpc", (CONTAINER,), ()),)),
    subnets=("subnet-1",),
    groups=Known(("sg-1",)),
    public=Known(False),
    target_groups=(),
)


def _judged(
    check: str,
    *,
    hosts: tuple[Host, ...] = (),
    workloads: tuple[Workload, ...] = (),
    ingress: tuple[Rule, ...] = (),
    egress: tuple[Rule, ...] = (),
    inventory: tuple[Inventoried, ...] | None = None,
    instances: tuple[tuple[str, str], ...] = (),
    fronts: tuple[Front, ...] = (),
) -> dict[str, Verdict]:
    group = SecurityGroup("arn:sg-1", "sg-1", "vpc-1", ingress, egress)
    vpcs = Known((Vpc("arn:vpc-1", "vpc-1", ("10.0.0.0/20", "2001:db8::/56")),))
    nothing: Known[tuple[Any, ...]] = Known(())
    parts = (
        Hosts(Known(hosts), nothing, nothing, Known(frozenset()), Known("block-all-sharing"), Known(inventory)),
        Containers(Known(workloads), Known(instances), nothing),
        Fronts(Known(fronts)),
        Network(vpcs, nothing, nothing, Known((group,)), nothing, nothing),
    )
    context = posture.Context(Estate(HOME, datetime.now(UTC), parts, 0, ()), Config())
    (one,) = (one for one in posture.CHECKS if one.id == check)
    found: dict[str, Verdict] = {}
    for subject in one.subjects(context).get():
        try:
            found[subject.arn.rpartition("/")[2]] = one.judge(subject, context).verdict
        except NotRead:
            found[subject.arn.rpartition("/")[2]] = UNKNOWN
    return found


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        pytest.param(Rule("tcp", 8000, 8000, "sg-2"), PASS, id="a group"),
        pytest.param(Rule("tcp", 8000, 8000, "10.0.3.0/24"), PASS, id="a subnet"),
        pytest.param(Rule("tcp", 443, 443, "0.0.0.0/0"), PASS, id="another port"),
        pytest.param(Rule("udp", 8000, 8000, "0.0.0.0/0"), PASS, id="another protocol"),
        pytest.param(Rule("tcp", 8000, 8000, "::/0"), FAIL, id="everybody by IPv6"),
        pytest.param(Rule("tcp", 1024, 65535, "0.0.0.0/0"), FAIL, id="a range"),
        pytest.param(Rule("-1", 0, 65535, "128.0.0.0/1"), FAIL, id="half of the internet"),
        pytest.param(Rule("tcp", 8000, 8000, "10.0.0.0/20"), FAIL, id="the whole VPC"),
        pytest.param(Rule("tcp", 8000, 8000, "10.0.0.0/8"), FAIL, id="more than a VPC"),
        pytest.param(Rule("tcp", 8000, 8000, "2001:db8::/56"), FAIL, id="the whole VPC by IPv6"),
        pytest.param(Rule("tcp", 8000, 8000, "52.94.0.0/16"), FAIL, id="a provider's addresses"),
        pytest.param(Rule("tcp", 8000, 8000, "2a05:d018::/36"), FAIL, id="a provider's addresses by IPv6"),
        pytest.param(Rule("tcp", 8000, 8000, "52.94.7.16/29"), PASS, id="an office"),
        pytest.param(Rule("tcp", 8000, 8000, "pl-1"), UNKNOWN, id="a prefix list"),
    ],
)
def test_an_open_port(rule: Rule, verdict: Verdict) -> None:
    assert _judged("SHS-02", hosts=(HOST,), ingress=(rule,)) == {"i-1": verdict}


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        pytest.param(Rule("-1", 0, 65535, "0.0.0.0/0"), FAIL, id="the default"),
        pytest.param(Rule("tcp", 0, 65535, "::/0"), FAIL, id="all of TCP by IPv6"),
        pytest.param(Rule("tcp", 443, 443, "0.0.0.0/0"), PASS, id="one port"),
        pytest.param(Rule("-1", 0, 65535, "10.0.0.0/20"), PASS, id="its own network"),
        pytest.param(Rule("-1", 0, 65535, "pl-1"), UNKNOWN, id="everything to a prefix list"),
        pytest.param(Rule("tcp", 443, 443, "pl-1"), PASS, id="a gateway endpoint"),
    ],
)
def test_what_it_may_send(rule: Rule, verdict: Verdict) -> None:
    assert _judged("SHS-03", hosts=(HOST,), egress=(rule,)) == {"i-1": verdict}


def test_a_container_on_a_bridge_lives_under_the_groups_of_its_instances() -> None:
    bridged = dataclasses.replace(
        WORKLOAD, definitions=Known((Definition("arn:d", "d", "", "bridge", (CONTAINER,), ()),)), groups=Known(())
    )
    plain = dataclasses.replace(HOST, accelerated=False, declared="")
    open_ = (Rule("tcp", 8000, 8000, "0.0.0.0/0"),)
    on_it = ((WORKLOAD.cluster, "i-1"),)
    assert _judged("SHS-02", hosts=(plain,), workloads=(bridged,), ingress=open_, instances=on_it) == {"s": FAIL}
    assert _judged("SHS-02", hosts=(plain,), workloads=(bridged,), instances=on_it) == {"s": PASS}
    assert _judged("SHS-02", hosts=(plain,), workloads=(bridged,)) == {"s": UNKNOWN}
    public = dataclasses.replace(plain, public=("203.0.113.7",))
    assert _judged("SHS-07", hosts=(public,), workloads=(bridged,), instances=on_it) == {"s": FAIL}
    assert _judged("SHS-07", hosts=(plain,), workloads=(bridged,), instances=on_it) == {"s": PASS}
    unnamed = dataclasses.replace(WORKLOAD, groups=DENIED)
    assert _judged("SHS-02", workloads=(unnamed,)) == {"s": UNKNOWN}


def test_the_port_of_the_server_itself_counts() -> None:
    server = dataclasses.replace(CONTAINER, image=Untrusted("registry.example/team/vLLM-openai:v1"))
    serving = dataclasses.replace(WORKLOAD, definitions=Known((Definition("arn:d", "d", "", "awsvpc", (server,), ()),)))
    open_ = (Rule("tcp", 8443, 8443, "0.0.0.0/0"),)
    assert _judged("SHS-02", workloads=(serving,), ingress=open_) == {"s": FAIL}
    assert _judged("SHS-02", workloads=(WORKLOAD,), ingress=open_) == {"s": PASS}


@pytest.mark.parametrize(
    ("metadata", "verdict"),
    [
        pytest.param(Metadata(False, False, 64), PASS, id="off"),
        pytest.param(Metadata(True, True, 2), FAIL, id="two hops, no containers"),
        pytest.param(Metadata(True, False, 1), FAIL, id="no token"),
    ],
)
def test_the_metadata_service(metadata: Metadata, verdict: Verdict) -> None:
    host = dataclasses.replace(HOST, metadata=metadata)
    assert _judged("SHS-04", hosts=(host,)) == {"i-1": verdict}


def test_two_hops_are_for_instances_with_containers() -> None:
    two, three = (dataclasses.replace(HOST, metadata=Metadata(True, True, hops)) for hops in (2, 3))
    on_it = ((WORKLOAD.cluster, "i-1"),)
    assert _judged("SHS-04", hosts=(two,), instances=on_it) == {"i-1": PASS}
    assert _judged("SHS-04", hosts=(dataclasses.replace(two, cluster="eks"),)) == {"i-1": PASS}
    assert _judged("SHS-04", hosts=(three,), instances=on_it) == {"i-1": FAIL}


def test_an_address_fails_whether_or_not_its_role_was_read() -> None:
    host = dataclasses.replace(HOST, public=("203.0.113.7",), role=DENIED)
    assert _judged("SHS-05", hosts=(host,)) == {"i-1": FAIL}


def test_a_volume_that_is_not_listed_is_not_encrypted_for_all_we_know() -> None:
    assert _judged("SHS-06", hosts=(dataclasses.replace(HOST, volumes=("vol-1",)),)) == {"i-1": UNKNOWN}


def test_what_shows_a_model() -> None:
    plain = dataclasses.replace(HOST, accelerated=False, declared="")
    assert _judged("SHS-01", hosts=(plain,)) == {"eu-central-1": PASS}
    assert _judged("SHS-01", hosts=(dataclasses.replace(plain, accelerated=True),))["i-1"] is FAIL
    common, own = (Rule("tcp", port, port, "10.0.3.0/24") for port in (8080, 11434))
    assert _judged("SHS-01", hosts=(plain,), ingress=(common,)) == {"eu-central-1": PASS}
    assert _judged("SHS-01", hosts=(plain,), ingress=(own,))["i-1"] is FAIL
    on_disk = Inventoried(HOST.arn, "AWS::EC2::Instance", Untrusted("x"), "", (Untrusted("model/pkg:x"),))
    assert _judged("SHS-01", hosts=(plain,), inventory=(on_disk,))["i-1"] is FAIL
    image = dataclasses.replace(on_disk, arn="arn:aws:ecr:eu-central-1:111122223333:repository/x")
    assert _judged("SHS-01", hosts=(plain,), inventory=(image,)) == {"x": FAIL, "eu-central-1": FAIL}
    assert _judged("SHS-01", hosts=(plain,), inventory=()) == {"eu-central-1": PASS}
    assert [accelerated(one) for one in ("p6-b200.48xlarge", "g4dn.xlarge", "m7i.large", "t3.micro")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_what_runs_was_not_read() -> None:
    hidden = dataclasses.replace(WORKLOAD, declared="", definitions=DENIED)
    assert _judged("SHS-07", workloads=(hidden,)) == {"s": UNKNOWN}
    assert _judged("SHS-01", workloads=(hidden,)) == {"eu-central-1": UNKNOWN}


@pytest.mark.parametrize("name", ["HF_TOKEN", "VLLM_API_KEY", "AWS_SECRET_ACCESS_KEY", "db_password"])
def test_a_secret_in_plain_text(name: str) -> None:
    container = dataclasses.replace(CONTAINER, environment=("MAX_BATCH_TOKENS", name))
    one = dataclasses.replace(WORKLOAD, definitions=Known((Definition("arn:d", "d", "", "awsvpc", (container,), ()),)))
    assert _judged("SHS-07", workloads=(one,)) == {"s": FAIL}


def test_every_path_has_to_ask() -> None:
    asks, open_ = (Path(f"arn:rule-{how}", "lb", "HTTPS", 443, how) for how in ("jwt-validation", ""))
    front = Front("arn:tg", ("arn:lb",), Known(False), Known(("10.0.0.5",)), Known((asks, open_)))
    assert _judged("SHS-09", hosts=(HOST,), fronts=(front,)) == {"i-1": FAIL}
    assert _judged("SHS-09", hosts=(HOST,), fronts=(dataclasses.replace(front, paths=Known((asks,))),)) == {"i-1": PASS}
    assert _judged("SHS-09", hosts=(HOST,), fronts=(dataclasses.replace(front, paths=Known(())),)) == {"i-1": UNKNOWN}
    assert _judged("SHS-09", hosts=(HOST,), fronts=(dataclasses.replace(front, targets=Known(("i-2",))),)) == {}


# --- what AWS answers ---------------------------------------------------------------------------------------


class Door:
    """Answers by operation."""

    def __init__(self, answers: Mapping[str, dict[str, Any]]) -> None:
        self.answers = answers

    async def call(self, place: object, operation: str, params: object) -> dict[str, Any]:
        return self.answers[operation]

    async def pages(self, place: object, operation: str, params: object) -> AsyncIterator[dict[str, Any]]:
        yield self.answers[operation]


@pytest.mark.parametrize(
    ("action", "listener", "asks"),
    [
        ({"Type": "jwt-validation"}, {}, "jwt-validation"),
        ({"Type": "authenticate-oidc", "AuthenticateOidcConfig": {}}, {}, "authenticate-oidc"),
        ({"Type": "authenticate-oidc", "AuthenticateOidcConfig": {"OnUnauthenticatedRequest": "allow"}}, {}, ""),
        ({"Type": "fixed-response"}, {"MutualAuthentication": {"Mode": "verify"}}, "a client certificate"),
        ({"Type": "fixed-response"}, {"MutualAuthentication": {"Mode": "passthrough"}}, ""),
    ],
    ids=["jwt", "oidc", "oidc that lets everybody through", "mTLS", "mTLS that only tells"],
)
async def test_how_a_rule_asks_who_comes(action: dict[str, Any], listener: dict[str, Any], asks: str) -> None:
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "tg", "Weight": 1}]}}
    heard = {"ListenerArn": "l", "Protocol": "HTTPS", "Port": 443, "DefaultActions": [forward], **listener}
    door = Door(
        {
            "elbv2:DescribeTargetGroups": {"TargetGroups": [{"TargetGroupArn": "tg", "LoadBalancerArns": ["lb"]}]},
            "elbv2:DescribeLoadBalancers": {"LoadBalancers": [{"LoadBalancerArn": "lb", "LoadBalancerName": "n"}]},
            "elbv2:DescribeListeners": {"Listeners": [heard]},
            "elbv2:DescribeRules": {"Rules": [{"RuleArn": "r", "Actions": [action, forward]}]},
            "elbv2:DescribeTargetHealth": {"TargetHealthDescriptions": []},
        }
    )
    (front,) = (await reading_fronts.read(Asking(door, HOME), Config())).fronts.get()
    assert [path.asks for path in front.paths.get()] == [asks]


async def test_a_model_whose_host_is_not_counted_is_a_resource_of_its_own() -> None:
    ai = {"ResourceCategory": "AI/ML", "DiscoveryType": "SelfHosted", "ResourceTags": [{"Key": "app", "Value": "llm"}]}
    model = {**ai, "ResourceId": "m-1", "ResourceType": "SelfHosted::AI::Model", "ResourceName": "llama"}
    caller = {**ai, "ResourceId": "e-1", "ResourceType": "SelfHosted::AI::ExternalEndpoint"}

    class Inventory(Door):
        async def pages(self, place: object, operation: str, params: Any) -> AsyncIterator[dict[str, Any]]:
            if operation == "securityhub:GetResourcesV2":
                hosts = len(params["Filters"]["CompositeFilters"]) == 2
                yield {"Resources": [] if hosts else [model, caller]}
            else:
                yield {"Reservations": [], "Volumes": [], "Snapshots": []}

    door = Inventory(
        {
            "securityhub:DescribeSecurityHubV2": {"HubV2Arn": "arn"},
            "ec2:GetSnapshotBlockPublicAccessState": {"State": "unblocked"},
        }
    )
    found = (await reading_hosts.read(Asking(door, HOME), Config())).inventory.get()
    assert found is not None
    assert [(one.arn, one.declared) for one in found] == [("m-1", "*llm*")]


async def test_services_that_were_described_in_part_were_not_read() -> None:
    door = Door(
        {
            "ecs:ListClusters": {"clusterArns": ["arn:aws:ecs:eu-central-1:111122223333:cluster/c"]},
            "ecs:ListServices": {"serviceArns": ["s1", "s2"]},
            "ecs:DescribeServices": {"services": [], "failures": [{"arn": "s2", "reason": "MISSING"}]},
            "ecs:ListTasks": {"taskArns": []},
            "ecs:ListContainerInstances": {"containerInstanceArns": []},
            "eks:ListClusters": {"clusters": []},
        }
    )
    found = await reading_containers.read(Asking(door, HOME), Config())
    assert isinstance(found.workloads, Unread)
    assert found.clusters.get() == ()
