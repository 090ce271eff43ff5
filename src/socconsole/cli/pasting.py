"""Commands that are printed to be pasted: they name the program as it was started, and the store that was meant.

Nothing heavy is imported here: the console's start goes through it.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

PROGRAM: Final = "socconsole"

_OF_GROUPS: Final = (
    "access reviewed|action (?:approve|record|show)|clock (?:applies|decide|draft|sent|show|start)"
    "|config (?:apply|check)|case (?:attach|close|detach|hold|list|merge|note|open|playbook|set|show|split|step|tell)"
    "|handoff (?:accept|receipt|show)|ledger (?:export|key|show|verify)|rules list|shift (?:off|on|show)"
    "|third-party answer|drill --resume"
)
_ALONE: Final = (
    "ack|alarms|backup|claim|contain|doctor|endpoints|escalate|evidence|findings|handoff|import|incidents|metrics|note"
    "|posture|recover|send|snooze|sources|takeback|talkers|undo|verdict|watch"
)
_OTHERS: Final = "approve|clock|config|drill|iam|rules|third-party"
_HERE: Final = r"(?![^`\n]*` (?:\w+ )+there\b)"
"""Not what somebody else is to type on another install: "what `socconsole ledger key` prints there"."""
# Not `approve`: that is the second person's, on another install. Not a bare `drill`: its --store makes a new one.
_ON_A_STORE: Final = re.compile(rf"\b{PROGRAM} (?:{_OF_GROUPS}|{_ALONE})(?: [a-z]-\w+)?(?![\w-]| --list){_HERE}")
_COMMAND: Final = re.compile(rf"(?<![\w/.-]){PROGRAM}(?= (?:--[a-z]|(?:{_OF_GROUPS}|{_ALONE}|{_OTHERS})\b)){_HERE}")


def with_store(text: str, store: str | Path | None) -> str:
    """``text`` with ``--store`` in every command that works on one: pasted, it must not mean the live store."""
    if not store or "--store" in text:
        return text
    return _ON_A_STORE.sub(lambda found: f"{found[0]} --store {shlex.quote(str(store))}", text)


def store_of(words: Sequence[str]) -> str | None:
    """What a command line gives as ``--store``."""
    for word, after in pairwise((*words, "")):
        if word == "--store":
            return after
        if word.startswith("--store="):
            return word.removeprefix("--store=")
    return None


def called(argv: Sequence[str] | None = None) -> str:
    """How this program was started, ready to paste: ``socconsole``, ``.venv/bin/socconsole``, ``python -m …``."""
    words = sys.orig_argv if argv is None else argv  # the interpreter first
    if "-m" in words:
        module = words.index("-m") + 1
        return shlex.join(words[: module + 1]) if words[module : module + 1] == [PROGRAM] else PROGRAM
    script = next((one for one in words[:2] if os.path.basename(one) == PROGRAM), "")
    return shlex.quote(script) if script and not _on_the_path(script) else PROGRAM


def _on_the_path(script: str) -> bool:
    import shutil

    found = shutil.which(PROGRAM)
    return found is not None and os.path.realpath(found) == os.path.realpath(script)


def pasted(text: str) -> str:
    """A remedy as it is printed: with the store that this command line names, and the program as it was started."""
    named = called()
    text = with_store(text, store_of(sys.argv[1:]))
    return text if named == PROGRAM else _COMMAND.sub(lambda _: named, text)
