"""Readiness: IR-01 and IR-02."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from socconsole.collectors.posture.policies import parse
from socconsole.drill import launch
from socconsole.model.entry import Entry
from socconsole.model.estate.readiness import Drill, Drills
from socconsole.model.posture import Verdict
from socconsole.model.world import DrillWorld, Place, World, WorldKind
from socconsole.posture.readiness import assumable
from socconsole.store import ledger
from socconsole.store.posture_drills import drills
from socconsole.store.state import StateFolder
from tests.posture.estate import HOME, OTHER, SEALED, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
NOW = datetime.now(UTC)


async def test_what_stands_ready(reviewed: Reviewed) -> None:
    assert set((await reviewed.verdicts("IR-01")).values()) == {PASS}
    assert set((await reviewed.verdicts("IR-01", SEALED)).values()) == {UNKNOWN}
    assert set((await reviewed.verdicts("IR-01", OTHER)).values()) == {FAIL}
    (found,) = (await reviewed.results("IR-01", Place(OTHER.account, HOME.region))).values()
    assert "no alternate contact for security" in found.evidence
    await reviewed.no_false_pass("IR-01")


def one(days: float) -> Drill:
    return Drill("leak-1", "leak", NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Drills(one(91), ()), PASS),
        (Drills(one(91), ("leak-2: damaged",)), PASS),
        (Drills(one(94), ()), FAIL),
        (Drills(one(94), ("leak-2: damaged",)), UNKNOWN),
        (Drills(None, ()), FAIL),
        (Drills(None, ("leak-2: damaged",)), UNKNOWN),
        (Drills(one(-2), ()), UNKNOWN),
        (Drills(None, (), ("leak-2",)), UNKNOWN),
        (Drills(one(91), (), ("leak-2",)), PASS),
    ],
    ids=[
        "in-time",
        "in-time-and-damaged",
        "late",
        "late-and-damaged",
        "none",
        "none-and-damaged",
        "to-come",
        "goes-on",
        "in-time-and-goes-on",
    ],
)
async def test_when_somebody_last_practised(reviewed: Reviewed, found: Drills, verdict: Verdict) -> None:
    assert list((await reviewed.verdicts("IR-02", known=[found])).values()) == [verdict]


async def test_practice_is_said_once_and_not_where_nobody_looked(reviewed: Reviewed) -> None:
    assert await reviewed.verdicts("IR-02", OTHER, known=[Drills(one(1), ())]) == {}
    assert list((await reviewed.verdicts("IR-02")).values()) == [UNKNOWN]


def test_an_exercise_is_a_drill_in_which_somebody_decided(tmp_path: Path) -> None:
    def kept(name: str, *verbs: str, kind: WorldKind = WorldKind.DRILL) -> None:
        world = DrillWorld(scenario="leak", seed=1, port=1, started=NOW, speed=1.0)
        folder = StateFolder.create(tmp_path / name, World(kind, drill=world if kind is WorldKind.DRILL else None))
        if verbs:
            ledger.append(folder, [Entry(verb, "lea", ("f-000000000001",)) for verb in verbs])

    assert drills(tmp_path / "nothing").last is None
    kept("looked-at", "system")
    kept("imported", "claim", kind=WorldKind.IMPORT)
    assert drills(tmp_path) == Drills(None, ())
    kept("played", "claim", "system")
    found = drills(tmp_path)
    assert found.last is not None
    assert (found.last.name, found.last.scenario) == ("played", "leak")
    assert abs(datetime.now(UTC) - found.last.at) < timedelta(minutes=5)
    with launch.hold(tmp_path / "played"):
        assert drills(tmp_path) == Drills(None, (), ("played",)), "what goes on was not held yet"
    assert drills(tmp_path) == found
    (tmp_path / "broken").mkdir(mode=0o700)
    (tmp_path / "broken" / "ledger.db").write_bytes(b"not a database")
    assert [name.partition(":")[0] for name in drills(tmp_path).unreadable] == ["broken"]


@pytest.mark.parametrize(
    ("statement", "met"),
    [
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}, True),
        (
            {
                "Principal": {"AWS": "111122223333"},
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            },
            True,
        ),
        ({"Principal": {"Federated": "arn:aws:iam::1:saml-provider/x"}, "Action": "sts:AssumeRoleWithSAML"}, True),
        ({"Principal": {"AWS": "AIDACKCEVSQ6C2EXAMPLE"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::999988887777:root"}}, False),
        ({"Principal": {"AWS": ["999988887777", "arn:aws:iam::111122223333:user/night"]}}, True),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "111122223333"}, "Action": "sts:TagSession"}, False),
        ({"Principal": "*"}, False),
        ({"Principal": {"AWS": "111122223333"}, "Condition": {"DateLessThan": {"aws:CurrentTime": "2020"}}}, None),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, None),
        ({"Effect": "Deny", "Principal": "*"}, None),
    ],
    ids=[
        "root",
        "mfa",
        "saml",
        "deleted",
        "stranger",
        "stranger-too",
        "service",
        "other-action",
        "anybody",
        "date",
        "organisation",
        "denied",
    ],
)
def test_who_can_take_the_last_way_in(statement: dict[str, Any], met: bool | None) -> None:
    whole = {"Effect": "Allow", "Action": "sts:AssumeRole", **statement}
    trust = parse({"Version": "2012-10-17", "Statement": [whole]})
    assert assumable(trust, "arn", frozenset({"111122223333"})).met is met
