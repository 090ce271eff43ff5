"""What Triage reads: windows, positions and counts against plain sorting, filters, and states by time alone."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socconsole import triage
from socconsole.model.finding import Kind, Leaving, Severity, State, Workflow, finding_id
from socconsole.store import findings, reading, standing_sql
from socconsole.store.queue import Count, QueueReader, Sort, SortBy, View
from socconsole.triage.query import parse
from tests.store.builders import NOW, arn, hub, observation
from tests.store.shelf import acknowledge, decide, fresh_store, hear, micros, put, snooze

ROWS = 100_000
HIDDEN = (State.RESOLVED, State.SNOOZED)


@pytest.fixture
def conn(tmp_path: Path):
    conn = fresh_store(tmp_path)
    yield conn
    conn.close()


@pytest.fixture
def reader(conn, tmp_path: Path):
    with QueueReader(tmp_path / "store.db", me="on1") as reader:
        yield reader


def names(reader: QueueReader, query: str = "", view: View = View.ALL, now=NOW) -> list[str]:
    """The finding names (``bucket-NAME``) that a query finds, in no order."""
    rows = reader.window(view, parse(query), offset=0, limit=1_000, now=now)
    assert reader.count(view, parse(query), now=now) == Count(len(rows))
    assert set(reader.ids(view, parse(query), now=now, limit=1_000)) == {row.id for row in rows}
    return sorted(row.place.raw().removeprefix("bucket-") for row in rows)


# --- at a hundred thousand rows -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory):
    """100,000 findings with plenty of ties, as a path and as plain tuples."""
    folder = tmp_path_factory.mktemp("many")
    conn = fresh_store(folder)
    rnd = random.Random(7)
    rows = [
        {
            "n": n,
            "id": f"f-{n:012x}",
            "kind": rnd.choice(["threat", "threat", "control"]),
            "severity": rnd.randrange(5),
            "score": rnd.randrange(30),
            "at": micros(NOW) - rnd.randrange(2_000) * 1_000_000,
            "seen": micros(NOW) - rnd.randrange(2_000) * 1_000_000,
            "title": f"title {rnd.randrange(500)}",
            "place": f"place {rnd.randrange(300)}",
            "region": rnd.choice(["eu-central-1", "us-east-1"]),
            "active": int(rnd.random() < 0.9),
            "sample": int(rnd.random() < 0.02),
        }
        for n in range(1, ROWS + 1)
    ]
    with conn:
        conn.execute("BEGIN")
        conn.executemany(
            "INSERT INTO finding (n, id, kind, severity, score, reasons, title, place, account, region, types, "
            "resources, actors, product, sources, workflow, occurred, seen, events, active, sample, sequence, leaks, "
            "print, text_row, text_digest) VALUES (:n, :id, :kind, :severity, :score, '[]', :title, :place, "
            "'111122223333', :region, '', '', '', 'GuardDuty', 'guardduty', 'NEW', :at, :seen, 1, :active, :sample, "
            "0, 0, x'00', :n, x'00')",
            rows,
        )
    conn.close()
    return folder / "store.db", rows


KEYS = {
    SortBy.PRIORITY: (lambda r: (r["score"], r["seen"], r["n"]), True),
    SortBy.SEVERITY: (lambda r: (r["severity"], r["score"], r["seen"], r["n"]), True),
    SortBy.AGE: (lambda r: (r["at"], r["n"]), True),
    SortBy.TITLE: (lambda r: (r["title"], r["n"]), False),
    SortBy.PLACE: (lambda r: (r["place"], r["n"]), False),
}
SHOWN = {
    (View.THREATS, ""): lambda r: r["kind"] == "threat" and not r["sample"],
    (View.ALL, ""): lambda r: not r["sample"],
    (View.THREATS, "region:eu-* sev:>=high"): lambda r: (
        r["kind"] == "threat" and not r["sample"] and r["region"].startswith("eu") and r["severity"] >= 3
    ),
    (View.ALL, "sample:yes kind:control,threat"): lambda r: r["sample"],
}


@pytest.mark.parametrize("sort", [Sort(by, reverse) for by in SortBy for reverse in (False, True)], ids=str)
def test_windows_and_positions_are_those_of_plain_sorting(many, sort):
    path, rows = many
    rnd = random.Random(3)
    hide = () if sort.by is SortBy.PRIORITY and sort.reverse else HIDDEN  # with all of it, and as Triage opens
    with QueueReader(path, hide=hide) as reader:
        for (view, text), shown in list(SHOWN.items())[: 4 if sort.by is SortBy.PRIORITY else 1]:
            query = parse(text)
            key, down = KEYS[sort.by]
            kept = [r for r in rows if shown(r) and (not hide or r["active"])]
            expected = [r["id"] for r in sorted(kept, key=key, reverse=down != sort.reverse)]
            total = len(expected)
            # jumps (by offset), then a walk on from there (by key), past the end
            for offset in (0, rnd.randrange(total), total - 70):
                for step in range(0, 200, 50):
                    window = reader.window(view, query, sort, offset=offset + step, limit=50, now=NOW)
                    assert [row.id for row in window] == expected[offset + step : offset + step + 50]
            for place in (0, rnd.randrange(total), total - 1):
                assert reader.position_of(expected[place], view, query, sort, now=NOW) == place
            assert reader.count(view, query, now=NOW) == Count(total)


def test_a_long_walk_misses_and_repeats_nothing(many):
    path, rows = many
    with QueueReader(path) as reader:
        seen = [row.id for row in reader.window(View.THREATS, offset=0, limit=ROWS, now=NOW)]
    assert len(seen) == len(set(seen)) == sum(SHOWN[View.THREATS, ""](r) for r in rows)


def test_a_count_within_a_budget_says_that_it_is_a_bound(many):
    path, rows = many
    query = parse("title:title")
    with QueueReader(path) as reader:
        exact = reader.count(View.ALL, query, now=NOW)
        assert exact == Count(sum(not r["sample"] for r in rows))
        short = reader.count(View.ALL, query, now=NOW, budget_s=0.0)
        assert not short.exact
        assert short.n <= exact.n
        assert reader.count(View.ALL, query, now=NOW, budget_s=60.0) == exact  # nothing of the deadline is left behind


def test_the_orders_of_triage_use_an_index(many):
    """No sort of everything behind a page: that is what keeps it flat."""
    path, _ = many
    with QueueReader(path, hide=HIDDEN) as reader:
        statements: list[str] = []
        reader._conn.set_trace_callback(statements.append)
        for by in SortBy:
            reader.window(View.THREATS, sort=Sort(by), offset=50_000, limit=10, now=NOW)
            reader.window(View.THREATS, sort=Sort(by), offset=0, limit=300, now=NOW)
        reader._conn.set_trace_callback(None)
        inner = [s for s in statements if "INDEXED BY" in s and "OFFSET" not in s]
        assert len(inner) >= len(SortBy)
        for statement in inner:
            plan = " ".join(row[3] for row in reader._conn.execute(f"EXPLAIN QUERY PLAN {statement}"))
            assert "TEMP B-TREE" not in plan, (statement, plan)


@pytest.mark.parametrize("by", [SortBy.PRIORITY, SortBy.SEVERITY])
def test_rows_of_equal_score_do_not_swap_as_events_arrive(conn, reader, by):
    def order() -> list[str]:
        return [row.id for row in reader.window(View.THREATS, sort=Sort(by), offset=0, limit=9, now=NOW)]

    records = [observation(str(n), published=NOW - timedelta(minutes=n), occurred=NOW) for n in (2, 0, 1)]
    hear(conn, *records)
    assert order() == [finding_id(arn(str(n))) for n in (0, 1, 2)]  # the youngest first
    for minute, n in enumerate((2, 1, 0, 2), 1):
        again = NOW + timedelta(minutes=minute)
        hear(conn, observation(str(n), published=NOW - timedelta(minutes=n), occurred=again, updated=again))
        assert order() == [finding_id(arn(str(n))) for n in (0, 1, 2)]


# --- views and filters --------------------------------------------------------------------------------


def test_views_and_samples(conn, reader):
    put(
        conn,
        observation("t"),
        observation("c", kind=Kind.CONTROL),
        observation("s", sample=True),
        observation("m", kind=Kind.VULNERABILITY),
    )
    decide(conn, finding_id(arn("m")), 1, owner="on1", owned_at=micros(NOW), owner_seq=1)
    assert names(reader, view=View.THREATS) == ["t"]
    assert names(reader) == ["c", "m", "t"]
    assert names(reader, view=View.MINE) == ["m"]
    assert names(reader, "kind:control", View.THREATS) == ["c"]
    assert names(reader, "sample:yes", View.THREATS) == ["s"]
    assert names(reader, "sample:yes,no") == ["c", "m", "s", "t"]
    assert reader.totals(View.ALL) == {Severity.HIGH: 3}
    put(conn, observation("s", sample=False, updated=NOW), observation("t", severity=Severity.LOW, updated=NOW))
    assert reader.totals(View.THREATS) == {Severity.HIGH: 1, Severity.LOW: 1}


@pytest.fixture
def shelf(conn):
    put(
        conn,
        observation("a", title="Objects read in bulk", severity=Severity.CRITICAL, actor="203.0.113.9", count=120),
        observation(
            "b",
            title="Große Menge gelesen: 100%_sicher",
            region="us-east-1",
            account="222233334444",
            types=("Recon:EC2/PortProbe",),
            severity=Severity.LOW,
        ),
        observation("c", title="Trail stopped", region=None, actor="198.51.100.1", severity=Severity.MEDIUM),
    )
    put(conn, hub("d", title="Keys used from outside", workflow=Workflow.NOTIFIED, product="Security Hub"))
    decide(conn, finding_id(arn("b")), 2, owner="Two_", owned_at=micros(NOW), owner_seq=2)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sev:critical", "a"),
        ("sev:>low", "acd"),
        ("-sev:critical,low", "cd"),
        ("region:eu-*", "ad"),
        ("-region:eu-*", "bc"),  # what has no region is not in that region
        ("region:US-EAST-1", "b"),
        ("acct:2222…", "b"),
        ("acct:111122223333", "acd"),
        ("src:securityhub", "d"),
        ("src:guardduty", "abc"),
        ("workflow:notified", "d"),
        ("acked:yes", "d"),
        ("unacked", "abc"),
        ("res:BUCKET-b", "b"),
        ("res:s3bucket", "abcd"),
        ("res:arn*-c", ""),
        ("res:*bucket-c", "c"),
        ("actor:198.51", "c"),
        ("-actor:198.51", "abd"),
        ("type:exfil", "acd"),
        ("type:recon:*", "b"),
        ("product:hub", "d"),
        ("title:%_", "b"),
        ("title:GROSSE", ""),
        ('title:"große menge"', "b"),
        ("title:_", "b"),
        ("score:>60", "ad"),
        ("count:>=100", "a"),
        ("owner:none", "acd"),
        ("owner:two_", "b"),
        ("owner:two?", "b"),
        ("owner:twox", ""),
        ("mine", ""),
        ("age:<1s", "abcd"),
        ("age:>1s", ""),
        ("leaving:yes", "acd"),
        ("firing:yes", ""),
        ("active:no", ""),
        (f"id:{finding_id(arn('c'))}", "c"),
        ("id:f-*", "abcd"),
        # words
        ("bulk", "a"),
        ("bul", "a"),  # the last word may be unfinished
        ("bul read", ""),
        ('"read in bulk"', "a"),
        ('"bulk in read"', ""),
        ("grosse", ""),
        ("große", "b"),
        ("GROẞE", "b"),
        ("203.0.113.9", "abd"),
        ("-trail sev:medium", ""),
        ("-trail -bulk", "bd"),
        ("bucket-d", "d"),
        ("222233334444", "b"),
        ("recon", "b"),
        ("keys used sev:high", "d"),
        ("%", "b"),  # no word at all: looked for in the title
        ("-%", "acd"),
    ],
)
def test_filters(shelf, reader, query, found):
    assert names(reader, query) == list(found)


@pytest.mark.parametrize(
    "text",
    [
        "title:x OR 1=1", "bulk OR trail", "bulk AND", "NEAR(bulk trail)", "title : bulk", '"', "a*b", "^bulk", "-",
        "--", "bulk'--", "'; DROP TABLE finding; --", "col:{", "( bulk", "bulk )", "\x00bulk", "\ud800", "+", "*",
        "{title} : bulk", "%%%", "\\", "title:\\", "res:*", "NOT", "AND", "OR", "finding_fts", "rowid:1", "a" * 3_000,
        '""""', '"a""b"',
    ],
)  # fmt: skip
def test_nothing_typed_is_ever_an_operator(shelf, conn, reader, text):
    from socconsole.triage.query import QueryError

    quoted = parse('"' + text.replace('"', "") + '"') if text.replace('"', "") else parse("")
    for read in (lambda: parse(text), lambda: quoted):
        try:
            query = read()
        except QueryError:
            continue
        reader.window(View.ALL, query, offset=0, limit=10, now=NOW)
        reader.count(View.ALL, query, now=NOW)
    assert conn.execute("SELECT count(*) FROM finding").fetchone() == (4,)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_any_text_is_a_query_that_runs_or_is_refused(shelf, reader, text):
    from socconsole.triage.query import QueryError

    try:
        query = parse(text)
    except QueryError:
        return
    reader.window(View.ALL, query, offset=0, limit=10, now=NOW)


