"""Workflow writes to Security Hub: read before, write, read after.

``BatchUpdateFindings`` has no condition and does not move ``UpdatedAt``, and 200 is no success: what it left
out stands in ``UnprocessedFindings`` (Security Hub API reference). So what AWS says is read first, to leave
alone what somebody else has changed, and read again, to see who was last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.text import token

UPDATED_BY: Final = "socconsole"
"""``Note.UpdatedBy``; the analyst's name stays on the ledger."""

IDS_A_WRITE: Final = 100
IDS_A_FILTER: Final = 20
"""Values ``GetFindings`` takes for one field of a filter."""

Key = tuple[str, str]
"""(product ARN, id) of a record."""

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Owed:
    """One write that the outbox holds. ``told`` has ``workflow``, ``verdict``, ``note`` and ``expect``, as the
    projection made it; ``note_seen`` is the note AWS had when it was last read."""

    seq: int
    finding: str
    told: Mapping[str, Any]
    keys: tuple[Key, ...]
    note_seen: str = ""
    verdicts_known: frozenset[str] = frozenset({"UNKNOWN"})
    """Verdicts that are no surprise in AWS: the one last read there, and those this install has set."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of it: ``verb`` is the ledger's (``sent``, ``overtaken``, ``send_failed``)."""

    owed: Owed
    verb: str
    why: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    """Workflow and verdict as AWS had them, for taking back."""


async def write(door: Door, place: Place, owed: Sequence[Owed]) -> list[Settled]:
    """Tell one Security Hub. All of ``owed`` tell the same; at most 100 records between them.

    Raises ``AwsTrouble`` when nothing can be said of any of them: then they are still owed.
    """
    before = await _read(door, place, (key for each in owed for key in each.keys))
    settled: list[Settled] = []
    ready: list[Owed] = []
    for each in owed:
        verdict = _look(each, before)
        if verdict is None:
            ready.append(each)
        else:
            settled.append(Settled(each, *verdict, before=_was(each, before)))
    if not ready:
        return settled
    try:
        left = await _update(door, place, ready)
    except AwsTrouble as trouble:
        if trouble.kind != "denied":
            raise
        why = f"denied: {trouble.remedy or trouble.operation}"
        return settled + [Settled(each, "send_failed", why) for each in ready]
    accepted = [each for each in ready if not any(key in left for key in each.keys)]
    for each in ready:
        if each not in accepted:
            whys = sorted({left[key] for key in each.keys if key in left})
            settled.append(Settled(each, "send_failed", f"Security Hub left it out: {', '.join(whys)}"))
    if not accepted:
        return settled
    try:
        after = await _read(door, place, (key for each in accepted for key in each.keys))
    except AwsTrouble as trouble:
        why = f"not read back: {trouble.kind}"
        return settled + [Settled(each, "sent", why, _was(each, before)) for each in accepted]
    for each in accepted:
        race = _lost_race(each, before, after)
        settled.append(Settled(each, "overtaken" if race else "sent", race, _was(each, before)))
    return settled


async def _read(door: Door, place: Place, keys: Iterable[Key]) -> dict[Key, Record]:
    """The records as they are now; one that AWS no longer has is missing."""
    wanted = set(keys)
    ids = sorted({id_ for _, id_ in wanted})
    found: dict[Key, Record] = {}
    for start in range(0, len(ids), IDS_A_FILTER):
        part = ids[start : start + IDS_A_FILTER]
        params = {"Filters": {"Id": [{"Value": id_, "Comparison": "EQUALS"} for id_ in part]}, "MaxResults": 100}
        while True:
            page = await door.call(place, "securityhub:GetFindings", params)
            for record in page["Findings"]:
                if isinstance(record, Mapping):
                    found[str(record.get("ProductArn", "")), str(record.get("Id", ""))] = record
            if not page.get("NextToken"):
                break
            params = {**params, "NextToken": page["NextToken"]}
    return {key: record for key, record in found.items() if key in wanted}


