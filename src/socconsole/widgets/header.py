"""The header: where we are, what may leave this machine, and how far what is shown can be believed.

Two lines from 100 cells up, one below that. What is wrong is said at every width; what is well gives way.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec
from textual.geometry import Size

from socconsole.model.mode import Mode
from socconsole.model.source import Freshness
from socconsole.model.world import WorldKind
from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.columns import freshness_sign
from socconsole.widgets.painted import PaintedLines, spread, width_of
from socconsole.widgets.rows import Line, Run, merge

WIDE: Final = 100


class SourceNote(msgspec.Struct, frozen=True):
    """One source, or several that answer as one. ``age`` is ready to print (``4s``); ``note`` says what is
    wrong (``denied eu-west-1``); ``reading``: it has not answered yet, and is being asked now."""

    label: str
    freshness: Freshness
    age: str = ""
    note: str = ""
    reading: bool = False


class HeaderState(msgspec.Struct, frozen=True):
    """All that the header shows. Times and ages come ready to print."""

    mode: Mode
    world: WorldKind = WorldKind.LIVE
    place: str = ""
    """Account name and id, or what stands for them."""
    region: str = ""
    who: str = ""
    shift: str = ""
    """Who is on since when, ready to print: ``shift 06:12``."""
    clock: str = ""
    mode_note: str = ""
    """``arms 12m more``, ``actor starting`` …"""
    scenario: str = ""
    """The drill's name."""
    sources: tuple[SourceNote, ...] = ()
    watch_alive: bool = True
    watch_starting: bool = False
    """It is not known to live, but has not had the time to say so."""
    unacked: int = 0
    oldest: str = ""
    """Age of the oldest unacknowledged finding, as ``mm:ss``."""
    target: str = "15:00"
    late: bool = False
    """The oldest is past the target."""
    deadline: str = ""
    """The nearest open clock of all cases, ready to print: ``GDPR-33 ≈71 h``."""
    deadline_style: str = "text"
    others: tuple[str, ...] = ()
    """Who else has this store open."""
    alert: str = ""
    """One thing that must be seen (an action in doubt, an expired session)."""


_MODE_STYLE: Final = {
    Mode.READ: "mode-read",
    Mode.TRIAGE: "mode-triage",
    Mode.RESPOND: "mode-respond",
}


