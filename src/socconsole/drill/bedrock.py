"""Bedrock agents with ids as AWS gives them, and their aliases, which moto lacks.

Source: the Amazon Bedrock API reference (``CreateAgentAlias`` and its neighbours) and botocore's model. What becomes
of the fields that an update leaves out the reference does not say; here the harsher reading holds, so that nobody
relies on the other: a description is gone, and without a routing the alias is given a new version, as a new alias
is. A change is done at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.clock import host_now
from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _agents(call: Call) -> Any:
    return get_backend("bedrock-agent")[call.account][call.region]


def _aliases(call: Call) -> dict[str, dict[str, Any]]:
    """By ``AGENT/ALIAS``."""
    found: dict[str, dict[str, Any]] = _agents(call).__dict__.setdefault("agent_aliases", {})
    return found


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:bedrock:{call.region}:{call.account}:agent-alias/{name}"


def _found(call: Call) -> dict[str, Any]:
    name = f"{call.params['agentId']}/{call.params['agentAliasId']}"
    try:
        return _aliases(call)[name]
    except KeyError:
        raise AwsError("ResourceNotFoundException", f"Failed to retrieve resource: {name} not found", 404) from None


def _routing(call: Call, alias: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if given := call.params.get("routingConfiguration"):
        return [dict(one) for one in given]
    versions = [str(one["agentVersion"]) for one in alias["routingConfiguration"]] if alias else []
    last = max((int(version) for version in versions if version.isdigit()), default=0)  # the other is DRAFT
    return [{"agentVersion": str(last + 1)}]


def _id(cloud: Cloud, call: Call, what: str) -> str:
    """Ten characters; moto's agents carry their name in the id."""
    digits = [cloud.ids.number(0, len(_ALPHABET) - 1, what, call.n, place) for place in range(10)]
    return "".join(_ALPHABET[digit] for digit in digits)


@routes.op("bedrock-agent", "CreateAgent")
def create_agent(cloud: Cloud, call: Call) -> dict[str, Any]:
    backend, asked = _agents(call), call.params
    agent = backend.create_agent(
        agent_name=asked["agentName"],
        agent_resource_role_arn=asked.get("agentResourceRoleArn", ""),
        client_token=asked.get("clientToken"),
        instruction=asked.get("instruction"),
        foundation_model=asked.get("foundationModel"),
        description=asked.get("description"),
        idle_session_ttl_in_seconds=asked.get("idleSessionTTLInSeconds", 600),
        customer_encryption_key_arn=asked.get("customerEncryptionKeyArn"),
        tags=None,
        prompt_override_configuration=asked.get("promptOverrideConfiguration"),
    )
    del backend.agents[agent.agent_id]
    agent.agent_id = _id(cloud, call, "agent")
    agent.agent_arn = f"arn:aws:bedrock:{call.region}:{call.account}:agent/{agent.agent_id}"
    backend.agents[agent.agent_id] = agent
    agent.guardrail = asked.get("guardrailConfiguration")
    if given := asked.get("tags"):
        backend.tag_resource(agent.agent_arn, given)
    return {"agent": _described(agent)}


def _described(agent: Any) -> dict[str, Any]:
    """The working draft."""
    guardrail = agent.__dict__.get("guardrail")
    told = {**agent.to_dict(), "agentVersion": "DRAFT"}
    return {**told, "guardrailConfiguration": guardrail} if guardrail else told


@routes.op("bedrock-agent", "GetAgent")
def get_agent(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"agent": _described(_agents(call).get_agent(str(call.params["agentId"])))}


@routes.op("bedrock-agent", "ListAgents")
def list_agents(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"agentSummaries": [one.dict_summary() for one in _agents(call).agents.values()]}


