"""AgentCore runtimes with ids and ARNs as AWS gives them; moto's are of another shape.

Source: Amazon Bedrock AgentCore control plane API reference (``CreateAgentRuntime``) and botocore's model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()


@routes.op("bedrock-agentcore-control", "CreateAgentRuntime")
def create(cloud: Cloud, call: Call) -> dict[str, Any]:
    asked = call.params
    backend = get_backend("bedrock-agentcore-control")[call.account][call.region]
    made = backend.create_agent_runtime(
        agent_runtime_name=asked["agentRuntimeName"],
        agent_runtime_artifact=asked["agentRuntimeArtifact"],
        role_arn=asked["roleArn"],
        network_configuration=asked.get("networkConfiguration", {"networkMode": "PUBLIC"}),
        description=asked.get("description"),
        authorizer_configuration=asked.get("authorizerConfiguration"),
        request_header_configuration=asked.get("requestHeaderConfiguration"),
        protocol_configuration=asked.get("protocolConfiguration"),
        lifecycle_configuration=asked.get("lifecycleConfiguration"),
        environment_variables=asked.get("environmentVariables"),
        tags=None,
    )
    del backend.agent_runtimes[made.agent_runtime_id]
    made.agent_runtime_id = f"{made.agent_runtime_name}-{cloud.ids.hex('runtime', call.n, length=10)}"
    made.agent_runtime_arn = f"arn:aws:bedrock-agentcore:{call.region}:{call.account}:runtime/{made.agent_runtime_id}"
    backend.agent_runtimes[made.agent_runtime_id] = made
    return {
        "agentRuntimeArn": made.agent_runtime_arn,
        "agentRuntimeId": made.agent_runtime_id,
        "agentRuntimeVersion": made.agent_runtime_version,
        "createdAt": made.created_at,
        "status": "CREATING",
    }
