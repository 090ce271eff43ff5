"""Rows of the registry by which something is done: deciding, cases, responding, handing over."""

from __future__ import annotations

from functools import partial
from typing import Final

from socconsole.commands.command import Command
from socconsole.model.mode import Effect

# What the rows of one group have in common.
_decision = partial(Command, needs="finding", acting=True, screens=("triage", "case"), group="triage")
_triage = partial(Command, screens=("triage", "case"), group="triage")
_response = partial(Command, group="response")
_case = partial(Command, group="cases", screens=("cases", "case"))
_handing = partial(Command, group="handoff", screens=("handoff",))

DECIDING: Final[tuple[Command, ...]] = (
    _decision(
        "acknowledge",
        "Ack",
        "acknowledge with a reason; AWS is told NOTIFIED",
        keys=("a",),
        verb="ack",
        effect=Effect.WORKFLOW,
        ledger="acknowledge",
    ),
    _decision(
        "claim",
        "Claim",
        "take the finding, or the case, as yours",
        keys=("c",),
        verb="claim",
        ledger="claim",
        screens=("triage", "cases", "case"),
    ),
    _decision(
        "note",
        "Note",
        "write a note",
        keys=("n",),
        verb="note",
        effect=Effect.WORKFLOW,
        ledger="note",
        screens=("triage", "cases", "case"),
    ),
    _decision(
        "verify",
        "Verdict",
        "true, false or benign positive",
        keys=("v",),
        verb="verdict",
        effect=Effect.WORKFLOW,
        ledger="verdict",
    ),
    _decision(
        "snooze",
        "Snooze",
        "hide until a time, at most 7 days, with a reason",
        keys=("z",),
        verb="snooze",
        ledger="snooze",
    ),
)

DESK: Final[tuple[Command, ...]] = (
    _triage(
        "take_back",
        "Take back",
        "undo my last triage act",
        keys=("u",),
        verb="takeback",
        effect=Effect.WORKFLOW,
        ledger="take_back",
        acting=True,
    ),
    _triage(
        "mark", "Mark", "mark the finding for a bulk act; on a step of a case: tick it", keys=("space",), needs="row"
    ),
    _triage(
        "mark_all",
        "Mark all",
        "mark every finding the filter shows; again to clear",
        keys=("asterisk",),
        verb="mark-all",
    ),
    _triage("send", "Send", "send workflow writes kept back in READ", verb="send", effect=Effect.WORKFLOW, screens=()),
)

