"""``case playbook CASE``: the playbooks that fit a case, and how the steps of those it is worked by stand."""

from __future__ import annotations

from typing import Any, Final

from socconsole.cli.case_words import named_case
from socconsole.cli.exits import put, say
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, StoreOption
from socconsole.cli.pasting import pasted
from socconsole.text import clean

_SIGNS: Final = {"done": "✓", "skipped": "-", "open": "·"}


def list_playbooks(case: str, as_json: bool, store: StoreOption, config: ConfigOption) -> None:
    """One row a step with ``--json``; in words else. Suggestions are said where none was taken."""
    from socconsole.store import case_playbooks, db

    folder, settings = open_configured(store, config)
    with db.reading(folder) as conn:
        found = named_case(conn, case)
        taken = case_playbooks.of_case(conn, settings, found)
        gone = case_playbooks.gone(conn, settings, found)
        fitting = case_playbooks.fitting(conn, settings, found)
        known = case_playbooks.known(settings)
    for wrong in case_playbooks.trouble(settings):
        say(f"UNREADABLE  {wrong}")
    for id_ in gone:
        say(f"GONE  {id_}: the case is worked by it, and it is no longer there")
    for playbook, steps in taken:
        if not as_json:
            print(f"{clean(playbook.id, 40)}: {clean(playbook.title, 200)}")
        for one in steps:
            row = _row(playbook.id, one)
            put(row) if as_json else _print(row)
    others = [id_ for id_ in (*fitting, *sorted(known)) if id_ not in {one.id for one, _ in taken}]
    for id_ in dict.fromkeys(others):
        mark = "fits" if id_ in fitting else "    "
        say(f"{mark}  {clean(id_, 40)}: {clean(known[id_].when, 300)}")
    if not taken:
        say(pasted(f"socconsole case playbook {found.id} {clean(next(iter(others)), 40)}   works it by one of them"))


def _row(playbook: str, one: Any) -> dict[str, Any]:
    tick, step = one.tick, one.step
    return {
        "playbook": playbook,
        "step": step.id,
        "title": step.title,
        "state": "open" if tick is None else "skipped" if tick.skipped else "done",
        "at": None if tick is None else tick.at.isoformat().replace("+00:00", "Z"),
        "who": None if tick is None else tick.who,
        "by": (tick.by_action or None) if tick else None,
        "why": step.why,
        "do": step.do,
        "evidence": step.evidence or None,
        "decides": step.decides,
        "escalate": step.escalate or None,
        "optional": step.optional,
    }


def _print(row: dict[str, Any]) -> None:
    who = f"  {clean(row['who'], 20)} {row['at'][:19]}Z {row['by'] or ''}" if row["who"] else ""
    title = clean(row["title"], 200) + " (optional)" * row["optional"]
    print(f"  {_SIGNS[row['state']]} {clean(row['step'], 40):<12} {title}{who}")
    if row["state"] == "open":
        print(f"      why  {clean(row['why'], 1000)}")
        print(f"      do   {clean(row['do'], 1000)}")
        for name in ("evidence", "escalate"):
            if row[name]:
                print(f"      {name}: {clean(row[name], 1000)}")
        if row["decides"] != "analyst":
            print(f"      decides: {row['decides']}")
