"""The pure parts: words, keys, the command line, what may be called clear."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from socconsole.app import quiet
from socconsole.commands import COMMANDS
from socconsole.model.source import Freshness, SourceKey, SourceState
from socconsole.model.world import WorldKind
from socconsole.screens import health, words
from socconsole.screens.command import CommandError, complete, parse
from socconsole.screens.export import as_csv
from socconsole.screens.keymap import Keymap, KeymapError
from socconsole.screens.plan_sections import diff
from socconsole.store import clear
from socconsole.text import Untrusted


def source(freshness: Freshness) -> SourceState:
    key = SourceKey("guardduty", "111122223333", "eu-west-1")
    return SourceState(key, freshness, 240.0, Untrusted(""), "", 0, None)


@pytest.mark.parametrize("freshness", list(Freshness))
@pytest.mark.parametrize("world", list(WorldKind))
@pytest.mark.parametrize("watch", [True, False])
def test_only_fresh_sources_a_live_watch_and_a_world_that_answers_make_it_clear(
    freshness: Freshness, world: WorldKind, watch: bool
) -> None:
    states = [source(Freshness.FRESH), source(freshness)]
    judged = health.of(clear.judge(states, world=world, watch_alive=watch))
    sound = freshness is Freshness.FRESH and watch and world is not WorldKind.IMPORT
    assert judged.sound is sound
    assert ("clear" in judged.absence("open threats")) is sound
    assert not clear.judge([], world=world, watch_alive=True)
    held = health.of(clear.judge([source(Freshness.FRESH)], world=WorldKind.LIVE, watch_alive=True, held=2))
    assert not held.sound
    assert "2 records in quarantine" in held.absence("threats")


@pytest.mark.parametrize(
    ("text", "length"),
    [("30m", timedelta(minutes=30)), ("1d12h", timedelta(hours=36)), ("7d", timedelta(days=7))],
)
def test_durations(text: str, length: timedelta) -> None:
    assert words.duration(text) == length


@pytest.mark.parametrize("text", ["", "5", "h", "0m", "-1d", "1d5", "٣d", "tomorrow", "1y"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="30m, 4h, 2d"):
        words.duration(text)


def test_commands_are_whole_words_with_a_hint_for_a_slip() -> None:
    assert parse("respond data is leaving").argument == "data is leaving"
    assert parse("quit").command.id == "quit"
    with pytest.raises(CommandError, match="did you mean respond"):
        parse("repsond now")
    assert complete("stan", lambda _: []) == ["stand-down"]
    assert complete("theme da", lambda _: ["dark", "light"]) == ["theme dark"]


def test_every_key_has_one_meaning_on_a_screen_and_reserved_keys_have_none() -> None:
    keymap = Keymap()
    assert {"a", "c", "n", "v", "z", "u", "X", "U", "K", "N", "S", "e"} == keymap.acting
    for place in ("triage", "cases", "case", "activity", "sources"):
        for command in COMMANDS:
            for key in keymap.keys(command.id) if not command.screens or place in command.screens else ():
                assert keymap.command(key, place) is command
    assert Keymap({"acknowledge": ("A",)}).command("a", "triage") is None
    for remapped in ({"acknowledge": ("c",)}, {"help": ("ctrl+q",)}, {"nothing": ("x",)}):
        with pytest.raises(KeymapError):
            Keymap(remapped)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "|cmd", " =1", "%0A", "\uff1d1"])
def test_no_exported_cell_is_a_formula(text: str) -> None:
    row = {"title": Untrusted(text), "types": [Untrusted(text), "b"], "data": {"a": text}, "score": -1, "held": True}
    head, line = csv.reader(io.StringIO(as_csv([row])))
    assert head == ["title", "types", "data", "score", "held"]
    title, types, data, score, held = line
    assert title.startswith("'")
    assert types.startswith("'")
    assert types.endswith("; b")
    assert json.loads(data) == {"a": text}, "a nested object stays readable by a program"
    assert (score, held) == ("-1", "true")


def test_an_export_of_a_finding_reads_as_it_did_on_the_screen() -> None:
    row = {"resources": [{"type": "AwsS3Bucket", "id": Untrusted("corpus")}, {"type": "AwsIamRole", "id": "r"}]}
    assert list(csv.reader(io.StringIO(as_csv([row])))) == [["resources"], ["AwsS3Bucket corpus; AwsIamRole r"]]
    assert as_csv([]) == ""


def test_quiet_hours_may_pass_midnight() -> None:
    night = ("22:00-06:00",)
    assert quiet(night, datetime(2026, 1, 1, 23, 0, tzinfo=UTC))
    assert quiet(night, datetime(2026, 1, 1, 5, 59, tzinfo=UTC))
    assert not quiet(night, datetime(2026, 1, 1, 6, 0, tzinfo=UTC))
    assert not quiet((), datetime(2026, 1, 1, 23, 0, tzinfo=UTC))


def test_a_change_shows_only_what_differs() -> None:
    shown = [piece[0][0] for piece in diff({"a": 1, "b": {"x": 1}}, {"a": 1, "b": {"x": 2}})]
    assert '-    "x": 1' in shown
    assert '+    "x": 2' in shown
    assert not list(diff({"a": 1}, {"a": 1}))
