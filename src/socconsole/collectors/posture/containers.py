"""Services and single tasks of Amazon ECS, as the checks see them; clusters of Amazon EKS from the file beside.

Facts: a task definition without a network mode has ``bridge``, and where no security group is named it is the VPC's
default one (ECS API reference, ``TaskDefinition``, ``AwsVpcConfiguration``); a service that is being deployed, or has
task sets, runs several definitions (the same, ``Service``).
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeVar

from socconsole.collectors.base import chunks
from socconsole.collectors.egress_marks import Marks
from socconsole.collectors.posture import clusters
from socconsole.collectors.posture.asking import Asking
from socconsole.config import Config
from socconsole.model.estate.containers import Container, Containers, Definition, Workload
from socconsole.model.known import Known, Read, Unread, whole
from socconsole.text import Untrusted, token

_SERVICES_A_CALL: Final = 10
_TASKS_A_CALL: Final = 100
_ARN: Final = 1024
_ACCELERATORS: Final = frozenset({"GPU", "InferenceAccelerator", "NeuronDevice"})

T = TypeVar("T")


async def read(asking: Asking, config: Config) -> Containers:
    """All services, single tasks and clusters. Raises ``AwsTrouble`` as :class:`Asking` does."""
    marks = Marks((), config.egress.llm_tags)
    arns = await asking.all("ecs:ListClusters", {}, lambda page: [str(one) for one in page["clusterArns"]])
    kubernetes = await clusters.read(asking, marks)
    if isinstance(arns, Unread):
        return Containers(arns, arns, kubernetes)
    workloads = _joined(await asking.each(arns.value, lambda one: _workloads(asking, marks, one)))
    return Containers(
        workloads, _joined(await asking.each(arns.value, lambda one: _instances(asking, one))), kubernetes
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """A service, or one task of its own, as ECS describes it."""

    arn: str
    name: str
    tags: tuple[tuple[str, str], ...]
    definitions: tuple[str, ...]
    subnets: tuple[str, ...]
    groups: Read[tuple[str, ...]]
    public: Read[bool]
    target_groups: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    private: tuple[str, ...] = ()


async def _workloads(asking: Asking, marks: Marks, cluster: str) -> Read[tuple[Workload, ...]]:
    runs = _joined([await _services(asking, cluster), await _single(asking, cluster)])
    if isinstance(runs, Unread):
        return runs
    return Known(await asking.each(runs.value, lambda run: _workload(asking, marks, cluster, run)))


async def _instances(asking: Asking, cluster: str) -> Read[tuple[tuple[str, str], ...]]:
    """EC2 instances that are its container instances; machines outside AWS register too, under ids of their own."""
    listed = await asking.all(
        "ecs:ListContainerInstances", {"cluster": cluster}, lambda page: [str(a) for a in page["containerInstanceArns"]]
    )
    if isinstance(listed, Unread):
        return listed

    def understood(answer: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        return tuple(
            (token(cluster, _ARN), token(one["ec2InstanceId"])) for one in _described(answer, "containerInstances")
        )

    async def some(arns: tuple[str, ...]) -> Read[tuple[tuple[str, str], ...]]:
        params = {"cluster": cluster, "containerInstances": list(arns)}
        return await asking.one("ecs:DescribeContainerInstances", params, understood)

    return _joined(await asking.each(chunks(listed.value, _TASKS_A_CALL), some))


async def _workload(asking: Asking, marks: Marks, cluster: str, run: _Run) -> Workload:
    async def one(arn: str) -> Read[Definition]:
        params = {"taskDefinition": arn, "include": ["TAGS"]}
        return await asking.one("ecs:DescribeTaskDefinition", params, _definition)

    definitions = whole(await asking.each(run.definitions, one))
    known = () if isinstance(definitions, Unread) else definitions.value
    names = (run.name, cluster.rpartition("/")[2], *(each.family for each in known))
    tags = (*run.tags, *((key.raw(), value.raw()) for each in known for key, value in each.tags))
    return Workload(
        arn=run.arn,
        name=Untrusted(run.name),
        cluster=token(cluster, _ARN),
        tags=_untrusted(run.tags),
        declared=marks.declares(names, tags),
        definitions=definitions,
        subnets=run.subnets,
        groups=run.groups,
        public=run.public,
        target_groups=run.target_groups,
        private=run.private,
    )


async def _services(asking: Asking, cluster: str) -> Read[tuple[_Run, ...]]:
    listed = await asking.all(
        "ecs:ListServices", {"cluster": cluster}, lambda page: [str(one) for one in page["serviceArns"]]
    )
    if isinstance(listed, Unread):
        return listed

    def understood(answer: dict[str, Any]) -> tuple[_Run, ...]:
        return tuple(_service(one) for one in _described(answer, "services"))

    async def some(arns: tuple[str, ...]) -> Read[tuple[_Run, ...]]:
        params = {"cluster": cluster, "services": list(arns), "include": ["TAGS"]}
        return await asking.one("ecs:DescribeServices", params, understood)

    return _joined(await asking.each(chunks(listed.value, _SERVICES_A_CALL), some))


def _service(one: dict[str, Any]) -> _Run:
    """Everything that it runs now: its own definition, and those of deployments and task sets that go on."""
    runs = [one, *(one.get("deployments") or ()), *(one.get("taskSets") or ())]
    configured = ((each.get("networkConfiguration") or {}).get("awsvpcConfiguration") for each in runs)
    networks: list[dict[str, Any]] = [each for each in configured if each]
    balancers = [each for run in runs for each in run.get("loadBalancers") or ()]
    definitions = _unique(run.get("taskDefinition") for run in runs)
    if not definitions:
        raise ValueError("a service that runs nothing")
    groups: Read[tuple[str, ...]] = Known(
        _unique(group for each in networks for group in each.get("securityGroups") or ())
    )
    if any(not each.get("securityGroups") for each in networks):
        groups = Unread("ecs:DescribeServices", Untrusted("no security group is named: it has its VPC's default one"))
    return _Run(
        arn=token(one["serviceArn"], _ARN),
        name=str(one["serviceName"]),
        tags=_tags(one.get("tags")),
        definitions=definitions,
        subnets=_unique(subnet for each in networks for subnet in each["subnets"]),
        groups=groups,
        public=Known(any(each.get("assignPublicIp") == "ENABLED" for each in networks)),
        target_groups=_unique(arn for each in balancers for arn in _targets(each)),
    )


def _targets(balancer: Mapping[str, Any]) -> Iterator[Any]:
    yield balancer.get("targetGroupArn")
    yield (balancer.get("advancedConfiguration") or {}).get("alternateTargetGroupArn")


async def _single(asking: Asking, cluster: str) -> Read[tuple[_Run, ...]]:
    """Tasks that run without a service, those of one definition together: who tries something out starts these."""
    listed = await asking.all(
        "ecs:ListTasks", {"cluster": cluster}, lambda page: [str(one) for one in page["taskArns"]]
    )
    if isinstance(listed, Unread):
        return listed

    def understood(answer: dict[str, Any]) -> tuple[_Run, ...]:
        tasks = _described(answer, "tasks")
        return tuple(_task(one) for one in tasks if not str(one.get("group") or "").startswith("service:"))

    async def some(arns: tuple[str, ...]) -> Read[tuple[_Run, ...]]:
        params = {"cluster": cluster, "tasks": list(arns), "include": ["TAGS"]}
        return await asking.one("ecs:DescribeTasks", params, understood)

    single = _joined(await asking.each(chunks(listed.value, _TASKS_A_CALL), some))
    if isinstance(single, Unread):
        return single
    alike: dict[tuple[str, ...], list[_Run]] = defaultdict(list)
    for run in single.value:
        alike[run.definitions].append(run)
    return Known(await asking.each(alike.values(), lambda runs: _as_one(asking, runs)))


def _task(one: dict[str, Any]) -> _Run:
    details = [
        (detail.get("name"), detail.get("value"))
        for attached in one.get("attachments") or ()
        for detail in attached.get("details") or ()
    ]
    definition = str(one["taskDefinitionArn"])
    return _Run(
        arn=token(one["taskArn"], _ARN),
        name=definition.rpartition("/")[2],
        tags=_tags(one.get("tags")),
        definitions=(definition,),
        subnets=_unique(value for name, value in details if name == "subnetId"),
        groups=Known(()),
        public=Known(False),
        interfaces=_unique(value for name, value in details if name == "networkInterfaceId"),
        private=_unique(value for name, value in details if name == "privateIPv4Address"),
    )


async def _as_one(asking: Asking, tasks: Sequence[_Run]) -> _Run:
    """ECS names a task's interfaces, but not the groups and public addresses that they have: EC2 does."""
    interfaces = _unique(one for task in tasks for one in task.interfaces)
    groups: Read[tuple[str, ...]] = Known(())
    public: Read[bool] = Known(False)
    if interfaces:
        params = {"NetworkInterfaceIds": list(interfaces)}
        groups = await asking.one("ec2:DescribeNetworkInterfaces", params, _groups)
        public = await asking.one("ec2:DescribeNetworkInterfaces", params, _public)
    return dataclasses.replace(
        tasks[0],
        tags=tuple(dict.fromkeys(tag for task in tasks for tag in task.tags)),
        subnets=_unique(one for task in tasks for one in task.subnets),
        groups=groups,
        public=public,
        interfaces=interfaces,
        private=_unique(one for task in tasks for one in task.private),
    )