# --- states -------------------------------------------------------------------------------------------


def test_a_snooze_ends_by_time_alone(conn, tmp_path):
    put(conn, observation("1"), observation("2"))
    until = NOW + timedelta(hours=1)
    snooze(conn, finding_id(arn("1")), NOW, until)
    with QueueReader(tmp_path / "store.db", hide=HIDDEN) as reader:
        version = reader.version()
        assert names(reader, now=NOW) == ["2"]
        assert reader.count(View.THREATS, now=NOW) == Count(1)
        assert names(reader, "state:snoozed", now=NOW) == ["1"]
        after = until + timedelta(seconds=1)
        assert names(reader, now=after) == ["1", "2"]
        assert reader.count(View.THREATS, now=after) == Count(2)
        assert reader.version() == version  # nothing was written
        assert reading.get(conn, finding_id(arn("1")), NOW).state is State.SNOOZED
        assert reading.get(conn, finding_id(arn("1")), after).state is State.NEW


def test_a_snooze_holds_only_for_what_was_snoozed(conn, reader):
    hear(conn, observation("1"))
    snooze(conn, finding_id(arn("1")), NOW, NOW + timedelta(days=1))
    hear(conn, observation("1", count=9, updated=NOW))
    assert names(reader, "state:snoozed") == ["1"]
    hear(conn, observation("1", count=9, severity=Severity.CRITICAL, updated=NOW))
    assert names(reader, "state:snoozed") == []
    assert reading.get(conn, finding_id(arn("1")), NOW).state is State.NEW


