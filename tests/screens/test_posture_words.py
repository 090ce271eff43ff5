"""The past of one answer: what differed between two stretches of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from socconsole.model.posture import Verdict
from socconsole.screens.posture_words import past
from socconsole.screens.reader import plain
from socconsole.store.posture_past import Span

AT = datetime(2026, 3, 1, 3, tzinfo=UTC)


def span(hour: int, *evidence: str) -> Span:
    at = AT + timedelta(hours=hour)
    return Span(Verdict.FAIL, evidence, f"{hour}", at, at, 1)


def test_stretches_of_one_verdict_say_what_is_new_or_gone() -> None:
    spans = [span(3, "open"), span(2, "open"), span(1, "open", "no log"), span(0, "no log")]
    said = plain("", past(spans, lambda at: f"{at:%H}")).splitlines()
    assert [line.removeprefix("past").strip(" :") for line in said if line and "round" not in line] == [
        "said the same of another input",
        "no longer: no log",
        "open",
    ]
