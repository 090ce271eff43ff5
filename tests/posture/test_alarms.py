"""Alarms on what leaves: ALM-01 and ALM-02. Which source has to be fresh is tests/store/test_posture_known.py's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from socconsole.model.egress import PathKind, Sanity
from socconsole.model.estate.alarms import Alarms, EgressAlarm, Way
from socconsole.model.known import Known, Unread
from socconsole.model.posture import Verdict
from socconsole.text import Untrusted
from tests.posture.estate import HOME, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
STALE = Alarms(Unread("source:alarms", Untrusted("STALE")))
HEARD = (f"arn:aws:sns:{HOME.region}:{HOME.account}:soc-oncall",)
UNHEARD = (f"arn:aws:sns:{HOME.region}:{HOME.account}:llm-team",)


def _alarm(name: str, actions: tuple[str, ...] = HEARD, sane: bool | None = True, why: str = "") -> EgressAlarm:
    arn = f"arn:aws:cloudwatch:{HOME.region}:{HOME.account}:alarm:{name}"
    sanity = Sanity(sane, (why,) if why else ())
    return EgressAlarm(arn, Untrusted(name), sanity, actions, False, "bytes", 1e9, 4e8, 300)


def _way(kind: PathKind, resource: str, *alarms: EgressAlarm, **over: Any) -> Way:
    way = Way(f"arn:aws:x:{HOME.region}:{HOME.account}:{resource}", kind, Untrusted(resource), False, "", True, alarms)
    return replace(way, **over)


def _estate(*ways: Way) -> Alarms:
    return Alarms(Known(ways))


async def test_each_nat_llm_host_and_classified_bucket_has_an_alarm(reviewed: Reviewed) -> None:
    known = _estate(
        _way(PathKind.NAT, "nat-1", _alarm("nat-egress")),
        _way(PathKind.NAT, "nat-2"),
        _way(PathKind.INSTANCE, "i-llm", llm=True),
        _way(PathKind.INSTANCE, "i-web"),
        _way(PathKind.BUCKET, "corpus", dataset="prompts", measured=False),
        _way(PathKind.VPC_ENDPOINT, "vpce-1", llm=True),
    )
    found = await reviewed.results("ALM-01", known=(known,))
    assert {subject.rpartition(":")[2]: (one.verdict, one.evidence[0]) for subject, one in found.items()} == {
        "nat-1": (PASS, "what leaves is watched by nat-egress"),
        "nat-2": (FAIL, "no alarm looks at what leaves by nat-2"),
        "i-llm": (FAIL, "no alarm looks at what leaves by i-llm"),
        "corpus": (FAIL, "no alarm looks at what leaves by corpus; CloudWatch has no meter for it yet"),
    }
    assert set((await reviewed.verdicts("ALM-01", known=(STALE,))).values()) == {UNKNOWN}


async def test_a_sane_alarm_tells_in_time_and_somebody(reviewed: Reviewed) -> None:
    known = _estate(
        _way(
            PathKind.NAT,
            "nat-1",
            _alarm("heard"),
            _alarm("unheard", UNHEARD),
            _alarm("deaf", (*UNHEARD, f"arn:aws:automate:{HOME.region}:ec2:stop")),
            _alarm("both", (*UNHEARD, *HEARD)),
            _alarm("paging", (f"arn:aws:ssm-incidents::{HOME.account}:response-plan/leak",)),
            _alarm("never", sane=False, why="never fires: p99 of 14 days is 3 MB"),
            _alarm("young", sane=None, why="only 3 h of its metric were read: a day is the least"),
            _alarm("changed", (f"arn:aws:sns:{HOME.region}:{HOME.account}:made-meanwhile",)),
        )
    )
    found = await reviewed.results("ALM-02", known=(known,))
    verdicts = {subject.rpartition(":")[2]: one.verdict for subject, one in found.items()}
    assert verdicts == {
        "heard": PASS, "unheard": FAIL, "deaf": FAIL, "both": PASS, "paging": PASS, "never": FAIL, "young": UNKNOWN,
        "changed": UNKNOWN,
    }  # fmt: skip
    words = {subject.rpartition(":")[2]: one.evidence for subject, one in found.items()}
    assert words["heard"] == (
        "threshold 1.0 GB, p99 of 14 days 400 MB; tells after 5 min at the earliest",
        "tells soc-oncall: 1 confirmed",
    )
    assert words["unheard"][0] == "nobody confirmed to hear llm-team"
    assert words["never"][0] == "never fires: p99 of 14 days is 3 MB"
    assert set((await reviewed.verdicts("ALM-02", known=(STALE,))).values()) == {UNKNOWN}


@pytest.mark.parametrize("denied", ["cloudwatch:DescribeAlarms", "sns:GetTopicAttributes"])
async def test_nobody_is_called_told_where_that_was_not_read(reviewed: Reviewed, denied: str) -> None:
    known = _estate(_way(PathKind.NAT, "nat-1", _alarm("heard")))
    assert await reviewed.verdicts("ALM-02", denied=(denied,), known=(known,)) == {"heard": UNKNOWN}
