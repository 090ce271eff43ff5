"""A ledger entry in words: what was done about what, with old and new value where something changed.

One place for the histories of cases, handoffs and Activity. Entries come from other versions and other installs too:
what an entry lacks is said as ``?``, and a verb that is not known here stands for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from socconsole.model.entry import ADOPTED, Line
from socconsole.store.instants import instant
from socconsole.text import Untrusted

_DECIDED: Final = {
    "acknowledge": "acknowledged", "claim": "claimed", "note": "noted on", "snooze": "snoozed",
}  # fmt: skip
_ENDED: Final = {
    "gone": "AWS no longer has it",
    "archived": "archived in AWS",
    "resolved": "resolved in Security Hub",
    "suppressed": "suppressed in Security Hub",
}
_OVERDUE: Final = {"look": "in force past its time", "approval": "nobody approved it within the hour"}


def said(line: Line) -> Untrusted:
    """The entry in words, its free text last."""
    made = _as_made(line)
    words = _words(made.entry.verb, _Told(made.entry.data), made.entry.private, made)
    private = made.entry.private
    why = next((private[name] for name in ("reason", "text", "receipt", "note", "why") if private.get(name)), "")
    elsewhere = "of another install: " if made is not line else ""
    return Untrusted(f"{elsewhere}{words}: {why}" if why else f"{elsewhere}{words}")


def _as_made(line: Line) -> Line:
    if line.entry.verb != ADOPTED:
        return line
    from socconsole.store import adopted  # brings every projection: not for a list in which nothing was adopted

    try:
        return adopted.as_made(line)
    except (LookupError, TypeError, ValueError):  # by a later version: it says what it can of itself
        return line


def subject(line: Line) -> str:
    """What it is about: a case, an action, a place; of findings how many, or which one."""
    data, subjects = line.entry.data, line.entry.subjects
    if line.entry.verb == ADOPTED and isinstance(data.get("data"), Mapping):
        data = data["data"]
    for name in ("case", "id", "handoff", "proposal", "resource"):
        if data.get(name):
            return str(data[name])
    if len(subjects) > 1:
        return f"{len(subjects):,} findings"
    if subjects:
        return subjects[0]
    place = " ".join(str(data[name]) for name in ("account", "region") if data.get(name))
    return place or str(data.get("url") or "")


class _Told(dict[str, Any]):
    """What an entry holds; a name that it does not hold is unknown, and no fault of who reads it."""

    def __missing__(self, name: str) -> str:
        return "?"

    def when(self, name: str) -> str:
        """An instant, to the minute."""
        value = self[name]
        return f"{instant(value):%Y-%m-%d %H:%MZ}" if isinstance(value, int) else str(value or "?")


def _words(verb: str, data: _Told, private: Mapping[str, str], line: Line) -> str:
    match verb.partition("_")[0]:
        case "case":
            return _of_case(verb, data, private, line)
        case "clock":
            return _of_clock(verb, data)
        case "shift" | "handoff":
            return _of_shift(verb, data)
        case "escalation" | "escalating" | "escalated":
            return _of_escalation(verb, data, line)
    return _of_action(verb, data) or _of_finding(verb, data, line) or _of_install(verb, data) or _plain(verb, line)


def _of_case(verb: str, data: _Told, private: Mapping[str, str], line: Line) -> str:
    match verb:
        case "case_open":
            believed = f"; believed: {private['hypothesis']}" if private.get("hypothesis") else ""
            said = f"opened with {_many(line)}, {data['severity']}: {private.get('title', '(erased)')}{believed}"
            return f"split from {data['split_from']}, {said}" if data.get("split_from") else said
        case "case_attach":
            return f"attached {_many(line)}"
        case "case_detach":
            return f"took out {_many(line)}"
        case "case_change":
            was, value = (data.get(name) or private.get(name) or _absent(line, name) for name in ("was", "value"))
            return f"{data['field']}: {was} → {value}"
        case "case_merge":
            return f"{data['case']} became part of {data['into']}"
        case "case_told":
            return f"told {private.get('name', '(erased)')} {private.get('how', '')}".rstrip()
        case "case_hold":
            return "legal hold" if data["on"] is True else "legal hold ended"
        case "case_close":
            return "closed" + (f" although {'; '.join(map(str, data['open']))}" if data.get("open") else "")
        case "case_packed":
            redacted = "redacted " if data["redacted"] is True else ""
            return f"{redacted}evidence pack made, manifest {str(data['manifest'])[:16]}…"
        case "case_note":
            return "note"
        case "case_playbook":
            return f"worked by the playbook {data['playbook']}"
        case "case_step":
            return f"{data['playbook']}/{data['step']} {'left out' if data['skip'] is True else 'done'}"
    return _plain(verb, line)


def _of_clock(verb: str, data: _Told) -> str:
    match verb:
        case "clock_moment":
            doubt = " (a suspicion: it moves no clock)" if data["suspected"] is True else ""
            again = f", amending entry {data['amends']}" if data.get("amends") else ""
            return f"{data['entity']} {data['moment']} at {data.when('at')}{again}{doubt}"
        case "clock_answer":
            return f"{data['regime']} {'applies' if data['applies'] is True else 'does not apply'} to {data['entity']}"
        case "clock_sent":
            return f"{data['regime']}/{data['deadline']} done at {data.when('at')}"
        case "clock_decision":
            return f"{data['regime']}: {'notify' if data['notify'] is True else 'do not notify'}"
        case "clock_warned":
            percent = data["percent"]
            over = isinstance(percent, int) and percent >= 100
            how_far = "OVERDUE" if over else f"{percent} % of its time has passed"
            return f"{data['clock']}: {how_far}, due {data.when('due')}"
    return f"{data['clock']}: no warning stands any more"


def _of_shift(verb: str, data: _Told) -> str:
    match verb:
        case "shift_on":
            end = f" until {data.when('until')}" if data.get("until") else ""
            ready = sum(one.get("state") == "READY" for one in data.get("sessions", ()))
            return f"signed on{end}; responder READY in {ready} of {_count(len(data.get('sessions', ())), 'account')}"
        case "shift_off":
            return "signed off"
        case "handoff":
            held = f"{_count(len(data.get('cases', ())), 'case')}, {_count(len(data.get('actions', ())), 'action')}"
            return f"gave the handoff with {held}"
        case "handoff_taken":
            return f"accepted the handoff of {data['by']} ({data['peer']})"
        case "handoff_accepted":
            return f"{data['by']} ({data['peer']}) accepted it at {data.when('at')}"
    return f"nobody has accepted the handoff given at {data.when('given')}"


def _of_escalation(verb: str, data: _Told, line: Line) -> str:
    match verb:
        case "escalation":
            about = "the case" if line.entry.subjects[:1] and line.entry.subjects[0].startswith("c-") else _many(line)
            return f"escalated {about} by path {data['path']}"
        case "escalating":
            return f"telling {data['channel']}: nobody knows yet whether it arrived"
        case "escalated":
            failed = f"{data['channel']} could not be told ({data.get('why', '')})"
            return f"told {data['channel']}" if data["result"] == "sent" else failed
    return f"escalation {data['id']} ended: {data['how']}"


def _of_action(verb: str, data: _Told) -> str:
    on = f"{data['action']} on {data['target']}"
    match verb:
        case "intent" | "proposal":
            undo = f"undo of {data['undoes']}, " if data.get("undoes") else ""
            asks = "asks somebody else's approval of " if verb == "proposal" else ""
            return f"{asks}{undo}{on} in {data['account']} {data['region']}"
        case "outcome" | "verified" | "resolved":
            when = f"{data['when']}: " if data.get("when") else ""
            held = "; it did NOT hold" if data.get("held") is False else ""
            more = f" ({data['detail']})" if data.get("detail") else ""
            return f"{when}{str(data['state']).replace('_', ' ')}{held}{more}"
        case "overdue":
            return f"{on}: {_OVERDUE.get(str(data['what']), data['what'])}"
        case "approval":
            return f"approved what {data['asked_by']} asked: {on}"
        case "approved":
            return f"approved by {data['by']} ({data['peer']})"
        case "recorded":
            return f"done outside the console: {on}"
        case "asked":
            gib = f"{data['bytes_scanned']:,} bytes scanned" if isinstance(data["bytes_scanned"], int) else "?"
            return f"asked the flow logs who it talks to: {_count(data['peers'], 'peer')}, {gib}"
    return ""


def _of_finding(verb: str, data: _Told, line: Line) -> str:
    match verb:
        case "acknowledge" | "claim" | "note" | "snooze":
            until = f" until {data.when('until')}" if verb == "snooze" else ""
            return f"{_DECIDED[verb]} {_many(line)}{until}"
        case "verdict":
            return f"judged {_many(line)} {str(data['verdict']).replace('_', ' ').lower()}"
        case "take_back":
            return f"took back what was decided of {_many(line)}"
        case "sent":
            return f"told Security Hub of {_many(line)}"
        case "overtaken":
            return f"not sent to Security Hub, somebody was faster: {_many(line)}"
        case "send_failed":
            return f"Security Hub could not be told of {_many(line)}"
        case "unacknowledged":
            minutes = data["after_minutes"]
            return "nobody acknowledged it" + (f" within {minutes} min" if isinstance(minutes, int) else "")
        case "ended":
            return _ENDED.get(str(data["how"]), "closed")
    return ""


def _of_install(verb: str, data: _Told) -> str:
    match verb:
        case "evaluated":
            counts = ", ".join(f"{data[name]} {word}" for name, word in _VERDICTS)
            rest = f", {data['unanswered']} of {data['asked']} not answered" if data.get("unanswered") else ""
            return f"posture round: {counts}{rest}"
        case "respond":
            return "armed: RESPOND"
        case "stand_down":
            return f"disarmed: {data['why']}"
        case "probing":
            return f"asks {data['url']} what it gives away"
        case "probed":
            return f"asked {data['url']} what it gives away"
        case "accounts_added":
            return f"accounts added: {', '.join(map(str, data.get('accounts', ())))}"
        case "import":
            size = data["bytes"]
            return f"imported {size:,} bytes" if isinstance(size, int) else "imported a file"
        case "world":
            return f"this ledger begins: {data.get('kind', '')} {data.get('scenario', '')}".rstrip(" :")
        case "erase":
            return f"erased {_count(len(data.get('of', ())), 'text')}"
        case "third_party_answered":
            return f"answered of {data['party']}: {data['question']}"
        case "access_reviewed":
            return f"access reviewed: {data['decision']}"
    return ""


_VERDICTS: Final = (("failed", "FAIL"), ("unknown", "UNKNOWN"), ("passed", "PASS"))


def _plain(verb: str, line: Line) -> str:
    return verb.replace("_", " ") + (f" {_many(line)}" if line.entry.subjects else "")


def _many(line: Line) -> str:
    return _count(len(line.entry.subjects), "finding")


def _count(n: object, one: str) -> str:
    return f"{n:,} {one if n == 1 else one + 's'}" if isinstance(n, int) else f"{n} {one}s"


def _absent(line: Line, name: str) -> str:
    """What stands for a text that an entry does not have: it was erased only where it was there."""
    if name in line.erased:
        return "(erased)"
    # What was erased before it came here cannot be told from what never was.
    return "nothing" if line.session else "(nothing, or erased elsewhere)"
