"""The key guard, on a clock of its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from socconsole.widgets.paste import MOVED, PASTED, Burst, KeyGuard

ACTING = frozenset("acX")


class Keyboard:
    """Feeds a guard and notes what acts, in order."""

    def __init__(self) -> None:
        self.now = 0.0
        self.guard: KeyGuard[str] = KeyGuard(clock=lambda: self.now)
        self.acted: list[str] = []
        self.passed: list[str] = []

    def press(self, key: str, after_ms: float, *, typed: bool = True) -> None:
        self.wait(after_ms)
        if self.guard.press(key, typed=typed, acting=key in ACTING, event=key):
            self.passed.append(key)

    def wait(self, ms: float) -> None:
        self.now += ms / 1000
        self.acted += [held.key for held in self.guard.due()]

    def why(self) -> list[tuple[tuple[str, ...], str]]:
        return [(gone.keys, gone.why) for gone in self.guard.discards()]


def test_alone_it_acts_after_its_window_and_not_before() -> None:
    keyboard = Keyboard()
    keyboard.press("a", 1000)
    keyboard.wait(29)
    assert keyboard.acted == []
    keyboard.wait(1)
    assert keyboard.acted == ["a"]
    keyboard.wait(1000)
    assert keyboard.acted == ["a"]
    assert keyboard.why() == []


def test_a_different_key_after_it_discards_it() -> None:
    keyboard = Keyboard()
    keyboard.press("a", 1000)
    keyboard.press("q", 29)
    keyboard.wait(1000)
    assert keyboard.acted == []
    assert keyboard.passed == ["q"]
    assert keyboard.why() == [(("a",), PASTED)]


def test_a_different_key_before_it_discards_it() -> None:
    keyboard = Keyboard()
    keyboard.press("q", 1000)
    keyboard.press("a", 29)
    keyboard.wait(1000)
    assert keyboard.acted == []
    assert keyboard.why() == [(("a",), PASTED)]


def test_fifty_milliseconds_apart_everything_acts() -> None:
    keyboard = Keyboard()
    for key in "acXqac":
        keyboard.press(key, 50)
    keyboard.wait(50)
    assert keyboard.acted == list("acXac")
    assert keyboard.passed == ["q"]


def test_a_held_key_repeats() -> None:
    keyboard = Keyboard()
    for _ in range(10):
        keyboard.press("a", 5)
    keyboard.wait(100)
    assert keyboard.acted == ["a"] * 10


def test_a_repeat_does_not_hide_a_neighbour() -> None:
    keyboard = Keyboard()
    keyboard.press("q", 1000)
    keyboard.press("a", 10)
    keyboard.press("a", 10)
    keyboard.wait(1000)
    assert keyboard.acted == []


def test_moving_is_never_delayed_and_takes_back_a_key_that_waits() -> None:
    keyboard = Keyboard()
    keyboard.press("a", 1000)
    keyboard.press("down", 10, typed=False)
    keyboard.wait(1000)
    assert keyboard.passed == ["down"]
    assert keyboard.acted == []
    assert keyboard.why() == [(("a",), MOVED)]


def test_moving_just_before_does_not_discard() -> None:
    keyboard = Keyboard()
    keyboard.press("down", 1000, typed=False)
    keyboard.press("a", 5)
    keyboard.wait(100)
    assert keyboard.acted == ["a"]


def test_a_bracketed_paste_discards_its_neighbours() -> None:
    keyboard = Keyboard()
    keyboard.press("a", 1000)
    keyboard.wait(10)
    keyboard.guard.paste()
    keyboard.press("c", 10)
    keyboard.wait(1000)
    assert keyboard.acted == []
    assert [keys for keys, _ in keyboard.why()] == [("a", "c")]


def test_a_window_of_nothing_lets_everything_through() -> None:
    keyboard = Keyboard()
    keyboard.guard.window_s = 0
    keyboard.press("a", 0)
    keyboard.press("q", 0)
    assert keyboard.passed == ["a", "q"]


@given(st.lists(st.tuples(st.sampled_from("acXqrs"), st.floats(0, 200)), max_size=40))
def test_exactly_the_lonely_keys_act(presses: list[tuple[str, float]]) -> None:
    keyboard = Keyboard()
    times: list[tuple[str, float]] = []
    for key, after in presses:
        keyboard.press(key, after)
        times.append((key, keyboard.now))
    keyboard.wait(1000)
    expected = [
        key
        for key, at in times
        if key in ACTING and all(other == key or abs(when - at) >= 0.030 for other, when in times)
    ]
    # A hair at the edge of the window is decided either way; nothing in between is.
    edges = any(abs(abs(a - b) - 0.030) < 0.001 for _, a in times for _, b in times)
    if not edges:
        assert keyboard.acted == expected
        discarded = sum(len(keys) for keys, _ in keyboard.why())
        assert discarded + len(expected) == sum(key in ACTING for key, _ in times)


def test_a_burst_is_more_than_four_keys_within_the_window() -> None:
    burst = Burst()
    assert [burst.press(0.001 * i) for i in range(6)] == [False, False, False, False, True, True]
    burst.clear()
    assert not any(burst.press(1 + 0.010 * i) for i in range(20))
