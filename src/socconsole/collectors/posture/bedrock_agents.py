"""Bedrock's agents with what their aliases lead to, knowledge bases and what they are fed from, prompts, runtimes.

Facts (Amazon Bedrock API reference): ``GetAgent`` describes the working draft; callers come through an alias, which
leads to a version that keeps the guardrail and the role it was made with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.listed import Named, Tags, attempt, described, key
from socconsole.collectors.posture.roles import permissions
from socconsole.model.estate.bedrock import Agent, AgentVersion, Alias, DataSource, KnowledgeBase, Prompt, Runtime
from socconsole.model.estate.listed import Listed
from socconsole.model.known import Known, Read
from socconsole.text import Untrusted, token

DRAFT: Final = "DRAFT"

_PLACES: Final = (
    "collectionArn", "domainArn", "resourceArn", "graphArn", "indexArn", "vectorBucketArn",
    "connectionString", "endpoint",
)  # fmt: skip
"""Under which key each kind of storage says where it is."""


def _arn(asking: Asking, kind: str, id_: object) -> str:
    return f"arn:aws:bedrock:{asking.place.region}:{asking.place.account}:{kind}/{id_}"


# --- agents -----------------------------------------------------------------------------------------------


async def agents(asking: Asking) -> Read[tuple[Listed[Agent], ...]]:
    def named(page: dict[str, Any]) -> list[Named]:
        return [(_arn(asking, "agent", one["agentId"]), str(one["agentId"])) for one in page["agentSummaries"]]

    listed = await asking.all("bedrock-agent:ListAgents", {}, named)
    return await described(asking, listed, partial(_agent, asking))


async def _agent(asking: Asking, arn: str, id_: str) -> Agent:
    """Raises ``NotRead``."""
    told = (await asking.one("bedrock-agent:GetAgent", {"agentId": id_}, lambda answer: _told(answer["agent"]))).get()
    aliases = await asking.all("bedrock-agent:ListAgentAliases", {"agentId": id_}, _aliases)
    led = [one for alias in aliases.value for one in alias.versions] if isinstance(aliases, Known) else []
    wanted = [one for one in dict.fromkeys(led) if one != DRAFT]
    return Agent(
        name=told["name"],
        draft=await _version(asking, told),
        aliases=aliases,
        versions=await asking.each(wanted, lambda version: attempt(_numbered(asking, id_, version))),
        key=await key(asking, told["key"]),
        tags=await _tags(asking, arn),
    )


async def _numbered(asking: Asking, id_: str, version: str) -> AgentVersion:
    """Raises ``NotRead``."""
    asked = {"agentId": id_, "agentVersion": version}
    told = await asking.one("bedrock-agent:GetAgentVersion", asked, lambda answer: _told(answer["agentVersion"]))
    return await _version(asking, {**told.get(), "version": version})


async def _version(asking: Asking, told: Mapping[str, Any]) -> AgentVersion:
    role = told["role"]
    return AgentVersion(
        told["version"], told["model"], role, told["guardrail"], told["drafted"], await permissions(asking, role)
    )


def _told(said: dict[str, Any]) -> dict[str, Any]:
    """Without a guardrail there is no ``guardrailConfiguration``; the version of a working draft is ``DRAFT``."""
    guardrail = said.get("guardrailConfiguration") or {}
    return {
        "name": Untrusted(said["agentName"]),
        "version": DRAFT,
        "model": token(said.get("foundationModel") or "", 256),
        "role": token(said["agentResourceRoleArn"], 1024),
        "guardrail": token(guardrail.get("guardrailIdentifier") or "", 256),
        "drafted": guardrail.get("guardrailVersion") == DRAFT,
        "key": said.get("customerEncryptionKeyArn"),
    }


def _aliases(page: dict[str, Any]) -> list[Alias]:
    """Without ``aliasInvocationState`` it takes invocations, as every alias did before there was one."""
    return [
        Alias(
            id=token(one["agentAliasId"]),
            name=Untrusted(one["agentAliasName"]),
            versions=tuple(
                token(each["agentVersion"]) for each in one.get("routingConfiguration") or () if "agentVersion" in each
            ),
            rejects=one.get("aliasInvocationState") == "REJECT_INVOCATIONS",
        )
        for one in page["agentAliasSummaries"]
    ]


# --- knowledge bases --------------------------------------------------------------------------------------


async def knowledge_bases(asking: Asking) -> Read[tuple[Listed[KnowledgeBase], ...]]:
    def named(page: dict[str, Any]) -> list[Named]:
        ids = [str(one["knowledgeBaseId"]) for one in page["knowledgeBaseSummaries"]]
        return [(_arn(asking, "knowledge-base", id_), id_) for id_ in ids]

    listed = await asking.all("bedrock-agent:ListKnowledgeBases", {}, named)
    return await described(asking, listed, partial(_knowledge_base, asking))


async def _knowledge_base(asking: Asking, arn: str, id_: str) -> KnowledgeBase:
    """Raises ``NotRead``."""
    asked = {"knowledgeBaseId": id_}
    name, role, storage, own = (await asking.one("bedrock-agent:GetKnowledgeBase", asked, _based)).get()

    def named(page: dict[str, Any]) -> list[Named]:
        ids = [str(one["dataSourceId"]) for one in page["dataSourceSummaries"]]
        return [(f"{arn}/data-source/{source}", source) for source in ids]

    sources = await asking.all("bedrock-agent:ListDataSources", asked, named)
    return KnowledgeBase(
        name=name,
        role=role,
        storage=storage,
        key=await key(asking, own),
        sources=await described(asking, sources, partial(_source, asking, id_)),
        permissions=await permissions(asking, role),
        tags=await _tags(asking, arn),
    )


def _based(answer: dict[str, Any]) -> tuple[Untrusted, str, tuple[str, ...], str | None]:
    """(name, role, where its vectors lie, key of one whose storage Bedrock manages)."""
    said = answer["knowledgeBase"]
    kinds = [one for one in (said.get("storageConfiguration") or {}).values() if isinstance(one, dict)]
    storage = [one[place] for one in kinds for place in _PLACES if one.get(place)]
    managed = (said["knowledgeBaseConfiguration"].get("managedKnowledgeBaseConfiguration") or {}).get(
        "serverSideEncryptionConfiguration"
    ) or {}
    role = token(said["roleArn"], 1024)
    return Untrusted(said["name"]), role, tuple(token(one, 1024) for one in storage), managed.get("kmsKeyArn")


async def _source(asking: Asking, base: str, arn: str, id_: str) -> DataSource:
    """Raises ``NotRead``."""
    asked = {"knowledgeBaseId": base, "dataSourceId": id_}
    name, kind, bucket, own = (await asking.one("bedrock-agent:GetDataSource", asked, _fed)).get()
    return DataSource(name, kind, bucket, await key(asking, own))


def _fed(answer: dict[str, Any]) -> tuple[Untrusted, str, str, str | None]:
    said = answer["dataSource"]
    config = said["dataSourceConfiguration"]
    bucket = (config.get("s3Configuration") or {}).get("bucketArn") or ""
    own = (said.get("serverSideEncryptionConfiguration") or {}).get("kmsKeyArn")
    return Untrusted(said["name"]), token(config["type"]), token(bucket.rpartition(":")[2], 256), own


# --- prompts and runtimes ---------------------------------------------------------------------------------


async def prompts(asking: Asking) -> Read[tuple[Listed[Prompt], ...]]:
    def named(page: dict[str, Any]) -> list[Named]:
        return [(str(one["arn"]), str(one["id"])) for one in page["promptSummaries"]]

    async def one(arn: str, id_: str) -> Prompt:
        name, own = (await asking.one("bedrock-agent:GetPrompt", {"promptIdentifier": id_}, _written)).get()
        return Prompt(name, await key(asking, own))

    return await described(asking, await asking.all("bedrock-agent:ListPrompts", {}, named), one)


def _written(answer: dict[str, Any]) -> tuple[Untrusted, str | None]:
    return Untrusted(answer["name"]), answer.get("customerEncryptionKeyArn")


async def runtimes(asking: Asking) -> Read[tuple[Listed[Runtime], ...]]:
    """AgentCore's."""

    def named(page: dict[str, Any]) -> list[Named]:
        return [(str(one["agentRuntimeArn"]), str(one["agentRuntimeId"])) for one in page["agentRuntimes"]]

    async def one(arn: str, id_: str) -> Runtime:
        return (await asking.one("bedrock-agentcore-control:GetAgentRuntime", {"agentRuntimeId": id_}, _runs)).get()

    return await described(asking, await asking.all("bedrock-agentcore-control:ListAgentRuntimes", {}, named), one)


def _runs(answer: dict[str, Any]) -> Runtime:
    """A runtime on a capacity provider of the customer's own has no network mode."""
    mode = (answer.get("networkConfiguration") or {}).get("networkMode") or ""
    return Runtime(Untrusted(answer["agentRuntimeName"]), token(mode), token(answer["roleArn"], 1024))


async def _tags(asking: Asking, arn: str) -> Read[Tags]:
    def understand(answer: dict[str, Any]) -> Tags:
        return tuple((Untrusted(name), Untrusted(value)) for name, value in answer["tags"].items())

    return await asking.one("bedrock-agent:ListTagsForResource", {"resourceArn": arn}, understand)
