"""What an act on a case looks at while it is checked: the case, its findings, who may decide, what an entry holds."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from socconsole.clocks import regimes
from socconsole.config import Config
from socconsole.model.case import Case, CaseStatus
from socconsole.model.entry import Entry
from socconsole.model.finding import Severity
from socconsole.store import case_clocks, cases, decisions, evidence, reading
from socconsole.store.instants import micros, storable
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder


class CaseRefused(Exception):
    """The act makes no sense, or somebody was faster: nothing was written."""


class CaseMisnamed(CaseRefused):
    """It names what is not there, or lacks what it needs: asked again in other words it may do."""


@dataclass(frozen=True, slots=True)
class CaseDesk:
    """One act's view of the store, as it was when the act began. Everything here raises :class:`CaseRefused`."""

    folder: StateFolder
    conn: sqlite3.Connection
    config: Config
    who: str
    now: datetime

    def case(self, id_: str) -> Case:
        found = cases.get(self.conn, id_)
        if found is None:
            raise CaseMisnamed(f"there is no case {clean(id_, 40)}")
        if found.status is CaseStatus.MERGED:
            raise CaseRefused(f"{found.id} is part of {found.into} now")
        return found

    def open_case(self, id_: str) -> Case:
        found = self.case(id_)
        if found.status is CaseStatus.CLOSED:
            raise CaseRefused(f"{found.id} is closed: `case set {found.id} status open` opens it again")
        return found

    def findings(self, given: Sequence[str]) -> Sequence[str]:
        found = {one: reading.resolve(self.conn, one) for one in dict.fromkeys(given)}
        missing = [one for one, id_ in found.items() if id_ is None]
        if missing:
            raise CaseMisnamed(f"there is no finding {clean(missing[0], 40)}")
        return [id_ for id_ in dict.fromkeys(found.values()) if id_ is not None]

    def severity(self, name: str) -> Severity:
        try:
            return Severity[name.strip().upper()]
        except KeyError:
            known = ", ".join(one.name for one in Severity)
            raise CaseMisnamed(f"a severity is one of {known}") from None

    def export(self, ids: Sequence[str]) -> list[str]:
        """Every record of these findings as it was sent, in the evidence folder; the SHA-256 of each file."""
        lines = [
            json.dumps(
                {
                    "finding": id_,
                    "origin": clean(body.origin),
                    "format": body.format.value,
                    "seen": body.seen.isoformat(),
                    "raw": body.data.decode("utf-8", "backslashreplace"),
                },
                sort_keys=True,
            )
            for id_ in ids
            for body in reading.bodies(self.conn, id_)
        ]
        return [evidence.put(self.folder, ("\n".join(lines) + "\n").encode())] if lines else []

    def entry(
        self,
        verb: str,
        case: Case,
        data: Mapping[str, Any] | None = None,
        subjects: Sequence[str] = (),
        **private: str,
    ) -> Entry:
        said = {name: text for name, text in private.items() if text}
        return Entry(
            verb=verb,
            who=self.who,
            subjects=tuple(subjects),
            data={"case": case.id, "now": micros(self.now), **(data or {})},
            private=said,
        )

    @property
    def decides(self) -> bool:
        return self.config.alone or self.who in self.config.cases.decide

    def must_decide(self, what: str) -> None:
        if not self.decides:
            raise CaseRefused(f"you may not decide {what}: {self.who_decides()} note what you think instead")

    def who_decides(self) -> str:
        named = ", ".join(clean(one, 40) for one in self.config.cases.decide)
        return f"{named} may;" if named else "nobody is named in [cases] decide;"

    def entity(self, case: Case, name: str, *, or_all: bool = False) -> str:
        """The name of an entity of the case. Empty, it means all of them: that is for moments only (``or_all``), no
        regime is answered or decided for everybody at once."""
        known = sorted(one.entity for one in case_clocks.parties(self.conn, self.config, case))
        if not name:
            if or_all:
                return name
            raise CaseMisnamed(f"of which entity? {', '.join(dict.fromkeys(known))}")
        if name not in known and name not in {one.name for one in self.config.entity}:
            raise CaseMisnamed(f"{clean(name, 80)} is no entity of this case: {', '.join(dict.fromkeys(known))}")
        return name

    def regime(self, name: str) -> str:
        """A regime by its id, or by that of one of its clocks (``gdpr-33/notify``). Case is no matter."""
        found = {one.casefold(): one for one in regimes()}.get(name.partition("/")[0].strip().casefold())
        if found is None:
            raise CaseMisnamed(f"there is no regime {clean(name, 40)}: {', '.join(sorted(regimes()))}")
        return found


def parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + decisions.IDS_LIMIT] for start in range(0, len(ids), decisions.IDS_LIMIT)]


def text(text: str, missing: str = "") -> str:
    kept = storable(text.strip())
    if not kept and missing:
        raise CaseMisnamed(missing)
    if len(kept) > decisions.TEXT_LIMIT:
        raise CaseMisnamed(f"{len(kept):,} characters; at most {decisions.TEXT_LIMIT:,} are kept")
    return kept
