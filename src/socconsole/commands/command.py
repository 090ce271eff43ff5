"""What a command is: one row of the registry."""

from __future__ import annotations

import msgspec

from socconsole.model.mode import Effect, Mode


class Command(msgspec.Struct, frozen=True):
    """One thing a user can do.

    ``id`` is stable (remapping and the ledger use it); ``needs`` says what has to be under the cursor
    (``finding``, ``action``, ``row`` or nothing); ``verb`` is the word after ``:`` and, where a shell can do it too,
    on the command line, empty where there is none; ``ledger`` is the entry's verb, empty for what leaves no record.
    ``acting`` keys are guarded against paste and against a row that just moved.
    """

    id: str
    title: str
    help: str
    effect: Effect | None = None
    keys: tuple[str, ...] = ()
    verb: str = ""
    ledger: str = ""
    needs: str = ""
    acting: bool = False
    screens: tuple[str, ...] = ()
    """Screen names it belongs to; empty means everywhere."""
    group: str = "general"

    @property
    def mode(self) -> Mode:
        """The least mode in which its effect on AWS is allowed (decisions are kept locally in READ)."""
        if self.effect is Effect.CONTAIN:
            return Mode.RESPOND
        return Mode.READ
