"""``iam-disable-key``: make a user's access key inactive.

Inactive and never deleted: the trail stays legible, and the undo is one call. Facts: IAM API reference
(``UpdateAccessKey``, ``GetAccessKeyLastUsed``); IAM User Guide, "Managing access keys": temporary credentials
made with the key (``GetSessionToken``, ``GetFederationToken``, up to 36 hours) go on working without it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.change import Change, Cut, State, judge
from socconsole.response.iam_inline import DELAY, TRAIL, everywhere
from socconsole.response.iam_own import own
from socconsole.response.iam_principal import jsonable, moment
from socconsole.response.recent import Recent, recent
from socconsole.response.wording import count, listed
from socconsole.text import token

# Long-term keys; those of sessions (ASIA…) cannot be switched off. Security Hub writes a prefix of its own.
_KEY: Final = re.compile(r"(?:AWS::IAM::AccessKey:)?(AKIA[A-Z0-9]{12,124})")


@dataclass(frozen=True, slots=True)
class Key:
    """An access key and whose it is."""

    id: str
    place: Place
    user: str
    """Empty when no user of this account has it."""
    arn: str
    status: str
    last_used: str
    """In words."""
    others: tuple[str, ...]
    """The user's other keys that work."""
    own: tuple[str, ...] | None
    lately: Recent | None
    """What was done with it in the last day."""
    evidence: Mapping[str, Any]
    tags: Mapping[str, str]
    unread: tuple[str, ...] = ()


