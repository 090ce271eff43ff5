"""One inline policy of ours on a role or a user, under a name that only we use: put, found again, taken away.

An inline policy and not an attached one: it needs nothing made before, counts against no limit of attachments,
and goes with one call. A Deny wins over every Allow wherever it stands (IAM User Guide, "Policy evaluation
logic"). Findings say who acted; roles and users are taken from there, by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from socconsole.model.action import ActionState, Call, Plan
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response import statement
from socconsole.response.base import BadTarget, Door, Target
from socconsole.response.change import Change, Cut, State, judge
from socconsole.response.found import resources
from socconsole.response.iam_own import without_path
from socconsole.response.iam_principal import ROLE, USER, Kind, Principal, read_principal
from socconsole.text import token

EVERYWHERE: Final = "everywhere"
"""Stands for the region of what an account has once: nobody else acts on it from another region meanwhile."""

TRAIL: Final = "us-east-1"
"""Where the trail of IAM's events is (CloudTrail User Guide, "Global service events")."""

DELAY: Final = "IAM takes a few seconds, at times a few minutes, until it is so everywhere"

CALLS: Final[Mapping[Kind, tuple[str, str]]] = {
    kind: (f"iam:Put{kind.noun}Policy", f"iam:Delete{kind.noun}Policy") for kind in (ROLE, USER)
}
_NAME: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_ARN: Final = re.compile(r"arn:[a-z-]+:iam::\d{12}:(role|user)/(?:[\x21-\x7e]*/)?([^/]+)")
_SESSION: Final = re.compile(r"arn:[a-z-]+:sts::\d{12}:assumed-role/([^/]+)/[^/]+")
_ACCOUNT: Final = re.compile(r"\d{12}")
_OURS: Final = "socconsole-"


class PrincipalChange(Change[Principal]):
    """A change to a role or a user."""

    kinds: tuple[Kind, ...] = (ROLE,)
    trail_region = TRAIL

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        named = resources(finding, tuple(f"AwsIam{kind.noun}" for kind in self.kinds), self.name)
        acting = tuple(Target(self._id(kind, name), place) for kind, name, place in actors(finding, self.kinds))
        return tuple(dict.fromkeys((*named, *acting)))

    def name(self, target: str) -> str:
        """A name or an ARN; where both kinds are taken, a bare name is a role's and ``user/NAME`` a user's."""
        arn, session = _ARN.fullmatch(target), _SESSION.fullmatch(target)
        word, name = (arn[1], arn[2]) if arn else ("role", session[1]) if session else ("", target)
        if not word and len(self.kinds) > 1:
            word, _, name = target.rpartition("/")
        kind = next((kind for kind in self.kinds if word in ("", kind.word)), None)
        if kind is None or not _NAME.fullmatch(name):
            wanted = " or ".join(kind.word for kind in self.kinds)
            raise BadTarget(f"{token(target)!r} is not the name of a {wanted}")
        return self._id(kind, name)

    def _id(self, kind: Kind, name: str) -> str:
        return name if kind is self.kinds[0] else f"{kind.word}/{name}"

    def _who(self, target: Target) -> tuple[Kind, str]:
        word, _, name = target.id.rpartition("/")
        return (next(kind for kind in self.kinds if word in ("", kind.word)), name)

    def arns(self, target: Target) -> tuple[str, ...]:
        kind, name = self._who(target)
        stem = f"arn:{partition_of(target.place.region)}:iam::{target.place.account}:{kind.word}/"
        return (f"{stem}{name}", f"{stem}*/{name}")  # a path is part of the ARN, and is not known before

    def resources(self, plan: Plan) -> tuple[str, ...]:
        """The one ARN that IAM said; patterns where the record does not hold it any more."""
        known = plan.evidence.get("principal")
        return (str(known["Arn"]),) if known else super().resources(plan)

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        mine = Target(plan.target, plan.place)
        kind, name = self._who(mine)
        return (mine, everywhere(f"{kind.word}/{name}", plan))

    async def look(self, door: Door, target: Target) -> Principal:
        kind, name = self._who(target)
        return await read_principal(door, kind, name, target.place)

    def trail_name(self, target: Target) -> str:
        return self._who(target)[1]


