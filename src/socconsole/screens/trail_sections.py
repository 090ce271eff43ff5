"""What the trail can say, as sections of a detail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from socconsole.model.trail import Recording, start_command
from socconsole.store.recorded_view import Told
from socconsole.widgets.detail import Body, Section

_WORDS: Final = {
    Recording.RECORDED: ("RECORDED", "good"),
    Recording.PARTIAL: ("PARTIAL", "warn"),
    Recording.NEVER: ("NEVER RECORDED", "bad"),
    Recording.UNKNOWN: ("UNKNOWN", "warn"),
}


def stopped(trails: Sequence[tuple[str, datetime]], stamp: Callable[[datetime | None], str]) -> list[Section]:
    """Trails that do not record, and what makes them; nothing where all do."""
    lines: list[Body] = []
    for arn, since in trails:
        lines.append([(f"{named(arn)} does not record", "bad"), (f", stopped since {stamp(since)}", "quiet")])
        lines.append([("mend it: ", "quiet"), (start_command(arn), "strong")])
    return [Section("trails", lines, kept=True)] if lines else []


def named(arn: str) -> str:
    """A trail's own name."""
    return arn.rpartition("/")[2]


def recorded(told: Sequence[Told], stamp: Callable[[datetime | None], str]) -> list[Section]:
    """Whether reads of each store can be in the trail; nothing where a finding names no store."""
    lines: list[Body] = [
        [
            ("reads of ", "quiet"),
            (one.store, ""),
            (f" since {stamp(one.since)}: ", "quiet"),
            _WORDS[one.verdict],
            (f": {one.why}", "quiet"),
        ]
        for one in told
    ]
    return [Section("trail", lines)] if lines else []
