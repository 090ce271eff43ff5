"""What an actor says to its console: one JSON object a line, tagged by ``say``."""

from __future__ import annotations

from typing import Any

import msgspec


class Reply(msgspec.Struct, frozen=True, tag_field="say", tag=str.lower, kw_only=True):
    """Base of all replies. ``n`` is the number of the request it answers; 0 for news nobody asked for."""

    n: int = 0


class Ready(Reply, frozen=True):
    """The actor runs; ``mode`` is what it will allow, ``analyst`` who it acts as."""

    mode: str
    analyst: str


class ModeIs(Reply, frozen=True):
    """The mode changed, or was confirmed; ``why`` says why it was refused or ended."""

    mode: str
    why: str = ""
    until: str | None = None


class Progress(Reply, frozen=True):
    done: int
    total: int
    text: str


class Sent(Reply, frozen=True):
    """The outcome of draining workflow writes."""

    sent: int
    failed: int
    overtaken: int
    waiting: int
    why: str = ""


class Planned(Reply, frozen=True):
    """A plan as the command line prints it (``contain --plan --json``), plus ``refusals`` and ``confirm``."""

    plan: dict[str, Any]
    confirm: str
    """What has to be typed: the last six characters of the target, or the whole."""
    aws_lines: tuple[str, ...] = ()


class Offered(Reply, frozen=True):
    """Plans that fit findings, the best first; each with ``helps``, ``why``; ``fits``, ``blocks`` and ``ends``: ids of
    findings; ``does``; and ``in_force``: id, instant and state of the same where it was done, or null."""

    plans: tuple[dict[str, Any], ...]
    looked_at: int = 1
    """How many findings of those that were named."""


class Done(Reply, frozen=True):
    """The outcome of a containment or undo (``contain --json``)."""

    outcome: dict[str, Any]


class Talked(Reply, frozen=True):
    """Who a way out is talking to (``talkers --json``)."""

    talkers: dict[str, Any]


class Proven(Reply, frozen=True):
    """Whether the responder role of each account can be had: ``account``, ``state`` and ``detail`` of each, as
    ``shift on --json`` prints them. None for a world that reaches no AWS."""

    sessions: tuple[dict[str, str], ...]


class Failed(Reply, frozen=True):
    """The request came to nothing. ``kind`` is ``refused``, ``aws``, ``input`` or ``fault``."""

    kind: str
    why: str
    remedy: str = ""
    aws_lines: tuple[str, ...] = ()
    proposal: str = ""
    """For a second person's ``approve``, where only that is missing."""


AnyReply = Ready | ModeIs | Progress | Sent | Planned | Offered | Done | Talked | Proven | Failed
