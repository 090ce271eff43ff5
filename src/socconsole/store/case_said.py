"""What was said about the clocks of a case, as it counts for the case as it is now: through merges and splits.

Two cases that become one may contradict each other. The earlier of two moments counts, and what was sent was sent; a
yes of either is a yes, while a no counts only where both said it: who decided not to notify of a small matter did not
decide so of the whole. A case that was split off begins with the moments and the yeses of the whole until then; what
was sent for the whole is not taken for sent for it. Reading only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from sqlite3 import Connection

from socconsole.store import cases
from socconsole.store.instants import instant
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as it was last said by somebody who may."""

    at: datetime
    seq: int
    who: Untrusted


@dataclass(frozen=True, slots=True)
class Said:
    """By entity; the keys are those of ``model.clock.Facts``. Suspicions are not among it."""

    moments: dict[tuple[str, str], Moment] = field(default_factory=dict)
    answers: dict[tuple[str, str], bool] = field(default_factory=dict)
    owed: dict[tuple[str, str], bool] = field(default_factory=dict)
    sent: dict[tuple[str, str, str, str], list[datetime]] = field(default_factory=dict)
    """In the order it was said: the last one counts."""

    def concerned(self) -> set[str]:
        """Entities of which a moment was said, or a yes."""
        yes = {entity for said in (self.answers, self.owed) for (entity, _), value in said.items() if value}
        return yes | {entity for entity, _ in self.moments if entity}


def said(conn: Connection, case: str, before: int | None = None) -> Said:
    """All of it, in the order of the ledger; ``before`` an entry, where that is named."""
    found: dict[str, Said] = {}
    for event in cases.events(conn, case):
        if before is not None and event.seq >= before:
            break
        data = event.data
        own = found.setdefault(str(data["case"]), Said())
        match event.verb:
            case "case_open" if data.get("split_from"):
                whole = said(conn, str(data["split_from"]), event.seq)
                own.moments.update(whole.moments)
                own.answers.update((key, yes) for key, yes in whole.answers.items() if yes)
                own.owed.update((key, yes) for key, yes in whole.owed.items() if yes)
            case "case_merge":
                _merge(own, found.setdefault(str(data["into"]), Said()))
            case "clock_moment" if not data["suspected"]:
                own.moments[data["entity"], data["moment"]] = Moment(instant(int(data["at"])), event.seq, event.who)
            case "clock_answer":
                own.answers[data["entity"], data["regime"]] = bool(data["applies"])
            case "clock_decision":
                own.owed[data["entity"], data["regime"]] = bool(data["notify"])
            case "clock_sent":
                key = (data["entity"], data["regime"], data["deadline"], data["to"])
                own.sent.setdefault(key, []).append(instant(int(data["at"])))
    return found.get(case, Said())


def moment(conn: Connection, case: str, entity: str, what: str) -> Moment | None:
    """When an entity was ``aware`` …; None where nobody who may has said it."""
    return said(conn, case).moments.get((entity, what))


def _merge(part: Said, whole: Said) -> None:
    for key, one in part.moments.items():
        whole.moments[key] = min(whole.moments.get(key, one), one, key=lambda each: each.at)
    for theirs, ours in ((part.answers, whole.answers), (part.owed, whole.owed)):
        both = _agreed(theirs, ours)
        ours.clear()
        ours.update(both)
    for deadline, times in part.sent.items():
        # The last one counts: of what each says now the earlier, and nothing that either amended.
        by_last = sorted((times, whole.sent.get(deadline, [])), key=lambda each: each[-1:], reverse=True)
        whole.sent[deadline] = [at for each in by_last if each for at in each]


def _agreed(part: Mapping[tuple[str, str], bool], whole: Mapping[tuple[str, str], bool]) -> dict[tuple[str, str], bool]:
    """What holds for both: the yeses of either, and the noes that both said."""
    yes = {key: True for said in (part, whole) for key, value in said.items() if value}
    return dict.fromkeys(part.keys() & whole.keys(), False) | yes
