"""The one judgement behind every "clear", every gap that is named and every exit code 3."""

from __future__ import annotations

from itertools import product

import pytest

from socconsole.cli.exits import Code, freshness_code
from socconsole.model.source import Freshness, SourceKey, SourceState
from socconsole.model.world import WorldKind
from socconsole.screens import health
from socconsole.store import clear
from socconsole.text import Untrusted


def source(freshness: Freshness, region: str = "eu-west-1", service: str = "guardduty") -> SourceState:
    return SourceState(SourceKey(service, "111122223333", region), freshness, 240.0, Untrusted(""), "", 0, None)


SCOPES = [(), *((Freshness.FRESH, one) for one in Freshness)]


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: "-".join(scope) or "none")
def test_screen_and_exit_code_follow_the_same_judgement(
    scope: tuple[Freshness, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    states = [source(one, f"eu-west-{n}") for n, one in enumerate(scope, 1)]
    for world, alive, held in product(WorldKind, (True, False), (0, 2)):
        judged = clear.judge(states, world=world, watch_alive=alive, held=held)
        whole = bool(states) and all(one is Freshness.FRESH for one in scope) and world is not WorldKind.IMPORT
        assert judged.answered is whole
        assert bool(judged) is (whole and alive and not held)
        said = health.of(judged)
        assert (said.sound, said.gaps == ()) == (bool(judged), bool(judged))
        assert freshness_code(judged) is (Code.DONE if whole else Code.NOT_FRESH)
        talk = capsys.readouterr().err
        assert talk.count("not fresh:") == (len(judged.lacking) or (0 if states else 1))


def test_the_worst_is_named_first() -> None:
    order = [Freshness.PARTIAL, Freshness.DENIED, Freshness.NEVER, Freshness.FRESH, Freshness.ERROR]
    judged = clear.judge([source(one) for one in order], world=WorldKind.LIVE, watch_alive=True)
    assert [one.freshness for one in judged.lacking] == [
        Freshness.NEVER,
        Freshness.ERROR,
        Freshness.DENIED,
        Freshness.PARTIAL,
    ]
    assert (judged.fresh, judged.total) == (1, 5)


def test_an_unanswered_question_about_posture_hides_no_threat_and_is_no_clear_posture() -> None:
    states = [source(Freshness.FRESH), source(Freshness.PARTIAL, service="posture")]
    assert clear.judge(clear.of_threats(states), world=WorldKind.LIVE, watch_alive=True)
    assert not clear.judge(states, world=WorldKind.LIVE, watch_alive=True)
