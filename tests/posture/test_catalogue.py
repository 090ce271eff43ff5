"""The catalogue and the checks' functions belong together."""

from __future__ import annotations

from socconsole import posture
from socconsole.aws.operations import table
from socconsole.model.posture import Verdict
from socconsole.posture.catalogue import FRAMEWORKS, catalogue
from socconsole.posture.check import Said, weigh
from socconsole.response.registry import ACTIONS


def test_every_check_is_described_and_every_description_has_a_check() -> None:
    ids = [check.id for check in posture.CHECKS]
    assert len(set(ids)) == len(ids)
    assert set(ids) == set(catalogue())


def test_what_a_check_names_is_there() -> None:
    for about in catalogue().values():
        assert {call: call in table() for call in about.calls} == dict.fromkeys(about.calls, True), about.id
        assert not about.action or about.action in ACTIONS, about.id
        assert set(about.clauses) <= set(FRAMEWORKS), about.id
        assert about.clauses, about.id


def test_where_nothing_was_looked_at_nothing_passes() -> None:
    assert weigh([]).verdict is Verdict.UNKNOWN
    assert weigh([lambda: Said(True, "it is closed")]).verdict is Verdict.PASS
