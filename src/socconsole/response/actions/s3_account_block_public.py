"""``s3-account-block-public``: block public access for all buckets of an account, in all regions.

Facts: S3 Control API reference, ``PutPublicAccessBlock``; S3 User Guide, "Blocking public access to your Amazon S3
storage": the stricter of the bucket's and the account's block holds, and what the account says takes effect
everywhere "eventually". What it would close is looked for bucket by bucket, for some seconds.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.found import resources
from socconsole.response.parts import Part, read
from socconsole.response.s3_bucket import FLAGS, Block, block_of, buckets_of, read_bucket
from socconsole.response.wording import count, listed
from socconsole.text import token

SECONDS: Final = 4.0
"""How long buckets are looked at; what was not reached is counted as not known."""

AT_ONCE: Final = 8

_STATE: Final = "AccountPublicAccessBlock"
_CLOSED: Final[Block] = dict.fromkeys(FLAGS, True)
_TYPES: Final = ("AwsAccount", "AWS::Account", "AwsS3AccountPublicAccessBlock", "AWS::S3::AccountPublicAccessBlock")
_ID: Final = re.compile(r"(?:AWS::::Account:)?(\d{12})")


@dataclass(frozen=True, slots=True)
class Account:
    """What an account says of public access."""

    place: Place
    block: Block | None
    evidence: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


_DARK: Final = "web sites and public downloads of every bucket of the account go dark, wanted ones too"


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found of an account's buckets."""

    total: int
    open: Mapping[str, str]
    """Bucket to its public paths, in words."""
    known: int
    """How many were read."""

    @property
    def closed(self) -> bool:
        """Every one of them was read, and none is open to the public."""
        return not self.open and self.known == self.total


