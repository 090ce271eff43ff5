"""Who the trail saw invoke an endpoint. Reading only.

Invocations of Bedrock models are management events; of SageMaker endpoints, agents and knowledge bases they are data
events, which a trail records only where somebody chose to. So nobody seen is no "nobody calls it".
"""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

from socconsole.model.endpoint import Endpoint
from socconsole.model.trail import resource_name
from socconsole.store.instants import storable
from socconsole.text import Untrusted

LISTED: Final = 20
_EVENTS: Final = 2_000
"""Events of one endpoint that are looked at, the latest."""

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


def callers(conn: Connection, endpoint: Endpoint) -> tuple[Untrusted, ...]:
    """Roles and users by ARN, who called last first; at most ``LISTED``. Empty: the trail that is kept saw nobody."""
    names = {storable(resource_name(endpoint.arn)), storable(resource_name(endpoint.name.raw()))}
    if endpoint.model is not None and endpoint.kind.value.startswith("bedrock-model"):
        names.add(storable(resource_name(endpoint.model.raw())))
    marks = ",".join("?" * len(names))
    rows = conn.execute(
        "SELECT coalesce(t.issuer, t.principal) AS who, max(t.at) AS last FROM ("
        f"SELECT n FROM trail_entity WHERE kind = 'resource' AND value IN ({marks}) ORDER BY at DESC LIMIT ?"
        ") AS e JOIN trail AS t ON t.n = e.n "
        f"WHERE t.name IN ({','.join('?' * len(_INVOKES))}) AND t.account = ? AND t.region = ? AND who <> '' "
        "GROUP BY who ORDER BY last DESC LIMIT ?",
        (*sorted(names), _EVENTS, *_INVOKES, endpoint.place.account, endpoint.place.region, LISTED),
    )
    return tuple(Untrusted(who) for who, _ in rows)