def _groups(answer: dict[str, Any]) -> tuple[str, ...]:
    return _unique(group["GroupId"] for one in answer["NetworkInterfaces"] for group in one["Groups"])


def _public(answer: dict[str, Any]) -> bool:
    return any((one.get("Association") or {}).get("PublicIp") for one in answer["NetworkInterfaces"])


def _definition(answer: dict[str, Any]) -> Definition:
    one = answer["taskDefinition"]
    return Definition(
        arn=token(one["taskDefinitionArn"], _ARN),
        family=token(one["family"], 256),
        role=token(one.get("taskRoleArn") or "", _ARN),
        network=token(one.get("networkMode") or "bridge"),
        containers=tuple(_container(each) for each in one["containerDefinitions"]),
        tags=_untrusted(_tags(answer.get("tags"))),
    )


def _container(one: dict[str, Any]) -> Container:
    log = one.get("logConfiguration") or {}
    needs = one.get("resourceRequirements") or ()
    return Container(
        name=token(one["name"], 256),
        image=Untrusted(str(one["image"])),
        ports=tuple(_ports(each) for each in one.get("portMappings") or ()),
        privileged=one.get("privileged") is True,
        read_only=one.get("readonlyRootFilesystem") is True,
        gpu=any(each["type"] in _ACCELERATORS for each in needs),
        environment=tuple(token(each["name"], 256) for each in one.get("environment") or () if each.get("value")),
        log_driver=token(log.get("logDriver") or ""),
        log_target=token((log.get("options") or {}).get("awslogs-group") or "", 512),
    )


def _ports(one: dict[str, Any]) -> tuple[int, int]:
    if said := one.get("containerPortRange"):
        first, _, last = str(said).partition("-")
        return int(first), int(last)
    return int(one["containerPort"]), int(one["containerPort"])


def _described(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """What was asked for, all of it: AWS names in ``failures`` what it could not describe."""
    if answer.get("failures"):
        raise ValueError("not all of them were described")
    found: list[dict[str, Any]] = answer[key]
    return found


def _joined(lists: Iterable[Read[tuple[T, ...]]]) -> Read[tuple[T, ...]]:
    all_ = whole(lists)
    return all_ if isinstance(all_, Unread) else Known(tuple(chain.from_iterable(all_.value)))


def _tags(listed: Iterable[Mapping[str, Any]] | None) -> tuple[tuple[str, str], ...]:
    return tuple((str(one.get("key", "")), str(one.get("value", ""))) for one in listed or ())


def _untrusted(tags: Iterable[tuple[str, str]]) -> tuple[tuple[Untrusted, Untrusted], ...]:
    return tuple((Untrusted(key), Untrusted(value)) for key, value in tags)


def _unique(ids: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(token(one, _ARN) for one in ids if one))
