"""In READ and TRIAGE nothing that can be pressed, typed or run contains; in RESPOND, the typed id does, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass

import pytest

from socconsole.aws.operations import table
from socconsole.commands import COMMANDS, Command
from socconsole.screens.activity import ActivityScreen
from socconsole.screens.base import ConsoleScreen
from socconsole.screens.contain import PlanScreen
from socconsole.screens.finding import FindingScreen
from socconsole.screens.offers import OffersScreen
from socconsole.screens.sources import SourcesScreen
from socconsole.screens.triage import TriageScreen
from tests.journeys.conftest import Drill, Open
from tests.journeys.keys import (
    ALONE_S,
    ARRIVAL_S,
    CONFIRM,
    CONTAIN,
    CORPUS,
    QUERY,
    act,
    arrived,
    asked,
    command,
    open_from_corpus,
    press,
    press_until,
    to_corpus,
    write,
)
from tests.terminal.harness import PATIENCE_S, Terminal

pytestmark = pytest.mark.xdist_group("modes")  # one drill for all of it

SIZE = {"columns": 100, "rows": 30}
LAST_SIX = CORPUS[-6:]


@dataclass(frozen=True)
class Place:
    """A screen of the console: what leads there from the corpus in Triage, and what shows that it is there."""

    keys: tuple[str, ...]
    shows: str
    screen: type[ConsoleScreen]


PLACES = {
    "Triage": Place((), "─ Triage ", TriageScreen),
    "the finding": Place(("\r",), "\n what ", FindingScreen),
    "the offers": Place(("X",), "─ Contain  what would stop", OffersScreen),
    "the plan": Place((CONTAIN,), "\n reversible ", PlanScreen),
    "Activity": Place(("5",), "─ Activity ", ActivityScreen),
    "Sources": Place(("7",), "─ Sources ", SourcesScreen),
}
KEYED = {**{name: place.keys for name, place in PLACES.items()}, "raw": ("o",), "help": ("?",)}

PRESSED = {
    "space": " ", "asterisk": "*", "enter": "\r", "escape": "\x1b", "backspace": "\x7f", "slash": "/", "tab": "\t",
    "colon": ":", "question_mark": "?", "ctrl+k": "\x0b",
}  # fmt: skip
ELSEWHERE = ("?", "o", "p", "t", "\x0b", "X", "\r")
"""Keys that may open another screen, from which Escape returns."""
AWAY = ("\x7f", "1", "2", "3", "5", "7")
KEYS = [PRESSED.get(key, key) for one in COMMANDS for key in one.keys]
ACTING = {PRESSED.get(key, key) for one in COMMANDS if one.acting for key in one.keys}
HERE = [key for key in (*dict.fromkeys(KEYS), *"0234689", "\x04") if key not in (*ELSEWHERE, *AWAY, "\x1b")]

ARMS_OR_LEAVES = ("respond", "quit")
ARMING = "why this session has to contain"
"""What enter asks on an unarmed plan: it is left, like the verb that arms."""
# Eight days are refused: with the corpus asleep, the other desks would have nothing to work on.
ARGUMENTS = {
    "contain": f"s3-block-public {CORPUS}", "undo": "a-000000000000", "filter": QUERY, "view": "all",
    "theme": "dark", "export": "/nonexistent/x.csv", "time": "utc", "snooze": "8d x", "ack": "seen",
    "note": "a note", "verdict": "t", "sort": "score",
}  # fmt: skip
VERBS = [
    f"{one.verb} {ARGUMENTS.get(one.verb, '')}".strip() for one in COMMANDS if one.verb and one.id not in ARMS_OR_LEAVES
]


def entries(screen: type[ConsoleScreen]) -> Iterator[Command]:
    """What the palette offers on a screen, but for what arms and what leaves."""
    for one in COMMANDS:
        belongs = not one.screens or screen.place in one.screens
        if belongs and hasattr(screen, f"do_{one.id.replace('.', '_')}") and one.id not in ("palette", *ARMS_OR_LEAVES):
            yield one


def calls(drill: Drill, effect: str) -> list[str]:
    """Requests with this effect that the console's own roles have made."""
    named = {name.partition(":")[2] for name, row in table().items() if row.effect == effect}
    made = [json.loads(line) for line in (drill.store / "journal.jsonl").read_text("utf-8").splitlines()]
    return [f"{e['op']} {e['params'].get('Bucket', '')}" for e in made if e["op"] in named and _ours(e)]


