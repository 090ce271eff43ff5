"""The second person: a proposal on one install's ledger, approved by another install's key, as two lines of text.

The lines travel by whatever the two have (a chat, a ticket): nothing in them is
secret, and neither can be altered without being noticed. A proposal carries the exact calls; its digest binds
action, target, place and calls to the proposal's own entry. An approval is that digest, signed with the
approving install's ledger key, which has to be enrolled (``[[peers]]``) where the action is carried out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
import rfc8785

from socconsole.config import PeerConfig
from socconsole.model.action import Plan
from socconsole.model.entry import Entry
from socconsole.store.keys import Signer, key_id
from socconsole.store.peers import enrolled
from socconsole.text import token

LIFE: Final = timedelta(minutes=30)
"""From the proposal to the intent."""

_PROPOSAL: Final = "socconsole-proposal."
_APPROVAL: Final = "socconsole-approval."
_SIGNED: Final = b"socconsole approval 1\n"
_MOST: Final = 200_000
"""Characters of a line, and bytes that it may unpack to: a policy of 20 kB fits several times."""


L = TypeVar("L", bound=msgspec.Struct)


class BadLine(ValueError):
    """The text is no proposal or approval, or not one that holds; says why."""


class Proposal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What somebody wants to do and may not do alone, or did without being allowed to (``done``).

    All of it is untrusted where it was read from a line.
    """

    id: str
    action: str
    target: str
    account: str
    region: str
    calls: tuple[dict[str, Any], ...]
    undoes: str
    re_exposes: bool
    why: str
    who: str
    install: str
    at: datetime
    done: str = ""
    """Id of the action that was carried out already, under break-glass; empty while nothing was done."""

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of the canonical JSON (RFC 8785) of all of it."""
        return hashlib.sha256(rfc8785.dumps(msgspec.to_builtins(self))).hexdigest()

    @property
    def until(self) -> datetime:
        return self.at + LIFE


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody's yes to one digest."""

    proposal: str
    digest: str
    who: str
    install: str
    key: str
    at: datetime
    signature: str = ""

    @property
    def message(self) -> bytes:
        return _SIGNED + rfc8785.dumps(msgspec.to_builtins(msgspec.structs.replace(self, signature="")))


@dataclass(frozen=True, slots=True)
class Second:
    """Who approved, as an intent cites it."""

    who: str
    peer: str
    key: str
    proposal: str
    digest: str


def propose(
    id_: str, plan: Plan, undoes: str, why: str, who: str, install: str, now: datetime, done: str = ""
) -> Proposal:
    """What is asked of a second person; ``now`` to the second, so that both sides write it alike."""
    return Proposal(
        id=id_,
        action=plan.action,
        target=plan.target,
        account=plan.place.account,
        region=plan.place.region,
        calls=calls_of(plan),
        undoes=undoes,
        re_exposes=plan.re_exposes,
        why=why,
        who=who,
        install=install,
        at=now.replace(microsecond=0),
        done=done,
    )


def about(proposal: Proposal, plan: Plan, undoes: str) -> bool:
    """Was it proposed for this very plan? Calls alone do not tell: a region's and a role's are alike everywhere."""
    proposed = (proposal.action, proposal.target, proposal.account, proposal.region, proposal.undoes)
    wanted = (plan.action, plan.target, plan.place.account, plan.place.region, undoes)
    return proposed == wanted and proposal.re_exposes == plan.re_exposes


def calls_of(plan: Plan) -> tuple[dict[str, Any], ...]:
    return tuple({"service": c.service, "operation": c.operation, "params": dict(c.params)} for c in plan.calls)


def proposal_line(proposal: Proposal) -> str:
    packed = zlib.compress(msgspec.json.encode(proposal), 9)
    return _PROPOSAL + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_proposal(line: str) -> Proposal:
    """Raises :class:`BadLine`."""
    return _read(line, _PROPOSAL, Proposal)


