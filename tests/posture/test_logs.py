"""Trails: LOG-01 to LOG-03."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from socconsole import posture
from socconsole.collectors.posture import logs as collector
from socconsole.collectors.posture import snapshot
from socconsole.formats.selectors import selections
from socconsole.model.estate import Estate
from socconsole.model.estate.logs import DataStore, Logs, Recorded, Trail, TrailStatus
from socconsole.model.known import Known, Read, Unread
from socconsole.model.posture import Judged, Verdict
from socconsole.model.trail import Selection
from socconsole.posture.logs import data_recorded, recorded
from socconsole.text import Untrusted
from tests.posture.estate import CONFIG, HOME, OTHER, SEALED, Replay, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
DENIED = Unread("cloudtrail:GetTrailStatus", Untrusted("denied"))
CORPUS = DataStore("arn:aws:s3:::corpus", "AWS::S3::Object", "corpus")
MANAGEMENT = selections({})


async def test_one_trail_that_does_it_all_is_enough(reviewed: Reviewed) -> None:
    assert set((await reviewed.verdicts("LOG-01")).values()) == {PASS}  # beside an old one that does not
    (found,) = (await reviewed.results("LOG-01", OTHER)).values()
    assert found.verdict is FAIL
    assert "ml-platform: is stopped" in found.evidence
    assert set((await reviewed.verdicts("LOG-01", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("LOG-01")


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ("LOG-02", "kaufhaus-llm-corpus", "kaufhaus-prompt-scratch"),
        ("LOG-03", "kaufhaus-trail-archive", "kaufhaus-old-trail"),
    ],
)
async def test_stores_and_buckets(reviewed: Reviewed, check: str, good: str, bad: str) -> None:
    found = await reviewed.verdicts(check)
    assert (found[good], found[bad]) == (PASS, FAIL)
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)


async def test_an_allowed_region_without_a_place_is_looked_at_from_the_first(reviewed: Reviewed) -> None:
    """Nobody else asks about it; its trails are answered here as AWS answers where there are none."""
    config = msgspec.structs.replace(
        CONFIG, posture=msgspec.structs.replace(CONFIG.posture, regions=("eu-central-1", "eu-north-1"))
    )

    class Elsewhere(Replay):
        async def _answer(self, place: Any, operation: str, params: Any, ask: Any) -> Any:
            if place.region == "eu-north-1":
                return {"trailList": []}
            return await super()._answer(place, operation, params, ask)

    estate = await snapshot(Elsewhere(reviewed.answers), HOME, config, datetime.now(UTC), families=(collector.read,))
    check = next(one for one in posture.CHECKS if one.id == "LOG-01")
    found = posture.evaluate(posture.Context(estate, config), [check]).results
    assert {one.subject: one.verdict for one in found} == {
        f"{HOME.account}/eu-central-1": PASS,
        f"{HOME.account}/eu-north-1": FAIL,
    }


# --- pure -----------------------------------------------------------------------------------------------


def trail(
    taken: Read[tuple[Selection, ...]] | None = None, status: Read[TrailStatus] | None = None, key: str = "key"
) -> Trail:
    return Trail(
        arn="arn:aws:cloudtrail:eu-central-1:111122223333:trail/t",
        home="eu-central-1",
        multi_region=True,
        validated=True,
        key=key,
        bucket="b",
        status=status or Known(TrailStatus(True, ())),
        selections=taken or Known(MANAGEMENT),
    )


def judged(*trails: Trail, store: DataStore | None = None) -> Judged:
    region = Recorded("111122223333/eu-central-1", "eu-central-1", Known(trails))
    part = Logs((region,), Known(()), Known(()))
    context = posture.Context(Estate(HOME, datetime.now(UTC), (part,), 0, ()), CONFIG)
    return recorded(region, context) if store is None else data_recorded(store, context)


def basic(**fields: Any) -> Known[tuple[Selection, ...]]:
    return Known(selections({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True, **fields}]}))


def objects(*values: str, **fields: Any) -> Known[tuple[Selection, ...]]:
    return basic(DataResources=[{"Type": "AWS::S3::Object", "Values": list(values)}], **fields)


def test_what_a_trail_leaves_out_or_cannot_deliver_is_no_record() -> None:
    refused = Known(TrailStatus(True, (("bucket", "AccessDenied"),)))
    undigested = Known(TrailStatus(True, (("digest", "AccessDenied"),)))
    assert judged(trail()).verdict is PASS
    assert judged(trail(status=refused)).verdict is FAIL
    assert judged(trail(status=undigested)).verdict is FAIL
    assert judged(trail(key="")).verdict is FAIL
    assert judged(trail(basic(ReadWriteType="WriteOnly"))).verdict is FAIL
    assert judged(trail(basic(ExcludeManagementEventSources=["kms.amazonaws.com"]))).verdict is FAIL
    assert judged().verdict is FAIL


def test_what_is_unread_of_one_trail_leaves_it_open_unless_another_does_it_all() -> None:
    assert judged(trail(status=DENIED), trail(key="")).verdict is UNKNOWN
    assert judged(trail(status=DENIED), trail()).verdict is PASS


@pytest.mark.parametrize(
    ("name", "taken", "verdict"),
    [
        ("all buckets", objects("arn:aws:s3"), PASS),
        ("this bucket", objects("arn:aws:s3:::corpus/"), PASS),
        ("a part of it", objects("arn:aws:s3:::corpus/raw/"), FAIL),
        ("another one", objects("arn:aws:s3:::corpus-two/"), FAIL),
        ("writes only", objects("arn:aws:s3:::corpus/", ReadWriteType="WriteOnly"), FAIL),
        ("nothing but management", Known(MANAGEMENT), FAIL),
        ("nobody knows", Unread("cloudtrail:GetEventSelectors", Untrusted("denied")), UNKNOWN),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_which_selectors_take_in_a_bucket(name: str, taken: Read[tuple[Selection, ...]], verdict: Verdict) -> None:
    if verdict is UNKNOWN:
        with pytest.raises(Exception, match="GetEventSelectors"):
            judged(trail(taken), store=CORPUS)
    else:
        assert judged(trail(taken), store=CORPUS).verdict is verdict


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("arn:aws:lambda", PASS),
        ("arn:aws:lambda:eu-central-1:111122223333:function:answer", PASS),
        ("arn:aws:lambda:eu-central-1:111122223333:function:", PASS),
        ("arn:aws:lambda:eu-west-1:111122223333:function:answer", FAIL),
        ("arn:aws:lambda:eu-central-1:444455556666:function:answer", FAIL),
        ("arn:aws:lambda:eu-west-1", FAIL),
    ],
)
def test_a_selector_of_another_place_takes_in_nothing_here(value: str, verdict: Verdict) -> None:
    kind = "AWS::Lambda::Function"
    store = DataStore("arn:aws:lambda:eu-central-1:111122223333:function:answer", kind, "answer")
    named = [{"Type": kind, "Values": [value]}]
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": [kind]},
        {"Field": "resources.ARN", "StartsWith": [value]},
    ]
    assert judged(trail(basic(DataResources=named)), store=store).verdict is verdict
    advanced = Known(selections({"AdvancedEventSelectors": [{"FieldSelectors": fields}]}))
    assert judged(trail(advanced), store=store).verdict is verdict


def test_two_trails_may_record_reads_and_writes_apart_but_a_stopped_one_records_nothing() -> None:
    reads, writes = objects("arn:aws:s3", ReadWriteType="ReadOnly"), objects("arn:aws:s3", ReadWriteType="WriteOnly")
    stopped = Known(TrailStatus(False, ()))
    assert judged(trail(reads), trail(writes), store=CORPUS).verdict is PASS
    assert judged(trail(reads), trail(writes, stopped), store=CORPUS).verdict is FAIL
