"""What trails record, kept as spans: recorded, a part, never, or unknown because nobody asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from socconsole.formats.selectors import selections
from socconsole.model.trail import MANAGEMENT, Recording, Recordings, TrailState
from socconsole.model.world import Place
from socconsole.store import recording
from tests.store.builders import ACCOUNT, NOW, REGION
from tests.store.shelf import fresh_store

LOOK = timedelta(minutes=5)
PLACE = Place(ACCOUNT, REGION)
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/org"
BASIC = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}


@pytest.fixture
def conn(tmp_path):
    conn = fresh_store(tmp_path)
    yield conn
    conn.close()


def objects(*values: str) -> dict[str, object]:
    return {"EventSelectors": [{**BASIC, "DataResources": [{"Type": "AWS::S3::Object", "Values": list(values)}]}]}


def advanced(**fields: dict[str, list[str]]) -> dict[str, object]:
    named = {"eventCategory": {"Equals": ["Data"]}, "resources.type": {"Equals": ["AWS::S3::Object"]}, **fields}
    return {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": name, **how} for name, how in named.items()]}]}


def tell(conn, answer, now=NOW, *, logging=True, place=PLACE, started=NOW - 500 * LOOK):
    stopped = None if logging else now - LOOK / 2
    state = TrailState(ARN, logging, started, stopped, selections(answer or {}))
    recording.take(conn, Recordings(place, (state,) if answer is not None else ()), now)


def ask(conn, store="llm-corpus", since=NOW, until=NOW + LOOK / 2, **how):
    return recording.recorded(conn, store, (since, until), **how)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ({}, Recording.NEVER),
        (objects("arn:aws:s3"), Recording.RECORDED),
        (objects("arn:aws:s3:::"), Recording.RECORDED),
        (objects("arn:aws:s3:::llm-corpus/"), Recording.RECORDED),
        (objects("arn:aws:s3:::llm-"), Recording.RECORDED),
        (objects("arn:aws:s3:::llm-corpus/raw/"), Recording.PARTIAL),
        (objects("arn:aws:s3:::another/"), Recording.NEVER),
        (advanced(), Recording.RECORDED),
        (advanced(readOnly={"Equals": ["true"]}), Recording.RECORDED),
        (advanced(readOnly={"Equals": ["false"]}), Recording.NEVER),
        (advanced(**{"resources.ARN": {"StartsWith": ["arn:aws:s3:::llm-corpus/"]}}), Recording.RECORDED),
        (advanced(**{"resources.ARN": {"NotStartsWith": ["arn:aws:s3:::llm-corpus/"]}}), Recording.PARTIAL),
        (advanced(eventName={"Equals": ["PutObject"]}), Recording.PARTIAL),
        (advanced(**{"resources.type": {"Equals": ["AWS::Lambda::Function"]}}), Recording.NEVER),
    ],
    ids=str,
)
def test_selectors_say_whether_reads_of_a_bucket_are_recorded(conn, answer, verdict):
    tell(conn, answer)
    found, why = ask(conn)
    assert (found, bool(why)) == (verdict, True)
    assert ask(conn, store="*", what="lambda")[0] is (
        Recording.RECORDED if "Lambda" in str(answer) else Recording.NEVER
    )


def test_management_events_are_recorded_unless_a_selector_leaves_them_out(conn):
    tell(conn, {})
    assert ask(conn, "*", what=MANAGEMENT, reads=False)[0] is Recording.RECORDED
    tell(conn, {"EventSelectors": [{**BASIC, "ReadWriteType": "ReadOnly"}]}, NOW + LOOK)
    later = {"since": NOW + 2 * LOOK, "until": NOW + 2 * LOOK}
    assert ask(conn, "*", what=MANAGEMENT, reads=False, **later)[0] is Recording.NEVER


def test_who_was_never_asked_is_unknown(conn):
    assert ask(conn)[0] is Recording.UNKNOWN
    tell(conn, None)
    assert ask(conn)[0] is Recording.NEVER
    assert ask(conn, since=NOW - 9 * LOOK, until=NOW - 8 * LOOK)[0] is Recording.UNKNOWN
    assert ask(conn, since=NOW + 9 * LOOK, until=NOW + 9 * LOOK)[0] is Recording.UNKNOWN


def test_a_trail_that_was_stopped_recorded_a_part(conn):
    tell(conn, objects("arn:aws:s3"))
    tell(conn, objects("arn:aws:s3"), NOW + 2 * LOOK, logging=False)
    found, why = ask(conn, until=NOW + 2 * LOOK, metered=5_000_000)
    assert found is Recording.PARTIAL
    assert "org" in why
    assert "its meter saw 5,000,000 bytes go" in why
    assert ask(conn, until=NOW + LOOK)[0] is Recording.RECORDED
    tell(conn, objects("arn:aws:s3"), NOW + 3 * LOOK, started=NOW + 2.9 * LOOK)
    assert ask(conn, since=NOW + 3 * LOOK, until=NOW + 3.5 * LOOK)[0] is Recording.RECORDED
    assert ask(conn, since=NOW + 2 * LOOK, until=NOW + 2.5 * LOOK)[0] is Recording.NEVER


def test_what_was_recorded_before_we_first_asked_is_said_with_that_condition(conn):
    tell(conn, objects("arn:aws:s3"))
    found, why = ask(conn, since=NOW - 9 * LOOK, until=NOW)
    assert found is Recording.RECORDED
    assert "if its selectors were as at" in why
    tell(conn, {}, NOW + LOOK)
    tell(conn, objects("arn:aws:s3"), NOW + 2 * LOOK)  # added under our eyes: not since the trail began
    assert ask(conn, since=NOW + LOOK, until=NOW + 2.5 * LOOK)[0] is Recording.PARTIAL


def test_only_what_all_places_record_is_recorded(conn):
    tell(conn, objects("arn:aws:s3"))
    tell(conn, {}, place=Place("444455556666", REGION))
    assert ask(conn, "*")[0] is Recording.PARTIAL
    assert ask(conn, "*", account=ACCOUNT)[0] is Recording.RECORDED
    assert ask(conn, "*", account="444455556666")[0] is Recording.NEVER


def test_a_trail_that_was_stopped_while_nobody_looked_is_not_said_to_have_recorded(conn):
    tell(conn, objects("arn:aws:s3"))
    back = NOW + timedelta(hours=8)
    tell(conn, objects("arn:aws:s3"), back, started=back - 2 * LOOK)
    assert ask(conn, since=NOW + 12 * LOOK, until=back - 12 * LOOK)[0] is Recording.UNKNOWN
    found, why = ask(conn, until=back)
    assert found is Recording.PARTIAL
    assert f"to {NOW:%m-%d %H:%MZ}; from {back - 2 * LOOK:%m-%d %H:%MZ}" in why
    assert ask(conn, since=back - LOOK, until=back)[0] is Recording.RECORDED


def test_a_trail_that_ran_on_while_nobody_looked_recorded_under_a_condition(conn):
    tell(conn, objects("arn:aws:s3"))
    tell(conn, objects("arn:aws:s3"), NOW + 100 * LOOK)
    found, why = ask(conn, until=NOW + 100 * LOOK)
    assert found is Recording.RECORDED
    assert f"if its selectors stayed as at {NOW:%Y-%m-%d %H:%MZ}" in why
    assert "if" not in ask(conn, until=NOW + 2 * LOOK)[1]
    tell(conn, {}, NOW + 200 * LOOK)
    assert ask(conn, since=NOW + 150 * LOOK, until=NOW + 160 * LOOK)[0] is Recording.UNKNOWN
    assert ask(conn, since=NOW + 90 * LOOK, until=NOW + 160 * LOOK)[0] is Recording.PARTIAL


def test_an_answer_that_cannot_be_had_any_more_holds_for_a_quarter_of_an_hour(conn):
    tell(conn, objects("arn:aws:s3"))
    assert ask(conn, until=NOW + 3 * LOOK)[0] is Recording.RECORDED
    assert ask(conn, until=NOW + 4 * LOOK)[0] is Recording.PARTIAL
    assert ask(conn, since=NOW + 4 * LOOK, until=NOW + 5 * LOOK)[0] is Recording.UNKNOWN
