"""What is sent: title, severity, where, which case, and how to acknowledge. No payloads, no reasons, no resources.

It leaves this machine for other people's: what AWS or an attacker wrote comes down to a plain alphabet, in which
nothing is a link, a mention or markup.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from socconsole.text import Untrusted, clean, token

SUBJECT: Final = 99
"""Characters that SNS takes as a subject: fewer than 100 (SNS API reference, Publish)."""

TITLE: Final = 160
LISTED: Final = 5
"""Of what fired together, so many are named."""

FIELDS: Final = ("path", "count", "severity", "title", "where", "id", "case", "acknowledge", "note")
"""What a template may name, as ``${title}``."""


@dataclass(frozen=True, slots=True)
class About:
    """A finding or a case, as far as it is told to others."""

    id: str
    severity: str
    title: Untrusted
    where: str = ""
    """Names of account and Region."""
    case: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    body: str
    fault: str = ""
    """What is wrong with the channel's template; the plain text is sent in its place."""


def compose(
    path: str, abouts: Sequence[About], *, count: int, again: bool = False, by: str = "", template: str = ""
) -> Message:
    """``abouts`` are the worst of ``count``, the first one first; ``by`` the analyst who asked for it."""
    first = abouts[0]
    notes = []
    if again:
        notes.append("Perhaps sent before: an earlier attempt failed or was cut off, and may have arrived.")
    if by:
        notes.append(f"Escalated by {plain(by, 60)}.")
    fields = {
        "path": plain(path, 60),
        "count": str(count),
        "severity": plain(first.severity, 20),
        "title": plain(first.title, TITLE),
        "where": plain(first.where, 80),
        "id": plain(first.id, 40),
        "case": plain(first.case, 40),
        "acknowledge": how_to_acknowledge(abouts),
        "note": " ".join(notes),
    }
    more = f" and {count - 1} more" if count > 1 else ""
    subject = f"[{fields['severity']}] {fields['title']}"
    subject = subject[: SUBJECT - len(more)] + more
    if not template:
        return Message(subject, _plain_body(fields, abouts, count))
    try:
        return Message(subject, string.Template(template).substitute(fields))
    except (KeyError, ValueError) as error:
        fault = f"no field {error}" if isinstance(error, KeyError) else str(error)
        said = f"(the template of this channel is broken: {plain(fault, 120)})"
        return Message(subject, f"{_plain_body(fields, abouts, count)}\n{said}", fault)


def _plain_body(fields: dict[str, str], abouts: Sequence[About], count: int) -> str:
    lines = [
        f"{plain(one.severity, 20)}: {plain(one.title, TITLE)}\n"
        + " ".join(
            dict.fromkeys(part for part in (" ", plain(one.id, 40), plain(one.where, 80), plain(one.case, 40)) if part)
        )
        for one in abouts[:LISTED]
    ]
    if count > len(lines):
        lines.append(f"and {count - len(lines)} more")
    if fields["note"]:
        lines.append(fields["note"])
    lines.append(f"To acknowledge: {fields['acknowledge']}")
    lines.append(f"Until then whoever is next on path {fields['path']} is told.")
    return "\n".join(lines)


def how_to_acknowledge(abouts: Sequence[About]) -> str:
    """The command, or the key."""
    findings = [plain(one.id, 40) for one in abouts if not one.id.startswith("c-")]
    if not findings:
        return f"socconsole escalate {plain(abouts[0].id, 40)} --stop --reason WHY, or take the case"
    return f"a on it in the console, or: socconsole ack {' '.join(findings[:LISTED])} --reason WHY"


def plain(text: Untrusted | str, limit: int) -> str:
    """In an alphabet without markup, and without what makes a link or a mention of it."""
    return (
        token(clean(text, limit), limit + 20)
        .replace("@", " at ")
        .replace("://", ":")
        .replace("*", "")
        .replace("~", "")
        .strip()
    )
