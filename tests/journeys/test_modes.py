"""In READ and TRIAGE nothing that can be pressed, typed or run contains; in RESPOND, the typed id does, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from socconsole.aws.operations import table
from socconsole.commands import COMMANDS
from tests.journeys.conftest import Drill, Open
from tests.journeys.keys import ALONE_S, ARRIVAL_S, CORPUS, PUBLIC, asked, command, press, to_corpus, write
from tests.terminal.harness import Terminal

CONFIRM = CORPUS[-6:]
QUERY = f"res:{CORPUS} type:s3 anonymous"

PRESSED = {
    "space": " ", "asterisk": "*", "enter": "\r", "escape": "\x1b", "backspace": "\x7f", "slash": "/", "tab": "\t",
    "colon": ":", "question_mark": "?", "ctrl+k": "\x0b",
}  # fmt: skip
ELSEWHERE = ("?", "o", "\x0b", "X", "\r")
"""Keys that may open another screen, from which Escape returns."""
AWAY = ("\x7f", "1", "5", "7")
KEYS = [PRESSED.get(key, key) for one in COMMANDS for key in one.keys]
HERE = [key for key in (*dict.fromkeys(KEYS), *"0234689", "\x04") if key not in (*ELSEWHERE, *AWAY, "\x1b")]
SCREENS: dict[str, tuple[str, ...]] = {
    "Triage": (), "the finding": ("\r",), "raw": ("o",), "the offers": ("X",), "the plan": ("X", "\r"),
    "Activity": ("5",), "Sources": ("7",), "help": ("?",),
}  # fmt: skip


def calls(drill: Drill, effect: str) -> list[str]:
    """Requests with this effect that the console's own roles have made."""
    named = {name.partition(":")[2] for name, row in table().items() if row.effect == effect}
    entries = [json.loads(line) for line in (drill.store / "journal.jsonl").read_text("utf-8").splitlines()]
    return [f"{e['op']} {e['params'].get('Bucket', '')}" for e in entries if e["op"] in named and _ours(e)]


def _ours(entry: dict[str, object]) -> bool:
    return "socconsole-" in str(entry.get("role") or "")


def close(terminal: Terminal) -> None:
    """Out of questions and the palette."""
    terminal.quiet(0.1)
    for _ in range(4):
        if asked(terminal):
            press(terminal, "\x1b")


def go(terminal: Terminal, keys: Sequence[str]) -> None:
    to_corpus(terminal)
    for key in keys:
        press(terminal, key)
        terminal.quiet(0.3)
        terminal.wait_for(lambda: "reading what is true" not in terminal.text, ARRIVAL_S)


def answer(terminal: Terminal) -> None:
    """Say what would confirm it to the question that stands, then leave it."""
    terminal.send(CONFIRM)
    terminal.quiet(2 * ALONE_S)
    press(terminal, "\r")
    close(terminal)


def press_everything(terminal: Terminal, screens: Sequence[str]) -> None:
    """Every key on every screen; a question that comes up is answered with what would confirm it."""
    for keys in (SCREENS[name] for name in screens):
        go(terminal, keys)
        for key in (*HERE, *ELSEWHERE, *AWAY):
            press(terminal, key)
            if asked(terminal):
                answer(terminal)
            if key in ELSEWHERE:
                press(terminal, "\x1b")
            assert terminal.process.poll() is None, (keys, key)


def run_every_verb(terminal: Terminal) -> None:
    """Every ``:`` verb but the one that arms and the one that leaves, on each screen with a number."""
    arguments = {"contain": f"s3-block-public {CORPUS}", "undo": "a-000000000000", "filter": QUERY, "view": "all"}
    arguments |= {"theme": "dark", "export": "/nonexistent/x.csv", "time": "utc", "snooze": "30m x", "ack": "seen"}
    arguments |= {"note": "a note", "verdict": "t", "sort": "score"}
    to_corpus(terminal)
    for one in COMMANDS:
        if not one.verb or one.id in ("respond", "quit"):
            continue
        command(terminal, f"{one.verb} {arguments.get(one.verb, '')}".strip())
        if one.id == "contain":
            terminal.wait_for("PutPublicAccessBlock", ARRIVAL_S)
            press(terminal, "\r")
            answer(terminal)
        close(terminal)
        press(terminal, "1")


def choose_everything(terminal: Terminal) -> None:
    """Every entry of the palette, by its name."""
    to_corpus(terminal)
    for one in COMMANDS:
        if one.id in ("palette", "quit", "respond"):
            continue
        press(terminal, "\x0b")
        terminal.wait_for("a command's name")
        terminal.send(one.title)
        terminal.quiet(0.2)
        press(terminal, "\r", "\r")  # the first Enter takes the entry up, the second runs it
        terminal.quiet(ALONE_S)
        answer(terminal)
        press(terminal, "1")
        assert terminal.process.poll() is None, one.id


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


def at_a_desk(terminal: Terminal, mode: str, doing: Callable[[Terminal], None]) -> None:
    """One analyst's console, from its first finding to ``:q``."""
    terminal.wait_for(f" {mode} ", ARRIVAL_S)
    terminal.wait_for(PUBLIC, ARRIVAL_S)
    doing(terminal)
    to_corpus(terminal)
    assert f" {mode} " in terminal.text
    command(terminal, "q")
    assert terminal.wait_exit() == 0


@pytest.mark.parametrize("mode", ["READ", "TRIAGE"])
def test_nothing_contains_unarmed(shared: Drill, console: Open, mode: str) -> None:
    told = calls(shared, "workflow")
    half = len(SCREENS) // 2
    work: list[Callable[[Terminal], None]] = [
        partial(press_everything, screens=list(SCREENS)[:half]),
        partial(press_everything, screens=list(SCREENS)[half:]),
        run_every_verb,
        choose_everything,
    ]
    desks = [console(shared.store, "--mode", mode, columns=160, rows=50, home=shared.home) for _ in work]
    with ThreadPoolExecutor(len(work)) as hands:
        for done in [hands.submit(at_a_desk, desk, mode, doing) for desk, doing in zip(desks, work, strict=True)]:
            done.result()
    run_the_command_line(shared, "--mode", mode)
    assert calls(shared, "contain") == []
    if mode == "READ":
        assert calls(shared, "workflow") == told


def test_the_strictest_mode_wins_from_the_key_to_the_wire(shared: Drill, console: Open) -> None:
    """The flag says READ, the configuration TRIAGE, the environment nothing: an acknowledgement stays here."""
    assert 'mode = "READ"' not in (shared.store / "world.toml").read_text("utf-8")
    told = calls(shared, "workflow")
    terminal = console(shared.store, "--mode", "READ", columns=160, rows=50, home=shared.home)
    terminal.wait_for(PUBLIC, ARRIVAL_S)
    to_corpus(terminal)
    press(terminal, "a")
    terminal.wait_for("READ: kept here, not sent")
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
    terminal = console(shared.store, columns=160, rows=50, home=shared.home)
    terminal.wait_for(PUBLIC, ARRIVAL_S)
    to_corpus(terminal)
    command(terminal, "respond the corpus is leaking")
    terminal.wait_for(" RESPOND ")
    go(terminal, SCREENS["the plan"])
    press(terminal, "\r")
    terminal.wait_for("type s-prod")
    assert calls(shared, "contain") == []
    press(terminal, *CONFIRM, "\r")
    terminal.wait_for("applied", ARRIVAL_S)
    assert calls(shared, "contain") == [f"PutPublicAccessBlock {CORPUS}"]
    command(terminal, "q")
