"""A case and its clocks as ``case`` and ``clock`` print them: as data, and in words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from socconsole.cli.exits import Code, stop
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.model.case import Case
    from socconsole.model.clock import Clock
    from socconsole.store.state import StateFolder

_LISTED: Final = 10
"""Entries of its history that a page shows."""


def named_case(conn: Any, id_: str) -> Case:
    """The case that is meant; ends the command where there is none."""
    from socconsole.store import cases

    found = cases.get(conn, id_)
    if found is None:
        stop(Code.BAD_INPUT, f"there is no case {clean(id_, 40)}", "socconsole case list --closed")
    return found


def short(conn: Any, config: Config, case: Case, now: datetime) -> dict[str, Any]:
    """A case as ``case open`` and ``case list`` print it."""
    from socconsole.clocks import nearest
    from socconsole.store import case_clocks
    from socconsole.store.reading import rfc3339

    running = case_clocks.of_case(conn, config, case, now)
    first = nearest(running)
    return {
        "case": case.id,
        "title": case.title,
        "severity": case.severity.name,
        "status": case.status.value,
        "owner": case.owner,
        "opened": rfc3339(case.opened),
        "closed": rfc3339(case.closed),
        "findings": list(case.findings),
        "clocks": [clock_json(one) for one in running],
        "nearest": clock_json(first) if first else None,
        "held": case.held,
        "into": case.into or None,
        "seq": case.seq,
    }


def clock_json(clock: Clock) -> dict[str, Any]:
    """A clock as ``case … --json`` and ``clock show --json`` print it."""
    from socconsole.store.reading import rfc3339

    return {
        "id": clock.id,
        "regime": clock.regime,
        "deadline": clock.deadline,
        "title": clock.title,
        "entity": clock.entity,
        "role": clock.role,
        "to": clock.to,
        "state": clock.state.value,
        "start": rfc3339(clock.start),
        "due": rfc3339(clock.due),
        "about": clock.about,
        "conservative": rfc3339(clock.conservative),
        "met": rfc3339(clock.met),
        "asks": clock.asks or None,
    }


def whole(folder: StateFolder, conn: Any, config: Config, case: Case, now: datetime) -> dict[str, Any]:
    """A case as ``case show --json`` prints it."""
    from socconsole.store import case_view, cases, six_lines
    from socconsole.store.reading import rfc3339

    told = case_view.history(folder, conn, case)
    return {
        **short(conn, config, case, now),
        "hypothesis": case.hypothesis,
        "incident": case.incident or None,
        "opened_by": case.opened_by,
        "evidence": list(case.evidence),
        "told": [{"name": one.name, "at": rfc3339(one.at), "how": one.how} for one in case.told],
        "lines": [
            {"line": one.line.value, "answer": one.answer, "source": one.source, "unknown": one.unknown}
            for one in six_lines.six_lines(conn, config, case, now)
        ],
        "actions": [
            {
                "id": one.id,
                "action": one.action,
                "named": one.named,
                "target": one.target,
                "state": one.state.value,
                "undoes": one.undoes,
                "undone_by": one.undone_by,
            }
            for one in cases.actions_of(conn, case)
        ],
        "open": list(case_view.still_open(conn, config, case, now)),
        "history": [
            {
                "at": rfc3339(one.at),
                "who": one.who,
                "verb": one.verb,
                "words": one.words,
                "source": one.source,
                "ref": one.ref,
            }
            for one in told.lines
        ],
        "not_looked_at": list(told.left_out),
    }


def page(whole: dict[str, Any]) -> None:
    """A case in words."""
    from socconsole.cli.render import count

    held = "  LEGAL HOLD" if whole["held"] else ""
    print(f"{whole['case']}  {whole['severity']}  {whole['status']}{held}  {clean(whole['title'], 120)}")
    print(f"  opened {whole['opened'][:19]}Z by {clean(whole['opened_by'], 40)}, owner {clean(whole['owner'], 40)}")
    if whole["closed"]:
        how = next((one for one in reversed(whole["history"]) if one["verb"] == "case_close"), None)
        print(
            f"  closed {whole['closed']}" + (f" by {clean(how['who'], 40)}: {clean(how['words'], 600)}" if how else "")
        )
    print(f"  hypothesis: {clean(whole['hypothesis'], 300) or 'nobody said one yet'}")
    for line in whole["lines"]:
        unknown = f"UNKNOWN: {clean(line['unknown'], 300)}" if line["unknown"] else ""
        print(f"\n  {line['line']:<24} {clean(line['answer'], 400) or unknown}")
        if line["answer"].raw() and unknown:
            print(f"  {'':<24} {unknown}")
        print(f"  {'':<24} ({clean(line['source'], 120)})")
    print(f"\n  clocks ({count(len(whole['clocks']), 'deadline')})")
    for clock in whole["clocks"]:
        print(f"    {clock_words(clock)}")
    for regime, asks in {one["regime"]: one["asks"] for one in whole["clocks"] if one["state"] == "ask"}.items():
        print(f"    to be answered, {regime}: {asks}")
    for action in whole["actions"]:
        state = action["state"].replace("_", " ") + (", undone" if action["undone_by"] else "")
        print(f"  {state:<16} {action['named']} on {clean(action['target'], 80)}  ({action['id']})")
    if whole["open"]:
        print("\n  still open, although it is closed" if whole["closed"] else "\n  before it can be closed")
        for one in whole["open"]:
            print(f"    {clean(one, 200)}")
    rest = len(whole["history"]) - _LISTED
    print("\n  history" + (f" (the last {_LISTED} of {_LISTED + rest:,}; --json has all)" if rest > 0 else ""))
    for one in whole["history"][-_LISTED:]:
        print(f"    {one['at'][:19]}Z  {clean(one['who'], 20)}  {clean(one['words'], 200)}")
    for left_out in whole["not_looked_at"]:
        print(f"    UNKNOWN: {clean(left_out, 300)}")


def clock_words(clock: dict[str, Any]) -> str:
    """One line of it."""
    about = "≈ " if clock["about"] and clock["state"] in ("running", "overdue", "ask") else ""
    due = f"{about}due {clock['due'][:16]}Z" if clock["due"] else "without undue delay"
    if clock["state"] == "waiting":
        due = "waits"
    return f"{clock['state'].replace('_', ' ').upper():<14} {due:<24} {clock['id']}: {clock['title']}"