class InlineDeny(PrincipalChange):
    """A Deny in an inline policy called :attr:`policy`."""

    policy: str
    locks_out: bool = True
    """Could shut out whoever runs this console; then our own roles are refused."""

    writes = ("PutRolePolicy", "DeleteRolePolicy", "PutUserPolicy", "DeleteUserPolicy")

    def state(self, seen: Principal) -> State:
        return {"Policy": seen.inline.get(self.policy)}

    def deny(
        self,
        seen: Principal,
        new: Mapping[str, Any],
        *,
        why: str,
        blast_radius: str,
        fit: int,
        warnings: tuple[str, ...] = (),
    ) -> Cut:
        """The cut that puts ``new`` (``Action`` or ``NotAction``, ``Condition`` …) into our policy."""
        wanted = statement.put(None, {"Sid": self._sid, "Effect": "Deny", **new, "Resource": "*"})
        refusals = tuple(filter(None, (self._protected(seen), self._too_long(seen, wanted))))
        return Cut({"Policy": wanted}, why, blast_radius, fit, (*warnings, DELAY), refusals)

    @property
    def _sid(self) -> str:
        return "".join(part.capitalize() for part in self.policy.split("-"))

    def _protected(self, seen: Principal) -> str:
        if seen.path.startswith("/aws-service-role/"):
            return "this is a service-linked role: only its AWS service changes it, IAM refuses everybody else"
        if seen.path.startswith("/aws-reserved/") or seen.name.startswith("AWSReservedSSO_"):
            return (
                "IAM Identity Center keeps this role: deny in its permission set, or one person in an SCP by "
                "identitystore:UserId"
            )
        if not self.locks_out:
            return ""
        if seen.own is None:
            return "who this console is to AWS could not be read (iam:GetRole): a lock-out cannot be ruled out"
        ours = {without_path(arn) for arn in seen.own}
        if without_path(seen.arn) in ours or seen.name.startswith(_OURS):
            return f"this console itself acts through this {seen.kind.word}: it would lock itself out"
        return ""

    def _too_long(self, seen: Principal, wanted: Mapping[str, Any]) -> str:
        documents = {**seen.inline, self.policy: wanted}
        size = sum(len(one if isinstance(one, str) else statement.text(one)) for one in documents.values())
        if size <= seen.kind.room:
            return ""
        return (
            f"its inline policies would be {size} characters together, IAM takes {seen.kind.room} of a {seen.kind.word}"
        )

    def steps(self, seen: Principal, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        named = {**seen.kind.named(seen.name), "PolicyName": self.policy}
        if wanted["Policy"] is None:
            return (Call("iam", f"Delete{seen.kind.noun}Policy", named),)
        document = wanted["Policy"]
        text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
        return (Call("iam", f"Put{seen.kind.noun}Policy", {**named, "PolicyDocument": text}),)

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        seen = await self.look(door, Target(plan.target, plan.place))
        if not seen.exists and plan.after["Policy"] is not None:
            return ActionState.APPLIED  # deleted since: nobody is there who could act
        return judge(self.state(seen), plan.before, plan.after)

    def exposes(self, seen: Principal, target: Target, restored: State) -> tuple[str, ...]:
        ours = statement.find(_parsed(seen.inline.get(self.policy)), self._sid)
        if ours is None or statement.find(_parsed(restored["Policy"]), self._sid) is not None:
            return ()
        opened = self.exposed_by(seen, ours)
        return (opened,) if opened else ()

    def exposed_by(self, seen: Principal, ours: Mapping[str, Any]) -> str:
        """What is open again without our statement, in a clause; empty when it stops nothing any more."""
        return f"the {seen.kind.word} {token(seen.name)} may do again whatever its policies allow"

    def words(self, state: State) -> str:
        document = _parsed(state["Policy"])
        if document is None:
            return "no policy of ours" if state["Policy"] is None else "a policy under our name that is none"
        found = statement.find(document, self._sid)
        return "our Deny" if found else "a policy under our name without our Deny"


def nobody(seen: Principal) -> Cut:
    """There is no such role or user here: the name in the finding is somebody else's."""
    return Cut(
        None,
        f"would change nothing here: account {seen.place.account} has no {seen.kind.word} of this name; "
        "it is another account's, or was deleted",
    )


def everywhere(id_: str, plan: Plan) -> Target:
    """What an account has once, from whatever region a finding came to it."""
    return Target(id_, Place(plan.place.account, EVERYWHERE))


def actors(finding: Finding, kinds: tuple[Kind, ...]) -> Iterator[tuple[Kind, str, Place]]:
    """Roles and users that a finding says acted with AWS credentials. The root user has no policies.

    Only where a credential or an identity is among its resources: databases and clusters have users as well.
    """
    if finding.region is None or not any(each.type in _IDENTITIES for each in finding.resources):
        return
    for actor in finding.actors:
        kind = next((kind for kind in kinds if kind.word == actor.kind), None)
        name = actor.value.raw()
        stated = actor.detail.raw() if actor.detail else ""
        account = stated if _ACCOUNT.fullmatch(stated) else finding.account
        if kind and account and _NAME.fullmatch(name) and name.lower() != "root":
            yield kind, name, Place(account, finding.region)


_IDENTITIES: Final = ("AwsIamAccessKey", "AwsIamRole", "AwsIamUser")


def _parsed(document: Any) -> Mapping[str, Any] | None:
    """A policy as read from IAM; None for one that is none."""
    try:
        return (
            document
            if document is None
            else statement.parse(document if isinstance(document, str) else json.dumps(document))
        )
    except statement.NotAPolicy:
        return None