def test_acknowledged_at_once_and_taken_back(conn, reader):
    put(conn, observation("1"))
    id_ = finding_id(arn("1"))
    assert reader.oldest_unacknowledged(NOW).id == id_
    acknowledge(conn, id_, NOW)
    row = reader.window(View.THREATS, offset=0, limit=1, now=NOW)[0]
    assert (row.state, row.acked_by.raw(), row.acked_at) == (State.ACKNOWLEDGED, "on1", NOW)
    assert reader.oldest_unacknowledged(NOW) is None
    conn.execute("UPDATE decision SET acked_at = NULL, acked_by = NULL, ack_seq = NULL")
    assert reader.oldest_unacknowledged(NOW).id == id_


def test_what_is_not_sent_is_on_the_row(conn, reader):
    put(conn, observation("1"))
    id_ = finding_id(arn("1"))
    acknowledge(conn, id_, NOW)
    conn.execute(
        "INSERT INTO outbox (finding_id, kind, payload, who, mode, made_at, seq) "
        "VALUES (?, 'acknowledge', '{}', 'on1', 'TRIAGE', 1, 7)",
        (id_,),
    )

    def unsent() -> int:
        return reader.window(View.ALL, offset=0, limit=1, now=NOW)[0].unsent

    assert unsent() == 1
    assert reading.get(conn, id_, NOW).not_sent == ("acknowledge",)
    conn.execute("UPDATE outbox SET state = 'failed', why = 'denied'")
    assert unsent() == 1
    assert reading.get(conn, id_, NOW).send_failed == ("denied",)
    conn.execute("UPDATE outbox SET state = 'sent'")
    assert unsent() == 0


