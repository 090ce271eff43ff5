"""``iam-disable-service-credential``: make the Bedrock API keys of a user inactive.

A long-term Bedrock API key is a service-specific credential of an IAM user. Inactive and never deleted: the undo
is one call. Facts: IAM API reference (``ListServiceSpecificCredentials``, ``UpdateServiceSpecificCredential``).
Short-term keys are made from a session, live up to 12 hours and are nowhere listed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Cut, State, judge
from socconsole.response.iam_inline import DELAY, PrincipalChange, nobody
from socconsole.response.iam_principal import USER, Principal
from socconsole.response.iam_user import User, read_user
from socconsole.response.wording import count, listed
from socconsole.text import token

_SHORT: Final = "short-term keys, made from a session, live up to 12 hours: bedrock-deny-bearer stops both kinds"


class IamDisableServiceCredential(PrincipalChange):
    """See the module's text."""

    kinds = (USER,)
    info = Info(
        id="iam-disable-service-credential",
        title="Make a user's Bedrock API keys inactive",
        target_type="user",
        calls=("iam:UpdateServiceSpecificCredential",),
        stops="every request with one of the user's long-term Bedrock API keys",
        does_not_stop="short-term Bedrock API keys, requests signed with his access keys, keys made anew",
        reversible=Reversible.YES,
        captures="the user with tags and policies, Bedrock API keys with their status, access keys, login profile",
        verifies="the status of each of those keys is Inactive",
        undo_leaves="nothing",
        pitfalls=(
            "a short-term key is not listed anywhere: said before",
            "a user may have two keys: all that work are switched off, and only those given back",
            "a key made or deleted since is left alone by the undo",
        ),
    )
    writes = ("UpdateServiceSpecificCredential", "CreateServiceSpecificCredential")

    async def look(self, door: Door, target: Target) -> Principal:
        found = await super().look(door, target)
        return await read_user(door, found) if found.exists else found

    def state(self, seen: Principal) -> State:
        return dict(seen.credentials) if isinstance(seen, User) else {}

    def cut(self, seen: Principal, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not isinstance(seen, User):
            return nobody(seen)
        if "credentials" in seen.unread:
            why_not = "his Bedrock API keys could not be read"
            return Cut(None, why_not, refusals=(why_not,))
        active = [id_ for id_, status in seen.credentials.items() if status == "Active"]
        if not active:
            had = "no Bedrock API key" if not seen.credentials else "no active Bedrock API key"
            return Cut(None, f"would change nothing here: user {token(seen.name)} has {had}")
        return Cut(
            wanted={id_: "Inactive" if status == "Active" else status for id_, status in seen.credentials.items()},
            why=f"user {token(seen.name)} has {count(len(active), 'active Bedrock API key')}{listed(active)}",
            blast_radius=f"{count(len(active), 'Bedrock API key')}; whatever uses one stops at once; "
            f"{seen.ways_in(finding)}",
            fit=85,
            warnings=(_SHORT, DELAY),
        )

    def steps(self, seen: Principal, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        """Only for keys that are there still."""
        return tuple(
            Call(
                "iam",
                "UpdateServiceSpecificCredential",
                {"UserName": seen.name, "ServiceSpecificCredentialId": id_, "Status": status},
            )
            for id_, status in wanted.items()
            if id_ in now and now[id_] != status
        )

    def restored(self, seen: Principal, done: Plan) -> State:
        """What the action switched off; keys made since, or switched by others, stay as they are."""
        switched = {id_: was for id_, was in done.before.items() if was != done.after.get(id_)}
        return {id_: switched.get(id_, status) for id_, status in self.state(seen).items()}

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        """A key that was deleted since is as good as switched off; it cannot be given back either."""
        now = self.state(await self.look(door, Target(plan.target, plan.place)))
        gone = {id_: status for id_, status in plan.after.items() if status == "Inactive" and id_ not in now}
        return judge({**now, **gone}, plan.before, plan.after)

    def exposes(self, seen: Principal, target: Target, restored: State) -> tuple[str, ...]:
        now = self.state(seen)
        back = [id_ for id_, status in restored.items() if status == "Active" and now.get(id_) != "Active"]
        return (f"{count(len(back), 'Bedrock API key')} of user {token(seen.name)} work again",) if back else ()


ACTION: Final = IamDisableServiceCredential()
