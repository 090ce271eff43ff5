"""SageMaker of a place: what serves models, where people work on them, and what trains them now."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.estate.key import Key
from socconsole.model.estate.listed import Listed
from socconsole.model.estate.roles import Permissions
from socconsole.model.known import Read
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class Attached:
    """Where in a VPC something has its network interfaces."""

    subnets: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    image: Untrusted
    """Of its first container; empty for a model package."""
    data: tuple[str, ...]
    """S3 URIs of its artefacts; tokens."""
    role: str
    """ARN; empty without one."""
    attached: Attached | None
    isolated: bool
    """Its containers can make no calls outwards, not even to AWS."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Of an endpoint's configuration; shadow variants too."""

    name: str
    instance_type: str
    """Empty where it is serverless or takes from several pools."""
    serverless: bool
    ssm: bool
    """A shell on its instances can be opened by Systems Manager."""
    core_dump: str
    """S3 URI that its processes' memory is written to when they crash; token; empty for none."""
    model: str
    """Name; empty where it names none: inference components bring theirs."""
    overrides: tuple[str, ...] = ()
    """Names of models that some of its instance pools serve instead."""


@dataclass(frozen=True, slots=True)
class Capture:
    """What is asked and answered is kept in a bucket."""

    bucket: str
    """Token."""
    key: Key | None
    """None: Amazon S3's own encryption."""


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    arn: str
    name: str
    variants: tuple[Variant, ...]
    key: Key | None
    """Of the instances' volumes; None: one of AWS's own."""
    capture: Capture | None
    """None: nothing is captured."""
    outputs: tuple[str, ...]
    """Buckets that asynchronous answers are written to."""
    role: str
    """Of inference components; empty without them."""
    attached: Attached | None
    isolated: bool
    """Of inference components, as ``Model.isolated``."""


@dataclass(frozen=True, slots=True)
class Serving:
    """One production variant as it runs now."""

    name: str
    instances: int | None
    """That it is to have; None where it is serverless, or AWS does not say."""
    serverless: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
    status: str
    """``InService`` when it serves."""
    serving: tuple[Serving, ...]
    config: Read[EndpointConfig]
    models: tuple[Listed[Model], ...]
    """Of its variants; none where its configuration was not read."""
    permissions: tuple[Read[Permissions], ...]
    """Of every role that its models and components act with, also of those that could not be found out."""
    tags: Read[tuple[tuple[Untrusted, Untrusted], ...]]


@dataclass(frozen=True, slots=True)
class Notebook:
    status: str
    internet: bool
    """SageMaker gives it a way to the internet of its own, past the VPC."""
    subnet: str
    """Empty where it is in no VPC of the customer's."""
    groups: tuple[str, ...]
    root: bool
    """Its users are root."""
    key: Key | None
    role: str
    permissions: Read[Permissions]


@dataclass(frozen=True, slots=True)
class TrainingJob:
    isolated: bool
    encrypted_between: bool
    """Traffic between its instances is encrypted."""
    instances: int | None
    """With one there is no traffic between them; None where AWS does not say."""
    types: tuple[str, ...]
    """Of its instances."""
    attached: Attached | None
    volume_key: Key | None
    role: str
    """ARN; empty without one."""
    permissions: Read[Permissions] | None


@dataclass(frozen=True, slots=True)
class SageMaker:
    endpoints: Read[tuple[Listed[Endpoint], ...]]
    notebooks: Read[tuple[Listed[Notebook], ...]]
    jobs: Read[tuple[Listed[TrainingJob], ...]]
    """Training jobs that run now: those of the past are too many to ask after one by one."""
