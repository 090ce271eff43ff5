"""The registry of everything a user can do: one row makes the key, the help, the palette, the policy and the verb.

The rows stand in ``working`` (what does something) and ``looking`` (what shows something).
"""

from __future__ import annotations

from typing import Final

from socconsole.commands.looking import GENERAL, LOOKING, SCREENS
from socconsole.commands.working import CASES, DECIDING, DESK, HANDING, RESPONDING

COMMANDS: Final = (*SCREENS, *DECIDING, *DESK, *CASES, *RESPONDING, *HANDING, *LOOKING, *GENERAL)
"""In the order in which help and palette list them."""

BY_ID: Final = {command.id: command for command in COMMANDS}
BY_VERB: Final = {command.verb: command for command in COMMANDS if command.verb}

ASKING: Final = frozenset({
    "acknowledge", "note", "verify", "snooze", "take_back", "case", "new_case", "step", "split", "escalate", "command",
    "filter", "give", "accept", "receipt", "write",
})  # fmt: skip
"""Commands whose key brings a question: what is typed before it stands is its answer, and no command."""
