"""Bedrock of a place: models, agents, knowledge bases, guardrails, what is written down, and keys of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from socconsole.model.estate.key import Key
from socconsole.model.estate.listed import Listed
from socconsole.model.estate.policy import Policy
from socconsole.model.estate.roles import Permissions
from socconsole.model.known import Read
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class InvocationLogging:
    """Where Bedrock writes what models are asked and answer, in this region."""

    group: str
    """Log group's name, token; empty for none."""
    buckets: tuple[str, ...]
    """Names; tokens."""
    text: bool | None
    """Whether texts are among it; None where AWS does not say."""


@dataclass(frozen=True, slots=True)
class LogGroup:
    arn: str
    name: str
    key: Key | None
    """None: encrypted with a key of CloudWatch Logs' own."""


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One version of it."""

    arn: str
    name: Untrusted
    version: str
    """``DRAFT`` or a number."""
    status: str
    """``READY`` when it works."""
    pii: tuple[str, ...]
    """Personal data and patterns that it blocks or masks in answers; tokens."""
    prompt_attack: str
    """How strictly it blocks prompt attacks in what is asked: ``NONE`` to ``HIGH``; empty where it does not."""
    policy: Read[Policy | None]
    """Who else may use it; None without one."""


@dataclass(frozen=True, slots=True)
class Enforced:
    """A guardrail that every call in this region is held to, by account-level enforcement."""

    guardrail: str
    """Id or ARN; token."""
    version: str
    everywhere: bool
    """For every model."""
    marked: bool
    """It looks at what callers mark in their messages, and at nothing else."""
    told: Read[Guardrail]


@dataclass(frozen=True, slots=True)
class AgentVersion:
    """What an alias leads callers to, or the working draft."""

    version: str
    """``DRAFT`` or a number."""
    model: str
    """Token; empty where AWS does not say."""
    role: str
    guardrail: str
    """Id, token; empty for none."""
    drafted: bool
    """Not a version of the guardrail: its working draft, as it is at the moment."""
    permissions: Read[Permissions]


@dataclass(frozen=True, slots=True)
class Alias:
    id: str
    name: Untrusted
    versions: tuple[str, ...]
    """That it leads to."""
    rejects: bool
    """It takes no invocations."""


@dataclass(frozen=True, slots=True)
class Agent:
    name: Untrusted
    draft: AgentVersion
    aliases: Read[tuple[Alias, ...]]
    versions: tuple[Read[AgentVersion], ...]
    """Those that aliases lead to, but the draft."""
    key: Key | None
    tags: Read[tuple[tuple[Untrusted, Untrusted], ...]]


@dataclass(frozen=True, slots=True)
class DataSource:
    name: Untrusted
    kind: str
    """``S3``, ``WEB``, ``CONFLUENCE`` …"""
    bucket: str
    """Of kind ``S3``; token."""
    key: Key | None
    """For what is kept while documents are taken in; None: a key of AWS's own."""


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    name: Untrusted
    role: str
    storage: tuple[str, ...]
    """ARNs or addresses of where its vectors lie; tokens."""
    key: Key | None
    """Of one whose storage Bedrock manages; None for all others too."""
    sources: Read[tuple[Listed[DataSource], ...]]
    permissions: Read[Permissions]
    tags: Read[tuple[tuple[Untrusted, Untrusted], ...]]


@dataclass(frozen=True, slots=True)
class CustomModel:
    key: Key | None
    policy: Read[Policy | None]
    """Who else may use it; None without one."""


@dataclass(frozen=True, slots=True)
class Prompt:
    name: Untrusted
    key: Key | None


@dataclass(frozen=True, slots=True)
class Provisioned:
    arn: str
    name: Untrusted
    model: str
    status: str


@dataclass(frozen=True, slots=True)
class InferenceProfile:
    arn: str
    name: Untrusted
    application: bool
    """The customer's own; else one of AWS's."""
    regions: tuple[str, ...]
    """Of the models that it routes to; empty string for a model without a region."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A long-term Bedrock key of an IAM user (a *service-specific credential*)."""

    arn: str
    """Made of account, user and id: AWS gives it none."""
    user: str
    active: bool
    expires: datetime | None
    """None: never."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """An AgentCore runtime."""

    name: Untrusted
    mode: str
    """``VPC`` or ``PUBLIC``; empty where AWS does not say."""
    role: str


@dataclass(frozen=True, slots=True)
class FullAccess:
    """To whom ``AmazonBedrockFullAccess`` is attached."""

    users: tuple[str, ...]
    roles: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bedrock:
    logging: Read[InvocationLogging | None]
    log_group: Read[LogGroup | None]
    """That invocations are written to; None where they are written to none, or to one that is not there."""
    guardrails: Read[tuple[Listed[Guardrail], ...]]
    """Their working drafts."""
    enforced: Read[tuple[Enforced, ...]]
    agents: Read[tuple[Listed[Agent], ...]]
    knowledge_bases: Read[tuple[Listed[KnowledgeBase], ...]]
    custom_models: Read[tuple[Listed[CustomModel], ...]]
    prompts: Read[tuple[Listed[Prompt], ...]]
    provisioned: Read[tuple[Provisioned, ...]]
    profiles: Read[tuple[InferenceProfile, ...]]
    runtimes: Read[tuple[Listed[Runtime], ...]]
    invoked: Read[tuple[str, ...]]
    """Ids of models that were invoked in the last two weeks, as CloudWatch tells; tokens."""
    keys: Read[tuple[ApiKey, ...]]
    """Of the whole account; read in its first place only."""
    full_access: Read[FullAccess | None]
    """Of the whole account; None in other places than its first."""