class StatusHeader(PaintedLines):
    """Give it a :class:`HeaderState` whenever something changed; only differing cells are painted."""

    DEFAULT_CSS: ClassVar[str] = """
    StatusHeader { dock: top; height: auto; background: $bar-background; color: $bar-foreground; }
    """

    def __init__(self, state: HeaderState | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._state = state if state is not None else HeaderState(Mode.READ)

    @property
    def state(self) -> HeaderState:
        return self._state

    def show_state(self, state: HeaderState) -> None:
        self._state = state
        self.repaint()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 2 if width >= WIDE else 1

    def lines_for(self, width: int, height: int) -> list[Line]:
        if width < WIDE:
            return [one_line(self._state, width)]
        return [place_line(self._state, width), health_line(self._state, width)]


def place_line(state: HeaderState, width: int) -> Line:
    """Who, where, in which mode, and the time. The mode always stands whole; what has no room is left out before it."""
    bar = glyphs.current().bar
    place = clean(state.place, 60)
    right: list[Run] = [*_alert(state), (f" {clean(state.clock, 20)} ", "quiet")]
    left: list[Run] = []
    on = ", ".join(filter(None, (state.who, state.shift)))
    for texts in (
        (place, state.region, on),
        (place, state.region, state.who),
        (place, state.region),
        (place.partition(" ")[0], state.region),
        (place.partition(" ")[0],),
        (),
    ):
        left = [*_banner(state), (" socconsole", "strong")]
        for text in texts:
            if text:
                left += [(f" {bar}", "rule"), (clean(text, 60), "text")]
        left += [(f" {bar}", "rule"), *_mode(state)]
        if width_of((*left, *right)) <= width:
            break
    if state.others:
        named: Run = ("  also here: " + clean(", ".join(state.others), 60), "warn")
        fits = width_of((*left, named, *right)) <= width
        left.append(named if fits else (f"  +{len(state.others)} here", "warn"))
    return spread(merge(left), merge(right), width)


def health_line(state: HeaderState, width: int) -> Line:
    """Every source that fits, the troubled ones first; how long the oldest finding has waited."""
    right: list[Run] = []
    right += _watch(state)
    right += [*_waiting(state, wide=True), *_deadline(state, wide=True), (" ", "text")]
    room = width - width_of(tuple(right)) - 10
    ordered = sorted(state.sources, key=lambda note: note.freshness is Freshness.FRESH)
    left: list[Run] = []
    shown = 0
    for note in ordered:
        runs = _source(note)
        if width_of((*left, *runs)) > room:
            break
        left += runs
        shown += 1
    hidden = ordered[shown:]
    if hidden:
        troubled = sum(note.freshness is not Freshness.FRESH for note in hidden)
        style = "warn" if troubled else "quiet"
        left.append((f"  +{len(hidden)}" + (f", {troubled} not fresh" if troubled else ""), style))
    if not ordered and state.world is not WorldKind.IMPORT and not state.watch_starting:
        left.append((" no source is configured", "warn"))
    return spread(merge(left), merge(right), width)


def one_line(state: HeaderState, width: int) -> Line:
    """All that matters in less than 100 cells. The mode and what is wrong always stand; the rest goes by its worth.

    Nothing is cut in the middle: half an account number, or half a region, could be another one.
    """
    place = clean(state.place, 40)
    name = place.partition(" ")[0]
    for dropped in range(len(_DISPENSABLE) + 1):
        gone = frozenset(_DISPENSABLE[:dropped])
        left: list[Run] = [*_banner(state, scenario="scenario" not in gone), *_mode(state, note=False)]
        shown = "" if "name" in gone else name if "account" in gone else place
        if shown:
            left.append((" " + shown, "strong"))
        if state.region and "region" not in gone:
            left.append((" " + clean(state.region, 40), "text"))
        right = [*_alert(state), *_condition(state, well="fresh" not in gone)]
        if state.others and "others" not in gone:
            right += [(f" +{len(state.others)} here", "warn")]
        if "waiting" not in gone:
            right += _waiting(state, wide=False)
        if "deadline" not in gone or state.deadline_style == "bad":
            right += _deadline(state, wide=False)
        if state.shift and "shift" not in gone:
            right.append((f" {clean(state.shift, 40)}", "quiet"))
        if "clock" not in gone:
            right.append((f" {clean(state.clock, 20)}", "quiet"))
        right.append((" ", "quiet"))
        if width_of((*left, *right)) <= width:
            break
    return spread(merge(left), merge(right), width)


# What may be left out, in this order: an account by its name alone comes before no region.
_DISPENSABLE: Final = (
    "shift", "account", "region", "others", "name", "scenario", "clock", "deadline", "fresh", "waiting",
)  # fmt: skip


def _condition(state: HeaderState, *, well: bool) -> list[Run]:
    """How far the sources can be believed, in a few cells; ``well`` also where there is nothing to worry about."""
    signs = glyphs.current()
    troubled = [note for note in state.sources if note.freshness is not Freshness.FRESH]
    total = len(state.sources)
    if not state.watch_alive:
        return _watch(state)
    if troubled and all(note.reading for note in troubled):
        return [(f" {signs.cut} reading {len(troubled)} of {total}", "warn")]
    if troubled or (not state.sources and state.world is not WorldKind.IMPORT):
        return [(f" {signs.warn} {len(troubled)} of {total} not fresh", "warn")]
    return [(f" {signs.good} {total} fresh", "good")] if state.sources and well else []


def _banner(state: HeaderState, *, scenario: bool = True) -> list[Run]:
    if state.world is WorldKind.DRILL:
        return [(f" DRILL {clean(state.scenario, 24) if scenario else ''}".rstrip() + " ", "banner")]
    if state.world is WorldKind.IMPORT:
        return [(" IMPORTED, NO LIVE SOURCE ", "banner")]
    return []


def _mode(state: HeaderState, note: bool = True) -> list[Run]:
    runs: list[Run] = [(f" {state.mode.value} ", _MODE_STYLE[state.mode])]
    if note and state.mode_note:
        runs.append((" " + clean(state.mode_note, 40), "quiet"))
    return runs


def _alert(state: HeaderState) -> list[Run]:
    return [(f" {glyphs.current().bad} {clean(state.alert, 60)} ", "bad")] if state.alert else []


def _source(note: SourceNote) -> list[Run]:
    sign, style = (glyphs.current().cut, "warn") if note.reading else freshness_sign(note.freshness)
    fresh = note.freshness is Freshness.FRESH
    said = clean(note.note, 40) or ("" if fresh else note.freshness.value.lower())
    text = " ".join(part for part in (clean(note.label, 24), said, clean(note.age, 8)) if part)
    return [(f" {sign} ", style), (text + " ", "quiet" if fresh else style)]


def _watch(state: HeaderState) -> list[Run]:
    if state.watch_alive:
        return []
    signs = glyphs.current()
    if state.watch_starting:  # no alarm yet, and nothing that supports an absence either
        return [(f" {signs.cut} watch starting", "warn")]
    return [(f" {signs.bad} timers stopped", "bad")]


def _sound(state: HeaderState) -> bool:
    fresh = all(note.freshness is Freshness.FRESH for note in state.sources)
    return bool(state.sources) and fresh and state.watch_alive and state.world is not WorldKind.IMPORT


def _deadline(state: HeaderState, *, wide: bool) -> list[Run]:
    """What is due next by law or contract; what is over stands at every width."""
    if not state.deadline:
        return []
    lead: Run = (f" {glyphs.current().dot} " if wide else " ", "quiet")
    return [lead, (clean(state.deadline, 40), state.deadline_style)]


def _waiting(state: HeaderState, *, wide: bool) -> list[Run]:
    if not state.unacked:
        # An absence is only as good as the sources it comes from.
        if _sound(state):
            return [("  0 unacked", "quiet")] if wide else []
        return [("  0 known unacked" if wide else " 0 known", "warn")]
    style = "bad" if state.late else "strong"
    if wide:
        return [
            (f"  {state.unacked:,} unacked", "text"),
            (f" {glyphs.current().dot} ", "quiet"),
            (f"{clean(state.oldest, 10)} of {clean(state.target, 10)}", style),
        ]
    late = "!" if state.late else ""  # the target itself has no room here, and colour alone says nothing
    return [(f" {state.unacked:,} unacked", "text"), (f" {clean(state.oldest, 10)}{late}", style)]
