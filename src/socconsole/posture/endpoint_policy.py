"""NET-04: to whose resources the policy of a VPC endpoint leads.

The default policy allows everybody everything on everything: whoever gets into the VPC carries data through it to a
bucket of their own, with keys of their own, past every firewall. What keeps them is a policy that names what may be
reached, or whose it has to be; naming who may come is not enough, since our own role can be made to write elsewhere.
Sources: VPC User Guide (AWS PrivateLink), "Control access to VPC endpoints using endpoint policies"; IAM User Guide,
``aws:ResourceAccount``, ``aws:ResourceOrgID``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from socconsole.model.estate.network import Network, VpcEndpoint
from socconsole.model.estate.policy import EVERYBODY, Condition, Policy, Statement
from socconsole.model.known import Known, Read, Unread
from socconsole.model.posture import Judged
from socconsole.posture.check import Context, Said, passed, weigh
from socconsole.posture.principals import house

_FAMILIES: Final = ("s3", "s3express", "bedrock", "bedrock-runtime", "bedrock-agent", "bedrock-agent-runtime",
    "bedrock-agentcore", "bedrock-mantle", "sagemaker")  # fmt: skip
_SHOWN: Final = 3


def data_endpoints(context: Context) -> Read[tuple[VpcEndpoint, ...]]:
    """Those of S3, Bedrock and SageMaker that work."""
    found = context.part(Network).endpoints
    if isinstance(found, Unread):
        return found
    return Known(tuple(one for one in found.value if one.available and one.service.partition(".")[0] in _FAMILIES))


def narrowed(endpoint: VpcEndpoint, context: Context) -> Judged:
    """NET-04."""
    policy = endpoint.policy.get()
    if not policy.allows:
        return passed("its policy allows nothing")
    return weigh(partial(_narrow, one, policy, context) for one in policy.allows)


def _narrow(allow: Statement, policy: Policy, context: Context) -> Said:
    """One that is wide is narrow still where a Deny holds everybody to what is ours."""
    wide = [one for one in allow.resources or ("*",) if _wide(one, context)]
    if allow.not_resources:
        wide = ["everything but " + ", ".join(allow.not_resources[:_SHOWN])]
    if not wide:
        return Said(True, f"it allows {_actions(allow)} on {_listed(allow.resources)}")
    for one in allow.conditions:
        if _ours(one, _EQUAL, context):
            return Said(True, f"it allows {_actions(allow)} where {one}")
    for deny in policy.denies:
        if (kept := _takes_back(deny, allow, context)) is not None:
            return Said(True, f"it denies {_actions(deny)} where {kept}")
    where = f" where {_listed(tuple(map(str, allow.conditions)))}" if allow.conditions else ""
    return Said(False, f"it allows {_who(allow)} {_actions(allow)} on {_listed(tuple(wide))}{where}")


def _wide(resource: str, context: Context) -> bool:
    """Whether a stranger can have something of this name. Names of buckets are the world's, so that ``prod-*`` is one
    that anybody may take; elsewhere the account tells, and where an ARN has none the thing is AWS's own."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return True
    account, name = parts[4], parts[5].partition("/")[0]
    if account:
        return account not in context.own_accounts | {context.place.account}
    return not name or _PATTERN & set(name) != set()


_PATTERN: Final = frozenset("*?")
_EQUAL: Final = frozenset({"StringEquals", "StringLike", "StringEqualsIgnoreCase"})
_UNEQUAL: Final = frozenset(
    {
        "StringNotEquals",
        "StringNotLike",
        "StringNotEqualsIgnoreCase",
        "StringNotEqualsIfExists",
        "StringNotLikeIfExists",
    }
)
"""They hold where the key is missing, too: a Deny by them forgets nothing."""


def _ours(condition: Condition, operators: frozenset[str], context: Context) -> bool:
    """Whether it is about whose the resource is, and all that it names is ours."""
    if condition.operator not in operators or not condition.values:
        return False
    if condition.key in ("aws:resourceaccount", "s3:resourceaccount"):
        return set(condition.values) <= context.own_accounts | {context.place.account}
    if condition.key == "aws:resourceorgid":
        return set(condition.values) == {house(context).organisation.get()}
    return False


def _takes_back(deny: Statement, allow: Statement, context: Context) -> Condition | None:
    """The condition of a Deny that holds everybody, in all that is allowed, to what is ours; None: it does not. AWS's
    own services may be left out, since nobody has their keys; but not whoever comes without any."""
    if EVERYBODY not in deny.principals or not deny.reaches("*") or not all(map(deny.acts_on, allow.actions or ("*",))):
        return None
    others = [one for one in deny.conditions if one != _NO_SERVICE]
    return others[0] if len(others) == 1 and _ours(others[0], _UNEQUAL, context) else None


_NO_SERVICE: Final = Condition("BoolIfExists", "aws:principalisawsservice", ("false",))


def _who(allow: Statement) -> str:
    if allow.not_principals:
        return "everybody but " + _listed(tuple(one.value for one in allow.not_principals))
    return "everybody" if EVERYBODY in allow.principals else _listed(tuple(one.value for one in allow.principals))


def _actions(allow: Statement) -> str:
    return _listed(allow.actions) if allow.actions else f"everything but {_listed(allow.not_actions)}"


def _listed(texts: tuple[str, ...]) -> str:
    return ", ".join(texts[:_SHOWN]) + (f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else "")
