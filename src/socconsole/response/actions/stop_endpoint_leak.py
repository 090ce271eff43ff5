"""``stop-endpoint-leak``: take a model endpoint's way out, and end what was taken out of it.

The models' groups lose their rules, so that their containers open nothing new; the sessions of the roles that they run
with are revoked, for credentials read in a container work anywhere. An agent's alias that the finding names turns
invocations away. Whether a model is to serve no more at all is a question of its own: ``sagemaker-take-down``.
"""

from __future__ import annotations

from typing import Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response.actions import bedrock_agent_reject, iam_role_revoke_sessions, sagemaker_isolate
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.compose import Choice, Composition, Way, calls_of
from socconsole.response.sagemaker_endpoint import Endpoint, read_endpoint
from socconsole.response.wording import count, listed

_ISOLATE: Final = sagemaker_isolate.ACTION
_REVOKE: Final = iam_role_revoke_sessions.ACTION
_REJECT: Final = bedrock_agent_reject.ACTION
_MEMBERS: Final = (_ISOLATE, _REVOKE, _REJECT)


class StopEndpointLeak(Composition):
    """See the module's text."""

    members = _MEMBERS
    info = Info(
        id="stop-endpoint-leak",
        title="Stop a model endpoint leaking: its network, its role's sessions",
        target_type="endpoint",
        calls=calls_of(_MEMBERS),
        stops="new connections out of its models' containers; the sessions, until now, of the roles they run with; "
        "invocations through an agent's alias that the finding names",
        does_not_stop="connections that run already, answers to requests, what SageMaker captures to S3, sessions that "
        "its containers take on afterwards, models outside of any VPC",
        reversible=Reversible.YES,
        captures="what its parts capture",
        verifies="each part by itself; partial where they differ",
        undo_leaves="what its parts leave: other ids of rules",
        pitfalls=(
            "the network goes first: else the containers would fetch new credentials and go on",
            "the containers hold the revoked credentials until they fetch new ones: said with the outage",
            "a role may be that of other endpoints, jobs and notebooks: its users are counted",
            "models outside of any VPC have no groups: left out, and what would stop them is said",
            "the endpoint goes on serving: sagemaker-take-down ends that",
        ),
    )

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        return _ISOLATE.targets(finding)

    def name(self, target: str) -> str:
        return _ISOLATE.name(target)

    async def choose(self, door: Door, target: Target, finding: Finding | None) -> Choice:
        seen = await read_endpoint(door, target.id, target.place)
        network: Way = ((_ISOLATE, target),)
        sessions, said = _sessions(seen, target)
        named = _REJECT.targets(finding) if finding else ()
        aliases = [((_REJECT, one),) for one in named if one.place.account == target.place.account]
        serves = ["the endpoint goes on answering requests: sagemaker-take-down ends that"] if seen.status else []
        return Choice((network, *sessions, *aliases), (*serves, *said))


def _sessions(seen: Endpoint, target: Target) -> tuple[list[Way], list[str]]:
    """One way for each role that its models run with, and what is left open."""
    ways: dict[Target, Way] = {}
    said: list[str] = []
    for name, model in seen.models.items():
        arn = str(model.get("ExecutionRoleArn") or "")
        try:
            role = Target(_REVOKE.name(arn), target.place)
        except BadTarget:
            said.append(f"the role of the model{listed([name])[1:]} is not known: its sessions go on")
            continue
        ways[role] = ((_REVOKE, role),)
    unread = [part for part in seen.unread if part.startswith(("config", "model"))]
    if unread:
        said.append(f"{count(len(unread), 'part')} of it could not be read{listed(unread)}: roles may be missing")
    return list(ways.values()), said


ACTION: Final = StopEndpointLeak()