def approve(proposal: Proposal, who: str, install: str, signer: Signer, now: datetime) -> Approval:
    """Sign it. Raises :class:`BadLine` for one that is too old, or one's own."""
    if now > proposal.until:
        raise BadLine(f"the proposal was made {_ago(now - proposal.at)} ago and holds for 30 minutes")
    if proposal.install == install:
        raise BadLine("the proposal is this install's own: the second person works on another one")
    yes = Approval(
        proposal=proposal.id,
        digest=proposal.digest,
        who=who,
        install=install,
        key=signer.id,
        at=now.replace(microsecond=0),
    )
    return msgspec.structs.replace(yes, signature=signer.sign(yes.message).hex())


def entry(approval: Approval, proposal: Proposal, reason: str) -> Entry:
    """The approver's own record of it."""
    return Entry(
        verb="approval",
        who=approval.who,
        subjects=(token(proposal.id),),
        data={
            "proposal": token(proposal.id),
            "digest": approval.digest,
            "action": token(proposal.action),
            "target": token(proposal.target),
            "account": token(proposal.account),
            "region": token(proposal.region),
            "asked_by": token(proposal.who),
            "re_exposes": proposal.re_exposes,
            "until": proposal.until.isoformat(),
            **({"done": token(proposal.done)} if proposal.done else {}),
        },
        private={"reason": reason} if reason else {},
    )


def approval_line(approval: Approval) -> str:
    packed = zlib.compress(msgspec.json.encode(approval), 9)
    return _APPROVAL + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def check(
    line: str,
    proposed: Proposal | None,
    peers: Sequence[PeerConfig],
    own: bytes,
    now: datetime,
    *,
    afterwards: bool = False,
) -> Second:
    """Who approved, or :class:`BadLine` with the reason why it does not count.

    ``proposed`` is what this install's ledger says the approval's proposal was (see :func:`wanted`), with the
    calls of a fresh plan in it: calls that differ make another digest. ``own`` is this install's public key.
    ``afterwards``: of what was done already the approval has no hurry; when it was signed decides, not when it came.
    """
    approval = _read(line, _APPROVAL, Approval)
    if proposed is None:
        raise BadLine("the approval answers no proposal of this install")
    if (approval.at if afterwards else now) > proposed.until or approval.at > now + timedelta(minutes=5):
        raise BadLine("the approval came too late: a proposal holds for 30 minutes; propose again")
    if approval.digest != proposed.digest:
        raise BadLine("the approval is void: the target changed since, and other calls would be made; propose again")
    if key_id(own) == approval.key:
        raise BadLine("the approval was signed by this install itself: that is no second person")
    signer = enrolled(peers, approval.key)
    if signer is None:
        raise BadLine("the approval was signed by a key that no [[peers]] of the config has")
    if not signer.signed(approval.message, approval.signature):
        raise BadLine("the approval's signature does not hold")
    return Second(
        who=approval.who, peer=signer.peer.name, key=approval.key, proposal=approval.proposal, digest=approval.digest
    )


def wanted(line: str) -> str:
    """Id of the proposal that an approval answers. Raises :class:`BadLine`."""
    return _read(line, _APPROVAL, Approval).proposal


def _read(line: str, prefix: str, kind: type[L]) -> L:
    line = line.strip()
    if not line.startswith(prefix):
        raise BadLine(f"this is no line that begins with {prefix}")
    if len(line) > _MOST:
        raise BadLine("the line is too long to be one of ours")
    text = line.removeprefix(prefix)
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        body = unpacking.decompress(packed, _MOST)
        if not unpacking.eof or unpacking.unused_data:
            raise BadLine("the line is cut short, or goes on after its end")
        return msgspec.json.decode(body, type=kind)
    except BadLine:
        raise
    except (binascii.Error, zlib.error, msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadLine("the line is damaged: part of it is missing or was altered") from error


def _ago(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