def _ours(entry: dict[str, object]) -> bool:
    return "socconsole-" in str(entry.get("role") or "")


def answer(terminal: Terminal) -> None:
    """Say what would confirm it to the question that stands, then leave it; not to the one that arms."""
    if ARMING in terminal.text:
        close(terminal)
        return
    if CONFIRM in terminal.text:
        press(terminal, *LAST_SIX)  # this field takes nothing faster
    else:
        terminal.send(LAST_SIX)
        terminal.quiet(ALONE_S)
    press(terminal, "\r")
    close(terminal)


def close(terminal: Terminal) -> None:
    """Out of questions and the palette."""
    terminal.quiet(0.1)
    for _ in range(4):
        if not asked(terminal):
            break
        press(terminal, "\x1b")


def settle(terminal: Terminal, name: str) -> None:
    """Answer what was asked, and be on the screen again: by Escape where something lies on it, else by its keys."""
    terminal.quiet(0.1)
    if asked(terminal):
        answer(terminal)
    if PLACES[name].shows not in terminal.text:
        press(terminal, "\x1b")
        terminal.quiet(0.1)
    if PLACES[name].shows not in terminal.text or asked(terminal):
        arrive(terminal, name)


def arrive(terminal: Terminal, name: str) -> None:
    """To a screen, as a person does it: where a key was lost (a busy machine takes it for pasted), once more."""
    place = PLACES[name]
    for patience in (3.0, 3.0, PATIENCE_S):
        if place.keys in (("5",), ("7",)) and not asked(terminal):
            press(terminal, *place.keys)
        else:
            open_from_corpus(terminal, *place.keys)
        with suppress(AssertionError) if patience < PATIENCE_S else nullcontext():
            terminal.wait_for(place.shows, patience)
            return


def press_everything(terminal: Terminal, name: str) -> None:
    """Every key on a screen; a question that comes up is answered with what would confirm it."""
    open_from_corpus(terminal, *KEYED[name])
    for key in (*HERE, *ELSEWHERE, *AWAY):
        press(terminal, key)
        if key in ACTING:
            terminal.quiet(ALONE_S)
        if asked(terminal):
            answer(terminal)
        if key in ELSEWHERE:
            press(terminal, "\x1b")
        assert terminal.process.poll() is None, (name, key)


def run_every_verb(terminal: Terminal, name: str) -> None:
    """Every ``:`` verb but the one that arms and the one that leaves."""
    arrive(terminal, name)
    for line in VERBS:
        command(terminal, line)
        if line.startswith("contain ") and PLACES[name].screen.place == "triage":
            terminal.wait_for("PutPublicAccessBlock", ARRIVAL_S)
            press(terminal, "\r")
        settle(terminal, name)


def choose_everything(terminal: Terminal, name: str) -> None:
    """Every entry of the palette, by its name."""
    arrive(terminal, name)
    for one in entries(PLACES[name].screen):
        choose(terminal, one.title)
        settle(terminal, name)
        assert terminal.process.poll() is None, (name, one.id)


def choose(terminal: Terminal, title: str) -> None:
    """One entry of the palette: named, waited for until it is the first that is offered, and taken."""

    def first() -> bool:
        lines = [line.strip(" ▁▔") for line in terminal.display]
        at = next((n for n, line in enumerate(lines) if line.endswith(f"🔎 {title}")), len(lines))
        return next(filter(None, lines[at + 1 :]), "").partition(" (:")[0] == title  # and the word typed for it

    press_until(terminal, "\x0b", "a command's name")
    terminal.send(title)
    terminal.wait_for(first)
    terminal.quiet(ALONE_S)
    press(terminal, "\r")
    terminal.wait_for(lambda: "🔎" not in terminal.text)


