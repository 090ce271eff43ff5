"""A plan and an outcome in words: exactly what would be called, what changes, what it stops and what not.

Pure. A plan arrives as the actor's JSON, so every value is treated as text from outside.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from socconsole.commands import Contain, Undo
from socconsole.store.handoffs import HandedOff
from socconsole.text import ascii_json, clean
from socconsole.widgets.detail import Body, Piece, Section

Plan = Mapping[str, Any]

_PERMITTED: Final = {"likely": "good", "unlikely": "bad", "unknown": "warn"}
_STATES: Final = {"applied": "good", "not_applied": "warn", "partial": "bad", "in_doubt": "bad", "unknown": "bad"}
_STATE_WORDS: Final = {
    "applied": "applied",
    "not_applied": "NOT applied",
    "partial": "applied IN PART",
    "in_doubt": "IN DOUBT",
    "unknown": "NOT KNOWN whether applied",
}
_DIFF_CONTEXT: Final = 2


def text(value: object) -> str:
    """A value of a plan as one clean line."""
    return clean(value if isinstance(value, str) else ascii_json(value), 2_000)


_NO_HELP: Final = "would change nothing here"


def reason(plan: Plan) -> str:
    """The planner's own sentence, without a verdict that it may begin with."""
    why = text(plan.get("why", ""))
    return why.removeprefix(f"{_NO_HELP}: ")


def _here(plan: Plan) -> Body:
    """Whether it helps, and why; the planner's own sentence may begin with the verdict."""
    why = text(plan.get("why", ""))
    if plan.get("purpose") == "harden":
        return [(f"hardens {text(plan.get('check') or '')}", "good"), (f"  {why}", "text")]
    if plan.get("helps"):
        does = text(plan.get("does") or "stops")
        said: Piece = ("helps", "good") if does == "stops" else (f"{does}, stops nothing", "warn")
        return [said, (f"  {why}", "text")]
    if why.startswith(_NO_HELP):
        return [(why, "warn")]
    return [(_NO_HELP, "warn"), (f"  {why}", "text")]


def title(plan: Plan, *, undo: bool = False) -> Body:
    verb = "undo " if undo else ""
    return [(f"{verb}{text(plan.get('action', '?'))} ", "strong"), (text(plan.get("target", "?")), "accent")]


def where(plan: Plan) -> str:
    return f"{text(plan.get('account', '?'))}  {text(plan.get('region', '?'))}"


def summary(plan: Plan, *, undo: bool = False, done: bool = False) -> list[Section]:
    """What an analyst weighs before looking at calls. ``done``: it was confirmed, so that what was read is how
    it was before."""
    here: Body = [(reason(plan), "quiet")] if done else text(plan.get("why", "")) if undo else _here(plan)
    out = [
        Section("before it" if done else "here", [here]),
        Section("where", [where(plan)]),
        Section("stops", [text(plan.get("stops", "not said"))]),
        Section("but not", [[(said, "warn")] for said in (text(plan.get("does_not_stop", "not said")),) if said]),
        Section("radius", [text(plan.get("blast_radius", "not said"))]),
        Section("needs", list(_needs(plan))),
        Section("reversible", [text(plan.get("reversible", "not said"))]),
        Section("permitted", [[_permitted(plan)]]),
    ]
    if plan.get("instead"):
        out.insert(1, Section("instead", [[(text(plan["instead"]), "strong")]]))
    out = [section for section in out if section.body and section.body != [""]]
    warnings: list[Body] = [[(text(warning), "warn")] for warning in _list(plan, "warnings")]
    if warnings:
        out.append(Section("warnings", warnings))
    refusals: list[Body] = [[(text(refusal), "bad")] for refusal in _list(plan, "refusals")]
    if refusals:
        out.append(Section("refused", refusals))
    return out


def details(plan: Plan, aws_lines: Sequence[str], *, undo: bool = False, done: bool = False) -> list[Section]:
    """The summary, then every call and the change it makes, then the same for other hands."""
    out = summary(plan, undo=undo, done=done)
    if plan.get("re_exposes"):
        said = "RE-EXPOSES: what this restores is public, cross-account or was written inside the incident"
        out.insert(0, Section("danger", [[(said, "bad")]]))
    out.append(Section("calls", list(_calls(plan)) or ["none"]))
    out.append(Section("change", list(diff(plan.get("before"), plan.get("after"))) or ["nothing would change"]))
    if aws_lines:
        out.append(Section("by hand", [[(text(line), "quiet")] for line in aws_lines]))
    return out


