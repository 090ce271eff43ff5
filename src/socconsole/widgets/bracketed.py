"""What a terminal calls a paste is one paste, whatever stands in it.

Textual's parser takes an escape character inside a bracketed paste for the start of a key: up to 32 characters of
the pasted text then arrive as keys that were pressed. Here, before the parser, control characters of a paste
become their pictures, so that nothing in it is a key and the analyst sees what was in it.
"""

from __future__ import annotations

from typing import Final

BEGIN: Final = "\x1b[200~"
END: Final = "\x1b[201~"

_PICTURES: Final = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"} | {0x7F: "\u2421"}


class BracketedPaste:
    """Takes a terminal's input as it comes, in pieces of any size, and gives it back with inert pastes.

    Keys are never held back. Inside a paste, the last five characters may be: they could begin its end.
    """

    def __init__(self) -> None:
        self._inside = False
        self._rest = ""
        """Inside: characters that may begin the end. Outside: what was given already and may begin a paste."""

    def feed(self, data: str) -> str:
        """The next piece; what the parser may see of it."""
        out: list[str] = []
        while data:
            data = self._within(data, out) if self._inside else self._without(data, out)
        return "".join(out)

    def _without(self, data: str, out: list[str]) -> str:
        known = len(self._rest)
        seen = self._rest + data
        at = seen.find(BEGIN)
        if at < 0:
            out.append(data)
            self._rest = _start_of(BEGIN, seen)
            return ""
        self._inside, self._rest = True, ""
        out.append(seen[known : at + len(BEGIN)])
        return seen[at + len(BEGIN) :]

    def _within(self, data: str, out: list[str]) -> str:
        seen = self._rest + data
        at = seen.find(END)
        if at < 0:
            self._rest = _start_of(END, seen)
            out.append(seen[: len(seen) - len(self._rest)].translate(_PICTURES))
            return ""
        self._inside, self._rest = False, ""
        out += (seen[:at].translate(_PICTURES), END)
        return seen[at + len(END) :]


def _start_of(mark: str, seen: str) -> str:
    """The longest end of ``seen`` with which ``mark`` begins."""
    return next((mark[:size] for size in range(len(mark) - 1, 0, -1) if seen.endswith(mark[:size])), "")
