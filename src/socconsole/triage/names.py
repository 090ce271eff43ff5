"""Names of resources, compared across services."""

from __future__ import annotations

from typing import Final

_ASFF_PREFIXES: Final = ("AWS::::Account:", "AWS::IAM::AccessKey:")


def bare(name: str) -> str:
    """The short id in an ARN or in one of ASFF's ``AWS::…`` ids; anything else as it is.

    ``arn:aws:s3:::corpus`` → ``corpus``, ``arn:aws:ec2:…:instance/i-0a`` → ``i-0a``; an S3 object keeps its
    bucket (``corpus/key``).
    """
    lower = name.lower()
    if lower.startswith("arn:"):
        parts = name.split(":", 5)
        if len(parts) < 6:
            return name
        rest = parts[5]
        if parts[2].lower() == "s3":
            return rest
        return rest.rpartition("/")[2] if "/" in rest else rest.rpartition(":")[2]
    for prefix in _ASFF_PREFIXES:
        if lower.startswith(prefix.lower()):
            return name[len(prefix) :]
    return name
