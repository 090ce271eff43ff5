"""Plans, outcomes and records in words, as the verbs of :mod:`respond` print them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from socconsole.cli.exits import put, say
from socconsole.cli.pasting import with_store
from socconsole.config import Config
from socconsole.model.action import ActionRecord, ActionState
from socconsole.model.wire import Planned
from socconsole.text import ascii_json, clean

_PURPOSES: Final = {"contain": "helps", "harden": "hardens"}
_SECOND: Final = "second person: somebody else has to approve it (not in a drill, or a team of one)"


def print_plan(reply: Planned, *, to_person: bool = False, hidden: str = "") -> None:
    """A plan for reading: on stdout as data, on stderr when a person is about to be asked.

    ``hidden`` is what of the target would stay snoozed.
    """
    out = say if to_person else print
    plan = reply.plan
    out(f"{plan['action']} on {plan['target']} in account {plan['account']}, {plan['region']}")
    rows = [
        (_PURPOSES[plan["purpose"]] if plan["helps"] else "no help", plan["why"]),
        ("check", plan["check"] or ""),
        ("instead", plan["instead"]),
        ("stops", plan["stops"]),
        ("but not", plan["does_not_stop"]),
        ("radius", plan["blast_radius"]),
        ("wide", "the whole id has to be typed" if plan.get("wide") else ""),
        ("needs", _SECOND if plan.get("second_person") or plan["re_exposes"] else ""),
        ("undo", plan["reversible"]),
        ("permitted", plan["permitted"]),
        ("before", ascii_json(plan["before"])),
        ("after", ascii_json(plan["after"])),
        *(("warning", warning) for warning in plan["warnings"]),
        *(("REFUSED", refusal) for refusal in plan["refusals"]),
        ("snoozed", hidden),
    ]
    for name, text in rows:
        if text:
            out(f"  {name:<10}{clean(text, 2_000)}")
    for line in reply.aws_lines:
        out(f"  {clean(line, 30_000)}")


def print_outcome(outcome: Mapping[str, Any]) -> None:
    print(f"{outcome['action_id']}: {outcome['state'].replace('_', ' ')}: {clean(outcome['target'])}")
    for when, held in outcome["verified"]:
        print(f"  read back {when}: {'holds' if held else 'does NOT hold'}")
    if outcome["detail"]:
        print(f"  {clean(outcome['detail'])}")
    if outcome["approval"]:
        print(f"  a second person's approval is owed within the hour: {outcome['approval']}")
    if outcome["undo"]:
        print(f"  undo: {outcome['undo']['command']}")
    print(f"  ledger: entry {outcome['ledger']}")


def print_recorded(done: Mapping[str, Any]) -> None:
    """What was done by hand, as it is on record now."""
    print(f"{done['action']} on {clean(done['target'])}: recorded as entry {done['ledger']}")
    for event in done["events"]:
        failed = f", refused with {event['error']}" if event["error"] else ""
        print(f"  {event['at'] or 'time not told'}  {event['name']} by {event['who']}{failed}")
    print("  now: it would still help, so it does not hold" if done["still_needed"] else "  now: nothing is left to do")


def print_actions(json: bool, settings: Config) -> None:
    from socconsole.response.present import info_json
    from socconsole.response.registry import known

    for action in known(settings).values():
        info = action.info
        if json:
            put(info_json(info))
            continue
        print(f"{info.id}: {info.title} ({info.target_type})")
        print(f"  stops   {info.stops}")
        print(f"  but not {info.does_not_stop}")
        print(f"  undo    {info.reversible.value}")


def record_json(record: ActionRecord, store: Path | None = None) -> dict[str, Any]:
    return {
        "action_id": record.id,
        "action": record.action,
        "target": record.target,
        "account": record.place.account,
        "region": record.place.region,
        "finding": record.finding,
        "state": record.state.value,
        "who": record.who,
        "intended": _stamp(record.intended),
        "settled": _stamp(record.settled),
        "verified": [list(check) for check in record.verified],
        "undoes": record.undoes,
        "undone_by": record.undone_by,
        "undo": with_store(f"socconsole undo {record.id}", store) if _can_undo(record) else None,
        "ledger": record.intent_seq,
        "detail": record.detail,
        "leave": record.leave,
    }


def print_record(record: ActionRecord, store: Path | None = None) -> None:
    place = f"{record.place.account} {record.place.region}"
    what = f"undo of {record.undoes}, {record.action}" if record.undoes else record.action
    print(f"{record.id}  {record.state.value.replace('_', ' ')}  {what} {clean(record.target)}  {place}")
    print(f"  by {clean(record.who)} at {_stamp(record.intended)}, ledger entry {record.intent_seq}")
    for when, held in record.verified:
        print(f"  read back {when}: {'holds' if held else 'does NOT hold'}")
    if record.detail:
        print(f"  {clean(record.detail)}")
    if record.leave:
        print(f"  {clean(record.leave)}")
    if record.undone_by:
        print(f"  undone by {record.undone_by}")
    elif _can_undo(record):
        print(f"  undo: {with_store(f'socconsole undo {record.id}', store)}")


def _can_undo(record: ActionRecord) -> bool:
    return record.state is not ActionState.NOT_APPLIED and record.undone_by is None


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