async def _update(door: Door, place: Place, owed: Sequence[Owed]) -> dict[Key, str]:
    """Make the one write; the records that AWS left out, and why."""
    told = owed[0].told
    params: dict[str, Any] = {
        "FindingIdentifiers": [{"Id": id_, "ProductArn": product} for each in owed for product, id_ in each.keys]
    }
    if "workflow" in told:
        params["Workflow"] = {"Status": told["workflow"]}
    if "verdict" in told:
        params["VerificationState"] = told["verdict"]
    if "note" in told:
        params["Note"] = {"Text": told["note"], "UpdatedBy": UPDATED_BY}
    answer = await door.call(place, "securityhub:BatchUpdateFindings", params)
    left: dict[Key, str] = {}
    for row in answer["UnprocessedFindings"]:
        named = row.get("FindingIdentifier", {})
        left[str(named.get("ProductArn", "")), str(named.get("Id", ""))] = token(row.get("ErrorCode", "?"))
    done = {(str(n.get("ProductArn", "")), str(n.get("Id", ""))) for n in answer["ProcessedFindings"]}
    for each in owed:
        for key in each.keys:
            if key not in done and key not in left:
                left[key] = "not in the answer"
    return left


def _look(owed: Owed, records: Mapping[Key, Record]) -> tuple[str, str] | None:
    """(verb, why) where nothing is to be written any more; None where it still is."""
    if not owed.keys:
        return "send_failed", "Security Hub has not reported this finding: there is nothing to update"
    if any(key not in records for key in owed.keys):
        return "send_failed", "Security Hub does not have it any more"
    told = owed.told
    # After a crash between the write and its entry: AWS says already what we would tell it.
    if "note" in told and all(_says(records[key], told) for key in owed.keys):
        return "sent", "AWS had it already"
    for key in owed.keys:
        why = _overtaken(owed, records[key])
        if why:
            return "overtaken", why
    return None


def _overtaken(owed: Owed, record: Record) -> str:
    told, expect = owed.told, owed.told.get("expect")
    now = _state(record)
    if expect:
        for name, value in expect.items():
            if now[name] != value:
                return f"its {name} was changed in AWS since"
        return ""
    if "workflow" in told and now["workflow"] != "NEW":
        return f"AWS says {token(now['workflow'])} already"
    if "verdict" in told and now["verdict"] not in owed.verdicts_known | {told["verdict"]}:
        return f"AWS says {token(now['verdict'])} already"
    if "note" in told and now["note"] not in ("", owed.note_seen) and _author(record) != UPDATED_BY:
        return "somebody else wrote a note in AWS since"
    return ""


def _lost_race(owed: Owed, before: Mapping[Key, Record], after: Mapping[Key, Record]) -> str:
    """Did somebody write over it at once? What still reads as before is AWS being slow, not somebody."""
    for key in owed.keys:
        if key not in after:
            continue
        was, now = _state(before[key]), _state(after[key])
        for name in ("workflow", "verdict", "note"):
            if name in owed.told and now[name] not in (owed.told[name], was[name]):
                what = f"AWS now says {token(now[name])}" if name != "note" else "its note is another one now"
                return f"lost a race: {what}"
    return ""


def _says(record: Record, told: Mapping[str, Any]) -> bool:
    now = _state(record)
    return all(now[name] == told[name] for name in ("workflow", "verdict", "note") if name in told)


def _state(record: Record) -> dict[str, str]:
    """What of a record a write can change; missing fields as Security Hub means them."""
    workflow, note = record.get("Workflow"), record.get("Note")
    status = workflow.get("Status", "NEW") if isinstance(workflow, Mapping) else "NEW"
    text = note.get("Text", "") if isinstance(note, Mapping) else ""
    return {
        "workflow": str(status),
        "verdict": str(record.get("VerificationState") or "UNKNOWN"),
        "note": str(text),
    }


def _author(record: Record) -> str:
    note = record.get("Note")
    return str(note.get("UpdatedBy", "")) if isinstance(note, Mapping) else ""


def _was(owed: Owed, records: Mapping[Key, Record]) -> dict[str, str]:
    for key in owed.keys:
        if key in records:
            state = _state(records[key])
            return {"workflow": token(state["workflow"]), "verdict": token(state["verdict"])}
    return {}
