"""What the rules find, as findings in a store: counted up, taken in once, and ours alone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from socconsole.commands import Acknowledge
from socconsole.config import Config, PushConfig
from socconsole.model.action import Mode
from socconsole.model.finding import Finding, Kind, Severity, State
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.trail import Recordings, Selection, TrailState
from socconsole.model.world import Place
from socconsole.response.registry import ACTIONS
from socconsole.rules import engine, passes
from socconsole.rules import findings as rules_findings
from socconsole.rules.catalogue import Catalogue, blind
from socconsole.rules.fields import Fields
from socconsole.rules.rule import Rule, Standing
from socconsole.store import (
    db,
    decisions,
    own,
    reading,
    recording,
    rule_findings,
    rule_reading,
    rule_standing,
    sources,
    trail,
)
from socconsole.store.rule_findings import Made
from socconsole.store.state import StateFolder
from tests.rules.records import ACCOUNT, AT, KEY, STRANGER, builtin, event, record, session

NOW = AT + timedelta(minutes=9)
CATALOGUE = Catalogue(builtin(), Fields(), frozenset())


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Catalogue, "of", lambda config: CATALOGUE)


def arrive(folder: StateFolder, *records: Mapping[str, Any]) -> None:
    with db.writing(folder) as conn, db.transaction(conn):
        trail.take(conn, [event(each) for each in records], origin="test", now=NOW)


def pass_over(folder: StateFolder, *records: Mapping[str, Any]) -> int:
    arrive(folder, *records)
    return passes.catch_up(folder, Config())


def stored(folder: StateFolder) -> list[reading.Stored]:
    with db.reading(folder) as conn:
        return list(reading.each(conn, [id_ for (id_,) in conn.execute("SELECT id FROM finding ORDER BY n")], NOW))


def the_finding(folder: StateFolder) -> Finding:
    (found,) = stored(folder)
    return found.finding


def key_made(**more: Any) -> dict[str, Any]:
    answer = {"accessKey": {"accessKeyId": "AKIAQEXAMPLE00000099", "userName": "backup"}}
    return record("iam:CreateAccessKey", {"userName": "backup"}, responseElements=answer, **more)


def login_refused(n: int) -> dict[str, Any]:
    answer = {"ConsoleLogin": "Failure"}
    return record("signin:ConsoleLogin", responseElements=answer, errorMessage="Failed", after_s=n * 5)


def test_a_match_is_a_finding_with_who_and_what_so_that_containments_fit(folder: StateFolder) -> None:
    assert pass_over(folder, key_made(), record("s3:ListBuckets")) == 1
    found = the_finding(folder)
    assert found.title.raw() == "Access key made for somebody else"
    assert (found.sources, found.kind, found.severity) == (("trail",), Kind.THREAT, Severity.HIGH)
    assert found.types == ("TTPs/Persistence/T1098.001", "TTPs/Credential Access/T1098.001")
    assert (found.account, found.region, found.count) == (ACCOUNT, "eu-central-1", 1)
    assert found.occurred == AT
    assert {(each.type, each.id.raw()) for each in found.resources} >= {
        ("AwsIamUser", "backup"),
        ("AwsIamAccessKey", "AKIAQEXAMPLE00000099"),
        ("AwsIamAccessKey", KEY),
    }
    assert {(each.kind, each.value.raw()) for each in found.actors} == {
        ("user", "eve"),
        ("access_key", KEY),
        ("ip", "198.51.100.7"),
    }
    assert "iam-disable-key" in found.description.raw()
    assert "It may be harmless: " in found.description.raw()
    assert {target.id for target in ACTIONS["iam-disable-key"].targets(found)} == {KEY, "AKIAQEXAMPLE00000099"}
    assert {target.id for target in ACTIONS["iam-user-quarantine"].targets(found)} == {"eve", "backup"}


def test_the_roles_sessions_are_one_principal_and_the_bucket_can_be_locked(folder: StateFolder) -> None:
    opened = {"bucketName": "llm-corpus", "bucketPolicy": {"Statement": {"Effect": "Allow", "Principal": "*"}}}
    for n in range(3):
        identity = session("vllm-recs", f"i-0123456789abcdef{n}", key=f"ASIAQEXAMPLE0000000{n}")
        pass_over(folder, record("s3:PutBucketPolicy", opened, userIdentity=identity, after_s=n))
    found = the_finding(folder)
    assert (found.count, found.severity, found.occurred) == (3, Severity.CRITICAL, AT + timedelta(seconds=2))
    assert [target.id for target in ACTIONS["s3-block-public"].targets(found)] == ["llm-corpus"]
    assert [target.id for target in ACTIONS["iam-role-deny"].targets(found)] == ["vllm-recs"]
    assert {each.id.raw() for each in found.resources if each.type == "AwsEc2Instance"} == {
        f"i-0123456789abcdef{n}" for n in range(3)
    }


def test_what_goes_on_counts_up_and_what_is_told_again_does_not(folder: StateFolder) -> None:
    first, second = key_made(), key_made(after_s=60)
    pass_over(folder, first)
    pass_over(folder, second)
    assert pass_over(folder, first, second) == 0
    assert the_finding(folder).count == 2
    pass_over(folder, key_made(userIdentity=session("Admin")))
    assert len(stored(folder)) == 2, "somebody else's is another"


def test_a_refused_call_is_an_attempt_until_one_succeeds(folder: StateFolder) -> None:
    pass_over(folder, key_made(errorCode="AccessDenied"))
    attempt = the_finding(folder)
    assert (attempt.title.raw(), attempt.severity) == (
        "Attempted, refused: Access key made for somebody else",
        Severity.MEDIUM,
    )
    pass_over(folder, key_made(after_s=60))
    done = the_finding(folder)
    assert (done.title.raw(), done.severity, done.count) == ("Access key made for somebody else", Severity.HIGH, 2)


def test_a_correlation_is_one_finding_whose_late_events_count_once(folder: StateFolder) -> None:
    asked = record("bedrock:PutUseCaseForModelAccess")
    called = [record("bedrock:Converse", {"modelId": "m"}, after_s=60 * n) for n in range(1, 5)]
    pass_over(folder, called[3], called[1])
    assert stored(folder) == []
    pass_over(folder, asked)
    assert the_finding(folder).count == 3, "what came first happened later"
    pass_over(folder, called[2], called[0])
    found = the_finding(folder)
    assert (found.count, found.occurred) == (5, AT + timedelta(seconds=240))
    assert "AML.T0040" in " ".join(found.types)


def test_a_burst_is_counted_to_its_end_however_few_of_its_events_are_kept(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules_findings, "IDS", 3)
    refused = [login_refused(n) for n in range(14)]
    pass_over(folder, *refused[:11])
    assert the_finding(folder).count == 11
    pass_over(folder, *refused[11:])
    assert the_finding(folder).count == 14


def test_aws_is_told_nothing_of_it_and_it_closes_a_day_after_it_was_acknowledged(folder: StateFolder) -> None:
    pass_over(folder, key_made())
    id_ = the_finding(folder).id
    decisions.decide(folder, Acknowledge(ids=(id_,), reason="on it"), "ana", Mode.TRIAGE, NOW)
    with db.writing(folder) as conn:
        assert own.is_own(conn, id_)
        assert conn.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
        assert own.close_acknowledged(conn, NOW + timedelta(hours=23)) == 0
        assert own.close_acknowledged(conn, NOW + timedelta(hours=25)) == 1
    assert stored(folder)[0].state is State.RESOLVED
    pass_over(folder, key_made(after_s=200_000))
    assert the_finding(folder).active
    assert the_finding(folder).count == 2, "it goes on: the same finding is back"
    with db.writing(folder) as conn:
        assert own.close_acknowledged(conn, NOW + timedelta(days=30)) == 0, "nobody has seen that it came back"


def test_a_pass_that_is_cut_short_leaves_nothing_and_loses_nothing(folder: StateFolder) -> None:
    arrive(folder, key_made(), record("cloudtrail:StopLogging", {"name": "org"}))
    seen = passes.look(folder.store_db, CATALOGUE, 0)

    def killed(before: rule_findings.Before) -> None:
        raise KeyboardInterrupt

    with closing(db.connect(folder.store_db)) as conn:
        with pytest.raises(KeyboardInterrupt):
            rule_findings.commit(conn, [*seen.made, Made("x", killed)], since=0, upto=seen.upto, troubles={}, now=NOW)
        assert rule_findings.after(conn) == 0
    assert stored(folder) == []
    assert passes.catch_up(folder, Config()) == 2
    assert passes.catch_up(folder, Config()) == 0
    assert sorted(each.finding.count for each in stored(folder)) == [1, 1]


def test_a_second_process_that_looked_at_the_same_events_changes_nothing(folder: StateFolder) -> None:
    arrive(folder, key_made())
    seen = passes.look(folder.store_db, CATALOGUE, 0)
    assert passes.catch_up(folder, Config()) == 1
    with db.writing(folder) as conn:
        assert rule_findings.commit(conn, seen.made, since=0, upto=seen.upto, troubles={}, now=NOW) == 0
    assert the_finding(folder).count == 1


def test_more_than_a_batch_is_looked_at_in_several(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 2)
    assert pass_over(folder, *(key_made(after_s=n) for n in range(5))) == 3
    assert the_finding(folder).count == 5


# --- what no rule may do ------------------------------------------------------------------------------------

ENDLESS = "(WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c) > 0"


def test_a_rule_that_takes_too_long_is_stopped_and_the_others_go_on(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Rule("slow", "Slow", "team.yml", Standing.ON, condition=ENDLESS)
    wrong = replace(slow, id="wrong", condition="no_such_column = 1")
    monkeypatch.setattr(Catalogue, "of", lambda config: replace(CATALOGUE, rules=(slow, wrong, *CATALOGUE.rules)))
    monkeypatch.setattr(rule_reading.RuleReader.matches, "__defaults__", (0.05,))
    assert pass_over(folder, key_made()) == 1
    now = datetime.now(UTC)
    with db.writing(folder) as conn:
        troubles = rule_standing.troubles(conn, now)
        assert rule_standing.troubles(conn, now + timedelta(hours=25)) == {}, "a day without another"
        rule_standing.keep(conn, rule_standing.Standing(1, 0, {}), {"wrong"})
        assert set(rule_standing.troubles(conn, now)) == {"wrong"}, "the other rule is gone"
    assert troubles["slow"].startswith("it took longer than 0.05 s at 20")
    assert "no_such_column" in troubles["wrong"]


def test_a_rule_cannot_write(folder: StateFolder) -> None:
    arrive(folder, record("s3:ListBuckets"))
    with rule_reading.opened(folder.store_db, {}) as reader:
        for condition in ("1) ; DELETE FROM trail; --", "n IN (DELETE FROM trail RETURNING n)"):
            with pytest.raises(rule_reading.Unusable):
                reader.matches(condition, 0, 1)
        assert reader.head() == 1


OTHER = Place(ACCOUNT, "eu-west-1")
GROUP = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:trail:*"


def records_objects(folder: StateFolder, *places: Place, group: str = "") -> None:
    """Trails there take in everything of S3's, and write it to a bucket."""
    every = (Selection("AWS::S3::Object", "*", reads=True, writes=True),)
    state = TrailState("t", True, NOW - timedelta(days=1), None, every, group, "archive")
    with db.writing(folder) as conn, db.transaction(conn):
        for place in places:
            recording.take(conn, Recordings(place, (state,)), NOW)


