"""Writes ``containments.md`` from the registry of actions: ``python docs/containments.py``.

What an action says of itself (``response.base.Info``) is all there is to say: the page is never edited by hand, and
a test fails when it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

from socconsole.response.base import Info
from socconsole.response.registry import ACTIONS

PAGE: Final = Path(__file__).with_suffix(".md")

# The first word of an action's id → what it is about.
_FAMILIES: Final[Mapping[str, str]] = {
    "ami": "Machine images",
    "cloudtrail": "CloudTrail",
    "cut": "Compositions",
    "ebs": "EBS snapshots",
    "ec2": "EC2 and its networks",
    "ecs": "ECS",
    "guardduty": "GuardDuty",
    "iam": "IAM",
    "kms": "KMS",
    "lambda": "Lambda",
    "rds": "RDS snapshots",
    "resolver": "DNS queries",
    "s3": "S3",
    "sagemaker": "SageMaker",
    "secret": "Secrets Manager",
    "start": "Compositions",
    "stop": "Compositions",
}

_HEAD: Final = """\
# Every containment

Written by `docs/containments.py` from the actions themselves; `socconsole contain --list --json` says it to a program.

How to read it. **Calls** are all that an action or its undo may make; the session it acts with may make no others.
**Captured** is read and kept as evidence before the first call. **Verified** is what AWS has to say when it is read
back for the action to count as `applied`: at once, after 15 and after 60 seconds, and for as long as it is meant to
hold. Where AWS takes its time the action is `in_doubt` until it is done. **Undo** says whether there is one, and what
it leaves different, all else being as it was; one that gives back public or foreign access says RE-EXPOSES and takes
more than a key, whatever stands here. **Pitfalls** go wrong in practice; with each stands what is done about it.
**2nd** is yes where somebody else has to approve it. [Contain and undo](contain.md) tells how an action is carried out.
"""

_COLUMNS: Final = ("action", "calls", "captured", "verified", "undo", "pitfalls", "2nd")


def page() -> str:
    """The whole page."""
    infos = sorted((action.info for action in ACTIONS.values()), key=lambda info: (_family(info), info.id))
    parts = [_HEAD]
    for family, members in groupby(infos, key=_family):
        parts.append("\n".join([f"## {family}\n", *_table(members)]) + "\n")
    return "\n".join(parts)


def _family(info: Info) -> str:
    first = info.id.partition("-")[0]
    return _FAMILIES.get(first, first.capitalize())


def _table(infos: Iterator[Info]) -> Iterator[str]:
    yield _row(*_COLUMNS)
    yield _row(*("---" for _ in _COLUMNS))
    for info in infos:
        wide = "; wide" if info.wide else ""
        yield _row(
            f"`{info.id}`<br>{info.title}, by {info.target_type}{wide}",
            "<br>".join(f"`{call}`" for call in info.calls),
            info.captures,
            info.verifies,
            f"{info.reversible.value}; leaves: {info.undo_leaves}",
            "<br>".join(f"{number}. {pitfall}" for number, pitfall in enumerate(info.pitfalls, start=1)),
            "yes" if info.second_person else "no",
        )


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
