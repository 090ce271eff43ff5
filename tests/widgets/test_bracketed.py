from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser

from socconsole.widgets.bracketed import BEGIN, END, BracketedPaste

PASTED = st.text(st.sampled_from("\x1b[201~aX:\r\n\x00\x04\x07\x7f\u202e"), max_size=60).filter(
    lambda text: END not in text and END not in text + END[:-1]
)


def parsed(pieces: list[str]) -> list[events.Event]:
    paste, parser = BracketedPaste(), XTermParser()
    seen = [text for piece in pieces if (text := paste.feed(piece))]
    out = [event for text in seen for event in parser.feed(text)]
    return [event for event in out if isinstance(event, events.Event)]


@given(PASTED, st.integers(1, 9))
def test_whatever_is_in_a_paste_it_is_one_paste(text: str, size: int) -> None:
    data = f"a{BEGIN}{text}{END}b"
    before, *middle, after = parsed([data[at : at + size] for at in range(0, len(data), size)])
    assert isinstance(before, events.Key)
    assert isinstance(after, events.Key)
    assert (before.key, after.key) == ("a", "b")
    assert all(isinstance(event, events.Paste) for event in middle)
    (pasted,) = [event.text for event in middle if isinstance(event, events.Paste)] or [""]
    assert len(pasted) == len(text)
    assert not {"\x1b", "\x00", "\x04", "\x07", "\x7f"} & set(pasted)


@given(st.text(st.sampled_from("\x1b[20~A:\rx"), max_size=40).filter(lambda text: BEGIN not in text), st.integers(1, 9))
def test_keys_pass_at_once_and_unchanged(text: str, size: int) -> None:
    paste = BracketedPaste()
    for at in range(0, len(text), size):
        piece = text[at : at + size]
        assert paste.feed(piece) == piece
