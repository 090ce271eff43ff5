"""Instants as they are typed on a command line."""

from __future__ import annotations

from datetime import UTC, datetime

from socconsole.cli.exits import Code, stop


def after(span: str, now: datetime) -> datetime:
    """``now`` and a span (``30m``, ``4h``, ``2d``); stops with code 2 for anything else."""
    from socconsole.triage.query_fields import span as span_of

    length = span_of(span)
    if length is None:
        stop(Code.BAD_INPUT, f"{span!a} is no span; 30m, 4h and 2d are")
    return now + length


def instant(text: str) -> datetime:
    """An RFC 3339 time with its zone, in UTC; stops with code 2 for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        stop(Code.BAD_INPUT, f"{text!a} is no RFC 3339 time; 2026-03-01T06:00:00Z is one")
    if at.tzinfo is None:
        stop(Code.BAD_INPUT, f"{text!a} names no zone; 2026-03-01T06:00:00Z does")
    return at.astimezone(UTC)
