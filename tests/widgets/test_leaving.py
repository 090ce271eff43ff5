"""What leaves the app: copied text, and the account of a crash."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from socconsole.text import Untrusted
from socconsole.widgets import clipboard, glyphs
from socconsole.widgets.crash import safe_traceback
from socconsole.widgets.driver import terminal_trouble


def sent(how: clipboard.How, text: str, **environ: str) -> tuple[str, list[str]]:
    out: list[str] = []
    return clipboard.send(Untrusted(text), how=how, write=out.append, environ=environ), out


def test_it_is_sent_the_way_the_terminal_takes_it() -> None:
    said, out = sent("auto", "a\x1b[31mb")
    assert out == [f"\x1b]52;c;{base64.b64encode('a␛[31mb'.encode()).decode()}\x07"]
    assert said.startswith("sent 7 characters")
    _, inside = sent("auto", "x", TMUX="/tmp/tmux")
    assert inside[0].startswith("\x1bPtmux;\x1b\x1b]52;c;")
    assert inside[0].endswith("\x07\x1b\\")


def test_it_may_be_off_or_too_long() -> None:
    assert sent("off", "x") == ("copying is switched off in the config", [])
    said, out = sent("osc52", "漢" * 30_000)
    assert said.startswith("not sent")
    assert out == []


def test_a_file_is_its_owners_only_and_no_link_is_followed(tmp_path: Path) -> None:
    target = tmp_path / "copy"
    said = clipboard.send("x\ny", how="file", write=lambda _: None, file=target)
    assert target.read_text() == "x\ny"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "written" in said
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        clipboard.send("z", how="file", write=lambda _: None, file=link)
    assert target.read_text() == "x\ny"


def fail_with(secret: str) -> None:
    password = secret
    raise ValueError("bad [/] \x1b]52;c;UA==\x07 input" + password[:0])


def test_a_crash_says_where_and_never_what_was_in_play() -> None:
    try:
        fail_with("hunter2-secret")
    except ValueError as error:
        lines = safe_traceback(error)
    text = "\n".join(lines)
    assert "test_leaving.py" in text
    assert "in fail_with" in text
    assert "ValueError: bad [/] ␛]52;c;UA==␇ input" in text
    assert "hunter2" not in text
    assert str(Path.cwd()) not in text
    assert all(line.isprintable() for line in lines)


def test_a_crash_names_its_cause_and_survives_a_broken_message() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    try:
        try:
            raise Mute
        except Mute as inner:
            raise KeyError("outer") from inner
    except KeyError as error:
        text = "\n".join(safe_traceback(error))
    assert "KeyError" in text
    assert "because of Mute: (no message)" in text


@pytest.mark.parametrize(
    ("environ", "encoding", "wanted"),
    [
        ({}, "UTF-8", glyphs.UNICODE),
        ({}, "utf8", glyphs.UNICODE),
        ({}, "ISO-8859-1", glyphs.ASCII),
        ({"TERM": "linux"}, "UTF-8", glyphs.ASCII),
        ({"SOCCONSOLE_ASCII": "1"}, "UTF-8", glyphs.ASCII),
        ({"SOCCONSOLE_ASCII": "0"}, "UTF-8", glyphs.UNICODE),
    ],
)
def test_signs_suit_the_terminal(environ: dict[str, str], encoding: str, wanted: glyphs.Glyphs) -> None:
    assert glyphs.for_environment(environ, encoding) is wanted


def test_plain_signs_are_plain() -> None:
    signs = [value for value in vars_of(glyphs.ASCII) if isinstance(value, str)]
    assert all(sign.isascii() and len(sign) == 1 for sign in [*signs, *glyphs.ASCII.severity.values()])


def vars_of(signs: glyphs.Glyphs) -> list[object]:
    return [getattr(signs, name) for name in signs.__struct_fields__]


def test_a_terminal_that_cannot_is_told() -> None:
    assert terminal_trouble({"TERM": "xterm"}, is_terminal=True) == ""
    assert "TERM=dumb" in terminal_trouble({"TERM": "dumb"}, is_terminal=True)
    assert "needs a terminal" in terminal_trouble({}, is_terminal=False)
