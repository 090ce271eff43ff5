"""Which findings are one incident, and which only look like it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socconsole.model.entity import EntityKind as K
from socconsole.model.finding import Actor, Resource
from socconsole.text import Untrusted
from socconsole.triage.correlation import LARGE, MANY_FINDINGS, MANY_PRINCIPALS, Deed, Group, Member, correlate
from socconsole.triage.entities import entities_of
from socconsole.triage.story import Line, phrase, tell

NOW = datetime(2026, 11, 23, 3, 14, tzinfo=UTC)
KEY, OTHER_KEY = (K.KEY, "ASIAQINTRUDER7EXAMPL"), (K.KEY, "AKIAQCOURIER77EXAMPL")
CORPUS, EXPORTS = (K.BUCKET, "corpus"), (K.BUCKET, "exports")
HOST = (K.INSTANCE, "i-0a1b2c3d4e5f60718")
OTHER_HOST = (K.INSTANCE, "i-0c77aa52e1f90b3d4")
NAT = (K.RESOURCE, "nat-0a1b2c3d4e5f60718")
OUTSIDE = (K.ADDRESS, "203.0.113.9")


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def member(id_: int, *entities, minute: float = 0, until: float | None = None, follows: bool = False) -> Member:
    return Member(id_, at(minute), at(minute if until is None else until), frozenset(entities), follows)


def sets(groups: tuple[Group, ...]) -> list[set[int]]:
    return [set(group.members) for group in groups]


def test_a_key_an_address_and_a_bucket_make_one_incident_and_another_stays_another() -> None:
    members = [
        member(1, KEY, OUTSIDE, HOST),
        member(2, KEY, OUTSIDE, minute=4),
        member(3, CORPUS, KEY, minute=6),
        member(4, CORPUS, minute=9),
        member(5, HOST, minute=20),
        member(6, OTHER_KEY, (K.ADDRESS, "192.0.2.66"), minute=8),
        member(7, EXPORTS, OTHER_KEY, minute=9),
        member(8, (K.INSTANCE, "i-0c77aa52e1f90b3d4"), (K.ADDRESS, "10.20.4.17"), minute=9),
    ]
    leak, exports = correlate(members)
    assert sets((leak, exports)) == [{1, 2, 3, 4, 5}, {6, 7}]
    assert leak.shared == (OUTSIDE, CORPUS, HOST, KEY)


def rung(id_: int, *hosts, minute: float, until: float) -> Member:
    """The alarm of a NAT gateway, and the hosts behind it."""
    return Member(id_, at(minute), at(until), frozenset({NAT}), follows=True, carries=frozenset(hosts))


def test_a_gateways_alarm_joins_the_incident_of_a_host_behind_it_while_it_rings_and_makes_none() -> None:
    leak = [member(1, KEY, HOST), member(2, KEY, minute=4)]
    assert sets(correlate([*leak, rung(3, HOST, OTHER_HOST, minute=9, until=30)])) == [{1, 2, 3}]
    quiet = [rung(3, HOST, minute=-600, until=-300), rung(4, HOST, minute=300, until=330)]
    assert sets(correlate([*leak, *quiet])) == [{1, 2}], "it rang, but hours before or after"
    assert sets(correlate([*leak, rung(3, OTHER_HOST, minute=9, until=30)])) == [{1, 2}], "not through that gateway"
    alone = member(5, OTHER_HOST, minute=9)
    assert correlate([alone, rung(3, OTHER_HOST, minute=9, until=30)]) == ()


def test_a_gateways_alarm_takes_no_side_and_joins_no_two_incidents() -> None:
    leak = [member(1, KEY, HOST), member(2, KEY, minute=4)]
    other = [member(5, OTHER_KEY, OTHER_HOST), member(6, OTHER_KEY, minute=4)]
    assert sets(correlate([*leak, *other, rung(3, HOST, OTHER_HOST, minute=9, until=30)])) == [{1, 2}, {5, 6}]


def test_hours_of_silence_end_an_incident_and_neighbours_carry_it_on() -> None:
    chain = [member(n, KEY, minute=100 * n) for n in range(5)]
    late = member(9, KEY, minute=400 + 121)
    assert sets(correlate([*chain, late])) == [{0, 1, 2, 3, 4}]
    assert sets(correlate([*chain, member(9, KEY, minute=400 + 119)])) == [{0, 1, 2, 3, 4, 9}]
    lasting = member(10, KEY, minute=0, until=600)
    assert sets(correlate([lasting, late])) == [{9, 10}], "what goes on has no silence"


def test_an_attack_sequence_stands_with_its_signals_whenever_they_were() -> None:
    named = (K.SIGNAL, "f-0123456789ab0123456789ab")
    (group,) = correlate([member(1, named), member(2, named, minute=6_000)])
    assert group == Group((1, 2), ())


def test_what_many_share_ties_nobody() -> None:
    def users(count: int) -> list[Member]:
        return [member(n, OUTSIDE, (K.USER, f"111122223333/user-{n}")) for n in range(count)]

    assert sets(correlate(users(MANY_PRINCIPALS))) == [set(range(MANY_PRINCIPALS))]
    assert correlate(users(MANY_PRINCIPALS + 1)) == ()
    assert correlate([member(n, CORPUS) for n in range(MANY_FINDINGS + 1)]) == ()
    for tells_nothing in (
        (K.ADDRESS, "10.0.0.7"),
        (K.ADDRESS, "s3.amazonaws.com"),
        (K.ACCOUNT, "111122223333"),
        (K.ROLE, "111122223333/ci"),
        (K.RESOURCE, "shop-assets"),
        (K.DOMAIN, "example.org"),
    ):
        assert correlate([member(1, tells_nothing), member(2, tells_nothing)]) == ()


def test_a_control_joins_an_incident_by_its_store_and_makes_none() -> None:
    control = member(1, CORPUS, OUTSIDE, follows=True)
    assert correlate([control, member(2, CORPUS)]) == ()
    assert sets(correlate([control, member(2, CORPUS), member(3, CORPUS)])) == [{1, 2, 3}]
    bridge = member(1, CORPUS, EXPORTS, follows=True)
    split = correlate([bridge, *(member(n, CORPUS) for n in (2, 3)), *(member(n, EXPORTS) for n in (4, 5))])
    assert sets(split) == [{1, 2, 3}, {4, 5}], "it ties nothing"
    assert sets(correlate([member(1, CORPUS, minute=600, follows=True), member(2, CORPUS), member(3, CORPUS)])) == [
        {2, 3}
    ]


def test_the_trail_ties_who_did_it_to_what_it_was_done_to() -> None:
    members = [member(1, OTHER_KEY), member(2, EXPORTS, minute=30)]
    handed_over = Deed(at(10), frozenset({OTHER_KEY}), frozenset({EXPORTS}))
    assert sets(correlate(members, [handed_over])) == [{1, 2}]
    assert correlate(members) == ()
    by_somebody = Deed(at(10), frozenset({(K.KEY, "AKIAQTERRAFORMEXAMPL")}), frozenset({EXPORTS}))
    routine = Deed(at(11), by_somebody.who, frozenset({CORPUS}))
    apart = [*members, member(3, CORPUS)]
    assert correlate(apart, [by_somebody, routine]) == (), "whom no finding names ties nothing by his rounds"
    assert correlate(members, [Deed(at(600), handed_over.who, handed_over.what)]) == ()


def test_a_group_too_large_to_be_one_story_is_taken_apart_by_its_weakest_ties() -> None:
    one = [member(n, KEY, OUTSIDE) for n in range(120)]
    other = [member(n, OTHER_KEY, OUTSIDE) for n in range(120, 240)]
    assert len(one) + len(other) > LARGE
    assert sets(correlate([*one, *other])) == [set(range(120)), set(range(120, 240))]
    assert sets(correlate([*one[:60], *other[:60]])) == [{*range(60), *range(120, 180)}]


ENTITIES = (KEY, OTHER_KEY, CORPUS, EXPORTS, HOST, OUTSIDE, (K.USER, "111122223333/ci"), (K.SIGNAL, "f-0"))
MEMBERS = st.lists(
    st.tuples(st.sets(st.sampled_from(ENTITIES), max_size=3), st.integers(0, 900), st.booleans()), max_size=12
)
DEEDS = st.lists(st.tuples(st.integers(0, 900), st.sampled_from((KEY, OTHER_KEY)), st.sampled_from((CORPUS, EXPORTS))))


@given(MEMBERS, DEEDS, st.randoms(use_true_random=False))
def test_the_order_in_which_findings_come_is_no_matter(found, done, dice: random.Random) -> None:
    members = [member(n, *named, minute=minute, follows=follows) for n, (named, minute, follows) in enumerate(found)]
    deeds = [Deed(at(minute), frozenset({who}), frozenset({what})) for minute, who, what in done]
    groups = correlate(members, deeds)
    shuffled, deeds_too = list(members), list(deeds)
    dice.shuffle(shuffled)
    dice.shuffle(deeds_too)
    assert correlate(shuffled, deeds_too) == groups
    every = [n for group in groups for n in group.members]
    assert len(every) == len(set(every)), "nobody is part of two"
    for group in groups:
        assert sum(not members[n].follows for n in group.members) > 1
        # Nothing outside could change what stands together: that is what lets a part of a store be looked at alone.
        alone = correlate([members[n] for n in group.members], deeds)
        assert [set(one.members) for one in alone] == [set(group.members)]


# --- what a finding names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        (("AwsS3Bucket", "arn:aws:s3:::corpus"), CORPUS),
        (("AwsS3Bucket", "corpus"), CORPUS),
        (("AwsS3Object", "arn:aws:s3:::corpus/a/b.json"), CORPUS),
        (("AwsEc2Instance", "arn:aws:ec2:eu-central-1:111122223333:instance/i-0a1b2c3d4e5f60718"), HOST),
        (("AwsEc2Instance", "i-0a1b2c3d4e5f60718"), HOST),
        (("AwsIamAccessKey", "AWS::IAM::AccessKey:AKIAQCOURIER77EXAMPL"), OTHER_KEY),
        (("AwsIamUser", "arn:aws:iam::111122223333:user/team/ci"), (K.USER, "111122223333/ci")),
        (("AwsIamUser", "ci"), (K.USER, "111122223333/ci")),
        (("AwsLambdaFunction", "arn:aws:lambda:eu-west-1:1:function:f:2"), (K.RESOURCE, "f")),
        (("AwsAccount", "AWS::::Account:111122223333"), None),
        (("AwsIamAccessKey", "AWS::IAM::AccessKey:null"), None),
    ],
    ids=lambda value: None,
)
def test_an_arn_and_a_bare_name_are_one_thing(resource, named) -> None:
    found = entities_of([Resource(resource[0], Untrusted(resource[1]), account="111122223333")], [], None)
    assert found == (frozenset() if named is None else {named})


@pytest.mark.parametrize(
    ("kind", "value", "named"),
    [
        ("ip", "203.0.113.9", {OUTSIDE}),
        ("ip", "2001:0DB8::0001", {(K.ADDRESS, "2001:db8::1")}),
        ("ip", "AWS Internal", set()),
        ("user", "ci", {(K.USER, "111122223333/ci")}),
        ("user", "ANONYMOUS_PRINCIPAL", set()),
        ("principal", "cloudtrail.amazonaws.com", set()),
        ("service", "config.amazonaws.com", set()),
        ("role", "vllm-recs", {(K.ROLE, "111122223333/vllm-recs")}),
        (
            "principal",
            "arn:aws:sts::444455556666:assumed-role/vllm-recs/i-0a1b2c3d4e5f60718",
            {(K.ROLE, "444455556666/vllm-recs"), (K.SESSION, "444455556666/vllm-recs/i-0a1b2c3d4e5f60718"), HOST},
        ),
        ("access_key", "AKIAQCOURIER77EXAMPL", {OTHER_KEY}),
        ("access_key", "GeneratedFindingAccessKeyId", set()),
    ],
    ids=lambda value: None,
)
def test_who_acts_is_told_from_who_is_nobody(kind: str, value: str, named) -> None:
    assert entities_of([], [Actor(kind, Untrusted(value))], "111122223333") == named


def test_a_bucket_that_is_public_on_purpose_is_named_and_ties_nothing() -> None:
    tags = ((Untrusted("classification"), Untrusted("public")),)
    assert entities_of([Resource("AwsS3Bucket", Untrusted("shop"), tags=tags)], [], None) == {(K.RESOURCE, "shop")}


# --- the story --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("finding_type", "said"),
    [
        ("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
         "instance credential exfiltration, outside AWS"),
        ("Exfiltration:S3/AnomalousBehavior", "S3 exfiltration, anomalous behavior"),
        ("Stealth:IAMUser/CloudTrailLoggingDisabled", "CloudTrail logging disabled"),
        ("AttackSequence:S3/CompromisedData", "attack sequence: compromised data"),
        ("Backdoor:EC2/C&CActivity.B!DNS", "C&C activity, b DNS"),
        ("TTPs/Something Else", "the title"),
    ],
    ids=lambda value: None,
)  # fmt: skip
def test_a_type_says_in_words_what_happened(finding_type: str, said: str) -> None:
    assert phrase((finding_type,), "the title") == said


def test_a_story_is_told_by_time_in_a_dozen_lines_that_say_nothing_twice() -> None:
    read = Line(at(9), "read in bulk", "corpus", "guardduty", "f-2", 80, 200)
    lines = [read, Line(at(3), "policy opened", "corpus", "trail", "e-1", 55), Line(at(8), *_like(read), "f-1", 70, 4)]
    assert [(c.at, c.what.raw(), c.ref) for c in tell(lines)] == [
        (at(3), "policy opened · corpus", "e-1"),
        (at(8), "read in bulk ×204", "f-1"),
    ]
    many = [Line(at(n), f"call {n}", "", "trail", f"e-{n}", n) for n in range(30)]
    assert [c.what.raw() for c in tell(many)] == [f"call {n}" for n in range(18, 30)], "the weightiest"


def _like(line: Line) -> tuple[str, str, str]:
    return line.what, line.where, line.source
