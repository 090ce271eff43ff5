"""``kms-disable-key``: switch a key off, for everyone.

The last means where who uses a key cannot be told apart: nobody can decrypt with it or encrypt to it until it is
enabled again, and nothing is lost by that, unlike a scheduled deletion, which this console never asks for (KMS
Developer Guide, "Enable and disable keys"; "How unusable KMS keys affect data keys").
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.kms_key import Key, KeyChange, managed_by_aws
from socconsole.response.wording import count, listed
from socconsole.text import token


class KmsDisableKey(KeyChange):
    """See the module's text."""

    writes = ("DisableKey", "EnableKey", "ScheduleKeyDeletion", "CancelKeyDeletion")
    info = Info(
        id="kms-disable-key",
        title="Disable a key",
        target_type="key",
        calls=("kms:DisableKey", "kms:EnableKey"),
        stops="every encryption and decryption with the key, by anyone and any AWS service",
        does_not_stop="data keys already in somebody's memory, volumes that are attached, what was decrypted already",
        reversible=Reversible.YES,
        captures="key policy, all grants, key state and metadata, tags",
        verifies="the key's state is Disabled",
        undo_leaves="nothing",
        pitfalls=(
            "all that is encrypted with it stops: objects, volumes at their next attachment, databases at their "
            "next start: wide, and a second person approves",
            "AWS managed keys cannot be disabled: refused",
            "a key that is pending deletion is out of use already, and stays so: nothing is offered",
            "a change takes up to some minutes to be seen everywhere in KMS",
        ),
        wide=True,
        second_person=True,
    )

    def state(self, seen: Key) -> State:
        return {"KeyState": seen.state}

    def cut(self, seen: Key, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if refusal := managed_by_aws(seen):
            return Cut(None, refusal, refusals=(refusal,))
        if seen.state != "Enabled":
            return Cut(
                None, f"would change nothing here: the key is {token(seen.state) or 'in no known state'} already"
            )
        named = seen.outsiders(own)
        reach = seen.reach(own)
        return Cut(
            {"KeyState": "Disabled"},
            why="strangers may use it" + listed(named) if named else "the key is in use by whoever may use it",
            blast_radius=f"1 key, for all: {count(reach.inside, 'named principal')} of this account, "
            f"{count(len(reach.family), 'principal')} of your other accounts, "
            f"{count(len(named), 'stranger')}, {count(len(seen.grants), 'grant')}; "
            "what is encrypted with it: not known",
            fit=15,
            warnings=("objects, volumes, databases and secrets under this key become unreadable to everyone",),
            instead="kms-deny-outsiders: only the strangers are denied" if named or reach.anyone else "",
        )

    def steps(self, seen: Key, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        key = {"KeyId": target.id}
        if wanted["KeyState"] == "Disabled":
            return (Call("kms", "DisableKey", key),) if now["KeyState"] == "Enabled" else ()
        # A key that somebody scheduled for deletion cannot be enabled; cancelling that is not ours to decide.
        return (Call("kms", "EnableKey", key),) if now["KeyState"] == "Disabled" else ()

    def exposes(self, seen: Key, target: Target, restored: State) -> tuple[str, ...]:
        named = seen.outsiders()
        opened = []
        if named:
            opened.append("the key may be used by" + listed(named))
        if seen.reach().anyone:
            opened.append("the key policy lets in everyone")
        return tuple(opened)

    def words(self, state: State) -> str:
        return token(state["KeyState"])


ACTION: Final = KmsDisableKey()
