"""The query language: what each field accepts, what an error says, and that nothing typed breaks it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socconsole.model.finding import Kind, Leaving, Severity, State, Workflow
from socconsole.triage.query import FIELDS, ME, NOBODY, Op, Query, QueryError, Term, Value, Word, parse


@pytest.mark.parametrize(
    ("text", "field", "op", "values"),
    [
        ("sev:critical,HIGH", "sev", Op.IS, (Severity.CRITICAL, Severity.HIGH)),
        ("Severity:c", "sev", Op.IS, (Severity.CRITICAL,)),
        ("sev:>=high", "sev", Op.GE, (Severity.HIGH,)),
        ("sev:<medium", "sev", Op.LT, (Severity.MEDIUM,)),
        ("sev:informational", "sev", Op.IS, (Severity.INFO,)),
        ("src:gd,hub", "src", Op.IS, ("guardduty", "securityhub")),
        ("kind:Control", "kind", Op.IS, (Kind.CONTROL,)),
        ("state:new,acked", "state", Op.IS, (State.NEW, State.ACKNOWLEDGED)),
        ("leaving:cannot_see", "leaving", Op.IS, (Leaving.CANNOT_SEE,)),
        ("workflow:notified", "workflow", Op.IS, (Workflow.NOTIFIED,)),
        ("sample:yes", "sample", Op.IS, (True,)),
        ("unacked", "acked", Op.IS, (False,)),
        ("mine", "owner", Op.IS, (ME,)),
        ("owner:me,none,On2", "owner", Op.IS, (ME, NOBODY, "on2")),
        ('owner:"me"', "owner", Op.IS, ("me",)),
        ("region:eu-*", "region", Op.LIKE, ("eu-*",)),
        ("region:eu-central-1", "region", Op.IS, ("eu-central-1",)),
        ("region:eu-*,us-east-1", "region", Op.LIKE, ("eu-*", "us-east-1")),
        ("acct:111122223333", "acct", Op.IS, ("111122223333",)),
        ("acct:1111\u2026", "acct", Op.LIKE, ("1111*",)),
        ("acct:1111...", "acct", Op.LIKE, ("1111*",)),
        ("account:1111", "acct", Op.LIKE, ("1111*",)),
        ("res:LLM-Corpus", "res", Op.HAS, ("llm-corpus",)),
        ("res:llm-*,plans", "res", Op.LIKE, ("llm-*", "*plans*")),
        ("type:AttackSequence:S3", "type", Op.HAS, ("attacksequence:s3",)),
        ("actor:203.0.113.9", "actor", Op.HAS, ("203.0.113.9",)),
        ('title:"bulk read"', "title", Op.HAS, ("bulk read",)),
        ('title:"50% * off"', "title", Op.HAS, ("50% * off",)),
        ("score:>70", "score", Op.GT, (70,)),
        ("score:70", "score", Op.IS, (70,)),
        ("count:>=100", "count", Op.GE, (100,)),
        ("age:<15m", "age", Op.LT, (timedelta(minutes=15),)),
        ("age:>2d", "age", Op.GT, (timedelta(days=2),)),
        ("age:1w", "age", Op.LE, (timedelta(weeks=1),)),
    ],
)
def test_each_field_reads_its_values(text: str, field: str, op: Op, values: tuple[Value, ...]) -> None:
    assert parse(text) == Query((Term(field, op, values),), (), text)
    assert parse(f"-{text}").terms == (Term(field, op, values, negated=True),)


def test_the_query_of_the_design() -> None:
    text = 'sev:critical,high src:guardduty region:eu-* res:bucket unacked age:<15m "free words" nat -sev:low'
    found = parse(text)
    assert [each.field for each in found.terms] == ["sev", "src", "region", "res", "acked", "age", "sev"]
    assert found.words == (Word("free words", phrase=True), Word("nat"))
    assert found.terms[-1].negated
    assert found.asks("region")
    assert not found.asks("kind")


def test_words() -> None:
    assert parse("  ").terms == parse("").words == ()
    assert parse('-nat -"two words" - fe80::1').words == (
        Word("nat", negated=True),
        Word("two words", phrase=True, negated=True),
        Word("-"),
        Word("fe80::1"),
    )
    assert parse('"unacked" "sev:high"').words == (
        Word("unacked", phrase=True),
        Word("sev:high", phrase=True),
    )


@pytest.mark.parametrize(
    ("text", "says", "column"),
    [
        ("sevv:high", "did you mean sev", 1),
        ("nat regoin:eu-*", "did you mean region", 5),
        ("arn:aws:s3:::corpus", "quotes", 1),
        ("sev:hihg", "did you mean high", 5),
        ("sev:high,bogus", "critical, high, medium, low, info", 10),
        ("sev:", "needs a value, as in sev:critical,high", 5),
        ("sev:high,", "needs a value", 10),
        ("sev:>high,low", "one value", 11),
        ("kind:>control", "no order", 6),
        ("score:>many", "whole number", 8),
        ("score:1,2", "one value", 9),
        ("age:<15", "90s, 15m, 2h, 3d and 1w", 6),
        ("age:99999999w", "is no span", 5),
        ('a "open', "not closed", 3),
        ('res:"open', "not closed", 5),
        ('""', "nothing between the quotes", 1),
        ("a " * 80, "more than 64 terms", 129),
        ("res:" + ",".join("a" * 70), "more than 64 values", 133),
        ("x" * 5_000, "longer than", 4_001),
    ],
)
def test_errors_name_what_is_wrong_and_where(text: str, says: str, column: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert says in caught.value.message
    assert caught.value.column == column


def test_every_field_can_be_typed_as_its_own_example_says() -> None:
    for field in FIELDS:
        assert field.help
        assert [each.field for each in parse(field.example).terms] == [field.name]


@given(
    st.one_of(
        st.text(max_size=80),
        st.text('sevrgionactkdmp:-,<>="*? \t0159hwx\u2026', max_size=60),
    )
)
def test_any_text_parses_or_says_where_it_does_not(text: str) -> None:
    wrong = None
    try:
        found = parse(text)
    except QueryError as why:
        wrong = why
    if wrong is not None:
        assert 1 <= wrong.column <= len(text) + 1
        assert wrong.message
        return
    assert found.text == text
    assert all(each.values for each in found.terms)
    assert all(each.text for each in found.words)
