"""What the handoff's screen reads again and again must not cost all of the ledger each time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from socconsole.reports import metrics
from socconsole.reports.document import Section
from socconsole.screens import handoff_papers as papers
from tests.store.builders import NOW
from tests.store.desk import live

AGO = NOW - timedelta(hours=24)


def test_metrics_are_read_once_a_minute_and_at_once_since_another_moment(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, clock, whole = live(tmp_path / "a", 1), [0.0], metrics.section
    reads: list[object] = []

    def section(*asked: object) -> Section:
        reads.append(asked)
        return whole(*asked)

    monkeypatch.setattr(metrics, "section", section)
    monkeypatch.setattr(papers.time, "monotonic", lambda: clock[0])
    measured = papers.Measured()
    step = timedelta(seconds=5)
    first = measured(folder, NOW, AGO)
    assert measured(folder, NOW + step, AGO) is first
    assert measured(folder, NOW + step, AGO + step) is first, "before the first handoff: since as long ago"
    assert f"{NOW:%H:%M:%SZ}" in str(first.parts[0]), "it says as of when it is"
    assert len(reads) == 1
    assert measured(folder, NOW + step, NOW) is not first, "a handoff was accepted meanwhile"
    clock[0] = 61.0
    measured(folder, NOW + step, NOW)
    assert len(reads) == 3
