"""The bench itself: it sees a delay that is there, takes nothing for painted that is not, and counts fairly."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench.estates import scenario
from bench.figure import Budget, Row, table
from bench.figures.paint import press
from bench.figures.posture import judged, read
from bench.figures.quiet import _by_line
from bench.machine import HAVE_PROC
from bench.records import TOP
from bench.screen import Shot, Shown, Timed, await_each, changed, least_bytes
from bench.stats import Ratio, median, paired_ratio, percentile

from bench import fixtures, subjects
from socconsole.model.posture import Verdict
from socconsole.store import db, findings
from tests.embedded import instead

pytestmark = pytest.mark.skipif(not HAVE_PROC, reason="the bench counts CPU by Linux's schedstat")

DELAY_MS = 50.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fixtures.store(TOP, tmp_path_factory.mktemp("cache"))


def test_a_sleep_of_50_ms_on_a_key_is_noticed(store: Path) -> None:
    plain, slow = subjects.datatable(store), subjects.datatable(store, delay_ms=DELAY_MS)
    with plain.run() as quick, slow.run() as late:
        quick.await_paint(plain.ready)
        late.await_paint(slow.ready)
        rounds = [(press(plain, quick, 1, seed, keys=8), press(slow, late, 1, seed, keys=8)) for seed in range(3)]
    delayed = [each for _, took in rounds for each in took]
    # The sleep is a lower limit of every key, however busy the machine; the difference is what the bench says of it.
    assert min(delayed) >= DELAY_MS
    assert median(delayed) - median([each for took, _ in rounds for each in took]) >= DELAY_MS / 2


def test_what_is_never_painted_is_no_figure(store: Path) -> None:
    subject = subjects.datatable(store)
    with subject.run() as terminal:
        terminal.await_paint(subject.ready)
        with pytest.raises(AssertionError, match="never painted"):
            terminal.await_paint(lambda shown: "no such text" in shown.text, patience=0.3)


def test_of_several_screens_none_waits_for_another() -> None:
    program = ["/bin/sh", "-c", "read -r line; echo done; read -r rest"]  # it stays until it was looked at
    with Timed(program, columns=80) as first, Timed(program, columns=81) as second:
        second.send("\n")

        def painted(shown: Shown) -> bool:
            stands = "done" in shown.text
            if stands and shown.columns == second.columns:
                first.send("\n")  # it paints only when the other one was seen
            return stands

        at = await_each([first, second], painted)
        assert at[1] < at[0]
        with pytest.raises(AssertionError, match="never painted"):
            await_each([first, second], lambda shown: "no such text" in shown.text, patience=0.3)


def test_row_i_of_the_list_is_the_finding_with_serial_i(store: Path) -> None:
    subject = subjects.console(fixtures.copy(store, store.parent / "copy"))
    with subject.run() as terminal:
        terminal.await_paint(subject.ready)
        terminal.await_paint(lambda shown: [subjects.serial(shown.line(y)) for y in range(4, 24)] == list(range(20)))
        assert subject.cursor(terminal.now) == 0


def test_a_later_version_of_a_record_updates_its_finding(store: Path) -> None:
    with db.writing(fixtures.copy(store, store.parent / "versions")) as conn:
        base = fixtures.base(conn)
        again = findings.commit(
            conn, fixtures.records(range(9), base), answer=None, origin="bench", now=datetime.now(UTC)
        )
        later = findings.commit(
            conn, fixtures.records(range(9), base, 1), answer=None, live=True, origin="bench", now=datetime.now(UTC)
        )
        order = [title[:7] for (title,) in conn.execute("SELECT title FROM queue ORDER BY score DESC, at DESC LIMIT 9")]
    assert (again.unchanged, later.updated) == (9, 9)
    assert order == [f"{serial:07}" for serial in range(9)]


def test_an_estate_to_measure_on_is_read_wholly_and_each_call_counted() -> None:
    account = "111122223333"
    with instead(scenario({(account,): 4})) as aws:
        found = read(aws, (account,), 4)
        assert found.calls.total() == len(aws.journal.calls())
    rounds = judged(found)
    assert {(one.place.region, len(one.endpoints), one.unanswered) for one in rounds} == {
        ("eu-central-1", 4, ()),
        ("eu-west-1", 4, ()),
    }
    assert {result.verdict for one in rounds for result in one.results} >= {Verdict.PASS, Verdict.FAIL}
    assert found.calls["sagemaker"] > 2 * found.calls["cloudtrail"] > 0


def test_only_changed_cells_are_counted() -> None:
    plain = ("default", "default", False)
    before = Shot((("a", "b", "c"),), ((plain, plain, plain),))
    after = Shot((("a", "X", "c"),), ((plain, plain, ("ff0000", "default", False)),))
    assert changed(before, before) == []
    assert least_bytes(before, before) == 0
    assert changed(before, after) == [(0, 1), (0, 2)]
    assert least_bytes(before, after) > len("\x1b[1;2HXc")


def test_bytes_are_told_apart_by_line() -> None:
    assert list(_by_line(b"\x1b[?2026h\x1b[1;5Hab\x1b[12;1Hcdef")) == [(1, 8), (12, 11)]


def test_a_budget_is_missed_only_by_the_whole_interval() -> None:
    most, least = Budget(1.2), Budget(3, at_least=True)
    assert most.verdict(Ratio(1.1, 1.0, 1.3)) == "met"
    assert most.verdict(Ratio(1.3, 1.1, 1.5)) == "undecided"
    assert most.verdict(Ratio(1.4, 1.3, 1.5)) == "NOT MET"
    assert least.verdict(Ratio(3.3, 2.9, 3.5)) == "met"
    assert least.verdict(Ratio(0.5, 0.4, 0.6)) == "NOT MET"


def test_ratios_of_paired_rounds_ignore_what_slows_both() -> None:
    peer = [10.0, 20.0, 40.0, 10.0, 15.0, 80.0, 10.0]
    found = paired_ratio([2 * each for each in peer], peer)
    assert (found.low, found.mid, found.high) == pytest.approx((2, 2, 2))
    assert percentile([1.0, 2.0, 3.0], 50) == 2
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


def test_the_table_names_what_was_not_measured() -> None:
    rows = [
        Row("a", "1 ms", "b 2 ms", Ratio(0.5, 0.4, 0.6), Budget(1), "7"),
        Row("c", "skipped", note="htop is not installed"),
    ]
    lines = table(rows)
    assert "0.5 [0.4 to 0.6]" in lines[2]
    assert "met" in lines[2]
    assert lines[3].startswith("c (1)")
    assert lines[-1] == "(1) htop is not installed"
