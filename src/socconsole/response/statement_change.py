"""One statement of ours in the policy of a resource, as a change: the same for buckets, keys and secrets.

What differs is how a policy is read and written, how long it may be and what a statement says; that is filled
in by the resource's family (``s3_bucket``, ``kms_key``, ``secret``) and by a file in ``actions``. What others
write into the policy meanwhile stays: an undo takes out our statement, and nothing else.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from socconsole.model.action import Call, Plan
from socconsole.response import statement
from socconsole.response.base import Target
from socconsole.response.change import Change, Cut, Seen, State
from socconsole.response.wording import count, listed


class Governed(Seen, Protocol):
    """A resource with a policy of its own."""

    @property
    def policy(self) -> str | None:
        """The policy's JSON text, None where there is none; untrusted. Denied: ``policy`` is in ``unread``."""


P = TypeVar("P", bound=Governed)


class StatementChange(Change[P]):
    """A policy with and without our statement."""

    sid: str
    """Our statement's id; begins with ``Socconsole``."""
    policy_bytes: int
    """The longest policy that the service takes, in bytes of UTF-8."""

    @abstractmethod
    def write(self, target: Target, policy: str) -> Call:
        """The call that makes ``policy`` the resource's."""

    @abstractmethod
    def remove(self, target: Target) -> Call:
        """The call that leaves the resource without a policy."""

    @abstractmethod
    def exposed_by(self, seen: P, statement: Mapping[str, Any]) -> str:
        """What is open again without our statement, in a clause; empty when it closed nothing."""

    def state(self, seen: P) -> State:
        return {"Policy": document(seen)}

    def same(self, one: Any, other: Any) -> bool:
        return statement.same(one, other)

    def put(
        self,
        seen: P,
        new: Mapping[str, Any],
        *,
        why: str,
        blast_radius: str,
        fit: int,
        warnings: tuple[str, ...] = (),
        refusals: tuple[str, ...] = (),
        wide: bool = False,
        cuts: bool = True,
    ) -> Cut:
        """The cut that puts ``new`` into the policy; refused where that cannot be done without harm."""
        if "policy" in seen.unread:
            why_not = "the policy could not be read: writing it would lose what it says"
            return Cut(None, why_not, refusals=(why_not,))
        try:
            wanted = statement.put(statement.parse(seen.policy), new)
        except statement.NotAPolicy as odd:
            return Cut(None, str(odd), refusals=(str(odd),))
        if deleted := statement.deleted(wanted):
            sentence = "the policy names who was deleted since; AWS may refuse to write it again: take out first"
            warnings = (*warnings, sentence + listed(deleted))
        size = len(statement.text(wanted).encode())
        if size > self.policy_bytes:
            refusals = (*refusals, f"the policy would be {size} bytes, AWS takes {self.policy_bytes}")
        return Cut(
            {"Policy": wanted},
            why,
            blast_radius,
            fit=fit,
            warnings=warnings,
            refusals=refusals,
            wide=wide,
            cuts=cuts,
        )

    def steps(self, seen: P, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if statement.same(now["Policy"], wanted["Policy"]):
            return ()
        if wanted["Policy"] is None:
            return (self.remove(target),)
        return (self.write(target, statement.text(wanted["Policy"])),)

    def restored(self, seen: P, done: Plan) -> State:
        return {"Policy": statement.give_back(document(seen), done.before["Policy"], self.sid)}

    def exposes(self, seen: P, target: Target, restored: State) -> tuple[str, ...]:
        ours = statement.find(document(seen), self.sid)
        if ours is None or statement.find(restored["Policy"], self.sid) is not None:
            return ()
        opened = self.exposed_by(seen, ours)
        return (opened,) if opened else ()

    def words(self, state: State) -> str:
        found = state["Policy"]
        if found is None:
            return "no policy"
        ours = " with our Deny" if statement.find(found, self.sid) else ""
        return f"a policy of {count(len(statement.statements(found)), 'statement')}{ours}"


def document(seen: Governed) -> Mapping[str, Any] | None:
    """The policy; what is no policy stands as it is, so that it differs from anything we would write."""
    try:
        return statement.parse(seen.policy)
    except statement.NotAPolicy:
        return {"unreadable": seen.policy}
