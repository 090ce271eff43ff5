"""``incidents``: what an import or a poll makes of findings that belong together, and that it is rebuilt the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.support import FINDING, live, run

HOSTILE = "read in bulk\x1b]0;x\x07"


def finding(number: int, bucket: str, minute: int, **over: Any) -> dict[str, Any]:
    at = f"2026-03-01T03:{minute:02}:00Z"
    return {
        **FINDING,
        "Arn": f"arn:aws:guardduty:eu-central-1:111122223333:detector/d/finding/{number:032}",
        "Id": f"{number:032}",
        "CreatedAt": at,
        "UpdatedAt": at,
        "Resource": {"S3BucketDetails": [{"Arn": f"arn:aws:s3:::{bucket}", "Name": bucket}]},
        **over,
    }


def imported(tmp_path: Path) -> Path:
    file, root = tmp_path / "leak.json", tmp_path / "state"
    records = [
        finding(1, "corpus", 9, Title=HOSTILE, Severity=9),
        finding(2, "corpus", 5, Type="Policy:S3/BucketAnonymousAccessGranted"),
        finding(3, "exports", 7),
    ]
    file.write_text(json.dumps(records), "utf-8")
    assert run("import", file, "--store", root).code == 0
    return root


def test_an_import_ends_with_its_incidents_and_recover_rebuilds_them(tmp_path: Path) -> None:
    root = imported(tmp_path)
    row = run("incidents", "--json", "--store", root).row
    found = {one["id"]: one["incident"] for one in run("findings", "--json", "--store", root).rows}
    assert sorted(found.values(), key=str) == sorted([None, row["id"], row["id"]], key=str)
    assert {id_ for id_, incident in found.items() if incident} == set(row["findings"])
    assert (row["severity"], row["new"], row["title"], row["first"]) == ("CRITICAL", 2, HOSTILE, "2026-03-01T03:05:00Z")
    assert row["shared"] == [{"kind": "bucket", "value": "corpus"}]
    assert [one["what"] for one in row["story"]] == [
        "bucket anonymous access granted · corpus", "S3 exfiltration, anomalous behavior"
    ]  # fmt: skip
    assert run("findings", f"incident:{row['id']}", "--store", root).out.count("f-") == 2

    plain = run("incidents", row["lead"], "--store", root)
    assert "2 findings, 2 new" in plain.out
    assert "\x1b" not in plain.out
    assert run("incidents", "n-000000000000", "--store", root).code == 2

    (root / "store.db").unlink()
    for rest in ("-wal", "-shm"):
        (root / f"store.db{rest}").unlink(missing_ok=True)
    assert run("recover", "--store", root).code == 0
    assert run("incidents", "--json", "--store", root).row == row


def test_no_incident_proves_nothing_while_a_source_is_not_fresh(tmp_path: Path) -> None:
    state = live(tmp_path / "live")
    ran = run("incidents", "--store", state.root)
    assert ran.code == 3
    assert "proves nothing" in ran.err
