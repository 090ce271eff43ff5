"""What a finding's type says by its own words: data leaving, credentials misused, an LLM abused.

AWS rates such findings Low as often as High, so severity alone buries them. GuardDuty's list of types is
open: the words of ``Purpose:Resource/Name`` decide, never a list of types. The words are the data below.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Mark(StrEnum):
    EXFIL = "exfil"
    """The finding itself says that data leaves."""
    CHANNEL = "channel"
    """A way out, or what a way out needs: Tor, drop point, DNS over HTTPS, public bucket."""
    CREDENTIAL = "credential"
    LLM = "llm"
    UNDONE = "undone"
    """A containment of ours that no longer holds."""


# Each row: mark, purpose, resource, name; each a regular expression searched in that word, empty for any.
_RULES: Final[tuple[tuple[Mark, str, str, str], ...]] = (
    (Mark.EXFIL, "^Exfiltration$", "", ""),
    (Mark.EXFIL, "", "", "Exfiltration|TransferDataTo|CompromisedData"),
    (Mark.CHANNEL, "", "", "TorClient|TorRelay|DropPoint|UnusualDNSResolver|UnusualDo[HT]Activity"),
    (Mark.CHANNEL, "", "", "TrafficVolumeUnusual"),
    (Mark.CHANNEL, "", "^EC2$", "TorIPCaller"),
    (Mark.CHANNEL, "", "^S3$", "PublicAccess|AnonymousAccess|AnomalousBehavior.Permission"),
    (Mark.CREDENTIAL, "^CredentialAccess$", "", ""),
    (Mark.CREDENTIAL, "", "^(IAM|IAMUser|RolesAnywhere)$", ""),
    (
        Mark.CREDENTIAL,
        "",
        "",
        "Credential|BruteForce|MetadataDNSRebind|SuccessfulAnonymousAccess|CompromisedData",
    ),
    (Mark.CREDENTIAL, "^PenTest$", "^S3$", ""),
    (Mark.CREDENTIAL, "", "^S3$", "IPCaller|AnomalousBehavior"),
    (Mark.UNDONE, "^Containment$", "^Response$", "^Undone$"),
    (Mark.LLM, "", "Bedrock|SageMaker", ""),
    (Mark.LLM, "", "", "Bedrock|Model|Prompt|Guardrail|CostHarvesting|LLM"),
)
# Other products' ASFF taxonomy.
_NAMESPACES: Final[tuple[tuple[Mark, str], ...]] = (
    (Mark.EXFIL, r"/(data )?exfiltration(/|$)"),
    (Mark.CHANNEL, r"^effects/data exposure(/|$)"),
    (Mark.CREDENTIAL, r"/credential access(/|$)"),
    (Mark.LLM, r"^ttps/atlas(/|$)"),
)
_COMPILED: Final = tuple(
    (mark, re.compile(purpose), re.compile(resource), re.compile(name)) for mark, purpose, resource, name in _RULES
)
_COMPILED_NAMESPACES: Final = tuple((mark, re.compile(words, re.I)) for mark, words in _NAMESPACES)
_TYPE: Final = re.compile(r"([A-Za-z]+):([A-Za-z0-9]+)/(.+)")

RULES: Final = (_RULES, _NAMESPACES)
"""All that decides about marks, for whoever has to notice that it changed."""

SEQUENCE_PURPOSE: Final = "AttackSequence:"


@functools.lru_cache(4096)
def _of(finding_type: str) -> frozenset[Mark]:
    words = _TYPE.fullmatch(finding_type)
    if words is None:
        return frozenset(mark for mark, pattern in _COMPILED_NAMESPACES if pattern.search(finding_type))
    return frozenset(
        mark
        for mark, purpose, resource, name in _COMPILED
        if purpose.search(words[1]) and resource.search(words[2]) and name.search(words[3])
    )


def marks(types: Iterable[str]) -> frozenset[Mark]:
    """All marks of a finding's types (as ``formats`` normalises them)."""
    found: frozenset[Mark] = frozenset()
    for each in types:
        found |= _of(each)
    return found


def is_sequence(types: Iterable[str], signals: Iterable[str] = ()) -> bool:
    """Whether this is an attack sequence: several signals that AWS has put together."""
    return any(each.startswith(SEQUENCE_PURPOSE) for each in types) or any(True for _ in signals)
