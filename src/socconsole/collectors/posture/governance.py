"""The organisation, and what it enforces on our accounts.

Facts: Organizations API reference: ``DescribeOrganization`` and ``DescribeEffectivePolicy`` may be called from any
account of an organisation; ``ListParents``, ``ListPoliciesForTarget`` and ``DescribePolicy`` from its management
account or a delegate only. Therefore all accounts are judged where the management account is read, if the
configuration has it; else each tries for itself, and is UNKNOWN unless it is a delegate: a place that may not ask
was read wholly all the same (``aside``). Organizations User Guide, "Service control policies": those of the root, of
each unit on the way down and of the account all apply, and none to the management account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.home import is_home
from socconsole.collectors.posture.policies import parse
from socconsole.config import Config
from socconsole.model.estate.governance import Governance, Governed, Inherited, Organisation, TagRule
from socconsole.model.estate.policy import Policy, Statement
from socconsole.model.known import Known, Read, Unread
from socconsole.text import Untrusted, clean, token

T = TypeVar("T")

_HOME: Final = "us-east-1"
"""Organizations has one endpoint."""
_DEEPEST: Final = 7
"""An account, five levels of units at most, the root."""


async def read(asking: Asking, config: Config) -> Governance:
    """The organisation in every place; what it enforces in the account's first one."""
    organisation = await asking.one("organizations:DescribeOrganization", {}, _organisation, _HOME)
    if not is_home(asking.place, config):
        return Governance(organisation, Known(()), ())
    inherited = Inherited(
        arn=_arn(asking.place.account),
        opt_out=await _effective(asking, "AISERVICES_OPT_OUT_POLICY", _opt_out),
        tags=await _effective(asking, "TAG_POLICY", _tag_rules),
    )
    return Governance(organisation, await _governed(asking, config, organisation), (inherited,))


def _organisation(answer: dict[str, Any]) -> Organisation | None:
    if not answer:
        return None
    said = answer["Organization"]
    return Organisation(token(said["Id"]), token(said["MasterAccountId"]))


def _arn(account: str) -> str:
    """As Security Hub names an account (ASFF, ``AwsAccount``): its own ARN has the organisation in it, and would
    change with what can be read of that."""
    return f"AWS::::Account:{account}"


# ---- service control policies


async def _governed(
    asking: Asking, config: Config, organisation: Read[Organisation | None]
) -> Read[tuple[Governed, ...]]:
    if isinstance(organisation, Unread):
        return organisation
    here, found = asking.place.account, organisation.get()
    if found is None:
        return Known((Governed(_arn(here), here, False, None),))
    ours = [one.account for one in config.accounts]
    if found.management == here:
        accounts = list(dict.fromkeys((here, *ours)))
    else:  # where we have eyes in the management account, it is judged there
        accounts = [] if found.management in ours else [here]

    async def one(account: str) -> tuple[Governed, ...]:
        path = await _path(asking, account)
        if path == Known(()):  # of another organisation: judged where that one is read
            return ()
        controls = path if isinstance(path, Unread) else await _controls(asking, path.get())
        return (Governed(_arn(account), account, account == found.management, controls),)

    return Known(tuple(governed for some in await asking.each(accounts, one) for governed in some))


async def _path(asking: Asking, account: str) -> Read[tuple[str, ...]]:
    """The account, its units from the lowest, the root; empty where it is in another organisation."""
    path, top = [account], False
    while not top and len(path) < _DEEPEST:
        above = await asking.all("organizations:ListParents", {"ChildId": path[-1]}, _parents, _HOME, aside=True)
        if isinstance(above, Unread):
            return above
        if not above.get():
            return Known(())
        target, top = above.get()[0]  # "a child can have only a single parent"
        path.append(target)
    return Known(tuple(path)) if top else Unread("organizations:ListParents", Untrusted("no root above the units"))


def _parents(page: dict[str, Any]) -> list[tuple[str, bool]]:
    """(id, whether it is the root); a child that the organisation does not have comes as an empty answer."""
    return [(str(one["Id"]), one["Type"] == "ROOT") for one in page["Parents"]] if page else []


async def _controls(asking: Asking, path: tuple[str, ...]) -> Read[Policy]:
    """All statements of what is attached on the way. Parts that were not read may hold the Deny that is looked for."""
    statements: list[Statement] = []
    for target in path:
        asked = {"TargetId": target, "Filter": "SERVICE_CONTROL_POLICY"}
        attached = await asking.all("organizations:ListPoliciesForTarget", asked, _ids, _HOME, aside=True)
        if isinstance(attached, Unread):
            return attached
        for policy in attached.get():
            said = await asking.one("organizations:DescribePolicy", {"PolicyId": policy}, _content, _HOME, aside=True)
            if isinstance(said, Unread):
                return said
            statements += said.get().statements
    return Known(Policy(tuple(statements)))


def _ids(page: dict[str, Any]) -> list[str]:
    return [str(one["Id"]) for one in page["Policies"]]


def _content(answer: dict[str, Any]) -> Policy:
    return parse(answer["Policy"]["Content"])


# ---- policies that are merged on their way down


async def _effective(
    asking: Asking, kind: str, understand: Callable[[Mapping[str, Any]], Iterator[T]]
) -> Read[tuple[T, ...]]:
    """Empty where AWS says that none applies. The merged document has no operators (``@@assign``) any more."""

    def read(answer: dict[str, Any]) -> tuple[T, ...]:
        return tuple(understand(json.loads(answer["EffectivePolicy"]["PolicyContent"]))) if answer else ()

    return await asking.one("organizations:DescribeEffectivePolicy", {"PolicyType": kind}, read, _HOME)


def _opt_out(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for service, said in document["services"].items():
        yield clean(service), token(said["opt_out_policy"])


def _tag_rules(document: Mapping[str, Any]) -> Iterator[TagRule]:
    for key, said in document["tags"].items():
        yield TagRule(
            key=clean(said.get("tag_key", key)),
            values=tuple(clean(one) for one in said.get("tag_value", ())),
            enforced_for=tuple(token(one) for one in said.get("enforced_for", ())),
        )
