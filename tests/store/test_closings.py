"""Findings that nobody contained by name: blocked when every way out that they tell of is closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from socconsole.model.finding import Actor, Resource
from socconsole.store import actions, recover
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from tests.store.builders import ACCOUNT, hub
from tests.store.desk import fill, named, store
from tests.store.test_actions import contain, tell

LONG_AGO = datetime(2026, 3, 1, tzinfo=UTC)
ROLE = (Actor("role", Untrusted("vllm")),)


def told(folder: StateFolder, name: str, *, at: datetime = LONG_AGO, **over: Any) -> None:
    """A finding about the bucket ``corpus``, unless said otherwise; by strangers."""
    values = {"resource": "corpus", "actors": (), "occurred": at, "updated": at, **over}
    fill(folder, hub(name, **values))


def blocked(folder: StateFolder, *names: str) -> list[bool]:
    with store(folder) as conn:
        found = dict(conn.execute("SELECT id, blocked_at IS NOT NULL FROM queue").fetchall())
    return [bool(found[named(name)]) for name in names]


def closed(folder: StateFolder, id_: str = "a-1", *names: str, **over: Any) -> None:
    contain(folder, id_, finding=None, closes=list(names or ["bucket:corpus"]), **over)


def test_the_others_about_the_same_way_follow_while_it_holds(folder: StateFolder) -> None:
    told(folder, "one")
    told(folder, "other", resource="corpus-2")
    told(folder, "ours", actors=ROLE)
    closed(folder)
    assert blocked(folder, "one", "other", "ours") == [True, False, False]
    with store(folder) as conn:
        assert [done.id for done in actions.of_finding(conn, named("one"))] == ["a-1"], "by what, its screen says"
        assert actions.of_finding(conn, named("other")) == []
    tell(folder, "verified", id="a-1", state="partial", when="60 s", held=False)
    assert blocked(folder, "one") == [False]
    tell(folder, "verified", id="a-1", state="applied", when="5 min", held=True)
    assert blocked(folder, "one") == [True]
    contain(folder, "a-2", finding=None, undoes="a-1", closes=["bucket:corpus"])
    assert blocked(folder, "one") == [False], "and what an undo would close counts for nothing"
    closed(folder, "a-3", "bucket:corpus", "bucket:corpus whole")
    assert blocked(folder, "one", "ours") == [True, True]


def test_one_that_comes_in_later_follows_too_and_one_that_fires_again_does_not(folder: StateFolder) -> None:
    closed(folder)
    told(folder, "late")
    assert blocked(folder, "late") == [True]
    with store(folder) as conn:
        (since,) = conn.execute("SELECT blocked_at FROM queue WHERE id = ?", (named("late"),)).fetchone()
    again = datetime.now(UTC) + timedelta(minutes=1)
    told(folder, "late", at=again)
    with store(folder) as conn:
        now, resumed = conn.execute(
            "SELECT blocked_at, resumed_at FROM queue WHERE id = ?", (named("late"),)
        ).fetchone()
    assert now == since, "since when it is blocked does not move"
    assert resumed is not None, "so that it is new again"


def test_all_of_several_ways_have_to_be_closed_and_the_last_one_counts(folder: StateFolder) -> None:
    two = tuple(Resource("AwsS3Bucket", Untrusted(f"arn:aws:s3:::{name}")) for name in ("corpus", "exports"))
    told(folder, "both", resources=two)
    closed(folder)
    assert blocked(folder, "both") == [False]
    closed(folder, "a-2", "bucket:exports")
    with store(folder) as conn:
        (at,) = conn.execute("SELECT blocked_at FROM queue WHERE id = ?", (named("both"),)).fetchone()
        (last,) = conn.execute("SELECT settled FROM action WHERE id = 'a-2'").fetchone()
    assert at == last


def test_a_principal_is_the_way_of_what_it_does_in_its_own_account(folder: StateFolder) -> None:
    told(folder, "role", actors=ROLE, resources=())
    closed(folder, "a-1", "role:999988887777/vllm")
    assert blocked(folder, "role") == [False], "another account's role of that name"
    closed(folder, "a-2", f"role:{ACCOUNT}/vllm")
    assert blocked(folder, "role") == [True]


def test_a_finding_that_turns_out_to_name_another_way_is_blocked_no_more(folder: StateFolder) -> None:
    told(folder, "one")
    closed(folder)
    told(folder, "one", actors=ROLE, at=LONG_AGO + timedelta(minutes=1))
    assert blocked(folder, "one") == [False]


def test_titles_are_trusted_for_nothing(folder: StateFolder) -> None:
    told(folder, "liar", resource="other", title="corpus corpus", description="arn:aws:s3:::corpus")
    closed(folder)
    assert blocked(folder, "liar") == [False]


def test_what_is_blocked_survives_the_loss_of_the_store(folder: StateFolder) -> None:
    told(folder, "one")
    closed(folder)
    folder.store_db.unlink()
    recover.recover(folder.root)
    told(folder, "one")
    assert blocked(folder, "one") == [True]
