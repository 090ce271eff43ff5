"""What a console may do, and what an AWS operation does."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What may leave this machine: READ < TRIAGE (the default) < RESPOND."""

    READ = "READ"
    TRIAGE = "TRIAGE"
    RESPOND = "RESPOND"


class Effect(StrEnum):
    """What an AWS operation does; one per row of ``aws/operations/``."""

    READ = "read"
    HOUSEKEEPING = "housekeeping"
    WORKFLOW = "workflow"
    CONTAIN = "contain"
