"""Screen 3: what serves an LLM against its checks. What nobody read is a question mark, never blank."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from socconsole.model.endpoint import Endpoint, EndpointKind, Exposure, endpoint_id
from socconsole.model.known import Known, Unread
from socconsole.model.posture import OWN, Evaluation, Result, Verdict
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import Place
from socconsole.screens.endpoint_map import drawn
from socconsole.store import findings, sources
from socconsole.text import Untrusted
from tests.screens.support import ACCOUNT, HOSTILE, REGION, Estate, Opened, Running

HERE, SEALED = Place(ACCOUNT, REGION), Place("222233334444", REGION)
PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
SERVED = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/prompt-lab"
QUIET = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/quiet"
CORPUS, OTHER = "arn:aws:s3:::corpus", "arn:aws:s3:::other"


def endpoint(arn: str = SERVED, *parts: str) -> Endpoint:
    return Endpoint(
        id=endpoint_id(EndpointKind.SAGEMAKER, arn),
        kind=EndpointKind.SAGEMAKER,
        place=HERE,
        arn=arn,
        name=Untrusted(arn.rpartition("/")[2]),
        exposure=Exposure.ACCOUNT,
        model=Untrusted(HOSTILE),
        reads=Known(("arn:aws:s3:::corpus/*",)),
        sends=Unread("ec2:DescribeRouteTables", Untrusted("denied: no")),
        logs=Known(()),
        regions=(REGION, "eu-north-1"),
        parts=(arn, *parts),
    )


def result(verdict: Verdict, check: str, subject: str, why: str = "") -> Result:
    return Result(
        check, subject, HERE, verdict, (why or f"{check} says {verdict.lower()}",), OWN, _now(), why + verdict
    )


def _now() -> datetime:
    return datetime.now(UTC)


ROUND = (
    result(FAIL, "S3-01", CORPUS, "the bucket does not set BlockPublicPolicy"),
    result(PASS, "S3-05", CORPUS),
    result(UNKNOWN, "SM-02", SERVED, "sagemaker:DescribeModel not read: denied"),
    result(PASS, "SM-02", QUIET),
    result(FAIL, "DET-04", f"{ACCOUNT}/{REGION}", "AWS Config has no recorder here"),
)
BOTH = (endpoint(SERVED, CORPUS), endpoint(QUIET))


def evaluated(
    estate: Estate,
    results: Iterable[Result] = ROUND,
    endpoints: Iterable[Endpoint] = BOTH,
    place: Place = HERE,
    unanswered: tuple[str, ...] = (),
    at: datetime | None = None,
) -> None:
    """One round, committed as the watch does."""
    kept = tuple(replace(one, place=place) for one in results)
    checks = tuple(dict.fromkeys(one.check for one in kept))
    evaluation = Evaluation(place, at or _now(), kept, tuple(endpoints), checks, 40, unanswered)
    answer = Answer(
        SourceKey("posture", place.account, place.region), Freshness.PARTIAL if unanswered else Freshness.FRESH
    )
    with closing(estate.write()) as conn:
        sources.beat(conn, os.getpid(), _now())
        findings.commit(conn, (), answer=answer, origin="posture", now=_now(), evaluation=evaluation)


@pytest.fixture
def estate(estate: Estate) -> Estate:
    """Two places whose posture is asked for, and neither evaluated yet."""
    with closing(estate.write()) as conn:
        sources.scope(conn, [SourceKey("posture", place.account, place.region) for place in (HERE, SEALED)])
        sources.beat(conn, os.getpid(), _now())
    return estate


def row(desk: Running, name: str) -> str:
    """Of the list, without what stands beside it."""
    return next(left for line in desk.text().splitlines() if name in (left := line.partition("│")[0]))


def beside(desk: Running) -> str:
    """The detail beside a list, without the breaks of its lines."""
    return " ".join(" ".join(line.partition("│")[2] for line in desk.text().splitlines()).split())


async def test_not_evaluated_is_never_empty(estate: Estate, console: Opened) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.press("3")
        await desk.until(lambda: "not evaluated yet" in desk.text())
        assert row(desk, "? not evaluated yet").count("?") >= 6, "unread cells are question marks"
        assert "no endpoint" not in desk.text()


async def test_the_matrix_says_the_worst_of_each_family_and_blanks_nothing_unread(
    estate: Estate, console: Opened
) -> None:
    evaluated(estate)
    evaluated(estate, (), (), SEALED, ("sagemaker:ListEndpoints: denied: no",))
    async with console(size=(160, 50)) as desk:
        await desk.press("3")
        await desk.until(lambda: "prompt-lab" in desk.text())
        failing, blind, fine = row(desk, "prompt-lab "), row(desk, "? not listed"), row(desk, "quiet ")
        text = desk.text()
        assert text.index(failing) < text.index(blind) < text.index(fine), "worst first"
        assert "? 1" in failing, "SM could not be read"
        assert "✖ C 1" in failing, "S3-01 is critical"
        assert "● 1" in fine
        assert failing.split("✖ C 1")[1].split()[0] == "?", "its ways out were not read: no network check is a dash"
        assert "1 of 2 failing, 1 place ?" in desk.text()
        assert "posture 1 FRESH, 1 PARTIAL" in desk.text()
        assert "? not read: ec2:DescribeRouteTables" in beside(desk)
        await desk.press("slash")
        await desk.type("quiet")
        await desk.press("enter")
        await desk.until(lambda: "prompt-lab" not in desk.text())


async def test_the_card_draws_what_it_reads_and_lists_what_fails_first(estate: Estate, console: Opened) -> None:
    evaluated(estate)
    async with console(size=(120, 40)) as desk:
        await desk.press("3")
        await desk.until(lambda: "prompt-lab" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "1 FAIL, 1 UNKNOWN, 1 PASS" in desk.text())
        said = " ".join(desk.text().split())
        assert "s3 corpus/* ──▶ │ prompt-lab" in said
        assert "? not read (ec2:Desc" in said
        assert "[@click=app.quit]x[/]" in said
        assert "? not all of its calls are recorded" in beside(desk)
        await desk.press("down")
        await desk.until(lambda: "plans s3-block-public on corpus" in beside(desk))
        await desk.until(lambda: not desk.screen.blocked(time.monotonic()))
        await desk.press("X")
        await desk.until(lambda: any(asked["do"] == "plancontain" for asked in desk.asked()))
        (asked,) = [one for one in desk.asked() if one["do"] == "plancontain"]
        assert (asked["action"], asked["target"]) == ("s3-block-public", "corpus")
        assert (asked["account"], asked["region"], asked["finding"]) == (ACCOUNT, REGION, "")


async def test_what_was_mended_turns_to_pass_by_itself(estate: Estate, console: Opened) -> None:
    evaluated(estate, at=_now() - timedelta(minutes=5))
    async with console(size=(120, 40)) as desk:
        await desk.press("3")
        await desk.until(lambda: "prompt-lab" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "1 FAIL" in desk.text())
        evaluated(estate, (result(PASS, "S3-01", CORPUS), *ROUND[1:]))
        await desk.until(lambda: "0 FAIL, 1 UNKNOWN, 2 PASS" in desk.text())
        await desk.press("escape")
        await desk.press("tab", "tab")
        await desk.until(lambda: "changed" in desk.text() and "S3-01" in desk.text())
        assert "✗ FAIL ● PASS S3-01" in " ".join(row(desk, "S3-01").split())
        assert "0 to FAIL, 1 to PASS" in desk.text()


async def test_estate_checks_and_residency_have_lists_of_their_own(estate: Estate, console: Opened) -> None:
    evaluated(estate, (*ROUND, result(FAIL, "S3-01", OTHER)))
    async with console(size=(80, 24)) as desk:
        await desk.press("3")
        await desk.until(lambda: "prompt-lab" in desk.text())
        await desk.press("tab")
        await desk.until(lambda: "DET-04" in desk.text())
        assert "other" in row(desk, "S3-01")
        assert "corpus" not in desk.text(), "it is the endpoint's"
        await desk.press("enter")
        await desk.until(lambda: "evidence" in desk.text())
        assert "past" in desk.text()
        await desk.press("escape")
        await desk.press("colon")
        await desk.type("lens residency")
        await desk.press("enter")
        await desk.until(lambda: "eu-north-1" in desk.text())
        assert "no" in row(desk, "eu-north-1").split(), "not an allowed region"


def test_a_map_fills_its_room_whatever_there_is_to_say() -> None:
    many = replace(endpoint(), reads=Known(tuple(f"arn:aws:s3:::bucket-{n}/*" for n in range(30))), sends=None)
    for width, height in ((76, 5), (118, 7), (200, 12)):
        lines = ["".join(text for text, _ in line) for line in drawn(many, width, height)]
        assert {len(line) for line in lines} == {width}
        assert f"and {30 - (height - 2)} more" in lines[-1]
        assert "? not looked at" in lines[1]
