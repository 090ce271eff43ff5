"""GOV-01, 02, 04 and 05: what the organisation denies its accounts, judged by statements and not by names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from socconsole.model.estate.governance import Governance, Governed, Inherited
from socconsole.model.estate.policy import Condition as Clause
from socconsole.model.estate.policy import Policy, Statement, covers
from socconsole.model.known import Known, Read
from socconsole.model.posture import Judged
from socconsole.posture.check import AnyCheck, Check, Condition, Context, Said, failed, weigh
from socconsole.text import clean


def _governed(context: Context) -> Read[tuple[Governed, ...]]:
    return context.part(Governance).governed


def _inherited(context: Context) -> Read[tuple[Inherited, ...]]:
    return Known(context.part(Governance).inherited)


def _controls(governed: Governed) -> Policy | str:
    """Statements that hold for the account, or why there are none at all."""
    if governed.controls is None:
        return "the account is in no organisation: nothing is enforced on it"
    if governed.management:
        return "it is the management account, to which no service control policy applies"
    return governed.controls.get()


# ---- GOV-01

_GUARDED: Final = (
    ("GuardDuty", ("guardduty:DeleteDetector", "guardduty:UpdateDetector")),
    (
        "AWS Config",
        ("config:StopConfigurationRecorder", "config:DeleteConfigurationRecorder", "config:DeleteDeliveryChannel"),
    ),
    (
        "CloudTrail",
        ("cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors"),
    ),
    ("the account's block of public access", ("s3:PutAccountPublicAccessBlock",)),
)

_DATA: Final = (
    "s3:CreateBucket", "s3:PutObject", "ec2:RunInstances", "ec2:CopySnapshot", "rds:CreateDBInstance",
    "dynamodb:CreateTable", "lambda:CreateFunction", "sagemaker:CreateEndpoint", "sagemaker:CreateTrainingJob",
    "bedrock:InvokeModel",
)  # fmt: skip
"""By which data comes to lie, or to be processed, in a Region; services without Regions may be left out of a Deny."""


def guarded(governed: Governed, context: Context) -> Judged:
    """GOV-01. One Deny may leave out named roles (a pipeline's, the last way in); any other condition is undecided."""
    controls = _controls(governed)
    if isinstance(controls, str):
        return failed(controls)
    switches = [partial(_kept_on, controls, what, actions) for what, actions in _GUARDED]
    return weigh([partial(_regions, controls, context.regions), *switches])


def _kept_on(controls: Policy, what: str, actions: Sequence[str]) -> Said:
    return _all_denied(f"switching {what} off", [(one, _denied(controls, one)) for one in actions])


def _regions(controls: Policy, allowed: frozenset[str]) -> Said:
    denies = [one for one in controls.denies if any(clause.key == _REGION for clause in one.conditions)]
    found = [_region(one, allowed) for one in denies]
    best = next((one for met in (True, None, False) for one in found if one.met is met), None)
    return best or Said(False, "no Region is denied")


_REGION: Final = "aws:requestedregion"


def _region(deny: Statement, allowed: frozenset[str]) -> Said:
    """One Deny that takes in all that brings data to a Region, in every Region but allowed ones."""
    clauses = [one for one in deny.conditions if one.key == _REGION]
    left = sorted({value for one in clauses for value in one.values} - allowed)
    if len(clauses) != 1 or clauses[0].operator not in ("StringNotEquals", "StringNotEqualsIfExists"):
        return Said(None, f"a Deny by Region is not understood: {_words(deny.conditions)}")
    if left:
        return Said(False, f"Regions left open beside the allowed ones: {', '.join(left)}")
    free = [one for one in _DATA if not (deny.acts_on(one) and deny.reaches("*"))]
    if free:
        return Said(False, f"the Deny by Region leaves out {', '.join(free)}")
    others = [one for one in deny.conditions if one.key != _REGION]
    held = _exempts(others)
    if held is None:
        return Said(None, f"all other Regions are denied where {_words(others)}")
    return Said(True, f"all Regions but {', '.join(sorted(clauses[0].values))} are denied{held}")


# ---- GOV-04


@dataclass(frozen=True, slots=True)
class _Plain:
    """What is asked for without encryption, and the clauses of a Deny that mean that."""

    what: str
    actions: tuple[str, ...]
    resource: str
    clauses: tuple[Clause, ...]


_KMS: Final = ("aws:kms", "aws:kms:dsse")
_PLAIN: Final = (
    _Plain(
        "volumes",
        ("ec2:CreateVolume", "ec2:RunInstances"),
        "arn:aws:ec2:*:*:volume/*",
        (Clause("Bool", "ec2:encrypted", ("false",)),),
    ),
    _Plain(
        "databases",
        ("rds:CreateDBInstance", "rds:CreateDBCluster"),
        "*",
        (Clause("Bool", "rds:storageencrypted", ("false",)),),
    ),
    _Plain(
        "objects without a KMS key",
        ("s3:PutObject",),
        "arn:aws:s3:::*/*",
        tuple(
            Clause(operator, "s3:x-amz-server-side-encryption", values)
            for operator in ("StringNotEquals", "StringNotEqualsIfExists")
            for values in (_KMS, _KMS[::-1], _KMS[:1], _KMS[1:])
        ),
    ),
)


def encryption_required(governed: Governed, context: Context) -> Judged:
    """GOV-04. Amazon S3 encrypts what it is given anyway; a KMS key is what makes reading it a right of its own."""
    controls = _controls(governed)
    if isinstance(controls, str):
        return failed(controls)
    return weigh([partial(_encrypted, controls, one) for one in _PLAIN])


def _encrypted(controls: Policy, plain: _Plain) -> Said:
    found = [(one, _denied(controls, one, plain.resource, plain.clauses)) for one in plain.actions]
    return _all_denied(
        f"making unencrypted {plain.what}" if "KMS" not in plain.what else f"putting {plain.what}", found
    )


# ---- what a Deny denies


def _all_denied(what: str, found: Iterable[tuple[str, Said]]) -> Said:
    """Each action by some Deny; the worst of them decides."""
    listed = list(found)
    for met in (False, None):
        lacking = [f"{action} {said.words}" for action, said in listed if said.met is met]
        if lacking:
            return Said(met, f"{what}: {'; '.join(lacking)}")
    exempt = "".join(dict.fromkeys(said.words for _, said in listed))
    return Said(True, f"{what} is denied{exempt}")


def _denied(controls: Policy, action: str, resource: str = "*", meant: Sequence[Clause] = ()) -> Said:
    """Whether a Deny is about ``action``: always, or under one of the clauses ``meant`` and no other."""
    doubt = ""
    for deny in controls.denies:
        if not (deny.acts_on(action) and deny.reaches(resource)) or any(_beside(one) for one in deny.conditions):
            continue
        others = [one for one in deny.conditions if one not in meant]
        held = _exempts(others) if not meant or len(deny.conditions) - len(others) <= 1 else None
        if held is not None:
            return Said(True, held)
        doubt = doubt or f"is denied where {_words(others)}"
    return Said(None if doubt else False, doubt or "is not denied")


def _beside(clause: Clause) -> bool:
    """Whether a Deny under it surely leaves a way: in an allowed Region, over TLS, to whoever is not named."""
    if clause.key == _REGION:
        return clause.operator in ("StringNotEquals", "StringNotEqualsIfExists")
    if clause.key == "aws:principalarn":
        return clause.operator in ("ArnLike", "ArnEquals", "StringLike", "StringEquals") and "*" not in clause.values
    return (clause.key, clause.values) == ("aws:securetransport", ("false",)) and clause.operator.startswith("Bool")


_NOT: Final = frozenset(f"{kind}{more}" for kind in ("ArnNotLike", "ArnNotEquals", "StringNotLike", "StringNotEquals")
                        for more in ("", "IfExists"))  # fmt: skip
_ROLE: Final = re.compile(r"arn:[a-z*-]+:iam::[\d*]+:role/[A-Za-z][^:]*")


def _exempts(clauses: Iterable[Clause]) -> str | None:
    """Words for the roles that a Deny leaves out by name; None where a clause means anything else."""
    names: list[str] = []
    for one in clauses:
        if one.key != "aws:principalarn" or one.operator not in _NOT:
            return None
        if not all(_ROLE.fullmatch(value) for value in one.values):
            return None
        names += one.values
    return f" to all but {', '.join(names)}" if names else ""


def _words(clauses: Iterable[Clause]) -> str:
    return " and ".join(str(one) for one in clauses)


# ---- GOV-02


def opted_out(inherited: Inherited, context: Context) -> Judged:
    """GOV-02. AWS may keep content of its AI services, also in other Regions, to improve them, until told not to."""
    said = dict(inherited.opt_out.get())
    if not said:
        return failed("no AI services opt-out policy applies: AWS may keep and use content")
    still_in = sorted(service for service, how in said.items() if how != "optOut" and service != "default")
    default = said.get("default", "not said")
    return weigh(
        [
            lambda: Said(default == "optOut", f"the default for all services is {default}"),
            lambda: Said(not still_in, f"opted in: {', '.join(still_in)}" if still_in else "no service is opted in"),
        ]
    )


# ---- GOV-05


def tags_enforced(inherited: Inherited, context: Context) -> Judged:
    """GOV-05. A tag policy refuses wrong values, not missing tags: those are S3-06's."""
    tag = context.config.posture.classification_tag
    rule = next((one for one in inherited.tags.get() if one.key.lower() == tag.lower()), None)
    if rule is None:
        return failed(f"no tag policy says anything of {clean(tag)}")
    known = {one.lower() for one in context.config.posture.classifications}
    strange = [one for one in rule.values if one.lower() not in known]
    values = f"{rule.key} may be {', '.join(rule.values) or 'anything'}"

    def enforced() -> Said:
        met = any(covers((one.replace("ALL_SUPPORTED", "*"),), "s3:bucket") for one in rule.enforced_for)
        return Said(met, "it is enforced for buckets" if met else "it is not enforced for buckets, only reported")

    conditions: list[Condition] = [
        lambda: Said(bool(rule.values) and not strange, values + (", not all of it declared" if strange else "")),
        enforced,
    ]
    return weigh(conditions)


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("GOV-01", _governed, guarded),
    Check("GOV-02", _inherited, opted_out),
    Check("GOV-04", _governed, encryption_required),
    Check("GOV-05", _inherited, tags_enforced),
)
