"""Copying, through the terminal: OSC 52, inside tmux, into a file, or not at all.

A terminal never says whether it took the text, so neither do we: the answer is "sent", not "copied".
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal

from socconsole.text import Untrusted, clean_lines

How = Literal["auto", "osc52", "tmux", "file", "off"]

CAP: Final = 74_000
"""Bytes; several terminals refuse more than 100 kB of base64."""


def printable(value: Untrusted | str) -> str:
    """What may be put on a clipboard: it will be pasted into a shell or a chat, so it is cleaned as well."""
    return "\n".join(clean_lines(value, CAP))


def sequence(text: str, how: Literal["osc52", "tmux"]) -> str:
    """The escape sequence that hands ``text`` to the terminal (``tmux``: wrapped for tmux)."""
    encoded = base64.b64encode(text.encode("utf-8")).decode("ascii")
    osc = f"\x1b]52;c;{encoded}\x07"
    if how == "tmux":
        return "\x1bPtmux;" + osc.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return osc


def send(
    value: Untrusted | str,
    *,
    how: How,
    write: Callable[[str], None],
    file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Send ``value`` to the clipboard; what to tell the analyst. ``file`` is where ``file`` writes to."""
    text = printable(value)
    size = len(text.encode("utf-8"))
    if how == "off":
        return "copying is switched off in the config"
    if size > CAP:
        return f"not sent: {size:,} bytes are more than a terminal takes; use export"
    if how == "file":
        if file is None:
            return "not sent: the config names no file to copy into"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
        return f"written to {file}"
    kind: Literal["osc52", "tmux"] = ("tmux" if environ.get("TMUX") else "osc52") if how == "auto" else how
    write(sequence(text, kind))
    return f"sent {len(text):,} characters to the terminal's clipboard"