@routes.op("bedrock-agent", "UpdateAgent")
def update_agent(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Of the draft only; versions stay what they were. A guardrail that is left out is gone."""
    agent = _agents(call).get_agent(str(call.params["agentId"]))
    agent.agent_name = call.params["agentName"]
    agent.foundation_model = call.params["foundationModel"]
    agent.agent_resource_role_arn = call.params["agentResourceRoleArn"]
    agent.guardrail = call.params.get("guardrailConfiguration")
    agent.updated_at = host_now()
    return {"agent": _described(agent)}


def _versions(call: Call, agent: str) -> dict[str, dict[str, Any]]:
    """By number: each is the draft as it was when an alias was first led to it."""
    found: dict[str, dict[str, Any]] = _agents(call).__dict__.setdefault("agent_versions", {}).setdefault(agent, {})
    return found


def _keep_versions(call: Call, agent: str, routing: list[dict[str, Any]]) -> None:
    for one in routing:
        number = str(one.get("agentVersion", "DRAFT"))
        if number.isdigit() and number not in _versions(call, agent):
            draft = _described(_agents(call).get_agent(agent))
            _versions(call, agent)[number] = {**draft, "version": number}


@routes.op("bedrock-agent", "GetAgentVersion")
def get_version(cloud: Cloud, call: Call) -> dict[str, Any]:
    agent, number = str(call.params["agentId"]), str(call.params["agentVersion"])
    _agents(call).get_agent(agent)  # raises ResourceNotFoundException
    found = _versions(call, agent).get(number)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Failed to retrieve resource: {agent}/{number} not found", 404)
    return {"agentVersion": found}


@routes.op("bedrock-agent", "CreateAgentAlias")
def create(cloud: Cloud, call: Call) -> dict[str, Any]:
    agent = str(call.params["agentId"])
    _agents(call).get_agent(agent)  # raises ResourceNotFoundException
    name = _id(cloud, call, "alias")
    now = host_now()
    alias = {
        "agentId": agent,
        "agentAliasId": name,
        "agentAliasName": call.params["agentAliasName"],
        "agentAliasArn": _arn(call, f"{agent}/{name}"),
        "routingConfiguration": _routing(call, None),
        "createdAt": now,
        "updatedAt": now,
        "agentAliasStatus": "PREPARED",
        "aliasInvocationState": "ACCEPT_INVOCATIONS",
    }
    if description := call.params.get("description"):
        alias["description"] = description
    _aliases(call)[f"{agent}/{name}"] = alias
    _keep_versions(call, agent, alias["routingConfiguration"])
    _agents(call).__dict__.setdefault("alias_tags", {})[alias["agentAliasArn"]] = dict(call.params.get("tags") or {})
    return {"agentAlias": alias}


@routes.op("bedrock-agent", "GetAgentAlias")
def get(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"agentAlias": _found(call)}


@routes.op("bedrock-agent", "ListAgentAliases")
def listed(cloud: Cloud, call: Call) -> dict[str, Any]:
    agent = str(call.params["agentId"])
    _agents(call).get_agent(agent)  # raises ResourceNotFoundException
    keys = (
        "agentAliasId", "agentAliasName", "routingConfiguration", "agentAliasStatus", "aliasInvocationState",
        "createdAt", "updatedAt",
    )  # fmt: skip
    found = [one for one in _aliases(call).values() if one["agentId"] == agent]
    return {"agentAliasSummaries": [{key: one[key] for key in keys} for one in found]}


@routes.op("bedrock-agent", "UpdateAgentAlias")
def update(cloud: Cloud, call: Call) -> dict[str, Any]:
    alias = _found(call)
    routing = _routing(call, alias)
    alias.pop("description", None)
    if description := call.params.get("description"):
        alias["description"] = description
    alias["agentAliasName"] = call.params["agentAliasName"]
    alias["routingConfiguration"] = routing
    _keep_versions(call, str(alias["agentId"]), routing)
    alias["updatedAt"] = host_now()
    if state := call.params.get("aliasInvocationState"):
        alias["aliasInvocationState"] = state
    return {"agentAlias": alias}


@routes.op("bedrock-agent", "ListTagsForResource")
def tags(cloud: Cloud, call: Call) -> dict[str, Any]:
    arn = str(call.params["resourceArn"])
    found = _agents(call).__dict__.get("alias_tags", {}).get(arn)
    return {"tags": _agents(call).list_tags_for_resource(arn) if found is None else found}
