"""The one way from a screen to another: each is imported when it is first asked for, and opened over the one below.

Screens name each other in a circle, and each of them is some milliseconds of the first frame: none imports another at
its top. A screen to come is a function here; one with a number is a row of :data:`PLACES` and of the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from socconsole.commands import PlanContain, PlanUndo
from socconsole.text import Untrusted, clean

if TYPE_CHECKING:
    from socconsole.model.entity import Entity
    from socconsole.model.world import Place
    from socconsole.screens.base import ConsoleScreen
    from socconsole.screens.desk import Desk
    from socconsole.screens.replies import Said


# --- screens with a number: made once, kept while the console runs -------------------------------------------


def _egress(desk: Desk) -> ConsoleScreen:
    from socconsole.screens.egress import EgressScreen

    return EgressScreen(desk)


def _endpoints(desk: Desk) -> ConsoleScreen:
    from socconsole.screens.endpoints import EndpointsScreen

    return EndpointsScreen(desk)


def _cases(desk: Desk) -> ConsoleScreen:
    from socconsole.screens.cases import CasesScreen

    return CasesScreen(desk)


def _activity(desk: Desk) -> ConsoleScreen:
    from socconsole.screens.activity import ActivityScreen

    return ActivityScreen(desk)


def _handoff(desk: Desk) -> ConsoleScreen:
    from socconsole.screens.handoff import HandoffScreen

    return HandoffScreen(desk)


def _sources(desk: Desk) -> ConsoleScreen:
    from socconsole.screens.sources import SourcesScreen

    return SourcesScreen(desk)


PLACES: Final[Mapping[str, Callable[[Desk], ConsoleScreen]]] = {
    "egress": _egress,
    "endpoints": _endpoints,
    "cases": _cases,
    "activity": _activity,
    "handoff": _handoff,
    "sources": _sources,
}
"""By what follows ``screen.`` in a command's id. Triage is not among them: it lies under all others."""


# --- screens about something: opened over the one below, left with Escape --------------------------------------


def finding(desk: Desk, id_: str) -> None:
    """One finding, whole."""
    from socconsole.screens.finding import FindingScreen

    desk.app.push_screen(FindingScreen(desk, id_))


def case(desk: Desk, id_: str, said: Said | None = None) -> None:
    """One case, whole; ``said`` is what became of opening it."""
    from socconsole.screens.case import CaseScreen

    desk.app.push_screen(CaseScreen(desk, id_, said))


def raw(desk: Desk, finding: str) -> None:
    """The records of a finding as AWS sent them."""
    from socconsole.screens.finding import RawScreen

    desk.app.push_screen(RawScreen(desk, finding))


def path(desk: Desk, id_: str, *, asking: bool = False) -> None:
    """One way out; ``asking``: its flow logs are asked at once who it talks to."""
    from socconsole.screens.path import PathScreen

    desk.app.push_screen(PathScreen(desk, id_, asking=asking))


def endpoint(desk: Desk, id_: str) -> None:
    """One endpoint that serves an LLM."""
    from socconsole.screens.endpoint import EndpointScreen

    desk.app.push_screen(EndpointScreen(desk, id_))


def check(desk: Desk, id_: str, subject: str, place: Place) -> None:
    """What one check says of one subject, and said before."""
    from socconsole.screens.check import CheckScreen

    desk.app.push_screen(CheckScreen(desk, id_, subject, place))


def pivot(desk: Desk, entities: Sequence[Entity], about: Untrusted | str) -> None:
    """What is kept under these names."""
    from socconsole.screens.pivot import PivotScreen

    desk.app.push_screen(PivotScreen(desk, entities, about))


def tree(desk: Desk, entities: Sequence[Entity], about: Untrusted | str) -> None:
    """The credentials behind these names."""
    from socconsole.screens.tree import TreeScreen

    desk.app.push_screen(TreeScreen(desk, entities, about))


def offers(desk: Desk, *findings: str, incident: str = "") -> None:
    """What would stop a finding, or those of an incident, the worst first."""
    from socconsole.screens.offers import OffersScreen

    desk.app.push_screen(OffersScreen(desk, findings, incident))


def plan(
    desk: Desk, action: str, target: str, account: str = "", region: str = "", finding: str = "", check: str = ""
) -> None:
    """The plan of one containment, for a finding, a posture check, or neither."""
    from socconsole.screens.contain import PlanScreen

    asked = PlanContain(action=action, target=target, account=account, region=region, finding=finding, check=check)
    desk.app.push_screen(PlanScreen(desk, asked))


def undo(desk: Desk, action_id: str) -> None:
    """The plan of undoing one."""
    from socconsole.screens.contain import PlanScreen

    desk.app.push_screen(PlanScreen(desk, PlanUndo(action_id=action_id)))


async def shift(screen: ConsoleScreen, said: str) -> None:
    """Sign on or off, from whatever screen."""
    from socconsole.screens.handoff_shift import shift as asked

    await asked(screen, said)


def escalate(desk: Desk, ids: Sequence[str], path: str = "") -> None:
    """Who would be told of findings, or of a case; ``path`` is the one to show first."""
    from socconsole.screens.escalate import EscalateScreen

    desk.app.push_screen(EscalateScreen(desk, ids, path))


async def metrics(desk: Desk, length: str) -> str:
    """How long things took, in the last ``length`` (``30d``) or by all the ledger; why not, where it is not shown."""
    from socconsole.screens.metrics import read
    from socconsole.store.ledger import LedgerError
    from socconsole.triage.query_fields import span

    back = span(length.strip()) if length.strip() else None
    if length.strip() and back is None:
        return f"{clean(length, 40)} is no span; 12h and 30d are"
    try:
        desk.app.push_screen(await read(desk, back))
    except LedgerError as error:
        return clean(error.message, 200)
    return ""


def palette(screen: ConsoleScreen) -> None:
    from socconsole.screens.palette import Palette

    if not isinstance(screen.app.screen, Palette):  # its key twice, before the first one shows
        screen.app.push_screen(Palette())


def keys_of(screen: ConsoleScreen) -> None:
    """The help of a screen."""
    from socconsole.screens.help import sections
    from socconsole.screens.reader import ReadScreen

    title = [(f"{screen.titled}: ", "quiet"), ("keys and words", "strong")]
    screen.desk.app.push_screen(ReadScreen(screen.desk, title, sections(screen)))
