"""What leaves by the ways out of a case: each once, the most first, what is usual told as that and never as nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from socconsole.model.action import ActionRecord, ActionState
from socconsole.model.case import Line
from socconsole.model.egress import EgressPath, PathKind, Paths, Points
from socconsole.model.finding import Resource
from socconsole.store import actions, db, egress_intake, way_leaving
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from socconsole.triage import ways_out
from tests.store.builders import NOW, hub
from tests.store.desk import fill, store
from tests.store.test_cases import lines, opened
from tests.store.ways_out import NAT, PLACE, way_out

WHOLE = NOW.replace(second=0)
MB = 1e6
BUCKET = way_out("corpus", PathKind.BUCKET, dimensions=(("BucketName", "corpus"),))


def metered(folder: StateFolder, path: EgressPath, per_minute: float, usual: float | None) -> None:
    """``usual``: in a minute, too."""
    fine, coarse = ways_out.series(path)[:2]
    points = tuple((WHOLE - timedelta(minutes=n), per_minute) for n in range(10, 0, -1))
    since = WHOLE - timedelta(hours=1)
    with store(folder) as conn, db.transaction(conn):
        listings = [Paths(PLACE, (path,), complete=False), Points(fine, points, since, WHOLE)]
        list(egress_intake.take(conn, (), [*listings, Points(coarse, (), since, WHOLE)], NOW).findings)
        if usual is not None:
            at = int(NOW.timestamp() * 1e6)
            conn.execute(
                "UPDATE series SET usual = ?, usual_at = ? WHERE path = ? AND period_s = 300", (usual * 5, at, path.id)
            )


def contained(at: datetime) -> ActionRecord:
    return ActionRecord(
        "a-00000000000a", "s3-block-public", BUCKET.resource, PLACE, None, ActionState.APPLIED, "ana", at, at,
        (("at once", True),), None, None, 7,
    )  # fmt: skip


def said(folder: StateFolder, *names: str) -> str:
    return lines(folder, opened(folder, *names))[Line.LEAVING].answer.raw()


def test_each_way_out_is_told_once_and_the_exfiltration_before_ordinary_traffic(folder: StateFolder) -> None:
    nat = (Resource("AwsEc2NatGateway", Untrusted(NAT), Untrusted(NAT)),)
    fill(folder, *(hub(f"b{n}", resource=BUCKET.resource) for n in range(3)), hub("nat", resources=nat))
    metered(folder, BUCKET, 3.8 * MB, usual=4.8 * MB)
    metered(folder, way_out(), 726 * MB, usual=7.6 * MB)
    told = said(folder, "b0", "b1", "b2", "nat")
    assert told == (
        f"yes: by {NAT} 726 MB/min (usual: 7.6 MB/min), last byte 03:14:00Z; "
        "by corpus 3.8 MB/min, not above what is usual there (4.8 MB/min), last byte 03:14:00Z"
    )


def test_what_is_usual_is_told_as_that_with_what_was_contained_and_is_no_all_clear(
    folder: StateFolder, monkeypatch
) -> None:
    fill(folder, hub("b", resource=BUCKET.resource))
    metered(folder, BUCKET, 3.8 * MB, usual=4.8 * MB)
    monkeypatch.setattr(actions, "in_force", lambda _: [contained(NOW - timedelta(minutes=3))])
    assert said(folder, "b") == (
        "yes, in the last 30 min; now no more than is usual: by corpus 3.8 MB/min, not above "
        "what is usual there (4.8 MB/min), last byte 03:14:00Z, contained 03:11:07Z by s3-block-public, and a byte "
        "after that, as is usual there"
    )
    monkeypatch.setattr(actions, "in_force", lambda _: [contained(NOW)])
    assert said(folder, "b").endswith("last byte 03:14:00Z, contained 03:14:07Z by s3-block-public, after it")


def test_a_blocked_finding_does_not_hide_what_its_way_out_still_carries(folder: StateFolder) -> None:
    fill(folder, hub("b", resource=BUCKET.resource, occurred=NOW - timedelta(days=2)))
    metered(folder, BUCKET, 50 * MB, usual=4.8 * MB)
    assert said(folder, "b").startswith("yes: by corpus 50 MB/min (usual: 4.8 MB/min)")
    with store(folder) as conn:
        (way,) = way_leaving.of_findings(conn, [], NOW, [BUCKET.id])
    assert (way.exceeds, way.ordinary, way.blind) == (True, False, False)
