"""What a role may do, from the policy documents that really are attached to it; and the simulator's answer.

Sessions of roles, and the scenario's cast, are held to their policies. The analyst's own key, users made by
a test and the estate's builder pass: they are the world, not what is tested. Resource
policies, boundaries and SCPs are not evaluated for API calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.backends import get_backend

from socconsole.drill import actions
from socconsole.drill.errors import AwsError, Trouble
from socconsole.drill.policy import Decision, Verdict, evaluate
from socconsole.drill.principals import Principal
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()


def authorize(cloud: Cloud, call: Call) -> None:
    """Raises ``Trouble("denied")`` unless every IAM action of the operation is allowed."""
    who = call.principal
    if not who.held:
        return
    if (call.service, call.operation) == ("sts", "GetCallerIdentity"):
        return  # AWS allows it to everyone, even against an explicit deny
    documents = policies(who)
    if documents is None:
        raise Trouble("unknown_key", "The security token included in the request is invalid.")
    context = context_of(call)
    for action, resource in actions.needed(call.service, call.operation, call.params, call.account, call.region):
        verdict = evaluate(documents, action, resource, context)
        if verdict.decision is Decision.ALLOWED and who.session_policy:
            session = [("session", _document(who.session_policy))]
            verdict = evaluate(session, action, resource, context)
        if verdict.decision is not Decision.ALLOWED:
            raise Trouble("denied", _message(who, action, resource, verdict))


def refusal(call: Call, because: str) -> str:
    """What AWS says to a call that is refused whatever the caller's own policies allow."""
    needed = actions.needed(call.service, call.operation, call.params, call.account, call.region)
    action, resource = next(iter(needed), (f"{call.service}:{call.operation}", "*"))
    return f"User: {call.principal.caller_arn} is not authorized to perform: {action} on resource: {resource} {because}"


def _message(who: Principal, action: str, resource: str, verdict: Verdict) -> str:
    kind = "session" if who.session_policy else "identity-based"
    because = (
        f"with an explicit deny in an {kind} policy"
        if verdict.decision is Decision.EXPLICIT_DENY
        else f"because no {kind} policy allows the {action} action"
    )
    return f"User: {who.caller_arn} is not authorized to perform: {action} on resource: {resource} {because}"


def context_of(call: Call) -> dict[str, tuple[str, ...]]:
    """Global condition keys of a request, names in lower case."""
    context = identity_context(call.principal)
    context["aws:requestedregion"] = (call.region,)
    context["aws:resourceaccount"] = (call.account,)
    context.update(actions.service_context(call.service, call.operation, call.params))
    return context


def identity_context(who: Principal) -> dict[str, tuple[str, ...]]:
    """Those that tell who asks and from where, whatever is asked for."""
    context: dict[str, tuple[str, ...]] = {
        "aws:principalarn": (who.arn,),
        "aws:principalaccount": (who.account,),
        "aws:principaltype": ("AssumedRole" if who.role else "User",),
        "aws:sourceip": (who.address,),
        "aws:userid": (who.user_id,),
        "aws:viaawsservice": ("false",),
        "aws:principalisawsservice": ("false",),
    }
    if who.source_identity:
        context["aws:sourceidentity"] = (who.source_identity,)
    for key, value in who.tags:
        context[f"aws:principaltag/{key.lower()}"] = (value,)
    if who.issued is not None:
        context["aws:tokenissuetime"] = (who.issued.isoformat(),)
    return context


def policies(who: Principal) -> list[tuple[str, dict[str, Any]]] | None:
    """Inline and attached policy documents of a role or user, with their names; None when it is gone."""
    backend = get_backend("iam")[who.account]["aws"]
    owners = backend.roles if who.role else backend.users
    found = next((one for one in owners.values() if one.name == who.name), None)
    return None if found is None else documents_of(found)


def documents_of(owner: Any) -> list[tuple[str, dict[str, Any]]]:
    """The same for one of moto's roles or users."""
    documents = [(str(name), _document(text)) for name, text in list(owner.policies.items())]
    attached = list(owner.managed_policies.values())
    documents += [(str(one.name), _document(_in_force(one))) for one in attached]
    return documents


def _in_force(policy: Any) -> Any:
    """The document of a managed policy's default version."""
    return next(one.document for one in policy.versions if one.version_id == policy.default_version_id)


def _document(text: Any) -> dict[str, Any]:
    if isinstance(text, Mapping):
        return dict(text)
    try:
        return dict(json.loads(text))
    except ValueError:
        return dict(json.loads(unquote(text)))


@routes.op("iam", "SimulatePrincipalPolicy")
def simulate(cloud: Cloud, call: Call) -> dict[str, Any]:
    """The same evaluator as :func:`authorize`, without the resource handlings AWS's simulator adds."""
    source = call.params["PolicySourceArn"]
    backend = get_backend("iam")[call.account]["aws"]
    owners: list[Any] = [*backend.roles.values(), *backend.users.values()]
    owner = next((one for one in owners if one.arn == source), None)
    if owner is None:
        raise AwsError("NoSuchEntity", f"The entity with ARN {source} cannot be found.", 404)
    documents = documents_of(owner)
    documents += [("input", _document(text)) for text in call.params.get("PolicyInputList") or ()]
    context: dict[str, tuple[str, ...]] = {
        "aws:principalarn": (source,),
        "aws:principalaccount": (call.account,),
    }
    for item in call.params.get("ContextEntries") or ():
        context[item["ContextKeyName"].lower()] = tuple(item.get("ContextKeyValues") or ())
    results = [
        _result(action, resource, documents, context)
        for action in call.params["ActionNames"]
        for resource in call.params.get("ResourceArns") or ["*"]
    ]
    return {"EvaluationResults": results, "IsTruncated": False}


def _result(
    action: str, resource: str, documents: Iterable[tuple[str, Any]], context: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    verdict = evaluate(documents, action, resource, context)
    matched = [{"SourcePolicyId": verdict.policy, "SourcePolicyType": "IAM Policy"}] if verdict.policy else []
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": str(verdict.decision),
        "MatchedStatements": matched,
        "MissingContextValues": [],
    }
