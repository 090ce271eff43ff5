"""Data sources of Bedrock's knowledge bases, and prompts, which moto lacks.

Source: Agents for Amazon Bedrock API reference (``CreateDataSource``, ``CreatePrompt``) and botocore's model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from socconsole.drill.clock import host_now
from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()


def _backend(call: Call) -> Any:
    return get_backend("bedrock-agent")[call.account][call.region]


def _sources(call: Call) -> dict[str, dict[str, Any]]:
    """Of the knowledge base that is asked about. Raises ResourceNotFoundException where there is none."""
    base = str(call.params["knowledgeBaseId"])
    _backend(call).get_knowledge_base(base)
    found: dict[str, dict[str, Any]] = _backend(call).__dict__.setdefault("data_sources", {}).setdefault(base, {})
    return found


def _prompts(call: Call) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = _backend(call).__dict__.setdefault("prompts", {})
    return found


@routes.op("bedrock-agent", "CreateDataSource")
def create_source(cloud: Cloud, call: Call) -> dict[str, Any]:
    asked, now = call.params, host_now()
    id_ = cloud.ids.hex("data-source", call.n, length=10).upper()
    made = {
        "knowledgeBaseId": asked["knowledgeBaseId"],
        "dataSourceId": id_,
        "name": asked["name"],
        "status": "AVAILABLE",
        "dataSourceConfiguration": asked["dataSourceConfiguration"],
        "dataDeletionPolicy": asked.get("dataDeletionPolicy", "DELETE"),
        "createdAt": now,
        "updatedAt": now,
    }
    if "serverSideEncryptionConfiguration" in asked:
        made["serverSideEncryptionConfiguration"] = asked["serverSideEncryptionConfiguration"]
    _sources(call)[id_] = made
    return {"dataSource": made}


@routes.op("bedrock-agent", "ListDataSources")
def sources(cloud: Cloud, call: Call) -> dict[str, Any]:
    keys = ("knowledgeBaseId", "dataSourceId", "name", "status", "updatedAt")
    return {"dataSourceSummaries": [{key: one[key] for key in keys} for one in _sources(call).values()]}


@routes.op("bedrock-agent", "GetDataSource")
def source(cloud: Cloud, call: Call) -> dict[str, Any]:
    id_ = str(call.params["dataSourceId"])
    try:
        return {"dataSource": _sources(call)[id_]}
    except KeyError:
        raise AwsError("ResourceNotFoundException", f"There is no data source {id_}.", 404) from None


@routes.op("bedrock-agent", "CreatePrompt")
def create_prompt(cloud: Cloud, call: Call) -> dict[str, Any]:
    asked, now = call.params, host_now()
    id_ = cloud.ids.hex("prompt", call.n, length=10).upper()
    made = {
        "id": id_,
        "name": asked["name"],
        "arn": f"arn:aws:bedrock:{call.region}:{call.account}:prompt/{id_}",
        "version": "DRAFT",
        "variants": asked.get("variants", []),
        "createdAt": now,
        "updatedAt": now,
    }
    if "customerEncryptionKeyArn" in asked:
        made["customerEncryptionKeyArn"] = asked["customerEncryptionKeyArn"]
    _prompts(call)[id_] = made
    return made


@routes.op("bedrock-agent", "ListPrompts")
def prompts(cloud: Cloud, call: Call) -> dict[str, Any]:
    keys = ("id", "name", "arn", "version", "createdAt", "updatedAt")
    return {"promptSummaries": [{key: one[key] for key in keys} for one in _prompts(call).values()]}


@routes.op("bedrock-agent", "GetPrompt")
def prompt(cloud: Cloud, call: Call) -> dict[str, Any]:
    named = str(call.params["promptIdentifier"]).rpartition("/")[2]
    try:
        return _prompts(call)[named]
    except KeyError:
        raise AwsError("ResourceNotFoundException", f"There is no prompt {named}.", 404) from None