def why(folder: StateFolder, title: str, push: PushConfig | None = None) -> str:
    """Why the rule's silence says nothing; empty where it does."""
    with db.reading(folder) as conn:
        found = blind(conn, builtin(), NOW, push)
    return next(found.get(rule.id, "") for rule in builtin() if rule.title == title)


BULK, MODELS, HERE = "Objects read in bulk", "Model called unusually often", Place(ACCOUNT, "eu-central-1")
OBJECT_READ = {"eventCategory": "Data", "readOnly": True}


def test_a_rule_over_what_nobody_records_says_so(folder: StateFolder) -> None:
    assert "nobody has asked" in why(folder, BULK)
    assert why(folder, "CloudTrail stopped") == ""
    records_objects(folder, HERE)
    assert "data events of dynamodb: no trail records it" in why(folder, "Table read in bulk")


def test_what_is_recorded_and_does_not_come_here_is_not_seen_either(folder: StateFolder) -> None:
    records_objects(folder, HERE, OTHER)
    assert "nothing brings them here" in why(folder, BULK)
    assert f"({ACCOUNT} eu-central-1, {ACCOUNT} eu-west-1)" in why(folder, BULK)
    arrive(folder, record("s3:GetObject", {"bucketName": "b"}, **OBJECT_READ))
    assert why(folder, BULK).endswith(f"({ACCOUNT} eu-west-1)"), "one Region says nothing of another"


