"""From a failing check to the plan of what mends it."""

from __future__ import annotations

from socconsole.model.endpoint import Endpoint
from socconsole.model.posture import Verdict
from socconsole.screens import opening, posture_words
from socconsole.screens.base import ConsoleScreen
from socconsole.store.posture_view import Row
from socconsole.widgets.detail import Body

_SHOWN = 6


def why_not(row: Row) -> str:
    """Why no fix can be planned; empty where one can."""
    if row.result.verdict is Verdict.PASS:
        return "it passes: there is nothing to mend"
    if row.result.verdict is Verdict.UNKNOWN:
        return "it could not be read: 7 Sources says what mends that"
    about = posture_words.about(row.result.check)
    if about is None or not about.action:
        return "no action mends it: the detail says what does"
    return ""


def how(row: Row, endpoint: Endpoint | None = None) -> Body:
    """What the key does about it."""
    about = posture_words.about(row.result.check)
    why = why_not(row)
    if why or about is None:
        return [(why, "quiet")]
    action, found = _fix(row, endpoint)
    if not found:
        return [(f":contain {action} TARGET", "accent"), ("  nothing of its kind is named here", "quiet")]
    on = found[0] if len(found) == 1 else f"one of {len(found)}"
    return [("X", "accent"), ("  plans ", "quiet"), (action, "strong"), (f" on {on}", "text")]


async def fix(screen: ConsoleScreen, row: Row, endpoint: Endpoint | None = None) -> None:
    """Open the plan of the check's action; where several things could be meant, ask which."""
    about = posture_words.about(row.result.check)
    why = why_not(row)
    if why or about is None:
        screen.say(why, "warning")
        return
    action, found = _fix(row, endpoint)
    if not found:
        screen.say(f"nothing named here is what {action} acts on; :contain {action} TARGET", "warning")
        return
    target: str | None = found[0]
    if len(found) > 1:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        target = await screen.ask(f"{action} on", found[0], hint=", ".join(found[:_SHOWN]) + more)
    if target and target.strip():
        place = row.result.place
        opening.plan(screen.desk, action, target.strip(), place.account, place.region, check=row.result.check)


def action(row: Row, endpoint: Endpoint | None = None) -> str:
    """Whose turn it is to mend it; empty where no action does."""
    return _fix(row, endpoint)[0]


def _fix(row: Row, endpoint: Endpoint | None) -> tuple[str, tuple[str, ...]]:
    """The action whose turn it is, and what it could act on."""
    from socconsole.posture.fixing import fix as found  # with all of posture: not before somebody looks

    about = posture_words.about(row.result.check)
    one = found(about, row.result, endpoint) if about else None
    return (one.action, one.targets) if one else ("", ())
