"""``watch``: the collectors and timers without a screen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from socconsole.cli.exits import Code, finish, freshness_code, put, say, stop
from socconsole.cli.opening import load_config
from socconsole.cli.options import AccountOption, ConfigOption, JsonOption, ProfileOption, RegionOption, StoreOption

if TYPE_CHECKING:
    from socconsole.model.source import SourceState
    from socconsole.store.latency import Latency

IMPORTED_ONLY = "imported only, no live source"
DRILL_LINGER_S = 10.0
"""A drill's watch ends with its AWS, which ends with the last console."""


def register(app: typer.Typer) -> None:
    app.command("watch")(watch)


def watch(
    once: Annotated[bool, typer.Option("--once", help="Read every source one time, report, and end.")] = False,
    linger: Annotated[
        float | None,
        typer.Option("--linger", min=0, help="End this many minutes after the last console left; without it, never."),
    ] = None,
    as_json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    account: AccountOption = None,
) -> None:
    """Collect findings and keep the timers, without a screen. One per state folder."""
    from socconsole.aws import logs
    from socconsole.cli.world import open_world
    from socconsole.model.world import WorldKind
    from socconsole.store import clear
    from socconsole.store.state import LockHeld
    from socconsole.watch import watch as run

    folder, settings = open_world(store, config, profile, region, account)
    if folder.world.kind is WorldKind.IMPORT:
        say(IMPORTED_ONLY)
        finish(Code.DONE)
    logs.to(folder.logs / "watch.log")
    try:
        linger_s = None if linger is None else linger * 60
        if linger_s is not None and folder.world.kind is WorldKind.DRILL:
            linger_s = min(linger_s, DRILL_LINGER_S)
        whole = load_config(config, folder.root)  # what --region and --account leave out stays in scope
        report = asyncio.run(run(folder, settings, once=once, linger_s=linger_s, whole=whole))
    except LockHeld as held:
        stop(Code.REFUSED, f"a watch runs on {folder.root} already (pid {held.pid})")
    if report is None:
        finish(Code.DONE)
    for state in report.states:
        if as_json:
            put(source_json(state))
        else:
            print(f"{state.key.service:12} {state.key.account:12} {state.key.region:14} {state.freshness.value}")
    counts = report.counts
    say(f"read {counts.read}: {counts.new} new, {counts.updated} updated, {counts.unchanged} unchanged")
    if counts.quarantined:
        say(f"  {counts.quarantined} could not be understood; they are kept in quarantine")
    judged = clear.judge(report.states, world=folder.world.kind, watch_alive=True, held=counts.quarantined)
    finish(freshness_code(judged))


def source_json(state: SourceState, measured: Latency | None = None) -> dict[str, object]:
    """One line of ``sources --json``."""
    return {
        "service": state.key.service,
        "account": state.key.account,
        "region": state.key.region,
        "state": state.freshness.value,
        "age_s": None if state.age_s is None else round(state.age_s, 1),
        "detail": state.detail.raw(),
        "findings": state.findings,
        "latency": measured and {"n": measured.n, "p50_s": measured.p50_s, "p95_s": measured.p95_s},
    }
