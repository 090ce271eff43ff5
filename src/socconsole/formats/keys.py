"""Merge keys: the names under which one detection is known.

A key decides which records are one finding, so it must not be possible to take over another's: the ARN of a
GuardDuty finding counts only in a record that GuardDuty's own product wrote. Anyone who may call
``BatchImportFindings`` can put that ARN into ``Id`` under a product of his own.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

_GUARDDUTY_ARN: Final = re.compile(r"arn:[a-z0-9-]*:{1,2}guardduty:[^:]*:[^:]*:detector/[^/]+/finding/.+", re.I)
_KEY_LIMIT: Final = 600


def key(name: str) -> str:
    """``name`` as printable ASCII of bounded length; different names give different keys."""
    if name.isascii() and name.isprintable() and len(name) <= _KEY_LIMIT:
        return name
    exact = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[:200].encode('unicode_escape').decode('ascii')}#{exact}"


def is_guardduty_arn(name: str) -> bool:
    return "guardduty" in name.lower() and _GUARDDUTY_ARN.fullmatch(name) is not None


def guardduty(arn: str, finding: str, account: str, region: str, detector: str, partition: str) -> tuple[str, ...]:
    """The ARN; one is built where the record lacks it but names all its parts. Empty when there is no id."""
    if arn:
        return (key(arn),)
    if not finding:
        return ()
    if account and region and detector:
        return (key(f"arn:{partition or 'aws'}:guardduty:{region}:{account}:detector/{detector}/finding/{finding}"),)
    return (key(f"guardduty|{account}|{region}|{finding}"),)


def from_guardduty(product_arn: str) -> bool:
    """Whether a Security Hub product ARN (CSPM or V2) is GuardDuty's."""
    return product_arn.lower().endswith(("::product/aws/guardduty", "::productv2/aws/guardduty"))


def security_hub(product_arn: str, finding: str) -> str:
    """A Security Hub finding's key: the GuardDuty ARN where GuardDuty wrote it, else ProductArn and Id.

    A V2 product ARN (``::productv2/``) reads as its CSPM twin, so that one detection joins across both.
    """
    if (not product_arn or from_guardduty(product_arn)) and is_guardduty_arn(finding):
        return key(finding)
    return key(f"{product_arn.replace('::productv2/', '::product/')}|{finding}")