def held_by(holder: HandedOff) -> Section:
    """Who answers for what would be undone here, by the handoff that they accepted."""
    who, since = _holder(holder)
    return Section(
        "held by",
        [
            [(f"{who} since {since}, by the handoff {clean(holder.id, 20)}", "bad")],
            "undo it there. Here it has to be forced, with a reason, and they have to be told",
        ],
    )


def forced(holder: HandedOff) -> str:
    """The same as a question, before the undo's own."""
    who, since = _holder(holder)
    return f"{who} answers for it since {since} ({clean(holder.id, 20)}), and knows nothing of this: tell them."


def _holder(holder: HandedOff) -> tuple[str, str]:
    since = f"{holder.accepted:%Y-%m-%d %H:%MZ}" if holder.accepted is not None else "?"
    return f"{clean(holder.accepted_by, 60)} ({clean(holder.peer, 60)})", since


def diff(before: object, after: object) -> Iterator[Body]:
    """The lines that differ between two JSON documents, with a little around them."""
    old, new = _pretty(before), _pretty(after)
    for line in difflib.unified_diff(old, new, lineterm="", n=_DIFF_CONTEXT):
        if line.startswith(("---", "+++")):
            continue
        if line.startswith("@@"):
            if not line.startswith("@@ -1"):  # nothing is left out in front of the first line
                yield [("⋯", "quiet")]
        else:
            style = {"-": "bad", "+": "good"}.get(line[0], "quiet")
            yield [(line, style)]


def outcome(result: Plan) -> list[Section]:
    """What came of it, as read back."""
    state = text(result.get("state", "unknown"))
    out = [Section("outcome", [[(state.replace("_", " "), _STATES.get(state, "bad"))]])]
    checks: list[Body] = []
    for check in _list(result, "verified"):
        if isinstance(check, (list, tuple)) and len(check) == 2:
            held = ("held", "good") if check[1] else ("did NOT hold", "bad")
            checks.append([(f"{text(check[0])}: ", "quiet"), held])
    out.append(Section("read back", checks or [[("not read back", "warn")]]))
    if result.get("detail"):
        out.append(Section("detail", [text(result["detail"])]))
    undo = result.get("undo")
    if isinstance(undo, Mapping) and undo.get("command"):
        out.append(Section("undo", [text(undo["command"])]))
    out.append(Section("id", [f"{text(result.get('action_id', '?'))}, ledger {text(result.get('ledger', '?'))}"]))
    return out


def settled(result: Plan, asked: Contain | Undo) -> tuple[str, str]:
    """What came of it in a line, the state first so that a narrow footer keeps it; and the kind of line it is."""
    state = text(result.get("state", "unknown"))
    what = f"undo of {text(asked.action_id)}" if isinstance(asked, Undo) else text(asked.action)
    target = text(result.get("target") or (asked.target if isinstance(asked, Contain) else ""))
    said = f"{_STATE_WORDS.get(state, state)}: {what}" + (f" on {target}" if target else "")
    return said, "good" if state == "applied" else "warning" if state == "not_applied" else "error"


def _calls(plan: Plan) -> Iterator[Body]:
    for number, call in enumerate(_list(plan, "calls"), start=1):
        if not isinstance(call, Mapping):
            continue
        named = f"{number}. {text(call.get('service', '?'))}:{text(call.get('operation', '?'))}"
        yield [(named, "strong")]
        for line in _pretty(call.get("params", {})):
            yield [(f"   {line}", "text")]


def _needs(plan: Plan) -> Iterator[Body]:
    """What confirming it will take, said before the prompt does."""
    if plan.get("wide"):
        yield [("wide: the whole id has to be typed", "warn")]
    if plan.get("second_person") or plan.get("re_exposes"):
        yield [("second person: somebody else has to approve it (not in a drill, or a team of one)", "warn")]


def _permitted(plan: Plan) -> Piece:
    said = text(plan.get("permitted", "unknown"))
    return said, _PERMITTED.get(said, "warn")


def _list(plan: Plan, name: str) -> Sequence[Any]:
    value = plan.get(name)
    return value if isinstance(value, (list, tuple)) else ()


def _pretty(value: object) -> list[str]:
    return json.dumps(value, ensure_ascii=True, indent=2, sort_keys=True).split("\n") if value else []
