"""SM-01 to SM-08: what an endpoint's containers can reach, what its role may do, what it keeps of what it is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from socconsole.model.estate.key import Key
from socconsole.model.estate.listed import Listed
from socconsole.model.estate.network import Network
from socconsole.model.estate.roles import Permissions
from socconsole.model.estate.sagemaker import (
    Attached,
    Endpoint,
    EndpointConfig,
    Model,
    Notebook,
    SageMaker,
    Serving,
    TrainingJob,
    Variant,
)
from socconsole.model.estate.storage import Bucket, Storage
from socconsole.model.known import Read, Unread
from socconsole.model.posture import Judged
from socconsole.posture.access import narrow, not_everywhere
from socconsole.posture.check import AnyCheck, Check, Condition, Context, Said, weigh
from socconsole.posture.storage import nobody_from_outside, public_access_blocked
from socconsole.posture.ways import doors
from socconsole.text import Untrusted

_LOCAL_STORAGE: Final = re.compile(r"ml\.([a-z]+\d[a-z]*d[a-z]*|g5|g6e?|gr6|p5(e|en)?|trn1n?|trn2)\.")
"""Instances whose storage is their own, encrypted by their hardware; SageMaker takes no key for it (EC2 User Guide,
"Instance store volumes"; SageMaker API reference, ``ResourceConfig``, ``CreateEndpointConfig``)."""


def _endpoints(context: Context) -> Read[tuple[Listed[Endpoint], ...]]:
    return context.part(SageMaker).endpoints


def _serves(judge: Callable[[Endpoint, Context], Iterable[Condition]]) -> Callable[[Listed[Endpoint], Context], Judged]:
    """A check's function out of the conditions that an endpoint has to meet."""
    return lambda subject, context: weigh(judge(subject.told.get(), context))


# ---- SM-01, SM-02: what its containers can reach


def isolated(endpoint: Endpoint, context: Context) -> Iterator[Condition]:
    """SM-01. Inference components bring models of their own; then the configuration says it for all of them."""
    config = endpoint.config.get()
    for model in endpoint.models:
        yield partial(_isolated_model, model)
    if _has_components(config):
        yield partial(_cut_off, f"the configuration {config.name}", config.isolated)


def _has_components(config: EndpointConfig) -> bool:
    return any(not one.model for one in config.variants) or not config.variants


def _isolated_model(model: Listed[Model]) -> Said:
    return _cut_off(f"the model {model.name}", model.told.get().isolated)


def _cut_off(what: str, isolated: bool) -> Said:
    return Said(isolated, f"{what} {'has' if isolated else 'has no'} network isolation")


def in_private_subnets(endpoint: Endpoint, context: Context) -> Iterator[Condition]:
    """SM-02."""
    config = endpoint.config.get()
    for model in endpoint.models:
        yield partial(_in_vpc, f"the model {model.name}", model.told)
        if not isinstance(model.told, Unread):
            yield from _private(model.told.value.attached, context)
    if _has_components(config):
        yield partial(_in_a_vpc, f"the configuration {config.name}", config.attached)
        yield from _private(config.attached, context)


def _in_vpc(what: str, model: Read[Model]) -> Said:
    return _in_a_vpc(what, model.get().attached)


def _in_a_vpc(what: str, attached: Attached | None) -> Said:
    if attached is None:
        return Said(False, f"{what} is in no VPC: its containers reach the internet past every control of ours")
    return Said(True, f"{what} is in {', '.join(attached.subnets)}")


def _private(attached: Attached | None, context: Context) -> Iterator[Condition]:
    for subnet in attached.subnets if attached else ():
        yield partial(_no_way_in, subnet, context)


def _no_way_in(subnet: str, context: Context) -> Said:
    network = context.part(Network)
    found = doors(network.subnet(subnet).get(), network)
    return Said(not found, f"{subnet} is {'public: it leads to ' + ', '.join(found) if found else 'private'}")


# ---- SM-03: keys


def own_keys(endpoint: Endpoint, context: Context) -> Iterator[Condition]:
    """SM-03."""
    config = endpoint.config.get()
    yield partial(_volumes, [one.instance_type for one in config.variants], config.key, context)
    if config.capture is not None:
        yield partial(own_key, "what it captures is", config.capture.key, context)


def own_key(what: str, key: Key | None, context: Context) -> Said:
    """``what`` with its verb: ``its volumes are``."""
    if key is None:
        return Said(False, f"{what} encrypted with no key of its own")
    account = key.account.get()
    if not account:
        return Said(False, f"{what} encrypted with {key.named}, which AWS manages")
    if account not in context.own_accounts | {context.place.account}:
        return Said(False, f"{what} encrypted with {key.named} of the stranger {account}")
    return Said(True, f"{what} encrypted with {key.named}")


def _volumes(types: Sequence[str], key: Key | None, context: Context) -> Said:
    if key is None and types and all(map(_LOCAL_STORAGE.match, types)):
        return Said(True, f"{', '.join(dict.fromkeys(types))} encrypt their own storage, and take no key")
    return own_key("its volumes are", key, context)