class IamDisableKey(Change[Key]):
    """See the module's text."""

    info = Info(
        id="iam-disable-key",
        title="Make an access key inactive",
        target_type="access key",
        calls=("iam:UpdateAccessKey",),
        stops="every request signed with this key",
        does_not_stop="sessions made with it before (GetSessionToken, GetFederationToken: up to 36 hours), the "
        "user's other keys, its password and Bedrock API keys, keys made anew, roles taken on with it",
        reversible=Reversible.YES,
        captures="the key's user, tags and all his keys with their status; when and where it was used last",
        verifies="the key's status is Inactive",
        undo_leaves="nothing",
        pitfalls=(
            "a session made with the key outlives it: said before; iam-user-quarantine ends it",
            "the user has another key: listed before",
            "a key of the root user: only he can switch it off, refused",
            "temporary keys (ASIA) cannot be switched off: not offered, the role is",
            "the key that this console itself signs with: refused",
        ),
    )
    writes = ("UpdateAccessKey", "CreateAccessKey")
    trail_region = TRAIL
    types = ("AwsIamAccessKey",)

    def name(self, target: str) -> str:
        found = _KEY.fullmatch(target)
        if not found:
            raise BadTarget(f"{token(target)!r} is not the id of a long-term access key (AKIA…)")
        return found[1]

    def arns(self, target: Target) -> tuple[str, ...]:
        return (f"arn:{partition_of(target.place.region)}:iam::{target.place.account}:user/*",)

    def resources(self, plan: Plan) -> tuple[str, ...]:
        """IAM knows a key by its user."""
        user = plan.evidence.get("user")
        return (str(user["Arn"]),) if user else super().resources(plan)

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        return (Target(plan.target, plan.place), everywhere(plan.target, plan))

    async def look(self, door: Door, target: Target) -> Key:
        place = target.place
        nobodys = Key(target.id, place, "", "", "", "", (), (), None, {"user": None}, {})
        try:
            used = await door.call(place, "iam:GetAccessKeyLastUsed", {"AccessKeyId": target.id})
        except AwsTrouble as trouble:
            if trouble.kind not in ("not_found", "denied"):
                raise
            return nobodys  # AWS denies it for keys of others as it does for want of the permission
        try:
            name = str(used.get("UserName", ""))
            user, listed_, lately = await asyncio.gather(
                door.call(place, "iam:GetUser", {"UserName": name}),
                door.call(place, "iam:ListAccessKeys", {"UserName": name}),
                recent(door, place, "AccessKeyId", target.id),
            )
        except AwsTrouble as trouble:
            if trouble.kind != "not_found":
                raise
            return nobodys
        keys = {str(one["AccessKeyId"]): str(one["Status"]) for one in listed_["AccessKeyMetadata"]}
        last = used["AccessKeyLastUsed"]
        return Key(
            id=target.id,
            place=place,
            user=name if target.id in keys else "",
            arn=str(user["User"]["Arn"]),
            status=keys.get(target.id, ""),
            last_used=f"{moment(last.get('LastUsedDate'))} for {token(last['ServiceName'])} in {token(last['Region'])}",
            others=tuple(key for key, status in keys.items() if status == "Active" and key != target.id),
            own=await own(door, place),
            lately=lately,
            evidence={
                "user": jsonable(user["User"]),
                "keys": jsonable(listed_["AccessKeyMetadata"]),
                "last_used": jsonable(last),
            },
            tags={tag["Key"]: tag["Value"] for tag in user["User"].get("Tags", ())},
        )

    def state(self, seen: Key) -> State:
        return {"Status": seen.status}

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        """Asked by the user, not by the key: one that was deleted since is as good as inactive."""
        if not plan.calls:
            return await super().verify(door, plan)
        asked = {"UserName": plan.calls[0].params["UserName"]}
        try:
            listed_ = (await door.call(plan.place, "iam:ListAccessKeys", asked))["AccessKeyMetadata"]
        except AwsTrouble as trouble:
            if trouble.kind != "not_found":
                raise
            listed_ = []  # the user is gone, and his keys with him
        status = next((str(one["Status"]) for one in listed_ if one["AccessKeyId"] == plan.target), "Inactive")
        return judge({"Status": status}, plan.before, plan.after)

    def cut(self, seen: Key, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not seen.user:
            why_not = _nobodys(seen, finding)
            return Cut(None, why_not, refusals=(why_not,))
        others = count(len(seen.others), "other active key")
        lately = f"; {seen.lately.words(finding)}" if seen.lately else ""
        return Cut(
            wanted={"Status": "Inactive"},
            why=f"the key of user {token(seen.user)} is {seen.status.lower()}",
            blast_radius=f"1 key of user {token(seen.user)}, last used {seen.last_used}{lately}; whatever signs "
            f"with it stops at once; the user keeps {others}{listed(seen.others)}",
            fit=88,
            warnings=(*_warnings(seen), DELAY),
            refusals=_refusals(seen),
        )

    def steps(self, seen: Key, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted or not seen.user:
            return ()
        key = {"UserName": seen.user, "AccessKeyId": seen.id}
        return (Call("iam", "UpdateAccessKey", {**key, "Status": wanted["Status"]}),)

    def exposes(self, seen: Key, target: Target, restored: State) -> tuple[str, ...]:
        if restored["Status"] != "Active" or seen.status == "Active":
            return ()
        return (f"whoever holds this key of user {token(seen.user)} can sign with it again",)


def _nobodys(seen: Key, finding: Finding | None) -> str:
    actors = finding.actors if finding else ()
    if any(actor.kind == "user" and actor.value.raw().lower() == "root" for actor in actors):
        return "this is a key of the root user: only he can switch it off, signed in as root"
    return (
        f"no user of account {seen.place.account} is known to have this key: it is the root user's, another account's "
        "or a deleted one, or reading it is denied (iam:GetAccessKeyLastUsed)"
    )


def _warnings(seen: Key) -> tuple[str, ...]:
    said = ["sessions made with this key (up to 36 hours) go on; iam-user-quarantine ends them too"]
    if seen.others:
        said.append(f"the user has {count(len(seen.others), 'other key')} that work{listed(seen.others)}")
    return tuple(said)


def _refusals(seen: Key) -> tuple[str, ...]:
    if seen.own is None:
        return ("who this console is to AWS could not be read (iam:GetRole): a lock-out cannot be ruled out",)
    if seen.arn in seen.own:
        return ("this console's own roles are taken on by this user: it would lock itself out",)
    return ()


ACTION: Final = IamDisableKey()
