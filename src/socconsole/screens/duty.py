"""Who is on shift, for the header; and what is open of a handoff, for who leaves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from socconsole.screens import words
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.store.db import Connection
    from socconsole.store.handoffs import Shift

_TODAY: Final = timedelta(hours=18)
"""A shift that began longer ago than that is told with its day."""


class Duty:
    """What is known of the shift. ``look`` is for a thread; all else belongs to the event loop."""

    def __init__(self, analyst: str) -> None:
        self._analyst = analyst
        self._on: tuple[Shift, ...] = ()
        self._said = ""
        """What was said already to somebody who wanted to leave."""
        self.loose = ""
        """What is open of the handoff of the analyst's own shift; empty when nothing is, or he is on none."""

    def look(self, conn: Connection) -> None:
        """Read who is on."""
        from socconsole.store import handoffs, shifts  # after the first frame

        self._on = tuple(handoffs.on_shift(conn))
        mine = shifts.of(conn, self._analyst)
        self.loose = shifts.loose_end(shifts.given_in(conn, mine)) if mine is not None else ""

    def words(self, now: datetime, *, local: bool) -> str:
        """``shift 06:12``, of somebody else ``ana on shift 06:12``; empty when nobody is on."""
        mine = next((one for one in self._on if one.who.raw() == self._analyst), None)
        one = mine or next(iter(self._on), None)
        if one is None:
            return ""
        began = words.short_stamp(one.since, local=local)
        since = began[6:11] if now - one.since < _TODAY else began[:11]
        return f"shift {since}" if mine else f"{clean(one.who, 20)} on shift {since}"

    def parting(self) -> str:
        """What is open of the handoff, for who leaves on his shift; said once, since he may mean it."""
        said, self._said = self._said, self.loose
        return self.loose if self.loose != said else ""
