"""Who the trail saw invoke an endpoint. Reading only.

Invocations of Bedrock models are management events; of SageMaker endpoints, agents and knowledge bases they are data
events, which a trail records only where somebody chose to. So nobody seen is no "nobody calls it".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole.model.endpoint import Endpoint, EndpointKind
from socconsole.model.trail import MANAGEMENT, Recording, resource_name
from socconsole.store import recording
from socconsole.store.instants import instant, storable
from socconsole.text import Untrusted

LISTED: Final = 20
_EVENTS: Final = 2_000
"""Events of one endpoint that are looked at, the latest."""

_DAY: Final = timedelta(days=1)

_WHAT: Final = {
    EndpointKind.SAGEMAKER: "AWS::SageMaker::Endpoint",
    EndpointKind.BEDROCK_MODEL: MANAGEMENT,
    EndpointKind.INFERENCE_PROFILE: MANAGEMENT,
    EndpointKind.PROVISIONED: MANAGEMENT,
    EndpointKind.BEDROCK_AGENT: "AWS::Bedrock::AgentAlias",
    EndpointKind.KNOWLEDGE_BASE: "AWS::Bedrock::KnowledgeBase",
}
"""What a trail's selectors call its invocations (CloudTrail User Guide, "Logging data events")."""

_INVOKES: Final = (
    "Converse",
    "ConverseStream",
    "InvokeAgent",
    "InvokeEndpoint",
    "InvokeEndpointAsync",
    "InvokeEndpointWithResponseStream",
    "InvokeModel",
    "InvokeModelWithBidirectionalStream",
    "InvokeModelWithResponseStream",
    "Retrieve",
    "RetrieveAndGenerate",
)


@dataclass(frozen=True, slots=True)
class Caller:
    who: Untrusted
    """ARN of a role or user."""
    calls: int
    """Of the latest events that are kept of this endpoint."""
    last: datetime


@dataclass(frozen=True, slots=True)
class Callers:
    seen: tuple[Caller, ...]
    """Who called last comes first; at most ``LISTED``."""
    recorded: Recording | None
    """Whether calls of the last day could be in the trail at all; None where calling it is no call of AWS's."""
    why: str
    """In a sentence, ours."""


def callers(conn: Connection, endpoint: Endpoint) -> tuple[Untrusted, ...]:
    """Roles and users by ARN, who called last first. Empty: the trail that is kept saw nobody."""
    return tuple(one.who for one in _seen(conn, endpoint))


def called(conn: Connection, endpoint: Endpoint, now: datetime) -> Callers:
    """Who invoked it, with how far that can be believed at ``now``."""
    what = _WHAT.get(endpoint.kind)
    if what is None:
        return Callers((), None, "whoever reaches its ports calls it; that is no call of AWS's, and in no trail")
    place = endpoint.place
    store = resource_name(endpoint.arn) if endpoint.kind is EndpointKind.SAGEMAKER else "*"
    verdict, why = recording.recorded(conn, store, (now - _DAY, now), what, account=place.account, region=place.region)
    return Callers(_seen(conn, endpoint), verdict, why)


def _seen(conn: Connection, endpoint: Endpoint) -> tuple[Caller, ...]:
    names = {storable(resource_name(endpoint.arn)), storable(resource_name(endpoint.name.raw()))}
    if endpoint.model is not None and endpoint.kind.value.startswith("bedrock-model"):
        names.add(storable(resource_name(endpoint.model.raw())))
    marks = ",".join("?" * len(names))
    rows = conn.execute(
        "SELECT coalesce(t.issuer, t.principal) AS who, count(*), max(t.at) AS last FROM ("
        f"SELECT DISTINCT n FROM (SELECT n FROM trail_entity WHERE kind = 'resource' AND value IN ({marks}) "
        "ORDER BY at DESC LIMIT ?)) AS e JOIN trail AS t ON t.n = e.n "
        f"WHERE t.name IN ({','.join('?' * len(_INVOKES))}) AND t.account = ? AND t.region = ? AND who <> '' "
        "GROUP BY who ORDER BY last DESC LIMIT ?",
        (*sorted(names), _EVENTS, *_INVOKES, endpoint.place.account, endpoint.place.region, LISTED),
    )
    return tuple(Caller(Untrusted(who), calls, instant(last)) for who, calls, last in rows)
