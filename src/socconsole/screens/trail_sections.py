"""What the trail can say, as sections of a detail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from socconsole.model.trail import Recording
from socconsole.store.recorded_view import Told
from socconsole.widgets.detail import Body, Section

_WORDS: Final = {
    Recording.RECORDED: ("RECORDED", "good"),
    Recording.PARTIAL: ("PARTIAL", "warn"),
    Recording.NEVER: ("NEVER RECORDED", "bad"),
    Recording.UNKNOWN: ("UNKNOWN", "warn"),
}


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