def test_blocked_needs_fresh_sources_and_ends_when_it_fires_again(conn, reader):
    id_ = finding_id(arn("1"))
    hear(conn, observation("1"))
    conn.execute(
        "INSERT INTO action (id, action, target, account, region, finding, state, who, intended, settled, "
        "intent_seq, reversible, wide, calls, undo_calls, before, after) "
        "VALUES ('a-1', 's3', 'b', '1', 'r', ?, 'applied', 'on1', ?, ?, 1, 'yes', 0, '[]', '[]', '{}', '{}')",
        (id_, micros(NOW), micros(NOW)),
    )
    assert names(reader, "state:blocked leaving:blocked") == ["1"]
    stored = reading.get(conn, id_, NOW)
    assert (stored.state, stored.leaving) == (State.BLOCKED, Leaving.BLOCKED)
    conn.execute("UPDATE source SET outcome = 'DENIED'")
    assert names(reader, "state:blocked", now=NOW + timedelta(seconds=2)) == []
    assert reading.get(conn, id_, NOW).state is State.NEW
    conn.execute("UPDATE source SET outcome = 'FRESH'")
    later = NOW + timedelta(minutes=1)
    hear(conn, observation("1", occurred=later, updated=later), now=later)
    assert names(reader, "state:new firing:yes", now=later) == ["1"]
    conn.execute("UPDATE action SET undone_by = 'a-2'")
    assert conn.execute("SELECT blocked_at FROM queue").fetchone() == (None,)


