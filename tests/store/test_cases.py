"""Cases: what acts write, what the store makes of it, whom it refuses, and the clocks that run."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from socconsole.clocks import nearest
from socconsole.commands import Acknowledge, Claim, Snooze
from socconsole.commands import cases as ask
from socconsole.config import CasesConfig, Config, ControllerConfig, DatasetConfig, EntityConfig
from socconsole.model.case import Case, CaseStatus, Line, SixLine
from socconsole.model.clock import Clock, ClockState, ids
from socconsole.model.clock import named as named_clock
from socconsole.model.finding import Leaving, Severity, State
from socconsole.store import (
    case_acts,
    case_clocks,
    case_findings,
    case_view,
    cases,
    evidence,
    findings,
    housekeeping,
    ledger,
    project,
    reading,
    six_lines,
)
from socconsole.store.case_acts import Acted
from socconsole.store.case_desk import CaseRefused
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from tests.store.builders import NOW, hub
from tests.store.desk import act as decide
from tests.store.desk import fill, named, store

SHOP, TECH = "Kaufhaus SE", "Kaufhaus Tech"
CONFIG = Config(
    dataset=(
        DatasetConfig(
            name="corpus", stores=("bucket-1",), categories=("pii",), entity=SHOP, subjects=("customers",),
            people=(100, 250), countries=("DE",),
        ),
        DatasetConfig(name="logs", stores=("bucket-2",), entity=TECH, role="processor"),
    ),
    entity=(
        EntityConfig(name=SHOP, country="DE", zone="Europe/Berlin", applies={"dora-19": False}),
        EntityConfig(name=TECH, controllers=(ControllerConfig(name="Marken GmbH", within="24h"),)),
    ),
    cases=CasesConfig(decide=("lead",)),
)  # fmt: skip
HOSTILE = "\x1b]0;owned\x07 [@click=quit]title\u202e"


def act(folder: StateFolder, request: ask.CaseRequest, who: str = "ana", now: datetime = NOW) -> Acted:
    return case_acts.act(folder, CONFIG, request, who, now)


def opened(folder: StateFolder, *numbers: int | str) -> str:
    return act(folder, ask.OpenCase(findings=tuple(named(n) for n in numbers))).case


def get(folder: StateFolder, id_: str) -> Case:
    with store(folder) as conn:
        found = cases.get(conn, id_)
    assert found is not None
    return found


def lines(folder: StateFolder, id_: str, config: Config = CONFIG) -> dict[Line, SixLine]:
    with store(folder) as conn:
        found = cases.get(conn, id_)
        assert found is not None
        return {one.line: one for one in six_lines.six_lines(conn, config, found, NOW)}


def clock(folder: StateFolder, id_: str, name: str, now: datetime = NOW):
    with store(folder) as conn:
        case = cases.get(conn, id_)
        assert case is not None
        return {one.id: one for one in case_clocks.of_case(conn, CONFIG, case, now)}[name]


def said_of(folder: StateFolder, case: Case) -> list[str]:
    with store(folder) as conn:
        return [one.words.raw() for one in case_view.history(folder, conn, case).lines]


def test_a_case_takes_title_and_severity_of_its_worst_finding_and_keeps_the_records(folder: StateFolder) -> None:
    fill(folder, hub("9", severity=Severity.CRITICAL, title=HOSTILE))
    case = get(folder, opened(folder, 1, 9))
    assert (case.title.raw(), case.severity, case.status) == (HOSTILE, Severity.CRITICAL, CaseStatus.OPEN)
    assert set(case.findings) == {named(1), named(9)}
    (kept,) = case.evidence
    assert named(9).encode() in evidence.get(folder, kept)
    with store(folder) as conn:
        assert cases.of_finding(conn, named(9)) == (case.id,)


def test_a_phone_call_is_a_finding_too_and_needs_a_title(folder: StateFolder) -> None:
    with pytest.raises(CaseRefused, match="needs a title"):
        act(folder, ask.OpenCase())
    case = get(folder, act(folder, ask.OpenCase(title="a journalist has our prompts")).case)
    assert (case.findings, case.severity) == ((), Severity.HIGH)
    assert lines(folder, case.id)[Line.WHAT].unknown


def test_old_and_new_value_stand_in_the_history_and_a_later_window_is_refused(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    seen = get(folder, id_).seq
    act(folder, ask.ChangeCase(case=id_, field="owner", value="bob", seen=seen), who="bob")
    with pytest.raises(CaseRefused, match="bob set the owner at 03:14:07Z"):
        act(folder, ask.ChangeCase(case=id_, field="owner", value="eve", seen=seen), who="eve")
    act(folder, ask.ChangeCase(case=id_, field="hypothesis", value="a stolen session", seen=seen))
    act(folder, ask.NoteCase(case=id_, text=HOSTILE))
    case = get(folder, id_)
    assert (case.owner.raw(), case.hypothesis.raw()) == ("bob", "a stolen session")
    with store(folder) as conn:
        said = [one.words.raw() for one in case_view.history(folder, conn, case).lines]
    assert "owner: ana → bob" in said
    assert any(one == f"note: {HOSTILE}" for one in said)


def test_whoever_says_something_else_of_the_same_thing_is_told_what_was_said_since(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    act(folder, ask.TakePlaybook(case=id_, playbook="public-bucket"))
    seen, name = get(folder, id_).seq, f"gdpr-33/notify@{SHOP}"
    aware = ask.SetMoment(case=id_, entity=SHOP, moment="aware", at=NOW, reason="the DPO called")
    act(folder, aware, who="ana")  # a suspicion: it contradicts nobody
    for request, again in (
        (
            ask.AnswerRegime(case=id_, entity=SHOP, regime="nis2-23", applies=True, reason="we host it"),
            {"applies": False},
        ),
        (ask.DecideNotify(case=id_, entity=SHOP, regime="gdpr-33", notify=False, reason="test data"), {"notify": True}),
        (aware, {"at": NOW - timedelta(minutes=1)}),
        (ask.TickStep(case=id_, playbook="public-bucket", step="who", note="ci-deploy"), {"skip": True}),
        (ask.MarkSent(case=id_, clock=name, at=NOW), {"at": NOW - timedelta(minutes=1)}),
    ):
        act(folder, msgspec.structs.replace(request, seen=seen), who="lead")
        with pytest.raises(CaseRefused, match=r"lead said at 03:14:07Z “.+” since you looked"):
            act(folder, msgspec.structs.replace(request, seen=seen, **again), who="lead")
        other = msgspec.structs.replace(request, seen=get(folder, id_).seq, **again)
        assert act(folder, other, who="lead").words, "whoever has seen it may amend it"


def test_splitting_and_merging_lose_nothing(folder: StateFolder) -> None:
    id_ = opened(folder, 1, 2, 3)
    part = act(folder, ask.SplitCase(case=id_, findings=(named(3),), title="another matter")).case
    assert get(folder, part).findings == (named(3),)
    assert set(get(folder, id_).findings) == {named(1), named(2)}
    act(folder, ask.HoldCase(case=part, on=True, reason="counsel asked"))
    act(folder, ask.NoteCase(case=part, text="seen before"))
    act(folder, ask.MergeCases(case=part, into=id_))
    whole = get(folder, id_)
    assert (len(whole.findings), whole.held) == (3, True)
    with store(folder) as conn:
        assert "note: seen before" in [one.words.raw() for one in case_view.history(folder, conn, whole).lines]
        assert [one.id for one in cases.each(conn)] == [id_]
        assert cases.of_finding(conn, named(3)) == (id_,)
    with pytest.raises(CaseRefused, match=f"{part} is part of {id_} now"):
        act(folder, ask.NoteCase(case=part, text="too late"))


def test_a_case_of_several_knows_what_any_of_them_knew(folder: StateFolder) -> None:
    """A merged into B, B into C: the call of two days ago, and what the first said, count for the whole."""
    call = NOW - timedelta(days=2)
    first = act(folder, ask.OpenCase(title="a journalist called"), now=call).case
    heard = ask.SetMoment(case=first, entity=SHOP, moment="personal_data", at=call, reason="he read some out")
    act(folder, heard, who="lead", now=call)
    second, third = opened(folder, 1), opened(folder, 2)
    act(folder, ask.MergeCases(case=first, into=second))
    act(folder, ask.MergeCases(case=second, into=third))
    assert clock(folder, third, f"gdpr-33/notify@{SHOP}").due == call + timedelta(hours=72)
    assert clock(folder, third, "team/dpo@team").due == call + timedelta(hours=1)


def test_of_merged_cases_the_earlier_moment_counts_and_a_no_of_one_is_none_of_both(folder: StateFolder) -> None:
    small, large = opened(folder, 2), opened(folder, 1)
    name, aware = f"gdpr-33/notify@{SHOP}", NOW - timedelta(hours=2)
    for case, at in ((small, aware), (large, NOW)):
        act(folder, ask.SetMoment(case=case, entity=SHOP, moment="aware", at=at, reason="it is known"), who="lead")
    no = ask.DecideNotify(case=small, entity=SHOP, regime="gdpr-33", notify=False, reason="test data only")
    act(folder, no, who="lead")
    act(folder, ask.MergeCases(case=small, into=large))
    merged = clock(folder, large, name)
    assert (merged.state, merged.due) == (ClockState.RUNNING, aware + timedelta(hours=72))
    amended = ask.SetMoment(case=large, entity=SHOP, moment="aware", at=NOW, reason="only now, for both")
    act(folder, amended, who="lead")
    assert clock(folder, large, name).due == NOW + timedelta(hours=72)


def test_a_case_split_off_keeps_the_moments_and_not_what_was_sent(folder: StateFolder) -> None:
    id_ = opened(folder, 1, 3)
    name, aware = f"gdpr-33/notify@{SHOP}", NOW - timedelta(minutes=2)
    act(folder, ask.SetMoment(case=id_, entity=SHOP, moment="aware", at=aware, reason="the DPO called"), who="lead")
    act(folder, ask.MarkSent(case=id_, clock=name, at=NOW))
    part = act(folder, ask.SplitCase(case=id_, findings=(named(1),), title="another matter")).case
    found = clock(folder, part, name)
    assert (found.state, found.about, found.due) == (ClockState.RUNNING, False, aware + timedelta(hours=72))


def test_what_was_said_by_one_who_may_not_moves_no_clock(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    name, aware = f"gdpr-33/notify@{SHOP}", NOW - timedelta(minutes=2)
    before = clock(folder, id_, name)
    assert before.about
    said = ask.SetMoment(case=id_, entity=SHOP, moment="aware", at=aware, reason="the DPO called")
    assert "suspicion" in act(folder, said, who="ana").words
    assert clock(folder, id_, name) == before
    act(folder, said, who="lead")
    after = clock(folder, id_, name)
    assert (after.about, after.due, after.conservative) == (False, aware + timedelta(hours=72), before.due)
    later = ask.SetMoment(case=id_, entity=SHOP, moment="aware", at=NOW, reason="the DPO was sure only then")
    assert "amended: it was" in act(folder, later, who="lead").words
    assert clock(folder, id_, name).due == NOW + timedelta(hours=72)
    with store(folder) as conn:
        history = [one.words.raw() for one in case_view.history(folder, conn, get(folder, id_)).lines]
    assert sum("aware at" in one for one in history) == 3
    with pytest.raises(CaseRefused, match="future"):
        act(folder, ask.SetMoment(case=id_, entity=SHOP, moment="aware", at=NOW + timedelta(hours=1), reason="x"))


def test_each_entity_has_its_own_clocks_in_its_own_role(folder: StateFolder) -> None:
    id_ = opened(folder, 1, 2)
    with store(folder) as conn:
        found = {one.id: one for one in case_clocks.of_case(conn, CONFIG, get(folder, id_), NOW)}
    assert f"gdpr-33/notify@{SHOP}" in found
    assert f"gdpr-33/notify@{TECH}" not in found
    assert found[f"gdpr-33-2/tell@{TECH}>Marken GmbH"].due is not None
    assert found[f"dora-19/initial@{SHOP}"].state is ClockState.NOT_APPLICABLE
    assert found[f"nis2-23/early-warning@{SHOP}"].state is ClockState.ASK
    first = nearest(tuple(found.values()))
    assert first is not None
    assert first.id == "team/update@team"
    assert found["team/triage@team"].state is ClockState.MET, "whoever opened it has looked at it"


@pytest.mark.parametrize("outside", [True, False], ids=["never-in-it", "taken-out"])
def test_an_entity_of_which_something_was_said_is_a_party(folder: StateFolder, outside: bool) -> None:
    """Its clock runs though no finding of the case is about its data, or none is any more."""
    id_ = opened(folder, 1) if outside else opened(folder, 1, 2)
    name = f"gdpr-33-2/tell@{TECH}>Marken GmbH"
    aware = NOW - timedelta(minutes=2)
    act(folder, ask.SetMoment(case=id_, entity=TECH, moment="aware", at=aware, reason="it called"), who="lead")
    if not outside:
        act(folder, ask.DetachFindings(case=id_, findings=(named(2),), reason="another matter"))
    assert clock(folder, id_, name).due == aware + timedelta(hours=24)


def test_an_entity_is_a_party_by_a_yes_and_not_by_a_no_or_a_suspicion(folder: StateFolder) -> None:
    id_ = opened(folder, 1)

    def running() -> set[str]:
        with store(folder) as conn:
            return {one.entity for one in case_clocks.of_case(conn, CONFIG, get(folder, id_), NOW)}

    no = ask.AnswerRegime(case=id_, entity=TECH, regime="nis2-23", applies=False, reason="too small")
    act(folder, no, who="lead")
    act(folder, ask.SetMoment(case=id_, entity=TECH, moment="aware", at=NOW, reason="I think so"), who="ana")
    assert TECH not in running()
    act(folder, msgspec.structs.replace(no, applies=True), who="lead")
    assert running() == {SHOP, TECH, "team"}


def test_data_that_nobody_mapped_is_never_nobodys(folder: StateFolder) -> None:
    id_ = opened(folder, 4)
    with store(folder) as conn:
        found = {one.entity for one in case_clocks.of_case(conn, CONFIG, get(folder, id_), NOW)}
        without = {one.entity for one in case_clocks.of_case(conn, Config(), get(folder, id_), NOW)}
    assert {SHOP, TECH} < found
    assert case_clocks.NOBODY in without
    people = lines(folder, id_)[Line.PEOPLE]
    assert people.answer.raw() == ""
    assert "bucket-4: unmapped, which is not nobody" in people.unknown


def test_the_six_lines_say_what_is_known_and_what_is_not(folder: StateFolder) -> None:
    said = lines(folder, opened(folder, 1, 2))
    assert list(said) == list(Line)
    assert said[Line.WHAT].answer.raw() == "corpus (pii); logs (no categories declared)"
    assert said[Line.PEOPLE].answer.raw() == "100 to 250 customers (DE)"
    assert said[Line.PEOPLE].unknown == "logs: nobody declared how many"
    assert "address 203.0.113.9" in said[Line.WHO].answer.raw()
    assert "outside this case" in said[Line.ELSEWHERE].answer.raw()
    assert said[Line.ELSEWHERE].unknown == "no trail is read"
    assert all(one.source for one in said.values())
    assert said[Line.LEAVING].answer.raw().startswith("yes: by Objects read in bulk")
    assert said[Line.LEAVING].unknown == "how much: its way out was not discovered"


def test_a_case_is_not_closed_over_running_clocks_unless_somebody_says_so(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    with pytest.raises(CaseRefused, match="clocks open"):
        act(folder, ask.CloseCase(case=id_, reason="done"))
    act(folder, ask.CloseCase(case=id_, reason="a test of ours", anyway=True))
    assert get(folder, id_).status is CaseStatus.CLOSED
    with pytest.raises(CaseRefused, match="is closed"):
        act(folder, ask.AttachFindings(case=id_, findings=(named(2),)))
    act(folder, ask.ChangeCase(case=id_, field="status", value="open"))
    assert get(folder, id_).closed is None


def test_a_clock_is_named_in_short_where_one_has_that_name_and_else_the_names_are_told(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    with pytest.raises(CaseRefused, match=r"has no clock gdpr: .*gdpr-33/notify, .*team/triage"):
        act(folder, ask.MarkSent(case=id_, clock="gdpr", at=NOW, receipt=""))
    assert "done" in act(folder, ask.MarkSent(case=id_, clock="GDPR-33/Notify", at=NOW, receipt="77")).words
    assert clock(folder, id_, f"gdpr-33/notify@{SHOP}").state is ClockState.MET
    act(folder, ask.AnswerRegime(case=id_, entity=SHOP, regime="NIS2-23", applies=True, reason="it does"), who="lead")

    two = (Clock("r/d@a b", "r", "d", "", "a b", "controller", "", ClockState.RUNNING, None, None, False, None, None),)
    two = (*two, replace(two[0], id="r/d@a", entity="a"))
    assert named_clock(two, "r/d 10m") == (None, "r/d 10m")
    assert named_clock(two, "R/D@A B 10m") == (two[0], "10m")
    assert named_clock(two, "r/d@a 10m") == (two[1], "10m")
    assert ids(two) == "r/d@a b, r/d@a"


def test_a_moment_before_the_first_event_is_kept_and_said_to_be_before_it(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    early = NOW - timedelta(minutes=35)
    said = act(
        folder, ask.SetMoment(case=id_, entity=SHOP, moment="aware", at=early, reason="a call"), who="lead"
    ).words
    assert "before the first event of it that is known, 2026-03-01 03:09:07Z" in said
    assert clock(folder, id_, f"gdpr-33/notify@{SHOP}").start == early
    late = ask.SetMoment(case=id_, entity=SHOP, moment="aware", at=NOW, reason="no, later")
    assert "before" not in act(folder, late, who="lead").words


def test_deciding_and_sending_settle_clocks(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    name = f"gdpr-33/notify@{SHOP}"
    decision = ask.DecideNotify(case=id_, entity=SHOP, regime="gdpr-33", notify=False, reason="encrypted, keys safe")
    with pytest.raises(CaseRefused, match="lead may"):
        act(folder, decision)
    act(folder, decision, who="lead")
    assert clock(folder, id_, name).state is ClockState.NOT_OWED
    act(folder, ask.DecideNotify(case=id_, entity=SHOP, regime="gdpr-33", notify=True, reason="keys too"), who="lead")
    assert clock(folder, id_, name).state is ClockState.RUNNING
    act(folder, ask.MarkSent(case=id_, clock=name, at=NOW, receipt="BlnBDI 4711"))
    assert clock(folder, id_, name).state is ClockState.MET
    with pytest.raises(CaseRefused, match="has no clock"):
        act(folder, ask.MarkSent(case=id_, clock="gdpr-33/notify@nobody", at=NOW))


def test_when_something_was_sent_is_amended_by_saying_it_again(folder: StateFolder) -> None:
    id_, other, name = opened(folder, 1), opened(folder, 2), f"gdpr-33/notify@{SHOP}"
    early, right = NOW - timedelta(minutes=3), NOW - timedelta(minutes=1)
    for at in (early, right):
        words = act(folder, ask.MarkSent(case=id_, clock=name, at=at)).words
    assert f"amended: it was {early:%Y-%m-%d %H:%MZ}" in words
    assert clock(folder, id_, name).met == right
    assert sum("gdpr-33/notify done at" in one for one in said_of(folder, get(folder, id_))) == 2
    act(folder, ask.AttachFindings(case=other, findings=(named(1),)))
    act(folder, ask.MarkSent(case=other, clock=name, at=NOW))
    act(folder, ask.MergeCases(case=id_, into=other))
    assert clock(folder, other, name).met == right, "of two cases the earlier, and nothing that was amended"


@pytest.mark.parametrize("role", ["controller", "processor"])
def test_what_was_sent_is_found_again_whatever_the_entity_is_called(folder: StateFolder, role: str) -> None:
    entity = EntityConfig(name="Shop > Tech", controllers=(ControllerConfig(name="A > B", within="24h"),))
    dataset = DatasetConfig(name="logs", stores=("bucket-2",), entity=entity.name, role=role)
    config = Config(dataset=(dataset,), entity=(entity,))
    case = case_acts.act(folder, config, ask.OpenCase(findings=(named(2),)), "ana", NOW).case

    def running() -> Clock:
        with store(folder) as conn:
            every = case_clocks.of_case(conn, config, get(folder, case), NOW)
        return next(one for one in every if one.regime in ("gdpr-33", "gdpr-33-2"))

    case_acts.act(folder, config, ask.MarkSent(case=case, clock=running().id, at=NOW), "ana", NOW)
    assert running().state is ClockState.MET


def test_a_thousand_findings_make_a_case_that_opens(folder: StateFolder) -> None:
    fill(folder, *(hub(f"x{n}") for n in range(1_000)))
    ids = tuple(named(f"x{n}") for n in range(1_000))
    id_ = act(folder, ask.OpenCase(findings=ids, title="a flood")).case
    assert len(get(folder, id_).findings) == 1_000
    assert len(get(folder, id_).evidence) == 10
    assert "800 of its findings were not looked at" in lines(folder, id_)[Line.WHAT].unknown
    decide(folder, Acknowledge(ids=ids, reason="one scanner"))
    with store(folder) as conn:
        case = get(folder, id_)
        told = case_view.history(folder, conn, case)
        shown = case_findings.listed(conn, case, NOW)
    assert sum(one.verb == "acknowledge" for one in told.lines) == 10, "an entry a hundred, none of them left out"
    assert "the resources of 500 more of its findings" in told.left_out[0]
    assert "nor for 488 of 500 resources" in told.left_out[1]
    assert [one.id for one in shown if isinstance(one, case_findings.Member)] == list(case.findings)
    assert {one.state for one in shown if isinstance(one, case_findings.Member)} == {State.ACKNOWLEDGED}
    assert max(len(line.entry.subjects) for line in ledger.read(folder)) == 100


def test_the_list_of_its_findings_says_how_each_stands_and_which_are_not_known_here(folder: StateFolder) -> None:
    fill(folder, hub("bad", severity=Severity.CRITICAL), hub("gone", active=False), hub("scan", types=("Recon:EC2/X",)))
    id_ = opened(folder, "bad", "gone", "scan", 4)
    decide(folder, Claim(ids=(named("bad"),)))
    decide(folder, Snooze(ids=(named(4),), until=NOW + timedelta(hours=1), reason="a drill"))
    with store(folder) as conn:
        conn.execute("INSERT INTO case_finding VALUES (?, 'f-000000000000', 1)", (id_,))
        conn.commit()
        bad, *others = case_findings.listed(conn, get(folder, id_), NOW)
    assert others[-1] == "f-000000000000"
    assert isinstance(bad, case_findings.Member)
    assert (bad.id, bad.owner, bad.state, bad.leaving) == (named("bad"), Untrusted("ana"), State.NEW, Leaving.YES)
    told = {one.id: (one.state, one.leaving) for one in others if isinstance(one, case_findings.Member)}
    assert told[named("gone")][0] is State.RESOLVED
    assert told[named(4)][0] is State.SNOOZED
    assert told[named("scan")] == (State.NEW, None)


def test_a_finding_is_never_too_far_down_to_speak_against_closing(folder: StateFolder) -> None:
    old = NOW - timedelta(days=30)
    fill(folder, *(hub(f"x{n}", severity=Severity.CRITICAL, occurred=old) for n in range(250)))
    ids = (*(named(f"x{n}") for n in range(250)), named(1))
    id_ = act(folder, ask.OpenCase(findings=ids, title="a flood")).case
    assert named(1) not in get(folder, id_).findings[: case_clocks.LOOKED_AT]
    with pytest.raises(CaseRefused, match="1 finding still leaving; 250 findings cannot be seen"):
        act(folder, ask.CloseCase(case=id_, reason="done"))
    assert lines(folder, id_)[Line.LEAVING].answer.raw() == "yes: by 1 of its findings"
    assert "took 250 out" in act(folder, ask.DetachFindings(case=id_, findings=ids[:250], reason="another case")).words
    assert get(folder, id_).findings == (named(1),)


def test_what_says_nothing_of_leaving_is_never_part_of_an_all_clear(folder: StateFolder) -> None:
    fill(folder, hub("scan", types=("Recon:EC2/Portscan",)), hub("shut"))
    id_ = opened(folder, "shut", "scan")
    with store(folder) as conn:
        # As a read-back of a containment leaves it.
        conn.execute("UPDATE queue SET blocked_at = occurred WHERE id = ?", (named("shut"),))
        conn.commit()
        for origin, answer in (([], "cannot be seen"), (["test"], "blocked by the 1 that can tell")):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(reading, "fresh_origins", lambda *_, origin=origin: frozenset(origin))
                found = cases.get(conn, id_)
                assert found is not None
                said = six_lines.six_lines(conn, CONFIG, found, NOW)[2]
            assert answer in f"{said.answer.raw()} {said.unknown}"
            assert "1 of its threats say nothing of data leaving, which is not a no" in said.unknown


def test_actors_that_were_not_looked_for_are_counted(folder: StateFolder) -> None:
    fill(folder, *(hub(f"a{n}", actor=f"198.51.100.{n}") for n in range(8)))
    said = lines(folder, opened(folder, *(f"a{n}" for n in range(8))))
    for line in (Line.ELSEWHERE, Line.NEXT):
        assert "2 more actors were not looked for" in said[line].unknown


def test_calls_that_read_secrets_or_data_are_what_was_touched_next() -> None:
    for call in ("secretsmanager GetSecretValue", "ssm GetParametersByPath", "s3 GetObject", "kms Decrypt"):
        assert not six_lines._looks(call)
    for call in ("s3 ListBuckets", "iam GetUser", "ec2 DescribeInstances", "s3 GetBucketAcl"):
        assert six_lines._looks(call)


def test_nothing_was_sent_before_anything_was_known(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    name = f"gdpr-33/notify@{SHOP}"
    with pytest.raises(CaseRefused, match="nothing was sent of it then"):
        act(folder, ask.MarkSent(case=id_, clock=name, at=NOW - timedelta(days=365)))
    wrong = NOW - timedelta(days=365)
    moment = ask.SetMoment(case=id_, entity=SHOP, moment="aware", at=wrong, reason="they called")
    with pytest.raises(CaseRefused, match="say that day in the reason"):
        act(folder, moment, who="lead")
    act(folder, msgspec.structs.replace(moment, reason=f"a letter of {wrong:%Y-%m-%d}"), who="lead")
    assert clock(folder, id_, name).due == wrong + timedelta(hours=72)


def test_an_answer_is_of_one_entity(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    for request in (
        ask.AnswerRegime(case=id_, entity="", regime="nis2-23", applies=False, reason="x"),
        ask.DecideNotify(case=id_, entity="", regime="gdpr-33", notify=False, reason="x"),
    ):
        with pytest.raises(CaseRefused, match="of which entity"):
            act(folder, request, who="lead")


def test_a_broken_playbook_is_named_and_one_that_is_gone_speaks_against_closing(
    folder: StateFolder, tmp_path: Path
) -> None:
    team = tmp_path / "team"
    team.mkdir()
    own = team / "own.toml"
    own.write_text('title = "O"\nwhen = "x"\n[[step]]\nid = "a"\ntitle = "A"\nwhy = "w"\ndo = "d"\n')
    config = msgspec.structs.replace(CONFIG, cases=CasesConfig(decide=("lead",), playbooks=str(team)))
    id_ = opened(folder, 1)
    for name in ("own", "public-bucket"):
        case_acts.act(folder, config, ask.TakePlaybook(case=id_, playbook=name), "ana", NOW)
    own.write_bytes(b"\xff")
    with store(folder) as conn:
        stands = "; ".join(case_view.still_open(conn, config, get(folder, id_), NOW))
    assert "playbook own is no longer there" in stands
    assert "playbook file own.toml: " in stands
    assert "public-bucket: 5 steps not done" in stands


def test_the_ledger_alone_makes_the_same_cases(folder: StateFolder) -> None:
    id_ = opened(folder, 1, 2)
    act(folder, ask.ChangeCase(case=id_, field="severity", value="low"))
    act(folder, ask.TellStakeholder(case=id_, name="counsel", how="by phone"))
    before = get(folder, id_)
    tables = ("case_file", "case_finding", "case_event", "case_told")
    with store(folder) as conn:
        for table in tables:
            conn.execute(f"DELETE FROM {table}")
        conn.execute("DELETE FROM meta WHERE key IN ('ledger_seq', 'ledger_hash')")
        conn.commit()
    project.project(folder)
    assert get(folder, id_) == before


def test_an_erased_text_is_gone_from_the_case(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    act(folder, ask.ChangeCase(case=id_, field="hypothesis", value="Frau Muster did it"))
    told = act(folder, ask.TellStakeholder(case=id_, name="Frau Muster"))
    ledger.erase(folder, get(folder, id_).seq - 1, "lead", names=("value", "was"), reason="asked for")
    ledger.erase(folder, told.seq, "lead", names=("name",), reason="asked for")
    project.project(folder)
    case = get(folder, id_)
    assert (case.hypothesis.raw(), case.told[0].name.raw()) == ("", "")
    assert "hypothesis: nothing → (erased)" in said_of(folder, case), "there was none to erase"
    act(folder, ask.ChangeCase(case=id_, field="hypothesis", value="a stolen key"))
    act(folder, ask.ChangeCase(case=id_, field="hypothesis", value="a backup"))
    assert "hypothesis: a stolen key → a backup" in said_of(folder, get(folder, id_))


def test_steps_that_were_missed_speak_against_closing(folder: StateFolder) -> None:
    id_ = opened(folder, 1)
    act(folder, ask.TakePlaybook(case=id_, playbook="public-bucket"))
    with pytest.raises(CaseRefused, match="already"):
        act(folder, ask.TakePlaybook(case=id_, playbook="public-bucket"))
    with pytest.raises(CaseRefused, match="has no step"):
        act(folder, ask.TickStep(case=id_, playbook="public-bucket", step="x", note="y"))
    with pytest.raises(CaseRefused, match="a note is needed"):
        act(folder, ask.TickStep(case=id_, playbook="public-bucket", step="who", note=""))
    act(folder, ask.TickStep(case=id_, playbook="public-bucket", step="who", note="ci-deploy, 03:07"))
    act(folder, ask.TickStep(case=id_, playbook="public-bucket", step="prevent", note="an SCP does", skip=True))
    with pytest.raises(CaseRefused, match=r"public-bucket: 3 steps not done \(close, record, notify\)"):
        act(folder, ask.CloseCase(case=id_, reason="done"))


def test_what_is_in_a_case_is_kept_and_a_legal_hold_keeps_everything(folder: StateFolder) -> None:
    old = NOW - timedelta(days=500)
    closed = {"active": False, "occurred": old, "published": old, "updated": old}
    with store(folder) as conn:
        findings.commit(conn, [hub("8", **closed), hub("9", **closed)], answer=None, origin="test", now=old)
    id_ = opened(folder, 8)
    act(folder, ask.HoldCase(case=id_, on=True, reason="counsel asked"))
    with store(folder) as conn:
        assert housekeeping.run(conn, NOW).expired == 0
        act(folder, ask.HoldCase(case=id_, on=False, reason="settled"))
        assert housekeeping.run(conn, NOW).expired == 1
        assert [n for n in (8, 9) if reading.get(conn, named(n), NOW)] == [8]


def test_what_is_split_off_is_held_as_the_whole_and_a_part_follows_the_whole(folder: StateFolder) -> None:
    id_ = opened(folder, 1, 2, 3)
    act(folder, ask.HoldCase(case=id_, on=True, reason="counsel asked"))
    apart = act(folder, ask.SplitCase(case=id_, findings=(named(3),), title="another matter")).case
    assert get(folder, apart).held
    within = opened(folder, 4)
    inmost = act(folder, ask.OpenCase(title="a call")).case
    act(folder, ask.MergeCases(case=inmost, into=within))
    act(folder, ask.MergeCases(case=within, into=id_))
    assert [get(folder, one).held for one in (within, inmost)] == [True, True]
    act(folder, ask.HoldCase(case=id_, on=False, reason="settled"))
    assert [get(folder, one).held for one in (id_, within, inmost)] == [False, False, False]
    assert get(folder, apart).held, "a case of its own, released by itself"
