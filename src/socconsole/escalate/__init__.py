"""Escalation, the pure part: who is told when, and in which words. The watch sends.

``path`` decides from what fired and what was sent; ``message`` makes the text, without secrets and raw payloads.
"""

from socconsole.escalate.message import About, Message, compose
from socconsole.escalate.path import Due, Planned, Send, Step, due, numbers, plan, quiet_until, told_all

__all__ = [
    "About",
    "Due",
    "Message",
    "Planned",
    "Send",
    "Step",
    "compose",
    "due",
    "numbers",
    "plan",
    "quiet_until",
    "told_all",
]
