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
    found = _targets(row, endpoint)
    if not found:
        return [(f":contain {about.action} TARGET", "accent"), ("  nothing of its kind is named here", "quiet")]
    on = found[0] if len(found) == 1 else f"one of {len(found)}"
    return [("X", "accent"), ("  plans ", "quiet"), (about.action, "strong"), (f" on {on}", "text")]


async def fix(screen: ConsoleScreen, row: Row, endpoint: Endpoint | None = None) -> None:
    """Open the plan of the check's action; where several things could be meant, ask which."""
    about = posture_words.about(row.result.check)
    why = why_not(row)
    if why or about is None:
        screen.say(why, "warning")
        return
    found = _targets(row, endpoint)
    if not found:
        screen.say(f"nothing named here is what {about.action} acts on; :contain {about.action} TARGET", "warning")
        return
    target: str | None = found[0]
    if len(found) > 1:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        target = await screen.ask(f"{about.action} on", found[0], hint=", ".join(found[:_SHOWN]) + more)
    if target and target.strip():
        place = row.result.place
        opening.plan(screen.desk, about.action, target.strip(), place.account, place.region)


def _targets(row: Row, endpoint: Endpoint | None) -> tuple[str, ...]:
    from socconsole.posture.fixing import targets  # with all of posture: not before somebody looks

    about = posture_words.about(row.result.check)
    return targets(about.action, row.result, endpoint) if about else ()