INSTANT = st.none() | st.integers(-12, 3).map(lambda hours: NOW + timedelta(hours=hours))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    facts=st.builds(
        triage.Facts,
        workflow=st.sampled_from(Workflow),
        active=st.booleans(),
        sequence=st.booleans(),
        last_occurred=INSTANT,
        acknowledged_at=INSTANT,
        snoozed_at=INSTANT,
        snoozed_until=st.none() | st.sampled_from([1, 24 * 7, 24 * 7 + 3]).map(lambda h: NOW + timedelta(hours=h)),
        snooze_fits=st.booleans(),
        resolved_at=INSTANT,
        blocked_at=INSTANT,
        resumed_at=INSTANT,
        leaks=st.booleans(),
        fresh=st.booleans(),
    )
)
def test_sql_and_triage_agree_on_every_state(conn, facts):
    """Both are the contract: the filter's answer is what the detail of the same finding says."""
    if conn.execute("SELECT count(*) FROM finding").fetchone() == (0,):
        hear(conn, observation("1"))

    def at(value):
        return None if value is None else micros(value)

    conn.execute(
        "UPDATE finding SET workflow = ?, active = ?, sequence = ?, occurred = ?, resolved_at = ?, resumed_at = ?, "
        "leaks = ?",
        (
            facts.workflow.value,
            facts.active,
            facts.sequence,
            at(facts.last_occurred),
            at(facts.resolved_at),
            at(facts.resumed_at),
            facts.leaks,
        ),
    )
    conn.execute(
        "UPDATE queue SET acked_at = ?, snoozed_at = ?, snoozed_until = ?, "
        "snooze_print = iif(?, print, x'ff'), blocked_at = ?",
        (
            at(facts.acknowledged_at),
            at(facts.snoozed_at),
            at(facts.snoozed_until),
            facts.snooze_fits,
            at(facts.blocked_at),
        ),
    )
    fresh = '["guardduty/111122223333/eu-central-1"]' if facts.fresh else "[]"
    found = conn.execute(
        f"SELECT {standing_sql.STATE}, {standing_sql.LEAVING}, {standing_sql.FIRING} FROM queue",
        {"now": micros(NOW), "fresh": fresh},
    ).fetchone()
    state, leaving, firing = triage.state(facts, NOW)
    assert found == (state.value, leaving and leaving.value, firing)


def test_newest_critical_and_oldest_waiting(conn, reader):
    earlier = NOW - timedelta(minutes=10)
    put(conn, observation("1"), observation("2", severity=Severity.CRITICAL, sample=True), now=earlier)
    put(conn, observation("3", severity=Severity.CRITICAL), now=NOW)
    assert reader.newest_critical_since(earlier, now=NOW).place.raw() == "bucket-3"
    assert reader.newest_critical_since(NOW, now=NOW) is None
    assert reader.oldest_unacknowledged(NOW).place.raw() == "bucket-1"


def test_an_unknown_finding_has_no_position_and_no_detail(conn, reader):
    assert reader.position_of("f-000000000000", View.ALL, now=NOW) is None
    assert findings.get(conn, "f-000000000000") is None
    assert findings.get(conn, "") is None
    assert findings.get(conn, "f-") is None
    assert findings.bodies(conn, "nothing") == []
