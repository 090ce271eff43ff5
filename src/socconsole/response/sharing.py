"""Who a snapshot or an image is shared with: the same for volumes, machine images and databases.

A family says how the list is read and written; what is taken off it is decided here. Sharing is a list of
accounts, of ``all`` for the public, and for images of organisations. Whoever copied meanwhile has a copy of
his own: no change to the list reaches it (EBS User Guide, "Share an Amazon EBS snapshot").
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import Call, Plan
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response.base import Door, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.trail import with_callers
from socconsole.response.wording import count, listed
from socconsole.text import token

PUBLIC: Final = "all"
"""How EC2 and RDS alike call everyone."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Something that can be shared, as AWS described it in one round of reads."""

    id: str
    place: Place
    owner: str
    """Account that owns it; only it can change the list."""
    names: tuple[str, ...]
    """``all``, accounts and ARNs of organisations, sorted."""
    tags: Mapping[str, str]
    evidence: Mapping[str, Any]
    holds: str = ""
    """What is in it, in a few words; untrusted parts made safe."""
    unread: tuple[str, ...] = ()

    def strangers(self, own: Collection[str] = ()) -> tuple[str, ...]:
        """Accounts on the list that are neither the owner nor of ``own``."""
        house = {self.place.account, *own}
        return tuple(name for name in self.names if name.isdigit() and name not in house)

    @property
    def public(self) -> bool:
        return PUBLIC in self.names


class SharedChange(Change[Shared]):
    """The list without the public and without strangers."""

    what: str
    """What it is called in a sentence: ``snapshot``."""

    @abstractmethod
    def share(self, target: Target, add: Sequence[str], remove: Sequence[str]) -> tuple[Call, ...]:
        """The calls that put names on the list and take names off it; one of the two is empty as a rule."""

    def state(self, seen: Shared) -> State:
        return {"Shared": list(seen.names)}

    def cut(self, seen: Shared, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if seen.owner not in ("", target.place.account):
            why = f"it belongs to account {token(seen.owner)}: only that account can change who it is shared with"
            return Cut(None, why, refusals=(why,))
        strangers = seen.strangers(own)
        if not strangers and not seen.public:
            return Cut(None, f"would change nothing here: the {self.what} is shared with nobody outside your accounts")
        away = {*strangers, PUBLIC}
        kept = [name for name in seen.names if name not in away]
        public = ("everyone",) if seen.public else ()
        organisations = [name for name in kept if not name.isdigit()]
        return Cut(
            {"Shared": kept},
            why=f"the {self.what} is shared with " + " and with ".join((*public, *_accounts(strangers))),
            blast_radius=f"1 {self.what}{seen.holds}; loses access: {' and '.join((*public, *_accounts(strangers)))}; "
            f"keeps it: the owner, {count(len(kept) - len(organisations), 'account')} of yours{listed(kept)}",
            fit=85 if seen.public else 75,
            warnings=(
                f"a copy that was made of the {self.what} stays with who made it: count what is in it as taken",
                *_organisations(organisations),
            ),
        )

    def steps(self, seen: Shared, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        before, after = now["Shared"], wanted["Shared"]
        add = [name for name in after if name not in before]
        remove = [name for name in before if name not in after]
        return self.share(target, add, remove) if add or remove else ()

    def restored(self, seen: Shared, done: Plan) -> State:
        """What the action took off the list is put on it again; what others did to it meanwhile stays."""
        taken = set(done.before["Shared"]) - set(done.after["Shared"])
        return {"Shared": sorted(taken | set(seen.names))}

    def exposes(self, seen: Shared, target: Target, restored: State) -> tuple[str, ...]:
        back = [name for name in restored["Shared"] if name not in seen.names]
        public = ("everyone",) if PUBLIC in back else ()
        others = _accounts([name for name in back if name != PUBLIC])
        return (f"the {self.what} is shared with " + " and with ".join((*public, *others)),) if back else ()

    def words(self, state: State) -> str:
        names = state["Shared"]
        return "shared with " + ", ".join(map(token, names)) if names else "shared with nobody"

    async def plan(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        plan = await super().plan(door, target, finding, own)
        return await with_callers(door, plan, self.trail_name(target))


def _accounts(names: Sequence[str]) -> tuple[str, ...]:
    return (count(len(names), "account") + " not of yours" + listed(names),) if names else ()


def _organisations(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (f"{count(len(names), 'organisation or unit', 'organisations or units')} left on the list{listed(names)}",)