DESKS = 3
"""At once: most of their time goes by between keys."""

Doing = Callable[[Terminal, str], None]


def at_a_desk(terminal: Terminal, mode: str, work: list[tuple[Doing, str]]) -> None:
    """One analyst's console, from its first finding to ``:q``; takes from ``work`` what no other desk has taken."""
    terminal.wait_for(f" {mode} ", ARRIVAL_S)
    arrived(terminal)
    while work:
        doing, name = work.pop()
        doing(terminal, name)
    to_corpus(terminal)
    assert f" {mode} " in terminal.text
    command(terminal, "q")
    assert terminal.wait_exit() == 0, terminal.text


def run_the_command_line(drill: Drill, *mode: str) -> None:
    """Every verb that could contain, confirmed in every way but armed; and armed in vain in READ."""
    sure = ["--confirm", CORPUS, "--reason", "sure"]
    contain = ["contain", "s3-block-public", CORPUS]
    for words in (contain, [*contain, *sure], ["undo", "a-000000000000", *sure]):
        done = drill.run(*words, "--json", *mode)
        assert done.returncode in (2, 4), (words, done.stdout, done.stderr)
    drill.run(*contain, "--plan", "--json", *mode, check=0)
    if "READ" in mode:
        assert drill.run(*contain, *sure, "--respond", "--json", *mode).returncode == 4


WHERE = {"READ": ("Triage", "Activity", "Sources"), "TRIAGE": ("the finding", "the plan")}
"""Where verbs and palette are driven: all of them in both modes, and from each screen in one of the two."""


@pytest.mark.parametrize("mode", WHERE)
def test_nothing_contains_unarmed(shared: Drill, console: Open, mode: str) -> None:
    told = calls(shared, "workflow")
    work: list[tuple[Doing, str]] = [(press_everything, name) for name in KEYED]
    work += [(doing, name) for doing in (choose_everything, run_every_verb) for name in WHERE[mode]]
    desks = [console(shared.store, "--mode", mode, **SIZE, home=shared.home) for _ in range(DESKS)]
    with ThreadPoolExecutor(DESKS) as hands:
        for done in [hands.submit(at_a_desk, desk, mode, work) for desk in desks]:
            done.result()
    run_the_command_line(shared, "--mode", mode)
    assert calls(shared, "contain") == []
    if mode == "READ":
        assert calls(shared, "workflow") == told


def test_the_strictest_mode_wins_from_the_key_to_the_wire(shared: Drill, console: Open) -> None:
    """The flag says READ, the configuration TRIAGE, the environment nothing: an acknowledgement stays here."""
    assert 'mode = "READ"' not in (shared.store / "world.toml").read_text("utf-8")
    told = calls(shared, "workflow")
    terminal = console(shared.store, "--mode", "READ", **SIZE, home=shared.home)
    arrived(terminal)
    to_corpus(terminal)
    act(terminal, "a", "READ: kept here, not sent")
    write(terminal, "kept back")
    terminal.wait_for("not sent")
    shared.run("note", shared.finding(QUERY)["id"], "--text", "kept too", "--mode", "READ", check=0)
    command(terminal, "respond in vain")
    terminal.quiet()
    assert " READ " in terminal.text
    assert calls(shared, "workflow") == told
    command(terminal, "q")
    assert terminal.wait_exit() == 0


def test_armed_the_typed_id_makes_exactly_the_call(shared: Drill, console: Open) -> None:
    terminal = console(shared.store, **SIZE, home=shared.home)
    arrived(terminal)
    to_corpus(terminal)
    command(terminal, "respond the corpus is leaking")
    terminal.wait_for(" RESPOND ")
    arrive(terminal, "the plan")
    press(terminal, "\r")
    terminal.wait_for(CONFIRM)
    assert calls(shared, "contain") == []
    press(terminal, *LAST_SIX, "\r")
    terminal.wait_for("applied", ARRIVAL_S)
    assert calls(shared, "contain") == [f"PutPublicAccessBlock {CORPUS}"]
    command(terminal, "q")