class S3AccountBlockPublic(Change[Account]):
    """See the module's text."""

    info = Info(
        id="s3-account-block-public",
        title="Block public access for all buckets of an account",
        target_type="account",
        calls=("s3control:PutPublicAccessBlock", "s3control:DeletePublicAccessBlock"),
        stops="access by anyone through public bucket policies and public ACLs, for every bucket and access point "
        "of the account, those still to be made included",
        does_not_stop="named accounts in a policy that is not public, presigned URLs, replication, the account's "
        "own principals, copies already taken",
        reversible=Reversible.YES,
        captures="the account's public access block; which of its buckets are public",
        verifies="the account's public access block has all four switches on",
        undo_leaves="nothing",
        pitfalls=(
            "every web site and public download of the account goes dark: wide, a second person approves, and the "
            "public buckets are counted and named before",
            "an account of many buckets is not read to its end: how many were not is said",
            "no bucket public: it would change nothing, and says so",
            "it takes some minutes until it holds in all regions",
        ),
        wide=True,
        second_person=True,
    )
    writes = ("PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock", "PutPublicAccessBlock")

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        """The finding's accounts, and those of its buckets."""
        buckets = (Target(bucket.place.account, bucket.place) for bucket in buckets_of(finding))
        return tuple(dict.fromkeys((*resources(finding, _TYPES, self.name), *buckets)))

    def name(self, target: str) -> str:
        found = _ID.fullmatch(target)
        if found is None:
            raise BadTarget(f"{token(target)!r} is not the id of an account")
        return found[1]

    def arns(self, target: Target) -> tuple[str, ...]:
        # IAM knows no resource for the block; this is how the account is named, for the never-touch list.
        return (f"arn:{partition_of(target.place.region)}:iam::{target.place.account}:root",)

    async def look(self, door: Door, target: Target) -> Account:
        parts = await read(
            door, target.place, {"block": Part("s3control:GetPublicAccessBlock", {"AccountId": target.place.account})}
        )
        return Account(target.place, block_of(parts.known("block")), parts.evidence)

    def state(self, seen: Account) -> State:
        return {_STATE: seen.block}

    def cut(self, seen: Account, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if target.id != target.place.account:
            why = f"account {target.id} is not the account {target.place.account} that it was looked for in"
            return Cut(None, why, refusals=(why,))
        return Cut(
            {_STATE: _CLOSED},
            why="the account blocks no public access by itself",
            fit=45,
            warnings=(_DARK,),
        )

    async def plan(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        plan, found = await self._surveyed(door, target, finding, own)
        if plan.helps and found is not None and found.closed:
            return replace(
                plan,
                helps=False,
                calls=(),
                undo_calls=(),
                after=plan.before,
                cuts=False,
                why=f"would change nothing here: {_none_open(found)}",
                blast_radius="none: nothing would change",
            )
        return plan

    async def harden(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        plan, found = await self._surveyed(door, target, finding, own)
        if plan.helps and found is not None and found.closed:
            return replace(
                plan,
                cuts=False,
                why=f"{_none_open(found)} now; the account blocks nothing by itself, nor for buckets still to be made",
                blast_radius=f"all {count(found.total, 'bucket')} of account {target.id}, and those still to be made; "
                "nobody loses access that is seen; from now on a public policy is refused, public ACLs count for "
                "nothing, and uploads that ask for one fail: whether any client's do is not known",
                warnings=tuple(one for one in plan.warnings if one != _DARK),
            )
        return plan

    async def _surveyed(
        self, door: Door, target: Target, finding: Finding | None, own: Collection[str]
    ) -> tuple[Plan, Survey | None]:
        """The change, in the words of what the account's buckets are; None where they were not looked at."""
        plan = await super().plan(door, target, finding, own)
        if not plan.helps:
            return plan, None
        first = [bucket.id for bucket in buckets_of(finding) if bucket.place.account == target.id] if finding else []
        found = await survey(door, target.place, first)
        # A finding about a bucket that is not public is not answered by closing others.
        answers = found is None or not first or any(bucket in found.open for bucket in first)
        told = replace(
            plan,
            evidence={**plan.evidence, "buckets": None if found is None else asdict(found)},
            why=_why(found, plan.why),
            blast_radius=_blast_radius(found, target.id),
            fit=plan.fit if answers else 8,
        )
        return told, found

    def steps(self, seen: Account, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        block: Block | None = wanted[_STATE]
        if block == now[_STATE]:
            return ()
        account = {"AccountId": target.place.account}
        if block is None:
            return (Call("s3control", "DeletePublicAccessBlock", account),)
        flags = {"PublicAccessBlockConfiguration": dict(block)}
        return (Call("s3control", "PutPublicAccessBlock", {**account, **flags}),)

    def exposes(self, seen: Account, target: Target, restored: State) -> tuple[str, ...]:
        block: Block | None = restored[_STATE]
        if block is not None and all(block.values()):
            return ()
        return ("every bucket of the account that is public by its own policy or ACL",)

    def words(self, state: State) -> str:
        block: Block | None = state[_STATE]
        if block is None:
            return "no block"
        on = [name for name in FLAGS if block[name]]
        return "all four on" if len(on) == len(FLAGS) else "only " + ", ".join(on) if on else "all four off"


async def survey(door: Door, place: Place, first: Sequence[str]) -> Survey | None:
    """The account's buckets, ``first`` those of a finding; None when they cannot even be listed."""
    try:
        answer = await door.call(place, "s3:ListBuckets", {"MaxBuckets": 1000})
    except AwsTrouble:
        return None
    where = {
        str(one["Name"]): Place(place.account, one.get("BucketRegion") or place.region) for one in answer["Buckets"]
    }
    names = sorted(where, key=lambda name: (name not in first, name))
    some = asyncio.Semaphore(AT_ONCE)
    found: dict[str, str] = {}

    async def one(name: str) -> None:
        async with some:
            try:
                found[name] = await _open_paths(door, name, where[name])
            except AwsTrouble:  # this one stays unknown, and is counted so
                return

    tasks = [asyncio.ensure_future(one(name)) for name in names]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    paths = {name: words for name, words in found.items() if words}
    more = bool(answer.get("ContinuationToken"))
    return Survey(len(names) + more, paths, len(found))


async def _open_paths(door: Door, bucket: str, place: Place) -> str:
    """One call for a bucket that blocks by itself, which most do."""
    asked = {"Bucket": bucket, "ExpectedBucketOwner": place.account}
    block = block_of(await door.call(place, "s3:GetPublicAccessBlock", asked))
    if block and block["IgnorePublicAcls"] and block["RestrictPublicBuckets"]:
        return ""
    return "; ".join((await read_bucket(door, bucket, place)).open_paths())


def _none_open(found: Survey) -> str:
    return f"none of the account's {count(found.total, 'bucket')} is open to the public"


def _why(found: Survey | None, otherwise: str) -> str:
    if found is None or not found.open:
        return otherwise
    return f"{count(len(found.open), 'bucket')} open to the public{listed(tuple(found.open))}"


def _blast_radius(found: Survey | None, account: str) -> str:
    if found is None:
        return f"all buckets of account {account}; how many are public is not known: they could not be listed"
    rest = found.total - found.known
    unknown = f", {count(rest, 'bucket')} or more could not be read in time" if rest else ""
    return (
        f"all {count(found.total, 'bucket')} of account {account}; goes dark for the public: "
        f"{count(len(found.open), 'bucket')}{listed(tuple(found.open))}{unknown}; who reads them now: not known"
    )


ACTION: Final = S3AccountBlockPublic()