def test_calls_that_only_read_are_told_place_by_place(folder: StateFolder) -> None:
    assert "none came in the last hour" in why(folder, MODELS)
    records_objects(folder, HERE, OTHER)
    arrive(folder, record("sts:AssumeRole", {"roleArn": "r"}, readOnly=True, eventCategory="Management"))
    assert why(folder, MODELS).endswith(f"({ACCOUNT} eu-west-1)")


def test_push_from_the_trails_bucket_brings_what_is_recorded_while_the_queue_answers(folder: StateFolder) -> None:
    records_objects(folder, HERE)
    url = f"https://sqs.eu-central-1.amazonaws.com/{ACCOUNT}/socconsole-push"
    push = PushConfig(queue_url=url, account=ACCOUNT, region="eu-central-1", trail_buckets=("archive",))
    assert "nothing brings them here" in why(folder, BULK, push), "the queue was never answered"
    with db.writing(folder) as conn, db.transaction(conn):
        sources.scope(conn, [SourceKey("push", ACCOUNT, "eu-central-1")])
        sources.record(conn, Answer(SourceKey("push", ACCOUNT, "eu-central-1"), Freshness.FRESH), NOW)
    assert why(folder, BULK, push) == ""
    elsewhere = msgspec.structs.replace(push, trail_buckets=("another",))
    assert "nothing brings them here" in why(folder, BULK, elsewhere)


def test_a_log_group_that_is_read_brings_what_is_recorded(folder: StateFolder) -> None:
    records_objects(folder, HERE, OTHER, group=GROUP)
    assert "nothing brings them here" in why(folder, BULK)
    listing = sources.origin_of(SourceKey("trail", ACCOUNT, "eu-central-1"))
    with db.writing(folder) as conn, db.transaction(conn):
        trail.take(conn, [event(record("ec2:DescribeVpcs", readOnly=True))], origin=listing, now=NOW)
    assert why(folder, BULK) == "", "of both Regions: they write to the one group"


def test_an_outsiders_account_is_an_actor(folder: StateFolder, tmp_path: Path) -> None:
    pass_over(folder, record("sts:AssumeRole", userIdentity={"type": "AWSAccount", "accountId": STRANGER}))
    assert ("account", STRANGER) in {(each.kind, each.value.raw()) for each in the_finding(folder).actors}
