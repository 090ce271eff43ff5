"""Endpoints with their configurations and models, notebooks, and the training jobs that run now.

Facts (SageMaker API reference): ``EnableNetworkIsolation``, ``EnableSSMAccess`` and
``EnableInterContainerTrafficEncryption`` are off where they are not said; ``EnableCapture`` is on; without
``InitialInstanceCount`` a variant is serverless, takes from pools, or scales by itself.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.listed import Named, Tags, attempt, described, each_described, key, pairs
from socconsole.collectors.posture.roles import permissions
from socconsole.config import Config
from socconsole.model.estate.listed import Listed
from socconsole.model.estate.roles import Permissions
from socconsole.model.estate.sagemaker import (
    Attached,
    Capture,
    Endpoint,
    EndpointConfig,
    Model,
    Notebook,
    SageMaker,
    Serving,
    TrainingJob,
    Variant,
)
from socconsole.model.known import Read, Unread
from socconsole.text import Untrusted, token


async def read(asking: Asking, config: Config) -> SageMaker:
    """Everything of SageMaker. Raises ``AwsTrouble`` as :class:`Asking` does."""
    endpoints = await asking.all("sagemaker:ListEndpoints", {}, partial(_named, "Endpoints", "Endpoint"))
    notebooks = await asking.all(
        "sagemaker:ListNotebookInstances", {}, partial(_named, "NotebookInstances", "NotebookInstance")
    )
    running = {"StatusEquals": "InProgress"}
    jobs = await asking.all(
        "sagemaker:ListTrainingJobs", running, partial(_named, "TrainingJobSummaries", "TrainingJob")
    )
    return SageMaker(
        endpoints=await described(asking, endpoints, partial(_endpoint, asking)),
        notebooks=await described(asking, notebooks, partial(_notebook, asking)),
        jobs=await described(asking, jobs, partial(_job, asking)),
    )


def _named(result: str, what: str, page: dict[str, Any]) -> list[Named]:
    return [(str(one[f"{what}Arn"]), str(one[f"{what}Name"])) for one in page[result]]


# --- endpoints --------------------------------------------------------------------------------------------


async def _endpoint(asking: Asking, arn: str, name: str) -> Endpoint:
    """Raises ``NotRead``."""
    status, configured, serving = (
        await asking.one("sagemaker:DescribeEndpoint", {"EndpointName": name}, _status)
    ).get()
    config = await attempt(_config(asking, configured))
    models: tuple[Listed[Model], ...] = ()
    roles: list[Read[Permissions]] = []
    if isinstance(config, Unread):
        roles.append(config)
    else:
        wanted = dict.fromkeys(name for one in config.value.variants for name in (one.model, *one.overrides) if name)
        models = await each_described(
            asking, [(_model_arn(asking, one), one) for one in wanted], partial(_model, asking)
        )
        roles += [one.told for one in models if isinstance(one.told, Unread)]
        acting = [config.value.role, *(one.told.value.role for one in models if not isinstance(one.told, Unread))]
        roles += await asking.each(dict.fromkeys(filter(None, acting)), partial(permissions, asking))
    return Endpoint(status, serving, config, models, tuple(roles), await _tags(asking, arn))


def _model_arn(asking: Asking, name: str) -> str:
    """Names are in lower case there, as in those that SageMaker itself gives."""
    return f"arn:aws:sagemaker:{asking.place.region}:{asking.place.account}:model/{name.lower()}"


def _status(answer: dict[str, Any]) -> tuple[str, str, tuple[Serving, ...]]:
    variants = [_serving(one) for one in answer.get("ProductionVariants") or ()]
    return token(answer["EndpointStatus"]), str(answer["EndpointConfigName"]), tuple(variants)


def _serving(one: dict[str, Any]) -> Serving:
    count = one.get("DesiredInstanceCount")
    serverless = "CurrentServerlessConfig" in one or "DesiredServerlessConfig" in one
    return Serving(token(one["VariantName"]), None if count is None else int(count), serverless)


async def _config(asking: Asking, name: str) -> EndpointConfig:
    """Raises ``NotRead``."""
    asked = {"EndpointConfigName": name}
    config, volumes, captured = (await asking.one("sagemaker:DescribeEndpointConfig", asked, _configured)).get()
    capture = config.capture and replace(config.capture, key=await key(asking, captured))
    return replace(config, key=await key(asking, volumes), capture=capture)


def _configured(answer: dict[str, Any]) -> tuple[EndpointConfig, str | None, str | None]:
    """The configuration, and the names of the keys of its volumes and of what it captures."""
    capture: dict[str, Any] = answer.get("DataCaptureConfig") or {}
    on = bool(capture) and capture.get("EnableCapture") is not False
    outputs = (answer.get("AsyncInferenceConfig") or {}).get("OutputConfig") or {}
    config = EndpointConfig(
        arn=token(answer["EndpointConfigArn"], 256),
        name=token(answer["EndpointConfigName"]),
        variants=tuple(
            _variant(one) for one in (*answer["ProductionVariants"], *(answer.get("ShadowProductionVariants") or ()))
        ),
        key=None,
        capture=Capture(_bucket(capture["DestinationS3Uri"]), None) if on else None,
        outputs=tuple(_bucket(outputs[one]) for one in ("S3OutputPath", "S3FailurePath") if outputs.get(one)),
        role=token(answer.get("ExecutionRoleArn") or "", 1024),
        attached=_attached(answer.get("VpcConfig")),
        isolated=answer.get("EnableNetworkIsolation") is True,
    )
    return config, answer.get("KmsKeyId"), capture.get("KmsKeyId")


def _variant(one: dict[str, Any]) -> Variant:
    pools = [each.get("ModelNameOverride") for each in one.get("InstancePools") or ()]
    return Variant(
        name=token(one["VariantName"]),
        instance_type=token(one.get("InstanceType") or ""),
        serverless="ServerlessConfig" in one,
        ssm=one.get("EnableSSMAccess") is True,
        core_dump=token(one["CoreDumpConfig"]["DestinationS3Uri"], 256) if one.get("CoreDumpConfig") else "",
        model=token(one.get("ModelName") or ""),
        overrides=tuple(dict.fromkeys(token(name) for name in pools if name)),
    )


async def _model(asking: Asking, arn: str, name: str) -> Model:
    """Raises ``NotRead``."""
    return (await asking.one("sagemaker:DescribeModel", {"ModelName": name}, _modelled)).get()


def _modelled(answer: dict[str, Any]) -> Model:
    primary = answer.get("PrimaryContainer")
    containers: list[dict[str, Any]] = [*([primary] if primary else ()), *(answer.get("Containers") or ())]
    sources = [((one.get("ModelDataSource") or {}).get("S3DataSource") or {}).get("S3Uri") for one in containers]
    data = [*(one.get("ModelDataUrl") for one in containers), *sources]
    return Model(
        image=Untrusted(next((str(one["Image"]) for one in containers if one.get("Image")), "")),
        data=tuple(dict.fromkeys(token(uri, 1024) for uri in data if uri)),
        role=token(answer.get("ExecutionRoleArn") or "", 1024),
        attached=_attached(answer.get("VpcConfig")),
        isolated=answer.get("EnableNetworkIsolation") is True,
    )


# --- notebooks and training -------------------------------------------------------------------------------


async def _notebook(asking: Asking, arn: str, name: str) -> Notebook:
    """Raises ``NotRead``."""
    asked = {"NotebookInstanceName": name}
    notebook, volume = (await asking.one("sagemaker:DescribeNotebookInstance", asked, _worked_in)).get()
    return replace(notebook, key=await key(asking, volume), permissions=await permissions(asking, notebook.role))


def _worked_in(answer: dict[str, Any]) -> tuple[Notebook, str | None]:
    notebook = Notebook(
        status=token(answer["NotebookInstanceStatus"]),
        internet={"Enabled": True, "Disabled": False}[answer["DirectInternetAccess"]],
        subnet=token(answer.get("SubnetId") or ""),
        groups=tuple(token(one) for one in answer.get("SecurityGroups") or ()),
        root={"Enabled": True, "Disabled": False}[answer["RootAccess"]],
        key=None,
        role=token(answer["RoleArn"], 1024),
        permissions=_UNASKED,
    )
    return notebook, answer.get("KmsKeyId")


async def _job(asking: Asking, arn: str, name: str) -> TrainingJob:
    """Raises ``NotRead``."""
    job, volume = (await asking.one("sagemaker:DescribeTrainingJob", {"TrainingJobName": name}, _trained)).get()
    allowed = await permissions(asking, job.role) if job.role else None
    return replace(job, volume_key=await key(asking, volume), permissions=allowed)


def _trained(answer: dict[str, Any]) -> tuple[TrainingJob, str | None]:
    """A serverless job has no ``ResourceConfig``."""
    resources: dict[str, Any] = answer.get("ResourceConfig") or {}
    groups = [*(resources.get("InstanceGroups") or ()), *([resources] if resources.get("InstanceType") else ())]
    counts = [one.get("InstanceCount") for one in groups]
    job = TrainingJob(
        isolated=answer.get("EnableNetworkIsolation") is True,
        encrypted_between=answer.get("EnableInterContainerTrafficEncryption") is True,
        instances=sum(counts) if counts and None not in counts else None,
        types=tuple(token(one["InstanceType"]) for one in groups),
        attached=_attached(answer.get("VpcConfig")),
        volume_key=None,
        role=token(answer.get("RoleArn") or "", 1024),
        permissions=None,
    )
    return job, resources.get("VolumeKmsKeyId")


# --- what they share --------------------------------------------------------------------------------------

_UNASKED = Unread("iam:GetRole", Untrusted("not asked"))


def _attached(said: dict[str, Any] | None) -> Attached | None:
    if not said:
        return None
    return Attached(tuple(token(one) for one in said["Subnets"]), tuple(token(one) for one in said["SecurityGroupIds"]))


def _bucket(uri: str) -> str:
    """``s3://bucket/prefix`` → ``bucket``; anything else stays as it is, and is the name of none."""
    return token(uri.removeprefix("s3://").partition("/")[0] if uri.startswith("s3://") else uri, 256)


async def _tags(asking: Asking, arn: str) -> Read[Tags]:
    """All of them: a resource has at most 50, which is the smallest page (SageMaker API reference, ``ListTags``)."""

    def understand(answer: dict[str, Any]) -> Tags:
        if answer.get("NextToken"):
            raise ValueError("more tags than a resource can have")
        return pairs(answer["Tags"])

    return await asking.one("sagemaker:ListTags", {"ResourceArn": arn}, understand)