CASES: Final[tuple[Command, ...]] = (
    _case(
        "case",
        "Case",
        "open a case of it, or attach it to an open one; of what is in one, go to it",
        keys=("K",),
        verb="case",
        needs="finding",
        ledger="case_open",
        acting=True,
        screens=("triage", "egress"),
    ),
    _case(
        "new_case",
        "New",
        "a case by hand: a phone call is a finding too",
        keys=("N",),
        verb="new-case",
        ledger="case_open",
        acting=True,
        screens=("cases",),
    ),
    _case(
        "set", "Set", "severity, status, owner, hypothesis or title, and its value", verb="set", ledger="case_change"
    ),
    _case(
        "step",
        "Step",
        "tick the step under the cursor, with how it was done",
        verb="step",
        needs="row",
        ledger="case_step",
        screens=("case",),
    ),
    _case("playbook", "Playbook", "work it by a playbook", verb="playbook", ledger="case_playbook"),
    _case(
        "aware",
        "Aware",
        "when an entity was aware: [ENTITY], when and why are asked",
        verb="aware",
        ledger="clock_moment",
    ),
    _case(
        "moment", "Moment", "another moment: classified, high_risk, personal_data", verb="moment", ledger="clock_moment"
    ),
    _case(
        "applies", "Applies", "whether a regime applies: REGIME yes|no [ENTITY]", verb="applies", ledger="clock_answer"
    ),
    _case("notify", "Notify", "the decision to notify: REGIME yes|no [ENTITY]", verb="notify", ledger="clock_decision"),
    _case("sent", "Sent", "a deadline was met: CLOCK [WHEN]", verb="sent", ledger="clock_sent"),
    _case("told", "Told", "who was told: NAME [HOW]", verb="told", ledger="case_told"),
    _case("attach", "Attach", "add findings: f-…", verb="attach", ledger="case_attach"),
    _case(
        "detach",
        "Detach",
        "take the marked findings out, or the one under the cursor, with a reason",
        verb="detach",
        needs="finding",
        ledger="case_detach",
        screens=("case",),
    ),
    _case(
        "split",
        "Split",
        "make a case of its own of the marked findings, or of the one under the cursor",
        keys=("S",),
        verb="split",
        needs="finding",
        ledger="case_open",
        acting=True,
        screens=("case",),
    ),
    _case("merge", "Merge", "make it part of another: c-…", verb="merge", ledger="case_merge"),
    _case(
        "evidence",
        "Evidence",
        "the evidence pack into a new file, for those who work it; 'redacted' first: for authorities and customers",
        verb="evidence",
        ledger="case_packed",
        screens=("case",),
    ),
    _case("report", "Report", "the case into a new file: NAME.html, .md or .json", verb="report", screens=("case",)),
    _case(
        "draft",
        "Draft",
        "what the clock under the cursor asks for, every gap marked, into a new file; sends nothing",
        verb="draft",
        screens=("case",),
    ),
    _case("hold", "Hold", "legal hold: on REASON, off REASON", verb="hold", ledger="case_hold"),
    _case(
        "close", "Close", "with a reason; 'anyway' first where something stands open", verb="close", ledger="case_close"
    ),
)

RESPONDING: Final[tuple[Command, ...]] = (
    _response(
        "contain",
        "Contain",
        "what would stop it: plan, confirm, verify",
        keys=("X",),
        verb="contain",
        needs="finding",
        effect=Effect.CONTAIN,
        ledger="intent",
        acting=True,
        screens=("triage", "egress", "path", "tree", "endpoints", "endpoint", "check", "case"),
    ),
    _response(
        "undo",
        "Undo",
        "undo a containment: drift check, then restore",
        keys=("U",),
        verb="undo",
        needs="action",
        effect=Effect.CONTAIN,
        ledger="intent",
        acting=True,
        screens=("triage", "activity", "case", "handoff", "contain"),
    ),
    _response(
        "escalate",
        "Escalate",
        "tell the next in line: who, when and in which words is shown first; stop REASON answers what is under way",
        keys=("e",),
        verb="escalate",
        ledger="escalation",
        acting=True,
        screens=("triage", "egress", "cases", "case", "escalate"),
    ),
    _response("respond", "Arm", "allow containment for this session, with a reason", verb="respond", ledger="respond"),
    _response("stand_down", "Stand down", "leave RESPOND", verb="stand-down", ledger="stand_down"),
)

HANDING: Final[tuple[Command, ...]] = (
    _handing(
        "give",
        "Give",
        "make the signed file for the next shift's install; it goes on record",
        keys=("H",),
        verb="give",
        ledger="handoff",
    ),
    _handing(
        "accept",
        "Accept",
        "show the file of another install, then take it over",
        keys=("A",),
        verb="accept",
        ledger="handoff_taken",
    ),
    _handing(
        "receipt",
        "Receipt",
        "put on record that they took it over: the line that they got, or its file",
        keys=("R",),
        verb="receipt",
        ledger="handoff_accepted",
    ),
    _handing(
        "write",
        "Write",
        "write the handoff as .html, .md or .json; of one that was accepted, its receipt",
        keys=("w",),
        verb="write",
        screens=("handoff", "take", "paper"),
    ),
    _handing(
        "shift",
        "Shift",
        "on [UNTIL] signs you on and asks whether the responder role can be had; off signs you off",
        verb="shift",
        effect=Effect.READ,
        ledger="shift_on",
        screens=(),
    ),
)
