"""Inference profiles, provisioned throughput and custom models where moto lacks them or says too little.

Source: Amazon Bedrock API reference (``CreateInferenceProfile``, ``CreateProvisionedModelThroughput``,
``ListCustomModels``) and botocore's model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from socconsole.drill.clock import host_now
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()


def _beside(call: Call, name: str) -> dict[str, Any]:
    found: dict[str, Any] = get_backend("bedrock")[call.account][call.region].__dict__.setdefault(name, {})
    return found


def _arn(call: Call, kind: str, id_: str) -> str:
    return f"arn:aws:bedrock:{call.region}:{call.account}:{kind}/{id_}"


def _foundation(region: str, model: str) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{model}"


def _of_aws(call: Call) -> list[dict[str, Any]]:
    """Those that AWS offers: a model in all its regions of the same part of the world."""
    regions = ("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3")
    if call.region not in regions:
        return []
    model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    return [
        {
            "inferenceProfileName": "EU Anthropic Claude Sonnet 4.5",
            "inferenceProfileArn": _arn(call, "inference-profile", f"eu.{model}"),
            "inferenceProfileId": f"eu.{model}",
            "models": [{"modelArn": _foundation(region, model)} for region in regions],
            "status": "ACTIVE",
            "type": "SYSTEM_DEFINED",
        }
    ]


@routes.op("bedrock", "CreateInferenceProfile")
def create_profile(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Of a model in this region, or of a profile of AWS's with all its regions."""
    source = str(call.params["modelSource"]["copyFrom"])
    copied = next((one["models"] for one in _of_aws(call) if one["inferenceProfileArn"] == source), None)
    id_ = cloud.ids.hex("profile", call.n, length=12)
    now = host_now()
    made = {
        "inferenceProfileName": call.params["inferenceProfileName"],
        "inferenceProfileArn": _arn(call, "application-inference-profile", id_),
        "inferenceProfileId": id_,
        "models": copied or [{"modelArn": source}],
        "status": "ACTIVE",
        "type": "APPLICATION",
        "createdAt": now,
        "updatedAt": now,
    }
    _beside(call, "inference_profiles")[id_] = made
    return {"inferenceProfileArn": made["inferenceProfileArn"], "status": "ACTIVE"}


@routes.op("bedrock", "ListInferenceProfiles")
def profiles(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Without a type AWS lists its own alone (aws/aws-cli issue 9728)."""
    found = [*_of_aws(call), *_beside(call, "inference_profiles").values()]
    kind = call.params.get("typeEquals") or "SYSTEM_DEFINED"
    return {"inferenceProfileSummaries": [one for one in found if kind == one["type"]]}


@routes.op("bedrock", "CreateProvisionedModelThroughput")
def provision(cloud: Cloud, call: Call) -> dict[str, Any]:
    asked, now = call.params, host_now()
    id_ = cloud.ids.hex("provisioned", call.n, length=12)
    model = str(asked["modelId"])
    model = model if model.startswith("arn:") else _foundation(call.region, model)
    made = {
        "provisionedModelName": asked["provisionedModelName"],
        "provisionedModelArn": _arn(call, "provisioned-model", id_),
        "modelArn": model,
        "desiredModelArn": model,
        "foundationModelArn": model,
        "modelUnits": asked["modelUnits"],
        "desiredModelUnits": asked["modelUnits"],
        "status": "InService",
        "creationTime": now,
        "lastModifiedTime": now,
    }
    _beside(call, "provisioned_models")[id_] = made
    return {"provisionedModelArn": made["provisionedModelArn"]}


@routes.op("bedrock", "ListProvisionedModelThroughputs")
def provisioned(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"provisionedModelSummaries": list(_beside(call, "provisioned_models").values())}


@routes.op("bedrock", "ListCustomModels")
def custom_models(cloud: Cloud, call: Call) -> dict[str, Any]:
    """All of them are the account's own here."""
    backend = get_backend("bedrock")[call.account][call.region]
    summaries = [
        {
            "modelArn": one.model_arn,
            "modelName": one.model_name,
            "creationTime": host_now(),
            "baseModelArn": one.base_model_arn,
            "baseModelName": one.base_model_name,
            "customizationType": one.customization_type or "FINE_TUNING",
            "ownerAccountId": call.account,
            "modelStatus": "Active",
        }
        for one in backend.custom_models.values()
    ]
    return {"modelSummaries": summaries}


@routes.op("bedrock", "GetCustomModel")
def custom_model(cloud: Cloud, call: Call) -> dict[str, Any]:
    backend = get_backend("bedrock")[call.account][call.region]
    one = backend.get_custom_model(str(call.params["modelIdentifier"]))  # raises ResourceNotFoundException
    told = {
        "modelArn": one.model_arn,
        "modelName": one.model_name,
        "jobName": one.job_name,
        "jobArn": one.job_arn,
        "baseModelArn": one.base_model_arn,
        "customizationType": one.customization_type or "FINE_TUNING",
        "trainingDataConfig": one.training_data_config,
        "outputDataConfig": one.output_data_config,
        "creationTime": host_now(),
        "modelStatus": "Active",
    }
    key = backend.model_customization_jobs[one.job_name].custom_model_kms_key_id  # moto's own makes one up
    return {**told, "modelKmsKeyArn": key} if key else told
