"""What is said of the actor's replies, in a line each."""

from __future__ import annotations

from socconsole.commands import ActorRequest, Contain, Undo
from socconsole.model.mode import Mode
from socconsole.model.wire import AnyReply, Done, Failed, ModeIs, Sent
from socconsole.text import clean

Said = tuple[str, str]
"""(text, kind) for the footer."""


def mode(reply: object) -> Said:
    """The mode that the actor is in now, and why."""
    if isinstance(reply, ModeIs):
        why = f": {clean(reply.why, 200)}" if reply.why else ""
        return f"{reply.mode}{why}", "warning" if reply.mode == Mode.RESPOND else "good"
    return failed(reply)


def sent(reply: object) -> Said:
    """What AWS was told, and what not."""
    if not isinstance(reply, Sent):
        return failed(reply)
    parts = [f"{reply.sent} sent"]
    parts += [f"{n} {what}" for n, what in (
        (reply.failed, "failed"), (reply.overtaken, "overtaken by AWS"), (reply.waiting, "still waiting")
    ) if n]  # fmt: skip
    why = f": {clean(reply.why, 200)}" if reply.why else ""
    return ", ".join(parts) + why, "warning" if reply.failed or reply.overtaken else "good"


def failed(reply: object) -> Said:
    """Why not, and what mends it."""
    if isinstance(reply, Failed):
        remedy = f"; {clean(reply.remedy, 160)}" if reply.remedy else ""
        return f"{clean(reply.why, 300)}{remedy}", "error"
    return "the actor answered something else", "error"


def news(reply: AnyReply) -> Said | None:
    """Of what nobody asked for: a mode that ended, writes that did not arrive. None for what needs no word."""
    if isinstance(reply, ModeIs) and reply.why:
        return f"{reply.mode}: {clean(reply.why, 200)}", "warning"
    if isinstance(reply, Sent) and (reply.failed or reply.overtaken):
        return f"{reply.failed} not sent, {reply.overtaken} overtaken: {clean(reply.why, 200)}", "warning"
    if isinstance(reply, Failed):
        return clean(reply.why, 300), "error"
    return None


def outcome(reply: AnyReply, request: ActorRequest, place: str) -> Said | None:
    """The action and what came of it, for the screen where the analyst is by now; Activity shows it in its rows."""
    if isinstance(reply, Failed):
        return clean(reply.why, 300), "error"
    if not isinstance(reply, Done) or not isinstance(request, Contain | Undo):
        return None
    from socconsole.screens.plan_sections import settled  # with the first action, not before the first frame

    said, kind = settled(reply.outcome, request)
    if place == "activity" and kind == "good":
        return None
    return said if place in ("plan", "activity") else f"{said}; see 5 Activity", kind
