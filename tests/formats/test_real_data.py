"""Every record of the shared set is read, nothing is lost, and what was read agrees with the raw record."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.formats import Deferred, Quarantined, Record, read_bytes, read_object, secrets
from socconsole.model.egress import AlarmChange
from socconsole.model.finding import Format, Kind, Observation, Severity
from socconsole.model.trail import TrailEvent

from .shared import DATA, lines, needs_data, objects

pytestmark = needs_data

FOLDERS = ("asff", "guardduty", "ocsf", "eventbridge", "cloudtrail")

# All of these hold no finding, so there is nothing to show: activity and inventory classes of OCSF (the java
# tools' own tests), an insight's counts, a custom action on nothing, a scan report beside its finding.
QUARANTINED = {
    ("ocsf", "OCSF class 1234 is not a finding"): 1,
    ("ocsf", "OCSF class 1001 is not a finding"): 1,
    ("ocsf", "OCSF class 1007 is not a finding"): 3,
    ("ocsf", "OCSF class 0 is not a finding"): 2,
    ("ocsf", "OCSF class 4003 is not a finding"): 3,
    ("eventbridge", "event Security Hub Insight Results holds no findings"): 2,
    ("eventbridge", "event Security Hub Findings - Custom Action holds no findings"): 1,
    (
        "eventbridge",
        "GuardDuty malware scan report: GuardDuty sends its finding as a record of its own",
    ): 1,
}
ALARMS = {"eventbridge": 11}
EVENTS = {"ocsf": 1, "eventbridge": 12, "cloudtrail": 206}


def _findings_in(obj: dict[str, Any]) -> int:
    """How many records a line stands for, told from the raw JSON."""
    detail = obj.get("detail")
    held = detail.get("findings") if isinstance(detail, dict) else None
    return len(held) if held else 1


def _read(folder: str) -> dict[tuple[str, int], list[Record]]:
    return {(name, number): list(read_bytes(line)) for name, number, line in lines(folder)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_line_yields_exactly_the_records_it_holds(folder: str) -> None:
    read = _read(folder)
    assert read
    for name, number, line in lines(folder):
        assert len(read[name, number]) == _findings_in(json.loads(line)), (name, number)


@pytest.mark.parametrize("folder", FOLDERS)
def test_whole_files_read_like_their_lines(folder: str) -> None:
    for path in sorted((DATA / folder).glob("*.jsonl")):
        data = path.read_bytes()
        by_file = list(read_bytes(data))
        by_line = [each for line in data.split(b"\n") if line.strip() for each in read_bytes(line)]
        assert [_content(each) for each in by_file] == [_content(each) for each in by_line]
        array = b"[" + b",".join(line for line in data.split(b"\n") if line.strip()) + b"]"
        assert [_content(each) for each in read_bytes(array)] == [_content(each) for each in by_line]


def _content(record: Record) -> object:
    if isinstance(record, Observation):
        return record
    if isinstance(record, TrailEvent):
        return (record.id, record.body)
    if isinstance(record, AlarmChange):
        return record
    return (type(record).__name__, json.loads(record.raw))


def test_what_is_quarantined_is_exactly_what_holds_neither_finding_nor_event_nor_alarm() -> None:
    events: Counter[str] = Counter()
    quarantined: Counter[tuple[str, str]] = Counter()
    alarms: Counter[str] = Counter()
    for folder in FOLDERS:
        for records in _read(folder).values():
            for each in records:
                if isinstance(each, Quarantined):
                    quarantined[folder, each.reason] += 1
                elif isinstance(each, AlarmChange):
                    alarms[folder] += 1
                elif isinstance(each, TrailEvent):
                    events[folder] += 1
                assert not isinstance(each, Deferred)
    assert events == EVENTS
    assert quarantined == QUARANTINED
    assert alarms == ALARMS


def test_alarms_are_read_where_they_say_which_alarm_it_is() -> None:
    read = _read("cloudwatch_alarms")
    told = {name for (name, _), (each,) in read.items() if isinstance(each, AlarmChange)}
    assert told == {"aws-powertools__powertools-lambda-python.jsonl"}
    reasons = {each.reason for (each,) in read.values() if isinstance(each, Quarantined)}
    assert reasons == {"alarm without an ARN: neither its account nor its Region can be told"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_bodies_hold_the_whole_record_as_ascii(folder: str) -> None:
    for _, _, line in lines(folder):
        obj = json.loads(line)
        held = obj["detail"].get("findings") or [obj["detail"]] if "detail" in obj else [obj]
        for each, raw in zip(read_bytes(line), held, strict=True):
            if isinstance(each, Observation):
                assert each.body.isascii()
                assert json.loads(each.body) == raw
            elif isinstance(each, AlarmChange):
                assert each.body.isascii()
                assert json.loads(each.body) == obj
            elif isinstance(each, TrailEvent):
                kept = json.loads(each.body)
                assert secrets.without(raw) == (kept["ocsf"] if "class_uid" in raw else kept)
            else:
                assert json.loads(each.raw) == obj


def _time(value: Any) -> datetime | None:
    if not value:
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


_LABELS = {"INFORMATIONAL": Severity.INFO, "LOW": Severity.LOW, "MEDIUM": Severity.MEDIUM}
_LABELS |= {"HIGH": Severity.HIGH, "CRITICAL": Severity.CRITICAL}


def test_asff_agrees_with_the_raw_record() -> None:
    checked = 0
    for raw in objects("asff"):
        (read,) = read_object(raw, 1)
        assert isinstance(read, Observation)
        assert read.format is Format.ASFF
        if str(raw.get("Title", "")).strip():
            assert read.title.raw() == raw["Title"]
        label = raw.get("Severity", {}).get("Label")
        if label:
            assert read.severity is _LABELS[label]
        assert [each.id.raw() for each in read.resources] == [each["Id"] for each in raw["Resources"]]
        assert read.updated == _time(raw.get("UpdatedAt") or raw.get("CreatedAt"))
        assert read.published == _time(raw.get("CreatedAt"))
        if raw["Id"].isprintable():  # one Id is a YAML document; its line breaks are escaped
            assert read.native_id == raw["Id"]
        assert read.native_id.isprintable()
        assert read.product_arn == raw["ProductArn"]
        assert read.active == (raw.get("RecordState") != "ARCHIVED")
        checked += 1
    assert checked == 222


def test_guardduty_in_asff_has_actors_and_native_types() -> None:
    found = [
        each
        for raw in objects("asff")
        for each in read_object(raw, 1)
        if isinstance(each, Observation) and (each.product_arn or "").endswith("product/aws/guardduty")
    ]
    assert len(found) == 9
    for each in found:
        assert each.kind is Kind.THREAT
        assert any(actor.kind == "ip" for actor in each.actors)
        assert all(":" in name and name.count("/") == 1 for name in each.types), each.types
    samples = [each for each in found if each.sample]
    assert len(samples) == 2
    assert {each.types for each in samples} == {("Exfiltration:S3/ObjectRead.Unusual",)}


def _insensitive(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): _insensitive(item) for key, item in value.items()}
    return [_insensitive(item) for item in value] if isinstance(value, list) else value


def test_guardduty_agrees_with_the_raw_record() -> None:
    for raw in objects("guardduty"):
        (read,) = read_object(raw, 1)
        assert isinstance(read, Observation)
        low = _insensitive(raw)
        assert read.title.raw() == low["title"]
        assert read.types == (low["type"].replace(" ", "/"),)
        score = low["severity"]
        bands = [
            (9, Severity.CRITICAL),
            (7, Severity.HIGH),
            (4, Severity.MEDIUM),
            (0, Severity.LOW),
        ]
        expected = _LABELS[score] if isinstance(score, str) else next(band for limit, band in bands if score >= limit)
        assert read.severity is expected
        service = low.get("service") or {}
        if "eventlastseen" in service:
            assert read.occurred == _time(service["eventlastseen"])
        assert read.updated == _time(low.get("updatedat") or low.get("createdat"))
        resource = low.get("resource") or {}
        ids = {each.id.raw() for each in read.resources}
        if instance := (resource.get("instancedetails") or {}).get("instanceid"):
            assert instance in ids
        if key := (resource.get("accesskeydetails") or {}).get("accesskeyid"):
            assert key in ids
        buckets = resource.get("s3bucketdetails") or []
        for bucket in buckets if isinstance(buckets, list) else [buckets]:
            assert bucket.get("arn", bucket.get("name")) in ids
        if "arn" in low:
            assert read.merge_keys == (low["arn"],)


def test_guardduty_samples_are_known_as_such() -> None:
    for raw in objects("guardduty"):
        (read,) = read_object(raw, 1)
        assert isinstance(read, Observation)
        text = json.dumps(raw).replace(" ", "").replace("\\", "").lower()
        if '"sample":true' in text or '"i-99999999"' in text:
            assert read.sample


def test_ocsf_agrees_with_the_raw_record() -> None:
    ids = {1: Severity.INFO, 2: Severity.LOW, 3: Severity.MEDIUM, 4: Severity.HIGH, 5: Severity.CRITICAL}
    for raw in objects("ocsf"):
        for read in read_object(raw, 1):
            if not isinstance(read, Observation):
                continue
            info = raw["finding_info"]
            assert read.title.raw() == info["title"]
            if raw["severity_id"] in ids:
                assert read.severity is ids[raw["severity_id"]]
            assert read.published == _time(info["created_time"])
            held = raw.get("resources") or [raw["resource"]]
            for ours, theirs in zip(read.resources, held, strict=True):
                assert ours.id.raw() in (theirs["uid"], theirs.get("uid_alt"))


def test_events_join_with_the_findings_that_the_set_also_holds_natively() -> None:
    def keys(folder: str) -> set[str]:
        return {
            key
            for raw in objects(folder)
            for each in read_object(raw, 1)
            if isinstance(each, Observation) and each.format is Format.GUARDDUTY
            for key in each.merge_keys
        }

    assert len(keys("eventbridge") & keys("guardduty")) >= 20
