"""Rules from files of anybody's making: each is run or is listed with its reason, and nothing ends the loading."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from socconsole.config import Config
from socconsole.model.finding import Severity
from socconsole.rules import loader
from socconsole.rules.catalogue import Catalogue
from socconsole.rules.rule import Rule, Standing
from tests.rules.records import builtin, fires, record

ID = "11111111-2222-4333-8444-{:012}"
BASE = """\
title: {title}
id: {id}
name: {name}
logsource: {{product: aws, service: cloudtrail}}
detection:
  s: {{eventName: {call}}}
  condition: s
level: high
"""


def base(n: int, call: str = "CreateUser", title: str = "", name: str = "") -> str:
    return BASE.format(title=title or f"T{n}", id=ID.format(n), name=name or f"t{n}", call=call)


def load(folder: Path, *texts: str, off: tuple[str, ...] = ()) -> list[Rule]:
    for n, text in enumerate(texts):
        (folder / f"{n}.yml").write_text(text)
    return loader.load([folder], builtin=False, off=off)


BROKEN = {
    "no YAML": ("title: [", "no YAML"),
    "a list": ("- a\n- b", "no rule"),
    "an empty mapping": ("{}", "title"),
    "no detection": ("title: T\nlogsource: {product: aws, service: cloudtrail}\n", "detection"),
    "a condition that names nothing": (base(1).replace("condition: s", "condition: other"), "other"),
    "another log": (base(1).replace("service: cloudtrail", "service: guardduty"), "product aws, service guardduty"),
    "an unknown field": (base(1).replace("eventName:", "status:"), "status"),
    "an unknown modifier": (base(1).replace("eventName:", "eventName|sounds:"), "sounds"),
    "a regular expression that RE2 has not": (base(1).replace("eventName: CreateUser", "eventName|re: '(?=x)'"), "(?="),
    "no regular expression": (base(1).replace("eventName: CreateUser", "eventName|re: '['"), "["),
    "a placeholder nobody fills": (base(1).replace("eventName: CreateUser", "eventName|expand: '%x%'"), "x"),
    "a title that is a mapping": (base(1).replace("title: T1", "title: {a: b}"), "title"),
    "a detection of numbers": ("title: T\nlogsource: {product: aws}\ndetection: 7\n", ""),
    "an alias bomb": ("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
                      "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\ntitle: T\n", ""),
    "a correlation without its rule": ("title: C\ncorrelation:\n  type: event_count\n  rules: [gone]\n  timespan: 5m\n"
                                       "  condition: {gte: 3}\n", "gone"),
    "a correlation of a type that is not supported": (
        "title: C\ncorrelation:\n  type: value_percentile\n  rules: [t1]\n  timespan: 5m\n"
        "  condition: {gte: 3, field: eventName, percentile: 5}\n", "value_percentile"),
    "a correlation over what did not happen": (
        "title: C\ncorrelation:\n  type: temporal\n  rules: [t1, t2]\n  timespan: 5m\n"
        "  condition: t1 and not t2\n", "condition of words"),
    "a timespan that is none": ("title: C\ncorrelation:\n  type: event_count\n  rules: [t1]\n  timespan: soon\n"
                                "  condition: {gte: 3}\n", "soon"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_run_is_listed_with_its_reason(tmp_path: Path, name: str) -> None:
    text, why = BROKEN[name]
    rules = load(tmp_path, text, base(9))
    broken = [rule for rule in rules if rule.standing is Standing.BROKEN]
    assert len(broken) == 1
    assert broken[0].reason
    assert why in broken[0].reason
    assert broken[0].source.endswith("0.yml")
    assert [rule.title for rule in rules if rule.runs] == ["T9"], "the others go on"


def test_files_that_are_no_text_or_cannot_be_read_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(os.urandom(64) + b"\xff\xfe")
    (tmp_path / "b.yml").mkdir()
    (tmp_path / "c.yml").write_text("x" * (loader.SIZE_LIMIT + 1))
    rules = loader.load([tmp_path, tmp_path / "absent"], builtin=False)
    assert {rule.standing for rule in rules} == {Standing.BROKEN}
    assert {Path(rule.source).name for rule in rules} == {"a.yml", "b.yml", "c.yml", "absent"}


def test_several_documents_a_file_and_one_broken_among_them(tmp_path: Path) -> None:
    rules = load(tmp_path, f"{base(1)}---\ntitle: broken\n---\n{base(2)}---\n")
    assert [(rule.title, rule.runs) for rule in rules] == [("T1", True), ("broken", False), ("T2", True)]


def test_a_global_document_lends_itself_to_those_behind_it(tmp_path: Path) -> None:
    shared = "action: global\nlogsource: {product: aws, service: cloudtrail}\nlevel: low\n---\n"
    rules = load(tmp_path, shared + "title: A\ndetection: {s: {eventName: X}, condition: s}\n")
    assert [(rule.title, rule.severity, rule.runs) for rule in rules] == [("A", Severity.LOW, True)]


def test_the_teams_rule_goes_before_ours_and_both_say_so(tmp_path: Path) -> None:
    ours = builtin()[0]
    (tmp_path / "mine.yml").write_text(base(1, title="Mine").replace(ID.format(1), ours.id))
    rules = {rule.title: rule for rule in loader.load([tmp_path])}
    assert rules["Mine"].runs
    assert rules[ours.title].standing is Standing.REPLACED
    assert "mine.yml" in rules[ours.title].reason


def test_a_rule_is_switched_off_by_its_id(tmp_path: Path) -> None:
    rules = load(tmp_path, base(1), base(2), off=(ID.format(1).upper(),))
    assert [(rule.standing, rule.reason) for rule in rules] == [
        (Standing.OFF, "switched off in the configuration (rules_off)"),
        (Standing.ON, ""),
    ]


def test_a_rule_without_an_id_keeps_the_one_it_is_given(tmp_path: Path) -> None:
    text = base(1).replace(f"id: {ID.format(1)}\n", "")
    (first,) = load(tmp_path, text)
    (again,) = load(tmp_path, text)
    assert first.id == again.id
    assert first.runs


def test_a_filter_narrows_a_rule_that_is_not_ones_own(tmp_path: Path) -> None:
    narrowing = (
        "title: ci may\nlogsource: {product: aws, service: cloudtrail}\n"
        f"filter:\n  rules: ['{ID.format(1)}']\n"
        "  s: {userIdentity.userName: ci}\n  condition: not s\n"
    )
    rules = load(tmp_path, base(1), narrowing)
    ours, ci = record("iam:CreateUser"), record("iam:CreateUser", userIdentity={"userName": "ci"})
    assert fires([ours, ci], rules) == {"T1": [0]}


def test_a_correlation_speaks_for_its_rules(tmp_path: Path) -> None:
    correlation = (
        f"title: C\nid: {ID.format(3)}\ncorrelation:\n  type: event_count\n  rules: [t1]\n"
        "  group-by: [userIdentity.userName]\n  timespan: 5m\n  condition: {gte: 2}\n"
    )
    rules = load(tmp_path, base(1), correlation)
    assert [(rule.title, rule.standing) for rule in rules] == [("T1", Standing.PART), ("C", Standing.ON)]
    assert rules[0].reason == "fires only through: C"
    assert fires([record("iam:CreateUser"), record("iam:CreateUser", after_s=60)], rules) == {"C": [0, 1]}
    generating = load(tmp_path, base(1), correlation.replace("timespan", "generate: true\n  timespan"))
    assert [rule.standing for rule in generating] == [Standing.ON, Standing.ON]
    broken = load(tmp_path, base(1).replace("eventName:", "status:"), correlation)
    assert "its rule T1: no CloudTrail record has the field status" in broken[1].reason


def test_fields_may_have_another_name_in_each_rule_of_a_correlation(tmp_path: Path) -> None:
    correlation = (
        "title: C\ncorrelation:\n  type: temporal_ordered\n  rules: [t1, t2]\n  group-by: [whom]\n"
        "  aliases: {whom: {t1: requestParameters.userName, t2: userIdentity.userName}}\n  timespan: 1h\n"
    )
    rules = load(tmp_path, base(1), base(2, "GetObject"), correlation)
    made = record("iam:CreateUser", {"userName": "new"})
    used = record("s3:GetObject", userIdentity={"userName": "new"}, after_s=60)
    assert fires([made, used], rules) == {"C": [0, 1]}
    assert fires([{**made, "eventTime": "2026-11-23T03:30:00Z"}, used], rules) == {}, "the other way round"


def test_the_catalogue_notices_that_a_file_changed(tmp_path: Path) -> None:
    config = Config(rules=(str(tmp_path),))
    (tmp_path / "a.yml").write_text(base(1))
    catalogue = Catalogue.of(config)
    assert not catalogue.stale(config)
    (tmp_path / "b.yml").write_text(base(2))
    assert catalogue.stale(config)


@pytest.mark.parametrize("what", ["the file", "the folder"])
def test_what_others_may_write_to_is_not_run(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "rules"
    folder.mkdir(mode=0o755)
    file = folder / "0.yml"
    file.write_text(base(1))
    file.chmod(0o644)
    assert [rule.standing for rule in loader.load([folder], builtin=False)] == [Standing.ON]
    (file if what == "the file" else folder).chmod(0o775)
    (rule,) = loader.load([folder], builtin=False)
    assert rule.standing is Standing.BROKEN
    assert rule.reason.startswith("others may write to ")
    assert "chmod go-w" in rule.reason