# ---- SM-04: more than one


def redundant(endpoint: Endpoint, context: Context) -> Iterator[Condition]:
    """SM-04."""
    if not endpoint.serving:
        yield lambda: Said(None, "which variants it has AWS does not say")
    for one in endpoint.serving:
        yield partial(_two, one)


def _two(variant: Serving) -> Said:
    if variant.serverless:
        return Said(True, f"{variant.name} is serverless: AWS keeps it in several zones")
    if variant.instances is None:
        return Said(None, f"how many instances {variant.name} has AWS does not say")
    return Said(variant.instances >= 2, f"instances of {variant.name}: {variant.instances}")


# ---- SM-05, SM-06: notebooks and training


def notebook_closed(notebook: Listed[Notebook], context: Context) -> Judged:
    """SM-05."""
    told = notebook.told.get()
    return weigh(
        (
            lambda: Said(not told.internet, f"direct internet access is {'on' if told.internet else 'off'}"),
            lambda: Said(bool(told.subnet), f"it is in {told.subnet or 'no VPC'}"),
            lambda: Said(not told.root, f"its users are {'root' if told.root else 'not root'}"),
            partial(own_key, "its volume is", told.key, context),
            partial(_narrow, told.permissions),
        )
    )


def training_closed(job: Listed[TrainingJob], context: Context) -> Judged:
    """SM-06."""
    return weigh(_training(job.told.get(), context))


def _training(job: TrainingJob, context: Context) -> Iterator[Condition]:
    yield partial(_cut_off, "it", job.isolated)
    yield partial(_encrypted_between, job)
    yield partial(_volumes, job.types, job.volume_key, context)
    if job.permissions is not None:
        yield partial(_narrow, job.permissions)


def _encrypted_between(job: TrainingJob) -> Said:
    if job.instances == 1:
        return Said(True, "it has one instance: nothing passes between several")
    how = "" if job.encrypted_between else "not "
    return Said(job.encrypted_between, f"traffic between its instances is {how}encrypted")


# ---- SM-07: what its roles may do


def least_privilege(endpoint: Endpoint, context: Context) -> Iterator[Condition]:
    """SM-07."""
    if not endpoint.permissions:
        yield lambda: Said(None, "which role it acts with AWS does not say")
    for role in endpoint.permissions:
        yield partial(_narrow, role)
        for action in ("sagemaker:InvokeEndpoint", "s3:GetObject"):
            yield partial(_not_everywhere, role, action)


def _narrow(role: Read[Permissions]) -> Said:
    return narrow(role.get())


def _not_everywhere(role: Read[Permissions], action: str) -> Said:
    return not_everywhere(role.get(), action)


# ---- SM-08: what it keeps


def keeps_safely(endpoint: Endpoint, context: Context) -> Iterator[Condition]:
    """SM-08."""
    config = endpoint.config.get()
    for variant in config.variants:
        yield partial(_no_shell, variant)
        yield partial(_no_dumps, variant)
    kept = dict.fromkeys([*([config.capture.bucket] if config.capture else ()), *config.outputs])
    if not kept:
        yield lambda: Said(True, "it keeps nothing of what it is asked")
    for name in kept:
        yield from closed_bucket(name, context)


def _no_shell(variant: Variant) -> Said:
    return Said(not variant.ssm, f"shells by Systems Manager are {'on' if variant.ssm else 'off'} for {variant.name}")


def _no_dumps(variant: Variant) -> Said:
    if variant.core_dump:
        return Said(False, f"{variant.name} writes its memory to {variant.core_dump} when it crashes")
    return Said(True, f"{variant.name} writes no core dumps")


def closed_bucket(name: str, context: Context) -> Iterator[Condition]:
    """That a bucket in which prompts and answers lie is not public, by S3-01 and S3-02."""
    found = bucket_of(name, context)
    if isinstance(found, Unread):
        yield found.get
        return
    for condition in (*public_access_blocked(found, context), *nobody_from_outside(found, context)):
        yield partial(_of, name, condition)


def _of(name: str, condition: Condition) -> Said:
    said = condition()
    return Said(said.met, f"{name}: {said.words}")


def bucket_of(name: str, context: Context) -> Bucket | Unread:
    """The bucket, if it is one of this account and region."""
    listed = context.part(Storage).buckets
    if isinstance(listed, Unread):
        return listed
    missing = Unread("s3:ListBuckets", Untrusted(f"{name} is not listed: another account's, or of another region"))
    return next((one for one in listed.value if one.name == name), missing)


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("SM-01", _endpoints, _serves(isolated)),
    Check("SM-02", _endpoints, _serves(in_private_subnets)),
    Check("SM-03", _endpoints, _serves(own_keys)),
    Check("SM-04", _endpoints, _serves(redundant)),
    Check("SM-05", lambda context: context.part(SageMaker).notebooks, notebook_closed),
    Check("SM-06", lambda context: context.part(SageMaker).jobs, training_closed),
    Check("SM-07", _endpoints, _serves(least_privilege)),
    Check("SM-08", _endpoints, _serves(keeps_safely)),
)
