"""The verbs put together. ``--help`` and ``--version`` import neither Textual nor AWS."""

from __future__ import annotations

import typer

from socconsole.cli import (
    alarms,
    approve,
    case,
    clock,
    console,
    doctor,
    drill,
    endpoints,
    escalate,
    evidence,
    findings,
    handoff,
    iam,
    importing,
    incidents,
    metrics,
    posture,
    posture_access,
    record,
    respond,
    rules,
    settings,
    shift,
    talkers,
    triage,
    watching,
)


def build() -> typer.Typer:
    """The application with every verb registered."""
    app = typer.Typer(
        name="socconsole",
        help=(
            "From alarm to contained, in a terminal, with proof: live Security Hub and GuardDuty findings, "
            "containment with undo, and a record that survives the shift. Without a verb: the console."
        ),
        rich_markup_mode=None,
        pretty_exceptions_enable=False,  # its tracebacks print local variables: credentials among them
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for room in (
        console,
        drill,
        watching,
        findings,
        incidents,
        alarms,
        talkers,
        posture,
        posture_access,
        endpoints,
        importing,
        triage,
        respond,
        approve,
        case,
        clock,
        escalate,
        evidence,
        shift,
        handoff,
        metrics,
        record,
        rules,
        settings,
        iam,
        doctor,
    ):
        room.register(app)
    return app
