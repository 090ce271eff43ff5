"""SageMaker where moto and AWS differ: states in between, network isolation, and updates of one variant.

Sources: SageMaker API reference (``CreateEndpoint``, ``UpdateEndpoint``, ``UpdateEndpointWeightsAndCapacities``,
``DeleteEndpoint``, ``StopNotebookInstance``) and the statuses in the service model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

ENDPOINT_SECONDS: Final = 120.0
"""Story seconds until an endpoint is what it was asked to be."""

NOTEBOOK_SECONDS: Final = 60.0


def _backend(call: Call) -> Any:
    return get_backend("sagemaker")[call.account][call.region]


@routes.after("sagemaker", "CreateModel")
def isolated(cloud: Cloud, call: Call) -> None:
    model = _backend(call).describe_model(call.params["ModelName"])
    model.enable_network_isolation = bool(call.params.get("EnableNetworkIsolation", False))


# --- endpoints --------------------------------------------------------------------------------------------


@routes.before("sagemaker", "CreateEndpoint")
def none_of_that_name(cloud: Cloud, call: Call) -> None:
    name = call.params["EndpointName"]
    if name in _backend(call).endpoints:
        arn = _backend(call).endpoints[name].arn
        raise AwsError("ValidationException", f'Cannot create already existing endpoint "{arn}".')


@routes.after("sagemaker", "CreateEndpoint")
def creating(cloud: Cloud, call: Call) -> None:
    _unfold(cloud, call, _at_rest(call), "Creating")


@routes.op("sagemaker", "DeleteEndpoint")
def delete_endpoint(cloud: Cloud, call: Call) -> dict[str, Any]:
    endpoint = _at_rest(call, "Failed", "OutOfService", "UpdateRollbackFailed")
    endpoints = _backend(call).endpoints
    endpoint.endpoint_status = "Deleting"

    def gone() -> None:
        endpoints.pop(endpoint.endpoint_name, None)

    cloud.slow.begin(call, ENDPOINT_SECONDS, gone)
    return {}


@routes.op("sagemaker", "UpdateEndpointWeightsAndCapacities")
def update_weights(cloud: Cloud, call: Call) -> dict[str, Any]:
    endpoint = _at_rest(call)
    wanted = {one["VariantName"]: one for one in call.params["DesiredWeightsAndCapacities"]}
    variants = {one["VariantName"]: one for one in endpoint.production_variants}
    if unknown := sorted(set(wanted) - set(variants)):
        raise AwsError(
            "ValidationException",
            f'The variant name(s) "{", ".join(unknown)}" is/are not present within endpoint configuration '
            f'"{endpoint.endpoint_config_name}".',
        )
    for name, one in wanted.items():
        for key in ("DesiredWeight", "DesiredInstanceCount"):
            if one.get(key) is not None:
                variants[name][key] = one[key]

    def done() -> None:
        for name in wanted:
            variant = variants[name]
            variant["CurrentWeight"] = variant.get("DesiredWeight", variant.get("CurrentWeight"))
            if "DesiredInstanceCount" in variant:
                variant["CurrentInstanceCount"] = variant["DesiredInstanceCount"]
        endpoint.endpoint_status = "InService"

    endpoint.endpoint_status = "Updating"
    cloud.slow.begin(call, ENDPOINT_SECONDS, done)
    return {"EndpointArn": endpoint.arn}


@routes.op("sagemaker", "UpdateEndpoint")
def update_endpoint(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Blue and green: the old variants serve until the new ones do."""
    endpoint = _at_rest(call, "Failed")
    name = call.params["EndpointConfigName"]
    config = _backend(call).describe_endpoint_config(name)

    def done() -> None:
        endpoint.endpoint_config_name = name
        endpoint.production_variants = endpoint._process_production_variants(config["ProductionVariants"])
        endpoint.endpoint_status = "InService"

    endpoint.endpoint_status = "Updating"
    cloud.slow.begin(call, ENDPOINT_SECONDS, done)
    return {"EndpointArn": endpoint.arn}


def _at_rest(call: Call, *more: str) -> Any:
    """The endpoint, if AWS would take a change of it now."""
    name = call.params["EndpointName"]
    endpoint = _backend(call).endpoints.get(name)
    if endpoint is None:
        arn = f"arn:aws:sagemaker:{call.region}:{call.account}:endpoint/{name.lower()}"
        raise AwsError("ValidationException", f'Could not find endpoint "{arn}".')
    if endpoint.endpoint_status not in ("InService", *more):
        raise AwsError("ValidationException", f'Cannot update in-progress endpoint "{endpoint.arn}".')
    return endpoint


def _unfold(cloud: Cloud, call: Call, endpoint: Any, status: str) -> None:
    def done() -> None:
        endpoint.endpoint_status = "InService"

    endpoint.endpoint_status = status
    cloud.slow.begin(call, ENDPOINT_SECONDS, done)


# --- notebooks --------------------------------------------------------------------------------------------


@routes.op("sagemaker", "StopNotebookInstance")
def stop_notebook(cloud: Cloud, call: Call) -> dict[str, Any]:
    return _move(cloud, call, ("InService",), "Stopping", "Stopped")


@routes.op("sagemaker", "StartNotebookInstance")
def start_notebook(cloud: Cloud, call: Call) -> dict[str, Any]:
    return _move(cloud, call, ("Stopped", "Failed"), "Pending", "InService")


def _move(cloud: Cloud, call: Call, allowed: tuple[str, ...], through: str, to: str) -> dict[str, Any]:
    notebook = _backend(call).get_notebook_instance(call.params["NotebookInstanceName"])
    if notebook.status not in allowed:
        raise AwsError(
            "ValidationException",
            f"Status ({notebook.status}) not in ([{', '.join(allowed)}]). Unable to transition to ({through}) for "
            f"Notebook Instance ({notebook.arn}).",
        )

    def done() -> None:
        notebook.status = to

    notebook.status = through
    cloud.slow.begin(call, NOTEBOOK_SECONDS, done)
    return {}


# --- training ---------------------------------------------------------------------------------------------


@routes.after("sagemaker", "CreateTrainingJob")
def training(cloud: Cloud, call: Call) -> None:
    """It runs until somebody stops it; moto's are done at once."""
    job = _backend(call).training_jobs[call.params["TrainingJobName"]]
    job.training_job_status, job.secondary_status = "InProgress", "Training"
    job.training_end_time = None
