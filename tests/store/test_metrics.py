"""What the ledger says of how long things took: hand-made ledgers with what has to come of them."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from socconsole.commands import Acknowledge, Snooze, TakeBack
from socconsole.formats import began
from socconsole.model.action import Plan, Reversible
from socconsole.model.entry import Entry, Line
from socconsole.model.finding import Format
from socconsole.model.world import Place
from socconsole.response.book import write_intent
from socconsole.response.records import Consent
from socconsole.store import adopted, facts, ledger, lifetimes, measuring
from socconsole.store.instants import micros
from socconsole.store.measuring import BEFORE, ELSEWHERE, ENDED, GONE, HARMLESS, IMPORTED, MERGED
from socconsole.store.metrics import UNMEASURABLE, Measure, Metric, Name, metric, target
from socconsole.store.metrics import Item as MetricItem
from socconsole.store.state import StateFolder
from tests.store.builders import NOW, hub
from tests.store.desk import act, fill, named

ZERO = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
"""When the ledgers here begin. Seconds count from here."""

OURS, THEIRS = "i-ours", "i-theirs"
S = 1_000_000


class Book:
    """A ledger made by hand; ``at`` and everything of facts is in seconds."""

    def __init__(self, kind: str = "live") -> None:
        self.lines: list[Line] = []
        self.write("world", 0, data={"kind": kind})

    def write(self, verb: str, at: float, *ids: str, data: Mapping[str, Any] | None = None) -> Line:
        entry = Entry(verb, "ana", ids, data or {})
        line = Line(len(self.lines) + 1, ZERO + timedelta(seconds=at), OURS, "s-1", entry, "ab" * 32)
        self.lines.append(line)
        return line

    def decide(
        self, verb: str, at: float, *ids: str, told: Mapping[str, list[Any]] | None = None, batch: str = "", **data: Any
    ) -> None:
        self.write(verb, at, *ids, data={"batch": batch or f"b-{len(self.lines)}", "facts": told or {}, **data})

    def contain(self, at: float, id_: str, action: str, state: str, told: Mapping[str, list[Any]]) -> None:
        self.write("intent", at, action, id_, data={"id": action, "finding": id_, "undoes": None, "facts": told})
        self.write("outcome", at + 1, action, id_, data={"id": action, "state": state})

    def adopt(self, made: Line, at: float, install: str = THEIRS) -> None:
        origin = adopted.Origin(install, made.seq, made.hash, made.at)
        entry = adopted.entry(origin, made.entry, "h-1", "bob")
        self.lines.append(Line(len(self.lines) + 1, ZERO + timedelta(seconds=at), OURS, "s-1", entry, "cd" * 32))

    def at(self, seconds: float) -> lifetimes.Lives:
        return lifetimes.of(self.lines, ZERO + timedelta(seconds=seconds))

    def measure(self, name: Name, seconds: float, since: float | None = None) -> Metric:
        lives = self.at(seconds)
        start = None if since is None else micros(ZERO) + int(since * S)
        return next(one for one in measuring.measure(lives, lives.own, start) if one.name is name)


def fact(
    happened: float | None,
    seen: float | None,
    severity: str = "HIGH",
    kind: str = "threat",
    sources: str = "guardduty",
    published: float | None = None,
) -> list[Any]:
    moments = (happened, published, seen)
    return [severity, kind, sources, *(None if one is None else micros(ZERO) + int(one * S) for one in moments)]


def seconds(one: Measure) -> tuple[list[float], list[float], dict[str, int]]:
    """(how long, how long open, why not in it)"""
    return [value / S for value in one.took], [age / S for age in one.waiting], dict(one.apart)


def f(n: int) -> dict[str, list[Any]]:
    """Finding ``f-n``: happened at 10·n s, seen at 10·n + 4 s."""
    return {f"f-{n}": fact(10 * n, 10 * n + 4)}


def test_each_metric_of_one_incident_has_the_values_that_its_entries_tell() -> None:
    book = Book()
    book.decide("acknowledge", 60, "f-1", "f-2", told=f(1) | f(2))
    book.decide("claim", 30, "f-1", told=f(1))  # written later, made before: the first counts
    book.contain(100, "f-1", "a-1", "partial", f(1))
    book.write("verified", 160, "a-1", data={"id": "a-1", "state": "applied"})
    book.contain(200, "f-2", "a-2", "not_applied", f(2))
    book.decide("verdict", 300, "f-1", told=f(1), verdict="TRUE_POSITIVE")
    book.write("ended", 400, "f-2", data={"how": "archived", "waiting": False})
    book.write("case_open", 100, "f-1", data={"case": "c-1", "severity": "HIGH", "facts": f(1)})
    book.write("case_change", 110, data={"case": "c-1", "field": "severity", "value": "CRITICAL"})
    book.write("case_close", 1_100, data={"case": "c-1"})
    told = {name: seconds(book.measure(name, 2_000).whole) for name in Name}
    assert told == {
        Name.DETECT: ([4, 4], [], {}),
        Name.ACKNOWLEDGE: ([16, 36], [], {}),
        Name.CONTAIN: ([146], [1_976], {}),  # what was ordered for f-2 does not hold: it waits
        Name.RESOLVE: ([286, 376], [], {}),
        Name.CLOSE: ([1_000], [], {}),
    }
    assert list(book.measure(Name.CLOSE, 2_000).by_severity) == ["CRITICAL"]


def test_what_still_waits_is_counted_with_its_age_in_every_period() -> None:
    book = Book()
    book.write("unacknowledged", 920, "f-1", "f-2", data={"after_minutes": 15, "facts": f(1) | f(2)})
    book.decide("snooze", 930, "f-2", told=f(2), until=micros(ZERO) + 5_000 * S)
    book.decide("note", 940, "f-3", told=f(3))
    book.decide("acknowledge", 950, "f-1", told=f(1))
    whole = book.measure(Name.ACKNOWLEDGE, 1_000).whole
    assert (whole.n, whole.open, whole.snoozed) == (1, 2, 1)
    assert seconds(whole) == ([936], [966, 976], {})
    later = book.measure(Name.ACKNOWLEDGE, 9_000, since=8_000).whole
    assert (later.n, later.open, later.snoozed) == (0, 2, 0), "a snooze that is over is over; what waits still waits"
    before = book.measure(Name.ACKNOWLEDGE, 945).whole
    assert (before.n, before.open) == (0, 3), "as of a moment, later entries were not made"


def test_an_act_that_was_taken_back_did_not_happen() -> None:
    book = Book()
    book.decide("acknowledge", 60, "f-1", "f-2", told=f(1) | f(2), batch="b-x")
    book.decide("take_back", 70, "f-1", of="b-x", field="ack", restore={"f-1": None})
    whole = book.measure(Name.ACKNOWLEDGE, 100).whole
    assert seconds(whole) == ([36], [86], {})
    book.decide("claim", 80, "f-1")
    assert seconds(book.measure(Name.ACKNOWLEDGE, 100).whole) == ([36, 66], [], {})


@pytest.mark.parametrize(
    ("name", "told", "expected"),
    [
        (Name.DETECT, fact(None, 50), ([], [], {UNMEASURABLE: 1})),
        (Name.DETECT, fact(-3_600, 50), ([], [], {BEFORE: 1})),
        (Name.DETECT, fact(-3_600, 50, published=-60), ([], [], {BEFORE: 1})),
        (Name.DETECT, fact(-3_600, 50, published=40), ([3_650], [], {})),  # AWS took an hour to tell
        (Name.DETECT, fact(60, 50), ([-10], [], {})),  # by two clocks that disagree, and said so
        (Name.ACKNOWLEDGE, None, ([], [], {UNMEASURABLE: 1})),  # as entries were before facts were kept
        (Name.DETECT, None, ([], [], {UNMEASURABLE: 1})),
        (Name.ACKNOWLEDGE, ["HIGH", "threat", "guardduty", "soon", 1.5, True], ([], [], {UNMEASURABLE: 1})),
        (Name.ACKNOWLEDGE, "HIGH", ([], [], {UNMEASURABLE: 1})),
        (Name.ACKNOWLEDGE, [["HIGH"], {}, 7, 2**60, None, -1], ([], [], {UNMEASURABLE: 1})),
        (Name.ACKNOWLEDGE, fact(40, 50, kind="sample"), ([], [], {})),
        (Name.ACKNOWLEDGE, fact(40, 50, kind="control"), ([], [], {})),
        (Name.ACKNOWLEDGE, fact(40, 50, sources="socconsole"), ([], [], {})),
        (Name.ACKNOWLEDGE, fact(40, 50, severity="\x1b[31m"), ([50], [], {})),
    ],
    ids=[
        "no-happened", "before-us", "told-before-us", "told-late", "below-zero", "old-entry", "old-entry-detect",
        "odd-moments", "no-list", "odd-types", "sample", "control", "our-own-alarm", "odd-severity",
    ],
)  # fmt: skip
def test_what_an_entry_does_not_tell_is_never_guessed(name: Name, told: Any, expected: Any) -> None:
    book = Book()
    book.decide("acknowledge", 100, "f-1", told={"f-1": told} if told is not None else None)
    assert seconds(book.measure(name, 200).whole) == expected
    found = book.measure(name, 200)
    assert all(key.isprintable() for key in (*found.by_severity, *found.by_source))


def test_what_no_metric_is_about_is_counted_by_why() -> None:
    book = Book()
    odd = {"f-1": fact(1, 2, kind="sample"), "f-2": fact(1, 2, kind="control"), "f-3": fact(1, 2, sources="socconsole")}
    book.decide("acknowledge", 100, *odd, "f-4", told=odd | {"f-4": fact(1, 2)})
    assert measuring.left_out(book.at(200).own) == {"samples": 1, "no threats": 1, "alarms of our own": 1}


def test_an_old_entry_is_measured_by_what_a_later_one_tells() -> None:
    book = Book()
    book.decide("acknowledge", 100, "f-1")
    book.decide("verdict", 200, "f-1", told=f(1), verdict="FALSE_POSITIVE")
    assert seconds(book.measure(Name.ACKNOWLEDGE, 300).whole) == ([86], [], {})
    assert list(book.measure(Name.ACKNOWLEDGE, 300).by_source) == ["guardduty"]


def test_what_ended_otherwise_stands_apart_with_why() -> None:
    book = Book()
    book.write("ended", 50, "f-1", data={"how": "gone", "facts": f(1)})
    book.contain(60, "f-2", "a-2", "in_doubt", f(2))
    book.decide("verdict", 70, "f-2", verdict="BENIGN_POSITIVE")
    for n in (1, 2):
        book.write("case_open", 80, data={"case": f"c-{n}", "severity": "LOW"})
    book.write("case_merge", 90, data={"case": "c-1", "into": "c-2"})
    book.write("case_close", 95, data={"case": "c-2"})
    book.write("case_change", 96, data={"case": "c-2", "field": "status", "value": "open"})
    assert seconds(book.measure(Name.ACKNOWLEDGE, 100).whole)[2] == {ENDED: 1}
    assert seconds(book.measure(Name.RESOLVE, 100).whole) == ([46], [], {GONE: 1})
    assert seconds(book.measure(Name.CONTAIN, 100).whole) == ([], [], {HARMLESS: 1})
    assert seconds(book.measure(Name.CLOSE, 100).whole) == ([], [20], {MERGED: 1}), "opened again: it is open"
    book.write("unacknowledged", 97, "f-1")
    assert seconds(book.measure(Name.ACKNOWLEDGE, 100).whole)[1] == [86], "told again, it waits again"


def test_what_waited_too_long_was_missed_however_it_ended() -> None:
    def judged(book: Book) -> tuple[str, int, int]:
        one = target(book.measure(Name.ACKNOWLEDGE, 20_000))
        return one.verdict, one.missed, one.unknown

    book = Book()
    book.decide("acknowledge", 60, "f-1", told=f(1))
    book.write("ended", 300, "f-2", data={"how": "archived", "facts": f(2)})
    assert judged(book) == ("met", 0, 0)
    untold = copy.deepcopy(book)
    untold.write("ended", 300, "f-3", data={"how": "archived"})
    assert judged(untold) == ("unknown", 0, 1), "nobody can tell how long it waited"
    theirs = Book()
    late = theirs.write("claim", 10_000, "f-4", data={"batch": "b-1", "facts": f(4)})
    soon = theirs.write("claim", 100, "f-5", data={"batch": "b-2", "facts": f(5)})
    book.write("unacknowledged", 50, "f-5", data={"facts": f(5)})
    book.adopt(soon, 15_000)
    book.write("ended", 11_000, "f-5", data={"how": "gone"})
    assert judged(book) == ("met", 0, 0), "somebody had taken it up before it ended"
    book.write("unacknowledged", 50, "f-4", data={"facts": f(4)})
    book.adopt(late, 15_000)
    assert judged(book) == ("not met", 1, 0)
    book.write("ended", 11_000, "f-6", data={"how": "archived", "facts": f(6)})
    assert judged(book) == ("not met", 2, 0)
    assert book.measure(Name.ACKNOWLEDGE, 20_000).whole.waited[-1] == (11_000 - 64) * S


def test_an_import_detects_nothing() -> None:
    book = Book("import")
    book.decide("acknowledge", 60, "f-1", told=f(1))
    assert seconds(book.measure(Name.DETECT, 100).whole)[2] == {IMPORTED: 1}


def test_entries_of_another_install_are_counted_once_and_apart() -> None:
    there = Book()
    there.decide("acknowledge", 60, "f-1", told=f(1))
    there.write("case_open", 70, data={"case": "c-1", "severity": "HIGH"})
    here = Book()
    here.write("unacknowledged", 40, "f-1", data={"facts": f(1)})
    for made in there.lines[1:]:
        here.adopt(made, 80)
    home = here.write("case_open", 85, data={"case": "c-2", "severity": "HIGH"})
    here.adopt(home, 90, install=OURS)  # it comes home with the handoff back
    here.write("case_close", 100, data={"case": "c-1"})
    for made in there.lines[1:]:
        here.adopt(made, 110)  # handed on once more: nothing of it happened again
    lives = here.at(200)
    mine = {one.name: seconds(one.whole) for one in measuring.measure(lives, lives.own)}
    theirs = {one.name: seconds(one.whole) for one in measuring.measure(lives, lives.adopted)}
    assert mine[Name.ACKNOWLEDGE] == ([], [], {ELSEWHERE: 1})
    assert mine[Name.CLOSE] == ([], [115], {})
    assert theirs[Name.ACKNOWLEDGE] == ([46], [], {})
    assert theirs[Name.CLOSE] == ([30], [], {})
    assert Name.DETECT not in theirs


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("acknowledge", {}),
        ("verdict", {"batch": "b", "verdict": "MAYBE"}),
        ("snooze", {"batch": "b", "until": "tomorrow"}),
        ("take_back", {"of": "b", "field": "ack", "restore": 7}),
        ("outcome", {"id": "a-1"}),
        ("outcome", {"id": "a-1", "state": "splendid"}),
        ("case_open", {"case": "c-9", "severity": "WORST"}),
        ("case_close", {"case": "c-unknown"}),
        ("ended", {}),
        ("adopted", {"origin": {}}),
        ("adopted", {"origin": None, "verb": "acknowledge"}),
    ],
)
def test_an_entry_in_a_strange_shape_is_counted_and_moves_nothing(verb: str, data: dict[str, Any]) -> None:
    book = Book()
    book.decide("acknowledge", 60, "f-1", told=f(1))
    book.write("intent", 61, "a-1", "f-1", data={"id": "a-1", "finding": "f-1"})
    before = [seconds(book.measure(name, 100).whole) for name in Name]
    book.write(verb, 62, "f-1", data=data)
    assert book.at(100).strange == 1
    assert [seconds(book.measure(name, 100).whole) for name in Name] == before


@pytest.mark.parametrize(("n", "median", "p90"), [(4, None, None), (5, 3, 5), (10, 5.5, 9), (11, 6, 10)])
def test_percentiles_are_of_five_and_more(n: int, median: float | None, p90: int | None) -> None:
    whole = metric(Name.CLOSE, [MetricItem(("HIGH", ""), took=value) for value in range(n, 0, -1)]).whole
    assert (whole.median, whole.p90, whole.took[-1]) == (median, p90, n)


@pytest.mark.parametrize(
    ("took", "ages", "verdict", "counts"),
    [
        ([60, 900], [], "met", (2, 0, 0, 0)),
        ([60, 901], [], "not met", (1, 1, 0, 0)),
        ([60], [899], "unknown", (1, 0, 1, 0)),
        ([60], [901], "not met", (1, 1, 0, 0)),
        ([60, -1], [], "unknown", (1, 0, 0, 1)),
        ([60], [None], "unknown", (1, 0, 0, 1)),
        ([], [], "unknown", (0, 0, 0, 0)),
    ],
    ids=["kept", "late", "may-still", "open-too-long", "below-zero", "ageless", "nothing"],
)
def test_a_target_is_met_only_when_all_are_known_to_keep_it(
    took: list[int], ages: list[int | None], verdict: str, counts: tuple[int, ...]
) -> None:
    items = [MetricItem(("HIGH", ""), took=value * S) for value in took]
    items += [MetricItem(("HIGH", ""), open=True, age=None if age is None else age * S) for age in ages]
    one_of = metric(Name.DETECT, items)
    one = target(one_of)
    assert (one.verdict, (one.met, one.missed, one.undecided, one.unknown)) == (verdict, counts)
    for doubt in (target(one_of, beside=None), target(one_of, beside=1), target(one_of, strange=1)):
        assert doubt.verdict == ("not met" if verdict == "not met" else "unknown")


@pytest.mark.parametrize(
    ("format_", "body"),
    [
        (Format.GUARDDUTY, b'{"Service":{"EventFirstSeen":"2026-03-01T03:00:00Z"}}'),
        (Format.GUARDDUTY, b'{"service":{"eventFirstSeen":1772334000}}'),
        (Format.ASFF, b'{"FirstObservedAt":"2026-03-01T03:00:00.000Z","CreatedAt":"2026-03-02T00:00:00Z"}'),
        (Format.ASFF, b'{"ProductFields":{"aws/guardduty/service/eventFirstSeen":"2026-03-01T04:00:00+01:00"}}'),
        (Format.OCSF, b'{"finding_info":{"first_seen_time":1772334000000}}'),
        (Format.TRAIL, b'{"first":"2026-03-01T03:00:00+00:00"}'),
        (Format.ASFF, b'{"FirstObservedAt":["x"]}'),
        (Format.GUARDDUTY, b"[not json"),
        (Format.OWN, b'{"first":"2026-03-01T03:00:00+00:00"}'),
    ],
    ids=["guardduty", "lower", "asff", "product-field", "ocsf", "trail", "odd", "no-json", "own"],
)  # fmt: skip
def test_the_first_time_is_what_the_record_itself_names(format_: Format, body: bytes, request: Any) -> None:
    expected = None if request.node.callspec.id in ("odd", "no-json", "own") else ZERO
    assert began.began(format_, body) == expected


def test_what_is_decided_carries_what_its_findings_were(folder: StateFolder) -> None:
    first = NOW - timedelta(hours=3)
    body = f'{{"FirstObservedAt": "{first.isoformat()}"}}'.encode()
    fill(folder, hub("9", body=body, occurred=NOW - timedelta(minutes=1)), hub("8", occurred=None, published=NOW))
    act(folder, Acknowledge((named(9), named(8)), "paged"))
    act(folder, Snooze((named(0),), NOW + timedelta(hours=1), "known"))
    told = [(line.entry.verb, line.entry.data[facts.KEY]) for line in ledger.read(folder, after=1)]
    seen = micros(NOW)
    assert told[0] == (
        "acknowledge",
        {
            named(9): ["HIGH", "threat", "securityhub", micros(first), micros(NOW - timedelta(minutes=4)), seen],
            named(8): ["HIGH", "threat", "securityhub", None, seen, seen],  # published is not happened
        },
    )
    assert told[1][1][named(0)][3] == micros(NOW - timedelta(minutes=5))
    act(folder, TakeBack())
    lives = lifetimes.read(folder, datetime.now(UTC))
    assert (lives.entries, lives.strange) == (3, 0)
    assert not lives.own.findings[named(0)].snoozed(micros(NOW) + 1)


def test_what_a_containment_was_for_is_on_its_intent_and_a_broken_store_does_not_hold_it_up(
    folder: StateFolder,
) -> None:
    def ordered() -> Mapping[str, Any]:
        plan = Plan(
            action="s3-block-public", target="b", place=Place("111122223333", "eu-central-1"), finding=named(0),
            helps=True, why="", instead="", calls=(), undo_calls=(), before={}, after={}, stops="", does_not_stop="",
            blast_radius="", reversible=Reversible.YES, wide=False, warnings=(), permitted="unknown", read_at=NOW,
        )  # fmt: skip
        head = write_intent(folder, "a-1", plan, "ana", "it leaks", None, Consent())
        return ledger.get(folder, [int(head.partition(":")[0])])[int(head.partition(":")[0])].entry.data

    assert set(ordered()[facts.KEY]) == {named(0)}
    folder.store_db.write_bytes(b"no database")
    assert facts.KEY not in ordered()


def test_ten_times_the_entries_take_about_ten_times_as_long() -> None:
    def took(count: int) -> float:
        book = Book()
        for n in range(count):
            book.decide("acknowledge", n, f"f-{n}", told={f"f-{n}": fact(n, n + 1)})
            if n % 3 == 0:
                book.decide("verdict", n, f"f-{n // 2}", verdict="TRUE_POSITIVE")
        begun = time.process_time()
        lives = book.at(2 * count)
        measuring.measure(lives, lives.own)
        return time.process_time() - begun

    took(100)
    small = min(took(1_000) for _ in range(3))
    assert took(10_000) < 60 * small
