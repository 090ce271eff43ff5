"""Runbooks as data: what to do in which order, and what of it is done. Pure."""

from socconsole.playbooks.playbook import (
    BadPlaybook,
    Playbook,
    Standing,
    Step,
    Tick,
    playbooks,
    readable,
    standing,
    suggested,
)

__all__ = ["BadPlaybook", "Playbook", "Standing", "Step", "Tick", "playbooks", "readable", "standing", "suggested"]
