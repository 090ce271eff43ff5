"""What the console remembers between two runs: one small owner-only file in the state folder.

It holds where the analyst was, never what was decided: losing it loses nothing that matters, so a missing or
broken file is an empty session.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

import msgspec

NAME: Final = "session.json"


class Session(msgspec.Struct, frozen=True):
    """Filter, sort, view and cursor of Triage; the screen, the theme and the clock shown.

    ``theme`` is empty unless the analyst chose one; ``theme_over`` is what the configuration said at that time.
    """

    filter: str = ""
    sort: str = ""
    view: str = ""
    cursor: str = ""
    screen: str = ""
    theme: str = ""
    theme_over: str = ""
    local_time: bool = False


def load(root: Path) -> Session:
    """The session of a state folder; the default one where there is none to be read."""
    try:
        return msgspec.json.decode((root / NAME).read_bytes(), type=Session)
    except (OSError, msgspec.DecodeError):
        return Session()


def save(root: Path, session: Session) -> None:
    """Replace the session file in one step (mode 0600). Raises ``OSError`` where the folder cannot be written."""
    handle, name = tempfile.mkstemp(prefix=NAME + ".", dir=root)  # mkstemp makes it owner-only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(session))
        os.replace(name, root / NAME)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
