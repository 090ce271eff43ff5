"""Endpoints of SageMaker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from socconsole.model.endpoint import Endpoint, EndpointKind
from socconsole.model.estate.listed import Listed
from socconsole.model.estate.network import Network
from socconsole.model.estate.sagemaker import Attached, EndpointConfig, SageMaker
from socconsole.model.estate.sagemaker import Endpoint as Served
from socconsole.model.known import Known, NotRead, Read, Unread
from socconsole.posture import ways
from socconsole.posture.check import Context
from socconsole.posture.inventory.made import bucket_arn, made, may_read, together, value
from socconsole.text import Untrusted, clean

OWN_NETWORK: Final = "the internet, by SageMaker's own network"
"""Where containers are in no VPC (SageMaker Developer Guide, "Give SageMaker AI hosted endpoints access to resources
in your Amazon VPC")."""


def endpoints(context: Context) -> Iterator[Endpoint]:
    for one in value(context.part(SageMaker).endpoints):
        yield _endpoint(context, one)


def _endpoint(context: Context, one: Listed[Served]) -> Endpoint:
    if isinstance(one.told, Unread):
        why = one.told
        return made(context, EndpointKind.SAGEMAKER, one.arn, one.name, reads=why, sends=why, logs=why)
    told = one.told.value
    config = told.config.value if isinstance(told.config, Known) else None
    models = [model.told.value for model in told.models if isinstance(model.told, Known)]
    homes = [each for each in (*(model.attached for model in models), config and config.attached) if each]
    roles = [*dict.fromkeys(filter(None, (*(model.role for model in models), config.role if config else "")))]
    images = [*dict.fromkeys(clean(model.image, 200) for model in models if model.image)]
    unread = next(
        (each for each in (told.config, *(model.told for model in told.models)) if isinstance(each, Unread)), None
    )
    return made(
        context,
        EndpointKind.SAGEMAKER,
        one.arn,
        one.name,
        model=Untrusted(", ".join(images)) if images else None,
        role=roles[0] if roles else "",
        subnets=[subnet for home in homes for subnet in home.subnets],
        groups=tuple(dict.fromkeys(group for home in homes for group in home.groups)),
        reads=unread or may_read(told.permissions),
        sends=_sends(told, context.part(Network)),
        logs=told.config if isinstance(told.config, Unread) else Known(tuple(_kept(told.config.value))),
        tags=value(told.tags),
        parts=[
            *roles,
            *(model.arn for model in told.models),
            *(bucket_arn(uri) for model in models for uri in model.data),
            *(_parts(config) if config else ()),
        ],
    )  # fmt: skip


def _parts(config: EndpointConfig) -> Iterator[str]:
    yield config.arn
    yield config.key.named if config.key else ""
    yield from _kept(config)
    yield from (bucket_arn(variant.core_dump) for variant in config.variants)


def _kept(config: EndpointConfig) -> Iterator[str]:
    """Buckets that requests and answers are written to."""
    if config.capture is not None:
        yield bucket_arn(config.capture.bucket)
    yield from map(bucket_arn, config.outputs)


def _sends(told: Served, network: Network) -> Read[tuple[str, ...]]:
    """By all of its models, and by its configuration where inference components bring models of their own."""
    try:
        config = told.config.get()
        models = [model.told.get() for model in told.models]
    except NotRead as trouble:
        return trouble.unread
    homes = [(model.attached, model.isolated) for model in models]
    if not models or any(not variant.model for variant in config.variants):
        homes.append((config.attached, config.isolated))
    return together(_ways(attached, isolated, network) for attached, isolated in homes)


def _ways(attached: Attached | None, isolated: bool, network: Network) -> Read[tuple[str, ...]]:
    if isolated:
        return Known((ways.NONE,))
    return Known((OWN_NETWORK,)) if attached is None else ways.sends(attached.subnets, network)
